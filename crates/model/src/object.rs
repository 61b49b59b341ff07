//! The canonical object of each kind of case: what people sign along a procedure.
//! The specs that reach the zone stand in `order`; the others stand here.

use crate::entity::words;
use crate::ids::{
    AnnouncementId, AuthorisationId, ImplementationPlanId, MatterId, OrgId, PersonId, PlanId, ProductId, ResourceId,
    ScenarioId, StaffId,
};
use crate::money::Fen;
use crate::order::{GrantSpec, JobSpec, RecipientSpec, ReleaseSpec, ResourceSpec, ResourceStopSpec, StopSpec};
use crate::party::LegalForm;
use crate::signed::Digest;
use crate::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

words! {
    /// Kind of the object that a procedure decides on.
    ObjectKind {
        /// `order::ResourceSpec`.
        Resource = "resource",
        /// `AnnouncementSpec`.
        Announcement = "announcement",
        /// `ImplementationPlanSpec`.
        ImplementationPlan = "implementation_plan",
        /// `AuthorisationSpec`.
        Authorisation = "authorisation",
        /// `ScenarioSpec`.
        Scenario = "scenario",
        /// `StaffSpec`.
        Staff = "staff",
        /// `PlanSpec`.
        Plan = "plan",
        /// `order::GrantSpec`.
        Grant = "grant",
        /// `order::JobSpec`.
        Job = "job",
        /// `order::ReleaseSpec`.
        Release = "release",
        /// `ProductSpec`.
        Product = "product",
        /// `order::RecipientSpec`.
        Recipient = "recipient",
        /// `order::StopSpec`.
        Stop = "stop",
        /// `order::ResourceStopSpec`.
        ResourceStop = "resource_stop",
        /// `MatterSpec`.
        Matter = "matter",
    }
}

words! {
    /// How an authorisation is cut (NAT-2, WX-8.1); the city's word is a label of its pack.
    AuthorisationMode {
        /// 整体 / 综合授权.
        Overall = "overall",
        /// 分领域 / 领域授权.
        Sector = "sector",
        /// 场景 / 依场景授权.
        Scenario = "scenario",
        /// 分级授权.
        Graded = "graded",
    }
}

words! {
    /// Whom a product serves (NAT-10, WX-23.1).
    UseClass {
        /// 公共治理、公益事业: conditionally free.
        PublicInterest = "public_interest_use",
        /// 产业发展、行业发展: conditionally paid.
        Industry = "industry_use",
    }
}

/// An implementation plan (实施方案): what may be authorised, to whom, how long, decided before anybody is chosen
/// (CC-13.1). Its sections are a document of the procedure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImplementationPlanSpec {
    /// Its id.
    pub implementation_plan: ImplementationPlanId,
    /// The implementing agency that drew it up.
    pub agency: OrgId,
    /// Title in Chinese.
    pub zh: String,
    /// Title in English.
    pub en: String,
    /// Modes of authorisation under it.
    pub modes: Vec<AuthorisationMode>,
    /// Scope: resources with their providers.
    pub resources: BTreeMap<ResourceId, OrgId>,
    /// Longest term under it, in months.
    pub term_months: i32,
    /// Digest of its text.
    pub digest: Digest,
    /// The plan it replaces: a material change runs the whole procedure again (CC-14.2).
    pub replaces: Option<ImplementationPlanId>,
}

/// An announcement that opens a round of applications (WX-9.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnouncementSpec {
    /// Its id.
    pub announcement: AnnouncementId,
    /// Title in Chinese.
    pub zh: String,
    /// Title in English.
    pub en: String,
    /// Modes on offer.
    pub modes: Vec<AuthorisationMode>,
    /// Conditions of application.
    pub conditions: Vec<String>,
    /// First instant of application.
    pub opens: Timestamp,
    /// First instant after the window.
    pub closes: Timestamp,
    /// The implementation plan it carries out, where the city demands one (CC-14.1).
    pub implementation_plan: Option<ImplementationPlanId>,
}

/// An authorisation applied for (WX-11.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorisationSpec {
    /// The authorisation that will come into being.
    pub authorisation: AuthorisationId,
    /// Announcement it answers.
    pub announcement: AnnouncementId,
    /// Applicant.
    pub operator: OrgId,
    /// 统一社会信用代码 of the applicant; bans and blacklists are checked on it.
    pub uscc: String,
    /// Legal form of the applicant.
    pub legal_form: LegalForm,
    /// Mode.
    pub mode: AuthorisationMode,
    /// Field, where the mode is `sector`.
    pub domain: Option<String>,
    /// Scope: catalogued resources, each with its provider.
    pub resources: BTreeMap<ResourceId, OrgId>,
    /// Term in months, counted from activation.
    pub term_months: i32,
    /// The authorisation that this one continues, on renewal.
    pub renewal_of: Option<AuthorisationId>,
}

