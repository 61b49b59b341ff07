//! Window functions: free over public and released rows; over restricted rows only within one subject (N2).

use std::sync::Arc;

use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionDefinition};
use datafusion::logical_expr::{Expr, LogicalPlan, Window};

use super::aggregate::{are_counts, counts};
use super::blame::internal;
use super::compare::constant;
use super::{Pass, Relation, State};
use crate::engine::functions::{Fold, fold, is_rank, is_window};
use crate::engine::label::{Condition, Label, Modes};
use crate::engine::verdict::{Checked, Transform};

impl Pass<'_> {
    pub(super) fn window(&mut self, node: &Window) -> Checked<Relation> {
        let mut input = self.analyse(&node.input)?;
        let mut exprs = Vec::new();
        for expr in &node.window_expr {
            let label = self.window_expr(expr, &input)?;
            self.meet_release(&label, &mut input);
            if !label.is_free() {
                // The order in which rows come out of such a window tells of it.
                input.state = State::Raw;
            }
            // What a window adds depends on which rows share its partition.
            input.labels.push(label);
            exprs.push(self.finish(expr, &input)?);
        }
        self.note_failing(&mut input);
        let plan = Window::try_new(exprs, Arc::new(input.plan)).map_err(internal)?;
        // Hidden columns come before the window's own: names, not places, tell columns apart.
        Ok(Relation { plan: LogicalPlan::Window(plan), schema: Arc::clone(&node.schema), ..input })
    }

    fn window_expr(&mut self, expr: &Expr, from: &Relation) -> Checked<Label> {
        let inner = match expr {
            Expr::Alias(alias) => &alias.expr,
            other => other,
        };
        let Expr::WindowFunction(call) = inner else {
            return self.refuse(
                expr,
                &Label::constant(),
                "N1",
                "不接受的窗口形式",
                "this form of window is not accepted",
                ("使用普通的窗口函数", "use a plain window function"),
            );
        };
        let (mut parts, mut partition, mut order) = (Vec::new(), Vec::new(), Vec::new());
        for part in &call.params.partition_by {
            partition.push(self.label(part, from)?);
        }
        for part in &call.params.order_by {
            order.push(self.label(&part.expr, from)?);
        }
        for part in call.params.args.iter().chain(call.params.filter.as_deref()) {
            parts.push(self.label(part, from)?);
        }
        let name = call.fun.name().to_lowercase();
        let known = match &call.fun {
            WindowFunctionDefinition::AggregateUDF(_) => fold(&name).is_some(),
            WindowFunctionDefinition::WindowUDF(_) => is_window(&name),
        };
        let all: Vec<Label> = partition.iter().chain(&order).chain(&parts).cloned().collect();
        let free = all.iter().all(Label::is_free) && !from.is_raw();
        if !known {
            return self.refuse(
                expr,
                &Label::join(&all),
                "N8",
                "未登记的窗口函数",
                "the window function is not on the allow-list",
                ("使用登记在册的函数", "use an allow-listed function"),
            );
        }
        if free {
            return Ok(Label { transform: Transform::Aggregate, ..Label::join(&all) });
        }
        self.within_subject((expr, from), call, &name, &[partition, order, parts])
    }

    /// Windows over restricted rows keep to one subject, and do not number its rows by chance.
    fn check_window(&self, expr: &Expr, call: &WindowFunction, name: &str, labels: &[Vec<Label>; 3]) -> Checked<()> {
        let [partition, order, parts] = labels;
        let all = || partition.iter().chain(order).chain(parts);
        let by_subject = partition.iter().any(|label| label.subject.is_some())
            && partition.iter().all(|label| label.modes.has(Modes::INNER_KEY));
        if !by_subject {
            let help = (
                "按主体的键分区，或在已释放的分组上使用窗口",
                "partition by the subject's key, or use the window over released groups",
            );
            let label = Label::derived(Modes::NONE, all());
            return self.refuse(
                expr,
                &label,
                "N2",
                "受限行上的窗口须按主体分区",
                "a window over restricted rows must be partitioned by the subject's key",
                help,
            );
        }
        if let Some(label) = all().find(|label| label.spread) {
            let help = ("只用一层窗口，或先按主体分组", "use one window, or group by the subject first");
            return self.refuse(
                expr,
                label,
                "N2",
                "受限行上的窗口结果不得再作窗口",
                "what a window over restricted rows gives may not stand in a window again",
                help,
            );
        }
        if let Some(label) = order.iter().find(|label| !label.modes.has(Modes::ORDER)) {
            let help = ("按维度或时间排序", "order by a dimension or a time");
            return self.refuse(expr, label, "N2", "不得按此列排序", "rows may not be ordered by this column", help);
        }
        if order.is_empty() && (is_rank(name) || !whole(call)) {
            let help = ("窗口内按维度或时间排序", "order the window by a dimension or a time");
            let label = Label::derived(Modes::NONE, all());
            return self.refuse(
                expr,
                &label,
                "N2",
                "受限行不得按偶然的次序编号",
                "restricted rows may not be numbered by chance",
                help,
            );
        }
        Ok(())
    }

    fn within_subject(
        &mut self,
        (expr, from): (&Expr, &Relation),
        call: &WindowFunction,
        name: &str,
        labels: &[Vec<Label>; 3],
    ) -> Checked<Label> {
        self.check_window(expr, call, name, labels)?;
        let [partition, order, parts] = labels;
        let all = || partition.iter().chain(order).chain(parts);
        let base = |modes| Label { transform: Transform::Aggregate, ..Label::derived(modes, all()) };
        let spread = |modes| Label { spread: true, ..base(modes) };
        let literal = call.params.args.first().and_then(constant);
        let missing = call.params.args.iter().map(|arg| self.may_be_null(arg, from));
        let missing = missing.collect::<Checked<Vec<bool>>>()?.contains(&true);
        match (fold(name), parts.as_slice()) {
            _ if is_rank(name) => Ok(base(Modes::RANK.or(Modes::LIT_EQ).or(Modes::LIT_RANGE))),
            // A running count is a rank.
            (Some(Fold::Count), _) if !order.is_empty() => Ok(base(Modes::RANK.or(Modes::LIT_EQ).or(Modes::LIT_RANGE))),
            (Some(Fold::Count), args)
                if call.params.filter.is_none()
                    && args.iter().all(|label| label.modes.has(Modes::COUNT) && label.condition == Condition::None) =>
            {
                // Values may be missing: which rows were counted can no longer be told apart.
                let condition = if missing { Condition::ElseNothing } else { Condition::None };
                Ok(Label { condition, ..spread(Modes::DIM.or(Modes::SUM)) })
            }
            (Some(Fold::Sum | Fold::Mean), [value])
                if value.modes.has(Modes::SUM) && value.condition == Condition::None =>
            {
                let modes = match value.is_free() {
                    true if literal.is_some_and(counts) => Modes::DIM.or(Modes::SUM),
                    true => Modes::DIM,
                    false => value.modes,
                };
                let missing = missing && value.atoms.len() > 1;
                let condition = if missing { Condition::ElseNothing } else { Condition::None };
                Ok(Label { grid: value.grid, condition, ..spread(modes) })
            }
            (Some(Fold::Extreme), [value]) if value.modes.has(Modes::EXTREME) => {
                let modes = match value.is_free() {
                    true => Modes::DIM,
                    false if are_counts(&value.condition) => value.modes,
                    false => value.modes.without(Modes::SUM),
                };
                let condition = match value.condition {
                    Condition::None => Condition::None,
                    _ => Condition::ElseNothing,
                };
                Ok(Label { grid: value.grid, condition, ..base(modes) })
            }
            _ => self.not_within_subject(expr, labels),
        }
    }

    fn not_within_subject(&self, expr: &Expr, labels: &[Vec<Label>; 3]) -> Checked<Label> {
        let label = Label::derived(Modes::NONE, labels.iter().flatten());
        let help = (
            "计数、对度量求和，或取维度、时间的最小与最大",
            "count, sum measures, or take the smallest or largest dimension or time",
        );
        let (zh, en) = ("受限行上不得用此窗口函数", "this window function is not permitted over restricted rows");
        self.refuse(expr, &label, "N2", zh, en, help)
    }
}

/// Does the window take the whole partition for every row?
fn whole(call: &WindowFunction) -> bool {
    let frame = &call.params.window_frame;
    frame.start_bound.is_unbounded() && frame.end_bound.is_unbounded()
}
