//! KEKs in a PKCS#11 token: an AES-256 key that wraps by AES-GCM, and a generic secret that derives by HMAC-SHA-256,
//! both made in the token, sensitive and not extractable. Data keys pass through; KEKs never leave.

use crate::parts;
use crypto::{CryptoError, DeviceFault, Keeping, Shelf, Suite, Vault, device_open, device_wrapped, erase_beside};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

const SUITE: Suite = Suite::Intl;
const NONCE: usize = 12;
const TAG_BITS: u64 = 128;
/// Bytes of a wrapped key's own part: nonce, key, tag.
const BODY: usize = NONCE + 32 + 16;

/// A token, logged in. Calls are one after the other: a session serves one caller at a time.
pub struct Token {
    module: Pkcs11,
    slot: Slot,
    pin: AuthPin,
    device: String,
    state: Mutex<State>,
}

/// Whether there is a session, and whether there may be another.
#[derive(Default)]
struct State {
    live: Option<Live>,
    /// The token refused the PIN. Tried again and again it would lock, so nobody here does.
    refused: bool,
}

/// A session and what was found in it.
struct Live {
    session: Session,
    pairs: HashMap<Arc<str>, Pair>,
}

/// The two keys of one KEK.
#[derive(Clone, Copy)]
struct Pair {
    wrap: ObjectHandle,
    derive: ObjectHandle,
}

impl Token {
    /// Loads the vendor's library, finds the token by its label and logs in.
    ///
    /// # Errors
    /// `Device`: no library, no such token or several, a wrong PIN, one that is locked or has one try left.
    pub fn open(module: &Path, label: &str, pin: Zeroizing<String>) -> Result<Self, CryptoError> {
        // The loader's own text would name paths of the machine.
        let module = Pkcs11::new(module).map_err(|_| DeviceFault::NoLibrary)?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) | Ok(()) => {}
            Err(e) => return Err(told(e)),
        }
        let mut fits = Vec::new();
        for slot in module.get_slots_with_initialized_token().map_err(told)? {
            let info = module.get_token_info(slot).map_err(told)?;
            if info.label() == label {
                fits.push((slot, info));
            }
        }
        let (slot, info) = match fits.as_slice() {
            [one] => one,
            [] => return Err(DeviceFault::NoToken.into()),
            _ => return Err(DeviceFault::SeveralTokens.into()),
        };
        let device =
            [info.manufacturer_id(), info.model(), info.serial_number()].map(str::trim).join(" ").trim().to_owned();
        let slot = *slot;
        let token = Self { module, slot, pin: AuthPin::new(pin.as_str().into()), device, state: Mutex::default() };
        token.with(|_| Ok(()))?;
        Ok(token)
    }

    /// A session whose user is logged in. The PIN is tried once, and not where a wrong one would lock it.
    fn connect(&self, refused: &mut bool) -> Result<Live, CryptoError> {
        let session = self.module.open_rw_session(self.slot).map_err(told)?;
        if session.get_session_info().map_err(told)?.session_state() != SessionState::RwUser {
            if *refused {
                return Err(DeviceFault::PinRefused.into());
            }
            let info = self.module.get_token_info(self.slot).map_err(told)?;
            may_try(info.user_pin_locked(), info.user_pin_final_try())?;
            match session.login(UserType::User, Some(&self.pin)) {
                Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) | Ok(()) => {}
                Err(e) => {
                    *refused = is_refusal(&e);
                    return Err(told(e));
                }
            }
        }
        Ok(Live { session, pairs: HashMap::new() })
    }

    /// Calls the token; once more in a new session where the old one is gone.
    fn with<T>(&self, call: impl Fn(&mut Live) -> Result<T, Error>) -> Result<T, CryptoError> {
        let State { live, refused } = &mut *self.lock();
        if let Some(open) = live.as_mut() {
            match call(open) {
                Err(e) if session_is_gone(&e) => *live = None,
                other => return other.map_err(told),
            }
        }
        let mut open = self.connect(refused)?;
        let out = call(&mut open);
        *live = Some(open);
        out.map_err(told)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a PIN may be tried that may be wrong: whoever set it meanwhile must not find the token locked.
fn may_try(locked: bool, final_try: bool) -> Result<(), CryptoError> {
    match (locked, final_try) {
        (true, _) => Err(DeviceFault::PinLocked.into()),
        (false, true) => Err(DeviceFault::PinFinalTry.into()),
        (false, false) => Ok(()),
    }
}

fn is_refusal(e: &Error) -> bool {
    use RvError::{PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked};
    matches!(e, Error::Pkcs11(PinExpired | PinIncorrect | PinInvalid | PinLenRange | PinLocked, _))
}

fn session_is_gone(e: &Error) -> bool {
    use RvError::{
        CryptokiNotInitialized, DeviceError, DeviceRemoved, GeneralError, KeyHandleInvalid, ObjectHandleInvalid,
        SessionClosed, SessionHandleInvalid, TokenNotPresent, UserNotLoggedIn,
    };
    matches!(
        e,
        Error::Pkcs11(
            CryptokiNotInitialized
                | DeviceError
                | DeviceRemoved
                | GeneralError
                | KeyHandleInvalid
                | ObjectHandleInvalid
                | SessionClosed
                | SessionHandleInvalid
                | TokenNotPresent
                | UserNotLoggedIn,
            _
        )
    )
}

/// Function and code; never a value.
fn told(e: Error) -> CryptoError {
    CryptoError::Device(match e {
        Error::Pkcs11(code, function) => format!("{function:?}: {code:?}"),
        _ => "a call failed".into(),
    })
}

fn labelled(name: &str) -> Vec<Attribute> {
    let label = Attribute::Label(name.as_bytes().to_vec());
    vec![Attribute::Token(true), Attribute::Class(ObjectClass::SECRET_KEY), label]
}

fn named(name: &str, class: KeyType) -> Vec<Attribute> {
    let mut out = labelled(name);
    out.push(Attribute::KeyType(class));
    out
}

/// What every key of ours is made as.
fn kept(name: &str) -> Vec<Attribute> {
    vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Modifiable(false),
        Attribute::Derive(false),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        Attribute::ValueLen(32.into()),
        Attribute::Label(name.as_bytes().to_vec()),
    ]
}

