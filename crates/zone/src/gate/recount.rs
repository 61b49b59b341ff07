//! Counting people again, on raw records, with code of the gate's own: it runs the input of a release point, not its aggregate,
//! and keeps for each group who contributed and how much. Nothing here trusts a number that the engine computed.

use super::measures::FastMap;
use super::sealed::{Measure, MeasureKind, ReleasePoint};
use crate::artefact::Canonical;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use std::collections::HashMap;

/// Why a release point cannot be recounted. Carries no text of the engine, because that may carry a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the release point cannot be recounted")]
pub struct RecountError;

/// One contributor's part in a measure, kept small because there is one per person, group and measure.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    /// Sum of the values in ten-thousandths; whole numbers, so that the order of records does not show in a report.
    pub sum: i64,
    /// One of the values is not zero.
    pub nonzero: bool,
    /// One of the values is negative.
    pub negative: bool,
}

/// One group at a release point.
pub(crate) struct Group {
    /// Encodings of the grouping expressions.
    pub key: Vec<Vec<u8>>,
    /// Subjects by kind, in the order of the release point.
    pub subjects: Vec<FastMap<u64, ()>>,
    /// Per slot, per subject kind: each contributor's part.
    parts: Vec<Vec<FastMap<u64, Part>>>,
}

/// Measures over the same rows and values share one slot; `COUNT(*)` needs none, because the group itself is counted.
#[derive(Clone, PartialEq)]
struct Slot {
    value: Option<Expr>,
    filter: Option<Expr>,
    sums: bool,
}

impl Slot {
    fn of(measure: &Measure) -> Option<Self> {
        let slot = Self {
            value: measure.value.clone(),
            filter: measure.filter.clone(),
            sums: measure.kind != MeasureKind::Count,
        };
        (slot.value.is_some() || slot.filter.is_some()).then_some(slot)
    }
}

/// All groups of a release point.
pub(crate) struct Recount {
    /// The groups.
    pub groups: Vec<Group>,
    slot_of: Vec<Option<usize>>,
}

impl Recount {
    /// Contributors of a measure in a group by subject kind: how many count, and their sums.
    pub(crate) fn contributors<'a>(
        &self,
        group: &'a Group,
        (measure, function): (usize, MeasureKind),
        kind: usize,
    ) -> Contributors<'a> {
        let sum = matches!(function, MeasureKind::Sum | MeasureKind::Avg);
        match self.slot_of.get(measure).copied().flatten() {
            None => Contributors { counted: group.subjects[kind].len() as u64, parts: None },
            Some(slot) => {
                let parts = &group.parts[slot][kind];
                Contributors {
                    counted: parts.values().filter(|p| p.nonzero || !sum).count() as u64,
                    parts: Some(parts),
                }
            }
        }
    }
}

/// Who stands behind one cell.
pub(crate) struct Contributors<'a> {
    /// Distinct subjects whose rows count: to a sum only those with a value that is not zero, because zeros can be stuffed.
    pub counted: u64,
    /// Their parts, where the measure has a value or a condition.
    pub parts: Option<&'a FastMap<u64, Part>>,
}

/// Runs the input of a release point and counts.
pub(crate) async fn recount(point: &ReleasePoint, session: &SessionState) -> Result<Recount, RecountError> {
    let mut exprs: Vec<Expr> = point.group.clone();
    exprs.extend(point.subjects.iter().map(|s| s.token.clone()));
    let (slots, slot_of) = slots(point);
    for slot in &slots {
        exprs.extend(slot.value.clone());
        exprs.extend(slot.filter.clone());
    }
    let named = exprs.into_iter().enumerate().map(|(at, expr)| expr.alias(format!("__recount_{at}")));
    let builder = LogicalPlanBuilder::from(point.input.clone());
    let plan = builder.project(named).and_then(LogicalPlanBuilder::build).map_err(|_| RecountError)?;
    let context = SessionContext::new_with_state(session.clone());
    let frame = context.execute_logical_plan(plan).await.map_err(|_| RecountError)?;
    let mut stream = frame.execute_stream().await.map_err(|_| RecountError)?;
    let mut counter = Counter { point, slots: &slots, index: HashMap::new(), groups: Vec::new() };
    while let Some(batch) = stream.next().await {
        counter.add(&batch.map_err(|_| RecountError)?)?;
    }
    Ok(Recount { groups: counter.groups, slot_of })
}

fn slots(point: &ReleasePoint) -> (Vec<Slot>, Vec<Option<usize>>) {
    let mut slots: Vec<Slot> = Vec::new();
    let slot_of = point.measures.iter().map(|measure| {
        let slot = Slot::of(measure)?;
        Some(slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            slots.push(slot);
            slots.len() - 1
        }))
    });
    let slot_of = slot_of.collect();
    (slots, slot_of)
}

struct Counter<'a> {
    point: &'a ReleasePoint,
    slots: &'a [Slot],
    index: HashMap<Vec<u8>, usize>,
    groups: Vec<Group>,
}

