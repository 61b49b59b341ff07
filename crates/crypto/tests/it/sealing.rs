//! Keys that are sealed away: nothing on the machine opens them, and their keepers do.

use crypto::{
    Context, CryptoError, FileKeyProvider, KeyId, KeyProvider, KeyState, SealingKeys, Suite, keep_sealing_keys,
    new_sealing_keys, open_object, seal_object,
};
use std::fs;
use std::path::{Path, PathBuf};

struct Ring {
    dir: tempfile::TempDir,
}

impl Ring {
    fn new() -> (Self, FileKeyProvider) {
        let ring = Self { dir: tempfile::tempdir().unwrap() };
        let keys = FileKeyProvider::init(&ring.path(), &ring.dir.path().join("master"), Suite::Gm).unwrap();
        (ring, keys)
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("ring")
    }

    fn open(&self) -> FileKeyProvider {
        FileKeyProvider::open(&self.path(), &self.dir.path().join("master"), Suite::Gm).unwrap()
    }

    fn pads(&self, n: usize) -> SealingKeys {
        let pads = new_sealing_keys(n).unwrap();
        keep_sealing_keys(&self.path(), &pads).unwrap();
        pads
    }

    fn names(&self, end: &str) -> Vec<String> {
        let names = fs::read_dir(self.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut out: Vec<_> = names.filter(|n| n.ends_with(end)).collect();
        out.sort();
        out
    }
}

fn context() -> Context {
    let word = || "x".to_owned();
    Context { deployment: word(), resource: word(), object: word(), version: word() }
}

fn object(keys: &dyn KeyProvider, id: &KeyId) -> Vec<u8> {
    seal_object(b"records", keys, id, &context()).unwrap()
}

fn read(keys: &dyn KeyProvider, object: &[u8]) -> Result<Vec<u8>, CryptoError> {
    open_object(object, keys, &context())
}

fn state(keys: &dyn KeyProvider, id: &KeyId) -> KeyState {
    keys.list().into_iter().find(|k| k.id == *id).unwrap().state
}

/// Every file of the folder, with the master key: what somebody with the whole machine has.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_sealed_key_opens_nothing_here_and_its_keepers_open_it() {
    let (ring, keys) = Ring::new();
    let id = keys.create("resource", "res_1").unwrap();
    let other = keys.create("resource", "res_2").unwrap();
    let (sealed, open) = (object(&keys, &id), object(&keys, &other));
    // Two versions, as in the middle of a rotation.
    keys.begin_rotation(&id, None).unwrap();
    let newer = object(&keys, &id);
    assert!(!keys.can_seal());
    assert!(matches!(keys.seal_away(&id), Err(CryptoError::NoSealingKey)), "nobody could open it again");
    assert_eq!(read(&keys, &sealed).unwrap(), b"records");
    let pads = ring.pads(2);
    assert!(keys.can_seal());
    keys.seal_away(&id).unwrap();
    keys.seal_away(&id).unwrap();
    for keys in [keys, ring.open()] {
        for o in [&sealed, &newer] {
            assert!(matches!(read(&keys, o), Err(CryptoError::SealedKey)));
        }
        assert!(matches!(keys.data_key(&id), Err(CryptoError::SealedKey)));
        assert!(matches!(keys.mac_key(&id, "x"), Err(CryptoError::SealedKey)));
        assert!(matches!(keys.begin_rotation(&id, None), Err(CryptoError::SealedKey)));
        assert_eq!((state(&keys, &id), keys.find("resource", "res_1")), (KeyState::Sealed, None));
        assert_eq!(read(&keys, &open).unwrap(), b"records", "another key stays as it is");
    }
    assert_eq!(ring.names(".pad").len(), 1, "the sealing key is used once, and wiped");
    assert!(!ring.names(".key").iter().any(|n| n.starts_with(id.as_str())));

    // The attack: the machine whole, with its master key and the sealing keys that are left.
    let stolen = tempfile::tempdir().unwrap();
    copy(&ring.path(), &stolen.path().join("ring"));
    fs::copy(ring.dir.path().join("master"), stolen.path().join("master")).unwrap();
    let thief = FileKeyProvider::open(&stolen.path().join("ring"), &stolen.path().join("master"), Suite::Gm).unwrap();
    let left: SealingKeys = ring
        .names(".pad")
        .iter()
        .map(|n| (n.trim_end_matches(".pad").to_owned(), pads[n.trim_end_matches(".pad")].clone()))
        .collect();
    assert!(matches!(thief.open_sealed(&id, &left), Err(CryptoError::NoSealingKey)));
    let name = pads.keys().find(|n| !left.contains_key(*n)).unwrap();
    let forged = SealingKeys::from([(name.clone(), left.values().next().unwrap().clone())]);
    assert!(thief.open_sealed(&id, &forged).is_err(), "another key under the right name");
    assert!(matches!(read(&thief, &sealed), Err(CryptoError::SealedKey)));

