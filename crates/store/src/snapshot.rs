//! A consistent copy of a SQLite database while it is written.

use crate::{Result, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// Copies the database of a SQLite URL into a new file, as of one moment, and says the sequence of the last order in the
/// copy. The database may be in use.
///
/// # Errors
/// [`StoreError::Url`] for another kind of database (its own tools make the copy then); a file that is there already.
pub async fn snapshot(url: &str, to: &Path) -> Result<u64> {
    if url.split_once(':').is_none_or(|(scheme, _)| scheme != "sqlite") {
        return Err(StoreError::Url("only SQLite is copied from here".into()));
    }
    let target = to.to_str().ok_or_else(|| StoreError::Url("the copy's path is not UTF-8".into()))?;
    let options = SqliteConnectOptions::from_str(url)?.busy_timeout(Duration::from_secs(30));
    let mut live = options.disable_statement_logging().connect().await?;
    sqlx::query("VACUUM INTO $1").bind(target).execute(&mut live).await?;
    live.close().await?;
    let copy = SqliteConnectOptions::new().filename(to).read_only(true).immutable(true);
    let mut copy = copy.disable_statement_logging().connect().await?;
    let last =
        sqlx::query("SELECT COALESCE(MAX(seq), 0) FROM work_order").fetch_one(&mut copy).await?.try_get::<i64, _>(0)?;
    copy.close().await?;
    u64::try_from(last).map_err(|_| StoreError::shape("order"))
}
