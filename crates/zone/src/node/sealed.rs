//! What the node asks of intake, seal and gate: batches in, artefacts and products out. Object paths are made here and
//! nowhere else: `res/<resource>/…` lies under the resource's key, `auth/<authorisation>/…` under the authorisation's.

use super::core::Core;
use super::endpoint::batch::Progress;
use super::error::NodeError;
use super::record::{JobResult, StoredBatch};
use super::refuse;
use super::state::{Phase, Release, State};
use super::vault::Vault;
use crate::gate::{self, Clearance, GateReport, Released, Sealed};
use bytes::Bytes;
use model::ids::{AuthorisationId, BatchId, JobId, ProductId};
use model::order::ResourceSpec;
use model::{Digest, Refusal};
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;

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

/// Folder of what lies under an authorisation's key.
pub(crate) fn authorisation_folder(authorisation: &AuthorisationId) -> String {
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

fn vault<T>(core: &Core, work: impl FnOnce(&Vault<'_>) -> Result<T, NodeError>) -> Result<T, NodeError> {
    let root = objects(core);
    work(&Vault { root: &root, deployment: &core.cfg.trust.deployment, keys: &*core.cfg.keys })
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
    let bytes = vault(core, |v| v.read(authorisation.as_str(), &object))?;
    let report: GateReport = crypto::from_canonical(&bytes)?;
    let digest = report.digest(core.cfg.trust.suite)?;
    if digest.to_string() == done.gate_report.0 { Ok(bytes.into()) } else { Err(NodeError::Config("a gate report was changed")) }
}

/// Keeps a job's gate report.
pub(crate) fn keep_gate_report(core: &Core, authorisation: &AuthorisationId, job: &JobId, report: &GateReport) -> Result<Digest, NodeError> {
    let key = core.key(AUTHORISATION_KEY, authorisation.as_str())?;
    let bytes = crypto::canonical(report)?;
    vault(core, |v| v.write(authorisation.as_str(), &key, &report_object(authorisation, job), &bytes))?;
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
    let (schema, batches) = vault(core, |v| v.read_table(authorisation.as_str(), &done.object)).map_err(|e| broken(&e))?;
    let sealed = Sealed::reopened(schema, batches, Value::Null);
    let released = gate::release(sealed, &clearance, core.cfg.trust.suite)?;
    let object = product_object(&authorisation, &release.spec.product);
    let key = core.key(AUTHORISATION_KEY, authorisation.as_str()).map_err(|e| broken(&e))?;
    let place = (authorisation.as_str(), &key, object.as_str());
    vault(core, |v| v.write_table(place, released.schema(), released.batches())).map_err(|e| broken(&e))?;
    let rows = released.batches().iter().map(|b| b.num_rows() as u64).sum();
    Ok((rows, object))
}

/// Opens a product for delivery: through the gate again, so that only what was cleared can be served.
pub(crate) fn open_product(core: &Core, release: &Release) -> Result<Released, Refusal> {
    let ready = release.ready.as_ref().ok_or_else(refuse::not_found)?;
    let authorisation = core.read(|s| s.product_authorisation(&release.spec.product).cloned()).ok_or_else(refuse::not_found)?;
    let clearance = clearance(core, release)?;
    let (schema, batches) = vault(core, |v| v.read_table(authorisation.as_str(), &ready.object)).map_err(|e| broken(&e))?;
    gate::release(Sealed::reopened(schema, batches, Value::Null), &clearance, core.cfg.trust.suite)
}

fn broken(e: &NodeError) -> Refusal {
    tracing::error!(error = %e, "a sealed object cannot be used");
    refuse::broken()
}

/// Streams an upload into sealed objects.
pub(crate) fn store_batch(
    core: &Core,
    spec: &ResourceSpec,
    batch: &BatchId,
    reader: impl Read,
    progress: &Progress,
) -> Result<StoredBatch, Refusal> {
    super::receive::store_batch(core, spec, batch, reader, progress)
}

/// The rows set aside from a batch, for their provider.
pub(crate) fn set_aside(core: &Core, stored: &StoredBatch) -> Result<Bytes, NodeError> {
    super::receive::set_aside(core, stored)
}
