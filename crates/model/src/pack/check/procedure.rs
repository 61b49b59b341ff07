//! One procedure: graph, translations, people, documents, guards, clocks.

use super::matter;
use crate::object::ObjectKind;
use crate::pack::error::{PackError, Source};
use crate::pack::graph::reachable;
use crate::pack::{Pack, ValueKind};
use crate::procedure::{By, Due, Exclude, FieldKind, Guard, Procedure, Step, StepEffect};
use std::collections::BTreeSet;

type Checked = Result<(), PackError>;

pub(super) fn check(pack: &Pack, p: &Procedure, source: Source<'_>) -> Checked {
    names(p, source)?;
    graph(p, source)?;
    for step in &p.steps {
        people(pack, p, step, source)?;
        papers(p, step, source)?;
        clocks(pack, p, step, source)?;
        guards(pack, p, step, source)?;
        effects(p, step, source)?;
    }
    documents(p, source)?;
    matter::check(pack, p, source)
}

fn at(name: &str) -> String {
    format!("name = \"{name}\"")
}

fn translated(zh: &str, en: &str) -> bool {
    !zh.trim().is_empty() && !en.trim().is_empty()
}

fn names(p: &Procedure, source: Source<'_>) -> Checked {
    let mut seen = BTreeSet::new();
    let labels = [(&p.name, &p.zh, &p.en)].into_iter();
    let states = p.states.iter().map(|s| (&s.name, &s.zh, &s.en));
    let steps = p.steps.iter().map(|s| (&s.name, &s.zh, &s.en));
    for (name, zh, en) in labels.chain(states).chain(steps) {
        if !translated(zh, en) {
            return Err(source.fault(
                &at(name),
                name,
                "缺少中文或英文名称",
                "a translation is missing",
                "write both zh and en",
            ));
        }
    }
    for name in p.states.iter().map(|s| ("state", &s.name)).chain(p.steps.iter().map(|s| ("step", &s.name))) {
        if !seen.insert(name) {
            return Err(source.fault(
                &at(name.1),
                name.1,
                "名称重复",
                format!("two {}s have this name", name.0),
                "rename one",
            ));
        }
    }
    Ok(())
}

fn graph(p: &Procedure, source: Source<'_>) -> Checked {
    let unknown = |state: &str, step: &str| {
        source.fault(
            &at(step),
            state,
            format!("没有状态 {state}"),
            format!("step \"{step}\" names a state that does not exist: {state}"),
            "add the state or correct the name",
        )
    };
    if p.state(&p.start).is_none() {
        return Err(source.fault(
            "start",
            "start",
            "起始状态不存在",
            format!("the start state does not exist: {}", p.start),
            "name a state",
        ));
    }
    for step in &p.steps {
        let ends = step.from.iter().chain([&step.to]).chain(&step.reject_to);
        if let Some(state) = ends.into_iter().find(|s| p.state(s).is_none()) {
            return Err(unknown(state, &step.name));
        }
    }
    let seen = reachable(p, &p.start, None);
    for state in &p.states {
        if !seen.contains(state.name.as_str()) {
            return Err(source.fault(
                &at(&state.name),
                &state.name,
                "无法到达的状态",
                format!("state \"{}\" cannot be reached", state.name),
                "add a step that leads to it, or remove it",
            ));
        }
        let ends = reachable(p, &state.name, None).iter().any(|s| p.state(s).is_some_and(|s| s.end));
        if !ends {
            return Err(source.fault(
                &at(&state.name),
                &state.name,
                "没有出口的循环或死路",
                format!("from state \"{}\" no end can be reached", state.name),
                "add a step that leads to an end state",
            ));
        }
    }
    Ok(())
}