/// An application scenario: what the data will be used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioSpec {
    /// Its id.
    pub scenario: ScenarioId,
    /// Authorisation it lies under.
    pub authorisation: AuthorisationId,
    /// Operator.
    pub operator: OrgId,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Purpose, in words.
    pub purpose: String,
    /// Whom it serves.
    pub use_class: UseClass,
}

/// Admission of a person to the operation domain (WX-16.3). Carries no personal value: the name stays under the people key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffSpec {
    /// Staff file.
    pub staff: StaffId,
    /// Pseudonymous id of the person.
    pub person: PersonId,
    /// Employer: the operator.
    pub operator: OrgId,
    /// Salted commitment to the real name and identity document.
    pub identity: Digest,
    /// First instant the confidentiality agreement no longer holds.
    pub nda_until: Timestamp,
}

/// An emergency plan fitted to scenarios (WX-26.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// Its id.
    pub plan: PlanId,
    /// The organisation that drew it up and acts under it.
    pub holder: OrgId,
    /// Scenarios it covers; empty: every scenario.
    pub scenarios: Vec<ScenarioId>,
    /// Digest of the plan's text.
    pub digest: Digest,
    /// First instant it no longer holds.
    pub until: Timestamp,
}

/// A product for registration, price, venue and publication (WX-3.1, WX-24.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductSpec {
    /// Product.
    pub product: ProductId,
    /// Authorisation it rests on.
    pub authorisation: AuthorisationId,
    /// Operator that sells.
    pub operator: OrgId,
    /// Scenario the product was reviewed for.
    pub scenario: ScenarioId,
    /// Canonical digest of the released artefact.
    pub artefact: Digest,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Form, of the pack's list; another form needs `form_reason`.
    pub form: String,
    /// Why the form is not of the list.
    pub form_reason: Option<String>,
    /// Measuring unit: a product must be measurable.
    pub unit: String,
    /// Price per unit.
    pub price: Fen,
    /// Ceiling per unit, where one was fixed (NAT-11).
    pub ceiling: Option<Fen>,
    /// Whom it serves.
    pub use_class: UseClass,
}

/// A matter that is handled and kept on record (事项): what it says stands in the documents of its procedure, whom and what it
/// concerns stands here. Which of these a procedure names is the pack's to say (`Procedure::about`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatterSpec {
    /// Its id.
    pub matter: MatterId,
    /// What it is about, in a few words.
    pub title: String,
    /// Authorisation.
    pub authorisation: Option<AuthorisationId>,
    /// Operator of that authorisation.
    pub operator: Option<OrgId>,
    /// Product.
    pub product: Option<ProductId>,
    /// Resource.
    pub resource: Option<ResourceId>,
    /// Provider of that resource.
    pub provider: Option<OrgId>,
    /// Organisation that it concerns.
    pub organisation: Option<OrgId>,
}

words! {
    /// What a matter can name.
    About {
        /// An authorisation, and with it its operator.
        Authorisation = "authorisation",
        /// A product, and with it its authorisation.
        Product = "product",
        /// A resource, and with it its provider.
        Resource = "resource",
        /// An organisation.
        Organisation = "organisation",
    }
}

impl ObjectKind {
    /// The one spelling of an object of this kind: every field present, `null` where empty. Unknown fields are refused.
    /// This is what people sign.
    ///
    /// # Errors
    /// The parser's words: names a field, never a value of a record.
    pub fn normalise(self, object: &Value) -> Result<Value, String> {
        match self {
            Self::Resource => again::<ResourceSpec>(object),
            Self::Announcement => again::<AnnouncementSpec>(object),
            Self::ImplementationPlan => again::<ImplementationPlanSpec>(object),
            Self::Authorisation => again::<AuthorisationSpec>(object),
            Self::Scenario => again::<ScenarioSpec>(object),
            Self::Staff => again::<StaffSpec>(object),
            Self::Plan => again::<PlanSpec>(object),
            Self::Grant => again::<GrantSpec>(object),
            Self::Job => again::<JobSpec>(object),
            Self::Release => again::<ReleaseSpec>(object),
            Self::Product => again::<ProductSpec>(object),
            Self::Recipient => again::<RecipientSpec>(object),
            Self::Stop => again::<StopSpec>(object),
            Self::ResourceStop => again::<ResourceStopSpec>(object),
            Self::Matter => again::<MatterSpec>(object),
        }
    }
}

fn again<T: DeserializeOwned + Serialize>(object: &Value) -> Result<Value, String> {
    serde_json::to_value(read::<T>(object)?).map_err(|e| e.to_string())
}

/// Reads an object of a known shape.
///
/// # Errors
/// The parser's words.
pub fn read<T: DeserializeOwned>(object: &Value) -> Result<T, String> {
    T::deserialize(object).map_err(|e| e.to_string())
}
