//! Receipts held against the zone's log: every byte of a closed segment counts.

use crate::support::World;
use audit::LogName::{Platform, Zone};
use audit::merkle::{leaf_node, root_over};
use audit::{Leaf, VerifyReport, verify_once, verify_receipts};
use crypto::{Hash, Suite};
use serde_json::json;
use std::path::PathBuf;

struct Bench {
    world: World,
    folder: PathBuf,
}

fn segment(number: u64, receipts: u64) -> Vec<u8> {
    let line = |n| {
        let call = json!({"answer": "sm3:00", "bytes": 9, "kind": "rows", "order": "ord-1", "rows": n});
        let receipt = json!({"v": 1, "segment": number, "n": n, "at": 1_000 + n, "call": call});
        [crypto::canonical(&receipt).unwrap(), b"\n".to_vec()].concat()
    };
    (1..=receipts).flat_map(line).collect()
}

impl Bench {
    /// A zone that closed segments with so many receipts each.
    fn new(suite: Suite, segments: &[u64]) -> Self {
        Self::with_aside(suite, segments, &[])
    }

    /// The same; of these segments it set something aside, and said so in a leaf each.
    fn with_aside(suite: Suite, segments: &[u64], aside: &[(u64, &[u8])]) -> Self {
        let mut world = World::new(suite);
        world.publish(1, &world.services());
        let folder = world.dir.path().join("receipts");
        std::fs::create_dir_all(&folder).unwrap();
        let mut leaves = Vec::new();
        for (number, receipts) in (1u64..).zip(segments) {
            let bytes = segment(number, *receipts);
            let alg = suite.hash_alg();
            let lines: Vec<_> = bytes.split_inclusive(|b| *b == b'\n').map(|l| &l[..l.len() - 1]).collect();
            let nodes: Vec<_> = lines.iter().map(|l| leaf_node(alg, l)).collect();
            let root = Hash { alg, bytes: root_over(alg, &nodes) };
            let refs = [("segment", number.to_string()), ("receipts", receipts.to_string())];
            let refs: Vec<_> = refs.iter().map(|(name, v)| (*name, v.as_str())).collect();
            let mut leaf = Leaf::decode(&world.leaf(Zone, None, "close_segment", &refs)).unwrap();
            leaf.object = Some(root.to_string());
            leaves.push(leaf.encode().unwrap());
            std::fs::write(folder.join(format!("{number:012}")), bytes).unwrap();
        }
        for (number, rest) in aside {
            let refs = [("segment", number.to_string()), ("bytes", rest.len().to_string())];
            let refs: Vec<_> = refs.iter().map(|(name, v)| (*name, v.as_str())).collect();
            let mut leaf = Leaf::decode(&world.leaf(Zone, None, "set_receipts_aside", &refs)).unwrap();
            leaf.object = Some(suite.hash(rest).to_string());
            leaves.push(leaf.encode().unwrap());
        }
        let platform = world.leaves(Platform, 3);
        for (log, leaves, key) in [(Platform, platform, &world.platform_log), (Zone, leaves, &world.zone_log)] {
            let mut open = world.open(log);
            open.append(&leaves).unwrap();
            open.checkpoint(1, key, &[]).unwrap();
        }
        Self { world, folder }
    }

    fn verify(&self) -> VerifyReport {
        let logs = self.world.logs();
        verify_receipts(&logs, &self.folder, verify_once(&logs, Some(&self.world.trust()), None))
    }

    fn what(&self) -> String {
        self.verify().failure.map_or_else(String::new, |f| f.what)
    }
}

#[test]
fn whole_segments_verify() {
    for suite in [Suite::Gm, Suite::Intl] {
        let b = Bench::new(suite, &[3, 1, 300]);
        let report = b.verify();
        assert!(report.valid && report.trusted, "{report:?}");
        assert_eq!((report.checked["segments"], report.checked["receipts"]), (3, 304));
        let zone = b.world.logs().join("zone");
        let report = verify_receipts(&zone, &b.folder, verify_once(&zone, None, None));
        assert!(report.valid && !report.trusted, "{report:?}");
        // The segment that is being written.
        std::fs::write(b.folder.join("000000000004"), b"{\"n\":1").unwrap();
        assert_eq!(b.verify().checked["segments_not_under_a_checkpoint"], 1);
        // A log that is not valid is not made so.
        std::fs::write(b.world.logs().join("zone/entries/x"), b"1").unwrap();
        assert_eq!(b.what(), "unknown_file");
    }
}

#[test]
fn every_flipped_byte_is_found() {
    for suite in [Suite::Gm, Suite::Intl] {
        let b = Bench::new(suite, &[2, 3]);
        let valid = verify_once(&b.world.logs(), Some(&b.world.trust()), None);
        for number in 1..=2 {
            let path = b.folder.join(format!("{number:012}"));
            let bytes = std::fs::read(&path).unwrap();
            let judge = |changed: &[u8]| {
                std::fs::write(&path, changed).unwrap();
                verify_receipts(&b.world.logs(), &b.folder, valid.clone())
            };
            for at in 0..bytes.len() {
                for flip in [1u8, 0x20, 0x80] {
                    let mut changed = bytes.clone();
                    changed[at] ^= flip;
                    let report = judge(&changed);
                    assert!(!report.valid && !report.trusted, "segment {number} byte {at}");
                }
                assert!(!judge(&bytes[..at]).valid, "cut at {at}");
            }
            assert!(!judge(&[&bytes[..], b"\n"].concat()).valid);
            assert!(judge(&bytes).valid);
        }
    }
}

