//! Signatures: vectors, an outside verifier, and everything that must not verify.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{PublicKey, SM2_ID, SigningKey, Suite, signature_bytes};
use proptest::prelude::*;
use serde_json::json;
use std::process::Command;

const SUITES: [Suite; 2] = [Suite::Gm, Suite::Intl];
/// Order of the SM2 group (GB/T 32918.5).
const N: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";

fn key(suite: Suite, seed: u8) -> SigningKey {
    SigningKey::from_secret(suite, &[seed; 32]).unwrap()
}

fn text(suite: Suite, raw: &[u8]) -> String {
    let name = if suite == Suite::Gm { "sm2" } else { "ed25519" };
    format!("{name}:{}", BASE64.encode(raw))
}

#[test]
fn ed25519_matches_rfc_8032() {
    let table = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ];
    for (secret, public, msg, signature) in table {
        let secret: [u8; 32] = hex::decode(secret).unwrap().try_into().unwrap();
        let key = SigningKey::from_secret(Suite::Intl, &secret).unwrap();
        assert_eq!(hex::encode(key.public().as_bytes()), public);
        let got = key.sign_bytes(&hex::decode(msg).unwrap()).unwrap();
        assert_eq!(hex::encode(signature_bytes(&got).unwrap()), signature);
    }
}

#[test]
fn signatures_are_deterministic_and_bound_to_type_and_value() {
    for suite in SUITES {
        let (k, v) = (key(suite, 7), json!({"n": 1}));
        let signature = k.sign("act", &v).unwrap();
        assert_eq!(signature, k.sign("act", &v).unwrap());
        k.public().verify("act", &v, &signature).unwrap();
        assert!(k.public().verify("order", &v, &signature).is_err());
        assert!(k.public().verify("act", &json!({"n": 2}), &signature).is_err());
        assert!(key(suite, 8).public().verify("act", &v, &signature).is_err());
    }
}

#[test]
fn every_flipped_bit_of_a_signature_is_refused() {
    for suite in SUITES {
        let k = key(suite, 3);
        let signature = signature_bytes(&k.sign_bytes(b"message").unwrap()).unwrap();
        for bit in 0..512 {
            let mut raw = signature;
            raw[bit / 8] ^= 1 << (bit % 8);
            assert!(k.public().verify_bytes(b"message", &text(suite, &raw)).is_err(), "{suite} bit {bit}");
        }
        for cut in [0, 1, 63] {
            assert!(k.public().verify_bytes(b"message", &text(suite, &signature[..cut])).is_err());
        }
        let longer = [&signature[..], &[0]].concat();
        assert!(k.public().verify_bytes(b"message", &text(suite, &longer)).is_err());
    }
}

#[test]
fn a_signature_of_the_other_suite_is_refused() {
    let (gm, intl) = (key(Suite::Gm, 5), key(Suite::Intl, 5));
    let raw = signature_bytes(&gm.sign_bytes(b"m").unwrap()).unwrap();
    assert!(gm.public().verify_bytes(b"m", &text(Suite::Intl, &raw)).is_err());
    assert!(intl.public().verify_bytes(b"m", &text(Suite::Gm, &raw)).is_err());
}

#[test]
fn a_signature_has_one_text() {
    let k = key(Suite::Gm, 5);
    let good = k.sign_bytes(b"m").unwrap();
    let unpadded = good.trim_end_matches('=').to_owned();
    for bad in
        [unpadded, good.replace("sm2:", "SM2:"), format!("{good} "), format!("{good}\n"), good.replace("sm2:", "")]
    {
        assert!(k.public().verify_bytes(b"m", &bad).is_err(), "{bad}");
    }
}

