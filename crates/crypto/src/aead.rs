//! Derivation of one-time keys, and the two AEADs behind one type.
//!
//! Every object and every wrapped key gets a key of its own by HKDF-Expand over a fresh salt, so no pair of key and
//! nonce ever repeats, and a 32-byte commitment over the same input, so that one ciphertext opens under one key only
//! (GCM alone does not promise that). SM4 is our own `sm4-simd`: no look-up at secret places (decision 0009).

use crate::bulk::{BulkGcm, bulk_module};
use crate::{CryptoError, Suite};
use aes_gcm::aead::consts::U12;
use aes_gcm::{AeadInOut, Aes256Gcm, AesGcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;
use sm3::Sm3;
use sm4_simd::Sm4;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes that sealing adds to a chunk.
pub(crate) const TAG: usize = 16;
const NONCE: usize = 12;

/// HKDF-Expand of a uniform 32-byte key over the concatenation of `info`.
pub(crate) fn expand(suite: Suite, key: &[u8; 32], info: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
    let done = match suite {
        Suite::Gm => Hkdf::<Sm3>::from_prk(key).map(|h| h.expand(info, out).is_ok()),
        Suite::Intl => Hkdf::<Sha256>::from_prk(key).map(|h| h.expand(info, out).is_ok()),
    };
    // Both lengths are constants of this crate; a failure would be a mistake here, not in the input.
    if done.unwrap_or(false) { Ok(()) } else { Err(CryptoError::Malformed("key")) }
}

/// Appends a part with its length before it, so that no two lists of parts give the same bytes.
pub(crate) fn push_part(out: &mut Vec<u8>, part: &[u8]) {
    out.extend((part.len() as u64).to_be_bytes());
    out.extend(part);
}

enum Cipher {
    Sm4(Box<AesGcm<Sm4, U12>>),
    Aes(Box<Aes256Gcm>),
    Module(Box<dyn BulkGcm>),
}

/// A one-time AEAD: key, base nonce and the commitment to them.
pub(crate) struct Aead {
    cipher: Cipher,
    base: [u8; NONCE],
    commitment: [u8; 32],
}

impl Aead {
    /// Derives from a uniform key; `info` must hold a salt that is never used twice with this key.
    pub(crate) fn derive(suite: Suite, key: &[u8; 32], info: &[u8]) -> Result<Self, CryptoError> {
        let key_len = match suite {
            Suite::Gm => 16,
            Suite::Intl => 32,
        };
        let mut okm = Zeroizing::new(vec![0u8; key_len + NONCE + 32]);
        expand(suite, key, info, &mut okm)?;
        let bad = || CryptoError::Malformed("key");
        let (raw, rest) = okm.split_at_checked(key_len).ok_or_else(bad)?;
        let (nonce, commit) = rest.split_at_checked(NONCE).ok_or_else(bad)?;
        let cipher = match (bulk_module(), suite) {
            (Some(module), _) => Cipher::Module(module.gcm(suite, raw)?),
            (None, Suite::Gm) => Cipher::Sm4(Box::new(AesGcm::new_from_slice(raw).map_err(|_| bad())?)),
            (None, Suite::Intl) => Cipher::Aes(Box::new(Aes256Gcm::new_from_slice(raw).map_err(|_| bad())?)),
        };
        let base = nonce.try_into().map_err(|_| bad())?;
        let commitment = commit.try_into().map_err(|_| bad())?;
        Ok(Self { cipher, base, commitment })
    }

    /// The commitment that stands beside the ciphertext.
    pub(crate) fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    /// Whether this is the key that the ciphertext was committed to.
    pub(crate) fn check_commitment(&self, stated: &[u8]) -> Result<(), CryptoError> {
        if bool::from(self.commitment.ct_eq(stated)) { Ok(()) } else { Err(CryptoError::DoesNotOpen) }
    }

    /// Seals `buffer` in place as chunk `counter` and appends the tag.
    pub(crate) fn seal(&self, counter: u64, buffer: &mut Vec<u8>) -> Result<(), CryptoError> {
        let nonce = self.nonce(counter);
        match &self.cipher {
            Cipher::Sm4(c) => c.encrypt_in_place(&nonce.into(), &[], buffer),
            Cipher::Aes(c) => c.encrypt_in_place(&nonce.into(), &[], buffer),
            Cipher::Module(c) => {
                let tag = c.seal(&nonce, buffer)?;
                buffer.extend_from_slice(&tag);
                Ok(())
            }
        }
        .map_err(|_| CryptoError::TooLarge)
    }

    /// Opens chunk `counter` in place and cuts the tag off.
    pub(crate) fn open(&self, counter: u64, buffer: &mut Vec<u8>) -> Result<(), CryptoError> {
        let len = self.open_piece(counter, buffer)?;
        buffer.truncate(len);
        Ok(())
    }

    /// Opens chunk `counter` in place; what it holds stands before its tag, and that many bytes are returned.
    pub(crate) fn open_piece(&self, counter: u64, piece: &mut [u8]) -> Result<usize, CryptoError> {
        let nonce = self.nonce(counter);
        let (data, tag) = piece.split_last_chunk_mut::<TAG>().ok_or(CryptoError::DoesNotOpen)?;
        let len = data.len();
        match &self.cipher {
            Cipher::Sm4(c) => c.decrypt_inout_detached(&nonce.into(), &[], data.into(), &(*tag).into()),
            Cipher::Aes(c) => c.decrypt_inout_detached(&nonce.into(), &[], data.into(), &(*tag).into()),
            Cipher::Module(c) => return c.open(&nonce, data, tag).map(|()| len),
        }
        .map_err(|_| CryptoError::DoesNotOpen)?;
        Ok(len)
    }

    fn nonce(&self, counter: u64) -> [u8; NONCE] {
        let mut nonce = self.base;
        for (n, c) in nonce.iter_mut().skip(NONCE - 8).zip(counter.to_be_bytes()) {
            *n ^= c;
        }
        nonce
    }
}
