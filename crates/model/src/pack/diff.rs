//! What differs between two packs, by article: two cities, or two versions of one.

use super::Pack;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of thing: `parameter`, `procedure`, `state`, `step`, `document`, `approvals`, `term`, `policy`, `pack`, `row`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Rule it rests on, in the second pack where it is there, else in the first.
    pub rule: String,
    /// Article of the rule.
    pub article: String,
    /// As it is in the first pack; only the fields that differ, where both have it.
    pub before: Option<Value>,
    /// As it is in the second.
    pub after: Option<Value>,
}

type Things = BTreeMap<(&'static str, String), (String, Value)>;

/// What differs, ordered by rule. Texts of articles are left out: each city numbers its own.
#[must_use]
pub fn diff(a: &Pack, b: &Pack) -> Vec<Change> {
    let (first, second) = (things(a), things(b));
    let keys = first.keys().chain(second.keys().filter(|k| !first.contains_key(k)));
    let mut changes: Vec<Change> = keys
        .filter_map(|key| {
            let (old, new) = (first.get(key), second.get(key));
            let (before, after) = match (old, new) {
                (Some((_, old)), Some((_, new))) => apart(old, new)?,
                (old, new) => (old.map(|(_, v)| v.clone()), new.map(|(_, v)| v.clone())),
            };
            let rule = new.or(old).map(|(rule, _)| rule.clone()).unwrap_or_default();
            let article = if new.is_some() { b.article(&rule) } else { a.article(&rule) };
            Some(Change { kind: key.0, name: key.1.clone(), rule, article, before, after })
        })
        .collect();
    changes.sort_by(|x, y| order(&x.rule).cmp(&order(&y.rule)).then_with(|| (x.kind, &x.name).cmp(&(y.kind, &y.name))));
    changes
}

/// Rows in the order of their numbers: 9 before 10.
fn order(rule: &str) -> (String, Vec<u32>) {
    let (text, numbers) = rule.split_once('-').unwrap_or((rule, ""));
    (text.to_owned(), numbers.split('.').map(|n| n.parse().unwrap_or(u32::MAX)).collect())
}

/// The parts in which two things differ; `None` where they do not.
fn apart(old: &Value, new: &Value) -> Option<(Option<Value>, Option<Value>)> {
    if old == new {
        return None;
    }
    let (Value::Object(o), Value::Object(n)) = (old, new) else {
        return Some((Some(old.clone()), Some(new.clone())));
    };
    let differs = |k: &&String| o.get(*k) != n.get(*k);
    let part = |of: &Map<String, Value>| -> Value {
        let keys = o.keys().chain(n.keys().filter(|k| !o.contains_key(*k))).filter(differs);
        Value::Object(keys.filter_map(|k| Some((k.clone(), of.get(k)?.clone()))).collect())
    };
    Some((Some(part(o)), Some(part(n))))
}

fn things(pack: &Pack) -> Things {
    let mut out = Things::new();
    let mut put = |kind, name: String, rule: &str, value: Value| {
        out.insert((kind, name), (rule.to_owned(), value));
    };
    if let Some(last) = pack.layers.last() {
        let dates = json!({ "status": last.status, "effective_from": last.effective_from, "effective_to": last.effective_to,
            "legal_basis": last.legal_basis });
        put("pack", "identity".into(), "", dates);
    }
    let words: std::collections::BTreeSet<&String> = pack.layers.iter().flat_map(|l| l.terms.keys()).collect();
    for word in words {
        put("term", word.clone(), "", json!(pack.term(word)));
    }
    for (name, p) in &pack.parameters {
        let value = json!({ "value": p.value, "strict": p.strict, "general": p.general, "status": p.status });
        put("parameter", name.clone(), &p.source, value);
    }
    for p in pack.procedures.values() {
        put("procedure", p.name.clone(), "", json!({ "zh": p.zh, "en": p.en, "object": p.object, "start": p.start }));
        for s in &p.states {
            put("state", format!("{}.{}", p.name, s.name), "", json!(s));
        }
        for s in &p.steps {
            put("step", format!("{}.{}", p.name, s.name), &s.rule, json!(s));
        }
        for (name, form) in &p.documents {
            put("document", format!("{}.{name}", p.name), &form.rule, json!(form));
        }
    }
    for (effect, ways) in &pack.effects {
        let rule = ways.first().map(|w| w.rule.clone()).unwrap_or_default();
        let ways: Vec<Value> = ways.iter().map(|w| json!({ "procedure": w.procedure, "steps": w.steps })).collect();
        put("approvals", effect.clone(), &rule, json!(ways));
    }
    for (layer, text) in &pack.policies {
        put("policy", layer.clone(), "", json!(text));
    }
    for row in pack.coverage() {
        let value = json!({ "state": row.state, "answers": row.answers, "tests": row.tests, "reason": row.reason });
        put("row", row.row.clone(), &row.row, value);
    }
    out
}

/// The differences as text, under the article in each case.
#[must_use]
pub fn diff_text(changes: &[Change]) -> String {
    let mut out = String::new();
    let mut under = None;
    for c in changes {
        if under != Some(&c.rule) {
            let article = if c.article.is_empty() { String::new() } else { format!("  〔第{}条〕", c.article) };
            let rule = if c.rule.is_empty() { "—" } else { c.rule.as_str() };
            let _ = writeln!(out, "{rule}{article}");
            under = Some(&c.rule);
        }
        let _ = match (&c.before, &c.after) {
            (Some(before), Some(after)) => writeln!(out, "  ~ {} {}: {before} → {after}", c.kind, c.name),
            (Some(_), None) => writeln!(out, "  - {} {}", c.kind, c.name),
            (None, _) => writeln!(out, "  + {} {}", c.kind, c.name),
        };
    }
    out
}
