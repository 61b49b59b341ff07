//! Subjects by the conditions they ever meet: an aggregate of (token, condition…) that gives the token set of the smallest pattern.
//!
//! A number of distinct subjects counts a subject once, however many of its rows meet a condition. The difference of two such
//! numbers is therefore a number of subjects, not of rows: those who meet one condition and never the other. Each pattern that
//! occurs must rest on enough subjects by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use super::subjects::TOKEN;

/// Most conditions.
pub const MOST: usize = 8;

/// Bytes of a subject in the state: its token and its pattern.
const ENTRY: usize = TOKEN + 1;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Patterns {
    limit: usize,
    name: String,
    signature: Signature,
}

/// `(token, condition…)`: the token set, saturating at `limit`, of the pattern with the fewest subjects.
pub fn smallest_pattern(limit: u32) -> Arc<AggregateUDF> {
    let (limit, name) = (limit as usize, format!("__pattern_of_subjects_{limit}"));
    let signature = Signature::variadic_any(Volatility::Immutable);
    Arc::new(AggregateUDF::from(Patterns { limit, name, signature }))
}

impl AggregateUDFImpl for Patterns {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Met { limit: self.limit, met: HashMap::new() }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[patterns]", args.name), DataType::Binary, true))])
    }
}

/// The conditions that each subject has met, one bit each.
#[derive(Debug)]
struct Met {
    limit: usize,
    met: HashMap<u128, u8>,
}

impl Met {
    fn add(&mut self, tokens: &[u8], pattern: u8) {
        for chunk in tokens.chunks_exact(TOKEN) {
            let token = <[u8; TOKEN]>::try_from(chunk).map(u128::from_be_bytes).unwrap_or_default();
            *self.met.entry(token).or_default() |= pattern;
        }
    }
}

impl Accumulator for Met {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some((tokens, conditions)) = values.split_first().filter(|(_, conditions)| conditions.len() <= MOST) else {
            return Err(DataFusionError::Internal("a token and some conditions are needed".into()));
        };
        let tokens = arrow::compute::cast(tokens, &DataType::Binary)?;
        let tokens: &BinaryArray = tokens.as_binary();
        let conditions = conditions.iter().map(|array| array.as_boolean_opt()).collect::<Option<Vec<_>>>();
        let conditions = conditions.ok_or_else(|| DataFusionError::Internal("a condition is no boolean".into()))?;
        for row in (0..tokens.len()).filter(|row| tokens.is_valid(*row)) {
            let holds = conditions.iter().map(|array| array.is_valid(row) && array.value(row));
            let pattern = holds.enumerate().fold(0, |pattern, (at, holds)| pattern | (u8::from(holds) << at));
            self.add(tokens.value(row), pattern);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut by_pattern: HashMap<u8, Vec<u128>> = HashMap::new();
        for (token, pattern) in &self.met {
            by_pattern.entry(*pattern).or_default().push(*token);
        }
        let mut smallest = by_pattern.into_values().min_by_key(Vec::len).unwrap_or_default();
        smallest.truncate(self.limit);
        Ok(ScalarValue::Binary(Some(smallest.iter().flat_map(|token| token.to_be_bytes()).collect())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.met.capacity() * (TOKEN + 16)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let entry = |(token, pattern): (&u128, &u8)| [token.to_be_bytes().as_slice(), &[*pattern]].concat();
        Ok(vec![ScalarValue::Binary(Some(self.met.iter().flat_map(entry).collect()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first().and_then(|states| states.as_binary_opt::<i32>()) else {
            return Err(DataFusionError::Internal("the state of patterns is missing".into()));
        };
        for state in states.iter().flatten() {
            state.chunks_exact(ENTRY).for_each(|entry| self.add(&entry[..TOKEN], entry[TOKEN]));
        }
        Ok(())
    }
}
