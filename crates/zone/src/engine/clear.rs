//! The static verdict, and clearance: from text to the plan that may run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::catalog::empty::EmptyTable;
use datafusion::common::tree_node::Transformed;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Extension, LogicalPlan, Projection, TableSource};
use model::refusal::{Position, Refusal};

use super::analysis::{Pass, Policy, Relation, Release, State, joint};
use super::deep;
use super::disclose::{Demands, Disclose};
use super::label::{Atom, Label, Modes};
use super::parse::{Text, parse};
use super::planner;
use super::spill::Spill;
use super::verdict::{Checked, ColumnLineage, Decision, LineageSource, Reason, Verdict, deny};
use crate::contract::{Class, Contract};
use crate::gate::{ColumnOrigin, Nature, ReleasePoint};
use crate::purpose::Purpose;

/// The start of the text: where a refusal stands that concerns no word of it.
const FIRST: Option<Position> = Some(Position { line: 1, column: 1 });

/// The records of a table with its contract. The provider's schema is the contract's sealed schema: its fields, then the hidden
/// subject columns.
#[derive(Clone, Debug)]
pub struct Source {
    /// The contract.
    pub contract: Arc<Contract>,
    /// The records.
    pub provider: Arc<dyn TableProvider>,
}

/// What a run may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Memory of the query's operators, in bytes.
    pub memory: usize,
    /// Where and under which suite spilled data are sealed; `None`: no spilling.
    pub spill: Option<Spill>,
    /// Most bytes spilled.
    pub spill_bytes: u64,
    /// Most rows of the answer.
    pub rows: usize,
    /// Longest time of a run.
    pub time: Duration,
    /// Number of partitions, that is of cores used.
    pub partitions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            spill: None,
            spill_bytes: 8 << 30,
            rows: 1_000_000,
            time: Duration::from_secs(600),
            partitions: 2,
        }
    }
}

/// Everything a query may reach.
#[derive(Clone, Debug)]
pub struct EngineEnv {
    /// The tables.
    pub sources: Vec<Source>,
    /// The purpose.
    pub purpose: Purpose,
    /// The limits.
    pub limits: Limits,
}

/// A plan that may run: accepted, and rewritten so that it enforces the group rules. Made only by [`clear`].
#[derive(Debug)]
pub struct ClearedPlan {
    pub(super) plan: LogicalPlan,
    pub(super) verdict: Verdict,
    pub(super) nature: Nature,
    pub(super) origins: Vec<ColumnOrigin>,
    pub(super) points: Vec<ReleasePoint>,
    pub(super) limits: Limits,
}

impl ClearedPlan {
    /// The verdict that the plan rests on.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// The static verdict on a query. Reads no data, and says the same whatever the data contain.
pub fn check(sql: &str, contracts: &[Contract], purpose: &Purpose) -> Verdict {
    let empty = |table: &str| {
        let contract = contracts.iter().find(|contract| contract.table.name == table)?;
        Some(provider_as_source(Arc::new(EmptyTable::new(contract.sealed_schema()))))
    };
    match on_deep_stack(|| analyse(sql, contracts, purpose, &empty)) {
        Ok(analysed) => analysed.verdict,
        Err(reason) => Verdict::refuse(reason.place(FIRST)),
    }
}

/// Clears a query for running over the environment's tables.
///
/// # Errors
/// A [`Refusal`] with the rule and the place in the text.
pub fn clear(env: &EngineEnv, sql: &str) -> Result<ClearedPlan, Refusal> {
    let contracts: Vec<Contract> = env.sources.iter().map(|source| source.contract.as_ref().clone()).collect();
    let records = |table: &str| {
        let source = env.sources.iter().find(|source| source.contract.table.name == table)?;
        // A provider that lacks a column would break the plan half-way: refuse it as a whole.
        let fields = source.provider.schema();
        let complete =
            source.contract.sealed_schema().fields().iter().all(|field| fields.field_with_name(field.name()).is_ok());
        complete.then(|| provider_as_source(Arc::clone(&source.provider)))
    };
    let analysed = on_deep_stack(|| analyse(sql, &contracts, &env.purpose, &records));
    let analysed = analysed.map_err(|reason| Verdict::refuse(reason.place(FIRST)).refusal())?;
    let Analysed { plan, verdict, nature, origins, points } = analysed;
    Ok(ClearedPlan { plan, verdict, nature, origins, points, limits: env.limits.clone() })
}

struct Analysed {
    plan: LogicalPlan,
    verdict: Verdict,
    nature: Nature,
    origins: Vec<ColumnOrigin>,
    points: Vec<ReleasePoint>,
}

/// Runs the analysis on a stack that no query can exhaust.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> Checked<T> + Send) -> Checked<T> {
    let failed = || Box::new(Reason::new("N1", "查询无法分析", "the query cannot be analysed"));
    deep::analysis(work).unwrap_or_else(|| Err(failed()))
}

