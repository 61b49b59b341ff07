//! Lists of cases: which of them, in which order, a page of them, and what each is called.

use super::case::{case_view, visible};
use crate::App;
use crate::error::AppResult;
use crate::funnel::Actor;
use crate::reports::RefusedOrder;
use model::case::{Case, Done};
use model::ids::{OrgId, PersonId, ResourceId};
use model::party::{OrgRole, Organisation, Person};
use model::procedure::{By, Facts, Guard, Procedure, overdue_steps, steps_for, visible_history};
use model::record::{Authorisation, Grant, Job, Product, Resource, Scenario};
use model::{Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use store::Filter;

/// Which cases to list.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Only of this procedure.
    pub procedure: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only those that are not over, or only those that are.
    pub open: Option<bool>,
    /// Only about this authorisation.
    pub authorisation: Option<String>,
    /// Only those that the caller's organisation has opened.
    pub own: bool,
    /// Only those in which the caller can act now.
    pub inbox: bool,
    /// Only those in which a step is overdue.
    pub overdue: bool,
    /// Only those under blind review in which the caller can vote or has voted.
    pub blind: bool,
    /// Only those whose title, procedure, state, applicant or id holds every word of this text.
    pub text: Option<String>,
    /// In which order.
    pub order: CaseOrder,
    /// So many are left out from the beginning.
    pub skip: usize,
    /// At most so many.
    pub limit: Option<usize>,
    /// Those after this case in the list.
    pub after: Option<String>,
    /// Without long texts and documents.
    pub summary: bool,
}

/// In which order cases are listed. The id breaks ties, so that pages neither repeat nor skip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseOrder {
    /// The last one opened first.
    #[default]
    Opened,
    /// The last one changed first.
    Newest,
    /// The first one changed first.
    Oldest,
    /// The nearest deadline first; without one, last.
    Due,
}

impl CaseOrder {
    fn compare(self, a: &Case, b: &Case) -> Ordering {
        let due = |c: &Case| c.deadlines.iter().map(|d| d.at.0).min().unwrap_or(i64::MAX);
        match self {
            Self::Opened => (b.opened_at, &b.id).cmp(&(a.opened_at, &a.id)),
            Self::Newest => (b.entered_at, &b.id).cmp(&(a.entered_at, &a.id)),
            Self::Oldest => (a.entered_at, &a.id).cmp(&(b.entered_at, &b.id)),
            Self::Due => (due(a), a.entered_at, &a.id).cmp(&(due(b), b.entered_at, &b.id)),
        }
    }
}

/// Cases the caller may see.
pub async fn cases(app: &App, actor: &Actor, filter: &CaseFilter) -> AppResult<Value> {
    let wanted = Filter { parent: filter.procedure.clone(), state: filter.state.clone(), ..Filter::default() };
    let rows: Vec<Case> = app.store.list(&wanted).await?;
    let around = Around::load(app, actor).await?;
    let refusals: Vec<RefusedOrder> = app.store.list(&Filter::default()).await?;
    let words: Vec<String> =
        filter.text.as_deref().unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
    let mut mine: Vec<&Case> = rows
        .iter()
        .filter(|c| fits(app, actor, filter, c) && visible(app, actor, c))
        .filter(|c| !filter.inbox || may_act(app, actor, &around, c))
        .filter(|c| !filter.blind || may_vote(app, actor, &around, c))
        .filter(|c| words.is_empty() || around.says(app, c, &words))
        .collect();
    mine.sort_by(|a, b| filter.order.compare(a, b));
    let total = mine.len();
    let after = filter.after.as_deref().and_then(|id| mine.iter().position(|c| c.id.as_str() == id));
    let start = after.map_or(0, |at| at + 1).saturating_add(filter.skip);
    let page = mine.get(start..).unwrap_or_default();
    let page = page.get(..filter.limit.unwrap_or(page.len()).min(page.len())).unwrap_or_default();
    let next = (start + page.len() < total).then(|| page.last().map(|c| c.id.clone())).flatten();
    let seen: Vec<Value> = page
        .iter()
        .map(|case| {
            let mut view = case_view(app, actor, case, &around.facts(case));
            view["title"] = json!(around.title(case));
            view["refused"] = json!(refused(app, case, &refusals));
            if filter.summary {
                shorten(&mut view);
            }
            view
        })
        .collect();
    Ok(json!({ "cases": seen, "total": total, "next": next }))
}

/// Why the zone refused the order of a case, as long as nothing was done about it since but to bring the case back.
pub(super) fn refused<'a>(app: &App, case: &Case, all: &'a [RefusedOrder]) -> Option<&'a Refusal> {
    let own = || all.iter().filter(|r| r.case.as_ref() == Some(&case.id));
    let last = own().next_back()?;
    let procedure = app.pack.procedure(&case.procedure);
    let returns = |d: &&Done| {
        let step = procedure.and_then(|p| p.step(&d.step));
        step.is_some_and(|s| s.guards.contains_key(&Guard::OrderRefused))
    };
    let returned = case.history.last().as_ref().is_some_and(returns);
    // Each refusal brings its case back once, where its procedure has such a step.
    let open = own().count() > case.history.iter().filter(returns).count();
    (returned || open && last.at >= case.entered_at).then_some(&last.refusal)
}

