//! Cosignatures of witnesses inside evidence: as they should be, forged, too few, too early. The verifiers in `docs/verify`
//! and in `console/src/trust` say the same of each.

use crate::story::{Plan, Story, check, quorum};
use crate::subjects::ask;
use crate::support::{World, key, signed};
use audit::LogName::{self, Platform, Zone};
use audit::evidence::verify;
use audit::{Checkpoint, Cosignature, Cosigned, Trust, WitnessKey, WitnessPolicy, WitnessRequest, attach_cosignature};
use crypto::{SigningKey, Suite};
use serde_json::{Value, json};

/// When a witness saw it, in seconds.
const SEEN: u64 = 400;
/// From when on the key of the witness `retired` is revoked, in seconds.
const RETIRED: u64 = 500;

struct Bench {
    story: Story,
    suite: Suite,
}

fn leaves_of(dir: &std::path::Path) -> Vec<Vec<u8>> {
    let mut leaves = Vec::new();
    let (reader, _) = audit::LogReader::open(dir).unwrap();
    let each = |_, leaf: &[u8]| {
        leaves.push(leaf.to_vec());
        Ok(())
    };
    reader.each(0, each).unwrap();
    leaves
}

impl Bench {
    /// A story whose key list names two witnesses; two more are known to nobody or to the verifier only.
    fn new(suite: Suite) -> Self {
        let mut story = Story::write(suite, Plan::default());
        let first: Value =
            serde_json::from_slice(&std::fs::read(story.world.logs().join("keys/1.json")).unwrap()).unwrap();
        let mut entries = first["body"]["entries"].as_array().unwrap().clone();
        for (name, n, revoked) in [("bureau", 50, None), ("retired", 53, Some(RETIRED * 1000))] {
            let mut entry = story.world.entry(&key(suite, n), &json!({"kind": "witness", "name": name}));
            entry["revoked_at"] = json!(revoked);
            entries.push(entry);
        }
        story.world.publish(2, &entries);
        story.checkpoints();
        Self { story, suite }
    }

    fn witness(&self, name: &str) -> (WitnessKey, SigningKey) {
        let n = match name {
            "bureau" => 50,
            "outside" => 51,
            "retired" => 53,
            _ => 52,
        };
        let signer = key(self.suite, n);
        (WitnessKey::new(name, signer.public()).unwrap(), signer)
    }

    fn checkpoint(&self, log: LogName) -> Checkpoint {
        let note = std::fs::read(self.story.world.logs().join(log.as_str()).join("checkpoint")).unwrap();
        Checkpoint::parse(&note).unwrap()
    }

    /// The log's checkpoint over its first `n` leaves, as it would have been signed then.
    fn earlier(&self, log: LogName, n: usize) -> Checkpoint {
        let leaves = leaves_of(&self.story.world.logs().join(log.as_str()));
        let then = World::new(self.suite);
        let mut open = then.open(log);
        open.append(&leaves[..n]).unwrap();
        let signer = if log == Platform { &then.platform_log } else { &then.zone_log };
        Checkpoint::parse(open.checkpoint(1_500, signer, &[]).unwrap().as_bytes()).unwrap()
    }

    /// What a witness says of a checkpoint, as it stands in the file.
    fn seen(&self, log: LogName, checkpoint: &Checkpoint, by: &str, time: u64) -> Value {
        let (witness, signer) = self.witness(by);
        let line = Cosignature::make(checkpoint, &witness, &signer, time).unwrap();
        let note = Cosigned { checkpoint: checkpoint.clone(), lines: vec![line] }.render();
        let size = self.checkpoint(log).size.min(checkpoint.size);
        let proofs = WitnessRequest::make(&self.story.world.logs(), log, size).unwrap();
        json!({"log": log, "witness": by, "note": note, "sm3_proof": proofs.sm3_proof,
            "sha256_proof": proofs.sha256_proof})
    }

    fn now(&self, log: LogName, by: &str) -> Value {
        self.seen(log, &self.checkpoint(log), by, SEEN)
    }

    /// A trust file that asks for `k` of these.
    fn asking(&self, k: u32, names: &[&str]) -> Trust {
        let keys = names.iter().map(|n| self.witness(n).0).collect();
        Trust { witnesses: Some(WitnessPolicy { k, keys }), ..self.story.trust() }
    }

