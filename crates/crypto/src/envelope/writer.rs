//! Sealing as a stream, in memory of one chunk.

use super::header::{Context, Header};
use super::{CHUNK, MAX_CHUNKS, SEALED_CHUNK};
use crate::CryptoError;
use crate::aead::Aead;
use crate::provider::{KeyId, KeyProvider};
use std::io::{self, Write};
use zeroize::Zeroizing;

/// Seals what is written to it. Without `finish` the object is cut short and will not open.
pub struct SealWriter<W: Write> {
    out: W,
    aead: Aead,
    /// Plaintext until it is sealed in place: wiped when dropped.
    buffer: Zeroizing<Vec<u8>>,
    chunk: u64,
    /// Set when writing failed: nothing more may follow, else a chunk would be sealed twice.
    broken: bool,
}

/// Starts a sealed object: makes a data key under `key`, writes the header.
///
/// # Errors
/// Unknown or destroyed key; writing failed.
pub fn seal_writer<W: Write>(
    mut out: W,
    provider: &dyn KeyProvider,
    key: &KeyId,
    ctx: &Context,
) -> Result<SealWriter<W>, CryptoError> {
    let (header, aead) = Header::create(provider, key, ctx)?;
    out.write_all(&header.encode())?;
    Ok(SealWriter { out, aead, buffer: Zeroizing::new(Vec::with_capacity(SEALED_CHUNK)), chunk: 0, broken: false })
}

/// Seals a whole object in memory.
///
/// # Errors
/// As `seal_writer`.
pub fn seal_object(
    plain: &[u8],
    provider: &dyn KeyProvider,
    key: &KeyId,
    ctx: &Context,
) -> Result<Vec<u8>, CryptoError> {
    let mut w = seal_writer(Vec::with_capacity(plain.len() + 1024), provider, key, ctx)?;
    w.write_all(plain)?;
    w.finish()
}

impl<W: Write> SealWriter<W> {
    /// Seals the last chunk, flushes, and gives the inner writer back (to sync it and to rename the file).
    ///
    /// # Errors
    /// Writing failed, now or before.
    pub fn finish(mut self) -> Result<W, CryptoError> {
        self.emit()?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn emit(&mut self) -> Result<(), CryptoError> {
        if self.broken {
            return Err(io::Error::other("an earlier write failed").into());
        }
        if self.chunk >= MAX_CHUNKS {
            return Err(CryptoError::TooLarge);
        }
        self.broken = true;
        self.aead.seal(self.chunk, &mut self.buffer)?;
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.chunk += 1;
        self.broken = false;
        Ok(())
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.broken {
            return Err(io::Error::other("an earlier write failed"));
        }
        let n = data.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(data.get(..n).unwrap_or_default());
        // A full chunk is never the last one, so it can go out at once.
        if self.buffer.len() == CHUNK {
            self.emit()?;
        }
        Ok(n)
    }

    /// Flushes the inner writer; a chunk that is not full stays here until `finish`.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
