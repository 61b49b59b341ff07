//! `kill -9` of everything or of one process at any moment of the story, then the same command again: no step lost,
//! none done twice, both logs hold.

use crate::program::{begin, json, logs_hold, story};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
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

/// One folder, attacked several times.
fn attacked(data: &Path, seed: u64, times: u64) {
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
    let (evidence, trust) = (made["evidence"].as_str().unwrap(), made["trust"].as_str().unwrap());
    let report = json(&["evidence", "verify", evidence, "--trust", trust, "--json"], 0);
    assert_eq!(report["valid"], serde_json::Value::Bool(true), "seed {seed}: {report}");
}

/// 20 kill points; 100 with `YUNYU_FULL`.
#[test]
fn a_kill_at_any_moment_loses_nothing_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folders = if std::env::var_os("YUNYU_FULL").is_some() { 20 } else { 4 };
    for seed in 1..=folders {
        attacked(&dir.path().join(format!("data{seed}")), seed * 7_919, 5);
    }
}
