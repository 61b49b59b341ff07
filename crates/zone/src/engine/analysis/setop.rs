//! Unions: column by column, permitting what all inputs permit.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Projection, Union, lit};

use super::blame::internal;
use super::combine::scans;
use super::joint::Rows;
use super::relation::{Hidden, Straddled};
use super::{Pass, Relation, State};
use crate::engine::label::{Atom, Label, Modes};
use crate::engine::verdict::{Checked, Reason, deny};

impl Pass<'_> {
    pub(super) fn union(&mut self, node: &Union) -> Checked<Relation> {
        let inputs = node.inputs.iter().map(|input| self.analyse(input)).collect::<Checked<Vec<Relation>>>()?;
        let state = joint_state(&inputs);
        if state == State::Raw && inputs.iter().any(|input| input.state == State::Released) {
            let reason = Reason::new(
                "G3",
                "已释放的分组不得与受限行合并",
                "released groups may not be united with restricted rows",
            );
            return deny(
                reason.help("先各自释放", "release both first").place(self.text.find("UNION")).place(self.text.start()),
            );
        }
        let mut tables = BTreeSet::new();
        for input in inputs.iter().filter(|input| input.state != State::Released) {
            self.check_pairs(&tables, &input.tables)?;
            tables.extend(input.tables.iter().cloned());
        }
        let hidden = self.hidden_of(&inputs, state)?;
        let fans = self.fans_of(&inputs);
        let mut plans = Vec::new();
        for (number, input) in inputs.iter().enumerate() {
            plans.push(Arc::new(arm(input, node, &hidden, (number, &fans))?));
        }
        let loose = inputs
            .iter()
            .find_map(|input| input.loose.clone())
            .or_else(|| self.taken_twice(node).filter(|_| state != State::Released));
        let plan = LogicalPlan::Union(Union::try_new_with_loose_types(plans).map_err(internal)?);
        let implicit: BTreeSet<Atom> = inputs.iter().flat_map(|input| input.implicit.iter().cloned()).collect();
        let labels = (0..node.schema.fields().len()).map(|column| {
            let label = united(&inputs, column, state);
            // A literal tells which input a row comes from, and with it how the rows of that input were chosen.
            if state == State::Raw && label.is_written() { label.chosen_by(&implicit) } else { label }
        });
        let labels = labels.collect();
        let synthetic = inputs.iter().any(|input| input.synthetic);
        Ok(Relation {
            plan,
            schema: Arc::clone(&node.schema),
            labels,
            state,
            implicit,
            hidden,
            tables,
            fixed: BTreeSet::new(),
            synthetic,
            fans,
            fan_tables: inputs.iter().flat_map(|input| input.fan_tables.iter().cloned()).collect(),
            straddled: inputs.iter().map(|input| input.straddled).max().unwrap_or(Straddled::No),
            loose,
        })
    }

    /// May a record of a restricted table stand in two inputs? Then the query's author decides how often it is taken, and groups
    /// could be subtracted from each other.
    fn taken_twice(&self, node: &Union) -> Option<Box<Reason>> {
        let restricted = |plan: &LogicalPlan| {
            let tables = scans(plan).into_iter();
            tables
                .filter(|table| self.policy.contract(table).is_none_or(|contract| !contract.table.is_public()))
                .collect()
        };
        let parts: Vec<&LogicalPlan> = node.inputs.iter().flat_map(|input| parts(input)).collect();
        let tables: Vec<BTreeSet<String>> = parts.iter().map(|part| restricted(part)).collect();
        let rows: Vec<Rows> = parts.iter().map(|part| Rows::of(part)).collect();
        let twice = (0..rows.len())
            .any(|a| (a + 1..rows.len()).any(|b| !tables[a].is_disjoint(&tables[b]) && !rows[a].excludes(&rows[b])));
        let reason = || {
            let reason = Reason::new(
                "G6",
                "UNION 不得多次取用同一受限记录",
                "a UNION may not take one restricted record several times",
            );
            let (zh, en) = (
                "用一个分组与 FILTER，或使各部分在同一列上的条件互斥",
                "use one grouping with FILTER, or conditions on one column that exclude each other",
            );
            Box::new(reason.help(zh, en).place(self.text.find("UNION")).place(self.text.start()))
        };
        twice.then(reason)
    }

    /// Columns that tell multiplied rows apart: which input, and its own classes.
    fn fans_of(&mut self, inputs: &[Relation]) -> Vec<Column> {
        let most = inputs.iter().map(|input| input.fans.len()).max().unwrap_or(0);
        let wanted = if most == 0 { 0 } else { most + 1 };
        let mut fans = Vec::new();
        for _ in 0..wanted {
            self.scans += 1;
            fans.push(Column::from_name(format!("__fan_{}", self.scans)));
        }
        fans
    }

    /// One hidden column per kind that any input carries.
    fn hidden_of(&mut self, inputs: &[Relation], state: State) -> Checked<Vec<Hidden>> {
        if state == State::Released {
            return Ok(Vec::new());
        }
        let kinds: BTreeSet<(&String, bool)> =
            inputs.iter().flat_map(|input| &input.hidden).map(|h| (&h.kind, h.when_measure)).collect();
        let mut hidden = Vec::new();
        for (kind, when_measure) in kinds {
            if inputs.iter().any(|input| input.hidden.iter().filter(|h| h.kind == *kind).count() > 1) {
                let reason =
                    Reason::new("G1", "合并各行的主体无法计数", "the subjects of the united rows cannot be counted");
                return deny(
                    reason
                        .help("各部分分别聚合", "aggregate each part by itself")
                        .place(self.text.find("UNION"))
                        .place(self.text.start()),
                );
            }
            self.scans += 1;
            let column = Column::from_name(format!("{}{kind}_{}", crate::contract::SUBJECT_PREFIX, self.scans));
            hidden.push(Hidden { kind: kind.clone(), column, scan: self.scans, table: String::new(), when_measure });
        }
        Ok(hidden)
    }
}

