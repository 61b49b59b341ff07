//! Previews: rows in the shape of a granted table, made from its contract alone. No record is read: what a preview
//! shows can tell nothing about anybody.

use super::auth::caller_for;
use super::problem::Fault;
use super::{Answer, App, answer};
use crate::contract::{Class, Contract, Field, Grid, LogicalType};
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
    let rows: Vec<Value> = (0..ROWS).map(|n| fields.iter().map(|f| made_up(f, n)).collect()).collect();
    json!({"synthetic": true, "table": contract.table.name, "columns": columns, "rows": rows})
}

fn made_up(field: &Field, n: u64) -> Value {
    let spread = spread(&field.name, n);
    match field.logical_type {
        LogicalType::Boolean => Value::Bool(spread.is_multiple_of(2)),
        LogicalType::Integer if matches!(field.class, Some(Class::Key | Class::Rid)) => json!(1000 + n),
        LogicalType::Integer => json!(on_grid(field, spread) as i64),
        LogicalType::Number => json!(on_grid(field, spread)),
        LogicalType::Date => Value::String(date(field, spread)),
        LogicalType::Timestamp => Value::String(format!("{}T{:02}:00:00", date(field, spread), spread % 24)),
        LogicalType::String if matches!(field.class, Some(Class::Key | Class::Rid)) => json!(format!("SYN{n:05}")),
        LogicalType::String => json!(format!("样例{}", spread % 5 + 1)),
    }
}

/// A number that looks arbitrary and is the same every time; it comes from the field's name, never from a record.
fn spread(name: &str, n: u64) -> u64 {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

fn on_grid(field: &Field, spread: u64) -> f64 {
    let step = match field.grid {
        Some(Grid::Number(step)) if step > 0.0 => step,
        _ => 1.0,
    };
    let (low, high) = field.clamp.unwrap_or((0.0, step * 100.0));
    let steps = ((high - low) / step).floor().clamp(1.0, 1e6) as u64;
    low + step * (spread % (steps + 1)) as f64
}

fn date(field: &Field, spread: u64) -> String {
    let (year, month, day) = (1950 + spread % 70, 1 + spread / 7 % 12, 1 + spread / 11 % 28);
    match field.grid {
        Some(Grid::Year) => format!("{year}-01-01"),
        Some(Grid::Quarter | Grid::Month) => format!("{year}-{month:02}-01"),
        _ => format!("{year}-{month:02}-{day:02}"),
    }
}
