//! Errors of the store. No text here ever carries a stored value: the databases' own messages can quote
//! keys and input, so only their codes and the names of constraints are kept (invariant 6).

/// What went wrong in the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database URL cannot be used.
    #[error("database URL: {0}")]
    Url(String),
    /// The database was initialised with other settings or another key than those given now.
    #[error("the database belongs to another deployment or key: {0}")]
    Mismatch(&'static str),
    /// Migrations could not be applied.
    #[error("migration: {0}")]
    Migration(String),
    /// The row was changed by somebody else, or written without having been read first.
    #[error("{kind} was changed meanwhile")]
    Conflict {
        /// Entity kind or table.
        kind: &'static str,
    },
    /// A stored row does not carry the authentication code it was written with.
    #[error("{table} row {row} was changed outside the program")]
    Tampered {
        /// Table.
        table: &'static str,
        /// Position of the row: order or sequence number.
        row: i64,
    },
    /// A row that was written is not there: rows were deleted, or an older copy of the database was put back.
    #[error("{table} row {row} is gone: rows were deleted, or an older database was put back")]
    Gone {
        /// Table.
        table: &'static str,
        /// Number of the row in its sequence.
        row: i64,
    },
    /// Another process has taken the lease that the work was done under: it must stop.
    #[error("another process has taken the lease")]
    LeaseLost,
    /// Another writer held the database for too long.
    #[error("the database is busy")]
    Busy,
    /// The disk is full or the quota reached.
    #[error("the database has no space left")]
    Full,
    /// The database refused a statement; `code` is the SQLSTATE or SQLite result code.
    #[error("database error {code}{}", .constraint.as_deref().map(|c| format!(" ({c})")).unwrap_or_default())]
    Database {
        /// SQLSTATE or SQLite extended result code.
        code: String,
        /// Constraint, where the database names it.
        constraint: Option<String>,
    },
    /// The connection failed.
    #[error("database connection: {0}")]
    Connection(String),
    /// The transaction was not made durable: nothing of it is stored.
    #[error("the transaction was not committed: {0}")]
    NotCommitted(String),
    /// The connection broke during COMMIT: the database may or may not have stored the transaction.
    /// A repeated command with the same idempotency key finds out.
    #[error("it is not known whether the transaction was committed")]
    OutcomeUnknown,
    /// An earlier statement of this transaction failed; it can only be dropped.
    #[error("the transaction failed earlier")]
    Poisoned,
    /// A stored or given value does not have the shape it must have.
    #[error("{what} cannot be encoded or decoded")]
    Shape {
        /// What kind of value.
        what: &'static str,
    },
    /// A leaf breaks the form of leaves.
    #[error("leaf: {0}")]
    Leaf(String),
    /// A number in a sequence without gaps is not the next one.
    #[error("{what}: {got} is not the next number, {next} is")]
    OutOfOrder {
        /// Which sequence.
        what: &'static str,
        /// Number offered.
        got: u64,
        /// Number expected.
        next: u64,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same command may simply be run again from its start.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Busy | Self::NotCommitted(_))
    }

    /// Whether somebody other than the program wrote to the database: nothing may go on until people have looked.
    #[must_use]
    pub fn is_tampering(&self) -> bool {
        matches!(self, Self::Tampered { .. } | Self::Gone { .. })
    }

    pub(crate) fn shape(what: &'static str) -> Self {
        Self::Shape { what }
    }
}

impl From<audit::LogError> for StoreError {
    fn from(e: audit::LogError) -> Self {
        Self::Leaf(e.to_string())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(e: sqlx::Error) -> Self {
        match e {
            sqlx::Error::Database(d) => from_code(d.code().unwrap_or_default().into_owned(), d.constraint()),
            sqlx::Error::Configuration(_) => Self::Url("cannot be parsed".into()),
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            sqlx::Error::Io(io) => Self::Connection(io.kind().to_string()),
            sqlx::Error::Tls(_) => Self::Connection("TLS".into()),
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::Protocol(_) => Self::Connection("protocol".into()),
            sqlx::Error::WorkerCrashed => Self::Connection("worker ended".into()),
            _ => Self::Shape { what: "column" },
        }
    }
}

/// SQLite gives its extended result code as a decimal number, PostgreSQL a five-character SQLSTATE.
fn from_code(code: String, constraint: Option<&str>) -> StoreError {
    let primary = if code.len() == 5 { None } else { code.parse::<i64>().ok().map(|n| n & 0xff) };
    match (primary, code.as_str()) {
        (Some(5 | 6), _) | (None, "55P03" | "40001" | "40P01") => StoreError::Busy,
        (Some(13), _) | (None, "53100") => StoreError::Full,
        _ => StoreError::Database { code, constraint: constraint.map(str::to_owned) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_databases() {
        for (code, want) in [
            ("5", StoreError::Busy),
            ("517", StoreError::Busy),
            ("13", StoreError::Full),
            ("53100", StoreError::Full),
            ("55P03", StoreError::Busy),
        ] {
            assert_eq!(from_code(code.into(), None), want, "{code}");
        }
        let unique = from_code("23505".into(), Some("account_pkey"));
        assert_eq!(unique.to_string(), "database error 23505 (account_pkey)");
    }
}
