//! `yunyu gate assess`: the gate's checks on plain files, without a zone. Knows files and roles; what it cannot measure it says.
//!
//! A file is taken as microdata (one row per record) or as cells (one row per group). It is cells when the quasi-identifiers
//! never repeat and a column of counts stands beside them; names are hints only where nothing else tells.

mod cells;
mod differencing;
mod names;
mod roles;

use super::microdata::{self, Measured};
use super::params::GateParams;
use super::report::{CheckReport, Verdict};
use super::view::{FileError, View};
use super::{form, identifiers, restoration};
use crate::contract::Contract;
use roles::Parts;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What `gate assess` is told beside the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Contract of the file's fields.
    pub contract: Option<Contract>,
    /// Quasi-identifiers.
    pub quasi: Vec<String>,
    /// Sensitive attributes.
    pub sensitive: Vec<String>,
    /// Column that names the protected subject.
    pub subject: Option<String>,
    /// Raw records behind the file.
    pub raw: Vec<PathBuf>,
    /// Earlier releases.
    pub previous: Vec<PathBuf>,
    /// Thresholds.
    pub params: GateParams,
}

/// Why a file cannot be assessed.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A named column is not in the file.
    #[error("{}: there is no column {column:?}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The name as given.
        column: String,
    },
}

/// The outcome, before it becomes JSON.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// Worst verdict.
    pub verdict: Verdict,
    /// Checks in order.
    pub checks: Vec<CheckReport>,
    /// Measures by name.
    pub measures: Map<String, Value>,
}

impl Assessment {
    /// The JSON document of `gate assess --json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"verdict": self.verdict, "checks": self.checks, "measures": self.measures})
    }
}

/// Assesses one CSV or Parquet file.
///
/// # Errors
/// [`LocalError`] when a file cannot be read or a named column is missing.
pub fn assess_file(path: &Path, options: &Options) -> Result<Assessment, LocalError> {
    let view = View::open(path)?;
    let raw = options.raw.iter().map(|p| View::open(p)).collect::<Result<Vec<_>, _>>()?;
    let previous = options.previous.iter().map(|p| View::open(p)).collect::<Result<Vec<_>, _>>()?;
    let parts = roles::find(path, &view, &raw, options)?;
    let contract = options.contract.as_ref();
    let origin = |at: usize| roles::origin(&view, at, contract, &parts);
    let mut checks = vec![form::check(&view, &options.params), identifiers::check(&view, &origin)];
    checks.extend(restoration::check(&view));
    checks.extend(contract.and_then(|c| roles::scope(&view, c)));
    let mut measures = Map::new();
    if parts.cells {
        checks.extend(cells::check(&view, &raw, &parts, options, &mut measures));
    } else if let Some(measured) =
        parts.microdata(&view).and_then(|r| microdata::measure(&view, &r, options.params.k_microdata()))
    {
        checks.push(microdata::check_k(&measured, &options.params));
        checks.extend(microdata::check_diversity(&measured, &options.params));
        fill(&mut measures, &measured);
    } else {
        checks.push(nothing_measured());
    }
    checks.extend(differencing::check(&view, &previous, &parts, options));
    let verdict = checks.iter().map(|c| c.verdict).max().unwrap_or(Verdict::Block);
    Ok(Assessment { verdict, checks, measures })
}

fn fill(out: &mut Map<String, Value>, measured: &Measured) {
    out.insert("k".into(), json!(measured.k));
    out.insert("classes".into(), json!(measured.classes));
    out.insert("classes_of_one".into(), json!(measured.unique));
    out.insert("rows_at_risk".into(), json!(measured.rows_at_risk));
    let d = measured.diversity;
    out.insert("l_distinct".into(), json!(d.map(|d| d.l_distinct)));
    let number = |pick: fn(&super::measures::Diversity) -> f64| json!(d.as_ref().map(pick));
    out.insert("l_entropy".into(), number(|d| d.l_entropy));
    out.insert("alpha".into(), number(|d| d.alpha));
    out.insert("beta".into(), number(|d| d.beta));
    out.insert("delta".into(), number(|d| d.delta));
    out.insert("t".into(), number(|d| d.t));
}

fn nothing_measured() -> CheckReport {
    CheckReport {
        id: "microdata".into(),
        check: 8,
        verdict: Verdict::Review,
        formula: "k = smallest class over the quasi-identifiers; 1/k ≤ θ".into(),
        formula_zh: "k = 准标识符各等价类中最小的一类；1/k ≤ θ".into(),
        parameter: json!({}),
        worst: json!({"measured": false}),
        zh: "没有指明准标识符，也没有可核对的人数列：风险未测量，请人工判断。".into(),
        en: "No quasi-identifier was named and there is no column of counts: the risk was not measured; people must judge.".into(),
    }
}

impl Parts {
    fn microdata<'a>(&self, view: &'a View) -> Option<microdata::Roles<'a>> {
        if self.quasi.is_empty() {
            return None;
        }
        let column = |at: &usize| &view.columns[*at];
        Some(microdata::Roles {
            quasi: self.quasi.iter().map(column).collect(),
            sensitive: self.sensitive.iter().map(|(at, ordered)| (column(at), *ordered)).collect(),
            subject: self.subject.as_ref().map(column),
        })
    }
}

#[cfg(test)]
mod tests;
