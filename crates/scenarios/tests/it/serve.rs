//! A served folder, seen from outside: who may do and see what, the one shape of errors, and the wall between the
//! platform and the zone.

use crate::program::{Served, json, python_agrees, run, story};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json as doc};
use std::path::Path;

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

/// Every answer that is no success is problem+json with a code and both languages.
#[tokio::test]
async fn errors_have_one_shape() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    story(&data, &[]);
    let served = Served::start(&data);
    let token = served.sign_in("bureau.officer").await;
    let big = vec![b' '; (4 << 20) + 1];
    let get = Method::GET;
    let (platform, zone) = (served.platform.clone(), served.zone.clone());
    for (method, url, body, status, want) in [
        (get.clone(), format!("{platform}/api/v1/nothing"), vec![], 404, "not-found"),
        (get.clone(), format!("{platform}/nothing"), vec![], 404, "not-found"),
        (get.clone(), format!("{platform}/api/v1/products/prd_none"), vec![], 404, "not-found"),
        (get.clone(), format!("{platform}/api/v1/products/%FF"), vec![], 400, "bad-path"),
        (get.clone(), format!("{platform}/certificates/%C3%28"), vec![], 400, "bad-path"),
        (get.clone(), format!("{platform}/api/v1/cases?inbox=perhaps"), vec![], 400, "bad-query"),
        (get.clone(), format!("{platform}/zone/v1/orders?after=x"), vec![], 400, "bad-query"),
        (get.clone(), format!("{platform}/zone/v1/orders"), vec![], 401, "not-signed-in"),
        (Method::DELETE, format!("{platform}/api/v1/products"), vec![], 405, "method-not-allowed"),
        (Method::PUT, format!("{platform}/"), vec![], 405, "method-not-allowed"),
        (Method::POST, format!("{platform}/api/v1/blacklist-checks"), b"{".to_vec(), 400, "bad-json"),
        (Method::POST, format!("{platform}/api/v1/blacklist-checks"), b"{}".to_vec(), 400, "bad-json"),
        (Method::POST, format!("{platform}/api/v1/blacklist-checks"), big.clone(), 413, "body-too-large"),
        (Method::POST, format!("{platform}/zone/v1/reports"), big, 413, "body-too-large"),
        (get.clone(), format!("{zone}/nothing"), vec![], 404, "not-found"),
        (get.clone(), format!("{zone}/data/v1/jobs/%FF/report"), vec![], 404, "not-found"),
        (get, format!("{zone}/data/v1/jobs/job_1/report"), vec![], 401, "ticket-missing"),
        (Method::DELETE, format!("{zone}/data/v1/jobs/job_1/report"), vec![], 405, "method-not-allowed"),
    ] {
        let request = served.client.request(method.clone(), &url).bearer_auth(&token);
        let answer = request.body(body).send().await.unwrap();
        let place = format!("{method} {url}");
        assert_eq!(answer.status().as_u16(), status, "{place}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{place}");
        if status == 405 {
            assert!(answer.headers().contains_key("allow"), "{place}");
        }
        let body: Value = answer.json().await.unwrap();
        assert_eq!(code(&body), want, "{place}: {body}");
        assert_eq!(body["status"], status, "{place}");
        for text in ["zh", "en"] {
            assert!(body["error"][text].as_str().is_some_and(|t| !t.is_empty()), "{place}: {body}");
        }
        assert!(body["type"].as_str().is_some_and(|t| t.ends_with(want)), "{place}: {body}");
    }
}

/// A second supervisor of a folder says so and ends, instead of starting for ever what cannot start.
#[tokio::test]
async fn a_folder_that_is_served_is_not_served_twice() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let path = data.to_str().unwrap();
    let made = run(&["admin", "init", "--city", "wuxi", "--data", path]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let served = Served::start(&data);
    let second = run(&["serve", "--listen", "127.0.0.1:0", "--data", path]);
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{told}");
    assert!(told.contains("正由另一个") && told.contains("in use by another"), "{told}");
    drop(served);
    drop(Served::start(&data));
}

