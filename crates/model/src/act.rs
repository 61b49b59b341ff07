//! An act: one person's signed statement in a procedure, over the canonical object approved.

use crate::ids::{CaseId, OrgId, PersonId};
use crate::signed::Digest;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Signed type name of an act.
pub const ACT_TYPE: &str = "act";

/// What the actor decided at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Do the step / agree.
    Approve,
    /// Decline.
    Reject,
}

/// The statement that an approver signs. `object` is the digest (`crypto::digest_of(suite, "object", …)`)
/// of the case's canonical object as the signer saw it; `head` is the leaf hash of the case's chain the signer saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// The case.
    pub case: CaseId,
    /// Procedure name in the pack.
    pub procedure: String,
    /// Step name in the procedure.
    pub step: String,
    /// Decision.
    pub decision: Decision,
    /// Digest of the canonical object the act is about.
    pub object: Digest,
    /// Digest of the documents and findings handed in with the act (empty object if none).
    pub documents: Digest,
    /// Leaf hash of the case's chain as seen by the signer; `None` before the first leaf.
    pub head: Option<Digest>,
    /// Who signs.
    pub person: PersonId,
    /// For which organisation.
    pub org: OrgId,
    /// When, on the deployment's clock.
    pub at: Timestamp,
}
