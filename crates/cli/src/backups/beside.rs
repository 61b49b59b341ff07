//! The folders beside a data folder in which a drill or a restore lays a snapshot out. They hold keys that are alive, so a
//! later destruction would not reach what a killed run left there: it goes before anybody works in the data folder, before
//! each backup, and with each destruction.
//!
//! Whoever works in such a folder holds a lock on it, which ends with the process: what nobody holds was left.

use crate::init::RING_MASTER;
use crate::layout::{Layout, write_private};
use crate::wiring::CliError;
use ::backup::{Custody, wipe, wipe_keys};
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Stands in a folder that is being laid out.
const UNFINISHED: &str = ".restoring";
/// Stands in a folder that a restore replaces.
const REPLACED: &str = ".replaced";
/// Begin of the names of files in a data folder that say where a snapshot is laid out for it: the folder may get another name
/// meanwhile.
const LAID_OUT: &str = ".laid-out-";
/// Ends of the names of these folders.
pub const RESTORING: &str = "restoring";
/// The same for drills.
pub const DRILL: &str = "drill";

/// What stands beside a data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing that a restore or a drill made.
    Nothing,
    /// Somebody works there.
    InUse,
    /// A killed run left it while it laid out.
    Unfinished,
    /// A killed run left it after it was replaced.
    Replaced,
}

/// The folder beside the data folder with this end of its name.
pub fn named(layout: &Layout, word: &str) -> PathBuf {
    let mut name = layout.data.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{word}"));
    layout.data.with_file_name(name)
}

/// What stands there; held for this process where nobody works in it.
fn look(folder: &Path) -> io::Result<(Found, Option<File>)> {
    let file = match File::open(folder) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok((Found::Nothing, None));
        }
        file => file?,
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok((Found::InUse, None)),
        // Where the file system knows no locks nobody is held off.
        Err(TryLockError::Error(_)) | Ok(()) => {}
    }
    // The folders may have changed places in between.
    if fs::metadata(folder).map(|m| m.ino()).ok() != Some(file.metadata()?.ino()) {
        return Ok((Found::InUse, None));
    }
    // A run that was killed as it began left nothing there but its mark, or the beginning of it.
    let begun = || {
        let mut entries = fs::read_dir(folder)?.map(|e| Ok::<_, io::Error>(e?.file_name()));
        entries.try_fold(true, |all, name| Ok::<_, io::Error>(all && name?.to_string_lossy().starts_with(UNFINISHED)))
    };
    let found = if folder.join(REPLACED).is_file() {
        Found::Replaced
    } else if folder.join(UNFINISHED).is_file() || begun().unwrap_or(false) {
        Found::Unfinished
    } else {
        Found::Nothing
    };
    Ok((found, Some(file)))
}

/// What stands beside a data folder, changing nothing.
///
/// # Errors
/// It cannot be read.
pub fn found(layout: &Layout) -> io::Result<Vec<(PathBuf, Found)>> {
    let folders = [RESTORING, DRILL].map(|word| named(layout, word));
    let all =
        folders.into_iter().map(|folder| Ok((folder.clone(), look(&folder)?.0))).collect::<io::Result<Vec<_>>>()?;
    Ok(all.into_iter().filter(|(_, found)| *found != Found::Nothing).collect())
}

/// Removes what killed restores and drills left beside a data folder, keys first; also where the folder has another name by now.
/// Says which folders somebody works in.
///
/// # Errors
/// Reading or removing failed: keys may still be there.
pub fn sweep(layout: &Layout) -> io::Result<Vec<PathBuf>> {
    let mut in_use = Vec::new();
    let named = [RESTORING, DRILL].map(|word| (named(layout, word), true));
    let noted = noted(layout)?.into_iter().filter(|path| named.iter().all(|(folder, _)| folder != path));
    let noted: Vec<_> = noted.map(|path| (path, false)).collect();
    for (folder, ours) in named.into_iter().chain(noted) {
        if !removed(layout, &folder, ours)? {
            in_use.push(folder);
        }
    }
    if in_use.is_empty() {
        [RESTORING, DRILL].iter().try_for_each(|word| gone(&note(layout, word)))?;
    }
    Ok(in_use)
}

/// The same of every place where a snapshot was laid out with a custody's keys, whatever became of the folder that it was for.
///
/// # Errors
/// As [`sweep`].
pub fn sweep_places(custody: &Custody) -> io::Result<Vec<PathBuf>> {
    let mut in_use = Vec::new();
    for place in custody.places().map_err(io::Error::other)? {
        // Where its disk is away nobody knows what lies there: keys may come back with it.
        let done = place.is_reached() && removed(&Layout { data: place.folder.clone() }, &place.folder, false)?;
        if done { gone(&place.note)? } else { in_use.push(place.folder) }
    }
    Ok(in_use)
}

