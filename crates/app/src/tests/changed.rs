//! A change of a catalogue entry: it names what it replaces, shows it to the reviewer, and is undone where the zone refuses.

use super::*;
use crate::{cases, effects, reports};
use model::case::Outcome;
use model::ids::WorkOrderId;
use model::order::{ReportOutcome, ZoneReport};
use model::procedure::StepEffect;
use model::record::{Resource, ResourceState};
use model::{Refusal, Signed};
use serde_json::{Value, json};

const OLD: &str =
    "id: visits\nversion: 1.0.0\nschema: [{name: visits, properties: [{name: a, logicalType: string}]}]\n";
const NEW: &str =
    "id: visits\nversion: 1.1.0\nschema: [{name: visits, properties: [{name: a, logicalType: string}]}]\n";

/// A provider's officer opens a case on an entry.
async fn opened(w: &World, who: &Actor, object: Value) -> AppResult<Value> {
    cases::open(&w.app, who, "catalogue", object, None).await
}

/// The review of a case is complete.
async fn reviewed(w: &World, who: &Actor, id: &str) -> AppResult<()> {
    let mut tx = w.app.store.begin().await?;
    let mut case: Case = tx.get_for_update(id).await?.unwrap();
    case.history.push(Done {
        step: "submit".into(),
        state: "draft".into(),
        person: who.person.clone(),
        org: who.org.clone(),
        group: None,
        decision: Decision::Approve,
        at: w.app.now(),
        documents: [(
            "classification".to_owned(),
            json!({ "grade": "general", "category": id, "state_secret": false,
            "forbidden_to_open": false }),
        )]
        .into(),
    });
    tx.put(&case).await?;
    let outcome = Outcome {
        case,
        complete: true,
        effects: vec![StepEffect::CatalogueResource],
        rule: String::new(),
        article: String::new(),
        warnings: Vec::new(),
    };
    match effects::apply_all(&w.app, &mut tx, who, &outcome, w.app.now()).await {
        Ok(_) => Ok(tx.commit().await?),
        Err(e) => {
            tx.undo().await?;
            Err(e)
        }
    }
}

async fn entry(w: &World, id: &str) -> Resource {
    w.app.store.get(id).await.unwrap().unwrap()
}

/// The zone says no to the order of a case.
async fn refused_by_zone(w: &World, seq: u64, case: &str) {
    let refusal = Refusal::new("contract-breaks-records", "ZONE-ORDER-16", "", "否", "no");
    answered(w, seq, case, ReportOutcome::Refused { refusal }).await;
}

/// The zone answers the order of a case.
async fn answered(w: &World, seq: u64, case: &str, outcome: ReportOutcome) {
    let body = ZoneReport {
        v: 1,
        deployment: "dep-a".into(),
        seq,
        order: Some(WorkOrderId(format!("wo_{seq}"))),
        case: Some(CaseId(case.into())),
        case_head: None,
        zone_head: None,
        at: w.app.now(),
        outcome,
    };
    reports::take(&w.app, Signed { key: "k".into(), signature: "s".into(), body }).await.unwrap();
}

fn id_of(view: &Value, member: &str) -> String {
    view[member].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_change_shows_what_it_changes_and_only_one_of_two_is_taken() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let officer = actor("per_0000000000000001", &provider, &[PersonRole::Officer]);
    let other = w.org("另一数源", OrgRole::DataProvider).await;
    let stranger = actor("per_0000000000000002", &other, &[PersonRole::Officer]);
    let first = opened(&w, &officer, json!({ "table": "visits", "contract": OLD })).await.unwrap();
    assert_eq!(first["object"]["replaces"], Value::Null);
    reviewed(&w, &officer, &id_of(&first, "id")).await.unwrap();
    let id = id_of(&first["object"], "resource");

    let early = opened(&w, &officer, json!({ "resource": id, "contract": NEW })).await.unwrap();
    assert_eq!(
        code(reviewed(&w, &officer, &id_of(&early, "id")).await),
        "entry-unanswered",
        "the zone has not said yes"
    );
    answered(&w, 1, &id_of(&first, "id"), ReportOutcome::Applied).await;
    let change = json!({ "resource": id, "table": "renamed", "contract": NEW, "replaces": "sha256:0" });
    assert_eq!(code(opened(&w, &stranger, change.clone()).await), "unknown-id", "an entry of another provider");
    assert_eq!(code(opened(&w, &officer, json!({ "resource": "res_9", "contract": NEW })).await), "unknown-id");
    let (one, two) = (opened(&w, &officer, change.clone()).await.unwrap(), opened(&w, &officer, change).await.unwrap());
    let old = entry(&w, &id).await;
    assert_eq!(
        one["object"]["replaces"],
        json!(old.spec.contract_digest),
        "what is replaced is not the caller's to say"
    );
    assert_eq!(one["object"]["table"], "visits");
    let seen = views::case(&w.app, &officer, &CaseId(id_of(&one, "id"))).await.unwrap();
    assert_eq!(seen["before"]["object"]["contract"], OLD);
    assert_eq!(seen["before"]["documents"]["classification"]["category"], first["id"]);
    reviewed(&w, &officer, &id_of(&one, "id")).await.unwrap();
    assert_eq!(code(reviewed(&w, &officer, &id_of(&two, "id")).await), "entry-changed");
    assert_eq!(entry(&w, &id).await.spec.contract, NEW);
    // The review of the first still shows what it changed, and the entry names both cases.
    let seen = views::case(&w.app, &officer, &CaseId(id_of(&one, "id"))).await.unwrap();
    assert_eq!(seen["before"]["object"]["contract"], OLD);
    let shown = views::resource(&w.app, &officer, &id).await.unwrap();
    assert_eq!(shown["versions"].as_array().unwrap().len(), 2);
    assert_eq!(shown["versions"][1]["case"], first["id"]);
    let outside = views::resource(&w.app, &stranger, &id).await.unwrap();
    assert_eq!(outside["versions"], Value::Null, "how it came about is for its provider and those that oversee");
}

