//! Money in fen (1/100 yuan), never in floating point.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub i64);

impl Fen {
    /// The sum, `None` on overflow.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The amount times a number of units, `None` on overflow.
    #[must_use]
    pub fn times(self, units: u64) -> Option<Self> {
        i64::try_from(units).ok().and_then(|u| self.0.checked_mul(u)).map(Self)
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let abs = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", abs / 100, abs % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::Fen;

    #[test]
    fn shows_yuan_and_never_wraps() {
        assert_eq!(Fen(12_305).to_string(), "123.05");
        assert_eq!(Fen(-5).to_string(), "-0.05");
        assert_eq!(Fen(i64::MAX).plus(Fen(1)), None);
        assert_eq!(Fen(3).times(u64::MAX), None);
        assert_eq!(Fen(3).times(7), Some(Fen(21)));
    }
}
