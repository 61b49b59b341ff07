//! Files that are there whole or not at all, and folders that change places at once.

use crate::BackupError;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, StatxFlags, renameat_with, statx};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// End of a name while its file is being written.
pub(crate) const TEMP: &str = ".tmp";

/// Small files are read whole: none of ours comes near this size.
const SMALL: u64 = 16 << 20;

/// Opens a file that is one: through no link in its last part, and without waiting for whoever stands at the other end of a
/// pipe. Folders of a custody, of a backup or of a platform are written by others, who may leave there what they like.
pub(crate) fn plain_file(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_a_file()) }
}

fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no plain file")
}

/// Reads a small file that is one.
///
/// # Errors
/// It is not there, is a link, a pipe or a device, is larger than any file of ours, or reading failed.
pub fn read_plain(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    plain_file(path, OFlags::RDONLY)?.take(SMALL + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SMALL { Err(not_a_file()) } else { Ok(bytes) }
}

/// A file to hold a lock on, made where it is not there yet.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    plain_file(path, OFlags::WRONLY | OFlags::CREATE)
}

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
    // What a killed writer left, or a link that somebody put there, is not written through.
    match fs::remove_file(temp) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(temp)?;
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
        if fs::symlink_metadata(&path)?.is_dir() {
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
        let folder = fs::symlink_metadata(&path)?.is_dir();
        if !folder && path.extension().is_none_or(|e| e != "destroyed") {
            wipe(&path)?;
            n += 1;
        }
    }
    Ok(n)
}

/// Overwrites a file with zeros, removes it and syncs its folder. A file that is not there is no error. Of a link, a pipe or a
/// device the name alone goes: what it leads to is somebody else's.
///
/// # Errors
/// Writing or removing failed.
pub fn wipe(path: &Path) -> io::Result<()> {
    let other = |e: &io::Error| {
        let code = e.raw_os_error().map(Errno::from_raw_os_error);
        e.kind() == io::ErrorKind::InvalidData || matches!(code, Some(Errno::LOOP | Errno::NXIO))
    };
    match plain_file(path, OFlags::WRONLY) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) if other(&e) => {}
        file => zeroed(&mut file?)?,
    }
    fs::remove_file(path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Key files are small; of a larger one its end is cut off.
fn zeroed(file: &mut File) -> io::Result<()> {
    let len = file.metadata()?.len().min(SMALL);
    file.write_all(&vec![0; usize::try_from(len).map_err(io::Error::other)?])?;
    file.sync_all()?;
    file.set_len(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The attack: whoever handles the disk of a custody or a backup leaves links where files of ours are written or wiped.
    #[test]
    fn nothing_is_written_or_wiped_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (master, at) = (dir.path().join("master"), dir.path().join("keys"));
        fs::create_dir(&at).unwrap();
        fs::write(&master, b"the master key").unwrap();
        let link = |name: &str| std::os::unix::fs::symlink(&master, at.join(name)).unwrap();
        link("a.key");
        link("floor.json.tmp");
        link("left.tmp");
        wipe(&at.join("a.key")).unwrap();
        write_whole(&at.join("floor.json"), b"floor").unwrap();
        assert_eq!(fs::read(at.join("floor.json")).unwrap(), b"floor");
        std::os::unix::fs::symlink("..", at.join("up")).unwrap();
        fs::write(dir.path().join("mine.tmp"), b"mine").unwrap();
        sweep(&at).unwrap();
        assert!(!at.join("left.tmp").exists() && dir.path().join("mine.tmp").exists());
        link("b.key");
        assert!(read_plain(&at.join("b.key")).is_err() && lock_file(&at.join("b.key")).is_err());
        wipe_keys(&at).unwrap();
        assert_eq!(fs::read(&master).unwrap(), b"the master key");
        // Nor does anybody wait at a pipe.
        let pipe = at.join("c.key");
        rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert!(read_plain(&pipe).is_err() && lock_file(&pipe).is_err());
        wipe(&pipe).unwrap();
        assert!(!pipe.exists());
    }

    #[test]
    fn a_mount_is_not_replaced_and_a_folder_is() {
        let dir = tempfile::tempdir().unwrap();
        assert!(replaceable(dir.path()).unwrap() && replaceable(&dir.path().join("not there")).unwrap());
        assert!(!replaceable(Path::new("/proc")).unwrap());
    }
}
