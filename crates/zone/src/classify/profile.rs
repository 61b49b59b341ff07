//! What is counted of a column while its file streams by: tests that hold, types that parse, ranges, distinct values.

use super::distinct::Distinct;
use crate::identify::calendar::{self, Moment};
use crate::identify::{Identifier, checksum, fold_width, pattern, scan, words};
use crate::intake::value;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Values kept to tell coded vocabularies apart; above this the set is dropped.
const FEW: usize = 64;

/// Counts over one column. Holds no value beyond the profiling itself; what is shown is [`Profile::evidence`].
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Rows.
    pub rows: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// Values that are an identifier as a whole.
    pub whole: BTreeMap<Identifier, u64>,
    /// Values in which identifiers stand inside other text.
    pub inside: u64,
    /// Values that have the shape of an identity number and a wrong check digit or province.
    pub false_identity: u64,
    /// Values that look like or belong to a vocabulary.
    pub looks: BTreeMap<Identifier, u64>,
    /// Values that parse as whole numbers, numbers, dates, timestamps, truth values.
    pub integers: u64,
    /// As numbers (whole ones included).
    pub numbers: u64,
    /// As dates that intake reads.
    pub dates: u64,
    /// As timestamps that intake reads (dates included).
    pub timestamps: u64,
    /// As truth values in words.
    pub booleans: u64,
    /// `YYYYMMDD` among whole numbers.
    pub compact_days: u64,
    /// `YYYYMM` among whole numbers.
    pub compact_months: u64,
    /// Numbers with exactly two decimals.
    pub cents: u64,
    /// Numbers with four decimals or more.
    pub fine: u64,
    /// Smallest and largest number.
    pub range: Option<(f64, f64)>,
    /// Smallest and largest year of dates.
    pub years: Option<(u32, u32)>,
    /// Shortest and longest value in characters.
    pub lengths: Option<(usize, usize)>,
    /// Sum of lengths in characters.
    pub characters: u64,
    /// Values of ASCII letters and digits only, with a digit among them.
    pub codes: u64,
    /// Values of 13 and more digits only.
    pub long_digits: u64,
    /// Values that are the one before plus one.
    pub steps: u64,
    distinct: Distinct,
    few: Option<BTreeSet<String>>,
    dropped: bool,
    last: Option<u64>,
}

impl Profile {
    /// Looks at one cell; an unquoted null word counts as no value.
    pub fn observe(&mut self, cell: &str, quoted: bool) {
        self.rows += 1;
        let folded = fold_width(cell.trim());
        let text = folded.trim();
        if text.is_empty() || (!quoted && value::is_null_word(text)) {
            self.nulls += 1;
            return;
        }
        self.distinct.add(text);
        self.keep(text);
        let length = if text.is_ascii() { text.len() } else { text.chars().count() };
        self.lengths = Some(self.lengths.map_or((length, length), |(a, b)| (a.min(length), b.max(length))));
        self.characters += length as u64;
        self.types(text);
        self.content(text);
    }

    fn keep(&mut self, text: &str) {
        if self.dropped {
            return;
        }
        let few = self.few.get_or_insert_default();
        if !few.contains(text) {
            few.insert(text.to_owned());
        }
        if few.len() > FEW {
            (self.few, self.dropped) = (None, true);
        }
    }

    fn types(&mut self, text: &str) {
        let first = text.as_bytes()[0];
        if first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.') {
            if let Ok(n) = value::number(text) {
                self.numbers += 1;
                self.range = Some(self.range.map_or((n, n), |(a, b)| (a.min(n), b.max(n))));
                self.decimals(text);
            }
            self.integers += u64::from(value::integer(text).is_ok());
            self.digits(text);
            if text.len() >= 8 {
                self.dates += u64::from(value::date(text).is_ok());
                self.timestamps += u64::from(value::timestamp(text).is_ok());
            }
        } else if text.len() <= 5 && first.is_ascii_alphabetic() {
            self.booleans += u64::from(text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"));
        }
    }

    fn decimals(&mut self, text: &str) {
        if let Some((_, fraction)) = text.split_once('.') {
            self.cents += u64::from(fraction.len() == 2);
            self.fine += u64::from(fraction.len() >= 4);
        }
    }

