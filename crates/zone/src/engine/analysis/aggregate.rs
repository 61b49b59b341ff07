//! Groupings: over public or released rows, per subject below a release, or the release itself.

use std::sync::Arc;

use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::expr::GroupingSet;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Aggregate, Expr, ExprSchemable, LogicalPlan, Projection};

use super::blame::internal;
use super::compare::{constant, number};
use super::relation::{Hidden, Straddled};
use super::{Pass, Relation};
use crate::engine::functions::{Fold, fold};
use crate::engine::label::{Condition, Label, Modes};
use crate::engine::verdict::{Checked, Reason, Transform, deny};
use crate::engine::{classes, subjects};

/// An aggregate with the labels of its parts.
pub(super) struct Call<'e> {
    /// The expression as it stands in the node.
    pub expr: &'e Expr,
    /// The function call.
    pub call: &'e AggregateFunction,
    /// What it does.
    pub fold: Fold,
    /// Labels of its arguments.
    pub args: Vec<Label>,
    /// Which arguments may be null, though no condition is written.
    pub nullable: Vec<bool>,
    /// Label of its filter.
    pub filter: Option<Label>,
}

impl Call<'_> {
    /// All labels.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.args.iter().chain(&self.filter)
    }
}

/// Constants of which each counts a row or leaves it out. Others are weights: folded per subject they would carry several counts
/// in one sum.
pub(super) fn are_counts(condition: &Condition) -> bool {
    matches!(condition, Condition::Constants(constants) if constants.iter().all(counts))
}

/// A constant that counts a row or leaves it out.
pub(super) fn counts(value: &ScalarValue) -> bool {
    value.is_null() || number(value).is_some_and(|number| number == 0.0 || number == 1.0)
}

