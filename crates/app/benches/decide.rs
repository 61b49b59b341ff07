//! `cargo xtask bench decide`: decisions a second on one core, next to the bare insert of the same rows.
//!
//! A decision is what a person's request does once it is read: the policies are asked, the procedure decides, a signed step's
//! key and binding are checked, and rows and leaf are written, durable when the answer comes. Sixty-four callers at once, on
//! SQLite, share commits as they do behind the server. The peer is SQLite through the same library and settings, with the
//! same tables, indices and triggers: it writes the very rows that ours wrote, in commits of as many.
//!
//! "On one core" is per second of CPU of all threads: a disk that is slow to confirm is no decision's work.
#![allow(clippy::unwrap_used, reason = "a bench")]

use app::clock::DeploymentClock;
use app::deployment::Deployment;
use app::{Actor, App, Inner, cases, keys, parties, policy};
use crypto::{SigningKey, Suite};
use model::act::{ACT_TYPE, Act};
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::pack::{Pack, PackText};
use model::party::{LegalForm, OrgRole, PersonRole};
use model::{Clock, Decision, Signed, Timestamp};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use store::{Settings, Store};

/// Cases, each opened and then handed in by a signed act.
const CASES: usize = 2_048;
/// People who ask at the same time.
const CALLERS: usize = 64;
const T0: Timestamp = Timestamp(1_772_000_000_000);
const PROCEDURE: &str = "emergency_plan";

/// What was written, and how long it took.
struct Spent {
    wall: f64,
    cpu: f64,
}

/// Seconds that this process's threads were on a CPU.
fn cpu_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let spent = |thread: std::fs::DirEntry| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e9
    };
    threads.flatten().map(spent).sum()
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, Spent) {
    let (since, cpu) = (Instant::now(), cpu_seconds());
    let done = work.await;
    (done, Spent { wall: since.elapsed().as_secs_f64(), cpu: cpu_seconds() - cpu })
}

fn layer(name: &str) -> PackText {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name);
    let mut files = BTreeMap::new();
    for (sub, prefix) in [(dir.clone(), ""), (dir.join("procedures"), "procedures/")] {
        let Ok(entries) = std::fs::read_dir(sub) else { continue };
        for path in entries.map(|e| e.unwrap().path()).filter(|p| p.is_file()) {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            files.insert(format!("{prefix}{file}"), std::fs::read_to_string(&path).unwrap());
        }
    }
    PackText { layer: name.into(), files }
}

/// A person with a key, and the application they work with.
struct Desk {
    app: App,
    person: Actor,
    key: SigningKey,
}

impl Desk {
    async fn new(folder: &Path, suite: Suite) -> Self {
        let url = format!("sqlite://{}", folder.join("ours.db").display());
        let tail = Some(folder.join("leaf-tail"));
        let store = Store::open(&url, Settings { suite, mac_key: [1; 32], tail }).await.unwrap();
        let pack = Arc::new(Pack::load(&["product", "national", "wuxi"].map(layer)).unwrap());
        let root = SigningKey::from_secret(suite, &[3; 32]).unwrap();
        let deployment = Deployment {
            v: 1,
            deployment: "dep-bench".into(),
            city: pack.id().into(),
            pack: pack.version(),
            suite,
            clock: Clock::Real,
            clock_offset_ms: 0,
            created_at: T0,
            root: root.public().to_string(),
        };
        let key = SigningKey::generate(suite).unwrap();
        let app = App::new(Inner {
            policies: policy::Policies::compile(&pack).unwrap(),
            clock: DeploymentClock::new(Clock::Real, Arc::new(|| T0.0), 0),
            store,
            signer: SigningKey::generate(suite).unwrap(),
            log_signer: SigningKey::from_secret(suite, &[4; 32]).unwrap(),
            people: parties::People::new(suite, "dep-bench", &[2; 32]).unwrap(),
            setup_token: folder.join("token"),
            zone_endpoint: String::new(),
            zone_folder: "refused".into(),
            confinement: "none".into(),
            log_state: folder.join("state"),
            log_dir: folder.join("log"),
            shipped: Vec::new(),
            pack,
            deployment,
        });
        let mut tx = app.store.begin().await.unwrap();
        let new = parties::NewOrganisation {
            zh: "示例部门".into(),
            en: "Example department".into(),
            uscc: None,
            legal_form: LegalForm::LegalPerson,
            roles: vec![OrgRole::DataProvider],
            group: None,
        };
        let org = parties::create_organisation(&mut tx, new, T0).await.unwrap();
        let person = Actor {
            person: "per_00000000000000b1".into(),
            org: org.id.clone(),
            org_roles: org.roles.clone(),
            roles: vec![PersonRole::Approver],
            group: None,
            key: Some(key.key_id()),
        };
        let entry = KeyEntry {
            key: key.key_id(),
            public: key.public().to_string(),
            holder: KeyHolder::Person {
                person: person.person.clone(),
                org: person.org.clone(),
                org_roles: person.org_roles.clone(),
                roles: person.roles.clone(),
                group: None,
            },
            valid_from: T0,
            revoked_at: None,
        };
        let body = KeyList {
            v: 1,
            deployment: "dep-bench".into(),
            number: 1,
            clock: Clock::Real,
            issued_at: T0,
            entries: vec![entry],
        };
        let list = Signed { key: root.key_id(), signature: root.sign(KEY_LIST_TYPE, &body).unwrap(), body };
        tx.put(&keys::StoredKeyList { id: "1".into(), list }).await.unwrap();
        tx.meta_set("key_list_current", "1").await.unwrap();
        tx.commit().await.unwrap();
        Self { app, person, key }
    }

