//! KEKs in an SDF device (GM/T 0018): two SM4 keys each, made in the device and wrapped under one of its own
//! key-encryption keys, kept as a file *in the device*. Data keys pass through; KEKs never leave in the clear, and a
//! deleted file is in no backup of ours.
//!
//! The standard's edition of 2012 has no AEAD: a data key is encrypted in CBC mode under the first key, and a code over
//! nonce, ciphertext and what it is bound to is computed under the second.

use crate::parts;
use crypto::{CryptoError, DeviceFault, Keeping, Shelf, Suite, Vault, device_open, device_wrapped, erase_beside};
use sdf::{BLOCK, Device, SdfError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

const SUITE: Suite = Suite::Gm;
/// Bytes of a wrapped key's own part: nonce, key, code.
const BODY: usize = BLOCK + 32 + 32;
/// A file holds two wrapped keys, each behind its length.
const MAX_FILE: usize = 2 * (2 + 256);

/// A device, and the index of its key-encryption key that our keys lie under.
pub struct SdfDevice {
    device: Mutex<Device>,
    kek: u32,
    name: String,
}

/// A KEK's two keys, as the device wrapped them; worthless outside it.
pub struct Pair {
    wrap: Vec<u8>,
    derive: Vec<u8>,
}

impl SdfDevice {
    /// Loads the vendor's library and opens the device.
    ///
    /// # Errors
    /// `Device`: no library, or the device refuses.
    pub fn open(library: &Path, kek: u32) -> Result<Self, CryptoError> {
        let mut device = Device::open(library).map_err(told)?;
        let name = device.describe().map_err(told)?;
        Ok(Self { device: Mutex::new(device), kek, name })
    }

    fn with<T>(&self, call: impl FnOnce(&mut Device) -> Result<T, SdfError>) -> Result<T, CryptoError> {
        call(&mut self.device.lock().unwrap_or_else(PoisonError::into_inner)).map_err(told)
    }

    /// 32 bytes from a key and a digest: CBC-MACs of two inputs of one fixed length, for which a CBC-MAC is a
    /// pseudorandom function (SP 800-108 in counter mode over it).
    fn code(&self, pair: &Pair, label: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let digest = SUITE.hash(&parts(label, data)).bytes;
        let mut out = Zeroizing::new([0; 32]);
        for (n, half) in (1..=2u8).zip(out.chunks_mut(BLOCK)) {
            let input = [&[n; BLOCK][..], &digest].concat();
            let sealed = Zeroizing::new(self.with(|d| d.encrypt(self.kek, &pair.derive, [0; BLOCK], &input))?);
            let last = sealed.last_chunk::<BLOCK>().ok_or_else(length)?;
            half.copy_from_slice(last);
        }
        Ok(out)
    }

    fn read(&self, name: &str) -> Result<Option<Pair>, CryptoError> {
        self.with(|d| d.read_file(name, MAX_FILE))?.map(|bytes| pair(&bytes)).transpose()
    }
}

fn pair(mut rest: &[u8]) -> Result<Pair, CryptoError> {
    let (wrap, derive) = (blob(&mut rest)?, blob(&mut rest)?);
    if rest.is_empty() { Ok(Pair { wrap, derive }) } else { Err(length()) }
}

/// The files of a device that nobody else asks meanwhile.
struct Files<'a>(&'a mut Device);

impl Shelf for Files<'_> {
    type Error = SdfError;

    fn whole(&mut self, name: &str) -> Result<bool, SdfError> {
        Ok(self.0.read_file(name, MAX_FILE)?.is_some_and(|bytes| pair(&bytes).is_ok()))
    }

    fn any(&mut self, name: &str) -> Result<bool, SdfError> {
        Ok(self.0.read_file(name, MAX_FILE)?.is_some())
    }

    fn erase(&mut self, name: &str) -> Result<bool, SdfError> {
        let there = self.any(name)?;
        self.0.delete_file(name)?;
        Ok(there)
    }
}

