//! Orders take effect here: the effect must fit what the zone holds, by the zone's own reading. What needs work (jobs,
//! release files, destruction) only becomes pending; the work loop does it from the state, again after a crash.

use super::authorised::{self, fits_authorise};
use super::core::Core;
use super::draft::{Draft, Said};
use super::error::NodeError;
use super::leases::stands;
use super::record::Record;
use super::refuse;
use super::resources;
use super::state::{Bound, Phase, State, decided_at};
use super::verify::{self, OrderFault, plain_id};
use crate::contract::Contract;
use crate::purpose::Purpose;
use crypto::{Hash, Suite};
use model::order::{
    Effect, GrantSpec, JobSpec, RecipientSpec, ReleaseSpec, ReportOutcome, ResourceSpec, StopSpec, WorkOrder,
};
use model::{Refusal, Signed, Timestamp};

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Its effect stands.
    Applied,
    /// Refused and consumed.
    Refused,
    /// Not believed: not consumed.
    Forged(Refusal),
}

/// Verifies an order and applies or refuses it, in one frame with its leaf and its report.
pub(crate) fn take_order(core: &Core, order: &Signed<WorkOrder>) -> Result<Taken, NodeError> {
    core.commit(|draft| {
        let state = draft.state;
        let Some(keys) = state.key_list() else { return Ok(Taken::Forged(refuse::bad_key_list())) };
        let (trust, policy) = (&core.cfg.trust, &*core.cfg.pack);
        let verified = verify::order(trust, policy, keys, state, order, draft.at);
        let fits = match verified {
            Err(OrderFault::Forged(refusal)) => return Ok(Taken::Forged(refusal)),
            Err(OrderFault::Refused(refusal)) => Err(refusal),
            Ok(()) => fits(core, state, &order.body, draft.at),
        };
        match fits {
            Ok(()) => apply(draft, order).map(|()| Taken::Applied),
            Err(refusal) => refuse_order(draft, order, refusal).map(|()| Taken::Refused),
        }
    })
}

fn said(draft: &Draft<'_>, kind: &'static str, order: &Signed<WorkOrder>) -> Result<Said, NodeError> {
    let said = Said::new(kind)
        .case(&order.body.case)
        .with("work_order", &order.body.id)
        .with("effect", order.body.effect.name());
    let said = said.with("order", draft.statement(order)?);
    Ok(said.with("platform_head", &order.body.case_head))
}

fn apply(draft: &mut Draft<'_>, order: &Signed<WorkOrder>) -> Result<(), NodeError> {
    let mut leaf = said(draft, "apply_order", order)?;
    match &order.body.effect {
        Effect::Suspend(s) | Effect::Restore(s) | Effect::Destroy(s) => {
            leaf = leaf.article(&s.article).with("authorisation", &s.authorisation);
        }
        Effect::Authorise(s) => leaf = leaf.with("authorisation", &s.authorisation),
        Effect::Withdraw(s) | Effect::Seal(s) | Effect::Unseal(s) => {
            leaf = leaf.article(&s.article).with("resource", &s.resource);
        }
        _ => {}
    }
    draft.push(Record::OrderApplied { order: Box::new(order.clone()) });
    draft.leaf(leaf)?;
    let bound = Bound::of(&order.body);
    draft.report(Some(&bound), ReportOutcome::Applied)?;
    match &order.body.effect {
        Effect::Suspend(stop) | Effect::Destroy(stop) => fail_jobs(draft, stop),
        effect @ (Effect::Withdraw(stop) | Effect::Seal(stop)) => {
            resources::fail_jobs(draft, &stop.resource, &resources::taken_away(stop, effect))
        }
        _ => Ok(()),
    }
}

/// Jobs that a suspension or an ending stops will not run again under the old order.
fn fail_jobs(draft: &mut Draft<'_>, stop: &StopSpec) -> Result<(), NodeError> {
    let state = draft.state;
    for job in state.jobs.values() {
        let open = matches!(job.phase, Phase::Queued | Phase::Started(_));
        if open && state.job_authorisation(job) == Some(&stop.authorisation) {
            super::outcome::job_failed(draft, job, refuse::suspended(stop))?;
        }
    }
    Ok(())
}

fn refuse_order(draft: &mut Draft<'_>, order: &Signed<WorkOrder>, refusal: Refusal) -> Result<(), NodeError> {
    let leaf = said(draft, "refuse_order", order)?.refused(&refusal);
    let (seq, id) = (order.body.seq, order.body.id.clone());
    draft.push(Record::OrderRefused { seq, order: id, refusal: refusal.clone() });
    draft.leaf(leaf)?;
    draft.report(Some(&Bound::of(&order.body)), ReportOutcome::Refused { refusal })
}