/// The negative set that Wycheproof has for ECDSA and lacks for SM2.
#[test]
fn sm2_negative_set() {
    let k = key(Suite::Gm, 9);
    let raw = signature_bytes(&k.sign_bytes(b"m").unwrap()).unwrap();
    let (r, s) = raw.split_at(32);
    let n = hex::decode(N).unwrap();
    let (zero, ones) = (vec![0; 32], vec![0xff; 32]);
    let n_minus = |x: &[u8]| subtract(&n, x);
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("r = 0", [&zero, s].concat()),
        ("s = 0", [r, &zero].concat()),
        ("both 0", [&zero[..], &zero].concat()),
        ("r = n", [&n, s].concat()),
        ("s = n", [r, &n].concat()),
        ("r beyond n", [&ones, s].concat()),
        ("s beyond n", [r, &ones].concat()),
        ("r + s = n", [r, &n_minus(r)].concat()),
        ("s negated", [r, &n_minus(s)].concat()),
        ("r negated", [&n_minus(r), s].concat()),
        ("swapped", [s, r].concat()),
        ("r = 1, s = n - 1", [&n_minus(&n_minus(&one())), &n_minus(&one())[..]].concat()),
    ];
    for (name, raw) in table {
        assert!(k.public().verify_bytes(b"m", &text(Suite::Gm, &raw)).is_err(), "{name}");
    }
}

fn one() -> Vec<u8> {
    let mut x = vec![0; 32];
    x[31] = 1;
    x
}

/// Big-endian `a - b`, for `a` not less than `b`.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 32];
    let mut borrow = 0i32;
    for i in (0..32).rev() {
        let d = i32::from(a[i]) - i32::from(b[i]) - borrow;
        borrow = i32::from(d < 0);
        out[i] = (d + 256 * borrow) as u8;
    }
    out
}

#[test]
fn sm2_under_another_signer_id_is_refused() {
    use sm2::dsa::signature::Signer;
    let k = key(Suite::Gm, 9);
    for (id, holds) in [(SM2_ID, true), ("1234567812345679", false), ("", false)] {
        let other = sm2::dsa::SigningKey::from_slice(id, &[9; 32]).unwrap();
        let signature: sm2::dsa::Signature = other.sign(b"m");
        assert_eq!(k.public().verify_bytes(b"m", &text(Suite::Gm, &signature.to_bytes())).is_ok(), holds, "{id}");
    }
}

#[test]
fn unusable_public_keys_are_refused() {
    let good = key(Suite::Gm, 4).public();
    let mut off_curve = good.as_bytes().to_vec();
    off_curve[64] ^= 1;
    let mut hybrid = good.as_bytes().to_vec();
    hybrid[0] = 6;
    let mut compressed = good.as_bytes()[..33].to_vec();
    compressed[0] = 2 + (good.as_bytes()[64] & 1);
    let beyond_field = [&[4u8][..], &[0xff; 64]].concat();
    for bad in [off_curve, hybrid, compressed, beyond_field, vec![0], vec![], vec![4; 65]] {
        assert!(PublicKey::from_bytes(Suite::Gm, &bad).is_err());
        assert!(text(Suite::Gm, &bad).parse::<PublicKey>().is_err());
    }
    // Small-order points verify anything under lax rules.
    let mut identity = [0u8; 32];
    identity[0] = 1;
    for bad in [[0u8; 32], identity, [0xff; 32]] {
        assert!(PublicKey::from_bytes(Suite::Intl, &bad).is_err());
    }
}

#[test]
fn unusable_secrets_are_refused() {
    let n: [u8; 32] = hex::decode(N).unwrap().try_into().unwrap();
    let n_minus_1: [u8; 32] = subtract(&n, &one()).try_into().unwrap();
    for bad in [[0u8; 32], n, n_minus_1, [0xff; 32]] {
        assert!(SigningKey::from_secret(Suite::Gm, &bad).is_err());
    }
}

#[test]
fn nothing_prints_a_secret() {
    for suite in SUITES {
        let shown = format!("{:?}", key(suite, 0x5a));
        assert!(!shown.contains("5a5a5a") && !shown.contains("90, 90"));
    }
}

#[test]
fn key_ids_differ_and_stay() {
    let ids: std::collections::BTreeSet<_> = (1..50).map(|i| key(SUITES[i % 2], i as u8).key_id()).collect();
    assert_eq!(ids.len(), 49);
    assert!(
        ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()))
    );
}

