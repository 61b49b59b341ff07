//! A ring over a PKCS#11 token.

use crate::softhsm::{SoftHsm, pin, with_token};
use crypto::{Context, CryptoError, KeyProvider, KeyState, Suite, WrappedKey, Zeroizing, open_object, seal_object};
use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, AttributeType};
use hsm::{KeyPlace, Ring};
use std::fs;
use std::path::Path;
use std::sync::Arc;

pub(crate) const LABEL: &str = "zone keys";

pub(crate) fn open(hsm: &SoftHsm) -> Result<Arc<dyn KeyProvider>, CryptoError> {
    let ring = hsm.ring();
    hsm::init(&hsm.place(LABEL), Ring { dir: &ring, master: Path::new("/none"), suite: Suite::Intl }, pin())
}

fn context() -> Context {
    let text = str::to_owned;
    Context { deployment: text("d"), resource: text("r"), object: text("o"), version: text("1") }
}

#[test]
fn keys_live_in_the_token_and_outlive_the_process() {
    with_token("pkcs11::keys_live_in_the_token_and_outlive_the_process", LABEL, |hsm| {
        let p = open(hsm).unwrap();
        let keeping = p.keeping();
        assert_eq!((keeping.kind, keeping.extractable), ("pkcs11", false));
        assert!(keeping.device.contains("SoftHSM"), "{keeping:?}");
        let (a, b) = (p.create_at("resource", "r", Some(5)).unwrap(), p.create("authorisation", "x").unwrap());
        let sealed = seal_object(b"a record", &*p, &a, &context()).unwrap();
        let (key, wrapped) = p.data_key(&a).unwrap();
        let mac = p.mac_key(&a, "subjects").unwrap();
        // Nothing in the ring's folder opens anything without the token.
        for file in fs::read_dir(hsm.ring()).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(32).any(|w| w == key.expose()));
        }
        drop(p);
        let p = open(hsm).unwrap();
        assert_eq!(open_object(&sealed, &*p, &context()).unwrap(), b"a record");
        assert_eq!(p.unwrap(&a, &wrapped).unwrap().expose(), key.expose());
        assert!(matches!(p.unwrap(&b, &wrapped), Err(CryptoError::DoesNotOpen)));
        assert_eq!(p.mac_key(&a, "subjects").unwrap(), mac);
        assert_ne!(p.mac_key(&a, "others").unwrap(), mac);
        assert_ne!(p.mac_key(&b, "subjects").unwrap(), mac);
        let other = Context { object: "elsewhere".into(), ..context() };
        assert!(open_object(&sealed, &*p, &other).is_err());
    });
}

#[test]
fn key_material_cannot_be_taken_out_of_the_token() {
    with_token("pkcs11::key_material_cannot_be_taken_out_of_the_token", LABEL, |hsm| {
        let p = open(hsm).unwrap();
        let id = p.create("resource", "r").unwrap();
        let KeyPlace::Pkcs11 { module, .. } = hsm.place(LABEL) else { unreachable!() };
        let module = Pkcs11::new(module).unwrap();
        let slot = module.get_slots_with_initialized_token().unwrap()[0];
        let session = module.open_rw_session(slot).unwrap();
        let name = [Attribute::Label(id.as_str().as_bytes().to_vec())];
        let objects = session.find_objects(&name).unwrap();
        assert_eq!(objects.len(), 2, "one key wraps, one derives");
        for object in objects {
            assert_eq!(session.get_attributes(object, &[AttributeType::Value]).unwrap(), []);
            let never = [AttributeType::NeverExtractable, AttributeType::AlwaysSensitive];
            let told = session.get_attributes(object, &never).unwrap();
            assert_eq!(told, [Attribute::NeverExtractable(true), Attribute::AlwaysSensitive(true)]);
            assert!(session.update_attributes(object, &[Attribute::Extractable(true)]).is_err());
        }
    });
}

