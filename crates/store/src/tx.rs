//! A write transaction: what one command changes, all or nothing.

use crate::backend::{Conn, Row, Value};
use crate::tail::Place;
use crate::writer::Lent;
use crate::{Result, Store, StoreError};
use model::Timestamp;
use sqlx::SqlSafeStr;
use std::collections::HashMap;

/// A write transaction. It is the only one that writes until it is committed or dropped; dropping undoes it.
///
/// An answer derived from what a transaction read may leave the process only after [`Tx::commit`], also when the
/// transaction wrote nothing: what it read may share a COMMIT that is still to come.
pub struct Tx {
    lent: Lent,
    store: Store,
    poisoned: bool,
    now: Option<Timestamp>,
    /// The last leaf written, once it is committed the store's tail.
    pub(crate) last_leaf: Option<Place>,
    /// The end of the chain as this transaction found it before it wrote a leaf.
    pub(crate) found_end: Option<Place>,
    /// Revisions of the entities this transaction has read or written.
    pub(crate) revs: HashMap<(&'static str, String), i64>,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("poisoned", &self.poisoned).finish_non_exhaustive()
    }
}

impl Tx {
    pub(crate) fn new(lent: Lent, store: Store) -> Self {
        Self { lent, store, poisoned: false, now: None, last_leaf: None, found_end: None, revs: HashMap::new() }
    }

    /// Sets the instant that rows written from here on are stamped with.
    pub fn set_now(&mut self, now: Timestamp) {
        self.now = Some(now);
    }

    pub(crate) fn now(&self) -> Option<i64> {
        self.now.map(|t| t.0)
    }

    /// The store this transaction writes to.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Commits and returns when everything written is durable.
    ///
    /// # Errors
    /// [`StoreError::NotCommitted`] when nothing is stored; [`StoreError::OutcomeUnknown`] when the connection broke, or
    /// the transaction is stored and the tail file could not be written.
    pub async fn commit(self) -> Result<()> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        self.lent.commit().await?;
        match self.last_leaf {
            Some(place) => self.store.tail().advance(place),
            None => Ok(()),
        }
    }

    /// Undoes everything written so far and stays open: a refused command drops its rows and keeps its leaf.
    ///
    /// # Errors
    /// When the database lost the whole shared transaction; then this one can only be dropped.
    pub async fn undo(&mut self) -> Result<()> {
        self.revs.clear();
        (self.last_leaf, self.found_end) = (None, None);
        self.poisoned = true;
        self.lent.conn()?.exec("ROLLBACK TO SAVEPOINT tx", &[]).await?;
        self.poisoned = false;
        Ok(())
    }

    fn conn(&mut self) -> Result<&mut Conn> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        self.lent.conn()
    }

    /// The database's own clock, in milliseconds since 1970.
    pub(crate) async fn database_now(&mut self) -> Result<i64> {
        let now = self.conn()?.now_ms().await;
        self.poisoned |= now.is_err();
        now
    }

    pub(crate) async fn exec(&mut self, sql: impl SqlSafeStr + Send, vals: &[Value]) -> Result<u64> {
        let done = self.conn()?.exec(sql, vals).await;
        self.poisoned |= done.is_err();
        done
    }

    pub(crate) async fn rows(&mut self, sql: impl SqlSafeStr + Send, vals: &[Value]) -> Result<Vec<Row>> {
        let done = self.conn()?.rows(sql, vals).await;
        self.poisoned |= done.is_err();
        done
    }

    pub(crate) async fn row(&mut self, sql: impl SqlSafeStr + Send, vals: &[Value]) -> Result<Option<Row>> {
        Ok(self.rows(sql, vals).await?.into_iter().next())
    }
}