/// The most restricted of all.
fn joint_state(inputs: &[Relation]) -> State {
    let any = |state| inputs.iter().any(|input| input.state == state);
    match (any(State::Raw), any(State::Released)) {
        (true, _) => State::Raw,
        (false, true) => State::Released,
        (false, false) => State::Public,
    }
}

fn united(inputs: &[Relation], column: usize, state: State) -> Label {
    let parts: Vec<&Label> = inputs.iter().filter_map(|input| input.labels.get(column)).collect();
    let mut label = Label::join(parts.iter().copied());
    let first = parts.first();
    if let Some(first) = first {
        let same = |pick: fn(&Label) -> String| parts.iter().all(|part| pick(part) == pick(first));
        if same(|label| format!("{:?}", label.domain)) {
            label.domain.clone_from(&first.domain);
        } else {
            label.modes = label.modes.without(Modes::EQJOIN);
        }
        match same(|label| format!("{:?} {:?}", label.grid, label.condition)) {
            true => (label.grid, label.condition) = (first.grid, first.condition.clone()),
            false => {
                label.modes = label.modes.and(Modes::COUNT.or(Modes::GROUP).or(Modes::LIT_EQ).or(Modes::INNER_KEY))
            }
        }
        label.transform = parts.iter().map(|part| part.transform).fold(first.transform, Ord::max);
        let point = first.released_key.filter(|_| parts.len() == 1);
        label.released_key = point;
    }
    if state == State::Released && !label.is_free() {
        label.modes = Modes::NONE;
    } else if state != State::Raw && parts.iter().all(|part| part.is_free()) {
        label.modes = Modes::ALL;
    }
    label
}

/// An input with its visible columns under the union's names, then the hidden ones, null where it has no such subject.
fn arm(input: &Relation, node: &Union, hidden: &[Hidden], (number, fans): (usize, &[Column])) -> Checked<LogicalPlan> {
    let mut exprs = Vec::new();
    for (expr, field) in input.visible().into_iter().zip(node.schema.fields()) {
        let kind = expr.get_type(input.schema.as_ref()).map_err(internal)?;
        let expr = if kind == *field.data_type() {
            expr
        } else {
            datafusion::logical_expr::cast(expr, field.data_type().clone())
        };
        exprs.push(expr.alias(field.name()));
    }
    for wanted in hidden {
        let own = input.hidden.iter().find(|own| own.kind == wanted.kind);
        let token = match own {
            Some(own) => datafusion::logical_expr::cast(Expr::Column(own.column.clone()), DataType::Binary),
            None => Expr::Literal(ScalarValue::Binary(None), None),
        };
        exprs.push(token.alias(&wanted.column.name));
    }
    for (at, fan) in fans.iter().enumerate() {
        let class = match (at.checked_sub(1), at.checked_sub(1).and_then(|at| input.fans.get(at))) {
            (None, _) => lit(number as u64 + 1),
            (_, Some(own)) => Expr::Column(own.clone()),
            (_, None) => Expr::Literal(ScalarValue::UInt64(None), None),
        };
        exprs.push(class.alias(&fan.name));
    }
    let plan = Projection::try_new(exprs, Arc::new(input.plan.clone())).map_err(internal)?;
    Ok(LogicalPlan::Projection(plan))
}

/// The rows of an input, whichever of their columns are taken under whatever names; of a union, those of each of its inputs.
fn parts(plan: &LogicalPlan) -> Vec<&LogicalPlan> {
    match plan {
        LogicalPlan::Projection(node) => parts(&node.input),
        LogicalPlan::SubqueryAlias(node) => parts(&node.input),
        LogicalPlan::Union(node) => node.inputs.iter().flat_map(|input| parts(input)).collect(),
        other => vec![other],
    }
}
