//! Who keeps the key-encryption keys (KEKs). A provider may be a folder of sealed files or a hardware module; callers
//! see ids and wrapped data keys only.

use crate::ring::Mask;
use crate::{CryptoError, Suite};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// Id of a KEK: 1 to 64 characters of `a-z`, `0-9`, `-`. Safe as a file name; says nothing about what the key seals.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = CryptoError;

    fn from_str(s: &str) -> Result<Self, CryptoError> {
        let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=64).contains(&s.len()) && s.bytes().all(fine) {
            Ok(Self(s.to_owned()))
        } else {
            Err(CryptoError::Malformed("key id"))
        }
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A 32-byte key that seals one object. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// From its bytes.
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(hidden)")
    }
}

/// A data key under its KEK, safe to store beside the object. Base64 in JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrappedKey(pub Vec<u8>);

impl Serialize for WrappedKey {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for WrappedKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        BASE64.decode(String::deserialize(d)?).map(Self).map_err(|_| de::Error::custom("malformed base64"))
    }
}

/// Whether a key can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// In use.
    Live,
    /// Sealed away: kept, and nobody can use it until its keepers open it.
    Sealed,
    /// Destroyed: its material is gone and its id is never given out again.
    Destroyed,
}

/// What a provider tells about a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyInfo {
    /// Id.
    pub id: KeyId,
    /// What kind of thing it seals: `data`, `log`, `people`, …; different purposes have different keys.
    pub purpose: String,
    /// Which one: a resource's or an authorisation's id. No personal value.
    pub scope: String,
    /// Live or destroyed.
    pub state: KeyState,
    /// Number of the newest material, from 1; rotation counts it up.
    pub version: u32,
    /// Whether older material is still kept, because data keys under it are still to be wrapped anew.
    pub rotating: bool,
    /// When the newest material was made, in milliseconds since 1970, where the caller said so.
    pub created_at: Option<i64>,
    /// When it was destroyed, in milliseconds since 1970, where the caller said so.
    pub destroyed_at: Option<i64>,
    /// Data keys that the newest material has wrapped; after a restart an upper bound.
    pub wrapped: u64,
}

/// Where a provider's keys are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Keeping {
    /// `file`, `pkcs11`, `sdf`, `passphrase` or `handed`.
    pub kind: &'static str,
    /// The device as it names itself; empty for files.
    pub device: String,
    /// Whether a copy of the key material could be taken out by the owner of the folder.
    pub extractable: bool,
}

/// Sealing keys by their names, as their keepers hold them.
pub type SealingKeys = BTreeMap<String, Zeroizing<[u8; 32]>>;

/// Keeps KEKs, wraps data keys, destroys.
pub trait KeyProvider: Send + Sync {
    /// Suite of everything under this provider.
    fn suite(&self) -> Suite;

    /// Where the keys are.
    fn keeping(&self) -> Keeping;

    /// Makes a KEK with a fresh id and states when; durable when it returns.
    ///
    /// # Errors
    /// Storage, device or random source failed.
    fn create_at(&self, purpose: &str, scope: &str, at_ms: Option<i64>) -> Result<KeyId, CryptoError>;

    /// A new data key, open and wrapped.
    ///
    /// # Errors
    /// Unknown or destroyed key; `Exhausted` once the key has wrapped as many as it may.
    fn data_key(&self, id: &KeyId) -> Result<(DataKey, WrappedKey), CryptoError>;

    /// Opens a wrapped data key.
    ///
    /// # Errors
    /// Unknown or destroyed key; wrapped under another key, or changed.
    fn unwrap(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<DataKey, CryptoError>;

    /// A key for message authentication, derived from the KEK; each label has its own. Another one after rotation: a key
    /// whose codes are stored is never rotated.
    ///
    /// # Errors
    /// Unknown or destroyed key.
    fn mac_key(&self, id: &KeyId, label: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError>;

    /// Destroys the KEK and states when. Durable when it returns; repeating it is no error.
    ///
    /// # Errors
    /// Unknown key; storage failed.
    fn destroy_at(&self, id: &KeyId, at_ms: Option<i64>) -> Result<(), CryptoError>;

    /// The same for a KEK of this purpose and scope that need not be here: the word of its end stays, and no copy of it that
    /// comes back counts for anything. Durable when it returns; repeating it is no error.
    ///
    /// # Errors
    /// The key is here for something else; storage failed.
    fn bury_at(&self, _id: &KeyId, _purpose: &str, _scope: &str, _at_ms: Option<i64>) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported("bury keys"))
    }