    /// The file with this under `witnessed`, sealed anew by the platform.
    fn with(&self, witnessed: Option<Value>) -> Vec<u8> {
        self.story.reseal(|b| {
            let body = b.as_object_mut().unwrap();
            match witnessed {
                Some(v) => body.insert("witnessed".into(), v),
                None => body.remove("witnessed"),
            };
        })
    }
}

/// A file, the trust file it is held against, and what is to come of it.
struct Case {
    name: &'static str,
    witnessed: Option<Value>,
    trust: Vec<u8>,
    /// `trusted`, `valid`, or the code of the failure.
    wanted: &'static str,
}

fn whole(b: &Bench) -> Vec<Value> {
    let seen = |log| ["bureau", "outside", "retired", "stranger"].map(|by| b.now(log, by));
    [seen(Platform), seen(Zone)].concat()
}

fn only(all: &[Value], names: &[&str]) -> Value {
    all.iter().filter(|w| names.iter().any(|n| w["witness"] == *n)).cloned().collect()
}

fn policies(b: &Bench) -> Vec<Case> {
    let all = whole(b);
    let case = |name, witnessed: Option<Value>, trust: &Trust, wanted| Case {
        name,
        witnessed,
        trust: trust.to_bytes().unwrap(),
        wanted,
    };
    let (plain, one) = (b.story.trust(), b.asking(1, &["bureau"]));
    let both = b.asking(2, &["bureau", "outside"]);
    let either = b.asking(1, &["outside", "stranger"]);
    let early = json!([b.seen(Platform, &b.earlier(Platform, 3), "bureau", SEEN), b.now(Zone, "bureau")]);
    let mut other_key = b.asking(1, &["outside"]);
    let named = WitnessKey::new("bureau", key(b.suite, 60).public()).unwrap();
    other_key.witnesses = Some(WitnessPolicy { k: 1, keys: vec![named] });
    vec![
        case("nobody asks", Some(json!(all)), &plain, "trusted"),
        case("nobody asks and nobody has seen it", None, &plain, "trusted"),
        case("one is asked for and has seen it", Some(json!(all)), &one, "trusted"),
        case("both are asked for and have seen it", Some(json!(all)), &both, "trusted"),
        case("one of two has seen it", Some(only(&all, &["stranger"])), &either, "trusted"),
        case("one is asked for and nobody has seen it", None, &one, "valid"),
        case("another has seen it", Some(only(&all, &["outside"])), &one, "valid"),
        case("both are asked for and one has seen it", Some(only(&all, &["bureau", "stranger"])), &both, "valid"),
        case("only one of the logs was seen", Some(json!([all[0]])), &one, "valid"),
        case("seen before the leaves that count", Some(early.clone()), &one, "valid"),
        case("seen early, and nobody asks", Some(early), &plain, "trusted"),
        case("listed, but another key is asked for", Some(only(&all, &["bureau"])), &other_key, "valid"),
        case(
            "asked for under another key, and not listed",
            Some(only(&all, &["outside"])),
            &{
                let keys = vec![WitnessKey::new("outside", key(b.suite, 60).public()).unwrap()];
                Trust { witnesses: Some(WitnessPolicy { k: 1, keys }), ..b.story.trust() }
            },
            "cosignature",
        ),
    ]
}

/// Changes one member of the first entry.
fn bent(all: &[Value], change: impl FnOnce(&mut Value)) -> Option<Value> {
    let mut all = all.to_vec();
    change(&mut all[0]);
    Some(json!(all))
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap()
}

/// The line of the witness with another byte somewhere.
fn other_line(note: &str, at: usize) -> String {
    use base64::Engine;
    let encoding = base64::engine::general_purpose::STANDARD;
    let (rest, blob) = note.trim_end().rsplit_once(' ').unwrap();
    let mut blob = encoding.decode(blob).unwrap();
    blob[at] ^= 1;
    format!("{rest} {}\n", encoding.encode(blob))
}

