//! The release: restricted rows become groups. Checks that keys and aggregates may be released, and builds the plan that counts
//! the subjects of every group and cell and shows only what rests on enough of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, DFSchema, JoinType, ScalarValue, TableReference};
use datafusion::functions::expr_fn::round;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, Extension, Filter, LogicalPlan, Projection, cast, lit};

use super::aggregate::Call;
use super::blame::internal;
use super::combine;
use super::compare::{constant, number};
use super::demand::{Quantile, function_of, quantile_of};
use super::levels;
use super::relation::{Hidden, Straddled};
use super::{Pass, Relation, State};
use crate::contract::{Class, Grid};
use crate::engine::disclose::{Demands, Disclose};
use crate::engine::functions::Fold;
use crate::engine::label::{Atom, Condition, Label, Modes};
use crate::engine::verdict::{Checked, Reason, Transform, deny};
use crate::gate::{Measure, MeasureKind, ReleasePoint, SubjectCount};

/// A median of time differences is shown in whole minutes.
const SECONDS: f64 = 60.0;

/// A release point as the pass met it.
pub struct Release {
    /// The grouping as it was planned: equal ones release the same.
    pub original: LogicalPlan,
    /// Tables with restricted columns that were read.
    pub tables: BTreeSet<String>,
    /// Kinds of subject that the rows are about.
    pub kinds: BTreeSet<String>,
    /// The rows that were grouped, as they were planned.
    pub population: LogicalPlan,
    /// The keys, as they were planned.
    pub keys: Vec<Expr>,
    /// Grouping sets: groups of several levels.
    pub levels: bool,
    /// An aggregate has a condition of its own.
    pub conditional: bool,
    /// The quantiles among the aggregates.
    pub(super) quantiles: Vec<Quantile>,
    /// The way the rows were made may take one of them more often than another.
    pub multiplied: bool,
    /// Arguments of the aggregates that may be null, which leave rows out, and whether they are added up.
    pub nullable: Vec<(Expr, bool)>,
    /// The result is used as a bound of a measure only, and never shown.
    pub bound: bool,
    /// What the gate needs to count again.
    pub point: ReleasePoint,
}

/// How many different values a column under G5 has is not told through a public one either.
fn may_be_counted(call: &Call, distinct: bool) -> bool {
    let wanted = if distinct { Modes::DISTINCT } else { Modes::COUNT };
    call.args.iter().all(|arg| arg.modes.has(wanted) && (!distinct || arg.reveals.is_empty()))
}

/// Is it about differences of times?
fn of_times(call: &Call) -> bool {
    call.args.first().is_some_and(|arg| arg.modes == Modes::MEAN)
}

