//! One leaf with everything that proves it stands in a signed log: what `audit prove` prints, and the one file that holds
//! besides what a verifier with the trust file needs.

use crate::LogError;
use crate::keys::{SignedValue, check_lists, read_key_lists};
use crate::leaf::{Leaf, LogName};
use crate::merkle::{self, Node, leaf_node};
use crate::reader::{LogReader, TileNodes};
use crate::report::{Counts, Failure, VerifyReport};
use crate::trust::Trust;
use crate::verify::check_checkpoint;
use crate::{Checkpoint, leaf_hash};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{Hash, HashAlg};
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
    pub(crate) fn make(prover: &mut Prover<'_>, index: u64, leaf: &[u8]) -> Result<Self, LogError> {
        let (sm3_proof, sha256_proof) = (prover.proof(HashAlg::Sm3, index)?, prover.proof(HashAlg::Sha256, index)?);
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

/// Makes the proofs of many leaves of one log: each tile is read, and the tree inside it hashed, only once.
pub(crate) struct Prover<'a> {
    size: u64,
    sm3: TileNodes<'a>,
    sha256: TileNodes<'a>,
}

impl<'a> Prover<'a> {
    pub(crate) fn new(reader: &'a LogReader) -> Self {
        Self { size: reader.size(), sm3: reader.nodes(HashAlg::Sm3), sha256: reader.nodes(HashAlg::Sha256) }
    }

    fn proof(&mut self, alg: HashAlg, index: u64) -> Result<Vec<String>, LogError> {
        let nodes = if alg == HashAlg::Sm3 { &mut self.sm3 } else { &mut self.sha256 };
        Ok(merkle::inclusion(alg, index, self.size, nodes)?.iter().map(|n| BASE64.encode(n)).collect())
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
        let proved = ProvedLeaf::make(&mut Prover::new(&reader), index, &leaf)?;
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

/// The checkpoint of a note, if one of the deployment's logs signed it by a key that the root's lists name for it.
pub(crate) fn vouched(log: LogName, note: &str, keys: &[SignedValue], trust: &Trust) -> Result<Checkpoint, LogError> {
    let checkpoint = Checkpoint::parse(note.as_bytes())?;
    let list = check_lists(keys, Some(&trust.root))?;
    if list.deployment != trust.deployment || list.clock != trust.clock || checkpoint.suite != trust.suite {
        return Err(LogError::malformed("checkpoint", "another deployment, clock or suite than the trust file's"));
    }
    let digests: Result<Vec<Hash>, LogError> =
        keys.iter().map(|l| Ok(trust.suite.hash(&crypto::canonical(l)?))).collect();
    let held = check_checkpoint(&checkpoint, log, &list, &digests?);
    held.map_err(|_| LogError::malformed("checkpoint", "not one that this log's key in force has signed"))?;
    Ok(checkpoint)
}

/// A proved leaf with the key lists: one file that is checked with the trust file alone. Canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafProofFile {
    /// Format version, 1.
    pub v: u32,
    /// The leaf, its proofs and the checkpoint.
    pub proof: LeafProof,
    /// All key lists.
    pub keys: Vec<SignedValue>,
}

impl LeafProofFile {
    /// Proves leaf `index` of a log in `log_dir` (`DATA/log`).
    ///
    /// # Errors
    /// As [`LeafProof::make`].
    pub fn make(log_dir: &Path, log: LogName, index: u64) -> Result<Self, LogError> {
        Ok(Self { v: 1, proof: LeafProof::make(log_dir, log, index)?, keys: read_key_lists(log_dir)? })
    }

    /// The one encoding.
    ///
    /// # Errors
    /// A key list has no canonical JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LogError> {
        Ok(crypto::canonical(self)?)
    }

    /// Checks a file, also a bare [`LeafProof`]; without a trust file, or without key lists in it, only that it agrees with
    /// itself.
    #[must_use]
    pub fn verify(bytes: &[u8], trust: Option<&Trust>) -> VerifyReport {
        let mut counts = Counts::default();
        let mut clock = None;
        let checked = Self::check(bytes, trust, &mut counts, &mut clock);
        let vouched = checked.as_ref().is_ok_and(|v| *v);
        let mut report = VerifyReport::new(checked.map(drop).map_err(Failure::from), vouched, counts, clock);
        report.unproved = report.valid.then(|| match (vouched, trust) {
            (false, Some(_)) => "文件不含密钥清单，未核对检查点的签名 · no key lists in the file: the checkpoint's signature is not checked".to_owned(),
            _ => "日志中的其他条目，以及检查点之后的事 · other leaves of the log, and what happened after the checkpoint".to_owned(),
        });
        report
    }

    /// Whether the checkpoint's signature was held against the trust file.
    fn check(
        bytes: &[u8],
        trust: Option<&Trust>,
        counts: &mut Counts,
        clock: &mut Option<String>,
    ) -> Result<bool, LogError> {
        let bad = || LogError::malformed("leaf proof", "not its canonical encoding");
        let (proof, keys) = match crypto::from_canonical::<Self>(bytes) {
            Ok(file) if file.v == 1 => (file.proof, file.keys),
            Ok(_) => return Err(bad()),
            Err(_) => (crypto::from_canonical(bytes).map_err(|_| bad())?, Vec::new()),
        };
        let (_, checkpoint) = proof.check()?;
        *clock = Some(checkpoint.clock.to_string());
        let vouches = trust.filter(|_| !keys.is_empty());
        if let Some(trust) = vouches {
            vouched(proof.log, &proof.checkpoint, &keys, trust)?;
        }
        for (what, n) in [("leaves", 1), ("proofs", 2), ("key_lists", keys.len() as u64), ("checkpoints", 1)] {
            counts.add(what, n);
        }
        Ok(vouches.is_some())
    }
}

/// Index of the leaf with this hash under the deployment's suite; looks at every leaf.
///
/// # Errors
/// No such leaf under the published checkpoint, or the folder is damaged.
pub fn find_leaf(log_dir: &Path, log: LogName, hash: &Hash) -> Result<Option<u64>, LogError> {
    let (reader, _) = LogReader::open(&log_dir.join(log.as_str()))?;
    let mut found = None;
    reader.each(0, |index, bytes| {
        if found.is_none() && leaf_hash(hash.alg, bytes) == *hash {
            found = Some(index);
        }
        Ok(())
    })?;
    Ok(found)
}