fn forgeries(b: &Bench) -> Vec<Case> {
    let all = whole(b);
    let trust = b.asking(1, &["bureau"]).to_bytes().unwrap();
    let mut out: Vec<Case> = Vec::new();
    let mut add = |name, witnessed, wanted| out.push(Case { name, witnessed, trust: trust.clone(), wanted });
    let note = text(&all[0]["note"]).to_owned();
    add("not in their order", Some(json!([all[1], all[0]])), "order");
    add("the zone's first", Some(json!([all[4], all[0]])), "order");
    add("one twice", Some(json!([all[0], all[0]])), "order");
    add("an empty array", Some(json!([])), "malformed");
    add("null", Some(Value::Null), "malformed");
    add("another member", bent(&all, |w| w["more"] = json!(1)), "malformed");
    add("without a proof", bent(&all, |w| drop(w.as_object_mut().unwrap().remove("sm3_proof"))), "malformed");
    add("another key's hash", bent(&all, |w| w["note"] = json!(other_line(&note, 1))), "cosignature");
    add("another time", bent(&all, |w| w["note"] = json!(other_line(&note, 11))), "cosignature");
    add("another signature", bent(&all, |w| w["note"] = json!(other_line(&note, 40))), "cosignature");
    let short = format!("{} {}\n", note.trim_end().rsplit_once(' ').unwrap().0, "AAAA");
    add("a short line", bent(&all, |w| w["note"] = json!(short)), "cosignature");
    add("a line that is no base64", bent(&all, |w| w["note"] = json!(note.replace("=\n", "\n"))), "malformed");
    add("no line", bent(&all, |w| w["note"] = json!(b.checkpoint(Platform).render())), "cosignature");
    let lines = note.clone() + text(&all[1]["note"]).lines().last().unwrap() + "\n";
    add("two lines", bent(&all, |w| w["note"] = json!(lines)), "cosignature");
    add("a line without an end", bent(&all, |w| w["note"] = json!(note.trim_end())), "malformed");
    add("under another name", bent(&all, |w| w["witness"] = json!("barrow")), "cosignature");
    let renamed = note.replace("— bureau ", "— outside ");
    add("the line under another name", bent(&all, |w| w["note"] = json!(renamed)), "cosignature");
    let posing = text(&b.now(Platform, "stranger")["note"]).replace("— stranger ", "— bureau ");
    add("a stranger under a known name", bent(&all, |w| w["note"] = json!(posing)), "cosignature");
    add(
        "no name of a witness",
        bent(&all, |w| {
            (w["witness"], w["note"]) = (json!("Bureau"), json!(note.replace("— bureau ", "— Bureau ")));
        }),
        "cosignature",
    );
    let revoked = b.seen(Platform, &b.checkpoint(Platform), "retired", RETIRED);
    add("after its key was revoked", Some(json!([revoked])), "cosignature");
    let never = b.seen(Platform, &b.checkpoint(Platform), "bureau", u64::MAX);
    add("at no time that there is", Some(json!([never])), "cosignature");
    add("of the other log", bent(&all, |w| w["note"] = all[4]["note"].clone()), "other_log");
    let mut unsigned = b.checkpoint(Platform);
    unsigned.time += 1;
    let unsigned = b.seen(Platform, &unsigned, "bureau", SEEN);
    add("a checkpoint that the log never signed", Some(json!([unsigned])), "signature");
    for (proof, name) in [("sm3_proof", "another SM3 proof"), ("sha256_proof", "another SHA-256 proof")] {
        let early = b.seen(Platform, &b.earlier(Platform, 3), "bureau", SEEN);
        add(name, bent(&[early], |w| drop(w[proof].as_array_mut().unwrap().pop())), "anchor");
    }
    add("a proof that is no base64", bent(&all, |w| w["sm3_proof"] = json!(["?"])), "anchor");
    for (grows, wanted, name) in [(false, "anchor", "another history"), (true, "rolled_back", "a longer log")] {
        add(name, Some(json!([fork(b, grows)])), wanted);
    }
    out
}

/// What a witness saw of a log that the platform showed to it alone: of the same size, or longer.
fn fork(b: &Bench, grows: bool) -> Value {
    let other = World::new(b.suite);
    let mut log = other.open(Platform);
    let mut leaves = leaves_of(&b.story.world.logs().join("platform"));
    let checkpoint = b.checkpoint(Platform);
    let mut world = World::new(b.suite);
    if grows {
        leaves.push(world.leaf(Platform, None, "another_step", &[]));
    } else {
        *leaves.last_mut().unwrap() = world.leaf(Platform, None, "another_step", &[]);
    }
    log.append(&leaves).unwrap();
    let note = log.checkpoint(checkpoint.time, &other.platform_log, &[]).unwrap();
    b.seen(Platform, &Checkpoint::parse(note.as_bytes()).unwrap(), "bureau", SEEN)
}

