//! Yearly epochs: one tree over all of them, borders that hold the checkpoint before, and forgeries of both.

use crate::agree::{python_agrees, recorded};
use crate::story::{Plan, Story};
use crate::support::{World, copy, files};
use audit::LogName::{self, Platform, Zone};
use audit::evidence::verify;
use audit::handover::{HandOver, Receiver};
use audit::{Checkpoint, EpochView, Leaf, LogError, Opening, Outcome, anchor_line, verify_dir, verify_once};
use audit::{Witness, WitnessKey, WitnessRequest};
use crypto::{HashAlg, SigningKey, Suite};
use serde_json::{Value, json};

/// The leaf that opens an epoch, encoded.
pub fn opening(log: LogName, opening: &Opening, at: i64) -> Vec<u8> {
    opened(log, opening.refs().unwrap(), at).encode().unwrap()
}

fn opened(log: LogName, refs: std::collections::BTreeMap<String, String>, at: i64) -> Leaf {
    Leaf {
        v: 1,
        log,
        at,
        kind: "epoch_opened".into(),
        case: None,
        case_seq: None,
        prev: None,
        actor: None,
        org: None,
        outcome: Outcome::Done,
        rule: None,
        article: None,
        object: None,
        refs,
    }
}

/// Years are a thousand long, and begin with 2026.
pub fn year(at: i64) -> u32 {
    2025 + u32::try_from(at / 1_000).unwrap()
}

/// Two logs over three years, `n` leaves a year, each seeing the other. Some leaves are there before the next year's opening.
fn years(suite: Suite, n: usize) -> World {
    let mut world = World::new(suite);
    world.publish(1, &world.services());
    let (mut p, mut z) = (world.open(Platform), world.open(Zone));
    for now in [1_000, 2_000, 3_000] {
        for (name, log, key, other) in
            [(Platform, &mut p, world.platform_log.clone(), None), (Zone, &mut z, world.zone_log.clone(), Some(()))]
        {
            let closing = log.closing(now, year);
            assert_eq!(closing.is_some(), now > 1_000);
            if let Some(closing) = closing {
                assert_eq!(closing.epoch, closing.closed + 1);
                // What was committed between the closing checkpoint and the opening belongs to the new epoch.
                let between = world.leaves(name, usize::from(other.is_some()) * 2);
                log.append(&between).unwrap();
                log.append(&[opening(name, &closing, now)]).unwrap();
            }
            log.append(&world.leaves(name, n)).unwrap();
            log.checkpoint(now, &key, &[]).unwrap();
        }
        z.checkpoint(now, &world.zone_log, &[anchor_line(p.published().unwrap())]).unwrap();
        p.checkpoint(now, &world.platform_log, &[anchor_line(z.published().unwrap())]).unwrap();
    }
    world
}

#[test]
fn epochs_go_on_in_one_tree() {
    for (suite, n) in [(Suite::Gm, 300), (Suite::Intl, 5)] {
        let world = years(suite, n);
        let report = verify_dir(&world.logs(), Some(&world.trust()), None);
        assert!(report.valid && report.trusted, "{report:?}");
        let n = n as u64;
        let view = |log, epoch, from, to, closed_at| EpochView {
            log,
            epoch,
            from,
            to,
            closed_at,
            archive: None,
            renewed_at: None,
            bound: Vec::new(),
        };
        let of_platform = [
            view(Platform, 2026, 0, n, Some(1_000)),
            view(Platform, 2027, n, 2 * n + 1, Some(2_000)),
            view(Platform, 2028, 2 * n + 1, 3 * n + 2, None),
        ];
        assert_eq!(report.epochs[..3], of_platform);
        assert_eq!(report.epochs[4], view(Zone, 2027, n, 2 * n + 3, Some(2_000)));
        assert_eq!((report.epochs.len(), report.checked["epochs"]), (6, 6));
        // Opened again, the log is in the epoch that it was in, and the year it is in is not closed.
        let log = world.open(Platform);
        let running = log.epoch().unwrap();
        assert_eq!((running.year, running.first, running.index, running.at), (2028, 2 * n + 1, 2 * n + 1, 3_000));
        assert!(log.closing(3_999, year).is_none() && log.closing(4_000, year).is_some());
    }
}

