//! Signing in and out (MLPS-2: five failed tries lock an account for 30 minutes).
//!
//! A try is counted before the password is looked at and taken back if it was right: however many tries run at once,
//! no more than five passwords are ever compared.

use super::keys::People;
use super::{MINUTE_MS, leaf, password, people, refuse, sessions};
use crate::error::{AppError, AppResult};
use model::party::Person;
use model::{Refusal, Timestamp};
use store::{Account, Session, Store, Tx};

/// Failed tries that lock an account.
const TRIES: u64 = 5;
/// How long an account stays locked.
const LOCK_MS: i64 = 30 * MINUTE_MS;
/// Anonymous refusals leave one leaf in this time, with their number (invariant 3).
const ANONYMOUS_MS: i64 = MINUTE_MS;

const ANONYMOUS_COUNT: &str = "login.anonymous.count";
const ANONYMOUS_SINCE: &str = "login.anonymous.told_at";

/// A fresh session.
pub struct Login {
    /// Token for `Authorization: Bearer`: 256 random bits. Only its digest is stored.
    pub token: String,
    /// Who signed in.
    pub person: Person,
    /// First instant at which the session ends however much it is used.
    pub expires: Timestamp,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("person", &self.person.id).finish_non_exhaustive()
    }
}

/// Signs in with account and password.
///
/// # Errors
/// `login-failed` for a wrong account or password, `account-locked` while it is locked, `password-change-needed` where
/// the password is right but was set by somebody else or is older than 90 days (MLPS-1); all are recorded.
pub async fn login(store: &Store, people: &People, account: &str, word: &str, now: Timestamp) -> AppResult<Login> {
    let (mut tx, account) = prove(store, people, account, word, now).await?;
    if account.must_change || account.password_set_at.plus_days(password::MAX_AGE_DAYS) <= now {
        let refusal = change_needed();
        let person: Option<Person> = tx.get(&account.person).await?;
        let org = person.as_ref().map(|p| p.org.as_str());
        tx.append_leaf(leaf("sign_in", Some(&account.person), org, Some(&refusal), now)).await?;
        tx.commit().await?;
        return Err(refusal.into());
    }
    let login = open(&mut tx, people, &account, now).await?;
    tx.append_leaf(leaf("sign_in", Some(&account.person), Some(login.person.org.as_str()), None, now)).await?;
    tx.commit().await?;
    Ok(login)
}

/// Compares a password with all the counting that goes with it. If it is right, the count is set back in a
/// transaction that the caller goes on with; if not, the refusal is recorded.
pub(super) async fn prove(
    store: &Store,
    people: &People,
    account: &str,
    password: &str,
    now: Timestamp,
) -> AppResult<(Tx, Account)> {
    let account = account.trim().to_ascii_lowercase();
    let tried = match count_try(store, &account, now).await? {
        Try::Counted(tried) => tried,
        Try::Refused(refusal) => {
            // As slow as a try that is compared: the time must not tell whether the account exists.
            people.verify_password(password, None).await?;
            return Err(refusal.into());
        }
    };
    let right = people.verify_password(password, Some(&tried.phc)).await?;
    let mut tx = store.begin().await?;
    tx.set_now(now);
    let present = tx.account(&account).await?;
    // The account may have changed while the password was compared.
    if let Some(present) = present.filter(|p| right && p.phc == tried.phc && p.closed_at.is_none()) {
        tx.set_tries(&account, 0, present.failed_total.saturating_sub(1), None).await?;
        return Ok((tx, present));
    }
    let refusal = failed();
    let person: Option<Person> = tx.get(&tried.person).await?;
    let org = person.as_ref().map(|p| p.org.as_str());
    tx.append_leaf(leaf("sign_in", Some(&tried.person), org, Some(&refusal), now)).await?;
    tx.commit().await?;
    Err(refusal.into())
}

