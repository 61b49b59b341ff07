//! Random scripts of signed commands through the funnel, over a real store, in every city: what is done leaves a leaf, what
//! is refused leaves a leaf and nothing else, and no case comes to a state that its graph does not lead to.

use super::*;
use crate::{cases, keys, timers};
use model::act::Act;
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::object::{About, ObjectKind};
use model::procedure::{FieldKind, Procedure};
use model::record::{Announcement, BlacklistCheck, Grade, Resource, ResourceState};
use model::{Digest, Signed};
use serde_json::{Map, Value, json};

const CITIES: [&str; 5] = ["changchun", "jilin", "jinan", "shenyang", "wuxi"];

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (sides.max(1) as u64)).unwrap()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.roll(of.len());
        &of[at]
    }
}

struct Player {
    actor: Actor,
    key: SigningKey,
}

struct Table {
    w: World,
    players: Vec<Player>,
    dice: Dice,
    done: usize,
    refused: usize,
}

impl Table {
    async fn lay(city: &str, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut app, shift) = app_in(folder.path()).await.unwrap();
        let pack = Arc::new(Pack::load(&["product", "national", city].map(layer)).unwrap());
        let inner = Arc::get_mut(&mut app.inner).unwrap();
        inner.policies = policy::Policies::compile(&pack).unwrap();
        inner.deployment.pack = pack.version();
        inner.pack = pack;
        let w = World { app, shift, _folder: folder };
        let mut players = Vec::new();
        let roles = [
            OrgRole::DataAuthority,
            OrgRole::ImplementingAgency,
            OrgRole::CoordinationBody,
            OrgRole::ExpertPanel,
            OrgRole::SecurityRegulator,
            OrgRole::MarketRegulator,
            OrgRole::DataProvider,
            OrgRole::SupervisingDepartment,
            OrgRole::Operator,
        ];
        for (n, role) in roles.into_iter().enumerate() {
            let mut org = w.org(&format!("单位{n}"), role).await;
            if role == OrgRole::Operator {
                org.uscc = Some("91320200MA1XXXXX0X".into());
                w.keep(&org, true).await;
            }
            for (m, own) in [(0, PersonRole::Approver), (1, PersonRole::Approver), (2, PersonRole::Engineer)] {
                let key = SigningKey::generate(Suite::Intl).unwrap();
                let mut actor = actor(&format!("per_{n:015x}{m}"), &org, &[own]);
                actor.key = Some(key.key_id());
                players.push(Player { actor, key });
            }
        }
        let table = Self { w, players, dice: Dice(seed), done: 0, refused: 0 };
        table.list_keys().await;
        table.prepare().await;
        table
    }

    async fn list_keys(&self) {
        let root = SigningKey::from_secret(Suite::Intl, &[3; 32]).unwrap();
        let entry = |p: &Player| KeyEntry {
            key: p.key.key_id(),
            public: p.key.public().to_string(),
            holder: KeyHolder::Person {
                person: p.actor.person.clone(),
                org: p.actor.org.clone(),
                org_roles: p.actor.org_roles.clone(),
                roles: p.actor.roles.clone(),
                group: None,
            },
            valid_from: T0,
            revoked_at: None,
        };
        let entries = self.players.iter().map(entry).collect();
        let body = KeyList { v: 1, deployment: "dep-a".into(), number: 1, clock: Clock::Real, issued_at: T0, entries };
        let list = Signed { key: root.key_id(), signature: root.sign(KEY_LIST_TYPE, &body).unwrap(), body };
        let mut tx = self.w.app.store.begin().await.unwrap();
        tx.put(&keys::StoredKeyList { id: "1".into(), list }).await.unwrap();
        tx.meta_set("key_list_current", "1").await.unwrap();
        tx.commit().await.unwrap();
    }

    fn org(&self, role: OrgRole) -> OrgId {
        self.players.iter().find(|p| p.actor.org_roles.contains(&role)).unwrap().actor.org.clone()
    }

    /// A catalogued resource, an open announcement, lists that were looked up: what an application needs to begin.
    async fn prepare(&self) {
        let provider = self.org(OrgRole::DataProvider);
        let digest = Digest(format!("sha256:{}", "e".repeat(64)));
        let spec = model::order::ResourceSpec {
            resource: "res_1".into(),
            table: "t".into(),
            provider: provider.clone(),
            contract: "id: t\n".into(),
            contract_digest: digest,
            replaces: None,
        };
        let resource = Resource {
            id: "res_1".into(),
            spec,
            provider,
            supervisor: None,
            sharing_consent: None,
            grade: Grade::General,
            excluded: false,
            state: ResourceState::Catalogued,
            case: "case_r".into(),
            at: T0,
        };
        self.w.keep(&resource, false).await;
        let modes: Vec<_> = self.w.app.pack.list("authorisation.modes").unwrap().to_vec();
        let planned = self.w.app.pack.procedure("implementation_plan").is_some();
        if planned {
            let plan = json!({ "id": "iplan_1", "agency": self.org(OrgRole::ImplementingAgency), "state": "adopted",
                "case": "case_i", "at": T0, "spec": { "implementation_plan": "iplan_1",
                "agency": self.org(OrgRole::ImplementingAgency), "zh": "方案", "en": "Plan", "modes": modes,
                "resources": { "res_1": self.org(OrgRole::DataProvider) }, "term_months": 24,
                "digest": format!("sha256:{}", "7".repeat(64)), "replaces": null } });
            let plan: model::record::ImplementationPlan = serde_json::from_value(plan).unwrap();
            self.w.keep(&plan, false).await;
        }
        let plan = planned.then_some("iplan_1");
        let spec = json!({ "announcement": "ann_1", "zh": "通告", "en": "Call", "modes": modes, "conditions": ["x"],
            "opens": T0, "closes": T0.plus_days(400), "implementation_plan": plan });
        let spec = serde_json::from_value(spec).unwrap();
        let by = self.org(OrgRole::DataAuthority);
        self.w.keep(&Announcement { id: "ann_1".into(), spec, case: "case_n".into(), by, at: T0 }, false).await;
        for list in self.w.app.pack.list("operator.blacklists").unwrap() {
            let id = format!("chk_{list}").as_str().into();
            let uscc = "91320200MA1XXXXX0X".to_owned();
            self.w.keep(&BlacklistCheck { id, uscc, list: list.clone(), hit: false, at: T0 }, false).await;
        }
    }

    /// An object as somebody might hand it in; now and then with nonsense in it.
    fn object(&mut self, procedure: &str, cases: &[Case]) -> Value {
        let digest = format!("sha256:{}", "f".repeat(64));
        let until = self.w.app.now().plus_days(300);
        let of =
            |p: &str| cases.iter().filter(|c| c.procedure == p).map(|c| c.object["authorisation"].clone()).collect();
        let granted: Vec<Value> = of("authorisation");
        let authorisation = if granted.is_empty() { json!("aut_0") } else { self.dice.pick(&granted).clone() };
        let modes = self.w.app.pack.list("authorisation.modes").unwrap().to_vec();
        let mode = self.dice.pick(&modes).clone();
        let grounds = self.w.app.pack.list(&format!("{procedure}.grounds")).map_or(Vec::new(), <[String]>::to_vec);
        let ground = if grounds.is_empty() { "none".to_owned() } else { self.dice.pick(&grounds).clone() };
        let mut object = match procedure {
            "authorisation" => {
                json!({ "announcement": "ann_1", "mode": mode, "resources": ["res_1"], "term_months": 12 })
            }
            "announcement" => json!({ "zh": "通告", "en": "Call", "modes": [mode], "conditions": ["x"], "opens": T0,
                "closes": until, "implementation_plan": null }),
            "implementation_plan" => json!({ "zh": "方案", "en": "Plan", "modes": [mode], "resources": ["res_1"],
                "term_months": 24, "digest": digest, "replaces": null }),
            "staff" => json!({ "person": "per_0000000000000072", "identity": digest, "nda_until": until }),
            "emergency_plan" => json!({ "scenarios": [], "digest": digest, "until": until }),
            "scenario" => json!({ "authorisation": authorisation, "zh": "场景", "en": "Use", "purpose": "p",
                "use_class": "industry_use" }),
            other => match self.w.app.pack.procedure(other).filter(|p| p.object == ObjectKind::Matter) {
                Some(p) => {
                    let named = |a: About| p.about.contains(&a);
                    let org = self.org(OrgRole::Operator);
                    json!({ "title": "事项", "authorisation": named(About::Authorisation).then_some(authorisation),
                        "resource": named(About::Resource).then_some("res_1"),
                        "organisation": named(About::Organisation).then_some(org) })
                }
                None => json!({ "authorisation": authorisation, "ground": ground }),
            },
        };
        if self.dice.roll(20) == 0 {
            object["term_months"] = json!("many");
        }
        object
    }

    fn documents(&self, procedure: &Procedure, step: &str, decision: Decision) -> BTreeMap<String, Value> {
        let Some(step) = procedure.step(step) else { return BTreeMap::new() };
        let names = if decision == Decision::Approve { &step.documents } else { &step.reject_documents };
        let fill = |name: &String| {
            let mut out = Map::new();
            for f in &procedure.documents[name].fields {
                let value = match f.kind {
                    FieldKind::Text => json!("x"),
                    FieldKind::Integer if f.name == "term_months" => json!(12),
                    FieldKind::Integer | FieldKind::Money => json!(3),
                    FieldKind::Flag => json!(f.must.as_deref() == Some("true")),
                    FieldKind::Date => json!("2026-06-01"),
                    FieldKind::Digest => json!(format!("sha256:{}", "9".repeat(64))),
                    FieldKind::Choice => json!(f.must.clone().unwrap_or_else(|| f.choices[0].clone())),
                    FieldKind::List => json!(["x"]),
                };
                out.insert(f.name.clone(), value);
            }
            Value::Object(out)
        };
        names.iter().map(|n| (n.clone(), fill(n))).collect()
    }

    async fn cases(&self) -> Vec<Case> {
        self.w.app.store.list(&Filter::default()).await.unwrap()
    }

    /// What a command leaves: exactly the leaves that belong to its outcome, and a state of the graph.
    async fn left(&mut self, before: &[Case], leaves: u64, answer: AppResult<Value>) {
        let now = self.leaves().await;
        let after = self.cases().await;
        match answer {
            Ok(_) => {
                self.done += 1;
                assert!(now > leaves, "a command was done without a leaf");
            }
            Err(AppError::Refused(refusal)) => {
                self.refused += 1;
                assert_eq!(now, leaves + 1, "one leaf for a refusal: {}", refusal.code);
                assert_eq!(after, before, "a refused command changes nothing: {}", refusal.code);
            }
            // What could not be read, was not there or had moved on was no command yet.
            Err(AppError::Usage { .. } | AppError::NotFound(_) | AppError::Moved(_)) => {
                assert_eq!((now, &after[..]), (leaves, before), "nothing was asked, so nothing is left");
            }
            Err(other) => panic!("{other:?}"),
        }
        self.lawful(before, &after);
    }

    /// Every case stands where it stood, or one of its steps leads from there to where it stands now.
    fn lawful(&self, before: &[Case], after: &[Case]) {
        for case in after {
            let procedure = self.w.app.pack.procedure(&case.procedure).unwrap();
            let was = before.iter().find(|c| c.id == case.id).map_or(&procedure.start, |c| &c.state);
            let leads = |s: &&model::procedure::Step| s.to == case.state || s.reject_to.as_ref() == Some(&case.state);
            let stays = *was == case.state;
            assert!(
                stays || procedure.steps_from(was).any(|s| leads(&s)),
                "{}: {was} → {}",
                case.procedure,
                case.state
            );
        }
    }

    async fn leaves(&self) -> u64 {
        self.w.app.store.leaf_counts().await.unwrap().0
    }

    async fn open(&mut self, names: &[String]) {
        let (before, leaves) = (self.cases().await, self.leaves().await);
        let procedure = self.dice.pick(names).clone();
        let object = self.object(&procedure, &before);
        let first: Vec<String> = {
            let found = self.w.app.pack.procedure(&procedure).unwrap();
            let opened_by = found.opened_by.iter().map(|r| model::procedure::By::Role(*r).word());
            let by = found.steps_from(&found.start).flat_map(|s| &s.by).map(|b| b.word());
            if found.opened_by.is_empty() { by.collect() } else { opened_by.collect() }
        };
        let who = self.somebody(&first);
        let answer = cases::open(&self.w.app, &self.players[who].actor, &procedure, object, None).await;
        self.left(&before, leaves, answer).await;
    }

    /// Mostly somebody whose organisation has one of these roles, or the operator for a relation; sometimes anybody.
    fn somebody(&mut self, by: &[String]) -> usize {
        let role = |r: &OrgRole| serde_json::to_value(r).unwrap().as_str().unwrap().to_owned();
        let fits = |p: &Player| {
            p.actor.org_roles.iter().any(|r| {
                let own = role(r);
                by.contains(&own)
                    || own == "operator"
                        && by.iter().any(|b| ["the_operator", "the_holder", "the_applicant"].contains(&b.as_str()))
                    || own == "data_provider" && by.iter().any(|b| b == "each_provider")
                    || own == "data_authority"
                        && by.iter().any(|b| ["the_authoriser", "each_supervisor"].contains(&b.as_str()))
            })
        };
        let signs = |p: &Player| p.actor.roles.contains(&PersonRole::Approver);
        let able: Vec<usize> =
            (0..self.players.len()).filter(|i| fits(&self.players[*i]) && signs(&self.players[*i])).collect();
        if able.is_empty() || self.dice.roll(8) == 0 {
            self.dice.roll(self.players.len())
        } else {
            *self.dice.pick(&able)
        }
    }

    /// Somebody of an organisation.
    fn colleague(&mut self, org: &OrgId) -> usize {
        let able: Vec<usize> = (0..self.players.len()).filter(|i| &self.players[*i].actor.org == org).collect();
        *self.dice.pick(&able)
    }

    async fn act(&mut self) {
        let (before, leaves) = (self.cases().await, self.leaves().await);
        if before.is_empty() {
            return;
        }
        // Of three, the one that has come farthest and is not over: long ways are to be gone, too.
        let over =
            |c: &Case| self.w.app.pack.procedure(&c.procedure).and_then(|p| p.state(&c.state)).is_some_and(|s| s.end);
        let drawn: Vec<(bool, usize, usize)> = (0..3)
            .map(|_| self.dice.roll(before.len()))
            .map(|i| (!over(&before[i]), before[i].history.len(), i))
            .collect();
        let case = before[drawn.iter().max().map_or(0, |d| d.2)].clone();
        let procedure = self.w.app.pack.procedure(&case.procedure).unwrap().clone();
        let here: Vec<_> =
            procedure.steps_from(&case.state).filter(|s| !s.by.contains(&model::procedure::By::Clock)).collect();
        let (step, by) = if here.is_empty() || self.dice.roll(8) == 0 {
            let any = self.dice.pick(&procedure.steps);
            (any.name.clone(), Vec::new())
        } else {
            let one = self.dice.pick(&here);
            (one.name.clone(), one.by.iter().map(|b| b.word()).collect())
        };
        let decision = if self.dice.roll(12) == 0 { Decision::Reject } else { Decision::Approve };
        let mut documents = self.documents(&procedure, &step, decision);
        let own = procedure.object == ObjectKind::Matter && by.iter().any(|b| b == "the_applicant");
        let who = if own { self.colleague(&case.applicant) } else { self.somebody(&by) };
        let app = &self.w.app;
        let draft = cases::draft_act(app, &self.players[who].actor, &case.id, &step, decision, &documents).await;
        let Ok(act) = draft else { return };
        // Now and then another key, a stale statement, or a document exchanged after the signature.
        let trick = self.dice.roll(24);
        let signer = if trick == 0 { self.dice.roll(self.players.len()) } else { who };
        let body = if trick == 1 { Act { head: Some(Digest("sha256:0".into())), ..act } } else { act };
        if trick == 2 {
            documents.insert("extra".into(), json!({}));
        }
        let key = &self.players[signer].key;
        let signed = Signed { key: key.key_id(), signature: key.sign(model::act::ACT_TYPE, &body).unwrap(), body };
        let answer = cases::act(&self.w.app, &self.players[who].actor, signed, documents, None).await;
        self.left(&before, leaves, answer).await;
    }

    /// Days pass; whatever the clock does leaves a leaf for each step, too.
    async fn wait(&mut self) {
        let days = i64::try_from(self.dice.roll(12)).unwrap();
        self.w.shift.fetch_add(days * model::time::DAY_MS, Ordering::SeqCst);
        let (before, leaves) = (self.cases().await, self.leaves().await);
        let taken = timers::tick(&self.w.app).await.unwrap();
        let told = timers::escalate(&self.w.app).await.unwrap();
        assert!(self.leaves().await >= leaves + u64::try_from(taken + told).unwrap());
        self.lawful(&before, &self.cases().await);
    }
}

