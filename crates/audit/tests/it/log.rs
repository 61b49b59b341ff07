//! Writing a log: the same files in any number of steps, proofs out of its tiles, what it refuses.

use crate::support::{World, files};
use audit::LogName::{Platform, Zone};
use audit::merkle::{self, leaf_node, verify_consistency, verify_inclusion};
use audit::{Checkpoint, Leaf, LeafProof, LogError, LogReader, LogSigner, TileLog};
use crypto::{CryptoError, HashAlg, PublicKey, Suite};
use std::cell::Cell;

#[test]
fn same_files_in_any_steps() {
    let mut world = World::new(Suite::Gm);
    let leaves = world.leaves(Platform, 700);
    let mut want = None;
    for step in [1, 7, 255, 256, 257, 700] {
        let fresh = World::new(Suite::Gm);
        let mut log = fresh.open(Platform);
        for part in leaves.chunks(step) {
            log.append(part).unwrap();
        }
        log.checkpoint(5, &fresh.platform_log, &[]).unwrap();
        let got = files(&fresh.logs().join("platform"));
        assert_eq!(got.len(), 1 + 3 + 2 * (3 + 1), "checkpoint, bundles, tiles of both trees");
        assert_eq!(*want.get_or_insert_with(|| got.clone()), got, "steps of {step}");
    }
}

#[test]
fn roots_and_proofs_out_of_tiles() {
    let mut world = World::new(Suite::Intl);
    let leaves = world.leaves(Platform, 600);
    let mut log = world.open(Platform);
    let mut roots = Vec::new();
    for (n, part) in leaves.chunks(50).enumerate() {
        log.append(part).unwrap();
        let size = (n + 1) * 50;
        for alg in [HashAlg::Sm3, HashAlg::Sha256] {
            assert_eq!(log.root(alg), merkle::root(alg, &leaves[..size]));
        }
        roots.push((size as u64, log.root(HashAlg::Sm3)));
    }
    let reader = log.reader();
    for index in [0, 1, 255, 256, 511, 512, 599] {
        assert_eq!(reader.leaf(index).unwrap(), leaves[index as usize]);
        for alg in [HashAlg::Sm3, HashAlg::Sha256] {
            let proof = reader.inclusion(alg, index).unwrap();
            let leaf = leaf_node(alg, &leaves[index as usize]);
            assert!(verify_inclusion(alg, &leaf, index, 600, &proof, &log.root(alg)));
        }
    }
    for (size, root) in &roots {
        let proof = reader.consistency(HashAlg::Sm3, *size, 600).unwrap();
        assert!(verify_consistency(HashAlg::Sm3, (*size, root), (600, &log.root(HashAlg::Sm3)), &proof));
        assert_eq!(reader.root(HashAlg::Sm3, *size).unwrap(), *root);
    }
    assert!(matches!(reader.leaf(600), Err(LogError::OutOfRange(600))));
}

#[test]
fn a_reader_at_an_old_checkpoint_survives_growth() {
    let mut world = World::new(Suite::Gm);
    let leaves = world.leaves(Zone, 600);
    let mut log = world.open(Zone);
    log.append(&leaves[..130]).unwrap();
    log.checkpoint(1, &world.zone_log, &[]).unwrap();
    let (reader, checkpoint) = LogReader::open(&world.logs().join("zone")).unwrap();
    log.append(&leaves[130..]).unwrap();
    for index in [0, 77, 129] {
        let proof = reader.inclusion(HashAlg::Sm3, index).unwrap();
        let leaf = leaf_node(HashAlg::Sm3, &leaves[index as usize]);
        assert!(verify_inclusion(HashAlg::Sm3, &leaf, index, 130, &proof, &checkpoint.sm3));
    }
    assert!(log.unsigned() && !log.is_published());
}

#[test]
fn leaf_proof_stands_alone() {
    let mut world = World::new(Suite::Gm);
    let leaves = world.leaves(Platform, 300);
    let mut log = world.open(Platform);
    log.append(&leaves).unwrap();
    log.checkpoint(1, &world.platform_log, &[]).unwrap();
    let proof = LeafProof::make(&world.logs(), Platform, 260).unwrap();
    let (leaf, checkpoint) = proof.check().unwrap();
    assert_eq!(leaf.encode().unwrap(), leaves[260]);
    checkpoint.verify(&world.platform_log.public()).unwrap();
    assert!(checkpoint.verify(&world.zone_log.public()).is_err());
    let mut other = proof.clone();
    other.proved.index = 259;
    assert!(other.check().is_err());
    let mut other = proof;
    other.log = Zone;
    assert!(other.check().is_err());
}

