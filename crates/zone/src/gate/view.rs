//! A table as dense codes per column: what the gate's checks look at, whether it came from a sealed artefact, a CSV or a Parquet file.
//! Knows Arrow and files; knows no thresholds. Values are held only while the checks run and never leave in a report.

use super::measures::Coded;
use crate::artefact::Logical;
use crate::identify::calendar::{self, Moment};
use crate::intake::records::{Next, RecordError, Records, Row};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction.
    Number,
    /// Days.
    Date,
    /// Instants.
    Timestamp,
    /// Truth values.
    Boolean,
    /// Nothing but nulls.
    Empty,
    /// No scalar: may not be released.
    Other,
}

impl Kind {
    /// Are values of this kind numbers?
    #[must_use]
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Number)
    }
}

/// A column: a code per row, and the distinct values that the codes stand for (`None` is null).
#[derive(Clone, Debug)]
pub struct Column {
    /// Name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Code of each row.
    pub codes: Vec<u32>,
    /// Distinct values by code.
    pub values: Vec<Option<String>>,
}

impl Column {
    /// Rows of each distinct value.
    #[must_use]
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.values.len()];
        for code in &self.codes {
            counts[*code as usize] += 1;
        }
        counts
    }

    /// The codes as they are: for equality only.
    #[must_use]
    pub fn coded(&self) -> Coded<'_> {
        Coded { codes: &self.codes, cardinality: self.values.len() as u32 }
    }

    /// Codes replaced by the rank of the value (nulls first; numbers by size, everything else by text).
    #[must_use]
    pub fn ranked(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.values.len() as u32).collect();
        if self.kind.is_numeric() {
            let sizes: Vec<f64> =
                self.values.iter().map(|v| v.as_deref().and_then(number).unwrap_or(f64::NEG_INFINITY)).collect();
            order.sort_by(|a, b| sizes[*a as usize].total_cmp(&sizes[*b as usize]));
        } else {
            order.sort_by(|a, b| self.values[*a as usize].cmp(&self.values[*b as usize]));
        }
        let mut rank = vec![0_u32; order.len()];
        for (at, code) in (0_u32..).zip(&order) {
            rank[*code as usize] = at;
        }
        self.codes.iter().map(|c| rank[*c as usize]).collect()
    }

    /// The value of a row.
    #[must_use]
    pub fn value(&self, row: usize) -> Option<&str> {
        self.values[self.codes[row] as usize].as_deref()
    }

    /// Rows that are not null.
    #[must_use]
    pub fn present(&self) -> u64 {
        self.counts().iter().zip(&self.values).filter(|(_, v)| v.is_some()).map(|(n, _)| n).sum()
    }
}

/// A table as coded columns of equal length.
#[derive(Clone, Debug)]
pub struct View {
    /// Columns, in the order of the artefact.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub rows: usize,
    /// Rows of a text file that are not well formed (wrong number of fields, unclosed quote, unknown encoding).
    pub malformed: u64,
    /// Columns or file parts that carry metadata which a release may not.
    pub metadata: Vec<String>,
}

impl View {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// A view of record batches.
    ///
    /// # Errors
    /// When Arrow cannot bring a scalar to text, which it can for every admitted type.
    pub fn from_batches(schema: &Schema, batches: &[RecordBatch]) -> Result<Self, ArrowError> {
        let mut builders: Vec<Builder> =
            schema.fields().iter().map(|f| Builder::new(f.name(), kind_of(f.data_type()))).collect();
        let mut rows = 0;
        for batch in batches {
            rows += batch.num_rows();
            for (builder, array) in builders.iter_mut().zip(batch.columns()) {
                builder.extend(array)?;
            }
        }
        let mut metadata: Vec<String> =
            schema.fields().iter().filter(|f| !f.metadata().is_empty()).map(|f| f.name().clone()).collect();
        if !schema.metadata().is_empty() {
            metadata.push("*".to_owned());
        }
        Ok(Self { columns: builders.into_iter().map(|b| b.column).collect(), rows, malformed: 0, metadata })
    }

    /// A view of a file, CSV or Parquet by its first bytes.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be opened or read, or is empty.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let at = |kind: FileFault| FileError { path: path.to_owned(), fault: kind };
        let mut file = File::open(path).map_err(|e| at(e.into()))?;
        let mut magic = [0_u8; 4];
        let found = std::io::Read::read(&mut file, &mut magic).map_err(|e| at(e.into()))?;
        std::io::Seek::rewind(&mut file).map_err(|e| at(e.into()))?;
        if found == 4 && &magic == b"PAR1" {
            Self::from_parquet(file).map_err(at)
        } else {
            Self::from_csv(file).map_err(at)
        }
    }

    fn from_parquet(file: File) -> Result<Self, FileFault> {
        let builder = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)?;
        let extra = builder
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .is_some_and(|list| list.iter().any(|kv| kv.key != "ARROW:schema" && kv.key != "pandas"));
        let schema = builder.schema().clone();
        let reader = builder.build()?;
        let batches = reader.collect::<Result<Vec<_>, _>>()?;
        let bare = Schema::new(schema.fields().clone());
        let mut view = Self::from_batches(&bare, &batches)?;
        if extra {
            view.metadata.push("*".to_owned());
        }
        Ok(view)
    }

    fn from_csv(file: File) -> Result<Self, FileFault> {
        let mut records = Records::open(file, &[])?;
        let mut row = Row::default();
        let mut builders = match records.next(&mut row)? {
            Next::Row => (0..row.len())
                .map(|at| Builder::new(row.get(at).map_or("", |c| c.0.trim()), Kind::Text))
                .collect::<Vec<_>>(),
            Next::End if records.is_empty() => return Err(FileFault::Empty),
            Next::End | Next::Fault(_) => return Err(FileFault::NoHeader),
        };
        let (mut rows, mut malformed) = (0, 0);
        loop {
            match records.next(&mut row)? {
                Next::End => break,
                Next::Row if row.len() == builders.len() => {
                    rows += 1;
                    for (at, builder) in builders.iter_mut().enumerate() {
                        builder.push(row.get(at).map(|c| c.0).filter(|v| !v.is_empty()));
                    }
                }
                _ => malformed += 1,
            }
        }
        let columns = builders.into_iter().map(|b| b.typed()).collect();
        Ok(Self { columns, rows, malformed, metadata: Vec::new() })
    }
}

