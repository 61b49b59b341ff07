//! Clock steps act by themselves: a public notice ends, a term expires. One loop, woken by commits and by time. What people
//! let pass is told to whoever sees to it, and decided by nobody else.

use crate::App;
use crate::due;
use crate::error::{AppError, AppResult};
use crate::funnel::Actor;
use crate::orders;
use crate::{effects, facts};
use model::Timestamp;
use model::case::{Actor as ModelActor, Case, Command};
use model::ids::{OrgId, PersonId};
use model::procedure::{By, clock_concerns, decide, due_steps, overdue_steps};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use store::{Filter, LeafDraft};

/// Runs until the process ends.
pub async fn run(app: App) -> AppResult<()> {
    let mut commits = app.store.notify();
    let mut swept = app.now();
    let mut looked: Option<Timestamp> = None;
    loop {
        tick(&app).await?;
        // Overdue is a matter of days; a simulated clock that jumps is seen at once.
        if looked.is_none_or(|at| app.now().0 - at.0 >= LOOK_MS) {
            looked = Some(app.now());
            escalate(&app).await?;
            due::remind(&app).await?;
        }
        if app.now().0 - swept.0 > SWEEP_MS {
            sweep(&app).await?;
            swept = app.now();
        }
        tokio::select! {
            () = commits.notified() => tokio::time::sleep(Duration::from_millis(200)).await,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// How often people's deadlines are looked at.
const LOOK_MS: i64 = 60_000;
/// How often what has run out is forgotten.
const SWEEP_MS: i64 = 3_600_000;
/// How long the answer to an idempotency key is kept.
const ANSWER_DAYS: i64 = 30;

/// Forgets ended sessions, used nonces and old answers to idempotency keys.
async fn sweep(app: &App) -> AppResult<()> {
    let now = app.now();
    let mut tx = app.store.begin().await?;
    tx.set_now(now);
    tx.forget_expired(now).await?;
    tx.forget_answers(now.plus_days(-ANSWER_DAYS)).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes every clock step that is due now.
pub async fn tick(app: &App) -> AppResult<usize> {
    let mut taken = 0;
    for procedure in app.pack.procedures.values() {
        let states: BTreeSet<&String> =
            procedure.steps.iter().filter(|s| s.by.contains(&By::Clock)).flat_map(|s| &s.from).collect();
        for case in in_states(app, &procedure.name, states).await? {
            if clock_concerns(&app.pack, &case, app.now()) {
                taken += usize::from(advance(app, &case).await?);
            }
        }
    }
    Ok(taken)
}

async fn in_states(app: &App, procedure: &str, states: BTreeSet<&String>) -> AppResult<Vec<Case>> {
    let mut found = Vec::new();
    for state in states {
        let filter = Filter { parent: Some(procedure.to_owned()), state: Some(state.clone()), ..Filter::default() };
        found.extend(app.store.list::<Case>(&filter).await?);
    }
    Ok(found)
}

/// Under this name a case keeps what was told as overdue.
pub const OVERDUE: &str = "overdue";

/// A step that people let pass, as it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overdue {
    /// Step.
    pub step: String,
    /// When the state was entered in which it is due: a case that comes back to the state is counted anew.
    pub entered_at: Timestamp,
    /// First instant after its time.
    pub since: Timestamp,
    /// When it was told.
    pub told_at: Timestamp,
    /// Roles of the organisations that were told.
    pub escalated_to: Vec<String>,
}

impl Overdue {
    /// What a case keeps as told in its present state.
    pub fn of(case: &Case) -> Vec<Self> {
        let kept: Vec<Self> =
            case.data.get(OVERDUE).and_then(|v| serde_json::from_value(v.clone()).ok()).unwrap_or_default();
        kept.into_iter().filter(|o| o.entered_at == case.entered_at).collect()
    }
}

/// Tells every step of people whose time is over, once: a leaf, a mark on the case, and the case in the lists of those whom
/// the pack names. The step stays with those whose it is.
pub async fn escalate(app: &App) -> AppResult<usize> {
    let mut told = 0;
    for procedure in app.pack.procedures.values() {
        let timed = procedure.steps.iter().filter(|s| s.due.is_some() && !s.by.contains(&By::Clock));
        for case in in_states(app, &procedure.name, timed.flat_map(|s| &s.from).collect()).await? {
            if !untold(app, &case, app.now()).is_empty() {
                told += tell(app, &case).await?;
            }
        }
    }
    Ok(told)
}

fn untold(app: &App, case: &Case, now: Timestamp) -> Vec<Overdue> {
    let known = Overdue::of(case);
    let to = app.pack.list("overdue.escalate_to").unwrap_or_default().to_vec();
    let late = overdue_steps(&app.pack, case, now).into_iter().filter(|(s, _)| known.iter().all(|o| o.step != s.name));
    late.map(|(step, since)| Overdue {
        step: step.name.clone(),
        entered_at: case.entered_at,
        since,
        told_at: now,
        escalated_to: to.clone(),
    })
    .collect()
}

async fn tell(app: &App, seen: &Case) -> AppResult<usize> {
    let mut tx = app.store.begin().await?;
    let now = app.now();
    tx.set_now(now);
    let mut case: Case = tx.get_for_update(seen.id.as_str()).await?.ok_or(AppError::NotFound("case"))?;
    let late = untold(app, &case, now);
    if late.is_empty() {
        tx.undo().await?;
        return Ok(0);
    }
    let mut kept = Overdue::of(&case);
    kept.extend(late.iter().cloned());
    case.data.insert(OVERDUE.to_owned(), serde_json::to_value(kept)?);
    tx.put(&case).await?;
    let procedure = app.pack.procedure(&case.procedure);
    for one in &late {
        let rule = procedure.and_then(|p| p.step(&one.step)).map(|s| s.rule.clone()).unwrap_or_default();
        let refs = [("step".to_owned(), one.step.clone()), ("escalated_to".to_owned(), one.escalated_to.join(" "))];
        let draft = clock_leaf("step_overdue", &case, &rule, &app.pack.article(&rule), refs, now);
        tx.append_leaf(draft).await?;
    }
    tx.commit().await?;
    Ok(late.len())
}

fn clock_leaf<const N: usize>(
    kind: &str,
    case: &Case,
    rule: &str,
    article: &str,
    refs: [(String, String); N],
    at: Timestamp,
) -> LeafDraft {
    LeafDraft {
        case: Some(case.id.to_string()),
        rule: Some(rule.to_owned()),
        article: Some(article.to_owned()).filter(|a| !a.is_empty()),
        refs: refs.into(),
        ..LeafDraft::done(kind, at)
    }
}

async fn advance(app: &App, seen: &Case) -> AppResult<bool> {
    let mut tx = app.store.begin().await?;
    let now = app.now();
    tx.set_now(now);
    let case: Case = tx.get_for_update(seen.id.as_str()).await?.ok_or(AppError::NotFound("case"))?;
    let Some(procedure) = app.pack.procedure(&case.procedure) else {
        tx.undo().await?;
        return Ok(false);
    };
    let facts = facts::load(&app.pack, &mut tx, procedure, &case).await?;
    let Some(step) = due_steps(&app.pack, &case, &facts, now).into_iter().next() else {
        tx.undo().await?;
        return Ok(false);
    };
    let outcome = decide(&app.pack, &case, &ModelActor::clock(), &Command::approve(&step.name), &facts, now)?;
    tx.put(&outcome.case).await?;
    let clock = Actor {
        person: PersonId("clock".into()),
        org: OrgId("clock".into()),
        org_roles: Vec::new(),
        roles: Vec::new(),
        group: None,
        key: None,
    };
    let issued = effects::apply_all(app, &mut tx, &clock, &outcome, now).await?;
    let refs = [("step".to_owned(), step.name.clone())];
    tx.append_leaf(clock_leaf("clock_step", &case, &outcome.rule, &outcome.article, refs, now)).await?;
    for order in issued {
        orders::issue(app, &mut tx, order).await?;
    }
    tx.commit().await?;
    Ok(true)
}
