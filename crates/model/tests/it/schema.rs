//! The JSON Schema of pack files: the committed one, true to the types, and true of every shipped file.

use crate::world::{all_layers, layers};
use model::Pack;
use model::pack::{diff, diff_text, resolve, schema};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_committed_schema_is_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/schema.json");
    let now = format!("{:#}\n", schema());
    if std::env::var_os("YUNYU_WRITE_SCHEMA").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), now, "packs/schema.json is old: run with YUNYU_WRITE_SCHEMA=1");
}

/// As much of JSON Schema as the schema uses.
fn fits(root: &Value, rule: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = rule["$ref"].as_str() {
        let def = &root["$defs"][name.rsplit('/').next().unwrap()];
        assert!(def.is_object(), "{name}");
        return fits(root, def, value);
    }
    if let Some(any) = rule["anyOf"].as_array() {
        return if any.iter().any(|r| fits(root, r, value).is_ok()) {
            Ok(())
        } else {
            Err(format!("{value}: none fits"))
        };
    }
    if let Some(words) = rule["enum"].as_array() {
        return if words.contains(value) { Ok(()) } else { Err(format!("{value} is not one of the words")) };
    }
    let kind = match rule["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_i64().is_some_and(|n| n >= rule["minimum"].as_i64().unwrap_or(i64::MIN)),
        "array" => {
            for item in value.as_array().ok_or("not a list")? {
                fits(root, &rule["items"], item)?;
            }
            true
        }
        "object" => {
            let map = value.as_object().ok_or("not a table")?;
            for needed in rule["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !map.contains_key(needed) {
                    return Err(format!("{needed} is missing"));
                }
            }
            for (key, item) in map {
                match (&rule["properties"][key], &rule["additionalProperties"]) {
                    (Value::Null, Value::Bool(false)) => return Err(format!("unknown key {key}")),
                    (Value::Null, more) => fits(root, more, item)?,
                    (known, _) => fits(root, known, item)?,
                }
            }
            true
        }
        other => panic!("{other}"),
    };
    if kind { Ok(()) } else { Err(format!("{value} is no {}", rule["type"])) }
}

fn definition(path: &str) -> &'static str {
    match path {
        "pack.toml" => "pack",
        "parameters.toml" => "parameters",
        "articles.toml" => "articles",
        "calendar.toml" => "calendar",
        _ => "procedure",
    }
}

#[test]
fn every_shipped_file_fits_and_a_wrong_one_does_not() {
    let root = schema();
    for layer in all_layers() {
        for (path, text) in layer.files.iter().filter(|(p, _)| p.ends_with(".toml")) {
            let value: Value = toml::from_str(text).unwrap();
            let rule = &root["$defs"][definition(path)];
            fits(&root, rule, &value).unwrap_or_else(|e| panic!("{}/{path}: {e}", layer.layer));
            if value.as_object().unwrap().is_empty()
                || ["parameters", "articles", "calendar"].contains(&definition(path))
            {
                continue;
            }
            let mut wrong = value.clone();
            wrong["colour"] = 1.into();
            assert!(fits(&root, rule, &wrong).is_err(), "{path}");
        }
    }
}

/// The keys that the types themselves know, as their parser names them when it meets another.
fn keys(file: &str, from: &str, to: &str) -> BTreeSet<String> {
    let mut chain = resolve(&all_layers(), "jinan").unwrap();
    let (layer, path) = file.split_once('/').unwrap();
    let text = chain.iter_mut().find(|l| l.layer == layer).unwrap().files.get_mut(path).unwrap();
    assert!(text.contains(from), "{file}: {from}");
    *text = text.replacen(from, to, 1);
    let said = Pack::load(&chain).unwrap_err().en;
    let (_, expected) = said.split_once("expected").unwrap_or_else(|| panic!("{file}: {said}"));
    expected.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[test]
fn the_schema_has_the_keys_of_the_types() {
    let auth = "jinan/procedures/authorisation.toml";
    let places = [
        ("pack", "jinan/pack.toml", "id = ", "zz = 1\nid = "),
        ("alternative", "jinan/pack.toml", "]]\nprocedure", "]]\nzz = 1\nprocedure"),
        ("parameter", "jinan/parameters.toml", "\nvalue = ", "\nzz = 1\nvalue = "),
        ("article", "jinan/articles.toml", "\nzh = ", "\nzz = 1\nzh = "),
        ("year", "national/calendar.toml", "[2026]", "[2026]\nzz = 1"),
        ("days_off", "national/calendar.toml", "{ from", "{ zz = 1, from"),
        ("procedure", auth, "name = ", "zz = 1\nname = "),
        ("state", auth, "{ name", "{ zz = 1, name"),
        ("step", auth, "[[steps]]", "[[steps]]\nzz = 1"),
        ("when", auth, "when = {", "when = { zz = 1,"),
        ("due", auth, "due = {", "due = { zz = 1,"),
        ("document", auth, "\n[documents.", "\n[documents.zz]\nzz = 1\n[documents."),
        ("field", auth, "fields = [\n  { name", "fields = [\n  { zz = 1, name"),
    ];
    let root = schema();
    for (name, file, from, to) in places {
        let own: BTreeSet<String> = root["$defs"][name]["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys(file, from, to), own, "{name}");
    }
}

#[test]
fn packs_differ_by_article() {
    let pack = |city: &str| Pack::load(&resolve(&all_layers(), city).unwrap()).unwrap();
    let (wuxi, shenyang) = (pack("wuxi"), pack("shenyang"));
    assert!(diff(&wuxi, &wuxi).is_empty());
    let changes = diff(&wuxi, &shenyang);
    let term = changes.iter().find(|c| c.name == "term.max_months").unwrap();
    assert_eq!((term.rule.as_str(), term.article.as_str()), ("SY-17.1", "17"));
    assert_eq!(
        (&term.before.as_ref().unwrap()["value"], &term.after.as_ref().unwrap()["value"]),
        (&24.into(), &36.into())
    );
    // A version of one city: one guard taken away, one value tightened; nothing else is said.
    let mut chain = layers();
    let edit = |files: &mut std::collections::BTreeMap<String, String>, path: &str, from: &str, to: &str| {
        let text = files.get_mut(path).unwrap();
        assert!(text.contains(from));
        *text = text.replacen(from, to, 1);
    };
    edit(&mut chain[2].files, "parameters.toml", "value = 24", "value = 18");
    edit(
        &mut chain[2].files,
        "procedures/authorisation.toml",
        "no_ban = \"WX-10.3\", renewal_window",
        "renewal_window",
    );
    let next = Pack::load(&chain).unwrap();
    let changes = diff(&wuxi, &next);
    let names: Vec<(&str, &str)> = changes.iter().map(|c| (c.kind, c.name.as_str())).collect();
    assert_eq!(names, [("step", "authorisation.apply"), ("parameter", "term.max_months")]);
    let guards = |v: &Option<Value>| v.as_ref().unwrap()["guards"].get("no_ban").is_some();
    assert!(guards(&changes[0].before) && !guards(&changes[0].after));
    let text = diff_text(&changes);
    assert!(
        text.contains("WX-11.2") && text.contains("〔第11条〕") && text.contains("~ parameter term.max_months"),
        "{text}"
    );
}
