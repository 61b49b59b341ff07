//! Going back: what is compared, and who may answer for it.

use backup::{Facts, Known, LogFacts, RESTORATION_TYPE, Restoration, VALID_MS, confirmed, listed, newer_than};
use crypto::{SigningKey, Suite};
use model::keylist::{KeyEntry, KeyHolder, KeyList};
use model::party::{OrgRole, PersonRole};
use model::{Clock, Digest, Signed, Timestamp};
use std::collections::BTreeMap;

fn log(size: u64, root: &str) -> LogFacts {
    LogFacts { size, roots: BTreeMap::from([("sm3".to_owned(), root.to_owned())]) }
}

fn facts(orders: u64, frames: u64, platform: u64) -> Facts {
    Facts {
        logs: BTreeMap::from([("platform".to_owned(), log(platform, "r"))]),
        order_seq: Some(orders),
        report_seq: Some(orders),
        frames: Some(frames),
        database: None,
    }
}

fn known(all: &[Facts]) -> Known {
    all.iter().enumerate().map(|(n, facts)| (format!("checkpoint-{n}"), facts.clone())).collect()
}

#[test]
fn whatever_is_newer_anywhere_is_named() {
    let chosen = facts(5, 50, 100);
    assert!(newer_than(&chosen, &known(&[facts(5, 50, 100), facts(1, 2, 3), Facts::default()])).unwrap().is_empty());
    let names = |all: &[Facts]| newer_than(&chosen, &known(all)).unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(names(&[facts(6, 50, 100)]), [("orders".to_owned(), 6), ("reports".to_owned(), 6)]);
    assert_eq!(names(&[facts(5, 51, 100), facts(5, 60, 100)]), [("frames".to_owned(), 60)]);
    let witness = Facts { logs: BTreeMap::from([("platform".to_owned(), log(101, "r"))]), ..Facts::default() };
    assert_eq!(names(&[witness]), [("platform-log".to_owned(), 101)]);
    // A log that the snapshot does not hold at all.
    let zone = Facts { logs: BTreeMap::from([("zone".to_owned(), log(1, "z"))]), ..Facts::default() };
    assert_eq!(names(&[zone]), [("zone-log".to_owned(), 1)]);
    // Another history of the same length is no older state of this one.
    let other = Facts { logs: BTreeMap::from([("platform".to_owned(), log(100, "x"))]), ..Facts::default() };
    assert!(newer_than(&chosen, &known(&[other])).is_err());
    // People are told in their own language.
    let given = BTreeMap::from([("frames".to_owned(), 72), ("platform-log".to_owned(), 295)]);
    assert_eq!(
        listed(&given),
        ["运营域的记录帧 72、平台日志条目 295".to_owned(), "frames 72, platform-log 295".to_owned()]
    );
}

struct Office {
    list: KeyList,
    keys: Vec<SigningKey>,
}

/// Two approvers of the data authority, an approver of the operator, an officer of the authority, the platform, and an
/// approver whose key is revoked; the first approver's second key.
fn office() -> Office {
    let keys: Vec<SigningKey> = (0..7).map(|_| SigningKey::generate(Suite::Intl).unwrap()).collect();
    let person = |id: &str, org_role, role| KeyHolder::Person {
        person: id.into(),
        org: "org_a".into(),
        org_roles: vec![org_role],
        roles: vec![role],
        group: None,
    };
    let holders = [
        person("per_1", OrgRole::DataAuthority, PersonRole::Approver),
        person("per_2", OrgRole::ImplementingAgency, PersonRole::Approver),
        person("per_3", OrgRole::Operator, PersonRole::Approver),
        person("per_4", OrgRole::DataAuthority, PersonRole::Officer),
        KeyHolder::Platform,
        person("per_5", OrgRole::DataAuthority, PersonRole::Approver),
        person("per_1", OrgRole::DataAuthority, PersonRole::Approver),
    ];
    let entry = |(n, holder): (usize, KeyHolder)| KeyEntry {
        key: keys[n].key_id(),
        public: keys[n].public().to_string(),
        holder,
        valid_from: Timestamp(0),
        revoked_at: (n == 5).then_some(Timestamp(9)),
    };
    let entries = holders.into_iter().enumerate().map(entry).collect();
    let list =
        KeyList { v: 1, deployment: "d".into(), number: 1, clock: Clock::Real, issued_at: Timestamp(0), entries };
    Office { list, keys }
}

