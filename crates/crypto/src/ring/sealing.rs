//! Keys that are sealed away: kept, and unreadable on this machine.
//!
//! Sealing keys ("pads") are made beforehand, while two keepers are present: they take all of them with them, and one
//! copy of each stays in the ring's folder until it is used. A key is sealed under the next pad, and that pad is wiped:
//! from then on the keepers alone can open it. So nobody needs to be there when a key is sealed, and nothing but
//! symmetric cryptography is involved.

use super::files::{self, KeyEntry, SealedAway};
use super::{Entry, KeyRing, remove_wiped, write_atomic};
use crate::provider::{KeyId, KeyInfo, KeyState, SealingKeys};
use crate::vault::Vault;
use crate::{CryptoError, blob, canonical, from_canonical, random, random_hex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

const LABEL: &str = "sealed-kek";

/// New sealing keys. Their keepers must have them before [`keep_sealing_keys`] lets them be used.
///
/// # Errors
/// The random source failed.
pub fn new_sealing_keys(n: usize) -> Result<SealingKeys, CryptoError> {
    let one = || Ok((format!("pad-{}", random_hex(8)?), Zeroizing::new(random::<32>()?)));
    (0..n).map(|_| one()).collect()
}

/// Puts sealing keys into a ring's folder, in the place of those that were not used: those have other keepers.
///
/// # Errors
/// Storage failed.
pub fn keep_sealing_keys(ring: &Path, keys: &SealingKeys) -> Result<(), CryptoError> {
    // One under which masking is under way is in use: without it what is masked already could not be finished here.
    let used: Vec<String> = files::scan(ring)?.masking.into_iter().map(|m| m.pad).collect();
    for left in files::pads(ring)?.into_iter().filter(|p| !used.iter().any(|u| u == files::stem(p))) {
        remove_wiped(&left)?;
    }
    for (name, key) in keys {
        write_atomic(&ring.join(format!("{name}.pad")), Zeroizing::new(hex::encode(**key)).as_bytes())?;
    }
    Ok(())
}

pub(super) fn read_pad(path: &Path) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
    let (text, mut key) = (Zeroizing::new(files::plain(path)?), Zeroizing::new([0; 32]));
    hex::decode_to_slice(text.as_slice(), key.as_mut()).map_err(|_| CryptoError::Malformed("sealing key"))?;
    Ok(key)
}

impl<V: Vault> KeyRing<V> {
    /// What `<id>.sealed` says, and no pad of it is left.
    pub(super) fn adopt_sealed(
        dir: &Path,
        sealed: &SealedAway,
        uses: Option<&(u32, u64)>,
    ) -> Result<Option<Entry<V::Kek>>, CryptoError> {
        remove_wiped(&dir.join(format!("{}.pad", sealed.pad)))?;
        let info = files::sealed(sealed, uses);
        Ok(info.map(|info| Entry { reserved: info.wrapped, info, versions: BTreeMap::new() }))
    }

    pub(super) fn seal(&self, id: &KeyId) -> Result<(), CryptoError> {
        let mut all = self.lock();
        let entry = all.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        match entry.info.state {
            KeyState::Destroyed => return Err(CryptoError::DestroyedKey),
            KeyState::Sealed => {
                let path = self.path(id.as_str(), "sealed");
                let sealed: SealedAway = from_canonical(&files::plain(&path)?)?;
                return self.wipe_after(id, &sealed.pad);
            }
            KeyState::Live => {}
        }
        let found = files::scan(&self.dir)?;
        let pad_file = files::pads(&self.dir)?.into_iter().next().ok_or(CryptoError::NoSealingKey)?;
        let name = pad_file.file_stem().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        let pad = read_pad(&pad_file)?;
        let mut entries = Vec::new();
        for mut e in found.live.into_iter().filter(|e| e.id == *id) {
            let kek = entry.versions.get(&e.version()).and_then(|k| self.vault.take_out(k));
            let kek = kek.ok_or(CryptoError::Unsupported("seal keys away"))?;
            let sealed = blob::seal(self.vault.suite(), &pad, LABEL, &[&e.bound()?], kek.as_ref())?;
            e.sealed = BASE64.encode(sealed);
            entries.push(e);
        }
        let sealed = SealedAway { v: 1, id: id.clone(), pad: name.clone(), entries };
        write_atomic(&self.path(id.as_str(), "sealed"), &canonical(&sealed)?)?;
        entry.info.state = KeyState::Sealed;
        entry.versions.clear();
        self.wipe_after(id, &name)
    }

    /// The pad first: from then on nothing here opens the key.
    fn wipe_after(&self, id: &KeyId, pad: &str) -> Result<(), CryptoError> {
        remove_wiped(&self.path(pad, "pad"))?;
        files::wipe_torn(&self.dir, id)?;
        for (_, path) in files::keys_of(&self.dir, id)? {
            remove_wiped(&path)?;
        }
        Ok(())
    }

    pub(super) fn unseal(&self, id: &KeyId, with: &SealingKeys) -> Result<(), CryptoError> {
        let mut all = self.lock();
        let entry = all.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        match entry.info.state {
            KeyState::Destroyed => return Err(CryptoError::DestroyedKey),
            KeyState::Live => return Ok(()),
            KeyState::Sealed => {}
        }
        let path = self.path(id.as_str(), "sealed");
        let sealed: SealedAway = from_canonical(&files::plain(&path)?)?;
        let pad = with.get(&sealed.pad).ok_or(CryptoError::NoSealingKey)?;
        let (mut made, mut versions) = (Vec::new(), BTreeMap::new());
        for e in sealed.entries {
            let bytes = BASE64.decode(&e.sealed).map_err(|_| CryptoError::Malformed("key ring"))?;
            let kek = blob::open(self.vault.suite(), pad, LABEL, &[&e.bound()?], &bytes)?;
            let kek: [u8; 32] = kek.as_slice().try_into().map_err(|_| CryptoError::Malformed("key ring"))?;
            let kek = Zeroizing::new(kek);
            let (sealed, material) = self.vault.put_back(&e.bound()?, &kek)?;
            versions.insert(e.version(), material);
            made.push(KeyEntry { sealed, ..e });
        }
        // As long as the word that it is sealed stands, these count for nothing and go at the next opening.
        for e in &made {
            write_atomic(&self.path(&e.name(), "key"), &canonical(e)?)?;
        }
        remove_wiped(&path)?;
        let rotating = made.len() > 1;
        entry.info = KeyInfo { state: KeyState::Live, rotating, ..entry.info.clone() };
        entry.versions = versions;
        Ok(())
    }
}
