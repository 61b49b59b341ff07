//! Counting distinct subjects inside the plan: a set of subject tokens per group that saturates at the number that matters.
//!
//! A group needs to know whether at least k subjects stand behind it, not how many: the set keeps at most `limit` tokens, so that
//! counting costs a few comparisons per row. A token is 16 bytes; a set is a byte string of whole tokens. Null is no subject.
//!
//! A row may have no subject at all: its key is empty, or an outer join filled it up. Such rows count nobody, and must not pass
//! for no rows either: that one exists would show. A set has the mark [`NOBODY`] where it has seen one.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BinaryViewArray, BooleanArray, FixedSizeBinaryArray,
    FixedSizeBinaryBuilder,
};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

/// Bytes of a token.
pub const TOKEN: usize = 16;

/// Stands in a set for rows without a subject; no token is zero but by a chance of 2⁻¹²⁸.
pub const NOBODY: u128 = 0;

/// Aggregate of subject tokens, or of sets of them.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Subjects {
    /// Most tokens kept per group.
    limit: usize,
    /// The groups are of one subject each: give the token itself, null if there are several.
    single: bool,
    /// Rows without a subject of any kind leave a mark; the tokens of the other kinds follow the first argument.
    marks: bool,
    name: String,
    signature: Signature,
}

/// The set of distinct tokens of a group, saturating at `limit`, as a byte string.
pub fn subject_set(limit: u32) -> Arc<AggregateUDF> {
    let name = format!("__subjects_{limit}");
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(AggregateUDF::from(Subjects { limit: limit as usize, single: false, marks: false, name, signature }))
}

/// `(token, token of another kind…)`: the set of the first, with a mark where a row has no token of any kind.
pub fn counted_set(limit: u32) -> Arc<AggregateUDF> {
    let name = format!("__counted_{limit}");
    let signature = Signature::variadic_any(Volatility::Immutable);
    Arc::new(AggregateUDF::from(Subjects { limit: limit as usize, single: false, marks: true, name, signature }))
}

/// The one token of a group; null if the group has none or several.
pub fn only_subject() -> Arc<AggregateUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    let name = "__subject_only".into();
    Arc::new(AggregateUDF::from(Subjects { limit: 2, single: true, marks: false, name, signature }))
}

/// Number of subjects in a set.
pub fn size_of_set(bytes: &[u8]) -> usize {
    bytes.chunks_exact(TOKEN).filter(|token| **token != NOBODY.to_be_bytes()).count()
}

/// Adds the tokens of a byte string to a set that keeps at most `limit` subjects, and the mark beside them.
pub(super) fn add_tokens(set: &mut Vec<u128>, limit: usize, bytes: &[u8]) {
    for chunk in bytes.chunks_exact(TOKEN) {
        if set.len() > limit {
            return;
        }
        let token = <[u8; TOKEN]>::try_from(chunk).map(u128::from_be_bytes).unwrap_or_default();
        let full = set.len() == limit && !set.contains(&NOBODY);
        if (token == NOBODY || !full) && !set.contains(&token) {
            set.push(token);
        }
    }
}

/// A column of tokens, or of sets of them.
pub(super) enum TokenColumn<'a> {
    One(&'a FixedSizeBinaryArray),
    Set(&'a BinaryArray),
    View(&'a BinaryViewArray),
    None,
}

impl<'a> TokenColumn<'a> {
    pub(super) fn of(array: &'a ArrayRef) -> Result<Self> {
        match array.data_type() {
            DataType::FixedSizeBinary(size) if *size as usize == TOKEN => Ok(Self::One(array.as_fixed_size_binary())),
            DataType::Binary => Ok(Self::Set(array.as_binary())),
            DataType::BinaryView => Ok(Self::View(array.as_binary_view())),
            DataType::Null => Ok(Self::None),
            _ => Err(DataFusionError::Internal("subject tokens of an unexpected type".into())),
        }
    }

    /// The tokens of a row: a whole number of them, none where there is no subject.
    pub(super) fn at(&self, row: usize) -> &'a [u8] {
        match self {
            Self::One(array) if array.is_valid(row) => array.value(row),
            Self::Set(array) if array.is_valid(row) => array.value(row),
            Self::View(array) if array.is_valid(row) => array.value(row),
            _ => &[],
        }
    }
}

/// The tokens of a row of the first column; the mark where no column has any.
pub(super) fn or_nobody<'a>(columns: &[TokenColumn<'a>], row: usize) -> &'a [u8] {
    const MARK: &[u8] = &NOBODY.to_be_bytes();
    let own = columns.first().map_or(&[][..], |column| column.at(row));
    if own.is_empty() && columns.iter().all(|column| column.at(row).is_empty()) { MARK } else { own }
}

impl AggregateUDFImpl for Subjects {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.single { DataType::FixedSizeBinary(TOKEN as i32) } else { DataType::Binary })
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(One(self.sets(1))))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[tokens]", args.name), DataType::Binary, true))])
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.sets(0)))
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        ScalarValue::try_from(data_type)
    }
}

impl Subjects {
    fn sets(&self, groups: usize) -> Sets {
        Sets { limit: self.limit, single: self.single, marks: self.marks, sets: vec![Vec::new(); groups] }
    }
}

/// A token set per group.
#[derive(Debug)]
struct Sets {
    limit: usize,
    single: bool,
    marks: bool,
    sets: Vec<Vec<u128>>,
}