/// Whether nothing is there any more that holds keys; not where somebody works there. What was replaced under its folder's own
/// name is set aside; elsewhere it stays, without its keys.
fn removed(layout: &Layout, folder: &Path, ours: bool) -> io::Result<bool> {
    let staging = Layout { data: folder.to_owned() };
    // Held until it is gone.
    let (found, _held) = look(&staging.data)?;
    match found {
        Found::Nothing => {}
        Found::InUse => return Ok(false),
        Found::Unfinished => clear(&staging)?,
        Found::Replaced if ours => drop(set_aside(layout, &staging)?),
        Found::Replaced => without_keys(&staging)?,
    }
    Ok(true)
}

fn note(layout: &Layout, word: &str) -> PathBuf {
    layout.data.join(format!("{LAID_OUT}{word}"))
}

/// Where snapshots were laid out for this folder, by its notes.
fn noted(layout: &Layout) -> io::Result<Vec<PathBuf>> {
    use std::os::unix::ffi::OsStringExt;
    let mut out = Vec::new();
    for word in [RESTORING, DRILL] {
        match fs::read(note(layout, word)) {
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            text => out.push(PathBuf::from(std::ffi::OsString::from_vec(text?))),
        }
    }
    Ok(out)
}

/// Removes a file that may be gone already.
pub fn gone(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Err(e),
        _ => Ok(()),
    }
}

/// The same before anything else is done in the folder.
///
/// # Errors
/// Usage: a restore is under way. Otherwise as [`sweep`].
pub fn swept(layout: &Layout) -> Result<(), CliError> {
    if sweep(layout)?.contains(&named(layout, RESTORING)) {
        return Err(under_way(RESTORING));
    }
    // A restore that was killed just before or after the folders changed places left its marks in the one that is in use.
    for mark in [UNFINISHED, REPLACED] {
        gone(&layout.data.join(mark))?;
    }
    Ok(())
}

fn under_way(word: &str) -> CliError {
    let (zh, en) = if word == DRILL { ("恢复演练", "drill") } else { ("恢复", "restore") };
    CliError::usage(
        "--data",
        format!("该目录的{zh}正在进行；请等它结束。"),
        format!("A {en} of this folder is under way; wait for its end."),
    )
}

/// An empty folder beside the data folder, for this process alone until the file is dropped. Data folder and custody know where
/// it is.
///
/// # Errors
/// Usage: another process lays out there, or something else stands there. Otherwise storage failed.
pub fn make(layout: &Layout, word: &str, custody: Option<&Custody>) -> Result<(Layout, File), CliError> {
    use std::os::unix::fs::PermissionsExt;
    let staging = Layout { data: named(layout, word) };
    if sweep(layout)?.contains(&staging.data) {
        return Err(under_way(word));
    }
    fs::create_dir(&staging.data).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => CliError::usage(
            &staging.data.display().to_string(),
            "恢复须在此处展开，但已有别的目录；请先移走它。",
            "The restore is laid out here, and another folder stands here: move it away first.",
        ),
        _ => e.into(),
    })?;
    let (found, Some(held)) = look(&staging.data)? else { return Err(under_way(word)) };
    if found != Found::Unfinished {
        return Err(under_way(word));
    }
    write_private(&staging.data.join(UNFINISHED), b"")?;
    if layout.data.is_dir() {
        write_private(&note(layout, word), staging.data.as_os_str().as_encoded_bytes())?;
    }
    custody.map(|c| c.note_place(&staging.data)).transpose()?;
    for folder in [staging.data.clone(), staging.platform(), staging.zone()] {
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok((staging, held))
}

/// Removes a folder that was laid out.
///
/// # Errors
/// Removing failed: keys may still be there.
pub fn clear(staging: &Layout) -> io::Result<()> {
    without_keys(staging)?;
    let entries = match fs::read_dir(&staging.data) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?.map(|e| Ok(e?.path())).collect::<io::Result<Vec<_>>>()?,
    };
    // The mark goes last: what is killed here is still known for what it is.
    let mark = staging.data.join(UNFINISHED);
    for path in entries.iter().filter(|path| **path != mark) {
        if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path)? } else { gone(path)? }
    }
    gone(&mark)?;
    fs::remove_dir(&staging.data)
}

/// Overwrites and removes the keys of a folder, with what a killed writer left of its master key.
fn without_keys(folder: &Layout) -> io::Result<()> {
    wipe_keys(&folder.ring())?;
    wipe(&folder.ring_master())?;
    let unfinished = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(RING_MASTER));
    match fs::read_dir(folder.zone_keys()) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(()),
        entries => {
            let names = entries?.map(|e| Ok(e?.path())).collect::<io::Result<Vec<_>>>()?;
            names.iter().filter(|p| unfinished(p)).try_for_each(|path| wipe(path))
        }
    }
}

