//! Verifying a folder of logs: every byte counts, every file is known, a rebuilt history is found out.

use crate::support::{World, files, key, signed};
use audit::LogName::{self, Platform, Zone};
use audit::{anchor_line, verify_dir, verify_once};
use crypto::Suite;
use serde_json::json;

/// Both logs with some leaves, each anchoring the other.
fn written(suite: Suite, n: usize) -> World {
    let mut world = World::new(suite);
    world.publish(1, &world.services());
    let (platform, zone) = (world.leaves(Platform, n), world.leaves(Zone, n / 2 + 1));
    let (mut p, mut z) = (world.open(Platform), world.open(Zone));
    p.append(&platform).unwrap();
    p.checkpoint(1, &world.platform_log, &[]).unwrap();
    z.append(&zone).unwrap();
    z.checkpoint(2, &world.zone_log, &[anchor_line(p.published().unwrap())]).unwrap();
    let more = world.leaves(Platform, 3);
    p.append(&more).unwrap();
    p.checkpoint(3, &world.platform_log, &[anchor_line(z.published().unwrap())]).unwrap();
    world
}

#[test]
fn whole_folder_verifies() {
    for suite in [Suite::Gm, Suite::Intl] {
        let world = written(suite, 600);
        let trust = world.trust();
        let report = verify_dir(&world.logs(), Some(&trust), None);
        assert!(report.valid && report.trusted, "{report:?}");
        assert_eq!(report.checked["leaves"], 600 + 3 + 301);
        assert_eq!(report.checked["anchors"], 2);
        assert_eq!(report.clock.as_deref(), Some("simulated"));
        let report = verify_dir(&world.logs(), None, None);
        assert!(report.valid && !report.trusted);
        for log in ["platform", "zone"] {
            let report = verify_dir(&world.logs().join(log), Some(&trust), None);
            assert!(report.valid && !report.trusted, "alone it is not held against its anchors: {report:?}");
        }
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let world = written(Suite::Intl, 5);
    let trust = world.trust();
    for trust in [None, Some(&trust)] {
        for (path, bytes) in files(&world.logs()) {
            let file = world.logs().join(&path);
            for i in 0..bytes.len() {
                let mut bent = bytes.clone();
                bent[i] ^= 1 << (i % 8);
                std::fs::write(&file, &bent).unwrap();
                let report = verify_once(&world.logs(), trust, None);
                // Without the trust file nobody vouches for the root's own signature bytes and key, but the
                // checkpoints bind both files.
                assert!(!report.valid && !report.trusted, "{} byte {i}", path.display());
            }
            std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
            assert!(!verify_once(&world.logs(), trust, None).valid);
            std::fs::write(&file, [bytes.as_slice(), b"\n"].concat()).unwrap();
            assert!(!verify_once(&world.logs(), trust, None).valid);
            std::fs::write(&file, &bytes).unwrap();
        }
        assert!(verify_once(&world.logs(), trust, None).valid);
    }
}

#[test]
fn unknown_and_missing_files() {
    let world = written(Suite::Gm, 5);
    for (stray, unsigned) in [
        ("x", false),
        ("platform/x", false),
        ("platform/entries/000.p/3", false),
        ("platform/sm3/tile/9/000", false),
        ("keys/x", false),
        ("keys/3.json", false),
        ("platform/checkpoint.tmp", false),
        ("keys/01.json", false),
        // What a stop between writing and signing leaves: refused too, and called what it is.
        ("platform/entries/000.p/255", true),
        ("platform/sm3/tile/0/000.p/255", true),
    ] {
        let file = world.logs().join(stray);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, b"1").unwrap();
        let report = verify_once(&world.logs(), None, None);
        assert!(!report.valid, "{stray}");
        assert_eq!(report.failure.unwrap().en.contains("not signed"), unsigned, "{stray}");
        std::fs::remove_file(&file).unwrap();
    }
    for (path, bytes) in files(&world.logs()) {
        let file = world.logs().join(&path);
        std::fs::remove_file(&file).unwrap();
        assert!(!verify_once(&world.logs(), None, None).valid, "{}", path.display());
        std::fs::write(&file, bytes).unwrap();
    }
    std::fs::remove_dir_all(world.logs().join("platform")).unwrap();
    assert!(!verify_once(&world.logs(), None, None).valid);
    assert!(!verify_once(&world.logs().join("nowhere"), None, None).valid);
}

