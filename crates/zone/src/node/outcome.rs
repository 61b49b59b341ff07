//! What the zone did, as records, leaf and report of one frame. One function per outcome.

use super::draft::{Draft, Said};
use super::error::NodeError;
use super::record::{JobResult, Record, StoredBatch};
use super::resources::Leaving;
use super::state::{Bound, Going, Job, Release};
use crypto::KeyId;
use model::Refusal;
use model::ids::{AuthorisationId, OrgId, PersonId};
use model::order::{ReportOutcome, ResourceStopSpec, StopSpec};

/// A batch lies sealed in the zone; `who` uploaded it.
pub(crate) fn batch_stored(
    draft: &mut Draft<'_>,
    bound: &Bound,
    who: (Option<PersonId>, OrgId),
    batch: StoredBatch,
) -> Result<(), NodeError> {
    let mut said = Said::new("store_batch").case(&bound.case).object(&batch.digest);
    (said.actor, said.org) = (who.0, Some(who.1));
    let said = said.with("resource", &batch.resource).with("batch", &batch.batch);
    draft.push(Record::BatchStored { batch: batch.clone() });
    draft.leaf(said)?;
    let StoredBatch { resource, batch, rows, set_aside, digest, encoding, .. } = batch;
    draft.report(Some(bound), ReportOutcome::BatchStored { resource, batch, rows, set_aside, digest, encoding })
}

/// A job's process starts.
pub(crate) fn job_started(
    draft: &mut Draft<'_>,
    job: &Job,
    batches: Vec<model::ids::BatchId>,
) -> Result<(), NodeError> {
    draft.push(Record::JobStarted { job: job.spec.job.clone(), batches });
    let said = Said::new("start_job").case(&job.bound.case).with("job", &job.spec.job).with("grant", &job.spec.grant);
    draft.leaf(said).map(|_| ())
}

/// A job left a sealed artefact.
pub(crate) fn job_done(draft: &mut Draft<'_>, job: &Job, done: JobResult) -> Result<(), NodeError> {
    let said = Said::new("finish_job").case(&job.bound.case).object(&done.artefact);
    let said = said.with("job", &job.spec.job).with("gate_report", &done.gate_report).with("verdict", &done.verdict);
    draft.push(Record::JobDone { done: Box::new(done.clone()) });
    draft.leaf(said)?;
    let JobResult { job: id, artefact, rows, verdict, gate_report, lineage, figures, .. } = done;
    let outcome = ReportOutcome::JobDone { job: id, artefact, rows, verdict, gate_report, lineage, figures };
    draft.report(Some(&job.bound), outcome)
}

/// A job ended without an artefact.
pub(crate) fn job_failed(draft: &mut Draft<'_>, job: &Job, refusal: Refusal) -> Result<(), NodeError> {
    draft.push(Record::JobFailed { job: job.spec.job.clone(), refusal: refusal.clone() });
    let said = Said::new("fail_job").case(&job.bound.case).with("job", &job.spec.job).refused(&refusal);
    draft.leaf(said)?;
    draft.report(Some(&job.bound), ReportOutcome::JobFailed { job: job.spec.job.clone(), refusal })
}

/// A product's file lies ready.
pub(crate) fn released(draft: &mut Draft<'_>, release: &Release, rows: u64, object: String) -> Result<(), NodeError> {
    let (product, job, artefact) =
        (release.spec.product.clone(), release.spec.job.clone(), release.spec.artefact.clone());
    let said = Said::new("release_product").case(&release.bound.case).object(&artefact);
    let said = said.with("product", &product).with("job", &job).with("gate_report", &release.spec.gate_report);
    draft.push(Record::Released { product: product.clone(), job, artefact: artefact.clone(), rows, object });
    draft.leaf(said)?;
    draft.report(Some(&release.bound), ReportOutcome::Released { product, artefact, rows })
}

/// An authorisation's keys and objects are gone.
pub(crate) fn destroyed(draft: &mut Draft<'_>, bound: &Bound, stop: &StopSpec, going: Going) -> Result<(), NodeError> {
    let Going { keys, objects, what } = going;
    let authorisation: AuthorisationId = stop.authorisation.clone();
    let said = Said::new("destroy_authorisation").case(&bound.case).article(&stop.article);
    let said = said.with("authorisation", &authorisation).with("keys", keys.len()).with("objects", objects);
    let said = match &what {
        None => said,
        Some(what) => what.kinds.iter().fold(said.with("list", &what.list), |s, (kind, n)| s.with(kind, n)),
    };
    draft.push(Record::Destroyed { authorisation: authorisation.clone() });
    draft.leaf(said)?;
    draft.report(Some(bound), ReportOutcome::Destroyed { authorisation, keys, objects, what })
}

/// A resource's keys and records are gone.
pub(crate) fn resource_destroyed(
    draft: &mut Draft<'_>,
    bound: &Bound,
    stop: &ResourceStopSpec,
    leaving: Leaving,
) -> Result<(), NodeError> {
    let Leaving { keys, objects, what } = leaving;
    let said = settled(draft, "destroy_resource", bound, stop).with("keys", keys.len()).with("objects", objects);
    let said = what.kinds.iter().fold(said.with("list", &what.list), |s, (kind, n)| s.with(kind, n));
    draft.leaf(said)?;
    let resource = stop.resource.clone();
    draft.report(Some(bound), ReportOutcome::ResourceDestroyed { resource, keys, objects, what })
}

/// A resource's keys are sealed away.
pub(crate) fn resource_sealed(
    draft: &mut Draft<'_>,
    bound: &Bound,
    stop: &ResourceStopSpec,
    keys: &[KeyId],
) -> Result<(), NodeError> {
    let said = settled(draft, "seal_resource", bound, stop).with("keys", keys.len());
    draft.leaf(said)?;
    let (resource, keys) = (stop.resource.clone(), keys.iter().map(ToString::to_string).collect());
    draft.report(Some(bound), ReportOutcome::ResourceSealed { resource, keys })
}

/// The keepers opened a resource's keys.
pub(crate) fn resource_unsealed(
    draft: &mut Draft<'_>,
    bound: &Bound,
    stop: &ResourceStopSpec,
    keys: &[KeyId],
) -> Result<(), NodeError> {
    let said = settled(draft, "unseal_resource", bound, stop).with("keys", keys.len());
    draft.leaf(said)?;
    let (resource, keys) = (stop.resource.clone(), keys.iter().map(ToString::to_string).collect());
    draft.report(Some(bound), ReportOutcome::ResourceUnsealed { resource, keys })
}

fn settled(draft: &mut Draft<'_>, kind: &'static str, bound: &Bound, stop: &ResourceStopSpec) -> Said {
    draft.push(Record::ResourceSettled { resource: stop.resource.clone() });
    Said::new(kind).case(&bound.case).article(&stop.article).with("resource", &stop.resource)
}