/// An outside verifier: Debian's OpenSSL checks our SM2 signature, and we check one of its own.
#[test]
fn openssl_and_we_agree_on_sm2() {
    if Command::new("openssl").arg("version").output().is_err() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let run = |args: &[&str]| Command::new("openssl").args(args).output().unwrap();
    let k = SigningKey::generate(Suite::Gm).unwrap();
    let msg = "yunyu/act/v1\n{\"n\":1}";
    std::fs::write(path("msg"), msg).unwrap();
    std::fs::write(path("pub.pem"), spki_pem(k.public().as_bytes())).unwrap();
    let raw = signature_bytes(&k.sign_bytes(msg.as_bytes()).unwrap()).unwrap();
    let verify = |raw: &[u8]| {
        std::fs::write(path("sig"), der_signature(raw)).unwrap();
        run(&[
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            &path("pub.pem"),
            "-in",
            &path("msg"),
            "-rawin",
            "-digest",
            "sm3",
        ]
        .into_iter()
        .chain(["-sigfile", &path("sig"), "-pkeyopt", &format!("distid:{SM2_ID}")])
        .collect::<Vec<_>>())
        .status
        .success()
    };
    assert!(verify(&raw));
    let mut changed = raw;
    changed[40] ^= 1;
    assert!(!verify(&changed));

    let made = run(&["genpkey", "-algorithm", "SM2", "-out", &path("key.pem")]);
    assert!(made.status.success());
    let public = run(&["pkey", "-in", &path("key.pem"), "-pubout", "-outform", "DER"]).stdout;
    let public = PublicKey::from_bytes(Suite::Gm, &public[public.len() - 65..]).unwrap();
    let distid = format!("distid:{SM2_ID}");
    let signed = run(&[
        "pkeyutl",
        "-sign",
        "-inkey",
        &path("key.pem"),
        "-in",
        &path("msg"),
        "-rawin",
        "-digest",
        "sm3",
        "-pkeyopt",
        &distid,
    ]);
    assert!(signed.status.success());
    let theirs = text(Suite::Gm, &raw_signature(&signed.stdout));
    public.verify_bytes(msg.as_bytes(), &theirs).unwrap();
    assert!(public.verify_bytes(b"another", &theirs).is_err());
}

fn spki_pem(point: &[u8]) -> String {
    let mut der = hex::decode("3059301306072a8648ce3d020106082a811ccf5501822d034200").unwrap();
    der.extend(point);
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(der))
}

fn der_signature(raw: &[u8]) -> Vec<u8> {
    let integer = |x: &[u8]| {
        let mut x: Vec<u8> = x.iter().copied().skip_while(|b| *b == 0).collect();
        if x[0] & 0x80 != 0 {
            x.insert(0, 0);
        }
        [vec![2, x.len() as u8], x].concat()
    };
    let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
    [vec![0x30, body.len() as u8], body].concat()
}

fn raw_signature(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 2;
    for _ in 0..2 {
        let len = der[at + 1] as usize;
        let digits: Vec<u8> = der[at + 2..at + 2 + len].iter().copied().skip_while(|b| *b == 0).collect();
        out.extend(vec![0; 32 - digits.len()]);
        out.extend(digits);
        at += 2 + len;
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_message_under_any_key(secret in any::<[u8; 32]>(), msg in prop::collection::vec(any::<u8>(), 0..300), other in any::<u8>()) {
        for suite in SUITES {
            let Ok(k) = SigningKey::from_secret(suite, &secret) else { continue };
            let signature = k.sign_bytes(&msg).unwrap();
            k.public().verify_bytes(&msg, &signature).unwrap();
            let mut longer = msg.clone();
            longer.push(other);
            prop_assert!(k.public().verify_bytes(&longer, &signature).is_err());
            let back: PublicKey = k.public().to_string().parse().unwrap();
            prop_assert_eq!(back, k.public());
        }
    }

    #[test]
    fn random_texts_never_panic(text in "(sm2|ed25519|x)?:?[A-Za-z0-9+/=]{0,100}") {
        let k = key(Suite::Gm, 1);
        prop_assert!(k.public().verify_bytes(b"m", &text).is_err());
        let _ = text.parse::<PublicKey>();
    }
}