impl Live {
    fn generate(&mut self, name: &str) -> Result<Pair, Error> {
        // What a first attempt left in a session that broke: two of one name would be none.
        Shelf::erase(self, name)?;
        let mut wrapping = kept(name);
        wrapping.extend([Attribute::Encrypt(true), Attribute::Decrypt(true), Attribute::Sign(false)]);
        let mut deriving = kept(name);
        deriving.extend([Attribute::Sign(true), Attribute::Encrypt(false), Attribute::Decrypt(false)]);
        let wrap = self.session.generate_key(&Mechanism::AesKeyGen, &wrapping)?;
        let derive = self.session.generate_key(&Mechanism::GenericSecretKeyGen, &deriving)?;
        let pair = Pair { wrap, derive };
        self.pairs.insert(name.into(), pair);
        Ok(pair)
    }

    /// Both keys of a name; `None` where there is not exactly one of each, or one could be taken out.
    fn find(&mut self, name: &str) -> Result<Option<Pair>, Error> {
        if let Some(pair) = self.pairs.get(name) {
            return Ok(Some(*pair));
        }
        let (Some(wrap), Some(derive)) = (self.one(name, KeyType::AES)?, self.one(name, KeyType::GENERIC_SECRET)?)
        else {
            return Ok(None);
        };
        let pair = Pair { wrap, derive };
        self.pairs.insert(name.into(), pair);
        Ok(Some(pair))
    }

    fn one(&self, name: &str, class: KeyType) -> Result<Option<ObjectHandle>, Error> {
        let found = self.session.find_objects(&named(name, class))?;
        let [object] = found.as_slice() else { return Ok(None) };
        let asked = [AttributeType::Sensitive, AttributeType::Extractable, AttributeType::Local];
        let told = self.session.get_attributes(*object, &asked)?;
        let safe = [Attribute::Sensitive(true), Attribute::Extractable(false), Attribute::Local(true)];
        Ok(safe.iter().all(|a| told.contains(a)).then_some(*object))
    }

    fn pair(&mut self, name: &str) -> Result<Pair, Error> {
        self.find(name)?.ok_or(Error::Pkcs11(RvError::ObjectHandleInvalid, cryptoki::context::Function::FindObjects))
    }

    fn hmac(&mut self, name: &str, label: &str, data: &[u8]) -> Result<Vec<u8>, Error> {
        let pair = self.pair(name)?;
        self.session.sign(&Mechanism::Sha256Hmac, pair.derive, &parts(label, data))
    }
}

/// By what the token shows now, never by a handle that was found before: a session whose user is logged out has those still.
impl Shelf for Live {
    type Error = Error;

    fn whole(&mut self, name: &str) -> Result<bool, Error> {
        Ok(self.one(name, KeyType::AES)?.is_some() && self.one(name, KeyType::GENERIC_SECRET)?.is_some())
    }

    fn any(&mut self, name: &str) -> Result<bool, Error> {
        Ok(!self.session.find_objects(&labelled(name))?.is_empty())
    }

    fn erase(&mut self, name: &str) -> Result<bool, Error> {
        self.pairs.remove(name);
        let found = self.session.find_objects(&labelled(name))?;
        for object in &found {
            self.session.destroy_object(*object)?;
        }
        Ok(!found.is_empty())
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], CryptoError> {
    bytes.try_into().map_err(|_| DeviceFault::Length.into())
}

impl Vault for Token {
    type Kek = Arc<str>;