impl Pass<'_> {
    pub(super) fn release(
        &mut self,
        plan: &LogicalPlan,
        node: &Aggregate,
        input: Relation,
        keys: Vec<Label>,
        calls: Vec<Call>,
    ) -> Checked<Relation> {
        let exprs: Vec<Expr> =
            grouping_set_to_exprlist(&node.group_expr).map_err(internal)?.into_iter().cloned().collect();
        self.check_keys(&keys, &exprs)?;
        combine::check(self, (&node.input, input.straddled), &calls)?;
        let mut touched = input.implicit.clone();
        touched.extend(
            keys.iter().chain(calls.iter().flat_map(Call::labels)).flat_map(|label| label.atoms.iter().cloned()),
        );
        let weights = self.public_choice(&keys, &input);
        calls.iter().try_for_each(|call| self.check_call(call, weights))?;
        let input = self.somebodys(&node.input, input, &touched)?;
        let counted = self.counted(&input, &touched)?;
        let levels = levels::complete(self, self.finish_group(&node.group_expr, &input)?)?;
        let runs = node.aggr_expr.iter().map(|expr| self.finish(expr, &input)).collect::<Checked<Vec<Expr>>>()?;
        let demands_and_plan = self.demand(node, &input, (&keys, &calls), (&levels, &runs), &counted)?;
        let released = self.disclose(node, &calls, demands_and_plan)?;
        let number = self.releases.len();
        let shown = calls.iter().zip(&runs).filter_map(|(call, run)| quantile_of(call, function_of(run).ok()?));
        let quantiles = shown.collect();
        self.releases.push(Release {
            original: plan.clone(),
            tables: input.tables.clone(),
            kinds: input.hidden.iter().map(|hidden| self.whose(hidden)).collect(),
            population: node.input.as_ref().clone(),
            keys: exprs,
            levels: matches!(node.group_expr.as_slice(), [Expr::GroupingSet(_)]),
            conditional: calls.iter().any(explicit_condition),
            quantiles,
            multiplied: input.straddled != Straddled::No || combine::multiplies(self, &node.input),
            nullable: calls.iter().flat_map(leaving_out).collect(),
            bound: false,
            point: point(&input, &levels.group, &runs, &calls, &counted),
        });
        let labels = released_labels(keys, &calls, number);
        Ok(Relation {
            plan: released,
            schema: Arc::clone(&node.schema),
            labels,
            state: State::Released,
            hidden: Vec::new(),
            fixed: BTreeSet::new(),
            implicit: input.implicit,
            tables: input.tables,
            synthetic: false,
            fans: Vec::new(),
            fan_tables: BTreeSet::new(),
            straddled: Straddled::No,
            loose: None,
        })
    }

    /// Rows that an outer join keeps of a public table without anybody's beside them take no part: that they are there would tell
    /// that nobody is.
    fn somebodys(&self, population: &LogicalPlan, input: Relation, touched: &BTreeSet<Atom>) -> Checked<Relation> {
        if !self.keeps_public(population) {
            return Ok(input);
        }
        let mut present = Vec::new();
        for (hidden, _) in self.counted(&input, touched)? {
            let token = Expr::Column(hidden.column.clone());
            let is_set = token.get_type(input.plan.schema()).map_err(internal)? == DataType::Binary;
            let some = token.clone().not_eq(lit(ScalarValue::Binary(Some(Vec::new()))));
            present.push(if is_set { token.is_not_null().and(some) } else { token.is_not_null() });
        }
        let Some(present) = present.into_iter().reduce(Expr::or) else { return Ok(input) };
        let plan = Filter::try_new(present, Arc::new(input.plan)).map_err(internal)?;
        Ok(Relation { plan: LogicalPlan::Filter(plan), ..input })
    }

    /// Does an outer join keep rows of public tables alone?
    fn keeps_public(&self, plan: &LogicalPlan) -> bool {
        let public = |side: &LogicalPlan| {
            let open = |table: &String| self.policy.contract(table).is_some_and(|contract| contract.table.is_public());
            combine::scans(side).iter().all(open)
        };
        let here = match plan {
            LogicalPlan::Join(join) => match join.join_type {
                JoinType::Left => public(&join.left),
                JoinType::Right => public(&join.right),
                JoinType::Full => public(&join.left) || public(&join.right),
                _ => false,
            },
            _ => false,
        };
        here || plan.inputs().into_iter().any(|input| self.keeps_public(input))
    }

    fn check_keys(&self, keys: &[Label], exprs: &[Expr]) -> Checked<()> {
        let unfit = |(label, _): &(&Label, &Expr)| !label.is_free() && !label.modes.has(Modes::GROUP);
        let Some((label, key)) = keys.iter().zip(exprs).find(unfit) else { return Ok(()) };
        let (zh, en) = ("此列不得作为释放分组的键", "this column may not be the key of a released group");
        let help = ("按维度，或按截取到格的时间分组", "group by dimensions, or by times truncated to their grid");
        self.refuse(key, label, self.rule_of(label), zh, en, help)
    }

    /// The kind of a hidden column's subjects. Where each row is a subject of its own, those of one table are never those of
    /// another.
    fn whose(&self, hidden: &Hidden) -> String {
        let subjects = self.policy.contract(&hidden.table).map(|contract| contract.table.subjects.as_slice());
        let mut named = subjects.unwrap_or_default().iter().filter(|s| s.kind == hidden.kind);
        match named.next() {
            Some(subject) if subject.key.is_none() => format!("{} of {}", hidden.kind, hidden.table),
            _ => hidden.kind.clone(),
        }
    }

    /// The subjects whose number matters, with their thresholds.
    fn counted<'r>(&self, input: &'r Relation, touched: &BTreeSet<Atom>) -> Checked<Vec<(&'r Hidden, u32)>> {
        // Keys only say who meets whom; whatever else of the table is not public says something about its subjects.
        let telling = |atom: &Atom| !matches!(self.policy.class(atom), Some(Class::Pub | Class::Key));
        let measured = |hidden: &Hidden| {
            touched.iter().any(|atom| telling(atom) && (atom.table == hidden.table || hidden.table.is_empty()))
        };
        let mut counted: Vec<&Hidden> =
            input.hidden.iter().filter(|hidden| !hidden.when_measure || measured(hidden)).collect();
        if counted.is_empty() {
            counted = input.hidden.iter().collect();
        }
        if counted.is_empty() {
            let reason =
                Reason::new("G1", "无法确定各分组涉及的主体", "the subjects behind the groups cannot be determined");
            return deny(
                reason
                    .help("在契约中写明 yunyuSubjects", "state yunyuSubjects in the contract")
                    .place(self.text.start()),
            );
        }
        Ok(counted.into_iter().map(|hidden| (hidden, self.policy.k(&hidden.kind, touched))).collect())
    }

    /// Did public columns alone decide which rows are summed? Then public columns of the rows may be summed too. Otherwise a sum
    /// of numbers that everybody knows would tell whose they are.
    fn public_choice(&self, keys: &[Label], input: &Relation) -> bool {
        input.implicit.iter().chain(keys.iter().flat_map(|key| &key.atoms)).all(|atom| self.policy.is_public(atom))
    }

    fn check_call(&self, call: &Call, weights: bool) -> Checked<()> {
        let all = Label::derived(Modes::NONE, call.labels());
        let distinct = call.call.params.distinct;
        let bad =
            |zh: &str, en: &str, help: (&str, &str)| self.refuse(call.expr, &all, self.rule_of(&all), zh, en, help);
        let chosen = weights && call.filter.as_ref().is_none_or(Label::is_free);
        let summable =
            |label: &&Label| label.modes.has(Modes::SUM) && (!label.is_free() || chosen && self.own_public(label));
        let all_summed = !call.args.is_empty() && call.args.iter().all(|arg| summable(&arg) || is_literal(call, arg));
        match call.fold {
            Fold::Count if may_be_counted(call, distinct) => Ok(()),
            Fold::Count => bad(
                "此列不得这样计数",
                "this column may not be counted in this way",
                ("对键、行标识或维度计数", "count keys, row identifiers or dimensions"),
            ),
            Fold::Sum | Fold::Mean | Fold::Quantile if of_times(call) => match call.call.func.name() {
                "avg" | "median" => Ok(()),
                _ => bad(
                    "时间之差只能求均值或中位数",
                    "a difference of times may only be averaged or its median taken",
                    ("使用 AVG 或 MEDIAN", "use AVG or MEDIAN"),
                ),
            },
            Fold::Spread if call.args.len() > 1 && !distinct && call.args.iter().all(of_measures) => Ok(()),
            Fold::Spread if call.args.len() > 1 => bad(
                "相关只可取自两个原样的度量",
                "a correlation takes two measures as they are",
                (
                    "取同一主体的两个度量，条件写在 FILTER 或 WHERE 中",
                    "take two measures of the same subjects, with conditions in FILTER or WHERE",
                ),
            ),
            Fold::Sum | Fold::Mean | Fold::Spread if !distinct && all_summed => Ok(()),
            Fold::Quantile if !distinct && call.args.first().is_some_and(|arg| summable(&arg)) => {
                self.check_quantile(call, &all)
            }
            Fold::Sum | Fold::Mean | Fold::Spread | Fold::Quantile => bad(
                "此列不得这样汇总",
                "this column may not be summed in this way",
                ("度量须原样汇总，不加权、不相乘", "sum measures as they are, without weights or products"),
            ),
            Fold::Pick if call.call.func.name() == "approx_distinct" => bad(
                "不同值的个数须用 COUNT(DISTINCT …)",
                "different values are counted with COUNT(DISTINCT …)",
                ("使用 COUNT(DISTINCT …)", "use COUNT(DISTINCT …)"),
            ),
            Fold::Extreme | Fold::Pick => bad(
                "释放时不得取个别值（最大、最小、首、列表）",
                "a release may not pick single values (smallest, largest, first, lists)",
                (
                    "使用 COUNT、SUM、AVG、离散度、MEDIAN 或 0.05 与 0.95 之间的分位数",
                    "use COUNT, SUM, AVG, a spread, MEDIAN or a quantile between 0.05 and 0.95",
                ),
            ),
        }
    }

    fn check_quantile(&self, call: &Call, all: &Label) -> Checked<()> {
        let args = &call.call.params.args;
        let share = match args.as_slice() {
            [_] => Some(0.5),
            [_, share] => constant(share).and_then(number),
            _ => None,
        };
        let value = &call.args[0];
        // Unrounded, a quantile would be somebody's value; of counts and other dimensions it may be.
        let gridless = !value.is_free() && !value.modes.has(Modes::GROUP) && value.grid.is_none();
        if share.is_some_and(|share| (0.05..=0.95).contains(&share)) && !gridless && !is_negated(&args[0]) {
            return Ok(());
        }
        let help = (
            "对有格的度量取 0.05 与 0.95 之间的分位数",
            "take a quantile between 0.05 and 0.95 of a measure with a grid",
        );
        self.refuse(call.expr, all, self.rule_of(all), "不得取此分位数", "this quantile may not be taken", help)
    }

    /// A public column of a table about subjects, as it stands: may be summed like a measure. Columns of reference tables may not:
    /// chosen as weights they would carry the make-up of a group.
    fn own_public(&self, label: &Label) -> bool {
        let own = |atom: &Atom| self.policy.contract(&atom.table).is_some_and(|contract| !contract.table.is_public());
        label.transform == Transform::Identity && !label.atoms.is_empty() && label.atoms.iter().all(own)
    }

    /// The release operator above the aggregate, and above it the columns under their names.
    fn disclose(
        &self,
        node: &Aggregate,
        calls: &[Call],
        (aggregate, demands): (LogicalPlan, Demands),
    ) -> Checked<LogicalPlan> {
        let shown = (0..demands.visible).map(|at| {
            let (qualifier, field) = aggregate.schema().qualified_field(at);
            // Cells may be blanked.
            (qualifier.cloned(), Arc::new(field.as_ref().clone().with_nullable(true)))
        });
        let schema = DFSchema::new_with_metadata(shown.collect(), Default::default()).map_err(internal)?;
        let schema = Arc::new(schema);
        let keys = demands.keys;
        let number = self.releases.len();
        let operator = Disclose { input: aggregate, demands: Arc::new(demands), schema: Arc::clone(&schema), number };
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(operator) });
        let mut exprs = Vec::new();
        for (at, column) in schema.columns().into_iter().enumerate() {
            let (qualifier, field) = node.schema.qualified_field(at);
            let call = at.checked_sub(keys).and_then(|at| calls.get(at));
            exprs.push(named(rounded(column.clone(), call, &schema)?, &column, qualifier, field.name()));
        }
        let plan = Projection::try_new(exprs, Arc::new(plan)).map_err(internal)?;
        Ok(LogicalPlan::Projection(plan))
    }
}

