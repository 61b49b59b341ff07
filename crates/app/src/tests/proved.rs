//! What the policies may never permit: proved for every request, refuted for policies that are broken on purpose, and asked
//! in the funnel where a pack's procedure checks too little.

use super::refused::authorisation;
use super::*;
use crate::cases;
use crate::funnel::Command;
use crate::policy::{Policies, Texts, Thing};
use crate::prove::{Counterexample, Verdict, prove, prove_texts};
use model::record::AuthorisationState;

const CITIES: [&str; 5] = ["changchun", "jilin", "jinan", "shenyang", "wuxi"];

fn wuxi() -> Pack {
    Pack::load(&["product", "national", "wuxi"].map(layer)).unwrap()
}

#[tokio::test]
async fn every_property_holds_in_each_city() {
    for city in CITIES {
        let pack = Pack::load(&["product", "national", city].map(layer)).unwrap();
        let proved = prove(&pack).await.unwrap();
        assert_eq!(proved.len(), 7, "{city}");
        for property in proved {
            assert_eq!(property.verdict, Verdict::Holds, "{city} {}", property.id);
            assert!(!property.zh.is_empty() && !property.rule.is_empty(), "{property:?}");
        }
    }
}

/// Counterexamples of one property over texts.
async fn against(id: &str, texts: &Texts) -> Vec<Counterexample> {
    let mut proved = prove_texts(texts, Some(id), |_| String::new()).await.unwrap();
    match proved.remove(0).verdict {
        Verdict::Counterexample { found } => found,
        other => panic!("{id}: {other:?}"),
    }
}

/// The product's own policies with something else in the place of a text that must be there.
fn product(from: &str, to: &str) -> Texts {
    let mut texts = Texts::of(&wuxi());
    assert!(texts.base.contains(from), "{from}");
    texts.base = texts.base.replace(from, to);
    texts
}

fn city(policy: &str) -> Texts {
    Texts { city: policy.to_owned(), ..Texts::of(&wuxi()) }
}

fn actions(found: &[Counterexample]) -> Vec<&str> {
    found.iter().map(|c| c.action.as_str()).collect()
}

#[tokio::test]
async fn a_raw_record_is_found_out() {
    let read = "@id(\"look\") permit (principal, action == Action::\"read_raw_record\", resource) \
                when { principal.roles.contains(\"engineer\") };";
    let found = against("no-raw-record", &city(read)).await;
    assert_eq!(actions(&found), ["read_raw_record"]);
    assert_eq!(
        (&found[0].policies, &found[0].person["roles"]),
        (&vec!["look".to_owned()], &serde_json::json!(["engineer"]))
    );
    assert!(found[0].en.contains("policy look permits read_raw_record") && found[0].zh.contains("策略 look"));
}

#[tokio::test]
async fn a_review_of_own_work_is_found_out() {
    let only_approvals = product(
        "[Action::\"approve_step\", Action::\"reject_step\"], resource)\nwhen {\n",
        "[Action::\"approve_step\"], resource)\nwhen {\n",
    );
    let found = against("no-review-of-own-work", &only_approvals).await;
    assert_eq!(actions(&found), ["reject_step"]);
    assert_eq!(found[0].thing["review"], true);
    assert!(found[0].thing["authors"].as_array().unwrap().contains(&found[0].person["id"]), "{found:?}");
}

#[tokio::test]
async fn a_job_without_a_grant_is_found_out() {
    let no_grant = product(" && resource has grant && resource.grant == \"open\"", "");
    let found = against("no-job-without-authorisation-and-grant", &no_grant).await;
    assert_eq!(actions(&found), ["open_case", "approve_step"]);
    for one in found {
        assert_eq!((&one.thing["object"], &one.thing["authorisation"]), (&"job".into(), &"active".into()), "{one:?}");
        assert_ne!(one.thing.get("grant"), Some(&"open".into()));
    }
}

