//! The zone's receipts of answered calls, held against the zone's log: each closed segment stands in one leaf with its
//! number, its count and the Merkle root over its lines; what a stop left in an open segment was set aside, and stands in one
//! with its segment, its size and its digest.
//!
//! Knows of a receipt only that it names its segment and its place there, and nothing of what was set aside.

use crate::LogError;
use crate::files::Folder;
use crate::leaf::{Leaf, LogName};
use crate::merkle::{leaf_node, root_over};
use crate::reader::LogReader;
use crate::report::{Counts, Failure, VerifyReport};
use crypto::{Hash, HashAlg};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Verb of the leaf of a closed segment.
const CLOSED: &str = "close_segment";

/// Verb of the leaf of what was set aside, the folder of it beside that of the receipts, and the ending of a file whose leaf
/// may not be written yet.
const SET_ASIDE: &str = "set_receipts_aside";
const ASIDE: &str = "receipts-torn";
const UNSAID: &str = ".part";

/// What was set aside: segment, size and digest, and in how many leaves it stands. A stop may have had it told twice.
type Aside = BTreeMap<(u64, u64, Hash), u64>;

/// A closed segment as its leaf tells it.
struct Closed {
    number: u64,
    receipts: u64,
    root: Hash,
}

/// Goes on from a valid report over `log_dir` (`DATA/log`, or the zone's log alone): every segment that the zone's log closed
/// lies in `receipts`, receipt for receipt, and what it says was set aside lies in `receipts-torn` beside it, byte for byte.
/// What no checkpoint covers yet is counted and not held against anything.
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
    let (mut closed, mut aside) = (Vec::new(), Aside::new());
    reader
        .each(0, |_, bytes| {
            let leaf = Leaf::decode(bytes)?;
            match leaf.kind.as_str() {
                CLOSED => closed.push(read(&leaf)?),
                SET_ASIDE => *aside.entry(told_aside(&leaf)?).or_default() += 1,
                _ => {}
            }
            Ok(())
        })
        .map_err(Failure::from)?;
    let folder = Folder::new(receipts);
    let mut files = plain(&folder, "receipts")?;
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
    not_closed_yet(&files, closed.len() as u64, counts)?;
    set_aside(&Folder::new(&receipts.with_file_name(ASIDE)), aside, checkpoint.suite.hash_alg(), counts)
}

/// The names in a folder that holds plain files only; none if there is no such folder.
fn plain(folder: &Folder, called: &str) -> Result<BTreeSet<String>, Failure> {
    let files = folder.names("").map_err(|e| Failure { file: called.to_owned(), ..e.into() })?;
    match folder.not_a_file(&files) {
        None => Ok(files),
        Some(stray) => {
            let (zh, en) = ("不是普通文件", "no plain file");
            let place = format!("{called}/{stray}");
            Err(Failure::new(place.trim_end_matches('/'), "not_plain", zh, en))
        }
    }
}

/// Every file that was set aside stands in a leaf, and what stands in a leaf is there.
fn set_aside(folder: &Folder, told: Aside, alg: HashAlg, counts: &mut Counts) -> Result<(), Failure> {
    let mut found = Aside::new();
    for name in plain(folder, ASIDE)? {
        let at = |what, zh: &str, en: &str| Failure::new(format!("{ASIDE}/{name}"), what, zh, en);
        let Some(segment) = aside_name(&name) else {
            return Err(at(
                "unknown_file",
                "不属于移出回执的文件",
                "a file that does not belong to what was set aside",
            ));
        };
        let bytes = folder.read(&name).map_err(Failure::from)?.unwrap_or_default();
        let key = (segment, bytes.len() as u64, alg.hash(&bytes));
        if told.contains_key(&key) {
            *found.entry(key).or_default() += 1;
        } else {
            counts.add("set_aside_not_under_a_checkpoint", 1);
        }
    }
    for (key, leaves) in told {
        let files = found.get(&key).copied().unwrap_or_default();
        let (segment, size, digest) = key;
        let place = format!("{ASIDE}/{segment:012}");
        if files == 0 {
            let zh = format!("缺少日志所记移出的文件，或其内容已改（{size}字节，{digest}）");
            let en = format!("what the log says was set aside is missing or was changed ({size} bytes, {digest})");
            return Err(Failure::new(place, "missing", zh, en));
        }
        if files > leaves {
            let (zh, en) = ("移出的文件多于日志所记", "more files were set aside than the log says");
            return Err(Failure::new(place, "unknown_file", zh, en));
        }
        counts.add("set_aside", files);
    }
    Ok(())
}

/// The segment that a file's name says.
fn aside_name(name: &str) -> Option<u64> {
    let stem = name.strip_suffix(UNSAID).unwrap_or(name);
    let (segment, k) = stem.split_once('-')?;
    let (number, k) = (segment.parse::<u64>().ok()?, k.parse::<u32>().ok()?);
    (stem == format!("{number:012}-{k}")).then_some(number)
}

fn told_aside(leaf: &Leaf) -> Result<(u64, u64, Hash), LogError> {
    let bad = || LogError::Leaf("it says that receipts were set aside without saying which");
    let number = |name: &str| leaf.refs.get(name).and_then(|n| n.parse().ok()).ok_or_else(bad);
    let digest = leaf.object.as_deref().and_then(|text| text.parse().ok()).ok_or_else(bad)?;
    Ok((number("segment")?, number("bytes")?, digest))
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
