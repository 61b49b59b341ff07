//! Makes the archive of a closed epoch out of the log's folder. The manifest comes last: a folder without one is no archive.

use super::{BEFORE, CLOSING, LEAVES, LeafTable, MANIFEST, MANIFEST_TYPE, Manifest, OPENED, Row, TILES, WITNESSES};
use super::{WitnessedFile, digested, trees_at};
use crate::LogError;
use crate::checkpoint::Checkpoint;
use crate::epoch::{Opening, openings};
use crate::files::Folder;
use crate::keys::read_key_lists;
use crate::leaf::LogName;
use crate::merkle::leaf_node;
use crate::proof::LeafProofFile;
use crate::reader::LogReader;
use crate::tile::{Tile, Tree};
use crate::witnessed::cosigned_checkpoints;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{HashAlg, SigningKey};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// Tiles that are written at once.
const TILES_AT_ONCE: usize = 256;

/// What is to be archived, and where to.
pub struct Making<'a> {
    /// Folder of both logs (`DATA/log`).
    pub log_dir: &'a Path,
    /// Which log.
    pub log: LogName,
    /// Name of the closed epoch.
    pub epoch: u32,
    /// The archive's folder: empty, or not there yet.
    pub out: &'a Path,
    /// The deployment's time.
    pub at: i64,
    /// How leaves are kept.
    pub table: &'a dyn LeafTable,
    /// The log's key.
    pub signer: &'a SigningKey,
    /// Further files by path: the rule pack below `pack/`, verifiers, explanations.
    pub more: &'a BTreeMap<String, Vec<u8>>,
}

impl std::fmt::Debug for Making<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Making").field("log", &self.log).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// Makes an archive; returns what its manifest says and that file's digest under the deployment's suite.
///
/// # Errors
/// No such epoch was closed, the folder is not empty, the log is damaged, or writing failed.
pub fn make_archive(making: &Making<'_>) -> Result<(Manifest, crypto::Hash), LogError> {
    let out = Folder::new(making.out);
    out.make()?;
    if !out.all()?.is_empty() {
        return Err(LogError::malformed("archive", "its folder is not empty"));
    }
    let (reader, published) = LogReader::open(&making.log_dir.join(making.log.as_str()))?;
    let all = openings(&reader)?;
    let at = all.iter().position(|(_, o)| o.closed == making.epoch);
    let unknown = || LogError::malformed("epoch", "no epoch of this name was closed");
    let (index, opening) = at.and_then(|at| all.get(at)).ok_or_else(unknown)?;
    let before = at.and_then(|at| at.checked_sub(1)).and_then(|at| all.get(at)).map(|(_, o)| &o.note);
    let (from, to) = (before.map_or(0, |c| c.size), opening.note.size);
    leaves(making, &reader, &out, from..to)?;
    beside(making, &out, (*index, opening), before)?;
    witnesses(making, &reader, &out, &opening.note)?;
    let mut files = Vec::new();
    for name in out.all()? {
        files.push(digested(&making.out.join(&name), &name)?);
    }
    let suite = published.suite;
    let deployment = published.origin.strip_suffix(&format!("/{}", making.log)).unwrap_or_default().to_owned();
    let manifest = Manifest {
        v: 1,
        deployment,
        suite,
        clock: published.clock,
        log: making.log,
        epoch: making.epoch,
        from,
        to,
        made_at: making.at,
        files,
    };
    let signature = making.signer.sign(MANIFEST_TYPE, &manifest)?;
    let signed = json!({"body": manifest, "key": making.signer.key_id(), "signature": signature});
    let bytes = crypto::canonical(&signed)?;
    out.write(MANIFEST, &bytes)?;
    Ok((manifest, suite.hash(&bytes)))
}

/// The table, and the tiles that hold a node over one of its leaves.
fn leaves(making: &Making<'_>, reader: &LogReader, out: &Folder, range: std::ops::Range<u64>) -> Result<(), LogError> {
    let whole = reader.upto(range.start);
    let mut trees = trees_at(range.start, |alg, level, index, width| whole.tile(alg, level, index, width))?;
    let mut waiting: Vec<Tile> = Vec::new();
    let write = |tiles: &mut Vec<Tile>| -> Result<(), LogError> {
        let files: Vec<(String, &[u8])> =
            tiles.iter().map(|t| (format!("{TILES}{}", t.path()), t.bytes.as_slice())).collect();
        out.write_all(&files)?;
        tiles.clear();
        Ok(())
    };
    making.table.write(&making.out.join(LEAVES), &mut |take| {
        reader.upto(range.end).each(range.start, |index, leaf| {
            for tree in &mut trees {
                tree.push(leaf, &mut |tile| {
                    waiting.push(tile);
                    Ok(())
                })?;
            }
            if waiting.len() >= TILES_AT_ONCE {
                write(&mut waiting)?;
            }
            let hash = |alg| leaf_node(alg, leaf);
            take(Row { index, leaf: leaf.to_vec(), sm3: hash(HashAlg::Sm3), sha256: hash(HashAlg::Sha256) })
        })
    })?;
    waiting.extend(trees.iter().flat_map(Tree::partial));
    write(&mut waiting)
}

/// Checkpoints, the opening of the next epoch, key lists, and what the caller adds.
fn beside(
    making: &Making<'_>,
    out: &Folder,
    (index, opening): (u64, &Opening),
    before: Option<&Checkpoint>,
) -> Result<(), LogError> {
    let mut files: Vec<(String, Vec<u8>)> = vec![(CLOSING.to_owned(), opening.note.render().into_bytes())];
    files.extend(before.map(|c| (BEFORE.to_owned(), c.render().into_bytes())));
    files.push((OPENED.to_owned(), LeafProofFile::make(making.log_dir, making.log, index)?.to_bytes()?));
    for (n, list) in (1u64..).zip(read_key_lists(making.log_dir)?) {
        files.push((format!("keys/{n}.json"), crypto::canonical(&list)?));
    }
    files.extend(making.more.iter().map(|(name, bytes)| (name.clone(), bytes.clone())));
    out.write_all(&files.iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())).collect::<Vec<_>>())
}

/// The newest checkpoint that each witness has cosigned, with the proof between it and the closing one.
fn witnesses(making: &Making<'_>, reader: &LogReader, out: &Folder, note: &Checkpoint) -> Result<(), LogError> {
    for (name, noted) in cosigned_checkpoints(making.log_dir, making.log)? {
        let size = noted.checkpoint.size;
        let (old, new) = (size.min(note.size), size.max(note.size));
        let proof = |alg| -> Result<Vec<String>, LogError> {
            Ok(reader.consistency(alg, old, new)?.iter().map(|n| BASE64.encode(n)).collect())
        };
        let (sm3_proof, sha256_proof) = (proof(HashAlg::Sm3)?, proof(HashAlg::Sha256)?);
        let file = WitnessedFile { v: 1, note: noted.render(), sm3_proof, sha256_proof };
        out.write(&format!("{WITNESSES}{name}.json"), &crypto::canonical(&file)?)?;
    }
    Ok(())
}
