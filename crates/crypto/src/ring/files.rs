//! The ring's folder: one small JSON file per fact, each with one encoding, each written whole or not at all.
//! What belongs to a key with a tombstone is never read, only removed; `.tmp` is what a kill left and is never read either.
//!
//! | file | what |
//! |---|---|
//! | `<name>.key` | material of a key, or what finds it in its device; `<name>` is the id, from version 2 on `<id>.v<n>` |
//! | `<name>.making` | a device is being asked for material that no entry names yet |
//! | `<name>.retired` | this version is destroyed, a newer one took its place |
//! | `<id>.sealed` | every version is sealed away under a sealing key that is not here any more |
//! | `<pad>.pad` | a sealing key that was never used; its keepers have it too |
//! | `<id>.masking` | data keys of a device's key are being masked under this sealing key, which is still here |
//! | `<id>.masked` | they all are, and the sealing key is not here any more |
//! | `<id>.destroyed` | tombstone: every version is destroyed, and the id is never given out again |
//! | `<id>.uses` | up to how many data keys the newest version may have wrapped |

use crate::provider::{KeyId, KeyInfo, KeyState};
use crate::{CryptoError, Suite, canonical, from_canonical, random_hex};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// `<name>.key`. Format 1 had one version of each key and did not say when it was made.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyEntry {
    pub(super) v: u32,
    pub(super) id: KeyId,
    pub(super) suite: Suite,
    pub(super) purpose: String,
    pub(super) scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<i64>,
    pub(super) sealed: String,
}

impl KeyEntry {
    /// What the sealing binds: everything but the sealed part.
    pub(super) fn bound(&self) -> Result<Vec<u8>, CryptoError> {
        match self.v {
            1 => canonical(&(self.v, &self.id, self.suite, &self.purpose, &self.scope)),
            _ => canonical(&(
                (self.v, &self.id, self.suite),
                (&self.purpose, &self.scope),
                (self.version, self.created_at),
            )),
        }
    }

    pub(super) fn version(&self) -> u32 {
        self.version.unwrap_or(1)
    }

    pub(super) fn name(&self) -> String {
        name(&self.id, self.version())
    }

    fn check(&self) -> Result<(), CryptoError> {
        match (self.v, self.version) {
            (1, None) if self.created_at.is_none() => Ok(()),
            (2, Some(n)) if n > 0 => Ok(()),
            _ => Err(CryptoError::UnknownVersion("the key ring")),
        }
    }
}

/// Name of a version's material.
pub(super) fn name(id: &KeyId, version: u32) -> String {
    if version == 1 { id.to_string() } else { format!("{id}.v{version}") }
}

/// `<id>.destroyed`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tombstone {
    pub(super) v: u32,
    pub(super) id: KeyId,
    pub(super) purpose: String,
    pub(super) scope: String,
    pub(super) destroyed_at: Option<i64>,
}

/// `<name>.retired`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retired {
    pub(super) v: u32,
    pub(super) id: KeyId,
    pub(super) version: u32,
    pub(super) retired_at: Option<i64>,
}

/// `<id>.sealed`: the entries as they were, their `sealed` now under the sealing key of this name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealedAway {
    pub(super) v: u32,
    pub(super) id: KeyId,
    pub(super) pad: String,
    pub(super) entries: Vec<KeyEntry>,
}

/// `<id>.masking` and `<id>.masked`: the sealing key of this name.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Masked {
    pub(super) v: u32,
    pub(super) id: KeyId,
    pub(super) pad: String,
}

/// `<id>.uses`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Uses {
    pub(super) v: u32,
    pub(super) id: KeyId,
    pub(super) version: u32,
    pub(super) reserved: u64,
}

/// What a folder holds. Where a key file and a word about its end both stand, the end counts.
#[derive(Default)]
pub(super) struct Found {
    /// Entries that stand, and their files.
    pub(super) live: Vec<KeyEntry>,
    /// Names and files of entries that have ended: their material may be there still.
    pub(super) ended: Vec<(String, PathBuf)>,
    /// Other files that have ended. Nothing is read of them: they may be half overwritten.
    pub(super) left: Vec<PathBuf>,
    pub(super) tombstones: Vec<Tombstone>,
    /// What is sealed away and not destroyed.
    pub(super) sealed: Vec<SealedAway>,
    /// Keys of a device whose data keys are being masked, and those whose all are.
    pub(super) masking: Vec<Masked>,
    pub(super) masked: Vec<Masked>,
    pub(super) uses: BTreeMap<KeyId, (u32, u64)>,
    /// Names that a device may hold without an entry.
    pub(super) making: Vec<String>,
    /// Writes that were cut short before their rename.
    pub(super) torn: Vec<PathBuf>,
}

