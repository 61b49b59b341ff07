//! Field contracts: what each field of a table is and how it may be used.
//!
//! A contract is an Open Data Contract Standard (ODCS) 3.1 document for one table. Disclosure class, grid, key domain,
//! subject kind, masking and identifier kind of a field stand in custom properties whose names begin with `yunyu`.
//! This module knows the document and nothing else: no data, no query, no purpose.

mod change;
mod parse;
mod places;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

/// Prefix of the hidden columns that carry subject tokens in sealed tables: `__subject_<kind>`.
pub const SUBJECT_PREFIX: &str = "__subject_";

/// The contract of one table.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// Identity of the contract document.
    pub id: String,
    /// Version of the contract document.
    pub version: String,
    /// The table that the contract describes.
    pub table: Table,
}

/// A table: whose records it holds and its fields in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Name in SQL and of the file that holds the records.
    pub name: String,
    /// Subject kinds that the rows are about. Empty for public tables.
    pub subjects: Vec<Subject>,
    /// Fields in the order of the contract.
    pub fields: Vec<Field>,
}

/// How a row names the subject of one kind that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Kind of subject: `person`, `enterprise`, `row`, …
    pub kind: String,
    /// Field that holds the subject's key; `None`: each row is a subject of its own.
    pub key: Option<String>,
    /// Field that stands in where the key is null.
    pub else_key: Option<String>,
    /// The rows are protected for this kind only when a measure of the table is used.
    pub when_measure: bool,
}

/// Disclosure class of a field (governed-query §4). A field without a class permits nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Class {
    /// Public: anything, row level included.
    Pub,
    /// Dimension: group key, literal filter, equality to a public field.
    Dim,
    /// Sensitive dimension: as a dimension with a higher threshold and fields it never meets.
    Sen,
    /// Measure: argument of approved aggregates, range filter on its grid.
    Mea,
    /// Time: a dimension once truncated to its grid or coarser.
    Time,
    /// Key of a domain: joins and distinct counts, never released.
    Key,
    /// Row identifier: counted only.
    Rid,
    /// Locked: no use at all.
    Lock,
}

/// Logical type of a field, as in ODCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogicalType {
    /// Text.
    String,
    /// 64-bit signed integer.
    Integer,
    /// Number with a fraction: double, or decimal where `physicalType` says `decimal(p,s)`.
    Number,
    /// Calendar date.
    Date,
    /// Date and time of day, without zone, to the microsecond.
    Timestamp,
    /// True or false.
    Boolean,
}

impl LogicalType {
    /// The word that ODCS has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Boolean => "boolean",
        }
    }
}

/// The coarsest step at which a field's values may be compared or released.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grid {
    /// Multiples of a number greater than zero.
    Number(f64),
    /// Calendar years.
    Year,
    /// Calendar quarters.
    Quarter,
    /// Calendar months.
    Month,
    /// Days.
    Day,
    /// Hours.
    Hour,
}

/// A registered derivation of a field (`yunyuDerive`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// `left:N`: the first N characters.
    Left(u32),
}

/// A masking operator with its parameters (`yunyuMask`), applied where rows are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// Name of the operator.
    pub operator: String,
    /// Parameters of the operator.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// A field of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name in SQL; case-sensitive.
    pub name: String,
    /// Logical type.
    pub logical_type: LogicalType,
    /// Physical type as written, e.g. `decimal(18,2)`.
    pub physical_type: Option<String>,
    /// Format of the source text (`logicalTypeOptions.format`), e.g. `%Y/%m/%d`.
    pub format: Option<String>,
    /// No null is accepted.
    pub required: bool,
    /// No two rows share a value (`unique` or `primaryKey`).
    pub unique: bool,
    /// Grade of the field, 1–4 (`classification`).
    pub level: Option<u8>,
    /// Disclosure class; `None` permits nothing.
    pub class: Option<Class>,
    /// Grid of a measure or time.
    pub grid: Option<Grid>,
    /// Domain of a key: keys of one domain may be equated.
    pub domain: Option<String>,
    /// Bounds to which one row's contribution to a sum is clamped.
    pub clamp: Option<(f64, f64)>,
    /// Least number of distinct subjects per group when this field is touched.
    pub k: Option<u32>,
    /// Fields that may not stand in one query with this one.
    pub not_with: Vec<String>,
    /// Registered derivations.
    pub derive: Vec<Derivation>,
    /// Masking operator.
    pub mask: Option<Mask>,
    /// Identifier kind in the vocabulary of `classify`, e.g. `cn_resident_id`.
    pub identifier: Option<String>,
    /// Suppress a group in which this field takes a single value.
    pub homogeneity: bool,
    /// Description for people.
    pub description: Option<String>,
}

