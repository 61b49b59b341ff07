//! What one city's text says and another's does not.

use super::*;
use model::party::LegalForm;
use model::record::AuthorisationState;

#[test]
fn modes_of_each_city() {
    use AuthorisationMode as M;
    let table = [
        ("changchun", vec![M::Overall, M::Sector]),
        ("jilin", vec![M::Overall, M::Sector, M::Scenario]),
        ("jinan", vec![M::Overall, M::Sector, M::Graded]),
        ("shenyang", vec![M::Overall, M::Sector, M::Scenario]),
        ("wuxi", vec![M::Overall, M::Sector, M::Scenario]),
    ];
    for (city, modes) in table {
        let listed = pack(city).list("authorisation.modes").unwrap().to_vec();
        assert_eq!(listed, modes.iter().map(|m| m.as_str().to_owned()).collect::<Vec<_>>(), "{city}");
    }
    // Silent texts show the national value as inherited, never as their own.
    for city in ["jilin", "shenyang"] {
        assert_eq!(pack(city).param("authorisation.modes").unwrap().status.as_str(), "inherited", "{city}");
    }
}

#[test]
fn terms_of_each_city() {
    // Months, whether refused, whether told: 24 is Wuxi's limit, 36 Shenyang's rule "in general", 60 the nation's "in principle".
    let table = [
        ("wuxi", 24, false, false),
        ("wuxi", 25, true, false),
        ("shenyang", 36, false, false),
        ("shenyang", 37, false, true),
        ("changchun", 60, false, false),
        ("jinan", 60, false, false),
        ("jinan", 61, false, true),
        ("jilin", 60, false, false),
        ("jilin", 61, false, true),
        ("jilin", 0, true, false),
    ];
    for (city, months, refused, told) in table {
        let mut spec = application(city, None);
        spec.term_months = months;
        let way = Way::open(city, "authorisation", &spec, &operator());
        let mut apply = way.approve("apply");
        apply.documents.get_mut("written_application").unwrap()["term_months"] = json!(months);
        match way.judge(&operator(), &apply) {
            Err(refusal) => {
                assert!(refused, "{city} {months}: {refusal}");
                assert_eq!(refusal.code, "term-within-max");
            }
            Ok(outcome) => {
                assert!(!refused, "{city} {months}");
                assert_eq!(outcome.warnings.iter().any(|w| w.code == "term-beyond-general"), told, "{city} {months}");
            }
        }
    }
    // The implementation plan's own term binds in the city that has one.
    let mut way = applied("changchun");
    way.facts.implementation_plan.as_mut().unwrap().spec.term_months = 12;
    assert_eq!(way.refused("apply").code, "plan-in-force");
}

#[test]
fn legal_forms_of_each_city() {
    for city in CITIES {
        let mut spec = application(city, None);
        spec.legal_form = LegalForm::Unincorporated;
        let outcome = Way::open(city, "authorisation", &spec, &operator());
        let judged = outcome.judge(&operator(), &outcome.approve("apply"));
        assert_eq!(judged.is_ok(), city != "changchun", "{city}");
        spec.legal_form = LegalForm::NaturalPerson;
        let way = Way::open(city, "authorisation", &spec, &operator());
        assert_eq!(way.judge(&operator(), &way.approve("apply")).unwrap_err().code, "legal-form-allowed", "{city}");
    }
}

#[test]
fn legal_forms_of_consumers() {
    for (city, natural) in [("changchun", false), ("jilin", false), ("jinan", true), ("shenyang", true)] {
        let mut way = Way::open(city, "consumer_order", &recipient_spec(), &consumer());
        way.facts.consumer_form = Some(LegalForm::NaturalPerson);
        let judged = way.judge(&consumer(), &way.approve("apply"));
        assert_eq!(judged.is_ok(), natural, "{city}");
        way.facts.consumer_form = None;
        assert_eq!(way.refused("apply").code, "consumer-form-allowed", "{city}: unknown is refused");
    }
}

