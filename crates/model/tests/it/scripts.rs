//! Each procedure can be walked to its end by trying whatever is possible.

use crate::world::*;
use model::act::Decision;
use model::case::Actor;
use model::record::AuthorisationState;
use model::{decide, open_case};
use serde_json::Value;

fn actors() -> Vec<Actor> {
    vec![
        authority(),
        mechanism(),
        expert(),
        security(),
        provider(1),
        provider(2),
        operator(),
        engineer(),
        consumer(),
        Actor::clock(),
    ]
}

fn objects() -> Vec<(&'static str, Value, Actor)> {
    let v = |x: &dyn erased::Ser| x.value();
    vec![
        ("authorisation", v(&authorisation_spec(24)), operator()),
        ("staff", v(&staff_spec()), operator()),
        ("demand", v(&grant_spec()), operator()),
        ("job", v(&job_spec()), engineer()),
        ("release", v(&release_spec()), engineer()),
        ("product", v(&product_spec()), operator()),
        ("consumer_order", v(&recipient_spec()), consumer()),
        ("rectification", v(&stop_spec("misuse")), authority()),
        ("risk_stop", v(&stop_spec("inferred_risk")), operator()),
        ("termination", v(&stop_spec("voluntary")), authority()),
        ("revocation", v(&stop_spec("violation")), authority()),
    ]
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

#[test]
fn scripts_do_reach_the_ends() {
    // Against a property that holds because nothing ever happens: each procedure can be walked to its end by trying.
    for (name, object, by) in objects() {
        let procedure = PACK.procedure(name).unwrap();
        let mut case = open_case(&PACK, name, "case_1".into(), object, &by, NOW).unwrap();
        let mut now = NOW;
        for _ in 0..40 {
            now = now.plus_days(1);
            let mut f = facts();
            if ["rectification", "risk_stop"].contains(&name)
                && case.history.iter().any(|d| d.step == "suspend" || d.step == "stop")
            {
                f.authorisation = Some(authorisation(AuthorisationState::Suspended));
            }
            let steps = procedure
                .steps_from(&case.state)
                .filter(|s| !["withdraw", "raise_objection", "end_delivery", "overdue"].contains(&s.name.as_str()));
            let next = steps
                .flat_map(|s| actors().into_iter().map(move |a| (s, a)))
                .find_map(|(s, a)| decide(&PACK, &case, &a, &command(name, &s.name, Decision::Approve), &f, now).ok());
            if let Some(outcome) = next {
                case = outcome.case;
            }
            if procedure.state(&case.state).unwrap().end {
                break;
            }
        }
        let end = procedure.state(&case.state).unwrap();
        assert!(end.end || end.name == "delivering", "{name} stays in {}", case.state);
    }
}
