//! Authorisations as the zone knows them: by orders that carry the approvals of their own procedure, never by a lease.
//! A lease says which of them is in force now; what it may be used for, by whom and how long was signed by people.

use super::leases::stands;
use super::refuse;
use super::state::{Bound, State};
use model::object::AuthorisationSpec;
use model::order::{GrantSpec, WorkOrder};
use model::{Refusal, Timestamp};

/// By how much a signer's clock may be behind the platform's, which counts the term from its own (as it takes acts).
const SIGN_SKEW_MS: i64 = 10 * 60_000;

/// An authorisation and the end of its term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorised {
    pub(crate) spec: AuthorisationSpec,
    pub(crate) bound: Bound,
    /// First instant the term is over at the latest: counted from the last approval that people signed, so that a
    /// platform that keeps the order back wins nothing.
    pub(crate) until: Timestamp,
}

impl Authorised {
    pub(crate) fn of(spec: AuthorisationSpec, order: &WorkOrder) -> Self {
        let signed = order.approvals.iter().map(|a| a.body.at).max().unwrap_or(order.issued_at);
        let until = signed.plus_ms(SIGN_SKEW_MS).end_of_months(spec.term_months);
        Self { spec, bound: Bound::of(order), until }
    }

    /// Whether a grant's tables lie in the scope that was authorised, each from the provider named there.
    pub(crate) fn covers(&self, grant: &GrantSpec) -> Result<(), Refusal> {
        let within = |(resource, provider)| self.spec.resources.get(resource) == Some(provider);
        if grant.resources.iter().all(within) { Ok(()) } else { Err(refuse::beyond_scope()) }
    }
}

/// An authorisation begins once: neither a second order nor one after its end starts its term anew.
pub(crate) fn fits_authorise(state: &State, spec: &AuthorisationSpec) -> Result<(), Refusal> {
    stands(state, &spec.authorisation)?;
    if state.authorisations.contains_key(&spec.authorisation) {
        return Err(refuse::authorised_before());
    }
    Ok(())
}

/// The authorisation that a grant rests on, if it was granted to the grant's operator and outlasts the grant.
pub(crate) fn rests_on<'a>(state: &'a State, grant: &GrantSpec) -> Result<&'a Authorised, Refusal> {
    let found = state.authorisations.get(&grant.authorisation).ok_or_else(refuse::never_authorised)?;
    if found.spec.operator != grant.operator {
        return Err(refuse::other_operator());
    }
    if grant.until > found.until { Err(refuse::beyond_term()) } else { Ok(found) }
}
