//! A destruction is believed only where the ring's own device shows the ring's other keys.

use crate::pkcs11::LABEL;
use crate::sdf;
use crate::softhsm::{PIN, SoftHsm, pin, with_token};
use crypto::{CryptoError, DeviceFault, KeyId};
use cryptoki::context::Pkcs11;
use cryptoki::object::Attribute;
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use hsm::KeyPlace;
use std::fs;

fn module(hsm: &SoftHsm) -> Pkcs11 {
    let KeyPlace::Pkcs11 { module, .. } = hsm.place(LABEL) else { unreachable!() };
    Pkcs11::new(module).unwrap()
}

/// A session of another part of this process. What one logs in or out, it does for all.
fn session(hsm: &SoftHsm) -> Session {
    let module = module(hsm);
    let slot = module.get_slots_with_initialized_token().unwrap()[0];
    module.open_rw_session(slot).unwrap()
}

fn objects(session: &Session, id: &KeyId) -> usize {
    session.find_objects(&[Attribute::Label(id.as_str().as_bytes().to_vec())]).unwrap().len()
}

fn is(done: Result<(), CryptoError>, fault: DeviceFault) {
    let e = done.unwrap_err();
    assert!(matches!(&e, CryptoError::Device(said) if said == fault.en()), "{e}");
    assert_eq!(e.device_zh(), Some(fault.zh()));
}

#[test]
fn a_token_whose_user_is_logged_out_has_destroyed_nothing() {
    with_token("ending::a_token_whose_user_is_logged_out_has_destroyed_nothing", LABEL, |hsm| {
        let p = crate::pkcs11::open(hsm).unwrap();
        let (a, b) = (p.create("authorisation", "x").unwrap(), p.create("service", "zone").unwrap());
        let (_, wrapped) = p.data_key(&b).unwrap();
        p.begin_rotation(&b, None).unwrap();
        let other = session(hsm);
        other.logout().unwrap();
        assert_eq!(objects(&other, &a), 0, "hidden without any error");
        is(p.destroy(&a), DeviceFault::NotShown);
        assert!(hsm.ring().join(format!("{a}.key")).exists());
        // The next attempt logs in again: nobody has to.
        other.close().unwrap();
        let other = session(hsm);
        p.destroy(&a).unwrap();
        assert_eq!((objects(&other, &a), hsm.ring().join(format!("{a}.key")).exists()), (0, false));
        other.logout().unwrap();
        is(p.end_rotation(&b, None), DeviceFault::NotShown);
        p.end_rotation(&b, None).unwrap();
        assert_eq!(objects(&other, &b), 0);
        assert!(p.unwrap(&b, &wrapped).is_err());
        p.data_key(&b).unwrap();
    });
}

#[test]
fn another_token_of_the_same_label_has_destroyed_nothing() {
    with_token("ending::another_token_of_the_same_label_has_destroyed_nothing", LABEL, |hsm| {
        let p = crate::pkcs11::open(hsm).unwrap();
        let (a, b) = (p.create("authorisation", "x").unwrap(), p.create("service", "zone").unwrap());
        let entry = hsm.ring().join(format!("{a}.key"));
        let saved = fs::read(&entry).unwrap();
        // The word about its end stands, and the device was not asked yet.
        let other = session(hsm);
        other.logout().unwrap();
        is(p.destroy(&a), DeviceFault::NotShown);
        drop((other, p));
        let away = hsm.dir.join("away");
        let exchange = |from: &str| {
            // The last user of the library may have done it already.
            let _ = module(hsm).finalize();
            fs::rename(hsm.dir.join("tokens"), &away).unwrap();
            fs::rename(hsm.dir.join(from), hsm.dir.join("tokens")).unwrap();
        };
        fs::create_dir(hsm.dir.join("empty")).unwrap();
        exchange("empty");
        hsm.init_token(LABEL);
        let told = crate::pkcs11::open(hsm).err().unwrap();
        assert_eq!(told.device_zh(), Some(DeviceFault::NotShown.zh()), "{told}");
        assert_eq!(fs::read(&entry).unwrap(), saved);
        fs::rename(&away, hsm.dir.join("own")).unwrap();
        exchange("own");
        let p = crate::pkcs11::open(hsm).unwrap();
        assert!(!entry.exists());
        let other = session(hsm);
        assert_eq!((objects(&other, &a), objects(&other, &b)), (0, 2));
        p.destroy(&a).unwrap();
    });
}

