//! Witnesses: what they sign, what they refuse, and what a verifier makes of it.

use crate::support::{World, copy, files, key};
use audit::LogName::Platform;
use audit::{
    ANOTHER_HISTORY, Asked, Checkpoint, Cosigned, LogError, Trust, Witness, WitnessKey, WitnessPolicy, WitnessRefusal,
    WitnessRequest, attach_cosignature, fetched_nodes, public_file, verify_asked, verify_dir, verify_once,
};
use crypto::{HashAlg, SigningKey, Suite};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

struct Regulator {
    dir: tempfile::TempDir,
    signer: SigningKey,
    key: WitnessKey,
    trust: Trust,
}

impl Regulator {
    fn new(world: &World, name: &str, n: u8) -> Self {
        let signer = key(world.suite, n);
        let key = WitnessKey::new(name, signer.public()).unwrap();
        let (dir, trust) = (tempfile::tempdir().unwrap(), world.trust());
        Witness::begin(dir.path(), &trust.deployment, &signer).unwrap();
        Self { dir, signer, key, trust }
    }

    fn open(&self) -> Witness {
        Witness::open(self.dir.path(), self.trust.clone(), self.key.clone()).unwrap()
    }

    fn see(&self, request: &WitnessRequest) -> Result<Cosigned, WitnessRefusal> {
        self.open().cosign(request, &self.signer, 1_000).map(|(log, note)| {
            assert_eq!(log, Platform);
            note
        })
    }

    /// Looks at the folder from where it stands.
    fn visit(&self, logs: &Path) -> Result<Cosigned, WitnessRefusal> {
        let known = self.open().known(Platform).unwrap();
        self.see(&WitnessRequest::make(logs, Platform, known)?)
    }
}

/// A world with `n` leaves, signed.
fn world(suite: Suite, n: usize) -> World {
    let mut world = World::new(suite);
    world.publish(1, &world.services());
    grow(&mut world, n, 10);
    world
}

fn grow(world: &mut World, n: usize, at: i64) {
    let leaves = world.leaves(Platform, n);
    let mut log = world.open(Platform);
    log.append(&leaves).unwrap();
    log.checkpoint(at, &world.platform_log, &[]).unwrap();
}

/// The same deployment's keys over another history that shares the first `n` leaves.
fn fork(world: &World, n: usize) -> World {
    let mut other = World::new(world.suite);
    copy(world.dir.path(), other.dir.path());
    other.heads = world.heads.clone();
    let more: Vec<Vec<u8>> = (0..n).map(|_| other.leaf(Platform, None, "another_step", &[])).collect();
    let mut log = other.open(Platform);
    log.append(&more).unwrap();
    log.checkpoint(30, &other.platform_log, &[]).unwrap();
    drop(log);
    other
}

#[test]
fn signs_what_extends_what_it_saw() {
    for suite in [Suite::Gm, Suite::Intl] {
        let mut world = world(suite, 300);
        let regulator = Regulator::new(&world, "bureau", 40);
        let first = regulator.visit(&world.logs()).unwrap();
        assert_eq!(first.checkpoint.size, 300);
        assert_eq!(first.lines[0].verify(&first.checkpoint, &regulator.key).unwrap(), Some(1_000));
        assert_eq!(Cosigned::parse(first.render().as_bytes()).unwrap(), first);
        // The same again, and more of it, in one request file each.
        regulator.visit(&world.logs()).unwrap();
        grow(&mut world, 700, 20);
        let request = WitnessRequest::make(&world.logs(), Platform, 300).unwrap();
        let file = request.to_bytes().unwrap();
        let seen = regulator.see(&WitnessRequest::parse(&file).unwrap()).unwrap();
        assert_eq!(seen.checkpoint.size, 1000);
        assert_eq!(regulator.open().known(Platform).unwrap(), 1000);
    }
}