    /// Opens a case; its id.
    async fn open(&self) -> model::ids::CaseId {
        let digest = self.app.suite().hash(b"plan").to_string();
        let object = json!({ "scenarios": [], "digest": digest, "until": T0.plus_days(300) });
        let view = cases::open(&self.app, &self.person, PROCEDURE, object, None).await.unwrap();
        view["id"].as_str().unwrap().into()
    }

    fn documents(&self) -> BTreeMap<String, Value> {
        let digest = self.app.suite().hash(b"text").to_string();
        [("plan_text".to_owned(), json!({ "digest": digest, "measures": "stop, tell, restore" }))].into()
    }

    /// The statement as the person's own device signs it: not the platform's work, and not measured.
    async fn sign(&self, case: &model::ids::CaseId) -> Signed<Act> {
        let body = cases::draft_act(&self.app, &self.person, case, "submit", Decision::Approve, &self.documents())
            .await
            .unwrap();
        Signed { key: self.key.key_id(), signature: self.key.sign(ACT_TYPE, &body).unwrap(), body }
    }

    async fn submit(&self, act: Signed<Act>) {
        cases::act(&self.app, &self.person, act, self.documents(), None).await.unwrap();
    }
}

/// Runs a thing for each item, as many at a time as there are callers.
async fn at_once<I: Send + 'static, T: Send + 'static, F>(items: Vec<I>, work: impl Fn(I) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let mut out = Vec::with_capacity(items.len());
    let mut running = tokio::task::JoinSet::new();
    for item in items {
        if running.len() == CALLERS {
            out.push(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(work(item));
    }
    out.extend(running.join_all().await);
    out
}

const ENTITY: &str = "INSERT INTO entity (kind, id, parent, org, state, rev, body, created, updated)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET
    parent = excluded.parent, org = excluded.org, state = excluded.state, rev = excluded.rev, body = excluded.body,
    updated = excluded.updated";
const LEAF: &str = "INSERT INTO leaf (seq, case_id, case_seq, bytes, hash, mac) VALUES (?, ?, ?, ?, ?, ?)";

/// Inserts what ours wrote into a database of the same form, one decision's rows after the other's.
struct Peer {
    db: SqliteConnection,
}

impl Peer {
    /// An empty database with every table, index and trigger that ours has.
    async fn new(folder: &Path, ours: &mut SqliteConnection) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("peer.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("temp_store", "MEMORY")
            .pragma("recursive_triggers", "ON")
            .pragma("secure_delete", "ON");
        let mut db = SqliteConnection::connect_with(&options).await.unwrap();
        let made = sqlx::query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'");
        for row in made.fetch_all(ours).await.unwrap() {
            sqlx::query(AssertSqlSafe(row.get::<String, _>(0))).execute(&mut db).await.unwrap();
        }
        Self { db }
    }

    async fn insert(&mut self, decisions: &[Vec<Wrote>]) {
        for group in decisions.chunks(CALLERS) {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut self.db).await.unwrap();
            for row in group.iter().flatten() {
                match row {
                    Wrote::Entity(e) => {
                        let q =
                            sqlx::query(ENTITY).bind(&e.kind).bind(&e.id).bind(&e.parent).bind(&e.org).bind(&e.state);
                        q.bind(e.rev).bind(&e.body).bind(e.at).bind(e.at).execute(&mut self.db).await.unwrap();
                    }
                    Wrote::Leaf(l) => {
                        let q = sqlx::query(LEAF)
                            .bind(l.seq)
                            .bind(&l.case)
                            .bind(l.case_seq)
                            .bind(&l.bytes)
                            .bind(&l.hash)
                            .bind(&l.mac);
                        q.execute(&mut self.db).await.unwrap();
                    }
                }
            }
            sqlx::query("COMMIT").execute(&mut self.db).await.unwrap();
        }
    }
}

/// A row as it lies in ours.
enum Wrote {
    Entity(Entity),
    Leaf(Leaf),
}

struct Entity {
    kind: String,
    id: String,
    parent: Option<String>,
    org: Option<String>,
    state: Option<String>,
    rev: i64,
    body: String,
    at: Option<i64>,
}

struct Leaf {
    seq: i64,
    case: Option<String>,
    case_seq: Option<i64>,
    bytes: Vec<u8>,
    hash: String,
    mac: Vec<u8>,
}

/// The rows of the last decision in each case: the entities of these kinds and the newest leaf.
async fn written(ours: &mut SqliteConnection, ids: &[model::ids::CaseId], kinds: [&str; 2]) -> Vec<Vec<Wrote>> {
    let mut out = Vec::new();
    for id in ids {
        let rows = sqlx::query(
            "SELECT kind, id, parent, org, state, rev, body, updated FROM entity WHERE kind = ? AND id = ?
             UNION ALL
             SELECT kind, id, parent, org, state, rev, body, updated FROM entity WHERE kind = ? AND parent = ?",
        );
        let rows = rows.bind(kinds[0]).bind(id.as_str()).bind(kinds[1]).bind(id.as_str());
        let entity = |r: &sqlx::sqlite::SqliteRow| Entity {
            kind: r.get(0),
            id: r.get(1),
            parent: r.get(2),
            org: r.get(3),
            state: r.get(4),
            rev: r.get(5),
            body: r.get(6),
            at: r.get(7),
        };
        let mut of: Vec<Wrote> =
            rows.fetch_all(&mut *ours).await.unwrap().iter().map(entity).map(Wrote::Entity).collect();
        let leaf =
            "SELECT seq, case_id, case_seq, bytes, hash, mac FROM leaf WHERE case_id = ? ORDER BY ord DESC LIMIT 1";
        let r = sqlx::query(leaf).bind(id.as_str()).fetch_one(&mut *ours).await.unwrap();
        let (seq, case, case_seq) = (r.get(0), r.get(1), r.get(2));
        of.push(Wrote::Leaf(Leaf { seq, case, case_seq, bytes: r.get(3), hash: r.get(4), mac: r.get(5) }));
        out.push(of);
    }
    out
}

fn line(what: &str, suite: Suite, ours: &Spent, theirs: &Spent) {
    for (unit, a, b, aim) in [("/CPU s", ours.cpu, theirs.cpu, Some(0.5)), ("/s", ours.wall, theirs.wall, None)] {
        let rate = |seconds: f64| CASES as f64 / seconds;
        let row = format!("{what}, {}", suite.name());
        let line = json!({"row": row, "unit": unit, "ours": rate(a), "peer": "the same rows, bare", "theirs": rate(b), "aim": aim});
        println!("{line}");
    }
}

async fn measure(suite: Suite) {
    let dir = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk::new(dir.path(), suite).await);
    let mut ours =
        SqliteConnection::connect(&format!("sqlite://{}", dir.path().join("ours.db").display())).await.unwrap();
    let mut peer = Peer::new(dir.path(), &mut ours).await;

    let open = |()| {
        let desk = Arc::clone(&desk);
        async move { desk.open().await }
    };
    let (ids, opening) = timed(at_once(vec![(); CASES], open)).await;
    let rows = written(&mut ours, &ids, ["case", "case"]).await;
    let ((), bare) = timed(peer.insert(&rows)).await;
    line("open a case", suite, &opening, &bare);

    let mut acts = Vec::new();
    for id in &ids {
        acts.push(desk.sign(id).await);
    }
    let submit = |act| {
        let desk = Arc::clone(&desk);
        async move { desk.submit(act).await }
    };
    let (_, signed) = timed(at_once(acts, submit)).await;
    let rows = written(&mut ours, &ids, ["case", "act"]).await;
    let ((), bare) = timed(peer.insert(&rows)).await;
    line("take a signed step", suite, &signed, &bare);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    measure(Suite::Gm).await;
    measure(Suite::Intl).await;
}
