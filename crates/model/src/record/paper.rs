//! Papers: announcements, public notices and objections, agreements, certificates.

use crate::entity::{entity, words};
use crate::ids::{
    AgreementId, AnnouncementId, AuthorisationId, CaseId, CertificateId, DestructionId, ImplementationPlanId,
    ObjectionId, OrgId, ProductId,
};
use crate::object::{AnnouncementSpec, ImplementationPlanSpec};
use crate::order::DestroyedObjects;
use crate::signed::Digest;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// An announcement (公告 / 通告): opens a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// Its id.
    pub id: AnnouncementId,
    /// What was announced.
    pub spec: AnnouncementSpec,
    /// Case that published it.
    pub case: CaseId,
    /// Organisation that published it.
    pub by: OrgId,
    /// When.
    pub at: Timestamp,
}

entity!(Announcement, "announcement", id = id, parent = case, org = by);

impl Announcement {
    /// True inside the application window; the server's clock decides.
    #[must_use]
    pub fn open(&self, now: Timestamp) -> bool {
        self.spec.opens <= now && now < self.spec.closes
    }
}

words! {
    /// State of an implementation plan.
    ImplementationPlanState {
        /// Approved: rounds of selection may be opened under it.
        Adopted = "adopted",
        /// A later plan took its place.
        Replaced = "replaced",
    }
}

/// An implementation plan that was approved (CC-14.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImplementationPlan {
    /// Its id.
    pub id: ImplementationPlanId,
    /// What was approved.
    pub spec: ImplementationPlanSpec,
    /// Agency.
    pub agency: OrgId,
    /// State.
    pub state: ImplementationPlanState,
    /// Case that approved it.
    pub case: CaseId,
    /// When the state was entered.
    pub at: Timestamp,
}

entity!(ImplementationPlan, "implementation_plan", id = id, parent = case, org = agency, state = state);

/// A public notice (公示) of a case; anyone may object until it closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicNotice {
    /// Id of the case on notice.
    pub id: CaseId,
    /// When it was published.
    pub from: Timestamp,
    /// First instant after the notice, if no objection is open.
    pub until: Timestamp,
}

entity!(PublicNotice, "public_notice", id = id);

/// An objection to a public notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objection {
    /// Its id.
    pub id: ObjectionId,
    /// Case on notice.
    pub case: CaseId,
    /// Digest of the objection's text.
    pub digest: Digest,
    /// True once answered.
    pub settled: bool,
    /// When it was raised.
    pub at: Timestamp,
}

entity!(Objection, "objection", id = id, parent = case);

/// A signed agreement: what both sides signed is the case's object and the digest of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its id.
    pub id: AgreementId,
    /// Document name in the procedure, e.g. `operation_agreement`.
    pub kind: String,
    /// Case in which it was signed.
    pub case: CaseId,
    /// Parties.
    pub parties: Vec<OrgId>,
    /// Digest of the text.
    pub digest: Digest,
    /// When the last party signed.
    pub at: Timestamp,
}

entity!(Agreement, "agreement", id = id, parent = case);

/// A product certificate issued by the platform (WX-24.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Its id.
    pub id: CertificateId,
    /// Number shown to the public.
    pub number: String,
    /// Product.
    pub product: ProductId,
    /// Holder: the operator.
    pub holder: OrgId,
    /// Canonical digest of the certified artefact.
    pub artefact: Digest,
    /// When it was issued.
    pub at: Timestamp,
}

entity!(Certificate, "certificate", id = id, parent = product, org = holder);

impl Certificate {
    /// The number of a certificate: prefix of the pack, year in China, and the product's own part.
    #[must_use]
    pub fn number(prefix: &str, product: &ProductId, now: Timestamp) -> String {
        let part = product.as_str().rsplit('_').next().unwrap_or_default().to_uppercase();
        format!("{prefix}-{}-{part}", now.date().year())
    }
}

/// What the end of an authorisation leaves behind (WX-19.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestructionCertificate {
    /// Its id.
    pub id: DestructionId,
    /// Authorisation that ended.
    pub authorisation: AuthorisationId,
    /// Case that ended it.
    pub case: CaseId,
    /// Operator.
    pub operator: OrgId,
    /// Ids of the destroyed keys.
    pub keys: Vec<String>,
    /// Number of objects removed.
    pub objects: u64,
    /// What they were, by kind, and the digest of the zone's list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<DestroyedObjects>,
    /// Sequence of the zone's report.
    pub report: u64,
    /// When the zone's report was recorded: the time of that leaf.
    pub at: Timestamp,
}

entity!(DestructionCertificate, "destruction_certificate", id = id, parent = authorisation, org = operator);