/// The columns of one batch, by use.
struct Columns {
    keys: Vec<Canonical>,
    tokens: Vec<ArrayRef>,
    slots: Vec<(Option<ArrayRef>, Option<ArrayRef>)>,
}

impl Columns {
    fn new(point: &ReleasePoint, slots: &[Slot], batch: &RecordBatch) -> Result<Self, RecountError> {
        let mut arrays = batch.columns().iter();
        let mut next = || arrays.next().cloned().ok_or(RecountError);
        let keys = point
            .group
            .iter()
            .map(|_| next().and_then(|a| Canonical::new("", &a).map_err(|_| RecountError)))
            .collect::<Result<_, _>>()?;
        let tokens = point.subjects.iter().map(|_| next().and_then(|a| as_token(&a))).collect::<Result<_, _>>()?;
        let mut arrays = Vec::new();
        for slot in slots {
            let value = slot.value.as_ref().map(|_| next()).transpose()?;
            let filter =
                slot.filter.as_ref().map(|_| next().and_then(|a| as_type(&a, &DataType::Boolean))).transpose()?;
            arrays.push((numeric(slot, value)?, filter));
        }
        Ok(Self { keys, tokens, slots: arrays })
    }
}

fn as_type(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, RecountError> {
    if array.data_type() == target { Ok(array.clone()) } else { cast(array, target).map_err(|_| RecountError) }
}

fn as_token(array: &ArrayRef) -> Result<ArrayRef, RecountError> {
    as_type(array, &DataType::FixedSizeBinary(16))
}

/// Sums need numbers; counts need only to know what is null.
fn numeric(slot: &Slot, value: Option<ArrayRef>) -> Result<Option<ArrayRef>, RecountError> {
    match value {
        Some(value) if slot.sums => as_type(&value, &DataType::Float64).map(Some),
        None if slot.sums => Err(RecountError),
        other => Ok(other),
    }
}

impl Counter<'_> {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), RecountError> {
        let columns = Columns::new(self.point, self.slots, batch)?;
        let mut scratch = Vec::new();
        for row in 0..batch.num_rows() {
            scratch.clear();
            columns.keys.iter().for_each(|key| key.encode(row, &mut scratch));
            let group = self.group(&columns, row, &scratch);
            for (kind, tokens) in columns.tokens.iter().enumerate() {
                let Some(token) = token_at(tokens, row) else { continue };
                group.subjects[kind].insert(token, ());
                for (at, (value, filter)) in columns.slots.iter().enumerate() {
                    if filter.as_ref().is_some_and(|f| f.is_null(row) || !f.as_boolean().value(row)) {
                        continue;
                    }
                    if let Some(part) = part_at(value.as_ref(), row) {
                        add_part(group.parts[at][kind].entry(token).or_default(), part);
                    }
                }
            }
        }
        Ok(())
    }

    fn group(&mut self, columns: &Columns, row: usize, joined: &[u8]) -> &mut Group {
        let at = match self.index.get(joined) {
            Some(at) => *at,
            None => {
                let one = |key: &Canonical| {
                    let mut out = Vec::new();
                    key.encode(row, &mut out);
                    out
                };
                self.groups.push(Group {
                    key: columns.keys.iter().map(one).collect(),
                    subjects: vec![FastMap::default(); self.point.subjects.len()],
                    parts: vec![vec![FastMap::default(); self.point.subjects.len()]; self.slots.len()],
                });
                self.index.insert(joined.to_vec(), self.groups.len() - 1);
                self.groups.len() - 1
            }
        };
        &mut self.groups[at]
    }
}

/// A token is the output of a keyed hash: eight bytes of it tell subjects apart, and a collision could only count too few.
fn token_at(tokens: &ArrayRef, row: usize) -> Option<u64> {
    if tokens.is_null(row) {
        return None;
    }
    let (head, tail) = tokens.as_fixed_size_binary().value(row).split_at_checked(8)?;
    Some(u64::from_le_bytes(head.try_into().ok()?) ^ u64::from_le_bytes(tail.try_into().ok()?))
}

fn part_at(value: Option<&ArrayRef>, row: usize) -> Option<Part> {
    let counted = Part { sum: 0, nonzero: true, negative: false };
    let Some(array) = value else { return Some(counted) };
    if array.is_null(row) {
        return None;
    }
    let Some(numbers) = array.as_primitive_opt::<Float64Type>() else {
        return Some(counted);
    };
    let x = numbers.value(row);
    Some(Part { sum: scaled(x), nonzero: x != 0.0, negative: x < 0.0 })
}

/// A value in ten-thousandths; not a number is nothing, and beyond the range of a sum it saturates.
pub(crate) fn scaled(x: f64) -> i64 {
    (x * 1e4).round() as i64
}

/// Adds one row's part to what its subject has.
pub(crate) fn add_part(into: &mut Part, one: Part) {
    into.sum = into.sum.saturating_add(one.sum);
    into.nonzero |= one.nonzero;
    into.negative |= one.negative;
}
