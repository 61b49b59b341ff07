//! The exit gate: measures what a sealed artefact would give away, before people decide, and opens the seal under their decision.
//!
//! Each check is a module of its own and ends in one [`CheckReport`]: formula, parameter, worst case as counts. The gate trusts
//! no number that the engine computed. It knows no procedure and no person: who may decide is the order's business.

mod cells;
mod dominance;
pub mod form;
pub mod identifiers;
pub mod local;
pub mod measures;
pub mod microdata;
pub mod params;
mod recount;
mod release;
pub mod report;
pub mod restoration;
mod sealed;
mod split;
#[cfg(test)]
mod tests;
pub mod view;

pub use params::{GateParams, Scope};
pub use release::{Clearance, release};
pub use report::{CheckReport, GATE_REPORT_TYPE, GateReport, Verdict};
pub use sealed::{
    ColumnOrigin, Measure, MeasureKind, Nature, ReleasePoint, Released, Sealed, SealedParts, SubjectCount,
};

use crypto::Suite;
use identifiers::Origin;
use microdata::Roles;
use view::View;

/// Measures a sealed artefact. Every outcome is a report: what cannot be measured blocks.
pub async fn assess(sealed: &Sealed, params: &GateParams, suite: Suite) -> GateReport {
    let parts = sealed.parts();
    let digest = sealed.digest(suite).map(|d| d.to_string());
    let view = View::from_batches(&parts.schema, &parts.batches);
    let checks = match (&digest, &view) {
        (Ok(_), Ok(view)) => checks(parts, view, params).await,
        (_, Ok(view)) => {
            let mut form = form::check(view, params);
            form.verdict = Verdict::Block;
            vec![form]
        }
        _ => vec![],
    };
    GateReport::new(digest.unwrap_or_default(), sealed.rows(), sealed.columns(), checks, params.clone())
}

async fn checks(parts: &SealedParts, view: &View, params: &GateParams) -> Vec<CheckReport> {
    let known = |at: usize| {
        let from = parts.origins.get(at).cloned().unwrap_or_default();
        Origin { public: from.public, aggregate: from.aggregate }
    };
    let mut checks = vec![form::check(view, params), identifiers::check(view, &known)];
    checks.extend(restoration::check(view));
    checks.extend(cells::check(parts, params).await);
    if parts.nature == Nature::Rows {
        checks.extend(rows(parts, view, params));
    }
    checks
}

/// Row-level answers: every column that is not known to be public or sensitive counts as a quasi-identifier.
fn rows(parts: &SealedParts, view: &View, params: &GateParams) -> Vec<CheckReport> {
    let origin =
        |at: usize| parts.origins.get(at).cloned().unwrap_or(ColumnOrigin { quasi: true, ..ColumnOrigin::default() });
    let mut roles = Roles::default();
    for (at, column) in view.columns.iter().enumerate() {
        let from = origin(at);
        if from.sensitive {
            roles.sensitive.push((column, column.kind.is_numeric()));
        } else if from.quasi || !from.public {
            roles.quasi.push(column);
        }
    }
    let Some(measured) = microdata::measure(view, &roles, params.k_microdata()) else {
        return vec![];
    };
    let mut out = vec![microdata::check_k(&measured, params)];
    out.extend(microdata::check_diversity(&measured, params));
    out
}
