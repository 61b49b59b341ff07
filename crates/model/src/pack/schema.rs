//! JSON Schema of a pack's files, for editors. The words come from the types; that the keys are the types' own is a test.

use super::identity::{LayerKind, LegalStatus};
use super::parameter::{Status, Strict};
use super::{Days, ValueKind};
use crate::object::{About, ObjectKind};
use crate::party::{OrgRole, PersonRole};
use crate::procedure::{By, Exclude, FieldKind, Guard, StepEffect};
use serde_json::{Map, Value, json};

/// One document with a definition for each kind of file: `pack`, `parameters`, `articles`, `calendar`, `procedure`.
#[must_use]
pub fn schema() -> Value {
    let mut defs = Map::new();
    let mut put = |name: &str, value: Value| {
        defs.insert(name.to_owned(), value);
    };
    put("pack", pack());
    put("alternative", object(&[("procedure", text()), ("steps", texts()), ("rule", text())], &[]));
    put("parameters", map(reference("parameter")));
    put("parameter", parameter());
    put("articles", map(reference("article")));
    put("article", article());
    put("calendar", map(reference("year")));
    put("year", object(&[("notice", text()), ("off", list(reference("days_off"))), ("work", list(day()))], &[]));
    put("days_off", object(&[("from", day()), ("to", day()), ("zh", text()), ("en", text())], &[]));
    put("procedure", procedure());
    put("state", object(&[("name", text()), ("zh", text()), ("en", text())], &[("end", flag())]));
    put("step", step());
    put("when", object(&[("field", text()), ("any", texts())], &[]));
    put("due", due());
    put("document", document());
    put("field", field());
    let files = ["pack", "parameters", "articles", "calendar", "procedure"].map(reference);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://yunyu.invalid/schema/pack/1",
        "title": "Files of a rule pack, by definition: pack.toml, parameters.toml, articles.toml, calendar.toml, procedures/*.toml",
        "$defs": defs,
        "anyOf": files,
    })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn day() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" })
}

fn number(least: u32) -> Value {
    json!({ "type": "integer", "minimum": least })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn texts() -> Value {
    list(text())
}

fn map(of: Value) -> Value {
    json!({ "type": "object", "additionalProperties": of })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn one_of<T: AsRef<str>>(all: &[T]) -> Value {
    json!({ "enum": all.iter().map(AsRef::as_ref).collect::<Vec<_>>() })
}

/// An object with these keys and no others; the first ones must be there.
fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        required.iter().chain(optional).map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    let names: Vec<&str> = required.iter().map(|(k, _)| *k).collect();
    json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
}

fn pack() -> Value {
    let term = object(&[("zh", text()), ("en", text())], &[]);
    object(
        &[
            ("id", text()),
            ("kind", one_of(LayerKind::ALL)),
            ("version", number(1)),
            ("zh", text()),
            ("en", text()),
            ("status", one_of(LegalStatus::ALL)),
        ],
        &[
            ("inherits", text()),
            ("effective_from", text()),
            ("effective_to", text()),
            ("legal_basis", texts()),
            ("terms", map(term)),
            ("effects", map(list(reference("alternative")))),
            ("cites", map(text())),
        ],
    )
}

fn parameter() -> Value {
    let kinds = ValueKind::ALL.iter().map(|k| match k {
        ValueKind::Flag => flag(),
        ValueKind::Integer => json!({ "type": "integer" }),
        ValueKind::Text => text(),
        ValueKind::List => texts(),
    });
    object(
        &[
            ("value", json!({ "anyOf": kinds.collect::<Vec<_>>() })),
            ("source", text()),
            ("status", one_of(Status::ALL)),
        ],
        &[("strict", one_of(Strict::ALL)), ("general", flag()), ("zh", text()), ("en", text())],
    )
}

fn article() -> Value {
    object(
        &[("zh", text()), ("en", text())],
        &[("article", text()), ("answers", texts()), ("open", text()), ("not_software", text()), ("tests", texts())],
    )
}

fn procedure() -> Value {
    object(
        &[
            ("name", text()),
            ("zh", text()),
            ("en", text()),
            ("object", one_of(ObjectKind::ALL)),
            ("start", text()),
            ("states", list(reference("state"))),
            ("steps", list(reference("step"))),
        ],
        &[
            ("about", list(one_of(About::ALL))),
            ("may_name", list(one_of(About::ALL))),
            ("opened_by", list(one_of(&OrgRole::ALL.map(|r| r.word())))),
            ("confidential", flag()),
            ("documents", map(reference("document"))),
        ],
    )
}

fn step() -> Value {
    let guards: Map<String, Value> = Guard::ALL.iter().map(|g| (g.as_str().to_owned(), text())).collect();
    let roles: Vec<Value> = PersonRole::ALL.into_iter().map(|r| Value::from(r.word())).collect();
    object(
        &[
            ("name", text()),
            ("zh", text()),
            ("en", text()),
            ("from", texts()),
            ("to", text()),
            ("by", list(one_of(&By::words()))),
            ("rule", text()),
        ],
        &[
            ("reject_to", text()),
            ("person_roles", list(json!({ "enum": roles }))),
            ("count", number(1)),
            ("count_param", text()),
            ("distinct_orgs", flag()),
            ("blind", flag()),
            ("not", list(one_of(Exclude::ALL))),
            ("documents", texts()),
            ("reject_documents", texts()),
            ("when", reference("when")),
            ("guards", json!({ "type": "object", "properties": guards, "additionalProperties": false })),
            ("due", reference("due")),
            ("effects", list(one_of(StepEffect::ALL))),
        ],
    )
}

fn due() -> Value {
    object(&[], &[("param", text()), ("days", one_of(Days::ALL)), ("field", text()), ("document", text())])
}

fn document() -> Value {
    object(&[("zh", text()), ("en", text()), ("rule", text()), ("fields", list(reference("field")))], &[])
}

fn field() -> Value {
    object(
        &[("name", text()), ("kind", one_of(FieldKind::ALL)), ("zh", text()), ("en", text())],
        &[("required", flag()), ("choices", texts()), ("choices_param", text()), ("must", text())],
    )
}
