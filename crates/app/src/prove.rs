//! Properties of a pack's policies, for every request that the schema allows, by Cedar's symbolic compiler and the solver
//! cvc5. Nothing here runs while the platform serves: `yunyu pack prove` asks, and so do the tests.

mod found;
mod stated;

use crate::error::{AppError, AppResult};
use crate::policy::{Texts, schema};
use cedar_policy::{Policy, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::err::SolverError;
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicySet, Env};
pub use found::Counterexample;
use model::pack::Pack;
use model::party::PersonRole;
use serde::Serialize;
use serde_json::{Value, json};
use stated::{NOBODYS, STATED, Stated};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Administrators, none of whom may do what another does.
const ADMINISTRATORS: [PersonRole; 3] = [PersonRole::SystemAdmin, PersonRole::SecurityAdmin, PersonRole::AuditAdmin];
/// A word that is nobody's role: who holds it holds none.
const NO_ROLE: &str = "none";

/// What came of one property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It holds for every request.
    Holds,
    /// It does not.
    Counterexample {
        /// Requests for which it does not.
        found: Vec<Counterexample>,
    },
    /// The solver gave no answer.
    NotDecided {
        /// What it said instead.
        why: String,
    },
}

/// A property and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Property {
    /// Stable name.
    pub id: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// Rule it rests on.
    pub rule: &'static str,
    /// Its article in this pack; empty where no article stands behind the rule.
    pub article: String,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Proves every property over the policies of a pack.
///
/// # Errors
/// Policies that do not compile; a missing solver.
pub async fn prove(pack: &Pack) -> AppResult<Vec<Property>> {
    crate::policy::Policies::compile(pack)?;
    prove_texts(&Texts::of(pack), None, |rule| pack.article_cited(rule)).await
}

/// The same over texts, or one property of them, with the article of each rule.
///
/// # Errors
/// Policies that do not parse; a missing solver.
pub async fn prove_texts(
    texts: &Texts,
    only: Option<&str>,
    article: impl Fn(&str) -> String,
) -> AppResult<Vec<Property>> {
    let mut prover = Prover::new(texts)?;
    let mut properties = Vec::new();
    for stated in STATED.iter().filter(|s| only.is_none_or(|id| s.id == id)) {
        let verdict = match prover.judge(stated).await {
            Ok(found) if found.is_empty() => Verdict::Holds,
            Ok(found) => Verdict::Counterexample { found },
            Err(why) => Verdict::NotDecided { why },
        };
        let Stated { id, zh, en, rule, .. } = *stated;
        properties.push(Property { id, zh, en, rule, article: article(rule), verdict });
    }
    Ok(properties)
}

/// What the solver, or the way to it, could not do.
type Tried<T> = Result<T, String>;

fn said(e: impl std::fmt::Display) -> String {
    e.to_string()
}

struct Prover<'a> {
    compiler: CedarSymCompiler<LocalSolver>,
    schema: Schema,
    actions: BTreeMap<String, RequestEnv>,
    texts: &'a Texts,
    all: PolicySet,
    base: PolicySet,
}

impl<'a> Prover<'a> {
    fn new(texts: &'a Texts) -> AppResult<Self> {
        let schema = schema()?;
        let named = schema.request_envs().map(|env| (env.action().id().unescaped().to_owned(), env));
        let actions = named.collect();
        let solver = LocalSolver::cvc5().map_err(missing)?;
        let compiler = CedarSymCompiler::new(solver).map_err(AppError::bug)?;
        let all = PolicySet::from_str(&texts.all()).map_err(AppError::bug)?;
        let base = PolicySet::from_str(&texts.base).map_err(AppError::bug)?;
        Ok(Self { compiler, schema, actions, texts, all, base })
    }

    async fn judge(&mut self, stated: &Stated) -> Tried<Vec<Counterexample>> {
        match stated.id {
            "administrators-never-overlap" => self.overlaps().await,
            "city-within-the-national-pack" => self.widened().await,
            "every-action-is-somebodys" => self.unpermitted().await,
            _ => self.violated(stated).await,
        }
    }

    /// Requests that are permitted although the property says that nobody may.
    async fn violated(&mut self, stated: &Stated) -> Tried<Vec<Counterexample>> {
        let mut found = Vec::new();
        for action in stated.actions {
            found.extend(self.permitted(action, stated.never).await?);
        }
        Ok(found)
    }

