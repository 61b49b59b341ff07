//! What is in force right now. A lease lives in memory only: after a restart the zone serves nothing until the platform
//! has spoken again. It runs out by the deployment's clock and by the machine's steady clock, whichever is first.

use super::core::lock;
use super::refuse;
use super::resources;
use super::state::{Standing, State};
use super::verify::LEASE_MS;
use model::ids::{AuthorisationId, GrantId, OrderId};
use model::ticket::Lease;
use model::{Refusal, Timestamp};
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[derive(Default)]
pub(crate) struct Leases {
    held: Mutex<Option<Held>>,
}

struct Held {
    lease: Lease,
    taken: Instant,
}

impl Leases {
    /// Takes a verified lease.
    pub(crate) fn take(&self, lease: Lease) {
        *lock(&self.held) = Some(Held { lease, taken: Instant::now() });
    }

    /// When the lease held was issued.
    pub(crate) fn issued(&self) -> Option<Timestamp> {
        lock(&self.held).as_ref().map(|h| h.lease.issued_at)
    }

    /// Whether the link lives: a lease is held, has not run out, and no order that it counts is missing here.
    pub(crate) fn check_link(&self, state: &State, now: Timestamp) -> Result<(), Refusal> {
        self.with(state, now, |_| Ok(()))
    }

    /// Whether an authorisation is in force: not stopped, within the term that people signed, and named by the lease.
    pub(crate) fn check(&self, state: &State, authorisation: &AuthorisationId, now: Timestamp) -> Result<(), Refusal> {
        stands(state, authorisation)?;
        if state.authorisations.get(authorisation).is_some_and(|a| now >= a.until) {
            return Err(refuse::authorisation_expired());
        }
        let named =
            |l: &Lease| if l.authorisations.contains(authorisation) { Ok(()) } else { Err(refuse::not_leased()) };
        self.with(state, now, named)
    }

    /// Whether a delivery did not end before its term.
    pub(crate) fn check_delivery(&self, state: &State, order: &OrderId, now: Timestamp) -> Result<(), Refusal> {
        let ended = |l: &Lease| if l.ended.contains(order) { Err(refuse::delivery_ended()) } else { Ok(()) };
        self.with(state, now, ended)
    }

    /// Whether a grant is in force: its authorisation is, its term is not over, and nobody took its data away.
    pub(crate) fn check_grant(&self, state: &State, grant: &GrantId, now: Timestamp) -> Result<(), Refusal> {
        let grant = state.grants.get(grant).ok_or_else(refuse::unknown_object)?;
        self.check(state, &grant.spec.authorisation, now)?;
        resources::all_usable(state, grant.spec.resources.keys())?;
        if now < grant.spec.until { Ok(()) } else { Err(refuse::grant_expired()) }
    }

    fn with(
        &self,
        state: &State,
        now: Timestamp,
        check: impl FnOnce(&Lease) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let held = lock(&self.held);
        let held = held.as_ref().ok_or_else(refuse::no_lease)?;
        let limit = Duration::from_millis(LEASE_MS.unsigned_abs());
        if now >= held.lease.until || held.taken.elapsed() >= limit {
            return Err(refuse::no_lease());
        }
        if held.lease.order_seq > state.order_seq {
            return Err(refuse::behind());
        }
        check(&held.lease)
    }
}

/// Whether an authorisation was neither suspended nor ended by an order.
pub(crate) fn stands(state: &State, authorisation: &AuthorisationId) -> Result<(), Refusal> {
    match state.standing.get(authorisation) {
        None => Ok(()),
        Some(Standing::Suspended(stop)) => Err(refuse::suspended(stop)),
        Some(Standing::Ending { stop, .. } | Standing::Ended(stop)) => Err(refuse::ended(stop)),
    }
}
