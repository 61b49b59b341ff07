//! [`Contract`] to ODCS YAML: for contracts that the product proposes.

use serde_json::{Map, Value, json};

use super::{Contract, Derivation, Field, Grid, Mask, Subject};

pub(super) fn contract(contract: &Contract) -> String {
    let mut table = Map::new();
    table.insert("name".into(), json!(contract.table.name));
    table.insert("physicalType".into(), json!("table"));
    if !contract.table.subjects.is_empty() {
        let subjects: Vec<Value> = contract.table.subjects.iter().map(subject).collect();
        table.insert("customProperties".into(), json!([{"property": "yunyuSubjects", "value": subjects}]));
    }
    table.insert("properties".into(), contract.table.fields.iter().map(field).collect());
    let mut document = Map::new();
    for (key, value) in [
        ("apiVersion", "v3.1.0"),
        ("kind", "DataContract"),
        ("id", &contract.id),
        ("version", &contract.version),
        ("status", "active"),
    ] {
        document.insert(key.into(), json!(value));
    }
    document.insert("schema".into(), json!([table]));
    // A tree of maps, lists and scalars always has a YAML form.
    serde_saphyr::to_string(&Value::Object(document)).unwrap_or_default()
}

fn subject(subject: &Subject) -> Value {
    let mut map = Map::new();
    map.insert("kind".into(), json!(subject.kind));
    for (name, key) in [("key", &subject.key), ("else", &subject.else_key)] {
        if let Some(key) = key {
            map.insert(name.into(), json!(key));
        }
    }
    if subject.when_measure {
        map.insert("when".into(), json!("measure"));
    }
    Value::Object(map)
}

fn field(field: &Field) -> Value {
    let mut map = Map::new();
    map.insert("name".into(), json!(field.name));
    map.insert("logicalType".into(), json!(field.logical_type.name()));
    if let Some(physical) = &field.physical_type {
        map.insert("physicalType".into(), json!(physical));
    }
    if let Some(format) = &field.format {
        map.insert("logicalTypeOptions".into(), json!({"format": format}));
    }
    if let Some(description) = &field.description {
        map.insert("description".into(), json!(description));
    }
    for (name, set) in [("required", field.required), ("unique", field.unique)] {
        if set {
            map.insert(name.into(), json!(true));
        }
    }
    if let Some(level) = field.level {
        map.insert("classification".into(), json!(level.to_string()));
    }
    let properties = properties(field);
    if !properties.is_empty() {
        map.insert("customProperties".into(), Value::Array(properties));
    }
    Value::Object(map)
}

fn properties(field: &Field) -> Vec<Value> {
    let mut list = Vec::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            list.push(json!({"property": name, "value": value}));
        }
    };
    add("yunyuClass", field.class.map(|class| json!(class.name())));
    add("yunyuGrid", field.grid.map(grid));
    add("yunyuDomain", field.domain.as_ref().map(|domain| json!(domain)));
    add("yunyuClamp", field.clamp.map(|(low, high)| json!([number(low), number(high)])));
    add("yunyuK", field.k.map(|k| json!(k)));
    add("yunyuNotWith", (!field.not_with.is_empty()).then(|| json!(field.not_with)));
    let derive: Vec<String> = field.derive.iter().map(|Derivation::Left(length)| format!("left:{length}")).collect();
    add("yunyuDerive", (!derive.is_empty()).then(|| json!(derive)));
    add("yunyuMask", field.mask.as_ref().map(mask));
    add("yunyuIdentifier", field.identifier.as_ref().map(|identifier| json!(identifier)));
    add("yunyuHomogeneity", field.homogeneity.then(|| json!("suppress")));
    list
}

fn mask(mask: &Mask) -> Value {
    let mut map = mask.parameters.clone();
    map.insert("operator".into(), json!(mask.operator));
    Value::Object(map)
}

fn grid(grid: Grid) -> Value {
    match grid {
        Grid::Number(step) => number(step),
        Grid::Year => json!("year"),
        Grid::Quarter => json!("quarter"),
        Grid::Month => json!("month"),
        Grid::Day => json!("day"),
        Grid::Hour => json!("hour"),
    }
}

/// Whole numbers without a fraction, as people write them.
fn number(value: f64) -> Value {
    let whole = value as i64;
    if (whole as f64).to_bits() == value.to_bits() { json!(whole) } else { json!(value) }
}
