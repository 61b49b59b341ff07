//! Work that was ordered and cannot be done yet, because something outside the zone is away: it is tried again in growing
//! steps, written to the program's own log once for each reason, and told to the platform, so that the case shows it.

use super::core::{Core, lock};
use super::draft::Said;
use super::error::NodeError;
use super::refuse;
use super::state::Bound;
use model::Refusal;
use model::ids::WorkOrderId;
use model::order::ReportOutcome;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(400);
const LONGEST: Duration = Duration::from_secs(60);

struct Wait {
    next: Instant,
    delay: Duration,
    code: String,
}

/// What waits, by its order. Empty after a start: then everything is tried at once, and told anew.
#[derive(Default)]
pub(crate) struct Waits(Mutex<BTreeMap<WorkOrderId, Wait>>);

impl Waits {
    /// Whether work may be tried now.
    pub(crate) fn due(&self, order: &WorkOrderId) -> bool {
        lock(&self.0).get(order).is_none_or(|w| Instant::now() >= w.next)
    }

    /// It was tried in vain; whether for another reason than before.
    fn again(&self, order: &WorkOrderId, code: &str) -> bool {
        let mut all = lock(&self.0);
        let before = all.remove(order);
        let delay = before.as_ref().map_or(FIRST, |w| (w.delay * 2).min(LONGEST));
        let next = Instant::now() + delay;
        all.insert(order.clone(), Wait { next, delay, code: code.to_owned() });
        before.is_none_or(|w| w.code != code)
    }

    fn over(&self, order: &WorkOrderId) {
        lock(&self.0).remove(order);
    }

    /// How long work waits between two tries.
    #[cfg(test)]
    pub(crate) fn delay(&self, order: &WorkOrderId) -> Option<Duration> {
        lock(&self.0).get(order).map(|w| w.delay)
    }

    /// Makes everything due.
    #[cfg(test)]
    pub(crate) fn hurry(&self) {
        lock(&self.0).values_mut().for_each(|w| w.next = Instant::now());
    }
}

/// What the desk is told. The error itself may name a place of this machine: it stays out.
fn reason(e: &NodeError) -> Refusal {
    match e {
        NodeError::Custody(_) => refuse::custody_away(),
        NodeError::Crypto(crypto::CryptoError::NoSealingKey) => refuse::cannot_seal(),
        _ => refuse::work_waits(),
    }
}

/// Takes what became of work: what may pass is put off, and holds nothing else up.
pub(crate) fn settle(core: &Core, bound: &Bound, done: Result<(), NodeError>) -> Result<(), NodeError> {
    match done {
        Ok(()) => core.waits.over(&bound.order),
        Err(e) if e.is_fatal() => return Err(e),
        Err(e) => {
            let refusal = reason(&e);
            if core.waits.again(&bound.order, &refusal.code) {
                tracing::warn!(order = %bound.order, code = %refusal.code, "ordered work waits and is tried again");
                let said = Said::new("put_off_order").case(&bound.case).with("work_order", &bound.order);
                core.commit(|draft| {
                    draft.leaf(said.refused(&refusal))?;
                    draft.report(Some(bound), ReportOutcome::Waits { refusal })
                })?;
            }
        }
    }
    Ok(())
}
