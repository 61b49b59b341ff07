//! How far running jobs are. Kept in memory only: what became of a job stands in the journal.

use super::child::{OnTheWay, Reading, STAGES};
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
    /// When the stage under way began.
    entered: Instant,
    /// Rows read in this stage and rows there are, and when that was said.
    reading: Option<(u64, u64, Instant)>,
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
        millis(self.began, Instant::now())
    }

    /// Rows read in this stage, and rows there are.
    pub(crate) fn rows(self) -> Option<(u64, u64)> {
        self.reading.map(|(read, of, _)| (read, of))
    }

    /// Milliseconds until all rows are read, were the rest read as fast as those before. Not said of the first moments,
    /// nor of what comes after reading.
    pub(crate) fn left_ms(self) -> Option<u64> {
        let (read, of, said) = self.reading.filter(|(read, of, _)| *read > 0 && read < of)?;
        let took = millis(self.entered, said);
        (took >= FIRST_MS).then(|| {
            let whole = u128::from(took) * u128::from(of - read) / u128::from(read);
            u64::try_from(whole).unwrap_or(u64::MAX).saturating_sub(millis(said, Instant::now()))
        })
    }
}

/// Before that an estimate says nothing.
const FIRST_MS: u64 = 1_000;

fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
}

/// All running jobs.
#[derive(Default)]
pub(crate) struct Stages {
    running: Mutex<BTreeMap<JobId, Running>>,
}

impl Stages {
    /// A job's process starts.
    pub(crate) fn begin(&self, job: &JobId) {
        let now = Instant::now();
        lock(&self.running).insert(job.clone(), Running { at: 0, began: now, entered: now, reading: None });
    }

    /// What its process says on the way. What is no stage says nothing.
    pub(crate) fn take(&self, job: &JobId, said: OnTheWay) {
        let mut all = lock(&self.running);
        let Some(running) = all.get_mut(job) else { return };
        let now = Instant::now();
        match said {
            OnTheWay::Over(stage) => {
                if let Some(at) = STAGES.iter().position(|s| *s == stage.done) {
                    (running.at, running.entered, running.reading) = (at + 1, now, None);
                }
            }
            OnTheWay::Reading(Reading { read, of }) => running.reading = Some((read, of, now)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_left_follows_from_what_was_read() {
        let began = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        let at = |read, of, after: u64| Running {
            at: 2,
            began,
            entered: began,
            reading: Some((read, of, began + Duration::from_millis(after))),
        };
        let left = at(250, 1000, 9_900).left_ms().unwrap();
        assert!((29_000..=29_700).contains(&left), "{left}");
        assert_eq!(at(0, 1000, 9_900).left_ms(), None, "nothing read yet");
        assert_eq!(at(1000, 1000, 9_900).left_ms(), None, "all is read");
        assert_eq!(at(1, 1000, 500).left_ms(), None, "too soon to tell");
        let stages = Stages::default();
        stages.begin(&"job_1".into());
        stages.take(&"job_1".into(), OnTheWay::Reading(Reading { read: 3, of: 9 }));
        assert_eq!(stages.of(&"job_1".into()).unwrap().rows(), Some((3, 9)));
        stages.take(&"job_1".into(), OnTheWay::Over(super::super::child::StageDone { done: "run".into() }));
        let running = stages.of(&"job_1".into()).unwrap();
        assert_eq!((running.stage(), running.rows()), ("gate", None));
    }
}
