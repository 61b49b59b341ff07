//! The approvals that a work order must carry, judged from signed acts and the key list alone.
//! Used by the zone before it acts and by the evidence verifier; believes nothing that the platform says.
//! Signatures are checked before: an act comes with the holder of the key that verified it.

use crate::act::{Act, Decision};
use crate::ids::{OrgId, PersonId};
use crate::keylist::KeyHolder;
use crate::order::WorkOrder;
use crate::pack::{Alternative, Pack};
use crate::party::{OrgRole, PersonRole};
use crate::procedure::{By, Exclude, Procedure, Step, providers};
use crate::refusal::Refusal;
use crate::signed::Digest;
use crate::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// Clocks of signers and platform may differ by this many milliseconds.
const SKEW_MS: i64 = 30_000;

/// An act with what the key list says of its signer.
struct Vote<'a> {
    act: &'a Act,
    person: &'a PersonId,
    org: &'a OrgId,
    org_roles: &'a [OrgRole],
    roles: &'a [PersonRole],
    group: Option<&'a String>,
}

/// Does the order carry the approvals that the pack demands of its effect, each over exactly this object?
/// `object` is the digest (`OBJECT_TYPE`) of the effect's object, computed by the caller.
///
/// # Errors
/// A refusal that names the rule and what is missing.
pub fn check_quorum(pack: &Pack, order: &WorkOrder, acts: &[(Act, KeyHolder)], object: &Digest) -> Result<(), Refusal> {
    if order.pack != pack.version() {
        return Err(no(
            pack,
            "pack-version",
            "PRODUCT-QUORUM",
            "指令依据另一版规则包",
            "the order rests on another version of the rule pack",
        ));
    }
    let ways = pack.effects.get(order.effect.name()).map(Vec::as_slice).unwrap_or_default();
    let named = |w: &&Alternative| acts.iter().any(|(a, _)| a.procedure == w.procedure);
    let Some(way) = ways.iter().find(named).or(ways.first()) else {
        return Err(no(
            pack,
            "no-quorum-rule",
            "PRODUCT-QUORUM",
            "规则包没有规定这一指令所需的批准",
            "the rule pack does not say which approvals this order needs",
        ));
    };
    let Some(procedure) = pack.procedure(&way.procedure) else {
        return Err(no(
            pack,
            "unknown-procedure",
            &way.rule,
            "规则包没有这一程序",
            "the rule pack has no such procedure",
        ));
    };
    let body = serde_json::to_value(&order.effect).ok().and_then(|v| v.get("object").cloned()).unwrap_or_default();
    let steps = demanded(pack, order.effect.name(), procedure, way, &body)?;
    let mut votes = Vec::new();
    for (act, holder) in acts {
        votes.push(bind(pack, order, way, &steps, act, holder, object)?);
    }
    let first = steps.first().map_or("", |s| s.name.as_str());
    for step in &steps {
        check_step(pack, step, &body, &votes, first)?;
    }
    check_heads(pack, procedure, way, &steps, &votes)
}

/// The way's steps that exist for the object. Where the way has branches, one of them must send the order: for an object
/// with which no branch ends, the steps that all branches share do not suffice.
fn demanded<'a>(
    pack: &Pack,
    effect: &str,
    procedure: &'a Procedure,
    way: &Alternative,
    object: &Value,
) -> Result<Vec<&'a Step>, Refusal> {
    let mut steps = Vec::new();
    for name in &way.steps {
        let Some(step) = procedure.step(name) else {
            return Err(no(pack, "unknown-step", &way.rule, "程序没有这一步骤", "the procedure has no such step"));
        };
        steps.push(step);
    }
    let branches = steps.iter().any(|s| s.when.is_some());
    steps.retain(|s| s.exists_for(object));
    if !branches || steps.iter().any(|s| s.sends(effect)) {
        return Ok(steps);
    }
    Err(no(
        pack,
        "no-branch",
        &way.rule,
        "程序中没有就这一对象签发该指令的步骤",
        "no step of the procedure sends this order for such an object",
    ))
}

fn no(pack: &Pack, code: &str, rule: &str, zh: &str, en: &str) -> Refusal {
    pack.refusal(code, rule, zh, en)
}

