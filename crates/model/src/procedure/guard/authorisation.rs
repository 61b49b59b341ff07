//! Guards about who may get an authorisation, for how long, and how it ends.

use super::{Fail, Input, fail, hold};
use crate::object::{AnnouncementSpec, AuthorisationSpec, read};
use crate::procedure::step::StepEffect;
use crate::record::AuthorisationState;
use serde_json::Value;

fn spec(i: &Input<'_>) -> Result<AuthorisationSpec, Fail> {
    read(&i.case.object).map_err(|why| Fail {
        zh: format!("申请对象不完整：{why}"),
        en: format!("the application is not complete: {why}"),
    })
}

pub(super) fn announcement_open(i: &Input<'_>) -> Result<(), Fail> {
    let named = spec(i)?.announcement;
    match i.facts.announcement.as_ref().filter(|a| a.id == named) {
        Some(a) if a.open(i.now) => Ok(()),
        Some(_) => fail("不在通告规定的申报时间内", "the application window of the announcement is not open"),
        None => fail("没有这一通告", "there is no such announcement"),
    }
}

pub(super) fn mode_announced(i: &Input<'_>) -> Result<(), Fail> {
    let spec = spec(i)?;
    let announced =
        i.facts.announcement.as_ref().is_some_and(|a| a.id == spec.announcement && a.spec.modes.contains(&spec.mode));
    hold(announced, "通告未列出这一授权方式", "the announcement does not offer this mode")
}

pub(super) fn window_sound(i: &Input<'_>) -> Result<(), Fail> {
    let sound = read::<AnnouncementSpec>(&i.case.object).is_ok_and(|a| a.opens < a.closes && i.now < a.closes);
    hold(sound, "申报起止时间不成立或已过", "the application window is empty or over")
}

pub(super) fn legal_form_allowed(i: &Input<'_>) -> Result<(), Fail> {
    let form = i.case.text("legal_form").unwrap_or_default();
    let allowed = i.pack.list("operator.legal_forms").is_some_and(|l| l.iter().any(|f| f == form));
    hold(allowed, "申请单位的组织形式不符合要求", "the applicant's legal form is not admitted")
}

pub(super) fn no_ban(i: &Input<'_>) -> Result<(), Fail> {
    let uscc = spec(i)?.uscc;
    let ban =
        i.facts.bans.iter().filter(|b| b.uscc == uscc && b.from <= i.now && i.now < b.until).max_by_key(|b| b.until);
    ban.map_or(Ok(()), |b| {
        let date = b.until.date();
        fail(
            format!("该单位因撤销在 {date} 前不得申请"),
            format!("after a revocation this organisation may not apply before {date}"),
        )
    })
}

pub(super) fn renewal_window(i: &Input<'_>) -> Result<(), Fail> {
    let spec = spec(i)?;
    let Some(named) = spec.renewal_of else { return Ok(()) };
    let months = i.pack.int("renewal.window_months_before_expiry").and_then(|m| i32::try_from(m).ok()).unwrap_or(0);
    let found =
        i.facts.previous.as_ref().filter(|a| a.id == named && a.operator == spec.operator && a.uscc == spec.uscc);
    let Some(previous) = found else {
        return fail("没有可以续期的原授权", "there is no earlier authorisation of this operator to renew");
    };
    if !matches!(previous.state, AuthorisationState::Active | AuthorisationState::Suspended) {
        return fail(
            "原授权已终止或撤销，不能续期",
            "the earlier authorisation was ended or revoked and cannot be renewed",
        );
    }
    let opens = previous.until.plus_months(-months);
    if opens <= i.now && i.now < previous.until {
        return Ok(());
    }
    fail(
        format!("续期申请应在 {} 起至 {} 前提出", opens.date(), previous.until.date()),
        format!("a renewal may be applied for from {} and before {}", opens.date(), previous.until.date()),
    )
}

/// What the evaluations found is weighed when somebody applies again (WX-29.1): a renewal does not pass as a first application.
pub(super) fn evaluation_weighed(i: &Input<'_>) -> Result<(), Fail> {
    let again = spec(i)?.renewal_of.is_some();
    let grade = i.command.documents.get("past_evaluation").and_then(|d| d.get("grade")).and_then(Value::as_str);
    hold(
        !again || grade.is_some_and(|g| g != "first_application"),
        "续期不是首次申请，应写明原授权的评估结果",
        "a renewal is no first application: state what the evaluation of the earlier authorisation found",
    )
}

