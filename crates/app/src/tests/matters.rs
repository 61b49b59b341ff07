//! Matters: what they must name, who may begin one, and who sees it before and after it was handed in.

use super::*;
use crate::cases;
use crate::timers::Overdue;
use model::object::AuthorisationMode;
use model::procedure::Facts;
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
            term_months: 24,
            from: T0,
            until: T0.plus_days(730),
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

    /// Somebody of an organisation who may read the log.
    fn reads_log(&self, org: &Organisation) -> Actor {
        Actor { roles: vec![PersonRole::AuditAdmin], ..self.person(org) }
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
        (json!({ "title": "公告\u{202e}cod.exe", "resource": "res_1" }), "bad-title", "object.title"),
        (json!({ "title": "x", "resource": "r".repeat(100_000) }), "unknown-id", "object.resource"),
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

/// The attack: the market regulator takes the steps in a complaint about itself; the authority waits until a complaint about itself
/// is overdue and told to it; whoever may read the log exports the complainant's history.
#[tokio::test]
async fn nobody_comes_by_an_office_to_a_complaint_about_themselves() {
    let t = Town::lay().await;
    let person = model::party::Person {
        id: PersonId("per_known".into()),
        org: t.provider.id.clone(),
        account: "known".into(),
        roles: vec![PersonRole::Approver],
        key: None,
        created_at: T0,
    };
    t.w.put(&person).await;
    for (named, other) in [(&t.market, &t.authority), (&t.authority, &t.market)] {
        let about = json!({ "title": "x", "organisation": named.id });
        let complaint = t.open(&t.provider, "complaint", about).await.unwrap();
        let id = t.moved(&complaint, "filed").await;
        assert!(!t.sees(named, &id).await && t.sees(other, &id).await, "{}", named.zh);
        let mut tx = t.w.app.store.begin().await.unwrap();
        let mut case: Case = tx.get_for_update(id.as_str()).await.unwrap().unwrap();
        for (org, able) in [(named, false), (other, true)] {
            let steps = model::procedure::steps_for(&t.w.app.pack, &case, &t.person(org).as_model(), &Facts::default());
            assert_eq!(!steps.is_empty(), able, "{} judges {}", org.zh, named.zh);
        }
        // Told that it is overdue, the authority still does not come to read about itself.
        let told = Overdue {
            step: "accept".into(),
            entered_at: case.entered_at,
            since: T0,
            told_at: T0,
            escalated_to: vec!["data_authority".into(), "market_regulator".into()],
        };
        case.data.insert(crate::timers::OVERDUE.to_owned(), json!([told]));
        tx.put(&case).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!t.sees(named, &id).await && t.sees(other, &id).await, "{}", named.zh);
        // Nor by what the complainant did.
        for (org, hides) in [(named, true), (other, false)] {
            let kind = crate::evidence::About::QueryHistory;
            let shown = views::check_evidence(&t.w.app, &t.reads_log(org), kind, "per_known").await.unwrap();
            assert_eq!(!shown.unwrap().contains(&id), hides, "{} asks about {}", org.zh, named.zh);
        }
    }
}