#[tokio::test]
async fn work_under_suspension_is_found_out() {
    let opening_only = product(
        "action in [Action::\"open_case\", Action::\"approve_step\"], resource)\nwhen { resource has authorisation",
        "action == Action::\"open_case\", resource)\nwhen { resource has authorisation",
    );
    let found = against("suspended-permits-rectification-only", &opening_only).await;
    assert_eq!(actions(&found), ["approve_step"]);
    assert_eq!(found[0].thing["authorisation"], "suspended");
    assert_ne!(found[0].thing.get("mends"), Some(&true.into()));
}

#[tokio::test]
async fn administrators_that_overlap_are_found_out() {
    let log = "@id(\"too\") permit (principal, action == Action::\"read_log\", resource) \
               when { principal.roles.contains(\"system_admin\") && principal.org_roles.contains(\"operator\") };";
    let found = against("administrators-never-overlap", &city(log)).await;
    assert_eq!(actions(&found), ["read_log", "read_log"]);
    let roles: Vec<_> = found.iter().map(|c| c.person["roles"].to_string()).collect();
    assert_eq!(roles, ["[\"system_admin\"]", "[\"audit_admin\"]"]);
}

#[tokio::test]
async fn a_city_that_permits_more_is_found_out() {
    let open = "@id(\"wider\") permit (principal, action == Action::\"open_batch\", resource) \
                when { principal.org_roles.contains(\"operator\") && principal.roles.contains(\"officer\") };";
    let found = against("city-within-the-national-pack", &city(open)).await;
    assert_eq!(actions(&found), ["open_batch"]);
    assert_eq!(found[0].policies, ["wider"]);
    // What a city forbids besides is its own to say.
    let narrower = open.replace("permit (", "forbid (");
    let proved = prove_texts(&city(&narrower), Some("city-within-the-national-pack"), |_| String::new()).await.unwrap();
    assert_eq!(proved[0].verdict, Verdict::Holds);
}

/// Who forbids everything breaks no property; that is told.
#[tokio::test]
async fn what_nobody_may_do_is_found_out() {
    let found =
        against("every-action-is-somebodys", &city("forbid (principal, action == Action::\"read_log\", resource);"))
            .await;
    assert_eq!(actions(&found), ["read_log"]);
    assert_eq!(found[0].en, "nobody may read_log");
    let no_mending = product("unless { resource has mends && resource.mends }", "");
    let found = against("every-action-is-somebodys", &no_mending).await;
    assert_eq!(actions(&found), ["open_case", "approve_step"], "not even its rectification");
}

fn approver() -> Actor {
    let org = Organisation {
        id: OrgId("org_a".into()),
        zh: "甲".into(),
        en: "A".into(),
        uscc: None,
        legal_form: LegalForm::LegalPerson,
        roles: vec![OrgRole::DataAuthority],
        group: None,
        created_at: T0,
    };
    actor("per_a", &org, &[PersonRole::Approver])
}

