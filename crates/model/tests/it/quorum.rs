//! The approvals of orders: what is complete passes, and every attack on them is refused.

use crate::world::*;
use model::act::{Act, Decision};
use model::case::Actor;
use model::keylist::KeyHolder;
use model::order::{Effect, WorkOrder};
use model::party::{OrgRole, PersonRole};
use model::{Digest, check_quorum};

type Acts = Vec<(Act, KeyHolder)>;

fn order(effect: Effect) -> WorkOrder {
    WorkOrder {
        v: 1,
        deployment: "dep".into(),
        id: "wo_1".into(),
        seq: 1,
        case: "case_1".into(),
        case_head: digest('1'),
        key_list: 1,
        pack: PACK.version(),
        issued_at: NOW.plus_days(1),
        expires: NOW.plus_days(2),
        effect,
        approvals: Vec::new(),
    }
}

fn act(procedure: &str, step: &str, by: &Actor, minute: i64) -> (Act, KeyHolder) {
    let act = Act {
        v: 1,
        deployment: "dep".into(),
        case: "case_1".into(),
        procedure: procedure.into(),
        step: step.into(),
        decision: Decision::Approve,
        object: object(),
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
        group: by.group.clone(),
    };
    (act, holder)
}

fn object() -> Digest {
    digest('5')
}

fn release_acts() -> Acts {
    vec![
        act("release", "check", &engineer(), 0),
        act("release", "vote", &provider(1), 1),
        act("release", "vote", &authority(), 2),
        act("release", "security_review", &security(), 3),
        act("release", "authority_review", &authority(), 4),
    ]
}

fn authorisation_acts() -> Acts {
    vec![
        act("authorisation", "apply", &operator(), 0),
        act("authorisation", "review", &authority(), 1),
        act("authorisation", "argue", &expert(), 2),
        act("authorisation", "give_notice", &authority(), 3),
        act("authorisation", "deliberate", &mechanism(), 4),
        act("authorisation", "determine", &authority(), 5),
        act("authorisation", "sign_operator", &operator(), 6),
        act("authorisation", "sign_authority", &authority(), 7),
    ]
}

fn code(effect: Effect, acts: &Acts) -> String {
    check_quorum(&PACK, &order(effect), acts, &object()).map_or_else(|r| r.code, |()| "ok".into())
}

fn release(acts: &Acts) -> String {
    code(Effect::Release(release_spec()), acts)
}

/// The complete set with one change.
fn changed(change: impl FnOnce(&mut Acts)) -> String {
    let mut acts = release_acts();
    change(&mut acts);
    release(&acts)
}

#[test]
fn release_quorum() {
    assert_eq!(release(&release_acts()), "ok");
    for i in 0..5 {
        assert_eq!(changed(|a| drop(a.remove(i))), "quorum-missing", "without act {i}");
    }
    assert_eq!(release(&Vec::new()), "quorum-missing");
}

#[test]
fn every_act_is_bound_to_order_object_and_signer() {
    assert_eq!(changed(|a| a[1].0.object = digest('6')), "approval-of-another-object");
    assert_eq!(changed(|a| a[1].0.case = "case_2".into()), "approval-of-another-case");
    assert_eq!(changed(|a| a[1].0.deployment = "other".into()), "approval-of-another-case");
    assert_eq!(changed(|a| a[1].0.v = 2), "approval-of-another-case");
    assert_eq!(changed(|a| a[1].0.procedure = "demand".into()), "approval-of-another-step");
    assert_eq!(changed(|a| a[1].0.step = "apply".into()), "approval-of-another-step");
    assert_eq!(changed(|a| a[1].0.decision = Decision::Reject), "not-an-approval");
    assert_eq!(changed(|a| a[1].0.person = "per_auth".into()), "approval-of-another-person");
    assert_eq!(changed(|a| a[1].0.org = "org_auth".into()), "approval-of-another-person");
    assert_eq!(changed(|a| a[1].1 = KeyHolder::Platform), "not-a-person");
    assert_eq!(changed(|a| a[4].0.at = NOW.plus_days(1).plus_ms(30_001)), "approval-out-of-time");
    assert_eq!(changed(|a| a[0].0.at = NOW.plus_days(-180)), "approval-out-of-time");
    let digest_of_other_object =
        check_quorum(&PACK, &order(Effect::Release(release_spec())), &release_acts(), &digest('6'));
    assert_eq!(digest_of_other_object.unwrap_err().code, "approval-of-another-object");
    let mut old = order(Effect::Release(release_spec()));
    old.pack = "wuxi@0.0.0".into();
    assert_eq!(check_quorum(&PACK, &old, &release_acts(), &object()).unwrap_err().code, "pack-version");
}

