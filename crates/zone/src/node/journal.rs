//! The journal: the zone's only durable state besides sealed objects. An append-only file of frames, each written and
//! synced before anything that it says is shown to anybody; state is rebuilt from it at start.
//!
//! Frame: length (u32, big endian), canonical JSON, and the digest of the previous frame's digest and this JSON. A frame
//! is all or nothing: what belongs together (an effect, its leaf, its report) is one frame. It does not know what
//! records mean.

use super::error::NodeError;
use super::record::{Frame, Record};
use crypto::{Hash, Suite, canonical};
use model::Timestamp;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

const MAGIC: &[u8] = b"yunyu/journal/v1\n";
const MAX_FRAME: u32 = 64 << 20;

/// The open journal.
pub(crate) struct Journal {
    file: File,
    suite: Suite,
    /// Bytes that hold whole frames.
    len: u64,
    /// Frames written so far.
    frames: u64,
    head: Hash,
    /// A failed append could not be undone: nothing may be appended any more.
    broken: bool,
}

impl Journal {
    /// Opens or creates the journal and hands every whole frame, in order, to `take`. A torn tail is left out, but stays
    /// in the file until `cut`, so that a caller who finds that the folder was rolled back changes nothing.
    pub(crate) fn open(
        path: &Path,
        suite: Suite,
        deployment: &str,
        mut take: impl FnMut(Frame) -> Result<(), NodeError>,
    ) -> Result<Self, NodeError> {
        let io = NodeError::io;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(io("opening the journal"))?;
        let size = file.metadata().map_err(io("opening the journal"))?.len();
        let head = suite.hash(&[MAGIC, deployment.as_bytes()].concat());
        if size < MAGIC.len() as u64 {
            // Created and killed before the first line was durable: nothing was ever said on its strength.
            file.set_len(0).map_err(io("starting the journal"))?;
            file.write_all(MAGIC).map_err(io("starting the journal"))?;
            file.sync_all().map_err(io("starting the journal"))?;
            sync_parent(path)?;
            return Ok(Self { file, suite, len: MAGIC.len() as u64, frames: 0, head, broken: false });
        }
        let read = read_frames(&file, size, suite, deployment, |frame, _| take(frame).map(|()| true))?;
        let Read { len, frames, head } = read;
        file.seek(SeekFrom::Start(len)).map_err(io("reading the journal"))?;
        Ok(Self { file, suite, len, frames, head, broken: false })
    }

    /// Cuts off what a killed append left behind the last whole frame.
    pub(crate) fn cut(&mut self) -> Result<(), NodeError> {
        let io = NodeError::io;
        self.file.set_len(self.len).map_err(io("cutting the journal's torn tail"))?;
        self.file.seek(SeekFrom::Start(self.len)).map_err(io("cutting the journal's torn tail"))?;
        self.file.sync_all().map_err(io("cutting the journal's torn tail"))
    }

    /// Appends one frame; it is durable when this returns.
    pub(crate) fn append(&mut self, at: Timestamp, records: Vec<Record>) -> Result<Frame, NodeError> {
        if self.broken {
            return Err(NodeError::JournalBroken(self.frames));
        }
        let frame = Frame { v: 1, seq: self.frames, at, records };
        let body = canonical(&frame)?;
        let size = u32::try_from(body.len())
            .ok()
            .filter(|n| *n <= MAX_FRAME)
            .ok_or(NodeError::Config("a record is too large"))?;
        let head = chain(self.suite, &self.head, &body);
        let bytes = [&size.to_be_bytes()[..], &body, &head.bytes].concat();
        if let Err(source) = self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            // Whether the frame is durable is unknown after a failed sync: nothing may follow it until it is cut off.
            let undone =
                self.file.set_len(self.len).and_then(|()| self.file.seek(SeekFrom::Start(self.len)).map(|_| ()));
            self.broken = undone.and_then(|()| self.file.sync_all()).is_err();
            return Err(NodeError::Io { what: "appending to the journal", source });
        }
        self.len += bytes.len() as u64;
        self.frames += 1;
        self.head = head;
        Ok(frame)
    }
}

