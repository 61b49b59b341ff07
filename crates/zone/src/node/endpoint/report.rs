//! The gate report of a job, for those who decide on its release. It lies under the authorisation's key and ends with it;
//! while the authorisation is suspended, those who supervise may read on, the operator may not.

use super::auth::caller_for;
use super::problem::{Fault, Path};
use super::{Answer, App, answer, broken};
use crate::node::refuse;
use crate::node::sealed;
use crate::node::state::{Job, Phase, Standing, State as ZoneState};
use axum::extract::State;
use axum::response::Response;
use http::request::Parts;
use model::Refusal;
use model::ids::{JobId, OrgId};
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
    let done = app.core.read(|s| {
        let held = s.jobs.get(&job).ok_or_else(refuse::not_found)?;
        check_standing(s, held, &caller.ticket.org)?;
        match &held.phase {
            Phase::Done(done) => Ok(done.clone()),
            _ => Err(refuse::not_found()),
        }
    })?;
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

fn check_standing(state: &ZoneState, job: &Job, org: &OrgId) -> Result<(), Refusal> {
    match state.job_authorisation(job).and_then(|a| state.standing.get(a)) {
        Some(Standing::Ending { stop, .. } | Standing::Ended(stop)) => Err(refuse::ended(stop)),
        Some(Standing::Suspended(stop)) if job.spec.author_org == *org => Err(refuse::suspended(stop)),
        _ => Ok(()),
    }
}
