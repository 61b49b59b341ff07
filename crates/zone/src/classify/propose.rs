//! A contract for a file that came without one: what `classify` found, as an ODCS document that a provider can confirm or change.

use super::judge::{Hint, is_unique, subject_kind};
use super::profile::Profile;
use super::{ColumnReport, FileReport};
use crate::contract::{Class, Contract, Field, Grid, LogicalType, Subject, Table};
use crate::identify::Identifier as Id;

/// The contract that follows from what was found. Without a column that names a person or a firm, each row is a subject.
#[must_use]
pub fn propose_contract(report: &FileReport, table: &str) -> Contract {
    let subjects = subjects(report);
    let mut fields: Vec<Field> = report.columns.iter().map(field).collect();
    for (field, subject) in subjects.iter().filter_map(|s| Some((s.key.as_deref()?, s))) {
        if let Some(field) =
            fields.iter_mut().find(|f| f.name == field && matches!(f.class, Some(Class::Key | Class::Rid)))
        {
            (field.class, field.domain) = (Some(Class::Key), Some(subject.kind.clone()));
        }
    }
    for field in &mut fields {
        // A key without a domain can be equated with nothing: lock it instead.
        if field.class == Some(Class::Key) && field.domain.is_none() {
            field.class = Some(Class::Lock);
        }
    }
    Contract {
        id: table.to_owned(),
        version: "0.1.0".to_owned(),
        table: Table { name: table.to_owned(), subjects, fields },
    }
}

fn subjects(report: &FileReport) -> Vec<Subject> {
    let mut out: Vec<Subject> = Vec::new();
    let mut add = |kind: &str, column: &ColumnReport| {
        // Rows without the key would belong to nobody and be set aside.
        let complete = column.profile.nulls == 0 && column.profile.rows > 0;
        if complete && out.iter().all(|s| s.kind != kind) {
            out.push(Subject {
                kind: kind.to_owned(),
                key: Some(column.name.clone()),
                else_key: None,
                when_measure: false,
            });
        }
    };
    for column in &report.columns {
        match column.judgement.identifier {
            Id::CnResidentId | Id::CnResidencePermit => add("person", column),
            Id::CnUscc => add("enterprise", column),
            _ => {}
        }
    }
    for column in report.columns.iter().filter(|c| c.judgement.identifier == Id::InternalId) {
        if let Some(kind) = subject_kind(&Hint::new(&column.name)) {
            add(kind, column);
        }
    }
    if out.is_empty() {
        out.push(Subject { kind: "row".to_owned(), key: None, else_key: None, when_measure: false });
    }
    out
}

fn field(column: &ColumnReport) -> Field {
    let (p, j) = (&column.profile, &column.judgement);
    let logical_type = logical_type(p, j.identifier);
    let class = class(p, j.class, logical_type);
    let mut field = Field::new(&column.name, logical_type, Some(class));
    field.level = Some(j.level);
    field.unique = class == Class::Rid && p.nulls == 0 && is_exactly_unique(p);
    field.identifier = checked(j.identifier, p).map(|id| id.name().to_owned());
    match class {
        Class::Time => field.grid = Some(if j.identifier == Id::BirthDate { Grid::Year } else { Grid::Month }),
        Class::Mea => (field.grid, field.clamp) = scale(p),
        Class::Key => field.domain = domain(column),
        Class::Sen => field.k = Some(20),
        _ => {}
    }
    field
}

fn domain(column: &ColumnReport) -> Option<String> {
    if column.judgement.identifier == Id::CnUscc {
        return Some("enterprise".to_owned());
    }
    subject_kind(&Hint::new(&column.name)).map(str::to_owned)
}

/// Distinct counts above the sketch's exact range prove nothing.
fn is_exactly_unique(p: &Profile) -> bool {
    p.distinct() == p.present() && p.present() <= 30_000
}

/// Kinds whose check digit intake verifies; named only where nearly all values pass, so that a wrong guess sets nothing aside.
fn checked(id: Id, p: &Profile) -> Option<Id> {
    let valid = p.whole.get(&id).copied().unwrap_or(0);
    (matches!(id, Id::CnResidentId | Id::CnUscc) && p.share(valid) >= 0.9).then_some(id)
}

/// The narrowest type that nearly every value has; values that have another will be set aside with a reason.
fn logical_type(p: &Profile, id: Id) -> LogicalType {
    let nearly = |n: u64| p.present() > 0 && p.share(n) >= 0.98;
    let code = matches!(
        id,
        Id::CnResidentId
            | Id::CnResidencePermit
            | Id::CnUscc
            | Id::CnOrgCode
            | Id::CnMobile
            | Id::CnLandline
            | Id::BankCard
            | Id::SequentialCardId
            | Id::CnRegionCode
            | Id::Month
            | Id::Sex
    );
    if code || p.share(p.long_digits) > 0.0 {
        LogicalType::String
    } else if matches!(id, Id::Date | Id::BirthDate | Id::Timestamp) && nearly(p.dates) {
        LogicalType::Date
    } else if matches!(id, Id::Date | Id::BirthDate | Id::Timestamp) && nearly(p.timestamps) {
        LogicalType::Timestamp
    } else if nearly(p.integers) {
        LogicalType::Integer
    } else if nearly(p.numbers) {
        LogicalType::Number
    } else if nearly(p.booleans) {
        LogicalType::Boolean
    } else {
        LogicalType::String
    }
}

/// The class must fit the type: only times are `TIME`, only numbers are measures.
fn class(p: &Profile, class: Class, logical_type: LogicalType) -> Class {
    match (class, logical_type) {
        (Class::Time, LogicalType::Date | LogicalType::Timestamp)
        | (Class::Mea, LogicalType::Integer | LogicalType::Number) => class,
        (Class::Time | Class::Mea, _) => Class::Lock,
        (Class::Rid, _) if !is_unique(p) => Class::Lock,
        _ => class,
    }
}

/// A grid of about a hundredth of the largest value, and bounds at the next round number.
fn scale(p: &Profile) -> (Option<Grid>, Option<(f64, f64)>) {
    let (low, high) = p.range.unwrap_or((0.0, 0.0));
    let largest = low.abs().max(high.abs());
    if largest <= 0.0 {
        return (Some(Grid::Number(1.0)), Some((0.0, 1.0)));
    }
    let digits = largest.log10().floor() as i32;
    let step = power(digits - 2);
    let bound = |x: f64| {
        if x == 0.0 { 0.0 } else { x.signum() * (x.abs() / power(digits)).ceil() * power(digits) }
    };
    let (bottom, top) = (if low >= 0.0 { 0.0 } else { bound(low) }, if high <= 0.0 { 0.0 } else { bound(high) });
    (Some(Grid::Number(if p.numbers == p.integers { step.max(1.0) } else { step })), Some((bottom, top)))
}

/// Ten to a power, exact for whole numbers and shortest for fractions.
fn power(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(1.0)
}
