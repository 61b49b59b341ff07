//! Cedar: may this person try? Product policies and the pack's, compiled once; deny by default.

use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use model::Refusal;
use model::pack::Pack;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;

const PRODUCT: &str = include_str!("policy.cedar");
const SCHEMA: &str = include_str!("policy.cedarschema");
/// Norms beside a pack's rows that a policy may rest on: levels of protection, and the crypto assessment.
const NORMS: [&str; 2] = ["MLPS-", "CRY-"];

/// Compiled policies.
#[derive(Clone)]
pub struct Policies {
    set: PolicySet,
}

impl Policies {
    /// Compiles the product's policies and those of the pack's layers. Each must fit the schema and name a rule that the
    /// pack has.
    pub fn compile(pack: &Pack) -> AppResult<Self> {
        let mut text = PRODUCT.to_owned();
        for layer in pack.policies.values() {
            text.push('\n');
            text.push_str(layer);
        }
        let set = PolicySet::from_str(&text).map_err(AppError::bug)?;
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(AppError::bug)?;
        let found = Validator::new(schema).validate(&set, ValidationMode::Strict);
        if let Some(error) = found.validation_errors().next() {
            return Err(AppError::bug(format!("a policy does not fit the schema: {error}")));
        }
        let known = |rule: &str| pack.articles.contains_key(rule) || NORMS.iter().any(|n| rule.starts_with(n));
        if let Some(policy) = set.policies().find(|p| !p.annotation("rule").is_some_and(known)) {
            let name = policy.annotation("id").unwrap_or("without @id").to_owned();
            return Err(AppError::bug(format!("policy {name} names no rule that the pack has: write @rule(\"…\")")));
        }
        Ok(Self { set })
    }

    /// Every action that the schema knows, in order.
    pub fn actions() -> AppResult<Vec<String>> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(AppError::bug)?;
        let mut names: Vec<String> = schema.actions().map(|a| a.id().unescaped().to_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// Whether the actor may try the command. Any failure to evaluate is a no.
    pub fn permit(&self, actor: &Actor, command: &Command<'_>) -> Result<(), Refusal> {
        match self.ask(actor, command) {
            Ok(true) => Ok(()),
            _ => Err(Refusal::new(
                "not-permitted",
                "MLPS-6",
                "",
                format!("您的岗位无权进行此操作（{}）。", command.verb),
                format!("Your role does not permit this action ({}).", command.verb),
            )),
        }
    }

    fn ask(&self, actor: &Actor, command: &Command<'_>) -> AppResult<bool> {
        let principal = uid("Person", actor.person.as_str())?;
        let resource = uid("Thing", command.about.as_deref().unwrap_or("none"))?;
        let person = Entity::new(
            principal.clone(),
            HashMap::from([
                ("roles".to_owned(), words(&actor.roles)),
                ("org_roles".to_owned(), words(&actor.org_roles)),
            ]),
            HashSet::new(),
        )
        .map_err(AppError::bug)?;
        let thing = Entity::new_no_attrs(resource.clone(), HashSet::new());
        let entities = Entities::from_entities([person, thing], None).map_err(AppError::bug)?;
        let request = Request::new(principal, uid("Action", command.verb)?, resource, Context::empty(), None)
            .map_err(AppError::bug)?;
        let answer = Authorizer::new().is_authorized(&request, &self.set, &entities);
        let clean = answer.diagnostics().errors().next().is_none();
        Ok(clean && answer.decision() == Decision::Allow)
    }
}

fn uid(kind: &str, id: &str) -> AppResult<EntityUid> {
    let name = cedar_policy::EntityTypeName::from_str(kind).map_err(AppError::bug)?;
    Ok(EntityUid::from_type_name_and_id(name, cedar_policy::EntityId::new(id)))
}

/// Serialised enum words as a Cedar set of strings.
fn words<T: Serialize>(values: &[T]) -> RestrictedExpression {
    let texts = values.iter().filter_map(|v| serde_json::to_value(v).ok());
    RestrictedExpression::new_set(
        texts.filter_map(|v| v.as_str().map(|s| RestrictedExpression::new_string(s.to_owned()))),
    )
}