/// The same three by a question to the policies, with the words of the refusal.
#[test]
fn a_forbid_says_why() {
    let policies = Policies::compile(&wuxi()).unwrap();
    let ask = |verb: &str, thing: Thing| match policies.permit(&approver(), &Command::plain(verb).with(thing)) {
        Ok(()) => "ok".to_owned(),
        Err(refusal) => {
            assert!(!refusal.zh.is_empty() && refusal.code == "not-permitted", "{refusal:?}");
            refusal.rule
        }
    };
    let own =
        |person: &str| Thing { authors: Some([person.to_owned()].into()), review: Some(true), ..Thing::default() };
    assert_eq!(ask("approve_step", own("per_a")), "PRODUCT-SEPARATION");
    assert_eq!(ask("reject_step", own("per_a")), "PRODUCT-SEPARATION");
    assert_eq!(ask("approve_step", own("per_b")), "ok");
    assert_eq!(ask("approve_step", Thing { review: Some(false), ..own("per_a") }), "ok");
    let word = |w: &str| Some(w.to_owned()).filter(|w| !w.is_empty());
    let job = |authorisation: &str, grant: &str| Thing {
        object: word("job"),
        authorisation: word(authorisation),
        grant: word(grant),
        mends: Some(false),
        ..Thing::default()
    };
    assert_eq!(ask("open_case", job("active", "open")), "ok");
    for (authorisation, grant) in [("", "open"), ("active", ""), ("active", "closed"), ("expired", "open")] {
        assert_eq!(ask("open_case", job(authorisation, grant)), "PRODUCT-JOB");
        assert_eq!(ask("approve_step", job(authorisation, grant)), "PRODUCT-JOB");
        assert_eq!(ask("reject_step", job(authorisation, grant)), "ok");
    }
    let other = |mends| Thing { object: word("scenario"), mends: Some(mends), ..job("suspended", "") };
    assert_eq!(ask("open_case", other(false)), "PRODUCT-STOP");
    assert_eq!(ask("open_case", other(true)), "ok");
    assert_eq!(ask("approve_step", other(false)), "PRODUCT-STOP");
}

/// Opens a scenario and a matter in a city whose pack says so, under an authorisation in a state.
async fn opened(pack: Pack, state: AuthorisationState) -> [AppResult<serde_json::Value>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let policies = Policies::compile(&pack).unwrap();
    let (app, shift) = app_under(&folder.path().join("t.db"), folder.path(), Arc::new(pack), policies).await.unwrap();
    let w = World { app, shift, _folder: folder };
    let firm = w.org("运营公司", OrgRole::Operator).await;
    let mut tx = w.app.store.begin().await.unwrap();
    tx.put(&authorisation(&firm, state)).await.unwrap();
    tx.commit().await.unwrap();
    let who = actor("per_00000000000000a1", &firm, &[PersonRole::Approver]);
    let scenario = serde_json::json!({
        "authorisation": "aut_1", "zh": "场景", "en": "A scenario", "purpose": "查询", "use_class": "industry_use",
    });
    let ground = w.app.pack.list("risk_stop.grounds").unwrap()[0].clone();
    let stop = serde_json::json!({ "authorisation": "aut_1", "ground": ground });
    [
        cases::open(&w.app, &who, "scenario", scenario, None).await,
        cases::open(&w.app, &who, "risk_stop", stop, None).await,
    ]
}

fn refusal(result: AppResult<serde_json::Value>) -> (String, String) {
    match result {
        Err(AppError::Refused(r)) => (r.code, r.rule),
        Err(other) => panic!("{other:?}"),
        Ok(_) => ("ok".into(), String::new()),
    }
}

#[tokio::test]
async fn a_suspended_authorisation_opens_nothing_but_its_mending() {
    let ok = ("ok".to_owned(), String::new());
    let [scenario, stop] = opened(wuxi(), AuthorisationState::Active).await.map(refusal);
    assert_eq!((scenario, stop), (ok.clone(), ok.clone()));
    // The procedure's own refusal, where it has one.
    let [scenario, stop] = opened(wuxi(), AuthorisationState::Suspended).await.map(refusal);
    assert_eq!((scenario, stop), (("authorisation-active".into(), "PRODUCT-SCENARIO".into()), ok.clone()));
    // A pack that leaves the guard out changes the words, not the answer.
    let mut chain = ["product", "national", "wuxi"].map(layer);
    let guard = "guards = { authorisation_active = \"PRODUCT-SCENARIO\" }\n";
    let text = chain[0].files["procedures/scenario.toml"].clone();
    assert!(text.contains(guard));
    chain[2].files.insert("procedures/scenario.toml".into(), text.replace(guard, ""));
    let loose = Pack::load(&chain).unwrap();
    let [scenario, stop] = opened(loose, AuthorisationState::Suspended).await.map(refusal);
    assert_eq!((scenario, stop), (("not-permitted".into(), "PRODUCT-STOP".into()), ok));
}