/// Reads a folder and changes nothing.
pub(super) fn scan(dir: &Path) -> Result<Found, CryptoError> {
    let mut paths = all(dir)?;
    let ends = Ends::of(&paths);
    // Words about an end first: a key file under one may be half overwritten, and a copy put back counts for nothing.
    paths.sort_by_key(|p| (extension(p) == "key", p.clone()));
    let (mut found, mut retired) = (Found::default(), BTreeSet::new());
    for path in paths {
        match extension(&path) {
            "tmp" => found.torn.push(path),
            "making" => found.making.push(stem(&path).to_owned()),
            end if ends.has_ended(end, &path)? => match end {
                "key" => found.ended.push((stem(&path).to_owned(), path)),
                _ => found.left.push(path),
            },
            "destroyed" => found.tombstones.push(read(&path, |t: &Tombstone| (t.v, t.id.to_string()))?),
            "retired" => {
                let r: Retired = read(&path, |r: &Retired| (r.v, name(&r.id, r.version)))?;
                retired.insert(name(&r.id, r.version));
            }
            "sealed" => found.sealed.push(read(&path, |s: &SealedAway| (s.v, s.id.to_string()))?),
            "masking" => found.masking.push(read(&path, |m: &Masked| (m.v, m.id.to_string()))?),
            "masked" => found.masked.push(read(&path, |m: &Masked| (m.v, m.id.to_string()))?),
            "uses" => {
                let u: Uses = read(&path, |u: &Uses| (u.v, u.id.to_string()))?;
                found.uses.insert(u.id, (u.version, u.reserved));
            }
            "key" => key(&mut found, &retired, path)?,
            _ => {}
        }
    }
    Ok(found)
}

/// What has ended, by names alone.
struct Ends {
    destroyed: BTreeSet<String>,
    masked: BTreeSet<String>,
    with_key: BTreeSet<String>,
}

impl Ends {
    fn of(paths: &[PathBuf]) -> Self {
        let with = |end: &str| paths.iter().filter(|p| extension(p) == end).map(|p| id_of(p).to_owned()).collect();
        Self { destroyed: with("destroyed"), masked: with("masked"), with_key: with("key") }
    }

    /// Whether nothing of a file counts any more: its key is destroyed, or its removal was decided and begun.
    fn has_ended(&self, end: &str, path: &Path) -> Result<bool, CryptoError> {
        let id = id_of(path);
        Ok(match end {
            "key" | "retired" | "sealed" | "masking" | "masked" | "uses" if self.destroyed.contains(id) => true,
            // It is removed as soon as `masked` stands.
            "masking" => self.masked.contains(id),
            // They are removed without a tombstone when the key is opened again, and its entries stand by then.
            "sealed" | "masked" => self.with_key.contains(id) && wiped(path)?,
            "pad" => wiped(path)?,
            // A count is removed with its key alone: one of zeros is damage, and counting does not begin again.
            _ => false,
        })
    }
}

/// Whether nothing but zeros stands in a file: its removal was cut short.
fn wiped(path: &Path) -> Result<bool, CryptoError> {
    let bytes = Zeroizing::new(match plain(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    });
    Ok(!bytes.is_empty() && bytes.iter().all(|b| *b == 0))
}

fn key(found: &mut Found, retired: &BTreeSet<String>, path: PathBuf) -> Result<(), CryptoError> {
    let (stem, id) = (stem(&path), id_of(&path));
    if found.sealed.iter().any(|s| s.id.as_str() == id) || retired.contains(stem) {
        found.ended.push((stem.to_owned(), path));
        return Ok(());
    }
    let entry: KeyEntry = from_canonical(&plain(&path)?)?;
    entry.check()?;
    if entry.name() != stem {
        return Err(CryptoError::Malformed("key ring"));
    }
    found.live.push(entry);
    Ok(())
}

/// Every file of a key but its tombstone, whatever stands in it.
pub(super) fn of_key(dir: &Path, id: &KeyId) -> Result<Vec<PathBuf>, CryptoError> {
    let mut out = all(dir)?;
    out.retain(|p| id_of(p) == id.as_str() && extension(p) != "destroyed");
    Ok(out)
}

/// Removes what killed or failed writers and removers of a key left. Nobody else may be writing about it.
pub(super) fn wipe_torn(dir: &Path, id: &KeyId) -> Result<(), CryptoError> {
    of_key(dir, id)?.iter().filter(|p| extension(p) == "tmp").try_for_each(|p| wipe(p))
}

/// Names and files of a key's material.
pub(super) fn keys_of(dir: &Path, id: &KeyId) -> Result<Vec<(String, PathBuf)>, CryptoError> {
    let keys = of_key(dir, id)?.into_iter().filter(|p| extension(p) == "key");
    Ok(keys.map(|p| (stem(&p).to_owned(), p)).collect())
}

fn all(dir: &Path) -> Result<Vec<PathBuf>, CryptoError> {
    Ok(fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?)
}

