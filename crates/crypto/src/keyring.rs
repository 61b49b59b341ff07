//! The first vault: KEKs sealed under a 32-byte master key that lies in a file elsewhere.

use crate::provider::Keeping;
use crate::ring::{KeyRing, write_atomic};
use crate::vault::Vault;
use crate::{CryptoError, Suite, aead, blob, random};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

const KEK_LABEL: &str = "kek";
const WRAP_LABEL: &str = "data-key";

/// KEKs in a folder under a master key file. One process owns the folder.
pub type FileKeyProvider = KeyRing<MasterFile>;

/// A master key, read from its file.
pub struct MasterFile {
    suite: Suite,
    master: Zeroizing<[u8; 32]>,
}

impl KeyRing<MasterFile> {
    /// Makes the folder and the master key file where they are missing, then opens.
    ///
    /// # Errors
    /// As `open`; storage failed. A folder with keys whose master key is gone is refused, not given a new one.
    pub fn init(dir: &Path, master_file: &Path, suite: Suite) -> Result<Self, CryptoError> {
        fs::create_dir_all(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        let empty = fs::read_dir(dir)?.next().is_none();
        if empty && !master_file.try_exists()? {
            write_atomic(master_file, &Zeroizing::new(random::<32>()?)[..])?;
        }
        Self::open(dir, master_file, suite)
    }

    /// Opens a folder: checks every key in it and finishes destructions that were cut short.
    ///
    /// # Errors
    /// The master key file is missing, readable by others, or not the one; a key file was changed.
    pub fn open(dir: &Path, master_file: &Path, suite: Suite) -> Result<Self, CryptoError> {
        Self::over(dir, MasterFile { suite, master: read_master(master_file)? })
    }
}

impl Vault for MasterFile {
    type Kek = Zeroizing<[u8; 32]>;

    const OUTSIDE: bool = false;

    fn suite(&self) -> Suite {
        self.suite
    }

    fn keeping(&self) -> Keeping {
        Keeping { kind: "file", device: String::new(), extractable: true }
    }

    fn make(&self, _name: &str, bound: &[u8]) -> Result<(String, Self::Kek), CryptoError> {
        self.put_back(bound, &Zeroizing::new(random::<32>()?))
    }

    fn take_out(&self, kek: &Self::Kek) -> Option<Zeroizing<[u8; 32]>> {
        Some(kek.clone())
    }

    fn put_back(&self, bound: &[u8], kek: &[u8; 32]) -> Result<(String, Self::Kek), CryptoError> {
        let sealed = blob::seal(self.suite, &self.master, KEK_LABEL, &[bound], kek)?;
        Ok((BASE64.encode(sealed), Zeroizing::new(*kek)))
    }

    fn open(&self, _name: &str, bound: &[u8], sealed: &str) -> Result<Self::Kek, CryptoError> {
        let sealed = BASE64.decode(sealed).map_err(|_| CryptoError::Malformed("key ring"))?;
        let kek = blob::open(self.suite, &self.master, KEK_LABEL, &[bound], &sealed)?;
        let kek: [u8; 32] = kek.as_slice().try_into().map_err(|_| CryptoError::Malformed("key ring"))?;
        Ok(Zeroizing::new(kek))
    }

    fn holds(&self, _name: &str) -> Result<bool, CryptoError> {
        Ok(true)
    }

    /// The material lies in the entry, which the ring wipes.
    fn erase(&self, _name: &str) -> Result<(), CryptoError> {
        Ok(())
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        getrandom::fill(out).map_err(|_| CryptoError::Random)
    }

    fn wrap(&self, kek: &Self::Kek, bound: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, CryptoError> {
        blob::seal(self.suite, kek, WRAP_LABEL, &[bound], key)
    }

    fn unwrap(&self, kek: &Self::Kek, bound: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let key = blob::open(self.suite, kek, WRAP_LABEL, &[bound], wrapped)?;
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_| CryptoError::DoesNotOpen)?;
        Ok(Zeroizing::new(key))
    }

    fn derive(&self, kek: &Self::Kek, info: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let mut out = Zeroizing::new([0u8; 32]);
        aead::expand(self.suite, kek, info, out.as_mut())?;
        Ok(out)
    }
}

fn read_master(path: &Path) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
    let file = File::open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Err(CryptoError::LooseMode);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(64));
    file.take(64).read_to_end(&mut bytes)?;
    let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| CryptoError::Malformed("master key file"))?;
    Ok(Zeroizing::new(key))
}
