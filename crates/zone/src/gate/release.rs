//! The only door: a sealed artefact becomes a released one under a clearance that names exactly its digest and its report.

use super::report::{GateReport, Verdict};
use super::sealed::{Released, Sealed};
use crypto::{Hash, Suite};
use model::order::ReleaseSpec;
use model::refusal::Refusal;

/// Leave to release one artefact, made only from a release order whose digests match a report that does not block.
#[derive(Clone, Debug)]
pub struct Clearance {
    artefact: Hash,
}

impl Clearance {
    /// A clearance from a release order. The caller has verified the order itself: signature, sequence, quorum.
    ///
    /// # Errors
    /// A refusal when the report blocks, or is not the one the reviewers saw, or is about another artefact.
    pub(crate) fn new(order: &ReleaseSpec, report: &GateReport, suite: Suite) -> Result<Self, Refusal> {
        let digest = report.digest(suite).map_err(|_| mismatch("report"))?;
        if digest.to_string() != order.gate_report.0 {
            return Err(mismatch("report"));
        }
        if report.artefact != order.artefact.0 {
            return Err(mismatch("artefact"));
        }
        if report.verdict == Verdict::Block {
            let (zh, en) =
                ("出域关口检查未通过，结果不得出域。", "The exit gate blocked this artefact; it may not leave.");
            return Err(Refusal::new("gate-blocked", "PRODUCT-GATE", "", zh, en));
        }
        Ok(Self { artefact: order.artefact.0.parse().map_err(|_| mismatch("artefact"))? })
    }
}

/// Opens the seal of the artefact that the clearance names.
///
/// # Errors
/// A refusal when the artefact's canonical digest is not the approved one.
pub fn release(sealed: Sealed, clearance: &Clearance, suite: Suite) -> Result<Released, Refusal> {
    let digest = sealed.digest(suite).map_err(|_| mismatch("artefact"))?;
    if digest != clearance.artefact {
        return Err(mismatch("artefact"));
    }
    let parts = sealed.open();
    Ok(Released::new(parts.schema, parts.batches, digest))
}

fn mismatch(what: &str) -> Refusal {
    let zh = if what == "report" {
        "放行令所附检查报告与本域所存不一致。"
    } else {
        "放行令批准的不是这一份结果。"
    };
    let en = format!("The release order approves another {what}.");
    Refusal::new(&format!("other-{what}"), "PRODUCT-GATE", "", zh, en)
}
