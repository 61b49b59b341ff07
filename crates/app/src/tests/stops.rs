//! The whole way of a leaf, from its commit over the queue, bundles, tiles and checkpoint to publication, in both logs with
//! their anchors, stopped at drawn writes by kill and power cut, also while healing; and files torn or lost in between.
//! Afterwards nothing is lost, nothing stands twice, and everything verifies.

use super::pipeline::commit_many;
use super::*;
use crate::sequencer::{LogHandle, Sequencer};
use audit::fault::{self, Dice};
use audit::{Checkpoint, Leaf, LogConfig, LogError, LogName, LogReader, Outcome, TileLog, anchor_line};
use audit::{publish_key_list, verify_once};
use serde_json::json;
use std::path::PathBuf;

const RUNS: u64 = 200;

/// One deployment's folder over several lives of its processes.
struct Line {
    folder: tempfile::TempDir,
    dice: Dice,
    zone_key: SigningKey,
    /// Leaves committed to the platform's database.
    committed: u64,
    /// Leaves that the zone's journal holds.
    journal: Vec<Vec<u8>>,
    /// Newest checkpoint that was given out, by log.
    given_out: BTreeMap<LogName, String>,
    crashes: u64,
    damaged: [u64; 3],
    /// New Years that have passed, of which some fall within a life.
    years: u64,
    /// Epochs that were closed.
    borders: u64,
}

/// What lives until the next stop.
struct Life {
    app: App,
    shift: Arc<AtomicI64>,
    sequencer: Sequencer,
    handle: LogHandle,
    zone: TileLog,
}

fn zone_leaf(n: usize) -> Vec<u8> {
    let leaf = Leaf {
        v: 1,
        log: LogName::Zone,
        at: T0.0,
        kind: "batch_stored".into(),
        case: None,
        case_seq: None,
        prev: None,
        actor: Some(format!("per_{n}")),
        org: None,
        outcome: Outcome::Done,
        rule: None,
        article: None,
        object: None,
        refs: BTreeMap::new(),
    };
    leaf.encode().unwrap()
}