/// A restore that ended with an error leaves nothing behind, unless the folders have changed places by then: what it replaced
/// is set aside by whoever comes next.
///
/// # Errors
/// Removing failed: keys may still be there.
pub fn abandon(staging: &Layout) -> io::Result<()> {
    if staging.data.join(UNFINISHED).is_file() { clear(staging) } else { Ok(()) }
}

/// Before they change places, so that what is replaced is never there unmarked with its keys; and the folder that is in use
/// afterwards says where the other lies until that is set aside.
fn mark_replaced(layout: &Layout, staging: &Layout) -> io::Result<()> {
    write_private(&note(staging, RESTORING), staging.data.as_os_str().as_encoded_bytes())?;
    write_private(&layout.data.join(REPLACED), b"")
}

/// The folder that was laid out takes the data folder's place in one step; what was there is set aside, if anything was.
///
/// # Errors
/// The file system cannot, or keys of what was there may still be there: the next start takes them.
pub fn exchange(layout: &Layout, staging: &Layout) -> Result<Option<PathBuf>, CliError> {
    let there = layout.data.exists();
    if there {
        mark_replaced(layout, staging)?;
    }
    ::backup::exchange(&staging.data, &layout.data)?;
    fs::remove_file(layout.data.join(UNFINISHED))?;
    if !there {
        return Ok(None);
    }
    let aside = set_aside(layout, staging)?;
    gone(&note(layout, RESTORING))?;
    Ok(Some(aside))
}

