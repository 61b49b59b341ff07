//! The repository: it grows by what is new, holds nothing in the open, and finds every change.

use crate::{PASSPHRASE, Zone, context, files, holds};
use backup::{BackupError, Content, Repo, take, unpack};
use crypto::{CryptoError, KeyProvider, Suite, open_object};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

#[test]
fn a_second_snapshot_holds_only_what_is_new() {
    let zone = Zone::new();
    let key = zone.ring.create("resource", "res_1").unwrap();
    zone.put("res/res_1/a", &key, &vec![7; 300_000]);
    let planted = "planted-320106199001011234 ".repeat(200_000);
    fs::write(zone.data().join("zone/journal"), &planted).unwrap();
    let repo = zone.repo();
    let (first, written) = take(&repo, zone.source()).unwrap();
    assert!(written > 5_000_000, "{written}");
    let (second, written) = take(&repo, zone.source()).unwrap();
    assert_eq!((written, second.number), (0, 2), "nothing is new");
    assert_eq!(second.previous, Some(repo.digest(&first).unwrap()));
    // What grows at its end keeps its first piece.
    let mut journal = fs::OpenOptions::new().append(true).open(zone.data().join("zone/journal")).unwrap();
    journal.write_all(b"one more frame").unwrap();
    zone.put("res/res_1/b", &key, b"small");
    let (third, written) = take(&repo, zone.source()).unwrap();
    assert!(written < 2_000_000, "{written}");
    assert_eq!(third.objects.len(), 2);
    assert!(!holds(&zone.out(), b"planted-"), "something stands in the open");

    let into = tempfile::tempdir().unwrap();
    let done = unpack(&repo, &third, into.path(), &BTreeSet::new()).unwrap();
    assert_eq!((done.files, done.objects, done.left_out), (2, 2, 0));
    for path in ["zone/journal", "zone/master", "zone/objects/res/res_1/a", "zone/objects/res/res_1/b"] {
        assert_eq!(fs::read(into.path().join(path)).unwrap(), fs::read(zone.data().join(path)).unwrap(), "{path}");
    }
    // The first snapshot is still there, as it was.
    let into = tempfile::tempdir().unwrap();
    unpack(&repo, &repo.snapshot(1).unwrap(), into.path(), &BTreeSet::new()).unwrap();
    assert_eq!(fs::read_to_string(into.path().join("zone/journal")).unwrap(), planted);
}

#[test]
fn an_object_that_was_sealed_anew_at_its_path_is_taken_anew() {
    let zone = Zone::new();
    let key = zone.ring.create("authorisation", "aut_1").unwrap();
    zone.put("auth/aut_1/p", &key, b"first");
    let repo = zone.repo();
    take(&repo, zone.source()).unwrap();
    zone.put("auth/aut_1/p", &key, b"other");
    let (manifest, _) = take(&repo, zone.source()).unwrap();
    let into = tempfile::tempdir().unwrap();
    unpack(&repo, &manifest, into.path(), &BTreeSet::new()).unwrap();
    let bytes = fs::read(into.path().join("zone/objects/auth/aut_1/p")).unwrap();
    assert_eq!(open_object(&bytes, &zone.ring, &context("auth/aut_1/p")).unwrap(), b"other");
}

#[test]
fn another_passphrase_deployment_or_process_is_refused() {
    let zone = Zone::new();
    let repo = zone.repo();
    assert!(matches!(Repo::open(&zone.out(), PASSPHRASE), Err(BackupError::Busy)));
    drop(repo);
    let wrong = Repo::open(&zone.out(), "other");
    assert!(matches!(wrong, Err(BackupError::Crypto(CryptoError::WrongPassphrase))));
    assert!(matches!(
        Repo::open_or_make(&zone.out(), "other", Suite::Gm, PASSPHRASE),
        Err(BackupError::NotOurs { .. })
    ));
    let foreign = tempfile::tempdir().unwrap();
    fs::write(foreign.path().join("holiday.jpg"), b"x").unwrap();
    assert!(matches!(Repo::open_or_make(foreign.path(), "d", Suite::Gm, "p"), Err(BackupError::NotOurs { .. })));
}

#[test]
fn every_flipped_byte_is_found() {
    let zone = Zone::new();
    let key = zone.ring.create("resource", "res_1").unwrap();
    zone.put("res/res_1/a", &key, b"some rows");
    // Opened once: stretching the passphrase takes its time.
    let repo = zone.repo();
    let (manifest, _) = take(&repo, zone.source()).unwrap();
    let whole = |number| -> Result<(), BackupError> {
        let into = tempfile::tempdir().unwrap();
        unpack(&repo, &repo.snapshot(number)?, into.path(), &BTreeSet::new()).map(drop)
    };
    whole(manifest.number).unwrap();
    for file in files(&zone.out()).into_iter().filter(|f| !f.ends_with("lock") && !f.ends_with("backup.json")) {
        let bytes = fs::read(&file).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&file, &changed).unwrap();
            assert!(whole(manifest.number).is_err(), "{} byte {at}", file.display());
        }
        fs::write(&file, &bytes).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(whole(manifest.number).is_err(), "{} missing", file.display());
        fs::write(&file, &bytes).unwrap();
    }
    whole(manifest.number).unwrap();
}

