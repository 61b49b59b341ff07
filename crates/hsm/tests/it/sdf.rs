//! A ring over an SDF device, played by `sdf-double`.

use crate::child::again;
use crypto::{Context, CryptoError, KeyProvider, Suite, WrappedKey, open_object, seal_object};
use hsm::{KeyPlace, Ring};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder that stands for the device.
const DIR: &str = "YUNYU_SDF_DOUBLE";

/// The library lies beside the test's own program: it is built as its dependency.
fn library() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().join("libsdf_double.so")
}

/// Runs a test's body over a device of its own that has key-encryption key 1.
pub(crate) fn with_device(test: &str, body: impl FnOnce(&Path)) {
    if let Some(dir) = std::env::var_os(DIR) {
        return body(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("kek-1"), crypto::random::<16>().unwrap()).unwrap();
    again(test, &[(DIR, dir.path())]);
}

fn open_at(device: &Path, kek: u32) -> Result<Arc<dyn KeyProvider>, CryptoError> {
    let ring = device.join("ring");
    let place = KeyPlace::Sdf { library: library(), kek };
    hsm::init(&place, Ring { dir: &ring, master: Path::new("/none"), suite: Suite::Gm }, None)
}

pub(crate) fn open(device: &Path) -> Result<Arc<dyn KeyProvider>, CryptoError> {
    open_at(device, 1)
}

#[test]
fn keys_live_in_the_device_and_outlive_the_process() {
    with_device("sdf::keys_live_in_the_device_and_outlive_the_process", |device| {
        let p = open(device).unwrap();
        let keeping = p.keeping();
        let said = (keeping.kind, keeping.device.as_str(), keeping.extractable);
        assert_eq!(said, ("sdf", "sdf-double software test", false));
        let (a, b) = (p.create_at("resource", "r", Some(5)).unwrap(), p.create("authorisation", "x").unwrap());
        let text = str::to_owned;
        let context = Context { deployment: text("d"), resource: text("r"), object: text("o"), version: text("1") };
        let sealed = seal_object(b"a record", &*p, &a, &context).unwrap();
        let (key, wrapped) = p.data_key(&a).unwrap();
        let mac = p.mac_key(&a, "subjects").unwrap();
        drop(p);
        let p = open(device).unwrap();
        assert_eq!(open_object(&sealed, &*p, &context).unwrap(), b"a record");
        assert_eq!(p.unwrap(&a, &wrapped).unwrap().expose(), key.expose());
        assert!(matches!(p.unwrap(&b, &wrapped), Err(CryptoError::DoesNotOpen)));
        assert_eq!(p.mac_key(&a, "subjects").unwrap(), mac);
        assert_ne!(p.mac_key(&a, "others").unwrap(), mac);
        assert_ne!(p.mac_key(&b, "subjects").unwrap(), mac);
    });
}

#[test]
fn a_changed_wrapped_key_or_entry_does_not_open() {
    with_device("sdf::a_changed_wrapped_key_or_entry_does_not_open", |device| {
        let p = open(device).unwrap();
        let id = p.create("resource", "r").unwrap();
        let (_, wrapped) = p.data_key(&id).unwrap();
        for i in 0..wrapped.0.len() {
            let mut changed = wrapped.clone();
            changed.0[i] ^= 1;
            assert!(p.unwrap(&id, &changed).is_err(), "byte {i}");
            assert!(p.unwrap(&id, &WrappedKey(wrapped.0[..i].to_vec())).is_err());
        }
        p.unwrap(&id, &wrapped).unwrap();
        drop(p);
        let file = device.join(format!("ring/{id}.key"));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("\"scope\":\"r\"", "\"scope\":\"s\"")).unwrap();
        assert!(matches!(open(device).err(), Some(CryptoError::DoesNotOpen)));
    });
}

