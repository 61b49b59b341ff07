//! Matters that come again: when each is due next, and the reminder of it. Nobody but people begins one.

use crate::App;
use crate::error::AppResult;
use crate::funnel::Actor;
use crate::views::oversees;
use model::case::Case;
use model::ids::{CaseId, OrgId};
use model::pack::{DueOf, Recurring};
use model::party::{OrgRole, Organisation};
use model::procedure::Procedure;
use model::record::{Authorisation, AuthorisationState};
use model::{Entity, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Filter, LeafDraft, Tx};

/// One matter that is due again, of one authorisation or organisation.
pub struct Due<'a> {
    matter: Recurring<'a>,
    /// The authorisation, where it is about one.
    authorisation: Option<String>,
    /// The operator of the authorisation, or the organisation whose matter it is.
    org: OrgId,
    /// When it was done last, and the case.
    last: Option<(Timestamp, CaseId)>,
    /// One that was begun and has not ended.
    under_way: Option<CaseId>,
    /// First instant at which it is late.
    at: Timestamp,
}

/// How a matter that comes again stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There is time.
    Later,
    /// To be begun now.
    Soon,
    /// Late.
    Overdue,
}

/// What was told already, by what, of whom, for when and how it stood: told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Reminder {
    id: String,
    told_at: Timestamp,
}

impl Entity for Reminder {
    const KIND: &'static str = "due_reminder";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Due<'_> {
    fn standing(&self, now: Timestamp, warn_days: i64) -> Standing {
        match now {
            now if now >= self.at => Standing::Overdue,
            now if now >= self.at.plus_days(-warn_days) => Standing::Soon,
            _ => Standing::Later,
        }
    }

    /// The authorisation or the organisation.
    fn about(&self) -> &str {
        self.authorisation.as_deref().unwrap_or(self.org.as_str())
    }

    /// Who begins it, whom it is about, and who oversees.
    fn concerns(&self, actor: &Actor) -> bool {
        let begins = !matches!(self.matter.of, DueOf::Own(_)) && begins(self.matter.procedure, actor);
        actor.org == self.org || begins || oversees(actor)
    }

    /// May the caller's organisation begin it?
    fn can_begin(&self, actor: &Actor) -> bool {
        // Nobody begins for another what it begins itself, nor names itself.
        let fits = match self.matter.of {
            DueOf::Authorisations => true,
            DueOf::Own(_) => actor.org == self.org,
            DueOf::Named(_) => actor.org != self.org,
        };
        fits && begins(self.matter.procedure, actor)
    }
}

fn begins(procedure: &Procedure, actor: &Actor) -> bool {
    procedure.opened_by.is_empty() || actor.org_roles.iter().any(|r| procedure.opened_by.contains(r))
}

fn warn_days(app: &App) -> i64 {
    app.pack.int("due.warn_days").unwrap_or(30)
}

/// Every matter that comes again, soonest first.
async fn all(app: &App, now: Timestamp) -> AppResult<Vec<Due<'_>>> {
    let recurring = app.pack.recurring();
    if recurring.is_empty() {
        return Ok(Vec::new());
    }
    let authorisations: Vec<Authorisation> = app.store.list(&Filter::default()).await?;
    let organisations: Vec<Organisation> = app.store.list(&Filter::default()).await?;
    let mut found = Vec::new();
    for matter in recurring {
        let cases: Vec<Case> = app.store.list(&Filter::of(&matter.procedure.name)).await?;
        match matter.of.clone() {
            DueOf::Authorisations => found.extend(authorisations.iter().filter(|a| lives(a, now)).map(|a| {
                let of: Vec<&Case> = cases.iter().filter(|c| c.text("authorisation") == Some(a.id.as_str())).collect();
                due(&matter, Some(a.id.to_string()), &a.operator, a.from, &of)
            })),
            DueOf::Own(roles) | DueOf::Named(roles) => found.extend(organisations.iter().filter_map(|o| {
                let begun = obliged(o, &roles, &authorisations, now)?;
                let named = |c: &Case| match matter.of {
                    DueOf::Own(_) => c.applicant == o.id,
                    _ => c.text("organisation") == Some(o.id.as_str()),
                };
                let of: Vec<&Case> = cases.iter().filter(|c| named(c)).collect();
                Some(due(&matter, None, &o.id, begun, &of))
            })),
        }
    }
    found.sort_by(|a, b| (a.at, a.about()).cmp(&(b.at, b.about())));
    Ok(found)
}

