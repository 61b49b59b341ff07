//! `yunyu pack simulate`: a procedure on paper, step by step, with the latest day of each if everybody takes all the time
//! that the pack gives them. Documents set some times themselves; those are named.

use super::Pack;
use crate::tools::said::{Said, table};
use crate::wiring::{self, CliError};
use clap::Args;
use model::pack::Days;
use model::procedure::{Procedure, Step};
use model::time::{Timestamp, parse_date};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// City, or a folder with a pack
    #[arg(value_name = "CITY")]
    pub city: String,
    /// 程序 · Procedure
    #[arg(value_name = "PROCEDURE")]
    pub procedure: String,
    /// 起始日 · Day on which the case is opened (YYYY-MM-DD)
    #[arg(long, value_name = "DAY")]
    pub from: String,
    /// 分支 · Field and word of the object where the procedure has branches, such as mode=sector
    #[arg(long, value_name = "FIELD=WORD")]
    pub object: Vec<String>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Answers.
pub fn run(args: &SimulateArgs) -> Result<Said, CliError> {
    let pack = wiring::pack(&args.city)?;
    let procedure = super::procedure(&pack, &args.procedure)?;
    let Some(day) = parse_date(&args.from) else {
        return Err(CliError::usage("--from", "日期应为 YYYY-MM-DD。", "A day is written YYYY-MM-DD."));
    };
    let mut object = json!({});
    for pair in &args.object {
        let Some((field, word)) = pair.split_once('=') else {
            return Err(CliError::usage("--object", "应写作 字段=值。", "Write FIELD=WORD."));
        };
        object[field] = json!(word);
    }
    let Some(path) = path(procedure, &object) else {
        return Err(CliError::usage(
            "--object",
            "这一分支没有通向终点的路径；用 --object 指明类型，如 mode=overall。",
            "No way leads to an end on this branch; name the kind with --object, such as mode=overall.",
        ));
    };
    let mut at = Timestamp::start_of(day);
    let mut rows = Vec::new();
    let mut steps = Vec::new();
    for step in path {
        let (until, note, unannounced) = latest(&pack, step, at);
        let by: Vec<String> = step.by.iter().map(|b| b.word()).collect();
        let who: Vec<&str> = by.iter().map(|w| pack.term(w).map_or(w.as_str(), |t| t.zh.as_str())).collect();
        rows.push(vec![
            at.date().to_string(),
            until.date().to_string(),
            step.name.clone(),
            step.zh.clone(),
            who.join("、"),
            note.clone(),
            step.rule.clone(),
        ]);
        steps.push(json!({ "step": step.name, "zh": step.zh, "en": step.en, "by": by, "from": at.date().to_string(),
            "latest": until.date().to_string(), "due": note, "rule": step.rule, "article": pack.article(&step.rule),
            "unannounced": unannounced }));
        at = until;
    }
    let header = ["自 from", "至迟 latest", "步骤 step", "名称 zh", "由谁 by", "期限 due", "依据 rule"];
    let json = json!({ "city": pack.id(), "procedure": procedure.name, "steps": steps });
    Ok(Said::new(0, json, table(&header, &rows)))
}

/// The shortest way by approvals to an end that is reached by approving.
fn path<'a>(procedure: &'a Procedure, object: &Value) -> Option<Vec<&'a Step>> {
    let mut queue = VecDeque::from([(procedure.start.as_str(), Vec::new())]);
    let mut seen = vec![procedure.start.as_str()];
    let mut best: Option<Vec<&Step>> = None;
    while let Some((state, way)) = queue.pop_front() {
        // The longest of the shortest ways: an end that gives up (withdrawn, dropped) lies nearer than the goal.
        if procedure.state(state).is_some_and(|s| s.end) && best.as_ref().is_none_or(|b| b.len() < way.len()) {
            best = Some(way.clone());
        }
        for step in procedure.steps_from(state).filter(|s| s.exists_for(object)) {
            if !seen.contains(&step.to.as_str()) {
                seen.push(&step.to);
                let mut next: Vec<&Step> = way.clone();
                next.push(step);
                queue.push_back((&step.to, next));
            }
        }
    }
    best
}

/// The last day of a step that begins to run now, what sets it, and the years it touches that are not announced.
fn latest(pack: &Pack, step: &Step, now: Timestamp) -> (Timestamp, String, Vec<i16>) {
    let Some(due) = &step.due else { return (now, String::new(), Vec::new()) };
    if let Some(days) = due.param.as_deref().and_then(|p| pack.int(p)) {
        let kind = due.days.unwrap_or(Days::Calendar);
        let end = pack.calendar.end(now, days, kind);
        let years = end.unannounced.into_iter().collect();
        return (Timestamp::start_of(end.last), format!("{days} {kind}"), years);
    }
    (now, due.field.clone().or_else(|| due.document.clone()).unwrap_or_default(), Vec::new())
}
