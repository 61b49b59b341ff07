//! What a dishonest platform makes of an authorisation: grants under one that nobody granted, for another operator, beyond
//! its term and scope, and a second beginning.

use super::orders::refused;
use super::world::World;
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use crate::node::record::Record;
use crate::node::state::Standing;
use model::object::AuthorisationSpec;
use model::order::{Effect, GrantSpec, ORDER_TYPE};
use model::ticket::{LEASE_TYPE, Lease};

/// A zone that knows the table, but no authorisation.
fn bare(w: &World) -> Core {
    let core = w.core();
    core.time.set_offset(0);
    core.commit(|d| {
        d.push(Record::KeyList { list: Box::new(w.key_list(1)) });
        d.push(Record::Clock { mark: w.clock_mark(1, 0) });
        Ok(())
    })
    .unwrap();
    assert_eq!(take_order(&core, &w.order(1, "case_1", w.resource())).unwrap(), Taken::Applied);
    core
}

fn authorise(w: &World, change: impl FnOnce(&mut AuthorisationSpec)) -> Effect {
    let Effect::Authorise(mut spec) = w.authorise() else { panic!() };
    change(&mut spec);
    Effect::Authorise(spec)
}

fn grant(w: &World, change: impl FnOnce(&mut GrantSpec)) -> Effect {
    let Effect::Grant(mut spec) = w.grant() else { panic!() };
    change(&mut spec);
    Effect::Grant(spec)
}

fn apply(core: &Core, w: &World, case: &str, effect: Effect) {
    let seq = core.read(|s| s.order_seq) + 1;
    assert_eq!(take_order(core, &w.order(seq, case, effect)).unwrap(), Taken::Applied);
}

fn refuse(core: &Core, w: &World, case: &str, effect: Effect) -> String {
    let seq = core.read(|s| s.order_seq) + 1;
    refused(core, &w.order(seq, case, effect))
}

#[test]
fn a_grant_needs_an_authorisation_of_its_own_procedure_and_a_lease_is_none() {
    let w = World::new();
    let core = bare(&w);
    let lease = Lease {
        v: 1,
        deployment: super::world::DEPLOYMENT.into(),
        authorisations: ["auth_1".into()].into(),
        ended: Vec::new(),
        order_seq: 1,
        issued_at: w.now(),
        until: w.now().plus_ms(60_000),
    };
    core.leases.take(lease.clone());
    core.commit(|d| {
        d.push(Record::Lease { lease: w.sign(&w.platform, LEASE_TYPE, lease) });
        Ok(())
    })
    .unwrap();
    assert!(core.read(|s| core.leases.check(s, &"auth_1".into(), w.now())).is_ok(), "the lease names it");
    assert_eq!(refuse(&core, &w, "case_2", w.grant()), "authorisation-unknown");
    // Without its approvals the order is refused, and nothing rests on it.
    let mut draft = w.draft(3, "case_3", w.authorise());
    draft.approvals.pop();
    assert_eq!(refused(&core, &w.sign(&w.platform, ORDER_TYPE, draft)), "quorum-missing");
    // Approvals of the grant are none of the authorisation.
    let mut draft = w.draft(4, "case_4", w.authorise());
    draft.approvals = w.draft(4, "case_4", w.grant()).approvals;
    assert_eq!(refused(&core, &w.sign(&w.platform, ORDER_TYPE, draft)), "approval-foreign");
    assert_eq!(refuse(&core, &w, "case_5", w.grant()), "authorisation-unknown");
    apply(&core, &w, "case_6", w.authorise());
    apply(&core, &w, "case_7", w.grant());
}

