//! The one decision function: does the procedure allow this command of this actor now?
//! Pure and deterministic; reads no clock and writes nothing.

use super::actor::{conflict, may_take, providers, supervisors};
use super::document::{DocumentForm, Misfit};
use super::due::{deadlines, due_at};
use super::facts::Facts;
use super::guard::{Guard, Input};
use super::step::{By, Exclude, Procedure, Step};
use crate::act::Decision;
use crate::case::{Actor, Case, Command, Done, Outcome};
use crate::ids::CaseId;
use crate::pack::Pack;
use crate::party::PersonRole;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Opens a case in the procedure's first state. Nothing is decided yet: the first step is a command like any other.
///
/// # Errors
/// An unknown procedure, or an object of another shape than the procedure's.
pub fn open_case(
    pack: &Pack,
    procedure: &str,
    id: CaseId,
    object: Value,
    actor: &Actor,
    now: Timestamp,
) -> Result<Case, Refusal> {
    let found = find(pack, procedure)?;
    let object = found.object.normalise(&object).map_err(|why| {
        pack.refusal(
            "object-invalid",
            "PRODUCT-CASE",
            format!("事项对象格式不符：{why}"),
            format!("the object does not have the shape of this procedure: {why}"),
        )
    })?;
    let mut case = Case {
        id,
        procedure: found.name.clone(),
        pack: pack.version(),
        object,
        state: found.start.clone(),
        applicant: actor.org.clone(),
        applicant_group: actor.group.clone(),
        author: actor.person.clone(),
        opened_at: now,
        entered_at: now,
        entered_len: 0,
        history: Vec::new(),
        deadlines: Vec::new(),
        data: BTreeMap::new(),
    };
    case.deadlines = deadlines(pack, found, &case);
    Ok(case)
}

/// Judges one command. On success the case after the step, with what the platform must now do.
///
/// # Errors
/// A refusal with its rule and article.
pub fn decide(
    pack: &Pack,
    case: &Case,
    actor: &Actor,
    command: &Command,
    facts: &Facts,
    now: Timestamp,
) -> Result<Outcome, Refusal> {
    let procedure = find(pack, &case.procedure)?;
    check_pack(pack, case)?;
    let step = find_step(pack, procedure, case, command)?;
    check_actor(pack, step, case, actor, facts)?;
    check_repeat(pack, step, case, actor)?;
    check_due(pack, step, case, actor, now)?;
    check_documents(pack, procedure, step, command)?;
    let input = Input { pack, procedure, case, command, facts, now };
    for (guard, rule) in &step.guards {
        if command.decision == Decision::Approve || guard.on_reject() {
            judge(*guard, rule, &input)?;
        }
    }
    let mut outcome = advance(&input, step, actor);
    outcome.warnings = input.warnings(step);
    Ok(outcome)
}

/// What stands in the way of a case from the beginning, whoever takes its first steps: said when it is opened, so that
/// nobody works on it in vain.
///
/// # Errors
/// The refusal of the guard that does not hold, as the step itself would give it.
pub fn check_opening(pack: &Pack, case: &Case, facts: &Facts, now: Timestamp) -> Result<(), Refusal> {
    check_first(pack, case, facts, now, Guard::at_opening)
}

/// What the first steps of a case say of the authorisation and the grant that it rests on, whoever takes them.
///
/// # Errors
/// The refusal of the guard that does not hold, as the step itself would give it.
pub fn check_standing(pack: &Pack, case: &Case, facts: &Facts, now: Timestamp) -> Result<(), Refusal> {
    check_first(pack, case, facts, now, |guard| matches!(guard, Guard::AuthorisationActive | Guard::GrantInForce))
}

fn check_first(
    pack: &Pack,
    case: &Case,
    facts: &Facts,
    now: Timestamp,
    which: impl Fn(Guard) -> bool,
) -> Result<(), Refusal> {
    let procedure = find(pack, &case.procedure)?;
    for step in procedure.steps_from(&case.state).filter(|s| s.exists_for(&case.object)) {
        let command = Command::approve(&step.name);
        let input = Input { pack, procedure, case, command: &command, facts, now };
        for (guard, rule) in step.guards.iter().filter(|(guard, _)| which(**guard)) {
            judge(*guard, rule, &input)?;
        }
    }
    Ok(())
}

