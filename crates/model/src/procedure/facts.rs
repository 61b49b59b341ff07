//! Plain facts that the application loads before a decision. What is not loaded counts as absent: guards fail closed.

use crate::ids::{OrgId, ResourceId};
use crate::party::LegalForm;
use crate::record::{
    Announcement, Authorisation, Ban, BlacklistCheck, EmergencyPlan, Grant, ImplementationPlan, Job, Product, Resource,
    Scenario, StaffFile,
};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Facts about the things that a case's object names. A guard compares ids itself, so a wrong record never passes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// Announcement that the application answers.
    pub announcement: Option<Announcement>,
    /// Implementation plan that the object, or the announcement it answers, names.
    pub implementation_plan: Option<ImplementationPlan>,
    /// Authorisation that the object names, or on which its grant, job or product rests.
    pub authorisation: Option<Authorisation>,
    /// Authorisation that a renewal continues.
    pub previous: Option<Authorisation>,
    /// Bans on the applicant's 统一社会信用代码.
    pub bans: Vec<Ban>,
    /// Blacklist checks of the applicant's 统一社会信用代码.
    pub blacklist_checks: Vec<BlacklistCheck>,
    /// Catalogue entries of the resources named.
    pub resources: BTreeMap<ResourceId, Resource>,
    /// Emergency plans of the organisations concerned.
    pub plans: Vec<EmergencyPlan>,
    /// Scenario named.
    pub scenario: Option<Scenario>,
    /// Staff file of the job's author.
    pub staff: Option<StaffFile>,
    /// Grant named, or on which the job rests.
    pub grant: Option<Grant>,
    /// Job named.
    pub job: Option<Job>,
    /// Product named.
    pub product: Option<Product>,
    /// Objections to the case's public notice, by whatever door they came in, that are not settled.
    pub open_objections: u32,
    /// True when a rectification of this authorisation ended without success.
    pub failed_rectification: bool,
    /// Matters about this authorisation that came to an end, as `procedure.state`.
    pub outcomes: BTreeSet<String>,
    /// True when another stop of this authorisation (rectification, risk) is not yet lifted.
    pub other_stop: bool,
    /// True when the zone reported this authorisation's keys and objects destroyed.
    pub destroyed: bool,
    /// True when the zone reported that it carried out the order of this very case.
    pub carried_out: bool,
    /// True when the zone refused the last order of this very case.
    pub order_refused: bool,
    /// True when another case about the resource was carried out since this one came to its present state.
    pub overtaken: bool,
    /// True when an unsealing of the resource is decided in another case and not carried out yet.
    pub unsealing_ordered: bool,
    /// When records of the resource named were supplied last.
    pub last_supply: Option<Timestamp>,
    /// Legal form of the consumer.
    pub consumer_form: Option<LegalForm>,
    /// Organisations that maintain the platform or the domain.
    pub maintainers: BTreeSet<OrgId>,
    /// Affiliated groups of the organisations concerned.
    pub groups: BTreeMap<OrgId, String>,
}
