//! Depth of plans: what is planned, run and dropped on ordinary stacks must not be deeper than they are.
//!
//! A query may list hundreds of conditions; the parser makes a tree of them that is as deep as the list is long. Such lists are
//! balanced here, and what remains too deep is refused.

use std::collections::{HashMap, HashSet};

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as PlanResult, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

/// Shortest list of conditions that is balanced.
const LONG: usize = 16;
/// Deepest expression.
const DEEPEST_EXPR: usize = 150;
/// Deepest plan.
const DEEPEST_PLAN: usize = 400;

/// Long lists of AND and OR as balanced trees, and of their comparisons of one expression with literals as `IN`: the optimiser
/// compares the parts of a list with each other.
pub fn balance(expr: Expr) -> PlanResult<Transformed<Expr>> {
    expr.transform_down(|part| {
        let op = match &part {
            Expr::BinaryExpr(list) if is_list(list.op) && is_long(&list.left, list.op) => list.op,
            _ => return Ok(Transformed::no(part)),
        };
        Ok(Transformed::yes(joined(&listed(operands(part, op), op), op)))
    })
}

fn is_list(op: Operator) -> bool {
    matches!(op, Operator::And | Operator::Or)
}

/// Does the left spine go on for long?
fn is_long(mut expr: &Expr, wanted: Operator) -> bool {
    for _ in 0..LONG {
        expr = match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, .. }) if *op == wanted => &**left,
            _ => return false,
        };
    }
    true
}

/// What the list joins, in order.
fn operands(expr: Expr, wanted: Operator) -> Vec<Expr> {
    let (mut left, mut found) = (vec![expr], Vec::new());
    while let Some(expr) = left.pop() {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left: first, op, right }) if op == wanted => left.extend([*right, *first]),
            other => found.push(other),
        }
    }
    found
}

/// `x = 1 OR x = 2` as `x IN (1, 2)`, `x <> 1 AND x <> 2` as `x NOT IN (1, 2)`; the rest as it is.
fn listed(operands: Vec<Expr>, op: Operator) -> Vec<Expr> {
    let (wanted, negated) = if op == Operator::Or { (Operator::Eq, false) } else { (Operator::NotEq, true) };
    let mut lists: Vec<(Expr, HashSet<ScalarValue>, Vec<Expr>)> = Vec::new();
    let mut places: HashMap<(Expr, DataType), usize> = HashMap::new();
    for operand in operands {
        let parts = match &operand {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if *op == wanted => match &**right {
                Expr::Literal(value, _) => Some((left.as_ref().clone(), value.clone())),
                _ => None,
            },
            _ => None,
        };
        let Some((left, value)) = parts else {
            lists.push((operand, HashSet::new(), Vec::new()));
            continue;
        };
        let place = *places.entry((left.clone(), value.data_type())).or_insert(lists.len());
        if place == lists.len() {
            lists.push((left, HashSet::new(), Vec::new()));
        }
        if lists[place].1.insert(value.clone()) {
            lists[place].2.push(Expr::Literal(value, None));
        }
    }
    let list = |(expr, _, list): (Expr, HashSet<ScalarValue>, Vec<Expr>)| {
        if list.is_empty() { expr } else { Expr::InList(InList::new(Box::new(expr), list, negated)) }
    };
    lists.into_iter().map(list).collect()
}

fn joined(operands: &[Expr], op: Operator) -> Expr {
    match operands {
        [one] => one.clone(),
        many => {
            let (first, second) = many.split_at(many.len() / 2);
            Expr::BinaryExpr(BinaryExpr::new(Box::new(joined(first, op)), op, Box::new(joined(second, op))))
        }
    }
}

/// Is the plan too deep, or any of its expressions?
pub fn is_too_deep(plan: &LogicalPlan) -> bool {
    depth_of_plan(plan) > DEEPEST_PLAN || has_deep_expr(plan)
}

fn depth_of_plan(plan: &LogicalPlan) -> usize {
    plan.inputs().into_iter().map(depth_of_plan).max().unwrap_or(0) + 1
}

fn has_deep_expr(plan: &LogicalPlan) -> bool {
    let mut deep = false;
    // The closure cannot fail.
    let _ = plan.apply_with_subqueries(|node| {
        deep |= node.expressions().iter().any(|expr| depth_of_expr(expr) > DEEPEST_EXPR);
        Ok(if deep { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    deep
}

fn depth_of_expr(expr: &Expr) -> usize {
    let mut deepest = 0;
    // The closure cannot fail.
    let _ = expr.apply_children(|part| {
        deepest = deepest.max(depth_of_expr(part));
        Ok(TreeNodeRecursion::Continue)
    });
    deepest + 1
}
