//! What was destroyed stays destroyed: a backup from before cannot read it, whoever holds its passphrase.

use crate::{DEPLOYMENT, PASSPHRASE, Zone, context, holds};
use backup::{Custody, Repo, take, unpack};
use crypto::{FileKeyProvider, KeyProvider, Suite, open_object};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Everything that whoever holds backup, passphrase and custody can open of an object: the ring of the custody under the
/// master key of the backup.
fn attacked(zone: &Zone, custody: &Path, object: &str) -> Option<Vec<u8>> {
    let repo = Repo::open(&zone.out(), PASSPHRASE).unwrap();
    let mut found = None;
    for number in repo.snapshots().unwrap() {
        let into = tempfile::tempdir().unwrap();
        unpack(&repo, &repo.snapshot(number).unwrap(), into.path(), &BTreeSet::new()).unwrap();
        let ring = into.path().join("ring");
        fs::create_dir(&ring).unwrap();
        for entry in fs::read_dir(custody.join("keys")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, ring.join(path.file_name().unwrap())).unwrap();
        }
        let ring = FileKeyProvider::open(&ring, &into.path().join("zone/master"), Suite::Gm).unwrap();
        let bytes = fs::read(into.path().join("zone/objects").join(object)).ok();
        found = found.or(bytes.and_then(|b| open_object(&b, &ring, &context(object)).ok()));
    }
    found
}

#[test]
fn a_backup_from_before_a_destruction_cannot_read_what_was_destroyed() {
    let zone = Zone::new();
    let (resource, auth) =
        (zone.ring.create("resource", "res_1").unwrap(), zone.ring.create("authorisation", "aut_1").unwrap());
    zone.put("res/res_1/rows", &resource, b"records of the provider");
    zone.put("auth/aut_1/artefact", &auth, b"result of the job");
    let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    assert_eq!(custody.sync(&zone.ring_dir()).unwrap(), 2);
    take(&zone.repo(), zone.source()).unwrap();
    // The backup is good: with the custody of that day it opens both.
    assert_eq!(attacked(&zone, &zone.custody(), "res/res_1/rows").as_deref(), Some(&b"records of the provider"[..]));
    assert_eq!(attacked(&zone, &zone.custody(), "auth/aut_1/artefact").as_deref(), Some(&b"result of the job"[..]));
    // The key files themselves are in no backup.
    for id in [&resource, &auth] {
        let file = fs::read(zone.ring_dir().join(format!("{id}.key"))).unwrap();
        assert!(!holds(&zone.out(), &file), "a key file lies in the backup");
    }
    let copied = tempfile::tempdir().unwrap();
    fs::create_dir(copied.path().join("keys")).unwrap();
    for entry in fs::read_dir(zone.custody().join("keys")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copied.path().join("keys").join(path.file_name().unwrap())).unwrap();
    }

    zone.ring.destroy_at(&auth, Some(5)).unwrap();
    custody.forget(&zone.ring_dir()).unwrap();
    assert_eq!(attacked(&zone, &zone.custody(), "auth/aut_1/artefact"), None, "the backup brings it back");
    assert!(attacked(&zone, &zone.custody(), "res/res_1/rows").is_some(), "the provider's records must stay");
    assert_eq!(custody.destroyed().unwrap(), BTreeSet::from([auth.to_string()]));
    // A later backup holds neither key nor object.
    let (manifest, _) = take(&zone.repo(), zone.source()).unwrap();
    assert!(manifest.objects.iter().all(|o| o.key != auth.as_str()));
    assert!(!zone.custody().join(format!("keys/{auth}.key")).exists());

    // The limit (docs/threat-model.md): whoever copied the custody by other means before has copied the key.
    assert!(attacked(&zone, copied.path(), "auth/aut_1/artefact").is_some());
}

