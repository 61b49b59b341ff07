//! Whether the archives of closed epochs are bound in the log, and not too long ago.

use super::{Check, State};
use crate::layout::Layout;
use crate::tools::archive::due;
use crate::wiring;
use app::deployment::Deployment;
use audit::EpochView;
use model::{Clock, Timestamp};

/// The deployment's time, as far as it is known without its database.
pub fn now(layout: &Layout, deployment: &Deployment) -> Timestamp {
    match deployment.clock {
        Clock::Real => Timestamp((wiring::wall_clock())()),
        Clock::Simulated => {
            let last = audit::LogReader::open(&layout.log().join("platform")).map(|(_, note)| note.time);
            last.map_or(deployment.created_at, Timestamp)
        }
    }
}

/// None where no epoch is closed.
pub fn check(epochs: &[EpochView], now: Timestamp) -> Option<Check> {
    let closed: Vec<&EpochView> = epochs.iter().filter(|e| e.closed_at.is_some()).collect();
    if closed.is_empty() {
        return None;
    }
    let named = |which: &[&&EpochView]| {
        let names: Vec<String> = which.iter().map(|e| format!("{} {}", e.log, e.epoch)).collect();
        names.join(", ")
    };
    let late: Vec<&&EpochView> = closed.iter().filter(|e| due(e).is_some_and(|d| d <= now)).collect();
    if !late.is_empty() {
        let names = named(&late);
        return Some(Check::new(
            "epochs",
            State::Fail,
            format!("五年之内未在日志中绑定归档：{names}；请归档并运行 audit renew。"),
            format!(
                "Archives were not bound in the log within five years: {names}; archive them and run `audit renew`."
            ),
        ));
    }
    let open: Vec<&&EpochView> = closed.iter().filter(|e| e.archive.is_none()).collect();
    if !open.is_empty() {
        let names = named(&open);
        return Some(Check::new(
            "epochs",
            State::Warn,
            format!("已结篇而归档尚未在日志中绑定：{names}。"),
            format!("Closed, and no archive is bound in the log yet: {names}."),
        ));
    }
    let next = closed.iter().filter_map(|e| due(e)).min().map(|d| d.date().to_string()).unwrap_or_default();
    Some(Check::new(
        "epochs",
        State::Ok,
        format!("已结篇年度的归档均在日志中绑定；下次不晚于 {next}。"),
        format!("The archives of all closed epochs are bound in the log; again by {next}."),
    ))
}
