//! The queue of signed work orders, numbered from 1 without gaps (design.md, "Resending").

use crate::backend::{int, limit, values};
use crate::{Result, Store, StoreError, Tx};

const MAC_LABEL: &str = "yunyu/order-queue/v1";

/// A work order in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedOrder {
    /// Sequence, from 1.
    pub seq: u64,
    /// The signed order as canonical JSON.
    pub body: String,
}

const LAST: &str = "SELECT COALESCE(MAX(seq), 0) FROM work_order";

impl Tx {
    /// The sequence that the next order must carry. It is this transaction's until it ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_order_seq(&mut self) -> Result<u64> {
        let row = self.row(LAST, &[]).await?;
        Ok(row.map_or(Ok(0), |r| r.uint(0))? + 1)
    }

    /// Queues a signed order under [`Tx::next_order_seq`].
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`] when `seq` is not the next one.
    pub async fn push_order(&mut self, seq: u64, id: &str, body: &str) -> Result<()> {
        let next = self.next_order_seq().await?;
        if seq != next {
            return Err(StoreError::OutOfOrder { what: "work order", got: seq, next });
        }
        let mac = self.store().mac(MAC_LABEL, &authenticated(seq, body));
        self.exec(
            "INSERT INTO work_order (seq, id, body, mac) VALUES ($1, $2, $3, $4)",
            values![int(seq)?, id, body, &mac[..]],
        )
        .await
        .map(drop)
    }
}

impl Store {
    /// At most `max` orders after a sequence.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when one was changed outside the program.
    pub async fn orders_after(&self, seq: u64, max: usize) -> Result<Vec<QueuedOrder>> {
        let sql = "SELECT seq, body, mac FROM work_order WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows = self.reader().await?.rows(sql, values![int(seq)?, limit(max)]).await?;
        let mut orders = Vec::with_capacity(rows.len());
        for row in rows {
            let (seq, body) = (row.uint(0)?, row.text(1)?);
            if row.blob(2)? != self.mac(MAC_LABEL, &authenticated(seq, &body)) {
                return Err(StoreError::Tampered { table: "work_order", row: row.int(0)? });
            }
            orders.push(QueuedOrder { seq, body });
        }
        Ok(orders)
    }

    /// Sequence of the last order, 0 when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_order_seq(&self) -> Result<u64> {
        self.reader().await?.row(LAST, &[]).await?.map_or(Ok(0), |r| r.uint(0))
    }
}

fn authenticated(seq: u64, body: &str) -> Vec<u8> {
    format!("{seq}\n{body}").into_bytes()
}
