//! A resource is sealed, unsealed and withdrawn: what the case says, and what the zone's report makes of it.

use super::refused::{authorisation, resource};
use super::visible::{grant, job};
use super::*;
use crate::orders::IssuedOrder;
use crate::{cases, facts, reports, resources, tickets, timers};
use model::Digest;
use model::ids::ResourceId;
use model::order::{DestroyedObjects, ReportOutcome, ZoneReport};
use model::record::{AuthorisationState, GateFacts, Job, Resource, ResourceCertificate, ResourceDeed, ResourceState};
use model::ticket::TicketPurpose;
use model::{Refusal, Signed};
use serde_json::json;

impl World {
    async fn report(&self, seq: u64, case: &CaseId, outcome: ReportOutcome) {
        self.tell(seq, Some(case.clone()), outcome).await;
    }

    async fn tell(&self, seq: u64, case: Option<CaseId>, outcome: ReportOutcome) {
        let body = ZoneReport {
            v: 1,
            deployment: "dep-a".into(),
            seq,
            case,
            case_head: None,
            zone_head: None,
            order: None,
            at: self.app.now(),
            outcome,
        };
        let signed = Signed { body, key: "k".into(), signature: "s".into() };
        reports::take(&self.app, signed).await.unwrap();
    }
}

#[tokio::test]
async fn the_zones_report_certifies_and_closes_the_case() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    w.put(&resource(&provider)).await;
    let who = actor("per_a", &provider, &[PersonRole::Approver]);
    let id = || ResourceId::from("res_1");
    let keys = || vec!["kek-1".to_owned()];
    let what = DestroyedObjects { kinds: BTreeMap::from([("records".into(), 2)]), list: Digest("d".into()) };
    let table = [
        ("sealing", "under_dispute", ReportOutcome::ResourceSealed { resource: id(), keys: keys() }),
        ("unsealing", "dispute_settled", ReportOutcome::ResourceUnsealed { resource: id(), keys: keys() }),
        (
            "withdrawal",
            "provider_withdraws",
            ReportOutcome::ResourceDestroyed { resource: id(), keys: keys(), objects: 2, what },
        ),
    ];
    let after = [ResourceState::Sealed, ResourceState::Catalogued, ResourceState::Withdrawn];
    let deeds = [ResourceDeed::Sealed, ResourceDeed::Unsealed, ResourceDeed::Destroyed];
    let articles = ["3.3", "", "19.1"];
    let nonsense = json!({"resource": "res_1", "ground": "bad_mood"});
    assert_eq!(code(cases::open(&w.app, &who, "withdrawal", nonsense, None).await), "ground-listed");
    for (n, ((procedure, ground, outcome), article)) in table.into_iter().zip(articles).enumerate() {
        // Whoever opens it says what and why; provider and article are the platform's to say.
        let asked = json!({"resource": "res_1", "ground": ground, "provider": "org_x", "article": "99"});
        let opened = cases::open(&w.app, &who, procedure, asked, None).await.unwrap();
        assert_eq!(opened["object"]["provider"], json!(provider.id), "{opened}");
        assert_eq!(opened["object"]["article"], article, "the city's own, where its text speaks");
        let mut case = w.case(procedure, "ordered", &provider.id, Vec::new()).await;
        case.object = opened["object"].clone();
        w.put(&case).await;
        assert_eq!(timers::tick(&w.app).await.unwrap(), 0, "not before the zone's report");
        w.report(n as u64 + 1, &case.id, outcome).await;
        let row: Resource = w.app.store.get("res_1").await.unwrap().unwrap();
        assert_eq!(row.state, after[n]);
        assert_eq!(timers::tick(&w.app).await.unwrap(), 1);
        let closed: Case = w.app.store.get(case.id.as_str()).await.unwrap().unwrap();
        assert_eq!(closed.state, "closed", "{procedure}");
    }
    let view = views::resource(&w.app, &who, "res_1").await.unwrap();
    let told: Vec<_> = view["certificates"].as_array().unwrap().iter().map(|c| c["deed"].clone()).collect();
    assert_eq!(told, deeds.map(|d| json!(d)));
    let all: Vec<ResourceCertificate> = w.app.store.list(&Filter::of("res_1")).await.unwrap();
    assert_eq!(all.iter().find(|c| c.deed == ResourceDeed::Destroyed).unwrap().objects, 2);
    let leaves = w.leaves().await;
    let certified = leaves.iter().filter(|l| l.kind == "zone_reported" && l.refs.contains_key("certificate"));
    assert_eq!(certified.count(), 3, "each certificate's digest stands in the log");
    // What is gone is not withdrawn again, nor asked for.
    for (procedure, ground, refused) in [
        ("withdrawal", "provider_withdraws", "resource-kept"),
        ("sealing", "under_dispute", "resource-held"),
        ("unsealing", "dispute_settled", "resource-sealed"),
    ] {
        let asked = json!({"resource": "res_1", "ground": ground});
        assert_eq!(code(cases::open(&w.app, &who, procedure, asked, None).await), refused);
    }
    let unknown = json!({"resource": "res_9", "ground": "provider_withdraws"});
    assert_eq!(code(cases::open(&w.app, &who, "withdrawal", unknown, None).await), "unknown-id");
}

