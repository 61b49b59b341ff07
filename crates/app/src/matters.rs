//! Matters: what a pack has people handle and keep on record beside the chain itself (objections, inspections, evaluations,
//! drills …). What each names, who may begin one and who sees it is the pack's to say.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::funnel::Actor;
use crate::objects::{part, put, text, unknown};
use model::ids::MatterId;
use model::object::{About, MatterSpec, ObjectKind};
use model::party::{OrgRole, Organisation};
use model::procedure::{Procedure, StepEffect};
use model::record::{Authorisation, Product, Resource};
use model::{Case, Pack, Refusal};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use store::{Filter, Tx};

/// Longest title, in characters.
const LONGEST_TITLE: usize = 120;

/// Completes the object of a new matter: whoever opens it says which things it concerns, the platform whose they are.
pub async fn complete(pack: &Pack, tx: &mut Tx, procedure: &Procedure, o: &mut Map<String, Value>) -> AppResult<()> {
    put(o, "matter", MatterId::from_part(&part()?).to_string());
    let title = text(o, "title").trim().to_owned();
    if title.is_empty() || title.chars().count() > LONGEST_TITLE || title.chars().any(hidden) {
        return Err(AppError::usage(
            "bad-title",
            "object.title",
            format!("请用一行文字写明事项名称，不超过 {LONGEST_TITLE} 字。"),
            format!("Give the matter a title of one line, of at most {LONGEST_TITLE} characters."),
        ));
    }
    put(o, "title", title);
    for about in About::ALL {
        o.entry(about.as_str()).or_insert(Value::Null);
    }
    if let Some(about) = procedure.misnamed(&Value::Object(o.clone())) {
        return Err(misnamed(procedure, procedure.about.contains(&about), about));
    }
    let named =
        |o: &Map<String, Value>, field: &str| o.get(field).filter(|v| !v.is_null()).map(|_| text(o, field).to_owned());
    if let Some(id) = named(o, "product") {
        let found: Product = tx.get(&id).await?.ok_or_else(|| unknown("product", &id))?;
        put(o, "authorisation", found.authorisation.to_string());
    }
    let operator = match named(o, "authorisation") {
        Some(id) => {
            let found: Authorisation = tx.get(&id).await?.ok_or_else(|| unknown("authorisation", &id))?;
            Value::String(found.operator.to_string())
        }
        None => Value::Null,
    };
    let provider = match named(o, "resource") {
        Some(id) => {
            let found: Resource = tx.get(&id).await?.ok_or_else(|| unknown("resource", &id))?;
            Value::String(found.provider.to_string())
        }
        None => Value::Null,
    };
    if let Some(id) = named(o, "organisation") {
        let found: Organisation = tx.get(&id).await?.ok_or_else(|| unknown("organisation", &id))?;
        let assigns = procedure.steps.iter().any(|s| s.effects.contains(&StepEffect::AssignSupervisor));
        if assigns && !found.roles.contains(&OrgRole::SupervisingDepartment) {
            return Err(no_department());
        }
        let obliged = pack.roles_of(&procedure.name).filter(|_| procedure.about == [About::Organisation]);
        if let Some(roles) = obliged.filter(|roles| !found.roles.iter().any(|r| roles.contains(r))) {
            return Err(other_role(pack, procedure, &roles));
        }
    }
    put(o, "operator", operator);
    put(o, "provider", provider);
    Ok(())
}

/// Characters that are not seen, or turn around what is: a title shall read as it is written.
#[must_use]
pub fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn misnamed(procedure: &Procedure, lacking: bool, about: About) -> AppError {
    let [zh, en] = AppError::looked_for(about.as_str());
    let (name_zh, name_en) = (&procedure.zh, &procedure.en);
    let at = format!("object.{about}");
    if lacking {
        let (zh, en) = (format!("“{name_zh}”须指明{zh}。"), format!("\"{name_en}\" must name the {en} it is about."));
        return AppError::usage("nothing-named", at, zh, en);
    }
    let (zh, en) =
        (format!("“{name_zh}”不涉及{zh}，请去掉该项。"), format!("\"{name_en}\" is about no {en}: leave it out."));
    AppError::usage("named-too-much", at, zh, en)
}

