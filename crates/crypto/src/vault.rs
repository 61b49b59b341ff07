//! What a key ring needs of the place where key material is: a master key file, or a device.
//!
//! The ring ([`crate::KeyRing`]) keeps ids, purposes, versions and tombstones; a vault keeps the material and computes
//! with it. A vault in a device never gives material out.

use crate::envelope::suite_byte;
use crate::provider::Keeping;
use crate::{CryptoError, DeviceFault, Suite, aead};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// First byte of a data key that a device wrapped; the ones under a master key file begin with 1.
pub(crate) const DEVICE_VERSION: u8 = 2;

/// Keeps the material of KEKs under names that the ring chooses.
pub trait Vault: Send + Sync {
    /// Material, or a handle to it.
    type Kek: Clone + Send + Sync;

    /// Whether material lies outside the ring's folder, so that making and erasing it are steps of their own.
    const OUTSIDE: bool;

    /// Suite of everything in it.
    fn suite(&self) -> Suite;

    /// Where it is.
    fn keeping(&self) -> Keeping;

    /// Makes material. The text stands in the ring's entry and must open it again, bound to `bound`.
    ///
    /// # Errors
    /// The device or the random source failed.
    fn make(&self, name: &str, bound: &[u8]) -> Result<(String, Self::Kek), CryptoError>;

    /// Finds material again and checks that the entry is its own.
    ///
    /// # Errors
    /// It is not there, or the entry was changed.
    fn open(&self, name: &str, bound: &[u8], sealed: &str) -> Result<Self::Kek, CryptoError>;

    /// The material itself, where it can be moved. A device never gives it.
    fn take_out(&self, _kek: &Self::Kek) -> Option<Zeroizing<[u8; 32]>> {
        None
    }

    /// Takes material back that `take_out` gave, as `make` takes new one.
    ///
    /// # Errors
    /// A device takes none.
    fn put_back(&self, _bound: &[u8], _kek: &[u8; 32]) -> Result<(String, Self::Kek), CryptoError> {
        Err(CryptoError::Unsupported("take keys in"))
    }

    /// Whether there is material of this name.
    ///
    /// # Errors
    /// The device failed.
    fn holds(&self, name: &str) -> Result<bool, CryptoError>;

    /// Erases what lies outside the ring's folder. Nothing there is no error, so this proves nothing: for what may have
    /// sealed something there is `erase_beside`.
    ///
    /// # Errors
    /// The device failed.
    fn erase(&self, name: &str) -> Result<(), CryptoError>;

    /// Erases material so that its absence can be believed, as [`erase_beside`] does. A device overrides it so that all
    /// steps are in one session, by no handle that was found earlier.
    ///
    /// # Errors
    /// `Device`: it failed, it does not show `beside`, or it keeps what was erased. Then nothing may be called destroyed.
    fn erase_beside(&self, names: &[String], beside: &[String]) -> Result<(), CryptoError> {
        if !Self::OUTSIDE {
            return names.iter().try_for_each(|name| self.erase(name));
        }
        erase_beside(&mut Calls(self), names, beside)?.map_err(CryptoError::from)
    }

    /// Random bytes.
    ///
    /// # Errors
    /// The source gave none.
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError>;

