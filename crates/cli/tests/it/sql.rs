//! `yunyu sql` and `yunyu classify` over a folder of contracts and records.

use crate::support::{arg, json, write, yunyu, yunyu_with};
use std::fmt::Write as _;
use std::path::Path;

const CONTRACT: &str = "apiVersion: v3.1.0
kind: DataContract
id: visits
version: 1.0.0
status: active
schema:
  - name: visits
    physicalType: table
    customProperties:
      - {property: yunyuSubjects, value: [{kind: person, key: person_id}]}
    properties:
      - {name: person_id, logicalType: integer, classification: \"2\", customProperties: [{property: yunyuClass, value: KEY}, {property: yunyuDomain, value: person}]}
      - {name: id_no, logicalType: string, classification: \"4\", customProperties: [{property: yunyuClass, value: LOCK}, {property: yunyuIdentifier, value: cn_resident_id}]}
      - {name: ward, logicalType: string, classification: \"2\", customProperties: [{property: yunyuClass, value: DIM}]}
";
const PURPOSE: &str = "name: counts
scenario: {zh: 计数, en: Counts}
grantee: {zh: 运营机构, en: the operator}
answer: aggregate
tables: [visits]
joins: []
thresholds: {person: 10}
";

/// Ward `a` has 40 people, ward `b` three; everybody came twice.
fn folder(dir: &Path) {
    write(dir, "contracts/visits.yaml", CONTRACT);
    write(dir, "contracts/purposes/counts.yaml", PURPOSE);
    let mut rows = "person_id,id_no,ward\n".to_owned();
    for person in 0..43 {
        for _ in 0..2 {
            let _ = writeln!(rows, "{person},planted-{person:04},{}", if person < 40 { "a" } else { "b" });
        }
    }
    write(dir, "data/visits.csv", &rows);
}

fn run(dir: &Path, extra: &[&str], sql: &str) -> std::process::Output {
    let (contracts, data) = (dir.join("contracts"), dir.join("data"));
    let mut words = vec!["sql", "run", "--contracts", arg(&contracts), "--purpose", "counts", "--input", arg(&data)];
    words.extend(extra);
    words.push("-");
    yunyu_with(&words, sql)
}

const COUNTS: &str = "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward";

#[test]
fn a_small_group_is_not_in_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    let (code, answer) = json(&run(dir.path(), &["--json"], COUNTS));
    assert_eq!((code, &answer["verdict"]), (0, &serde_json::json!("aggregate")), "{answer}");
    assert_eq!(answer["columns"], serde_json::json!(["ward", "n"]));
    let rows = answer["rows"].as_array().unwrap();
    assert!(rows.iter().all(|r| r[0] != "b"), "{answer}");

    let out = run(dir.path(), &["--csv"], COUNTS);
    assert_eq!(out.status.code(), Some(0));
    assert!(String::from_utf8(out.stdout).unwrap().starts_with("ward,n\n"));
}

#[test]
fn a_locked_field_is_refused_before_any_record_is_read() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    let contracts = dir.path().join("contracts");
    let sql = write(dir.path(), "q.sql", "SELECT id_no\nFROM visits");
    let words = ["sql", "check", "--contracts", arg(&contracts), "--purpose", "counts", "--json", arg(&sql)];
    let (code, verdict) = json(&yunyu(&words));
    assert_eq!((code, &verdict["verdict"]), (1, &serde_json::json!("refuse")));
    let reason = &verdict["reasons"][0];
    assert_eq!(reason["at"]["line"], 1);
    for key in ["rule", "columns", "at", "zh", "en", "would_help", "would_help_zh"] {
        assert!(reason.get(key).is_some(), "{key}");
    }
    let out = run(dir.path(), &[], "SELECT id_no FROM visits");
    assert_eq!((out.status.code(), out.stdout.len()), (Some(1), 0));
    assert!(!String::from_utf8_lossy(&out.stderr).contains("planted-"));
}

#[test]
fn text_that_is_no_sql_is_a_refusal_however_deep() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    let deep = format!("SELECT {}1{} FROM visits", "(".repeat(5000), ")".repeat(5000));
    for sql in ["", "SELEC 1", "SELECT 1; SELECT 2", &deep] {
        let (code, verdict) = json(&run(dir.path(), &["--json"], sql));
        assert_eq!((code, &verdict["verdict"]), (1, &serde_json::json!("refuse")), "{}", &sql[..sql.len().min(40)]);
    }
}

#[test]
fn what_cannot_be_read_is_bad_usage_and_names_no_value() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    let contracts = dir.path().join("contracts");
    let sql = write(dir.path(), "q.sql", COUNTS);
    let check = |contracts: &Path, purpose: &str, sql: &Path| {
        let words = ["sql", "check", "--contracts", arg(contracts), "--purpose", purpose, "--json", arg(sql)];
        json(&yunyu(&words)).0
    };
    assert_eq!(check(&contracts, "counts", &sql), 0);
    assert_eq!(check(&dir.path().join("none"), "counts", &sql), 2);
    assert_eq!(check(&contracts, "none", &sql), 2);
    assert_eq!(check(&contracts, "../counts", &sql), 2);
    assert_eq!(check(&contracts, "counts", &dir.path().join("none.sql")), 2);

    write(dir.path(), "data/visits.csv", "person_id,id_no,ward\n1,planted-0001,a\nplanted-key,planted-0002,a\n");
    let (code, error) = json(&run(dir.path(), &["--json"], COUNTS));
    assert_eq!(code, 2);
    assert!(!error.to_string().contains("planted-"), "{error}");
}

#[test]
fn classify_says_what_a_column_is_and_shows_no_value() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    let data = dir.path().join("data/visits.csv");
    let (code, found) = json(&yunyu(&["classify", "--json", arg(&data)]));
    assert_eq!((code, &found["files"][0]["rows"]), (0, &serde_json::json!(86)));
    assert_eq!(found["files"][0]["path"], arg(&data));
    let column = &found["files"][0]["columns"][1];
    for key in ["name", "identifier", "role", "personal", "level", "class", "masking", "confidence", "evidence"] {
        assert!(column.get(key).is_some(), "{key}");
    }
    assert!(!found.to_string().contains("planted-"));
    let empty = write(dir.path(), "empty.csv", "");
    let parquet = write(dir.path(), "x.parquet", "PAR1....PAR1");
    for bad in [&empty, &parquet, &dir.path().join("none.csv"), &dir.path().to_path_buf()] {
        assert_eq!(json(&yunyu(&["classify", arg(bad), "--json"])).0, 2, "{}", bad.display());
    }
}
