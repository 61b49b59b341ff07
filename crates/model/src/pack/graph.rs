//! Reachability in a procedure's graph.

use crate::procedure::Procedure;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// States reachable from `start`, along every step but those named in `without` (approvals only; rejections stay).
pub(super) fn reachable<'a>(procedure: &'a Procedure, start: &'a str, without: Option<&str>) -> BTreeSet<&'a str> {
    reachable_for(procedure, start, without, None)
}

/// The same along the steps that exist for an object only.
pub(super) fn reachable_for<'a>(
    procedure: &'a Procedure,
    start: &'a str,
    without: Option<&str>,
    object: Option<&Value>,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        for step in procedure.steps_from(state).filter(|s| object.is_none_or(|o| s.exists_for(o))) {
            let approve = (without != Some(step.name.as_str())).then_some(step.to.as_str());
            for next in approve.into_iter().chain(step.reject_to.as_deref()) {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
    seen
}

/// One object for each branch of a procedure: every combination of the words that its `when`s name, and of none.
pub(super) fn branches(procedure: &Procedure) -> Vec<Value> {
    let mut fields = BTreeMap::<&str, BTreeSet<&str>>::new();
    for when in procedure.steps.iter().filter_map(|s| s.when.as_ref()) {
        fields.entry(&when.field).or_default().extend(when.any.iter().map(String::as_str));
    }
    let mut out = vec![Map::new()];
    for (field, words) in fields {
        let with = |object: &Map<String, Value>, word: &str| {
            let mut object = object.clone();
            object.insert(field.to_owned(), Value::from(word));
            object
        };
        let more: Vec<_> = out.iter().flat_map(|o| words.iter().map(|w| with(o, w)).collect::<Vec<_>>()).collect();
        out.extend(more);
    }
    out.into_iter().map(Value::Object).collect()
}
