//! Joins: keys of one domain by equality, tables that the purpose lets meet, subjects of both sides carried on.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::logical_expr::{Aggregate, Expr, Filter, Join, JoinConstraint, LogicalPlan, Operator, Projection};

use model::refusal::Position;

use super::blame::internal;
use super::{Pass, Relation, State};
use crate::engine::label::{Atom, Label, Modes};
use crate::engine::subjects;
use crate::engine::verdict::{Checked, Reason, deny};

/// The two inputs of a join with the labels of its keys.
struct Sides {
    left: Relation,
    right: Relation,
    keys: Vec<(Label, Label)>,
}

impl Pass<'_> {
    pub(super) fn join(&mut self, node: &Join) -> Checked<Relation> {
        let (left, right) = (self.analyse(&node.left)?, self.analyse(&node.right)?);
        let mut keys = Vec::new();
        for (l, r) in &node.on {
            keys.push((self.label(l, &left)?, self.label(r, &right)?));
        }
        let sides = Sides { left, right, keys };
        let restricted = |side: &Relation| side.is_raw() || (side.state == State::Public && !side.is_open());
        if sides.left.is_raw() || sides.right.is_raw() || sides.keys.iter().any(|(l, r)| !l.is_free() || !r.is_free()) {
            self.check_restricted(node, &sides)?;
        } else if restricted(&sides.left) || restricted(&sides.right) {
            self.check_pairs(&sides.left.tables, &sides.right.tables)?;
        }
        let sides = self.multiplied(node, sides)?;
        let both = self.combined(node, &sides)?;
        self.equated.clear();
        let filter = match &node.filter {
            Some(filter) => {
                let label = self.label(filter, &both)?;
                Some((label, self.finish(filter, &both)?))
            }
            None => None,
        };
        self.build(node, sides, both, filter)
    }

    /// Rows that somebody stands behind, joined with public ones: how often a row is taken is told apart by class. Joined by
    /// anything else than equality they may be shown as public rows, and grouped as nobody's.
    fn multiplied(&mut self, node: &Join, sides: Sides) -> Checked<Sides> {
        let Sides { mut left, mut right, keys } = sides;
        let multiplies = matches!(node.join_type, JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full);
        let released = left.state == State::Released || right.state == State::Released;
        if !multiplies || released || left.is_nobodys() && right.is_nobodys() {
            return Ok(Sides { left, right, keys });
        }
        let somebodys = !left.is_nobodys() && !right.is_nobodys();
        let crossing = match &node.filter {
            Some(filter) => {
                let of = |side: &Relation| filter.column_refs().iter().any(|column| side.schema.has_column(column));
                of(&left) && of(&right)
            }
            None => false,
        };
        let by_key = keys.iter().any(|(l, r)| !l.is_free() && l.modes.has(Modes::EQJOIN) && r.modes.has(Modes::EQJOIN));
        if node.on.is_empty() || (somebodys && !by_key) || (!somebodys && crossing) {
            let reason = Reason::new(
                "N4",
                "受限表之间须以键等值连接，与公开表只能等值连接",
                "restricted tables are joined with each other by keys, and with public ones by equality only",
            );
            let (zh, en) = (
                "连接条件只写等值，其余条件各写在一张表上",
                "join by equality, and put other conditions on one table each",
            );
            let reason = reason.help(zh, en).place(self.text.find("JOIN")).place(self.text.start());
            left.loose.get_or_insert(Box::new(reason));
        }
        if somebodys {
            return Ok(Sides { left, right, keys });
        }
        if left.is_nobodys() {
            let on = node.on.iter().map(|(l, _)| self.finish(l, &left)).collect::<Checked<Vec<Expr>>>()?;
            left = self.fan_out(left, &node.left, &on, &keys.iter().map(|(l, _)| l.clone()).collect::<Vec<Label>>())?;
        } else {
            let on = node.on.iter().map(|(_, r)| self.finish(r, &right)).collect::<Checked<Vec<Expr>>>()?;
            right =
                self.fan_out(right, &node.right, &on, &keys.iter().map(|(_, r)| r.clone()).collect::<Vec<Label>>())?;
        }
        Ok(Sides { left, right, keys })
    }

    /// A join that restricted rows take part in.
    fn check_restricted(&mut self, node: &Join, sides: &Sides) -> Checked<()> {
        let (left, right) = (&sides.left, &sides.right);
        let place = node.on.first().and_then(|(l, _)| self.place(l));
        if left.state == State::Released || right.state == State::Released {
            let reason = Reason::new(
                "G3",
                "已释放的分组不得再与受限行连接",
                "released groups may not be joined with restricted rows again",
            );
            return deny(
                reason
                    .help("把两者写进同一个聚合", "put both into one aggregate")
                    .place(place)
                    .place(self.text.start()),
            );
        }
        if left.synthetic || right.synthetic {
            return self.written_rows(place);
        }
        self.check_pairs(&left.tables, &right.tables)?;
        let fits = |(l, r): &(Label, Label)| {
            (l.is_free() && r.is_free() && !l.atoms.is_empty() && !r.atoms.is_empty()) || self.equal(Operator::Eq, l, r)
        };
        if let Some(at) = sides.keys.iter().position(|key| !fits(key)) {
            let (expr, label) = (&node.on[at].0, Label::derived(Modes::NONE, [&sides.keys[at].0, &sides.keys[at].1]));
            let help =
                ("连接同一域的键，或维度与公开列", "join keys of one domain, or a dimension with a public column");
            return self.refuse(expr, &label, "N4", "不得用这两列连接", "these columns may not join", help);
        }
        let restricted_pair = !left.tables.is_empty() && !right.tables.is_empty();
        let by_key =
            sides.keys.iter().any(|(l, r)| !l.is_free() && l.modes.has(Modes::EQJOIN) && r.modes.has(Modes::EQJOIN));
        if sides.keys.is_empty() || (restricted_pair && !by_key) {
            let reason = Reason::new(
                "N4",
                "受限行之间须按同一域的键等值连接",
                "restricted rows must be joined by equality of keys of one domain",
            );
            return deny(
                reason
                    .help("按主体的键连接", "join on the subject's key")
                    .place(place)
                    .place(self.text.find("JOIN"))
                    .place(self.text.start()),
            );
        }
        if node.null_equality == NullEquality::NullEqualsNull && by_key {
            let reason = Reason::new("N4", "键的集合运算不受支持", "set operations on keys are not supported");
            return deny(reason.help("使用连接或 IN", "use a join or IN").place(place).place(self.text.start()));
        }
        Ok(())
    }

    fn written_rows(&self, place: Option<Position>) -> Checked<()> {
        let (zh, en) =
            ("受限行不得与查询中写出的行连接", "restricted rows may not be joined with rows written in the query");
        let reason = Reason::new("N4", zh, en).help("用字面值过滤", "filter with literals");
        deny(reason.place(self.text.find("VALUES")).place(place).place(self.text.start()))
    }

    /// N5: every two restricted tables that meet must be a pair of the purpose.
    pub(super) fn check_pairs(&self, left: &BTreeSet<String>, right: &BTreeSet<String>) -> Checked<()> {
        let met: Vec<&String> = left.union(right).collect();
        for (n, a) in met.iter().enumerate() {
            if let Some(b) = met[n + 1..].iter().find(|b| !self.policy.purpose.may_meet(a, b)) {
                let (zh, en) =
                    (format!("用途不许 {a} 与 {b} 相连"), format!("the purpose does not let {a} and {b} meet"));
                let place = self.text.find(b).or_else(|| self.text.find(a));
                return deny(
                    Reason::new("N5", zh, en)
                        .help(
                            format!("申请许可 {a} 与 {b} 相连的用途"),
                            format!("ask for a purpose that joins {a} and {b}"),
                        )
                        .place(place)
                        .place(self.text.start()),
                );
            }
        }
        Ok(())
    }

    /// The relation of both sides' columns, as a residual filter sees it.
    fn combined(&self, node: &Join, sides: &Sides) -> Checked<Relation> {
        let (left, right) = (&sides.left, &sides.right);
        let schema = datafusion::logical_expr::build_join_schema(&left.schema, &right.schema, &JoinType::Inner)
            .map_err(internal)?;
        let keys = sides.keys.iter().flat_map(|(l, r)| l.atoms.iter().chain(&r.atoms)).cloned();
        let raw_key = sides.keys.iter().any(|(l, r)| !l.is_free() || !r.is_free());
        let state = match (left.state, right.state) {
            _ if raw_key => State::Raw,
            (State::Raw, _) | (_, State::Raw) => State::Raw,
            (State::Released, _) | (_, State::Released) => State::Released,
            (State::Public, State::Public) => State::Public,
        };
        // Anti joins and nullable sides reach into what comes out as well: implicit columns of both sides flow on.
        let implicit: BTreeSet<Atom> = left.implicit.union(&right.implicit).cloned().chain(keys).collect();
        let mut labels: Vec<Label> = left.labels.iter().chain(&right.labels).cloned().collect();
        if state == State::Released {
            labels.iter_mut().filter(|label| !label.is_free()).for_each(|label| label.modes = Modes::NONE);
        }
        if state != State::Released {
            let written = |label: &Label| state == State::Raw && label.is_written();
            let (from, to) = match node.join_type {
                JoinType::Left => (left.labels.len(), labels.len()),
                JoinType::Right => (0, left.labels.len()),
                JoinType::Full => (0, labels.len()),
                _ => (0, 0),
            };
            // A literal of the side that may be missing says whether it is.
            for label in labels[from..to].iter_mut().filter(|label| written(label)) {
                *label = label.chosen_by(&implicit);
            }
            self.reveal(&sides.keys, &mut labels, left.labels.len());
        }
        // The rewritten plan is put in by `build`.
        Ok(Relation {
            plan: LogicalPlan::Join(node.clone()),
            schema: Arc::new(schema),
            labels,
            state,
            implicit,
            hidden: left.hidden.iter().chain(&right.hidden).cloned().collect(),
            tables: left.tables.union(&right.tables).cloned().collect(),
            fixed: fixed(left, right, node.join_type),
            synthetic: left.synthetic || right.synthetic,
            fans: left.fans.iter().chain(&right.fans).cloned().collect(),
            fan_tables: left.fan_tables.union(&right.fan_tables).cloned().collect(),
            straddled: left.straddled.max(right.straddled),
            loose: left.loose.clone().or_else(|| right.loose.clone()),
        })
    }

    /// Public columns joined by a column under G5 say what it says.
    fn reveal(&self, keys: &[(Label, Label)], labels: &mut [Label], left: usize) {
        for (l, r) in keys {
            let (from_left, from_right) = (self.revealed(l), self.revealed(r));
            for (at, label) in labels.iter_mut().enumerate().filter(|(_, label)| label.is_free()) {
                label.reveals.extend(if at < left { &from_right } else { &from_left }.iter().cloned());
            }
        }
    }

    fn build(
        &mut self,
        node: &Join,
        sides: Sides,
        mut both: Relation,
        filter: Option<(Label, Expr)>,
    ) -> Checked<Relation> {
        self.note_failing(&mut both);
        if let Some((label, _)) = &filter {
            self.restrict(&mut both, label);
        }
        both.reveal(&std::mem::take(&mut self.equated));
        let filter = filter.map(|(_, filter)| filter);
        let mut on = Vec::new();
        for (l, r) in &node.on {
            on.push((self.finish(l, &sides.left)?, self.finish(r, &sides.right)?));
        }
        both.schema = Arc::clone(&node.schema);
        let mut kind = node.join_type;
        let mut right_plan = sides.right.plan.clone();
        if self.reach(kind, &sides, &mut both)? {
            let semi = self.semi(&sides.right, &on, filter.is_some())?;
            (right_plan, on) = (semi.0, semi.1);
            both.hidden.extend(semi.2);
            kind = JoinType::Inner;
        }
        let mut null_aware = node.null_aware && kind == node.join_type;
        let mut left_plan = sides.left.plan;
        if null_aware && both.is_raw() {
            null_aware = false;
            left_plan = with_keys(left_plan, &on)?;
        }
        let (left_plan, right_plan) = (Arc::new(left_plan), Arc::new(right_plan));
        let constraint = JoinConstraint::On;
        let join = Join::try_new(left_plan, right_plan, on, filter, kind, constraint, node.null_equality, null_aware);
        both.plan = LogicalPlan::Join(join.map_err(internal)?);
        Ok(both)
    }

    /// What of both sides comes out. True where a semi join must bring the subjects of its right side along.
    fn reach(&self, kind: JoinType, sides: &Sides, both: &mut Relation) -> Checked<bool> {
        let Sides { left, right, keys } = sides;
        match kind {
            JoinType::Inner => drop_doubles(both, keys),
            JoinType::Left | JoinType::Right | JoinType::Full => {}
            JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => {
                both.labels.clone_from(&left.labels);
                both.hidden.clone_from(&left.hidden);
                both.fans.clone_from(&left.fans);
                if both.state == State::Released {
                    both.lock_restricted();
                }
                if left.is_nobodys() && right.is_raw() {
                    return self.chosen_by_somebody();
                }
            }
            JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => return self.too_complex(),
        }
        let uncovered = right.is_raw() && !covers(left, right, keys);
        if kind == JoinType::LeftMark {
            let mark = Label::derived(Modes::DIM, keys.iter().flat_map(|(l, r)| [l, r]));
            let open = both.state != State::Raw;
            both.labels.push(if open { Label { modes: Modes::ALL, ..mark } } else { mark });
            if uncovered {
                return self.too_complex();
            }
        }
        Ok(kind == JoinType::LeftSemi && uncovered)
    }

    /// Public rows chosen by whether somebody's rows exist: each would tell of one person.
    fn chosen_by_somebody<T>(&self) -> Checked<T> {
        let reason = Reason::new(
            "N7",
            "不得按受限行是否存在选取公开行",
            "public rows may not be chosen by whether restricted rows exist",
        );
        let (zh, en) = ("把受限行与公开表连接后分组", "join the restricted rows with the public table and group them");
        deny(reason.help(zh, en).place(self.text.find("EXISTS")).place(self.text.find("IN")).place(self.text.start()))
    }

    fn too_complex<T>(&self) -> Checked<T> {
        let reason = Reason::new("G1", "此子查询的主体无法计数", "the subjects of this subquery cannot be counted");
        deny(
            reason
                .help("把条件写成连接", "write the condition as a join")
                .place(self.text.find("IN"))
                .place(self.text.find("EXISTS"))
                .place(self.text.start()),
        )
    }

    /// The right side of a semi join as one row per key with the set of its subjects, so that they are counted too.
    fn semi(
        &mut self,
        right: &Relation,
        on: &[(Expr, Expr)],
        filtered: bool,
    ) -> Checked<(LogicalPlan, Vec<(Expr, Expr)>, Vec<super::relation::Hidden>)> {
        if filtered {
            return self.too_complex();
        }
        self.scans += 1;
        let number = self.scans;
        let keys: Vec<Expr> = on.iter().map(|(_, r)| r.clone()).collect();
        let set = subjects::subject_set(self.policy.largest_k());
        let tokens = right.hidden.iter().map(|hidden| Expr::Column(hidden.column.clone()));
        let sets: Vec<Expr> = tokens.map(|token| set.call(vec![token])).collect();
        let grouped = Aggregate::try_new(Arc::new(right.plan.clone()), keys, sets).map_err(internal)?;
        let columns = grouped.schema.columns();
        let (mut exprs, mut joined, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
        for (n, column) in columns.into_iter().enumerate() {
            let name = match on.get(n) {
                Some((l, _)) => {
                    let name = format!("__semi_{number}_{n}");
                    joined.push((l.clone(), Expr::Column(Column::from_name(&name))));
                    name
                }
                None => {
                    let of = &right.hidden[n - on.len()];
                    let name = format!("{}{}_{number}", crate::contract::SUBJECT_PREFIX, of.kind);
                    let name = format!("{name}_{n}");
                    hidden.push(super::relation::Hidden { column: Column::from_name(&name), ..of.clone() });
                    name
                }
            };
            exprs.push(Expr::Column(column).alias(name));
        }
        let plan = Projection::try_new(exprs, Arc::new(LogicalPlan::Aggregate(grouped))).map_err(internal)?;
        Ok((LogicalPlan::Projection(plan), joined, hidden))
    }
}

