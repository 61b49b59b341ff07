//! Check digits of the identifiers that a contract names (`yunyuIdentifier`). Content only; no column names.
//!
//! Sources: GB 11643 (resident identity number, ISO 7064 MOD 11-2), GB 32100 (unified social credit code),
//! GB 11714 (organisation code), ISO/IEC 7812-1 (Luhn).

use super::reason::Reason;
use super::value::is_date;

const RESIDENT_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const RESIDENT_CHECK: &[u8; 11] = b"10X98765432";
const USCC_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const ORG_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Checks an identifier of a known kind; kinds without a check digit always pass.
///
/// # Errors
/// The reason for which the row is set aside.
pub fn check(kind: &str, value: &str) -> Result<(), Reason> {
    let bytes = value.as_bytes();
    match kind {
        "cn_resident_id" | "cn_residence_permit" => resident(bytes),
        "cn_uscc" => uscc(bytes),
        "cn_org_code" => org_code(bytes),
        "cn_mobile" => mobile(bytes),
        "bank_card" => bank_card(bytes),
        _ => Ok(()),
    }
}

fn resident(id: &[u8]) -> Result<(), Reason> {
    match id.len() {
        15 => return old_resident(id),
        18 => {}
        _ => return Err(Reason::WrongLength),
    }
    let (body, last) = id.split_at(17);
    if !body.iter().all(u8::is_ascii_digit) {
        return Err(Reason::StrayCharacter);
    }
    let sum: u32 = body.iter().zip(RESIDENT_WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    let expected = RESIDENT_CHECK.get((sum % 11) as usize).copied();
    if last.first().map(u8::to_ascii_uppercase) != expected {
        return Err(Reason::BadCheckDigit);
    }
    let (year, month, day) = (number(id, 6, 10), number(id, 10, 12), number(id, 12, 14));
    if is_date(i64::from(year), month, day) { Ok(()) } else { Err(Reason::ImpossibleDate) }
}

/// Fifteen digits, issued before 1999: no check digit.
fn old_resident(id: &[u8]) -> Result<(), Reason> {
    if !id.iter().all(u8::is_ascii_digit) {
        return Err(Reason::StrayCharacter);
    }
    let year = i64::from(1900 + number(id, 6, 8));
    if is_date(year, number(id, 8, 10), number(id, 10, 12)) { Ok(()) } else { Err(Reason::ImpossibleDate) }
}

fn number(digits: &[u8], from: usize, to: usize) -> u32 {
    digits.get(from..to).unwrap_or_default().iter().fold(0, |n, b| n * 10 + u32::from(b.wrapping_sub(b'0')))
}

fn uscc(code: &[u8]) -> Result<(), Reason> {
    if code.len() != 18 {
        return Err(Reason::WrongLength);
    }
    let mut sum = 0_u32;
    let mut weight = 1_u32;
    let mut check = 0_u32;
    for (i, byte) in code.iter().enumerate() {
        let upper = byte.to_ascii_uppercase();
        let Some(value) = USCC_ALPHABET.iter().position(|a| *a == upper) else { return Err(Reason::StrayCharacter) };
        let value = u32::try_from(value).unwrap_or_default();
        if i < 17 {
            sum += value * weight;
            weight = weight * 3 % 31;
        } else {
            check = value;
        }
    }
    if (31 - sum % 31) % 31 != check {
        return Err(Reason::BadCheckDigit);
    }
    org_code(code.get(8..17).unwrap_or_default())
}

fn org_code(code: &[u8]) -> Result<(), Reason> {
    let mut body = [0_u8; 9];
    let mut n = 0;
    for byte in code.iter().filter(|b| **b != b'-') {
        let Some(slot) = body.get_mut(n) else { return Err(Reason::WrongLength) };
        *slot = byte.to_ascii_uppercase();
        n += 1;
    }
    if n != 9 {
        return Err(Reason::WrongLength);
    }
    let mut sum = 0;
    for (byte, weight) in body.iter().zip(ORG_WEIGHTS) {
        sum += weight
            * match byte {
                b'0'..=b'9' => u32::from(byte - b'0'),
                b'A'..=b'Z' => u32::from(byte - b'A') + 10,
                _ => return Err(Reason::StrayCharacter),
            };
    }
    let expected = match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        n => b'0' + u8::try_from(n).unwrap_or_default(),
    };
    if body.last() == Some(&expected) { Ok(()) } else { Err(Reason::BadCheckDigit) }
}

