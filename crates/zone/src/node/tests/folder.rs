//! The folder after a crash at any moment, after a rollback, and after damage.

use super::world::World;
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use crate::node::error::NodeError;
use crate::node::sealed;
use crate::node::state::{Phase, Standing};
use model::Signed;
use model::order::{Effect, WorkOrder};
use std::fs;
use std::path::Path;

fn script(w: &World) -> Vec<Signed<WorkOrder>> {
    vec![
        w.order(1, "case_1", w.resource()),
        w.order(2, "case_2", w.grant()),
        w.order(3, "case_3", w.job("job_1")),
        w.order(4, "case_4", Effect::Suspend(w.stop())),
        w.order(5, "case_4", Effect::Restore(w.stop())),
        w.order(6, "case_6", w.job("job_2")),
        w.order(7, "case_7", Effect::Destroy(w.stop())),
    ]
}

fn play(core: &Core, orders: &[Signed<WorkOrder>]) {
    for order in orders {
        if order.body.seq > core.read(|s| s.order_seq) {
            assert_eq!(take_order(core, order).unwrap(), Taken::Applied);
        }
    }
}

/// What must be the same however often the zone was killed; times may differ.
fn essence(core: &Core) -> String {
    core.read(|s| {
        let jobs: Vec<_> = s.jobs.values().map(|j| (j.spec.job.clone(), j.phase.clone())).collect();
        let reports: Vec<_> =
            s.outbox.iter().map(|r| (r.body.seq, r.body.order.clone(), r.body.outcome.clone())).collect();
        let heads: Vec<_> = s.heads.iter().map(|(c, (n, _))| (c.clone(), *n)).collect();
        format!("{} {} {jobs:?} {reports:?} {heads:?} {:?}", s.order_seq, s.leaves, s.standing)
    })
}

fn frame_ends(journal: &[u8]) -> Vec<usize> {
    let mut at = b"yunyu/journal/v1\n".len();
    let mut out = vec![at];
    while at < journal.len() {
        let size = u32::from_be_bytes(journal[at..at + 4].try_into().unwrap()) as usize;
        at += 4 + size + 32;
        out.push(at);
    }
    out
}

fn forget_log(w: &World) {
    let _ = fs::remove_dir_all(w.dir.path().join("log"));
    for name in ["log-signer", "log-signer.lock", "mark"] {
        let _ = fs::remove_file(w.dir.path().join("zone").join(name));
    }
}

#[test]
fn a_kill_at_any_byte_of_the_journal_loses_nothing_and_doubles_nothing() {
    let w = World::new();
    let orders = script(&w);
    let core = w.enrolled();
    play(&core, &orders);
    let whole = essence(&core);
    drop(core);
    let path = w.dir.path().join("zone/journal");
    let journal = fs::read(&path).unwrap();
    let ends = frame_ends(&journal);
    assert!(ends.len() > orders.len());
    for pair in ends.windows(2) {
        for cut in [pair[0], pair[0] + 1, pair[0] + 4, pair[0] + 40, pair[1] - 32, pair[1] - 1] {
            forget_log(&w);
            fs::write(&path, &journal[..cut]).unwrap();
            let core = w.core();
            assert_eq!(fs::metadata(&path).unwrap().len(), pair[0] as u64, "the torn tail is cut");
            if core.read(|s| s.key_list().is_none()) {
                w.enrol(&core);
            }
            play(&core, &orders);
            assert_eq!(essence(&core), whole);
        }
    }
}

