//! What can go wrong. No message carries a key, a passphrase, a plaintext or a path.

use std::io;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The value is not JSON, or not what was expected.
    #[error("not the expected JSON ({0})")]
    Json(String),
    /// Signed JSON may hold no floating-point number.
    #[error("a floating-point number stands in signed JSON")]
    Float,
    /// Signed JSON may hold no integer beyond ±(2^53 - 1): RFC 8785 readers round it.
    #[error("an integer beyond 2^53 - 1 stands in signed JSON")]
    BigInteger,
    /// The bytes are not the one canonical encoding of their value.
    #[error("not the canonical encoding")]
    NotCanonical,
    /// A digest, key, signature or identifier is malformed.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The signature does not hold under this key.
    #[error("the signature does not verify")]
    BadSignature,
    /// Wrong passphrase, or the sealed key was changed.
    #[error("wrong passphrase, or the key file was changed")]
    WrongPassphrase,
    /// The passphrase or password is empty or too long.
    #[error("the passphrase is empty or longer than 1024 bytes")]
    UnusablePassphrase,
    /// The key is sealed away.
    #[error("the key is sealed away")]
    SealedKey,
    /// No sealing key is left, or none of those given is the right one.
    #[error("there is no sealing key for this")]
    NoSealingKey,
    /// Two people's passphrases are one and the same.
    #[error("two people have two passphrases: these are the same")]
    OnePerson,
    /// Wrong key, wrong context or changed bytes.
    #[error("does not open: wrong key, wrong context or changed bytes")]
    DoesNotOpen,
    /// The sealed object ends too early.
    #[error("the sealed object is cut short")]
    Truncated,
    /// A version of a format that this program does not know.
    #[error("unknown version of {0}")]
    UnknownVersion(&'static str),
    /// The object is larger than one key may seal.
    #[error("the object is larger than 64 GiB")]
    TooLarge,
    /// The range lies outside the object.
    #[error("the range lies outside the object")]
    OutOfRange,
    /// No key of this id.
    #[error("no key of this id")]
    UnknownKey,
    /// The key was destroyed; what it sealed cannot be read again.
    #[error("the key was destroyed")]
    DestroyedKey,
    /// The key has wrapped as many data keys as one key may.
    #[error("the key has wrapped as many data keys as it may; rotate it")]
    Exhausted,
    /// The device that keeps the keys refused or failed. The text is one of [`crate::DeviceFault`] or the device's function and
    /// code, nothing of a key.
    #[error("the key device: {0}")]
    Device(String),
    /// A known-answer test failed: this program, machine or library computes wrongly.
    #[error("the self-test of {0} failed: nothing may be sealed, signed or opened with this program here")]
    SelfTest(&'static str),
    /// The provider does not do this.
    #[error("this key provider does not {0}")]
    Unsupported(&'static str),
    /// A key file can be read by others than its owner.
    #[error("the key file can be read by other users; set its mode to 0600")]
    LooseMode,
    /// Reading or writing failed.
    #[error("reading or writing failed: {}", .0.kind())]
    Io(io::Error),
}

impl From<io::Error> for CryptoError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// For `Read`/`Write` implementations: a storage error keeps its kind (disk full stays disk full).
impl From<CryptoError> for io::Error {
    fn from(e: CryptoError) -> Self {
        match e {
            CryptoError::Io(inner) => inner,
            CryptoError::Truncated => io::Error::new(io::ErrorKind::UnexpectedEof, e),
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}
