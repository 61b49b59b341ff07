//! Metered use of delivered products, as the zone reports it: one row per order and segment, counted once.

use crate::backend::{int, values};
use crate::{Result, Store, StoreError, Tx};
use model::Timestamp;

/// Use under one order in one segment of the zone's receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Segment of receipts, as the zone names it.
    pub segment: String,
    /// Consumer's order.
    pub order: String,
    /// Calls answered.
    pub calls: u64,
    /// Rows delivered.
    pub rows: u64,
    /// Bytes delivered.
    pub bytes: u64,
    /// When the segment was closed.
    pub at: Timestamp,
}

/// Sums over an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageTotal {
    /// Calls answered.
    pub calls: u64,
    /// Rows delivered.
    pub rows: u64,
    /// Bytes delivered.
    pub bytes: u64,
}

impl Tx {
    /// Counts a segment's use of an order; `false` when exactly this was counted before.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the segment was counted before with other figures.
    pub async fn add_usage(&mut self, u: &Usage) -> Result<bool> {
        let figures = [int(u.calls)?, int(u.rows)?, int(u.bytes)?];
        let sql = "SELECT calls, rows, bytes FROM usage WHERE segment = $1 AND order_id = $2";
        if let Some(row) = self.row(sql, values![&u.segment, &u.order]).await? {
            let same = [row.int(0)?, row.int(1)?, row.int(2)?] == figures;
            return if same { Ok(false) } else { Err(StoreError::Conflict { kind: "usage" }) };
        }
        self.exec(
            "INSERT INTO usage (segment, order_id, calls, rows, bytes, at) VALUES ($1, $2, $3, $4, $5, $6)",
            values![&u.segment, &u.order, figures[0], figures[1], figures[2], u.at.0],
        )
        .await?;
        Ok(true)
    }
}

impl Store {
    /// Sums of an order's use from one instant (inclusive) to another (exclusive).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usage_total(&self, order: &str, from: Timestamp, to: Timestamp) -> Result<UsageTotal> {
        let sql = "SELECT CAST(COALESCE(SUM(calls), 0) AS BIGINT), CAST(COALESCE(SUM(rows), 0) AS BIGINT), \
                   CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM usage WHERE order_id = $1 AND at >= $2 AND at < $3";
        let row = self.reader().await?.row(sql, values![order, from.0, to.0]).await?;
        row.map_or(Ok(UsageTotal::default()), |r| {
            Ok(UsageTotal { calls: r.uint(0)?, rows: r.uint(1)?, bytes: r.uint(2)? })
        })
    }
}
