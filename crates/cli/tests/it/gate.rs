//! `yunyu gate assess`.

use crate::support::{arg, json, write, yunyu};
use serde_json::json as doc;

#[test]
fn a_file_in_which_somebody_stands_alone_is_blocked() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = "sex,ward,illness\n".to_owned();
    for n in 0..60 {
        rows.push_str(if n % 2 == 0 { "f,a,cold\n" } else { "m,a,flu\n" });
    }
    rows.push_str("f,b,rare\n");
    let file = write(dir.path(), "out.csv", &rows);
    let words = ["gate", "assess", arg(&file), "--quasi", "sex,ward", "--sensitive", "illness", "--json"];
    let (code, found) = json(&yunyu(&words));
    assert_eq!((code, &found["verdict"], &found["measures"]["k"]), (1, &doc!("block"), &doc!(1)));
    for key in ["k", "l_distinct", "l_entropy", "alpha", "beta", "delta", "t"] {
        assert!(found["measures"].get(key).is_some(), "{key}");
    }
    for check in found["checks"].as_array().unwrap() {
        for key in ["id", "verdict", "parameter", "worst", "formula"] {
            assert!(check.get(key).is_some(), "{key}");
        }
    }
    assert_eq!(yunyu(&words[..words.len() - 1]).status.code(), Some(1));
}

#[test]
fn what_was_not_measured_goes_to_people() {
    let dir = tempfile::tempdir().unwrap();
    let rows = format!("a,b\n{}", "x,1\nx,2\ny,1\ny,2\n".repeat(5));
    let file = write(dir.path(), "out.csv", &rows);
    let (code, found) = json(&yunyu(&["gate", "assess", arg(&file), "--json"]));
    assert_eq!((code, &found["verdict"]), (0, &doc!("review")), "{found}");
}

#[test]
fn a_column_or_file_that_is_not_there_is_bad_usage() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "out.csv", "a,b\n1,2\n");
    let missing = dir.path().join("none.csv");
    for words in [
        vec!["gate", "assess", arg(&file), "--quasi", "c", "--json"],
        vec!["gate", "assess", arg(&missing), "--json"],
        vec!["gate", "assess", arg(&file), "--json", "--raw", arg(&missing)],
        vec!["gate", "assess", arg(&file), "--json", "--contract", arg(&file)],
        vec!["gate", "assess", arg(&file), "--json", "--city", "atlantis"],
    ] {
        assert_eq!(json(&yunyu(&words)).0, 2, "{words:?}");
    }
}
