//! Signing in and out (MLPS-2: five failed tries lock an account for 30 minutes).
//!
//! A try is counted before the password is looked at and taken back if it was right: however many tries run at once,
//! no more than five passwords are ever compared.
//!
//! Whoever does not sign in hears one and the same answer, after the same work (a transaction, one password hash, a
//! transaction): unknown, closed and locked accounts and wrong passwords cannot be told apart. Telling "locked" to
//! someone with the right password would make the lock say which password is right.

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
/// `login-failed`, whatever the reason, or `password-change-needed` where the password is right but was set by somebody
/// else or is older than 90 days (MLPS-1); the reason is recorded.
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
    let tried = count_try(store, &account, now).await?;
    let phc = match &tried {
        Try::Counted(account) => Some(account.phc.as_str()),
        Try::Hopeless(_) => None,
    };
    let right = people.verify_password(password, phc).await?;
    let mut tx = store.begin().await?;
    tx.set_now(now);
    let present = tx.account(&account).await?;
    match tried {
        Try::Counted(tried) => {
            // The account may have changed while the password was compared.
            if let Some(present) = present.filter(|p| right && p.phc == tried.phc && p.closed_at.is_none()) {
                tx.set_tries(&account, 0, present.failed_total.saturating_sub(1), None).await?;
                return Ok((tx, present));
            }
            let person: Option<Person> = tx.get(&tried.person).await?;
            let org = person.as_ref().map(|p| p.org.as_str());
            tx.append_leaf(leaf("sign_in", Some(&tried.person), org, Some(&failed()), now)).await?;
        }
        Try::Hopeless(why) => count_anonymous(&mut tx, &why, now).await?,
    }
    tx.commit().await?;
    Err(failed().into())
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
    /// One of the five tries of an account.
    Counted(Account),
    /// Nothing is compared; the reason is for the log alone.
    Hopeless(Refusal),
}

async fn count_try(store: &Store, name: &str, now: Timestamp) -> AppResult<Try> {
    let mut tx = store.begin().await?;
    tx.set_now(now);
    let account = tx.account(name).await?.filter(|a| a.closed_at.is_none());
    let tried = match account {
        None => Try::Hopeless(failed()),
        Some(a) if a.locked_until.is_some_and(|until| now < until) => Try::Hopeless(locked()),
        Some(a) => {
            // A lock that has run out starts a new count.
            let before = if a.locked_until.is_some() { 0 } else { a.failed };
            let failed = before + 1;
            let locked_until = (failed >= TRIES).then(|| now.plus_ms(LOCK_MS));
            tx.set_tries(name, failed, a.failed_total + 1, locked_until).await?;
            Try::Counted(a)
        }
    };
    if matches!(tried, Try::Hopeless(_)) {
        let count = number(&mut tx, ANONYMOUS_COUNT).await?.unwrap_or(0) + 1;
        tx.meta_set(ANONYMOUS_COUNT, &count.to_string()).await?;
    }
    tx.commit().await?;
    Ok(tried)
}

async fn number(tx: &mut Tx, name: &str) -> AppResult<Option<i64>> {
    Ok(tx.meta_get(name).await?.and_then(|text| text.parse().ok()))
}

/// Tells of refusals behind which no person stands: at most one leaf a minute, with how many there were.
async fn count_anonymous(tx: &mut Tx, refusal: &Refusal, now: Timestamp) -> AppResult<()> {
    let count = number(tx, ANONYMOUS_COUNT).await?.unwrap_or(0);
    let told = number(tx, ANONYMOUS_SINCE).await?;
    // Another try that ran at the same time may have told of this one already.
    if count == 0 || told.is_some_and(|t| now.0 - t < ANONYMOUS_MS) {
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
        "账号或口令不正确，或账号已锁定。连续失败 5 次锁定 30 分钟；锁定期间口令正确也不能登录，可请系统管理员解锁。",
        "Account or password is not right, or the account is locked. Five failed tries lock it for 30 minutes; while it is \
         locked the right password does not help either, but the system administrator can unlock it.",
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

/// The reason as the log has it; nobody hears it.
fn locked() -> Refusal {
    refuse("account-locked", "MLPS-2", "账号已锁定，未比对口令。", "The account is locked; no password was compared.")
}
