//! Resources that are withdrawn, sealed or unsealed. An order makes them unusable at once; the work on keys and records
//! follows in the work loop, again after a crash, and is reported when it is done. Unsealing waits for the two keepers.

use super::config::NodeConfig;
use super::core::Core;
use super::destroyed;
use super::draft::Draft;
use super::error::NodeError;
use super::graves::{self, Grave};
use super::masking;
use super::outcome;
use super::record::Record;
use super::refuse;
use super::sealed::{self, RESOURCE_KEY};
use super::state::{Bound, Phase, State};
use super::verify::plain_id;
use super::{flush, open, waits};
use crypto::{KeyId, KeyState, SealingKeys};
use model::ids::{JobId, ResourceId};
use model::order::{DestroyedObjects, Effect, ResourceStopSpec};
use model::record::ResourceDeed;
use model::{Refusal, Timestamp};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How a resource stands that is not simply there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) stop: ResourceStopSpec,
    /// The order that said so; none where only the keys tell it after a restore.
    pub(crate) bound: Option<Bound>,
    pub(crate) how: How,
}

/// What was ordered of it, and whether that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// To be destroyed; the plan once it is known what goes.
    Withdrawing(Option<Leaving>),
    Withdrawn,
    Sealing,
    Sealed,
    /// Waits for its keepers.
    Unsealing,
}

/// What a withdrawal removes, written down before it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaving {
    pub(crate) keys: Vec<String>,
    pub(crate) objects: u64,
    pub(crate) what: DestroyedObjects,
}

/// What an applied order makes of a resource.
pub(crate) fn held(effect: &Effect, bound: Bound) -> Option<Held> {
    let (stop, how) = match effect {
        Effect::Withdraw(s) => (s, How::Withdrawing(None)),
        Effect::Seal(s) => (s, How::Sealing),
        Effect::Unseal(s) => (s, How::Unsealing),
        _ => return None,
    };
    Some(Held { stop: stop.clone(), bound: Some(bound), how })
}

/// How a resource stands of which only its keys tell, after a restore.
pub(crate) fn found(stop: ResourceStopSpec, deed: ResourceDeed) -> Held {
    let how = if deed == ResourceDeed::Destroyed { How::Withdrawn } else { How::Sealed };
    Held { stop, bound: None, how }
}

/// Whether a resource can be read and supplied.
pub(crate) fn usable(state: &State, resource: &ResourceId) -> Result<(), Refusal> {
    match state.held.get(resource) {
        None => Ok(()),
        Some(Held { stop, bound: None, how: How::Withdrawn }) => Err(refuse::withdrawn_since(stop)),
        Some(Held { stop, how: How::Withdrawing(_) | How::Withdrawn, .. }) => Err(refuse::withdrawn(stop)),
        Some(Held { stop, bound: None, .. }) => Err(refuse::sealed_since(stop)),
        Some(Held { stop, .. }) => Err(refuse::sealed_away(stop)),
    }
}

/// Whether every resource of a grant can be read.
pub(crate) fn all_usable<'a>(
    state: &State,
    resources: impl IntoIterator<Item = &'a ResourceId>,
) -> Result<(), Refusal> {
    resources.into_iter().try_for_each(|r| usable(state, r))
}

/// Whether an order about a resource fits what the zone holds and, by its own pack and clock, the retention of records.
pub(crate) fn fits(
    core: &Core,
    state: &State,
    effect: &Effect,
    spec: &ResourceStopSpec,
    now: Timestamp,
) -> Result<(), Refusal> {
    let short = |s: &str| s.len() <= 64 && !s.chars().any(char::is_control);
    let formed = plain_id(spec.resource.as_str()) && plain_id(spec.provider.as_str());
    if !formed || !short(&spec.article) || !short(&spec.ground) {
        return Err(refuse::bad_id());
    }
    let known = state.resources.get(&spec.resource).ok_or_else(refuse::unknown_object)?;
    // Where a text of the pinned pack speaks of it, what is refused cites it.
    let by_article = |refusal: Refusal| Err(Refusal { article: core.cfg.pack.article_of(effect.name()), ..refusal });
    if known.spec.provider != spec.provider {
        return by_article(refuse::other_provider());
    }
    let how = state.held.get(&spec.resource).map(|h| &h.how);
    match (how, effect) {
        (Some(How::Withdrawing(_) | How::Withdrawn), _) => usable(state, &spec.resource),
        // Whatever the platform found: nothing was supplied, or its retention is over.
        (_, Effect::Withdraw(_)) => match state.supplied.get(&spec.resource) {
            None => Ok(()),
            Some(supplied) => core.cfg.pack.check_retention(*supplied, now),
        },
        (None | Some(How::Unsealing), Effect::Seal(_)) if core.cfg.keys.can_seal() || how.is_some() => Ok(()),
        (None, Effect::Seal(_)) => by_article(refuse::cannot_seal()),
        (Some(How::Sealing | How::Sealed), Effect::Seal(_)) => by_article(refuse::sealed_already()),
        (Some(How::Sealed), Effect::Unseal(_)) => Ok(()),
        _ => by_article(refuse::not_sealed()),
    }
}

