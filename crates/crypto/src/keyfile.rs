//! A person's signing key, sealed under a passphrase. The file is JSON; it says nothing about whose key it is.

use crate::password::{Cost, check_secret};
use crate::sign::{PublicKey, SigningKey};
use crate::{CryptoError, Suite, blob, canonical, random};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const LABEL: &str = "key-file";

/// A signing key sealed under a passphrase (Argon2id, RFC 9106, then the suite's AEAD).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// Format version, 1.
    pub v: u32,
    /// Suite of the key and of its sealing.
    pub suite: Suite,
    /// The public key, readable without the passphrase.
    pub public: PublicKey,
    /// Argon2id memory in KiB.
    m_kib: u32,
    /// Argon2id passes.
    t: u32,
    /// Argon2id lanes.
    p: u32,
    /// Argon2id salt, 32 hex digits.
    salt: String,
    /// The sealed secret, base64.
    sealed: String,
}

impl KeyFile {
    /// Seals a key.
    ///
    /// # Errors
    /// The passphrase is empty or longer than 1024 bytes; no random bytes.
    pub fn seal(key: &SigningKey, passphrase: &str) -> Result<Self, CryptoError> {
        let cost = Cost::KEY_FILE;
        let salt = random::<16>()?;
        let mut file = Self {
            v: 1,
            suite: key.suite(),
            public: key.public(),
            m_kib: cost.m_kib,
            t: cost.t,
            p: cost.p,
            salt: hex::encode(salt),
            sealed: String::new(),
        };
        let wrapping = file.wrapping_key(passphrase)?;
        let bound = file.bound()?;
        file.sealed = BASE64.encode(blob::seal(file.suite, &wrapping, LABEL, &[&bound], key.secret())?);
        Ok(file)
    }

    /// Opens the key.
    ///
    /// # Errors
    /// Wrong passphrase or changed file; an unknown version; a cost beyond what this program computes.
    pub fn open(&self, passphrase: &str) -> Result<SigningKey, CryptoError> {
        if self.v != 1 {
            return Err(CryptoError::UnknownVersion("the key file"));
        }
        let wrapping = self.wrapping_key(passphrase)?;
        let sealed = BASE64.decode(&self.sealed).map_err(|_| CryptoError::Malformed("key file"))?;
        let wrong = |_| CryptoError::WrongPassphrase;
        let secret = blob::open(self.suite, &wrapping, LABEL, &[&self.bound()?], &sealed).map_err(wrong)?;
        let secret: &[u8; 32] = secret.as_slice().try_into().map_err(|_| CryptoError::Malformed("key file"))?;
        let key = SigningKey::from_secret(self.suite, secret)?;
        if key.public() == self.public { Ok(key) } else { Err(CryptoError::WrongPassphrase) }
    }

    /// Id of the key inside.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.public.key_id()
    }

    fn wrapping_key(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        check_secret(passphrase)?;
        let salt = hex::decode(&self.salt).map_err(|_| CryptoError::Malformed("key file"))?;
        Cost { m_kib: self.m_kib, t: self.t, p: self.p }.stretch(passphrase.as_bytes(), &salt)
    }

    /// Everything but the sealed part: none of it can be changed without the passphrase failing.
    fn bound(&self) -> Result<Vec<u8>, CryptoError> {
        canonical(&(self.v, self.suite, &self.public, self.m_kib, self.t, self.p, &self.salt))
    }
}