pub(super) fn term_within_max(i: &Input<'_>) -> Result<(), Fail> {
    let months = i64::from(spec(i)?.term_months);
    let Some(max) = i.pack.int("term.max_months") else {
        return fail("规则包未规定最长期限", "the rule pack states no longest term");
    };
    let declared =
        i.command.documents.get("written_application").and_then(|d| d.get("term_months")).and_then(Value::as_i64);
    if declared.is_some_and(|d| d != months) {
        return fail(
            "书面申请中的期限与申请对象不一致",
            "the term in the written application differs from the object applied for",
        );
    }
    if (1..=max).contains(&months) || months > max && general_term(i) {
        return Ok(());
    }
    fail(
        format!("运营期限应为 1 至 {max} 个月，申请为 {months} 个月"),
        format!("the term must be 1 to {max} months; {months} were applied for"),
    )
}

fn general_term(i: &Input<'_>) -> bool {
    i.pack.param("term.max_months").is_some_and(|p| p.general)
}

/// A term beyond what the text calls the rule in general ("一般", "原则上").
pub(super) fn beyond_general_term(i: &Input<'_>) -> Option<Fail> {
    let (months, max) = (i64::from(spec(i).ok()?.term_months), i.pack.int("term.max_months")?);
    (general_term(i) && months > max).then(|| Fail {
        zh: format!("申请期限 {months} 个月超过文本所称一般期限 {max} 个月，应在决定中说明理由"),
        en: format!(
            "{months} months are more than the {max} that the text sets in general; the decision should say why"
        ),
    })
}

/// Who maintains the platform does not operate at the same time, nor does its group (JN-11.2).
pub(super) fn maintainer_separate(i: &Input<'_>) -> Result<(), Fail> {
    let operator = spec(i)?.operator;
    let group = i.facts.groups.get(&operator);
    let same = |m: &&crate::ids::OrgId| **m == operator || group.is_some() && i.facts.groups.get(*m) == group;
    hold(
        !i.facts.maintainers.iter().any(|m| same(&m)),
        "承担平台运行维护的单位及其关联单位在运维期间不得作为运营单位",
        "whoever maintains the platform, or is affiliated with its maintainer, may not operate at the same time",
    )
}

/// A provider grants in its own field only: one provider stands behind the whole scope (JN-7.1, JN-8.4).
pub(super) fn one_provider(i: &Input<'_>) -> Result<(), Fail> {
    let spec = spec(i)?;
    let providers: std::collections::BTreeSet<_> = spec.resources.values().collect();
    hold(
        spec.mode != crate::object::AuthorisationMode::Sector || providers.len() == 1,
        "分领域授权由一家数据提供单位授权，范围内不得有其他单位的数据",
        "a sector authorisation is granted by one provider; its scope holds no other provider's data",
    )
}

pub(super) fn blacklists_clear(i: &Input<'_>) -> Result<(), Fail> {
    let uscc = spec(i)?.uscc;
    let days = i.pack.int("operator.blacklist_check_days").unwrap_or(0);
    for list in i.pack.list("operator.blacklists").unwrap_or_default() {
        let of_list = i.facts.blacklist_checks.iter().filter(|c| c.uscc == uscc && &c.list == list && c.at <= i.now);
        match of_list.max_by_key(|c| c.at) {
            Some(c) if c.hit => {
                return fail(format!("申请单位在名单上：{list}"), format!("the applicant is on the list {list}"));
            }
            Some(c) if i.now <= c.at.plus_days(days) => {}
            Some(_) => {
                return fail(
                    format!("名单核查已过期：{list}"),
                    format!("the check of list {list} is older than {days} days"),
                );
            }
            None => return fail(format!("未核查名单：{list}"), format!("list {list} was not checked")),
        }
    }
    Ok(())
}