fn mobile(number: &[u8]) -> Result<(), Reason> {
    let national = [b"+86".as_slice(), b"0086"].into_iter().find_map(|p| number.strip_prefix(p)).unwrap_or(number);
    if !national.iter().all(u8::is_ascii_digit) {
        return Err(Reason::StrayCharacter);
    }
    if national.len() != 11 {
        return Err(Reason::WrongLength);
    }
    match national {
        [b'1', b'3'..=b'9', ..] => Ok(()),
        _ => Err(Reason::BadCheckDigit),
    }
}

fn bank_card(number: &[u8]) -> Result<(), Reason> {
    if !number.iter().all(u8::is_ascii_digit) {
        return Err(Reason::StrayCharacter);
    }
    if !(13..=19).contains(&number.len()) {
        return Err(Reason::WrongLength);
    }
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let digit = u32::from(b - b'0') << (i % 2);
            digit / 10 + digit % 10
        })
        .sum();
    if sum.is_multiple_of(10) { Ok(()) } else { Err(Reason::BadCheckDigit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        let table = [
            ("cn_resident_id", "11010519491231002X", Ok(())),
            ("cn_resident_id", "11010519491231002x", Ok(())),
            ("cn_resident_id", "440524188001010014", Ok(())),
            ("cn_resident_id", "110105194912310021", Err(Reason::BadCheckDigit)),
            ("cn_resident_id", "11010519491231002", Err(Reason::WrongLength)),
            ("cn_resident_id", "1101051949123100ZX", Err(Reason::StrayCharacter)),
            ("cn_resident_id", "110105491231002", Ok(())),
            ("cn_resident_id", "110105491331002", Err(Reason::ImpossibleDate)),
            ("cn_uscc", "91350100M000100Y43", Ok(())),
            ("cn_uscc", "91350100M000100Y44", Err(Reason::BadCheckDigit)),
            ("cn_uscc", "91350100M000100Y4", Err(Reason::WrongLength)),
            ("cn_uscc", "9135010OM000100Y43", Err(Reason::StrayCharacter)),
            ("cn_org_code", "D2143569-X", Ok(())),
            ("cn_org_code", "D2143569-1", Err(Reason::BadCheckDigit)),
            ("cn_mobile", "13800138000", Ok(())),
            ("cn_mobile", "+8613800138000", Ok(())),
            ("cn_mobile", "12800138000", Err(Reason::BadCheckDigit)),
            ("cn_mobile", "1380013800", Err(Reason::WrongLength)),
            ("cn_mobile", "1380013800a", Err(Reason::StrayCharacter)),
            ("bank_card", "4111111111111111", Ok(())),
            ("bank_card", "4111111111111112", Err(Reason::BadCheckDigit)),
            ("email", "whatever", Ok(())),
        ];
        for (kind, value, expected) in table {
            assert_eq!(check(kind, value), expected, "{kind} {value}");
        }
    }

    #[test]
    fn every_changed_digit_of_a_resident_id_is_found() {
        let good = b"11010519491231002X";
        for i in 0..17 {
            for digit in b'0'..=b'9' {
                let mut id = *good;
                id[i] = digit;
                assert_eq!(check("cn_resident_id", std::str::from_utf8(&id).unwrap()).is_ok(), id == *good);
            }
        }
    }
}