#[test]
fn every_flipped_byte_of_a_log_with_borders_is_found() {
    let world = years(Suite::Intl, 2);
    let file = world.logs().join("platform/entries/000.p/8");
    let bytes = std::fs::read(&file).unwrap();
    for i in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[i] ^= 1 << (i % 8);
        std::fs::write(&file, bent).unwrap();
        assert!(!verify_once(&world.logs(), Some(&world.trust()), None).valid, "byte {i}");
    }
}

/// A platform log alone, first year closed and signed, and its leaves.
fn closed(n: usize) -> (World, audit::TileLog, Vec<Vec<u8>>, Opening) {
    let mut world = World::new(Suite::Intl);
    world.publish(1, &world.services());
    let leaves = world.leaves(Platform, n);
    let mut log = world.open(Platform);
    log.append(&leaves).unwrap();
    log.checkpoint(1_000, &world.platform_log, &[]).unwrap();
    let closing = log.closing(2_000, year).unwrap();
    (world, log, leaves, closing)
}

/// A log of these leaves that its own key signs, in a folder of its own.
fn rebuilt(leaves: &[Vec<u8>]) -> World {
    let world = World::new(Suite::Intl);
    world.publish(1, &world.services());
    let mut log = world.open(Platform);
    log.append(leaves).unwrap();
    log.checkpoint(9_000, &world.platform_log, &[]).unwrap();
    world
}

fn found(world: &World) -> (String, String) {
    let report = verify_once(&world.logs(), Some(&world.trust()), None);
    assert!(!report.valid && !report.trusted);
    let failure = report.failure.unwrap();
    (failure.what, failure.en)
}

/// Leaves outside of any case: no chain but the log's own tells of them.
fn free(n: usize) -> Vec<Vec<u8>> {
    let leaf = |i| Leaf {
        kind: "sign_in".into(),
        actor: Some(format!("person-{i}")),
        ..opened(Platform, std::collections::BTreeMap::new(), 1_000)
    };
    (0..n).map(|i| leaf(i).encode().unwrap()).collect()
}

#[test]
fn whoever_rebuilds_the_log_under_its_own_key_does_not_get_past_a_border() {
    let leaves = free(300);
    let world = rebuilt(&leaves);
    let closing = world.open(Platform).closing(10_000, year).unwrap();
    let border = |opening: Opening| self::opening(Platform, &opening, 10_000);
    let with = |before: Vec<Vec<u8>>, border: Vec<u8>| [before, vec![border], free(3)].concat();
    let honest = rebuilt(&with(leaves.clone(), border(closing.clone())));
    assert!(verify_once(&honest.logs(), Some(&honest.trust()), None).trusted);

    let (mut swapped, mut changed, mut shifted) = (leaves.clone(), leaves.clone(), leaves.clone());
    swapped.swap(3, 250);
    changed[7] = free(400)[399].clone();
    // One is dropped, and another stands at the end of the epoch in its place.
    shifted.remove(7);
    shifted.push(free(400)[399].clone());
    for before in [swapped, changed, shifted, free(600)[300..].to_vec()] {
        let (what, en) = found(&rebuilt(&with(before, border(closing.clone()))));
        assert_eq!(what, "epoch");
        assert!(en.contains("closes the epoch 2026") && en.contains("other leaves"), "{en}");
    }
    // The closing checkpoint under a key that the root never listed.
    let mut note = closing.note.clone();
    note.sign(&SigningKey::from_secret(Suite::Intl, &[77; 32]).unwrap()).unwrap();
    let (what, en) = found(&rebuilt(&with(leaves.clone(), border(Opening { note, ..closing.clone() }))));
    assert_eq!(what, "epoch");
    assert!(en.contains("2026") && en.contains("no log key in force"), "{en}");
    // Signed by the log's key, over roots that it never had.
    for change in [|c: &mut Checkpoint| c.sm3 = [7; 32], |c: &mut Checkpoint| c.sha256 = [7; 32]] {
        let mut note = closing.note.clone();
        change(&mut note);
        note.sign(&world.platform_log).unwrap();
        let (what, _) = found(&rebuilt(&with(leaves.clone(), border(Opening { note, ..closing.clone() }))));
        assert_eq!(what, "epoch");
    }
    // What is damaged after a border is named with its epoch.
    let file = honest.logs().join("platform/entries/001.p/48");
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 30;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (_, en) = found(&honest);
    assert!(en.ends_with("(epoch 2035)"), "{en}");
}

