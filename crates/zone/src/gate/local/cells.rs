//! Checks 4 and 5 on a file of cells: from raw records where they are given, else from the file's own counts.

use super::{Options, Parts, names};
use crate::gate::dominance::Dominance;
use crate::gate::identifiers::label;
use crate::gate::measures::FastMap;
use crate::gate::recount::{Part, add_part, scaled};
use crate::gate::report::{CheckReport, Verdict};
use crate::gate::view::{Column, View, number};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// Runs both checks.
pub(super) fn check(
    view: &View,
    raw: &[View],
    parts: &Parts,
    options: &Options,
    measures: &mut Map<String, Value>,
) -> Vec<CheckReport> {
    match raw.iter().find(|r| parts.quasi.iter().all(|at| r.column(&view.columns[*at].name).is_some())) {
        Some(raw) => recounted(view, raw, parts, options, measures),
        None => vec![counts_only(view, parts, options, measures)],
    }
}

/// No raw records: the counts in the file are all there is. Whoever made the file wrote them, so they can speak against
/// it, never for it.
fn counts_only(view: &View, parts: &Parts, options: &Options, measures: &mut Map<String, Value>) -> CheckReport {
    let (mut below, mut zero, mut smallest) = (0_u64, 0_u64, None::<u64>);
    let mut needed = Map::new();
    for at in &parts.counts {
        let column = &view.columns[*at];
        let k = options.params.k_of(names::kind(&column.name), 0);
        needed.insert(label(view, *at), json!(k));
        for (value, rows) in column.values.iter().zip(column.counts()) {
            let Some(n) = value.as_deref().and_then(number) else {
                continue;
            };
            if n < 0.5 {
                zero += rows;
            } else {
                below += if n < k as f64 { rows } else { 0 };
                smallest = Some(smallest.map_or(n as u64, |s| s.min(n as u64)));
            }
        }
    }
    measures.insert("k".into(), json!(smallest));
    let verdict = if below == 0 { Verdict::Review } else { Verdict::Block };
    report(
        verdict,
        json!(needed),
        json!({"rows": view.rows, "cells_below": below, "cells_zero": zero, "smallest": smallest, "recounted": false}),
    )
}

fn report(verdict: Verdict, parameter: Value, worst: Value) -> CheckReport {
    let (zh, en) = match verdict {
        Verdict::Pass => ("每个单元格都达到人数下限。", "Every cell reaches the threshold."),
        Verdict::Review => (
            "人数是文件自己申报的，没有原始记录可重新计数，不能据此放行，请审核人判断。",
            "The counts are the file's own word: no raw records recount them, so they cannot pass it; reviewers must judge.",
        ),
        Verdict::Block => (
            "有单元格人数不足或没有对应的原始记录。",
            "Cells are below the threshold or have no raw records behind them.",
        ),
    };
    CheckReport {
        id: "cells".into(),
        check: 4,
        verdict,
        formula: "distinct subjects behind each row ≥ k".into(),
        formula_zh: "每行所涉不同主体数 ≥ k".into(),
        parameter,
        worst,
        zh: zh.into(),
        en: en.into(),
    }
}

/// The raw rows by key: who is in each cell, and what each contributes to each measure.
struct Cells {
    subjects: HashMap<Vec<Option<String>>, HashSet<u32>>,
    parts: Vec<HashMap<Vec<Option<String>>, FastMap<u64, Part>>>,
}

impl Cells {
    fn new(raw: &View, keys: &[&Column], subject: Option<&Column>, sources: &[&Column]) -> Self {
        let mut cells = Self { subjects: HashMap::new(), parts: sources.iter().map(|_| HashMap::new()).collect() };
        for row in 0..raw.rows {
            let who = match subject {
                Some(column) if column.value(row).is_none() => continue,
                Some(column) => column.codes[row],
                None => row as u32,
            };
            let key: Vec<Option<String>> = keys.iter().map(|c| c.value(row).map(str::to_owned)).collect();
            for (column, by_key) in sources.iter().zip(&mut cells.parts) {
                let Some(x) = column.value(row).and_then(number) else {
                    continue;
                };
                let part = by_key.entry(key.clone()).or_default().entry(u64::from(who)).or_default();
                add_part(part, Part { sum: scaled(x), nonzero: x != 0.0, negative: x < 0.0 });
            }
            cells.subjects.entry(key).or_default().insert(who);
        }
        cells
    }
}

fn recounted(
    view: &View,
    raw: &View,
    parts: &Parts,
    options: &Options,
    measures: &mut Map<String, Value>,
) -> Vec<CheckReport> {
    let raw_column = |at: &usize| raw.column(&view.columns[*at].name);
    let keys: Vec<&Column> = parts.quasi.iter().filter_map(raw_column).collect();
    let subject_name = options
        .subject
        .clone()
        .or_else(|| options.contract.as_ref().and_then(|c| c.table.subjects.iter().find_map(|s| s.key.clone())));
    let subject = subject_name.as_deref().and_then(|name| raw.column(name));
    let kind = subject_name.as_deref().map_or("person", names::kind);
    let sources = sources(view, raw, parts);
    let cells = Cells::new(raw, &keys, subject, &sources);
    let k = options.params.k_of(kind, 0);
    let (mut below, mut without, mut smallest) = (0_u64, 0_u64, None::<u64>);
    let mut dominance = Dominance::default();
    for row in 0..view.rows {
        let key: Vec<Option<String>> =
            parts.quasi.iter().map(|at| view.columns[*at].value(row).map(str::to_owned)).collect();
        let Some(who) = cells.subjects.get(&key) else {
            without += 1;
            continue;
        };
        let n = who.len() as u64;
        smallest = Some(smallest.map_or(n, |s| s.min(n)));
        below += u64::from(n < k);
        for by_key in &cells.parts {
            if let Some(contributors) = by_key.get(&key) {
                dominance.add(kind, contributors.values(), &options.params);
            }
        }
    }
    measures.insert("k".into(), json!(smallest));
    let verdict = if below + without > 0 { Verdict::Block } else { Verdict::Pass };
    let worst = json!({"rows": view.rows, "rows_below": below, "rows_without_group": without, "smallest": smallest, "recounted": true});
    let mut out = vec![report(verdict, json!({"k": {kind: k}}), worst)];
    if !sources.is_empty() {
        out.push(dominance.report(&options.params));
    }
    out
}

/// The raw numeric columns that the file's sums and means come from.
fn sources<'a>(view: &View, raw: &'a View, parts: &Parts) -> Vec<&'a Column> {
    let numeric: Vec<&str> = raw.columns.iter().filter(|c| c.kind.is_numeric()).map(|c| c.name.as_str()).collect();
    let outputs = view
        .columns
        .iter()
        .enumerate()
        .filter(|(at, c)| c.kind.is_numeric() && !parts.quasi.contains(at) && !parts.counts.contains(at));
    let mut found: Vec<&str> = outputs.filter_map(|(_, c)| names::source(&c.name, &numeric)).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().filter_map(|name| raw.column(name)).collect()
}
