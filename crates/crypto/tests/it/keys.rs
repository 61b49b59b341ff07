//! The key ring: separation, destruction, and what a kill or a curious hand leaves.

use crypto::{
    CryptoError, DataKey, FileKeyProvider, HandedKey, HandedKeys, KeyId, KeyProvider, KeyState, Suite, WrappedKey,
};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;

struct Ring {
    dir: TempDir,
    suite: Suite,
}

impl Ring {
    fn new(suite: Suite) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), suite }
    }
    fn keys(&self) -> PathBuf {
        self.dir.path().join("keys")
    }
    fn master(&self) -> PathBuf {
        self.dir.path().join("master.key")
    }
    fn init(&self) -> FileKeyProvider {
        FileKeyProvider::init(&self.keys(), &self.master(), self.suite).unwrap()
    }
    fn open(&self) -> Result<FileKeyProvider, CryptoError> {
        FileKeyProvider::open(&self.keys(), &self.master(), self.suite)
    }
    fn file(&self, id: &KeyId, extension: &str) -> PathBuf {
        self.keys().join(format!("{id}.{extension}"))
    }
}

fn same(a: &DataKey, b: &DataKey) -> bool {
    a.expose() == b.expose()
}

#[test]
fn keys_outlive_the_process_and_are_separate() {
    for suite in [Suite::Gm, Suite::Intl] {
        let ring = Ring::new(suite);
        let p = ring.init();
        let (data, log) = (p.create("data", "res-1").unwrap(), p.create("log", "zone").unwrap());
        let (key, wrapped) = p.data_key(&data).unwrap();
        let mac = p.mac_key(&data, "subjects").unwrap();
        drop(p);
        let p = ring.open().unwrap();
        assert!(same(&p.unwrap(&data, &wrapped).unwrap(), &key));
        assert!(p.unwrap(&log, &wrapped).is_err());
        assert_eq!(p.mac_key(&data, "subjects").unwrap(), mac);
        assert_ne!(p.mac_key(&data, "subject").unwrap(), mac);
        assert_ne!(p.mac_key(&log, "subjects").unwrap(), mac);
        assert_eq!(p.find("data", "res-1"), Some(data));
        assert_eq!(p.find("data", "zone"), None);
        assert!(matches!(p.data_key(&"kek-0".parse().unwrap()), Err(CryptoError::UnknownKey)));
    }
}

#[test]
fn a_changed_wrapped_key_does_not_open() {
    let ring = Ring::new(Suite::Gm);
    let p = ring.init();
    let id = p.create("data", "r").unwrap();
    let (_, wrapped) = p.data_key(&id).unwrap();
    for i in 0..wrapped.0.len() {
        let mut changed = wrapped.clone();
        changed.0[i] ^= 1;
        assert!(p.unwrap(&id, &changed).is_err(), "byte {i}");
        assert!(p.unwrap(&id, &WrappedKey(wrapped.0[..i].to_vec())).is_err());
    }
}

#[test]
fn files_are_private_and_hold_no_open_key() {
    let ring = Ring::new(Suite::Gm);
    let p = ring.init();
    let id = p.create("data", "r").unwrap();
    for path in [ring.master(), ring.file(&id, "key")] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(ring.keys()).unwrap().permissions().mode() & 0o777, 0o700);
    fs::set_permissions(ring.master(), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(ring.open(), Err(CryptoError::LooseMode)));
}

#[test]
fn a_destroyed_key_is_gone_for_good() {
    let ring = Ring::new(Suite::Gm);
    let p = ring.init();
    let (id, other) = (p.create("data", "auth-1").unwrap(), p.create("data", "auth-2").unwrap());
    let (_, wrapped) = p.data_key(&id).unwrap();
    let saved = fs::read(ring.file(&id, "key")).unwrap();
    p.destroy_at(&id, Some(1_700_000_000_000)).unwrap();
    p.destroy_at(&id, Some(9)).unwrap();
    assert!(!ring.file(&id, "key").exists());
    for p in [p, ring.open().unwrap()] {
        assert!(matches!(p.unwrap(&id, &wrapped), Err(CryptoError::DestroyedKey)));
        assert!(matches!(p.data_key(&id), Err(CryptoError::DestroyedKey)));
        assert!(matches!(p.mac_key(&id, "x"), Err(CryptoError::DestroyedKey)));
        let info = p.list().into_iter().find(|k| k.id == id).unwrap();
        assert_eq!((info.state, info.destroyed_at), (KeyState::Destroyed, Some(1_700_000_000_000)));
        assert_eq!((p.find("data", "auth-1"), p.find("data", "auth-2")), (None, Some(other.clone())));
    }
    // Put back from a copy: the tombstone wins and the file is removed again.
    fs::write(ring.file(&id, "key"), saved).unwrap();
    let p = ring.open().unwrap();
    assert!(matches!(p.unwrap(&id, &wrapped), Err(CryptoError::DestroyedKey)));
    assert!(!ring.file(&id, "key").exists());
    assert!(p.destroy(&"kek-none".parse().unwrap()).is_err());
}

