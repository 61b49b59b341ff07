use super::*;
use crate::sequencer::Sequencer;
use audit::{LogConfig, LogName, LogReader, TileLog, publish_key_list, verify_once};
use serde_json::json;
use std::time::Duration;
use store::{LeafDraft, Outcome};

const RUNS: u64 = 60;

/// Small, seeded, good enough to spread cases.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn draft(n: u64) -> LeafDraft {
    LeafDraft {
        kind: "step_done".into(),
        case: (!n.is_multiple_of(3)).then(|| format!("case_{}", n % 5)),
        actor: Some(format!("per_{n}")),
        org: None,
        outcome: Outcome::Done,
        rule: None,
        article: None,
        object: None,
        refs: BTreeMap::new(),
        at: T0,
    }
}

async fn commit(app: &App, n: u64) {
    commit_many(app, n, 1).await;
}

/// Leaves from the `from`-th on, in one transaction.
pub(super) async fn commit_many(app: &App, from: u64, count: u64) {
    let mut tx = app.store.begin().await.unwrap();
    for n in from..from + count {
        tx.append_leaf(draft(n)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn publish_keys(app: &App) {
    let root = SigningKey::from_secret(app.suite(), &[3; 32]).unwrap();
    let key = app.log_signer.public();
    let entry = json!({"key": key.key_id(), "public": key.to_string(), "holder": {"kind": "platform_log"},
        "valid_from": 0, "revoked_at": null});
    let body = json!({"v": 1, "deployment": "dep-a", "number": 1, "clock": "real", "issued_at": 0, "entries": [entry]});
    let signature = root.sign("key-list", &body).unwrap();
    let list = json!({"body": body, "key": root.key_id(), "signature": signature});
    publish_key_list(&app.log_dir, &root.public(), &list).unwrap();
}

async fn catch_up(app: &App) {
    let (mut sequencer, _) = Sequencer::open(app).unwrap();
    while sequencer.step().await.unwrap() {}
}

/// Who the leaves of the signed log are of, in order.
fn logged(app: &App) -> Vec<String> {
    let report = verify_once(&app.log_dir, None, None);
    assert!(report.valid, "{report:?}");
    let (reader, _) = LogReader::open(&app.log_dir.join("platform")).unwrap();
    let mut out = Vec::new();
    reader
        .each(0, |_, bytes| {
            out.push(audit::Leaf::decode(bytes)?.actor.unwrap());
            Ok(())
        })
        .unwrap();
    out
}

/// The process ends at each stage between commit and checkpoint, in drawn order and number: nothing that was committed is
/// missing from the log, nothing stands in it twice, and the order is that of the commits.
#[tokio::test]
async fn every_stage_can_be_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let (mut dice, mut n) = (Dice(7), 0);
    for run in 0..RUNS {
        let (app, _) = app_in(folder.path()).await.unwrap();
        if run == 0 {
            publish_keys(&app);
        }
        for _ in 0..dice.below(9) {
            commit(&app, n).await;
            n += 1;
        }
        match dice.below(4) {
            // Committed and not numbered.
            0 => {}
            // Some numbered and not in the log's files.
            1 => drop(sequence(&app.store, 1 + usize::try_from(dice.below(5)).unwrap()).await.unwrap()),
            // In the log's files and under no checkpoint.
            2 => {
                sequence(&app.store, 100).await.unwrap();
                let clock = app.deployment.clock_word().parse().unwrap();
                let config = LogConfig::new("dep-a", LogName::Platform, app.suite(), clock, &app.log_state);
                let mut log = TileLog::open(&app.log_dir.join("platform"), config).unwrap();
                let rows = app.store.leaves_from(log.size(), 100).await.unwrap();
                let some = usize::try_from(dice.below(rows.len() as u64 + 1)).unwrap();
                let leaves: Vec<Vec<u8>> = rows.into_iter().take(some).map(|(_, bytes)| bytes).collect();
                log.append(&leaves).unwrap();
            }
            _ => catch_up(&app).await,
        }
    }
    let (app, _) = app_in(folder.path()).await.unwrap();
    catch_up(&app).await;
    let want: Vec<String> = (0..n).map(|i| format!("per_{i}")).collect();
    assert!(n > 100);
    assert_eq!(logged(&app), want);
    assert_eq!(app.store.leaf_counts().await.unwrap(), (n, 0));
}

#[tokio::test]
async fn a_second_sequencer_is_refused() {
    let w = world().await;
    commit(&w.app, 1).await;
    let (mut first, _) = Sequencer::open(&w.app).unwrap();
    assert!(Sequencer::open(&w.app).is_err(), "the log is locked");
    assert!(first.step().await.unwrap());
    drop(first);
    catch_up(&w.app).await;
}

/// Openings of epochs in the signed log: which it closes, which it opens, how many leaves it closes with.
pub(super) fn openings(app: &App) -> Vec<(u32, u32, u64)> {
    let (reader, _) = LogReader::open(&app.log_dir.join("platform")).unwrap();
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

/// With the first step in a new year the log's epoch is closed, once, whatever was committed meanwhile.
#[tokio::test]
async fn an_epoch_is_closed_at_new_year() {
    let folder = tempfile::tempdir().unwrap();
    let (app, shift) = app_in(folder.path()).await.unwrap();
    publish_keys(&app);
    let new_year = |day: &str| Timestamp::start_of(Timestamp::morning_of(day).unwrap().date()).0 - T0.0;
    let (mut sequencer, _) = Sequencer::open(&app).unwrap();
    shift.store(new_year("2027-01-01"), Ordering::SeqCst);
    while sequencer.step().await.unwrap() {}
    assert_eq!(openings(&app), [], "a log without a leaf has no epoch to close");
    shift.store(0, Ordering::SeqCst);
    for n in 0..5 {
        commit(&app, n).await;
    }
    while sequencer.step().await.unwrap() {}
    shift.store(new_year("2027-01-01") - 1, Ordering::SeqCst);
    commit(&app, 5).await;
    while sequencer.step().await.unwrap() {}
    assert_eq!(openings(&app), [], "the last instant of the year in China");
    shift.store(new_year("2027-01-01"), Ordering::SeqCst);
    commit(&app, 6).await;
    while sequencer.step().await.unwrap() {}
    assert_eq!(openings(&app), [(2026, 2027, 6)], "what was committed in the new year belongs to it");
    drop(sequencer);
    catch_up(&app).await;
    assert_eq!(openings(&app).len(), 1, "closed once");
    // Nobody was there for two New Years: one epoch went on until then.
    shift.store(new_year("2029-01-01"), Ordering::SeqCst);
    catch_up(&app).await;
    assert_eq!(openings(&app), [(2026, 2027, 6), (2027, 2029, 8)]);
    let report = verify_once(&app.log_dir, None, None);
    assert_eq!(report.epochs.iter().map(|e| e.epoch).collect::<Vec<_>>(), [2026, 2027, 2029], "{report:?}");
    assert_eq!(app.store.leaf_counts().await.unwrap(), (9, 0));
}

/// The one that lost its turn closes no epoch, and the one that took over closes it once.
#[tokio::test]
async fn of_two_platforms_one_closes_an_epoch() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = first.path().join("t.db");
    let (one, shift_one) = app_on(&database, first.path()).await.unwrap();
    let (two, shift_two) = app_on(&database, second.path()).await.unwrap();
    publish_keys(&one);
    publish_keys(&two);
    commit(&one, 0).await;
    let (paused, _) = Sequencer::open(&one).unwrap();
    let mut paused = paused.with_term(Duration::from_millis(40));
    assert!(paused.step().await.unwrap());
    let (taken, _) = Sequencer::open(&two).unwrap();
    let mut taken = taken.with_term(Duration::from_secs(60));
    assert!(taken.take_turn().await.unwrap());
    while taken.step().await.unwrap() {}
    for shift in [&shift_one, &shift_two] {
        shift.store(366 * 86_400_000, Ordering::SeqCst);
    }
    assert!(paused.step().await.is_err(), "its token is an old one");
    assert_eq!(one.store.leaf_counts().await.unwrap(), (1, 0), "it closed nothing");
    while taken.step().await.unwrap() {}
    assert_eq!(openings(&two), [(2026, 2027, 1)]);
    assert_eq!(openings(&one), []);
}

/// Two platforms, each with a folder of its own, on one database. One is paused for longer than its term: it numbers and
/// signs nothing more, and the other goes on from where it was. No leaf is lost, and what both gave out is one history.
#[tokio::test]
async fn two_platforms_on_one_database_never_both_sequence() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = first.path().join("t.db");
    let (one, _) = app_on(&database, first.path()).await.unwrap();
    let (two, _) = app_on(&database, second.path()).await.unwrap();
    publish_keys(&one);
    publish_keys(&two);
    for n in 0..3 {
        commit(&one, n).await;
    }
    let term = Duration::from_millis(40);
    let (paused, handle) = Sequencer::open(&one).unwrap();
    let mut paused = paused.with_term(term);
    assert!(paused.step().await.unwrap());
    let (waiting, _) = Sequencer::open(&two).unwrap();
    let mut waiting = waiting.with_term(Duration::from_secs(60));
    assert!(waiting.take_turn().await.unwrap(), "the term of the first has ended");
    for n in 3..6 {
        commit(if n % 2 == 0 { &one } else { &two }, n).await;
    }
    assert!(paused.step().await.is_err(), "its token is an old one");
    assert!(paused.step().await.is_err(), "and it does not take the lease back by itself");
    assert_eq!(one.store.leaf_counts().await.unwrap(), (6, 3), "it numbered nothing");
    let given_out = handle.checkpoint.borrow().clone().unwrap();
    assert_eq!(audit::Checkpoint::parse(given_out.as_bytes()).unwrap().size, 3, "and signed nothing");
    while waiting.step().await.unwrap() {}
    assert_eq!(logged(&two).len(), 6);
    let report = verify_once(&two.log_dir, None, Some(&given_out));
    assert!(report.valid, "one history: {report:?}");
    drop(paused);
    let (again, _) = Sequencer::open(&one).unwrap();
    let mut again = again.with_term(term);
    assert!(!again.take_turn().await.unwrap(), "the second keeps it");
    assert!(again.step().await.is_err());
    // Nothing to sequence: what another has numbered is not signed either.
    drop(waiting);
    let (mut same, _) = Sequencer::open(&two).unwrap();
    assert!(same.take_turn().await.unwrap(), "started again in its folder it goes on at once");
}

/// The database as it was some leaves ago: nothing is numbered, nothing is written, and nothing new is committed over it.
#[tokio::test]
async fn an_older_database_is_refused() {
    for with_tail in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let (app, _) = app_in(folder.path()).await.unwrap();
        publish_keys(&app);
        for n in 0..5 {
            commit(&app, n).await;
        }
        catch_up(&app).await;
        drop(app);
        // Whoever copies the database has all of it.
        let checkpointed = std::process::Command::new("python3")
            .args([
                "-c",
                "import sqlite3,sys;s=sqlite3.connect(sys.argv[1]);d=sqlite3.connect(sys.argv[2]);s.backup(d)",
            ])
            .args([file("t.db"), file("copy.db")])
            .status()
            .unwrap();
        assert!(checkpointed.success());
        let (app, _) = app_in(folder.path()).await.unwrap();
        for n in 5..8 {
            commit(&app, n).await;
        }
        catch_up(&app).await;
        drop(app);
        // Put back on a machine of its own: the connections of the first may still be closing.
        let restored = tempfile::tempdir().unwrap();
        let copied =
            std::process::Command::new("cp").arg("-a").arg(folder.path().join(".")).arg(restored.path()).status();
        assert!(copied.unwrap().success());
        let file = |name: &str| restored.path().join(name);
        for gone in ["t.db-wal", "t.db-shm"] {
            let _ = std::fs::remove_file(file(gone));
        }
        std::fs::rename(file("copy.db"), file("t.db")).unwrap();
        if !with_tail {
            std::fs::remove_file(file("leaf-tail")).unwrap();
        }
        let (app, _) = app_in(restored.path()).await.unwrap();
        let (mut sequencer, _) = Sequencer::open(&app).unwrap();
        assert!(sequencer.step().await.is_err());
        let mut tx = app.store.begin().await.unwrap();
        let appended = tx.append_leaf(draft(9)).await;
        assert_eq!(appended.is_err(), with_tail, "{appended:?}");
        if !with_tail {
            tx.commit().await.unwrap();
            assert!(sequencer.step().await.is_err(), "not before the database holds what the log holds");
            assert_eq!(app.store.leaf_counts().await.unwrap(), (6, 1), "nothing was numbered");
        }
        drop(sequencer);
        assert_eq!(logged(&app).len(), 8, "the log is as it was");
    }
}

/// The attack: the last orders are deleted from the database. Their numbers would be given out again, and the zone take none of them.
#[tokio::test]
async fn a_platform_that_is_behind_the_zone_stops() {
    let w = world().await;
    let (mut sequencer, log) = Sequencer::open(&w.app).unwrap();
    sequencer.step().await.unwrap();
    let last = w.app.store.last_order_seq().await.unwrap();
    log.zone_took(last);
    sequencer.step().await.unwrap();
    log.zone_took(last + 3);
    log.zone_took(last);
    let Err(AppError::Refused(refusal)) = sequencer.step().await else { panic!("it goes on") };
    assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("database-behind", "PRODUCT-LOG"));
}