/// Keeps a replaced folder under a name of its own, without its keys and the key that they lie under: they would outlive a later
/// destruction.
fn set_aside(layout: &Layout, replaced: &Layout) -> io::Result<PathBuf> {
    without_keys(replaced)?;
    [RESTORING, DRILL].iter().try_for_each(|word| gone(&note(replaced, word)))?;
    let word = crypto::random_hex(4).map_err(io::Error::other)?;
    let aside = named(layout, &format!("before-restore-{word}"));
    fs::rename(&replaced.data, &aside)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_keys(folder: &Path) -> Layout {
        let layout = Layout::new(folder).unwrap();
        fs::create_dir_all(layout.ring()).unwrap();
        for name in ["a.key", "a.v2.key", "b.sealed", "a.uses", "p.pad", "a.key.tmp", "c.destroyed"] {
            fs::write(layout.ring().join(name), b"key").unwrap();
        }
        fs::write(layout.ring_master(), b"master").unwrap();
        layout
    }

    fn left(layout: &Layout) -> Vec<String> {
        let names = fs::read_dir(layout.ring()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        names.collect()
    }

    /// Killed before the exchange: all of it goes. Killed after it: the replaced folder stays, and no key with it.
    #[test]
    fn what_a_killed_run_left_goes_with_its_keys() {
        let dir = tempfile::tempdir().unwrap();
        let layout = with_keys(&dir.path().join("data"));
        for word in [RESTORING, DRILL] {
            let (staging, held) = make(&layout, word, None).unwrap();
            with_keys(&staging.data);
            // As long as it runs nobody takes it away, and no other begins.
            assert_eq!(sweep(&layout).unwrap(), std::slice::from_ref(&staging.data));
            assert!(make(&layout, word, None).is_err());
            assert_eq!(found(&layout).unwrap(), [(staging.data.clone(), Found::InUse)]);
            drop(held);
            assert_eq!(found(&layout).unwrap(), [(staging.data.clone(), Found::Unfinished)]);
            swept(&layout).unwrap();
            assert!(!staging.data.exists(), "{word}");
        }
        let (staging, held) = make(&layout, RESTORING, None).unwrap();
        with_keys(&staging.data);
        fs::write(layout.data.join(REPLACED), b"").unwrap();
        ::backup::exchange(&staging.data, &layout.data).unwrap();
        drop(held);
        assert_eq!(found(&layout).unwrap(), [(staging.data.clone(), Found::Replaced)]);
        swept(&layout).unwrap();
        let mut beside = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path());
        let aside = beside.find(|p| *p != layout.data).unwrap();
        let aside = Layout { data: aside };
        assert_eq!(left(&aside), ["c.destroyed"]);
        assert!(!aside.ring_master().exists() && layout.ring_master().exists());
        assert_eq!(left(&layout).len(), 7, "the folder in use lost its keys");
        assert!(!layout.data.join(UNFINISHED).exists() && !layout.data.join(REPLACED).exists());
    }

    /// The attack: killed after the exchange, and the folder that is in use now gets another name.
    #[test]
    fn what_was_replaced_is_found_from_the_folder_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let layout = with_keys(&dir.path().join("data"));
        let (staging, held) = make(&layout, RESTORING, None).unwrap();
        mark_replaced(&layout, &staging).unwrap();
        ::backup::exchange(&staging.data, &layout.data).unwrap();
        drop(held);
        let renamed = Layout { data: dir.path().join("data2") };
        fs::rename(&layout.data, &renamed.data).unwrap();
        assert!(sweep(&renamed).unwrap().is_empty());
        assert_eq!(left(&staging), ["c.destroyed"]);
        assert!(!staging.ring_master().exists() && !note(&renamed, RESTORING).exists());
    }

    #[test]
    fn a_folder_that_nobody_laid_out_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(&dir.path().join("data")).unwrap();
        let mine = named(&layout, DRILL);
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join("notes.txt"), "mine").unwrap();
        swept(&layout).unwrap();
        assert!(make(&layout, DRILL, None).is_err());
        assert!(mine.join("notes.txt").is_file());
    }

    /// Killed as it began, or while it was cleared: it is known for what it is, and the next run is not kept off.
    #[test]
    fn a_place_is_known_by_its_mark_from_first_to_last() {
        let dir = tempfile::tempdir().unwrap();
        let layout = with_keys(&dir.path().join("data"));
        let place = named(&layout, RESTORING);
        for left in [&[][..], &[".restoring"], &[".restoring.partial"], &[".restoring", "deployment.json"]] {
            fs::create_dir(&place).unwrap();
            left.iter().for_each(|name| fs::write(place.join(name), b"").unwrap());
            assert_eq!(found(&layout).unwrap(), [(place.clone(), Found::Unfinished)], "{left:?}");
            drop(make(&layout, RESTORING, None).unwrap());
            clear(&Layout { data: place.clone() }).unwrap();
            assert!(!place.exists());
        }
        fs::create_dir(&place).unwrap();
        fs::write(place.join("notes.txt"), "mine").unwrap();
        assert!(found(&layout).unwrap().is_empty());
    }

    /// A restore that fails takes its keys away; one that fails after the exchange leaves the folder in use alone.
    #[test]
    fn what_failed_is_cleared_where_it_was_laid_out_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let layout = with_keys(&dir.path().join("data"));
        let (staging, held) = make(&layout, RESTORING, None).unwrap();
        with_keys(&staging.data);
        abandon(&staging).unwrap();
        assert!(!staging.data.exists() && layout.ring_master().exists());
        drop(held);
        let (staging, _held) = make(&layout, RESTORING, None).unwrap();
        ::backup::exchange(&staging.data, &layout.data).unwrap();
        abandon(&staging).unwrap();
        assert!(staging.ring_master().exists(), "what was replaced is for whoever comes next");
    }

    /// The attack: a killed drill leaves keys beside the folder, and the folder gets another name before a destruction; or a
    /// restore into a new folder fails, and nobody ever starts anything under that name.
    #[test]
    fn keys_that_were_laid_out_are_found_under_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let layout = with_keys(&dir.path().join("data"));
        drop(make(&layout, DRILL, None).unwrap());
        let left_there = with_keys(&named(&layout, DRILL));
        fs::write(left_there.ring_master().with_extension("partial"), b"master").unwrap();
        let renamed = Layout { data: dir.path().join("data2") };
        fs::rename(&layout.data, &renamed.data).unwrap();
        assert!(sweep(&renamed).unwrap().is_empty());
        assert!(!left_there.data.exists() && !note(&renamed, DRILL).exists());

        let custody = Custody::open_or_make(&dir.path().join("custody"), "d").unwrap();
        let new = Layout { data: dir.path().join("new") };
        let (staging, held) = make(&new, RESTORING, Some(&custody)).unwrap();
        with_keys(&staging.data);
        assert_eq!(sweep_places(&custody).unwrap(), std::slice::from_ref(&staging.data), "somebody works there");
        drop(held);
        // Its disk is away, and an empty folder stands where it was mounted: nothing there says nothing.
        let note = custody.places().unwrap().remove(0).note;
        let text = fs::read(&note).unwrap();
        let other = [b"0".as_slice(), &text].concat();
        fs::write(&note, other).unwrap();
        assert_eq!(sweep_places(&custody).unwrap(), std::slice::from_ref(&staging.data), "the disk is away");
        assert!(staging.ring_master().exists() && note.exists());
        fs::write(&note, text).unwrap();
        assert!(sweep_places(&custody).unwrap().is_empty() && !staging.data.exists());
        assert!(custody.places().unwrap().is_empty());
    }
}
