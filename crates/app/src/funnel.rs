//! The one way by which anything changes state (invariant 4): permit → decide → record → commit.
//!
//! A command that succeeds leaves its row and its leaves in one transaction; a refused one leaves a leaf of the
//! refusal. A command that returns no leaf is a bug and is not committed.

use crate::error::{AppError, AppResult};
use crate::policy::Thing;
use crate::{App, orders};
use model::ids::{CaseId, OrgId, PersonId};
use model::order::Effect;
use model::party::{OrgRole, PersonRole};
use model::{Act, Refusal, Signed, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{LeafDraft, Outcome, Tx};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// The person's organisation.
    pub org: OrgId,
    /// Roles of the organisation.
    pub org_roles: Vec<OrgRole>,
    /// Roles of the person.
    pub roles: Vec<PersonRole>,
    /// Affiliated group of the organisation.
    pub group: Option<String>,
    /// Id of the person's enrolled key.
    pub key: Option<String>,
}

impl Actor {
    /// The actor as `model` judges it.
    pub fn as_model(&self) -> model::case::Actor {
        model::case::Actor {
            person: self.person.clone(),
            org: self.org.clone(),
            org_roles: self.org_roles.clone(),
            person_roles: self.roles.clone(),
            group: self.group.clone(),
            clock: false,
        }
    }
}

/// Idempotency of one request: the caller's key and the digest of what was asked.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The caller's key.
    pub key: String,
    /// Digest of method, path and body.
    pub fingerprint: String,
}

/// An order that a command gives rise to.
pub struct NewOrder {
    /// The case whose head the order binds.
    pub case: CaseId,
    /// What the zone is asked to do.
    pub effect: Effect,
    /// The approvals it rests on.
    pub approvals: Vec<Signed<Act>>,
}

/// What a command produced: at least one leaf.
pub struct Done<T> {
    /// The answer.
    pub value: T,
    /// Leaves, in order.
    pub leaves: Vec<LeafDraft>,
    /// Orders to the zone, issued after the leaves so that they bind the new head.
    pub orders: Vec<NewOrder>,
}

impl<T> Done<T> {
    /// A value and its leaf.
    pub fn with(value: T, leaf: LeafDraft) -> Self {
        Self { value, leaves: vec![leaf], orders: Vec::new() }
    }
}

/// Name of the command and what it is about, for the refusal leaf and the policy question.
#[derive(Clone, Debug)]
pub struct Command<'a> {
    /// Verb in snake case; also the Cedar action.
    pub verb: &'a str,
    /// Case, where there is one.
    pub case: Option<CaseId>,
    /// Id of the object asked about, where there is one.
    pub about: Option<String>,
    /// What is known of it, for the policies.
    pub thing: Thing,
}

impl<'a> Command<'a> {
    /// A command without a case.
    pub fn plain(verb: &'a str) -> Self {
        Self { verb, case: None, about: None, thing: Thing::default() }
    }

    /// A command in a case. What the caller gives as one may be anything, a name too: only an id goes into the log.
    pub fn in_case(verb: &'a str, case: &CaseId) -> Self {
        let case = Some(case.clone()).filter(|c| c.has_form());
        Self { verb, case, about: None, thing: Thing::default() }
    }

    /// The same, about an object that the platform named itself.
    #[must_use]
    pub fn about(mut self, id: impl Into<String>) -> Self {
        self.about = Some(id.into());
        self
    }

    /// The same, with what the platform knows of the thing by now.
    #[must_use]
    pub fn with(mut self, thing: Thing) -> Self {
        self.thing = thing;
        self
    }

    /// The same, about an object as the caller named it: only an id goes into the log.
    #[must_use]
    pub fn about_asked(mut self, id: &str, has_form: bool) -> Self {
        self.about = has_form.then(|| id.to_owned());
        self
    }
}

/// A leaf draft for a done command of a person.
pub fn leaf(app: &App, actor: &Actor, command: &Command<'_>, kind: &str) -> LeafDraft {
    LeafDraft {
        case: command.case.as_ref().map(ToString::to_string),
        actor: Some(actor.person.to_string()),
        org: Some(actor.org.to_string()),
        refs: command.about.iter().map(|a| ("about".to_owned(), a.clone())).collect(),
        ..LeafDraft::done(kind, app.now())
    }
}