#[test]
fn two_forks_are_refused_whichever_comes_first() {
    let mut world = world(Suite::Gm, 300);
    let regulator = Regulator::new(&world, "bureau", 40);
    regulator.visit(&world.logs()).unwrap();
    let other = fork(&world, 50);
    grow(&mut world, 50, 20);
    // Both forks extend what was seen; one is signed, the other then never.
    regulator.visit(&other.logs()).unwrap();
    let refused = regulator.visit(&world.logs()).unwrap_err();
    assert!(matches!(refused, WitnessRefusal::SplitView { size: 350 }), "{refused:?}");
    grow(&mut world, 70, 40);
    let refused = regulator.visit(&world.logs()).unwrap_err();
    assert!(matches!(refused, WitnessRefusal::NotAnExtension { known: 350, size: 420 }), "{refused:?}");
    assert_eq!((refused.status(), refused.code()), (422, "not-an-extension"));
    // Both notes are kept, each with the log's own signature.
    let kept: Vec<_> = std::fs::read_dir(regulator.dir.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("split-"))
        .collect();
    assert_eq!(kept.len(), 2);
    for file in kept {
        let both: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for note in ["seen", "given"] {
            let note = Checkpoint::parse(both[note].as_str().unwrap().as_bytes()).unwrap();
            note.verify(&world.platform_log.public()).unwrap();
        }
    }
    assert_eq!(regulator.open().known(Platform).unwrap(), 350, "it stands where it stood");
    regulator.visit(&other.logs()).unwrap();
}

#[test]
fn rollbacks_stale_requests_and_strangers_are_refused() {
    let mut world = world(Suite::Intl, 300);
    let old = tempfile::tempdir().unwrap();
    copy(&world.logs(), &old.path().join("log"));
    let regulator = Regulator::new(&world, "bureau", 40);
    let early = WitnessRequest::make(&world.logs(), Platform, 0).unwrap();
    regulator.see(&early).unwrap();
    grow(&mut world, 10, 20);
    let stale = WitnessRequest::make(&world.logs(), Platform, 299).unwrap();
    let refused = regulator.see(&stale).unwrap_err();
    assert!(matches!(refused, WitnessRefusal::Stale { known: 300, old: 299 }), "{refused:?}");
    assert_eq!(refused.status(), 409);
    let good = WitnessRequest::make(&world.logs(), Platform, 300).unwrap();
    regulator.see(&good).unwrap();
    let refused = regulator.visit(&old.path().join("log")).unwrap_err();
    assert!(matches!(refused, WitnessRefusal::RolledBack { known: 310, size: 300 }), "{refused:?}");

    // Every line and proof of a request is looked at.
    let fresh = Regulator::new(&world, "other", 41);
    fresh.see(&early).unwrap();
    let mut cases: Vec<(&str, WitnessRequest)> = Vec::new();
    let mut with = |what, change: &dyn Fn(&mut WitnessRequest)| {
        let mut request = good.clone();
        change(&mut request);
        cases.push((what, request));
    };
    with("a node of the SM3 proof", &|r| r.sm3_proof[0] = r.sha256_proof[0].clone());
    with("no SHA-256 proof", &|r| r.sha256_proof.clear());
    with("a longer proof", &|r| r.sm3_proof.push(r.sm3_proof[0].clone()));
    with("another note", &|r| r.checkpoint = r.checkpoint.replace("\n310\n", "\n311\n"));
    with("no key lists", &|r| r.keys.clear());
    with("a key list of another root", &|r| {
        r.keys = vec![
            serde_json::from_value(crate::support::signed(&key(Suite::Intl, 77), "key-list", r.keys[0].body.clone()))
                .unwrap(),
        ];
    });
    for (what, request) in cases {
        assert!(fresh.see(&request).is_err(), "{what}");
    }
    fresh.see(&good).unwrap();

    let mut elsewhere = Regulator::new(&world, "third", 42);
    elsewhere.trust.deployment = "city-2".into();
    assert!(matches!(elsewhere.see(&early), Err(WitnessRefusal::NotTheLogs(_))));
    let memory = regulator.open();
    assert!(Witness::open(regulator.dir.path(), world.trust(), regulator.key.clone()).is_err(), "one at a time");
    drop(memory);
}

/// A witness that dies before its memory is durable has signed nothing; one that dies after it signs the same again.
#[test]
fn memory_comes_before_the_signature() {
    let world = world(Suite::Intl, 30);
    let other = fork(&world, 5);
    let regulator = Regulator::new(&world, "bureau", 40);
    regulator.visit(&world.logs()).unwrap();
    struct Dead(SigningKey);
    impl audit::LogSigner for Dead {
        fn public(&self) -> crypto::PublicKey {
            self.0.public()
        }
        fn sign(&self, bytes: &[u8]) -> Result<String, crypto::CryptoError> {
            if bytes.starts_with(b"cosignature/") {
                Err(crypto::CryptoError::BadSignature)
            } else {
                self.0.sign_bytes(bytes)
            }
        }
    }
    let request = WitnessRequest::make(&other.logs(), Platform, 30).unwrap();
    assert!(regulator.open().cosign(&request, &Dead(key(Suite::Intl, 40)), 5).is_err());
    assert_eq!(regulator.open().known(Platform).unwrap(), 35, "the other fork can no longer be signed");
    regulator.visit(&other.logs()).unwrap();
}

