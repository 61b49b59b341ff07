//! Loads the plain facts that a decision needs: everything the case's object names, and nothing else.
//! What is not there stays absent, so that guards fail closed.

use crate::error::AppResult;
use crate::reports::{JobResult, RefusedOrder};
use crate::resources;
use model::act::Decision;
use model::case::Case;
use model::ids::OrgId;
use model::object::ObjectKind;
use model::pack::Pack;
use model::party::{OrgRole, Organisation};
use model::procedure::{Facts, Guard, Procedure};
use model::record::{
    Announcement, Authorisation, AuthorisationState, Ban, Batch, BlacklistCheck, DestructionCertificate, EmergencyPlan,
    Grant, ImplementationPlan, Job, Objection, Product, Resource, ResourceCertificate, ResourceState, Scenario,
    StaffFile, StaffState,
};
use model::{Entity, Timestamp};
use std::collections::BTreeSet;
use store::{Filter, Tx};

/// Facts about a case.
pub async fn load(pack: &Pack, tx: &mut Tx, procedure: &Procedure, case: &Case) -> AppResult<Facts> {
    let mut facts = Facts {
        announcement: named::<Announcement>(tx, case, "announcement").await?,
        implementation_plan: named::<ImplementationPlan>(tx, case, "implementation_plan").await?,
        previous: named::<Authorisation>(tx, case, "renewal_of").await?,
        scenario: named::<Scenario>(tx, case, "scenario").await?,
        product: named::<Product>(tx, case, "product").await?,
        job: named::<Job>(tx, case, "job").await?,
        ..Facts::default()
    };
    let announced = facts.announcement.as_ref().and_then(|a| a.spec.implementation_plan.clone());
    if let Some(id) = announced.filter(|_| facts.implementation_plan.is_none()) {
        facts.implementation_plan = tx.get::<ImplementationPlan>(id.as_str()).await?;
    }
    let grant = case.text("grant").map(ToOwned::to_owned).or_else(|| facts.job.as_ref().map(|j| j.grant.to_string()));
    if let Some(id) = grant {
        facts.grant = tx.get::<Grant>(&id).await?;
    }
    let authorisation = match procedure.object {
        ObjectKind::Job | ObjectKind::Release => facts.grant.as_ref().map(|g| g.authorisation.to_string()),
        ObjectKind::Recipient => facts.product.as_ref().map(|p| p.authorisation.to_string()),
        _ => case.text("authorisation").map(ToOwned::to_owned),
    };
    if let Some(id) = authorisation {
        facts.authorisation = tx.get::<Authorisation>(&id).await?;
        facts.destroyed = !tx.list::<DestructionCertificate>(&Filter::of(&id)).await?.is_empty();
        facts.failed_rectification = failed_rectification(pack, tx, &id, case).await?;
        facts.other_stop = other_stop(pack, tx, &id, case).await?;
        facts.outcomes = crate::matters::outcomes(pack, tx, procedure, &id).await?;
    }
    if procedure.object == ObjectKind::ResourceStop {
        load_resource_stop(pack, tx, procedure, case, &mut facts).await?;
    }
    load_applicant(tx, case, &mut facts).await?;
    load_supply(tx, case, &mut facts).await?;
    let objections: Vec<Objection> = tx.list(&Filter::of(case.id.as_str())).await?;
    facts.open_objections = u32::try_from(objections.iter().filter(|o| !o.settled).count()).unwrap_or(u32::MAX);
    load_groups(tx, case, &mut facts).await?;
    Ok(facts)
}

async fn named<T: Entity>(tx: &mut Tx, case: &Case, field: &str) -> AppResult<Option<T>> {
    match case.text(field) {
        Some(id) => Ok(tx.get::<T>(id).await?),
        None => Ok(None),
    }
}

async fn load_applicant(tx: &mut Tx, case: &Case, facts: &mut Facts) -> AppResult<()> {
    if let Some(uscc) = case.text("uscc") {
        facts.bans = tx.list::<Ban>(&Filter::of(uscc)).await?;
        facts.blacklist_checks = tx.list::<BlacklistCheck>(&Filter::of(uscc)).await?;
    }
    let person = case.text("author").or_else(|| case.text("person"));
    if let Some(person) = person {
        let files: Vec<StaffFile> = tx.list(&Filter::of(person)).await?;
        let admitted = files.iter().position(|f| f.state == StaffState::Admitted);
        let chosen = admitted.unwrap_or(files.len().saturating_sub(1));
        facts.staff = files.into_iter().nth(chosen);
    }
    Ok(())
}

async fn load_supply(tx: &mut Tx, case: &Case, facts: &mut Facts) -> AppResult<()> {
    let from_object = case.object.get("resources").and_then(serde_json::Value::as_object);
    let mut ids: BTreeSet<String> = from_object.into_iter().flatten().map(|(id, _)| id.clone()).collect();
    ids.extend(case.text("resource").map(ToOwned::to_owned));
    if let Some(grant) = &facts.grant {
        ids.extend(grant.spec.resources.keys().map(ToString::to_string));
    }
    let mut holders: BTreeSet<OrgId> =
        ["operator", "consumer"].iter().filter_map(|f| case.text(f)).map(OrgId::from).collect();
    holders.extend(facts.authorisation.iter().flat_map(|a| [a.operator.clone(), a.authoriser.clone()]));
    for id in ids {
        if let Some(resource) = tx.get::<Resource>(&id).await? {
            holders.insert(resource.provider.clone());
            facts.resources.insert(resource.id.clone(), resource);
        }
    }
    for holder in holders {
        let filter = Filter { org: Some(holder.to_string()), ..Filter::default() };
        facts.plans.extend(tx.list::<EmergencyPlan>(&filter).await?);
    }
    Ok(())
}

