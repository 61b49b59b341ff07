//! Cases: opening one, drafting the statement a person would sign, and taking a step by a signed act.

use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command, Done, Idempotency, leaf};
use crate::policy::Thing;
use crate::{App, effects, facts, keys, objects, resources, views};
use crypto::PublicKey;
use model::act::{ACT_TYPE, Act, Decision};
use model::case::{self, Case, Documents};
use model::ids::{CaseId, ResourceId};
use model::order::OBJECT_TYPE;
use model::procedure::{Facts, Procedure, StepEffect, check_opening, check_standing, decide, open_case};
use model::{Digest, Entity, Refusal, Signed, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Tx;

/// Type name under which the documents of an act are digested.
pub const DOCUMENTS_TYPE: &str = "documents";
/// How far a signer's clock may be off.
const SIGN_SKEW_MS: i64 = 10 * 60_000;

/// An act as stored: whole, under the digest that the leaf refers to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredAct {
    /// Digest of the signed statement.
    pub id: String,
    /// Case.
    pub case: CaseId,
    /// The statement.
    pub act: Signed<Act>,
    /// How long the case's history was with it: which way through the procedure it belongs to.
    #[serde(default)]
    pub n: usize,
}

impl Entity for StoredAct {
    const KIND: &'static str = "act";
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        Some(self.case.as_str())
    }
}

/// Opens a case. Only someone who could take a first step may open one.
pub async fn open(
    app: &App,
    actor: &Actor,
    procedure: &str,
    object: Value,
    idempotency: Option<&Idempotency>,
) -> AppResult<Value> {
    let id = CaseId::from_part(&crypto::random_hex(10)?);
    // Only a name that the pack knows goes into the log; another may be anything.
    let command = Command::in_case("open_case", &id);
    let command = if app.pack.procedure(procedure).is_some() { command.about(procedure) } else { command };
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let found = app.pack.procedure(procedure).ok_or(AppError::NotFound("procedure"))?;
        crate::matters::may_open(app, found, actor)?;
        let object = objects::complete(app, tx, actor, found, object).await?;
        let mut case = open_case(&app.pack, procedure, id, object, &actor.as_model(), now)?;
        let digest = signable(object_digest(app, &case))?;
        let facts = facts::load(&app.pack, tx, found, &case).await?;
        concern(&mut case, &facts);
        may_open(app, found, &case, actor, &facts, now)?;
        check_opening(&app.pack, &case, &facts, now)?;
        let thing = Thing::of(found, None, &case, &facts, now);
        // Where the procedure says the same at its first step, it says more.
        app.policies
            .permit(actor, &for_leaf.clone().with(thing))
            .map_err(|refusal| check_standing(&app.pack, &case, &facts, now).err().unwrap_or(refusal))?;
        effects::opened(tx, found, &case, now).await?;
        tx.put(&case).await?;
        let mut draft = leaf(app, actor, &for_leaf, "case_opened");
        draft.object = Some(digest.to_string());
        Ok(Done::with(views::case_view(app, actor, &case, &facts), draft))
    })
    .await
}

/// Keeps with the case whom it concerns although its object does not name them: a stop names no operator, but the
/// operator must see what is decided about its authorisation, and so must whoever granted it or supervises its data.
fn concern(case: &mut Case, facts: &Facts) {
    if let Some(row) = facts.authorisation.as_ref().filter(|a| case.text("authorisation") == Some(a.id.as_str())) {
        case.data.insert("operator".to_owned(), Value::String(row.operator.to_string()));
        case.data.insert("authoriser".to_owned(), Value::String(row.authoriser.to_string()));
    }
    // Whoever reviews a change sees what it changes, also when the entry has moved on.
    if case.text("replaces").is_some()
        && let Some(row) = case.text("resource").and_then(|id| facts.resources.get(&ResourceId::from(id)))
    {
        case.data.insert(resources::BEFORE.to_owned(), serde_json::json!(row));
    }
    let supervisors: Vec<Value> =
        facts.resources.values().filter_map(|r| r.supervisor.as_ref()).map(|o| Value::String(o.to_string())).collect();
    if !supervisors.is_empty() {
        case.data.insert("supervisors".to_owned(), Value::Array(supervisors));
    }
}

