//! Matters: each can be gone to each of its ends, by those whom its city names and by nobody else.

use super::*;
use model::object::{About, MatterSpec, ObjectKind};
use model::pack::DueOf;
use std::collections::BTreeSet;

fn somebody(word: &str) -> Actor {
    match word {
        "op" => operator(),
        "prov" => provider(1),
        "auth" => authority(),
        "auth2" => actor("auth2", "auth", &[OrgRole::DataAuthority]),
        "agency" => agency(),
        "agency2" => actor("agency2", "agency", &[OrgRole::ImplementingAgency]),
        "sup" => supervisor(),
        "sec" => security(),
        "market" => actor("market", "market", &[OrgRole::MarketRegulator]),
        "third" => actor("third", "third", &[OrgRole::ThirdPartyAssessor]),
        "expert" => expert(),
        "mech" => mechanism(),
        "maint" => actor("maint", "maint", &[OrgRole::Maintainer]),
        "cons" => consumer(),
        "clock" => Actor::clock(),
        other => panic!("{other}"),
    }
}

const EVERYBODY: [&str; 14] = [
    "op", "prov", "auth", "auth2", "agency", "sup", "sec", "market", "third", "expert", "mech", "maint", "cons",
    "clock",
];

/// Cities, procedure, the way as `step:who` (`!step` for a rejection), the state in which it ends.
const WAYS: [(&str, &str, &str, &str); 78] = [
    // Whoever does not evaluate itself does not escape the evaluation by that.
    ("jilin jinan shenyang wuxi", "evaluation", "begin:auth lapse:clock assess:third fail:auth", "unqualified"),
    ("changchun shenyang wuxi jinan", "objection", "raise:op forward:auth answer:prov accept:op", "settled"),
    ("changchun shenyang wuxi", "objection", "raise:cons forward:auth answer:prov conclude:auth", "settled"),
    ("changchun shenyang wuxi jinan", "objection", "raise:op !forward:auth", "dismissed"),
    ("shenyang jinan", "objection", "raise:op forward:auth answer:prov !accept:op answer:prov accept:op", "settled"),
    ("jilin", "objection", "raise:op verify:auth forward:sup answer:prov accept:op", "settled"),
    ("jilin", "objection", "raise:cons !verify:auth", "dismissed"),
    ("jilin", "objection", "raise:sup verify:auth forward:sup answer:prov conclude:auth", "settled"),
    ("changchun jilin jinan shenyang wuxi", "inspection", "announce:sec pass:sec", "passed"),
    ("changchun jilin jinan shenyang wuxi", "inspection", "announce:auth find:auth rectify:op close:auth", "closed"),
    ("jilin", "inspection", "announce:sup find:sup rectify:op !close:sup rectify:op close:sup", "closed"),
    ("jilin jinan shenyang", "evaluation", "begin:auth self_evaluate:op assess:auth2 qualify:auth", "qualified"),
    ("jilin jinan shenyang", "evaluation", "begin:auth self_evaluate:op assess:expert fail:auth", "unqualified"),
    ("shenyang", "evaluation", "begin:auth self_evaluate:op assess:market qualify:auth", "qualified"),
    ("wuxi", "evaluation", "begin:auth self_evaluate:op assess:third qualify:auth", "qualified"),
    ("wuxi", "evaluation", "begin:auth self_evaluate:op assess:third fail:auth", "unqualified"),
    ("changchun", "evaluation", "begin:agency self_evaluate:op assess:agency2 qualify:agency", "qualified"),
    ("changchun", "evaluation", "begin:agency self_evaluate:op assess:third fail:agency", "unqualified"),
    ("changchun jilin jinan shenyang wuxi", "credit_record", "propose:market state_view:op record:auth", "recorded"),
    ("shenyang wuxi", "credit_record", "propose:auth lapse:clock record:market", "recorded"),
    ("shenyang wuxi", "credit_record", "propose:sec state_view:op !record:auth", "dismissed"),
    ("changchun jilin jinan shenyang wuxi", "complaint", "file:cons accept:market uphold:market", "upheld"),
    ("changchun shenyang", "complaint", "file:prov accept:market dismiss:market", "unfounded"),
    ("changchun shenyang", "complaint", "file:op !accept:market", "not_accepted"),
    ("changchun jilin jinan shenyang wuxi", "irregularity", "report:prov uphold:auth", "upheld"),
    ("shenyang", "irregularity", "report:sec !uphold:auth", "unfounded"),
    ("changchun jilin jinan shenyang wuxi", "drill", "record:prov confirm:sec", "noted"),
    ("shenyang wuxi", "drill", "record:op !confirm:auth", "returned"),
    ("changchun jilin jinan shenyang wuxi", "training", "record:op confirm:auth", "noted"),
    ("jilin", "training", "record:op confirm:sup", "noted"),
    ("jilin", "training", "record:op !confirm:sup", "returned"),
    ("changchun jilin jinan shenyang wuxi", "assessment", "record:agency confirm:mech", "noted"),
    ("changchun jilin", "assessment", "record:op confirm:auth renew:op confirm:auth", "noted"),
    ("jilin", "assessment", "record:auth !confirm:expert", "returned"),
    ("changchun jilin jinan shenyang wuxi", "rule_filing", "record:op confirm:auth", "noted"),
    ("jilin", "rule_filing", "record:op confirm:auth renew:op !confirm:auth", "returned"),
    ("changchun jilin jinan shenyang wuxi", "meeting", "table:auth decide:mech", "decided"),
    ("changchun", "meeting", "table:agency !decide:mech", "postponed"),
    ("wuxi", "risk_filing", "record:op confirm:auth", "noted"),
    ("wuxi", "risk_filing", "record:op !confirm:auth", "returned"),
    ("shenyang", "extra_business", "record:op confirm:auth", "noted"),
    ("shenyang", "extra_business", "record:op !confirm:auth", "returned"),
    ("shenyang", "maintainer_certificate", "record:maint confirm:auth renew:maint confirm:auth", "noted"),
    ("changchun", "agency_evaluation", "begin:auth self_evaluate:op evaluate:auth file:mech", "filed"),
    ("changchun", "agency_evaluation", "begin:auth lapse:clock evaluate:auth file:mech", "filed"),
    ("shenyang", "provider_evaluation", "begin:auth self_evaluate:op evaluate:auth", "evaluated"),
    ("shenyang", "provider_evaluation", "begin:auth lapse:clock evaluate:auth", "evaluated"),
    ("jilin", "supervision", "propose:auth accept:op assign:auth2", "assigned"),
    ("jilin", "supervision", "propose:auth !accept:op", "declined"),
    ("changchun", "scenario_planning", "submit:prov list:auth respond:op respond:cons close:prov", "closed"),
    ("changchun", "scenario_planning", "submit:sup list:auth2 renew:sup relist:auth", "listed"),
    ("changchun", "scenario_planning", "submit:sup list:auth2 renew:sup !relist:auth", "listed"),
    ("changchun", "scenario_planning", "submit:prov !list:auth", "returned"),
    ("jilin jinan shenyang", "external_data", "apply:op decide:auth revoke:auth2", "revoked"),
    ("changchun", "external_data", "apply:op decide:agency", "approved"),
    ("wuxi", "external_data", "apply:op examine:sec decide:auth", "approved"),
    ("changchun", "external_data", "apply:op decide:agency expire:clock", "expired"),
    ("changchun", "external_data", "apply:op !decide:agency2", "refused"),
    ("wuxi", "external_data", "apply:op examine:sec decide:auth revoke:auth", "revoked"),
    ("wuxi", "external_data", "apply:op examine:market decide:auth2 expire:clock", "expired"),
    ("wuxi", "external_data", "apply:op !examine:sec", "refused"),
    ("wuxi", "external_data", "apply:op examine:sec !decide:auth", "refused"),
    ("jilin", "proposal", "propose:cons adopt:auth", "adopted"),
    ("jilin", "proposal", "propose:third adopt:auth take_up:op", "taken_up"),
    ("jilin", "proposal", "propose:expert !adopt:auth", "not_adopted"),
    ("jilin", "channel_onboarding", "declare:prov schedule:auth report:prov verify:auth2", "merged"),
    (
        "jilin",
        "channel_onboarding",
        "declare:sup schedule:auth report:sup !verify:auth report:sup verify:auth",
        "merged",
    ),
    ("jilin", "channel_onboarding", "declare:sup !schedule:auth", "returned"),
    ("jilin", "channel_onboarding", "declare:sup schedule:auth reschedule:auth2 call_off:auth", "returned"),
    ("jilin", "responsibility", "name:op confirm:sup", "noted"),
    ("jilin", "responsibility", "name:prov confirm:auth", "noted"),
    ("jilin", "responsibility", "name:auth confirm:auth2", "noted"),
    ("jilin", "responsibility", "name:cons !confirm:sup", "returned"),
    ("changchun", "market_research", "record:op confirm:agency", "noted"),
    ("jilin jinan shenyang wuxi", "market_research", "record:op confirm:auth", "noted"),
    ("jinan", "market_research", "record:op !confirm:auth2", "returned"),
    ("shenyang", "asset_management", "declare:prov approve:market", "approved"),
    ("shenyang", "asset_management", "declare:prov !approve:market", "refused"),
];

