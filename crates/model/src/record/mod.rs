//! Records: what the platform keeps as the result of procedures. Plain data with the few rules that belong to one record.

mod authorisation;
mod catalogue;
mod delivery;
mod paper;
mod product;
mod staff;

pub use authorisation::{Authorisation, AuthorisationState, Ban, BlacklistCheck};
pub use catalogue::{Batch, Grade, Resource, ResourceCertificate, ResourceDeed, ResourceState};
pub use delivery::{ConsumerOrder, ConsumerOrderState, Meter};
pub use paper::{
    Agreement, Announcement, Certificate, DestructionCertificate, ImplementationPlan, ImplementationPlanState,
    Objection, PublicNotice,
};
pub use product::{
    GateFacts, Grant, GrantState, Job, JobState, Product, ProductReview, ProductState, Scenario, ScenarioState,
};
pub use staff::{EmergencyPlan, PlanState, StaffFile, StaffState};