#[test]
fn product_forms_of_each_city() {
    let six = ["component", "model", "verification", "service", "tool", "report"].as_slice();
    for (city, forms) in
        [("jinan", six), ("shenyang", six), ("jilin", &["dataset", "api", "model", "service", "other"])]
    {
        assert_eq!(pack(city).list("product.forms").unwrap(), forms, "{city}");
        let table = pack(city).text("product.table_form").unwrap().to_owned();
        assert!(forms.contains(&table.as_str()), "{city}: a table is delivered under one of the city's names");
    }
    let mut spec = product_spec();
    spec.form = "dataset".into();
    spec.form_reason = None;
    let mut way = Way::open("jinan", "product", &spec, &operator());
    assert_eq!(way.refused("register").code, "form-listed");
}

#[test]
fn blacklists_of_each_city() {
    for (city, lists) in [("jilin", 3), ("shenyang", 3), ("wuxi", 2), ("jinan", 2)] {
        assert_eq!(pack(city).list("operator.blacklists").unwrap().len(), lists, "{city}");
        for i in 0..lists {
            let goal = ["review", "shortlist"]
                .into_iter()
                .find(|s| pack(city).procedure("authorisation").unwrap().step(s).is_some());
            let mut way = applied(city).before(goal.unwrap());
            way.facts.blacklist_checks[i].hit = true;
            assert_eq!(way.refused(goal.unwrap()).code, "blacklists-clear", "{city} {i}");
        }
    }
}

#[test]
fn retention_of_each_city() {
    let years = |city: &str| pack(city).param("retention.key_records_years").cloned().unwrap();
    assert_eq!((years("jilin").status.as_str(), years("jilin").source.as_str()), ("explicit", "JL-21.1"));
    assert_eq!(years("shenyang").status.as_str(), "inherited");
    assert_eq!(pack("shenyang").param("retention.network_log_months").unwrap().source, "SY-17.3");
}

#[test]
fn grounds_of_each_city() {
    for (city, ground, listed) in [
        ("shenyang", "failed_evaluation", true),
        ("changchun", "failed_evaluation", true),
        ("jinan", "failed_evaluation", false),
        ("jilin", "failed_evaluation", false),
    ] {
        let by = if city == "changchun" { agency() } else { authority() };
        let mut way = Way::open(city, "termination", &stop_spec(ground), &by);
        way.facts.outcomes.insert("evaluation.unqualified".to_owned());
        let judged = way.judge(&by, &way.approve("propose"));
        assert_eq!(judged.is_ok(), listed, "{city}: only where the text ends without a stage of rectification");
    }
}

#[test]
fn emergency_plans_of_each_city() {
    for (city, holder) in [
        ("changchun", "org_agency"),
        ("jilin", "org_op"),
        ("jinan", "org_op"),
        ("shenyang", "org_op"),
        ("wuxi", "org_prov2"),
    ] {
        let mut way = Way::open(city, "job", &job_spec(), &engineer());
        way.facts.plans.retain(|p| p.holder.as_str() != holder);
        assert_eq!(way.refused("submit").code, "emergency-plan", "{city}");
        way.facts = facts_of(&way.pack);
        way.facts.plans.retain(|p| p.holder.as_str() == holder || city == "wuxi");
        let submit = way.path("submit").pop().unwrap();
        way.take(&submit).unwrap_or_else(|r| panic!("{city}: {r}"));
    }
    // In Jilin City the data service provider holds one too, before anything is delivered.
    let mut way = Way::open("jilin", "consumer_order", &recipient_spec(), &consumer()).before("admit_recipient");
    way.facts.plans.retain(|p| p.holder.as_str() != "org_cons");
    assert_eq!(way.refused("admit_recipient").code, "emergency-plan");
}

#[test]
fn a_sector_authorisation_is_granted_by_the_provider() {
    let sector = |resources: usize| {
        let mut spec = application("jinan", Some(AuthorisationMode::Sector));
        spec.resources = spec.resources.into_iter().take(resources).collect();
        Way::open("jinan", "authorisation", &spec, &operator())
    };
    assert_eq!(sector(2).refused("apply").code, "one-provider");
    let mut way = sector(1).before("activate_authorisation");
    let names: Vec<&str> = way.case.history.iter().map(|d| d.step.as_str()).collect();
    assert!(
        names.contains(&"shortlist_sector") && names.contains(&"concur") && !names.contains(&"shortlist"),
        "{names:?}"
    );
    let refusal = way.judge(&authority(), &way.approve("sign_authority")).unwrap_err();
    assert_eq!(refusal.code, "step-of-another-branch");
    assert_eq!(way.judge(&provider(2), &way.approve("sign_provider")).unwrap_err().code, "wrong-role");
    let sign = way.path("sign_provider").pop().unwrap();
    way.take(&sign).unwrap();
    assert_eq!((way.case.state.as_str(), way.case.history.last().unwrap().org.as_str()), ("active", "org_prov1"));
    // In the other modes it is the authority.
    let way = applied("jinan").before("activate_authorisation");
    assert_eq!(way.judge(&provider(1), &way.approve("sign_provider")).unwrap_err().code, "step-of-another-branch");
}

