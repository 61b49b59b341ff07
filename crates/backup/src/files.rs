//! Files that are there whole or not at all, and folders that change places at once.

use crate::BackupError;
use rustix::fs::{AtFlags, CWD, RenameFlags, StatxFlags, renameat_with, statx};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// End of a name while its file is being written.
pub(crate) const TEMP: &str = ".tmp";

/// Writes a file of mode 0600: temporary name, fsync, rename, fsync of the folder. Parents are made.
///
/// # Errors
/// Writing failed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let mut temp = path.as_os_str().to_owned();
    temp.push(TEMP);
    let temp = Path::new(&temp);
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(temp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temp, path)?;
    File::open(parent)?.sync_all()
}

/// Removes what killed writers left below a folder.
///
/// # Errors
/// Reading or removing failed.
pub fn sweep(folder: &Path) -> io::Result<()> {
    for path in entries(folder)? {
        if path.is_dir() {
            sweep(&path)?;
        } else if path.to_string_lossy().ends_with(TEMP) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Paths directly below a folder, in order; none where it is not there.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut out = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?,
    };
    out.sort();
    Ok(out)
}

/// Can another folder take the place of this one? Not of a mount: what lies there changes places with nothing. Of a folder
/// that is not there yet, always.
///
/// # Errors
/// Reading failed.
pub fn replaceable(folder: &Path) -> io::Result<bool> {
    let mount = |at: &Path| {
        let flags = StatxFlags::MNT_ID | StatxFlags::BASIC_STATS;
        let of = statx(CWD, at, AtFlags::empty(), flags)?;
        // Kernels before 5.8 do not number their mounts.
        let id = (of.stx_mask & StatxFlags::MNT_ID.bits() != 0).then_some(of.stx_mnt_id);
        // A subvolume has a device of its own and can be exchanged all the same.
        Ok::<_, io::Error>(id.ok_or((of.stx_dev_major, of.stx_dev_minor)))
    };
    if !folder.exists() {
        return Ok(true);
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(mount(folder)? == mount(parent)?)
}

/// Puts `new` in the place of `old` in one step: at no moment is neither there. Afterwards `new` names what was `old`.
///
/// # Errors
/// The file system cannot, or a folder is missing.
pub fn exchange(new: &Path, old: &Path) -> Result<(), BackupError> {
    let io = BackupError::io(old, "换上恢复的目录", "putting the restored folder in its place");
    let flags = if old.exists() { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
    renameat_with(CWD, new, CWD, old, flags).map_err(|e| io(e.into()))?;
    let parent = old.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|d| d.sync_all()).map_err(BackupError::io(parent, "同步目录", "syncing a folder"))
}

/// Overwrites and removes everything in a ring but its tombstones: key files and sealed ones, counts, sealing keys, and what a
/// killed writer left of any of them.
///
/// # Errors
/// Reading or writing failed.
pub fn wipe_keys(ring: &Path) -> io::Result<u64> {
    let mut n = 0;
    for path in entries(ring)? {
        if path.is_file() && path.extension().is_none_or(|e| e != "destroyed") {
            wipe(&path)?;
            n += 1;
        }
    }
    Ok(n)
}

/// Overwrites a file with zeros, removes it and syncs its folder. A file that is not there is no error.
///
/// # Errors
/// Writing or removing failed.
pub fn wipe(path: &Path) -> io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    file.write_all(&vec![0; len])?;
    file.sync_all()?;
    fs::remove_file(path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_not_replaced_and_a_folder_is() {
        let dir = tempfile::tempdir().unwrap();
        assert!(replaceable(dir.path()).unwrap() && replaceable(&dir.path().join("not there")).unwrap());
        assert!(!replaceable(Path::new("/proc")).unwrap());
    }
}