/// Object kinds that name the organisation of a relation.
fn related(by: By) -> &'static [ObjectKind] {
    use ObjectKind as K;
    match by {
        By::Operator => {
            &[K::Authorisation, K::Scenario, K::Staff, K::Grant, K::Product, K::Recipient, K::Stop, K::Matter]
        }
        By::AuthorOrg => &[K::Job, K::Release],
        By::Consumer => &[K::Recipient],
        By::Provider => &[K::Resource, K::ResourceStop, K::Matter],
        By::Holder => &[K::Plan],
        By::Concerned => &[K::Matter],
        By::EachProvider => &[K::Authorisation, K::Grant],
        By::EachSupervisor => &[K::Authorisation, K::Grant, K::Matter],
        By::Authoriser => &[K::Scenario, K::Grant, K::Product, K::Stop, K::Matter],
        By::Role(_) | By::Applicant | By::Anyone | By::Clock => ObjectKind::ALL,
    }
}

fn people(pack: &Pack, p: &Procedure, step: &Step, source: Source<'_>) -> Checked {
    let fault = |zh: String, en: String, mend: &str| Err(source.fault(&at(&step.name), &step.name, zh, en, mend));
    let single = |by: &By| !matches!(by, By::Role(_) | By::EachProvider | By::EachSupervisor | By::Anyone);
    let excluded = |by: &By| match by {
        By::Applicant => step.not.contains(&Exclude::Applicant),
        By::AuthorOrg => step.not.contains(&Exclude::AuthorOrg),
        _ => false,
    };
    let many = step.count > 1 || step.count_param.is_some();
    let able =
        |by: &&By| related(**by).contains(&p.object) && !excluded(by) && !(many && step.distinct_orgs && single(by));
    if !step.by.iter().any(|b| able(&b)) {
        return fault(
            "没有人可以办理这一步骤".into(),
            format!("nobody may take step \"{}\"", step.name),
            "name a role that fits the object and is not excluded",
        );
    }
    if let Some(by) = step.by.iter().find(|b| !related(**b).contains(&p.object)) {
        return fault(
            format!("对象没有 {} 所指的单位", by.word()),
            format!("this object names no organisation for {}", by.word()),
            "choose another role",
        );
    }
    if let Some(by) = step.by.iter().find(|b| pack.term(&b.word()).is_none_or(|t| !translated(&t.zh, &t.en))) {
        return fault(
            format!("角色 {} 缺少名称", by.word()),
            format!("a translation is missing for {}", by.word()),
            "add it to [terms] of pack.toml",
        );
    }
    if step.blind && !many {
        return fault(
            "盲评至少需要两票".into(),
            "a blind step needs at least two votes".into(),
            "set count or count_param",
        );
    }
    if let Some(param) = step.count_param.as_ref().filter(|n| pack.int(n).is_none_or(|v| v < 1)) {
        return fault(
            format!("缺少参数 {param}"),
            format!("count_param names no whole number: {param}"),
            "add the parameter",
        );
    }
    Ok(())
}

fn papers(p: &Procedure, step: &Step, source: Source<'_>) -> Checked {
    let missing = step.documents.iter().chain(&step.reject_documents).find(|d| !p.documents.contains_key(*d));
    missing.map_or(Ok(()), |d| {
        Err(source.fault(
            &at(&step.name),
            d,
            format!("没有材料格式 {d}"),
            format!("step \"{}\" asks for a document that is not described: {d}", step.name),
            "add [documents.NAME]",
        ))
    })
}

fn clocks(pack: &Pack, p: &Procedure, step: &Step, source: Source<'_>) -> Checked {
    let Some(due) = &step.due else { return Ok(()) };
    let ok = match due {
        Due { param: Some(n), field: None, document: None, .. } => pack.int(n).is_some_and(|v| v >= 0),
        Due { param: None, field: Some(f), document: None, days: None } => {
            ["opens", "closes", "until", "nda_until"].contains(&f.as_str())
        }
        Due { param: None, field: None, document: Some(d), days: None } => {
            d.split_once('.').is_some_and(|(doc, field)| {
                p.documents.get(doc).is_some_and(|f| {
                    f.fields.iter().any(|x| x.name == field && x.kind == FieldKind::Date && x.required)
                })
            })
        }
        _ => false,
    };
    if ok {
        return Ok(());
    }
    Err(source.fault(
        &at(&step.name),
        "due",
        "期限来源不成立",
        format!(
            "step \"{}\": due must name one parameter (with days), one instant of the object or one required date of a document",
            step.name
        ),
        "correct due",
    ))
}