#[test]
fn a_token_that_was_made_anew_vouches_for_nothing() {
    with_token("ending::a_token_that_was_made_anew_vouches_for_nothing", LABEL, |hsm| {
        let p = crate::pkcs11::open(hsm).unwrap();
        let (a, _) = (p.create("authorisation", "x").unwrap(), p.create("service", "zone").unwrap());
        fs::remove_dir_all(hsm.dir.join("tokens")).unwrap();
        fs::create_dir(hsm.dir.join("tokens")).unwrap();
        hsm.init_token(LABEL);
        for _ in 0..2 {
            assert!(matches!(p.destroy(&a), Err(CryptoError::Device(_))));
            assert!(hsm.ring().join(format!("{a}.key")).exists());
        }
    });
}

/// A PIN that was changed at the token is tried once: tried with every call, it would lock.
#[test]
fn a_refused_pin_is_not_tried_again() {
    with_token("ending::a_refused_pin_is_not_tried_again", LABEL, |hsm| {
        let p = crate::pkcs11::open(hsm).unwrap();
        let id = p.create("resource", "r").unwrap();
        let other = session(hsm);
        other.set_pin(&AuthPin::new(PIN.into()), &AuthPin::new("another-pin".into())).unwrap();
        other.logout().unwrap();
        let tried = p.data_key(&id).err().unwrap();
        assert_eq!(
            (tried.to_string().as_str(), tried.device_zh()),
            ("the key device: Login: PinIncorrect", Some("PIN 不正确"))
        );
        for _ in 0..2 {
            is(p.data_key(&id).map(|_| ()), DeviceFault::PinRefused);
        }
        // Whoever logs in elsewhere in this process shows that it is right.
        other.login(UserType::User, Some(&AuthPin::new("another-pin".into()))).unwrap();
        p.data_key(&id).unwrap();
    });
}

#[test]
fn no_token_and_several_are_told_apart() {
    with_token("ending::no_token_and_several_are_told_apart", LABEL, |hsm| {
        hsm.init_token(LABEL);
        let look = |label: &str| hsm::look(&hsm.place(label), crypto::Suite::Intl, pin()).map(|_| ());
        is(look("another"), DeviceFault::NoToken);
        is(look(LABEL), DeviceFault::SeveralTokens);
    });
}

#[test]
fn an_sdf_device_that_was_exchanged_has_destroyed_nothing() {
    sdf::with_device("ending::an_sdf_device_that_was_exchanged_has_destroyed_nothing", |device| {
        let p = sdf::open(device).unwrap();
        let (a, b) = (p.create("authorisation", "x").unwrap(), p.create("service", "zone").unwrap());
        p.begin_rotation(&b, None).unwrap();
        let (files, own) = (device.join("files"), device.join("own"));
        fs::rename(&files, &own).unwrap();
        fs::create_dir(&files).unwrap();
        is(p.destroy(&a), DeviceFault::NotShown);
        is(p.end_rotation(&b, None), DeviceFault::NotShown);
        drop(p);
        let told = sdf::open(device).err().unwrap();
        assert_eq!(told.device_zh(), Some(DeviceFault::NotShown.zh()), "{told}");
        for id in [&a, &b] {
            assert!(device.join(format!("ring/{id}.key")).exists());
        }
        fs::remove_dir(&files).unwrap();
        fs::rename(&own, &files).unwrap();
        let p = sdf::open(device).unwrap();
        p.destroy(&a).unwrap();
        p.end_rotation(&b, None).unwrap();
        assert_eq!(fs::read_dir(&files).unwrap().count(), 1, "the newest version of one key");
        for id in [&a, &b] {
            assert!(!device.join(format!("ring/{id}.key")).exists());
        }
    });
}
