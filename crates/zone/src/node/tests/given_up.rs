//! Keys that the zone was restored without: what is destroyed all the same stays unreadable when they come back.

use super::resources::{copy, how, outcomes, pads, stop, with_job, withdraw};
use super::rotate::{OBJECTS, filled, read};
use super::world::World;
use crate::node::config::KeyCustody;
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use crate::node::error::NodeError;
use crate::node::found::reconcile;
use crate::node::resources::{How, pending, settle, unseal};
use crate::node::sealed::{self, AUTHORISATION_KEY, RESOURCE_KEY};
use crate::node::state::Phase;
use crate::node::work::{destroy, ending};
use crypto::{CryptoError, KeyId, KeyState};
use model::order::{Effect, ReportOutcome};
use model::record::ResourceDeed;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A custody as files: a key goes when the ring has its tombstone, and can be away.
struct Kept {
    keys: PathBuf,
    ring: PathBuf,
    away: AtomicBool,
}

impl Kept {
    fn here(&self) -> io::Result<()> {
        if self.away.load(Ordering::SeqCst) { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
    }
}

impl KeyCustody for Kept {
    fn forget(&self) -> io::Result<()> {
        self.here()?;
        for stone in files(&self.ring, "destroyed") {
            let name = stone.file_name().unwrap();
            fs::copy(&stone, self.keys.join(name)).unwrap();
            let id = stone.file_stem().unwrap().to_str().unwrap();
            for end in ["key", "uses", "sealed"] {
                let _ = fs::remove_file(self.keys.join(format!("{id}.{end}")));
            }
        }
        Ok(())
    }

    fn kept(&self, purpose: &str, scope: &str) -> io::Result<Vec<KeyId>> {
        self.here()?;
        let all = crypto::inventory(&self.keys).map_err(io::Error::other)?;
        Ok(all.into_iter().filter(|k| k.purpose == purpose && k.scope == scope).map(|k| k.id).collect())
    }

