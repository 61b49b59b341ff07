//! Issues work orders: numbered without gaps, bound to the case's head, signed by the platform.

use crate::error::AppResult;
use crate::funnel::NewOrder;
use crate::{App, keys};
use model::ids::{CaseId, WorkOrderId};
use model::order::{ORDER_TYPE, WorkOrder, ZoneReport};
use model::signed::Signed;
use model::{Digest, Entity, Timestamp};
use serde::{Deserialize, Serialize};
use store::{LeafDraft, Tx};

/// An order that the zone does not get within this time is stale and refused there.
const ORDER_LIFE_DAYS: i64 = 7;

/// An order as its case shows it: what people decided has come about only when the zone has said so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssuedOrder {
    /// Work order.
    pub id: String,
    /// Case.
    pub case: CaseId,
    /// Name of the effect.
    pub effect: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The zone's last word on it: name of the outcome, and the zone's own time.
    pub answer: Option<(String, Timestamp)>,
}

impl Entity for IssuedOrder {
    const KIND: &'static str = "issued_order";
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        Some(self.case.as_str())
    }
}

/// Keeps the zone's word on an order with the order.
pub async fn answered(tx: &mut Tx, report: &ZoneReport) -> AppResult<()> {
    let Some(order) = &report.order else { return Ok(()) };
    let Some(mut issued) = tx.get::<IssuedOrder>(order.as_str()).await? else { return Ok(()) };
    issued.answer = Some((report.outcome.name().to_owned(), report.at));
    tx.put(&issued).await?;
    Ok(())
}

/// Issues one order inside the transaction of the command that caused it.
pub async fn issue(app: &App, tx: &mut Tx, order: NewOrder) -> AppResult<WorkOrderId> {
    let now = app.now();
    let id = WorkOrderId::from_part(&crypto::random_hex(10)?);
    let head = tx.case_head(order.case.as_str()).await?.map(|(_, hash)| hash).unwrap_or_default();
    let seq = tx.next_order_seq().await?;
    let body = WorkOrder {
        v: 1,
        deployment: app.deployment.deployment.clone(),
        id: id.clone(),
        seq,
        case: order.case.clone(),
        case_head: Digest(head),
        key_list: keys::current(tx).await?.body.number,
        pack: app.pack.version(),
        issued_at: now,
        expires: now.plus_days(ORDER_LIFE_DAYS),
        effect: order.effect,
        approvals: order.approvals,
    };
    let signature = app.signer.sign(ORDER_TYPE, &body)?;
    let signed = Signed { key: app.signer.key_id(), signature, body };
    let digest = crypto::digest_of(app.suite(), "signed", &signed)?.to_string();
    tx.push_order(seq, id.as_str(), &serde_json::to_string(&signed)?).await?;
    let (case, effect) = (signed.body.case.clone(), signed.body.effect.name().to_owned());
    tx.put(&IssuedOrder { id: id.to_string(), case, effect, issued_at: now, answer: None }).await?;
    tx.append_leaf(LeafDraft {
        case: Some(order.case.to_string()),
        refs: [("order".to_owned(), digest), ("effect".to_owned(), signed.body.effect.name().to_owned())].into(),
        ..LeafDraft::done("order_issued", now)
    })
    .await?;
    Ok(id)
}
