//! Orders and their approvals: every order has a quorum, and no way through a procedure leads past it.

use super::source_of;
use crate::object::ObjectKind;
use crate::pack::error::{PackError, Source};
use crate::pack::graph::{branches, reachable_for};
use crate::pack::{Alternative, Pack};
use crate::procedure::{By, Exclude, Procedure, Step, StepEffect};
use serde_json::Value;
use std::collections::BTreeMap;

const ORDERS: [&str; 12] = [
    "authorise",
    "resource",
    "grant",
    "job",
    "release",
    "recipient",
    "suspend",
    "restore",
    "destroy",
    "withdraw",
    "seal",
    "unseal",
];

/// Orders that take keys away or bring them back: two different people sign for each.
const TWO_PEOPLE: [&str; 4] = ["destroy", "withdraw", "seal", "unseal"];

pub(super) fn check(pack: &Pack, homes: &BTreeMap<String, String>) -> Result<(), PackError> {
    let layer = pack.layers.iter().rev().map(|l| format!("{}/pack.toml", l.id)).collect::<Vec<_>>();
    for (name, ways) in &pack.effects {
        let file = layer.iter().find(|f| pack.texts.get(*f).is_some_and(|t| t.contains(&format!("effects.{name}"))));
        let source = source_of(pack, file);
        if !ORDERS.contains(&name.as_str()) {
            return Err(source.fault(
                &format!("effects.{name}"),
                name,
                "没有这一指令",
                format!("there is no order named {name}"),
                "correct the name",
            ));
        }
        for way in ways {
            alternative(pack, name, way, source)?;
            if name == "release" {
                reviewers(pack, way, source)?;
            }
            if TWO_PEOPLE.contains(&name.as_str()) {
                two_people(pack, name, way, source)?;
            }
        }
    }
    for procedure in pack.procedures.values() {
        for step in &procedure.steps {
            emitted(pack, procedure, step, source_of(pack, homes.get(&procedure.name)))?;
        }
    }
    Ok(())
}

/// Every body that `product.review` names has an act of its own in the approvals of a release.
fn reviewers(pack: &Pack, way: &Alternative, source: Source<'_>) -> Result<(), PackError> {
    let steps = || way.steps.iter().filter_map(|s| pack.procedure(&way.procedure)?.step(s));
    let own = |body: &String| steps().any(|s| s.by.iter().all(|b| &b.word() == body));
    let missing = pack.list("product.review").unwrap_or_default().iter().find(|b| !own(b));
    missing.map_or(Ok(()), |body| {
        Err(source.fault(
            "effects.release",
            "product.review",
            format!("出域没有 {body} 的审核"),
            format!("product.review names {body}, but no approval of a release is its own"),
            "add a step that only this body may take",
        ))
    })
}

/// On every branch a later approval bars whoever gave the first, or one approval wants two people by itself.
fn two_people(pack: &Pack, name: &str, way: &Alternative, source: Source<'_>) -> Result<(), PackError> {
    let steps =
        || way.steps.iter().filter_map(|s| pack.procedure(&way.procedure)?.step(s)).filter(|s| s.when.is_none());
    let later = |s: &&Step| way.steps.first() != Some(&s.name);
    if steps().any(|s| s.count > 1) || steps().filter(later).any(|s| s.not.contains(&Exclude::Author)) {
        return Ok(());
    }
    let key = format!("effects.{name}");
    Err(source.fault(
        &key,
        &way.procedure,
        format!("程序 {} 中一人即可使指令 {name} 成立；销毁、封存或启封密钥须有两人签署", way.procedure),
        format!(
            "in procedure {} one person alone can carry the order \"{name}\"; two people must sign where keys are destroyed, sealed or unsealed",
            way.procedure
        ),
        "write not = [\"author\"] at a later step",
    ))
}