/// Reads a file of version 1 that must name itself.
fn read<T: serde::de::DeserializeOwned + Serialize>(
    path: &Path,
    is: impl Fn(&T) -> (u32, String),
) -> Result<T, CryptoError> {
    let value: T = from_canonical(&plain(path)?)?;
    let (v, named) = is(&value);
    if v != 1 {
        return Err(CryptoError::UnknownVersion("the key ring"));
    }
    if named == stem(path) { Ok(value) } else { Err(CryptoError::Malformed("key ring")) }
}

/// Sealing keys of a folder that were never used, in order.
pub(super) fn pads(dir: &Path) -> Result<Vec<PathBuf>, CryptoError> {
    let mut out = Vec::new();
    for path in all(dir)?.into_iter().filter(|p| extension(p) == "pad") {
        if !wiped(&path)? {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

pub(super) fn extension(path: &Path) -> &str {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default()
}

/// The key that a file is about.
fn id_of(path: &Path) -> &str {
    stem(path).split('.').next().unwrap_or_default()
}

pub(super) fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|e| e.to_str()).unwrap_or_default()
}

/// What entries of one id say together. `of` holds at least one.
pub(super) fn info(of: &[KeyEntry], uses: Option<&(u32, u64)>) -> Option<KeyInfo> {
    let newest = of.iter().max_by_key(|e| e.version())?;
    let version = newest.version();
    Some(KeyInfo {
        id: newest.id.clone(),
        purpose: newest.purpose.clone(),
        scope: newest.scope.clone(),
        state: KeyState::Live,
        version,
        rotating: of.len() > 1,
        created_at: newest.created_at,
        destroyed_at: None,
        wrapped: uses.filter(|(v, _)| *v == version).map_or(0, |(_, n)| *n),
    })
}

/// What a key that is sealed away says of itself.
pub(super) fn sealed(s: &SealedAway, uses: Option<&(u32, u64)>) -> Option<KeyInfo> {
    Some(KeyInfo { state: KeyState::Sealed, ..info(&s.entries, uses)? })
}

/// What a tombstone says.
pub(super) fn gone(t: Tombstone) -> KeyInfo {
    KeyInfo {
        id: t.id,
        purpose: t.purpose,
        scope: t.scope,
        state: KeyState::Destroyed,
        version: 0,
        rotating: false,
        created_at: None,
        destroyed_at: t.destroyed_at,
        wrapped: 0,
    }
}

/// Writes a file of mode 0600 so that it is there whole, or not at all, whenever the machine stops.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), CryptoError> {
    let temp = path.with_extension(format!("{}.tmp", random_hex(8)?));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temp, path)?;
    sync_parent(path)
}

/// Overwrites a file with zeros, removes it and syncs its folder. A file that is not there is no error.
///
/// It gets another name first: killed in between, nobody takes a half overwritten file for what its name says, and what is
/// set aside goes at the next call or the next opening.
pub(super) fn remove_wiped(path: &Path) -> Result<(), CryptoError> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".tmp");
    let aside = PathBuf::from(aside);
    wipe(&aside)?;
    match fs::rename(path, &aside) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    }
    sync_parent(path)?;
    wipe(&aside)
}

fn zeroed(file: &mut File) -> Result<(), CryptoError> {
    let meta = file.metadata()?;
    if meta.is_file() {
        let len = usize::try_from(meta.len().min(LARGEST)).map_err(|_| CryptoError::TooLarge)?;
        file.write_all(&vec![0; len])?;
        file.sync_all()?;
    }
    Ok(())
}

/// As `remove_wiped`, for a file that nobody reads.
pub(super) fn wipe(path: &Path) -> Result<(), CryptoError> {
    use rustix::fs::{Mode, OFlags};
    use rustix::io::Errno;
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        // Of a link or a pipe the name alone goes: what it leads to is somebody else's.
        Err(Errno::LOOP | Errno::NXIO) => {}
        opened => zeroed(&mut File::from(opened.map_err(io::Error::from)?))?,
    }
    fs::remove_file(path)?;
    sync_parent(path)
}

fn sync_parent(path: &Path) -> Result<(), CryptoError> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(parent)?.sync_all()?)
}

/// No file of a ring comes near this size.
const LARGEST: u64 = 16 << 20;

/// Reads a file of a ring, or of a custody that somebody else handles: through no link, and at no pipe, where one would wait for ever.
pub(super) fn plain(path: &Path) -> std::io::Result<Vec<u8>> {
    use rustix::fs::{Mode, OFlags};
    use std::io::Read;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let mut bytes = Vec::new();
    if !file.metadata()?.is_file() || file.take(LARGEST + 1).read_to_end(&mut bytes)? as u64 > LARGEST {
        let at = path.file_name().unwrap_or_default().to_string_lossy();
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{at} is no file of a key ring")));
    }
    Ok(bytes)
}