/// How far whole frames were read.
pub(crate) struct Read {
    /// Bytes up to there.
    pub(crate) len: u64,
    pub(crate) frames: u64,
    head: Hash,
}

/// Hands every whole frame, with the place where it ends, to `take`, until that says no or there is none. A torn tail is
/// left out; any other damage is an error.
pub(crate) fn read_frames(
    file: &File,
    size: u64,
    suite: Suite,
    deployment: &str,
    mut take: impl FnMut(Frame, u64) -> Result<bool, NodeError>,
) -> Result<Read, NodeError> {
    let mut read = Read { len: 0, frames: 0, head: suite.hash(&[MAGIC, deployment.as_bytes()].concat()) };
    let mut reader = Scan { input: BufReader::new(file), at: 0, size };
    if size < MAGIC.len() as u64 || reader.take(MAGIC.len())? != MAGIC {
        return Err(NodeError::JournalBroken(0));
    }
    read.len = reader.at;
    while let Some((body, digest)) = reader.frame(read.frames)? {
        let chained = chain(suite, &read.head, &body);
        if chained.bytes.as_slice() != digest.as_slice() {
            if reader.at == size {
                break;
            }
            return Err(NodeError::JournalBroken(read.frames));
        }
        let frame: Frame = serde_json::from_slice(&body).map_err(|_| NodeError::JournalBroken(read.frames))?;
        if frame.seq != read.frames {
            return Err(NodeError::JournalBroken(read.frames));
        }
        if !take(frame, reader.at)? {
            break;
        }
        read = Read { len: reader.at, frames: read.frames + 1, head: chained };
    }
    Ok(read)
}

fn chain(suite: Suite, head: &Hash, body: &[u8]) -> Hash {
    let mut h = suite.hash_alg().hasher();
    h.update(&head.bytes);
    h.update(body);
    h.finish()
}

/// Makes a new name in a folder durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), NodeError> {
    let Some(parent) = path.parent() else { return Ok(()) };
    File::open(parent).and_then(|d| d.sync_all()).map_err(NodeError::io("syncing a folder"))
}

struct Scan<R> {
    input: R,
    at: u64,
    size: u64,
}

impl<R: io::Read> Scan<R> {
    fn take(&mut self, n: usize) -> Result<Vec<u8>, NodeError> {
        let mut out = vec![0; n];
        self.input.read_exact(&mut out).map_err(NodeError::io("reading the journal"))?;
        self.at += n as u64;
        Ok(out)
    }

    /// The next frame's JSON and digest; `None` at the end or at a torn tail.
    fn frame(&mut self, n: u64) -> Result<Option<(Vec<u8>, Vec<u8>)>, NodeError> {
        if self.size - self.at < 4 {
            return Ok(None);
        }
        let mut size = [0; 4];
        size.copy_from_slice(&self.take(4)?);
        let size = u32::from_be_bytes(size);
        if size == 0 {
            return self.zeros(n);
        }
        if size > MAX_FRAME {
            return Err(NodeError::JournalBroken(n));
        }
        if self.size - self.at < u64::from(size) + 32 {
            return Ok(None);
        }
        Ok(Some((self.take(size as usize)?, self.take(32)?)))
    }

    /// A file system may leave a tail of zeros after a crash; anything else behind an empty frame is damage.
    fn zeros(&mut self, n: u64) -> Result<Option<(Vec<u8>, Vec<u8>)>, NodeError> {
        let mut buffer = [0; 4096];
        loop {
            match self.input.read(&mut buffer).map_err(NodeError::io("reading the journal"))? {
                0 => return Ok(None),
                k if buffer.iter().take(k).all(|b| *b == 0) => {}
                _ => return Err(NodeError::JournalBroken(n)),
            }
        }
    }
}
