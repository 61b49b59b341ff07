//! Backups of a data folder: a sealed, growing repository; the custody of keys beside it; and what a restore may not undo.
//!
//! Knows files, digests, keys' files and checkpoints. It must not know SQL, records, procedures or the journal's frames:
//! what of a live folder belongs together is said by the caller. Nothing here reads a clock.

mod confirm;
mod custody;
mod error;
mod files;
mod manifest;
mod repo;
mod restore;
mod ring;
mod take;
mod used;

pub use confirm::{RESTORATION_TYPE, Restoration, VALID_MS, again, behind, confirmed, listed};
pub use custody::{Custody, Place};
pub use error::BackupError;
pub use files::{exchange, read_plain, replaceable, sweep, wipe, wipe_keys, write_whole};
pub use manifest::{Facts, FileEntry, LogFacts, Manifest, ObjectEntry};
pub use repo::{Last, Repo};
pub use restore::{Known, Newer, Unpacked, newer_than, unpack};
pub use ring::{bring_tombstones, bury, gather, tombstones};
pub use take::{Content, Source, take};
pub use used::{digits, remember, use_up, used};