    fn renew(&self) -> io::Result<()> {
        self.here()
    }
}

fn files(dir: &Path, end: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    all.filter(|p| p.extension().is_some_and(|e| e == end)).collect()
}

/// Takes every key out of the ring into a folder beside it, as a restore without keys leaves it; gives a custody over them.
fn without_keys(w: &World) -> Arc<Kept> {
    let (ring, keys) = (w.dir.path().join("ring"), w.dir.path().join("kept"));
    fs::create_dir(&keys).unwrap();
    for file in ["key", "uses", "sealed"].iter().flat_map(|end| files(&ring, end)) {
        fs::rename(&file, keys.join(file.file_name().unwrap())).unwrap();
    }
    Arc::new(Kept { keys, ring, away: AtomicBool::new(false) })
}

/// Puts them back, as a later restore with the custody does.
fn with_keys_again(custody: &Kept) {
    for file in ["key", "uses", "sealed"].iter().flat_map(|end| files(&custody.keys, end)) {
        fs::copy(&file, custody.ring.join(file.file_name().unwrap())).unwrap();
    }
}

fn opened(w: &World, custody: Option<&Arc<Kept>>) -> Core {
    let mut cfg = w.config("http://127.0.0.1:1");
    cfg.custody = custody.map(|c| Arc::clone(c) as Arc<dyn KeyCustody>);
    let core = Core::open(cfg).unwrap();
    reconcile(&core).unwrap();
    core
}

fn done(core: &Core) {
    settle(core, core.read(pending), &BTreeSet::new()).unwrap();
}

fn certified(core: &Core) -> Vec<String> {
    match outcomes(core).pop() {
        Some(ReportOutcome::ResourceDestroyed { keys, .. } | ReportOutcome::Destroyed { keys, .. }) => keys,
        other => panic!("{other:?}"),
    }
}

fn state(core: &Core, id: &KeyId) -> Option<KeyState> {
    core.cfg.keys.list().into_iter().find(|k| k.id == *id).map(|k| k.state)
}

const SAVED: [&str; 2] = ["zone", "log"];

fn save(w: &World) {
    SAVED.iter().for_each(|f| copy(&w.dir.path().join(f), &w.dir.path().join("backup").join(f)));
}

/// Folder and log as they were saved; the destruction lists of the folder that is replaced stay.
fn put_back(w: &World) {
    let lists = w.dir.path().join("zone/destroyed");
    let kept = w.dir.path().join("lists");
    if lists.is_dir() {
        copy(&lists, &kept);
    }
    for folder in SAVED {
        fs::remove_dir_all(w.dir.path().join(folder)).unwrap();
        copy(&w.dir.path().join("backup").join(folder), &w.dir.path().join(folder));
    }
    if kept.is_dir() {
        copy(&kept, &lists);
    }
}

/// The records say which key they lie under: it is buried by that, and no copy of it opens anything.
#[test]
fn a_withdrawal_without_keys_names_them_and_stands() {
    let w = World::new();
    let core = with_job(&w);
    let key = core.key(RESOURCE_KEY, "res_1").unwrap();
    let other = core.key(AUTHORISATION_KEY, "auth_1").unwrap();
    drop(core);
    save(&w);
    let custody = without_keys(&w);
    let core = opened(&w, None);
    assert!(matches!(read(&core, OBJECTS[2]), Err(CryptoError::UnknownKey)));
    assert_eq!(how(&core), None, "keys that were given up tell of no withdrawal");
    assert_eq!(take_order(&core, &w.order(4, "case_4", withdraw())).unwrap(), Taken::Applied);
    done(&core);
    assert_eq!(certified(&core), [key.to_string()], "the certificate says which key");
    drop(core);

    // With the lists of the folder and without them: the tombstone alone is enough.
    for lists in [true, false] {
        put_back(&w);
        with_keys_again(&custody);
        if !lists {
            fs::remove_dir_all(w.dir.path().join("zone/destroyed")).unwrap();
        }
        let core = opened(&w, None);
        assert_eq!((how(&core), state(&core, &key)), (Some(How::Withdrawn), Some(KeyState::Destroyed)));
        assert_eq!(state(&core, &other), Some(KeyState::Live), "nobody else's key goes");
        assert!(!sealed::objects(&core).join("res/res_1").exists());
    }
}

/// Where neither ring nor records tell of a key, the custody does; it is waited for.
#[test]
fn a_withdrawal_reaches_keys_that_only_the_custody_has() {
    let w = World::new();
    let core = with_job(&w);
    let key = core.key(RESOURCE_KEY, "res_1").unwrap();
    fs::remove_dir_all(sealed::objects(&core).join("res")).unwrap();
    drop(core);
    let custody = without_keys(&w);
    let there = files(&custody.keys, "key").len();
    custody.away.store(true, Ordering::SeqCst);
    let core = opened(&w, Some(&custody));
    assert_eq!(take_order(&core, &w.order(4, "case_4", withdraw())).unwrap(), Taken::Applied);
    done(&core);
    assert!(!outcomes(&core).iter().any(|o| matches!(o, ReportOutcome::ResourceDestroyed { .. })));
    drop(core);
    custody.away.store(false, Ordering::SeqCst);
    let core = opened(&w, Some(&custody));
    done(&core);
    assert_eq!(certified(&core), [key.to_string()]);
    assert!(!custody.keys.join(format!("{key}.key")).exists(), "the copy there is gone");
    assert_eq!(files(&custody.keys, "key").len(), there - 1, "all others stay");
}

/// The list of what was destroyed is kept over a restore. A key that came with the restore goes again, in the custody too.
#[test]
fn what_the_list_says_was_destroyed_is_destroyed_again() {
    let w = World::new();
    let core = with_job(&w);
    let key = core.key(RESOURCE_KEY, "res_1").unwrap();
    drop(core);
    let custody = without_keys(&w);
    with_keys_again(&custody);
    fs::create_dir(w.dir.path().join("zone/destroyed")).unwrap();
    let list = w.dir.path().join("zone/destroyed/res_1.json");
    // Whoever may write in the folder makes an empty file of that name: nothing counts as destroyed for that.
    for forged in [&b""[..], b"destroyed"] {
        fs::write(&list, forged).unwrap();
        let core = opened(&w, Some(&custody));
        assert_eq!((how(&core), state(&core, &key)), (None, Some(KeyState::Live)), "{forged:?}");
    }
    fs::write(&list, b"{}").unwrap();
    custody.away.store(true, Ordering::SeqCst);
    let core = opened(&w, Some(&custody));
    let found = outcomes(&core).pop();
    let said = |o: &Option<ReportOutcome>| matches!(o, Some(ReportOutcome::ResourceFound { deed: ResourceDeed::Destroyed, keys, .. }) if *keys == [key.to_string()]);
    assert!(said(&found), "{found:?}");
    assert_eq!((how(&core), state(&core, &key)), (Some(How::Withdrawn), Some(KeyState::Destroyed)));
    assert!(!sealed::objects(&core).join("res/res_1").exists());
    let job = core.read(|s| s.jobs[&"job_1".into()].phase.clone());
    assert!(matches!(job, Phase::Failed(refusal) if refusal.code == "resource-withdrawn"));
    let reports = core.read(|s| s.report_seq);
    drop(core);
    assert!(custody.keys.join(format!("{key}.key")).exists(), "the custody was away");
    custody.away.store(false, Ordering::SeqCst);
    let core = opened(&w, Some(&custody));
    assert!(!custody.keys.join(format!("{key}.key")).exists(), "reached at the next opening");
    assert_eq!(core.read(|s| s.report_seq), reports, "once");
}

/// The same for an authorisation that ends.
#[test]
fn an_ending_without_keys_names_them_and_stands() {
    let w = World::new();
    let core = filled(&w);
    let key = core.key(AUTHORISATION_KEY, "auth_1").unwrap();
    drop(core);
    let custody = without_keys(&w);
    let core = opened(&w, Some(&custody));
    assert_eq!(take_order(&core, &w.order(2, "case_2", Effect::Destroy(w.stop()))).unwrap(), Taken::Applied);
    let (stop, bound) = core.read(|s| s.standing.values().find_map(ending)).unwrap();
    destroy(&core, &stop, &bound).unwrap();
    assert_eq!(certified(&core), [key.to_string()]);
    assert!(!custody.keys.join(format!("{key}.key")).exists());
    assert_eq!(state(&core, &key), Some(KeyState::Destroyed));
}

/// Nobody is told that something was opened which nobody can read; what never held records has nothing to open.
#[tokio::test]
async fn an_unsealing_without_keys_is_refused() {
    for records in [true, false] {
        let w = World::new();
        let core = if records { with_job(&w) } else { w.enrolled() };
        let take = |core: &Core, effect: Effect| {
            let n = core.read(|s| s.order_seq) + 1;
            let order = w.order(n, &format!("case_{n}"), effect);
            assert_eq!(take_order(core, &order).unwrap(), Taken::Applied, "{n}");
        };
        if !records {
            take(&core, w.resource());
        }
        let pads = pads(&w, 1);
        take(&core, Effect::Seal(stop("under_dispute")));
        done(&core);
        drop(core);
        without_keys(&w);
        let core = opened(&w, None);
        assert_eq!(how(&core), Some(How::Sealed));
        take(&core, Effect::Unseal(stop("settled")));
        let reports = core.read(|s| s.report_seq);
        drop(core);
        let told = unseal(w.config("http://127.0.0.1:1"), &"res_1".into(), &pads).await;
        let core = opened(&w, None);
        if !records {
            assert_eq!((told.unwrap(), how(&core)), (0, None));
            continue;
        }
        let Err(NodeError::Refused(refusal)) = told else { panic!("{told:?}") };
        assert_eq!(refusal.code, "records-unreadable");
        assert_eq!((how(&core), core.read(|s| s.report_seq)), (Some(How::Unsealing), reports), "nothing is certified");
        // The way out that the refusal names.
        take(&core, withdraw());
        done(&core);
        assert_eq!((certified(&core).len(), how(&core)), (1, Some(How::Withdrawn)));
    }
}
