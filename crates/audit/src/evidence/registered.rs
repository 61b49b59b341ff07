//! The certificate of a registered product: what it says of holder, product and artefact is what the people signed who
//! registered it, and the zone released that artefact.
//!
//! Knows the members of this certificate, of the registration's object and of the zone's report, nothing else of them.

use super::subject::{OBJECT, Scene, agrees, content, incomplete};
use super::{Document, SKEW_MS};
use crate::leaf::{LogName, Outcome};
use crate::report::Failure;
use serde_json::Value;

/// Type under which the certificate of a product is digested.
pub(super) const PRODUCT: &str = "certificate";
/// All members that it may have. Its name and its number are the platform's.
const MEMBERS: [&str; 6] = ["artefact", "at", "holder", "id", "number", "product"];

fn differs() -> Failure {
    let (zh, en) = (
        "登记证书与登记对象或所记条目不一致",
        "the product's certificate says something else than the object of its registration or the leaf",
    );
    Failure::new("", "certificate", zh, en)
}

impl Scene<'_> {
    /// A leaf names it; the object that was signed with that leaf says the same; the zone released the artefact.
    pub(super) fn registered(&self, document: &Document) -> Result<(), Failure> {
        let says = content(document);
        let named = document.digest.to_string();
        let text = |name: &str| says.get(name).and_then(Value::as_str).is_some_and(|t| !t.is_empty());
        let whole = says.as_object().is_some_and(|m| m.keys().all(|name| MEMBERS.contains(&name.as_str())));
        if !whole || !text("id") || !text("number") {
            return Err(differs());
        }
        let mut done = self.chains.links.iter().map(|l| &l.leaf).filter(|l| l.outcome == Outcome::Done);
        let recorded = done.find(|l| l.log == LogName::Platform && l.refs.get("certificate") == Some(&named));
        let object = recorded.and_then(|l| Some((l, self.document(OBJECT, l.object.as_deref()?)?)));
        let Some((leaf, object)) = object else {
            let (zh, en) = (
                "缺少记录此证书的条目或其登记对象",
                "the leaf that records the certificate, or the object it was signed with, is missing",
            );
            return Err(incomplete("", zh, en));
        };
        let object = content(object);
        let same = [("product", "product"), ("artefact", "artefact"), ("holder", "operator")];
        let at = says.get("at").and_then(Value::as_i64);
        // It is written in the same moment as the leaf, and before it.
        let near = at.is_some_and(|at| at.abs_diff(leaf.at) <= SKEW_MS.unsigned_abs());
        if !near || !same.iter().all(|(own, theirs)| agrees(&says, own, object.get(*theirs))) {
            return Err(differs());
        }
        let released = self.of("report").any(|(_, report)| {
            report.text("outcome") == Some("released")
                && ["product", "artefact"].iter().all(|name| agrees(&says, name, report.body.get(*name)))
        });
        if released {
            return Ok(());
        }
        let (zh, en) = ("缺少放行该成果的域报告", "the zone's report that it released the artefact is missing");
        Err(incomplete("", zh, en))
    }
}
