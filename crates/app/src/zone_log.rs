//! The platform's copy of the zone's log, where the zone runs on a machine of its own: evidence rests on both logs, and
//! a zone cannot take back what it has shown here. Leaves hold ids and digests only, and come over the link.

use crate::App;
use crate::error::{AppError, AppResult};
use audit::{Checkpoint, LogConfig, LogError, LogName, TileLog};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::PublicKey;
use model::link::LeafRun;
use std::path::Path;

/// Leaves that may wait for the rest of their run.
const MOST_WAITING: usize = 1_000_000;

/// The copy, open for writing.
pub struct ZoneLogCopy {
    log: TileLog,
    /// Leaves whose checkpoint is not reached yet: not believed, so not written.
    waiting: Vec<Vec<u8>>,
}

impl ZoneLogCopy {
    /// Opens or makes the copy beside the platform's log; `state` is where it remembers how far it got.
    ///
    /// # Errors
    /// The folder is not this deployment's copy, went back, or is written by another process.
    pub fn open(app: &App, state: &Path) -> AppResult<Self> {
        let clock = app.deployment.clock_word().parse().map_err(AppError::bug)?;
        let config = LogConfig::new(&app.deployment.deployment, LogName::Zone, app.suite(), clock, state);
        let log = TileLog::open(&app.log_dir.join(LogName::Zone.as_str()), config).map_err(AppError::bug)?;
        Ok(Self { log, waiting: Vec::new() })
    }

    /// Number of leaves that are there or wait.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.log.size() + self.waiting.len() as u64
    }

    /// Whether it holds every leaf under a checkpoint of this size.
    #[must_use]
    pub fn reaches(&self, size: u64) -> bool {
        self.log.size() >= size
    }

    /// Takes a run under the zone's newest checkpoint, once all of its leaves are there.
    ///
    /// # Errors
    /// The run does not come to what the zone's log key signed; what waited is forgotten, what was written stays.
    pub fn take(&mut self, run: &LeafRun, note: &Checkpoint, key: &PublicKey) -> Result<(), LogError> {
        // A run that was sent twice, or for a copy that was reopened: the zone asks again from `size`.
        if run.first != self.size() || self.waiting.len() + run.leaves.len() > MOST_WAITING {
            self.waiting.clear();
            return Ok(());
        }
        for leaf in &run.leaves {
            let bytes = BASE64.decode(leaf).map_err(|_| LogError::Leaf("not base64"));
            match bytes {
                Ok(bytes) => self.waiting.push(bytes),
                Err(e) => {
                    self.waiting.clear();
                    return Err(e);
                }
            }
        }
        if self.size() < note.size {
            return Ok(());
        }
        let leaves = std::mem::take(&mut self.waiting);
        self.log.copy(self.log.size(), &leaves, note, key)
    }
}
