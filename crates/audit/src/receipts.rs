//! The zone's receipts of answered calls, held against the zone's log: each closed segment stands in one leaf with its
//! number, its count and the Merkle root over its lines.
//!
//! Knows of a receipt only that it names its segment and its place there.

use crate::LogError;
use crate::files::Folder;
use crate::leaf::{Leaf, LogName};
use crate::merkle::{leaf_node, root_over};
use crate::reader::LogReader;
use crate::report::{Counts, Failure, VerifyReport};
use crypto::{Hash, HashAlg};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Verb of the leaf of a closed segment.
const CLOSED: &str = "close_segment";

/// A closed segment as its leaf tells it.
struct Closed {
    number: u64,
    receipts: u64,
    root: Hash,
}

/// Goes on from a valid report over `log_dir` (`DATA/log`, or the zone's log alone): every segment that the zone's log closed
/// lies in `receipts`, receipt for receipt. Segments that no checkpoint covers yet are counted and not held against anything.
#[must_use]
pub fn verify_receipts(log_dir: &Path, receipts: &Path, report: VerifyReport) -> VerifyReport {
    if !report.valid {
        return report;
    }
    let mut counts = Counts::default();
    let failure = check(log_dir, receipts, &mut counts).err();
    let mut out = report;
    for (what, n) in VerifyReport::new(Ok(()), false, counts, None).checked {
        out.checked.insert(what, n);
    }
    if let Some(failure) = failure {
        (out.valid, out.trusted, out.unproved, out.failure) = (false, false, None, Some(failure));
    }
    out
}

fn check(log_dir: &Path, receipts: &Path, counts: &mut Counts) -> Result<(), Failure> {
    let own = log_dir.file_name().and_then(|n| n.to_str()) == Some(LogName::Zone.as_str());
    let dir = if own { log_dir.to_path_buf() } else { log_dir.join(LogName::Zone.as_str()) };
    let (reader, checkpoint) = LogReader::open(&dir).map_err(Failure::from)?;
    let mut closed = Vec::new();
    reader
        .each(0, |_, bytes| {
            let leaf = Leaf::decode(bytes)?;
            if leaf.kind == CLOSED {
                closed.push(read(&leaf)?);
            }
            Ok(())
        })
        .map_err(Failure::from)?;
    let folder = Folder::new(receipts);
    let mut files = folder.names("").map_err(Failure::from)?;
    if let Some(stray) = folder.irregular(files.iter().cloned().collect()).map_err(Failure::from)? {
        let (zh, en) = ("既不是普通文件也不是目录", "neither a plain file nor a folder");
        return Err(Failure::new(format!("receipts/{stray}"), "not_plain", zh, en));
    }
    for (n, segment) in (1u64..).zip(&closed) {
        let name = format!("{:012}", segment.number);
        let at = |f: Failure| Failure { file: format!("receipts/{name}"), ..f };
        if segment.number != n {
            let (zh, en) = ("分段编号有缺口", "the numbers of the segments have a gap");
            return Err(at(Failure::new("", "receipts", zh, en)));
        }
        let bytes = folder.read(&name).map_err(Failure::from)?;
        let bytes = bytes
            .ok_or_else(|| at(Failure::new("", "missing", "缺少该段回执", "the segment of receipts is missing")))?;
        segment.holds(checkpoint.suite.hash_alg(), &bytes).map_err(at)?;
        files.remove(&name);
        counts.add("segments", 1);
        counts.add("receipts", segment.receipts);
    }
    not_closed_yet(&files, closed.len() as u64, counts)
}

/// What is left are segments after the last one that a checkpoint covers.
fn not_closed_yet(files: &BTreeSet<String>, closed: u64, counts: &mut Counts) -> Result<(), Failure> {
    for name in files {
        let number = name.parse::<u64>().ok().filter(|n| format!("{n:012}") == *name && *n > closed);
        if number.is_none() {
            let (zh, en) = ("不属于回执的文件", "a file that does not belong to the receipts");
            return Err(Failure::new(format!("receipts/{name}"), "unknown_file", zh, en));
        }
        counts.add("segments_not_under_a_checkpoint", 1);
    }
    Ok(())
}

fn read(leaf: &Leaf) -> Result<Closed, LogError> {
    let bad = || LogError::Leaf("it closes a segment without saying which");
    let number = |name: &str| leaf.refs.get(name).and_then(|n| n.parse().ok()).ok_or_else(bad);
    let root = leaf.object.as_deref().and_then(|text| text.parse().ok()).ok_or_else(bad)?;
    Ok(Closed { number: number("segment")?, receipts: number("receipts")?, root })
}

impl Closed {
    fn holds(&self, alg: HashAlg, bytes: &[u8]) -> Result<(), Failure> {
        let bad = |zh, en| Err(Failure::new("", "receipts", zh, en));
        let Some(lines) = bytes.strip_suffix(b"\n") else {
            return bad("最后一条回执不完整", "the last receipt is not whole");
        };
        let lines: Vec<&[u8]> = lines.split(|b| *b == b'\n').collect();
        if lines.len() as u64 != self.receipts {
            return bad("回执数目与日志不符", "not as many receipts as the log says");
        }
        for (n, line) in (1u64..).zip(&lines) {
            let receipt: Value = crypto::from_canonical(line).unwrap_or_default();
            let is = |name: &str| receipt.get(name).and_then(Value::as_u64);
            if (is("v"), is("segment"), is("n")) != (Some(1), Some(self.number), Some(n)) {
                return bad("回执的格式、段号或序号不符", "a receipt's form, segment or number is another");
            }
        }
        let leaves: Vec<_> = lines.iter().map(|line| leaf_node(alg, line)).collect();
        if (Hash { alg, bytes: root_over(alg, &leaves) }) != self.root {
            return bad("回执与日志所记的根不符", "the receipts do not come to the root in the log");
        }
        Ok(())
    }
}
