//! Plain shapes of digests and signed statements; how they are computed is `crypto`'s business.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A digest as text: `sm3:` or `sha256:` and 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A body with one signature over `yunyu/<type>/v1\n` and the body's RFC 8785 canonical JSON.
/// Which type a value is signed as stands beside the type (`ACT_TYPE`, `ORDER_TYPE`, …).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed<T> {
    /// What is signed. No floating-point number may stand in it.
    pub body: T,
    /// Id of the signing key, as in the key list.
    pub key: String,
    /// `sm2:` or `ed25519:` and the signature in base64.
    pub signature: String,
}
