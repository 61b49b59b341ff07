//! The end of an authorisation, or what is done to a resource, as three people, the platform and the zone would write it, and
//! evidence of each kind about it: of the decision, of the destruction or the certificate, of what one of the people did.

use crate::support::{DEPLOYMENT, World, key, signed};
use audit::LogName::{self, Platform, Zone};
use audit::evidence::{EvidenceBuilder, Subject, statement_digest};
use audit::{Leaf, Outcome, TileLog, Trust, anchor_line, leaf_hash};
use crypto::{SigningKey, Suite};
use serde_json::{Value, json};

pub const CASE: &str = "case-stop";
pub const AUTHORISATION: &str = "auth-1";
/// The case that brought the authorisation.
const GRANTED: &str = "case-granted";
/// Opened the case, and did something outside of any case.
pub const PERSON: &str = "person-0";
/// Kinds with the id of their subject here.
pub const SUBJECTS: [(&str, &str); 3] = [("decision", CASE), ("query_history", PERSON), ("destruction", AUTHORISATION)];

/// A resource, its provider, and the certificate about it.
pub const RESOURCE: &str = "res-1";
pub const PROVIDER: &str = "org-9";
pub const CERTIFICATE: &str = "des-1";

/// How a forger deviates.
#[derive(Clone, Default)]
pub struct Plan {
    /// A resource is withdrawn, sealed or unsealed (the effect) instead of an authorisation ended.
    pub resource: Option<&'static str>,
    /// Leave out the platform's leaf of this kind.
    pub drop: Option<&'static str>,
    /// Acts that the people have signed; used instead of signing anew.
    pub acts: Vec<Value>,
    /// Reports that the zone has signed; used instead of signing anew.
    pub reports: Vec<Value>,
    /// Members of the certificate that say something else.
    pub certificate: Value,
    /// Members of the zone's report that say something else.
    pub report: Value,
    /// Members of the order's object that the people did not sign.
    pub object: Value,
    /// The leaf of the report names no certificate.
    pub unnamed: bool,
    /// The zone writes no leaf of its own.
    pub silent: bool,
    /// Approvals that the order leaves out.
    pub without: usize,
    /// The people's keys are numbered from here on.
    pub people: u8,
}

