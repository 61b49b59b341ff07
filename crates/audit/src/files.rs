//! Durable files: whole or not there, also after a crash.
//!
//! Knows paths and bytes, not what they mean.

use crate::LogError;
use crate::disk;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// End of a file's name while it is being written.
pub const TEMP: &str = ".tmp";

/// A folder whose files are named by paths with `/`, relative to it.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// No file that is read whole is larger: a bundle of 256 leaves, a tile, a list, a manifest.
const LARGEST: u64 = 256 << 20;

/// The bytes of a plain file of bearable size; `None` for anything else.
fn read_plain(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let fits = |meta: fs::Metadata| meta.is_file() && meta.len() <= LARGEST;
    // Before it is opened, since opening a pipe waits; and after, since it may have been exchanged.
    if !fits(fs::metadata(path)?) {
        return Ok(None);
    }
    let file = fs::File::open(path)?;
    if !fits(file.metadata()?) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, LARGEST), &mut bytes)?;
    Ok(Some(bytes))
}

impl Folder {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    fn io(file: &str) -> impl FnOnce(io::Error) -> LogError + use<'_> {
        move |source| LogError::Io { file: file.to_owned(), source }
    }

    /// Where a file lies.
    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// The file's bytes, or `None` if there is no such file.
    pub fn read(&self, file: &str) -> Result<Option<Vec<u8>>, LogError> {
        match read_plain(&self.root.join(file)) {
            Ok(Some(bytes)) => Ok(Some(bytes)),
            // A pipe would wait for a writer, a device or a file without end would be read until memory ends.
            Ok(None) => Err(LogError::corrupt(file, "it is no plain file, or larger than any file of a log")),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Self::io(file)(e)),
        }
    }

    /// Writes a file durably.
    pub fn write(&self, file: &str, bytes: &[u8]) -> Result<(), LogError> {
        self.write_all(&[(file.to_owned(), bytes)])
    }

    /// Writes files durably: temporary names, fsync, rename, fsync of the folders; all are there when it returns, and none
    /// is half there at any time. Equal bytes are left alone; their name is made durable, since whoever wrote them may
    /// have died before.
    pub fn write_all(&self, files: &[(String, &[u8])]) -> Result<(), LogError> {
        let mut folders = BTreeSet::new();
        let mut fresh = Vec::new();
        for (file, bytes) in files {
            let path = self.root.join(file);
            let parent = path.parent().unwrap_or(&self.root).to_path_buf();
            if self.read(file)?.as_deref() != Some(*bytes) {
                if !folders.contains(&parent) {
                    make_dirs(&parent).map_err(Self::io(file))?;
                }
                let temp = self.root.join(format!("{file}{TEMP}"));
                disk::write(&temp, bytes).map_err(Self::io(file))?;
                fresh.push((temp, path, file));
            }
            folders.insert(parent);
        }
        for (temp, path, file) in fresh {
            disk::rename(&temp, &path).map_err(Self::io(file))?;
        }
        // Once for each folder, however many files it got.
        folders.iter().try_for_each(|f| disk::sync_dir(f)).map_err(Self::io("."))
    }

    /// Removes the files of a folder whose names are stale; the folder too if nothing is left.
    pub fn prune(&self, folder: &str, stale: impl Fn(&str) -> bool) -> Result<(), LogError> {
        let path = self.root.join(folder);
        let prune = || {
            let entries = match fs::read_dir(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
                other => other?,
            };
            let mut empty = true;
            for entry in entries {
                let entry = entry?;
                if stale(&entry.file_name().to_string_lossy()) {
                    disk::remove(&entry.path())?;
                } else {
                    empty = false;
                }
            }
            if empty { fs::remove_dir(&path) } else { Ok(()) }
        };
        prune().map_err(Self::io(folder))
    }

    /// Names directly under `folder`; empty if there is no such folder.
    pub fn names(&self, folder: &str) -> Result<BTreeSet<String>, LogError> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(e) => return Err(Self::io(folder)(e)),
        };
        let mut out = BTreeSet::new();
        for entry in entries {
            out.insert(entry.map_err(Self::io(folder))?.file_name().to_string_lossy().into_owned());
        }
        Ok(out)
    }

    /// Every file below the folder, links and devices included (they are not followed), and every folder that holds
    /// nothing, with a `/` after its name.
    pub fn all(&self) -> Result<BTreeSet<String>, LogError> {
        let mut out = BTreeSet::new();
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            let mut empty = !folder.is_empty();
            for entry in fs::read_dir(self.root.join(&folder)).map_err(Self::io(&folder))? {
                empty = false;
                let entry = entry.map_err(Self::io(&folder))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                if entry.file_type().map_err(Self::io(&path))?.is_dir() {
                    open.push(path);
                } else {
                    out.insert(path);
                }
            }
            if empty {
                out.insert(format!("{folder}/"));
            }
        }
        Ok(out)
    }

    /// The first of these names, in the folder itself, that is no plain file; and the folder's own where it is a link.
    pub fn not_a_file(&self, names: &BTreeSet<String>) -> Option<String> {
        let is = |name: &str| fs::symlink_metadata(self.root.join(name)).map(|found| found.file_type());
        if fs::symlink_metadata(&self.root).is_ok_and(|found| found.file_type().is_symlink()) {
            return Some(String::new());
        }
        names.iter().find(|name| is(name).is_ok_and(|kind| !kind.is_file())).cloned()
    }

    /// The first thing among `names` and below them that is neither a plain file nor a folder; what is not there is passed
    /// over. A link would be read as what it points at, which lies elsewhere and can be changed there at any time.
    pub fn irregular(&self, names: Vec<String>) -> Result<Option<String>, LogError> {
        let mut open = names;
        while let Some(path) = open.pop() {
            let kind = match fs::symlink_metadata(self.root.join(&path)) {
                Ok(found) => found.file_type(),
                // Renamed or pruned while the log is being written.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(Self::io(&path)(e)),
            };
            if kind.is_dir() {
                open.extend(self.names(&path)?.into_iter().map(|name| format!("{path}/{name}")));
            } else if !kind.is_file() {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Removes what a crash left of writing one file.
    pub fn sweep_one(&self, file: &str) -> Result<(), LogError> {
        match disk::remove(&self.root.join(format!("{file}{TEMP}"))) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Self::io(file)(e)),
            _ => Ok(()),
        }
    }

    /// Removes what a crash left half-written, what `stale` names among the files, and folders that hold nothing.
    pub fn sweep(&self, stale: impl Fn(&BTreeSet<String>) -> Vec<String>) -> Result<(), LogError> {
        let all = self.all()?;
        let half = all.iter().filter(|f| f.ends_with(TEMP)).cloned();
        for file in half.chain(stale(&all)) {
            disk::remove(&self.root.join(&file)).map_err(Self::io(&file))?;
        }
        // A folder that goes may leave its parent empty.
        loop {
            let empty: Vec<String> = self.all()?.into_iter().filter(|f| f.ends_with('/')).collect();
            if empty.is_empty() {
                return Ok(());
            }
            for folder in empty {
                fs::remove_dir(self.root.join(&folder)).map_err(Self::io(&folder))?;
            }
        }
    }

    /// Makes the folder itself.
    pub fn make(&self) -> Result<(), LogError> {
        make_dirs(&self.root).map_err(Self::io("."))
    }
}

/// Makes a folder and its parents, and makes each new name durable.
fn make_dirs(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new("/"));
    make_dirs(parent)?;
    match fs::create_dir(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    disk::sync_dir(parent)
}
