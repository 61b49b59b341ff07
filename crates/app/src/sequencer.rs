//! Carries leaves from the store's outbox into the Merkle log, in commit order, and signs checkpoints.
//!
//! One sequencer holds the store's lease; a crash at any point is healed by replay, because appending is deterministic.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::zone_log::ZoneLogCopy;
use audit::{LogConfig, LogName, TileLog};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const BATCH: usize = 4096;

/// A running sequencer; the newest checkpoint can be watched.
pub struct Sequencer {
    app: App,
    log: TileLog,
    zone_anchor: Arc<std::sync::Mutex<Option<String>>>,
    published: watch::Sender<Option<String>>,
}

/// Handle to what the sequencer shares with the link.
#[derive(Clone)]
pub struct LogHandle {
    /// Newest checkpoint text.
    pub checkpoint: watch::Receiver<Option<String>>,
    zone_anchor: Arc<std::sync::Mutex<Option<String>>>,
    zone_log: Option<Arc<std::sync::Mutex<ZoneLogCopy>>>,
}

impl LogHandle {
    /// With a copy of the log of a zone that runs on another machine.
    #[must_use]
    pub fn with_zone_log(mut self, copy: ZoneLogCopy) -> Self {
        self.zone_log = Some(Arc::new(std::sync::Mutex::new(copy)));
        self
    }

    /// Works on the copy of the zone's log, off the runtime's threads; `None` where there is none.
    pub(crate) async fn zone_log<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut ZoneLogCopy) -> T + Send + 'static,
    ) -> Option<T> {
        let copy = self.zone_log.clone()?;
        let done = tokio::task::spawn_blocking(move || {
            let mut copy = copy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            work(&mut copy)
        });
        done.await.ok()
    }

    /// Hands the zone's newest checkpoint over, to be anchored in the next one of the platform.
    pub fn anchor(&self, line: String) {
        if let Ok(mut slot) = self.zone_anchor.lock() {
            *slot = Some(line);
        }
    }
}

impl Sequencer {
    /// Opens the log.
    pub fn open(app: &App) -> AppResult<(Self, LogHandle)> {
        let config = LogConfig::new(
            &app.deployment.deployment,
            LogName::Platform,
            app.suite(),
            app.deployment.clock_word().parse().map_err(AppError::bug)?,
            &app.log_state,
        );
        let log = TileLog::open(&app.log_dir.join(LogName::Platform.as_str()), config).map_err(AppError::bug)?;
        let (published, checkpoint) = watch::channel(log.published().map(audit::Checkpoint::render));
        // Every checkpoint carries the last anchor on, also after a restart: without it an old zone log would pass.
        let kept = log.published().and_then(|c| c.anchors.last()).map(|a| {
            use base64::Engine;
            let root = base64::engine::general_purpose::STANDARD.encode(a.sm3);
            format!("anchor {} {} {root}", a.origin, a.size)
        });
        let zone_anchor = Arc::new(std::sync::Mutex::new(kept));
        let handle = LogHandle { checkpoint, zone_anchor: zone_anchor.clone(), zone_log: None };
        Ok((Self { app: app.clone(), log, zone_anchor, published }, handle))
    }

    /// Runs until the process ends. A log that cannot be written stops the process: without a log, no action.
    pub async fn run(mut self) -> AppResult<()> {
        let mut commits = self.app.store.notify();
        loop {
            while self.step().await? {}
            tokio::select! {
                () = commits.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    /// Sequences one batch; true if there was something to do.
    pub async fn step(&mut self) -> AppResult<bool> {
        self.app.store.sequence_pending(BATCH).await?;
        let from = self.log.size();
        let rows = self.app.store.leaves_from(from, BATCH).await?;
        if rows.is_empty() && !self.log.unsigned() {
            return Ok(false);
        }
        let leaves: Vec<Vec<u8>> = rows.into_iter().map(|(_, bytes)| bytes).collect();
        let anchor = self.zone_anchor.lock().ok().and_then(|slot| slot.clone());
        let extra: Vec<String> = anchor.into_iter().collect();
        let at = self.app.now().0;
        self.log.append_at(from, &leaves).map_err(AppError::bug)?;
        let text = self.log.checkpoint(at, &self.app.log_signer, &extra).map_err(AppError::bug)?;
        self.published.send_replace(Some(text));
        Ok(true)
    }
}
