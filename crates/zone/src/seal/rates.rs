//! What sealing costs a scan: the same Parquet through the same reader, sealed and plain, in turns. Run by `cargo xtask bench
//! trust`, which reads the lines of JSON; it asserts that both read the same, and no time.

use super::table::parquet_scan;
use super::tests::Bench;
use super::{SealedStore, parquet_properties};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use crypto::Suite;
use datafusion::common::Statistics;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::{ArrowWriter, parquet_to_arrow_schema};
use std::sync::Arc;
use std::time::Instant;

const ROWS: i64 = 1_000_000;
const ROUNDS: usize = 7;

/// Records as a department keeps them: mostly text, some of it repeated.
fn parquet() -> Vec<u8> {
    let text = |f: &dyn Fn(i64) -> String| Arc::new(StringArray::from_iter_values((0..ROWS).map(f))) as ArrayRef;
    let mixed = |i: i64| (i.wrapping_mul(6_364_136_223_846_793_005) >> 24).unsigned_abs();
    let batch = RecordBatch::try_from_iter([
        ("record", text(&|i| format!("{:018}", mixed(i) % 1_000_000_000_000))),
        ("name", text(&|i| format!("name {:x}", mixed(i + 7) % 40_000))),
        ("district", text(&|i| format!("district {}", mixed(i + 3) % 17))),
        ("address", text(&|i| format!("road {} number {}", mixed(i) % 900, mixed(i + 1) % 3000))),
        ("amount", Arc::new(Int64Array::from_iter_values((0..ROWS).map(|i| (mixed(i) % 1_000_000) as i64)))),
    ])
    .unwrap();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(parquet_properties(128 * 1024))).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

/// Rows read, and seconds.
async fn scan(store: Arc<dyn ObjectStore>, path: &Path) -> (usize, f64) {
    let since = Instant::now();
    let meta = store.head(path).await.unwrap();
    let footer = DFParquetMetadata::new(store.as_ref(), &meta).fetch_metadata().await.unwrap();
    let schema = Arc::new(parquet_to_arrow_schema(footer.file_metadata().schema_descr(), None).unwrap());
    let counts = Statistics::new_unknown(&schema);
    let plan = parquet_scan(store, &[meta], &schema, counts, (None, None)).unwrap();
    let stream = plan.execute(0, SessionContext::new().task_ctx()).unwrap();
    let rows = stream.try_fold(0, |n, batch| async move { Ok(n + batch.num_rows()) }).await.unwrap();
    (rows, since.elapsed().as_secs_f64())
}

#[tokio::test]
#[ignore = "a measurement"]
async fn bench_scan() {
    let file = parquet();
    for (suite, aim) in [(Suite::Gm, 1.10), (Suite::Intl, 1.03)] {
        let bench = Bench::new(suite);
        let path = Path::from("records");
        let plain_dir = tempfile::tempdir().unwrap();
        let plain: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(plain_dir.path()).unwrap());
        plain.put(&path, PutPayload::from(file.clone())).await.unwrap();
        let store: SealedStore = bench.store();
        store.put(&path, PutPayload::from(file.clone())).await.unwrap();
        let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            let (rows, seconds) = scan(Arc::clone(&plain), &path).await;
            theirs = theirs.min(seconds);
            // A new store each time: what was opened before is not remembered.
            let (sealed, seconds) = scan(Arc::new(bench.store()), &path).await;
            ours = ours.min(seconds);
            assert_eq!((rows, sealed), (ROWS as usize, ROWS as usize));
        }
        let mb = |seconds: f64| file.len() as f64 / 1e6 / seconds;
        let row = format!("scan of sealed Parquet, {}, zstd", suite.name());
        let line = serde_json::json!({"row": row, "unit": "MB/s", "ours": mb(ours), "peer": "the same file plain",
            "theirs": mb(theirs), "aim": 1.0 / aim});
        // The test runner may have begun a line.
        println!("\n{line}");
    }
}
