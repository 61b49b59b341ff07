//! From announcement to active authorisation (articles 2, 5, 7 to 11, 26).

use crate::world::*;
use model::act::Decision;
use model::case::{Actor, Command};
use model::ids::BanId;
use model::object::AnnouncementSpec;
use model::party::{LegalForm, OrgRole};
use model::procedure::StepEffect;
use model::record::{Authorisation, AuthorisationState, Ban, Grade, ResourceState};
use model::{Refusal, Timestamp, due_steps};

/// Everybody on the way, in order.
pub fn way() -> Vec<(&'static str, Actor)> {
    vec![
        ("apply", operator()),
        ("review", authority()),
        ("argue", expert()),
        ("give_notice", authority()),
        ("close_notice", Actor::clock()),
        ("deliberate", mechanism()),
        ("determine", authority()),
        ("sign_operator", operator()),
        ("sign_authority", authority()),
    ]
}

fn run() -> Run {
    Run::open("authorisation", authorisation_spec(24), &operator())
}

fn until(step: &str) -> Run {
    let mut run = run();
    for (name, by) in way() {
        if name == step {
            break;
        }
        if name == "close_notice" {
            run.now = run.now.plus_days(8);
        }
        run.step(&by, name);
    }
    run
}

#[test]
fn the_whole_way_ends_active() {
    let mut run = until("sign_authority");
    let outcome = run.try_step(&authority(), "sign_authority").unwrap();
    assert_eq!(outcome.case.state, "active");
    assert_eq!(
        outcome.effects,
        [StepEffect::RecordAgreement, StepEffect::OrderAuthorise, StepEffect::ActivateAuthorisation]
    );
    assert_eq!((outcome.rule.as_str(), outcome.article.as_str()), ("WX-11.1", "11"));
    assert_eq!(outcome.case.history.len(), 9);
}

#[test]
fn nobody_skips_a_step() {
    let way = way();
    for (i, (name, _)) in way.iter().enumerate() {
        let mut run = until(name);
        run.now = run.now.plus_days(30);
        for (later, by) in &way[i + 1..] {
            assert_eq!(run.code(by, later), "wrong-state", "{later} before {name}");
        }
        for (earlier, by) in &way[..i] {
            assert_eq!(run.code(by, earlier), "wrong-state", "{earlier} after {name}");
        }
    }
}

#[test]
fn each_step_is_for_its_own_role_only() {
    let all = [authority(), mechanism(), expert(), security(), provider(1), operator(), consumer(), Actor::clock()];
    let other_operator = actor("op2", "op2", &[OrgRole::Operator]);
    for (name, right) in way() {
        let mut run = until(name);
        run.now = if name == "close_notice" { run.now.plus_days(8) } else { run.now };
        for by in all.iter().chain([&other_operator]).filter(|a| **a != right) {
            let refusal = run.refused(by, name);
            assert_eq!(refusal.code, "wrong-role", "{name} by {}", by.org);
            assert!(!refusal.rule.is_empty() && !refusal.zh.is_empty());
        }
        assert!(run.judge(&right, &command("authorisation", name, Decision::Approve)).is_ok(), "{name}");
    }
}

#[test]
fn a_person_without_the_role_is_refused() {
    let mut officer = operator();
    officer.person_roles = vec![model::party::PersonRole::Officer];
    assert_eq!(run().code(&officer, "apply"), "wrong-role");
}

#[test]
fn every_document_is_needed() {
    for (name, by) in way() {
        let run = until(name);
        let full = command("authorisation", name, Decision::Approve);
        for document in full.documents.keys() {
            let mut less = full.clone();
            less.documents.remove(document);
            assert_eq!(run.judge(&by, &less).unwrap_err().code, "document-missing", "{name} {document}");
        }
        let more = full.with("diary", serde_json::json!({"x": 1}));
        assert!(run.judge(&by, &more).is_err());
    }
}

#[test]
fn written_application_needs_five_fields() {
    let full = command("authorisation", "apply", Decision::Approve);
    let fields = ["scope", "term_months", "income_method", "security_measures", "asset_disposal"];
    for field in fields {
        let mut less = full.clone();
        less.documents.get_mut("written_application").unwrap().as_object_mut().unwrap().remove(field);
        let refusal = run().judge(&operator(), &less).unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()),
            ("document-incomplete", "WX-11.1", "11"),
            "{field}"
        );
    }
    let mut other = full;
    other.documents.get_mut("written_application").unwrap()["term_months"] = 12.into();
    assert_eq!(run().judge(&operator(), &other).unwrap_err().code, "term-within-max");
}

