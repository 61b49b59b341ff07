//! Catalogue, authorisations, grants, jobs, products, orders.

use super::oversees;
use super::refs::refs;
use crate::App;
use crate::error::{AppError, AppResult};
use crate::funnel::Actor;
use crate::reports::{JobResult, StoredReport};
use crate::resources::OpenBatch;
use model::case::Case;
use model::ids::{AuthorisationId, OrderId};
use model::order::ReportOutcome;
use model::record::{
    Authorisation, Batch, Certificate, ConsumerOrder, Grant, Job, JobState, Meter, Product, ProductState, Resource,
    ResourceCertificate, Scenario,
};
use model::{Entity, Refusal, Timestamp, check_usable};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::Filter;

async fn own<T: Entity>(app: &App, actor: &Actor) -> AppResult<Vec<T>> {
    let org = (!oversees(actor)).then(|| actor.org.to_string());
    Ok(app.store.list(&Filter { org, ..Filter::default() }).await?)
}

/// The master catalogue; the dictionary is for everyone who is signed in. What may never be authorised for operation is
/// for its provider and for those that oversee.
pub async fn resources(app: &App, actor: &Actor) -> AppResult<Value> {
    let rows: Vec<Resource> = app.store.list(&Filter::default()).await?;
    let list: Vec<Value> = rows
        .iter()
        .filter(|r| sees_resource(actor, r))
        .map(|r| {
            json!({
                "id": r.id, "table": r.spec.table, "provider": r.provider, "grade": r.grade, "excluded": r.excluded,
                "state": r.state, "contract_digest": r.spec.contract_digest, "at": r.at,
            })
        })
        .collect();
    Ok(json!({ "resources": list }))
}

/// One resource with its contract.
pub async fn resource(app: &App, actor: &Actor, id: &str) -> AppResult<Value> {
    let row: Option<Resource> = app.store.get(id).await?;
    let row = row.filter(|r| sees_resource(actor, r)).ok_or(AppError::NotFound("resource"))?;
    let mut view = json!(row);
    view["refs"] = refs(app, actor, &json!({ "case": row.case }), &row.provider).await?;
    if row.provider == actor.org || oversees(actor) {
        let cases = crate::resources::cases_of(&app.store, &row).await?;
        let version =
            |c: &Case| json!({ "case": c.id, "contract_digest": c.text("contract_digest"), "at": c.entered_at });
        view["versions"] = cases.iter().map(version).collect();
    }
    // What was destroyed, sealed or unsealed, with ids and digests only: for whoever sees the resource.
    let mut certificates: Vec<ResourceCertificate> = app.store.list(&Filter::of(id)).await?;
    certificates.sort_by_key(|c| c.report);
    view["certificates"] = json!(certificates);
    let mut unsealing = false;
    for filter in crate::resources::unsealings(&app.pack) {
        let waiting: Vec<Case> = app.store.list(&filter).await?;
        unsealing |= waiting.iter().any(|c| c.text("resource") == Some(id));
    }
    view["unsealing_ordered"] = json!(unsealing);
    Ok(view)
}

pub(super) fn sees_resource(actor: &Actor, resource: &Resource) -> bool {
    !resource.excluded || resource.provider == actor.org || oversees(actor)
}

/// Batches of a resource, announced and stored.
pub async fn batches(app: &App, actor: &Actor, id: &str) -> AppResult<Value> {
    let row: Resource = app.store.get(id).await?.ok_or(AppError::NotFound("resource"))?;
    if row.provider != actor.org && !oversees(actor) {
        return Err(AppError::NotFound("resource"));
    }
    let opened: Vec<OpenBatch> = app.store.list(&Filter::of(id)).await?;
    let stored: Vec<Batch> = app.store.list(&Filter::of(id)).await?;
    Ok(json!({ "opened": opened, "stored": stored }))
}

