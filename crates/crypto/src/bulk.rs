//! Which cipher seals and opens chunks, where a deployment wants another module than the built-in one: one that was certified,
//! say. Chosen once per process, before its self-test.
//!
//! The format does not change: SM4-GCM and AES-256-GCM give the same bytes for the same key, nonce and text whoever computes
//! them, and the self-test's known answers go through what is chosen here. Keys are still derived and wrapped as before.

use crate::{CryptoError, Suite};
use std::sync::{Arc, OnceLock};

static CHOSEN: OnceLock<Arc<dyn BulkModule>> = OnceLock::new();

/// A module that has the suites' ciphers in GCM.
pub trait BulkModule: Send + Sync {
    /// Name and version, for people.
    fn name(&self) -> String;

    /// The suite's cipher (SM4 or AES-256) under a key of 16 or 32 bytes.
    ///
    /// # Errors
    /// The module refuses.
    fn gcm(&self, suite: Suite, key: &[u8]) -> Result<Box<dyn BulkGcm>, CryptoError>;
}

/// A cipher under one key. Nonces never repeat: the caller derives a key for each object and counts its chunks.
pub trait BulkGcm: Send + Sync {
    /// Seals in place; returns the tag.
    ///
    /// # Errors
    /// The module refuses.
    fn seal(&self, nonce: &[u8; 12], data: &mut [u8]) -> Result<[u8; 16], CryptoError>;

    /// Opens in place.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] when the tag is another; then nothing opened is left in `data`.
    fn open(&self, nonce: &[u8; 12], data: &mut [u8], tag: &[u8; 16]) -> Result<(), CryptoError>;
}

/// Chooses the module for this process.
///
/// # Errors
/// One was chosen already.
pub fn use_bulk_module(module: Arc<dyn BulkModule>) -> Result<(), CryptoError> {
    CHOSEN.set(module).map_err(|_| CryptoError::Unsupported("change the bulk cipher of a running process"))
}

/// The chosen module; `None` for the built-in ciphers.
#[must_use]
pub fn bulk_module() -> Option<&'static dyn BulkModule> {
    CHOSEN.get().map(AsRef::as_ref)
}
