//! A product for files that came without a pipeline: how many records there are by one or two dimensions.

use super::FileReport;
use crate::contract::{Class, Contract, Field, LogicalType, Table};
use std::fmt::Write;

/// Rows that a released cell should hold on average, so that few are suppressed.
const ROWS_PER_CELL: u64 = 50;
/// Most cells of a product that a person still reads.
const MOST_CELLS: u64 = 400;
/// Most values of a usable dimension.
const MOST_VALUES: u64 = 400;

/// A pipeline and its purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedProduct {
    /// Name of the purpose; its file is `purposes/NAME.yaml`.
    pub purpose_name: String,
    /// Purpose file.
    pub purpose: String,
    /// SQL of the pipeline.
    pub sql: String,
    /// Table counted.
    pub table: String,
    /// Dimensions.
    pub dimensions: Vec<String>,
}

/// Proposes a count by dimensions over the table that suits it best; `None` when no table has a usable dimension.
#[must_use]
pub fn propose_product(tables: &[(Contract, FileReport)]) -> Option<ProposedProduct> {
    let best =
        tables.iter().filter_map(|(contract, report)| Some((choose(&contract.table, report)?, contract, report.rows)));
    let (dimensions, contract, _) = best.max_by_key(|(_, _, rows)| *rows)?;
    let table = &contract.table;
    let names: Vec<String> = dimensions.iter().map(|d| (*d).to_owned()).collect();
    let list = names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(", ");
    let count = ["n", "row_count", "records"]
        .into_iter()
        .find(|n| table.fields.iter().all(|f| f.name != *n))
        .unwrap_or("records_counted");
    let sql =
        format!("SELECT {list}, COUNT(*) AS {count}\nFROM {}\nGROUP BY {list}\nORDER BY {list}\n", quoted(&table.name));
    let purpose_name = "counts".to_owned();
    Some(ProposedProduct {
        purpose: purpose(&purpose_name, table),
        purpose_name,
        sql,
        table: table.name.clone(),
        dimensions: names,
    })
}

/// One or two dimensions: together as many cells as the rows can fill; text before numbers, because a number may be a measure.
fn choose<'a>(table: &'a Table, report: &FileReport) -> Option<Vec<&'a str>> {
    let mut usable: Vec<(&Field, u64)> = table.fields.iter().filter_map(|f| Some((f, values(f, report)?))).collect();
    usable.sort_by_key(|(f, values)| (f.logical_type != LogicalType::String, u64::MAX - values));
    let fits = |cells: u64| cells <= MOST_CELLS && cells * ROWS_PER_CELL <= report.rows;
    let mut best: Option<(u64, bool, Vec<&str>)> = None;
    for (at, (first, a)) in usable.iter().enumerate() {
        let texts = first.logical_type == LogicalType::String;
        let mut offer = |cells: u64, texts: bool, names: Vec<&'a str>| {
            if fits(cells) && best.as_ref().is_none_or(|(c, t, _)| (texts, cells) > (*t, *c)) {
                best = Some((cells, texts, names));
            }
        };
        offer(*a, texts, vec![&first.name]);
        for (second, b) in &usable[at + 1..] {
            offer(a * b, texts && second.logical_type == LogicalType::String, vec![&first.name, &second.name]);
        }
    }
    best.map(|(_, _, names)| names)
}

/// The number of values of a usable dimension.
fn values(field: &Field, report: &FileReport) -> Option<u64> {
    let column = report.columns.iter().find(|c| c.name == field.name)?;
    let n = column.profile.distinct();
    let complete = column.profile.nulls * 2 < column.profile.rows;
    (field.class == Some(Class::Dim) && (2..=MOST_VALUES).contains(&n) && complete).then_some(n)
}

fn purpose(name: &str, table: &Table) -> String {
    let mut out = format!(
        "name: {name}\nscenario: {{zh: 按维度统计记录数, en: Counts of records by dimension}}\nanswer: aggregate\ntables: [{}]\njoins: []\nthresholds:\n",
        yaml(&table.name)
    );
    for subject in &table.subjects {
        let k = if subject.kind == "enterprise" { 5 } else { 10 };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {}: {k}", subject.kind);
    }
    out
}

fn yaml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A name as SQL takes it unchanged.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !RESERVED.contains(&name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

const RESERVED: [&str; 36] = [
    "all", "and", "as", "by", "case", "cross", "date", "day", "desc", "distinct", "end", "except", "from", "full",
    "group", "having", "in", "inner", "is", "join", "left", "like", "limit", "month", "natural", "not", "null", "on",
    "or", "order", "right", "select", "then", "union", "when", "where",
];
