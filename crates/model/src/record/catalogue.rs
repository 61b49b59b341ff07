//! The catalogue: resources and batches.

use crate::entity::{entity, words};
use crate::ids::{BatchId, CaseId, DestructionId, OrgId, ResourceId};
use crate::order::{DestroyedObjects, ResourceSpec};
use crate::signed::Digest;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// State of a resource.
    ResourceState {
        /// Handed in, not yet reviewed.
        Submitted = "submitted",
        /// In the master catalogue.
        Catalogued = "catalogued",
        /// Kept, and unreadable until it is unsealed.
        Sealed = "sealed",
        /// Taken out: keys and records are destroyed.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// Grade of data (GB/T 43697-2024); core data is excluded.
    Grade {
        /// 核心.
        Core = "core",
        /// 重要.
        Important = "important",
        /// 一般.
        General = "general",
    }
}

/// A resource of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// The approved object.
    pub spec: ResourceSpec,
    /// Provider.
    pub provider: OrgId,
    /// Department that supervises its use (监管部门, JL-5.2); `None`: the data authority.
    #[serde(default)]
    pub supervisor: Option<OrgId>,
    /// Grade.
    pub grade: Grade,
    /// Obtained through government data sharing from another provider: its consent stands on record, or not (CC-9.2).
    /// `None`: the provider's own data.
    #[serde(default)]
    pub sharing_consent: Option<bool>,
    /// State secrets or data forbidden to open: never authorisable (WX-2.2).
    pub excluded: bool,
    /// State.
    pub state: ResourceState,
    /// Case that catalogued it.
    pub case: CaseId,
    /// When the state was entered.
    pub at: Timestamp,
}

entity!(Resource, "resource", id = id, parent = case, org = provider, state = state);

words! {
    /// What a certificate about a resource says.
    ResourceDeed {
        /// Keys and records are gone.
        Destroyed = "destroyed",
        /// Keys are sealed away; the records stay.
        Sealed = "sealed",
        /// The keepers opened the keys again.
        Unsealed = "unsealed",
    }
}

impl ResourceDeed {
    /// The state that it leaves a resource in.
    #[must_use]
    pub fn leaves(self) -> ResourceState {
        match self {
            Self::Destroyed => ResourceState::Withdrawn,
            Self::Sealed => ResourceState::Sealed,
            Self::Unsealed => ResourceState::Catalogued,
        }
    }
}

/// What the zone did to a resource, as it reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceCertificate {
    /// Its id.
    pub id: DestructionId,
    /// Resource.
    pub resource: ResourceId,
    /// What was done.
    pub deed: ResourceDeed,
    /// Case that decided it.
    pub case: CaseId,
    /// Provider.
    pub provider: OrgId,
    /// Ids of the keys.
    pub keys: Vec<String>,
    /// Number of objects removed.
    pub objects: u64,
    /// What they were, by kind, and the digest of the zone's list of them.
    pub what: Option<DestroyedObjects>,
    /// Sequence of the zone's report.
    pub report: u64,
    /// When the zone's report was recorded: the time of that leaf.
    pub at: Timestamp,
}

entity!(ResourceCertificate, "resource_certificate", id = id, parent = resource, org = provider, state = deed);

/// A supplied batch, as the zone reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Resource.
    pub resource: ResourceId,
    /// Provider.
    pub provider: OrgId,
    /// Rows stored.
    pub rows: u64,
    /// Rows set aside, by reason.
    pub set_aside: BTreeMap<String, u64>,
    /// Digest of the uploaded bytes.
    pub digest: Digest,
    /// When the zone stored it.
    pub at: Timestamp,
}

entity!(Batch, "batch", id = id, parent = resource, org = provider);