/// The attack: somebody who can write in the witness's folder, and has not its key, makes it forget or believe another
/// memory, so that it signs a log that was rolled back. Each file is as a memory could be, and none is its own.
#[test]
fn a_memory_that_it_has_not_signed_is_refused() {
    let mut world = world(Suite::Intl, 300);
    let old = tempfile::tempdir().unwrap();
    copy(&world.logs(), old.path());
    let rolled_back = WitnessRequest::make(old.path(), Platform, 0).unwrap();
    let regulator = Regulator::new(&world, "bureau", 40);
    let early = regulator.visit(&world.logs()).unwrap();
    grow(&mut world, 10, 20);
    regulator.visit(&world.logs()).unwrap();
    let dir = regulator.dir.path().to_owned();
    let honest = files(&dir);
    let stranger = files(Regulator::new(&world, "bureau", 41).dir.path());
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut entry: Value = serde_json::from_slice(&honest[Path::new("platform.json")]).unwrap();
        change(&mut entry);
        crypto::canonical(&entry).unwrap()
    };
    let (note, cosigned) = (early.checkpoint.render(), early.render());
    let root = |alg| json!(crypto::Hash { alg, bytes: early.checkpoint.root(alg) });
    let keys = changed(&|e| *e = e["body"]["seen"]["keys"].take());
    let first_format = json!({"v": 1, "size": 300, "sm3": root(HashAlg::Sm3), "sha256": root(HashAlg::Sha256),
        "note": note, "keys": serde_json::from_slice::<Value>(&keys).unwrap()});
    for (what, bytes) in [
        ("nothing", None),
        ("an empty file", Some(vec![])),
        ("what it says of the other log", Some(honest[Path::new("zone.json")].clone())),
        ("what another key says", Some(stranger[Path::new("platform.json")].clone())),
        ("nothing was seen", Some(changed(&|e| e["body"]["seen"] = Value::Null))),
        ("an older note", Some(changed(&|e| e["body"]["seen"]["note"] = json!(note)))),
        ("an older note that it has cosigned", Some(changed(&|e| e["body"]["seen"]["note"] = json!(cosigned)))),
        ("no key lists", Some(changed(&|e| e["body"]["seen"]["keys"] = json!([])))),
        ("the first format", Some(crypto::canonical(&first_format).unwrap())),
    ] {
        let file = dir.join("platform.json");
        std::fs::remove_file(&file).unwrap();
        // The marker of the first format: anybody can make it.
        std::fs::write(dir.join("unseen-platform"), "").unwrap();
        bytes.into_iter().for_each(|b| std::fs::write(&file, b).unwrap());
        let refused = regulator.see(&rolled_back).unwrap_err();
        let lost = matches!(refused, WitnessRefusal::Log(LogError::Malformed { what: "witness memory", .. }));
        assert!(lost && regulator.open().known(Platform).is_err(), "{what}: {refused:?}");
        std::fs::write(file, &honest[Path::new("platform.json")]).unwrap();
    }
    let good = &honest[Path::new("platform.json")];
    for at in 0..good.len() {
        let mut bent = good.clone();
        bent[at] ^= 1;
        std::fs::write(dir.join("platform.json"), bent).unwrap();
        assert!(regulator.open().known(Platform).is_err(), "byte {at}");
    }
    std::fs::write(dir.join("platform.json"), good).unwrap();
    assert!(matches!(regulator.see(&rolled_back), Err(WitnessRefusal::RolledBack { known: 310, size: 300 })));
}