fn may_open(
    app: &App,
    procedure: &Procedure,
    case: &Case,
    actor: &Actor,
    facts: &Facts,
    now: Timestamp,
) -> Result<(), Refusal> {
    let mut last = None;
    for step in procedure.steps_from(&case.state) {
        match decide(&app.pack, case, &actor.as_model(), &case::Command::approve(&step.name), facts, now) {
            Err(refusal) if refusal.code == "wrong-role" => last = Some(refusal),
            _ => return Ok(()),
        }
    }
    last.map_or(Ok(()), Err)
}

/// The digest of a case's canonical object, as acts are signed over it.
pub fn object_digest(app: &App, case: &Case) -> AppResult<Digest> {
    Ok(Digest(crypto::digest_of(app.suite(), OBJECT_TYPE, &case.object)?.to_string()))
}

/// What has no canonical form cannot be signed, and its case could never go on.
fn signable(digest: AppResult<Digest>) -> AppResult<Digest> {
    digest.map_err(|_| {
        AppError::usage(
            "bad-object",
            "object",
            "object 中的数值须为整数，且绝对值小于 2 的 53 次方。",
            "Numbers in `object` must be whole and smaller than 2 to the power of 53.",
        )
    })
}

fn documents_digest(app: &App, documents: &Documents) -> AppResult<Digest> {
    crypto::digest_of(app.suite(), DOCUMENTS_TYPE, documents).map(|d| Digest(d.to_string())).map_err(|_| {
        AppError::usage(
            "bad-documents",
            "documents",
            "材料中不得有小数；金额以分、比例以千分比填写。",
            "Documents hold no fractions: give money in fen and ratios per mille.",
        )
    })
}

/// The exact statement the caller would sign for a step.
pub async fn draft_act(
    app: &App,
    actor: &Actor,
    id: &CaseId,
    step: &str,
    decision: Decision,
    documents: &Documents,
) -> AppResult<Act> {
    let case: Case = app.store.get(id.as_str()).await?.ok_or(AppError::NotFound("case"))?;
    views::check_visible(app, actor, &case)?;
    Ok(Act {
        v: 1,
        deployment: app.deployment.deployment.clone(),
        case: case.id.clone(),
        procedure: case.procedure.clone(),
        step: step.to_owned(),
        decision,
        object: object_digest(app, &case)?,
        documents: documents_digest(app, documents)?,
        head: head(app, &app.store.case_leaves(id.as_str()).await?),
        person: actor.person.clone(),
        org: actor.org.clone(),
        at: app.now(),
    })
}

/// The head that a signer binds: the last leaf of something done that is not a vote still hidden from others. Binding a
/// hidden vote would tell that somebody voted, and when. A refusal changes nothing that was looked at: if it moved the
/// head, whoever sees a case could keep everybody else from signing in it by being refused again and again.
fn head(app: &App, leaves: &[audit::Leaf]) -> Option<Digest> {
    let stands = |l: &&audit::Leaf| l.outcome == audit::Outcome::Done && !l.refs.contains_key("pending");
    let seen = leaves.iter().rev().find(stands)?;
    let bytes = seen.encode().ok()?;
    Some(Digest(audit::leaf_hash(app.suite().hash_alg(), &bytes).to_string()))
}

