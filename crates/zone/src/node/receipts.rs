//! Receipts of answered calls. A receipt is durable before its answer leaves; receipts of at most a second form a
//! segment, whose Merkle root stands in one leaf and one report (invariant 3). It knows no product and no caller.

use super::core::Core;
use super::draft::Said;
use super::error::NodeError;
use super::journal::sync_parent;
use super::record::Record;
use super::torn;
use audit::merkle::{leaf_node, root_over};
use crypto::{Hash, Suite};
use model::ids::{OrderId, OrgId, ProductId, TicketId};
use model::order::{ReportOutcome, UsageCount};
use model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

const GROUP: usize = 1024;

/// One answered call. A stored format (invariant 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receipt {
    pub(crate) v: u32,
    pub(crate) segment: u64,
    /// Number in the segment, from 1.
    pub(crate) n: u64,
    pub(crate) at: Timestamp,
    pub(crate) call: Call,
    /// Code of [`Chain`]; receipts of before have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
}

/// Ties the receipts of a segment together under a key that only the zone's own signing key gives, so that nobody who can
/// write its folder puts a receipt into an open segment, bends one or leaves one out: each code covers the receipt and the
/// code before it. What is cut off at the end it cannot show.
pub(crate) struct Chain {
    suite: Suite,
    key: Hash,
    last: [u8; 32],
}

impl Chain {
    /// The chain of a new segment.
    pub(crate) fn new(core: &Core) -> Result<Self, NodeError> {
        let (suite, deployment) = (core.cfg.trust.suite, &core.cfg.trust.deployment);
        // Signatures are deterministic (decision 0003), and this one is shown to nobody.
        let secret = core.cfg.signer.sign("receipt-chain-key", deployment)?;
        Ok(Self { suite, key: suite.hash(secret.as_bytes()), last: [0; 32] })
    }

    /// The receipt as the next of the chain, with its bytes.
    pub(crate) fn next(&mut self, mut receipt: Receipt) -> Result<(Receipt, Vec<u8>), NodeError> {
        receipt.code = None;
        let code = self.suite.mac(&self.key.bytes, &[&self.last[..], &crypto::canonical(&receipt)?].concat());
        receipt.code = Some(code.iter().map(|byte| format!("{byte:02x}")).collect());
        self.last = code;
        let bytes = crypto::canonical(&receipt)?;
        Ok((receipt, bytes))
    }
}

/// What was answered to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    /// Kind of call.
    pub(crate) kind: String,
    pub(crate) ticket: TicketId,
    pub(crate) org: OrgId,
    /// Order that pays for it, where there is one.
    pub(crate) order: Option<OrderId>,
    pub(crate) product: Option<ProductId>,
    /// Digest of the answer's body.
    pub(crate) answer: Digest,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

type Waiting = (Call, oneshot::Sender<bool>);

/// Where handlers leave their receipts.
#[derive(Clone)]
pub(crate) struct Receipts {
    to: mpsc::Sender<Waiting>,
}

impl Receipts {
    /// Makes a receipt durable; only then may the answer leave.
    pub(crate) async fn keep(&self, call: Call) -> Result<(), NodeError> {
        let (done, kept) = oneshot::channel();
        let lost = || NodeError::Config("receipts cannot be kept");
        self.to.send((call, done)).await.map_err(|_| lost())?;
        if kept.await.unwrap_or(false) { Ok(()) } else { Err(lost()) }
    }
}

/// The writer's end.
pub(crate) struct Writer {
    core: Arc<Core>,
    from: mpsc::Receiver<Waiting>,
    folder: PathBuf,
}

struct Segment {
    number: u64,
    file: File,
    len: u64,
    chain: Chain,
    receipts: Vec<(Receipt, Vec<u8>)>,
    closes: Instant,
}

/// Opens the receipts' folder; a segment that a crash left open is closed first.
pub(crate) fn open(core: Arc<Core>) -> Result<(Receipts, Writer), NodeError> {
    let folder = core.cfg.data.join("receipts");
    fs::create_dir_all(&folder).map_err(NodeError::io("creating the receipts' folder"))?;
    let number = core.read(|s| s.segments) + 1;
    let left = torn::healed(&core, &path_of(&folder, number), number)?;
    if !left.is_empty() {
        close(&core, number, &left)?;
    }
    let (to, from) = mpsc::channel(4 * GROUP);
    Ok((Receipts { to }, Writer { core, from, folder }))
}

