//! Which rows an aggregate rests on (G2): each condition inside it must hold for enough subjects, and fail for enough.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Expr, ExprSchemable, lit};

use super::Relation;
use super::aggregate::Call;
use super::blame::internal;
use super::combine::whens;
use crate::engine::functions::Fold;
use crate::engine::label::{Condition, Label};
use crate::engine::verdict::Checked;

/// Rows that must show enough subjects.
pub(super) struct Rows {
    /// Which rows of the group.
    pub when: Expr,
    /// No such row at all is fine too.
    pub or_none: bool,
}

/// The conditions of an aggregate; `call` is as analysed, `runs` as it will run.
pub(super) fn conditions(call: &Call, runs: &AggregateFunction, input: &Relation) -> Checked<Vec<Rows>> {
    let mut rows = Vec::new();
    for (arg, label) in runs.params.args.iter().zip(&call.args) {
        rows.extend(of_argument(call.fold, arg, label, input)?);
    }
    if let (Fold::Spread, [a, b]) = (call.fold, runs.params.args.as_slice()) {
        rows.extend(of_pair(a, b, input)?);
    }
    let Some(filter) = runs.params.filter.as_deref() else { return Ok(rows) };
    for row in &mut rows {
        row.when = filter.clone().and(row.when.clone());
    }
    rows.push(Rows { when: filter.clone(), or_none: false });
    rows.push(Rows { when: Expr::IsNotTrue(Box::new(filter.clone())), or_none: false });
    Ok(rows)
}

fn of_argument(fold: Fold, arg: &Expr, label: &Label, input: &Relation) -> Checked<Vec<Rows>> {
    if matches!(arg, Expr::Literal(..)) {
        return Ok(Vec::new());
    }
    let nullable = arg.nullable(input.plan.schema()).map_err(internal)?;
    let null = |or_none| Rows { when: arg.clone().is_null(), or_none };
    let present = Rows { when: arg.clone().is_not_null(), or_none: false };
    match (&label.condition, fold) {
        (Condition::Constants(constants), _) => Ok(of_constants(arg, constants, nullable)),
        (Condition::ElseNothing, fold) => {
            let sums = matches!(fold, Fold::Sum | Fold::Mean | Fold::Spread);
            let some = if sums { nonzero(arg, input)? } else { present.when };
            let rest = Expr::IsNotTrue(Box::new(some.clone()));
            let mut rows = vec![Rows { when: some, or_none: false }, Rows { when: rest, or_none: false }];
            // The condition itself, where it is known: rows that add nothing must not stand in for those it leaves out.
            if let Some(any) = whens(arg).and_then(|whens| whens.into_iter().reduce(Expr::or)) {
                rows.push(Rows { when: any.clone(), or_none: false });
                rows.push(Rows { when: Expr::IsNotTrue(Box::new(any)), or_none: false });
            }
            Ok(rows)
        }
        (Condition::None, Fold::Sum | Fold::Mean | Fold::Spread) => {
            // Those who contribute nothing hide nobody (stuffing).
            let mut rows = vec![Rows { when: nonzero(arg, input)?, or_none: false }];
            rows.extend(nullable.then(|| null(true)));
            Ok(rows)
        }
        (Condition::None, _) if nullable => Ok(vec![present, null(true)]),
        (Condition::None, _) => Ok(Vec::new()),
    }
}

/// A correlation is made of the rows that have both values, and of what each adds there.
fn of_pair(a: &Expr, b: &Expr, input: &Relation) -> Checked<Vec<Rows>> {
    let both = a.clone().is_not_null().and(b.clone().is_not_null());
    let rest = Rows { when: Expr::IsNotTrue(Box::new(both.clone())), or_none: true };
    let mut rows = vec![rest];
    for value in [a, b] {
        rows.push(Rows { when: both.clone().and(nonzero(value, input)?), or_none: false });
    }
    Ok(rows)
}

/// Each constant marks rows of its own.
fn of_constants(arg: &Expr, constants: &[ScalarValue], nullable: bool) -> Vec<Rows> {
    let values = constants.iter().filter(|value| !value.is_null());
    let mut rows: Vec<Rows> =
        values.map(|value| Rows { when: arg.clone().eq(lit(value.clone())), or_none: false }).collect();
    if nullable {
        let listed = constants.iter().any(ScalarValue::is_null);
        rows.push(Rows { when: arg.clone().is_null(), or_none: !listed });
    }
    rows
}

/// Rows to which a value adds something.
pub(super) fn nonzero(value: &Expr, input: &Relation) -> Checked<Expr> {
    let kind = value.get_type(input.plan.schema()).map_err(internal)?;
    Ok(value.clone().not_eq(ScalarValue::new_zero(&kind).map(lit).map_err(internal)?))
}
