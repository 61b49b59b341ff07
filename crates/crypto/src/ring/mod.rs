//! A ring of KEKs: ids, purposes, versions and tombstones in a folder, material in a vault.
//!
//! Every change is durable before it returns, and one that was cut short is finished, or taken back, at the next opening.
//! Destruction writes the word about it first, then erases in the vault, then overwrites and removes the entry.
//! Overwriting reaches a file's blocks on plain file systems only (not copies that a snapshot, a log-structured disk or
//! a backup keeps): where that matters, the vault is a device.

mod ending;
mod files;
mod masking;
mod sealing;

pub(crate) use files::write_atomic;
pub use masking::Mask;
pub use sealing::{keep_sealing_keys, new_sealing_keys};

use crate::provider::{DataKey, Keeping, KeyId, KeyInfo, KeyProvider, KeyState, SealingKeys, WrappedKey};
use crate::vault::Vault;
use crate::{CryptoError, Suite, aead, canonical};
use files::{KeyEntry, Tombstone, Uses, remove_wiped};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// Data keys that one KEK wraps at most: with 96-bit random nonces, NIST SP 800-38D (8.3) allows 2^32 under one key.
const MAX_WRAPPED: u64 = 1 << 32;
/// Uses are written down this many at a time, before they are taken.
const RESERVE: u64 = 256;

struct Entry<K> {
    info: KeyInfo,
    /// Material by version, each with its file's entry; none once its vault has confirmed that it is destroyed.
    versions: BTreeMap<u32, K>,
    /// Up to here uses are written down.
    reserved: u64,
}

/// KEKs of a folder over a vault. One process owns the folder.
pub struct KeyRing<V: Vault> {
    dir: PathBuf,
    vault: V,
    max_wrapped: u64,
    entries: Mutex<BTreeMap<KeyId, Entry<V::Kek>>>,
}