#[test]
fn an_opening_has_one_form_and_its_place() {
    let (world, mut log, _, closing) = closed(10);
    let leaf = |refs| opened(Platform, refs, 2_000);
    let refs = closing.refs().unwrap();
    assert_eq!(Opening::read(&leaf(refs.clone())).unwrap(), Some(closing.clone()));
    assert_eq!(Opening::read(&Leaf { kind: "step_done".into(), ..leaf(refs.clone()) }).unwrap(), None);
    for name in refs.keys() {
        // The name of the next epoch is the caller's.
        let longer = (name != "epoch").then(|| format!("{}0", refs[name]));
        for change in [None, Some("x".to_owned()), longer] {
            let mut refs = refs.clone();
            refs.remove(name);
            refs.extend(change.map(|text| (name.clone(), text)));
            assert!(Opening::read(&leaf(refs)).is_err(), "{name}");
        }
    }
    let mut more = refs.clone();
    more.insert("more".into(), "1".into());
    assert!(Opening::read(&leaf(more)).is_err());
    // The writer takes none that does not follow.
    let mut next = |opening: &Opening| -> bool {
        let taken = log.append(&[crate::epochs::opening(Platform, opening, 2_000)]).is_ok();
        if !taken {
            log = reopened(&world, &mut log);
        }
        taken
    };
    let mut beyond = closing.clone();
    beyond.note.size = 11;
    assert!(!next(&beyond), "a checkpoint over leaves that are not there");
    let mut foreign = closing.clone();
    foreign.note.origin = "city-2/platform".into();
    assert!(!next(&foreign));
    assert!(next(&closing));
    assert!(!next(&closing), "an epoch is closed once");
    assert!(!next(&Opening { closed: 2027, epoch: 2028, ..closing }), "its opening is not under the checkpoint");
}

/// The writer, opened anew after a refused append.
fn reopened(world: &World, log: &mut audit::TileLog) -> audit::TileLog {
    // Its lock goes with it; meanwhile another log stands in its place.
    let elsewhere = World::new(Suite::Intl);
    *log = elsewhere.open(Platform);
    world.open(Platform)
}

#[test]
fn an_older_copy_does_not_open_a_closed_epoch_again() {
    let (world, mut log, _, closing) = closed(10);
    let state = world.dir.path().join("platform-state/signer.json");
    let (old_log, old_state) = (tempfile::tempdir().unwrap(), std::fs::read(&state).unwrap());
    copy(&world.logs(), old_log.path());
    log.append(&[opening(Platform, &closing, 2_000)]).unwrap();
    log.checkpoint(2_000, &world.platform_log, &[]).unwrap();
    drop(log);
    let new_state: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
    assert_eq!(new_state["epoch"], json!({"at": 2_000, "first": 10, "index": 10, "year": 2027}));
    let platform = world.logs().join("platform");
    std::fs::remove_dir_all(&platform).unwrap();
    copy(&old_log.path().join("platform"), &platform);
    let open = || audit::TileLog::open(&platform, world.config(Platform));
    assert!(matches!(open(), Err(LogError::RolledBack { found: 10, signed: 11 })));
    // Also where its memory was set back to that size: the epoch is remembered, and nothing is signed in the closed one.
    let mut state_back: Value = serde_json::from_slice(&old_state).unwrap();
    state_back["epoch"] = new_state["epoch"].clone();
    std::fs::write(&state, crypto::canonical(&state_back).unwrap()).unwrap();
    let signed = open().unwrap().checkpoint(3_000, &world.platform_log, &[]);
    assert!(matches!(signed, Err(LogError::EpochClosed(2027))), "{signed:?}");
}