/// The zone's refusal brings the case back and is seen; what waits is told as long as it does; and a withdrawal closes what
/// it overtook.
#[tokio::test]
async fn what_the_zone_refused_or_put_off_is_seen_in_the_case() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let who = actor("per_a", &provider, &[PersonRole::Approver]);
    w.put(&resource(&provider)).await;
    let object = json!({"resource": "res_1", "provider": provider.id, "ground": "under_dispute", "article": ""});
    let mut case = w.case("sealing", "ordered", &provider.id, Vec::new()).await;
    case.object = object.clone();
    w.put(&case).await;
    let refusal = |code: &str| Refusal::new(code, "ZONE-KEYS-2", "", "暂不可达", "away");
    let tell = |n: u64, outcome: ReportOutcome| {
        let body = ZoneReport {
            v: 1,
            deployment: "dep-a".into(),
            seq: n,
            case: Some(case.id.clone()),
            case_head: None,
            zone_head: None,
            order: Some("wo_1".into()),
            at: w.app.now(),
            outcome,
        };
        reports::take(&w.app, Signed { body, key: "k".into(), signature: "s".into() })
    };
    let (id, effect) = ("wo_1".to_owned(), "seal".to_owned());
    w.put(&IssuedOrder { id, case: case.id.clone(), effect, issued_at: w.app.now(), answer: None }).await;
    let seen = views::case(&w.app, &who, &case.id).await.unwrap();
    assert_eq!((&seen["orders"][0]["effect"], &seen["orders"][0]["answer"]), (&json!("seal"), &json!(null)), "{seen}");
    tell(1, ReportOutcome::Waits { refusal: refusal("custody-away") }).await.unwrap();
    let seen = views::case(&w.app, &who, &case.id).await.unwrap();
    assert_eq!(seen["orders"][0]["answer"][0], "waits", "{seen}");
    assert_eq!(seen["waiting_orders"][0]["refusal"]["code"], "custody-away", "{seen}");
    assert_eq!(timers::tick(&w.app).await.unwrap(), 0, "what waits is not refused");
    // A zone that was started again tells anew, and of another reason: no report behind it may be held up by that.
    tell(2, ReportOutcome::Waits { refusal: refusal("work-waits") }).await.unwrap();
    let seen = views::case(&w.app, &who, &case.id).await.unwrap();
    assert_eq!(seen["waiting_orders"][0]["refusal"]["code"], "work-waits", "{seen}");
    tell(3, ReportOutcome::Refused { refusal: refusal("sealing-unavailable") }).await.unwrap();
    assert_eq!(timers::tick(&w.app).await.unwrap(), 1);
    assert_eq!(timers::tick(&w.app).await.unwrap(), 0, "once");
    let list = views::cases(&w.app, &who, &views::CaseFilter::default()).await.unwrap();
    assert_eq!(list["cases"][0]["state"], "returned", "{list}");
    assert_eq!(list["cases"][0]["refused"]["code"], "sealing-unavailable", "{list}");
    let seen = views::case(&w.app, &who, &case.id).await.unwrap();
    assert_eq!(seen["refused"]["code"], "sealing-unavailable", "{seen}");
    assert_eq!(seen["orders"][0]["answer"], json!(["refused", w.app.now()]), "{seen}");
    // Another case destroys the resource meanwhile.
    let mut other = w.case("withdrawal", "ordered", &provider.id, Vec::new()).await;
    other.object = object;
    w.put(&other).await;
    let what = DestroyedObjects { kinds: BTreeMap::new(), list: Digest("d".into()) };
    let (resource, keys) = (ResourceId::from("res_1"), vec!["kek-1".to_owned()]);
    w.report(4, &other.id, ReportOutcome::ResourceDestroyed { resource, keys, objects: 1, what }).await;
    assert_eq!(timers::tick(&w.app).await.unwrap(), 2);
    let after: Case = w.app.store.get(case.id.as_str()).await.unwrap().unwrap();
    let closed: Case = w.app.store.get(other.id.as_str()).await.unwrap().unwrap();
    assert_eq!((after.state.as_str(), closed.state.as_str()), ("overtaken", "closed"));
    let seen = views::case(&w.app, &who, &case.id).await.unwrap();
    assert_eq!(seen["waiting_orders"], json!([]), "over with the case");
    assert_eq!((&seen["refused"], seen["refused_orders"].as_array().unwrap().len()), (&json!(null), 1), "{seen}");
}

