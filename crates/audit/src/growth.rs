//! Whether a log has grown out of what was seen of it: what either log asks of the other before it anchors it anew.

use crate::checkpoint::{Anchor, Checkpoint};
use crate::error::LogError;
use crate::merkle::{Node, verify_consistency};
use crate::proof::decode_nodes;
use crate::reader::LogReader;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::HashAlg;
use std::path::Path;

/// What a checkpoint is to an anchor of the same log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It extends what was seen, or is that.
    Extends,
    /// It is shorter: the log was put back.
    RolledBack,
    /// It has another root at the size that was seen.
    Other,
    /// It is longer, and nothing shows that it extends what was seen.
    NotShown,
}

/// The newest checkpoint of a log's folder, and the proof (SM3 tree, base64) that it extends its first `old` leaves; no proof
/// where the log has no more than those.
///
/// # Errors
/// The folder cannot be read or is damaged.
pub fn growth(log: &Path, old: u64) -> Result<(Checkpoint, Vec<String>), LogError> {
    let (reader, checkpoint) = LogReader::open(log)?;
    if old == 0 || old >= checkpoint.size {
        return Ok((checkpoint, Vec::new()));
    }
    let proof = reader.consistency(HashAlg::Sm3, old, checkpoint.size)?;
    Ok((checkpoint, proof.iter().map(|node| BASE64.encode(node)).collect()))
}

/// Judges a checkpoint by what was seen; the checkpoint's signature is the caller's business.
#[must_use]
pub fn grown(seen: &Anchor, now: &Checkpoint, proof: &[String]) -> Growth {
    let root = now.root(HashAlg::Sm3);
    if now.origin != seen.origin {
        return Growth::Other;
    }
    if seen.size == 0 {
        return Growth::Extends;
    }
    if now.size < seen.size {
        return Growth::RolledBack;
    }
    if now.size == seen.size {
        return if root == seen.sm3 { Growth::Extends } else { Growth::Other };
    }
    let shown = |p: Vec<Node>| verify_consistency(HashAlg::Sm3, (seen.size, &seen.sm3), (now.size, &root), &p);
    if decode_nodes(proof).is_some_and(shown) { Growth::Extends } else { Growth::NotShown }
}
