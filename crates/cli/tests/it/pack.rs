//! `yunyu pack`.

use crate::support::{arg, json, write, yunyu, yunyu_under};
use std::path::Path;

#[test]
fn lists_shows_covers_and_checks() {
    let (code, list) = json(&yunyu(&["pack", "list", "--json"]));
    assert_eq!(code, 0);
    let packs = list["packs"].as_array().unwrap();
    assert!(packs.iter().any(|p| p["id"] == "wuxi" && p["kind"] == "city"));

    let (code, coverage) = json(&yunyu(&["pack", "coverage", "wuxi", "--json"]));
    assert_eq!((code, &coverage["packs"][0]["city"]), (0, &serde_json::json!("wuxi")));
    let rows = coverage["packs"][0]["rows"].as_array().unwrap();
    let row = rows.iter().find(|r| r["row"] == "WX-11.2").unwrap();
    for key in ["row", "article", "state", "answers", "tests", "reason"] {
        assert!(row.get(key).is_some(), "{key}");
    }
    let (code, checked) = json(&yunyu(&["pack", "check", "--json"]));
    assert_eq!((code, &checked["valid"]), (0, &serde_json::json!(true)));
    let (code, graph) = json(&yunyu(&["pack", "graph", "wuxi", "authorisation", "--json"]));
    assert_eq!(code, 0);
    assert!(graph["mermaid"].as_str().unwrap().starts_with("stateDiagram-v2"));
}

#[test]
fn an_unknown_city_is_bad_usage_in_one_document() {
    let (code, error) = json(&yunyu(&["pack", "show", "atlantis", "--json"]));
    assert_eq!(code, 2);
    for key in ["code", "rule", "article", "zh", "en", "at"] {
        assert!(error["error"].get(key).is_some(), "{key}");
    }
}

#[test]
fn proves_what_policies_may_never_permit() {
    let (code, proof) = json(&yunyu(&["pack", "prove", "--city", "wuxi", "--json"]));
    assert_eq!((code, &proof["proved"]), (0, &serde_json::json!(true)), "{proof}");
    let properties = proof["packs"][0]["properties"].as_array().unwrap();
    assert!(properties.len() == 7 && properties.iter().all(|p| p["verdict"] == "holds"), "{proof}");
    for key in ["id", "zh", "en", "rule", "article"] {
        assert!(properties[0].get(key).is_some(), "{key}");
    }

    // The same city with a policy of its own that lets somebody read records.
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("wuxi");
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/wuxi");
    for name in ["", "procedures"] {
        for entry in std::fs::read_dir(pack.join(name)).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()) {
            let file = Path::new(name).join(entry.file_name().unwrap());
            write(&own, file.to_str().unwrap(), &std::fs::read_to_string(&entry).unwrap());
        }
    }
    let policy =
        "@id(\"look\") @rule(\"WX-28.1\")\npermit (principal, action == Action::\"read_raw_record\", resource);";
    write(&own, "policy.cedar", policy);
    let out = yunyu(&["pack", "prove", "--city", arg(&own)]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(text.contains("✗ 任何人不得读取或导出原始记录 · No principal may read or export a raw record"), "{text}");
    assert!(text.contains("policy look permits read_raw_record") && text.contains("策略 look 允许"), "{text}");
    assert!(text.contains("✓  任何人不得评审自己的作业或事项"), "{text}");
}

#[test]
fn a_missing_solver_is_told_with_its_package() {
    let words = ["pack", "prove", "--city", "wuxi", "--json"];
    let (code, error) = json(&yunyu_under(&words, "CVC5", "/nonexistent/cvc5"));
    assert_eq!(code, 2, "{error}");
    assert!(error["error"]["en"].as_str().unwrap().contains("Debian package cvc5"), "{error}");
}
