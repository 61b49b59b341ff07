//! Merkle log: leaves, tiles, checkpoints, proofs, and the evidence file that stands on them.
//!
//! The one place that knows how a leaf, a tile, a checkpoint and an evidence file are encoded. It must not know what
//! a procedure, an approval or a product is: statements are JSON whose signatures, times and heads it checks; whether
//! approvals suffice is asked of the caller (`evidence::Quorum`). It reads no clock.

mod anchors;
mod checkpoint;
mod error;
pub mod evidence;
mod files;
mod keys;
mod leaf;
mod log;
pub mod merkle;
mod proof;
mod reader;
mod report;
mod tile;
mod trust;
mod verify;

pub use checkpoint::{Anchor, Checkpoint, LogSigner, anchor_line};
pub use error::LogError;
pub use keys::{KeyEntryView, KeyListView, SignedValue, publish_key_list, read_key_lists};
pub use leaf::{Leaf, LogName, Outcome, leaf_hash};
pub use log::{LogConfig, TileLog};
pub use proof::LeafProof;
pub use reader::LogReader;
pub use report::{Failure, VerifyReport};
pub use trust::{ClockKind, PackRef, Trust};
pub use verify::{verify_dir, verify_once};
