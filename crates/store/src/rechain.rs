//! Databases of before migration 2: their leaves get their place in the chain when the program first opens them, since
//! the chain's codes need the key. Each leaf's old code is checked first.

use crate::backend::{Row, values};
use crate::{Result, Store, StoreError, Tx};
use audit::Leaf;

const OLD_LABEL: &str = "yunyu/leaf-queue/v1";
const PAGE: i64 = 1000;
/// Numbered ones by their number, then the waiting ones in the order of writing.
const OLD: &str =
    "SELECT ord, bytes, mac, idx FROM leaf WHERE seq IS NULL ORDER BY COALESCE(idx, 9223372036854775807), ord LIMIT $1";
const CHAINED: &str = "SELECT seq FROM leaf WHERE seq IS NOT NULL LIMIT 1";

impl Store {
    /// Chains what has no place yet, all in one transaction.
    pub(crate) async fn chain_old_leaves(&self) -> Result<()> {
        let old = self.reader().await?.row("SELECT 1 FROM leaf WHERE seq IS NULL LIMIT 1", &[]).await?;
        if old.is_none() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        // All are chained at once or none: an old row beside chained ones was put there to be taken in.
        if let Some(row) = tx.row(CHAINED, &[]).await? {
            return Err(StoreError::Tampered { table: "leaf", row: row.int(0)? });
        }
        let (mut next, mut before) = (0, [0; 32]);
        loop {
            let rows = tx.rows(OLD, values![PAGE]).await?;
            for row in &rows {
                before = tx.chain_old(row, next, &before).await?;
                next += 1;
            }
            if rows.is_empty() {
                return tx.commit().await;
            }
        }
    }
}

impl Tx {
    async fn chain_old(&mut self, row: &Row, seq: i64, before: &[u8; 32]) -> Result<[u8; 32]> {
        let (ord, bytes) = (row.int(0)?, row.blob(1)?);
        let numbered_otherwise = row.opt_int(3)?.is_some_and(|idx| idx != seq);
        if row.blob(2)? != self.store().mac(OLD_LABEL, &bytes) || numbered_otherwise {
            return Err(StoreError::Tampered { table: "leaf", row: ord });
        }
        let leaf = Leaf::decode(&bytes)?;
        let mac = self.store().leaf_mac(seq, before, leaf.case.as_deref(), leaf.case_seq, &bytes);
        self.exec("UPDATE leaf SET seq = $1, mac = $2 WHERE ord = $3", values![seq, &mac[..], ord]).await?;
        Ok(mac)
    }
}