impl Pass<'_> {
    pub(super) fn aggregate(&mut self, plan: &LogicalPlan, node: &Aggregate) -> Checked<Relation> {
        let mut input = self.analyse(&node.input)?;
        let sets = matches!(node.group_expr.as_slice(), [Expr::GroupingSet(_)]);
        let exprs = grouping_set_to_exprlist(&node.group_expr).map_err(internal)?;
        let mut keys = exprs.iter().map(|key| self.label(key, &input)).collect::<Checked<Vec<Label>>>()?;
        // The number that tells the levels of grouping sets apart follows the keys.
        keys.extend(sets.then(Label::constant));
        let calls =
            node.aggr_expr.iter().map(|expr| self.aggregate_call(expr, &input)).collect::<Checked<Vec<Call>>>()?;
        let free = keys.iter().chain(calls.iter().flat_map(Call::labels)).all(Label::is_free);
        if free && !input.is_raw() {
            let labels = keys.iter().chain(calls.iter().flat_map(Call::labels));
            labels.for_each(|label| self.meet_release(label, &mut input));
            self.note_failing(&mut input);
            return self.open_aggregate(node, input, &keys, &calls);
        }
        // What may fail inside an aggregate is as bad as below it.
        self.note_failing(&mut input);
        let only_keys = calls.is_empty() && keys.iter().all(|key| key.modes.has(Modes::EQJOIN) && !key.is_free());
        // One row per key alone: however often it was there.
        if let Some(reason) = input.loose.take_if(|reason| !only_keys || reason.rule == "N3") {
            return Err(reason);
        }
        input.loose = None;
        if keys.iter().any(|key| key.modes.has(Modes::EQJOIN) && !key.is_free()) {
            if sets {
                let (expr, label) = (exprs[0], Label::derived(Modes::NONE, &keys));
                let help = ("只按键分组", "group by the key alone");
                return self.refuse(
                    expr,
                    &label,
                    "KEY",
                    "键不得带小计分组",
                    "keys may not be grouped with subtotals",
                    help,
                );
            }
            return self.per_subject(node, input, keys, &calls);
        }
        self.release(plan, node, input, keys, calls)
    }

    pub(super) fn aggregate_call<'e>(&mut self, expr: &'e Expr, input: &Relation) -> Checked<Call<'e>> {
        let inner = match expr {
            Expr::Alias(alias) => &alias.expr,
            other => other,
        };
        let Expr::AggregateFunction(call) = inner else {
            return deny(
                Reason::new("N1", "不接受的聚合形式", "this form of aggregate is not accepted")
                    .place(self.text.start()),
            );
        };
        let name = call.func.name();
        let Some(fold) = fold(name) else {
            let (zh, en) =
                (format!("未登记的聚合函数 {name}"), format!("the aggregate {name} is not on the allow-list"));
            return deny(Reason::new("N8", zh, en).place(self.text.find(name)).place(self.text.start()));
        };
        let args = call.params.args.iter().map(|arg| self.label(arg, input)).collect::<Checked<Vec<Label>>>()?;
        for order in &call.params.order_by {
            let label = self.label(&order.expr, input)?;
            if !label.is_free() && !call.params.args.contains(&order.expr) {
                let help = ("去掉聚合内的排序", "leave out the order inside the aggregate");
                return self.refuse(
                    &order.expr,
                    &label,
                    "N6",
                    "聚合内不得按此列排序",
                    "an aggregate may not be ordered by this column",
                    help,
                );
            }
        }
        let filter = match &call.params.filter {
            Some(filter) => Some(self.label(filter, input)?),
            None => None,
        };
        if let (Some(label), Some(filter)) = (&filter, &call.params.filter)
            && !label.is_free()
            && !label.modes.has(Modes::LIT_EQ)
        {
            return self.refuse(
                filter,
                label,
                "N7",
                "此列不得用作条件",
                "this column may not be a condition",
                ("用维度与字面值比较", "compare a dimension with a literal"),
            );
        }
        let nullable =
            call.params.args.iter().map(|arg| self.may_be_null(arg, input)).collect::<Checked<Vec<bool>>>()?;
        Ok(Call { expr, call, fold, args, nullable, filter })
    }

    /// May an argument be null on some rows? Which rows an aggregate takes is then a condition that nobody wrote.
    pub(super) fn may_be_null(&self, arg: &Expr, input: &Relation) -> Checked<bool> {
        let runs = self.finish(arg, input)?;
        Ok(constant(arg).is_none() && runs.nullable(input.plan.schema()).map_err(internal)?)
    }

    /// Does an aggregate leave out rows that another one of the same records may take? A number of values leaves out those that
    /// have none, and so does a sum of several columns; a number of different dimensions is no number of rows.
    fn leaves_out(&self, call: &Call) -> bool {
        let distinct = call.call.params.distinct;
        let tells = |arg: &Label| match call.fold {
            Fold::Count => !(distinct && arg.modes.has(Modes::GROUP)),
            _ => arg.atoms.len() > 1,
        };
        call.args.iter().zip(&call.nullable).any(|(arg, null)| *null && tells(arg))
    }

    /// Over public or released rows nothing is restricted.
    fn open_aggregate(
        &mut self,
        node: &Aggregate,
        input: Relation,
        keys: &[Label],
        calls: &[Call],
    ) -> Checked<Relation> {
        let mut labels = keys.to_vec();
        labels.extend(
            calls.iter().map(|call| Label {
                transform: Transform::Aggregate,
                ..Label::join(call.labels().collect::<Vec<_>>())
            }),
        );
        labels.iter_mut().for_each(|label| label.subject = None);
        let group = self.finish_group(&node.group_expr, &input)?;
        let aggregates = node.aggr_expr.iter().map(|expr| self.finish(expr, &input)).collect::<Checked<Vec<Expr>>>()?;
        let plan = Aggregate::try_new(Arc::new(input.plan.clone()), group, aggregates).map_err(internal)?;
        let plan = LogicalPlan::Aggregate(plan);
        Ok(Relation { plan, schema: Arc::clone(&node.schema), labels, hidden: Vec::new(), fans: Vec::new(), ..input })
    }

    /// Grouping expressions as they will run; grouping sets are rewritten inside.
    pub(super) fn finish_group(&self, group: &[Expr], input: &Relation) -> Checked<Vec<Expr>> {
        let finish = |exprs: &[Expr]| exprs.iter().map(|expr| self.finish(expr, input)).collect::<Checked<Vec<Expr>>>();
        match group {
            [Expr::GroupingSet(GroupingSet::Rollup(keys))] => {
                Ok(vec![Expr::GroupingSet(GroupingSet::Rollup(finish(keys)?))])
            }
            [Expr::GroupingSet(GroupingSet::Cube(keys))] => {
                Ok(vec![Expr::GroupingSet(GroupingSet::Cube(finish(keys)?))])
            }
            [Expr::GroupingSet(GroupingSet::GroupingSets(sets))] => {
                let sets = sets.iter().map(|keys| finish(keys)).collect::<Checked<Vec<Vec<Expr>>>>()?;
                Ok(vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))])
            }
            keys => finish(keys),
        }
    }

    /// Grouped by a key, below a later release: nothing comes out yet, and the groups carry the sets of their subjects.
    fn per_subject(
        &mut self,
        node: &Aggregate,
        input: Relation,
        mut keys: Vec<Label>,
        calls: &[Call],
    ) -> Checked<Relation> {
        for (key, expr) in keys.iter().zip(&node.group_expr) {
            if !key.modes.has(Modes::INNER_KEY) {
                let help = ("按键、维度与时间分组", "group by keys, dimensions and times");
                return self.refuse(
                    expr,
                    key,
                    self.rule_of(key),
                    "不得按此列分组",
                    "this column may not be a grouping key",
                    help,
                );
            }
        }
        let single = |hidden: &Hidden| {
            keys.iter().any(|key| key.subject.as_ref().is_some_and(|s| s.scan == hidden.scan && s.kind == hidden.kind))
        };
        if !input.hidden.iter().any(single) {
            self.check_shared(calls)?;
        }
        let folded = calls.iter().map(|call| self.fold_per_subject(call)).collect::<Checked<Vec<Label>>>()?;
        let set = subjects::subject_set(self.policy.largest_k());
        let only = subjects::only_subject();
        let tokens = input.hidden.iter().map(|hidden| {
            let function = if single(hidden) { &only } else { &set };
            function.call(vec![Expr::Column(hidden.column.clone())])
        });
        let group = node.group_expr.iter().map(|key| self.finish(key, &input)).collect::<Checked<Vec<Expr>>>()?;
        let mut aggregates =
            node.aggr_expr.iter().map(|expr| self.finish(expr, &input)).collect::<Checked<Vec<Expr>>>()?;
        aggregates.extend(tokens);
        let classes = match calls.is_empty() && node.group_expr.len() == 1 {
            // One row per key: however often it was there.
            true => Vec::new(),
            false => self.classes(&input, &node.group_expr, &node.aggr_expr.iter().collect::<Vec<&Expr>>())?,
        };
        let multiplied = !classes.is_empty();
        aggregates.extend(multiplied.then(|| classes::pattern().call(classes)));
        let grouped = Aggregate::try_new(Arc::new(input.plan.clone()), group, aggregates).map_err(internal)?;
        let (plan, hidden, fans) = self.rename(node, grouped, &input.hidden, multiplied)?;
        let straddled = match keys.len() {
            1 => Straddled::No,
            _ if keys.iter().any(|key| key.subject.is_some()) => input.straddled.max(Straddled::Countable),
            _ => Straddled::Unseen,
        };
        keys.extend(folded);
        let (schema, state) = (Arc::clone(&node.schema), super::State::Raw);
        Ok(Relation { plan, schema, labels: keys, hidden, state, fans, straddled, ..input })
    }

    /// Groups that are nobody's own (a household's, a doctor's): all of their subjects stand behind what one of them decides by a
    /// condition or an extreme value, and would hide that one.
    fn check_shared(&self, calls: &[Call]) -> Checked<()> {
        // One member's value makes a number of values differ, and so does one member's lack of one.
        let decides = |call: &Call, arg: &Label, null: bool| {
            let counted = !arg.is_free() && !arg.modes.has(Modes::EQJOIN) && call.fold == Fold::Count;
            arg.condition != Condition::None || counted && (null || call.call.params.distinct)
        };
        let chosen = |call: &&Call| {
            call.fold == Fold::Extreme
                || call.filter.is_some()
                || call.args.iter().zip(&call.nullable).any(|(arg, null)| decides(call, arg, *null))
        };
        let Some(call) = calls.iter().find(chosen) else { return Ok(()) };
        let label = Label::derived(Modes::NONE, call.labels());
        let help = (
            "按主体自己的键分组，或把条件写在 WHERE 中",
            "group by the subject's own key, or put the condition in WHERE",
        );
        let (zh, en) = (
            "按他人的键分组时，不得按条件聚合或取极值",
            "grouped by a key that is no subject's own, values may not be folded under a condition or to an extreme",
        );
        self.refuse(call.expr, &label, "G2", zh, en, help)
    }

    /// The grouping under its names, its hidden columns under new ones.
    fn rename(
        &mut self,
        node: &Aggregate,
        grouped: Aggregate,
        of: &[Hidden],
        multiplied: bool,
    ) -> Checked<(LogicalPlan, Vec<Hidden>, Vec<Column>)> {
        let visible = node.schema.fields().len();
        let mut exprs: Vec<Expr> = node.schema.columns().into_iter().map(Expr::Column).collect();
        let (mut hidden, mut fans) = (Vec::new(), Vec::new());
        for (column, of) in grouped.schema.columns().into_iter().skip(visible).zip(of) {
            self.scans += 1;
            let name = format!("{}{}_{}", crate::contract::SUBJECT_PREFIX, of.kind, self.scans);
            exprs.push(Expr::Column(column).alias(&name));
            hidden.push(Hidden { column: Column::from_name(name), ..of.clone() });
        }
        if let Some(column) = grouped.schema.columns().pop().filter(|_| multiplied) {
            self.scans += 1;
            let name = format!("__fan_{}", self.scans);
            exprs.push(Expr::Column(column).alias(&name));
            fans.push(Column::from_name(name));
        }
        let plan = Projection::try_new(exprs, Arc::new(LogicalPlan::Aggregate(grouped))).map_err(internal)?;
        Ok((LogicalPlan::Projection(plan), hidden, fans))
    }

    /// Label of an aggregate per subject.
    fn fold_per_subject(&mut self, call: &Call) -> Checked<Label> {
        // A condition below the release: which rows it took can no longer be told apart there.
        let distinct = call.call.params.distinct;
        let leaves_out = self.leaves_out(call);
        let conditional =
            leaves_out || call.filter.is_some() || call.args.iter().any(|arg| arg.condition != Condition::None);
        let condition = if conditional { Condition::ElseNothing } else { Condition::None };
        let base = |modes: Modes| Label {
            transform: Transform::Aggregate,
            condition: condition.clone(),
            spread: false,
            ..Label::derived(modes, call.labels())
        };
        let literal = call.call.params.args.first().and_then(constant);
        match (call.fold, call.args.as_slice()) {
            (Fold::Count, args) if args.iter().all(|arg| arg.modes.has(Modes::COUNT)) => {
                let countable =
                    !distinct || args.iter().all(|arg| arg.modes.has(Modes::DISTINCT) || arg.modes.has(Modes::ORDER));
                if countable {
                    // A number of different values is no number of rows: summed, it tells that somebody has another one.
                    let values = distinct && args.iter().any(|arg| arg.modes.has(Modes::ORDER));
                    return Ok(base(if values { Modes::DIM } else { Modes::DIM.or(Modes::SUM) }));
                }
            }
            (Fold::Sum | Fold::Mean, [value]) if value.modes.has(Modes::SUM) && !distinct && !value.spread => {
                return Ok(match &value.condition {
                    // Zeros and ones count rows.
                    condition if are_counts(condition) => base(Modes::DIM.or(Modes::SUM)),
                    Condition::None if literal.is_some_and(counts) => base(Modes::DIM.or(Modes::SUM)),
                    Condition::Constants(_) => base(Modes::DIM),
                    _ if value.is_free() => base(Modes::DIM),
                    _ => Label {
                        grid: value.grid,
                        ..base(value.modes.and(Modes::of_class(crate::contract::Class::Mea)))
                    },
                });
            }
            (Fold::Extreme, [value]) if value.modes.has(Modes::EXTREME) && !value.is_free() => {
                let modes = if are_counts(&value.condition) { value.modes } else { value.modes.without(Modes::SUM) };
                return Ok(Label { grid: value.grid, derive: value.derive.clone(), ..base(modes) });
            }
            (Fold::Extreme, [value]) if value.is_free() => return Ok(base(Modes::DIM)),
            _ => {}
        }
        let label = Label::derived(Modes::NONE, call.labels());
        let help = (
            "按主体可用：COUNT，度量的 SUM 与 AVG，维度与时间的 MIN 与 MAX",
            "per subject: COUNT, SUM and AVG of measures, MIN and MAX of dimensions and times",
        );
        self.refuse(
            call.expr,
            &label,
            self.rule_of(&label),
            "按主体不得这样聚合该列",
            "this column may not be folded in this way per subject",
            help,
        )
    }
}
