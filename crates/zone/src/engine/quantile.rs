//! What surrounds a quantile: an aggregate of (subject token, value) that tells the values which enough subjects reach from below
//! and from above, and how many subjects there are.
//!
//! A quantile between them has enough subjects on either side. Beyond them it would be the value of one of a few, or lie between
//! two such values. A subject counts with its smallest value below and its largest above.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use super::subjects::{TOKEN, TokenColumn};

/// Bytes of a subject in the state: its token, its smallest and its largest value.
const ENTRY: usize = TOKEN + 16;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Surroundings {
    k: usize,
    name: String,
    signature: Signature,
}

/// `(token, value)`: what `k` subjects reach from below and from above.
pub fn surroundings(k: u32) -> Arc<AggregateUDF> {
    let signature = Signature::any(2, Volatility::Immutable);
    Arc::new(AggregateUDF::from(Surroundings { k: k as usize, name: format!("__surroundings_{k}"), signature }))
}

/// Has the quantile enough subjects on either side, and are there as many as that in all? Nothing known is no.
pub fn surrounds(room: &[u8], quantile: f64, least: u64) -> bool {
    let mut parts = room.chunks_exact(8).filter_map(|part| <[u8; 8]>::try_from(part).ok());
    let (Some(number), Some(low), Some(high)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let within = f64::from_be_bytes(low) <= quantile && quantile <= f64::from_be_bytes(high);
    within && u64::from_be_bytes(number) >= least
}

impl AggregateUDFImpl for Surroundings {
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
        Ok(Box::new(Ranges { k: self.k, of: HashMap::new() }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[ranges]", args.name), DataType::Binary, true))])
    }
}

/// The smallest and the largest value of each subject.
#[derive(Debug)]
struct Ranges {
    k: usize,
    of: HashMap<u128, (f64, f64)>,
}

impl Ranges {
    fn add(&mut self, tokens: &[u8], low: f64, high: f64) {
        for chunk in tokens.chunks_exact(TOKEN) {
            let token = <[u8; TOKEN]>::try_from(chunk).map(u128::from_be_bytes).unwrap_or_default();
            let own = self.of.entry(token).or_insert((low, high));
            *own = (own.0.min(low), own.1.max(high));
        }
    }

    /// What the k-th subject reaches, of values in that order.
    fn reached(&self, mut values: Vec<f64>, rising: bool) -> Option<f64> {
        let at = self.k.max(1) - 1;
        if at >= values.len() {
            return None;
        }
        let order = |a: &f64, b: &f64| if rising { a.total_cmp(b) } else { b.total_cmp(a) };
        Some(*values.select_nth_unstable_by(at, order).1)
    }
}

impl Accumulator for Ranges {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [tokens, amounts] = values else {
            return Err(DataFusionError::Internal("two arguments are needed".into()));
        };
        let amounts = cast(amounts, &DataType::Float64)?;
        let amounts = amounts.as_primitive::<Float64Type>();
        let tokens = TokenColumn::of(tokens)?;
        for row in (0..amounts.len()).filter(|row| amounts.is_valid(*row) && !amounts.value(*row).is_nan()) {
            self.add(tokens.at(row), amounts.value(row), amounts.value(row));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let low = self.reached(self.of.values().map(|own| own.0).collect(), true);
        let high = self.reached(self.of.values().map(|own| own.1).collect(), false);
        let (Some(low), Some(high)) = (low, high) else { return Ok(ScalarValue::Binary(None)) };
        let number = (self.of.len() as u64).to_be_bytes();
        Ok(ScalarValue::Binary(Some([number, low.to_be_bytes(), high.to_be_bytes()].concat())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.of.capacity() * (ENTRY + 8)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut state = Vec::with_capacity(self.of.len() * ENTRY);
        for (token, (low, high)) in &self.of {
            state.extend(token.to_be_bytes());
            state.extend([low.to_be_bytes(), high.to_be_bytes()].as_flattened());
        }
        Ok(vec![ScalarValue::Binary(Some(state))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        let states: &BinaryArray = states.as_binary();
        let number = |bytes: &[u8]| <[u8; 8]>::try_from(bytes).map(f64::from_be_bytes).unwrap_or_default();
        for entry in states.iter().flatten().flat_map(|state| state.chunks_exact(ENTRY)) {
            self.add(&entry[..TOKEN], number(&entry[TOKEN..TOKEN + 8]), number(&entry[TOKEN + 8..]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_needs_subjects_on_both_sides() {
        let mut ranges = Ranges { k: 2, of: HashMap::new() };
        for (id, value) in [(1_u128, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (4, 900.0), (5, 5.0)] {
            ranges.add(&id.to_be_bytes(), value, value);
        }
        let ScalarValue::Binary(Some(room)) = ranges.evaluate().unwrap() else { panic!("there are five") };
        assert!(surrounds(&room, 2.0, 5) && surrounds(&room, 5.0, 5));
        assert!(!surrounds(&room, 1.5, 5) && !surrounds(&room, 6.0, 5) && !surrounds(&room, 3.0, 6));
        assert!(!surrounds(&[], 1.0, 0));
    }
}