impl Line {
    fn new(run: u64) -> Self {
        // In memory where the machine allows it: what is flushed is modelled, not waited for.
        let memory = tempfile::Builder::new().tempdir_in("/dev/shm");
        Self {
            folder: memory.or_else(|_| tempfile::tempdir()).unwrap(),
            dice: Dice(run),
            zone_key: SigningKey::from_secret(Suite::Intl, &[5; 32]).unwrap(),
            committed: 0,
            journal: Vec::new(),
            given_out: BTreeMap::new(),
            crashes: 0,
            damaged: [0; 3],
            years: 0,
            borders: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn publish_keys(&self, app: &App) {
        let root = SigningKey::from_secret(app.suite(), &[3; 32]).unwrap();
        let entry = |key: crypto::PublicKey, kind: &str| {
            json!({"key": key.key_id(), "public": key.to_string(), "holder": {"kind": kind}, "valid_from": 0,
                "revoked_at": null})
        };
        let entries = [entry(app.log_signer.public(), "platform_log"), entry(self.zone_key.public(), "zone_log")];
        let body = json!({"v": 1, "deployment": "dep-a", "number": 1, "clock": "real", "issued_at": 0,
            "entries": entries});
        let signature = root.sign("key-list", &body).unwrap();
        let list = json!({"body": body, "key": root.key_id(), "signature": signature});
        publish_key_list(&app.log_dir, &root.public(), &list).unwrap();
    }

    /// The platform on the clock as it is.
    async fn app(&self) -> (App, Arc<AtomicI64>) {
        let (app, shift) = app_in(self.folder.path()).await.unwrap();
        shift.store(self.shift(), Ordering::SeqCst);
        (app, shift)
    }

    fn shift(&self) -> i64 {
        i64::try_from(self.years).unwrap() * 366 * 86_400_000
    }

    fn open(&self, (app, shift): &(App, Arc<AtomicI64>)) -> Result<Life, String> {
        let said = |e: &dyn std::fmt::Debug| format!("{e:?}");
        let (sequencer, handle) = Sequencer::open(app).map_err(|e| said(&e))?;
        let clock = app.deployment.clock_word().parse().unwrap();
        let config = LogConfig::new("dep-a", LogName::Zone, app.suite(), clock, &self.path("zone-state"));
        let zone = TileLog::open(&app.log_dir.join("zone"), config).map_err(|e| said(&e))?;
        Ok(Life { app: app.clone(), shift: shift.clone(), sequencer, handle, zone })
    }

    /// Brings the zone's log to its journal, and lets it see the platform's newest checkpoint.
    fn zone_step(&mut self, life: &mut Life) -> Result<(), LogError> {
        let from = life.zone.size().saturating_sub(1);
        let rest = self.journal.get(usize::try_from(from).unwrap()..).unwrap_or_default();
        life.zone.append_at(from, rest)?;
        let seen = life.handle.checkpoint.borrow().clone();
        let anchor = seen.map(|text| anchor_line(&Checkpoint::parse(text.as_bytes()).unwrap()));
        let note = life.zone.checkpoint(T0.0, &self.zone_key, &anchor.into_iter().collect::<Vec<_>>())?;
        life.handle.anchor(Checkpoint::parse(note.as_bytes()).unwrap().as_anchor());
        self.given_out.insert(LogName::Zone, note);
        Ok(())
    }

    /// Works on until the disk dies or enough is done.
    async fn work(&mut self, life: &mut Life, steps: u64) -> Result<(), String> {
        for _ in 0..steps {
            match self.dice.below(9) {
                8 => {
                    self.years += 1;
                    life.shift.store(self.shift(), Ordering::SeqCst);
                }
                0..3 => {
                    let n = if self.dice.below(40) == 0 { 300 } else { self.dice.below(6) };
                    commit_many(&life.app, self.committed, n).await;
                    self.committed += n;
                }
                3 => {
                    for _ in 0..self.dice.below(5) {
                        self.journal.push(zone_leaf(self.journal.len()));
                    }
                }
                4 => self.zone_step(life).map_err(|e| e.to_string())?,
                _ => {
                    life.sequencer.step().await.map_err(|e| format!("{e:?}"))?;
                    let published = life.handle.checkpoint.borrow().clone();
                    self.given_out.extend(published.map(|text| (LogName::Platform, text)));
                }
            }
        }
        Ok(())
    }
}

impl Line {
    /// One life of the processes, which may end at a drawn write.
    async fn live(&mut self) {
        let opened = self.app().await;
        let app = &opened.0;
        if self.committed == 0 && !self.path("log/keys").exists() {
            self.publish_keys(app);
        }
        let tail = std::fs::read(self.path("leaf-tail")).unwrap();
        let (after, power, seed) = (self.dice.below(70), self.dice.below(2) == 0, self.dice.below(u64::MAX));
        // Mostly until the disk dies, sometimes less: then the stop is between two writes.
        let steps = if self.dice.below(8) == 0 { self.dice.below(4) } else { 60 };
        fault::start(after, power, seed);
        let done = match self.open(&opened) {
            Ok(mut life) => self.work(&mut life, steps).await,
            Err(e) => Err(e),
        };
        let (_, died) = fault::end();
        assert_eq!(died, done.is_err(), "{done:?}");
        self.crashes += u64::from(died);
        if died && power && self.dice.below(2) == 0 {
            // The tail is not flushed: the power may set it back.
            std::fs::write(self.path("leaf-tail"), tail).unwrap();
        }
    }

    /// All leaves into the logs, both signed, each with the newest state of the other.
    async fn catch_up(&mut self, life: &mut Life) -> Result<(), String> {
        while life.sequencer.step().await.map_err(|e| format!("{e:?}"))? {}
        self.zone_step(life).map_err(|e| e.to_string())?;
        while life.sequencer.step().await.map_err(|e| format!("{e:?}"))? {}
        Ok(())
    }

    /// Whether both logs hold exactly what was committed, in its order, and verify.
    fn is_whole(&self, app: &App) -> bool {
        let report = verify_once(&app.log_dir, None, None);
        let of = |log: &str| -> Option<Vec<String>> {
            let mut out = Vec::new();
            let (reader, _) = LogReader::open(&app.log_dir.join(log)).ok()?;
            let each = |_, bytes: &[u8]| {
                out.extend(Leaf::decode(bytes)?.actor);
                Ok(())
            };
            reader.each(0, each).ok()?;
            Some(out)
        };
        let wanted = |n: u64| Some((0..n).map(|i| format!("per_{i}")).collect::<Vec<_>>());
        report.valid && of("platform") == wanted(self.committed) && of("zone") == wanted(self.journal.len() as u64)
    }

    /// A file of the logs is torn, emptied, lost, or one bit of it turns: it is refused when the log is opened or written, or
    /// found by who verifies, or it was one that is made anew. Then the disk is put right.
    async fn damage(&mut self) {
        let logs = self.path("log");
        let files: Vec<PathBuf> = [logs.join("platform"), logs.join("zone")].iter().flat_map(|d| below(d)).collect();
        let Some(file) = files.get(usize::try_from(self.dice.below(files.len() as u64)).unwrap()) else { return };
        let kept = tempfile::tempdir().unwrap();
        copy(self.folder.path(), kept.path());
        let mut bytes = std::fs::read(file).unwrap();
        let at = usize::try_from(self.dice.below(bytes.len() as u64)).unwrap();
        match self.dice.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.clear(),
            2 if !bytes.is_empty() => bytes[at] ^= 1 << self.dice.below(8),
            _ => bytes = vec![0; bytes.len()],
        }
        if self.dice.below(4) == 0 {
            std::fs::remove_file(file).unwrap();
        } else {
            std::fs::write(file, bytes).unwrap();
        }
        let opened = self.app().await;
        let app = &opened.0;
        let given_out = self.given_out.clone();
        let went_on = match self.open(&opened) {
            Ok(mut life) => self.catch_up(&mut life).await.is_ok(),
            Err(_) => false,
        };
        let outcome = match (went_on, self.is_whole(app)) {
            (false, _) => 0,
            (true, false) => {
                assert!(!verify_once(&app.log_dir, None, None).valid, "lost and not found: {}", file.display());
                1
            }
            (true, true) => 2,
        };
        self.damaged[outcome] += 1;
        if outcome < 2 {
            self.given_out = given_out;
            drop(opened);
            for name in ["log", "state", "zone-state"] {
                let _ = std::fs::remove_dir_all(self.path(name)).or_else(|_| std::fs::remove_file(self.path(name)));
            }
            copy_only(kept.path(), self.folder.path(), &["log", "state", "zone-state"]);
        }
    }

    async fn check(&mut self, run: u64) {
        let opened = self.app().await;
        let app = &opened.0;
        let mut life = self.open(&opened).unwrap_or_else(|e| panic!("run {run}: {e}"));
        let given_out = self.given_out.clone();
        self.catch_up(&mut life).await.unwrap_or_else(|e| panic!("run {run}: {e}"));
        let report = verify_once(&app.log_dir, None, None);
        assert!(self.is_whole(app), "run {run}: {} leaves, {report:?}", self.committed);
        for (log, text) in given_out {
            let report = verify_once(&app.log_dir, None, Some(&text));
            assert!(report.valid, "run {run}: {log} took back what it gave out: {report:?}");
        }
        // Each epoch was opened once, the year that runs among them, by a leaf of its own.
        let openings = super::pipeline::openings(app);
        self.borders = openings.len() as u64;
        assert_eq!(app.store.leaf_counts().await.unwrap(), (self.committed + self.borders, 0), "run {run}");
        let year = app.now().year();
        let runs = openings.last().map_or(2026, |o| o.1);
        assert!(self.committed == 0 || runs == year, "run {run}: {openings:?} in {year}");
    }
}

/// Every file below a folder.
fn below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().map(|e| e.unwrap().path());
    let mut out: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect();
    out.sort();
    out
}

