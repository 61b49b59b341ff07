//! The attack table on orders, key lists and clock marks: what may not pass does not, and leaves what it must leave.

use super::world::World;
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use crate::node::verify;
use model::act::ACT_TYPE;
use model::ids::CaseId;
use model::link::CLOCK_TYPE;
use model::order::{Effect, ORDER_TYPE, ReportOutcome, WorkOrder};
use model::{Clock, Signed};

fn forged(core: &Core, order: &Signed<WorkOrder>) -> String {
    let before = core.read(|s| (s.order_seq, s.leaves, s.report_seq));
    let Taken::Forged(refusal) = take_order(core, order).unwrap() else { panic!("taken") };
    assert_eq!(before, core.read(|s| (s.order_seq, s.leaves, s.report_seq)), "a forged order changes nothing");
    refusal.code
}

pub(super) fn refused(core: &Core, order: &Signed<WorkOrder>) -> String {
    let (seq, leaves) = core.read(|s| (s.order_seq, s.leaves));
    assert_eq!(take_order(core, order).unwrap(), Taken::Refused);
    let (now, grown, last) = core.read(|s| (s.order_seq, s.leaves, s.outbox.back().cloned()));
    assert_eq!((now, grown), (seq + 1, leaves + 1), "a refused order is consumed and leaves a leaf");
    let report = last.unwrap().body;
    assert_eq!(report.order.as_ref(), Some(&order.body.id));
    match report.outcome {
        ReportOutcome::Refused { refusal } => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sound_order_is_applied_once() {
    let w = World::new();
    let core = w.enrolled();
    let order = w.order(1, "case_1", w.resource());
    assert_eq!(take_order(&core, &order).unwrap(), Taken::Applied);
    assert_eq!(core.read(|s| (s.order_seq, s.resources.len(), s.report_seq)), (1, 1, 1));
    assert_eq!(forged(&core, &order), "order-out-of-sequence", "replayed");
    assert_eq!(forged(&core, &w.order(3, "case_3", w.grant())), "order-out-of-sequence", "reordered");
}

#[test]
fn every_changed_part_of_an_order_is_found() {
    let w = World::new();
    let core = w.enrolled();
    let good = w.order(1, "case_1", w.resource());
    let text = serde_json::to_string(&good).unwrap();
    let (mut parsed, mut taken) = (0, 0);
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(order) = serde_json::from_slice::<Signed<WorkOrder>>(&bytes) else { continue };
        if order == good {
            continue;
        }
        parsed += 1;
        taken += u64::from(!matches!(take_order(&core, &order).unwrap(), Taken::Forged(_)));
    }
    assert!(parsed > 100, "the flips must reach the order's parts");
    assert_eq!(taken, 0);
    assert_eq!(take_order(&core, &good).unwrap(), Taken::Applied);
}

#[test]
fn orders_not_of_the_platform_are_not_believed() {
    let w = World::new();
    let core = w.enrolled();
    let stranger = crypto::SigningKey::generate(w.suite).unwrap();
    for key in [&stranger, &w.zone, &w.platform_log, &w.people["authority"].key] {
        let order = w.sign(key, ORDER_TYPE, w.draft(1, "case_1", w.resource()));
        assert_eq!(forged(&core, &order), "order-forged");
    }
    let other_type = w.sign(&w.platform, "lease", w.draft(1, "case_1", w.resource()));
    assert_eq!(forged(&core, &other_type), "order-forged");
    let mut draft = w.draft(1, "case_1", w.resource());
    draft.deployment = "elsewhere".into();
    assert_eq!(forged(&core, &w.sign(&w.platform, ORDER_TYPE, draft)), "order-foreign");
    let mut draft = w.draft(1, "case_1", w.resource());
    draft.case = "../../etc".into();
    assert_eq!(forged(&core, &w.sign(&w.platform, ORDER_TYPE, draft)), "id-malformed");
}

#[test]
fn orders_of_the_platform_that_break_a_rule_are_refused() {
    type Change = fn(&World, &mut WorkOrder);
    let cases: &[(&str, Change)] = &[
        ("order-old-key-list", |_, o| o.key_list = 0),
        ("order-expired", |w, o| {
            o.issued_at = w.now().plus_ms(-100_000);
            o.expires = w.now().plus_ms(-40_000);
        }),
        ("order-expired", |w, o| o.issued_at = w.now().plus_ms(40_000)),
        ("order-expired", |_, o| o.expires = o.issued_at),
        ("order-other-pack", |_, o| o.pack = "test@2".into()),
        ("quorum-missing", |_, o| o.approvals.clear()),
        ("quorum-missing", |_, o| drop(o.approvals.pop())),
        ("approval-forged", |_, o| {
            let stolen = o.approvals[0].signature.clone();
            o.approvals[1].signature = stolen;
        }),
        ("approval-forged", |w, o| {
            let act = o.approvals[1].body.clone();
            o.approvals[1] = w.sign(&w.platform, ACT_TYPE, act);
        }),
        ("approval-forged", |w, o| {
            let mut act = o.approvals[0].body.clone();
            act.person = "per_regulator".into();
            o.approvals[1] = w.sign(&w.people["authority"].key, ACT_TYPE, act);
        }),
        ("approval-forged", |_, o| o.approvals[0].body.step = "other".into()),
        ("approval-foreign", |w, o| {
            let object = w.digest("something else");
            o.approvals[0] = w.act("authority", &o.case, &object);
        }),
        ("approval-foreign", |w, o| {
            let object = w.object_of(&o.effect);
            o.approvals[0] = w.act("authority", &CaseId("case_9".into()), &object);
        }),
        ("approval-foreign", |w, o| {
            let mut act = o.approvals[0].body.clone();
            act.at = w.now().plus_ms(600_000);
            o.approvals[0] = w.sign(&w.people["authority"].key, ACT_TYPE, act);
        }),
        ("approval-foreign", |w, o| {
            let mut act = o.approvals[0].body.clone();
            act.decision = model::Decision::Reject;
            o.approvals[0] = w.sign(&w.people["authority"].key, ACT_TYPE, act);
        }),
        ("contract-digest", |w, o| {
            let Effect::Resource(mut spec) = w.resource() else { return };
            spec.contract.push_str("# more\n");
            *o = w.draft(o.seq, "case_1", Effect::Resource(spec));
        }),
        ("id-malformed", |w, o| {
            let Effect::Resource(mut spec) = w.resource() else { return };
            spec.resource = "../res".into();
            *o = w.draft(o.seq, "case_1", Effect::Resource(spec));
        }),
    ];
    let w = World::new();
    let core = w.enrolled();
    for (n, (code, change)) in (1..).zip(cases) {
        let mut draft = w.draft(n, "case_1", w.resource());
        change(&w, &mut draft);
        assert_eq!(refused(&core, &w.sign(&w.platform, ORDER_TYPE, draft)), *code, "case {n}");
    }
    assert!(core.read(|s| s.resources.is_empty()));
}

#[test]
fn revoked_keys_and_old_lists_count_no_more() {
    let w = World::new();
    let core = w.enrolled();
    let approved = w.draft(1, "case_1", w.resource());
    let mut entries = w.entries();
    let authority = w.people["authority"].key.key_id();
    for e in &mut entries {
        if e.key == authority {
            e.revoked_at = Some(w.now().plus_ms(1));
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(5));
    let list = w.key_list_of(2, entries);
    let current = core.read(|s| s.key_list().cloned());
    verify::key_list(&core.cfg.trust, current.as_ref(), &list).unwrap();
    w.give_key_list(&core, &list);
    assert_eq!(refused(&core, &w.sign(&w.platform, ORDER_TYPE, approved.clone())), "order-old-key-list");
    let mut anew = approved;
    (anew.seq, anew.key_list, anew.issued_at) = (2, 2, w.now());
    anew.id = "wo_2".into();
    assert_eq!(
        refused(&core, &w.sign(&w.platform, ORDER_TYPE, anew)),
        "approval-forged",
        "signed by a key revoked since"
    );
}

#[test]
fn key_lists_only_grow_and_only_the_root_signs_them() {
    let w = World::new();
    let trust = w.config("http://127.0.0.1:1").trust;
    let first = w.key_list(2);
    let current = Some(&first.body);
    assert!(verify::key_list(&trust, None, &first).is_ok());
    assert!(verify::key_list(&trust, current, &w.key_list(3)).is_ok());
    assert!(verify::key_list(&trust, current, &w.key_list(2)).is_err(), "same number");
    assert!(verify::key_list(&trust, current, &w.key_list(1)).is_err(), "lower number");
    let by_platform = w.sign(&w.platform, "key-list", w.key_list(3).body);
    assert!(verify::key_list(&trust, current, &by_platform).is_err());
    let mut dropped = w.entries();
    dropped.pop();
    assert!(verify::key_list(&trust, current, &w.key_list_of(3, dropped)).is_err(), "an entry is missing");
    let mut moved = w.entries();
    moved[0].holder = model::keylist::KeyHolder::Zone;
    assert!(verify::key_list(&trust, current, &w.key_list_of(3, moved)).is_err(), "a key changed hands");
    let mut twice = w.entries();
    twice.push(twice[0].clone());
    assert!(verify::key_list(&trust, current, &w.key_list_of(3, twice)).is_err(), "a key stands twice");
    let mut revoked = w.entries();
    revoked[5].revoked_at = Some(w.now());
    let list = w.key_list_of(3, revoked);
    assert!(verify::key_list(&trust, current, &list).is_ok());
    assert!(verify::key_list(&trust, Some(&list.body), &w.key_list(4)).is_err(), "a revoked key is back");
    let mut real = w.key_list(5).body;
    real.clock = Clock::Real;
    assert!(verify::key_list(&trust, current, &w.sign(&w.root, "key-list", real)).is_err(), "another clock");
}

#[test]
fn the_clock_moves_forward_only_and_only_where_it_is_simulated() {
    let w = World::new();
    let mut trust = w.config("http://127.0.0.1:1").trust;
    let list = w.key_list(1).body;
    let mark = |seq, offset_ms| w.clock_mark(seq, offset_ms);
    let held = mark(2, 1000).body;
    let check = |trust: &_, m: &_| verify::clock_mark(trust, &list, Some(&held), m, w.now());
    assert!(check(&trust, &mark(3, 2000)).is_ok());
    assert!(check(&trust, &mark(2, 2000)).is_ok(), "the number lags");
    assert!(check(&trust, &mark(3, 999)).is_err(), "backwards");
    assert!(check(&trust, &mark(2, 999)).is_err(), "backwards under the same number");
    assert!(check(&trust, &mark(1, 5000)).is_err(), "replayed");
    let by_person = w.sign(&w.people["authority"].key, CLOCK_TYPE, mark(3, 2000).body);
    assert!(check(&trust, &by_person).is_err());
    trust.clock = Clock::Real;
    assert!(check(&trust, &mark(3, 2000)).is_err(), "a real clock");
}

#[test]
fn approvals_of_a_case_carry_an_effect_once() {
    let w = World::new();
    let core = w.enrolled();
    let apply = |seq, case: &str, effect| take_order(&core, &w.order(seq, case, effect)).unwrap();
    assert_eq!(apply(1, "case_1", w.resource()), Taken::Applied);
    assert_eq!(apply(2, "case_2", w.grant()), Taken::Applied);
    assert_eq!(apply(3, "case_3", Effect::Suspend(w.stop())), Taken::Applied);
    let restore = w.draft(4, "case_3", Effect::Restore(w.stop()));
    assert_eq!(take_order(&core, &w.sign(&w.platform, ORDER_TYPE, restore.clone())).unwrap(), Taken::Applied);
    assert_eq!(apply(5, "case_4", Effect::Suspend(w.stop())), Taken::Applied);
    let mut again = restore;
    (again.seq, again.id) = (6, "wo_6".into());
    assert_eq!(refused(&core, &w.sign(&w.platform, ORDER_TYPE, again)), "approval-used");
}

/// What a platform held back is not what it was once something else was decided.
#[test]
fn a_restoration_lifts_no_suspension_that_was_decided_after_it() {
    let w = World::new();
    let core = w.enrolled();
    let apply = |seq, case: &str, effect| take_order(&core, &w.order(seq, case, effect)).unwrap();
    assert_eq!(apply(1, "case_1", w.resource()), Taken::Applied);
    assert_eq!(apply(2, "case_2", w.grant()), Taken::Applied);
    assert_eq!(refused(&core, &w.order(3, "case_0", Effect::Restore(w.stop()))), "authorisation-not-suspended");
    assert_eq!(apply(4, "case_3", Effect::Suspend(w.stop())), Taken::Applied);
    let kept_back = w.draft(6, "case_3", Effect::Restore(w.stop()));
    w.shift.fetch_add(1_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(apply(5, "case_4", Effect::Suspend(w.stop())), Taken::Applied);
    assert_eq!(refused(&core, &w.sign(&w.platform, ORDER_TYPE, kept_back)), "suspended-since");
    assert_eq!(refused(&core, &w.order(7, "case_k", w.job("job_1"))), "authorisation-suspended");
    w.shift.fetch_add(1_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(apply(8, "case_4", Effect::Restore(w.stop())), Taken::Applied);
    assert_eq!(apply(9, "case_k", w.job("job_2")), Taken::Applied);
}

#[test]
fn no_two_orders_have_one_id() {
    let w = World::new();
    let core = w.enrolled();
    assert_eq!(take_order(&core, &w.order(1, "case_1", w.resource())).unwrap(), Taken::Applied);
    let mut twice = w.draft(2, "case_2", w.grant());
    twice.id = "wo_1".into();
    let signed = w.sign(&w.platform, ORDER_TYPE, twice.clone());
    let Taken::Forged(refusal) = take_order(&core, &signed).unwrap() else { panic!() };
    assert_eq!(refusal.code, "order-id-used");
    twice.id = "wo_2".into();
    assert_eq!(take_order(&core, &w.sign(&w.platform, ORDER_TYPE, twice)).unwrap(), Taken::Applied);
}

#[test]
fn effects_must_fit_what_the_zone_holds() {
    let w = World::new();
    let core = w.enrolled();
    assert_eq!(refused(&core, &w.order(1, "case_1", w.grant())), "object-unknown", "a table nobody catalogued");
    assert_eq!(take_order(&core, &w.order(2, "case_2", w.resource())).unwrap(), Taken::Applied);
    let Effect::Grant(good) = w.grant() else { panic!() };
    let mut seq = 2;
    let mut check = |code: &str, change: &dyn Fn(&mut model::order::GrantSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        seq += 1;
        assert_eq!(refused(&core, &w.order(seq, &format!("case_{seq}"), Effect::Grant(spec))), code);
    };
    check("grant-expired", &|s| s.until = w.now());
    check("grant-unusable", &|s| drop(s.fields.insert("visits".into(), vec!["no_such_field".into()])));
    check("grant-unusable", &|s| drop(s.fields.insert("other".into(), vec!["x".into()])));
    check("grant-unusable", &|s| s.fields.clear());
    check("grant-unusable", &|s| s.purpose = "nonsense".into());
    let next = core.read(|s| s.order_seq) + 1;
    assert_eq!(take_order(&core, &w.order(next, "case_g", w.grant())).unwrap(), Taken::Applied);
    let Effect::Job(mut job) = w.job("job_1") else { panic!() };
    job.author_org = "org_other".into();
    assert_eq!(refused(&core, &w.order(next + 1, "case_j", Effect::Job(job))), "grant-unusable");
    let stop = take_order(&core, &w.order(next + 2, "case_s", Effect::Suspend(w.stop()))).unwrap();
    assert_eq!(stop, Taken::Applied);
    assert_eq!(refused(&core, &w.order(next + 3, "case_k", w.job("job_1"))), "authorisation-suspended");
}
