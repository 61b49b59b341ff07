//! Labels of expressions: what a computed value may be used for.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, LogicalPlan, Operator, Subquery, TryCast};

use super::blame::internal;
use super::compare::constant;
use super::types::{is_long, is_text, may_fail, never_fails, way_out};
use super::{Pass, Relation, State};
use crate::contract::Grid;
use crate::engine::label::{Condition, Label, Modes};
use crate::engine::verdict::{Checked, Reason, deny};

impl Pass<'_> {
    /// Label of an expression over a relation. Refuses what its columns do not permit.
    pub(super) fn label(&mut self, expr: &Expr, from: &Relation) -> Checked<Label> {
        #[expect(deprecated, reason = "the match is exhaustive on purpose")]
        match expr {
            Expr::Column(column) => self.column(expr, column, from),
            Expr::Alias(alias) => self.label(&alias.expr, from),
            Expr::Literal(value, _) if is_long(&value.data_type()) && !from.is_open() => {
                self.long_decimal(expr, Label::constant(), from)
            }
            Expr::Literal(..) => Ok(Label::constant()),
            Expr::BinaryExpr(binary) => self.binary(expr, binary, from),
            Expr::Not(inner)
            | Expr::IsTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsNotUnknown(inner) => self.truth(expr, &[inner], from),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => self.null_test(inner, from),
            Expr::Negative(inner) => self.negative(expr, inner, from),
            Expr::Between(between) => self.between(between, from),
            Expr::InList(list) => self.in_list(list, from),
            Expr::Like(like) | Expr::SimilarTo(like) => {
                self.pattern(expr, like, matches!(expr, Expr::SimilarTo(_)), from)
            }
            Expr::Case(case) => self.case(expr, case, from),
            Expr::Cast(Cast { expr: inner, field }) => self.cast(expr, inner, field.data_type(), from),
            Expr::TryCast(TryCast { expr: inner, field }) => self.cast(expr, inner, field.data_type(), from),
            Expr::ScalarFunction(call) => self.call(expr, call, from),
            Expr::ScalarSubquery(subquery) => self.scalar_subquery(expr, subquery, from),
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) => self.unknown(expr),
            Expr::InSubquery(_) | Expr::Exists(_) | Expr::SetComparison(_) => self.unknown(expr),
            Expr::OuterReferenceColumn(..) => self.unknown(expr),
            Expr::ScalarVariable(..)
            | Expr::Wildcard { .. }
            | Expr::GroupingSet(_)
            | Expr::Placeholder(_)
            | Expr::Unnest(_)
            | Expr::HigherOrderFunction(_)
            | Expr::Lambda(_)
            | Expr::LambdaVariable(_) => self.unknown(expr),
        }
    }

    fn unknown(&self, expr: &Expr) -> Checked<Label> {
        let reason = Reason::new("N1", "不接受的表达式形式", "this form of expression is not accepted");
        deny(
            reason
                .help("写成连接或简单的表达式", "write it as a join or a simple expression")
                .place(self.place(expr))
                .place(self.text.start()),
        )
    }

    /// A column that is used, not only carried.
    fn column(&mut self, expr: &Expr, column: &Column, from: &Relation) -> Checked<Label> {
        let label = self.carry(column, from)?;
        if label.modes == Modes::NONE {
            let locked = label.atoms.iter().any(|atom| self.policy.class(atom).is_some());
            let (zh, en) = match locked {
                true => ("此列在此处不得有任何使用", "no use of this column is permitted here"),
                false => ("此列没有披露类别，不得使用", "this column has no disclosure class and permits no use"),
            };
            return self.refuse(
                expr,
                &label,
                "LOCK",
                zh,
                en,
                ("去掉该列；它只可随行带过并丢弃", "leave the column out; it may only be carried and dropped"),
            );
        }
        self.used.extend(label.atoms.iter().cloned());
        if label.is_free() && !from.is_open() && is_long(&expr.get_type(from.schema.as_ref()).map_err(internal)?) {
            return self.long_decimal(expr, label, from);
        }
        Ok(label)
    }

    /// A decimal of many digits beside restricted columns: fine over public rows, unless they turn out to be somebody's.
    fn long_decimal(&mut self, expr: &Expr, label: Label, from: &Relation) -> Checked<Label> {
        if from.is_raw() || !label.is_free() {
            let (zh, en) = ("受限行上的小数位数过多", "a decimal over restricted rows has too many digits");
            let help = ("总位数至多 22，或用 DOUBLE", "use at most 22 digits in all, or DOUBLE");
            return self.refuse(expr, &label, "N3", zh, en, help);
        }
        self.failing |= from.state == State::Public;
        Ok(label)
    }

    fn binary(&mut self, expr: &Expr, binary: &BinaryExpr, from: &Relation) -> Checked<Label> {
        use Operator::{
            And, Divide, Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or,
            Plus, StringConcat,
        };
        match binary.op {
            And | Or => self.truth(expr, &[&binary.left, &binary.right], from),
            Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom => {
                self.compare(binary.op, &binary.left, &binary.right, from)
            }
            Plus | Minus | Multiply | Divide | Modulo | StringConcat => self.arithmetic(expr, binary, from),
            _ => {
                let (left, right) = (self.label(&binary.left, from)?, self.label(&binary.right, from)?);
                // Patterns and bit operations: their time and failures are not reviewed.
                self.only_free(expr, &[&left, &right], from, true)
            }
        }
    }

    fn arithmetic(&mut self, expr: &Expr, binary: &BinaryExpr, from: &Relation) -> Checked<Label> {
        if let Some(label) = self.band(expr, binary, from)? {
            return Ok(label);
        }
        let (left, right) = (self.label(&binary.left, from)?, self.label(&binary.right, from)?);
        if left.is_free() && right.is_free() {
            let fallible = may_fail(binary, from)?;
            let label = self.only_free(expr, &[&left, &right], from, fallible)?;
            let growth = match binary.op {
                Operator::StringConcat => left.growth.saturating_add(right.growth),
                _ => label.growth,
            };
            return self.grown(expr, label, growth);
        }
        let sum = matches!(binary.op, Operator::Plus | Operator::Minus);
        let plain = left.condition == Condition::None && right.condition == Condition::None;
        if sum
            && plain
            && left.modes.has(Modes::ADD)
            && right.modes.has(Modes::ADD)
            && !left.is_free()
            && !right.is_free()
        {
            return Ok(add(&left, &right));
        }
        let times =
            left.modes.has(Modes::TRUNC) && right.modes.has(Modes::TRUNC) && !left.is_free() && !right.is_free();
        if binary.op == Operator::Minus && times {
            return Ok(Label::derived(Modes::EPOCH, [&left, &right]));
        }
        if sum && let Some(label) = self.counted_years(binary, [&left, &right], from)? {
            return Ok(label);
        }
        let label = Label::derived(Modes::NONE, [&left, &right]);
        let (zh, en) = ("不得对受限值做此运算", "this arithmetic on restricted values is not permitted");
        self.refuse(expr, &label, self.rule_of(&label), zh, en, way_out(binary, &left, &right))
    }

    /// A year number, or a whole number less it: still a year's worth of people, under another name.
    fn counted_years(&self, binary: &BinaryExpr, labels: [&Label; 2], from: &Relation) -> Checked<Option<Label>> {
        let year = |label: &Label| !label.is_free() && label.modes.has(Modes::YEAR_BAND);
        let whole = |side: &Expr| -> Checked<bool> {
            Ok(constant(side).is_some() && side.get_type(from.schema.as_ref()).map_err(internal)?.is_integer())
        };
        let [left, right] = labels;
        let fits = year(left) && whole(&binary.right)? || year(right) && whole(&binary.left)?;
        Ok(fits.then(|| Label::derived(Modes::DIM.or(Modes::YEAR_BAND), labels)))
    }

    /// A function over public or released values; over restricted rows it must not be able to fail (N3).
    pub(super) fn only_free(
        &mut self,
        expr: &Expr,
        parts: &[&Label],
        from: &Relation,
        fallible: bool,
    ) -> Checked<Label> {
        let label = Label::join(parts.iter().copied());
        if !label.is_free() {
            let help = ("使用登记的派生，或先聚合", "use a registered derivation, or aggregate first");
            return self.refuse(
                expr,
                &label,
                "N8",
                "此运算不是该列登记的派生",
                "this is not a registered derivation of the column",
                help,
            );
        }
        if fallible && from.is_raw() {
            let help = ("改用已释放的值计算", "compute with the released values instead");
            return self.refuse(
                expr,
                &label,
                "N3",
                "受限行上不得使用会出错的运算",
                "an operation that can fail is not permitted over restricted rows",
                help,
            );
        }
        self.failing |= fallible && from.state == State::Public;
        Ok(label)
    }

    fn truth(&mut self, expr: &Expr, parts: &[&Expr], from: &Relation) -> Checked<Label> {
        let labels = parts.iter().map(|part| self.label(part, from)).collect::<Checked<Vec<Label>>>()?;
        if labels.iter().all(Label::is_free) {
            return Ok(Label::join(&labels));
        }
        if let Some(label) = labels.iter().find(|label| label.first_row)
            && !matches!(expr, Expr::BinaryExpr(BinaryExpr { op: Operator::And, .. }) | Expr::IsTrue(_))
        {
            let (zh, en) = ("按主体取行只能取第一行", "only the first row of each subject may be taken");
            let help = ("只写行号 = 1", "keep the row number = 1 by itself");
            return self.refuse(expr, label, "N2", zh, en, help);
        }
        for label in &labels {
            if !label.modes.has(Modes::LIT_EQ) || label.modes.has(Modes::RANK) && !label.is_free() {
                return self.refuse(
                    expr,
                    label,
                    "N7",
                    "此列不得用作条件",
                    "this column may not be a condition",
                    ("用维度与字面值比较", "compare a dimension with a literal"),
                );
            }
        }
        Ok(boolean(&labels))
    }

    fn null_test(&mut self, inner: &Expr, from: &Relation) -> Checked<Label> {
        let label = self.label(inner, from)?;
        if label.is_free() {
            return Ok(Label { transform: crate::engine::verdict::Transform::ManyToOne, ..label });
        }
        if !label.modes.has(Modes::NULLTEST) {
            let help = ("只有维度可作空值判断", "only dimensions may be tested for null");
            return self.refuse(
                inner,
                &label,
                "N7",
                "此列不得做空值判断",
                "this column may not be tested for null",
                help,
            );
        }
        Ok(boolean(&[label]))
    }

    fn negative(&mut self, expr: &Expr, inner: &Expr, from: &Relation) -> Checked<Label> {
        let label = self.label(inner, from)?;
        if label.is_free() {
            return Ok(label);
        }
        if !label.modes.has(Modes::ADD) {
            return self.refuse(
                expr,
                &label,
                "MEA",
                "不得对该列取负",
                "this column may not be negated",
                ("用已释放的值计算", "compute with the released values"),
            );
        }
        let modes = label.modes.and(Modes::COUNT.or(Modes::SUM));
        Ok(Label { modes, ..label })
    }

    fn cast(&mut self, expr: &Expr, inner: &Expr, target: &DataType, from: &Relation) -> Checked<Label> {
        let mut label = self.label(inner, from)?;
        let source = inner.get_type(from.schema.as_ref()).map_err(internal)?;
        if source == *target {
            return Ok(label);
        }
        if is_long(target) && !from.is_open() {
            return self.long_decimal(expr, label, from);
        }
        let total = never_fails(&source, target);
        if label.is_free() {
            let fallible = !total && !matches!(expr, Expr::TryCast(_));
            return self.only_free(expr, &[&label], from, fallible).map(|_| label);
        }
        if source == DataType::Boolean && target.is_integer() && label.modes.has(Modes::LIT_EQ) {
            let constants = [0, 1].map(|n| ScalarValue::Int64(Some(n))).to_vec();
            let modes = Modes::DIM.or(Modes::SUM);
            return Ok(Label { modes, condition: Condition::Constants(constants), ..label });
        }
        // A conversion that could fail becomes one that gives null; see `finish`.
        let narrowing = source.is_numeric()
            && target.is_numeric()
            && (label.modes.has(Modes::GROUP) || label.modes.has(Modes::RANK));
        if !total && !narrowing {
            let help = ("保持该列原有的类型", "keep the column's own type");
            return self.refuse(
                expr,
                &label,
                "N3",
                "受限行上不得做会出错的类型转换",
                "a conversion that can fail is not permitted over restricted rows",
                help,
            );
        }
        label.whole_days |= source == DataType::Date32 && matches!(target, DataType::Timestamp(..));
        if matches!(target, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) && !is_text(&source) {
            label.modes = label.modes.and(Modes::DIM.without(Modes::LIT_RANGE));
        }
        Ok(label)
    }

    /// Does a subquery show one release as it is? Whatever stands above a release that only bounds a measure would be compared
    /// with nothing, and the bound would tell of it.
    fn is_lone_release(&self, subquery: &LogicalPlan, before: usize) -> bool {
        let mut shown = self.releases[before..].iter().filter(|release| !release.bound);
        match (shown.next(), shown.next()) {
            (Some(release), None) => lone_aggregate(subquery).is_some_and(|plan| release.original == *plan),
            _ => false,
        }
    }

    fn scalar_subquery(&mut self, expr: &Expr, subquery: &Subquery, from: &Relation) -> Checked<Label> {
        if !subquery.outer_ref_columns.is_empty() {
            return self.unknown(expr);
        }
        let before = self.releases.len();
        let inner = self.analyse(&subquery.subquery)?;
        self.check_pairs(&from.tables, &inner.tables)?;
        if inner.is_raw() || !inner.is_open() {
            let help =
                ("子查询须是本身即可释放的聚合", "the subquery must be an aggregate that could be released by itself");
            let label = inner.labels.first().cloned().unwrap_or_else(Label::constant);
            return self.refuse(
                expr,
                &label,
                "G1",
                "子查询本身不可释放",
                "the subquery could not be released by itself",
                help,
            );
        }
        let bounds = inner.state == State::Released && !from.is_open();
        if bounds && !self.is_lone_release(&subquery.subquery, before) {
            let help = (
                "子查询只写一个聚合，不分组，其上不再过滤、连接、排序或计算",
                "write one aggregate without grouping in the subquery, and no filter, join, order or computation above it",
            );
            let label = Label::derived(Modes::NONE, &inner.labels);
            return self.refuse(
                expr,
                &label,
                "G6",
                "作为界限的子查询须恰为一个释放的单独一列",
                "a subquery that bounds a measure must be one column of one release, and nothing else",
                help,
            );
        }
        self.subplans.insert(address(subquery), inner.plan.clone());
        let mut label = inner.labels.first().cloned().unwrap_or_else(Label::constant);
        label.atoms.extend(inner.implicit);
        label.from_release |= inner.state == State::Released;
        (label.released_key, label.released_measure) = (None, None);
        if bounds {
            // Beside restricted rows a released value is good for one thing: a bound of a measure.
            label.modes = Modes::NONE;
            self.releases[before..].iter_mut().for_each(|release| release.bound = true);
        }
        Ok(label)
    }
}

