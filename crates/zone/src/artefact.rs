//! The canonical digest of an artefact: over its schema and typed rows in canonical order, not over Parquet bytes.
//!
//! The same content has one digest, whatever the order of rows, the cut into batches, and the physical encoding
//! (dictionary, view, width of integers); any change of a name, a logical type or a value changes it.
//! Knows Arrow and hashing; knows nothing of contracts, gates or products.
//!
//! Encoding, version 1: `yunyu/artefact/v1\n`, the number of columns, per column name and logical type, the number of rows,
//! the rows sorted by their encodings. Text is preceded by its length, every value by a tag; all integers are big-endian.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, Schema, TimeUnit, TimestampNanosecondType, UInt64Type,
};
use crypto::{Hash, Suite};

const MAGIC: &[u8] = b"yunyu/artefact/v1\n";

/// Why an artefact has no canonical form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArtefactError {
    /// A column is no scalar of an admitted type.
    #[error("column {column} has the type {data_type}, which a released artefact may not carry")]
    Type {
        /// Column name.
        column: String,
        /// Arrow type.
        data_type: String,
    },
    /// A batch does not have the schema of the artefact.
    #[error("a batch does not have the artefact's schema")]
    Schema,
    /// A value does not fit its logical type's canonical range (a timestamp outside 1677–2262).
    #[error("column {column} holds a value outside the range of its type")]
    Range {
        /// Column name.
        column: String,
    },
}

/// The type of a column as recipients see it: physical encodings of one content fall together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logical {
    /// Text.
    Text,
    /// Whole number.
    Integer,
    /// Binary floating-point number.
    Number,
    /// Decimal with a fixed scale.
    Decimal(i8),
    /// Day.
    Date,
    /// Instant, with its zone where it has one.
    Timestamp(Option<String>),
    /// Truth value.
    Boolean,
    /// A column of nothing but nulls without a type.
    Null,
}

impl Logical {
    /// The logical type of an Arrow type; `None` where a released artefact may not carry it.
    #[must_use]
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Self::Integer,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Self::Integer,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Number,
            DataType::Decimal32(_, s) | DataType::Decimal64(_, s) | DataType::Decimal128(_, s) => Self::Decimal(*s),
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(_, zone) => Self::Timestamp(zone.as_ref().map(ToString::to_string)),
            DataType::Boolean => Self::Boolean,
            DataType::Null => Self::Null,
            DataType::Dictionary(_, value) => Self::of(value)?,
            DataType::RunEndEncoded(_, value) => Self::of(value.data_type())?,
            _ => return None,
        })
    }

    /// Name in the canonical form and in reports.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Integer => "integer".into(),
            Self::Number => "number".into(),
            Self::Decimal(scale) => format!("decimal({scale})"),
            Self::Date => "date".into(),
            Self::Timestamp(None) => "timestamp".into(),
            Self::Timestamp(Some(zone)) => format!("timestamp({zone})"),
            Self::Boolean => "boolean".into(),
            Self::Null => "null".into(),
        }
    }
}

/// One column brought to the single physical type of its logical type, ready to be encoded row by row.
pub struct Canonical {
    logical: Logical,
    array: ArrayRef,
    unsigned: bool,
}

impl Canonical {
    /// Brings an array to its canonical physical type.
    ///
    /// # Errors
    /// When the type may not be released or a value is out of range.
    pub fn new(column: &str, array: &ArrayRef) -> Result<Self, ArtefactError> {
        let data_type = array.data_type();
        let bad = || ArtefactError::Type { column: column.to_owned(), data_type: data_type.to_string() };
        let logical = Logical::of(data_type).ok_or_else(bad)?;
        let unsigned = is_unsigned(data_type);
        let target = match &logical {
            Logical::Text => DataType::Utf8,
            Logical::Integer if unsigned => DataType::UInt64,
            Logical::Integer => DataType::Int64,
            Logical::Number => DataType::Float64,
            Logical::Decimal(scale) => DataType::Decimal128(38, *scale),
            Logical::Date => DataType::Date32,
            Logical::Timestamp(zone) => DataType::Timestamp(TimeUnit::Nanosecond, zone.as_deref().map(Into::into)),
            Logical::Boolean => DataType::Boolean,
            Logical::Null => DataType::Null,
        };
        let range = || ArtefactError::Range { column: column.to_owned() };
        let cast_array =
            if *data_type == target { array.clone() } else { cast(array, &target).map_err(|_| range())? };
        // A cast that cannot represent a value makes it null: that must not pass as a null.
        if !matches!(logical, Logical::Null) && cast_array.logical_null_count() != array.logical_null_count() {
            return Err(range());
        }
        Ok(Self { logical, array: cast_array, unsigned })
    }

