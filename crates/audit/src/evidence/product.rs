//! What evidence about a product must hold: the way back from its release to the resources it was made of.
//!
//! Knows the members of orders and reports that tie them to each other, nothing else of them.

use super::Evidence;
use super::statements::Known;
use crate::report::Failure;
use serde_json::Value;

/// Checks that a release of the product is there with the job, the grant, the authorisation and the resources it rests on,
/// each as an order, and with the zone's reports of the job and the release. Where it was released more than once, one is enough.
pub fn check_product(body: &Evidence, known: &Known<'_>) -> Result<(), Failure> {
    let all = Statements(known);
    let mut first = None;
    for release in all.orders("release", "product", &body.subject.id) {
        match all.check_release(release) {
            Ok(()) => return Ok(()),
            Err(f) => first = first.or(Some(f)),
        }
    }
    Err(first.unwrap_or_else(|| missing("指令", "release")))
}

/// Outcomes by which the zone says that an order took effect.
const TAKEN: [&str; 3] = ["applied", "job_done", "released"];

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Orders and reports by what they are about.
pub(super) struct Statements<'a>(pub(super) &'a Known<'a>);

impl<'a> Statements<'a> {
    fn check_release(&self, release: &Value) -> Result<(), Failure> {
        let job = self.order("job", "job", text(release, "job"))?;
        let grant = self.order("grant", "grant", text(job, "grant"))?;
        self.check_authorised(grant)?;
        for resource in grant.get("resources").and_then(Value::as_object).into_iter().flat_map(|m| m.keys()) {
            self.order("resource", "resource", resource)?;
        }
        let done = self.report("job_done", "job", text(job, "job"))?;
        let measured =
            ["artefact", "gate_report"].iter().all(|n| done.get(n).is_some() && done.get(n) == release.get(n));
        if !measured || text(done, "verdict") == "block" {
            let (zh, en) =
                ("放行的不是出口关测量过的成果", "what was released is not what the gate measured and let pass");
            return Err(Failure::new("body.statements", "release", zh, en));
        }
        let out = self.report("released", "product", text(release, "product"))?;
        if out.get("artefact") != release.get("artefact") {
            let (zh, en) = ("域报告放行的是另一成果", "the zone reports the release of another artefact");
            return Err(Failure::new("body.statements", "release", zh, en));
        }
        Ok(())
    }

    /// The grant's authorisation was granted to its operator, over its resources and their providers: a lease, which is
    /// the platform's word, names it only.
    fn check_authorised(&self, grant: &Value) -> Result<(), Failure> {
        let operator = grant.get("operator").and_then(Value::as_str);
        let named: Vec<&Value> = self
            .orders("authorise", "authorisation", text(grant, "authorisation"))
            .filter(|a| operator.is_some() && a.get("operator").and_then(Value::as_str) == operator)
            .collect();
        if named.is_empty() {
            return Err(missing("指令", "authorise"));
        }
        let wanted = || grant.get("resources").and_then(Value::as_object).into_iter().flatten();
        let covers = |authorised: &&Value| {
            let held = |id: &String| authorised.get("resources").and_then(|r| r.get(id)).and_then(Value::as_str);
            wanted().all(|(id, provider)| held(id).is_some() && held(id) == provider.as_str())
        };
        if named.iter().any(covers) {
            return Ok(());
        }
        let (zh, en) = ("使用的资源不在授权范围之内", "what was granted lies outside the scope that was authorised");
        Err(Failure::new("body.statements", "release", zh, en))
    }

    fn bodies(&self, kind: &'static str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |((k, _), _)| *k == kind).map(|(_, s)| &s.body)
    }

    /// Objects of the orders of an effect about one thing, of those that the zone took: another order of the same id, which
    /// people signed later or for something else, has no report that says so.
    pub(super) fn orders(&self, effect: &str, member: &str, id: &str) -> impl Iterator<Item = &'a Value> {
        let said = self.bodies("order").filter(|b| self.taken(b)).filter_map(|b| b.get("effect"));
        let objects = said.filter(move |e| text(e, "effect") == effect).filter_map(|e| e.get("object"));
        objects.filter(move |o| !id.is_empty() && text(o, member) == id)
    }

    /// Whether the zone reported that it carried an order out.
    fn taken(&self, order: &Value) -> bool {
        let (id, case) = (text(order, "id"), text(order, "case"));
        !id.is_empty()
            && self
                .bodies("report")
                .any(|r| text(r, "order") == id && text(r, "case") == case && TAKEN.contains(&text(r, "outcome")))
    }

    fn order(&self, effect: &str, member: &str, id: &str) -> Result<&'a Value, Failure> {
        self.orders(effect, member, id).next().ok_or_else(|| missing("指令", effect))
    }

    fn report(&self, outcome: &str, member: &str, id: &str) -> Result<&'a Value, Failure> {
        let mut reports = self.bodies("report");
        let found = reports.find(|b| text(b, "outcome") == outcome && text(b, member) == id);
        found.ok_or_else(|| missing("报告", outcome))
    }
}

fn missing(zh: &str, name: &str) -> Failure {
    let what = if zh == "指令" { "order" } else { "report" };
    let (zh, en) = (format!("缺少{zh}：{name}"), format!("the {what} `{name}` that the product rests on is missing"));
    Failure::new("body.statements", "incomplete", zh, en)
}
