//! The node's heart: one journal, one state, one clock. Every change goes through `commit`; nothing else writes.

use super::config::NodeConfig;
use super::draft::Draft;
use super::error::NodeError;
use super::journal::Journal;
use super::leases::Leases;
use super::leaves::Leaves;
use super::refuse;
use super::stages::Stages;
use super::state::State;
use super::time::Time;
use super::waits::Waits;
use crypto::KeyId;
use model::{Clock, Refusal};
use std::fs::{self, File};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The zone's folder, open and locked.
pub(crate) struct Core {
    pub(crate) cfg: NodeConfig,
    pub(crate) time: Time,
    pub(crate) leaves: Leaves,
    pub(crate) leases: Leases,
    /// How far running jobs are.
    pub(crate) stages: Stages,
    /// What was ordered and waits for something outside.
    pub(crate) waits: Waits,
    inner: Mutex<Inner>,
    /// Rung after every commit that leaves reports to send.
    pub(crate) reports: Notify,
    /// Rung when an order or lease may have given the work loop something to do or to stop.
    pub(crate) work: Notify,
    _lock: File,
}

struct Inner {
    journal: Journal,
    state: State,
}

/// A lock that outlives a panic of its holder: state only changes by whole frames, so it is never half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    /// Opens the folder: takes the lock, replays the journal, brings the log up to it.
    pub(crate) fn open(cfg: NodeConfig) -> Result<Self, NodeError> {
        for folder in ["objects", "spill"] {
            fs::create_dir_all(cfg.data.join(folder)).map_err(NodeError::io("creating the zone's folder"))?;
        }
        let guard = take_lock(&cfg.data.join("lock"))?;
        let leaves = Leaves::open(&cfg)?;
        let mut state = State::default();
        let mut missing = Vec::new();
        let journal_path = cfg.data.join("journal");
        let (suite, deployment) = (cfg.trust.suite, cfg.trust.deployment.clone());
        let logged = leaves.first_size();
        let mut journal = Journal::open(&journal_path, suite, &deployment, |frame| {
            missing.extend(super::leaves::encoded(&frame, logged)?);
            state.take(frame);
            Ok(())
        })?;
        if logged > state.leaves {
            return Err(NodeError::RolledBack("the log is ahead of the journal"));
        }
        journal.cut()?;
        super::rotate::finish(&cfg.data)?;
        super::sealed::sweep(&cfg.data.join("objects"), &state)?;
        leaves.queue(missing);
        let offset = match cfg.trust.clock {
            Clock::Real => Some(0),
            Clock::Simulated => state.clock.as_ref().map(|c| c.offset_ms),
        };
        let start = state.at.unwrap_or(model::Timestamp(0));
        let time = Time::open(&cfg.data, cfg.machine_clock.clone(), start, offset)?;
        let inner = Mutex::new(Inner { journal, state });
        let (reports, work) = (Notify::new(), Notify::new());
        Ok(Self {
            cfg,
            time,
            leaves,
            leases: Leases::default(),
            stages: Stages::default(),
            waits: Waits::default(),
            inner,
            reports,
            work,
            _lock: guard,
        })
    }

    /// Looks at the state. Keep it short: commits wait meanwhile.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&lock(&self.inner).state)
    }

    /// Builds one frame against the current state and makes it durable. An empty draft writes nothing.
    pub(crate) fn commit<T>(&self, build: impl FnOnce(&mut Draft<'_>) -> Result<T, NodeError>) -> Result<T, NodeError> {
        let mut inner = lock(&self.inner);
        let mut draft = Draft::new(&self.cfg, &inner.state, self.time.now());
        let out = build(&mut draft)?;
        if draft.is_empty() {
            return Ok(out);
        }
        let at = draft.at;
        let (records, leaves) = draft.finish();
        let frame = inner.journal.append(at, records)?;
        inner.state.take(frame);
        self.leaves.queue(leaves);
        drop(inner);
        self.reports.notify_one();
        Ok(out)
    }

    /// Before raw data are touched: every leaf so far is in the log, and the log can be written (invariant 3).
    pub(crate) async fn log_ready(&self) -> Result<(), Refusal> {
        let now = self.time.now();
        self.leaves.flush(now).await.map_err(|e| {
            tracing::error!(error = %e, "the zone's log cannot be written");
            refuse::log_unwritable()
        })
    }

    /// The key for a purpose and scope, made when it is first needed.
    pub(crate) fn key(&self, purpose: &str, scope: &str) -> Result<KeyId, NodeError> {
        // Under the state's lock, so that two callers never make two keys.
        let _one = lock(&self.inner);
        let (keys, at) = (&self.cfg.keys, Some(self.time.now().0));
        let Some(id) = keys.find(purpose, scope) else { return Ok(keys.create_at(purpose, scope, at)?) };
        // A key that has wrapped what it may gets new material; `admin rotate-keys` ends the old one's life. The key of
        // subject tokens wraps nothing, and its codes are stored: it is never rotated.
        if keys.remaining(&id)? == 0 {
            keys.begin_rotation(&id, at)?;
            tracing::warn!(purpose, "a key has wrapped as many data keys as it may and has new material");
        }
        Ok(id)
    }
}

/// One node per folder: the lock is the process's and falls with it.
fn take_lock(path: &std::path::Path) -> Result<File, NodeError> {
    let file = File::create(path).map_err(NodeError::io("locking the zone's folder"))?;
    file.try_lock().map_err(|_| NodeError::Locked)?;
    Ok(file)
}
