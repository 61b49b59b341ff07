//! What the zone reports, turned into rows: each report once, in sequence, with a leaf in its case.

use crate::error::{AppError, AppResult};
use crate::{App, link, orders, resources};
use model::case::Case;
use model::ids::{CaseId, JobId, OrderId, ResourceId};
use model::money::Fen;
use model::order::{DestroyedObjects, ReportOutcome, UsageCount, ZoneReport};
use model::record::{
    Authorisation, Batch, ConsumerOrder, DestructionCertificate, GateFacts, Grant, GrantState, Job, JobState, Meter,
    Product, ProductState, Resource, ResourceCertificate, ResourceDeed, ResourceState,
};
use model::{Digest, Entity, Refusal, Signed, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use store::{Filter, LeafDraft, Outcome, Store, Tx};

const LAST: &str = "last_report_seq";

/// A report as stored, whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredReport {
    /// Sequence, padded.
    pub id: String,
    /// Case, where there is one.
    pub case: Option<CaseId>,
    /// The report with the zone's signature.
    pub report: Signed<ZoneReport>,
}

impl Entity for StoredReport {
    const KIND: &'static str = "zone_report";
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        self.case.as_ref().map(CaseId::as_str)
    }
}

/// What the zone said of a finished job, besides what the job row holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobResult {
    /// Job.
    pub job: JobId,
    /// Output column → source columns with transform class.
    pub lineage: Value,
    /// Milliseconds by stage.
    pub figures: BTreeMap<String, u64>,
    /// Why it failed, if it did.
    pub refusal: Option<Refusal>,
}

impl Entity for JobResult {
    const KIND: &'static str = "job_result";
    fn id(&self) -> &str {
        self.job.as_str()
    }
}

/// An order that the zone refused; the case shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefusedOrder {
    /// Work order.
    pub id: String,
    /// Case.
    pub case: Option<CaseId>,
    /// Why.
    pub refusal: Refusal,
    /// When.
    pub at: Timestamp,
}

impl Entity for RefusedOrder {
    const KIND: &'static str = "refused_order";
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        self.case.as_ref().map(CaseId::as_str)
    }
}

/// An order that the zone took and cannot carry out yet; the case shows why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WaitingOrder {
    /// Work order.
    pub id: String,
    /// Case.
    pub case: CaseId,
    /// What it waits for.
    pub refusal: Refusal,
    /// Since when.
    pub at: Timestamp,
}

impl Entity for WaitingOrder {
    const KIND: &'static str = "waiting_order";
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        Some(self.case.as_str())
    }
}

/// Highest report sequence that is durable here.
pub async fn acknowledged(store: &Store) -> AppResult<u64> {
    Ok(store.meta_get(LAST).await?.and_then(|s| s.parse().ok()).unwrap_or(0))
}

/// Stores one verified report. One that is stored already is passed over; a gap is refused.
pub async fn take(app: &App, signed: Signed<ZoneReport>) -> AppResult<()> {
    let mut tx = app.store.begin().await?;
    let now = app.now();
    tx.set_now(now);
    let last: u64 = tx.meta_get(LAST).await?.and_then(|s| s.parse().ok()).unwrap_or(0);
    let report = &signed.body;
    if report.seq <= last {
        tx.undo().await?;
        return Ok(());
    }
    if report.seq != last + 1 {
        tx.undo().await?;
        return Err(AppError::Moved("report sequence"));
    }
    let certificate = apply(app, &mut tx, report, now).await?;
    orders::answered(&mut tx, report).await?;
    let mut draft = leaf(&link::signed_digest(app, &signed)?, report, now);
    draft.refs.extend(certificate.map(|digest| ("certificate".to_owned(), digest)));
    tx.append_leaf(draft).await?;
    let stored = StoredReport { id: format!("{:012}", report.seq), case: report.case.clone(), report: signed.clone() };
    tx.put(&stored).await?;
    tx.meta_set(LAST, &report.seq.to_string()).await?;
    tx.commit().await?;
    Ok(())
}

