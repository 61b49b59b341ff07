//! Tests of the synthetic city: same bytes for a seed, every planted fault found, the product releasable.

use super::*;
use crypto::{FileKeyProvider, KeyId, KeyProvider, Suite};
use std::sync::Arc;
use zone::contract::Contract;
use zone::engine::{Decision, EngineEnv, Limits, Source};
use zone::intake::{IntakeOptions, IntakeSummary};
use zone::purpose::Purpose;
use zone::seal::{SealedStore, table_at};

fn bytes_of(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for sub in [dir.to_path_buf(), dir.join("purposes")] {
        for entry in std::fs::read_dir(sub).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                all.insert(path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap());
            }
        }
    }
    all
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (a, b, c) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    generate(a.path(), 7, 3000).unwrap();
    generate(b.path(), 7, 3000).unwrap();
    generate(c.path(), 8, 3000).unwrap();
    assert_eq!(bytes_of(a.path()), bytes_of(b.path()));
    assert_ne!(bytes_of(a.path())["citizens.csv"], bytes_of(c.path())["citizens.csv"]);
}

#[test]
fn it_says_what_it_planted() {
    let dir = tempfile::tempdir().unwrap();
    let summary = generate(dir.path(), 1, 20_000).unwrap();
    let mut kinds: Vec<&str> = summary.files.iter().flat_map(|f| f.planted.keys().copied()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in ["bad_check_digit", "ragged_row", "wrong_encoding", "impossible_date", "missing_required"] {
        assert!(kinds.contains(&kind), "{kind}");
    }
    let restricted: u64 = summary.files.iter().filter(|f| !f.planted.is_empty()).map(FileSummary::sound).sum();
    assert_eq!(restricted, 20_000);
    let encodings: Vec<&str> = summary.files.iter().map(|f| f.encoding).collect();
    assert!(encodings.contains(&"gb18030") && encodings.contains(&"utf-8-bom") && encodings.contains(&"utf-8"));
}

fn keys(work: &Path) -> (Arc<FileKeyProvider>, KeyId, KeyId) {
    let keys = FileKeyProvider::init(&work.join("keys"), &work.join("master"), Suite::Gm).unwrap();
    let (key, token_key) = (keys.create("data", "city").unwrap(), keys.create("subjects", "zone").unwrap());
    (Arc::new(keys), key, token_key)
}

/// Takes every file of the folder in, as a zone would.
fn take_in(city: &Path, work: &Path) -> (BTreeMap<String, IntakeSummary>, Arc<FileKeyProvider>) {
    let (keys, key, token_key) = keys(work);
    let root = work.join("objects");
    let mut all = BTreeMap::new();
    for contract in Contract::load_dir(city).unwrap() {
        let name = contract.table.name.clone();
        let prefix = format!("records/{name}/b1");
        let options = IntakeOptions {
            provider: keys.as_ref(),
            key: &key,
            token_key: &token_key,
            deployment: "test",
            resource: "city",
            batch: "b1",
            root: &root,
            prefix: &prefix,
            max_stored: None,
            expected: None,
        };
        let started = std::time::Instant::now();
        let file = std::fs::File::open(city.join(format!("{name}.csv"))).unwrap();
        let summary = zone::intake::run(file, &contract, &options, &mut |_| {}).unwrap();
        println!("{name}: {} rows, {} bytes in {:?}", summary.rows, summary.bytes, started.elapsed());
        all.insert(format!("{name}.csv"), summary);
    }
    (all, keys)
}

fn goes_in(rows: u64) {
    let (city, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let started = std::time::Instant::now();
    let summary = generate(city.path(), 42, rows).unwrap();
    println!("generated {rows} rows in {:?}", started.elapsed());
    let (taken, _) = take_in(city.path(), work.path());
    assert_eq!(taken.len(), summary.files.len());
    for file in &summary.files {
        let found = &taken[&file.file];
        let planted: BTreeMap<String, u64> = file.planted.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect();
        assert_eq!((found.rows, &found.set_aside), (file.sound(), &planted), "{}", file.file);
        assert_eq!(
            (found.encoding.as_str(), found.other_encoding),
            (file.encoding, file.other_encoding),
            "{}",
            file.file
        );
    }
}

#[test]
fn an_intake_finds_every_planted_fault_and_no_other() {
    goes_in(20_000);
}

#[test]
#[ignore = "takes a minute; shows figures with --no-capture"]
fn a_million_rows_go_in() {
    goes_in(1_000_000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
    println!("{peak}");
    let kib: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kib < 512 << 10, "{peak}");
}

#[tokio::test]
async fn the_product_can_be_made_and_is_large_enough() {
    let (city, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    generate(city.path(), 42, 20_000).unwrap();
    let contracts = Contract::load_dir(city.path()).unwrap();
    let purpose = Purpose::load(&city.path().join("purposes/statistical-product.yaml")).unwrap();
    let sql = std::fs::read_to_string(city.path().join("product.sql")).unwrap();
    let verdict = zone::engine::check(&sql, &contracts, &purpose);
    assert_eq!(verdict.verdict, Decision::Aggregate, "{:?}", verdict.reasons);
    let (_, keys) = take_in(city.path(), work.path());
    let store = SealedStore::local(&work.path().join("objects"), keys, None, "test", "city").unwrap();
    let mut sources = Vec::new();
    for contract in contracts {
        let object = format!("records/{}/b1/rows.parquet", contract.table.name);
        let provider = table_at(Arc::new(store.clone()), &[&object], contract.sealed_schema()).await.unwrap();
        sources.push(Source { contract: Arc::new(contract), provider });
    }
    let env = EngineEnv { sources, purpose, limits: Limits::default() };
    let sealed = zone::engine::run(zone::engine::clear(&env, &sql).unwrap()).await.unwrap();
    assert!(sealed.rows() >= 30, "{} rows", sealed.rows());
}
