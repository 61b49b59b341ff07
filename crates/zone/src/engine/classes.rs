//! Subjects by class of row: an aggregate of (subject tokens, class columns) that keeps a saturating token set per class.
//!
//! Where a query lets rows count several times, the rows that count equally often are a class, and each class must rest on enough
//! subjects by itself: otherwise a sum would tell what a small class adds to it. The same sets say how many different values are
//! had by enough subjects each, which is all that may be told of a number of different values.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Int64Array};
use arrow::datatypes::{DataType, Field, FieldRef, UInt64Type};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

use super::subjects::{NOBODY, TOKEN, TokenColumn, add_tokens, or_nobody};

/// What is told of the classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    /// The token set of the smallest class.
    Smallest,
    /// Which classes there are.
    Pattern,
    /// How many classes have enough tokens of each kind.
    Known,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Classes {
    shape: Shape,
    /// Enough tokens, for each of the leading token arguments.
    enough: Vec<u32>,
    name: String,
    signature: Signature,
}

fn classes(shape: Shape, enough: Vec<u32>) -> Arc<AggregateUDF> {
    let numbers = enough.iter().map(|k| format!("_{k}")).collect::<String>();
    let name = format!("__{}{numbers}", format!("{shape:?}").to_lowercase());
    Arc::new(AggregateUDF::from(Classes {
        shape,
        enough,
        name,
        signature: Signature::variadic_any(Volatility::Immutable),
    }))
}

/// `(token, token of another kind…, class…)`: the token set, saturating at `limit`, of the class with the fewest subjects. Classes
/// without a subject of that kind are none, unless they have none of the `others` kinds either.
pub fn smallest_class(limit: u32, others: usize) -> Arc<AggregateUDF> {
    classes(Shape::Smallest, [vec![limit], vec![0; others]].concat())
}

/// `(class…)`: the classes of a group as one byte string, empty where the rows were not multiplied.
pub fn pattern() -> Arc<AggregateUDF> {
    classes(Shape::Pattern, Vec::new())
}

/// `(token…, value)`: the number of different values that at least so many subjects of each kind have.
pub fn known_values(enough: Vec<u32>) -> Arc<AggregateUDF> {
    classes(Shape::Known, enough)
}

impl AggregateUDFImpl for Classes {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.shape == Shape::Known { DataType::Int64 } else { DataType::Binary })
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(One(Groups::new(self, 1))))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[classes]", args.name), DataType::Binary, true))])
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::new(self, 0)))
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        match self.shape {
            Shape::Known => Ok(ScalarValue::Int64(Some(0))),
            Shape::Smallest | Shape::Pattern => ScalarValue::try_from(data_type),
        }
    }
}

/// Token sets by kind.
type Sets = Vec<Vec<u128>>;

/// The classes of each group.
#[derive(Debug)]
struct Groups {
    shape: Shape,
    enough: Vec<u32>,
    groups: Vec<BTreeMap<Vec<u8>, Sets>>,
}

impl Groups {
    fn new(of: &Classes, groups: usize) -> Self {
        Self { shape: of.shape, enough: of.enough.clone(), groups: vec![BTreeMap::new(); groups] }
    }

    fn add(&mut self, group: usize, class: &[u8], tokens: &[Option<&[u8]>]) {
        let kinds = self.enough.len();
        let Some(classes) = self.groups.get_mut(group) else { return };
        if !classes.contains_key(class) {
            classes.insert(class.to_vec(), vec![Vec::new(); kinds]);
        }
        let Some(sets) = classes.get_mut(class) else { return };
        for ((set, bytes), limit) in sets.iter_mut().zip(tokens).zip(&self.enough) {
            if *limit > 0 {
                add_tokens(set, *limit as usize, bytes.unwrap_or_default());
            }
        }
    }

    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: impl Fn(usize) -> usize,
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let (tokens, classes) = values.split_at(self.enough.len().min(values.len()));
        let tokens = tokens.iter().map(TokenColumn::of).collect::<Result<Vec<_>>>()?;
        let rows = values.first().map_or(0, |array| array.len());
        let fields = classes.iter().map(|array| SortField::new(array.data_type().clone())).collect();
        let encoded = RowConverter::new(fields)?.convert_columns(classes)?;
        for row in (0..rows).filter(|row| filter.is_none_or(|filter| filter.is_valid(*row) && filter.value(*row))) {
            let plain = classes.iter().all(|array| is_plain(array, row));
            if plain && self.shape != Shape::Smallest {
                // No value, or nothing that multiplied the row.
                continue;
            }
            let mut own: Vec<Option<&[u8]>> = tokens.iter().map(|column| Some(column.at(row))).collect();
            if self.shape == Shape::Smallest
                && let Some(first) = own.first_mut()
            {
                *first = Some(or_nobody(&tokens, row));
            }
            let class = encoded.row(row);
            self.add(groups(row), if plain { &[] } else { class.as_ref() }, &own);
        }
        Ok(())
    }

    fn output(&self, groups: &[BTreeMap<Vec<u8>, Sets>]) -> ArrayRef {
        match self.shape {
            Shape::Known => {
                let enough = |sets: &Sets| sets.iter().zip(&self.enough).all(|(set, k)| set.len() >= *k as usize);
                let count =
                    |classes: &BTreeMap<Vec<u8>, Sets>| classes.values().filter(|sets| enough(sets)).count() as i64;
                Arc::new(Int64Array::from_iter_values(groups.iter().map(count)))
            }
            Shape::Smallest => {
                let limit = self.enough.first().copied().unwrap_or_default() as usize;
                let size = |set: &Vec<u128>| set.iter().filter(|token| **token != NOBODY).count();
                let smallest = |classes: &BTreeMap<Vec<u8>, Sets>| {
                    let sets = || classes.values().filter_map(|sets| sets.first());
                    // A class of none must not hide one of a few.
                    let some = sets().filter(|set| !set.is_empty()).min_by_key(|set| size(set));
                    let none = sets().any(Vec::is_empty);
                    let set = some.filter(|set| size(set) < limit || !none);
                    set.into_iter().flatten().flat_map(|token| token.to_be_bytes()).collect::<Vec<u8>>()
                };
                Arc::new(BinaryArray::from_iter_values(groups.iter().map(smallest)))
            }
            Shape::Pattern => Arc::new(BinaryArray::from_iter_values(groups.iter().map(|classes| {
                let mut out = Vec::new();
                classes.keys().for_each(|class| push(&mut out, class));
                out
            }))),
        }
    }

    /// Classes with their sets, each part with its length before it.
    fn state_of(&self, groups: &[BTreeMap<Vec<u8>, Sets>]) -> ArrayRef {
        let mut builder = BinaryBuilder::new();
        for classes in groups {
            let mut out = Vec::new();
            for (class, sets) in classes {
                push(&mut out, class);
                for set in sets {
                    push(&mut out, &set.iter().flat_map(|token| token.to_be_bytes()).collect::<Vec<u8>>());
                }
            }
            builder.append_value(out);
        }
        Arc::new(builder.finish())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: impl Fn(usize) -> usize) -> Result<()> {
        let Some(states) = states.first().and_then(|states| states.as_binary_opt::<i32>()) else {
            return Err(DataFusionError::Internal("the state of classes is missing".into()));
        };
        for row in (0..states.len()).filter(|row| states.is_valid(*row)) {
            let mut rest = states.value(row);
            while let Some((class, after)) = pull(rest) {
                rest = after;
                let mut own = Vec::new();
                for _ in 0..self.enough.len() {
                    let Some((set, after)) = pull(rest) else { break };
                    rest = after;
                    own.push(Some(set));
                }
                self.add(groups(row), class, &own);
            }
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        let class = |(class, sets): (&Vec<u8>, &Sets)| {
            96 + class.capacity() + sets.iter().map(|set| 24 + set.capacity() * TOKEN).sum::<usize>()
        };
        self.groups.iter().map(|classes| 24 + classes.iter().map(class).sum::<usize>()).sum()
    }
}

