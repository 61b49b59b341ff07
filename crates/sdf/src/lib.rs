//! The SDF interface of cryptographic devices (GM/T 0018-2012), loaded from a vendor's library: only what a key ring
//! needs, and safe to call.
//!
//! Handles never leave this crate: a session key is imported, used and destroyed within one call, so that no caller can
//! use one after its end or hand it to another device.

mod raw;

use raw::{DeviceInfo, Functions, Handle};
use std::path::Path;
use std::ptr::null_mut;

/// Bytes of an SM4 block and of an SM4 key.
pub const BLOCK: usize = 16;
/// SM4 in CBC mode (GM/T 0006).
const SM4_CBC: u32 = 0x402;
/// SM4 in ECB mode, under which a key-encryption key of the device wraps session keys.
const SM4_ECB: u32 = 0x401;
const KEY_BITS: u32 = 128;
/// The longest wrapped session key that is taken.
const MAX_BLOB: usize = 256;
/// A file of this name does not exist (GM/T 0018, annex A).
const FILE_NOT_THERE: u32 = 0x0100_0012;

/// A call that failed: which, and the device's code. 0 stands for an answer that the standard does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdfError {
    /// Function.
    pub function: &'static str,
    /// Code.
    pub code: u32,
}

impl SdfError {
    fn odd(function: &'static str) -> Self {
        Self { function, code: 0 }
    }
}

/// A device with one session. Calls are one after the other.
pub struct Device {
    functions: Functions,
    device: Handle,
    session: Handle,
}

// SAFETY: GM/T 0018 binds handles to a process, not to a thread; `&mut self` keeps calls one after the other.
unsafe impl Send for Device {}

/// A length as the interface counts.
fn count(function: &'static str, len: usize) -> Result<u32, SdfError> {
    u32::try_from(len).map_err(|_| SdfError::odd(function))
}

fn done(function: &'static str, code: i32) -> Result<(), SdfError> {
    if code == 0 { Ok(()) } else { Err(SdfError { function, code: code.cast_unsigned() }) }
}

impl Device {
    /// Loads a vendor's library and opens a session.
    ///
    /// # Errors
    /// No such library (`load`), a function is missing (its name), or the device refuses.
    pub fn open(library: &Path) -> Result<Self, SdfError> {
        let functions = Functions::load(library)?;
        let mut device = null_mut();
        // SAFETY: the out pointer is valid for the call.
        done("SDF_OpenDevice", unsafe { (functions.open_device)(&raw mut device) })?;
        let mut session = null_mut();
        // SAFETY: `device` was given by the device; the out pointer is valid for the call.
        let opened = done("SDF_OpenSession", unsafe { (functions.open_session)(device, &raw mut session) });
        if let Err(e) = opened {
            // SAFETY: `device` was given by the device and is closed once.
            unsafe { (functions.close_device)(device) };
            return Err(e);
        }
        Ok(Self { functions, device, session })
    }

    /// Issuer, name and serial number, as the device states them.
    ///
    /// # Errors
    /// The device refuses.
    pub fn describe(&mut self) -> Result<String, SdfError> {
        let mut info = DeviceInfo::default();
        // SAFETY: the session is open; the out pointer is valid for the call and of the standard's layout.
        done("SDF_GetDeviceInfo", unsafe { (self.functions.device_info)(self.session, &raw mut info) })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_matches(['\0', ' ']).to_owned();
        let parts = [text(&info.issuer), text(&info.name), text(&info.serial)];
        Ok(parts.join(" ").trim().to_owned())
    }

    /// Fills with random bytes of the device.
    ///
    /// # Errors
    /// The device refuses.
    pub fn random(&mut self, out: &mut [u8]) -> Result<(), SdfError> {
        const NAME: &str = "SDF_GenerateRandom";
        let len = count(NAME, out.len())?;
        // SAFETY: the session is open; the buffer holds `len` bytes.
        done(NAME, unsafe { (self.functions.random)(self.session, len, out.as_mut_ptr()) })
    }

    /// A new SM4 key that is known inside the device only; gives it wrapped under the device's key-encryption key.
    ///
    /// # Errors
    /// The device refuses, or has no such key-encryption key.
    pub fn generate_key(&mut self, kek: u32) -> Result<Vec<u8>, SdfError> {
        const NAME: &str = "SDF_GenerateKeyWithKEK";
        let (mut blob, mut key) = (vec![0; MAX_BLOB], null_mut());
        let mut len = count(NAME, blob.len())?;
        // SAFETY: the session is open; the buffer holds `len` bytes; the out pointers are valid for the call.
        let code = unsafe {
            (self.functions.generate_key)(
                self.session,
                KEY_BITS,
                SM4_ECB,
                kek,
                blob.as_mut_ptr(),
                &raw mut len,
                &raw mut key,
            )
        };
        done(NAME, code)?;
        self.destroy(key)?;
        let len = usize::try_from(len).ok().filter(|n| (1..=blob.len()).contains(n)).ok_or(SdfError::odd(NAME))?;
        blob.truncate(len);
        Ok(blob)
    }

