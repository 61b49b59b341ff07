//! The repository: a folder that only grows. `backup.json` names the deployment and holds the backup's key under its
//! passphrase; `pieces/` holds sealed pieces of files, `objects/` the zone's sealed objects as they are; a snapshot is
//! written last, so that whatever was killed before left nothing that counts.

use crate::BackupError;
use crate::files::{entries, lock_file, plain_file, sweep, write_whole};
use crate::manifest::{FileEntry, Manifest, ObjectEntry};
use crypto::{
    Context, Hash, KeyProvider, MAX_HEADER, PassphraseFile, PassphraseKey, Suite, Zeroizing, open_header, open_object,
    seal_object,
};
use model::Digest;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes of a piece. What grows at its end (the journal, the logs) keeps its earlier pieces from snapshot to snapshot.
pub(crate) const PIECE: usize = 4 << 20;
const HEAD: &str = "backup.json";
/// Stands in a backup in which a drill found damage, until everything was checked.
const CHECK: &str = "check";

/// `backup.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    v: u32,
    deployment: String,
    key: PassphraseFile,
}

/// How far a repository goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// The newest snapshot that can be read.
    pub manifest: Option<Manifest>,
    /// Numbers of later ones that are damaged, the latest first.
    pub damaged: Vec<u64>,
}

/// An open repository: one process writes, or several read.
pub struct Repo {
    dir: PathBuf,
    deployment: String,
    key: PassphraseKey,
    /// Names pieces, so that their names tell nothing to whoever guesses at their contents.
    naming: Zeroizing<[u8; 32]>,
    /// Nothing that is there already is believed to be whole.
    check: bool,
    mended: Cell<u64>,
    _lock: Option<File>,
}

impl Repo {
    /// Opens a repository of this deployment, or makes one in a folder that is missing or empty.
    ///
    /// # Errors
    /// Another deployment's; a folder that holds something else; a wrong passphrase; another process works there.
    pub fn open_or_make(dir: &Path, deployment: &str, suite: Suite, passphrase: &str) -> Result<Self, BackupError> {
        fs::create_dir_all(dir).map_err(BackupError::io(dir, "建立备份目录", "making the backup's folder"))?;
        let lock = lock(dir)?;
        let head = dir.join(HEAD);
        if !head.is_file() {
            let foreign = |p: &PathBuf| !p.ends_with("lock") && !p.to_string_lossy().ends_with(".tmp");
            let held = entries(dir).map_err(BackupError::io(dir, "读取备份目录", "reading the backup's folder"))?;
            if held.iter().any(foreign) {
                return Err(BackupError::NotOurs {
                    zh: "该目录不为空，也不是备份；请另选目录。",
                    en: "the folder is not empty and holds no backup",
                });
            }
            let (key, _) = PassphraseFile::create(suite, passphrase)?;
            let made = Head { v: 1, deployment: deployment.to_owned(), key };
            write_whole(&head, &crypto::canonical(&made)?).map_err(BackupError::io(
                &head,
                "建立备份",
                "making the backup",
            ))?;
        }
        sweep(dir).map_err(BackupError::io(dir, "清理残留", "sweeping leftovers"))?;
        let repo = Self::read(dir, passphrase, Some(lock))?;
        if repo.deployment != deployment || repo.key.suite() != suite {
            return Err(BackupError::NotOurs {
                zh: "备份属于另一部署；请另选目录。",
                en: "the backup is another deployment's",
            });
        }
        Ok(repo)
    }

    /// Opens a repository that is there, to be read: nothing is written, for it may lie on a medium that nobody can write to.
    ///
    /// # Errors
    /// None there; a wrong passphrase; another process works there.
    pub fn open(dir: &Path, passphrase: &str) -> Result<Self, BackupError> {
        if !dir.join(HEAD).is_file() {
            return Err(BackupError::NotOurs {
                zh: "该目录中没有备份；请核对 --backup。",
                en: "there is no backup in this folder",
            });
        }
        Self::read(dir, passphrase, reading(dir)?)
    }

