//! Who may have which evidence. It holds whole cases with every statement and document in them: what is not for the caller
//! looks absent.

use super::case::party_to;
use super::oversees;
use crate::App;
use crate::error::{AppError, AppResult};
use crate::evidence::About;
use crate::funnel::{Actor, Command};
use model::case::Case;
use model::ids::CaseId;
use model::party::Person;
use model::record::{
    Authorisation, ConsumerOrder, ConsumerOrderState, DestructionCertificate, Grant, Job, Product, ResourceCertificate,
};
use std::collections::BTreeSet;
use store::Filter;

/// May the caller have this evidence? Of a person's history it gives the cases that may be shown: what a person did in a matter that
/// is not for the caller stays out of it.
///
/// # Errors
/// It is not there, or not for the caller.
pub async fn check_evidence(app: &App, actor: &Actor, about: About, id: &str) -> AppResult<Option<BTreeSet<CaseId>>> {
    match about {
        About::Product => of_product(app, actor, id).await?,
        About::Decision => of_case(app, actor, id).await?,
        About::QueryHistory => {
            of_person(app, actor, id).await?;
            return shown(app, actor).await.map(Some);
        }
        About::Destruction => of_destruction(app, actor, id).await?,
        About::ResourceCertificate => of_resource(app, actor, id).await?,
    }
    Ok(None)
}

/// Every case to which the caller is a party; not confidential matters about the caller's own organisation, nor drafts of others.
async fn shown(app: &App, actor: &Actor) -> AppResult<BTreeSet<CaseId>> {
    let cases: Vec<Case> = app.store.list(&Filter::default()).await?;
    Ok(cases.into_iter().filter(|case| party_to(app, actor, case)).map(|case| case.id).collect())
}

/// A case's evidence is for its parties and those who oversee: that a step could fall to somebody is not enough.
async fn of_case(app: &App, actor: &Actor, id: &str) -> AppResult<()> {
    let case: Option<Case> = app.store.get(id).await?;
    let seen = case.is_some_and(|case| party_to(app, actor, &case));
    if seen { Ok(()) } else { Err(AppError::NotFound("case")) }
}

/// What a person did is for the person and for those who may read the log.
async fn of_person(app: &App, actor: &Actor, id: &str) -> AppResult<()> {
    let reads = app.policies.permit(actor, &Command::plain("read_log")).is_ok();
    let known = app.store.get::<Person>(id).await?.is_some();
    if known && (reads || actor.person.as_str() == id) { Ok(()) } else { Err(AppError::NotFound("person")) }
}

/// A destruction is for the operator whose authorisation ended, those who oversee, and those whose resources it used.
async fn of_destruction(app: &App, actor: &Actor, id: &str) -> AppResult<()> {
    let none = || AppError::NotFound("destruction");
    let authorisation: Authorisation = app.store.get(id).await?.ok_or_else(none)?;
    if app.store.list::<DestructionCertificate>(&Filter::of(id)).await?.is_empty() {
        return Err(none());
    }
    let grants: Vec<Grant> = app.store.list(&Filter::of(id)).await?;
    let granted = grants.iter().flat_map(|g| g.spec.resources.values());
    let provides = granted.chain(authorisation.resources.values()).any(|provider| *provider == actor.org);
    if oversees(actor) || authorisation.operator == actor.org || provides { Ok(()) } else { Err(none()) }
}

/// What was done to a resource, with the findings that led to it, is for its provider and for those who oversee. Whoever sees
/// the resource reads the certificate on its page.
async fn of_resource(app: &App, actor: &Actor, id: &str) -> AppResult<()> {
    let found: Option<ResourceCertificate> = app.store.get(id).await?;
    let seen = found.is_some_and(|c| oversees(actor) || c.provider == actor.org);
    if seen { Ok(()) } else { Err(AppError::NotFound("certificate")) }
}

/// May the caller have the evidence of a product? It holds every case, statement and document that the product rests on,
/// the SQL and the operator's application among them: for those whose acts stand in it and those who watch or rely on it,
/// published or not. An order counts from its admission on: applying for one is the consumer's own act.
async fn of_product(app: &App, actor: &Actor, id: &str) -> AppResult<()> {
    let none = || AppError::NotFound("product");
    let product: Product = app.store.get(id).await?.ok_or_else(none)?;
    if oversees(actor) || product.operator == actor.org {
        return Ok(());
    }
    let orders: Vec<ConsumerOrder> = app.store.list(&Filter::of(id)).await?;
    if orders.iter().any(|o| o.consumer == actor.org && o.state != ConsumerOrderState::Applied) {
        return Ok(());
    }
    let job: Option<Job> = app.store.get(product.job.as_str()).await?;
    let grant: Option<Grant> = match job {
        Some(job) => app.store.get(job.grant.as_str()).await?,
        None => None,
    };
    let provides = grant.is_some_and(|g| g.spec.resources.values().any(|provider| *provider == actor.org));
    if provides { Ok(()) } else { Err(none()) }
}
