//! Comparisons: with literals (on the grid), with public columns, between keys, with released values.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{InList, Like};
use datafusion::logical_expr::{Between, Expr, Operator};

use super::expression::boolean;
use super::{Pass, Relation};
use crate::contract::{Class, Grid};
use crate::engine::label::{Atom, Label, Modes};
use crate::engine::time;
use crate::engine::verdict::Checked;

/// Where comparisons cut a column's values, and on which side of the point. Both cuts at one point single it out: an equality.
#[derive(Default)]
pub(super) struct Splits(BTreeMap<(String, String), (Cut, u64)>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Below,
    Above,
}

impl Pass<'_> {
    pub(super) fn compare(&mut self, op: Operator, left: &Expr, right: &Expr, from: &Relation) -> Checked<Label> {
        let (l, r) = (self.label(left, from)?, self.label(right, from)?);
        if l.is_free() && r.is_free() {
            return Ok(Label::join([&l, &r]));
        }
        match (constant(left), constant(right)) {
            (None, Some(value)) => self.against_literal(left, &l, op, value)?,
            (Some(value), None) => self.against_literal(right, &r, op.swap().unwrap_or(op), value)?,
            _ => self.between_columns(op, left, &l, right, &r)?,
        }
        let first_row = l.modes.has(Modes::RANK) && !l.is_free() || r.modes.has(Modes::RANK) && !r.is_free();
        let label = boolean(&[l, r]);
        Ok(Label { first_row: first_row || label.first_row, ..label })
    }

    fn against_literal(&mut self, expr: &Expr, label: &Label, op: Operator, value: &ScalarValue) -> Checked<()> {
        use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
        if label.modes.has(Modes::RANK) {
            let first = matches!((op, number(value)), (Eq | LtEq, Some(1.0)) | (Lt, Some(2.0)));
            return match first {
                true => Ok(()),
                false => self.refuse(
                    expr,
                    label,
                    "N2",
                    "按主体取行只能取第一行",
                    "only the first row of each subject may be taken",
                    ("把行号与 1 比较", "compare the row number with 1"),
                ),
            };
        }
        match op {
            Eq | NotEq | IsDistinctFrom | IsNotDistinctFrom if label.modes.has(Modes::LIT_EQ) => Ok(()),
            Lt | LtEq | Gt | GtEq if label.modes.has(Modes::LIT_RANGE) => self.on_grid(expr, label, op, value),
            _ => {
                let rule = self.rule_of(label);
                let help = (
                    "用维度与字面值比较，或按格对度量、时间作范围比较",
                    "compare a dimension with a literal, or a measure or time by range on its grid",
                );
                self.refuse(
                    expr,
                    label,
                    rule,
                    "此列不得与字面值这样比较",
                    "this column may not be compared with a literal in this way",
                    help,
                )
            }
        }
    }

    /// Does the literal lie on the label's grid?
    fn on_grid(&mut self, expr: &Expr, label: &Label, op: Operator, value: &ScalarValue) -> Checked<()> {
        let Some(grid) = label.grid else { return Ok(()) };
        let point = match grid {
            Grid::Number(step) => grid_point(value, step).map(|(point, literal)| (point, (upper(op), literal))),
            _ => time::bound(grid, value, upper(op) == Cut::Above, label.whole_days).map(|(point, continuous)| {
                let cut = if continuous { upper(op) } else { Cut::Below };
                (point.to_string(), (cut, 0))
            }),
        };
        let rule = self.rule_of(label);
        let Some((point, cut)) = point else {
            let (zh, en) = grid_name(grid);
            let help = (format!("界限取{zh}"), format!("use a bound on the grid: {en}"));
            return self.refuse(
                expr,
                label,
                rule,
                "界限不在该列的格上",
                "the bound does not lie on the column's grid",
                (&help.0, &help.1),
            );
        };
        let column = label.names().join("+");
        match self.splits.0.insert((column, point), cut) {
            Some(other) if other != cut => {
                let help = (
                    "使用半开区间：不小于下界，且小于上界",
                    "use half-open ranges: at least the one bound, below the other",
                );
                self.refuse(expr, label, rule, "两个界限合成了等值比较", "two bounds together make an equality", help)
            }
            _ => Ok(()),
        }
    }

    fn between_columns(&mut self, op: Operator, left: &Expr, l: &Label, right: &Expr, r: &Label) -> Checked<()> {
        let range = matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq);
        let bound = |value: &Label, bound: &Label| {
            range
                && value.modes.has(Modes::ADD.or(Modes::LIT_RANGE))
                && !value.is_free()
                && bound.from_release
                && bound.released_as_is
        };
        if bound(l, r) || bound(r, l) {
            return Ok(());
        }
        if self.equal(op, l, r) {
            let equated = self.revealed(l).union(&self.revealed(r)).cloned().collect::<BTreeSet<Atom>>();
            self.equated.extend(equated);
            return Ok(());
        }
        let (expr, label) = if l.is_free() { (right, r) } else { (left, l) };
        let rule = self.rule_of(label);
        let help = (
            "同一域的键以等值连接；维度与字面值或公开列比较",
            "join keys of one domain by equality; compare dimensions with literals or public columns",
        );
        self.refuse(expr, label, rule, "此列不得这样比较", "this column may not be compared in this way", help)
    }

    /// Columns under G5 that a label's value says.
    pub(super) fn revealed(&self, label: &Label) -> BTreeSet<Atom> {
        let own = label.atoms.iter().filter(|atom| self.policy.must_vary(atom));
        own.chain(&label.reveals).cloned().collect()
    }

    /// May the two be equated? Keys of one domain, or a dimension and a public column.
    pub(super) fn equal(&self, op: Operator, l: &Label, r: &Label) -> bool {
        if op != Operator::Eq {
            return false;
        }
        let keys =
            l.modes.has(Modes::EQJOIN) && r.modes.has(Modes::EQJOIN) && l.domain.is_some() && l.domain == r.domain;
        let with_public = |dimension: &Label, public: &Label| {
            dimension.modes.has(Modes::PUBEQ)
                && public.is_free()
                && !public.atoms.is_empty()
                && public.atoms.iter().all(|atom| self.policy.is_public(atom))
        };
        (keys && !l.is_free() && !r.is_free()) || with_public(l, r) || with_public(r, l)
    }

    pub(super) fn between(&mut self, between: &Between, from: &Relation) -> Checked<Label> {
        let low = self.compare(Operator::GtEq, &between.expr, &between.low, from)?;
        let high = self.compare(Operator::LtEq, &between.expr, &between.high, from)?;
        Ok(if low.is_free() && high.is_free() { Label::join([&low, &high]) } else { boolean(&[low, high]) })
    }

    pub(super) fn in_list(&mut self, list: &InList, from: &Relation) -> Checked<Label> {
        let mut labels = vec![self.label(&list.expr, from)?];
        for item in &list.list {
            labels.push(self.compare(Operator::Eq, &list.expr, item, from)?);
        }
        Ok(if labels.iter().all(Label::is_free) { Label::join(&labels) } else { boolean(&labels) })
    }

    pub(super) fn pattern(&mut self, expr: &Expr, like: &Like, regular: bool, from: &Relation) -> Checked<Label> {
        let (text, pattern) = (self.label(&like.expr, from)?, self.label(&like.pattern, from)?);
        self.only_free(expr, &[&text, &pattern], from, regular)
    }

    /// Columns that a filter's conjunction holds at one literal.
    pub(super) fn fixed_by(&self, predicate: &Expr, from: &Relation) -> Vec<Atom> {
        let mut fixed = Vec::new();
        for part in datafusion::logical_expr::utils::split_conjunction(predicate) {
            let sides = match part {
                Expr::BinaryExpr(binary) if binary.op == Operator::Eq => {
                    [(&*binary.left, &*binary.right), (&*binary.right, &*binary.left)]
                }
                Expr::InList(list) if !list.negated && list.list.len() == 1 => {
                    [(&*list.expr, &list.list[0]), (&*list.expr, &list.list[0])]
                }
                _ => continue,
            };
            for (column, value) in sides {
                let column = match bare(column) {
                    Expr::Column(column) if constant(value).is_some() => column,
                    _ => continue,
                };
                fixed.extend(self.carry(column, from).into_iter().flat_map(|label| label.atoms));
            }
        }
        fixed
    }

    /// The rule that a refused use of a label breaks: its most protective class.
    pub(super) fn rule_of(&self, label: &Label) -> &'static str {
        let classes = label.atoms.iter().filter_map(|atom| self.policy.class(atom));
        classes.filter(|class| *class != Class::Pub).max().map_or("N7", Class::name)
    }
}

