//! One pass over a plan, from the tables up: labels every expression, refuses what is not permitted, and rewrites the plan so
//! that it enforces the group rules itself. Nodes and expressions that it does not know are refused.

mod aggregate;
mod blame;
mod case;
mod combine;
mod compare;
mod conditions;
mod demand;
mod expression;
mod fan;
mod functions;
mod join;
pub(super) mod joint;
mod levels;
mod policy;
mod relation;
mod release;
mod scan;
mod setop;
mod types;
mod window;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Distinct, DistinctOn, Expr, Filter, LogicalPlan, Projection, Sort, SubqueryAlias};

pub use policy::Policy;
pub use relation::{Relation, State};
pub use release::Release;

use super::label::{Atom, Label, Modes};
use super::parse::Text;
use super::verdict::{Checked, Reason, deny};
use blame::internal;
use compare::Splits;

/// Where the pass finds a table's records.
pub type Sources<'a> = &'a dyn Fn(&str) -> Option<Arc<dyn datafusion::logical_expr::TableSource>>;

/// The pass.
pub struct Pass<'a> {
    pub(super) policy: &'a Policy<'a>,
    sources: Sources<'a>,
    pub(super) text: &'a Text,
    /// Number of scans so far; names hidden columns apart.
    scans: usize,
    /// Columns used anywhere, other than carried along.
    pub(super) used: BTreeSet<Atom>,
    /// Where comparisons cut the values of measures and times.
    splits: Splits,
    /// Rewritten scalar subqueries by the address of the original.
    subplans: HashMap<usize, LogicalPlan>,
    /// Release points in the order in which they were met.
    pub(super) releases: Vec<Release>,
    /// An expression that can fail was accepted since this was last looked at.
    failing: bool,
    /// Columns under G5 that were equated with public ones since this was last looked at.
    equated: BTreeSet<Atom>,
}

impl<'a> Pass<'a> {
    /// A pass under a policy.
    pub fn new(policy: &'a Policy<'a>, sources: Sources<'a>, text: &'a Text) -> Self {
        Self {
            policy,
            sources,
            text,
            scans: 0,
            used: BTreeSet::new(),
            splits: Splits::default(),
            subplans: HashMap::new(),
            releases: Vec::new(),
            failing: false,
            equated: BTreeSet::new(),
        }
    }