/// A measure as it stands, or a sum or difference of some: something to correlate. What the query's author can choose (public
/// columns, conditions, constants, counts) would be a weight.
fn of_measures(label: &Label) -> bool {
    !label.is_free() && label.condition == Condition::None && label.modes.has(Modes::ADD)
}

/// Does the expression turn the order of values around?
fn is_negated(expr: &Expr) -> bool {
    expr.exists(|part| Ok(matches!(part, Expr::Negative(_)))).unwrap_or(true)
}

/// Does the aggregate carry a condition that the query states (FILTER, CASE)?
fn explicit_condition(call: &Call) -> bool {
    call.filter.is_some() || call.args.iter().any(|arg| arg.condition != Condition::None)
}

/// Arguments of an aggregate that may be null.
fn leaving_out<'c>(call: &'c Call) -> impl Iterator<Item = (Expr, bool)> + use<'c> {
    let sums = matches!(call.fold, Fold::Sum | Fold::Mean | Fold::Spread);
    let args = call.call.params.args.iter().zip(&call.nullable).filter(|(_, null)| **null);
    args.map(move |(arg, _)| (arg.clone(), sums))
}

/// Quantiles are shown on the measure's grid: otherwise they would be somebody's value.
fn rounded(column: Column, call: Option<&Call>, schema: &Arc<DFSchema>) -> Checked<Expr> {
    let column = Expr::Column(column);
    let value = call.filter(|call| call.fold == Fold::Quantile).and_then(|call| call.args.first());
    let step = match value {
        Some(label) if label.modes == Modes::MEAN => SECONDS,
        Some(Label { grid: Some(Grid::Number(step)), .. }) => *step,
        _ => return Ok(column),
    };
    let kind = column.get_type(schema.as_ref()).map_err(internal)?;
    let value = round(vec![cast(column, DataType::Float64) / lit(step)]) * lit(step);
    Ok(if kind == DataType::Float64 { value } else { cast(value, kind) })
}