#[test]
fn assigned_indices() {
    let mut world = World::new(Suite::Gm);
    let leaves = world.leaves(Platform, 20);
    let mut log = world.open(Platform);
    assert_eq!(log.append_at(0, &leaves[..10]).unwrap(), 0..10);
    assert_eq!(log.append_at(0, &leaves[..10]).unwrap(), 0..10, "again: nothing new");
    assert_eq!(log.append_at(4, &leaves[4..15]).unwrap(), 4..15, "overlapping");
    assert_eq!(log.size(), 15);
    assert!(matches!(log.append_at(16, &leaves[16..]), Err(LogError::Gap { index: 16, size: 15 })));
    assert!(matches!(log.append_at(3, &leaves[4..5]), Err(LogError::Different { index: 3 })));
    assert!(matches!(
        log.append_at(13, &[leaves[13].clone(), leaves[15].clone()]),
        Err(LogError::Different { index: 14 })
    ));
    assert_eq!(log.size(), 15, "a refused append leaves nothing");
}

#[test]
fn only_leaves_of_this_log() {
    let mut world = World::new(Suite::Gm);
    let zone = world.leaf(Zone, None, "step", &[]);
    let mut log = world.open(Platform);
    assert!(log.append(&[zone]).is_err());
    assert!(log.append(&[b"{}".to_vec()]).is_err());
    assert!(log.append(&[vec![b'x'; 70_000]]).is_err());
    assert!(log.append(&[Vec::new()]).is_err());
    assert_eq!(log.size(), 0);
}

