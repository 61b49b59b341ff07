//! Free text → the identifiers that stand in it. Used on text of any length; looks only at runs that could be an identifier.

use super::{Identifier, fold_width, pattern};

/// Which identifiers does this cell hold, as the whole value or inside its text? Each kind once, in order of kind.
#[must_use]
pub fn cell(text: &str) -> Vec<Identifier> {
    let folded = fold_width(text.trim());
    if let Some(kind) = pattern::whole(&folded) {
        return vec![kind];
    }
    let mut found = inside(&folded);
    found.sort_unstable();
    found.dedup();
    found
}

/// Identifiers inside a longer text.
fn inside(text: &str) -> Vec<Identifier> {
    let mut found = Vec::new();
    if text.len() < 8 {
        return found;
    }
    for run in runs(text) {
        found.extend(in_run(run));
    }
    found.extend(plates(text));
    found
}

/// Maximal runs of characters that can belong to one ASCII identifier.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '_' | '%' | '+' | '-')))
        .filter(|run| run.len() >= 7)
}

fn in_run(run: &str) -> Vec<Identifier> {
    let trimmed = run.trim_matches(['.', '-', '+', '_', '%', '@']);
    if let Some(kind) = pattern::whole(trimmed) {
        return vec![kind];
    }
    if trimmed.contains('@') {
        return email_tail(trimmed).into_iter().collect();
    }
    let words = trimmed.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| w.len() >= 7);
    words.filter_map(|word| pattern::whole(word).or_else(|| digits_in(word))).collect()
}

/// `tel:a@b.cn` keeps an address after a prefix that is no part of it.
fn email_tail(run: &str) -> Option<Identifier> {
    let at = run.find('@')?;
    let start = run[..at].rfind(|c: char| !(c.is_ascii_alphanumeric() || "._%+-".contains(c))).map_or(0, |n| n + 1);
    pattern::is_email(&run[start..]).then_some(Identifier::Email)
}

/// The digits of a word with letters around them (`tel13912345678`, `ID11010519491231002X`).
fn digits_in(word: &str) -> Option<Identifier> {
    let start = word.find(|c: char| c.is_ascii_digit())?;
    let tail = &word[start..];
    let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
    let with_x = tail.get(..=end).filter(|t| t.ends_with(['x', 'X']) && t.len() == 18);
    with_x
        .and_then(pattern::whole)
        .or_else(|| (start > 0 || end < tail.len()).then(|| pattern::whole(&tail[..end])).flatten())
}

fn plates(text: &str) -> Option<Identifier> {
    if text.is_ascii() {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let starts =
        chars.iter().enumerate().filter(|(_, c)| super::codes::PLATE_PROVINCES.contains(**c)).map(|(at, _)| at);
    for start in starts {
        let end = chars[start + 1..]
            .iter()
            .position(|c| !(c.is_ascii_alphanumeric() || matches!(c, '·')))
            .map_or(chars.len(), |n| start + 1 + n);
        let plain: String = chars[start..end].iter().collect();
        let special: String = chars[start..chars.len().min(end + 1)].iter().collect();
        if pattern::is_plate(&plain) || (end < chars.len() && pattern::is_plate(&special)) {
            return Some(Identifier::CnPlate);
        }
    }
    None
}

/// Does the text look like an identity number of which the middle is hidden (`320211********1234`)?
#[must_use]
pub fn is_masked_identity(text: &str) -> bool {
    let folded = fold_width(text.trim());
    let bytes = folded.as_bytes();
    if bytes.len() != 18 {
        return false;
    }
    let hidden = bytes.iter().filter(|b| matches!(b, b'*' | b'#' | b'_')).count();
    let shown_ok = bytes
        .iter()
        .enumerate()
        .all(|(at, b)| b.is_ascii_digit() || matches!(b, b'*' | b'#' | b'_') || (at == 17 && matches!(b, b'X' | b'x')));
    (1..=12).contains(&hidden) && shown_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_stands_in_text() {
        for (text, want) in [
            ("患者身份证11010519491231002X，电话13912345678", vec![Identifier::CnResidentId, Identifier::CnMobile]),
            ("身份证号：１１０１０５１９４９１２３１００２Ｘ", vec![Identifier::CnResidentId]),
            ("联系 a.b@example.com 即可", vec![Identifier::Email]),
            ("车牌苏B12345停在门口", vec![Identifier::CnPlate]),
            ("教练车苏B1234学", vec![Identifier::CnPlate]),
            ("tel13912345678", vec![Identifier::CnMobile]),
            ("统一代码91350100M000100Y43", vec![Identifier::CnUscc]),
            ("无", vec![]),
            ("苏州城里没有车牌", vec![]),
            ("订单202611210000123456789", vec![]),
            ("110105194912310020", vec![]),
        ] {
            assert_eq!(cell(text), want, "{text}");
        }
    }

    #[test]
    fn masked_numbers() {
        assert!(is_masked_identity("320211********1234"));
        assert!(is_masked_identity("320211********123X"));
        assert!(!is_masked_identity("320211198507041234"));
        assert!(!is_masked_identity("******************"));
    }
}
