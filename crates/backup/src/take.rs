//! Taking a snapshot of what the caller found to belong together.

use crate::BackupError;
use crate::files::entries;
use crate::manifest::{Facts, Manifest, ObjectEntry};
use crate::repo::{Last, Repo};
use crypto::MAX_HEADER;
use model::Timestamp;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// What a file of a snapshot is made from.
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file, whole.
    File(PathBuf),
    /// The first bytes of a file that grows.
    Prefix(PathBuf, u64),
}

/// What a snapshot is taken of.
pub struct Source {
    /// On the machine's clock.
    pub at: Timestamp,
    /// Files by their path below the data folder; a path that begins with `@` is no file there but data for the caller.
    pub files: Vec<(String, Content)>,
    /// The folder of the zone's objects, and its path below the data folder.
    pub objects: Option<(PathBuf, String)>,
    /// Ids of destroyed keys: what lies under them is left out.
    pub destroyed: BTreeSet<String>,
    /// How far everything is.
    pub facts: Facts,
    /// Id of the custody that the zone's keys are in.
    pub custody: Option<String>,
}

/// Takes a snapshot; says how many bytes were new.
///
/// # Errors
/// Reading or writing failed; nothing counts then, and what was written is used by the next.
pub fn take(repo: &Repo, source: Source) -> Result<(Manifest, u64), BackupError> {
    let Last { manifest: last, damaged } = repo.last()?;
    // What is damaged keeps its number.
    let number = damaged.iter().copied().chain(last.as_ref().map(|m| m.number)).max().map_or(1, |n| n + 1);
    let (mut files, mut written) = (Vec::new(), 0);
    for (path, content) in source.files {
        let (entry, new) = match content {
            Content::Bytes(bytes) => repo.put_file(&path, bytes.as_slice())?,
            Content::File(from) => repo.put_file(&path, as_it_is(&from)?)?,
            Content::Prefix(from, len) => repo.put_file(&path, open(&from)?.take(len))?,
        };
        written += new;
        files.push(entry);
    }
    let mut objects = Vec::new();
    if let Some((root, prefix)) = &source.objects {
        let known: BTreeMap<String, ObjectEntry> =
            last.iter().flat_map(|m| m.objects.iter().map(|o| (o.path.clone(), o.clone()))).collect();
        for path in walk(root).map_err(BackupError::io(root, "列出对象", "listing objects"))? {
            let rest = path.strip_prefix(root).map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
            let name = format!("{prefix}/{rest}");
            let Some(held) = object(repo, &path, &name, known.get(&name))? else { continue };
            match held {
                Held::Object(entry, new) if !source.destroyed.contains(&entry.key) => {
                    written += new;
                    objects.push(entry);
                }
                Held::Object(..) => {}
                Held::Plain(bytes) => {
                    let (entry, new) = repo.put_file(&name, bytes.as_slice())?;
                    written += new;
                    files.push(entry);
                }
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    objects.sort_by(|a, b| a.path.cmp(&b.path));
    let manifest = Manifest {
        v: 1,
        deployment: repo.deployment().to_owned(),
        number,
        at: source.at,
        previous: last.as_ref().map(|m| repo.digest(m)).transpose()?,
        files,
        objects,
        destroyed: source.destroyed.into_iter().collect(),
        facts: source.facts,
        custody: source.custody,
    };
    repo.write(&manifest)?;
    Ok((manifest, written))
}

enum Held {
    Object(ObjectEntry, u64),
    /// Counts of a batch: not sealed there, so sealed here.
    Plain(Vec<u8>),
}

/// Keeps an object; one that the last snapshot holds is known by its beginning. `None`: it was destroyed meanwhile.
fn object(repo: &Repo, path: &Path, name: &str, known: Option<&ObjectEntry>) -> Result<Option<Held>, BackupError> {
    let read = |limit: u64| -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        match plain(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => {
                let file = file?;
                let len = file.metadata()?.len();
                file.take(limit.min(len)).read_to_end(&mut bytes)?
            }
        };
        Ok(Some(bytes))
    };
    let io = || BackupError::io(path, "读取对象", "reading an object");
    if let Some(known) = known.filter(|k| repo.holds(k)) {
        let Some(head) = read(MAX_HEADER as u64).map_err(io())? else { return Ok(None) };
        let len = fs::metadata(path).map(|m| m.len()).ok();
        if repo.head_of(&head) == known.head && len == Some(known.len) {
            return Ok(Some(Held::Object(known.clone(), 0)));
        }
    }
    let Some(bytes) = read(u64::MAX).map_err(io())? else { return Ok(None) };
    Ok(Some(match repo.put_object(name, &bytes)? {
        Some((entry, new)) => Held::Object(entry, new),
        None => Held::Plain(bytes),
    }))
}

/// A file up to the size that it has now: one that is appended to all the while has an end all the same.
fn as_it_is(path: &Path) -> Result<impl Read, BackupError> {
    let file = open(path)?;
    let meta = file.metadata().map_err(BackupError::io(path, "读取要备份的文件", "reading a file to back up"))?;
    Ok(file.take(meta.len()))
}

fn open(path: &Path) -> Result<File, BackupError> {
    plain(path).map_err(BackupError::io(path, "打开要备份的文件", "opening a file to back up"))
}

/// A file that is one, with no link anywhere on the way to it: behind one that somebody left in a folder, or put there since it
/// was listed, may lie what never enters a backup, keys above all. The caller gives real paths.
fn plain(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = match rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        // Kernels before 5.6, and some containers, do not know the call.
        Err(Errno::NOSYS | Errno::PERM) => by_where_it_lies(path, flags)?,
        opened => File::from(opened?),
    };
    if opened.metadata()?.is_file() { Ok(opened) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// The same where the kernel refuses no links by itself: the file says where it really lies.
fn by_where_it_lies(path: &Path, flags: OFlags) -> io::Result<File> {
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let lies = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    if lies == path { Ok(file) } else { Err(Errno::LOOP.into()) }
}

/// Every finished file below a folder; what vanishes meanwhile was destroyed.
fn walk(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for path in entries(folder)? {
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
            Ok(found) if found.is_dir() => out.extend(walk(&path)?),
            Ok(_) => out.push(path),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The attack: a link in place of a file, or of a folder on the way to it. Both ways of opening refuse it.
    #[test]
    fn no_link_is_followed_on_any_kernel() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        let secret = real.join("keys");
        fs::create_dir(&secret).unwrap();
        fs::write(secret.join("master"), b"secret").unwrap();
        std::os::unix::fs::symlink(&secret, real.join("folder")).unwrap();
        std::os::unix::fs::symlink(secret.join("master"), real.join("file")).unwrap();
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let ways: [fn(&Path, OFlags) -> io::Result<File>; 2] = [|path, _| plain(path), by_where_it_lies];
        for way in ways {
            assert!(way(&secret.join("master"), flags).is_ok());
            for link in ["file", "folder/master"] {
                assert!(way(&real.join(link), flags).is_err(), "{link}");
            }
        }
        assert!(plain(&secret).is_err(), "a folder is no file");
    }
}
