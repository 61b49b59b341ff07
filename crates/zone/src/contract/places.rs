//! Where the product's own properties may stand. What stands elsewhere is not read: a reviewer who saw it there would
//! believe in a protection that does not hold, so that a contract with such a place is refused as a whole.

use super::ContractError;
use serde_json::Value;
use std::collections::BTreeSet;

/// Native keys that a custom property may not be named after.
const NATIVE: [&str; 11] = [
    "name",
    "logicalType",
    "physicalType",
    "logicalTypeOptions",
    "classification",
    "description",
    "required",
    "unique",
    "primaryKey",
    "properties",
    "customProperties",
];

/// Longest name of a table or field, in characters.
const LONGEST: usize = 128;

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Document,
    Table,
    Field,
    Other,
}

/// Refuses own properties outside of the custom properties of table and fields, and properties that stand twice.
///
/// # Errors
/// The first such property, with the line where its name stands first.
pub(super) fn check(yaml: &str, document: &Value) -> Result<(), ContractError> {
    walk(document, Place::Document).map_err(|(key, zh, en)| {
        let line = yaml.lines().position(|line| line.contains(&key)).map_or(0, |n| n as u64 + 1);
        ContractError { path: None, line, column: u64::from(line > 0), key, zh: zh.into(), en: en.into() }
    })
}

/// A name that people can read as it is: no control or direction mark, not endless.
pub(super) fn plain(name: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    !name.trim().is_empty() && name.chars().count() <= LONGEST && !name.chars().any(hidden)
}

type Said = Result<(), (String, &'static str, &'static str)>;

fn walk(value: &Value, place: Place) -> Said {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| walk(item, place)),
        Value::Object(map) => map.iter().try_for_each(|(key, child)| {
            if key.starts_with("yunyu") {
                let (zh, en) =
                    ("须写在表或字段的 customProperties 里", "stands in customProperties of the table or a field only");
                return Err((key.clone(), zh, en));
            }
            match (place, key.as_str()) {
                (_, "customProperties") => list(child, place == Place::Table || place == Place::Field),
                (Place::Document, "schema") => walk(child, Place::Table),
                (Place::Table, "properties") => walk(child, Place::Field),
                _ => walk(child, Place::Other),
            }
        }),
        _ => Ok(()),
    }
}

fn list(value: &Value, own: bool) -> Said {
    let mut seen = BTreeSet::new();
    for item in value.as_array().into_iter().flatten() {
        let Some(name) = item.get("property").and_then(Value::as_str) else { continue };
        if !own && name.starts_with("yunyu") {
            return Err((name.to_owned(), "只能写在表或字段上", "stands on the table or a field only"));
        }
        if NATIVE.contains(&name) {
            return Err((
                name.to_owned(),
                "自定义属性不得与标准键同名",
                "a custom property has no name of a standard key",
            ));
        }
        if !seen.insert(name) {
            return Err((name.to_owned(), "属性重复", "duplicate property"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Contract;

    const HEAD: &str = "apiVersion: v3.1.0\nkind: DataContract\nid: t\nversion: 1.0.0\n";

    fn fault(document: &str, table: &str, field: &str) -> Option<String> {
        let yaml = format!(
            "{HEAD}{document}schema:\n  - name: t\n{table}    properties:\n      - {{name: a, logicalType: string{field}}}\n"
        );
        Contract::parse(&yaml).err().map(|e| e.key)
    }

    #[test]
    fn a_protection_stands_where_it_is_read_or_nowhere() {
        let custom = |list: &str| format!(", customProperties: [{list}]");
        let own = "{property: yunyuClass, value: DIM}";
        assert_eq!(fault("", "", &custom(own)), None);
        assert_eq!(fault("", "", &custom("{property: owner, value: x}")), None);
        for (document, table, field) in [
            ("", "", ", yunyuK: 20".to_owned()),
            ("", "", ", logicalTypeOptions: {yunyuK: 20}".to_owned()),
            ("", "    yunyuSubjects: []\n", String::new()),
            ("yunyuClass: DIM\n", "", String::new()),
            ("customProperties: [{property: yunyuSubjects, value: []}]\n", "", String::new()),
            ("", "", custom(&format!("{own}, {own}"))),
            ("", "", custom("{property: classification, value: \"2\"}")),
            ("", "", ", quality: [{customProperties: [{property: yunyuK, value: 3}]}]".to_owned()),
        ] {
            assert!(fault(document, table, &field).is_some(), "{document}{table}{field}");
        }
    }

    #[test]
    fn names_are_what_they_look_like() {
        let named = |name: &str| {
            let yaml = format!(
                "{HEAD}schema:\n  - name: t\n    properties:\n      - {{name: \"{name}\", logicalType: string}}\n"
            );
            Contract::parse(&yaml).is_ok()
        };
        assert!(named("区县") && named("fee 2025"));
        for bad in ["a\\u202Eb", "a\\u200Bb", "a\\tb", " ", &"x".repeat(129)] {
            assert!(!named(bad), "{bad}");
        }
    }
}
