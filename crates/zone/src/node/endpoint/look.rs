//! A look at a file before it is catalogued: what its columns are, and the contract that would follow. Nothing of the file
//! is kept; the answer holds counts, never a value.

use super::auth::caller_for;
use super::problem::Fault;
use super::{Answer, App, answer};
use crate::classify::{classify, propose_contract};
use crate::node::refuse;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::Response;
use bytes::Bytes;
use http::Request;
use model::Refusal;
use model::ticket::TicketPurpose;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Largest sample.
const LARGEST: usize = 4 << 20;

/// What the table is to be called.
#[derive(Deserialize)]
pub(crate) struct Named {
    table: String,
}

/// `POST /data/v1/classify?table=NAME`
pub(crate) async fn look(
    State(app): State<Arc<App>>,
    Query(named): Query<Named>,
    request: Request<Body>,
) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let caller = caller_for(&app, &parts, |p| matches!(p, TicketPurpose::Classify {}))?;
    if !is_table_name(&named.table) {
        return Err(refuse::bad_query().into());
    }
    let sample = axum::body::to_bytes(body, LARGEST).await.map_err(|_| refuse::not_a_table())?;
    let found = tokio::task::spawn_blocking(move || found(&sample, &named.table)).await;
    let body = Bytes::from(found.map_err(|_| refuse::broken())??.to_string());
    let said = Answer {
        kind: "classify",
        media: "application/json",
        body,
        rows: 0,
        order: None,
        product: None,
        artefact: None,
    };
    answer(&app, &caller, said).await
}

fn found(sample: &[u8], table: &str) -> Result<Value, Refusal> {
    let report = classify(Path::new(table), sample).map_err(|_| refuse::not_a_table())?;
    let contract = propose_contract(&report, table);
    let mut view = report.to_json();
    view["contract"] = json!(contract.to_yaml());
    view["fields"] = contract
        .table
        .fields
        .iter()
        .map(|f| json!({ "name": f.name, "type": f.logical_type.name(), "class": f.class.map(|c| c.name()) }))
        .collect();
    Ok(view)
}

/// As SQL knows names without quotes.
fn is_table_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c == '_';
    name.len() <= 64 && name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}
