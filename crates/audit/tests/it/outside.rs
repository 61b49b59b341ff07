//! Root, proofs and cosignatures, checked by a program that shares no code with ours.

use crate::support::{World, key};
use audit::LogName::Platform;
use audit::{Checkpoint, LeafProof, LogReader, Witness, WitnessKey, WitnessRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{HashAlg, Suite};
use serde_json::json;
use std::process::Command;

/// `YUNYU_PYTHON` names a Python with `cryptography` and `pymerkle`; `cargo xtask test` sets it, and then both are used.
/// Without it the part that needs the standard library only is run.
#[test]
fn another_program_agrees() {
    let mut world = World::new(Suite::Intl);
    world.publish(1, &world.services());
    let (old, size) = (205usize, 331u64);
    let leaves = world.leaves(Platform, 331);
    let mut log = world.open(Platform);
    log.append(&leaves[..old]).unwrap();
    log.checkpoint(1, &world.platform_log, &[]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let signer = key(Suite::Intl, 40);
    let witness_key = WitnessKey::new("bureau.example", signer.public()).unwrap();
    Witness::begin(&dir.path().join("witness"), &world.trust().deployment, &signer).unwrap();
    let witness = Witness::open(&dir.path().join("witness"), world.trust(), witness_key.clone()).unwrap();
    witness.cosign(&WitnessRequest::make(&world.logs(), Platform, 0).unwrap(), &signer, 1).unwrap();
    log.append(&leaves[old..]).unwrap();
    log.checkpoint(2, &world.platform_log, &[]).unwrap();
    let request = WitnessRequest::make(&world.logs(), Platform, old as u64).unwrap();
    let (_, cosigned) = witness.cosign(&request, &signer, 1_772_000_000).unwrap();
    assert_eq!(Checkpoint::parse(request.checkpoint.as_bytes()).unwrap().size, size);

    let (reader, _) = LogReader::open(&world.logs().join("platform")).unwrap();
    let root = |alg| BASE64.encode(reader.root(alg, old as u64).unwrap());
    let case = json!({
        "proof": LeafProof::make(&world.logs(), Platform, 300).unwrap(),
        "old": old,
        "old_root": {"sha256": root(HashAlg::Sha256), "sm3": root(HashAlg::Sm3)},
        "consistency": {"sha256": request.sha256_proof, "sm3": request.sm3_proof},
        "cosigned": cosigned.render(),
        "log_key": BASE64.encode(world.platform_log.public().as_bytes()),
        "witness_key": witness_key.to_string(),
    });
    let run = |case: &serde_json::Value| {
        let file = dir.path().join("case.json");
        std::fs::write(&file, case.to_string()).unwrap();
        let python = std::env::var("YUNYU_PYTHON");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside/verify.py");
        let mut program = Command::new(python.as_deref().unwrap_or("python3"));
        program.arg(script).args(python.is_ok().then_some("--all")).arg(world.logs().join("platform")).arg(&file);
        let out = program.output().unwrap();
        (out.status.success(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    };
    let (fine, words) = run(&case);
    assert!(fine, "{words}");
    // It can say no, too.
    for (place, value) in [
        ("/proof/sha256_proof/0", json!(root(HashAlg::Sha256))),
        ("/consistency/sha256/1", json!(root(HashAlg::Sha256))),
        ("/old", json!(old - 1)),
        ("/proof/index", json!(299)),
        ("/cosigned", json!(cosigned.render().replace("\n331\n", "\n330\n"))),
    ] {
        let mut wrong = case.clone();
        *wrong.pointer_mut(place).unwrap() = value;
        assert!(!run(&wrong).0, "{place}");
    }
}
