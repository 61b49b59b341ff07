//! The pack beside another one.

use super::*;

/// What differs between two cities is told by article and in words; rows that each city numbers for itself are not.
#[tokio::test]
async fn packs_are_compared_by_article() {
    let w = world().await;
    let listed = views::packs(&w.app);
    let ids: Vec<&str> = listed["packs"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["jinan"], "its own version is not offered");
    assert_eq!(listed["packs"][0]["city"]["zh"], w.app.shipped[1].term("city").unwrap().zh.as_str());

    let told = views::compared(&w.app, "jinan").unwrap();
    let changes = told["changes"].as_array().unwrap();
    let of = |kind: &str, name: &str| changes.iter().find(|c| c["kind"] == kind && c["name"] == name);
    let term = of("parameter", "term.max_months").unwrap();
    let here = w.app.pack.parameters["term.max_months"].clone();
    assert_eq!(term["words"]["zh"], here.zh.as_str());
    assert_eq!(term["before"]["value"], serde_json::json!(here.value));
    assert!(term["after"]["value"] != term["before"]["value"]);
    assert_eq!(term["article"], w.app.shipped[1].article(term["rule"].as_str().unwrap()));
    assert!(changes.iter().any(|c| c["kind"] == "step" && c["before"].is_null() && c["words"]["en"].is_string()));
    let one_sided = |c: &&serde_json::Value| c["kind"] == "row" && (c["before"].is_null() || c["after"].is_null());
    assert_eq!(changes.iter().filter(one_sided).count(), 0);

    assert_eq!(code(views::compared(&w.app, "wuxi").map(|v| v["changes"].clone())), "ok");
    assert_eq!(views::compared(&w.app, "wuxi").unwrap()["changes"], serde_json::json!([]));
    assert_eq!(code(views::compared(&w.app, "../wuxi")), "not-found");
}
