//! What the signer of a log remembers outside the log's folder, so that an old copy of that is found out, and the lock
//! that keeps it to one process.

use crate::LogError;
use crate::epoch::EpochMark;
use crate::files::Folder;
use crate::log::LogConfig;
use crypto::{Hash, HashAlg};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// What the signer has signed last. Canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    pub v: u32,
    pub origin: String,
    pub size: u64,
    pub sm3: Hash,
    pub sha256: Hash,
    /// The epoch that those leaves end in; none in the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<EpochMark>,
}

impl Signed {
    /// Whether this may be signed after what was signed before: no smaller size, no other root, nothing in an epoch that
    /// was closed.
    pub fn after(&self, last: &Self) -> Result<(), LogError> {
        if let Some(e) = last.epoch.as_ref().filter(|e| self.epoch.as_ref().is_none_or(|s| s.year < e.year)) {
            return Err(LogError::EpochClosed(e.year));
        }
        if last.size > self.size {
            return Err(LogError::RolledBack { found: self.size, signed: last.size });
        }
        if last.size == self.size && (last.sm3 != self.sm3 || last.sha256 != self.sha256) {
            return Err(LogError::SecondRoot { size: self.size });
        }
        Ok(())
    }
}

/// Locks the file beside `state`, for one process.
pub(crate) fn lock(state: &Path) -> Result<File, LogError> {
    let io = |source| LogError::Io { file: "signer lock".to_owned(), source };
    let mut path = state.as_os_str().to_owned();
    path.push(".lock");
    // Not through a link: it could make a file where the process that put it there may not write.
    let there = std::fs::symlink_metadata(&path);
    if there.is_ok_and(|found| !found.is_file()) {
        return Err(LogError::corrupt("signer lock", "it is no plain file, or larger than any file of a log"));
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::Locked),
        Err(TryLockError::Error(e)) => Err(io(e)),
    }
}

pub(crate) fn read_state(folder: &Folder, name: &str, cfg: &LogConfig) -> Result<Option<Signed>, LogError> {
    let Some(bytes) = folder.read(name)? else { return Ok(None) };
    let bad = || LogError::malformed("signer state", "not this log's");
    let state: Signed = crypto::from_canonical(&bytes).map_err(|_| bad())?;
    let ours = state.v == 1
        && state.origin == cfg.origin
        && (state.sm3.alg, state.sha256.alg) == (HashAlg::Sm3, HashAlg::Sha256);
    if ours { Ok(Some(state)) } else { Err(bad()) }
}