#[test]
fn the_authoriser_suspends_and_restores() {
    let mut way = Way::open("jinan", "rectification", &stop_spec("failed_evaluation"), &authority());
    way.facts.outcomes.insert("evaluation.unqualified".to_owned());
    let mut way = way.before("suspend");
    way.facts.authorisation.as_mut().unwrap().authoriser = "org_prov1".into();
    for wrong in [authority(), provider(2), operator()] {
        assert_eq!(way.judge(&wrong, &way.approve("suspend")).unwrap_err().code, "wrong-role");
    }
    let mut way = way.after("suspend");
    way.facts.authorisation.as_mut().unwrap().state = AuthorisationState::Suspended;
    let way = way.after("feed_back");
    assert_eq!(way.case.state, "closed");
    let by: Vec<&str> = way.case.history.iter().map(|d| d.org.as_str()).collect();
    assert_eq!(by, ["org_auth", "org_prov1", "org_op", "org_prov1", "org_prov1"]);
}

#[test]
fn whoever_maintains_does_not_operate() {
    let mut way = applied("jinan");
    way.facts.maintainers = ["org_m".into()].into();
    let apply = way.path("apply").pop().unwrap();
    assert!(way.judge(&operator(), &way.approve(&apply.name)).is_ok());
    way.facts.groups = BTreeMap::from([("org_m".into(), "g".to_owned()), ("org_op".into(), "g".to_owned())]);
    assert_eq!(way.refused("apply").code, "maintainer-separate", "an affiliate of the maintainer");
    way.facts.groups.clear();
    way.facts.maintainers = ["org_op".into()].into();
    assert_eq!(way.refused("apply").rule, "JN-11.2");
}

#[test]
fn filings_follow_the_agreement() {
    let way = applied("changchun").after("file_city");
    assert_eq!(way.case.state, "filed");
    let way = applied("jinan").after("file_summary");
    assert_eq!(way.case.state, "filed");
    let early = applied("changchun").before("sign_agency");
    assert_eq!(early.judge(&agency(), &early.approve("file_province")).unwrap_err().code, "wrong-state");
}

#[test]
fn a_refusal_cites_the_law() {
    let way = Way::open("shenyang", "demand", &grant_spec(), &operator()).before("consent");
    let full = command(&way.pack, "demand", "consent", Decision::Reject);
    for field in ["legal_ground", "explanation"] {
        let mut bare = full.clone();
        bare.documents.get_mut("refusal").unwrap()[field] = json!(" ");
        let refusal = way.judge(&provider(1), &bare).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("document-incomplete", "SY-15.1"));
    }
    assert_eq!(way.judge(&provider(1), &full).unwrap().case.state, "refused");
}

#[test]
fn partners_leave_by_a_named_case() {
    for (city, step, by) in [("shenyang", "exit", consumer()), ("jilin", "stop", operator())] {
        let way = Way::open(city, "consumer_order", &recipient_spec(), &consumer()).after("admit_recipient");
        let mut bad = way.approve(step);
        bad.documents.get_mut("exit").unwrap()["reason"] = json!("weather");
        assert_eq!(way.judge(&by, &bad).unwrap_err().code, "document-invalid", "{city}");
        for reason in pack(city).list("partner.exit_reasons").unwrap() {
            let mut good = way.approve(step);
            good.documents.get_mut("exit").unwrap()["reason"] = json!(reason);
            assert_eq!(way.judge(&by, &good).unwrap().case.state, "ended", "{city} {reason}");
        }
    }
}

