//! What a release demands of every group and cell: counts of subjects and shares, computed beside the visible aggregates.

use std::sync::Arc;

use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, lit};

use super::aggregate::Call;
use super::blame::internal;
use super::combine;
use super::conditions::{conditions, nonzero};
use super::levels::Levels;
use super::relation::{Hidden, Straddled};
use super::{Pass, Relation};
use crate::contract::Class;
use crate::engine::disclose::{Count, Demands, Share};
use crate::engine::functions::Fold;
use crate::engine::label::{Atom, Label, Modes};
use crate::engine::verdict::{Checked, Reason, deny};
use crate::engine::{classes, patterns, repeated, share, subjects};

/// Largest share of the rows that one subject may have where a table is read several times, per mille.
const MOST_ROWS: u32 = 500;

/// The aggregate that is being built: visible expressions, then those that only the release operator reads.
struct Building {
    aggregates: Vec<Expr>,
    counts: Vec<(Expr, usize)>,
    keys: usize,
    /// What tells rows apart that count differently often.
    classes: Vec<Expr>,
}

impl Building {
    /// The subjects of the rows that meet a condition; where rows were multiplied, those of the smallest class of rows.
    fn count(&self, hidden: &Hidden, k: u32, when: Option<Expr>) -> Checked<Expr> {
        let token = Expr::Column(hidden.column.clone());
        let count = match self.classes.as_slice() {
            [] => subjects::subject_set(k).call(vec![token]),
            some => classes::smallest_class(k).call([&[token], some].concat()),
        };
        filtered(count, when)
    }

    /// The subjects of the smallest atom: of the rows that meet the same of some conditions, where they meet another one too.
    fn smallest_atom(&self, hidden: &Hidden, k: u32, flags: &[Expr], when: Option<Expr>) -> Checked<Expr> {
        let token = Expr::Column(hidden.column.clone());
        filtered(classes::smallest_class(k).call([&[token], self.classes.as_slice(), flags].concat()), when)
    }

    /// Column of an aggregate that only the release operator reads.
    fn column(&mut self, expr: Expr) -> usize {
        let at = self.counts.iter().find(|(known, _)| *known == expr).map(|(_, at)| *at).unwrap_or_else(|| {
            let at = self.aggregates.len();
            // Names leave conversions out: different conditions may have one name.
            self.aggregates.push(expr.clone().alias(format!("__count_{at}")));
            self.counts.push((expr, at));
            at
        });
        self.keys + at
    }
}

