//! A sixth, invented city: a folder with other bodies, another order of steps and other words. No code knows it.

use crate::program::{json, logs_hold};
use serde_json::{Value, json};
use std::path::Path;

fn folder() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/yunzhou").to_str().unwrap().to_owned()
}

#[test]
fn an_invented_pack_is_checked_and_compared() {
    let checked = json(&["pack", "check", &folder(), "--json"], 0);
    assert_eq!(checked["packs"][0]["version"], "yunzhou@1.1.1");
    let changes = json(&["pack", "diff", "shenyang", &folder(), "--json"], 0)["changes"].clone();
    let term = changes.as_array().unwrap().iter().find(|c| c["name"] == "term.max_months").unwrap();
    assert_eq!((&term["rule"], &term["after"]["value"]), (&json!("YZ-4.1"), &json!(18)));
    let plan = json(&["pack", "simulate", &folder(), "authorisation", "--from", "2026-02-10", "--json"], 0);
    let steps: Vec<(&str, &str)> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["step"].as_str().unwrap(), s["latest"].as_str().unwrap()))
        .collect();
    // Twenty working days over Spring Festival, ten calendar days, twenty working days over Qingming.
    assert_eq!(
        steps,
        [
            ("apply", "2026-02-10"),
            ("argue", "2026-03-16"),
            ("close_notice", "2026-03-26"),
            ("resolve", "2026-04-24"),
            ("sign_operator", "2026-04-24"),
            ("sign_office", "2026-04-24"),
        ]
    );
}

#[test]
fn an_invented_pack_tells_the_main_job_with_its_ending() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let made = json(&["story", "--city", &folder(), "--rows", "4000", "--ending", "--json", "--data", data], 0);
    assert_eq!((&made["city"], &made["product"]["form"]), (&json!("yunzhou"), &json!("dataset")));
    let told = made["steps"].as_array().unwrap();
    let by = |who: &str, what: &str| {
        let has = |s: &&Value, field: &str, word: &str| s[field].as_str().unwrap().contains(word);
        told.iter().any(|s| has(&s, "who", who) && has(&s, "what", what) && s["leaf"].is_u64())
    };
    assert!(by("专家组", "背对背评议") && by("第三方评估机构", "背对背评议") && by("协调机制", "议事会议定"), "{made}");
    assert!(by("实施机构", "监管办签约并生效"), "{made}");
    logs_hold(Path::new(data));
}

#[test]
fn an_invented_pack_has_limits_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let made = json(
        &["story", "--city", &folder(), "--rows", "2000", "--life", "--json", "--data", data.to_str().unwrap()],
        0,
    );
    let said = |what: &str| {
        let tried = made["life"]["tried"].as_array().unwrap().iter().find(|t| t["what"] == what).unwrap().clone();
        (tried["outcome"].clone(), tried["codes"][0].clone())
    };
    assert_eq!(said("term of 18 months").0, "accepted");
    assert_eq!(said("term of 19 months"), (json!("refused"), json!("term-within-max")));
    assert_eq!(said("renewal 100 days before expiry").1, "renewal-window");
    assert_eq!(said("renewal 30 days before expiry").0, "accepted");
    assert_eq!(
        made["life"]["deadlines"]["authorisation/first/close_notice"], "2026-02-24",
        "ten days, and the festival"
    );
    assert_eq!(made["life"]["terms"][0]["authoriser"], "implementing_agency");
}
