//! Accounts: login names, password hashes, failed tries. What the figures mean (when an account is locked, which
//! password is good enough) is decided by the caller.

use crate::backend::{Row, int, values};
use crate::{Result, Store, StoreError, Tx};
use model::Timestamp;

/// An account of one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// Whose it is.
    pub person: String,
    /// Keyed digest of the real identity: one real person holds at most one open account.
    pub identity: String,
    /// Real name, sealed under the people key.
    pub sealed: Vec<u8>,
    /// Password hash (PHC text, with pepper).
    pub phc: String,
    /// When the password was set.
    pub password_set_at: Timestamp,
    /// The password was set by somebody else and must be changed.
    pub must_change: bool,
    /// Failed tries since the last success or lock.
    pub failed: u64,
    /// Failed tries ever.
    pub failed_total: u64,
    /// First instant at which a locked account may be tried again.
    pub locked_until: Option<Timestamp>,
    /// When the account was closed.
    pub closed_at: Option<Timestamp>,
    /// When it was created.
    pub created: Timestamp,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the hash nor the sealed name belongs in a log.
        f.debug_struct("Account").field("person", &self.person).field("failed", &self.failed).finish_non_exhaustive()
    }
}

macro_rules! select {
    ($test:literal) => {
        concat!(
            "SELECT name, person, identity, sealed, phc, password_set_at, must_change, failed, failed_total, \
             locked_until, closed_at, created FROM account WHERE ",
            $test
        )
    };
}

fn decode(r: &Row) -> Result<Account> {
    Ok(Account {
        name: r.text(0)?,
        person: r.text(1)?,
        identity: r.text(2)?,
        sealed: r.blob(3)?,
        phc: r.text(4)?,
        password_set_at: Timestamp(r.int(5)?),
        must_change: r.int(6)? != 0,
        failed: r.uint(7)?,
        failed_total: r.uint(8)?,
        locked_until: r.opt_int(9)?.map(Timestamp),
        closed_at: r.opt_int(10)?.map(Timestamp),
        created: Timestamp(r.int(11)?),
    })
}

impl Store {
    /// An account by login name, as last committed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, name: &str) -> Result<Option<Account>> {
        self.reader().await?.row(select!("name = $1"), values![name]).await?.as_ref().map(decode).transpose()
    }

    /// The account of a person, as last committed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_of(&self, person: &str) -> Result<Option<Account>> {
        self.reader().await?.row(select!("person = $1"), values![person]).await?.as_ref().map(decode).transpose()
    }

    /// The newest password hashes of an account, the present one first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn password_history(&self, name: &str, max: u32) -> Result<Vec<String>> {
        let sql = "SELECT phc FROM password_history WHERE account = $1 ORDER BY n DESC LIMIT $2";
        self.reader().await?.rows(sql, values![name, i64::from(max)]).await?.iter().map(|r| r.text(0)).collect()
    }
}

impl Tx {
    /// An account by login name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&mut self, name: &str) -> Result<Option<Account>> {
        self.row(select!("name = $1"), values![name]).await?.as_ref().map(decode).transpose()
    }

    /// The account of a person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_of(&mut self, person: &str) -> Result<Option<Account>> {
        self.row(select!("person = $1"), values![person]).await?.as_ref().map(decode).transpose()
    }

    /// The open account of a real identity (keyed digest).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_of_identity(&mut self, identity: &str) -> Result<Option<Account>> {
        let sql = select!("identity = $1 AND closed_at IS NULL");
        self.row(sql, values![identity]).await?.as_ref().map(decode).transpose()
    }

    /// Writes a new account and its first password.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name, the person or the identity has an account already.
    pub async fn create_account(&mut self, a: &Account) -> Result<()> {
        let made = self
            .exec(
                "INSERT INTO account (name, person, identity, sealed, phc, password_set_at, must_change, failed, \
                 failed_total, locked_until, closed_at, created) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
                values![
                    &a.name,
                    &a.person,
                    &a.identity,
                    &a.sealed[..],
                    &a.phc,
                    a.password_set_at.0,
                    a.must_change,
                    int(a.failed)?,
                    int(a.failed_total)?,
                    a.locked_until.map(|t| t.0),
                    a.closed_at.map(|t| t.0),
                    a.created.0
                ],
            )
            .await?;
        if made != 1 {
            return Err(StoreError::Conflict { kind: "account" });
        }
        self.keep_password(&a.name, &a.phc, a.password_set_at).await
    }

    /// Sets the failed tries and the lock of an account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_tries(
        &mut self,
        name: &str,
        failed: u64,
        failed_total: u64,
        locked_until: Option<Timestamp>,
    ) -> Result<()> {
        self.exec(
            "UPDATE account SET failed = $2, failed_total = $3, locked_until = $4 WHERE name = $1",
            values![name, int(failed)?, int(failed_total)?, locked_until.map(|t| t.0)],
        )
        .await
        .map(drop)
    }

    /// Sets a new password hash, if the present one is still `old`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the password was changed meanwhile.
    pub async fn set_password(
        &mut self,
        name: &str,
        old: &str,
        new: &str,
        must_change: bool,
        now: Timestamp,
    ) -> Result<()> {
        let set = self
            .exec(
                "UPDATE account SET phc = $3, password_set_at = $4, must_change = $5 WHERE name = $1 AND phc = $2",
                values![name, old, new, now.0, must_change],
            )
            .await?;
        if set != 1 {
            return Err(StoreError::Conflict { kind: "account" });
        }
        self.keep_password(name, new, now).await
    }

    /// Closes an account; it can be neither used nor opened again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_account(&mut self, name: &str, now: Timestamp) -> Result<()> {
        let sql = "UPDATE account SET closed_at = $2 WHERE name = $1 AND closed_at IS NULL";
        self.exec(sql, values![name, now.0]).await.map(drop)
    }

    async fn keep_password(&mut self, name: &str, phc: &str, now: Timestamp) -> Result<()> {
        self.exec(
            "INSERT INTO password_history (account, set_at, n, phc) \
             SELECT $1, $2, COALESCE(MAX(n), 0) + 1, $3 FROM password_history WHERE account = $1",
            values![name, now.0, phc],
        )
        .await
        .map(drop)
    }
}
