//! Withdrawal, sealing and unsealing of a resource: two people, retention, and what stands in the way.

use crate::world::*;
use model::act::{Act, Decision};
use model::case::Actor;
use model::ids::ResourceId;
use model::keylist::KeyHolder;
use model::order::{Effect, ResourceStopSpec, WorkOrder};
use model::party::OrgRole;
use model::procedure::StepEffect;
use model::record::ResourceState;
use model::retention::check_resource;
use model::{Pack, Timestamp, check_quorum};

pub fn spec(ground: &str) -> ResourceStopSpec {
    ResourceStopSpec {
        resource: "res_1".into(),
        provider: "org_prov1".into(),
        ground: ground.into(),
        article: String::new(),
    }
}

/// Procedure, one of its grounds, and the state of the resource in which it begins.
const TAKING: [(&str, &str, ResourceState); 3] = [
    ("withdrawal", "provider_withdraws", ResourceState::Catalogued),
    ("sealing", "under_dispute", ResourceState::Catalogued),
    ("unsealing", "dispute_settled", ResourceState::Sealed),
];

fn second() -> Actor {
    actor("auth2", "auth", &[OrgRole::DataAuthority])
}

fn run(procedure: &str, ground: &str, state: ResourceState, by: &Actor) -> Run {
    let mut run = Run::open(procedure, spec(ground), by);
    run.facts.resources.get_mut(&ResourceId::from("res_1")).unwrap().state = state;
    run.facts.carried_out = false;
    run
}

#[test]
fn a_provider_withdraws_and_the_authority_decides() {
    let mut run = run("withdrawal", "provider_withdraws", ResourceState::Catalogued, &provider(1));
    assert_eq!(run.code(&provider(2), "propose"), "wrong-role", "another provider");
    assert_eq!(run.code(&authority(), "propose"), "wrong-role");
    run.step(&provider(1), "propose");
    assert_eq!(run.code(&provider(1), "decide"), "wrong-role");
    assert_eq!(run.try_step(&authority(), "decide").unwrap().effects, [StepEffect::OrderWithdraw]);
    assert_eq!(run.code(&Actor::clock(), "certify"), "carried-out", "no certificate before the zone's report");
    run.facts.carried_out = true;
    run.step(&Actor::clock(), "certify");
    assert_eq!(run.case.state, "closed");
}

#[test]
fn nobody_seals_or_unseals_alone() {
    for (procedure, ground, state, effect) in [
        ("sealing", "under_dispute", ResourceState::Catalogued, StepEffect::OrderSeal),
        ("unsealing", "dispute_settled", ResourceState::Sealed, StepEffect::OrderUnseal),
    ] {
        let mut run = run(procedure, ground, state, &authority());
        run.step(&authority(), "propose");
        assert_eq!(run.code(&authority(), "decide"), "conflict-of-interest", "{procedure}: one person alone");
        assert_eq!(run.try_step(&second(), "decide").unwrap().effects, [effect]);
    }
}

/// What the zone refused is proposed anew, by whom the proposer of either round does not decide alone, or closed.
#[test]
fn what_the_zone_refused_is_signed_anew_or_closed() {
    for (procedure, ground, state, effect) in [
        ("withdrawal", "provider_withdraws", ResourceState::Catalogued, StepEffect::OrderWithdraw),
        ("sealing", "under_dispute", ResourceState::Catalogued, StepEffect::OrderSeal),
        ("unsealing", "dispute_settled", ResourceState::Sealed, StepEffect::OrderUnseal),
    ] {
        let by = if procedure == "withdrawal" { provider(1) } else { authority() };
        let mut run = run(procedure, ground, state, &by);
        run.step(&by, "propose");
        run.step(&second(), "decide");
        assert_eq!(run.code(&Actor::clock(), "return"), "order-refused", "{procedure}: not before the zone refused");
        assert_eq!(run.code(&second(), "return"), "wrong-role");
        assert_eq!(run.code(&second(), "close"), "wrong-state", "what was ordered is not given up");
        run.facts.order_refused = true;
        run.step(&Actor::clock(), "return");
        assert_eq!(run.code(&second(), "decide"), "wrong-state", "{procedure}: an order has its own approvals");
        let mut closed = run.clone();
        closed.step(&second(), "close");
        assert_eq!(closed.case.state, "given_up");
        run.facts.order_refused = false;
        if procedure != "withdrawal" {
            let mut other = run.clone();
            other.step(&second(), "propose");
            assert_eq!(other.code(&second(), "decide"), "conflict-of-interest", "{procedure}: one person alone");
        }
        run.step(&by, "propose");
        assert_eq!(run.try_step(&second(), "decide").unwrap().effects, [effect], "{procedure}");
    }
}

