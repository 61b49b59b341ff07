//! How the columns of one file answer the fields of its contract.
//!
//! Strict both ways: a column that the contract does not name is refused, since it would be personal data without a
//! grade; a field that no row could fill is refused, since a later job would read nulls as facts.

use super::error::IntakeError;
use super::records::Row;
use super::value::narrow;
use crate::contract::{Contract, Field, Subject};
use arrow::datatypes::DataType;

/// One field of the contract and where it stands in the file.
#[derive(Debug)]
pub(super) struct Column {
    /// Field name.
    pub(super) name: String,
    /// Position in the file; none where the file lacks an optional field.
    pub(super) source: Option<usize>,
    /// Arrow type of the values.
    pub(super) data_type: DataType,
    /// No null is accepted.
    pub(super) required: bool,
    /// Identifier kind.
    pub(super) identifier: Option<String>,
    /// Source format of a date or timestamp, where the contract states one.
    pub(super) format: Option<String>,
    /// The text is a key or identifier: blanks and full-width forms do not count.
    pub(super) narrow: bool,
}

/// How one subject kind is found in a row; positions are those of [`Plan::columns`].
#[derive(Debug)]
pub(super) struct SubjectPlan {
    /// Kind of subject.
    pub(super) kind: String,
    /// Column of the key; none: the row is the subject.
    pub(super) key: Option<usize>,
    /// Column that stands in for a null key.
    pub(super) other: Option<usize>,
}

/// Columns and subjects of one file.
#[derive(Debug)]
pub(super) struct Plan {
    /// Number of columns in the file.
    pub(super) width: usize,
    /// Fields in the order of the contract.
    pub(super) columns: Vec<Column>,
    /// Subjects in the order of the contract.
    pub(super) subjects: Vec<SubjectPlan>,
}

impl Plan {
    /// Binds a header row to a contract.
    pub(super) fn bind(contract: &Contract, header: &Row) -> Result<Self, IntakeError> {
        let names: Vec<String> =
            (0..header.len()).filter_map(|i| header.get(i)).map(|(text, _)| narrow(text).into_owned()).collect();
        let fields = &contract.table.fields;
        let known: Vec<Option<usize>> = names.iter().map(|name| field_named(fields, name)).collect();
        if known.iter().all(Option::is_none) {
            return Err(IntakeError::NoHeader);
        }
        refuse_duplicates(fields, &known)?;
        refuse_unknown(&names, &known)?;
        let columns: Vec<Column> = fields.iter().enumerate().map(|(i, f)| column(contract, f, i, &known)).collect();
        refuse_missing(&contract.table.subjects, &columns)?;
        let position = |name: &Option<String>| columns.iter().position(|c| Some(&c.name) == name.as_ref());
        let subject = |s: &Subject| SubjectPlan { kind: s.kind.clone(), key: position(&s.key), other: position(&s.else_key) };
        let subjects = contract.table.subjects.iter().map(subject).collect();
        Ok(Self { width: names.len(), columns, subjects })
    }

    /// Optional fields that the file lacks.
    pub(super) fn absent(&self) -> Vec<String> {
        self.columns.iter().filter(|c| c.source.is_none()).map(|c| c.name.clone()).collect()
    }
}

fn column(contract: &Contract, field: &Field, index: usize, known: &[Option<usize>]) -> Column {
    let is_key = |s: &Subject| s.key.as_ref() == Some(&field.name) || s.else_key.as_ref() == Some(&field.name);
    let key = field.domain.is_some() || contract.table.subjects.iter().any(is_key);
    Column {
        name: field.name.clone(),
        source: known.iter().position(|k| *k == Some(index)),
        data_type: field.arrow_type(),
        required: field.required,
        identifier: field.identifier.clone(),
        format: field.format.clone(),
        narrow: key || field.identifier.as_deref().is_some_and(|kind| kind.starts_with("cn_") || kind == "bank_card"),
    }
}

fn field_named(fields: &[Field], name: &str) -> Option<usize> {
    let exact = fields.iter().position(|f| f.name == name);
    exact.or_else(|| fields.iter().position(|f| f.name.eq_ignore_ascii_case(name)))
}

fn refuse_duplicates(fields: &[Field], known: &[Option<usize>]) -> Result<(), IntakeError> {
    let times = |i: usize| known.iter().filter(|k| **k == Some(i)).count();
    let twice: Vec<String> =
        fields.iter().enumerate().filter(|(i, _)| times(*i) > 1).map(|(_, f)| f.name.clone()).collect();
    if twice.is_empty() { Ok(()) } else { Err(IntakeError::DuplicateColumns(twice)) }
}

fn refuse_unknown(names: &[String], known: &[Option<usize>]) -> Result<(), IntakeError> {
    let unknown: Vec<String> = (1..)
        .zip(names.iter().zip(known))
        .filter(|(_, (_, k))| k.is_none())
        .map(|(n, (name, _))| if is_plain_name(name) { name.clone() } else { format!("#{n}") })
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(IntakeError::UnknownColumns(unknown)) }
}

/// Whether a text can only be a column's name: a file may lack its header, and then the "names" are a person's data.
fn is_plain_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    first && rest && name.len() <= 40 && name.chars().filter(char::is_ascii_digit).count() <= 3
}

fn refuse_missing(subjects: &[Subject], columns: &[Column]) -> Result<(), IntakeError> {
    let absent = |name: &str| columns.iter().any(|c| c.name == name && c.source.is_none());
    let mut missing: Vec<String> =
        columns.iter().filter(|c| c.required && c.source.is_none()).map(|c| c.name.clone()).collect();
    for subject in subjects {
        let Some(key) = &subject.key else { continue };
        let without_other = subject.else_key.as_ref().is_none_or(|other| absent(other));
        if absent(key) && without_other && !missing.contains(key) {
            missing.push(key.clone());
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(IntakeError::MissingColumns(missing)) }
}
