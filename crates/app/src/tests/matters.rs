//! Matters: what they must name, who may begin one, and who sees it before and after it was handed in.

use super::*;
use crate::cases;
use model::object::AuthorisationMode;
use model::record::{Authorisation, AuthorisationState, Grade, Resource, ResourceState};
use serde_json::{Value, json};

struct Town {
    w: World,
    operator: Organisation,
    provider: Organisation,
    market: Organisation,
    authority: Organisation,
}

impl Town {
    async fn lay() -> Self {
        let w = world().await;
        let operator = w.org("运营单位", OrgRole::Operator).await;
        let provider = w.org("提供单位", OrgRole::DataProvider).await;
        let market = w.org("市场监管部门", OrgRole::MarketRegulator).await;
        let authority = w.org("数据主管部门", OrgRole::DataAuthority).await;
        let town = Self { w, operator, provider, market, authority };
        town.w.put(&town.resource()).await;
        town.w.put(&town.authorisation()).await;
        town
    }

    fn resource(&self) -> Resource {
        let spec = model::order::ResourceSpec {
            resource: "res_1".into(),
            table: "t".into(),
            provider: self.provider.id.clone(),
            contract: "id: t\n".into(),
            contract_digest: model::Digest("d".into()),
            replaces: None,
        };
        Resource {
            id: "res_1".into(),
            spec,
            provider: self.provider.id.clone(),
            supervisor: None,
            sharing_consent: None,
            grade: Grade::General,
            excluded: false,
            state: ResourceState::Catalogued,
            case: "case_r".into(),
            at: T0,
        }
    }

    fn authorisation(&self) -> Authorisation {
        Authorisation {
            id: "auth_1".into(),
            authoriser: self.authority.id.clone(),
            operator: self.operator.id.clone(),
            uscc: String::new(),
            mode: AuthorisationMode::Overall,
            resources: BTreeMap::new(),
            term_months: 12,
            from: T0,
            until: T0.plus_days(365),
            state: AuthorisationState::Active,
            pack: String::new(),
            case: "case_a".into(),
            renewal_of: None,
        }
    }

    fn person(&self, org: &Organisation) -> Actor {
        actor(&format!("per_{}", &org.id.as_str()[4..]), org, &[PersonRole::Approver])
    }

    async fn open(&self, by: &Organisation, procedure: &str, object: Value) -> AppResult<Value> {
        cases::open(&self.w.app, &self.person(by), procedure, object, None).await
    }