    const OUTSIDE: bool = true;

    fn suite(&self) -> Suite {
        SUITE
    }

    fn keeping(&self) -> Keeping {
        Keeping { kind: "pkcs11", device: self.device.clone(), extractable: false }
    }

    fn make(&self, name: &str, bound: &[u8]) -> Result<(String, Arc<str>), CryptoError> {
        self.with(|live| live.generate(name))?;
        let mark = self.with(|live| live.hmac(name, "key-entry", bound))?;
        Ok((hex::encode(mark), name.into()))
    }

    fn open(&self, name: &str, bound: &[u8], sealed: &str) -> Result<Arc<str>, CryptoError> {
        if self.with(|live| live.find(name))?.is_none() {
            return Err(DeviceFault::KeyMissing.into());
        }
        let mark = self.with(|live| live.hmac(name, "key-entry", bound))?;
        if hex::encode(mark) == sealed { Ok(name.into()) } else { Err(CryptoError::DoesNotOpen) }
    }

    fn holds(&self, name: &str) -> Result<bool, CryptoError> {
        self.with(|live| Ok(live.find(name)?.is_some()))
    }

    fn erase(&self, name: &str) -> Result<(), CryptoError> {
        self.with(|live| Shelf::erase(live, name)).map(|_| ())
    }

    fn erase_beside(&self, names: &[String], beside: &[String]) -> Result<(), CryptoError> {
        let done = self.with(|live| erase_beside(live, names, beside))?;
        if done.is_err() {
            // Somebody may have logged the user out, which no call says: the next attempt logs in anew.
            self.lock().live = None;
        }
        Ok(done?)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let n = u32::try_from(out.len()).map_err(|_| CryptoError::Random)?;
        let drawn = Zeroizing::new(self.with(|live| live.session.generate_random_vec(n))?);
        if drawn.len() != out.len() {
            return Err(CryptoError::Random);
        }
        out.copy_from_slice(&drawn);
        Ok(())
    }

    fn wrap(&self, kek: &Arc<str>, bound: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; NONCE];
        self.random(&mut nonce)?;
        let aad = parts("wrap", bound);
        let sealed = self.with(|live| {
            let (pair, mut nonce) = (live.pair(kek)?, nonce);
            let params = GcmParams::new(&mut nonce, &aad, TAG_BITS.into())?;
            live.session.encrypt(&Mechanism::AesGcm(params), pair.wrap, key)
        })?;
        let body = [&nonce[..], &sealed].concat();
        if body.len() != BODY {
            return Err(DeviceFault::Length.into());
        }
        device_wrapped(SUITE, bound, key, &body)
    }

    fn unwrap(&self, kek: &Arc<str>, bound: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        device_open(SUITE, bound, wrapped, |body| {
            let (nonce, sealed) = body.split_at_checked(NONCE).ok_or(CryptoError::Truncated)?;
            let nonce: [u8; NONCE] = array(nonce)?;
            if body.len() != BODY {
                return Err(CryptoError::DoesNotOpen);
            }
            let aad = parts("wrap", bound);
            let opened = self.with(|live| {
                let (pair, mut nonce) = (live.pair(kek)?, nonce);
                let params = GcmParams::new(&mut nonce, &aad, TAG_BITS.into())?;
                match live.session.decrypt(&Mechanism::AesGcm(params), pair.wrap, sealed) {
                    Err(e) if is_bad_tag(&e) => Ok(None),
                    other => other.map(Zeroizing::new).map(Some),
                }
            })?;
            let key = opened.ok_or(CryptoError::DoesNotOpen)?;
            Ok(Zeroizing::new(array(&key)?))
        })
    }

    fn derive(&self, kek: &Arc<str>, info: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let mac = Zeroizing::new(self.with(|live| live.hmac(kek, "derive", info))?);
        Ok(Zeroizing::new(array(&mac)?))
    }
}

/// How tokens say that a tag does not hold: not all use the code that was meant for it.
fn is_bad_tag(e: &Error) -> bool {
    use RvError::{DataInvalid, EncryptedDataInvalid, EncryptedDataLenRange, FunctionFailed, GeneralError};
    matches!(
        e,
        Error::Pkcs11(EncryptedDataInvalid | EncryptedDataLenRange | GeneralError | FunctionFailed | DataInvalid, _)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_not_tried_where_a_wrong_one_would_lock_it() {
        may_try(false, false).unwrap();
        assert!(may_try(false, true).unwrap_err().to_string().contains("one try"));
        for final_try in [false, true] {
            assert!(may_try(true, final_try).unwrap_err().to_string().contains("locked"));
        }
    }
}
