//! Leaves handed over by ranges with receipts, and one leaf in one file.

use crate::support::{World, key};
use audit::LogName::Platform;
use audit::handover::{HandOver, Handed, Receipt, Receiver, resume};
use audit::{Leaf, LeafProof, LeafProofFile, WitnessKey, find_leaf};
use crypto::{HashAlg, SigningKey, Suite};

struct Bench {
    world: World,
    dir: tempfile::TempDir,
    signer: SigningKey,
    key: WitnessKey,
}

impl Bench {
    fn new(suite: Suite, leaves: usize) -> Self {
        let world = World::new(suite);
        world.publish(1, &world.services());
        let signer = key(suite, 40);
        let key = WitnessKey::new("city-platform", signer.public()).unwrap();
        let mut bench = Self { world, dir: tempfile::tempdir().unwrap(), signer, key };
        bench.grow(leaves);
        bench
    }

    fn grow(&mut self, n: usize) {
        let leaves = self.world.leaves(Platform, n);
        let mut log = self.world.open(Platform);
        log.append(&leaves).unwrap();
        log.checkpoint(1, &self.world.platform_log, &[]).unwrap();
    }

    fn receiver(&self) -> Receiver {
        Receiver::open(&self.dir.path().join("received"), self.world.trust(), self.key.clone()).unwrap()
    }

    fn range(&self, from: u64, max: u64) -> Option<Vec<u8>> {
        HandOver::make(&self.world.logs(), Platform, from, max, &|_| true).unwrap().map(|r| r.to_bytes().unwrap())
    }
}

#[test]
fn hand_over_goes_on_where_the_receipts_end() {
    for suite in [Suite::Gm, Suite::Intl] {
        let mut b = Bench::new(suite, 700);
        let mut receipts: Vec<Vec<u8>> = Vec::new();
        let mut ranges = 0;
        loop {
            // The sender forgets everything between two ranges; receipts may come twice and in any order.
            let from = resume(&b.world.logs(), Platform, &b.key, &receipts).unwrap();
            let Some(bytes) = b.range(from, 256) else { break };
            let receipt = b.receiver().take(&bytes, &b.signer, 9, None).unwrap();
            assert_eq!(receipt, b.receiver().take(&bytes, &b.signer, 9, None).unwrap(), "a range may come again");
            receipts.insert(0, crypto::canonical(&receipt).unwrap());
            receipts.push(receipts[0].clone());
            ranges += 1;
            if ranges == 2 {
                b.grow(33);
            }
        }
        assert_eq!((ranges, b.receiver().next(Platform).unwrap()), (3, 733));
        // A lost receipt: the range before the gap's end is handed over again, nothing is left out.
        let without: Vec<Vec<u8>> =
            receipts.iter().filter(|r| Receipt::parse(r, &b.key).unwrap().body.from != 256).cloned().collect();
        assert_eq!(resume(&b.world.logs(), Platform, &b.key, &without).unwrap(), 256);
    }
}

#[test]
fn classes_that_are_not_handed_over_stand_as_hashes() {
    let b = Bench::new(Suite::Gm, 300);
    let keep = |leaf: &Leaf| leaf.case.as_deref() == Some("case-a");
    let range = HandOver::make(&b.world.logs(), Platform, 0, 1000, &keep).unwrap().unwrap();
    let whole = range.leaves.iter().filter(|l| matches!(l, Handed::Whole { .. })).count();
    assert!(whole > 50 && whole < 150, "{whole}");
    range.check(&b.world.trust()).unwrap();
    b.receiver().take(&range.to_bytes().unwrap(), &b.signer, 9, None).unwrap();
}