/// What is wrong with a contract, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{line}:{column}: {key}: {en}", path.as_ref().map(|p| format!("{}:", p.display())).unwrap_or_default())]
pub struct ContractError {
    /// File, where the contract came from one.
    pub path: Option<PathBuf>,
    /// Line from 1; 0 where unknown.
    pub line: u64,
    /// Character from 1; 0 where unknown.
    pub column: u64,
    /// Key or field at fault.
    pub key: String,
    /// Reason in Chinese.
    pub zh: String,
    /// Reason in English.
    pub en: String,
}

impl Class {
    /// The name in contracts: `PUB`, `DIM`, ….
    pub fn name(self) -> &'static str {
        match self {
            Self::Pub => "PUB",
            Self::Dim => "DIM",
            Self::Sen => "SEN",
            Self::Mea => "MEA",
            Self::Time => "TIME",
            Self::Key => "KEY",
            Self::Rid => "RID",
            Self::Lock => "LOCK",
        }
    }

    /// The class of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pub, Self::Dim, Self::Sen, Self::Mea, Self::Time, Self::Key, Self::Rid, Self::Lock]
            .into_iter()
            .find(|class| class.name() == name)
    }
}

impl Contract {
    /// Reads a contract from YAML.
    pub fn parse(yaml: &str) -> Result<Self, ContractError> {
        parse::contract(yaml)
    }

    /// The contract as ODCS YAML; parsing it gives the same contract.
    pub fn to_yaml(&self) -> String {
        write::contract(self)
    }

    /// Reads every `*.yaml` of a folder (not its subfolders) in order of names. Two contracts of one table are an error.
    pub fn load_dir(dir: &Path) -> Result<Vec<Self>, ContractError> {
        let mut contracts: Vec<Self> = Vec::new();
        let mut names = BTreeSet::new();
        for path in yaml_files(dir)? {
            let contract = Self::load(&path)?;
            if !names.insert(contract.table.name.to_lowercase()) {
                let zh = format!("表 {} 有两份契约", contract.table.name);
                let en = format!("table {} has two contracts", contract.table.name);
                return Err(ContractError { path: Some(path), line: 0, column: 0, key: "schema".into(), zh, en });
            }
            contracts.push(contract);
        }
        Ok(contracts)
    }

    /// Reads one contract file.
    pub fn load(path: &Path) -> Result<Self, ContractError> {
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        Self::parse(&text).map_err(|error| ContractError { path: Some(path.to_path_buf()), ..error })
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.table.fields.iter().find(|field| field.name == name)
    }

    /// Arrow schema of the contract's fields, without hidden subject columns.
    pub fn arrow_schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.arrow_fields()))
    }

    /// Arrow schema of a sealed table: the contract's fields, then one `__subject_<kind>` column per subject kind.
    pub fn sealed_schema(&self) -> SchemaRef {
        let mut fields = self.arrow_fields();
        for subject in &self.table.subjects {
            fields.push(ArrowField::new(subject.column(), DataType::FixedSizeBinary(16), true));
        }
        Arc::new(Schema::new(fields))
    }

    fn arrow_fields(&self) -> Vec<ArrowField> {
        let field = |field: &Field| ArrowField::new(&field.name, field.arrow_type(), !field.required);
        self.table.fields.iter().map(field).collect()
    }
}

impl Table {
    /// True if every field is public.
    pub fn is_public(&self) -> bool {
        self.fields.iter().all(|field| field.class == Some(Class::Pub))
    }
}

impl Subject {
    /// Name of the hidden token column.
    pub fn column(&self) -> String {
        format!("{SUBJECT_PREFIX}{}", self.kind)
    }
}

impl Field {
    /// A field with a name, type and class, and nothing else said.
    pub fn new(name: &str, logical_type: LogicalType, class: Option<Class>) -> Self {
        Self {
            name: name.into(),
            logical_type,
            physical_type: None,
            format: None,
            required: false,
            unique: false,
            level: None,
            class,
            grid: None,
            domain: None,
            clamp: None,
            k: None,
            not_with: Vec::new(),
            derive: Vec::new(),
            mask: None,
            identifier: None,
            homogeneity: false,
            description: None,
        }
    }

    /// Arrow type of the field's values.
    pub fn arrow_type(&self) -> DataType {
        match self.logical_type {
            LogicalType::String => DataType::Utf8,
            LogicalType::Integer => DataType::Int64,
            LogicalType::Number => self.physical_type.as_deref().and_then(decimal).unwrap_or(DataType::Float64),
            LogicalType::Date => DataType::Date32,
            LogicalType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            LogicalType::Boolean => DataType::Boolean,
        }
    }
}

