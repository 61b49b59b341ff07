//! What a leaf costs a commit, one JSON object a line: `cargo run --release -p store --example bench_outbox [COMMITS]`.
//!
//! A row alone beside a row with its leaf, in turns, so that both meet the same disk. `YUNYU_BENCH_DATABASE` names a
//! PostgreSQL to measure instead of a new SQLite file.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a measuring program")]

use crypto::Suite;
use model::{Entity, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use store::{LeafDraft, Outcome, Settings, Store};

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
    let n: u64 = std::env::args().nth(1).map_or(2_000, |s| s.parse().expect("a number of commits"));
    let dir = tempfile::tempdir().unwrap();
    let url = std::env::var("YUNYU_BENCH_DATABASE")
        .unwrap_or_else(|_| format!("sqlite://{}", dir.path().join("bench.db").display()));
    let settings = Settings { suite: Suite::Gm, mac_key: [7; 32], tail: Some(dir.path().join("leaf-tail")) };
    let store = Store::open(&url, settings).await.unwrap();
    let (mut bare, mut with) = (Vec::new(), Vec::new());
    for i in 0..n {
        bare.push(commit(&store, 2 * i, false).await);
        with.push(commit(&store, 2 * i + 1, true).await);
    }
    let (bare, with) = (median(bare), median(with));
    let database = url.split(':').next().unwrap_or_default();
    println!(
        "{}",
        json!({"bench": "outbox", "what": "commit", "database": database, "n": n, "us_bare": bare,
        "us_with_leaf": with, "ratio": with / bare, "aim_ratio": 1.25})
    );
    let since = Instant::now();
    let lease = store.take_lease("sequencer", "bench", Duration::from_secs(600)).await.unwrap().unwrap();
    let mut numbered = 0;
    loop {
        let batch = store.sequence_pending(&lease, 4096).await.unwrap().len();
        if batch == 0 {
            break;
        }
        numbered += batch;
    }
    let s = since.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({"bench": "outbox", "what": "check_and_number", "database": database, "n": numbered,
        "seconds": s, "per_second": numbered as f64 / s})
    );
}
