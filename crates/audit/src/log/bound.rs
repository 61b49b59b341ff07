//! What a log's next checkpoint is bound to besides its leaves: the newest key list, and what the other log has seen of it.

use super::TileLog;
use crate::LogError;
use crate::checkpoint::{Anchor, Checkpoint, carry, parse_anchor};
use crate::keys::{judge_newest, newest_key_list};
use crate::leaf::LogName;
use crate::signer::BoundList;
use crypto::{Hash, HashAlg};

impl TileLog {
    /// What is anchored of the other log: by the published checkpoint, and by the signer's memory, which nobody else writes.
    ///
    /// # Errors
    /// The memory is malformed.
    pub fn anchors(&self) -> Result<Vec<Anchor>, LogError> {
        let lines = self.signed.iter().flat_map(|s| &s.anchors);
        let mut anchors = lines.map(|line| parse_anchor(line)).collect::<Result<Vec<_>, _>>()?;
        carry(&mut anchors, self.published.as_ref().map(|c| c.anchors.as_slice()).unwrap_or_default());
        Ok(anchors)
    }

    /// The other log's published checkpoint beside this one has anchored what this log was: an older or another state of it is
    /// found out. Not where the other log is a copy from another machine: that goes on over a restore of this one, and its
    /// signer says so itself.
    ///
    /// # Errors
    /// This log is shorter than it was, or had another root; or the checkpoint cannot be read.
    pub fn check_anchored_by(&self, other: LogName) -> Result<(), LogError> {
        let file = format!("{other}/checkpoint");
        let Some(bytes) = self.beside.read(&file)? else { return Ok(()) };
        let checkpoint = Checkpoint::parse(&bytes)?;
        for anchor in checkpoint.anchors.iter().filter(|a| a.origin == self.cfg.origin) {
            let longer = anchor.size > self.size;
            if longer || self.reader().root(HashAlg::Sm3, anchor.size)? != anchor.sm3 {
                return Err(LogError::corrupt(file, "the state of this log that it anchors is not this log's"));
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
