//! Use cases of the platform, all through one funnel: permit (Cedar) → decide (pure) → record → commit.
//!
//! Knows nothing of HTTP, holds no raw record and no key to records.

pub mod cases;
pub mod clock;
pub mod deployment;
pub mod due;
pub mod effects;
mod entry;
pub mod error;
pub mod evidence;
pub mod facts;
pub mod funnel;
pub mod keys;
pub mod link;
pub mod log_files;
pub mod matters;
pub mod notices;
pub mod objects;
pub mod orders;
pub mod parties;
pub mod people;
pub mod policy;
pub mod prove;
pub mod reports;
pub mod resources;
pub mod restored;
pub mod sequencer;
pub mod setup;
#[cfg(test)]
mod tests;
pub mod tickets;
pub mod timers;
pub mod views;
pub mod zone_log;

pub use error::{AppError, AppResult};
pub use funnel::{Actor, Done, Idempotency};

use clock::DeploymentClock;
use crypto::{SigningKey, Suite};
use deployment::Deployment;
use model::pack::Pack;
use std::sync::Arc;
use store::Store;

/// Everything a use case needs. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

/// The parts of an [`App`].
pub struct Inner {
    /// The store.
    pub store: Store,
    /// The city's rule pack, all layers merged.
    pub pack: Arc<Pack>,
    /// The packs of all cities that the program carries, for comparison only: none of them decides anything here.
    pub shipped: Vec<Arc<Pack>>,
    /// Facts of the deployment.
    pub deployment: Deployment,
    /// The deployment's clock.
    pub clock: DeploymentClock,
    /// Signs orders, tickets and leases.
    pub signer: SigningKey,
    /// Signs checkpoints of the platform's log.
    pub log_signer: SigningKey,
    /// Keys made from the people key: real names lie under it, passwords are peppered with it.
    pub people: parties::People,
    /// File with the digest of the one-time set-up token.
    pub setup_token: std::path::PathBuf,
    /// Public base URL of the zone's endpoint.
    pub zone_endpoint: String,
    /// How the process is confined, as a word for `doctor`.
    pub confinement: String,
    /// What came of this process reaching for the zone's folder: `refused`, `open` or `absent`.
    pub zone_folder: String,
    /// Where the log's signer remembers what it has signed: a file outside the log's folder.
    pub log_state: std::path::PathBuf,
    /// Folder of both logs and the key lists.
    pub log_dir: std::path::PathBuf,
    /// Compiled policies.
    pub policies: policy::Policies,
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl App {
    /// An application over its parts.
    pub fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// The deployment's cipher suite.
    pub fn suite(&self) -> Suite {
        self.deployment.suite
    }

    /// Now, on the deployment's clock.
    pub fn now(&self) -> model::Timestamp {
        self.clock.now()
    }
}
