//! A process that dies between any two writes: whatever of an append reached the disk, opening the log and appending
//! what is missing gives the files of an undisturbed log.

use crate::support::{World, copy, files};
use audit::LogName::Platform;
use audit::{TileLog, verify_dir};
use crypto::Suite;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The writer's order: bundles, tiles of lower number first, then removals, then the checkpoint.
fn cut(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<BTreeMap<PathBuf, Vec<u8>>> {
    let rank = |p: &PathBuf| match p.to_str().unwrap() {
        "checkpoint" => 3,
        p if p.starts_with("entries") => 0,
        _ => 1,
    };
    let mut writes: Vec<_> = after.iter().filter(|(p, b)| before.get(*p) != Some(b)).collect();
    writes.sort_by_key(|(p, _)| (rank(p), (*p).clone()));
    let mut state = before.clone();
    let mut out = vec![state.clone()];
    for (path, bytes) in writes.iter().filter(|(p, _)| rank(p) < 3) {
        // Half-written under the temporary name, then whole.
        let mut half = state.clone();
        half.insert(PathBuf::from(format!("{}.tmp", path.display())), bytes[..bytes.len() / 2].to_vec());
        out.push(half);
        state.insert((*path).clone(), (*bytes).clone());
        out.push(state.clone());
    }
    for gone in before.keys().filter(|p| !after.contains_key(*p)) {
        state.remove(gone);
        out.push(state.clone());
    }
    out
}

#[test]
fn every_cut_heals() {
    let mut world = World::new(Suite::Gm);
    world.publish(1, &world.services());
    let leaves = world.leaves(Platform, 530);
    let dir = world.logs().join("platform");
    for (from, to) in [(0, 3), (3, 9), (250, 258), (250, 530), (256, 512), (511, 512)] {
        let _ = std::fs::remove_dir_all(&dir);
        let _ = std::fs::remove_dir_all(world.dir.path().join("platform-state"));
        let mut log = world.open(Platform);
        if from > 0 {
            log.append(&leaves[..from]).unwrap();
            log.checkpoint(1, &world.platform_log, &[]).unwrap();
        }
        let before = files(&dir);
        let state = files(&world.dir.path().join("platform-state"));
        log.append(&leaves[from..to]).unwrap();
        log.checkpoint(2, &world.platform_log, &[]).unwrap();
        let after = files(&dir);
        let state_after = files(&world.dir.path().join("platform-state"));
        drop(log);
        let cuts = cut(&before, &after);
        for (n, files_then) in cuts.iter().enumerate() {
            // The last cut also with the signer's memory already ahead of the published checkpoint.
            let states = if n + 1 == cuts.len() { vec![&state, &state_after] } else { vec![&state] };
            for state in states {
                let crashed = World::new(Suite::Gm);
                crashed.publish(1, &crashed.services());
                let dir = crashed.logs().join("platform");
                for (folder, contents) in [(&dir, files_then), (&crashed.dir.path().join("platform-state"), state)] {
                    for (path, bytes) in contents {
                        std::fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
                        std::fs::write(folder.join(path), bytes).unwrap();
                    }
                }
                let mut log = crashed.open(Platform);
                let size = usize::try_from(log.size()).unwrap();
                assert!((from..=to).contains(&size));
                log.append_at(log.size(), &leaves[size..to]).unwrap();
                log.checkpoint(2, &crashed.platform_log, &[]).unwrap();
                assert_eq!(files(&dir), after, "{from}..{to}, cut {n}");
                let report = verify_dir(&crashed.logs(), Some(&crashed.trust()), None);
                assert!(report.valid && report.trusted, "{report:?}");
            }
        }
    }
}

#[test]
fn a_torn_edge_is_found_at_opening() {
    let mut world = World::new(Suite::Gm);
    let leaves = world.leaves(Platform, 300);
    let mut log = world.open(Platform);
    log.append(&leaves).unwrap();
    log.checkpoint(1, &world.platform_log, &[]).unwrap();
    drop(log);
    for file in ["sm3/tile/0/001.p/44", "sha256/tile/1/000.p/1", "entries/001.p/44"] {
        let copied = World::new(Suite::Gm);
        copy(world.dir.path(), copied.dir.path());
        let path = copied.logs().join("platform").join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len() - 1;
        bytes[end] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let opened = TileLog::open(&copied.logs().join("platform"), copied.config(Platform));
        assert!(opened.is_err(), "{file}");
        std::fs::remove_file(&path).unwrap();
        drop(opened);
        assert!(TileLog::open(&copied.logs().join("platform"), copied.config(Platform)).is_err(), "{file} lost");
    }
}

/// Two deaths: one between the signer's memory and the checkpoint, the next after more leaves were written. The published
/// checkpoint, the signer's memory and the bundles on disk then stand at three sizes.
#[test]
fn three_sizes_after_two_deaths_heal() {
    let mut world = World::new(Suite::Gm);
    world.publish(1, &world.services());
    let leaves = world.leaves(Platform, 300);
    for (published, signed, written) in [(9, 14, 29), (9, 14, 270), (250, 258, 300), (9, 256, 300)] {
        let _ = std::fs::remove_dir_all(world.logs().join("platform"));
        let _ = std::fs::remove_dir_all(world.dir.path().join("platform-state"));
        let note = world.logs().join("platform/checkpoint");
        let mut log = world.open(Platform);
        log.append(&leaves[..published]).unwrap();
        log.checkpoint(1, &world.platform_log, &[]).unwrap();
        let before = std::fs::read(&note).unwrap();
        log.append(&leaves[published..signed]).unwrap();
        log.checkpoint(2, &world.platform_log, &[]).unwrap();
        drop(log);
        std::fs::write(&note, before).unwrap();
        let mut log = world.open(Platform);
        assert_eq!(log.size(), signed as u64);
        log.append(&leaves[signed..written]).unwrap();
        drop(log);
        let mut log = world.open(Platform);
        assert_eq!(log.size(), written as u64, "{published} {signed} {written}");
        log.checkpoint(3, &world.platform_log, &[]).unwrap();
        assert!(verify_dir(&world.logs(), Some(&world.trust()), None).trusted);
    }
}
