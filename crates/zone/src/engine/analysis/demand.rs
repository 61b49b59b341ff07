//! What a release demands of every group and cell: counts of subjects and shares, computed beside the visible aggregates.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, lit};

use super::aggregate::Call;
use super::blame::internal;
use super::combine;
use super::compare::{bare, constant, number};
use super::conditions::{conditions, nonzero};
use super::levels::Levels;
use super::relation::{Hidden, Straddled};
use super::{Pass, Relation};
use crate::contract::Class;
use crate::engine::disclose::{Count, Demands, Share, Surrounded};
use crate::engine::functions::Fold;
use crate::engine::label::{Atom, Label, Modes};
use crate::engine::verdict::{Checked, Reason, deny};
use crate::engine::{classes, patterns, quantile, repeated, share, spread, subjects};

/// Largest share of the rows that one subject may have where a table is read several times, per mille.
const MOST_ROWS: u32 = 500;
/// Largest share of a spread that one subject may have, per mille.
const MOST_SPREAD: u32 = 700;
/// How far apart two quantiles of one column must be.
const LEAST_GAP: f64 = 0.05;

/// The aggregate that is being built: visible expressions, then those that only the release operator reads.
struct Building {
    aggregates: Vec<Expr>,
    counts: Vec<(Expr, usize)>,
    keys: usize,
    /// What tells rows apart that count differently often.
    classes: Vec<Expr>,
    /// The tokens of every kind of subject that is counted.
    tokens: Vec<Expr>,
}

impl Building {
    /// The subjects of the rows that meet a condition; where rows were multiplied, those of the smallest class of rows.
    fn count(&self, hidden: &Hidden, k: u32, when: Option<Expr>) -> Checked<Expr> {
        let tokens = self.tokens_of(hidden);
        let count = match self.classes.as_slice() {
            [] => subjects::counted_set(k).call(tokens),
            some => classes::smallest_class(k, tokens.len() - 1).call([&tokens, some].concat()),
        };
        filtered(count, when)
    }

    /// The tokens of that kind, and those of the others: a row that has none at all is nobody's.
    fn tokens_of(&self, hidden: &Hidden) -> Vec<Expr> {
        let own = Expr::Column(hidden.column.clone());
        let others = self.tokens.iter().filter(|token| **token != own).cloned();
        std::iter::once(own.clone()).chain(others).collect()
    }

