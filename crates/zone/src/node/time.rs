//! The deployment's time as the zone sees it: the machine's clock plus a simulated offset, never going back, also not
//! over restarts and not when the machine's clock is set back.

use super::config::MachineClock;
use super::error::NodeError;
use super::journal::sync_parent;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// How far clocks of the parties may differ.
pub(crate) const SKEW_MS: i64 = 30_000;
/// The mark is written again once time has moved this far.
const MARK_EVERY_MS: i64 = 5_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    v: u32,
    at: Timestamp,
}

pub(crate) struct Time {
    machine: MachineClock,
    offset: AtomicI64,
    /// A simulated clock stands still until its first movement is known: the machine's time is not the deployment's.
    known: AtomicBool,
    /// Latest time ever shown.
    shown: AtomicI64,
    /// Latest time that is durable in the mark.
    marked: AtomicI64,
    path: PathBuf,
}

impl Time {
    /// Starts from the persisted mark; `journal` is the time of the last frame, `offset` what is added to the machine's
    /// clock, `None` while that is not known.
    pub(crate) fn open(
        folder: &Path,
        machine: MachineClock,
        journal: Timestamp,
        offset: Option<i64>,
    ) -> Result<Self, NodeError> {
        let path = folder.join("mark");
        let mark = match fs::read(&path) {
            Ok(bytes) => crypto::from_canonical::<Mark>(&bytes)?.at,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Timestamp(0),
            Err(e) => return Err(NodeError::io("reading the time mark")(e)),
        };
        let start = mark.max(journal).0;
        Ok(Self {
            machine,
            offset: AtomicI64::new(offset.unwrap_or(0)),
            known: AtomicBool::new(offset.is_some()),
            shown: AtomicI64::new(start),
            marked: AtomicI64::new(mark.0),
            path,
        })
    }

    /// Whether the deployment's time is known.
    pub(crate) fn known(&self) -> bool {
        self.known.load(Ordering::SeqCst)
    }

    /// Now; never earlier than any time shown before.
    pub(crate) fn now(&self) -> Timestamp {
        if !self.known() {
            return Timestamp(self.shown.load(Ordering::SeqCst));
        }
        let now = (self.machine)().0.saturating_add(self.offset.load(Ordering::SeqCst));
        Timestamp(self.shown.fetch_max(now, Ordering::SeqCst).max(now))
    }

    /// The machine's clock, for requests to the platform.
    pub(crate) fn machine(&self) -> Timestamp {
        (self.machine)()
    }

    /// Moves a simulated clock.
    pub(crate) fn set_offset(&self, offset: i64) {
        self.offset.store(offset, Ordering::SeqCst);
        self.known.store(true, Ordering::SeqCst);
    }

    /// Makes the mark durable where time has moved on; the caller does this every second or so.
    pub(crate) fn keep(&self) -> Result<(), NodeError> {
        let now = self.now().0;
        if now - self.marked.load(Ordering::SeqCst) < MARK_EVERY_MS {
            return Ok(());
        }
        write_atomically(&self.path, &crypto::canonical(&Mark { v: 1, at: Timestamp(now) })?)?;
        self.marked.store(now, Ordering::SeqCst);
        Ok(())
    }
}

/// Writes a small file so that after a crash either the old or the new one is there.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), NodeError> {
    let io = NodeError::io;
    let temp = path.with_extension("tmp");
    let mut file = File::create(&temp).map_err(io("writing a file"))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io("writing a file"))?;
    fs::rename(&temp, path).map_err(io("publishing a file"))?;
    sync_parent(path)
}
