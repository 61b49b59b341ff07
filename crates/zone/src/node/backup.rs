//! How far a zone's journal is, for backups: read while the node runs, since frames are only ever added.

use super::error::NodeError;
use super::journal::read_frames;
use super::record::{Frame, Record};
use super::resources::{Held, How};
use super::state::State;
use crypto::Suite;
use model::ids::{CaseId, ResourceId, WorkOrderId};
use serde::Serialize;
use std::fs::File;
use std::path::Path;

/// How far a journal, or its beginning, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalFacts {
    /// Bytes of whole frames.
    pub len: u64,
    /// Frames.
    pub frames: u64,
    /// Last order taken.
    pub order_seq: u64,
    /// Last report made.
    pub report_seq: u64,
    /// Leaves of the zone's log.
    pub leaves: u64,
}

/// Reads the journal up to the frame that takes an order beyond `last_order`, or to its end.
///
/// A platform's database that was copied before this is called, and whose last order is `last_order`, goes with this
/// beginning: the zone has taken no order that the platform does not know, and has made every report that the platform
/// has acknowledged, because a frame that takes a later order comes after both.
///
/// # Errors
/// The journal cannot be read or was changed.
pub fn journal_facts(
    path: &Path,
    suite: Suite,
    deployment: &str,
    last_order: Option<u64>,
) -> Result<JournalFacts, NodeError> {
    let io = NodeError::io;
    let file = File::open(path).map_err(io("opening the journal"))?;
    let size = file.metadata().map_err(io("opening the journal"))?.len();
    let mut state = State::default();
    let read = read_frames(&file, size, suite, deployment, |frame, _| {
        let beyond = last_order.is_some_and(|last| order_of(&frame).is_some_and(|seq| seq > last));
        if !beyond {
            state.take(frame);
        }
        Ok(!beyond)
    })?;
    Ok(JournalFacts {
        len: read.len,
        frames: read.frames,
        order_seq: state.order_seq,
        report_seq: state.report_seq,
        leaves: state.leaves,
    })
}

/// How a resource stands that is not simply there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// To be destroyed.
    Withdrawing,
    /// Destroyed.
    Withdrawn,
    /// Its keys are being sealed away.
    Sealing,
    /// Its keys are sealed away.
    Sealed,
    /// Waits for its two keepers.
    Unsealing,
}

/// A resource that was withdrawn or sealed, by a zone's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldResource {
    /// Resource.
    pub resource: ResourceId,
    /// How it stands.
    pub how: Holding,
    /// Stable code of the ground.
    pub ground: String,
    /// Article.
    pub article: String,
    /// The order that said so; none where its keys told it after a restore.
    pub order: Option<WorkOrderId>,
    /// The case of that order.
    pub case: Option<CaseId>,
}

/// The resources that were withdrawn or sealed, read while the node runs.
///
/// # Errors
/// The journal cannot be read or was changed.
pub fn held_resources(path: &Path, suite: Suite, deployment: &str) -> Result<Vec<HeldResource>, NodeError> {
    let io = NodeError::io;
    let file = File::open(path).map_err(io("opening the journal"))?;
    let size = file.metadata().map_err(io("opening the journal"))?.len();
    let mut state = State::default();
    read_frames(&file, size, suite, deployment, |frame, _| {
        state.take(frame);
        Ok(true)
    })?;
    let said = |held: Held| HeldResource {
        resource: held.stop.resource,
        how: match held.how {
            How::Withdrawing(_) => Holding::Withdrawing,
            How::Withdrawn => Holding::Withdrawn,
            How::Sealing => Holding::Sealing,
            How::Sealed => Holding::Sealed,
            How::Unsealing => Holding::Unsealing,
        },
        ground: held.stop.ground,
        article: held.stop.article,
        order: held.bound.as_ref().map(|b| b.order.clone()),
        case: held.bound.map(|b| b.case),
    };
    Ok(state.held.into_values().map(said).collect())
}

fn order_of(frame: &Frame) -> Option<u64> {
    frame.records.iter().find_map(|record| match record {
        Record::OrderApplied { order } => Some(order.body.seq),
        Record::OrderRefused { seq, .. } => Some(*seq),
        _ => None,
    })
}
