//! Batches: upload, progress, and the rows set aside, for the provider of the resource only.

use super::auth::{Caller, caller_for};
use super::body::{self, BodyReader};
use super::problem::{Fault, Path};
use super::{Answer, App, answer, broken};
use crate::node::core::lock;
use crate::node::draft::Said;
use crate::node::outcome;
use crate::node::record::StoredBatch;
use crate::node::refuse;
use crate::node::resources;
use crate::node::sealed;
use crate::node::state::{Bound, State as ZoneState};
use crate::node::verify::plain_id;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use model::Refusal;
use model::ids::{BatchId, OrgId, PersonId, ResourceId};
use model::order::ResourceSpec;
use model::ticket::TicketPurpose;
use serde_json::json;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far an upload is.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) bytes: AtomicU64,
    pub(crate) rows: AtomicU64,
}

/// Takes the batch off the list of uploads under way, however the upload ends.
struct UnderWay {
    app: Arc<App>,
    batch: BatchId,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.app.uploads).remove(&self.batch);
    }
}

/// What an upload is taken under.
struct Admitted {
    caller: Caller,
    spec: ResourceSpec,
    bound: Bound,
    progress: Arc<Progress>,
    under_way: UnderWay,
}

/// `PUT /data/v1/batches/{batch}`
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Path(batch): Path<String>,
    parts: Parts,
    body: Body,
) -> Result<Response, Fault> {
    let batch = BatchId(batch);
    let Admitted { caller, spec, bound, progress, under_way } = match admit(&app, &batch, &parts).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            body::discard(body);
            return Err(refusal.into());
        }
    };
    let reader = body::reader(body, app.core.cfg.limits.upload_bytes, progress.clone());
    let who = (caller.person.clone(), caller.ticket.org.clone());
    // On its own task: a caller who hangs up after the last byte must not leave a file without its leaf.
    let task = tokio::spawn(async move {
        let under_way = under_way;
        let app = under_way.app.clone();
        let work = move || receive(&app, &spec, &bound, &batch, who, reader, &progress);
        tokio::task::spawn_blocking(work).await
    });
    match task.await {
        Ok(Ok(Ok(stored))) => Ok(stored_answer(&stored)),
        Ok(Ok(Err(refusal))) => Err(refusal.into()),
        _ => Err(refuse::broken().into()),
    }
}

/// Everything that can be said no to before the first byte is read.
async fn admit(app: &Arc<App>, batch: &BatchId, parts: &Parts) -> Result<Admitted, Refusal> {
    let caller = caller_for(app, parts, |p| matches!(p, TicketPurpose::Upload { batch: b, .. } if b == batch))?;
    let TicketPurpose::Upload { resource, .. } = &caller.ticket.purpose else { return Err(refuse::ticket_purpose()) };
    let (spec, bound) = app.core.read(|s| provided(s, resource, &caller.ticket.org))?;
    if !plain_id(batch.as_str()) {
        return Err(refuse::bad_id());
    }
    let progress = Arc::new(Progress::default());
    begin(app, batch, &progress)?;
    let under_way = UnderWay { app: app.clone(), batch: batch.clone() };
    app.core.log_ready().await?;
    Ok(Admitted { caller, spec, bound, progress, under_way })
}

/// One upload of a batch at a time.
fn begin(app: &App, batch: &BatchId, progress: &Arc<Progress>) -> Result<(), Refusal> {
    let mut uploads = lock(&app.uploads);
    if uploads.contains_key(batch) {
        return Err(refuse::batch_busy());
    }
    uploads.insert(batch.clone(), progress.clone());
    Ok(())
}

/// The resource of a ticket, if the caller's organisation provides it.
fn provided(state: &ZoneState, resource: &ResourceId, org: &OrgId) -> Result<(ResourceSpec, Bound), Refusal> {
    let held = state.resources.get(resource).ok_or_else(refuse::not_found)?;
    if &held.spec.provider != org {
        return Err(refuse::ticket_holder());
    }
    resources::usable(state, resource)?;
    Ok((held.spec.clone(), held.bound.clone()))
}

fn receive(
    app: &App,
    spec: &ResourceSpec,
    bound: &Bound,
    batch: &BatchId,
    who: (Option<PersonId>, OrgId),
    reader: BodyReader,
    progress: &Progress,
) -> Result<StoredBatch, Refusal> {
    if let Some(stored) = app.core.read(|s| s.batches.get(batch).cloned()) {
        return same_again(app, spec, stored, reader);
    }
    let stored = sealed::store_batch(&app.core, spec, batch, reader, progress)?;
    let kept = stored.clone();
    let refused = app.core.commit(|draft| match still(draft.state, spec) {
        Ok(()) => outcome::batch_stored(draft, bound, who, kept).map(|()| None),
        Err(refusal) => Ok(Some(refusal)),
    });
    let Some(refusal) = refused.map_err(|e| broken(&e))? else { return Ok(stored) };
    resources::drop_batch(&app.core, &spec.resource, batch.as_str()).map_err(|e| broken(&e))?;
    Err(refusal)
}

