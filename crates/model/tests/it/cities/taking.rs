//! Withdrawal, sealing and unsealing in each city: who is offered which step, that nobody does it alone, and which rule of the
//! pack says so.

use super::*;
use model::check_opening;
use model::ids::ResourceId;
use model::order::ResourceStopSpec;
use model::procedure::StepEffect;
use model::record::ResourceState::{self, Catalogued, Sealed, Withdrawn};
use std::collections::BTreeSet;

/// Procedure, list of its grounds, state in which it begins, what it orders, and who proposes.
const TAKING: [(&str, ResourceState, StepEffect, &[&str]); 3] = [
    ("withdrawal", Catalogued, StepEffect::OrderWithdraw, &["org_prov1"]),
    ("sealing", Catalogued, StepEffect::OrderSeal, &["org_auth", "org_prov1"]),
    ("unsealing", Sealed, StepEffect::OrderUnseal, &["org_auth", "org_prov1"]),
];

fn way(city: &str, procedure: &str, ground: &str, state: ResourceState, by: &Actor) -> Way {
    let object = ResourceStopSpec {
        resource: "res_1".into(),
        provider: "org_prov1".into(),
        ground: ground.into(),
        article: String::new(),
    };
    let mut way = Way::open(city, procedure, &object, by);
    way.facts.resources.get_mut(&ResourceId::from("res_1")).unwrap().state = state;
    way.facts.carried_out = false;
    way
}

/// Organisations of those who may take a step now.
fn may(way: &Way, step: &str) -> BTreeSet<String> {
    let can = everybody().into_iter().filter(|by| way.judge(by, &way.approve(step)).is_ok());
    can.map(|by| by.org.to_string()).collect()
}

#[test]
fn each_city_offers_them_to_its_provider_and_its_authority() {
    for city in CITIES {
        for (procedure, state, effect, proposers) in TAKING {
            let grounds = pack(city).list(&format!("{procedure}.grounds")).unwrap().to_vec();
            assert!(!grounds.is_empty(), "{city} {procedure}");
            for ground in &grounds {
                let mut way = way(city, procedure, ground, state, &provider(1));
                let of = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
                assert_eq!(may(&way, "propose"), of(proposers), "{city} {procedure} {ground}");
                let propose = way.approve("propose");
                way.case = way.judge(&provider(1), &propose).unwrap().case;
                assert_eq!(may(&way, "decide"), of(&["org_auth"]), "{city} {procedure}");
                let decide = way.approve("decide");
                let decided = way.judge(&authority(), &decide).unwrap();
                assert_eq!(decided.effects, [effect], "{city}");
                way.case = decided.case;
                assert_eq!(
                    way.judge(&Actor::clock(), &way.approve("certify")).unwrap_err().code,
                    "carried-out",
                    "{city}"
                );
                way.facts.carried_out = true;
                assert!(way.judge(&Actor::clock(), &way.approve("certify")).unwrap().case.history.len() == 3, "{city}");
            }
        }
    }
}

#[test]
fn one_person_of_the_authority_does_none_of_them_alone() {
    for city in CITIES {
        for (procedure, state, _, _) in TAKING.into_iter().filter(|(_, _, _, by)| by.contains(&"org_auth")) {
            let ground = pack(city).list(&format!("{procedure}.grounds")).unwrap()[0].clone();
            let mut way = way(city, procedure, &ground, state, &authority());
            way.case = way.judge(&authority(), &way.approve("propose")).unwrap().case;
            let refused = way.judge(&authority(), &way.approve("decide")).unwrap_err();
            assert_eq!(refused.code, "conflict-of-interest", "{city} {procedure}");
            let second = actor("auth2", "auth", &[OrgRole::DataAuthority]);
            assert!(way.judge(&second, &way.approve("decide")).is_ok(), "{city} {procedure}");
        }
    }
}

/// Every step and parameter of them stands on a row of the pack: a city's own where its text speaks, else the product's.
#[test]
fn each_city_says_on_what_they_stand() {
    for city in CITIES {
        let pack = pack(city);
        for (procedure, _, effect, _) in TAKING {
            let steps = &pack.procedure(procedure).unwrap().steps;
            let rules = steps.iter().map(|s| s.rule.clone());
            let grounds = pack.param(&format!("{procedure}.grounds")).unwrap().source.clone();
            let ways = &pack.effects[effect.as_str().strip_prefix("order_").unwrap()];
            for rule in rules.chain([grounds]).chain(ways.iter().map(|w| w.rule.clone())) {
                assert!(pack.articles.contains_key(&rule), "{city} {procedure}: {rule}");
            }
        }
        assert!(pack.param("retention.resource_months").is_some(), "{city}");
    }
}

/// A result that nobody released yet goes nowhere once its source is sealed or withdrawn, whoever takes whichever step; after
/// an unsealing its case goes on. A rejection is always possible.
#[test]
fn a_sealed_or_withdrawn_source_releases_nothing() {
    stands_still_over_a_source("release", &serde_json::to_value(release_spec()).unwrap(), "order_release");
}

/// The same for a job: the zone would refuse its order, after people had decided in vain.
#[test]
fn no_job_is_handed_in_over_a_sealed_or_withdrawn_source() {
    stands_still_over_a_source("job", &serde_json::to_value(job_spec()).unwrap(), "order_job");
}

fn stands_still_over_a_source(procedure: &str, object: &serde_json::Value, effect: &str) {
    for city in CITIES {
        let mut way = Way::open(city, procedure, object, &engineer());
        let set = |way: &mut Way, state| {
            way.facts.resources.get_mut(&ResourceId::from("res_1")).unwrap().state = state;
        };
        for step in way.path(effect) {
            for (state, rule) in [(Sealed, "PRODUCT-SEALING"), (Withdrawn, "PRODUCT-WITHDRAWAL")] {
                set(&mut way, state);
                let judged: Vec<_> =
                    everybody().iter().map(|by| way.judge(by, &way.approve(&step.name)).map(drop)).collect();
                assert!(judged.iter().all(Result::is_err), "{city} {}: {state}", step.name);
                let refused = judged.into_iter().filter_map(Result::err).find(|r| r.code == "sources-usable");
                assert_eq!(refused.expect(&step.name).rule, rule, "{city} {}", step.name);
                let opened = check_opening(&way.pack, &way.case, &way.facts, NOW);
                if way.case.history.is_empty() {
                    assert_eq!(opened.unwrap_err().rule, rule, "{city}: said when it is opened");
                }
            }
            set(&mut way, Catalogued);
            assert_eq!(check_opening(&way.pack, &way.case, &way.facts, NOW), Ok(()));
            way.take(&step).unwrap_or_else(|r| panic!("{city} {}: {r}", step.name));
        }
        let mut unknown = Way::open(city, procedure, object, &engineer());
        unknown.facts.resources.clear();
        assert_eq!(
            check_opening(&unknown.pack, &unknown.case, &unknown.facts, NOW).unwrap_err().code,
            "sources-usable"
        );
        let mut rejected = Way::open(city, procedure, object, &engineer()).before(effect);
        set(&mut rejected, Withdrawn);
        let step = rejected.path(effect).pop().unwrap();
        let reject = command(&rejected.pack, procedure, &step.name, Decision::Reject);
        assert!(everybody().iter().any(|by| rejected.judge(by, &reject).is_ok()), "{city}");
    }
}
