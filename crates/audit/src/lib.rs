//! Merkle log: leaves, tiles, checkpoints, proofs, and the evidence file that stands on them.
//!
//! The one place that knows how a leaf, a tile, a checkpoint and an evidence file are encoded. It must not know what
//! a procedure, an approval or a product is: statements are JSON whose signatures, times and heads it checks; whether
//! approvals suffice is asked of the caller (`evidence::Quorum`). It reads no clock.

mod anchors;
pub mod archive;
mod checkpoint;
mod cosign;
mod disk;
mod epoch;
mod error;
pub mod evidence;
#[cfg(any(test, feature = "fault"))]
pub mod fault;
mod files;
mod growth;
pub mod handover;
mod keys;
mod leaf;
mod log;
mod memory;
pub mod merkle;
mod pass;
mod proof;
mod reader;
mod receipts;
mod report;
mod signer;
mod tile;
mod trust;
mod verify;
mod witness;
mod witnessed;
mod words;

pub use checkpoint::{Anchor, Checkpoint, LogSigner, anchor_line};
pub use cosign::{Cosignature, Cosigned, WitnessKey, is_witness_name};
pub use epoch::{EPOCH_OPENED, EPOCH_RENEWED, EpochMark, Opening};
pub use error::LogError;
pub use growth::{Growth, grown, growth};
pub use keys::{KeyEntryView, KeyListView, SignedValue, publish_key_list, read_key_lists};
pub use leaf::{Leaf, LogName, Outcome, leaf_hash};
pub use log::{LogConfig, TileLog};
pub use proof::{LeafProof, LeafProofFile, find_leaf};
pub use reader::{LogReader, TileNodes, fetched_nodes, public_file};
pub use receipts::verify_receipts;
pub use report::{EpochView, Failure, VerifyReport};
pub use trust::WitnessPolicy;
pub use trust::{ClockKind, PackRef, Trust};
pub use verify::{Asked, verify_asked, verify_dir, verify_once};
pub use witness::{Witness, WitnessRefusal, WitnessRequest};
pub use witnessed::{ANOTHER_HISTORY, attach_cosignature};
