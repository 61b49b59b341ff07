//! What the signer of a log remembers outside the log's folder, so that an old copy of that is found out, and the lock
//! that keeps it to one process.

use crate::LogError;
use crate::epoch::EpochMark;
use crate::files::Folder;
use crate::log::LogConfig;
use crypto::{Hash, HashAlg};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
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
    /// The newest key list that was bound; none where none was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<BoundList>,
    /// Lines of what was anchored of the other log: whoever may write in the log's folder may take one out of the checkpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<String>,
}

/// A key list that a checkpoint binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoundList {
    pub number: u64,
    pub digest: Hash,
}

impl BoundList {
    /// Whether this list may be bound after the last one: lists are added and never taken away, or a key that was revoked would
    /// be in force again.
    pub fn after(this: Option<&Self>, last: Option<&Self>) -> Result<(), LogError> {
        let Some(last) = last else { return Ok(()) };
        let file = || format!("keys/{}.json", last.number);
        match this {
            Some(this) if this.number > last.number || this == last => Ok(()),
            Some(this) if this.number == last.number => {
                Err(LogError::corrupt(file(), "it is not the list that a checkpoint binds"))
            }
            _ => Err(LogError::corrupt(file(), "missing")),
        }
    }
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
        BoundList::after(self.keys.as_ref(), last.keys.as_ref())
    }
}

/// Locks the file beside `state`, for one process.
pub(crate) fn lock(state: &Path) -> Result<File, LogError> {
    let io = |source| LogError::Io { file: "signer lock".to_owned(), source };
    let mut path = state.as_os_str().to_owned();
    path.push(".lock");
    // Not through a link: it could make a file where the process that put it there may not write.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(Path::new(&path), flags, Mode::from_raw_mode(0o600));
    let no_file = || LogError::corrupt("signer lock", "it is no plain file, or larger than any file of a log");
    let file = match opened {
        Err(Errno::LOOP | Errno::NXIO | Errno::ISDIR) => return Err(no_file()),
        file => File::from(file.map_err(|e| io(e.into()))?),
    };
    if !file.metadata().map_err(io)?.is_file() {
        return Err(no_file());
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The attack: whoever may write in a log's folder puts a link where the lock is made, to a file that they may not make.
    #[test]
    fn a_lock_is_made_through_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("signer.json");
        let (lock_file, elsewhere) = (dir.path().join("signer.json.lock"), dir.path().join("elsewhere"));
        std::os::unix::fs::symlink(&elsewhere, &lock_file).unwrap();
        assert!(matches!(lock(&state), Err(LogError::Corrupt { .. })));
        assert!(!elsewhere.exists());
        std::fs::remove_file(&lock_file).unwrap();
        std::fs::create_dir(&lock_file).unwrap();
        assert!(matches!(lock(&state), Err(LogError::Corrupt { .. })));
        std::fs::remove_dir(&lock_file).unwrap();
        let held = lock(&state).unwrap();
        assert!(matches!(lock(&state), Err(LogError::Locked)));
        drop(held);
        lock(&state).unwrap();
    }
}
