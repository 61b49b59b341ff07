//! Statements that two people signed for one restore are used up by it: their digests are kept in every place that outlives the
//! restore, so that nobody lays the same signatures before another one.

use crate::BackupError;
use crate::files::{entries, write_whole};
use model::Digest;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Folder of the marks, below a custody, a backup or a data folder.
const MARKS: &str = "restorations";

/// Digests, as hexadecimal digits, of the statements that a folder knows to be used.
///
/// # Errors
/// Reading failed.
pub fn used(folder: &Path) -> Result<BTreeSet<String>, BackupError> {
    let marks = folder.join(MARKS);
    let io = BackupError::io(&marks, "读取已用的确认书", "reading which statements were used");
    let marks = entries(&marks).map_err(io)?;
    let names = marks.iter().filter_map(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned());
    Ok(names.filter(|n| !n.contains('.')).collect())
}

/// Remembers in a folder that a statement is used, whether or not that is known there. Durable when it returns.
///
/// # Errors
/// Writing failed.
pub fn remember(folder: &Path, digits: &str) -> io::Result<()> {
    write_whole(&mark(folder, digits), b"")
}

/// Uses a statement up in a folder: of two restores that begin at the same moment one does. Durable when it returns.
///
/// # Errors
/// `AlreadyExists`: it is used. Otherwise writing failed.
pub fn use_up(folder: &Path, digits: &str) -> io::Result<()> {
    let mark = mark(folder, digits);
    let marks = folder.join(MARKS);
    std::fs::create_dir_all(&marks)?;
    File::options().write(true).create_new(true).open(&mark)?.sync_all()?;
    [marks.as_path(), folder].iter().try_for_each(|dir| File::open(dir)?.sync_all())
}

/// The name under which a statement is marked as used.
#[must_use]
pub fn digits(digest: &Digest) -> String {
    digest.0.rsplit(':').next().unwrap_or_default().to_owned()
}

fn mark(folder: &Path, digits: &str) -> PathBuf {
    folder.join(MARKS).join(digits)
}
