//! Released artefacts as files and rows. It takes nothing but `Released`: what is sealed cannot be rendered.

use super::error::NodeError;
use crate::gate::Released;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::Value;

fn broken(_: impl std::error::Error) -> NodeError {
    // The cause may quote a value.
    NodeError::Config("an artefact cannot be rendered")
}

/// CSV with a header line; nulls are empty.
pub(crate) fn csv(released: &Released) -> Result<Vec<u8>, NodeError> {
    let mut out = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(&mut out);
    if released.batches().is_empty() {
        writer.write(&RecordBatch::new_empty(released.schema().clone())).map_err(broken)?;
    }
    for batch in released.batches() {
        writer.write(batch).map_err(broken)?;
    }
    drop(writer);
    Ok(out)
}

/// Parquet, compressed.
pub(crate) fn parquet(released: &Released) -> Result<Vec<u8>, NodeError> {
    use parquet::arrow::ArrowWriter;
    use parquet::basic::Compression;
    use parquet::file::properties::WriterProperties;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), released.schema().clone(), Some(properties)).map_err(broken)?;
    for batch in released.batches() {
        writer.write(batch).map_err(broken)?;
    }
    writer.into_inner().map_err(broken)
}

/// At most `limit` rows that hold these texts in these columns, from row `after` on, and where to go on.
pub(crate) fn rows(
    released: &Released,
    equal: &[(String, String)],
    after: usize,
    limit: usize,
) -> Result<(Vec<Vec<Value>>, Option<usize>), NodeError> {
    let options = FormatOptions::default();
    let (mut out, mut number) = (Vec::new(), 0);
    for batch in released.batches() {
        let columns = batch.columns().iter().map(|c| Column::new(c, &options)).collect::<Result<Vec<_>, _>>()?;
        let wanted: Vec<(usize, &str)> = equal
            .iter()
            .filter_map(|(name, text)| Some((batch.schema().index_of(name).ok()?, text.as_str())))
            .collect();
        for row in 0..batch.num_rows() {
            number += 1;
            if number <= after {
                continue;
            }
            if !wanted.iter().all(|(at, text)| columns.get(*at).is_some_and(|c| c.text(row).as_deref() == Some(*text)))
            {
                continue;
            }
            if out.len() == limit {
                return Ok((out, Some(number - 1)));
            }
            out.push(columns.iter().map(|c| c.value(row)).collect());
        }
    }
    Ok((out, None))
}

/// A column that can say its values.
struct Column<'a> {
    array: &'a dyn Array,
    format: ArrayFormatter<'a>,
    numbers: Option<arrow::array::ArrayRef>,
}

impl<'a> Column<'a> {
    fn new(array: &'a dyn Array, options: &'a FormatOptions<'a>) -> Result<Self, NodeError> {
        let numbers = match array.data_type() {
            t if t.is_integer() => Some(cast(array, &DataType::Int64).map_err(broken)?),
            t if t.is_floating() => Some(cast(array, &DataType::Float64).map_err(broken)?),
            _ => None,
        };
        Ok(Self { array, format: ArrayFormatter::try_new(array, options).map_err(broken)?, numbers })
    }

    fn text(&self, row: usize) -> Option<String> {
        if self.array.is_null(row) { None } else { Some(self.format.value(row).to_string()) }
    }

    fn value(&self, row: usize) -> Value {
        let Some(text) = self.text(row) else { return Value::Null };
        match (self.array.data_type(), &self.numbers) {
            (DataType::Boolean, _) => Value::Bool(text == "true"),
            (t, Some(n)) if t.is_integer() && n.is_valid(row) => Value::from(n.as_primitive::<Int64Type>().value(row)),
            (t, Some(n)) if t.is_floating() => Value::from(n.as_primitive::<Float64Type>().value(row)),
            _ => Value::String(text),
        }
    }
}