fn other_role(pack: &Pack, procedure: &Procedure, roles: &[OrgRole]) -> AppError {
    let [zh, en] = role_names(pack, roles);
    AppError::usage(
        "other-role",
        "object.organisation",
        format!("“{}”的对象须为{zh}。", procedure.zh),
        format!("\"{}\" is about: {en}.", procedure.en),
    )
}

/// Roles of organisations in the city's words, Chinese and English.
fn role_names(pack: &Pack, roles: &[OrgRole]) -> [String; 2] {
    let terms: Vec<_> = roles.iter().filter_map(|r| pack.role_term(*r)).collect();
    let zh: Vec<&str> = terms.iter().map(|t| t.zh.as_str()).collect();
    let en: Vec<&str> = terms.iter().map(|t| t.en.as_str()).collect();
    [zh.join("、"), en.join(", ")]
}

/// Whether the caller's organisation has a role that may begin such a matter.
pub fn may_open(app: &App, procedure: &Procedure, actor: &Actor) -> Result<(), Refusal> {
    if procedure.opened_by.is_empty() || actor.org_roles.iter().any(|r| procedure.opened_by.contains(r)) {
        return Ok(());
    }
    let [zh, en] = role_names(&app.pack, &procedure.opened_by);
    Err(app.pack.refusal(
        "wrong-role",
        &app.pack.rule_of(procedure),
        format!("“{}”由{zh}发起。", procedure.zh),
        format!("\"{}\" is begun by: {en}.", procedure.en),
    ))
}

/// Who sees a case beside those whose step it is.
pub enum Audience {
    /// Whoever opened it: a matter that was not handed in yet.
    Author,
    /// Who opened it, who acted and who oversees: a confidential matter.
    Handlers,
    /// Everybody named in it, too.
    Parties,
}

/// Who sees this case.
pub fn audience(app: &App, case: &Case) -> Audience {
    match app.pack.procedure(&case.procedure).filter(|p| p.object == ObjectKind::Matter) {
        Some(p) if case.state == p.start => Audience::Author,
        Some(p) if p.confidential => Audience::Handlers,
        _ => Audience::Parties,
    }
}

/// How matters about an authorisation ended last, as far as the grounds of this procedure rest on them: a failed evaluation is
/// no ground any more once a later one was passed.
pub async fn outcomes(
    pack: &Pack,
    tx: &mut Tx,
    procedure: &Procedure,
    authorisation: &str,
) -> AppResult<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let proofs = pack.list(&format!("{}.proofs", procedure.name)).unwrap_or_default();
    for outcome in proofs.iter().filter_map(|e| e.split_once('=').map(|(_, outcome)| outcome)) {
        let Some((name, _)) = outcome.split_once('.') else { continue };
        let cases: Vec<Case> = tx.list(&Filter { parent: Some(name.to_owned()), ..Filter::default() }).await?;
        let ended = cases
            .iter()
            .filter(|c| c.text("authorisation") == Some(authorisation))
            .filter_map(|c| Some((c.entered_at, pack.ended_as(c)?)));
        found.extend(ended.max_by_key(|(at, _)| *at).map(|(_, end)| end));
    }
    Ok(found)
}

fn no_department() -> AppError {
    AppError::usage(
        "unknown-supervisor",
        "object.organisation",
        "所指单位没有登记为监管部门。",
        "The organisation named is not recorded as a supervising department.",
    )
}

/// Assigns the resource to the department that the matter names (JL-5.2).
pub async fn assign_supervisor(tx: &mut Tx, case: &Case) -> AppResult<()> {
    let spec: MatterSpec = crate::effects::object(case)?;
    let (Some(resource), Some(to)) = (spec.resource, spec.organisation) else {
        return Err(AppError::bug("an assignment without a resource or a department"));
    };
    let department: Organisation = tx.get(to.as_str()).await?.ok_or(AppError::NotFound("organisation"))?;
    if !department.roles.contains(&OrgRole::SupervisingDepartment) {
        return Err(no_department());
    }
    let mut row: Resource = tx.get_for_update(resource.as_str()).await?.ok_or(AppError::NotFound("resource"))?;
    row.supervisor = Some(to);
    tx.put(&row).await?;
    Ok(())
}