#[tokio::test]
async fn the_catalogue_says_what_the_zone_holds() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let officer = actor("per_0000000000000001", &provider, &[PersonRole::Officer]);
    let first = opened(&w, &officer, json!({ "table": "visits", "contract": OLD })).await.unwrap();
    reviewed(&w, &officer, &id_of(&first, "id")).await.unwrap();
    answered(&w, 1, &id_of(&first, "id"), ReportOutcome::Applied).await;
    let id = id_of(&first["object"], "resource");
    let change = opened(&w, &officer, json!({ "resource": id, "contract": NEW })).await.unwrap();
    reviewed(&w, &officer, &id_of(&change, "id")).await.unwrap();
    refused_by_zone(&w, 2, &id_of(&change, "id")).await;
    let back = entry(&w, &id).await;
    assert_eq!((back.spec.contract.as_str(), back.state), (OLD, ResourceState::Catalogued));
    refused_by_zone(&w, 3, &id_of(&first, "id")).await;
    assert_eq!(entry(&w, &id).await.state, ResourceState::Withdrawn, "the zone holds no such entry");
    let again = opened(&w, &officer, json!({ "resource": id, "contract": NEW })).await;
    assert_eq!(code(again), "unknown-id", "what is not in the catalogue is not changed");
    let sealed = Resource { state: ResourceState::Sealed, ..entry(&w, &id).await };
    w.put(&sealed).await;
    let again = opened(&w, &officer, json!({ "resource": id, "contract": NEW })).await;
    assert_eq!(code(again), "resource-sealed", "what is sealed is not changed, and it is said why");
}

#[tokio::test]
async fn what_is_no_contract_is_refused_before_anybody_decides() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let officer = actor("per_0000000000000001", &provider, &[PersonRole::Officer]);
    let long = format!("{OLD}# {}\n", "x".repeat(600_000));
    let bomb = format!("a: &a [{}]\nb: [*a, *a]\n", "x,".repeat(1000));
    for bad in [
        "",
        "{{{",
        "schema: []",
        "a: 1",
        &"[".repeat(100_000),
        &bomb,
        &long,
        &OLD.replace("name: visits", "name: other"),
    ] {
        let asked = opened(&w, &officer, json!({ "table": "visits", "contract": bad })).await;
        assert_eq!(code(asked), "bad-contract", "{bad:.40}");
    }
    assert_eq!(code(opened(&w, &officer, json!({ "table": "visits", "contract": OLD })).await), "ok");
}

/// An entry that was changed and changed back is another version: what was opened on the first is not taken on the third.
#[tokio::test]
async fn a_version_is_not_known_by_its_text_alone() {
    let w = world().await;
    let provider = w.org("数源", OrgRole::DataProvider).await;
    let officer = actor("per_0000000000000001", &provider, &[PersonRole::Officer]);
    let first = opened(&w, &officer, json!({ "table": "visits", "contract": OLD })).await.unwrap();
    let id = id_of(&first["object"], "resource");
    reviewed(&w, &officer, &id_of(&first, "id")).await.unwrap();
    answered(&w, 1, &id_of(&first, "id"), ReportOutcome::Applied).await;
    let stale = opened(&w, &officer, json!({ "resource": id, "contract": NEW })).await.unwrap();
    for (seq, text) in [(2, NEW), (3, OLD)] {
        let change = opened(&w, &officer, json!({ "resource": id, "contract": text })).await.unwrap();
        reviewed(&w, &officer, &id_of(&change, "id")).await.unwrap();
        answered(&w, seq, &id_of(&change, "id"), ReportOutcome::Applied).await;
    }
    assert_eq!(code(reviewed(&w, &officer, &id_of(&stale, "id")).await), "entry-changed");
}
