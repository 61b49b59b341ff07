//! A zone that was restored to a state from before a resource was withdrawn or sealed knows nothing of it by its journal. Its
//! key ring does: tombstones and sealed keys outlive every backup. What they tell is written down at the opening, so that
//! everything after it is refused as it was before the restore, and the platform is told.

use super::core::Core;
use super::draft::{Draft, Said};
use super::error::NodeError;
use super::graves::{self, Grave};
use super::masking;
use super::record::Record;
use super::refuse;
use super::resources::{self, How};
use super::sealed::{self, RESOURCE_KEY};
use super::state::State;
use crypto::{KeyInfo, KeyState};
use model::ids::ResourceId;
use model::order::{ReportOutcome, ResourceStopSpec};
use model::record::ResourceDeed;
use std::fs;

/// The ground under which such a resource stands: no case that this zone knows has decided it.
const GROUND: &str = "before_restore";

/// What the keys say of a resource against what the journal says.
struct Found {
    resource: ResourceId,
    deed: ResourceDeed,
    keys: Vec<String>,
}

/// Writes down what the ring knows and the journal does not. Repeating it changes nothing.
pub(crate) fn reconcile(core: &Core) -> Result<(), NodeError> {
    if !core.time.known() {
        return Ok(());
    }
    take_unsealings_back(core)?;
    let keys: Vec<KeyInfo> = core.cfg.keys.list().into_iter().filter(|k| k.purpose == RESOURCE_KEY).collect();
    for mut found in core.read(|s| s.resources.keys().filter_map(|id| told(core, s, &keys, id)).collect::<Vec<_>>()) {
        tracing::warn!(resource = %found.resource, deed = %found.deed, "the keys tell of a resource what the journal does not know");
        if found.deed == ResourceDeed::Destroyed {
            // A key that came back with the restore goes again. What lies there besides records tells how many there were.
            found.keys = graves::words(&Grave::of_resource(&found.resource).fill(core, &found.keys)?);
            let folder = sealed::objects(core).join(resources::folder(&found.resource));
            match fs::remove_dir_all(&folder) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(NodeError::io("removing records")(e)),
                _ => {}
            }
        }
        core.commit(|draft| write(core, draft, found))?;
    }
    reach_custody(core);
    seal_again(core, &keys);
    Ok(())
}

/// A restore leaves this file in the zone's folder; the first opening after it takes it away.
pub const RESTORED: &str = "restored";

/// After a restore no resource waits for its keepers: whether the unsealing was taken back since, nobody here can know. The
/// resource is sealed, as it was; the order counts as refused, so that its case comes back to the people who decide.
fn take_unsealings_back(core: &Core) -> Result<(), NodeError> {
    let marker = core.cfg.data.join(RESTORED);
    if !marker.is_file() {
        return Ok(());
    }
    let waiting = |s: &State| s.held.values().filter(|h| h.how == How::Unsealing).cloned().collect::<Vec<_>>();
    for held in core.read(waiting) {
        let Some(bound) = held.bound.clone() else { continue };
        let refusal = refuse::unsealing_before_restore(&held.stop);
        core.commit(|draft| {
            let said = Said::new("find_resource").case(&bound.case).with("resource", &held.stop.resource);
            draft.push(Record::ResourceFound { stop: held.stop.clone(), deed: ResourceDeed::Sealed });
            draft.leaf(said.with("work_order", &bound.order).refused(&refusal))?;
            draft.report(Some(&bound), ReportOutcome::Refused { refusal })
        })?;
    }
    fs::remove_file(&marker).map_err(NodeError::io("taking the restore's mark away"))
}

/// Copies of what was found destroyed go, too, as soon as the custody is there. Nobody waits for it: what was certified reached
/// it then.
fn reach_custody(core: &Core) {
    let found = |s: &State| {
        let gone = s.held.values().filter(|h| h.bound.is_none() && h.how == How::Withdrawn);
        gone.map(|h| h.stop.resource.clone()).collect::<Vec<_>>()
    };
    for resource in core.read(found) {
        if let Err(e) = Grave::of_resource(&resource).fill_in_custody(core) {
            tracing::error!(error = %e, %resource, "copies of a destroyed resource's keys could not be removed from the custody");
        }
    }
}