    /// Appends the canonical encoding of one value: a tag, then the value; a length before text.
    pub fn encode(&self, row: usize, out: &mut Vec<u8>) {
        if matches!(self.logical, Logical::Null) || self.array.is_null(row) {
            out.push(0);
            return;
        }
        out.push(1);
        match &self.logical {
            Logical::Text => put_text(self.array.as_string::<i32>().value(row), out),
            Logical::Integer if self.unsigned => {
                out.extend(i128::from(self.array.as_primitive::<UInt64Type>().value(row)).to_be_bytes())
            }
            Logical::Integer => out.extend(i128::from(self.array.as_primitive::<Int64Type>().value(row)).to_be_bytes()),
            Logical::Number => {
                out.extend(number_bits(self.array.as_primitive::<Float64Type>().value(row)).to_be_bytes())
            }
            Logical::Decimal(_) => out.extend(self.array.as_primitive::<Decimal128Type>().value(row).to_be_bytes()),
            Logical::Date => out.extend(self.array.as_primitive::<Date32Type>().value(row).to_be_bytes()),
            Logical::Timestamp(_) => {
                out.extend(self.array.as_primitive::<TimestampNanosecondType>().value(row).to_be_bytes())
            }
            Logical::Boolean => out.push(u8::from(self.array.as_boolean().value(row))),
            Logical::Null => {}
        }
    }
}

fn is_unsigned(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_unsigned(value),
        DataType::RunEndEncoded(_, value) => is_unsigned(value.data_type()),
        other => other.is_unsigned_integer(),
    }
}

/// One bit pattern for every not-a-number and for both zeros.
fn number_bits(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits() & !(1 << 63)
    } else if value == 0.0 {
        0
    } else {
        value.to_bits()
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_be_bytes());
    out.extend(text.as_bytes());
}

/// The canonical digest of an artefact.
///
/// # Errors
/// [`ArtefactError`] when a column's type may not be released, a batch has another schema, or a value is out of range.
pub fn digest(schema: &Schema, batches: &[RecordBatch], suite: Suite) -> Result<Hash, ArtefactError> {
    let mut hasher = suite.hash_alg().hasher();
    hasher.update(MAGIC);
    hasher.update(&header(schema)?);
    let rows = Rows::encode(schema, batches)?;
    hasher.update(&(rows.spans.len() as u64).to_be_bytes());
    for span in &rows.spans {
        hasher.update(&rows.bytes[span.clone()]);
    }
    Ok(hasher.finish())
}

fn header(schema: &Schema) -> Result<Vec<u8>, ArtefactError> {
    let mut out = (schema.fields().len() as u64).to_be_bytes().to_vec();
    for field in schema.fields() {
        let bad = || ArtefactError::Type { column: field.name().clone(), data_type: field.data_type().to_string() };
        put_text(field.name(), &mut out);
        put_text(&Logical::of(field.data_type()).ok_or_else(bad)?.name(), &mut out);
    }
    Ok(out)
}

/// All rows, encoded into one arena, with the spans in canonical order.
struct Rows {
    bytes: Vec<u8>,
    spans: Vec<std::ops::Range<usize>>,
}

impl Rows {
    fn encode(schema: &Schema, batches: &[RecordBatch]) -> Result<Self, ArtefactError> {
        let mut bytes = Vec::new();
        let mut spans = Vec::new();
        for batch in batches {
            check_schema(schema, batch)?;
            let columns = batch
                .schema_ref()
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(f, a)| Canonical::new(f.name(), a))
                .collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                let start = bytes.len();
                for column in &columns {
                    column.encode(row, &mut bytes);
                }
                spans.push(start..bytes.len());
            }
        }
        spans.sort_unstable_by(|a, b| bytes[a.clone()].cmp(&bytes[b.clone()]));
        Ok(Self { bytes, spans })
    }
}

