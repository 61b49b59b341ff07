//! What a witness does: it keeps the largest checkpoint that it has seen of each log, takes another one only with a proof
//! that it extends that, remembers before it signs, and so never signs for two histories.
//!
//! What it remembers is signed with its key (`memory`). It knows the deployment's root from a trust file that came another
//! way; which key signs a log, the root's key lists say. It reads no clock and fetches nothing.

use crate::checkpoint::{Checkpoint, LogSigner};
use crate::cosign::{Cosignature, Cosigned, WitnessKey};
use crate::files::Folder;
use crate::keys::SignedValue;
use crate::leaf::LogName;
use crate::memory::{self, Kept};
use crate::merkle::{Node, Nodes, consistency, verify_consistency};
use crate::proof::{decode_nodes, vouched};
use crate::tile;
use crate::trust::Trust;
use crate::witnessed::WITNESS;
use crate::{LogError, LogReader};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{Hash, HashAlg};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;

/// A checkpoint that a log wants cosigned, and the proof that it extends the first `old` leaves. One file; canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessRequest {
    /// Format version, 1.
    pub v: u32,
    /// The size that the witness saw last, 0 at the first time.
    pub old: u64,
    /// Consistency proof in the SM3 tree, base64.
    pub sm3_proof: Vec<String>,
    /// Consistency proof in the SHA-256 tree, base64.
    pub sha256_proof: Vec<String>,
    /// The log's note.
    pub checkpoint: String,
    /// All key lists.
    pub keys: Vec<SignedValue>,
}

impl WitnessRequest {
    /// Out of a log folder (`DATA/log`).
    ///
    /// # Errors
    /// The log is shorter than `old`, or the folder is damaged.
    pub fn make(log_dir: &Path, log: LogName, old: u64) -> Result<Self, LogError> {
        let (reader, checkpoint) = LogReader::open(&log_dir.join(log.as_str()))?;
        let (mut sm3, mut sha256) = (reader.nodes(HashAlg::Sm3), reader.nodes(HashAlg::Sha256));
        Self::of(&checkpoint, old, crate::read_key_lists(log_dir)?, [&mut sm3, &mut sha256])
    }

    /// Over complete subtrees from anywhere, of the SM3 tree and the SHA-256 tree.
    ///
    /// # Errors
    /// The log is shorter than `old`, or a subtree is missing.
    pub fn of(
        checkpoint: &Checkpoint,
        old: u64,
        keys: Vec<SignedValue>,
        nodes: [&mut dyn Nodes; 2],
    ) -> Result<Self, LogError> {
        let [sm3, sha256] = nodes;
        let text = |proof: Vec<Node>| proof.iter().map(|n| BASE64.encode(n)).collect();
        // A shorter log cannot be proved to extend anything; the witness shall see and say so.
        let (sm3_proof, sha256_proof) = if old > checkpoint.size {
            (Vec::new(), Vec::new())
        } else {
            let proof = |alg, nodes| consistency(alg, old, checkpoint.size, nodes).map(text);
            (proof(HashAlg::Sm3, sm3)?, proof(HashAlg::Sha256, sha256)?)
        };
        Ok(Self { v: 1, old, sm3_proof, sha256_proof, checkpoint: checkpoint.render(), keys })
    }

    /// The one encoding.
    ///
    /// # Errors
    /// A key list has no canonical JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LogError> {
        Ok(crypto::canonical(self)?)
    }

    /// Reads a request; only its one encoding is accepted.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        let bad = || LogError::malformed("witness request", "not its canonical encoding");
        let request: Self = crypto::from_canonical(bytes).map_err(|_| bad())?;
        if request.v == 1 { Ok(request) } else { Err(bad()) }
    }
}