#[test]
fn what_another_case_overtook_is_closed() {
    for (procedure, ground, state) in TAKING {
        let mut run = run(procedure, ground, state, &provider(1));
        run.step(&provider(1), "propose");
        run.step(&second(), "decide");
        assert_eq!(run.code(&Actor::clock(), "overtake"), "overtaken", "{procedure}");
        run.facts.overtaken = true;
        run.facts.carried_out = true;
        assert_eq!(run.code(&Actor::clock(), "overtake"), "overtaken", "what was carried out was not overtaken");
        run.facts.carried_out = false;
        run.step(&Actor::clock(), "overtake");
        assert_eq!(run.case.state, "overtaken");
    }
}

/// What was proposed is judged again when it is decided.
#[test]
fn what_changed_since_it_was_proposed_is_not_decided() {
    for (procedure, ground, state) in TAKING {
        let mut run = run(procedure, ground, state, &provider(1));
        run.step(&provider(1), "propose");
        run.facts.resources.get_mut(&ResourceId::from("res_1")).unwrap().state = ResourceState::Withdrawn;
        let code = run.code(&second(), "decide");
        assert!(["resource-kept", "resource-held", "resource-sealed"].contains(&code.as_str()), "{procedure}: {code}");
    }
}

/// Wuxi's text speaks of destruction (19) and of sealing as a function of the domain (3), and of no procedure: what carries
/// them out cites it, who decides is the product's rule.
#[test]
fn wuxi_destroys_and_seals_by_its_own_articles() {
    for (procedure, rule, cited) in
        [("withdrawal", "WX-19.1", "19.1"), ("sealing", "WX-3.3", "3.3"), ("unsealing", "PRODUCT-SEALING", "")]
    {
        let found = PACK.procedure(procedure).unwrap();
        assert_eq!(found.step("certify").unwrap().rule, rule);
        assert!(found.step("decide").unwrap().rule.starts_with("PRODUCT-"), "{procedure}");
        assert_eq!(PACK.article_cited(&PACK.rule_of(found)), cited, "{procedure}: what the order cites");
    }
    assert_eq!(["withdraw", "seal", "unseal"].map(|e| PACK.article_of_effect(e)), ["19.1", "3.3", ""]);
}

/// A decided unsealing is taken back by sealing again, as long as nobody has carried it out.
#[test]
fn an_unsealing_is_taken_back_by_a_sealing() {
    let mut run = run("sealing", "under_dispute", ResourceState::Sealed, &provider(1));
    assert_eq!(run.code(&provider(1), "propose"), "resource-held");
    run.facts.unsealing_ordered = true;
    run.step(&provider(1), "propose");
    assert_eq!(run.try_step(&authority(), "decide").unwrap().effects, [StepEffect::OrderSeal]);
}

#[test]
fn what_stands_in_the_way_is_said() {
    use ResourceState::{Catalogued, Sealed, Submitted, Withdrawn};
    for (procedure, ground, state, want) in [
        ("withdrawal", "provider_withdraws", Withdrawn, "resource-kept"),
        ("withdrawal", "provider_withdraws", Submitted, "resource-kept"),
        ("withdrawal", "provider_withdraws", Sealed, "ok"),
        ("withdrawal", "bad_mood", Catalogued, "ground-listed"),
        ("sealing", "bad_mood", Catalogued, "ground-listed"),
        ("unsealing", "bad_mood", Sealed, "ground-listed"),
        ("sealing", "under_dispute", Sealed, "resource-held"),
        ("sealing", "under_dispute", Withdrawn, "resource-held"),
        ("unsealing", "dispute_settled", Catalogued, "resource-sealed"),
        ("unsealing", "dispute_settled", Withdrawn, "resource-sealed"),
    ] {
        let run = run(procedure, ground, state, &provider(1));
        let judged = run.judge(&provider(1), &command(procedure, "propose", Decision::Approve));
        assert_eq!(judged.map_or_else(|r| r.code, |_| "ok".into()), want, "{procedure} {state}");
    }
    let mut other = run("withdrawal", "provider_withdraws", Catalogued, &provider(1));
    other.facts.resources.clear();
    assert_eq!(other.code(&provider(1), "propose"), "resource-kept", "no such resource");
}

/// A city's floor: the pack of Wuxi with a value of its own.
fn kept_for(months: i32) -> Pack {
    let mut layers = layers();
    let text = layers.iter_mut().find(|l| l.layer == CITY).unwrap().files.get_mut("parameters.toml").unwrap();
    text.push_str(&format!(
        "\n[\"retention.resource_months\"]\nvalue = {months}\nsource = \"WX-19.1\"\nstatus = \"explicit\"\n"
    ));
    Pack::load(&layers).unwrap()
}

