//! Signing keys, public keys and signatures. Both suites sign deterministically: SM2 draws its `k` by RFC 6979 over
//! SM3, Ed25519 by its own construction, so a signer needs no random bytes and the same statement has one signature.

use crate::canonical::signing_bytes;
use crate::{CryptoError, Suite, random};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek as ed;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sm2::dsa as sm2dsa;
use sm2dsa::signature::{Signer, Verifier};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// Distinguishing identifier of SM2 signers: the default of GM/T 0009.
pub const SM2_ID: &str = "1234567812345678";

/// A public key. As text `sm2:` and base64 of the 65-byte uncompressed point, or `ed25519:` and base64 of 32 bytes.
/// A value of this type is always a usable key: on its curve and not of small order.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey {
    suite: Suite,
    bytes: Vec<u8>,
}

impl PublicKey {
    /// A key from its bytes: 65 bytes (SM2, uncompressed) or 32 bytes (Ed25519).
    ///
    /// # Errors
    /// Wrong length or form, not on the curve, or of small order.
    pub fn from_bytes(suite: Suite, bytes: &[u8]) -> Result<Self, CryptoError> {
        let bad = || CryptoError::Malformed("public key");
        match suite {
            Suite::Gm => {
                // The compressed form would be a second text for the same key.
                if bytes.len() != 65 || bytes.first() != Some(&4) {
                    return Err(bad());
                }
                sm2dsa::VerifyingKey::from_sec1_bytes(SM2_ID, bytes).map_err(|_| bad())?;
            }
            Suite::Intl => {
                let raw: &[u8; 32] = bytes.try_into().map_err(|_| bad())?;
                let key = ed::VerifyingKey::from_bytes(raw).map_err(|_| bad())?;
                // The library also takes y + p for y (RFC 8032, 5.1.3 does not): a second text for the same key.
                let one_text = key.to_edwards().compress().to_bytes() == *raw;
                if key.is_weak() || !one_text {
                    return Err(bad());
                }
            }
        }
        Ok(Self { suite, bytes: bytes.to_vec() })
    }

    /// The key's suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The bytes that the text form carries.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// 32 hex digits: the first half of the suite's digest of the key's text.
    #[must_use]
    pub fn key_id(&self) -> String {
        let digest = self.suite.hash(format!("yunyu/key-id/v1\n{self}").as_bytes());
        hex::encode(digest.bytes.get(..16).unwrap_or_default())
    }

    /// Checks a signature over `yunyu/<type>/v1\n` and the canonical JSON of `v`.
    ///
    /// # Errors
    /// The signature does not hold, or `v` has no canonical JSON.
    pub fn verify<T: Serialize>(&self, type_name: &str, v: &T, signature: &str) -> Result<(), CryptoError> {
        self.verify_bytes(&signing_bytes(type_name, v)?, signature)
    }

    /// Checks a signature over raw bytes.
    ///
    /// # Errors
    /// The signature does not hold.
    pub fn verify_bytes(&self, msg: &[u8], signature: &str) -> Result<(), CryptoError> {
        let (suite, raw) = decode_signature(signature)?;
        if suite != self.suite {
            return Err(CryptoError::BadSignature);
        }
        let bad = CryptoError::BadSignature;
        let held = match suite {
            Suite::Gm => verify_sm2(&self.bytes, msg, &raw),
            Suite::Intl => verify_ed25519(&self.bytes, msg, &raw),
        };
        if held { Ok(()) } else { Err(bad) }
    }
}

fn verify_sm2(key: &[u8], msg: &[u8], raw: &[u8; 64]) -> bool {
    let Ok(key) = sm2dsa::VerifyingKey::from_sec1_bytes(SM2_ID, key) else {
        return false;
    };
    // Refuses r or s of zero and of n or more; r + s = n is refused by the check itself.
    let Ok(signature) = sm2dsa::Signature::from_slice(raw) else {
        return false;
    };
    key.verify(msg, &signature).is_ok()
}

fn verify_ed25519(key: &[u8], msg: &[u8], raw: &[u8; 64]) -> bool {
    let Ok(key) = <&[u8; 32]>::try_from(key) else {
        return false;
    };
    let Ok(key) = ed::VerifyingKey::from_bytes(key) else {
        return false;
    };
    key.verify_strict(msg, &ed::Signature::from_bytes(raw)).is_ok()
}

/// The 64 bytes of a signature (`r` and `s`, or `R` and `S`).
///
/// # Errors
/// Not a signature's text.
pub fn signature_bytes(signature: &str) -> Result<[u8; 64], CryptoError> {
    decode_signature(signature).map(|(_, raw)| raw)
}