fn judge(guard: Guard, beside: &str, input: &Input<'_>) -> Result<(), Refusal> {
    guard.check(input).map_err(|fail| {
        let rule = guard.rule(input, beside);
        input.pack.refusal(&guard.code(), rule, fail.zh, fail.en)
    })
}

/// The steps that this actor could take in the case now, as far as role, separation of duties and earlier votes say;
/// documents and guards are judged when the step is taken.
#[must_use]
pub fn steps_for<'a>(pack: &'a Pack, case: &Case, actor: &Actor, facts: &Facts) -> Vec<&'a Step> {
    let steps = pack.procedure(&case.procedure).map(|p| p.steps.iter()).into_iter().flatten();
    steps
        .filter(|s| s.from.contains(&case.state) && s.exists_for(&case.object))
        .filter(|s| check_actor(pack, s, case, actor, facts).is_ok() && check_repeat(pack, s, case, actor).is_ok())
        .collect()
}

/// What a person may see of a case's history: votes of a blind step stay hidden until all are in, except one's own.
#[must_use]
pub fn visible_history<'a>(pack: &Pack, case: &'a Case, viewer: &crate::ids::PersonId) -> Vec<&'a Done> {
    let procedure = pack.procedure(&case.procedure);
    let hidden = |i: usize, d: &Done| {
        let pending = i >= case.entered_len && d.state == case.state;
        let blind = procedure.and_then(|p| p.step(&d.step)).is_some_and(|s| s.blind);
        pending && blind && &d.person != viewer
    };
    case.history.iter().enumerate().filter(|(i, d)| !hidden(*i, d)).map(|(_, d)| d).collect()
}

fn find<'a>(pack: &'a Pack, name: &str) -> Result<&'a Procedure, Refusal> {
    pack.procedure(name).ok_or_else(|| {
        pack.refusal("unknown-procedure", "PRODUCT-CASE", "规则包没有这一程序", "the rule pack has no such procedure")
    })
}

fn check_pack(pack: &Pack, case: &Case) -> Result<(), Refusal> {
    if case.pack == pack.version() {
        return Ok(());
    }
    Err(pack.refusal(
        "pack-version",
        "PRODUCT-CASE",
        format!("该事项适用规则包 {}，不是 {}", case.pack, pack.version()),
        format!("the case runs under pack {}, not {}", case.pack, pack.version()),
    ))
}

fn find_step<'a>(pack: &Pack, procedure: &'a Procedure, case: &Case, command: &Command) -> Result<&'a Step, Refusal> {
    let step = procedure.step(&command.step).ok_or_else(|| {
        pack.refusal("unknown-step", "PRODUCT-CASE", "程序没有这一步骤", "the procedure has no such step")
    })?;
    if !step.exists_for(&case.object) {
        return Err(pack.refusal(
            "step-of-another-branch",
            &step.rule,
            format!("“{}”不适用于这一事项的类型", step.zh),
            format!("\"{}\" is not a step for a case of this kind", step.en),
        ));
    }
    if !step.from.contains(&case.state) {
        let state = procedure.state(&case.state);
        let (zh, en) = state.map_or((case.state.as_str(), case.state.as_str()), |s| (s.zh.as_str(), s.en.as_str()));
        return Err(pack.refusal(
            "wrong-state",
            &step.rule,
            format!("当前状态为“{zh}”，不能办理“{}”", step.zh),
            format!("the case is in state \"{en}\"; \"{}\" is not possible now", step.en),
        ));
    }
    if command.decision == Decision::Reject && step.reject_to.is_none() {
        return Err(pack.refusal(
            "no-rejection",
            &step.rule,
            "该步骤不能作出不同意的决定",
            "this step cannot be rejected",
        ));
    }
    Ok(step)
}

/// Roles of people, any of which will do.
fn roles_said(roles: &[PersonRole]) -> [String; 2] {
    let zh = |r: &PersonRole| match r {
        PersonRole::Approver => "审批人",
        PersonRole::Officer => "经办人",
        PersonRole::Engineer => "工程师",
        _ => "管理员",
    };
    let en: Vec<String> = roles.iter().map(|r| r.word().replace('_', " ")).collect();
    [roles.iter().map(zh).collect::<Vec<_>>().join("或"), en.join(" or ")]
}