#[test]
fn what_a_rotation_replaced_is_destroyed_with_its_key() {
    let zone = Zone::new();
    let auth = zone.ring.create("authorisation", "aut_1").unwrap();
    zone.put("auth/aut_1/artefact", &auth, b"result of the job");
    let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    custody.sync(&zone.ring_dir()).unwrap();
    take(&zone.repo(), zone.source()).unwrap();
    // New material, the object under it, the old material gone from the ring; a backup of that too.
    zone.ring.begin_rotation(&auth, Some(3)).unwrap();
    let path = zone.data().join("zone/objects/auth/aut_1/artefact");
    let old = fs::read(&path).unwrap();
    let header = crypto::rewrap_header(&old, &zone.ring).unwrap().unwrap();
    fs::write(&path, [&header[..], &old[header.len()..]].concat()).unwrap();
    zone.ring.end_rotation(&auth, Some(4)).unwrap();
    custody.sync(&zone.ring_dir()).unwrap();
    take(&zone.repo(), zone.source()).unwrap();
    let versions = |zone: &Zone| {
        let names = crate::files(&zone.custody().join("keys")).into_iter();
        names.filter(|p| p.extension().is_some_and(|e| e == "key")).count()
    };
    assert_eq!(versions(&zone), 2, "backups from before a rotation need its old version");
    let read = |n: u64| {
        let into = tempfile::tempdir().unwrap();
        let repo = zone.repo();
        unpack(&repo, &repo.snapshot(n).unwrap(), into.path(), &BTreeSet::new()).unwrap();
        let ring = into.path().join("ring");
        backup::gather(&ring, &[zone.custody().join("keys")], &BTreeSet::new()).unwrap();
        let ring = FileKeyProvider::open(&ring, &into.path().join("zone/master"), Suite::Gm).unwrap();
        let bytes = fs::read(into.path().join("zone/objects/auth/aut_1/artefact")).unwrap();
        open_object(&bytes, &ring, &context("auth/aut_1/artefact")).ok()
    };
    for n in [1, 2] {
        assert_eq!(read(n).as_deref(), Some(&b"result of the job"[..]), "snapshot {n}");
    }
    zone.ring.destroy_at(&auth, Some(5)).unwrap();
    custody.forget(&zone.ring_dir()).unwrap();
    assert_eq!((versions(&zone), read(1), read(2)), (0, None, None));
    // A sync afterwards, and a ring whose old version somebody put back, bring none.
    fs::write(zone.ring_dir().join(format!("{auth}.v2.key")), b"{}").unwrap();
    custody.sync(&zone.ring_dir()).unwrap();
    assert_eq!(versions(&zone), 0);
}

#[test]
fn a_backup_from_before_a_sealing_cannot_read_what_is_sealed() {
    let zone = Zone::new();
    let resource = zone.ring.create("resource", "res_1").unwrap();
    zone.put("res/res_1/rows", &resource, b"records of the provider");
    let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    custody.sync(&zone.ring_dir()).unwrap();
    take(&zone.repo(), zone.source()).unwrap();
    assert!(attacked(&zone, &zone.custody(), "res/res_1/rows").is_some());
    let pads = crypto::new_sealing_keys(1).unwrap();
    crypto::keep_sealing_keys(&zone.ring_dir(), &pads).unwrap();
    zone.ring.seal_away(&resource).unwrap();
    custody.forget(&zone.ring_dir()).unwrap();
    assert_eq!(attacked(&zone, &zone.custody(), "res/res_1/rows"), None, "the backup opens what is sealed");
    // Nor does a sync bring it back, also of a key file that somebody put into the ring.
    assert_eq!(custody.sync(&zone.ring_dir()).unwrap(), 0);
    assert_eq!(attacked(&zone, &zone.custody(), "res/res_1/rows"), None);
    // It is kept: on another machine the keepers open what the custody holds.
    let ring = tempfile::tempdir().unwrap();
    backup::gather(ring.path(), &[zone.custody().join("keys")], &BTreeSet::new()).unwrap();
    let elsewhere = FileKeyProvider::open(ring.path(), &zone.data().join("zone/master"), Suite::Gm).unwrap();
    elsewhere.open_sealed(&resource, &pads).unwrap();
    let bytes = fs::read(zone.data().join("zone/objects/res/res_1/rows")).unwrap();
    assert!(open_object(&bytes, &elsewhere, &context("res/res_1/rows")).is_ok());
    // Unsealed here, the next sync holds it as any other key; destroyed, as none.
    zone.ring.open_sealed(&resource, &pads).unwrap();
    assert_eq!(custody.sync(&zone.ring_dir()).unwrap(), 1);
    assert!(attacked(&zone, &zone.custody(), "res/res_1/rows").is_some());
    zone.ring.destroy_at(&resource, Some(9)).unwrap();
    custody.forget(&zone.ring_dir()).unwrap();
    assert_eq!(attacked(&zone, &zone.custody(), "res/res_1/rows"), None);
}

