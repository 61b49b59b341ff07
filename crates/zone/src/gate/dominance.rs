//! Check 5: does one contributor, or do two, make up a sum? Formulas of the (n,k) and p% rules; knows no plan and no file.

use super::params::GateParams;
use super::recount::Part;
use super::report::{CheckReport, Verdict, permille};
use serde_json::json;
use std::collections::BTreeMap;

/// The rules in signs: X the total, x₁ and x₂ the two largest contributions in absolute value.
pub(crate) const FORMULA: (&str, &str) = (
    "(x1+x2)/X < top2；X-x1-x2 ≥ rest·x1；x1/X ≤ 该类主体的 top1",
    "(x1+x2)/X < top2; X-x1-x2 ≥ rest·x1; x1/X ≤ top1 of the subject kind",
);

/// Findings over all cells.
#[derive(Default)]
pub(crate) struct Dominance {
    cells: u64,
    dominated: u64,
    negative: u64,
    worst_top1: BTreeMap<String, u64>,
    worst_top2: u64,
    smallest_rest: Option<u64>,
}

/// Whether a cell with these contributions is dominated, and its shares of the first and the first two in thousandths.
pub(crate) fn judge(contributions: &[i64], top1_limit: Option<u64>, params: &GateParams) -> Option<Shares> {
    let (mut x1, mut x2, mut total) = (0_u128, 0_u128, 0_u128);
    for x in contributions.iter().map(|x| u128::from(x.unsigned_abs())) {
        total = total.saturating_add(x);
        if x > x1 {
            (x1, x2) = (x, x1);
        } else {
            x2 = x2.max(x);
        }
    }
    if total == 0 {
        return None;
    }
    let two = x1.saturating_add(x2);
    let rest = total.saturating_sub(two);
    // a / b against a limit in thousandths, without division.
    let scaled = |part: u128| part.saturating_mul(1000);
    let limit = |permille: u64, whole: u128| u128::from(permille).saturating_mul(whole);
    let dominated = scaled(two) >= limit(params.top2_permille, total)
        || scaled(rest) < limit(params.rest_permille, x1)
        || top1_limit.is_some_and(|top1| scaled(x1) > limit(top1, total));
    let share = |part: u128, whole: u128| permille(part as f64, whole as f64);
    Some(Shares { dominated, top1: share(x1, total), top2: share(two, total), rest: share(rest, x1) })
}

/// Shares of a cell in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// One of the rules is broken.
    pub dominated: bool,
    /// x₁ / X.
    pub top1: u64,
    /// (x₁ + x₂) / X.
    pub top2: u64,
    /// (X − x₁ − x₂) / x₁.
    pub rest: u64,
}

impl Dominance {
    /// Adds one cell of one measure by the contributors of one kind.
    pub(crate) fn add<'a>(&mut self, kind: &str, parts: impl Iterator<Item = &'a Part>, params: &GateParams) {
        let parts: Vec<&Part> = parts.collect();
        let sums: Vec<i64> = parts.iter().map(|p| p.sum).collect();
        self.negative += u64::from(parts.iter().any(|p| p.negative));
        let Some(shares) = judge(&sums, params.top1_permille.get(kind).copied(), params) else {
            return;
        };
        self.cells += 1;
        self.dominated += u64::from(shares.dominated);
        let top1 = self.worst_top1.entry(kind.to_owned()).or_default();
        *top1 = shares.top1.max(*top1);
        self.worst_top2 = self.worst_top2.max(shares.top2);
        self.smallest_rest = Some(self.smallest_rest.map_or(shares.rest, |r| r.min(shares.rest)));
    }

    /// The report of check 5.
    pub(crate) fn report(&self, params: &GateParams) -> CheckReport {
        let verdict = match (self.dominated, self.negative) {
            (0, 0) => Verdict::Pass,
            (0, _) => Verdict::Review,
            _ => Verdict::Block,
        };
        let (zh, en) = match verdict {
            Verdict::Pass => (
                "没有单元格被一两个主体支配。".to_owned(),
                "No cell is dominated by one or two contributors.".to_owned(),
            ),
            Verdict::Review => (
                "含负值，按绝对值计算，请审核人判断。".to_owned(),
                "Negative values occur; absolute values were used and reviewers must judge.".to_owned(),
            ),
            Verdict::Block => (
                format!("{} 个单元格被一两个主体支配。", self.dominated),
                format!("{} cells are dominated by one or two contributors.", self.dominated),
            ),
        };
        CheckReport {
            id: "dominance".into(),
            check: 5,
            verdict,
            formula: FORMULA.1.into(),
            formula_zh: FORMULA.0.into(),
            parameter: json!({"top2_permille": params.top2_permille, "rest_permille": params.rest_permille, "top1_permille": params.top1_permille}),
            worst: json!({
                "cells": self.cells, "cells_dominated": self.dominated, "cells_with_negative_values": self.negative,
                "top1_permille": self.worst_top1, "top2_permille": self.worst_top2, "rest_permille": self.smallest_rest,
            }),
            zh,
            en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_each_line() {
        let params = GateParams::default();
        for (what, values, top1, dominated) in [
            ("two of three hold 90 %", vec![45.0, 45.0, 10.0], None, true),
            ("two of eleven hold 89 %", vec![44.5, 44.5, 5.5, 5.5], None, false),
            ("two only", vec![50.0, 50.0], None, true),
            ("one only", vec![50.0], None, true),
            ("rest below a tenth of the largest", vec![800.0, 121.0, 79.0], None, true),
            ("largest firm above 70 %", vec![71.0, 10.0, 10.0, 9.0], Some(700), true),
            ("largest firm at 70 %", vec![70.0, 10.0, 10.0, 10.0], Some(700), false),
            ("even", vec![1.0; 10], Some(700), false),
            ("negative counts by size", vec![-71.0, 10.0, 10.0, 9.0], Some(700), true),
        ] {
            let values: Vec<i64> = values.iter().map(|v: &f64| (v * 10.0) as i64).collect();
            assert_eq!(judge(&values, top1, &params).unwrap().dominated, dominated, "{what}");
        }
        assert_eq!(judge(&[0, 0], None, &params), None);
        assert_eq!(judge(&[], None, &params), None);
    }
}
