//! Made-up records in the shape of a contract: what staff develop on. No record is read; what is shown can tell nothing
//! about anybody.

use crate::contract::{Class, Contract, Field, Grid, LogicalType};
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::error::ArrowError;
use serde_json::{Value, json};
use std::sync::Arc;

/// One column of `rows` made-up values in the contract's type.
///
/// # Errors
/// Never for a contract that was parsed: every type has a conversion.
pub(crate) fn column(field: &Field, rows: u64) -> Result<ArrayRef, ArrowError> {
    let values: Vec<Value> = (0..rows).map(|n| value(field, n)).collect();
    let plain: ArrayRef = match field.logical_type {
        LogicalType::Boolean => Arc::new(values.iter().map(Value::as_bool).collect::<BooleanArray>()),
        LogicalType::Integer => Arc::new(values.iter().map(Value::as_i64).collect::<Int64Array>()),
        LogicalType::Number => Arc::new(values.iter().map(Value::as_f64).collect::<Float64Array>()),
        _ => Arc::new(values.iter().map(Value::as_str).collect::<StringArray>()),
    };
    cast(&plain, &field.arrow_type())
}

/// The fields of a contract, column by column.
///
/// # Errors
/// As [`column`].
pub(crate) fn columns(contract: &Contract, rows: u64) -> Result<Vec<ArrayRef>, ArrowError> {
    contract.table.fields.iter().map(|field| column(field, rows)).collect()
}

/// The value of a field in row `n`: the same every time.
pub(crate) fn value(field: &Field, n: u64) -> Value {
    let spread = spread(&field.name, n);
    match field.logical_type {
        LogicalType::Boolean => Value::Bool(spread.is_multiple_of(2)),
        LogicalType::Integer if matches!(field.class, Some(Class::Key | Class::Rid)) => json!(1000 + n),
        LogicalType::Integer => json!(on_grid(field, spread) as i64),
        LogicalType::Number => json!(on_grid(field, spread)),
        LogicalType::Date => Value::String(date(field, spread)),
        LogicalType::Timestamp => Value::String(format!("{}T{:02}:00:00", date(field, spread), spread % 24)),
        LogicalType::String if matches!(field.class, Some(Class::Key | Class::Rid)) => json!(format!("SYN{n:05}")),
        LogicalType::String => json!(format!("样例{}", spread % 5 + 1)),
    }
}

/// A number that looks arbitrary and is the same every time; it comes from the field's name, never from a record.
fn spread(name: &str, n: u64) -> u64 {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

fn on_grid(field: &Field, spread: u64) -> f64 {
    let step = match field.grid {
        Some(Grid::Number(step)) if step > 0.0 => step,
        _ => 1.0,
    };
    let (low, high) = field.clamp.unwrap_or((0.0, step * 100.0));
    let steps = ((high - low) / step).floor().clamp(1.0, 1e6) as u64;
    low + step * (spread % (steps + 1)) as f64
}

fn date(field: &Field, spread: u64) -> String {
    let (year, month, day) = (1950 + spread % 70, 1 + spread / 7 % 12, 1 + spread / 11 % 28);
    match field.grid {
        Some(Grid::Year) => format!("{year}-01-01"),
        Some(Grid::Quarter | Grid::Month) => format!("{year}-{month:02}-01"),
        _ => format!("{year}-{month:02}-{day:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Array;

    /// Every class and type has values of its own type, none of them missing, and the same ones every time.
    #[test]
    fn every_type_has_values() {
        for (_, text) in crate::engine::schema_for_tests() {
            let contract = Contract::parse(&text).unwrap();
            let columns = columns(&contract, 200).unwrap();
            for (field, made) in contract.table.fields.iter().zip(&columns) {
                assert_eq!(made.data_type(), &field.arrow_type(), "{}", field.name);
                assert_eq!((made.len(), made.null_count()), (200, 0), "{}", field.name);
                assert_eq!(&column(field, 200).unwrap().to_data(), &made.to_data());
            }
        }
    }
}