/// A matter about all that its procedure asks for; the organisation concerned is the operator.
fn matter(pack: &Pack, procedure: &str) -> MatterSpec {
    let about = &pack.procedure(procedure).unwrap().about;
    let named = |a: About| about.contains(&a);
    MatterSpec {
        matter: "mat_1".into(),
        title: "事项".into(),
        authorisation: named(About::Authorisation).then(|| "auth_1".into()),
        operator: named(About::Authorisation).then(|| "org_op".into()),
        product: None,
        resource: named(About::Resource).then(|| "res_1".into()),
        provider: named(About::Resource).then(|| "org_prov1".into()),
        organisation: named(About::Organisation).then(|| "org_op".into()),
    }
}

fn way(city: &str, procedure: &str, by: &Actor) -> Way {
    let mut way = Way::open(city, procedure, &matter(&pack(city), procedure), by);
    way.facts.resources.values_mut().for_each(|r| r.supervisor = Some("org_sup".into()));
    way
}

fn walk(city: &str, procedure: &str, steps: &str, mut before: impl FnMut(&Way, &Command, &str)) -> Way {
    let opener = steps.split([':', ' ']).nth(1).unwrap();
    let mut way = way(city, procedure, &somebody(opener));
    for step in steps.split(' ') {
        let (name, who) = step.split_once(':').unwrap();
        let (name, decision) = name.strip_prefix('!').map_or((name, Decision::Approve), |n| (n, Decision::Reject));
        let command = command(&way.pack, procedure, name, decision);
        before(&way, &command, who);
        if who == "clock" {
            way.now = way.case.deadlines.iter().find(|d| d.step == name).unwrap().at;
        }
        let outcome = way.judge(&somebody(who), &command);
        way.case = outcome.unwrap_or_else(|r| panic!("{city} {procedure} {step}: {r}")).case;
    }
    way
}

