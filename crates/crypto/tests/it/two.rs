//! What two people keep together.

use crypto::{CryptoError, Suite, TwoPersonFile};

#[test]
fn neither_keeper_opens_it_alone() {
    for suite in [Suite::Gm, Suite::Intl] {
        let file = TwoPersonFile::seal(suite, b"a master key", ["one", "other"]).unwrap();
        assert_eq!(file.open(["one", "other"]).unwrap().as_slice(), b"a master key");
        for wrong in [["one", "one"], ["other", "one"], ["one", "x"], ["x", "other"]] {
            assert!(matches!(file.open(wrong), Err(CryptoError::WrongPassphrase)), "{wrong:?}");
        }
        assert!(matches!(file.open(["one", ""]), Err(CryptoError::UnusablePassphrase)));
    }
    assert!(matches!(TwoPersonFile::seal(Suite::Gm, b"x", ["same", "same"]), Err(CryptoError::OnePerson)));
    assert!(TwoPersonFile::seal(Suite::Gm, b"x", ["", "other"]).is_err());
}

#[test]
fn a_changed_file_does_not_open() {
    let file = TwoPersonFile::seal(Suite::Intl, b"a master key", ["one", "other"]).unwrap();
    let text = serde_json::to_value(&file).unwrap();
    for (field, value) in [
        ("v", 2.into()),
        ("suite", "gm".into()),
        ("m_kib", 1024.into()),
        ("t", 1.into()),
        ("salts", serde_json::json!([text["salts"][1], text["salts"][0]])),
        ("m_kib", (1 << 21).into()),
        ("sealed", "AAAA".into()),
    ] {
        let mut changed = text.clone();
        changed[field] = value;
        let changed: TwoPersonFile = serde_json::from_value(changed).unwrap();
        assert!(changed.open(["one", "other"]).is_err(), "{field}");
    }
    assert!(!format!("{file:?}").contains("a master key"));
}
