//! A small deterministic generator of numbers (SplitMix64). Not for keys or tokens.

/// Stream of pseudo-random numbers.
pub(super) struct Random(u64);

impl Random {
    /// A stream of its own for each use of one seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n`; 0 for `n` = 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// Between both ends, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of a table.
    pub(super) fn pick<'a, T>(&mut self, table: &'a [T]) -> Option<&'a T> {
        table.get(usize::try_from(self.below(table.len() as u64)).unwrap_or_default())
    }

    /// One text of a table.
    pub(super) fn word<'a>(&mut self, table: &[&'a str]) -> &'a str {
        self.pick(table).copied().unwrap_or_default()
    }
}
