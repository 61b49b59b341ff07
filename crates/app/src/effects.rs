//! What a completed step does: records and orders. Each effect of the pack's language has one arm here.

use crate::App;
use crate::cases::StoredAct;
use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, NewOrder};
use crate::tickets::AccessKey;
use model::act::Decision;
use model::case::{Case, Outcome};
use model::ids::{AgreementId, BanId, CertificateId, ObjectionId};
use model::object::{
    AnnouncementSpec, AuthorisationSpec, ImplementationPlanSpec, ObjectKind, PlanSpec, ProductSpec, ScenarioSpec,
    StaffSpec, read,
};
use model::order::{Effect, GrantSpec, JobSpec, RecipientSpec, ReleaseSpec, ResourceSpec, ResourceStopSpec, StopSpec};
use model::procedure::{By, Guard, Procedure, StepEffect};
use model::record::{
    Agreement, Announcement, Authorisation, AuthorisationState, Ban, Certificate, ConsumerOrder, ConsumerOrderState,
    EmergencyPlan, Grant, GrantState, ImplementationPlan, ImplementationPlanState, Job, JobState, Objection, PlanState,
    Product, ProductReview, ProductState, PublicNotice, Scenario, ScenarioState, StaffFile, StaffState,
};
use model::{Digest, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Filter, Tx};

