//! The first start after a restore. A suspension that was ordered after the backup is not in it, and nobody here can know
//! of it: so every authorisation comes back suspended, except those that two people vouched for. Nobody is signed in.

use crate::App;
use crate::error::AppResult;
use model::ids::AuthorisationId;
use model::record::{Authorisation, AuthorisationState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Filter, LeafDraft};

/// What a restore leaves for the platform's first start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// Format version, 1.
    pub v: u32,
    /// Authorisations that two people vouched for.
    pub in_force: Vec<AuthorisationId>,
    /// Ids and digests for the leaf: the snapshot, the statement, what was given up.
    pub refs: BTreeMap<String, String>,
}

/// Holds what was in force, ends all sessions, leaves a leaf; one transaction. Repeating it is safe.
///
/// # Errors
/// The store failed.
pub async fn hold(app: &App, restored: &Restored) -> AppResult<Vec<AuthorisationId>> {
    let now = app.now();
    let mut tx = app.store.begin().await?;
    tx.set_now(now);
    let mut held = Vec::new();
    for mut row in tx.list::<Authorisation>(&Filter::default()).await? {
        let active = row.state_at(now) == AuthorisationState::Active;
        if active && !restored.in_force.contains(&row.id) {
            row.state = AuthorisationState::Suspended;
            held.push(row.id.clone());
            tx.put(&row).await?;
        }
    }
    tx.end_all_sessions(now).await?;
    let mut refs = restored.refs.clone();
    refs.insert("suspended".to_owned(), held.len().to_string());
    tx.append_leaf(leaf("restore_backup", refs, now)).await?;
    tx.commit().await?;
    Ok(held)
}

/// Leaves a leaf about a backup or a drill. `refs` hold ids, digests and counts.
///
/// # Errors
/// The store failed.
pub async fn record(app: &App, kind: &str, refs: BTreeMap<String, String>) -> AppResult<()> {
    let now = app.now();
    let mut tx = app.store.begin().await?;
    tx.set_now(now);
    tx.append_leaf(leaf(kind, refs, now)).await?;
    tx.commit().await?;
    Ok(())
}

fn leaf(kind: &str, refs: BTreeMap<String, String>, at: model::Timestamp) -> LeafDraft {
    LeafDraft { refs, ..LeafDraft::done(kind, at) }
}
