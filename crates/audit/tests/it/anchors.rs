//! Taking a whole log away, putting an older one back, swapping it, dropping the anchors: each is found and named.

use crate::support::{World, copy};
use audit::LogName::{self, Platform, Zone};
use audit::{LogError, TileLog, VerifyReport, anchor_line, verify_once};
use crypto::Suite;

/// Both logs, each anchoring the other; the platform records a report of the zone.
fn written() -> World {
    let mut world = World::new(Suite::Gm);
    world.publish(1, &world.services());
    let mut leaves = world.leaves(Platform, 9);
    let digest = Suite::Gm.hash(b"report").to_string();
    leaves.push(world.leaf(Platform, Some("case-a"), "zone_reported", &[("report", &digest)]));
    let zone = world.leaves(Zone, 7);
    let (mut p, mut z) = (world.open(Platform), world.open(Zone));
    z.append(&zone).unwrap();
    z.checkpoint(1, &world.zone_log, &[]).unwrap();
    p.append(&leaves).unwrap();
    p.checkpoint(2, &world.platform_log, &[anchor_line(z.published().unwrap())]).unwrap();
    z.checkpoint(3, &world.zone_log, &[anchor_line(p.published().unwrap())]).unwrap();
    world
}

fn check(world: &World) -> VerifyReport {
    verify_once(&world.logs(), Some(&world.trust()), None)
}

/// The failure's code, and the file it names.
fn found(world: &World) -> (String, String) {
    let report = check(world);
    assert!(!report.valid && !report.trusted, "{report:?}");
    let failure = report.failure.unwrap();
    (failure.what, failure.file)
}

fn pair(what: &str, file: &str) -> (String, String) {
    (what.to_owned(), file.to_owned())
}

fn remove(world: &World, log: LogName) {
    std::fs::remove_dir_all(world.logs().join(log.as_str())).unwrap();
}

#[test]
fn a_log_that_the_other_anchors_cannot_be_taken_away() {
    let world = written();
    assert!(check(&world).trusted);
    remove(&world, Zone);
    assert_eq!(found(&world), pair("missing", "zone"));
    assert_eq!(verify_once(&world.logs(), None, None).failure.unwrap().what, "missing", "also without a trust file");
    std::fs::create_dir(world.logs().join("zone")).unwrap();
    assert_eq!(found(&world), pair("missing", "zone/checkpoint"));
    let world = written();
    remove(&world, Platform);
    assert_eq!(found(&world), pair("missing", "platform"));
    std::fs::create_dir(world.logs().join("platform")).unwrap();
    assert_eq!(found(&world), pair("missing", "platform/checkpoint"));
}

/// An older copy of one log under the newer other, in both directions.
#[test]
fn a_log_put_back_to_an_older_state_is_named() {
    for log in LogName::ALL {
        let mut world = written();
        let old = tempfile::tempdir().unwrap();
        copy(&world.logs().join(log.as_str()), old.path());
        let more = [world.leaves(Platform, 3), world.leaves(Zone, 3)];
        let (mut p, mut z) = (world.open(Platform), world.open(Zone));
        p.append(&more[0]).unwrap();
        z.append(&more[1]).unwrap();
        z.checkpoint(4, &world.zone_log, &[]).unwrap();
        p.checkpoint(5, &world.platform_log, &[anchor_line(z.published().unwrap())]).unwrap();
        z.checkpoint(6, &world.zone_log, &[anchor_line(p.published().unwrap())]).unwrap();
        assert!(check(&world).trusted);
        remove(&world, log);
        copy(old.path(), &world.logs().join(log.as_str()));
        assert_eq!(found(&world), pair("rolled_back", &format!("{log}/checkpoint")));
    }
}

/// The zone's log is replaced: by one written anew under its own key, by another deployment's, by the platform's own.
#[test]
fn a_replaced_log_is_named() {
    let world = written();
    let mut forger = World::new(Suite::Gm);
    let leaves: Vec<_> = (0..9).map(|_| forger.leaf(Zone, None, "other", &[])).collect();
    remove(&world, Zone);
    std::fs::remove_dir_all(world.dir.path().join("zone-state")).unwrap();
    let mut log = world.open(Zone);
    log.append(&leaves).unwrap();
    log.checkpoint(9, &world.zone_log, &[]).unwrap();
    assert_eq!(found(&world), pair("anchor", "zone/checkpoint"));

    remove(&world, Zone);
    let state = world.dir.path().join("elsewhere/signer.json");
    let mut config = world.config(Zone);
    config.origin = "city-2/zone".into();
    config.state = state;
    let mut log = audit::TileLog::open(&world.logs().join("zone"), config).unwrap();
    log.append(&leaves).unwrap();
    log.checkpoint(9, &world.zone_log, &[]).unwrap();
    assert_eq!(found(&world), pair("other_log", "zone/checkpoint"));

    remove(&world, Zone);
    copy(&world.logs().join("platform"), &world.logs().join("zone"));
    assert_eq!(found(&world), pair("other_log", "zone/checkpoint"));
}

