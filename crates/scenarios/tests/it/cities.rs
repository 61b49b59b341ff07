//! The main job and its ending in every other city, each by its own bodies, steps and documents: one program, five packs.

use crate::program::{json, logs_hold};
use serde_json::Value;

fn text<'a>(v: &'a Value, name: &str) -> &'a str {
    v[name].as_str().unwrap_or_default()
}

/// Tells the story of a city and gives its steps and the product's form; evidence and logs hold.
fn told(city: &str, articles: &[&str]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let made =
        json(&["story", "--city", city, "--rows", "4000", "--ending", "--json", "--data", data.to_str().unwrap()], 0);
    assert_eq!(text(&made, "city"), city);
    let steps = made["steps"].as_array().unwrap();
    for article in articles {
        let stands = |s: &Value| text(s, "article").split('.').next() == Some(*article) && s["leaf"].is_u64();
        assert!(steps.iter().any(stands), "{city}: nothing was signed under article {article}");
    }
    logs_hold(&data);
    let (evidence, trust) = (text(&made, "evidence"), text(&made, "trust"));
    let report = json(&["evidence", "verify", evidence, "--trust", trust, "--json"], 0);
    assert_eq!((&report["valid"], &report["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{city}: {report}");
    made
}

/// CC-14.1 (plan, provincial filing), CC-15.1 (selection), CC-15.3 (collective decision), CC-11.1, CC-9.1, CC-26.2.
#[test]
fn changchun() {
    let made = told("changchun", &["7", "9", "10", "11", "13", "14", "15", "26"]);
    assert_eq!(text(&made["product"], "form"), "dataset");
}

/// JL-3.2 (city government), JL-7.2, JL-17.1 (supervising department), JL-25.1 and JL-25.2, JL-11.1, JL-37.2.
#[test]
fn jilin() {
    told("jilin", &["3", "7", "10", "11", "12", "17", "20", "24", "25", "33", "37"]);
}

/// JN-8.3 (experts, notice), JN-4.1, JN-8.4, JN-12.1, JN-16.1 (training), JN-15.1, JN-18.1.
#[test]
fn jinan() {
    let made = told("jinan", &["4", "8", "12", "13", "15", "16", "18"]);
    assert_eq!(text(&made["product"], "form"), "service", "the city names no dataset among its forms");
}

/// SY-11.1, SY-14.1 and SY-14.2 (list, review), SY-15.1, SY-17.1, SY-2.4, SY-27.1, SY-17.3.
#[test]
fn shenyang() {
    let made = told("shenyang", &["2", "11", "12", "14", "15", "17", "27"]);
    assert_eq!(text(&made["product"], "form"), "service");
}
