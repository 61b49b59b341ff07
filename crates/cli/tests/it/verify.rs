//! `yunyu audit verify` and `yunyu evidence verify` on what must not verify.

use crate::support::{arg, json, write, yunyu};
use serde_json::json as doc;

#[test]
fn rubbish_is_not_valid_and_what_is_not_there_is_bad_usage() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "e.json", "{}");
    for bad in ["{}", "", "[]", "{\"body\":{}}"] {
        std::fs::write(&file, bad).unwrap();
        let (code, found) = json(&yunyu(&["evidence", "verify", arg(&file), "--json"]));
        assert_eq!((code, &found["valid"], &found["trusted"]), (1, &doc!(false), &doc!(false)));
        assert!(found["checked"].is_object() && found["failure"].is_object());
    }
    let missing = dir.path().join("none");
    assert_eq!(json(&yunyu(&["evidence", "verify", arg(&missing), "--json"])).0, 2);
    assert_eq!(json(&yunyu(&["evidence", "verify", arg(&file), "--trust", arg(&file), "--json"])).0, 2);
    assert_eq!(json(&yunyu(&["audit", "verify", arg(&missing), "--json"])).0, 2);
    assert_eq!(json(&yunyu(&["audit", "verify", arg(dir.path()), "--from", arg(&file), "--json"])).0, 2);
}

#[test]
fn a_folder_that_holds_no_log_is_not_valid() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "stray", "x");
    let (code, found) = json(&yunyu(&["audit", "verify", arg(dir.path()), "--json"]));
    assert_eq!((code, &found["valid"]), (1, &doc!(false)));
    assert_eq!(yunyu(&["audit", "verify", arg(dir.path())]).status.code(), Some(1));
}

/// A command line that cannot be read is a JSON error too where JSON was asked for.
#[test]
fn a_misread_command_line_is_json_under_json() {
    for words in [
        vec!["audit", "verify", "--json"],
        vec!["gate", "assess", "x.csv", "--no-such-flag", "--json"],
        vec!["story", "--json"],
        vec!["no-such-command", "--json"],
    ] {
        let out = yunyu(&words);
        let told: serde_json::Value = serde_json::from_slice(&out.stderr).unwrap();
        let (code, found) = json(&out);
        assert_eq!((code, &found), (2, &told), "{words:?}");
        let error = &found["error"];
        assert_eq!(error["code"], "usage", "{found}");
        assert!(["zh", "en", "at"].iter().all(|k| error[k].as_str().is_some_and(|t| !t.is_empty())), "{found}");
    }
    let plain = yunyu(&["audit", "verify"]);
    assert_eq!(plain.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&plain.stderr).contains("Usage:"));
    let help = yunyu(&["audit", "--help", "--json"]);
    assert_eq!(help.status.code(), Some(0), "help is no error");
    assert!(String::from_utf8_lossy(&help.stdout).contains("Usage:"));
}