impl App {
    /// Runs one command of a person. `work` decides and writes inside the transaction.
    pub async fn command<T, F>(
        &self,
        actor: &Actor,
        command: Command<'_>,
        idempotency: Option<&Idempotency>,
        work: F,
    ) -> AppResult<T>
    where
        T: Serialize + DeserializeOwned,
        F: AsyncFnOnce(&mut Tx, Timestamp) -> AppResult<Done<T>>,
    {
        let mut tx = self.store.begin().await?;
        tx.set_now(self.now());
        if let Some(id) = idempotency
            && let Some(stored) = tx.idempotent(actor.person.as_str(), &id.key).await?
        {
            // Committed, not undone: what was read may share a commit that is still to come.
            tx.commit().await?;
            return self.tried(actor, &command, replay(&stored, id)).await;
        }
        let now = self.now();
        let tried = match self.policies.permit(actor, &command) {
            Ok(()) => work(&mut tx, now).await,
            Err(refusal) => Err(refusal.into()),
        };
        match tried {
            Ok(done) => self.record(tx, actor, idempotency, done).await,
            Err(AppError::Refused(refusal)) => {
                self.record_refusal(tx, actor, &command, &refusal).await?;
                Err(AppError::Refused(refusal))
            }
            Err(other) => {
                tx.undo().await?;
                Err(other)
            }
        }
    }

    /// What a command is judged by before its transaction (a password to hash, an answer given before) is a try like any
    /// other: a refusal leaves its leaf.
    pub async fn tried<T>(&self, actor: &Actor, command: &Command<'_>, tried: AppResult<T>) -> AppResult<T> {
        if let Err(AppError::Refused(refusal)) = &tried {
            let mut tx = self.store.begin().await?;
            tx.set_now(self.now());
            self.record_refusal(tx, actor, command, refusal).await?;
        }
        tried
    }

    /// Whether the person may try at all, with a leaf if not: asked before work that should not be done for nothing.
    pub async fn permitted(&self, actor: &Actor, command: &Command<'_>) -> AppResult<()> {
        let asked = self.policies.permit(actor, command).map_err(AppError::from);
        self.tried(actor, command, asked).await
    }

    async fn record<T: Serialize>(
        &self,
        mut tx: Tx,
        actor: &Actor,
        idempotency: Option<&Idempotency>,
        done: Done<T>,
    ) -> AppResult<T> {
        if done.leaves.is_empty() {
            tx.undo().await?;
            return Err(AppError::bug("a command without a leaf"));
        }
        for draft in done.leaves {
            tx.append_leaf(draft).await?;
        }
        for order in done.orders {
            orders::issue(self, &mut tx, order).await?;
        }
        if let Some(id) = idempotency {
            let body = serde_json::to_vec(&done.value)?;
            tx.remember(actor.person.as_str(), &id.key, &id.fingerprint, 200, &body).await?;
        }
        tx.commit().await?;
        Ok(done.value)
    }

    /// What the command wrote is undone; its refusal is kept in the same transaction.
    async fn record_refusal(
        &self,
        mut tx: Tx,
        actor: &Actor,
        command: &Command<'_>,
        refusal: &Refusal,
    ) -> AppResult<()> {
        tx.undo().await?;
        let mut draft = leaf(self, actor, command, command.verb);
        draft.outcome = Outcome::Refused;
        draft.rule = Some(refusal.rule.clone());
        draft.article = Some(refusal.article.clone()).filter(|a| !a.is_empty());
        draft.refs.insert("code".to_owned(), refusal.code.clone());
        tx.append_leaf(draft).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn replay<T: DeserializeOwned>(stored: &store::Stored, id: &Idempotency) -> AppResult<T> {
    if stored.fingerprint != id.fingerprint {
        return Err(Refusal::new(
            "idempotency-key-reused",
            "PRODUCT-IDEMPOTENCY",
            "",
            "同一幂等键用于了不同的请求；请换一个新的幂等键。",
            "The idempotency key was used for a different request; use a new key.",
        )
        .into());
    }
    Ok(serde_json::from_slice(&stored.body)?)
}
