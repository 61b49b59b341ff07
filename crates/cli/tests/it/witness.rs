//! `yunyu witness` and `yunyu audit` with what cannot be used.

use crate::support::{arg, json, write, yunyu, yunyu_with};

#[test]
fn every_subcommand_helps() {
    for words in [
        vec!["witness", "--help"],
        vec!["witness", "init", "--help"],
        vec!["witness", "cosign", "--help"],
        vec!["audit", "prove", "--help"],
        vec!["audit", "export", "--help"],
        vec!["audit", "retention", "--help"],
    ] {
        let out = yunyu(&words);
        assert_eq!(out.status.code(), Some(0), "{words:?}");
        assert!(String::from_utf8_lossy(&out.stdout).contains("Usage:"), "{words:?}");
    }
}

#[test]
fn bad_input_is_bad_usage() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let home = dir.path().join("home");
    assert_eq!(yunyu(&["admin", "init", "--data", arg(&data), "--city", "wuxi"]).status.code(), Some(0));
    let trust = data.join("trust.json");
    let rubbish = write(dir.path(), "rubbish", "{}");
    let init = |name: &str, trust| {
        let words = ["witness", "init", "--data", arg(&home), "--name", name, "--trust", trust, "--json"];
        json(&yunyu_with(&words, "a long passphrase\n")).0
    };
    assert_eq!(init("Bureau", arg(&trust)), 2, "not a name");
    assert_eq!(init("bureau", arg(&rubbish)), 2, "not a trust file");
    let short = ["witness", "init", "--data", arg(&home), "--name", "bureau", "--trust", arg(&trust), "--json"];
    assert_eq!(json(&yunyu_with(&short, "short\n")).0, 2);
    assert!(!home.join("witness.key.json").exists());
    assert_eq!(init("bureau", arg(&trust)), 0);
    for words in [
        vec!["witness", "cosign", "--data", arg(&home), "--out", arg(dir.path()), "--json"],
        vec!["witness", "cosign", "--data", arg(&home), "--request", arg(&rubbish), "--out", arg(dir.path()), "--json"],
        vec![
            "witness",
            "cosign",
            "--data",
            arg(&home),
            "--url",
            "http://192.0.2.1",
            "--out",
            arg(dir.path()),
            "--json",
        ],
        vec!["witness", "attach", arg(&data), arg(&rubbish), "--json"],
        vec!["witness", "request", arg(dir.path()), "--out", arg(&rubbish), "--json"],
        vec!["witness", "policy", "--trust", arg(&trust), "--witness", arg(&rubbish), "--out", arg(&rubbish), "--json"],
        vec!["audit", "prove", "nothing", "--data", arg(&data), "--json"],
        vec!["audit", "prove", "0", "--data", arg(&data), "--json"],
        vec!["audit", "export", arg(&data), "--log", "other", "--out", arg(&rubbish), "--json"],
        vec!["audit", "export", arg(&data), "--class", "other", "--out", arg(&rubbish), "--json"],
        vec!["audit", "retention", arg(&data), "--city", "wuxi", "--at", "tomorrow", "--json"],
    ] {
        assert_eq!(json(&yunyu_with(&words, "a long passphrase\n")).0, 2, "{words:?}");
    }
    let wrong = ["admin", "admit-witness", "--data", arg(&data), "--witness", arg(&rubbish), "--json"];
    assert_eq!(json(&yunyu_with(&wrong, "x\n")).0, 2);
    let wrong = ["witness", "cosign", "--data", arg(&home), "--folder", arg(&data), "--out", arg(dir.path()), "--json"];
    assert_eq!(json(&yunyu_with(&wrong, "another passphrase\n")).0, 2);
}

/// The root lists a witness once; the next list is what the platform takes over.
#[test]
fn the_root_admits_a_witness() {
    let dir = tempfile::tempdir().unwrap();
    let (data, home) = (dir.path().join("data"), dir.path().join("home"));
    let (_, made) = json(&yunyu(&["admin", "init", "--data", arg(&data), "--city", "wuxi", "--json"]));
    let trust = data.join("trust.json");
    let init = ["witness", "init", "--data", arg(&home), "--name", "bureau", "--trust", arg(&trust)];
    assert_eq!(yunyu_with(&init, "a long passphrase\n").status.code(), Some(0));
    let public = home.join("witness.pub");
    let admit = ["admin", "admit-witness", "--data", arg(&data), "--witness", arg(&public), "--json"];
    let pass = made["root_passphrase"].as_str().unwrap();
    let (code, said) = json(&yunyu_with(&admit, pass));
    assert_eq!((code, &said["number"]), (0, &2.into()), "{said}");
    let list: serde_json::Value =
        serde_json::from_slice(&std::fs::read(said["key_list"].as_str().unwrap()).unwrap()).unwrap();
    let last = list["body"]["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(last["holder"], serde_json::json!({"kind": "witness", "name": "bureau"}));
    assert_eq!(json(&yunyu_with(&admit, pass)).0, 2, "it is listed already");
}

/// A run that was stopped before there was a key is begun anew; a memory that the witness has not signed is none.
#[test]
fn only_its_own_memory_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (data, home) = (dir.path().join("data"), dir.path().join("home"));
    assert_eq!(yunyu(&["admin", "init", "--data", arg(&data), "--city", "wuxi"]).status.code(), Some(0));
    let trust = data.join("trust.json");
    let init = || {
        let words = ["witness", "init", "--data", arg(&home), "--name", "bureau", "--trust", arg(&trust), "--json"];
        json(&yunyu_with(&words, "a long passphrase\n")).0
    };
    let show = || json(&yunyu(&["witness", "show", "--data", arg(&home), "--json"])).0;
    assert_eq!((init(), show(), init()), (0, 0, 2));
    std::fs::remove_file(home.join("witness.key.json")).unwrap();
    assert_eq!((init(), show()), (0, 0));
    for log in ["platform", "zone"] {
        std::fs::remove_file(home.join(format!("seen/{log}.json"))).unwrap();
        write(&home, &format!("seen/unseen-{log}"), "");
    }
    assert_eq!(show(), 2, "anybody can make an empty file");
    std::fs::remove_file(home.join("witness.key.json")).unwrap();
    assert_eq!(init(), 2, "nor is such a memory begun anew");
}
