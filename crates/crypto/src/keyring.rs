//! KEKs in a folder: one file per key, each sealed under a 32-byte master key that lies elsewhere.
//!
//! Files: `<id>.key` (JSON, KEK sealed) and `<id>.destroyed` (JSON, tombstone). Every change is durable before it
//! returns. Destruction writes the tombstone, overwrites the key file, removes it and syncs the folder; a kill in
//! between is finished at the next opening. Overwriting reaches the file's blocks on plain file systems only (not
//! copies that a snapshot, a log-structured disk or a backup keeps): where that matters, use a hardware provider.

use crate::provider::{DataKey, KeyId, KeyInfo, KeyProvider, KeyState, WrappedKey};
use crate::{CryptoError, Suite, aead, blob, canonical, from_canonical, random, random_hex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

const KEK_LABEL: &str = "kek";
const WRAP_LABEL: &str = "data-key";

/// `<id>.key`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    v: u32,
    id: KeyId,
    suite: Suite,
    purpose: String,
    scope: String,
    sealed: String,
}

impl KeyEntry {
    /// What the sealing binds: everything but the sealed part.
    fn bound(&self) -> Result<Vec<u8>, CryptoError> {
        canonical(&(self.v, &self.id, self.suite, &self.purpose, &self.scope))
    }
}

/// `<id>.destroyed`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tombstone {
    v: u32,
    id: KeyId,
    purpose: String,
    scope: String,
    destroyed_at: Option<i64>,
}

struct Entry {
    info: KeyInfo,
    /// `None` once destroyed.
    kek: Option<Zeroizing<[u8; 32]>>,
}

/// KEKs in a folder under a master key file. One process owns the folder.
pub struct FileKeyProvider {
    dir: PathBuf,
    suite: Suite,
    master: Zeroizing<[u8; 32]>,
    entries: Mutex<BTreeMap<KeyId, Entry>>,
}

impl FileKeyProvider {
    /// Makes the folder and the master key file where they are missing, then opens.
    ///
    /// # Errors
    /// As `open`; storage failed. A folder with keys whose master key is gone is refused, not given a new one.
    pub fn init(dir: &Path, master_file: &Path, suite: Suite) -> Result<Self, CryptoError> {
        fs::create_dir_all(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        let empty = fs::read_dir(dir)?.next().is_none();
        if empty && !master_file.try_exists()? {
            write_atomic(master_file, &Zeroizing::new(random::<32>()?)[..])?;
        }
        Self::open(dir, master_file, suite)
    }

    /// Opens a folder: checks every key in it and finishes destructions that were cut short.
    ///
    /// # Errors
    /// The master key file is missing, readable by others, or not the one; a key file was changed.
    pub fn open(dir: &Path, master_file: &Path, suite: Suite) -> Result<Self, CryptoError> {
        let master = read_master(master_file)?;
        let provider = Self { dir: dir.to_owned(), suite, master, entries: Mutex::default() };
        for item in fs::read_dir(dir)? {
            let path = item?.path();
            match path.extension().and_then(|e| e.to_str()) {
                Some("destroyed") => provider.load_tombstone(&path)?,
                Some("key") => provider.load_key(&path)?,
                // A write that was cut short before its rename: nothing refers to it.
                Some("tmp") => remove_wiped(&path)?,
                _ => {}
            }
        }
        Ok(provider)
    }

    fn load_tombstone(&self, path: &Path) -> Result<(), CryptoError> {
        let t: Tombstone = from_canonical(&fs::read(path)?)?;
        if t.v != 1 {
            return Err(CryptoError::UnknownVersion("the key ring"));
        }
        if self.path(&t.id, "destroyed") != path {
            return Err(CryptoError::Malformed("key ring"));
        }
        let info = KeyInfo {
            id: t.id,
            purpose: t.purpose,
            scope: t.scope,
            state: KeyState::Destroyed,
            destroyed_at: t.destroyed_at,
        };
        self.lock().insert(info.id.clone(), Entry { info, kek: None });
        Ok(())
    }

    fn load_key(&self, path: &Path) -> Result<(), CryptoError> {
        // The tombstone first: a key file under one may be half overwritten, and a copy put back counts for nothing.
        if path.with_extension("destroyed").try_exists()? {
            return remove_wiped(path);
        }
        let e: KeyEntry = from_canonical(&fs::read(path)?)?;
        if e.v != 1 || e.suite != self.suite {
            return Err(CryptoError::UnknownVersion("the key ring"));
        }
        if self.path(&e.id, "key") != path {
            return Err(CryptoError::Malformed("key ring"));
        }
        let sealed = BASE64.decode(&e.sealed).map_err(|_| CryptoError::Malformed("key ring"))?;
        let kek = blob::open(self.suite, &self.master, KEK_LABEL, &[&e.bound()?], &sealed)?;
        let kek: [u8; 32] = kek.as_slice().try_into().map_err(|_| CryptoError::Malformed("key ring"))?;
        let info = KeyInfo { id: e.id, purpose: e.purpose, scope: e.scope, state: KeyState::Live, destroyed_at: None };
        self.lock().insert(info.id.clone(), Entry { info, kek: Some(Zeroizing::new(kek)) });
        Ok(())
    }

    fn kek(&self, id: &KeyId) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let entries = self.lock();
        let entry = entries.get(id).ok_or(CryptoError::UnknownKey)?;
        entry.kek.clone().ok_or(CryptoError::DestroyedKey)
    }

