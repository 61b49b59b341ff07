//! May this actor take this step: roles, relations to the object, separation of duties.

use super::facts::Facts;
use super::step::{By, Exclude, Step};
use crate::case::{Actor, Case};
use crate::ids::{OrgId, PersonId, ResourceId};
use crate::party::OrgRole;
use serde_json::Value;
use std::collections::BTreeSet;

/// Providers of the object's resources: values of its `resources` map.
pub(crate) fn providers(object: &Value) -> BTreeSet<OrgId> {
    let map = object.get("resources").and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(_, org)| org.as_str()).map(OrgId::from).collect()
}

/// Departments that supervise the object's resources; `None` stands for the data authority, where nobody was assigned.
pub(crate) fn supervisors(object: &Value, facts: &Facts) -> BTreeSet<Option<OrgId>> {
    let map = object.get("resources").and_then(Value::as_object);
    let one = object.get("resource").and_then(Value::as_str);
    let ids = map.into_iter().flatten().map(|(id, _)| id.as_str()).chain(one).map(ResourceId::from);
    ids.map(|id| facts.resources.get(&id).and_then(|r| r.supervisor.clone())).collect()
}

/// Operator that the object names, or the one of the authorisation it names.
pub(crate) fn operator<'a>(case: &'a Case, facts: &'a Facts) -> Option<&'a str> {
    case.text("operator").or_else(|| {
        let named = case.text("authorisation")?;
        let found = facts.authorisation.as_ref().filter(|a| a.id.as_str() == named)?;
        Some(found.operator.as_str())
    })
}

/// Does one of the step's `by` fit the actor?
pub(crate) fn may_take(step: &Step, case: &Case, actor: &Actor, facts: &Facts) -> bool {
    let person = step.person_roles.is_empty() || actor.person_roles.iter().any(|r| step.person_roles.contains(r));
    step.by.iter().any(|by| match by {
        By::Clock => actor.clock,
        _ if actor.clock => false,
        by => person && fits(*by, case, actor, facts),
    })
}

fn fits(by: By, case: &Case, actor: &Actor, facts: &Facts) -> bool {
    let org = actor.org.as_str();
    let holds = |role: OrgRole| actor.org_roles.contains(&role);
    match by {
        By::Role(role) => holds(role),
        By::Applicant => actor.org == case.applicant,
        By::Operator => holds(OrgRole::Operator) && operator(case, facts) == Some(org),
        By::AuthorOrg => holds(OrgRole::Operator) && case.text("author_org") == Some(org),
        By::Consumer => holds(OrgRole::DataConsumer) && case.text("consumer") == Some(org),
        By::Provider => holds(OrgRole::DataProvider) && case.text("provider") == Some(org),
        By::Holder => case.text("holder") == Some(org),
        By::Concerned => case.text("organisation") == Some(org),
        By::EachProvider => holds(OrgRole::DataProvider) && providers(&case.object).contains(&actor.org),
        By::EachSupervisor => supervisors(&case.object, facts).iter().any(|wanted| match wanted {
            Some(assigned) => assigned == &actor.org,
            None => holds(OrgRole::DataAuthority),
        }),
        By::Authoriser => authoriser(case, facts) == Some(org),
        By::Anyone => true,
        By::Clock => false,
    }
}

/// Who granted the authorisation that the object names.
fn authoriser<'a>(case: &Case, facts: &'a Facts) -> Option<&'a str> {
    let named = case.text("authorisation")?;
    let found = facts.authorisation.as_ref().filter(|a| a.id.as_str() == named)?;
    Some(found.authoriser.as_str())
}

/// Whose work a step reviews: whoever opened the case, the author that its object names, and, as the zone sees it
/// (`quorum`), whoever opened the way, also when it is gone anew after the zone refused.
#[must_use]
pub fn authors(step: &Step, case: &Case) -> BTreeSet<PersonId> {
    let first = case.history.first().map(|d| d.step.as_str()).filter(|first| *first != step.name);
    let openers = case.history.iter().filter(|d| Some(d.step.as_str()) == first).map(|d| d.person.clone());
    openers.chain([case.author.clone()]).chain(case.text("author").map(PersonId::from)).collect()
}

/// The first rule of separation that the actor would break.
pub(crate) fn conflict(step: &Step, case: &Case, actor: &Actor, facts: &Facts) -> Option<Exclude> {
    step.not.iter().copied().find(|rule| match rule {
        Exclude::Author => authors(step, case).contains(&actor.person),
        Exclude::AuthorOrg => case.text("author_org").is_some_and(|org| related(actor, org, facts)),
        Exclude::Applicant => {
            related(actor, case.applicant.as_str(), facts)
                || case.applicant_group.is_some() && case.applicant_group == actor.group
        }
        Exclude::Concerned => ["organisation", "operator", "provider"]
            .iter()
            .any(|field| case.text(field).is_some_and(|org| related(actor, org, facts))),
        Exclude::EarlierActor => case.history.iter().any(|d| d.step != step.name && d.person == actor.person),
    })
}

/// Same organisation, or the same affiliated group.
fn related(actor: &Actor, org: &str, facts: &Facts) -> bool {
    if actor.org.as_str() == org {
        return true;
    }
    let group = facts.groups.get(&OrgId::from(org));
    group.is_some() && group == actor.group.as_ref()
}