fn copy(from: &Path, to: &Path) {
    for path in below(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(path, target).unwrap();
    }
}

fn copy_only(from: &Path, to: &Path, names: &[&str]) {
    for path in below(from) {
        let rest = path.strip_prefix(from).unwrap();
        if names.iter().any(|n| rest.starts_with(n)) {
            let target = to.join(rest);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(&path, target).unwrap();
        }
    }
}

/// At least five hundred stops within a write, and damaged files between lives.
#[tokio::test]
async fn whatever_stops_the_pipeline_nothing_is_lost_and_nothing_stands_twice() {
    let (mut crashes, mut damaged, mut leaves, mut borders) = (0, [0; 3], 0, 0);
    for run in 0..RUNS {
        let mut line = Line::new(run);
        for _ in 0..3 {
            line.live().await;
        }
        if line.dice.below(2) == 0 {
            line.damage().await;
            line.live().await;
        }
        line.check(run).await;
        crashes += line.crashes;
        leaves += line.committed;
        borders += line.borders;
        line.damaged.iter().zip(&mut damaged).for_each(|(n, sum)| *sum += n);
    }
    println!("{crashes} crashes, {leaves} leaves, {borders} epochs closed; damage refused, found, healed: {damaged:?}");
    assert!(crashes >= 500 && borders >= 200, "{crashes} crashes, {borders} epochs closed");
    assert!(damaged.iter().all(|n| *n > 0), "refused, found, healed: {damaged:?}");
}