/// Authorisations.
pub async fn authorisations(app: &App, actor: &Actor) -> AppResult<Value> {
    let now = app.now();
    let rows: Vec<Authorisation> = own(app, actor).await?;
    let list: Vec<Value> = rows
        .iter()
        .map(|a| {
            let mut v = json!(a);
            v["state_now"] = json!(a.state_at(now));
            v
        })
        .collect();
    Ok(json!({ "authorisations": list }))
}

/// Authorisations that permit work now; what a lease names.
pub async fn authorisations_in_force(app: &App, now: Timestamp) -> AppResult<Vec<AuthorisationId>> {
    let active = Filter { state: Some("active".to_owned()), ..Filter::default() };
    let rows: Vec<Authorisation> = app.store.list(&active).await?;
    Ok(rows.into_iter().filter(|a| a.in_force(now)).map(|a| a.id).collect())
}

/// Deliveries that ended before their term, by the order's end or the product's withdrawal, until that term is over.
pub async fn deliveries_ended(app: &App, now: Timestamp) -> AppResult<Vec<OrderId>> {
    let ended = Filter { state: Some("ended".to_owned()), ..Filter::default() };
    let mut orders: Vec<ConsumerOrder> = app.store.list(&ended).await?;
    let withdrawn = Filter { state: Some("withdrawn".to_owned()), ..Filter::default() };
    for product in app.store.list::<Product>(&withdrawn).await? {
        orders.extend(app.store.list::<ConsumerOrder>(&Filter::of(product.id.as_str())).await?);
    }
    let running = orders.into_iter().filter(|o| now < o.spec.until).map(|o| o.id);
    Ok(running.collect::<BTreeSet<OrderId>>().into_iter().collect())
}

/// Grants.
pub async fn grants(app: &App, actor: &Actor) -> AppResult<Value> {
    Ok(json!({ "grants": own::<Grant>(app, actor).await? }))
}

/// Jobs.
pub async fn jobs(app: &App, actor: &Actor) -> AppResult<Value> {
    Ok(json!({ "jobs": own::<Job>(app, actor).await? }))
}

/// One job with what the zone reported.
pub async fn job(app: &App, actor: &Actor, id: &str) -> AppResult<Value> {
    let row: Job = app.store.get(id).await?.ok_or(AppError::NotFound("job"))?;
    if !sees_job(app, actor, &row).await? {
        return Err(AppError::NotFound("job"));
    }
    let result: Option<JobResult> = app.store.get(id).await?;
    let case: Option<Case> = app.store.get(row.case.as_str()).await?;
    let reports: Vec<StoredReport> = app.store.list(&Filter::of(row.case.as_str())).await?;
    let ended = |r: &&StoredReport| {
        matches!(r.report.body.outcome, ReportOutcome::JobDone { .. } | ReportOutcome::JobFailed { .. })
    };
    let mut view = json!(row);
    view["result"] = json!(result);
    view["ordered_at"] = json!(case.filter(|_| row.state != JobState::Submitted).map(|c| c.entered_at));
    view["done_at"] = json!(reports.iter().find(ended).map(|r| r.report.body.at));
    view["barred"] = json!(barred(app, &row).await?);
    let named = json!({ "grant": row.grant, "product": row.spec.product, "case": row.case });
    view["refs"] = refs(app, actor, &named, &row.operator).await?;
    Ok(view)
}

/// What keeps a job's result from being released and its query from being run again: a source that was taken away.
async fn barred(app: &App, job: &Job) -> AppResult<Option<Refusal>> {
    let Some(grant) = app.store.get::<Grant>(job.grant.as_str()).await? else { return Ok(None) };
    for id in grant.spec.resources.keys() {
        let Some(source) = app.store.get::<Resource>(id.as_str()).await? else { continue };
        if let Err(refusal) = check_usable(&app.pack, &source) {
            return Ok(Some(refusal));
        }
    }
    Ok(None)
}

