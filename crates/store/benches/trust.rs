//! `cargo xtask bench trust`, the queue: what a leaf costs a commit, and how fast waiting leaves are checked and numbered.
//! One line of JSON for each comparison.
//!
//! A row alone beside a row with its leaf, in turns, so that both meet the same disk. `YUNYU_BENCH_DATABASE` names a
//! PostgreSQL to measure instead of a new SQLite file.
#![allow(clippy::unwrap_used, reason = "a bench")]

use crypto::Suite;
use model::{Entity, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use store::{LeafDraft, Outcome, Settings, Store};

/// Commits of each kind.
const COMMITS: u64 = 2_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    id: String,
    text: String,
}

impl Entity for Row {
    const KIND: &'static str = "bench_row";
    fn id(&self) -> &str {
        &self.id
    }
}

fn draft(n: u64, case: Option<String>) -> LeafDraft {
    LeafDraft {
        kind: "step_done".into(),
        case,
        actor: Some(format!("per_{n:08}")),
        org: Some("org_00000001".into()),
        outcome: Outcome::Done,
        rule: Some("WX-11.2".into()),
        article: Some("11.2".into()),
        object: Some(Suite::Gm.hash(&n.to_be_bytes()).to_string()),
        refs: BTreeMap::new(),
        at: Timestamp(1_772_000_000_000),
    }
}

async fn commit(store: &Store, n: u64, leaf: bool) -> Duration {
    let since = Instant::now();
    let mut tx = store.begin().await.unwrap();
    tx.put(&Row { id: format!("row_{n}"), text: "x".repeat(400) }).await.unwrap();
    if leaf {
        tx.append_leaf(draft(n, Some(format!("case_{}", n % 64)))).await.unwrap();
    }
    tx.commit().await.unwrap();
    since.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let url = std::env::var("YUNYU_BENCH_DATABASE")
        .unwrap_or_else(|_| format!("sqlite://{}", dir.path().join("bench.db").display()));
    let settings = Settings { suite: Suite::Gm, mac_key: [7; 32], tail: Some(dir.path().join("leaf-tail")) };
    let store = Store::open(&url, settings).await.unwrap();
    let (mut bare, mut with) = (Vec::new(), Vec::new());
    for i in 0..COMMITS {
        bare.push(commit(&store, 2 * i, false).await);
        with.push(commit(&store, 2 * i + 1, true).await);
    }
    let database = url.split(':').next().unwrap_or_default();
    let line = |row: String, ours: f64, peer: &str, theirs: f64, aim: Option<f64>| {
        println!("{}", json!({"row": row, "unit": "/s", "ours": ours, "peer": peer, "theirs": theirs, "aim": aim}));
    };
    // At most 1.25 times as long as the row alone.
    let rate = |times| 1e6 / median(times);
    line(format!("commit with a leaf, {database}"), rate(with), "the row alone", rate(bare), Some(1.0 / 1.25));
    let lease = store.take_lease("sequencer", "bench", Duration::from_secs(600)).await.unwrap().unwrap();
    let since = Instant::now();
    let mut numbered = 0;
    loop {
        let batch = store.sequence_pending(&lease, 4096).await.unwrap().len();
        if batch == 0 {
            break;
        }
        numbered += batch;
    }
    let rate = numbered as f64 / since.elapsed().as_secs_f64();
    line(format!("leaves checked and numbered, {database}"), rate, "the aim", 10_000.0, Some(1.0));
}