fn told(core: &Core, state: &State, keys: &[KeyInfo], id: &ResourceId) -> Option<Found> {
    let how = state.held.get(id).map(|h| &h.how);
    let own: Vec<&KeyInfo> = keys.iter().filter(|k| k.scope == id.as_str()).collect();
    let with = |state: KeyState| own.iter().filter(|k| k.state == state).map(|k| k.id.to_string()).collect::<Vec<_>>();
    let (gone, away) = (with(KeyState::Destroyed), with(KeyState::Sealed));
    let deed = match how {
        Some(How::Withdrawing(_) | How::Withdrawn) => return None,
        // Only a withdrawal destroys a resource's key, and lists what it destroys. A key that stands all the same came back with
        // a restore: it was nowhere when the destruction was certified.
        _ if !gone.is_empty() || listed(core, id) => ResourceDeed::Destroyed,
        None if !away.is_empty() => ResourceDeed::Sealed,
        _ => return None,
    };
    let keys = if deed == ResourceDeed::Destroyed { gone } else { away };
    Some(Found { resource: id.clone(), deed, keys })
}

/// The list of what a destruction removed, kept beside the objects and over a restore.
fn listed(core: &Core, id: &ResourceId) -> bool {
    let path = core.cfg.data.join("destroyed").join(format!("{id}.json"));
    // An empty file of that name is no list: nothing may make a resource count as destroyed but what destroyed it.
    std::fs::read(path).is_ok_and(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).is_ok())
}

fn write(core: &Core, draft: &mut Draft<'_>, found: Found) -> Result<(), NodeError> {
    let Found { resource, deed, keys } = found;
    let Some(provider) = draft.state.resources.get(&resource).map(|r| r.spec.provider.clone()) else { return Ok(()) };
    let (effect, refused): (_, fn(&ResourceStopSpec) -> model::Refusal) = match deed {
        ResourceDeed::Destroyed => ("withdraw", refuse::withdrawn_since),
        _ => ("seal", refuse::sealed_since),
    };
    let article = core.cfg.pack.article_of(effect);
    let stop = ResourceStopSpec { resource: resource.clone(), provider, ground: GROUND.to_owned(), article };
    let said = Said::new("find_resource").article(&stop.article).with("resource", &resource);
    let said = said.with("deed", deed).with("keys", keys.len());
    resources::fail_jobs(draft, &resource, &refused(&stop))?;
    draft.push(Record::ResourceFound { stop, deed });
    draft.leaf(said)?;
    draft.report(None, ReportOutcome::ResourceFound { resource, deed, keys })
}

/// What was unsealed after the state that this zone was restored to is sealed by all that is known here, and its keys lie
/// open: they are sealed again once there are sealing keys. It is refused all the same.
fn seal_again(core: &Core, keys: &[KeyInfo]) {
    let sealed = |id: &str| core.read(|s| s.held.get(&ResourceId::from(id)).is_some_and(|h| h.how == How::Sealed));
    for key in keys.iter().filter(|k| k.state == KeyState::Live && sealed(&k.scope)) {
        if !core.cfg.keys.can_seal() {
            tracing::warn!(resource = %key.scope, "a sealed resource's key lies open and there is no sealing key");
            continue;
        }
        let (masks, id) = (core.cfg.keys.masks(), &key.id);
        let done = if masks { masking::seal(core, id) } else { core.cfg.keys.seal_away(id).map_err(Into::into) };
        let done = done.and_then(|()| resources::forget(core)).and_then(|()| {
            let said = Said::new("seal_resource").with("resource", &key.scope).with("keys", 1);
            core.commit(|draft| draft.leaf(said).map(|_| ()))
        });
        if let Err(e) = done {
            tracing::error!(error = %e, resource = %key.scope, "a sealed resource's key lies open and could not be sealed again");
        }
    }
}