/// Whether the effect fits what the zone holds.
fn fits(core: &Core, state: &State, order: &WorkOrder, now: Timestamp) -> Result<(), Refusal> {
    let effect = &order.effect;
    match effect {
        Effect::Authorise(s) => {
            known_form(&[s.authorisation.as_str(), s.operator.as_str()])?;
            fits_authorise(state, s)
        }
        Effect::Resource(s) => fits_resource(state, core.cfg.trust.suite, s),
        Effect::Grant(s) => fits_grant(state, s, now),
        Effect::Job(s) => fits_job(state, s, now),
        Effect::Release(s) => fits_release(state, s, now),
        Effect::Recipient(s) => fits_recipient(state, s, now),
        Effect::Suspend(s) | Effect::Restore(s) | Effect::Destroy(s) => fits_stop(state, order, s),
        Effect::Withdraw(s) | Effect::Seal(s) | Effect::Unseal(s) => resources::fits(core, state, effect, s, now),
    }
}

fn fits_resource(state: &State, suite: Suite, spec: &ResourceSpec) -> Result<(), Refusal> {
    known_form(&[spec.resource.as_str(), spec.provider.as_str()])?;
    let digest = suite.hash(spec.contract.as_bytes());
    if spec.contract_digest.0.parse::<Hash>().ok() != Some(digest) {
        return Err(refuse::contract_digest());
    }
    let contract = Contract::parse(&spec.contract).map_err(|e| refuse::bad_contract_at(&e))?;
    if contract.table.name != spec.table {
        return Err(refuse::bad_contract());
    }
    resources::usable(state, &spec.resource)?;
    match state.resources.get(&spec.resource) {
        Some(old) if old.spec == *spec => Ok(()),
        Some(old) => fits_change(state, &old.spec, spec, &contract),
        None if spec.replaces.is_some() => Err(refuse::unknown_object()),
        None => Ok(()),
    }
}

/// A changed entry names the contract it takes the place of, and stays able to read the records that are held.
fn fits_change(state: &State, old: &ResourceSpec, new: &ResourceSpec, contract: &Contract) -> Result<(), Refusal> {
    let same = new.replaces.as_ref() == Some(&old.contract_digest);
    if !same || new.provider != old.provider || new.table != old.table {
        return Err(refuse::object_exists());
    }
    if state.batches_of(&new.resource).next().is_none() {
        return Ok(());
    }
    // Not only what the last one said: a field that went may not come back as something else.
    let earlier = state.earlier.get(&new.resource).into_iter().flatten();
    for text in earlier.chain([&old.contract]) {
        let before = Contract::parse(text).map_err(|e| refuse::bad_contract_at(&e))?;
        if !contract.reads_records_of(&before) {
            return Err(refuse::breaks_records());
        }
    }
    Ok(())
}

fn fits_grant(state: &State, spec: &GrantSpec, now: Timestamp) -> Result<(), Refusal> {
    known_form(&[spec.grant.as_str(), spec.authorisation.as_str(), spec.operator.as_str()])?;
    stands(state, &spec.authorisation)?;
    if state.grants.get(&spec.grant).is_some_and(|g| g.spec != *spec) {
        return Err(refuse::object_exists());
    }
    if now >= spec.until {
        return Err(refuse::grant_expired());
    }
    authorised::rests_on(state, spec)?.covers(spec)?;
    resources::all_usable(state, spec.resources.keys())?;
    let purpose = Purpose::parse(&spec.purpose).map_err(|_| refuse::bad_grant())?;
    let mut tables = Vec::new();
    for (resource, provider) in &spec.resources {
        let held = state.resources.get(resource).ok_or_else(refuse::unknown_object)?;
        let contract = Contract::parse(&held.spec.contract).map_err(|_| refuse::bad_contract())?;
        if &held.spec.provider != provider || tables.iter().any(|(t, _): &(String, Contract)| *t == held.spec.table) {
            return Err(refuse::bad_grant());
        }
        tables.push((held.spec.table.clone(), contract));
    }
    let has = |table: &str, field: &str| {
        tables.iter().any(|(t, c)| t == table && c.table.fields.iter().any(|f| f.name == field))
    };
    let named = spec.fields.iter().all(|(table, fields)| fields.iter().all(|f| has(table, f)));
    let bought = purpose.tables.iter().all(|t| spec.fields.contains_key(t));
    if named && bought { Ok(()) } else { Err(refuse::bad_grant()) }
}

