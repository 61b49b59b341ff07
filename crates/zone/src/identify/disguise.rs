//! Identifiers that somebody wrote so that they do not look like one: base64, hexadecimal, percent signs, backwards, spread
//! out by separators. Knows ways of writing; what an identifier is, `scan` and `pattern` know.

use super::{Identifier, fold_width, pattern, scan};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// How many layers of writing are taken off: base64 of hexadecimal is found, a third layer is not.
const LAYERS: u32 = 2;
/// Shorter runs cannot hold eleven characters in any of the writings.
const SHORTEST: usize = 11;
/// Longer cells are free text; only their beginning is decoded.
const LONGEST: usize = 4096;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Which identifiers stand in this text in disguise? Each kind once; what stands there openly is not told again.
#[must_use]
pub fn cell(text: &str) -> Vec<Identifier> {
    let folded = fold_width(text.trim());
    let mut found = Vec::new();
    hidden(head(&folded), LAYERS, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn head(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

fn hidden(text: &str, layers: u32, found: &mut Vec<Identifier>) {
    if layers == 0 || text.len() < 7 {
        return;
    }
    found.extend(backwards(text));
    found.extend(spread(text));
    let runs =
        text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '"' | '\'' | '，' | '；' | '：'));
    for run in runs.filter(|r| r.is_ascii() && r.len() >= SHORTEST) {
        for plain in decoded(run) {
            found.extend(scan::cell(&plain));
            hidden(&plain, layers - 1, found);
        }
    }
}

/// Kinds whose check digits leave no doubt: only these are believed where the writing itself proves nothing. A credit
/// code of digits alone is none of them: once in some hundred long numbers is one by chance.
fn proven(text: &str) -> Option<Identifier> {
    let lettered = || text.bytes().any(|b| b.is_ascii_alphabetic());
    pattern::whole(text).filter(|kind| match kind {
        Identifier::CnResidentId | Identifier::CnResidencePermit => text.len() == 18,
        Identifier::CnUscc => lettered(),
        _ => false,
    })
}

fn backwards(text: &str) -> Option<Identifier> {
    let reversed: String = text.chars().rev().collect();
    let words = || reversed.split(|c: char| !c.is_ascii_alphanumeric());
    words().find_map(proven).or_else(|| {
        pattern::whole(&reversed).filter(|kind| match kind {
            Identifier::Email => !pattern::is_email(text),
            Identifier::CnPlate => true,
            _ => false,
        })
    })
}

/// `1.1.0.1.0.5.…`: the whole cell without what is no letter and no digit.
fn spread(text: &str) -> Option<Identifier> {
    let compact: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let only_separators = text.chars().all(|c| c.is_ascii_alphanumeric() || !c.is_alphanumeric());
    (only_separators && compact.len() < text.len()).then(|| proven(&compact)).flatten()
}

/// What a run stands for in each writing that it could be.
fn decoded(run: &str) -> Vec<String> {
    let mut out = Vec::new();
    let digits = run.strip_prefix("0x").or_else(|| run.strip_prefix("\\x")).unwrap_or(run);
    out.extend(hex::decode(digits).ok().and_then(readable));
    if run.contains('%') {
        out.extend(percent(run).and_then(readable));
    }
    let alphabet = if run.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    out.extend(GeneralPurpose::new(&alphabet, LENIENT).decode(run).ok().and_then(readable));
    out
}

fn percent(run: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(run.len());
    let mut rest = run.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            out.extend(hex::decode(tail.get(..2)?).ok()?);
            rest = &tail[2..];
        } else {
            out.push(*first);
        }
    }
    Some(out)
}

/// Bytes that are text: UTF-8, or UTF-16 of plain characters.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let plain = |text: &str| !text.chars().any(char::is_control);
    let wide = |at: usize| {
        let (even, rest) = (bytes.len().is_multiple_of(2), bytes.iter().skip(1 - at).step_by(2));
        let narrow: Vec<u8> = bytes.iter().skip(at).step_by(2).copied().collect();
        (even && rest.clone().all(|b| *b == 0)).then(|| String::from_utf8(narrow).ok()).flatten()
    };
    let narrow = || std::str::from_utf8(&bytes).ok().map(str::to_owned);
    [wide(0), wide(1), narrow()].into_iter().flatten().find(|t| t.len() >= 7 && plain(t))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

    const ID: &str = "11010519491231002X";

    #[test]
    fn takes_the_writing_off() {
        let wide: Vec<u8> = ID.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = ID.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let spread: String = ID.chars().map(|c| format!("{c}.")).collect();
        for text in [
            BASE64_STANDARD.encode(ID),
            BASE64_URL_SAFE_NO_PAD.encode(format!("居民{ID}")),
            BASE64_STANDARD.encode(wide),
            BASE64_STANDARD.encode(big),
            hex::encode(ID),
            hex::encode_upper(ID),
            format!("0x{}", hex::encode(ID)),
            BASE64_STANDARD.encode(hex::encode(ID)),
            hex::encode(BASE64_STANDARD.encode(ID)),
            ID.bytes().map(|b| format!("%{b:02X}")).collect(),
            ID.chars().rev().collect(),
            format!("编号{}", ID.chars().rev().collect::<String>()),
            BASE64_STANDARD.encode(ID.bytes().rev().collect::<Vec<_>>()),
            spread,
            "110105 19491231 002X".to_owned(),
            format!("ref: {}", BASE64_STANDARD.encode(ID)),
        ] {
            assert_eq!(cell(&text), [Identifier::CnResidentId], "{text}");
        }
        for (plain, kind) in [
            ("13912345678", Identifier::CnMobile),
            ("91350100M000100Y43", Identifier::CnUscc),
            ("a.b@example.com", Identifier::Email),
            ("苏B12345", Identifier::CnPlate),
        ] {
            assert_eq!(cell(&BASE64_STANDARD.encode(plain)), [kind], "{plain}");
            assert_eq!(cell(&hex::encode(plain)), [kind], "{plain}");
        }
        assert_eq!(cell("moc.elpmaxe@b.a"), [Identifier::Email]);
        assert_eq!(cell("54321B苏"), [Identifier::CnPlate]);
        assert_eq!(cell("34Y001000M00105319"), [Identifier::CnUscc]);
    }

    #[test]
    fn ordinary_values_are_left_alone() {
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for text in [
            "东区",
            "2026-11-21 08:00:00",
            "202611210000123456",
            "110105194912310020",
            digest,
            "550e8400-e29b-41d4-a716-446655440000",
            "aGVsbG8gd29ybGQsIGhlbGxv",
            "https://example.com/a%20b/c?d=e",
            "Manufacturing/Electronics",
            "user@host.example",
            "87654321931",
            "某某有限责任公司",
        ] {
            assert_eq!(cell(text), [], "{text}");
        }
    }

    /// Long numbers without meaning: hardly one in ten thousand may look like something backwards.
    #[test]
    fn serial_numbers_are_left_alone() {
        let mut state = 88_172_645_463_325_252_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            100_000_000_000_000_000 + state % 900_000_000_000_000_000
        };
        let hits = (0..20_000).filter(|_| !cell(&next().to_string()).is_empty()).count();
        assert!(hits <= 4, "{hits}");
    }
}
