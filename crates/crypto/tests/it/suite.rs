//! Digests, MACs and the AEAD against the standards' own vectors. The block cipher's stand in `sm4-simd`.

use aes_gcm::KeyInit;
use crypto::{Hash, HashAlg, Suite};

#[test]
fn digests_match_the_standards() {
    let table = [
        // GB/T 32905-2016, A.1 and A.2
        (HashAlg::Sm3, "abc".to_owned(), "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (HashAlg::Sm3, "abcd".repeat(16), "sm3:debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
        // FIPS 180-4 examples
        (HashAlg::Sha256, "abc".to_owned(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (HashAlg::Sha256, String::new(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ];
    for (alg, input, want) in table {
        assert_eq!(alg.hash(input.as_bytes()).to_string(), want);
        let mut running = alg.hasher();
        for b in input.as_bytes() {
            running.update(&[*b]);
        }
        assert_eq!(running.finish().to_string(), want);
    }
}

#[test]
fn sm4_gcm_matches_rfc_8998_a1() {
    use aes_gcm::AeadInOut;
    let key = hex::decode("0123456789abcdeffedcba9876543210").unwrap();
    let nonce: [u8; 12] = hex::decode("00001234567800000000abcd").unwrap().try_into().unwrap();
    let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
    let mut text = hex::decode(concat!(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd",
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    ))
    .unwrap();
    let cipher = aes_gcm::AesGcm::<sm4_simd::Sm4, aes_gcm::aead::consts::U12>::new_from_slice(&key).unwrap();
    cipher.encrypt_in_place(&nonce.into(), &aad, &mut text).unwrap();
    let want = concat!(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735",
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
        "83de3541e4c2b58177e065a9bf7b62ec"
    );
    assert_eq!(hex::encode(text), want);
}

#[test]
fn hmac_sha256_matches_rfc_4231_case_2() {
    let mac = Suite::Intl.mac(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_ne!(mac, Suite::Gm.mac(b"Jefe", b"what do ya want for nothing?"));
}

#[test]
fn a_digest_has_one_text() {
    let text = HashAlg::Sm3.hash(b"x").to_string();
    assert_eq!(text.parse::<Hash>().unwrap().to_string(), text);
    let (name, digits) = text.split_once(':').unwrap();
    for bad in [
        format!("{name}:{}", digits.to_uppercase()),
        format!("SM3:{digits}"),
        format!("sm3:{digits}0"),
        format!("sm3:{}", &digits[1..]),
        format!("sm3: {}", &digits[1..]),
        digits.to_owned(),
        String::new(),
        "sm3:".to_owned(),
    ] {
        assert!(bad.parse::<Hash>().is_err(), "{bad}");
        assert!(serde_json::from_value::<Hash>(bad.into()).is_err());
    }
}

/// An outside verifier: Debian's OpenSSL, where it is installed.
#[test]
fn openssl_agrees_on_sm3() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let Ok(mut child) =
        Command::new("openssl").args(["dgst", "-sm3", "-r"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    else {
        return;
    };
    let data: Vec<u8> = (0..100_000u32).map(|i| (i * 7 + i / 256) as u8).collect();
    child.stdin.take().unwrap().write_all(&data).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(format!("sm3:{}", text.split_whitespace().next().unwrap()), HashAlg::Sm3.hash(&data).to_string());
}
