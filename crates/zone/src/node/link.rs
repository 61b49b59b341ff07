//! The zone's side of the link: it dials the platform, polls orders, sends reports. It believes nothing that does not
//! verify, and a platform that cannot be reached only means that leases run out.

use super::core::Core;
use super::draft::Said;
use super::effects::{self, Taken};
use super::error::NodeError;
use super::record::Record;
use super::{refuse, verify};
use audit::Growth;
use model::keylist::KeyList;
use model::link::{
    AT_HEADER, ClockMark, KEY_HEADER, LinkReply, NONCE_HEADER, ORDERS_PATH, REPORTS_PATH, ReportBatch, ReportReceipt,
    SIGNATURE_HEADER, ZONE_REQUEST_TYPE, ZoneRequest,
};
use model::order::ZoneReport;
use model::ticket::Lease;
use model::{Digest, Refusal, Signed};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MAX_REPLY: usize = 64 << 20;
const MAX_REPORTS: usize = 256;
/// Bytes of reports sent at once, if they are more than one: the platform takes no endless body.
const MAX_REPORT_BYTES: usize = 1 << 20;
/// Bytes of leaves sent at once.
const MAX_LEAF_BYTES: usize = 512 << 10;

/// Polls until dropped.
pub(crate) async fn poll(core: Arc<Core>, client: reqwest::Client) -> Result<(), NodeError> {
    let mut link = Link { core, client, noticed: BTreeMap::new() };
    let mut wait = Duration::from_millis(100);
    loop {
        match link.turn().await {
            Ok(()) => wait = Duration::from_millis(100),
            // A broken journal or disk must stop the node; a platform that is away must not.
            Err(e) if e.is_fatal() => return Err(e),
            Err(e) => {
                tracing::warn!(error = %e, "the link to the platform failed");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(2));
            }
        }
    }
}

