//! The custody of keys: a small folder of its own place, outside every backup, that holds the key files of what is still
//! alive and the tombstones of what is not. It is the one thing that changes: destroying a key reaches it, and with it
//! every backup that was ever taken.
//!
//! The key files stay sealed under the ring's master key, which is in the backup and not here: neither opens anything
//! without the other.

use crate::BackupError;
use crate::files::{TEMP, entries, lock_file, read_plain, wipe, write_whole};
use crate::manifest::Facts;
use crate::ring::{bring_tombstones, bury, id_of, name, sealed, tombstones, wipe_unfinished, wipe_versions};
use crypto::KeyId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

const HEAD: &str = "custody.json";
const FLOOR: &str = "floor.json";
/// Folder of the notes where snapshots were laid out.
const PLACES: &str = "laid-out";

/// `custody.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    v: u32,
    deployment: String,
    /// One at random; none where it was made before custodies had ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// A custody folder.
#[derive(Clone, Debug)]
pub struct Custody {
    dir: PathBuf,
    deployment: String,
    id: Option<String>,
}

impl Custody {
    /// Opens the custody of a deployment, or makes one in a folder that is missing or empty. For a zone that has none yet: one
    /// that has is opened by [`Custody::open_known`], or an empty mount point would pass for it.
    ///
    /// # Errors
    /// Another deployment's; a folder that holds something else.
    pub fn open_or_make(dir: &Path, deployment: &str) -> Result<Self, BackupError> {
        if !dir.join(HEAD).is_file() {
            free(dir)?;
            fs::create_dir_all(dir.join("keys")).map_err(BackupError::io(dir, "建立密钥托管", "making the custody"))?;
            write_head(dir, deployment)?;
        }
        Self::open(dir, deployment)?.with_id()
    }

