//! The header of a sealed object: one encoding, every byte checked when the object is opened.

use crate::aead::{Aead, push_part};
use crate::provider::{KeyId, KeyProvider, WrappedKey};
use crate::ring::Mask;
use crate::{CryptoError, DataKey, Suite, random};

const MAGIC: &[u8; 8] = b"YUNYUENV";
const VERSION: u8 = 1;
const CHUNK_LOG2: u8 = 16;
const SALT: usize = 24;
const MAX_WRAPPED: usize = 512;

/// No header is longer: whoever reads an object fetches at most this much first.
pub const MAX_HEADER: usize = 1024;

/// Where an object belongs. All parts are bound; none is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Deployment.
    pub deployment: String,
    /// Resource or authorisation.
    pub resource: String,
    /// Object path.
    pub object: String,
    /// Version of the object at that path.
    pub version: String,
}

impl Context {
    fn encode(&self, key: &KeyId) -> Vec<u8> {
        let mut out = Vec::new();
        for part in [&self.deployment, &self.resource, &self.object, &self.version] {
            push_part(&mut out, part.as_bytes());
        }
        push_part(&mut out, key.as_str().as_bytes());
        out
    }
}

/// The byte that stands for a suite in binary headers.
pub(crate) fn suite_byte(suite: Suite) -> u8 {
    match suite {
        Suite::Gm => 1,
        Suite::Intl => 2,
    }
}

/// A parsed header. Nothing in it is believed before `Opened` exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Suite.
    pub suite: Suite,
    /// KEK that the data key is wrapped under.
    pub key: KeyId,
    /// The wrapped data key.
    pub wrapped: WrappedKey,
    salt: [u8; SALT],
    context_digest: [u8; 32],
    commitment: [u8; 32],
    len: usize,
}

impl Header {
    /// Makes a header for a new object, with a fresh salt and a fresh data key.
    pub(super) fn create(provider: &dyn KeyProvider, key: &KeyId, ctx: &Context) -> Result<(Self, Aead), CryptoError> {
        let suite = provider.suite();
        let (data_key, wrapped) = provider.data_key(key)?;
        if wrapped.0.len() > MAX_WRAPPED {
            return Err(CryptoError::Unsupported("wrap keys in 512 bytes or fewer"));
        }
        let context_digest = suite.hash(&ctx.encode(key)).bytes;
        let (salt, commitment) = (random::<SALT>()?, [0; 32]);
        let mut header = Self { suite, key: key.clone(), wrapped, salt, context_digest, commitment, len: 0 };
        let aead = header.derive(&data_key, ctx)?;
        header.commitment = *aead.commitment();
        header.len = header.encode().len();
        Ok((header, aead))
    }

    /// Bytes of the header.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a header is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Unwraps the data key and checks context and commitment.
    pub(super) fn open(&self, provider: &dyn KeyProvider, ctx: &Context) -> Result<Aead, CryptoError> {
        if provider.suite() != self.suite {
            return Err(CryptoError::DoesNotOpen);
        }
        if self.suite.hash(&ctx.encode(&self.key)).bytes != self.context_digest {
            return Err(CryptoError::DoesNotOpen);
        }
        let aead = self.derive(&provider.unwrap(&self.key, &self.wrapped)?, ctx)?;
        aead.check_commitment(&self.commitment)?;
        Ok(aead)
    }

    fn derive(&self, data_key: &DataKey, ctx: &Context) -> Result<Aead, CryptoError> {
        let mut info = b"yunyu/envelope/v1\n".to_vec();
        info.extend(self.fixed_part());
        info.extend(ctx.encode(&self.key));
        Aead::derive(self.suite, data_key.expose(), &info)
    }

    /// What the derivation binds. The wrapped key stands outside, so that a KEK can be rotated by wrapping anew.
    fn fixed_part(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend([VERSION, suite_byte(self.suite), CHUNK_LOG2]);
        let id = self.key.as_str().as_bytes();
        out.push(id.len() as u8); // a key id has at most 64 bytes
        out.extend(id);
        out.extend(self.salt);
        out.extend(self.context_digest);
        out
    }

    /// The header's bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.fixed_part();
        out.extend(self.commitment);
        out.extend((self.wrapped.0.len() as u16).to_be_bytes()); // at most MAX_WRAPPED
        out.extend(&self.wrapped.0);
        out
    }
}

/// Parses the header that stands at the front of a sealed object; more bytes may follow.
///
/// # Errors
/// Not a sealed object, an unknown version, or cut short.
pub fn open_header(bytes: &[u8]) -> Result<Header, CryptoError> {
    let mut rest = bytes;
    if take(&mut rest, MAGIC.len())? != MAGIC {
        return Err(CryptoError::Malformed("sealed object"));
    }
    let lead: [u8; 4] = take_array(&mut rest)?;
    let [version, suite, chunk, id_len] = lead;
    let suite = match (version, suite, chunk) {
        (VERSION, 1, CHUNK_LOG2) => Suite::Gm,
        (VERSION, 2, CHUNK_LOG2) => Suite::Intl,
        _ => return Err(CryptoError::UnknownVersion("a sealed object")),
    };
    let id = take(&mut rest, usize::from(id_len))?;
    let key = std::str::from_utf8(id).map_err(|_| CryptoError::Malformed("key id"))?.parse()?;
    let (salt, context_digest, commitment) = (take_array(&mut rest)?, take_array(&mut rest)?, take_array(&mut rest)?);
    let wrapped_len = usize::from(u16::from_be_bytes(take_array(&mut rest)?));
    if wrapped_len > MAX_WRAPPED {
        return Err(CryptoError::Malformed("sealed object"));
    }
    let wrapped = WrappedKey(take(&mut rest, wrapped_len)?.to_vec());
    Ok(Header { suite, key, wrapped, salt, context_digest, commitment, len: bytes.len() - rest.len() })
}

/// The bytes of the same header with its data key wrapped under the newest material of its KEK; `None` where it is that
/// already. As long as before, so that it takes the old one's place; nothing that was sealed changes.
///
/// # Errors
/// As `open_header` and `KeyProvider::rewrap`; a provider that wraps to another length than before.
pub fn rewrap_header(bytes: &[u8], provider: &dyn KeyProvider) -> Result<Option<Vec<u8>>, CryptoError> {
    let mut header = open_header(bytes)?;
    let Some(wrapped) = provider.rewrap(&header.key, &header.wrapped)? else { return Ok(None) };
    if wrapped.0.len() != header.wrapped.0.len() {
        return Err(CryptoError::Unsupported("wrap a key to the length that it had"));
    }
    header.wrapped = wrapped;
    Ok(Some(header.encode()))
}

/// The bytes of the same header with its wrapped data key masked, or with `off` without its mask; `None` where it is so
/// already. As long as before, so that it takes the old one's place.
///
/// # Errors
/// As `open_header`; a wrapped key that no device made.
pub fn mask_header(bytes: &[u8], mask: &Mask, off: bool) -> Result<Option<Vec<u8>>, CryptoError> {
    let mut header = open_header(bytes)?;
    let Some(wrapped) = mask.turn(off, &header.salt, &header.wrapped)? else { return Ok(None) };
    header.wrapped = wrapped;
    Ok(Some(header.encode()))
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> Result<&'a [u8], CryptoError> {
    let (head, tail) = rest.split_at_checked(n).ok_or(CryptoError::Truncated)?;
    *rest = tail;
    Ok(head)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CryptoError> {
    take(rest, N)?.try_into().map_err(|_| CryptoError::Truncated)
}
