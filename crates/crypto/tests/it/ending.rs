//! Ends that were cut short, and devices that do not show what they have.

use crypto::{
    CryptoError, FileKeyProvider, Keeping, KeyId, KeyProvider, KeyRing, KeyState, Suite, Vault, Zeroizing, absent,
    device_open, device_wrapped, inventory, keep_sealing_keys, new_sealing_keys,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

/// What lies in a slot now.
#[derive(Default)]
struct Slot {
    keys: BTreeMap<String, [u8; 32]>,
    /// The user is logged out: calls succeed and find nothing.
    hidden: bool,
    /// The answer to the next erasure is lost.
    loses: bool,
    /// The user is logged out, or the device exchanged for an empty one, after so many more questions.
    goes_after: Option<usize>,
}

impl Slot {
    fn call(&mut self) {
        match &mut self.goes_after {
            Some(0) => self.hidden = true,
            Some(n) => *n -= 1,
            None => {}
        }
    }
}

#[derive(Clone, Default)]
struct Device(Arc<Mutex<Slot>>);

impl Device {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.slot().keys.keys().cloned().collect()
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
    fn make(&self, name: &str, _: &[u8]) -> Result<(String, [u8; 32]), CryptoError> {
        let key = crypto::random::<32>()?;
        self.slot().keys.insert(name.to_owned(), key);
        Ok((name.to_owned(), key))
    }
    fn open(&self, name: &str, _: &[u8], _: &str) -> Result<[u8; 32], CryptoError> {
        let slot = self.slot();
        slot.keys.get(name).filter(|_| !slot.hidden).copied().ok_or(CryptoError::UnknownKey)
    }
    fn holds(&self, name: &str) -> Result<bool, CryptoError> {
        let mut slot = self.slot();
        slot.call();
        Ok(!slot.hidden && slot.keys.contains_key(name))
    }
    fn erase(&self, name: &str) -> Result<(), CryptoError> {
        // With the question before it this is one call, as it is in a token, which destroys what it has just found.
        let mut slot = self.slot();
        if !slot.hidden {
            slot.keys.remove(name);
        }
        if std::mem::take(&mut slot.loses) { Err(CryptoError::Device("gone".into())) } else { Ok(()) }
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

fn waits(done: Result<(), CryptoError>) {
    let e = done.unwrap_err();
    assert!(matches!(e, CryptoError::Device(_)) && e.device_zh().is_some(), "{e}");
}

fn hides(device: &Device, hidden: bool) {
    device.slot().hidden = hidden;
}

/// Another device is put in the place of the ring's; called again, the ring's own comes back.
fn exchange(device: &Device, other: &mut BTreeMap<String, [u8; 32]>) {
    std::mem::swap(&mut device.slot().keys, other);
}

#[test]
fn a_device_that_shows_nothing_has_destroyed_nothing() {
    for logged_out in [true, false] {
        let (dir, device, mut other) = (tempfile::tempdir().unwrap(), Device::default(), BTreeMap::new());
        let p = KeyRing::over(dir.path(), device.clone()).unwrap();
        let (a, b) = (p.create("authorisation", "x").unwrap(), p.create("service", "zone").unwrap());
        let (_, old) = p.data_key(&b).unwrap();
        p.begin_rotation(&b, None).unwrap();
        let new = p.rewrap(&b, &old).unwrap().unwrap();
        let mut turn = |away: bool| if logged_out { hides(&device, away) } else { exchange(&device, &mut other) };
        turn(true);
        for _ in 0..2 {
            waits(p.destroy(&a));
            waits(p.end_rotation(&b, None));
        }
        assert!(dir.path().join(format!("{a}.key")).exists() && dir.path().join(format!("{b}.key")).exists());
        turn(false);
        assert_eq!(device.names().len(), 3, "all of it is in the device still");
        drop(p);
        // Nor when it is opened anew, whichever of both is to be finished.
        turn(true);
        assert!(matches!(KeyRing::over(dir.path(), device.clone()).err(), Some(CryptoError::Device(_))));
        turn(false);
        let p = KeyRing::over(dir.path(), device.clone()).unwrap();
        assert_eq!(device.names(), [format!("{b}.v2")]);
        p.destroy(&a).unwrap();
        p.end_rotation(&b, None).unwrap();
        p.unwrap(&b, &new).unwrap();
        assert!(!dir.path().join(format!("{a}.key")).exists() && !dir.path().join(format!("{b}.key")).exists());
    }
}

/// Whenever in between it goes: what is said to be gone is gone.
#[test]
fn a_device_that_goes_at_any_step_is_not_believed() {
    for alone in [true, false] {
        let mut ended = 0;
        for n in 0..20 {
            let (dir, device) = (tempfile::tempdir().unwrap(), Device::default());
            let p = KeyRing::over(dir.path(), device.clone()).unwrap();
            let id = p.create("authorisation", "x").unwrap();
            p.begin_rotation(&id, None).unwrap();
            if !alone {
                p.create("service", "zone").unwrap();
            }
            device.slot().goes_after = Some(n);
            let done = p.destroy(&id);
            if done.is_ok() {
                assert!(!device.names().iter().any(|name| name.starts_with(id.as_str())), "step {n}");
                ended += 1;
            } else {
                waits(done);
                assert!(dir.path().join(format!("{id}.key")).exists(), "step {n}");
            }
        }
        // Questions before the last erasure; with another key, also those about it afterwards.
        assert_eq!(ended, if alone { 20 - 4 } else { 20 - 8 }, "the steps were counted wrongly");
    }
}

/// The same process goes on where it failed.
#[test]
fn what_waited_for_the_device_is_ended_when_it_is_back() {
    let (dir, device) = (tempfile::tempdir().unwrap(), Device::default());
    let p = KeyRing::over(dir.path(), device.clone()).unwrap();
    let (a, b) = (p.create("authorisation", "x").unwrap(), p.create("service", "zone").unwrap());
    p.begin_rotation(&b, None).unwrap();
    hides(&device, true);
    waits(p.destroy(&a));
    waits(p.end_rotation(&b, None));
    hides(&device, false);
    p.end_rotation(&b, None).unwrap();
    p.destroy(&a).unwrap();
    assert_eq!(device.names(), [format!("{b}.v2")]);
    assert!(!p.list().iter().any(|k| k.rotating));
    assert!(!dir.path().join(format!("{b}.key")).exists());
}

#[test]
fn what_a_killed_attempt_erased_is_finished() {
    for again in [true, false] {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::default());
        let p = KeyRing::over(dir.path(), device.clone()).unwrap();
        let (a, b) = (p.create("authorisation", "x").unwrap(), p.create("service", "zone").unwrap());
        device.slot().loses = true;
        assert!(p.destroy(&a).is_err());
        assert_eq!(device.names(), [b.to_string()]);
        let p = if again { p } else { KeyRing::over(dir.path(), device.clone()).unwrap() };
        p.destroy(&a).unwrap();
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}

/// Its entry was taken out of the folder behind the ring's back: the device is asked all the same, as often as it takes.
#[test]
fn a_key_whose_entry_was_taken_away_is_erased_all_the_same() {
    let (dir, device) = (tempfile::tempdir().unwrap(), Device::default());
    let p = KeyRing::over(dir.path(), device.clone()).unwrap();
    let (a, b) = (p.create("authorisation", "x").unwrap(), p.create("service", "zone").unwrap());
    p.begin_rotation(&b, None).unwrap();
    for id in [&a, &b] {
        fs::remove_file(dir.path().join(format!("{id}.key"))).unwrap();
    }
    hides(&device, true);
    for _ in 0..2 {
        waits(p.destroy(&a));
        assert!(matches!(p.data_key(&a), Err(CryptoError::DestroyedKey)));
    }
    hides(&device, false);
    p.destroy(&a).unwrap();
    p.end_rotation(&b, None).unwrap();
    assert_eq!(device.names(), [format!("{b}.v2")]);
}

/// The only key of a ring: nothing but itself says that it is the ring's device.
#[test]
fn a_ring_without_another_key_believes_only_a_device_that_showed_this_one() {
    let (dir, device, mut other) = (tempfile::tempdir().unwrap(), Device::default(), BTreeMap::new());
    let p = KeyRing::over(dir.path(), device.clone()).unwrap();
    let id = p.create("authorisation", "x").unwrap();
    p.begin_rotation(&id, None).unwrap();
    exchange(&device, &mut other);
    waits(p.destroy(&id));
    // A key made in another device would vouch for it.
    waits(p.create("authorisation", "y").map(|_| ()));
    waits(KeyRing::over(dir.path(), device.clone()).map(|_| ()));
    exchange(&device, &mut other);
    // One version is gone already, the other shows that the device is the ring's.
    device.slot().keys.remove(id.as_str());
    p.destroy(&id).unwrap();
    assert_eq!(device.names(), Vec::<String>::new());
    p.create("authorisation", "y").unwrap();
}

fn ring(dir: &Path) -> FileKeyProvider {
    FileKeyProvider::init(&dir.join("ring"), &dir.join("master"), Suite::Gm).unwrap()
}

/// Zeroed, half overwritten, cut short, empty: what a kill or a full disk leaves.
fn spoilt(good: &[u8]) -> Vec<Vec<u8>> {
    let half = good.len() / 2;
    let overwritten = [vec![0; half], good[half..].to_vec()].concat();
    vec![vec![0; good.len()], overwritten, good[..half].to_vec(), Vec::new(), good.to_vec()]
}

fn left_of(dir: &Path, id: &KeyId) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    let mut out: Vec<_> = names.filter(|n| n.starts_with(id.as_str())).collect();
    out.sort();
    out
}

/// Whatever lies beside a tombstone is removed and never read.
#[test]
fn nothing_beside_a_tombstone_keeps_a_ring_closed() {
    let dir = tempfile::tempdir().unwrap();
    let p = ring(dir.path());
    let keys = dir.path().join("ring");
    let (id, other) = (p.create("resource", "r").unwrap(), p.create("resource", "other").unwrap());
    p.data_key(&id).unwrap();
    let read = |end: &str| fs::read(keys.join(format!("{id}.{end}"))).unwrap();
    let (uses, key) = (read("uses"), read("key"));
    p.begin_rotation(&id, None).unwrap();
    let newer = read("v2.key");
    p.end_rotation(&id, None).unwrap();
    let retired = read("retired");
    keep_sealing_keys(&keys, &new_sealing_keys(1).unwrap()).unwrap();
    p.seal_away(&id).unwrap();
    let sealed = read("sealed");
    p.destroy(&id).unwrap();
    let masked = format!("{{\"id\":\"{id}\",\"pad\":\"pad-0\",\"v\":1}}").into_bytes();
    drop(p);
    let all = [
        ("key", key),
        ("v2.key", newer),
        ("uses", uses),
        ("sealed", sealed),
        ("retired", retired.clone()),
        ("v2.retired", retired),
        ("masked", masked.clone()),
        ("masking", masked),
        ("making", b"x".to_vec()),
        ("v2.making", b"x".to_vec()),
        ("key.tmp", b"x".to_vec()),
    ];
    for (end, good) in all {
        for bytes in spoilt(&good) {
            fs::write(keys.join(format!("{id}.{end}")), &bytes).unwrap();
            let told = inventory(&keys).unwrap();
            assert!(told.iter().any(|k| k.id == id && k.state == KeyState::Destroyed), "{end}");
            assert_eq!(absent(&keys, &Device::default()).unwrap(), [other.to_string()], "{end}");
            keep_sealing_keys(&keys, &new_sealing_keys(0).unwrap()).unwrap();
            let p = ring(dir.path());
            assert_eq!(left_of(&keys, &id), [format!("{id}.destroyed")], "{end}");
            assert!(matches!(p.data_key(&id), Err(CryptoError::DestroyedKey)));
            p.data_key(&other).unwrap();
            // In the process that destroys it, too.
            fs::write(keys.join(format!("{id}.{end}")), &bytes).unwrap();
            p.destroy(&id).unwrap();
            assert_eq!(left_of(&keys, &id), [format!("{id}.destroyed")], "{end}");
        }
    }
}

/// Without a word about its end a file that does not read is damage: counts do not begin anew, keys do not vanish.
#[test]
fn without_a_tombstone_a_spoilt_file_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let p = ring(dir.path());
    let keys = dir.path().join("ring");
    let id = p.create("resource", "r").unwrap();
    p.data_key(&id).unwrap();
    let other = p.create("resource", "sealed").unwrap();
    keep_sealing_keys(&keys, &new_sealing_keys(1).unwrap()).unwrap();
    p.seal_away(&other).unwrap();
    drop(p);
    for file in [format!("{id}.uses"), format!("{id}.key"), format!("{other}.sealed")] {
        let path = keys.join(&file);
        let good = fs::read(&path).unwrap();
        for bytes in spoilt(&good).into_iter().filter(|b| *b != good) {
            fs::write(&path, bytes).unwrap();
            let opened = FileKeyProvider::open(&keys, &dir.path().join("master"), Suite::Gm);
            assert!(opened.is_err() && inventory(&keys).is_err(), "{file}");
        }
        fs::write(&path, good).unwrap();
    }
    ring(dir.path());
}

/// Removals that need no tombstone, cut short after the overwriting.
#[test]
fn a_word_that_was_being_taken_back_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let p = ring(dir.path());
    let keys = dir.path().join("ring");
    let id = p.create("resource", "r").unwrap();
    let (key, wrapped) = p.data_key(&id).unwrap();
    let pads = new_sealing_keys(2).unwrap();
    keep_sealing_keys(&keys, &pads).unwrap();
    p.seal_away(&id).unwrap();
    let sealed = keys.join(format!("{id}.sealed"));
    let len = fs::read(&sealed).unwrap().len();
    p.open_sealed(&id, &pads).unwrap();
    fs::write(&sealed, vec![0; len]).unwrap();
    // A sealing key of zeros is none: nobody has it.
    fs::write(keys.join("pad-0.pad"), [0; 64]).unwrap();
    drop(p);
    let p = ring(dir.path());
    assert_eq!(p.unwrap(&id, &wrapped).unwrap().expose(), key.expose());
    assert!(!sealed.exists() && !keys.join("pad-0.pad").exists());
    fs::write(keys.join("pad-0.pad"), [0; 64]).unwrap();
    p.seal_away(&id).unwrap();
    assert!(!p.can_seal());
    p.open_sealed(&id, &pads).unwrap();
}

