//! Tickets for the zone's endpoint: signed by the platform, bound to a person or an access key, good for minutes.
//!
//! The platform decides who may ask; the zone checks everything again.

use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command, Done, leaf};
use crate::resources::OpenBatch;
use crate::{App, views};
use model::ids::{OrderId, OrgId, TicketId};
use model::record::{
    Authorisation, AuthorisationState, ConsumerOrder, ConsumerOrderState, Grant, Job, Product, ProductState, Resource,
};
use model::ticket::{TICKET_TYPE, Ticket, TicketHolder, TicketPurpose};
use model::{Digest, Entity, Refusal, Signed, Timestamp, check_usable};
use serde::{Deserialize, Serialize};

/// Access keys start with this, so that a key is never taken for a session token.
pub const ACCESS_KEY_PREFIX: &str = "yk_";
/// Life of a ticket.
const LIFE_MS: i64 = 10 * 60_000;
/// Tolerance towards the zone's clock.
const SKEW_MS: i64 = 30_000;

/// A person asks for a ticket.
pub async fn for_person(app: &App, actor: &Actor, purpose: TicketPurpose) -> AppResult<Signed<Ticket>> {
    let verb = verb(&purpose);
    let command = Command::plain(verb);
    let for_leaf = command.clone();
    app.command(actor, command, None, async move |tx, now| {
        check(app, tx, actor, &purpose).await?;
        let key = actor.key.clone().ok_or_else(no_key)?;
        let holder = TicketHolder::Person { person: actor.person.clone(), key };
        let ticket = issue(app, purpose, holder, actor.org.clone(), now)?;
        let mut draft = leaf(app, actor, &for_leaf, "ticket_issued");
        // Checked above: a name that does not exist never gets here.
        draft.refs.extend(about(&ticket.body.purpose).map(|id| ("about".to_owned(), id)));
        draft.refs.insert("ticket".to_owned(), ticket.body.id.to_string());
        draft.refs.insert("purpose".to_owned(), verb.to_owned());
        Ok(Done::with(ticket, draft))
    })
    .await
}

/// A consumer's access key as the platform knows it: by digest only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessKey {
    /// Digest of the key under the deployment's suite.
    pub digest: Digest,
    /// The order it was registered with.
    pub order: OrderId,
}

impl Entity for AccessKey {
    const KIND: &'static str = "access_key";
    fn id(&self) -> &str {
        &self.digest.0
    }
    fn parent(&self) -> Option<&str> {
        Some(self.order.as_str())
    }
}

/// An application asks for a ticket with a consumer's access key. The key is looked up by its digest alone,
/// so that neither the store nor the time of the look-up tells anything about other keys.
pub async fn for_access_key(app: &App, access_key: &str) -> AppResult<Signed<Ticket>> {
    let digest = Digest(app.suite().hash(access_key.as_bytes()).to_string());
    let known: AccessKey = app.store.get(&digest.0).await?.ok_or(AppError::NotSignedIn)?;
    let order: ConsumerOrder = app.store.get(known.order.as_str()).await?.ok_or(AppError::NotSignedIn)?;
    let product: Option<Product> = app.store.get(order.product.as_str()).await?;
    let authorisation: Option<Authorisation> = match &product {
        Some(product) => app.store.get(product.authorisation.as_str()).await?,
        None => None,
    };
    check_delivery(app, &order, product.as_ref(), authorisation.as_ref())?;
    let purpose = TicketPurpose::Product { product: order.product.clone(), order: order.id.clone() };
    issue(app, purpose, TicketHolder::AccessKey { digest }, order.consumer.clone(), app.now())
}

fn issue(
    app: &App,
    purpose: TicketPurpose,
    holder: TicketHolder,
    org: OrgId,
    now: Timestamp,
) -> AppResult<Signed<Ticket>> {
    let body = Ticket {
        v: 1,
        deployment: app.deployment.deployment.clone(),
        id: TicketId::from_part(&crypto::random_hex(12)?),
        purpose,
        holder,
        org,
        not_before: now.plus_ms(-SKEW_MS),
        expires: now.plus_ms(LIFE_MS),
    };
    let signature = app.signer.sign(TICKET_TYPE, &body)?;
    Ok(Signed { key: app.signer.key_id(), signature, body })
}

/// What a ticket is about.
fn about(purpose: &TicketPurpose) -> Option<String> {
    Some(match purpose {
        TicketPurpose::Upload { resource, .. } | TicketPurpose::SetAside { resource, .. } => resource.to_string(),
        TicketPurpose::GateReport { job } | TicketPurpose::Job { job } => job.to_string(),
        TicketPurpose::Preview { grant } => grant.to_string(),
        TicketPurpose::Product { order, .. } => order.to_string(),
        TicketPurpose::Classify {} => return None,
    })
}

