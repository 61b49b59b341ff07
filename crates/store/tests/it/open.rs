//! Opening: what fits, what is refused, and that both databases have the same tables.

use crate::{Bench, On, both, settings};
use crypto::Suite;
use std::collections::BTreeSet;
use store::{Settings, Store, StoreError};

both!(another_suite_or_key_is_refused, settings_last, a_newer_database_is_refused);

async fn another_suite_or_key_is_refused(b: Bench) {
    drop(b.open().await);
    let open = async |suite, mac_key| Store::open(&b.url, Settings { suite, mac_key, tail: None }).await.map(drop);
    assert_eq!(open(Suite::Intl, [7; 32]).await, Err(StoreError::Mismatch("cipher suite")));
    assert_eq!(open(Suite::Gm, [8; 32]).await, Err(StoreError::Mismatch("store key")));
    assert_eq!(open(Suite::Gm, [7; 32]).await, Ok(()));
}

async fn settings_last(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.meta_set("clock.offset", "1").await.unwrap();
    tx.meta_set("clock.offset", "2").await.unwrap();
    assert_eq!(tx.meta_get("clock.offset").await.unwrap().as_deref(), Some("2"));
    tx.commit().await.unwrap();
    drop(store);
    assert_eq!(b.open().await.meta_get("clock.offset").await.unwrap().as_deref(), Some("2"));
}

async fn a_newer_database_is_refused(b: Bench) {
    drop(b.open().await);
    let blob = if b.cluster.is_some() { "'\\x00'" } else { "X'00'" };
    let sql = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, {blob}, 0)"
    );
    let (done, words) = b.past_the_program(&sql);
    assert!(done, "{words}");
    let e = Store::open(&b.url, settings()).await.map(drop).unwrap_err();
    assert_eq!(e, StoreError::Migration("the database is newer than this program (number 9999)".into()));
}

#[tokio::test]
async fn unusable_urls_are_usage_errors() {
    for url in [
        "",
        "mysql://x/y",
        "sqlite::memory:",
        "sqlite:",
        "sqlite://a.db?mode=memory",
        "postgres://db.example.com/x",
        "postgres://10.0.0.1/x",
        "/tmp/x.db",
    ] {
        let e = Store::open(url, settings()).await.map(drop).unwrap_err();
        assert!(matches!(e, StoreError::Url(_)), "{url}: {e:?}");
    }
    let e = Store::open("sqlite:///nonexistent/folder/t.db", settings()).await.map(drop).unwrap_err();
    assert!(matches!(e, StoreError::Database { .. } | StoreError::Connection(_)), "{e:?}");
}

#[tokio::test]
async fn database_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let b = Bench::new(On::Sqlite);
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.meta_set("a", "b").await.unwrap();
    tx.commit().await.unwrap();
    let mut seen = 0;
    for file in std::fs::read_dir(b.folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.file_name());
        seen += 1;
    }
    assert!(seen >= 2, "the database and its write-ahead log");
}

/// Tables, columns and whether they may be empty must be the same on both: a difference shows here first.
#[tokio::test]
async fn both_databases_have_the_same_tables() {
    let list = |text: &str| -> BTreeSet<String> {
        text.lines().map(|l| l.trim().replace(" | ", "|")).filter(|l| l.contains('|')).collect()
    };
    let lite = Bench::new(On::Sqlite);
    drop(lite.open().await);
    let script = "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nfor (t,) in c.execute(\"select name from sqlite_master where type='table' and name not like 'sqlite%' and name not like '\\\\_%' escape '\\\\'\"):\n  for r in c.execute(f'pragma table_info({t})'):\n    print(f'{t}|{r[1]}|{\"NO\" if r[3] or r[5] else \"YES\"}')";
    let out = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(lite.folder.path().join("t.db"))
        .output()
        .unwrap();
    let ours = list(&String::from_utf8(out.stdout).unwrap());
    let pg = Bench::new(On::Postgres);
    drop(pg.open().await);
    let out = pg.cluster.as_ref().unwrap().psql(
        "SELECT table_name || '|' || column_name || '|' || is_nullable FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%'",
    );
    let theirs = list(&String::from_utf8(out.stdout).unwrap());
    assert!(ours.len() > 50, "{ours:?}");
    assert_eq!(ours, theirs);
}
