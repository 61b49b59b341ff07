//! What the engine cannot hold in memory, sealed on its way to disk. Every file has a key of its own that only this
//! process knows, and no name in any folder: whatever ends the process ends both.
//!
//! A file is a run of frames, each length (u32, big endian) and a sealed chunk. A reader may follow a writer: it sees
//! whole frames only.

use bytes::Bytes;
use crypto::{CHUNK, Scratch, Suite};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::spill_file::{SpillFile, SpillWriter, TempFileFactory};
use futures::Stream;
use futures::stream::try_unfold;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Where an engine may spill, and how it is sealed there.
#[derive(Clone, Debug)]
pub struct Spill {
    /// Folder on the disk that is used.
    pub folder: PathBuf,
    /// Suite of the sealing.
    pub suite: Suite,
}

/// Makes sealed spill files; all of one run share the room.
#[derive(Debug)]
pub(super) struct SealedSpill {
    place: Spill,
    room: Arc<Room>,
}

#[derive(Debug)]
struct Room {
    left: AtomicU64,
    full: AtomicBool,
}

impl SealedSpill {
    pub(super) fn new(place: &Spill, bytes: u64) -> Self {
        let room = Room { left: AtomicU64::new(bytes), full: AtomicBool::new(false) };
        Self { place: place.clone(), room: Arc::new(room) }
    }

    /// Whether a write was refused for want of room.
    pub(super) fn is_full(&self) -> bool {
        self.room.full.load(Ordering::Relaxed)
    }
}

impl TempFileFactory for SealedSpill {
    fn create_temp_file(&self, _description: &str) -> Result<Arc<dyn SpillFile>> {
        let file = tempfile::tempfile_in(&self.place.folder).map_err(DataFusionError::IoError)?;
        let key = Scratch::new(self.place.suite).map_err(fault)?;
        let inner = Inner { file, key, len: AtomicU64::new(0), room: Arc::clone(&self.room) };
        Ok(Arc::new(SealedFile(Arc::new(inner))))
    }
}

fn fault(error: crypto::CryptoError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

struct Inner {
    file: File,
    key: Scratch,
    /// Bytes of whole frames.
    len: AtomicU64,
    room: Arc<Room>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.room.left.fetch_add(self.len.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Inner {
    /// Appends a frame. One writer at a time: the engine opens one.
    fn append(&self, chunk: &mut Vec<u8>) -> io::Result<()> {
        self.key.seal(chunk).map_err(io::Error::other)?;
        let size = u32::try_from(chunk.len()).map_err(io::Error::other)?;
        let bytes = 4 + chunk.len() as u64;
        let taken = self.room.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        if taken.is_err() {
            self.room.full.store(true, Ordering::Relaxed);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let at = self.len.load(Ordering::Acquire);
        self.file.write_all_at(&size.to_be_bytes(), at)?;
        self.file.write_all_at(chunk, at + 4)?;
        self.len.store(at + bytes, Ordering::Release);
        chunk.clear();
        Ok(())
    }

    /// The frame at a place, and the place of the next; `None` where the writer has not come yet.
    fn frame(&self, number: u64, at: u64) -> Result<Option<(Bytes, u64)>> {
        if at >= self.len.load(Ordering::Acquire) {
            return Ok(None);
        }
        let mut size = [0; 4];
        self.file.read_exact_at(&mut size, at).map_err(DataFusionError::IoError)?;
        let mut chunk = vec![0; u32::from_be_bytes(size) as usize];
        self.file.read_exact_at(&mut chunk, at + 4).map_err(DataFusionError::IoError)?;
        let next = at + 4 + chunk.len() as u64;
        self.key.open(number, &mut chunk).map_err(fault)?;
        Ok(Some((Bytes::from(chunk), next)))
    }
}

/// A sealed spill file.
struct SealedFile(Arc<Inner>);

impl SpillFile for SealedFile {
    fn size(&self) -> Option<u64> {
        Some(self.0.len.load(Ordering::Relaxed))
    }

    fn read_stream(&self) -> Result<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>> {
        let inner = Arc::clone(&self.0);
        Ok(Box::pin(try_unfold((0, 0), move |(number, at)| {
            let inner = Arc::clone(&inner);
            async move {
                let read = tokio::task::spawn_blocking(move || inner.frame(number, at)).await;
                let read = read.map_err(|error| DataFusionError::External(Box::new(error)))??;
                Ok(read.map(|(bytes, next)| (bytes, (number + 1, next))))
            }
        })))
    }

    fn open_writer(&self) -> Result<Box<dyn SpillWriter>> {
        Ok(Box::new(SealedWriter { inner: Arc::clone(&self.0), buffer: Vec::with_capacity(CHUNK + 16) }))
    }
}

/// Collects a chunk, seals it, appends it.
struct SealedWriter {
    inner: Arc<Inner>,
    buffer: Vec<u8>,
}

impl Write for SealedWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let n = data.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(data.get(..n).unwrap_or_default());
        if self.buffer.len() == CHUNK {
            self.flush()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.inner.append(&mut self.buffer) }
    }
}

impl SpillWriter for SealedWriter {
    fn finish(&mut self) -> Result<()> {
        self.flush().map_err(DataFusionError::IoError)
    }
}