fn every_way(mut of: impl FnMut(&str, &str, &str, &str)) {
    for (cities, procedure, steps, end) in WAYS {
        cities.split(' ').for_each(|city| of(city, procedure, steps, end));
    }
}

#[test]
fn each_matter_comes_to_each_of_its_ends() {
    let mut ends: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    every_way(|city, procedure, steps, end| {
        let way = walk(city, procedure, steps, |_, _, _| ());
        assert_eq!(way.case.state, end, "{city} {procedure} {steps}");
        assert!(way.pack.ended_as(&way.case).is_some(), "{city} {procedure} {end}");
        ends.entry((procedure.into(), end.into())).or_default().push(city.into());
    });
    for city in CITIES {
        for p in pack(city).procedures.values().filter(|p| p.object == ObjectKind::Matter) {
            let gone = |end: &str| ends.contains_key(&(p.name.clone(), end.to_owned()));
            let missed: Vec<&str> =
                p.states.iter().filter(|s| s.end && !gone(&s.name)).map(|s| s.name.as_str()).collect();
            assert!(missed.is_empty() || p.name == "maintainer_certificate", "{city} {}: {missed:?}", p.name);
        }
    }
}

#[test]
fn nobody_else_takes_a_step_of_a_matter() {
    every_way(|city, procedure, steps, _| {
        let mut able: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        walk(city, procedure, steps, |way, command, _| {
            let step = way.pack.procedure(procedure).unwrap().step(&command.step).unwrap().clone();
            for word in EVERYBODY.iter().filter(|w| **w != "clock") {
                let by = somebody(word);
                let outcome = way.judge(&by, command);
                let fits = step.by.iter().any(|b| match b {
                    By::Role(role) => by.org_roles.contains(role),
                    By::Applicant => by.org == way.case.applicant,
                    By::Operator | By::Concerned => by.org.as_str() == "org_op",
                    By::Provider => by.org.as_str() == "org_prov1",
                    By::EachSupervisor => by.org.as_str() == "org_sup",
                    By::Authoriser => by.org == way.facts.authorisation.as_ref().unwrap().authoriser,
                    _ => false,
                });
                match outcome {
                    Ok(_) => {
                        assert!(fits, "{city} {procedure}.{} by {word}", step.name);
                        able.entry(step.name.clone()).or_default().insert(word);
                    }
                    Err(refusal) if fits => {
                        assert_eq!(refusal.code, "conflict-of-interest", "{city} {procedure} {word}")
                    }
                    Err(refusal) => assert_eq!(refusal.code, "wrong-role", "{city} {procedure}.{} {word}", step.name),
                }
            }
        });
        assert!(able.values().all(|who| who.len() <= 4), "{city} {procedure}: {able:?}");
    });
}

