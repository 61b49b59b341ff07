//! Evidence of a decision, of a person's history and of a destruction: as it should be, and rebuilt by somebody who gains
//! from another story. The verifier in `docs/verify` says the same of each.

use crate::ending::{AUTHORISATION, CASE, CERTIFICATE, Ending, PERSON, Plan, SUBJECTS};
use crate::story::{check, quorum, what};
use crate::support::{World, key, signed};
use audit::evidence::{KINDS, verify};
use crypto::Suite;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

pub const NOWHERE: &str = "sm3:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd";

#[test]
fn each_kind_verifies_offline() {
    for suite in [Suite::Gm, Suite::Intl] {
        let ending = Ending::write(suite, Plan::default());
        for (kind, id) in SUBJECTS {
            assert!(KINDS.contains(&kind) && KINDS.contains(&"resource_certificate"));
            let bytes = ending.evidence(kind, id);
            assert_eq!(ending.evidence(kind, id), bytes, "the same evidence twice");
            let report = check(&bytes, &ending.trust());
            assert!(report.valid && report.trusted, "{kind}: {report:?}");
            let counts = match kind {
                "query_history" => [("statements", 5), ("orders", 1), ("leaves", 10), ("documents", 3)],
                _ => [("statements", 8), ("orders", 2), ("leaves", 14), ("documents", 4)],
            };
            assert_eq!(counts.map(|(name, _)| (name, report.checked[name])), counts, "{kind}");
            let report = verify(&bytes, None, &quorum);
            assert!(report.valid && !report.trusted, "valid in itself, trusted by nobody");
        }
    }
}

/// Most bytes stand in all three files; each file is bent at other places.
#[test]
fn every_flipped_byte_is_found() {
    let ending = Ending::write(Suite::Intl, Plan::default());
    for (offset, (kind, id)) in SUBJECTS.into_iter().enumerate() {
        let bytes = ending.evidence(kind, id);
        for i in (offset..bytes.len()).step_by(3) {
            let mut bent = bytes.clone();
            bent[i] ^= 1 << (i % 7);
            assert!(!check(&bent, &ending.trust()).valid, "{kind} byte {i}");
        }
    }
}

/// One file that somebody rebuilt, and the codes under which it is refused.
pub struct Forgery {
    pub name: String,
    pub bytes: Vec<u8>,
    pub codes: Vec<&'static str>,
}

