//! Answers already given: a command sent again under the same key gets the first answer and has no second effect.

use crate::backend::{int, values};
use crate::{Result, StoreError, Tx};
use model::Timestamp;

/// An answer given before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Fingerprint of the command; another command under the same key is a misuse.
    pub fingerprint: String,
    /// Status word of the answer.
    pub status: u16,
    /// Body of the answer.
    pub body: Vec<u8>,
}

impl Tx {
    /// The answer given to this actor's key, if any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn idempotent(&mut self, actor: &str, key: &str) -> Result<Option<Stored>> {
        let sql = "SELECT fingerprint, status, body FROM idempotency WHERE actor = $1 AND key = $2";
        let Some(row) = self.row(sql, values![actor, key]).await? else {
            return Ok(None);
        };
        let status = u16::try_from(row.int(1)?).map_err(|_| StoreError::shape("status"))?;
        Ok(Some(Stored { fingerprint: row.text(0)?, status, body: row.blob(2)? }))
    }

    /// Keeps the answer of this transaction's command.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the key has an answer already.
    pub async fn remember(
        &mut self,
        actor: &str,
        key: &str,
        fingerprint: &str,
        status: u16,
        body: &[u8],
    ) -> Result<()> {
        let now = self.now();
        let kept = self
            .exec(
                "INSERT INTO idempotency (actor, key, fingerprint, status, body, at) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (actor, key) DO NOTHING",
                values![actor, key, fingerprint, int(u64::from(status))?, body, now],
            )
            .await?;
        if kept == 1 { Ok(()) } else { Err(StoreError::Conflict { kind: "idempotency key" }) }
    }

    /// Forgets answers older than an instant; those without a time are kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_answers(&mut self, before: Timestamp) -> Result<u64> {
        self.exec("DELETE FROM idempotency WHERE at < $1", values![before.0]).await
    }
}