#[test]
fn each_city_runs_matters_under_its_own_rows() {
    let cited = [
        ("wuxi", "objection", "WX-13.1"),
        ("wuxi", "inspection", "WX-25.1"),
        ("wuxi", "drill", "WX-26.1"),
        ("wuxi", "credit_record", "WX-27.1"),
        ("wuxi", "evaluation", "WX-29.1"),
        ("wuxi", "risk_filing", "WX-30.1"),
        ("jinan", "objection", "JN-12.2"),
        ("jinan", "training", "JN-15.2"),
        ("jinan", "drill", "JN-15.2"),
        ("jinan", "inspection", "JN-16.3"),
        ("jinan", "evaluation", "JN-17.1"),
        ("shenyang", "maintainer_certificate", "SY-10.2"),
        ("shenyang", "complaint", "SY-12.4"),
        ("shenyang", "extra_business", "SY-12.5"),
        ("shenyang", "drill", "SY-13.1"),
        ("shenyang", "evaluation", "SY-18.1"),
        ("shenyang", "irregularity", "SY-26.1"),
        ("shenyang", "credit_record", "SY-28.1"),
        ("changchun", "meeting", "CC-5.1"),
        ("changchun", "assessment", "CC-6.1"),
        ("changchun", "complaint", "CC-16.1"),
        ("changchun", "inspection", "CC-23.1"),
        ("changchun", "evaluation", "CC-26.2"),
        ("changchun", "scenario_planning", "CC-27.2"),
        ("changchun", "external_data", "CC-10.3"),
        ("shenyang", "external_data", "SY-12.1"),
        ("wuxi", "external_data", "WX-16.5"),
        ("jilin", "supervision", "JL-5.2"),
        ("jilin", "objection", "JL-18.1"),
        ("jilin", "rule_filing", "JL-19.1"),
        ("jilin", "training", "JL-30.1"),
        ("jilin", "assessment", "JL-33.1"),
        ("jilin", "evaluation", "JL-37.1"),
        ("jilin", "inspection", "JL-38.1"),
        ("jilin", "proposal", "JL-23.1"),
        ("jilin", "channel_onboarding", "JL-10.9"),
        ("jilin", "responsibility", "JL-30.1"),
        ("jinan", "market_research", "JN-10.1"),
        ("jilin", "market_research", "JL-22.1"),
        ("shenyang", "market_research", "SY-12.1"),
        ("shenyang", "asset_management", "SY-30.1"),
    ];
    for (city, procedure, row) in cited {
        let way = way(city, procedure, &somebody("market"));
        let first = &way.pack.procedure(procedure).unwrap().steps[0];
        assert_eq!(first.rule, row, "{city} {procedure}");
        let by = somebody("mech");
        let refusal = way.judge(&by, &way.approve(&first.name)).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("wrong-role", row), "{city} {procedure}");
        assert!(!refusal.article.is_empty(), "{city} {procedure}");
    }
}

