//! The gate's report: what was measured, by which formula, against which parameter, and the worst case as counts with keys hidden.
//! No cell value, no floating-point number, no time: a re-run gives the same bytes and so the same digest.

use super::params::GateParams;
use crypto::{CryptoError, Hash, Suite};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Type name under which a report is digested.
pub const GATE_REPORT_TYPE: &str = "gate-report";

/// Outcome of a check or of the whole gate, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within the thresholds.
    Pass,
    /// People must look.
    Review,
    /// May not leave.
    Block,
}

impl Verdict {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Review => "review",
            Self::Block => "block",
        }
    }
}

/// One check's finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Stable id: `form`, `identifiers`, `cells`, `dominance`, `microdata`, `diversity`, `differencing`, `restoration`.
    pub id: String,
    /// Number of the check in the disclosure specification.
    pub check: u64,
    /// Outcome.
    pub verdict: Verdict,
    /// Formula in words and signs, in English.
    pub formula: String,
    /// The same in Chinese. Reports written before it existed have none, and keep their digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub formula_zh: String,
    /// Parameters it was held against.
    pub parameter: Value,
    /// Worst case: counts only.
    pub worst: Value,
    /// Finding in Chinese.
    pub zh: String,
    /// Finding in English.
    pub en: String,
}

/// The whole report on one artefact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateReport {
    /// Format version, 1.
    pub v: u64,
    /// Canonical digest of the artefact.
    pub artefact: String,
    /// Rows of the artefact.
    pub rows: u64,
    /// Columns of the artefact.
    pub columns: Vec<String>,
    /// Worst verdict of the checks.
    pub verdict: Verdict,
    /// The checks, in the order they ran.
    pub checks: Vec<CheckReport>,
    /// The parameter set used.
    pub parameters: GateParams,
}

impl GateReport {
    /// A report whose verdict is the worst of its checks.
    #[must_use]
    pub fn new(
        artefact: String,
        rows: u64,
        columns: Vec<String>,
        checks: Vec<CheckReport>,
        parameters: GateParams,
    ) -> Self {
        let verdict = checks.iter().map(|c| c.verdict).max().unwrap_or(Verdict::Block);
        Self { v: 1, artefact, rows, columns, verdict, checks, parameters }
    }

    /// Digest of the report, equal on every re-run over the same artefact and raw records.
    ///
    /// # Errors
    /// When the report cannot be written canonically, which would be a fault of the gate.
    pub fn digest(&self, suite: Suite) -> Result<Hash, CryptoError> {
        crypto::digest_of(suite, GATE_REPORT_TYPE, self)
    }

    /// The check with this id.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&CheckReport> {
        self.checks.iter().find(|c| c.id == id)
    }
}

/// A ratio as text with three decimals, rounded half up; `"-"` when it is not finite.
#[must_use]
pub fn decimal(value: f64) -> String {
    if value.is_finite() { format!("{value:.3}") } else { "-".to_owned() }
}

/// Thousandths, rounded half up and never below zero; saturates.
#[must_use]
pub fn permille(part: f64, whole: f64) -> u64 {
    if whole <= 0.0 || !part.is_finite() { 0 } else { (part / whole * 1000.0).round().clamp(0.0, 1e15) as u64 }
}
