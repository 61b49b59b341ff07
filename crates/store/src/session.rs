//! Sessions by the hash of their token, and nonces that may be used once. How long they last is the caller's rule.

use crate::backend::{Row, values};
use crate::{Result, Store, StoreError, Tx};
use model::Timestamp;

/// A session. The token itself is never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Hash of the token, as text.
    pub token_hash: String,
    /// Whose session.
    pub person: String,
    /// Account it was opened with.
    pub account: String,
    /// When it was opened.
    pub issued: Timestamp,
    /// When it was last used, to the step in which the caller writes it.
    pub last_seen: Timestamp,
    /// First instant it no longer holds, however much it is used.
    pub expires: Timestamp,
    /// When it was ended.
    pub ended: Option<Timestamp>,
}

const GET: &str =
    "SELECT token_hash, person, account, issued, last_seen, expires, ended FROM session WHERE token_hash = $1";

fn decode(r: &Row) -> Result<Session> {
    Ok(Session {
        token_hash: r.text(0)?,
        person: r.text(1)?,
        account: r.text(2)?,
        issued: Timestamp(r.int(3)?),
        last_seen: Timestamp(r.int(4)?),
        expires: Timestamp(r.int(5)?),
        ended: r.opt_int(6)?.map(Timestamp),
    })
}

impl Store {
    /// A session by its token's hash, as last committed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, token_hash: &str) -> Result<Option<Session>> {
        self.reader().await?.row(GET, values![token_hash]).await?.as_ref().map(decode).transpose()
    }
}

impl Tx {
    /// A session by its token's hash.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&mut self, token_hash: &str) -> Result<Option<Session>> {
        self.row(GET, values![token_hash]).await?.as_ref().map(decode).transpose()
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the token exists.
    pub async fn open_session(&mut self, s: &Session) -> Result<()> {
        let opened = self
            .exec(
                "INSERT INTO session (token_hash, person, account, issued, last_seen, expires) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (token_hash) DO NOTHING",
                values![&s.token_hash, &s.person, &s.account, s.issued.0, s.last_seen.0, s.expires.0],
            )
            .await?;
        if opened == 1 { Ok(()) } else { Err(StoreError::Conflict { kind: "session" }) }
    }

    /// Notes a use; the mark never goes back, and an ended session stays ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch_session(&mut self, token_hash: &str, now: Timestamp) -> Result<()> {
        let sql = "UPDATE session SET last_seen = $2 WHERE token_hash = $1 AND last_seen < $2 AND ended IS NULL";
        self.exec(sql, values![token_hash, now.0]).await.map(drop)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(&mut self, token_hash: &str, now: Timestamp) -> Result<()> {
        let sql = "UPDATE session SET ended = $2 WHERE token_hash = $1 AND ended IS NULL";
        self.exec(sql, values![token_hash, now.0]).await.map(drop)
    }

    /// Ends all sessions of a person and tells how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions_of(&mut self, person: &str, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE session SET ended = $2 WHERE person = $1 AND ended IS NULL AND expires > $2";
        self.exec(sql, values![person, now.0]).await
    }

    /// Ends every session: after a restore nobody is signed in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_all_sessions(&mut self, now: Timestamp) -> Result<u64> {
        self.exec("UPDATE session SET ended = $1 WHERE ended IS NULL", values![now.0]).await
    }

    /// Uses a nonce up; `false` when it was used before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_nonce(&mut self, scope: &str, value: &str, expires: Timestamp) -> Result<bool> {
        let sql = "INSERT INTO nonce (scope, value, expires) VALUES ($1, $2, $3) ON CONFLICT (scope, value) DO NOTHING";
        Ok(self.exec(sql, values![scope, value, expires.0]).await? == 1)
    }

    /// Removes sessions and nonces that expired before an instant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_expired(&mut self, before: Timestamp) -> Result<()> {
        self.exec("DELETE FROM session WHERE expires < $1", values![before.0]).await?;
        self.exec("DELETE FROM nonce WHERE expires < $1", values![before.0]).await.map(drop)
    }
}