impl Pass<'_> {
    /// The releasing aggregate with its counts, and what is demanded of them.
    pub(super) fn demand(
        &self,
        node: &Aggregate,
        input: &Relation,
        (keys, calls): (&[Label], &[Call]),
        (shown, runs): (&Levels, &[Expr]),
        counted: &[(&Hidden, u32)],
    ) -> Checked<(LogicalPlan, Demands)> {
        let group = &shown.group;
        let levels = matches!(group.as_slice(), [Expr::GroupingSet(_)]).then(|| keys.len() - 1);
        let written: Vec<Expr> = node.group_expr.iter().flat_map(one_by_one).collect();
        let classes = self.classes(input, &written, &node.aggr_expr.iter().collect::<Vec<&Expr>>())?;
        let mut building =
            Building { aggregates: self.shown(runs, calls, counted), counts: Vec::new(), keys: keys.len(), classes };
        let (mut counts, mut shares) = (Vec::new(), Vec::new());
        for (hidden, k) in counted {
            let column = building.column(building.count(hidden, *k, None)?);
            counts.push(Count { column, k: *k, or_none: false, cells: None });
        }
        for (at, (call, run)) in calls.iter().zip(runs).enumerate() {
            let cell = keys.len() + at;
            let function = function_of(run)?;
            let conditions = conditions(call, function, input)?;
            for rows in conditions {
                for (hidden, k) in counted {
                    let column = building.column(building.count(hidden, *k, Some(rows.when.clone()))?);
                    counts.push(Count { column, k: *k, or_none: rows.or_none, cells: Some(vec![cell]) });
                }
            }
            for (hidden, most) in self.dominated(call, counted) {
                let value = function.params.args.first().cloned().into_iter();
                let args = std::iter::once(Expr::Column(hidden.column.clone())).chain(value).collect();
                let column = building
                    .column(filtered(share::top_share().call(args), function.params.filter.as_deref().cloned())?);
                shares.push(Share { column, most, cell });
            }
        }
        counts.extend(self.atoms((calls, runs), input, counted, &mut building)?);
        counts.extend(self.subjects_apart((calls, runs), counted, &mut building)?);
        if combine::read_again(self, &node.input) || calls.iter().any(|call| call.args.iter().any(|arg| arg.spread)) {
            shares.extend(row_shares(&mut building, counted, calls.len()));
            shares.extend(value_shares(&mut building, counted, calls, runs)?);
        }
        if input.straddled != Straddled::No && calls.len() > 1 {
            let cells: Vec<usize> = (0..calls.len()).map(|at| keys.len() + at).collect();
            for (hidden, k) in counted {
                let several = repeated::repeated_subjects(*k).call(vec![Expr::Column(hidden.column.clone())]);
                let column = building.column(several);
                counts.push(Count { column, k: *k, or_none: true, cells: Some(cells.clone()) });
            }
        }
        let varied = self.varied(node, input, keys, &group[0..levels.map_or(0, |_| 1)])?;
        let visible = node.schema.fields().len();
        let aggregate =
            Aggregate::try_new(Arc::new(input.plan.clone()), group.clone(), building.aggregates).map_err(internal)?;
        let demands = Demands {
            visible,
            keys: keys.len(),
            counts,
            shares,
            varied,
            totals: Vec::new(),
            levels,
            unshown: shown.hidden.clone(),
        };
        Ok((LogicalPlan::Aggregate(aggregate), demands))
    }

    /// Keys whose values must differ among the groups that agree in all others (G5).
    /// Levels of subtotals take no such key: `levels` is their grouping.
    fn varied(&self, node: &Aggregate, input: &Relation, keys: &[Label], levels: &[Expr]) -> Checked<Vec<usize>> {
        let read = combine::scans(&node.input);
        // A condition fixes a column where its table is read once; elsewhere it may be about the other reading.
        let fixed =
            |atom: &Atom| input.fixed.contains(atom) && read.iter().filter(|table| **table == atom.table).count() == 1;
        let varies = |key: &Label| self.revealed(key).iter().any(|atom| !fixed(atom));
        let varied: Vec<usize> = keys.iter().enumerate().filter(|(_, key)| varies(key)).map(|(at, _)| at).collect();
        let Some(group) = levels.first().filter(|_| !varied.is_empty()) else { return Ok(varied) };
        let label = Label::derived(Modes::NONE, keys);
        let help = ("每一层次各写一条查询", "ask for each level in a query of its own");
        let (zh, en) = ("此列不得带小计分组", "this column may not be grouped with subtotals");
        self.refuse(group, &label, "G5", zh, en, help)
    }

    /// The aggregates as they are shown: of different values only those that enough subjects have are counted. A number of values
    /// would tell otherwise that somebody has one.
    fn shown(&self, runs: &[Expr], calls: &[Call], counted: &[(&Hidden, u32)]) -> Vec<Expr> {
        let protected = |(run, call): (&Expr, &Call)| {
            let groups = call.args.first().is_some_and(|arg| arg.modes.has(Modes::GROUP));
            let counts = groups && call.fold == Fold::Count && call.call.params.distinct;
            let function = function_of(run).ok().filter(|_| counts)?;
            let tokens = counted.iter().map(|(hidden, _)| Expr::Column(hidden.column.clone()));
            let args = tokens.chain(function.params.args.first().cloned()).collect();
            let known = classes::known_values(counted.iter().map(|(_, k)| *k).collect()).call(args);
            let known = filtered(known, function.params.filter.as_deref().cloned()).ok()?;
            let literal = matches!(function.params.args.first(), Some(Expr::Literal(..)));
            (!literal).then(|| known.alias(run.schema_name().to_string()))
        };
        runs.iter().zip(calls).map(|pair| protected(pair).unwrap_or_else(|| pair.0.clone())).collect()
    }

    /// Counts of what the conditional cells of a row could be combined to: sums and differences of them are made of these
    /// atoms, and of what the atoms' rows contribute.
    fn atoms(
        &self,
        (calls, runs): (&[Call], &[Expr]),
        input: &Relation,
        counted: &[(&Hidden, u32)],
        building: &mut Building,
    ) -> Checked<Vec<Count>> {
        let (mut explicit, mut presence) = (Vec::new(), Vec::new());
        let (mut cells, mut values) = (Vec::new(), Vec::new());
        for (at, (call, run)) in calls.iter().zip(runs).enumerate() {
            let function = function_of(run)?;
            let (predicates, present) = (combine::predicates(call, function), combine::presence(call, function));
            if !predicates.is_empty() || !present.is_empty() {
                cells.push(building.keys + at);
                values.extend(combine::values(call, function));
            }
            explicit.extend(predicates);
            presence.extend(present);
        }
        // Alone, an aggregate is told apart from the whole group only.
        let flags = combine::flags(self, &explicit, if cells.len() > 1 { &presence } else { &[] })?;
        let mut counts = Vec::new();
        if flags.is_empty() {
            return Ok(counts);
        }
        let contributing = values.iter().map(|value| Ok(Some(nonzero(value, input)?)));
        for when in contributing.chain([Ok(None)]).collect::<Checked<Vec<Option<Expr>>>>()? {
            for (hidden, k) in counted {
                let column = building.column(building.smallest_atom(hidden, *k, &flags, when.clone())?);
                counts.push(Count { column, k: *k, or_none: true, cells: Some(cells.clone()) });
            }
        }
        Ok(counts)
    }

    /// Counts of the subjects that numbers of distinct keys tell apart: their difference is a number of subjects, not of rows.
    fn subjects_apart(
        &self,
        (calls, runs): (&[Call], &[Expr]),
        counted: &[(&Hidden, u32)],
        building: &mut Building,
    ) -> Checked<Vec<Count>> {
        let (mut cells, mut conditions) = (Vec::new(), Vec::new());
        for (at, (call, run)) in calls.iter().zip(runs).enumerate() {
            let of_keys = call.args.iter().all(|arg| arg.modes.has(Modes::DISTINCT) && !arg.modes.has(Modes::GROUP));
            if call.fold == Fold::Count && call.call.params.distinct && of_keys {
                cells.push(building.keys + at);
                conditions.extend(combine::counted_when(call, function_of(run)?));
            }
        }
        if cells.len() < 2 || conditions.is_empty() {
            return Ok(Vec::new());
        }
        if conditions.len() > patterns::MOST {
            let reason =
                Reason::new("G2", "一个分组中的条件聚合过多", "too many conditional aggregates stand in one grouping");
            return deny(reason.help("把条件写成分组键", "make the condition a grouping key").place(self.text.start()));
        }
        let mut counts = Vec::new();
        for (hidden, k) in counted {
            let met = conditions.iter().map(|condition| Expr::IsTrue(Box::new(condition.clone())));
            let args = std::iter::once(Expr::Column(hidden.column.clone())).chain(met).collect();
            let column = building.column(patterns::smallest_pattern(*k).call(args));
            counts.push(Count { column, k: *k, or_none: true, cells: Some(cells.clone()) });
        }
        Ok(counts)
    }

    /// Subjects that must not dominate the sum.
    fn dominated<'h>(&self, call: &Call, counted: &[(&'h Hidden, u32)]) -> Vec<(&'h Hidden, u32)> {
        let measure =
            call.args.iter().any(|arg| arg.atoms.iter().any(|atom| self.policy.class(atom) == Some(Class::Mea)));
        if !measure || !matches!(call.fold, Fold::Sum | Fold::Mean | Fold::Spread) {
            return Vec::new();
        }
        let bound =
            |hidden: &&'h Hidden| self.policy.purpose.dominance(&hidden.kind).map(|bound| (*hidden, bound.top1));
        counted.iter().filter_map(|(hidden, _)| bound(hidden)).collect()
    }
}

