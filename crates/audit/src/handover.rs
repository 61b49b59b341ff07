//! Leaves handed over to another keeper of logs, range by range: each file proves its leaves under a checkpoint and that
//! they follow what was handed over before; a receipt of the receiver says how far it got, and the next range goes on
//! from there.
//!
//! A leaf of a class that is not handed over stands as its two hashes, so that the roots still come out.

use crate::checkpoint::{Checkpoint, LogSigner};
use crate::files::Folder;
use crate::keys::{SignedValue, read_key_lists};
use crate::leaf::{Leaf, LogName};
use crate::merkle::{Node, RangeRoots, leaf_node, range_proof, range_roots, root_within};
use crate::proof::{decode_nodes, vouched};
use crate::trust::Trust;
use crate::{LogError, LogReader, WitnessKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{Hash, HashAlg};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Signed type of receipts.
const RECEIPT_TYPE: &str = "log-receipt";
/// Most leaves in one file.
pub const MOST: u64 = 65_536;

fn bad(why: &'static str) -> LogError {
    LogError::malformed("hand-over", why)
}

/// One place of the log: its leaf in base64, or the leaf's hashes where it is not handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Handed {
    /// The leaf.
    Whole {
        /// Base64 of its bytes.
        leaf: String,
    },
    /// Its hashes only.
    Hashes {
        /// RFC 9162 leaf hash under SM3, base64.
        sm3: String,
        /// The same under SHA-256.
        sha256: String,
    },
}

/// A range of leaves. One file; canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// Format version, 1.
    pub v: u32,
    /// Which log.
    pub log: LogName,
    /// Index of the first.
    pub from: u64,
    /// The places, one after another.
    pub leaves: Vec<Handed>,
    /// Range proof in the SM3 tree, base64.
    pub sm3_proof: Vec<String>,
    /// Range proof in the SHA-256 tree, base64.
    pub sha256_proof: Vec<String>,
    /// The note they are proved under.
    pub checkpoint: String,
    /// All key lists.
    pub keys: Vec<SignedValue>,
}

/// How far a receiver has got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptBody {
    /// Format version, 1.
    pub v: u32,
    /// First line of the log's checkpoints.
    pub origin: String,
    /// First index of the range.
    pub from: u64,
    /// First index after it.
    pub to: u64,
    /// SM3 root over the first `to` leaves.
    pub sm3: Hash,
    /// SHA-256 root over the same.
    pub sha256: Hash,
    /// Digest of the file that was handed over.
    pub file: Hash,
    /// Who received it.
    pub receiver: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// A receipt, signed by the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// What is said.
    pub body: ReceiptBody,
    /// Id of the receiver's key.
    pub key: String,
    /// Signature.
    pub signature: String,
}

impl Receipt {
    /// Reads a receipt and checks that this receiver signed it.
    ///
    /// # Errors
    /// Not its one encoding, of another receiver, or not signed by it.
    pub fn parse(bytes: &[u8], receiver: &WitnessKey) -> Result<Self, LogError> {
        let receipt: Self = crypto::from_canonical(bytes).map_err(|_| bad("not a receipt"))?;
        let named = receipt.body.receiver == receiver.name() && receipt.key == receiver.public().key_id();
        receiver.public().verify(RECEIPT_TYPE, &receipt.body, &receipt.signature)?;
        if named && receipt.body.v == 1 { Ok(receipt) } else { Err(bad("another receiver's receipt")) }
    }
}

impl HandOver {
    /// Leaves from an index on, at most `max`, out of a log folder (`DATA/log`); of those that `keep` does not take only
    /// the hashes. `None` where the published checkpoint has no leaf from that index on.
    ///
    /// # Errors
    /// The folder is damaged.
    pub fn make(
        log_dir: &Path,
        log: LogName,
        from: u64,
        max: u64,
        keep: &dyn Fn(&Leaf) -> bool,
    ) -> Result<Option<Self>, LogError> {
        let (reader, checkpoint) = LogReader::open(&log_dir.join(log.as_str()))?;
        let to = checkpoint.size.min(from.saturating_add(max.clamp(1, MOST)));
        if from >= to {
            return Ok(None);
        }
        let mut leaves = Vec::new();
        reader.upto(to).each(from, |_, bytes| {
            leaves.push(if keep(&Leaf::decode(bytes)?) {
                Handed::Whole { leaf: BASE64.encode(bytes) }
            } else {
                let hash = |alg| BASE64.encode(leaf_node(alg, bytes));
                Handed::Hashes { sm3: hash(HashAlg::Sm3), sha256: hash(HashAlg::Sha256) }
            });
            Ok(())
        })?;
        let proof = |alg| -> Result<Vec<String>, LogError> {
            let nodes = range_proof(alg, from..to, checkpoint.size, &mut reader.nodes(alg))?;
            Ok(nodes.iter().map(|n| BASE64.encode(n)).collect())
        };
        let (sm3_proof, sha256_proof) = (proof(HashAlg::Sm3)?, proof(HashAlg::Sha256)?);
        let (checkpoint, keys) = (checkpoint.render(), read_key_lists(log_dir)?);
        Ok(Some(Self { v: 1, log, from, leaves, sm3_proof, sha256_proof, checkpoint, keys }))
    }

