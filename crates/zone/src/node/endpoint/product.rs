//! Product answers: the released file, and rows of it by equality on released columns. Every answer is made from a
//! `Released` that the gate gave out under the release order, so that nothing else can be served.

use super::auth::{Caller, caller_for};
use super::problem::{Fault, Path};
use super::{Answer, App, answer, answer_with, broken, watched};
use crate::gate::Released;
use crate::node::core::lock;
use crate::node::refuse;
use crate::node::render;
use crate::node::sealed;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use model::Refusal;
use model::ids::{OrderId, ProductId};
use model::ticket::{TicketHolder, TicketPurpose};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Cells that opened products may hold together before all are forgotten.
const CACHED_CELLS: usize = 4_000_000;

/// Products opened lately. Emptied when anything about products changes.
#[derive(Default)]
pub(crate) struct Cache {
    open: Mutex<BTreeMap<ProductId, Arc<Released>>>,
}

impl Cache {
    fn get(&self, product: &ProductId) -> Option<Arc<Released>> {
        lock(&self.open).get(product).cloned()
    }

    fn put(&self, product: &ProductId, released: &Arc<Released>) {
        let cells = |r: &Released| r.batches().iter().map(|b| b.num_rows() * b.num_columns()).sum::<usize>();
        let mut open = lock(&self.open);
        if open.values().map(|r| cells(r)).sum::<usize>() + cells(released) > CACHED_CELLS {
            open.clear();
        }
        if cells(released) <= CACHED_CELLS {
            open.insert(product.clone(), released.clone());
        }
    }

    /// Forgets everything, as before destruction.
    pub(crate) fn clear(&self) {
        lock(&self.open).clear();
    }
}

/// `GET /data/v1/products/{product}/file?format=csv|parquet`
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    Path(product): Path<String>,
    parts: Parts,
) -> Result<Response, Fault> {
    let product = ProductId(product);
    let (caller, order) = consumer(&app, &product, &parts)?;
    let format = match query(&parts)?.as_slice() {
        [] => "csv",
        [(name, value)] if name == "format" && value == "csv" => "csv",
        [(name, value)] if name == "format" && value == "parquet" => "parquet",
        _ => return Err(refuse::bad_query().into()),
    };
    let released = open(&app, &product).await?;
    let rows = released.batches().iter().map(|b| b.num_rows() as u64).sum();
    let artefact = Some(model::Digest(released.digest().to_string()));
    let rendered = tokio::task::spawn_blocking(move || match format {
        "csv" => render::csv(&released),
        _ => render::parquet(&released),
    });
    let body = rendered.await.map_err(|_| refuse::broken())?.map_err(|e| broken(&e))?;
    let media = if format == "csv" { "text/csv; charset=utf-8" } else { "application/vnd.apache.parquet" };
    // Once more, after the work: a suspension in between holds.
    in_force(&app, &product, &order, &caller)?;
    let body = Bytes::from(body);
    let said = Answer {
        kind: "product_file",
        media,
        body: body.clone(),
        rows,
        order: Some(order.clone()),
        product: Some(product.clone()),
        artefact,
    };
    let (length, shared, whose) = (body.len(), app.clone(), caller.clone());
    let watched = watched::body(body, move || in_force(&shared, &product, &order, &whose).is_ok());
    let mut out = answer_with(&app, &caller, said, watched).await?;
    out.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(out)
}

/// `GET /data/v1/products/{product}/rows?field=value&limit=&after=`
pub(crate) async fn rows(
    State(app): State<Arc<App>>,
    Path(product): Path<String>,
    parts: Parts,
) -> Result<Response, Fault> {
    let product = ProductId(product);
    let (caller, order) = consumer(&app, &product, &parts)?;
    let page = page(&app, query(&parts)?)?;
    let released = open(&app, &product).await?;
    let names: Vec<String> = released.schema().fields().iter().map(|f| f.name().clone()).collect();
    if page.equal.iter().any(|(name, _)| !names.contains(name)) {
        return Err(refuse::bad_query().into());
    }
    let artefact = model::Digest(released.digest().to_string());
    let found = tokio::task::spawn_blocking(move || render::rows(&released, &page.equal, page.after, page.limit));
    let (rows, next) = found.await.map_err(|_| refuse::broken())?.map_err(|e| broken(&e))?;
    let count = rows.len() as u64;
    let body = json!({"columns": names, "rows": rows, "next": next, "artefact": artefact});
    in_force(&app, &product, &order, &caller)?;
    let said = Answer {
        kind: "product_rows",
        media: "application/json",
        body: Bytes::from(body.to_string()),
        rows: count,
        order: Some(order),
        product: Some(product),
        artefact: Some(artefact),
    };
    answer(&app, &caller, said).await
}

