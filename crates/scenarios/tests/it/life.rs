//! S8: the life of an authorisation in each city, through the public interfaces, with each rule at its edge.

use crate::program::{json, logs_hold};
use serde_json::{Value, json};

/// Lives a life and gives what came of it; every signed step is a leaf, the logs hold.
fn lived(city: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let made =
        json(&["story", "--city", city, "--rows", "2000", "--life", "--json", "--data", data.to_str().unwrap()], 0);
    let steps = made["steps"].as_array().unwrap();
    assert!(steps.iter().filter(|s| s["leaf"].is_u64()).count() > 30, "{made}");
    logs_hold(&data);
    let life = made["life"].clone();
    // What every city has in common: nothing under suspension or after the end, and a new application after it.
    assert_eq!(said(&life, "use under suspension").0, "refused", "{life}");
    assert_eq!(said(&life, "use under suspension").1, "authorisation-active");
    assert_eq!(said(&life, "use after termination"), ("refused".into(), "authorisation-active".into()));
    assert_eq!(said(&life, "new application after the end").0, "accepted");
    assert_eq!(life["by_clock"][0], "rectification: failed", "the deadline passed and the clock said so");
    assert_eq!(life["by_clock"][1], "termination: closed", "the zone's certificate closed the case");
    // A renewal is early at 100 days and in time at 30.
    assert_eq!(said(&life, "renewal 100 days before expiry"), ("refused".into(), "renewal-window".into()));
    assert_eq!(said(&life, "renewal 30 days before expiry"), ("accepted".into(), String::new()));
    // Signed on a leap day for a year: the year has no such day.
    let leap = &life["terms"][1];
    assert_eq!(
        (&leap["from"], &leap["last"], &leap["months"]),
        (&json!("2028-02-29"), &json!("2029-02-28"), &json!(12))
    );
    life
}

/// Outcome and first code of what was tried.
fn said(life: &Value, what: &str) -> (String, String) {
    let tried = life["tried"].as_array().unwrap().iter().find(|t| t["what"] == what);
    let tried = tried.unwrap_or_else(|| panic!("{what}: {life}"));
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    (text(&tried["outcome"]), text(&tried["codes"][0]))
}

fn article(life: &Value, what: &str) -> String {
    let tried = life["tried"].as_array().unwrap().iter().find(|t| t["what"] == what).unwrap();
    tried["article"].as_str().unwrap().to_owned()
}

/// The time of a step of the first application, as the last day on which it may be done.
fn limit(life: &Value, step: &str) -> String {
    life["deadlines"][format!("authorisation/first/{step}")].as_str().unwrap_or_default().to_owned()
}

/// The platform's own times: the end of the last day of use, in cities without a revocation that bans.
fn expires(life: &Value) {
    assert_eq!(said(life, "use on the last day").0, "accepted");
    assert_eq!(said(life, "use after expiry"), ("refused".into(), "authorisation-active".into()));
    assert_eq!(life["by_clock"][2], "authorisation: expired");
}

/// WX-11.2 (24 and 25 months), WX-10.2 (renewal), WX-10.3 (35 and 37 months after a revocation), WX-9.3 (a notice over
/// Spring Festival), WX-10.1.
#[test]
fn wuxi() {
    let life = lived("wuxi");
    assert_eq!(said(&life, "term of 24 months"), ("accepted".into(), String::new()));
    assert_eq!(said(&life, "term of 25 months"), ("refused".into(), "term-within-max".into()));
    assert_eq!(article(&life, "term of 25 months"), "11");
    assert_eq!(article(&life, "renewal 100 days before expiry"), "10");
    assert_eq!(said(&life, "application 35 months after revocation"), ("refused".into(), "no-ban".into()));
    assert_eq!(article(&life, "application 35 months after revocation"), "10");
    assert_eq!(said(&life, "application 37 months after revocation").0, "accepted");
    assert_eq!(said(&life, "use after revocation").1, "authorisation-active");
    // Published on 10 February 2026: the seventh day is 17 February, in the holidays, which end on the 23rd.
    assert_eq!(limit(&life, "close_notice"), "2026-02-24");
    assert_eq!(limit(&life, "review"), "2026-03-16", "twenty working days, nine days off between");
    assert_eq!(life["terms"][0]["from"], "2026-02-25");
    assert_eq!(life["terms"][0]["last"], "2028-02-25");
}

/// SY-17.1: three years in general; more is told, not refused.
#[test]
fn shenyang() {
    let life = lived("shenyang");
    assert_eq!(said(&life, "term of 36 months"), ("accepted".into(), String::new()));
    assert_eq!(said(&life, "term of 37 months"), ("accepted".into(), "term-beyond-general".into()));
    assert_eq!(article(&life, "term of 37 months"), "17");
    assert_eq!(limit(&life, "review"), "2026-03-16");
    expires(&life);
}

/// CC-14.1, CC-14.2: a changed plan goes to the city government again; five years are the national norms' and inherited.
#[test]
fn changchun() {
    let life = lived("changchun");
    assert_eq!(said(&life, "term of 60 months"), ("accepted".into(), String::new()));
    assert_eq!(said(&life, "term of 61 months"), ("accepted".into(), "term-beyond-general".into()));
    assert_eq!(life["terms"][0]["authoriser"], "implementing_agency");
    expires(&life);
}

/// JL-7.2, JL-37.2.
#[test]
fn jilin() {
    let life = lived("jilin");
    assert_eq!(said(&life, "term of 60 months"), ("accepted".into(), String::new()));
    assert_eq!(said(&life, "term of 61 months").1, "term-beyond-general");
    assert_eq!(limit(&life, "review"), "2026-03-16");
    expires(&life);
}

/// JN-8.4 (the provider grants its sector), JN-18.1 (the authority notifies the authoriser, who suspends, restores and
/// feeds back).
#[test]
fn jinan() {
    let life = lived("jinan");
    assert_eq!(
        (&life["terms"][0]["mode"], &life["terms"][0]["authoriser"]),
        (&json!("sector"), &json!("data_provider"))
    );
    assert_eq!(limit(&life, "close_notice"), "2026-02-24");
    expires(&life);
}
