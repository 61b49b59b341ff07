//! One value, one text.

use crypto::{CryptoError, Suite, canonical, digest_of, from_canonical, signing_bytes};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    a: u64,
    b: Option<String>,
    c: BTreeMap<String, i64>,
}

#[test]
fn rfc_8785_order_and_escapes() {
    // RFC 8785, 3.2.3: keys by UTF-16 code units; 3.2.2.2: short escapes, lower-case hex.
    let v = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
    assert_eq!(
        String::from_utf8(canonical(&v).unwrap()).unwrap(),
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
    );
    let text = canonical(&json!("\u{1}\u{8}\t\n\u{c}\r\"\\/\u{7f}汉")).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "\"\\u0001\\b\\t\\n\\f\\r\\\"\\\\/\u{7f}汉\"");
}

#[test]
fn floats_and_big_integers_are_refused_at_any_depth() {
    for v in [json!(1.5), json!(1.0), json!([{"a": [0.1]}]), json!(-0.0), json!(1e300)] {
        assert!(matches!(canonical(&v), Err(CryptoError::Float)), "{v}");
    }
    for v in
        [json!(9_007_199_254_740_992u64), json!(u64::MAX), json!({"x": i64::MIN}), json!([-9_007_199_254_740_992i64])]
    {
        assert!(matches!(canonical(&v), Err(CryptoError::BigInteger)), "{v}");
    }
    assert!(canonical(&json!([9_007_199_254_740_991u64, -9_007_199_254_740_991i64])).is_ok());
}

#[test]
fn only_the_canonical_text_is_read() {
    let good = br#"{"a":1,"b":null,"c":{"x":-1,"y":2}}"#;
    assert!(from_canonical::<Sample>(good).is_ok());
    let bad: [&[u8]; 14] = [
        br#" {"a":1,"b":null,"c":{"x":-1,"y":2}}"#,
        br#"{"a":1,"b":null,"c":{"x":-1,"y":2}} "#,
        b"{\"a\":1,\"b\":null,\"c\":{\"x\":-1,\"y\":2}}\n",
        br#"{"a": 1,"b":null,"c":{"x":-1,"y":2}}"#,
        br#"{"b":null,"a":1,"c":{"x":-1,"y":2}}"#,
        br#"{"a":1,"b":null,"c":{"y":2,"x":-1}}"#,
        br#"{"a":1,"a":1,"b":null,"c":{"x":-1,"y":2}}"#,
        br#"{"a":1,"b":null,"c":{"x":0,"x":-1,"y":2}}"#,
        br#"{"a":1,"b":null,"c":{"x":-1,"y":2},"d":0}"#,
        br#"{"a":1,"c":{"x":-1,"y":2}}"#,
        br#"{"a":1,"b":null,"c":{"\u0078":-1,"y":2}}"#,
        br#"{"a":1e0,"b":null,"c":{"x":-1,"y":2}}"#,
        br#"{"a":1,"b":null,"c":{"x":-1,"y":2}}{}"#,
        b"\xef\xbb\xbf{\"a\":1,\"b\":null,\"c\":{\"x\":-1,\"y\":2}}",
    ];
    for text in bad {
        assert!(from_canonical::<Sample>(text).is_err(), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn an_error_quotes_nothing_of_the_input() {
    let e = from_canonical::<Sample>(br#"{"a":"secret-value","b":null,"c":{}}"#).unwrap_err();
    assert!(!e.to_string().contains("secret-value") && !format!("{e:?}").contains("secret-value"));
}

#[test]
fn types_are_separated() {
    let v = json!({"a": 1});
    assert_eq!(signing_bytes("act", &v).unwrap(), b"yunyu/act/v1\n{\"a\":1}");
    assert_ne!(digest_of(Suite::Gm, "act", &v).unwrap(), digest_of(Suite::Gm, "order", &v).unwrap());
    for bad in ["", "Act", "a/b", "a\n", "act/v1\n{}"] {
        assert!(signing_bytes(bad, &v).is_err());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(v in any_json()) {
        let text = canonical(&v).unwrap();
        prop_assert_eq!(from_canonical::<Value>(&text).unwrap(), v);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(v) = from_canonical::<Value>(&bytes) {
            prop_assert_eq!(canonical(&v).unwrap(), bytes);
        }
    }
}
