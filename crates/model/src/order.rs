//! The two documents by which control passes: `WorkOrder` (platform → zone) and `ZoneReport` (zone → platform).
//! Neither ever carries a cell value.

use crate::act::Act;
use crate::ids::{
    AuthorisationId, BatchId, CaseId, GrantId, JobId, OrderId, OrgId, PersonId, ProductId, ResourceId, ScenarioId,
    WorkOrderId,
};
use crate::object::AuthorisationSpec;
use crate::record::ResourceDeed;
use crate::refusal::Refusal;
use crate::signed::{Digest, Signed};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Signed type name of a work order.
pub const ORDER_TYPE: &str = "order";
/// Signed type name of a zone report.
pub const REPORT_TYPE: &str = "report";
/// Type name under which an approved object is digested.
pub const OBJECT_TYPE: &str = "object";

/// A resource as approved into the master catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceSpec {
    /// Resource.
    pub resource: ResourceId,
    /// Table name, as SQL and the contract know it.
    pub table: String,
    /// Provider.
    pub provider: OrgId,
    /// ODCS contract (YAML text as handed in).
    pub contract: String,
    /// Digest of the contract text.
    pub contract_digest: Digest,
    /// Digest of the contract that this one takes the place of, where an entry of the catalogue is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Digest>,
}

/// A grant: these tables, this purpose, this operator, until this date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantSpec {
    /// Grant.
    pub grant: GrantId,
    /// Authorisation it rests on.
    pub authorisation: AuthorisationId,
    /// Scenario.
    pub scenario: ScenarioId,
    /// Operator.
    pub operator: OrgId,
    /// Resources, each with its provider.
    pub resources: BTreeMap<ResourceId, OrgId>,
    /// Fields by table: what the demand list names.
    pub fields: BTreeMap<String, Vec<String>>,
    /// Purpose file (YAML text): answer kind, joins, thresholds, history.
    pub purpose: String,
    /// First instant the grant no longer holds.
    pub until: Timestamp,
}

/// A job: a pipeline over granted tables. For now one SQL statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSpec {
    /// Job.
    pub job: JobId,
    /// Grant.
    pub grant: GrantId,
    /// SQL text.
    pub sql: String,
    /// Who wrote it.
    pub author: PersonId,
    /// The author's organisation.
    pub author_org: OrgId,
    /// Digest of the sealed batches the job is pinned to is reported by the zone.
    pub product: ProductId,
}

/// Release of one artefact, named by its canonical digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseSpec {
    /// Job.
    pub job: JobId,
    /// Product.
    pub product: ProductId,
    /// Canonical digest of the artefact.
    pub artefact: Digest,
    /// Digest of the gate report that the reviewers saw.
    pub gate_report: Digest,
    /// Author of the job, who may not vote.
    pub author: PersonId,
    /// The author's organisation, which may not vote.
    pub author_org: OrgId,
    /// Scenario for which the product was reviewed.
    pub scenario: ScenarioId,
}

/// A recipient of a product under an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientSpec {
    /// Order.
    pub order: OrderId,
    /// Product.
    pub product: ProductId,
    /// Consumer.
    pub consumer: OrgId,
    /// Operator that sells.
    pub operator: OrgId,
    /// Scenario of use; one the product was reviewed for.
    pub scenario: ScenarioId,
    /// Digest (`sm3:` or `sha256:`) of the consumer's access key.
    pub access_key: Digest,
    /// First instant the delivery ends.
    pub until: Timestamp,
}

/// Suspension, restoration or termination of an authorisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopSpec {
    /// Authorisation.
    pub authorisation: AuthorisationId,
    /// Stable code of the ground.
    pub ground: String,
    /// Article.
    pub article: String,
}

/// Withdrawal, sealing or unsealing of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceStopSpec {
    /// Resource.
    pub resource: ResourceId,
    /// Its provider.
    pub provider: OrgId,
    /// Stable code of the ground.
    pub ground: String,
    /// Article.
    pub article: String,
}

/// What a work order asks for. Every effect carries the whole approved object, so that the zone can digest it itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", content = "object", rename_all = "snake_case")]
pub enum Effect {
    /// Know an authorisation: it was granted by its procedure, and grants may rest on it.
    Authorise(AuthorisationSpec),
    /// Take a resource into the zone's catalogue.
    Resource(ResourceSpec),
    /// Open a grant.
    Grant(GrantSpec),
    /// Run a job on raw records.
    Job(JobSpec),
    /// Release a sealed artefact as a product.
    Release(ReleaseSpec),
    /// Admit a recipient of a product.
    Recipient(RecipientSpec),
    /// Suspend an authorisation: kill its jobs, refuse its calls.
    Suspend(StopSpec),
    /// Restore a suspended authorisation.
    Restore(StopSpec),
    /// End an authorisation: destroy its keys and what lies under them.
    Destroy(StopSpec),
    /// Destroy a resource: its keys and the records under them.
    Withdraw(ResourceStopSpec),
    /// Seal a resource: its records stay and nobody can read them.
    Seal(ResourceStopSpec),
    /// Let two keepers open a sealed resource again.
    Unseal(ResourceStopSpec),
}

impl Effect {
    /// The effect's name, as the pack's `[effects.NAME]` knows it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authorise(_) => "authorise",
            Self::Resource(_) => "resource",
            Self::Grant(_) => "grant",
            Self::Job(_) => "job",
            Self::Release(_) => "release",
            Self::Recipient(_) => "recipient",
            Self::Suspend(_) => "suspend",
            Self::Restore(_) => "restore",
            Self::Destroy(_) => "destroy",
            Self::Withdraw(_) => "withdraw",
            Self::Seal(_) => "seal",
            Self::Unseal(_) => "unseal",
        }
    }
}

