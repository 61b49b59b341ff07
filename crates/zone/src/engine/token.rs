//! Subject tokens: 16 bytes that are equal exactly where the subject is, and say nothing else.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, FixedSizeBinaryBuilder, RecordBatch};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use crypto::Suite;

use super::subjects::TOKEN;
use crate::contract::{Contract, Subject};

/// Makes tokens under a key: a keyed hash over kind, key domain and canonical key value.
pub struct Tokens {
    suite: Suite,
    key: zeroize::Zeroizing<[u8; 32]>,
}

impl Tokens {
    /// Under a key of the zone, or a fresh one for a single run.
    pub fn new(suite: Suite, key: [u8; 32]) -> Self {
        Self { suite, key: zeroize::Zeroizing::new(key) }
    }

    /// The hidden columns of a batch of a table's records, in the order of the contract's subjects. `first_row` is the number of
    /// rows before the batch: where each row is a subject, its number is its key.
    ///
    /// # Errors
    /// Where a key column is missing or has a type without a canonical text.
    pub fn columns(
        &self,
        contract: &Contract,
        batch: &RecordBatch,
        first_row: u64,
    ) -> Result<Vec<ArrayRef>, ArrowError> {
        contract.table.subjects.iter().map(|subject| self.column(contract, subject, batch, first_row)).collect()
    }

    fn column(
        &self,
        contract: &Contract,
        subject: &Subject,
        batch: &RecordBatch,
        first_row: u64,
    ) -> Result<ArrayRef, ArrowError> {
        let mut keys = Vec::new();
        for name in subject.key.iter().chain(&subject.else_key) {
            let column =
                batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?;
            let domain = contract.field(name).and_then(|field| field.domain.clone()).unwrap_or_default();
            keys.push((column, domain));
        }
        let options = FormatOptions::default();
        let texts = keys
            .iter()
            .map(|(column, _)| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()?;
        let mut builder = FixedSizeBinaryBuilder::with_capacity(batch.num_rows(), TOKEN as i32);
        for row in 0..batch.num_rows() {
            let known = keys.iter().zip(&texts).find(|((column, _), _)| column.is_valid(row));
            match known {
                Some(((_, domain), text)) => {
                    builder.append_value(self.token(&subject.kind, domain, &text.value(row).to_string()))?
                }
                None if subject.key.is_none() => {
                    let number = (first_row + row as u64).to_string();
                    builder.append_value(self.token(&subject.kind, &contract.table.name, &number))?;
                }
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    /// One token.
    pub fn token(&self, kind: &str, domain: &str, key: &str) -> [u8; TOKEN] {
        let message = [kind.as_bytes(), b"\0", domain.as_bytes(), b"\0", key.as_bytes()].concat();
        let mac = self.suite.mac(self.key.as_ref(), &message);
        let mut token = [0; TOKEN];
        token.copy_from_slice(&mac[..TOKEN]);
        token
    }
}
