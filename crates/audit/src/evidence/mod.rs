//! One file that proves the story of a product, a decision, a person's doings or a destruction without network or server: statements with their signatures, the leaves
//! that record them with proofs into both logs' signed checkpoints, and the documents they name by digest.
//!
//! The format is described in `docs/evidence.md`. It must not know what a quorum is: [`Quorum`] is the caller's.

mod build;
mod certificate;
mod chain;
mod check;
mod documents;
mod left_out;
mod product;
mod registered;
mod statements;
mod subject;
mod witnesses;

pub use build::{EvidenceBuilder, Origin};
pub use check::verify;
pub use subject::KINDS;

use crate::keys::{KeyListView, SignedValue};
use crate::leaf::LogName;
use crate::proof::ProvedLeaf;
use crate::trust::ClockKind;
use crypto::{CryptoError, Hash, PublicKey, Suite};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Signed type of evidence files.
pub const EVIDENCE_TYPE: &str = "evidence";
/// Type under which a whole signed statement (`{body, key, signature}`) is digested; leaves refer to it so.
pub const STATEMENT_TYPE: &str = "signed";

/// By how much one signer's time may differ from another's: as the platform takes acts.
const SKEW_MS: i64 = 10 * 60_000;

/// Asks whether an order's approvals suffice. Given are the order, the approvals in it (each already verified as an
/// act of its own), and the newest key list. The text of a refusal is shown.
pub type Quorum<'a> = &'a dyn Fn(&Statement, &[Statement], &KeyListView) -> Result<(), String>;

/// Digest of a signed statement (`{body, key, signature}`): what `refs.act`, `refs.order`, `refs.report` hold.
///
/// # Errors
/// It has no canonical JSON.
pub fn statement_digest<T: Serialize>(suite: Suite, signed: &T) -> Result<Hash, CryptoError> {
    crypto::digest_of(suite, STATEMENT_TYPE, signed)
}

/// The file: canonical JSON of the evidence with the platform's signature over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFile {
    /// The evidence.
    pub body: Evidence,
    /// Id of the platform's key.
    pub key: String,
    /// Its signature, of type `evidence`.
    pub signature: String,
}

/// What the evidence is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// One of [`KINDS`].
    pub kind: String,
    /// Id of the product, the case, the person, or the authorisation that ended.
    pub id: String,
}

/// The evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// What it is about.
    pub subject: Subject,
    /// Suite of every digest and signature.
    pub suite: Suite,
    /// Kind of clock.
    pub clock: ClockKind,
    /// When it was made, in milliseconds since 1970.
    pub made_at: i64,
    /// The authority root's key, as the deployment claims it; only a trust file makes it believable.
    pub root: PublicKey,
    /// Digest of the deployment's trust file, if known to the exporter.
    pub trust_digest: Option<Hash>,
    /// Every key list from number 1 on.
    pub key_lists: Vec<SignedValue>,
    /// Checkpoints and leaves by log.
    pub logs: BTreeMap<LogName, LogPart>,
    /// For each anchor in a checkpoint above: proof that it is the same history.
    pub anchors: Vec<AnchorProof>,
    /// Checkpoints that witnesses have cosigned, by log and witness; absent where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnessed: Vec<Witnessed>,
    /// Signed statements in order of type and digest.
    pub statements: Vec<Statement>,
    /// Documents in order of name.
    pub documents: Vec<Document>,
    /// The story in plain words. The platform vouches for the words, the leaves for what happened.
    pub story: Vec<StoryStep>,
}

/// What is shown of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPart {
    /// The checkpoint's note.
    pub checkpoint: String,
    /// Leaves in order of index.
    pub leaves: Vec<ProvedLeaf>,
}

/// Consistency between a checkpoint and what the other log has seen of the same log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorProof {
    /// The log that was seen.
    pub log: LogName,
    /// Size at which it was seen.
    pub size: u64,
    /// RFC 9162 consistency proof in the SM3 tree between that size and the checkpoint's, nodes in base64.
    pub proof: Vec<String>,
}

/// A checkpoint that a witness has cosigned, and proofs that the log here extends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witnessed {
    /// The log that was seen.
    pub log: LogName,
    /// Name of the witness.
    pub witness: String,
    /// The note with the witness's line under it.
    pub note: String,
    /// RFC 9162 consistency proof in the SM3 tree from there to the checkpoint, nodes in base64.
    pub sm3_proof: Vec<String>,
    /// The same in the SHA-256 tree.
    pub sha256_proof: Vec<String>,
}

/// A signed statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Signed type: `act`, `order`, `report`, `certificate`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What is signed.
    pub body: Value,
    /// Id of the signing key.
    pub key: String,
    /// Signature.
    pub signature: String,
}

impl Statement {
    /// The statement without its type, as it was digested.
    #[must_use]
    pub fn signed(&self) -> SignedValue {
        SignedValue { body: self.body.clone(), key: self.key.clone(), signature: self.signature.clone() }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// A document that leaves or statements name by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Name, unique in the file.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// `null`: the digest is that of the bytes. A type name: the bytes are canonical JSON, digested as
    /// `yunyu/<type>/v1\n` and the bytes.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Digest.
    pub digest: Hash,
    /// The bytes in base64.
    pub content: String,
}

/// A step of the story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoryStep {
    /// Number, from 1.
    pub n: u64,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Article, beginning with its number.
    pub article: Option<String>,
    /// Index of the platform's leaf that records it.
    pub leaf: Option<u64>,
}
