//! Rectification, stop on a risk, termination, revocation (articles 5, 10, 15, 19).

use crate::world::*;
use model::act::Decision;
use model::case::Actor;
use model::procedure::StepEffect;
use model::record::AuthorisationState;
use model::{Timestamp, due_steps};

fn suspended() -> Run {
    let mut run = Run::open("rectification", stop_spec("misuse"), &authority());
    let outcome = run.try_step(&authority(), "suspend").unwrap();
    assert_eq!(outcome.effects, [StepEffect::OrderSuspend, StepEffect::SuspendAuthorisation]);
    run.facts.authorisation = Some(authorisation(AuthorisationState::Suspended));
    run
}

#[test]
fn rectification() {
    let mut run = suspended();
    assert_eq!(run.code(&authority(), "accept"), "wrong-state");
    assert_eq!(run.code(&consumer(), "report"), "wrong-role");
    run.step(&operator(), "report");
    run.facts.other_stop = true;
    assert_eq!(run.code(&authority(), "accept"), "no-other-stop");
    run.facts.other_stop = false;
    let outcome = run.try_step(&authority(), "accept").unwrap();
    assert_eq!(outcome.effects, [StepEffect::OrderRestore, StepEffect::RestoreAuthorisation]);
    assert_eq!((outcome.rule.as_str(), outcome.article.as_str()), ("WX-10.1", "10"));
}

#[test]
fn a_failed_rectification_restores_nothing() {
    let mut run = suspended();
    run.step(&operator(), "report").reject(&authority(), "accept");
    assert_eq!(run.case.state, "failed");
    let mut gone = suspended();
    gone.step(&operator(), "report");
    gone.facts.authorisation = Some(authorisation(AuthorisationState::Terminated));
    assert_eq!(gone.code(&authority(), "accept"), "authorisation-suspended");
}

#[test]
fn a_missed_deadline_fails_by_itself() {
    let mut run = suspended();
    // The document says 1 June; the day counts in full, in China.
    let end = Timestamp::start_of(jiff::civil::date(2026, 6, 2));
    assert_eq!(run.case.deadlines[0].at, end);
    assert!(due_steps(&PACK, &run.case, &run.facts, end.plus_ms(-1)).is_empty());
    run.now = end;
    run.step(&Actor::clock(), "overdue");
    assert_eq!(run.case.state, "failed");
}

#[test]
fn only_the_five_grounds_suspend() {
    for ground in ["misuse", "missing_security_measures", "failed_evaluation", "violation_of_law", "serious_breach"] {
        let mut run = Run::open("rectification", stop_spec(ground), &authority());
        // One of them rests on what is on record.
        if ground == "failed_evaluation" {
            assert_eq!(run.code(&authority(), "suspend"), "ground-proved");
            run.facts.outcomes.insert("evaluation.unqualified".to_owned());
        }
        assert!(run.try_step(&authority(), "suspend").is_ok(), "{ground}");
    }
    let refusal = Run::open("rectification", stop_spec("bad_mood"), &authority()).refused(&authority(), "suspend");
    assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("ground-listed", "WX-10.1"));
}

#[test]
fn risk_stop() {
    let mut run = Run::open("risk_stop", stop_spec("inferred_risk"), &engineer());
    let stranger = actor("op2", "op2", &[model::party::OrgRole::Operator]);
    assert_eq!(run.code(&stranger, "stop"), "wrong-role", "another operator");
    assert_eq!(run.try_step(&engineer(), "stop").unwrap().effects[0], StepEffect::OrderSuspend);
    assert_eq!(run.code(&operator(), "resume"), "wrong-role", "who stopped does not resume");
    run.facts.authorisation = Some(authorisation(AuthorisationState::Suspended));
    run.step(&authority(), "resume");
    assert_eq!(run.case.state, "resumed");
}

#[test]
fn termination_and_revocation_pass_the_mechanism() {
    for (procedure, ground, last, effect) in [
        ("termination", "rectification_failed", "terminate", StepEffect::TerminateAuthorisation),
        ("revocation", "violation", "revoke", StepEffect::RevokeAuthorisation),
    ] {
        let mut run = Run::open(procedure, stop_spec(ground), &authority());
        run.step(&authority(), "propose");
        assert_eq!(run.code(&authority(), last), "wrong-state");
        run.step(&mechanism(), "deliberate");
        let outcome = run.try_step(&authority(), last).unwrap();
        assert!(outcome.effects.contains(&StepEffect::OrderDestroy) && outcome.effects.contains(&effect));
        assert_eq!(outcome.effects.contains(&StepEffect::StartBan), procedure == "revocation");
        run.facts.destroyed = false;
        assert_eq!(run.code(&Actor::clock(), "certify"), "destroyed", "no certificate before the zone's report");
        run.facts.destroyed = true;
        assert_eq!(run.try_step(&Actor::clock(), "certify").unwrap().effects, [StepEffect::CertifyDestruction]);
    }
}

#[test]
fn what_is_ended_stays_ended() {
    for state in [AuthorisationState::Terminated, AuthorisationState::Revoked] {
        let mut run = Run::open("termination", stop_spec("voluntary"), &authority());
        run.facts.authorisation = Some(authorisation(state));
        assert_eq!(run.code(&authority(), "propose"), "authorisation-not-ended");
    }
}

#[test]
fn a_failed_rectification_must_be_on_record() {
    let mut run = Run::open("termination", stop_spec("rectification_failed"), &authority());
    run.facts.failed_rectification = false;
    assert_eq!(run.code(&authority(), "propose"), "ground-proved");
}

#[test]
fn the_mechanism_may_say_no() {
    let mut run = Run::open("revocation", stop_spec("violation"), &authority());
    run.step(&authority(), "propose");
    let mut split = command("revocation", "deliberate", Decision::Approve);
    split.documents.get_mut("minutes").unwrap()["result"] = "not_agreed".into();
    assert_eq!(run.judge(&mechanism(), &split).unwrap_err().code, "adverse-finding");
    run.reject(&mechanism(), "deliberate");
    assert_eq!(run.case.state, "dropped");
}
