//! Receipts over a stop: whole ones are counted, and the rest of an open segment is not dropped in silence.

use super::world::World;
use crate::node::core::Core;
use crate::node::receipts::{Call, Receipt, open};
use crate::node::torn::FOLDER;
use audit::{Leaf, LogReader};
use crypto::Suite;
use model::Digest;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn call(w: &World, n: u64) -> Call {
    Call {
        kind: "product".into(),
        ticket: "tkt_1".into(),
        org: "org_consumer".into(),
        order: None,
        product: None,
        answer: Digest(w.hash(&n.to_be_bytes()).to_string()),
        rows: 1,
        bytes: 9,
    }
}

fn line(w: &World, segment: u64, n: u64) -> Vec<u8> {
    let mut bytes = crypto::canonical(&Receipt { v: 1, segment, n, at: w.now(), call: call(w, n) }).unwrap();
    bytes.push(b'\n');
    bytes
}

fn segment(w: &World, number: u64) -> PathBuf {
    w.dir.path().join(format!("zone/receipts/{number:012}"))
}

/// Leaves of these verbs, in order: the verb, and the refs that say how much.
async fn told(w: &World, core: &Core) -> Vec<(String, String)> {
    core.leaves.flush(w.now()).await.unwrap();
    let (reader, _) = LogReader::open(&w.dir.path().join("log/zone")).unwrap();
    let mut out = Vec::new();
    reader
        .each(0, |_, bytes| {
            let leaf = Leaf::decode(bytes)?;
            let name = match leaf.kind.as_str() {
                "close_segment" => "receipts",
                "set_receipts_aside" => "bytes",
                _ => return Ok(()),
            };
            out.push((leaf.kind.clone(), leaf.refs[name].clone()));
            Ok(())
        })
        .unwrap();
    out
}

fn aside(w: &World) -> Vec<Vec<u8>> {
    let mut names: Vec<_> = fs::read_dir(w.dir.path().join("zone").join(FOLDER))
        .map(|entries| entries.map(|e| e.unwrap().path()).collect())
        .unwrap_or_default();
    names.sort();
    names.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// What an open segment holds, opened anew: leaves, bytes aside, and what an auditor says of the receipts.
async fn after(bytes: &[u8]) -> (Vec<(String, String)>, Vec<Vec<u8>>, bool) {
    let w = World::new();
    let core = Arc::new(w.enrolled());
    fs::create_dir_all(w.dir.path().join("zone/receipts")).unwrap();
    fs::write(segment(&w, 1), bytes).unwrap();
    open(core.clone()).unwrap();
    // Opened once more, nothing is told twice.
    open(core.clone()).unwrap();
    let told = told(&w, &core).await;
    w.verify_log();
    let report = audit::verify_once(&w.dir.path().join("log/zone"), None, None);
    let report = audit::verify_receipts(&w.dir.path().join("log/zone"), &w.dir.path().join("zone/receipts"), report);
    (told, aside(&w), report.valid)
}

fn said(kind: &str, n: usize) -> (String, String) {
    (kind.to_owned(), n.to_string())
}

#[tokio::test]
async fn the_rest_of_an_open_segment_is_moved_aside_and_told() {
    let w = World::new();
    let lines: Vec<Vec<u8>> = (1..=3).map(|n| line(&w, 1, n)).collect();
    let whole = lines.concat();
    assert_eq!(after(&whole).await, (vec![said("close_segment", 3)], vec![], true));
    // Cut off anywhere in the last line: two receipts, and the rest aside.
    for cut in [1, lines[2].len() / 2, lines[2].len() - 1] {
        let rest = lines[2][..cut].to_vec();
        let told = vec![said("set_receipts_aside", cut), said("close_segment", 2)];
        assert_eq!(after(&[&lines[0][..], &lines[1], &rest].concat()).await, (told, vec![rest], true));
    }
    // A bent line takes the ones after it along, but not in silence.
    let mut bent = whole.clone();
    bent[lines[0].len() + 3] ^= 1;
    let rest = bent[lines[0].len()..].to_vec();
    let told = vec![said("set_receipts_aside", rest.len()), said("close_segment", 1)];
    assert_eq!(after(&bent).await, (told, vec![rest], true));
    // So does a receipt of another segment, or one left out.
    for other in [line(&w, 2, 2), line(&w, 1, 3)] {
        let told = vec![said("set_receipts_aside", other.len()), said("close_segment", 1)];
        assert_eq!(after(&[lines[0].clone(), other.clone()].concat()).await, (told, vec![other], true));
    }
    // Nothing whole: there is no segment to close, and the number is used again.
    let none = after(b"rubbish\n").await;
    assert_eq!(none, (vec![said("set_receipts_aside", 8)], vec![b"rubbish\n".to_vec()], true));
}

#[tokio::test]
async fn a_stop_between_the_copy_and_its_leaf_is_made_good() {
    let w = World::new();
    let core = Arc::new(w.enrolled());
    let folder = w.dir.path().join("zone").join(FOLDER);
    fs::create_dir_all(&folder).unwrap();
    // The copy was made, the segment was not cut yet, no leaf says so.
    fs::write(folder.join("000000000001-0.part"), b"half").unwrap();
    fs::create_dir_all(w.dir.path().join("zone/receipts")).unwrap();
    fs::write(segment(&w, 1), [&line(&w, 1, 1)[..], b"half"].concat()).unwrap();
    open(core.clone()).unwrap();
    let want = [said("set_receipts_aside", 4), said("set_receipts_aside", 4), said("close_segment", 1)];
    assert_eq!(told(&w, &core).await, want);
    assert_eq!(aside(&w), [b"half", b"half"]);
    assert!(!folder.join("000000000001-0.part").exists());
}

/// Run by `cargo xtask bench trust`: answers a second that wait for a durable receipt, 64 callers at a time; the peer is a
/// file to which as many lines are written and synced, 64 at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn bench_receipts() {
    const CALLERS: u64 = 64;
    const EACH: u64 = 200;
    let w = Arc::new(World::with(Suite::Gm));
    let mut cfg = w.config("http://127.0.0.1:1");
    cfg.limits.segment = Duration::from_secs(1);
    let core = Arc::new(Core::open(cfg).unwrap());
    w.enrol(&core);
    let (receipts, writer) = open(core.clone()).unwrap();
    let written = tokio::spawn(writer.run());
    let since = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (receipts, w) = (receipts.clone(), w.clone());
            tokio::spawn(async move {
                for n in 0..EACH {
                    receipts.keep(call(&w, caller * EACH + n)).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let ours = since.elapsed().as_secs_f64();
    drop(receipts);
    written.await.unwrap().unwrap();
    assert_eq!(core.read(|s| s.report_seq), core.read(|s| s.segments), "a report for each segment");
    let line = line(&w, 1, 1).repeat(usize::try_from(CALLERS).unwrap());
    let mut file = fs::File::create(w.dir.path().join("bare")).unwrap();
    let since = Instant::now();
    for _ in 0..EACH {
        file.write_all(&line).and_then(|()| file.sync_data()).unwrap();
    }
    let bare = since.elapsed().as_secs_f64();
    let rate = |seconds: f64| (CALLERS * EACH) as f64 / seconds;
    let line = serde_json::json!({"row": "receipts before answers, 64 callers", "unit": "/s", "ours": rate(ours),
        "peer": "a bare file, by 64", "theirs": rate(bare), "aim": null});
    // The test runner may have begun a line.
    println!("\n{line}");
}
