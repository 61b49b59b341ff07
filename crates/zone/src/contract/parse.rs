//! YAML to [`Contract`]: the document's shape by serde, the meaning of the `yunyu` properties here, each fault with its place.

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::{Class, Contract, ContractError, Derivation, Field, Grid, LogicalType, Mask, Subject, Table};

type Fault<T> = Result<T, ContractError>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContract {
    api_version: Spanned<String>,
    kind: Spanned<String>,
    id: Spanned<String>,
    version: Spanned<String>,
    schema: Spanned<Vec<RawTable>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTable {
    name: Spanned<String>,
    #[serde(default)]
    custom_properties: Vec<RawProperty>,
    #[serde(default)]
    properties: Vec<RawField>,
}

#[derive(Deserialize)]
struct RawProperty {
    property: Spanned<String>,
    value: Spanned<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawField {
    name: Spanned<String>,
    logical_type: Spanned<String>,
    #[serde(default)]
    physical_type: Option<String>,
    #[serde(default)]
    logical_type_options: Option<RawOptions>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    classification: Option<Spanned<String>>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    primary_key: bool,
    #[serde(default)]
    custom_properties: Vec<RawProperty>,
}

#[derive(Deserialize)]
struct RawOptions {
    #[serde(default)]
    format: Option<String>,
}

pub(super) fn contract(yaml: &str) -> Fault<Contract> {
    let options = serde_saphyr::options! { with_snippet: false };
    let raw: RawContract = serde_saphyr::from_str_with_options(yaml, options).map_err(|error| syntax(&error))?;
    let options = serde_saphyr::options! { with_snippet: false };
    let whole: Value = serde_saphyr::from_str_with_options(yaml, options).map_err(|error| syntax(&error))?;
    super::places::check(yaml, &whole)?;
    if raw.kind.value != "DataContract" {
        return Err(at(&raw.kind, "kind", "应为 DataContract", "must be DataContract"));
    }
    if !raw.api_version.value.starts_with("v3.") {
        return Err(at(&raw.api_version, "apiVersion", "只读 ODCS v3", "only ODCS v3 is read"));
    }
    let place = spot(&raw.schema);
    let mut tables = raw.schema.value.into_iter();
    let (Some(raw_table), None) = (tables.next(), tables.next()) else {
        return Err(fault(place, "schema", "一份契约只写一张表", "one contract describes one table"));
    };
    Ok(Contract { id: raw.id.value, version: raw.version.value, table: table(raw_table)? })
}

fn table(raw: RawTable) -> Fault<Table> {
    let place = spot(&raw.name);
    if raw.properties.is_empty() {
        return Err(fault(place, "properties", "没有字段", "the table has no field"));
    }
    let unreadable = |name: &Spanned<String>| {
        at(name, "name", "名称为空、过长或含不可见字符", "the name is empty, too long or holds hidden characters")
    };
    if !super::places::plain(&raw.name.value) {
        return Err(unreadable(&raw.name));
    }
    let mut fields: Vec<Field> = Vec::new();
    for raw_field in raw.properties {
        let name = raw_field.name.clone();
        if !super::places::plain(&name.value) {
            return Err(unreadable(&name));
        }
        if name.value.starts_with(super::SUBJECT_PREFIX) {
            return Err(at(&name, &name.value, "此名留给主体标记列", "this name is kept for subject tokens"));
        }
        if fields.iter().any(|field| field.name.eq_ignore_ascii_case(&name.value)) {
            return Err(at(&name, &name.value, "字段重复", "duplicate field"));
        }
        fields.push(field(raw_field)?);
    }
    let mut subjects = Vec::new();
    for property in raw.custom_properties {
        match property.property.value.as_str() {
            "yunyuSubjects" => subjects = parse_subjects(&property.value, &fields)?,
            name if name.starts_with("yunyu") => return Err(unknown(&property.property)),
            _ => {}
        }
    }
    Ok(Table { name: raw.name.value, subjects, fields })
}

fn field(raw: RawField) -> Fault<Field> {
    let logical_type = logical_type(&raw.logical_type)?;
    let mut field = Field::new(&raw.name.value, logical_type, None);
    field.physical_type = raw.physical_type;
    field.format = raw.logical_type_options.and_then(|options| options.format);
    field.description = raw.description;
    field.required = raw.required || raw.primary_key;
    field.unique = raw.unique || raw.primary_key;
    field.level = raw.classification.as_ref().map(level).transpose()?.flatten();
    for property in &raw.custom_properties {
        set_property(&mut field, property)?;
    }
    check_field(&field, &raw.name)?;
    Ok(field)
}

fn logical_type(raw: &Spanned<String>) -> Fault<LogicalType> {
    Ok(match raw.value.as_str() {
        "string" => LogicalType::String,
        "integer" => LogicalType::Integer,
        "number" => LogicalType::Number,
        "date" => LogicalType::Date,
        "timestamp" => LogicalType::Timestamp,
        "boolean" => LogicalType::Boolean,
        _ => {
            let en = "must be string, integer, number, date, timestamp or boolean";
            return Err(at(raw, "logicalType", "应为 string、integer、number、date、timestamp 或 boolean", en));
        }
    })
}

/// Grades are the digits 1–4; other classifications are words of the publisher's own and say no grade.
fn level(raw: &Spanned<String>) -> Fault<Option<u8>> {
    match raw.value.trim().parse::<i64>() {
        Ok(level @ 1..=4) => Ok(u8::try_from(level).ok()),
        Ok(_) => Err(at(raw, "classification", "分级应为 1 至 4", "the grade must be 1 to 4")),
        Err(_) => Ok(None),
    }
}

fn set_property(field: &mut Field, property: &RawProperty) -> Fault<()> {
    let (name, value) = (property.property.value.as_str(), &property.value);
    match name {
        "yunyuClass" => {
            let class = value.value.as_str().and_then(Class::from_name);
            let en = "must be PUB, DIM, SEN, MEA, TIME, KEY, RID or LOCK";
            field.class =
                Some(class.ok_or_else(|| at(value, name, "类别应为 PUB、DIM、SEN、MEA、TIME、KEY、RID 或 LOCK", en))?);
        }
        "yunyuGrid" => field.grid = Some(grid(value)?),
        "yunyuDomain" => field.domain = Some(text(value, name)?),
        "yunyuClamp" => field.clamp = Some(clamp(value)?),
        "yunyuK" => {
            let k = value.value.as_u64().and_then(|k| u32::try_from(k).ok()).filter(|k| *k >= 1);
            field.k = Some(k.ok_or_else(|| at(value, name, "应为正整数", "must be a positive integer"))?);
        }
        "yunyuNotWith" => field.not_with = texts(value, name)?,
        "yunyuDerive" => {
            let parse = |text: String| {
                derivation(&text)
                    .ok_or_else(|| at(value, name, "未知的派生，可写 left:N", "unknown derivation; known is left:N"))
            };
            field.derive = texts(value, name)?.into_iter().map(parse).collect::<Fault<_>>()?;
        }
        "yunyuMask" => field.mask = Some(mask(value)?),
        "yunyuIdentifier" => field.identifier = Some(text(value, name)?),
        "yunyuHomogeneity" => {
            let wanted = value.value.as_str() == Some("suppress");
            field.homogeneity =
                if wanted { true } else { return Err(at(value, name, "应为 suppress", "must be suppress")) };
        }
        _ if name.starts_with("yunyu") => return Err(unknown(&property.property)),
        _ => {}
    }
    Ok(())
}

/// What must hold between a field's properties.
fn check_field(field: &Field, name: &Spanned<String>) -> Fault<()> {
    let key = &field.name;
    match (field.class, field.grid) {
        (Some(Class::Key), _) if field.domain.is_none() => {
            Err(at(name, key, "KEY 须写 yunyuDomain", "a KEY needs yunyuDomain"))
        }
        (Some(Class::Mea), Some(Grid::Number(_)) | None) => Ok(()),
        (Some(Class::Mea), Some(_)) => Err(at(name, key, "MEA 的格须为数", "the grid of a MEA is a number")),
        (Some(Class::Time), Some(Grid::Number(_)) | None) => Err(at(
            name,
            key,
            "TIME 须写格 year、quarter、month、day 或 hour",
            "a TIME needs the grid year, quarter, month, day or hour",
        )),
        (Some(Class::Time), _) if !matches!(field.logical_type, LogicalType::Date | LogicalType::Timestamp) => {
            Err(at(name, key, "TIME 须为 date 或 timestamp", "a TIME must be a date or timestamp"))
        }
        _ => Ok(()),
    }
}

fn grid(value: &Spanned<Value>) -> Fault<Grid> {
    let grid = match &value.value {
        Value::Number(number) => number.as_f64().filter(|step| *step > 0.0 && step.is_finite()).map(Grid::Number),
        Value::String(unit) => match unit.as_str() {
            "year" => Some(Grid::Year),
            "quarter" => Some(Grid::Quarter),
            "month" => Some(Grid::Month),
            "day" => Some(Grid::Day),
            "hour" => Some(Grid::Hour),
            _ => None,
        },
        _ => None,
    };
    let en = "must be a number above 0, year, quarter, month, day or hour";
    grid.ok_or_else(|| at(value, "yunyuGrid", "应为大于 0 的数或 year、quarter、month、day、hour", en))
}

fn clamp(value: &Spanned<Value>) -> Fault<(f64, f64)> {
    let bounds = value.value.as_array().map(|items| items.iter().map(Value::as_f64).collect::<Vec<_>>());
    match bounds.as_deref() {
        Some([Some(low), Some(high)]) if low < high => Ok((*low, *high)),
        _ => Err(at(value, "yunyuClamp", "应为 [下界, 上界]", "must be [low, high] with low below high")),
    }
}

fn derivation(text: &str) -> Option<Derivation> {
    let length: u32 = text.strip_prefix("left:")?.parse().ok()?;
    (length >= 1).then_some(Derivation::Left(length))
}

fn mask(value: &Spanned<Value>) -> Fault<Mask> {
    match &value.value {
        Value::String(operator) => Ok(Mask { operator: operator.clone(), parameters: serde_json::Map::new() }),
        Value::Object(map) => {
            let mut parameters = map.clone();
            match parameters.remove("operator") {
                Some(Value::String(operator)) => Ok(Mask { operator, parameters }),
                _ => Err(at(value, "yunyuMask", "须写 operator", "operator is missing")),
            }
        }
        _ => Err(at(value, "yunyuMask", "应为算子名或 {operator: …}", "must be an operator's name or {operator: …}")),
    }
}

fn parse_subjects(value: &Spanned<Value>, fields: &[Field]) -> Fault<Vec<Subject>> {
    let name = "yunyuSubjects";
    let items = value.value.as_array().ok_or_else(|| at(value, name, "应为列表", "must be a list"))?;
    let mut subjects: Vec<Subject> = Vec::new();
    for item in items {
        let subject = parse_subject(value, item, fields)?;
        if subjects.iter().any(|other| other.kind == subject.kind) {
            return Err(at(value, name, "主体种类重复", "duplicate subject kind"));
        }
        subjects.push(subject);
    }
    Ok(subjects)
}

fn parse_subject(value: &Spanned<Value>, item: &Value, fields: &[Field]) -> Fault<Subject> {
    let name = "yunyuSubjects";
    let map = item.as_object().ok_or_else(|| at(value, name, "应为 {kind, key}", "must be {kind, key}"))?;
    for (key, text) in map {
        if !matches!(key.as_str(), "kind" | "key" | "else" | "when") {
            return Err(at(value, name, &format!("未知的键 {key}"), &format!("unknown key {key}")));
        }
        if !text.is_string() {
            return Err(at(value, name, &format!("{key} 应为文字"), &format!("{key} must be text")));
        }
    }
    let get = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = get("kind").filter(|kind| is_kind(kind));
    let kind = kind.ok_or_else(|| {
        at(value, name, "kind 应为小写字母、数字、下划线", "kind must be lower-case letters, digits, underscores")
    })?;
    let (key, else_key) = (get("key"), get("else"));
    for wanted in key.iter().chain(else_key.iter()) {
        if !fields.iter().any(|field| field.name == *wanted) {
            return Err(at(value, name, &format!("没有字段 {wanted}"), &format!("no field {wanted}")));
        }
    }
    if key.is_none() && else_key.is_some() {
        return Err(at(value, name, "有 else 须有 key", "else needs key"));
    }
    let when_measure = match get("when").as_deref() {
        None => false,
        Some("measure") => true,
        Some(_) => return Err(at(value, name, "when 只能是 measure", "when can only be measure")),
    };
    Ok(Subject { kind, key, else_key, when_measure })
}

fn is_kind(kind: &str) -> bool {
    !kind.is_empty()
        && kind.len() <= 40
        && kind.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn text(value: &Spanned<Value>, name: &str) -> Fault<String> {
    let text = value.value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| at(value, name, "应为文字", "must be text"))
}

fn texts(value: &Spanned<Value>, name: &str) -> Fault<Vec<String>> {
    let items = value.value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    items.flatten().ok_or_else(|| at(value, name, "应为文字的列表", "must be a list of texts"))
}

fn spot<T>(value: &Spanned<T>) -> (u64, u64) {
    (value.referenced.line(), value.referenced.column())
}

fn at<T>(value: &Spanned<T>, key: &str, zh: &str, en: &str) -> ContractError {
    fault(spot(value), key, zh, en)
}

fn unknown(name: &Spanned<String>) -> ContractError {
    at(name, &name.value, "未知的 yunyu 属性", "unknown yunyu property")
}

fn fault((line, column): (u64, u64), key: &str, zh: &str, en: &str) -> ContractError {
    ContractError { path: None, line, column, key: key.into(), zh: zh.into(), en: en.into() }
}

fn syntax(error: &serde_saphyr::Error) -> ContractError {
    let place = error.location().map_or((0, 0), |location| (location.line(), location.column()));
    let text = error.without_snippet().to_string();
    fault(place, "yaml", &format!("不是可读的契约：{text}"), &text)
}