/// What comes again in each city, of whom, how often, and under which row: one that is not here would be told to nobody.
#[test]
fn each_city_says_what_comes_again() {
    let expected: [(&str, &[(&str, &str, &str)]); 5] = [
        (
            "changchun",
            &[
                ("agency_evaluation", "implementing_agency", "CC-26.2"),
                ("drill", "operator", "PRODUCT-MATTER"),
                ("evaluation", "", "CC-26.2"),
            ],
        ),
        (
            "jilin",
            &[
                ("drill", "operator", "PRODUCT-MATTER"),
                ("evaluation", "", "JL-37.1"),
                ("responsibility", "data_provider data_authority operator data_consumer", "JL-30.1"),
            ],
        ),
        ("jinan", &[("drill", "data_authority", "JN-15.2"), ("evaluation", "", "JN-17.1")]),
        (
            "shenyang",
            &[
                ("drill", "operator", "SY-13.1"),
                ("evaluation", "", "SY-20.1"),
                ("provider_evaluation", "data_provider", "SY-18.1"),
            ],
        ),
        ("wuxi", &[("drill", "data_provider", "WX-26.1"), ("evaluation", "", "WX-29.1")]),
    ];
    for (city, rows) in expected {
        let pack = pack(city);
        let found: Vec<(String, String, String)> = pack
            .recurring()
            .into_iter()
            .map(|r| {
                assert_eq!(r.months, 12, "{city} {}", r.procedure.name);
                let roles = match r.of {
                    DueOf::Authorisations => Vec::new(),
                    DueOf::Own(roles) | DueOf::Named(roles) => roles,
                };
                let roles: Vec<String> = roles.iter().map(|role| role.word()).collect();
                (r.procedure.name.clone(), roles.join(" "), r.rule.to_owned())
            })
            .collect();
        let rows: Vec<_> = rows.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
        assert_eq!(found, rows, "{city}");
    }
}

/// The time runs from what was done last, by calendar months, and the last day counts whole; what was sent back was not done.
#[test]
fn a_matter_comes_again_a_year_after_it_was_done() {
    let pack = pack("shenyang");
    let all = pack.recurring();
    let of = |name: &str| all.iter().find(|r| r.procedure.name == name).unwrap();
    let day = |text: &str| Timestamp::start_of(model::time::parse_date(text).unwrap());
    let begun = day("2027-02-28").plus_ms(1);
    assert_eq!(of("evaluation").due(begun, None), day("2028-02-29"));
    assert_eq!(of("evaluation").due(begun, Some(day("2028-02-29"))), day("2029-03-01"));
    for (procedure, done, not) in [
        ("evaluation", &["qualified", "unqualified"][..], &["assessment", "draft"][..]),
        ("drill", &["noted"], &["returned", "recorded"]),
        ("provider_evaluation", &["evaluated"], &["assessment"]),
    ] {
        assert!(done.iter().all(|state| of(procedure).is_done(state)), "{procedure}");
        assert!(!not.iter().any(|state| of(procedure).is_done(state)), "{procedure}");
    }
}

#[test]
fn overdue_matters_are_due_when_their_rule_says() {
    let found = walk("jilin", "inspection", "announce:sec find:sec", |_, _, _| ());
    let due = found.case.deadlines.iter().find(|d| d.step == "rectify").unwrap();
    // To be put right by 1 June 2026: the day counts whole, in China.
    assert_eq!(due.at, Timestamp::start_of(model::time::parse_date("2026-06-02").unwrap()));
    let noted = walk("shenyang", "maintainer_certificate", "record:maint confirm:auth", |_, _, _| ());
    assert!(noted.case.deadlines.iter().any(|d| d.step == "renew" && d.at == due.at));
}

/// SY-20.1 and CC-26.2: an authorisation ends for a failed evaluation only where one stands on record.
#[test]
fn a_failed_evaluation_must_be_on_record() {
    for (city, procedure, row, by) in [
        ("shenyang", "termination", "SY-20.1", "auth"),
        ("changchun", "termination", "CC-26.2", "agency"),
        ("changchun", "rectification", "CC-26.2", "agency"),
        ("jilin", "rectification", "JL-37.2", "auth"),
        ("jinan", "rectification", "JN-18.1", "auth"),
        ("wuxi", "rectification", "WX-10.1", "auth"),
    ] {
        let mut way = Way::open(city, procedure, &stop_spec("failed_evaluation"), &somebody(by));
        let first = way.pack.procedure(procedure).unwrap().steps[0].name.clone();
        let propose = way.approve(&first);
        let refusal = way.judge(&somebody(by), &propose).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("ground-proved", row), "{city}");
        assert!(refusal.zh.contains("评估不合格") && refusal.en.contains("unqualified"), "{refusal:?}");
        way.facts.outcomes.insert("evaluation.qualified".to_owned());
        assert!(way.judge(&somebody(by), &propose).is_err(), "{city}");
        way.facts.outcomes.insert("evaluation.unqualified".to_owned());
        assert!(way.judge(&somebody(by), &propose).is_ok(), "{city}");
        if procedure != "termination" {
            continue;
        }
        let other = Way::open(city, procedure, &stop_spec("voluntary"), &somebody(by));
        assert!(other.judge(&somebody(by), &propose).is_ok(), "{city}: other grounds need none");
    }
}

