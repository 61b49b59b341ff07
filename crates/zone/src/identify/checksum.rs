//! Check digits: GB 11643 (resident identity number), GB 32100 (unified social credit code), GB 11714 (organisation code), Luhn.

use super::calendar::is_day;
use super::codes;

const RESIDENT_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const RESIDENT_MAP: &[u8; 11] = b"10X98765432";
const USCC_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const ORG_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0_u32, |n, b| n.checked_mul(10)?.checked_add(digit(*b)?))
}

/// The check character of the first 17 digits of a resident identity number (ISO 7064 mod 11-2); `None` if one is no digit.
#[must_use]
pub fn resident_check(first17: &[u8]) -> Option<u8> {
    if first17.len() != 17 {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in first17.iter().zip(RESIDENT_WEIGHTS) {
        sum += digit(*byte)? * weight;
    }
    RESIDENT_MAP.get((sum % 11) as usize).copied()
}

/// Does the text have the shape of an 18-character identity number (17 digits, a real birth date, a digit or X), whatever its check digit?
#[must_use]
pub fn is_resident_shape(text: &[u8]) -> bool {
    let [body @ .., last] = text else { return false };
    body.len() == 17
        && (last.is_ascii_digit() || matches!(last, b'X' | b'x'))
        && body.iter().all(u8::is_ascii_digit)
        && birth_ok(&body[6..14])
}

fn birth_ok(yyyymmdd: &[u8]) -> bool {
    let (Some(y), Some(m), Some(d)) = (digits(&yyyymmdd[..4]), digits(&yyyymmdd[4..6]), digits(&yyyymmdd[6..8])) else {
        return false;
    };
    is_day(y, m, d)
}

/// An 18-character identity number with a valid check digit, birth date and issuing province. The county is not looked up:
/// codes are issued later than people are born, and a rule on it refuses valid numbers.
#[must_use]
pub fn is_resident_18(text: &[u8]) -> bool {
    is_resident_shape(text)
        && codes::is_identity_prefix(&text[..3])
        && resident_check(&text[..17]) == Some(text[17].to_ascii_uppercase())
}

/// A 15-digit identity number of the form before 1999: province, birth date in the 1900s, serial. It has no check digit.
#[must_use]
pub fn is_resident_15(text: &[u8]) -> bool {
    if text.len() != 15 || !text.iter().all(u8::is_ascii_digit) || !codes::is_province(&text[..2]) {
        return false;
    }
    let mut birth = *b"19000000";
    birth[2..].copy_from_slice(&text[6..12]);
    birth_ok(&birth)
}

/// A unified social credit code: alphabet without I O S V Z, check character mod 31, and inside it a valid organisation code.
#[must_use]
pub fn is_uscc(text: &[u8]) -> bool {
    if text.len() != 18
        || !matches!(text[0], b'1'..=b'9' | b'A' | b'G' | b'N' | b'Y')
        || !text[2..8].iter().all(u8::is_ascii_digit)
    {
        return false;
    }
    let mut weight = 1;
    let mut sum = 0;
    for byte in &text[..17] {
        let Some(value) = USCC_ALPHABET.iter().position(|c| c == byte) else {
            return false;
        };
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    USCC_ALPHABET.get((31 - sum % 31) % 31) == Some(&text[17]) && org_check(&text[8..16]) == Some(text[16])
}

/// The check character of the first eight characters of an organisation code.
#[must_use]
pub fn org_check(first8: &[u8]) -> Option<u8> {
    if first8.len() != 8 {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in first8.iter().zip(ORG_WEIGHTS) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            _ => return None,
        };
        sum += value * weight;
    }
    match 11 - sum % 11 {
        10 => Some(b'X'),
        11 => Some(b'0'),
        n => u8::try_from(n).ok().map(|n| b'0' + n),
    }
}

/// An organisation code, with or without its hyphen.
#[must_use]
pub fn is_org_code(text: &[u8]) -> bool {
    match text.len() {
        9 => org_check(&text[..8]) == Some(text[8]),
        10 => text[8] == b'-' && org_check(&text[..8]) == Some(text[9]),
        _ => false,
    }
}

/// The Luhn check (ISO/IEC 7812-1) over a string of digits.
#[must_use]
pub fn luhn(text: &[u8]) -> bool {
    let mut sum = 0;
    for (at, byte) in text.iter().rev().enumerate() {
        let Some(mut value) = digit(*byte) else { return false };
        if at % 2 == 1 {
            value *= 2;
            if value > 9 {
                value -= 9;
            }
        }
        sum += value;
    }
    !text.is_empty() && sum % 10 == 0
}

/// A bank card: 62 with 16–19 digits, or an international range with its own length; Luhn; not one digit repeated.
#[must_use]
pub fn is_bank_card(text: &[u8]) -> bool {
    let range = match text.len() {
        16..=19 if text.starts_with(b"62") => true,
        16 => matches!(text[0], b'4') || (text[0] == b'5' && matches!(text[1], b'1'..=b'5')) || text.starts_with(b"35"),
        15 => text.starts_with(b"34") || text.starts_with(b"37"),
        _ => false,
    };
    range && text[2..].iter().any(|b| *b != text[2]) && luhn(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resident(first17: &str) -> String {
        let check = resident_check(first17.as_bytes()).unwrap();
        format!("{first17}{}", check as char)
    }

    #[test]
    fn resident_numbers() {
        // The example that the standard itself prints.
        assert!(is_resident_18(b"11010519491231002X"));
        assert!(is_resident_18(b"11010519491231002x"));
        assert!(is_resident_18(b"440524188001010014"));
        assert!(!is_resident_18(b"110105194912310021"), "check digit");
        assert!(!is_resident_18(b"11010519490231002X"), "30 February");
        assert!(!is_resident_18(resident("99999919491231002").as_bytes()), "no such prefix");
        assert!(is_resident_18(resident("81000019491231002").as_bytes()), "Hong Kong resident");
        assert!(!is_resident_18(resident("20202619491231002").as_bytes()), "no such province");
        assert!(is_resident_15(b"110105491231002"));
        assert!(!is_resident_15(b"110105491331002"));
        assert!(!is_resident_15(b"200105491231002"));
    }

    #[test]
    fn every_changed_digit_of_a_resident_number_shows() {
        let good = resident("32029919850704312");
        for at in 0..18 {
            for other in b"0123456789X" {
                let mut bad = good.clone().into_bytes();
                if bad[at] == *other {
                    continue;
                }
                bad[at] = *other;
                assert!(!is_resident_18(&bad), "{at} {}", *other as char);
            }
        }
    }

    #[test]
    fn organisations() {
        assert!(is_uscc(b"91350100M000100Y43"));
        assert!(!is_uscc(b"91350100M000100Y44"));
        assert!(!is_uscc(b"91350100M000100I43"), "letter outside the alphabet");
        assert!(is_org_code(b"D2143569X"));
        assert!(is_org_code(b"D2143569-X"));
        assert!(!is_org_code(b"D2143569-0"));
    }

    #[test]
    fn cards() {
        assert!(luhn(b"79927398713"));
        assert!(!luhn(b"79927398710"));
        assert!(!luhn(b""));
        let valid =
            (b'0'..=b'9').filter(|check| is_bank_card(&[b"622202000000123456", &[*check][..]].concat())).count();
        assert_eq!(valid, 1, "exactly one check digit fits");
        assert!(!is_bank_card(b"0000000000000000"));
        assert!(!is_bank_card(b"4111111111111111"), "one digit repeated is a test number");
        assert!(is_bank_card(b"4012888888881881"));
    }
}