fn fits_job(state: &State, spec: &JobSpec, now: Timestamp) -> Result<(), Refusal> {
    known_form(&[spec.job.as_str(), spec.product.as_str(), spec.author.as_str(), spec.author_org.as_str()])?;
    if state.jobs.contains_key(&spec.job) {
        return Err(refuse::object_exists());
    }
    let grant = state.grants.get(&spec.grant).ok_or_else(refuse::unknown_object)?;
    stands(state, &grant.spec.authorisation)?;
    if now >= grant.spec.until {
        return Err(refuse::grant_expired());
    }
    resources::all_usable(state, grant.spec.resources.keys())?;
    // Whoever writes a pipeline works for the operator that holds the grant.
    if spec.author_org == grant.spec.operator { Ok(()) } else { Err(refuse::bad_grant()) }
}

fn fits_release(state: &State, spec: &ReleaseSpec, now: Timestamp) -> Result<(), Refusal> {
    let job = state.jobs.get(&spec.job).ok_or_else(refuse::unknown_object)?;
    let Phase::Done(done) = &job.phase else { return Err(refuse::no_artefact()) };
    let grant = state.grants.get(&job.spec.grant).ok_or_else(refuse::unknown_object)?;
    stands(state, &grant.spec.authorisation)?;
    if now >= grant.spec.until {
        return Err(refuse::grant_expired());
    }
    // A result that nobody released yet does not outlive what it was made of.
    resources::all_usable(state, grant.spec.resources.keys())?;
    if spec.artefact != done.artefact || spec.gate_report != done.gate_report {
        return Err(refuse::other_artefact());
    }
    if done.verdict == "block" {
        return Err(refuse::gate_blocked());
    }
    let same =
        spec.product == job.spec.product && spec.author == job.spec.author && spec.author_org == job.spec.author_org;
    if !same || spec.scenario != grant.spec.scenario {
        return Err(refuse::bad_grant());
    }
    match state.releases.get(&spec.product) {
        Some(r) if r.spec != *spec => Err(refuse::product_exists()),
        _ => Ok(()),
    }
}

fn fits_recipient(state: &State, spec: &RecipientSpec, now: Timestamp) -> Result<(), Refusal> {
    known_form(&[spec.order.as_str(), spec.consumer.as_str()])?;
    let release = state.releases.get(&spec.product).ok_or_else(refuse::unknown_object)?;
    let authorisation = state.product_authorisation(&spec.product).ok_or_else(refuse::unknown_object)?;
    stands(state, authorisation)?;
    // A product is used in the scenario it was reviewed for, sold by the operator that made it.
    if spec.scenario != release.spec.scenario || spec.operator != release.spec.author_org {
        return Err(refuse::bad_grant());
    }
    if now >= spec.until || spec.access_key.0.parse::<Hash>().is_err() {
        return Err(refuse::recipient_ended());
    }
    match state.recipients.get(&spec.order) {
        Some(old) if old.spec != *spec => Err(refuse::object_exists()),
        _ => Ok(()),
    }
}

/// A restoration lifts the suspensions that were there when it was decided. One that a platform held back while the
/// authorisation was suspended again lifts nothing.
fn fits_stop(state: &State, order: &WorkOrder, spec: &StopSpec) -> Result<(), Refusal> {
    use super::state::Standing;
    known_form(&[spec.authorisation.as_str()])?;
    let short = |s: &str| s.len() <= 64 && !s.chars().any(char::is_control);
    if !short(&spec.article) || !short(&spec.ground) {
        return Err(refuse::bad_id());
    }
    let since = state.suspended.get(&spec.authorisation).copied();
    match (state.standing.get(&spec.authorisation), &order.effect) {
        (Some(Standing::Ending { stop, .. } | Standing::Ended(stop)), _) => Err(refuse::ended(stop)),
        (Some(Standing::Suspended(_)), Effect::Restore(_)) if decided_at(order) < since => {
            Err(refuse::suspended_since())
        }
        (Some(Standing::Suspended(_)), Effect::Restore(_)) | (_, Effect::Suspend(_) | Effect::Destroy(_)) => Ok(()),
        _ => Err(refuse::not_suspended()),
    }
}

fn known_form(ids: &[&str]) -> Result<(), Refusal> {
    if ids.iter().all(|id| plain_id(id)) { Ok(()) } else { Err(refuse::bad_id()) }
}
