//! Crashes: what was acknowledged is there after a kill, what is there is whole, and the writer recovers.

use crate::things::{Thing, draft};
use crate::{Bench, both, sequence, settings};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use store::{Filter, Store, StoreError};

both!(killed_writer_keeps_exactly_what_it_acknowledged);

const URL: &str = "YUNYU_TEST_CRASH_URL";

/// Not a test of its own: the process that is killed. Writes a thing and a leaf per transaction and says so after commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the kill test"]
async fn child_that_writes() {
    let Ok(url) = std::env::var(URL) else { return };
    let store = Store::open(&url, settings()).await.unwrap();
    let from = store.count::<Thing>(&Filter::default()).await.unwrap();
    let tasks: Vec<_> = (0..8u64)
        .map(|w| {
            let store = store.clone();
            tokio::spawn(async move {
                for i in 0.. {
                    let id = format!("{from}-{w}-{i}");
                    let mut tx = store.begin().await.unwrap();
                    tx.put(&Thing::new(&id, i)).await.unwrap();
                    let mut leaf = draft(Some(&format!("case_{w}")), "made", 1);
                    leaf.refs.insert("thing".into(), id.clone());
                    tx.append_leaf(leaf).await.unwrap();
                    let seq = tx.next_order_seq().await.unwrap();
                    tx.push_order(seq, &id, "{}").await.unwrap();
                    tx.commit().await.unwrap();
                    println!("ack {id}");
                    if i % 16 == 0 {
                        match sequence(&store, 50).await {
                            // Another task of this program has taken the turn meanwhile.
                            Err(StoreError::LeaseLost) => {}
                            numbered => drop(numbered.unwrap()),
                        }
                    }
                }
            })
        })
        .collect();
    for t in tasks {
        t.await.unwrap();
    }
}

/// Starts the writer, lets it acknowledge `acks` commits, kills it, and returns every acknowledgement it wrote.
fn run_and_kill(url: &str, acks: usize, extra: Duration) -> BTreeSet<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_writes", "--ignored", "--nocapture", "--test-threads=1"])
        .env(URL, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acked = BTreeSet::new();
    let mut note = |line: std::io::Result<String>| {
        // The first acknowledgement may follow the test harness's own words on one line.
        if let Some((_, id)) = line.unwrap_or_default().split_once("ack ") {
            acked.insert(id.trim().to_owned());
        }
    };
    for line in lines.by_ref().take(acks) {
        note(line);
    }
    std::thread::sleep(extra);
    child.kill().unwrap();
    child.wait().unwrap();
    // What stood in the pipe was acknowledged before the kill.
    lines.for_each(&mut note);
    assert!(!acked.is_empty(), "the writer acknowledged nothing");
    acked
}

async fn killed_writer_keeps_exactly_what_it_acknowledged(b: Bench) {
    let mut acked = BTreeSet::new();
    for (acks, micros) in [(5, 0), (40, 700), (90, 2100), (25, 100), (60, 5300)] {
        let url = b.url.clone();
        let more =
            tokio::task::spawn_blocking(move || run_and_kill(&url, acks, Duration::from_micros(micros))).await.unwrap();
        acked.extend(more);
        let store = b.open().await;
        let stored: BTreeSet<String> =
            store.list::<Thing>(&Filter::default()).await.unwrap().into_iter().map(|t| t.id).collect();
        let lost: Vec<_> = acked.difference(&stored).collect();
        assert!(lost.is_empty(), "acknowledged but not stored: {lost:?}");
        check_whole(&store, &stored).await;
    }
}

/// Every row has its leaf and its order, nothing more, and all numbers are without gaps.
async fn check_whole(store: &Store, stored: &BTreeSet<String>) {
    let mut told = BTreeSet::new();
    for w in 0..8 {
        let leaves = store.case_leaves(&format!("case_{w}")).await.unwrap();
        for (i, leaf) in leaves.iter().enumerate() {
            assert_eq!(leaf.case_seq, Some(i as u64 + 1));
            assert!(told.insert(leaf.refs["thing"].clone()), "two leaves for one row");
        }
    }
    assert_eq!(&told, stored);
    assert_eq!(store.last_order_seq().await.unwrap(), stored.len() as u64);
    assert_eq!(store.orders_after(0, usize::MAX).await.unwrap().len(), stored.len());
    while !sequence(store, 1000).await.unwrap().is_empty() {}
    let indices: Vec<u64> = store.leaves_from(0, usize::MAX).await.unwrap().iter().map(|(i, _)| *i).collect();
    assert_eq!(indices, (0..stored.len() as u64).collect::<Vec<_>>());
}

/// The database server dies under a living platform: no acknowledged row is lost, and the same store works on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn store_works_on_after_the_server_crashed() {
    let mut b = Bench::new(crate::On::Postgres);
    let store = b.open().await;
    let mut acked = BTreeSet::new();
    for i in 0..20 {
        let mut tx = store.begin().await.unwrap();
        tx.put(&Thing::new(&format!("t{i}"), i)).await.unwrap();
        tx.commit().await.unwrap();
        acked.insert(format!("t{i}"));
    }
    let mut open = store.begin().await.unwrap();
    open.put(&Thing::new("in-flight", 1)).await.unwrap();
    let cluster = b.cluster.as_mut().unwrap();
    cluster.crash();
    assert!(open.commit().await.is_err(), "no commit without a server");
    b.cluster.as_mut().unwrap().run();
    // Connections of the pool are found dead one by one; a command is simply repeated.
    for _ in 0..20 {
        let tried = async {
            let mut tx = store.begin().await?;
            tx.put(&Thing::new("after", 1)).await?;
            tx.commit().await
        };
        if tried.await.is_ok() {
            break;
        }
    }
    acked.insert("after".into());
    let stored: BTreeSet<String> =
        store.list::<Thing>(&Filter::default()).await.unwrap().into_iter().map(|t| t.id).collect();
    assert_eq!(stored, acked);
}
