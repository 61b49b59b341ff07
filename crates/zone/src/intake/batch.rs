//! Typed cells collected into record batches: the contract's fields, then the hidden subject tokens.

use super::cell::Cell;
use super::error::IntakeError;
use super::plan::Plan;
use super::token::TOKEN_LEN;
use crate::contract::Contract;
use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, FixedSizeBinaryBuilder, Float64Builder, Int64Builder,
    RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};
use std::sync::Arc;

/// Most rows in a batch.
const BATCH_ROWS: usize = 8192;
/// Bytes of uploaded text at which a batch is full, however few its rows.
const BATCH_BYTES: usize = 8 << 20;

enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Decimal(Decimal128Builder, DataType),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Boolean(BooleanBuilder),
}

impl Builder {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            DataType::Float64 => Self::Number(Float64Builder::new()),
            DataType::Decimal128(..) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(data_type.clone()), data_type.clone())
            }
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(..) => Self::Timestamp(TimestampMicrosecondBuilder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// A cell of another type than the column's counts as null; `cell::read_row` makes none.
    fn append(&mut self, cell: &Cell<'_>) {
        match self {
            Self::Text(b) => b.append_option(if let Cell::Text(v) = cell { Some(v.as_ref()) } else { None }),
            Self::Integer(b) => b.append_option(if let Cell::Integer(v) = cell { Some(*v) } else { None }),
            Self::Number(b) => b.append_option(if let Cell::Number(v) = cell { Some(*v) } else { None }),
            Self::Decimal(b, _) => b.append_option(if let Cell::Decimal(v) = cell { Some(*v) } else { None }),
            Self::Date(b) => b.append_option(if let Cell::Date(v) = cell { Some(*v) } else { None }),
            Self::Timestamp(b) => b.append_option(if let Cell::Timestamp(v) = cell { Some(*v) } else { None }),
            Self::Boolean(b) => b.append_option(if let Cell::Boolean(v) = cell { Some(*v) } else { None }),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(b) => Arc::new(b.finish()),
            Self::Integer(b) => Arc::new(b.finish()),
            Self::Number(b) => Arc::new(b.finish()),
            Self::Decimal(b, data_type) => {
                let done = b.finish();
                *b = Decimal128Builder::new().with_data_type(data_type.clone());
                Arc::new(done)
            }
            Self::Date(b) => Arc::new(b.finish()),
            Self::Timestamp(b) => Arc::new(b.finish()),
            Self::Boolean(b) => Arc::new(b.finish()),
        }
    }
}

/// Collects rows until a batch is full.
pub(super) struct Batches {
    schema: SchemaRef,
    columns: Vec<Builder>,
    tokens: Vec<FixedSizeBinaryBuilder>,
    rows: usize,
    bytes: usize,
}

impl Batches {
    pub(super) fn new(contract: &Contract, plan: &Plan) -> Self {
        let columns = plan.columns.iter().map(|c| Builder::new(&c.data_type)).collect();
        let tokens = plan.subjects.iter().map(|_| FixedSizeBinaryBuilder::new(TOKEN_LEN as i32)).collect();
        Self { schema: contract.sealed_schema(), columns, tokens, rows: 0, bytes: 0 }
    }

    /// Schema of the batches.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Adds one row of `bytes` uploaded bytes; true when the batch is full.
    pub(super) fn push(
        &mut self,
        cells: &[Cell<'_>],
        tokens: &[[u8; TOKEN_LEN]],
        bytes: usize,
    ) -> Result<bool, IntakeError> {
        for (builder, cell) in self.columns.iter_mut().zip(cells) {
            builder.append(cell);
        }
        for (builder, token) in self.tokens.iter_mut().zip(tokens) {
            builder.append_value(token).map_err(|_| IntakeError::Internal("token column"))?;
        }
        self.rows += 1;
        self.bytes += bytes;
        Ok(self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES)
    }

    /// The rows collected so far; none if there are none.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>, IntakeError> {
        if self.rows == 0 {
            return Ok(None);
        }
        (self.rows, self.bytes) = (0, 0);
        let columns = self.columns.iter_mut().map(Builder::finish);
        let tokens = self.tokens.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef);
        let arrays = columns.chain(tokens).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map(Some)
            .map_err(|_| IntakeError::Internal("record batch"))
    }
}