/// An anchor that names no log of this deployment stands for one that is not there.
#[test]
fn an_anchor_to_a_foreign_log_is_refused() {
    for origin in ["city-2/zone", "city-1/platform", "city-1/other"] {
        let world = written();
        let mut foreign =
            audit::Checkpoint::parse(&std::fs::read(world.logs().join("zone/checkpoint")).unwrap()).unwrap();
        foreign.origin = origin.into();
        world.open(Platform).checkpoint(9, &world.platform_log, &[anchor_line(&foreign)]).unwrap();
        assert_eq!(found(&world), pair("other_log", "platform/checkpoint"), "{origin}");
    }
}

/// The writer carries anchors on; a platform that signs without them is found by what its log records.
#[test]
fn anchors_do_not_vanish() {
    let mut world = written();
    let earlier = std::fs::read_to_string(world.logs().join("platform/checkpoint")).unwrap();
    let more = world.leaves(Platform, 2);
    let mut log = world.open(Platform);
    log.append(&more).unwrap();
    let note = log.checkpoint(7, &world.platform_log, &[]).unwrap();
    assert!(note.contains("anchor city-1/zone 7 "), "carried on, also by a log opened anew");
    let mut smaller = log.published().unwrap().anchors[0].clone();
    smaller.size = 3;
    let note = log.checkpoint(8, &world.platform_log, &[smaller.line()]).unwrap();
    assert!(note.contains("anchor city-1/zone 7 ") && !note.contains("zone 3 "), "never an older one");
    assert!(verify_once(&world.logs(), Some(&world.trust()), Some(&earlier)).trusted);

    let mut bare = log.published().unwrap().clone();
    bare.anchors.clear();
    bare.sign(&world.platform_log).unwrap();
    std::fs::write(world.logs().join("platform/checkpoint"), bare.render()).unwrap();
    let report = verify_once(&world.logs(), Some(&world.trust()), Some(&earlier));
    assert_eq!(report.failure.unwrap().what, "anchor_missing", "an earlier checkpoint had the anchor");
    assert_eq!(found(&world), pair("anchor_missing", "platform/checkpoint"), "the log records reports");
    remove(&world, Zone);
    assert_eq!(found(&world), pair("anchor_missing", "platform/checkpoint"));
    let alone = verify_once(&world.logs().join("platform"), Some(&world.trust()), None);
    assert_eq!(alone.failure.unwrap().what, "anchor_missing");
}

/// What an earlier checkpoint of the platform saw of the zone holds too.
#[test]
fn a_kept_checkpoint_vouches_for_both_logs() {
    let world = written();
    let kept = std::fs::read_to_string(world.logs().join("platform/checkpoint")).unwrap();
    let trust = world.trust();
    assert!(verify_once(&world.logs(), Some(&trust), Some(&kept)).trusted);
    assert!(verify_once(&world.logs().join("zone"), Some(&trust), Some(&kept)).failure.unwrap().what == "from");
    let foreign = kept.replace("city-1/platform", "city-3/platform");
    assert_eq!(verify_once(&world.logs(), Some(&trust), Some(&foreign)).failure.unwrap().what, "from");
}

/// A log given alone is at most consistent: what it anchors was not looked at, and the report says so.
#[test]
fn a_log_alone_is_not_trusted() {
    let world = written();
    let trust = world.trust();
    for (log, names) in [("platform", "anchor city-1/zone 7"), ("zone", "anchor city-1/platform 10")] {
        for dir in [world.logs().join(log), world.logs().join(log).join(".").components().collect()] {
            let report = verify_once(&dir, Some(&trust), None);
            assert!(report.valid && !report.trusted, "{report:?}");
            assert_eq!(report.checked["anchors_not_checked"], 1);
            assert!(report.unproved.unwrap().contains(names));
        }
    }
}

/// Whatever lies beside or inside the logs and is no part of them is named, folders without a file included.
#[test]
fn unknown_folders_are_named() {
    let world = written();
    for (stray, what, named) in [
        ("other", "unknown_file", "other"),
        ("other/deep", "unknown_file", "other"),
        ("keys/old", "corrupt", "keys/old"),
        ("platform/more", "unknown_file", "platform/more/"),
        ("zone/entries/x", "unknown_file", "zone/entries/x/"),
    ] {
        let path = world.logs().join(stray);
        std::fs::create_dir_all(&path).unwrap();
        assert_eq!(found(&world), pair(what, named), "{stray}");
        std::fs::remove_dir_all(world.logs().join(stray.strip_suffix("/deep").unwrap_or(stray))).unwrap();
    }
    std::os::unix::fs::symlink("zone", world.logs().join("zone2")).unwrap();
    assert_eq!(found(&world), pair("unknown_file", "zone2"));
    std::fs::remove_file(world.logs().join("zone2")).unwrap();
    assert!(check(&world).trusted);
}

