//! Subject tokens: what counts people without naming them.
//!
//! The token of a key is made by [`crate::engine::Tokens`] under a key of the zone, over kind, key domain and key, so
//! that the same person has the same token in every table and batch of the zone and nobody outside can make one.

use super::cell::Cell;
use super::plan::{Key, SubjectPlan};
use crate::engine::Tokens as Keyed;
use crypto::{CryptoError, KeyId, KeyProvider};
use std::collections::HashMap;

/// Bytes of a token.
pub const TOKEN_LEN: usize = 16;
/// Tokens remembered before the memory is emptied: neighbouring rows often share subjects.
const REMEMBERED: usize = 1 << 16;
/// Label of the authentication key.
const LABEL: &str = "subject-token";

/// Makes and remembers tokens.
pub(super) struct Tokens {
    keyed: Keyed,
    /// By the subject's place in the contract, whether its other key was used, and the key.
    memory: HashMap<(usize, bool, String), [u8; TOKEN_LEN]>,
    rows: String,
}

impl Tokens {
    /// `rows` names the batch, so that rows that are subjects of their own differ from batch to batch.
    pub(super) fn new(provider: &dyn KeyProvider, key: &KeyId, rows: &str) -> Result<Self, CryptoError> {
        let key = provider.mac_key(key, LABEL)?;
        Ok(Self { keyed: Keyed::new(provider.suite(), *key), memory: HashMap::new(), rows: rows.to_owned() })
    }

    /// The token of a row's subject, the `nth` of the contract; `None` where the row names none. `ordinal` is the row's
    /// place in the batch.
    pub(super) fn token(
        &mut self,
        nth: usize,
        subject: &SubjectPlan,
        cells: &[Cell<'_>],
        ordinal: u64,
    ) -> Option<[u8; TOKEN_LEN]> {
        let Some(key) = &subject.key else {
            return Some(self.keyed.token(&subject.kind, &self.rows, &ordinal.to_string()));
        };
        let found = |key: &Key| cells.get(key.column).and_then(key_text);
        let (other, domain, text) = match found(key) {
            Some(text) => (false, &key.domain, text),
            None => {
                let other = subject.other.as_ref()?;
                (true, &other.domain, found(other)?)
            }
        };
        let place = (nth, other, text);
        if let Some(token) = self.memory.get(&place) {
            return Some(*token);
        }
        let token = self.keyed.token(&subject.kind, domain, &place.2);
        if self.memory.len() >= REMEMBERED {
            self.memory.clear();
        }
        self.memory.insert(place, token);
        Some(token)
    }
}

/// The one text of a key: whole numbers in decimal, texts as read (already without full-width forms and blanks).
fn key_text(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(text.as_ref().to_owned()),
        Cell::Integer(n) => Some(n.to_string()),
        Cell::Number(n) => Some(n.to_string()),
        Cell::Decimal(n) => Some(n.to_string()),
        Cell::Date(n) => Some(n.to_string()),
        Cell::Timestamp(n) => Some(n.to_string()),
        Cell::Boolean(b) => Some(b.to_string()),
    }
}