#[test]
fn leaf_has_one_encoding() {
    let mut world = World::new(Suite::Gm);
    let bytes = world.leaf(Platform, Some("case-a"), "step", &[("act", "sm3:00")]);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(Leaf::decode(&bytes).unwrap().encode().unwrap(), bytes);
    for other in [
        format!("{text} "),
        text.replace(":", ": "),
        text.replacen("\"v\":1", "\"v\":2", 1),
        text.replacen("\"case_seq\":1", "\"case_seq\":2", 1),
        text.replacen("\"case_seq\":1", "\"case_seq\":1.0", 1),
        text.replacen("\"rule\":null,", "", 1),
        text.replacen("{", "{\"a\":1,", 1),
        text.replacen("person-1", "张三", 1),
        text.replacen("person-1", "two words", 1),
        text.replacen("\"at\":1000", "\"at\":1000,\"at\":1000", 1),
        text.replacen("step", "Step", 1),
    ] {
        assert_ne!(other, text);
        assert!(Leaf::decode(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn one_writer() {
    let world = World::new(Suite::Gm);
    let log = world.open(Platform);
    let second = TileLog::open(&world.logs().join("platform"), world.config(Platform));
    assert!(matches!(second, Err(LogError::Locked)));
    drop(log);
    world.open(Platform);
}

#[test]
fn an_old_copy_is_refused() {
    let mut world = World::new(Suite::Gm);
    let leaves = world.leaves(Platform, 30);
    let dir = world.logs().join("platform");
    let mut log = world.open(Platform);
    log.append(&leaves[..10]).unwrap();
    log.checkpoint(1, &world.platform_log, &[]).unwrap();
    let old = files(&dir);
    log.append(&leaves[10..]).unwrap();
    log.checkpoint(2, &world.platform_log, &[]).unwrap();
    drop(log);
    std::fs::remove_dir_all(&dir).unwrap();
    for (path, bytes) in &old {
        std::fs::create_dir_all(dir.join(path).parent().unwrap()).unwrap();
        std::fs::write(dir.join(path), bytes).unwrap();
    }
    let opened = TileLog::open(&dir, world.config(Platform));
    assert!(matches!(opened, Err(LogError::RolledBack { found: 10, signed: 30 })), "{opened:?}");
    std::fs::remove_file(world.dir.path().join("platform-state/signer.json")).unwrap();
    assert!(TileLog::open(&dir, world.config(Platform)).is_err(), "a signer without memory does not sign");
}

#[test]
fn no_second_root_for_a_size() {
    let mut world = World::new(Suite::Gm);
    let leaves = world.leaves(Platform, 10);
    let dir = world.logs().join("platform");
    let mut log = world.open(Platform);
    log.append(&leaves).unwrap();
    log.checkpoint(1, &world.platform_log, &[]).unwrap();
    log.checkpoint(2, &world.platform_log, &[]).unwrap();
    drop(log);
    // The same number of other leaves, with the signer's memory kept.
    std::fs::remove_dir_all(&dir).unwrap();
    let mut other = World::new(Suite::Gm);
    let forged: Vec<_> = (0..10).map(|_| other.leaf(Platform, None, "other", &[])).collect();
    let mut fake = other.open(Platform);
    fake.append(&forged).unwrap();
    drop(fake);
    crate::support::copy(&other.logs().join("platform"), &dir);
    let opened = TileLog::open(&dir, world.config(Platform));
    assert!(matches!(opened, Err(LogError::SecondRoot { size: 10 })), "{opened:?}");
}

/// Fails after it was asked, as a security module may.
struct Broken<'a>(&'a crypto::SigningKey, Cell<bool>);

impl LogSigner for Broken<'_> {
    fn public(&self) -> PublicKey {
        self.0.public()
    }
    fn sign(&self, bytes: &[u8]) -> Result<String, CryptoError> {
        if self.1.get() { Err(CryptoError::BadSignature) } else { self.0.sign_bytes(bytes) }
    }
}

#[test]
fn remembered_before_it_is_signed() {
    let mut world = World::new(Suite::Gm);
    let leaves = world.leaves(Platform, 4);
    let mut log = world.open(Platform);
    log.append(&leaves).unwrap();
    let signer = Broken(&world.platform_log, Cell::new(true));
    assert!(log.checkpoint(1, &signer, &[]).is_err());
    let state = std::fs::read_to_string(world.dir.path().join("platform-state/signer.json")).unwrap();
    assert!(state.contains("\"size\":4"), "{state}");
    signer.1.set(false);
    log.checkpoint(1, &signer, &[]).unwrap();
}

#[test]
fn checkpoint_has_one_encoding() {
    let mut world = World::new(Suite::Intl);
    let leaves = world.leaves(Platform, 3);
    let zone_leaf = world.leaf(Zone, None, "step", &[]);
    let (mut log, mut zone) = (world.open(Platform), world.open(Zone));
    zone.append(&[zone_leaf]).unwrap();
    zone.checkpoint(1, &world.zone_log, &[]).unwrap();
    log.append(&leaves).unwrap();
    let anchor = audit::anchor_line(zone.published().unwrap());
    let note = log.checkpoint(-5, &world.platform_log, &[anchor, "later something".into()]).unwrap();
    let parsed = Checkpoint::parse(note.as_bytes()).unwrap();
    assert_eq!((parsed.render(), parsed.time, parsed.anchors.len()), (note.clone(), -5, 1));
    parsed.verify(&world.platform_log.public()).unwrap();
    for i in 0..note.len() {
        for flip in [1u8, 0x20] {
            let mut bytes = note.clone().into_bytes();
            bytes[i] ^= flip;
            let held = Checkpoint::parse(&bytes).is_ok_and(|c| c.verify(&world.platform_log.public()).is_ok());
            assert!(!held, "byte {i}");
        }
    }
    for extra in ["", "two\nlines", "sm3 AAAA", "anchor x", "suite gm", "anchor city-1/zone 01 AAAA"] {
        assert!(log.checkpoint(1, &world.platform_log, &[extra.to_owned()]).is_err(), "{extra}");
    }
}

/// The plain serializer and the one that sorts write the same text, for whatever a leaf may hold.
#[test]
fn plain_and_canonical_text_are_one() {
    let mut world = World::new(Suite::Gm);
    let odd = ["12.1 \"quoted\" \\ back", "第十一条（二）", "é\u{7f}\u{2028}😀/<>&", "~!@#$%^&*()_+"];
    for (n, article) in odd.into_iter().enumerate() {
        let bytes = world.leaf(
            Platform,
            Some("case-é".trim_end_matches('é')),
            "step_done",
            &[("zz", "1"), ("a_1", "\"\\"), ("a", "x")],
        );
        let mut leaf = Leaf::decode(&bytes).unwrap();
        leaf.article = Some(article.into());
        leaf.rule = (n % 2 == 0).then(|| "\"\\/".into());
        leaf.at = if n == 0 { -(1 << 53) + 1 } else { (1 << 53) - 1 };
        let Ok(encoded) = leaf.encode() else {
            assert!(article.contains('\u{7f}'), "{article}: only control characters are refused");
            continue;
        };
        assert_eq!(encoded, crypto::canonical(&leaf).unwrap(), "{article}");
        assert_eq!(Leaf::decode(&encoded).unwrap(), leaf);
        leaf.at = 1 << 53;
        assert!(leaf.encode().is_err(), "a number that other JSON readers round");
    }
}
