//! libgcrypt, loaded when it is needed: an implementation in C that shares nothing with ours.

use libloading::{Library, Symbol};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;

const SM4: c_int = 318;

/// Modes by their number in `gcrypt.h`.
#[derive(Clone, Copy)]
pub enum Mode {
    #[allow(dead_code, reason = "the bench has no use for it")]
    Ecb = 1,
    Gcm = 9,
}

/// The loaded library.
pub struct Gcrypt {
    library: Library,
    #[allow(dead_code, reason = "the tests have no use for it")]
    pub version: String,
}

impl Gcrypt {
    /// Loads Debian's `libgcrypt20`; what is missing is said by name.
    pub fn load() -> Result<Self, String> {
        const MISSING: &str = "libgcrypt.so.20 is missing; run: sudo apt-get install libgcrypt20";
        // SAFETY: the library's constructors only set up the library itself.
        let library = unsafe { Library::new("libgcrypt.so.20") }.map_err(|e| format!("{MISSING} ({e})"))?;
        // SAFETY: the signature is that of gcrypt.h.
        let check: Symbol<unsafe extern "C" fn(*const c_char) -> *const c_char> =
            unsafe { library.get(b"gcry_check_version") }.map_err(|e| e.to_string())?;
        // SM4 came with 1.9.
        // SAFETY: the argument is a C string; the answer is null or a C string that is never freed.
        let answer = unsafe { check(c"1.9.0".as_ptr()) };
        if answer.is_null() {
            return Err("libgcrypt is older than 1.9 and has no SM4".to_owned());
        }
        // SAFETY: not null, and a C string by the library's word.
        let version = unsafe { CStr::from_ptr(answer) }.to_string_lossy().into_owned();
        Ok(Self { library, version })
    }

    /// A cipher handle with a key.
    pub fn cipher(&self, mode: Mode, key: &[u8; 16]) -> Handle<'_> {
        let mut raw = ptr::null_mut();
        let open: Symbol<unsafe extern "C" fn(*mut *mut c_void, c_int, c_int, c_uint) -> c_uint> =
            self.get(b"gcry_cipher_open");
        // SAFETY: the place for the handle is writable.
        assert_eq!(unsafe { open(&raw mut raw, SM4, mode as c_int, 0) }, 0);
        let handle = Handle { gcrypt: self, raw };
        handle.give(b"gcry_cipher_setkey", key);
        handle
    }

    fn get<T>(&self, name: &[u8]) -> Symbol<'_, T> {
        // SAFETY: all callers state the signatures of gcrypt.h.
        unsafe { self.library.get(name) }.unwrap()
    }
}

/// An open cipher handle.
pub struct Handle<'g> {
    gcrypt: &'g Gcrypt,
    raw: *mut c_void,
}

impl Handle<'_> {
    fn give(&self, function: &[u8], bytes: &[u8]) {
        let f: Symbol<unsafe extern "C" fn(*mut c_void, *const u8, usize) -> c_uint> = self.gcrypt.get(function);
        // SAFETY: the handle is open, and the bytes are readable for their length.
        assert_eq!(unsafe { f(self.raw, bytes.as_ptr(), bytes.len()) }, 0);
    }

    /// Starts a message.
    pub fn nonce(&mut self, nonce: &[u8]) {
        self.give(b"gcry_cipher_setiv", nonce);
    }

    /// Encrypts in place.
    pub fn encrypt_in_place(&mut self, bytes: &mut [u8]) {
        self.crypt(b"gcry_cipher_encrypt", bytes);
    }

    /// Decrypts in place.
    #[allow(dead_code, reason = "the tests have no use for it")]
    pub fn decrypt_in_place(&mut self, bytes: &mut [u8]) {
        self.crypt(b"gcry_cipher_decrypt", bytes);
    }

    fn crypt(&mut self, function: &[u8], bytes: &mut [u8]) {
        type Crypt = unsafe extern "C" fn(*mut c_void, *mut u8, usize, *const u8, usize) -> c_uint;
        let f: Symbol<Crypt> = self.gcrypt.get(function);
        // SAFETY: the handle is open, the bytes are writable; no input means in place.
        assert_eq!(unsafe { f(self.raw, bytes.as_mut_ptr(), bytes.len(), ptr::null(), 0) }, 0);
    }

    /// Encrypts.
    #[allow(dead_code, reason = "the bench has no use for it")]
    pub fn encrypt(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        self.encrypt_in_place(&mut out);
        out
    }

    /// The tag of the message.
    pub fn tag(&mut self) -> [u8; 16] {
        let mut out = [0; 16];
        let f: Symbol<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> c_uint> =
            self.gcrypt.get(b"gcry_cipher_gettag");
        // SAFETY: the handle is open, and the place for the tag is writable.
        assert_eq!(unsafe { f(self.raw, out.as_mut_ptr(), out.len()) }, 0);
        out
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        let close: Symbol<unsafe extern "C" fn(*mut c_void)> = self.gcrypt.get(b"gcry_cipher_close");
        // SAFETY: the handle is open and not used again.
        unsafe { close(self.raw) };
    }
}