/// `decimal(p,s)` or `numeric(p,s)` as an Arrow type.
fn decimal(physical: &str) -> Option<DataType> {
    let lower = physical.to_lowercase();
    let inner = lower.strip_prefix("decimal").or_else(|| lower.strip_prefix("numeric"))?.trim();
    let inner = inner.strip_prefix('(')?.strip_suffix(')')?;
    let (precision, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    let (precision, scale): (u8, i8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    let fits = (1..=38).contains(&precision) && (0..=precision as i8).contains(&scale);
    fits.then_some(DataType::Decimal128(precision, scale))
}

fn yaml_files(dir: &Path) -> Result<Vec<PathBuf>, ContractError> {
    let entries = std::fs::read_dir(dir).map_err(|error| unreadable(dir, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(dir, &error))?.path();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        // A pipeline's description may lie beside its contracts.
        if yaml && path.is_file() && path.file_stem().is_some_and(|stem| stem != "story") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &std::io::Error) -> ContractError {
    let (zh, en) = (format!("读不出来：{}", error.kind()), format!("cannot be read: {}", error.kind()));
    ContractError { path: Some(path.to_path_buf()), line: 0, column: 0, key: String::new(), zh, en }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"apiVersion: v3.1.0
kind: DataContract
id: citizens
version: 1.0.0
status: active
schema:
  - name: citizens
    physicalType: table
    customProperties:
      - {property: yunyuSubjects, value: [{kind: person, key: citizen_id, else: card}]}
    properties:
      - {name: citizen_id, logicalType: integer, classification: "2", customProperties: [{property: yunyuClass, value: KEY}, {property: yunyuDomain, value: person}]}
      - {name: card, logicalType: string, customProperties: [{property: yunyuClass, value: KEY}, {property: yunyuDomain, value: card}]}
      - {name: id_no, logicalType: string, classification: "4", customProperties: [{property: yunyuClass, value: LOCK}, {property: yunyuIdentifier, value: cn_resident_id}]}
      - {name: street_code, logicalType: string, classification: "2", customProperties: [{property: yunyuClass, value: DIM}, {property: yunyuDerive, value: ["left:6"]}]}
      - {name: birth_date, logicalType: date, customProperties: [{property: yunyuClass, value: TIME}, {property: yunyuGrid, value: year}]}
      - {name: base_amount, logicalType: number, physicalType: "decimal(18,2)", customProperties: [{property: yunyuClass, value: MEA}, {property: yunyuGrid, value: 500}, {property: yunyuClamp, value: [0, 50000]}]}
      - {name: icd_code, logicalType: string, customProperties: [{property: yunyuClass, value: SEN}, {property: yunyuK, value: 20}, {property: yunyuNotWith, value: [street_code]}, {property: yunyuHomogeneity, value: suppress}, {property: yunyuMask, value: {operator: keep, left: 1}}]}
"#;

    #[test]
    fn reads_the_documented_form_and_writes_it_back() {
        let contract = Contract::parse(TEXT).unwrap();
        assert_eq!(contract.table.subjects[0].else_key.as_deref(), Some("card"));
        assert_eq!(contract.field("base_amount").unwrap().clamp, Some((0.0, 50000.0)));
        assert_eq!(contract.field("base_amount").unwrap().arrow_type(), DataType::Decimal128(18, 2));
        assert_eq!(contract.field("icd_code").unwrap().not_with, ["street_code"]);
        assert_eq!(Contract::parse(&contract.to_yaml()).unwrap(), contract);
        assert_eq!(contract.sealed_schema().fields().len(), contract.arrow_schema().fields().len() + 1);
    }

    #[test]
    fn says_where_a_contract_is_wrong() {
        let cases = [
            ("property: yunyuK, value: 20", "property: yunyuKay, value: 20", 18),
            ("value: DIM", "value: DIMENSION", 15),
            ("name: id_no", "name: Card", 14),
            ("key: citizen_id", "key: person_no", 10),
            ("kind: person", "kind: Person", 10),
            ("value: year", "value: decade", 16),
            ("{property: yunyuDomain, value: card}", "{property: x, value: card}", 13),
            ("value: [0, 50000]", "value: [50000, 0]", 17),
            ("\"left:6\"", "\"right:6\"", 15),
            ("logicalType: date", "logicalType: object", 16),
            ("classification: \"4\"", "classification: \"7\"", 14),
            ("kind: DataContract", "kind: Contract", 2),
        ];
        for (from, to, line) in cases {
            assert!(TEXT.contains(from), "{from}");
            let error = Contract::parse(&TEXT.replacen(from, to, 1)).unwrap_err();
            assert!(error.column > 0 && error.line == line, "{to}: {error}");
        }
        for junk in ["", "a: [", "schema: 3", "\u{0}", "{}"] {
            assert!(Contract::parse(junk).is_err());
        }
    }
}
