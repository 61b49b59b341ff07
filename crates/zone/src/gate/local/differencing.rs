//! Check 14 on files: what a release tells together with an earlier one. Cells are rolled up to the keys that both releases have
//! and their counts compared; records are compared as a whole.

use super::{Options, Parts, names};
use crate::gate::report::{CheckReport, Verdict};
use crate::gate::view::{Column, View, number};
use serde_json::json;
use std::collections::HashMap;

const FORMULA: (&str, &str) = (
    "与每一次先前的释放相比：同一人群的计数不相差 1 … k−1，记录也不相差 1 … k−1 条",
    "for each earlier release: no difference of 1 … k−1 between counts of the same population, nor of 1 … k−1 records",
);

/// Compares a file with each earlier release; `None` when there is none.
pub(super) fn check(view: &View, previous: &[View], parts: &Parts, options: &Options) -> Option<CheckReport> {
    if previous.is_empty() {
        return None;
    }
    let (mut isolated, mut compared, mut releases) = (0_u64, 0_u64, 0_u64);
    for earlier in previous {
        let (cells, few) =
            if parts.cells { cells(view, earlier, parts, options) } else { records(view, earlier, options) };
        compared += cells;
        isolated += few;
        releases += u64::from(few > 0);
    }
    let verdict = match (isolated, compared) {
        (0, 0) => Verdict::Review,
        (0, _) => Verdict::Pass,
        _ => Verdict::Block,
    };
    let (zh, en) = match verdict {
        Verdict::Pass => ("与以往发布相减，不会孤立出少数主体。", "Subtracting earlier releases isolates nobody."),
        Verdict::Review => (
            "与以往发布没有可比的部分，请审核人判断。",
            "Nothing in the earlier releases could be compared; reviewers must judge.",
        ),
        Verdict::Block => (
            "与以往发布相减，会孤立出不足下限的少数主体。",
            "Subtracting an earlier release isolates fewer subjects than the threshold.",
        ),
    };
    Some(CheckReport {
        id: "differencing".into(),
        check: 14,
        verdict,
        formula: FORMULA.1.into(),
        formula_zh: FORMULA.0.into(),
        parameter: json!({"k": options.params.k_other}),
        worst: json!({"releases": previous.len(), "releases_concerned": releases, "compared": compared, "isolating": isolated}),
        zh: zh.into(),
        en: en.into(),
    })
}

type Rolled = HashMap<Vec<Option<String>>, f64>;

fn roll_up(view: &View, keys: &[&Column], count: &Column) -> Rolled {
    let mut out = Rolled::new();
    for row in 0..view.rows {
        let key = keys.iter().map(|c| c.value(row).map(str::to_owned)).collect();
        *out.entry(key).or_default() += count.value(row).and_then(number).unwrap_or(0.0);
    }
    out
}

/// Cells compared, and cells that differ by few.
fn cells(view: &View, earlier: &View, parts: &Parts, options: &Options) -> (u64, u64) {
    let shared: Vec<&str> =
        parts.quasi.iter().map(|at| view.columns[*at].name.as_str()).filter(|n| earlier.column(n).is_some()).collect();
    let (mut compared, mut few) = (0, 0);
    for at in &parts.counts {
        let count = &view.columns[*at];
        let Some(before) = earlier.column(&count.name) else {
            continue;
        };
        let k = options.params.k_of(names::kind(&count.name), 0) as f64;
        let of = |view: &View, count: &Column| {
            roll_up(view, &shared.iter().filter_map(|n| view.column(n)).collect::<Vec<_>>(), count)
        };
        let (now, then) = (of(view, count), of(earlier, before));
        for (key, n) in &now {
            let Some(m) = then.get(key) else { continue };
            compared += 1;
            let difference = (n - m).abs();
            few += u64::from(difference > 0.5 && difference < k);
        }
    }
    (compared, few)
}

/// Records compared, and one when the two files differ by few records.
fn records(view: &View, earlier: &View, options: &Options) -> (u64, u64) {
    let shared: Vec<&str> =
        view.columns.iter().map(|c| c.name.as_str()).filter(|n| earlier.column(n).is_some()).collect();
    if shared.is_empty() {
        return (0, 0);
    }
    let mut balance: HashMap<Vec<Option<&str>>, i64> = HashMap::new();
    for (view, sign) in [(view, 1), (earlier, -1)] {
        let columns: Vec<&Column> = shared.iter().filter_map(|n| view.column(n)).collect();
        for row in 0..view.rows {
            *balance.entry(columns.iter().map(|c| c.value(row)).collect()).or_default() += sign;
        }
    }
    let side =
        |positive: bool| balance.values().filter(|n| (**n > 0) == positive).map(|n| n.unsigned_abs()).sum::<u64>();
    let k = options.params.k_other;
    let few = [side(true), side(false)].iter().filter(|n| **n > 0 && **n < k).count() as u64;
    (view.rows as u64, few)
}
