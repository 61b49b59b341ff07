//! Purposes: who may ask what of which tables, which tables may meet, and how small a released group may be.
//!
//! A purpose is one YAML file. It knows table names and thresholds, and neither fields nor data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::contract::ContractError;

/// How a purpose may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Groups of enough distinct subjects.
    Aggregate,
    /// Masked rows, shown in a workspace.
    MaskedRows,
    /// One subject, by an approved template (S1–S5).
    Subject,
}

/// Dominance bound of a subject kind: the share, in thousandths, that the largest contributor of a sum may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dominance {
    /// Share of the largest contributor, per mille.
    pub top1: u32,
}

/// A purpose.
#[derive(Clone, Debug, PartialEq)]
pub struct Purpose {
    /// Name; also the file's name.
    pub name: String,
    /// Scenario, as text or in several languages.
    pub scenario: Value,
    /// Who may use it.
    pub grantee: Value,
    /// How it may be answered.
    pub answer: Answer,
    /// Tables that may be read beside the public ones. Empty list: public tables only.
    pub tables: BTreeSet<String>,
    /// Unordered pairs of tables that may meet, directly or through others; smaller name first.
    pub joins: BTreeSet<(String, String)>,
    /// Least number of distinct subjects by kind; product defaults hold where a kind is not named.
    pub thresholds: BTreeMap<String, u32>,
    /// Dominance bounds by subject kind; product defaults hold where a kind is not named.
    pub dominance: BTreeMap<String, Dominance>,
    /// History window and scope, as written.
    pub history: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPurpose {
    name: Spanned<String>,
    #[serde(default)]
    scenario: Value,
    #[serde(default)]
    grantee: Value,
    answer: Answer,
    tables: Spanned<Vec<String>>,
    #[serde(default)]
    joins: Vec<Spanned<Vec<String>>>,
    #[serde(default)]
    thresholds: BTreeMap<String, Spanned<u32>>,
    #[serde(default)]
    dominance: BTreeMap<String, RawDominance>,
    #[serde(default)]
    history: Value,
    // Words for people; they restrict nothing.
    #[serde(default, rename = "version")]
    _version: Value,
    #[serde(default, rename = "description")]
    _description: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDominance {
    top1: Spanned<f64>,
}

impl Purpose {
    /// Reads a purpose from YAML. Unknown keys are errors, so that a misspelt restriction cannot be lost.
    pub fn parse(yaml: &str) -> Result<Self, ContractError> {
        let options = serde_saphyr::options! { with_snippet: false };
        let raw: RawPurpose = serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
            let place = error.location().map_or((0, 0), |location| (location.line(), location.column()));
            let text = error.without_snippet().to_string();
            fault(place, "yaml", &format!("不是可读的用途文件：{text}"), &text)
        })?;
        let tables: BTreeSet<String> = raw.tables.value.iter().cloned().collect();
        let joins = raw.joins.iter().map(|pair| join(pair, &tables)).collect::<Result<_, _>>()?;
        let thresholds = raw.thresholds.into_iter().map(|(kind, k)| threshold(kind, &k)).collect::<Result<_, _>>()?;
        let dominance = raw.dominance.into_iter().map(|(kind, bound)| share(kind, &bound)).collect::<Result<_, _>>()?;
        Ok(Self {
            name: raw.name.value,
            scenario: raw.scenario,
            grantee: raw.grantee,
            answer: raw.answer,
            tables,
            joins,
            thresholds,
            dominance,
            history: raw.history,
        })
    }

    /// Reads a purpose file.
    pub fn load(path: &Path) -> Result<Self, ContractError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let (zh, en) = (format!("读不出来：{}", error.kind()), format!("cannot be read: {}", error.kind()));
            ContractError { path: Some(path.to_path_buf()), ..fault((0, 0), "", &zh, &en) }
        })?;
        Self::parse(&text).map_err(|error| ContractError { path: Some(path.to_path_buf()), ..error })
    }

    /// May the two tables stand in one query? A table may always meet itself.
    pub fn may_meet(&self, a: &str, b: &str) -> bool {
        a == b || self.joins.contains(&ordered(a, b))
    }

    /// Least number of distinct subjects of a kind (product defaults: person 10, enterprise 5, others 10).
    pub fn threshold(&self, kind: &str) -> u32 {
        let default = if kind == "enterprise" { 5 } else { 10 };
        self.thresholds.get(kind).copied().unwrap_or(default)
    }

    /// Dominance bound of a kind (product default: enterprise 700 ‰).
    pub fn dominance(&self, kind: &str) -> Option<Dominance> {
        let default = (kind == "enterprise").then_some(Dominance { top1: 700 });
        self.dominance.get(kind).copied().or(default)
    }
}

