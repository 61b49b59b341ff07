//! Cedar: may this person try? Product policies and the pack's, compiled once; deny by default.

use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, Response, RestrictedExpression,
    Schema, ValidationMode, Validator,
};
use model::case::Case;
use model::pack::{LayerKind, Pack};
use model::procedure::{Facts, Procedure, Step, authors};
use model::record::{Grant, GrantState};
use model::{Refusal, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::str::FromStr;

const PRODUCT: &str = include_str!("policy.cedar");
const SCHEMA: &str = include_str!("policy.cedarschema");
/// Norms beside a pack's rows that a policy may rest on: levels of protection, and the crypto assessment.
const NORMS: [&str; 2] = ["MLPS-", "CRY-"];

/// Compiled policies.
#[derive(Clone)]
pub struct Policies {
    set: PolicySet,
    /// Article of each rule that a policy rests on.
    articles: BTreeMap<String, String>,
}

/// What a command is about, as far as the platform knows it: absent is not known. The names are those of the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thing {
    /// Kind of the object that the procedure decides on.
    pub object: Option<String>,
    /// Whose work it is.
    pub authors: Option<BTreeSet<String>>,
    /// Whether the step reviews that work.
    pub review: Option<bool>,
    /// State of the authorisation it rests on.
    pub authorisation: Option<String>,
    /// State of the grant it rests on.
    pub grant: Option<String>,
    /// Whether it stops, mends or records, and opens up no work.
    pub mends: Option<bool>,
}

impl Thing {
    /// What is known of a case, at a step or at its opening.
    #[must_use]
    pub fn of(procedure: &Procedure, step: Option<&Step>, case: &Case, facts: &Facts, now: Timestamp) -> Self {
        let grant = |g: &Grant| g.state == GrantState::Open && now < g.spec.until;
        let state = |open: bool| if open { GrantState::Open } else { GrantState::Closed };
        Self {
            object: Some(procedure.object.as_str().to_owned()),
            authors: step.map(|s| authors(s, case).iter().map(ToString::to_string).collect()),
            review: step.map(Step::reviews),
            authorisation: facts.authorisation.as_ref().map(|a| a.state_at(now).as_str().to_owned()),
            grant: facts.grant.as_ref().map(|g| state(grant(g)).as_str().to_owned()),
            mends: Some(step.map_or_else(|| procedure.mends(), |s| procedure.step_mends(s))),
        }
    }

