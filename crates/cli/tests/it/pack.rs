//! `yunyu pack`.

use crate::support::{json, yunyu};

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