fn named(expr: Expr, column: &Column, qualifier: Option<&TableReference>, name: &str) -> Expr {
    let same = matches!(&expr, Expr::Column(_)) && column.relation.as_ref() == qualifier && column.name == name;
    if same { expr } else { expr.alias_qualified(qualifier.cloned(), name) }
}

/// Is the argument with that label written as a literal?
fn is_literal(call: &Call, label: &Label) -> bool {
    let at = call.args.iter().position(|other| std::ptr::eq(other, label));
    at.and_then(|at| call.call.params.args.get(at)).and_then(constant).is_some()
}

/// Released columns may be used for anything.
fn released_labels(keys: Vec<Label>, calls: &[Call], number: usize) -> Vec<Label> {
    let free = |label: Label| Label {
        modes: Modes::ALL,
        from_release: true,
        atoms: label.atoms,
        transform: label.transform,
        ..Label::constant()
    };
    let keys = keys.into_iter().enumerate().map(|(at, key)| Label { released_key: Some((number, at)), ..free(key) });
    let measures = calls.iter().enumerate().map(|(at, call)| {
        let folded = Label { transform: Transform::Aggregate, ..Label::derived(Modes::ALL, call.labels()) };
        let bound = matches!(call.fold, Fold::Mean | Fold::Quantile)
            && call.args.first().is_some_and(|arg| arg.modes.has(Modes::ADD));
        Label { released_measure: Some((number, at)), released_as_is: bound, ..free(folded) }
    });
    keys.chain(measures).collect()
}

