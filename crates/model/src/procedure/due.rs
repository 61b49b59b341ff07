//! Clocks of a case: what is due when, which steps the timer may take now, and what people let pass.

use super::decide::decide;
use super::facts::Facts;
use super::step::{By, Due, Procedure, Step};
use crate::case::{Actor, Case, Command, Deadline};
use crate::pack::{Counted, Days, Pack};
use crate::time::{Timestamp, parse_date};
use serde_json::Value;
use std::collections::BTreeSet;

/// When a step is due; `None` where its source is missing.
pub(crate) fn due_at(pack: &Pack, case: &Case, due: &Due) -> Option<Timestamp> {
    counted(pack, case, due).map(|(at, _)| at)
}

/// The same, with the years it touches for which no days off are announced.
fn counted(pack: &Pack, case: &Case, due: &Due) -> Option<(Timestamp, BTreeSet<i16>)> {
    if let Some(param) = &due.param {
        let days = due.days.unwrap_or(Days::Calendar);
        let Counted { at, unannounced, .. } = pack.calendar.end(case.entered_at, pack.int(param)?, days);
        return Some((at, unannounced));
    }
    if let Some(field) = &due.field {
        return case.object.get(field).and_then(Value::as_i64).map(|at| (Timestamp(at), BTreeSet::new()));
    }
    let (document, field) = due.document.as_deref()?.split_once('.')?;
    let date = parse_date(case.document(document)?.get(field)?.as_str()?)?;
    Some((Timestamp::start_of(date).plus_days(1), BTreeSet::new()))
}

/// Deadlines of the present state, counted by the calendar as it is known now.
#[must_use]
pub fn deadlines(pack: &Pack, procedure: &Procedure, case: &Case) -> Vec<Deadline> {
    procedure
        .steps_from(&case.state)
        .filter(|s| s.exists_for(&case.object))
        .filter_map(|s| {
            let (at, unannounced) = counted(pack, case, s.due.as_ref()?)?;
            Some(Deadline { step: s.name.clone(), at, unannounced })
        })
        .collect()
}

/// Steps that the timer may take now: due, and with every guard satisfied.
#[must_use]
pub fn due_steps<'a>(pack: &'a Pack, case: &Case, facts: &Facts, now: Timestamp) -> Vec<&'a Step> {
    let Some(procedure) = pack.procedure(&case.procedure) else {
        return Vec::new();
    };
    procedure
        .steps
        .iter()
        .filter(|s| s.by.contains(&By::Clock))
        .filter(|s| decide(pack, case, &Actor::clock(), &Command::approve(&s.name), facts, now).is_ok())
        .collect()
}

/// Whether the timer has to look at a case: a step of the clock without a time of its own, or one whose time has come.
#[must_use]
pub fn clock_concerns(pack: &Pack, case: &Case, now: Timestamp) -> bool {
    let steps = pack.procedure(&case.procedure).into_iter().flat_map(|p| p.steps_from(&case.state));
    steps
        .filter(|s| s.by.contains(&By::Clock) && s.exists_for(&case.object))
        .any(|s| s.due.as_ref().is_none_or(|due| due_at(pack, case, due).is_some_and(|at| at <= now)))
}

/// Steps of people whose time is over in the present state.
#[must_use]
pub fn overdue_steps<'a>(pack: &'a Pack, case: &'a Case, now: Timestamp) -> Vec<(&'a Step, Timestamp)> {
    let steps = pack.procedure(&case.procedure).into_iter().flat_map(|p| p.steps_from(&case.state));
    steps
        .filter(|s| !s.by.contains(&By::Clock) && s.exists_for(&case.object))
        .filter_map(|s| Some((s, due_at(pack, case, s.due.as_ref()?)?)))
        .filter(|(_, at)| *at <= now)
        .collect()
}
