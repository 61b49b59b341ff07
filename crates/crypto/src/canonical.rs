//! Canonical JSON (RFC 8785) without floating-point numbers, and the bytes that are signed.

use crate::{CryptoError, Hash, Suite};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Largest integer that every RFC 8785 reader represents exactly.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The canonical JSON of a value.
///
/// # Errors
/// The value holds a floating-point number or an integer beyond ±(2^53 - 1), or cannot be written as JSON.
pub fn canonical<T: Serialize>(v: &T) -> Result<Vec<u8>, CryptoError> {
    let value = serde_json::to_value(v).map_err(|e| json_error(&e))?;
    check(&value)?;
    serde_json_canonicalizer::to_vec(&value).map_err(|e| json_error(&e))
}

/// Reads canonical JSON: parses, encodes again and compares, so that one value has one text. Other white space,
/// key order, escapes, repeated or unknown keys and trailing bytes are refused.
///
/// # Errors
/// Not JSON of this type, or not its canonical encoding.
pub fn from_canonical<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, CryptoError> {
    let value: T = serde_json::from_slice(bytes).map_err(|e| json_error(&e))?;
    if canonical(&value)? == bytes { Ok(value) } else { Err(CryptoError::NotCanonical) }
}

/// What is signed: `yunyu/<type>/v1\n` and the canonical JSON, so that a signature over one type never serves another.
///
/// # Errors
/// As `canonical`; or the type name is not made of lower-case letters, digits and hyphens.
pub fn signing_bytes<T: Serialize>(type_name: &str, v: &T) -> Result<Vec<u8>, CryptoError> {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if type_name.is_empty() || !type_name.bytes().all(fine) {
        return Err(CryptoError::Malformed("type name"));
    }
    let mut out = format!("yunyu/{type_name}/v1\n").into_bytes();
    out.extend(canonical(v)?);
    Ok(out)
}

/// Digest of `signing_bytes`.
///
/// # Errors
/// As `signing_bytes`.
pub fn digest_of<T: Serialize>(suite: Suite, type_name: &str, v: &T) -> Result<Hash, CryptoError> {
    Ok(suite.hash(&signing_bytes(type_name, v)?))
}

fn check(v: &Value) -> Result<(), CryptoError> {
    match v {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(n) => match (n.as_u64(), n.as_i64()) {
            (Some(u), _) if u <= MAX_INTEGER => Ok(()),
            (None, Some(i)) if i.unsigned_abs() <= MAX_INTEGER => Ok(()),
            (None, None) => Err(CryptoError::Float),
            _ => Err(CryptoError::BigInteger),
        },
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(map) => map.values().try_for_each(check),
    }
}

/// Where it went wrong, never what stood there: serde's text may quote the input.
fn json_error(e: &serde_json::Error) -> CryptoError {
    let kind = match e.classify() {
        serde_json::error::Category::Io => "write",
        serde_json::error::Category::Syntax => "syntax",
        serde_json::error::Category::Data => "shape",
        serde_json::error::Category::Eof => "end of input",
    };
    CryptoError::Json(format!("{kind}, line {}, column {}", e.line(), e.column()))
}
