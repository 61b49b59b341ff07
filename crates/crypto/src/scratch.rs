//! Sealing for what lives no longer than its process: spilled rows, work files. The key is made here, is written
//! nowhere and ends with the value, so that what is left on a disk can be read by nobody.

use crate::aead::Aead;
use crate::envelope::MAX_CHUNKS;
use crate::{CryptoError, Suite, random};
use std::sync::atomic::{AtomicU64, Ordering};
use zeroize::Zeroizing;

/// A key for one work file. Chunks are numbered as they are sealed and open only under their own number.
pub struct Scratch {
    aead: Aead,
    next: AtomicU64,
}

impl Scratch {
    /// A fresh key.
    ///
    /// # Errors
    /// No random bytes.
    pub fn new(suite: Suite) -> Result<Self, CryptoError> {
        let key = Zeroizing::new(random::<32>()?);
        Ok(Self { aead: Aead::derive(suite, &key, b"yunyu/scratch/v1\n")?, next: AtomicU64::new(0) })
    }

    /// Seals a chunk in place and says its number.
    ///
    /// # Errors
    /// More chunks than one key may seal.
    pub fn seal(&self, chunk: &mut Vec<u8>) -> Result<u64, CryptoError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= MAX_CHUNKS {
            return Err(CryptoError::TooLarge);
        }
        self.aead.seal(number, chunk)?;
        Ok(number)
    }

    /// Opens a chunk in place.
    ///
    /// # Errors
    /// It was changed, or is another one.
    pub fn open(&self, number: u64, chunk: &mut Vec<u8>) -> Result<(), CryptoError> {
        self.aead.open(number, chunk)
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scratch(hidden)")
    }
}