    /// The case, put into a state as if it had come that far.
    async fn moved(&self, opened: &Value, state: &str) -> CaseId {
        let id = CaseId(opened["id"].as_str().unwrap().to_owned());
        let mut tx = self.w.app.store.begin().await.unwrap();
        let mut case: Case = tx.get_for_update(id.as_str()).await.unwrap().unwrap();
        case.state = state.into();
        tx.put(&case).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn sees(&self, org: &Organisation, id: &CaseId) -> bool {
        views::case(&self.w.app, &self.person(org), id).await.is_ok()
    }
}

fn usage(answer: AppResult<Value>) -> (&'static str, String) {
    match answer.unwrap_err() {
        AppError::Usage { code, at, .. } => (code, at),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_matter_names_what_its_procedure_asks_for_and_the_platform_whose_it_is() {
    let t = Town::lay().await;
    let case = t.open(&t.operator, "objection", json!({ "title": " 缺项 ", "resource": "res_1" })).await.unwrap();
    let object = &case["object"];
    assert_eq!((&object["title"], &object["provider"]), (&json!("缺项"), &json!(t.provider.id)));
    assert_eq!((&object["authorisation"], &object["organisation"]), (&Value::Null, &Value::Null));
    for (object, code, at) in [
        (json!({ "title": "x" }), "nothing-named", "object.resource"),
        (json!({ "title": "x", "resource": "res_0" }), "unknown-id", "object.resource"),
        (json!({ "title": "x", "resource": 7 }), "unknown-id", "object.resource"),
        (json!({ "resource": "res_1" }), "bad-title", "object.title"),
        (json!({ "title": "x\ny", "resource": "res_1" }), "bad-title", "object.title"),
        (json!({ "title": "长".repeat(121), "resource": "res_1" }), "bad-title", "object.title"),
        (
            json!({ "title": "x", "resource": "res_1", "organisation": t.market.id }),
            "named-too-much",
            "object.organisation",
        ),
    ] {
        assert_eq!(usage(t.open(&t.operator, "objection", object.clone()).await), (code, at.to_owned()), "{object}");
    }
    // Whose it is nobody else says.
    let lied = json!({ "title": "x", "resource": "res_1", "provider": t.market.id, "operator": t.market.id });
    let case = t.open(&t.operator, "objection", lied).await.unwrap();
    assert_eq!((&case["object"]["provider"], &case["object"]["operator"]), (&json!(t.provider.id), &Value::Null));
    let report = t.open(&t.provider, "irregularity", json!({ "title": "x", "authorisation": "auth_1" })).await.unwrap();
    assert_eq!(report["object"]["operator"], json!(t.operator.id));
}

#[tokio::test]
async fn only_those_whom_the_pack_names_begin_a_matter() {
    let t = Town::lay().await;
    let object = || json!({ "title": "x", "resource": "res_1" });
    let AppError::Refused(refusal) = t.open(&t.market, "objection", object()).await.unwrap_err() else { panic!() };
    assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("wrong-role", "WX-13.1"));
    assert!(refusal.zh.contains("运营单位") && refusal.en.contains("is begun by"), "{refusal:?}");
    assert!(t.open(&t.operator, "objection", object()).await.is_ok());
    let credit = json!({ "title": "x", "organisation": t.operator.id });
    assert!(t.open(&t.operator, "credit_record", credit.clone()).await.is_err());
    assert!(t.open(&t.market, "credit_record", credit).await.is_ok());
    // Anybody may complain.
    let complaint = json!({ "title": "x", "organisation": t.operator.id });
    assert!(t.open(&t.provider, "complaint", complaint).await.is_ok());
}

#[tokio::test]
async fn nobody_sees_a_matter_before_it_is_handed_in_and_whom_a_complaint_names_not_before_it_is_decided() {
    let t = Town::lay().await;
    let about = json!({ "title": "x", "organisation": t.operator.id });
    let complaint = t.open(&t.provider, "complaint", about.clone()).await.unwrap();
    let id = CaseId(complaint["id"].as_str().unwrap().to_owned());
    for (org, sees) in [(&t.provider, true), (&t.operator, false), (&t.market, false), (&t.authority, false)] {
        assert_eq!(t.sees(org, &id).await, sees, "a draft: {}", org.zh);
    }
    t.moved(&complaint, "investigating").await;
    for (org, sees) in [(&t.provider, true), (&t.operator, false), (&t.market, true)] {
        assert_eq!(t.sees(org, &id).await, sees, "confidential: {}", org.zh);
    }
    let operator = t.person(&t.operator);
    let evidence = views::check_evidence(&t.w.app, &operator, crate::evidence::About::Decision, id.as_str());
    assert!(evidence.await.is_err(), "nor its evidence");
    // A credit record is heard by whom it names.
    let credit = t.open(&t.market, "credit_record", about).await.unwrap();
    let id = CaseId(credit["id"].as_str().unwrap().to_owned());
    assert!(!t.sees(&t.operator, &id).await, "a draft");
    t.moved(&credit, "proposed").await;
    assert!(t.sees(&t.operator, &id).await);
    assert!(!t.sees(&t.provider, &id).await);
}

/// Who oversees is no judge in a matter about itself.
#[tokio::test]
async fn an_authority_does_not_read_a_complaint_about_itself() {
    let t = Town::lay().await;
    let about = json!({ "title": "x", "organisation": t.authority.id });
    let complaint = t.open(&t.provider, "complaint", about).await.unwrap();
    let id = t.moved(&complaint, "investigating").await;
    for (org, sees) in [(&t.provider, true), (&t.authority, false), (&t.market, true)] {
        assert_eq!(t.sees(org, &id).await, sees, "{}", org.zh);
    }
    let other = json!({ "title": "x", "organisation": t.operator.id });
    let id = t.moved(&t.open(&t.provider, "complaint", other).await.unwrap(), "investigating").await;
    assert!(t.sees(&t.authority, &id).await);
}

/// SY-20.1, CC-26.2: the last evaluation counts.
#[tokio::test]
async fn a_failed_evaluation_is_no_ground_once_a_later_one_was_passed() {
    let t = Town::lay().await;
    let city = Pack::load(&["product", "national", "shenyang"].map(layer)).unwrap();
    let termination = city.procedure("termination").unwrap().clone();
    let mut seen = Vec::new();
    for (day, state) in [(1, "unqualified"), (2, "qualified"), (3, "assessment"), (4, "unqualified")] {
        let object = json!({ "title": "x", "authorisation": "auth_1" });
        let id = t.moved(&t.open(&t.authority, "evaluation", object).await.unwrap(), state).await;
        let mut tx = t.w.app.store.begin().await.unwrap();
        let mut case: Case = tx.get_for_update(id.as_str()).await.unwrap().unwrap();
        case.entered_at = T0.plus_days(day);
        tx.put(&case).await.unwrap();
        seen.push(crate::matters::outcomes(&city, &mut tx, &termination, "auth_1").await.unwrap());
        tx.commit().await.unwrap();
    }
    let failed = |n: usize| seen[n].contains("evaluation.unqualified");
    assert_eq!([0, 1, 2, 3].map(failed), [true, false, false, true], "{seen:?}");
}
