//! Tests only: a disk whose process dies, or whose power goes, at a chosen write.
//!
//! A killed process leaves what it has written. A power cut besides takes names back that were not flushed: each name of
//! such a folder falls back to one of the states it had since the folder's last flush.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy)]
pub(crate) enum Op<'a> {
    Write(&'a Path, &'a [u8]),
    Rename(&'a Path, &'a Path),
    Remove(&'a Path),
    Sync(&'a Path),
}

/// A name and what it held before an operation that was not flushed yet.
struct Undo {
    path: PathBuf,
    was: Option<Vec<u8>>,
}

struct Plan {
    left: u64,
    done: u64,
    power: bool,
    dice: Dice,
    undo: Vec<Undo>,
    dead: bool,
}

thread_local! {
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

/// Small, seeded, good enough to spread cases.
#[derive(Clone, Copy)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }
}

/// From now on the thread's disk dies at operation `after`; flushes cost nothing.
pub fn start(after: u64, power: bool, seed: u64) {
    let plan = Plan { left: after, done: 0, power, dice: Dice(seed), undo: Vec::new(), dead: false };
    PLAN.with_borrow_mut(|p| *p = Some(plan));
}

/// The machine is up again. Returns the number of operations that were done, and whether it had died.
pub fn end() -> (u64, bool) {
    PLAN.with_borrow_mut(Option::take).map_or((0, false), |p| (p.done, p.dead))
}

/// What becomes of an operation while a plan runs; `None` where none does.
pub(crate) fn step(op: Op<'_>) -> Option<io::Result<()>> {
    PLAN.with_borrow_mut(|plan| {
        let p = plan.as_mut()?;
        Some(match p.left {
            _ if p.dead => Err(io::Error::other("the process is dead")),
            0 => {
                // Whatever half of it comes about: nobody lives to see an error.
                let _half = p.die(op);
                Err(io::Error::other("the process dies here"))
            }
            _ => {
                p.left -= 1;
                p.done += 1;
                p.apply(op)
            }
        })
    })
}

impl Plan {
    fn apply(&mut self, op: Op<'_>) -> io::Result<()> {
        match op {
            Op::Write(path, bytes) => {
                self.note(path);
                fs::write(path, bytes)
            }
            Op::Rename(from, to) => {
                self.note(from);
                self.note(to);
                fs::rename(from, to)
            }
            Op::Remove(path) => {
                self.note(path);
                fs::remove_file(path)
            }
            Op::Sync(folder) => {
                self.undo.retain(|u| u.path.parent() != Some(folder));
                Ok(())
            }
        }
    }

    fn note(&mut self, path: &Path) {
        self.undo.push(Undo { path: path.to_path_buf(), was: fs::read(path).ok() });
    }

    fn die(&mut self, op: Op<'_>) -> io::Result<()> {
        self.dead = true;
        match op {
            Op::Write(path, bytes) => {
                self.note(path);
                let torn = self.dice.below(bytes.len() as u64 + 1);
                fs::write(path, bytes.get(..usize::try_from(torn).unwrap_or_default()).unwrap_or_default())?;
            }
            Op::Rename(..) | Op::Remove(_) if self.dice.below(2) == 0 => self.apply(op)?,
            _ => {}
        }
        if !self.power {
            return Ok(());
        }
        let mut names: Vec<PathBuf> = self.undo.iter().map(|u| u.path.clone()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let states: Vec<&Undo> = self.undo.iter().filter(|u| u.path == name).collect();
            let kept = usize::try_from(self.dice.below(states.len() as u64 + 1)).unwrap_or_default();
            match states.get(kept).map(|u| &u.was) {
                // The last state of all: nothing is taken back.
                None => {}
                Some(Some(bytes)) => {
                    // Its folder may have been removed for being empty.
                    fs::create_dir_all(name.parent().unwrap_or(&name))?;
                    fs::write(&name, bytes)?;
                }
                Some(None) => match fs::remove_file(&name) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                    _ => {}
                },
            }
        }
        Ok(())
    }
}