fn statement(orders: u64) -> Restoration {
    Restoration {
        v: 2,
        deployment: "d".into(),
        snapshot: Digest("sha256:aa".into()),
        known: Digest("sha256:cc".into()),
        gives_up: BTreeMap::from([("orders".to_owned(), orders)]),
        in_force: vec!["aut_1".into()],
        reason: "disk lost".into(),
        at: Timestamp(5),
    }
}

#[test]
fn two_approvers_of_the_authority_or_agency_and_nobody_else() {
    let office = office();
    let sign = |n: usize, body: &Restoration| {
        let key = &office.keys[n];
        Signed { key: key.key_id(), signature: key.sign(RESTORATION_TYPE, body).unwrap(), body: body.clone() }
    };
    let body = statement(7);
    let want = Restoration { in_force: Vec::new(), reason: String::new(), at: Timestamp(6), ..statement(7) };
    let judged = |given: &[Signed<Restoration>]| confirmed(&office.list, &want, given, |_| false).map_err(|r| r.code);
    assert_eq!(judged(&[sign(0, &body), sign(1, &body)]).unwrap().in_force, ["aut_1".into()]);
    let more = statement(8);
    let refused: Vec<(&str, Vec<Signed<Restoration>>)> = vec![
        ("restore-behind", vec![]),
        ("restore-behind", vec![sign(0, &body)]),
        ("restore-behind", vec![sign(0, &body), sign(0, &body)]),
        ("restore-behind", vec![sign(0, &body), sign(6, &body)]),
        ("restore-signer", vec![sign(0, &body), sign(2, &body)]),
        ("restore-signer", vec![sign(0, &body), sign(3, &body)]),
        ("restore-signer", vec![sign(0, &body), sign(4, &body)]),
        ("restore-signer", vec![sign(0, &body), sign(5, &body)]),
        ("restore-other-statement", vec![sign(0, &body), sign(1, &more)]),
        ("restore-other-statement", vec![sign(0, &statement(6)), sign(1, &statement(6))]),
        // Who gave up more than there is was asked about something else.
        ("restore-other-statement", vec![sign(0, &more), sign(1, &more)]),
        ("restore-signer", vec![sign(0, &body), Signed { signature: sign(0, &body).signature, ..sign(1, &body) }]),
    ];
    for (n, (code, given)) in refused.into_iter().enumerate() {
        assert_eq!(judged(&given).unwrap_err(), code, "case {n}");
    }
    let other = Restoration { snapshot: Digest("sha256:bb".into()), ..statement(7) };
    assert_eq!(judged(&[sign(0, &other), sign(1, &other)]).unwrap_err(), "restore-other-statement");
}

/// The attack: signatures that served one restore, or that were given for another state of things, laid before a later one.
#[test]
fn a_statement_serves_one_restore_and_only_while_nothing_has_changed() {
    let office = office();
    let sign = |body: &Restoration| {
        let signed = |key: &SigningKey| Signed {
            key: key.key_id(),
            signature: key.sign(RESTORATION_TYPE, body).unwrap(),
            body: body.clone(),
        };
        [signed(&office.keys[0]), signed(&office.keys[1])]
    };
    let want = statement(7);
    let judged =
        |body: &Restoration, used: bool| confirmed(&office.list, &want, &sign(body), |_| used).map_err(|r| r.code);
    assert!(judged(&want, false).is_ok());
    assert_eq!(judged(&want, true).unwrap_err(), "restore-statement-used");
    // The same numbers, but of a folder, custody or log that is not as it was.
    let other = Restoration { known: Digest("sha256:dd".into()), ..statement(7) };
    assert_eq!(judged(&other, false).unwrap_err(), "restore-other-statement");
    let at = |ms: i64| Restoration { at: Timestamp(want.at.0 + ms), ..statement(7) };
    for ms in [-VALID_MS, 0, 600_000] {
        assert!(judged(&at(ms), false).is_ok(), "{ms}");
    }
    for ms in [-VALID_MS - 1, 600_001] {
        assert_eq!(judged(&at(ms), false).unwrap_err(), "restore-statement-old", "{ms}");
    }
    // A statement of the earlier form, which bound none of this.
    assert_eq!(judged(&Restoration { v: 1, ..statement(7) }, false).unwrap_err(), "restore-other-statement");
}
