//! A software stand-in for an SDF device (GM/T 0018-2012), for tests alone. **It protects nothing**: its keys lie open in
//! the folder that `YUNYU_SDF_DOUBLE` names (`kek-N` is key-encryption key N, 16 bytes; `files/` the device's files).
//! Files survive the process as a device's would. With `YUNYU_SDF_FAIL=FUNCTION` that function fails.

mod soft;

use soft::{State, code};
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Handle = *mut c_void;

static STATE: Mutex<State> = Mutex::new(State::new());

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handle is a number that the device gave out.
fn handle(n: usize) -> Handle {
    std::ptr::without_provenance_mut(n)
}

fn told(result: Result<(), i32>) -> i32 {
    result.err().unwrap_or(code::OK)
}

/// Bytes that a caller lends.
///
/// # Safety
/// `at` is valid for `len` bytes, as the standard asks of callers.
unsafe fn lent<'a>(at: *const u8, len: u32) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(at, len as usize) }
}

/// Puts an answer where the caller wants it, and its length.
///
/// # Safety
/// `out` is valid for `*len` bytes.
unsafe fn give(answer: &[u8], out: *mut u8, len: *mut u32) -> Result<(), i32> {
    // SAFETY: the caller's promise; an answer that does not fit is refused.
    unsafe {
        if answer.len() > *len as usize {
            return Err(code::PARDENY);
        }
        std::ptr::copy_nonoverlapping(answer.as_ptr(), out, answer.len());
        *len = answer.len() as u32;
    }
    Ok(())
}

macro_rules! sdf {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $of:ty),*) $body:block) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// As the standard says: every pointer is valid for the length that goes with it.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: $of),*) -> i32 {
            if std::env::var("YUNYU_SDF_FAIL").is_ok_and(|f| f == stringify!($name)) {
                return code::HARDFAIL;
            }
            let answer = || -> Result<(), i32> { $body };
            told(answer())
        }
    };
}

sdf! {
    /// Opens the device.
    SDF_OpenDevice(out: *mut Handle) {
        state().open()?;
        // SAFETY: the caller's promise.
        unsafe { *out = handle(1) };
        Ok(())
    }
}

sdf! {
    /// Closes it.
    SDF_CloseDevice(_device: Handle) { Ok(()) }
}

sdf! {
    /// Opens a session.
    SDF_OpenSession(_device: Handle, out: *mut Handle) {
        // SAFETY: the caller's promise.
        unsafe { *out = handle(2) };
        Ok(())
    }
}

sdf! {
    /// Closes it.
    SDF_CloseSession(_session: Handle) { Ok(()) }
}

/// `DEVICEINFO`.
#[repr(C)]
pub struct Info {
    issuer: [u8; 40],
    name: [u8; 16],
    serial: [u8; 16],
    versions: [u32; 2],
    asymmetric: [u32; 2],
    symmetric: u32,
    digests: u32,
    buffer: u32,
}

sdf! {
    /// Says what it is.
    SDF_GetDeviceInfo(_session: Handle, out: *mut Info) {
        let mut info = Info {
            issuer: [b' '; 40], name: [b' '; 16], serial: [b' '; 16], versions: [1, 1], asymmetric: [0; 2],
            symmetric: 0x401 | 0x402, digests: 0, buffer: 4096,
        };
        info.issuer[..10].copy_from_slice(b"sdf-double");
        info.name[..8].copy_from_slice(b"software");
        info.serial[..4].copy_from_slice(b"test");
        // SAFETY: the caller's promise.
        unsafe { *out = info };
        Ok(())
    }
}

sdf! {
    /// Random bytes.
    SDF_GenerateRandom(_session: Handle, len: u32, out: *mut u8) {
        let mut bytes = vec![0; len as usize];
        getrandom::fill(&mut bytes).map_err(|_| code::HARDFAIL)?;
        let mut len = len;
        // SAFETY: the caller's promise.
        unsafe { give(&bytes, out, &raw mut len) }
    }
}

sdf! {
    /// A new session key, wrapped under a key-encryption key of the device.
    SDF_GenerateKeyWithKEK(
        _session: Handle, bits: u32, algorithm: u32, kek: u32, out: *mut u8, len: *mut u32, key: *mut Handle
    ) {
        let (n, blob) = state().generate(bits, algorithm, kek)?;
        // SAFETY: the caller's promise.
        unsafe {
            give(&blob, out, len)?;
            *key = handle(n);
        }
        Ok(())
    }
}

sdf! {
    /// Opens a wrapped session key.
    SDF_ImportKeyWithKEK(_session: Handle, algorithm: u32, kek: u32, blob: *const u8, len: u32, key: *mut Handle) {
        // SAFETY: the caller's promise.
        let n = state().import(algorithm, kek, unsafe { lent(blob, len) })?;
        // SAFETY: the caller's promise.
        unsafe { *key = handle(n) };
        Ok(())
    }
}

sdf! {
    /// Ends a session key.
    SDF_DestroyKey(_session: Handle, key: Handle) { state().destroy(key.addr()) }
}

sdf! {
    /// Encrypts whole blocks.
    SDF_Encrypt(
        _session: Handle, key: Handle, algorithm: u32, iv: *mut u8, data: *const u8, given: u32, out: *mut u8,
        len: *mut u32
    ) {
        // SAFETY: the caller's promise.
        let answer = unsafe { state().cipher(key.addr(), algorithm, lent(iv, 16), lent(data, given), true)? };
        // SAFETY: the caller's promise.
        unsafe { give(&answer, out, len) }
    }
}

sdf! {
    /// Decrypts whole blocks.
    SDF_Decrypt(
        _session: Handle, key: Handle, algorithm: u32, iv: *mut u8, data: *const u8, given: u32, out: *mut u8,
        len: *mut u32
    ) {
        // SAFETY: the caller's promise.
        let answer = unsafe { state().cipher(key.addr(), algorithm, lent(iv, 16), lent(data, given), false)? };
        // SAFETY: the caller's promise.
        unsafe { give(&answer, out, len) }
    }
}

sdf! {
    /// Makes a file.
    SDF_CreateFile(_session: Handle, name: *const u8, n: u32, size: u32) {
        // SAFETY: the caller's promise.
        state().create_file(unsafe { lent(name, n) }, size as usize)
    }
}

sdf! {
    /// Reads a file.
    SDF_ReadFile(_session: Handle, name: *const u8, n: u32, from: u32, len: *mut u32, out: *mut u8) {
        // SAFETY: the caller's promise.
        let bytes = state().read_file(unsafe { lent(name, n) })?;
        let rest = bytes.get(from as usize..).ok_or(code::FILEOFSERR)?;
        // SAFETY: the caller's promise.
        let most = unsafe { *len } as usize;
        // SAFETY: the caller's promise.
        unsafe { give(&rest[..rest.len().min(most)], out, len) }
    }
}

sdf! {
    /// Writes a file.
    SDF_WriteFile(_session: Handle, name: *const u8, n: u32, from: u32, len: u32, bytes: *const u8) {
        // SAFETY: the caller's promise.
        unsafe { state().write_file(lent(name, n), from as usize, lent(bytes, len)) }
    }
}

sdf! {
    /// Deletes a file.
    SDF_DeleteFile(_session: Handle, name: *const u8, n: u32) {
        // SAFETY: the caller's promise.
        state().delete_file(unsafe { lent(name, n) })
    }
}