/// Takes a step by a signed act.
pub async fn act(
    app: &App,
    actor: &Actor,
    signed: Signed<Act>,
    documents: Documents,
    idempotency: Option<&Idempotency>,
) -> AppResult<Value> {
    let id = signed.body.case.clone();
    let verb = match signed.body.decision {
        Decision::Approve => "approve_step",
        Decision::Reject => "reject_step",
    };
    let step = app.pack.procedures.values().find_map(|p| p.step(&signed.body.step)).map(|s| s.name.clone());
    let command = step.into_iter().fold(Command::in_case(verb, &id), Command::about);
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let case: Case = tx.get_for_update(id.as_str()).await?.ok_or(AppError::NotFound("case"))?;
        views::check_visible(app, actor, &case)?;
        check_signature(app, tx, actor, &signed, now).await?;
        check_binding(app, tx, &case, &signed.body, &documents).await?;
        let procedure = app.pack.procedure(&case.procedure).ok_or(AppError::NotFound("procedure"))?;
        let facts = facts::load(&app.pack, tx, procedure, &case).await?;
        let body = &signed.body;
        let asked = case::Command { step: body.step.clone(), decision: body.decision, documents };
        let outcome = decide(&app.pack, &case, &actor.as_model(), &asked, &facts, now)?;
        let thing = Thing::of(procedure, procedure.step(&body.step), &case, &facts, now);
        app.policies.permit(actor, &for_leaf.clone().with(thing))?;
        let digest = crate::link::signed_digest(app, &signed)?;
        let stored = StoredAct {
            id: digest.to_string(),
            case: case.id.clone(),
            act: signed.clone(),
            n: outcome.case.history.len(),
        };
        tx.put(&stored).await?;
        tx.put(&outcome.case).await?;
        let mut draft = leaf(app, actor, &for_leaf, "act");
        draft.object = Some(body.object.to_string());
        draft.rule = Some(outcome.rule.clone());
        draft.article = Some(outcome.article.clone()).filter(|a| !a.is_empty());
        draft.refs = [("act".to_owned(), digest.to_string()), ("step".to_owned(), body.step.clone())].into();
        let blind = procedure.step(&body.step).is_some_and(|s| s.blind);
        if blind && !outcome.complete {
            draft.refs.insert("pending".to_owned(), "1".to_owned());
        }
        let orders = effects::apply_all(app, tx, actor, &outcome, now).await?;
        if outcome.effects.contains(&StepEffect::IssueCertificate)
            && let Some(certificate) = effects::certificate_digest(app, tx, &outcome.case).await?
        {
            draft.refs.insert("certificate".to_owned(), certificate);
        }
        let mut view = views::case_view(app, actor, &outcome.case, &facts);
        view["act"] = Value::String(digest.to_string());
        view["rule"] = Value::String(outcome.rule);
        view["article"] = Value::String(outcome.article);
        view["warnings"] = serde_json::to_value(&outcome.warnings)?;
        Ok(Done { value: view, leaves: vec![draft], orders })
    })
    .await
}

async fn check_signature(app: &App, tx: &mut Tx, actor: &Actor, signed: &Signed<Act>, now: Timestamp) -> AppResult<()> {
    let list = keys::current(tx).await?.body;
    let entry = keys::entry_of(&list, actor, now).filter(|e| e.key == signed.key);
    let public: Option<PublicKey> = entry.and_then(|e| e.public.parse().ok());
    let body = &signed.body;
    let own = body.person == actor.person && body.org == actor.org && body.deployment == app.deployment.deployment;
    let fresh = (body.at.0 - now.0).abs() <= SIGN_SKEW_MS;
    let verified = public.is_some_and(|p| p.verify(ACT_TYPE, body, &signed.signature).is_ok());
    if body.v == 1 && own && fresh && verified {
        return Ok(());
    }
    Err(Refusal::new(
        "bad-signature",
        "CRY-8",
        "",
        "签名无效：签名人、密钥、部署、时间或内容与本次请求不符。",
        "The signature does not hold: signer, key, deployment, time or content do not fit this request.",
    )
    .into())
}

/// The statement must be about exactly what is stored now; otherwise the person signed something else.
async fn check_binding(app: &App, tx: &mut Tx, case: &Case, act: &Act, documents: &Documents) -> AppResult<()> {
    if act.procedure != case.procedure || act.object != object_digest(app, case)? {
        return Err(AppError::Moved("object"));
    }
    if act.documents != documents_digest(app, documents)? {
        return Err(AppError::Moved("documents"));
    }
    if act.head != head(app, &tx.case_leaves(case.id.as_str()).await?) {
        return Err(AppError::Moved("case"));
    }
    Ok(())
}