/// Was the row not multiplied as far as that column says, or is there no value?
fn is_plain(array: &ArrayRef, row: usize) -> bool {
    match array.data_type() {
        _ if array.is_null(row) => true,
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row) == 0,
        DataType::Binary => array.as_binary::<i32>().value(row).is_empty(),
        _ => false,
    }
}

pub(super) fn push(out: &mut Vec<u8>, part: &[u8]) {
    out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(part);
}

pub(super) fn pull(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.groups.resize_with(total, BTreeMap::new);
        self.update(values, |row| groups[row], filter)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let groups = emit.take_needed(&mut self.groups);
        Ok(self.output(&groups))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit.take_needed(&mut self.groups);
        Ok(vec![self.state_of(&groups)])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.groups.resize_with(total, BTreeMap::new);
        self.merge(values, |row| groups[row])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |array| array.len());
        let mut each = Groups { shape: self.shape, enough: self.enough.clone(), groups: vec![BTreeMap::new(); rows] };
        each.update(values, |row| row, filter)?;
        Ok(vec![each.state_of(&each.groups)])
    }

    fn size(&self) -> usize {
        self.memory()
    }
}

/// The same for a single group.
#[derive(Debug)]
struct One(Groups);

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update(values, |_| 0, None)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.0.output(&self.0.groups), 0)
    }

    fn size(&self) -> usize {
        self.0.memory()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::try_from_array(&self.0.state_of(&self.0.groups), 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge(states, |_| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::subjects::size_of_set;
    use arrow::array::{FixedSizeBinaryArray, StringArray, UInt64Array};

    fn groups(shape: Shape, enough: Vec<u32>) -> Groups {
        Groups { shape, enough, groups: vec![BTreeMap::new()] }
    }

    fn tokens(ids: &[u8]) -> ArrayRef {
        Arc::new(FixedSizeBinaryArray::try_from_iter(ids.iter().map(|id| [*id; TOKEN])).unwrap())
    }

    /// Split and merged or not, the smallest class is the one with the fewest subjects.
    #[test]
    fn the_smallest_class_survives_merging() {
        let halves = [([1u8, 2, 3], [0u64, 0, 7]), ([1, 4, 5], [0, 0, 8])];
        let mut whole = groups(Shape::Smallest, vec![10]);
        for (ids, classes) in halves {
            let mut half = groups(Shape::Smallest, vec![10]);
            half.update(&[tokens(&ids), Arc::new(UInt64Array::from(classes.to_vec()))], |_| 0, None).unwrap();
            whole.merge(&[half.state_of(&half.groups)], |_| 0).unwrap();
        }
        let smallest = whole.output(&whole.groups);
        assert_eq!(size_of_set(smallest.as_binary::<i32>().value(0)), 1);
        assert_eq!(whole.groups[0].len(), 3);
    }

    #[test]
    fn counts_the_values_of_enough() {
        let mut known = groups(Shape::Known, vec![2]);
        let values: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("a"), Some("b"), None, Some("b")]));
        known.update(&[tokens(&[1, 2, 3, 4, 3]), values], |_| 0, None).unwrap();
        assert_eq!(known.output(&known.groups).as_primitive::<arrow::datatypes::Int64Type>().value(0), 1);
    }
}