fn apply(months: i32, change: impl FnOnce(&mut Run)) -> Result<(), Refusal> {
    let mut run = Run::open("authorisation", authorisation_spec(months), &operator());
    change(&mut run);
    let mut command = command("authorisation", "apply", Decision::Approve);
    command.documents.get_mut("written_application").unwrap()["term_months"] = months.max(0).into();
    run.judge(&operator(), &command).map(drop)
}

fn expect(result: Result<(), Refusal>, code: &str, rule: &str, article: &str) {
    let refusal = result.expect_err(code);
    assert_eq!((refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()), (code, rule, article));
}

#[test]
fn application_boundaries() {
    assert!(apply(24, |_| ()).is_ok());
    assert!(apply(1, |_| ()).is_ok());
    expect(apply(25, |_| ()), "term-within-max", "WX-11.2", "11");
    expect(apply(0, |_| ()), "term-within-max", "WX-11.2", "11");
    let opens = NOW.plus_days(-10);
    let closes = NOW.plus_days(20);
    assert!(apply(24, |r| r.now = opens).is_ok());
    assert!(apply(24, |r| r.now = closes.plus_ms(-1)).is_ok());
    expect(apply(24, |r| r.now = opens.plus_ms(-1)), "announcement-open", "WX-9.1", "9");
    expect(apply(24, |r| r.now = closes), "announcement-open", "WX-9.1", "9");
    expect(apply(24, |r| r.facts.announcement = None), "announcement-open", "WX-9.1", "9");
    expect(apply(24, |r| r.facts.announcement.as_mut().unwrap().spec.modes.clear()), "mode-announced", "WX-9.1", "9");
    expect(apply(24, |r| r.case.object["legal_form"] = "natural_person".into()), "legal-form-allowed", "WX-3.2", "3");
    assert_ne!(authorisation_spec(24).legal_form, LegalForm::NaturalPerson);
}

#[test]
fn resources_outside_the_catalogue_are_refused() {
    let id = || "res_1".into();
    expect(apply(24, |r| drop(r.facts.resources.remove(&id()))), "resources-catalogued", "WX-2.2", "2");
    expect(
        apply(24, |r| r.facts.resources.get_mut(&id()).unwrap().state = ResourceState::Submitted),
        "resources-catalogued",
        "WX-2.2",
        "2",
    );
    expect(
        apply(24, |r| r.facts.resources.get_mut(&id()).unwrap().excluded = true),
        "resources-catalogued",
        "WX-2.2",
        "2",
    );
    expect(
        apply(24, |r| r.facts.resources.get_mut(&id()).unwrap().grade = Grade::Core),
        "resources-catalogued",
        "WX-2.2",
        "2",
    );
    expect(
        apply(24, |r| r.facts.resources.get_mut(&id()).unwrap().provider = "org_other".into()),
        "resources-catalogued",
        "WX-2.2",
        "2",
    );
    expect(apply(24, |r| r.case.object["resources"] = serde_json::json!({})), "resources-catalogued", "WX-2.2", "2");
}

#[test]
fn ban_after_revocation() {
    let revoked = |months_ago: i32| {
        let mut a = authorisation(AuthorisationState::Revoked);
        a.id = "auth_0".into();
        Ban::start(
            BanId("ban_1".into()),
            &a,
            i32::try_from(PACK.int("ban.months_after_revocation").unwrap()).unwrap(),
            NOW.plus_months(-months_ago),
        )
    };
    expect(apply(24, |r| r.facts.bans.push(revoked(35))), "no-ban", "WX-10.3", "10");
    expect(apply(24, |r| r.facts.bans.push(revoked(0))), "no-ban", "WX-10.3", "10");
    // The last day of the three years is a day of the ban; the one after is not.
    expect(apply(24, |r| r.facts.bans.push(revoked(36))), "no-ban", "WX-10.3", "10");
    let next = |r: &mut Run| {
        r.facts.bans.push(revoked(36));
        r.now = Timestamp::start_of(NOW.date()).plus_days(1);
    };
    assert!(apply(24, next).is_ok(), "the ban is over after 36 months");
    assert!(apply(24, |r| r.facts.bans.push(revoked(37))).is_ok());
    let mut other = revoked(1);
    other.uscc = "91320200MA1OTHER00".into();
    assert!(apply(24, |r| r.facts.bans.push(other)).is_ok(), "a ban on somebody else");
}