/// A whole older memory is one that it has signed: only what it has cosigned since, where that lies, shows it.
#[test]
fn an_older_memory_that_was_put_back_is_found_beside_the_log() {
    for suite in [Suite::Gm, Suite::Intl] {
        let mut world = world(suite, 300);
        let (regulator, other) = (Regulator::new(&world, "bureau", 40), Regulator::new(&world, "bureau", 41));
        let (logs, unseen) = (world.logs(), files(regulator.dir.path()));
        let beside = || regulator.open().check_beside(&logs, Platform);
        let attach = |r: &Regulator| attach_cosignature(&logs, r.visit(&logs).unwrap().render().as_bytes()).unwrap();
        beside().unwrap();
        attach(&regulator);
        beside().unwrap();
        let earlier = files(regulator.dir.path());
        grow(&mut world, 10, 20);
        regulator.visit(&logs).unwrap();
        beside().unwrap();
        attach(&regulator);
        beside().unwrap();
        for (memory, known) in [(&earlier, 300), (&unseen, 0)] {
            copy_all(memory, regulator.dir.path());
            assert_eq!(regulator.open().known(Platform).unwrap(), known, "it is its own");
            let LogError::Malformed { what, why } = beside().unwrap_err() else { panic!() };
            assert!(what == "witness memory" && why.contains("put back"), "{why}");
        }
        // What lies there under its name and is not its own shows nothing.
        let file = logs.join("witness/platform/bureau");
        let note = std::fs::read(&file).unwrap();
        for bytes in [b"rubbish".to_vec(), other.visit(&logs).unwrap().render().into_bytes()] {
            std::fs::write(&file, bytes).unwrap();
            beside().unwrap();
        }
        std::fs::write(&file, note).unwrap();
        // Of the same size, and of another history.
        let twin = Regulator::new(&world, "bureau", 40);
        twin.visit(&fork(&world, 10).logs()).unwrap();
        grow(&mut world, 10, 30);
        attach(&Regulator::new(&world, "bureau", 40));
        assert!(twin.open().check_beside(&logs, Platform).is_err());
    }
}

fn copy_all(files: &BTreeMap<PathBuf, Vec<u8>>, to: &Path) {
    files.iter().for_each(|(name, bytes)| std::fs::write(to.join(name), bytes).unwrap());
}

/// Whoever was stopped before there was a key begins again; what was seen is not begun again, nor is anything else there.
#[test]
fn a_memory_is_begun_once() {
    let world = world(Suite::Intl, 30);
    let regulator = Regulator::new(&world, "bureau", 40);
    let begin = |n| Witness::begin(regulator.dir.path(), &world.trust().deployment, &key(Suite::Intl, n));
    drop(regulator.open());
    std::fs::write(regulator.dir.path().join("zone.json.tmp"), "half").unwrap();
    std::fs::remove_file(regulator.dir.path().join("zone.json")).unwrap();
    begin(41).unwrap();
    assert!(regulator.open().known(Platform).is_err(), "it is the other key's");
    begin(40).unwrap();
    regulator.visit(&world.logs()).unwrap();
    assert!(begin(40).is_err());
    assert_eq!(regulator.open().known(Platform).unwrap(), 30);
    for stray in ["unseen-platform", "platform.json"] {
        let other = Regulator::new(&world, "bureau", 42);
        std::fs::write(other.dir.path().join(stray), "").unwrap();
        let begun = Witness::begin(other.dir.path(), &world.trust().deployment, &other.signer);
        assert!(begun.is_err(), "{stray}");
    }
}

#[test]
fn verifier_demands_its_witnesses() {
    let mut world = World::new(Suite::Gm);
    let listed = key(Suite::Gm, 40);
    let mut entries = world.services();
    entries.push(world.entry(&listed, &json!({"kind": "witness", "name": "bureau"})));
    world.publish(1, &entries);
    grow(&mut world, 300, 10);
    let bureau = Regulator::new(&world, "bureau", 40);
    let (court, press) = (Regulator::new(&world, "court", 41), Regulator::new(&world, "press", 42));
    let policy = |k| WitnessPolicy { k, keys: [&bureau, &court, &press].map(|r| r.key.clone()).to_vec() };
    let trusting = |k| Trust { witnesses: Some(policy(k)), ..world.trust() };
    let parsed = Trust::parse(&trusting(2).to_bytes().unwrap()).unwrap();
    assert_eq!(parsed, trusting(2));
    for k in [0, 4] {
        assert!(Trust::parse(&trusting(k).to_bytes().unwrap()).is_err(), "{k} of 3");
    }

    let verify = |k| verify_dir(&world.logs(), Some(&trusting(k)), None);
    let none = verify(1);
    assert!(none.valid && !none.trusted && none.unproved.unwrap().contains("too few witnesses"));
    let attach = |r: &Regulator| attach_cosignature(&world.logs(), r.visit(&world.logs()).unwrap().render().as_bytes());
    assert_eq!(attach(&bureau).unwrap(), (Platform, "bureau".to_owned()));
    assert!(verify(1).trusted && !verify(2).trusted);
    attach(&court).unwrap();
    let both = verify(2);
    assert!(both.trusted, "{both:?}");
    assert_eq!(both.checked["cosignatures"], 2);

    // A listed witness's view binds also without a policy; one that nobody knows is counted.
    let plain = verify_dir(&world.logs(), Some(&world.trust()), None);
    assert!(plain.trusted);
    assert_eq!((plain.checked["cosignatures"], plain.checked["unknown_witnesses"]), (1, 1));
    let policy_of_two = policy(2);
    let asked = Asked { witnesses: Some(&policy_of_two), ..Asked::default() };
    assert!(verify_asked(&world.logs(), asked).valid);
}