    fn digits(&mut self, text: &str) {
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return;
        }
        self.long_digits += u64::from(text.len() >= 13);
        let year = calendar::compact_day(text).inspect(|_| self.compact_days += 1);
        self.year(year);
        self.compact_months += u64::from(calendar::compact_month(text).is_some_and(|y| (1900..=2100).contains(&y)));
        let n = text.parse::<u64>().ok();
        self.steps += u64::from(n.is_some() && n.and_then(|n| n.checked_sub(1)) == self.last && self.last.is_some());
        self.last = n;
    }

    fn year(&mut self, year: Option<u32>) {
        if let Some(y) = year {
            self.years = Some(self.years.map_or((y, y), |(a, b)| (a.min(y), b.max(y))));
        }
    }

    fn content(&mut self, text: &str) {
        let bytes = text.as_bytes();
        self.codes += u64::from(bytes.iter().all(u8::is_ascii_alphanumeric) && bytes.iter().any(u8::is_ascii_digit));
        if let Some(kind) = pattern::whole(text) {
            *self.whole.entry(kind).or_default() += 1;
            return;
        }
        if bytes.len() == 9 && checksum::is_org_code(bytes) && !bytes.iter().all(|b| *b == bytes[0]) {
            *self.whole.entry(Identifier::CnOrgCode).or_default() += 1;
        }
        self.false_identity += u64::from(
            bytes.len() == 18 && bytes[..17].iter().all(u8::is_ascii_digit) && checksum::is_resident_shape(bytes),
        );
        if text.chars().next().is_some_and(|c| c.is_ascii_digit())
            && let Some(moment) = calendar::moment(text)
        {
            let (kind, year) = match moment {
                Moment::Date(y) => (Identifier::Date, y),
                Moment::Timestamp(y) => (Identifier::Timestamp, y),
                Moment::Month(y) => (Identifier::Month, y),
            };
            *self.looks.entry(kind).or_default() += 1;
            self.year(Some(year));
            return;
        }
        self.vocabulary(text);
    }

    fn vocabulary(&mut self, text: &str) {
        let mut look = |kind: Identifier, yes: bool| {
            if yes {
                *self.looks.entry(kind).or_default() += 1;
            }
        };
        if text.is_ascii() {
            look(Identifier::Icd10, words::is_icd10(text));
            look(Identifier::Sex, text.len() <= 6 && words::is_sex(text));
            look(Identifier::CnRegionCode, is_region(text.as_bytes()));
            look(Identifier::Industry, is_industry(text.as_bytes()));
        } else {
            look(Identifier::Sex, words::is_sex(text));
            look(Identifier::Ethnicity, text.len() <= 18 && words::is_ethnicity(text));
            look(Identifier::Education, words::is_education(text));
            look(Identifier::MaritalStatus, words::is_marital(text));
            look(Identifier::PersonName, text.len() <= 15 && words::looks_like_person(text));
            look(Identifier::OrgName, words::looks_like_org(text));
            look(Identifier::CnAddress, words::looks_like_address(text));
            look(Identifier::Diagnosis, words::looks_like_diagnosis(text));
        }
        if text.len() >= 9 {
            self.inside += u64::from(!scan::cell(text).is_empty());
        }
    }

    /// Rows with a value.
    #[must_use]
    pub fn present(&self) -> u64 {
        self.rows - self.nulls
    }

    /// Distinct values; exact up to some ten thousand.
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.distinct.estimate().min(self.present())
    }

    /// The distinct values, while there are at most 64. Not for reports.
    pub(super) fn few(&self) -> Option<&BTreeSet<String>> {
        self.few.as_ref()
    }

    /// Share of the values, 0 to 1.
    #[must_use]
    pub fn share(&self, n: u64) -> f64 {
        if self.present() == 0 { 0.0 } else { n as f64 / self.present() as f64 }
    }

    /// The counts that a report shows.
    #[must_use]
    pub fn evidence(&self) -> Value {
        let mut out = Map::new();
        out.insert("rows".into(), json!(self.rows));
        out.insert("nulls".into(), json!(self.nulls));
        out.insert("distinct".into(), json!(self.distinct()));
        for (kind, n) in self.whole.iter().chain(&self.looks) {
            out.insert(kind.name().into(), json!(n));
        }
        for (name, n) in [
            ("inside_text", self.inside),
            ("false_identity_numbers", self.false_identity),
            ("integers", self.integers),
            ("numbers", self.numbers),
            ("consecutive", self.steps),
        ] {
            if n > 0 {
                out.insert(name.into(), json!(n));
            }
        }
        Value::Object(out)
    }
}

/// A division code: 6, 9 or 12 digits under a province.
fn is_region(bytes: &[u8]) -> bool {
    matches!(bytes.len(), 6 | 9 | 12)
        && bytes.iter().all(u8::is_ascii_digit)
        && crate::identify::codes::is_province(&bytes[..2])
        && &bytes[2..4] != b"99"
}

/// An industry code of GB/T 4754: section letter with two to four digits.
fn is_industry(bytes: &[u8]) -> bool {
    matches!(bytes.len(), 3..=5) && matches!(bytes[0], b'A'..=b'T') && bytes[1..].iter().all(u8::is_ascii_digit)
}