/// WX-7.1, MLPS-5, and who sees whose cases.
#[tokio::test]
async fn what_a_role_may_not_do_or_see() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    story(&data, &[]);
    let served = Served::start(&data);
    let officer = served.sign_in("bureau.officer").await;
    let check = |uscc: &str, list: &str| doc!({"uscc": uscc, "list": list, "hit": false});
    let (good, list) = ("91350100M000100Y43", "major_tax_violator");
    for (form, want) in [
        (check(good, "张三的名单"), "unknown-blacklist"),
        (check(good, ""), "unknown-blacklist"),
        (check("91350100M000100Y44", list), "bad-uscc"),
        (check("110105194912310021", list), "bad-uscc"),
    ] {
        let (status, body) = served.post(&officer, "/api/v1/blacklist-checks", &form).await;
        assert_eq!((status, code(&body)), (StatusCode::UNPROCESSABLE_ENTITY, want), "{body}");
        let error = &body["error"];
        assert_eq!((error["rule"].as_str(), error["article"].as_str()), (Some("WX-7.1"), Some("7")), "{body}");
    }
    let (status, body) = served.post(&officer, "/api/v1/blacklist-checks", &check(&good.to_lowercase(), list)).await;
    assert_eq!((status, body["uscc"].as_str()), (StatusCode::OK, Some(good)), "{body}");

    let admin = served.sign_in("keeper.system").await;
    let org = served.get(&officer, "/api/v1/me").await["org"]["id"].clone();
    for (n, roles) in [["system_admin", "approver"], ["engineer", "security_admin"]].iter().enumerate() {
        let form = doc!({"org": org, "account": format!("both.{n}"), "password": "Correct-Horse-7-Battery",
            "name": format!("兼任者{n}"), "roles": roles});
        let (status, body) = served.post(&admin, "/api/v1/people", &form).await;
        assert_eq!((status, code(&body)), (StatusCode::UNPROCESSABLE_ENTITY, "administrator-acts"), "{body}");
    }
    let (status, body) = served.post(&admin, "/api/v1/blacklist-checks", &check(good, list)).await;
    assert_eq!((status, code(&body)), (StatusCode::UNPROCESSABLE_ENTITY, "not-permitted"), "{body}");

    let none = served.get(&officer, &format!("/api/v1/cases?skip={}&limit={}", usize::MAX, usize::MAX)).await;
    assert_eq!(none["cases"], doc!([]));
    let all = served.get(&officer, "/api/v1/cases").await["cases"].as_array().unwrap().clone();
    for reviewer in ["experts.approver", "assessor.approver"] {
        let token = served.sign_in(reviewer).await;
        let own = served.get(&token, "/api/v1/me").await["org"]["id"].clone();
        let seen = served.get(&token, "/api/v1/cases").await["cases"].as_array().unwrap().clone();
        assert!(seen.len() < all.len(), "{reviewer} sees {} of {}", seen.len(), all.len());
        for case in &seen {
            let acted = case["history"].as_array().unwrap().iter().any(|d| d["org"] == own);
            let can = case["can_act"].as_array().is_some_and(|a| !a.is_empty());
            assert!(acted || can || case.to_string().contains(own.as_str().unwrap()), "{reviewer}: {case}");
        }
        let hidden = all.iter().find(|c| !seen.iter().any(|s| s["id"] == c["id"])).unwrap();
        let path = format!("/api/v1/cases/{}", hidden["id"].as_str().unwrap());
        let (status, body) = served.asked(&token, &path).await;
        assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "not-found"), "{reviewer}");
    }
    // WX-24.1: the product is public, its evidence is not.
    let product = served.get(&officer, "/api/v1/products").await["products"][0]["id"].as_str().unwrap().to_owned();
    let evidence = format!("/api/v1/products/{product}/evidence");
    for (who, want) in [
        ("operator.officer", StatusCode::OK),
        ("provider1.officer", StatusCode::OK),
        ("consumer.officer", StatusCode::OK),
        ("keeper.audit", StatusCode::OK),
        ("experts.approver", StatusCode::NOT_FOUND),
    ] {
        let token = served.sign_in(who).await;
        let (status, _) = served.asked(&token, &evidence).await;
        assert_eq!(status, want, "{who}");
    }
    // A refused opening of a case stays in one's history and takes nothing of it away.
    let (status, body) = served
        .post(
            &officer,
            "/api/v1/cases",
            &doc!({"procedure": "sealing", "object": {"resource":
        all[0]["object"]["resource"], "ground": "under_dispute"}}),
        )
        .await;
    assert!(status.is_client_error(), "{body}");
    let person = served.get(&officer, "/api/v1/me").await["person"].as_str().unwrap().to_owned();
    let history = served.get(&officer, &format!("/api/v1/people/{person}/evidence")).await;
    let (file, trust) = (dir.path().join("history.json"), data.join("trust.json"));
    std::fs::write(&file, crypto::canonical(&history).unwrap()).unwrap();
    let told = json(&["evidence", "verify", file.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--json"], 0);
    assert_eq!((&told["valid"], &told["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{told}");
    python_agrees(&file, &trust);
    // Nor does it open another's case to whoever only knocks at it.
    let knocked = all.iter().find(|c| c["history"].as_array().is_some_and(|h| !h.is_empty())).unwrap();
    let case = format!("/api/v1/cases/{}", knocked["id"].as_str().unwrap());
    let acts = served.get(&officer, &format!("{case}/acts")).await;
    let keeper = served.sign_in("keeper.audit").await;
    let act = doc!({"act": acts["acts"][0]["act"], "documents": {}});
    let (status, body) = served.post(&keeper, &format!("{case}/acts"), &act).await;
    assert_eq!((status, code(&body)), (StatusCode::UNPROCESSABLE_ENTITY, "not-permitted"), "{body}");
    let person = served.get(&keeper, "/api/v1/me").await["person"].as_str().unwrap().to_owned();
    let (status, shown) = served.asked(&keeper, &format!("/api/v1/people/{person}/evidence")).await;
    assert!(!shown.to_string().contains(knocked["id"].as_str().unwrap()), "{status}");
    let expert = served.sign_in("experts.approver").await;
    assert!(!served.get(&expert, "/api/v1/cases").await["cases"].as_array().unwrap().is_empty(), "what it acted in");
}

/// What the platform process holds open or mapped below a folder.
fn held_below(pid: u32, folder: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for place in ["fd", "map_files"] {
        let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/{place}")) else { continue };
        let targets = entries.flatten().filter_map(|e| std::fs::read_link(e.path()).ok());
        out.extend(targets.filter(|t| t.starts_with(folder)).map(|t| t.display().to_string()));
    }
    out
}

/// The platform process itself reached for the zone's folder when it was confined, and says what came of it.
#[tokio::test]
async fn the_platform_cannot_open_the_zones_folder() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    story(&data, &[]);
    let served = Served::start(&data);
    let told: Value =
        served.client.get(format!("{}/api/v1/deployment", served.platform)).send().await.unwrap().json().await.unwrap();
    let (state, folder) = (told["confinement"].as_str().unwrap(), told["zone_folder"].as_str().unwrap());
    let doctor = json(&["admin", "doctor", "--data", data.to_str().unwrap(), "--json"], 0);
    let check = doctor["checks"].as_array().unwrap().iter().find(|c| c["id"] == "confinement").unwrap().clone();
    let pid = served.platform_pid();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    match state {
        "enforced" => {
            assert_eq!(folder, "refused", "{told}");
            assert_eq!(check["state"], "ok", "{check}");
            assert!(check["en"].as_str().unwrap().contains("(tried)"), "{check}");
            assert!(status.contains("NoNewPrivs:\t1"), "Landlock is not in force without it: {status}");
        }
        // The kernel has no Landlock: the program must say so, in both places, and not claim a wall that is not there.
        "none" => {
            assert_eq!(folder, "open", "{told}");
            assert_eq!(check["state"], "warn", "{check}");
            assert!(check["en"].as_str().unwrap().contains("(none)"), "{check}");
        }
        other => assert!(other == "partial" && folder == "refused", "{told}"),
    }
    let zone = data.canonicalize().unwrap().join("zone");
    assert!(zone.is_dir());
    assert_eq!(held_below(pid, &zone), Vec::<String>::new(), "the platform holds files of the zone");
    assert!(
        !held_below(pid, &data.canonicalize().unwrap().join("platform")).is_empty(),
        "the search finds what is held"
    );
}
