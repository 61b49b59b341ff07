//! `cargo xtask bench trust`, the log: how fast leaves are hashed, written, proved and checked as a whole. One line of JSON for
//! each comparison. Where no other program does the same, the aim stands in the peer's place; rates are per second of CPU of
//! one thread, except those of writing, which wait for the disk.
#![allow(clippy::unwrap_used, reason = "a bench")]

use audit::merkle::Nodes;
use audit::{ClockKind, Leaf, LogConfig, LogName, LogReader, Outcome, TileLog, merkle};
use crypto::{HashAlg, SigningKey, Suite};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use serde_json::json;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

const LEAVES: u64 = 200_000;
const BATCH: usize = 4096;
const PROOFS: u64 = 2_000;

fn leaf(n: u64, prev: &mut BTreeMap<u64, (u64, String)>) -> Vec<u8> {
    let case = n % 500;
    let (seq, before) = prev.get(&case).map_or((1, None), |(seq, hash)| (seq + 1, Some(hash.clone())));
    let leaf = Leaf {
        v: 1,
        log: LogName::Platform,
        at: 1_772_000_000_000 + i64::try_from(n).unwrap(),
        kind: "step_done".into(),
        case: Some(format!("case_{case:08}")),
        case_seq: Some(seq),
        prev: before,
        actor: Some(format!("per_{n:08}")),
        org: Some("org_00000001".into()),
        outcome: Outcome::Done,
        rule: Some("WX-11.2".into()),
        article: Some("11.2".into()),
        object: Some(Suite::Gm.hash(&n.to_be_bytes()).to_string()),
        refs: BTreeMap::from([("about".into(), "prd_00000001".into())]),
    };
    let bytes = leaf.encode().unwrap();
    prev.insert(case, (seq, audit::leaf_hash(HashAlg::Sm3, &bytes).to_string()));
    bytes
}

/// Seconds that this thread was on a CPU: what counts on a machine that others use too.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1e9)
}

/// Times an action's CPU.
fn cpu<T>(action: impl FnOnce() -> T) -> (T, f64) {
    let since = cpu_seconds();
    let done = action();
    (done, cpu_seconds() - since)
}

fn row(row: &str, unit: &str, ours: f64, peer: &str, theirs: f64, aim: Option<f64>) {
    println!("{}", json!({"row": row, "unit": unit, "ours": ours, "peer": peer, "theirs": theirs, "aim": aim}));
}

fn against_aim(what: &str, ours: f64, aim: f64) {
    row(what, "/s", ours, "the aim", aim, Some(1.0));
}

fn trees(leaves: &[Vec<u8>]) {
    let (_, seconds) = cpu(|| {
        for alg in [HashAlg::Sm3, HashAlg::Sha256] {
            black_box(merkle::root(alg, leaves));
        }
    });
    against_aim("leaves into both trees", LEAVES as f64 / seconds, 200_000.0);
}

/// Appends and signs, batch by batch.
fn written(log: &mut TileLog, signer: &SigningKey, leaves: &[Vec<u8>]) {
    let since = Instant::now();
    for batch in leaves.chunks(BATCH) {
        log.append(batch).unwrap();
        log.checkpoint(1, signer, &[]).unwrap();
    }
    against_aim("durable append, by 4096", LEAVES as f64 / since.elapsed().as_secs_f64(), 10_000.0);
}

/// Proofs of drawn leaves, made and checked, per second.
fn proved(alg: HashAlg, leaves: &[Vec<u8>], root: &[u8; 32], nodes: &mut dyn Nodes) -> f64 {
    let ((), seconds) = cpu(|| {
        for i in drawn() {
            let proof = merkle::inclusion(alg, i, LEAVES, nodes).unwrap();
            let node = merkle::leaf_node(alg, &leaves[usize::try_from(i).unwrap()]);
            assert!(merkle::verify_inclusion(alg, &node, i, LEAVES, &proof, root));
        }
    });
    PROOFS as f64 / seconds
}

fn drawn() -> impl Iterator<Item = u64> {
    (0..PROOFS).map(|i| i * 97 % LEAVES)
}

/// As [`proved`], by a library that holds its whole tree in memory.
fn proved_by_peer<H: sm3::Digest>(leaves: &[Vec<u8>]) -> f64 {
    let mut tree = MemoryBackedTree::<H, &[u8]>::new();
    leaves.iter().for_each(|leaf| tree.push(leaf));
    let root = tree.root();
    let ((), seconds) = cpu(|| {
        for i in drawn() {
            let at = usize::try_from(i).unwrap();
            root.verify_inclusion(&leaves[at], i, &tree.prove_inclusion(at)).unwrap();
        }
    });
    PROOFS as f64 / seconds
}

fn proofs(reader: &LogReader, leaves: &[Vec<u8>], roots: [[u8; 32]; 2]) {
    for (alg, root) in [(HashAlg::Sm3, roots[0]), (HashAlg::Sha256, roots[1])] {
        let mut nodes = reader.nodes(alg);
        // The first pass reads the tiles and hashes the trees inside them, the second has them.
        let first = proved(alg, leaves, &root, &mut nodes);
        let again = proved(alg, leaves, &root, &mut nodes);
        let peer = match alg {
            HashAlg::Sm3 => proved_by_peer::<sm3::Sm3>(leaves),
            HashAlg::Sha256 => proved_by_peer::<sha2::Sha256>(leaves),
        };
        let name = alg.name();
        row(&format!("proofs, {name}, tiles unread"), "/s", first, "ct-merkle, in memory", peer, None);
        row(&format!("proofs, {name}, tiles read"), "/s", again, "ct-merkle, in memory", peer, None);
        if alg == HashAlg::Sm3 {
            against_aim("proofs, sm3, tiles read", again, 1e6 / 15.0);
        }
    }
}

fn whole(dir: &std::path::Path, signer: &SigningKey) {
    let root = SigningKey::generate(Suite::Gm).unwrap();
    let entry = json!({"key": signer.public().key_id(), "public": signer.public().to_string(),
        "holder": {"kind": "platform_log"}, "valid_from": 0, "revoked_at": null});
    let body = json!({"v": 1, "deployment": "city", "number": 1, "clock": "real", "issued_at": 0, "entries": [entry]});
    let signature = root.sign("key-list", &body).unwrap();
    let list = json!({"body": body, "key": root.public().key_id(), "signature": signature});
    audit::publish_key_list(dir, &root.public(), &list).unwrap();
    let (report, seconds) = cpu(|| audit::verify_once(dir, None, None));
    assert!(report.valid, "{report:?}");
    against_aim("whole log checked, leaves", LEAVES as f64 / seconds, 300_000.0);
}

fn main() {
    let mut chains = BTreeMap::new();
    let leaves: Vec<Vec<u8>> = (0..LEAVES).map(|n| leaf(n, &mut chains)).collect();
    trees(&leaves);
    let dir = tempfile::tempdir().unwrap();
    let state = tempfile::tempdir().unwrap();
    let cfg = LogConfig::new("city", LogName::Platform, Suite::Gm, ClockKind::Real, &state.path().join("signer"));
    let mut log = TileLog::open(&dir.path().join("platform"), cfg).unwrap();
    let signer = SigningKey::generate(Suite::Gm).unwrap();
    written(&mut log, &signer, &leaves);
    drop(log);
    let (reader, checkpoint) = LogReader::open(&dir.path().join("platform")).unwrap();
    proofs(&reader, &leaves, [checkpoint.root(HashAlg::Sm3), checkpoint.root(HashAlg::Sha256)]);
    whole(dir.path(), &signer);
}
