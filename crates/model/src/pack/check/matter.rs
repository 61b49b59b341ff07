//! Matters: what they name fits who acts on them, and what a ground rests on exists.

use crate::object::{About, ObjectKind};
use crate::pack::Pack;
use crate::pack::error::{PackError, Source};
use crate::pack::matter::proof;
use crate::procedure::{By, Guard, Procedure, StepEffect};

type Checked = Result<(), PackError>;

pub(super) fn check(pack: &Pack, p: &Procedure, source: Source<'_>) -> Checked {
    if p.object == ObjectKind::Matter {
        names(p, source)?
    } else {
        others(p, source)?
    }
    proofs(pack, p, source)
}

/// What only matters have.
fn others(p: &Procedure, source: Source<'_>) -> Checked {
    let used =
        [("about", p.about.is_empty()), ("may_name", p.may_name.is_empty()), ("opened_by", p.opened_by.is_empty())];
    let used = used.into_iter().find(|(_, empty)| !empty).or_else(|| p.confidential.then_some(("confidential", false)));
    used.map_or(Ok(()), |(key, _)| {
        Err(source.fault(
            key,
            key,
            "只有事项（matter）类程序才有这一项",
            format!("only a procedure about a matter has \"{key}\""),
            "remove it, or write object = \"matter\"",
        ))
    })
}

fn names(p: &Procedure, source: Source<'_>) -> Checked {
    let twice =
        p.about.iter().enumerate().find(|(i, a)| p.about.iter().skip(i + 1).chain(&p.may_name).any(|b| b == *a));
    if let Some((_, about)) = twice {
        return Err(source.fault(
            "about",
            about.as_str(),
            "同一对象写了两次",
            format!("\"{about}\" stands there twice"),
            "name it once, in about or in may_name",
        ));
    }
    for step in &p.steps {
        let lacking = step.by.iter().filter_map(|by| needs(*by)).chain(step.effects.iter().flat_map(|e| asks(*e)));
        for any in lacking {
            if !any.iter().any(|a| p.about.contains(a)) {
                let words: Vec<&str> = any.iter().map(|a| a.as_str()).collect();
                return Err(source.fault(
                    &format!("name = \"{}\"", step.name),
                    &step.name,
                    format!("这一步骤需要事项指明 {}", words.join(" / ")),
                    format!("step \"{}\" needs a matter that names {}", step.name, words.join(" or ")),
                    "add it to about",
                ));
            }
        }
    }
    Ok(())
}

/// What a matter must name for a relation to mean somebody: any of these.
fn needs(by: By) -> Option<&'static [About]> {
    match by {
        By::Operator | By::Authoriser => Some(&[About::Authorisation, About::Product]),
        By::Provider | By::EachSupervisor => Some(&[About::Resource]),
        By::Concerned => Some(&[About::Organisation]),
        _ => None,
    }
}

fn asks(effect: StepEffect) -> Vec<&'static [About]> {
    match effect {
        StepEffect::AssignSupervisor => vec![&[About::Resource], &[About::Organisation]],
        _ => Vec::new(),
    }
}

/// Every proof is one that can come about: a matter about the authorisation, ended in a state of its procedure, for one of
/// the grounds, and asked for by a guard.
fn proofs(pack: &Pack, p: &Procedure, source: Source<'_>) -> Checked {
    let name = format!("{}.proofs", p.name);
    let asked = p.steps.iter().any(|s| s.guards.contains_key(&Guard::GroundProved));
    let grounds = pack.list(&format!("{}.grounds", p.name)).unwrap_or_default();
    for entry in pack.list(&name).unwrap_or_default() {
        let good = proof(entry).is_some_and(|(ground, procedure, state)| {
            let matter = pack.procedure(procedure).filter(|m| m.object == ObjectKind::Matter);
            let about = |m: &Procedure| m.about.iter().any(|a| matches!(a, About::Authorisation | About::Product));
            asked
                && grounds.iter().any(|g| g == ground)
                && matter.is_some_and(|m| about(m) && m.state(state).is_some_and(|s| s.end))
        });
        if !good {
            return Err(source.fault(
                "guards",
                &name,
                format!("{name} 中的依据不成立：{entry}"),
                format!("a proof in {name} cannot come about: {entry}"),
                "write GROUND=PROCEDURE.STATE: a listed ground, an end of a matter about an authorisation, and the guard ground_proved",
            ));
        }
    }
    Ok(())
}
