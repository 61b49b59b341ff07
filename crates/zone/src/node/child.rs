//! The body of a job's process: one job, given on standard input with the data keys of its objects, answered on
//! standard output. It opens no network, keeps no key, writes one sealed object, and ends when its parent does.

use super::run::{Tell, while_telling};
use crate::engine::deep;
use crate::gate::{self, GateReport, Sealed};
use crate::seal::{Meter, SealedFile, write_artefact};
use crypto::{HandedKeys, KeyId};
use model::Refusal;
use model::ids::ResourceId;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Bytes of a job's process beyond what its engine may hold.
const ROOM: u64 = 2 << 30;

/// What a job's process is given: one line of JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobInput {
    pub(crate) v: u32,
    pub(crate) deployment: String,
    /// Folder of all objects.
    pub(crate) root: PathBuf,
    pub(crate) sql: String,
    /// Purpose file.
    pub(crate) purpose: String,
    pub(crate) tables: Vec<JobTable>,
    /// Authorisation that the artefact lies under.
    pub(crate) scope: String,
    /// Object to write.
    pub(crate) output: String,
    pub(crate) output_key: KeyId,
    /// Bytes the engine may hold.
    pub(crate) memory: u64,
    /// Folder for what the engine spills, sealed under a key of this process alone.
    pub(crate) spill: PathBuf,
    /// Thresholds of the pack by name.
    pub(crate) thresholds: BTreeMap<String, i64>,
    pub(crate) keys: HandedKeys,
}

/// A granted table.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobTable {
    pub(crate) resource: ResourceId,
    pub(crate) contract: String,
    /// Fields that the grant names.
    pub(crate) fields: Vec<String>,
    /// Sealed batches.
    pub(crate) objects: Vec<String>,
}

/// What it says on the way: a stage that is over, one line of JSON each.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageDone {
    pub(crate) done: String,
}

/// What it says on the way: rows read of the rows there are, one line of JSON each.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reading {
    pub(crate) read: u64,
    pub(crate) of: u64,
}

/// One of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum OnTheWay {
    Over(StageDone),
    Reading(Reading),
}

/// Stages of a job in their order.
pub(crate) const STAGES: [&str; 5] = ["open", "clear", "run", "gate", "seal"];

/// What it answers: one line of JSON, the last.
#[derive(Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum JobOutput {
    /// The artefact lies sealed.
    Done { report: Box<GateReport>, rows: u64, lineage: Value, figures: BTreeMap<String, u64> },
    /// A rule said no, or the run failed; the text is masked.
    Refused { refusal: Refusal },
}

/// Runs one job. Returns the process's exit code: 0 when an answer was written.
pub fn job_main(stdin: impl Read + Send + 'static, mut stdout: impl Write + Send) -> i32 {
    if harden().is_err() {
        return 3;
    }
    let mut input = BufReader::new(stdin);
    let mut line = crypto::Zeroizing::new(String::new());
    if input.read_line(&mut line).is_err() {
        return 2;
    }
    let Ok(job) = serde_json::from_str::<JobInput>(&line) else { return 2 };
    drop(line);
    if bound(job.memory).is_err() {
        return 3;
    }
    std::thread::spawn(move || end_with_parent(input));
    let Some(output) = run(&job, &mut stdout) else { return 3 };
    let Ok(mut bytes) = serde_json::to_vec(&output) else { return 3 };
    bytes.push(b'\n');
    if stdout.write_all(&bytes).and_then(|()| stdout.flush()).is_err() { 3 } else { 0 }
}

/// Nothing more is ever sent: the end of the input is the end of the parent.
#[expect(clippy::disallowed_methods, reason = "the process ends as if killed; no code of it may run on")]
fn end_with_parent(mut input: impl Read) {
    let _ = input.read(&mut [0]);
    std::process::exit(4);
}

/// No core dump, no debugger: raw records must not leave through the process's memory.
fn harden() -> rustix::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// What the engine counts, and room for what it does not: stacks, decoders, the recount's own tables.
fn bound(memory: u64) -> rustix::io::Result<()> {
    let bytes = Some(memory.saturating_add(ROOM));
    setrlimit(Resource::Data, Rlimit { current: bytes, maximum: bytes })
}

fn run(job: &JobInput, stdout: &mut (impl Write + Send)) -> Option<JobOutput> {
    if job.v != 1 {
        return None;
    }
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    deep::block_on(threads, || measured(job, stdout))
        .map(|done| done.unwrap_or_else(|refusal| JobOutput::Refused { refusal }))
}

/// Clears, runs, measures, seals.
async fn measured(job: &JobInput, stdout: &mut (impl Write + Send)) -> Result<JobOutput, Refusal> {
    let mut told = Told { stdout, figures: BTreeMap::new(), clock: Instant::now(), meter: Arc::default() };
    let sealed = super::run::sealed(job, &mut told).await?;
    let params = super::run::gate_params(job)?;
    let report = while_telling(gate::assess(&sealed, &params, job.keys.suite), &mut told).await;
    told.over("gate");
    write(job, &sealed)?;
    told.over("seal");
    let (rows, lineage) = (sealed.rows(), sealed.lineage().clone());
    Ok(JobOutput::Done { report: Box::new(report), rows, lineage, figures: told.figures })
}

/// Says on standard output how far the job is.
struct Told<'w, W> {
    stdout: &'w mut W,
    figures: BTreeMap<String, u64>,
    clock: Instant,
    meter: Arc<Meter>,
}

impl<W: Write> Told<'_, W> {
    fn line(&mut self, said: &impl Serialize) {
        // Nobody may be listening any more; then the parent's end will end this process.
        if let Ok(mut line) = serde_json::to_vec(said) {
            line.push(b'\n');
            let _ = self.stdout.write_all(&line).and_then(|()| self.stdout.flush());
        }
    }
}

impl<W: Write> Tell for Told<'_, W> {
    fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    fn over(&mut self, stage: &str) {
        self.figures.insert(format!("{stage}_ms"), u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX));
        self.clock = Instant::now();
        // The gate counts the records once more, from the beginning.
        self.meter.restart();
        self.line(&StageDone { done: stage.to_owned() });
    }

    fn reading(&mut self) {
        let (read, of) = self.meter.now();
        if of > 0 {
            self.line(&Reading { read: read.min(of), of });
        }
    }
}

fn write(job: &JobInput, sealed: &Sealed) -> Result<(), Refusal> {
    let (root, object, scope) = (job.root.as_path(), job.output.as_str(), job.scope.as_str());
    let place = SealedFile { root, object, deployment: &job.deployment, scope, provider: &job.keys };
    let parts = sealed.parts();
    write_artefact(place, &job.output_key, &parts.schema, &parts.batches).map_err(|_| super::refuse::broken())
}