#[test]
fn masking_that_was_being_ended_or_taken_back_is_so() {
    let (dir, device) = (tempfile::tempdir().unwrap(), Device::default());
    let p = KeyRing::over(dir.path(), device.clone()).unwrap();
    let id = p.create("resource", "r").unwrap();
    let pads = new_sealing_keys(1).unwrap();
    keep_sealing_keys(dir.path(), &pads).unwrap();
    p.begin_masking(&id).unwrap().unwrap();
    let word = |end: &str| dir.path().join(format!("{id}.{end}"));
    let said = fs::read(word("masking")).unwrap();
    // Without `masked` it is damage.
    fs::write(word("masking"), vec![0; said.len()]).unwrap();
    assert!(KeyRing::over(dir.path(), device.clone()).is_err());
    fs::write(word("masking"), &said).unwrap();
    p.end_masking(&id).unwrap();
    for bytes in spoilt(&said) {
        fs::write(word("masking"), bytes).unwrap();
        let p = KeyRing::over(dir.path(), device.clone()).unwrap();
        assert_eq!(p.list()[0].state, KeyState::Sealed);
        assert!(!word("masking").exists());
    }
    fs::write(word("masked"), vec![0; said.len()]).unwrap();
    let p = KeyRing::over(dir.path(), device).unwrap();
    assert_eq!(p.list()[0].state, KeyState::Live);
    assert!(!word("masked").exists());
}