fn decode_signature(text: &str) -> Result<(Suite, [u8; 64]), CryptoError> {
    let (suite, raw) = split(text).ok_or(CryptoError::Malformed("signature"))?;
    let raw = raw.try_into().map_err(|_| CryptoError::Malformed("signature"))?;
    Ok((suite, raw))
}

fn prefix(suite: Suite) -> &'static str {
    match suite {
        Suite::Gm => "sm2",
        Suite::Intl => "ed25519",
    }
}

fn join(suite: Suite, bytes: &[u8]) -> String {
    format!("{}:{}", prefix(suite), BASE64.encode(bytes))
}

fn split(text: &str) -> Option<(Suite, Vec<u8>)> {
    let (name, body) = text.split_once(':')?;
    let suite = [Suite::Gm, Suite::Intl].into_iter().find(|s| prefix(*s) == name)?;
    // The engine refuses missing padding and stray trailing bits: one text per value.
    Some((suite, BASE64.decode(body).ok()?))
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(self.suite, &self.bytes))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = CryptoError;

    fn from_str(s: &str) -> Result<Self, CryptoError> {
        let (suite, bytes) = split(s).ok_or(CryptoError::Malformed("public key"))?;
        Self::from_bytes(suite, &bytes)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A signing key. The secret is wiped when the value is dropped; copies that the arithmetic leaves on the stack are not.
#[derive(Clone)]
pub struct SigningKey {
    secret: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// No random bytes.
    pub fn generate(suite: Suite) -> Result<Self, CryptoError> {
        // For SM2 a draw outside [1, n - 2] is thrown away; that a second one is needed has a chance below 2^-31.
        for _ in 0..64 {
            let secret = Zeroizing::new(random::<32>()?);
            if let Ok(key) = Self::from_secret(suite, &secret) {
                return Ok(key);
            }
        }
        Err(CryptoError::Random)
    }

    /// A key from its 32 secret bytes (SM2 scalar, big endian; Ed25519 seed).
    ///
    /// # Errors
    /// Not a scalar in `[1, n - 2]`.
    pub fn from_secret(suite: Suite, secret: &[u8; 32]) -> Result<Self, CryptoError> {
        let bytes = match suite {
            Suite::Gm => sm2_key(secret)?.verifying_key().to_sec1_bytes().to_vec(),
            Suite::Intl => ed::SigningKey::from_bytes(secret).verifying_key().to_bytes().to_vec(),
        };
        Ok(Self { secret: Zeroizing::new(*secret), public: PublicKey::from_bytes(suite, &bytes)? })
    }

    /// The suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.public.suite
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// Id of the public key.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.public.key_id()
    }

    /// Signs `yunyu/<type>/v1\n` and the canonical JSON of `v`.
    ///
    /// # Errors
    /// `v` has no canonical JSON.
    pub fn sign<T: Serialize>(&self, type_name: &str, v: &T) -> Result<String, CryptoError> {
        self.sign_bytes(&signing_bytes(type_name, v)?)
    }

    /// Signs raw bytes.
    ///
    /// # Errors
    /// The SM2 draw failed (a chance below 2^-250).
    pub fn sign_bytes(&self, msg: &[u8]) -> Result<String, CryptoError> {
        let raw: [u8; 64] = match self.suite() {
            Suite::Gm => {
                let signature: sm2dsa::Signature =
                    sm2_key(&self.secret)?.try_sign(msg).map_err(|_| CryptoError::BadSignature)?;
                signature.to_bytes().into()
            }
            Suite::Intl => ed::SigningKey::from_bytes(&self.secret).sign(msg).to_bytes(),
        };
        Ok(join(self.suite(), &raw))
    }

    /// The 32 secret bytes, for sealing in a key file only.
    pub(crate) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, secret hidden)", self.key_id())
    }
}

/// Built for each use: the library's own key type is not wiped, so none is kept.
fn sm2_key(secret: &[u8; 32]) -> Result<sm2dsa::SigningKey, CryptoError> {
    // d = n - 1 would make 1 + d vanish in the signing equation (GB/T 32918.2, 6.1).
    const N_MINUS_1: [u8; 32] = [
        0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x72, 0x03,
        0xdf, 0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x22,
    ];
    if secret == &N_MINUS_1 {
        return Err(CryptoError::Malformed("signing key"));
    }
    sm2dsa::SigningKey::from_slice(SM2_ID, secret).map_err(|_| CryptoError::Malformed("signing key"))
}
