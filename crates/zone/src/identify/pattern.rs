//! One whole value → the identifier it is, if its content alone proves it.

use super::{Identifier, checksum, codes};

/// Which identifier is this whole value? Expects trimmed text with full-width characters folded ([`super::fold_width`]).
/// Only kinds that content proves are returned; categories, names and amounts are `classify`'s business.
#[must_use]
pub fn whole(text: &str) -> Option<Identifier> {
    if text.len() < 7 || text.len() > 254 {
        return None;
    }
    let bytes = text.as_bytes();
    if !text.is_ascii() {
        return is_plate(text).then_some(Identifier::CnPlate);
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        return number(bytes);
    }
    identity(bytes)
        .or_else(|| checksum::is_uscc(&upper(bytes)).then_some(Identifier::CnUscc))
        .or_else(|| (bytes.len() == 10 && checksum::is_org_code(&upper(bytes))).then_some(Identifier::CnOrgCode))
        .or_else(|| is_passport(bytes).then_some(Identifier::CnPassport))
        .or_else(|| is_travel_permit(bytes).then_some(Identifier::CnTravelPermit))
        .or_else(|| is_email(text).then_some(Identifier::Email))
        .or_else(|| separated(bytes))
}

/// Which identifier is this string of digits?
#[must_use]
pub fn number(digits: &[u8]) -> Option<Identifier> {
    match digits.len() {
        11 if is_mobile(digits) => Some(Identifier::CnMobile),
        10..=12 if is_landline(digits) => Some(Identifier::CnLandline),
        15 if checksum::is_resident_15(digits) => Some(Identifier::CnResidentId),
        18 => identity(digits)
            .or_else(|| checksum::is_uscc(digits).then_some(Identifier::CnUscc))
            .or_else(|| checksum::is_bank_card(digits).then_some(Identifier::BankCard)),
        15..=19 => checksum::is_bank_card(digits).then_some(Identifier::BankCard),
        _ => None,
    }
}

fn identity(bytes: &[u8]) -> Option<Identifier> {
    if !checksum::is_resident_18(bytes) {
        return None;
    }
    Some(if codes::is_permit_prefix(&bytes[..3]) { Identifier::CnResidencePermit } else { Identifier::CnResidentId })
}

fn upper(bytes: &[u8]) -> Vec<u8> {
    bytes.to_ascii_uppercase()
}

/// A mobile number without country code.
#[must_use]
pub fn is_mobile(digits: &[u8]) -> bool {
    digits.len() == 11 && digits.iter().all(u8::is_ascii_digit) && codes::is_mobile_prefix(&digits[..3])
}

/// A landline with its area code: `0` + 2 or 3 digits + 7 or 8 digits, a local number never beginning with 0 or 1.
#[must_use]
pub fn is_landline(digits: &[u8]) -> bool {
    if digits.first() != Some(&b'0') || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    [2, 3].into_iter().any(|area| {
        let Some(local) = digits.get(1 + area..) else {
            return false;
        };
        let long_enough = if area == 2 { local.len() == 8 } else { matches!(local.len(), 7 | 8) };
        long_enough && codes::is_area_code(&digits[1..=area]) && !matches!(local[0], b'0' | b'1')
    })
}

/// Numbers written with separators or a country code: `138 0000 0000`, `+86-138…`, `0510-8…`, `6222 0202 …`, `(0510)8…`.
fn separated(bytes: &[u8]) -> Option<Identifier> {
    if !bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'+' | b'(' | b')')) {
        return None;
    }
    let all: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_digit).collect();
    let national =
        if bytes.first() == Some(&b'+') || all.starts_with(b"86") && all.len() == 13 || all.starts_with(b"0086") {
            all.strip_prefix(b"00").unwrap_or(&all).strip_prefix(b"86").unwrap_or(&all)
        } else {
            &all
        };
    if is_mobile(national) && plausible_groups(bytes) {
        return Some(Identifier::CnMobile);
    }
    if is_landline(&all) && bytes.iter().filter(|b| !b.is_ascii_digit()).count() <= 3 {
        return Some(Identifier::CnLandline);
    }
    let spaced = bytes.split(|b| matches!(b, b' ' | b'-')).rev().skip(1).all(|group| group.len() >= 3);
    (spaced && matches!(all.len(), 16..=19))
        .then(|| identity(&all).or_else(|| checksum::is_bank_card(&all).then_some(Identifier::BankCard)))
        .flatten()
}

fn plausible_groups(bytes: &[u8]) -> bool {
    bytes.iter().filter(|b| !b.is_ascii_digit()).count() <= 5
}