/// A link to the very same bytes is refused all the same: they lie elsewhere, and change there unnoticed.
#[cfg(unix)]
#[test]
fn links_pipes_and_devices_are_refused() {
    use std::os::unix::fs::symlink;
    let world = written(Suite::Gm, 5);
    let outside = tempfile::tempdir().unwrap();
    let there = outside.path().join("moved");
    for path in
        ["platform/checkpoint", "keys/1.json", "deployment.json", "platform/entries", "keys", "platform", "zone"]
    {
        let inside = world.logs().join(path);
        std::fs::rename(&inside, &there).unwrap();
        symlink(&there, &inside).unwrap();
        for dir in [world.logs(), world.logs().join("platform")] {
            // A log alone has nothing to do with the other.
            if path == "zone" && dir != world.logs() {
                continue;
            }
            let report = verify_once(&dir, Some(&world.trust()), None);
            assert!(!report.valid && !report.trusted, "{path}");
            let failure = report.failure.unwrap();
            assert_eq!((failure.what.as_str(), failure.file.as_str()), ("not_plain", path), "{path}");
        }
        std::fs::remove_file(&inside).unwrap();
        std::fs::rename(&there, &inside).unwrap();
    }
    let socket = world.logs().join("keys/socket");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert_eq!(verify_once(&world.logs(), None, None).failure.unwrap().what, "not_plain");
    drop(listener);
    std::fs::remove_file(&socket).unwrap();
    assert!(verify_once(&world.logs(), Some(&world.trust()), None).trusted);
}

#[test]
fn a_zone_alone_has_its_key_lists_but_no_facts() {
    let world = World::new(Suite::Gm);
    std::fs::remove_file(world.logs().join("deployment.json")).unwrap();
    world.publish(1, &world.services());
    let mut log = world.open(Zone);
    log.checkpoint(1, &world.zone_log, &[]).unwrap();
    let (dir, trust) = (world.logs().join("zone"), world.trust());
    assert!(verify_dir(&dir, Some(&trust), None).trusted);
    let report = verify_dir(&dir, None, None);
    assert!(report.valid && !report.trusted);
    log.checkpoint(1, &world.platform_log, &[]).unwrap();
    assert!(!verify_dir(&dir, None, None).valid);
    std::fs::remove_dir_all(world.logs().join("keys")).unwrap();
    assert!(!verify_once(&dir, None, None).valid, "without key lists nobody says who signs");
}

#[test]
fn another_root_is_valid_in_itself_but_not_trusted() {
    let mut world = written(Suite::Gm, 5);
    world.root = key(Suite::Gm, 99);
    let report = verify_dir(&world.logs(), Some(&world.trust()), None);
    assert!(!report.valid && !report.trusted, "{report:?}");
    assert_eq!(report.failure.unwrap().what, "other_root");
    // Also where nothing but the key lists says whose log it is; a list that holds under no root is damaged.
    let _gone = std::fs::remove_file(world.logs().join("deployment.json"));
    let told = |world: &World| verify_dir(&world.logs(), Some(&world.trust()), None).failure.unwrap();
    assert_eq!((told(&world).file.as_str(), told(&world).what.as_str()), ("keys", "other_root"));
    let list = world.logs().join("keys/1.json");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, text.replace("\"number\":1", "\"number\":2")).unwrap();
    assert_ne!(told(&world).what, "other_root");
    let world = written(Suite::Gm, 5);
    for change in
        [|t: &mut audit::Trust| t.deployment = "other".into(), |t: &mut audit::Trust| t.clock = audit::ClockKind::Real]
    {
        let mut trust = world.trust();
        change(&mut trust);
        assert!(!verify_dir(&world.logs(), Some(&trust), None).valid);
    }
}

/// The log's own key cannot sign a shortened history past the other log's anchor, nor past a checkpoint that was kept.
#[test]
fn a_rewritten_log_contradicts_its_anchors() {
    let world = written(Suite::Gm, 20);
    let kept = std::fs::read_to_string(world.logs().join("platform/checkpoint")).unwrap();
    assert!(verify_dir(&world.logs(), Some(&world.trust()), Some(&kept)).valid);
    rewrite(&world, Platform, 25);
    let report = verify_dir(&world.logs(), Some(&world.trust()), None);
    assert_eq!(report.failure.unwrap().what, "anchor");
    let report = verify_dir(&world.logs().join("platform"), Some(&world.trust()), Some(&kept));
    assert_eq!(report.failure.unwrap().what, "anchor");
    rewrite(&world, Platform, 10);
    let report = verify_dir(&world.logs().join("platform"), Some(&world.trust()), Some(&kept));
    assert_eq!(report.failure.unwrap().what, "rolled_back");
}