/// Trust files whose witnesses are not sound: nothing is held against them.
fn unsound(b: &Bench) -> Vec<Case> {
    let sound = b.asking(1, &["bureau", "outside"]);
    let [bureau, outside] = ["bureau", "outside"].map(|n| b.witness(n).0.to_string());
    let mut out = Vec::new();
    let mut add = |name, witnesses: Value| {
        let mut trust = serde_json::to_value(&sound).unwrap();
        trust["witnesses"] = witnesses;
        out.push(Case { name, witnessed: None, trust: crypto::canonical(&trust).unwrap(), wanted: "malformed" });
    };
    let renamed = bureau.replace("bureau+", "barrow+");
    let same_key = WitnessKey::new("other", b.witness("bureau").0.public().clone()).unwrap().to_string();
    add("none is asked for", json!({"k": 0, "keys": [bureau, outside]}));
    add("more than there are", json!({"k": 3, "keys": [bureau, outside]}));
    add("a witness twice", json!({"k": 1, "keys": [bureau, bureau]}));
    add("a key twice", json!({"k": 1, "keys": [bureau, same_key]}));
    add("a key under another name", json!({"k": 1, "keys": [renamed]}));
    add("no key", json!({"k": 1, "keys": ["bureau"]}));
    add("a key with more behind it", json!({"k": 1, "keys": [format!("{bureau}=")]}));
    add("null for witnesses", Value::Null);
    out
}

/// Verdict as all verifiers give it.
fn verdict(bytes: &[u8], trust: &[u8]) -> Value {
    let Ok(trust) = Trust::parse(trust) else {
        let failure = json!({"file": "trust", "what": "malformed"});
        return json!({"valid": false, "trusted": false, "checked": {}, "failure": failure});
    };
    let report = verify(bytes, Some(&trust), &|_, _, _| Ok(()));
    let failure = report.failure.map(|f| json!({"file": f.file, "what": f.what}));
    json!({"valid": report.valid, "trusted": report.trusted, "checked": report.checked, "failure": failure})
}

fn cases(b: &Bench) -> Vec<Case> {
    [policies(b), forgeries(b), unsound(b)].into_iter().flatten().collect()
}

#[test]
fn each_is_judged_as_it_should() {
    for suite in [Suite::Gm, Suite::Intl] {
        let b = Bench::new(suite);
        for case in cases(&b) {
            let said = verdict(&b.with(case.witnessed), &case.trust);
            let word = match (&said["failure"]["what"], &said["trusted"]) {
                (Value::String(what), _) => what.clone(),
                (_, Value::Bool(true)) => "trusted".into(),
                _ => "valid".into(),
            };
            assert_eq!(word, case.wanted, "{}: {said}", case.name);
        }
        let all = json!(whole(&b));
        let report = check(&b.with(Some(all)), &b.asking(1, &["outside"]));
        assert_eq!((report.checked["cosignatures"], report.checked["unknown_witnesses"]), (6, 2));
        let report = check(&b.with(None), &b.asking(1, &["outside"]));
        assert!(report.unproved.unwrap().contains("too few witnesses"));
    }
}

/// What lies beside the logs comes into the file, of all witnesses and with the proofs that it needs.
#[test]
fn evidence_carries_what_was_attached() {
    for suite in [Suite::Gm, Suite::Intl] {
        let mut b = Bench::new(suite);
        let logs = b.story.world.logs();
        let bare = b.story.evidence();
        assert!(!String::from_utf8_lossy(&bare).contains("witnessed"));
        let early = b.earlier(Platform, 3);
        for entry in [
            b.now(Platform, "bureau"),
            b.now(Zone, "bureau"),
            b.now(Zone, "outside"),
            b.seen(Platform, &early, "outside", SEEN),
        ] {
            attach_cosignature(&logs, text(&entry["note"]).as_bytes()).unwrap();
        }
        let file: Value = serde_json::from_slice(&b.story.evidence()).unwrap();
        let wanted = [
            b.now(Platform, "bureau"),
            b.seen(Platform, &early, "outside", SEEN),
            b.now(Zone, "bureau"),
            b.now(Zone, "outside"),
        ];
        assert_eq!(file["body"]["witnessed"], json!(wanted));
        assert!(check(&b.story.evidence(), &b.asking(1, &["bureau"])).trusted);
        assert!(!check(&b.story.evidence(), &b.asking(2, &["bureau", "outside"])).trusted, "seen too early");
        // The logs grow: what was seen still covers every leaf of the story.
        let more = b.story.world.leaves(Platform, 20);
        b.story.grow(&more);
        let report = check(&b.story.evidence(), &b.asking(1, &["bureau"]));
        assert!(report.trusted, "{report:?}");
        assert!(verify(&b.story.evidence(), None, &quorum).valid);
    }
}