type Records<'a> = &'a (dyn Fn(&str) -> Option<Arc<dyn TableSource>> + Sync);

fn analyse(sql: &str, contracts: &[Contract], purpose: &Purpose, records: Records) -> Checked<Analysed> {
    let (statement, text) = parse(sql)?;
    let session = planner::session(contracts)
        .map_err(|_| Box::new(Reason::new("N1", "契约无法成表", "the contracts cannot be made tables")))?;
    let plan = futures::executor::block_on(planner::plan(&session, statement, &text))?;
    let policy = Policy { contracts, purpose };
    let sources = |table: &str| records(table);
    let mut pass = Pass::new(&policy, &sources, &text);
    let root = pass.analyse(&plan)?;
    check_root(&root, &policy, &text)?;
    check_company(&pass.used, &policy, &text)?;
    let releases = std::mem::take(&mut pass.releases);
    let shown = Projection::try_new(root.visible(), Arc::new(root.plan.clone()));
    let shown = shown.map_err(|_| Box::new(Reason::new("N1", "查询无法改写", "the query cannot be rewritten")))?;
    let totals = joint::check(&releases, &text)?;
    let plan = link(LogicalPlan::Projection(shown), &totals)?;
    let verdict = Verdict {
        verdict: if root.state == State::Public { Decision::Allow } else { Decision::Aggregate },
        reasons: Vec::new(),
        lineage: lineage(&root),
    };
    let nature = if root.state == State::Public { Nature::Public } else { Nature::Aggregate };
    let origins = root.labels.iter().map(|label| origin(label, &policy)).collect();
    Ok(Analysed { plan, verdict, nature, origins, points: points(releases, &root) })
}

/// What comes out must be public rows or released groups.
fn check_root(root: &Relation, policy: &Policy, text: &Text) -> Checked<()> {
    let hidden = |label: &&Label| !label.modes.has(Modes::SHOW);
    let blamed = root.labels.iter().find(hidden);
    if !root.is_raw() && blamed.is_none() {
        return Ok(());
    }
    let names = blamed.map(Label::names).unwrap_or_default();
    let class = blamed.into_iter().flat_map(|label| &label.atoms).filter_map(|atom| policy.class(atom)).max();
    let rule = class.filter(|class| *class != Class::Pub).map_or("N7", Class::name);
    let place =
        names.iter().find_map(|name| text.find(name.rsplit('.').next().unwrap_or(name))).or_else(|| text.start());
    let (zh, en) = ("受限记录不得逐行输出", "restricted records may not be answered row by row");
    let list = names.join(", ");
    let (zh, en) =
        if names.is_empty() { (zh.into(), en.into()) } else { (format!("{zh}（{list}）"), format!("{en} ({list})")) };
    let help = (
        "按维度分组并使用聚合，或只取公开列",
        "group by dimensions and use aggregates, or ask for public columns only",
    );
    deny(Reason::new(rule, zh, en).columns(names).help(help.0, help.1).place(place))
}

