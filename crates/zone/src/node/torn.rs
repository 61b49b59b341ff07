//! What a stop left in an open segment of receipts. A write that was cut off was never answered; but the same bytes may be
//! a receipt that somebody bent. So nothing after the last whole receipt is dropped in silence: it is moved aside, and a
//! leaf says how much it was and gives its digest.

use super::core::Core;
use super::draft::Said;
use super::error::NodeError;
use super::journal::sync_parent;
use super::receipts::{Chain, Receipt};
use model::Digest;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Folder of what was moved aside, beside that of the receipts.
pub(super) const FOLDER: &str = "receipts-torn";
/// Ending of a file whose leaf is not written yet.
const UNSAID: &str = "part";

/// A whole receipt with its line.
type Kept = (Receipt, Vec<u8>);

/// The whole receipts of the segment at `path`, in whose file nothing else is left afterwards. A stop in between is made
/// good at the next call: what lies aside without a leaf gets it then.
pub(super) fn healed(core: &Core, path: &Path, number: u64) -> Result<Vec<Kept>, NodeError> {
    let aside = core.cfg.data.join(FOLDER);
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(NodeError::io("reading a segment")(e)),
    };
    let (kept, good) = whole(&bytes, number, &mut Chain::new(core)?);
    let rest = bytes.get(good..).unwrap_or_default();
    tell(core, &aside)?;
    if !rest.is_empty() {
        move_aside(&aside, path, number, good, rest)?;
    }
    tell(core, &aside)?;
    Ok(kept)
}

/// The receipts up to the first line that is not the next one of this segment's chain, and how many bytes they take.
fn whole(bytes: &[u8], number: u64, chain: &mut Chain) -> (Vec<Kept>, usize) {
    let (mut out, mut good) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let Some(body) = line.strip_suffix(b"\n") else { break };
        let Ok(receipt) = crypto::from_canonical::<Receipt>(body) else { break };
        let next = receipt.segment == number && receipt.n == out.len() as u64 + 1;
        match chain.next(receipt) {
            Ok((receipt, bytes)) if next && bytes == body => {
                out.push((receipt, bytes));
                good += line.len();
            }
            _ => break,
        }
    }
    (out, good)
}

/// First the copy, then the cut: a stop in between leaves the bytes in both places, and the copy is made again.
fn move_aside(aside: &Path, path: &Path, number: u64, good: usize, rest: &[u8]) -> Result<(), NodeError> {
    let io = || NodeError::io("moving the rest of a segment aside");
    fs::create_dir_all(aside).map_err(io())?;
    sync_parent(aside)?;
    let to = free(aside, number);
    let mut copy = File::create(&to).map_err(io())?;
    copy.write_all(rest).and_then(|()| copy.sync_all()).map_err(io())?;
    sync_parent(&to)?;
    let segment = OpenOptions::new().write(true).open(path).map_err(io())?;
    segment.set_len(good as u64).and_then(|()| segment.sync_all()).map_err(io())
}

/// A name that no said rest has taken: a segment's number is used again when nothing of it was whole.
fn free(aside: &Path, number: u64) -> PathBuf {
    let said = (0u32..).map(|k| aside.join(format!("{number:012}-{k}")));
    let mut taken = said.skip_while(|name| name.exists());
    taken.next().unwrap_or_default().with_extension(UNSAID)
}

/// A leaf for each rest that has none. Twice is possible (a stop before the file has its final name), never not at all.
fn tell(core: &Core, aside: &Path) -> Result<(), NodeError> {
    let io = || NodeError::io("reading what was moved aside");
    let entries = match fs::read_dir(aside) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(io()(e)),
    };
    for entry in entries {
        let path = entry.map_err(io())?.path();
        if path.extension().is_none_or(|e| e != UNSAID) || !path.is_file() {
            continue;
        }
        let rest = fs::read(&path).map_err(io())?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let segment = name.split('-').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or_default();
        let digest = Digest(core.cfg.trust.suite.hash(&rest).to_string());
        tracing::warn!(segment, bytes = rest.len(), "an open segment of receipts held more than whole receipts");
        core.commit(|draft| {
            let said = Said::new("set_receipts_aside").object(&digest).with("segment", segment);
            draft.leaf(said.with("bytes", rest.len()))
        })?;
        fs::rename(&path, path.with_extension("")).map_err(io())?;
        sync_parent(&path)?;
    }
    Ok(())
}
