//! The last committed leaf as this process knows it, kept outside the database: whoever deletes leaves that have not
//! reached the log yet, or puts an older database back, makes the database end before it.
//!
//! The file has two places that are written in turn, so that a torn write leaves the other one. It is written after each
//! commit and not flushed: a killed process loses nothing, a power cut may set it back, and an older tail is only a
//! weaker promise, never a false alarm.

use crate::{Result, Settings, StoreError};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const LABEL: &str = "yunyu/leaf-tail/v1";
/// Each place lies in a sector of its own.
const STRIDE: u64 = 4096;
/// Sequence (8 bytes, big endian), the leaf's code, and the code over both.
const LEN: usize = 72;

/// A leaf's number in the chain and its authentication code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) seq: i64,
    pub(crate) mac: [u8; 32],
}

/// The tail, in memory and on disk.
#[derive(Debug)]
pub(crate) struct Tail {
    last: Mutex<Option<Place>>,
    file: Option<(File, Sealer)>,
}

impl Tail {
    /// Reads the tail file, or makes it.
    pub(crate) fn open(settings: &Settings) -> Result<Self> {
        let Some(path) = &settings.tail else { return Ok(Self { last: Mutex::new(None), file: None }) };
        let sealer = Sealer { suite: settings.suite, key: settings.mac_key };
        let file = open_file(path).map_err(|e| failed(&e))?;
        let places = [place_at(&file, 0), place_at(&file, STRIDE)];
        let last = places.iter().flatten().filter_map(|bytes| sealer.read(bytes)).max_by_key(|p| p.seq);
        // Nothing but zeros is a file that was made and never written, or lost its first write in a power cut.
        if last.is_none() && places.iter().flatten().flatten().any(|b| *b != 0) {
            return Err(StoreError::Tampered { table: "leaf tail file", row: 0 });
        }
        Ok(Self { last: Mutex::new(last), file: Some((file, sealer)) })
    }

    /// The last leaf that was committed, as far as this process knows.
    pub(crate) fn last(&self) -> Option<Place> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the tail forward; never back.
    pub(crate) fn advance(&self, to: Place) -> Result<()> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|l| l.seq >= to.seq) {
            return Ok(());
        }
        *last = Some(to);
        // Under the lock, so that an older tail never overwrites a newer one.
        match &self.file {
            Some((file, sealer)) => sealer.write(file, to).map_err(|_| StoreError::OutcomeUnknown),
            None => Ok(()),
        }
    }
}

fn failed(e: &std::io::Error) -> StoreError {
    StoreError::Connection(format!("leaf tail file: {}", e.kind()))
}

fn open_file(path: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

fn place_at(file: &File, at: u64) -> Option<[u8; LEN]> {
    let mut bytes = [0; LEN];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

/// Authenticates the places, so that a torn or foreign one is not believed.
struct Sealer {
    suite: crypto::Suite,
    key: [u8; 32],
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(hidden)")
    }
}

impl Sealer {
    fn seal(&self, place: Place) -> Vec<u8> {
        let mut bytes = [&place.seq.to_be_bytes()[..], &place.mac].concat();
        let code = self.suite.mac(&self.key, &[LABEL.as_bytes(), b"\n", &bytes].concat());
        bytes.extend_from_slice(&code);
        bytes
    }

    fn read(&self, bytes: &[u8; LEN]) -> Option<Place> {
        let (seq, rest) = bytes.split_first_chunk::<8>()?;
        let place = Place { seq: i64::from_be_bytes(*seq), mac: *rest.first_chunk::<32>()? };
        (self.seal(place) == *bytes).then_some(place)
    }

    fn write(&self, file: &File, place: Place) -> std::io::Result<()> {
        let at = if place.seq % 2 == 0 { 0 } else { STRIDE };
        file.write_all_at(&self.seal(place), at)
    }
}