#[test]
fn a_kill_between_tombstone_and_removal_is_finished_at_the_next_opening() {
    let ring = Ring::new(Suite::Gm);
    let p = ring.init();
    let id = p.create("data", "auth").unwrap();
    let saved = fs::read(ring.file(&id, "key")).unwrap();
    p.destroy(&id).unwrap();
    for left in [saved.clone(), vec![0; saved.len()], vec![]] {
        fs::write(ring.file(&id, "key"), left).unwrap();
        let p = ring.open().unwrap();
        assert!(matches!(p.data_key(&id), Err(CryptoError::DestroyedKey)));
        assert!(!ring.file(&id, "key").exists());
    }
}

#[test]
fn half_written_files_are_cleared() {
    let ring = Ring::new(Suite::Gm);
    ring.init().create("data", "r").unwrap();
    let torn = ring.keys().join("kek-1.00.tmp");
    fs::write(&torn, b"{\"v\":").unwrap();
    assert_eq!(ring.open().unwrap().list().len(), 1);
    assert!(!torn.exists());
}

#[test]
fn every_changed_byte_of_a_key_file_is_refused() {
    let ring = Ring::new(Suite::Gm);
    let id = ring.init().create("data", "r").unwrap();
    let good = fs::read(ring.file(&id, "key")).unwrap();
    for i in 0..good.len() {
        let mut changed = good.clone();
        changed[i] ^= 1;
        fs::write(ring.file(&id, "key"), changed).unwrap();
        assert!(ring.open().is_err(), "byte {i}");
    }
}

#[test]
fn the_wrong_master_key_or_none_is_refused() {
    let ring = Ring::new(Suite::Gm);
    ring.init().create("data", "r").unwrap();
    let other = Ring::new(Suite::Gm);
    other.init();
    fs::copy(other.master(), ring.master()).unwrap();
    assert!(matches!(ring.open(), Err(CryptoError::DoesNotOpen)));
    fs::remove_file(ring.master()).unwrap();
    assert!(FileKeyProvider::init(&ring.keys(), &ring.master(), Suite::Gm).is_err());
    assert!(!ring.master().exists(), "a lost master key is never replaced by a new one");
}

#[test]
fn the_other_suite_is_refused() {
    let ring = Ring::new(Suite::Gm);
    ring.init().create("data", "r").unwrap();
    assert!(FileKeyProvider::open(&ring.keys(), &ring.master(), Suite::Intl).is_err());
}

#[test]
fn key_ids_are_safe_names() {
    for bad in ["", "..", "a/b", "A", "a.b", "a b", &"a".repeat(65)] {
        assert!(bad.parse::<KeyId>().is_err());
        assert!(serde_json::from_value::<KeyId>(bad.into()).is_err());
    }
}

#[test]
fn a_child_can_use_only_what_it_was_handed() {
    let ring = Ring::new(Suite::Gm);
    let p = ring.init();
    let id = p.create("data", "r").unwrap();
    let ((read, read_wrapped), (_, other_wrapped)) = (p.data_key(&id).unwrap(), p.data_key(&id).unwrap());
    let handed = HandedKeys {
        suite: Suite::Gm,
        keys: vec![HandedKey { id: id.clone(), wrapped: read_wrapped.clone(), key: read.clone(), seals: false }],
    };
    let text = serde_json::to_string(&handed).unwrap();
    let child: HandedKeys = serde_json::from_str(&text).unwrap();
    assert!(same(&child.unwrap(&id, &read_wrapped).unwrap(), &read));
    assert!(child.unwrap(&id, &other_wrapped).is_err());
    assert!(child.data_key(&id).is_err());
    assert!(child.create("data", "x").is_err() && child.destroy(&id).is_err() && child.mac_key(&id, "x").is_err());
    assert!(!format!("{child:?}").contains(&hex::encode(read.expose())));
}
