//! Changing passwords, unlocking and closing accounts.

use super::keys::People;
use super::{leaf, password, people, refuse};
use crate::error::{AppError, AppResult};
use model::ids::PersonId;
use model::party::Person;
use model::{Refusal, Timestamp};
use store::{Account, Store, Tx};

/// A new password that passed the rules and is hashed, ready to be written in a short transaction.
pub struct PreparedPassword {
    account: String,
    /// The hash it replaces: if that changed meanwhile, the history check no longer holds.
    old: String,
    new: String,
}

impl People {
    /// Checks a new password against rules and history, and hashes it.
    ///
    /// # Errors
    /// Refusals: too weak, one of the last five (MLPS-1).
    pub async fn prepare_password(&self, store: &Store, person: &PersonId, new: &str) -> AppResult<PreparedPassword> {
        let account = open_account(store.account_of(person.as_str()).await?)?;
        self.checked_password(store, &account, new).await
    }

    async fn checked_password(&self, store: &Store, account: &Account, new: &str) -> AppResult<PreparedPassword> {
        password::check(new, &account.name)?;
        for former in store.password_history(&account.name, password::REMEMBERED).await? {
            if self.verify_password(new, Some(&former)).await? {
                return Err(password::reused().into());
            }
        }
        let hash = self.hash_password(new).await?;
        Ok(PreparedPassword { account: account.name.clone(), old: account.phc.clone(), new: hash })
    }
}

/// A person changes the own password; then all sessions of the person end. Leaves its own leaf, also when refused; a
/// wrong present password counts as a failed try to sign in, and an unknown account looks like one.
///
/// # Errors
/// Refusals: present password wrong or account locked (MLPS-2), new one too weak or used before (MLPS-1).
pub async fn change_password(
    store: &Store,
    keys: &People,
    account: &str,
    present: &str,
    new: &str,
    now: Timestamp,
) -> AppResult<()> {
    let (mut tx, account) = super::login::prove(store, keys, account, present, now).await?;
    let person: Person = tx.get(&account.person).await?.ok_or(AppError::NotFound("person"))?;
    tx.commit().await?;
    let prepared = keys.checked_password(store, &account, new).await;
    let mut tx = store.begin().await?;
    tx.set_now(now);
    let (person_id, org) = (Some(person.id.as_str()), Some(person.org.as_str()));
    let refused = match prepared {
        Ok(p) => {
            tx.set_password(&p.account, &p.old, &p.new, false, now).await?;
            tx.end_sessions_of(person.id.as_str(), now).await?;
            None
        }
        Err(AppError::Refused(refusal)) => Some(refusal),
        Err(other) => return Err(other),
    };
    tx.append_leaf(leaf("change_password", person_id, org, refused.as_ref(), now)).await?;
    tx.commit().await?;
    refused.map_or(Ok(()), |r| Err(r.into()))
}

/// Sets another person's password (system administrator); it must be changed at the next sign-in. The caller leaves
/// the leaf.
///
/// # Errors
/// [`AppError::Moved`] when the password was changed meanwhile.
pub async fn reset_password(
    tx: &mut Tx,
    person: &PersonId,
    prepared: &PreparedPassword,
    now: Timestamp,
) -> AppResult<()> {
    let account = open_account(tx.account_of(person.as_str()).await?)?;
    if account.name != prepared.account || account.phc != prepared.old {
        return Err(AppError::Moved("password"));
    }
    tx.set_password(&prepared.account, &prepared.old, &prepared.new, true, now).await?;
    tx.set_tries(&prepared.account, 0, account.failed_total, None).await?;
    tx.end_sessions_of(person.as_str(), now).await?;
    Ok(())
}

/// Unlocks an account (system administrator). The caller leaves the leaf.
///
/// # Errors
/// No such open account.
pub async fn unlock_account(tx: &mut Tx, person: &PersonId) -> AppResult<()> {
    let account = open_account(tx.account_of(person.as_str()).await?)?;
    Ok(tx.set_tries(&account.name, 0, account.failed_total, None).await?)
}

/// Closes an account for good; its sessions end. The caller leaves the leaf and has the person's key revoked.
///
/// # Errors
/// Refusal: the last system administrator (MLPS-5).
pub async fn close_account(tx: &mut Tx, person: &PersonId, now: Timestamp) -> AppResult<()> {
    let account = open_account(tx.account_of(person.as_str()).await?)?;
    let row: Person = tx.get(person.as_str()).await?.ok_or(AppError::NotFound("person"))?;
    people::keep_an_administrator(tx, &row).await?;
    tx.close_account(&account.name, now).await?;
    tx.end_sessions_of(person.as_str(), now).await?;
    Ok(())
}

fn open_account(account: Option<Account>) -> AppResult<Account> {
    let account = account.ok_or(AppError::NotFound("account"))?;
    if account.closed_at.is_some() {
        return Err(closed().into());
    }
    Ok(account)
}

fn closed() -> Refusal {
    refuse("account-closed", "MLPS-5", "该账号已注销。", "The account is closed.")
}