fn check_schema(schema: &Schema, batch: &RecordBatch) -> Result<(), ArtefactError> {
    let same = batch.num_columns() == schema.fields().len()
        && batch
            .schema_ref()
            .fields()
            .iter()
            .zip(schema.fields())
            .all(|(a, b)| a.name() == b.name() && Logical::of(a.data_type()) == Logical::of(b.data_type()));
    if same { Ok(()) } else { Err(ArtefactError::Schema) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
        LargeStringArray, ListArray, StringArray, StringViewArray, TimestampMicrosecondArray, TimestampNanosecondArray,
        UInt64Array,
    };
    use arrow::datatypes::{Int32Type, Int64Type};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap()
    }

    fn of(batches: &[RecordBatch]) -> Hash {
        digest(&batches[0].schema(), batches, Suite::Gm).unwrap()
    }

    fn text(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    fn ints(values: &[Option<i64>]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    fn sample() -> RecordBatch {
        batch(vec![("city", text(&[Some("a"), Some("b"), None])), ("n", ints(&[Some(1), None, Some(3)]))])
    }

    #[test]
    fn same_content_same_digest() {
        let whole = of(&[sample()]);
        let b = sample();
        assert_eq!(of(&[b.slice(2, 1), b.slice(0, 2)]), whole, "partitions and row order");
        let dictionary: DictionaryArray<Int32Type> = [Some("a"), Some("b"), None].into_iter().collect();
        let large: ArrayRef = Arc::new(LargeStringArray::from(vec![Some("a"), Some("b"), None]));
        let view: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), Some("b"), None]));
        for city in [Arc::new(dictionary) as ArrayRef, large, view] {
            assert_eq!(of(&[batch(vec![("city", city), ("n", ints(&[Some(1), None, Some(3)]))])]), whole);
        }
        let narrow: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
        let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![Some(1), None, Some(3)]));
        for n in [narrow, unsigned] {
            assert_eq!(of(&[batch(vec![("city", text(&[Some("a"), Some("b"), None])), ("n", n)])]), whole);
        }
        let micro: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![7]));
        let nano: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![7000]));
        assert_eq!(of(&[batch(vec![("t", micro)])]), of(&[batch(vec![("t", nano)])]));
        let zero = |z: f64, nan: f64| of(&[batch(vec![("x", Arc::new(Float64Array::from(vec![z, nan])) as ArrayRef)])]);
        assert_eq!(zero(0.0, f64::NAN), zero(-0.0, -f64::NAN));
    }

    #[test]
    fn every_kind_of_change_shows() {
        let base = of(&[sample()]);
        let city = || text(&[Some("a"), Some("b"), None]);
        let n = || ints(&[Some(1), None, Some(3)]);
        let changed: Vec<(&str, Vec<RecordBatch>)> = vec![
            ("name", vec![batch(vec![("town", city()), ("n", n())])]),
            ("order of columns", vec![batch(vec![("n", n()), ("city", city())])]),
            ("value", vec![batch(vec![("city", text(&[Some("a"), Some("c"), None])), ("n", n())])]),
            ("null and empty", vec![batch(vec![("city", text(&[Some("a"), Some("b"), Some("")])), ("n", n())])]),
            ("null and zero", vec![batch(vec![("city", city()), ("n", ints(&[Some(1), Some(0), Some(3)]))])]),
            ("pairing of values", vec![batch(vec![("city", city()), ("n", ints(&[Some(3), None, Some(1)]))])]),
            ("row twice", vec![sample(), sample().slice(0, 1)]),
            ("row missing", vec![sample().slice(0, 2)]),
            (
                "type",
                vec![batch(vec![
                    ("city", city()),
                    ("n", Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0)])) as ArrayRef),
                ])],
            ),
            ("column missing", vec![batch(vec![("city", city())])]),
        ];
        for (what, batches) in changed {
            assert_ne!(of(&batches), base, "{what}");
        }
        let empty = batch(vec![("city", text(&[])), ("n", ints(&[]))]);
        assert_ne!(of(&[empty]), base);
        assert_ne!(digest(&sample().schema(), &[sample()], Suite::Intl).unwrap(), base);
    }

    #[test]
    fn types_are_told_apart() {
        let one: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![1])),
            Arc::new(Float64Array::from(vec![1.0])),
            Arc::new(Decimal128Array::from(vec![1]).with_precision_and_scale(10, 2).unwrap()),
            Arc::new(Decimal128Array::from(vec![1]).with_precision_and_scale(10, 0).unwrap()),
            Arc::new(Date32Array::from(vec![1])),
            Arc::new(TimestampNanosecondArray::from(vec![1])),
            Arc::new(TimestampNanosecondArray::from(vec![1]).with_timezone("+08:00")),
            Arc::new(BooleanArray::from(vec![true])),
            text(&[Some("1")]),
        ];
        let all: std::collections::BTreeSet<String> =
            one.into_iter().map(|a| of(&[batch(vec![("x", a)])]).to_string()).collect();
        assert_eq!(all.len(), 9);
    }

    #[test]
    fn refuses_what_has_no_scalar_form() {
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1)])]));
        let nested = batch(vec![("x", list)]);
        assert!(matches!(digest(&nested.schema(), &[nested], Suite::Gm), Err(ArtefactError::Type { .. })));
        let far: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX]));
        let far = batch(vec![("t", far)]);
        assert!(matches!(digest(&far.schema(), &[far], Suite::Gm), Err(ArtefactError::Range { .. })));
        let other = batch(vec![("y", text(&[Some("1")]))]);
        assert_eq!(digest(&sample().schema(), &[other], Suite::Gm), Err(ArtefactError::Schema));
    }

    proptest! {
        /// Moving a boundary between two text columns must change the digest: the encoding is injective.
        #[test]
        fn boundaries_matter(a in ".{0,6}", b in ".{0,6}", cut in 0_usize..6) {
            let joined: Vec<char> = a.chars().chain(b.chars()).collect();
            let at = cut.min(joined.len());
            let (c, d): (String, String) = (joined[..at].iter().collect(), joined[at..].iter().collect());
            let left = of(&[batch(vec![("p", text(&[Some(&a)])), ("q", text(&[Some(&b)]))])]);
            let right = of(&[batch(vec![("p", text(&[Some(&c)])), ("q", text(&[Some(&d)]))])]);
            prop_assert_eq!(left == right, a == c);
        }
    }
}