/// The grouping that a subquery shows columns of, if it does no more than that.
fn lone_aggregate(plan: &LogicalPlan) -> Option<&LogicalPlan> {
    let plain = |exprs: &[Expr]| exprs.iter().all(|expr| super::carried(expr).is_some());
    match plan {
        LogicalPlan::Projection(node) if plain(&node.expr) => lone_aggregate(&node.input),
        LogicalPlan::SubqueryAlias(node) => lone_aggregate(&node.input),
        LogicalPlan::Aggregate(node) => node.group_expr.is_empty().then_some(plan),
        _ => None,
    }
}

/// A boolean made of comparisons: a dimension.
pub(super) fn boolean(parts: &[Label]) -> Label {
    let constants = [true, false].map(|value| ScalarValue::Boolean(Some(value))).to_vec();
    Label { condition: Condition::Constants(constants), ..Label::derived(Modes::DIM.without(Modes::COALESCE), parts) }
}

/// Sum or difference of measures of one row.
fn add(left: &Label, right: &Label) -> Label {
    let grid = match (left.grid, right.grid) {
        (Some(Grid::Number(a)), Some(Grid::Number(b))) if a % b == 0.0 => Some(Grid::Number(a)),
        (Some(Grid::Number(a)), Some(Grid::Number(b))) if b % a == 0.0 => Some(Grid::Number(b)),
        (None, None) => None,
        _ => return Label::derived(Modes::COUNT.or(Modes::SUM).or(Modes::ADD), [left, right]),
    };
    let mut modes = left.modes.and(right.modes);
    if !left.atoms.is_disjoint(&right.atoms) {
        // a + a > 100 is a > 50: the same column twice moves the grid.
        modes = modes.and(Modes::COUNT.or(Modes::SUM));
    }
    Label { grid, ..Label::derived(modes, [left, right]) }
}

/// The expression as it will run.
pub(super) fn finish(expr: &Expr, from: &Relation, subplans: &HashMap<usize, LogicalPlan>) -> Checked<Expr> {
    let name = expr.schema_name().to_string();
    // Somebody's columns are carried by public rows too: what is computed with them must not fail either.
    let raw = from.state != State::Released && !from.is_open();
    let finished = expr.clone().transform_up(|part| {
        Ok(match part {
            Expr::ScalarSubquery(subquery) => match subplans.get(&address(&subquery)) {
                Some(plan) => Transformed::yes(Expr::ScalarSubquery(subquery.with_plan(Arc::new(plan.clone())))),
                None => Transformed::no(Expr::ScalarSubquery(subquery)),
            },
            Expr::Cast(Cast { expr, field }) if raw => Transformed::yes(Expr::TryCast(TryCast { expr, field })),
            other => Transformed::no(other),
        })
    });
    finished.and_then(|finished| finished.data.alias_if_changed(name)).map_err(internal)
}

/// Identity of a subquery: where its plan lies.
fn address(subquery: &Subquery) -> usize {
    Arc::as_ptr(&subquery.subquery) as usize
}