/// What can be told from the case alone.
fn fits(app: &App, actor: &Actor, filter: &CaseFilter, case: &Case) -> bool {
    let over = || app.pack.procedure(&case.procedure).and_then(|p| p.state(&case.state)).is_some_and(|s| s.end);
    filter.open.is_none_or(|open| open != over())
        && filter.authorisation.as_deref().is_none_or(|id| case.text("authorisation") == Some(id))
        && (!filter.own || case.applicant == actor.org)
        && (!filter.overdue || !overdue_steps(&app.pack, case, app.now()).is_empty())
}

fn may_act(app: &App, actor: &Actor, around: &Around, case: &Case) -> bool {
    !steps_for(&app.pack, case, &actor.as_model(), &around.facts(case)).is_empty()
}

/// Can the caller vote blind in this case, or has the caller, while others have not?
fn may_vote(app: &App, actor: &Actor, around: &Around, case: &Case) -> bool {
    let blind = |p: &&Procedure| p.steps_from(&case.state).any(|s| s.blind);
    let Some(procedure) = app.pack.procedure(&case.procedure).filter(blind) else { return false };
    let is_blind = |name: &str| procedure.step(name).is_some_and(|s| s.blind);
    let voted = visible_history(&app.pack, case, &actor.person)
        .iter()
        .any(|d| d.person == actor.person && d.state == case.state && d.at >= case.entered_at && is_blind(&d.step));
    voted || steps_for(&app.pack, case, &actor.as_model(), &around.facts(case)).iter().any(|s| s.blind)
}

/// Since when the caller is asked for a blind vote that is not given yet; the earliest of several.
pub(super) async fn asked_blind_since(app: &App, actor: &Actor) -> AppResult<Option<Timestamp>> {
    if !actor.org_roles.iter().any(|role| votes_blind(app, *role)) {
        return Ok(None);
    }
    let around = Around::load(app, actor).await?;
    let mut since = None;
    for procedure in app.pack.procedures.values().filter(|p| p.steps.iter().any(|s| s.blind)) {
        let of_it = Filter { parent: Some(procedure.name.clone()), ..Filter::default() };
        let cases: Vec<Case> = app.store.list(&of_it).await?;
        let asked =
            |c: &&Case| steps_for(&app.pack, c, &actor.as_model(), &around.facts(c)).iter().any(|step| step.blind);
        since = cases.iter().filter(asked).map(|c| c.entered_at).chain(since).min();
    }
    Ok(since)
}

fn votes_blind(app: &App, role: OrgRole) -> bool {
    let steps = app.pack.procedures.values().flat_map(|p| &p.steps).filter(|s| s.blind);
    steps.flat_map(|s| &s.by).any(|by| matches!(by, By::Role(r) if *r == role))
}