#[test]
fn receipts_left_out_put_in_or_moved() {
    let b = Bench::new(Suite::Intl, &[3, 3]);
    let file = |n: u64| b.folder.join(format!("{n:012}"));
    let (first, second) = (std::fs::read(file(1)).unwrap(), std::fs::read(file(2)).unwrap());
    let lines: Vec<_> = first.split_inclusive(|l| *l == b'\n').collect();
    for changed in [
        lines[..2].concat(),
        lines[1..].concat(),
        [lines[0], lines[2], lines[1]].concat(),
        [lines[0], lines[0], lines[2]].concat(),
        [&lines[..], &lines[2..]].concat().concat(),
        second.clone(),
        Vec::new(),
    ] {
        std::fs::write(file(1), changed).unwrap();
        assert_eq!(b.what(), "receipts");
    }
    std::fs::remove_file(file(1)).unwrap();
    assert_eq!(b.what(), "missing");
    std::fs::write(file(1), first).unwrap();
    assert_eq!(b.what(), "");
    for stray in ["x", "000000000001.tmp", "3", "00000000000x"] {
        std::fs::write(b.folder.join(stray), b"").unwrap();
        assert_eq!(b.what(), "unknown_file", "{stray}");
        std::fs::remove_file(b.folder.join(stray)).unwrap();
    }
    std::os::unix::fs::symlink(file(2), file(3)).unwrap();
    assert_eq!(b.what(), "not_plain");
}

/// What a stop left in an open segment lies aside, byte for byte as the zone's log says.
#[test]
fn what_was_set_aside_is_held_against_its_leaf() {
    let (torn, bent): (&[u8], &[u8]) = (b"{\"at\":1001,\"ca", b"{\"at\":7}\n");
    // Told twice, since the zone was stopped before the file had its name; and twice the same bytes.
    let b = Bench::with_aside(Suite::Gm, &[2], &[(1, torn), (1, torn), (2, bent), (2, bent)]);
    let aside = b.folder.with_file_name("receipts-torn");
    assert_eq!(b.what(), "missing", "the whole folder is gone");
    std::fs::create_dir(&aside).unwrap();
    let files = [("000000000001-0", torn), ("000000000002-0", bent), ("000000000002-1", bent)];
    for (name, bytes) in files {
        assert_eq!(b.what(), if name.ends_with("-1") { "" } else { "missing" }, "{name}");
        std::fs::write(aside.join(name), bytes).unwrap();
    }
    let report = b.verify();
    assert!(report.valid && report.trusted, "{report:?}");
    assert_eq!(report.checked["set_aside"], 3);
    assert!(!report.checked.contains_key("set_aside_not_under_a_checkpoint"));

    let path = aside.join(files[0].0);
    for at in 0..torn.len() {
        let mut changed = torn.to_vec();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        assert_eq!(b.what(), "missing", "byte {at}");
        std::fs::write(&path, &torn[..at]).unwrap();
        assert_eq!(b.what(), "missing", "cut at {at}");
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(b.what(), "missing");
    std::fs::write(aside.join("000000000002-2"), torn).unwrap();
    assert_eq!(b.what(), "missing", "it is another segment's");
    std::fs::remove_file(aside.join("000000000002-2")).unwrap();
    std::fs::write(aside.join("000000000001-0.part"), torn).unwrap();
    assert_eq!(b.what(), "", "the zone was stopped before it had its name");

    // Later than the checkpoint, or nobody's: it is counted and not believed.
    std::fs::write(aside.join("000000000003-0"), b"x").unwrap();
    assert_eq!(b.verify().checked["set_aside_not_under_a_checkpoint"], 1);
    std::fs::write(aside.join("000000000002-2"), bent).unwrap();
    assert_eq!(b.what(), "unknown_file", "once more than the log says");
    std::fs::remove_file(aside.join("000000000002-2")).unwrap();
    for stray in ["x", "3", "000000000003", "3-0", "000000000003-x", "000000000003-00", "000000000003-0.tmp"] {
        std::fs::write(aside.join(stray), b"").unwrap();
        assert_eq!(b.what(), "unknown_file", "{stray}");
        std::fs::remove_file(aside.join(stray)).unwrap();
    }
    std::os::unix::fs::symlink(aside.join("000000000003-0"), aside.join("000000000004-0")).unwrap();
    assert_eq!(b.what(), "not_plain");
    std::fs::remove_file(aside.join("000000000004-0")).unwrap();
    // Neither a folder that is called like a segment, nor a folder that lies elsewhere.
    for folder in [aside.join("000000000004-0"), b.folder.join("000000000009")] {
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(b.what(), "not_plain", "{}", folder.display());
        std::fs::remove_dir(&folder).unwrap();
    }
    let elsewhere = b.folder.with_file_name("elsewhere");
    std::fs::rename(&aside, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &aside).unwrap();
    assert_eq!(b.what(), "not_plain", "a link to the right folder");
}
