//! Data keys handed to a process that may use them but keeps no KEK: a job's child gets exactly the keys of the
//! objects it reads and of the one it writes, over its standard input, and nothing else opens there.

use crate::provider::{DataKey, Keeping, KeyId, KeyInfo, KeyProvider, WrappedKey};
use crate::{CryptoError, Suite};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

/// One handed key. It serialises its secret: send it through a pipe only, never to a file, argument or log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedKey {
    /// KEK that the data key is wrapped under.
    pub id: KeyId,
    /// The wrapped key, as it stands in the object's header.
    pub wrapped: WrappedKey,
    /// The open key.
    #[serde(serialize_with = "write_key", deserialize_with = "read_key")]
    pub key: DataKey,
    /// May this key seal a new object? Only a key made for that by `KeyProvider::data_key`.
    pub seals: bool,
}

fn write_key<S: Serializer>(key: &DataKey, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&Zeroizing::new(hex::encode(key.expose())))
}

fn read_key<'de, D: Deserializer<'de>>(d: D) -> Result<DataKey, D::Error> {
    let text = Zeroizing::new(String::deserialize(d)?);
    let mut bytes = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(text.as_bytes(), bytes.as_mut()).map_err(|_| de::Error::custom("malformed data key"))?;
    Ok(DataKey::new(bytes))
}

/// A provider over handed keys: opens and seals, makes and destroys nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedKeys {
    /// Suite.
    pub suite: Suite,
    /// The keys.
    pub keys: Vec<HandedKey>,
}

impl KeyProvider for HandedKeys {
    fn suite(&self) -> Suite {
        self.suite
    }

    fn keeping(&self) -> Keeping {
        Keeping { kind: "handed", device: String::new(), extractable: true }
    }

    fn create_at(&self, _purpose: &str, _scope: &str, _at_ms: Option<i64>) -> Result<KeyId, CryptoError> {
        Err(CryptoError::Unsupported("make keys"))
    }

    fn data_key(&self, id: &KeyId) -> Result<(DataKey, WrappedKey), CryptoError> {
        let key = self.keys.iter().find(|k| k.seals && k.id == *id).ok_or(CryptoError::UnknownKey)?;
        Ok((key.key.clone(), key.wrapped.clone()))
    }

    fn unwrap(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<DataKey, CryptoError> {
        let key = self.keys.iter().find(|k| k.id == *id && k.wrapped == *wrapped).ok_or(CryptoError::UnknownKey)?;
        Ok(key.key.clone())
    }

    fn mac_key(&self, _id: &KeyId, _label: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        Err(CryptoError::Unsupported("derive MAC keys"))
    }

    fn destroy_at(&self, _id: &KeyId, _at_ms: Option<i64>) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported("destroy keys"))
    }

    fn list(&self) -> Vec<KeyInfo> {
        Vec::new()
    }

    fn remaining(&self, id: &KeyId) -> Result<u64, CryptoError> {
        self.keys.iter().find(|k| k.seals && k.id == *id).map(|_| 1).ok_or(CryptoError::UnknownKey)
    }
}
