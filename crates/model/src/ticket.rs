//! Tickets and leases: short-lived statements of the platform that the zone checks at its own endpoint.

use crate::ids::{AuthorisationId, BatchId, GrantId, JobId, OrderId, OrgId, PersonId, ProductId, ResourceId, TicketId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Signed type name of a ticket.
pub const TICKET_TYPE: &str = "ticket";
/// Signed type name of a lease.
pub const LEASE_TYPE: &str = "lease";
/// Signed type name of a caller's proof of possession.
pub const PROOF_TYPE: &str = "proof";

/// What a ticket allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum TicketPurpose {
    /// Upload one batch of a resource.
    Upload {
        /// Resource.
        resource: ResourceId,
        /// Batch.
        batch: BatchId,
    },
    /// Download the rows set aside from a batch (provider only).
    SetAside {
        /// Resource.
        resource: ResourceId,
        /// Batch.
        batch: BatchId,
    },
    /// Read the gate report of a job.
    GateReport {
        /// Job.
        job: JobId,
    },
    /// Watch or cancel a job of the own organisation.
    Job {
        /// Job.
        job: JobId,
    },
    /// Have a file looked at before it is catalogued (provider only); nothing of it is kept.
    Classify {},
    /// Synthetic rows of a granted table, in the shape of its contract.
    Preview {
        /// Grant.
        grant: GrantId,
    },
    /// Download or query a delivered product under an order.
    Product {
        /// Product.
        product: ProductId,
        /// Order.
        order: OrderId,
    },
}

/// Who holds a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "holder", rename_all = "snake_case")]
pub enum TicketHolder {
    /// A person, who proves possession of the signing key with a `Proof`.
    Person {
        /// Who.
        person: PersonId,
        /// Key id.
        key: String,
    },
    /// A consumer's access key; the zone knows its digest from the recipient order.
    AccessKey {
        /// Digest of the access key.
        digest: crate::Digest,
    },
}

/// A ticket for the zone's endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// Its id.
    pub id: TicketId,
    /// What it allows.
    #[serde(flatten)]
    pub purpose: TicketPurpose,
    /// Who holds it.
    #[serde(flatten)]
    pub holder: TicketHolder,
    /// Organisation of the holder.
    pub org: OrgId,
    /// First instant.
    pub not_before: Timestamp,
    /// First instant it no longer holds.
    pub expires: Timestamp,
}

/// Proof of possession sent with a ticket: signed by the holder's key for exactly one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Format version, 1.
    pub v: u32,
    /// Ticket.
    pub ticket: TicketId,
    /// HTTP method, upper case.
    pub method: String,
    /// Path of the request, without query.
    pub path: String,
    /// When.
    pub at: Timestamp,
    /// Random text, used once.
    pub nonce: String,
}

/// What is in force, for the next 60 seconds. What a lease does not name is not in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// When the platform signed.
    pub issued_at: Timestamp,
    /// First instant it no longer holds.
    pub until: Timestamp,
    /// Authorisations in force (not suspended, ended or expired).
    pub authorisations: Vec<AuthorisationId>,
    /// Deliveries that ended before their term: the order was ended, or its product withdrawn. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<OrderId>,
    /// Highest order sequence the platform has issued; a zone behind it must fetch before it serves.
    pub order_seq: u64,
}
