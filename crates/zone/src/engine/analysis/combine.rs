//! What several aggregates of one grouping could be combined to: sums and differences of cells of one row must rest on enough
//! subjects as well (G2). Conditions are told apart atom by atom; where the plan does not show which rows an aggregate takes how
//! often, it must stand alone.

use std::collections::BTreeSet;

use datafusion::common::{JoinType, ScalarValue};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, lit};

use super::Pass;
use super::aggregate::Call;
use super::compare::{bare, number};
use super::joint::excludes;
use super::relation::Straddled;
use crate::engine::functions::Fold;
use crate::engine::label::Condition;
use crate::engine::verdict::{Checked, Reason, deny};

/// Most atoms of the conditions of one grouping.
const MOST_ATOMS: usize = 64;

/// The conditions that a CASE makes, if the expression is one: each WHEN by itself.
pub(super) fn whens(expr: &Expr) -> Option<Vec<Expr>> {
    let Expr::Case(case) = bare(expr) else { return None };
    let when = |when: &Expr| match &case.expr {
        Some(operand) => operand.as_ref().clone().eq(when.clone()),
        None => when.clone(),
    };
    Some(case.when_then_expr.iter().map(|(condition, _)| when(condition)).collect())
}

/// The conditions that an aggregate has inside it, as it will run.
pub(super) fn predicates(call: &Call, runs: &AggregateFunction) -> Vec<Expr> {
    let mut out: Vec<Expr> = runs.params.filter.as_deref().cloned().into_iter().collect();
    for (arg, label) in runs.params.args.iter().zip(&call.args) {
        match &label.condition {
            Condition::None => {}
            // What is neither of the constants that count is the rest.
            Condition::Constants(constants) => {
                let counts = |value: &&ScalarValue| !value.is_null() && number(value) != Some(0.0);
                out.extend(constants.iter().filter(counts).map(|value| arg.clone().eq(lit(value.clone()))));
            }
            Condition::ElseNothing => out.extend(whens(arg).unwrap_or_default()),
        }
    }
    out
}

/// The conditions that nobody wrote: rows without a value are left out.
pub(super) fn presence(call: &Call, runs: &AggregateFunction) -> Vec<Expr> {
    let nullable = runs.params.args.iter().zip(&call.nullable).filter(|(_, null)| **null);
    nullable.map(|(arg, _)| arg.clone().is_not_null()).collect()
}

/// What an aggregate with conditions adds up: whoever has nothing of it hides nobody.
pub(super) fn values(call: &Call, runs: &AggregateFunction) -> Vec<Expr> {
    if !matches!(call.fold, Fold::Sum | Fold::Mean | Fold::Spread) {
        return Vec::new();
    }
    let branches = |arg: &Expr| match bare(arg) {
        Expr::Case(case) => {
            let thens = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            thens.chain(case.else_expr.as_deref()).cloned().collect()
        }
        _ => vec![arg.clone()],
    };
    let values = runs
        .params
        .args
        .iter()
        .zip(&call.args)
        .filter(|(_, label)| !matches!(label.condition, Condition::Constants(_)));
    values.flat_map(|(arg, _)| branches(arg)).filter(|value| !matches!(bare(value), Expr::Literal(..))).collect()
}

/// What tells the rows of a grouping apart: each condition once. Rows that meet the same of them are an atom.
///
/// # Errors
/// More combinations of the written conditions than can be counted.
pub(super) fn flags(pass: &Pass, written: &[Expr], presence: &[Expr]) -> Checked<Vec<Expr>> {
    let mut distinct: Vec<&Expr> = Vec::new();
    for condition in written {
        if !distinct.contains(&condition) {
            distinct.push(condition);
        }
    }
    limited(pass, &distinct)?;
    for condition in presence {
        if !distinct.contains(&condition) {
            distinct.push(condition);
        }
    }
    // Who has one value and who has not is counted with the aggregate itself.
    let alone = written.is_empty() && distinct.len() < 2;
    let holds = |condition: &Expr| Expr::IsTrue(Box::new(condition.clone()));
    Ok(if alone { Vec::new() } else { distinct.into_iter().map(holds).collect() })
}

fn limited(pass: &Pass, distinct: &[&Expr]) -> Checked<()> {
    // Each atom as the conditions that hold.
    let mut atoms: Vec<Vec<&Expr>> = vec![Vec::new()];
    for condition in distinct {
        let mut next = Vec::new();
        for held in atoms {
            let possible = !held.iter().any(|other| apart(other, condition));
            if possible {
                next.push([held.as_slice(), &[*condition]].concat());
            }
            next.push(held);
        }
        atoms = next;
        if atoms.len() > MOST_ATOMS {
            let reason =
                Reason::new("G2", "一个分组中的条件聚合过多", "too many conditional aggregates stand in one grouping");
            return deny(reason.help("把条件写成分组键", "make the condition a grouping key").place(pass.text.start()));
        }
    }
    Ok(())
}

/// Can no row meet both?
fn apart(a: &Expr, b: &Expr) -> bool {
    let (a, b) = (split_conjunction(a), split_conjunction(b));
    a.iter().any(|x| b.iter().any(|y| excludes(x, y)))
}

