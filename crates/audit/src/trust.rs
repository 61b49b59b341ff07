//! The trust file: what a verifier must have from elsewhere before it believes a log or an evidence file.

use crate::LogError;
use crate::cosign::WitnessKey;
use crypto::{Hash, PublicKey, Suite};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Kind of clock of a deployment, fixed when its folder is initialised (invariant 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The machine's clock.
    Real,
    /// A simulated clock: a demonstration, not a record of real events.
    Simulated,
}

impl fmt::Display for ClockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Simulated => "simulated",
        })
    }
}

impl FromStr for ClockKind {
    type Err = LogError;

    fn from_str(s: &str) -> Result<Self, LogError> {
        match s {
            "real" => Ok(Self::Real),
            "simulated" => Ok(Self::Simulated),
            _ => Err(LogError::malformed("clock", "neither real nor simulated")),
        }
    }
}

/// The rule pack of the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRef {
    /// Name, such as the city's.
    pub name: String,
    /// Version.
    pub version: String,
    /// Digest of the pack.
    pub digest: Hash,
}

/// The trust file: one canonical JSON object without a trailing newline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// City (name of its pack).
    pub city: String,
    /// Suite of every digest and signature of the deployment.
    pub suite: Suite,
    /// Kind of clock.
    pub clock: ClockKind,
    /// The offline authority root that signs key lists.
    pub root: PublicKey,
    /// Rule pack the deployment was initialised with.
    pub pack: PackRef,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
    /// How many of which witnesses must have seen a log before it is trusted; absent where none need to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnesses: Option<WitnessPolicy>,
}

/// `k` of these witnesses must have cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessPolicy {
    /// How many, from 1 to the number of keys.
    pub k: u32,
    /// The witnesses, each once.
    pub keys: Vec<WitnessKey>,
}

impl WitnessPolicy {
    /// Is `k` within reach, and does every name and key stand in it once?
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let once = |i: usize, key: &WitnessKey| {
            self.keys.iter().take(i).all(|k| k.name() != key.name() && k.public() != key.public())
        };
        (1..=self.keys.len()).contains(&(self.k as usize)) && self.keys.iter().enumerate().all(|(i, k)| once(i, k))
    }
}

impl Trust {
    /// The one encoding.
    ///
    /// # Errors
    /// A field has no canonical JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LogError> {
        Ok(crypto::canonical(self)?)
    }

    /// Reads a trust file; only its one encoding is accepted.
    ///
    /// # Errors
    /// Not the canonical encoding of a trust file, or of an unknown version.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        let bad = |_| LogError::malformed("trust file", "not the canonical encoding of a trust file");
        let trust: Self = crypto::from_canonical(bytes).map_err(bad)?;
        if trust.v != 1 {
            return Err(LogError::malformed("trust file", "unknown version"));
        }
        if trust.root.suite() != trust.suite {
            return Err(LogError::malformed("trust file", "the root key is not of the deployment's suite"));
        }
        if trust.witnesses.as_ref().is_some_and(|w| !w.is_sound()) {
            return Err(LogError::malformed("trust file", "its witnesses do not suffice or stand in it twice"));
        }
        Ok(trust)
    }

    /// Digest of the file without its witnesses: those are each verifier's own, the rest is the deployment's.
    ///
    /// # Errors
    /// As [`Trust::to_bytes`].
    pub fn digest(&self) -> Result<Hash, LogError> {
        let own = Self { witnesses: None, ..self.clone() };
        Ok(crypto::digest_of(self.suite, "trust", &own)?)
    }
}
