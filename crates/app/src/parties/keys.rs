//! The platform's people key: real names lie under it, and what must be recognised without being stored (identities,
//! passwords, session tokens) is digested under keys made from it. It never leaves the platform's key folder.

use crate::error::{AppError, AppResult};
use crypto::{Context, DataKey, HandedKey, HandedKeys, KeyId, Password, Suite, WrappedKey, Zeroizing};
use std::sync::Arc;

/// Marks, in a sealed name's header, that the data key is made from the people key and not wrapped there.
const DERIVED: &[u8] = b"people-key/v1";

/// Everything that is derived from the people key. Cheap to clone.
#[derive(Clone)]
pub struct People {
    inner: Arc<Inner>,
}

struct Inner {
    suite: Suite,
    deployment: String,
    key: KeyId,
    seal: HandedKeys,
    identity: Zeroizing<[u8; 32]>,
    token: Zeroizing<[u8; 32]>,
    password: Password,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("People(hidden)")
    }
}

impl People {
    /// From the deployment's people key.
    ///
    /// # Errors
    /// Never for a well-formed suite; the key id is fixed.
    pub fn new(suite: Suite, deployment: &str, secret: &[u8; 32]) -> AppResult<Self> {
        let made = |label: &str| {
            Zeroizing::new(suite.mac(secret, format!("yunyu/people-{label}/v1\n{deployment}").as_bytes()))
        };
        let key: KeyId = "people".parse()?;
        let handed = HandedKey {
            id: key.clone(),
            wrapped: WrappedKey(DERIVED.to_vec()),
            key: DataKey::new(made("names")),
            seals: true,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                suite,
                deployment: deployment.to_owned(),
                key,
                seal: HandedKeys { suite, keys: vec![handed] },
                identity: made("identity"),
                token: made("token"),
                password: Password::new(suite, made("pepper")),
            }),
        })
    }

    fn context(&self, person: &str) -> Context {
        Context {
            deployment: self.inner.deployment.clone(),
            resource: "people".to_owned(),
            object: person.to_owned(),
            version: "1".to_owned(),
        }
    }

    /// Seals a person's real name; it opens only as that person's.
    pub(crate) fn seal_name(&self, person: &str, name: &str) -> AppResult<Vec<u8>> {
        Ok(crypto::seal_object(name.as_bytes(), &self.inner.seal, &self.inner.key, &self.context(person))?)
    }

    /// Opens a person's real name.
    pub(crate) fn open_name(&self, person: &str, sealed: &[u8]) -> AppResult<Zeroizing<String>> {
        let plain = crypto::open_object(sealed, &self.inner.seal, &self.context(person))?;
        String::from_utf8(plain).map(Zeroizing::new).map_err(AppError::bug)
    }

    /// Keyed digest of a real identity. Without the people key it can be neither searched nor compared.
    pub(super) fn identity(&self, name: &str, document: Option<&str>) -> String {
        let text = format!("yunyu/identity/v1\n{}\n{}", folded(name), document.map(folded).unwrap_or_default());
        hex(&self.inner.suite.mac(&self.inner.identity[..], text.as_bytes()))
    }

    /// Digest under which a session token is stored.
    pub(super) fn token_hash(&self, token: &str) -> String {
        hex(&self.inner.suite.mac(&self.inner.token[..], token.as_bytes()))
    }

    /// Hashes a password on a thread of its own: it takes tens of milliseconds and much memory on purpose.
    pub(super) async fn hash_password(&self, password: &str) -> AppResult<String> {
        let (people, password) = (self.clone(), Zeroizing::new(password.to_owned()));
        blocking(move || people.inner.password.hash_password(&password)).await
    }

    /// Whether a password is the stored one. `None` stands for an account that does not exist and takes as long.
    pub(super) async fn verify_password(&self, password: &str, stored: Option<&str>) -> AppResult<bool> {
        let (people, password) = (self.clone(), Zeroizing::new(password.to_owned()));
        let stored = stored.map(str::to_owned);
        blocking(move || match stored {
            Some(stored) => people.inner.password.verify(&password, &stored),
            None => {
                people.inner.password.verify_nobody(&password);
                Ok(false)
            }
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crypto::CryptoError> + Send + 'static,
) -> AppResult<T> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(AppError::bug)??)
}

/// The same name typed with other spaces, widths or letter case is the same name.
fn folded(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).map(narrow).flat_map(char::to_lowercase).collect()
}

/// Full-width ASCII as ASCII.
fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}
