//! 统一社会信用代码 (GB 32100-2015): 18 characters, the last one a check character.

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether a code has the right form and check character.
pub(crate) fn is_valid(code: &str) -> bool {
    let Some(values) = code.bytes().map(value).collect::<Option<Vec<usize>>>() else {
        return false;
    };
    let Some((check, digits)) = values.split_last() else {
        return false;
    };
    if digits.len() != 17 {
        return false;
    }
    // Weights are the powers of 3 modulo 31.
    let (sum, _) = digits.iter().fold((0, 1), |(sum, weight), v| (sum + v * weight, weight * 3 % 31));
    (31 - sum % 31) % 31 == *check
}

fn value(b: u8) -> Option<usize> {
    ALPHABET.iter().position(|a| *a == b)
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn check_character() {
        // The standard's own worked form and two public ones; then one character changed, swapped, cut, lower case.
        for good in ["91350100M000100Y43", "91110000802100433B", "914403001922038216"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "91350100M000100Y44",
            "91530100M000100Y43",
            "91350100M000100Y4",
            "91350100m000100y43",
            "",
            "9135010OM000100Y43",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
