//! The zone's own reading of its pinned rule pack. The platform's word about the rules counts for nothing here.

use model::keylist::KeyHolder;
use model::order::WorkOrder;
use model::pack::Pack;
use model::quorum::check_quorum;
use model::retention::check_resource;
use model::{Act, Digest, Refusal, Timestamp};

/// What the node asks its rule pack.
pub trait Policy: Send + Sync {
    /// Name and version, as an order must state it.
    fn version(&self) -> String;
    /// Whether the approvals, whose signatures already hold, are the ones the pack demands for the order's effect.
    ///
    /// # Errors
    /// The approvals do not suffice.
    fn check_quorum(&self, order: &WorkOrder, acts: &[(Act, KeyHolder)], object: &Digest) -> Result<(), Refusal>;
    /// Whether a resource's records may be destroyed at `now`, when they were supplied last at `supplied`.
    ///
    /// # Errors
    /// Their retention is not over, under the article that says so; or the pack knows none.
    fn check_retention(&self, supplied: Timestamp, now: Timestamp) -> Result<(), Refusal>;
    /// The article that is cited where an effect (`withdraw`, `seal`, …) is refused or found done; empty where no text speaks.
    fn article_of(&self, _effect: &str) -> String {
        String::new()
    }
    /// A whole number among the pack's parameters (thresholds of engine and gate), by name.
    fn number(&self, name: &str) -> Option<i64>;
}

impl Policy for Pack {
    fn version(&self) -> String {
        Pack::version(self)
    }

    fn check_quorum(&self, order: &WorkOrder, acts: &[(Act, KeyHolder)], object: &Digest) -> Result<(), Refusal> {
        check_quorum(self, order, acts, object)
    }

    fn check_retention(&self, supplied: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        check_resource(self, supplied, now)
    }

    fn article_of(&self, effect: &str) -> String {
        self.article_of_effect(effect)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.int(name)
    }
}
