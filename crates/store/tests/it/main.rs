//! One suite, run on both databases: what holds on one holds on the other.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod append_only;
mod cluster;
mod commands;
mod crash;
mod entities;
mod lease;
mod leaves;
mod open;
mod queue;
mod snapshot;
mod things;
mod upgrade;

use cluster::Cluster;
use crypto::Suite;
use std::path::PathBuf;
use std::time::Duration;
use store::{Settings, Store, StoreError};

/// A database of its own for one test.
pub struct Bench {
    pub url: String,
    pub folder: tempfile::TempDir,
    pub cluster: Option<Cluster>,
}

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

pub fn settings() -> Settings {
    Settings { suite: Suite::Gm, mac_key: [7; 32], tail: None }
}

/// Gives indices out as the one sequencer whose turn it is at once.
pub async fn sequence(store: &Store, max: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let lease = store.take_lease("sequencer", "test", Duration::ZERO).await?.expect("nobody else holds it");
    store.sequence_pending(&lease, max).await
}

impl Bench {
    pub fn new(on: On) -> Self {
        let folder = tempfile::tempdir().unwrap();
        match on {
            On::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("t.db").display());
                Self { url, folder, cluster: None }
            }
            On::Postgres => {
                let cluster = Cluster::start();
                Self { url: cluster.url(), folder, cluster: Some(cluster) }
            }
        }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url, settings()).await.unwrap()
    }

    /// Opens with a tail file beside the database.
    pub async fn open_with_tail(&self) -> Result<Store, store::StoreError> {
        Store::open(&self.url, Settings { tail: Some(self.tail()), ..settings() }).await
    }

    pub fn tail(&self) -> PathBuf {
        self.folder.path().join("leaf-tail")
    }

    /// Runs SQL that the program's triggers would refuse: somebody who owns the database turns them off.
    pub fn as_its_owner(&self, sql: &str) {
        let off = match &self.cluster {
            Some(_) => "SET session_replication_role = replica;",
            None => {
                "DROP TRIGGER IF EXISTS leaf_no_update; DROP TRIGGER IF EXISTS leaf_no_delete; DROP TRIGGER IF EXISTS leaf_no_replace;"
            }
        };
        let (done, words) = self.past_the_program(&format!("{off} {sql}"));
        assert!(done, "{sql}: {words}");
    }

    /// Runs SQL with the database's own client, past the program; gives its exit and its words.
    pub fn past_the_program(&self, sql: &str) -> (bool, String) {
        let out = match &self.cluster {
            Some(c) => c.psql(sql),
            None => std::process::Command::new(sqlite_client())
                .arg("-c")
                .arg(SQLITE_CLIENT)
                .arg(self.file())
                .arg(sql)
                .output()
                .unwrap(),
        };
        (out.status.success(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("t.db")
    }
}

/// Python's standard library brings a SQLite client everywhere this suite runs.
fn sqlite_client() -> &'static str {
    "python3"
}

const SQLITE_CLIENT: &str =
    "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.executescript(sys.argv[2])\nc.commit()";

/// `both!(name)`: runs `async fn name(Bench)` of this module on both databases.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() { super::$name($crate::Bench::new($crate::On::Sqlite)).await; }
        )+ }
        mod postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() { super::$name($crate::Bench::new($crate::On::Postgres)).await; }
        )+ }
    };
}
pub(crate) use both;
