//! What the journal holds. A stored format (invariant 8): fields are added, never changed.

use audit::Leaf;
use model::ids::{AuthorisationId, BatchId, JobId, ProductId, ResourceId, WorkOrderId};
use model::keylist::KeyList;
use model::link::ClockMark;
use model::order::{DestroyedObjects, ResourceStopSpec, WorkOrder, ZoneReport};
use model::record::ResourceDeed;
use model::ticket::Lease;
use model::{Digest, Refusal, Signed, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Records that became durable together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Frame {
    pub(crate) v: u32,
    /// From 0, without gaps.
    pub(crate) seq: u64,
    /// Deployment time; never decreases from frame to frame.
    pub(crate) at: Timestamp,
    pub(crate) records: Vec<Record>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(crate) enum Record {
    /// A key list was accepted.
    KeyList { list: Box<Signed<KeyList>> },
    /// The simulated clock was moved.
    Clock { mark: Signed<ClockMark> },
    /// What is in force changed.
    Lease { lease: Signed<Lease> },
    /// An order holds: its effect stands in the state from here on; work that it asks for follows.
    OrderApplied { order: Box<Signed<WorkOrder>> },
    /// An order of the platform was refused; the sequence moves on.
    OrderRefused { seq: u64, order: WorkOrderId, refusal: Refusal },
    /// A batch lies sealed in the zone.
    BatchStored { batch: StoredBatch },
    /// A job's process was started; `batches` pins what it reads.
    JobStarted { job: JobId, batches: Vec<BatchId> },
    /// A job left a sealed artefact.
    JobDone { done: Box<JobResult> },
    /// A job ended without one.
    JobFailed { job: JobId, refusal: Refusal },
    /// A product lies ready for delivery.
    Released { product: ProductId, job: JobId, artefact: Digest, rows: u64, object: String },
    /// What will be destroyed; keys first.
    DestroyPlanned {
        authorisation: AuthorisationId,
        keys: Vec<String>,
        objects: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        what: Option<DestroyedObjects>,
    },
    /// It is gone.
    Destroyed { authorisation: AuthorisationId },
    /// What a withdrawal will destroy; keys first.
    WithdrawalPlanned { resource: ResourceId, keys: Vec<String>, objects: u64, what: DestroyedObjects },
    /// What was ordered of a resource is done: it is destroyed, sealed or unsealed.
    ResourceSettled { resource: ResourceId },
    /// After a restore the keys tell that a resource was withdrawn or sealed (`destroyed`, `sealed`).
    ResourceFound { stop: ResourceStopSpec, deed: ResourceDeed },
    /// A key's objects all lie under its newest material; the older is destroyed next.
    KeyRotated { key: String, version: u32 },
    /// A segment of receipts closed.
    SegmentClosed { segment: u64, root: Digest, receipts: u64 },
    /// A leaf of the zone's log. The tiles are a projection of these records.
    Leaf { index: u64, leaf: Box<Leaf>, hash: Digest },
    /// A report to the platform.
    Report { report: Box<Signed<ZoneReport>> },
    /// The platform has stored the reports up to this one.
    Acknowledged { report: u64 },
}

/// A sealed batch of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredBatch {
    pub(crate) resource: ResourceId,
    pub(crate) batch: BatchId,
    pub(crate) rows: u64,
    pub(crate) set_aside: BTreeMap<String, u64>,
    /// Digest of the uploaded bytes.
    pub(crate) digest: Digest,
    pub(crate) encoding: String,
    /// Object path of the records, relative to the zone's objects.
    pub(crate) object: String,
    /// Object path of the rows set aside, where there are any.
    pub(crate) set_aside_object: Option<String>,
}

/// What a job's process reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobResult {
    pub(crate) job: JobId,
    pub(crate) artefact: Digest,
    pub(crate) rows: u64,
    pub(crate) verdict: String,
    pub(crate) gate_report: Digest,
    pub(crate) lineage: Value,
    pub(crate) figures: BTreeMap<String, u64>,
    /// Object path of the sealed artefact.
    pub(crate) object: String,
}