/// What a closing checkpoint saw of the other log holds for good, also where the newest checkpoint no longer says it.
#[test]
fn anchors_of_closing_checkpoints_are_kept() {
    let world = years(Suite::Intl, 5);
    let (reader, _) = audit::LogReader::open(&world.logs().join("platform")).unwrap();
    let leaf = Leaf::decode(&reader.leaf(5).unwrap()).unwrap();
    let mut forged = Opening::read(&leaf).unwrap().unwrap();
    assert_eq!(forged.note.anchors.len(), 1);
    forged.note.anchors[0].sm3 = [9; 32];
    forged.note.sign(&world.platform_log).unwrap();
    let mut leaves = Vec::new();
    reader
        .each(0, |_, l| {
            leaves.push(l.to_vec());
            Ok(())
        })
        .unwrap();
    leaves.truncate(8);
    leaves[5] = opening(Platform, &forged, 2_000);
    // The zone's log saw the true platform's: it is made anew, as one that saw nothing.
    let mut other = World::new(Suite::Intl);
    other.publish(1, &other.services());
    let zone = other.leaves(Zone, 20);
    let mut z = other.open(Zone);
    z.append(&zone).unwrap();
    z.checkpoint(3_000, &other.zone_log, &[]).unwrap();
    let mut p = other.open(Platform);
    p.append(&leaves).unwrap();
    p.checkpoint(3_000, &other.platform_log, &[anchor_line(z.published().unwrap())]).unwrap();
    let (what, en) = found(&other);
    assert_eq!(what, "anchor");
    assert!(en.contains("epoch 2026"), "{en}");
}

fn story(suite: Suite) -> Story {
    Story::write(suite, Plan { border: true, ..Plan::default() })
}

/// Evidence files of a product whose leaves stand in two epochs: as it is, and with what a forger might do at the border.
fn evidence(suite: Suite) -> Vec<(&'static str, Vec<u8>)> {
    let story = story(suite);
    let (reader, _) = audit::LogReader::open(&story.world.logs().join("platform")).unwrap();
    let mut border = 0;
    let mut note = String::new();
    reader
        .each(0, |index, bytes| {
            if let Some(opening) = Opening::read(&Leaf::decode(bytes)?)? {
                (border, note) = (index, opening.note.render());
            }
            Ok(())
        })
        .unwrap();
    assert!(border > 10);
    let of_log = |body: &mut Value, keep: &dyn Fn(u64) -> bool| {
        let leaves = body["logs"]["platform"]["leaves"].as_array_mut().unwrap();
        leaves.retain(|l| keep(l["index"].as_u64().unwrap()));
    };
    vec![
        ("leaves of two epochs", story.evidence()),
        ("the first epoch dropped", story.reseal(|b| of_log(b, &|index| index > border))),
        ("the second epoch dropped", story.reseal(|b| of_log(b, &|index| index < border))),
        ("under the closing checkpoint", story.reseal(|b| b["logs"]["platform"]["checkpoint"] = json!(note))),
        (
            "only the closed epoch, under its closing checkpoint",
            story.reseal(|b| {
                of_log(b, &|index| index < border);
                b["logs"]["platform"]["checkpoint"] = json!(note);
            }),
        ),
        (
            "the second epoch numbered from its border",
            story.reseal(|b| {
                for leaf in b["logs"]["platform"]["leaves"].as_array_mut().unwrap() {
                    let index = leaf["index"].as_u64().unwrap();
                    leaf["index"] = json!(if index > border { index - border } else { index });
                }
            }),
        ),
    ]
}

#[test]
fn evidence_goes_over_a_border_under_the_same_trust_file() {
    for suite in [Suite::Gm, Suite::Intl] {
        let trust = World::new(suite).trust();
        for (name, bytes) in evidence(suite) {
            let report = verify(&bytes, Some(&trust), &crate::story::quorum);
            assert_eq!(report.trusted, name == "leaves of two epochs", "{name}: {report:?}");
            assert_eq!(report.valid, report.trusted, "{name}");
        }
    }
}

