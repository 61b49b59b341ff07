//! Completes the object of a new case: the caller says what it is about, the platform adds the ids, digests and
//! organisations that are its own to give. What the caller may not say is overwritten, never trusted.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::funnel::Actor;
use model::ids::{
    AnnouncementId, AuthorisationId, GrantId, ImplementationPlanId, JobId, OrderId, PlanId, ProductId, ResourceId,
    ScenarioId, StaffId,
};
use model::object::ObjectKind;
use model::party::Organisation;
use model::procedure::Procedure;
use model::record::{Authorisation, Grant, Job, Product, Resource, ResourceState};
use model::{Digest, check_usable};
use serde_json::{Map, Value, json};
use store::Tx;

/// The completed object of a case of a procedure.
pub async fn complete(app: &App, tx: &mut Tx, actor: &Actor, procedure: &Procedure, asked: Value) -> AppResult<Value> {
    let Value::Object(mut o) = asked else {
        return Err(AppError::usage(
            "bad-object",
            "object",
            "object 应为 JSON 对象。",
            "`object` must be a JSON object.",
        ));
    };
    match procedure.object {
        ObjectKind::Resource => resource(app, tx, actor, &mut o).await?,
        ObjectKind::ImplementationPlan => {
            put(&mut o, "implementation_plan", ImplementationPlanId::from_part(&part()?).to_string());
            put(&mut o, "agency", actor.org.to_string());
            resources(tx, &mut o).await?;
        }
        ObjectKind::Announcement => put(&mut o, "announcement", AnnouncementId::from_part(&part()?).to_string()),
        ObjectKind::Authorisation => authorisation(tx, actor, &mut o).await?,
        ObjectKind::Scenario => {
            put(&mut o, "scenario", ScenarioId::from_part(&part()?).to_string());
            put(&mut o, "operator", actor.org.to_string());
        }
        ObjectKind::Staff => {
            put(&mut o, "staff", StaffId::from_part(&part()?).to_string());
            put(&mut o, "operator", actor.org.to_string());
        }
        ObjectKind::Plan => {
            put(&mut o, "plan", PlanId::from_part(&part()?).to_string());
            put(&mut o, "holder", actor.org.to_string());
        }
        ObjectKind::Grant => grant(tx, actor, &mut o).await?,
        ObjectKind::Job => {
            put(&mut o, "job", JobId::from_part(&part()?).to_string());
            put(&mut o, "product", ProductId::from_part(&part()?).to_string());
            put(&mut o, "author", actor.person.to_string());
            put(&mut o, "author_org", actor.org.to_string());
        }
        ObjectKind::Release => o = release(tx, &o).await?,
        ObjectKind::Product => product(tx, actor, &mut o).await?,
        ObjectKind::Recipient => recipient(tx, actor, &mut o).await?,
        ObjectKind::ResourceStop => {
            let id = text(&o, "resource").to_owned();
            let found: Resource = tx.get(&id).await?.ok_or_else(|| unknown("resource", &id))?;
            put(&mut o, "provider", found.provider.to_string());
            put(&mut o, "article", article(app, procedure));
        }
        ObjectKind::Stop => put(&mut o, "article", article(app, procedure)),
        ObjectKind::Matter => crate::matters::complete(&app.pack, tx, procedure, &mut o).await?,
    }
    Ok(Value::Object(o))
}

/// The article of a stop is that of the procedure's first step with one, as its row numbers it: every later refusal cites it, and
/// nobody who opens a case may write another.
fn article(app: &App, procedure: &Procedure) -> String {
    app.pack.article_cited(&app.pack.rule_of(procedure))
}

pub(crate) fn part() -> AppResult<String> {
    Ok(crypto::random_hex(10)?)
}

pub(crate) fn put(o: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    o.insert(field.to_owned(), value.into());
}

pub(crate) fn text<'a>(o: &'a Map<String, Value>, field: &str) -> &'a str {
    o.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A new entry of the catalogue, or a change of one's own entry that names it. A change names the contract it replaces, so
/// that two changes at once cannot both be taken.
async fn resource(app: &App, tx: &mut Tx, actor: &Actor, o: &mut Map<String, Value>) -> AppResult<()> {
    let changed = match o.get("resource") {
        None | Some(Value::Null) => None,
        Some(id) => {
            let id = id.as_str().unwrap_or_default();
            let own = tx.get::<Resource>(id).await?.filter(|r| r.provider == actor.org);
            let own = own.ok_or_else(|| unknown("resource", id))?;
            if own.state == ResourceState::Sealed {
                check_usable(&app.pack, &own)?;
            }
            Some(Some(own).filter(|r| r.state == ResourceState::Catalogued).ok_or_else(|| unknown("resource", id))?)
        }
    };
    put(o, "provider", actor.org.to_string());
    o.remove("replaces");
    match changed {
        Some(row) => {
            put(o, "table", row.spec.table);
            put(o, "replaces", row.spec.contract_digest.0);
        }
        None => put(o, "resource", ResourceId::from_part(&part()?).to_string()),
    }
    let contract = o.get("contract").and_then(Value::as_str).unwrap_or_default();
    readable(contract, text(o, "table"))?;
    let digest = app.suite().hash(contract.as_bytes()).to_string();
    put(o, "contract_digest", digest);
    Ok(())
}

/// Longest contract text, in bytes.
const LONGEST_CONTRACT: usize = 512 * 1024;

