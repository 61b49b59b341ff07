//! Checks of what the platform, the root and people sign. Pure: time, key list and trust come in as values.

use super::config::Trust;
use super::policy::Policy;
use super::refuse;
use super::state::State;
use super::time::SKEW_MS;
use audit::{Checkpoint, LogName};
use crypto::{Hash, PublicKey, digest_of};
use model::act::ACT_TYPE;
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::link::{CLOCK_TYPE, ClockMark};
use model::order::{OBJECT_TYPE, ORDER_TYPE, WorkOrder};
use model::ticket::{LEASE_TYPE, Lease};
use model::{Clock, Decision, Digest, Refusal, Signed, Timestamp};
use serde::Serialize;

/// Longest lease: a lost link fails closed after this time.
pub(crate) const LEASE_MS: i64 = 60_000;

/// The form of an identifier that may become part of a path: letters, digits, `-` and `_`, at most 64.
pub(crate) fn plain_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The entry of the key that made a signature which holds, if the key may sign at `at`.
pub(crate) fn signed_by<'a, T: Serialize>(
    keys: &'a KeyList,
    type_name: &str,
    signed: &Signed<T>,
    at: Timestamp,
) -> Option<&'a KeyEntry> {
    let entry = keys.valid(&signed.key, at)?;
    let public: PublicKey = entry.public.parse().ok()?;
    public.verify(type_name, &signed.body, &signed.signature).ok()?;
    Some(entry)
}

/// Whether a statement is the platform's, by a key that may sign now.
pub(crate) fn by_platform<T: Serialize>(keys: &KeyList, type_name: &str, signed: &Signed<T>, now: Timestamp) -> bool {
    signed_by(keys, type_name, signed, now).is_some_and(|e| e.holder == KeyHolder::Platform)
}

/// A key list is taken if the enrolled root signed it, its number is higher, and no earlier entry is dropped or changed
/// other than by being revoked.
pub(crate) fn key_list(trust: &Trust, current: Option<&KeyList>, list: &Signed<KeyList>) -> Result<(), Refusal> {
    let body = &list.body;
    let signed = list.key == trust.root.key_id() && trust.root.verify(KEY_LIST_TYPE, body, &list.signature).is_ok();
    let ours = body.v == 1 && body.deployment == trust.deployment && body.clock == trust.clock;
    let newer = body.number > current.map_or(0, |c| c.number);
    let kept = current.is_none_or(|c| c.entries.iter().all(|old| body.entries.iter().any(|new| continues(old, new))));
    let named = body
        .entries
        .iter()
        .all(|e| e.public.parse::<PublicKey>().is_ok_and(|p| p.key_id() == e.key && p.suite() == trust.suite));
    let once = body.entries.iter().enumerate().all(|(i, e)| body.entries.iter().skip(i + 1).all(|o| o.key != e.key));
    if signed && ours && newer && kept && named && once { Ok(()) } else { Err(refuse::bad_key_list()) }
}

/// A revoked key stays revoked.
fn continues(old: &KeyEntry, new: &KeyEntry) -> bool {
    let same = old.key == new.key && old.public == new.public && old.valid_from == new.valid_from;
    let held = std::mem::discriminant(&old.holder) == std::mem::discriminant(&new.holder)
        && same_person(&old.holder, &new.holder);
    same && held && (old.revoked_at.is_none() || old.revoked_at == new.revoked_at)
}

/// Roles of a person may change from list to list; whose key it is may not.
fn same_person(old: &KeyHolder, new: &KeyHolder) -> bool {
    match (old, new) {
        (KeyHolder::Person { person: a, org: x, .. }, KeyHolder::Person { person: b, org: y, .. }) => a == b && x == y,
        _ => true,
    }
}

/// A simulated clock is moved by the platform, forward only, and never in a deployment on the real clock. `then` is the
/// time that the movement leads to: the platform's key need not have been in force before.
pub(crate) fn clock_mark(
    trust: &Trust,
    keys: &KeyList,
    current: Option<&ClockMark>,
    mark: &Signed<ClockMark>,
    then: Timestamp,
) -> Result<(), Refusal> {
    let body = &mark.body;
    let ours = trust.clock == Clock::Simulated && body.v == 1 && body.deployment == trust.deployment;
    // The offset is what may not fall; its number may lag for the moment in which the platform moves both.
    let newer = current.is_none_or(|c| body.seq >= c.seq && body.offset_ms >= c.offset_ms);
    if ours && newer && by_platform(keys, CLOCK_TYPE, mark, then) { Ok(()) } else { Err(refuse::bad_clock()) }
}

/// A lease is taken if it is the platform's, fresh, not longer than a minute and not older than the one before.
pub(crate) fn lease(
    trust: &Trust,
    keys: &KeyList,
    last: Option<Timestamp>,
    lease: &Signed<Lease>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let body = &lease.body;
    let ours = body.v == 1 && body.deployment == trust.deployment;
    let fresh = (body.issued_at.0 - now.0).abs() <= SKEW_MS && last.is_none_or(|l| body.issued_at >= l);
    let short = body.until > body.issued_at && body.until.0 - body.issued_at.0 <= LEASE_MS;
    if ours && fresh && short && by_platform(keys, LEASE_TYPE, lease, now) { Ok(()) } else { Err(refuse::bad_lease()) }
}