fn leaf(digest: &Digest, report: &ZoneReport, now: Timestamp) -> LeafDraft {
    let mut refs = BTreeMap::from([("report".to_owned(), digest.to_string())]);
    let (outcome, rule, article) = match &report.outcome {
        ReportOutcome::Refused { refusal }
        | ReportOutcome::Waits { refusal }
        | ReportOutcome::JobFailed { refusal, .. } => {
            refs.insert("code".to_owned(), refusal.code.clone());
            (Outcome::Refused, Some(refusal.rule.clone()), Some(refusal.article.clone()).filter(|a| !a.is_empty()))
        }
        _ => (Outcome::Done, None, None),
    };
    if let ReportOutcome::ResourceFound { resource, deed, .. } = &report.outcome {
        refs.insert("resource".to_owned(), resource.to_string());
        refs.insert("deed".to_owned(), deed.to_string());
    }
    if let ReportOutcome::JobDone { artefact, gate_report, .. } = &report.outcome {
        refs.insert("artefact".to_owned(), artefact.to_string());
        refs.insert("gate_report".to_owned(), gate_report.to_string());
    }
    LeafDraft {
        case: report.case.as_ref().map(ToString::to_string),
        outcome,
        rule,
        article,
        refs,
        ..LeafDraft::done("zone_reported", now)
    }
}

/// Applies a report; gives the digest of the certificate of destruction, where it makes one.
async fn apply(app: &App, tx: &mut Tx, report: &ZoneReport, now: Timestamp) -> AppResult<Option<String>> {
    match &report.outcome {
        ReportOutcome::Destroyed { .. } => return destroyed(app, tx, report, now).await,
        ReportOutcome::ResourceDestroyed { resource, keys, objects, what } => {
            let deed = (ResourceDeed::Destroyed, keys, *objects, Some(what.clone()));
            return resource_settled(app, tx, report, resource, deed, now).await;
        }
        ReportOutcome::ResourceSealed { resource, keys } => {
            return resource_settled(app, tx, report, resource, (ResourceDeed::Sealed, keys, 0, None), now).await;
        }
        ReportOutcome::ResourceUnsealed { resource, keys } => {
            return resource_settled(app, tx, report, resource, (ResourceDeed::Unsealed, keys, 0, None), now).await;
        }
        _ => {}
    }
    apply_plain(tx, report, now).await.map(|()| None)
}

async fn apply_plain(tx: &mut Tx, report: &ZoneReport, now: Timestamp) -> AppResult<()> {
    match &report.outcome {
        ReportOutcome::Waits { refusal } => waits(tx, report, refusal, now).await,
        ReportOutcome::ResourceFound { resource, deed, .. } => found(tx, resource, *deed, now).await,
        // The last four were taken before.
        ReportOutcome::Applied
        | ReportOutcome::Destroyed { .. }
        | ReportOutcome::ResourceDestroyed { .. }
        | ReportOutcome::ResourceSealed { .. }
        | ReportOutcome::ResourceUnsealed { .. } => Ok(()),
        ReportOutcome::Refused { refusal } => refused(tx, report, refusal, now).await,
        ReportOutcome::BatchStored { resource, batch, rows, set_aside, digest, .. } => {
            let Some(owner) = tx.get::<Resource>(resource.as_str()).await? else { return Ok(()) };
            let row = Batch {
                id: batch.clone(),
                resource: resource.clone(),
                provider: owner.provider,
                rows: *rows,
                set_aside: set_aside.clone(),
                digest: digest.clone(),
                at: now,
            };
            tx.put(&row).await?;
            Ok(())
        }
        ReportOutcome::JobDone { job, artefact, rows, verdict, gate_report, lineage, figures } => {
            let facts = GateFacts {
                job: job.clone(),
                artefact: artefact.clone(),
                verdict: verdict.clone(),
                report: gate_report.clone(),
            };
            job_done(tx, job, facts, *rows).await?;
            let result =
                JobResult { job: job.clone(), lineage: lineage.clone(), figures: figures.clone(), refusal: None };
            tx.put(&result).await?;
            Ok(())
        }
        ReportOutcome::JobFailed { job, refusal } => {
            set_job(tx, job, JobState::Failed).await?;
            let result = JobResult {
                job: job.clone(),
                lineage: Value::Null,
                figures: BTreeMap::new(),
                refusal: Some(refusal.clone()),
            };
            tx.put(&result).await?;
            Ok(())
        }
        ReportOutcome::Released { product, artefact, rows } => {
            released(tx, product.as_str(), artefact, *rows, now).await
        }
        ReportOutcome::Usage { segment, calls, .. } => usage(tx, *segment, calls, now).await,
    }
}

