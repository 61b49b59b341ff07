//! A secret that two people keep together: sealed under both passphrases, and neither opens it alone.

use crate::password::{Cost, check_secret};
use crate::{CryptoError, Suite, blob, canonical, random};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const LABEL: &str = "two-person";

/// A secret under two passphrases (Argon2id of each, then the suite's AEAD). Says nothing about what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoPersonFile {
    /// Format version, 1.
    pub v: u32,
    /// Suite of the sealing.
    pub suite: Suite,
    /// Argon2id memory in KiB.
    m_kib: u32,
    /// Argon2id passes.
    t: u32,
    /// Argon2id lanes.
    p: u32,
    /// Argon2id salts, 32 hex digits each: the first keeper's, the second's.
    salts: [String; 2],
    /// The sealed secret, base64.
    sealed: String,
}

impl TwoPersonFile {
    /// Seals a secret under the first and the second keeper's passphrase.
    ///
    /// # Errors
    /// A passphrase is empty or longer than 1024 bytes, or both are the same; no random bytes.
    pub fn seal(suite: Suite, secret: &[u8], passphrases: [&str; 2]) -> Result<Self, CryptoError> {
        let [first, second] = passphrases;
        if first == second {
            return Err(CryptoError::OnePerson);
        }
        let cost = Cost::KEY_FILE;
        let salts = [hex::encode(random::<16>()?), hex::encode(random::<16>()?)];
        let sealed = String::new();
        let mut file = Self { v: 1, suite, m_kib: cost.m_kib, t: cost.t, p: cost.p, salts, sealed };
        let key = file.key(passphrases)?;
        file.sealed = BASE64.encode(blob::seal(suite, &key, LABEL, &[&file.bound()?], secret)?);
        Ok(file)
    }

    /// Opens the secret: the first keeper's passphrase, then the second's.
    ///
    /// # Errors
    /// One of them is wrong, or they are swapped; the file was changed; an unknown version or a cost beyond bounds.
    pub fn open(&self, passphrases: [&str; 2]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        if self.v != 1 {
            return Err(CryptoError::UnknownVersion("the two keepers' file"));
        }
        let key = self.key(passphrases)?;
        let sealed = BASE64.decode(&self.sealed).map_err(|_| CryptoError::Malformed("two keepers' file"))?;
        blob::open(self.suite, &key, LABEL, &[&self.bound()?], &sealed).map_err(|_| CryptoError::WrongPassphrase)
    }

    /// HMAC of the second stretched passphrase under the first: without either it is a random value.
    fn key(&self, passphrases: [&str; 2]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let cost = Cost { m_kib: self.m_kib, t: self.t, p: self.p };
        let stretched = |n: usize| {
            let (passphrase, salt) = match (passphrases, &self.salts) {
                ([first, _], [salt, _]) if n == 0 => (first, salt),
                ([_, second], [_, salt]) => (second, salt),
            };
            check_secret(passphrase)?;
            let salt = hex::decode(salt).map_err(|_| CryptoError::Malformed("two keepers' file"))?;
            cost.stretch(passphrase.as_bytes(), &salt)
        };
        let (first, second) = (stretched(0)?, stretched(1)?);
        let message = Zeroizing::new([b"yunyu/two-person/v1\n", &second[..]].concat());
        Ok(Zeroizing::new(self.suite.mac(&first[..], &message)))
    }

    /// Everything but the sealed part.
    fn bound(&self) -> Result<Vec<u8>, CryptoError> {
        canonical(&(self.v, self.suite, self.m_kib, self.t, self.p, &self.salts))
    }
}
