//! Two people who answer for going back: what they sign, and when it suffices.

use crate::restore::Newer;
use crypto::PublicKey;
use model::ids::{AuthorisationId, PersonId};
use model::keylist::{KeyHolder, KeyList};
use model::party::{OrgRole, PersonRole};
use model::{Digest, Refusal, Signed, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Type name under which a restoration is signed.
pub const RESTORATION_TYPE: &str = "restoration";

/// What two people sign before a restore may go behind something that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restoration {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// Digest of the snapshot.
    pub snapshot: Digest,
    /// What is known to be newer and is given up.
    pub gives_up: Newer,
    /// Authorisations that the signers vouch for: nobody suspended or ended them after the snapshot. Every other one comes
    /// back suspended.
    pub in_force: Vec<AuthorisationId>,
    /// Why.
    pub reason: String,
    /// When it was drafted, on the machine's clock.
    pub at: Timestamp,
}

/// The statement that two people signed, if it is about this restore. Two different people, each with the role of approver
/// at the data authority or the implementing agency, each with a key that the list holds in force.
///
/// # Errors
/// A refusal that says what is missing.
pub fn confirmed(list: &KeyList, want: &Restoration, given: &[Signed<Restoration>]) -> Result<Restoration, Refusal> {
    let mut people: BTreeSet<&PersonId> = BTreeSet::new();
    let Some(first) = given.first().map(|s| &s.body) else { return Err(behind(&want.gives_up)) };
    for signed in given {
        let body = &signed.body;
        let about = body.v == 1
            && body == first
            && body.deployment == want.deployment
            && body.snapshot == want.snapshot
            && covers(&body.gives_up, &want.gives_up);
        if !about {
            return Err(other());
        }
        let entry = list.entries.iter().find(|e| e.key == signed.key && e.revoked_at.is_none());
        let entry = entry.ok_or_else(signer)?;
        let public: PublicKey = entry.public.parse().map_err(|_| signer())?;
        if public.verify(RESTORATION_TYPE, body, &signed.signature).is_err() {
            return Err(signer());
        }
        let KeyHolder::Person { person, org_roles, roles, .. } = &entry.holder else { return Err(signer()) };
        let office = org_roles.iter().any(|r| matches!(r, OrgRole::DataAuthority | OrgRole::ImplementingAgency));
        if !office || !roles.contains(&PersonRole::Approver) {
            return Err(signer());
        }
        people.insert(person);
    }
    if people.len() < 2 {
        return Err(behind(&want.gives_up));
    }
    Ok(first.clone())
}

/// Whoever gives up the later gives up the earlier.
fn covers(given: &Newer, wanted: &Newer) -> bool {
    wanted.iter().all(|(what, number)| given.get(what).is_some_and(|g| g >= number))
}

fn refusal(code: &str, zh: String, en: String) -> Refusal {
    Refusal::new(code, "PRODUCT-RESTORE", "", zh, en)
}

/// The refusal to go behind what is known.
#[must_use]
pub fn behind(newer: &Newer) -> Refusal {
    let list: Vec<String> = newer.iter().map(|(what, n)| format!("{what} {n}")).collect();
    let list = list.join(", ");
    refusal(
        "restore-behind",
        format!("该备份早于已知的状态（{list}）；须由数据主管部门或实施机构的两名审批人各自签署确认。"),
        format!(
            "The backup is older than what is known ({list}); two approvers of the data authority or the implementing agency must each sign for it."
        ),
    )
}

fn other() -> Refusal {
    refusal(
        "restore-other-statement",
        "确认书不是关于本次恢复的，或两份内容不一致。".to_owned(),
        "A statement is about another restore, or the two differ.".to_owned(),
    )
}

fn signer() -> Refusal {
    refusal(
        "restore-signer",
        "确认书须由在用密钥的审批人签署，且其单位为数据主管部门或实施机构。".to_owned(),
        "A statement must be signed by an approver of the data authority or the implementing agency whose key is in force.".to_owned(),
    )
}
