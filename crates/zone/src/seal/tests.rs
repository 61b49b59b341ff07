//! Tests of sealed storage.

use super::*;
use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use crypto::{FileKeyProvider, KeyId, KeyProvider, Suite};
use datafusion::prelude::SessionContext;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload};
use std::sync::Arc;

/// A folder with keys and a folder for objects.
pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) keys: Arc<FileKeyProvider>,
    pub(crate) key: KeyId,
    pub(crate) token_key: KeyId,
}

impl Bench {
    pub(crate) fn new(suite: Suite) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = FileKeyProvider::init(&dir.path().join("keys"), &dir.path().join("master"), suite).unwrap();
        let key = keys.create("data", "res-1").unwrap();
        let token_key = keys.create("subjects", "zone").unwrap();
        std::fs::create_dir(dir.path().join("objects")).unwrap();
        Self { dir, keys: Arc::new(keys), key, token_key }
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("objects")
    }

    pub(crate) fn store(&self) -> SealedStore {
        self.store_of("test", "res-1")
    }

    fn store_of(&self, deployment: &str, scope: &str) -> SealedStore {
        SealedStore::local(&self.root(), self.keys.clone(), Some(self.key.clone()), deployment, scope).unwrap()
    }

    fn place<'a>(&'a self, root: &'a std::path::Path, object: &'a str) -> SealedFile<'a> {
        SealedFile { root, object, deployment: "test", scope: "res-1", provider: self.keys.as_ref() }
    }
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn ranges_come_back_as_written() {
    for suite in [Suite::Gm, Suite::Intl] {
        let bench = Bench::new(suite);
        let store = bench.store();
        for len in [0, 1, 65_535, 65_536, 65_537, 300_000, 2_200_000] {
            let path = Path::from(format!("a/b-{len}"));
            let plain = pattern(len);
            store.put(&path, PutPayload::from(plain.clone())).await.unwrap();
            assert_eq!(store.head(&path).await.unwrap().size, len as u64);
            assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), plain);
            for (from, to) in [(0, 1), (0, len), (65_530, 65_540), (len / 2, len), (len.saturating_sub(7), len)] {
                if from < to && to <= len {
                    let got = store.get_range(&path, from as u64..to as u64).await.unwrap();
                    assert_eq!(got, plain[from..to], "{len} {from}..{to}");
                }
            }
            if len > 100 {
                let tail = GetOptions { range: Some(GetRange::Suffix(50)), ..GetOptions::default() };
                assert_eq!(store.get_opts(&path, tail).await.unwrap().bytes().await.unwrap(), plain[len - 50..]);
                let many = store.get_ranges(&path, &[0..3, 90..95, len as u64 - 4..len as u64]).await.unwrap();
                assert_eq!(many.concat(), [&plain[0..3], &plain[90..95], &plain[len - 4..]].concat());
            }
        }
        let sizes: Vec<u64> = store.list(None).map_ok(|m| m.size).try_collect().await.unwrap();
        assert!(sizes.contains(&65_537) && sizes.len() == 7);
    }
}

#[tokio::test]
async fn parts_make_one_object() {
    let bench = Bench::new(Suite::Gm);
    let store = bench.store();
    let path = Path::from("parts");
    let plain = pattern(11 << 20);
    let mut upload = store.put_multipart(&path).await.unwrap();
    for piece in plain.chunks(1_000_003) {
        upload.put_part(PutPayload::from(piece.to_vec())).await.unwrap();
    }
    upload.complete().await.unwrap();
    assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap(), plain);
    let mut upload = store.put_multipart(&Path::from("dropped")).await.unwrap();
    upload.put_part(PutPayload::from_static(b"x")).await.unwrap();
    upload.abort().await.unwrap();
    assert!(store.head(&Path::from("dropped")).await.is_err());
}

#[tokio::test]
async fn what_was_moved_changed_or_cut_does_not_open() {
    let bench = Bench::new(Suite::Gm);
    let (store, root) = (bench.store(), bench.root());
    let path = Path::from("a");
    store.put(&path, PutPayload::from(pattern(200_000))).await.unwrap();
    std::fs::copy(root.join("a"), root.join("moved")).unwrap();
    assert!(store.get(&Path::from("moved")).await.is_err());
    assert!(bench.store_of("test", "res-2").get(&path).await.is_err());
    assert!(bench.store_of("other", "res-1").get(&path).await.is_err());
    // copying through the store seals anew
    store.copy(&path, &Path::from("copied")).await.unwrap();
    assert_eq!(store.get(&Path::from("copied")).await.unwrap().bytes().await.unwrap(), pattern(200_000));
    let sealed = std::fs::read(root.join("a")).unwrap();
    assert!(!sealed.windows(64).any(|w| w == &pattern(64)[..]));
    let fresh = bench.store();
    for cut in [1, 16, 1000, 65_552, 140_000] {
        std::fs::write(root.join("a"), &sealed[..sealed.len() - cut]).unwrap();
        assert!(fresh.get(&path).await.is_err(), "cut by {cut}");
    }
    for at in [0, 8, 40, 150, 70_000, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        std::fs::write(root.join("a"), &changed).unwrap();
        let read = match fresh.get(&path).await {
            Ok(found) => found.bytes().await.map(|b| b.len()),
            Err(error) => Err(error),
        };
        assert!(read.is_err(), "byte {at}");
    }
    std::fs::write(root.join("a"), &sealed).unwrap();
    assert!(fresh.get(&path).await.unwrap().bytes().await.is_ok());
    bench.keys.destroy(&bench.key).unwrap();
    assert!(bench.store().get(&path).await.is_err());
}