    fn read(dir: &Path, passphrase: &str, lock: Option<File>) -> Result<Self, BackupError> {
        let file = dir.join(HEAD);
        let head: Head = crypto::from_canonical(&read(&file)?).map_err(BackupError::opening(&file))?;
        if head.v != 1 {
            return Err(BackupError::NotOurs {
                zh: "备份的版本未知；请用制作它的程序版本或更新的版本。",
                en: "the backup is of an unknown version",
            });
        }
        let key = head.key.open(passphrase).map_err(BackupError::opening(&file))?;
        let naming = key.mac_key(key.id(), "yunyu/backup-names/v1")?;
        let (dir, deployment) = (dir.to_owned(), head.deployment);
        Ok(Self { dir, deployment, key, naming, check: false, mended: Cell::new(0), _lock: lock })
    }

    /// Deployment.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    /// Suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.key.suite()
    }

    /// Numbers of the snapshots, in order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn snapshots(&self) -> Result<Vec<u64>, BackupError> {
        let all = entries(&self.dir.join("snapshots"));
        let all = all.map_err(BackupError::io(&self.dir, "列出快照", "listing snapshots"))?;
        let mut out: Vec<u64> =
            all.iter().filter_map(|p| p.file_name()).filter_map(|n| n.to_string_lossy().parse().ok()).collect();
        out.sort_unstable();
        Ok(out)
    }

    /// A snapshot.
    ///
    /// # Errors
    /// There is none of that number, or it was changed.
    pub fn snapshot(&self, number: u64) -> Result<Manifest, BackupError> {
        let name = format!("snapshots/{number:06}");
        let file = self.dir.join(&name);
        let plain = open_object(&read(&file)?, &self.key, &self.context(&name)).map_err(BackupError::opening(&file))?;
        let manifest: Manifest = crypto::from_canonical(&plain).map_err(BackupError::opening(&file))?;
        let ours = manifest.v == 1 && manifest.number == number && manifest.deployment == self.deployment;
        if ours { Ok(manifest) } else { Err(BackupError::damaged(&file)) }
    }

    /// The newest snapshot that can be read, and the later ones that cannot: damage to one part of a backup is not the end of it.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn last(&self) -> Result<Last, BackupError> {
        let mut damaged = Vec::new();
        for number in self.snapshots()?.into_iter().rev() {
            match self.snapshot(number) {
                Ok(manifest) => return Ok(Last { manifest: Some(manifest), damaged }),
                Err(e) if e.is_damage() => damaged.push(number),
                Err(e) => return Err(e),
            }
        }
        Ok(Last { manifest: None, damaged })
    }

    /// Digest by which statements name a snapshot.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub fn digest(&self, manifest: &Manifest) -> Result<Digest, BackupError> {
        Ok(Digest(crypto::digest_of(self.suite(), "snapshot", manifest)?.to_string()))
    }

    /// Writes a snapshot: from here on it counts.
    pub(crate) fn write(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let name = format!("snapshots/{:06}", manifest.number);
        let sealed = seal_object(&crypto::canonical(manifest)?, &self.key, self.key.id(), &self.context(&name))?;
        let file = self.dir.join(&name);
        write_whole(&file, &sealed).map_err(BackupError::io(&file, "写入快照", "writing a snapshot"))
    }

    /// Keeps a file in pieces; pieces that are there already are not written again. Says the bytes written.
    pub(crate) fn put_file(&self, path: &str, from: impl Read) -> Result<(FileEntry, u64), BackupError> {
        let (mut from, mut whole) = (from, self.suite().hash_alg().hasher());
        let (mut pieces, mut len, mut written) = (Vec::new(), 0, 0);
        loop {
            let mut piece = Zeroizing::new(Vec::new());
            let n = from.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            let n = n.map_err(BackupError::io(Path::new(path), "读取要备份的文件", "reading a file to back up"))?;
            if n == 0 {
                break;
            }
            whole.update(&piece);
            len += n as u64;
            let (name, new) = self.put_piece(&piece)?;
            written += new;
            pieces.push(name);
        }
        let digest = Digest(whole.finish().to_string());
        Ok((FileEntry { path: path.to_owned(), len, digest, pieces }, written))
    }

    fn put_piece(&self, plain: &[u8]) -> Result<(String, u64), BackupError> {
        let digest = self.suite().hash(plain);
        let name = hex(&self.suite().mac(&*self.naming, &digest.bytes));
        let path = self.piece(&name);
        if self.holds_piece(&path, &name, plain) {
            return Ok((name, 0));
        }
        let sealed = seal_object(plain, &self.key, self.key.id(), &self.context(&name))?;
        self.mending(&path);
        write_whole(&path, &sealed).map_err(BackupError::io(&path, "写入备份", "writing the backup"))?;
        Ok((name, sealed.len() as u64))
    }

    /// Keeps a sealed object as it is; `None` where it is no sealed object. Says the bytes written.
    pub(crate) fn put_object(&self, path: &str, bytes: &[u8]) -> Result<Option<(ObjectEntry, u64)>, BackupError> {
        let Ok(header) = open_header(bytes.get(..MAX_HEADER.min(bytes.len())).unwrap_or_default()) else {
            return Ok(None);
        };
        let digest = self.suite().hash(bytes);
        let (head, target) = (self.head_of(bytes), self.object(&digest));
        let mut written = 0;
        if !self.holds_object(&target, &digest, bytes.len() as u64) {
            self.mending(&target);
            write_whole(&target, bytes).map_err(BackupError::io(&target, "写入备份", "writing the backup"))?;
            written = bytes.len() as u64;
        }
        let (digest, key, len) = (Digest(digest.to_string()), header.key.to_string(), bytes.len() as u64);
        Ok(Some((ObjectEntry { path: path.to_owned(), len, digest, head, key }, written)))
    }

    /// Digest of an object's beginning: every sealing has a salt of its own there, so equal heads are one object.
    pub(crate) fn head_of(&self, bytes: &[u8]) -> Digest {
        let head = bytes.get(..MAX_HEADER.min(bytes.len())).unwrap_or_default();
        Digest(self.suite().hash(head).to_string())
    }

    /// Whether an object of an earlier snapshot is there, whole.
    pub(crate) fn holds(&self, entry: &ObjectEntry) -> bool {
        entry.digest.0.parse::<Hash>().is_ok_and(|d| self.holds_object(&self.object(&d), &d, entry.len))
    }

    /// By its size; where everything is checked, by its digest.
    fn holds_object(&self, at: &Path, digest: &Hash, len: u64) -> bool {
        fs::metadata(at).is_ok_and(|m| m.is_file() && m.len() == len)
            && (!self.check || read(at).is_ok_and(|bytes| self.suite().hash(&bytes) == *digest))
    }

    /// By its size, which is more than what is sealed in it; where everything is checked, by its content.
    fn holds_piece(&self, at: &Path, name: &str, plain: &[u8]) -> bool {
        fs::metadata(at).is_ok_and(|m| m.is_file() && m.len() > plain.len() as u64)
            && (!self.check || self.opened(name).is_ok_and(|held| *held == *plain))
    }

    /// Counts a part that is written anew because it was damaged.
    fn mending(&self, at: &Path) {
        self.mended.set(self.mended.get() + u64::from(at.exists()));
    }

    /// Parts that were damaged and were written anew.
    #[must_use]
    pub fn mended(&self) -> u64 {
        self.mended.get()
    }

    /// Reads everything that the next snapshot uses again, and writes anew what is damaged.
    #[must_use]
    pub fn checking(self) -> Self {
        Self { check: true, ..self }
    }

    /// Whether a drill or a restore found damage since everything was checked.
    #[must_use]
    pub fn check_wanted(&self) -> bool {
        self.dir.join(CHECK).is_file()
    }

    /// Has the next backup check everything, or says that it did. Where nobody can write, nothing is remembered.
    pub fn want_check(&self, wanted: bool) {
        let file = self.dir.join(CHECK);
        let _ = if wanted { write_whole(&file, b"") } else { fs::remove_file(&file) };
    }

    /// Every part of a snapshot that is missing or was changed, but for objects under keys that are `gone`.
    ///
    /// # Errors
    /// A part cannot be read at all.
    pub fn damage(&self, manifest: &Manifest, gone: &BTreeSet<String>) -> Result<BTreeSet<PathBuf>, BackupError> {
        let pieces = manifest.files.iter().flat_map(|f| &f.pieces).collect::<BTreeSet<_>>().into_iter();
        let pieces = pieces.map(|name| self.opened(name).map(drop));
        let objects = manifest.objects.iter().filter(|o| !gone.contains(&o.key));
        let objects = objects.map(|entry| self.object_bytes(entry).map(drop));
        let mut out = BTreeSet::new();
        for found in pieces.chain(objects) {
            match found {
                Err(BackupError::Damaged { at, .. }) => {
                    out.insert(at);
                }
                other => other?,
            }
        }
        Ok(out)
    }

    fn opened(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, BackupError> {
        let at = self.piece(name);
        let plain = open_object(&read(&at)?, &self.key, &self.context(name)).map_err(BackupError::opening(&at))?;
        Ok(Zeroizing::new(plain))
    }

    /// A file's bytes, piece by piece.
    ///
    /// # Errors
    /// A piece is missing or was changed, or `take` fails.
    pub fn each_piece(
        &self,
        entry: &FileEntry,
        mut take: impl FnMut(&[u8]) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let (mut whole, mut len) = (self.suite().hash_alg().hasher(), 0);
        for name in &entry.pieces {
            let plain = self.opened(name)?;
            whole.update(&plain);
            len += plain.len() as u64;
            take(&plain)?;
        }
        let same = len == entry.len && whole.finish().to_string() == entry.digest.0;
        if same { Ok(()) } else { Err(BackupError::damaged(Path::new(&entry.path))) }
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// As [`Repo::each_piece`].
    pub fn file(&self, entry: &FileEntry) -> Result<Zeroizing<Vec<u8>>, BackupError> {
        let mut out = Zeroizing::new(Vec::new());
        self.each_piece(entry, |piece| {
            out.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(out)
    }

    /// An object's bytes as stored.
    pub(crate) fn object_bytes(&self, entry: &ObjectEntry) -> Result<Vec<u8>, BackupError> {
        let digest: Hash = entry.digest.0.parse()?;
        let at = self.object(&digest);
        let bytes = read(&at)?;
        let same = self.suite().hash(&bytes) == digest;
        if same { Ok(bytes) } else { Err(BackupError::damaged(&at)) }
    }

    fn piece(&self, name: &str) -> PathBuf {
        self.dir.join("pieces").join(name.get(..2).unwrap_or_default()).join(name)
    }

    fn object(&self, digest: &Hash) -> PathBuf {
        let name = hex(&digest.bytes);
        self.dir.join("objects").join(name.get(..2).unwrap_or_default()).join(name)
    }

    fn context(&self, name: &str) -> Context {
        Context {
            deployment: self.deployment.clone(),
            resource: "backup".to_owned(),
            object: name.to_owned(),
            version: "1".to_owned(),
        }
    }
}

fn lock(dir: &Path) -> Result<File, BackupError> {
    let open = lock_file(&dir.join("lock"));
    let file = open.map_err(BackupError::io(dir, "锁定备份", "locking the backup"))?;
    file.try_lock().map_err(|_| BackupError::Busy)?;
    Ok(file)
}

/// Keeps writers away while it is read; writers make the file and never remove it.
fn reading(dir: &Path) -> Result<Option<File>, BackupError> {
    let file = match plain_file(&dir.join("lock"), OFlags::RDONLY) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(BackupError::io(dir, "锁定备份", "locking the backup"))?,
    };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Err(BackupError::Busy),
        Err(TryLockError::Error(_)) | Ok(()) => Ok(Some(file)),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    match plain_file(path, OFlags::RDONLY).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            Err(BackupError::Damaged { at: path.to_owned(), zh: "文件缺失", en: "it is missing" })
        }
        other => other.map(|_| bytes).map_err(BackupError::io(path, "读取备份", "reading the backup")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