/// Whether the resource is as it was when the upload began: not withdrawn or sealed meanwhile, and under the same contract,
/// because another might not read what was stored.
fn still(state: &ZoneState, spec: &ResourceSpec) -> Result<(), Refusal> {
    resources::usable(state, &spec.resource)?;
    let same = state.resources.get(&spec.resource).is_some_and(|held| held.spec == *spec);
    if same { Ok(()) } else { Err(refuse::contract_changed()) }
}

/// A batch that is stored already is answered as before if it is the same, byte for byte.
fn same_again(
    app: &App,
    spec: &ResourceSpec,
    stored: StoredBatch,
    mut reader: BodyReader,
) -> Result<StoredBatch, Refusal> {
    let mut hasher = app.core.cfg.trust.suite.hash_alg().hasher();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => hasher.update(buffer.get(..n).unwrap_or_default()),
            Err(_) => return Err(refuse::upload_cut()),
        }
    }
    let same = stored.resource == spec.resource && stored.digest.0 == hasher.finish().to_string();
    if same { Ok(stored) } else { Err(refuse::batch_exists()) }
}

fn stored_answer(stored: &StoredBatch) -> Response {
    let body = json!({
        "batch": stored.batch,
        "resource": stored.resource,
        "rows": stored.rows,
        "set_aside": stored.set_aside,
        "digest": stored.digest,
        "encoding": stored.encoding,
    });
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// `GET /data/v1/batches/{batch}/progress`
pub(crate) async fn progress(
    State(app): State<Arc<App>>,
    Path(batch): Path<String>,
    parts: Parts,
) -> Result<Response, Fault> {
    let batch = BatchId(batch);
    caller_for(&app, &parts, |p| matches!(p, TicketPurpose::Upload { batch: b, .. } if *b == batch))?;
    let running =
        lock(&app.uploads).get(&batch).map(|p| (p.bytes.load(Ordering::Relaxed), p.rows.load(Ordering::Relaxed)));
    let stored = app.core.read(|s| s.batches.get(&batch).map(|b| b.rows));
    let body = match (running, stored) {
        (_, Some(rows)) => json!({"state": "stored", "rows": rows}),
        (Some((bytes, rows)), None) => json!({"state": "receiving", "bytes": bytes, "rows": rows}),
        (None, None) => json!({"state": "absent"}),
    };
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response())
}

/// `GET /data/v1/batches/{batch}/set-aside`: raw lines, so each look leaves a leaf of its own before the answer.
pub(crate) async fn set_aside(
    State(app): State<Arc<App>>,
    Path(batch): Path<String>,
    parts: Parts,
) -> Result<Response, Fault> {
    let batch = BatchId(batch);
    let caller = caller_for(&app, &parts, |p| matches!(p, TicketPurpose::SetAside { batch: b, .. } if *b == batch))?;
    let TicketPurpose::SetAside { resource, .. } = &caller.ticket.purpose else {
        return Err(refuse::ticket_purpose().into());
    };
    let (_, bound) = app.core.read(|s| provided(s, resource, &caller.ticket.org))?;
    let stored = app.core.read(|s| s.batches.get(&batch).filter(|b| &b.resource == resource).cloned());
    let stored = stored.ok_or_else(refuse::not_found)?;
    leave_leaf(&app, &caller, &bound, &stored).map_err(|e| broken(&e))?;
    app.core.log_ready().await?;
    let rows = stored.set_aside.values().sum();
    let body = sealed::set_aside(&app.core, &stored).map_err(|e| broken(&e))?;
    let said = Answer {
        kind: "set_aside",
        media: "text/csv; charset=utf-8",
        body,
        rows,
        order: None,
        product: None,
        artefact: None,
    };
    answer(&app, &caller, said).await
}

fn leave_leaf(app: &App, caller: &Caller, bound: &Bound, stored: &StoredBatch) -> Result<(), crate::node::NodeError> {
    let mut said = Said::new("read_set_aside").case(&bound.case).object(&stored.digest);
    (said.actor, said.org) = (caller.person.clone(), Some(caller.ticket.org.clone()));
    let said = said.with("batch", &stored.batch).with("ticket", &caller.ticket.id);
    app.core.commit(|draft| draft.leaf(said).map(|_| ()))
}