/// Refuses aggregates that could be combined unseen.
///
/// # Errors
/// G2: a condition that lies below the grouping stands beside another measure; or rows may be taken several times, and more than
/// one aggregate counts them.
pub(super) fn check(pass: &Pass, (population, straddled): (&LogicalPlan, Straddled), calls: &[Call]) -> Checked<()> {
    let direct = |call: &Call, at: usize| call.call.params.args.get(at).is_some_and(|arg| whens(arg).is_some());
    let hidden = |call: &&Call| {
        call.args.iter().enumerate().any(|(at, arg)| arg.condition == Condition::ElseNothing && !direct(call, at))
    };
    let plain = |call: &&Call| {
        call.filter.is_none() && call.call.params.args.iter().all(|arg| matches!(bare(arg), Expr::Literal(..)))
    };
    if calls.iter().any(|call| hidden(&call)) && calls.iter().filter(|call| !plain(call)).count() > 1 {
        let reason = Reason::new(
            "G2",
            "分组之下的条件度量不得与其他度量并列",
            "a measure under a condition below the grouping may not stand beside other measures",
        );
        return deny(
            reason
                .help(
                    "把条件写在聚合之内：FILTER (WHERE …)",
                    "write the condition inside the aggregate, FILTER (WHERE …)",
                )
                .place(pass.text.start()),
        );
    }
    if calls.len() > 1 && (straddled == Straddled::Unseen || multiplies(pass, population)) {
        let reason = Reason::new(
            "G2",
            "同一记录可能多次计入时，一个分组只能有一个聚合",
            "where a record may be taken several times, a grouping may have one aggregate only",
        );
        return deny(
            reason
                .help(
                    "每个聚合各写一条查询，或不用 UNION、自连接与带条件的外连接",
                    "ask for each aggregate in a query of its own, or avoid UNION, self-joins and filtered outer joins",
                )
                .place(pass.text.find("UNION"))
                .place(pass.text.find("JOIN"))
                .place(pass.text.start()),
        );
    }
    Ok(())
}

/// Is a restricted table read more than once? Each reading multiplies the rows of whoever has many.
pub(super) fn read_again(pass: &Pass, population: &LogicalPlan) -> bool {
    let mut seen = BTreeSet::new();
    scans(population).into_iter().any(|table| is_restricted(pass, &table) && !seen.insert(table))
}

/// When a number of distinct keys counts a row: all conditions of the aggregate together. `None`: always.
pub(super) fn counted_when(call: &Call, runs: &AggregateFunction) -> Option<Expr> {
    let mut conditions: Vec<Expr> = runs.params.filter.as_deref().cloned().into_iter().collect();
    for (arg, label) in runs.params.args.iter().zip(&call.args) {
        if label.condition != Condition::None {
            conditions.push(arg.clone().is_not_null());
        }
    }
    conditions.into_iter().reduce(Expr::and)
}

/// May the way the rows were made take one of them more often than another, as the query's author likes?
pub(super) fn multiplies(pass: &Pass, plan: &LogicalPlan) -> bool {
    read_again(pass, plan) || shapes(pass, plan)
}

fn shapes(pass: &Pass, plan: &LogicalPlan) -> bool {
    let here = match plan {
        LogicalPlan::Union(_) => true,
        LogicalPlan::Join(join) => {
            let crafted = |side: &LogicalPlan| {
                let tables = scans(side);
                let public = !tables.iter().any(|table| is_restricted(pass, table));
                public
                    && (tables.len() != 1
                        || has(side, &|p| matches!(p, LogicalPlan::Union(_) | LogicalPlan::Values(_))))
            };
            let filtered = |side: &LogicalPlan| has(side, &|p| matches!(p, LogicalPlan::Filter(_)));
            let nullable = match join.join_type {
                JoinType::Left => filtered(&join.right),
                JoinType::Right => filtered(&join.left),
                JoinType::Full => filtered(&join.left) || filtered(&join.right),
                _ => false,
            };
            // A residual condition of an outer join is a filter of its nullable side.
            let residual =
                matches!(join.join_type, JoinType::Left | JoinType::Right | JoinType::Full) && join.filter.is_some();
            crafted(&join.left) || crafted(&join.right) || nullable || residual
        }
        _ => false,
    };
    here || plan.inputs().into_iter().any(|input| shapes(pass, input))
}

fn has(plan: &LogicalPlan, wanted: &impl Fn(&LogicalPlan) -> bool) -> bool {
    wanted(plan) || plan.inputs().into_iter().any(|input| has(input, wanted))
}

/// Tables read, each as often as it is read; subqueries only choose rows and are left out.
pub(super) fn scans(plan: &LogicalPlan) -> Vec<String> {
    match plan {
        LogicalPlan::TableScan(scan) => vec![scan.table_name.table().to_owned()],
        other => other.inputs().into_iter().flat_map(scans).collect(),
    }
}

fn is_restricted(pass: &Pass, table: &str) -> bool {
    pass.policy.contract(table).is_none_or(|contract| !contract.table.is_public())
}