#[tokio::test]
async fn a_store_without_a_key_only_reads() {
    let bench = Bench::new(Suite::Gm);
    bench.store().put(&Path::from("a"), PutPayload::from_static(b"abc")).await.unwrap();
    let reader = SealedStore::local(&bench.root(), bench.keys.clone(), None, "test", "res-1").unwrap();
    assert_eq!(reader.get(&Path::from("a")).await.unwrap().bytes().await.unwrap(), "abc");
    assert!(reader.put(&Path::from("b"), PutPayload::from_static(b"abc")).await.is_err());
}

fn batch(from: i64, rows: i64) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("n", DataType::Int64, false), Field::new("t", DataType::Utf8, true)]);
    let numbers = Int64Array::from_iter_values(from..from + rows);
    let texts = StringArray::from_iter((from..from + rows).map(|n| (n % 3 > 0).then(|| format!("text-{n}"))));
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(numbers), Arc::new(texts)]).unwrap()
}

#[tokio::test]
async fn sealed_files_are_one_table() {
    let bench = Bench::new(Suite::Gm);
    let root = bench.root();
    let schema = batch(0, 1).schema();
    for (i, name) in ["x/0.parquet", "x/1.parquet"].into_iter().enumerate() {
        let batches: Vec<RecordBatch> = (0..20).map(|b| batch(i as i64 * 200_000 + b * 10_000, 10_000)).collect();
        write_artefact(bench.place(&root, name), &bench.key, &schema, &batches).unwrap();
    }
    let paths = [Path::from("x/0.parquet"), Path::from("x/1.parquet")];
    let provider = table(Arc::new(bench.store()), &paths, schema, None).await.unwrap();
    let ctx = SessionContext::new();
    ctx.register_table("t", provider).unwrap();
    let sql = "SELECT count(*), sum(n), count(t), count(DISTINCT n) FROM t WHERE n >= 1000";
    let rows = ctx.sql(sql).await.unwrap().collect().await.unwrap();
    let value = |c: usize| rows[0].column(c).as_any().downcast_ref::<Int64Array>().unwrap().value(0);
    assert_eq!((value(0), value(1), value(3)), (399_000, (1000..400_000_i64).sum(), 399_000));
    assert_eq!(value(2), (1000..400_000).filter(|n| n % 3 > 0).count() as i64);
    let limited = ctx.sql("SELECT t FROM t LIMIT 5").await.unwrap().collect().await.unwrap();
    assert_eq!(limited.iter().map(RecordBatch::num_rows).sum::<usize>(), 5);
}

/// What a meter counts is the same whatever the rows hold and the query asks: no condition reaches a metered scan.
#[tokio::test]
async fn a_meter_counts_every_row_whatever_is_asked() {
    let bench = Bench::new(Suite::Gm);
    let root = bench.root();
    let schema = batch(0, 1).schema();
    let batches: Vec<RecordBatch> = (0..20).map(|b| batch(b * 10_000, 10_000)).collect();
    write_artefact(bench.place(&root, "x/0.parquet"), &bench.key, &schema, &batches).unwrap();
    for sql in [
        "SELECT count(*) FROM t",
        "SELECT sum(n) FROM t WHERE n = 7",
        "SELECT count(t) FROM t WHERE n < 0",
        "SELECT count(*) FROM t a JOIN (VALUES (1), (2)) b(m) ON a.n = b.m",
    ] {
        let meter = Arc::new(Meter::default());
        let paths = [Path::from("x/0.parquet")];
        let provider =
            table(Arc::new(bench.store()), &paths, Arc::clone(&schema), Some(Arc::clone(&meter))).await.unwrap();
        let ctx = SessionContext::new();
        ctx.register_table("t", provider).unwrap();
        ctx.sql(sql).await.unwrap().collect().await.unwrap();
        assert_eq!(meter.now(), (200_000, 200_000), "{sql}");
    }
}

#[test]
fn artefacts_come_back_and_leave_nothing_on_failure() {
    let bench = Bench::new(Suite::Intl);
    let root = bench.root();
    let place = bench.place(&root, "jobs/j1/result.parquet");
    let batches = vec![batch(0, 100), batch(100, 50)];
    write_artefact(place, &bench.key, &batches[0].schema(), &batches).unwrap();
    let (schema, read) = read_artefact(place).unwrap();
    assert_eq!(schema, batches[0].schema());
    assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 150);
    let failed = write_sealed(bench.place(&root, "jobs/j2"), &bench.key, |_| Err::<(), _>(SealError::NoTable));
    assert!(failed.is_err());
    assert_eq!(std::fs::read_dir(root.join("jobs")).unwrap().count(), 1);
    assert!(read_artefact(bench.place(&root, "jobs/j2")).is_err());
}

#[tokio::test]
async fn streams_are_cut_into_windows() {
    let bench = Bench::new(Suite::Intl);
    let store = bench.store();
    let path = Path::from("w");
    store.put(&path, PutPayload::from(pattern(5_000_000))).await.unwrap();
    let pieces: Vec<usize> = store.get(&path).await.unwrap().into_stream().map(|b| b.unwrap().len()).collect().await;
    assert!(pieces.len() >= 4 && pieces.iter().all(|n| *n <= 1 << 20));
}
