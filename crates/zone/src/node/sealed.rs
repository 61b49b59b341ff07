//! What the node asks of intake, seal and gate: batches in, artefacts and products out. Object paths are made here and
//! nowhere else: `res/<resource>/…` lies under the resource's key, `auth/<authorisation>/…` under the authorisation's.

use super::core::Core;
use super::endpoint::batch::Progress;
use super::error::NodeError;
use super::record::{JobResult, StoredBatch};
use super::refuse;
use super::state::{Phase, Release, State};
use crate::gate::{self, Clearance, GateReport, Released, Sealed};
use crate::intake::{self, IntakeError, IntakeOptions, ROWS_FILE, SET_ASIDE_FILE};
use crate::seal::{SealedFile, read_artefact, write_artefact, write_sealed};
use bytes::Bytes;
use crypto::open_file;
use model::ids::{AuthorisationId, BatchId, JobId, ProductId};
use model::order::{ResourceSpec, ResourceStopSpec};
use model::{Digest, Refusal};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Purpose of the keys of providers' records.
pub(crate) const RESOURCE_KEY: &str = "resource";
/// Purpose of the keys that end with an authorisation.
pub(crate) const AUTHORISATION_KEY: &str = "authorisation";
/// Purpose of the key that subject tokens are made with.
pub(crate) const SUBJECT_KEY: &str = "subjects";

/// Folder of all objects.
pub(crate) fn objects(core: &Core) -> PathBuf {
    core.cfg.data.join("objects")
}

/// Folder of what jobs spill while they run. Its files have no name and end with the process.
pub(crate) fn spill(core: &Core) -> PathBuf {
    core.cfg.data.join("spill")
}

/// Folder of what lies under an authorisation's key.
pub(crate) fn authorisation_folder(authorisation: &AuthorisationId) -> String {
    authorisation_folder_of(authorisation.as_str())
}

/// The same by the text of its id.
pub(crate) fn authorisation_folder_of(authorisation: &str) -> String {
    format!("auth/{authorisation}")
}

/// Object of a job's artefact.
pub(crate) fn artefact_object(authorisation: &AuthorisationId, job: &JobId) -> String {
    format!("auth/{authorisation}/jobs/{job}.artefact")
}

/// Object of a job's gate report.
pub(crate) fn report_object(authorisation: &AuthorisationId, job: &JobId) -> String {
    format!("auth/{authorisation}/jobs/{job}.report")
}

/// Object of a released product.
pub(crate) fn product_object(authorisation: &AuthorisationId, product: &ProductId) -> String {
    format!("auth/{authorisation}/products/{product}.table")
}

fn place<'a>(core: &'a Core, root: &'a Path, scope: &'a str, object: &'a str) -> SealedFile<'a> {
    SealedFile { root, object, deployment: &core.cfg.trust.deployment, scope, provider: &*core.cfg.keys }
}

fn read_bytes(core: &Core, scope: &str, object: &str) -> Result<Vec<u8>, NodeError> {
    let root = objects(core);
    let file = File::open(root.join(object)).map_err(NodeError::io("opening an object"))?;
    let context = crate::seal::context(&core.cfg.trust.deployment, scope, object);
    let mut bytes = Vec::new();
    let mut stream = open_file(file, &*core.cfg.keys, &context)?.into_stream();
    stream.read_to_end(&mut bytes).map_err(NodeError::io("reading an object"))?;
    Ok(bytes)
}

/// The authorisation and result of a job that left an artefact.
fn finished(state: &State, job: &JobId) -> Option<(AuthorisationId, JobResult)> {
    let job = state.jobs.get(job)?;
    let Phase::Done(done) = &job.phase else { return None };
    Some((state.job_authorisation(job)?.clone(), (**done).clone()))
}

/// The bytes of a job's gate report, as its process made it.
pub(crate) fn gate_report(core: &Core, done: &JobResult) -> Result<Bytes, NodeError> {
    let missing = || NodeError::Config("the job is unknown");
    let (authorisation, _) = core.read(|s| finished(s, &done.job)).ok_or_else(missing)?;
    let object = report_object(&authorisation, &done.job);
    let bytes = read_bytes(core, authorisation.as_str(), &object)?;
    let report: GateReport = crypto::from_canonical(&bytes)?;
    let digest = report.digest(core.cfg.trust.suite)?;
    if digest.to_string() == done.gate_report.0 {
        Ok(bytes.into())
    } else {
        Err(NodeError::Config("a gate report was changed"))
    }
}