fn guards(pack: &Pack, p: &Procedure, step: &Step, source: Source<'_>) -> Checked {
    let lacks = |name: &str, kind: ValueKind| pack.param(name).is_none_or(|v| v.value.kind() != kind);
    for guard in step.guards.keys() {
        let grounds = format!("{}.grounds", p.name);
        let own = (*guard == Guard::GroundListed && lacks(&grounds, ValueKind::List)).then_some(grounds.as_str());
        let missing = own.or_else(|| guard.parameters().iter().find(|(n, k)| lacks(n, *k)).map(|(n, _)| *n));
        if let Some(name) = missing {
            return Err(source.fault(
                &at(&step.name),
                name,
                format!("条件 {guard} 需要参数 {name}"),
                format!("guard {guard} needs the parameter {name}"),
                "add the parameter",
            ));
        }
    }
    Ok(())
}

/// Object kind that an effect works on; `None` where any will do.
fn works_on(effect: StepEffect) -> Option<ObjectKind> {
    use ObjectKind as K;
    use StepEffect as E;
    Some(match effect {
        E::OrderResource | E::CatalogueResource => K::Resource,
        E::OrderGrant | E::OpenGrant => K::Grant,
        E::OrderJob => K::Job,
        E::OrderRelease | E::RecordReview => K::Release,
        E::OrderRecipient | E::AdmitRecipient | E::EndRecipient => K::Recipient,
        E::OrderSuspend | E::OrderRestore | E::OrderDestroy => K::Stop,
        E::OrderWithdraw | E::OrderSeal | E::OrderUnseal => K::ResourceStop,
        E::SuspendAuthorisation | E::RestoreAuthorisation | E::TerminateAuthorisation => K::Stop,
        E::RevokeAuthorisation | E::StartBan | E::CertifyDestruction => K::Stop,
        E::OrderAuthorise | E::ActivateAuthorisation => K::Authorisation,
        E::AdoptImplementationPlan => K::ImplementationPlan,
        E::PublishAnnouncement => K::Announcement,
        E::ApproveScenario => K::Scenario,
        E::FileStaff | E::AdmitStaff | E::DismissStaff => K::Staff,
        E::EnforcePlan => K::Plan,
        E::AssignSupervisor => K::Matter,
        E::RegisterProduct | E::IssueCertificate | E::RecordListing | E::PublishProduct | E::WithdrawProduct => {
            K::Product
        }
        E::PublishNotice | E::RecordObjection | E::SettleObjection | E::RecordAgreement => return None,
    })
}

fn effects(p: &Procedure, step: &Step, source: Source<'_>) -> Checked {
    let wrong = step.effects.iter().find(|e| works_on(**e).is_some_and(|k| k != p.object));
    wrong.map_or(Ok(()), |e| {
        Err(source.fault(
            &at(&step.name),
            e.as_str(),
            format!("效果 {e} 不适用于这类对象"),
            format!("effect {e} does not work on a {}", p.object),
            "remove the effect",
        ))
    })
}

fn documents(p: &Procedure, source: Source<'_>) -> Checked {
    for (name, form) in &p.documents {
        let needle = format!("documents.{name}");
        let used = p.steps.iter().any(|s| s.documents.contains(name) || s.reject_documents.contains(name));
        if !used {
            return Err(source.fault(
                &needle,
                name,
                "没有步骤使用这一材料",
                format!("no step asks for document \"{name}\""),
                "use or remove it",
            ));
        }
        let untranslated = !translated(&form.zh, &form.en) || form.fields.iter().any(|f| !translated(&f.zh, &f.en));
        if untranslated {
            return Err(source.fault(
                &needle,
                name,
                "缺少中文或英文名称",
                format!("a translation is missing in document \"{name}\""),
                "write both zh and en",
            ));
        }
        if let Some(f) = form.fields.iter().find(|f| (f.kind == FieldKind::Choice) == f.choices.is_empty()) {
            return Err(source.fault(
                &needle,
                &f.name,
                "选项与字段类型不符",
                format!("field \"{}\": a choice needs choices, and only a choice has them", f.name),
                "correct the field",
            ));
        }
    }
    Ok(())
}