async fn waits(tx: &mut Tx, report: &ZoneReport, refusal: &Refusal, now: Timestamp) -> AppResult<()> {
    if let (Some(order), Some(case)) = (&report.order, &report.case) {
        let (id, case, refusal) = (order.to_string(), case.clone(), refusal.clone());
        // Told again after each start of the zone, and when the reason changes.
        tx.get_for_update::<WaitingOrder>(&id).await?;
        tx.put(&WaitingOrder { id, case, refusal, at: now }).await?;
    }
    Ok(())
}

async fn refused(tx: &mut Tx, report: &ZoneReport, refusal: &Refusal, now: Timestamp) -> AppResult<()> {
    if let Some(order) = &report.order {
        let row = RefusedOrder { id: order.to_string(), case: report.case.clone(), refusal: refusal.clone(), at: now };
        tx.get_for_update::<RefusedOrder>(&row.id).await?;
        tx.put(&row).await?;
    }
    if let Some(case) = &report.case {
        for job in tx.list::<Job>(&Filter::default()).await?.into_iter().filter(|j| j.case == *case) {
            set_job(tx, &job.id, JobState::Refused).await?;
        }
        // What the zone did not take is not open, whatever the case says.
        for mut grant in tx.list::<Grant>(&Filter::default()).await?.into_iter().filter(|g| g.case == *case) {
            grant.state = GrantState::Closed;
            tx.put(&grant).await?;
        }
        refused_entry(tx, case, now).await?;
    }
    Ok(())
}

/// Whether the zone has said that an order of a case stands.
pub async fn carried_out(tx: &mut Tx, case: &CaseId) -> AppResult<bool> {
    let reports: Vec<StoredReport> = tx.list(&Filter::of(case.as_str())).await?;
    Ok(reports.iter().any(|r| r.report.body.outcome == ReportOutcome::Applied))
}

/// The catalogue says what the zone holds: a change that it refused is undone, an entry that it refused is none.
async fn refused_entry(tx: &mut Tx, case: &CaseId, now: Timestamp) -> AppResult<()> {
    let of_it: Vec<Resource> = tx.list(&Filter::of(case.as_str())).await?;
    for mut row in of_it {
        let earlier = tx.get::<Case>(case.as_str()).await?.as_ref().and_then(resources::before);
        match earlier {
            // What was decided of the resource meanwhile stands: only the entry is as it was.
            Some(earlier) => row = Resource { state: row.state, ..earlier },
            None => row.state = ResourceState::Withdrawn,
        }
        row.at = now;
        tx.put(&row).await?;
    }
    Ok(())
}

/// After a restore the keys told the zone what was decided of a resource in the part that was lost. There is no case and no
/// certificate of it here: the entry says how the resource stands, and the report's leaf why.
async fn found(tx: &mut Tx, id: &ResourceId, deed: ResourceDeed, now: Timestamp) -> AppResult<()> {
    let Some(mut resource) = tx.get_for_update::<Resource>(id.as_str()).await? else { return Ok(()) };
    resource.state = deed.leaves();
    resource.at = now;
    tx.put(&resource).await?;
    Ok(())
}

async fn set_job(tx: &mut Tx, id: &JobId, state: JobState) -> AppResult<()> {
    if let Some(mut job) = tx.get_for_update::<Job>(id.as_str()).await? {
        job.state = state;
        tx.put(&job).await?;
    }
    Ok(())
}

async fn job_done(tx: &mut Tx, id: &JobId, facts: GateFacts, rows: u64) -> AppResult<()> {
    if let Some(mut job) = tx.get_for_update::<Job>(id.as_str()).await? {
        job.state = JobState::Done;
        job.gate = Some(facts);
        job.rows = Some(rows);
        tx.put(&job).await?;
    }
    Ok(())
}