fn check_actor(pack: &Pack, step: &Step, case: &Case, actor: &Actor, facts: &Facts) -> Result<(), Refusal> {
    if !may_take(step, case, actor, facts) {
        let who: Vec<String> = step.by.iter().map(|b| b.word()).collect();
        // The right organisation, by somebody who may not: that it is for this organisation would be no news.
        let anybody = Actor { person_roles: step.person_roles.clone(), ..actor.clone() };
        if may_take(step, case, &anybody, facts) {
            let [zh, en] = roles_said(&step.person_roles);
            return Err(pack.refusal(
                "wrong-role",
                &step.rule,
                format!("“{}”须由贵单位具有{zh}角色的人员办理", step.zh),
                format!("\"{}\" is for people of your organisation with the role {en}", step.en),
            ));
        }
        return Err(pack.refusal(
            "wrong-role",
            &step.rule,
            format!("“{}”只能由以下角色办理：{}", step.zh, pack.terms_zh(&who)),
            format!("\"{}\" is for {} only", step.en, pack.terms_en(&who)),
        ));
    }
    conflict(step, case, actor, facts).map_or(Ok(()), |rule| {
        let (zh, en) = match rule {
            Exclude::Author => ("作者本人不得办理", "the author may not take this step"),
            Exclude::AuthorOrg => {
                ("作者所在单位及其关联单位不得办理", "the author's organisation and its group may not take this step")
            }
            Exclude::Applicant => {
                ("申请单位及其关联单位不得办理", "the applicant and its group may not take this step")
            }
            Exclude::Concerned => {
                ("事项所涉单位及其关联单位不得办理", "whom the matter concerns, and its group, may not take this step")
            }
            Exclude::EarlierActor => {
                ("已办理过前序步骤的人员不得办理", "someone who took an earlier step may not take this one")
            }
        };
        Err(pack.refusal("conflict-of-interest", "PRODUCT-SEPARATION", zh, en))
    })
}

fn check_repeat(pack: &Pack, step: &Step, case: &Case, actor: &Actor) -> Result<(), Refusal> {
    if step.to == case.state {
        return Ok(());
    }
    let votes = || case.round().iter().filter(|d| d.step == step.name);
    if votes().any(|d| d.person == actor.person) {
        return Err(pack.refusal(
            "already-done",
            &step.rule,
            "本人已经表决或办理",
            "this person has already acted at this step",
        ));
    }
    let each = step.by.contains(&By::EachProvider) || step.by.contains(&By::EachSupervisor);
    let per_org = step.distinct_orgs || each;
    if per_org && votes().any(|d| d.org == actor.org || d.group.is_some() && d.group == actor.group) {
        return Err(pack.refusal(
            "organisation-already-acted",
            &step.rule,
            "本单位或其关联单位已经表决或办理",
            "this organisation or its group has already acted at this step",
        ));
    }
    Ok(())
}

fn check_due(pack: &Pack, step: &Step, case: &Case, actor: &Actor, now: Timestamp) -> Result<(), Refusal> {
    let Some(due) = step.due.as_ref().filter(|_| actor.clock) else {
        return Ok(());
    };
    match due_at(pack, case, due) {
        Some(at) if now >= at => Ok(()),
        _ => Err(pack.refusal("not-due", &step.rule, "期限未满", "the time has not run out yet")),
    }
}

fn check_documents(pack: &Pack, procedure: &Procedure, step: &Step, command: &Command) -> Result<(), Refusal> {
    let approve = command.decision == Decision::Approve;
    let wanted = if approve { &step.documents } else { &step.reject_documents };
    for name in wanted {
        let form = procedure.documents.get(name);
        let Some(form) = form else { continue };
        let Some(document) = command.documents.get(name) else {
            return Err(pack.refusal(
                "document-missing",
                &form.rule,
                format!("缺少材料：{}", form.zh),
                format!("a document is missing: {} ({name})", form.en),
            ));
        };
        form.check(document, approve).map_err(|misfit| misfit_refusal(pack, form, name, &misfit))?;
    }
    let stray = command.documents.keys().find(|n| !wanted.contains(n));
    stray.map_or(Ok(()), |name| {
        Err(pack.refusal(
            "document-unknown",
            &step.rule,
            format!("该步骤不收材料：{name}"),
            format!("this step takes no document named {name}"),
        ))
    })
}