/// Why a witness does not sign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessRefusal {
    /// Not a log of the trust file's deployment, or not signed by its log key.
    #[error("{0}")]
    NotTheLogs(String),
    /// The request starts from another size than the witness's.
    #[error("this witness has seen {known} leaves; the request starts from {old}")]
    Stale {
        /// What the witness has seen.
        known: u64,
        /// What the request starts from.
        old: u64,
    },
    /// The log is shorter than what the witness has seen of it.
    #[error("the log was rolled back: it has {size} leaves, this witness has seen {known}")]
    RolledBack {
        /// What the witness has seen.
        known: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The log signed two roots for one size. Both notes are kept: they are the proof.
    #[error("two histories: the log signed another root over {size} leaves than the one this witness has seen")]
    SplitView {
        /// The size.
        size: u64,
    },
    /// The proof does not show that the checkpoint extends what the witness has seen: a wrong proof, or another history.
    /// Both notes are kept.
    #[error("not shown: that the checkpoint over {size} leaves extends the {known} that this witness has seen")]
    NotAnExtension {
        /// What the witness has seen.
        known: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The key lists are not those that were seen, or not further ones.
    #[error("the key lists of the request drop or change a list that this witness has seen")]
    KeyLists,
    /// The witness's own folder cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl WitnessRefusal {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotTheLogs(_) => "not-the-logs",
            Self::Stale { .. } => "stale",
            Self::RolledBack { .. } => "rolled-back",
            Self::SplitView { .. } => "split-view",
            Self::NotAnExtension { .. } => "not-an-extension",
            Self::KeyLists => "key-lists",
            Self::Log(_) => "witness-folder",
        }
    }

    /// The status that C2SP tlog-witness gives it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotTheLogs(_) | Self::KeyLists => 403,
            Self::Stale { .. } | Self::RolledBack { .. } | Self::SplitView { .. } => 409,
            Self::NotAnExtension { .. } => 422,
            Self::Log(_) => 500,
        }
    }
}

/// A witness's memory: one folder, one process at a time.
#[derive(Debug)]
pub struct Witness {
    folder: Folder,
    trust: Trust,
    key: WitnessKey,
    _lock: File,
}

impl Witness {
    /// Begins a memory in `dir`: a witness of a deployment that has seen nothing yet, signed with its key. What is missing
    /// later was lost, and is not begun again.
    ///
    /// # Errors
    /// Something lies in the folder but what an earlier beginning left, it cannot be written, or the key does not sign.
    pub fn begin(dir: &Path, deployment: &str, signer: &dyn LogSigner) -> Result<(), LogError> {
        memory::begin(&Folder::new(dir), deployment, signer)
    }

    /// Opens the memory in `dir`.
    ///
    /// # Errors
    /// Another process has it open, or it cannot be written.
    pub fn open(dir: &Path, trust: Trust, key: WitnessKey) -> Result<Self, LogError> {
        let folder = Folder::new(dir);
        folder.make()?;
        let lock = crate::signer::lock(&dir.join("memory"))?;
        folder.sweep(|_| Vec::new())?;
        Ok(Self { folder, trust, key, _lock: lock })
    }

    /// What it has seen of a log: how many leaves, and their roots in the SM3 and the SHA-256 tree.
    ///
    /// # Errors
    /// Its memory is damaged, was lost, or is not what its key has signed.
    pub fn seen(&self, log: LogName) -> Result<Option<(u64, [Hash; 2])>, LogError> {
        let seen = |c: Checkpoint| (c.size, tile::ALGS.map(|alg| Hash { alg, bytes: c.root(alg) }));
        Ok(self.kept(log)?.map(|k| seen(k.checkpoint)))
    }

    /// How many leaves of a log it has seen.
    ///
    /// # Errors
    /// As [`Witness::seen`].
    pub fn known(&self, log: LogName) -> Result<u64, LogError> {
        Ok(self.kept(log)?.map_or(0, |k| k.checkpoint.size))
    }

    /// Holds its memory against its own cosignature where one lies beside a log in `log_dir` (`DATA/log`). Its memory comes
    /// first: one for more than it remembers, or for another history, shows that an older memory was put back. Whatever
    /// lies there that it did not sign shows nothing.
    ///
    /// # Errors
    /// As [`Witness::seen`], or an older memory was put back.
    pub fn check_beside(&self, log_dir: &Path, log: LogName) -> Result<(), LogError> {
        let kept = self.kept(log)?;
        let file = Folder::new(&log_dir.join(WITNESS)).read(&format!("{log}/{}", self.key.name()));
        let Ok(Some(bytes)) = file else { return Ok(()) };
        let Ok(Cosigned { checkpoint, lines }) = Cosigned::parse(&bytes) else { return Ok(()) };
        let own = |line: &Cosignature| matches!(line.verify(&checkpoint, &self.key), Ok(Some(_)));
        if checkpoint.origin != self.origin(log) || !lines.iter().any(own) {
            return Ok(());
        }
        let same = |k: &Checkpoint| (k.sm3, k.sha256) == (checkpoint.sm3, checkpoint.sha256);
        let remembered = |k: &Checkpoint| checkpoint.size < k.size || checkpoint.size == k.size && same(k);
        if kept.is_some_and(|k| remembered(&k.checkpoint)) {
            return Ok(());
        }
        Err(LogError::malformed(
            "witness memory",
            "its own cosignature beside the log is for more: an older one was put back",
        ))
    }

