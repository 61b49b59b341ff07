//! Release, product and order (articles 3, 16, 17, 21, 22, 24).

use crate::world::*;
use model::act::Decision;
use model::ids::PersonId;
use model::party::OrgRole;
use model::procedure::StepEffect;
use model::record::{AuthorisationState, Certificate, ProductState};
use model::visible_history;
use model::{Fen, Refusal};

fn release_run() -> Run {
    Run::open("release", release_spec(), &engineer())
}

#[test]
fn release() {
    let mut run = release_run();
    run.step(&engineer(), "check").step(&provider(1), "vote").step(&authority(), "vote");
    assert_eq!(run.case.state, "voted");
    assert_eq!(run.code(&authority(), "security_review"), "wrong-role");
    assert_eq!(run.code(&authority(), "authority_review"), "wrong-state");
    run.step(&security(), "security_review");
    let outcome = run.try_step(&authority(), "authority_review").unwrap();
    assert_eq!(outcome.effects, [StepEffect::OrderRelease, StepEffect::RecordReview]);
    assert_eq!((outcome.rule.as_str(), outcome.article.as_str()), ("WX-17.1", "17"));
}

#[test]
fn bodies_may_coincide_but_people_vote_once() {
    let both = actor("sec", "sec", &[OrgRole::SecurityRegulator, OrgRole::DataAuthority]);
    let mut run = release_run();
    run.step(&engineer(), "check").step(&both, "vote");
    assert_eq!(run.code(&both, "vote"), "already-done");
    let colleague = actor("sec2", "sec", &[OrgRole::SecurityRegulator]);
    assert_eq!(run.code(&colleague, "vote"), "organisation-already-acted");
    run.step(&authority(), "vote").step(&both, "security_review").step(&both, "authority_review");
    assert_eq!(run.case.state, "released");
}

#[test]
fn authors_and_affiliates_never_vote() {
    let mut run = release_run();
    run.step(&engineer(), "check");
    let author = actor("eng", "sec", &[OrgRole::SecurityRegulator]);
    let own = actor("boss", "op", &[OrgRole::DataProvider]);
    for by in [author, own] {
        assert_eq!(run.code(&by, "vote"), "conflict-of-interest");
        run.case.state = "voted".into();
        let by = model::case::Actor { org_roles: vec![OrgRole::SecurityRegulator], ..by };
        assert_eq!(run.code(&by, "security_review"), "conflict-of-interest");
        run.case.state = "checked".into();
    }
    run.facts.groups.insert("org_op".into(), "g1".into());
    let mut affiliated = provider(1);
    affiliated.group = Some("g1".into());
    assert_eq!(run.code(&affiliated, "vote"), "conflict-of-interest");
    let (mut a, mut b) = (provider(1), provider(2));
    a.group = Some("g2".into());
    b.group = Some("g2".into());
    run.step(&a, "vote");
    assert_eq!(run.code(&b, "vote"), "organisation-already-acted");
}

#[test]
fn votes_are_blind_until_all_are_in() {
    let mut run = release_run();
    run.step(&engineer(), "check").reject(&provider(1), "vote");
    assert_eq!(run.case.state, "checked", "one rejection shows nothing yet");
    let seen = |run: &Run, who: &str| visible_history(&PACK, &run.case, &PersonId(who.into())).len();
    assert_eq!((seen(&run, "per_auth"), seen(&run, "per_prov1"), seen(&run, "per_eng")), (1, 2, 1));
    run.step(&authority(), "vote");
    assert_eq!(run.case.state, "refused", "a rejection counts once all are in");
    assert_eq!(seen(&run, "per_eng"), 3);
}

#[test]
fn release_guards() {
    let refused = |code: &str, change: &dyn Fn(&mut Run)| {
        let mut run = release_run();
        change(&mut run);
        assert_eq!(run.code(&engineer(), "check"), code);
    };
    refused("authorisation-active", &|r| r.facts.authorisation = Some(authorisation(AuthorisationState::Revoked)));
    refused("gate-passed", &|r| r.facts.job.as_mut().unwrap().gate = None);
    refused("gate-passed", &|r| r.facts.job.as_mut().unwrap().gate.as_mut().unwrap().verdict = "block".into());
    refused("gate-passed", &|r| r.facts.job.as_mut().unwrap().gate.as_mut().unwrap().artefact = digest('0'));
    refused("gate-passed", &|r| r.facts.job.as_mut().unwrap().gate.as_mut().unwrap().report = digest('0'));
    refused("release-matches-job", &|r| r.facts.grant.as_mut().unwrap().spec.scenario = "scn_2".into());
    refused("release-matches-job", &|r| r.facts.job.as_mut().unwrap().spec.author = "per_other".into());
    refused("release-matches-job", &|r| r.facts.job.as_mut().unwrap().spec.product = "prod_2".into());
    let run = release_run();
    let mut hazard = command("release", "check", Decision::Approve);
    hazard.documents.get_mut("hazard_check").unwrap()["hazards_found"] = true.into();
    let refusal = run.judge(&engineer(), &hazard).unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()),
        ("adverse-finding", "WX-16.4", "16")
    );
}

