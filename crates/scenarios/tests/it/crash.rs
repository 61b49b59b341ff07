//! `kill -9` of everything or of one process at any moment of the story, then the same command again: no step lost,
//! none done twice, both logs hold.

use crate::program::{begin, json, logs_hold, platform_below, story};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// A small deterministic generator, so that a failing seed can be tried again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// Processes below a story: the platform, the zone, jobs.
fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let of = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)).and_then(|p| p.parse::<u32>().ok());
        if of == Some(parent) {
            found.push(pid);
            found.extend(children(pid));
        }
    }
    found
}

fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// What happened in a folder, leaf by leaf without order: kind, outcome, article, step and the roles of who did it. Left
/// out is what an interruption adds by its nature: people sign in again, tickets run out, a job or a segment of receipts
/// is begun anew, a statement signed before the interruption is refused as stale.
fn happened(data: &Path) -> BTreeMap<String, usize> {
    const AGAIN: &[&str] = &["sign_in", "ticket_issued", "start_job", "close_segment", "refuse_calls"];
    let newest = (1..).map(|n| data.join(format!("log/keys/{n}.json"))).take_while(|p| p.is_file()).last().unwrap();
    let list: Value = serde_json::from_slice(&std::fs::read(newest).unwrap()).unwrap();
    let holders = list["body"]["entries"].as_array().unwrap();
    let roles = |person: &str| {
        let entry = holders.iter().map(|e| &e["holder"]).find(|h| h["person"] == person);
        entry.map(|h| format!("{} of {}", h["roles"], h["org_roles"])).unwrap_or_default()
    };
    let mut found = BTreeMap::new();
    for log in ["platform", "zone"] {
        let (reader, _) = audit::LogReader::open(&data.join("log").join(log)).unwrap();
        let each = |_, bytes: &[u8]| {
            let leaf = audit::Leaf::decode(bytes)?;
            let usage = leaf.kind == "zone_reported" && leaf.case.is_none();
            // A zone that was away while the clock moved twice hears of where it stands now, not of each move.
            let moved = log == "zone" && leaf.kind == "move_clock";
            if leaf.outcome == audit::Outcome::Done && !usage && !moved && !AGAIN.contains(&leaf.kind.as_str()) {
                let (step, article) = (leaf.refs.get("step"), leaf.article.as_deref());
                let who = leaf.actor.as_deref().map(roles).unwrap_or_default();
                *found.entry(format!("{log} {} {step:?} {article:?} {who}", leaf.kind)).or_default() += 1;
            }
            Ok(())
        };
        reader.each(0, each).unwrap();
    }
    found
}

/// The told steps, without what differs between any two folders: the folder and the product's id.
fn told(made: &Value) -> Vec<String> {
    let (data, product) = (made["data"].as_str().unwrap(), made["product"]["id"].as_str().unwrap());
    let plain =
        |s: &Value| format!("{} {} {}", s["who"], s["what"], s["article"]).replace(data, "").replace(product, "");
    made["steps"].as_array().unwrap().iter().map(plain).collect()
}

/// One folder, attacked several times, and held against one that nobody attacked.
fn attacked(data: &Path, seed: u64, times: u64, whole: &(Value, BTreeMap<String, usize>)) {
    let mut dice = Dice(seed);
    for _ in 0..times {
        let mut running = begin(data);
        std::thread::sleep(Duration::from_millis(300 + dice.roll(9_000)));
        let below = children(running.id());
        match dice.roll(3) {
            0 if !below.is_empty() => {
                // One process alone: the supervisor starts it again and the story goes on.
                kill(below[usize::try_from(dice.roll(below.len() as u64)).unwrap()]);
                std::thread::sleep(Duration::from_millis(dice.roll(2_000)));
                kill(running.id());
            }
            _ => kill(running.id()),
        }
        running.wait().unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    let made = story(data, &[]);
    logs_hold(data);
    let steps = made["steps"].as_array().unwrap();
    let leaves: Vec<u64> = steps.iter().filter_map(|s| s["leaf"].as_u64()).collect();
    let distinct: BTreeSet<u64> = leaves.iter().copied().collect();
    assert!(leaves.len() >= 50, "seed {seed}: {} steps with leaves", leaves.len());
    assert_eq!(leaves.len(), distinct.len(), "seed {seed}: a step was told twice");
    let (wanted, wanted_leaves) = whole;
    assert_eq!(told(&made), told(wanted), "seed {seed}: the steps are not those of a story without a kill");
    assert_eq!(made["product"]["digest"], wanted["product"]["digest"], "seed {seed}: another product");
    let found = happened(data);
    let other: Vec<_> = found
        .keys()
        .chain(wanted_leaves.keys())
        .filter(|k| found.get(*k) != wanted_leaves.get(*k))
        .map(|k| (k, wanted_leaves.get(k), found.get(k)))
        .collect();
    assert!(other.is_empty(), "seed {seed}: lost or doubled (leaf, without a kill, with kills): {other:#?}");
    let (evidence, trust) = (made["evidence"].as_str().unwrap(), made["trust"].as_str().unwrap());
    let report = json(&["evidence", "verify", evidence, "--trust", trust, "--json"], 0);
    assert_eq!(report["valid"], Value::Bool(true), "seed {seed}: {report}");
}

/// 20 kill points; 100 with `YUNYU_FULL`.
#[test]
fn a_kill_at_any_moment_loses_nothing_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let calm = dir.path().join("calm");
    let whole = (story(&calm, &[]), happened(&calm));
    let folders = if std::env::var_os("YUNYU_FULL").is_some() { 20 } else { 4 };
    for seed in 1..=folders {
        attacked(&dir.path().join(format!("data{seed}")), seed * 7_919, 5, &whole);
    }
}

/// The platform dies before it ever answered: it is started again while the story waits for it.
#[test]
fn a_platform_killed_at_its_start_is_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut running = begin(&data);
    let platform = loop {
        assert!(running.try_wait().unwrap().is_none(), "the story ended before its platform began");
        match platform_below(running.id()) {
            Some(pid) => break pid,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    kill(platform);
    assert!(running.wait().unwrap().success());
    logs_hold(&data);
}