fn blob(rest: &mut &[u8]) -> Result<Vec<u8>, CryptoError> {
    let (len, after) = rest.split_first_chunk::<2>().ok_or_else(length)?;
    let (blob, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*len))).ok_or_else(length)?;
    *rest = after;
    Ok(blob.to_vec())
}

fn length() -> CryptoError {
    DeviceFault::Length.into()
}

/// Function and code; never a value.
fn told(e: SdfError) -> CryptoError {
    CryptoError::Device(format!("{}: {:#010x}", e.function, e.code))
}

impl Vault for SdfDevice {
    type Kek = Arc<Pair>;

    const OUTSIDE: bool = true;

    fn suite(&self) -> Suite {
        SUITE
    }

    fn keeping(&self) -> Keeping {
        Keeping { kind: "sdf", device: self.name.clone(), extractable: false }
    }

    fn make(&self, name: &str, bound: &[u8]) -> Result<(String, Arc<Pair>), CryptoError> {
        let pair = self.with(|d| Ok(Pair { wrap: d.generate_key(self.kek)?, derive: d.generate_key(self.kek)? }))?;
        let mut file = Vec::new();
        for blob in [&pair.wrap, &pair.derive] {
            file.extend(u16::try_from(blob.len()).map_err(|_| length())?.to_be_bytes());
            file.extend(blob);
        }
        self.with(|d| d.write_file(name, &file))?;
        let mark = self.code(&pair, "key-entry", bound)?;
        Ok((hex::encode(*mark), Arc::new(pair)))
    }

    fn open(&self, name: &str, bound: &[u8], sealed: &str) -> Result<Arc<Pair>, CryptoError> {
        let pair = self.read(name)?.ok_or(DeviceFault::KeyMissing)?;
        let mark = self.code(&pair, "key-entry", bound)?;
        if hex::encode(*mark) == sealed { Ok(Arc::new(pair)) } else { Err(CryptoError::DoesNotOpen) }
    }

    fn holds(&self, name: &str) -> Result<bool, CryptoError> {
        Ok(self.read(name)?.is_some())
    }

    fn erase(&self, name: &str) -> Result<(), CryptoError> {
        self.with(|d| d.delete_file(name))
    }

    fn erase_beside(&self, names: &[String], beside: &[String]) -> Result<(), CryptoError> {
        Ok(self.with(|d| erase_beside(&mut Files(d), names, beside))??)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.with(|d| d.random(out))
    }

    fn wrap(&self, kek: &Arc<Pair>, bound: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; BLOCK];
        self.random(&mut nonce)?;
        let sealed = self.with(|d| d.encrypt(self.kek, &kek.wrap, nonce, key))?;
        let code = self.code(kek, "wrap", &[bound, &nonce, &sealed].concat())?;
        device_wrapped(SUITE, bound, key, &[&nonce[..], &sealed, &*code].concat())
    }

    fn unwrap(&self, kek: &Arc<Pair>, bound: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        device_open(SUITE, bound, wrapped, |body| {
            let (nonce, rest) = body.split_first_chunk::<BLOCK>().ok_or(CryptoError::Truncated)?;
            let (sealed, code) = rest.split_at_checked(32).ok_or(CryptoError::Truncated)?;
            let held = self.code(kek, "wrap", &[bound, nonce, sealed].concat())?;
            if body.len() != BODY || !crypto::same(&*held, code) {
                return Err(CryptoError::DoesNotOpen);
            }
            let opened = Zeroizing::new(self.with(|d| d.decrypt(self.kek, &kek.wrap, *nonce, sealed))?);
            Ok(Zeroizing::new(opened.as_slice().try_into().map_err(|_| length())?))
        })
    }

    fn derive(&self, kek: &Arc<Pair>, info: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        self.code(kek, "derive", info)
    }
}
