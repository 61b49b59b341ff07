//! Rotation, limits and devices: what a kill at any step leaves, and what an old ring still opens.

use crypto::{
    CryptoError, FileKeyProvider, Keeping, KeyId, KeyProvider, KeyRing, KeyState, Suite, Vault, WrappedKey, Zeroizing,
    device_open, device_wrapped, inventory,
};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

fn ring(dir: &Path) -> FileKeyProvider {
    FileKeyProvider::init(&dir.join("ring"), &dir.join("master"), Suite::Gm).unwrap()
}

#[test]
fn rings_of_the_first_format_still_open() {
    for suite in [Suite::Gm, Suite::Intl] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/ring-v1-{suite}"));
        let dir = tempfile::tempdir().unwrap();
        let (master, keys) = (dir.path().join("master"), dir.path().join("ring"));
        fs::create_dir(&keys).unwrap();
        fs::copy(from.join("master"), &master).unwrap();
        fs::set_permissions(&master, fs::Permissions::from_mode(0o600)).unwrap();
        for file in fs::read_dir(from.join("ring")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), keys.join(file.file_name())).unwrap();
        }
        let known: serde_json::Value = serde_json::from_slice(&fs::read(from.join("known.json")).unwrap()).unwrap();
        let id: KeyId = serde_json::from_value(known["id"].clone()).unwrap();
        let wrapped: WrappedKey = serde_json::from_value(known["wrapped"].clone()).unwrap();
        for rotated in [false, true] {
            let p = FileKeyProvider::open(&keys, &master, suite).unwrap();
            assert_eq!(hex::encode(p.unwrap(&id, &wrapped).unwrap().expose()), known["data_key"]);
            if !rotated {
                assert_eq!(hex::encode(*p.mac_key(&id, "x").unwrap()), known["mac"]);
                assert_eq!(p.begin_rotation(&id, Some(5)).unwrap(), 2);
            }
            let gone: KeyId = serde_json::from_value(known["destroyed"].clone()).unwrap();
            let info = p.list().into_iter().find(|k| k.id == gone).unwrap();
            assert_eq!((info.state, info.destroyed_at), (KeyState::Destroyed, Some(1_700_000_000_000)));
        }
    }
}

#[test]
fn after_a_rotation_only_what_was_wrapped_anew_opens() {
    let dir = tempfile::tempdir().unwrap();
    let p = ring(dir.path());
    let id = p.create_at("resource", "r", Some(1)).unwrap();
    let ((kept, old), (_, left)) = (p.data_key(&id).unwrap(), p.data_key(&id).unwrap());
    assert_eq!(p.rewrap(&id, &old).unwrap(), None, "nothing to do before a rotation");
    let saved = fs::read(dir.path().join(format!("ring/{id}.key"))).unwrap();
    assert_eq!((p.begin_rotation(&id, Some(2)).unwrap(), p.begin_rotation(&id, Some(3)).unwrap()), (2, 2));
    let new = p.rewrap(&id, &old).unwrap().unwrap();
    assert_eq!(new.0.len(), old.0.len(), "a header is overwritten in its place");
    let (_, fresh) = p.data_key(&id).unwrap();
    assert_eq!(p.rewrap(&id, &fresh).unwrap(), None);
    drop(p);
    let p = ring(dir.path());
    let info = p.list().remove(0);
    assert_eq!((info.version, info.rotating, info.created_at), (2, true, Some(2)));
    for wrapped in [&old, &left, &new, &fresh] {
        p.unwrap(&id, wrapped).unwrap();
    }
    p.end_rotation(&id, Some(4)).unwrap();
    p.end_rotation(&id, Some(5)).unwrap();
    // A copy of the old material that is put back counts for nothing and goes again.
    fs::write(dir.path().join(format!("ring/{id}.key")), saved).unwrap();
    for p in [p, ring(dir.path())] {
        assert_eq!(p.unwrap(&id, &new).unwrap().expose(), kept.expose());
        p.unwrap(&id, &fresh).unwrap();
        for wrapped in [&old, &left] {
            assert!(matches!(p.unwrap(&id, wrapped), Err(CryptoError::DoesNotOpen)));
        }
        assert_eq!(p.find("resource", "r"), Some(id.clone()));
        assert!(!p.list()[0].rotating);
    }
    assert!(!dir.path().join(format!("ring/{id}.key")).exists());
    assert_eq!(ring(dir.path()).begin_rotation(&id, None).unwrap(), 3);
}

