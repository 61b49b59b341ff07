//! Check 2: identifiers. Every text cell and every whole number of a released column is looked at; reports carry counts only.

use super::report::{CheckReport, Verdict};
use super::view::{Column, Kind, View};
use crate::identify::{Identifier, fold_width, pattern, scan};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What the gate knows of where a column comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Made only from columns that anyone may see: an identifier in it is approved.
    pub public: bool,
    /// A count, sum or other aggregate: its digits mean nothing.
    pub aggregate: bool,
}

/// Weak kinds (no check digit, or one that every tenth number meets) in a column of numbers count as soon as they are
/// at least this share of the values, in thousandths; below it people look.
const WEAK_PERMILLE: u64 = 50;

/// Hits of one column: rows by kind.
#[derive(Default)]
struct Hits {
    strong: BTreeMap<Identifier, u64>,
    weak: BTreeMap<Identifier, u64>,
    masked: u64,
}

/// Scans a view; `origin` tells what is known of each column by position.
#[must_use]
pub fn check(view: &View, origin: &dyn Fn(usize) -> Origin) -> CheckReport {
    let mut found = Map::new();
    let mut verdict = Verdict::Pass;
    let (mut columns, mut rows) = (0_u64, 0_u64);
    for (at, column) in view.columns.iter().enumerate() {
        let origin = origin(at);
        if origin.public {
            continue;
        }
        let hits = scan_column(column, origin);
        let one = judge(&hits, column.present());
        if one > Verdict::Pass {
            columns += 1;
            rows += hits.strong.values().chain(hits.weak.values()).sum::<u64>();
            found.insert(column.name.clone(), describe(&hits));
        }
        verdict = verdict.max(one);
    }
    let (zh, en) = match verdict {
        Verdict::Pass => ("没有发现标识符。".to_owned(), "No identifier found.".to_owned()),
        _ => (
            format!("{columns} 列中有 {rows} 行含标识符。"),
            format!("{rows} rows in {columns} columns hold identifiers."),
        ),
    };
    CheckReport {
        id: "identifiers".into(),
        check: 2,
        verdict,
        formula: "rows with a valid identifier in a column that is not public = 0".into(),
        parameter: json!({"hits": 0, "weak_permille": WEAK_PERMILLE}),
        worst: Value::Object(found),
        zh,
        en,
    }
}

fn judge(hits: &Hits, present: u64) -> Verdict {
    let weak: u64 = hits.weak.values().sum();
    if !hits.strong.is_empty() || (weak > 0 && weak * 1000 >= present * WEAK_PERMILLE) {
        Verdict::Block
    } else if weak > 0 || hits.masked > 0 {
        Verdict::Review
    } else {
        Verdict::Pass
    }
}

fn describe(hits: &Hits) -> Value {
    let mut out: Map<String, Value> = Map::new();
    for (kind, rows) in hits.strong.iter().chain(&hits.weak) {
        let sum = out.get(kind.name()).and_then(Value::as_u64).unwrap_or(0) + rows;
        out.insert(kind.name().to_owned(), json!(sum));
    }
    if hits.masked > 0 {
        out.insert("masked_identity".to_owned(), json!(hits.masked));
    }
    Value::Object(out)
}

fn scan_column(column: &Column, origin: Origin) -> Hits {
    let mut hits = Hits::default();
    for (value, rows) in column.values.iter().zip(column.counts()) {
        let (Some(value), true) = (value, rows > 0) else {
            continue;
        };
        match column.kind {
            Kind::Text | Kind::Date | Kind::Timestamp => {
                for kind in scan::cell(value) {
                    *hits.strong.entry(kind).or_default() += rows;
                }
                hits.masked += if scan::is_masked_identity(value) { rows } else { 0 };
            }
            Kind::Integer | Kind::Number => scan_number(value, rows, origin, &mut hits),
            Kind::Boolean | Kind::Empty | Kind::Other => {}
        }
    }
    hits
}

fn scan_number(value: &str, rows: u64, origin: Origin, hits: &mut Hits) {
    let folded = fold_width(value.trim());
    let whole = folded.strip_suffix(".0").unwrap_or(&folded);
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return;
    }
    match pattern::number(whole.as_bytes()) {
        Some(kind @ (Identifier::CnResidentId | Identifier::CnResidencePermit | Identifier::CnUscc))
            if whole.len() == 18 =>
        {
            *hits.strong.entry(kind).or_default() += rows;
        }
        Some(kind) if !origin.aggregate => *hits.weak.entry(kind).or_default() += rows,
        _ => {}
    }
}

/// Does a column hold identity numbers of which only the middle is hidden?
#[must_use]
pub fn has_masked_identity(column: &Column) -> bool {
    column.kind == Kind::Text && column.values.iter().flatten().any(|v| scan::is_masked_identity(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(kind: Kind, values: &[&str]) -> View {
        let column = Column {
            name: "ext1".into(),
            kind,
            codes: (0..values.len() as u32).collect(),
            values: values.iter().map(|v| Some((*v).to_owned())).collect(),
        };
        View { rows: values.len(), columns: vec![column], malformed: 0, metadata: vec![] }
    }

    fn verdict(kind: Kind, values: &[&str], origin: Origin) -> Verdict {
        check(&view(kind, values), &|_| origin).verdict
    }

    #[test]
    fn one_hit_blocks_and_no_value_is_told() {
        let none = Origin::default();
        for value in
            ["11010519491231002X", "联系13912345678", "苏B12345", "a@example.com", "E12345678", "91350100M000100Y43"]
        {
            let values = ["东区", "西区", value];
            assert_eq!(verdict(Kind::Text, &values, none), Verdict::Block, "{value}");
            let report = serde_json::to_string(&check(&view(Kind::Text, &values), &|_| none)).unwrap();
            assert!(!report.contains(value));
            assert_eq!(verdict(Kind::Text, &values, Origin { public: true, aggregate: false }), Verdict::Pass);
        }
        assert_eq!(
            verdict(Kind::Text, &["东区", "110105194912310021", "320211********1234"], none),
            Verdict::Review,
            "decoy passes, masked is seen"
        );
    }

    #[test]
    fn numbers_are_read_too() {
        let none = Origin::default();
        assert_eq!(verdict(Kind::Integer, &["440524188001010014", "5"], none), Verdict::Block);
        assert_eq!(verdict(Kind::Integer, &["13912345678", "13812345678"], none), Verdict::Block);
        assert_eq!(verdict(Kind::Number, &["13912345678.0", "13812345678.0"], none), Verdict::Block);
        assert_eq!(
            verdict(Kind::Integer, &["13912345678", "13812345678"], Origin { aggregate: true, public: false }),
            Verdict::Pass,
            "a sum"
        );
        assert_eq!(
            verdict(Kind::Integer, &["440524188001010014"], Origin { aggregate: true, public: false }),
            Verdict::Block
        );
        let mut many: Vec<String> = (0..99).map(|n| n.to_string()).collect();
        many.push("13912345678".into());
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(verdict(Kind::Integer, &many, none), Verdict::Review, "one large amount is not proof");
    }
}
