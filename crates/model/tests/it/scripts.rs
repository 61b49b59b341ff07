//! Random scripts of commands by random actors: never a state the graph does not allow, never a gate skipped.

use crate::world::*;
use model::act::Decision;
use model::case::{Actor, Case};
use model::procedure::{By, Procedure, StepEffect};
use model::record::AuthorisationState;
use model::{Facts, decide, due_steps, open_case};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

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

/// Facts in which some records are gone or stopped, by bits.
fn shaken(bits: u8) -> Facts {
    let mut f = facts();
    if bits & 1 != 0 {
        f.authorisation = Some(authorisation(AuthorisationState::Suspended));
    }
    if bits & 2 != 0 {
        f.plans.clear();
    }
    if bits & 4 != 0 {
        f.job.as_mut().unwrap().gate = None;
    }
    if bits & 8 != 0 {
        f.staff = None;
    }
    if bits & 16 != 0 {
        f.destroyed = false;
    }
    f
}

/// Approvals of a step in the whole history.
fn approvals(case: &Case, step: &str) -> BTreeSet<String> {
    case.history
        .iter()
        .filter(|d| d.step == step && d.decision == Decision::Approve)
        .map(|d| d.person.0.clone())
        .collect()
}

/// What must hold after every accepted command.
fn sound(procedure: &Procedure, before: &Case, after: &Case, effects: &[StepEffect]) {
    assert!(procedure.state(&after.state).is_some());
    let done = after.history.last().unwrap();
    let step = procedure.step(&done.step).unwrap();
    assert!(step.from.contains(&before.state));
    let reached = [Some(&step.to), step.reject_to.as_ref(), Some(&before.state)];
    assert!(reached.into_iter().flatten().any(|s| *s == after.state));
    assert_eq!(after.history.len(), before.history.len() + 1);
    assert_eq!(&after.history[..before.history.len()], &before.history[..]);
    assert_eq!((&after.object, &after.applicant, &after.pack), (&before.object, &before.applicant, &before.pack));
    assert_eq!(done.person.0 == "clock", step.by == [By::Clock]);
    for order in effects.iter().filter_map(|e| e.order()) {
        let way = PACK.effects[order].iter().find(|w| w.procedure == procedure.name).unwrap();
        for needed in &way.steps {
            let step = procedure.step(needed).unwrap();
            if !step.exists_for(&after.object) {
                continue;
            }
            let least = if step.by.contains(&By::EachProvider) { 2 } else { step.count as usize };
            assert!(approvals(after, needed).len() >= least, "{order} without {needed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2_000), ..ProptestConfig::default() })]
    #[test]
    fn no_script_leaves_the_graph(
        which in 0usize..11,
        script in proptest::collection::vec((0usize..10, 0usize..16, any::<u8>(), 0u8..8, 0i64..40), 1..40),
    ) {
        let (name, object, by) = objects().swap_remove(which);
        let procedure = PACK.procedure(name).unwrap();
        let mut now = NOW;
        let mut case = open_case(&PACK, name, "case_1".into(), object, &by, now).unwrap();
        for (who, what, bits, mode, days) in script {
            now = now.plus_days(days / 8);
            // Mostly a step that is possible here, in mostly sound facts; sometimes anything.
            let possible: Vec<_> = procedure.steps_from(&case.state).collect();
            let step = if mode < 6 && !possible.is_empty() { possible[what % possible.len()] } else { &procedure.steps[what % procedure.steps.len()] };
            let facts = shaken(if mode < 5 { 0 } else { bits });
            let decision = if mode == 3 && step.reject_to.is_some() { Decision::Reject } else { Decision::Approve };
            let mut command = command(name, &step.name, decision);
            if mode == 7 {
                command.documents.pop_last();
            }
            let actor = &actors()[who];
            if let Ok(outcome) = decide(&PACK, &case, actor, &command, &facts, now) {
                sound(procedure, &case, &outcome.case, &outcome.effects);
                prop_assert!(outcome.complete || outcome.effects.is_empty());
                let again = decide(&PACK, &case, actor, &command, &facts, now).unwrap();
                prop_assert_eq!(&again, &outcome, "deterministic");
                case = outcome.case;
            }
            for due in due_steps(&PACK, &case, &facts, now) {
                prop_assert!(due.by.contains(&By::Clock) && due.from.contains(&case.state));
            }
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