/// After a restore the zone tells what its keys know: lists and pages say so, and what is handed in next is refused.
#[tokio::test]
async fn what_the_keys_tell_after_a_restore_stands_in_the_catalogue() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let who = actor("per_a", &provider, &[PersonRole::Approver, PersonRole::Officer]);
    for (n, deed, state, want) in [
        (1, ResourceDeed::Sealed, ResourceState::Sealed, "resource-sealed"),
        (2, ResourceDeed::Destroyed, ResourceState::Withdrawn, "resource-withdrawn"),
    ] {
        w.put(&resource(&provider)).await;
        let found = ReportOutcome::ResourceFound { resource: "res_1".into(), deed, keys: vec!["kek-1".into()] };
        w.tell(n, None, found).await;
        let row: Resource = w.app.store.get("res_1").await.unwrap().unwrap();
        assert_eq!(row.state, state);
        assert_eq!(views::resource(&w.app, &who, "res_1").await.unwrap()["state"], json!(state));
        assert_eq!(code(resources::open_batch(&w.app, &who, "res_1", "", None).await), want);
        let leaves = w.leaves().await;
        let told = leaves.iter().rfind(|l| l.kind == "zone_reported").unwrap();
        assert_eq!((told.refs["resource"].as_str(), told.refs["deed"].clone()), ("res_1", deed.to_string()));
        let certificates: Vec<ResourceCertificate> = w.app.store.list(&Filter::of("res_1")).await.unwrap();
        assert!(certificates.is_empty(), "what no case here decided is not certified");
    }
}

/// What the rule says of a result whose source stands in a state: when a case is opened, and at the step that decides.
#[tokio::test]
async fn no_release_of_a_result_whose_source_was_taken_away() {
    let w = world().await;
    let (provider, firm) = (w.org("数源", OrgRole::DataProvider).await, w.org("运营", OrgRole::Operator).await);
    let bureau = w.org("数据局", OrgRole::DataAuthority).await;
    let case_of_job = w.case("job", "done", &firm.id, Vec::new()).await;
    let gate = GateFacts {
        job: "job_1".into(),
        artefact: Digest("a".into()),
        verdict: "pass".into(),
        report: Digest("r".into()),
    };
    w.put(&authorisation(&firm, AuthorisationState::Active)).await;
    w.put(&grant(&firm.id, &provider.id)).await;
    w.put(&Job { gate: Some(gate), ..job(&firm.id, &case_of_job.id) }).await;
    w.put(&resource(&provider)).await;
    let engineer = actor("per_author", &firm, &[PersonRole::Engineer]);
    let open = async || cases::open(&w.app, &engineer, "release", json!({"job": "job_1"}), None).await;
    let opened = open().await.unwrap();
    let mut late = w.case("release", "security_reviewed", &firm.id, Vec::new()).await;
    late.object = opened["object"].clone();
    w.put(&late).await;
    let decided = async || {
        let procedure = w.app.pack.procedure("release").unwrap();
        let mut tx = w.app.store.begin().await.unwrap();
        let facts = facts::load(&w.app.pack, &mut tx, procedure, &late).await.unwrap();
        let mut command = model::Command::approve("authority_review");
        command.documents.insert("authority_opinion".into(), json!({"result": "met", "opinion": "x"}));
        let who = actor("per_c", &bureau, &[PersonRole::Approver]);
        let judged = model::decide(&w.app.pack, &late, &who.as_model(), &command, &facts, w.app.now());
        judged.map_or_else(|r| (r.code, r.rule), |_| ("ok".into(), String::new()))
    };
    assert_eq!(decided().await.0, "ok");
    for (state, rule) in [
        (ResourceState::Sealed, "PRODUCT-SEALING"),
        (ResourceState::Catalogued, ""),
        (ResourceState::Withdrawn, "PRODUCT-WITHDRAWAL"),
    ] {
        w.put(&Resource { state, ..resource(&provider) }).await;
        let want = if rule.is_empty() { "ok" } else { "sources-usable" };
        assert_eq!(code(open().await), want, "{state}");
        assert_eq!(decided().await, (want.to_owned(), rule.to_owned()), "{state}");
        let told = w.leaves().await.pop().unwrap();
        assert_eq!(told.rule.unwrap_or_default(), rule, "the refusal stands in the log: {state}");
    }
}

