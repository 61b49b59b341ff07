//! Identifiers cut in two: one half in one column, the other in another. Looks at every ordered pair of columns whose
//! values could be halves; tells kinds and rows, never a value.

use super::view::{Column, Kind, View};
use crate::identify::{Identifier, fold_width, pattern};
use std::collections::BTreeSet;

const WHOLE: usize = 18;
const MOBILE: usize = 11;

/// What a pair of columns puts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Positions of the columns, in the order in which they make the identifier.
    pub columns: (usize, usize),
    /// Kind found.
    pub kind: Identifier,
    /// Rows.
    pub rows: u64,
    /// The kind's check digits leave no doubt at this number of rows; else people must look.
    pub certain: bool,
}

/// A column's values as possible halves: by code, letters and digits only.
struct Halves {
    at: usize,
    values: Vec<Option<String>>,
    lengths: BTreeSet<usize>,
}

impl Halves {
    fn new(at: usize, column: &Column) -> Option<Self> {
        if !matches!(column.kind, Kind::Text | Kind::Integer) {
            return None;
        }
        let values: Vec<Option<String>> = column.values.iter().map(|v| v.as_deref().and_then(half)).collect();
        let lengths: BTreeSet<usize> = values.iter().flatten().map(String::len).collect();
        (!lengths.is_empty()).then_some(Self { at, values, lengths })
    }

    fn could_make(&self, other: &Self, whole: usize) -> bool {
        self.lengths.iter().any(|n| whole.checked_sub(*n).is_some_and(|rest| other.lengths.contains(&rest)))
    }
}

fn half(value: &str) -> Option<String> {
    let folded = fold_width(value.trim());
    let fits = (1..WHOLE).contains(&folded.len()) && folded.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| folded.to_ascii_uppercase())
}

/// Pairs that put identifiers together; `skip` are columns that mean nothing here (public, aggregates).
#[must_use]
pub fn find(view: &View, skip: &dyn Fn(usize) -> bool) -> Vec<Pair> {
    let columns = view.columns.iter().enumerate().filter(|(at, _)| !skip(*at));
    let halves: Vec<Halves> = columns.filter_map(|(at, c)| Halves::new(at, c)).collect();
    let mut out = Vec::new();
    for first in &halves {
        for second in halves.iter().filter(|h| h.at != first.at) {
            if first.could_make(second, WHOLE) || first.could_make(second, MOBILE) {
                out.extend(pair(view, first, second));
            }
        }
    }
    out
}

/// Rows of one pair by what their halves make.
#[derive(Default)]
struct Tally {
    /// Rows that have the length and birth date of an identity number.
    shaped: u64,
    /// Rows that have the length of an identity number or a credit code.
    long: u64,
    resident: u64,
    uscc: u64,
    mobile: u64,
    /// Rows where both halves are there.
    both: u64,
    firsts: BTreeSet<u32>,
    seconds: BTreeSet<u32>,
}

fn pair(view: &View, first: &Halves, second: &Halves) -> Vec<Pair> {
    let mut tally = Tally::default();
    let codes = view.columns[first.at].codes.iter().zip(&view.columns[second.at].codes);
    let mut whole = String::new();
    for (a, b) in codes {
        let (Some(left), Some(right)) = (&first.values[*a as usize], &second.values[*b as usize]) else { continue };
        tally.both += 1;
        if !matches!(left.len() + right.len(), WHOLE | MOBILE) {
            continue;
        }
        whole.clear();
        whole.push_str(left);
        whole.push_str(right);
        tally.row(&whole, (*a, *b));
    }
    tally.found((first.at, second.at))
}

impl Tally {
    fn row(&mut self, whole: &str, codes: (u32, u32)) {
        let bytes = whole.as_bytes();
        if bytes.len() == WHOLE {
            self.long += 1;
            self.shaped += u64::from(crate::identify::checksum::is_resident_shape(bytes));
            match pattern::whole(whole) {
                Some(Identifier::CnResidentId | Identifier::CnResidencePermit) => self.resident += 1,
                Some(Identifier::CnUscc) => self.uscc += 1,
                _ => {}
            }
        } else if bytes.len() == MOBILE && pattern::is_mobile(bytes) {
            self.mobile += 1;
            self.firsts.insert(codes.0);
            self.seconds.insert(codes.1);
        }
    }