/// Who has cosigned a log receives no other history of it, wherever in a range that shows, and goes on with the true one.
#[test]
fn a_witness_receives_only_what_it_has_cosigned() {
    let b = Bench::new(Suite::Intl, 300);
    let (_, checkpoint) = audit::LogReader::open(&b.world.logs().join("platform")).unwrap();
    let reader = audit::LogReader::open(&b.world.logs().join("platform")).unwrap().0;
    let root = |alg, size| crypto::Hash { alg, bytes: reader.root(alg, size).unwrap() };
    let seen = |size| (size, [root(crypto::HashAlg::Sm3, size), root(crypto::HashAlg::Sha256, size)]);
    for size in [1, 100, 149, 150] {
        let taken = b.receiver().take(&b.range(0, 150).unwrap(), &b.signer, 9, Some(&seen(size)));
        assert!(taken.is_ok(), "{size}: {taken:?}");
        let mut other = seen(size);
        other.1[1].bytes[0] ^= 1;
        let refused = b.receiver().take(&b.range(0, 150).unwrap(), &b.signer, 9, Some(&other));
        assert!(refused.unwrap_err().to_string().contains("another history"), "{size}");
    }
    let mut whole = seen(checkpoint.size);
    assert!(b.receiver().take(&b.range(0, 150).unwrap(), &b.signer, 9, Some(&whole)).is_ok());
    whole.1[0].bytes[0] ^= 1;
    assert!(b.receiver().take(&b.range(0, 150).unwrap(), &b.signer, 9, Some(&whole)).is_err());
}

#[test]
fn what_does_not_follow_is_not_received() {
    let b = Bench::new(Suite::Intl, 300);
    assert!(b.receiver().take(&b.range(100, 10).unwrap(), &b.signer, 9, None).is_err(), "it begins with 0");
    let first = b.receiver().take(&b.range(0, 150).unwrap(), &b.signer, 9, None).unwrap();
    assert!(b.receiver().take(&b.range(151, 10).unwrap(), &b.signer, 9, None).is_err(), "a gap");
    // Another history under the same keys does not go on from what was received.
    let mut other = Bench::new(Suite::Intl, 0);
    let leaf = other.world.leaf(Platform, None, "another_step", &[]);
    let mut log = other.world.open(Platform);
    log.append(&vec![leaf; 300]).unwrap();
    log.checkpoint(1, &other.world.platform_log, &[]).unwrap();
    drop(log);
    assert!(b.receiver().take(&other.range(150, 10).unwrap(), &b.signer, 9, None).is_err(), "another history");
    let bytes = crypto::canonical(&first).unwrap();
    assert!(
        resume(&other.world.logs(), Platform, &b.key, std::slice::from_ref(&bytes)).is_err(),
        "a receipt of another history"
    );
    let stranger = WitnessKey::new("city-platform", key(Suite::Intl, 41).public()).unwrap();
    assert!(Receipt::parse(&bytes, &stranger).is_err(), "another receiver's receipt");

    // Every byte of a range counts.
    let small = b.range(150, 3).unwrap();
    for at in 0..small.len() {
        let mut changed = small.clone();
        changed[at] ^= 1;
        assert!(b.receiver().take(&changed, &b.signer, 9, None).is_err(), "byte {at}");
    }
    b.receiver().take(&small, &b.signer, 9, None).unwrap();
}

#[test]
fn one_leaf_in_one_file() {
    let b = Bench::new(Suite::Gm, 300);
    let logs = b.world.logs();
    let proof = LeafProof::make(&logs, Platform, 77).unwrap();
    assert_eq!(find_leaf(&logs, Platform, &proof.hash.parse().unwrap()).unwrap(), Some(77));
    assert_eq!(find_leaf(&logs, Platform, &HashAlg::Sm3.hash(b"x")).unwrap(), None);
    let file = LeafProofFile::make(&logs, Platform, 77).unwrap().to_bytes().unwrap();
    let trust = b.world.trust();
    let report = LeafProofFile::verify(&file, Some(&trust));
    assert!(report.valid && report.trusted, "{report:?}");
    assert!(LeafProofFile::verify(&file, None).valid && !LeafProofFile::verify(&file, None).trusted);
    let bare = LeafProofFile::verify(&crypto::canonical(&proof).unwrap(), Some(&trust));
    assert!(bare.valid && !bare.trusted, "without key lists nobody vouches: {bare:?}");
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(!LeafProofFile::verify(&changed, Some(&trust)).valid, "byte {at}");
    }
    // The same leaf under another deployment's root.
    let mut elsewhere = b.world.trust();
    elsewhere.root = key(Suite::Gm, 99).public();
    assert!(!LeafProofFile::verify(&file, Some(&elsewhere)).valid);
}
