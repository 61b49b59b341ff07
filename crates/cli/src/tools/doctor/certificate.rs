//! Until when a certificate is good: the one thing that is read of it here. TLS itself judges the rest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

/// `notAfter` of the first certificate in a PEM text, as `YYYY-MM-DDTHH:MM:SSZ`.
pub fn not_after(pem: &str) -> Option<String> {
    let body = pem.split("-----BEGIN CERTIFICATE-----").nth(1)?.split("-----END CERTIFICATE-----").next()?;
    let der = BASE64.decode(body.split_whitespace().collect::<String>()).ok()?;
    let (_, certificate, _) = element(&der)?;
    let (_, mut body, _) = element(certificate)?;
    // version (optional), serial number, signature, issuer; then validity (RFC 5280, 4.1).
    if body.first() == Some(&VERSION) {
        body = element(body)?.2;
    }
    for _ in 0..3 {
        body = element(body)?.2;
    }
    let (tag, validity, _) = element(body)?;
    let (_, _, rest) = element(validity)?;
    let (kind, time, _) = element(rest)?;
    if tag == SEQUENCE { text(kind, std::str::from_utf8(time).ok()?) } else { None }
}

/// Tag, content and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        n if n & 0x80 == 0 => (usize::from(*n), rest),
        n => {
            let (bytes, rest) = rest.split_at_checked(usize::from(n & 0x7f)).filter(|(b, _)| b.len() <= 4)?;
            (bytes.iter().fold(0, |all, b| all << 8 | usize::from(*b)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((*tag, content, rest))
}

fn text(kind: u8, time: &str) -> Option<String> {
    let digits = time.strip_suffix('Z')?;
    let full = match kind {
        // Two digits of the year: 1950 to 2049.
        UTC_TIME if digits.len() == 12 => {
            let century = if digits >= "50" { "19" } else { "20" };
            format!("{century}{digits}")
        }
        GENERALIZED_TIME if digits.len() == 14 => digits.to_owned(),
        _ => return None,
    };
    if !full.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| full.get(from..to);
    Some(format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn the_end_is_read_in_both_forms() {
        for (year, want) in [(2031, "2031-05-06T00:00:00Z"), (2150, "2150-05-06T00:00:00Z")] {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, 5, 6);
            let pem = params.self_signed(&key).unwrap().pem();
            assert_eq!(not_after(&pem).as_deref(), Some(want));
            for cut in 0..pem.len() {
                let _ = not_after(&pem[..cut]);
            }
        }
        assert_eq!(not_after("no certificate"), None);
    }
}