/// A file that the gate cannot read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: FileFault,
}

/// What is wrong with a file. Never carries a value.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It has no header.
    #[error("is empty")]
    Empty,
    /// It has bytes, but its first line is none of delimited text.
    #[error("begins with no header: it is no delimited text")]
    NoHeader,
    /// It is no delimited text.
    #[error("is no delimited text: {0}")]
    Text(#[from] RecordError),
    /// It is no readable Parquet.
    #[error("is no readable Parquet file")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Its columns cannot be read.
    #[error("holds columns that cannot be read")]
    Arrow(#[from] ArrowError),
}

fn kind_of(data_type: &DataType) -> Kind {
    match Logical::of(data_type) {
        Some(Logical::Text) => Kind::Text,
        Some(Logical::Integer) => Kind::Integer,
        Some(Logical::Number | Logical::Decimal(_)) => Kind::Number,
        Some(Logical::Date) => Kind::Date,
        Some(Logical::Timestamp(_)) => Kind::Timestamp,
        Some(Logical::Boolean) => Kind::Boolean,
        Some(Logical::Null) => Kind::Empty,
        None => Kind::Other,
    }
}

/// A finite number written in digits.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

struct Builder {
    column: Column,
    index: HashMap<Box<str>, u32>,
    null: Option<u32>,
}

impl Builder {
    fn new(name: &str, kind: Kind) -> Self {
        Self {
            column: Column { name: name.to_owned(), kind, codes: Vec::new(), values: Vec::new() },
            index: HashMap::new(),
            null: None,
        }
    }

    fn push(&mut self, value: Option<&str>) {
        let next = self.column.values.len() as u32;
        let code = match value {
            None => *self.null.get_or_insert(next),
            Some(text) => match self.index.get(text) {
                Some(code) => *code,
                None => {
                    self.index.insert(text.into(), next);
                    next
                }
            },
        };
        if code == next {
            self.column.values.push(value.map(str::to_owned));
        }
        self.column.codes.push(code);
    }

    fn extend(&mut self, array: &ArrayRef) -> Result<(), ArrowError> {
        if matches!(self.column.kind, Kind::Other | Kind::Empty) {
            (0..array.len()).for_each(|_| self.push(None));
            return Ok(());
        }
        let text = cast(array, &DataType::Utf8)?;
        let text = text.as_string::<i32>();
        (0..text.len()).for_each(|row| self.push((!text.is_null(row)).then(|| text.value(row))));
        Ok(())
    }

    /// The column of a text file, with the narrowest kind that all its values have.
    fn typed(mut self) -> Column {
        let values = || self.column.values.iter().flatten().map(|v| v.trim());
        let all = |test: fn(&str) -> bool| values().all(test);
        self.column.kind = if values().next().is_none() {
            Kind::Empty
        } else if all(|v| v.parse::<i128>().is_ok()) {
            Kind::Integer
        } else if all(|v| number(v).is_some()) {
            Kind::Number
        } else if all(|v| matches!(calendar::moment(v), Some(Moment::Date(_)))) {
            Kind::Date
        } else if all(|v| matches!(calendar::moment(v), Some(Moment::Date(_) | Moment::Timestamp(_)))) {
            Kind::Timestamp
        } else if all(|v| v.eq_ignore_ascii_case("true") || v.eq_ignore_ascii_case("false")) {
            Kind::Boolean
        } else {
            Kind::Text
        };
        self.column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> View {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        View::open(&path).unwrap()
    }

    #[test]
    fn reads_kinds_and_ranks() {
        let view = csv("name,n,x,d,empty,b\n张三,10,1.5,2024-01-02,,true\n李四,9,2,2023-01-02,,false\n");
        let kinds: Vec<Kind> = view.columns.iter().map(|c| c.kind).collect();
        assert_eq!(kinds, [Kind::Text, Kind::Integer, Kind::Number, Kind::Date, Kind::Empty, Kind::Boolean]);
        assert_eq!(view.columns[1].ranked(), [1, 0], "by size, not by text");
        assert_eq!(view.columns[3].ranked(), [1, 0]);
        assert_eq!((view.rows, view.malformed), (2, 0));
        assert_eq!(view.columns[4].present(), 0);
    }

    #[test]
    fn counts_rows_that_are_not_well_formed() {
        let view = csv("a,b\n1,2\n3\n4,5,6\n");
        assert_eq!((view.rows, view.malformed), (1, 2));
    }
}