/// Objections that wait: raised in the case since the last answer, which settles all of them, or by whatever other door.
fn open_objections(i: &Input<'_>) -> usize {
    let has = |step: &str, effect| i.procedure.step(step).is_some_and(|s| s.effects.contains(&effect));
    let since = i.case.history.iter().rev().take_while(|d| !has(&d.step, StepEffect::SettleObjection));
    let raised = since.filter(|d| has(&d.step, StepEffect::RecordObjection)).count();
    raised.max(usize::try_from(i.facts.open_objections).unwrap_or(usize::MAX))
}

pub(super) fn no_open_objection(i: &Input<'_>) -> Result<(), Fail> {
    let open = open_objections(i);
    if open == 0 {
        Ok(())
    } else {
        fail(format!("有 {open} 件异议未处理"), format!("{open} objection(s) are not settled"))
    }
}

pub(super) fn objection_open(i: &Input<'_>) -> Result<(), Fail> {
    hold(open_objections(i) > 0, "没有待处理的异议", "there is no objection to answer")
}

/// A text that the other side already signed in this case must have the same digest.
pub(super) fn same_agreement(i: &Input<'_>) -> Result<(), Fail> {
    let differs = i
        .command
        .documents
        .iter()
        .any(|(name, now)| i.case.document(name).is_some_and(|before| before.get("digest") != now.get("digest")));
    hold(!differs, "双方签署的文本不一致", "the parties sign different texts")
}

pub(super) fn active(i: &Input<'_>) -> Result<(), Fail> {
    match i.authorisation() {
        Some(a) if a.in_force(i.now) => Ok(()),
        Some(a) => {
            let state = a.state_at(i.now);
            fail(format!("授权不在有效状态（{state}）"), format!("the authorisation is not in force ({state})"))
        }
        None => fail("没有有效授权", "there is no authorisation in force"),
    }
}

pub(super) fn suspended(i: &Input<'_>) -> Result<(), Fail> {
    let yes = i.authorisation().is_some_and(|a| a.state_at(i.now) == AuthorisationState::Suspended);
    hold(yes, "授权不在暂停状态", "the authorisation is not suspended")
}

pub(super) fn not_ended(i: &Input<'_>) -> Result<(), Fail> {
    let live = i
        .authorisation()
        .is_some_and(|a| !matches!(a.state, AuthorisationState::Terminated | AuthorisationState::Revoked));
    hold(live, "授权不存在或已经终止、撤销", "there is no such authorisation, or it was ended or revoked")
}

pub(super) fn destroyed(i: &Input<'_>) -> Result<(), Fail> {
    hold(i.facts.destroyed, "运营域尚未报告销毁完成", "the zone has not reported the destruction yet")
}

pub(super) fn ground_listed(i: &Input<'_>) -> Result<(), Fail> {
    let ground = i.case.text("ground").unwrap_or_default();
    let listed = i.pack.list(&format!("{}.grounds", i.procedure.name)).is_some_and(|l| l.iter().any(|g| g == ground));
    hold(listed, "事由不在规定的情形之内", "the ground is not one of those that the rule names")
}

/// The row behind what a ground rests on.
pub(super) fn proof_rule<'a>(i: &Input<'a>) -> Option<&'a str> {
    i.pack.proof_of(&i.procedure.name, i.case.text("ground")?)?;
    i.pack.param(&format!("{}.proofs", i.procedure.name)).map(|p| p.source.as_str())
}

pub(super) fn ground_proved(i: &Input<'_>) -> Result<(), Fail> {
    let needs = i.case.text("ground") == Some("rectification_failed");
    hold(
        !needs || i.facts.failed_rectification,
        "没有未按要求整改的记录",
        "no failed rectification of this authorisation is on record",
    )?;
    match i.pack.proof_of(&i.procedure.name, i.case.text("ground").unwrap_or_default()) {
        Some(outcome) if !i.facts.outcomes.contains(outcome) => {
            let said = i.pack.outcome(outcome).unwrap_or_else(|| [outcome.to_owned(), outcome.to_owned()]);
            fail(
                format!("该授权没有作为依据的记录：{}", said[0]),
                format!("what this ground rests on is not on record for this authorisation: {}", said[1]),
            )
        }
        _ => Ok(()),
    }
}