/// Whether a job, and what the gate measured of it, is for the caller: the author's organisation, those that oversee, the
/// providers of what it reads, and whoever sees a case about it (experts and other reviewers find the vote in their inbox,
/// and must see what they vote on). No other operator.
pub async fn sees_job(app: &App, actor: &Actor, job: &Job) -> AppResult<bool> {
    if job.operator == actor.org || oversees(actor) {
        return Ok(true);
    }
    let grant: Option<Grant> = app.store.get(job.grant.as_str()).await?;
    if grant.is_some_and(|g| g.spec.resources.values().any(|provider| *provider == actor.org)) {
        return Ok(true);
    }
    let cases: Vec<Case> = app.store.list(&Filter::default()).await?;
    let about = |c: &&Case| c.id == job.case || c.text("job") == Some(job.id.as_str());
    Ok(cases.iter().filter(about).any(|c| super::check_visible(app, actor, c).is_ok()))
}

/// Products: the caller's own in every state, others' once published.
pub async fn products(app: &App, actor: &Actor) -> AppResult<Value> {
    let rows: Vec<Product> = app.store.list(&Filter::default()).await?;
    let seen: Vec<Product> = rows.into_iter().filter(|p| sees_product(actor, p)).collect();
    Ok(json!({ "products": seen }))
}

/// One product.
pub async fn product(app: &App, actor: &Actor, id: &str) -> AppResult<Value> {
    let row: Product = app.store.get(id).await?.ok_or(AppError::NotFound("product"))?;
    if !sees_product(actor, &row) {
        return Err(AppError::NotFound("product"));
    }
    let certificate = certificate_of(app, &row).await?;
    let mut view = json!(row);
    view["certificate_number"] = json!(certificate.map(|c| c.number));
    let mut scenarios = Vec::new();
    for id in &row.reviewed_scenarios {
        if let Some(s) = app.store.get::<Scenario>(id.as_str()).await? {
            scenarios.push(json!({ "id": id, "zh": s.spec.zh, "en": s.spec.en }));
        }
    }
    // Who orders the product chooses one of them.
    view["scenarios"] = json!(scenarios);
    let named = json!({ "job": row.job, "authorisation": row.authorisation });
    view["refs"] = refs(app, actor, &named, &row.operator).await?;
    Ok(view)
}

pub(super) fn sees_product(actor: &Actor, product: &Product) -> bool {
    product.operator == actor.org || product.state == ProductState::Published || oversees(actor)
}

async fn certificate_of(app: &App, product: &Product) -> AppResult<Option<Certificate>> {
    match &product.certificate {
        Some(id) => Ok(app.store.get(id.as_str()).await?),
        None => Ok(None),
    }
}

/// Published products, for anyone.
pub async fn public_products(app: &App) -> AppResult<Value> {
    let published = Filter { state: Some("published".to_owned()), ..Filter::default() };
    let mut list = Vec::new();
    for p in app.store.list::<Product>(&published).await? {
        list.push(public_view(app, &p).await?);
    }
    Ok(json!({ "products": list }))
}

/// One published product, for anyone.
pub async fn public_product(app: &App, id: &str) -> AppResult<Value> {
    let row: Product = app.store.get(id).await?.ok_or(AppError::NotFound("product"))?;
    if row.state != ProductState::Published {
        return Err(AppError::NotFound("product"));
    }
    let mut view = public_view(app, &row).await?;
    let result: Option<JobResult> = app.store.get(row.job.as_str()).await?;
    let columns: Vec<Value> = result
        .and_then(|r| r.lineage.as_array().cloned())
        .into_iter()
        .flatten()
        .filter_map(|l| l.get("column").cloned())
        .collect();
    view["columns"] = json!(columns);
    Ok(view)
}

async fn public_view(app: &App, p: &Product) -> AppResult<Value> {
    let certificate = certificate_of(app, p).await?;
    let spec = p.spec.as_ref();
    let form = spec.and_then(|s| app.pack.term(&s.form));
    Ok(json!({
        "form_zh": form.map(|t| &t.zh), "form_en": form.map(|t| &t.en),
        "id": p.id, "zh": spec.map(|s| &s.zh), "en": spec.map(|s| &s.en), "form": spec.map(|s| &s.form),
        "unit": spec.map(|s| &s.unit), "price_fen": spec.map(|s| s.price), "use_class": spec.map(|s| s.use_class),
        "rows": p.rows, "digest": p.artefact, "venue": p.venue.as_ref().map(|(v, r)| format!("{v} {r}")),
        "certificate": certificate.map(|c| c.number),
    }))
}

