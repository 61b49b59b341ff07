//! Every city's pack over the same facts: the whole way of each procedure, and what only one city's text says.

mod matters;
mod orders;
mod records;
mod rules;
mod scenarios;
mod scripts;
mod taking;
mod ways;

use crate::world::{self, *};
use model::act::Decision;
use model::case::{Actor, Case, Command};
use model::object::{AuthorisationMode, ImplementationPlanSpec};
use model::pack::resolve;
use model::party::OrgRole;
use model::procedure::{By, FieldKind, Step};
use model::record::{ImplementationPlan, ImplementationPlanState};
use model::{Facts, Pack, Refusal, Timestamp, decide, open_case};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;

pub const CITIES: [&str; 5] = ["changchun", "jilin", "jinan", "shenyang", "wuxi"];

static PACKS: LazyLock<BTreeMap<&str, Pack>> = LazyLock::new(|| {
    let all = all_layers();
    CITIES.iter().map(|c| (*c, Pack::load(&resolve(&all, c).unwrap()).unwrap())).collect()
});

pub fn pack(city: &str) -> Pack {
    PACKS[city].clone()
}

pub fn agency() -> Actor {
    actor("agency", "agency", &[OrgRole::ImplementingAgency])
}

pub fn supervisor() -> Actor {
    actor("sup", "sup", &[OrgRole::SupervisingDepartment])
}

/// Everybody who may have a part, several of a kind where a step wants several.
pub fn everybody() -> Vec<Actor> {
    let second = actor("auth2", "auth", &[OrgRole::DataAuthority]);
    let reviewer = actor("op_reviewer", "op", &[OrgRole::Operator]);
    let agency2 = actor("agency2", "agency", &[OrgRole::ImplementingAgency]);
    let mut all = vec![authority(), second, mechanism(), expert(), security(), supervisor(), agency(), agency2];
    all.extend([provider(1), provider(2), operator(), reviewer, engineer(), consumer()]);
    all
}

/// Facts in which every guard of every city holds; who granted depends on the city.
pub fn facts_of(pack: &Pack) -> Facts {
    let mut f = facts();
    let by_agency = pack.procedure("authorisation").unwrap().step("sign_agency").is_some();
    let authoriser = if by_agency { "org_agency" } else { "org_auth" };
    f.authorisation.as_mut().unwrap().authoriser = authoriser.into();
    f.plans = ["org_prov1", "org_prov2", "org_op", "org_cons", "org_agency", "org_auth"]
        .iter()
        .map(|holder| {
            let mut plan = world::plan(1);
            plan.spec.holder = (*holder).into();
            plan.holder = (*holder).into();
            plan
        })
        .collect();
    let modes =
        [AuthorisationMode::Overall, AuthorisationMode::Sector, AuthorisationMode::Scenario, AuthorisationMode::Graded];
    let announced = f.announcement.as_mut().unwrap();
    announced.spec.modes = modes.to_vec();
    announced.spec.implementation_plan = Some("iplan_1".into());
    f.implementation_plan = Some(implementation_plan());
    let list = f.blacklist_checks[0].clone();
    f.blacklist_checks.push(model::record::BlacklistCheck {
        id: "chk_third".into(),
        list: "seriously_dishonest_enterprise".into(),
        ..list
    });
    f.consumer_form = Some(model::party::LegalForm::LegalPerson);
    f
}

pub fn implementation_plan_spec() -> ImplementationPlanSpec {
    ImplementationPlanSpec {
        implementation_plan: "iplan_1".into(),
        agency: "org_agency".into(),
        zh: "实施方案".into(),
        en: "Plan".into(),
        modes: vec![AuthorisationMode::Overall, AuthorisationMode::Sector],
        resources: authorisation_spec(24).resources,
        term_months: 60,
        digest: digest('7'),
        replaces: None,
    }
}

pub fn implementation_plan() -> ImplementationPlan {
    ImplementationPlan {
        id: "iplan_1".into(),
        spec: implementation_plan_spec(),
        agency: "org_agency".into(),
        state: ImplementationPlanState::Adopted,
        case: "case_i".into(),
        at: NOW,
    }
}

/// A document of a form, filled in so that it fits.
fn filled(pack: &Pack, procedure: &str, document: &str) -> Value {
    let form = &pack.procedure(procedure).unwrap().documents[document];
    let mut out = serde_json::Map::new();
    for f in &form.fields {
        let value = match f.kind {
            FieldKind::Text => json!("x"),
            FieldKind::Integer if f.name == "term_months" => json!(24),
            FieldKind::Integer | FieldKind::Money => json!(3),
            FieldKind::Flag => json!(f.must.as_deref() == Some("true")),
            FieldKind::Date => json!("2026-06-01"),
            FieldKind::Digest => json!(digest('9')),
            FieldKind::Choice => json!(f.must.clone().unwrap_or_else(|| f.choices[0].clone())),
            FieldKind::List => json!(["x"]),
        };
        out.insert(f.name.clone(), value);
    }
    Value::Object(out)
}

