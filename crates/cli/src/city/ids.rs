//! Identifiers with valid check digits, under a region code that is issued to nobody, and calendar arithmetic.

use super::random::Random;

/// Region of every synthetic resident identity number.
const REGION: &str = "320299";
const RESIDENT_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const USCC_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const ORG_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// A day as year, month and day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) year: u64,
    pub(super) month: u64,
    pub(super) day: u64,
}

impl Day {
    /// A day in the years from `first` to `last`; months have 28 days here.
    pub(super) fn random(random: &mut Random, first: u64, last: u64) -> Self {
        Self { year: random.between(first, last), month: random.between(1, 12), day: random.between(1, 28) }
    }

    /// `2024-05-06`.
    pub(super) fn dashed(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A resident identity number (GB 11643) whose sequence is odd for men.
pub(super) fn resident_id(born: Day, male: bool, random: &mut Random) -> String {
    let sequence = random.below(499) * 2 + u64::from(male);
    let mut id = format!("{REGION}{:04}{:02}{:02}{sequence:03}", born.year, born.month, born.day);
    let sum: u32 = id.bytes().zip(RESIDENT_WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    id.push(char::from(b"10X98765432".get((sum % 11) as usize).copied().unwrap_or(b'0')));
    id
}

/// A unified social credit code (GB 32100) of company number `n`.
pub(super) fn uscc(n: u64) -> String {
    let body = format!("MA{n:06}");
    let sum: u32 = body
        .bytes()
        .zip(ORG_WEIGHTS)
        .map(|(b, w)| w * if b.is_ascii_digit() { u32::from(b - b'0') } else { u32::from(b - b'A') + 10 })
        .sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    let mut code = format!("91{REGION}{body}{check}");
    let mut weight = 1;
    let mut total = 0;
    for byte in code.bytes() {
        let value = USCC_ALPHABET.iter().position(|a| *a == byte).unwrap_or_default();
        total += value * weight;
        weight = weight * 3 % 31;
    }
    code.push(char::from(USCC_ALPHABET.get((31 - total % 31) % 31).copied().unwrap_or(b'0')));
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use zone::intake::identifier::check;

    #[test]
    fn check_digits_are_valid() {
        let mut random = Random::new(1, 1);
        for n in 0..500 {
            let born = Day::random(&mut random, 1930, 2020);
            check("cn_resident_id", &resident_id(born, n % 2 == 0, &mut random)).unwrap();
            check("cn_uscc", &uscc(n)).unwrap();
        }
    }
}