/// Keeps a job's gate report.
pub(crate) fn keep_gate_report(
    core: &Core,
    authorisation: &AuthorisationId,
    job: &JobId,
    report: &GateReport,
) -> Result<Digest, NodeError> {
    let key = core.key(AUTHORISATION_KEY, authorisation.as_str())?;
    let bytes = crypto::canonical(report)?;
    let (root, object) = (objects(core), report_object(authorisation, job));
    write_sealed(place(core, &root, authorisation.as_str(), &object), &key, |out| Ok(out.write_all(&bytes)?))?;
    Ok(Digest(report.digest(core.cfg.trust.suite)?.to_string()))
}

/// The clearance of a release whose order this zone has verified.
fn clearance(core: &Core, release: &Release) -> Result<Clearance, Refusal> {
    let suite = core.cfg.trust.suite;
    let (_, done) = core.read(|s| finished(s, &release.spec.job)).ok_or_else(refuse::no_artefact)?;
    let bytes = gate_report(core, &done).map_err(|e| broken(&e))?;
    let report: GateReport = crypto::from_canonical(&bytes).map_err(|_| refuse::broken())?;
    Clearance::new(&release.spec, &report, suite)
}

/// Makes a product's file from the artefact under the release's clearance. The same file again after a crash.
pub(crate) fn release_product(core: &Core, release: &Release) -> Result<(u64, String), Refusal> {
    let (authorisation, done) = core.read(|s| finished(s, &release.spec.job)).ok_or_else(refuse::no_artefact)?;
    let clearance = clearance(core, release)?;
    let root = objects(core);
    let artefact = place(core, &root, authorisation.as_str(), &done.object);
    let (schema, batches) = read_artefact(artefact).map_err(|e| broken(&e.into()))?;
    let sealed = Sealed::reopened(schema, batches, Value::Null);
    let released = gate::release(sealed, &clearance, core.cfg.trust.suite)?;
    let object = product_object(&authorisation, &release.spec.product);
    let key = core.key(AUTHORISATION_KEY, authorisation.as_str()).map_err(|e| broken(&e))?;
    let product = place(core, &root, authorisation.as_str(), &object);
    write_artefact(product, &key, released.schema(), released.batches()).map_err(|e| broken(&e.into()))?;
    let rows = released.batches().iter().map(|b| b.num_rows() as u64).sum();
    Ok((rows, object))
}

/// Opens a product for delivery: through the gate again, so that only what was cleared can be served.
pub(crate) fn open_product(core: &Core, release: &Release) -> Result<Released, Refusal> {
    let ready = release.ready.as_ref().ok_or_else(refuse::not_found)?;
    let authorisation =
        core.read(|s| s.product_authorisation(&release.spec.product).cloned()).ok_or_else(refuse::not_found)?;
    let clearance = clearance(core, release)?;
    let root = objects(core);
    let product = place(core, &root, authorisation.as_str(), &ready.object);
    let (schema, batches) = read_artefact(product).map_err(|e| broken(&e.into()))?;
    gate::release(Sealed::reopened(schema, batches, Value::Null), &clearance, core.cfg.trust.suite)
}

fn broken(e: &NodeError) -> Refusal {
    tracing::error!(error = %e, "a sealed object cannot be used");
    refuse::broken()
}

fn batch_prefix(resource: &str, batch: &str) -> String {
    format!("res/{resource}/{batch}")
}

/// Only a withdrawal destroys a resource's key. A zone that was restored to a state from before it knows of none, but its ring
/// has the tombstone, and no new key takes its place.
fn key_was_destroyed(core: &Core, resource: &str) -> bool {
    let keys = &core.cfg.keys;
    let gone = |k: &crypto::KeyInfo| {
        k.purpose == RESOURCE_KEY && k.scope == resource && k.state == crypto::KeyState::Destroyed
    };
    keys.find(RESOURCE_KEY, resource).is_none() && keys.list().iter().any(gone)
}