    /// Analyses a node and what lies below it.
    pub fn analyse(&mut self, plan: &LogicalPlan) -> Checked<Relation> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::EmptyRelation(_) => Ok(Relation::constant(plan.clone(), false)),
            LogicalPlan::Values(_) => Ok(Relation::constant(plan.clone(), true)),
            LogicalPlan::Projection(node) => self.projection(node),
            LogicalPlan::SubqueryAlias(node) => self.alias(node),
            LogicalPlan::Filter(node) => self.filter(node),
            LogicalPlan::Join(node) => self.join(node),
            LogicalPlan::Aggregate(node) => self.aggregate(plan, node),
            LogicalPlan::Distinct(Distinct::All(input)) => self.distinct(input),
            LogicalPlan::Distinct(Distinct::On(node)) => self.distinct_on(node),
            LogicalPlan::Limit(_) => self.positional(plan),
            LogicalPlan::Sort(node) => self.sort(node),
            LogicalPlan::Window(node) => self.window(node),
            LogicalPlan::Union(node) => self.union(node),
            LogicalPlan::Repartition(_)
            | LogicalPlan::Subquery(_)
            | LogicalPlan::Statement(_)
            | LogicalPlan::Explain(_)
            | LogicalPlan::Analyze(_)
            | LogicalPlan::Extension(_)
            | LogicalPlan::Dml(_)
            | LogicalPlan::Ddl(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::DescribeTable(_)
            | LogicalPlan::Unnest(_)
            | LogicalPlan::RecursiveQuery(_) => {
                deny(Reason::new("N1", "不接受的查询形式", "this form of query is not accepted"))
            }
        }
    }

    fn projection(&mut self, node: &Projection) -> Checked<Relation> {
        let mut input = self.analyse(&node.input)?;
        let (mut exprs, mut labels) = (Vec::new(), Vec::new());
        for expr in &node.expr {
            let label = match carried(expr) {
                Some(column) => self.carry(column, &input)?,
                None => self.label(expr, &input)?,
            };
            self.meet_release(&label, &mut input);
            labels.push(label);
            exprs.push(self.finish(expr, &input)?);
        }
        self.note_failing(&mut input);
        exprs.extend(input.hidden_columns());
        let plan = Projection::try_new(exprs, Arc::new(input.plan)).map_err(internal)?;
        Ok(Relation { plan: LogicalPlan::Projection(plan), schema: Arc::clone(&node.schema), labels, ..input })
    }

    fn alias(&mut self, node: &SubqueryAlias) -> Checked<Relation> {
        let mut input = self.analyse(&node.input)?;
        let plan = SubqueryAlias::try_new(Arc::new(input.plan), node.alias.clone()).map_err(internal)?;
        let hidden = input.hidden.iter_mut().map(|hidden| &mut hidden.column);
        hidden.chain(&mut input.fans).for_each(|column| column.relation = Some(node.alias.clone()));
        Ok(Relation { plan: LogicalPlan::SubqueryAlias(plan), schema: Arc::clone(&node.schema), ..input })
    }

    fn filter(&mut self, node: &Filter) -> Checked<Relation> {
        let mut input = self.analyse(&node.input)?;
        self.equated.clear();
        let label = self.label(&node.predicate, &input)?;
        let equated = std::mem::take(&mut self.equated);
        input.fixed.extend(self.fixed_by(&node.predicate, &input));
        let predicate = self.finish(&node.predicate, &input)?;
        self.note_failing(&mut input);
        self.restrict(&mut input, &label);
        input.reveal(&equated);
        self.fan_by(&split_conjunction(&node.predicate), &mut input)?;
        let plan = Filter::try_new(predicate, Arc::new(input.plan)).map_err(internal)?;
        Ok(Relation { plan: LogicalPlan::Filter(plan), schema: Arc::clone(node.input.schema()), ..input })
    }

    /// Rows were chosen by a label's columns: they flow into whether a row exists (N7). Whatever does not permit every use is
    /// somebody's, a comparison of a measure with a released bound too.
    fn restrict(&mut self, relation: &mut Relation, label: &Label) {
        relation.implicit.extend(label.atoms.iter().cloned());
        match label.is_free() {
            true => self.meet_release(label, relation),
            false => relation.state = State::Raw,
        }
    }

    /// A released value stands beside public rows: what comes out is made of released values.
    fn meet_release(&self, label: &Label, relation: &mut Relation) {
        if label.from_release && label.is_free() && relation.state == State::Public {
            relation.state = State::Released;
            relation.lock_restricted();
        }
    }

    fn sort(&mut self, node: &Sort) -> Checked<Relation> {
        let mut input = self.analyse(&node.input)?;
        let mut keys = node.expr.clone();
        for key in &mut keys {
            let label = self.label(&key.expr, &input)?;
            if !label.is_free() && !label.modes.has(Modes::ORDER) {
                return self.refuse(
                    &key.expr,
                    &label,
                    "N6",
                    "不得按此列排序",
                    "rows may not be ordered by this column",
                    ("按已释放的列排序", "order by released columns"),
                );
            }
            key.expr = self.finish(&key.expr, &input)?;
            let raw = input.is_raw();
            self.restrict(&mut input, &label);
            if raw != input.is_raw() || (input.is_raw() && node.fetch.is_some()) {
                return self.refuse(
                    &key.expr,
                    &label,
                    "N6",
                    "不得按受限列排序",
                    "restricted rows may not be ordered",
                    ("对已释放的分组排序", "order the released groups"),
                );
            }
        }
        self.note_failing(&mut input);
        if input.is_raw() {
            // Nothing above a raw relation may depend on its order: the node has no effect.
            return Ok(input);
        }
        let plan = LogicalPlan::Sort(Sort { expr: keys, input: Arc::new(input.plan), fetch: node.fetch });
        Ok(Relation { plan, ..input })
    }

    /// LIMIT and OFFSET choose rows by position.
    fn positional(&mut self, plan: &LogicalPlan) -> Checked<Relation> {
        let Some(input) = plan.inputs().first().copied().cloned() else {
            return deny(Reason::new("N1", "不接受的查询形式", "this form of query is not accepted"));
        };
        let mut input = self.analyse(&input)?;
        if input.is_raw() {
            let reason = Reason::new("N2", "不得按位置选取受限行", "restricted rows may not be chosen by position");
            let word = ["LIMIT", "OFFSET", "FETCH"].into_iter().find_map(|word| self.text.find(word));
            return deny(
                reason
                    .help("先分组，再对已释放的分组取前几行", "group first, then limit the released groups")
                    .place(word)
                    .place(self.text.start()),
            );
        }
        let mut exprs = Vec::new();
        for expr in plan.expressions() {
            let label = self.label(&expr, &input)?;
            if !label.is_free() {
                return self.refuse(
                    &expr,
                    &label,
                    "N2",
                    "不得按受限列选取行",
                    "rows may not be chosen by restricted columns",
                    ("使用公开列或已释放的列", "use public or released columns"),
                );
            }
            exprs.push(self.finish(&expr, &input)?);
            self.meet_release(&label, &mut input);
        }
        self.note_failing(&mut input);
        input.lock_restricted();
        let plan_new = plan.with_new_exprs(exprs, vec![input.plan]).map_err(internal)?;
        Ok(Relation { plan: plan_new, schema: Arc::clone(plan.schema()), ..input })
    }

    /// DISTINCT ON over open rows only: it chooses one row of several by order.
    fn distinct_on(&mut self, node: &DistinctOn) -> Checked<Relation> {
        let mut input = self.analyse(&node.input)?;
        if !input.is_open() {
            let reason = Reason::new(
                "N2",
                "DISTINCT ON 不得按位置选取受限行",
                "DISTINCT ON may not choose restricted rows by position",
            );
            return deny(reason.help("先分组", "group first").place(self.text.find("DISTINCT")));
        }
        let labels = node.select_expr.iter().map(|expr| self.label(expr, &input)).collect::<Checked<Vec<Label>>>()?;
        let sorted = node.sort_expr.iter().flatten().map(|key| &key.expr);
        let choosing = node.on_expr.iter().chain(sorted).map(|expr| self.label(expr, &input));
        let choosing = choosing.collect::<Checked<Vec<Label>>>()?;
        let finish =
            |exprs: &[Expr]| exprs.iter().map(|expr| self.finish(expr, &input)).collect::<Checked<Vec<Expr>>>();
        let mut finished = DistinctOn {
            on_expr: finish(&node.on_expr)?,
            select_expr: finish(&node.select_expr)?,
            input: Arc::new(input.plan.clone()),
            ..node.clone()
        };
        for key in finished.sort_expr.iter_mut().flatten() {
            key.expr = self.finish(&key.expr, &input)?;
        }
        labels.iter().chain(&choosing).for_each(|label| self.meet_release(label, &mut input));
        let plan = LogicalPlan::Distinct(Distinct::On(finished));
        self.note_failing(&mut input);
        Ok(Relation { schema: Arc::clone(plan.schema()), plan, labels, hidden: Vec::new(), fans: Vec::new(), ..input })
    }

    /// DISTINCT is a grouping by every column.
    fn distinct(&mut self, input: &Arc<LogicalPlan>) -> Checked<Relation> {
        let columns = input.schema().columns().into_iter().map(Expr::Column).collect();
        let node =
            datafusion::logical_expr::Aggregate::try_new(Arc::clone(input), columns, Vec::new()).map_err(internal)?;
        let plan = LogicalPlan::Aggregate(node);
        let mut relation = self.analyse(&plan)?;
        relation.schema = Arc::clone(input.schema());
        Ok(relation)
    }

    /// An expression over public rows that can fail has been accepted: fine, unless the rows turn out to be somebody's. What they
    /// are joined with and filtered by would then decide whether it is computed at all (N3).
    pub(super) fn note_failing(&mut self, relation: &mut Relation) {
        if std::mem::take(&mut self.failing) && relation.state == State::Public {
            let reason = Reason::new(
                "N3",
                "会出错的运算不得与受限行同在一处",
                "an operation that can fail may not stand below restricted rows",
            );
            let (zh, en) = ("改在已释放的结果上计算", "compute with the released values instead");
            relation.loose.get_or_insert(Box::new(reason.help(zh, en).place(self.text.start())));
        }
    }

    /// The label of a column that is only carried along.
    fn carry(&self, column: &datafusion::common::Column, from: &Relation) -> Checked<Label> {
        let index = from.schema.index_of_column(column).map_err(internal)?;
        let label = from.labels.get(index).cloned();
        label.ok_or_else(|| Box::new(Reason::new("N1", "列无法识别", "a column cannot be traced")))
    }

    /// An expression as it will run: rewritten subqueries in their places, conversions that cannot fail.
    fn finish(&self, expr: &Expr, from: &Relation) -> Checked<Expr> {
        expression::finish(expr, from, &self.subplans)
    }
}

/// The column that an expression carries along under whatever name, if it does no more than that.
fn carried(expr: &Expr) -> Option<&datafusion::common::Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => carried(&alias.expr),
        _ => None,
    }
}