fn misfit_refusal(pack: &Pack, form: &DocumentForm, name: &str, misfit: &Misfit) -> Refusal {
    if let Misfit::Unlisted(field) = misfit
        && let Some(refusal) = unlisted(pack, form, name, field)
    {
        return refusal;
    }
    let label = |field: &str| {
        let found = form.fields.iter().find(|f| f.name == field);
        found.map_or((field.to_owned(), field.to_owned()), |f| (f.zh.clone(), format!("{} ({name}.{field})", f.en)))
    };
    let (code, (zh, en), why_zh, why_en) = match misfit {
        Misfit::Missing(f) => ("document-incomplete", label(f), "未填写", "is missing"),
        Misfit::Kind(f) | Misfit::Unlisted(f) => ("document-invalid", label(f), "格式不符", "is of the wrong kind"),
        Misfit::Unknown(f) => ("document-invalid", label(f), "不是该材料的字段", "is not a field of this document"),
        Misfit::Adverse(f) => ("adverse-finding", label(f), "结论不允许同意", "does not allow approval"),
    };
    pack.refusal(code, &form.rule, format!("{}：{zh}{why_zh}", form.zh), format!("{}: {en} {why_en}", form.en))
}

/// A word that no list of the city has: the refusal says what is listed, and cites the row of the list, not of the form.
fn unlisted(pack: &Pack, form: &DocumentForm, name: &str, field: &str) -> Option<Refusal> {
    let found = form.fields.iter().find(|f| f.name == field)?;
    let list = pack.param(found.choices_param.as_deref()?)?;
    let (zh, en) = (pack.terms_zh(&found.choices), pack.terms_en(&found.choices));
    Some(pack.refusal(
        "document-invalid",
        &list.source,
        format!("{}：{}不在“{}”之列（{zh}）", form.zh, found.zh, list.zh),
        format!("{}: {} ({name}.{field}) is none of \"{}\" ({en})", form.en, found.en, list.en),
    ))
}

/// Number of approvals that the step needs in all.
fn needed(pack: &Pack, step: &Step, case: &Case, facts: &Facts) -> usize {
    if step.by.contains(&By::EachProvider) {
        return providers(&case.object).len().max(1);
    }
    if step.by.contains(&By::EachSupervisor) {
        return supervisors(&case.object, facts).len().max(1);
    }
    let param =
        step.count_param.as_deref().and_then(|p| pack.int(p)).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    usize::try_from(step.count).unwrap_or(usize::MAX).max(param).max(1)
}

fn advance(input: &Input<'_>, step: &Step, actor: &Actor) -> Outcome {
    let Input { pack, procedure, case, command, facts, now } = *input;
    let mut next = case.clone();
    next.history.push(Done {
        step: step.name.clone(),
        state: case.state.clone(),
        person: actor.person.clone(),
        org: actor.org.clone(),
        group: actor.group.clone(),
        decision: command.decision,
        at: now,
        documents: command.documents.clone(),
    });
    let target = target(step, &next, needed(pack, step, case, facts));
    let approved = target == Some(step.to.as_str());
    if let Some(state) = target
        && state != case.state
    {
        next.state = state.to_owned();
        next.entered_at = now;
        next.entered_len = next.history.len();
        next.deadlines = deadlines(pack, procedure, &next);
    }
    let effects = if approved { step.effects.clone() } else { Vec::new() };
    Outcome {
        case: next,
        effects,
        complete: target.is_some(),
        rule: step.rule.clone(),
        article: pack.article(&step.rule),
        warnings: Vec::new(),
    }
}

/// The state that the votes lead to; `None` while more are awaited. Blind votes decide only when all are in.
fn target<'a>(step: &'a Step, next: &Case, needed: usize) -> Option<&'a str> {
    let votes: Vec<&Done> = if step.to == next.state {
        next.history.last().into_iter().collect()
    } else {
        next.round().iter().filter(|d| d.step == step.name).collect()
    };
    let rejected = votes.iter().any(|d| d.decision == Decision::Reject);
    let people: BTreeSet<_> = votes.iter().map(|d| &d.person).collect();
    let all = people.len() >= needed;
    if rejected && (all || !step.blind) {
        return step.reject_to.as_deref();
    }
    (all && !rejected).then_some(step.to.as_str())
}
