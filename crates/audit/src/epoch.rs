//! Yearly epochs: parts of one log that go on in one tree. A leaf `epoch_opened` closes the part before it: it holds the
//! signed checkpoint over all leaves of that part, whole, and names its size, its roots and its digest.
//!
//! When a year begins is the caller's business: this crate reads no clock and knows no calendar.

use crate::checkpoint::Checkpoint;
use crate::keys::KeyListView;
use crate::leaf::{Leaf, LogName};
use crate::reader::LogReader;
use crate::report::{EpochView, Failure};
use crate::tile::ALGS;
use crate::verify::check_checkpoint;
use crate::{Anchor, LogError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{Hash, HashAlg};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Verb of the leaf that opens an epoch.
pub const EPOCH_OPENED: &str = "epoch_opened";
/// Verb of the leaf that binds the archives of closed epochs anew.
pub const EPOCH_RENEWED: &str = "epoch_renewed";
/// Bytes of an encoded leaf that only such a leaf has: within a text a quotation mark is escaped.
const MARK: &[u8] = b"\"kind\":\"epoch_opened\"";
/// Characters of the note's base64 in one member of `refs`.
const PIECE: usize = 256;
const DIGEST: &str = "note";

fn bad(why: &'static str) -> LogError {
    LogError::Leaf(why)
}

/// What a leaf `epoch_opened` says: which epoch ends and which begins, and the checkpoint over all that came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Name of the epoch that is closed: the year in which it began.
    pub closed: u32,
    /// Name of the epoch that begins.
    pub epoch: u32,
    /// The closing checkpoint, over every leaf of the closed epoch and of those before.
    pub note: Checkpoint,
}

impl Opening {
    /// The leaf's `refs`.
    ///
    /// # Errors
    /// The note is too long for a leaf.
    pub fn refs(&self) -> Result<BTreeMap<String, String>, LogError> {
        let note = self.note.render();
        let hash = |alg| Hash { alg, bytes: self.note.root(alg) }.to_string();
        let named = [
            ("closed", self.closed.to_string()),
            ("epoch", self.epoch.to_string()),
            ("origin", self.note.origin.clone()),
            ("size", self.note.size.to_string()),
            ("sm3", hash(HashAlg::Sm3)),
            ("sha256", hash(HashAlg::Sha256)),
            (DIGEST, self.note.suite.hash(note.as_bytes()).to_string()),
        ];
        let mut refs: BTreeMap<String, String> = named.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let text = BASE64.encode(&note);
        for (n, piece) in (1u32..).zip(text.as_bytes().chunks(PIECE)) {
            if n > 50 {
                return Err(bad("the closing checkpoint is too long"));
            }
            refs.insert(format!("{DIGEST}_{n:02}"), String::from_utf8_lossy(piece).into_owned());
        }
        Ok(refs)
    }

    /// Reads a leaf; `None` where it is of another kind. Only the one form is accepted; whether the log had these roots and
    /// who signed, [`Walk`] checks.
    ///
    /// # Errors
    /// The leaf is of this kind, and anything in it is not as [`Opening::refs`] writes it.
    pub fn read(leaf: &Leaf) -> Result<Option<Self>, LogError> {
        if leaf.kind != EPOCH_OPENED {
            return Ok(None);
        }
        let year = |name: &str| -> Result<u32, LogError> {
            leaf.refs.get(name).and_then(|t| t.parse().ok()).ok_or_else(|| bad("an epoch has no year for its name"))
        };
        let (closed, epoch) = (year("closed")?, year("epoch")?);
        let piece = |(name, text): (&String, &String)| name.starts_with("note_").then(|| text.clone());
        let text: String = leaf.refs.iter().filter_map(piece).collect();
        let note = BASE64.decode(text).map_err(|_| bad("the closing checkpoint is not base64"))?;
        let opening = Self { closed, epoch, note: Checkpoint::parse(&note)? };
        if opening.refs()? != leaf.refs || leaf.case.is_some() || epoch <= closed {
            return Err(bad("an epoch's opening does not name the checkpoint that it holds"));
        }
        Ok(Some(opening))
    }

    /// As [`Opening::read`], out of an encoded leaf; quick where it is another.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Result<Option<(Self, Leaf)>, LogError> {
        if !bytes.windows(MARK.len()).any(|w| w == MARK) {
            return Ok(None);
        }
        let leaf = Leaf::decode(bytes)?;
        Ok(Self::read(&leaf)?.map(|opening| (opening, leaf)))
    }
}

