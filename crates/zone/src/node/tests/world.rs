//! A small deployment for tests: root, platform, people, and a platform that speaks the link over HTTP.

use super::device::Device;
use crate::node::config::{Limits, NodeConfig, Trust};
use crate::node::core::Core;
use crate::node::policy::Policy;
use crate::node::record::Record;
use crypto::{FileKeyProvider, Hash, KeyProvider, KeyRing, SigningKey, Suite, digest_of};
use model::act::ACT_TYPE;
use model::ids::{CaseId, OrgId, PersonId};
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::link::{CLOCK_TYPE, ClockMark};
use model::object::{AuthorisationMode, AuthorisationSpec};
use model::order::{Effect, GrantSpec, JobSpec, OBJECT_TYPE, ORDER_TYPE, ResourceSpec, StopSpec, WorkOrder};
use model::party::{LegalForm, OrgRole, PersonRole};
use model::{Act, Clock, Decision, Digest, Refusal, Signed, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const DEPLOYMENT: &str = "test";
pub const PACK: &str = "test@1";
const START: i64 = 1_800_000_000_000;

pub struct Person {
    pub key: SigningKey,
    pub person: PersonId,
    pub org: OrgId,
}

/// Two approvals of people of different organisations; nothing else matters to it.
pub struct TwoOrgs;

impl Policy for TwoOrgs {
    fn version(&self) -> String {
        PACK.into()
    }

    fn check_quorum(&self, _: &WorkOrder, acts: &[(Act, KeyHolder)], _: &Digest) -> Result<(), Refusal> {
        let mut orgs: Vec<&OrgId> = acts.iter().map(|(a, _)| &a.org).collect();
        orgs.sort();
        orgs.dedup();
        if orgs.len() >= 2 {
            Ok(())
        } else {
            Err(Refusal::new("quorum-missing", "TEST-1", "1", "缺少批准", "an approval is missing"))
        }
    }

    fn check_retention(&self, _: Timestamp, _: Timestamp) -> Result<(), Refusal> {
        Ok(())
    }

    fn article_of(&self, _: &str) -> String {
        "7.7".into()
    }

    fn number(&self, _: &str) -> Option<i64> {
        None
    }
}

pub struct World {
    pub dir: TempDir,
    pub suite: Suite,
    pub root: SigningKey,
    pub platform: SigningKey,
    pub platform_log: SigningKey,
    pub zone: SigningKey,
    pub zone_log: SigningKey,
    pub people: BTreeMap<&'static str, Person>,
    /// Milliseconds added to the machine's clock.
    pub shift: Arc<AtomicI64>,
    /// Whether keys are in a device.
    device: bool,
    start: Instant,
}

impl World {
    pub fn new() -> Self {
        Self::with(Suite::Intl)
    }

    pub fn with(suite: Suite) -> Self {
        let key = || SigningKey::generate(suite).unwrap();
        let person = |name: &'static str, org: &str| {
            (name, Person { key: key(), person: PersonId(format!("per_{name}")), org: OrgId(format!("org_{org}")) })
        };
        let people = [
            person("authority", "authority"),
            person("regulator", "regulator"),
            person("provider", "provider"),
            person("engineer", "operator"),
            person("consumer", "consumer"),
            person("other", "other"),
        ];
        Self {
            dir: tempfile::tempdir().unwrap(),
            suite,
            root: key(),
            platform: key(),
            platform_log: key(),
            zone: key(),
            zone_log: key(),
            people: people.into(),
            shift: Arc::default(),
            device: false,
            start: Instant::now(),
        }
    }

    /// A world whose zone keeps its keys in a device.
    pub fn in_device() -> Self {
        Self { device: true, ..Self::new() }
    }

    fn keys(&self) -> Arc<dyn KeyProvider> {
        let ring = self.dir.path().join("ring");
        if self.device {
            std::fs::create_dir_all(&ring).unwrap();
            let device = Device { dir: self.dir.path().join("device"), suite: self.suite };
            return Arc::new(KeyRing::over(&ring, device).unwrap());
        }
        Arc::new(FileKeyProvider::init(&ring, &self.dir.path().join("master"), self.suite).unwrap())
    }

    pub fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.start.elapsed().as_millis()).unwrap();
        Timestamp(START + passed + self.shift.load(Ordering::SeqCst))
    }

    pub fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let (start, shift) = (self.start, self.shift.clone());
        Arc::new(move || {
            Timestamp(START + i64::try_from(start.elapsed().as_millis()).unwrap() + shift.load(Ordering::SeqCst))
        })
    }

    pub fn config(&self, platform: &str) -> NodeConfig {
        NodeConfig {
            data: self.dir.path().join("zone"),
            log: self.dir.path().join("log/zone"),
            platform: platform.to_owned(),
            console: vec!["http://console.test:8600".to_owned()],
            platform_ca: None,
            tls: None,
            listen: "127.0.0.1:0".parse().unwrap(),
            trust: Trust {
                deployment: DEPLOYMENT.into(),
                suite: self.suite,
                clock: Clock::Simulated,
                root: self.root.public(),
            },
            pack: Arc::new(TwoOrgs),
            keys: self.keys(),
            custody: None,
            signer: self.zone.clone(),
            log_signer: self.zone_log.clone(),
            job_command: vec!["/bin/false".into()],
            limits: Limits {
                segment: Duration::from_millis(50),
                poll: Duration::from_millis(50),
                refusals: Duration::from_millis(200),
                ..Limits::default()
            },
            machine_clock: self.clock(),
        }
    }

    pub fn core(&self) -> Core {
        Core::open(self.config("http://127.0.0.1:1")).unwrap()
    }

    /// A core with the first key list taken.
    pub fn enrolled(&self) -> Core {
        let core = self.core();
        self.enrol(&core);
        core
    }

    /// Gives the first key list, the first movement of the clock, and the authorisation that grants of the tests rest on:
    /// before the first order, so that tests count theirs from 1.
    pub fn enrol(&self, core: &Core) {
        core.time.set_offset(0);
        core.commit(|d| {
            d.push(Record::KeyList { list: Box::new(self.key_list(1)) });
            d.push(Record::Clock { mark: self.clock_mark(1, 0) });
            d.push(Record::OrderApplied { order: Box::new(self.order(0, "case_0", self.authorise())) });
            Ok(())
        })
        .unwrap();
    }

    pub fn clock_mark(&self, seq: u64, offset_ms: i64) -> Signed<ClockMark> {
        let body = ClockMark { v: 1, deployment: DEPLOYMENT.into(), seq, offset_ms };
        self.sign(&self.platform, CLOCK_TYPE, body)
    }

    pub fn give_key_list(&self, core: &Core, list: &Signed<KeyList>) {
        core.commit(|d| {
            d.push(Record::KeyList { list: Box::new(list.clone()) });
            Ok(())
        })
        .unwrap();
    }

    pub fn sign<T: Serialize>(&self, key: &SigningKey, type_name: &str, body: T) -> Signed<T> {
        let signature = key.sign(type_name, &body).unwrap();
        Signed { body, key: key.key_id(), signature }
    }

    pub fn entries(&self) -> Vec<KeyEntry> {
        let entry = |key: &SigningKey, holder: KeyHolder| KeyEntry {
            key: key.key_id(),
            public: key.public().to_string(),
            holder,
            valid_from: Timestamp(START - 1_000_000),
            revoked_at: None,
        };
        let mut out = vec![
            entry(&self.platform, KeyHolder::Platform),
            entry(&self.platform_log, KeyHolder::PlatformLog),
            entry(&self.zone, KeyHolder::Zone),
            entry(&self.zone_log, KeyHolder::ZoneLog),
        ];
        for p in self.people.values() {
            let holder = KeyHolder::Person {
                person: p.person.clone(),
                org: p.org.clone(),
                org_roles: vec![OrgRole::DataAuthority],
                roles: vec![PersonRole::Approver],
                group: None,
            };
            out.push(entry(&p.key, holder));
        }
        out
    }

    pub fn key_list(&self, number: u64) -> Signed<KeyList> {
        self.key_list_of(number, self.entries())
    }

    pub fn key_list_of(&self, number: u64, entries: Vec<KeyEntry>) -> Signed<KeyList> {
        let body = KeyList {
            v: 1,
            deployment: DEPLOYMENT.into(),
            number,
            clock: Clock::Simulated,
            issued_at: self.now(),
            entries,
        };
        self.sign(&self.root, KEY_LIST_TYPE, body)
    }

    pub fn act(&self, who: &str, case: &CaseId, object: &Digest) -> Signed<Act> {
        let p = &self.people[who];
        let act = Act {
            v: 1,
            deployment: DEPLOYMENT.into(),
            case: case.clone(),
            procedure: "p".into(),
            step: "s".into(),
            decision: Decision::Approve,
            object: object.clone(),
            documents: object.clone(),
            head: None,
            person: p.person.clone(),
            org: p.org.clone(),
            at: self.now(),
        };
        self.sign(&p.key, ACT_TYPE, act)
    }

    pub fn object_of(&self, effect: &Effect) -> Digest {
        let value = serde_json::to_value(effect).unwrap();
        Digest(digest_of(self.suite, OBJECT_TYPE, &value["object"]).unwrap().to_string())
    }

    /// An unsigned order of a case with the approvals of authority and regulator.
    pub fn draft(&self, seq: u64, case: &str, effect: Effect) -> WorkOrder {
        let case = CaseId(case.into());
        let object = self.object_of(&effect);
        let now = self.now();
        WorkOrder {
            v: 1,
            deployment: DEPLOYMENT.into(),
            id: format!("wo_{seq}").as_str().into(),
            seq,
            case_head: self.digest(case.as_str()),
            key_list: 1,
            pack: PACK.into(),
            issued_at: now,
            expires: now.plus_ms(600_000),
            approvals: ["authority", "regulator"].map(|who| self.act(who, &case, &object)).into(),
            case,
            effect,
        }
    }

    pub fn order(&self, seq: u64, case: &str, effect: Effect) -> Signed<WorkOrder> {
        self.sign(&self.platform, ORDER_TYPE, self.draft(seq, case, effect))
    }

    /// Verifies the zone's log as an auditor with the trust file would.
    pub fn verify_log(&self) {
        let log = self.dir.path().join("log");
        audit::publish_key_list(&log, &self.root.public(), &self.key_list(1)).unwrap();
        let trust = audit::Trust {
            v: 1,
            deployment: DEPLOYMENT.into(),
            city: "test".into(),
            suite: self.suite,
            clock: audit::ClockKind::Simulated,
            root: self.root.public(),
            pack: audit::PackRef { name: "test".into(), version: "1".into(), digest: self.hash(b"pack") },
            created_at: START,
            witnesses: None,
        };
        let report = audit::verify_dir(&log.join("zone"), Some(&trust), None);
        // Alone it is trusted only as long as it anchors no checkpoint of the platform.
        assert!(report.valid, "{report:?}");
        assert_eq!(report.trusted, !report.checked.contains_key("anchors_not_checked"), "{report:?}");
    }

    pub fn digest(&self, text: &str) -> Digest {
        Digest(self.suite.hash(text.as_bytes()).to_string())
    }

    pub fn hash(&self, bytes: &[u8]) -> Hash {
        self.suite.hash(bytes)
    }
}

