//! Archives of closed epochs: one folder with everything that an epoch consists of and that its verifier needs, under a
//! manifest that the log's key signs. It stands by itself: no live log, no database, no network.
//!
//! Leaves lie in a table whose format is the caller's ([`LeafTable`]); what is right, this module says.

mod check;
mod make;
mod pass;

pub use check::{ArchivesAsked, verify_archives};
pub use make::{Making, make_archive};

use crate::LogError;
use crate::leaf::LogName;
use crate::merkle::Node;
use crate::tile::{ALGS, Tree};
use crate::trust::ClockKind;
use crypto::{Hash, HashAlg, Suite};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The file that names all others.
pub const MANIFEST: &str = "manifest.json";
/// Signed type of manifests.
pub const MANIFEST_TYPE: &str = "log-archive";
/// The table of leaves.
pub const LEAVES: &str = "leaves.parquet";
/// The closing checkpoint, and that of the epoch before.
const CLOSING: &str = "checkpoint";
const BEFORE: &str = "before";
/// The leaf that opened the next epoch, proved.
const OPENED: &str = "opened.json";
const TILES: &str = "tiles/";
const WITNESSES: &str = "witness/";
const PACK: &str = "pack/";
const KEYS: &str = "keys/";
/// Words and programs for whoever verifies; nothing here reads them.
const VERIFIER: &str = "verifier/";

/// A leaf as a table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its index in the log.
    pub index: u64,
    /// The encoded leaf.
    pub leaf: Vec<u8>,
    /// Its leaf hash under SM3.
    pub sm3: Node,
    /// Its leaf hash under SHA-256.
    pub sha256: Node,
}

/// Takes one row.
pub type Take<'a> = &'a mut dyn FnMut(Row) -> Result<(), LogError>;

/// A file format for leaves, row by row.
pub trait LeafTable {
    /// Writes a file; `rows` hands every row to what it is given, in order.
    ///
    /// # Errors
    /// Writing failed, or `rows` did.
    fn write(&self, path: &Path, rows: &mut dyn FnMut(Take<'_>) -> Result<(), LogError>) -> Result<(), LogError>;

    /// Hands every row of a file to `each`, in order.
    ///
    /// # Errors
    /// It is no such file, or `each` failed.
    fn read(&self, path: &Path, each: Take<'_>) -> Result<(), LogError>;
}

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// Path inside the archive.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Digest under SM3.
    pub sm3: Hash,
    /// Digest under SHA-256.
    pub sha256: Hash,
}

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// Cipher suite.
    pub suite: Suite,
    /// Kind of clock.
    pub clock: ClockKind,
    /// Which log.
    pub log: LogName,
    /// Name of the epoch: the year in which it began.
    pub epoch: u32,
    /// Index of its first leaf.
    pub from: u64,
    /// Index after its last leaf.
    pub to: u64,
    /// When it was made, in milliseconds since 1970 on the deployment's clock.
    pub made_at: i64,
    /// Every other file, by name.
    pub files: Vec<FileDigest>,
}

/// Size and digests of a file.
fn digested(path: &Path, name: &str) -> Result<FileDigest, LogError> {
    let io = |source| LogError::Io { file: name.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let (mut sm3, mut sha256) = (HashAlg::Sm3.hasher(), HashAlg::Sha256.hasher());
    let (mut buffer, mut size) = (vec![0; 1 << 16], 0);
    loop {
        let n = file.read(&mut buffer).map_err(io)?;
        let Some(part) = buffer.get(..n).filter(|p| !p.is_empty()) else { break };
        sm3.update(part);
        sha256.update(part);
        size += n as u64;
    }
    Ok(FileDigest { name: name.to_owned(), size, sm3: sm3.finish(), sha256: sha256.finish() })
}

/// Both trees over the first `size` leaves, out of the tiles that are not full there.
fn trees_at(
    size: u64,
    mut tile: impl FnMut(HashAlg, u32, u64, u64) -> Result<Vec<Node>, LogError>,
) -> Result<[Tree; 2], LogError> {
    let mut trees = ALGS.map(Tree::new);
    for tree in &mut trees {
        let alg = tree.alg();
        let mut levels = Vec::new();
        for (level, (index, width)) in (0u32..).zip(Tree::edge(size)) {
            levels.push(if width == 0 { Vec::new() } else { tile(alg, level, index, width)? });
        }
        *tree = Tree::from_edge(alg, size, levels);
    }
    Ok(trees)
}

/// A checkpoint that a witness has cosigned, and the proof that it and the closing checkpoint are of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessedFile {
    v: u32,
    note: String,
    sm3_proof: Vec<String>,
    sha256_proof: Vec<String>,
}