#[test]
fn roles_come_from_the_key_list() {
    let vote = |by: Actor| changed(|a| a[1] = act("release", "vote", &by, 1));
    assert_eq!(vote(consumer()), "approver-without-role");
    let mut reader = provider(1);
    reader.person_roles = vec![PersonRole::Reader];
    assert_eq!(vote(reader), "approver-without-role");
    assert_eq!(vote(actor("eng", "prov1", &[OrgRole::DataProvider])), "conflict-of-interest");
    assert_eq!(vote(actor("boss", "op", &[OrgRole::DataProvider])), "conflict-of-interest");
    assert_eq!(vote(authority()), "same-person-twice");
    assert_eq!(vote(actor("auth2", "auth", &[OrgRole::DataAuthority])), "same-organisation-twice");
    let mut twin = provider(1);
    twin.group = Some("g1".into());
    let mut other = authority();
    other.group = Some("g1".into());
    let twins = changed(|a| {
        a[1] = act("release", "vote", &twin, 1);
        a[2] = act("release", "vote", &other, 2);
    });
    assert_eq!(twins, "same-organisation-twice");
    let mut affiliated = engineer();
    affiliated.group = Some("g1".into());
    assert_eq!(
        changed(|a| {
            a[0] = act("release", "check", &affiliated, 0);
            a[1] = act("release", "vote", &twin, 1);
        }),
        "conflict-of-interest",
        "a vote from the author's group"
    );
    assert_eq!(
        changed(|a| a[0] = act("release", "check", &actor("x", "op2", &[OrgRole::Operator]), 0)),
        "approver-without-role"
    );
    assert_eq!(changed(|a| a[3] = act("release", "security_review", &authority(), 3)), "approver-without-role");
}

#[test]
fn approvals_follow_the_procedure() {
    assert_eq!(changed(|a| a[3].0.at = NOW.plus_ms(-60_000)), "approvals-out-of-order");
}

#[test]
fn a_grant_needs_every_provider() {
    let acts = || {
        vec![
            act("demand", "submit", &operator(), 0),
            act("demand", "assess", &authority(), 1),
            act("demand", "consent", &provider(1), 2),
            act("demand", "consent", &provider(2), 3),
            act("demand", "decide", &authority(), 4),
        ]
    };
    let grant = |acts: &Acts| code(Effect::Grant(grant_spec()), acts);
    assert_eq!(grant(&acts()), "ok");
    let mut one = acts();
    one.remove(2);
    assert_eq!(grant(&one), "quorum-missing");
    let mut wrong = acts();
    wrong[2] = act("demand", "consent", &provider(3), 2);
    assert_eq!(grant(&wrong), "approver-without-role");
    let mut foreign = acts();
    foreign[0] = act("demand", "submit", &actor("op2", "op2", &[OrgRole::Operator]), 0);
    assert_eq!(grant(&foreign), "approver-without-role");
    let mut both = operator();
    both.org_roles.push(OrgRole::DataAuthority);
    for step in [1, 4] {
        let mut own = acts();
        let name = own[step].0.step.clone();
        own[0] = act("demand", "submit", &both, 0);
        own[step] = act("demand", &name, &both, i64::try_from(step).unwrap());
        assert_eq!(grant(&own), "conflict-of-interest", "nobody decides on what they submitted");
    }
    let mut empty = grant_spec();
    empty.resources.clear();
    let none: Acts = acts().into_iter().filter(|(a, _)| a.step != "consent").collect();
    assert_eq!(code(Effect::Grant(empty), &none), "quorum-missing", "no providers is not every provider");
}