/// What the gate needs to count again.
fn point(input: &Relation, group: &[Expr], runs: &[Expr], calls: &[Call], counted: &[(&Hidden, u32)]) -> ReleasePoint {
    let subjects = counted.iter().map(|(hidden, k)| SubjectCount {
        kind: hidden.kind.clone(),
        token: Expr::Column(hidden.column.clone()),
        k: u64::from(*k),
    });
    let measures = runs.iter().zip(calls).filter_map(|(run, call)| {
        let function = function_of(run).ok()?;
        let kind = match call.fold {
            Fold::Count => MeasureKind::Count,
            Fold::Sum => MeasureKind::Sum,
            Fold::Mean => MeasureKind::Avg,
            Fold::Spread | Fold::Quantile | Fold::Extreme | Fold::Pick => MeasureKind::Other,
        };
        let value = function.params.args.first().filter(|arg| !matches!(arg, Expr::Literal(..))).cloned();
        Some(Measure { output: None, kind, value, filter: function.params.filter.as_deref().cloned() })
    });
    // With grouping sets the keys of the finest level are named; rows of other levels do not match them, and the gate says so.
    let exprs: Vec<Expr> =
        grouping_set_to_exprlist(group).map_or_else(|_| group.to_vec(), |exprs| exprs.into_iter().cloned().collect());
    let keys_in_output = vec![None; exprs.len()];
    ReleasePoint {
        input: input.plan.clone(),
        group: exprs,
        subjects: subjects.collect(),
        measures: measures.collect(),
        keys_in_output,
    }
}
