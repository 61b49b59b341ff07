//! Keys that are sealed away although nothing can be taken out of their device: the data keys that they wrapped are masked,
//! each in its object's header, under a sealing key that two people hold and that is wiped here.
//!
//! The device opens no masked key, and whoever has the keepers' sealing key opens none without the device. What was wrapped
//! before the newest material was made must be dead first: the caller rotates the key, so that no older copy of a header
//! opens. While headers are masked the sealing key stays, so that a kill in between loses nothing.

use super::files::{self, Masked};
use super::sealing::read_pad;
use super::{Entry, KeyRing, remove_wiped, write_atomic};
use crate::provider::{KeyId, KeyState, SealingKeys, WrappedKey};
use crate::vault::{DEVICE_VERSION, Vault};
use crate::{CryptoError, Suite, aead, canonical, from_canonical};
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// First byte of a data key that a device wrapped and that is masked.
const MASKED_VERSION: u8 = 3;

/// Masks wrapped data keys of one KEK, and takes the mask off.
pub struct Mask {
    suite: Suite,
    id: KeyId,
    pad: Zeroizing<[u8; 32]>,
}

impl Mask {
    /// The wrapped key masked, or with `off` without its mask; `None` where it is so already. As long as before.
    ///
    /// # Errors
    /// It is not one that a device wrapped.
    pub(crate) fn turn(&self, off: bool, salt: &[u8], wrapped: &WrappedKey) -> Result<Option<WrappedKey>, CryptoError> {
        let (from, to) = if off { (MASKED_VERSION, DEVICE_VERSION) } else { (DEVICE_VERSION, MASKED_VERSION) };
        let (lead, rest) = wrapped.0.split_first().ok_or(CryptoError::Truncated)?;
        if *lead == to {
            return Ok(None);
        }
        if *lead != from {
            return Err(CryptoError::UnknownVersion("a sealed key"));
        }
        let mut info = b"yunyu/mask/v1\n".to_vec();
        aead::push_part(&mut info, self.id.as_str().as_bytes());
        aead::push_part(&mut info, salt);
        let mut stream = Zeroizing::new(vec![0; rest.len()]);
        aead::expand(self.suite, &self.pad, &info, &mut stream)?;
        let mut out = vec![to];
        out.extend(rest.iter().zip(stream.iter()).map(|(a, b)| a ^ b));
        Ok(Some(WrappedKey(out)))
    }
}

impl<V: Vault> KeyRing<V> {
    /// What `<id>.masked` says counts: no pad of it is left, and its material opens nothing.
    pub(super) fn adopt_masked(
        dir: &Path,
        masked: &[Masked],
        entries: &mut BTreeMap<KeyId, Entry<V::Kek>>,
    ) -> Result<(), CryptoError> {
        for m in masked {
            remove_wiped(&dir.join(format!("{}.pad", m.pad)))?;
            remove_wiped(&dir.join(format!("{}.masking", m.id)))?;
            if let Some(entry) = entries.get_mut(&m.id).filter(|e| e.info.state == KeyState::Live) {
                entry.info.state = KeyState::Sealed;
            }
        }
        Ok(())
    }

    pub(super) fn mask(&self, id: &KeyId) -> Result<Option<Mask>, CryptoError> {
        let all = self.lock();
        match all.get(id).ok_or(CryptoError::UnknownKey)?.info.state {
            KeyState::Destroyed => return Err(CryptoError::DestroyedKey),
            KeyState::Sealed => return Ok(None),
            KeyState::Live => {}
        }
        let word = self.path(id.as_str(), "masking");
        let name = match files::plain(&word) {
            Ok(bytes) => from_canonical::<Masked>(&bytes)?.pad,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let taken: Vec<String> = files::scan(&self.dir)?.masking.into_iter().map(|m| m.pad).collect();
                let names = files::pads(&self.dir)?.into_iter().map(|p| files::stem(&p).to_owned());
                let name = names.into_iter().find(|n| !taken.contains(n)).ok_or(CryptoError::NoSealingKey)?;
                write_atomic(&word, &canonical(&Masked { v: 1, id: id.clone(), pad: name.clone() })?)?;
                name
            }
            Err(e) => return Err(e.into()),
        };
        let pad = read_pad(&self.path(&name, "pad"))?;
        Ok(Some(Mask { suite: self.vault.suite(), id: id.clone(), pad }))
    }

    pub(super) fn masked(&self, id: &KeyId) -> Result<(), CryptoError> {
        let mut all = self.lock();
        let entry = all.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        let word = self.path(id.as_str(), "masking");
        let masked: Masked = match files::plain(&word) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && entry.info.state == KeyState::Sealed => return Ok(()),
            other => from_canonical(&other?)?,
        };
        write_atomic(&self.path(id.as_str(), "masked"), &canonical(&masked)?)?;
        entry.info.state = KeyState::Sealed;
        remove_wiped(&self.path(&masked.pad, "pad"))?;
        remove_wiped(&word)
    }

    pub(super) fn unmask(&self, id: &KeyId, with: &SealingKeys) -> Result<Option<Mask>, CryptoError> {
        let mut all = self.lock();
        let entry = all.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        match entry.info.state {
            KeyState::Destroyed => return Err(CryptoError::DestroyedKey),
            KeyState::Live => return Ok(None),
            KeyState::Sealed => {}
        }
        let masked: Masked = from_canonical(&files::plain(&self.path(id.as_str(), "masked"))?)?;
        let pad = with.get(&masked.pad).ok_or(CryptoError::NoSealingKey)?.clone();
        Ok(Some(Mask { suite: self.vault.suite(), id: id.clone(), pad }))
    }

    pub(super) fn unmasked(&self, id: &KeyId) -> Result<(), CryptoError> {
        let mut all = self.lock();
        let entry = all.get_mut(id).ok_or(CryptoError::UnknownKey)?;
        if entry.info.state == KeyState::Destroyed {
            return Err(CryptoError::DestroyedKey);
        }
        remove_wiped(&self.path(id.as_str(), "masked"))?;
        entry.info.state = KeyState::Live;
        Ok(())
    }
}
