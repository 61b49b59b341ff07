//! Bulk ciphers that are not the built-in ones, by the name a deployment gives them.

use crypto::{BulkGcm, BulkModule, CryptoError, Suite};
use gcrypt::{Algorithm, Gcm, Gcrypt, GcryptError};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

/// Which module seals and opens chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkCipher {
    /// The program's own.
    BuiltIn,
    /// The system's libgcrypt.
    Libgcrypt,
}

/// A name that no module has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no bulk cipher of this name")]
pub struct BadCipher;

impl BulkCipher {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Libgcrypt => "libgcrypt",
        }
    }

    /// Loads the module and lets this process use it from now on.
    ///
    /// # Errors
    /// The library is missing or too old, or another module was chosen already.
    pub fn choose(self) -> Result<(), CryptoError> {
        match self {
            Self::BuiltIn => Ok(()),
            Self::Libgcrypt => crypto::use_bulk_module(Arc::new(Module(Gcrypt::load().map_err(|e| fault(&e))?))),
        }
    }
}

impl FromStr for BulkCipher {
    type Err = BadCipher;

    fn from_str(text: &str) -> Result<Self, BadCipher> {
        [Self::BuiltIn, Self::Libgcrypt].into_iter().find(|c| c.name() == text).ok_or(BadCipher)
    }
}

fn fault(e: &GcryptError) -> CryptoError {
    CryptoError::Device(e.to_string())
}

struct Module(Gcrypt);

impl BulkModule for Module {
    fn name(&self) -> String {
        format!("libgcrypt {}", self.0.version())
    }

    fn gcm(&self, suite: Suite, key: &[u8]) -> Result<Box<dyn BulkGcm>, CryptoError> {
        let algorithm = match suite {
            Suite::Gm => Algorithm::Sm4,
            Suite::Intl => Algorithm::Aes256,
        };
        Ok(Box::new(OneAtATime(Mutex::new(self.0.gcm(algorithm, key).map_err(|e| fault(&e))?))))
    }
}

/// A handle has the state of one message.
struct OneAtATime(Mutex<Gcm>);

impl OneAtATime {
    fn with<T>(&self, work: impl FnOnce(&mut Gcm) -> Result<T, GcryptError>) -> Result<T, GcryptError> {
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl BulkGcm for OneAtATime {
    fn seal(&self, nonce: &[u8; 12], data: &mut [u8]) -> Result<[u8; 16], CryptoError> {
        self.with(|gcm| gcm.seal(nonce, data)).map_err(|e| fault(&e))
    }

    fn open(&self, nonce: &[u8; 12], data: &mut [u8], tag: &[u8; 16]) -> Result<(), CryptoError> {
        self.with(|gcm| gcm.open(nonce, data, tag)).map_err(|_| CryptoError::DoesNotOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{Context, FileKeyProvider, KeyProvider, open_file, seal_object};
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    fn context() -> Context {
        Context { deployment: "d".into(), resource: "r".into(), object: "o".into(), version: "1".into() }
    }

    /// Sealed by the one and opened by the other, in both suites and both directions; a bent byte opens in neither.
    #[test]
    fn both_ciphers_write_the_same_format() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = |suite: Suite, name: &str| {
            let place = |what: &str| dir.path().join(format!("{}-{what}", suite.name()));
            let keys = if place("ring").exists() {
                FileKeyProvider::open(&place("ring"), &place("master"), suite)
            } else {
                FileKeyProvider::init(&place("ring"), &place("master"), suite)
            }
            .unwrap();
            let key = keys.create("data", name).unwrap();
            for len in [0_usize, 1, 65_535, 65_536, 200_001] {
                let plain: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
                let path = place(&format!("{name}-{len}"));
                std::fs::write(path, seal_object(&plain, &keys, &key, &context()).unwrap()).unwrap();
            }
            keys
        };
        let opens = |keys: &FileKeyProvider, suite: Suite, name: &str| {
            for len in [0_usize, 1, 65_535, 65_536, 200_001] {
                let path = dir.path().join(format!("{}-{name}-{len}", suite.name()));
                let object = open_file(File::open(&path).unwrap(), keys, &context()).unwrap();
                let plain = object.read_range(0, object.plain_len()).unwrap();
                assert!(plain.iter().enumerate().all(|(i, b)| usize::from(*b) == i % 251) && plain.len() == len);
            }
            // A byte in the middle.
            let path = dir.path().join(format!("{}-{name}-200001", suite.name()));
            let file = File::options().read(true).write(true).open(&path).unwrap();
            let (mut byte, at) = ([0], file.metadata().unwrap().len() - 70_000);
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
            let object = open_file(File::open(&path).unwrap(), keys, &context()).unwrap();
            let bent = object.read_range(0, object.plain_len());
            assert!(matches!(bent, Err(CryptoError::DoesNotOpen)), "{bent:?}");
            file.write_all_at(&byte, at).unwrap();
        };
        let suites = [Suite::Gm, Suite::Intl];
        let rings = suites.map(|suite| sealed(suite, "ours"));
        for (suite, keys) in suites.iter().zip(&rings) {
            opens(keys, *suite, "ours");
        }
        BulkCipher::Libgcrypt.choose().unwrap();
        assert!(crypto::bulk_module().unwrap().name().starts_with("libgcrypt 1."));
        crypto::self_test().unwrap();
        assert!(BulkCipher::Libgcrypt.choose().is_err(), "chosen once");
        for (suite, keys) in suites.iter().zip(&rings) {
            opens(keys, *suite, "ours");
            let theirs = sealed(*suite, "theirs");
            opens(&theirs, *suite, "theirs");
        }
    }

    #[test]
    fn names() {
        assert_eq!("libgcrypt".parse(), Ok(BulkCipher::Libgcrypt));
        assert_eq!("built-in".parse(), Ok(BulkCipher::BuiltIn));
        for bad in ["", "Libgcrypt", "openssl", "libgcrypt "] {
            assert_eq!(bad.parse::<BulkCipher>(), Err(BadCipher));
        }
    }
}