    fn origin(&self, log: LogName) -> String {
        format!("{}/{log}", self.trust.deployment)
    }

    fn kept(&self, log: LogName) -> Result<Option<Kept>, LogError> {
        memory::read(&self.folder, log, &self.origin(log), self.key.public())
    }

    /// Looks at a request; if the checkpoint extends all that was seen, remembers it and then cosigns it. `now` is in
    /// seconds since 1970.
    ///
    /// # Errors
    /// Why it does not sign. Two notes that may show two histories are kept as `split-<digest>.json`.
    pub fn cosign(
        &self,
        request: &WitnessRequest,
        signer: &dyn LogSigner,
        now: u64,
    ) -> Result<(LogName, Cosigned), WitnessRefusal> {
        let not = |e: &dyn std::fmt::Display| WitnessRefusal::NotTheLogs(e.to_string());
        let checkpoint = Checkpoint::parse(request.checkpoint.as_bytes()).map_err(|e| not(&e))?;
        let log = self.check_log(&checkpoint, request)?;
        let kept = self.kept(log)?;
        if let Some(kept) = &kept {
            self.check_extends(log, kept, &checkpoint, request)?;
        } else if request.old != 0 {
            return Err(WitnessRefusal::Stale { known: 0, old: request.old });
        }
        // Durable before the signature exists: a witness that forgets could sign for another history.
        let next = Kept { checkpoint, keys: request.keys.clone() };
        memory::write(&self.folder, log, &next, self.key.public(), signer)?;
        let checkpoint = next.checkpoint;
        let line = Cosignature::make(&checkpoint, &self.key, signer, now)?;
        Ok((log, Cosigned { checkpoint, lines: vec![line] }))
    }

    /// A checkpoint of one of the deployment's logs, signed by the key that the root's lists name for it.
    fn check_log(&self, checkpoint: &Checkpoint, request: &WitnessRequest) -> Result<LogName, WitnessRefusal> {
        let named = |l: &LogName| checkpoint.origin == self.origin(*l);
        let log = LogName::ALL.into_iter().find(named);
        let log = log.ok_or_else(|| WitnessRefusal::NotTheLogs("it is another deployment's log".to_owned()))?;
        vouched(log, &request.checkpoint, &request.keys, &self.trust)
            .map_err(|e| WitnessRefusal::NotTheLogs(e.to_string()))?;
        Ok(log)
    }

    fn check_extends(
        &self,
        log: LogName,
        kept: &Kept,
        checkpoint: &Checkpoint,
        request: &WitnessRequest,
    ) -> Result<(), WitnessRefusal> {
        // Lists are numbered and never shortened: what was seen must be their beginning.
        if request.keys.get(..kept.keys.len()) != Some(&kept.keys[..]) {
            return Err(WitnessRefusal::KeyLists);
        }
        let seen = &kept.checkpoint;
        let (known, size) = (seen.size, checkpoint.size);
        if size == known && (checkpoint.sm3, checkpoint.sha256) != (seen.sm3, seen.sha256) {
            self.keep_both(log, kept, checkpoint)?;
            return Err(WitnessRefusal::SplitView { size });
        }
        if size < known {
            return Err(WitnessRefusal::RolledBack { known, size });
        }
        if request.old != known {
            return Err(WitnessRefusal::Stale { known, old: request.old });
        }
        let holds = |alg, proof: &[String]| {
            let (was, root) = (seen.root(alg), checkpoint.root(alg));
            decode_nodes(proof).is_some_and(|p| verify_consistency(alg, (known, &was), (size, &root), &p))
        };
        let extends = holds(HashAlg::Sm3, &request.sm3_proof) && holds(HashAlg::Sha256, &request.sha256_proof);
        if extends {
            return Ok(());
        }
        self.keep_both(log, kept, checkpoint)?;
        Err(WitnessRefusal::NotAnExtension { known, size })
    }

    /// Keeps two notes that contradict each other, or were not shown to agree: both carry the log's signature.
    fn keep_both(&self, log: LogName, kept: &Kept, checkpoint: &Checkpoint) -> Result<(), LogError> {
        let both =
            serde_json::json!({"v": 1, "log": log, "seen": kept.checkpoint.render(), "given": checkpoint.render()});
        let bytes = crypto::canonical(&both)?;
        let name = self.trust.suite.hash(&bytes).to_string().replace(':', "-");
        self.folder.write(&format!("split-{name}.json"), &bytes)
    }
}