impl Sets {
    fn add(&mut self, group: usize, bytes: &[u8]) {
        if let Some(set) = self.sets.get_mut(group) {
            add_tokens(set, self.limit, bytes);
        }
    }

    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: impl Fn(usize) -> usize,
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let columns = values.iter().map(TokenColumn::of).collect::<Result<Vec<_>>>()?;
        let rows = values.first().map_or(0, |array| array.len());
        for row in (0..rows).filter(|row| filter.is_none_or(|filter| filter.is_valid(*row) && filter.value(*row))) {
            let own = match self.marks {
                true => or_nobody(&columns, row),
                false => columns.first().map_or(&[][..], |column| column.at(row)),
            };
            self.add(groups(row), own);
        }
        Ok(())
    }

    /// Adds sets that were made before, with their marks.
    fn merge(&mut self, states: &[ArrayRef], groups: impl Fn(usize) -> usize) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        let sets = TokenColumn::of(states)?;
        (0..states.len()).for_each(|row| self.add(groups(row), sets.at(row)));
        Ok(())
    }

    fn sets_array(&self, sets: &[Vec<u128>]) -> ArrayRef {
        let mut builder = BinaryBuilder::new();
        for set in sets {
            let bytes: Vec<u8> = set.iter().flat_map(|token| token.to_be_bytes()).collect();
            builder.append_value(bytes);
        }
        Arc::new(builder.finish())
    }

    fn output(&self, sets: &[Vec<u128>]) -> Result<ArrayRef> {
        if !self.single {
            return Ok(self.sets_array(sets));
        }
        let mut builder = FixedSizeBinaryBuilder::new(TOKEN as i32);
        for set in sets {
            match set.as_slice() {
                [token] => builder.append_value(token.to_be_bytes())?,
                _ => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }
}

impl GroupsAccumulator for Sets {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sets.resize_with(total, Vec::new);
        self.update(values, |row| groups[row], filter)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let sets = emit.take_needed(&mut self.sets);
        self.output(&sets)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let sets = emit.take_needed(&mut self.sets);
        Ok(vec![self.sets_array(&sets)])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.sets.resize_with(total, Vec::new);
        self.merge(values, |row| groups[row])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |array| array.len());
        let mut each = Sets { sets: vec![Vec::new(); rows], ..*self };
        each.update(values, |row| row, filter)?;
        Ok(vec![each.sets_array(&each.sets)])
    }

    fn size(&self) -> usize {
        let heap: usize = self.sets.iter().map(|set| set.capacity() * TOKEN).sum();
        heap + self.sets.capacity() * size_of::<Vec<u128>>()
    }
}

/// The same for a single group.
#[derive(Debug)]
struct One(Sets);

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update(values, |_| 0, None)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.0.output(&self.0.sets)?, 0)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::try_from_array(&self.0.sets_array(&self.0.sets), 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge(states, |_| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(ids: &[Option<u8>]) -> ArrayRef {
        let bytes = ids.iter().map(|id| id.map(|id| [id; TOKEN]));
        Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes, TOKEN as i32).unwrap())
    }

    proptest! {
        /// However the rows are split and merged, the size is min(distinct, limit).
        #[test]
        fn counts_distinct_up_to_the_limit(ids in proptest::collection::vec(proptest::option::of(1u8..30), 0..200), cut in 0usize..200, limit in 1usize..25) {
            let cut = cut.min(ids.len());
            let mut parts = Vec::new();
            for half in [&ids[..cut], &ids[cut..]] {
                let mut sets = Sets { limit, single: false, marks: false, sets: Vec::new() };
                sets.update_batch(&[tokens(half)], &vec![0; half.len()], None, 1).unwrap();
                parts.push(sets.state(EmitTo::All).unwrap());
            }
            let mut merged = Sets { limit, single: false, marks: false, sets: Vec::new() };
            for part in &parts {
                merged.merge_batch(part, &[0], 1).unwrap();
            }
            let result = merged.evaluate(EmitTo::All).unwrap();
            let distinct: std::collections::BTreeSet<u8> = ids.iter().flatten().copied().collect();
            let sets: &BinaryArray = result.as_binary();
            prop_assert_eq!(size_of_set(sets.value(0)), distinct.len().min(limit));
        }
    }

    #[test]
    fn gives_the_only_subject_or_none() {
        let mut sets = Sets { limit: 2, single: true, marks: false, sets: Vec::new() };
        sets.update_batch(&[tokens(&[Some(1), Some(1), Some(2), Some(3), None])], &[0, 0, 1, 1, 2], None, 3).unwrap();
        let result = sets.evaluate(EmitTo::All).unwrap();
        assert!(result.is_valid(0) && result.is_null(1) && result.is_null(2));
    }

    /// Rows without a subject count nobody, and are not nothing.
    #[test]
    fn nobody_leaves_a_mark() {
        let set = |own: &[Option<u8>], other: &[Option<u8>]| {
            let mut sets = Sets { limit: 2, single: false, marks: true, sets: Vec::new() };
            sets.update_batch(&[tokens(own), tokens(other)], &vec![0; own.len()], None, 1).unwrap();
            let mut merged = Sets { limit: 2, single: false, marks: true, sets: Vec::new() };
            merged.merge_batch(&sets.state(EmitTo::All).unwrap(), &[0], 1).unwrap();
            merged.evaluate(EmitTo::All).unwrap().as_binary::<i32>().value(0).to_vec()
        };
        let nobody = set(&[None], &[None]);
        assert!(!nobody.is_empty() && size_of_set(&nobody) == 0);
        assert!(set(&[None], &[Some(1)]).is_empty());
        assert_eq!(size_of_set(&set(&[None, Some(1), Some(2), Some(3)], &[None; 4])), 2);
    }
}
