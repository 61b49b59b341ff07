//! What the ids in a view stand for: a name for who sees the view, and whether they may open the thing itself. Who votes on
//! a release sees what it was made for, though the grant and the job's case are not for them.

use super::cases::Title;
use super::market::{sees_job, sees_order, sees_product, sees_resource};
use super::oversees;
use crate::App;
use crate::error::AppResult;
use crate::funnel::Actor;
use model::case::Case;
use model::ids::OrgId;
use model::party::Organisation;
use model::record::{Authorisation, ConsumerOrder, Grant, Job, Product, Resource, Scenario};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The name of a thing, if it has one, and whether the reader may open it.
type Known = (Option<Title>, bool);

/// The things that the text values of `said` name, by id: `{zh, en, open}`. `by` is who wrote them down: a name that they
/// could not read themselves is not told back to them, so that nobody learns a name by writing an id.
pub(super) async fn refs(app: &App, actor: &Actor, said: &Value, by: &OrgId) -> AppResult<Value> {
    let mut out = BTreeMap::new();
    let values = said.as_object().into_iter().flatten().map(|(_, value)| value);
    for id in values.filter_map(Value::as_str) {
        let Some((Some(name), open)) = known(app, actor, id).await? else { continue };
        if open || actor.org != *by {
            out.insert(id, json!({ "zh": name.zh, "en": name.en, "open": open }));
        }
    }
    Ok(json!(out))
}

async fn known(app: &App, actor: &Actor, id: &str) -> AppResult<Option<Known>> {
    let mine = |org: &OrgId| *org == actor.org || oversees(actor);
    let store = &app.store;
    Ok(match id.split_once('_').map(|(kind, _)| kind) {
        Some("auth") => match store.get::<Authorisation>(id).await? {
            Some(a) => Some((organisation(app, &a.operator).await?, mine(&a.operator))),
            None => None,
        },
        Some("gra") => match store.get::<Grant>(id).await? {
            Some(g) => Some((scenario(app, g.spec.scenario.as_str()).await?, mine(&g.operator))),
            None => None,
        },
        Some("job") => match store.get::<Job>(id).await? {
            Some(job) => Some((of_job(app, &job).await?, sees_job(app, actor, &job).await?)),
            None => None,
        },
        Some("prod") => match store.get::<Product>(id).await? {
            Some(p) => Some((product(app, &p).await?, sees_product(actor, &p))),
            None => None,
        },
        Some("ord") => match store.get::<ConsumerOrder>(id).await? {
            Some(o) => Some((sold(app, &o).await?, sees_order(actor, &o))),
            None => None,
        },
        Some("res") => {
            store.get::<Resource>(id).await?.map(|r| (Some(Title::same(&r.spec.table)), sees_resource(actor, &r)))
        }
        Some("case") => store.get::<Case>(id).await?.map(|c| {
            let procedure = app.pack.procedure(&c.procedure);
            (procedure.and_then(|p| Title::of(&p.zh, &p.en)), super::check_visible(app, actor, &c).is_ok())
        }),
        // No page of its own: the name is all there is to it.
        Some("scn") => scenario(app, id).await?.map(|name| (Some(name), false)),
        _ => None,
    })
}

async fn organisation(app: &App, id: &OrgId) -> AppResult<Option<Title>> {
    Ok(app.store.get::<Organisation>(id.as_str()).await?.and_then(|o| Title::of(&o.zh, &o.en)))
}

async fn scenario(app: &App, id: &str) -> AppResult<Option<Title>> {
    Ok(app.store.get::<Scenario>(id).await?.and_then(|s| Title::of(&s.spec.zh, &s.spec.en)))
}

/// A job is called by the scenario that it is for.
async fn of_job(app: &App, job: &Job) -> AppResult<Option<Title>> {
    match app.store.get::<Grant>(job.grant.as_str()).await? {
        Some(grant) => scenario(app, grant.spec.scenario.as_str()).await,
        None => Ok(None),
    }
}

/// A draft has no name yet: it is called as its job is.
async fn product(app: &App, product: &Product) -> AppResult<Option<Title>> {
    if let Some(spec) = &product.spec {
        return Ok(Title::of(&spec.zh, &spec.en));
    }
    match app.store.get::<Job>(product.job.as_str()).await? {
        Some(job) => of_job(app, &job).await,
        None => Ok(None),
    }
}

async fn sold(app: &App, order: &ConsumerOrder) -> AppResult<Option<Title>> {
    match app.store.get::<Product>(order.product.as_str()).await? {
        Some(of) => product(app, &of).await,
        None => Ok(None),
    }
}