#[test]
fn destruction_takes_every_version() {
    let dir = tempfile::tempdir().unwrap();
    let p = ring(dir.path());
    let id = p.create("authorisation", "a").unwrap();
    let (_, first) = p.data_key(&id).unwrap();
    p.begin_rotation(&id, None).unwrap();
    let (_, second) = p.data_key(&id).unwrap();
    p.destroy_at(&id, Some(9)).unwrap();
    for p in [p, ring(dir.path())] {
        for wrapped in [&first, &second] {
            assert!(matches!(p.unwrap(&id, wrapped), Err(CryptoError::DestroyedKey)));
        }
        assert!(matches!(p.begin_rotation(&id, None), Err(CryptoError::DestroyedKey)));
        assert!(matches!(p.remaining(&id), Err(CryptoError::DestroyedKey)));
    }
    let left: Vec<_> = fs::read_dir(dir.path().join("ring")).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(left, [format!("{id}.destroyed").as_str()]);
}

#[test]
fn a_key_wraps_no_more_than_it_may_and_rotation_frees_it() {
    let dir = tempfile::tempdir().unwrap();
    let p = ring(dir.path()).with_max_wrapped(300);
    let id = p.create("resource", "r").unwrap();
    for _ in 0..10 {
        p.data_key(&id).unwrap();
    }
    assert_eq!(p.remaining(&id).unwrap(), 290);
    drop(p);
    // Uses that were written down ahead count as taken: a restart never gives any back.
    let p = ring(dir.path()).with_max_wrapped(300);
    assert_eq!(p.remaining(&id).unwrap(), 44);
    for _ in 0..44 {
        p.data_key(&id).unwrap();
    }
    assert!(matches!(p.data_key(&id), Err(CryptoError::Exhausted)));
    assert_eq!(ring(dir.path()).with_max_wrapped(300).remaining(&id).unwrap(), 0);
    p.begin_rotation(&id, None).unwrap();
    p.data_key(&id).unwrap();
    assert_eq!(p.remaining(&id).unwrap(), 299);
}

#[test]
fn the_inventory_is_read_without_the_master_key() {
    let dir = tempfile::tempdir().unwrap();
    let p = ring(dir.path());
    let a = p.create_at("resource", "r", Some(7)).unwrap();
    let b = p.create_at("authorisation", "a", Some(8)).unwrap();
    p.data_key(&a).unwrap();
    p.begin_rotation(&a, Some(9)).unwrap();
    p.destroy(&b).unwrap();
    fs::remove_file(dir.path().join("master")).unwrap();
    assert_eq!(inventory(&dir.path().join("ring")).unwrap(), p.list());
}

/// A device in memory that can be made to fail at its n-th call.
#[derive(Clone, Default)]
struct Device {
    inner: Arc<Mutex<(BTreeMap<String, [u8; 32]>, Option<u32>)>>,
}

