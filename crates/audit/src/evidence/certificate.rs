//! What evidence about a certificate of a resource must hold: that the resource was withdrawn, sealed or unsealed because
//! people decided it, and that the zone said the same as the certificate does.

use super::Document;
use super::subject::{Scene, agrees, content, incomplete, known};
use crate::report::Failure;
use serde_json::{Value, json};

/// Type under which a certificate about a resource is digested.
const CERTIFICATE: &str = "resource-certificate";

/// What a certificate says was done: the effect that was ordered, the outcome that was reported, and whether anything is
/// gone, so that what it was is told too.
fn deed(says: &Value) -> Option<(&'static str, &'static str, bool)> {
    match says.get("deed").and_then(Value::as_str)? {
        "destroyed" => Some(("withdraw", "resource_destroyed", true)),
        "sealed" => Some(("seal", "resource_sealed", false)),
        "unsealed" => Some(("unseal", "resource_unsealed", false)),
        _ => None,
    }
}

fn differs() -> Failure {
    let (zh, en) = ("资源证明与域报告不一致", "the certificate says something else than the zone's report");
    Failure::new("body.documents", "certificate", zh, en)
}

impl Scene<'_> {
    /// The certificate of this id is here, a report's leaf names it, and it says what the report does; the report answers the
    /// order of that effect about that resource of that provider. Of several of the id one is enough.
    pub(super) fn resource_certificate(&self) -> Result<(), Failure> {
        let mut first = None;
        let own = self.body.documents.iter().filter(|d| d.kind.as_deref() == Some(CERTIFICATE));
        for document in own {
            let says = content(document);
            if self.id.is_empty() || says.get("id") != Some(&json!(self.id)) {
                continue;
            }
            match self.certified(document, &says) {
                Ok(()) => return Ok(()),
                Err(f) => first = first.or(Some(f)),
            }
        }
        let (zh, en) = ("缺少该证明", "the certificate is missing");
        Err(first.unwrap_or_else(|| incomplete("body.documents", zh, en)))
    }

    fn certified(&self, document: &Document, says: &Value) -> Result<(), Failure> {
        let named = document.digest.to_string();
        let names = |digest: &str| {
            let refs = self.chains.recorder("report", digest).map(|l| &l.leaf.refs);
            refs.and_then(|r| r.get("certificate")) == Some(&named)
        };
        let found = self.of("report").find(|(digest, s)| names(digest) && s.text("zone_head").is_some());
        let Some((_, report)) = found else {
            let (zh, en) = (
                "缺少记录此证明的域报告",
                "the zone's report, with whose leaf the certificate was recorded, is missing",
            );
            return Err(incomplete("body.statements", zh, en));
        };
        let (effect, outcome, gone) = deed(says).ok_or_else(differs)?;
        let of = |name: &str| report.body.get(name);
        let what = !gone || agrees(says, "objects", of("objects")) && known(says.get("what")) == known(of("what"));
        let agree = report.text("outcome") == Some(outcome)
            && [("resource", "resource"), ("case", "case"), ("keys", "keys"), ("report", "seq")]
                .iter()
                .all(|(own, theirs)| agrees(says, own, of(theirs)));
        if !agree || !what {
            return Err(differs());
        }
        let about =
            |member: &str, order: &Value| agrees(says, member, order.pointer(&format!("/effect/object/{member}")));
        let ordered = self.of("order").any(|(_, order)| {
            order.body.pointer("/effect/effect") == Some(&json!(effect))
                && about("resource", &order.body)
                && about("provider", &order.body)
                && report.text("order").is_some()
                && report.text("order") == order.text("id")
                && report.text("case") == order.text("case")
        });
        if ordered {
            return Ok(());
        }
        let (zh, en) = (format!("缺少指令：{effect}"), format!("the order `{effect}` is missing"));
        Err(incomplete("body.statements", &zh, &en))
    }
}
