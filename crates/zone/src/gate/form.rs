//! Check 1: the form of an artefact. Scalar columns of admitted types under plain names, no metadata, no invisible characters.

use super::params::GateParams;
use super::report::{CheckReport, Verdict};
use super::view::{Kind, View};
use serde_json::json;
use std::collections::BTreeSet;

/// Checks the form of an artefact.
#[must_use]
pub fn check(view: &View, params: &GateParams) -> CheckReport {
    let columns = |test: &dyn Fn(&super::view::Column) -> bool| view.columns.iter().filter(|c| test(c)).count() as u64;
    let distinct: BTreeSet<String> = view.columns.iter().map(|c| c.name.to_lowercase()).collect();
    let worst = json!({
        "columns_not_scalar": columns(&|c| c.kind == Kind::Other),
        "columns_hidden": columns(&|c| is_hidden(&c.name)),
        "columns_badly_named": columns(&|c| is_badly_named(&c.name)),
        "columns_of_one_name": (view.columns.len() - distinct.len()) as u64,
        "columns_with_metadata": view.metadata.len() as u64,
        "values_with_invisible_characters": invisible(view),
        "rows_malformed": view.malformed,
        "rows_over_limit": (view.rows as u64).saturating_sub(params.max_rows),
        "columns_over_limit": (view.columns.len() as u64).saturating_sub(params.max_columns),
        "no_columns": u64::from(view.columns.is_empty()),
        "no_rows": u64::from(view.rows == 0),
    });
    let faults = worst.as_object().map_or(1, |m| m.values().filter(|v| v.as_u64() != Some(0)).count());
    let (verdict, zh, en) = match (faults, view.rows) {
        (0, _) => (Verdict::Pass, "形式合格。".to_owned(), "The form is admitted.".to_owned()),
        (1, 0) => (
            Verdict::Block,
            "结果没有一行，没有可放行的内容：请查看另置的行和查询条件。".to_owned(),
            "The artefact has no row, there is nothing to release: look at the rows set aside and at the query's conditions."
                .to_owned(),
        ),
        _ => (Verdict::Block, format!("有 {faults} 类形式问题。"), format!("{faults} kinds of fault of form.")),
    };
    CheckReport {
        id: "form".into(),
        check: 1,
        verdict,
        formula: "every column scalar, plainly named, without metadata; no invisible character; at least one row; within limits"
            .into(),
        formula_zh: "每列为单值、列名普通、不带元数据；无不可见字符；至少一行；不超上限".into(),
        parameter: json!({"max_rows": params.max_rows, "max_columns": params.max_columns}),
        worst,
        zh,
        en,
    }
}

/// Names beginning with two underscores are the zone's own (subject tokens among them).
fn is_hidden(name: &str) -> bool {
    name.starts_with("__")
}

fn is_badly_named(name: &str) -> bool {
    name.is_empty() || name.chars().count() > 128 || name.trim() != name || name.chars().any(is_invisible)
}

/// Control, zero-width, direction and private-use characters: they can carry a message that no reviewer sees.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(
            c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'
                ..='\u{180f}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

fn invisible(view: &View) -> u64 {
    let texts = view.columns.iter().filter(|c| c.kind == Kind::Text);
    texts
        .map(|c| {
            c.values
                .iter()
                .flatten()
                .filter(|v| !v.is_ascii() || v.bytes().any(|b| b < 32))
                .filter(|v| v.chars().any(is_invisible))
                .count() as u64
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::view::Column;

    fn view(name: &str, value: &str) -> View {
        let column = Column { name: name.into(), kind: Kind::Text, codes: vec![0], values: vec![Some(value.into())] };
        View { columns: vec![column], rows: 1, malformed: 0, metadata: vec![] }
    }

    #[test]
    fn blocks_each_fault_of_form() {
        let params = GateParams::default();
        assert_eq!(check(&view("city", "无锡 ok"), &params).verdict, Verdict::Pass);
        for (name, value) in [
            ("__subject_person", "a"),
            ("", "a"),
            ("a\u{200b}", "a"),
            ("a", "x\u{200d}y"),
            ("a", "x\u{0}"),
            (" a", "x"),
        ] {
            assert_eq!(check(&view(name, value), &params).verdict, Verdict::Block, "{name:?} {value:?}");
        }
        let mut other = view("a", "b");
        other.malformed = 1;
        assert_eq!(check(&other, &params).verdict, Verdict::Block);
        let mut other = view("a", "b");
        other.metadata.push("a".into());
        assert_eq!(check(&other, &params).verdict, Verdict::Block);
        let mut twice = view("a", "b");
        twice.columns.push(twice.columns[0].clone());
        assert_eq!(check(&twice, &params).verdict, Verdict::Block);
        let few = GateParams { max_rows: 0, ..params };
        assert_eq!(check(&view("a", "b"), &few).verdict, Verdict::Block);
        let mut empty = view("a", "b");
        (empty.rows, empty.columns[0].codes) = (0, vec![]);
        let found = check(&empty, &GateParams::default());
        assert_eq!((found.verdict, &found.worst["no_rows"]), (Verdict::Block, &json!(1)));
        assert!(found.zh.contains("没有可放行的内容") && found.en.contains("nothing to release"), "{found:?}");
    }
}
