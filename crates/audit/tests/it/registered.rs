//! The certificate of a registered product in evidence, and times that nobody vouches for: as they should be, and forged.

use crate::agree::{python_agrees, recorded};
use crate::story::{Plan, Story, check};
use crate::subjects::{Forgery, NOWHERE, array, forgery};
use crypto::Suite;
use serde_json::{Value, json};

/// Ten minutes, by which times may differ.
const SKEW: i64 = 600_000;

fn of(change: Value) -> Plan {
    Plan { certificate: Some(change), ..Plan::default() }
}

fn forgeries(suite: Suite) -> Vec<Forgery> {
    let mut out = Vec::new();
    let changes: [(&str, Value, &'static str); 12] = [
        ("another holder", json!({"holder": "org-2"}), "certificate"),
        ("no holder", json!({"holder": null}), "certificate"),
        ("another product", json!({"product": "product-2"}), "certificate"),
        ("another artefact", json!({"artefact": NOWHERE}), "certificate"),
        ("no id", json!({"id": ""}), "certificate"),
        ("no number", json!({"number": null}), "certificate"),
        ("a number that is none", json!({"number": 7}), "certificate"),
        ("more than it says", json!({"price": 5}), "certificate"),
        ("no time", json!({"at": null}), "certificate"),
        ("a time in words", json!({"at": "1000"}), "certificate"),
        ("too early", json!({"at": 999 - SKEW}), "certificate"),
        ("too late", json!({"at": 1_001 + SKEW}), "certificate"),
    ];
    for (name, change, code) in changes {
        out.push(forgery(name, Story::write(suite, of(change)).evidence(), &[code]));
    }
    let honest = Story::write(suite, of(json!({})));
    let mut add = |name: &str, code: &'static str, change: &dyn Fn(&mut Value)| {
        out.push(forgery(name, honest.reseal(change), &[code]));
    };
    add("without its object", "incomplete", &|b| array(b, "/documents").retain(|d| d["type"] != "object"));
    add("without the report of the release", "statement_missing", &|b| {
        array(b, "/statements").retain(|s| s["body"]["outcome"] != "released");
    });
    let late = Plan { leaf_at: Some(2_002 + SKEW), certificate: Some(json!({"at": 2_002 + SKEW})), ..Plan::default() };
    let after = Plan { later: 1_001 + SKEW, ..of(json!({})) };
    out.push(forgery("made before its logs were signed", Story::write(suite, after).evidence(), &["time"]));
    out.push(forgery("a leaf later than its checkpoint", Story::write(suite, late).evidence(), &["time"]));
    out
}

#[test]
fn what_a_products_certificate_says_is_held() {
    for suite in [Suite::Gm, Suite::Intl] {
        for plan in [
            of(json!({})),
            of(json!({"at": 1_000 - SKEW})),
            of(json!({"number": "anything", "id": "x"})),
            Plan { later: 999 + SKEW, ..of(json!({})) },
            Plan { leaf_at: Some(2_001 + SKEW), certificate: Some(json!({"at": 2_001})), ..Plan::default() },
        ] {
            let story = Story::write(suite, plan);
            let report = check(&story.evidence(), &story.trust());
            assert!(report.valid && report.trusted, "{report:?}");
        }
        let trust = Story::write(suite, Plan::default()).trust();
        for f in forgeries(suite) {
            let said = check(&f.bytes, &trust).failure.map_or("ok".to_owned(), |failure| failure.what);
            assert!(f.codes.contains(&said.as_str()), "{}: {said}, not {:?}", f.name, f.codes);
        }
    }
}

fn files(suite: Suite) -> Vec<(String, Vec<u8>)> {
    let honest = Story::write(suite, of(json!({}))).evidence();
    let forged = forgeries(suite).into_iter().map(|f| (f.name, f.bytes));
    std::iter::once(("as it should be".to_owned(), honest)).chain(forged).collect()
}

#[test]
fn the_python_verifier_says_the_same() {
    python_agrees(&Story::write(Suite::Intl, Plan::default()).trust(), &files(Suite::Intl));
}

/// Some of them, for their size.
#[test]
fn the_browser_is_tested_on_the_same_files() {
    let some = ["as it should be", "another holder", "a time in words", "too early", "without its object"];
    let times = ["made before its logs were signed", "a leaf later than its checkpoint"];
    let mut files = files(Suite::Intl);
    files.retain(|(name, _)| some.iter().chain(&times).any(|n| n == name));
    assert_eq!(files.len(), 7);
    recorded("registered", &Story::write(Suite::Intl, Plan::default()).trust(), &files);
}