    /// The one encoding.
    ///
    /// # Errors
    /// A key list has no canonical JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LogError> {
        Ok(crypto::canonical(self)?)
    }

    /// First index after it.
    #[must_use]
    pub fn to(&self) -> u64 {
        self.from + self.leaves.len() as u64
    }

    /// Reads a range; only its one encoding is accepted. Nothing is believed of it yet.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        let range: Self = crypto::from_canonical(bytes).map_err(|_| bad("not its canonical encoding"))?;
        let fits = range.v == 1 && (1..=MOST).contains(&(range.leaves.len() as u64));
        if fits && range.from.checked_add(MOST).is_some() { Ok(range) } else { Err(bad("not a range of version 1")) }
    }

    /// Checks the range against the trust file; returns its checkpoint, and the roots of both trees before it and up to its
    /// end.
    ///
    /// # Errors
    /// A leaf, proof, signature or key list does not hold.
    pub fn check(&self, trust: &Trust) -> Result<(Checkpoint, [RangeRoots; 2]), LogError> {
        let checkpoint = vouched(self.log, &self.checkpoint, &self.keys, trust)?;
        let roots = |alg, proof: &[String]| -> Result<RangeRoots, LogError> {
            let nodes = decode_nodes(proof).ok_or_else(|| bad("a node is not 32 bytes of base64"))?;
            let leaves = self.leaves.iter().map(|l| self.hash(l, alg)).collect::<Result<Vec<Node>, _>>()?;
            let roots = range_roots(alg, self.from, &leaves, checkpoint.size, &nodes);
            roots.filter(|r| r.whole == checkpoint.root(alg)).ok_or_else(|| bad("the leaves are not those of the log"))
        };
        let both = [roots(HashAlg::Sm3, &self.sm3_proof)?, roots(HashAlg::Sha256, &self.sha256_proof)?];
        Ok((checkpoint, both))
    }

    /// Whether what a witness has seen of the log is in it, as far as the range and its checkpoint show that: `None` where
    /// they do not come to that size.
    fn holds_seen(&self, checkpoint: &Checkpoint, seen: &Seen) -> Result<Option<bool>, LogError> {
        let (at, roots) = seen;
        let mut same = true;
        for (alg, proof, root) in
            [(HashAlg::Sm3, &self.sm3_proof, roots[0].bytes), (HashAlg::Sha256, &self.sha256_proof, roots[1].bytes)]
        {
            let nodes = decode_nodes(proof).ok_or_else(|| bad("a node is not 32 bytes of base64"))?;
            let leaves = self.leaves.iter().map(|l| self.hash(l, alg)).collect::<Result<Vec<Node>, _>>()?;
            let whole = (*at == checkpoint.size).then(|| checkpoint.root(alg));
            let found = whole.or_else(|| root_within(alg, self.from, &leaves, checkpoint.size, &nodes, *at));
            let Some(found) = found else { return Ok(None) };
            same &= found == root;
        }
        Ok(Some(same))
    }

    fn hash(&self, handed: &Handed, alg: HashAlg) -> Result<Node, LogError> {
        match handed {
            Handed::Whole { leaf } => {
                let bytes = BASE64.decode(leaf).map_err(|_| bad("a leaf is not base64"))?;
                if Leaf::decode(&bytes)?.log != self.log {
                    return Err(bad("a leaf belongs to another log"));
                }
                Ok(leaf_node(alg, &bytes))
            }
            Handed::Hashes { sm3, sha256 } => {
                let text = if alg == HashAlg::Sm3 { sm3 } else { sha256 };
                let hash = BASE64.decode(text).ok().and_then(|b| b.try_into().ok());
                hash.ok_or_else(|| bad("a hash is not 32 bytes of base64"))
            }
        }
    }
}

/// What a receiver keeps of a log besides the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reached {
    v: u32,
    to: u64,
    sm3: Hash,
    sha256: Hash,
}

/// What a witness has seen of a log: its size, and the roots in the SM3 and the SHA-256 tree.
pub type Seen = (u64, [Hash; 2]);

/// Receives ranges into a folder, `<log>/<from>-<to>.json` each. Ranges come without a gap, and each must follow the roots
/// that the one before came to: a log that was exchanged between two hand-overs is found.
#[derive(Debug)]
pub struct Receiver {
    folder: Folder,
    trust: Trust,
    key: WitnessKey,
    _lock: std::fs::File,
}

