//! One leaf with everything that proves it stands in a signed log: what `audit prove` prints.

use crate::LogError;
use crate::leaf::{Leaf, LogName};
use crate::merkle::{self, Node, leaf_node};
use crate::reader::LogReader;
use crate::{Checkpoint, leaf_hash};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::HashAlg;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A leaf, its index, and its inclusion proofs under both hashes; nodes in base64, nearest to the leaf first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvedLeaf {
    /// Index in the log, from 0.
    pub index: u64,
    /// The encoded leaf in base64.
    pub leaf: String,
    /// Proof in the SM3 tree.
    pub sm3_proof: Vec<String>,
    /// Proof in the SHA-256 tree.
    pub sha256_proof: Vec<String>,
}

impl ProvedLeaf {
    /// Proves a leaf out of a log's tiles.
    pub(crate) fn make(reader: &LogReader, index: u64, leaf: &[u8]) -> Result<Self, LogError> {
        let proof = |alg| -> Result<Vec<String>, LogError> {
            Ok(reader.inclusion(alg, index)?.iter().map(|n| BASE64.encode(n)).collect())
        };
        let (sm3_proof, sha256_proof) = (proof(HashAlg::Sm3)?, proof(HashAlg::Sha256)?);
        Ok(Self { index, leaf: BASE64.encode(leaf), sm3_proof, sha256_proof })
    }

    /// Checks both proofs against a checkpoint; returns the leaf and its encoding.
    pub(crate) fn check(&self, log: LogName, checkpoint: &Checkpoint) -> Result<(Leaf, Vec<u8>), LogError> {
        let bad = |why| LogError::malformed("leaf proof", why);
        let bytes = BASE64.decode(&self.leaf).map_err(|_| bad("the leaf is not base64"))?;
        for (alg, proof) in [(HashAlg::Sm3, &self.sm3_proof), (HashAlg::Sha256, &self.sha256_proof)] {
            let nodes = decode_nodes(proof).ok_or_else(|| bad("a node is not 32 bytes of base64"))?;
            let (leaf, root) = (leaf_node(alg, &bytes), checkpoint.root(alg));
            if !merkle::verify_inclusion(alg, &leaf, self.index, checkpoint.size, &nodes, &root) {
                return Err(bad("the proof does not lead to the checkpoint's root"));
            }
        }
        let leaf = Leaf::decode(&bytes)?;
        if leaf.log == log { Ok((leaf, bytes)) } else { Err(bad("the leaf belongs to another log")) }
    }
}

/// Nodes out of their base64 texts.
pub(crate) fn decode_nodes(texts: &[String]) -> Option<Vec<Node>> {
    texts.iter().map(|t| BASE64.decode(t).ok()?.try_into().ok()).collect()
}

/// A leaf proved against a log's published checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafProof {
    /// Format version, 1.
    pub v: u32,
    /// Which log.
    pub log: LogName,
    /// The leaf's hash under the deployment's suite.
    pub hash: String,
    /// The leaf and its proofs.
    #[serde(flatten)]
    pub proved: ProvedLeaf,
    /// The checkpoint's note.
    pub checkpoint: String,
}

impl LeafProof {
    /// Proves leaf `index` of a log in `log_dir` (`DATA/log`).
    ///
    /// # Errors
    /// No such leaf under the published checkpoint, or the folder is damaged.
    pub fn make(log_dir: &Path, log: LogName, index: u64) -> Result<Self, LogError> {
        let (reader, checkpoint) = LogReader::open(&log_dir.join(log.as_str()))?;
        let leaf = reader.leaf(index)?;
        let proved = ProvedLeaf::make(&reader, index, &leaf)?;
        let hash = leaf_hash(checkpoint.suite.hash_alg(), &leaf).to_string();
        Ok(Self { v: 1, log, hash, proved, checkpoint: checkpoint.render() })
    }

    /// Checks the proofs; whether the checkpoint's signature is right, [`Checkpoint::verify`] says.
    ///
    /// # Errors
    /// A proof does not hold.
    pub fn check(&self) -> Result<(Leaf, Checkpoint), LogError> {
        let checkpoint = Checkpoint::parse(self.checkpoint.as_bytes())?;
        let (leaf, bytes) = self.proved.check(self.log, &checkpoint)?;
        if self.v != 1 || leaf_hash(checkpoint.suite.hash_alg(), &bytes).to_string() != self.hash {
            return Err(LogError::malformed("leaf proof", "not its own hash or version"));
        }
        Ok((leaf, checkpoint))
    }
}
