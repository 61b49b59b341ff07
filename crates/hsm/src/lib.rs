//! Key rings whose material lies in a cryptographic device: PKCS#11 tokens (suite `intl`) and
//! SDF devices (GM/T 0018, suite `gm`).
//!
//! The one place that knows devices. It must not know what is sealed, nor where a PIN comes from: that is handed in.

mod bulk;
mod pkcs11;
mod place;
mod sdf;

pub use bulk::{BadCipher, BulkCipher};
pub use pkcs11::Token;
pub use place::{BadPlace, KeyPlace};
pub use sdf::SdfDevice;

use crypto::{CryptoError, DeviceFault, FileKeyProvider, Keeping, KeyProvider, KeyRing, Suite, Vault};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A ring's folder, the file of its master key where it has one, and its suite.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    /// Folder.
    pub dir: &'a Path,
    /// Master key, used by [`KeyPlace::File`] alone.
    pub master: &'a Path,
    /// Suite of the deployment.
    pub suite: Suite,
}

/// Makes a ring at a place, or opens it where it stands already.
///
/// # Errors
/// As [`open`]; the folder cannot be made.
pub fn init(
    place: &KeyPlace,
    ring: Ring<'_>,
    pin: Option<Zeroizing<String>>,
) -> Result<Arc<dyn KeyProvider>, CryptoError> {
    if matches!(place, KeyPlace::File) {
        return Ok(Arc::new(FileKeyProvider::init(ring.dir, ring.master, ring.suite)?));
    }
    fs::create_dir_all(ring.dir)?;
    fs::set_permissions(ring.dir, fs::Permissions::from_mode(0o700))?;
    open(place, ring, pin)
}

/// Opens a ring at its place.
///
/// # Errors
/// The place does not serve the suite, the device is not there or refuses the PIN, material is missing or changed.
pub fn open(
    place: &KeyPlace,
    ring: Ring<'_>,
    pin: Option<Zeroizing<String>>,
) -> Result<Arc<dyn KeyProvider>, CryptoError> {
    check_suite(place, ring.suite)?;
    Ok(match place {
        KeyPlace::File => Arc::new(FileKeyProvider::open(ring.dir, ring.master, ring.suite)?),
        KeyPlace::Pkcs11 { module, token, .. } => {
            Arc::new(KeyRing::over(ring.dir, Token::open(module, token, pin.ok_or_else(no_pin)?)?)?)
        }
        KeyPlace::Sdf { library, kek } => Arc::new(KeyRing::over(ring.dir, SdfDevice::open(library, *kek)?)?),
    })
}

/// What a place says of itself; a device is asked and logged in to, no ring is opened.
///
/// # Errors
/// As [`open`].
pub fn look(place: &KeyPlace, suite: Suite, pin: Option<Zeroizing<String>>) -> Result<Keeping, CryptoError> {
    check_suite(place, suite)?;
    Ok(match place {
        KeyPlace::File => Keeping { kind: "file", device: String::new(), extractable: true },
        KeyPlace::Pkcs11 { module, token, .. } => Token::open(module, token, pin.ok_or_else(no_pin)?)?.keeping(),
        KeyPlace::Sdf { library, kek } => SdfDevice::open(library, *kek)?.keeping(),
    })
}

/// Names of a ring's entries that its place has no material for. Opens no ring and changes nothing.
///
/// # Errors
/// As [`open`].
pub fn absent(place: &KeyPlace, ring: Ring<'_>, pin: Option<Zeroizing<String>>) -> Result<Vec<String>, CryptoError> {
    check_suite(place, ring.suite)?;
    match place {
        KeyPlace::File => Ok(Vec::new()),
        KeyPlace::Pkcs11 { module, token, .. } => {
            crypto::absent(ring.dir, &Token::open(module, token, pin.ok_or_else(no_pin)?)?)
        }
        KeyPlace::Sdf { library, kek } => crypto::absent(ring.dir, &SdfDevice::open(library, *kek)?),
    }
}

fn check_suite(place: &KeyPlace, suite: Suite) -> Result<(), CryptoError> {
    match place.suite() {
        Some(only) if only != suite => Err(CryptoError::Unsupported("serve this suite")),
        _ => Ok(()),
    }
}

/// Label and data so that no two pairs give the same bytes.
fn parts(label: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("yunyu/{label}/v1\n").into_bytes();
    out.extend((data.len() as u64).to_be_bytes());
    out.extend(data);
    out
}

fn no_pin() -> CryptoError {
    DeviceFault::NoPin.into()
}
