//! Evidence of a certificate that a resource was withdrawn, sealed or unsealed: as it should be, and rebuilt by somebody who
//! gains from another story.

use crate::ending::{AUTHORISATION, CASE, CERTIFICATE, Ending, Plan};
use crate::story::{check, what};
use crate::subjects::{Forgery, NOWHERE, array, forgery};
use crate::support::{key, signed};
use audit::evidence::verify;
use crypto::Suite;
use serde_json::{Value, json};

const KIND: &str = "resource_certificate";
const EFFECTS: [&str; 3] = ["withdraw", "seal", "unseal"];

fn of(effect: &'static str) -> Plan {
    Plan { resource: Some(effect), ..Plan::default() }
}

fn told(suite: Suite, plan: Plan) -> Vec<u8> {
    Ending::write(suite, plan).evidence(KIND, CERTIFICATE)
}

#[test]
fn each_deed_verifies_offline() {
    for suite in [Suite::Gm, Suite::Intl] {
        for effect in EFFECTS {
            let ending = Ending::write(suite, of(effect));
            let bytes = ending.evidence(KIND, CERTIFICATE);
            let report = check(&bytes, &ending.trust());
            assert!(report.valid && report.trusted, "{effect}: {report:?}");
            let counts = [("statements", 5), ("orders", 1), ("leaves", 9), ("documents", 4)];
            assert_eq!(counts.map(|(name, _)| (name, report.checked[name])), counts, "{effect}");
            let report = verify(&bytes, Some(&ending.trust()), &|_, _, _| Err("no".into()));
            assert_eq!(report.failure.unwrap().what, "quorum", "two people are counted here too");
            // The same file is evidence of the decision, and of nothing else.
            assert!(check(&ending.evidence("decision", CASE), &ending.trust()).trusted);
            assert_eq!(what(&ending.evidence("destruction", CERTIFICATE), &ending.trust()), "incomplete");
        }
    }
}

/// What only the platform's seal is made anew over.
fn resealed(suite: Suite, out: &mut Vec<Forgery>) {
    let honest = Ending::write(suite, of("withdraw"));
    let mut add = |name: &str, codes: &[&'static str], change: &dyn Fn(&mut Value)| {
        out.push(forgery(format!("{KIND}: {name}"), honest.reseal(KIND, CERTIFICATE, change), codes));
    };
    add("another certificate", &["incomplete"], &|b| b["subject"]["id"] = json!("des-2"));
    add("no certificate's id", &["incomplete"], &|b| b["subject"]["id"] = json!(""));
    add("as the end of an authorisation", &["incomplete"], &|b| b["subject"]["kind"] = json!("destruction"));
    add("without its certificate", &["incomplete"], &|b| {
        array(b, "/documents").retain(|d| d["type"] != "resource-certificate");
    });
    add("no statements", &["statement_missing"], &|b| b["statements"] = json!([]));
    for n in 0..5 {
        add(&format!("without statement {n}"), &["statement_missing"], &|b| drop(array(b, "/statements").remove(n)));
    }
    // The last leaf of a chain follows the last head that somebody bound: that it is missing is not provable.
    for n in 0..6 {
        let codes = &["chain", "not_recorded", "head", "statement_missing", "story", "incomplete"];
        add(&format!("without leaf {n}"), codes, &|b| drop(array(b, "/logs/platform/leaves").remove(n)));
    }
    for n in 0..2 {
        let codes = &["chain", "head", "not_recorded"];
        add(&format!("without the zone's leaf {n}"), codes, &|b| drop(array(b, "/logs/zone/leaves").remove(n)));
    }
    add("an approval swapped for another's", &["not_recorded"], &|b| {
        let other = b["statements"][1]["signature"].clone();
        b["statements"][0]["signature"] = other;
    });
    // A certificate of the same resource that belongs to another order: no leaf here names it.
    let theirs = told_certificate(suite, json!({"id": "des-2", "report": 9}));
    add("another order's certificate beside it", &["not_named"], &|b| {
        b["subject"]["id"] = json!("des-2");
        let mut other = theirs.clone();
        other["name"] = json!("zz.json");
        array(b, "/documents").push(other);
    });
    add("another order's certificate in its place", &["not_named"], &|b| {
        b["subject"]["id"] = json!("des-2");
        let all = array(b, "/documents");
        let at = all.iter().position(|d| d["type"] == "resource-certificate").unwrap();
        all[at] = theirs.clone();
    });
}