/// An order of the platform. The zone verifies it against its own pinned pack before it acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkOrder {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// Order id.
    pub id: WorkOrderId,
    /// Sequence, from 1, without gaps.
    pub seq: u64,
    /// Case the order belongs to.
    pub case: CaseId,
    /// Leaf hash of the case's chain when the order was issued.
    pub case_head: Digest,
    /// Number of the key list the platform signed under.
    pub key_list: u64,
    /// Pack version the order rests on.
    pub pack: String,
    /// When.
    pub issued_at: Timestamp,
    /// First instant the order is stale.
    pub expires: Timestamp,
    /// What to do.
    pub effect: Effect,
    /// The approvals it rests on, each signed by the approver.
    pub approvals: Vec<Signed<Act>>,
}

/// What the zone did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ReportOutcome {
    /// An order was applied.
    Applied,
    /// An order was refused.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// A batch was stored.
    BatchStored {
        /// Resource.
        resource: ResourceId,
        /// Batch.
        batch: BatchId,
        /// Rows stored.
        rows: u64,
        /// Rows set aside, by reason.
        set_aside: BTreeMap<String, u64>,
        /// Digest of the uploaded bytes.
        digest: Digest,
        /// Encoding found.
        encoding: String,
    },
    /// A job ended with a sealed artefact.
    JobDone {
        /// Job.
        job: JobId,
        /// Canonical digest of the artefact.
        artefact: Digest,
        /// Rows of the artefact.
        rows: u64,
        /// Verdict of the gate: pass, review or block.
        verdict: String,
        /// Digest of the gate report.
        gate_report: Digest,
        /// Lineage: output column → source columns (`table.column`) with transform class.
        lineage: Value,
        /// Milliseconds by stage.
        figures: BTreeMap<String, u64>,
    },
    /// A job ended without an artefact.
    JobFailed {
        /// Job.
        job: JobId,
        /// Why: a refusal or a masked failure.
        refusal: Refusal,
    },
    /// A product was released for delivery.
    Released {
        /// Product.
        product: ProductId,
        /// Canonical digest.
        artefact: Digest,
        /// Rows.
        rows: u64,
    },
    /// Calls answered since the last report, by order.
    Usage {
        /// Segment of receipts.
        segment: u64,
        /// Root over the receipts.
        root: Digest,
        /// Units by order: calls, rows, bytes.
        calls: BTreeMap<OrderId, UsageCount>,
    },
    /// An authorisation's keys and objects were destroyed.
    Destroyed {
        /// Authorisation.
        authorisation: AuthorisationId,
        /// Ids of the destroyed keys.
        keys: Vec<String>,
        /// Number of objects removed.
        objects: u64,
        /// What they were; zones of before did not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        what: Option<DestroyedObjects>,
    },
    /// A resource's keys and records were destroyed.
    ResourceDestroyed {
        /// Resource.
        resource: ResourceId,
        /// Ids of the destroyed keys.
        keys: Vec<String>,
        /// Number of objects removed.
        objects: u64,
        /// What they were.
        what: DestroyedObjects,
    },
    /// A resource's keys were sealed away.
    ResourceSealed {
        /// Resource.
        resource: ResourceId,
        /// Ids of the sealed keys.
        keys: Vec<String>,
    },
    /// A resource's keys were opened by their keepers.
    ResourceUnsealed {
        /// Resource.
        resource: ResourceId,
        /// Ids of the keys.
        keys: Vec<String>,
    },
    /// What was ordered is not done yet: it waits for something outside the zone and is tried again.
    Waits {
        /// Why.
        refusal: Refusal,
    },
    /// The zone was restored to a state from before a resource was withdrawn or sealed, and its keys tell that it was.
    ResourceFound {
        /// Resource.
        resource: ResourceId,
        /// How it was found: `destroyed` or `sealed`.
        deed: ResourceDeed,
        /// Ids of the keys.
        keys: Vec<String>,
    },
}

impl ReportOutcome {
    /// The outcome's name, as reports have it under `outcome`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Refused { .. } => "refused",
            Self::BatchStored { .. } => "batch_stored",
            Self::JobDone { .. } => "job_done",
            Self::JobFailed { .. } => "job_failed",
            Self::Released { .. } => "released",
            Self::Usage { .. } => "usage",
            Self::Destroyed { .. } => "destroyed",
            Self::ResourceDestroyed { .. } => "resource_destroyed",
            Self::ResourceSealed { .. } => "resource_sealed",
            Self::ResourceUnsealed { .. } => "resource_unsealed",
            Self::Waits { .. } => "waits",
            Self::ResourceFound { .. } => "resource_found",
        }
    }
}

/// What a destruction removed: counts by kind, and the digest of the list that the zone keeps of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestroyedObjects {
    /// `results`, `reports`, `products`, `records`, `set_aside`, `others`.
    pub kinds: BTreeMap<String, u64>,
    /// Digest of the list of paths and of the digests of the sealed bytes.
    pub list: Digest,
}

/// Usage of one order in one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageCount {
    /// Answers given.
    pub calls: u64,
    /// Rows delivered.
    pub rows: u64,
    /// Bytes delivered.
    pub bytes: u64,
}

/// A report of the zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneReport {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// Report sequence, from 1, without gaps.
    pub seq: u64,
    /// Case, where there is one.
    pub case: Option<CaseId>,
    /// The case's head that the order bound, where there is an order.
    pub case_head: Option<Digest>,
    /// Head of the zone's own chain for that case.
    pub zone_head: Option<Digest>,
    /// Order answered, where there is one.
    pub order: Option<WorkOrderId>,
    /// When.
    pub at: Timestamp,
    /// What was done.
    #[serde(flatten)]
    pub outcome: ReportOutcome,
}