/// Ends the session of a token. A token that is not in force is no error.
///
/// # Errors
/// When the database fails.
pub async fn logout(store: &Store, people: &People, token: &str, now: Timestamp) -> AppResult<()> {
    let hash = people.token_hash(token);
    let mut tx = store.begin().await?;
    tx.set_now(now);
    let session = tx.session(&hash).await?.filter(|s| sessions::in_force(s, now));
    if let Some(session) = session {
        let person: Option<Person> = tx.get(&session.person).await?;
        let org = person.as_ref().map(|p| p.org.as_str());
        tx.end_session(&hash, now).await?;
        tx.append_leaf(leaf("sign_out", Some(&session.person), org, None, now)).await?;
    }
    Ok(tx.commit().await?)
}

enum Try {
    Counted(Account),
    Refused(Refusal),
}

async fn count_try(store: &Store, name: &str, now: Timestamp) -> AppResult<Try> {
    let mut tx = store.begin().await?;
    tx.set_now(now);
    let account = tx.account(name).await?.filter(|a| a.closed_at.is_none());
    let tried = match account {
        None => Try::Refused(failed()),
        Some(a) if a.locked_until.is_some_and(|until| now < until) => Try::Refused(locked()),
        Some(a) => {
            // A lock that has run out starts a new count.
            let before = if a.locked_until.is_some() { 0 } else { a.failed };
            let failed = before + 1;
            let locked_until = (failed >= TRIES).then(|| now.plus_ms(LOCK_MS));
            tx.set_tries(name, failed, a.failed_total + 1, locked_until).await?;
            Try::Counted(a)
        }
    };
    if let Try::Refused(refusal) = &tried {
        count_anonymous(&mut tx, refusal, now).await?;
    }
    tx.commit().await?;
    Ok(tried)
}

/// Counts a refusal behind which no person stands; at most one leaf a minute tells how many there were.
async fn count_anonymous(tx: &mut Tx, refusal: &Refusal, now: Timestamp) -> AppResult<()> {
    let number = async |tx: &mut Tx, name: &str| -> AppResult<Option<i64>> {
        Ok(tx.meta_get(name).await?.and_then(|text| text.parse().ok()))
    };
    let count = number(tx, ANONYMOUS_COUNT).await?.unwrap_or(0) + 1;
    let told = number(tx, ANONYMOUS_SINCE).await?;
    if told.is_some_and(|t| now.0 - t < ANONYMOUS_MS) {
        tx.meta_set(ANONYMOUS_COUNT, &count.to_string()).await?;
        return Ok(());
    }
    let mut draft = leaf("sign_in_unknown", None, None, Some(refusal), now);
    draft.refs.insert("count".to_owned(), count.to_string());
    tx.append_leaf(draft).await?;
    tx.meta_set(ANONYMOUS_COUNT, "0").await?;
    tx.meta_set(ANONYMOUS_SINCE, &now.0.to_string()).await?;
    Ok(())
}

async fn open(tx: &mut Tx, people: &People, account: &Account, now: Timestamp) -> AppResult<Login> {
    let person: Person = tx.get(&account.person).await?.ok_or(AppError::NotFound("person"))?;
    if people::is_admin(&person.roles) {
        // An administrator has one session at a time (MLPS-2).
        tx.end_sessions_of(&account.person, now).await?;
    }
    let token = crypto::random_hex(32)?;
    let expires = now.plus_ms(sessions::ABSOLUTE_MS);
    tx.open_session(&Session {
        token_hash: people.token_hash(&token),
        person: account.person.clone(),
        account: account.name.clone(),
        issued: now,
        last_seen: now,
        expires,
        ended: None,
    })
    .await?;
    Ok(Login { token, person, expires })
}

fn failed() -> Refusal {
    refuse(
        "login-failed",
        "MLPS-2",
        "账号或口令不正确；连续失败 5 次将锁定 30 分钟。",
        "Account or password is not right; five failed tries lock the account for 30 minutes.",
    )
}

fn change_needed() -> Refusal {
    refuse(
        "password-change-needed",
        "MLPS-1",
        "口令由他人设置或已使用满 90 天：请先修改口令，再登录。",
        "The password was set by somebody else or is 90 days old: change it first, then sign in.",
    )
}

fn locked() -> Refusal {
    refuse(
        "account-locked",
        "MLPS-2",
        "账号因多次登录失败已锁定；30 分钟后再试，或请系统管理员解锁。",
        "The account is locked after failed tries; try again after 30 minutes or ask the system administrator.",
    )
}