/// Nor through an affiliate: the group of the organisation that is named counts.
#[tokio::test]
async fn an_affiliate_of_whom_a_complaint_names_does_not_judge() {
    let t = Town::lay().await;
    let in_group = async |zh: &str, role: OrgRole| {
        let mut tx = t.w.app.store.begin().await.unwrap();
        let new = parties::NewOrganisation {
            zh: zh.into(),
            en: zh.into(),
            uscc: None,
            legal_form: LegalForm::LegalPerson,
            roles: vec![role],
            group: Some("one group".into()),
        };
        let org = parties::create_organisation(&mut tx, new, T0).await.unwrap();
        tx.commit().await.unwrap();
        org
    };
    let named = in_group("集团公司", OrgRole::DataConsumer).await;
    let affiliate = in_group("集团内监管机构", OrgRole::MarketRegulator).await;
    let complaint = t.open(&t.provider, "complaint", json!({ "title": "x", "organisation": named.id })).await.unwrap();
    let id = t.moved(&complaint, "filed").await;
    let mut tx = t.w.app.store.begin().await.unwrap();
    let case: Case = tx.get_for_update(id.as_str()).await.unwrap().unwrap();
    let procedure = t.w.app.pack.procedure("complaint").unwrap();
    let facts = crate::facts::load(&t.w.app.pack, &mut tx, procedure, &case).await.unwrap();
    tx.undo().await.unwrap();
    for (org, able) in [(&affiliate, false), (&t.market, true)] {
        let who = Actor { group: org.group.clone(), ..t.person(org) };
        let steps = model::procedure::steps_for(&t.w.app.pack, &case, &who.as_model(), &facts);
        assert_eq!(!steps.is_empty(), able, "{}", org.zh);
    }
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

impl Town {
    async fn due(&self, org: &Organisation) -> Vec<Value> {
        let seen = crate::due::list(&self.w.app, &self.person(org)).await.unwrap();
        seen["due"].as_array().unwrap().clone()
    }

    fn later(&self, days: i64) {
        self.w.shift.store(days * 86_400_000, Ordering::SeqCst);
    }

    async fn reminders(&self) -> Vec<(String, String)> {
        crate::due::remind(&self.w.app).await.unwrap();
        let rows = sequence(&self.w.app.store, 1_000).await.unwrap();
        let leaves = rows.iter().map(|(_, bytes)| audit::Leaf::decode(bytes).unwrap());
        let told = leaves.filter(|l| l.kind == "matter_due" || l.kind == "matter_overdue");
        told.map(|l| (l.kind, l.refs["procedure"].clone())).collect()
    }
}

#[tokio::test]
async fn a_recurring_matter_is_told_once_when_it_is_due_and_when_it_is_late() {
    let t = Town::lay().await;
    // Wuxi: evaluations of authorisations (WX-29.1), drills of providers (WX-26.1).
    let seen = t.due(&t.authority).await;
    let names: Vec<&str> = seen.iter().map(|d| d["procedure"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "{seen:?}");
    let evaluation = seen.iter().find(|d| d["procedure"] == "evaluation").unwrap();
    assert_eq!((&evaluation["authorisation"], &evaluation["rule"]), (&json!("auth_1"), &json!("WX-29.1")));
    assert_eq!((&evaluation["standing"], &evaluation["can_begin"]), (&json!("later"), &json!(true)));
    assert_eq!(evaluation["due_at"], json!(T0.end_of_months(12)));
    // The operator sees its own and begins none; the provider begins its own drill; others see nothing.
    let own = t.due(&t.operator).await;
    assert_eq!((own.len(), &own[0]["procedure"], &own[0]["can_begin"]), (1, &json!("evaluation"), &json!(false)));
    let own = t.due(&t.provider).await;
    assert_eq!((own.len(), &own[0]["procedure"], &own[0]["can_begin"]), (1, &json!("drill"), &json!(true)));
    assert!(t.due(&t.w.org("别的单位", OrgRole::DataConsumer).await).await.is_empty());

    assert!(t.reminders().await.is_empty(), "there is time");
    t.later(340);
    let both = |kind: &str| vec![(kind.to_owned(), "drill".to_owned()), (kind.to_owned(), "evaluation".to_owned())];
    let mut told = t.reminders().await;
    told.sort();
    assert_eq!(told, both("matter_due"));
    assert!(t.reminders().await.is_empty(), "once");
    t.later(370);
    let mut told = t.reminders().await;
    told.sort();
    assert_eq!(told, both("matter_overdue"), "and once more when it is late");
    assert!(t.reminders().await.is_empty());
    assert!(t.due(&t.authority).await.iter().all(|d| d["standing"] == "overdue"));

    // One that was begun is under way; a draft is not. Done, it is due a year later.
    let drill = t.open(&t.provider, "drill", json!({ "title": "演练" })).await.unwrap();
    assert_eq!(t.due(&t.provider).await[0]["under_way"], Value::Null);
    let id = t.moved(&drill, "recorded").await;
    assert_eq!(t.due(&t.provider).await[0]["under_way"], json!(id));
    t.moved(&drill, "returned").await;
    assert_eq!(t.due(&t.provider).await[0]["standing"], "overdue", "sent back is not done");
    t.moved(&drill, "noted").await;
    let done = &t.due(&t.provider).await[0];
    assert_eq!((&done["standing"], &done["last"]), (&json!("later"), &json!(id)));
    // One whose term is over is evaluated no more, nor one that was ended.
    t.later(731);
    assert!(t.due(&t.operator).await.is_empty(), "expired");
    t.later(370);
    assert_eq!(t.due(&t.operator).await.len(), 1);
    let ended = Authorisation { state: AuthorisationState::Terminated, ..t.authorisation() };
    let mut tx = t.w.app.store.begin().await.unwrap();
    let _: Authorisation = tx.get_for_update("auth_1").await.unwrap().unwrap();
    tx.put(&ended).await.unwrap();
    tx.commit().await.unwrap();
    assert!(t.due(&t.operator).await.is_empty());
}