#[test]
fn a_tail_of_zeros_is_torn_and_other_damage_is_found() {
    let w = World::new();
    let core = w.enrolled();
    play(&core, &script(&w)[..2]);
    drop(core);
    let path = w.dir.path().join("zone/journal");
    let journal = fs::read(&path).unwrap();
    let ends = frame_ends(&journal);
    fs::write(&path, [&journal[..], &[0; 5000]].concat()).unwrap();
    assert_eq!(w.core().read(|s| s.order_seq), 2);
    for at in ends[0]..ends[1] {
        forget_log(&w);
        let mut bytes = journal.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let size = fs::metadata(&path).unwrap().len();
        match opened(&w) {
            Err(NodeError::JournalBroken(_)) => {}
            // A length that now points beyond the end looks torn: see the next test for why that is no way in.
            Ok(core) => assert!(at < ends[0] + 4 && core.read(|s| s.order_seq) == 0, "byte {at}"),
            Err(e) => panic!("byte {at}: {e}"),
        }
        assert!(at < ends[0] + 4 || fs::metadata(&path).unwrap().len() == size);
    }
}

/// Another test's process may hold this test's lock for the moment between its fork and its start.
fn opened(w: &World) -> Result<Core, NodeError> {
    loop {
        match Core::open(w.config("http://127.0.0.1:1")) {
            Err(NodeError::Locked) => std::thread::yield_now(),
            other => return other,
        }
    }
}

#[tokio::test]
async fn an_old_copy_of_the_journal_is_found_by_the_log() {
    let w = World::new();
    let core = w.enrolled();
    play(&core, &script(&w)[..1]);
    core.leaves.flush(core.time.now()).await.unwrap();
    let path = w.dir.path().join("zone/journal");
    let old = fs::read(&path).unwrap();
    play(&core, &script(&w)[..2]);
    core.leaves.flush(core.time.now()).await.unwrap();
    drop(core);
    let new = fs::read(&path).unwrap();
    fs::write(&path, &old).unwrap();
    let opened = Core::open(w.config("http://127.0.0.1:1"));
    assert!(matches!(opened, Err(NodeError::RolledBack(_))));
    assert_eq!(fs::read(&path).unwrap(), old, "nothing was changed");
    fs::write(&path, &new).unwrap();
    assert_eq!(w.core().read(|s| s.order_seq), 2);
}

#[test]
fn reports_that_this_folder_never_made_show_a_rollback() {
    let w = World::new();
    let core = w.enrolled();
    play(&core, &script(&w)[..1]);
    assert!(crate::node::link::acknowledge(&core, 1).is_ok());
    assert!(matches!(crate::node::link::acknowledge(&core, 2), Err(NodeError::RolledBack(_))));
}

#[tokio::test]
async fn the_log_holds_every_leaf_and_verifies() {
    let w = World::new();
    let core = w.enrolled();
    play(&core, &script(&w));
    core.leaves.flush(core.time.now()).await.unwrap();
    let leaves = core.read(|s| s.leaves);
    drop(core);
    w.verify_log();
    assert!(leaves >= 9);
    // The log was lost with its signer's memory: it is made again from the journal, leaf by leaf.
    let entries = |w: &World| fs::read_dir(w.dir.path().join("log/zone/entries")).unwrap().count();
    let before = entries(&w);
    forget_log(&w);
    let core = w.core();
    core.leaves.flush(core.time.now()).await.unwrap();
    assert_eq!(entries(&w), before);
}

/// Openings of epochs in the zone's signed log: what they close, open, and how many leaves they close with.
fn openings(w: &World) -> Vec<(u32, u32, u64)> {
    let (reader, _) = audit::LogReader::open(&w.dir.path().join("log/zone")).unwrap();
    let mut out = Vec::new();
    reader
        .each(0, |_, bytes| {
            let opening = audit::Opening::read(&audit::Leaf::decode(bytes)?)?;
            out.extend(opening.map(|o| (o.closed, o.epoch, o.note.size)));
            Ok(())
        })
        .unwrap();
    out
}