/// Columns that may not stand in one query with others (SEN).
fn check_company(used: &BTreeSet<Atom>, policy: &Policy, text: &Text) -> Checked<()> {
    for atom in used {
        let Some(field) = policy.field(atom) else { continue };
        if let Some(other) = used.iter().find(|other| field.not_with.contains(&other.column)) {
            let (a, b) = (atom.name(), other.name());
            let (zh, en) = (format!("{a} 不得与 {b} 同在一个查询"), format!("{a} may not stand in one query with {b}"));
            let place = text.find(&other.column).or_else(|| text.start());
            return deny(
                Reason::new("SEN", zh, en)
                    .columns([a, b])
                    .help(format!("去掉 {}", other.column), format!("leave out {}", other.column))
                    .place(place),
            );
        }
    }
    Ok(())
}

/// Tells every release operator which totals of its groups another one shows (G3).
fn link(plan: LogicalPlan, totals: &joint::Totals) -> Checked<LogicalPlan> {
    if totals.iter().all(Vec::is_empty) {
        return Ok(plan);
    }
    let marked = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::Extension(extension) = &node else { return Ok(Transformed::no(node)) };
        let Some(operator) = extension.node.as_any().downcast_ref::<Disclose>() else {
            return Ok(Transformed::no(node));
        };
        let totals = totals.get(operator.number).cloned().unwrap_or_default();
        let demands = Arc::new(Demands { totals, ..operator.demands.as_ref().clone() });
        let operator = Disclose { demands, ..operator.clone() };
        Ok(Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(operator) })))
    });
    marked
        .map(|marked| marked.data)
        .map_err(|_| Box::new(Reason::new("N1", "查询无法改写", "the query cannot be rewritten")))
}

/// The release points with the output columns that show their keys and measures.
fn points(releases: Vec<Release>, root: &Relation) -> Vec<ReleasePoint> {
    let mut points: Vec<ReleasePoint> = releases.into_iter().map(|release| release.point).collect();
    for (column, label) in root.labels.iter().enumerate() {
        if let Some((point, key)) = label.released_key
            && let Some(shown) = points.get_mut(point).and_then(|point| point.keys_in_output.get_mut(key))
        {
            *shown = Some(column);
        }
        if let Some((point, measure)) = label.released_measure
            && let Some(measure) = points.get_mut(point).and_then(|point| point.measures.get_mut(measure))
        {
            measure.output = Some(column);
        }
    }
    points
}

fn lineage(root: &Relation) -> Vec<ColumnLineage> {
    let source = |atom: &Atom, label: &Label| LineageSource {
        table: atom.table.clone(),
        column: atom.column.clone(),
        transform: label.transform,
    };
    let indirect: Vec<String> = root.implicit.iter().map(Atom::name).collect();
    let column = |(field, label): (&Arc<arrow::datatypes::Field>, &Label)| ColumnLineage {
        column: field.name().clone(),
        sources: label.atoms.iter().map(|atom| source(atom, label)).collect(),
        indirect: indirect.clone(),
    };
    root.schema.fields().iter().zip(&root.labels).map(column).collect()
}

fn origin(label: &Label, policy: &Policy) -> ColumnOrigin {
    let class = |wanted: &[Class]| {
        label.atoms.iter().any(|atom| policy.class(atom).is_none_or(|class| wanted.contains(&class)))
    };
    let aggregate = label.transform >= super::verdict::Transform::Aggregate;
    ColumnOrigin {
        public: !class(&[Class::Dim, Class::Sen, Class::Mea, Class::Time, Class::Key, Class::Rid, Class::Lock])
            && !label.from_release,
        aggregate,
        quasi: !aggregate && class(&[Class::Dim, Class::Time, Class::Sen, Class::Key]),
        sensitive: class(&[Class::Sen]) || (!aggregate && class(&[Class::Mea])),
    }
}
