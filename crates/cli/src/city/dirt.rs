//! Faults planted into the registers, so that an intake has something to set aside.

/// One fault of a row, at a column where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoil {
    /// The identifier in this column gets a wrong check digit.
    CheckDigit(usize),
    /// The date in this column becomes a day that does not exist.
    Date(usize),
    /// The required value in this column is left out.
    Missing(usize),
    /// One cell too many.
    Ragged,
    /// Bytes of no encoding.
    Encoding,
    /// The whole line in another encoding than the file's: sound.
    OtherEncoding,
}

impl Spoil {
    /// Code of the reason for which the row has to be set aside; none for a sound row.
    pub(super) fn code(self) -> Option<&'static str> {
        match self {
            Self::CheckDigit(_) => Some("bad_check_digit"),
            Self::Date(_) => Some("impossible_date"),
            Self::Missing(_) => Some("missing_required"),
            Self::Ragged => Some("ragged_row"),
            Self::Encoding => Some("wrong_encoding"),
            Self::OtherEncoding => None,
        }
    }
}

/// Spreads faults evenly over the rows of a table: about one row in a thousand for each kind, at least one.
pub(super) struct Plan {
    kinds: &'static [Spoil],
    every: u64,
    left: u64,
    next: usize,
}

impl Plan {
    /// A plan for a table of `rows` sound rows.
    pub(super) fn new(kinds: &'static [Spoil], rows: u64) -> Self {
        let total = (rows / 1000).max(1) * kinds.len() as u64;
        Self { kinds, every: (rows / (total + 1)).max(1), left: total, next: 0 }
    }

    /// The fault to plant behind sound row `index` (from 0), if any.
    pub(super) fn after(&mut self, index: u64) -> Option<Spoil> {
        if self.left == 0 || !(index + 1).is_multiple_of(self.every) {
            return None;
        }
        let kind = self.kinds.get(self.next).copied();
        self.next = (self.next + 1) % self.kinds.len().max(1);
        self.left -= 1;
        kind
    }
}
