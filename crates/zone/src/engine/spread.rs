//! Share of the largest contributor of a spread (G4): an aggregate of (subject token, value) that gives, per mille and rounded up,
//! which part of the squared distances from the mean is one subject's.
//!
//! A mean and a spread together say how far one outlier may lie, and exactly so where all others are equal. Values without any
//! distance are each the mean itself: they count as fully dominated.

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

/// Bytes of a subject in the state: its token, number, mean and squared distance.
const ENTRY: usize = TOKEN + 24;

/// Share that is told where a spread is one subject's alone.
const WHOLE: i64 = 1000;

#[derive(Debug, PartialEq, Eq, Hash)]
struct TopDistance {
    signature: Signature,
}

/// `__top_distance(token, value)`: the largest subject's share of the squared distances, per mille, rounded up.
pub fn top_distance() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(TopDistance { signature: Signature::any(2, Volatility::Immutable) }))
}

impl AggregateUDFImpl for TopDistance {
    fn name(&self) -> &str {
        "__top_distance"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Distances::default()))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[distances]", args.name), DataType::Binary, true))])
    }
}

/// Number of values, their mean, and the sum of their squared distances from it.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    number: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn and(self, other: Self) -> Self {
        let number = self.number + other.number;
        if number == 0.0 {
            return self;
        }
        let apart = other.mean - self.mean;
        let mean = self.mean + apart * other.number / number;
        let squares = self.squares + other.squares + apart * apart * self.number * other.number / number;
        Self { number, mean, squares }
    }

    fn bytes(self) -> [[u8; 8]; 3] {
        [self.number, self.mean, self.squares].map(f64::to_be_bytes)
    }

    fn of(bytes: &[u8]) -> Self {
        let mut numbers =
            bytes.chunks_exact(8).map(|part| <[u8; 8]>::try_from(part).map(f64::from_be_bytes).unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default();
        Self { number: next(), mean: next(), squares: next() }
    }
}

#[derive(Debug, Default)]
struct Distances {
    of: HashMap<u128, Moments>,
}

impl Distances {
    fn add(&mut self, token: &[u8], moments: Moments) {
        // A set of several subjects contributes as its first one: what it hides is covered by counting.
        let token = token.get(..TOKEN).and_then(|bytes| <[u8; TOKEN]>::try_from(bytes).ok());
        let own = self.of.entry(token.map(u128::from_be_bytes).unwrap_or_default()).or_default();
        *own = own.and(moments);
    }

    fn share(&self) -> Option<i64> {
        let all = self.of.values().fold(Moments::default(), |all, own| all.and(*own));
        if all.number == 0.0 {
            return None;
        }
        let distance = |own: &Moments| own.squares + own.number * (own.mean - all.mean) * (own.mean - all.mean);
        let largest = self.of.values().map(distance).fold(0.0_f64, f64::max);
        let share = largest / self.of.values().map(distance).sum::<f64>() * 1000.0;
        Some(if share.is_finite() { share.ceil() as i64 } else { WHOLE })
    }
}

impl Accumulator for Distances {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [tokens, amounts] = values else {
            return Err(DataFusionError::Internal("two arguments are needed".into()));
        };
        let amounts = cast(amounts, &DataType::Float64)?;
        let amounts = amounts.as_primitive::<Float64Type>();
        let tokens = TokenColumn::of(tokens)?;
        for row in (0..amounts.len()).filter(|row| amounts.is_valid(*row)) {
            self.add(tokens.at(row), Moments { number: 1.0, mean: amounts.value(row), squares: 0.0 });
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(self.share()))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.of.capacity() * (ENTRY + 8)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut state = Vec::with_capacity(self.of.len() * ENTRY);
        for (token, moments) in &self.of {
            state.extend(token.to_be_bytes());
            state.extend(moments.bytes().as_flattened());
        }
        Ok(vec![ScalarValue::Binary(Some(state))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        let states: &BinaryArray = states.as_binary();
        for entry in states.iter().flatten().flat_map(|state| state.chunks_exact(ENTRY)) {
            self.add(&entry[..TOKEN], Moments::of(&entry[TOKEN..]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{FixedSizeBinaryArray, Float64Array};

    fn share(rows: &[(u8, f64)]) -> Option<i64> {
        let tokens = FixedSizeBinaryArray::try_from_iter(rows.iter().map(|(id, _)| [*id; TOKEN])).unwrap();
        let amounts = Float64Array::from_iter_values(rows.iter().map(|(_, amount)| *amount));
        let mut half = Distances::default();
        half.update_batch(&[Arc::new(tokens), Arc::new(amounts)]).unwrap();
        let state = half.state().unwrap()[0].to_array().unwrap();
        let mut whole = Distances::default();
        whole.merge_batch(&[state]).unwrap();
        whole.share()
    }

    #[test]
    fn finds_the_outlier() {
        assert_eq!(share(&[(1, 1.0), (2, 3.0)]), Some(500));
        assert!(share(&[(1, 10.0), (2, 10.0), (3, 10.0), (4, 90.0)]).unwrap() > 700);
        assert_eq!(share(&[(1, 0.0), (1, 2.0), (2, 0.0), (2, 2.0)]), Some(500));
        assert_eq!(share(&[(1, 5.0), (2, 5.0)]), Some(1000));
        assert_eq!(share(&[(1, f64::NAN), (2, 5.0)]), Some(1000));
        assert_eq!(Distances::default().share(), None);
    }
}
