//! Clocks of a case: what is due when, and which steps the timer may take now.

use super::decide::decide;
use super::document::parse_date;
use super::facts::Facts;
use super::step::{By, Due, Procedure, Step};
use crate::case::{Actor, Case, Command, Deadline};
use crate::pack::Pack;
use crate::time::Timestamp;
use serde_json::Value;

/// The instant at which a step is due; `None` where its source is missing.
pub(crate) fn due_at(pack: &Pack, case: &Case, due: &Due) -> Option<Timestamp> {
    if let Some(param) = &due.param {
        return pack.int(param).map(|days| case.entered_at.plus_days(days));
    }
    if let Some(field) = &due.field {
        return case.object.get(field).and_then(Value::as_i64).map(Timestamp);
    }
    let (document, field) = due.document.as_deref()?.split_once('.')?;
    let date = parse_date(case.document(document)?.get(field)?.as_str()?)?;
    Some(Timestamp::start_of(date).plus_days(1))
}

/// Deadlines of the present state.
pub(crate) fn deadlines(pack: &Pack, procedure: &Procedure, case: &Case) -> Vec<Deadline> {
    procedure
        .steps_from(&case.state)
        .filter_map(|s| Some(Deadline { step: s.name.clone(), at: due_at(pack, case, s.due.as_ref()?)? }))
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