impl World {
    async fn keep<T: model::Entity>(&self, row: &T, again: bool) {
        let mut tx = self.app.store.begin().await.unwrap();
        if again {
            tx.get_for_update::<T>(row.id()).await.unwrap();
        }
        tx.put(row).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Scripts a city; with `--full` ten times as many.
const SCRIPTS: usize = 12;
/// Commands of a script.
const COMMANDS: usize = 90;

async fn play(city: &str) {
    let wanted = [
        "announcement",
        "authorisation",
        "implementation_plan",
        "staff",
        "emergency_plan",
        "scenario",
        "rectification",
        "termination",
        "revocation",
        "risk_stop",
    ];
    let scripts = if std::env::var_os("YUNYU_FULL").is_some() { SCRIPTS * 10 } else { SCRIPTS };
    let (mut done, mut refused, mut farthest) = (0, 0, 0);
    for seed in 0..scripts {
        let mut table = Table::lay(city, 1_000 + seed as u64).await;
        let names: Vec<String> =
            wanted.iter().filter(|n| table.w.app.pack.procedure(n).is_some()).map(ToString::to_string).collect();
        let matters = table.w.app.pack.procedures.values().filter(|p| p.object == ObjectKind::Matter);
        let drawn = [seed, seed + 5].map(|n| matters.clone().nth(n % matters.clone().count()).unwrap().name.clone());
        let names = [names, drawn.to_vec()].concat();
        for _ in 0..COMMANDS {
            match table.dice.roll(10) {
                0 => table.open(&names).await,
                1 if table.dice.roll(2) == 0 => table.wait().await,
                _ => table.act().await,
            }
        }
        done += table.done;
        refused += table.refused;
        farthest = farthest.max(table.cases().await.iter().map(|c| c.history.len()).max().unwrap_or(0));
    }
    // Against a property that holds because nothing happens.
    assert!(done > scripts * 4 && refused > scripts * 3, "{city}: {done} done, {refused} refused");
    assert!(farthest >= 3, "{city}: no case came farther than {farthest} steps");
}

#[tokio::test]
async fn no_command_without_a_leaf_in_changchun() {
    play(CITIES[0]).await;
}

#[tokio::test]
async fn no_command_without_a_leaf_in_jilin() {
    play(CITIES[1]).await;
}

#[tokio::test]
async fn no_command_without_a_leaf_in_jinan() {
    play(CITIES[2]).await;
}

#[tokio::test]
async fn no_command_without_a_leaf_in_shenyang() {
    play(CITIES[3]).await;
}

#[tokio::test]
async fn no_command_without_a_leaf_in_wuxi() {
    play(CITIES[4]).await;
}