/// What jobs that read a resource are told when an order takes it away.
pub(crate) fn taken_away(stop: &ResourceStopSpec, effect: &Effect) -> Refusal {
    match effect {
        Effect::Withdraw(_) => refuse::withdrawn(stop),
        _ => refuse::sealed_away(stop),
    }
}

/// Jobs that read a resource end when it is taken away.
pub(crate) fn fail_jobs(draft: &mut Draft<'_>, resource: &ResourceId, refusal: &Refusal) -> Result<(), NodeError> {
    let state = draft.state;
    for job in state.jobs.values() {
        let open = matches!(job.phase, Phase::Queued | Phase::Started(_));
        let reads = state.grants.get(&job.spec.grant).is_some_and(|g| g.spec.resources.contains_key(resource));
        if open && reads {
            outcome::job_failed(draft, job, refusal.clone())?;
        }
    }
    Ok(())
}

/// Resources that running jobs read.
pub(crate) fn read_by(state: &State, running: &[JobId]) -> BTreeSet<ResourceId> {
    let grants = running.iter().filter_map(|j| state.grants.get(&state.jobs.get(j)?.spec.grant));
    grants.flat_map(|g| g.spec.resources.keys().cloned()).collect()
}

/// What is to be done to resources, as it was when it was looked at.
pub(crate) fn pending(state: &State) -> Vec<Held> {
    let open = |h: &&Held| h.bound.is_some() && matches!(h.how, How::Withdrawing(_) | How::Sealing);
    state.held.values().filter(open).cloned().collect()
}

/// Does what was pending, except to resources that a process still read then. Nothing new reads one since: it was taken away
/// before. An order that another has overtaken meanwhile is left alone.
pub(crate) fn settle(core: &Core, pending: Vec<Held>, busy: &BTreeSet<ResourceId>) -> Result<(), NodeError> {
    for held in pending {
        let Held { stop, bound: Some(bound), how } = held else { continue };
        let stands = core.read(|s| stands(s, &stop.resource, &bound));
        if busy.contains(&stop.resource) || !stands || !core.waits.due(&bound.order) {
            continue;
        }
        let done = match how {
            How::Withdrawing(plan) => destroy(core, &stop, &bound, plan),
            How::Sealing => seal(core, &stop, &bound),
            How::Withdrawn | How::Sealed | How::Unsealing => continue,
        };
        waits::settle(core, &bound, done)?;
    }
    Ok(())
}

/// Whether a resource is still held by this order, and by none that came after it.
fn stands(state: &State, resource: &ResourceId, bound: &Bound) -> bool {
    state.held.get(resource).is_some_and(|h| h.bound.as_ref() == Some(bound))
}

/// Folder of what lies under a resource's key.
pub(crate) fn folder(resource: &ResourceId) -> String {
    format!("res/{resource}")
}

/// Ids of a resource's keys that are not destroyed.
fn keys_of(core: &Core, resource: &ResourceId) -> Vec<KeyId> {
    let of = |k: &crypto::KeyInfo| {
        k.purpose == RESOURCE_KEY && k.scope == resource.as_str() && k.state != KeyState::Destroyed
    };
    core.cfg.keys.list().into_iter().filter(of).map(|k| k.id).collect()
}

