//! Matters in packs: the row that a city gives to a procedure it inherits, and matters as proof of a ground.

use super::Pack;
use super::error::{PackError, Source};
use crate::case::Case;
use std::collections::BTreeMap;

/// A ground that rests on a matter's outcome: `GROUND=PROCEDURE.STATE` in the parameter `<procedure>.proofs`.
pub(crate) fn proof(entry: &str) -> Option<(&str, &str, &str)> {
    let (ground, outcome) = entry.split_once('=')?;
    let (procedure, state) = outcome.split_once('.')?;
    Some((ground, procedure, state))
}

impl Pack {
    /// What a ground of a procedure rests on, as `procedure.state`; nothing where the ground needs no proof.
    pub(crate) fn proof_of(&self, procedure: &str, ground: &str) -> Option<&str> {
        let entries = self.list(&format!("{procedure}.proofs")).unwrap_or_default();
        entries.iter().find_map(|e| e.split_once('=').filter(|(g, _)| *g == ground).map(|(_, outcome)| outcome))
    }

    /// An outcome (`procedure.state`) in Chinese and English.
    pub(crate) fn outcome(&self, outcome: &str) -> Option<[String; 2]> {
        let (procedure, state) = outcome.split_once('.')?;
        let procedure = self.procedure(procedure)?;
        let state = procedure.state(state)?;
        Some([format!("{}：{}", procedure.zh, state.zh), format!("{}: {}", procedure.en, state.en)])
    }

    /// How a case ended, as proofs name it; nothing while it has not.
    #[must_use]
    pub fn ended_as(&self, case: &Case) -> Option<String> {
        let ended = self.procedure(&case.procedure)?.state(&case.state)?.end;
        ended.then(|| format!("{}.{}", case.procedure, case.state))
    }
}

/// A city says under which row of its own text it runs a procedure that it inherits (`[cites]`): what cites the product there
/// cites that row instead. A procedure of the city's own cites for itself.
pub(super) fn cite(
    pack: &mut Pack,
    cites: &BTreeMap<String, String>,
    own: &BTreeMap<String, String>,
    layer: &str,
    source: Source<'_>,
) -> Result<(), PackError> {
    for (name, row) in cites {
        let fault = |zh: &str, en: &str, mend: &str| Err(source.fault("cites", name, zh, en, mend));
        if own.get(name).is_some_and(|file| file.starts_with(&format!("{layer}/"))) {
            return fault(
                "本层自有的程序应直接写明条款",
                "a procedure of this layer cites for itself",
                "remove the entry",
            );
        }
        let Some(procedure) = pack.procedures.get_mut(name) else {
            return fault("没有这一程序", "there is no such procedure", "name a procedure of a layer above");
        };
        let own_rule = |rule: &String| rule.starts_with("PRODUCT-") && rule != "PRODUCT-CASE";
        let rules = procedure.steps.iter_mut().flat_map(|s| std::iter::once(&mut s.rule).chain(s.guards.values_mut()));
        let all = rules.chain(procedure.documents.values_mut().map(|d| &mut d.rule));
        all.filter(|rule| own_rule(rule)).for_each(|rule| row.clone_into(rule));
    }
    Ok(())
}