#[test]
fn destruction_and_rotation_reach_into_the_device() {
    with_device("sdf::destruction_and_rotation_reach_into_the_device", |device| {
        let p = open(device).unwrap();
        let (a, b) = (p.create("resource", "r").unwrap(), p.create("authorisation", "x").unwrap());
        let (key, old) = p.data_key(&a).unwrap();
        let files = || fs::read_dir(device.join("files")).unwrap().count();
        assert_eq!(files(), 2);
        p.begin_rotation(&a, None).unwrap();
        let new = p.rewrap(&a, &old).unwrap().unwrap();
        assert_eq!((files(), new.0.len()), (3, old.0.len()));
        p.end_rotation(&a, None).unwrap();
        let saved = fs::read(device.join(format!("ring/{b}.key"))).unwrap();
        p.destroy(&b).unwrap();
        assert_eq!(files(), 1);
        drop(p);
        assert_eq!(open(device).unwrap().unwrap(&a, &new).unwrap().expose(), key.expose());
        // The folder as it was before the destruction: the device has nothing to open it with.
        fs::remove_file(device.join(format!("ring/{b}.destroyed"))).unwrap();
        fs::write(device.join(format!("ring/{b}.key")), saved).unwrap();
        assert!(matches!(open(device).err(), Some(CryptoError::Device(_))));
    });
}

#[test]
fn another_device_or_index_or_suite_is_refused() {
    with_device("sdf::another_device_or_index_or_suite_is_refused", |device| {
        let place = |library: &str| KeyPlace::Sdf { library: library.into(), kek: 1 };
        let ring = device.join("ring");
        let ring = Ring { dir: &ring, master: Path::new("/none"), suite: Suite::Gm };
        let tell = |place: &KeyPlace, ring| hsm::init(place, ring, None).err().unwrap().to_string();
        assert!(tell(&place("/lib/none.so"), ring).contains("load"));
        let intl = Ring { suite: Suite::Intl, ..ring };
        assert!(tell(&place(library().to_str().unwrap()), intl).contains("suite"));
        let libc = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"].into_iter().find(|l| Path::new(l).exists());
        assert!(tell(&place(libc.unwrap()), ring).contains("SDF_OpenDevice"), "a library that is not SDF");
        let absent = open_at(device, 9).unwrap().create("resource", "r").err().unwrap().to_string();
        assert_eq!(absent, "the key device: SDF_GenerateKeyWithKEK: 0x01000008");
        let id = open(device).unwrap().create("resource", "r").unwrap();
        fs::write(device.join("kek-2"), [7; 16]).unwrap();
        assert!(matches!(open_at(device, 2).err(), Some(CryptoError::DoesNotOpen)), "{id}");
    });
}

/// The binding returns the device's refusals as errors, call by call, and goes on afterwards.
#[test]
fn every_refusal_of_the_device_is_told() {
    if let Some(function) = std::env::var_os("YUNYU_SDF_FAIL") {
        let device = PathBuf::from(std::env::var_os(DIR).unwrap());
        let tried = || -> Result<(), CryptoError> {
            let p = open(&device)?;
            let id = p.find("resource", "r").map_or_else(|| p.create("resource", "r"), Ok)?;
            let (_, wrapped) = p.data_key(&id)?;
            p.unwrap(&id, &wrapped)?;
            p.destroy(&id)
        };
        let told = tried().unwrap_err().to_string();
        assert!(told.contains(function.to_str().unwrap()), "{told}");
        return;
    }
    for function in [
        "SDF_OpenDevice",
        "SDF_OpenSession",
        "SDF_GetDeviceInfo",
        "SDF_GenerateRandom",
        "SDF_GenerateKeyWithKEK",
        "SDF_ImportKeyWithKEK",
        "SDF_DestroyKey",
        "SDF_Encrypt",
        "SDF_Decrypt",
        "SDF_CreateFile",
        "SDF_WriteFile",
        "SDF_DeleteFile",
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("kek-1"), [5; 16]).unwrap();
        again(
            "sdf::every_refusal_of_the_device_is_told",
            &[(DIR, dir.path()), ("YUNYU_SDF_FAIL", Path::new(function))],
        );
    }
}