pub fn forgery(name: impl Into<String>, bytes: Vec<u8>, codes: &[&'static str]) -> Forgery {
    Forgery { name: name.into(), bytes, codes: codes.to_vec() }
}

/// What only the platform's seal is made anew over.
fn resealed(honest: &Ending) -> Vec<Forgery> {
    let mut out = Vec::new();
    for (kind, id) in SUBJECTS {
        let mut add = |name: &str, codes: &[&'static str], change: &dyn Fn(&mut Value)| {
            out.push(forgery(format!("{kind}: {name}"), honest.reseal(kind, id, change), codes));
        };
        add("another id", &["incomplete"], &|b| b["subject"]["id"] = json!("other"));
        add("no id", &["incomplete"], &|b| b["subject"]["id"] = json!(""));
        add("a product", &["incomplete"], &|b| b["subject"]["kind"] = json!("product"));
        add("a kind of none", &["subject"], &|b| b["subject"]["kind"] = json!("city"));
        add("no statements", &["statement_missing"], &|b| b["statements"] = json!([]));
        add("no leaves", &["not_recorded"], &|b| b["logs"]["platform"]["leaves"] = json!([]));
        add("no zone", &["anchor"], &|b| drop(b["logs"].as_object_mut().unwrap().remove("zone")));
        for n in 0..3 {
            add(&format!("without act {n}"), &["statement_missing"], &|b| drop(array(b, "/statements").remove(n)));
        }
        // The last leaf of a chain follows the last head that somebody bound: that it is missing is not provable.
        for n in 0..6 {
            let codes = &["chain", "not_recorded", "head", "statement_missing", "story", "incomplete"];
            add(&format!("without leaf {n}"), codes, &|b| drop(array(b, "/logs/platform/leaves").remove(n)));
        }
        add("an act signed by another", &["not_recorded"], &|b| {
            let other = b["statements"][1]["signature"].clone();
            b["statements"][0]["signature"] = other;
        });
    }
    for n in 1..4 {
        let bytes = honest.reseal("decision", CASE, |b| drop(array(b, "/documents").remove(n)));
        out.push(forgery(format!("decision: without document {n}"), bytes, &["incomplete"]));
    }
    let bytes = honest.reseal("destruction", AUTHORISATION, |b| drop(array(b, "/documents").remove(0)));
    out.push(forgery("destruction: without its certificate", bytes, &["incomplete"]));
    for n in 0..3 {
        let bytes = honest.reseal("query_history", PERSON, |b| {
            array(b, "/story").remove(n);
            for (i, step) in array(b, "/story").iter_mut().enumerate() {
                step["n"] = json!(i + 1);
            }
        });
        out.push(forgery(format!("query_history: without step {n}"), bytes, &["incomplete"]));
    }
    let bytes = honest.reseal("query_history", PERSON, |b| b["subject"]["id"] = json!("person-1"));
    out.push(forgery("query_history: of another in the same case", bytes, &["history"]));
    out
}

pub fn array<'a>(body: &'a mut Value, path: &str) -> &'a mut Vec<Value> {
    body.pointer_mut(path).unwrap().as_array_mut().unwrap()
}

