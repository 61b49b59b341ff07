//! Public notices, and objections that anyone may raise without an account (the pack says in which procedures). An objection
//! blocks the end of the notice until the authority has answered it.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::funnel::Actor;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::case::Case;
use model::ids::{CaseId, ObjectionId};
use model::party::{OrgRole, Organisation, PersonRole};
use model::record::{Objection, PublicNotice};
use model::{Digest, Entity, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{Filter, LeafDraft, Tx};

/// Characters of an objection's text.
const LONGEST: usize = 5_000;
/// Characters of what a person leaves to be answered under.
const LONGEST_CONTACT: usize = 200;
/// Objections that may wait for an answer in one case: more would be noise, and each of them blocks already.
const MOST_OPEN: usize = 200;
/// Objections without an account in one minute, over all notices.
const MOST_A_MINUTE: i64 = 10;
const MINUTE_MS: i64 = 60_000;

const COUNT: &str = "objections.minute.count";
const SINCE: &str = "objections.minute.since";

/// What somebody without an account wrote. The text may name people; it stays in the platform and out of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicObjection {
    /// The objection's id.
    pub id: ObjectionId,
    /// Case on notice.
    pub case: CaseId,
    /// Text.
    pub text: String,
    /// Where to answer, sealed under the people key (base64).
    pub contact: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Entity for PublicObjection {
    const KIND: &'static str = "public_objection";
    fn id(&self) -> &str {
        self.id.as_str()
    }
    fn parent(&self) -> Option<&str> {
        Some(self.case.as_str())
    }
}

/// Notices that run now, for anyone.
pub async fn list(app: &App) -> AppResult<Value> {
    let now = app.now();
    let rows: Vec<PublicNotice> = app.store.list(&Filter::default()).await?;
    let mut list = Vec::new();
    for notice in rows.iter().filter(|n| n.from <= now) {
        if let Some(case) = on_notice(app, notice).await? {
            list.push(view(app, notice, &case).await?);
        }
    }
    Ok(json!({ "notices": list }))
}

/// One notice that runs now, for anyone.
pub async fn one(app: &App, id: &str) -> AppResult<Value> {
    let notice: PublicNotice = app.store.get(id).await?.ok_or(AppError::NotFound("notice"))?;
    let case = on_notice(app, &notice).await?.ok_or(AppError::NotFound("notice"))?;
    view(app, &notice, &case).await
}

/// The case, while it stands in the state in which it was put on notice.
async fn on_notice(app: &App, notice: &PublicNotice) -> AppResult<Option<Case>> {
    let case: Option<Case> = app.store.get(notice.id.as_str()).await?;
    Ok(case.filter(|case| takes_objections(app, case)))
}

/// A step that anyone may take to object leads out of the case's state.
fn takes_objections(app: &App, case: &Case) -> bool {
    use model::procedure::{By, StepEffect};
    let procedure = app.pack.procedure(&case.procedure);
    procedure
        .into_iter()
        .flat_map(|p| p.steps_from(&case.state))
        .any(|s| s.by.contains(&By::Anyone) && s.effects.contains(&StepEffect::RecordObjection))
}

async fn view(app: &App, notice: &PublicNotice, case: &Case) -> AppResult<Value> {
    let procedure = app.pack.procedure(&case.procedure);
    let applicant: Option<Organisation> = app.store.get(case.applicant.as_str()).await?;
    let open: Vec<Objection> = app.store.list(&Filter::of(case.id.as_str())).await?;
    let mode = case.text("mode").and_then(|word| app.pack.term(word));
    Ok(json!({
        "case": case.id, "procedure_zh": procedure.map(|p| &p.zh), "procedure_en": procedure.map(|p| &p.en),
        "applicant_zh": applicant.as_ref().map(|o| &o.zh), "applicant_en": applicant.as_ref().map(|o| &o.en),
        "uscc": applicant.and_then(|o| o.uscc), "mode_zh": mode.map(|t| &t.zh), "mode_en": mode.map(|t| &t.en),
        "from": notice.from, "until": notice.until, "from_text": notice.from.date().to_string(),
        "until_text": notice.until.date().to_string(),
        "objections": open.iter().filter(|o| !o.settled).count(),
    }))
}

/// Somebody without an account objects.
///
/// # Errors
/// No such notice; the text is empty or too long; too many at once.
pub async fn object(app: &App, id: &CaseId, text: &str, contact: Option<&str>) -> AppResult<ObjectionId> {
    let text = checked(text, 1, LONGEST, "text")?;
    let contact = contact.map(str::trim).filter(|c| !c.is_empty());
    let contact = contact.map(|c| checked(c, 1, LONGEST_CONTACT, "contact")).transpose()?;
    let objection = ObjectionId::from_part(&crypto::random_hex(8)?);
    let sealed = contact.map(|c| app.people.seal_name(objection.as_str(), &c)).transpose()?;
    let mut tx = app.store.begin().await?;
    let now = app.now();
    tx.set_now(now);
    if let Err(refused) = admit(app, &mut tx, id, now).await {
        tx.undo().await?;
        return Err(refused);
    }
    let digest = crypto::digest_of(app.suite(), "objection", &json!({ "ground": text }))?.to_string();
    let row =
        Objection { id: objection.clone(), case: id.clone(), digest: Digest(digest.clone()), settled: false, at: now };
    tx.put(&row).await?;
    let contact = sealed.map(|bytes| BASE64.encode(bytes));
    tx.put(&PublicObjection { id: objection.clone(), case: id.clone(), text, contact, at: now }).await?;
    tx.append_leaf(raised(app, id, &objection, digest, now)).await?;
    tx.commit().await?;
    Ok(objection)
}

fn checked(text: &str, least: usize, most: usize, at: &str) -> AppResult<String> {
    let text = text.trim().replace("\r\n", "\n");
    let plain = !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if plain && (least..=most).contains(&text.chars().count()) {
        return Ok(text);
    }
    Err(AppError::usage(
        "bad-text",
        at,
        format!("请填写 {least} 至 {most} 个字符的文字。"),
        format!("Give text of {least} to {most} characters."),
    ))
}

/// The notice must run, and nobody may drown it.
async fn admit(app: &App, tx: &mut Tx, id: &CaseId, now: Timestamp) -> AppResult<()> {
    let notice: Option<PublicNotice> = tx.get(id.as_str()).await?;
    let case: Option<Case> = tx.get_for_update(id.as_str()).await?;
    if notice.is_none() || !case.is_some_and(|case| takes_objections(app, &case)) {
        return Err(AppError::NotFound("notice"));
    }
    let open: Vec<Objection> = tx.list(&Filter::of(id.as_str())).await?;
    let number = async |tx: &mut Tx, name: &str| -> AppResult<i64> {
        Ok(tx.meta_get(name).await?.and_then(|text| text.parse().ok()).unwrap_or(0))
    };
    let (mut count, mut since) = (number(tx, COUNT).await?, number(tx, SINCE).await?);
    if now.0 - since >= MINUTE_MS || now.0 < since {
        (count, since) = (0, now.0);
    }
    if count >= MOST_A_MINUTE || open.iter().filter(|o| !o.settled).count() >= MOST_OPEN {
        return Err(Refusal::new(
            "too-many-objections",
            "PRODUCT-NOTICE",
            "",
            "目前收到的异议过多，请稍后再提交，或按公示所列方式书面提出。",
            "Too many objections are coming in: try again later, or object in writing as the notice says.",
        )
        .into());
    }
    tx.meta_set(COUNT, &(count + 1).to_string()).await?;
    tx.meta_set(SINCE, &since.to_string()).await?;
    Ok(())
}

fn raised(app: &App, case: &CaseId, objection: &ObjectionId, digest: String, now: Timestamp) -> LeafDraft {
    let step = app.pack.procedures.values().flat_map(|p| &p.steps);
    let rule = step
        .filter(|s| s.effects.contains(&model::procedure::StepEffect::RecordObjection))
        .map(|s| s.rule.clone())
        .next();
    let article = rule.as_deref().map(|rule| app.pack.article(rule)).filter(|a| !a.is_empty());
    LeafDraft {
        case: Some(case.to_string()),
        rule,
        article,
        object: Some(digest),
        refs: BTreeMap::from([("objection".to_owned(), objection.to_string())]),
        ..LeafDraft::done("objection_raised", now)
    }
}

/// Objections without an account in a case, for the data authority; where to answer, for its approvers.
pub async fn objections(app: &App, actor: &Actor, case: &CaseId) -> AppResult<Vec<Value>> {
    if !actor.org_roles.contains(&OrgRole::DataAuthority) {
        return Ok(Vec::new());
    }
    let texts: Vec<PublicObjection> = app.store.list(&Filter::of(case.as_str())).await?;
    let rows: Vec<Objection> = app.store.list(&Filter::of(case.as_str())).await?;
    let settled = |id: &ObjectionId| rows.iter().any(|o| o.id == *id && o.settled);
    let mut list = Vec::new();
    for o in &texts {
        let mut view = json!({ "id": o.id, "text": o.text, "at": o.at, "settled": settled(&o.id) });
        if let Some(sealed) = o.contact.as_ref().filter(|_| actor.roles.contains(&PersonRole::Approver)) {
            let bytes = BASE64.decode(sealed).map_err(AppError::bug)?;
            view["contact"] = json!(app.people.open_name(o.id.as_str(), &bytes)?.as_str());
        }
        list.push(view);
    }
    Ok(list)
}
