//! A folder in which nobody works, for as long as it is held.

use super::beside;
use crate::layout::Layout;
use crate::serve::supervisor::take_folder;
use crate::wiring::CliError;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Held while nobody else may begin to work in a folder.
pub struct Stopped {
    locks: Vec<File>,
}

/// Nothing may work in a folder that is replaced: no supervisor, no zone by itself, no platform, no backup, no other restore.
/// None can begin before the answer is dropped.
///
/// # Errors
/// Usage: somebody works there.
pub fn stopped(layout: &Layout) -> Result<Stopped, CliError> {
    let Stopped { mut locks } = not_served(layout)?;
    if let Some(file) = lock_file(&layout.zone().join("rotation.lock"))? {
        if file.try_lock().is_err() {
            return Err(CliError::usage(
                "--data",
                "该目录正在备份或轮换密钥；请等它结束。",
                "A backup of this folder is being made, or its keys are rotated; wait for the end.",
            ));
        }
        locks.push(file);
    }
    Ok(Stopped { locks })
}

/// Nobody serves a folder, and nobody begins to before the answer is dropped. A backup may be made of it.
///
/// # Errors
/// Usage: somebody serves it.
pub fn not_served(layout: &Layout) -> Result<Stopped, CliError> {
    let mut locks = Vec::new();
    if layout.data.is_dir() {
        locks.push(take_folder(&layout.data)?);
    }
    beside::swept(layout)?;
    for lock in [layout.zone().join("lock"), layout.platform().join("log-signer.json.lock")] {
        let Some(file) = lock_file(&lock)? else { continue };
        if file.try_lock().is_err() {
            return Err(CliError::usage(
                "--data",
                "平台或运营域正在运行；请先停止。",
                "The platform or the zone is running; stop it first.",
            ));
        }
        locks.push(file);
    }
    Ok(Stopped { locks })
}

/// Opens a lock's file, made where it is not there yet, in a folder in which another process may put links and pipes: a link would
/// lead to where it may not write, and at a pipe one would wait for ever.
pub fn open_lock(path: &Path) -> std::io::Result<File> {
    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let mut open = OpenOptions::new();
    let file = open.create(true).truncate(false).write(true).mode(0o600).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}

/// A lock's file, made where it is not there yet: whoever begins meanwhile would make and take it. None where its folder, and
/// so anybody who works in it, is missing.
fn lock_file(path: &Path) -> Result<Option<File>, CliError> {
    if !path.parent().is_some_and(Path::is_dir) {
        return Ok(None);
    }
    open_lock(path).map(Some).map_err(|e| {
        let [zh, en] = model::storage_words(e.kind());
        CliError::usage(&path.display().to_string(), format!("{zh}。"), format!("{en}."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The attack: `serve`, a zone, a platform or a backup begins between the look and the exchange, or just after it.
    #[test]
    fn nobody_begins_before_the_folders_have_changed_places() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(&dir.path().join("data")).unwrap();
        fs::create_dir_all(layout.zone()).unwrap();
        fs::create_dir_all(layout.platform()).unwrap();
        // The files need not be there yet: who begins would make them.
        let begin = |at: std::path::PathBuf| OpenOptions::new().create(true).append(true).open(at).unwrap().try_lock();
        let held = stopped(&layout).unwrap();
        assert!(begin(layout.zone().join("lock")).is_err() && begin(layout.zone().join("rotation.lock")).is_err());
        assert!(begin(layout.platform().join("log-signer.json.lock")).is_err());
        drop(held);
        let locks = [
            layout.zone().join("lock"),
            layout.platform().join("log-signer.json.lock"),
            layout.zone().join("rotation.lock"),
        ];
        for lock in &locks {
            fs::write(lock, b"").unwrap();
            let worked = File::open(lock).unwrap();
            worked.lock_shared().unwrap();
            assert!(stopped(&layout).is_err(), "{} is held", lock.display());
        }
        let begins = |lock: &std::path::PathBuf| File::open(lock).unwrap().try_lock().is_ok();
        let held = stopped(&layout).unwrap();
        assert!(take_folder(&layout.data).is_err() && stopped(&layout).is_err());
        assert!(!locks.iter().any(begins));
        drop(held);
        // A backup that wants the platform stopped copies under a lock of its own.
        let copied = File::open(&locks[2]).unwrap();
        copied.lock_shared().unwrap();
        drop(not_served(&layout).unwrap());
        drop(copied);
        let held = stopped(&layout).unwrap();
        let (staging, laid) = beside::make(&layout, beside::RESTORING, None).unwrap();
        beside::exchange(&layout, &staging).unwrap();
        assert!(take_folder(&layout.data).is_err(), "the restored folder is served before the restore has ended");
        drop((held, laid));
        assert!(take_folder(&layout.data).is_ok());
    }
}
