//! Use cases over a real store in a temporary folder, under the packs of the repository.

use crate::clock::DeploymentClock;
use crate::deployment::Deployment;
use crate::funnel::Actor;
use crate::{App, AppError, AppResult, Inner, notices, parties, people, policy, views};
use crypto::{SigningKey, Suite};
use model::case::{Case, Done};
use model::ids::{CaseId, OrgId, PersonId};
use model::pack::{Pack, PackText};
use model::party::{LegalForm, OrgRole, Organisation, PersonRole};
use model::record::{Objection, PublicNotice};
use model::{Clock, Decision, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{Filter, Settings, Store};

/// Changes of the catalogue.
mod changed;
/// The pack beside another one.
mod compared;
/// Lists of cases.
mod lists;
/// Matters: what they name, who begins and who sees them.
mod matters;
/// What people let pass.
mod overdue;
/// Who may try what: policies against their schema, and the matrix of permissions.
mod permissions;
/// From a commit to the signed log.
mod pipeline;
/// What the policies may never permit: proved, and asked where a pack checks too little.
mod proved;
/// What a refusal leaves, and what is refused after an end.
mod refused;
/// Resources that are taken away.
mod resources;
/// Random scripts through the funnel.
mod scripts;
mod stops;
/// Who sees what, and who may hold an administrator's role.
mod visible;

const T0: Timestamp = Timestamp(1_772_000_000_000);

/// Gives indices out as the one sequencer whose turn it is at once.
pub(crate) async fn sequence(store: &Store, max: usize) -> Result<Vec<(u64, Vec<u8>)>, store::StoreError> {
    let lease = store.take_lease("test", "test", std::time::Duration::ZERO).await?.expect("nobody else holds it");
    store.sequence_pending(&lease, max).await
}

struct World {
    app: App,
    shift: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
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

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let (app, shift) = app_in(folder.path()).await.unwrap();
    World { app, shift, _folder: folder }
}

/// The application over a folder, new or as it was left.
async fn app_in(folder: &Path) -> AppResult<(App, Arc<AtomicI64>)> {
    app_on(&folder.join("t.db"), folder).await
}

/// The application over a folder, with a database elsewhere.
async fn app_on(database: &Path, folder: &Path) -> AppResult<(App, Arc<AtomicI64>)> {
    static RULES: std::sync::OnceLock<(Arc<Pack>, policy::Policies)> = std::sync::OnceLock::new();
    let (pack, policies) = RULES
        .get_or_init(|| {
            let pack = Arc::new(Pack::load(&["product", "national", "wuxi"].map(layer)).unwrap());
            let policies = policy::Policies::compile(&pack).unwrap();
            (pack, policies)
        })
        .clone();
    app_under(database, folder, pack, policies).await
}

/// The application under other rules.
async fn app_under(
    database: &Path,
    folder: &Path,
    pack: Arc<Pack>,
    policies: policy::Policies,
) -> AppResult<(App, Arc<AtomicI64>)> {
    let suite = Suite::Intl;
    let url = format!("sqlite://{}", database.display());
    let tail = Some(folder.join("leaf-tail"));
    let store = Store::open(&url, Settings { suite, mac_key: [1; 32], tail }).await?;
    let shift = Arc::new(AtomicI64::new(0));
    let moved = shift.clone();
    let root = SigningKey::from_secret(suite, &[3; 32]).unwrap();
    let deployment = Deployment {
        v: 1,
        deployment: "dep-a".into(),
        city: pack.id().into(),
        pack: pack.version(),
        suite,
        clock: Clock::Real,
        clock_offset_ms: 0,
        created_at: T0,
        root: root.public().to_string(),
    };
    let app = App::new(Inner {
        policies,
        clock: DeploymentClock::new(Clock::Real, Arc::new(move || T0.0 + moved.load(Ordering::SeqCst)), 0),
        store,
        signer: SigningKey::generate(suite).unwrap(),
        log_signer: SigningKey::from_secret(suite, &[4; 32]).unwrap(),
        people: parties::People::new(suite, "dep-a", &[2; 32]).unwrap(),
        setup_token: folder.join("token"),
        zone_endpoint: String::new(),
        zone_folder: "refused".into(),
        confinement: "none".into(),
        log_state: folder.join("state"),
        log_dir: folder.join("log"),
        shipped: vec![pack.clone(), Arc::new(Pack::load(&["product", "national", "jinan"].map(layer)).unwrap())],
        pack,
        deployment,
    });
    Ok((app, shift))
}

impl World {
    async fn org(&self, zh: &str, role: OrgRole) -> Organisation {
        let mut tx = self.app.store.begin().await.unwrap();
        let new = parties::NewOrganisation {
            zh: zh.into(),
            en: zh.into(),
            uscc: None,
            legal_form: LegalForm::LegalPerson,
            roles: vec![role],
            group: None,
        };
        let org = parties::create_organisation(&mut tx, new, T0).await.unwrap();
        tx.commit().await.unwrap();
        org
    }

    /// A case of a procedure in a state, as if it had come that far.
    async fn case(&self, procedure: &str, state: &str, applicant: &OrgId, history: Vec<Done>) -> Case {
        let case = Case {
            id: CaseId(format!("case_{}", crypto::random_hex(5).unwrap())),
            procedure: procedure.into(),
            pack: self.app.pack.version(),
            object: serde_json::json!({ "mode": "overall", "operator": applicant }),
            state: state.into(),
            applicant: applicant.clone(),
            applicant_group: None,
            author: PersonId("per_author".into()),
            opened_at: self.app.now(),
            entered_at: self.app.now(),
            entered_len: 0,
            history,
            deadlines: Vec::new(),
            data: BTreeMap::new(),
        };
        let mut tx = self.app.store.begin().await.unwrap();
        tx.put(&case).await.unwrap();
        tx.commit().await.unwrap();
        case
    }

    async fn notice(&self, case: &Case) {
        let mut tx = self.app.store.begin().await.unwrap();
        let notice = PublicNotice { id: case.id.clone(), from: T0, until: T0.plus_days(7) };
        tx.put(&notice).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn actor(person: &str, org: &Organisation, roles: &[PersonRole]) -> Actor {
    Actor {
        person: PersonId(person.into()),
        org: org.id.clone(),
        org_roles: org.roles.clone(),
        roles: roles.to_vec(),
        group: None,
        key: None,
    }
}

fn code<T>(result: AppResult<T>) -> String {
    match result {
        Err(AppError::Refused(refusal)) => refusal.code,
        Err(AppError::Usage { code, .. }) => code.to_owned(),
        Err(AppError::NotFound(_)) => "not-found".into(),
        Err(other) => format!("{other:?}"),
        Ok(_) => "ok".into(),
    }
}

/// WX-9.3: anyone may object while the notice runs; the words stay out of the log, the contact is sealed.
#[tokio::test]
async fn anyone_objects_while_a_notice_runs() {
    let w = world().await;
    let (firm, authority) = (w.org("运营公司", OrgRole::Operator).await, w.org("数据局", OrgRole::DataAuthority).await);
    let case = w.case("authorisation", "noticed", &firm.id, Vec::new()).await;
    assert_eq!(code(notices::object(&w.app, &case.id, "理由", None).await), "not-found", "not published yet");
    w.notice(&case).await;
    let listed = notices::list(&w.app).await.unwrap();
    assert_eq!(listed["notices"][0]["applicant_zh"], "运营公司");
    for bad in ["", "  ", "a\u{0}b", &"字".repeat(5_001)] {
        assert_eq!(code(notices::object(&w.app, &case.id, bad, None).await), "bad-text", "{bad:.10}");
    }
    let id = notices::object(&w.app, &case.id, "planted-objection 张三", Some("13800138000")).await.unwrap();
    let rows: Vec<Objection> = w.app.store.list(&Filter::of(case.id.as_str())).await.unwrap();
    assert!(rows.len() == 1 && !rows[0].settled && rows[0].id == id);
    let leaves = sequence(&w.app.store, 100).await.unwrap();
    let text: Vec<u8> = leaves.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("objection_raised") && text.contains("9.3") && !text.contains("planted"), "{text}");
    let approver = actor("per_a", &authority, &[PersonRole::Approver]);
    let officer = actor("per_b", &authority, &[PersonRole::Officer]);
    let applicant = actor("per_c", &firm, &[PersonRole::Approver]);
    let seen = async |who: &Actor| views::case(&w.app, who, &case.id).await.unwrap()["objections"].clone();
    assert_eq!(seen(&approver).await[0]["contact"], "13800138000");
    assert!(seen(&officer).await[0]["contact"].is_null() && seen(&officer).await[0]["text"].is_string());
    assert_eq!(seen(&applicant).await, serde_json::json!([]), "the applicant does not learn who objected");
    let stored: Vec<notices::PublicObjection> = w.app.store.list(&Filter::default()).await.unwrap();
    assert!(!format!("{stored:?}").contains("13800138000"), "the contact lies sealed");
}

#[tokio::test]
async fn nobody_drowns_a_notice_and_a_closed_one_takes_nothing() {
    let w = world().await;
    let firm = w.org("运营公司", OrgRole::Operator).await;
    let case = w.case("authorisation", "noticed", &firm.id, Vec::new()).await;
    w.notice(&case).await;
    for n in 0..10 {
        assert_eq!(code(notices::object(&w.app, &case.id, "理由", None).await), "ok", "{n}");
    }
    assert_eq!(code(notices::object(&w.app, &case.id, "理由", None).await), "too-many-objections");
    w.shift.store(60_000, Ordering::SeqCst);
    assert_eq!(code(notices::object(&w.app, &case.id, "理由", None).await), "ok");
    let closed = w.case("authorisation", "notice_closed", &firm.id, Vec::new()).await;
    w.notice(&closed).await;
    assert_eq!(code(notices::object(&w.app, &closed.id, "理由", None).await), "not-found");
    assert_eq!(notices::list(&w.app).await.unwrap()["notices"].as_array().unwrap().len(), 1);
}

/// What a person can do now follows roles of the person and separation of duties, not the organisation alone.
#[tokio::test]
async fn an_inbox_holds_what_the_person_may_do() {
    let w = world().await;
    let (firm, authority) = (w.org("运营公司", OrgRole::Operator).await, w.org("数据局", OrgRole::DataAuthority).await);
    let case = w.case("authorisation", "applied", &firm.id, Vec::new()).await;
    let can = async |who: &Actor| views::case(&w.app, who, &case.id).await.unwrap()["can_act"].clone();
    assert_eq!(can(&actor("per_a", &authority, &[PersonRole::Approver])).await, serde_json::json!(["review"]));
    assert_eq!(can(&actor("per_b", &authority, &[PersonRole::Reader])).await, serde_json::json!([]));
    assert_eq!(can(&actor("per_author", &authority, &[PersonRole::Approver])).await, serde_json::json!([]), "author");
    assert_eq!(can(&actor("per_c", &firm, &[PersonRole::Approver])).await, serde_json::json!(["withdraw"]));
    let inbox = views::CaseFilter { inbox: true, summary: true, limit: Some(1), ..Default::default() };
    let mine = views::cases(&w.app, &actor("per_a", &authority, &[PersonRole::Approver]), &inbox).await.unwrap();
    assert_eq!((mine["total"].as_u64(), mine["next"].is_null()), (Some(1), true));
    let none = views::cases(&w.app, &actor("per_b", &authority, &[PersonRole::Reader]), &inbox).await.unwrap();
    assert_eq!(none["total"], 0);
}

#[tokio::test]
async fn pages_of_cases_neither_repeat_nor_skip() {
    let w = world().await;
    let firm = w.org("运营公司", OrgRole::Operator).await;
    for _ in 0..25 {
        w.case("authorisation", "applied", &firm.id, Vec::new()).await;
    }
    let who = actor("per_c", &firm, &[PersonRole::Approver]);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let filter = views::CaseFilter { limit: Some(10), after: after.clone(), ..Default::default() };
        let page = views::cases(&w.app, &who, &filter).await.unwrap();
        seen.extend(page["cases"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (25, 25));
}

/// A vote of a blind review is not among the acts that another reviewer sees, until all are in.
#[tokio::test]
async fn acts_hide_what_the_history_hides() {
    let w = world().await;
    let firm = w.org("运营公司", OrgRole::Operator).await;
    let authority = w.org("数据局", OrgRole::DataAuthority).await;
    let release = w.app.pack.procedure("release").unwrap();
    let vote = release.steps.iter().find(|s| s.blind).unwrap();
    let done = |person: &str| Done {
        step: vote.name.clone(),
        state: vote.from[0].clone(),
        person: PersonId(person.into()),
        org: authority.id.clone(),
        group: None,
        decision: Decision::Approve,
        at: T0,
        documents: BTreeMap::new(),
    };
    let case = w.case("release", &vote.from[0], &firm.id, vec![done("per_a")]).await;
    let act = model::Act {
        v: 1,
        deployment: "dep-a".into(),
        case: case.id.clone(),
        procedure: "release".into(),
        step: vote.name.clone(),
        decision: Decision::Approve,
        object: model::Digest("d".into()),
        documents: model::Digest("d".into()),
        head: None,
        person: PersonId("per_a".into()),
        org: authority.id.clone(),
        at: T0,
    };
    let signed = model::Signed { key: "k".into(), signature: "s".into(), body: act };
    let mut tx = w.app.store.begin().await.unwrap();
    tx.put(&crate::cases::StoredAct { id: "sha256:1".into(), case: case.id.clone(), act: signed, n: 1 }).await.unwrap();
    tx.commit().await.unwrap();
    let seen = async |who: &str| {
        let who = actor(who, &authority, &[PersonRole::Approver]);
        views::acts(&w.app, &who, &case.id).await.unwrap()["acts"].as_array().unwrap().len()
    };
    assert_eq!((seen("per_a").await, seen("per_b").await), (1, 0));
}

/// The system administrator cannot take two administrator roles together or close the last account; all is recorded.
#[tokio::test]
async fn accounts_are_changed_by_the_system_administrator_alone() {
    let w = world().await;
    let authority = w.org("数据局", OrgRole::DataAuthority).await;
    let admin = actor("per_admin", &authority, &[PersonRole::SystemAdmin]);
    let other = actor("per_other", &authority, &[PersonRole::SecurityAdmin]);
    let new = |account: &str, role: PersonRole| parties::NewPerson {
        org: authority.id.clone(),
        account: account.into(),
        password: "Correct-Horse-1-Battery".into(),
        name: format!("姓名{account}"),
        document: None,
        roles: vec![role],
        must_change: false,
    };
    let made = crate::setup::create_person(&w.app, &admin, new("li.wei", PersonRole::Officer), None).await.unwrap();
    let last =
        crate::setup::create_person(&w.app, &admin, new("zhao.liu", PersonRole::SystemAdmin), None).await.unwrap();
    let change = async |who: &Actor, person: &PersonId, change: people::Change| {
        code(people::change(&w.app, who, person, change, None).await)
    };
    assert_eq!(change(&other, &made.id, people::Change::Unlock).await, "not-permitted");
    let both = people::Change::Roles(vec![PersonRole::SystemAdmin, PersonRole::AuditAdmin]);
    assert_eq!(change(&admin, &made.id, both).await, "administrators-exclude");
    assert_eq!(change(&admin, &last.id, people::Change::Close).await, "last-administrator");
    assert_eq!(change(&admin, &made.id, people::Change::Password("short".into())).await, "password-too-weak");
    let set = "Set-By-Another-1-Person";
    assert_eq!(change(&admin, &made.id, people::Change::Password(set.into())).await, "ok");
    assert_eq!(code(crate::setup::login(&w.app, "li.wei", set).await), "password-change-needed");
    crate::setup::change_password(&w.app, "li.wei", set, "My-Own-2-Password").await.unwrap();
    assert_eq!(code(crate::setup::login(&w.app, "li.wei", "My-Own-2-Password").await), "ok");
    assert_eq!(change(&admin, &made.id, people::Change::Close).await, "ok");
    assert_eq!(code(crate::setup::login(&w.app, "li.wei", "My-Own-2-Password").await), "login-failed");
    let leaves = sequence(&w.app.store, 100).await.unwrap();
    let kinds = leaves.iter().filter(|(_, b)| String::from_utf8_lossy(b).contains("account_closed")).count();
    assert_eq!(kinds, 1);
}

/// Whoever is asked to vote on a result sees the job; another operator does not.
#[tokio::test]
async fn reviewers_see_the_job_they_vote_on() {
    let w = world().await;
    let (firm, rival) = (w.org("运营公司", OrgRole::Operator).await, w.org("另一家", OrgRole::Operator).await);
    let expert = w.org("专家组", OrgRole::ExpertPanel).await;
    let vote = w.app.pack.procedure("release").unwrap().steps.iter().find(|s| s.blind).unwrap().from[0].clone();
    let mut case = w.case("release", &vote, &firm.id, Vec::new()).await;
    case.object = serde_json::json!({ "job": "job_1", "author_org": firm.id });
    let job = model::record::Job {
        id: "job_1".into(),
        spec: model::order::JobSpec {
            job: "job_1".into(),
            grant: "gra_1".into(),
            sql: "SELECT 1".into(),
            author: "per_x".into(),
            author_org: firm.id.clone(),
            product: "prod_1".into(),
        },
        grant: "gra_1".into(),
        operator: firm.id.clone(),
        state: model::record::JobState::Done,
        gate: None,
        rows: Some(1),
        case: "case_other".into(),
    };
    let mut tx = w.app.store.begin().await.unwrap();
    tx.get_for_update::<Case>(case.id.as_str()).await.unwrap();
    tx.put(&case).await.unwrap();
    tx.put(&job).await.unwrap();
    tx.commit().await.unwrap();
    let seen = async |org: &Organisation| {
        code(views::job(&w.app, &actor("per_r", org, &[PersonRole::Approver]), "job_1").await)
    };
    assert_eq!(
        (seen(&firm).await, seen(&expert).await, seen(&rival).await),
        ("ok".into(), "ok".into(), "not-found".into())
    );
    names_stand_for_ids(&w, &firm, &expert, &case).await;
}

/// Reviewers read what the grant and the job are for and open only what is theirs; an applicant learns no other's name.
async fn names_stand_for_ids(w: &World, firm: &Organisation, expert: &Organisation, release: &Case) {
    let scenario: model::record::Scenario = serde_json::from_value(serde_json::json!({
        "id": "scn_1", "operator": firm.id, "state": "approved", "case": "case_scn",
        "spec": { "scenario": "scn_1", "authorisation": "auth_1", "operator": firm.id, "zh": "参保统计", "en": "Insured",
            "purpose": "statistics", "use_class": "industry_use" },
    }))
    .unwrap();
    let grant: model::record::Grant = serde_json::from_value(serde_json::json!({
        "id": "gra_1", "authorisation": "auth_1", "operator": firm.id, "state": "open", "case": "case_gra",
        "spec": { "grant": "gra_1", "authorisation": "auth_1", "scenario": "scn_1", "operator": firm.id, "resources": {},
            "fields": {}, "purpose": "", "until": 1 },
    }))
    .unwrap();
    let mut tx = w.app.store.begin().await.unwrap();
    tx.put(&scenario).await.unwrap();
    tx.put(&grant).await.unwrap();
    tx.commit().await.unwrap();
    let reader = |org: &Organisation| actor("per_r", org, &[PersonRole::Approver]);
    let job = views::job(&w.app, &reader(expert), "job_1").await.unwrap();
    let named = |open: bool| serde_json::json!({ "zh": "参保统计", "en": "Insured", "open": open });
    assert_eq!(job["refs"]["gra_1"], named(false));
    assert_eq!(views::job(&w.app, &reader(firm), "job_1").await.unwrap()["refs"]["gra_1"], named(true));
    let seen = views::case(&w.app, &reader(expert), &release.id).await.unwrap();
    assert_eq!(seen["refs"]["job_1"], named(true));
    // Another operator writes the id of a grant that is not theirs into a case of their own.
    let rival = w.org("第三家", OrgRole::Operator).await;
    let mut prying = w.case("job", "draft", &rival.id, Vec::new()).await;
    prying.object = serde_json::json!({ "grant": "gra_1", "author_org": rival.id });
    let mut tx = w.app.store.begin().await.unwrap();
    tx.get_for_update::<Case>(prying.id.as_str()).await.unwrap();
    tx.put(&prying).await.unwrap();
    tx.commit().await.unwrap();
    let seen = views::case(&w.app, &reader(&rival), &prying.id).await.unwrap();
    assert_eq!(seen["refs"]["gra_1"], serde_json::Value::Null);
}