#[tokio::test]
async fn an_epoch_is_closed_at_new_year_and_once_whatever_ends_the_zone() {
    use crate::node::close_epoch;
    use std::sync::atomic::Ordering;
    let w = World::new();
    let orders = script(&w);
    let core = w.enrolled();
    play(&core, &orders[..3]);
    core.leaves.flush(core.time.now()).await.unwrap();
    close_epoch(&core).await.unwrap();
    assert_eq!(openings(&w), [], "not within a year");
    let leaves = core.read(|s| s.leaves);
    let year = core.time.now().year();
    w.shift.store(366 * 86_400_000, Ordering::SeqCst);
    // Ended after the leaf is journaled and before the log has it; then the log is lost too.
    close_epoch(&core).await.unwrap();
    close_epoch(&core).await.unwrap();
    assert_eq!(core.read(|s| (s.leaves, s.epoch)), (leaves + 1, Some(year + 1)), "once, also before it is in the log");
    drop(core);
    for lost in [false, true] {
        if lost {
            forget_log(&w);
        }
        let core = w.core();
        core.leaves.flush(core.time.now()).await.unwrap();
        close_epoch(&core).await.unwrap();
        core.leaves.flush(core.time.now()).await.unwrap();
        assert_eq!(openings(&w), [(year, year + 1, leaves)]);
    }
    let core = w.core();
    core.commit(|draft| draft.leaf(crate::node::draft::Said::new("sign_in"))).unwrap();
    w.shift.store(2 * 366 * 86_400_000, Ordering::SeqCst);
    close_epoch(&core).await.unwrap();
    core.leaves.flush(core.time.now()).await.unwrap();
    assert_eq!(openings(&w).len(), 2);
    w.verify_log();
}

#[test]
fn one_node_per_folder() {
    let w = World::new();
    let core = w.core();
    assert!(matches!(Core::open(w.config("http://127.0.0.1:1")), Err(NodeError::Locked)));
    drop(core);
    w.core();
}

#[test]
fn time_never_goes_back_over_a_restart() {
    use std::sync::atomic::Ordering;
    let w = World::new();
    let core = w.enrolled();
    w.shift.store(3_600_000, Ordering::SeqCst);
    let late = core.time.now();
    core.time.keep().unwrap();
    drop(core);
    w.shift.store(0, Ordering::SeqCst);
    let core = w.core();
    assert!(core.time.known() && core.time.now() >= late, "the mark holds");
}

#[test]
fn leftovers_of_killed_writers_are_swept() {
    let w = World::new();
    let core = w.enrolled();
    let root = sealed::objects(&core);
    drop(core);
    let orphan = root.join("res/res_1/bat_1");
    fs::create_dir_all(&orphan).unwrap();
    fs::write(orphan.join("rows.parquet"), b"x").unwrap();
    let staging = root.join("auth/auth_1/jobs/.staging-0");
    fs::create_dir_all(staging.parent().unwrap()).unwrap();
    fs::write(&staging, b"x").unwrap();
    w.core();
    assert!(!orphan.exists() && !staging.exists());
}

#[test]
fn a_stop_fails_open_jobs_for_good() {
    let w = World::new();
    let core = w.enrolled();
    play(&core, &script(&w)[..4]);
    core.read(|s| {
        assert!(matches!(s.jobs[&"job_1".into()].phase, Phase::Failed(ref r) if r.code == "authorisation-suspended" && r.article == "10.1"));
        assert!(matches!(s.standing[&"auth_1".into()], Standing::Suspended(_)));
    });
    play(&core, &script(&w)[..5]);
    core.read(|s| {
        assert!(matches!(s.jobs[&"job_1".into()].phase, Phase::Failed(_)));
        assert!(s.standing.is_empty());
    });
}

/// No id of a person, no key and no contract text stands in the log's files.
#[tokio::test]
async fn the_log_holds_ids_and_digests_only() {
    let w = World::new();
    let core = w.enrolled();
    play(&core, &script(&w));
    core.leaves.flush(core.time.now()).await.unwrap();
    let mut all = Vec::new();
    collect(&w.dir.path().join("log"), &mut all);
    for planted in ["citizen_id", "SELECT district", "statistics"] {
        assert!(!all.windows(planted.len()).any(|s| s == planted.as_bytes()), "{planted}");
    }
}

pub(super) fn collect(path: &Path, out: &mut Vec<u8>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, out) } else { out.extend(fs::read(path).unwrap()) }
    }
}
