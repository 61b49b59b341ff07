//! One job from the parent's side: what its process is given, how it is started, watched, stopped and believed. The
//! process gets data keys for exactly the objects of the job over its standard input, nothing in arguments or
//! environment; it dies with its parent, by its limits, or when the authorisation stops.

use super::child::{JobInput, JobOutput, JobTable, OnTheWay};
use super::core::Core;
use super::error::NodeError;
use super::outcome;
use super::record::JobResult;
use super::refuse;
use super::sealed::{self, AUTHORISATION_KEY};
use super::state::{Job, Phase, State};
use crypto::{CryptoError, HandedKey, HandedKeys, KeyId, MAX_HEADER, open_header};
use model::Refusal;
use model::ids::{AuthorisationId, BatchId, JobId};
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// Environment variable that says which cipher seals and opens chunks; all processes of a deployment read it, and of all
/// variables it is the only one that a job's process gets.
pub const BULK_CIPHER_VAR: &str = "YUNYU_BULK_CIPHER";
use tokio::sync::oneshot;

const MAX_OUTPUT: u64 = 64 << 20;
/// Bytes of a job's lineage.
const LONGEST_LINEAGE: usize = 2 << 20;

/// How a job's process ended.
enum End {
    /// It answered.
    Output(Box<JobOutput>),
    /// It broke, or went over a limit.
    Died,
    /// It was stopped from here.
    Stopped,
}

/// Runs a job to its end, or until `stop` rings or is dropped. What became of it is in the journal when this returns;
/// a job that was stopped without having failed stays open and runs again.
pub(crate) async fn run(core: Arc<Core>, id: JobId, stop: oneshot::Receiver<()>) -> Result<(), NodeError> {
    let prepared = core.read(|s| prepare(s, &id));
    let plan = match prepared {
        Ok(plan) => plan,
        Err(refusal) => return fail(&core, &id, refusal),
    };
    if core.log_ready().await.is_err() {
        return Ok(());
    }
    let batches: Vec<BatchId> = plan.batches.clone();
    // Begun over the same records before, and it waited or was killed: said once.
    let said = |job: &Job| matches!(&job.phase, Phase::Started(before) if *before == batches);
    core.commit(|draft| match draft.state.jobs.get(&id) {
        Some(job) if is_open(job) && !said(job) => outcome::job_started(draft, job, batches.clone()),
        _ => Ok(()),
    })?;
    if core.log_ready().await.is_err() {
        return Ok(());
    }
    let input = match input(&core, &id, &plan) {
        // The records stay where they are, but nobody here opens them any more.
        Err(NodeError::Crypto(CryptoError::UnknownKey | CryptoError::DestroyedKey | CryptoError::SealedKey)) => {
            return fail(&core, &id, refuse::keys_given_up());
        }
        other => other?,
    };
    core.stages.begin(&id);
    let ended = process(&core, &id, input, stop).await;
    core.stages.end(&id);
    match ended? {
        End::Stopped => Ok(()),
        End::Died => fail(&core, &id, refuse::job_died()),
        End::Output(output) => finish(&core, &id, &plan.authorisation, *output),
    }
}

pub(crate) fn is_open(job: &Job) -> bool {
    matches!(job.phase, Phase::Queued | Phase::Started(_))
}

/// Ends an open job without an artefact.
pub(crate) fn fail(core: &Core, id: &JobId, refusal: Refusal) -> Result<(), NodeError> {
    core.commit(|draft| match draft.state.jobs.get(id) {
        Some(job) if is_open(job) => outcome::job_failed(draft, job, refusal),
        _ => Ok(()),
    })
}

/// Takes a process's answer, if the job is still wanted.
pub(crate) fn finish(
    core: &Core,
    id: &JobId,
    authorisation: &AuthorisationId,
    output: JobOutput,
) -> Result<(), NodeError> {
    let (report, rows, lineage, figures) = match output {
        JobOutput::Refused { refusal } => return fail(core, id, refusal),
        JobOutput::Done { report, rows, lineage, figures } => (report, rows, lineage, figures),
    };
    // An ending authorisation waits for its jobs before its keys go; a suspended one has failed the job already.
    if !core.read(|s| s.jobs.get(id).is_some_and(is_open)) {
        return Ok(());
    }
    // A report is sent whole: one that the platform would not take would hold up all that follow.
    if crypto::canonical(&lineage).map_or(true, |bytes| bytes.len() > LONGEST_LINEAGE) {
        return fail(core, id, refuse::query_too_large());
    }
    let gate_report = sealed::keep_gate_report(core, authorisation, id, &report)?;
    let done = JobResult {
        job: id.clone(),
        artefact: model::Digest(report.artefact.clone()),
        rows,
        verdict: report.verdict.name().to_owned(),
        gate_report,
        lineage,
        figures,
        object: sealed::artefact_object(authorisation, id),
    };
    core.commit(|draft| match draft.state.jobs.get(id) {
        Some(job) if is_open(job) => outcome::job_done(draft, job, done),
        _ => Ok(()),
    })
}

/// What a job reads, taken from the state at once.
pub(crate) struct Plan {
    pub(crate) authorisation: AuthorisationId,
    sql: String,
    purpose: String,
    tables: Vec<JobTable>,
    batches: Vec<BatchId>,
}

