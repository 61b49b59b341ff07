//! Catalogue, staff, emergency plans, scenarios, demand and jobs (articles 2, 12, 16, 26).

use crate::world::*;
use model::act::Decision;
use model::case::Actor;
use model::object::PlanSpec;
use model::order::ResourceSpec;
use model::party::{OrgRole, PersonRole};
use model::procedure::StepEffect;
use model::record::{AuthorisationState, GrantState, ScenarioState, StaffState};

#[test]
fn catalogue() {
    let spec: ResourceSpec = facts().resources.into_values().next().unwrap().spec;
    let mut run = Run::open("catalogue", spec, &provider(1));
    assert_eq!(run.code(&provider(2), "submit"), "wrong-role");
    for flag in ["state_secret", "forbidden_to_open"] {
        let mut secret = command("catalogue", "submit", Decision::Approve);
        secret.documents.get_mut("classification").unwrap()[flag] = true.into();
        assert_eq!(run.judge(&provider(1), &secret).unwrap_err().code, "adverse-finding");
    }
    let mut core = command("catalogue", "submit", Decision::Approve);
    core.documents.get_mut("classification").unwrap()["grade"] = "core".into();
    assert_eq!(run.judge(&provider(1), &core).unwrap_err().code, "document-invalid");
    run.step(&provider(1), "submit");
    let outcome = run.try_step(&authority(), "review").unwrap();
    assert_eq!(outcome.effects, [StepEffect::OrderResource, StepEffect::CatalogueResource]);
    assert_eq!(outcome.effects[0].order(), Some("resource"));
}

#[test]
fn staff() {
    let mut run = Run::open("staff", staff_spec(), &operator());
    run.step(&operator(), "submit").step(&authority(), "file").step(&authority(), "vet");
    assert_eq!(run.case.state, "admitted");
    assert_eq!(run.case.deadlines[0].at, staff_spec().nda_until);
    run.now = staff_spec().nda_until;
    run.step(&Actor::clock(), "expire");
    assert_eq!(run.case.state, "left");
    let mut over = staff_spec();
    over.nda_until = NOW;
    assert_eq!(Run::open("staff", over, &operator()).code(&operator(), "submit"), "period-open");
}

#[test]
fn emergency_plan() {
    let spec: PlanSpec = plan(1).spec;
    let mut run = Run::open("emergency_plan", spec, &provider(1));
    run.step(&provider(1), "submit");
    assert_eq!(run.code(&authority(), "endorse"), "wrong-role");
    assert_eq!(run.try_step(&security(), "endorse").unwrap().effects, [StepEffect::EnforcePlan]);
}

#[test]
fn scenario() {
    let mut run = Run::open("scenario", facts().scenario.unwrap().spec, &operator());
    run.facts.authorisation = Some(authorisation(AuthorisationState::Suspended));
    assert_eq!(run.code(&operator(), "submit"), "authorisation-active");
    run.facts = facts();
    run.step(&operator(), "submit").step(&authority(), "assess");
    assert_eq!(run.case.state, "approved");
}

fn demand_run() -> Run {
    Run::open("demand", grant_spec(), &operator())
}

#[test]
fn demand() {
    let mut run = demand_run();
    run.step(&operator(), "submit").step(&authority(), "assess");
    let first = run.try_step(&provider(1), "consent").unwrap();
    assert!(!first.complete && first.effects.is_empty());
    assert_eq!(run.case.state, "assessed", "every provider must consent");
    assert_eq!(run.code(&provider(1), "consent"), "already-done");
    let colleague = actor("prov1b", "prov1", &[OrgRole::DataProvider]);
    assert_eq!(run.code(&colleague, "consent"), "organisation-already-acted");
    assert_eq!(run.code(&provider(3), "consent"), "wrong-role");
    assert_eq!(run.code(&authority(), "decide"), "wrong-state");
    run.step(&provider(2), "consent");
    let outcome = run.try_step(&authority(), "decide").unwrap();
    assert_eq!(outcome.effects, [StepEffect::OrderGrant, StepEffect::OpenGrant]);
}

#[test]
fn one_provider_may_refuse() {
    let mut run = demand_run();
    run.step(&operator(), "submit")
        .step(&authority(), "assess")
        .step(&provider(1), "consent")
        .reject(&provider(2), "consent");
    assert_eq!(run.case.state, "refused");
}

#[test]
fn each_criterion_needs_a_finding() {
    let mut run = demand_run();
    run.step(&operator(), "submit");
    for criterion in ["reasonableness", "compliance", "security"] {
        let full = command("demand", "assess", Decision::Approve);
        let mut adverse = full.clone();
        adverse.documents.get_mut("assessment").unwrap()[criterion] = "not_met".into();
        let refusal = run.judge(&authority(), &adverse).unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()),
            ("adverse-finding", "WX-12.1", "12")
        );
        for name in [criterion.to_owned(), format!("{criterion}_finding")] {
            let mut less = full.clone();
            less.documents.get_mut("assessment").unwrap().as_object_mut().unwrap().remove(&name);
            assert_eq!(run.judge(&authority(), &less).unwrap_err().code, "document-incomplete", "{name}");
        }
    }
}

