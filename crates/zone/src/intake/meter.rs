//! Counts and digests the uploaded bytes while they are read.

use crypto::{Hash, Hasher, Suite};
use std::io::{self, Read};
use std::sync::{Arc, Mutex};

/// How far an intake is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Rows read: stored and set aside.
    pub rows: u64,
}

struct State {
    bytes: u64,
    hasher: Hasher,
}

/// What was read so far; shared with the [`Metered`] reader.
#[derive(Clone)]
pub(super) struct Meter(Arc<Mutex<State>>);

impl Meter {
    pub(super) fn new(suite: Suite) -> Self {
        Self(Arc::new(Mutex::new(State { bytes: 0, hasher: suite.hash_alg().hasher() })))
    }

    /// Wraps a reader.
    pub(super) fn read<R: Read>(&self, inner: R) -> Metered<R> {
        Metered { inner, meter: self.clone() }
    }

    /// Bytes read.
    pub(super) fn bytes(&self) -> u64 {
        self.0.lock().map(|s| s.bytes).unwrap_or_default()
    }

    /// Digest of the bytes read; none if a reader panicked.
    pub(super) fn digest(&self) -> Option<Hash> {
        self.0.lock().ok().map(|s| s.hasher.clone().finish())
    }
}

/// A reader under a meter.
pub(super) struct Metered<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        let mut state = self.meter.0.lock().map_err(|_| io::Error::other("meter"))?;
        state.bytes += n as u64;
        state.hasher.update(buf.get(..n).unwrap_or_default());
        Ok(n)
    }
}
