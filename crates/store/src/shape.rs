//! The platform's audit leaf and its one encoding.

use crypto::{CryptoError, Hash, HashAlg};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One audit leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Format version, 1.
    pub v: u32,
    /// Log.
    pub log: String,
    /// When, ms.
    pub at: i64,
    /// Verb phrase.
    pub kind: String,
    /// Case.
    pub case: Option<String>,
    /// Place in the case, from 1.
    pub case_seq: Option<u64>,
    /// Hash of the case's previous leaf.
    pub prev: Option<String>,
    /// Pseudonymous person.
    pub actor: Option<String>,
    /// Organisation.
    pub org: Option<String>,
    /// done or refused.
    pub outcome: String,
    /// Rule.
    pub rule: Option<String>,
    /// Article.
    pub article: Option<String>,
    /// Digest of the object.
    pub object: Option<String>,
    /// Further ids and digests.
    pub refs: BTreeMap<String, String>,
}

impl Leaf {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, CryptoError> {
        crypto::canonical(self)
    }
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CryptoError> {
        crypto::from_canonical(bytes)
    }
    pub(crate) fn hash_bytes(alg: HashAlg, bytes: &[u8]) -> Hash {
        alg.hash(&[&[0], bytes].concat())
    }
}
