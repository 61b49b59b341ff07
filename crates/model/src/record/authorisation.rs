//! Authorisations, bans and blacklist checks.

use crate::entity::{entity, words};
use crate::ids::{AuthorisationId, BanId, CaseId, CheckId, OrgId, ResourceId};
use crate::object::{AuthorisationMode, AuthorisationSpec};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// State of an authorisation. Expiry needs no command: ask `Authorisation::state_at`.
    AuthorisationState {
        /// In force.
        Active = "active",
        /// Suspended while the operator rectifies (WX-10.1).
        Suspended = "suspended",
        /// Ended (终止).
        Terminated = "terminated",
        /// Revoked as a sanction (撤销); starts a ban where the pack says so.
        Revoked = "revoked",
        /// Its term is over.
        Expired = "expired",
    }
}

/// An authorisation to operate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorisation {
    /// Its id.
    pub id: AuthorisationId,
    /// Operator.
    pub operator: OrgId,
    /// Who granted it and supervises it (授权单位): signed the agreement for the public side (JN-3.2).
    pub authoriser: OrgId,
    /// 统一社会信用代码 of the operator.
    pub uscc: String,
    /// Mode.
    pub mode: AuthorisationMode,
    /// Scope: resources with their providers.
    pub resources: BTreeMap<ResourceId, OrgId>,
    /// Term in months.
    pub term_months: i32,
    /// First instant.
    pub from: Timestamp,
    /// First instant it no longer holds.
    pub until: Timestamp,
    /// State as last recorded.
    pub state: AuthorisationState,
    /// Pack version it was granted under; it keeps it.
    pub pack: String,
    /// Case that granted it.
    pub case: CaseId,
    /// The authorisation it continues.
    pub renewal_of: Option<AuthorisationId>,
}

entity!(Authorisation, "authorisation", id = id, parent = case, org = operator, state = state);

impl Authorisation {
    /// An authorisation that starts now; the term runs in calendar months and ends with the end of a day in China.
    #[must_use]
    pub fn start(spec: &AuthorisationSpec, authoriser: &OrgId, case: &CaseId, pack: &str, now: Timestamp) -> Self {
        Self {
            id: spec.authorisation.clone(),
            operator: spec.operator.clone(),
            authoriser: authoriser.clone(),
            uscc: spec.uscc.clone(),
            mode: spec.mode,
            resources: spec.resources.clone(),
            term_months: spec.term_months,
            from: now,
            until: now.end_of_months(spec.term_months),
            state: AuthorisationState::Active,
            pack: pack.into(),
            case: case.clone(),
            renewal_of: spec.renewal_of.clone(),
        }
    }

    /// State at an instant: an active or suspended authorisation expires by itself.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> AuthorisationState {
        match self.state {
            AuthorisationState::Active | AuthorisationState::Suspended if now >= self.until => {
                AuthorisationState::Expired
            }
            state => state,
        }
    }

    /// True when it permits work.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.from <= now && self.state_at(now) == AuthorisationState::Active
    }
}

/// A ban on applying (WX-10.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ban {
    /// Its id.
    pub id: BanId,
    /// 统一社会信用代码 that is banned.
    pub uscc: String,
    /// Authorisation that was revoked.
    pub authorisation: AuthorisationId,
    /// First instant.
    pub from: Timestamp,
    /// First instant it no longer holds.
    pub until: Timestamp,
}

entity!(Ban, "ban", id = id, parent = uscc);

impl Ban {
    /// The ban that a revocation starts.
    #[must_use]
    pub fn start(id: BanId, authorisation: &Authorisation, months: i32, now: Timestamp) -> Self {
        Self {
            id,
            uscc: authorisation.uscc.clone(),
            authorisation: authorisation.id.clone(),
            from: now,
            until: if months > 0 { now.end_of_months(months) } else { now },
        }
    }
}

/// A check of an organisation against one blacklist (WX-7.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlacklistCheck {
    /// Its id.
    pub id: CheckId,
    /// 统一社会信用代码 that was checked.
    pub uscc: String,
    /// List, as the pack's `operator.blacklists` names it.
    pub list: String,
    /// True when the organisation stands on the list.
    pub hit: bool,
    /// When it was checked.
    pub at: Timestamp,
}

entity!(BlacklistCheck, "blacklist_check", id = id, parent = uscc);