/// Logs, orders and the seal made anew with the platform's own listed keys; people and zone signed what they signed.
fn rewritten(honest: &Ending) -> Vec<Forgery> {
    let suite = honest.world.suite;
    let (acts, reports) = (honest.acts.clone(), honest.reports.clone());
    let mut swapped = acts.clone();
    let mut body = acts[0]["body"].clone();
    body["documents"] = json!(suite.hash(b"other documents").to_string());
    swapped[0] = signed(&key(suite, 21), "act", body);
    let plan = || Plan { acts: acts.clone(), reports: reports.clone(), ..Plan::default() };
    let other = |change: Value| Plan { report: change, ..Plan::default() };
    let plans: Vec<(&str, Plan, &[&'static str])> = vec![
        ("an act swapped", Plan { acts: swapped, ..plan() }, &["head"]),
        ("no opening", Plan { drop: Some("case_opened"), ..plan() }, &["head"]),
        ("no deliberation", Plan { drop: Some("deliberate"), ..plan() }, &["not_recorded"]),
        ("people of its own", Plan { people: 20, ..Plan { reports: reports.clone(), ..Plan::default() } }, &["head"]),
        ("an approval less", Plan { without: 2, ..plan() }, &["quorum", "head"]),
        ("another object", Plan { object: json!({"authorisation": "auth-2"}), ..plan() }, &["head"]),
        (
            "another object, with a zone that helps",
            Plan { object: json!({"authorisation": "auth-2"}), acts: acts.clone(), ..Plan::default() },
            &["approval"],
        ),
        ("no certificate", Plan { unnamed: true, ..plan() }, &["incomplete", "ok"]),
        ("fewer keys", Plan { certificate: json!({"keys": ["key-1"]}), ..plan() }, &["destruction", "ok"]),
        ("more objects", Plan { certificate: json!({"objects": 6}), ..plan() }, &["destruction", "ok"]),
        ("another report", Plan { certificate: json!({"report": 8}), ..plan() }, &["destruction", "ok"]),
        ("another case", Plan { certificate: json!({"case": "case-other"}), ..plan() }, &["destruction", "ok"]),
        (
            "another authorisation",
            Plan { certificate: json!({"authorisation": "auth-2"}), ..plan() },
            &["destruction", "ok"],
        ),
        ("another list", Plan { certificate: json!({"what": {"list": NOWHERE}}), ..plan() }, &["destruction", "ok"]),
        // With a zone that helps.
        ("a refused order", other(json!({"outcome": "refused"})), &["destruction", "ok"]),
        ("a report on another", other(json!({"authorisation": "auth-2"})), &["destruction", "ok"]),
        ("a report on no order", other(json!({"order": null})), &["incomplete", "ok"]),
        ("a zone without a log of it", Plan { silent: true, ..Plan::default() }, &["incomplete", "ok"]),
        ("a zone head of none", other(json!({"zone_head": NOWHERE})), &["head"]),
    ];
    let mut out = Vec::new();
    for (name, plan, codes) in plans {
        let ending = Ending::write(suite, plan);
        for (kind, id) in SUBJECTS {
            // What concerns the certificate only is refused wherever it is shown; a history does not show it.
            let (own, rest): (Vec<_>, Vec<_>) = codes.iter().partition(|c| **c != "ok");
            let shown = kind == "destruction" || kind == "decision" && name != "no certificate";
            let codes = if shown || rest.is_empty() { own } else { rest };
            out.push(forgery(format!("{kind}: {name}"), ending.evidence(kind, id), &codes));
        }
    }
    out
}

/// Everything is made anew under keys of the forger's own, or under the honest root's name.
fn new_keys(honest: &Ending) -> Vec<Forgery> {
    let suite = honest.world.suite;
    let mut world = World::new(suite);
    (world.root, world.platform, world.platform_log) = (key(suite, 91), key(suite, 92), key(suite, 94));
    let forged = Ending::write_in(world, Plan::default());
    let mut out = Vec::new();
    for (kind, id) in SUBJECTS {
        out.push(forgery(format!("{kind}: a new root"), forged.evidence(kind, id), &["other_root"]));
        let bytes = forged.reseal(kind, id, |b| {
            b["root"] = json!(honest.world.root.public().to_string());
            b["trust_digest"] = json!(null);
        });
        out.push(forgery(format!("{kind}: another's root"), bytes, &["malformed"]));
    }
    out
}

fn forgeries(suite: Suite) -> (Ending, Vec<Forgery>) {
    let honest = Ending::write(suite, Plan::default());
    let all = [resealed(&honest), rewritten(&honest), new_keys(&honest)].into_iter().flatten().collect();
    (honest, all)
}

#[test]
fn what_is_rebuilt_is_refused() {
    let (honest, all) = forgeries(Suite::Gm);
    let said = |f: &Forgery| check(&f.bytes, &honest.trust()).failure.map_or("ok".to_owned(), |f| f.what);
    let judged: Vec<_> = all.iter().map(|f| (said(f), f)).collect();
    let wrong = judged.iter().filter(|(code, f)| !f.codes.contains(&code.as_str()));
    let wrong: Vec<_> = wrong.map(|(code, f)| format!("{}: {code}, not {:?}", f.name, f.codes)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(all.iter().filter(|f| !f.codes.contains(&"ok")).count() > 80);
}

/// Byte by byte behind the seal: nothing that a person, the zone or a log has signed can be changed in the file.
#[test]
fn every_signed_member_is_held_without_the_seal() {
    let ending = Ending::write(Suite::Intl, Plan::default());
    for (kind, id) in SUBJECTS {
        let file: Value = serde_json::from_slice(&ending.evidence(kind, id)).unwrap();
        let mut paths = Vec::new();
        crate::evidence::leaves_of(&file["body"], String::new(), &mut paths);
        let vouched = |p: &str| {
            let of_document = p.starts_with("/documents/") && (p.ends_with("/name") || p.ends_with("/media_type"));
            p.starts_with("/story") || p == "/made_at" || p == "/trust_digest" || of_document
        };
        for path in paths.iter().filter(|p| !vouched(p)) {
            let bytes = ending.reseal(kind, id, |b| crate::evidence::bend_at(b, path));
            assert_ne!(what(&bytes, &ending.trust()), "", "{kind} {path}");
        }
    }
}

/// The verifier written from the documents alone gives the same verdicts. `YUNYU_PYTHON` names a Python with its two
/// libraries; `cargo xtask test` sets it.
#[test]
fn the_python_verifier_says_the_same() {
    let Some(python) = std::env::var_os("YUNYU_PYTHON") else {
        eprintln!("skipped: YUNYU_PYTHON names no Python");
        return;
    };
    // SM2 in Python is slow: there only what is as it should be, so that every signature of it is checked elsewhere.
    for (suite, all) in [(Suite::Intl, true), (Suite::Gm, false)] {
        let (honest, forged) = forgeries(suite);
        let mut files: Vec<(String, Vec<u8>)> =
            SUBJECTS.iter().map(|(kind, id)| ((*kind).to_owned(), honest.evidence(kind, id))).collect();
        for effect in ["withdraw", "seal", "unseal"] {
            let ending = Ending::write(suite, Plan { resource: Some(effect), ..Plan::default() });
            files.push((effect.to_owned(), ending.evidence("resource_certificate", CERTIFICATE)));
        }
        let forged = forged.into_iter().chain(crate::certificates::forgeries(suite));
        files.extend(forged.filter(|_| all).map(|f| (f.name, f.bytes)));
        let trust = honest.trust().to_bytes().unwrap();
        let pairs: Vec<_> = files.iter().map(|(_, bytes)| (bytes.clone(), trust.clone())).collect();
        let said = ask(&python, &pairs);
        assert_eq!(said.len(), files.len());
        for ((name, bytes), said) in files.iter().zip(said) {
            // Approvals are counted by nobody on either side.
            let report = verify(bytes, Some(&honest.trust()), &|_, _, _| Ok(()));
            let failure = report.failure.map_or(Value::Null, |f| json!({"file": f.file, "what": f.what}));
            assert_eq!((&said["valid"], &said["failure"]), (&json!(report.valid), &failure), "{name}");
            assert_eq!(said["checked"], json!(report.checked), "{name}");
        }
    }
}

/// What the Python verifier says of evidence files, each with its trust file.
pub fn ask(python: &std::ffi::OsStr, files: &[(Vec<u8>, Vec<u8>)]) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify/judge.py");
    let mut child = Command::new(python).arg(judge).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = String::new();
    for (i, (bytes, trust)) in files.iter().enumerate() {
        let [path, trust_path] = [i.to_string(), format!("{i}.trust")].map(|name| root.join(name));
        std::fs::write(&path, bytes).unwrap();
        std::fs::write(&trust_path, trust).unwrap();
        lines += &format!("{}\n", json!([path, trust_path]));
    }
    let mut asked = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || asked.write_all(lines.as_bytes()).unwrap());
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    String::from_utf8(out.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// The browser's verifier is tested on these files too. `YUNYU_RECORD=1` writes them anew.
#[test]
fn the_browser_is_tested_on_the_same_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console/src/trust/testdata/ending");
    let folder = std::path::Path::new(folder);
    let ending = Ending::write(Suite::Intl, Plan::default());
    let mut files = vec![("deployment.trust".to_owned(), ending.trust().to_bytes().unwrap())];
    files.extend(SUBJECTS.map(|(kind, id)| (format!("{kind}.json"), ending.evidence(kind, id))));
    let withdrawn = Ending::write(Suite::Intl, Plan { resource: Some("withdraw"), ..Plan::default() });
    files.push(("resource_certificate.json".to_owned(), withdrawn.evidence("resource_certificate", CERTIFICATE)));
    for (name, bytes) in files {
        let path = folder.join(name);
        if std::env::var_os("YUNYU_RECORD").is_some() {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{}: record it anew", path.display());
    }
}