#[test]
fn an_authorisation_is_granted_by_others_than_its_operator() {
    let authorise = |acts: &Acts| code(Effect::Authorise(authorisation_spec(24)), acts);
    assert_eq!(authorise(&authorisation_acts()), "ok");
    let with = |step: usize, by: &Actor| {
        let mut acts = authorisation_acts();
        let name = acts[step].0.step.clone();
        acts[step] = act("authorisation", &name, by, i64::try_from(step).unwrap());
        authorise(&acts)
    };
    let other = actor("op2", "op2", &[OrgRole::Operator]);
    assert_eq!(with(0, &other), "approver-without-role", "another operator applies");
    assert_eq!(with(6, &other), "approver-without-role", "another operator signs");
    let own = |roles: &[OrgRole]| actor("insider", "op", roles);
    for (step, role) in [(1, OrgRole::DataAuthority), (2, OrgRole::ExpertPanel), (4, OrgRole::CoordinationBody)] {
        assert_eq!(with(step, &own(&[role])), "conflict-of-interest", "the applicant's own people");
    }
    let mut kin = actor("kin", "kin", &[OrgRole::ExpertPanel]);
    kin.group = Some("g1".into());
    let mut applicant = operator();
    applicant.group = Some("g1".into());
    let mut acts = authorisation_acts();
    acts[0] = act("authorisation", "apply", &applicant, 0);
    acts[2] = act("authorisation", "argue", &kin, 2);
    assert_eq!(authorise(&acts), "conflict-of-interest", "the applicant's group");
    let mut late = authorisation_acts();
    late[3].0.at = NOW.plus_days(-181);
    assert_eq!(authorise(&late), "approval-out-of-time");
}

#[test]
fn each_effect_has_a_complete_set() {
    let spec = facts().resources.into_values().next().unwrap().spec;
    let stop = || stop_spec("misuse");
    let sets: Vec<(Effect, Acts)> = vec![
        (Effect::Authorise(authorisation_spec(24)), authorisation_acts()),
        (
            Effect::Resource(spec),
            vec![act("catalogue", "submit", &provider(1), 0), act("catalogue", "review", &authority(), 1)],
        ),
        (Effect::Job(job_spec()), vec![act("job", "submit", &engineer(), 0), act("job", "review", &authority(), 1)]),
        (
            Effect::Recipient(recipient_spec()),
            vec![
                act("consumer_order", "apply", &consumer(), 0),
                act("consumer_order", "review", &operator(), 1),
                act("consumer_order", "sign_consumer", &consumer(), 2),
                act("consumer_order", "sign_operator", &operator(), 3),
            ],
        ),
        (Effect::Suspend(stop()), vec![act("rectification", "suspend", &authority(), 0)]),
        (Effect::Suspend(stop()), vec![act("risk_stop", "stop", &engineer(), 0)]),
        (
            Effect::Restore(stop()),
            vec![act("rectification", "report", &operator(), 1), act("rectification", "accept", &authority(), 2)],
        ),
        (Effect::Restore(stop()), vec![act("risk_stop", "resume", &authority(), 1)]),
        (
            Effect::Destroy(stop()),
            vec![
                act("termination", "propose", &authority(), 0),
                act("termination", "deliberate", &mechanism(), 1),
                act("termination", "terminate", &authority(), 2),
            ],
        ),
        (
            Effect::Destroy(stop()),
            vec![
                act("revocation", "propose", &authority(), 0),
                act("revocation", "deliberate", &mechanism(), 1),
                act("revocation", "revoke", &authority(), 2),
            ],
        ),
    ];
    for (effect, acts) in sets {
        let name = effect.name();
        assert_eq!(code(effect.clone(), &acts), "ok", "{name}");
        for i in 0..acts.len() {
            let mut less = acts.clone();
            less.remove(i);
            assert_ne!(code(effect.clone(), &less), "ok", "{name} without {}", acts[i].0.step);
        }
    }
}

#[test]
fn approvals_of_one_way_do_not_serve_another() {
    // The authority's suspension does not restore, and parts of two ways do not add up.
    assert_eq!(
        code(Effect::Restore(stop_spec("misuse")), &vec![act("rectification", "suspend", &authority(), 0)]),
        "approval-of-another-step"
    );
    let mixed = vec![
        act("termination", "propose", &authority(), 0),
        act("revocation", "deliberate", &mechanism(), 1),
        act("termination", "terminate", &authority(), 2),
    ];
    assert_eq!(code(Effect::Destroy(stop_spec("violation")), &mixed), "approval-of-another-step");
}
