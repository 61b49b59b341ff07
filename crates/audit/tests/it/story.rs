//! A product's whole story in one case, as the platform, the zone and four people would write it.

use crate::support::{DEPLOYMENT, World, signed};
use audit::LogName::{self, Platform, Zone};
use audit::evidence::{EvidenceBuilder, Statement, Subject, statement_digest, verify};
use audit::{KeyListView, TileLog, Trust, VerifyReport, anchor_line};
use crypto::{SigningKey, Suite};
use serde_json::{Value, json};

pub const CASE: &str = "case-x";
pub const PRODUCT: &str = "product-1";

/// What was authorised.
pub fn authorisation() -> Value {
    json!({"authorisation": "auth-1", "operator": "org-1", "resources": {"resource-1": "org-0", "resource-2": "org-3"}})
}

/// How a forger deviates.
#[derive(Clone, Default)]
pub struct Plan {
    /// Leave out the leaf of this kind.
    pub drop: Option<&'static str>,
    /// Acts that the people have signed; used instead of signing anew.
    pub acts: Vec<Value>,
    /// Reports that the zone has signed; used instead of signing anew.
    pub reports: Vec<Value>,
    /// Time of the acts.
    pub at: i64,
    /// Artefact of the release order.
    pub artefact: Option<&'static str>,
    /// Object of the order that brings the authorisation; null leaves the order out.
    pub authorised: Option<Value>,
    /// The two votes were about another object.
    pub other_vote: bool,
    /// The zone refused the order of this effect.
    pub refused: Option<&'static str>,
    /// At the end the platform issues an order to suspend that it does not send to the zone.
    pub withheld: bool,
    /// Acts come with documents, which are here, or with none; at the end somebody decides on what no order is about.
    pub complete: bool,
    /// The product is registered: what its certificate says otherwise than it should.
    pub certificate: Option<Value>,
    /// Time of the leaf that records the certificate.
    pub leaf_at: Option<i64>,
    /// By how much later both logs sign.
    pub later: i64,
    /// Both logs close an epoch between the job and the release.
    pub border: bool,
}

pub struct Story {
    pub world: World,
    pub people: Vec<SigningKey>,
    pub acts: Vec<Value>,
    pub reports: Vec<Value>,
    pub others: Vec<(&'static str, Value)>,
    /// Name, type and value.
    documents: Vec<(&'static str, &'static str, Value)>,
    plan: Plan,
    logs: Vec<TileLog>,
}

impl Story {
    /// Writes both logs and all statements.
    pub fn write(suite: Suite, plan: Plan) -> Self {
        Self::write_in(World::new(suite), plan)
    }

    pub fn write_in(world: World, plan: Plan) -> Self {
        let suite = world.suite;
        let people: Vec<_> = (21..25).map(|n| crate::support::key(suite, n)).collect();
        let mut entries = world.services();
        for (n, key) in people.iter().enumerate() {
            let holder = json!({"kind": "person", "person": format!("person-{n}"), "org": format!("org-{n}"),
                "org_roles": [], "roles": [], "group": null});
            entries.push(world.entry(key, &holder));
        }
        world.publish(1, &entries);
        let logs = vec![world.open(Platform), world.open(Zone)];
        let mut story =
            Self { world, people, acts: vec![], reports: vec![], others: vec![], documents: vec![], plan, logs };
        story.tell();
        story.checkpoints();
        story
    }

    pub fn trust(&self) -> Trust {
        self.world.trust()
    }

    fn digest<T: serde::Serialize>(&self, signed: &T) -> String {
        statement_digest(self.world.suite, signed).unwrap().to_string()
    }

    pub fn head(&self, log: LogName) -> Option<String> {
        self.world.heads.get(&(log, CASE.to_owned())).map(|(_, h)| h.clone())
    }

    pub fn leaf(&mut self, log: LogName, kind: &str, refs: &[(&str, &str)]) {
        if self.plan.drop == Some(kind) {
            return;
        }
        let bytes = self.world.leaf(log, Some(CASE), kind, refs);
        self.logs[usize::from(log == Zone)].append(&[bytes]).unwrap();
    }

    /// Digest of the documents that an act of this step comes with.
    fn handed_in(&mut self, step: &str) -> String {
        if !self.plan.complete {
            return self.world.suite.hash(b"none").to_string();
        }
        let documents = if step == "catalogue" { json!({"review": {"finding": "none"}}) } else { json!({}) };
        if documents != json!({}) {
            self.documents.push(("supplied", "documents", documents.clone()));
        }
        crypto::digest_of(self.world.suite, "documents", &documents).unwrap().to_string()
    }