/// The crash runs.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClockKind, Leaf, LogConfig, LogError, LogName, Outcome, TileLog};
    use crypto::{HashAlg, SigningKey, Suite};
    use std::collections::{BTreeMap, BTreeSet};

    const RUNS: u64 = 600;

    fn leaf(n: u64) -> Vec<u8> {
        let leaf = Leaf {
            v: 1,
            log: LogName::Platform,
            at: 1,
            kind: "step_done".into(),
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

    struct Bench {
        folder: tempfile::TempDir,
        signer: SigningKey,
        suite: Suite,
    }

    impl Bench {
        fn new(suite: Suite) -> Self {
            let signer = SigningKey::from_secret(suite, &[9; 32]).unwrap();
            // In memory where the machine allows it: what is flushed is modelled, not waited for.
            let memory = tempfile::Builder::new().tempdir_in("/dev/shm");
            Self { folder: memory.or_else(|_| tempfile::tempdir()).unwrap(), signer, suite }
        }

        fn open(&self) -> Result<TileLog, LogError> {
            let state = self.folder.path().join("state/signer.json");
            let cfg = LogConfig::new("city", LogName::Platform, self.suite, ClockKind::Real, &state);
            TileLog::open(&self.folder.path().join("log"), cfg)
        }

        /// Brings the log to `steps`, one append and perhaps a checkpoint each; what is there is passed over.
        fn carry(&self, leaves: &[Vec<u8>], steps: &[(u64, bool)]) -> Result<(), LogError> {
            let mut log = self.open()?;
            for (n, (size, signs)) in (1i64..).zip(steps) {
                if log.size() < *size {
                    // The last leaf that is there is given again: it must be the same one.
                    let from = log.size().saturating_sub(1);
                    log.append_at(from, &leaves[from as usize..*size as usize])?;
                }
                let due = log.published().is_none_or(|c| c.size < *size);
                if *signs && log.size() == *size && due {
                    log.checkpoint(n, &self.signer, &[])?;
                }
            }
            Ok(())
        }

        fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
            let folder = crate::files::Folder::new(self.folder.path());
            let names: BTreeSet<String> = folder.all().unwrap();
            names.into_iter().map(|f| (f.clone().into(), folder.read(&f).unwrap().unwrap())).collect()
        }

        /// What a checkpoint that was given out says.
        fn published(&self) -> Option<(u64, [u8; 32])> {
            let note = fs::read(self.folder.path().join("log/checkpoint")).ok()?;
            let checkpoint = crate::Checkpoint::parse(&note).unwrap();
            Some((checkpoint.size, checkpoint.root(HashAlg::Sm3)))
        }
    }

    /// At least 500 crashes at random writes, by kill and by power cut, some of them again while healing: the log that
    /// comes out is, file for file, the one that never crashed, and no checkpoint that was given out is taken back.
    #[test]
    fn crashes_at_random_writes_heal() {
        let leaves: Vec<Vec<u8>> = (0..1400).map(leaf).collect();
        let (mut crashes, mut twice) = (0, 0);
        for run in 0..RUNS {
            let mut dice = Dice(run);
            let suite = if run % 2 == 0 { Suite::Intl } else { Suite::Gm };
            let mut steps = Vec::new();
            let mut size = 0;
            for _ in 0..1 + dice.below(4) {
                let most = [3, 40, 300][usize::try_from(dice.below(3)).unwrap()];
                size += 1 + dice.below(most);
                steps.push((size, dice.below(3) > 0));
            }
            steps.push((size + 1, true));
            let whole = Bench::new(suite);
            start(u64::MAX, false, 0);
            whole.carry(&leaves, &steps).unwrap();
            let (ops, _) = end();
            assert!(ops > 20, "the writes are counted");

            let bench = Bench::new(suite);
            let mut at = dice.below(ops);
            for _ in 0..3 {
                start(at, dice.below(2) == 0, dice.below(u64::MAX));
                let before = bench.published();
                let carried = bench.carry(&leaves, &steps);
                let (_, died) = end();
                assert_eq!(died, carried.is_err(), "run {run}: {carried:?}");
                if let Some(given_out) = before {
                    assert!(bench.published().is_some_and(|now| now.0 >= given_out.0), "run {run}");
                }
                if !died {
                    break;
                }
                crashes += 1;
                // Perhaps once more, soon after the restart.
                at = dice.below(30);
            }
            twice += u64::from(at < 30);
            start(u64::MAX, false, 0);
            let healed = bench.carry(&leaves, &steps);
            end();
            healed.unwrap_or_else(|e| panic!("run {run}, {steps:?}: {e}"));
            assert_eq!(bench.published(), whole.published(), "run {run}");
            let (is, was) = (bench.files(), whole.files());
            let differ = |a: &BTreeMap<PathBuf, Vec<u8>>, b: &BTreeMap<PathBuf, Vec<u8>>| -> Vec<PathBuf> {
                a.iter().filter(|(p, bytes)| b.get(*p) != Some(bytes)).map(|(p, _)| p.clone()).collect()
            };
            assert_eq!((differ(&is, &was), differ(&was, &is)), (vec![], vec![]), "run {run}, {steps:?}");
        }
        assert!(crashes >= 500 && twice > 50, "{crashes} crashes, {twice} of them while healing");
    }
}
