//! Sealed objects of any size: a header, then chunks of 64 KiB under a key made for this object alone.
//!
//! The shape is C2SP's chunked encryption, with SM4-GCM and HKDF-SM3 in suite `gm`: HKDF-Expand from a fresh data key
//! over the header's fixed part (salt included) and the context gives key, base nonce and a 32-byte commitment; the
//! nonce of chunk `i` is base XOR `i`; the last chunk is strictly shorter than 64 KiB, perhaps empty, so that a cut
//! at a chunk's border shows. The context is not stored: whoever opens an object states where it found it, and an
//! object that was moved, renamed or swapped does not open. docs/envelope.md has the layout.

mod header;
mod reader;
mod writer;

pub(crate) use header::suite_byte;
pub use header::{Context, Header, MAX_HEADER, mask_header, open_header, rewrap_header};
pub use reader::{Fetch, Opened, SealReader, SealStream, open_file, open_object};
pub use writer::{SealWriter, seal_object, seal_writer};

/// Plaintext bytes of a full chunk.
pub const CHUNK: usize = 64 * 1024;

/// Stored bytes of a full chunk.
pub const SEALED_CHUNK: usize = CHUNK + crate::aead::TAG;

/// Chunks per object: 64 GiB, far below what one GCM key may seal.
pub(crate) const MAX_CHUNKS: u64 = 1 << 20;