pub struct Ending {
    pub world: World,
    pub acts: Vec<Value>,
    pub reports: Vec<Value>,
    orders: Vec<Value>,
    documents: Vec<(String, &'static str, Value)>,
    /// How the authorisation came about that ends: an act, the order, the zone's report.
    granted: Vec<(&'static str, Value)>,
    people: Vec<SigningKey>,
    plan: Plan,
    logs: Vec<TileLog>,
    story: Vec<(String, u64)>,
}

fn with(mut value: Value, more: &Value) -> Value {
    let more = more.as_object().cloned().unwrap_or_default();
    value.as_object_mut().unwrap().extend(more);
    value
}

impl Ending {
    pub fn write(suite: Suite, plan: Plan) -> Self {
        Self::write_in(World::new(suite), plan)
    }

    pub fn write_in(world: World, plan: Plan) -> Self {
        let people: Vec<_> = (21..24).map(|n| key(world.suite, n + plan.people)).collect();
        let mut entries = world.services();
        for (n, key) in people.iter().enumerate() {
            let holder = json!({"kind": "person", "person": format!("person-{n}"), "org": format!("org-{n}"),
                "org_roles": [], "roles": [], "group": null});
            entries.push(world.entry(key, &holder));
        }
        world.publish(1, &entries);
        let logs = vec![world.open(Platform), world.open(Zone)];
        let (acts, reports, orders, documents, story) = (vec![], vec![], vec![], vec![], vec![]);
        let granted = vec![];
        let mut out = Self { world, acts, reports, orders, documents, granted, people, plan, logs, story };
        out.tell();
        out.checkpoints();
        out
    }

    pub fn trust(&self) -> Trust {
        self.world.trust()
    }

    fn digest<T: serde::Serialize>(&self, signed: &T) -> String {
        statement_digest(self.world.suite, signed).unwrap().to_string()
    }

    fn typed(&self, kind: &str, value: &Value) -> String {
        crypto::digest_of(self.world.suite, kind, value).unwrap().to_string()
    }

    fn head(&self, log: LogName) -> Option<String> {
        self.head_of(log, CASE)
    }

    fn head_of(&self, log: LogName, case: &str) -> Option<String> {
        self.world.heads.get(&(log, case.to_owned())).map(|(_, h)| h.clone())
    }

    /// A leaf by a person, or by nobody.
    fn leaf(&mut self, log: LogName, case: Option<&str>, kind: &str, who: Option<usize>, refs: &[(&str, &str)]) {
        if self.plan.drop == Some(kind) {
            return;
        }
        let last = case.and_then(|c| self.world.heads.get(&(log, c.to_owned())).cloned());
        let leaf = Leaf {
            v: 1,
            log,
            at: 1_000,
            kind: kind.into(),
            case: case.map(Into::into),
            case_seq: case.map(|_| last.as_ref().map_or(1, |(n, _)| n + 1)),
            prev: last.map(|(_, h)| h),
            actor: who.map(|n| format!("person-{n}")),
            org: who.map(|n| format!("org-{n}")),
            outcome: Outcome::Done,
            rule: None,
            article: Some("10.1".into()),
            object: None,
            refs: refs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let bytes = leaf.encode().unwrap();
        if let Some(case) = case {
            let hash = leaf_hash(self.world.suite.hash_alg(), &bytes).to_string();
            self.world.heads.insert((log, case.to_owned()), (leaf.case_seq.unwrap(), hash));
        }
        let tree = &mut self.logs[usize::from(log == Zone)];
        let index = tree.size();
        tree.append(&[bytes]).unwrap();
        if log == Platform && who == Some(0) {
            self.story.push((kind.to_owned(), index));
        }
    }

    fn act(&mut self, who: usize, step: &str, object: &Value, documents: Value) {
        let n = self.acts.len();
        let body = json!({"v": 1, "deployment": DEPLOYMENT, "case": CASE, "procedure": "termination", "step": step,
            "decision": "approve", "object": self.typed("object", object), "documents": self.typed("documents", &documents),
            "head": self.head(Platform), "person": format!("person-{who}"), "org": format!("org-{who}"), "at": 1_000});
        let act = self.plan.acts.get(n).cloned().unwrap_or_else(|| signed(&self.people[who], "act", body));
        let digest = self.digest(&act);
        self.leaf(Platform, Some(CASE), step, Some(who), &[("act", &digest)]);
        if documents != json!({}) {
            self.documents.push((format!("documents-{n}.json"), "documents", documents));
        }
        self.acts.push(act);
    }

    fn tell(&mut self) {
        self.leaf(Platform, None, "ticket_issued", Some(0), &[("purpose", "preview_grant")]);
        self.leaf(Platform, None, "ticket_issued", Some(2), &[("purpose", "watch_job")]);
        self.leaf(Platform, Some("case-other"), "case_opened", Some(2), &[]);
        if self.plan.resource.is_none() {
            self.authorise();
        }
        self.leaf(Platform, Some(CASE), "case_opened", Some(0), &[]);
        let object = match self.plan.resource {
            None => json!({"authorisation": AUTHORISATION, "ground": "term_over", "article": "10.1"}),
            Some(_) => {
                json!({"resource": RESOURCE, "provider": PROVIDER, "ground": "under_dispute", "article": "19.1"})
            }
        };
        self.documents.push(("object.json".into(), "object", object.clone()));
        self.act(0, "propose", &object, json!({"proposal": {"finding": "the term is over"}}));
        self.act(1, "deliberate", &object, json!({}));
        self.act(2, "terminate", &object, json!({"determination": {"document_number": "1"}}));
        self.destroy(&with(object, &self.plan.object.clone()));
        self.leaf(Platform, Some(CASE), "clock_step", None, &[("step", "certify")]);
    }

    /// The case that brought the authorisation.
    fn authorise(&mut self) {
        let case = Some(GRANTED);
        self.leaf(Platform, case, "case_opened", Some(2), &[]);
        let object = json!({"authorisation": AUTHORISATION, "announcement": "ann-1", "operator": PROVIDER, "uscc": "9",
            "legal_form": "legal_person", "mode": "overall", "domain": null, "resources": {RESOURCE: "org-8"},
            "term_months": 12, "renewal_of": null});
        let act = json!({"v": 1, "deployment": DEPLOYMENT, "case": GRANTED, "procedure": "authorisation", "step": "sign",
            "decision": "approve", "object": self.typed("object", &object), "documents": self.typed("documents", &json!({})),
            "head": self.head_of(Platform, GRANTED), "person": "person-2", "org": "org-2", "at": 1_000});
        let act = signed(&self.people[2], "act", act);
        let digest = self.digest(&act);
        self.leaf(Platform, case, "sign", Some(2), &[("act", &digest)]);
        let bound = self.head_of(Platform, GRANTED);
        let order = json!({"v": 1, "deployment": DEPLOYMENT, "id": "wo-0", "seq": 0, "case": GRANTED, "case_head": bound,
            "key_list": 1, "pack": "1", "issued_at": 1_000, "expires": 9_000,
            "effect": {"effect": "authorise", "object": object}, "approvals": [act.clone()]});
        let order = signed(&self.world.platform, "order", order);
        let digest = self.digest(&order);
        self.leaf(Platform, case, "order_issued", None, &[("order", &digest)]);
        self.leaf(Zone, case, "order_applied", None, &[("order", &digest)]);
        let report = json!({"v": 1, "deployment": DEPLOYMENT, "seq": 6, "case": GRANTED, "case_head": bound,
            "zone_head": self.head_of(Zone, GRANTED), "order": "wo-0", "at": 1_000, "outcome": "applied"});
        let report = signed(&self.world.zone, "report", report);
        let digest = self.digest(&report);
        self.leaf(Platform, case, "zone_reported", None, &[("report", &digest)]);
        self.granted = vec![("act", act), ("order", order), ("report", report)];
    }

    fn destroy(&mut self, object: &Value) {
        let bound = self.head(Platform);
        let approvals = &self.acts[self.plan.without..];
        let body = json!({"v": 1, "deployment": DEPLOYMENT, "id": "wo-1", "seq": 1, "case": CASE, "case_head": bound,
            "key_list": 1, "pack": "1", "issued_at": 1_000, "expires": 9_000,
            "effect": {"effect": self.plan.resource.unwrap_or("destroy"), "object": object}, "approvals": approvals});
        let order = signed(&self.world.platform, "order", body);
        let digest = self.digest(&order);
        self.leaf(Platform, Some(CASE), "order_issued", None, &[("order", &digest)]);
        if !self.plan.silent {
            self.leaf(Zone, Some(CASE), "order_applied", None, &[("order", &digest)]);
            let (kind, what, id) = match self.plan.resource {
                None => ("destroy_authorisation", "authorisation", AUTHORISATION),
                Some(_) => ("settle_resource", "resource", RESOURCE),
            };
            self.leaf(Zone, Some(CASE), kind, None, &[(what, id)]);
        }
        self.orders.push(order);
        let report = json!({"v": 1, "deployment": DEPLOYMENT, "seq": 7, "case": CASE, "case_head": bound,
            "zone_head": self.head(Zone), "order": "wo-1", "at": 1_000, "keys": ["key-1", "key-2"]});
        let report = with(with(report, &self.done()), &self.plan.report);
        let made = signed(&self.world.zone, "report", report);
        let report = self.plan.reports.first().cloned().unwrap_or(made);
        let digest = self.digest(&report);
        let certificate = json!({"id": CERTIFICATE, "case": CASE, "keys": ["key-1", "key-2"], "objects": 5, "report": 7,
            "at": 1_000});
        let certificate = with(with(certificate, &self.certified()), &self.plan.certificate);
        let kind = if self.plan.resource.is_some() { "resource-certificate" } else { "destruction-certificate" };
        let named = self.typed(kind, &certificate);
        let mut refs = vec![("report", digest.as_str())];
        if !self.plan.unnamed {
            refs.push(("certificate", &named));
            self.documents.push(("destruction.json".into(), kind, certificate));
        }
        self.leaf(Platform, Some(CASE), "zone_reported", None, &refs);
        self.reports.push(report);
    }

    /// What the zone reports, besides what all its reports on it say.
    fn done(&self) -> Value {
        match self.plan.resource {
            None => json!({"outcome": "destroyed", "authorisation": AUTHORISATION, "objects": 5}),
            Some("withdraw") => {
                json!({"outcome": "resource_destroyed", "resource": RESOURCE, "objects": 5, "what": self.what()})
            }
            Some(effect) => json!({"outcome": format!("resource_{effect}ed"), "resource": RESOURCE}),
        }
    }

    /// What the certificate says, besides what all certificates say.
    fn certified(&self) -> Value {
        match self.plan.resource {
            None => json!({"authorisation": AUTHORISATION, "operator": PROVIDER}),
            Some("withdraw") => {
                json!({"resource": RESOURCE, "provider": PROVIDER, "deed": "destroyed", "what": self.what()})
            }
            Some(effect) => {
                json!({"resource": RESOURCE, "provider": PROVIDER, "deed": format!("{effect}ed"), "objects": 0,
                "what": null})
            }
        }
    }

    fn what(&self) -> Value {
        json!({"kinds": {"records": 4, "set_aside": 1}, "list": self.world.suite.hash(b"list").to_string()})
    }

    fn checkpoints(&mut self) {
        let [platform, zone] = self.logs.as_mut_slice() else { unreachable!() };
        platform.checkpoint(2_000, &self.world.platform_log, &[]).unwrap();
        let seen = anchor_line(platform.published().unwrap());
        zone.checkpoint(2_000, &self.world.zone_log, &[seen]).unwrap();
        let seen = anchor_line(zone.published().unwrap());
        platform.checkpoint(2_001, &self.world.platform_log, &[seen]).unwrap();
    }

    fn builder(&self, kind: &str, id: &str) -> EvidenceBuilder {
        let subject = Subject { kind: kind.into(), id: id.into() };
        let mut b = EvidenceBuilder::new(&self.world.logs(), (&self.trust()).try_into().unwrap(), subject);
        if kind == "query_history" {
            let cases = b.cases_of(id).unwrap();
            assert_eq!(cases.iter().collect::<Vec<_>>(), [CASE]);
            b.person(id, cases, std::collections::BTreeSet::new());
        }
        for act in &self.acts {
            b.statement("act", act).unwrap();
        }
        for order in &self.orders {
            b.statement("order", order).unwrap();
        }
        for report in &self.reports {
            b.statement("report", report).unwrap();
        }
        // The platform shows certificates with what they rest on, and neither in somebody's history.
        let history = kind == "query_history";
        for (kind, value) in self.granted.iter().filter(|_| !history) {
            b.statement(kind, value).unwrap();
        }
        for (name, kind, value) in self.documents.iter().filter(|(name, ..)| !history || name != "destruction.json") {
            b.object(name, kind, value).unwrap();
        }
        // What was done outside of the case is told of the person only.
        let told = |step: &str| kind == "query_history" || step != "ticket_issued";
        for (step, leaf) in self.story.iter().filter(|(step, _)| told(step)) {
            b.step("所为", step, Some("10.1"), Some(*leaf));
        }
        b
    }

    /// Evidence about a subject of a kind.
    pub fn evidence(&self, kind: &str, id: &str) -> Vec<u8> {
        let builder = self.builder(kind, id);
        assert!(builder.missing().unwrap().is_empty());
        builder.build(3_000, &self.world.platform).unwrap()
    }

    /// Changes evidence as a platform could that holds its own key: the file is sealed anew.
    pub fn reseal(&self, kind: &str, id: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut file: Value = serde_json::from_slice(&self.evidence(kind, id)).unwrap();
        change(&mut file["body"]);
        crypto::canonical(&signed(&self.world.platform, "evidence", file["body"].take())).unwrap()
    }
}
