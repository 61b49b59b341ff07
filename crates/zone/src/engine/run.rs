//! Running a cleared plan. From here on every failure is one uniform error: what the engine says about a failure may hold a value.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::clear::{ClearedPlan, Limits};
use super::disclose::DisclosePlanner;
use super::functions;
use super::spill::SealedSpill;
use crate::gate::{Sealed, SealedParts};

/// Why a run gave no answer. Says nothing about the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The query failed while running.
    #[error("the query could not be completed")]
    Failed,
    /// Memory, spill space or rows of the answer ran out.
    #[error("the query needs more than its limits allow")]
    TooLarge,
    /// The time ran out.
    #[error("the query took longer than it may")]
    TooLong,
}

/// Runs a cleared plan; the answer is sealed. Dropping the future cancels the run between two batches.
///
/// The work is a task of its own and the clock a thread of its own: planning and other work that gives nobody a turn is left
/// behind when the time is over. A panic in it is an error like any other.
///
/// # Errors
/// One of three constant errors.
pub async fn run(plan: ClearedPlan) -> Result<Sealed, RunError> {
    let (over, _clock) = clock(plan.limits.time).ok_or(RunError::Failed)?;
    let mut task = Task(tokio::spawn(collect(plan)));
    let parts = tokio::select! {
        biased;
        Ok(()) = over => return Err(RunError::TooLong),
        done = &mut task.0 => done.map_err(|_| RunError::Failed)??,
    };
    Ok(Sealed::new(parts))
}

/// A task that ends with whoever waits for it.
struct Task(JoinHandle<Result<SealedParts, RunError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Says when the time is over; stops when the second half is dropped.
fn clock(time: Duration) -> Option<(oneshot::Receiver<()>, mpsc::Sender<()>)> {
    let (ring, over) = oneshot::channel();
    let (running, stopped) = mpsc::channel();
    let wait = move || {
        if stopped.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
            // Nobody may be waiting any more.
            let _ = ring.send(());
        }
    };
    thread::Builder::new().name("clock".into()).spawn(wait).ok()?;
    Some((over, running))
}

async fn collect(cleared: ClearedPlan) -> Result<SealedParts, RunError> {
    let spill = cleared.limits.spill.as_ref().map(|s| Arc::new(SealedSpill::new(s, cleared.limits.spill_bytes)));
    let full = || spill.as_ref().is_some_and(|s| s.is_full());
    let session = session(&cleared.limits, spill.clone()).map_err(|error| uniform(&error, full()))?;
    let context = SessionContext::new_with_state(session.clone());
    let frame = context.execute_logical_plan(cleared.plan).await.map_err(|error| uniform(&error, full()))?;
    let schema = Arc::clone(frame.schema().inner());
    let mut stream = frame.execute_stream().await.map_err(|error| uniform(&error, full()))?;
    let (mut batches, mut rows) = (Vec::<RecordBatch>::new(), 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| uniform(&error, full()))?;
        rows += batch.num_rows();
        if rows > cleared.limits.rows {
            return Err(RunError::TooLarge);
        }
        batches.push(batch);
    }
    let lineage = serde_json::to_value(&cleared.verdict.lineage).unwrap_or_default();
    let ClearedPlan { nature, origins, points, .. } = cleared;
    Ok(SealedParts { schema, batches, lineage, nature, origins, points, session: Some(session) })
}

/// A session for running: limits, no catalogue, no file access beyond the plan's own providers.
fn session(limits: &Limits, spill: Option<Arc<SealedSpill>>) -> Result<SessionState, DataFusionError> {
    // Never the engine's own files: they would lie in the open.
    let disk = DiskManagerBuilder::default().with_mode(match spill {
        Some(sealed) => DiskManagerMode::Custom(sealed),
        None => DiskManagerMode::Disabled,
    });
    let pool = Arc::new(FairSpillPool::new(limits.memory));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).with_disk_manager_builder(disk).build_arc()?;
    let mut config =
        SessionConfig::new().with_information_schema(false).with_target_partitions(limits.partitions.max(1));
    // The check compares nullability, which the planner itself states differently for IS NOT TRUE before and after planning.
    config.options_mut().execution.skip_physical_aggregate_schema_check = true;
    Ok(SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_query_planner(Arc::new(DisclosePlanner))
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_scalar_functions(functions::scalars())
        .with_aggregate_functions(functions::aggregates())
        .with_window_functions(functions::windows())
        .build())
}

/// The uniform error. Which of the two it is depends on sizes only.
fn uniform(error: &DataFusionError, spill_full: bool) -> RunError {
    #[cfg(test)]
    eprintln!("{error}");
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => RunError::TooLarge,
        _ if spill_full => RunError::TooLarge,
        _ => RunError::Failed,
    }
}

/// Duration of a run as it may be told: rounded up to half seconds, so that it hardly depends on single values.
pub fn shown_duration(elapsed: Duration) -> Duration {
    let halves = elapsed.as_millis().div_ceil(500).max(1);
    Duration::from_millis(u64::try_from(halves * 500).unwrap_or(u64::MAX))
}
