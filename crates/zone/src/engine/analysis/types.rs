//! What the types of restricted values decide: which conversions and operations cannot fail, and what to write instead of those
//! that may.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};

use super::Relation;
use super::blame::internal;
use super::compare::{constant, number};
use crate::engine::label::{Label, Modes};
use crate::engine::verdict::Checked;

/// Most digits of a decimal over restricted rows: no number of rows makes a mean of such ones overflow.
const LONGEST_DECIMAL: u8 = 22;

/// Arithmetic that may fail: division by something that is not a literal other than zero.
pub(super) fn may_fail(binary: &BinaryExpr, from: &Relation) -> Checked<bool> {
    let plain = |expr: &Expr| -> Checked<bool> {
        let kind = expr.get_type(from.schema.as_ref()).map_err(internal)?;
        Ok(kind.is_integer() || kind.is_floating() || is_text(&kind) || kind == DataType::Null)
    };
    // Decimals and times overflow with an error; whole numbers wrap, and nothing else counts below a release.
    if !plain(&binary.left)? || !plain(&binary.right)? {
        return Ok(true);
    }
    Ok(match binary.op {
        Operator::Divide | Operator::Modulo => match constant(&binary.right) {
            Some(value) => number(value).is_none_or(|number| number == 0.0),
            None => true,
        },
        _ => false,
    })
}

/// What to write instead of arithmetic on a restricted value.
pub(super) fn way_out(binary: &BinaryExpr, left: &Label, right: &Label) -> (&'static str, &'static str) {
    let measure = |label: &Label| !label.is_free() && label.modes.has(Modes::ADD);
    let scaled =
        measure(left) && constant(&binary.right).is_some() || measure(right) && constant(&binary.left).is_some();
    let years = [left, right].into_iter().any(|label| !label.is_free() && label.modes.has(Modes::YEAR_BAND));
    match binary.op {
        Operator::StringConcat => {
            ("按各列分组，再拼接已释放的键", "group by both columns, and join the texts of the released keys")
        }
        Operator::Multiply | Operator::Divide if scaled => {
            ("换算写在聚合之外：SUM(x) * 0.01", "convert outside the aggregate: SUM(x) * 0.01")
        }
        Operator::Multiply | Operator::Divide if years => {
            ("分段写作 floor(x / n) * n，n 至少为 5", "form bands as floor(x / n) * n with n of at least 5")
        }
        _ => ("先聚合，再用已释放的值计算", "aggregate first and compute with the released values"),
    }
}

/// Decimals of so many digits that a mean of a few of them may overflow, and fail: where they came from a literal or a conversion,
/// whether it fails would tell how many rows there are (N3).
pub(super) fn is_long(kind: &DataType) -> bool {
    match kind {
        DataType::Decimal32(digits, _) | DataType::Decimal64(digits, _) | DataType::Decimal128(digits, _) => {
            *digits > LONGEST_DECIMAL
        }
        DataType::Decimal256(..) => true,
        _ => false,
    }
}

/// Conversions that give a value for every value.
pub(super) fn never_fails(source: &DataType, target: &DataType) -> bool {
    use DataType::{
        Boolean, Date32, Float32, Float64, Int8, Int16, Int32, Int64, Timestamp, UInt8, UInt16, UInt32, UInt64,
    };
    let widening = match (source, target) {
        (Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32 | Int64 | UInt64 | Float32, Float64) => true,
        (Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32, Int64) => true,
        (Int8 | Int16 | UInt8 | UInt16, Int32) => true,
        (DataType::Decimal128(..), Float64) => true,
        (Date32, Timestamp(..)) => true,
        // A coarser unit cuts time off, and with it the grid's bounds.
        (Timestamp(from, _), Timestamp(to, _)) => fineness(*from) <= fineness(*to),
        (Timestamp(..), Date32) => true,
        (DataType::Null, _) => true,
        _ => false,
    };
    let to_text = is_text(target) && (is_text(source) || source.is_integer() || matches!(source, Boolean | Date32));
    widening || to_text
}

fn fineness(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    }
}

pub(super) fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}