pub const CONTRACT: &str = r#"apiVersion: v3.1.0
kind: DataContract
id: visits
version: 1.0.0
status: active
schema:
  - name: visits
    physicalType: table
    customProperties:
      - {property: yunyuSubjects, value: [{kind: person, key: citizen_id}]}
    properties:
      - {name: citizen_id, logicalType: integer, classification: "2", customProperties: [{property: yunyuClass, value: KEY}, {property: yunyuDomain, value: person}]}
      - {name: district, logicalType: string, classification: "2", customProperties: [{property: yunyuClass, value: DIM}]}
      - {name: secret, logicalType: string, classification: "4", customProperties: [{property: yunyuClass, value: LOCK}]}
"#;

pub const PURPOSE: &str =
    "name: statistics\nanswer: aggregate\ntables: [visits]\njoins: []\nthresholds: {person: 10}\n";

impl World {
    pub fn resource(&self) -> Effect {
        Effect::Resource(ResourceSpec {
            resource: "res_1".into(),
            table: "visits".into(),
            provider: "org_provider".into(),
            contract: CONTRACT.into(),
            contract_digest: self.digest(CONTRACT),
            replaces: None,
        })
    }

    /// An authorisation over the one table, for a year.
    pub fn authorise(&self) -> Effect {
        Effect::Authorise(AuthorisationSpec {
            authorisation: "auth_1".into(),
            announcement: "ann_1".into(),
            operator: "org_operator".into(),
            uscc: "91320200000000000X".into(),
            legal_form: LegalForm::LegalPerson,
            mode: AuthorisationMode::Overall,
            domain: None,
            resources: [("res_1".into(), "org_provider".into())].into(),
            term_months: 12,
            renewal_of: None,
        })
    }

    pub fn grant(&self) -> Effect {
        Effect::Grant(GrantSpec {
            grant: "gra_1".into(),
            authorisation: "auth_1".into(),
            scenario: "scn_1".into(),
            operator: "org_operator".into(),
            resources: [("res_1".into(), "org_provider".into())].into(),
            fields: [("visits".to_owned(), vec!["citizen_id".to_owned(), "district".to_owned()])].into(),
            purpose: PURPOSE.into(),
            until: self.now().plus_days(30),
        })
    }

    pub fn job(&self, id: &str) -> Effect {
        Effect::Job(JobSpec {
            job: id.into(),
            grant: "gra_1".into(),
            sql: "SELECT district, COUNT(*) AS n FROM visits GROUP BY district".into(),
            author: "per_engineer".into(),
            author_org: "org_operator".into(),
            product: "prod_1".into(),
        })
    }

    pub fn stop(&self) -> StopSpec {
        StopSpec { authorisation: "auth_1".into(), ground: "breach".into(), article: "10.1".into() }
    }
}
