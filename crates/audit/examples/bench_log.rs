//! Figures of the log, one JSON object a line: `cargo run --release -p audit --example bench_log [LEAVES]`.
//!
//! CPU figures are of one thread; `append` also waits for the disk that holds the temporary folder.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a measuring program")]

use audit::{ClockKind, Leaf, LogConfig, LogName, LogReader, Outcome, TileLog, merkle};
use crypto::{HashAlg, SigningKey, Suite};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Instant;

const BATCH: usize = 4096;

fn leaf(n: u64) -> Leaf {
    Leaf {
        v: 1,
        log: LogName::Platform,
        at: 1_772_000_000_000 + i64::try_from(n).unwrap(),
        kind: "step_done".into(),
        case: None,
        case_seq: None,
        prev: None,
        actor: Some(format!("per_{n:08}")),
        org: Some("org_00000001".into()),
        outcome: Outcome::Done,
        rule: Some("WX-11.2".into()),
        article: Some("11.2".into()),
        object: Some(Suite::Gm.hash(&n.to_be_bytes()).to_string()),
        refs: BTreeMap::from([("about".into(), "prd_00000001".into())]),
    }
}

/// Wall and CPU clock of this thread.
struct Clock {
    wall: Instant,
    cpu: f64,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }
}

/// Seconds that this thread was on a CPU: what counts on a machine that others use too.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1e9)
}

fn row(what: &str, n: u64, since: Clock, more: serde_json::Value) {
    let (s, cpu) = (since.wall.elapsed().as_secs_f64(), cpu_seconds() - since.cpu);
    let mut out = json!({"bench": "log", "what": what, "n": n, "seconds": s, "cpu_seconds": cpu,
        "per_second": n as f64 / s, "per_cpu_second": n as f64 / cpu, "cpu_us_each": cpu * 1e6 / n as f64});
    out.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    println!("{out}");
}

fn main() {
    let n: u64 = std::env::args().nth(1).map_or(200_000, |s| s.parse().expect("a number of leaves"));
    let since = Clock::start();
    let leaves: Vec<Vec<u8>> = (0..n).map(|i| leaf(i).encode().unwrap()).collect();
    row("encode_leaf", n, since, json!({"bytes": leaves[0].len()}));

    let since = Clock::start();
    for l in &leaves {
        Leaf::decode(l).unwrap();
    }
    row("decode_leaf", n, since, json!({}));

    for alg in [HashAlg::Sm3, HashAlg::Sha256] {
        let since = Clock::start();
        std::hint::black_box(merkle::root(alg, &leaves));
        row("tree", n, since, json!({"hash": alg.name()}));
    }
    let since = Clock::start();
    for alg in [HashAlg::Sm3, HashAlg::Sha256] {
        std::hint::black_box(merkle::root(alg, &leaves));
    }
    row("both_trees", n, since, json!({"aim_per_second": 200_000}));

    let dir = tempfile::tempdir().unwrap();
    let cfg = LogConfig::new("city", LogName::Platform, Suite::Gm, ClockKind::Real, &dir.path().join("state/signer"));
    let folder = dir.path().join("platform");
    let mut log = TileLog::open(&folder, cfg).unwrap();
    let signer = SigningKey::generate(Suite::Gm).unwrap();
    let since = Clock::start();
    for batch in leaves.chunks(BATCH) {
        log.append(batch).unwrap();
        log.checkpoint(1, &signer, &[]).unwrap();
    }
    row("append_and_sign", n, since, json!({"batch": BATCH}));
    let since = Clock::start();
    for l in leaves.iter().take(50) {
        log.append(std::slice::from_ref(l)).unwrap();
        log.checkpoint(1, &signer, &[]).unwrap();
    }
    row("append_and_sign", 50, since, json!({"batch": 1}));
    drop(log);

    let (reader, checkpoint) = LogReader::open(&folder).unwrap();
    let proofs = 2_000;
    for alg in [HashAlg::Sm3, HashAlg::Sha256] {
        let mut nodes = reader.nodes(alg);
        let since = Clock::start();
        let made: Vec<_> = (0..proofs)
            .map(|i| (i * 97) % n)
            .map(|i| (i, merkle::inclusion(alg, i, checkpoint.size, &mut nodes).unwrap()))
            .collect();
        row("prove_inclusion", proofs, since, json!({"hash": alg.name()}));
        let since = Clock::start();
        for (i, proof) in &made {
            let node = merkle::leaf_node(alg, &leaves[usize::try_from(*i).unwrap()]);
            assert!(merkle::verify_inclusion(alg, &node, *i, checkpoint.size, proof, &checkpoint.root(alg)));
        }
        row("verify_inclusion", proofs, since, json!({"hash": alg.name()}));
    }

    let root = SigningKey::generate(Suite::Gm).unwrap();
    let entry = json!({"key": signer.public().key_id(), "public": signer.public().to_string(),
        "holder": {"kind": "platform_log"}, "valid_from": 0, "revoked_at": null});
    let body = json!({"v": 1, "deployment": "city", "number": 1, "clock": "real", "issued_at": 0, "entries": [entry]});
    let signature = root.sign("key-list", &body).unwrap();
    let list = json!({"body": body, "key": root.public().key_id(), "signature": signature});
    audit::publish_key_list(dir.path(), &root.public(), &list).unwrap();
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    let since = Clock::start();
    let report = audit::verify_once(dir.path(), None, None);
    assert!(report.valid, "{report:?}");
    row("verify_log", checkpoint.size, since, json!({"aim_per_second": 300_000}));
}
