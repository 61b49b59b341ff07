//! Statement to the plan that is analysed: planned against schemas alone, types coerced, constants folded, subqueries made joins.
//!
//! Planning sees the contracts' fields only: hidden subject columns cannot be named, `SELECT *` does not reach them, and no other
//! table, catalogue or file exists. The rules run here change a plan's shape, never what it reads; the plan that comes out is
//! the one that is analysed, and the analysed one is the one that runs.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::catalog::empty::EmptyTable;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result as PlanResult};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::execution::{SessionStateDefaults, context::SessionContext};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::sqlparser::ast::Statement;
use datafusion::logical_expr::{ColumnarValue, Expr, LogicalPlan};
use datafusion::optimizer::decorrelate_predicate_subquery::DecorrelatePredicateSubquery;
use datafusion::optimizer::eliminate_cross_join::EliminateCrossJoin;
use datafusion::optimizer::extract_equijoin_predicate::ExtractEquijoinPredicate;
use datafusion::optimizer::optimizer::Optimizer;
use datafusion::optimizer::scalar_subquery_to_join::ScalarSubqueryToJoin;
use datafusion::optimizer::{OptimizerContext, OptimizerRule};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as SqlStatement;

use super::functions;
use super::parse::Text;
use super::verdict::{Checked, Reason, deny};
use crate::contract::Contract;

/// A session that knows the allow-listed functions and the contracts' tables, empty.
pub fn session(contracts: &[Contract]) -> PlanResult<SessionState> {
    let mut config = SessionConfig::new().with_information_schema(false).with_target_partitions(1);
    config.options_mut().sql_parser.collect_spans = true;
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_scalar_functions(functions::scalars())
        .with_aggregate_functions(functions::aggregates())
        .with_window_functions(functions::windows())
        .build();
    let context = SessionContext::new_with_state(state);
    for contract in contracts {
        let table = EmptyTable::new(contract.arrow_schema());
        context
            .register_table(datafusion::common::TableReference::bare(contract.table.name.clone()), Arc::new(table))?;
    }
    Ok(context.state())
}

/// Plans a statement.
pub async fn plan(state: &SessionState, statement: Statement, text: &Text) -> Checked<LogicalPlan> {
    let planned = state.statement_to_plan(SqlStatement::Statement(Box::new(statement))).await;
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => return deny(unplanned(&error, text)),
    };
    normalise(state, plan).map_err(|error| Box::new(unplanned(&error, text)))
}

fn normalise(state: &SessionState, plan: LogicalPlan) -> PlanResult<LogicalPlan> {
    let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
    let plan = fold_constants(state, plan)?;
    let rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
        Arc::new(DecorrelatePredicateSubquery::new()),
        Arc::new(ScalarSubqueryToJoin::new()),
        Arc::new(ExtractEquijoinPredicate::new()),
        Arc::new(EliminateCrossJoin::new()),
    ];
    let context = OptimizerContext::new_with_config_options(Arc::clone(state.config_options())).with_max_passes(3);
    Optimizer::with_rules(rules).optimize(plan, &context, |_, _| {})
}

/// Computes every expression without columns now: whether it fails cannot depend on data, and literals show their values.
fn fold_constants(state: &SessionState, plan: LogicalPlan) -> PlanResult<LogicalPlan> {
    let folded = plan.transform_up_with_subqueries(|node| {
        // Names of output columns must not change.
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let saved = names.save(&expr);
            let folded = expr.transform_up(|part| fold(state, part))?;
            Ok(folded.update_data(|expr| saved.restore(expr)))
        })
    })?;
    folded.data.recompute_schema()
}

fn fold(state: &SessionState, expr: Expr) -> PlanResult<Transformed<Expr>> {
    if !is_constant(&expr)? {
        return Ok(Transformed::no(expr));
    }
    let physical = state.create_physical_expr(expr, &DFSchema::empty())?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options)?;
    let value = match physical.evaluate(&row)? {
        ColumnarValue::Scalar(value) => value,
        ColumnarValue::Array(array) => datafusion::common::ScalarValue::try_from_array(&array, 0)?,
    };
    Ok(Transformed::yes(Expr::Literal(value, None)))
}

/// True if the expression computes with literals alone. Its parts have been folded before it: one look at them is enough.
fn is_constant(expr: &Expr) -> PlanResult<bool> {
    let computes = match expr {
        Expr::BinaryExpr(_) | Expr::Cast(_) | Expr::TryCast(_) | Expr::Negative(_) | Expr::Not(_) => true,
        Expr::ScalarFunction(call) => functions::effect(call.func.name()).is_some(),
        _ => false,
    };
    let mut literals = computes;
    if computes {
        expr.apply_children(|part| {
            literals &= matches!(part, Expr::Literal(..));
            Ok(if literals { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
        })?;
    }
    Ok(literals)
}

/// The planner's error as a refusal: names and places from the text, never a value. Nothing has been read.
fn unplanned(error: &DataFusionError, text: &Text) -> Reason {
    let message = error.strip_backtrace();
    let first = message.lines().next().unwrap_or_default();
    let lower = first.to_lowercase();
    let quoted = first.split('\'').nth(1).unwrap_or_default();
    if lower.contains("invalid function") || lower.contains("table function") {
        let reason = Reason::new("N8", format!("未知的函数 {quoted}"), format!("the function {quoted} is not known"));
        return reason.help("use a function of the allow-list").place(text.find(quoted)).place(text.start());
    }
    if lower.contains("table") && lower.contains("not found") {
        let name = quoted.rsplit('.').next().unwrap_or_default();
        let reason = Reason::new("N1", format!("没有表 {name}"), format!("there is no table {name}"));
        return reason.help("name a table that has a contract").place(text.find(name)).place(text.start());
    }
    let (zh, en) = (format!("查询无法成立：{first}"), format!("the query cannot be planned: {first}"));
    Reason::new("N1", zh, en).place(diagnostic_place(error)).place(text.start())
}

fn diagnostic_place(error: &DataFusionError) -> Option<model::refusal::Position> {
    let start = error.diagnostic()?.span?.start;
    Some(model::refusal::Position { line: start.line, column: start.column })
}
