//! One connection type over both databases: bound values in, rows out. Knows nothing of the tables.
//!
//! Statements use `$1`-style parameters, which both databases take.

use crate::error::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Pool, Postgres, Row as _, SqlSafeStr, Sqlite};

/// A bound value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Int(Some(v))
    }
}
impl From<Option<i64>> for Value {
    fn from(v: Option<i64>) -> Self {
        Self::Int(v)
    }
}
impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Self::Int(Some(i64::from(v)))
    }
}
impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Text(Some(text(v)))
    }
}
impl From<&String> for Value {
    fn from(v: &String) -> Self {
        Self::Text(Some(text(v)))
    }
}
impl From<Option<&str>> for Value {
    fn from(v: Option<&str>) -> Self {
        Self::Text(v.map(text))
    }
}
/// PostgreSQL holds no NUL in a text and fails where one is asked for; no word, id or body of ours holds one. What a
/// caller asks for with one is simply not there.
fn text(v: &str) -> String {
    v.replace('\0', "\u{FFFD}")
}
impl From<&[u8]> for Value {
    fn from(v: &[u8]) -> Self {
        Self::Blob(v.to_vec())
    }
}

/// `values![a, b]`: bound values of mixed types.
macro_rules! values {
    ($($v:expr),* $(,)?) => { &[$($crate::backend::Value::from($v)),*] };
}
pub(crate) use values;

/// Where connections come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Lite(Pool<Sqlite>),
    Pg(Pool<Postgres>),
}

impl Source {
    pub(crate) async fn acquire(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Self::Lite(p) => Conn::Lite(p.acquire().await?),
            Self::Pg(p) => Conn::Pg(p.acquire().await?),
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Lite(p) => p.close().await,
            Self::Pg(p) => p.close().await,
        }
    }
}

/// A connection of either database.
#[derive(Debug)]
pub(crate) enum Conn {
    Lite(PoolConnection<Sqlite>),
    Pg(PoolConnection<Postgres>),
}

/// Binds every value and hands the query on.
macro_rules! bound {
    ($db:ty, $sql:expr, $vals:expr) => {{
        let mut q = sqlx::query::<$db>($sql);
        for v in $vals {
            q = match v {
                Value::Int(x) => q.bind(*x),
                Value::Text(x) => q.bind(x.clone()),
                Value::Blob(x) => q.bind(x.clone()),
            };
        }
        q
    }};
}

impl Conn {
    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn exec(&mut self, sql: impl SqlSafeStr + Send, vals: &[Value]) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Lite(c) => bound!(Sqlite, sql, vals).execute(&mut **c).await?.rows_affected(),
            Self::Pg(c) => bound!(Postgres, sql, vals).execute(&mut **c).await?.rows_affected(),
        })
    }

    /// Runs a query and returns all its rows.
    pub(crate) async fn rows(&mut self, sql: impl SqlSafeStr + Send, vals: &[Value]) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Lite(c) => bound!(Sqlite, sql, vals).fetch_all(&mut **c).await?.into_iter().map(Row::Lite).collect(),
            Self::Pg(c) => bound!(Postgres, sql, vals).fetch_all(&mut **c).await?.into_iter().map(Row::Pg).collect(),
        })
    }

    /// Runs a query and returns its first row.
    pub(crate) async fn row(&mut self, sql: impl SqlSafeStr + Send, vals: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, vals).await?.into_iter().next())
    }

    /// The database's own clock, in milliseconds since 1970.
    pub(crate) async fn now_ms(&mut self) -> Result<i64, StoreError> {
        let sql = match self {
            Self::Lite(_) => "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
            Self::Pg(_) => "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)",
        };
        self.row(sql, &[]).await?.ok_or(StoreError::shape("clock"))?.int(0)
    }

    /// Closes the connection instead of handing it back: what state it is in is not known.
    pub(crate) async fn discard(self) {
        // The server or the file rolls back by itself when the connection ends; an error here changes nothing.
        let closed = match self {
            Self::Lite(c) => c.close().await,
            Self::Pg(c) => c.close().await,
        };
        if closed.is_err() {
            tracing::debug!("a broken database connection did not close cleanly");
        }
    }
}

/// A row of either database; columns are addressed by position.
pub(crate) enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

macro_rules! getter {
    ($name:ident, $ty:ty) => {
        pub(crate) fn $name(&self, i: usize) -> Result<$ty, StoreError> {
            Ok(match self {
                Self::Lite(r) => r.try_get(i)?,
                Self::Pg(r) => r.try_get(i)?,
            })
        }
    };
}

impl Row {
    getter!(int, i64);
    getter!(opt_int, Option<i64>);
    getter!(text, String);
    getter!(opt_text, Option<String>);
    getter!(blob, Vec<u8>);
    getter!(opt_blob, Option<Vec<u8>>);

    /// A count or number that is never negative.
    pub(crate) fn uint(&self, i: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(i)?).map_err(|_| StoreError::shape("number"))
    }
}

/// A number for a column; what does not fit is refused.
pub(crate) fn int(n: u64) -> Result<i64, StoreError> {
    i64::try_from(n).map_err(|_| StoreError::shape("number"))
}

/// A largest number of rows for a query.
pub(crate) fn limit(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