impl Writer {
    /// Writes until every sender is gone.
    pub(crate) async fn run(mut self) -> Result<(), NodeError> {
        while let Some(first) = self.from.recv().await {
            let mut segment = match self.begin() {
                Ok(segment) => segment,
                Err(e) => {
                    // Dropping the waiting call refuses it.
                    tracing::error!(error = %e, "receipts cannot be kept");
                    continue;
                }
            };
            self.write(&mut segment, first)?;
            while let Ok(Some(next)) = timeout_at(segment.closes, self.from.recv()).await {
                self.write(&mut segment, next)?;
            }
            self.close(&segment).await?;
        }
        Ok(())
    }

    /// Closes a segment, again and again while the disk is full: its receipts were answered and must be counted.
    async fn close(&self, segment: &Segment) -> Result<(), NodeError> {
        // A root over none (every write failed) would say nothing.
        while !segment.receipts.is_empty() {
            match close(&self.core, segment.number, &segment.receipts) {
                Ok(()) => break,
                Err(e) if e.is_fatal() => return Err(e),
                Err(e) => tracing::error!(error = %e, "a segment of receipts cannot be closed"),
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        Ok(())
    }

    fn begin(&self) -> Result<Segment, NodeError> {
        let number = self.core.read(|s| s.segments) + 1;
        let path = path_of(&self.folder, number);
        let io = NodeError::io;
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(io("opening a segment"))?;
        file.set_len(0).map_err(io("opening a segment"))?;
        sync_parent(&path)?;
        let closes = Instant::now() + self.core.cfg.limits.segment;
        Ok(Segment { number, file, len: 0, chain: Chain::new(&self.core)?, receipts: Vec::new(), closes })
    }

    /// Writes what waits with one sync.
    fn write(&mut self, segment: &mut Segment, first: Waiting) -> Result<(), NodeError> {
        let mut group = vec![first];
        while let (true, Ok(next)) = (group.len() < GROUP, self.from.try_recv()) {
            group.push(next);
        }
        let at = self.core.time.now();
        let (mut lines, mut receipts, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        let before = segment.chain.last;
        for (call, done) in group {
            let n = (segment.receipts.len() + receipts.len()) as u64 + 1;
            let receipt = Receipt { v: 1, segment: segment.number, n, at, call, code: None };
            let (receipt, bytes) = segment.chain.next(receipt)?;
            lines.extend_from_slice(&bytes);
            lines.push(b'\n');
            receipts.push((receipt, bytes));
            waiting.push(done);
        }
        let kept = segment.file.write_all(&lines).and_then(|()| segment.file.sync_data());
        if let Err(e) = &kept {
            tracing::error!(kind = %e.kind(), "receipts cannot be kept");
            segment.chain.last = before;
            // What may have been written half must not be counted later.
            segment.file.set_len(segment.len).map_err(NodeError::io("undoing a receipt"))?;
            segment.file.sync_data().map_err(NodeError::io("undoing a receipt"))?;
        } else {
            segment.len += lines.len() as u64;
            segment.receipts.extend(receipts);
        }
        for done in waiting {
            let _ = done.send(kept.is_ok());
        }
        Ok(())
    }
}

/// Leaf and report of a closed segment, in one frame.
fn close(core: &Core, number: u64, receipts: &[(Receipt, Vec<u8>)]) -> Result<(), NodeError> {
    let alg = core.cfg.trust.suite.hash_alg();
    let leaves: Vec<_> = receipts.iter().map(|(_, bytes)| leaf_node(alg, bytes)).collect();
    let root = Digest(crypto::Hash { alg, bytes: root_over(alg, &leaves) }.to_string());
    let mut calls: BTreeMap<OrderId, UsageCount> = BTreeMap::new();
    for (receipt, _) in receipts {
        if let Some(order) = &receipt.call.order {
            let count = calls.entry(order.clone()).or_default();
            count.calls += 1;
            count.rows += receipt.call.rows;
            count.bytes += receipt.call.bytes;
        }
    }
    core.commit(|draft| {
        let count = receipts.len() as u64;
        draft.push(Record::SegmentClosed { segment: number, root: root.clone(), receipts: count });
        draft.leaf(Said::new("close_segment").object(&root).with("segment", number).with("receipts", count))?;
        draft.report(None, ReportOutcome::Usage { segment: number, root, calls })
    })
}

fn path_of(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:012}"))
}
