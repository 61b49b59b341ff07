//! The gate report of a job, for those who decide on its release.

use super::auth::caller_for;
use super::problem::{Fault, Path};
use super::{Answer, App, answer, broken};
use crate::node::refuse;
use crate::node::sealed;
use crate::node::state::Phase;
use axum::extract::State;
use axum::response::Response;
use http::request::Parts;
use model::ids::JobId;
use model::ticket::TicketPurpose;
use std::sync::Arc;

/// `GET /data/v1/jobs/{job}/report`
pub(crate) async fn gate_report(
    State(app): State<Arc<App>>,
    Path(job): Path<String>,
    parts: Parts,
) -> Result<Response, Fault> {
    let job = JobId(job);
    let caller = caller_for(&app, &parts, |p| matches!(p, TicketPurpose::GateReport { job: j } if *j == job))?;
    let done = app.core.read(|s| match s.jobs.get(&job).map(|j| &j.phase) {
        Some(Phase::Done(done)) => Some(done.clone()),
        _ => None,
    });
    let done = done.ok_or_else(refuse::not_found)?;
    let body = sealed::gate_report(&app.core, &done).map_err(|e| broken(&e))?;
    let said = Answer {
        kind: "gate_report",
        media: "application/json",
        rows: 0,
        order: None,
        product: None,
        artefact: Some(done.artefact.clone()),
        body,
    };
    answer(&app, &caller, said).await
}