/// NOT IN gives no row at all where the list has a null: that one record without a key exists would show. A null key is nobody's,
/// on either side.
fn with_keys(plan: LogicalPlan, on: &[(Expr, Expr)]) -> Checked<LogicalPlan> {
    match on.iter().map(|(l, _)| l.clone().is_not_null()).reduce(Expr::and) {
        Some(known) => Ok(LogicalPlan::Filter(Filter::try_new(known, Arc::new(plan)).map_err(internal)?)),
        None => Ok(plan),
    }
}

/// Columns that stay held at one literal: not those of a side that the join fills with nulls, nor those of a table that is read
/// on the other side too.
fn fixed(left: &Relation, right: &Relation, kind: JoinType) -> BTreeSet<Atom> {
    let kept = |side: &Relation, other: &Relation| {
        side.fixed.iter().filter(|atom| !other.tables.contains(&atom.table)).cloned().collect::<BTreeSet<Atom>>()
    };
    let mut fixed = BTreeSet::new();
    if !matches!(kind, JoinType::Right | JoinType::Full) {
        fixed.extend(kept(left, right));
    }
    if matches!(kind, JoinType::Inner | JoinType::Right) {
        fixed.extend(kept(right, left));
    }
    fixed
}

/// Are the right side's subjects the very subjects of the left side's rows? So where both join on the subject's own key.
fn covers(left: &Relation, right: &Relation, keys: &[(Label, Label)]) -> bool {
    let same = |scan: usize, kind: &str| {
        keys.iter().any(|(l, r)| {
            let (Some(l), Some(r)) = (&l.subject, &r.subject) else { return false };
            let carried = left.hidden.iter().any(|hidden| hidden.scan == l.scan && hidden.kind == l.kind);
            r.scan == scan && r.kind == kind && l.kind == kind && carried
        })
    };
    right.hidden.iter().all(|hidden| same(hidden.scan, &hidden.kind))
}

/// In an inner join on the subject's own key both sides carry the same token: one is enough to count.
fn drop_doubles(both: &mut Relation, keys: &[(Label, Label)]) {
    for (l, r) in keys {
        let (Some(l), Some(r)) = (&l.subject, &r.subject) else { continue };
        let carried = |key: &crate::engine::label::SubjectKey, hidden: &super::relation::Hidden| {
            hidden.scan == key.scan && hidden.kind == key.kind
        };
        let left = both.hidden.iter().any(|hidden| carried(l, hidden) && !hidden.when_measure);
        if left && l.kind == r.kind {
            both.hidden.retain(|hidden| !carried(r, hidden) || hidden.when_measure);
        }
    }
}