/// `YUNYU_PYTHON` names a Python with the verifier's two libraries; `cargo xtask test` sets it.
#[test]
fn the_python_verifier_says_the_same() {
    for suite in [Suite::Gm, Suite::Intl] {
        python_agrees(&World::new(suite).trust(), &evidence(suite));
    }
}

/// The browser's verifier is tested on these files too. `YUNYU_RECORD=1` writes them anew.
#[test]
fn the_browser_is_tested_on_the_same_files() {
    for suite in [Suite::Gm, Suite::Intl] {
        recorded("epochs", &World::new(suite).trust(), &evidence(suite));
    }
}

/// What is signed and handed out does not change with a border: witnesses and receivers of leaves see one log.
#[test]
fn what_was_given_out_before_a_border_holds_after_it() {
    let world = years(Suite::Gm, 5);
    let (reader, newest) = audit::LogReader::open(&world.logs().join("platform")).unwrap();
    let leaf = Leaf::decode(&reader.leaf(5).unwrap()).unwrap();
    let closing = Opening::read(&leaf).unwrap().unwrap().note;
    let report = verify_once(&world.logs(), Some(&world.trust()), Some(&closing.render()));
    assert!(report.trusted, "{report:?}");
    for alg in [HashAlg::Sm3, HashAlg::Sha256] {
        let proof = reader.consistency(alg, closing.size, newest.size).unwrap();
        let (old, new) = (closing.root(alg), newest.root(alg));
        assert!(audit::merkle::verify_consistency(alg, (closing.size, &old), (newest.size, &new), &proof));
    }
    assert!(Checkpoint::parse(closing.render().as_bytes()).is_ok());
    assert!(!files(&world.logs()).is_empty());
}

/// A copy of the log, a witness and a receiver of leaves see one log: none of them knows of borders, and each goes on.
#[test]
fn copies_witnesses_and_hand_overs_go_on_over_a_border() {
    for suite in [Suite::Gm, Suite::Intl] {
        let mut world = World::new(suite);
        world.publish(1, &world.services());
        let (homes, key) = (tempfile::tempdir().unwrap(), crate::support::key(suite, 40));
        let name = WitnessKey::new("bureau", key.public()).unwrap();
        Witness::begin(&homes.path().join("witness"), &world.trust().deployment, &key).unwrap();
        let witness = Witness::open(&homes.path().join("witness"), world.trust(), name.clone()).unwrap();
        let receiver = Receiver::open(&homes.path().join("receiver"), world.trust(), name).unwrap();
        let other = World::new(suite);
        let mut copy = other.open(Platform);
        let mut log = world.open(Platform);
        let (mut all, mut seen) = (Vec::new(), 0);
        for now in [1_000, 2_000, 3_000] {
            let border = log.closing(now, year).map(|closing| opening(Platform, &closing, now));
            let leaves: Vec<Vec<u8>> = border.into_iter().chain(world.leaves(Platform, 300)).collect();
            log.append(&leaves).unwrap();
            all.extend(leaves);
            log.checkpoint(now, &world.platform_log, &[]).unwrap();
            let note = log.published().unwrap();
            copy.copy(0, &all, note, &world.platform_log.public()).unwrap();
            assert_eq!((copy.epoch(), copy.size()), (log.epoch(), log.size()));
            let request = WitnessRequest::make(&world.logs(), Platform, seen).unwrap();
            witness.cosign(&request, &key, 9).unwrap();
            let range = HandOver::make(&world.logs(), Platform, seen, 1_000, &|_| true).unwrap().unwrap();
            receiver.take(&range.to_bytes().unwrap(), &key, 9, None).unwrap();
            seen = log.size();
        }
        assert_eq!(log.epoch().map(|e| e.year), Some(2028));
        assert_eq!((witness.known(Platform).unwrap(), receiver.next(Platform).unwrap()), (902, 902));
    }
}