/// People decide on a contract only if it can be read as one: a document with one table of this name and its fields. What
/// it means is the zone's to judge.
fn readable(contract: &str, table: &str) -> AppResult<()> {
    let bad = |zh: &str, en: &str| Err(AppError::usage("bad-contract", "object.contract", zh, en));
    if contract.len() > LONGEST_CONTRACT {
        return bad("合约文本超过 512 KiB。", "The contract is larger than 512 KiB.");
    }
    let document: Value = serde_saphyr::from_str(contract).unwrap_or_default();
    let named = document["schema"][0]["name"].as_str();
    if document["schema"].as_array().map(Vec::len) != Some(1)
        || document["schema"][0]["properties"].as_array().is_none_or(Vec::is_empty)
    {
        return bad(
            "合约不是可读的数据合约（ODCS v3），或其中没有字段。",
            "The contract is no readable data contract (ODCS v3), or has no field.",
        );
    }
    if named != Some(table) {
        return bad("合约中的表名与所填表名不一致。", "The table of the contract has another name than the one given.");
    }
    Ok(())
}

/// Resources may be asked for as a list of ids; the platform adds each one's provider.
async fn resources(tx: &mut Tx, o: &mut Map<String, Value>) -> AppResult<()> {
    let asked: Vec<String> = match o.get("resources") {
        Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let mut known = Map::new();
    for id in asked {
        let found: Resource = tx.get(&id).await?.ok_or_else(|| unknown("resources", &id))?;
        known.insert(id, json!(found.provider));
    }
    o.insert("resources".to_owned(), Value::Object(known));
    Ok(())
}

async fn authorisation(tx: &mut Tx, actor: &Actor, o: &mut Map<String, Value>) -> AppResult<()> {
    let org: Organisation = tx.get(actor.org.as_str()).await?.ok_or(AppError::NotFound("organisation"))?;
    let uscc = org.uscc.ok_or_else(|| {
        AppError::usage(
            "no-uscc",
            "organisation.uscc",
            "申请单位没有登记统一社会信用代码，无法核查名单与禁止期。",
            "The applicant has no unified social credit code on record, so lists and bans cannot be checked.",
        )
    })?;
    put(o, "authorisation", AuthorisationId::from_part(&part()?).to_string());
    put(o, "operator", org.id.to_string());
    put(o, "uscc", uscc);
    put(o, "legal_form", serde_json::to_value(org.legal_form)?);
    o.entry("domain").or_insert(Value::Null);
    o.entry("renewal_of").or_insert(Value::Null);
    resources(tx, o).await
}

async fn grant(tx: &mut Tx, actor: &Actor, o: &mut Map<String, Value>) -> AppResult<()> {
    put(o, "grant", GrantId::from_part(&part()?).to_string());
    put(o, "operator", actor.org.to_string());
    if !o.contains_key("until") {
        let id = text(o, "authorisation").to_owned();
        let found: Authorisation = tx.get(&id).await?.ok_or_else(|| unknown("authorisation", &id))?;
        put(o, "until", found.until.0);
    }
    resources(tx, o).await
}

async fn release(tx: &mut Tx, o: &Map<String, Value>) -> AppResult<Map<String, Value>> {
    let id = text(o, "job");
    let job: Job = tx.get(id).await?.ok_or_else(|| unknown("job", id))?;
    let gate = job
        .gate
        .ok_or_else(|| AppError::usage("job-not-done", "job", "作业尚无产出。", "The job has no result yet."))?;
    let grant: Grant = tx.get(job.grant.as_str()).await?.ok_or(AppError::NotFound("grant"))?;
    let spec = json!({
        "job": job.id, "product": job.spec.product, "artefact": gate.artefact, "gate_report": gate.report,
        "author": job.spec.author, "author_org": job.spec.author_org, "scenario": grant.spec.scenario,
    });
    Ok(spec.as_object().cloned().unwrap_or_default())
}

async fn product(tx: &mut Tx, actor: &Actor, o: &mut Map<String, Value>) -> AppResult<()> {
    let id = text(o, "product").to_owned();
    let found: Product = tx.get(&id).await?.ok_or_else(|| unknown("product", &id))?;
    put(o, "operator", actor.org.to_string());
    put(o, "authorisation", found.authorisation.to_string());
    let artefact = found.artefact.map_or(Value::Null, |Digest(d)| Value::String(d));
    put(o, "artefact", artefact);
    if !o.contains_key("scenario")
        && let Some(first) = found.reviewed_scenarios.first()
    {
        put(o, "scenario", first.to_string());
    }
    o.entry("form_reason").or_insert(Value::Null);
    o.entry("ceiling").or_insert(Value::Null);
    Ok(())
}

async fn recipient(tx: &mut Tx, actor: &Actor, o: &mut Map<String, Value>) -> AppResult<()> {
    let id = text(o, "product").to_owned();
    let found: Product = tx.get(&id).await?.ok_or_else(|| unknown("product", &id))?;
    put(o, "order", OrderId::from_part(&part()?).to_string());
    put(o, "consumer", actor.org.to_string());
    put(o, "operator", found.operator.to_string());
    Ok(())
}

pub(crate) fn unknown(field: &str, id: &str) -> AppError {
    let at = format!("object.{field}");
    // What is no id is not said back, however long it is.
    if id.is_empty() || id.len() > LONGEST_ID || id.chars().any(|c| !c.is_ascii_graphic()) {
        return AppError::usage(
            "unknown-id",
            at,
            "此处须为对象的编号（一段文字）。",
            "The id of an object belongs here, as a text.",
        );
    }
    AppError::usage(
        "unknown-id",
        at,
        format!("没有编号为 {id} 的对象。"),
        format!("There is nothing with the id {id}."),
    )
}

/// Longest id, in bytes.
const LONGEST_ID: usize = 80;
