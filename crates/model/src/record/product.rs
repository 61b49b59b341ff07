//! From scenario to product: scenarios, grants, jobs, gate facts, products.

use crate::entity::{entity, words};
use crate::ids::{AuthorisationId, CaseId, CertificateId, GrantId, JobId, OrgId, ProductId, ScenarioId};
use crate::money::Fen;
use crate::object::{ProductSpec, ScenarioSpec};
use crate::order::{GrantSpec, JobSpec};
use crate::signed::Digest;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// State of a scenario.
    ScenarioState {
        /// Handed in.
        Submitted = "submitted",
        /// Approved.
        Approved = "approved",
        /// Refused or withdrawn.
        Closed = "closed",
    }
}

/// A scenario with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its id.
    pub id: ScenarioId,
    /// The approved object.
    pub spec: ScenarioSpec,
    /// Operator.
    pub operator: OrgId,
    /// State.
    pub state: ScenarioState,
    /// Case.
    pub case: CaseId,
}

entity!(Scenario, "scenario", id = id, parent = case, org = operator, state = state);

words! {
    /// State of a grant.
    GrantState {
        /// In force until its date.
        Open = "open",
        /// Closed.
        Closed = "closed",
    }
}

/// A grant with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The approved object.
    pub spec: GrantSpec,
    /// Authorisation it rests on.
    pub authorisation: AuthorisationId,
    /// Operator.
    pub operator: OrgId,
    /// State.
    pub state: GrantState,
    /// Case.
    pub case: CaseId,
}

entity!(Grant, "grant", id = id, parent = authorisation, org = operator, state = state);

words! {
    /// State of a job.
    JobState {
        /// Handed in for review.
        Submitted = "submitted",
        /// Ordered from the zone.
        Ordered = "ordered",
        /// A sealed artefact waits at the gate.
        Done = "done",
        /// Ended without an artefact.
        Failed = "failed",
        /// The review refused it.
        Refused = "refused",
    }
}

/// What the gate measured, as the zone reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateFacts {
    /// Job.
    pub job: JobId,
    /// Canonical digest of the artefact.
    pub artefact: Digest,
    /// Verdict: `pass`, `review` or `block`.
    pub verdict: String,
    /// Digest of the gate report.
    pub report: Digest,
}

/// A job with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The approved object.
    pub spec: JobSpec,
    /// Grant.
    pub grant: GrantId,
    /// Author's organisation.
    pub operator: OrgId,
    /// State.
    pub state: JobState,
    /// What the gate measured, once done.
    pub gate: Option<GateFacts>,
    /// Rows of the artefact, once done.
    pub rows: Option<u64>,
    /// Case.
    pub case: CaseId,
}

entity!(Job, "job", id = id, parent = grant, org = operator, state = state);

words! {
    /// State of a product.
    ProductState {
        /// Named by a job, nothing released.
        Draft = "draft",
        /// Its artefact was released by the gate and the reviews.
        Released = "released",
        /// Registered.
        Registered = "registered",
        /// Certified.
        Certified = "certified",
        /// Listed at the venue.
        Listed = "listed",
        /// On the public page.
        Published = "published",
        /// Taken off.
        Withdrawn = "withdrawn",
    }
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Operator.
    pub operator: OrgId,
    /// Authorisation it rests on.
    pub authorisation: AuthorisationId,
    /// Job that made it.
    pub job: JobId,
    /// Scenarios it was reviewed for; it is used in no other (WX-17.1).
    pub reviewed_scenarios: Vec<ScenarioId>,
    /// Canonical digest of the released artefact.
    pub artefact: Option<Digest>,
    /// Rows of the released artefact.
    pub rows: Option<u64>,
    /// Registered details, from registration on.
    pub spec: Option<ProductSpec>,
    /// Certificate, once issued.
    pub certificate: Option<CertificateId>,
    /// Venue and reference of the listing, once listed.
    pub venue: Option<(String, String)>,
    /// State.
    pub state: ProductState,
    /// When the state was entered.
    pub at: Timestamp,
}

entity!(Product, "product", id = id, parent = authorisation, org = operator, state = state);

impl Product {
    /// Price per unit, once registered.
    #[must_use]
    pub fn price(&self) -> Option<Fen> {
        self.spec.as_ref().map(|s| s.price)
    }
}

/// The review of a product before release, as its case concluded it (WX-17.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductReview {
    /// Id of the release case.
    pub id: CaseId,
    /// Product.
    pub product: ProductId,
    /// Artefact reviewed.
    pub artefact: Digest,
    /// Scenario it was reviewed for.
    pub scenario: ScenarioId,
    /// When.
    pub at: Timestamp,
}

entity!(ProductReview, "product_review", id = id, parent = product);