    fn path(&self, id: &KeyId, extension: &str) -> PathBuf {
        self.dir.join(format!("{id}.{extension}"))
    }

    /// A panic elsewhere leaves the map whole: every change is one insertion.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<KeyId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyProvider for FileKeyProvider {
    fn suite(&self) -> Suite {
        self.suite
    }

    fn create(&self, purpose: &str, scope: &str) -> Result<KeyId, CryptoError> {
        let id: KeyId = format!("kek-{}", random_hex(16)?).parse()?;
        let kek = Zeroizing::new(random::<32>()?);
        let mut entry = KeyEntry {
            v: 1,
            id: id.clone(),
            suite: self.suite,
            purpose: purpose.to_owned(),
            scope: scope.to_owned(),
            sealed: String::new(),
        };
        entry.sealed =
            BASE64.encode(blob::seal(self.suite, &self.master, KEK_LABEL, &[&entry.bound()?], kek.as_ref())?);
        write_atomic(&self.path(&id, "key"), &canonical(&entry)?)?;
        let info = KeyInfo {
            id: id.clone(),
            purpose: entry.purpose,
            scope: entry.scope,
            state: KeyState::Live,
            destroyed_at: None,
        };
        self.lock().insert(id.clone(), Entry { info, kek: Some(kek) });
        Ok(id)
    }

    fn data_key(&self, id: &KeyId) -> Result<(DataKey, WrappedKey), CryptoError> {
        let kek = self.kek(id)?;
        let key = Zeroizing::new(random::<32>()?);
        let wrapped = blob::seal(self.suite, &kek, WRAP_LABEL, &[id.as_str().as_bytes()], key.as_ref())?;
        Ok((DataKey::new(key), WrappedKey(wrapped)))
    }

    fn unwrap(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<DataKey, CryptoError> {
        let kek = self.kek(id)?;
        let key = blob::open(self.suite, &kek, WRAP_LABEL, &[id.as_str().as_bytes()], &wrapped.0)?;
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_| CryptoError::DoesNotOpen)?;
        Ok(DataKey::new(Zeroizing::new(key)))
    }

    fn mac_key(&self, id: &KeyId, label: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let mut info = b"yunyu/mac-key/v1\n".to_vec();
        aead::push_part(&mut info, label.as_bytes());
        let mut out = Zeroizing::new([0u8; 32]);
        aead::expand(self.suite, &*self.kek(id)?, &info, out.as_mut())?;
        Ok(out)
    }

    fn destroy_at(&self, id: &KeyId, at_ms: Option<i64>) -> Result<(), CryptoError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        if entry.info.state == KeyState::Live {
            let stone = Tombstone {
                v: 1,
                id: id.clone(),
                purpose: entry.info.purpose.clone(),
                scope: entry.info.scope.clone(),
                destroyed_at: at_ms,
            };
            write_atomic(&self.path(id, "destroyed"), &canonical(&stone)?)?;
            entry.kek = None;
            entry.info.state = KeyState::Destroyed;
            entry.info.destroyed_at = at_ms;
        }
        // Also when repeated: an earlier attempt may have failed after the tombstone.
        remove_wiped(&self.path(id, "key"))
    }

    fn list(&self) -> Vec<KeyInfo> {
        self.lock().values().map(|e| e.info.clone()).collect()
    }
}

fn read_master(path: &Path) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
    let file = File::open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Err(CryptoError::LooseMode);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(64));
    file.take(64).read_to_end(&mut bytes)?;
    let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| CryptoError::Malformed("master key file"))?;
    Ok(Zeroizing::new(key))
}

/// Writes a file of mode 0600 so that it is there whole, or not at all, whenever the machine stops.
fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), CryptoError> {
    let temp = path.with_extension(format!("{}.tmp", random_hex(8)?));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temp, path)?;
    sync_parent(path)
}

/// Overwrites a file with zeros, removes it and syncs its folder. A file that is not there is no error.
fn remove_wiped(path: &Path) -> Result<(), CryptoError> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let len = usize::try_from(file.metadata()?.len()).map_err(|_| CryptoError::TooLarge)?;
    file.write_all(&vec![0; len])?;
    file.sync_all()?;
    fs::remove_file(path)?;
    sync_parent(path)
}

fn sync_parent(path: &Path) -> Result<(), CryptoError> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(parent)?.sync_all()?)
}
