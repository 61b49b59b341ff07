//! `cargo xtask bench trust`, storage: what sealing costs a scan. The same Parquet through the same reader, sealed and plain,
//! in turns; CPU of all threads of the best round, so that a busy machine counts for little.
#![allow(clippy::unwrap_used, reason = "a bench")]

mod seal;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use crypto::{FileKeyProvider, KeyProvider, Suite};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use seal::SealedStore;
use std::ops::Range;
use std::sync::Arc;

const ROWS: i64 = 1_000_000;
const ROUNDS: usize = 9;

/// Records as a department keeps them: mostly text, some of it repeated; written as the zone writes them.
fn records() -> Vec<u8> {
    let text = |f: &dyn Fn(i64) -> String| Arc::new(StringArray::from_iter_values((0..ROWS).map(f))) as ArrayRef;
    let mixed = |i: i64| (i.wrapping_mul(6_364_136_223_846_793_005) >> 24).unsigned_abs();
    let amounts = (0..ROWS).map(|i| i64::try_from(mixed(i) % 1_000_000).unwrap());
    let batch = RecordBatch::try_from_iter([
        ("record", text(&|i| format!("{:018}", mixed(i) % 1_000_000_000_000))),
        ("name", text(&|i| format!("name {:x}", mixed(i + 7) % 40_000))),
        ("district", text(&|i| format!("district {}", mixed(i + 3) % 17))),
        ("address", text(&|i| format!("road {} number {}", mixed(i) % 900, mixed(i + 1) % 3000))),
        ("amount", Arc::new(Int64Array::from_iter_values(amounts)) as ArrayRef),
    ])
    .unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(128 * 1024))
        .build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

/// A file of a store, as the reader wants it.
struct Of {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

fn lost(e: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(e))
}

impl AsyncFileReader for Of {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move { self.store.get_range(&self.path, range).await.map_err(lost) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move { self.store.get_ranges(&self.path, &ranges).await.map_err(lost) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.size;
            ParquetMetaDataReader::new().load_and_finish(self, size).await.map(Arc::new)
        }
        .boxed()
    }
}

/// Seconds that this process's threads were on a CPU.
fn cpu_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let spent = |thread: std::fs::DirEntry| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e9
    };
    threads.flatten().map(spent).sum()
}

/// Rows read, and seconds of CPU.
async fn scan(store: Arc<dyn ObjectStore>, path: &Path) -> (i64, f64) {
    let since = cpu_seconds();
    let size = store.head(path).await.unwrap().size;
    let file = Of { store, path: path.clone(), size };
    let stream = ParquetRecordBatchStreamBuilder::new(file).await.unwrap().with_batch_size(8192).build().unwrap();
    let rows = stream.try_fold(0, |n, batch| async move { Ok(n + batch.num_rows()) }).await.unwrap();
    (i64::try_from(rows).unwrap(), cpu_seconds() - since)
}

async fn compared(file: &[u8], suite: Suite, most: f64) {
    let dir = tempfile::tempdir().unwrap();
    let keys = FileKeyProvider::init(&dir.path().join("keys"), &dir.path().join("master"), suite).unwrap();
    let key = keys.create("data", "res_1").unwrap();
    let keys: Arc<dyn KeyProvider> = Arc::new(keys);
    for folder in ["plain", "sealed"] {
        std::fs::create_dir(dir.path().join(folder)).unwrap();
    }
    let plain: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(dir.path().join("plain")).unwrap());
    // A new store each time: what was opened before is not remembered.
    let sealed = || {
        let (root, keys) = (dir.path().join("sealed"), Arc::clone(&keys));
        Arc::new(SealedStore::local(&root, keys, Some(key.clone()), "bench", "res_1").unwrap())
    };
    let path = Path::from("records");
    plain.put(&path, PutPayload::from(file.to_vec())).await.unwrap();
    sealed().put(&path, PutPayload::from(file.to_vec())).await.unwrap();
    let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let (there, seconds) = scan(Arc::clone(&plain), &path).await;
        theirs = theirs.min(seconds);
        let (here, seconds) = scan(sealed(), &path).await;
        ours = ours.min(seconds);
        assert_eq!((there, here), (ROWS, ROWS));
    }
    let rate = |seconds: f64| file.len() as f64 / 1e6 / seconds;
    let row = format!("scan of sealed Parquet, {}, zstd", suite.name());
    let line = serde_json::json!({"row": row, "unit": "MB/s", "ours": rate(ours), "peer": "the same file plain",
        "theirs": rate(theirs), "aim": 1.0 / most});
    println!("{line}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let file = records();
    compared(&file, Suite::Gm, 1.10).await;
    compared(&file, Suite::Intl, 1.03).await;
}
