//! Staff files and emergency plans.

use crate::entity::{entity, words};
use crate::ids::{CaseId, OrgId, PersonId, PlanId, ScenarioId, StaffId};
use crate::object::{PlanSpec, StaffSpec};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// State of a staff file.
    StaffState {
        /// Handed in.
        Submitted = "submitted",
        /// Filed.
        Filed = "filed",
        /// Vetted and admitted to the domain.
        Admitted = "admitted",
        /// No longer admitted.
        Left = "left",
    }
}

/// The file of a person who may work in the domain (WX-16.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffFile {
    /// Its id.
    pub id: StaffId,
    /// The approved object.
    pub spec: StaffSpec,
    /// Person.
    pub person: PersonId,
    /// Employer.
    pub operator: OrgId,
    /// State.
    pub state: StaffState,
    /// Case.
    pub case: CaseId,
}

entity!(StaffFile, "staff_file", id = id, parent = person, org = operator, state = state);

impl StaffFile {
    /// True when the person may work in the domain.
    #[must_use]
    pub fn admitted(&self, now: Timestamp) -> bool {
        self.state == StaffState::Admitted && now < self.spec.nda_until
    }
}

words! {
    /// State of an emergency plan.
    PlanState {
        /// Handed in.
        Submitted = "submitted",
        /// In force until its date.
        InForce = "in_force",
        /// Replaced or withdrawn.
        Closed = "closed",
    }
}

/// An emergency plan with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyPlan {
    /// Its id.
    pub id: PlanId,
    /// The approved object.
    pub spec: PlanSpec,
    /// The organisation that acts under it.
    pub holder: OrgId,
    /// State.
    pub state: PlanState,
    /// Case.
    pub case: CaseId,
}

entity!(EmergencyPlan, "emergency_plan", id = id, parent = case, org = holder, state = state);

impl EmergencyPlan {
    /// True when it is in force and covers the scenario (any scenario, where none is named).
    #[must_use]
    pub fn covers(&self, holder: &OrgId, scenario: Option<&ScenarioId>, now: Timestamp) -> bool {
        self.state == PlanState::InForce
            && now < self.spec.until
            && &self.holder == holder
            && scenario.is_none_or(|s| self.spec.scenarios.is_empty() || self.spec.scenarios.contains(s))
    }
}
