//! Keys that must go, wherever they are: in the ring, named by the objects laid out, in the custody. A ring that was restored
//! without keys knows none of them, and a later restore with the custody would bring them back. Each gets a tombstone, which no
//! restore goes behind.

use super::core::Core;
use super::error::NodeError;
use super::rotate::sealed_under;
use super::sealed::{self, AUTHORISATION_KEY, RESOURCE_KEY};
use crypto::{KeyId, KeyInfo};
use model::ids::{AuthorisationId, ResourceId};
use std::collections::BTreeSet;

/// Whose keys go.
pub(crate) struct Grave<'a> {
    purpose: &'static str,
    scope: &'a str,
    folder: String,
}

impl<'a> Grave<'a> {
    pub(crate) fn of_resource(resource: &'a ResourceId) -> Self {
        Self { purpose: RESOURCE_KEY, scope: resource.as_str(), folder: super::resources::folder(resource) }
    }

    pub(crate) fn of_authorisation(authorisation: &'a AuthorisationId) -> Self {
        let folder = sealed::authorisation_folder(authorisation);
        Self { purpose: AUTHORISATION_KEY, scope: authorisation.as_str(), folder }
    }

    fn owns(&self, key: &KeyInfo) -> bool {
        key.purpose == self.purpose && key.scope == self.scope
    }

    /// Ids of the keys that are known here, destroyed ones too: so a repeated call gives the same.
    pub(crate) fn known(&self, core: &Core) -> Result<BTreeSet<KeyId>, NodeError> {
        let ring = core.cfg.keys.list();
        let mut ids: BTreeSet<KeyId> = ring.iter().filter(|k| self.owns(k)).map(|k| k.id.clone()).collect();
        // Whatever a header says, no key of anything else goes.
        let foreign = |id: &KeyId| ring.iter().any(|k| k.id == *id && !self.owns(k));
        let named = sealed_under(core, &self.folder)?.into_iter().map(|(_, key)| key);
        ids.extend(named.filter(|id| !foreign(id)));
        Ok(ids)
    }

    /// Destroys what is known here and what was planned; gives their ids.
    pub(crate) fn fill(&self, core: &Core, planned: &[String]) -> Result<BTreeSet<KeyId>, NodeError> {
        let mut ids = planned.iter().map(|id| id.parse()).collect::<Result<BTreeSet<KeyId>, _>>()?;
        // Also a key that was made since the plan.
        ids.extend(self.known(core)?);
        self.bury(core, &ids)?;
        Ok(ids)
    }

    /// Destroys what the custody holds of it, and every copy there; gives the ids.
    pub(crate) fn fill_in_custody(&self, core: &Core) -> Result<BTreeSet<KeyId>, NodeError> {
        let Some(custody) = &core.cfg.custody else { return Ok(BTreeSet::new()) };
        let ids = custody.kept(self.purpose, self.scope).map_err(NodeError::Custody)?.into_iter().collect();
        self.bury(core, &ids)?;
        custody.forget().map_err(NodeError::Custody)?;
        Ok(ids)
    }

    fn bury(&self, core: &Core, ids: &BTreeSet<KeyId>) -> Result<(), NodeError> {
        let at = Some(core.time.now().0);
        for id in ids {
            core.cfg.keys.bury_at(id, self.purpose, self.scope, at)?;
        }
        Ok(())
    }
}

/// Ids as reports and plans say them.
pub(crate) fn words(ids: &BTreeSet<KeyId>) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