impl Receiver {
    /// Opens or makes the folder.
    ///
    /// # Errors
    /// Another process has it open, or it cannot be written.
    pub fn open(dir: &Path, trust: Trust, key: WitnessKey) -> Result<Self, LogError> {
        let folder = Folder::new(dir);
        folder.make()?;
        let lock = crate::signer::lock(&dir.join("received"))?;
        folder.sweep(|_| Vec::new())?;
        Ok(Self { folder, trust, key, _lock: lock })
    }

    /// Index that the next range must begin with.
    ///
    /// # Errors
    /// The folder is damaged.
    pub fn next(&self, log: LogName) -> Result<u64, LogError> {
        Ok(self.reached(log)?.map_or(0, |r| r.to))
    }

    fn reached(&self, log: LogName) -> Result<Option<Reached>, LogError> {
        let Some(bytes) = self.folder.read(&format!("{log}/reached.json"))? else { return Ok(None) };
        crypto::from_canonical(&bytes).map(Some).map_err(|_| bad("the receiver's memory is damaged"))
    }

    /// Takes a range, keeps it durably, and signs the receipt. The last range may come again: its receipt is given again.
    /// `seen`: what the receiver, as a witness, has cosigned of this log; nothing of another history is received.
    ///
    /// # Errors
    /// It does not follow what was received, contradicts what was cosigned, or does not hold.
    pub fn take(
        &self,
        bytes: &[u8],
        signer: &dyn LogSigner,
        now_ms: i64,
        seen: Option<&Seen>,
    ) -> Result<Receipt, LogError> {
        let range = HandOver::parse(bytes)?;
        let (checkpoint, [sm3, sha256]) = range.check(&self.trust)?;
        if let Some(seen) = seen.filter(|(size, _)| *size > 0)
            && range.holds_seen(&checkpoint, seen)? == Some(false)
        {
            return Err(bad("the log is another history than the one that this witness has cosigned"));
        }
        let (log, suite) = (range.log, self.trust.suite);
        let file = format!("{log}/{:012}-{:012}.json", range.from, range.to());
        let hash = |alg, bytes| Hash { alg, bytes };
        let next = Reached {
            v: 1,
            to: range.to(),
            sm3: hash(HashAlg::Sm3, sm3.upto),
            sha256: hash(HashAlg::Sha256, sha256.upto),
        };
        let before = self.reached(log)?;
        let again = before.as_ref() == Some(&next) && self.folder.read(&file)?.as_deref() == Some(bytes);
        if !again {
            let follows = match &before {
                None => range.from == 0,
                Some(r) => (r.to, r.sm3.bytes, r.sha256.bytes) == (range.from, sm3.before, sha256.before),
            };
            if !follows {
                return Err(bad("the range does not follow what was received before"));
            }
            self.folder.write(&file, bytes)?;
            self.folder.write(&format!("{log}/reached.json"), &crypto::canonical(&next)?)?;
        }
        let body = ReceiptBody {
            v: 1,
            origin: checkpoint.origin,
            from: range.from,
            to: next.to,
            sm3: next.sm3,
            sha256: next.sha256,
            file: suite.hash(bytes),
            receiver: self.key.name().to_owned(),
            at: now_ms,
        };
        let message = crypto::signing_bytes(RECEIPT_TYPE, &body)?;
        let signature = signer.sign(&message)?;
        let receipt = Receipt { body, key: self.key.public().key_id(), signature };
        Receipt::parse(&crypto::canonical(&receipt)?, &self.key)
    }
}

/// Where the next range of a log begins by a receiver's receipts, of which `files` are the bytes; ranges that are missing
/// in between are handed over again.
///
/// # Errors
/// A receipt is not this receiver's, or tells of another history than the log in `log_dir`.
pub fn resume(log_dir: &Path, log: LogName, receiver: &WitnessKey, files: &[Vec<u8>]) -> Result<u64, LogError> {
    let (reader, checkpoint) = LogReader::open(&log_dir.join(log.as_str()))?;
    let mut ranges = Vec::new();
    for bytes in files {
        let body = Receipt::parse(bytes, receiver)?.body;
        if body.origin != checkpoint.origin {
            continue;
        }
        for root in [body.sm3, body.sha256] {
            if reader.root(root.alg, body.to)? != root.bytes {
                return Err(bad("a receipt tells of another history than this log's"));
            }
        }
        ranges.push((body.from, body.to));
    }
    ranges.sort_unstable();
    Ok(ranges.into_iter().fold(0, |reached, (from, to)| if from <= reached { to.max(reached) } else { reached }))
}