    /// A request under a condition that the policies permit, where there is one.
    async fn permitted(&mut self, action: &str, when: &str) -> Tried<Option<Counterexample>> {
        let narrowed = format!("{}\nforbid (principal, action, resource) unless {{ {when} }};", self.texts.all());
        let set = PolicySet::from_str(&narrowed).map_err(said)?;
        let compiled = self.compile(&set, action)?;
        let env = self.compiler.check_always_denies_with_counterexample_opt(&compiled).await.map_err(said)?;
        Ok(env.map(|env| found::permitted(action, &env, &set)))
    }

    /// What city and deeper layers permit and the layers above them do not: forbidden expressly, or by saying nothing.
    async fn widened(&mut self) -> Tried<Vec<Counterexample>> {
        let (all, base) = (self.all.clone(), self.base.clone());
        let mut found = Vec::new();
        for action in self.actions.keys().cloned().collect::<Vec<_>>() {
            if let Some(env) = self.beyond(&all, &base, &action).await? {
                found.push(found::permitted(&action, &env, &all));
            }
        }
        Ok(found)
    }

    /// A request that the first policies permit and the second do not.
    async fn beyond(&mut self, first: &PolicySet, second: &PolicySet, action: &str) -> Tried<Option<Env>> {
        let (first, second) = (self.compile(first, action)?, self.compile(second, action)?);
        self.compiler.check_implies_with_counterexample_opt(&first, &second).await.map_err(said)
    }

    /// Actions that two administrators' roles open, each by itself: what a person may do without any role is nobody's
    /// office, wherever the person works.
    async fn overlaps(&mut self) -> Tried<Vec<Counterexample>> {
        let without = holding(&self.all, NO_ROLE)?;
        let mut offices: BTreeMap<String, Vec<Counterexample>> = BTreeMap::new();
        for role in ADMINISTRATORS.map(PersonRole::word) {
            let with = holding(&self.all, &role)?;
            for action in self.actions.keys().cloned().collect::<Vec<_>>() {
                if let Some(env) = self.beyond(&with, &without, &action).await? {
                    offices.entry(action.clone()).or_default().push(found::office(&action, &env, &with, &role));
                }
            }
        }
        Ok(offices.into_values().filter(|by| by.len() > 1).flatten().collect())
    }

    /// Actions that no request is permitted, and exceptions of the properties that nobody could ever use: what forbids
    /// everything proves everything.
    async fn unpermitted(&mut self) -> Tried<Vec<Counterexample>> {
        let mut found = Vec::new();
        for action in self.actions.keys().cloned().collect::<Vec<_>>() {
            if !NOBODYS.contains(&action.as_str()) && self.permitted(&action, "true").await?.is_none() {
                found.push(Counterexample::nobody(&action, ""));
            }
        }
        for stated in STATED.iter().filter(|s| !s.but.is_empty()) {
            for action in stated.actions {
                if self.permitted(action, stated.but).await?.is_none() {
                    found.push(Counterexample::nobody(action, stated.but));
                }
            }
        }
        Ok(found)
    }

    fn compile(&self, set: &PolicySet, action: &str) -> Tried<CompiledPolicySet> {
        let env = self.actions.get(action).ok_or_else(|| format!("no action {action}"))?;
        CompiledPolicySet::compile(set, env, &self.schema).map_err(said)
    }
}

/// The policies as they are for a person who holds exactly one role.
fn holding(set: &PolicySet, role: &str) -> Tried<PolicySet> {
    let mut out = PolicySet::new();
    for policy in set.policies() {
        let mut json = policy.to_json().map_err(said)?;
        put_role(&mut json, role);
        let with = Policy::from_json(Some(policy.id().clone()), json).map_err(said)?;
        out.add(with).map_err(said)?;
    }
    Ok(out)
}

/// Puts a set with one word in the place of `principal.roles`.
fn put_role(json: &mut Value, role: &str) {
    if *json == json!({ ".": { "left": { "Var": "principal" }, "attr": "roles" } }) {
        *json = json!({ "Set": [{ "Value": role }] });
        return;
    }
    match json {
        Value::Array(all) => all.iter_mut().for_each(|v| put_role(v, role)),
        Value::Object(map) => map.values_mut().for_each(|v| put_role(v, role)),
        _ => {}
    }
}

fn missing(e: SolverError) -> AppError {
    match e {
        SolverError::Io(io) if io.kind() == std::io::ErrorKind::NotFound => AppError::usage(
            "solver-missing",
            "cvc5",
            "没有找到求解器 cvc5；请安装 Debian 软件包 cvc5（apt-get install cvc5），或用环境变量 CVC5 指明其路径。",
            "The solver cvc5 is missing: install the Debian package cvc5 (apt-get install cvc5), or give its path in the environment variable CVC5.",
        ),
        other => AppError::bug(other),
    }
}