#[test]
fn a_key_does_not_come_back_by_a_later_sync() {
    let zone = Zone::new();
    let auth = zone.ring.create("authorisation", "aut_1").unwrap();
    let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    custody.sync(&zone.ring_dir()).unwrap();
    let file = zone.ring_dir().join(format!("{auth}.key"));
    let bytes = fs::read(&file).unwrap();
    zone.ring.destroy_at(&auth, None).unwrap();
    custody.forget(&zone.ring_dir()).unwrap();
    // Somebody puts the key file back into the ring: the tombstone in the custody wins.
    fs::write(&file, &bytes).unwrap();
    fs::remove_file(file.with_extension("destroyed")).unwrap();
    assert_eq!(custody.sync(&zone.ring_dir()).unwrap(), 0);
    assert!(!zone.custody().join(format!("keys/{auth}.key")).exists());
    // Killed between tombstone and removal: finished by the next.
    let held = zone.custody().join(format!("keys/{auth}.key"));
    fs::write(&held, &bytes).unwrap();
    fs::write(file.with_extension("destroyed"), b"{}").unwrap();
    custody.forget(&zone.ring_dir()).unwrap();
    assert!(!held.exists());
}

#[test]
fn a_destruction_during_a_sync_leaves_no_key() {
    for round in 0..40 {
        let zone = Zone::new();
        let keys: Vec<_> = (0..6).map(|n| zone.ring.create("authorisation", &format!("aut_{n}")).unwrap()).collect();
        let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
        std::thread::scope(|s| {
            s.spawn(|| {
                for _ in 0..3 {
                    custody.sync(&zone.ring_dir()).unwrap();
                }
            });
            for key in &keys {
                zone.ring.destroy_at(key, None).unwrap();
                custody.forget(&zone.ring_dir()).unwrap();
                let held = zone.custody().join(format!("keys/{key}.key"));
                assert!(!held.exists(), "round {round}: a destroyed key is in the custody");
            }
        });
        for key in &keys {
            assert!(!zone.custody().join(format!("keys/{key}.key")).exists(), "round {round}");
        }
    }
}

#[test]
fn a_custody_of_another_deployment_is_refused() {
    let zone = Zone::new();
    Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    assert!(Custody::open(&zone.custody(), "other").is_err());
    assert!(Custody::open(Path::new("/nowhere"), DEPLOYMENT).is_err());
}

/// A zone knows its custody by an id, so that neither an empty folder nor another custody at its path passes for it.
#[test]
fn a_custody_is_known_by_its_id_and_made_in_no_folder_that_holds_something() {
    let zone = Zone::new();
    let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    let id = custody.id().unwrap().to_owned();
    assert_eq!(Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap().id(), Some(id.as_str()));
    // Moved, it is the same; in its place stands nothing, and then another.
    let moved = zone.folder.path().join("moved");
    fs::rename(zone.custody(), &moved).unwrap();
    assert!(Custody::open_known(&moved, DEPLOYMENT, &id).is_ok());
    fs::create_dir(zone.custody()).unwrap();
    assert!(Custody::open_known(&zone.custody(), DEPLOYMENT, &id).is_err());
    Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    assert!(Custody::open_known(&zone.custody(), DEPLOYMENT, &id).is_err());
    // One from before there were ids keeps what it holds and gets one.
    fs::write(moved.join("custody.json"), format!("{{\"deployment\":\"{DEPLOYMENT}\",\"v\":1}}")).unwrap();
    assert_eq!(Custody::open(&moved, DEPLOYMENT).unwrap().id(), None);
    assert!(Custody::open_or_make(&moved, DEPLOYMENT).unwrap().id().is_some());
    let foreign = tempfile::tempdir().unwrap();
    fs::write(foreign.path().join("letter.txt"), "kept").unwrap();
    assert!(Custody::open_or_make(foreign.path(), DEPLOYMENT).is_err());
    assert_eq!(crate::files(foreign.path()).len(), 1, "something was made beside the letter");
}

