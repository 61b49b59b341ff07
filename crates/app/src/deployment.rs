//! Facts of a deployment, fixed when its folder is initialised.

use crypto::Suite;
use model::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

/// `DATA/deployment.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Format version, 1.
    pub v: u32,
    /// Name of this deployment, random, part of every signed document.
    pub deployment: String,
    /// City pack.
    pub city: String,
    /// Version of the pack the deployment was initialised with, as `Pack::version`.
    pub pack: String,
    /// Cipher suite.
    pub suite: Suite,
    /// Real or simulated.
    pub clock: Clock,
    /// Offset of a simulated clock at initialisation, in milliseconds; 0 for a real clock.
    pub clock_offset_ms: i64,
    /// When the folder was initialised, on its own clock.
    pub created_at: Timestamp,
    /// Public key of the authority root.
    pub root: String,
}

impl Deployment {
    /// `real` or `simulated`, as checkpoints say it.
    #[must_use]
    pub fn clock_word(&self) -> &'static str {
        match self.clock {
            Clock::Real => "real",
            Clock::Simulated => "simulated",
        }
    }
}
