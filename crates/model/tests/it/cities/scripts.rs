//! Random scripts of commands by random people over all five cities: never a state that the graph does not allow, never an
//! order without its approvals, never work past a gate. What each gate demands is written here anew, not taken from it.

use super::ways::errands;
use super::*;
use model::procedure::{Procedure, StepEffect, due_steps};
use model::record::{AuthorisationState, Ban};
use proptest::prelude::*;
use std::collections::BTreeSet;

struct Stage {
    pack: &'static Pack,
    facts: Facts,
    errands: Vec<(&'static str, Value, Actor, &'static str)>,
}

static STAGES: LazyLock<Vec<Stage>> = LazyLock::new(|| {
    let stage =
        |city: &&'static str| Stage { pack: &PACKS[*city], facts: facts_of(&PACKS[*city]), errands: errands(city) };
    CITIES.iter().map(stage).collect()
});

static PEOPLE: LazyLock<Vec<Actor>> = LazyLock::new(|| {
    let mut all = everybody();
    all.push(Actor::clock());
    all
});

/// Ways in which the world may not be as it should, one bit each.
const AUTHORISATION_GONE: u8 = 1;
const SUSPENDED: u8 = 2;
const NO_PLANS: u8 = 4;
const NO_GATE: u8 = 8;
const NO_STAFF: u8 = 16;
const KEYS_LEFT: u8 = 32;
const BANNED: u8 = 64;
const UNLISTED: u8 = 128;

fn shaken(facts: &Facts, bits: u8, now: Timestamp) -> Facts {
    let mut f = facts.clone();
    if bits & SUSPENDED != 0 {
        f.authorisation.as_mut().unwrap().state = AuthorisationState::Suspended;
    }
    if bits & AUTHORISATION_GONE != 0 {
        f.authorisation = None;
    }
    if bits & NO_PLANS != 0 {
        f.plans.clear();
    }
    if bits & NO_GATE != 0 {
        f.job.as_mut().unwrap().gate = None;
    }
    if bits & NO_STAFF != 0 {
        f.staff = None;
    }
    f.destroyed = bits & KEYS_LEFT == 0;
    if bits & BANNED != 0 {
        let until = now.plus_days(1);
        f.bans.push(Ban { id: "ban_1".into(), uscc: USCC.into(), authorisation: "auth_0".into(), from: NOW, until });
    }
    if bits & UNLISTED != 0 {
        f.resources.clear();
    }
    f
}

/// What may not happen in a world that is shaken like this.
fn forbidden(bits: u8, effect: StepEffect) -> bool {
    use StepEffect as E;
    let work = matches!(effect, E::OrderGrant | E::OpenGrant | E::OrderJob | E::OrderRelease | E::OrderRecipient);
    let starts = matches!(effect, E::ActivateAuthorisation | E::OrderAuthorise);
    bits & (AUTHORISATION_GONE | SUSPENDED) != 0 && work
        || bits & AUTHORISATION_GONE != 0
            && matches!(effect, E::SuspendAuthorisation | E::OrderDestroy | E::ApproveScenario)
        || bits & NO_PLANS != 0 && effect == E::OrderJob
        || bits & NO_STAFF != 0 && effect == E::OrderJob
        || bits & NO_GATE != 0 && effect == E::OrderRelease
        || bits & KEYS_LEFT != 0 && effect == E::CertifyDestruction
        || bits & BANNED != 0 && starts
        || bits & UNLISTED != 0 && (starts || matches!(effect, E::OrderGrant | E::OpenGrant))
}

fn approvers(case: &Case, step: &str) -> usize {
    let done = case.history.iter().filter(|d| d.step == step && d.decision == Decision::Approve);
    done.map(|d| d.person.as_str()).collect::<BTreeSet<_>>().len()
}

/// What must hold after every accepted command.
fn sound(pack: &Pack, procedure: &Procedure, before: &Case, after: &Case, effects: &[StepEffect], bits: u8) {
    let done = after.history.last().unwrap();
    let step = procedure.step(&done.step).unwrap();
    let name = format!("{} {}.{}", pack.id(), procedure.name, step.name);
    assert!(procedure.state(&after.state).is_some() && step.from.contains(&before.state), "{name}");
    let reached = [Some(&step.to), step.reject_to.as_ref(), Some(&before.state)];
    assert!(reached.into_iter().flatten().any(|s| *s == after.state), "{name}");
    assert_eq!(after.history[..before.history.len()], before.history[..], "{name}");
    assert_eq!(after.history.len(), before.history.len() + 1, "{name}");
    assert_eq!((&after.object, &after.applicant, &after.pack), (&before.object, &before.applicant, &before.pack));
    assert_eq!(done.person.0 == "clock", step.by == [By::Clock], "{name}");
    assert!(effects.iter().all(|e| step.effects.contains(e)), "{name}");
    for effect in effects {
        assert!(!forbidden(bits, *effect), "{name}: {effect} in a world shaken by {bits:08b}");
    }
    for order in effects.iter().filter_map(|e| e.order()) {
        let steps = pack.approvals_of(order, &procedure.name);
        assert!(!steps.is_empty(), "{name}: nothing stands behind the order {order}");
        for needed in steps.iter().filter_map(|s| procedure.step(s)).filter(|s| s.exists_for(&after.object)) {
            let each = needed.by.contains(&By::EachProvider);
            let param = needed.count_param.as_deref().and_then(|p| pack.int(p)).unwrap_or(1);
            let least = if each { 2 } else { usize::try_from(param.max(i64::from(needed.count))).unwrap() };
            assert!(approvers(after, &needed.name) >= least, "{name}: order {order} without {}", needed.name);
        }
    }
}