    /// Encrypts whole blocks in CBC mode under a wrapped key.
    ///
    /// # Errors
    /// No whole blocks; the device refuses or cannot open the wrapped key.
    pub fn encrypt(&mut self, kek: u32, blob: &[u8], iv: [u8; BLOCK], data: &[u8]) -> Result<Vec<u8>, SdfError> {
        let call = self.functions.encrypt;
        self.cipher("SDF_Encrypt", call, kek, blob, iv, data)
    }

    /// The reverse of `encrypt`.
    ///
    /// # Errors
    /// As `encrypt`.
    pub fn decrypt(&mut self, kek: u32, blob: &[u8], iv: [u8; BLOCK], data: &[u8]) -> Result<Vec<u8>, SdfError> {
        let call = self.functions.decrypt;
        self.cipher("SDF_Decrypt", call, kek, blob, iv, data)
    }

    fn cipher(
        &mut self,
        name: &'static str,
        call: raw::Cipher,
        kek: u32,
        blob: &[u8],
        mut iv: [u8; BLOCK],
        data: &[u8],
    ) -> Result<Vec<u8>, SdfError> {
        if data.is_empty() || !data.len().is_multiple_of(BLOCK) {
            return Err(SdfError::odd(name));
        }
        let key = self.import(kek, blob)?;
        let mut out = vec![0; data.len() + BLOCK];
        let (given, mut len) = (count(name, data.len())?, count(name, out.len())?);
        // SAFETY: session and key are open; the device reads `given` bytes of `data` and 16 of `iv`, which the standard
        // lets it change, and writes at most `len` bytes to `out`.
        let code = unsafe {
            call(self.session, key, SM4_CBC, iv.as_mut_ptr(), data.as_ptr(), given, out.as_mut_ptr(), &raw mut len)
        };
        // The key goes, whatever came of the call.
        self.destroy(key)?;
        done(name, code)?;
        if len != given {
            return Err(SdfError::odd(name));
        }
        out.truncate(data.len());
        Ok(out)
    }

    fn import(&mut self, kek: u32, blob: &[u8]) -> Result<Handle, SdfError> {
        const NAME: &str = "SDF_ImportKeyWithKEK";
        let len = count(NAME, blob.len())?;
        let mut key = null_mut();
        // SAFETY: the session is open; the device reads `len` bytes of `blob`; the out pointer is valid for the call.
        let code = unsafe { (self.functions.import_key)(self.session, SM4_ECB, kek, blob.as_ptr(), len, &raw mut key) };
        done(NAME, code).map(|()| key)
    }

    fn destroy(&mut self, key: Handle) -> Result<(), SdfError> {
        // SAFETY: `key` was given by the device in this session and is destroyed once.
        done("SDF_DestroyKey", unsafe { (self.functions.destroy_key)(self.session, key) })
    }

    /// Writes a file in the device.
    ///
    /// # Errors
    /// The device refuses: no room, or a file of this name exists.
    pub fn write_file(&mut self, name: &str, bytes: &[u8]) -> Result<(), SdfError> {
        let (n, len) = (count("SDF_CreateFile", name.len())?, count("SDF_CreateFile", bytes.len())?);
        // SAFETY: the session is open; the device reads `n` bytes of the name.
        let made = unsafe { (self.functions.create_file)(self.session, name.as_ptr(), n, len) };
        done("SDF_CreateFile", made)?;
        // SAFETY: as before, and the device reads `len` bytes of the content.
        let code = unsafe { (self.functions.write_file)(self.session, name.as_ptr(), n, 0, len, bytes.as_ptr()) };
        done("SDF_WriteFile", code)
    }

    /// Reads a file of the device from its beginning, at most so many bytes; `None` where there is none.
    ///
    /// # Errors
    /// The device refuses.
    pub fn read_file(&mut self, name: &str, most: usize) -> Result<Option<Vec<u8>>, SdfError> {
        const NAME: &str = "SDF_ReadFile";
        let (n, mut len) = (count(NAME, name.len())?, count(NAME, most)?);
        let mut out = vec![0; most];
        // SAFETY: the session is open; the device reads `n` bytes of the name and writes at most `len` bytes to `out`.
        let code =
            unsafe { (self.functions.read_file)(self.session, name.as_ptr(), n, 0, &raw mut len, out.as_mut_ptr()) };
        match done(NAME, code) {
            Err(e) if e.code == FILE_NOT_THERE => return Ok(None),
            other => other?,
        }
        let len = usize::try_from(len).ok().filter(|l| *l <= most).ok_or(SdfError::odd(NAME))?;
        out.truncate(len);
        Ok(Some(out))
    }

    /// Deletes a file of the device. One that is not there is no error.
    ///
    /// # Errors
    /// The device refuses.
    pub fn delete_file(&mut self, name: &str) -> Result<(), SdfError> {
        let n = count("SDF_DeleteFile", name.len())?;
        // SAFETY: the session is open; the device reads `n` bytes of the name.
        let code = unsafe { (self.functions.delete_file)(self.session, name.as_ptr(), n) };
        match done("SDF_DeleteFile", code) {
            Err(e) if e.code == FILE_NOT_THERE => Ok(()),
            other => other,
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: both handles were given by the device and are closed once, the session first.
        unsafe {
            (self.functions.close_session)(self.session);
            (self.functions.close_device)(self.device);
        }
    }
}
