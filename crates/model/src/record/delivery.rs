//! A consumer's order and what was metered under it.

use crate::entity::{entity, words};
use crate::ids::{CaseId, OrderId, OrgId, ProductId};
use crate::money::Fen;
use crate::order::RecipientSpec;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// State of a consumer's order.
    ConsumerOrderState {
        /// Applied for.
        Applied = "applied",
        /// Deliveries run.
        Delivering = "delivering",
        /// Ended.
        Ended = "ended",
    }
}

/// A consumer's order of a product (订单).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumerOrder {
    /// Its id.
    pub id: OrderId,
    /// The approved object.
    pub spec: RecipientSpec,
    /// Product.
    pub product: ProductId,
    /// Consumer.
    pub consumer: OrgId,
    /// Price per unit when the order was signed.
    pub price: Fen,
    /// State.
    pub state: ConsumerOrderState,
    /// Case.
    pub case: CaseId,
    /// When the state was entered.
    pub at: Timestamp,
}

entity!(ConsumerOrder, "consumer_order", id = id, parent = product, org = consumer, state = state);

/// Usage of an order in one segment of the zone's receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meter {
    /// `<order>/<segment>`: unique, so that a resent report counts once.
    pub id: String,
    /// Order.
    pub order: OrderId,
    /// Consumer.
    pub consumer: OrgId,
    /// Answers given.
    pub calls: u64,
    /// Rows delivered.
    pub rows: u64,
    /// Bytes delivered.
    pub bytes: u64,
    /// Amount due.
    pub amount: Fen,
    /// When it was reported.
    pub at: Timestamp,
}

entity!(Meter, "meter", id = id, parent = order, org = consumer);