/// Keys first, as where an authorisation ends.
fn destroy(core: &Core, stop: &ResourceStopSpec, bound: &Bound, plan: Option<Leaving>) -> Result<(), NodeError> {
    let resource = &stop.resource;
    let folder = sealed::objects(core).join(folder(resource));
    let planned = match plan {
        Some(plan) => plan,
        None => plan_of(core, resource, &folder)?,
    };
    let grave = Grave::of_resource(resource);
    let mut keys = grave.fill(core, &planned.keys)?;
    keys.extend(grave.fill_in_custody(core)?);
    let leaving = Leaving { keys: graves::words(&keys), ..planned };
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(NodeError::io("removing records")(e)),
        _ => {}
    }
    if folder.parent().is_some_and(Path::exists) {
        super::journal::sync_parent(&folder)?;
    }
    core.commit(|draft| outcome::resource_destroyed(draft, bound, stop, leaving))
}

fn plan_of(core: &Core, resource: &ResourceId, folder: &Path) -> Result<Leaving, NodeError> {
    let keys = graves::words(&Grave::of_resource(resource).known(core)?);
    let list = destroyed::list(core.cfg.trust.suite, folder)?;
    let what = destroyed::keep(core, resource.as_str(), &list)?;
    let leaving = Leaving { keys, objects: list.len() as u64, what };
    let Leaving { keys, objects, what } = leaving.clone();
    let planned = Record::WithdrawalPlanned { resource: resource.clone(), keys, objects, what };
    core.commit(|draft| {
        draft.push(planned);
        Ok(())
    })?;
    Ok(leaving)
}

/// Seals the keys away. A withdrawal that came meanwhile has the last word: then nothing is said of a sealing.
pub(crate) fn seal(core: &Core, stop: &ResourceStopSpec, bound: &Bound) -> Result<(), NodeError> {
    let keys = keys_of(core, &stop.resource);
    for id in &keys {
        if core.cfg.keys.masks() { masking::seal(core, id)? } else { core.cfg.keys.seal_away(id)? }
    }
    forget(core)?;
    core.commit(|draft| {
        if !stands(draft.state, &stop.resource, bound) {
            return Ok(());
        }
        outcome::resource_sealed(draft, bound, stop, &keys)
    })
}

/// Copies of keys that this program made: before they are gone, nobody is told that it is done.
pub(crate) fn forget(core: &Core) -> Result<(), NodeError> {
    let Some(custody) = &core.cfg.custody else { return Ok(()) };
    custody.forget().map_err(NodeError::Custody)
}

/// An upload that ended after its resource was taken away leaves nothing.
pub(crate) fn drop_batch(core: &Core, resource: &ResourceId, batch: &str) -> Result<(), NodeError> {
    let folder = sealed::objects(core).join(folder(resource)).join(batch);
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(NodeError::io("removing records")(e)),
        _ => {}
    }
    let withdrawn = core.read(|s| s.held.get(resource).is_some_and(|h| h.how == How::Withdrawn));
    for id in keys_of(core, resource).iter().filter(|_| withdrawn) {
        core.cfg.keys.destroy_at(id, Some(core.time.now().0))?;
    }
    Ok(())
}

/// The two keepers open a sealed resource, after the order that says so, in a folder that nobody serves.
///
/// # Errors
/// `NotOrdered`: nobody decided it, or it is done. `Refused`: its keys were given up. Another node works in the folder; the sealing keys are not the
/// resource's; storage failed. A later call goes on.
pub async fn unseal(cfg: NodeConfig, resource: &ResourceId, with: &SealingKeys) -> Result<u64, NodeError> {
    let core = open(cfg).await?;
    let held = core.read(|s| s.held.get(resource).filter(|h| h.how == How::Unsealing).cloned());
    let (stop, bound) = held.and_then(|h| Some((h.stop, h.bound?))).ok_or(NodeError::NotOrdered)?;
    let keys = keys_of(&core, resource);
    // Keys that were given up at a restore open nothing: nobody is told that they did.
    if keys.is_empty() && core.read(|s| s.batches_of(resource).next().is_some()) {
        return Err(NodeError::Refused(Box::new(refuse::keys_given_up())));
    }
    for id in &keys {
        if core.cfg.keys.masks() { masking::open(&core, id, with)? } else { core.cfg.keys.open_sealed(id, with)? }
    }
    // What was open nowhere is replaced there, too: a copy that says "sealed" would come back with a restore.
    if let Some(custody) = &core.cfg.custody {
        custody.renew().map_err(NodeError::Custody)?;
    }
    core.commit(|draft| outcome::resource_unsealed(draft, &bound, &stop, &keys))?;
    flush(&core).await?;
    Ok(keys.len() as u64)
}
