//! Leases on work that one process at a time may do (writing the log's files, timers).

use crate::backend::values;
use crate::{Result, Store};
use model::Timestamp;

impl Store {
    /// Takes or renews a lease until `until`; `false` while another holder's lease runs at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lease(&self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let taken = tx
            .exec(
                "INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE \
                 SET holder = excluded.holder, until = excluded.until WHERE lease.holder = $2 OR lease.until <= $4",
                values![name, holder, until.0, now.0],
            )
            .await?;
        tx.commit().await?;
        Ok(taken == 1)
    }
}