    fn attributes(&self) -> HashMap<String, RestrictedExpression> {
        let text = |v: &Option<String>| v.clone().map(RestrictedExpression::new_string);
        let flag = |v: Option<bool>| v.map(RestrictedExpression::new_bool);
        let authors = self
            .authors
            .as_ref()
            .map(|all| RestrictedExpression::new_set(all.iter().cloned().map(RestrictedExpression::new_string)));
        let all = [
            ("object", text(&self.object)),
            ("authors", authors),
            ("review", flag(self.review)),
            ("authorisation", text(&self.authorisation)),
            ("grant", text(&self.grant)),
            ("mends", flag(self.mends)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// The texts of a pack's policies.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The product's and those of the national layer.
    pub base: String,
    /// Those of the city and of what lies below it.
    pub city: String,
}

impl Texts {
    /// The product's policies and those of the pack's layers.
    #[must_use]
    pub fn of(pack: &Pack) -> Self {
        let mut texts = Self { base: PRODUCT.to_owned(), city: String::new() };
        for layer in &pack.layers {
            let above = matches!(layer.kind, LayerKind::Product | LayerKind::National);
            let into = if above { &mut texts.base } else { &mut texts.city };
            into.push('\n');
            into.push_str(pack.policies.get(&layer.id).map_or("", String::as_str));
        }
        texts
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> String {
        format!("{}\n{}", self.base, self.city)
    }
}

/// The schema that every policy must fit.
pub(crate) fn schema() -> AppResult<Schema> {
    Ok(Schema::from_cedarschema_str(SCHEMA).map_err(AppError::bug)?.0)
}

impl Policies {
    /// Compiles the product's policies and those of the pack's layers. Each must fit the schema and name a rule that the
    /// pack has.
    pub fn compile(pack: &Pack) -> AppResult<Self> {
        let set = PolicySet::from_str(&Texts::of(pack).all()).map_err(AppError::bug)?;
        let found = Validator::new(schema()?).validate(&set, ValidationMode::Strict);
        if let Some(error) = found.validation_errors().next() {
            return Err(AppError::bug(format!("a policy does not fit the schema: {error}")));
        }
        let known = |rule: &str| pack.articles.contains_key(rule) || NORMS.iter().any(|n| rule.starts_with(n));
        if let Some(policy) = set.policies().find(|p| !p.annotation("rule").is_some_and(known)) {
            let name = policy.annotation("id").unwrap_or("without @id").to_owned();
            return Err(AppError::bug(format!("policy {name} names no rule that the pack has: write @rule(\"…\")")));
        }
        let rules = set.policies().filter_map(|p| p.annotation("rule"));
        let articles = rules.map(|r| (r.to_owned(), pack.article(r))).collect();
        Ok(Self { set, articles })
    }

    /// Every action that the schema knows, in order.
    pub fn actions() -> AppResult<Vec<String>> {
        let mut names: Vec<String> = schema()?.actions().map(|a| a.id().unescaped().to_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// Whether the actor may try the command. Any failure to evaluate is a no.
    pub fn permit(&self, actor: &Actor, command: &Command<'_>) -> Result<(), Refusal> {
        let answer = self.ask(actor, command);
        if answer.as_ref().is_ok_and(|a| a.decision() == Decision::Allow && a.diagnostics().errors().next().is_none()) {
            return Ok(());
        }
        let said = answer.ok().and_then(|a| self.said(&a));
        Err(said.unwrap_or_else(|| {
            Refusal::new(
                "not-permitted",
                "MLPS-6",
                "",
                format!("您的岗位无权进行此操作（{}）。", command.verb),
                format!("Your role does not permit this action ({}).", command.verb),
            )
        }))
    }

    /// The refusal that a forbid states itself: of several the first by its name, so that the answer is always the same.
    fn said(&self, answer: &Response) -> Option<Refusal> {
        let forbids = answer.diagnostics().reason().filter_map(|id| self.set.policy(id));
        let stated = forbids.filter_map(|p| {
            let note = |key| p.annotation(key);
            Some((note("id")?, note("rule")?, note("zh")?, note("en")?))
        });
        let (_, rule, zh, en) = stated.min()?;
        let article = self.articles.get(rule).map_or("", String::as_str);
        Some(Refusal::new("not-permitted", rule, article, zh, en))
    }

    fn ask(&self, actor: &Actor, command: &Command<'_>) -> AppResult<Response> {
        let principal = uid("Person", actor.person.as_str())?;
        let resource = uid("Thing", command.about.as_deref().unwrap_or("none"))?;
        let person = Entity::new(
            principal.clone(),
            HashMap::from([
                ("id".to_owned(), RestrictedExpression::new_string(actor.person.to_string())),
                ("roles".to_owned(), words(&actor.roles)),
                ("org_roles".to_owned(), words(&actor.org_roles)),
            ]),
            HashSet::new(),
        )
        .map_err(AppError::bug)?;
        let thing = Entity::new(resource.clone(), command.thing.attributes(), HashSet::new()).map_err(AppError::bug)?;
        let entities = Entities::from_entities([person, thing], None).map_err(AppError::bug)?;
        let request = Request::new(principal, uid("Action", command.verb)?, resource, Context::empty(), None)
            .map_err(AppError::bug)?;
        Ok(Authorizer::new().is_authorized(&request, &self.set, &entities))
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
