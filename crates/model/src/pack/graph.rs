//! Reachability in a procedure's graph.

use crate::procedure::Procedure;
use std::collections::BTreeSet;

/// States reachable from `start`, along every step but those named in `without` (approvals only; rejections stay).
pub(super) fn reachable<'a>(procedure: &'a Procedure, start: &'a str, without: Option<&str>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        for step in procedure.steps_from(state) {
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