#[test]
fn the_city_government_consents_before_the_agreement() {
    let mut way = applied("jilin").before("record_consent");
    let command = way.approve("record_consent");
    let outcome = way.judge(&authority(), &command).unwrap();
    assert!(!outcome.complete, "two people record what came on paper");
    way.case = outcome.case;
    assert_eq!(way.judge(&authority(), &command).unwrap_err().code, "already-done");
    let second = actor("auth2", "auth", &[OrgRole::DataAuthority]);
    let mut other = command.clone();
    other.documents.get_mut("government_consent").unwrap()["digest"] = json!(digest('8'));
    assert_eq!(way.judge(&second, &other).unwrap_err().code, "same-agreement", "both must have read the same paper");
    assert_eq!(way.judge(&second, &command).unwrap().case.state, "consented");
    let names: Vec<String> = applied("jilin").path("activate_authorisation").iter().map(|s| s.name.clone()).collect();
    assert!(!names.iter().any(|n| n.contains("notice")), "the text has no public notice");
}

#[test]
fn each_supervising_department_assesses() {
    let mut way = Way::open("jilin", "demand", &grant_spec(), &operator()).before("assess");
    way.facts.resources.values_mut().next().unwrap().supervisor = Some("org_sup".into());
    // One resource has a department, the other still has none: both must assess.
    let command = way.approve("assess");
    let first = way.judge(&supervisor(), &command).unwrap();
    assert!(!first.complete);
    way.case = first.case;
    assert_eq!(way.judge(&security(), &command).unwrap_err().code, "wrong-role");
    assert_eq!(way.judge(&authority(), &command).unwrap().case.state, "assessed");
}

#[test]
fn nobody_is_selected_without_a_plan() {
    let mut way = applied("changchun");
    way.facts.implementation_plan = None;
    assert_eq!(way.refused("apply").code, "plan-in-force");
    way.facts = facts_of(&way.pack);
    way.facts.implementation_plan.as_mut().unwrap().spec.resources.clear();
    assert_eq!(way.refused("apply").code, "plan-in-force", "resources outside the plan");
    way.facts = facts_of(&way.pack);
    way.facts.implementation_plan.as_mut().unwrap().spec.modes = vec![AuthorisationMode::Sector];
    assert_eq!(way.refused("apply").code, "plan-in-force", "a mode outside the plan");
    let plan = Way::open("changchun", "implementation_plan", &implementation_plan_spec(), &agency());
    let names: Vec<String> = plan.path("adopt_implementation_plan").iter().map(|s| s.name.clone()).collect();
    assert_eq!(names, ["draft", "guide", "record_approval", "file_province"]);
}

#[test]
fn a_changed_plan_replaces_the_old_one() {
    let mut way = applied("changchun");
    way.facts.implementation_plan.as_mut().unwrap().state = ImplementationPlanState::Replaced;
    assert_eq!(way.refused("apply").code, "plan-in-force");
}

#[test]
fn shared_data_need_the_sharing_providers_consent() {
    for consent in [Some(true), None, Some(false)] {
        let mut way = applied("changchun");
        way.facts.resources.values_mut().next().unwrap().sharing_consent = consent;
        let judged = way.judge(&operator(), &way.approve("apply"));
        assert_eq!(judged.is_ok(), consent != Some(false), "{consent:?}");
        if let Err(refusal) = judged {
            assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("sharing-consented", "CC-9.2"));
        }
    }
}

#[test]
fn the_operator_does_not_redevelop() {
    let mut way = Way::open("changchun", "consumer_order", &recipient_spec(), &consumer());
    assert!(way.judge(&consumer(), &way.approve("apply")).is_ok());
    way.facts.groups = BTreeMap::from([("org_op".into(), "g".to_owned()), ("org_cons".into(), "g".to_owned())]);
    assert_eq!(way.refused("apply").code, "not-redeveloper");
    // Elsewhere the text does not say so.
    let mut way = Way::open("shenyang", "consumer_order", &recipient_spec(), &consumer());
    way.facts.groups = BTreeMap::from([("org_op".into(), "g".to_owned()), ("org_cons".into(), "g".to_owned())]);
    assert!(way.judge(&consumer(), &way.approve("apply")).is_ok());
}
