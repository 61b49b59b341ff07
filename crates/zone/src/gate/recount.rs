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

/// One contributor's part in a measure: number of rows and sum of values.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    /// Rows with a value that is not null.
    pub rows: u64,
    /// Rows among them whose value is not zero.
    pub nonzero: u64,
    /// Sum of the values in millionths; 0 for counts. Whole numbers, so that the order of records does not show in a report.
    pub sum: i128,
    /// One of the values was negative.
    pub negative: bool,
}

/// One group at a release point.
pub(crate) struct Group {
    /// Encodings of the grouping expressions.
    pub key: Vec<Vec<u8>>,
    /// Subject tokens by kind, in the order of the release point.
    pub subjects: Vec<FastMap<u128, ()>>,
    /// Per measure, per subject kind: each contributor's part.
    pub measures: Vec<Vec<FastMap<u128, Part>>>,
}

/// All groups of a release point.
pub(crate) struct Recount {
    /// The groups.
    pub groups: Vec<Group>,
}

/// Runs the input of a release point and counts.
pub(crate) async fn recount(point: &ReleasePoint, session: &SessionState) -> Result<Recount, RecountError> {
    let mut exprs: Vec<Expr> = point.group.clone();
    exprs.extend(point.subjects.iter().map(|s| s.token.clone()));
    for measure in &point.measures {
        exprs.extend(measure.value.clone());
        exprs.extend(measure.filter.clone());
    }
    let named = exprs.into_iter().enumerate().map(|(at, expr)| expr.alias(format!("__recount_{at}")));
    let builder = LogicalPlanBuilder::from(point.input.clone());
    let plan = builder.project(named).and_then(LogicalPlanBuilder::build).map_err(|_| RecountError)?;
    let context = SessionContext::new_with_state(session.clone());
    let frame = context.execute_logical_plan(plan).await.map_err(|_| RecountError)?;
    let mut stream = frame.execute_stream().await.map_err(|_| RecountError)?;
    let mut counter = Counter::new(point);
    while let Some(batch) = stream.next().await {
        counter.add(&batch.map_err(|_| RecountError)?)?;
    }
    Ok(Recount { groups: counter.groups })
}

struct Counter<'a> {
    point: &'a ReleasePoint,
    index: HashMap<Vec<u8>, usize>,
    groups: Vec<Group>,
}

/// The columns of one batch, by use.
struct Columns {
    keys: Vec<Canonical>,
    tokens: Vec<ArrayRef>,
    measures: Vec<(Option<ArrayRef>, Option<ArrayRef>)>,
}

impl Columns {
    fn new(point: &ReleasePoint, batch: &RecordBatch) -> Result<Self, RecountError> {
        let mut arrays = batch.columns().iter();
        let mut next = || arrays.next().cloned().ok_or(RecountError);
        let keys = point.group.iter().map(|_| next().and_then(|a| Canonical::new("", &a).map_err(|_| RecountError))).collect::<Result<_, _>>()?;
        let tokens = point.subjects.iter().map(|_| next().and_then(|a| as_token(&a))).collect::<Result<_, _>>()?;
        let mut measures = Vec::new();
        for measure in &point.measures {
            let value = measure.value.as_ref().map(|_| next()).transpose()?;
            let filter = measure.filter.as_ref().map(|_| next().and_then(|a| as_type(&a, &DataType::Boolean))).transpose()?;
            measures.push((numeric(measure, value)?, filter));
        }
        Ok(Self { keys, tokens, measures })
    }
}

fn as_type(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, RecountError> {
    if array.data_type() == target { Ok(array.clone()) } else { cast(array, target).map_err(|_| RecountError) }
}

fn as_token(array: &ArrayRef) -> Result<ArrayRef, RecountError> {
    as_type(array, &DataType::FixedSizeBinary(16))
}

/// Sums need numbers; counts need only to know what is null.
fn numeric(measure: &Measure, value: Option<ArrayRef>) -> Result<Option<ArrayRef>, RecountError> {
    match (measure.kind, value) {
        (MeasureKind::Count, value) => Ok(value),
        (_, Some(value)) => as_type(&value, &DataType::Float64).map(Some),
        (_, None) => Err(RecountError),
    }
}

impl<'a> Counter<'a> {
    fn new(point: &'a ReleasePoint) -> Self {
        Self { point, index: HashMap::new(), groups: Vec::new() }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), RecountError> {
        let columns = Columns::new(self.point, batch)?;
        let mut scratch = Vec::new();
        for row in 0..batch.num_rows() {
            scratch.clear();
            columns.keys.iter().for_each(|key| key.encode(row, &mut scratch));
            let group = self.group(&columns, row, &scratch);
            for (kind, tokens) in columns.tokens.iter().enumerate() {
                let Some(token) = token_at(tokens, row) else { continue };
                group.subjects[kind].insert(token, ());
                for (at, (value, filter)) in columns.measures.iter().enumerate() {
                    if filter.as_ref().is_some_and(|f| f.is_null(row) || !f.as_boolean().value(row)) {
                        continue;
                    }
                    if let Some(part) = part_at(value.as_ref(), row) {
                        add_part(group.measures[at][kind].entry(token).or_default(), part);
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
                    measures: vec![vec![FastMap::default(); self.point.subjects.len()]; self.point.measures.len()],
                });
                self.index.insert(joined.to_vec(), self.groups.len() - 1);
                self.groups.len() - 1
            }
        };
        &mut self.groups[at]
    }
}

fn token_at(tokens: &ArrayRef, row: usize) -> Option<u128> {
    if tokens.is_null(row) {
        return None;
    }
    <[u8; 16]>::try_from(tokens.as_fixed_size_binary().value(row)).ok().map(u128::from_le_bytes)
}

fn part_at(value: Option<&ArrayRef>, row: usize) -> Option<Part> {
    let Some(array) = value else { return Some(Part { rows: 1, nonzero: 1, ..Part::default() }) };
    if array.is_null(row) {
        return None;
    }
    let Some(numbers) = array.as_primitive_opt::<Float64Type>() else { return Some(Part { rows: 1, nonzero: 1, ..Part::default() }) };
    let x = numbers.value(row);
    Some(Part { rows: 1, nonzero: u64::from(x != 0.0), sum: millionths(x), negative: x < 0.0 })
}

/// A value in millionths; not a number is nothing, and beyond the range of a sum it saturates.
pub(crate) fn millionths(x: f64) -> i128 {
    (x * 1e6).round() as i128
}

fn add_part(into: &mut Part, one: Part) {
    into.rows += one.rows;
    into.nonzero += one.nonzero;
    into.sum = into.sum.saturating_add(one.sum);
    into.negative |= one.negative;
}