/// Every byte of what a witness signed, and of the proofs, under a seal made anew.
#[test]
fn every_flipped_byte_is_found() {
    let b = Bench::new(Suite::Intl);
    let trust = b.asking(1, &["bureau"]);
    let entry = b.seen(Platform, &b.earlier(Platform, 5), "bureau", SEEN);
    let zone = b.now(Zone, "bureau");
    let file: Value = serde_json::from_slice(&b.with(Some(json!([entry, zone])))).unwrap();
    let judged = |bent: Value| {
        let mut body = file["body"].clone();
        body["witnessed"] = json!([bent, zone]);
        check(&crypto::canonical(&signed(&b.story.world.platform, "evidence", body)).unwrap(), &trust).valid
    };
    assert!(judged(entry.clone()));
    for member in ["note", "witness", "log"] {
        let text = text(&entry[member]).to_owned();
        for (i, _) in text.char_indices() {
            let mut bytes = text.clone().into_bytes();
            bytes[i] ^= 1;
            let Ok(bent) = String::from_utf8(bytes) else { continue };
            let mut entry = entry.clone();
            entry[member] = json!(bent);
            assert!(!judged(entry), "{member} {i}");
        }
    }
    for proof in ["sm3_proof", "sha256_proof"] {
        for (n, node) in entry[proof].as_array().unwrap().iter().enumerate() {
            for i in 0..text(node).len() {
                let mut bytes = text(node).to_owned().into_bytes();
                bytes[i] ^= 1;
                let mut entry = entry.clone();
                entry[proof][n] = json!(String::from_utf8(bytes).unwrap());
                assert!(!judged(entry), "{proof} {n} {i}");
            }
        }
    }
}

/// `YUNYU_PYTHON` names a Python with the verifier's two libraries; `cargo xtask test` sets it.
#[test]
fn the_python_verifier_says_the_same() {
    let Some(python) = std::env::var_os("YUNYU_PYTHON") else {
        eprintln!("skipped: YUNYU_PYTHON names no Python");
        return;
    };
    for (suite, step) in [(Suite::Intl, 1), (Suite::Gm, 4)] {
        let b = Bench::new(suite);
        let cases: Vec<Case> = cases(&b).into_iter().step_by(step).collect();
        let files: Vec<(Vec<u8>, Vec<u8>)> =
            cases.iter().map(|c| (b.with(c.witnessed.clone()), c.trust.clone())).collect();
        let said = ask(&python, &files);
        assert_eq!(said.len(), files.len());
        for ((case, (bytes, trust)), mut said) in cases.iter().zip(&files).zip(said) {
            let mut ours = verdict(bytes, trust);
            // Approvals are counted by nobody there, so it trusts nothing: what it says of witnesses stands beside.
            let seen = said.get("unseen").is_some_and(|logs| logs == &json!([]));
            assert_eq!(json!(seen), ours["trusted"], "{}: {said}", case.name);
            ours["trusted"] = json!(false);
            said.as_object_mut().unwrap().retain(|name, _| ours.get(name).is_some());
            assert_eq!(said, ours, "{}", case.name);
        }
    }
}

/// The browser's verifier is tested on these files too. `YUNYU_RECORD=1` writes them anew.
#[test]
fn the_browser_is_tested_on_the_same_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console/src/trust/testdata/witnessed");
    for (suite, step) in [(Suite::Intl, 1), (Suite::Gm, 3)] {
        let b = Bench::new(suite);
        let utf8 = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let told = cases(&b).into_iter().step_by(step).map(|case| {
            let bytes = b.with(case.witnessed.clone());
            let file: Value = serde_json::from_slice(&bytes).unwrap();
            let mut out = json!({"name": case.name, "signature": file["signature"],
                "verdict": verdict(&bytes, &case.trust), "trust": utf8(case.trust)});
            if let Some(witnessed) = case.witnessed {
                out["witnessed"] = witnessed;
            }
            out
        });
        let told = json!({"evidence": utf8(b.with(None)), "cases": told.collect::<Vec<_>>()});
        let bytes = crypto::canonical(&told).unwrap();
        let path = std::path::Path::new(folder).join(format!("{}.json", suite.name()));
        if std::env::var_os("YUNYU_RECORD").is_some() {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{}: record it anew", path.display());
    }
}
