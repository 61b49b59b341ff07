//! The whole way of each procedure in each city: it can be gone, and no step of it can be left out.

use super::*;
use model::object::AnnouncementSpec;

/// Procedures with their objects, openers and the effect that ends the way.
pub(super) fn errands(city: &str) -> Vec<(&'static str, Value, Actor, &'static str)> {
    let v = |o: &dyn erased::Ser| o.value();
    let ground = |list: &str| pack(city).list(list).map_or(String::new(), |l| l[0].clone());
    let stop = |list: &str| serde_json::to_value(stop_spec(&ground(list))).unwrap();
    let by_agency = pack(city).procedure("implementation_plan").is_some();
    let granting = if by_agency { agency() } else { authority() };
    let mut all = vec![
        ("announcement", v(&announcement()), granting.clone(), "publish_announcement"),
        ("authorisation", v(&application(city, None)), operator(), "activate_authorisation"),
        ("catalogue", v(&resource_spec()), provider(1), "catalogue_resource"),
        ("staff", v(&staff_spec()), operator(), "admit_staff"),
        ("emergency_plan", v(&world::plan(1).spec), provider(1), "enforce_plan"),
        ("scenario", v(&facts().scenario.unwrap().spec), operator(), "approve_scenario"),
        ("demand", v(&grant_spec()), operator(), "open_grant"),
        ("job", v(&job_spec()), engineer(), "order_job"),
        ("release", v(&release_spec()), engineer(), "order_release"),
        ("product", v(&product_of(city)), operator(), "publish_product"),
        ("consumer_order", v(&recipient_spec()), consumer(), "admit_recipient"),
        ("rectification", stop("rectification.grounds"), granting.clone(), "suspend_authorisation"),
        ("termination", stop("termination.grounds"), granting, "certify_destruction"),
        ("risk_stop", stop("risk_stop.grounds"), operator(), "suspend_authorisation"),
    ];
    if by_agency {
        all.push(("implementation_plan", v(&implementation_plan_spec()), agency(), "adopt_implementation_plan"));
    }
    if pack(city).procedure("revocation").is_some() {
        all.push(("revocation", stop("revocation.grounds"), authority(), "certify_destruction"));
    }
    if pack(city).procedure("supply_stop").is_some() {
        all.push(("supply_stop", stop("supply_stop.grounds"), authority(), "suspend_authorisation"));
    }
    all
}

mod erased {
    pub trait Ser {
        fn value(&self) -> serde_json::Value;
    }
    impl<T: serde::Serialize> Ser for T {
        fn value(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap()
        }
    }
}

fn announcement() -> AnnouncementSpec {
    AnnouncementSpec {
        modes: vec![AuthorisationMode::Overall],
        implementation_plan: Some("iplan_1".into()),
        ..facts().announcement.unwrap().spec
    }
}

fn product_of(city: &str) -> model::object::ProductSpec {
    let mut spec = product_spec();
    spec.form = pack(city).list("product.forms").unwrap()[0].clone();
    spec
}

fn walks(mut check: impl FnMut(&Way, &[Step], usize)) {
    for city in CITIES {
        for (procedure, object, by, goal) in errands(city) {
            let mut way = Way::open(city, procedure, &object, &by);
            // What a ground rests on in some cities is on record.
            way.facts.outcomes.insert("evaluation.unqualified".to_owned());
            let path = way.path(goal);
            for i in 0..path.len() {
                check(&way, &path, i);
                way.take(&path[i]).unwrap_or_else(|r| panic!("{city} {procedure}.{}: {r}", path[i].name));
            }
        }
    }
}

#[test]
fn every_step_of_each_city_is_needed() {
    walks(|way, path, i| {
        for later in path.iter().skip(i + 1).filter(|s| !s.from.contains(&way.case.state)) {
            for by in everybody().iter().chain([&Actor::clock()]) {
                let refusal = way.judge(by, &way.approve(&later.name)).unwrap_err();
                assert_eq!(refusal.code, "wrong-state", "{} {} before {}", way.pack.id(), later.name, path[i].name);
            }
        }
    });
}

#[test]
fn every_document_of_each_city_is_needed() {
    walks(|way, path, i| {
        let full = way.approve(&path[i].name);
        for name in full.documents.keys() {
            let mut less = full.clone();
            less.documents.remove(name);
            let mut codes = everybody().into_iter().map(|by| way.judge(&by, &less).unwrap_err().code);
            assert!(codes.any(|c| c == "document-missing"), "{} {} {name}", way.pack.id(), path[i].name);
        }
    });
}

#[test]
fn every_refusal_of_each_city_cites_a_rule() {
    walks(|way, path, i| {
        for by in everybody() {
            if let Err(refusal) = way.judge(&by, &way.approve(&path[i].name)) {
                let known = way.pack.articles.contains_key(&refusal.rule);
                assert!(known && !refusal.zh.is_empty() && !refusal.en.is_empty(), "{refusal:?}");
            }
        }
    });
}

#[test]
fn a_suspended_authorisation_starts_nothing_in_any_city() {
    for city in CITIES {
        for (procedure, object, by, goal) in errands(city) {
            if !["demand", "job", "release", "consumer_order"].contains(&procedure) {
                continue;
            }
            let mut way = Way::open(city, procedure, &object, &by).before(goal);
            way.facts.authorisation.as_mut().unwrap().state = model::record::AuthorisationState::Suspended;
            assert_eq!(way.refused(goal).code, "authorisation-active", "{city} {procedure}");
        }
    }
}

#[test]
fn late_applications_are_refused_in_every_city() {
    for city in CITIES {
        let mut way = applied(city);
        let closes = way.facts.announcement.as_ref().unwrap().spec.closes;
        way.now = closes;
        assert_eq!(way.refused("apply").code, "announcement-open", "{city}");
        way.now = closes.plus_ms(-1);
        let apply = way.path("apply").pop().unwrap();
        way.take(&apply).unwrap();
    }
}

/// Under a suspension goes on what stops, mends or records, by what a step brings about and not by what it is called.
#[test]
fn what_stops_or_records_mends_in_each_city_and_what_opens_work_does_not() {
    use model::object::ObjectKind as K;
    for city in CITIES {
        for procedure in pack(city).procedures.values() {
            let works = [K::Authorisation, K::Scenario, K::Grant, K::Job, K::Release, K::Product, K::Recipient];
            assert_eq!(procedure.mends(), !works.contains(&procedure.object), "{city} {}", procedure.name);
            for step in procedure.steps.iter().filter(|s| s.works()) {
                assert!(!procedure.step_mends(step), "{city} {} {}", procedure.name, step.name);
            }
        }
    }
    let mends = |city: &str, procedure: &str, step: &str| {
        let pack = pack(city);
        let procedure = pack.procedure(procedure).unwrap();
        procedure.step_mends(procedure.step(step).unwrap())
    };
    // What takes back and what only files stays possible; a step on the way to work does not.
    assert!(mends("wuxi", "product", "withdraw") && mends("changchun", "authorisation", "file_province"));
    assert!(!mends("wuxi", "demand", "submit") && !mends("changchun", "authorisation", "apply"));
    assert!(mends("wuxi", "rectification", "report") && mends("wuxi", "termination", "propose"));
}
