//! Files of key rings, by their names alone: `<id>.key` and `<id>.v<n>.key`, `<id>.uses`, `<id>.sealed`, `<id>.destroyed`
//! (docs/envelope.md). No key is opened here.

use crate::files::{TEMP, entries, read_plain, wipe, write_whole};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The key that a file of a ring is about.
pub(crate) fn id_of(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

pub(crate) fn name(path: &Path) -> Option<String> {
    path.file_name().map(|n| n.to_string_lossy().into_owned())
}

/// Ids of the tombstones in a ring.
///
/// # Errors
/// Reading failed.
pub fn tombstones(ring: &Path) -> io::Result<BTreeSet<String>> {
    let names = entries(ring)?.into_iter().filter_map(|p| name(&p));
    Ok(names.filter_map(|n| n.strip_suffix(".destroyed").map(str::to_owned)).collect())
}

/// Overwrites and removes every version and every count of these keys. Tombstones stay.
///
/// # Errors
/// Reading or writing failed.
pub fn bury(ring: &Path, gone: &BTreeSet<String>) -> io::Result<()> {
    for path in entries(ring)? {
        let Some(name) = name(&path) else { continue };
        // What a killed writer left of them, too.
        if gone.contains(id_of(&name)) && !name.ends_with(".destroyed") && !fs::symlink_metadata(&path)?.is_dir() {
            wipe(&path)?;
        }
    }
    Ok(())
}

/// Ids of the keys that a ring holds sealed away.
pub(crate) fn sealed(ring: &Path) -> io::Result<BTreeSet<String>> {
    let names = entries(ring)?.into_iter().filter_map(|p| name(&p));
    Ok(names.filter_map(|n| n.strip_suffix(".sealed").map(str::to_owned)).collect())
}

/// Overwrites and removes every version of these keys, and nothing else of theirs.
pub(crate) fn wipe_versions(ring: &Path, of: &BTreeSet<String>) -> io::Result<()> {
    for path in entries(ring)? {
        let Some(name) = name(&path).filter(|n| n.ends_with(".key") || n.ends_with(TEMP)) else { continue };
        if of.contains(id_of(&name)) {
            wipe(&path)?;
        }
    }
    Ok(())
}

/// Overwrites and removes what killed writers left in a ring that nobody writes now.
pub(crate) fn wipe_unfinished(ring: &Path) -> io::Result<()> {
    let left = |path: &PathBuf| name(path).is_some_and(|n| n.ends_with(TEMP));
    entries(ring)?.into_iter().filter(left).try_for_each(|path| wipe(&path))
}

/// Brings tombstones of other folders into a ring.
///
/// # Errors
/// Reading or writing failed.
pub fn bring_tombstones(ring: &Path, from: &[PathBuf]) -> io::Result<()> {
    bring(ring, from, |name| name.ends_with(".destroyed"))
}

/// Makes a ring out of other folders: their tombstones, and every version of the keys that are not `gone`. Versions that a
/// rotation replaced come along: what is restored may lie under them. Of two counts of uses the later folder's stands.
///
/// # Errors
/// Reading or writing failed.
pub fn gather(ring: &Path, from: &[PathBuf], gone: &BTreeSet<String>) -> io::Result<()> {
    let kept = |name: &str| [".key", ".uses", ".sealed"].iter().any(|end| name.ends_with(end));
    bring(ring, from, |name| name.ends_with(".destroyed") || kept(name) && !gone.contains(id_of(name)))?;
    bury(ring, &tombstones(ring)?)
}

fn bring(ring: &Path, from: &[PathBuf], wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for folder in from {
        for path in entries(folder)? {
            let Some(name) = name(&path).filter(|n| wanted(n)) else { continue };
            write_whole(&ring.join(&name), &read_plain(&path)?)?;
        }
    }
    Ok(())
}
