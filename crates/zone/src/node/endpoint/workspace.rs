//! The workspace of an operator's engineer: contracts of the granted tables, the verdict on a query as it is typed, and a
//! rehearsal on made-up records. No record is read, so nothing here needs a review.

use super::auth::caller_for;
use super::problem::Fault;
use super::{Answer, App, answer};
use crate::contract::{Class, Contract, Field};
use crate::engine;
use crate::node::{refuse, run};
use crate::purpose::Purpose;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::Request;
use http::request::Parts;
use model::Refusal;
use model::ids::GrantId;
use model::ticket::TicketPurpose;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Longest query text with its JSON around it.
const LONGEST: usize = 256 << 10;

/// A query as it stands in the editor.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    sql: String,
}

/// `GET /data/v1/grants/{grant}/contracts`: the granted tables with the class of each field; no field that was not granted.
pub(crate) async fn contracts(
    State(app): State<Arc<App>>,
    Path(grant): Path<String>,
    parts: Parts,
) -> Result<Response, Fault> {
    let grant = GrantId(grant);
    let caller = caller_for(&app, &parts, |p| matches!(p, TicketPurpose::Preview { grant: g } if *g == grant))?;
    let (contracts, purpose) = opened(&app, &grant, caller.ticket.org.as_str())?;
    let tables: Vec<Value> = contracts.iter().map(table).collect();
    let body = json!({ "tables": tables, "joins": purpose.joins, "thresholds": purpose.thresholds });
    said(&app, &caller, "contracts", &body).await
}

/// `POST /data/v1/grants/{grant}/check`: the static verdict with the place in the text and the lineage.
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    Path(grant): Path<String>,
    request: Request<Body>,
) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let grant = GrantId(grant);
    let caller = caller_for(&app, &parts, |p| matches!(p, TicketPurpose::Preview { grant: g } if *g == grant))?;
    let (contracts, purpose) = opened(&app, &grant, caller.ticket.org.as_str())?;
    let sql = query(body).await?;
    // Planning is work for a thread of its own: a long query must not hold other calls up.
    let verdict = tokio::task::spawn_blocking(move || engine::check(&sql, &contracts, &purpose)).await;
    let verdict = verdict.map_err(|_| refuse::broken())?;
    said(&app, &caller, "check", &json!(verdict)).await
}

/// `POST /data/v1/grants/{grant}/try`: the answer over made-up records.
pub(crate) async fn rehearse(
    State(app): State<Arc<App>>,
    Path(grant): Path<String>,
    request: Request<Body>,
) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let grant = GrantId(grant);
    let caller = caller_for(&app, &parts, |p| matches!(p, TicketPurpose::Preview { grant: g } if *g == grant))?;
    let (contracts, purpose) = opened(&app, &grant, caller.ticket.org.as_str())?;
    let sql = query(body).await?;
    let done = engine::rehearse(&contracts, &purpose, &sql).await.map_err(|e| match e {
        engine::RunError::TooLarge | engine::RunError::TooLong => refuse::query_too_large(),
        engine::RunError::Failed => refuse::query_failed(),
    })?;
    let mut body = done.to_json();
    body["synthetic"] = json!(true);
    said(&app, &caller, "rehearse", &body).await
}

async fn query(body: Body) -> Result<String, Refusal> {
    let bytes = axum::body::to_bytes(body, LONGEST).await.map_err(|_| refuse::bad_query())?;
    let query: Query = serde_json::from_slice(&bytes).map_err(|_| refuse::bad_query())?;
    Ok(query.sql)
}

/// The contracts of a live grant of this operator, with what was not granted locked, and its purpose.
fn opened(app: &App, grant: &GrantId, org: &str) -> Result<(Vec<Contract>, Purpose), Refusal> {
    let now = app.core.time.now();
    let (tables, purpose) = app.core.read(|s| {
        let held = s.grants.get(grant).ok_or_else(refuse::not_found)?;
        if held.spec.operator.as_str() != org {
            return Err(refuse::ticket_holder());
        }
        app.core.leases.check_grant(s, grant, now)?;
        let resources = held.spec.resources.keys().filter_map(|r| s.resources.get(r));
        let tables: Vec<(String, Vec<String>)> = resources
            .filter_map(|r| Some((r.spec.contract.clone(), held.spec.fields.get(&r.spec.table)?.clone())))
            .collect();
        Ok((tables, held.spec.purpose.clone()))
    })?;
    let contracts = tables.iter().map(|(text, fields)| run::granted(text, fields)).collect::<Result<Vec<_>, _>>()?;
    Ok((contracts, run::with_floor(&purpose, |name| app.core.cfg.pack.number(name))?))
}

fn table(contract: &Contract) -> Value {
    let open = contract.table.fields.iter().filter(|f| !matches!(f.class, None | Some(Class::Lock)));
    json!({ "table": contract.table.name, "fields": open.map(field).collect::<Vec<Value>>() })
}

fn field(field: &Field) -> Value {
    json!({
        "name": field.name, "type": field.logical_type.name(), "class": field.class.map(Class::name),
        "domain": field.domain, "description": field.description,
    })
}

async fn said(app: &App, caller: &super::auth::Caller, kind: &'static str, body: &Value) -> Result<Response, Fault> {
    let body = Bytes::from(body.to_string());
    let said = Answer { kind, media: "application/json", body, rows: 0, order: None, product: None, artefact: None };
    answer(app, caller, said).await
}