#[test]
fn a_changed_wrapped_key_or_entry_does_not_open() {
    with_token("pkcs11::a_changed_wrapped_key_or_entry_does_not_open", LABEL, |hsm| {
        let p = open(hsm).unwrap();
        let id = p.create("resource", "r").unwrap();
        let (_, wrapped) = p.data_key(&id).unwrap();
        assert!(wrapped.0.len() <= 512);
        for i in 0..wrapped.0.len() {
            let mut changed = wrapped.clone();
            changed.0[i] ^= 1;
            assert!(p.unwrap(&id, &changed).is_err(), "byte {i}");
            assert!(p.unwrap(&id, &WrappedKey(wrapped.0[..i].to_vec())).is_err());
        }
        p.unwrap(&id, &wrapped).unwrap();
        drop(p);
        let file = hsm.ring().join(format!("{id}.key"));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("\"scope\":\"r\"", "\"scope\":\"s\"")).unwrap();
        assert!(matches!(open(hsm).err(), Some(CryptoError::DoesNotOpen)));
    });
}

#[test]
fn a_key_destroyed_in_the_token_is_gone_for_every_backup() {
    with_token("pkcs11::a_key_destroyed_in_the_token_is_gone_for_every_backup", LABEL, |hsm| {
        let p = open(hsm).unwrap();
        let id = p.create("authorisation", "x").unwrap();
        let (_, wrapped) = p.data_key(&id).unwrap();
        let file = hsm.ring().join(format!("{id}.key"));
        let saved = fs::read(&file).unwrap();
        p.destroy_at(&id, Some(9)).unwrap();
        p.destroy(&id).unwrap();
        assert!(matches!(p.unwrap(&id, &wrapped), Err(CryptoError::DestroyedKey)));
        drop(p);
        // The whole folder as it was before, without any tombstone: the token no longer has the key.
        fs::remove_file(hsm.ring().join(format!("{id}.destroyed"))).unwrap();
        fs::write(&file, saved).unwrap();
        assert!(matches!(open(hsm).err(), Some(CryptoError::Device(_))));
    });
}

#[test]
fn rotation_ends_in_the_token_too() {
    with_token("pkcs11::rotation_ends_in_the_token_too", LABEL, |hsm| {
        let p = open(hsm).unwrap();
        let id = p.create("resource", "r").unwrap();
        let (key, old) = p.data_key(&id).unwrap();
        p.begin_rotation(&id, Some(3)).unwrap();
        drop(p);
        let p = open(hsm).unwrap();
        let new = p.rewrap(&id, &old).unwrap().unwrap();
        assert_eq!((new.0.len(), p.rewrap(&id, &new).unwrap()), (old.0.len(), None));
        p.end_rotation(&id, None).unwrap();
        drop(p);
        let p = open(hsm).unwrap();
        assert_eq!(p.unwrap(&id, &new).unwrap().expose(), key.expose());
        assert!(p.unwrap(&id, &old).is_err());
        let info = p.list().remove(0);
        assert_eq!((info.state, info.version, info.rotating), (KeyState::Live, 2, false));
    });
}

#[test]
fn what_is_not_the_token_is_refused() {
    with_token("pkcs11::what_is_not_the_token_is_refused", LABEL, |hsm| {
        let dir = hsm.ring();
        let ring = Ring { dir: &dir, master: Path::new("/none"), suite: Suite::Intl };
        let wrong = Some(Zeroizing::new("another".to_owned()));
        let tell = |place: &KeyPlace, ring, pin| hsm::init(place, ring, pin).err().unwrap().to_string();
        assert_eq!(tell(&hsm.place(LABEL), ring, wrong), "the key device: Login: PinIncorrect");
        assert!(tell(&hsm.place("another"), ring, pin()).contains("no token has this label"));
        assert!(tell(&hsm.place(LABEL), ring, None).contains("no PIN"));
        assert!(tell(&hsm.place(LABEL), Ring { suite: Suite::Gm, ..ring }, pin()).contains("suite"));
        let library: KeyPlace = "pkcs11:/lib/none.so?token=x".parse().unwrap();
        assert!(tell(&library, ring, pin()).contains("library"));
    });
}

#[test]
fn many_threads_use_one_token() {
    with_token("pkcs11::many_threads_use_one_token", LABEL, |hsm| {
        let p = open(hsm).unwrap();
        let id = p.create("resource", "r").unwrap();
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..25 {
                        let (key, wrapped) = p.data_key(&id).unwrap();
                        assert_eq!(p.unwrap(&id, &wrapped).unwrap().expose(), key.expose());
                    }
                });
            }
        });
        assert_eq!(p.list()[0].wrapped, 100);
    });
}
