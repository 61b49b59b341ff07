//! Watching and cancelling a job, for the organisation that submitted it.

use super::auth::{Caller, caller_for};
use super::problem::{Fault, Path};
use super::{App, broken};
use crate::node::child::STAGES;
use crate::node::draft::Said;
use crate::node::state::{Phase, State as ZoneState};
use crate::node::{jobs, outcome, refuse};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use model::Refusal;
use model::ids::JobId;
use model::ticket::TicketPurpose;
use serde_json::json;
use std::sync::Arc;

/// `GET /data/v1/jobs/{job}/progress`: state, stage, milliseconds, about how many rows are read of the rows that the job
/// reads, and how long that will go on, in whole seconds. No row is passed over for what it holds; a job that stops early
/// shows here as it shows in its time. Two digits of the numbers are told, so that one record more or less does not show.
pub(crate) async fn progress(
    State(app): State<Arc<App>>,
    Path(job): Path<String>,
    parts: Parts,
) -> Result<Response, Fault> {
    let job = JobId(job);
    let caller = holder(&app, &job, &parts)?;
    let state = app.core.read(|s| {
        let held = own(s, &job, &caller)?;
        Ok::<_, Refusal>(match held {
            Phase::Queued => "queued",
            Phase::Started(_) => "running",
            Phase::Done(_) => "done",
            Phase::Failed(_) => "failed",
        })
    })?;
    let mut body = json!({ "job": job, "state": state, "stages": STAGES });
    if let Some(running) = app.core.stages.of(&job) {
        body["stage"] = json!(running.stage());
        body["over"] = json!(running.over());
        body["ms"] = json!(running.ms());
        if let Some((read, of)) = running.rows() {
            (body["read"], body["of"]) = (json!(about(read)), json!(about(of)));
        }
        body["left_ms"] = json!(running.left_ms().map(|ms| ms.div_ceil(1000) * 1000));
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response())
}

/// A number by its first two digits.
fn about(n: u64) -> u64 {
    let step = 10_u64.pow(n.checked_ilog10().unwrap_or(0).saturating_sub(1));
    n / step * step
}

/// `DELETE /data/v1/jobs/{job}`: the job fails as cancelled; its process is killed at once.
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Path(job): Path<String>,
    parts: Parts,
) -> Result<Response, Fault> {
    let job = JobId(job);
    let caller = holder(&app, &job, &parts)?;
    app.core.read(|s| own(s, &job, &caller).map(|_| ()))?;
    let cancelled = app.core.commit(|draft| match draft.state.jobs.get(&job).filter(|j| jobs::is_open(j)) {
        Some(held) => {
            let mut said = Said::new("cancel_job").case(&held.bound.case).with("job", &job);
            (said.actor, said.org) = (caller.person.clone(), Some(caller.ticket.org.clone()));
            draft.leaf(said)?;
            outcome::job_failed(draft, held, refuse::job_cancelled()).map(|()| true)
        }
        None => Ok(false),
    });
    if !cancelled.map_err(|e| broken(&e))? {
        return Err(refuse::job_over().into());
    }
    app.core.work.notify_one();
    Ok(axum::Json(json!({ "job": job, "state": "failed", "code": refuse::job_cancelled().code })).into_response())
}

fn holder(app: &App, job: &JobId, parts: &Parts) -> Result<Caller, Refusal> {
    caller_for(app, parts, |p| matches!(p, TicketPurpose::Job { job: j } if j == job))
}

/// The job, if the caller's organisation submitted it.
fn own<'s>(state: &'s ZoneState, job: &JobId, caller: &Caller) -> Result<&'s Phase, Refusal> {
    let held = state.jobs.get(job).ok_or_else(refuse::not_found)?;
    if held.spec.author_org == caller.ticket.org { Ok(&held.phase) } else { Err(refuse::ticket_holder()) }
}
