//! Opening a database by URL: connection options, pools, migrations. Knows no table beyond `meta`.

use crate::backend::Source;
use crate::error::StoreError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlSafeStr};
use std::borrow::Cow;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// Migrations by number: name, SQLite text, PostgreSQL text. Forward only; a number is never reused.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "base",
        include_str!("../migrations/sqlite/0001_base.sql"),
        include_str!("../migrations/postgres/0001_base.sql"),
    ),
    (
        2,
        "leaf chain",
        include_str!("../migrations/sqlite/0002_leaf_chain.sql"),
        include_str!("../migrations/postgres/0002_leaf_chain.sql"),
    ),
    (
        3,
        "lease token",
        include_str!("../migrations/sqlite/0003_lease_token.sql"),
        include_str!("../migrations/postgres/0003_lease_token.sql"),
    ),
    (
        4,
        "queue index",
        include_str!("../migrations/sqlite/0004_queue_index.sql"),
        include_str!("../migrations/postgres/0004_queue_index.sql"),
    ),
];

const BUSY: Duration = Duration::from_secs(30);
const READERS: u32 = 8;

/// A writing source (one connection) and a reading one.
pub(crate) struct Sources {
    pub(crate) write: Source,
    pub(crate) read: Source,
}

/// Opens by URL: `sqlite:///path/file.db` or `postgres://…`.
pub(crate) async fn open(url: &str) -> Result<Sources, StoreError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => open_sqlite(url).await,
        Some("postgres" | "postgresql") => open_postgres(url).await,
        _ => Err(StoreError::Url("must begin with sqlite: or postgres:".into())),
    }
}

async fn open_sqlite(url: &str) -> Result<Sources, StoreError> {
    let options = SqliteConnectOptions::from_str(url)?;
    if options.get_filename().as_os_str().is_empty() || url.contains(":memory:") || url.contains("mode=memory") {
        // Each pooled connection of an in-memory database would see a database of its own, and nothing would last.
        return Err(StoreError::Url("SQLite needs a file".into()));
    }
    keep_private(options.get_filename())?;
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        // Statement journals stay in memory: the platform may open no temporary folder once it is confined.
        .pragma("temp_store", "MEMORY")
        // BEFORE DELETE triggers must also fire for REPLACE.
        .pragma("recursive_triggers", "ON")
        // What is deleted (ended sessions, used nonces) is overwritten, not left in free pages (MLPS-14).
        .pragma("secure_delete", "ON")
        .disable_statement_logging();
    // The one connection of the writer lives as long as the store: no idle or lifetime limit.
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone())
        .await?;
    migrator(|m| m.2).run(&write).await.map_err(migration_error)?;
    let readers = options.pragma("query_only", "ON");
    let read = SqlitePoolOptions::new().max_connections(READERS).connect_with(readers).await?;
    Ok(Sources { write: Source::Lite(write), read: Source::Lite(read) })
}

/// A new database file is readable by its owner only; SQLite gives its companion files the same mode.
fn keep_private(file: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(StoreError::Connection(e.kind().to_string())),
        _ => Ok(()),
    }
}

async fn open_postgres(url: &str) -> Result<Sources, StoreError> {
    let options = PgConnectOptions::from_str(url)?;
    let host = options.get_host();
    if options.get_socket().is_none() && !host.starts_with('/') && !is_loopback(host) {
        // This build has no TLS towards the database, and accounts may not cross a network in the clear (MLPS-5, MLPS-12).
        return Err(StoreError::Url(
            "PostgreSQL is reached only by Unix socket or loopback; use a TLS tunnel to another host".into(),
        ));
    }
    let options = options
        .application_name("yunyu")
        .options([
            ("lock_timeout", "30s"),
            ("idle_in_transaction_session_timeout", "60s"),
            ("synchronous_commit", "on"),
        ])
        .disable_statement_logging();
    let write = PgPoolOptions::new().max_connections(2).acquire_timeout(BUSY).connect_with(options.clone()).await?;
    migrator(|m| m.3).run(&write).await.map_err(migration_error)?;
    let readers = options.options([("default_transaction_read_only", "on")]);
    let read = PgPoolOptions::new().max_connections(READERS).acquire_timeout(BUSY).connect_with(readers).await?;
    Ok(Sources { write: Source::Pg(write), read: Source::Pg(read) })
}

/// Whether a PostgreSQL database holds tables of ours; none is made.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_ours(url: &str) -> Result<bool, StoreError> {
    let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(BUSY).connect_with(options).await?;
    let there = sqlx::query_scalar("SELECT to_regclass('leaf') IS NOT NULL AND to_regclass('meta') IS NOT NULL");
    let there: bool = there.fetch_one(&pool).await?;
    pool.close().await;
    Ok(there)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback())
}

fn migrator(sql: impl Fn(&(i64, &'static str, &'static str, &'static str)) -> &'static str) -> Migrator {
    let all = MIGRATIONS
        .iter()
        .map(|m| Migration::new(m.0, Cow::Borrowed(m.1), MigrationType::Simple, sql(m).into_sql_str(), false))
        .collect();
    Migrator::with_migrations(all)
}

fn migration_error(e: sqlx::migrate::MigrateError) -> StoreError {
    use sqlx::migrate::MigrateError as M;
    match e {
        M::Execute(e) => StoreError::from(e),
        M::ExecuteMigration(e, n) => StoreError::Migration(format!("number {n}: {}", StoreError::from(e))),
        M::VersionMissing(n) => StoreError::Migration(format!("the database is newer than this program (number {n})")),
        M::VersionMismatch(n) => StoreError::Migration(format!("number {n} is not the one that was applied")),
        M::Dirty(n) => StoreError::Migration(format!("number {n} was applied only in part")),
        _ => StoreError::Migration("cannot be applied".into()),
    }
}
