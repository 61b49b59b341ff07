//! The engine's part of a job: sealed tables in, `Sealed` out. Thresholds of pack and purpose are joined here, the
//! stricter of both; what the grant does not name is locked before the engine sees it.

use super::child::{JobInput, JobTable};
use super::refuse;
use crate::contract::{Class, Contract};
use crate::engine::{self, EngineEnv, Limits, RunError, Source, Spill};
use crate::gate::{GateParams, Sealed};
use crate::purpose::Purpose;
use crate::seal::{Meter, SealedStore, table};
use crypto::KeyProvider;
use model::Refusal;
use object_store::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Subject kinds whose threshold the pack names.
const KINDS: [(&str, &str); 2] = [("person", "k.person"), ("enterprise", "k.enterprise")];

/// Clears and runs the job's statement. Says when a stage ends, and on the way how many rows are read.
pub(crate) async fn sealed(job: &JobInput, told: &mut impl Tell) -> Result<Sealed, Refusal> {
    let keys: Arc<dyn KeyProvider> = Arc::new(job.keys.clone());
    let mut sources = Vec::new();
    for table in &job.tables {
        sources.push(source(job, table, keys.clone(), told.meter()).await?);
    }
    told.over("open");
    let memory = usize::try_from(job.memory).unwrap_or(usize::MAX);
    let spill = Some(Spill { folder: job.spill.clone(), suite: job.keys.suite });
    let limits = Limits { memory, spill, ..Limits::default() };
    let env = EngineEnv { sources, purpose: purpose(job)?, limits };
    let plan = engine::clear(&env, &job.sql)?;
    told.over("clear");
    let sealed = while_telling(engine::run(plan), told).await.map_err(|e| match e {
        RunError::Failed => refuse::query_failed(),
        RunError::TooLarge => refuse::query_too_large(),
        RunError::TooLong => refuse::job_died(),
    })?;
    told.over("run");
    Ok(sealed)
}

/// Who is told how far a job is.
pub(crate) trait Tell {
    /// What counts the rows that are read.
    fn meter(&self) -> Arc<Meter>;
    /// A stage is over.
    fn over(&mut self, stage: &str);
    /// So many rows are read.
    fn reading(&mut self);
}

/// How often rows are told.
const EVERY: Duration = Duration::from_millis(500);

/// Does the work and tells meanwhile how many rows it has read.
pub(crate) async fn while_telling<T>(work: impl Future<Output = T>, told: &mut impl Tell) -> T {
    let mut beat = tokio::time::interval(EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = beat.tick() => told.reading(),
        }
    }
}

async fn source(
    job: &JobInput,
    given: &JobTable,
    keys: Arc<dyn KeyProvider>,
    meter: Arc<Meter>,
) -> Result<Source, Refusal> {
    let contract = granted(&given.contract, &given.fields)?;
    let store = SealedStore::local(&job.root, keys, None, &job.deployment, given.resource.as_str());
    let store = Arc::new(store.map_err(|_| refuse::broken())?);
    let paths: Vec<Path> = given.objects.iter().map(|o| Path::from(o.as_str())).collect();
    let provider = table(store, &paths, contract.sealed_schema(), Some(meter)).await.map_err(|_| refuse::broken())?;
    Ok(Source { contract: Arc::new(contract), provider })
}

/// The contract with every field locked that the grant does not name.
pub(crate) fn granted(contract: &str, fields: &[String]) -> Result<Contract, Refusal> {
    let mut contract = Contract::parse(contract).map_err(|_| refuse::bad_contract())?;
    for field in contract.table.fields.iter_mut().filter(|f| !fields.contains(&f.name)) {
        field.class = Some(Class::Lock);
        (field.grid, field.domain, field.clamp, field.mask) = (None, None, None, None);
        field.derive.clear();
    }
    Ok(contract)
}

/// The purpose with the pack's thresholds as a floor.
fn purpose(job: &JobInput) -> Result<Purpose, Refusal> {
    with_floor(&job.purpose, |name| job.thresholds.get(name).copied())
}

/// A purpose with the pack's thresholds, by name, as a floor.
pub(crate) fn with_floor(text: &str, pack: impl Fn(&str) -> Option<i64>) -> Result<Purpose, Refusal> {
    let mut purpose = Purpose::parse(text).map_err(|_| refuse::bad_grant())?;
    for (kind, name) in KINDS {
        if let Some(floor) = pack(name).and_then(|n| u32::try_from(n).ok()) {
            let k = purpose.thresholds.entry(kind.to_owned()).or_insert(floor);
            *k = floor.max(*k);
        }
    }
    Ok(purpose)
}

fn number(job: &JobInput, name: &str) -> Option<u64> {
    job.thresholds.get(name).and_then(|n| u64::try_from(*n).ok())
}

/// The gate's parameters: its defaults, tightened by pack and purpose.
pub(crate) fn gate_params(job: &JobInput) -> Result<GateParams, Refusal> {
    let mut params = GateParams::default();
    for (kind, k) in purpose(job)?.thresholds {
        let held = params.k.entry(kind).or_insert(0);
        *held = (*held).max(u64::from(k));
    }
    if let Some(k) = number(job, "k.other") {
        params.k_other = params.k_other.max(k);
    }
    if let Some(percent) = number(job, "dominance.percent").filter(|_| number(job, "dominance.largest") == Some(2)) {
        params.top2_permille = params.top2_permille.min(percent.saturating_mul(10));
    }
    if let Some(percent) = number(job, "dominance.p_percent") {
        params.rest_permille = params.rest_permille.max(percent.saturating_mul(10));
    }
    for (kind, bound) in purpose(job)?.dominance {
        let held = params.top1_permille.entry(kind).or_insert(1000);
        *held = (*held).min(u64::from(bound.top1));
    }
    Ok(params)
}
