//! The zone's Merkle log as a projection of the journal: leaves are queued when their frame is durable, written in
//! order, and covered by a signed checkpoint within a second. It decides nothing about what a leaf says.

use super::config::NodeConfig;
use super::core::lock;
use super::error::NodeError;
use super::record::{Frame, Record};
use audit::{Anchor, Checkpoint, ClockKind, Growth, LogConfig, LogError, LogName, Opening, TileLog, grown};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{HashAlg, SigningKey};
use model::link::LeafRun;
use model::{Clock, Timestamp};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

pub(crate) struct Leaves {
    shared: Arc<Shared>,
    /// Rung when leaves wait.
    pub(crate) waiting: Notify,
    first_size: u64,
}

struct Shared {
    folder: PathBuf,
    config: LogConfig,
    signer: SigningKey,
    /// Gone after a failed write: it must be opened again before anything else is written.
    log: Mutex<Option<TileLog>>,
    queue: Mutex<VecDeque<(u64, Vec<u8>)>>,
    checkpoint: Mutex<Option<String>>,
    /// What of the platform's log was seen last, and is anchored.
    anchor: Mutex<Option<Anchor>>,
}

impl Leaves {
    /// Opens the log's folder.
    pub(crate) fn open(cfg: &NodeConfig) -> Result<Self, NodeError> {
        let clock = match cfg.trust.clock {
            Clock::Real => ClockKind::Real,
            Clock::Simulated => ClockKind::Simulated,
        };
        let (trust, state) = (&cfg.trust, cfg.data.join("log-signer"));
        let config =
            LogConfig::new(&trust.deployment, LogName::Zone, trust.suite, clock, &state).with_root(trust.root.clone());
        let log = TileLog::open(&cfg.log, config.clone()).map_err(log_error)?;
        let first_size = log.size();
        let anchor = log.anchors().map_err(log_error)?.into_iter().next();
        let shared = Shared {
            folder: cfg.log.clone(),
            config,
            signer: cfg.log_signer.clone(),
            checkpoint: Mutex::new(log.published().map(Checkpoint::render)),
            log: Mutex::new(Some(log)),
            queue: Mutex::default(),
            anchor: Mutex::new(anchor),
        };
        Ok(Self { shared: Arc::new(shared), waiting: Notify::new(), first_size })
    }

    /// Leaves in the log when it was opened.
    pub(crate) fn first_size(&self) -> u64 {
        self.first_size
    }

    /// Queues leaves that became durable; indices follow each other.
    pub(crate) fn queue(&self, leaves: Vec<(u64, Vec<u8>)>) {
        if leaves.is_empty() {
            return;
        }
        lock(&self.shared.queue).extend(leaves);
        self.waiting.notify_one();
    }

    /// Newest checkpoint.
    pub(crate) fn checkpoint(&self) -> Option<String> {
        lock(&self.shared.checkpoint).clone()
    }

    /// The newest checkpoint, and leaves under it from an index on, at most about so many bytes of them; `None` if there
    /// are none.
    pub(crate) async fn since(&self, from: u64, bytes: usize) -> Result<(Option<String>, Option<LeafRun>), NodeError> {
        let shared = self.shared.clone();
        let done = tokio::task::spawn_blocking(move || shared.since(from, bytes).map_err(log_error)).await;
        done.unwrap_or_else(|_| Err(NodeError::Log("the reader ended abnormally".into())))
    }

    /// How many leaves of the platform's log are anchored.
    pub(crate) fn anchored(&self) -> u64 {
        lock(&self.shared.anchor).as_ref().map_or(0, |a| a.size)
    }

    /// Takes a checkpoint of the platform's log whose signature was verified; the next checkpoint here will anchor it. Only
    /// what is shown to extend what was seen before: the anchor of a history that was put aside stays, and contradicts the
    /// new one for good.
    pub(crate) fn anchor(&self, platform: &Checkpoint, proof: &[String]) -> Growth {
        let mut anchor = lock(&self.shared.anchor);
        let growth = anchor.as_ref().map_or(Growth::Extends, |seen| grown(seen, platform, proof));
        if growth == Growth::Extends && anchor.as_ref().is_none_or(|a| a.size < platform.size) {
            let (origin, size, sm3) = (platform.origin.clone(), platform.size, platform.root(HashAlg::Sm3));
            *anchor = Some(Anchor { origin, size, sm3 });
            self.waiting.notify_one();
        }
        growth
    }

    /// Whether another year has begun than the one in which the log's running epoch did: then what closes it, under a
    /// checkpoint signed now.
    pub(crate) async fn closing(&self, now: Timestamp) -> Result<Option<Opening>, NodeError> {
        if self.shared.closing(now).is_none() {
            return Ok(None);
        }
        self.flush(now).await?;
        Ok(self.shared.closing(now))
    }

