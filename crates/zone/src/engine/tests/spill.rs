//! What does not fit into memory: it is answered, and nothing of it stands in the open while the query runs or after.

use super::data::Folder;
use crate::engine::{EngineEnv, Limits, RunError, Spill, clear, local, run};
use crate::gate::Sealed;
use crypto::Suite;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PLANTED: &str = "planted-street";
const STREETS: usize = 8_000;
const EACH: usize = 12;
const SQL: &str = "SELECT street_code, COUNT(*) AS n FROM citizens GROUP BY street_code";

fn records() -> Folder {
    let folder = Folder::new();
    let rows = (0..STREETS * EACH).map(|i| format!("{i},{PLANTED}-of-a-long-name-{:06}", i % STREETS));
    folder.table("citizens", "citizen_id,street_code", rows);
    folder
}

fn env(records: &Folder, memory: usize, spill: Option<&Path>, spill_bytes: u64) -> EngineEnv {
    let sources = local::sources(records.path(), records.path(), &["citizens"]).unwrap();
    let spill = spill.map(|folder| Spill { folder: folder.to_owned(), suite: Suite::Gm });
    let limits = Limits { memory, spill, spill_bytes, ..Limits::default() };
    EngineEnv { sources, purpose: super::schema::purpose(), limits }
}

/// What was seen in the files of a folder while something ran: unnamed ones too, through this process's descriptors.
#[derive(Default)]
struct Seen {
    bytes: u64,
    named: bool,
    planted: bool,
}

fn watch(folder: PathBuf, over: Arc<AtomicBool>) -> std::thread::JoinHandle<Seen> {
    std::thread::spawn(move || {
        let mut seen = Seen::default();
        while !over.load(Ordering::Relaxed) {
            seen.named |= std::fs::read_dir(&folder).unwrap().next().is_some();
            for entry in std::fs::read_dir("/proc/self/fd").unwrap().flatten() {
                let target = entry.path().read_link().unwrap_or_default();
                if !target.starts_with(&folder) {
                    continue;
                }
                let bytes = std::fs::read(entry.path()).unwrap_or_default();
                seen.bytes = seen.bytes.max(bytes.len() as u64);
                seen.planted |= bytes.windows(PLANTED.len()).any(|w| w == PLANTED.as_bytes());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        seen
    })
}

async fn watched(env: &EngineEnv, folder: &Path) -> (Result<Sealed, RunError>, Seen) {
    let over = Arc::new(AtomicBool::new(false));
    let watcher = watch(folder.to_owned(), Arc::clone(&over));
    let sealed = run(clear(env, SQL).unwrap()).await;
    over.store(true, Ordering::Relaxed);
    (sealed, watcher.join().unwrap())
}

/// A limit of memory under which the query spills and is answered: less than the groups need, enough to merge them. Which
/// one that is depends on the engine, so it is looked for.
async fn spilling(records: &Folder, folder: &Path) -> (usize, Sealed, Seen) {
    for half in (1..=32).rev() {
        let memory = half << 19;
        let (sealed, seen) = watched(&env(records, memory, Some(folder), 1 << 30), folder).await;
        assert!(!seen.planted && !seen.named, "at {memory} bytes a spilled value or a name stands in the open");
        match sealed {
            Ok(sealed) if seen.bytes > 0 => return (memory, sealed, seen),
            Ok(_) => {}
            Err(error) => assert_eq!(error, RunError::TooLarge),
        }
    }
    panic!("no limit of memory makes the query spill and answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn spilled_rows_stand_nowhere_in_the_open() {
    let (records, folder) = (records(), tempfile::tempdir().unwrap());
    let (memory, sealed, seen) = spilling(&records, folder.path()).await;
    assert_eq!(sealed.rows(), STREETS as u64);
    assert!(seen.bytes > 16 << 10, "hardly anything was seen: {} bytes", seen.bytes);
    // The answer's own batches hold the value, so that the search could have found it.
    assert!(format!("{:?}", sealed.parts().batches).contains(PLANTED));
    drop(sealed);
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
    // Without room to spill the same query is too large, and says no more than that. The limit of memory is one that no
    // luck of timing fits.
    let (answer, _) = watched(&env(&records, 256 << 10, Some(folder.path()), 4 << 10), folder.path()).await;
    assert_eq!(answer.err(), Some(RunError::TooLarge));
    // Where nothing may be spilled nothing is: the query is too large, or by luck of its timing just fits.
    let (answer, seen) = watched(&env(&records, memory, None, 0), folder.path()).await;
    assert_eq!(seen.bytes, 0);
    match answer {
        Err(error) => assert_eq!(error, RunError::TooLarge),
        Ok(sealed) => assert_eq!(sealed.rows(), STREETS as u64),
    }
}