/// A certificate as a document, from a story in which it is true.
fn told_certificate(suite: Suite, change: Value) -> Value {
    let ending = Ending::write(suite, Plan { certificate: change, ..of("withdraw") });
    let file: Value = serde_json::from_slice(&ending.evidence(KIND, CERTIFICATE)).unwrap();
    let found = file["body"]["documents"].as_array().unwrap().iter().find(|d| d["type"] == "resource-certificate");
    found.unwrap().clone()
}

/// Logs, orders and the seal made anew with the platform's own listed keys; people and zone signed what they signed.
fn rewritten(suite: Suite, out: &mut Vec<Forgery>) {
    let honest = Ending::write(suite, of("withdraw"));
    let (acts, reports) = (honest.acts.clone(), honest.reports.clone());
    let mut swapped = acts.clone();
    let mut body = acts[0]["body"].clone();
    body["documents"] = json!(suite.hash(b"other documents").to_string());
    swapped[0] = signed(&key(suite, 21), "act", body);
    let plan = || Plan { acts: acts.clone(), reports: reports.clone(), ..of("withdraw") };
    let certificate = |change: Value| Plan { certificate: change, ..plan() };
    let report = |change: Value| Plan { report: change, ..of("withdraw") };
    let both = |effect, certificate: Value, report: Value| Plan { certificate, report, ..of(effect) };
    let plans: Vec<(&str, Plan, &[&'static str])> = vec![
        ("an approval swapped", Plan { acts: swapped, ..plan() }, &["head"]),
        ("no opening", Plan { drop: Some("case_opened"), ..plan() }, &["head"]),
        ("no deliberation", Plan { drop: Some("deliberate"), ..plan() }, &["not_recorded", "head"]),
        ("an approval less", Plan { without: 2, ..plan() }, &["quorum", "head"]),
        ("people of its own", Plan { people: 20, ..Plan { reports: reports.clone(), ..of("withdraw") } }, &["head"]),
        ("another resource ordered", Plan { object: json!({"resource": "res-2"}), ..plan() }, &["head"]),
        ("no certificate", Plan { unnamed: true, ..plan() }, &["incomplete"]),
        ("another resource's certificate", certificate(json!({"resource": "res-2"})), &["certificate"]),
        ("another case", certificate(json!({"case": "case-other"})), &["certificate"]),
        ("another report", certificate(json!({"report": 8})), &["certificate"]),
        ("another provider", certificate(json!({"provider": "org-8"})), &["incomplete"]),
        ("no provider", certificate(json!({"provider": null})), &["incomplete"]),
        ("fewer keys", certificate(json!({"keys": ["key-1"]})), &["certificate"]),
        ("no keys", certificate(json!({"keys": null})), &["certificate"]),
        ("more objects", certificate(json!({"objects": 6})), &["certificate"]),
        ("another list", certificate(json!({"what": {"list": NOWHERE}})), &["certificate"]),
        ("no list", certificate(json!({"what": null})), &["certificate"]),
        ("only sealed", certificate(json!({"deed": "sealed"})), &["certificate"]),
        ("a deed of none", certificate(json!({"deed": "lost"})), &["certificate"]),
        ("another id", certificate(json!({"id": "des-2"})), &["incomplete"]),
        // With a zone that helps.
        ("a refused order", report(json!({"outcome": "refused"})), &["certificate"]),
        ("a report on another resource", report(json!({"resource": "res-2"})), &["certificate"]),
        ("a report on another's order", report(json!({"order": "wo-2"})), &["incomplete"]),
        ("a report on no order", report(json!({"order": null})), &["incomplete"]),
        ("a zone without a log of it", Plan { silent: true, ..of("withdraw") }, &["incomplete"]),
        ("a zone head of none", report(json!({"zone_head": NOWHERE})), &["head"]),
        // Sealed, and called destroyed by everybody but the people who signed; and the other way about.
        (
            "sealed and called destroyed",
            both(
                "seal",
                json!({"deed": "destroyed", "objects": 5}),
                json!({"outcome": "resource_destroyed", "objects": 5}),
            ),
            &["incomplete"],
        ),
        (
            "unsealed and called sealed",
            both("unseal", json!({"deed": "sealed"}), json!({"outcome": "resource_sealed"})),
            &["incomplete"],
        ),
    ];
    for (name, plan, codes) in plans {
        out.push(forgery(format!("{KIND}: {name}"), told(suite, plan), codes));
    }
}

/// Each member of a certificate says something else, a member more or less: whatever is shown of it is held.
fn members(suite: Suite, out: &mut Vec<Forgery>) {
    let differs = |kind| if kind == KIND { "certificate" } else { "destruction" };
    let subjects = EFFECTS.map(|effect| (of(effect), KIND)).into_iter().chain([(Plan::default(), "destruction")]);
    for (plan, kind) in subjects {
        let (code, effect) = (differs(kind), plan.resource.unwrap_or("destroy"));
        let mut changes: Vec<(&str, Value, &'static str)> = vec![
            ("id", json!(5), code),
            ("id", json!(""), code),
            ("id", json!(null), code),
            ("case", json!("case-other"), code),
            ("keys", json!(["key-1"]), code),
            ("keys", json!("key-1"), code),
            ("objects", json!(6), code),
            ("objects", json!("5"), code),
            ("objects", json!(null), code),
            ("what", json!({"kinds": {"records": 9}, "list": NOWHERE}), code),
            ("report", json!(8), code),
            ("at", json!(999), code),
            ("at", json!("1000"), code),
            ("at", json!(null), code),
            ("note", json!("all copies are gone too"), code),
            ("clock", json!(null), code),
        ];
        match kind {
            KIND => changes.extend([
                ("id", json!("des-2"), "incomplete"),
                ("resource", json!("res-2"), code),
                ("provider", json!("org-8"), "incomplete"),
                ("deed", json!("lost"), code),
                ("deed", json!(null), code),
                ("authorisation", json!("auth-1"), code),
                ("operator", json!("org-9"), code),
            ]),
            _ => changes.extend([
                ("authorisation", json!("auth-2"), code),
                ("operator", json!("org-8"), code),
                ("operator", json!(null), code),
                ("deed", json!("destroyed"), code),
                ("resource", json!("res-1"), code),
            ]),
        }
        for (n, (member, value, code)) in changes.into_iter().enumerate() {
            let ending = Ending::write(suite, Plan { certificate: json!({member: value}), ..plan.clone() });
            let id = if kind == KIND { CERTIFICATE } else { AUTHORISATION };
            let name = format!("{effect}, change {n}: {member}");
            out.push(forgery(format!("{kind}: {name}"), ending.evidence(kind, id), &[code]));
            // Shown beside a decision it is held as well; another id is nobody's business there. Once is enough of the slow suite.
            if code != "incomplete" && suite == Suite::Intl {
                out.push(forgery(format!("decision: {name}"), ending.evidence("decision", CASE), &[code]));
            }
        }
    }
}

/// All of them; whoever has their trust file must refuse each.
pub fn forgeries(suite: Suite) -> Vec<Forgery> {
    let mut out = Vec::new();
    resealed(suite, &mut out);
    rewritten(suite, &mut out);
    members(suite, &mut out);
    out
}

#[test]
fn what_is_rebuilt_is_refused() {
    for suite in [Suite::Gm, Suite::Intl] {
        let trust = Ending::write(suite, of("withdraw")).trust();
        let all = forgeries(suite);
        let said = |f: &Forgery| check(&f.bytes, &trust).failure.map_or("ok".to_owned(), |f| f.what);
        let wrong: Vec<_> = all.iter().map(|f| (said(f), f)).filter(|(c, f)| !f.codes.contains(&c.as_str())).collect();
        let wrong: Vec<_> = wrong.iter().map(|(code, f)| format!("{}: {code}, not {:?}", f.name, f.codes)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(all.len() > 120);
    }
}

/// The smallest evidence there is, whole: each of its bytes, in the suite whose signatures are the slowest to check.
#[test]
fn every_flipped_byte_is_found() {
    let ending = Ending::write(Suite::Gm, of("seal"));
    let (bytes, trust) = (ending.evidence(KIND, CERTIFICATE), ending.trust());
    for i in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[i] ^= 1 << (i % 7);
        assert!(!check(&bent, &trust).valid, "byte {i}");
    }
}

/// Byte by byte behind the seal: nothing that a person, the zone or a log has signed can be changed in the file.
#[test]
fn every_signed_member_is_held_without_the_seal() {
    let ending = Ending::write(Suite::Intl, of("withdraw"));
    let file: Value = serde_json::from_slice(&ending.evidence(KIND, CERTIFICATE)).unwrap();
    let mut paths = Vec::new();
    crate::evidence::leaves_of(&file["body"], String::new(), &mut paths);
    let vouched = |p: &str| {
        let of_document = p.starts_with("/documents/") && (p.ends_with("/name") || p.ends_with("/media_type"));
        p.starts_with("/story") || p == "/made_at" || p == "/trust_digest" || of_document
    };
    for path in paths.iter().filter(|p| !vouched(p)) {
        let bytes = ending.reseal(KIND, CERTIFICATE, |b| crate::evidence::bend_at(b, path));
        assert_ne!(what(&bytes, &ending.trust()), "", "{path}");
    }
}