    pub fn act(&mut self, who: usize, step: &str, object: &Value) -> Value {
        let n = self.acts.len();
        let body = json!({"v": 1, "deployment": DEPLOYMENT, "case": CASE, "procedure": "p", "step": step,
            "decision": "approve", "object": crypto::digest_of(self.world.suite, "object", object).unwrap().to_string(),
            "documents": self.handed_in(step), "head": self.head(Platform),
            "person": format!("person-{who}"), "org": format!("org-{who}"), "at": 1_000 + self.plan.at});
        let act = self.plan.acts.get(n).cloned().unwrap_or_else(|| signed(&self.people[who], "act", body));
        let digest = self.digest(&act);
        self.leaf(Platform, &format!("act_{n}"), &[("act", &digest)]);
        self.acts.push(act.clone());
        act
    }

    fn order(&mut self, effect: &str, object: Value, approvals: &[Value], outcome: Value) {
        let seq = self.others.len() + 1;
        let body = json!({"v": 1, "deployment": DEPLOYMENT, "id": format!("wo-{seq}"), "seq": seq, "case": CASE,
            "case_head": self.head(Platform), "key_list": 1, "pack": "1", "issued_at": 1_000, "expires": 9_000,
            "effect": {"effect": effect, "object": object}, "approvals": approvals});
        let order = signed(&self.world.platform, "order", body);
        let (digest, bound) = (self.digest(&order), self.head(Platform));
        self.leaf(Platform, "order_issued", &[("order", &digest)]);
        if self.plan.withheld && effect == "suspend" {
            self.others.push(("order", order));
            return;
        }
        self.leaf(Zone, "order_applied", &[("order", &digest)]);
        let mut report = json!({"v": 1, "deployment": DEPLOYMENT, "seq": seq, "case": CASE, "case_head": bound,
            "zone_head": self.head(Zone), "order": format!("wo-{seq}"), "at": 1_000});
        report.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
        if self.plan.refused == Some(effect) {
            report["outcome"] = json!("refused");
        }
        let n = self.reports.len();
        let report = self.plan.reports.get(n).cloned().unwrap_or_else(|| signed(&self.world.zone, "report", report));
        let digest = self.digest(&report);
        self.leaf(Platform, "zone_reported", &[("report", &digest)]);
        self.reports.push(report);
        self.others.push(("order", order));
    }

    fn tell(&mut self) {
        let gate = self.world.suite.hash(b"gate report").to_string();
        let artefact = "sm3:".to_owned() + &"ab".repeat(32);
        self.leaf(Platform, "case_opened", &[]);
        let object = json!({"resource": "resource-1"});
        let a = self.act(0, "catalogue", &object);
        self.order("resource", object, &[a], json!({"outcome": "applied"}));
        self.leaf(Platform, "review_doubted", &[]);
        let object = self.plan.authorised.clone().unwrap_or_else(authorisation);
        if !object.is_null() {
            let a = self.act(1, "authorisation", &object);
            self.order("authorise", object, &[a], json!({"outcome": "applied"}));
        }
        let object = json!({"grant": "grant-1", "authorisation": "auth-1", "operator": "org-1",
            "resources": {"resource-1": "org-0"}});
        let a = self.act(1, "grant", &object);
        self.order("grant", object, &[a], json!({"outcome": "applied"}));
        let object = json!({"job": "job-1", "grant": "grant-1"});
        let a = self.act(1, "job", &object);
        let done = json!({"outcome": "job_done", "job": "job-1", "artefact": artefact, "verdict": "review",
            "gate_report": gate, "lineage": {"n": ["visits.id"]}});
        self.order("job", object, &[a], done);
        if self.plan.border {
            self.border();
        }
        let released = self.plan.artefact.map_or(artefact.clone(), Into::into);
        let release = json!({"job": "job-1", "product": PRODUCT, "artefact": released, "gate_report": gate});
        let voted = if self.plan.other_vote { json!({"job": "job-2"}) } else { release.clone() };
        let votes = [self.act(2, "vote", &voted), self.act(3, "vote", &voted)];
        let report = json!({"outcome": "released", "product": PRODUCT, "artefact": artefact, "rows": 3});
        self.order("release", release, &votes, report);
        let body = json!({"v": 1, "deployment": DEPLOYMENT, "number": "C-1", "artefact": artefact, "at": 1_000});
        let certificate = signed(&self.world.platform, "certificate", body);
        let digest = self.digest(&certificate);
        self.leaf(Platform, "product_registered", &[("certificate", &digest)]);
        self.others.push(("certificate", certificate));
        if let Some(change) = self.plan.certificate.clone() {
            self.register(&artefact, change);
        }
        if self.plan.complete {
            let object = json!({"complaint": "complaint-1"});
            self.act(1, "complaint", &object);
            self.documents.push(("objected", "object", object));
        }
        if self.plan.withheld {
            let object = json!({"authorisation": "auth-1", "ground": "stopped", "article": "x"});
            let a = self.act(1, "suspension", &object);
            self.order("suspend", object, &[a], Value::Null);
        }
    }

