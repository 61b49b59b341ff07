//! Clock steps act by themselves: a public notice ends, a term expires. One loop, woken by commits and by time.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::funnel::Actor;
use crate::orders;
use crate::{effects, facts};
use model::case::{Actor as ModelActor, Case, Command};
use model::ids::{OrgId, PersonId};
use model::procedure::{decide, due_steps};
use std::time::Duration;
use store::{Filter, LeafDraft, Outcome};

/// Runs until the process ends.
pub async fn run(app: App) -> AppResult<()> {
    let mut commits = app.store.notify();
    let mut swept = app.now();
    loop {
        tick(&app).await?;
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
        for state in
            procedure.steps.iter().filter(|s| s.by.contains(&model::procedure::By::Clock)).flat_map(|s| &s.from)
        {
            let filter =
                Filter { parent: Some(procedure.name.clone()), state: Some(state.clone()), ..Filter::default() };
            for case in app.store.list::<Case>(&filter).await? {
                if case.deadlines.iter().any(|d| d.at <= app.now()) || case.deadlines.is_empty() {
                    taken += usize::from(advance(app, &case).await?);
                }
            }
        }
    }
    Ok(taken)
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
    let facts = facts::load(&mut tx, procedure, &case).await?;
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
    tx.append_leaf(LeafDraft {
        kind: "clock_step".to_owned(),
        case: Some(case.id.to_string()),
        actor: None,
        org: None,
        outcome: Outcome::Done,
        rule: Some(outcome.rule.clone()),
        article: Some(outcome.article.clone()).filter(|a| !a.is_empty()),
        object: None,
        refs: [("step".to_owned(), step.name.clone())].into(),
        at: now,
    })
    .await?;
    for order in issued {
        orders::issue(app, &mut tx, order).await?;
    }
    tx.commit().await?;
    Ok(true)
}