    /// Opens a custody that is there.
    ///
    /// # Errors
    /// None there, or another deployment's.
    pub fn open(dir: &Path, deployment: &str) -> Result<Self, BackupError> {
        let file = dir.join(HEAD);
        let bytes = match read_plain(&file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NotOurs {
                    zh: "该目录中没有密钥托管；请核对 --custody。",
                    en: "there is no custody of keys in this folder",
                });
            }
            other => other.map_err(BackupError::io(&file, "读取密钥托管", "reading the custody"))?,
        };
        let head: Head = crypto::from_canonical(&bytes).map_err(BackupError::opening(&file))?;
        let keys = fs::symlink_metadata(dir.join("keys"));
        if keys.map_err(BackupError::io(dir, "读取密钥托管", "reading the custody"))?.is_symlink() {
            return Err(BackupError::NotOurs {
                zh: "托管中的 keys 是一个链接，不是其自身的目录；请查明来历。",
                en: "the folder `keys` of the custody is a link: find out who put it there",
            });
        }
        if head.v != 1 || head.deployment != deployment {
            return Err(BackupError::NotOurs {
                zh: "密钥托管属于另一部署；请核对 --custody。",
                en: "the custody is another deployment's",
            });
        }
        Ok(Self { dir: dir.to_owned(), deployment: head.deployment, id: head.id })
    }

    /// Opens the custody of this id, and no other one that stands in its place.
    ///
    /// # Errors
    /// As [`Custody::open`], or it is another one.
    pub fn open_known(dir: &Path, deployment: &str, id: &str) -> Result<Self, BackupError> {
        let custody = Self::open(dir, deployment)?;
        if custody.id.as_deref() == Some(id) {
            return Ok(custody);
        }
        Err(BackupError::NotOurs {
            zh: "这里是另一处密钥托管，不是该部署所用的那一处；请挂载或指明原来的托管。",
            en: "this is another custody than the one in use: mount that one, or name where it is now",
        })
    }

    /// By which a zone knows its custody again, wherever it lies; none where it was made before custodies had ids.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Where it lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The same with an id, if it has none yet.
    ///
    /// # Errors
    /// Writing failed.
    pub fn with_id(self) -> Result<Self, BackupError> {
        if self.id.is_some() {
            return Ok(self);
        }
        write_head(&self.dir, &self.deployment)?;
        Self::open(&self.dir, &self.deployment)
    }

    /// Folder of the key files and tombstones, a key ring under the master key of its deployment.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.dir.join("keys")
    }

    /// Brings the custody up to a live ring: tombstones first, then the keys that are alive. Says how many key files the
    /// ring has. Versions that a rotation replaced stay here as long as their key lives: backups from before it hold
    /// objects under them.
    ///
    /// # Errors
    /// Reading or writing failed.
    pub fn sync(&self, ring: &Path) -> Result<u64, BackupError> {
        let _one = self.lock()?;
        let io = || BackupError::io(&self.dir, "更新密钥托管", "bringing the custody up to date");
        self.bury(ring).map_err(io())?;
        let (mut live, mut opened) = (0, BTreeSet::new());
        for path in entries(ring).map_err(io())? {
            let Some(name) = name(&path).filter(|n| n.ends_with(".key")) else { continue };
            if self.keys().join(format!("{}.destroyed", id_of(&name))).is_file() {
                continue;
            }
            // Destroyed, sealed or replaced between listing and reading: the word about it is taken below.
            live += u64::from(self.copy(&path, &name).map_err(io())?);
            opened.insert(id_of(&name).to_owned());
        }
        // How often keys were used: a restored ring must not count from nothing.
        for path in entries(ring).map_err(io())? {
            let Some(name) = name(&path).filter(|n| n.ends_with(".uses")) else { continue };
            self.copy(&path, &name).map_err(io())?;
        }
        // What was unsealed since is sealed here no longer.
        for id in sealed(&self.keys()).map_err(io())?.intersection(&opened) {
            wipe(&self.keys().join(format!("{id}.sealed"))).map_err(io())?;
        }
        // A key destroyed meanwhile has its tombstone by now, or its destroyer waits for the lock and comes after.
        self.bury(ring).map_err(io())?;
        Ok(live)
    }

    /// Removes the keys that a ring has destroyed or sealed away. Durable when it returns.
    ///
    /// # Errors
    /// The custody cannot be reached or written: the keys in it are still there.
    pub fn forget(&self, ring: &Path) -> Result<(), BackupError> {
        let _one = self.lock()?;
        let io = BackupError::io(&self.dir, "从密钥托管清除已销毁的密钥", "removing destroyed keys from the custody");
        self.bury(ring).map_err(io)
    }

    /// Removes from a ring what the custody knows to be destroyed: another folder that holds the same keys may have been told.
    /// Says how many keys were there still.
    ///
    /// # Errors
    /// Reading or writing failed.
    pub fn catch_up(&self, ring: &Path) -> Result<u64, BackupError> {
        let _one = self.lock()?;
        let io = || {
            BackupError::io(ring, "按密钥托管清除已销毁的密钥", "removing keys that the custody knows to be destroyed")
        };
        let gone = tombstones(&self.keys()).map_err(io())?;
        let there = entries(ring).map_err(io())?;
        let held = there.iter().filter_map(|p| name(p)).filter(|n| n.ends_with(".key") && gone.contains(id_of(n)));
        let held = held.map(|n| id_of(&n).to_owned()).collect::<BTreeSet<_>>().len();
        bring_tombstones(ring, &[self.keys()]).map_err(io())?;
        bury(ring, &gone).map_err(io())?;
        Ok(held as u64)
    }

    /// Remembers where a snapshot is laid out with these keys: a destruction must find the place, whatever becomes of the folder
    /// that it was to replace. The folder above it is there.
    ///
    /// # Errors
    /// Writing failed.
    pub fn note_place(&self, folder: &Path) -> Result<(), BackupError> {
        let at = self.dir.join(PLACES);
        let io = || BackupError::io(&at, "写入密钥托管", "writing the custody");
        let mut text = format!("{}\n", file_system(folder).map_err(io())?).into_bytes();
        text.extend_from_slice(folder.as_os_str().as_encoded_bytes());
        write_whole(&at.join(crypto::random_hex(8)?), &text).map_err(io())
    }

    /// Where snapshots were laid out with these keys.
    ///
    /// # Errors
    /// Reading failed.
    pub fn places(&self) -> Result<Vec<Place>, BackupError> {
        let at = self.dir.join(PLACES);
        let io = || BackupError::io(&at, "读取密钥托管", "reading the custody");
        let mut out = Vec::new();
        for note in entries(&at).map_err(io())?.into_iter().filter(|p| !p.to_string_lossy().ends_with(TEMP)) {
            match read_plain(&note) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                text => out.push(Place::read(note, &text.map_err(io())?)),
            }
        }
        Ok(out)
    }

    /// Ids of the keys of a purpose and scope that are here, sealed and destroyed ones too.
    ///
    /// # Errors
    /// Reading failed, or a file was changed.
    pub fn kept(&self, purpose: &str, scope: &str) -> Result<Vec<KeyId>, BackupError> {
        let _one = self.lock()?;
        let all = crypto::inventory(&self.keys()).map_err(BackupError::opening(&self.keys()))?;
        Ok(all.into_iter().filter(|k| k.purpose == purpose && k.scope == scope).map(|k| k.id).collect())
    }

    /// Ids of the keys that are known here to be destroyed.
    ///
    /// # Errors
    /// Reading failed.
    pub fn destroyed(&self) -> Result<BTreeSet<String>, BackupError> {
        tombstones(&self.keys()).map_err(BackupError::io(&self.dir, "读取密钥托管", "reading the custody"))
    }

    /// How far the deployment was when the custody was last told.
    ///
    /// # Errors
    /// Reading failed.
    pub fn floor(&self) -> Result<Option<Facts>, BackupError> {
        let file = self.dir.join(FLOOR);
        match read_plain(&file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(BackupError::io(&file, "读取密钥托管", "reading the custody")(e)),
            Ok(bytes) => Ok(Some(crypto::from_canonical(&bytes).map_err(BackupError::opening(&file))?)),
        }
    }

    /// Remembers how far the deployment is. Of a log that these facts do not tell of, what was known stays.
    ///
    /// # Errors
    /// Reading or writing failed.
    pub fn set_floor(&self, facts: &Facts) -> Result<(), BackupError> {
        let mut facts = facts.clone();
        for (log, known) in self.floor()?.map(|f| f.logs).unwrap_or_default() {
            facts.logs.entry(log).or_insert(known);
        }
        let bytes = crypto::canonical(&facts)?;
        write_whole(&self.dir.join(FLOOR), &bytes).map_err(BackupError::io(
            &self.dir,
            "写入密钥托管",
            "writing the custody",
        ))
    }

    /// Copies a file of the ring; `false` where it is gone.
    fn copy(&self, from: &Path, name: &str) -> io::Result<bool> {
        let target = self.keys().join(name);
        let bytes = match read_plain(from) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        if read_plain(&target).ok().as_deref() != Some(&bytes) {
            write_whole(&target, &bytes)?;
        }
        Ok(true)
    }

    /// Tombstones of the ring and what it sealed away; no key file under either.
    fn bury(&self, ring: &Path) -> io::Result<()> {
        wipe_unfinished(&self.keys())?;
        for path in entries(ring)? {
            let Some(name) = name(&path).filter(|n| n.ends_with(".destroyed")) else { continue };
            let stone = self.keys().join(&name);
            if !stone.is_file() {
                write_whole(&stone, &read_plain(&path)?)?;
            }
        }
        let away = sealed(ring)?;
        for id in &away {
            self.copy(&ring.join(format!("{id}.sealed")), &format!("{id}.sealed"))?;
        }
        wipe_versions(&self.keys(), &away)?;
        // Also where a stone stood already: an earlier attempt may have been killed after it.
        bury(&self.keys(), &tombstones(&self.keys())?)
    }

    fn lock(&self) -> Result<File, BackupError> {
        let io = || BackupError::io(&self.dir, "锁定密钥托管", "locking the custody");
        let file = lock_file(&self.dir.join("lock")).map_err(io())?;
        file.lock().map_err(io())?;
        Ok(file)
    }
}