pub fn command(pack: &Pack, procedure: &str, step: &str, decision: Decision) -> Command {
    let found = pack.procedure(procedure).unwrap().step(step).unwrap();
    let names = if decision == Decision::Approve { &found.documents } else { &found.reject_documents };
    let documents: BTreeMap<_, _> = names.iter().map(|n| (n.clone(), filled(pack, procedure, n))).collect();
    Command { step: step.into(), decision, documents }
}

/// A case of one city under way.
pub struct Way {
    pub pack: Pack,
    pub case: Case,
    pub facts: Facts,
    pub now: Timestamp,
}

impl Way {
    pub fn open(city: &str, procedure: &str, object: &impl serde::Serialize, by: &Actor) -> Self {
        let pack = pack(city);
        let object = serde_json::to_value(object).unwrap();
        let case = open_case(&pack, procedure, "case_1".into(), object, by, NOW).unwrap();
        let facts = facts_of(&pack);
        Self { pack, case, facts, now: NOW }
    }

    /// The shortest way by approvals from the present state to the step with an effect (or of a name).
    pub fn path(&self, goal: &str) -> Vec<Step> {
        let procedure = self.pack.procedure(&self.case.procedure).unwrap();
        let mut queue = VecDeque::from([(self.case.state.clone(), Vec::<Step>::new())]);
        let mut seen = vec![self.case.state.clone()];
        while let Some((state, way)) = queue.pop_front() {
            for step in procedure.steps_from(&state).filter(|s| s.exists_for(&self.case.object)) {
                let mut next = way.clone();
                next.push(step.clone());
                if step.name == goal || step.effects.iter().any(|e| e.as_str() == goal) {
                    return next;
                }
                if !seen.contains(&step.to) {
                    seen.push(step.to.clone());
                    queue.push_back((step.to.clone(), next));
                }
            }
        }
        panic!("{}: no way to {goal}", self.case.procedure);
    }

    /// Steps of the way so far that people took for the case to go on, objections aside.
    pub fn path_of_people(&self) -> Vec<String> {
        let done = self.case.history.iter().filter(|d| d.decision == Decision::Approve && d.person.0 != "clock");
        done.map(|d| d.step.clone()).collect()
    }

    pub fn judge(&self, by: &Actor, command: &Command) -> Result<model::case::Outcome, Refusal> {
        decide(&self.pack, &self.case, by, command, &self.facts, self.now)
    }

    pub fn approve(&self, step: &str) -> Command {
        command(&self.pack, &self.case.procedure, step, Decision::Approve)
    }

    /// Takes a step with as many people as it needs; the last refusal where nobody can.
    pub fn take(&mut self, step: &Step) -> Result<(), Refusal> {
        let before = (self.case.state.clone(), self.case.history.len());
        let command = self.approve(&step.name);
        if step.by == [By::Clock] {
            let due = self.case.deadlines.iter().filter(|d| d.step == step.name).map(|d| d.at).max();
            self.now = due.unwrap_or(self.now).max(self.now);
            self.case = self.judge(&Actor::clock(), &command)?.case;
            return Ok(());
        }
        let mut last = None;
        for by in everybody() {
            match self.judge(&by, &command) {
                Ok(outcome) => self.case = outcome.case,
                // What a guard says is worth more than that somebody has no part.
                Err(refusal) if refusal.code == "wrong-role" && last.is_some() => {}
                Err(refusal) => last = Some(refusal),
            }
            if self.case.state != before.0 || step.to == before.0 && self.case.history.len() > before.1 {
                return Ok(());
            }
        }
        Err(last.unwrap())
    }

    /// Walks to the step before the goal.
    pub fn before(mut self, goal: &str) -> Self {
        let mut path = self.path(goal);
        path.pop();
        for step in path {
            let state = self.case.state.clone();
            self.take(&step).unwrap_or_else(|r| panic!("{} {} from {state}: {r}", self.pack.id(), step.name));
        }
        self
    }

    /// Walks to the goal and takes it.
    pub fn after(self, goal: &str) -> Self {
        let mut way = self.before(goal);
        let step = way.path(goal).pop().unwrap();
        way.take(&step).unwrap_or_else(|r| panic!("{} {}: {r}", way.pack.id(), step.name));
        way
    }

    /// The refusal of a step by whoever could take it.
    pub fn refused(&mut self, goal: &str) -> Refusal {
        let step = self.path(goal).pop().unwrap();
        self.take(&step).unwrap_err()
    }
}

/// What is authorised: the first mode of the city, or a given one.
pub fn application(city: &str, mode: Option<AuthorisationMode>) -> model::object::AuthorisationSpec {
    let first = pack(city).list("authorisation.modes").unwrap()[0].clone();
    let mut spec = authorisation_spec(24);
    spec.mode = mode.unwrap_or_else(|| AuthorisationMode::parse(&first).unwrap());
    spec
}

pub fn applied(city: &str) -> Way {
    Way::open(city, "authorisation", &application(city, None), &operator())
}