#[test]
fn what_a_matter_names_is_what_its_procedure_asks_for() {
    let p = pack("wuxi");
    let objection = p.procedure("objection").unwrap();
    let good = serde_json::to_value(matter(&p, "objection")).unwrap();
    assert_eq!(objection.misnamed(&good), None);
    let mut without = good.clone();
    without["resource"] = Value::Null;
    assert_eq!(objection.misnamed(&without), Some(About::Resource));
    let mut besides = good.clone();
    besides["organisation"] = json!("org_op");
    assert_eq!(objection.misnamed(&besides), Some(About::Organisation));
    let credit = p.procedure("credit_record").unwrap();
    let mut both = serde_json::to_value(matter(&p, "credit_record")).unwrap();
    both["authorisation"] = json!("auth_1");
    assert_eq!(credit.misnamed(&both), None, "it may be named besides");
}

/// Changes a file of a city's own layer and loads the pack.
fn loaded(city: &str, file: &str, from: &str, to: &str) -> Result<Pack, model::pack::PackError> {
    let mut layers = resolve(&all_layers(), city).unwrap();
    let layer = layers.iter_mut().rev().find(|l| l.files.contains_key(file)).unwrap();
    let text = layer.files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file}: {from}");
    *text = text.replacen(from, to, 1);
    Pack::load(&layers)
}

#[test]
fn matters_that_could_not_work_are_refused_by_name() {
    let about = "about = [\"resource\"]\n";
    for (city, file, from, to, key, says) in [
        ("jilin", "procedures/objection.toml", about, "", "forward", "names resource"),
        ("jilin", "procedures/objection.toml", about, "about = [\"resource\", \"resource\"]\n", "resource", "twice"),
        ("jilin", "procedures/supervision.toml", "\"resource\", ", "", "assign", "names resource"),
        (
            "jilin",
            "procedures/supervision.toml",
            "object = \"matter\"",
            "object = \"plan\"",
            "accept",
            "nobody may take",
        ),
        (
            "wuxi",
            "procedures/emergency_plan.toml",
            "object = \"plan\"",
            "object = \"plan\"\nconfidential = true",
            "confidential",
            "only a procedure about a matter",
        ),
        ("wuxi", "pack.toml", "drill = \"WX-26.1\"", "drills = \"WX-26.1\"", "drills", "no such procedure"),
        ("wuxi", "pack.toml", "drill = \"WX-26.1\"", "drill = \"WX-99.9\"", "WX-99.9", "no articles.toml"),
        ("wuxi", "pack.toml", "drill = \"WX-26.1\"", "evaluation = \"WX-26.1\"", "evaluation", "cites for itself"),
        (
            "shenyang",
            "parameters.toml",
            "failed_evaluation=evaluation.unqualified",
            "failed_evaluation=evaluation.bad",
            "termination.proofs",
            "cannot come about",
        ),
        (
            "shenyang",
            "parameters.toml",
            "failed_evaluation=evaluation.unqualified",
            "failed_evaluation=drill.noted",
            "termination.proofs",
            "cannot come about",
        ),
        (
            "shenyang",
            "parameters.toml",
            "failed_evaluation=evaluation.unqualified",
            "weather=evaluation.unqualified",
            "termination.proofs",
            "cannot come about",
        ),
    ] {
        let error = loaded(city, file, from, to).unwrap_err();
        assert!(error.en.contains(says) && error.to_string().contains(key), "{city} {file} {to}: {error}");
        assert!(!error.zh.is_empty() && !error.mend.is_empty(), "{error}");
    }
}
