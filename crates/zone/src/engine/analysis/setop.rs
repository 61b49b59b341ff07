//! Unions: column by column, permitting what all inputs permit.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Projection, Union};

use super::blame::internal;
use super::relation::Hidden;
use super::{Pass, Relation, State};
use crate::engine::label::{Label, Modes};
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
            return deny(reason.help("release both first").place(self.text.find("UNION")).place(self.text.start()));
        }
        let mut tables = BTreeSet::new();
        for input in inputs.iter().filter(|input| input.state != State::Released) {
            self.check_pairs(&tables, &input.tables)?;
            tables.extend(input.tables.iter().cloned());
        }
        let hidden = self.hidden_of(&inputs, state)?;
        let mut plans = Vec::new();
        for input in &inputs {
            plans.push(Arc::new(arm(input, node, &hidden)?));
        }
        let labels = (0..node.schema.fields().len()).map(|column| united(&inputs, column, state)).collect();
        let plan = LogicalPlan::Union(Union::try_new_with_loose_types(plans).map_err(internal)?);
        let implicit = inputs.iter().flat_map(|input| input.implicit.iter().cloned()).collect();
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
        })
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
                        .help("aggregate each part by itself")
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
fn arm(input: &Relation, node: &Union, hidden: &[Hidden]) -> Checked<LogicalPlan> {
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
    let plan = Projection::try_new(exprs, Arc::new(input.plan.clone())).map_err(internal)?;
    Ok(LogicalPlan::Projection(plan))
}
