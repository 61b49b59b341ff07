//! Which column of a file plays which part: from what the caller names, else from the contract, else from the content.

use super::{LocalError, Options, names};
use crate::contract::{Class, Contract, LogicalType};
use crate::gate::identifiers::Origin;
use crate::gate::measures;
use crate::gate::report::{CheckReport, Verdict};
use crate::gate::view::{Column, Kind, View};
use serde_json::json;
use std::collections::HashSet;
use std::path::Path;

/// The parts that columns play, by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// Quasi-identifiers of microdata, keys of cells.
    pub quasi: Vec<usize>,
    /// Sensitive attributes, and whether their values are ordered.
    pub sensitive: Vec<(usize, bool)>,
    /// Protected subject.
    pub subject: Option<usize>,
    /// Columns of counts.
    pub counts: Vec<usize>,
    /// The rows are cells, not records.
    pub cells: bool,
}

/// Finds the parts.
pub(super) fn find(path: &Path, view: &View, raw: &[View], options: &Options) -> Result<Parts, LocalError> {
    let at = |name: &String| {
        position(view, name).ok_or_else(|| LocalError::Column { path: path.to_owned(), column: name.clone() })
    };
    let contract = options.contract.as_ref();
    let mut quasi = options.quasi.iter().map(at).collect::<Result<Vec<_>, _>>()?;
    let mut sensitive = options.sensitive.iter().map(at).collect::<Result<Vec<_>, _>>()?;
    let mut subject = match &options.subject {
        Some(name) => position(view, name),
        None => contract.and_then(|c| c.table.subjects.iter().find_map(|s| position(view, s.key.as_ref()?))),
    };
    if let (Some(name), None, true) = (
        &options.subject,
        subject,
        raw.iter().all(|r| r.column(options.subject.as_deref().unwrap_or_default()).is_none()),
    ) {
        return Err(LocalError::Column { path: path.to_owned(), column: name.clone() });
    }
    let counts: Vec<usize> = positions(view, |c| c.kind == Kind::Integer && names::is_count(&c.name))
        .into_iter()
        .filter(|c| !quasi.contains(c) && !sensitive.contains(c))
        .collect();
    if quasi.is_empty() {
        quasi = contract.map_or_else(Vec::new, |c| by_class(view, c, &[Class::Dim, Class::Time]));
    }
    if sensitive.is_empty() {
        sensitive = contract.map_or_else(Vec::new, |c| by_class(view, c, &[Class::Sen]));
    }
    quasi.retain(|q| !sensitive.contains(q) && Some(*q) != subject);
    let mut parts = Parts {
        sensitive: sensitive.into_iter().map(|at| (at, is_ordered(&view.columns[at], contract))).collect(),
        counts,
        ..Parts::default()
    };
    parts.cells = is_cells(view, raw, &quasi, &parts, subject);
    if parts.cells {
        subject = None;
        if quasi.is_empty() {
            quasi = keys(view, raw, &parts);
        }
    }
    (parts.quasi, parts.subject) = (quasi, subject);
    Ok(parts)
}

fn position(view: &View, name: &str) -> Option<usize> {
    view.columns.iter().position(|c| c.name == name)
}

fn positions(view: &View, test: impl Fn(&Column) -> bool) -> Vec<usize> {
    (0..view.columns.len()).filter(|at| test(&view.columns[*at])).collect()
}

fn by_class(view: &View, contract: &Contract, classes: &[Class]) -> Vec<usize> {
    positions(view, |c| contract.field(&c.name).and_then(|f| f.class).is_some_and(|class| classes.contains(&class)))
}

fn is_ordered(column: &Column, contract: Option<&Contract>) -> bool {
    match contract.and_then(|c| c.field(&column.name)).map(|f| f.logical_type) {
        Some(LogicalType::String | LogicalType::Boolean) => false,
        Some(_) => true,
        None => column.kind.is_numeric(),
    }
}

/// Cells: no subject in the file, keys that never repeat, and counts or raw records to hold them against.
fn is_cells(view: &View, raw: &[View], quasi: &[usize], parts: &Parts, subject: Option<usize>) -> bool {
    if subject.is_some() || (parts.counts.is_empty() && raw.is_empty()) {
        return false;
    }
    let keys = if quasi.is_empty() { keys(view, raw, parts) } else { quasi.to_vec() };
    let coded: Vec<_> = keys.iter().map(|at| view.columns[*at].coded()).collect();
    measures::classes(view.rows, &coded).count as usize == view.rows
}

/// The keys of cells: with raw records, the columns that are there too (numbers only where every value is found there, because
/// a sum may bear its source's name); else all that is no number and no count.
fn keys(view: &View, raw: &[View], parts: &Parts) -> Vec<usize> {
    positions(view, |column| {
        let at = position(view, &column.name).unwrap_or(usize::MAX);
        if parts.counts.contains(&at) || column.kind == Kind::Number {
            return false;
        }
        match raw.iter().find_map(|r| r.column(&column.name)) {
            Some(_) if !column.kind.is_numeric() => true,
            Some(there) => {
                let known: HashSet<&Option<String>> = there.values.iter().collect();
                column.values.iter().all(|v| known.contains(v))
            }
            None => raw.is_empty() && !column.kind.is_numeric(),
        }
    })
}

/// What is known of a column for the identifier scan.
pub(super) fn origin(view: &View, at: usize, contract: Option<&Contract>, parts: &Parts) -> Origin {
    let class = contract.and_then(|c| c.field(&view.columns[at].name)).and_then(|f| f.class);
    Origin {
        public: class == Some(Class::Pub),
        aggregate: parts.cells && !parts.quasi.contains(&at) && view.columns[at].kind.is_numeric(),
    }
}

/// Check 16: fields that the contract never lets out.
pub(super) fn scope(view: &View, contract: &Contract) -> Option<CheckReport> {
    let forbidden: Vec<&str> = view
        .columns
        .iter()
        .filter(|c| {
            contract
                .field(&c.name)
                .is_some_and(|f| matches!(f.class, None | Some(Class::Lock | Class::Key | Class::Rid)))
        })
        .map(|c| c.name.as_str())
        .collect();
    let verdict = if forbidden.is_empty() { Verdict::Pass } else { Verdict::Block };
    Some(CheckReport {
        id: "scope".into(),
        check: 16,
        verdict,
        formula: "no field of class LOCK, KEY or RID, and none without a class".into(),
        formula_zh: "没有 LOCK、KEY、RID 类的字段，也没有未分类的字段".into(),
        parameter: json!({"contract": contract.id, "version": contract.version}),
        worst: json!({"columns": forbidden}),
        zh: if forbidden.is_empty() {
            "字段都在契约允许的范围内。".into()
        } else {
            "含契约不允许出域的字段。".into()
        },
        en: if forbidden.is_empty() {
            "All fields are within the contract.".into()
        } else {
            "Fields that the contract never lets out are in the file.".into()
        },
    })
}
