//! Numbered key lists signed by the offline authority root: who may sign as what.

use crate::ids::{OrgId, PersonId};
use crate::party::{OrgRole, PersonRole};
use crate::time::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

/// Signed type name of a key list.
pub const KEY_LIST_TYPE: &str = "key-list";

/// Whose key an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeyHolder {
    /// A person who approves: with the organisation and its roles as the root attests them.
    Person {
        /// Who.
        person: PersonId,
        /// For which organisation.
        org: OrgId,
        /// The organisation's roles.
        org_roles: Vec<OrgRole>,
        /// The person's roles.
        roles: Vec<PersonRole>,
        /// Affiliated group of the organisation, for conflict rules.
        group: Option<String>,
    },
    /// Signs orders, tickets and leases.
    Platform,
    /// Signs zone reports.
    Zone,
    /// Signs checkpoints of the platform's log.
    PlatformLog,
    /// Signs checkpoints of the zone's log.
    ZoneLog,
    /// Cosigns checkpoints of both logs.
    Witness {
        /// Name of the witness, as on its cosignatures.
        name: String,
    },
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Key id.
    pub key: String,
    /// Public key as `crypto::PublicKey` text.
    pub public: String,
    /// Whose key it is.
    pub holder: KeyHolder,
    /// First instant the key may sign.
    pub valid_from: Timestamp,
    /// First instant it may no longer sign; `None` while in force.
    pub revoked_at: Option<Timestamp>,
}

/// A key list. A list with a higher number replaces the one before; entries are never dropped, only revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyList {
    /// Format version, 1.
    pub v: u32,
    /// Deployment the list belongs to.
    pub deployment: String,
    /// Number, from 1.
    pub number: u64,
    /// Kind of clock of the deployment.
    pub clock: Clock,
    /// When the root signed.
    pub issued_at: Timestamp,
    /// The keys.
    pub entries: Vec<KeyEntry>,
}

impl KeyList {
    /// May this list replace `before`? The number goes up by one; entries are never dropped or changed, only revoked.
    #[must_use]
    pub fn follows(&self, before: &Self) -> bool {
        let kept = |old: &KeyEntry| {
            self.entries.iter().any(|new| {
                new.key == old.key
                    && new.public == old.public
                    && new.holder == old.holder
                    && new.valid_from == old.valid_from
                    && (old.revoked_at.is_none() || new.revoked_at == old.revoked_at)
            })
        };
        self.number == before.number + 1
            && self.deployment == before.deployment
            && self.clock == before.clock
            && before.entries.iter().all(kept)
    }

    /// The entry of a key if it may sign at `at`.
    #[must_use]
    pub fn valid(&self, key: &str, at: Timestamp) -> Option<&KeyEntry> {
        self.entries.iter().find(|e| e.key == key && e.valid_from <= at && e.revoked_at.is_none_or(|r| at < r))
    }
}