/// The leaves of a log that open an epoch, with their index; looks at every leaf.
pub(crate) fn openings(reader: &LogReader) -> Result<Vec<(u64, Opening)>, LogError> {
    let mut out = Vec::new();
    reader.each(0, |index, bytes| {
        out.extend(Opening::of_bytes(bytes)?.map(|(opening, _)| (index, opening)));
        Ok(())
    })?;
    Ok(out)
}

/// Where the running epoch began. The writer remembers it with what it has signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochMark {
    /// Its name.
    pub year: u32,
    /// Number of leaves under the checkpoint that closed the one before.
    pub first: u64,
    /// Index of the leaf that opened it.
    pub index: u64,
    /// Time of that leaf.
    pub at: i64,
}

impl EpochMark {
    /// The mark after a leaf, if it opens an epoch that may follow the one before.
    ///
    /// # Errors
    /// It opens one that may not.
    pub(crate) fn after(
        index: u64,
        bytes: &[u8],
        origin: &str,
        before: Option<&Self>,
    ) -> Result<Option<Self>, LogError> {
        let Some((opening, leaf)) = Opening::of_bytes(bytes)? else { return Ok(None) };
        if opening.note.origin != origin || !follows(&opening, index, before.map(|m| (m.year, m.index))) {
            return Err(bad("it opens an epoch that does not follow the one before"));
        }
        Ok(Some(Self { year: opening.epoch, first: opening.note.size, index, at: leaf.at }))
    }
}

/// The epoch before is the one that is closed, its own opening is under the closing checkpoint, and that lies before.
fn follows(opening: &Opening, index: u64, before: Option<(u32, u64)>) -> bool {
    let size = opening.note.size;
    (1..=index).contains(&size) && before.is_none_or(|(year, at)| opening.closed == year && size > at)
}

/// What a verifier holds a log's openings against while it goes through the leaves.
pub(crate) struct Walk<'a> {
    pub log: LogName,
    pub list: &'a KeyListView,
    pub lists: &'a [Hash],
    pub reader: &'a LogReader,
    origin: String,
    /// Name of the running epoch and index of the leaf that opened it.
    running: Option<(u32, u64)>,
    from: u64,
    pub closed: Vec<EpochView>,
    /// Checkpoints of the other log that closing checkpoints anchor, with the epoch.
    pub anchors: Vec<(u32, Anchor)>,
}

impl<'a> Walk<'a> {
    pub fn new(log: LogName, list: &'a KeyListView, lists: &'a [Hash], reader: &'a LogReader) -> Self {
        let origin = format!("{}/{log}", list.deployment);
        Self { log, list, lists, reader, origin, running: None, from: 0, closed: Vec::new(), anchors: Vec::new() }
    }

    /// Looks at a leaf. One that opens an epoch must hold the checkpoint of this very log over what it closes.
    pub fn leaf(&mut self, index: u64, leaf: &Leaf) -> Result<(), Failure> {
        let fail = |zh: String, en: String| {
            let (zh, en) = (format!("第{index}条：{zh}"), format!("leaf {index}: {en}"));
            Failure::new("", "epoch", zh, en)
        };
        let read = Opening::read(leaf);
        let Some(opening) = read.map_err(|e| fail("年度开篇格式不符".into(), e.to_string()))? else {
            return Ok(());
        };
        let (closed, note) = (opening.closed, &opening.note);
        let said = |zh: &str, en: &str| {
            fail(format!("{closed} 年度的结篇{zh}"), format!("what closes the epoch {closed} {en}"))
        };
        if note.origin != self.origin || !follows(&opening, index, self.running) {
            return Err(said("不接续上一年度", "does not follow the epoch before"));
        }
        for alg in ALGS {
            if self.reader.root(alg, note.size)? != note.root(alg) {
                return Err(said(
                    "检查点与其条目不符",
                    "is a checkpoint over other leaves than those that stand before it",
                ));
            }
        }
        check_checkpoint(note, self.log, self.list, self.lists)
            .map_err(|f| said(&format!("：{}", f.zh), &format!("does not hold: {}", f.en)))?;
        self.anchors.extend(note.anchors.iter().map(|a| (closed, a.clone())));
        self.closed.push(EpochView::closed(self.log, closed, self.from, note));
        self.running = Some((opening.epoch, index));
        self.from = note.size;
        Ok(())
    }

    /// The name of the running epoch, once one was opened.
    pub fn running(&self) -> Option<u32> {
        self.running.map(|(year, _)| year)
    }

    /// All epochs, the running one last; none where none was ever closed.
    pub fn all(&self, size: u64) -> Vec<EpochView> {
        let mut out = self.closed.clone();
        out.extend(self.running().map(|year| EpochView::running(self.log, year, self.from, size)));
        out
    }
}
