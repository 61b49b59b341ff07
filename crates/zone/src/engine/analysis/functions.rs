//! Calls of scalar functions: the registered derivations of restricted columns, and free use on public and released values.

use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::compare::{bare, constant, is_multiple, number};
use super::{Pass, Relation};
use crate::contract::{Derivation, Grid};
use crate::engine::functions::{Effect, effect};
use crate::engine::label::{Condition, Label, Modes};
use crate::engine::time;
use crate::engine::verdict::Checked;

/// Longest that a text may become, in lengths of its longest column.
const MOST_GROWTH: u64 = 1000;

/// Narrowest band of years that may be formed.
const YEARS: f64 = 5.0;

impl Pass<'_> {
    pub(super) fn call(&mut self, expr: &Expr, call: &ScalarFunction, from: &Relation) -> Checked<Label> {
        let name = call.func.name();
        if name == "floor"
            && let [argument] = call.args.as_slice()
            && let Some((label, _)) = self.floor_of(expr, argument, from)?
        {
            return Ok(label);
        }
        let labels = call.args.iter().map(|argument| self.label(argument, from)).collect::<Checked<Vec<Label>>>()?;
        let known = effect(name);
        if labels.iter().all(Label::is_free) {
            let parts: Vec<&Label> = labels.iter().collect();
            let Some(known) = known else {
                let label = Label::join(&labels);
                return self.refuse(
                    expr,
                    &label,
                    "N8",
                    "未登记的函数",
                    "the function is not on the allow-list",
                    ("使用登记在册的函数", "use an allow-listed function"),
                );
            };
            let label = self.only_free(expr, &parts, from, known == Effect::Fallible)?;
            return self.grown(expr, label, growth(name, &call.args, &labels));
        }
        match (name, call.args.as_slice(), labels.as_slice()) {
            ("date_trunc", [unit, _], [_, time]) => self.truncate(expr, unit, time, true),
            ("date_part", [unit, _], [_, time]) => self.truncate(expr, unit, time, false),
            ("left", [_, length], [text, _]) => self.left(expr, text, length),
            ("coalesce" | "nvl", [_, default], [value, _]) if constant(default).is_some() => {
                self.coalesce(expr, value, default)
            }
            _ => {
                let restricted = labels.iter().find(|label| !label.is_free()).cloned().unwrap_or_else(Label::constant);
                let help =
                    ("使用该列登记的派生，或先聚合", "use a registered derivation of the column, or aggregate first");
                self.refuse(
                    expr,
                    &restricted,
                    "N8",
                    "此函数不是该列登记的派生",
                    "the function is not a registered derivation of the column",
                    help,
                )
            }
        }
    }

    /// A text that is put together from others, unless it may become too long for anybody's memory.
    pub(super) fn grown(&self, expr: &Expr, label: Label, growth: u64) -> Checked<Label> {
        if growth > MOST_GROWTH {
            let help = ("少作拼接", "join fewer texts");
            return self.refuse(expr, &label, "N1", "文字拼接过长", "the text may become too long", help);
        }
        Ok(Label { growth, ..label })
    }

    fn truncate(&mut self, expr: &Expr, unit: &Expr, label: &Label, whole: bool) -> Checked<Label> {
        let unit = constant(unit).and_then(|value| value.try_as_str().flatten()).unwrap_or_default().to_lowercase();
        if unit == "epoch" && !whole && label.modes == Modes::EPOCH {
            return Ok(Label::derived(Modes::MEAN, [label]));
        }
        let fits = label.modes.has(Modes::TRUNC) && label.grid.is_some_and(|grid| time::is_coarse(&unit, grid));
        // A day of the week is no truncation.
        if !fits || (whole && unit.contains("do")) {
            let help = ("截取到该列的格或更粗", "truncate to the column's grid or coarser");
            return self.refuse(
                expr,
                label,
                "TIME",
                "时间不得取到比格更细",
                "the time may not be taken finer than its grid",
                help,
            );
        }
        let modes = if unit == "year" && !whole { Modes::DIM.or(Modes::YEAR_BAND) } else { Modes::DIM };
        Ok(Label::derived(modes, [label]))
    }

    fn left(&mut self, expr: &Expr, text: &Label, length: &Expr) -> Checked<Label> {
        let length = constant(length).and_then(number);
        let registered = text.derive.iter().any(|Derivation::Left(n)| length == Some(f64::from(*n)));
        if !registered || !text.modes.has(Modes::GROUP) {
            let help = ("取契约登记的前缀长度", "take the prefix length that the contract registers");
            return self.refuse(
                expr,
                text,
                "N8",
                "该列没有登记这样的前缀",
                "the column registers no such prefix",
                help,
            );
        }
        Ok(Label::derived(text.modes, [text]))
    }

    fn coalesce(&mut self, expr: &Expr, value: &Label, default: &Expr) -> Checked<Label> {
        let zero = constant(default).and_then(number) == Some(0.0);
        if value.modes.has(Modes::COALESCE) && value.condition == Condition::None {
            // Summed, any other default would be a weight of those who have no value.
            let modes = if zero { value.modes } else { value.modes.without(Modes::SUM) };
            return Ok(Label::derived(modes, [value]));
        }
        if zero && value.modes.has(Modes::SUM) {
            let modes = value.modes.and(Modes::SUM.or(Modes::ADD));
            let condition = value.condition.clone();
            return Ok(Label { condition, grid: value.grid, ..Label::derived(modes, [value]) });
        }
        let help = (
            "COALESCE 与字面值用于维度；度量只可在求和之内写 COALESCE(x, 0)",
            "COALESCE with a literal is for dimensions; of measures only COALESCE(x, 0) inside a sum",
        );
        self.refuse(expr, value, "N8", "该列不得用 COALESCE", "COALESCE of this column is not permitted", help)
    }

    /// `floor(x / n) * n`.
    pub(super) fn band(&mut self, expr: &Expr, binary: &BinaryExpr, from: &Relation) -> Checked<Option<Label>> {
        if binary.op != Operator::Multiply {
            return Ok(None);
        }
        for (call, factor) in [(&binary.left, &binary.right), (&binary.right, &binary.left)] {
            let (Expr::ScalarFunction(call), Some(factor)) = (bare(call), constant(factor).and_then(number)) else {
                continue;
            };
            let ("floor", [argument]) = (call.func.name(), call.args.as_slice()) else { continue };
            if let Some((label, step)) = self.floor_of(expr, argument, from)? {
                if is_same(step, factor) {
                    return Ok(Some(label));
                }
                let help = ("乘以除过的那个数", "multiply by the number that was divided by");
                return self.refuse(
                    expr,
                    &label,
                    "N8",
                    "分段的乘数与除数不同",
                    "the band's factor differs from its divisor",
                    help,
                );
            }
        }
        Ok(None)
    }

    /// `floor(x / n)` of a measure or a year, and n. `None`: nothing restricted in it.
    fn floor_of(&mut self, expr: &Expr, argument: &Expr, from: &Relation) -> Checked<Option<(Label, f64)>> {
        let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Divide, right }) = bare(argument) else {
            return Ok(None);
        };
        let Some(step) = constant(right).and_then(number) else { return Ok(None) };
        let label = self.label(left, from)?;
        if label.is_free() {
            return Ok(None);
        }
        let measure = label.modes.has(Modes::BAND) && label.condition == Condition::None;
        let on_grid = match label.grid {
            Some(Grid::Number(grid)) => step >= grid && is_multiple(step, grid),
            _ => step > 0.0,
        };
        let years = label.modes.has(Modes::YEAR_BAND) && step >= YEARS && step.fract() == 0.0;
        if !(measure && on_grid || years) {
            let help = (
                "分段须为度量格的整数倍，年份至少五年一段",
                "bands are multiples of a measure's grid, or at least five years",
            );
            return self.refuse(
                expr,
                &label,
                self.rule_of(&label),
                "分段不在该列的格上",
                "the band does not lie on the column's grid",
                help,
            );
        }
        Ok(Some((Label::derived(Modes::DIM, [&label]), step)))
    }
}

/// How many times longer than its longest column the result of a call may be.
fn growth(name: &str, args: &[Expr], labels: &[Label]) -> u64 {
    let all = || labels.iter().map(|label| label.growth);
    match name {
        "concat" | "concat_ws" => all().fold(0, u64::saturating_add).max(1),
        "replace" => {
            let by = args.get(2).and_then(constant).and_then(|value| value.try_as_str().flatten().map(str::len));
            all().max().unwrap_or(1).saturating_mul(by.map_or(MOST_GROWTH, |length| length as u64).max(1))
        }
        _ => all().max().unwrap_or(1),
    }
}

fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= f64::EPSILON * a.abs()
}
