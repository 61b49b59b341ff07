//! Leases on work that one process at a time may do, such as giving leaves their indices.
//!
//! The term runs on the database's clock, which is one for all processes. It only says when another may take over; what
//! keeps two from working at once is the token, which [`Tx::hold`] checks in the transaction that does the work.

use crate::backend::values;
use crate::{Result, Store, StoreError, Tx};
use std::time::Duration;

/// Another holder's lease whose term has not ended is not taken.
const TAKE: &str = "INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE \
    SET holder = excluded.holder, until = excluded.until, token = lease.token + 1 \
    WHERE lease.holder = $2 OR lease.until <= $4 RETURNING token";
const EXTEND: &str = "UPDATE lease SET until = $4 WHERE name = $1 AND holder = $2 AND token = $3";
const HELD: &str = "SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND token = $3";

/// A lease as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    name: String,
    holder: String,
    token: i64,
    term_ms: i64,
}

impl Lease {
    /// The fencing token: larger than that of everybody who held the lease before.
    #[must_use]
    pub fn token(&self) -> i64 {
        self.token
    }
}

impl Store {
    /// Takes a lease for a term; `None` while another holder's term runs. The same holder takes it again at any time: it
    /// must be the only process of that name, and what it took before is then lost.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_lease(&self, name: &str, holder: &str, term: Duration) -> Result<Option<Lease>> {
        let term_ms = i64::try_from(term.as_millis()).map_err(|_| StoreError::shape("lease"))?;
        let mut tx = self.begin().await?;
        let now = tx.database_now().await?;
        let taken = tx.row(TAKE, values![name, holder, now.saturating_add(term_ms), now]).await?;
        let Some(row) = taken else {
            return Ok(None);
        };
        let token = row.int(0)?;
        tx.commit().await?;
        Ok(Some(Lease { name: name.to_owned(), holder: holder.to_owned(), token, term_ms }))
    }

    /// Begins the term of a lease anew.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when somebody has taken it meanwhile.
    pub async fn renew_lease(&self, lease: &Lease) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.hold(lease).await?;
        tx.commit().await
    }

    /// Whether nobody has taken a lease meanwhile, as far as is committed.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when somebody has.
    pub async fn check_lease(&self, lease: &Lease) -> Result<()> {
        let found = self.reader().await?.row(HELD, values![&lease.name, &lease.holder, lease.token]).await?;
        found.map(drop).ok_or(StoreError::LeaseLost)
    }
}

impl Tx {
    /// Ties this transaction to a lease and begins its term anew: it commits only if nobody has taken the lease, however
    /// long its holder was paused. A term that ended counts as long as nobody else has taken it.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when somebody has taken it meanwhile.
    pub async fn hold(&mut self, lease: &Lease) -> Result<()> {
        let until = self.database_now().await?.saturating_add(lease.term_ms);
        let held = self.exec(EXTEND, values![&lease.name, &lease.holder, lease.token, until]).await?;
        if held == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
    }
}
