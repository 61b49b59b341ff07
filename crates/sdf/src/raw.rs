//! The functions of GM/T 0018-2012 as C sees them.

use super::SdfError;
use libloading::Library;
use std::ffi::c_void;
use std::path::Path;

pub(crate) type Handle = *mut c_void;
type Bytes = *const u8;
type OutBytes = *mut u8;
type Out<T> = *mut T;

/// `DEVICEINFO`, 5.1 of the standard.
#[repr(C)]
pub(crate) struct DeviceInfo {
    pub(crate) issuer: [u8; 40],
    pub(crate) name: [u8; 16],
    pub(crate) serial: [u8; 16],
    versions: [u32; 2],
    asymmetric: [u32; 2],
    symmetric: u32,
    digests: u32,
    buffer: u32,
    /// Newer editions of the standard may append to it.
    room: [u8; 256],
}

impl Default for DeviceInfo {
    fn default() -> Self {
        Self {
            issuer: [0; 40],
            name: [0; 16],
            serial: [0; 16],
            versions: [0; 2],
            asymmetric: [0; 2],
            symmetric: 0,
            digests: 0,
            buffer: 0,
            room: [0; 256],
        }
    }
}

pub(crate) type Cipher = unsafe extern "C" fn(Handle, Handle, u32, OutBytes, Bytes, u32, OutBytes, Out<u32>) -> i32;

/// The functions that are used, out of a library that stays loaded as long as they do.
pub(crate) struct Functions {
    pub(crate) open_device: unsafe extern "C" fn(Out<Handle>) -> i32,
    pub(crate) close_device: unsafe extern "C" fn(Handle) -> i32,
    pub(crate) open_session: unsafe extern "C" fn(Handle, Out<Handle>) -> i32,
    pub(crate) close_session: unsafe extern "C" fn(Handle) -> i32,
    pub(crate) device_info: unsafe extern "C" fn(Handle, Out<DeviceInfo>) -> i32,
    pub(crate) random: unsafe extern "C" fn(Handle, u32, OutBytes) -> i32,
    pub(crate) generate_key: unsafe extern "C" fn(Handle, u32, u32, u32, OutBytes, Out<u32>, Out<Handle>) -> i32,
    pub(crate) import_key: unsafe extern "C" fn(Handle, u32, u32, Bytes, u32, Out<Handle>) -> i32,
    pub(crate) destroy_key: unsafe extern "C" fn(Handle, Handle) -> i32,
    pub(crate) encrypt: Cipher,
    pub(crate) decrypt: Cipher,
    pub(crate) create_file: unsafe extern "C" fn(Handle, Bytes, u32, u32) -> i32,
    pub(crate) read_file: unsafe extern "C" fn(Handle, Bytes, u32, u32, Out<u32>, OutBytes) -> i32,
    pub(crate) write_file: unsafe extern "C" fn(Handle, Bytes, u32, u32, u32, Bytes) -> i32,
    pub(crate) delete_file: unsafe extern "C" fn(Handle, Bytes, u32) -> i32,
    _library: Library,
}

impl Functions {
    pub(crate) fn load(path: &Path) -> Result<Self, SdfError> {
        // SAFETY: loading runs the library's initialisers; the deployment's keeper chose this library, as root could.
        let library = unsafe { Library::new(path) }.map_err(|_| SdfError { function: "load", code: 0 })?;
        Ok(Self {
            open_device: find(&library, "SDF_OpenDevice")?,
            close_device: find(&library, "SDF_CloseDevice")?,
            open_session: find(&library, "SDF_OpenSession")?,
            close_session: find(&library, "SDF_CloseSession")?,
            device_info: find(&library, "SDF_GetDeviceInfo")?,
            random: find(&library, "SDF_GenerateRandom")?,
            generate_key: find(&library, "SDF_GenerateKeyWithKEK")?,
            import_key: find(&library, "SDF_ImportKeyWithKEK")?,
            destroy_key: find(&library, "SDF_DestroyKey")?,
            encrypt: find(&library, "SDF_Encrypt")?,
            decrypt: find(&library, "SDF_Decrypt")?,
            create_file: find(&library, "SDF_CreateFile")?,
            read_file: find(&library, "SDF_ReadFile")?,
            write_file: find(&library, "SDF_WriteFile")?,
            delete_file: find(&library, "SDF_DeleteFile")?,
            _library: library,
        })
    }
}

/// A function by its name. The types above are the standard's; a library that exports another under the name is not SDF.
fn find<F: Copy>(library: &Library, name: &'static str) -> Result<F, SdfError> {
    // SAFETY: `F` is a function pointer of the standard's signature for this name.
    let found = unsafe { library.get::<F>(name.as_bytes()) };
    found.map(|f| *f).map_err(|_| SdfError { function: name, code: 0 })
}