/// Whether another case of this authorisation ended a rectification without success: the authorisation is still
/// suspended and the case's time ran out or the authority found it not done.
async fn failed_rectification(pack: &Pack, tx: &mut Tx, authorisation: &str, case: &Case) -> AppResult<bool> {
    let found: Option<Authorisation> = tx.get(authorisation).await?;
    if found.is_none_or(|a| a.state != AuthorisationState::Suspended) {
        return Ok(false);
    }
    let cases: Vec<Case> = tx.list(&Filter { state: Some("failed".to_owned()), ..Filter::default() }).await?;
    Ok(cases.iter().any(|c| c.id != case.id && stops(pack, c, authorisation)))
}

/// Whether a case is one that stops this authorisation: a matter about it may have states of the same names.
fn stops(pack: &Pack, case: &Case, authorisation: &str) -> bool {
    let stop = pack.procedure(&case.procedure).is_some_and(|p| p.object == ObjectKind::Stop);
    stop && case.text("authorisation") == Some(authorisation)
}

/// Whether another case of this authorisation holds it stopped.
async fn other_stop(pack: &Pack, tx: &mut Tx, authorisation: &str, case: &Case) -> AppResult<bool> {
    for state in ["suspended", "reported", "stopped", "kept"] {
        let filter = Filter { state: Some(state.to_owned()), ..Filter::default() };
        let cases: Vec<Case> = tx.list(&filter).await?;
        if cases.iter().any(|c| c.id != case.id && stops(pack, c, authorisation)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the zone did under this case and others about the resource, and when the resource was supplied last.
async fn load_resource_stop(
    pack: &Pack,
    tx: &mut Tx,
    procedure: &Procedure,
    case: &Case,
    facts: &mut Facts,
) -> AppResult<()> {
    let id = case.text("resource").unwrap_or_default();
    let certificates: Vec<ResourceCertificate> = tx.list(&Filter::of(id)).await?;
    facts.carried_out = certificates.iter().any(|c| c.case == case.id);
    facts.last_supply = tx.list::<Batch>(&Filter::of(id)).await?.iter().map(|b| b.at).max();
    let withdrawn = tx.get::<Resource>(id).await?.is_some_and(|r| r.state == ResourceState::Withdrawn);
    facts.overtaken = withdrawn || overtaken(pack, tx, case, &certificates).await?;
    // Every refusal brings the case back once.
    let brought_back = |step: &str| procedure.step(step).is_some_and(|s| s.guards.contains_key(&Guard::OrderRefused));
    let returns = case.history.iter().filter(|d| brought_back(&d.step)).count();
    facts.order_refused = tx.list::<RefusedOrder>(&Filter::of(case.id.as_str())).await?.len() > returns;
    facts.unsealing_ordered = unsealing_ordered(pack, tx, case).await?;
    Ok(())
}

/// Whether something was carried out that another case ordered after this one did: the zone takes orders in their sequence,
/// and of two about one resource the later one stands. What was ordered before this one overtakes nothing, however late the
/// zone comes to say so.
async fn overtaken(pack: &Pack, tx: &mut Tx, case: &Case, certificates: &[ResourceCertificate]) -> AppResult<bool> {
    let own = ordered_at(pack, case);
    for certificate in certificates.iter().filter(|c| c.case != case.id) {
        let other = tx.get::<Case>(certificate.case.as_str()).await?;
        if other.is_some_and(|other| ordered_at(pack, &other) > own) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// When a case last sent the zone an order: its steps say which do.
fn ordered_at(pack: &Pack, case: &Case) -> Option<Timestamp> {
    let procedure = pack.procedure(&case.procedure)?;
    let sends = |name: &str| procedure.step(name).is_some_and(|s| s.effects.iter().any(|e| e.order().is_some()));
    case.history.iter().rev().find(|d| d.decision == Decision::Approve && sends(&d.step)).map(|d| d.at)
}

/// Whether another case about the same resource has sent its unsealing and waits for the keepers.
async fn unsealing_ordered(pack: &Pack, tx: &mut Tx, case: &Case) -> AppResult<bool> {
    for filter in resources::unsealings(pack) {
        let waiting: Vec<Case> = tx.list(&filter).await?;
        if waiting.iter().any(|c| c.id != case.id && c.text("resource") == case.text("resource")) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn load_groups(tx: &mut Tx, case: &Case, facts: &mut Facts) -> AppResult<()> {
    if case.text("mode").is_some() {
        let all: Vec<Organisation> = tx.list(&Filter::default()).await?;
        facts.maintainers = all.into_iter().filter(|o| o.roles.contains(&OrgRole::Maintainer)).map(|o| o.id).collect();
    }
    let mut orgs: BTreeSet<OrgId> = case.history.iter().map(|d| d.org.clone()).collect();
    orgs.insert(case.applicant.clone());
    orgs.extend(
        ["operator", "author_org", "consumer", "provider", "organisation"]
            .iter()
            .filter_map(|f| case.text(f))
            .map(OrgId::from),
    );
    orgs.extend(facts.maintainers.iter().cloned());
    for org in orgs {
        let Some(found) = tx.get::<Organisation>(org.as_str()).await? else { continue };
        if case.text("consumer") == Some(org.as_str()) {
            facts.consumer_form = Some(found.legal_form);
        }
        if let Some(group) = found.group {
            facts.groups.insert(org, group);
        }
    }
    Ok(())
}

/// Why a job failed, for the case's page.
pub async fn job_result(tx: &mut Tx, job: &str) -> AppResult<Option<JobResult>> {
    Ok(tx.get::<JobResult>(job).await?)
}