/// Takes the long texts out of a case: what a list shows needs none of them.
fn shorten(view: &mut Value) {
    if let Some(object) = view["object"].as_object_mut() {
        ["contract", "sql", "purpose"].iter().for_each(|field| drop(object.remove(*field)));
    }
    for done in view["history"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        done.remove("documents");
    }
}

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Title {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Title {
    /// Where one language is missing the other stands for it.
    pub(super) fn of(zh: &str, en: &str) -> Option<Self> {
        let either = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { a.to_owned() };
        (!zh.is_empty() || !en.is_empty()).then(|| Self { zh: either(zh, en), en: either(en, zh) })
    }

    pub(super) fn same(text: &str) -> Self {
        Self { zh: text.to_owned(), en: text.to_owned() }
    }
}

/// What judging "could this person act" and naming a case need beside the case: loaded once for a whole list.
pub struct Around {
    groups: BTreeMap<OrgId, String>,
    operators: BTreeMap<String, Authorisation>,
    resources: BTreeMap<ResourceId, Resource>,
    /// Names of organisations, products and scenarios by id.
    names: BTreeMap<String, Title>,
    /// Scenario of a grant or a job, by its id.
    scenarios: BTreeMap<String, String>,
    /// Accounts of the caller's own people; others are told apart by the end of their pseudonym.
    accounts: BTreeMap<PersonId, String>,
}

impl Around {
    pub(super) async fn load(app: &App, actor: &Actor) -> AppResult<Self> {
        let all = Filter::default();
        let orgs: Vec<Organisation> = app.store.list(&all).await?;
        let authorisations: Vec<Authorisation> = app.store.list(&all).await?;
        let products: Vec<Product> = app.store.list(&all).await?;
        let scenarios: Vec<Scenario> = app.store.list(&all).await?;
        let grants: Vec<Grant> = app.store.list(&all).await?;
        let jobs: Vec<Job> = app.store.list(&all).await?;
        let resources: Vec<Resource> = app.store.list(&all).await?;
        let own = Filter { org: Some(actor.org.to_string()), ..Filter::default() };
        let people: Vec<Person> = app.store.list(&own).await?;
        let org_names = orgs.iter().filter_map(|o| Some((o.id.to_string(), Title::of(&o.zh, &o.en)?)));
        let product_names = products.iter().filter_map(|p| {
            let spec = p.spec.as_ref()?;
            Some((p.id.to_string(), Title::of(&spec.zh, &spec.en)?))
        });
        let scenario_names =
            scenarios.iter().filter_map(|s| Some((s.id.to_string(), Title::of(&s.spec.zh, &s.spec.en)?)));
        let names = org_names.chain(product_names).chain(scenario_names).collect();
        let mut of: BTreeMap<String, String> =
            grants.iter().map(|g| (g.id.to_string(), g.spec.scenario.to_string())).collect();
        let by_job: Vec<(String, String)> =
            jobs.iter().filter_map(|j| Some((j.id.to_string(), of.get(j.grant.as_str())?.clone()))).collect();
        of.extend(by_job);
        Ok(Self {
            resources: resources.into_iter().map(|r| (r.id.clone(), r)).collect(),
            groups: orgs.into_iter().filter_map(|o| Some((o.id, o.group?))).collect(),
            operators: authorisations.into_iter().map(|a| (a.id.to_string(), a)).collect(),
            names,
            scenarios: of,
            accounts: people.into_iter().map(|p| (p.id, p.account)).collect(),
        })
    }

    pub(super) fn facts(&self, case: &Case) -> Facts {
        let authorisation = case.text("authorisation").and_then(|id| self.operators.get(id)).cloned();
        let named = case.object.get("resources").and_then(Value::as_object);
        let ids = named.into_iter().flatten().map(|(id, _)| id.as_str()).chain(case.text("resource"));
        let ids = ids.map(ResourceId::from);
        let resources = ids.filter_map(|id| Some((id.clone(), self.resources.get(&id)?.clone()))).collect();
        Facts { groups: self.groups.clone(), authorisation, resources, ..Facts::default() }
    }

    /// What a case is about: its own name where it has one, else the name of what it is about, else who it is about.
    pub(super) fn title(&self, case: &Case) -> Title {
        let text = |field| case.text(field).unwrap_or_default();
        let named = |field| self.names.get(text(field)).cloned();
        let through = |field| self.scenarios.get(text(field)).and_then(|id| self.names.get(id)).cloned();
        Title::of(text("zh"), text("en"))
            .or_else(|| case.text("table").or(case.text("title")).map(Title::same))
            .or_else(|| named("product"))
            .or_else(|| named("scenario"))
            .or_else(|| case.text("person").map(|id| self.person(id, case)))
            .or_else(|| through("job"))
            .or_else(|| through("grant"))
            .or_else(|| {
                self.operators.get(text("authorisation")).and_then(|a| self.names.get(a.operator.as_str())).cloned()
            })
            .or_else(|| named("operator"))
            .or_else(|| named("provider"))
            .unwrap_or_else(|| self.org(case.applicant.as_str()))
    }

    fn org(&self, id: &str) -> Title {
        self.names.get(id).cloned().unwrap_or_else(|| Title::same(id))
    }

    fn person(&self, id: &str, case: &Case) -> Title {
        if let Some(account) = self.accounts.get(&PersonId(id.to_owned())) {
            return Title::same(account);
        }
        let org = self.org(case.text("operator").unwrap_or(case.applicant.as_str()));
        // Pseudonyms are long; their end tells several people of an organisation apart.
        let mark = id.get(id.len().saturating_sub(4)..).unwrap_or(id);
        Title { zh: format!("{}的人员（{mark}）", org.zh), en: format!("a person of {} ({mark})", org.en) }
    }

    /// Does what a list shows of a case hold all these words, in either language?
    fn says(&self, app: &App, case: &Case, words: &[String]) -> bool {
        let procedure = app.pack.procedure(&case.procedure);
        let state = procedure.and_then(|p| p.state(&case.state));
        let (title, applicant) = (self.title(case), self.org(case.applicant.as_str()));
        let of_pack = [procedure.map(|p| (&p.zh, &p.en)), state.map(|s| (&s.zh, &s.en))];
        let mut text = [title.zh, title.en, applicant.zh, applicant.en, case.id.to_string()].join("\n");
        for (zh, en) in of_pack.into_iter().flatten() {
            text.push('\n');
            text.push_str(zh);
            text.push('\n');
            text.push_str(en);
        }
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    }
}
