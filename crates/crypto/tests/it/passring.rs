//! A key under a passphrase: it opens with that passphrase only, unchanged, and seals like any other.

use crypto::{Context, CryptoError, KeyProvider, PassphraseFile, Suite, open_object, seal_object};
use serde_json::{Value, json};

fn context() -> Context {
    let text = |s: &str| s.to_owned();
    Context { deployment: text("d"), resource: text("backup"), object: text("pieces/1"), version: text("1") }
}

#[test]
fn a_key_opens_under_its_own_passphrase_only() {
    for suite in [Suite::Gm, Suite::Intl] {
        let (file, key) = PassphraseFile::create(suite, "correct horse").unwrap();
        let sealed = seal_object(b"planted", &key, key.id(), &context()).unwrap();
        let written = serde_json::to_value(&file).unwrap();
        let read: PassphraseFile = serde_json::from_value(written.clone()).unwrap();
        let again = read.open("correct horse").unwrap();
        assert_eq!(open_object(&sealed, &again, &context()).unwrap(), b"planted");
        assert_eq!(*again.mac_key(again.id(), "names").unwrap(), *key.mac_key(key.id(), "names").unwrap());
        assert_ne!(*again.mac_key(again.id(), "names").unwrap(), *key.mac_key(key.id(), "other").unwrap());
        assert!(matches!(read.open("another"), Err(CryptoError::WrongPassphrase)));
        assert!(read.open("").is_err());
        // Another file's key does not open it: ids differ, and so does the key.
        let (_, other) = PassphraseFile::create(suite, "correct horse").unwrap();
        assert!(open_object(&sealed, &other, &context()).is_err());
        for (field, value) in [
            ("v", json!(2)),
            ("id", json!("pass-0")),
            ("t", json!(4)),
            ("m_kib", json!(1 << 21)),
            ("salt", json!("00")),
            ("suite", json!(if suite == Suite::Gm { "intl" } else { "gm" })),
            ("sealed", json!("AAAA")),
        ] {
            let mut changed: Value = written.clone();
            changed[field] = value;
            let opened =
                serde_json::from_value::<PassphraseFile>(changed).ok().map(|f| f.open("correct horse").is_ok());
            assert_ne!(opened, Some(true), "{field}");
        }
    }
}