#[test]
fn demand_guards() {
    let refused = |code: &str, change: &dyn Fn(&mut Run)| {
        let mut run = demand_run();
        change(&mut run);
        assert_eq!(run.code(&operator(), "submit"), code);
    };
    refused("authorisation-active", &|r| r.facts.authorisation = None);
    refused("authorisation-active", &|r| r.facts.authorisation = Some(authorisation(AuthorisationState::Suspended)));
    refused("authorisation-active", &|r| r.facts.authorisation.as_mut().unwrap().id = "auth_2".into());
    refused("authorisation-active", &|r| r.now = r.facts.authorisation.as_ref().unwrap().until);
    refused("within-scope", &|r| drop(r.facts.authorisation.as_mut().unwrap().resources.remove(&"res_2".into())));
    refused("within-term", &|r| r.facts.authorisation.as_mut().unwrap().until = grant_spec().until.plus_ms(-1));
    refused("resources-catalogued", &|r| r.facts.resources.clear());
    refused("scenario-approved", &|r| r.facts.scenario.as_mut().unwrap().state = ScenarioState::Submitted);
    refused("scenario-approved", &|r| r.facts.scenario.as_mut().unwrap().id = "scn_2".into());
    refused("scenario-approved", &|r| r.facts.scenario.as_mut().unwrap().spec.authorisation = "auth_2".into());
    let mut run = demand_run();
    run.step(&operator(), "submit")
        .step(&authority(), "assess")
        .step(&provider(1), "consent")
        .step(&provider(2), "consent");
    run.facts.plans[0].spec.scenarios = vec!["scn_9".into()];
    assert_eq!(run.code(&authority(), "decide"), "emergency-plan", "a plan for another scenario does not count");
}

fn job_run() -> Run {
    Run::open("job", job_spec(), &engineer())
}

#[test]
fn job() {
    let mut run = job_run();
    let mut writer = engineer();
    writer.person_roles = vec![PersonRole::Officer];
    assert_eq!(run.code(&writer, "submit"), "wrong-role");
    run.step(&engineer(), "submit");
    // An organisation that is both author and authority does not review its own job.
    let own = actor("boss", "op", &[OrgRole::DataAuthority]);
    assert_eq!(run.code(&own, "review"), "conflict-of-interest");
    run.facts.groups.insert("org_op".into(), "g1".into());
    let mut affiliated = authority();
    affiliated.group = Some("g1".into());
    assert_eq!(run.code(&affiliated, "review"), "conflict-of-interest");
    assert_eq!(run.try_step(&authority(), "review").unwrap().effects, [StepEffect::OrderJob]);
}

#[test]
fn staff_must_be_admitted() {
    let refused = |change: &dyn Fn(&mut Run)| {
        let mut run = job_run();
        change(&mut run);
        let refusal = run.refused(&engineer(), "submit");
        assert_eq!(
            (refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()),
            ("staff-admitted", "WX-16.3", "16")
        );
    };
    refused(&|r| r.facts.staff = None);
    refused(&|r| r.facts.staff.as_mut().unwrap().state = StaffState::Filed);
    refused(&|r| r.facts.staff.as_mut().unwrap().person = "per_other".into());
    refused(&|r| r.facts.staff.as_mut().unwrap().spec.nda_until = NOW);
}

#[test]
fn no_job_without_authorisation_grant_and_plan() {
    let refused = |code: &str, change: &dyn Fn(&mut Run)| {
        let mut run = job_run();
        change(&mut run);
        assert_eq!(run.code(&engineer(), "submit"), code);
    };
    refused("authorisation-active", &|r| r.facts.authorisation = Some(authorisation(AuthorisationState::Suspended)));
    refused("authorisation-active", &|r| r.facts.grant = None);
    refused("grant-in-force", &|r| r.facts.grant.as_mut().unwrap().state = GrantState::Closed);
    refused("grant-in-force", &|r| r.facts.grant.as_mut().unwrap().spec.until = NOW);
    refused("grant-in-force", &|r| r.facts.grant.as_mut().unwrap().operator = "org_other".into());
    refused("emergency-plan", &|r| r.facts.plans.clear());
    // Stopped between handing in and review: the review refuses too.
    let mut run = job_run();
    run.step(&engineer(), "submit");
    run.facts.authorisation = Some(authorisation(AuthorisationState::Suspended));
    assert_eq!(run.code(&authority(), "review"), "authorisation-active");
}
