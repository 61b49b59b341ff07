//! The platform's side of the link to the zone. The zone dials in; the platform answers with what it has signed
//! and stores what the zone reports. The platform believes nothing the zone's listed key did not sign.

use crate::error::{AppError, AppResult};
use crate::sequencer::LogHandle;
use crate::{App, keys, reports};
use crypto::PublicKey;
use model::keylist::{KeyHolder, KeyList};
use model::link::{CLOCK_TYPE, ClockMark, LinkReply, ReportBatch, ReportReceipt, ZONE_REQUEST_TYPE, ZoneRequest};
use model::order::{REPORT_TYPE, WorkOrder};
use model::ticket::{LEASE_TYPE, Lease};
use model::{Digest, Signed, Timestamp};
use store::QueuedOrder;

/// A lease lasts this long (design: Leases).
const LEASE_MS: i64 = 60_000;
/// Clocks of the two processes may differ by this much.
const SKEW_MS: i64 = 30_000;
/// Orders answered at once.
const BATCH: usize = 64;
/// Bytes of orders answered at once, if they are more than one: the zone takes no endless answer.
const BATCH_BYTES: usize = 8 << 20;
const CLOCK_SEQ: &str = "clock_seq";
const CLOCK_OFFSET: &str = "clock_offset_ms";

/// A request as it came over the wire, with its headers.
pub struct SignedRequest {
    /// The statement the zone signed.
    pub request: ZoneRequest,
    /// Id of the zone's key.
    pub key: String,
    /// Signature.
    pub signature: String,
}

/// Checks that a request comes from the zone's listed key, is fresh and was not sent before.
pub async fn check_request(app: &App, asked: &SignedRequest, body: &[u8], machine_now: Timestamp) -> AppResult<()> {
    let list = keys::current_of(&app.store).await?.body;
    let entry = list.valid(&asked.key, app.now()).filter(|e| e.holder == KeyHolder::Zone);
    let Some(entry) = entry else { return Err(AppError::NotSignedIn) };
    let public: PublicKey = entry.public.parse()?;
    let fresh = (asked.request.at.0 - machine_now.0).abs() <= SKEW_MS;
    let same_body = asked.request.body.0 == app.suite().hash(body).to_string();
    let signed = public.verify(ZONE_REQUEST_TYPE, &asked.request, &asked.signature).is_ok();
    if !(fresh && same_body && signed) {
        return Err(AppError::NotSignedIn);
    }
    let mut tx = app.store.begin().await?;
    let once = tx.use_nonce("zone-request", &asked.request.nonce, machine_now.plus_ms(2 * SKEW_MS)).await?;
    tx.commit().await?;
    if once { Ok(()) } else { Err(AppError::NotSignedIn) }
}

/// What the zone asked for.
#[derive(Clone, Copy, Debug)]
pub struct Poll {
    /// Orders above this sequence.
    pub after: u64,
    /// Key lists above this number.
    pub key_list: u64,
    /// How much of the platform's log the zone has anchored.
    pub anchor: u64,
}

/// Answers the poll at once; waiting for news is the caller's business (`Store::notified`).
pub async fn poll(app: &App, log: &LogHandle, poll: Poll) -> AppResult<LinkReply> {
    let waiting = app.store.orders_after(poll.after, BATCH).await?;
    log.zone_took(poll.after);
    let mut left = BATCH_BYTES;
    let fits = |(n, order): &(usize, &QueuedOrder)| {
        left = left.saturating_sub(order.body.len());
        *n == 0 || left > 0
    };
    let orders = waiting
        .iter()
        .enumerate()
        .take_while(fits)
        .map(|(_, order)| serde_json::from_str(&order.body).map_err(AppError::from))
        .collect::<AppResult<Vec<Signed<WorkOrder>>>>()?;
    let (platform_checkpoint, platform_growth) = grown_since(app, log, poll.anchor).await?;
    Ok(LinkReply {
        v: 1,
        key_lists: keys::lists_after(&app.store, poll.key_list).await?,
        orders,
        lease: lease(app).await?,
        clock: clock_mark(app).await?,
        platform_checkpoint,
        platform_growth,
        acknowledged_report: reports::acknowledged(&app.store).await?,
    })
}

/// The newest checkpoint, with the proof that it extends what the zone has anchored: the zone is a witness of this log.
async fn grown_since(app: &App, log: &LogHandle, anchor: u64) -> AppResult<(Option<String>, Vec<String>)> {
    let newest = log.checkpoint.borrow().clone();
    let size = newest.as_deref().and_then(|note| audit::Checkpoint::parse(note.as_bytes()).ok()).map_or(0, |c| c.size);
    if anchor == 0 || size == anchor {
        return Ok((newest, Vec::new()));
    }
    let folder = app.log_dir.join(audit::LogName::Platform.as_str());
    // The folder may be a checkpoint ahead of what was told, and the zone have seen it: both come from there.
    match tokio::task::spawn_blocking(move || audit::growth(&folder, anchor)).await.map_err(AppError::bug)? {
        Ok((checkpoint, proof)) => Ok((Some(checkpoint.render()), proof)),
        Err(why) => {
            // Orders and leases go on: a log that cannot be read must not keep a suspension from the zone.
            tracing::error!(error = %why, "the log cannot be read to prove to the zone that it grew");
            Ok((None, Vec::new()))
        }
    }
}

