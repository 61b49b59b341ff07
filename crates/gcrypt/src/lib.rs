//! libgcrypt's SM4-GCM and AES-256-GCM (LGPL, a system library), loaded when a deployment asks for it. Numbers and signatures
//! are those of `gcrypt.h` 1.10; SM4 came with 1.9.
//!
//! Handles are used by one caller at a time (`&mut`), and never outlive the library.

use libloading::Library;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fmt;
use std::ptr;
use std::sync::Arc;

const DISABLE_SECMEM: c_int = 37;
const INITIALIZATION_FINISHED: c_int = 38;
const MODE_GCM: c_int = 9;
/// Bytes of a nonce.
pub const NONCE: usize = 12;
/// Bytes of a tag.
pub const TAG: usize = 16;

/// What failed: the function, and the library's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcryptError {
    /// Function.
    pub function: &'static str,
    /// Code; 0 where the library is missing, too old, or lacks the function.
    pub code: u32,
}

impl fmt::Display for GcryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.function, self.code)
    }
}

impl std::error::Error for GcryptError {}

/// A block cipher, by its number in `gcrypt.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// AES with a key of 32 bytes.
    Aes256 = 9,
    /// SM4 with a key of 16 bytes.
    Sm4 = 318,
}

type Raw = *mut c_void;
type Crypt = unsafe extern "C" fn(Raw, *mut u8, usize, *const u8, usize) -> c_uint;
type Give = unsafe extern "C" fn(Raw, *const u8, usize) -> c_uint;

struct Functions {
    open: unsafe extern "C" fn(*mut Raw, c_int, c_int, c_uint) -> c_uint,
    close: unsafe extern "C" fn(Raw),
    set_key: Give,
    set_iv: Give,
    encrypt: Crypt,
    decrypt: Crypt,
    get_tag: unsafe extern "C" fn(Raw, *mut u8, usize) -> c_uint,
    check_tag: Give,
    version: String,
    _library: Library,
}

/// The loaded library.
#[derive(Clone)]
pub struct Gcrypt(Arc<Functions>);

impl Gcrypt {
    /// Loads `libgcrypt.so.20` and sets it up.
    ///
    /// # Errors
    /// It is missing, older than 1.9, or lacks a function.
    pub fn load() -> Result<Self, GcryptError> {
        let missing = |function| GcryptError { function, code: 0 };
        // SAFETY: the library's constructors only set up the library itself.
        let library = unsafe { Library::new("libgcrypt.so.20") }.map_err(|_| missing("libgcrypt.so.20"))?;
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the type that it is assigned to is the signature in gcrypt.h.
                *unsafe { library.get(concat!($name, "\0").as_bytes()) }.map_err(|_| missing($name))?
            };
        }
        let check: unsafe extern "C" fn(*const c_char) -> *const c_char = function!("gcry_check_version");
        let control: unsafe extern "C" fn(c_int, ...) -> c_uint = function!("gcry_control");
        // SAFETY: the argument is a C string; the answer is null or a C string that is never freed.
        let answer = unsafe { check(c"1.9.0".as_ptr()) };
        if answer.is_null() {
            return Err(missing("gcry_check_version"));
        }
        // SAFETY: not null, and a C string by the library's word.
        let version = unsafe { CStr::from_ptr(answer) }.to_string_lossy().into_owned();
        for command in [DISABLE_SECMEM, INITIALIZATION_FINISHED] {
            // SAFETY: both commands take one integer, 0; the library was not used for anything yet.
            let code = unsafe { control(command, 0 as c_int) };
            if code != 0 {
                return Err(GcryptError { function: "gcry_control", code });
            }
        }
        Ok(Self(Arc::new(Functions {
            open: function!("gcry_cipher_open"),
            close: function!("gcry_cipher_close"),
            set_key: function!("gcry_cipher_setkey"),
            set_iv: function!("gcry_cipher_setiv"),
            encrypt: function!("gcry_cipher_encrypt"),
            decrypt: function!("gcry_cipher_decrypt"),
            get_tag: function!("gcry_cipher_gettag"),
            check_tag: function!("gcry_cipher_checktag"),
            version,
            _library: library,
        })))
    }

    /// The library's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// A cipher under a key.
    ///
    /// # Errors
    /// The library refuses the algorithm or the key's length.
    pub fn gcm(&self, algorithm: Algorithm, key: &[u8]) -> Result<Gcm, GcryptError> {
        let mut raw = ptr::null_mut();
        // SAFETY: the place for the handle is writable.
        let code = unsafe { (self.0.open)(&raw mut raw, algorithm as c_int, MODE_GCM, 0) };
        answered("gcry_cipher_open", code)?;
        let gcm = Gcm { functions: Arc::clone(&self.0), raw };
        gcm.give("gcry_cipher_setkey", gcm.functions.set_key, key)?;
        Ok(gcm)
    }
}

fn answered(function: &'static str, code: c_uint) -> Result<(), GcryptError> {
    if code == 0 { Ok(()) } else { Err(GcryptError { function, code }) }
}

/// GCM under one key. The library wipes what the handle holds when it is closed.
pub struct Gcm {
    functions: Arc<Functions>,
    raw: Raw,
}

// SAFETY: a handle belongs to no thread; whoever has it has it alone, since every use takes `&mut`.
unsafe impl Send for Gcm {}

impl Gcm {
    fn give(&self, name: &'static str, function: Give, bytes: &[u8]) -> Result<(), GcryptError> {
        // SAFETY: the handle is open, and the bytes are readable for their length.
        answered(name, unsafe { function(self.raw, bytes.as_ptr(), bytes.len()) })
    }

    fn crypt(&self, name: &'static str, function: Crypt, data: &mut [u8]) -> Result<(), GcryptError> {
        if data.is_empty() {
            return Ok(());
        }
        // SAFETY: the handle is open, the bytes are writable for their length; no input means in place.
        answered(name, unsafe { function(self.raw, data.as_mut_ptr(), data.len(), ptr::null(), 0) })
    }

    /// Seals in place; returns the tag.
    ///
    /// # Errors
    /// The library refuses.
    pub fn seal(&mut self, nonce: &[u8; NONCE], data: &mut [u8]) -> Result<[u8; TAG], GcryptError> {
        self.give("gcry_cipher_setiv", self.functions.set_iv, nonce)?;
        self.crypt("gcry_cipher_encrypt", self.functions.encrypt, data)?;
        let mut tag = [0; TAG];
        // SAFETY: the handle is open, and the place for the tag is writable.
        answered("gcry_cipher_gettag", unsafe { (self.functions.get_tag)(self.raw, tag.as_mut_ptr(), tag.len()) })?;
        Ok(tag)
    }

    /// Opens in place. Where the tag is another, nothing of what was opened is left.
    ///
    /// # Errors
    /// The tag is another, or the library refuses.
    pub fn open(&mut self, nonce: &[u8; NONCE], data: &mut [u8], tag: &[u8; TAG]) -> Result<(), GcryptError> {
        self.give("gcry_cipher_setiv", self.functions.set_iv, nonce)?;
        self.crypt("gcry_cipher_decrypt", self.functions.decrypt, data)?;
        let held = self.give("gcry_cipher_checktag", self.functions.check_tag, tag);
        if held.is_err() {
            data.fill(0);
        }
        held
    }
}

impl Drop for Gcm {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used again.
        unsafe { (self.functions.close)(self.raw) };
    }
}
