//! Subject tokens: what counts people without naming them.
//!
//! A token is the first 16 bytes of an HMAC over kind and key under a key of the zone, so that the same person has the
//! same token in every table of the zone and nobody outside can make or undo one.

use super::cell::Cell;
use super::plan::SubjectPlan;
use crypto::{CryptoError, KeyId, KeyProvider, Suite, Zeroizing};
use std::collections::HashMap;

/// Bytes of a token.
pub const TOKEN_LEN: usize = 16;
/// Tokens remembered before the memory is emptied: neighbouring rows often share subjects.
const REMEMBERED: usize = 1 << 16;
/// Label of the authentication key.
const LABEL: &str = "subject-token";

/// Makes tokens.
pub(super) struct Tokens {
    suite: Suite,
    key: Zeroizing<[u8; 32]>,
    /// By kind, tag and key.
    memory: HashMap<Vec<u8>, [u8; TOKEN_LEN]>,
    message: Vec<u8>,
    rows: String,
}

impl Tokens {
    /// `rows` names the batch, so that rows that are subjects of their own differ from batch to batch.
    pub(super) fn new(provider: &dyn KeyProvider, key: &KeyId, rows: &str) -> Result<Self, CryptoError> {
        let key = provider.mac_key(key, LABEL)?;
        Ok(Self { suite: provider.suite(), key, memory: HashMap::new(), message: Vec::new(), rows: rows.to_owned() })
    }

    /// The token of a row's subject; `None` where the row names none. `ordinal` is the row's place in the batch.
    pub(super) fn token(&mut self, subject: &SubjectPlan, cells: &[Cell<'_>], ordinal: u64) -> Option<[u8; TOKEN_LEN]> {
        self.message.clear();
        self.message.extend_from_slice(b"yunyu/subject/v1\n");
        self.message.extend_from_slice(subject.kind.as_bytes());
        let Some(key) = subject.key else {
            self.message.extend_from_slice(b"\nrow\n");
            self.message.extend_from_slice(self.rows.as_bytes());
            self.message.push(b'\n');
            self.message.extend_from_slice(&ordinal.to_be_bytes());
            return Some(self.mac());
        };
        let mut value = String::new();
        let found = |at: usize| cells.get(at).filter(|c| **c != Cell::Null);
        let (tag, cell) = match (found(key), subject.other.and_then(found)) {
            (Some(cell), _) => ("\nkey\n", cell),
            (None, Some(cell)) => ("\nelse\n", cell),
            (None, None) => return None,
        };
        write_key(cell, &mut value);
        self.message.extend_from_slice(tag.as_bytes());
        self.message.extend_from_slice(value.as_bytes());
        if let Some(token) = self.memory.get(&self.message) {
            return Some(*token);
        }
        let token = self.mac();
        if self.memory.len() >= REMEMBERED {
            self.memory.clear();
        }
        self.memory.insert(self.message.clone(), token);
        Some(token)
    }

    fn mac(&self) -> [u8; TOKEN_LEN] {
        let mac = self.suite.mac(self.key.as_ref(), &self.message);
        let mut token = [0; TOKEN_LEN];
        token.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        token
    }
}

/// The one text of a key: whole numbers in decimal, texts as read (already without full-width forms and blanks).
fn write_key(cell: &Cell<'_>, out: &mut String) {
    match cell {
        Cell::Null => {}
        Cell::Text(text) => out.push_str(text),
        Cell::Integer(n) => out.push_str(&n.to_string()),
        Cell::Number(n) => out.push_str(&n.to_string()),
        Cell::Decimal(n) => out.push_str(&n.to_string()),
        Cell::Date(n) => out.push_str(&n.to_string()),
        Cell::Timestamp(n) => out.push_str(&n.to_string()),
        Cell::Boolean(b) => out.push_str(if *b { "true" } else { "false" }),
    }
}
