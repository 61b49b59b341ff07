//! The deployment's clock: real time, or real time plus an offset that only moves forward (invariant 10).
//!
//! It never reads the machine's clock itself: `cli` hands that in as a function.

use model::{Clock, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Reads the machine's clock in milliseconds since the epoch.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The clock of this deployment.
#[derive(Clone)]
pub struct DeploymentClock {
    kind: Clock,
    wall: WallClock,
    offset: Arc<AtomicI64>,
}

impl DeploymentClock {
    /// A clock of one kind with an offset in milliseconds (0 for a real clock).
    pub fn new(kind: Clock, wall: WallClock, offset: i64) -> Self {
        let offset = if kind == Clock::Real { 0 } else { offset };
        Self { kind, wall, offset: Arc::new(AtomicI64::new(offset)) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        Timestamp((self.wall)().saturating_add(self.offset.load(Ordering::SeqCst)))
    }

    /// Real or simulated.
    pub fn kind(&self) -> Clock {
        self.kind
    }

    /// Offset to the machine's clock in milliseconds.
    pub fn offset(&self) -> i64 {
        self.offset.load(Ordering::SeqCst)
    }

    /// Takes over a stored offset; a simulated clock never goes back.
    pub fn set_offset(&self, offset: i64) {
        if self.kind == Clock::Simulated {
            self.offset.fetch_max(offset, Ordering::SeqCst);
        }
    }
}
