//! Opening: ranges, whole objects and streams.

use super::header::{Context, Header, MAX_HEADER, open_header};
use super::{CHUNK, MAX_CHUNKS, SEALED_CHUNK};
use crate::CryptoError;
use crate::aead::{Aead, TAG};
use crate::provider::KeyProvider;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use zeroize::Zeroizing;

const CHUNK_64: u64 = CHUNK as u64;
const SEALED_64: u64 = SEALED_CHUNK as u64;
const TAG_64: u64 = TAG as u64;

/// The opened key of one object and its lengths: turns plain ranges into stored ones and opens what was fetched.
/// For callers that fetch by themselves (asynchronously, say); others use `SealReader`.
pub struct Opened {
    aead: Aead,
    header_len: u64,
    plain_len: u64,
}

impl Opened {
    /// Opens the key of an object of `sealed_len` bytes, found at `ctx`.
    /// The length is believed only after the tail was checked: see `tail_range` and `check_tail`.
    ///
    /// # Errors
    /// Wrong key, context or length; changed header; destroyed key.
    pub fn new(
        header: &Header,
        sealed_len: u64,
        provider: &dyn KeyProvider,
        ctx: &Context,
    ) -> Result<Self, CryptoError> {
        let aead = header.open(provider, ctx)?;
        let header_len = header.len() as u64;
        let body = sealed_len.checked_sub(header_len).ok_or(CryptoError::Truncated)?;
        let (full, last) = (body / SEALED_64, body % SEALED_64);
        let last = last.checked_sub(TAG_64).ok_or(CryptoError::Truncated)?;
        if full >= MAX_CHUNKS {
            return Err(CryptoError::TooLarge);
        }
        Ok(Self { aead, header_len, plain_len: full * CHUNK_64 + last })
    }

    /// Plaintext bytes of the object.
    #[must_use]
    pub fn plain_len(&self) -> u64 {
        self.plain_len
    }

    /// Stored range of the chunks that hold a plain range.
    ///
    /// # Errors
    /// The range lies outside the object.
    pub fn sealed_range(&self, plain: &Range<u64>) -> Result<Range<u64>, CryptoError> {
        if plain.start > plain.end || plain.end > self.plain_len {
            return Err(CryptoError::OutOfRange);
        }
        if plain.is_empty() {
            return Ok(self.header_len..self.header_len);
        }
        let (first, last) = (plain.start / CHUNK_64, (plain.end - 1) / CHUNK_64);
        Ok(self.chunk_range(first).start..self.chunk_range(last).end)
    }

    /// Opens the chunks of `sealed_range(plain)` where they stand and moves the plain range to the front: on a scan, memory
    /// that is taken for a moment costs more than the cipher.
    ///
    /// # Errors
    /// Changed bytes; not the bytes of that stored range.
    pub fn open_range(&self, plain: &Range<u64>, sealed: Vec<u8>) -> Result<Vec<u8>, CryptoError> {
        let stored = self.sealed_range(plain)?;
        if sealed.len() as u64 != stored.end - stored.start {
            return Err(CryptoError::Truncated);
        }
        // Wiped where a chunk does not open: those before it did.
        let mut bytes = Zeroizing::new(sealed);
        let (mut at, mut kept) = (0, 0);
        let mut i = plain.start / CHUNK_64;
        while at < bytes.len() {
            let end = bytes.len().min(at + SEALED_CHUNK);
            let piece = bytes.get_mut(at..end).ok_or(CryptoError::Truncated)?;
            let len = self.aead.open_piece(i, piece)?;
            let base = i * CHUNK_64;
            let from = to_usize(plain.start.saturating_sub(base))?;
            let to = to_usize((plain.end - base).min(len as u64))?;
            if from > to || to > len {
                return Err(CryptoError::DoesNotOpen);
            }
            bytes.copy_within(at + from..at + to, kept);
            kept += to - from;
            (at, i) = (end, i + 1);
        }
        // A few bytes of a chunk do not keep its room.
        if kept < bytes.len() / 2 {
            return bytes.get(..kept).map(<[u8]>::to_vec).ok_or(CryptoError::Truncated);
        }
        bytes.truncate(kept);
        Ok(std::mem::take(&mut *bytes))
    }

    /// Stored range of the last chunk.
    #[must_use]
    pub fn tail_range(&self) -> Range<u64> {
        self.chunk_range(self.plain_len / CHUNK_64)
    }

