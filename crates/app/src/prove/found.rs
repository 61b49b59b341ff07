//! A counterexample as people read it.

use cedar_policy::{Authorizer, Entity, EntityUid, EvalResult, PolicySet};
use cedar_policy_symcc::Env;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Attributes of the thing, in the order of the schema.
const THING: [&str; 6] = ["object", "authors", "review", "authorisation", "grant", "mends"];

/// A request for which a property does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// The action.
    pub action: String,
    /// The person: id, roles, roles of the organisation; empty where nobody may.
    pub person: BTreeMap<String, Value>,
    /// What is known of the thing asked about.
    pub thing: BTreeMap<String, Value>,
    /// Policies that permit it, by `@id`.
    pub policies: Vec<String>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Counterexample {
    /// Nobody may do this, under a condition where one is given.
    pub(super) fn nobody(action: &str, when: &str) -> Self {
        let [zh, en] = if when.is_empty() {
            [format!("任何人都不得 {action}"), format!("nobody may {action}")]
        } else {
            [format!("任何人都不得 {action}，即使 {when}"), format!("nobody may {action} even when {when}")]
        };
        Self { action: action.to_owned(), zh, en, ..Self::default() }
    }
}

/// A request that the policies permit.
pub(super) fn permitted(action: &str, env: &Env, set: &PolicySet) -> Counterexample {
    let person = env.request.principal().map_or_else(BTreeMap::new, |p| read(env, p, &["id", "roles", "org_roles"]));
    told(action, person, env, set)
}

/// A request that the policies permit to whoever holds this one role.
pub(super) fn office(action: &str, env: &Env, set: &PolicySet, role: &str) -> Counterexample {
    let mut person = env.request.principal().map_or_else(BTreeMap::new, |p| read(env, p, &["org_roles"]));
    person.insert("roles".to_owned(), json!([role]));
    told(action, person, env, set)
}

fn told(action: &str, person: BTreeMap<String, Value>, env: &Env, set: &PolicySet) -> Counterexample {
    let thing = env.request.resource().map_or_else(BTreeMap::new, |r| read(env, r, &THING));
    let answer = Authorizer::new().is_authorized(&env.request, set, &env.entities);
    let reasons = answer.diagnostics().reason().filter_map(|id| set.policy(id));
    let mut policies: Vec<String> =
        reasons.map(|p| p.annotation("id").map_or_else(|| p.id().to_string(), ToOwned::to_owned)).collect();
    policies.sort();
    let list = |map: &BTreeMap<String, Value>| {
        let all: Vec<String> = map.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if all.is_empty() { "–".to_owned() } else { all.join(", ") }
    };
    let (who, what, by) = (list(&person), list(&thing), policies.join(", "));
    let zh = format!("策略 {by} 允许 {action}：人员 {who}；事项 {what}");
    let en = format!("policy {by} permits {action}: person {who}; thing {what}");
    Counterexample { action: action.to_owned(), person, thing, policies, zh, en }
}

fn read(env: &Env, uid: &EntityUid, names: &[&str]) -> BTreeMap<String, Value> {
    let entity = env.entities.get(uid);
    let attribute = |e: &Entity, name: &str| e.attr(name).and_then(Result::ok).map(|v| plain(&v));
    let all = names.iter().filter_map(|name| Some(((*name).to_owned(), attribute(entity?, name)?)));
    all.collect()
}

fn plain(value: &EvalResult) -> Value {
    match value {
        EvalResult::Bool(b) => json!(b),
        EvalResult::Long(n) => json!(n),
        EvalResult::String(s) => json!(s),
        EvalResult::Set(all) => Value::Array(all.iter().map(plain).collect()),
        other => json!(other.to_string()),
    }
}