/// Whether a poll would answer anything that the zone does not have.
pub fn has_news(reply: &LinkReply) -> bool {
    !reply.key_lists.is_empty() || !reply.orders.is_empty()
}

async fn lease(app: &App) -> AppResult<Signed<Lease>> {
    let now = app.now();
    let body = Lease {
        v: 1,
        deployment: app.deployment.deployment.clone(),
        issued_at: now,
        until: now.plus_ms(LEASE_MS),
        authorisations: crate::views::authorisations_in_force(app, now).await?,
        ended: crate::views::deliveries_ended(app, now).await?,
        order_seq: app.store.last_order_seq().await?,
    };
    let signature = app.signer.sign(LEASE_TYPE, &body)?;
    Ok(Signed { key: app.signer.key_id(), signature, body })
}

async fn clock_mark(app: &App) -> AppResult<Option<Signed<ClockMark>>> {
    if app.clock.kind() == model::Clock::Real {
        return Ok(None);
    }
    let seq = app.store.meta_get(CLOCK_SEQ).await?.and_then(|s| s.parse().ok()).unwrap_or(1);
    let body = ClockMark { v: 1, deployment: app.deployment.deployment.clone(), seq, offset_ms: app.clock.offset() };
    let signature = app.signer.sign(CLOCK_TYPE, &body)?;
    Ok(Some(Signed { key: app.signer.key_id(), signature, body }))
}

/// Takes over the stored offset at start.
pub async fn restore_clock(app: &App) -> AppResult<()> {
    if let Some(offset) = app.store.meta_get(CLOCK_OFFSET).await?.and_then(|s| s.parse().ok()) {
        app.clock.set_offset(offset);
    }
    Ok(())
}

/// Moves a simulated clock forward inside a transaction; the caller leaves the leaf.
pub async fn store_clock(tx: &mut store::Tx, offset: i64) -> AppResult<()> {
    let seq: u64 = tx.meta_get(CLOCK_SEQ).await?.and_then(|s| s.parse().ok()).unwrap_or(1);
    tx.meta_set(CLOCK_SEQ, &(seq + 1).to_string()).await?;
    tx.meta_set(CLOCK_OFFSET, &offset.to_string()).await?;
    Ok(())
}

/// Stores a batch of reports: each verified, in sequence, each once.
pub async fn take_reports(app: &App, log: &LogHandle, batch: ReportBatch) -> AppResult<ReportReceipt> {
    if batch.deployment != app.deployment.deployment {
        return Err(AppError::NotFound("deployment"));
    }
    let list = keys::current_of(&app.store).await?.body;
    // First the log, then what it holds: a checkpoint that covers a report's leaf always anchors the zone's log, and a
    // report is not taken from a zone that shows no log (it stays unacknowledged, and the zone sends it again).
    if let Some(text) = batch.checkpoint
        && let Some((checkpoint, key)) = zone_checkpoint(app, &list, &text)
    {
        let (anchor, size) = (checkpoint.as_anchor(), checkpoint.size);
        if let Some(run) = batch.leaves {
            let taken = log.zone_log(move |copy| copy.take(&run, &checkpoint, &key)).await;
            if let Some(Err(e)) = taken {
                tracing::error!(error = %e, "the copy of the zone's log did not take what the zone sent");
            }
        }
        // What is anchored here can be shown here: a copy that lags is anchored once it has caught up.
        if log.zone_log(move |copy| copy.reaches(size)).await != Some(false) {
            log.anchor(anchor);
        }
    }
    // Asked once: a batch is taken whole or not at all.
    let shown = log.anchors_zone();
    for report in batch.reports.into_iter().filter(|_| shown) {
        check_report(app, &list, &report)?;
        reports::take(app, report).await?;
    }
    let zone_log = log.zone_log(|copy| copy.size()).await;
    Ok(ReportReceipt { v: 1, acknowledged_report: reports::acknowledged(&app.store).await?, zone_log })
}

fn check_report(app: &App, list: &KeyList, report: &Signed<model::order::ZoneReport>) -> AppResult<()> {
    let entry = list.valid(&report.key, report.body.at).filter(|e| e.holder == KeyHolder::Zone);
    let Some(entry) = entry else { return Err(AppError::NotSignedIn) };
    let public: PublicKey = entry.public.parse()?;
    if report.body.deployment != app.deployment.deployment
        || public.verify(REPORT_TYPE, &report.body, &report.signature).is_err()
    {
        return Err(AppError::NotSignedIn);
    }
    Ok(())
}

/// A checkpoint of the zone's log and the listed log key that signed it.
fn zone_checkpoint(app: &App, list: &KeyList, text: &str) -> Option<(audit::Checkpoint, PublicKey)> {
    let checkpoint = audit::Checkpoint::parse(text.as_bytes()).ok()?;
    let origin = format!("{}/{}", app.deployment.deployment, audit::LogName::Zone);
    let keys = list.entries.iter().filter(|e| e.holder == KeyHolder::ZoneLog && e.revoked_at.is_none());
    let mut keys = keys.filter_map(|e| e.public.parse::<PublicKey>().ok());
    let signer = keys.find(|key| checkpoint.verify(key).is_ok())?;
    (checkpoint.origin == origin).then_some((checkpoint, signer))
}

/// The digest of a signed statement, as leaves refer to it.
pub fn signed_digest<T: serde::Serialize>(app: &App, signed: &Signed<T>) -> AppResult<Digest> {
    Ok(Digest(crypto::digest_of(app.suite(), "signed", signed)?.to_string()))
}
