//! A copy of another machine's log: brought up to what its owner signed, and to nothing else.

use crate::support::{World, files, key};
use audit::LogName::{Platform, Zone};
use audit::{Checkpoint, LogConfig, LogError, TileLog};
use crypto::Suite;

struct Pair {
    world: World,
    copy: World,
    log: TileLog,
    leaves: Vec<Vec<u8>>,
}

impl Pair {
    fn new() -> Self {
        let mut world = World::new(Suite::Gm);
        let leaves = world.leaves(Zone, 300);
        let log = world.open(Zone);
        Self { world, copy: World::new(Suite::Gm), log, leaves }
    }

    /// The owner appends up to a size and signs.
    fn sign(&mut self, size: usize) -> Checkpoint {
        let from = usize::try_from(self.log.size()).unwrap();
        self.log.append(&self.leaves[from..size]).unwrap();
        let note = self.log.checkpoint(5, &self.world.zone_log, &[]).unwrap();
        Checkpoint::parse(note.as_bytes()).unwrap()
    }
}

#[test]
fn a_copy_comes_out_as_its_owner_signed_it() {
    let mut pair = Pair::new();
    let public = pair.world.zone_log.public();
    let mut copy = pair.copy.open(Zone);
    for size in [1, 40, 256, 300] {
        let note = pair.sign(size);
        // Runs may overlap what is there.
        let first = usize::try_from(copy.size()).unwrap().saturating_sub(3);
        copy.copy(first as u64, &pair.leaves[first..size], &note, &public).unwrap();
        assert_eq!(copy.size(), size as u64);
        let folder = |w: &World| files(&w.logs().join("zone"));
        assert_eq!(folder(&pair.copy), folder(&pair.world), "file by file, at {size}");
    }
    drop(copy);
    assert_eq!(pair.copy.open(Zone).size(), 300);
}

#[test]
fn what_its_owner_did_not_sign_is_not_written() {
    let mut pair = Pair::new();
    let public = pair.world.zone_log.public();
    let mut copy = pair.copy.open(Zone);
    let (early, note) = (pair.sign(10), pair.sign(20));
    copy.copy(0, &pair.leaves[..10], &early, &public).unwrap();
    let before = files(&pair.copy.logs().join("zone"));
    let mut changed = pair.leaves[10..20].to_vec();
    changed.swap(0, 1);
    let other = pair.world.leaves(Platform, 10);
    let stranger = key(Suite::Gm, 99).public();
    let mut forged = note.clone();
    forged.sm3[0] ^= 1;
    let refused = [
        copy.copy(10, &changed, &note, &public),
        copy.copy(10, &other, &note, &public),
        copy.copy(10, &pair.leaves[10..19], &note, &public),
        copy.copy(10, &pair.leaves[10..21], &note, &public),
        copy.copy(11, &pair.leaves[11..20], &note, &public),
        copy.copy(10, &pair.leaves[10..20], &note, &stranger),
        copy.copy(10, &pair.leaves[10..20], &forged, &public),
        copy.copy(0, &[], &Pair::new().sign(5), &public),
    ];
    for (n, tried) in refused.iter().enumerate() {
        assert!(tried.is_err(), "attempt {n}");
    }
    assert_eq!(files(&pair.copy.logs().join("zone")), before);
    copy.copy(10, &pair.leaves[10..20], &note, &public).unwrap();
    drop(copy);
    // A copy that was put back to an older state is found out by what it remembers.
    std::fs::remove_dir_all(pair.copy.logs().join("zone")).unwrap();
    let config: LogConfig = pair.copy.config(Zone);
    let old = TileLog::open(&pair.copy.logs().join("zone"), config);
    assert!(matches!(old, Err(LogError::RolledBack { signed: 20, .. })), "{old:?}");
}
