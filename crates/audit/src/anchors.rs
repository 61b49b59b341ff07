//! What the logs and a kept checkpoint say of each other: which log must be there, how long it must be, and which roots
//! it must have had. A log that was seen cannot be taken away, put back to an older state or replaced.
//!
//! Looks at checkpoints only; whether the leaves have the roots is `verify`'s business.

use crate::checkpoint::{Anchor, Checkpoint};
use crate::leaf::LogName;
use crate::merkle::Node;
use crate::report::Failure;
use std::collections::BTreeMap;

/// A root that a log must have had at a size, and who saw it.
pub(crate) struct Seen {
    /// Who saw it: `zone/checkpoint`, `--from`.
    pub by: String,
    pub anchor: Anchor,
    /// The SHA-256 root, where who saw it kept that too.
    pub sha256: Option<Node>,
}

fn other(log: LogName) -> LogName {
    match log {
        LogName::Platform => LogName::Zone,
        LogName::Zone => LogName::Platform,
    }
}

/// Every anchor must be of the deployment's other log, and that log must be in the folder, unless one log was given
/// alone. Returns the number of anchors whose log was not given.
pub(crate) fn presence(
    checkpoints: &BTreeMap<LogName, Checkpoint>,
    deployment: &str,
    single: bool,
) -> Result<u64, Failure> {
    let mut unchecked = 0;
    for (log, checkpoint) in checkpoints {
        let (place, wanted) = (format!("{log}/checkpoint"), other(*log));
        for anchor in &checkpoint.anchors {
            if anchor.origin != format!("{deployment}/{wanted}") {
                let (zh, en) = ("锚定了不属于本部署的日志", "it anchors a log that is not this deployment's other log");
                return Err(Failure::new(place, "other_log", zh, en));
            }
            match (checkpoints.contains_key(&wanted), single) {
                (true, _) => {}
                (false, true) => unchecked += 1,
                (false, false) => return Err(gone(wanted, *log, anchor.size)),
            }
        }
    }
    Ok(unchecked)
}

fn gone(log: LogName, by: LogName, size: u64) -> Failure {
    Failure::new(
        log.as_str(),
        "missing",
        format!("缺少日志 {log}：{by} 的检查点锚定了它的前{size}条"),
        format!("the log {log} is missing: the checkpoint of {by} anchors its first {size} leaves"),
    )
}

/// A log that records the other's reports must anchor the other.
pub(crate) fn kept(log: LogName, checkpoint: &Checkpoint, reports: u64) -> Result<(), Failure> {
    if reports == 0 || !checkpoint.anchors.is_empty() {
        return Ok(());
    }
    let of = other(log);
    Err(Failure::new(
        "checkpoint",
        "anchor_missing",
        format!("日志记有 {of} 的报告，检查点却不锚定 {of} 的日志"),
        format!("the log records reports of {of}, but its checkpoint does not anchor the log of {of}"),
    ))
}

/// What others saw of `log`: the other log's anchors, an earlier checkpoint of this log, and the anchors in an earlier
/// checkpoint of the other.
pub(crate) fn seen(
    log: LogName,
    own: &Checkpoint,
    all: &BTreeMap<LogName, Checkpoint>,
    from: Option<&Checkpoint>,
) -> Result<Vec<Seen>, Failure> {
    let mut out = Vec::new();
    let mut add = |by: String, anchors: &[Anchor]| {
        for anchor in anchors.iter().filter(|a| a.origin == own.origin) {
            out.push(Seen { by: by.clone(), anchor: anchor.clone(), sha256: None });
        }
    };
    for (other, checkpoint) in all.iter().filter(|(other, _)| **other != log) {
        add(format!("{other}/checkpoint"), &checkpoint.anchors);
    }
    if let Some(from) = from {
        add("--from".to_owned(), &from.anchors);
        if from.origin == own.origin {
            not_dropped(log, own, from)?;
            out.push(Seen { by: "--from".to_owned(), anchor: from.as_anchor(), sha256: Some(from.sha256) });
        }
    }
    match out.iter().find(|s| s.anchor.size > own.size) {
        Some(s) => Err(rolled_back(log, own.size, s)),
        None => Ok(out),
    }
}

pub(crate) fn rolled_back(log: LogName, size: u64, seen: &Seen) -> Failure {
    let (by, was) = (&seen.by, seen.anchor.size);
    Failure::new(
        format!("{log}/checkpoint"),
        "rolled_back",
        format!("日志 {log} 被回退：只有{size}条，而 {by} 已见{was}条"),
        format!("the log {log} was rolled back: it has {size} leaves, {by} saw {was}"),
    )
}

/// A later checkpoint carries every anchor of an earlier one on, at the same size or a larger.
fn not_dropped(log: LogName, own: &Checkpoint, from: &Checkpoint) -> Result<(), Failure> {
    let held = |a: &Anchor| own.anchors.iter().any(|b| b.origin == a.origin && b.size >= a.size);
    if own.size < from.size || from.anchors.iter().all(held) {
        return Ok(());
    }
    let (zh, en) = ("检查点丢掉了早先检查点的锚", "it has dropped an anchor that an earlier checkpoint had");
    Err(Failure::new(format!("{log}/checkpoint"), "anchor_missing", zh, en))
}