    /// Seals a data key, bound to `bound`.
    ///
    /// # Errors
    /// The device or the random source failed.
    fn wrap(&self, kek: &Self::Kek, bound: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, CryptoError>;

    /// Opens what `wrap` sealed.
    ///
    /// # Errors
    /// `DoesNotOpen`: other material, other bound value, changed bytes.
    fn unwrap(&self, kek: &Self::Kek, bound: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError>;

    /// A key derived from the material; each `info` has its own.
    ///
    /// # Errors
    /// The device failed.
    fn derive(&self, kek: &Self::Kek, info: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError>;
}

/// A device within one session, as [`erase_beside`] asks it.
pub trait Shelf {
    /// How a call fails.
    type Error;

    /// Whether all material of this name is there as it was made, looked for anew.
    ///
    /// # Errors
    /// The device failed.
    fn whole(&mut self, name: &str) -> Result<bool, Self::Error>;

    /// Whether anything of this name is there, also a part of it.
    ///
    /// # Errors
    /// The device failed.
    fn any(&mut self, name: &str) -> Result<bool, Self::Error>;

    /// Erases everything of this name; tells whether there was something, by what it erased where the device can tell.
    ///
    /// # Errors
    /// The device failed.
    fn erase(&mut self, name: &str) -> Result<bool, Self::Error>;
}

/// Erases `names` from a device. That they are not found says something only about the ring's own device whose user is logged
/// in: it must show every key `beside` them, before and after. With none beside, one of `names` itself must have been there.
///
/// # Errors
/// Outside: a call failed. Inside: the device does not show what it must, or keeps what was erased.
pub fn erase_beside<S: Shelf>(
    shelf: &mut S,
    names: &[String],
    beside: &[String],
) -> Result<Result<(), DeviceFault>, S::Error> {
    if names.is_empty() {
        return Ok(Ok(()));
    }
    if !shows(shelf, beside)? {
        return Ok(Err(DeviceFault::NotShown));
    }
    let mut there = Vec::new();
    for name in names {
        if shelf.any(name)? {
            there.push(name);
        }
    }
    if there.is_empty() && beside.is_empty() {
        return Ok(Err(DeviceFault::NothingShown));
    }
    for name in there {
        // What was there a moment ago and is not now was not erased by anybody: it is hidden.
        if !shelf.erase(name)? {
            return Ok(Err(DeviceFault::NotShown));
        }
    }
    for name in names {
        if shelf.any(name)? {
            return Ok(Err(DeviceFault::StillThere));
        }
    }
    // Logged out or exchanged meanwhile, it would have hidden what it still has.
    Ok(if shows(shelf, beside)? { Ok(()) } else { Err(DeviceFault::NotShown) })
}

fn shows<S: Shelf>(shelf: &mut S, names: &[String]) -> Result<bool, S::Error> {
    for name in names {
        if !shelf.whole(name)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A vault that has no session of its own to offer.
struct Calls<'a, V: ?Sized>(&'a V);

impl<V: Vault + ?Sized> Shelf for Calls<'_, V> {
    type Error = CryptoError;

    fn whole(&mut self, name: &str) -> Result<bool, CryptoError> {
        self.0.holds(name)
    }

    fn any(&mut self, name: &str) -> Result<bool, CryptoError> {
        self.0.holds(name)
    }

    fn erase(&mut self, name: &str) -> Result<bool, CryptoError> {
        let there = self.0.holds(name)?;
        self.0.erase(name)?;
        Ok(there)
    }
}

/// A data key as a device wrapped it: `2 ‖ suite ‖ commitment 32 ‖ the device's own bytes`. The commitment is made from the
/// data key and what it is bound to, since neither GCM nor CBC promises that one ciphertext opens under one key only.
///
/// # Errors
/// None for a suite's own lengths.
pub fn device_wrapped(suite: Suite, bound: &[u8], key: &[u8; 32], body: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut out = vec![DEVICE_VERSION, suite_byte(suite)];
    out.extend(commitment(suite, bound, key)?);
    out.extend(body);
    Ok(out)
}

/// Opens what `device_wrapped` framed; `open` has the device open its own bytes.
///
/// # Errors
/// Another version or suite, cut short; `DoesNotOpen` where the commitment is not the opened key's; what `open` gives.
pub fn device_open(
    suite: Suite,
    bound: &[u8],
    wrapped: &[u8],
    open: impl FnOnce(&[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError>,
) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
    let (lead, rest) = wrapped.split_at_checked(2).ok_or(CryptoError::Truncated)?;
    let (stated, body) = rest.split_at_checked(32).ok_or(CryptoError::Truncated)?;
    if lead != [DEVICE_VERSION, suite_byte(suite)] {
        return Err(CryptoError::UnknownVersion("a sealed key"));
    }
    let key = open(body)?;
    let held: bool = commitment(suite, bound, &key)?.ct_eq(stated).into();
    if held { Ok(key) } else { Err(CryptoError::DoesNotOpen) }
}

fn commitment(suite: Suite, bound: &[u8], key: &[u8; 32]) -> Result<[u8; 32], CryptoError> {
    let mut info = b"yunyu/wrap-commitment/v1\n".to_vec();
    aead::push_part(&mut info, bound);
    let mut out = [0; 32];
    aead::expand(suite, key, &info, &mut out)?;
    Ok(out)
}

/// Whether two codes are the same, in time that does not depend on where they differ.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
