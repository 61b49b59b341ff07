//! Passwords and key files.

use crypto::{CryptoError, KeyFile, Password, SigningKey, Suite, Zeroizing};

fn with(suite: Suite, pepper: u8) -> Password {
    Password::new(suite, Zeroizing::new([pepper; 32]))
}

#[test]
fn the_right_password_only_under_the_right_pepper_and_suite() {
    let p = with(Suite::Gm, 1);
    let stored = p.hash_password("correct horse 电池").unwrap();
    assert!(stored.starts_with("$argon2id-hmac-sm3$v=19$m=19456,t=2,p=1$"), "{stored}");
    assert!(p.verify("correct horse 电池", &stored).unwrap());
    assert!(!p.verify("correct horse 电", &stored).unwrap());
    assert!(!p.verify("", &stored).unwrap());
    assert!(!with(Suite::Gm, 2).verify("correct horse 电池", &stored).unwrap());
    assert!(with(Suite::Intl, 1).verify("correct horse 电池", &stored).is_err());
    assert_ne!(stored, p.hash_password("correct horse 电池").unwrap());
    p.verify_nobody("anything");
}

#[test]
fn unusable_passwords_and_stored_texts() {
    let p = with(Suite::Gm, 1);
    assert!(matches!(p.hash_password(""), Err(CryptoError::UnusablePassphrase)));
    assert!(matches!(p.hash_password(&"x".repeat(1025)), Err(CryptoError::UnusablePassphrase)));
    for bad in [
        "",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA",
        "$argon2id-hmac-sm3$v=19$m=8,t=1$c2FsdHNhbHQ$AAAA",
        "$argon2id-hmac-sm3$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA$x",
        "$argon2id-hmac-sm3$v=19$m=8,t=1,p=1$c$AAAA",
        // A changed table must not exhaust the machine.
        "$argon2id-hmac-sm3$v=19$m=4000000000,t=1,p=1$c2FsdHNhbHQ$AAAA",
        "$argon2id-hmac-sm3$v=19$m=8,t=4000000000,p=1$c2FsdHNhbHQ$AAAA",
    ] {
        assert!(p.verify("x", bad).is_err(), "{bad}");
    }
}

#[test]
fn a_key_file_opens_with_its_passphrase_only() {
    for suite in [Suite::Gm, Suite::Intl] {
        let key = SigningKey::generate(suite).unwrap();
        let file = KeyFile::seal(&key, "long enough").unwrap();
        let text = serde_json::to_string(&file).unwrap();
        let file: KeyFile = serde_json::from_str(&text).unwrap();
        let back = file.open("long enough").unwrap();
        assert_eq!(back.sign_bytes(b"m").unwrap(), key.sign_bytes(b"m").unwrap());
        assert_eq!(file.key_id(), key.key_id());
        assert!(matches!(file.open("long enougH"), Err(CryptoError::WrongPassphrase)));
        assert!(file.open("").is_err());
    }
}

#[test]
fn a_changed_key_file_does_not_open() {
    let file = KeyFile::seal(&SigningKey::generate(Suite::Gm).unwrap(), "p").unwrap();
    let other = SigningKey::generate(Suite::Gm).unwrap().public().to_string();
    let good = serde_json::to_value(&file).unwrap();
    let changes = [
        ("v", serde_json::json!(2)),
        ("suite", "intl".into()),
        ("public", other.into()),
        ("m_kib", 65_537.into()),
        ("m_kib", 4_000_000_000u32.into()),
        ("t", 4.into()),
        ("p", 2.into()),
        ("salt", "00".repeat(16).into()),
        ("salt", "zz".into()),
        ("sealed", "AAAA".into()),
        ("sealed", "".into()),
        ("extra", 1.into()),
    ];
    for (field, value) in changes {
        let mut changed = good.clone();
        changed[field] = value.clone();
        let opens = serde_json::from_value::<KeyFile>(changed).is_ok_and(|f| f.open("p").is_ok());
        assert!(!opens, "{field} = {value}");
    }
}