    let keys = ring.open();
    keys.open_sealed(&id, &pads).unwrap();
    keys.open_sealed(&id, &pads).unwrap();
    for keys in [keys, ring.open()] {
        assert_eq!(state(&keys, &id), KeyState::Live);
        assert_eq!(
            (read(&keys, &sealed).unwrap(), read(&keys, &newer).unwrap()),
            (b"records".to_vec(), b"records".to_vec())
        );
        assert!(keys.list().iter().find(|k| k.id == id).unwrap().rotating, "the rotation goes on where it was");
    }
}

#[test]
fn a_sealed_key_can_be_destroyed_and_nothing_brings_it_back() {
    let (ring, keys) = Ring::new();
    let id = keys.create("resource", "res_1").unwrap();
    let sealed = object(&keys, &id);
    let pads = ring.pads(1);
    keys.seal_away(&id).unwrap();
    let kept = fs::read(ring.path().join(format!("{id}.sealed"))).unwrap();
    keys.destroy_at(&id, Some(7)).unwrap();
    assert!(ring.names(".sealed").is_empty());
    fs::write(ring.path().join(format!("{id}.sealed")), kept).unwrap();
    let keys = ring.open();
    assert_eq!(state(&keys, &id), KeyState::Destroyed);
    assert!(matches!(keys.open_sealed(&id, &pads), Err(CryptoError::DestroyedKey)));
    assert!(matches!(read(&keys, &sealed), Err(CryptoError::DestroyedKey)));
    assert!(ring.names(".sealed").is_empty(), "a copy put back goes at the next opening");
}

/// A kill between the steps of sealing and of unsealing.
#[test]
fn a_kill_at_any_step_leaves_it_sealed_or_open() {
    let (ring, keys) = Ring::new();
    let id = keys.create("resource", "res_1").unwrap();
    let sealed = object(&keys, &id);
    let pads = ring.pads(1);
    let before = tempfile::tempdir().unwrap();
    copy(&ring.path(), before.path());
    keys.seal_away(&id).unwrap();
    // Killed after the word about it, before the pad and the key file went.
    for left in [vec![".pad", ".key"], vec![".key"], vec![".pad"]] {
        for end in &left {
            for entry in fs::read_dir(before.path()).unwrap() {
                let path = entry.unwrap().path();
                if path.to_string_lossy().ends_with(end) {
                    fs::copy(&path, ring.path().join(path.file_name().unwrap())).unwrap();
                }
            }
        }
        let keys = ring.open();
        assert_eq!(state(&keys, &id), KeyState::Sealed);
        assert!(matches!(read(&keys, &sealed), Err(CryptoError::SealedKey)));
        assert!(ring.names(".pad").is_empty() && ring.names(".key").is_empty(), "{left:?}");
    }
    // Killed while it was opened, before the word that it is sealed went: sealed still, and opened by the next.
    let word = fs::read(ring.path().join(format!("{id}.sealed"))).unwrap();
    ring.open().open_sealed(&id, &pads).unwrap();
    fs::write(ring.path().join(format!("{id}.sealed")), word).unwrap();
    let keys = ring.open();
    assert!(matches!(read(&keys, &sealed), Err(CryptoError::SealedKey)));
    keys.open_sealed(&id, &pads).unwrap();
    assert_eq!(read(&ring.open(), &sealed).unwrap(), b"records");
}

#[test]
fn new_keepers_take_the_place_of_those_whose_keys_were_not_used() {
    let (ring, keys) = Ring::new();
    let id = keys.create("resource", "res_1").unwrap();
    let old = ring.pads(3);
    let new = ring.pads(2);
    keys.seal_away(&id).unwrap();
    assert!(matches!(keys.open_sealed(&id, &old), Err(CryptoError::NoSealingKey)));
    keys.open_sealed(&id, &new).unwrap();
}

/// A tombstone for a key that is not here: its copy comes back, and counts for nothing.
#[test]
fn a_key_that_is_elsewhere_is_buried_by_its_name() {
    let (ring, keys) = Ring::new();
    let (id, other) = (keys.create("resource", "res_1").unwrap(), keys.create("resource", "res_2").unwrap());
    let held = object(&keys, &id);
    drop(keys);
    let file = ring.path().join(format!("{id}.key"));
    let copy = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let keys = ring.open();
    assert!(matches!(keys.destroy(&id), Err(CryptoError::UnknownKey)));
    keys.bury_at(&id, "resource", "res_1", Some(7)).unwrap();
    keys.bury_at(&id, "resource", "res_1", Some(8)).unwrap();
    assert!(matches!(keys.bury_at(&other, "resource", "res_1", None), Err(CryptoError::UnknownKey)), "another's");
    let told = keys.list().into_iter().find(|k| k.id == id).unwrap();
    assert_eq!((told.state, told.scope.as_str(), told.destroyed_at), (KeyState::Destroyed, "res_1", Some(7)));
    drop(keys);
    fs::write(&file, copy).unwrap();
    let keys = ring.open();
    assert!(matches!(read(&keys, &held), Err(CryptoError::DestroyedKey)));
    assert!(!file.exists(), "the copy is wiped");
    assert_eq!(state(&keys, &other), KeyState::Live);
    // One that is here is destroyed as by its own word.
    keys.bury_at(&other, "resource", "res_2", None).unwrap();
    assert_eq!(state(&keys, &other), KeyState::Destroyed);
}
