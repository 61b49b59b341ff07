//! A resource is sealed, unsealed and withdrawn: what the case says, and what the zone's report makes of it.

use super::refused::resource;
use super::*;
use crate::{cases, reports, timers};
use model::Digest;
use model::Signed;
use model::ids::ResourceId;
use model::order::{DestroyedObjects, ReportOutcome, ZoneReport};
use model::record::{Resource, ResourceCertificate, ResourceDeed, ResourceState};
use serde_json::json;

impl World {
    async fn report(&self, seq: u64, case: &CaseId, outcome: ReportOutcome) {
        let body = ZoneReport {
            v: 1,
            deployment: "dep-a".into(),
            seq,
            case: Some(case.clone()),
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
    for (n, (procedure, ground, outcome)) in table.into_iter().enumerate() {
        // Whoever opens it says what and why; provider and article are the platform's to say.
        let asked = json!({"resource": "res_1", "ground": ground, "provider": "org_x", "article": "99"});
        let opened = cases::open(&w.app, &who, procedure, asked, None).await.unwrap();
        assert_eq!(opened["object"]["provider"], json!(provider.id), "{opened}");
        assert_eq!(opened["object"]["article"], "", "the product's rule has no article");
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
    let asked = json!({"resource": "res_1", "ground": "provider_withdraws"});
    let again = cases::open(&w.app, &who, "withdrawal", asked, None).await.unwrap();
    assert_eq!(again["object"]["resource"], "res_1");
    let unknown = json!({"resource": "res_9", "ground": "provider_withdraws"});
    assert_eq!(code(cases::open(&w.app, &who, "withdrawal", unknown, None).await), "unknown-id");
}
