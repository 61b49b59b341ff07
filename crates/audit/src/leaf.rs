//! One entry of a log: who did what in which case, by ids and digests only (invariants 3 and 6).
//!
//! A leaf must not hold a personal value: every text in it is an id, a digest or a rule's number.

use crate::LogError;
use crypto::{Hash, HashAlg};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Largest leaf in bytes: an entry bundle gives its length two bytes (C2SP tlog-tiles).
pub const MAX_LEAF: usize = 65_535;
const MAX_TEXT: usize = 256;
const MAX_REFS: usize = 64;

/// Which of the two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogName {
    /// The platform's log.
    Platform,
    /// The zone's log.
    Zone,
}

impl LogName {
    /// Both logs.
    pub const ALL: [Self; 2] = [Self::Platform, Self::Zone];

    /// `platform` or `zone`: the folder's name and the end of the checkpoint's origin.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Zone => "zone",
        }
    }

    /// Kind of the key list entry that signs this log's checkpoints.
    #[must_use]
    pub fn holder(self) -> &'static str {
        match self {
            Self::Platform => "platform_log",
            Self::Zone => "zone_log",
        }
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Did the command do something, or was it refused?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// Refused; `rule` and `article` say why.
    Refused,
}

/// Largest integer in signed JSON, 2^53 − 1.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// An entry. Encoded as RFC 8785 canonical JSON with every member present (`null` where there is none).
///
/// The fields stand in the order of their names, which is the canonical order: so the plain serializer writes the
/// canonical text, ten times as fast as one that sorts (`log::leaf_has_one_encoding` holds the two against each other).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Pseudonymous id of the acting person.
    pub actor: Option<String>,
    /// Article the rule stands on.
    pub article: Option<String>,
    /// When, in milliseconds since 1970 on the deployment's clock.
    pub at: i64,
    /// The case, where there is one.
    pub case: Option<String>,
    /// Sequence in the case's chain in this log, from 1 without gaps.
    pub case_seq: Option<u64>,
    /// Verb in snake case.
    pub kind: String,
    /// Which log.
    pub log: LogName,
    /// Digest of the canonical object acted on.
    pub object: Option<String>,
    /// Organisation acted for.
    pub org: Option<String>,
    /// Done or refused.
    pub outcome: Outcome,
    /// Leaf hash of the case's previous leaf in this log; none for the first.
    pub prev: Option<String>,
    /// Further ids and digests by name. `act`, `order` and `report` hold the digest of a signed statement
    /// (`evidence::statement_digest`) or an id.
    pub refs: BTreeMap<String, String>,
    /// Rule that decided.
    pub rule: Option<String>,
    /// Format version, 1.
    pub v: u32,
}

impl Leaf {
    /// The one encoding.
    ///
    /// # Errors
    /// A field breaks its form, or the leaf is longer than 65535 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, LogError> {
        self.check()?;
        let bytes = self.text()?;
        if bytes.len() > MAX_LEAF {
            return Err(LogError::Leaf("longer than 65535 bytes"));
        }
        Ok(bytes)
    }

    /// Reads a leaf; only its one encoding is accepted.
    ///
    /// # Errors
    /// Not the canonical encoding of a well-formed leaf.
    pub fn decode(bytes: &[u8]) -> Result<Self, LogError> {
        if bytes.len() > MAX_LEAF {
            return Err(LogError::Leaf("longer than 65535 bytes"));
        }
        let other = || LogError::Leaf("not the canonical encoding of a leaf");
        let leaf: Self = serde_json::from_slice(bytes).map_err(|_| other())?;
        // Held against the bytes while it is written, so that no second text has to be made.
        let mut same = Same { rest: bytes };
        serde_json::to_writer(&mut same, &leaf).map_err(|_| other())?;
        if !same.rest.is_empty() {
            return Err(other());
        }
        leaf.check()?;
        Ok(leaf)
    }

    fn text(&self) -> Result<Vec<u8>, LogError> {
        serde_json::to_vec(self).map_err(|_| LogError::Leaf("it has no JSON"))
    }

    fn check(&self) -> Result<(), LogError> {
        if self.v != 1 {
            return Err(LogError::Leaf("unknown version"));
        }
        if self.at.unsigned_abs() > MAX_INTEGER || self.case_seq.is_some_and(|n| n > MAX_INTEGER) {
            return Err(LogError::Leaf("a number is beyond 2^53 - 1"));
        }
        if !is_name(&self.kind) {
            return Err(LogError::Leaf("kind is not a verb in snake case"));
        }
        self.check_chain()?;
        let ids = [&self.case, &self.actor, &self.org, &self.prev, &self.object, &self.rule];
        if !ids.into_iter().flatten().all(|s| is_id(s)) {
            return Err(LogError::Leaf("an id holds more than visible ASCII"));
        }
        if !self.article.as_deref().is_none_or(is_text) {
            return Err(LogError::Leaf("article is not one short line"));
        }
        if self.refs.len() > MAX_REFS || !self.refs.iter().all(|(k, v)| is_name(k) && is_id(v)) {
            return Err(LogError::Leaf("refs hold more than names with ids and digests"));
        }
        Ok(())
    }

    fn check_chain(&self) -> Result<(), LogError> {
        let fine = match (&self.case, self.case_seq, &self.prev) {
            (None, None, None) | (Some(_), Some(1), None) => true,
            (Some(_), Some(seq), Some(prev)) => seq > 1 && prev.parse::<Hash>().is_ok(),
            _ => false,
        };
        if fine { Ok(()) } else { Err(LogError::Leaf("case, case_seq and prev do not fit together")) }
    }
}

/// A writer that takes only the bytes that it expects.
struct Same<'a> {
    rest: &'a [u8],
}

impl std::io::Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.rest = self.rest.strip_prefix(bytes).ok_or(std::io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn is_name(s: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=64).contains(&s.len()) && s.bytes().all(letter)
}

fn is_id(s: &str) -> bool {
    (1..=MAX_TEXT).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_graphic())
}

fn is_text(s: &str) -> bool {
    (1..=MAX_TEXT).contains(&s.len()) && !s.chars().any(char::is_control)
}

/// RFC 9162 leaf hash of an encoded leaf: H(0x00 ‖ bytes). The case chain and people's acts use it under the
/// deployment suite's hash.
#[must_use]
pub fn leaf_hash(alg: HashAlg, bytes: &[u8]) -> Hash {
    Hash { alg, bytes: crate::merkle::leaf_node(alg, bytes) }
}
