//! Carries leaves from the store's outbox into the Merkle log, in commit order, and signs checkpoints.
//!
//! Of all processes on a database one sequences: it holds the store's lease, and every transaction that gives indices checks
//! that nobody has taken it since. Who lost it stops, without another checkpoint. A crash at any point is healed by replay,
//! because appending is deterministic.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::zone_log::ZoneLogCopy;
use audit::{Anchor, EPOCH_OPENED, LogConfig, LogName, Opening, TileLog};
use model::Timestamp;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store::{LeafDraft, Lease, StoreError};
use tokio::sync::watch;

const BATCH: usize = 4096;
/// Where the copy of the log of a zone on another machine remembers how far it got, beside the platform's own memory.
pub const ZONE_COPY: &str = "zone-log.json";
/// Name of the lease.
const LEASE: &str = "sequencer";
/// How long after its last sign of life another process may take over.
const TERM: Duration = Duration::from_secs(15);
/// How old a sign of life gets where there is nothing to sequence.
const RENEWED: Duration = Duration::from_secs(5);

/// A running sequencer; the newest checkpoint can be watched.
pub struct Sequencer {
    app: App,
    log: TileLog,
    zone_anchor: Arc<std::sync::Mutex<Option<Anchor>>>,
    /// The last order that the zone says it has taken.
    zone_after: Arc<AtomicU64>,
    published: watch::Sender<Option<String>>,
    holder: String,
    term: Duration,
    turn: Option<Turn>,
    /// Database and log were held against each other.
    joined: bool,
}

/// The lease, and when this process last gave a sign of life.
struct Turn {
    lease: Lease,
    renewed: Instant,
}

/// Handle to what the sequencer shares with the link.
#[derive(Clone)]
pub struct LogHandle {
    /// Newest checkpoint text.
    pub checkpoint: watch::Receiver<Option<String>>,
    zone_anchor: Arc<std::sync::Mutex<Option<Anchor>>>,
    zone_log: Option<Arc<std::sync::Mutex<ZoneLogCopy>>>,
    zone_after: Arc<AtomicU64>,
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

    /// Hands the zone's newest checkpoint over, to be anchored in the next one of the platform. Never an older one.
    pub fn anchor(&self, zone: Anchor) {
        if let Ok(mut slot) = self.zone_anchor.lock()
            && slot.as_ref().is_none_or(|a| a.size < zone.size)
        {
            *slot = Some(zone);
        }
    }

    /// The zone says up to which order it has taken them.
    pub fn zone_took(&self, after: u64) {
        self.zone_after.fetch_max(after, Ordering::Relaxed);
    }

