//! What a snapshot holds. A stored format: fields are added, never changed.

use model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One snapshot, sealed as `snapshots/<number>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// From 1, without gaps.
    pub number: u64,
    /// On the machine's clock.
    pub at: Timestamp,
    /// Digest of the snapshot before; null for the first.
    pub previous: Option<Digest>,
    /// Files, sealed in pieces under the backup's key.
    pub files: Vec<FileEntry>,
    /// The zone's sealed objects, as they lie there: under keys that are not in the backup.
    pub objects: Vec<ObjectEntry>,
    /// Ids of keys that were destroyed when it was taken.
    pub destroyed: Vec<String>,
    /// How far everything was.
    pub facts: Facts,
    /// Id of the custody that the zone's keys are in, where there is one: a restore takes no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custody: Option<String>,
}

/// A file: its pieces follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Below the data folder.
    pub path: String,
    /// Bytes.
    pub len: u64,
    /// Digest of the bytes.
    pub digest: Digest,
    /// Names of the pieces.
    pub pieces: Vec<String>,
}

/// A sealed object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectEntry {
    /// Below the data folder.
    pub path: String,
    /// Bytes as stored.
    pub len: u64,
    /// Digest of the stored bytes, by which it is named in the repository.
    pub digest: Digest,
    /// Digest of its beginning, salt included: equal for the same sealing only.
    pub head: Digest,
    /// Key it lies under.
    pub key: String,
}

/// How far a log was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogFacts {
    /// Leaves.
    pub size: u64,
    /// Roots by hash.
    pub roots: BTreeMap<String, String>,
}

/// How far everything was: what a restore compares with what is known otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Logs by name.
    pub logs: BTreeMap<String, LogFacts>,
    /// Last order that the zone took, where the zone is here.
    pub order_seq: Option<u64>,
    /// Last report that the zone made, where the zone is here.
    pub report_seq: Option<u64>,
    /// Frames of the zone's journal.
    pub frames: Option<u64>,
    /// `sqlite`, or `dump` for a file that PostgreSQL's own tool made; null without the platform.
    pub database: Option<String>,
}