    /// The subjects of the smallest atom: of the rows that meet the same of some conditions, where they meet another one too.
    fn smallest_atom(&self, hidden: &Hidden, k: u32, flags: &[Expr], when: Option<Expr>) -> Checked<Expr> {
        let tokens = self.tokens_of(hidden);
        let smallest = classes::smallest_class(k, tokens.len() - 1);
        filtered(smallest.call([&tokens, self.classes.as_slice(), flags].concat()), when)
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

/// The largest part that one subject has in what an aggregate adds up.
fn top_share(hidden: &Hidden, function: &AggregateFunction) -> Checked<Expr> {
    let value = function.params.args.first().cloned();
    let args = std::iter::once(Expr::Column(hidden.column.clone())).chain(value).collect();
    filtered(share::top_share().call(args), function.params.filter.as_deref().cloned())
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
        let tokens = counted.iter().map(|(hidden, _)| Expr::Column(hidden.column.clone())).collect();
        let aggregates = self.shown(runs, calls, counted);
        let mut building = Building { aggregates, counts: Vec::new(), keys: keys.len(), classes, tokens };
        let (mut counts, mut shares, mut surrounded) = (Vec::new(), Vec::new(), Vec::new());
        let gaps = self.gaps(calls, runs)?;
        for (hidden, k) in counted {
            let column = building.column(building.count(hidden, *k, None)?);
            counts.push(Count { column, k: *k, or_none: false, cells: None });
        }
        for (at, (call, run)) in calls.iter().zip(runs).enumerate() {
            let cell = keys.len() + at;
            let function = function_of(run)?;
            for rows in conditions(call, function, input)? {
                for (hidden, k) in counted {
                    let column = building.column(building.count(hidden, *k, Some(rows.when.clone()))?);
                    counts.push(Count { column, k: *k, or_none: rows.or_none, cells: Some(vec![cell]) });
                }
            }
            for (hidden, most) in self.dominated(call, counted) {
                let column = building.column(top_share(hidden, function)?);
                shares.push(Share { column, most, cell });
            }
            shares.extend(self.outliers((call, function), counted, cell, &mut building)?);
            surrounded.extend(beside((call, function), counted, (cell, gaps[at]), &mut building)?);
        }
        counts.extend(self.atoms((calls, runs), input, counted, &mut building)?);
        counts.extend(self.subjects_apart((calls, runs), counted, &mut building)?);
        if combine::read_again(self, &node.input) || calls.iter().any(|call| call.args.iter().any(|arg| arg.spread)) {
            shares.extend(row_shares(&mut building, counted, calls.len()));
            shares.extend(value_shares(&mut building, counted, calls, runs)?);
        }
        counts.extend(straddling(input, counted, calls.len(), &mut building));
        let varied = self.varied(node, input, keys, &group[0..levels.map_or(0, |_| 1)])?;
        let aggregate =
            Aggregate::try_new(Arc::new(input.plan.clone()), group.clone(), building.aggregates).map_err(internal)?;
        let demands = Demands {
            visible: node.schema.fields().len(),
            keys: keys.len(),
            counts,
            shares,
            surrounded,
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
        let (mut cells, mut conditions, mut keys) = (Vec::new(), Vec::new(), Vec::<Expr>::new());
        for (at, (call, run)) in calls.iter().zip(runs).enumerate() {
            let of_keys = call.args.iter().all(|arg| arg.modes.has(Modes::DISTINCT) && !arg.modes.has(Modes::GROUP));
            if call.fold == Fold::Count && call.call.params.distinct && of_keys {
                let function = function_of(run)?;
                cells.push(building.keys + at);
                conditions.extend(combine::counted_when(call, function));
                keys.extend(
                    function.params.args.iter().map(key_of).filter(|key| !keys.contains(key)).collect::<Vec<_>>(),
                );
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
        let met: Vec<Expr> = conditions.iter().map(|condition| Expr::IsTrue(Box::new(condition.clone()))).collect();
        for (hidden, k) in counted {
            let tokens = building.tokens_of(hidden);
            let mut patterns = vec![patterns::smallest_pattern(*k).call([&tokens[..1], &met].concat())];
            for key in &keys {
                let args = [&tokens[..], std::slice::from_ref(key), &met].concat();
                patterns.push(patterns::smallest_pattern_of_keys(*k, tokens.len() - 1).call(args));
            }
            for pattern in patterns {
                let column = building.column(pattern);
                counts.push(Count { column, k: *k, or_none: true, cells: Some(cells.clone()) });
            }
        }
        Ok(counts)
    }

    /// Subjects that may not make up a spread by themselves, whatever the purpose says of sums: a mean and a spread tell how far
    /// one outlier lies.
    fn outliers(
        &self,
        (call, runs): (&Call, &AggregateFunction),
        counted: &[(&Hidden, u32)],
        cell: usize,
        building: &mut Building,
    ) -> Checked<Vec<Share>> {
        let mut shares = Vec::new();
        if call.fold != Fold::Spread {
            return Ok(shares);
        }
        for (at, value) in runs.params.args.iter().enumerate() {
            // Only rows that have all values are correlated.
            let others = runs.params.args.iter().enumerate().filter(|(other, _)| *other != at);
            let known =
                others.map(|(_, other)| other.clone().is_not_null()).chain(runs.params.filter.as_deref().cloned());
            let when = known.reduce(Expr::and);
            for (hidden, _) in counted {
                let bound = self.policy.purpose.dominance(&hidden.kind).map_or(MOST_SPREAD, |bound| bound.top1);
                let args = vec![Expr::Column(hidden.column.clone()), value.clone()];
                let column = building.column(filtered(spread::top_distance().call(args), when.clone())?);
                shares.push(Share { column, most: bound.min(MOST_SPREAD), cell });
            }
        }
        Ok(shares)
    }

    /// How far each quantile lies from the next other one of the same columns, here and in the releases before: two of them
    /// enclose a part of the subjects. `None`: there is no other one.
    fn gaps(&self, calls: &[Call], runs: &[Expr]) -> Checked<Vec<Option<f64>>> {
        let own = calls.iter().zip(runs).map(|(call, run)| Ok(quantile_of(call, function_of(run)?)));
        let own = own.collect::<Checked<Vec<Option<Quantile>>>>()?;
        let known: Vec<&Quantile> =
            own.iter().flatten().chain(self.releases.iter().flat_map(|release| &release.quantiles)).collect();
        let gap = |quantile: &Quantile| {
            let others = known.iter().filter(|other| other.atoms == quantile.atoms);
            let apart = others.flat_map(|other| quantile.apart(other)).filter(|apart| *apart > 1e-9);
            apart.reduce(f64::min)
        };
        let gaps: Vec<Option<f64>> = own.iter().map(|quantile| quantile.as_ref().and_then(gap)).collect();
        match gaps.iter().position(|gap| gap.is_some_and(|gap| gap < LEAST_GAP - 1e-9)) {
            None => Ok(gaps),
            Some(at) => {
                let label = Label::derived(Modes::NONE, calls[at].labels());
                let help = ("同一列的分位数至少相隔 0.05", "take quantiles of one column that are at least 0.05 apart");
                let (zh, en) = ("同一列的分位数相隔过近", "quantiles of one column are too close to each other");
                self.refuse(calls[at].expr, &label, self.rule_of(&label), zh, en, help)
            }
        }
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

/// A quantile that a release shows.
pub(super) struct Quantile {
    /// The columns that it is of.
    pub atoms: BTreeSet<Atom>,
    /// The value as it is written.
    value: Expr,
    /// The share of the values below it.
    share: f64,
}

impl Quantile {
    /// How far apart the two may lie. Of differences written the other way round the shares are too.
    fn apart(&self, other: &Self) -> Vec<f64> {
        let straight = (self.share - other.share).abs();
        if self.value == other.value { vec![straight] } else { vec![straight, (1.0 - self.share - other.share).abs()] }
    }
}

/// The quantile that an aggregate is.
pub(super) fn quantile_of(call: &Call, runs: &AggregateFunction) -> Option<Quantile> {
    if call.fold != Fold::Quantile {
        return None;
    }
    let args = &call.call.params.args;
    let share = args.get(1).map_or(Some(0.5), |share| constant(share).and_then(number))?;
    let falling = call.call.params.order_by.first().is_some_and(|order| !order.asc);
    Some(Quantile {
        atoms: call.args.first()?.atoms.clone(),
        value: runs.params.args.first()?.clone(),
        share: if falling { 1.0 - share } else { share },
    })
}

/// What must stand on either side of a quantile, and how many subjects there must be where another one lies that far away.
fn beside(
    (call, runs): (&Call, &AggregateFunction),
    counted: &[(&Hidden, u32)],
    (cell, gap): (usize, Option<f64>),
    building: &mut Building,
) -> Checked<Vec<Surrounded>> {
    let mut surrounded = Vec::new();
    let (Fold::Quantile, Some(value)) = (call.fold, runs.params.args.first()) else { return Ok(surrounded) };
    for (hidden, k) in counted {
        let args = vec![Expr::Column(hidden.column.clone()), value.clone()];
        let call = filtered(quantile::surroundings(*k).call(args), runs.params.filter.as_deref().cloned())?;
        let least = gap.map_or(0, |gap| (f64::from(*k) / gap - 1e-6).ceil() as u64);
        surrounded.push(Surrounded { column: building.column(call), least, cell });
    }
    Ok(surrounded)
}

/// The key that a number of distinct keys counts, without the conditions around it.
fn key_of(arg: &Expr) -> Expr {
    match bare(arg) {
        Expr::Case(case) => {
            let thens = case.when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(case.else_expr.as_deref());
            let keys: Vec<&Expr> = thens.filter(|then| constant(then).is_none()).collect();
            if let [key] = keys.as_slice() { key_of(key) } else { arg.clone() }
        }
        key => key.clone(),
    }
}

/// Counts of those who stand on several rows of a grouping below the release: rows and persons differ by them.
fn straddling(input: &Relation, counted: &[(&Hidden, u32)], cells: usize, building: &mut Building) -> Vec<Count> {
    if input.straddled == Straddled::No || cells < 2 {
        return Vec::new();
    }
    let cells: Vec<usize> = (0..cells).map(|at| building.keys + at).collect();
    let count = |(hidden, k): &(&Hidden, u32)| {
        let several = repeated::repeated_subjects(*k).call(vec![Expr::Column(hidden.column.clone())]);
        Count { column: building.column(several), k: *k, or_none: true, cells: Some(cells.clone()) }
    };
    counted.iter().map(count).collect()
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
