//! Citations: every rule named exists, and every answer of a row names something that exists.

use super::source_of;
use crate::pack::error::PackError;
use crate::pack::{LayerKind, Pack};
use crate::procedure::Guard;
use std::collections::BTreeMap;

/// Record kinds (`Entity::KIND`) that an answer may name.
const RECORDS: [&str; 28] = [
    "organisation",
    "person",
    "case",
    "resource",
    "batch",
    "announcement",
    "public_notice",
    "objection",
    "authorisation",
    "ban",
    "blacklist_check",
    "agreement",
    "scenario",
    "grant",
    "job",
    "product",
    "product_review",
    "certificate",
    "staff_file",
    "emergency_plan",
    "implementation_plan",
    "consumer_order",
    "meter",
    "destruction_certificate",
    "resource_certificate",
    "order",
    "report",
    "leaf",
];

/// Functions of the product that an answer may name.
const FUNCTIONS: [&str; 23] = [
    "audit_log",
    "evidence",
    "lineage",
    "intake_quality",
    "classification",
    "encryption",
    "governed_query",
    "masked_preview",
    "exit_gate",
    "subject_threshold",
    "metering",
    "rest_delivery",
    "file_delivery",
    "stop",
    "destruction",
    "sealing",
    "tickets",
    "leases",
    "key_lists",
    "single_channel",
    "separation_of_duties",
    "real_name_accounts",
    "retention_of_records",
];

pub(super) fn check(pack: &Pack, homes: &BTreeMap<String, String>) -> Result<(), PackError> {
    for (rule, file, needle) in cited(pack, homes) {
        if !pack.articles.contains_key(&rule) {
            let source = source_of(pack, Some(&file));
            return Err(source.fault(
                &needle,
                &rule,
                format!("没有这一条目：{rule}"),
                format!("this rule stands in no articles.toml: {rule}"),
                "correct the citation or add the row",
            ));
        }
    }
    for (row, article) in &pack.articles {
        let file = pack
            .layers
            .iter()
            .map(|l| format!("{}/articles.toml", l.id))
            .find(|f| pack.texts.get(f).is_some_and(|t| t.contains(&format!("\"{row}\""))));
        let source = source_of(pack, file.as_ref());
        let product = row.starts_with("PRODUCT-");
        if article.zh.trim().is_empty() || article.en.trim().is_empty() {
            return Err(source.fault(
                row,
                row,
                "缺少中文或英文名称",
                "a translation is missing",
                "write both zh and en",
            ));
        }
        if !product && article.answers.is_empty() && article.open.is_none() && article.not_software.is_none() {
            return Err(source.fault(
                row,
                row,
                "条目没有回应",
                "nothing answers this row",
                "name answers, or say what it waits for",
            ));
        }
        if let Some(answer) = article.answers.iter().find(|a| !exists(pack, a)) {
            return Err(source.fault(
                row,
                row,
                format!("回应不存在：{answer}"),
                format!("an answer names something that does not exist: {answer}"),
                "correct the answer",
            ));
        }
    }
    Ok(())
}

/// Every rule cited, with file and where to look for it.
fn cited(pack: &Pack, homes: &BTreeMap<String, String>) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    for (name, p) in &pack.parameters {
        out.push((p.source.clone(), format!("{}/parameters.toml", p.layer), format!("\"{name}\"")));
    }
    for p in pack.procedures.values() {
        let file = homes.get(&p.name).cloned().unwrap_or_default();
        for step in &p.steps {
            for rule in step.guards.values().chain([&step.rule]) {
                out.push((rule.clone(), file.clone(), format!("\"{rule}\"")));
            }
        }
        for form in p.documents.values() {
            out.push((form.rule.clone(), file.clone(), format!("\"{}\"", form.rule)));
        }
    }
    for (name, ways) in &pack.effects {
        // The layer that says so last.
        let says = |l: &&crate::pack::Identity| {
            let text = pack.texts.get(&format!("{}/pack.toml", l.id));
            text.is_some_and(|t| t.contains(&format!("effects.{name}")))
        };
        let layer = pack.layers.iter().rev().find(says).map_or("", |l| l.id.as_str());
        let file = format!("{layer}/pack.toml");
        out.extend(ways.iter().map(|w| (w.rule.clone(), file.clone(), format!("\"{}\"", w.rule))));
    }
    out
}

/// A layer above the cities may name a guard that only a city's procedures use.
fn city(pack: &Pack) -> bool {
    pack.layers.last().is_some_and(|l| l.kind == LayerKind::City)
}

fn used(pack: &Pack, guard: Guard) -> bool {
    pack.procedures.values().any(|p| p.steps.iter().any(|s| s.guards.contains_key(&guard)))
}

fn exists(pack: &Pack, answer: &str) -> bool {
    let Some((kind, name)) = answer.split_once(':') else {
        return false;
    };
    let in_procedure =
        |name: &str| name.split_once('.').and_then(|(p, rest)| Some((pack.procedure(p)?, rest.to_owned())));
    match kind {
        "step" => in_procedure(name).is_some_and(|(p, step)| p.step(&step).is_some()),
        "document" => in_procedure(name).is_some_and(|(p, doc)| p.documents.contains_key(&doc)),
        "guard" => Guard::parse(name).is_some_and(|g| !city(pack) || used(pack, g)),
        "param" => pack.parameters.contains_key(name),
        "effect" => pack.effects.contains_key(name),
        "term" => pack.term(name).is_some(),
        "record" => RECORDS.contains(&name),
        "function" => FUNCTIONS.contains(&name),
        "text" => {
            name == "legal_basis" && pack.layers.iter().any(|l| !l.legal_basis.is_empty())
                || name == "effective" && pack.layers.iter().any(|l| l.effective_from.is_some())
        }
        _ => false,
    }
}