fn register(change: impl FnOnce(&mut Run)) -> Result<(), Refusal> {
    let mut run = Run::open("product", product_spec(), &operator());
    change(&mut run);
    run.judge(&operator(), &command("product", "register", Decision::Approve)).map(drop)
}

#[test]
fn product_guards() {
    let refused = |code: &str, rule: &str, change: &dyn Fn(&mut Run)| {
        let refusal = register(|r| change(r)).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), (code, rule));
    };
    assert!(register(|_| ()).is_ok());
    refused("product-released", "WX-17.1", &|r| r.facts.product.as_mut().unwrap().state = ProductState::Draft);
    refused("product-released", "WX-17.1", &|r| r.facts.product.as_mut().unwrap().artefact = Some(digest('0')));
    refused("scenario-reviewed", "WX-17.1", &|r| r.facts.product.as_mut().unwrap().reviewed_scenarios.clear());
    refused("product-measurable", "WX-3.1", &|r| r.case.object["unit"] = " ".into());
    refused("form-listed", "WX-3.1", &|r| r.case.object["form"] = "poem".into());
    assert!(
        register(|r| {
            r.case.object["form"] = "poem".into();
            r.case.object["form_reason"] = "new".into();
        })
        .is_ok()
    );
    refused("price-within-ceiling", "WX-22.1", &|r| r.case.object["price"] = (-1).into());
    refused("price-within-ceiling", "WX-22.1", &|r| r.case.object["ceiling"] = 99.into());
    assert!(register(|r| r.case.object["ceiling"] = 100.into()).is_ok());
    assert_eq!(product_spec().price, Fen(100));
    publication();
}

fn publication() {
    let mut run = Run::open("product", product_spec(), &operator());
    run.step(&operator(), "register").step(&authority(), "certify");
    assert_eq!(run.code(&authority(), "publish"), "wrong-state", "no publication without a listing");
    run.step(&operator(), "list");
    let certificate = run.facts.product.as_mut().unwrap().certificate.take();
    assert_eq!(run.code(&authority(), "publish"), "product-certified");
    run.facts.product.as_mut().unwrap().certificate = certificate;
    let listing = run.case.history.pop().unwrap();
    assert_eq!(run.code(&authority(), "publish"), "venue-listed");
    run.case.history.push(listing);
    assert_eq!(run.try_step(&authority(), "publish").unwrap().effects, [StepEffect::PublishProduct]);
    run.step(&operator(), "withdraw");
    assert_eq!(run.case.state, "withdrawn");
}

#[test]
fn certificate_numbers_carry_prefix_and_year() {
    assert_eq!(Certificate::number(PACK.text("certificate.prefix").unwrap(), &"prod_ab12".into(), NOW), "WX-2026-AB12");
}

#[test]
fn consumer_order() {
    let mut run = Run::open("consumer_order", recipient_spec(), &consumer());
    run.step(&consumer(), "apply");
    assert_eq!(run.code(&actor("op2", "op2", &[OrgRole::Operator]), "review"), "wrong-role");
    run.step(&operator(), "review").step(&consumer(), "sign_consumer");
    let mut other = command("consumer_order", "sign_operator", Decision::Approve);
    other.documents.get_mut("service_agreement").unwrap()["digest"] = serde_json::json!(digest('7'));
    assert_eq!(run.judge(&operator(), &other).unwrap_err().code, "same-agreement");
    let outcome = run.try_step(&operator(), "sign_operator").unwrap();
    assert_eq!(outcome.effects[0], StepEffect::OrderRecipient);
    assert_eq!(outcome.case.deadlines[0].at, recipient_spec().until);
}

#[test]
fn order_guards() {
    let refused = |code: &str, change: &dyn Fn(&mut Run)| {
        let mut run = Run::open("consumer_order", recipient_spec(), &consumer());
        change(&mut run);
        assert_eq!(run.code(&consumer(), "apply"), code);
    };
    refused("authorisation-active", &|r| r.facts.authorisation = Some(authorisation(AuthorisationState::Suspended)));
    refused("authorisation-active", &|r| r.facts.product.as_mut().unwrap().authorisation = "auth_9".into());
    refused("within-term", &|r| r.facts.authorisation.as_mut().unwrap().until = recipient_spec().until.plus_ms(-1));
    refused("product-published", &|r| r.facts.product.as_mut().unwrap().state = ProductState::Listed);
    refused("product-published", &|r| r.facts.product.as_mut().unwrap().operator = "org_other".into());
    refused("scenario-reviewed", &|r| r.case.object["scenario"] = "scn_2".into());
}
