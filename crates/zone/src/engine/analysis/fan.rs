//! Rows multiplied by public tables. A public table may have several rows for one key, chosen by the query's author: then a row
//! about somebody counts as often as the author likes, and a sum could be taken apart by what counts how often.
//!
//! Every join of restricted rows with public ones carries a hidden class column: zero where the public side has one row for the
//! key, the number of the key otherwise. Each class of a group must rest on enough subjects by itself (`count` in `release`).
//! Where a condition looks at both the multiplying table and restricted columns, those columns tell classes apart as well.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_window::rank::dense_rank_udwf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Expr, ExprFunctionExt, ExprSchemable, LogicalPlan, Projection, Window, lit, when};

use super::blame::internal;
use super::combine::{scans, whens};
use super::joint::is_table;
use super::{Pass, Relation};
use crate::engine::label::Label;
use crate::engine::verdict::Checked;

impl Pass<'_> {
    /// The public side of a join with a class per key, unless its key is known to be unique.
    pub(super) fn fan_out(
        &mut self,
        mut side: Relation,
        written: &LogicalPlan,
        keys: &[Expr],
        labels: &[Label],
    ) -> Checked<Relation> {
        let unique = |label: &Label| {
            label.atoms.len() == 1
                && label.transform == crate::engine::verdict::Transform::Identity
                && label.atoms.iter().all(|atom| self.policy.field(atom).is_some_and(|field| field.unique))
        };
        if is_table(written) && labels.iter().any(unique) {
            return Ok(side);
        }
        self.scans += 1;
        let (rows, number, name) =
            (format!("__rows_{}", self.scans), format!("__number_{}", self.scans), format!("__fan_{}", self.scans));
        let counted = Expr::from(WindowFunction::new(count_udaf(), vec![lit(1_i64)]));
        let counted = counted.partition_by(keys.to_vec()).build().map_err(internal)?.alias(&rows);
        let order = keys.iter().map(|key| key.clone().sort(true, false)).collect();
        let numbered = Expr::from(WindowFunction::new(dense_rank_udwf(), Vec::new()));
        let numbered = numbered.order_by(order).build().map_err(internal)?.alias(&number);
        let mut exprs: Vec<Expr> = side.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let class =
            when(Expr::Column(Column::from_name(&rows)).gt(lit(1_i64)), Expr::Column(Column::from_name(&number)))
                .otherwise(lit(0_u64))
                .map_err(internal)?;
        exprs.push(class.alias(&name));
        // One node each: they sort differently.
        let windows = Window::try_new(vec![counted], Arc::new(side.plan)).map_err(internal)?;
        let windows = Window::try_new(vec![numbered], Arc::new(LogicalPlan::Window(windows))).map_err(internal)?;
        let plan = Projection::try_new(exprs, Arc::new(LogicalPlan::Window(windows))).map_err(internal)?;
        side.plan = LogicalPlan::Projection(plan);
        side.fans.push(Column::from_name(name));
        side.fan_tables.extend(scans(written));
        Ok(side)
    }

    /// Adds a class column for each restricted column that a condition looks at together with a multiplying table.
    pub(super) fn fan_by(&mut self, conditions: &[&Expr], input: &mut Relation) -> Checked<()> {
        let mixed = self.mixed(conditions, input)?;
        if mixed.is_empty() {
            return Ok(());
        }
        let mut exprs: Vec<Expr> = input.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let mut added = Vec::new();
        for class in mixed {
            self.scans += 1;
            let name = format!("__fan_{}", self.scans);
            exprs.push(class.alias(&name));
            added.push(Column::from_name(name));
        }
        let plan = Projection::try_new(exprs, Arc::new(input.plan.clone())).map_err(internal)?;
        input.plan = LogicalPlan::Projection(plan);
        input.fans.extend(added);
        Ok(())
    }

    /// The classes of the rows of a grouping: the carried ones, and the restricted columns that its keys and conditions look at
    /// together with a multiplying table. Empty where nothing multiplied the rows.
    pub(super) fn classes(&self, input: &Relation, keys: &[Expr], calls: &[&Expr]) -> Checked<Vec<Expr>> {
        if input.fans.is_empty() {
            return Ok(Vec::new());
        }
        let mut looked: Vec<Expr> = keys.to_vec();
        for call in calls {
            let Expr::AggregateFunction(function) = bare(call) else { continue };
            looked.extend(function.params.filter.as_deref().cloned());
            for arg in &function.params.args {
                match whens(arg) {
                    Some(whens) => looked.extend(whens.into_iter().reduce(Expr::and)),
                    None => looked.push(arg.clone()),
                }
            }
        }
        let carried = input.fans.iter().cloned().map(Expr::Column);
        Ok(carried.chain(self.mixed(&looked.iter().collect::<Vec<&Expr>>(), input)?).collect())
    }

    /// Restricted columns beside columns of a multiplying table in one expression, each where the row was multiplied.
    fn mixed(&self, exprs: &[&Expr], input: &Relation) -> Checked<Vec<Expr>> {
        let mut mixed = BTreeSet::new();
        if input.fans.is_empty() {
            return Ok(Vec::new());
        }
        for expr in exprs {
            let (mut own, mut multiplying) = (Vec::new(), false);
            for column in columns(expr) {
                let label = self.carry(&column, input)?;
                // A column without origin was written into a public side.
                multiplying |=
                    label.atoms.is_empty() || label.atoms.iter().any(|atom| input.fan_tables.contains(&atom.table));
                if label.atoms.iter().any(|atom| !input.fan_tables.contains(&atom.table)) {
                    own.push(column);
                }
            }
            if multiplying {
                mixed.extend(own);
            }
        }
        let fanned = fanned(input)?;
        let class = |column: Column| when(fanned.clone(), Expr::Column(column)).end().map_err(internal);
        mixed.into_iter().map(class).collect()
    }
}

/// Was the row multiplied?
fn fanned(input: &Relation) -> Checked<Expr> {
    let schema: &DFSchema = input.plan.schema();
    let each = |column: &Column| {
        let column = Expr::Column(column.clone());
        Ok(match column.get_type(schema).map_err(internal)? {
            DataType::UInt64 => column.gt(lit(0_u64)),
            DataType::Binary => column.not_eq(lit(ScalarValue::Binary(Some(Vec::new())))),
            _ => column.is_not_null(),
        })
    };
    let each = input.fans.iter().map(each).collect::<Checked<Vec<Expr>>>()?;
    each.into_iter().reduce(Expr::or).ok_or_else(|| internal(()))
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        _ => expr,
    }
}

fn columns(expr: &Expr) -> Vec<Column> {
    let mut columns = Vec::new();
    // Walking an expression with this closure cannot fail.
    let _ = expr.apply(|part| {
        if let Expr::Column(column) = part {
            columns.push(column.clone());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    columns
}
