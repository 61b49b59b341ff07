//! Durable files: whole or not there, also after a crash.
//!
//! Knows paths and bytes, not what they mean.

use crate::LogError;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// End of a file's name while it is being written.
pub const TEMP: &str = ".tmp";

/// A folder whose files are named by paths with `/`, relative to it.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    fn io(file: &str) -> impl FnOnce(io::Error) -> LogError + use<'_> {
        move |source| LogError::Io { file: file.to_owned(), source }
    }

    /// The file's bytes, or `None` if there is no such file.
    pub fn read(&self, file: &str) -> Result<Option<Vec<u8>>, LogError> {
        match fs::read(self.root.join(file)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Self::io(file)(e)),
        }
    }

    /// Writes a file durably: temporary name, fsync, rename, fsync of the folder. Equal bytes are left alone; their
    /// name is made durable, since whoever wrote them may have died before.
    pub fn write(&self, file: &str, bytes: &[u8]) -> Result<(), LogError> {
        let path = self.root.join(file);
        let equal = self.read(file)?.as_deref() == Some(bytes);
        let temp = self.root.join(format!("{file}{TEMP}"));
        let parent = path.parent().unwrap_or(&self.root).to_path_buf();
        let write = || {
            if !equal {
                make_dirs(&parent)?;
                let mut f = File::create(&temp)?;
                f.write_all(bytes)?;
                f.sync_all()?;
                fs::rename(&temp, &path)?;
            }
            File::open(&parent)?.sync_all()
        };
        write().map_err(Self::io(file))
    }

    /// Removes all files of a folder except `keep`; the folder too if nothing is kept.
    pub fn prune(&self, folder: &str, keep: Option<&str>) -> Result<(), LogError> {
        let path = self.root.join(folder);
        let prune = || {
            if keep.is_none() {
                return match fs::remove_dir_all(&path) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
                    _ => Ok(()),
                };
            }
            for entry in fs::read_dir(&path)? {
                let entry = entry?;
                if entry.file_name().to_str() != keep {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
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

    /// Removes what a crash left half-written.
    pub fn sweep(&self) -> Result<(), LogError> {
        for file in self.all()?.iter().filter(|f| f.ends_with(TEMP)) {
            fs::remove_file(self.root.join(file)).map_err(Self::io(file))?;
        }
        Ok(())
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
    File::open(parent)?.sync_all()
}