fn ordered(a: &str, b: &str) -> (String, String) {
    if a <= b { (a.into(), b.into()) } else { (b.into(), a.into()) }
}

fn join(pair: &Spanned<Vec<String>>, tables: &BTreeSet<String>) -> Result<(String, String), ContractError> {
    let place = (pair.referenced.line(), pair.referenced.column());
    let [a, b] = pair.value.as_slice() else {
        return Err(fault(place, "joins", "每项应为两张表", "each item must be two tables"));
    };
    match [a, b].into_iter().find(|table| !tables.contains(*table)) {
        Some(table) => {
            Err(fault(place, "joins", &format!("tables 中没有 {table}"), &format!("{table} is not in tables")))
        }
        None => Ok(ordered(a, b)),
    }
}

fn threshold(kind: String, k: &Spanned<u32>) -> Result<(String, u32), ContractError> {
    let place = (k.referenced.line(), k.referenced.column());
    if k.value < 2 {
        return Err(fault(place, "thresholds", "阈值至少为 2", "a threshold is at least 2"));
    }
    Ok((kind, k.value))
}

fn share(kind: String, bound: &RawDominance) -> Result<(String, Dominance), ContractError> {
    let place = (bound.top1.referenced.line(), bound.top1.referenced.column());
    let share = bound.top1.value;
    if !(share > 0.0 && share <= 1.0) {
        return Err(fault(place, "dominance", "份额应在 0 与 1 之间", "the share must be above 0 and at most 1"));
    }
    Ok((kind, Dominance { top1: (share * 1000.0).floor() as u32 }))
}

fn fault((line, column): (u64, u64), key: &str, zh: &str, en: &str) -> ContractError {
    ContractError { path: None, line, column, key: key.into(), zh: zh.into(), en: en.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name: p\nanswer: aggregate\ntables: [visits, citizens]\njoins: [[visits, citizens]]\nthresholds: {person: 12}\ndominance: {enterprise: {top1: 0.70}}\nhistory: {scope: organisation}\n";

    #[test]
    fn reads_the_documented_form() {
        let purpose = Purpose::parse(TEXT).unwrap();
        assert!(purpose.may_meet("citizens", "visits") && !purpose.may_meet("citizens", "trips"));
        assert_eq!(
            (purpose.threshold("person"), purpose.threshold("enterprise"), purpose.threshold("row")),
            (12, 5, 10)
        );
        assert_eq!(purpose.dominance("enterprise").unwrap().top1, 700);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (from, to) in [
            ("thresholds", "treshold"),
            ("[[visits, citizens]]", "[[visits, trips]]"),
            ("person: 12", "person: 1"),
            ("0.70", "1.5"),
            ("answer: aggregate", "answer: all"),
        ] {
            let error = Purpose::parse(&TEXT.replace(from, to)).unwrap_err();
            assert!(error.line > 0, "{to}: {error}");
        }
    }

    /// The examples in the documentation are files that the program reads.
    #[test]
    fn the_documented_examples_are_read() {
        let docs = include_str!("../../../docs/files.md");
        let example = |kind: &str| {
            let (_, rest) = docs.split_once(&format!("```yaml {kind}\n")).unwrap();
            rest.split_once("```").unwrap().0
        };
        let contract = crate::contract::Contract::parse(example("contract")).unwrap();
        let purpose = Purpose::parse(example("purpose")).unwrap();
        assert!(purpose.tables.contains(&contract.table.name));
        assert_eq!((contract.table.subjects.len(), purpose.threshold("person")), (1, 12));
        for property in docs.lines().filter_map(|l| l.strip_prefix("| `yunyu")?.split('`').next()) {
            let source = include_str!("contract/parse.rs");
            assert!(source.contains(&format!("\"yunyu{property}\"")), "yunyu{property} is not read");
        }
    }
}