/// The caller and the order that pays, if the ticket is for this product, the order is the consumer's and everything is
/// in force.
fn consumer(app: &App, product: &ProductId, parts: &Parts) -> Result<(Caller, OrderId), Refusal> {
    let caller = caller_for(app, parts, |p| matches!(p, TicketPurpose::Product { product: x, .. } if x == product))?;
    let TicketPurpose::Product { order, .. } = &caller.ticket.purpose else { return Err(refuse::ticket_purpose()) };
    let order = order.clone();
    in_force(app, product, &order, &caller)?;
    Ok((caller, order))
}

fn in_force(app: &App, product: &ProductId, order: &OrderId, caller: &Caller) -> Result<(), Refusal> {
    let now = app.core.time.now();
    app.core.read(|s| {
        let recipient = &s.recipients.get(order).ok_or_else(refuse::not_found)?.spec;
        if &recipient.product != product || recipient.consumer != caller.ticket.org {
            return Err(refuse::ticket_holder());
        }
        // The key is the one that the verified order named, whatever the ticket says.
        if matches!(&caller.ticket.holder, TicketHolder::AccessKey { digest } if *digest != recipient.access_key) {
            return Err(refuse::ticket_holder());
        }
        if s.releases.get(product).is_none_or(|r| r.ready.is_none()) {
            return Err(refuse::not_found());
        }
        let authorisation = s.product_authorisation(product).ok_or_else(refuse::not_found)?;
        app.core.leases.check(s, authorisation, now)?;
        app.core.leases.check_delivery(s, order, now)?;
        if now < recipient.until { Ok(()) } else { Err(refuse::recipient_ended()) }
    })
}

async fn open(app: &Arc<App>, product: &ProductId) -> Result<Arc<Released>, Refusal> {
    if let Some(open) = app.products.get(product) {
        return Ok(open);
    }
    app.core.log_ready().await?;
    let release = app.core.read(|s| s.releases.get(product).cloned()).ok_or_else(refuse::not_found)?;
    let shared = app.clone();
    let opened = tokio::task::spawn_blocking(move || sealed::open_product(&shared.core, &release)).await;
    let released = Arc::new(opened.map_err(|_| refuse::broken())??);
    app.products.put(product, &released);
    Ok(released)
}

struct Page {
    equal: Vec<(String, String)>,
    limit: usize,
    after: usize,
}

fn page(app: &App, query: Vec<(String, String)>) -> Result<Page, Refusal> {
    let most = app.core.cfg.limits.rows;
    let mut page = Page { equal: Vec::new(), limit: most.min(100), after: 0 };
    for (name, value) in query {
        let number = || value.parse::<usize>().map_err(|_| refuse::bad_query());
        match name.as_str() {
            "limit" => page.limit = number()?.clamp(1, most),
            "after" => page.after = number()?,
            _ => page.equal.push((name, value)),
        }
    }
    Ok(page)
}

/// Query parameters, percent-decoded, in order.
fn query(parts: &Parts) -> Result<Vec<(String, String)>, Refusal> {
    let text = parts.uri.query().unwrap_or_default();
    text.split('&')
        .filter(|p| !p.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        })
        .collect()
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match b {
            b'+' => out.push(b' '),
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).ok_or_else(refuse::bad_query);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                out.push(u8::try_from(high * 16 + low).map_err(|_| refuse::bad_query())?);
            }
            b => out.push(b),
        }
    }
    String::from_utf8(out).map_err(|_| refuse::bad_query())
}