/// A ring that was laid out without keys buries by name what the custody still has.
#[test]
fn a_key_that_only_the_custody_has_is_found_and_buried() {
    let zone = Zone::new();
    let (key, other) = (zone.ring.create("resource", "res_1").unwrap(), zone.ring.create("resource", "res_2").unwrap());
    zone.put("res/res_1/rows", &key, b"records of the provider");
    let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    custody.sync(&zone.ring_dir()).unwrap();
    take(&zone.repo(), zone.source()).unwrap();
    let bare = tempfile::tempdir().unwrap();
    let ring = FileKeyProvider::init(&bare.path().join("ring"), &bare.path().join("master"), Suite::Gm).unwrap();
    assert_eq!(custody.kept("resource", "res_1").unwrap(), std::slice::from_ref(&key));
    assert!(custody.kept("authorisation", "res_1").unwrap().is_empty());
    ring.bury_at(&key, "resource", "res_1", Some(5)).unwrap();
    custody.forget(&bare.path().join("ring")).unwrap();
    assert_eq!(attacked(&zone, &zone.custody(), "res/res_1/rows"), None, "the custody brings it back");
    assert_eq!(custody.destroyed().unwrap(), BTreeSet::from([key.to_string()]));
    assert_eq!(custody.kept("resource", "res_1").unwrap(), [key], "also after a kill: the report is the same");
    assert_eq!(custody.kept("resource", "res_2").unwrap(), [other]);
}

/// The attack: a backup is killed while it writes a key into the custody; the destruction afterwards must find what it left.
#[test]
fn what_a_killed_backup_left_in_the_custody_goes_with_its_key() {
    let zone = Zone::new();
    let auth = zone.ring.create("authorisation", "aut_1").unwrap();
    zone.put("auth/aut_1/artefact", &auth, b"result of the job");
    let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    custody.sync(&zone.ring_dir()).unwrap();
    take(&zone.repo(), zone.source()).unwrap();
    let kept = zone.custody().join("keys");
    let key = fs::read(kept.join(format!("{auth}.key"))).unwrap();
    for name in [format!("{auth}.key.tmp"), format!("{auth}.v1.key.tmp"), "kek-0.key.tmp".to_owned()] {
        fs::write(kept.join(name), &key).unwrap();
    }
    zone.ring.destroy_at(&auth, Some(5)).unwrap();
    custody.forget(&zone.ring_dir()).unwrap();
    assert!(!holds(&zone.custody(), &key), "the key lies in the custody under another name");
}

/// Two folders with the same keys, as after a restore beside a living one: what one destroys is destroyed in the other as soon as
/// that is opened.
#[test]
fn a_ring_catches_up_with_its_custody() {
    let zone = Zone::new();
    let (auth, other) =
        (zone.ring.create("authorisation", "aut_1").unwrap(), zone.ring.create("authorisation", "aut_2").unwrap());
    let custody = Custody::open_or_make(&zone.custody(), DEPLOYMENT).unwrap();
    custody.sync(&zone.ring_dir()).unwrap();
    let second = zone.folder.path().join("second");
    fs::create_dir(&second).unwrap();
    for entry in fs::read_dir(zone.ring_dir()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, second.join(path.file_name().unwrap())).unwrap();
    }
    assert_eq!(custody.catch_up(&second).unwrap(), 0);
    zone.ring.destroy_at(&auth, Some(5)).unwrap();
    custody.forget(&zone.ring_dir()).unwrap();
    assert_eq!(custody.catch_up(&second).unwrap(), 1);
    assert!(!second.join(format!("{auth}.key")).exists() && second.join(format!("{auth}.destroyed")).exists());
    assert!(second.join(format!("{other}.key")).exists(), "the other lives");
}