#[test]
fn records_are_not_destroyed_before_their_retention_is_over() {
    let pack = kept_for(12);
    let supplied = NOW.plus_months(-11);
    let until = supplied.plus_months(12);
    let refused = check_resource(&pack, supplied, until.plus_ms(-1)).unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.rule.as_str(), refused.article.as_str()),
        ("retention-floor", "WX-19.1", "19")
    );
    assert!(refused.zh.contains("封存") && refused.en.contains("sealed"), "{refused:?}");
    assert_eq!(check_resource(&pack, supplied, until), Ok(()));
    assert!(check_resource(&PACK, NOW, NOW).is_ok(), "no text of the product sets a floor");

    // Along the procedure: the last supply counts, and the refusal cites the floor's own article.
    let mut run = run("withdrawal", "provider_withdraws", ResourceState::Catalogued, &provider(1));
    run.step(&provider(1), "propose");
    run.case.pack = pack.version();
    run.facts.last_supply = Some(supplied);
    let decide = |at: Timestamp, run: &Run| {
        let command = command("withdrawal", "decide", Decision::Approve);
        model::decide(&pack, &run.case, &authority(), &command, &run.facts, at)
    };
    let refused = decide(until.plus_ms(-1), &run).unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.rule.as_str(), refused.article.as_str()),
        ("retention-over", "WX-19.1", "19")
    );
    assert!(decide(until, &run).is_ok());
}

fn signed(pack: &Pack, effect: Effect, acts: &[(&str, &str, &Actor)]) -> String {
    let order = WorkOrder {
        v: 1,
        deployment: "dep".into(),
        id: "wo_1".into(),
        seq: 1,
        case: "case_1".into(),
        case_head: digest('1'),
        key_list: 1,
        pack: pack.version(),
        issued_at: NOW.plus_days(1),
        expires: NOW.plus_days(2),
        effect,
        approvals: Vec::new(),
    };
    let acts: Vec<(Act, KeyHolder)> = acts
        .iter()
        .zip(1i64..)
        .map(|((procedure, step, by), minute)| {
            let act = Act {
                v: 1,
                deployment: "dep".into(),
                case: "case_1".into(),
                procedure: (*procedure).into(),
                step: (*step).into(),
                decision: Decision::Approve,
                object: digest('5'),
                documents: digest('2'),
                head: None,
                person: by.person.clone(),
                org: by.org.clone(),
                at: NOW.plus_ms(minute * 60_000),
            };
            let holder = KeyHolder::Person {
                person: by.person.clone(),
                org: by.org.clone(),
                org_roles: by.org_roles.clone(),
                roles: by.person_roles.clone(),
                group: None,
            };
            (act, holder)
        })
        .collect();
    check_quorum(pack, &order, &acts, &digest('5')).map_or_else(|r| r.code, |()| "ok".into())
}

/// The zone's own check, in every city: one person with every role does not destroy, seal or unseal anything.
#[test]
fn no_order_that_takes_keys_away_rests_on_one_person() {
    use OrgRole::{CoordinationBody, DataAuthority, DataProvider, ImplementingAgency};
    let alone = actor("all", "auth", &[CoordinationBody, DataAuthority, DataProvider, ImplementingAgency]);
    for city in ["changchun", "jilin", "jinan", "shenyang", "wuxi"] {
        let pack = crate::cities::pack(city);
        for name in ["destroy", "withdraw", "seal", "unseal"] {
            for way in &pack.effects[name] {
                let effect = match name {
                    "destroy" => Effect::Destroy(stop_spec("voluntary")),
                    "withdraw" => Effect::Withdraw(ResourceStopSpec { provider: "org_auth".into(), ..spec("x") }),
                    "seal" => Effect::Seal(spec("x")),
                    _ => Effect::Unseal(spec("x")),
                };
                let acts: Vec<_> = way.steps.iter().map(|s| (way.procedure.as_str(), s.as_str(), &alone)).collect();
                assert_eq!(signed(&pack, effect, &acts), "conflict-of-interest", "{city} {name} {}", way.procedure);
            }
        }
        let (one, two) = (provider(1), authority());
        let acts = [("withdrawal", "propose", &one), ("withdrawal", "decide", &two)];
        assert_eq!(signed(&pack, Effect::Withdraw(spec("x")), &acts), "ok", "{city}");
        let stranger = provider(2);
        let acts = [("withdrawal", "propose", &stranger), ("withdrawal", "decide", &two)];
        assert_eq!(signed(&pack, Effect::Withdraw(spec("x")), &acts), "approver-without-role", "{city}");
    }
}

/// A pack that lets one person alone destroy does not load.
#[test]
fn a_pack_in_which_one_person_destroys_does_not_load() {
    for (layer, path) in [
        ("product", "procedures/termination.toml"),
        ("product", "procedures/withdrawal.toml"),
        ("product", "procedures/sealing.toml"),
        ("product", "procedures/unsealing.toml"),
    ] {
        let mut layers = model::pack::resolve(&all_layers(), "product").unwrap();
        let text = layers.iter_mut().find(|l| l.layer == layer).unwrap().files.get_mut(path).unwrap();
        assert!(text.contains("not = [\"author\"]\n"));
        *text = text.replace("not = [\"author\"]\n", "");
        let fault = Pack::load(&layers).unwrap_err();
        assert!(fault.to_string().contains("two people"), "{path}: {fault}");
    }
}
