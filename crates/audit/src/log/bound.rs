//! What a log's next checkpoint is bound to besides its leaves: the newest key list, and what the other log has seen of it.

use super::TileLog;
use crate::LogError;
use crate::checkpoint::Checkpoint;
use crate::keys::{judge_newest, newest_key_list};
use crate::leaf::LogName;
use crate::signer::BoundList;
use crypto::{Hash, HashAlg};

impl TileLog {
    /// The other log's published checkpoint beside this one has anchored what this log was: an older or another state of it is
    /// found out. The folder of the other log is on the same disk; that it was put back too is for its own signer to notice.
    ///
    /// # Errors
    /// This log is shorter than it was, or had another root; or the checkpoint cannot be read.
    pub fn check_anchored_by(&self, other: LogName) -> Result<(), LogError> {
        let Some(bytes) = self.beside.read(&format!("{other}/checkpoint"))? else { return Ok(()) };
        let checkpoint = Checkpoint::parse(&bytes)?;
        for anchor in checkpoint.anchors.iter().filter(|a| a.origin == self.cfg.origin) {
            if anchor.size > self.size {
                return Err(LogError::RolledBack { found: self.size, signed: anchor.size });
            }
            if self.reader().root(HashAlg::Sm3, anchor.size)? != anchor.sm3 {
                return Err(LogError::SecondRoot { size: anchor.size });
            }
        }
        Ok(())
    }

    /// The list to bind next. It is the root's, and not older than the one that was bound last: whoever may write in the folder
    /// could otherwise take the newest list away, and with it a revocation.
    pub(super) fn key_list(&self) -> Result<Option<BoundList>, LogError> {
        let newest = newest_key_list(&self.beside)?;
        let list =
            newest.as_ref().map(|(number, bytes)| BoundList { number: *number, digest: self.cfg.suite.hash(bytes) });
        let Some(root) = &self.cfg.root else { return Ok(list) };
        let last = self.bound();
        BoundList::after(list.as_ref(), last.as_ref())?;
        if let Some((number, bytes)) = newest.filter(|_| list != last) {
            judge_newest(number, &bytes, root)?;
        }
        Ok(list)
    }

    /// The list that was bound last: by the signer's memory, or by the published checkpoint where that has none yet.
    fn bound(&self) -> Option<BoundList> {
        let published = || {
            let (number, bytes) = self.published.as_ref()?.keys?;
            Some(BoundList { number, digest: Hash { alg: self.cfg.suite.hash_alg(), bytes } })
        };
        self.signed.as_ref().and_then(|s| s.keys.clone()).or_else(published)
    }
}