/// A certificate by number, for anyone.
pub async fn certificate(app: &App, number: &str) -> AppResult<Value> {
    let all: Vec<Certificate> = app.store.list(&Filter::default()).await?;
    let found = all.into_iter().find(|c| c.number == number).ok_or(AppError::NotFound("certificate"))?;
    let product: Option<Product> = app.store.get(found.product.as_str()).await?;
    let valid = product
        .as_ref()
        .is_some_and(|p| p.certificate.as_ref() == Some(&found.id) && p.state != ProductState::Withdrawn);
    Ok(json!({
        "number": found.number, "product": found.product, "digest": found.artefact, "issued_at": found.at,
        "issued_at_text": found.at.rfc3339(), "state": if valid { "valid" } else { "withdrawn" },
        "zh": product.as_ref().and_then(|p| p.spec.as_ref()).map(|s| &s.zh),
        "en": product.as_ref().and_then(|p| p.spec.as_ref()).map(|s| &s.en),
    }))
}

/// Orders in which the caller's organisation buys or sells.
pub async fn orders(app: &App, actor: &Actor) -> AppResult<Value> {
    let rows: Vec<ConsumerOrder> = app.store.list(&Filter::default()).await?;
    let seen: Vec<ConsumerOrder> = rows.into_iter().filter(|o| sees_order(actor, o)).collect();
    Ok(json!({ "orders": seen }))
}

/// One order.
pub async fn order(app: &App, actor: &Actor, id: &str) -> AppResult<Value> {
    let row = order_for(app, actor, id).await?;
    let mut view = json!(row);
    let named = json!({ "case": row.case, "scenario": row.spec.scenario });
    view["refs"] = refs(app, actor, &named, &row.consumer).await?;
    Ok(view)
}

pub(super) fn sees_order(actor: &Actor, o: &ConsumerOrder) -> bool {
    o.consumer == actor.org || o.spec.operator == actor.org || oversees(actor)
}

async fn order_for(app: &App, actor: &Actor, id: &str) -> AppResult<ConsumerOrder> {
    let row: Option<ConsumerOrder> = app.store.get(id).await?;
    row.filter(|o| sees_order(actor, o)).ok_or(AppError::NotFound("order"))
}

/// Usage of an order, added up over the zone's segments.
pub async fn usage(app: &App, actor: &Actor, id: &str) -> AppResult<Value> {
    let order = order_for(app, actor, id).await?;
    let meters: Vec<Meter> = app.store.list(&Filter::of(id)).await?;
    let mut whole = Used::default();
    let mut days: BTreeMap<String, Used> = BTreeMap::new();
    for m in &meters {
        whole.add(m);
        // The city's day, as bills have it.
        days.entry(m.at.date().to_string()).or_default().add(m);
    }
    let days: Vec<Value> = days.into_iter().map(|(day, used)| used.view(json!({ "day": day }))).collect();
    Ok(whole.view(json!({
        "order": order.id, "price_fen": order.price, "segments": meters.len(), "days": days,
    })))
}

/// Usage added up.
#[derive(Default)]
struct Used {
    calls: u64,
    rows: u64,
    bytes: u64,
    fen: i64,
}

impl Used {
    fn add(&mut self, m: &Meter) {
        self.calls = self.calls.saturating_add(m.calls);
        self.rows = self.rows.saturating_add(m.rows);
        self.bytes = self.bytes.saturating_add(m.bytes);
        self.fen = self.fen.saturating_add(m.amount.0);
    }

    fn view(&self, mut view: Value) -> Value {
        view["calls"] = json!(self.calls);
        view["rows"] = json!(self.rows);
        view["bytes"] = json!(self.bytes);
        view["amount_fen"] = json!(self.fen);
        view
    }
}