#[test]
fn a_fork_fails_against_what_a_witness_saw() {
    let mut world = World::new(Suite::Intl);
    let mut entries = world.services();
    entries.push(world.entry(&key(Suite::Intl, 40), &json!({"kind": "witness", "name": "bureau"})));
    world.publish(1, &entries);
    grow(&mut world, 300, 10);
    let bureau = Regulator::new(&world, "bureau", 40);
    let other = fork(&world, 50);
    grow(&mut world, 50, 20);
    let note = bureau.visit(&world.logs()).unwrap().render();
    attach_cosignature(&world.logs(), note.as_bytes()).unwrap();
    let trust = world.trust();
    assert!(verify_dir(&world.logs(), Some(&trust), None).trusted);
    // The fork's keeper cannot put it beside the fork, and where it is put by hand the fork is not valid.
    let refused = attach_cosignature(&other.logs(), note.as_bytes()).unwrap_err();
    assert!(matches!(refused, LogError::Malformed { why: ANOTHER_HISTORY, .. }), "{refused}");
    let place = other.logs().join("witness/platform");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("bureau"), &note).unwrap();
    let report = verify_dir(&other.logs(), Some(&trust), None);
    assert_eq!(report.failure.unwrap().what, "anchor");
    // An older state of the log is a rollback, and every byte of the note counts.
    let old = world.logs().join("witness/platform/bureau");
    let bytes = std::fs::read(&old).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(&old, changed).unwrap();
        assert!(!verify_once(&world.logs(), Some(&trust), None).valid, "byte {at}");
    }
}

/// A witness on another machine, which is given the public files only, comes to the same request; also while the log grows.
#[test]
fn public_files_suffice() {
    let mut world = world(Suite::Gm, 700);
    let logs = world.logs();
    let dir = logs.join("platform");
    let want = WitnessRequest::make(&logs, Platform, 300).unwrap();
    let note = public_file(&dir, "checkpoint").unwrap().unwrap();
    grow(&mut world, 100, 20);
    let mut asked = Vec::new();
    let fetch = |name: &str| Ok(public_file(&dir, name).unwrap().unwrap());
    let checkpoint = Checkpoint::parse(&note).unwrap();
    let mut sm3 = fetched_nodes(HashAlg::Sm3, checkpoint.size, |name| {
        asked.push(name.to_owned());
        fetch(name)
    });
    let mut sha256 = fetched_nodes(HashAlg::Sha256, checkpoint.size, fetch);
    let request = WitnessRequest::of(&checkpoint, 300, want.keys.clone(), [&mut sm3, &mut sha256]).unwrap();
    drop(sm3);
    assert_eq!(request, want);
    assert!(asked.contains(&"sm3/tile/0/002.p/188".to_owned()), "{asked:?}");
    for other in ["entries/000", "../keys/1.json", "sm3/tile/0/../0/000", "sm3/tile/0/009", "sm3/tile/0/003.p/33", ""] {
        assert_eq!(public_file(&dir, other).unwrap(), None, "{other}");
    }
}

#[test]
fn keys_have_one_text() {
    for suite in [Suite::Gm, Suite::Intl] {
        let key = WitnessKey::new("city.gov-1", key(suite, 9).public()).unwrap();
        let text = key.to_string();
        assert_eq!(text.parse::<WitnessKey>().unwrap(), key);
        for wrong in [
            text.replace("city", "City"),
            text.replace('+', "-"),
            text[..text.len() - 2].to_owned(),
            format!("{text}="),
        ] {
            assert!(wrong.parse::<WitnessKey>().is_err(), "{wrong}");
        }
        let (name, rest) = text.split_once('+').unwrap();
        let (hash, tail) = rest.split_once('+').unwrap();
        let other = format!("{name}+{:08x}+{tail}", u32::from_str_radix(hash, 16).unwrap() ^ 1);
        assert!(other.parse::<WitnessKey>().is_err());
    }
    assert!(WitnessKey::new("Über", key(Suite::Gm, 9).public()).is_err());
}