/// Where a snapshot was laid out, by its note in the custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The note: whoever removes it says that the place is lost for good.
    pub note: PathBuf,
    /// The folder.
    pub folder: PathBuf,
    /// Number of the file system on which it was made.
    file_system: String,
}

impl Place {
    fn read(note: PathBuf, text: &[u8]) -> Self {
        let end = text.iter().position(|b| *b == b'\n').unwrap_or(0);
        let (number, path) = text.split_at(end);
        let path = path.strip_prefix(b"\n").unwrap_or(path).to_vec();
        let file_system = String::from_utf8_lossy(number).into_owned();
        Self { note, folder: PathBuf::from(std::ffi::OsString::from_vec(path)), file_system }
    }

    /// Can it be told what lies there? Not where its disk is away, or on another machine: nothing is there then, and that says
    /// nothing.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        file_system(&self.folder).is_ok_and(|number| number == self.file_system)
    }
}

/// The number of the file system on which a folder lies or is to lie.
fn file_system(folder: &Path) -> io::Result<String> {
    let above = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(format!("{:x}", rustix::fs::statvfs(above)?.f_fsid))
}

/// A folder in which a custody may be made: it is not there, or holds nothing but what a killed making left.
fn free(dir: &Path) -> Result<(), BackupError> {
    let io = || BackupError::io(dir, "读取密钥托管目录", "reading the custody's folder");
    let ours = |p: &PathBuf| p.ends_with("keys") || p.ends_with("lock") || p.to_string_lossy().ends_with(".tmp");
    let foreign = entries(dir).map_err(io())?.iter().any(|p| !ours(p));
    if foreign || !entries(&dir.join("keys")).map_err(io())?.is_empty() {
        return Err(BackupError::NotOurs {
            zh: "该目录不为空，也不是密钥托管；请另选目录。",
            en: "the folder is not empty and holds no custody of keys: choose another",
        });
    }
    Ok(())
}

fn write_head(dir: &Path, deployment: &str) -> Result<(), BackupError> {
    let made = Head { v: 1, deployment: deployment.to_owned(), id: Some(crypto::random_hex(16)?) };
    write_whole(&dir.join(HEAD), &crypto::canonical(&made)?).map_err(BackupError::io(
        dir,
        "建立密钥托管",
        "making the custody",
    ))
}