/// The attack: whoever may write beside the logs takes the newest key list away, or puts another one there, and with it undoes a
/// revocation. The signer remembers which list it has bound.
#[test]
fn a_key_list_that_was_bound_cannot_be_taken_away() {
    let mut world = written();
    let before = tempfile::tempdir().unwrap();
    copy(&world.logs(), before.path());
    world.publish(2, &world.services());
    let dir = world.logs().join("platform");
    let open = |world: &World| TileLog::open(&dir, world.config(Platform).with_root(world.root.public()));
    let named = |e: LogError, number: u64| {
        assert!(matches!(&e, LogError::Corrupt { file, .. } if *file == format!("keys/{number}.json")), "{e}");
    };
    let mut log = open(&world).unwrap();
    log.checkpoint(4, &world.platform_log, &[]).unwrap();
    let kept = log.published().unwrap().render();
    let report = verify_once(before.path(), Some(&world.trust()), Some(&kept));
    let failure = report.failure.unwrap();
    assert_eq!(
        (failure.what.as_str(), failure.file.as_str()),
        ("key_list", "--from"),
        "an older list than a kept checkpoint binds"
    );

    let (file, next) = (world.logs().join("keys/2.json"), world.logs().join("keys/3.json"));
    let list = std::fs::read(&file).unwrap();
    log.append(&world.leaves(Platform, 1)).unwrap();
    std::fs::remove_file(&file).unwrap();
    named(log.checkpoint(5, &world.platform_log, &[]).unwrap_err(), 2);
    drop(log);
    named(open(&world).unwrap_err(), 2);
    let forged = crypto::canonical(&world.key_list(2, &[])).unwrap();
    std::fs::write(&file, forged).unwrap();
    named(open(&world).unwrap_err(), 2);
    std::fs::write(&file, &list).unwrap();
    // A stray name stops nobody.
    let strays = ["+3.json", "007.json", "99.json"].map(|name| world.logs().join("keys").join(name));
    strays.iter().for_each(|stray| std::fs::write(stray, b"").unwrap());
    open(&world).unwrap();
    strays.iter().for_each(|stray| std::fs::remove_file(stray).unwrap());
    for stray in [&b"{}"[..], &list] {
        std::fs::write(&next, stray).unwrap();
        named(open(&world).unwrap_err(), 3);
    }
    std::fs::remove_file(&next).unwrap();
    open(&world).unwrap().checkpoint(5, &world.platform_log, &[]).unwrap();
    assert!(check(&world).trusted);
}

/// The attack: an older state of the platform's log, or another of the same length, with its signer's memory as old; or with the
/// memory that it has.
#[test]
fn a_log_is_held_against_its_signer_and_against_what_the_other_anchored() {
    let world = written();
    world.open(Platform).check_anchored_by(Zone).unwrap();
    for (n, same) in [(5, "shorter"), (10, "of the same length")] {
        let mut other = World::new(Suite::Gm);
        other.publish(1, &other.services());
        let leaves: Vec<Vec<u8>> = (0..n).map(|_| other.leaf(Platform, None, "another", &[])).collect();
        let mut log = other.open(Platform);
        log.append(&leaves).unwrap();
        log.checkpoint(2, &other.platform_log, &[]).unwrap();
        copy(&world.logs().join("zone"), &other.logs().join("zone"));
        let told = log.check_anchored_by(Zone).unwrap_err();
        assert!(matches!(&told, LogError::Corrupt { file, .. } if file == "zone/checkpoint"), "{same}: {told}");
        drop(log);
        let memory = |world: &World| world.config(Platform).state;
        std::fs::copy(memory(&world), memory(&other)).unwrap();
        let opened = TileLog::open(&other.logs().join("platform"), other.config(Platform)).unwrap_err();
        let named = match n {
            10 => matches!(opened, LogError::SecondRoot { size: 10 }),
            _ => matches!(opened, LogError::RolledBack { found: 5, signed: 10 }),
        };
        assert!(named, "{n} leaves beside the memory of ten others: {opened}");
    }
}

/// The attack: whoever may write in the zone's log takes the anchor out of its checkpoint and puts the platform's log back.
#[test]
fn an_anchor_that_was_taken_out_of_a_checkpoint_comes_back_with_the_next() {
    let mut world = written();
    let file = world.logs().join("zone/checkpoint");
    let note = std::fs::read_to_string(&file).unwrap();
    let anchor = note.lines().find(|l| l.starts_with("anchor ")).unwrap().to_owned();
    std::fs::write(&file, note.replace(&format!("{anchor}\n"), "")).unwrap();
    let leaf = world.leaves(Zone, 1);
    let mut log = world.open(Zone);
    assert_eq!(log.anchors().unwrap().len(), 1);
    log.append(&leaf).unwrap();
    let next = log.checkpoint(4, &world.zone_log, &[]).unwrap();
    assert!(next.lines().any(|l| l == anchor), "{next}");
    assert!(check(&world).trusted);
}