async fn released(tx: &mut Tx, id: &str, artefact: &Digest, rows: u64, now: Timestamp) -> AppResult<()> {
    if let Some(mut product) = tx.get_for_update::<Product>(id).await? {
        product.artefact = Some(artefact.clone());
        product.rows = Some(rows);
        if product.state == ProductState::Draft {
            product.state = ProductState::Released;
            product.at = now;
        }
        tx.put(&product).await?;
    }
    Ok(())
}

async fn usage(tx: &mut Tx, segment: u64, calls: &BTreeMap<OrderId, UsageCount>, now: Timestamp) -> AppResult<()> {
    for (order, count) in calls {
        let Some(row) = tx.get::<ConsumerOrder>(order.as_str()).await? else { continue };
        let unit = tx.get::<Product>(row.product.as_str()).await?.and_then(|p| p.spec).map(|s| s.unit);
        let id = format!("{order}/{segment}");
        if tx.get::<Meter>(&id).await?.is_some() {
            continue;
        }
        let meter = Meter {
            id,
            order: order.clone(),
            consumer: row.consumer.clone(),
            calls: count.calls,
            rows: count.rows,
            bytes: count.bytes,
            amount: row.price.times(billed(unit.as_deref(), count)).unwrap_or(Fen(i64::MAX)),
            at: now,
        };
        tx.put(&meter).await?;
    }
    Ok(())
}

/// Units that a count is billed as (NAT-13): by row, by megabyte, or by call; a product sold as a whole is billed once
/// with its order and not by use.
fn billed(unit: Option<&str>, count: &UsageCount) -> u64 {
    match unit {
        Some("row") => count.rows,
        Some("megabyte") => count.bytes.div_ceil(1 << 20),
        Some("product") => 0,
        _ => count.calls,
    }
}

/// A resource is destroyed, sealed or unsealed: its certificate, and how it stands from now on.
async fn resource_settled(
    app: &App,
    tx: &mut Tx,
    report: &ZoneReport,
    id: &ResourceId,
    (deed, keys, objects, what): (ResourceDeed, &Vec<String>, u64, Option<DestroyedObjects>),
    now: Timestamp,
) -> AppResult<Option<String>> {
    let Some(mut resource) = tx.get_for_update::<Resource>(id.as_str()).await? else { return Ok(None) };
    let Some(case) = report.case.clone() else { return Ok(None) };
    resource.state = deed.leaves();
    resource.at = now;
    let certificate = ResourceCertificate {
        id: model::ids::DestructionId::from_part(&crypto::random_hex(8)?),
        resource: id.clone(),
        deed,
        case,
        provider: resource.provider.clone(),
        keys: keys.clone(),
        objects,
        what,
        report: report.seq,
        at: now,
    };
    tx.put(&resource).await?;
    tx.put(&certificate).await?;
    Ok(Some(crypto::digest_of(app.suite(), crate::evidence::RESOURCE_CERTIFICATE_TYPE, &certificate)?.to_string()))
}

async fn destroyed(app: &App, tx: &mut Tx, report: &ZoneReport, now: Timestamp) -> AppResult<Option<String>> {
    let ReportOutcome::Destroyed { authorisation, keys, objects, what } = &report.outcome else { return Ok(None) };
    let (authorisation, objects) = (authorisation.as_str(), *objects);
    let Some(auth) = tx.get::<Authorisation>(authorisation).await? else { return Ok(None) };
    let Some(case) = report.case.clone() else { return Ok(None) };
    for mut grant in tx.list::<Grant>(&Filter::of(authorisation)).await? {
        grant.state = GrantState::Closed;
        tx.put(&grant).await?;
    }
    for mut product in tx.list::<Product>(&Filter::of(authorisation)).await? {
        product.state = ProductState::Withdrawn;
        product.at = now;
        tx.put(&product).await?;
    }
    let certificate = DestructionCertificate {
        id: model::ids::DestructionId::from_part(&crypto::random_hex(8)?),
        authorisation: auth.id.clone(),
        case,
        operator: auth.operator.clone(),
        keys: keys.clone(),
        objects,
        what: what.clone(),
        report: report.seq,
        at: now,
    };
    tracing::info!(deployment = %app.deployment.deployment, authorisation, objects, "destruction certified");
    tx.put(&certificate).await?;
    Ok(Some(crypto::digest_of(app.suite(), crate::evidence::DESTRUCTION_TYPE, &certificate)?.to_string()))
}
