//! SQLite and PostgreSQL behind one concrete type.
//!
//! All SQL of the platform is here, and nothing else: the store decides nothing, permits nothing and reads no
//! clock. What a command changes (rows, audit leaves, work orders, the answer to its idempotency key) is written in
//! one transaction and is durable when [`Tx::commit`] returns (invariant 3).
//!
//! Write transactions run one after another ([`Store::begin`]); do slow things (hashing a password, signing with a
//! remote key, network) before `begin`, never between `begin` and `commit`. Reads go to a pool of their own and see
//! what is committed.

mod account;
mod backend;
mod entity;
mod error;
mod idempotency;
mod leaf;
mod lease;
mod meta;
mod open;
mod order;
mod rechain;
mod session;
mod snapshot;
mod tail;
mod tx;
mod usage;
mod writer;

pub use account::Account;
pub use audit::{Leaf, Outcome};
pub use entity::Filter;
pub use error::StoreError;
pub use idempotency::Stored;
pub use leaf::{LeafDraft, Recorded};
pub use lease::Lease;
pub use open::is_ours;
pub use order::QueuedOrder;
pub use session::Session;
pub use snapshot::snapshot;
pub use tx::Tx;
pub use usage::{Usage, UsageTotal};

use backend::Source;
use crypto::Suite;
use std::path::PathBuf;
use std::sync::Arc;
use tail::Tail;
use tokio::sync::watch;
use writer::Writer;

/// Result of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What a store is opened with besides its URL.
pub struct Settings {
    /// Cipher suite of the deployment; fixed when the database is first opened.
    pub suite: Suite,
    /// Key of the authentication codes on leaves and orders until the log holds them. Who only holds the database
    /// does not have it (trust.md §2, design point 4).
    pub mac_key: [u8; 32],
    /// File outside the database that remembers the last committed leaf, so that leaves deleted before they reach the
    /// log, and an older database put back, are found after a restart too. `None`: only while the process lives.
    pub tail: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn mac(&self, label: &str, bytes: &[u8]) -> [u8; 32] {
        self.suite.mac(&self.mac_key, &[label.as_bytes(), b"\n", bytes].concat())
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// A database. Cheap to clone; all clones share one writer and one pool of readers.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    read: Source,
    commits: watch::Receiver<u64>,
    tail: Tail,
    settings: Settings,
}

impl Store {
    /// Opens a database, creating and migrating it where needed.
    /// `sqlite:///folder/file.db` or `postgres://…` (Unix socket or loopback).
    ///
    /// # Errors
    /// [`StoreError::Tampered`] for a damaged tail file, [`StoreError::Url`] for an unusable URL, [`StoreError::Mismatch`] for another suite or key than the
    /// database was created with, [`StoreError::Migration`] for a database of a newer program.
    pub async fn open(url: &str, settings: Settings) -> Result<Self> {
        let sources = open::open(url).await?;
        let (told, commits) = watch::channel(0);
        let writer = Writer::start(sources.write, told);
        let tail = Tail::open(&settings)?;
        let store = Self { inner: Arc::new(Inner { writer, read: sources.read, commits, tail, settings }) };
        store.check_belongs().await?;
        store.chain_old_leaves().await?;
        Ok(store)
    }

    /// The deployment's cipher suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.inner.settings.suite
    }

    /// Starts a write transaction when its turn comes. Dropping it without [`Tx::commit`] undoes it.
    ///
    /// # Errors
    /// When the database cannot be reached or another process writes for too long.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(Tx::new(self.inner.writer.borrow().await?, self.clone()))
    }

    /// A watch on commits of this process: the sequencer and long polls wait on it. Other processes on the same
    /// PostgreSQL do not show here, so wait with a time limit.
    #[must_use]
    pub fn notify(&self) -> Commits {
        let mut seen = self.inner.commits.clone();
        seen.mark_unchanged();
        Commits { seen }
    }

    /// Resolves after the next commit of this process that follows this call (not the first poll). Take it before
    /// reading what you then wait for a change of, and wait with a time limit, as for [`Store::notify`].
    pub fn notified(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut commits = self.notify();
        async move { commits.notified().await }
    }

    pub(crate) fn mac(&self, label: &str, bytes: &[u8]) -> [u8; 32] {
        self.inner.settings.mac(label, bytes)
    }

    pub(crate) fn tail(&self) -> &Tail {
        &self.inner.tail
    }

    pub(crate) async fn reader(&self) -> Result<backend::Conn> {
        self.inner.read.acquire().await
    }
}

/// Tells of commits. Take it before reading what you then wait for a change of: no commit in between is missed.
#[derive(Clone, Debug)]
pub struct Commits {
    seen: watch::Receiver<u64>,
}

impl Commits {
    /// How many groups of transactions this process has made durable so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        *self.seen.borrow()
    }

    /// Waits for a commit later than the last one told. Never returns if the store is closed.
    pub async fn notified(&mut self) {
        if self.seen.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
