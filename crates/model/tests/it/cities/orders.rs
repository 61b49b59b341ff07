//! The order of each authorisation, as a zone would judge it: what the city's procedure collects suffices, and nothing less.

use super::*;
use model::act::Act;
use model::keylist::KeyHolder;
use model::order::{Effect, WorkOrder};
use model::{Digest, check_quorum};

type Acts = Vec<(Act, KeyHolder)>;

fn modes(city: &str) -> Vec<AuthorisationMode> {
    let words = pack(city).list("authorisation.modes").unwrap().to_vec();
    words.iter().map(|w| AuthorisationMode::parse(w).unwrap()).collect()
}

/// The acts of a case that ended active, as the platform would send them.
fn acts(way: &Way) -> Acts {
    let steps = way.pack.approvals_of("authorise", "authorisation");
    let done = way.case.history.iter().filter(|d| d.decision == Decision::Approve && steps.contains(&d.step));
    let act = |d: &model::case::Done| {
        let by = everybody().into_iter().find(|a| a.person == d.person).unwrap();
        let act = Act {
            v: 1,
            deployment: "dep".into(),
            case: "case_1".into(),
            procedure: "authorisation".into(),
            step: d.step.clone(),
            decision: Decision::Approve,
            object: digest('5'),
            documents: digest('2'),
            head: None,
            person: by.person.clone(),
            org: by.org.clone(),
            at: d.at,
        };
        let holder = KeyHolder::Person {
            person: by.person,
            org: by.org,
            org_roles: by.org_roles,
            roles: by.person_roles,
            group: by.group,
        };
        (act, holder)
    };
    done.map(act).collect()
}

fn code(way: &Way, mode: AuthorisationMode, acts: &Acts) -> String {
    let mut spec = application(way.pack.id(), Some(mode));
    spec.resources = model::object::read::<model::object::AuthorisationSpec>(&way.case.object).unwrap().resources;
    let order = WorkOrder {
        v: 1,
        deployment: "dep".into(),
        id: "wo_1".into(),
        seq: 1,
        case: "case_1".into(),
        case_head: digest('1'),
        key_list: 1,
        pack: way.pack.version(),
        issued_at: way.now,
        expires: way.now.plus_days(7),
        effect: Effect::Authorise(spec),
        approvals: Vec::new(),
    };
    let object: Digest = digest('5');
    check_quorum(&way.pack, &order, acts, &object).map_or_else(|r| r.code, |()| "ok".into())
}

/// Walks an authorisation of a mode to its end; one provider's where a sector is authorised.
fn granted(city: &str, mode: AuthorisationMode) -> Way {
    let mut spec = application(city, Some(mode));
    if mode == AuthorisationMode::Sector {
        spec.domain = Some("health".into());
        spec.resources.retain(|_, provider| provider.0 == "org_prov1");
    }
    Way::open(city, "authorisation", &spec, &operator()).after("activate_authorisation")
}

#[test]
fn every_city_orders_what_its_procedure_granted() {
    for city in CITIES {
        for mode in modes(city) {
            let way = granted(city, mode);
            let all = acts(&way);
            assert_eq!(code(&way, mode, &all), "ok", "{city} {mode}");
            for i in 0..all.len() {
                let mut less = all.clone();
                let step = less.remove(i).0.step;
                assert_eq!(code(&way, mode, &less), "quorum-missing", "{city} {mode} without {step}");
            }
            let named = way.pack.approvals_of("authorise", "authorisation");
            let people = way.path_of_people();
            assert!(people.iter().all(|s| named.contains(s)), "{city} {mode}: {people:?} of {named:?}");
        }
    }
}

#[test]
fn acts_of_one_mode_do_not_grant_another() {
    let (overall, sector) = (AuthorisationMode::Overall, AuthorisationMode::Sector);
    let way = granted("jinan", overall);
    assert_eq!(code(&way, sector, &acts(&way)), "approval-of-another-step");
    let way = granted("jinan", sector);
    assert_eq!(code(&way, overall, &acts(&way)), "approval-of-another-step");
    // The steps that all modes share grant nothing: of a mode without an end nothing can be ordered.
    let shared: Acts = acts(&way)
        .into_iter()
        .filter(|(a, _)| ["apply", "argue", "give_notice", "examine", "sign_operator"].contains(&a.step.as_str()))
        .collect();
    assert_eq!(code(&way, AuthorisationMode::Scenario, &shared), "no-branch");
    assert_eq!(code(&way, sector, &shared), "quorum-missing");
}

#[test]
fn no_provider_of_a_sector_is_left_out() {
    // Two providers each with a table of the sector: one alone does not grant it.
    let way = granted("jinan", AuthorisationMode::Sector);
    let mut two = Way { pack: way.pack.clone(), case: way.case.clone(), facts: way.facts.clone(), now: way.now };
    two.case.object["resources"]["res_9"] = json!("org_prov2");
    assert_eq!(code(&two, AuthorisationMode::Sector, &acts(&way)), "quorum-missing");
}
