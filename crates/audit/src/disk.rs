//! The few things a log does to a disk. Every write of it goes through here, so that tests can let the process or the
//! power die at each of them.

#[cfg(any(test, feature = "fault"))]
use crate::fault::{Op, step};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file anew and makes its bytes durable; its name is not durable before [`sync_dir`].
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    #[cfg(any(test, feature = "fault"))]
    if let Some(done) = step(Op::Write(path, bytes)) {
        return done;
    }
    let mut f = File::create(path)?;
    f.write_all(bytes)?;
    f.sync_all()
}

/// Gives a file another name, in the place of what had it.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(test, feature = "fault"))]
    if let Some(done) = step(Op::Rename(from, to)) {
        return done;
    }
    fs::rename(from, to)
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    #[cfg(any(test, feature = "fault"))]
    if let Some(done) = step(Op::Remove(path)) {
        return done;
    }
    fs::remove_file(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(any(test, feature = "fault"))]
    if let Some(done) = step(Op::Sync(path)) {
        return done;
    }
    File::open(path)?.sync_all()
}