fn alternative(pack: &Pack, name: &str, way: &Alternative, source: Source<'_>) -> Result<(), PackError> {
    let key = format!("effects.{name}");
    let fault = |zh: String, en: String, mend: &str| Err(source.fault(&key, &key, zh, en, mend));
    let Some(procedure) = pack.procedure(&way.procedure) else {
        return fault(
            format!("没有程序 {}", way.procedure),
            format!("there is no procedure {}", way.procedure),
            "correct the name",
        );
    };
    if way.steps.is_empty() {
        return fault("指令不得没有批准".into(), "an order must carry an approval".into(), "name a step");
    }
    for step in &way.steps {
        let Some(step) = procedure.step(step) else {
            return fault(
                format!("程序 {} 没有步骤 {step}", way.procedure),
                format!("procedure {} has no step {step}", way.procedure),
                "correct the name",
            );
        };
        let unverifiable = step.by.iter().any(|b| {
            matches!(b, By::Holder | By::Concerned | By::EachSupervisor | By::Applicant | By::Anyone | By::Clock)
        }) || step.not.iter().any(|n| match n {
            // Only an authorisation names its applicant: the operator.
            Exclude::Applicant => procedure.object != ObjectKind::Authorisation,
            Exclude::EarlierActor | Exclude::Concerned => true,
            Exclude::Author | Exclude::AuthorOrg => false,
        });
        if unverifiable {
            let name = &step.name;
            return fault(
                format!("步骤 {name} 的办理人无法由运营域核验"),
                format!("the zone cannot verify who may take step {name}"),
                "use roles or relations that the object names",
            );
        }
    }
    let steps = || way.steps.iter().filter_map(|s| procedure.step(s));
    if steps().any(|s| s.when.is_some()) && !steps().any(|s| s.sends(name)) {
        return fault(
            "所列步骤有分支，但都不发出这一指令".into(),
            "some of these steps exist on a branch only, but none of them sends the order".into(),
            "name the step whose effects hold the order",
        );
    }
    Ok(())
}

/// A step that sends an order: on every branch that has it, every way to it from the start passes each approval that the
/// order must carry. A step that starts an authorisation sends one.
fn emitted(pack: &Pack, procedure: &Procedure, step: &Step, source: Source<'_>) -> Result<(), PackError> {
    let has = |effect| step.effects.contains(&effect);
    if has(StepEffect::ActivateAuthorisation) && !has(StepEffect::OrderAuthorise) {
        return Err(source.fault(
            &format!("name = \"{}\"", step.name),
            "order_authorise",
            "授权生效的步骤须向运营域发出授权指令",
            format!("step \"{}\" starts an authorisation but sends the zone no order of it", step.name),
            "add order_authorise to its effects, and [[effects.authorise]] to pack.toml",
        ));
    }
    for order in step.effects.iter().filter_map(|e| e.order()) {
        let ways = pack.effects.get(order).into_iter().flatten();
        let way = ways.into_iter().find(|w| w.procedure == procedure.name);
        let needle = format!("name = \"{}\"", step.name);
        let Some(way) = way else {
            return Err(source.fault(
                &needle,
                order,
                format!("没有规定指令 {order} 所需的批准"),
                format!("nothing says which approvals the order \"{order}\" of this procedure must carry"),
                "add [[effects.NAME]] to pack.toml",
            ));
        };
        let mut objects = branches(procedure);
        objects.retain(|o| step.exists_for(o));
        for needed in way.steps.iter().filter(|n| **n != step.name) {
            let passed = |object: &Value| {
                // What does not exist on a branch is not demanded on it.
                let exists = procedure.step(needed).is_none_or(|s| s.exists_for(object));
                let seen = reachable_for(procedure, &procedure.start, Some(needed), Some(object));
                !exists || !step.from.iter().any(|f| seen.contains(f.as_str()))
            };
            if !objects.iter().all(passed) {
                return Err(source.fault(
                    &needle,
                    needed,
                    format!("可以绕过“{needed}”到达发出指令的步骤"),
                    format!(
                        "step \"{}\" sends the order \"{order}\" but can be reached without \"{needed}\"",
                        step.name
                    ),
                    "lead every way through that step",
                ));
            }
        }
    }
    Ok(())
}