/// What a ring's folder says about its keys, without opening any.
///
/// # Errors
/// The folder cannot be read, or a file in it was changed.
pub fn inventory(dir: &Path) -> Result<Vec<KeyInfo>, CryptoError> {
    let found = files::scan(dir)?;
    let mut all: Vec<KeyInfo> = found.tombstones.into_iter().map(files::gone).collect();
    all.extend(found.sealed.iter().filter_map(|s| files::sealed(s, found.uses.get(&s.id))));
    let masked = |id: &KeyId| found.masked.iter().any(|m| m.id == *id);
    let state = |id: &KeyId| if masked(id) { KeyState::Sealed } else { KeyState::Live };
    let live = by_id(found.live);
    let live = live.iter().filter_map(|(id, of)| Some((id, files::info(of, found.uses.get(id))?)));
    all.extend(live.map(|(id, info)| KeyInfo { state: state(id), ..info }));
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

/// Names of a folder's entries that its vault has no material for: destroyed or replaced since the folder was copied.
///
/// # Errors
/// The folder cannot be read, a file in it was changed, or the device failed.
pub fn absent<V: Vault>(dir: &Path, vault: &V) -> Result<Vec<String>, CryptoError> {
    let mut out = Vec::new();
    for entry in files::scan(dir)?.live {
        if !vault.holds(&entry.name())? {
            out.push(entry.name());
        }
    }
    Ok(out)
}

fn by_id(live: Vec<KeyEntry>) -> BTreeMap<KeyId, Vec<KeyEntry>> {
    let mut out: BTreeMap<KeyId, Vec<KeyEntry>> = BTreeMap::new();
    for entry in live {
        out.entry(entry.id.clone()).or_default().push(entry);
    }
    out
}

impl<V: Vault> KeyRing<V> {
    /// Opens a folder over a vault: checks every key in it and finishes what was cut short.
    ///
    /// # Errors
    /// Material is missing or not the entry's; a file was changed; storage or device failed.
    pub fn over(dir: &Path, vault: V) -> Result<Self, CryptoError> {
        let found = files::scan(dir)?;
        ending::finish(dir, &vault, &found)?;
        let mut entries = BTreeMap::new();
        for t in found.tombstones {
            let info = files::gone(t);
            entries.insert(info.id.clone(), Entry { info, versions: BTreeMap::new(), reserved: 0 });
        }
        for sealed in &found.sealed {
            if let Some(entry) = Self::adopt_sealed(dir, sealed, found.uses.get(&sealed.id))? {
                entries.insert(sealed.id.clone(), entry);
            }
        }
        for (id, of) in by_id(found.live) {
            let Some(info) = files::info(&of, found.uses.get(&id)) else { continue };
            let mut versions = BTreeMap::new();
            for entry in &of {
                if entry.suite != vault.suite() {
                    return Err(CryptoError::UnknownVersion("the key ring"));
                }
                versions.insert(entry.version(), vault.open(&entry.name(), &entry.bound()?, &entry.sealed)?);
            }
            entries.insert(id, Entry { reserved: info.wrapped, info, versions });
        }
        Self::adopt_masked(dir, &found.masked, &mut entries)?;
        Ok(Self { dir: dir.to_owned(), vault, max_wrapped: MAX_WRAPPED, entries: Mutex::new(entries) })
    }

    /// With a lower bound on the data keys that one KEK wraps.
    #[must_use]
    pub fn with_max_wrapped(mut self, n: u64) -> Self {
        self.max_wrapped = n.min(MAX_WRAPPED);
        self
    }

    /// Makes material for a version and writes its entry down.
    fn make(&self, mut entry: KeyEntry) -> Result<V::Kek, CryptoError> {
        let name = entry.name();
        let making = self.path(&name, "making");
        if V::OUTSIDE {
            write_atomic(&making, b"")?;
            // An earlier attempt may have left something. No entry ever named it, so it sealed nothing: if it is hidden just now,
            // nothing that anybody was told to be gone is left.
            self.vault.erase(&name)?;
        }
        let (sealed, kek) = self.vault.make(&name, &entry.bound()?)?;
        entry.sealed = sealed;
        write_atomic(&self.path(&name, "key"), &canonical(&entry)?)?;
        if V::OUTSIDE {
            remove_wiped(&making)?;
        }
        Ok(kek)
    }

    /// Takes a use of the newest material, written down before it is taken, and gives that material.
    fn take_use(&self, id: &KeyId) -> Result<V::Kek, CryptoError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        // Material in a device stays there while what it wrapped is masked.
        let newest = entry.versions.last_key_value().filter(|_| entry.info.state == KeyState::Live);
        let kek = newest.map(|(_, k)| k.clone()).ok_or_else(|| unusable(&entry.info))?;
        if entry.info.wrapped >= self.max_wrapped {
            return Err(CryptoError::Exhausted);
        }
        if entry.info.wrapped == entry.reserved {
            let reserved = (entry.reserved + RESERVE).min(self.max_wrapped);
            let uses = Uses { v: 1, id: id.clone(), version: entry.info.version, reserved };
            write_atomic(&self.path(id.as_str(), "uses"), &canonical(&uses)?)?;
            entry.reserved = reserved;
        }
        entry.info.wrapped += 1;
        Ok(kek)
    }

    /// Material of a key, the newest first.
    fn keks(&self, id: &KeyId) -> Result<Vec<V::Kek>, CryptoError> {
        let entries = self.lock();
        let entry = entries.get(id).ok_or(CryptoError::UnknownKey)?;
        let keks: Vec<V::Kek> = entry.versions.values().rev().cloned().collect();
        if keks.is_empty() || entry.info.state != KeyState::Live { Err(unusable(&entry.info)) } else { Ok(keks) }
    }

    /// Opens a wrapped key; tells whether it lies under the newest material.
    fn open_wrapped(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<(DataKey, bool), CryptoError> {
        let mut last = CryptoError::DoesNotOpen;
        for (n, kek) in self.keks(id)?.iter().enumerate() {
            match self.vault.unwrap(kek, id.as_str().as_bytes(), &wrapped.0) {
                Ok(key) => return Ok((DataKey::new(key), n == 0)),
                Err(e @ (CryptoError::Device(_) | CryptoError::Io(_))) => return Err(e),
                Err(e) => last = e,
            }
        }
        Err(last)
    }

    fn wrap(&self, id: &KeyId, key: &DataKey) -> Result<WrappedKey, CryptoError> {
        let kek = self.take_use(id)?;
        Ok(WrappedKey(self.vault.wrap(&kek, id.as_str().as_bytes(), key.expose())?))
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.dir.join(format!("{name}.{extension}"))
    }

    /// A panic elsewhere leaves the map whole: every change is one step after all that can fail.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<KeyId, Entry<V::Kek>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a key has no material.
fn unusable(info: &KeyInfo) -> CryptoError {
    if info.state == KeyState::Sealed { CryptoError::SealedKey } else { CryptoError::DestroyedKey }
}

impl<V: Vault> KeyProvider for KeyRing<V> {
    fn suite(&self) -> Suite {
        self.vault.suite()
    }

    fn keeping(&self) -> Keeping {
        self.vault.keeping()
    }

    fn create_at(&self, purpose: &str, scope: &str, at_ms: Option<i64>) -> Result<KeyId, CryptoError> {
        let mut random = [0; 16];
        self.vault.random(&mut random)?;
        let id: KeyId = format!("kek-{}", hex::encode(random)).parse()?;
        let entry = KeyEntry {
            v: 2,
            id: id.clone(),
            suite: self.suite(),
            purpose: purpose.to_owned(),
            scope: scope.to_owned(),
            version: Some(1),
            created_at: at_ms,
            sealed: String::new(),
        };
        let info = files::info(std::slice::from_ref(&entry), None).ok_or(CryptoError::UnknownKey)?;
        // Held throughout: nothing is destroyed between the question and the answer.
        let mut entries = self.lock();
        self.may_make(&entries)?;
        let kek = self.make(entry)?;
        let versions = BTreeMap::from([(1, kek)]);
        entries.insert(id.clone(), Entry { info, versions, reserved: 0 });
        Ok(id)
    }

    fn data_key(&self, id: &KeyId) -> Result<(DataKey, WrappedKey), CryptoError> {
        let mut key = Zeroizing::new([0; 32]);
        self.vault.random(key.as_mut())?;
        let key = DataKey::new(key);
        let wrapped = self.wrap(id, &key)?;
        Ok((key, wrapped))
    }

    fn unwrap(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<DataKey, CryptoError> {
        Ok(self.open_wrapped(id, wrapped)?.0)
    }

    fn mac_key(&self, id: &KeyId, label: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let mut info = b"yunyu/mac-key/v1\n".to_vec();
        aead::push_part(&mut info, label.as_bytes());
        let kek = self.keks(id)?.into_iter().next().ok_or(CryptoError::DestroyedKey)?;
        self.vault.derive(&kek, &info)
    }

    fn destroy_at(&self, id: &KeyId, at_ms: Option<i64>) -> Result<(), CryptoError> {
        self.end(id, at_ms)
    }

    fn bury_at(&self, id: &KeyId, purpose: &str, scope: &str, at_ms: Option<i64>) -> Result<(), CryptoError> {
        let mut entries = self.lock();
        match entries.get(id) {
            Some(known) if known.info.purpose != purpose || known.info.scope != scope => {
                return Err(CryptoError::UnknownKey);
            }
            Some(_) => {}
            None => {
                let (purpose, scope) = (purpose.to_owned(), scope.to_owned());
                let stone = Tombstone { v: 1, id: id.clone(), purpose, scope, destroyed_at: at_ms };
                write_atomic(&self.path(id.as_str(), "destroyed"), &canonical(&stone)?)?;
                let info = files::gone(stone);
                entries.insert(id.clone(), Entry { info, versions: BTreeMap::new(), reserved: 0 });
            }
        }
        drop(entries);
        self.destroy_at(id, at_ms)
    }

    fn list(&self) -> Vec<KeyInfo> {
        self.lock().values().map(|e| e.info.clone()).collect()
    }

    fn remaining(&self, id: &KeyId) -> Result<u64, CryptoError> {
        let entries = self.lock();
        let entry = entries.get(id).ok_or(CryptoError::UnknownKey)?;
        match entry.info.state {
            KeyState::Live => Ok(self.max_wrapped.saturating_sub(entry.info.wrapped)),
            KeyState::Sealed | KeyState::Destroyed => Err(unusable(&entry.info)),
        }
    }

    fn can_seal(&self) -> bool {
        let _still = self.lock();
        let (found, pads) = (files::scan(&self.dir), files::pads(&self.dir));
        found.is_ok_and(|f| pads.is_ok_and(|p| p.len() > f.masking.len()))
    }

    fn masks(&self) -> bool {
        V::OUTSIDE
    }

    fn begin_masking(&self, id: &KeyId) -> Result<Option<Mask>, CryptoError> {
        self.mask(id)
    }

    fn end_masking(&self, id: &KeyId) -> Result<(), CryptoError> {
        self.masked(id)
    }

    fn begin_unmasking(&self, id: &KeyId, with: &SealingKeys) -> Result<Option<Mask>, CryptoError> {
        self.unmask(id, with)
    }

    fn end_unmasking(&self, id: &KeyId) -> Result<(), CryptoError> {
        self.unmasked(id)
    }

    fn seal_away(&self, id: &KeyId) -> Result<(), CryptoError> {
        self.seal(id)
    }

    fn open_sealed(&self, id: &KeyId, with: &SealingKeys) -> Result<(), CryptoError> {
        self.unseal(id, with)
    }

    fn begin_rotation(&self, id: &KeyId, at_ms: Option<i64>) -> Result<u32, CryptoError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        if entry.info.state != KeyState::Live {
            return Err(unusable(&entry.info));
        }
        if entry.info.rotating {
            return Ok(entry.info.version);
        }
        let version = entry.info.version.checked_add(1).ok_or(CryptoError::Exhausted)?;
        let (purpose, scope) = (entry.info.purpose.clone(), entry.info.scope.clone());
        let (id, suite, version_stated) = (id.clone(), self.suite(), Some(version));
        let sealed = String::new();
        let made = KeyEntry { v: 2, id, suite, purpose, scope, version: version_stated, created_at: at_ms, sealed };
        let kek = self.make(made)?;
        entry.versions.insert(version, kek);
        entry.info = KeyInfo { version, rotating: true, created_at: at_ms, wrapped: 0, ..entry.info.clone() };
        entry.reserved = 0;
        Ok(version)
    }

    fn rewrap(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<Option<WrappedKey>, CryptoError> {
        match self.open_wrapped(id, wrapped)? {
            (_, true) => Ok(None),
            (key, false) => self.wrap(id, &key).map(Some),
        }
    }

    fn end_rotation(&self, id: &KeyId, at_ms: Option<i64>) -> Result<(), CryptoError> {
        self.retire(id, at_ms)
    }
}
