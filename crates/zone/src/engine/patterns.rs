//! Subjects by the conditions they ever meet: an aggregate that gives the token set of the smallest pattern of conditions.
//!
//! A number of distinct keys counts a key once, however many of its rows meet a condition. The difference of two such numbers is
//! therefore a number of keys, not of rows: those that meet one condition and never the other. The subjects behind the keys of
//! each pattern that occurs must be enough by themselves; so where the keys are the subjects, and where they are households,
//! cards or records.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use super::classes::{pull, push};
use super::subjects::{NOBODY, TOKEN, TokenColumn, add_tokens, or_nobody};

/// Most conditions.
pub const MOST: usize = 8;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Patterns {
    limit: usize,
    /// Leading arguments that are tokens.
    tokens: usize,
    /// The argument after the tokens is the key; otherwise the subject is.
    by_key: bool,
    name: String,
    signature: Signature,
}

fn patterns(limit: u32, tokens: usize, by_key: bool) -> Arc<AggregateUDF> {
    let name = format!("__pattern_of_{}_{limit}_{tokens}", if by_key { "keys" } else { "subjects" });
    let signature = Signature::variadic_any(Volatility::Immutable);
    Arc::new(AggregateUDF::from(Patterns { limit: limit as usize, tokens, by_key, name, signature }))
}

/// `(token, condition…)`: the token set, saturating at `limit`, of the pattern with the fewest subjects.
pub fn smallest_pattern(limit: u32) -> Arc<AggregateUDF> {
    patterns(limit, 1, false)
}

/// `(token, token of another kind…, key, condition…)`: the token set of the pattern whose keys have the fewest subjects.
pub fn smallest_pattern_of_keys(limit: u32, others: usize) -> Arc<AggregateUDF> {
    patterns(limit, 1 + others, true)
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
        let Self { limit, tokens, by_key, .. } = *self;
        Ok(Box::new(Met { limit, tokens, by_key, met: HashMap::new(), size: 0 }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[patterns]", args.name), DataType::Binary, true))])
    }
}

/// The conditions that each key has met, one bit each, and its subjects.
#[derive(Debug)]
struct Met {
    limit: usize,
    tokens: usize,
    by_key: bool,
    met: HashMap<Vec<u8>, (u8, Vec<u128>)>,
    size: usize,
}

impl Met {
    fn add(&mut self, key: &[u8], tokens: &[u8], pattern: u8) {
        if !self.met.contains_key(key) {
            self.met.insert(key.to_vec(), (0, Vec::new()));
            self.size += key.len() + TOKEN + 96;
        }
        if let Some((met, set)) = self.met.get_mut(key) {
            *met |= pattern;
            let before = set.len();
            add_tokens(set, self.limit, tokens);
            self.size += (set.len() - before) * TOKEN;
        }
    }
}

impl Accumulator for Met {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let wrong = |what: &str| DataFusionError::Internal(what.into());
        let (tokens, rest) = values.split_at_checked(self.tokens).ok_or_else(|| wrong("a token is missing"))?;
        let (keys, conditions) =
            rest.split_at_checked(usize::from(self.by_key)).ok_or_else(|| wrong("the key is missing"))?;
        let tokens = tokens.iter().map(TokenColumn::of).collect::<Result<Vec<_>>>()?;
        let conditions = conditions.iter().map(|array| array.as_boolean_opt()).collect::<Option<Vec<_>>>();
        let conditions = conditions.filter(|conditions| conditions.len() <= MOST);
        let conditions = conditions.ok_or_else(|| wrong("a condition is no boolean"))?;
        let fields = keys.iter().map(|array| SortField::new(array.data_type().clone())).collect();
        let encoded = RowConverter::new(fields)?.convert_columns(keys)?;
        for row in 0..values.first().map_or(0, |array| array.len()) {
            let holds = conditions.iter().map(|array| array.is_valid(row) && array.value(row));
            let pattern = holds.enumerate().fold(0, |pattern, (at, holds)| pattern | (u8::from(holds) << at));
            match self.by_key {
                // What has no key is not counted.
                true if keys.iter().any(|array| array.is_null(row)) => {}
                true => self.add(encoded.row(row).as_ref(), or_nobody(&tokens, row), pattern),
                false => {
                    let own = tokens.first().map_or(&[][..], |column| column.at(row));
                    own.chunks_exact(TOKEN).for_each(|token| self.add(token, token, pattern));
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut by_pattern: HashMap<u8, Vec<u128>> = HashMap::new();
        for (pattern, tokens) in self.met.values() {
            let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.to_be_bytes()).collect();
            add_tokens(by_pattern.entry(*pattern).or_default(), self.limit, &bytes);
        }
        let size = |set: &Vec<u128>| set.iter().filter(|token| **token != NOBODY).count();
        // Keys of another kind of subject alone must not hide others.
        let smallest = by_pattern.into_values().filter(|set| !set.is_empty()).min_by_key(size).unwrap_or_default();
        Ok(ScalarValue::Binary(Some(smallest.iter().flat_map(|token| token.to_be_bytes()).collect())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.size
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut state = Vec::new();
        for (key, (pattern, tokens)) in &self.met {
            push(&mut state, key);
            push(&mut state, &[*pattern]);
            push(&mut state, &tokens.iter().flat_map(|token| token.to_be_bytes()).collect::<Vec<u8>>());
        }
        Ok(vec![ScalarValue::Binary(Some(state))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first().and_then(|states| states.as_binary_opt::<i32>()) else {
            return Err(DataFusionError::Internal("the state of patterns is missing".into()));
        };
        for mut rest in states.iter().flatten() {
            while let Some((key, after)) = pull(rest) {
                let Some((pattern, after)) = pull(after) else { break };
                let Some((tokens, after)) = pull(after) else { break };
                self.add(key, tokens, pattern.first().copied().unwrap_or_default());
                rest = after;
            }
        }
        Ok(())
    }
}
