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

/// How long after it was drafted a statement serves, in milliseconds.
pub const VALID_MS: i64 = 7 * 86_400_000;
/// How far behind the machine that drafted it another machine's clock may be.
const SKEW_MS: i64 = 600_000;

/// What two people sign before a restore may go behind something that is known. It serves one restore: of this snapshot, while
/// everything that is known is as it was when they were asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restoration {
    /// Format version, 2.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// Digest of the snapshot.
    pub snapshot: Digest,
    /// Digest of everything that the snapshot was compared with: sizes and roots of the logs, orders, reports and frames of the
    /// folder, of the custody, of the newest snapshot and of each kept checkpoint.
    pub known: Digest,
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
/// at the data authority or the implementing agency, each with a key that the list holds in force. `want.at` is now; `used` says
/// whether an earlier restore took the statement already.
///
/// # Errors
/// A refusal that says what is missing.
pub fn confirmed(
    list: &KeyList,
    want: &Restoration,
    given: &[Signed<Restoration>],
    used: impl Fn(&Restoration) -> bool,
) -> Result<Restoration, Refusal> {
    let mut people: BTreeSet<&PersonId> = BTreeSet::new();
    let Some(first) = given.first().map(|s| &s.body) else { return Err(behind(&want.gives_up)) };
    for signed in given {
        let body = &signed.body;
        // First what was used: after the restore nothing else about it fits either.
        if used(body) {
            return Err(again());
        }
        let about = body.v == 2
            && body == first
            && body.deployment == want.deployment
            && body.snapshot == want.snapshot
            && body.known == want.known
            && body.gives_up == want.gives_up;
        if !about {
            return Err(other());
        }
        if body.at.0 > want.at.0 + SKEW_MS || want.at.0 - body.at.0 > VALID_MS {
            return Err(old());
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

fn refusal(code: &str, zh: String, en: String) -> Refusal {
    Refusal::new(code, "PRODUCT-RESTORE", "", zh, en)
}

/// The refusal to go behind what is known.
#[must_use]
pub fn behind(newer: &Newer) -> Refusal {
    let [zh, en] = listed(newer);
    refusal(
        "restore-behind",
        format!("该备份早于已知的状态（{zh}）；须由数据主管部门或实施机构的两名审批人各自签署确认。"),
        format!(
            "The backup is older than what is known ({en}); two approvers of the data authority or the implementing agency must each sign for it."
        ),
    )
}

/// What is given up, in Chinese and in English.
#[must_use]
pub fn listed(newer: &Newer) -> [String; 2] {
    let zh = |what: &str| match what {
        "platform-log" => "平台日志条目".to_owned(),
        "zone-log" => "运营域日志条目".to_owned(),
        "orders" => "运营域收到的指令".to_owned(),
        "reports" => "运营域的报告".to_owned(),
        "frames" => "运营域的记录帧".to_owned(),
        "snapshot" => "快照".to_owned(),
        "platform-log-elsewhere" => "平台日志另一走向的条目".to_owned(),
        "zone-log-elsewhere" => "运营域日志另一走向的条目".to_owned(),
        other => other.to_owned(),
    };
    let list = |word: &dyn Fn(&str) -> String, between: &str| {
        newer.iter().map(|(what, n)| format!("{} {n}", word(what))).collect::<Vec<_>>().join(between)
    };
    [list(&zh, "、"), list(&str::to_owned, ", ")]
}

fn other() -> Refusal {
    refusal(
        "restore-other-statement",
        "确认书不是关于本次恢复的（快照、已知状态或所放弃的内容与起草时不同），或两份内容不一致；请停止平台和运营域后重新起草、签署。".to_owned(),
        "A statement is about another restore (the snapshot, what is known or what is given up is not as when it was drafted), or the two differ: stop platform and zone, draft it anew and have it signed.".to_owned(),
    )
}

/// The refusal of a statement that an earlier restore took.
#[must_use]
pub fn again() -> Refusal {
    refusal(
        "restore-statement-used",
        "该确认书已用于一次恢复；每次恢复须重新起草、由两人签署。".to_owned(),
        "This statement served a restore already; each restore takes a new one, signed by two people.".to_owned(),
    )
}

fn old() -> Refusal {
    refusal(
        "restore-statement-old",
        "确认书的起草时间在七天之前，或晚于本机时钟；请重新起草、签署。".to_owned(),
        "The statement was drafted more than seven days ago, or later than this machine's clock: draft it anew and have it signed.".to_owned(),
    )
}

fn signer() -> Refusal {
    refusal(
        "restore-signer",
        "确认书须由在用密钥的审批人签署，且其单位为数据主管部门或实施机构。".to_owned(),
        "A statement must be signed by an approver of the data authority or the implementing agency whose key is in force.".to_owned(),
    )
}
