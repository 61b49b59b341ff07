//! How keys and versions end: the word about it, the device's erasure, then the files.
//!
//! A device is believed to have erased something only while it shows the ring's other keys: logged out or exchanged, it finds
//! nothing either. Until then the files stay and the end is tried again; they are what says which material is to be erased.

use super::files::{self, Found, Retired, Tombstone, extension, name, remove_wiped, stem, wipe, write_atomic};
use super::{Entry, KeyRing};
use crate::provider::{KeyId, KeyState};
use crate::vault::Vault;
use crate::{CryptoError, DeviceFault, canonical};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Finishes what was cut short, before anything is opened.
pub(super) fn finish<V: Vault>(dir: &Path, vault: &V, found: &Found) -> Result<(), CryptoError> {
    let ended: Vec<String> = found.ended.iter().map(|(name, _)| name.clone()).collect();
    let live: Vec<String> = found.live.iter().map(files::KeyEntry::name).collect();
    vault.erase_beside(&ended, &live)?;
    for path in found.ended.iter().map(|(_, path)| path).chain(&found.left) {
        remove_wiped(path)?;
    }
    for path in &found.torn {
        wipe(path)?;
    }
    for name in &found.making {
        // Material that no entry names was never given to anybody and sealed nothing: nobody is told that it is gone, so it does
        // not matter whether the device hides it. What an entry named, and ended, is in `ended`.
        if !live.contains(name) {
            vault.erase(name)?;
        }
        remove_wiped(&dir.join(format!("{name}.making")))?;
    }
    Ok(())
}

impl<V: Vault> KeyRing<V> {
    /// Whether a device may be asked for new material now.
    ///
    /// Where nothing live is left to know the device by, a key made in another one would vouch for that one: what still lies in
    /// the ring's own would then be called erased.
    pub(super) fn may_make(&self, entries: &BTreeMap<KeyId, Entry<V::Kek>>) -> Result<(), CryptoError> {
        let waits = || Ok::<_, CryptoError>(!files::scan(&self.dir)?.ended.is_empty());
        if V::OUTSIDE && held(entries).is_empty() && waits()? { Err(DeviceFault::Waiting.into()) } else { Ok(()) }
    }

    /// Destroys a key, or goes on where an earlier attempt failed after the tombstone.
    pub(super) fn end(&self, id: &KeyId, at_ms: Option<i64>) -> Result<(), CryptoError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        if entry.info.state != KeyState::Destroyed {
            let (purpose, scope) = (entry.info.purpose.clone(), entry.info.scope.clone());
            let stone = Tombstone { v: 1, id: id.clone(), purpose, scope, destroyed_at: at_ms };
            write_atomic(&self.path(id.as_str(), "destroyed"), &canonical(&stone)?)?;
            entry.info = files::gone(stone);
        }
        if !V::OUTSIDE {
            entry.versions.clear();
        }
        // An entry that somebody took out of the folder meanwhile is remembered here until the device has confirmed.
        let known = entry.versions.keys().map(|v| name(id, *v));
        let names: BTreeSet<String> =
            files::keys_of(&self.dir, id)?.into_iter().map(|(name, _)| name).chain(known).collect();
        self.vault.erase_beside(&Vec::from_iter(names), &held(&entries))?;
        if let Some(entry) = entries.get_mut(id) {
            entry.versions.clear();
        }
        files::wipe_torn(&self.dir, id)?;
        for path in files::of_key(&self.dir, id)? {
            if extension(&path) == "making" {
                // Made for an entry that was never written: it sealed nothing.
                self.vault.erase(stem(&path))?;
            }
            remove_wiped(&path)?;
        }
        Ok(())
    }

    /// Ends every version but the newest. The folder says which there are, not the memory: an earlier attempt may have failed
    /// after it forgot them.
    pub(super) fn retire(&self, id: &KeyId, at_ms: Option<i64>) -> Result<(), CryptoError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        let newest = entry.info.version;
        let mut old = files::keys_of(&self.dir, id)?;
        old.retain(|(of, _)| (1..newest).any(|v| name(id, v) == *of));
        for version in (1..newest).filter(|v| old.iter().any(|(of, _)| name(id, *v) == *of)) {
            let word = self.path(&name(id, version), "retired");
            if !word.try_exists()? {
                let retired = Retired { v: 1, id: id.clone(), version, retired_at: at_ms };
                write_atomic(&word, &canonical(&retired)?)?;
            }
        }
        let mut names: BTreeSet<String> = old.iter().map(|(name, _)| name.clone()).collect();
        names.extend(entry.versions.keys().filter(|v| **v < newest).map(|v| name(id, *v)));
        entry.versions.retain(|version, _| *version == newest);
        self.vault.erase_beside(&Vec::from_iter(names), &held(&entries))?;
        files::wipe_torn(&self.dir, id)?;
        for (_, path) in &old {
            remove_wiped(path)?;
        }
        if let Some(entry) = entries.get_mut(id) {
            entry.info.rotating = false;
        }
        Ok(())
    }
}

/// Names of all material that a ring has in its vault for good, also of keys whose data keys are masked.
fn held<K>(entries: &BTreeMap<KeyId, Entry<K>>) -> Vec<String> {
    let stand = entries.iter().filter(|(_, e)| e.info.state != KeyState::Destroyed);
    stand.flat_map(|(id, e)| e.versions.keys().map(|v| name(id, *v))).collect()
}
