//! What the system administrator does to accounts: roles, closing, unlocking, a new first password.

use crate::App;
use crate::error::AppResult;
use crate::funnel::{Actor, Command, Done, Idempotency, leaf};
use crate::parties;
use model::ids::PersonId;
use model::party::PersonRole;
use serde_json::{Value, json};

/// A change of somebody's account.
pub enum Change {
    /// Other roles.
    Roles(Vec<PersonRole>),
    /// Close it for good.
    Close,
    /// Unlock it after failed tries.
    Unlock,
    /// A new password, to be changed before the next sign-in.
    Password(String),
}

impl Change {
    fn verb(&self) -> &'static str {
        match self {
            Self::Roles(_) => "set_roles",
            Self::Close => "close_account",
            Self::Unlock => "unlock_account",
            Self::Password(_) => "reset_password",
        }
    }
}

/// Carries a change out and leaves its leaf.
///
/// # Errors
/// Not permitted; no such person or account; two administrator roles at once; the last system administrator; a
/// password that is too weak or was used before.
pub async fn change(
    app: &App,
    actor: &Actor,
    person: &PersonId,
    change: Change,
    idempotency: Option<&Idempotency>,
) -> AppResult<Value> {
    let command = Command::plain(change.verb()).about_asked(person.as_str(), person.has_form());
    // Asked twice on purpose: hashing a password for someone who may not set one would be free work.
    app.permitted(actor, &command).await?;
    let prepared = match &change {
        Change::Password(new) => {
            let prepared = app.people.prepare_password(&app.store, person, new).await;
            Some(app.tried(actor, &command, prepared).await?)
        }
        _ => None,
    };
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let kind = match (change, &prepared) {
            (Change::Roles(roles), _) => {
                parties::set_roles(tx, person, roles, now).await?;
                "roles_set"
            }
            (Change::Close, _) => {
                parties::close_account(tx, person, now).await?;
                "account_closed"
            }
            (Change::Unlock, _) => {
                parties::unlock_account(tx, person).await?;
                "account_unlocked"
            }
            (Change::Password(_), Some(prepared)) => {
                parties::reset_password(tx, person, prepared, now).await?;
                "password_reset"
            }
            (Change::Password(_), None) => return Err(crate::AppError::bug("a password was not prepared")),
        };
        Ok(Done::with(json!({ "person": person }), leaf(app, actor, &for_leaf, kind)))
    })
    .await
}