    /// Does the published checkpoint anchor the zone's log? Once it does, every later one will, also after a restart.
    #[must_use]
    pub fn anchors_zone(&self) -> bool {
        let published = self.checkpoint.borrow();
        let parsed = published.as_ref().and_then(|text| audit::Checkpoint::parse(text.as_bytes()).ok());
        parsed.is_some_and(|checkpoint| !checkpoint.anchors.is_empty())
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
        )
        .with_root(app.deployment.root.parse()?);
        let log = TileLog::open(&app.log_dir.join(LogName::Platform.as_str()), config).map_err(AppError::bug)?;
        let (published, checkpoint) = watch::channel(log.published().map(audit::Checkpoint::render));
        let kept = log.published().and_then(|c| c.anchors.last()).cloned();
        let zone_anchor = Arc::new(std::sync::Mutex::new(kept));
        let zone_after = Arc::new(AtomicU64::new(0));
        let handle =
            LogHandle { checkpoint, zone_anchor: zone_anchor.clone(), zone_log: None, zone_after: zone_after.clone() };
        let holder = holder(&app.log_state.with_file_name("sequencer")).map_err(AppError::bug)?;
        let (app, joined, turn) = (app.clone(), false, None);
        Ok((Self { app, log, zone_anchor, zone_after, published, holder, term: TERM, turn, joined }, handle))
    }

    /// Runs until `end`, and then once more, so that what was committed is signed and no file stands beside the last
    /// checkpoint. A log that cannot be written stops the process: without a log, no action.
    pub async fn run(mut self, end: impl Future<Output = ()> + Send) -> AppResult<()> {
        let mut commits = self.app.store.notify();
        let mut end = std::pin::pin!(end);
        loop {
            while self.step().await? {}
            tokio::select! {
                () = commits.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = &mut end => break,
            }
        }
        while self.step().await? {}
        Ok(())
    }

    /// Makes sure that database and log go with each other, before anything is done in either.
    ///
    /// # Errors
    /// A refusal: one of them was put back, changed or exchanged.
    pub async fn meet(&mut self, zone_apart: bool) -> AppResult<()> {
        if !zone_apart {
            self.log.check_anchored_by(LogName::Zone).map_err(AppError::bug)?;
        }
        self.join(self.log.size()).await
    }

    /// The zone has taken no order that is not here: its number would be given out again, and the order be lost.
    async fn not_behind_the_zone(&self) -> AppResult<()> {
        let after = self.zone_after.load(Ordering::Relaxed);
        if after == 0 {
            return Ok(());
        }
        let last = self.app.store.last_order_seq().await?;
        if after <= last {
            return Ok(());
        }
        tracing::error!(after, last, "the zone has taken orders that the database does not hold");
        let (zh, en) = (
            "运营域已收到数据库中没有的指令：数据库放回了旧副本，或删去了指令。请停止服务，换回原来的数据库，或从备份恢复平台与运营域两处的目录（admin restore）。",
            "The zone has taken orders that the database does not hold: an older copy of it was put back, or orders were deleted. Stop, put the right one back, or restore the folders of platform and zone from backups of the same time (admin restore).",
        );
        Err(self.app.pack.refusal("database-behind", "PRODUCT-LOG", zh, en).into())
    }

    /// A sign of life of the lease, where the start takes long.
    ///
    /// # Errors
    /// Another process has taken over.
    pub async fn keep_turn(&mut self) -> AppResult<()> {
        self.turn().await.map(drop)
    }

    /// Takes the lease, and waits for it a little longer than its term. False where another process keeps it: two that
    /// sequence one database would give two logs out.
    pub async fn take_turn(&mut self) -> AppResult<bool> {
        let since = Instant::now();
        loop {
            if let Some(lease) = self.app.store.take_lease(LEASE, &self.holder, self.term).await? {
                self.turn = Some(Turn { lease, renewed: Instant::now() });
                return Ok(true);
            }
            if since.elapsed() > self.term + self.term / 3 {
                return Ok(false);
            }
            tokio::time::sleep(self.term / 30).await;
        }
    }

    /// The same with another term.
    #[cfg(test)]
    pub(crate) fn with_term(mut self, term: Duration) -> Self {
        self.term = term;
        self
    }

    /// The lease, with a sign of life where the last one is old.
    async fn turn(&mut self) -> AppResult<Lease> {
        if self.turn.is_none() && !self.take_turn().await? {
            return Err(AppError::bug("another process sequences this database"));
        }
        let turn = self.turn.as_mut().ok_or_else(|| AppError::bug(StoreError::LeaseLost))?;
        if turn.renewed.elapsed() > RENEWED {
            self.app.store.renew_lease(&turn.lease).await.map_err(lost)?;
            turn.renewed = Instant::now();
        }
        Ok(turn.lease.clone())
    }

    /// Sequences one batch; true if there was something to do.
    pub async fn step(&mut self) -> AppResult<bool> {
        let lease = self.turn().await?;
        self.not_behind_the_zone().await?;
        let size = self.log.size();
        if !self.joined {
            self.join(size).await?;
        }
        self.close_epoch(&lease).await?;
        self.app.store.sequence_pending(&lease, BATCH).await.map_err(lost)?;
        // The log's last leaf is read once more: the database must still give the one that stands there.
        let from = size.saturating_sub(1);
        let rows = self.app.store.leaves_from(from, BATCH).await?;
        let anchor = self.zone_anchor.lock().ok().and_then(|slot| slot.clone());
        let anchored = self.log.published().and_then(|c| c.anchors.last()).map(|a| a.size);
        // A new state of the zone's log is worth a checkpoint: what is not anchored can be cut off unseen.
        let seen = anchor.as_ref().is_some_and(|a| anchored.is_none_or(|size| size < a.size));
        if from + rows.len() as u64 <= size && !self.log.unsigned() && !seen {
            return Ok(false);
        }
        let leaves: Vec<Vec<u8>> = rows.into_iter().map(|(_, bytes)| bytes).collect();
        self.log.append_at(from, &leaves).map_err(AppError::bug)?;
        self.publish(&lease, anchor).await?;
        Ok(true)
    }

    /// Signs a checkpoint over all leaves and gives it out.
    async fn publish(&mut self, lease: &Lease, anchor: Option<Anchor>) -> AppResult<()> {
        let extra: Vec<String> = anchor.iter().map(Anchor::line).collect();
        let at = self.app.now().0;
        // Whoever took over meanwhile has given out a newer one; the roots would be the same, but it is not ours to sign.
        self.app.store.check_lease(lease).await.map_err(lost)?;
        let text = self.log.checkpoint(at, &self.app.log_signer, &extra).map_err(AppError::bug)?;
        self.published.send_replace(Some(text));
        Ok(())
    }

    /// With a new year on the deployment's clock the running epoch is closed: everything that the log holds is signed once
    /// more, and a leaf is committed that holds this checkpoint and opens the next epoch. Only that commit counts: a crash
    /// before it leaves one checkpoint more, and one after it a leaf that waits like any other.
    async fn close_epoch(&mut self, lease: &Lease) -> AppResult<()> {
        let year = |at| Timestamp(at).year();
        let now = self.app.now();
        if self.log.closing(now.0, year).is_none() {
            return Ok(());
        }
        let mut tx = self.app.store.begin().await?;
        tx.set_now(now);
        tx.hold(lease).await.map_err(lost)?;
        // Committed already, and only not in the log yet.
        if tx.waits(self.log.size(), EPOCH_OPENED).await? {
            return Ok(());
        }
        let anchor = self.zone_anchor.lock().ok().and_then(|slot| slot.clone());
        self.publish(lease, anchor).await?;
        let Some(opening) = self.log.closing(now.0, year) else { return Ok(()) };
        tx.append_leaf(opening_leaf(&opening, now)?).await?;
        tx.commit().await?;
        tracing::info!(closed = opening.closed, leaves = opening.note.size, "an epoch of the log is closed");
        Ok(())
    }

    /// Before anything is numbered: the database must hold every leaf that the log holds, and the same last one. One that
    /// was put back to an older state would give numbers again that the log has given.
    async fn join(&mut self, size: u64) -> AppResult<()> {
        if let Some(last) = size.checked_sub(1) {
            let rows = self.app.store.leaves_from(last, 1).await?;
            let there = self.log.reader().leaf(last).map_err(AppError::bug)?;
            let Some((_, bytes)) = rows.first() else {
                tracing::error!(leaves = size, "the database is behind the log: an older copy of it was put back");
                let (zh, en) = (
                    "数据库比日志旧：放回了旧副本。请停止服务，换回原来的数据库，或从备份恢复整个目录（admin restore）。",
                    "The database is behind the log: an older copy of it was put back. Stop, put the right one back, or restore the whole folder from a backup (admin restore).",
                );
                return Err(self.app.pack.refusal("database-behind", "PRODUCT-LOG", zh, en).into());
            };
            if *bytes != there {
                tracing::error!(leaf = last, "the database and the log hold different leaves");
                let (zh, en) = (
                    "数据库与日志的条目不同：其中之一被改动或换过。请停止服务并查明原因，再从备份恢复整个目录（admin restore）。",
                    "The database and the log hold different leaves: one of them was changed or exchanged. Stop, find out why, and restore the whole folder from a backup (admin restore).",
                );
                return Err(self.app.pack.refusal("database-differs", "PRODUCT-LOG", zh, en).into());
            }
        }
        self.joined = true;
        Ok(())
    }
}

fn opening_leaf(opening: &Opening, at: Timestamp) -> AppResult<LeafDraft> {
    Ok(LeafDraft { refs: opening.refs().map_err(AppError::bug)?, ..LeafDraft::done(EPOCH_OPENED, at) })
}

/// The process goes on no further, and says why.
fn lost(e: StoreError) -> AppError {
    if e == StoreError::LeaseLost {
        tracing::error!("another process has taken over the sequencing of this database");
    }
    AppError::bug(e)
}

/// Who takes the lease: this folder. A process that is started again in it takes over at once from the one that ended,
/// since the lock of the log lets only one live; a copy of the folder is another one, and waits for the term's end.
fn holder(file: &Path) -> std::io::Result<String> {
    let kept = match std::fs::read(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
    let id = String::from_utf8_lossy(&kept).trim().to_owned();
    // A crash may have left half of it; nobody holds a lease under that.
    let id = if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        id
    } else {
        let id = crypto::random_hex(16).map_err(std::io::Error::other)?;
        std::fs::write(file, format!("{id}\n"))?;
        id
    };
    let there = std::fs::metadata(file)?;
    Ok(format!("{id}-{}-{}", there.dev(), there.ino()))
}