impl Device {
    fn step(&self) -> Result<(), CryptoError> {
        let mut inner = self.inner.lock().unwrap();
        match &mut inner.1 {
            Some(0) => Err(CryptoError::Device("gone".into())),
            Some(n) => {
                *n -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
    fn fail_after(&self, n: Option<u32>) {
        self.inner.lock().unwrap().1 = n;
    }
    fn names(&self) -> Vec<String> {
        self.inner.lock().unwrap().0.keys().cloned().collect()
    }
}

impl Vault for Device {
    type Kek = [u8; 32];
    const OUTSIDE: bool = true;
    fn suite(&self) -> Suite {
        Suite::Intl
    }
    fn keeping(&self) -> Keeping {
        Keeping { kind: "test", device: String::new(), extractable: false }
    }
    fn make(&self, name: &str, _bound: &[u8]) -> Result<(String, [u8; 32]), CryptoError> {
        self.step()?;
        let key = crypto::random::<32>()?;
        assert!(self.inner.lock().unwrap().0.insert(name.to_owned(), key).is_none(), "made twice");
        // The device has made it, and the answer is lost.
        self.step()?;
        Ok(("made".into(), key))
    }
    fn open(&self, name: &str, _bound: &[u8], _sealed: &str) -> Result<[u8; 32], CryptoError> {
        self.inner.lock().unwrap().0.get(name).copied().ok_or(CryptoError::UnknownKey)
    }
    fn holds(&self, name: &str) -> Result<bool, CryptoError> {
        Ok(self.inner.lock().unwrap().0.contains_key(name))
    }
    fn erase(&self, name: &str) -> Result<(), CryptoError> {
        self.step()?;
        self.inner.lock().unwrap().0.remove(name);
        self.step()
    }
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.copy_from_slice(&crypto::random::<32>()?[..out.len()]);
        Ok(())
    }
    fn wrap(&self, kek: &[u8; 32], bound: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, CryptoError> {
        let body: Vec<u8> = key.iter().zip(kek).map(|(a, b)| a ^ b).collect();
        device_wrapped(Suite::Intl, bound, key, &body)
    }
    fn unwrap(&self, kek: &[u8; 32], bound: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        device_open(Suite::Intl, bound, wrapped, |body| {
            let mut key = Zeroizing::new([0; 32]);
            key.iter_mut().zip(body.iter().zip(kek)).for_each(|(k, (a, b))| *k = a ^ b);
            Ok(key)
        })
    }
    fn derive(&self, kek: &[u8; 32], info: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        Ok(Zeroizing::new(Suite::Intl.mac(kek, info)))
    }
}

/// A device that stops at any call: the next opening finishes or takes back, and nothing is left over in the device.
#[test]
fn a_device_that_fails_at_any_step_leaves_nothing_behind() {
    for n in 0..12 {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::default());
        let p = KeyRing::over(dir.path(), device.clone()).unwrap();
        let (a, b) = (p.create("resource", "r").unwrap(), p.create("authorisation", "x").unwrap());
        let ((key, old), (_, other)) = (p.data_key(&a).unwrap(), p.data_key(&b).unwrap());
        device.fail_after(Some(n));
        let all = || -> Result<(), CryptoError> {
            p.begin_rotation(&a, None)?;
            p.create("authorisation", "late")?;
            p.destroy(&b)?;
            Ok(())
        };
        let whole = all().is_ok();
        device.fail_after(None);
        drop(p);
        let p = KeyRing::over(dir.path(), device.clone()).unwrap();
        assert_eq!(p.unwrap(&a, &old).unwrap().expose(), key.expose(), "step {n}");
        let mut named = Vec::new();
        for info in p.list() {
            if info.id == b && p.unwrap(&b, &other).is_err() {
                assert_eq!(info.state, KeyState::Destroyed, "step {n}");
            }
            if info.state == KeyState::Live {
                let first = if info.rotating { 1 } else { info.version };
                let name = |v| if v == 1 { info.id.to_string() } else { format!("{}.v{v}", info.id) };
                named.extend((first..=info.version).map(name));
            }
        }
        named.sort();
        assert_eq!(device.names(), named, "step {n}");
        p.begin_rotation(&a, None).unwrap();
        let new = p.rewrap(&a, &old).unwrap().unwrap();
        p.end_rotation(&a, None).unwrap();
        assert_eq!(p.unwrap(&a, &new).unwrap().expose(), key.expose());
        assert!(p.unwrap(&a, &old).is_err());
        if whole {
            assert!(n >= 8, "the steps were counted wrongly");
            return;
        }
    }
    panic!("more steps than were tried");
}

#[test]
fn material_that_is_missing_in_its_device_is_told_at_once() {
    let (dir, device) = (tempfile::tempdir().unwrap(), Device::default());
    let id = KeyRing::over(dir.path(), device.clone()).unwrap().create("resource", "r").unwrap();
    device.inner.lock().unwrap().0.remove(id.as_str());
    assert!(matches!(KeyRing::over(dir.path(), device).err(), Some(CryptoError::UnknownKey)));
}