/// One command: who, which step, how the world is shaken, in which manner, how many eighths of a day later.
type Line = (usize, usize, u8, u8, i64);

/// Plays a script; gives how many commands were accepted and every effect that followed.
fn play(city: usize, which: usize, script: &[Line]) -> (usize, BTreeSet<StepEffect>) {
    let stage = &STAGES[city % STAGES.len()];
    let (name, object, by, _) = &stage.errands[which % stage.errands.len()];
    let (pack, procedure) = (stage.pack, stage.pack.procedure(name).unwrap());
    let mut now = NOW;
    let mut case = open_case(pack, name, "case_1".into(), object.clone(), by, now).unwrap();
    let (mut accepted, mut seen) = (0, BTreeSet::new());
    for (who, what, bits, manner, eighths) in script {
        now = now.plus_ms(eighths * 10_800_000);
        // Mostly a step that is possible here, in mostly sound facts; sometimes anything.
        let possible: Vec<_> = procedure.steps_from(&case.state).filter(|s| s.exists_for(&case.object)).collect();
        let step = match possible.get(what % possible.len().max(1)) {
            Some(step) if *manner < 13 => *step,
            _ => &procedure.steps[what % procedure.steps.len()],
        };
        let bits = if *manner < 8 { 0 } else { *bits };
        let facts = shaken(&stage.facts, bits, now);
        let decision = if *manner == 10 && step.reject_to.is_some() { Decision::Reject } else { Decision::Approve };
        let mut command = command(pack, name, &step.name, decision);
        if *manner == 15 {
            command.documents.pop_last();
        }
        // Every other command by somebody whose part it is, if anybody's.
        let able = PEOPLE.iter().filter(|a| decide(pack, &case, a, &command, &facts, now).is_ok());
        let able: Vec<_> = if manner % 2 == 0 { able.collect() } else { Vec::new() };
        let actor = able.get(who % able.len().max(1)).copied().unwrap_or(&PEOPLE[who % PEOPLE.len()]);
        if let Ok(outcome) = decide(pack, &case, actor, &command, &facts, now) {
            sound(pack, procedure, &case, &outcome.case, &outcome.effects, bits);
            assert!(outcome.complete || outcome.effects.is_empty());
            accepted += 1;
            seen.extend(outcome.effects.iter().copied());
            case = outcome.case;
        }
        for due in due_steps(pack, &case, &facts, now) {
            assert!(due.by.contains(&By::Clock) && due.from.contains(&case.state));
        }
    }
    (accepted, seen)
}

fn lines(most: usize) -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec((0usize..64, 0usize..64, any::<u8>(), 0u8..16, 0i64..60), 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(10_000), ..ProptestConfig::default() })]
    #[test]
    fn ten_thousand_scripts_over_five_cities(city in 0usize..5, which in 0usize..64, script in lines(16)) {
        play(city, which, &script);
    }
}

/// Against a property that holds because nothing ever happens: in every city scripts come far.
#[test]
fn scripts_reach_what_there_is_to_reach() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut granted = 0;
    for (city, stage) in STAGES.iter().enumerate() {
        let (mut accepted, mut seen) = (0, BTreeSet::new());
        for which in 0..stage.errands.len() {
            for _ in 0..40 {
                let script = lines(64).new_tree(&mut runner).unwrap().current();
                let (n, effects) = play(city, which, &script);
                accepted += n;
                seen.extend(effects);
            }
        }
        assert!(accepted > 300, "{}: {accepted}", CITIES[city]);
        use StepEffect as E;
        granted += usize::from(seen.contains(&E::ActivateAuthorisation));
        let far = [E::OrderJob, E::SuspendAuthorisation, E::AdmitStaff, E::ApproveScenario];
        for effect in far {
            assert!(seen.contains(&effect), "{}: no script came to {effect}", CITIES[city]);
        }
    }
    // The longest ways of all; chance does not go each of them every time.
    assert!(granted >= 2, "only in {granted} cities did a script come to an authorisation");
}