/// Sends reports whenever there are some.
pub(crate) async fn report(core: Arc<Core>, client: reqwest::Client) -> Result<(), NodeError> {
    let link = Link { core, client, noticed: BTreeMap::new() };
    let mut sent = Sent::default();
    loop {
        match link.send_reports(&mut sent).await {
            Ok(true) => {}
            Ok(false) => {
                let idle = Duration::from_millis(500);
                let _ = tokio::time::timeout(idle, link.core.reports.notified()).await;
            }
            Err(e) if e.is_fatal() => return Err(e),
            Err(e) => {
                tracing::warn!(error = %e, "reports could not be sent");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

/// What the platform has already.
#[derive(Default)]
struct Sent {
    checkpoint: Option<String>,
    /// Leaves of this log that it holds a copy of, if it keeps one.
    copied: Option<u64>,
}

struct Link {
    core: Arc<Core>,
    client: reqwest::Client,
    /// When each kind of forged statement last left a leaf.
    noticed: BTreeMap<String, Instant>,
}

impl Link {
    async fn turn(&mut self) -> Result<(), NodeError> {
        let (after, reports, list) =
            self.core.read(|s| (s.order_seq, s.report_seq, s.key_list().map_or(0, |k| k.number)));
        let wait = self.core.cfg.limits.poll.as_millis();
        let anchor = self.core.leaves.anchored();
        let path = format!("{ORDERS_PATH}?after={after}&reports={reports}&key_list={list}&anchor={anchor}&wait={wait}");
        let reply: LinkReply = self.call("GET", &path, Vec::new()).await?;
        self.take(reply)
    }

    fn take(&mut self, reply: LinkReply) -> Result<(), NodeError> {
        if reply.v != 1 {
            return Err(NodeError::Link("unknown version".into()));
        }
        // The clock first, so that nothing is written under a time that is not the deployment's.
        if let Some(mark) = reply.clock {
            let keys = self.newest(&reply.key_lists);
            self.take_clock(mark, keys)?;
        }
        for list in reply.key_lists {
            self.take_key_list(list)?;
        }
        for order in reply.orders {
            match effects::take_order(&self.core, &order)? {
                Taken::Applied | Taken::Refused => self.core.work.notify_one(),
                Taken::Forged(refusal) => {
                    self.notice("forge_order", &refusal)?;
                    break;
                }
            }
        }
        self.take_lease(reply.lease)?;
        self.take_checkpoint(reply.platform_checkpoint.as_deref(), &reply.platform_growth)?;
        self.acknowledge(reply.acknowledged_report)
    }

    fn take_key_list(&mut self, list: Signed<KeyList>) -> Result<(), NodeError> {
        let trust = &self.core.cfg.trust;
        let taken = self.core.commit(|draft| {
            if draft.state.key_list().is_some_and(|k| k.number >= list.body.number) {
                return Ok(Ok(()));
            }
            if let Err(refusal) = verify::key_list(trust, draft.state.key_list(), &list) {
                return Ok(Err(refusal));
            }
            let digest = draft.statement(&list)?;
            draft.leaf(Said::new("accept_key_list").with("number", list.body.number).object(&digest))?;
            draft.push(Record::KeyList { list: Box::new(list) });
            Ok(Ok(()))
        })?;
        taken.or_else(|refusal| self.notice("forge_key_list", &refusal))
    }

    /// The key list that will be the newest once these are taken.
    fn newest(&self, lists: &[Signed<KeyList>]) -> Option<KeyList> {
        let trust = &self.core.cfg.trust;
        let mut newest = self.core.read(|s| s.key_list().cloned());
        for list in lists {
            if verify::key_list(trust, newest.as_ref(), list).is_ok() {
                newest = Some(list.body.clone());
            }
        }
        newest
    }

    fn take_clock(&mut self, mark: Signed<ClockMark>, keys: Option<KeyList>) -> Result<(), NodeError> {
        let (core, Some(keys)) = (self.core.clone(), keys) else { return Ok(()) };
        let held = core.read(|s| s.clock.clone());
        if held.as_ref() == Some(&mark.body) {
            return Ok(());
        }
        let then = core.time.machine().plus_ms(mark.body.offset_ms);
        if let Err(refusal) = verify::clock_mark(&core.cfg.trust, &keys, held.as_ref(), &mark, then) {
            return self.notice("forge_clock", &refusal);
        }
        core.time.set_offset(mark.body.offset_ms);
        core.commit(|draft| {
            draft.leaf(Said::new("move_clock").with("number", mark.body.seq))?;
            draft.push(Record::Clock { mark });
            Ok(())
        })
    }

    fn take_lease(&mut self, lease: Signed<Lease>) -> Result<(), NodeError> {
        let (trust, now) = (&self.core.cfg.trust, self.core.time.now());
        let last = self.core.leases.issued();
        let fault = self.core.read(|s| s.key_list().map(|k| verify::lease(trust, k, last, &lease, now)));
        match fault {
            // Without a key list nobody can be believed; the list comes over this very link.
            None => Ok(()),
            Some(Err(refusal)) => self.notice("forge_lease", &refusal),
            Some(Ok(())) => {
                self.core.commit(|draft| {
                    let held = draft.state.lease.as_ref();
                    if held.is_none_or(|l| {
                        (&l.authorisations, &l.ended) != (&lease.body.authorisations, &lease.body.ended)
                    }) {
                        draft.push(Record::Lease { lease: lease.clone() });
                    }
                    Ok(())
                })?;
                self.core.leases.take(lease.body);
                self.core.work.notify_one();
                Ok(())
            }
        }
    }

    /// A checkpoint of the platform's log is anchored when its log key signed it.
    fn take_checkpoint(&mut self, note: Option<&str>, proof: &[String]) -> Result<(), NodeError> {
        let Some(note) = note else { return Ok(()) };
        let now = self.core.time.now();
        let deployment = &self.core.cfg.trust.deployment;
        match self.core.read(|s| s.key_list().map(|k| verify::checkpoint(deployment, k, note, now))) {
            Some(Ok(checkpoint)) => match self.core.leaves.anchor(&checkpoint, proof) {
                Growth::Extends => Ok(()),
                Growth::RolledBack => self.notice("forge_checkpoint", &refuse::platform_rolled_back()),
                Growth::Other | Growth::NotShown => self.notice("forge_checkpoint", &refuse::platform_other_history()),
            },
            Some(Err(refusal)) => self.notice("forge_checkpoint", &refusal),
            None => Ok(()),
        }
    }

    fn acknowledge(&self, report: u64) -> Result<(), NodeError> {
        acknowledge(&self.core, report)
    }

    /// A leaf about something that does not verify; the same kind at most once a minute, since anybody may send it.
    fn notice(&mut self, kind: &'static str, refusal: &Refusal) -> Result<(), NodeError> {
        let key = format!("{kind}/{}", refusal.code);
        let every = self.core.cfg.limits.refusals;
        if self.noticed.get(&key).is_some_and(|at| at.elapsed() < every) {
            return Ok(());
        }
        tracing::warn!(code = %refusal.code, kind, "a statement of the platform was not believed");
        self.noticed.insert(key, Instant::now());
        self.core.commit(|draft| draft.leaf(Said::new(kind).refused(refusal)).map(|_| ()))
    }

    /// Sends what waits; `true` when there may be more. Nothing before there is a log to show.
    async fn send_reports(&self, sent: &mut Sent) -> Result<bool, NodeError> {
        let reports = first_reports(self.core.read(|s| s.outbox.iter().take(MAX_REPORTS).cloned().collect()))?;
        let (checkpoint, leaves) = match sent.copied {
            Some(from) => self.core.leaves.since(from, MAX_LEAF_BYTES).await?,
            None => (self.core.leaves.checkpoint(), None),
        };
        let news = checkpoint.is_some() && checkpoint != sent.checkpoint;
        if checkpoint.is_none() || (reports.is_empty() && leaves.is_none() && !news) {
            return Ok(false);
        }
        let deployment = self.core.cfg.trust.deployment.clone();
        let batch = ReportBatch { v: 1, deployment, reports, checkpoint: checkpoint.clone(), leaves };
        let receipt: ReportReceipt = self.call("POST", REPORTS_PATH, crypto::canonical(&batch)?).await?;
        let before = self.core.read(|s| s.acknowledged);
        self.acknowledge(receipt.acknowledged_report)?;
        sent.checkpoint = checkpoint;
        let copied = std::mem::replace(&mut sent.copied, receipt.zone_log);
        Ok(receipt.acknowledged_report > before || receipt.zone_log > copied)
    }

    async fn call<T: DeserializeOwned>(&self, method: &str, path: &str, body: Vec<u8>) -> Result<T, NodeError> {
        let cfg = &self.core.cfg;
        let request = ZoneRequest {
            v: 1,
            method: method.into(),
            path_and_query: path.into(),
            at: self.core.time.machine(),
            nonce: crypto::random_hex(16)?,
            body: Digest(cfg.trust.suite.hash(&body).to_string()),
        };
        let url = format!("{}{path}", cfg.platform.trim_end_matches('/'));
        let builder = if method == "GET" { self.client.get(url) } else { self.client.post(url).body(body) };
        let answer = builder
            .header(KEY_HEADER, cfg.signer.key_id())
            .header(AT_HEADER, request.at.0.to_string())
            .header(NONCE_HEADER, &request.nonce)
            .header(SIGNATURE_HEADER, cfg.signer.sign(ZONE_REQUEST_TYPE, &request)?)
            .header("content-type", "application/json")
            .timeout(cfg.limits.poll + Duration::from_secs(20))
            .send()
            .await
            .map_err(|e| NodeError::Link(transport(&e)))?;
        if !answer.status().is_success() {
            return Err(NodeError::Link(format!("status {}", answer.status().as_u16())));
        }
        let bytes = read_all(answer).await?;
        serde_json::from_slice(&bytes).map_err(|_| NodeError::Link("not the expected JSON".into()))
    }
}

/// As many reports from the front as go out at once; always the first.
fn first_reports(mut reports: Vec<Signed<ZoneReport>>) -> Result<Vec<Signed<ZoneReport>>, NodeError> {
    let (mut bytes, mut many) = (0, 0);
    for report in &reports {
        bytes += crypto::canonical(report)?.len();
        if many > 0 && bytes > MAX_REPORT_BYTES {
            break;
        }
        many += 1;
    }
    reports.truncate(many);
    Ok(reports)
}

/// Takes the platform's word for what it stored, but never for reports that were not made: then this folder is a copy
/// from before they were.
pub(crate) fn acknowledge(core: &Core, report: u64) -> Result<(), NodeError> {
    core.commit(|draft| {
        if report > draft.state.report_seq {
            return Err(NodeError::RolledBack("the platform holds reports that this folder never made"));
        }
        if report > draft.state.acknowledged {
            draft.push(Record::Acknowledged { report });
        }
        Ok(())
    })
}

async fn read_all(mut answer: reqwest::Response) -> Result<Vec<u8>, NodeError> {
    let mut out = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| NodeError::Link(transport(&e)))? {
        if out.len() + chunk.len() > MAX_REPLY {
            return Err(NodeError::Link("the answer is too long".into()));
        }
        out.extend_from_slice(&chunk);
    }
    Ok(out)
}

/// What went wrong on the wire, without the address.
fn transport(e: &reqwest::Error) -> String {
    let what = if e.is_timeout() {
        "timed out"
    } else if e.is_connect() {
        "cannot connect"
    } else {
        "broken off"
    };
    what.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::order::ReportOutcome;

    fn report(seq: u64, lineage: usize) -> Signed<ZoneReport> {
        let outcome = ReportOutcome::JobDone {
            job: "job_1".into(),
            artefact: Digest("d".into()),
            rows: 1,
            verdict: "pass".into(),
            gate_report: Digest("d".into()),
            lineage: serde_json::Value::String("x".repeat(lineage)),
            figures: BTreeMap::new(),
        };
        let body = ZoneReport {
            v: 1,
            deployment: "d".into(),
            seq,
            order: None,
            case: None,
            case_head: None,
            zone_head: None,
            at: model::Timestamp(0),
            outcome,
        };
        Signed { key: "k".into(), signature: "s".into(), body }
    }

    /// A zone that was cut off for long, or that has much to say at once, is heard all the same.
    #[test]
    fn reports_go_out_in_bites() {
        let many = |sizes: &[usize]| {
            let all = sizes.iter().zip(1..).map(|(size, seq)| report(seq, *size)).collect();
            first_reports(all).unwrap().iter().map(|r| r.body.seq).collect::<Vec<_>>()
        };
        assert_eq!(many(&[]), Vec::<u64>::new());
        assert_eq!(many(&[10, 10, 10]), [1, 2, 3]);
        assert_eq!(many(&[400 << 10, 400 << 10, 400 << 10, 10]), [1, 2]);
        assert_eq!(many(&[3 << 20, 10]), [1], "the first always");
    }
}
