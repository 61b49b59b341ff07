//! Previews: rows in the shape of a granted table, made from its contract alone. No record is read: what a preview
//! shows can tell nothing about anybody.

use super::auth::caller_for;
use super::problem::Fault;
use super::{Answer, App, answer};
use crate::contract::{Class, Contract, Field};
use crate::made_up;
use crate::node::refuse;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use model::Refusal;
use model::ids::GrantId;
use model::ticket::TicketPurpose;
use serde_json::{Value, json};
use std::sync::Arc;

const ROWS: u64 = 20;

/// `GET /data/v1/grants/{grant}/preview/{table}`
pub(crate) async fn preview(
    State(app): State<Arc<App>>,
    Path((grant, table)): Path<(String, String)>,
    parts: Parts,
) -> Result<Response, Fault> {
    let grant = GrantId(grant);
    let caller = caller_for(&app, &parts, |p| matches!(p, TicketPurpose::Preview { grant: g } if *g == grant))?;
    let now = app.core.time.now();
    let (contract, fields) = app.core.read(|s| {
        let held = s.grants.get(&grant).ok_or_else(refuse::not_found)?;
        if held.spec.operator != caller.ticket.org {
            return Err(refuse::ticket_holder());
        }
        app.core.leases.check_grant(s, &grant, now)?;
        let fields = held.spec.fields.get(&table).cloned().ok_or_else(refuse::not_found)?;
        let mut resources = held.spec.resources.keys().filter_map(|r| s.resources.get(r));
        let resource = resources.find(|r| r.spec.table == table).ok_or_else(refuse::not_found)?;
        Ok::<_, Refusal>((resource.spec.contract.clone(), fields))
    })?;
    let contract = Contract::parse(&contract).map_err(|_| refuse::bad_contract())?;
    let body = Bytes::from(synthetic(&contract, &fields).to_string());
    let said = Answer {
        kind: "preview",
        media: "application/json",
        body,
        rows: ROWS,
        order: None,
        product: None,
        artefact: None,
    };
    answer(&app, &caller, said).await
}

/// Made-up rows of the granted fields; locked fields are left out.
fn synthetic(contract: &Contract, granted: &[String]) -> Value {
    let shown = |f: &&Field| granted.contains(&f.name) && !matches!(f.class, None | Some(Class::Lock));
    let fields: Vec<&Field> = contract.table.fields.iter().filter(shown).collect();
    let columns: Vec<Value> =
        fields.iter().map(|f| json!({"name": f.name, "class": f.class.map(Class::name)})).collect();
    let rows: Vec<Value> = (0..ROWS).map(|n| fields.iter().map(|f| made_up::value(f, n)).collect()).collect();
    json!({"synthetic": true, "table": contract.table.name, "columns": columns, "rows": rows})
}
