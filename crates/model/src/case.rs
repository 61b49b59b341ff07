//! A case: one run of a procedure over one canonical object, and what people do in it.
//! Knows nothing of how a step is judged (`procedure::decide`) or stored.

use crate::act::Decision;
use crate::entity::entity;
use crate::ids::{CaseId, OrgId, PersonId};
use crate::party::{OrgRole, PersonRole};
use crate::procedure::StepEffect;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Documents handed in with a step: name → fields.
pub type Documents = BTreeMap<String, Value>;

/// One thing done in a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// Step.
    pub step: String,
    /// State in which it was done.
    pub state: String,
    /// Who.
    pub person: PersonId,
    /// For which organisation.
    pub org: OrgId,
    /// Affiliated group of the organisation.
    pub group: Option<String>,
    /// Decision.
    pub decision: Decision,
    /// When.
    pub at: Timestamp,
    /// Documents handed in.
    pub documents: Documents,
}

/// A time by which somebody must act, or the clock will.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Step that is due.
    pub step: String,
    /// First instant after the time.
    pub at: Timestamp,
    /// Years it was counted in for which no days off were announced yet: Monday to Friday was counted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unannounced: BTreeSet<i16>,
}

/// A run of a procedure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Procedure in the pack.
    pub procedure: String,
    /// Pack version the case runs under (`Pack::version`).
    pub pack: String,
    /// The canonical object under decision; never changes after opening.
    pub object: Value,
    /// Present state.
    pub state: String,
    /// Organisation that opened it.
    pub applicant: OrgId,
    /// Affiliated group of the applicant.
    pub applicant_group: Option<String>,
    /// Person who opened it.
    pub author: PersonId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When the present state was entered.
    pub entered_at: Timestamp,
    /// Length of the history when the present state was entered: earlier votes do not count again.
    pub entered_len: usize,
    /// What was done, oldest first.
    pub history: Vec<Done>,
    /// What is due in the present state.
    pub deadlines: Vec<Deadline>,
    /// Further facts that the application keeps with the case; never judged by `decide`.
    pub data: BTreeMap<String, Value>,
}

entity!(Case, "case", id = id, parent = procedure, org = applicant, state = state);

impl Case {
    /// A text field of the object.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.object.get(field).and_then(Value::as_str)
    }

    /// Things done since the present state was entered.
    #[must_use]
    pub fn round(&self) -> &[Done] {
        self.history.get(self.entered_len..).unwrap_or_default()
    }

    /// The last document of a name handed in with an approval, anywhere in the case.
    #[must_use]
    pub fn document(&self, name: &str) -> Option<&Value> {
        self.history.iter().rev().filter(|d| d.decision == Decision::Approve).find_map(|d| d.documents.get(name))
    }
}

/// Who acts, with the roles the platform knows; the zone and the verifier take them from the key list instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Who.
    pub person: PersonId,
    /// For which organisation.
    pub org: OrgId,
    /// Roles of the organisation.
    pub org_roles: Vec<OrgRole>,
    /// Roles of the person.
    pub person_roles: Vec<PersonRole>,
    /// Affiliated group of the organisation.
    pub group: Option<String>,
    /// True for the platform's timer, which alone may take clock steps.
    pub clock: bool,
}

impl Actor {
    /// The platform's timer.
    #[must_use]
    pub fn clock() -> Self {
        Self {
            person: PersonId("clock".into()),
            org: OrgId("clock".into()),
            org_roles: Vec::new(),
            person_roles: Vec::new(),
            group: None,
            clock: true,
        }
    }
}

/// What the actor asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Step.
    pub step: String,
    /// Approve (do it) or reject.
    pub decision: Decision,
    /// Documents handed in.
    #[serde(default)]
    pub documents: Documents,
}

impl Command {
    /// Do a step without documents.
    #[must_use]
    pub fn approve(step: &str) -> Self {
        Self { step: step.into(), decision: Decision::Approve, documents: Documents::new() }
    }

    /// Reject at a step.
    #[must_use]
    pub fn reject(step: &str) -> Self {
        Self { step: step.into(), decision: Decision::Reject, documents: Documents::new() }
    }

    /// The same command with one more document.
    #[must_use]
    pub fn with(mut self, name: &str, fields: Value) -> Self {
        self.documents.insert(name.into(), fields);
        self
    }
}

/// What a permitted command leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The case after the step.
    pub case: Case,
    /// What the step asks the platform to do, once its quorum is complete.
    pub effects: Vec<StepEffect>,
    /// False while more votes or consents are awaited.
    pub complete: bool,
    /// The rule the step rests on.
    pub rule: String,
    /// Its article.
    pub article: String,
    /// What the rule only says in general ("一般", "原则上") and this step departs from: told, never refused.
    pub warnings: Vec<Refusal>,
}