/// Each act must belong to this order: deployment, case, procedure, object, time, and the signer the key list names.
fn bind<'a>(
    pack: &Pack,
    order: &WorkOrder,
    way: &Alternative,
    steps: &[&Step],
    act: &'a Act,
    holder: &'a KeyHolder,
    object: &Digest,
) -> Result<Vote<'a>, Refusal> {
    let refuse = |code: &str, zh: &str, en: &str| Err(no(pack, code, &way.rule, zh, en));
    if act.v != 1 || act.deployment != order.deployment || act.case != order.case {
        return refuse(
            "approval-of-another-case",
            "批准属于其他事项",
            "an approval belongs to another case or deployment",
        );
    }
    if act.procedure != way.procedure || !steps.iter().any(|s| s.name == act.step) {
        return refuse(
            "approval-of-another-step",
            "批准不属于所需的步骤",
            "an approval is of a step that this order does not rest on",
        );
    }
    if &act.object != object {
        return refuse("approval-of-another-object", "批准的对象不是指令的对象", "an approval is over another object");
    }
    if act.decision != Decision::Approve {
        return refuse("not-an-approval", "所附为不同意的决定", "an attached act is a rejection");
    }
    let oldest = order.issued_at.plus_days(-pack.int("approval.max_age_days").unwrap_or(0));
    if act.at > order.issued_at.plus_ms(SKEW_MS) || act.at < oldest {
        return refuse(
            "approval-out-of-time",
            "批准的时间不在有效范围内",
            "an approval is older than allowed, or later than the order",
        );
    }
    signer(pack, way, act, holder)
}

/// Who signed, as the key list knows them: never as the act says.
fn signer<'a>(pack: &Pack, way: &Alternative, act: &'a Act, holder: &'a KeyHolder) -> Result<Vote<'a>, Refusal> {
    let refuse = |code: &str, zh: &str, en: &str| Err(no(pack, code, &way.rule, zh, en));
    let KeyHolder::Person { person, org, org_roles, roles, group } = holder else {
        return refuse("not-a-person", "批准不是由个人签署", "an approval was not signed by a person's key");
    };
    if person != &act.person || org != &act.org {
        return refuse(
            "approval-of-another-person",
            "签署人与密钥所有人不一致",
            "the signer is not the holder of the key",
        );
    }
    Ok(Vote { act, person, org, org_roles, roles, group: group.as_ref() })
}