    /// All keys, destroyed ones too, in order of id.
    fn list(&self) -> Vec<KeyInfo>;

    /// How many more data keys this KEK may wrap.
    ///
    /// # Errors
    /// Unknown or destroyed key.
    fn remaining(&self, id: &KeyId) -> Result<u64, CryptoError>;

    /// Gives a KEK new material and states when. New data keys are wrapped under it from now on; what lies under the old
    /// still opens. Nothing more happens where a rotation is under way. Gives the newest version.
    ///
    /// # Errors
    /// Unknown or destroyed key; storage, device or random source failed.
    fn begin_rotation(&self, _id: &KeyId, _at_ms: Option<i64>) -> Result<u32, CryptoError> {
        Err(CryptoError::Unsupported("rotate keys"))
    }

    /// Wraps the same data key under the newest material; `None` where it lies under that already.
    ///
    /// # Errors
    /// As `unwrap` and `data_key`.
    fn rewrap(&self, _id: &KeyId, _wrapped: &WrappedKey) -> Result<Option<WrappedKey>, CryptoError> {
        Err(CryptoError::Unsupported("rotate keys"))
    }

    /// Destroys all material but the newest. What was not wrapped anew cannot be read again. Repeating it is no error.
    ///
    /// # Errors
    /// As `destroy_at`.
    fn end_rotation(&self, _id: &KeyId, _at_ms: Option<i64>) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported("rotate keys"))
    }

    /// Whether a key can be sealed away now: there is a sealing key that no key was given yet.
    fn can_seal(&self) -> bool {
        false
    }

    /// Seals a KEK away under a sealing key that its two keepers hold and that is wiped here. Durable when it returns;
    /// repeating it is no error.
    ///
    /// # Errors
    /// Unknown or destroyed key; no sealing key is left; storage failed.
    fn seal_away(&self, _id: &KeyId) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported("seal keys away"))
    }

    /// Opens a KEK that was sealed away. Repeating it is no error.
    ///
    /// # Errors
    /// Unknown or destroyed key; none of the sealing keys is its own; storage failed.
    fn open_sealed(&self, _id: &KeyId, _with: &SealingKeys) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported("seal keys away"))
    }

    /// Whether a key is sealed away by masking what it wrapped, because nothing can be taken out of its device.
    fn masks(&self) -> bool {
        false
    }

    /// The mask under which the wrapped data keys of a KEK are put before it is sealed away, under a sealing key taken for it;
    /// the same at each call until `end_masking`. The caller has rotated the key before the first. `None` where it is sealed.
    ///
    /// # Errors
    /// Unknown or destroyed key; no sealing key is left; storage failed.
    fn begin_masking(&self, _id: &KeyId) -> Result<Option<Mask>, CryptoError> {
        Err(CryptoError::Unsupported("mask keys"))
    }

    /// Seals the KEK away: everything that it wrapped is masked. The sealing key is wiped. Repeating it is no error.
    ///
    /// # Errors
    /// As `begin_masking`, which was not called.
    fn end_masking(&self, _id: &KeyId) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported("mask keys"))
    }

    /// The mask again, from what the keepers hold. `None` where the KEK is not sealed.
    ///
    /// # Errors
    /// Unknown or destroyed key; none of the sealing keys is its own; storage failed.
    fn begin_unmasking(&self, _id: &KeyId, _with: &SealingKeys) -> Result<Option<Mask>, CryptoError> {
        Err(CryptoError::Unsupported("mask keys"))
    }

    /// The KEK is in use again: nothing that it wrapped is masked any more.
    ///
    /// # Errors
    /// Unknown or destroyed key; storage failed.
    fn end_unmasking(&self, _id: &KeyId) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported("mask keys"))
    }

    /// Makes a KEK without saying when.
    ///
    /// # Errors
    /// As `create_at`.
    fn create(&self, purpose: &str, scope: &str) -> Result<KeyId, CryptoError> {
        self.create_at(purpose, scope, None)
    }

    /// Destroys the KEK.
    ///
    /// # Errors
    /// As `destroy_at`.
    fn destroy(&self, id: &KeyId) -> Result<(), CryptoError> {
        self.destroy_at(id, None)
    }

    /// The live key of a purpose and scope, where there is one.
    fn find(&self, purpose: &str, scope: &str) -> Option<KeyId> {
        let fits = |k: &KeyInfo| k.state == KeyState::Live && k.purpose == purpose && k.scope == scope;
        self.list().into_iter().find(fits).map(|k| k.id)
    }
}