/// Passports of the People's Republic: E, D, S, P, G with eight digits, or E with a letter (not I, O) and seven digits.
#[must_use]
pub fn is_passport(bytes: &[u8]) -> bool {
    if bytes.len() != 9 {
        return false;
    }
    let digits = |from: usize| bytes[from..].iter().all(u8::is_ascii_digit);
    match bytes[0].to_ascii_uppercase() {
        b'E' if bytes[1].is_ascii_alphabetic() => !matches!(bytes[1].to_ascii_uppercase(), b'I' | b'O') && digits(2),
        b'E' | b'D' | b'S' | b'P' | b'G' => digits(1),
        _ => false,
    }
}

/// Travel permits: H or M with eight or ten digits (Hong Kong, Macao), C with eight digits or a letter and seven (to Hong Kong, Macao).
#[must_use]
pub fn is_travel_permit(bytes: &[u8]) -> bool {
    let Some((first, rest)) = bytes.split_first() else {
        return false;
    };
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    match first.to_ascii_uppercase() {
        b'H' | b'M' => matches!(rest.len(), 8 | 10) && digits(rest),
        b'C' | b'W' => rest.len() == 8 && rest[0].is_ascii_alphanumeric() && digits(&rest[1..]),
        _ => false,
    }
}

/// A mail address: local part, `@`, a domain with a dot and a top level of letters.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let Some((host, top)) = domain.rsplit_once('.') else {
        return false;
    };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(&b));
    let host_ok = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
        && !host.starts_with('.')
        && !host.contains("..");
    local_ok && host_ok && top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic())
}

/// A vehicle plate: province, letter, five characters (six for new energy), or a special last character.
#[must_use]
pub fn is_plate(text: &str) -> bool {
    let compact: Vec<char> = text.chars().filter(|c| !matches!(c, '·' | ' ' | '-' | '.')).collect();
    let [province, office, rest @ ..] = compact.as_slice() else {
        return false;
    };
    if !codes::PLATE_PROVINCES.contains(*province) || !office.is_ascii_uppercase() || matches!(office, 'I' | 'O') {
        return false;
    }
    let plain = |c: &char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !matches!(c, 'I' | 'O'));
    match rest.len() {
        5 => {
            let (last, body) = (&rest[4], &rest[..4]);
            body.iter().all(plain)
                && (plain(last) || "警学挂使港澳领".contains(*last))
                && rest.iter().filter(|c| c.is_ascii_digit()).count() >= 1
        }
        6 => {
            let small = ('A'..='K').contains(&rest[0]) && plain(&rest[1]) && rest[2..].iter().all(char::is_ascii_digit);
            let large = rest[..5].iter().all(char::is_ascii_digit) && matches!(rest[5], 'D' | 'F');
            small || large
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values() {
        for (text, want) in [
            ("11010519491231002X", Some(Identifier::CnResidentId)),
            ("110105491231002", Some(Identifier::CnResidentId)),
            ("110105194912310020", None),
            ("91350100M000100Y43", Some(Identifier::CnUscc)),
            ("13912345678", Some(Identifier::CnMobile)),
            ("+86 139 1234 5678", Some(Identifier::CnMobile)),
            ("86-13912345678", Some(Identifier::CnMobile)),
            ("139-1234-5678", Some(Identifier::CnMobile)),
            ("12345678901", None),
            ("0510-82345678", Some(Identifier::CnLandline)),
            ("(010)62345678", Some(Identifier::CnLandline)),
            ("051012345678", None),
            ("苏B12345", Some(Identifier::CnPlate)),
            ("苏B·D12345", Some(Identifier::CnPlate)),
            ("苏B1234学", Some(Identifier::CnPlate)),
            ("苏I12345", None),
            ("苏BABCDE", None),
            ("E12345678", Some(Identifier::CnPassport)),
            ("EA1234567", Some(Identifier::CnPassport)),
            ("EI1234567", None),
            ("H12345678", Some(Identifier::CnTravelPermit)),
            ("a.b@example.com", Some(Identifier::Email)),
            ("a@b", None),
            ("a@b..c", None),
            ("D2143569-X", Some(Identifier::CnOrgCode)),
            ("6222 0200 0000 0000", None),
            ("2024-03-05", None),
            ("100000", None),
            ("正常文字", None),
        ] {
            assert_eq!(whole(text), want, "{text}");
        }
    }

    #[test]
    fn decoys_are_no_cards() {
        let sequential = (0..1000_u64).map(|n| (6_217_000_000_000_000 + n).to_string());
        let hits = sequential.filter(|card| whole(card) == Some(Identifier::BankCard)).count();
        assert!((80..=120).contains(&hits), "Luhn alone accepts one in ten: {hits}");
    }
}
