//! Keys sealed away in a device: what they wrapped is masked under a sealing key that two people hold.

use crate::sdf;
use crate::softhsm::with_token;
use crypto::{
    Context, CryptoError, KeyProvider, KeyState, SealingKeys, keep_sealing_keys, mask_header, new_sealing_keys,
    open_header, open_object, seal_object,
};
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn context() -> Context {
    let text = str::to_owned;
    Context { deployment: text("d"), resource: text("r"), object: text("o"), version: text("1") }
}

/// The object with another header of the same length.
fn with_header(object: &[u8], header: &[u8]) -> Vec<u8> {
    let len = open_header(object).unwrap().len();
    assert_eq!(header.len(), len);
    [header, &object[len..]].concat()
}

fn whole_life(ring: &Path, open: &dyn Fn() -> Arc<dyn KeyProvider>) {
    let p = open();
    assert!(p.masks() && !p.can_seal());
    let (id, other) = (p.create("resource", "r").unwrap(), p.create("resource", "x").unwrap());
    let sealed = seal_object(b"a record", &*p, &id, &context()).unwrap();
    assert!(matches!(p.begin_masking(&id).err(), Some(CryptoError::NoSealingKey)));
    let pads = new_sealing_keys(2).unwrap();
    keep_sealing_keys(ring, &pads).unwrap();
    assert!(p.can_seal());
    let mask = p.begin_masking(&id).unwrap().unwrap();
    let masked = with_header(&sealed, &mask_header(&sealed, &mask, false).unwrap().unwrap());
    assert!(mask_header(&masked, &mask, false).unwrap().is_none(), "once");
    drop((p, mask));
    // Killed in between: the same mask goes on, another key takes another, and new sealing keys leave the one in use.
    let p = open();
    keep_sealing_keys(ring, &new_sealing_keys(1).unwrap()).unwrap();
    let mask = p.begin_masking(&id).unwrap().unwrap();
    assert_eq!(with_header(&masked, &mask_header(&masked, &mask, true).unwrap().unwrap()), sealed);
    let another = p.begin_masking(&other).unwrap().unwrap();
    assert_ne!(mask_header(&sealed, &another, false).unwrap(), mask_header(&sealed, &mask, false).unwrap());
    assert!(!p.can_seal(), "both are in use");
    p.end_masking(&id).unwrap();
    p.end_masking(&id).unwrap();
    drop(p);
    let p = open();
    let state = |p: &dyn KeyProvider| p.list().into_iter().find(|k| k.id == id).unwrap().state;
    assert_eq!(state(&*p), KeyState::Sealed);
    assert_eq!(crypto::inventory(ring).unwrap().iter().find(|k| k.id == id).unwrap().state, KeyState::Sealed);
    for object in [&sealed, &masked] {
        assert!(matches!(open_object(object, &*p, &context()), Err(CryptoError::SealedKey)));
    }
    assert!(matches!(p.data_key(&id), Err(CryptoError::SealedKey)));
    assert!(matches!(p.begin_rotation(&id, None), Err(CryptoError::SealedKey)));
    assert!(p.begin_masking(&id).unwrap().is_none());
    drop(p);
    // The word that it is sealed taken away: the device still opens nothing that is masked, and no pad lies there.
    let word = ring.join(format!("{id}.masked"));
    let held = fs::read(&word).unwrap();
    fs::remove_file(&word).unwrap();
    assert!(open_object(&masked, &*open(), &context()).is_err());
    for entry in fs::read_dir(ring).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for pad in pads.values() {
            let (raw, text) = (pad.as_slice(), hex::encode(pad.as_slice()));
            let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
            assert!(!holds(raw) && !holds(text.as_bytes()), "a used pad is left");
        }
    }
    fs::write(&word, held).unwrap();
    let p = open();
    let strangers: SealingKeys = new_sealing_keys(2).unwrap();
    assert!(matches!(p.begin_unmasking(&id, &strangers).err(), Some(CryptoError::NoSealingKey)));
    let mask = p.begin_unmasking(&id, &pads).unwrap().unwrap();
    let back = with_header(&masked, &mask_header(&masked, &mask, true).unwrap().unwrap());
    assert_eq!(back, sealed);
    p.end_unmasking(&id).unwrap();
    assert!(p.begin_unmasking(&id, &pads).unwrap().is_none());
    assert_eq!(open_object(&back, &*p, &context()).unwrap(), b"a record");
    drop(p);
    let p = open();
    assert_eq!(open_object(&back, &*p, &context()).unwrap(), b"a record");
    // What is being sealed can be destroyed.
    p.destroy(&other).unwrap();
    assert!(matches!(p.begin_masking(&other).err(), Some(CryptoError::DestroyedKey)));
    drop(p);
    assert!(open().list().iter().any(|k| k.id == other && k.state == KeyState::Destroyed));
}

#[test]
fn a_key_in_a_token_is_sealed_away_and_opened_again() {
    with_token("masking::a_key_in_a_token_is_sealed_away_and_opened_again", crate::pkcs11::LABEL, |hsm| {
        let ring = hsm.ring();
        whole_life(&ring, &|| crate::pkcs11::open(hsm).unwrap());
    });
}

#[test]
fn a_key_in_an_sdf_device_is_sealed_away_and_opened_again() {
    sdf::with_device("masking::a_key_in_an_sdf_device_is_sealed_away_and_opened_again", |device| {
        whole_life(&device.join("ring"), &|| sdf::open(device).unwrap());
    });
}
