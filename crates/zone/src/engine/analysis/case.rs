//! CASE: which branch a value comes from is as telling as the value (implicit flow inside expressions).

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Case, Expr, Operator};

use super::compare::{constant, number};
use super::{Pass, Relation};
use crate::engine::label::{Condition, Label, Modes};
use crate::engine::verdict::Checked;

/// Most different constants of a CASE that may be summed: each is counted by itself.
const MOST_CONSTANTS: usize = 8;

impl Pass<'_> {
    pub(super) fn case(&mut self, expr: &Expr, case: &Case, from: &Relation) -> Checked<Label> {
        let mut conditions = Vec::new();
        for (when, _) in &case.when_then_expr {
            conditions.push(match &case.expr {
                Some(operand) => self.compare(Operator::Eq, operand, when, from)?,
                None => self.condition(when, from)?,
            });
        }
        let null = Box::new(Expr::Literal(ScalarValue::Null, None));
        let fallback = case.else_expr.as_ref().unwrap_or(&null);
        let branches: Vec<&Expr> = case.when_then_expr.iter().map(|(_, then)| &**then).chain([&**fallback]).collect();
        let labels = branches.iter().map(|branch| self.label(branch, from)).collect::<Checked<Vec<Label>>>()?;
        let all: Vec<&Label> = conditions.iter().chain(&labels).collect();
        if all.iter().all(|label| label.is_free()) {
            return Ok(Label::join(all.iter().copied()));
        }
        match branches.iter().map(|branch| constant(branch).cloned()).collect::<Option<Vec<ScalarValue>>>() {
            Some(constants) => Ok(of_constants(constants, &all)),
            None => self.of_values(expr, &branches, &labels, &all),
        }
    }

    fn condition(&mut self, when: &Expr, from: &Relation) -> Checked<Label> {
        let label = self.label(when, from)?;
        if label.is_free() || label.modes.has(Modes::LIT_EQ) {
            return Ok(label);
        }
        self.refuse(
            when,
            &label,
            "N7",
            "此列不得用作条件",
            "this column may not be a condition",
            ("用维度与字面值比较", "compare a dimension with a literal"),
        )
    }

    /// A column where the condition holds and nothing elsewhere, or a choice among dimensions and constants.
    fn of_values(&mut self, expr: &Expr, branches: &[&Expr], labels: &[Label], all: &[&Label]) -> Checked<Label> {
        let nothing =
            |branch: &Expr| constant(branch).is_some_and(|value| value.is_null() || number(value) == Some(0.0));
        let rest: Vec<&Label> =
            branches.iter().zip(labels).filter(|(branch, _)| !nothing(branch)).map(|(_, label)| label).collect();
        if let [value] = rest.as_slice() {
            let folds = Modes::COUNT.or(Modes::SUM).or(Modes::DISTINCT).or(Modes::MEAN);
            let dimension = if value.modes.has(Modes::GROUP) { Modes::DIM } else { Modes::NONE };
            // A public column, or a literal under a name, is a weight: summed where a condition holds, it would tell for whom.
            let folds = if value.is_free() { folds.and(Modes::COUNT.or(Modes::DISTINCT)) } else { folds };
            if value.condition == Condition::None {
                let modes = value.modes.and(folds.or(dimension));
                // The grid stays: a quantile of the chosen values is still somebody's value.
                let condition = Condition::ElseNothing;
                return Ok(Label { condition, grid: value.grid, ..Label::derived(modes, all.iter().copied()) });
            }
        }
        if labels.iter().all(|label| label.modes.has(Modes::GROUP)) {
            let null = branches.iter().any(|branch| constant(branch).is_some_and(ScalarValue::is_null));
            let condition = if null { Condition::ElseNothing } else { Condition::None };
            let modes = Modes::DIM.without(Modes::DISTINCT);
            return Ok(Label { condition, ..Label::derived(modes, all.iter().copied()) });
        }
        let label = Label::derived(Modes::NONE, all.iter().copied());
        let help =
            ("一个分支给出度量，其余分支给出 0 或 NULL", "give a measure in one branch and 0 or NULL in the others");
        self.refuse(
            expr,
            &label,
            "G2",
            "CASE 的分支不得混用度量",
            "the branches of this CASE may not mix measures",
            help,
        )
    }
}

/// A CASE over constants: a dimension; summed, each constant is a condition of its own.
fn of_constants(mut constants: Vec<ScalarValue>, all: &[&Label]) -> Label {
    constants.sort_by_key(ToString::to_string);
    constants.dedup();
    let numeric = constants.iter().all(|value| value.is_null() || number(value).is_some());
    let modes = if numeric && constants.len() <= MOST_CONSTANTS { Modes::DIM.or(Modes::SUM) } else { Modes::DIM };
    Label { condition: Condition::Constants(constants), ..Label::derived(modes, all.iter().copied()) }
}
