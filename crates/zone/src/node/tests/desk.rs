//! What staff use before anything raw is read: a look at a file, the workspace, watching and cancelling a job.

use super::live::{Node, Platform, code};
use super::world::World;
use model::order::{Effect, ReportOutcome};
use model::ticket::TicketPurpose;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn started(orders: &[Effect], script: &str) -> (Arc<Platform>, Node) {
    let platform = Platform::start(Arc::new(World::new())).await;
    for (n, effect) in orders.iter().enumerate() {
        let seq = n as u64 + 1;
        platform.give(platform.world.order(seq, &format!("case_{seq}"), effect.clone()));
    }
    let command = ["/bin/sh", "-c", script].map(Into::into).to_vec();
    let node = Node::start(&platform, |cfg| cfg.job_command = command).await;
    platform.answered(&format!("wo_{}", orders.len())).await;
    node.linked().await;
    (platform, node)
}

fn granted() -> Vec<Effect> {
    let w = World::new();
    vec![w.resource(), w.grant()]
}

fn json_of((status, body): (u16, Vec<u8>)) -> Value {
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_at_and_nothing_of_it_stays() {
    let (platform, node) = started(&granted(), "exit 1").await;
    let csv = "身份证号,区县,金额\n11010519491231002X,planted-value-4410,120.5\n440308199901101512,南山,88\n";
    let path = "/data/v1/classify";
    let asked = |query: &str| format!("{path}?table={query}");
    let send = async |query: &str, body: &[u8]| {
        let w = &platform.world;
        let ticket = node.ticket("provider", TicketPurpose::Classify {});
        let proof = w.sign(&w.people["provider"].key, model::ticket::PROOF_TYPE, node.proof(&ticket, "POST", path));
        let ticket = w.sign(&w.platform, model::ticket::TICKET_TYPE, ticket);
        node.send(&ticket, Some(&proof), "POST", &asked(query), body.to_vec()).await
    };
    let found = json_of(send("fees", csv.as_bytes()).await);
    let classes: Vec<&str> = found["fields"].as_array().unwrap().iter().map(|f| f["class"].as_str().unwrap()).collect();
    assert_eq!((found["encoding"].as_str(), found["rows"].as_u64()), (Some("utf-8"), Some(2)), "{found}");
    assert!(!classes[0].is_empty() && found["columns"][0]["identifier"] == "cn_resident_id", "{found}");
    assert!(found["contract"].as_str().unwrap().contains("name: fees"));
    assert!(!found.to_string().contains("planted-value-4410"), "an answer holds counts, no value");
    for bad in ["Fees", "1fees", "fees%3B", ""] {
        assert_eq!(code(&send(bad, csv.as_bytes()).await), "query-unusable", "{bad}");
    }
    assert_eq!(code(&send("fees", b"").await), "file-unreadable");
    assert_eq!(code(&send("fees", &vec![b'a'; (4 << 20) + 1]).await), "file-unreadable");
    let elsewhere = node.call("provider", TicketPurpose::Classify {}, "GET", "/data/v1/jobs/job_1/progress", vec![]);
    assert_eq!(code(&elsewhere.await), "ticket-other-purpose");
    node.stop().await;
    let mut files = Vec::new();
    super::folder::collect(platform.world.dir.path(), &mut files);
    assert!(!files.windows(18).any(|s| s == b"planted-value-4410"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workspace_shows_what_was_granted_and_judges_as_one_types() {
    let (_platform, node) = started(&granted(), "exit 1").await;
    let preview = || TicketPurpose::Preview { grant: "gra_1".into() };
    let post = async |path: &str, sql: &str| {
        node.call("engineer", preview(), "POST", path, json!({ "sql": sql }).to_string().into()).await
    };
    let contracts = node.call("engineer", preview(), "GET", "/data/v1/grants/gra_1/contracts", vec![]).await;
    let contracts = json_of(contracts);
    let names: Vec<&str> =
        contracts["tables"][0]["fields"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["citizen_id", "district"], "no field that was not granted");
    let check = "/data/v1/grants/gra_1/check";
    let fine = json_of(post(check, "SELECT district, COUNT(*) AS n FROM visits GROUP BY district").await);
    assert_eq!(
        (fine["verdict"].as_str(), fine["lineage"][0]["column"].as_str()),
        (Some("aggregate"), Some("district"))
    );
    let refused = json_of(post(check, "SELECT COUNT(*)\nFROM visits WHERE secret = 'x'").await);
    assert_eq!(refused["verdict"], "refuse");
    let reason = &refused["reasons"][0];
    assert_eq!((reason["rule"].as_str(), reason["at"]["line"].as_u64()), (Some("LOCK"), Some(2)), "{refused}");
    let tried =
        json_of(post("/data/v1/grants/gra_1/try", "SELECT district, COUNT(*) AS n FROM visits GROUP BY 1").await);
    assert_eq!((tried["synthetic"].as_bool(), tried["columns"][1].as_str()), (Some(true), Some("n")));
    assert!(!tried["rows"].as_array().unwrap().is_empty());
    let foreign = node.call("other", preview(), "GET", "/data/v1/grants/gra_1/contracts", vec![]).await;
    assert_eq!(code(&foreign), "ticket-other-holder");
    let bad = node.call("engineer", preview(), "POST", check, b"{\"sql\":1}".to_vec()).await;
    assert_eq!(code(&bad), "query-unusable");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_watched_and_cancelled_by_its_own_organisation() {
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("mark");
    let script = format!(
        "read -r line; echo '{{\"done\":\"open\"}}'; echo '{{\"done\":\"clear\"}}'; \
         echo '{{\"read\":450012,\"of\":1003404}}'; echo $$ > {}; while :; do :; done",
        mark.display()
    );
    let (platform, node) = started(&granted(), &script).await;
    let upload = TicketPurpose::Upload { resource: "res_1".into(), batch: "bat_1".into() };
    let csv = b"citizen_id,district,secret\n1,A,x\n".to_vec();
    assert_eq!(node.call("provider", upload, "PUT", "/data/v1/batches/bat_1", csv).await.0, 200);
    platform.give(platform.world.order(3, "case_3", platform.world.job("job_1")));
    let purpose = || TicketPurpose::Job { job: "job_1".into() };
    let end = Instant::now() + Duration::from_secs(20);
    let seen = loop {
        let answer = node.call("engineer", purpose(), "GET", "/data/v1/jobs/job_1/progress", vec![]).await;
        if answer.0 == 200 && json_of(answer.clone())["of"] != Value::Null {
            break json_of(answer);
        }
        assert!(Instant::now() < end, "the stages are not told: {}", String::from_utf8_lossy(&answer.1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((seen["state"].as_str(), seen["stage"].as_str()), (Some("running"), Some("run")));
    // Rows are told by their first two digits.
    assert_eq!(
        (seen["over"].as_u64(), seen["read"].as_u64(), seen["of"].as_u64()),
        (Some(2), Some(450_000), Some(1_000_000))
    );
    let other = node.call("other", purpose(), "DELETE", "/data/v1/jobs/job_1", vec![]).await;
    assert_eq!(code(&other), "ticket-other-holder");
    assert_eq!(node.call("engineer", purpose(), "DELETE", "/data/v1/jobs/job_1", vec![]).await.0, 200);
    let report = platform.wait(|o| matches!(o, ReportOutcome::JobFailed { .. })).await;
    let ReportOutcome::JobFailed { refusal, .. } = report.outcome else { panic!() };
    assert_eq!(refusal.code, "job-cancelled");
    let pid = std::fs::read_to_string(&mark).unwrap().trim().to_owned();
    while std::path::Path::new("/proc").join(&pid).join("exe").read_link().is_ok() {
        assert!(Instant::now() < end, "the process lives on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let again = node.call("engineer", purpose(), "DELETE", "/data/v1/jobs/job_1", vec![]).await;
    assert_eq!((again.0, code(&again).as_str()), (409, "job-over"));
    node.stop().await;
    platform.world.verify_log();
}
