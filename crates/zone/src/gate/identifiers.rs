//! Check 2: identifiers. Every text cell and every whole number of a released column is looked at, openly written or in
//! disguise, whole or cut in two; the header too. Reports carry counts only.

use super::report::{CheckReport, Verdict};
use super::split;
use super::view::{Column, Kind, View};
use crate::identify::{Identifier, disguise, fold_width, pattern, scan};
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
            found.insert(label(view, at), describe(&hits));
        }
        verdict = verdict.max(one);
    }
    for pair in split::find(view, &|at| origin(at).public || origin(at).aggregate) {
        columns += 2;
        rows += pair.rows;
        let (a, b) = pair.columns;
        found.insert(format!("{} + {}", label(view, a), label(view, b)), json!({(pair.kind.name()): pair.rows}));
        verdict = verdict.max(if pair.certain { Verdict::Block } else { Verdict::Review });
    }
    let headers = header(view);
    if !headers.is_empty() {
        found.insert("header".into(), json!(headers.iter().map(|k| k.name()).collect::<Vec<_>>()));
        verdict = Verdict::Block;
    }
    let (zh, en) = match verdict {
        Verdict::Pass => ("没有发现标识符。".to_owned(), "No identifier found.".to_owned()),
        _ if !headers.is_empty() => (
            format!("表头含标识符；{columns} 列中有 {rows} 行含标识符。"),
            format!("The header holds identifiers; {rows} rows in {columns} columns hold identifiers."),
        ),
        _ => (
            format!("{columns} 列中有 {rows} 行含标识符。"),
            format!("{rows} rows in {columns} columns hold identifiers."),
        ),
    };
    CheckReport {
        id: "identifiers".into(),
        check: 2,
        verdict,
        formula:
            "rows with a valid identifier in a column or pair of columns that is not public = 0; none in the header"
                .into(),
        formula_zh: "非公开的列或列对中含有效标识的行数 = 0；表头中没有标识".into(),
        parameter: json!({"hits": 0, "weak_permille": WEAK_PERMILLE}),
        worst: Value::Object(found),
        zh,
        en,
    }
}

/// Kinds that stand in the header, whole or over two of its cells.
fn header(view: &View) -> Vec<Identifier> {
    let mut kinds: Vec<Identifier> = view.columns.iter().flat_map(|c| in_name(&c.name)).collect();
    kinds.extend(split::header(view));
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn in_name(name: &str) -> Vec<Identifier> {
    let mut kinds = scan::cell(name);
    kinds.extend(disguise::cell(name));
    kinds
}

/// The column's name for a report; its position where the name itself holds an identifier.
#[must_use]
pub fn label(view: &View, at: usize) -> String {
    let names: Vec<&str> = view.columns.iter().map(|c| c.name.as_str()).collect();
    match names.get(at) {
        Some(name) if in_name(name).is_empty() && split::header(view).is_none() => (*name).to_owned(),
        _ => format!("#{}", at + 1),
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
    let codes = is_code_list(column);
    for (value, rows) in column.values.iter().zip(column.counts()) {
        let (Some(value), true) = (value, rows > 0) else { continue };
        match column.kind {
            Kind::Text | Kind::Date | Kind::Timestamp => {
                for kind in scan::cell(value).into_iter().filter(|kind| !(codes && is_bare(*kind))) {
                    *hits.strong.entry(kind).or_default() += rows;
                }
                for kind in disguise::cell(value) {
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

/// Kinds that are a letter and digits without a check digit: any list of codes may look like them.
fn is_bare(kind: Identifier) -> bool {
    matches!(kind, Identifier::CnPassport | Identifier::CnTravelPermit)
}

/// A list of codes counts up (`H00000012`): its values share their first four characters, which documents of many people do not.
fn is_code_list(column: &Column) -> bool {
    let mut values = column.values.iter().flatten();
    let Some(head) = values.next().and_then(|v| v.get(..4)) else { return false };
    column.kind == Kind::Text && column.values.iter().flatten().count() >= 3 && values.all(|v| v.starts_with(head))
}

fn scan_number(value: &str, rows: u64, origin: Origin, hits: &mut Hits) {
    let folded = fold_width(value.trim());
    let whole = folded.strip_suffix(".0").unwrap_or(&folded);
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return;
    }
    for kind in disguise::cell(whole) {
        *hits.strong.entry(kind).or_default() += rows;
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
    fn lists_of_codes_are_no_passports() {
        let none = Origin::default();
        assert_eq!(verdict(Kind::Text, &["H00000012", "H00000013", "H00000214"], none), Verdict::Pass);
        assert_eq!(verdict(Kind::Text, &["H10203012", "H83300013", "H44020214"], none), Verdict::Block);
        assert_eq!(verdict(Kind::Text, &["H00000012", "x"], none), Verdict::Block);
        assert_eq!(verdict(Kind::Text, &["13900000012", "13900000013", "13900000214"], none), Verdict::Block);
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