#[test]
fn renewal_window() {
    let renew = |days_before: i64, state: AuthorisationState| {
        apply(24, |r| {
            let mut previous = authorisation(state);
            previous.id = "auth_0".into();
            previous.until = NOW.plus_days(days_before);
            r.case.object["renewal_of"] = "auth_0".into();
            r.facts.previous = Some(previous);
        })
    };
    use AuthorisationState::{Active, Revoked, Suspended, Terminated};
    expect(renew(100, Active), "renewal-window", "WX-10.2", "10");
    assert!(renew(30, Active).is_ok());
    assert!(renew(30, Suspended).is_ok());
    assert!(renew(92, Active).is_ok(), "three months before 2 June is 2 March");
    expect(renew(93, Active), "renewal-window", "WX-10.2", "10");
    expect(renew(0, Active), "renewal-window", "WX-10.2", "10");
    expect(renew(-1, Active), "renewal-window", "WX-10.2", "10");
    expect(renew(30, Terminated), "renewal-window", "WX-10.2", "10");
    expect(renew(30, Revoked), "renewal-window", "WX-10.2", "10");
    expect(apply(24, |r| r.case.object["renewal_of"] = "auth_0".into()), "renewal-window", "WX-10.2", "10");
}

#[test]
fn a_term_over_a_leap_day_ends_on_the_last_day_of_february() {
    let date = |y, m, d| Timestamp::start_of(jiff::civil::date(y, m, d));
    let start =
        |at| Authorisation::start(&authorisation_spec(24), &"org_auth".into(), &"case_1".into(), "wuxi@1", at).until;
    // The term ends with that day, and not before.
    assert_eq!(start(date(2028, 2, 29)), date(2030, 3, 1));
    assert_eq!(start(date(2028, 2, 29).plus_ms(86_399_999)), date(2030, 3, 1));
    assert_eq!(start(date(2026, 2, 28)), date(2028, 2, 29));
    let a = Authorisation::start(
        &authorisation_spec(24),
        &"org_auth".into(),
        &"case_1".into(),
        "wuxi@1",
        date(2028, 2, 29),
    );
    assert!(a.in_force(date(2030, 3, 1).plus_ms(-1)));
    assert_eq!(a.state_at(date(2030, 3, 1)), AuthorisationState::Expired);
    assert!(!a.in_force(date(2028, 2, 29).plus_ms(-1)), "not before it starts");
}

#[test]
fn blacklists() {
    let refused = |change: &dyn Fn(&mut Run)| {
        let mut run = until("review");
        change(&mut run);
        let refusal = run.refused(&authority(), "review");
        assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("blacklists-clear", "WX-7.1"));
    };
    refused(&|r| drop(r.facts.blacklist_checks.pop()));
    refused(&|r| r.facts.blacklist_checks[0].hit = true);
    refused(&|r| r.facts.blacklist_checks[0].at = NOW.plus_days(-31));
    refused(&|r| r.facts.blacklist_checks[0].uscc = "91320200MA1OTHER00".into());
    refused(&|r| r.facts.blacklist_checks[0].at = NOW.plus_days(1));
    refused(&|r| {
        // A newer hit counts more than an older clear check.
        let mut newer = r.facts.blacklist_checks[0].clone();
        newer.hit = true;
        newer.at = NOW;
        r.facts.blacklist_checks.push(newer);
    });
}

#[test]
fn an_adverse_finding_cannot_approve_but_can_reject() {
    let mut run = until("review");
    let mut adverse = command("authorisation", "review", Decision::Approve);
    adverse.documents.get_mut("review_opinion").unwrap()["result"] = "not_met".into();
    assert_eq!(run.judge(&authority(), &adverse).unwrap_err().code, "adverse-finding");
    assert_eq!(run.judge(&authority(), &Command::reject("review")).unwrap_err().code, "document-missing");
    run.reject(&authority(), "review");
    assert_eq!(run.case.state, "refused");
}

#[test]
fn objections_block() {
    let mut run = until("close_notice");
    assert_eq!(
        run.case.deadlines.iter().find(|d| d.step == "close_notice").unwrap().at.date().to_string(),
        "2026-03-10"
    );
    assert_eq!(run.code(&authority(), "answer_objection"), "objection-open");
    run.step(&consumer(), "raise_objection").step(&provider(1), "raise_objection").step(&consumer(), "raise_objection");
    run.now = NOW.plus_days(8);
    assert!(due_steps(&PACK, &run.case, &run.facts, run.now).is_empty());
    let refusal = run.refused(&Actor::clock(), "close_notice");
    assert_eq!(
        (refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()),
        ("no-open-objection", "WX-9.3", "9")
    );
    // One answer deals with all that came in before it; the next objection waits again.
    run.step(&authority(), "answer_objection").step(&consumer(), "raise_objection");
    assert_eq!(run.code(&Actor::clock(), "close_notice"), "no-open-objection");
    run.step(&authority(), "answer_objection");
    assert_eq!(run.code(&authority(), "answer_objection"), "objection-open");
    let due = due_steps(&PACK, &run.case, &run.facts, run.now);
    assert_eq!(due.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["close_notice"]);
    // An objection of somebody without an account stands in no history; it blocks, and can be answered.
    run.facts.open_objections = 1;
    assert_eq!(run.code(&Actor::clock(), "close_notice"), "no-open-objection");
    run.step(&authority(), "answer_objection");
    run.facts.open_objections = 0;
    run.step(&Actor::clock(), "close_notice");
}

