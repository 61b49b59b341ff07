//! Organisations, people, accounts and sessions (MLPS-1, MLPS-2, MLPS-5 of requirements.md §8.3).
//!
//! Functions with a `Tx` decide and write; the caller leaves the leaf and commits. Signing in, signing out and changing
//! a password have transactions of their own, because hashing a password takes longer than a transaction may.
//! No name, account, password or token enters a leaf, a log or an error; people appear there by their id only.

mod accounts;
mod keys;
mod login;
mod organisations;
mod password;
mod people;
pub mod sessions;
#[cfg(test)]
mod tests;
mod uscc;

pub use accounts::{PreparedPassword, change_password, close_account, reset_password, unlock_account};
pub use keys::People;
pub use login::{Login, login, logout};
pub use organisations::{NewOrganisation, create_organisation};
pub use people::{NewPerson, PreparedPerson, create_person, real_name, set_roles};
pub use sessions::SignedIn;
pub(crate) use uscc::is_valid as is_uscc;

use model::{Refusal, Timestamp};
use std::collections::BTreeMap;
use store::{LeafDraft, Outcome};

/// Milliseconds of one minute.
const MINUTE_MS: i64 = 60_000;

/// A refusal under a row of MLPS level 3; its article is the clause of GB/T 22239-2019.
fn refuse(code: &str, rule: &str, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
    let clause = match rule {
        "MLPS-1" | "MLPS-2" => "8.1.4.1",
        "MLPS-5" => "8.1.4.2",
        _ => "",
    };
    Refusal::new(code, rule, clause, zh, en)
}

/// The leaf of something a person did or was refused outside a case.
fn leaf(kind: &str, person: Option<&str>, org: Option<&str>, refused: Option<&Refusal>, now: Timestamp) -> LeafDraft {
    let refs = refused.map(|r| ("code".to_owned(), r.code.clone()));
    LeafDraft {
        actor: person.map(str::to_owned),
        org: org.map(str::to_owned),
        outcome: if refused.is_some() { Outcome::Refused } else { Outcome::Done },
        rule: refused.map(|r| r.rule.clone()),
        article: refused.map(|r| r.article.clone()).filter(|a| !a.is_empty()),
        refs: refs.into_iter().collect::<BTreeMap<_, _>>(),
        ..LeafDraft::done(kind, now)
    }
}