/// Streams an upload into sealed objects.
pub(crate) fn store_batch(
    core: &Core,
    spec: &ResourceSpec,
    batch: &BatchId,
    reader: impl Read,
    progress: &Progress,
) -> Result<StoredBatch, Refusal> {
    let contract = crate::contract::Contract::parse(&spec.contract).map_err(|_| refuse::bad_contract())?;
    if key_was_destroyed(core, spec.resource.as_str()) {
        return Err(refuse::withdrawn_since(&ResourceStopSpec {
            resource: spec.resource.clone(),
            provider: spec.provider.clone(),
            ground: String::new(),
            article: core.cfg.pack.article_of("withdraw"),
        }));
    }
    let key = core.key(RESOURCE_KEY, spec.resource.as_str()).map_err(|e| broken(&e))?;
    let token_key = core.key(SUBJECT_KEY, "zone").map_err(|e| broken(&e))?;
    let (root, prefix) = (objects(core), batch_prefix(spec.resource.as_str(), batch.as_str()));
    let options = IntakeOptions {
        provider: &*core.cfg.keys,
        key: &key,
        token_key: &token_key,
        deployment: &core.cfg.trust.deployment,
        resource: spec.resource.as_str(),
        batch: batch.as_str(),
        root: &root,
        prefix: &prefix,
        max_stored: None,
        expected: None,
    };
    let mut seen = |p: intake::Progress| progress.rows.store(p.rows, Ordering::Relaxed);
    let summary = intake::run(reader, &contract, &options, &mut seen).map_err(|e| not_taken(&e))?;
    Ok(StoredBatch {
        resource: spec.resource.clone(),
        batch: batch.clone(),
        rows: summary.rows,
        set_aside_object: (!summary.set_aside.is_empty()).then(|| format!("{prefix}/{SET_ASIDE_FILE}")),
        set_aside: summary.set_aside,
        digest: Digest(summary.digest.to_string()),
        encoding: summary.encoding,
        object: format!("{prefix}/{ROWS_FILE}"),
    })
}

fn not_taken(e: &IntakeError) -> Refusal {
    tracing::warn!(code = e.code(), "an upload was not taken");
    match e {
        IntakeError::Upload(_) => refuse::upload_cut(),
        IntakeError::DiskFull => refuse::storage_full(),
        IntakeError::BatchConflict => refuse::batch_exists(),
        IntakeError::Store(_) | IntakeError::Key(_) | IntakeError::Internal(_) => refuse::broken(),
        // What is wrong with the file itself keeps its own code and both texts.
        fault => fault.refusal(),
    }
}

/// The rows set aside from a batch, for their provider.
pub(crate) fn set_aside(core: &Core, stored: &StoredBatch) -> Result<Bytes, NodeError> {
    match &stored.set_aside_object {
        None => Ok(Bytes::new()),
        Some(object) => Ok(read_bytes(core, stored.resource.as_str(), object)?.into()),
    }
}

/// Removes what killed writers left: staging files and folders, and batches that lie complete but were never answered,
/// because their frame did not become durable. The journal alone says what exists.
pub(crate) fn sweep(root: &Path, state: &State) -> Result<(), NodeError> {
    let io = NodeError::io;
    intake::sweep(root).map_err(io("sweeping leftovers"))?;
    sweep_files(root)?;
    for resource in folders(&root.join("res"))? {
        for batch in folders(&resource)? {
            let name = batch.file_name().map(|n| BatchId(n.to_string_lossy().into_owned()));
            if name.is_none_or(|n| !state.batches.contains_key(&n)) {
                fs::remove_dir_all(&batch).map_err(io("sweeping leftovers"))?;
            }
        }
    }
    Ok(())
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, NodeError> {
    Ok(entries(folder)?.into_iter().filter(|p| p.is_dir()).collect())
}

pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, NodeError> {
    let io = NodeError::io;
    match fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(io("reading a folder")(e)),
        Ok(all) => all.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>().map_err(io("reading a folder")),
    }
}

fn sweep_files(folder: &Path) -> Result<(), NodeError> {
    for path in entries(folder)? {
        if path.is_dir() {
            sweep_files(&path)?;
        } else if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(".staging-")) {
            fs::remove_file(&path).map_err(NodeError::io("sweeping leftovers"))?;
        }
    }
    Ok(())
}
