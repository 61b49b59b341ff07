//! Receipts over a stop: whole ones are counted, and the rest of an open segment is not dropped in silence.

use super::world::World;
use crate::node::core::Core;
use crate::node::receipts::{Call, Chain, Receipt, open};
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

/// Lines of a segment as the zone writes them: of these numbers, one chain.
fn lines(w: &World, core: &Core, segment: u64, numbers: &[u64]) -> Vec<Vec<u8>> {
    let mut chain = Chain::new(core).unwrap();
    let line = |n: &u64| {
        let receipt = Receipt { v: 1, segment, n: *n, at: w.now(), call: call(w, *n), code: None };
        let mut bytes = chain.next(receipt).unwrap().1;
        bytes.push(b'\n');
        bytes
    };
    numbers.iter().map(line).collect()
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

/// What an open segment holds, opened anew: leaves, bytes aside, and what an auditor says of the receipts. `make` gets three
/// receipts and gives what lies there and what of it is to be set aside.
async fn after(make: impl Fn(&World, &Core, &[Vec<u8>]) -> (Vec<u8>, Vec<u8>), whole: u64) {
    let w = World::new();
    let core = Arc::new(w.enrolled());
    let three = lines(&w, &core, 1, &[1, 2, 3]);
    let (there, rest) = make(&w, &core, &three);
    fs::create_dir_all(w.dir.path().join("zone/receipts")).unwrap();
    fs::write(segment(&w, 1), there).unwrap();
    open(core.clone()).unwrap();
    // Opened once more, nothing is told twice.
    open(core.clone()).unwrap();
    let mut want = Vec::new();
    want.extend((!rest.is_empty()).then(|| said("set_receipts_aside", rest.len())));
    want.extend((whole > 0).then(|| said("close_segment", usize::try_from(whole).unwrap())));
    assert_eq!(told(&w, &core).await, want);
    assert_eq!(aside(&w), if rest.is_empty() { vec![] } else { vec![rest] });
    w.verify_log();
    let report = audit::verify_once(&w.dir.path().join("log/zone"), None, None);
    let report = audit::verify_receipts(&w.dir.path().join("log/zone"), &w.dir.path().join("zone/receipts"), report);
    assert!(report.valid, "{report:?}");
}

fn said(kind: &str, n: usize) -> (String, String) {
    (kind.to_owned(), n.to_string())
}

#[tokio::test]
async fn the_rest_of_an_open_segment_is_moved_aside_and_told() {
    after(|_, _, three| (three.concat(), vec![]), 3).await;
    // Cut off anywhere in the last line: two receipts, and the rest aside.
    for part in [3, 2, 1] {
        after(
            |_, _, three| {
                let rest = three[2][..three[2].len() / part - usize::from(part == 1)].to_vec();
                ([&three[0][..], &three[1], &rest].concat(), rest)
            },
            2,
        )
        .await;
    }
    // Nothing whole: there is no segment to close, and the number is used again.
    after(|_, _, _| (b"rubbish\n".to_vec(), b"rubbish\n".to_vec()), 0).await;
}

/// The attack: somebody who can write the folder, but has not the zone's key, changes what is counted and billed.
#[tokio::test]
async fn receipts_that_the_zone_did_not_write_are_not_counted() {
    // A bent line takes the ones after it along, but not in silence.
    let bent = |at: usize| {
        move |_: &World, _: &Core, three: &[Vec<u8>]| {
            let mut all = three.concat();
            let from = three[0].len();
            all[from + at] ^= 1;
            let rest = all[from..].to_vec();
            (all, rest)
        }
    };
    for at in [3, 20, 60] {
        after(bent(at), 1).await;
    }
    // Another canonical receipt in its place: more rows than were answered.
    let more = |_: &World, _: &Core, three: &[Vec<u8>]| {
        let text = String::from_utf8(three[1].clone()).unwrap().replace("\"rows\":1", "\"rows\":999999");
        (([&three[0][..], text.as_bytes()]).concat(), text.into_bytes())
    };
    after(more, 1).await;
    // One left out, one of another segment, and one that was invented without the key.
    after(|_, _, three| ([&three[0][..], &three[2]].concat(), three[2].clone()), 1).await;
    let other = |w: &World, core: &Core, three: &[Vec<u8>]| {
        let other = lines(w, core, 2, &[1, 2])[1].clone();
        ([&three[0][..], &other].concat(), other)
    };
    after(other, 1).await;
    let invented = |w: &World, _: &Core, three: &[Vec<u8>]| {
        let receipt = Receipt { v: 1, segment: 1, n: 1, at: w.now(), call: call(w, 9), code: None };
        let mut line = crypto::canonical(&receipt).unwrap();
        line.push(b'\n');
        let all = [&line[..], &three[1]].concat();
        (all.clone(), all)
    };
    after(invented, 0).await;
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
    fs::write(segment(&w, 1), [&lines(&w, &core, 1, &[1])[0][..], b"half"].concat()).unwrap();
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
    let line = lines(&w, &core, 1, &[1])[0].repeat(usize::try_from(CALLERS).unwrap());
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
