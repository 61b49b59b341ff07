//! Check 15, first part: can what is hidden be put together again from the artefact alone? An identity number holds region, birth
//! date, sex and a check digit; beside a birth date a masked one is all but open.

use super::identifiers::has_masked_identity;
use super::report::{CheckReport, Verdict};
use super::view::{Column, Kind, View};
use serde_json::json;

/// Looks for masked identity numbers beside dates; `None` where there is no masked number.
#[must_use]
pub fn check(view: &View) -> Option<CheckReport> {
    let masked = view.columns.iter().filter(|c| has_masked_identity(c)).count() as u64;
    if masked == 0 {
        return None;
    }
    let dates = view.columns.iter().filter(|c| is_day(c)).count() as u64;
    let verdict = if dates > 0 { Verdict::Block } else { Verdict::Review };
    let (zh, en) = match verdict {
        Verdict::Block => (
            "遮盖的身份证号与日期同列出域，可还原。",
            "Masked identity numbers stand beside dates and can be restored.",
        ),
        _ => {
            ("含遮盖的身份证号：区划、校验位仍可推断。", "Masked identity numbers: region and check digit still tell.")
        }
    };
    Some(CheckReport {
        id: "restoration".into(),
        check: 15,
        verdict,
        formula: "no masked identity number beside a date".into(),
        formula_zh: "遮盖的身份证号旁没有日期".into(),
        parameter: json!({}),
        worst: json!({"masked_identity_columns": masked, "date_columns": dates}),
        zh: zh.into(),
        en: en.into(),
    })
}

fn is_day(column: &Column) -> bool {
    let compact = |v: &String| crate::identify::calendar::compact_day(v).is_some();
    match column.kind {
        Kind::Date | Kind::Timestamp => true,
        Kind::Integer | Kind::Text => {
            column.values.iter().flatten().count() > 0 && column.values.iter().flatten().all(compact)
        }
        _ => false,
    }
}