/// The attack: whoever handles a custody's disk leaves a pipe or a link where a file of the ring could be. Nobody waits at it, and
/// nothing is read from elsewhere.
#[test]
fn a_pipe_or_a_link_in_a_ring_is_refused_at_once() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = dir.path().join("elsewhere");
    std::fs::write(&elsewhere, b"{}").unwrap();
    for name in ["x.sealed", "x.key", "x.uses", "x.destroyed"] {
        let ring = dir.path().join(name.replace('.', "-"));
        std::fs::create_dir(&ring).unwrap();
        let at = ring.join(name);
        mknodat(CWD, &at, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert!(crypto::inventory(&ring).is_err(), "{name} as a pipe");
        std::fs::remove_file(&at).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &at).unwrap();
        assert!(crypto::inventory(&ring).is_err(), "{name} as a link");
    }
}

/// The same where files are wiped: what a killed writer left, and what belongs to a destroyed key.
#[test]
fn nothing_is_wiped_through_a_link_and_nobody_waits_at_a_pipe() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let dir = tempfile::tempdir().unwrap();
    let provider = ring(dir.path());
    let id = provider.create("resource", "res_1").unwrap();
    provider.destroy(&id).unwrap();
    drop(provider);
    let elsewhere = dir.path().join("elsewhere");
    fs::write(&elsewhere, b"somebody else's").unwrap();
    for name in ["x.tmp".to_owned(), format!("{id}.uses"), format!("{id}.key")] {
        let at = dir.path().join("ring").join(&name);
        std::os::unix::fs::symlink(&elsewhere, &at).unwrap();
        drop(ring(dir.path()));
        assert!(at.symlink_metadata().is_err(), "{name} as a link stays");
        mknodat(CWD, &at, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        drop(ring(dir.path()));
        assert!(at.symlink_metadata().is_err(), "{name} as a pipe stays");
    }
    assert_eq!(fs::read(&elsewhere).unwrap(), b"somebody else's");
}
