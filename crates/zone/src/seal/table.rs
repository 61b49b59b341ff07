//! Sealed Parquet files as one table of the query engine. Only the chunks that a scan needs are opened.

use super::{Meter, SealError, SealedStore};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::DefaultParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use std::sync::Arc;

/// A table over sealed Parquet files of one scope. `schema` is that of the files, hidden columns included; a column
/// that a file lacks reads as null. With a meter, its scans count there and read every row.
///
/// # Errors
/// An object is missing, does not open, or is no Parquet.
pub async fn table(
    store: Arc<SealedStore>,
    paths: &[Path],
    schema: SchemaRef,
    meter: Option<Arc<Meter>>,
) -> Result<Arc<dyn TableProvider>, SealError> {
    let mut files = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    for path in paths {
        let meta = store.head(path).await.map_err(SealError::Store)?;
        let footer =
            DFParquetMetadata::new(store.as_ref(), &meta).fetch_metadata().await.map_err(|_| SealError::NoTable)?;
        rows += usize::try_from(footer.file_metadata().num_rows()).unwrap_or_default();
        bytes += usize::try_from(meta.size).unwrap_or_default();
        files.push(meta);
    }
    Ok(Arc::new(SealedTable { store, files, schema, rows, bytes, meter }))
}

/// As [`table`], with object paths as text.
///
/// # Errors
/// As [`table`].
pub async fn table_at(
    store: Arc<SealedStore>,
    objects: &[&str],
    schema: SchemaRef,
) -> Result<Arc<dyn TableProvider>, SealError> {
    let paths: Vec<Path> = objects.iter().map(|object| Path::from(*object)).collect();
    table(store, &paths, schema, None).await
}

#[derive(Debug)]
struct SealedTable {
    store: Arc<SealedStore>,
    files: Vec<ObjectMeta>,
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
    meter: Option<Arc<Meter>>,
}

impl SealedTable {
    /// Counts for the planner. Inexact on purpose: an answer must come from the records, never from a footer.
    fn counts(&self) -> Statistics {
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Inexact(self.rows);
        statistics.total_byte_size = Precision::Inexact(self.bytes);
        statistics
    }
}

#[async_trait]
impl TableProvider for SealedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.counts())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let store = Arc::clone(&self.store) as Arc<dyn ObjectStore>;
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_parquet_file_reader_factory(Arc::new(DefaultParquetFileReaderFactory::new(store)));
        let files: Vec<PartitionedFile> = self.files.iter().cloned().map(PartitionedFile::from).collect();
        // The address is never asked: the reader factory above holds the store.
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_group(FileGroup::new(files))
            .with_statistics(self.counts())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        let scan = DataSourceExec::from_data_source(config);
        Ok(match &self.meter {
            Some(meter) => meter.scan(scan, self.rows),
            None => scan,
        })
    }
}