/// A literal, through names.
pub(super) fn constant(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value),
        Expr::Alias(alias) => constant(&alias.expr),
        _ => None,
    }
}

/// An expression without names and conversions.
pub(super) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        Expr::Cast(cast) => bare(&cast.expr),
        Expr::TryCast(cast) => bare(&cast.expr),
        _ => expr,
    }
}

/// A literal as a number.
pub(super) fn number(value: &ScalarValue) -> Option<f64> {
    if !value.data_type().is_numeric() {
        return None;
    }
    match value.cast_to(&arrow::datatypes::DataType::Float64) {
        Ok(ScalarValue::Float64(number)) => number.filter(|number| number.is_finite()),
        _ => None,
    }
}

/// Is the number a multiple of the step, up to rounding?
pub(super) fn is_multiple(number: f64, step: f64) -> bool {
    let quotient = number / step;
    (quotient - quotient.round()).abs() <= 1e-9 * quotient.abs().clamp(1.0, 1000.0)
}

/// The point of the grid that a literal is, and how exactly it is written. A literal that only comes near a point is none: two
/// of them, a hair's breadth apart, would be an equality.
fn grid_point(value: &ScalarValue, step: f64) -> Option<(String, u64)> {
    let quotient = (number(value)? / step).round();
    let written = |number: f64| {
        // Zero has no sign here.
        let number = number + 0.0;
        let same = ScalarValue::Float64(Some(number)).cast_to(&value.data_type()).ok()?;
        (same == *value || (number == 0.0 && self::number(value) == Some(0.0))).then(|| number.to_bits())
    };
    // A decimal step has no exact double: 0.3 is 3 · 0.1 only if it is taken as 3 / 10.
    let inverse = (1.0 / step).round();
    let literal =
        written(quotient * step).or_else(|| written(quotient / inverse).filter(|_| is_multiple(1.0 / step, 1.0)));
    literal.map(|literal| (format!("{}", quotient + 0.0), literal))
}

/// `x < v` and `x >= v` cut below v; `x <= v` and `x > v` cut above it.
fn upper(op: Operator) -> Cut {
    if matches!(op, Operator::LtEq | Operator::Gt) { Cut::Above } else { Cut::Below }
}

fn grid_name(grid: Grid) -> (String, String) {
    let (zh, en) = match grid {
        Grid::Number(step) => return (format!(" {step} 的整数倍"), format!("multiples of {step}")),
        Grid::Year => ("年的起止", "years"),
        Grid::Quarter => ("季度的起止", "quarters"),
        Grid::Month => ("月的起止", "months"),
        Grid::Day => ("日的起止", "days"),
        Grid::Hour => ("整点", "hours"),
    };
    (zh.into(), en.into())
}