fn check_step(pack: &Pack, step: &Step, object: &Value, votes: &[Vote<'_>], first: &str) -> Result<(), Refusal> {
    let mine: Vec<&Vote<'_>> = votes.iter().filter(|v| v.act.step == step.name).collect();
    let refuse = |code: &str, zh: String, en: String| Err(pack.refusal(code, &step.rule, zh, en));
    for vote in &mine {
        let role = step.by.iter().any(|by| fits(*by, object, vote));
        let person = step.person_roles.is_empty() || vote.roles.iter().any(|r| step.person_roles.contains(r));
        if !role || !person {
            return refuse(
                "approver-without-role",
                format!("“{}”的签署人没有所需的角色", step.zh),
                format!("a signer of \"{}\" does not hold the role", step.en),
            );
        }
        if step.not.iter().any(|rule| excluded(*rule, object, vote, votes, first)) {
            return Err(pack.refusal(
                "conflict-of-interest",
                "PRODUCT-SEPARATION",
                format!("“{}”的签署人应当回避", step.zh),
                format!("a signer of \"{}\" had to stand aside", step.en),
            ));
        }
    }
    let people: BTreeSet<&PersonId> = mine.iter().map(|v| v.person).collect();
    if people.len() != mine.len() {
        return refuse(
            "same-person-twice",
            format!("同一人重复签署“{}”", step.zh),
            format!("one person signed \"{}\" twice", step.en),
        );
    }
    if step.distinct_orgs && !all_distinct(&mine) {
        return refuse(
            "same-organisation-twice",
            format!("“{}”的签署人须来自不同单位", step.zh),
            format!("the signers of \"{}\" must come from different organisations", step.en),
        );
    }
    if !complete(pack, step, object, &mine) {
        return refuse(
            "quorum-missing",
            format!("缺少批准：{}", step.zh),
            format!("an approval is missing: {}", step.en),
        );
    }
    Ok(())
}

fn complete(pack: &Pack, step: &Step, object: &Value, mine: &[&Vote<'_>]) -> bool {
    if step.by.contains(&By::EachProvider) {
        let wanted = providers(object);
        let given: BTreeSet<&OrgId> = mine.iter().map(|v| v.org).collect();
        return !wanted.is_empty() && wanted.iter().all(|p| given.contains(p));
    }
    let param =
        step.count_param.as_deref().and_then(|p| pack.int(p)).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    mine.len() >= usize::try_from(step.count).unwrap_or(usize::MAX).max(param).max(1)
}

/// Different organisations, and no two of one affiliated group.
fn all_distinct(mine: &[&Vote<'_>]) -> bool {
    let orgs: BTreeSet<&OrgId> = mine.iter().map(|v| v.org).collect();
    let grouped: Vec<&String> = mine.iter().filter_map(|v| v.group).collect();
    let groups: BTreeSet<&String> = grouped.iter().copied().collect();
    orgs.len() == mine.len() && groups.len() == grouped.len()
}

fn fits(by: By, object: &Value, vote: &Vote<'_>) -> bool {
    let holds = |role: OrgRole| vote.org_roles.contains(&role);
    let named = |field: &str| object.get(field).and_then(Value::as_str) == Some(vote.org.as_str());
    match by {
        By::Role(role) => holds(role),
        // A stop names no operator; the zone checks only the role: a stop too many is the safe side.
        By::Operator => holds(OrgRole::Operator) && (object.get("operator").is_none() || named("operator")),
        By::AuthorOrg => holds(OrgRole::Operator) && named("author_org"),
        By::Consumer => holds(OrgRole::DataConsumer) && named("consumer"),
        By::Provider => holds(OrgRole::DataProvider) && named("provider"),
        By::EachProvider => holds(OrgRole::DataProvider) && providers(object).contains(vote.org),
        // Which organisation granted it stands in no order: the zone checks that the signer's organisation may grant at
        // all, the platform's funnel which one it is.
        By::Authoriser => {
            holds(OrgRole::DataAuthority) || holds(OrgRole::ImplementingAgency) || holds(OrgRole::DataProvider)
        }
        // No order rests on such a step: the loader refuses packs in which one does.
        By::Holder | By::Concerned | By::EachSupervisor | By::Applicant | By::Anyone | By::Clock => false,
    }
}

fn excluded(rule: Exclude, object: &Value, vote: &Vote<'_>, votes: &[Vote<'_>], first: &str) -> bool {
    let field = |name: &str| object.get(name).and_then(Value::as_str);
    match rule {
        // The author is whom the object names and whoever opened the way.
        Exclude::Author => {
            let opened = |v: &&Vote<'_>| v.act.step == first && v.act.step != vote.act.step;
            field("author") == Some(vote.person.as_str())
                || votes.iter().filter(opened).any(|v| v.person == vote.person)
        }
        Exclude::AuthorOrg => affiliated(field("author_org"), vote, votes),
        // Who applies for an authorisation is its operator. Elsewhere the loader lets no order rest on such a step.
        Exclude::Applicant => field("operator").is_none() || affiliated(field("operator"), vote, votes),
        // The loader refuses packs in which an order rests on such a step.
        Exclude::EarlierActor | Exclude::Concerned => true,
    }
}

/// Whether a vote is of this organisation or of its group, as far as the organisation signed too.
fn affiliated(org: Option<&str>, vote: &Vote<'_>, votes: &[Vote<'_>]) -> bool {
    let group = votes.iter().find(|v| org == Some(v.org.as_str())).and_then(|v| v.group);
    org == Some(vote.org.as_str()) || group.is_some() && group == vote.group
}

/// Acts of one case follow each other in the order of the procedure's steps.
fn check_heads(
    pack: &Pack,
    procedure: &Procedure,
    way: &Alternative,
    steps: &[&Step],
    votes: &[Vote<'_>],
) -> Result<(), Refusal> {
    let latest = |step: &Step| votes.iter().filter(|v| v.act.step == step.name).map(|v| v.act.at).max();
    let earliest = |step: &Step| votes.iter().filter(|v| v.act.step == step.name).map(|v| v.act.at).min();
    let place = |step: &Step| procedure.steps.iter().position(|s| s.name == step.name);
    let backwards = steps.iter().zip(steps.iter().skip(1)).any(|(a, b)| {
        let late = latest(a).unwrap_or(Timestamp(i64::MIN));
        place(a) < place(b) && earliest(b).is_some_and(|early| early.plus_ms(SKEW_MS) < late)
    });
    if backwards {
        return Err(no(
            pack,
            "approvals-out-of-order",
            &way.rule,
            "批准的先后不符合程序",
            "the approvals do not follow the order of the procedure",
        ));
    }
    Ok(())
}