    /// Checks the last chunk: only the true last one opens there, so the object's length is the writer's.
    ///
    /// # Errors
    /// The object was cut or extended.
    pub fn check_tail(&self, sealed: &[u8]) -> Result<(), CryptoError> {
        let mut buffer = Zeroizing::new(sealed.to_vec());
        self.aead.open(self.plain_len / CHUNK_64, &mut buffer)?;
        if buffer.len() as u64 == self.plain_len % CHUNK_64 { Ok(()) } else { Err(CryptoError::Truncated) }
    }

    fn chunk_range(&self, i: u64) -> Range<u64> {
        let start = self.header_len + i * SEALED_64;
        let plain = CHUNK_64.min(self.plain_len - i * CHUNK_64);
        start..start + plain + TAG_64
    }
}

fn to_usize(n: u64) -> Result<usize, CryptoError> {
    usize::try_from(n).map_err(|_| CryptoError::TooLarge)
}

/// Reads ranges of a sealed object through a function that fetches stored bytes.
pub struct SealReader<F: Fn(Range<u64>) -> io::Result<Vec<u8>>> {
    opened: Opened,
    fetch: F,
}

impl<F: Fn(Range<u64>) -> io::Result<Vec<u8>>> SealReader<F> {
    /// Opens an object of `sealed_len` stored bytes: fetches and checks its header and its last chunk.
    ///
    /// # Errors
    /// Wrong key or context, changed bytes, cut short, destroyed key; fetching failed.
    pub fn open(sealed_len: u64, fetch: F, provider: &dyn KeyProvider, ctx: &Context) -> Result<Self, CryptoError> {
        let header = open_header(&fetch(0..sealed_len.min(MAX_HEADER as u64))?)?;
        let opened = Opened::new(&header, sealed_len, provider, ctx)?;
        opened.check_tail(&fetch(opened.tail_range())?)?;
        Ok(Self { opened, fetch })
    }

    /// Plaintext bytes of the object.
    #[must_use]
    pub fn plain_len(&self) -> u64 {
        self.opened.plain_len()
    }

    /// Plain bytes `offset..offset + len`.
    ///
    /// # Errors
    /// Outside the object; changed bytes; fetching failed.
    pub fn read_range(&self, offset: u64, len: u64) -> Result<Vec<u8>, CryptoError> {
        let plain = offset..offset.checked_add(len).ok_or(CryptoError::OutOfRange)?;
        let sealed = (self.fetch)(self.opened.sealed_range(&plain)?)?;
        self.opened.open_range(&plain, sealed)
    }

    /// The object as a stream, one chunk in memory at a time.
    pub fn into_stream(self) -> SealStream<F> {
        SealStream { reader: self, next: 0, chunk: Zeroizing::default(), at: 0 }
    }
}

/// Fetches stored bytes of one object.
pub type Fetch = Box<dyn Fn(Range<u64>) -> io::Result<Vec<u8>> + Send + Sync>;

/// Opens a sealed file.
///
/// # Errors
/// As `SealReader::open`.
pub fn open_file(file: File, provider: &dyn KeyProvider, ctx: &Context) -> Result<SealReader<Fetch>, CryptoError> {
    let len = file.metadata()?.len();
    let fetch: Fetch = Box::new(move |range: Range<u64>| {
        let mut out = vec![0; to_usize(range.end - range.start)?];
        file.read_exact_at(&mut out, range.start)?;
        Ok(out)
    });
    SealReader::open(len, fetch, provider, ctx)
}

/// A sealed object as a stream of its plaintext.
pub struct SealStream<F: Fn(Range<u64>) -> io::Result<Vec<u8>>> {
    reader: SealReader<F>,
    next: u64,
    chunk: Zeroizing<Vec<u8>>,
    at: usize,
}

impl<F: Fn(Range<u64>) -> io::Result<Vec<u8>>> Read for SealStream<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() {
            let len = CHUNK_64.min(self.reader.plain_len() - self.next);
            if len == 0 || out.is_empty() {
                return Ok(0);
            }
            self.chunk = Zeroizing::new(self.reader.read_range(self.next, len)?);
            self.next += len;
            self.at = 0;
        }
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let n = rest.len().min(out.len());
        for (to, from) in out.iter_mut().zip(rest) {
            *to = *from;
        }
        self.at += n;
        Ok(n)
    }
}

/// Opens a whole object in memory.
///
/// # Errors
/// As `SealReader::open`.
pub fn open_object(sealed: &[u8], provider: &dyn KeyProvider, ctx: &Context) -> Result<Vec<u8>, CryptoError> {
    let fetch = |range: Range<u64>| {
        let range = to_usize(range.start)?..to_usize(range.end)?;
        sealed.get(range).map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    };
    let reader = SealReader::open(sealed.len() as u64, fetch, provider, ctx)?;
    reader.read_range(0, reader.plain_len())
}