fn rewrite(world: &World, log: LogName, n: usize) {
    let old = std::fs::read(world.logs().join(log.as_str()).join("checkpoint")).unwrap();
    let anchors: Vec<String> =
        audit::Checkpoint::parse(&old).unwrap().anchors.iter().map(audit::Anchor::line).collect();
    let mut forger = World::new(world.suite);
    let leaves: Vec<_> = (0..n).map(|_| forger.leaf(log, Some("case-z"), "other", &[])).collect();
    std::fs::remove_dir_all(world.logs().join(log.as_str())).unwrap();
    std::fs::remove_dir_all(world.dir.path().join(format!("{log}-state"))).unwrap();
    let mut out = world.open(log);
    out.append(&leaves).unwrap();
    out.checkpoint(9, &world.platform_log, &anchors).unwrap();
}

#[test]
fn broken_chain_with_right_trees_is_found() {
    for drop in [0, 1, 2] {
        let mut world = World::new(Suite::Gm);
        world.publish(1, &world.services());
        let mut leaves: Vec<_> = (0..4).map(|_| world.leaf(Platform, Some("case-a"), "step", &[])).collect();
        leaves.remove(drop);
        let mut log = world.open(Platform);
        log.append(&leaves).unwrap();
        log.checkpoint(1, &world.platform_log, &[]).unwrap();
        let report = verify_dir(&world.logs(), Some(&world.trust()), None);
        assert_eq!(report.failure.unwrap().what, "chain");
    }
}

#[test]
fn checkpoint_by_a_key_that_may_not_sign() {
    let mut world = World::new(Suite::Gm);
    let mut entries = world.services();
    world.publish(1, &entries);
    entries[2]["revoked_at"] = json!(50);
    world.publish(2, &entries);
    let leaves = world.leaves(Platform, 3);
    let mut log = world.open(Platform);
    log.append(&leaves).unwrap();
    for (at, signer, valid) in [
        (10, &world.platform_log, true),
        (50, &world.platform_log, false),
        (10, &world.zone_log, false),
        (10, &world.platform, false),
        (10, &key(Suite::Gm, 77), false),
    ] {
        log.checkpoint(at, signer, &[]).unwrap();
        assert_eq!(verify_dir(&world.logs(), Some(&world.trust()), None).valid, valid, "{at}");
    }
}

#[test]
fn key_lists_follow_each_other() {
    let world = World::new(Suite::Gm);
    let mut entries = world.services();
    entries[0]["revoked_at"] = json!(7);
    world.publish(1, &entries);
    world.publish(1, &entries);
    let publish = |list: &serde_json::Value| audit::publish_key_list(&world.logs(), &world.root.public(), list);
    assert!(publish(&world.key_list(3, &entries)).is_err(), "a gap");
    assert!(publish(&world.key_list(2, &entries[1..])).is_err(), "a key dropped");
    let mut revived = entries.clone();
    revived[0]["revoked_at"] = json!(null);
    assert!(publish(&world.key_list(2, &revived)).is_err(), "a key brought back");
    let mut twice = entries.clone();
    twice.push(entries[1].clone());
    assert!(publish(&world.key_list(2, &twice)).is_err(), "a key twice");
    let mut other = world.key_list(2, &entries);
    other["body"]["number"] = json!(1);
    assert!(publish(&other).is_err(), "signature");
    let body = world.key_list(2, &entries)["body"].clone();
    assert!(publish(&signed(&world.platform, "key-list", body)).is_err(), "not the root");
    publish(&world.key_list(2, &entries)).unwrap();
}

/// A regulator may look at any moment: a log that is being written verifies.
#[test]
fn verifies_while_it_is_written() {
    let mut world = World::new(Suite::Intl);
    world.publish(1, &world.services());
    let leaves = world.leaves(Platform, 3_000);
    let mut log = world.open(Platform);
    log.checkpoint(0, &world.platform_log, &[]).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for part in leaves.chunks(40) {
                log.append(part).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(10));
                log.checkpoint(1, &world.platform_log, &[]).unwrap();
            }
        });
        while !writer.is_finished() {
            let report = verify_dir(&world.logs(), Some(&world.trust()), None);
            assert!(report.valid, "{report:?}");
        }
    });
}