    fn found(&self, columns: (usize, usize)) -> Vec<Pair> {
        let mut out = Vec::new();
        let mut add = |kind, rows, certain| out.push(Pair { columns, kind, rows, certain });
        // A region beside a serial that begins with a date meets the check digit once in eleven rows: no more than that
        // is chance.
        if self.resident * 3 >= self.shaped && self.resident > 0 {
            add(Identifier::CnResidentId, self.resident, true);
        } else if self.resident * 6 > self.shaped {
            add(Identifier::CnResidentId, self.resident, false);
        }
        // Two check characters: once in some hundred rows of digits by chance.
        if self.uscc * 10 >= self.long && self.uscc > 0 {
            add(Identifier::CnUscc, self.uscc, true);
        }
        // A telephone number has no check digit: both halves vary and nearly every row makes one, or it is chance.
        let varied = self.firsts.len() >= 3 && self.seconds.len() >= 3;
        if varied && self.mobile * 10 >= self.both * 9 {
            add(Identifier::CnMobile, self.mobile, false);
        }
        out
    }
}

/// Do two cells of a header make an identifier?
#[must_use]
pub fn header(view: &View) -> Option<Identifier> {
    let names: Vec<String> = view.columns.iter().filter_map(|c| half(&c.name)).collect();
    let whole = |(at, a): (usize, &String)| {
        let others = names.iter().enumerate().filter(move |(other, _)| *other != at);
        others.filter(|(_, b)| a.len() + b.len() == WHOLE).find_map(|(_, b)| {
            pattern::whole(&format!("{a}{b}"))
                .filter(|k| matches!(k, Identifier::CnResidentId | Identifier::CnResidencePermit | Identifier::CnUscc))
        })
    };
    names.iter().enumerate().find_map(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(rows: &[(&str, &str)]) -> View {
        let column = |pick: fn(&(&str, &str)) -> String| {
            let distinct: BTreeSet<String> = rows.iter().map(pick).collect();
            let code = |r| distinct.iter().position(|v| *v == pick(r)).unwrap() as u32;
            let codes = rows.iter().map(code).collect();
            Column { name: "x".into(), kind: Kind::Text, codes, values: distinct.into_iter().map(Some).collect() }
        };
        let columns = vec![column(|r| r.0.to_owned()), column(|r| r.1.to_owned())];
        View { rows: rows.len(), columns, malformed: 0, metadata: vec![] }
    }

    fn kinds(rows: &[(&str, &str)]) -> Vec<(Identifier, bool)> {
        find(&view(rows), &|_| false).iter().map(|p| (p.kind, p.certain)).collect()
    }

    #[test]
    fn halves_make_a_whole() {
        let id = "11010519491231002X";
        for at in [1, 6, 10, 14, 17] {
            let (a, b) = id.split_at(at);
            assert_eq!(kinds(&[(a, b)]), [(Identifier::CnResidentId, true)], "{at}");
            assert_eq!(kinds(&[(b, a), ("x", "y")]), [(Identifier::CnResidentId, true)], "second half first");
        }
        assert_eq!(kinds(&[("91350100", "m000100y43"), ("1", "2")]), [(Identifier::CnUscc, true)]);
        let phones = [("139", "12345678"), ("138", "22345678"), ("137", "32345678")];
        assert_eq!(kinds(&phones), [(Identifier::CnMobile, false)]);
        assert!(find(&view(&[(id.split_at(6).0, id.split_at(6).1)]), &|at| at == 0).is_empty(), "public columns");
    }

    #[test]
    fn regions_beside_serial_numbers_are_no_identities() {
        let serials: Vec<(String, String)> =
            (0..500).map(|n| (format!("3202{:02}", n % 20), format!("20260115{n:04}"))).collect();
        let rows: Vec<(&str, &str)> = serials.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(kinds(&rows), []);
        let days: Vec<(String, String)> = (0..28).map(|n| ("139".to_owned(), format!("202401{:02}", n + 1))).collect();
        let rows: Vec<(&str, &str)> = days.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(kinds(&rows), [], "a code beside a day");
    }
}
