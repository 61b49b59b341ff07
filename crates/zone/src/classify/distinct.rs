//! How many distinct values has a column? Exact while they are few, then by adaptive sampling: memory stays bounded.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hasher};

const CAP: usize = 1 << 15;

/// Counts distinct values. Keeps hashes whose low `level` bits are zero, and doubles the level when they are too many.
#[derive(Clone, Debug, Default)]
pub(super) struct Distinct {
    kept: HashSet<u64, BuildHasherDefault<Identity>>,
    level: u32,
}

/// The values are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, n: u64) {
        // The low bits of what is kept are all zero: turn them away from where the table looks.
        self.0 = n.rotate_left(29);
    }
}

impl Distinct {
    /// Adds a value.
    pub(super) fn add(&mut self, text: &str) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
        if hash.trailing_zeros() < self.level {
            return;
        }
        self.kept.insert(hash);
        while self.kept.len() > CAP {
            self.level += 1;
            let level = self.level;
            self.kept.retain(|h| h.trailing_zeros() >= level);
        }
    }

    /// The number of distinct values, exact up to 32,768, within about one per cent above.
    pub(super) fn estimate(&self) -> u64 {
        (self.kept.len() as u64) << self.level.min(40)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_then_close() {
        let mut d = Distinct::default();
        for n in 0..30_000 {
            d.add(&n.to_string());
            d.add(&n.to_string());
        }
        assert_eq!(d.estimate(), 30_000);
        for n in 30_000..300_000 {
            d.add(&n.to_string());
        }
        let off = (d.estimate() as f64 / 300_000.0 - 1.0).abs();
        assert!(off < 0.03, "{off}");
    }
}