    /// Somebody certifies the product, and the platform writes its certificate.
    fn register(&mut self, artefact: &str, change: Value) {
        let suite = self.world.suite;
        let object = json!({"product": PRODUCT, "artefact": artefact, "operator": "org-1", "price": 5});
        let mut certificate = json!({"id": "cert-1", "number": "C-1", "product": PRODUCT, "holder": "org-1",
            "artefact": artefact, "at": 1_000});
        certificate.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        certificate.as_object_mut().unwrap().retain(|_, v| !v.is_null());
        let named = crypto::digest_of(suite, "certificate", &certificate).unwrap().to_string();
        let about = crypto::digest_of(suite, "object", &object).unwrap().to_string();
        let about = (Some(about), self.plan.leaf_at.unwrap_or(1_000));
        let bytes = self.world.leaf_about(Platform, Some(CASE), "act", &[("certificate", &named)], about);
        self.logs[0].append(&[bytes]).unwrap();
        self.documents.push(("object", "object", object));
        self.documents.push(("certificate", "certificate", certificate));
    }

    /// Both logs sign what they hold, close the epoch with that, and open the next.
    fn border(&mut self) {
        self.checkpoints();
        for log in &mut self.logs {
            let opening = log.closing(2_027, |at| if at < 2_027 { 2_026 } else { 2_027 }).unwrap();
            let name = if opening.note.origin.ends_with("zone") { Zone } else { Platform };
            log.append(&[crate::epochs::opening(name, &opening, 2_027)]).unwrap();
        }
    }

    pub fn checkpoints(&mut self) {
        let [platform, zone] = self.logs.as_mut_slice() else { unreachable!() };
        let at = 2_000 + self.plan.later;
        platform.checkpoint(at, &self.world.platform_log, &[]).unwrap();
        let seen = anchor_line(platform.published().unwrap());
        zone.checkpoint(at, &self.world.zone_log, &[seen]).unwrap();
        let seen = anchor_line(zone.published().unwrap());
        platform.checkpoint(at + 1, &self.world.platform_log, &[seen]).unwrap();
    }

    /// The platform's log goes on, with leaves of other cases, and signs.
    pub fn grow(&mut self, leaves: &[Vec<u8>]) {
        let [platform, _] = self.logs.as_mut_slice() else { unreachable!() };
        platform.append(leaves).unwrap();
        platform.checkpoint(2_002, &self.world.platform_log, &[]).unwrap();
    }

    pub fn builder(&self) -> EvidenceBuilder {
        let subject = Subject { kind: "product".into(), id: PRODUCT.into() };
        let mut b = EvidenceBuilder::new(&self.world.logs(), (&self.trust()).try_into().unwrap(), subject);
        for act in &self.acts {
            b.statement("act", act).unwrap();
        }
        for report in &self.reports {
            b.statement("report", report).unwrap();
        }
        for (kind, other) in &self.others {
            b.statement(kind, other).unwrap();
        }
        b.document("gate-report.json", "application/json", b"gate report");
        b.document("lineage.json", "application/json", br#"{"n":["visits.id"]}"#);
        for (name, kind, document) in &self.documents {
            b.object(&format!("{name}.json"), kind, document).unwrap();
        }
        b.step("登记", "registered", Some("12.1"), Some(0));
        b
    }

    pub fn evidence(&self) -> Vec<u8> {
        self.builder().build(3_000, &self.world.platform).unwrap()
    }

    /// Changes the evidence as a platform could that holds its own key: the file is sealed anew.
    pub fn reseal(&self, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut file: Value = serde_json::from_slice(&self.evidence()).unwrap();
        change(&mut file["body"]);
        crypto::canonical(&signed(&self.world.platform, "evidence", file["body"].take())).unwrap()
    }
}

/// At least one approval; a release needs two, of different organisations.
pub fn quorum(order: &Statement, acts: &[Statement], _: &KeyListView) -> Result<(), String> {
    let orgs: std::collections::BTreeSet<_> = acts.iter().map(|a| a.body["org"].to_string()).collect();
    let needed = if order.body["effect"]["effect"] == "release" { 2 } else { 1 };
    if orgs.len() >= needed { Ok(()) } else { Err(format!("{} of {needed}", orgs.len())) }
}

pub fn check(bytes: &[u8], trust: &Trust) -> VerifyReport {
    verify(bytes, Some(trust), &quorum)
}

/// The stable code of the failure.
pub fn what(bytes: &[u8], trust: &Trust) -> String {
    let report = check(bytes, trust);
    assert!(!report.valid && !report.trusted, "it was believed");
    report.failure.unwrap().what
}