/// Records that exist from the moment a case is opened, because later cases name them.
pub async fn opened(tx: &mut Tx, procedure: &Procedure, case: &Case, now: Timestamp) -> AppResult<()> {
    match procedure.object {
        ObjectKind::Job => {
            let spec: JobSpec = object(case)?;
            let grant: Grant = tx.get(spec.grant.as_str()).await?.ok_or(AppError::NotFound("grant"))?;
            let product = Product {
                id: spec.product.clone(),
                operator: grant.operator.clone(),
                authorisation: grant.authorisation.clone(),
                job: spec.job.clone(),
                reviewed_scenarios: Vec::new(),
                artefact: None,
                rows: None,
                spec: None,
                certificate: None,
                venue: None,
                state: ProductState::Draft,
                at: now,
            };
            let job = Job {
                id: spec.job.clone(),
                grant: grant.id,
                operator: grant.operator,
                state: JobState::Submitted,
                gate: None,
                rows: None,
                case: case.id.clone(),
                spec,
            };
            tx.put(&product).await?;
            tx.put(&job).await?;
        }
        ObjectKind::Recipient => {
            let spec: RecipientSpec = object(case)?;
            let product: Product = tx.get(spec.product.as_str()).await?.ok_or(AppError::NotFound("product"))?;
            let order = ConsumerOrder {
                id: spec.order.clone(),
                product: spec.product.clone(),
                consumer: spec.consumer.clone(),
                price: product.price().unwrap_or_default(),
                state: ConsumerOrderState::Applied,
                case: case.id.clone(),
                at: now,
                spec,
            };
            tx.put(&order).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Applies every effect of a completed step; returns the orders that go to the zone.
pub async fn apply_all(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    outcome: &Outcome,
    now: Timestamp,
) -> AppResult<Vec<NewOrder>> {
    let mut orders = Vec::new();
    for effect in &outcome.effects {
        match order_of(*effect, &outcome.case)? {
            Some(effect) => {
                ordered(tx, &effect).await?;
                let approvals = approvals(app, tx, effect.name(), &outcome.case).await?;
                orders.push(NewOrder { case: outcome.case.id.clone(), effect, approvals });
            }
            None => apply(app, tx, actor, *effect, &outcome.case, now).await?,
        }
    }
    Ok(orders)
}

pub(crate) fn object<T: DeserializeOwned>(case: &Case) -> AppResult<T> {
    read(&case.object).map_err(AppError::bug)
}

fn order_of(effect: StepEffect, case: &Case) -> AppResult<Option<Effect>> {
    Ok(Some(match effect {
        StepEffect::OrderAuthorise => Effect::Authorise(object::<AuthorisationSpec>(case)?),
        StepEffect::OrderResource => Effect::Resource(object::<ResourceSpec>(case)?),
        StepEffect::OrderGrant => Effect::Grant(object::<GrantSpec>(case)?),
        StepEffect::OrderJob => Effect::Job(object::<JobSpec>(case)?),
        StepEffect::OrderRelease => Effect::Release(object::<ReleaseSpec>(case)?),
        StepEffect::OrderRecipient => Effect::Recipient(object::<RecipientSpec>(case)?),
        StepEffect::OrderSuspend => Effect::Suspend(object::<StopSpec>(case)?),
        StepEffect::OrderRestore => Effect::Restore(object::<StopSpec>(case)?),
        StepEffect::OrderDestroy => Effect::Destroy(object::<StopSpec>(case)?),
        StepEffect::OrderWithdraw => Effect::Withdraw(object::<ResourceStopSpec>(case)?),
        StepEffect::OrderSeal => Effect::Seal(object::<ResourceStopSpec>(case)?),
        StepEffect::OrderUnseal => Effect::Unseal(object::<ResourceStopSpec>(case)?),
        _ => return Ok(None),
    }))
}

/// The approvals that the pack demands for an order of this effect, and no others: where the zone refused an earlier order,
/// those that were given since.
async fn approvals(app: &App, tx: &mut Tx, effect: &str, case: &Case) -> AppResult<Vec<model::Signed<model::Act>>> {
    let steps = app.pack.approvals_of(effect, &case.procedure);
    let acts: Vec<StoredAct> = tx.list(&Filter::of(case.id.as_str())).await?;
    let brought_back = |step: &str| {
        let step = app.pack.procedure(&case.procedure).and_then(|p| p.step(step));
        step.is_some_and(|s| s.guards.contains_key(&Guard::OrderRefused))
    };
    let since = case.history.iter().rposition(|d| brought_back(&d.step)).map_or(0, |at| at + 1);
    let wanted = |a: &model::Act| a.decision == Decision::Approve && steps.contains(&a.step);
    Ok(acts.into_iter().filter(|a| since == 0 || a.n > since).map(|a| a.act).filter(|a| wanted(&a.body)).collect())
}

async fn ordered(tx: &mut Tx, effect: &Effect) -> AppResult<()> {
    if let Effect::Job(spec) = effect
        && let Some(mut job) = tx.get_for_update::<Job>(spec.job.as_str()).await?
    {
        job.state = JobState::Ordered;
        tx.put(&job).await?;
    }
    Ok(())
}

async fn apply(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    effect: StepEffect,
    case: &Case,
    now: Timestamp,
) -> AppResult<()> {
    match effect {
        StepEffect::CatalogueResource => crate::entry::catalogue(app, tx, case, now).await,
        StepEffect::AdoptImplementationPlan => implementation_plan(tx, case, now).await,
        StepEffect::PublishAnnouncement => {
            let spec: AnnouncementSpec = object(case)?;
            let by = actor.org.clone();
            put(tx, &Announcement { id: spec.announcement.clone(), spec, case: case.id.clone(), by, at: now }).await
        }
        StepEffect::PublishNotice => {
            let until = notice_ends(app, case).unwrap_or(now);
            put(tx, &PublicNotice { id: case.id.clone(), from: now, until }).await
        }
        StepEffect::RecordObjection => objection(app, tx, case, now).await,
        StepEffect::SettleObjection => settle_objections(tx, case).await,
        StepEffect::RecordAgreement => agreement(tx, case, now).await,
        StepEffect::ActivateAuthorisation => {
            let spec: AuthorisationSpec = object(case)?;
            put(tx, &Authorisation::start(&spec, &actor.org, &case.id, &case.pack, now)).await
        }
        StepEffect::SuspendAuthorisation => authorisation(tx, case, AuthorisationState::Suspended).await,
        StepEffect::RestoreAuthorisation => authorisation(tx, case, AuthorisationState::Active).await,
        StepEffect::TerminateAuthorisation => authorisation(tx, case, AuthorisationState::Terminated).await,
        StepEffect::RevokeAuthorisation => authorisation(tx, case, AuthorisationState::Revoked).await,
        StepEffect::StartBan => ban(app, tx, case, now).await,
        // The zone's report is what certifies; the step that carries this effect only closes the case.
        StepEffect::CertifyDestruction => Ok(()),
        _ => supply_effect(app, tx, effect, case, now).await,
    }
}

/// Scenario, staff, plan, grant; what is none of them is about a product.
async fn supply_effect(app: &App, tx: &mut Tx, effect: StepEffect, case: &Case, now: Timestamp) -> AppResult<()> {
    match effect {
        StepEffect::ApproveScenario => {
            let spec: ScenarioSpec = object(case)?;
            let row = Scenario {
                id: spec.scenario.clone(),
                operator: spec.operator.clone(),
                state: ScenarioState::Approved,
                case: case.id.clone(),
                spec,
            };
            put(tx, &row).await
        }
        StepEffect::FileStaff => staff(tx, case, StaffState::Filed).await,
        StepEffect::AdmitStaff => staff(tx, case, StaffState::Admitted).await,
        StepEffect::DismissStaff => staff(tx, case, StaffState::Left).await,
        StepEffect::AssignSupervisor => crate::matters::assign_supervisor(tx, case).await,
        StepEffect::EnforcePlan => {
            let spec: PlanSpec = object(case)?;
            let row = EmergencyPlan {
                id: spec.plan.clone(),
                holder: spec.holder.clone(),
                state: PlanState::InForce,
                case: case.id.clone(),
                spec,
            };
            put(tx, &row).await
        }
        StepEffect::OpenGrant => {
            let spec: GrantSpec = object(case)?;
            let row = Grant {
                id: spec.grant.clone(),
                authorisation: spec.authorisation.clone(),
                operator: spec.operator.clone(),
                state: GrantState::Open,
                case: case.id.clone(),
                spec,
            };
            put(tx, &row).await
        }
        _ => product_effect(app, tx, effect, case, now).await,
    }
}

/// When the clock ends the notice that the case has just come to.
fn notice_ends(app: &App, case: &Case) -> Option<Timestamp> {
    let procedure = app.pack.procedure(&case.procedure)?;
    let by_clock = |step: &str| procedure.step(step).is_some_and(|s| s.by.contains(&By::Clock));
    case.deadlines.iter().filter(|d| by_clock(&d.step)).map(|d| d.at).max()
}

/// Puts the plan in force; the one it replaces serves no new round.
async fn implementation_plan(tx: &mut Tx, case: &Case, now: Timestamp) -> AppResult<()> {
    let spec: ImplementationPlanSpec = object(case)?;
    if let Some(old) = &spec.replaces
        && let Some(mut row) = tx.get_for_update::<ImplementationPlan>(old.as_str()).await?
    {
        row.state = ImplementationPlanState::Replaced;
        row.at = now;
        tx.put(&row).await?;
    }
    let row = ImplementationPlan {
        id: spec.implementation_plan.clone(),
        agency: spec.agency.clone(),
        state: ImplementationPlanState::Adopted,
        case: case.id.clone(),
        at: now,
        spec,
    };
    put(tx, &row).await
}

async fn objection(app: &App, tx: &mut Tx, case: &Case, now: Timestamp) -> AppResult<()> {
    let text = case.document("objection").cloned().unwrap_or_default();
    let row = Objection {
        id: ObjectionId::from_part(&crypto::random_hex(8)?),
        case: case.id.clone(),
        digest: Digest(crypto::digest_of(app.suite(), "objection", &text)?.to_string()),
        settled: false,
        at: now,
    };
    put(tx, &row).await
}

async fn settle_objections(tx: &mut Tx, case: &Case) -> AppResult<()> {
    for mut objection in tx.list::<Objection>(&Filter::of(case.id.as_str())).await? {
        if !objection.settled {
            objection.settled = true;
            tx.put(&objection).await?;
        }
    }
    Ok(())
}

async fn product_effect(app: &App, tx: &mut Tx, effect: StepEffect, case: &Case, now: Timestamp) -> AppResult<()> {
    match effect {
        StepEffect::RecordReview => {
            let spec: ReleaseSpec = object(case)?;
            let mut product = product(tx, spec.product.as_str()).await?;
            if !product.reviewed_scenarios.contains(&spec.scenario) {
                product.reviewed_scenarios.push(spec.scenario.clone());
            }
            tx.put(&product).await?;
            let row = ProductReview {
                id: case.id.clone(),
                product: spec.product,
                artefact: spec.artefact,
                scenario: spec.scenario,
                at: now,
            };
            put(tx, &row).await
        }
        StepEffect::RegisterProduct => {
            let spec: ProductSpec = object(case)?;
            let mut product = product(tx, spec.product.as_str()).await?;
            product.spec = Some(spec);
            product.state = ProductState::Registered;
            product.at = now;
            put(tx, &product).await
        }
        StepEffect::IssueCertificate => certificate(app, tx, case, now).await,
        StepEffect::RecordListing => {
            let spec: ProductSpec = object(case)?;
            let mut product = product(tx, spec.product.as_str()).await?;
            // Another case, or the end of the authorisation, may have withdrawn it meanwhile: a listing does not bring it back.
            if product.state == ProductState::Withdrawn {
                return Err(app
                    .pack
                    .refusal("product-withdrawn", "PRODUCT-PRODUCT", "该产品已下架。", "The product was withdrawn.")
                    .into());
            }
            let listing = case.document("venue_listing").cloned().unwrap_or_default();
            let word = |f: &str| listing.get(f).and_then(Value::as_str).unwrap_or_default().to_owned();
            product.venue = Some((word("venue"), word("reference")));
            product.state = ProductState::Listed;
            product.at = now;
            put(tx, &product).await
        }
        StepEffect::PublishProduct => product_state(tx, case, ProductState::Published, now).await,
        StepEffect::WithdrawProduct => product_state(tx, case, ProductState::Withdrawn, now).await,
        StepEffect::AdmitRecipient => {
            let spec: RecipientSpec = object(case)?;
            put(tx, &AccessKey { digest: spec.access_key, order: spec.order }).await?;
            consumer_order(tx, case, ConsumerOrderState::Delivering, now).await
        }
        StepEffect::EndRecipient => consumer_order(tx, case, ConsumerOrderState::Ended, now).await,
        other => Err(AppError::bug(format!("no arm for effect {other:?}"))),
    }
}

async fn put<T: model::Entity>(tx: &mut Tx, row: &T) -> AppResult<()> {
    tx.put(row).await?;
    Ok(())
}

/// One agreement for each document of the completed step that is an agreement.
async fn agreement(tx: &mut Tx, case: &Case, now: Timestamp) -> AppResult<()> {
    let Some(last) = case.history.last() else { return Ok(()) };
    let signed: Vec<_> = case.history.iter().filter(|d| d.step == last.step).collect();
    for (kind, document) in &last.documents {
        if !kind.ends_with("agreement") {
            continue;
        }
        let mut parties: Vec<_> = signed.iter().map(|d| d.org.clone()).collect();
        parties.push(case.applicant.clone());
        parties.sort();
        parties.dedup();
        let row = Agreement {
            id: AgreementId::from_part(&crypto::random_hex(8)?),
            kind: kind.clone(),
            case: case.id.clone(),
            parties,
            digest: Digest(document.get("digest").and_then(Value::as_str).unwrap_or_default().to_owned()),
            at: now,
        };
        put(tx, &row).await?;
    }
    Ok(())
}

async fn authorisation(tx: &mut Tx, case: &Case, state: AuthorisationState) -> AppResult<()> {
    let id = case.text("authorisation").unwrap_or_default();
    let mut row: Authorisation = tx.get_for_update(id).await?.ok_or(AppError::NotFound("authorisation"))?;
    row.state = state;
    put(tx, &row).await
}

async fn ban(app: &App, tx: &mut Tx, case: &Case, now: Timestamp) -> AppResult<()> {
    let id = case.text("authorisation").unwrap_or_default();
    let row: Authorisation = tx.get(id).await?.ok_or(AppError::NotFound("authorisation"))?;
    let months = app.pack.int("ban.months_after_revocation").and_then(|m| i32::try_from(m).ok()).unwrap_or(0);
    let ban = Ban::start(BanId::from_part(&crypto::random_hex(8)?), &row, months, now);
    put(tx, &ban).await
}

async fn staff(tx: &mut Tx, case: &Case, state: StaffState) -> AppResult<()> {
    let spec: StaffSpec = object(case)?;
    let row = StaffFile {
        id: spec.staff.clone(),
        person: spec.person.clone(),
        operator: spec.operator.clone(),
        state,
        case: case.id.clone(),
        spec,
    };
    put(tx, &row).await
}

async fn product(tx: &mut Tx, id: &str) -> AppResult<Product> {
    tx.get_for_update(id).await?.ok_or(AppError::NotFound("product"))
}

async fn product_state(tx: &mut Tx, case: &Case, state: ProductState, now: Timestamp) -> AppResult<()> {
    let mut row = product(tx, case.text("product").unwrap_or_default()).await?;
    row.state = state;
    row.at = now;
    put(tx, &row).await
}

async fn certificate(app: &App, tx: &mut Tx, case: &Case, now: Timestamp) -> AppResult<()> {
    let spec: ProductSpec = object(case)?;
    let mut product = product(tx, spec.product.as_str()).await?;
    let prefix = app.pack.text("certificate.prefix").unwrap_or("YY").to_owned();
    let row = Certificate {
        id: CertificateId::from_part(&crypto::random_hex(8)?),
        number: Certificate::number(&prefix, &product.id, now),
        product: product.id.clone(),
        holder: product.operator.clone(),
        artefact: spec.artefact,
        at: now,
    };
    product.certificate = Some(row.id.clone());
    product.state = ProductState::Certified;
    product.at = now;
    tx.put(&product).await?;
    put(tx, &row).await
}

async fn consumer_order(tx: &mut Tx, case: &Case, state: ConsumerOrderState, now: Timestamp) -> AppResult<()> {
    let id = case.text("order").unwrap_or_default();
    let mut row: ConsumerOrder = tx.get_for_update(id).await?.ok_or(AppError::NotFound("order"))?;
    row.state = state;
    row.at = now;
    put(tx, &row).await
}

/// Digest of the certificate that a case issued, for its leaf.
pub async fn certificate_digest(app: &App, tx: &mut Tx, case: &Case) -> AppResult<Option<String>> {
    let product = product(tx, case.text("product").unwrap_or_default()).await?;
    let Some(id) = product.certificate else { return Ok(None) };
    let Some(row) = tx.get::<Certificate>(id.as_str()).await? else { return Ok(None) };
    Ok(Some(crypto::digest_of(app.suite(), crate::evidence::CERTIFICATE_TYPE, &row)?.to_string()))
}