/// Takes what a job needs from the state, or says why it cannot run.
pub(crate) fn prepare(state: &State, id: &JobId) -> Result<Plan, Refusal> {
    let job = state.jobs.get(id).ok_or_else(refuse::unknown_object)?;
    let grant = state.grants.get(&job.spec.grant).ok_or_else(refuse::unknown_object)?;
    let (mut tables, mut batches) = (Vec::new(), Vec::new());
    for resource in grant.spec.resources.keys() {
        let held = state.resources.get(resource).ok_or_else(refuse::unknown_object)?;
        // A resource of which no field was granted is not even opened.
        let Some(fields) = grant.spec.fields.get(&held.spec.table) else { continue };
        let stored: Vec<_> = state.batches_of(resource).collect();
        if stored.is_empty() {
            return Err(refuse::no_batches());
        }
        batches.extend(stored.iter().map(|b| b.batch.clone()));
        tables.push(JobTable {
            resource: resource.clone(),
            contract: held.spec.contract.clone(),
            fields: fields.clone(),
            objects: stored.iter().map(|b| b.object.clone()).collect(),
        });
    }
    let (sql, purpose) = (job.spec.sql.clone(), grant.spec.purpose.clone());
    Ok(Plan { authorisation: grant.spec.authorisation.clone(), sql, purpose, tables, batches })
}

/// What the job's process is given.
pub(crate) fn input(core: &Core, id: &JobId, plan: &Plan) -> Result<JobInput, NodeError> {
    let root = sealed::objects(core);
    let mut keys = Vec::new();
    for object in plan.tables.iter().flat_map(|t| &t.objects) {
        keys.push(reading_key(core, &root.join(object))?);
    }
    let output_key = core.key(AUTHORISATION_KEY, plan.authorisation.as_str())?;
    keys.push(writing_key(core, &output_key)?);
    Ok(JobInput {
        v: 1,
        deployment: core.cfg.trust.deployment.clone(),
        root,
        sql: plan.sql.clone(),
        purpose: plan.purpose.clone(),
        tables: plan.tables.clone(),
        scope: plan.authorisation.to_string(),
        output: sealed::artefact_object(&plan.authorisation, id),
        output_key,
        memory: core.cfg.limits.job_memory,
        spill: sealed::spill(core),
        thresholds: thresholds(core),
        keys: HandedKeys { suite: core.cfg.trust.suite, keys },
    })
}

/// The pack's thresholds for engine and gate, by name; product defaults stand where the pack has none.
fn thresholds(core: &Core) -> BTreeMap<String, i64> {
    let names =
        ["k.person", "k.enterprise", "k.other", "dominance.largest", "dominance.percent", "dominance.p_percent"];
    names.into_iter().filter_map(|n| Some((n.to_owned(), core.cfg.pack.number(n)?))).collect()
}

/// The one data key that opens this object.
fn reading_key(core: &Core, path: &Path) -> Result<HandedKey, NodeError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(NodeError::io("opening a batch"))?;
    file.take(MAX_HEADER as u64).read_to_end(&mut head).map_err(NodeError::io("opening a batch"))?;
    let header = open_header(&head)?;
    let key = core.cfg.keys.unwrap(&header.key, &header.wrapped)?;
    Ok(HandedKey { id: header.key, wrapped: header.wrapped, key, seals: false })
}

fn writing_key(core: &Core, id: &KeyId) -> Result<HandedKey, NodeError> {
    let (key, wrapped) = core.cfg.keys.data_key(id)?;
    Ok(HandedKey { id: id.clone(), wrapped, key, seals: true })
}

async fn process(core: &Core, id: &JobId, input: JobInput, stop: oneshot::Receiver<()>) -> Result<End, NodeError> {
    let mut child = spawn(&core.cfg.job_command)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { return Ok(End::Died) };
    let mut line =
        crypto::Zeroizing::new(serde_json::to_vec(&input).map_err(|_| NodeError::Config("a job cannot be described"))?);
    drop(input);
    line.push(b'\n');
    let talk = async {
        // Standard input stays open: when this process dies, the child reads its end and dies too.
        stdin.write_all(&line).await?;
        stdin.flush().await?;
        listen(stdout.take(MAX_OUTPUT), |said| core.stages.take(id, said)).await
    };
    let out = tokio::select! {
        out = tokio::time::timeout(core.cfg.limits.job_wall, talk) => out,
        _ = stop => {
            end(&mut child).await;
            return Ok(End::Stopped);
        }
    };
    drop(stdin);
    let Ok(Ok(Some(output))) = out else {
        end(&mut child).await;
        return Ok(End::Died);
    };
    end_of(&mut child).await;
    Ok(End::Output(Box::new(output)))
}

/// Reads lines to the end: stages that are over, rows that are read, then the answer.
async fn listen(
    from: impl tokio::io::AsyncRead + Unpin,
    mut take: impl FnMut(OnTheWay),
) -> std::io::Result<Option<JobOutput>> {
    let mut lines = BufReader::new(from).lines();
    let mut answer = None;
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str::<OnTheWay>(&line) {
            Ok(said) => take(said),
            Err(_) => answer = serde_json::from_str(&line).ok(),
        }
    }
    Ok(answer)
}

fn spawn(command: &[std::ffi::OsString]) -> Result<Child, NodeError> {
    let (program, arguments) = command.split_first().ok_or(NodeError::Config("no command for jobs"))?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // Which cipher opens the records is the deployment's choice for all its processes.
    command.envs(std::env::var_os(BULK_CIPHER_VAR).map(|name| (BULK_CIPHER_VAR, name)));
    command.spawn().map_err(NodeError::io("starting a job's process"))
}

/// Kills the process with everything it started, and waits until it is gone.
async fn end(child: &mut Child) {
    if let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill().await;
}

/// A process that has answered gets a moment to end by itself.
async fn end_of(child: &mut Child) {
    let moment = std::time::Duration::from_secs(5);
    if tokio::time::timeout(moment, child.wait()).await.is_err() {
        end(child).await;
    }
}