/// A checkpoint of the platform's log, signed by a log key of the platform that may sign now.
pub(crate) fn checkpoint(deployment: &str, keys: &KeyList, note: &str, now: Timestamp) -> Result<Checkpoint, Refusal> {
    let checkpoint = Checkpoint::parse(note.as_bytes()).map_err(|_| refuse::bad_checkpoint())?;
    let log_keys =
        keys.entries.iter().filter(|e| e.holder == KeyHolder::PlatformLog && keys.valid(&e.key, now).is_some());
    let held = log_keys.filter_map(|e| e.public.parse::<PublicKey>().ok()).any(|k| checkpoint.verify(&k).is_ok());
    let ours = checkpoint.origin == format!("{deployment}/{}", LogName::Platform);
    if held && ours { Ok(checkpoint) } else { Err(refuse::bad_checkpoint()) }
}

/// Why an order is not taken.
pub(crate) enum OrderFault {
    /// Nothing in it can be believed, not even its number: it is not consumed.
    Forged(Refusal),
    /// The platform did sign it: it is consumed and answered.
    Refused(Refusal),
}

/// Checks an order up to the point where its effect must fit the zone's state.
pub(crate) fn order(
    trust: &Trust,
    policy: &dyn Policy,
    keys: &KeyList,
    state: &State,
    order: &Signed<WorkOrder>,
    now: Timestamp,
) -> Result<(), OrderFault> {
    use OrderFault::{Forged, Refused};
    let body = &order.body;
    if !by_platform(keys, ORDER_TYPE, order, now) {
        return Err(Forged(refuse::forged_order()));
    }
    if body.v != 1 || body.deployment != trust.deployment {
        return Err(Forged(refuse::foreign_order()));
    }
    if !plain_id(body.id.as_str()) || !plain_id(body.case.as_str()) || body.case_head.0.parse::<Hash>().is_err() {
        return Err(Forged(refuse::bad_id()));
    }
    if body.seq != state.order_seq + 1 {
        return Err(Forged(refuse::order_sequence()));
    }
    if state.orders.contains(&body.id) {
        return Err(Forged(refuse::order_repeated()));
    }
    if body.key_list != keys.number {
        return Err(Refused(refuse::old_key_list()));
    }
    let lived = body.issued_at < body.expires;
    if !lived || body.issued_at.0 - now.0 > SKEW_MS || now.0 - body.expires.0 >= SKEW_MS {
        return Err(Refused(refuse::order_time()));
    }
    if body.pack != policy.version() {
        return Err(Refused(refuse::order_pack()));
    }
    approvals(trust, policy, keys, state, body).map_err(Refused)
}

/// Every approval holds by its own signature and is about this order's object; together they are the pack's quorum.
fn approvals(
    trust: &Trust,
    policy: &dyn Policy,
    keys: &KeyList,
    state: &State,
    order: &WorkOrder,
) -> Result<(), Refusal> {
    let object = object_digest(trust, order)?;
    // Approvals bind their case: old ones cannot suspend, restore or release a second time.
    if state.used.contains(&(order.case.clone(), order.effect.name())) {
        return Err(refuse::used_approval());
    }
    let mut acts = Vec::new();
    for approval in &order.approvals {
        let act = &approval.body;
        let entry = signed_by(keys, ACT_TYPE, approval, act.at).ok_or_else(refuse::forged_approval)?;
        // A key revoked since could have been stolen and used to sign for the time before: such an approval must be
        // given again under the person's new key.
        if keys.valid(&approval.key, order.issued_at).is_none() {
            return Err(refuse::forged_approval());
        }
        if !matches!(&entry.holder, KeyHolder::Person { person, org, .. } if person == &act.person && org == &act.org) {
            return Err(refuse::forged_approval());
        }
        let about = act.v == 1 && act.deployment == trust.deployment && act.case == order.case && act.object == object;
        let sane = act.decision == Decision::Approve && act.at.0 <= order.issued_at.0 + SKEW_MS;
        if !about || !sane {
            return Err(refuse::foreign_approval());
        }
        acts.push((act.clone(), entry.holder.clone()));
    }
    policy.check_quorum(order, &acts, &object)
}

/// Digest of the approved object that an order carries: of the specification itself, without the effect's name.
fn object_digest(trust: &Trust, order: &WorkOrder) -> Result<Digest, Refusal> {
    use model::order::Effect;
    let digest = match &order.effect {
        Effect::Authorise(s) => digest_of(trust.suite, OBJECT_TYPE, s),
        Effect::Resource(s) => digest_of(trust.suite, OBJECT_TYPE, s),
        Effect::Grant(s) => digest_of(trust.suite, OBJECT_TYPE, s),
        Effect::Job(s) => digest_of(trust.suite, OBJECT_TYPE, s),
        Effect::Release(s) => digest_of(trust.suite, OBJECT_TYPE, s),
        Effect::Recipient(s) => digest_of(trust.suite, OBJECT_TYPE, s),
        Effect::Suspend(s) | Effect::Restore(s) | Effect::Destroy(s) => digest_of(trust.suite, OBJECT_TYPE, s),
        Effect::Withdraw(s) | Effect::Seal(s) | Effect::Unseal(s) => digest_of(trust.suite, OBJECT_TYPE, s),
    };
    digest.map(|h| Digest(h.to_string())).map_err(|_| refuse::foreign_order())
}
