//! Numbers in a query that an operator takes as a size, a distance or a place: what it does with very large ones is its own
//! affair (it may allocate them, or count past the end of its integers), so they are bounded here, whatever rows they are for.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as PlanResult, ScalarValue};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFrameBound};

use super::parse::Text;
use super::verdict::{Checked, Reason, deny};

/// Largest number of rows that a window reaches back or on, largest place in a text, largest number of digits.
const LARGEST: i128 = 1_000_000;

/// Scalar functions whose whole numbers are places, lengths or digits.
const PLACES: &[&str] = &["left", "right", "substr", "split_part", "round", "trunc"];

/// Refuses numbers that are too large for what takes them.
///
/// # Errors
/// N1 with the word that takes the number.
pub fn check(plan: &LogicalPlan, text: &Text) -> Checked<()> {
    let mut found = None;
    // The closures cannot fail.
    let _ = plan.apply_with_subqueries(|node| {
        for expr in node.expressions() {
            find(&expr, &mut found)?;
        }
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    let Some((word, zh, en)) = found else { return Ok(()) };
    let help = match word.as_str() {
        "approx_percentile_cont" => ("只写列与分位", "give the column and the share only"),
        _ => ("写一个小一些的数", "give a smaller number"),
    };
    deny(Reason::new("N1", zh, en).help(help.0, help.1).place(text.find(&word)).place(text.start()))
}

/// The word, and what is wrong with its numbers.
type Found = (String, &'static str, &'static str);

fn find(expr: &Expr, found: &mut Option<Found>) -> PlanResult<()> {
    let large = ("数字过大", "the number is too large");
    expr.apply(|part| {
        let wrong = match part {
            Expr::AggregateFunction(call) if has_size(call.func.name(), call.params.args.len()) => {
                Some(sized(call.func.name()))
            }
            Expr::WindowFunction(call) if has_size(call.fun.name(), call.params.args.len()) => {
                Some(sized(call.fun.name()))
            }
            Expr::WindowFunction(call) if reaches_far(call) => Some(("ROWS".to_owned(), large.0, large.1)),
            Expr::WindowFunction(call) if call.params.args.iter().skip(offset(call.fun.name())).any(is_large) => {
                Some((call.fun.name().to_owned(), large.0, large.1))
            }
            Expr::ScalarFunction(call)
                if PLACES.contains(&call.func.name()) && call.args.iter().skip(1).any(is_large) =>
            {
                Some((call.func.name().to_owned(), large.0, large.1))
            }
            _ => None,
        };
        if wrong.is_some() {
            *found = wrong;
        }
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(())
}

/// The third argument of an approximate quantile is the size of its sketch.
fn has_size(name: &str, args: usize) -> bool {
    name == "approx_percentile_cont" && args > 2
}

fn sized(name: &str) -> Found {
    (name.to_owned(), "分位数不接受第三个参数", "a quantile takes no third argument")
}

/// Arguments of a window function that are values, not numbers of rows.
fn offset(name: &str) -> usize {
    match name {
        "lag" | "lead" | "nth_value" => 1,
        "ntile" => 0,
        _ => usize::MAX,
    }
}

fn reaches_far(call: &WindowFunction) -> bool {
    let frame = &call.params.window_frame;
    [&frame.start_bound, &frame.end_bound].into_iter().any(|bound| match bound {
        WindowFrameBound::Preceding(rows) | WindowFrameBound::Following(rows) => is_long(rows),
        WindowFrameBound::CurrentRow => false,
    })
}

/// An argument that is a whole number beyond the bound.
fn is_large(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value, _) => is_long(value),
        Expr::Alias(alias) => is_large(&alias.expr),
        Expr::Cast(cast) => is_large(&cast.expr),
        Expr::TryCast(cast) => is_large(&cast.expr),
        Expr::Negative(inner) => is_large(inner),
        _ => false,
    }
}

fn is_long(value: &ScalarValue) -> bool {
    let number = match value {
        ScalarValue::Int64(Some(n)) => i128::from(*n),
        ScalarValue::UInt64(Some(n)) => i128::from(*n),
        other if other.data_type().is_integer() => match other.cast_to(&arrow::datatypes::DataType::Int64) {
            Ok(ScalarValue::Int64(Some(n))) => i128::from(n),
            _ => return false,
        },
        // A number without a whole value is no place; the planner converts it to one first.
        other if other.data_type().is_floating() => match other.cast_to(&arrow::datatypes::DataType::Float64) {
            Ok(ScalarValue::Float64(Some(n))) => return n.is_nan() || n.abs() > LARGEST as f64,
            _ => return false,
        },
        _ => return false,
    };
    number.abs() > LARGEST
}