fn lives(a: &Authorisation, now: Timestamp) -> bool {
    matches!(a.state_at(now), AuthorisationState::Active | AuthorisationState::Suspended)
}

/// Since when an organisation has been obliged; not at all without one of the roles. An operator without an authorisation that
/// lives operates nothing.
fn obliged(o: &Organisation, roles: &[OrgRole], authorisations: &[Authorisation], now: Timestamp) -> Option<Timestamp> {
    let other = o.roles.iter().any(|r| *r != OrgRole::Operator && roles.contains(r));
    let operates = o.roles.contains(&OrgRole::Operator) && roles.contains(&OrgRole::Operator);
    let first = authorisations.iter().filter(|a| operates && a.operator == o.id && lives(a, now)).map(|a| a.from).min();
    first.into_iter().chain(other.then_some(o.created_at)).min()
}

fn due<'a>(
    matter: &Recurring<'a>,
    authorisation: Option<String>,
    org: &OrgId,
    begun: Timestamp,
    cases: &[&Case],
) -> Due<'a> {
    let ended = |c: &&&Case| matter.procedure.state(&c.state).is_some_and(|s| s.end);
    let done = cases.iter().filter(|c| matter.is_done(&c.state)).max_by_key(|c| c.entered_at);
    // A draft was not begun: only its author knows of it.
    let under_way = cases.iter().filter(|c| c.state != matter.procedure.start).find(|c| !ended(c));
    Due {
        authorisation,
        org: org.clone(),
        last: done.map(|c| (c.entered_at, c.id.clone())),
        under_way: under_way.map(|c| c.id.clone()),
        at: matter.due(begun, done.map(|c| c.entered_at)),
        matter: matter.clone(),
    }
}

/// What is due again and concerns the caller.
pub async fn list(app: &App, actor: &Actor) -> AppResult<Value> {
    let (now, warn) = (app.now(), warn_days(app));
    let seen = all(app, now).await?.into_iter().filter(|d| d.concerns(actor)).map(|d| {
        json!({
            "procedure": d.matter.procedure.name, "zh": d.matter.procedure.zh, "en": d.matter.procedure.en,
            "authorisation": d.authorisation, "organisation": d.org, "due_at": d.at, "every_months": d.matter.months,
            "standing": d.standing(now, warn), "last_at": d.last.as_ref().map(|(at, _)| at),
            "last": d.last.as_ref().map(|(_, case)| case), "under_way": d.under_way, "can_begin": d.can_begin(actor),
            "rule": d.matter.rule, "article": app.pack.article(d.matter.rule),
        })
    });
    Ok(json!({ "due": seen.collect::<Vec<_>>() }))
}

/// Writes the reminders that were not written yet: one leaf when a matter is to be begun, one when it is late.
pub async fn remind(app: &App) -> AppResult<usize> {
    let (now, warn) = (app.now(), warn_days(app));
    let mut told = 0;
    for due in all(app, now).await? {
        let kind = match due.standing(now, warn) {
            Standing::Later => continue,
            Standing::Soon => "matter_due",
            Standing::Overdue => "matter_overdue",
        };
        let id = format!("{kind}:{}:{}:{}", due.matter.procedure.name, due.about(), due.at.0);
        if app.store.get::<Reminder>(&id).await?.is_some() {
            continue;
        }
        let mut tx = app.store.begin().await?;
        tx.set_now(now);
        told += usize::from(tell(app, &mut tx, &due, kind, id, now).await?);
        tx.commit().await?;
    }
    Ok(told)
}

async fn tell(app: &App, tx: &mut Tx, due: &Due<'_>, kind: &str, id: String, now: Timestamp) -> AppResult<bool> {
    // Another process may have told it meanwhile.
    if tx.get::<Reminder>(&id).await?.is_some() {
        return Ok(false);
    }
    tx.put(&Reminder { id, told_at: now }).await?;
    let mut refs = vec![
        ("procedure".to_owned(), due.matter.procedure.name.clone()),
        ("organisation".to_owned(), due.org.to_string()),
        ("due".to_owned(), due.at.0.to_string()),
    ];
    refs.extend(due.authorisation.iter().map(|a| ("authorisation".to_owned(), a.clone())));
    tx.append_leaf(LeafDraft {
        rule: Some(due.matter.rule.to_owned()),
        article: Some(app.pack.article(due.matter.rule)).filter(|a| !a.is_empty()),
        refs: refs.into_iter().collect(),
        ..LeafDraft::done(kind, now)
    })
    .await?;
    Ok(true)
}
