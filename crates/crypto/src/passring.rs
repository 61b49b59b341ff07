//! A key-encryption key under a passphrase: what a backup is sealed with. The file lies beside what it seals and opens
//! with the passphrase alone, on any machine.

use crate::password::{Cost, check_secret};
use crate::provider::{DataKey, Keeping, KeyId, KeyInfo, KeyProvider, KeyState, WrappedKey};
use crate::{CryptoError, Suite, aead, blob, canonical, random, random_hex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const LABEL: &str = "passphrase-kek";
const WRAP_LABEL: &str = "data-key";

/// A KEK sealed under a passphrase (Argon2id, RFC 9106, then the suite's AEAD).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassphraseFile {
    /// Format version, 1.
    pub v: u32,
    /// Suite of the key, of its sealing, and of what lies under it.
    pub suite: Suite,
    /// Id of the KEK.
    pub id: KeyId,
    m_kib: u32,
    t: u32,
    p: u32,
    salt: String,
    sealed: String,
}

/// The one KEK of a [`PassphraseFile`], open.
pub struct PassphraseKey {
    suite: Suite,
    id: KeyId,
    kek: Zeroizing<[u8; 32]>,
}

impl PassphraseFile {
    /// Makes a KEK and seals it.
    ///
    /// # Errors
    /// The passphrase is empty or longer than 1024 bytes; no random bytes.
    pub fn create(suite: Suite, passphrase: &str) -> Result<(Self, PassphraseKey), CryptoError> {
        let cost = Cost::KEY_FILE;
        let id: KeyId = format!("pass-{}", random_hex(16)?).parse()?;
        let kek = Zeroizing::new(random::<32>()?);
        let salt = hex::encode(random::<16>()?);
        let (m_kib, t, p) = (cost.m_kib, cost.t, cost.p);
        let mut file = Self { v: 1, suite, id: id.clone(), m_kib, t, p, salt, sealed: String::new() };
        let sealed = blob::seal(suite, &*file.stretched(passphrase)?, LABEL, &[&file.bound()?], kek.as_ref())?;
        file.sealed = BASE64.encode(sealed);
        Ok((file, PassphraseKey { suite, id, kek }))
    }

    /// Opens the KEK.
    ///
    /// # Errors
    /// Wrong passphrase or changed file; an unknown version; a cost beyond what this program computes.
    pub fn open(&self, passphrase: &str) -> Result<PassphraseKey, CryptoError> {
        if self.v != 1 {
            return Err(CryptoError::UnknownVersion("the passphrase file"));
        }
        let sealed = BASE64.decode(&self.sealed).map_err(|_| CryptoError::Malformed("passphrase file"))?;
        let wrong = |_| CryptoError::WrongPassphrase;
        let kek = blob::open(self.suite, &*self.stretched(passphrase)?, LABEL, &[&self.bound()?], &sealed);
        let kek: [u8; 32] = kek.map_err(wrong)?.as_slice().try_into().map_err(|_| CryptoError::WrongPassphrase)?;
        Ok(PassphraseKey { suite: self.suite, id: self.id.clone(), kek: Zeroizing::new(kek) })
    }

    fn stretched(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        check_secret(passphrase)?;
        let salt = hex::decode(&self.salt).map_err(|_| CryptoError::Malformed("passphrase file"))?;
        Cost { m_kib: self.m_kib, t: self.t, p: self.p }.stretch(passphrase.as_bytes(), &salt)
    }

    /// Everything but the sealed part: none of it can be changed without the passphrase failing.
    fn bound(&self) -> Result<Vec<u8>, CryptoError> {
        canonical(&(self.v, self.suite, &self.id, self.m_kib, self.t, self.p, &self.salt))
    }
}

impl PassphraseKey {
    /// Id of the KEK.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    fn check(&self, id: &KeyId) -> Result<(), CryptoError> {
        if *id == self.id { Ok(()) } else { Err(CryptoError::UnknownKey) }
    }
}

impl KeyProvider for PassphraseKey {
    fn suite(&self) -> Suite {
        self.suite
    }

    fn keeping(&self) -> Keeping {
        Keeping { kind: "passphrase", device: String::new(), extractable: true }
    }

    fn create_at(&self, _purpose: &str, _scope: &str, _at_ms: Option<i64>) -> Result<KeyId, CryptoError> {
        Err(CryptoError::Unsupported("make keys"))
    }

    fn data_key(&self, id: &KeyId) -> Result<(DataKey, WrappedKey), CryptoError> {
        self.check(id)?;
        let key = Zeroizing::new(random::<32>()?);
        let wrapped = blob::seal(self.suite, &self.kek, WRAP_LABEL, &[id.as_str().as_bytes()], key.as_ref())?;
        Ok((DataKey::new(key), WrappedKey(wrapped)))
    }

    fn unwrap(&self, id: &KeyId, wrapped: &WrappedKey) -> Result<DataKey, CryptoError> {
        self.check(id)?;
        let key = blob::open(self.suite, &self.kek, WRAP_LABEL, &[id.as_str().as_bytes()], &wrapped.0)?;
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_| CryptoError::DoesNotOpen)?;
        Ok(DataKey::new(Zeroizing::new(key)))
    }

    fn mac_key(&self, id: &KeyId, label: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        self.check(id)?;
        let mut info = b"yunyu/mac-key/v1\n".to_vec();
        aead::push_part(&mut info, label.as_bytes());
        let mut out = Zeroizing::new([0u8; 32]);
        aead::expand(self.suite, &self.kek, &info, out.as_mut())?;
        Ok(out)
    }

    fn destroy_at(&self, _id: &KeyId, _at_ms: Option<i64>) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported("destroy keys"))
    }

    fn list(&self) -> Vec<KeyInfo> {
        let (purpose, scope) = ("backup".to_owned(), String::new());
        vec![KeyInfo {
            id: self.id.clone(),
            purpose,
            scope,
            state: KeyState::Live,
            version: 1,
            rotating: false,
            created_at: None,
            destroyed_at: None,
            wrapped: 0,
        }]
    }

    /// Pieces and snapshots are counted nowhere: a backup would need 2^32 of them.
    fn remaining(&self, id: &KeyId) -> Result<u64, CryptoError> {
        self.check(id).map(|()| 1 << 32)
    }
}