/// Whoever has many rows has their square where a table is read twice, and more: their share of the rows is a weight.
fn row_shares(building: &mut Building, counted: &[(&Hidden, u32)], cells: usize) -> Vec<Share> {
    let mut shares = Vec::new();
    for (hidden, _) in counted {
        let rows = share::top_share().call(vec![Expr::Column(hidden.column.clone()), lit(1_i64)]);
        let column = building.column(rows);
        shares.extend((0..cells).map(|at| Share { column, most: MOST_ROWS, cell: building.keys + at }));
    }
    shares
}

/// What a subject adds grows with the number of its rows where they are taken in powers: its share of the sum is bounded too.
fn value_shares(
    building: &mut Building,
    counted: &[(&Hidden, u32)],
    calls: &[Call],
    runs: &[Expr],
) -> Checked<Vec<Share>> {
    let mut shares = Vec::new();
    for (at, (call, run)) in calls.iter().zip(runs).enumerate() {
        let function = function_of(run)?;
        let Some(value) = function.params.args.first() else { continue };
        if !matches!(call.fold, Fold::Sum | Fold::Mean | Fold::Spread) {
            continue;
        }
        for (hidden, _) in counted {
            let share = share::top_share().call(vec![Expr::Column(hidden.column.clone()), value.clone()]);
            let column = building.column(filtered(share, function.params.filter.as_deref().cloned())?);
            shares.push(Share { column, most: MOST_ROWS, cell: building.keys + at });
        }
    }
    Ok(shares)
}

fn filtered(call: Expr, when: Option<Expr>) -> Checked<Expr> {
    let Expr::AggregateFunction(mut function) = call else { return Err(internal(())) };
    function.params.filter = when.map(Box::new);
    Ok(Expr::AggregateFunction(function))
}

pub(super) fn function_of(expr: &Expr) -> Checked<&AggregateFunction> {
    match expr {
        Expr::AggregateFunction(function) => Ok(function),
        Expr::Alias(alias) => function_of(&alias.expr),
        _ => Err(internal(())),
    }
}

/// The keys of a grouping, those of grouping sets one by one.
fn one_by_one(group: &Expr) -> Vec<Expr> {
    match group {
        Expr::GroupingSet(_) => grouping_set_to_exprlist(std::slice::from_ref(group))
            .map_or_else(|_| vec![group.clone()], |keys| keys.into_iter().cloned().collect()),
        key => vec![key.clone()],
    }
}
