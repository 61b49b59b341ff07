//! Project Wycheproof's vectors: edge cases and forgeries collected against other implementations.

use aes_gcm::aead::consts::U12;
use aes_gcm::{AeadInOut, AesGcm, Key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{PublicKey, Suite};
use serde_json::Value;
use sm4_simd::{Backend, Sm4};

const SM4_GCM: &str = include_str!("../wycheproof/sm4_gcm.json");
const HMAC_SM3: &str = include_str!("../wycheproof/hmac_sm3.json");
const ED25519: &str = include_str!("../wycheproof/ed25519.json");

fn groups(text: &str) -> Vec<Value> {
    let set: Value = serde_json::from_str(text).unwrap();
    set["testGroups"].as_array().unwrap().clone()
}

fn bytes(v: &Value, field: &str) -> Vec<u8> {
    hex::decode(v[field].as_str().unwrap()).unwrap()
}

/// Cases of a group with what must come of them.
fn cases(group: &Value) -> impl Iterator<Item = (&Value, bool)> {
    group["tests"].as_array().unwrap().iter().map(|t| (t, t["result"] == "valid"))
}

#[test]
fn sm4_gcm() {
    let mut tried = 0;
    // We use 12-byte nonces and 16-byte tags only.
    for group in groups(SM4_GCM).iter().filter(|g| g["ivSize"] == 96 && g["tagSize"] == 128) {
        for (case, valid) in cases(group) {
            let key = Key::<Sm4>::try_from(bytes(case, "key").as_slice()).unwrap();
            let nonce: [u8; 12] = bytes(case, "iv").try_into().unwrap();
            let sealed = [bytes(case, "ct"), bytes(case, "tag")].concat();
            for cipher in Backend::available().map(|b| Sm4::with_backend(&key, b).unwrap()) {
                let name = format!("case {}, {cipher:?}", case["tcId"]);
                let cipher = AesGcm::<Sm4, U12>::from(cipher);
                let mut buffer = sealed.clone();
                let opens = cipher.decrypt_in_place(&nonce.into(), &bytes(case, "aad"), &mut buffer).is_ok();
                assert_eq!(opens, valid, "{name}");
                if valid {
                    assert_eq!(buffer, bytes(case, "msg"), "{name}");
                    cipher.encrypt_in_place(&nonce.into(), &bytes(case, "aad"), &mut buffer).unwrap();
                    assert_eq!(buffer, sealed, "{name}");
                }
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 65);
}

#[test]
fn hmac_sm3() {
    let mut tried = 0;
    for group in groups(HMAC_SM3) {
        for (case, valid) in cases(&group) {
            let (mac, tag) = (Suite::Gm.mac(&bytes(case, "key"), &bytes(case, "msg")), bytes(case, "tag"));
            assert_eq!(mac[..tag.len()] == tag, valid, "case {}", case["tcId"]);
            tried += 1;
        }
    }
    assert!(tried >= 170, "{tried}");
}

#[test]
fn ed25519() {
    let mut tried = 0;
    for group in groups(ED25519) {
        let key = PublicKey::from_bytes(Suite::Intl, &bytes(&group["publicKey"], "pk")).unwrap();
        for (case, valid) in cases(&group) {
            let signature = format!("ed25519:{}", BASE64.encode(bytes(case, "sig")));
            let holds = key.verify_bytes(&bytes(case, "msg"), &signature).is_ok();
            assert_eq!(holds, valid, "case {}: {}", case["tcId"], case["comment"]);
            tried += 1;
        }
    }
    assert!(tried >= 100, "{tried}");
}
