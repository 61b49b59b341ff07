//! Subjects with several rows: an aggregate of tokens that gives the token set of those who stand on more than one row.
//!
//! Below a release, rows may be grouped by the subject and something else. Then a number of rows and a number of subjects differ
//! by those who straddle two values of it. They must be none, or enough.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use super::subjects::TOKEN;

/// Bytes of a subject in the state: its token, and whether it was met several times.
const ENTRY: usize = TOKEN + 1;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Repeated {
    limit: usize,
    name: String,
    signature: Signature,
}

/// `(token)`: the set, saturating at `limit`, of the tokens that stand on several rows.
pub fn repeated_subjects(limit: u32) -> Arc<AggregateUDF> {
    let (limit, name) = (limit as usize, format!("__repeated_subjects_{limit}"));
    Arc::new(AggregateUDF::from(Repeated { limit, name, signature: Signature::any(1, Volatility::Immutable) }))
}

impl AggregateUDFImpl for Repeated {
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
        Ok(vec![Arc::new(Field::new(format!("{}[repeated]", args.name), DataType::Binary, true))])
    }
}

/// The subjects met, and which of them several times.
#[derive(Debug)]
struct Met {
    limit: usize,
    met: HashMap<u128, bool>,
}

impl Met {
    fn add(&mut self, token: &[u8], several: bool) {
        let token = <[u8; TOKEN]>::try_from(token).map(u128::from_be_bytes).unwrap_or_default();
        self.met.entry(token).and_modify(|met| *met = true).or_insert(several);
    }
}

impl Accumulator for Met {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(tokens) = values.first() else { return Ok(()) };
        let tokens = arrow::compute::cast(tokens, &DataType::Binary)?;
        let tokens: &BinaryArray = tokens.as_binary();
        for set in tokens.iter().flatten() {
            set.chunks_exact(TOKEN).for_each(|token| self.add(token, false));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let several = self.met.iter().filter(|(_, several)| **several).map(|(token, _)| token.to_be_bytes());
        Ok(ScalarValue::Binary(Some(several.take(self.limit).flatten().collect())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.met.capacity() * (TOKEN + 16)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let entry = |(token, several): (&u128, &bool)| [token.to_be_bytes().as_slice(), &[u8::from(*several)]].concat();
        Ok(vec![ScalarValue::Binary(Some(self.met.iter().flat_map(entry).collect()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first().and_then(|states| states.as_binary_opt::<i32>()) else {
            return Err(DataFusionError::Internal("the state of repeated subjects is missing".into()));
        };
        for state in states.iter().flatten() {
            state.chunks_exact(ENTRY).for_each(|entry| self.add(&entry[..TOKEN], entry[TOKEN] != 0));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::FixedSizeBinaryArray;

    #[test]
    fn finds_those_with_several_rows() {
        let count = |rows: &[u8], more: &[u8]| {
            let part = |rows: &[u8]| {
                let tokens = FixedSizeBinaryArray::try_from_iter(rows.iter().map(|id| [*id; TOKEN])).unwrap();
                let mut met = Met { limit: 3, met: HashMap::new() };
                met.update_batch(&[Arc::new(tokens)]).unwrap();
                met.state().unwrap()[0].to_array().unwrap()
            };
            let mut whole = Met { limit: 3, met: HashMap::new() };
            whole.merge_batch(&[part(rows)]).unwrap();
            whole.merge_batch(&[part(more)]).unwrap();
            match whole.evaluate().unwrap() {
                ScalarValue::Binary(Some(bytes)) => bytes.len() / TOKEN,
                _ => usize::MAX,
            }
        };
        assert_eq!(count(&[1, 2, 3], &[4]), 0);
        assert_eq!(count(&[1, 2, 2], &[1, 3]), 2);
        assert_eq!(count(&[1, 1, 2, 2, 3, 3], &[4, 4]), 3);
    }
}
