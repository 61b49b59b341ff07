//! Announcements, scenarios, staff files and emergency plans: what forms name.

use super::oversees;
use crate::App;
use crate::error::AppResult;
use crate::funnel::Actor;
use model::Entity;
use model::record::{Announcement, EmergencyPlan, ImplementationPlan, Scenario, StaffFile};
use serde_json::{Value, json};
use store::Filter;

/// Announcements, for everyone who is signed in; `open` says whether applications are taken now.
pub async fn announcements(app: &App, _actor: &Actor) -> AppResult<Value> {
    let now = app.now();
    let rows: Vec<Announcement> = app.store.list(&Filter::default()).await?;
    let list: Vec<Value> = rows
        .iter()
        .map(|a| {
            let mut view = json!(a);
            view["open"] = json!(a.open(now));
            view
        })
        .collect();
    Ok(json!({ "announcements": list }))
}

/// Implementation plans that were approved, for everyone who is signed in: what may be authorised is public.
pub async fn implementation_plans(app: &App, _actor: &Actor) -> AppResult<Value> {
    let rows: Vec<ImplementationPlan> = app.store.list(&Filter::default()).await?;
    Ok(json!({ "implementation_plans": rows }))
}

/// Scenarios of the caller's organisation; all for those that oversee.
pub async fn scenarios(app: &App, actor: &Actor) -> AppResult<Value> {
    Ok(json!({ "scenarios": own::<Scenario>(app, actor).await? }))
}

/// Staff files of the caller's organisation; all for those that oversee.
pub async fn staff(app: &App, actor: &Actor) -> AppResult<Value> {
    let now = app.now();
    let list: Vec<Value> = own::<StaffFile>(app, actor)
        .await?
        .iter()
        .map(|f| {
            let mut view = json!(f);
            view["admitted"] = json!(f.admitted(now));
            view
        })
        .collect();
    Ok(json!({ "staff": list }))
}

/// Emergency plans of the caller's organisation; all for those that oversee.
pub async fn plans(app: &App, actor: &Actor) -> AppResult<Value> {
    Ok(json!({ "plans": own::<EmergencyPlan>(app, actor).await? }))
}

async fn own<T: Entity>(app: &App, actor: &Actor) -> AppResult<Vec<T>> {
    let org = (!oversees(actor)).then(|| actor.org.to_string());
    Ok(app.store.list(&Filter { org, ..Filter::default() }).await?)
}
