//! Classes of log leaves and how long each must be kept. The texts tell four logs apart; each has its own floor, and a
//! deletion before it is refused with the article.

use crate::entity::words;
use crate::{Pack, Refusal, Timestamp};

words! {
    /// A class of leaves.
    LogClass {
        /// 操作日志: what administrators did to accounts, keys, clock and settings.
        Operation = "operation_log",
        /// 运营日志: the operation itself; every step of every case.
        Business = "business_log",
        /// 网络日志: who called from outside, and who was turned away.
        Network = "network_log",
        /// 工作日志: the work in the operation domain.
        Work = "work_log",
    }
}

/// Leaves that tell of callers who were turned away before anybody knew them. What callers got is part of the operation.
const NETWORK: &[&str] = &["refuse_calls", "sign_in_unknown"];
/// Leaves of administration.
const OPERATION: &[&str] = &[
    "accept_key_list",
    "change_password",
    "clock_moved",
    "deployment_set_up",
    "key_list_adopted",
    "key_list_installed",
    "key_requested",
    "move_clock",
    "organisation_created",
    "person_created",
    "sign_in",
    "sign_out",
];
/// Leaves of work on data.
const WORK: &[&str] =
    &["batch_opened", "cancel_job", "fail_job", "finish_job", "read_set_aside", "start_job", "store_batch"];

impl LogClass {
    /// The class of a leaf by its verb and whether it stands in a case. A verb that is not known belongs to the operation
    /// itself, which is kept longest.
    #[must_use]
    pub fn of(kind: &str, in_case: bool) -> Self {
        // What happens in a case is part of its story, whoever did it.
        match kind {
            _ if NETWORK.contains(&kind) => Self::Network,
            _ if WORK.contains(&kind) => Self::Work,
            _ if !in_case && OPERATION.contains(&kind) => Self::Operation,
            _ => Self::Business,
        }
    }
}

/// How long a class must be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Whole months.
    pub months: i32,
    /// The pack's parameter that says so.
    pub parameter: &'static str,
    /// The rule it stands on.
    pub rule: String,
}

/// Floors that the pack gives a class: its own, and for all but the network log that of key records.
fn floors(pack: &Pack, class: LogClass) -> Vec<Floor> {
    let own = match class {
        LogClass::Operation => "retention.operation_log_months",
        LogClass::Business => "retention.business_log_months",
        LogClass::Network => "retention.network_log_months",
        LogClass::Work => "retention.work_log_months",
    };
    let read = |parameter: &'static str, unit: i64| {
        let months = pack.int(parameter)?.checked_mul(unit)?;
        let rule = pack.param(parameter).map(|p| p.source.clone()).unwrap_or_default();
        Some(Floor { months: i32::try_from(months).unwrap_or(i32::MAX), parameter, rule })
    };
    let key_records = (class == LogClass::Business).then(|| read("retention.key_records_years", 12)).flatten();
    key_records.into_iter().chain(read(own, 1)).collect()
}

/// The longest floor of a class. Of equal ones the first stands: that of key records.
#[must_use]
pub fn floor(pack: &Pack, class: LogClass) -> Option<Floor> {
    floors(pack, class).into_iter().reduce(|a, b| if b.months > a.months { b } else { a })
}

/// May leaves of a class be deleted now? `counted_from` is when the youngest of them was written or, if later, when the
/// authorisation ended that they tell of.
///
/// # Errors
/// The refusal, with the article that says how long they are kept. A pack that gives no floor allows nothing.
pub fn check_deletion(pack: &Pack, class: LogClass, counted_from: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let Some(floor) = floor(pack, class) else {
        return Err(pack.refusal(
            "retention-unknown",
            "PRODUCT-RETENTION",
            format!("规则包没有给出 {class} 的保存期限，不得删除。"),
            format!("The pack gives no retention for {class}; nothing of it may be deleted."),
        ));
    };
    let until = counted_from.plus_months(floor.months);
    if until <= now {
        return Ok(());
    }
    let (months, day) = (floor.months, until.date());
    Err(pack.refusal(
        "retention-floor",
        &floor.rule,
        format!("{class} 至少保存 {months} 个月，{day} 之前不得删除。"),
        format!("{class} is kept {months} months at least; it may not be deleted before {day}."),
    ))
}

/// Archives of closed epochs of the log are bound in it anew, under keys and hashes in force then, after so many months at
/// the latest: signatures and hashes grow weak before the records may go.
pub const RENEWAL_MONTHS: i32 = 60;

/// The pack's parameter for the records of a resource.
pub const RESOURCE_MONTHS: &str = "retention.resource_months";

/// May the records of a resource be destroyed now? `counted_from` is when they were supplied last.
///
/// # Errors
/// The refusal, with the article that says how long they are kept. A pack that gives no floor allows nothing.
pub fn check_resource(pack: &Pack, counted_from: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let months = pack.int(RESOURCE_MONTHS).and_then(|m| i32::try_from(m).ok());
    let rule = pack.param(RESOURCE_MONTHS).map_or("PRODUCT-RETENTION", |p| p.source.as_str());
    let Some(months) = months else {
        let (zh, en) = (
            "规则包没有给出数据的保存期限，不得销毁。",
            "The pack gives no retention for records; nothing may be destroyed.",
        );
        return Err(pack.refusal("retention-unknown", rule, zh, en));
    };
    let until = counted_from.plus_months(months);
    if until <= now {
        return Ok(());
    }
    let day = until.date();
    Err(pack.refusal(
        "retention-floor",
        rule,
        format!("数据至少保存 {months} 个月，{day} 之前不得销毁；可先封存。"),
        format!("Records are kept {months} months at least and may not be destroyed before {day}; they can be sealed until then."),
    ))
}