#[test]
fn an_authorisation_serves_its_operator_its_scope_and_its_term_only() {
    let w = World::new();
    let core = bare(&w);
    // Whoever signed for one operator did not sign for another.
    let mut draft = w.draft(2, "case_2", w.authorise());
    draft.effect = authorise(&w, |s| s.operator = "org_other".into());
    assert_eq!(refused(&core, &w.sign(&w.platform, ORDER_TYPE, draft)), "approval-foreign");
    apply(&core, &w, "case_3", w.authorise());
    let until = core.read(|s| s.authorisations[&"auth_1".into()].until);
    let year = w.now().end_of_months(12);
    assert!(until == year || until == w.now().plus_ms(10 * 60_000).end_of_months(12), "{until:?}");
    // A lease that names it on does not prolong what people signed for.
    let over = core.read(|s| core.leases.check(s, &"auth_1".into(), until));
    assert_eq!(over.unwrap_err().code, "authorisation-expired");
    let cases: [(&str, fn(&World, &mut GrantSpec)); 6] = [
        ("authorisation-unknown", |_, s| s.authorisation = "auth_2".into()),
        ("authorisation-other-operator", |_, s| s.operator = "org_other".into()),
        ("grant-beyond-term", |w, s| s.until = w.now().plus_ms(11 * 60_000).end_of_months(12).plus_ms(1)),
        ("grant-beyond-scope", |_, s| drop(s.resources.insert("res_2".into(), "org_provider".into()))),
        ("grant-beyond-scope", |_, s| drop(s.resources.insert("res_1".into(), "org_other".into()))),
        ("id-malformed", |_, s| s.authorisation = "../auth".into()),
    ];
    for (n, (code, change)) in cases.into_iter().enumerate() {
        assert_eq!(refuse(&core, &w, &format!("case_g{n}"), grant(&w, |s| change(&w, s))), code);
    }
    apply(&core, &w, "case_4", grant(&w, |s| s.until = w.now().plus_months(12)));
    // A scope that names another provider than the catalogue makes nothing of that provider's.
    let elsewhere = authorise(&w, |s| {
        s.authorisation = "auth_2".into();
        s.resources.insert("res_1".into(), "org_other".into());
    });
    apply(&core, &w, "case_5", elsewhere);
    let foreign = grant(&w, |s| {
        (s.grant, s.authorisation) = ("gra_2".into(), "auth_2".into());
        s.resources.insert("res_1".into(), "org_other".into());
    });
    assert_eq!(refuse(&core, &w, "case_6", foreign), "grant-unusable");
}

#[test]
fn an_order_that_was_kept_back_prolongs_no_term() {
    let w = World::new();
    let core = bare(&w);
    let signed = w.draft(2, "case_2", w.authorise());
    w.shift.store(90 * 86_400_000, std::sync::atomic::Ordering::SeqCst);
    let mut late = signed;
    (late.issued_at, late.expires) = (w.now(), w.now().plus_days(1));
    assert_eq!(take_order(&core, &w.sign(&w.platform, ORDER_TYPE, late)).unwrap(), Taken::Applied);
    let whole = grant(&w, |s| s.until = w.now().plus_months(12));
    assert_eq!(refuse(&core, &w, "case_3", whole), "grant-beyond-term");
    apply(&core, &w, "case_4", w.grant());
}

#[test]
fn an_authorisation_begins_once_and_not_after_its_end() {
    let w = World::new();
    let core = bare(&w);
    apply(&core, &w, "case_2", w.authorise());
    assert_eq!(refuse(&core, &w, "case_2", w.authorise()), "approval-used");
    assert_eq!(refuse(&core, &w, "case_3", w.authorise()), "authorisation-exists", "the same anew");
    let longer = authorise(&w, |s| s.term_months = 60);
    assert_eq!(refuse(&core, &w, "case_4", longer), "authorisation-exists");
    apply(&core, &w, "case_5", Effect::Suspend(w.stop()));
    assert_eq!(refuse(&core, &w, "case_6", w.authorise()), "authorisation-suspended");
    apply(&core, &w, "case_7", Effect::Destroy(w.stop()));
    assert!(core.read(|s| matches!(s.standing[&"auth_1".into()], Standing::Ending { .. })));
    assert_eq!(refuse(&core, &w, "case_8", w.authorise()), "authorisation-ended");
    // One that ended before it began here does not begin either.
    let other = || authorise(&w, |s| s.authorisation = "auth_2".into());
    let stop = model::order::StopSpec { authorisation: "auth_2".into(), ..w.stop() };
    apply(&core, &w, "case_9", Effect::Destroy(stop));
    assert_eq!(refuse(&core, &w, "case_10", other()), "authorisation-ended");
    let odd = authorise(&w, |s| s.authorisation = "../auth".into());
    assert_eq!(refuse(&core, &w, "case_11", odd), "id-malformed");
}