    /// Writes what is queued and publishes a checkpoint, also where nothing is new: that shows that the log can be written.
    pub(crate) async fn flush(&self, now: Timestamp) -> Result<(), NodeError> {
        let shared = self.shared.clone();
        let done = tokio::task::spawn_blocking(move || shared.flush(now)).await;
        done.unwrap_or_else(|_| Err(NodeError::Log("the writer ended abnormally".into())))
    }
}

impl Shared {
    fn closing(&self, now: Timestamp) -> Option<Opening> {
        lock(&self.log).as_ref()?.closing(now.0, |at| Timestamp(at).year())
    }

    fn flush(&self, now: Timestamp) -> Result<(), NodeError> {
        // Held throughout, so that two flushes cannot swap their leaves.
        let mut slot = lock(&self.log);
        let mut log = match slot.take() {
            Some(log) => log,
            None => TileLog::open(&self.folder, self.config.clone()).map_err(log_error)?,
        };
        let note = self.write(&mut log, now).map_err(log_error)?;
        *slot = Some(log);
        *lock(&self.checkpoint) = Some(note);
        Ok(())
    }

    fn since(&self, from: u64, bytes: usize) -> Result<(Option<String>, Option<LeafRun>), LogError> {
        // Held throughout, so that the folder does not change under the reader.
        let slot = lock(&self.log);
        let note = lock(&self.checkpoint).clone();
        let (Some(log), Some(text)) = (slot.as_ref(), &note) else { return Ok((note, None)) };
        let end = Checkpoint::parse(text.as_bytes())?.size;
        let (mut leaves, mut left) = (Vec::new(), bytes);
        let reader = log.reader();
        for index in from..end {
            let leaf = reader.leaf(index)?;
            let Some(rest) = left.checked_sub(leaf.len()) else { break };
            left = rest;
            leaves.push(BASE64.encode(leaf));
        }
        let run = (!leaves.is_empty()).then_some(LeafRun { first: from, leaves });
        Ok((note, run))
    }

    fn write(&self, log: &mut TileLog, now: Timestamp) -> Result<String, LogError> {
        let batch: Vec<(u64, Vec<u8>)> = lock(&self.queue).iter().cloned().collect();
        if let Some((first, _)) = batch.first() {
            let leaves: Vec<Vec<u8>> = batch.iter().map(|(_, bytes)| bytes.clone()).collect();
            let end = log.append_at(*first, &leaves)?.end;
            lock(&self.queue).retain(|(index, _)| *index >= end);
        }
        let anchors: Vec<String> = lock(&self.anchor).iter().map(Anchor::line).collect();
        log.checkpoint(now.0, &self.signer, &anchors)
    }
}

/// The encoded leaves of a frame from index `from` on.
pub(crate) fn encoded(frame: &Frame, from: u64) -> Result<Vec<(u64, Vec<u8>)>, NodeError> {
    let mut out = Vec::new();
    for record in &frame.records {
        if let Record::Leaf { index, leaf, .. } = record
            && *index >= from
        {
            out.push((*index, leaf.encode().map_err(log_error)?));
        }
    }
    Ok(out)
}

pub(crate) fn log_error(e: LogError) -> NodeError {
    match e {
        LogError::Io { source, .. } => NodeError::Io { what: "using the zone's log", source },
        LogError::Locked => NodeError::Locked,
        e @ (LogError::Corrupt { .. }
        | LogError::Malformed { .. }
        | LogError::Leaf(_)
        | LogError::RolledBack { .. }
        | LogError::SecondRoot { .. }
        | LogError::EpochClosed(_)
        | LogError::Different { .. }) => NodeError::LogBroken(e.to_string()),
        e => NodeError::Log(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full or failing disk is not called tampering: a start may help there, and nobody must restore.
    #[test]
    fn a_broken_log_is_told_from_a_failing_disk() {
        let named = || "tile/0/000".to_owned();
        let broken = [
            LogError::Corrupt { file: named(), what: "missing" },
            LogError::Malformed { what: "checkpoint", why: "no text" },
            LogError::RolledBack { found: 3, signed: 4 },
            LogError::SecondRoot { size: 4 },
            LogError::EpochClosed(1),
        ];
        for e in broken {
            let told = log_error(e);
            assert!(matches!(told, NodeError::LogBroken(_)), "{told:?}");
        }
        let full = LogError::Io { file: named(), source: std::io::ErrorKind::StorageFull.into() };
        assert!(matches!(log_error(full), NodeError::Io { .. }));
        assert!(matches!(log_error(LogError::Locked), NodeError::Locked));
    }
}
