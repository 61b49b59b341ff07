//! Who a bearer token stands for (MLPS-2: 15 minutes idle, 8 hours at most, on the deployment's clock).

use super::MINUTE_MS;
use super::keys::People;
use crate::error::{AppError, AppResult};
use model::Timestamp;
use model::party::{Organisation, Person};
use store::{Session, Store};

/// Without use for this long, a session ends.
pub const IDLE_MS: i64 = 15 * MINUTE_MS;
/// However much it is used, a session ends after this.
pub(super) const ABSOLUTE_MS: i64 = 8 * 60 * MINUTE_MS;
/// A use is written down only if the last one written is older than this: not every read becomes a write.
const STEP_MS: i64 = MINUTE_MS;

/// The person behind a session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// For which organisation.
    pub org: Organisation,
}

/// Clocks of two processes may differ by this much.
const SKEW_MS: i64 = 30_000;

/// Whether a session is in force. A session from the future (a clock was put back) is not.
pub(super) fn in_force(s: &Session, now: Timestamp) -> bool {
    let started = s.issued.0 <= now.0.saturating_add(SKEW_MS);
    s.ended.is_none() && started && now < s.expires && now.0 - s.last_seen.0 < IDLE_MS
}

/// Finds the person behind a token and notes the use.
///
/// # Errors
/// [`AppError::NotSignedIn`] for a token that is unknown, ended, idle for too long or too old.
pub async fn signed_in(store: &Store, people: &People, token: &str, now: Timestamp) -> AppResult<SignedIn> {
    let hash = people.token_hash(token);
    let session = store.session(&hash).await?.filter(|s| in_force(s, now)).ok_or(AppError::NotSignedIn)?;
    let person: Person = store.get(&session.person).await?.ok_or(AppError::NotSignedIn)?;
    let org: Organisation = store.get(person.org.as_str()).await?.ok_or(AppError::NotSignedIn)?;
    if now.0 - session.last_seen.0 >= STEP_MS {
        let mut tx = store.begin().await?;
        // It may have been ended between the read and here.
        if !tx.session(&hash).await?.is_some_and(|s| in_force(&s, now)) {
            return Err(AppError::NotSignedIn);
        }
        tx.touch_session(&hash, now).await?;
        tx.commit().await?;
    }
    Ok(SignedIn { person, org })
}
