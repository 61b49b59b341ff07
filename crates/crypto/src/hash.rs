//! Suites, digests and message authentication codes.

use crate::CryptoError;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Sha256;
use sm3::{Digest, Sm3};
use std::fmt;
use std::str::FromStr;

/// A cipher suite; one per deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suite {
    /// SM2, SM3, SM4 (GB/T 32918, 32905, 32907).
    Gm,
    /// Ed25519, SHA-256, AES-256.
    Intl,
}

impl Suite {
    /// The suite's digest.
    #[must_use]
    pub fn hash_alg(self) -> HashAlg {
        match self {
            Self::Gm => HashAlg::Sm3,
            Self::Intl => HashAlg::Sha256,
        }
    }

    /// Digest of `data`.
    #[must_use]
    pub fn hash(self, data: &[u8]) -> Hash {
        self.hash_alg().hash(data)
    }

    /// HMAC of `data` under `key` (any length).
    #[must_use]
    pub fn mac(self, key: &[u8], data: &[u8]) -> [u8; 32] {
        match self {
            Self::Gm => hmac::<Hmac<Sm3>>(key, data),
            Self::Intl => hmac::<Hmac<Sha256>>(key, data),
        }
    }

    /// The suite's name, `gm` or `intl`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gm => "gm",
            Self::Intl => "intl",
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Suite {
    type Err = CryptoError;

    fn from_str(s: &str) -> Result<Self, CryptoError> {
        match s {
            "gm" => Ok(Self::Gm),
            "intl" => Ok(Self::Intl),
            _ => Err(CryptoError::Malformed("suite")),
        }
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut out = [0u8; 32];
    // HMAC takes a key of any length, so this never fails.
    if let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) {
        mac.update(data);
        out.copy_from_slice(&mac.finalize().into_bytes());
    }
    out
}

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashAlg {
    /// SM3 (GB/T 32905).
    Sm3,
    /// SHA-256 (FIPS 180-4).
    Sha256,
}

impl HashAlg {
    /// Digest of `data`.
    #[must_use]
    pub fn hash(self, data: &[u8]) -> Hash {
        let mut h = self.hasher();
        h.update(data);
        h.finish()
    }

    /// A running digest.
    #[must_use]
    pub fn hasher(self) -> Hasher {
        Hasher(match self {
            Self::Sm3 => State::Sm3(Sm3::new()),
            Self::Sha256 => State::Sha256(Sha256::new()),
        })
    }

    /// Prefix of the text form: `sm3` or `sha256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sm3 => "sm3",
            Self::Sha256 => "sha256",
        }
    }
}

#[derive(Clone)]
enum State {
    Sm3(Sm3),
    Sha256(Sha256),
}

/// A running digest.
#[derive(Clone)]
pub struct Hasher(State);

impl Hasher {
    /// Takes more bytes.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            State::Sm3(h) => h.update(data),
            State::Sha256(h) => h.update(data),
        }
    }

    /// The digest of everything taken.
    #[must_use]
    pub fn finish(self) -> Hash {
        match self.0 {
            State::Sm3(h) => Hash { alg: HashAlg::Sm3, bytes: h.finalize().into() },
            State::Sha256(h) => Hash { alg: HashAlg::Sha256, bytes: h.finalize().into() },
        }
    }
}

/// A digest. As text `sm3:` or `sha256:` and 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash {
    /// Algorithm.
    pub alg: HashAlg,
    /// The 32 bytes.
    pub bytes: [u8; 32],
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.alg.name(), hex::encode(self.bytes))
    }
}

impl FromStr for Hash {
    type Err = CryptoError;

    fn from_str(s: &str) -> Result<Self, CryptoError> {
        let bad = || CryptoError::Malformed("digest");
        let (name, digits) = s.split_once(':').ok_or_else(bad)?;
        let alg = match name {
            "sm3" => HashAlg::Sm3,
            "sha256" => HashAlg::Sha256,
            _ => return Err(bad()),
        };
        // One encoding only: upper-case digits are another text for the same digest.
        if digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(bad());
        }
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| bad())?;
        Ok(Self { alg, bytes })
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(de::Error::custom)
    }
}
