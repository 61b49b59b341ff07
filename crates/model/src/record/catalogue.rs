//! The catalogue: resources and batches.

use crate::entity::{entity, words};
use crate::ids::{BatchId, CaseId, OrgId, ResourceId};
use crate::order::ResourceSpec;
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
        /// Taken out.
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