#[test]
fn an_upheld_objection_ends_the_application() {
    let mut run = until("close_notice");
    run.step(&consumer(), "raise_objection").reject(&authority(), "answer_objection");
    assert_eq!(run.case.state, "refused");
}

#[test]
fn the_clock_waits_for_the_notice() {
    let mut run = until("close_notice");
    run.now = Timestamp::start_of(model::time::parse_date("2026-03-10").unwrap()).plus_ms(-1);
    assert_eq!(run.code(&Actor::clock(), "close_notice"), "not-due");
    run.now = Timestamp::start_of(model::time::parse_date("2026-03-10").unwrap());
    assert!(run.try_step(&Actor::clock(), "close_notice").is_ok());
}

#[test]
fn affiliates_of_the_applicant_stand_aside() {
    let mut from = operator();
    from.group = Some("g1".into());
    let mut run = Run::open("authorisation", authorisation_spec(24), &from);
    run.step(&from, "apply");
    run.step(&authority(), "review");
    let mut affiliated = expert();
    affiliated.group = Some("g1".into());
    let refusal = run.refused(&affiliated, "argue");
    assert_eq!(
        (refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()),
        ("conflict-of-interest", "PRODUCT-SEPARATION", "")
    );
    run.step(&expert(), "argue");
}

#[test]
fn both_sides_sign_the_same_text() {
    let run = until("sign_authority");
    let mut other = command("authorisation", "sign_authority", Decision::Approve);
    other.documents.get_mut("operation_agreement").unwrap()["digest"] = serde_json::json!(digest('8'));
    assert_eq!(run.judge(&authority(), &other).unwrap_err().code, "same-agreement");
}

#[test]
fn without_a_plan_no_operation() {
    let mut run = until("sign_authority");
    run.facts.plans.pop();
    let refusal = run.refused(&authority(), "sign_authority");
    assert_eq!(
        (refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()),
        ("emergency-plan", "WX-26.1", "26")
    );
    run.facts.plans.push(plan(2));
    run.facts.plans[1].spec.until = run.now;
    assert_eq!(run.code(&authority(), "sign_authority"), "emergency-plan");
}

#[test]
fn an_announcement_closes_by_itself() {
    let spec = AnnouncementSpec { opens: NOW, closes: NOW.plus_days(30), ..facts().announcement.unwrap().spec };
    let mut run = Run::open("announcement", &spec, &authority());
    assert_eq!(run.code(&operator(), "publish"), "wrong-role");
    run.step(&authority(), "publish");
    assert!(due_steps(&PACK, &run.case, &run.facts, spec.closes.plus_ms(-1)).is_empty());
    assert_eq!(due_steps(&PACK, &run.case, &run.facts, spec.closes).len(), 1);
    let empty = AnnouncementSpec { opens: NOW, closes: NOW, ..spec };
    assert_eq!(Run::open("announcement", empty, &authority()).code(&authority(), "publish"), "window-sound");
}

#[test]
fn an_object_of_another_shape_opens_no_case() {
    let open =
        |object| model::open_case(&PACK, "authorisation", "case_1".into(), object, &operator(), NOW).map(|c| c.object);
    let full = serde_json::to_value(authorisation_spec(24)).unwrap();
    let mut extra = full.clone();
    extra["colour"] = 1.into();
    assert_eq!(open(extra).unwrap_err().code, "object-invalid");
    let mut less = full.clone();
    less.as_object_mut().unwrap().remove("uscc");
    assert_eq!(open(less).unwrap_err().code, "object-invalid");
    let mut short = full.clone();
    short.as_object_mut().unwrap().remove("domain");
    assert_eq!(open(short).unwrap(), full, "one spelling: empty fields are null");
    assert_eq!(
        model::open_case(&PACK, "magic", "case_1".into(), full, &operator(), NOW).unwrap_err().code,
        "unknown-procedure"
    );
}

#[test]
fn a_case_of_another_pack_version_is_refused() {
    let mut run = run();
    run.case.pack = "wuxi@0.9.9".into();
    assert_eq!(run.code(&operator(), "apply"), "pack-version");
}