#[test]
fn what_a_killed_run_left_counts_for_nothing() {
    let zone = Zone::new();
    fs::write(zone.data().join("zone/journal"), b"frames").unwrap();
    let (manifest, _) = take(&zone.repo(), zone.source()).unwrap();
    // Killed while a piece and while a snapshot was written: the names end in `.tmp`.
    fs::create_dir_all(zone.out().join("pieces/zz")).unwrap();
    fs::write(zone.out().join("pieces/zz/half.tmp"), b"half").unwrap();
    fs::write(zone.out().join("snapshots/000002.tmp"), b"half").unwrap();
    let repo = zone.repo();
    assert_eq!(repo.last().unwrap().manifest, Some(manifest));
    assert!(!zone.out().join("pieces/zz/half.tmp").exists() && !zone.out().join("snapshots/000002.tmp").exists());
    assert_eq!(take(&repo, zone.source()).unwrap().0.number, 2);
}

/// One bad snapshot is not the end of a backup: it is named, the older ones are there, and the next one is taken.
#[test]
fn a_damaged_newest_snapshot_is_told_and_does_not_block() {
    let zone = Zone::new();
    fs::write(zone.data().join("zone/journal"), b"frames").unwrap();
    let repo = zone.repo();
    let (first, _) = take(&repo, zone.source()).unwrap();
    for number in [2, 3] {
        take(&repo, zone.source()).unwrap();
        let file = zone.out().join(format!("snapshots/{number:06}"));
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    let last = repo.last().unwrap();
    assert_eq!((last.manifest.as_ref(), &last.damaged[..]), (Some(&first), &[3, 2][..]));
    assert!(repo.snapshot(3).unwrap_err().is_damage());
    let (next, _) = take(&repo, zone.source()).unwrap();
    assert_eq!((next.number, next.previous), (4, Some(repo.digest(&first).unwrap())));
    let last = repo.last().unwrap();
    assert_eq!((last.manifest.map(|m| m.number), last.damaged), (Some(4), Vec::new()));
}

/// What is read is not written to: a backup may lie on a medium that is mounted read-only.
#[test]
fn reading_writes_nothing() {
    let zone = Zone::new();
    fs::write(zone.data().join("zone/journal"), b"frames").unwrap();
    let (manifest, _) = take(&zone.repo(), zone.source()).unwrap();
    fs::remove_file(zone.out().join("lock")).unwrap();
    fs::write(zone.out().join("snapshots/000002.tmp"), b"half").unwrap();
    let seen = || files(&zone.out()).into_iter().map(|f| (fs::metadata(&f).unwrap().modified().unwrap(), f));
    let before: Vec<_> = seen().collect();
    let repo = Repo::open(&zone.out(), PASSPHRASE).unwrap();
    let into = tempfile::tempdir().unwrap();
    unpack(&repo, &manifest, into.path(), &BTreeSet::new()).unwrap();
    assert_eq!(seen().collect::<Vec<_>>(), before);
    // Two may read at once; who writes waits for neither to be there.
    drop(repo);
    drop(zone.repo());
    let readers = [(); 2].map(|()| Repo::open(&zone.out(), PASSPHRASE).unwrap());
    let write = || Repo::open_or_make(&zone.out(), crate::DEPLOYMENT, Suite::Gm, PASSPHRASE);
    assert!(matches!(write(), Err(BackupError::Busy)));
    drop(readers);
    assert!(write().is_ok());
}

/// A part that went bad is not carried on for ever: one that lost bytes is written anew by the next snapshot, any other by one
/// that checks everything, which a drill that finds damage asks for.
#[test]
fn a_damaged_part_is_named_and_written_anew() {
    let zone = Zone::new();
    let key = zone.ring.create("resource", "res_1").unwrap();
    zone.put("res/res_1/a", &key, b"some rows");
    fs::write(zone.data().join("zone/journal"), b"frames").unwrap();
    let mut repo = zone.repo();
    let (first, _) = take(&repo, zone.source()).unwrap();
    let parts: Vec<_> = ["pieces", "objects"].iter().flat_map(|folder| files(&zone.out().join(folder))).collect();
    assert_eq!(parts.len(), 3, "{parts:?}");
    let broken = |cut: bool| {
        for part in &parts {
            let mut bytes = fs::read(part).unwrap();
            let last = bytes.len() - 1;
            if cut {
                bytes.truncate(4)
            } else {
                bytes[last] ^= 1
            }
            fs::write(part, bytes).unwrap();
        }
    };
    let damage = |repo: &Repo| repo.damage(&first, &BTreeSet::new()).unwrap();
    assert!(damage(&repo).is_empty());
    broken(true);
    assert_eq!(damage(&repo), parts.iter().cloned().collect());
    take(&repo, zone.source()).unwrap();
    assert!(damage(&repo).is_empty(), "what lost bytes is carried on");
    assert_eq!(repo.mended(), 3);
    broken(false);
    take(&repo, zone.source()).unwrap();
    assert_eq!(damage(&repo).len(), 3);
    assert!(!repo.check_wanted());
    repo.want_check(true);
    assert!(repo.check_wanted());
    repo = repo.checking();
    take(&repo, zone.source()).unwrap();
    assert!(damage(&repo).is_empty(), "what was changed is carried on");
    repo.want_check(false);
    assert!(!repo.check_wanted());
}

/// The attack: whoever may write in the folder links from there to what never enters a backup.
#[test]
fn a_backup_follows_no_link() {
    let zone = Zone::new();
    let link = zone.data().join("zone/objects/linked");
    std::os::unix::fs::symlink(zone.data().join("zone/master"), &link).unwrap();
    assert!(take(&zone.repo(), zone.source()).is_err(), "an object");
    fs::remove_file(&link).unwrap();
    let mut source = zone.source();
    let file = zone.folder.path().join("linked");
    std::os::unix::fs::symlink(zone.data().join("zone/master"), &file).unwrap();
    source.files.push(("platform/m".to_owned(), Content::File(file)));
    assert!(take(&zone.repo(), source).is_err(), "a file");
    assert!(take(&zone.repo(), zone.source()).is_ok());
}