fn verb(purpose: &TicketPurpose) -> &'static str {
    match purpose {
        TicketPurpose::Upload { .. } => "upload_batch",
        TicketPurpose::SetAside { .. } => "read_set_aside",
        TicketPurpose::GateReport { .. } => "read_gate_report",
        TicketPurpose::Job { .. } => "watch_job",
        TicketPurpose::Classify {} => "classify_file",
        TicketPurpose::Preview { .. } => "preview_grant",
        TicketPurpose::Product { .. } => "call_product",
    }
}

async fn check(app: &App, tx: &mut store::Tx, actor: &Actor, purpose: &TicketPurpose) -> AppResult<()> {
    let org = &actor.org;
    match purpose {
        TicketPurpose::Upload { resource, batch } | TicketPurpose::SetAside { resource, batch } => {
            let found: Option<Resource> = tx.get(resource.as_str()).await?;
            let found = found.filter(|r| r.provider == *org).ok_or(AppError::NotFound("resource"))?;
            // Its id is the platform's: it stands in both logs, where a caller's own text has no place.
            let opened: Option<OpenBatch> = tx.get(batch.as_str()).await?;
            opened.filter(|b| b.resource == *resource).ok_or(AppError::NotFound("batch"))?;
            Ok(check_usable(&app.pack, &found)?)
        }
        TicketPurpose::Preview { grant } => {
            let found: Option<Grant> = tx.get(grant.as_str()).await?;
            found.filter(|g| g.spec.operator == *org).map(drop).ok_or(AppError::NotFound("grant"))
        }
        TicketPurpose::Job { job } => {
            let found: Option<Job> = tx.get(job.as_str()).await?;
            found.filter(|j| j.operator == *org).map(drop).ok_or(AppError::NotFound("job"))
        }
        // Who may have a file looked at is the policy's to say: there is no object yet.
        TicketPurpose::Classify {} => Ok(()),
        TicketPurpose::GateReport { job } => {
            let found: Option<Job> = tx.get(job.as_str()).await?;
            let job = found.ok_or(AppError::NotFound("job"))?;
            if views::sees_job(app, actor, &job).await? { Ok(()) } else { Err(AppError::NotFound("job")) }
        }
        TicketPurpose::Product { product, order } => {
            let known: Option<Product> = tx.get(product.as_str()).await?;
            let found: Option<ConsumerOrder> = tx.get(order.as_str()).await?;
            let mine = |o: &ConsumerOrder| known.is_some() && o.product == *product && o.consumer == *org;
            let found = found.filter(mine).ok_or(AppError::NotFound("order"))?;
            let authorisation: Option<Authorisation> = match &known {
                Some(product) => tx.get(product.authorisation.as_str()).await?,
                None => None,
            };
            Ok(check_delivery(app, &found, known.as_ref(), authorisation.as_ref())?)
        }
    }
}

/// An ended order and a withdrawn product are delivered no more. What an authorisation's end withdrew is the zone's to
/// refuse: it knows the article.
fn check_delivery(
    app: &App,
    order: &ConsumerOrder,
    product: Option<&Product>,
    authorisation: Option<&Authorisation>,
) -> Result<(), Refusal> {
    if order.state == ConsumerOrderState::Ended {
        return Err(app.pack.refusal(
            "order-ended",
            "PRODUCT-ORDER",
            "该订单的交付已结束。",
            "The delivery under this order has ended.",
        ));
    }
    let withdrawn = product.is_some_and(|p| p.state == ProductState::Withdrawn);
    let ended = |a: &Authorisation| matches!(a.state, AuthorisationState::Terminated | AuthorisationState::Revoked);
    if withdrawn && !authorisation.is_some_and(ended) {
        return Err(app.pack.refusal(
            "product-withdrawn",
            "PRODUCT-PRODUCT",
            "该产品已下架，不再交付。",
            "The product was withdrawn and is delivered no more.",
        ));
    }
    Ok(())
}

fn no_key() -> AppError {
    Refusal::new(
        "no-signing-key",
        "PRODUCT-KEYS",
        "",
        "您还没有登记在密钥清单中的签名密钥；请先登记公钥，待根密钥签署下一份清单。",
        "You have no signing key in the key list yet; register one and wait for the root to sign the next list.",
    )
    .into()
}
