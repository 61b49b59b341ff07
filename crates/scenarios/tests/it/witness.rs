//! Regulators beside a served city: they cosign over HTTP and by files, and a verifier counts on them; leaves are handed
//! over with receipts, and one is proved in a file of its own.

use crate::program::{Served, json, story, yunyu};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

const PASS: &str = "a long passphrase";

/// Runs a command of the witness with `--json`.
fn witness(args: &[&str], code: i32) -> Value {
    let mut command = Command::new(yunyu());
    command.arg("witness").args(args).arg("--json").env("YUNYU_WITNESS_PASSPHRASE", PASS);
    let out = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(code), "{args:?}\n{}\n{told}", String::from_utf8_lossy(&out.stdout));
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}\n{told}"))
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn regulators_cosign_and_a_verifier_counts_on_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let data = dir.join("data");
    story(&data, &[]);
    let (log, trust) = (path(&data, "log"), path(&data, "trust.json"));
    let (bureau, court) = (path(dir, "bureau"), path(dir, "court"));
    for (home, name) in [(&bureau, "bureau"), (&court, "court")] {
        let made = witness(&["init", "--data", home, "--name", name, "--trust", &trust], 0);
        assert_eq!(made["name"], name);
        witness(&["init", "--data", home, "--name", name, "--trust", &trust], 2);
    }
    copied(&dir.join("bureau/seen"), &dir.join("unseen"));

    // One over HTTP while the platform runs, the other by files.
    let served = Served::start(&data);
    let url = served.platform.clone();
    let (home, out) = (bureau.clone(), path(dir, "from-bureau"));
    let seen =
        tokio::task::spawn_blocking(move || witness(&["cosign", "--data", &home, "--url", &url, "--out", &out], 0));
    assert_eq!(seen.await.unwrap()["logs"].as_array().unwrap().len(), 2);
    for hidden in ["platform/entries/000", "../deployment.json", "keys/0.json", "witness/platform/bureau"] {
        let answer = served.client.get(format!("{}/log/{hidden}", served.platform)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{hidden}");
    }
    drop(served);
    for name in ["platform", "zone"] {
        let (request, out) = (path(dir, "request.json"), path(dir, "from-court"));
        witness(&["request", &log, "--log", name, "--out", &request], 0);
        witness(&["cosign", "--data", &court, "--request", &request, "--out", &out], 0);
        // The same request again starts from where the witness no longer stands.
        let stale = witness(&["cosign", "--data", &court, "--request", &request, "--out", &out], 1);
        assert_eq!(stale["logs"][0]["error"]["code"], "stale");
        assert_eq!(stale["logs"][0]["error"]["status"], 409);
    }

    let policy = path(dir, "trust.policy.json");
    let keys = [path(dir, "bureau/witness.pub"), path(dir, "court/witness.pub")];
    witness(&["policy", "--trust", &trust, "--witness", &keys[0], "--witness", &keys[1], "--out", &policy], 0);
    let verify = |code| json(&["audit", "verify", &log, "--trust", &policy, "--json"], code);
    assert_eq!(verify(1)["trusted"], false);
    for from in ["from-bureau", "from-court"] {
        assert_eq!(verify(1)["valid"], true);
        for name in ["platform", "zone"] {
            witness(&["attach", &log, &path(dir, &format!("{from}/{name}.cosigned"))], 0);
        }
    }
    let report = verify(0);
    assert_eq!((&report["trusted"], &report["checked"]["cosignatures"]), (&Value::Bool(true), &Value::from(4)));
    let alone = ["audit", "verify", &log, "--trust", &trust, "--witness", &keys[0], "--json"];
    assert_eq!(json(&alone, 0)["trusted"], true);

    // What it has cosigned lies beside the log: a memory from before that, which it has signed too, is found out.
    copied(&dir.join("bureau/seen"), &dir.join("seen"));
    copied(&dir.join("unseen"), &dir.join("bureau/seen"));
    witness(&["cosign", "--data", &bureau, "--folder", &log, "--out", &path(dir, "from-bureau")], 2);
    copied(&dir.join("seen"), &dir.join("bureau/seen"));
    witness(&["cosign", "--data", &bureau, "--folder", &log, "--out", &path(dir, "from-bureau")], 0);

    handed_over(dir, &log, &bureau, &keys[0]);
    let proof = path(dir, "leaf.json");
    json(&["audit", "prove", "3", "--data", &log, "--out", &proof, "--json"], 0);
    assert_eq!(json(&["audit", "verify", &proof, "--trust", &trust, "--json"], 0)["trusted"], true);
    let early = json(&["audit", "retention", &log, "--city", "wuxi", "--delete-before", "2099-01-01", "--json"], 1);
    assert_eq!(early["error"]["code"], "retention-floor");
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn handed_over(dir: &Path, log: &str, receiver: &str, key: &str) {
    let receipts = dir.join("receipts");
    std::fs::create_dir_all(&receipts).unwrap();
    let receipts_dir = receipts.to_str().unwrap();
    let mut reached = 0;
    for n in 0.. {
        let file = path(dir, "range.json");
        let args = [
            "audit",
            "export",
            log,
            "--receipts",
            receipts_dir,
            "--receiver",
            key,
            "--max",
            "20",
            "--out",
            &file,
            "--json",
        ];
        let made = json(&args, 0);
        if made["file"].is_null() {
            break;
        }
        assert_eq!(made["from"], reached);
        let receipt = receipts.join(format!("{n}.json"));
        witness(&["receive", "--data", receiver, &file, "--out", receipt.to_str().unwrap()], 0);
        reached = made["to"].as_u64().unwrap();
    }
    assert!(reached > 40, "{reached}");
    // A class in plain, the rest as hashes; and a range that does not follow is not received.
    let file = path(dir, "range.json");
    json(&["audit", "export", log, "--class", "business_log", "--from", "1", "--out", &file, "--json"], 0);
    witness(&["receive", "--data", receiver, &file, "--out", &path(dir, "no.json")], 1);
}