/// No job is opened over a source that was taken away: the zone would refuse its order.
#[tokio::test]
async fn no_job_over_a_source_that_was_taken_away() {
    let w = world().await;
    let (provider, firm) = (w.org("数源", OrgRole::DataProvider).await, w.org("运营", OrgRole::Operator).await);
    w.put(&authorisation(&firm, AuthorisationState::Active)).await;
    w.put(&grant(&firm.id, &provider.id)).await;
    let engineer = actor("per_author", &firm, &[PersonRole::Engineer]);
    for (state, rule) in [
        (ResourceState::Sealed, "PRODUCT-SEALING"),
        (ResourceState::Catalogued, ""),
        (ResourceState::Withdrawn, "PRODUCT-WITHDRAWAL"),
    ] {
        w.put(&Resource { state, ..resource(&provider) }).await;
        let object = json!({"grant": "gra_1", "sql": "SELECT 1"});
        let opened = cases::open(&w.app, &engineer, "job", object, None).await;
        assert_eq!(code(opened), if rule.is_empty() { "ok" } else { "sources-usable" }, "{state}");
        let told = w.leaves().await.pop().unwrap();
        assert_eq!(told.rule.unwrap_or_default(), rule, "the refusal stands in the log: {state}");
    }
}

/// Nothing is announced for, or uploaded to, a resource that is sealed or withdrawn.
#[tokio::test]
async fn nothing_is_supplied_to_a_resource_that_was_taken_away() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let who = Actor { key: Some("k".into()), ..actor("per_00000000000000d1", &provider, &[PersonRole::Officer]) };
    w.put(&resource(&provider)).await;
    let batch = resources::open_batch(&w.app, &who, "res_1", "", None).await.unwrap().id;
    for (state, want) in [
        (ResourceState::Sealed, "resource-sealed"),
        (ResourceState::Catalogued, "ok"),
        (ResourceState::Withdrawn, "resource-withdrawn"),
    ] {
        w.put(&Resource { state, ..resource(&provider) }).await;
        assert_eq!(code(resources::open_batch(&w.app, &who, "res_1", "", None).await), want);
        let upload = TicketPurpose::Upload { resource: "res_1".into(), batch: batch.clone() };
        assert_eq!(code(tickets::for_person(&w.app, &who, upload).await), want);
    }
}

/// Of two orders about one resource the later one stands. What was ordered before overtakes nothing, however late the zone
/// comes to say that it did it; and where everybody has proposed, the case can still be closed.
#[tokio::test]
async fn only_what_was_ordered_later_overtakes() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    w.put(&resource(&provider)).await;
    let object = json!({"resource": "res_1", "provider": provider.id, "ground": "under_dispute", "article": ""});
    let ordered = async |procedure: &str, at: i64| {
        let decided = Done {
            step: "decide".into(),
            state: "proposed".into(),
            person: PersonId("per_d".into()),
            org: provider.id.clone(),
            group: None,
            decision: Decision::Approve,
            at: T0.plus_days(at),
            documents: BTreeMap::new(),
        };
        let mut case = w.case(procedure, "ordered", &provider.id, vec![decided]).await;
        case.object = object.clone();
        w.put(&case).await;
        case.id
    };
    let state = async |id: &CaseId| w.app.store.get::<Case>(id.as_str()).await.unwrap().unwrap().state;
    let (first, second) = (ordered("sealing", 1).await, ordered("unsealing", 2).await);
    w.shift.store(3 * model::time::DAY_MS, Ordering::SeqCst);
    let done = |keys: &str| (ResourceId::from("res_1"), vec![keys.to_owned()]);
    let (resource, keys) = done("kek-1");
    w.report(1, &first, ReportOutcome::ResourceSealed { resource, keys }).await;
    timers::tick(&w.app).await.unwrap();
    assert_eq!((state(&first).await.as_str(), state(&second).await.as_str()), ("closed", "ordered"));
    let third = ordered("sealing", 4).await;
    let (resource, keys) = done("kek-1");
    w.report(2, &third, ReportOutcome::ResourceSealed { resource, keys }).await;
    timers::tick(&w.app).await.unwrap();
    assert_eq!((state(&third).await.as_str(), state(&second).await.as_str()), ("closed", "overtaken"));
    for name in ["withdrawal", "sealing", "unsealing"] {
        let procedure = w.app.pack.procedure(name).unwrap();
        let ends = |from: &str| procedure.steps_from(from).any(|s| s.name == "close" && !s.by.is_empty());
        assert!(ends("proposed") && ends("returned"), "{name}");
    }
}
