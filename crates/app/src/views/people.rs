//! Organisations and people, without names of people.

use crate::App;
use crate::error::AppResult;
use crate::funnel::Actor;
use crate::keys::KeyRequest;
use crate::parties::sessions;
use model::party::{Organisation, Person, PersonRole};
use serde_json::{Value, json};
use store::Filter;

/// The caller.
pub async fn me(app: &App, actor: &Actor) -> AppResult<Value> {
    let org: Option<Organisation> = app.store.get(actor.org.as_str()).await?;
    let person: Option<Person> = app.store.get(actor.person.as_str()).await?;
    let requests: Vec<KeyRequest> = app.store.list(&Filter::of(actor.person.as_str())).await?;
    let requests: Vec<Value> =
        requests.iter().map(|r| json!({ "key": r.key, "public": r.public, "state": r.state, "at": r.at })).collect();
    Ok(json!({
        "person": actor.person, "account": person.map(|p| p.account), "org": org, "roles": actor.roles,
        "key": actor.key, "key_requests": requests, "idle_ms": sessions::IDLE_MS,
    }))
}

/// All organisations; they are public bodies and firms, not people.
pub async fn organisations(app: &App, _actor: &Actor) -> AppResult<Value> {
    let rows: Vec<Organisation> = app.store.list(&Filter::default()).await?;
    Ok(json!({ "organisations": rows }))
}

/// People of the caller's organisation; all of them for the administrators.
pub async fn people(app: &App, actor: &Actor) -> AppResult<Value> {
    let admin = [PersonRole::SystemAdmin, PersonRole::SecurityAdmin, PersonRole::AuditAdmin];
    let all = actor.roles.iter().any(|r| admin.contains(r));
    let filter = Filter { org: (!all).then(|| actor.org.to_string()), ..Filter::default() };
    let rows: Vec<Person> = app.store.list(&filter).await?;
    Ok(json!({ "people": rows }))
}
