//! How far running jobs are. Kept in memory only: what became of a job stands in the journal.

use super::child::STAGES;
use super::core::lock;
use model::ids::JobId;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// A running job's stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    /// Index in [`STAGES`].
    at: usize,
    /// When the job's process was started.
    began: Instant,
}

impl Running {
    /// Stage under way.
    pub(crate) fn stage(self) -> &'static str {
        STAGES.get(self.at).copied().unwrap_or("seal")
    }

    /// Number of stages that are over.
    pub(crate) fn over(self) -> usize {
        self.at
    }

    /// Milliseconds since the process was started.
    pub(crate) fn ms(self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// All running jobs.
#[derive(Default)]
pub(crate) struct Stages {
    running: Mutex<BTreeMap<JobId, Running>>,
}

impl Stages {
    /// A job's process starts.
    pub(crate) fn begin(&self, job: &JobId) {
        lock(&self.running).insert(job.clone(), Running { at: 0, began: Instant::now() });
    }

    /// A stage of it is over. What is no stage says nothing.
    pub(crate) fn over(&self, job: &JobId, stage: &str) {
        if let (Some(at), Some(running)) = (STAGES.iter().position(|s| *s == stage), lock(&self.running).get_mut(job)) {
            running.at = at + 1;
        }
    }

    /// Its process ended.
    pub(crate) fn end(&self, job: &JobId) {
        lock(&self.running).remove(job);
    }

    /// Where a job is, while its process runs.
    pub(crate) fn of(&self, job: &JobId) -> Option<Running> {
        lock(&self.running).get(job).copied()
    }
}
