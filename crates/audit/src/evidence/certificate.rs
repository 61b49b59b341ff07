//! Certificates of what the zone did: that an authorisation's keys were destroyed, that a resource was withdrawn, sealed or
//! unsealed. The platform writes them, so each that a file shows is held, member by member, against what others signed:
//! the order with its approvals, the zone's report, the leaf that records both.
//!
//! Knows the members of certificates and of what they are held against, nothing else of them.

use super::Document;
use super::product::Statements;
use super::registered::PRODUCT;
use super::subject::{Scene, agrees, content, incomplete, known};
use crate::report::Failure;
use serde_json::{Value, json};

/// Type under which a certificate of destruction is digested.
pub(super) const DESTRUCTION: &str = "destruction-certificate";
/// Type under which a certificate about a resource is digested.
pub(super) const RESOURCE: &str = "resource-certificate";

/// What a certificate may say, and what it must be held against.
struct Form {
    /// All members that it may have.
    members: &'static [&'static str],
    /// Code of one that says something else than it should.
    code: &'static str,
    /// Effect that was ordered, and outcome that was reported.
    effect: &'static str,
    outcome: &'static str,
    /// Members that the order's object has too.
    ordered: &'static [&'static str],
    /// Something is gone, so that what it was is told too.
    gone: bool,
}

const OF_RESOURCE: [&str; 10] =
    ["at", "case", "deed", "id", "keys", "objects", "provider", "report", "resource", "what"];
const OF_DESTRUCTION: [&str; 9] =
    ["at", "authorisation", "case", "id", "keys", "objects", "operator", "report", "what"];

impl Form {
    fn of(document: &Document, says: &Value) -> Option<Self> {
        let resource = |effect, outcome, gone| Self {
            members: &OF_RESOURCE,
            code: "certificate",
            effect,
            outcome,
            ordered: &["resource", "provider"],
            gone,
        };
        match (document.kind.as_deref()?, says.get("deed").and_then(Value::as_str)) {
            (DESTRUCTION, _) => Some(Self {
                members: &OF_DESTRUCTION,
                code: "destruction",
                effect: "destroy",
                outcome: "destroyed",
                ordered: &["authorisation"],
                gone: true,
            }),
            (RESOURCE, Some("destroyed")) => Some(resource("withdraw", "resource_destroyed", true)),
            (RESOURCE, Some("sealed")) => Some(resource("seal", "resource_sealed", false)),
            (RESOURCE, Some("unsealed")) => Some(resource("unseal", "resource_unsealed", false)),
            _ => None,
        }
    }

    /// What it is about: the first of what the order names.
    fn about(&self) -> &'static str {
        self.ordered.first().copied().unwrap_or_default()
    }

    fn differs(&self) -> Failure {
        match self.code {
            "destruction" => differs("destruction", "销毁证明", "the certificate"),
            _ => differs("certificate", "资源证明", "the certificate"),
        }
    }
}

fn differs(code: &str, zh: &str, en: &str) -> Failure {
    let (zh, en) = (
        format!("{zh}与域报告、指令或所记条目不一致"),
        format!("{en} says something else than the zone's report, the order or the leaf"),
    );
    Failure::new("", code, zh, en)
}

impl Scene<'_> {
    /// Every certificate that the file shows holds, whatever the file is about.
    pub(super) fn certificates(&self) -> Result<(), Failure> {
        for (i, document) in self.body.documents.iter().enumerate() {
            let held = match document.kind.as_deref() {
                Some(DESTRUCTION | RESOURCE) => self.certified(document),
                Some(PRODUCT) => self.registered(document),
                _ => Ok(()),
            };
            held.map_err(|f| Failure { file: format!("body.documents[{i}]"), ..f })?;
        }
        Ok(())
    }

    /// The file shows a certificate of this type that has this id under this name.
    pub(super) fn shows(&self, kind: &str, name: &str) -> Result<(), Failure> {
        let mut own = self.body.documents.iter().filter(|d| d.kind.as_deref() == Some(kind));
        if !self.id.is_empty() && own.any(|d| content(d).get(name) == Some(&json!(self.id))) {
            return Ok(());
        }
        Err(incomplete("body.documents", "缺少该证明", "the certificate is missing"))
    }

    fn certified(&self, document: &Document) -> Result<(), Failure> {
        let says = content(document);
        let Some(form) = Form::of(document, &says) else {
            return Err(differs("certificate", "资源证明", "the certificate"));
        };
        let whole = says.as_object().is_some_and(|m| m.keys().all(|name| form.members.contains(&name.as_str())));
        if !whole || says.get("id").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(form.differs());
        }
        let named = document.digest.to_string();
        let recorded = |digest: &str| {
            let link = self.chains.recorder("report", digest)?;
            (link.leaf.refs.get("certificate") == Some(&named)).then_some(link.leaf.at)
        };
        let mut reports = self.of("report").filter(|(_, s)| s.text("zone_head").is_some());
        let Some((at, report)) = reports.find_map(|(digest, s)| Some((recorded(digest)?, s))) else {
            let (zh, en) = (
                "缺少记录此证明的域报告",
                "the zone's report, with whose leaf the certificate was recorded, is missing",
            );
            return Err(incomplete("", zh, en));
        };
        let of = |name: &str| report.body.get(name);
        let same = [(form.about(), form.about()), ("case", "case"), ("keys", "keys"), ("report", "seq")];
        let what = match form.gone {
            true => agrees(&says, "objects", of("objects")) && known(says.get("what")) == known(of("what")),
            false => says.get("objects") == Some(&json!(0)) && known(says.get("what")).is_none(),
        };
        let agree = report.text("outcome") == Some(form.outcome)
            && says.get("at") == Some(&json!(at))
            && same.iter().all(|(own, theirs)| agrees(&says, own, of(theirs)));
        if !agree || !what {
            return Err(form.differs());
        }
        let ordered = self.of("order").any(|(_, order)| {
            let object = |name: &str| order.body.pointer(&format!("/effect/object/{name}"));
            order.body.pointer("/effect/effect") == Some(&json!(form.effect))
                && form.ordered.iter().all(|name| agrees(&says, name, object(name)))
                && report.text("order").is_some()
                && report.text("order") == order.text("id")
                && report.text("case") == order.text("case")
        });
        if !ordered {
            let effect = form.effect;
            return Err(missing(effect));
        }
        if form.code == "destruction" { self.operator(&says, &form) } else { Ok(()) }
    }

    /// The operator whose authorisation ended: the order that brought it says who that is.
    fn operator(&self, says: &Value, form: &Form) -> Result<(), Failure> {
        let id = says.get("authorisation").and_then(Value::as_str).unwrap_or_default();
        let all = Statements(self.known);
        let mut granted = all.orders("authorise", "authorisation", id).peekable();
        if granted.peek().is_none() {
            return Err(missing("authorise"));
        }
        if granted.any(|object| agrees(says, "operator", object.get("operator"))) {
            Ok(())
        } else {
            Err(form.differs())
        }
    }
}

fn missing(effect: &str) -> Failure {
    let (zh, en) = (
        format!("缺少证明所据的指令：{effect}"),
        format!("the order `{effect}` that the certificate rests on is missing"),
    );
    incomplete("", &zh, &en)
}
