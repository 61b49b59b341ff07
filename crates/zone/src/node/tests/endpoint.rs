//! The endpoint: uploads, the table of tickets, lost links, delivery and its receipts.

use super::live::{Node, Platform, code};
use super::world::World;
use crate::gate::{CheckReport, GateParams, GateReport, Verdict};
use crate::node::effects::take_order;
use crate::node::outcome;
use crate::node::record::JobResult;
use crate::node::sealed;
use crate::seal::{SealedFile, write_artefact};
use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use model::ids::{AuthorisationId, OrderId};
use model::order::{Effect, RecipientSpec, ReleaseSpec, ReportOutcome};
use model::ticket::{PROOF_TYPE, TICKET_TYPE, Ticket, TicketHolder, TicketPurpose};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const CSV: &str = "citizen_id,district,secret\n1,A,planted-value-7731\n2,B,x\nbad,C,y\n";
const KEY: &str = "consumer-access-key-0123456789";

fn upload() -> TicketPurpose {
    TicketPurpose::Upload { resource: "res_1".into(), batch: "bat_1".into() }
}

async fn started() -> (Arc<Platform>, Node) {
    let platform = Platform::start(Arc::new(World::new())).await;
    platform.give(platform.world.order(1, "case_1", platform.world.resource()));
    let node = Node::start(&platform, |_| {}).await;
    platform.wait(|o| *o == ReportOutcome::Applied).await;
    (platform, node)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_taken_once_and_only_from_its_provider() {
    let (platform, node) = started().await;
    let put = |who: &'static str, body: &str| {
        node.call(who, upload(), "PUT", "/data/v1/batches/bat_1", body.as_bytes().to_vec())
    };
    assert_eq!(code(&put("other", CSV).await), "ticket-other-holder", "another organisation");
    let (status, body) = put("provider", CSV).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    let report = platform.wait(|o| matches!(o, ReportOutcome::BatchStored { .. })).await;
    let ReportOutcome::BatchStored { rows, set_aside, .. } = report.outcome else { panic!() };
    assert_eq!((rows, set_aside.values().sum::<u64>()), (2, 1));
    assert_eq!(put("provider", CSV).await, (200, body), "the same again is answered as before");
    assert_eq!(code(&put("provider", "citizen_id,district,secret\n9,Z,z\n").await), "batch-exists");
    let (status, rows) = node
        .call(
            "provider",
            TicketPurpose::SetAside { resource: "res_1".into(), batch: "bat_1".into() },
            "GET",
            "/data/v1/batches/bat_1/set-aside",
            vec![],
        )
        .await;
    assert!(status == 200 && String::from_utf8_lossy(&rows).contains("bad,C,y"));
    let stored =
        platform.reports().into_iter().filter(|r| matches!(r.outcome, ReportOutcome::BatchStored { .. })).count();
    assert_eq!(stored, 1);
    node.stop().await;
    let mut files = Vec::new();
    super::folder::collect(&platform.world.dir.path().join("zone"), &mut files);
    super::folder::collect(&platform.world.dir.path().join("log"), &mut files);
    assert!(!files.windows(18).any(|s| s == b"planted-value-7731"), "a raw value lies in the open");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_hold_for_one_person_purpose_request_and_time() {
    let (platform, node) = started().await;
    let w = &platform.world;
    let path = "/data/v1/batches/bat_1/progress";
    type Change = fn(&World, &mut Ticket);
    let table: &[(&str, &str, Change)] = &[
        ("ticket-other-purpose", path, |_, t| t.purpose = TicketPurpose::Preview { grant: "gra_1".into() }),
        ("ticket-other-purpose", "/data/v1/batches/bat_2/progress", |_, _| ()),
        ("ticket-expired", path, |w, t| (t.not_before, t.expires) = (w.now().plus_ms(-90_000), w.now().plus_ms(-1))),
        ("ticket-expired", path, |w, t| (t.not_before, t.expires) = (w.now().plus_ms(60_000), w.now().plus_ms(90_000))),
        ("ticket-expired", path, |w, t| t.expires = w.now().plus_days(1)),
        ("ticket-invalid", path, |_, t| t.deployment = "elsewhere".into()),
        ("ticket-invalid", path, |_, t| t.v = 2),
        ("ticket-other-holder", path, |w, t| {
            t.holder = TicketHolder::Person { person: "per_provider".into(), key: w.people["other"].key.key_id() }
        }),
        ("ticket-other-holder", path, |_, t| t.org = "org_other".into()),
    ];
    for (n, (wanted, path, change)) in table.iter().enumerate() {
        let mut ticket = node.ticket("provider", upload());
        change(w, &mut ticket);
        let proof = w.sign(&w.people["provider"].key, PROOF_TYPE, node.proof(&ticket, "GET", path));
        let answer = node.send(&w.sign(&w.platform, TICKET_TYPE, ticket), Some(&proof), "GET", path, vec![]).await;
        assert_eq!(code(&answer), *wanted, "row {n}");
    }
    let ticket = node.ticket("provider", upload());
    let signed = w.sign(&w.platform, TICKET_TYPE, ticket.clone());
    let by = |who: &str, t: &Ticket, method: &str, path: &str| {
        w.sign(&w.people[who].key, PROOF_TYPE, node.proof(t, method, path))
    };
    let other = node.ticket("provider", upload());
    let mut late = node.proof(&ticket, "GET", path);
    late.at = w.now().plus_ms(-31_000);
    let mut changed = by("provider", &ticket, "GET", path);
    changed.body.nonce = crypto::random_hex(16).unwrap();
    let proofs = [
        ("proof-invalid", None),
        ("ticket-other-holder", Some(by("other", &ticket, "GET", path))),
        ("proof-invalid", Some(by("provider", &other, "GET", path))),
        ("proof-invalid", Some(by("provider", &ticket, "PUT", path))),
        ("proof-invalid", Some(by("provider", &ticket, "GET", "/data/v1/batches/bat_1"))),
        ("proof-invalid", Some(w.sign(&w.people["provider"].key, PROOF_TYPE, late))),
        ("proof-invalid", Some(changed)),
    ];
    for (n, (wanted, proof)) in proofs.iter().enumerate() {
        assert_eq!(code(&node.send(&signed, proof.as_ref(), "GET", path, vec![]).await), *wanted, "proof {n}");
    }
    let proof = by("provider", &ticket, "GET", path);
    assert_eq!(node.send(&signed, Some(&proof), "GET", path, vec![]).await.0, 200);
    assert_eq!(code(&node.send(&signed, Some(&proof), "GET", path, vec![]).await), "proof-replayed");
    let forged = w.sign(&w.people["provider"].key, TICKET_TYPE, ticket.clone());
    assert_eq!(
        code(&node.send(&forged, Some(&by("provider", &ticket, "GET", path)), "GET", path, vec![]).await),
        "ticket-invalid"
    );
    let bare = node.client.get(format!("{}{path}", node.url)).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_link_fails_closed_after_a_minute() {
    let (platform, node) = started().await;
    let ask = || node.call("provider", upload(), "GET", "/data/v1/batches/bat_1/progress", vec![]);
    assert_eq!(ask().await.0, 200);
    platform.say(|s| s.lost = true);
    platform.world.shift.fetch_add(55_000, Ordering::SeqCst);
    assert_eq!(ask().await.0, 200, "the lease still holds");
    platform.world.shift.fetch_add(6_000, Ordering::SeqCst);
    assert_eq!(code(&ask().await), "lease-lost");
    platform.say(|s| s.lost = false);
    node.linked().await;
    assert_eq!(ask().await.0, 200);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upload_hears_why_also_while_it_is_sending() {
    let (_platform, node) = started().await;
    let big = format!("no,such,columns\n{}", "1,2,3\n".repeat(4 << 20));
    let put = |who: &'static str| node.call(who, upload(), "PUT", "/data/v1/batches/bat_1", big.clone().into_bytes());
    assert_eq!(code(&put("other").await), "ticket-other-holder");
    let why = code(&put("provider").await);
    assert!(["no-header", "missing-columns", "unknown-columns"].contains(&why.as_str()), "{why}");
    node.stop().await;
}

/// Puts a finished job and its artefact into the folder, as its process would have left them.
fn plant(w: &World) -> ReleaseSpec {
    let core = w.enrolled();
    for (n, (case, effect)) in (1..).zip([("case_1", w.resource()), ("case_2", w.grant()), ("case_3", w.job("job_1"))])
    {
        take_order(&core, &w.order(n, case, effect)).unwrap();
    }
    let schema = Arc::new(Schema::new(vec![
        Field::new("district", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
    ]));
    let names = StringArray::from(vec![Some("A"), Some("B"), None]);
    let batch =
        RecordBatch::try_new(schema.clone(), vec![Arc::new(names), Arc::new(Int64Array::from(vec![12, 30, 44]))])
            .unwrap();
    let authorisation = AuthorisationId("auth_1".into());
    let key = core.key(sealed::AUTHORISATION_KEY, "auth_1").unwrap();
    let (root, object) = (sealed::objects(&core), sealed::artefact_object(&authorisation, &"job_1".into()));
    let place = SealedFile {
        root: &root,
        object: &object,
        deployment: &core.cfg.trust.deployment,
        scope: "auth_1",
        provider: &*core.cfg.keys,
    };
    write_artefact(place, &key, &schema, std::slice::from_ref(&batch)).unwrap();
    let artefact = crate::artefact::digest(&schema, &[batch], w.suite).unwrap().to_string();
    let check = CheckReport {
        id: "form".into(),
        check: 1,
        verdict: Verdict::Pass,
        formula: String::new(),
        formula_zh: String::new(),
        parameter: serde_json::json!({}),
        worst: serde_json::json!({}),
        zh: String::new(),
        en: String::new(),
    };
    let columns = vec!["district".into(), "n".into()];
    let report = GateReport::new(artefact.clone(), 3, columns, vec![check], GateParams::default());
    let gate_report = sealed::keep_gate_report(&core, &authorisation, &"job_1".into(), &report).unwrap();
    let done = JobResult {
        job: "job_1".into(),
        artefact: model::Digest(artefact.clone()),
        rows: 3,
        verdict: "pass".into(),
        gate_report: gate_report.clone(),
        lineage: serde_json::json!([]),
        figures: [].into(),
        object,
    };
    core.commit(|d| outcome::job_done(d, &d.state.jobs[&"job_1".into()], done)).unwrap();
    ReleaseSpec {
        job: "job_1".into(),
        product: "prod_1".into(),
        artefact: model::Digest(artefact),
        gate_report,
        author: "per_engineer".into(),
        author_org: "org_operator".into(),
        scenario: "scn_1".into(),
    }
}

fn recipient(w: &World) -> RecipientSpec {
    RecipientSpec {
        order: "ord_1".into(),
        product: "prod_1".into(),
        consumer: "org_consumer".into(),
        operator: "org_operator".into(),
        scenario: "scn_1".into(),
        access_key: w.digest(KEY),
        until: w.now().plus_days(10),
    }
}

fn product() -> TicketPurpose {
    TicketPurpose::Product { product: "prod_1".into(), order: "ord_1".into() }
}

/// The answer began, so that it was metered, and broke off, because the authorisation stopped while it was sent.
const CUT: u16 = 0;

/// A consumer's call with its access key.
async fn fetch(node: &Node, key: &str, path: &str) -> (u16, Vec<u8>) {
    use base64::Engine;
    let w = &node.platform.world;
    let mut ticket = node.ticket("consumer", product());
    ticket.holder = TicketHolder::AccessKey { digest: w.digest(key) };
    let ticket = crypto::canonical(&w.sign(&w.platform, TICKET_TYPE, ticket)).unwrap();
    let request = node.client.get(format!("{}{path}", node.url)).bearer_auth(key);
    let ticket = base64::engine::general_purpose::STANDARD.encode(ticket);
    let answer = request.header(crate::node::TICKET_HEADER, ticket).send().await;
    let status = answer.as_ref().map_or(CUT, |a| a.status().as_u16());
    node.platform.delivered.fetch_add(u64::from(status == 200 || status == CUT), Ordering::SeqCst);
    match answer {
        Ok(answer) => answer.bytes().await.map_or((CUT, vec![]), |body| (status, body.to_vec())),
        Err(_) => (CUT, vec![]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_delivered_metered_suspended_and_destroyed() {
    let w = Arc::new(World::new());
    let spec = plant(&w);
    let platform = Platform::start(w.clone()).await;
    let mut wrong = spec.clone();
    wrong.gate_report = w.digest("another report");
    // The orders that were planted are known to the platform too.
    platform.say(|s| s.lists = vec![w.key_list(1)]);
    platform.give(w.order(4, "case_4", Effect::Release(wrong)));
    let refusal =
        |o: &ReportOutcome| matches!(o, ReportOutcome::Refused { refusal } if refusal.code == "release-other-artefact");
    let node = Node::start(&platform, |_| {}).await;
    platform.wait(refusal).await;
    platform.give(w.order(5, "case_5", Effect::Release(spec)));
    platform.wait(|o| matches!(o, ReportOutcome::Released { rows: 3, .. })).await;
    platform.give(w.order(6, "case_6", Effect::Recipient(recipient(&w))));
    platform.answered("wo_6").await;
    node.linked().await;
    let file = "/data/v1/products/prod_1/file?format=csv";
    let (status, body) = fetch(&node, KEY, file).await;
    assert_eq!((status, String::from_utf8_lossy(&body).as_ref()), (200, "district,n\nA,12\nB,30\n,44\n"));
    assert_eq!(fetch(&node, KEY, "/data/v1/products/prod_1/file?format=parquet").await.0, 200);
    let (_, rows) = fetch(&node, KEY, "/data/v1/products/prod_1/rows?district=B").await;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&rows).unwrap()["rows"], serde_json::json!([["B", 30]]));
    assert_eq!(code(&fetch(&node, KEY, "/data/v1/products/prod_1/rows?nope=1").await), "query-unusable");
    assert_eq!(code(&fetch(&node, "another-key", file).await), "ticket-other-holder");
    // A ticket that was handed out before does not outlive the delivery.
    platform.say(|s| s.ended = vec!["ord_1".into()]);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let refused = loop {
        let answer = fetch(&node, KEY, file).await;
        if ![200, CUT].contains(&answer.0) {
            break answer;
        }
        assert!(std::time::Instant::now() < end);
    };
    assert_eq!(code(&refused), "order-ended");
    platform.say(|s| s.ended.clear());
    while fetch(&node, KEY, file).await.0 != 200 {
        assert!(std::time::Instant::now() < end);
    }
    let usage = platform.wait(|o| matches!(o, ReportOutcome::Usage { .. })).await;
    assert!(usage.case.is_none());
    node.kill().await;
    let node = Node::start(&platform, |_| {}).await;
    assert_eq!(fetch(&node, KEY, file).await.0, 200, "after a crash it is served again");
    stop_and_destroy(&platform, &node, file).await;
    node.stop().await;
    let node = Node::start(&platform, |_| {}).await;
    metered(&platform).await;
    node.stop().await;
    w.verify_log();
}

/// A page of the console may call the endpoint with a ticket; a page from elsewhere gets no leave from the browser.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_console_may_call_from_a_page() {
    let (_platform, node) = started().await;
    let asked = async |origin: &str| {
        let request = node
            .client
            .request(reqwest::Method::OPTIONS, format!("{}/data/v1/batches/b1", node.url))
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "PUT")
            .header("Access-Control-Request-Headers", "yunyu-ticket,yunyu-proof,content-type");
        request.send().await.unwrap().headers().clone()
    };
    let ours = asked("http://console.test:8600").await;
    assert_eq!(ours["access-control-allow-origin"], "http://console.test:8600");
    assert!(ours["access-control-allow-headers"].to_str().unwrap().to_lowercase().contains("yunyu-proof"));
    assert!(!ours.contains_key("access-control-allow-credentials"));
    for other in ["http://console.test:8601", "http://evil.test", "null"] {
        assert!(!asked(other).await.contains_key("access-control-allow-origin"), "{other}");
    }
    node.stop().await;
}

/// Every answered call is metered once, also those whose segment a stop left open.
async fn metered(platform: &Platform) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let wanted = platform.delivered.load(Ordering::SeqCst);
    loop {
        let usage = platform.reports().into_iter().filter_map(|r| match r.outcome {
            ReportOutcome::Usage { calls, .. } => calls.get(&OrderId("ord_1".into())).map(|c| c.calls),
            _ => None,
        });
        let told: u64 = usage.sum();
        assert!(told <= wanted, "a call is metered twice");
        if told == wanted {
            return;
        }
        assert!(std::time::Instant::now() < end, "{told} of {wanted} calls are metered");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// A person's look at the job's gate report.
async fn gate_report(node: &Node, who: &'static str) -> (u16, Vec<u8>) {
    let purpose = TicketPurpose::GateReport { job: "job_1".into() };
    node.call(who, purpose, "GET", "/data/v1/jobs/job_1/report", vec![]).await
}

async fn stop_and_destroy(platform: &Arc<Platform>, node: &Node, file: &str) {
    let w = &platform.world;
    assert_eq!((gate_report(node, "engineer").await.0, gate_report(node, "provider").await.0), (200, 200));
    platform.give(w.order(7, "case_7", Effect::Suspend(w.stop())));
    platform.answered("wo_7").await;
    let answer = fetch(node, KEY, file).await;
    assert_eq!(code(&answer), "authorisation-suspended");
    assert!(String::from_utf8_lossy(&answer.1).contains("10.1"), "the refusal names the article");
    assert_eq!(
        code(&gate_report(node, "engineer").await),
        "authorisation-suspended",
        "the operator's permissions rest"
    );
    assert_eq!(gate_report(node, "provider").await.0, 200, "who supervises reads on");
    platform.give(w.order(8, "case_7", Effect::Restore(w.stop())));
    platform.answered("wo_8").await;
    node.linked().await;
    assert_eq!(fetch(node, KEY, file).await.0, 200);
    platform.say(|s| s.authorisations.clear());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while fetch(node, KEY, file).await.0 == 200 {
        // Each of these is one more metered call; the lease without the authorisation comes within a poll.
        assert!(std::time::Instant::now() < end);
    }
    platform.say(|s| s.authorisations = vec!["auth_1".into()]);
    platform.give(w.order(9, "case_9", Effect::Destroy(w.stop())));
    let report = platform.wait(|o| matches!(o, ReportOutcome::Destroyed { .. })).await;
    let ReportOutcome::Destroyed { keys, objects, what, .. } = report.outcome else { panic!() };
    assert_eq!((keys.len(), objects), (1, 3));
    let what = what.unwrap();
    let kinds: Vec<(&str, u64)> = what.kinds.iter().map(|(kind, n)| (kind.as_str(), *n)).collect();
    assert_eq!(kinds, [("products", 1), ("reports", 1), ("results", 1)]);
    // The list stays, and is the one that the report names.
    let list = std::fs::read(w.dir.path().join("zone/destroyed/auth_1.json")).unwrap();
    let list: std::collections::BTreeMap<String, String> = crypto::from_canonical(&list).unwrap();
    assert_eq!(list.len(), 3);
    assert_eq!(crypto::digest_of(w.suite, "destroyed-objects", &list).unwrap().to_string(), what.list.0);
    assert!(!w.dir.path().join("zone/objects/auth/auth_1").exists());
    assert_eq!(code(&fetch(node, KEY, file).await), "authorisation-ended");
    for who in ["engineer", "provider"] {
        assert_eq!(code(&gate_report(node, who).await), "authorisation-ended", "{who}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_made_up_rows_of_granted_fields_only() {
    let (platform, node) = started().await;
    platform.give(platform.world.order(2, "case_2", platform.world.grant()));
    platform.answered("wo_2").await;
    node.linked().await;
    let purpose = || TicketPurpose::Preview { grant: "gra_1".into() };
    let (status, body) = node.call("engineer", purpose(), "GET", "/data/v1/grants/gra_1/preview/visits", vec![]).await;
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let names: Vec<_> = body["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!((status, names), (200, vec!["citizen_id", "district"]));
    let answer = node.call("other", purpose(), "GET", "/data/v1/grants/gra_1/preview/visits", vec![]).await;
    assert_eq!(code(&answer), "ticket-other-holder");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_orders_and_refused_calls_leave_leaves() {
    let (platform, node) = started().await;
    let w = &platform.world;
    let stranger = crypto::SigningKey::generate(w.suite).unwrap();
    platform.give(w.sign(&stranger, model::order::ORDER_TYPE, w.draft(2, "case_2", w.grant())));
    node.client.get(format!("{}/data/v1/batches/bat_1/progress", node.url)).send().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    // A forged order is not consumed; the lease counts it, so the zone serves nothing until it is put right.
    let health = node.client.get(format!("{}/healthz", node.url)).send().await.unwrap().text().await.unwrap();
    assert!(health.contains("zone-behind"), "{health}");
    platform.say(|s| s.orders[1] = w.order(2, "case_2", w.grant()));
    node.linked().await;
    node.stop().await;
    let mut log = Vec::new();
    super::folder::collect(&w.dir.path().join("log"), &mut log);
    let log = String::from_utf8_lossy(&log).into_owned();
    for kind in ["forge_order", "refuse_calls", "ticket_missing", "apply_order"] {
        assert!(log.contains(kind), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_checkpoint_is_anchored_if_its_log_key_signed_it() {
    let platform = Platform::start(Arc::new(World::new())).await;
    let w = platform.world.clone();
    let state = w.dir.path().join("platform-signer");
    let config = audit::LogConfig::new(
        super::world::DEPLOYMENT,
        audit::LogName::Platform,
        w.suite,
        audit::ClockKind::Simulated,
        &state,
    );
    let mut log = audit::TileLog::open(&w.dir.path().join("log/platform"), config).unwrap();
    let forged = log.checkpoint(w.now().0, &w.platform, &[]).unwrap();
    platform.say(|s| s.note = Some(forged));
    let node = Node::start(&platform, |_| {}).await;
    let note = log.checkpoint(w.now().0, &w.platform_log, &[]).unwrap();
    platform.say(|s| s.note = Some(note));
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !platform.say(|s| s.checkpoint.as_ref().is_some_and(|c| c.contains("anchor test/platform 0 "))) {
        assert!(std::time::Instant::now() < end, "not anchored");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    node.stop().await;
    let mut entries = Vec::new();
    super::folder::collect(&w.dir.path().join("log/zone/entries"), &mut entries);
    assert!(String::from_utf8_lossy(&entries).contains("forge_checkpoint"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_sent_twice_are_the_same_bytes() {
    let platform = Platform::start(Arc::new(World::new())).await;
    platform.say(|s| s.forgetful = true);
    let w = &platform.world;
    platform.give(w.order(1, "case_1", w.resource()));
    platform.give(w.order(2, "case_2", w.grant()));
    let node = Node::start(&platform, |_| {}).await;
    platform.answered("wo_2").await;
    node.kill().await;
    let node = Node::start(&platform, |_| {}).await;
    platform.give(w.order(3, "case_3", Effect::Suspend(w.stop())));
    platform.answered("wo_3").await;
    node.stop().await;
}

/// A simulated deployment may live in the past or in the future of the machine that it runs on.
#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_clock_may_start_anywhere_and_then_only_moves_forward() {
    for offset in [-400 * 86_400_000i64, 400 * 86_400_000] {
        let platform = Platform::start(Arc::new(World::new())).await;
        let w = platform.world.clone();
        // The world's time is the deployment's; the machine's is this much behind it.
        platform.say(|s| s.clock = Some(w.clock_mark(1, offset)));
        let machine = w.clock();
        let change =
            |cfg: &mut crate::node::NodeConfig| cfg.machine_clock = Arc::new(move || machine().plus_ms(-offset));
        let node = Node::start(&platform, change).await;
        platform.give(w.order(1, "case_1", w.resource()));
        platform.answered("wo_1").await;
        assert!((platform.reports()[0].at.0 - w.now().0).abs() < 30_000);
        node.stop().await;
        w.verify_log();
    }
}
