//! Share of the largest contributor of a sum (G4): an aggregate of (subject token, value) that gives the share per mille.
//!
//! The value is rounded up, so that a bound is never missed by rounding. Null and zero contribute nothing; the share of a sum
//! without contributors is null. Absolute values are taken: a large negative contribution shows its contributor as well.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// Bytes of a contributor in the state: its token's digest and its sum.
const ENTRY: usize = 24;

#[derive(Debug, PartialEq, Eq, Hash)]
struct TopShare {
    signature: Signature,
}

/// `__top_share(token, value)`: share of the largest contributor, per mille, rounded up.
pub fn top_share() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(TopShare { signature: Signature::any(2, Volatility::Immutable) }))
}

impl AggregateUDFImpl for TopShare {
    fn name(&self) -> &str {
        "__top_share"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Contributions::default()))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[contributions]", args.name), DataType::Binary, true))])
    }
}

#[derive(Debug, Default)]
struct Contributions {
    sums: HashMap<u128, f64>,
}

impl Contributions {
    fn add(&mut self, token: &[u8], value: f64) {
        // A set of several subjects contributes as its first one: what it hides is covered by counting.
        let token = token.get(..16).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        *self.sums.entry(token.map(u128::from_be_bytes).unwrap_or_default()).or_default() += value;
    }

    fn share(&self) -> Option<i64> {
        let total: f64 = self.sums.values().map(|sum| sum.abs()).sum();
        let largest = self.sums.values().fold(0.0_f64, |largest, sum| largest.max(sum.abs()));
        // Not-a-number counts as fully dominated.
        match largest / total * 1000.0 {
            _ if total == 0.0 => None,
            share if share.is_finite() => Some(share.ceil() as i64),
            _ => Some(1000),
        }
    }
}

impl Accumulator for Contributions {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [tokens, amounts] = values else {
            return Err(DataFusionError::Internal("two arguments are needed".into()));
        };
        let amounts = cast(amounts, &DataType::Float64)?;
        let amounts = amounts.as_primitive::<Float64Type>();
        let tokens = cast(tokens, &DataType::Binary)?;
        let tokens: &BinaryArray = tokens.as_binary();
        for row in (0..tokens.len()).filter(|row| amounts.is_valid(*row)) {
            let token = if tokens.is_valid(row) { tokens.value(row) } else { &[] };
            self.add(token, amounts.value(row));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(self.share()))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.sums.capacity() * (ENTRY + 8)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let entry = |(token, sum): (&u128, &f64)| [token.to_be_bytes().as_slice(), &sum.to_be_bytes()].concat();
        Ok(vec![ScalarValue::Binary(Some(self.sums.iter().flat_map(entry).collect()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        let states: &BinaryArray = states.as_binary();
        for state in states.iter().flatten() {
            for entry in state.chunks_exact(ENTRY) {
                let sum = <[u8; 8]>::try_from(&entry[16..]).map(f64::from_be_bytes).unwrap_or_default();
                self.add(&entry[..16], sum);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{FixedSizeBinaryArray, Float64Array};

    fn share(rows: &[(u8, f64)]) -> Option<i64> {
        let tokens = FixedSizeBinaryArray::try_from_iter(rows.iter().map(|(id, _)| [*id; 16])).unwrap();
        let amounts = Float64Array::from_iter_values(rows.iter().map(|(_, amount)| *amount));
        let mut half = Contributions::default();
        half.update_batch(&[Arc::new(tokens), Arc::new(amounts)]).unwrap();
        let state = half.state().unwrap()[0].to_array().unwrap();
        let mut whole = Contributions::default();
        whole.merge_batch(&[state]).unwrap();
        whole.share()
    }

    #[test]
    fn measures_the_largest_contributor() {
        assert_eq!(share(&[(1, 70.0), (2, 30.0)]), Some(700));
        assert_eq!(share(&[(1, 35.0), (1, 36.0), (2, 29.0)]), Some(710));
        assert_eq!(share(&[(1, 7001.0), (2, 2999.0)]), Some(701));
        assert_eq!(share(&[(1, -90.0), (2, 10.0)]), Some(900));
        assert_eq!(share(&[(1, 0.0)]), None);
        assert_eq!(share(&[(1, f64::NAN), (2, 1.0)]), Some(1000));
    }
}
