//! Small named settings of a deployment: its name, the simulated clock's offset, the last report's sequence.

use crate::backend::values;
use crate::{Result, Store, StoreError, Tx};

const GET: &str = "SELECT value FROM meta WHERE name = $1";
const SUITE: &str = "store.suite";
const KEY_CHECK: &str = "store.key_check";

impl Store {
    /// A setting as last committed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn meta_get(&self, name: &str) -> Result<Option<String>> {
        self.reader().await?.row(GET, values![name]).await?.map(|r| r.text(0)).transpose()
    }

    /// Binds a new database to suite and key, and refuses an old one that was made with others.
    pub(crate) async fn check_belongs(&self) -> Result<()> {
        let suite = serde_json::to_string(&self.suite()).map_err(|_| StoreError::shape("suite"))?;
        let check = hex_of(&self.mac("yunyu/store-key/v1", suite.as_bytes()));
        let mut tx = self.begin().await?;
        match (tx.meta_get(SUITE).await?, tx.meta_get(KEY_CHECK).await?) {
            (None, None) => {
                tx.meta_set(SUITE, &suite).await?;
                tx.meta_set(KEY_CHECK, &check).await?;
                tx.commit().await
            }
            (Some(s), _) if s != suite => Err(StoreError::Mismatch("cipher suite")),
            (_, Some(c)) if c == check => Ok(()),
            _ => Err(StoreError::Mismatch("store key")),
        }
    }
}

impl Tx {
    /// A setting.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn meta_get(&mut self, name: &str) -> Result<Option<String>> {
        self.row(GET, values![name]).await?.map(|r| r.text(0)).transpose()
    }

    /// Writes a setting.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn meta_set(&mut self, name: &str, value: &str) -> Result<()> {
        self.exec(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            values![name, value],
        )
        .await
        .map(drop)
    }
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
