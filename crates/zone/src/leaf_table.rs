//! Leaves of a log as Parquet: the table in an archive of a closed epoch, which any tool for tables opens. What a leaf is,
//! and whether it is right, `audit` says.
//!
//! The file has no statistics, indexes or filters: tools pass over rows by them, and nothing in a log says whether they are
//! right. One that has any is refused.

use arrow::array::{Array, AsArray, FixedSizeBinaryBuilder, RecordBatch, StringBuilder, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use audit::LogError;
use audit::archive::{LeafTable, Row, Take};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows that are encoded at once.
const BATCH: usize = 4096;
const DIGEST: i32 = 32;

/// Leaves as Parquet: `index`, `leaf` (the encoded leaf, which is JSON), `sm3` and `sha256` (its leaf hashes).
#[derive(Clone, Copy, Debug, Default)]
pub struct ParquetLeaves;

fn schema() -> SchemaRef {
    let field = |name: &str, kind| Field::new(name, kind, false);
    Arc::new(Schema::new(vec![
        field("index", DataType::UInt64),
        field("leaf", DataType::Utf8),
        field("sm3", DataType::FixedSizeBinary(DIGEST)),
        field("sha256", DataType::FixedSizeBinary(DIGEST)),
    ]))
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn corrupt(path: &Path) -> LogError {
    LogError::Corrupt { file: name(path), what: "not a table of leaves" }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> LogError {
    let file = name(path);
    move |source| LogError::Io { file: file.clone(), source }
}

/// A full disk and the like stay what they are.
fn failed(path: &Path) -> impl Fn(ParquetError) -> LogError {
    move |e| match e {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(source) => io(path)(*source),
            Err(_) => corrupt(path),
        },
        _ => corrupt(path),
    }
}

/// Whether a footer says more of the rows than where they are and how they are kept.
fn says_more(footer: &ParquetMetaData) -> bool {
    let words = footer.file_metadata().key_value_metadata().into_iter().flatten();
    let sorted = footer.row_groups().iter().any(|group| group.sorting_columns().is_some());
    let mut columns = footer.row_groups().iter().flat_map(|group| group.columns());
    let known = columns.any(|c| {
        c.statistics().is_some()
            || c.column_index_offset().is_some()
            || c.offset_index_offset().is_some()
            || c.bloom_filter_offset().is_some()
    });
    known || sorted || words.into_iter().any(|word| word.key != "ARROW:schema")
}

/// Columns in the making.
struct Columns {
    index: UInt64Builder,
    leaf: StringBuilder,
    sm3: FixedSizeBinaryBuilder,
    sha256: FixedSizeBinaryBuilder,
    rows: usize,
}

impl Columns {
    fn new() -> Self {
        Self {
            index: UInt64Builder::new(),
            leaf: StringBuilder::new(),
            sm3: FixedSizeBinaryBuilder::new(DIGEST),
            sha256: FixedSizeBinaryBuilder::new(DIGEST),
            rows: 0,
        }
    }

    fn push(&mut self, row: &Row) -> Option<()> {
        self.index.append_value(row.index);
        self.leaf.append_value(std::str::from_utf8(&row.leaf).ok()?);
        self.sm3.append_value(row.sm3).ok()?;
        self.sha256.append_value(row.sha256).ok()?;
        self.rows += 1;
        Some(())
    }

    fn batch(&mut self) -> Option<RecordBatch> {
        self.rows = 0;
        let columns: Vec<Arc<dyn Array>> = vec![
            Arc::new(self.index.finish()),
            Arc::new(self.leaf.finish()),
            Arc::new(self.sm3.finish()),
            Arc::new(self.sha256.finish()),
        ];
        RecordBatch::try_new(schema(), columns).ok()
    }
}

impl LeafTable for ParquetLeaves {
    fn write(&self, path: &Path, rows: &mut dyn FnMut(Take<'_>) -> Result<(), LogError>) -> Result<(), LogError> {
        let broken = || corrupt(path);
        let file = File::create_new(path).map_err(io(path))?;
        let kept = file.try_clone().map_err(io(path))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .build();
        let mut writer = ArrowWriter::try_new(file, schema(), Some(properties)).map_err(failed(path))?;
        let mut columns = Columns::new();
        rows(&mut |row| {
            columns.push(&row).ok_or_else(broken)?;
            if columns.rows < BATCH {
                return Ok(());
            }
            let batch = columns.batch().ok_or_else(broken)?;
            writer.write(&batch).map_err(failed(path))
        })?;
        let last = columns.batch().ok_or_else(broken)?;
        writer.write(&last).map_err(failed(path))?;
        writer.close().map_err(failed(path))?;
        kept.sync_all().map_err(io(path))
    }

    fn read(&self, path: &Path, each: Take<'_>) -> Result<(), LogError> {
        let broken = || corrupt(path);
        let file = File::open(path).map_err(io(path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed(path))?;
        if builder.schema().fields() != schema().fields() || says_more(builder.metadata()) {
            return Err(broken());
        }
        for batch in builder.with_batch_size(BATCH).build().map_err(|_| broken())? {
            let batch = batch.map_err(|_| broken())?;
            let [index, leaf, sm3, sha256] = batch.columns() else { return Err(broken()) };
            let (index, leaf) = (index.as_primitive::<UInt64Type>(), leaf.as_string::<i32>());
            let (sm3, sha256) = (sm3.as_fixed_size_binary(), sha256.as_fixed_size_binary());
            for at in 0..batch.num_rows() {
                each(Row {
                    index: index.value(at),
                    leaf: leaf.value(at).as_bytes().to_vec(),
                    sm3: sm3.value(at).try_into().map_err(|_| broken())?,
                    sha256: sha256.value(at).try_into().map_err(|_| broken())?,
                })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(index: u64) -> Row {
        Row { index, leaf: format!("{{\"n\":{index},\"字\":\"叶\"}}").into_bytes(), sm3: [1; 32], sha256: [2; 32] }
    }

    #[test]
    fn what_was_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        for (n, count) in [0, 1, 4096, 9000].into_iter().enumerate() {
            let path = dir.path().join(format!("{n}.parquet"));
            ParquetLeaves.write(&path, &mut |take| (7..7 + count).try_for_each(|i| take(row(i)))).unwrap();
            let mut read = Vec::new();
            ParquetLeaves
                .read(&path, &mut |row| {
                    read.push(row);
                    Ok(())
                })
                .unwrap();
            assert_eq!(read, (7..7 + count).map(row).collect::<Vec<_>>());
            assert!(ParquetLeaves.write(&path, &mut |_| Ok(())).is_err(), "nothing is overwritten");
        }
    }

    /// Somebody who may sign a manifest could lie in them to tools that pass over rows.
    #[test]
    fn a_table_with_statistics_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let plain = || {
            let builder = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None);
            builder.set_offset_index_disabled(true)
        };
        let word = || Some(vec![parquet::file::metadata::KeyValue { key: "rows".into(), value: Some("7".into()) }]);
        for (n, (properties, fine)) in [
            (plain().build(), true),
            (plain().set_statistics_enabled(EnabledStatistics::Chunk).build(), false),
            (plain().set_statistics_enabled(EnabledStatistics::Page).build(), false),
            (plain().set_offset_index_disabled(false).build(), false),
            (plain().set_bloom_filter_enabled(true).build(), false),
            (plain().set_key_value_metadata(word()).build(), false),
        ]
        .into_iter()
        .enumerate()
        {
            let path = dir.path().join(n.to_string());
            let mut columns = Columns::new();
            columns.push(&row(0)).unwrap();
            let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema(), Some(properties)).unwrap();
            writer.write(&columns.batch().unwrap()).unwrap();
            writer.close().unwrap();
            assert_eq!(ParquetLeaves.read(&path, &mut |_| Ok(())).is_ok(), fine, "{n}");
        }
    }

    /// A disk that is full is no broken table.
    #[test]
    fn a_full_disk_is_told_as_one() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let said = failed(Path::new("leaves.parquet"))(full.into());
        assert!(
            matches!(&said, LogError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull),
            "{said:?}"
        );
    }

    #[test]
    fn other_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        assert!(ParquetLeaves.read(&path, &mut |_| Ok(())).is_err());
        std::fs::write(&path, b"PAR1 and nothing").unwrap();
        assert!(ParquetLeaves.read(&path, &mut |_| Ok(())).is_err());
    }
}
