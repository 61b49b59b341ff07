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

use super::parse::Text;
use super::verdict::{Checked, Reason, deny};
use super::{bounds, depth, functions};
use crate::contract::Contract;

/// Longest text that constants may be folded to, in bytes.
const LONGEST_TEXT: usize = 1 << 20;

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
    let plan = normalise(state, plan).map_err(|error| Box::new(unplanned(&error, text)))?;
    if depth::is_too_deep(&plan) {
        let reason = Reason::new("N1", "查询嵌套过深", "the query is nested too deeply");
        let (zh, en) = ("长列表改用 IN，减少嵌套", "use IN for long lists, and nest less");
        return deny(reason.help(zh, en).place(text.start()));
    }
    bounds::check(&plan, text)?;
    Ok(plan)
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
            let folded = expr.transform_up(|part| fold(state, part))?.transform_data(depth::balance)?;
            Ok(folded.update_data(|expr| saved.restore(expr)))
        })
    })?;
    folded.data.recompute_schema()
}

fn fold(state: &SessionState, expr: Expr) -> PlanResult<Transformed<Expr>> {
    if !is_constant(&expr)? {
        return Ok(Transformed::no(expr));
    }
    check_growth(&expr)?;
    let physical = state.create_physical_expr(expr, &DFSchema::empty())?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options)?;
    let value = match physical.evaluate(&row)? {
        ColumnarValue::Scalar(value) => value,
        ColumnarValue::Array(array) => datafusion::common::ScalarValue::try_from_array(&array, 0)?,
    };
    Ok(Transformed::yes(Expr::Literal(value, None)))
}

/// A text may not be written by repetition: folding is done before anybody limits what it takes.
fn check_growth(expr: &Expr) -> PlanResult<()> {
    let Expr::ScalarFunction(call) = expr else { return Ok(()) };
    let length = |at: usize| match call.args.get(at) {
        Some(Expr::Literal(value, _)) => value.try_as_str().flatten().map_or(0, str::len),
        _ => 0,
    };
    match call.func.name() == "replace" && (length(0) + 1).saturating_mul(length(2) + 1) > LONGEST_TEXT {
        true => datafusion::common::plan_err!("a constant is not supported at this length"),
        false => Ok(()),
    }
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
    let quoted = first.split('\'').nth(1).map(|quoted| quoted.rsplit('.').next().unwrap_or(quoted));
    let quoted = quoted.filter(|quoted| text.names(quoted)).unwrap_or_default();
    if lower.contains("invalid function") || lower.contains("table function") {
        let reason = Reason::new("N8", format!("未知的函数 {quoted}"), format!("the function {quoted} is not known"));
        return reason
            .help("使用登记在册的函数", "use a function of the allow-list")
            .place(text.find(quoted))
            .place(text.start());
    }
    if lower.contains("table") && lower.contains("not found") {
        let name = quoted;
        let reason = Reason::new("N1", format!("没有表 {name}"), format!("there is no table {name}"));
        return reason
            .help("使用有契约的表", "name a table that has a contract")
            .place(text.find(name))
            .place(text.start());
    }
    let (zh, en) = said(&lower);
    // Of the planner's words only those are passed on that the author wrote.
    let quotes = first.split(['\'', '"', '`']).skip(1).step_by(2);
    let named = first.split(" named ").skip(1).filter_map(|rest| rest.split_whitespace().next());
    let last = |word: &'_ str| word.trim_end_matches(['.', ',']).rsplit('.').next().unwrap_or_default().to_owned();
    let word = quotes.chain(named).map(last).find(|word| text.names(word));
    let named = |text: &str, open: &str, close: &str| {
        word.as_ref().map_or(text.to_owned(), |word| format!("{text}{open}{word}{close}"))
    };
    let reason = Reason::new("N1", named(zh, "（", "）"), named(en, " (", ")"));
    let help = ("核对该处的列名、类型与写法", "check the names, types and form at that place");
    let place = diagnostic_place(error).or_else(|| word.as_ref().and_then(|word| text.find(word)));
    reason.help(help.0, help.1).place(place).place(text.start())
}

/// What kind of fault the planner means: its own words are in English alone, and speak of its inner types.
fn said(message: &str) -> (&'static str, &'static str) {
    const FAULTS: &[(&[&str], &str, &str)] = &[
        (&["ambiguous"], "列名不明确，须写出表名", "a column name is ambiguous; write the table's name with it"),
        (&["no field named"], "没有这一列", "there is no such column"),
        (
            &["must appear in the group by", "not in group by", "must be in group by"],
            "此列须写入 GROUP BY 或置于聚合之内",
            "a column must stand in GROUP BY or inside an aggregate",
        ),
        (
            &["no function matches", "coercion", "candidate functions", "signature"],
            "函数的参数个数或类型不对",
            "a function has the wrong number or types of arguments",
        ),
        (
            &["cannot coerce", "incompatible types", "type mismatch", "cannot infer common", "not compatible"],
            "两边的类型不能这样运算",
            "the types on both sides do not fit this operation",
        ),
        (
            &["cast error", "parse", "parser error", "error parsing"],
            "字面值不能转换为该类型",
            "a literal cannot be converted to the type",
        ),
        (
            &["same number of columns", "different number of columns", "number of columns"],
            "各部分的列数不同",
            "the parts have different numbers of columns",
        ),
        (&["scalar subquery", "subquery"], "此处不能这样写子查询", "a subquery cannot stand here in this form"),
        (&["divide by zero", "overflow"], "常量运算无法求值", "an operation on constants has no value"),
        (
            &["duplicate", "unique expression names"],
            "列名重复，须用 AS 另起名",
            "a column name occurs twice; give it another with AS",
        ),
        (&["non-boolean"], "条件须为真假值", "a condition must be true or false"),
        (
            &["position"],
            "GROUP BY 或 ORDER BY 的序号没有对应的列",
            "a position in GROUP BY or ORDER BY names no column",
        ),
        (&["not supported", "not implemented", "unsupported"], "不支持这种写法", "this form is not supported"),
    ];
    let fault = FAULTS.iter().find(|(marks, ..)| marks.iter().any(|mark| message.contains(mark)));
    fault.map_or(("查询无法成立", "the query cannot be planned"), |(_, zh, en)| (zh, en))
}

fn diagnostic_place(error: &DataFusionError) -> Option<model::refusal::Position> {
    let start = error.diagnostic()?.span?.start;
    Some(model::refusal::Position { line: start.line, column: start.column })
}
