//! Whose evidence and gate reports one may have, and whose people administer the platform.

use super::*;
use crate::evidence::About;
use crate::tickets;
use model::ids::{AuthorisationId, DestructionId, GrantId, JobId, OrderId, ProductId, ResourceId, ScenarioId};
use model::order::{GrantSpec, JobSpec, RecipientSpec};
use model::record::{
    Authorisation, AuthorisationState, ConsumerOrder, ConsumerOrderState, DestructionCertificate, Grant, GrantState,
    Job, JobState, Product, ProductState,
};
use model::ticket::TicketPurpose;
use model::{Digest, Fen};

const JOB: &str = "job_1";
const PRODUCT: &str = "prd_1";

pub(super) fn grant(operator: &OrgId, provider: &OrgId) -> Grant {
    let spec = GrantSpec {
        grant: GrantId("gra_1".into()),
        authorisation: AuthorisationId("aut_1".into()),
        scenario: ScenarioId("sce_1".into()),
        operator: operator.clone(),
        resources: BTreeMap::from([(ResourceId("res_1".into()), provider.clone())]),
        fields: BTreeMap::new(),
        purpose: String::new(),
        until: T0.plus_days(9),
    };
    Grant {
        id: spec.grant.clone(),
        authorisation: spec.authorisation.clone(),
        operator: operator.clone(),
        spec,
        state: GrantState::Open,
        case: CaseId("case_grant".into()),
    }
}

pub(super) fn job(operator: &OrgId, case: &CaseId) -> Job {
    let spec = JobSpec {
        job: JobId(JOB.into()),
        grant: GrantId("gra_1".into()),
        sql: "SELECT 1".into(),
        author: PersonId("per_author".into()),
        author_org: operator.clone(),
        product: ProductId(PRODUCT.into()),
    };
    Job {
        id: spec.job.clone(),
        grant: spec.grant.clone(),
        operator: operator.clone(),
        spec,
        state: JobState::Done,
        gate: None,
        rows: Some(1),
        case: case.clone(),
    }
}

pub(super) fn product(operator: &OrgId, state: ProductState) -> Product {
    Product {
        id: ProductId(PRODUCT.into()),
        operator: operator.clone(),
        authorisation: AuthorisationId("aut_1".into()),
        job: JobId(JOB.into()),
        reviewed_scenarios: Vec::new(),
        artefact: None,
        rows: Some(1),
        spec: None,
        certificate: None,
        venue: None,
        state,
        at: T0,
    }
}

pub(super) fn order(operator: &OrgId, consumer: &OrgId, state: ConsumerOrderState) -> ConsumerOrder {
    let spec = RecipientSpec {
        order: OrderId("ord_1".into()),
        product: ProductId(PRODUCT.into()),
        consumer: consumer.clone(),
        operator: operator.clone(),
        scenario: ScenarioId("sce_1".into()),
        access_key: Digest("d".into()),
        until: T0.plus_days(9),
    };
    ConsumerOrder {
        id: spec.order.clone(),
        product: spec.product.clone(),
        consumer: consumer.clone(),
        spec,
        price: Fen(1),
        state,
        case: CaseId("case_order".into()),
        at: T0,
    }
}

fn authorisation(operator: &OrgId, id: &AuthorisationId) -> Authorisation {
    Authorisation {
        id: id.clone(),
        authoriser: "org_a".into(),
        operator: operator.clone(),
        uscc: String::new(),
        mode: model::object::AuthorisationMode::Overall,
        resources: BTreeMap::new(),
        term_months: 12,
        from: T0,
        until: T0.plus_days(365),
        state: AuthorisationState::Terminated,
        pack: String::new(),
        case: CaseId("case_start".into()),
        renewal_of: None,
    }
}

impl World {
    pub(super) async fn put<T: model::Entity>(&self, row: &T) {
        let mut tx = self.app.store.begin().await.unwrap();
        // A row that is there is changed under its lock only.
        let _: Option<T> = tx.get_for_update(row.id()).await.unwrap();
        tx.put(row).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// The evidence holds the SQL and the operator's application: not for everybody who can sign in, published or not.
#[tokio::test]
async fn evidence_is_for_those_whose_acts_stand_in_it_and_those_who_watch() {
    let w = world().await;
    let (firm, provider) = (w.org("运营", OrgRole::Operator).await, w.org("数源", OrgRole::DataProvider).await);
    let buyer = w.org("买方", OrgRole::DataConsumer).await;
    w.put(&grant(&firm.id, &provider.id)).await;
    w.put(&job(&firm.id, &CaseId("case_job".into()))).await;
    let sees = async |org: &Organisation, role: PersonRole| {
        code(views::check_evidence(&w.app, &actor("per_a", org, &[role]), About::Product, PRODUCT).await)
    };
    for state in [ProductState::Released, ProductState::Published, ProductState::Withdrawn] {
        w.put(&product(&firm.id, state)).await;
        assert_eq!(sees(&firm, PersonRole::Reader).await, "ok");
        assert_eq!(sees(&provider, PersonRole::Reader).await, "ok");
        for role in
            [OrgRole::DataAuthority, OrgRole::ImplementingAgency, OrgRole::SecurityRegulator, OrgRole::MarketRegulator]
        {
            assert_eq!(sees(&w.org("监督", role).await, PersonRole::Reader).await, "ok", "{role:?}");
        }
        for role in [
            OrgRole::Operator,
            OrgRole::DataProvider,
            OrgRole::DataConsumer,
            OrgRole::Maintainer,
            OrgRole::ExpertPanel,
            OrgRole::ThirdPartyAssessor,
        ] {
            let other = w.org("旁人", role).await;
            assert_eq!(sees(&other, PersonRole::Approver).await, "not-found", "{role:?}");
        }
    }
    let authority = w.org("数据局", OrgRole::DataAuthority).await;
    assert_eq!(sees(&authority, PersonRole::AuditAdmin).await, "ok");
    assert_eq!(sees(&buyer, PersonRole::Approver).await, "not-found");
    for (state, want) in [
        (ConsumerOrderState::Applied, "not-found"),
        (ConsumerOrderState::Delivering, "ok"),
        (ConsumerOrderState::Ended, "ok"),
    ] {
        w.put(&order(&firm.id, &buyer.id, state)).await;
        assert_eq!(sees(&buyer, PersonRole::Approver).await, want, "{state:?}");
    }
}

/// An expert asked about one job gets the gate report of that job and of no other.
#[tokio::test]
async fn gate_reports_are_for_reviewers_who_are_asked() {
    let w = world().await;
    let (firm, provider) = (w.org("运营", OrgRole::Operator).await, w.org("数源", OrgRole::DataProvider).await);
    w.put(&grant(&firm.id, &provider.id)).await;
    let own = w.case("job", "draft", &firm.id, Vec::new()).await;
    w.put(&job(&firm.id, &own.id)).await;
    let asks = async |org: &Organisation| {
        let who = Actor { key: Some("k".into()), ..actor("per_a", org, &[PersonRole::Approver]) };
        code(tickets::for_person(&w.app, &who, TicketPurpose::GateReport { job: JobId(JOB.into()) }).await)
    };
    let reviewers = [w.org("专家组", OrgRole::ExpertPanel).await, w.org("评估", OrgRole::ThirdPartyAssessor).await];
    let watching = w.org("网信", OrgRole::SecurityRegulator).await;
    for (org, want) in [(&firm, "ok"), (&provider, "ok"), (&watching, "ok")] {
        assert_eq!(asks(org).await, want, "{}", org.zh);
    }
    for other in [OrgRole::Operator, OrgRole::DataProvider] {
        assert_eq!(asks(&w.org("别家", other).await).await, "not-found", "{other:?}");
    }
    let release = |job: &str, mut case: Case| {
        case.object = serde_json::json!({ "job": job });
        case
    };
    // A vote about another job is none about this one.
    let other = w.case("release", "checked", &firm.id, Vec::new()).await;
    w.put(&release("job_2", other)).await;
    for org in &reviewers {
        assert_eq!(asks(org).await, "not-found", "{}", org.zh);
    }
    // Asked to vote; when the vote is over, only who took part.
    let this = w.case("release", "checked", &firm.id, Vec::new()).await;
    w.put(&release(JOB, this.clone())).await;
    for org in &reviewers {
        assert_eq!(asks(org).await, "ok", "{}", org.zh);
    }
    let voted = Done {
        step: "vote".into(),
        state: "checked".into(),
        person: PersonId("per_a".into()),
        org: reviewers[0].id.clone(),
        group: None,
        decision: Decision::Approve,
        at: T0,
        documents: BTreeMap::new(),
    };
    w.put(&release(JOB, Case { state: "released".into(), history: vec![voted], ..this })).await;
    assert_eq!((asks(&reviewers[0]).await, asks(&reviewers[1]).await), ("ok".into(), "not-found".into()));
}

/// MLPS-5: an administrator belongs to an organisation that runs the platform, at creation and later.
#[tokio::test]
async fn administrators_belong_to_those_who_run_the_platform() {
    let w = world().await;
    let admins = [PersonRole::SystemAdmin, PersonRole::SecurityAdmin, PersonRole::AuditAdmin];
    for (n, (role, want)) in [
        (OrgRole::Operator, "administrator-of-another"),
        (OrgRole::DataProvider, "administrator-of-another"),
        (OrgRole::DataConsumer, "administrator-of-another"),
        (OrgRole::Maintainer, "administrator-of-another"),
        (OrgRole::SecurityRegulator, "administrator-of-another"),
        (OrgRole::ImplementingAgency, "ok"),
    ]
    .into_iter()
    .enumerate()
    {
        let org = w.org("机构", role).await;
        let create = async |account: String, role: PersonRole| {
            let new = parties::NewPerson {
                org: org.id.clone(),
                password: "Correct-Horse-1-Battery".into(),
                name: format!("姓名{account}"),
                account,
                document: None,
                roles: vec![role],
                must_change: false,
            };
            let prepared = w.app.people.prepare(new).await?;
            let mut tx = w.app.store.begin().await?;
            let person = parties::create_person(&mut tx, &prepared, T0).await?;
            tx.commit().await?;
            AppResult::Ok(person)
        };
        let officer = create(format!("officer.{n}"), PersonRole::Officer).await.unwrap();
        for (m, admin) in admins.into_iter().enumerate() {
            assert_eq!(code(create(format!("keeper.{n}.{m}"), admin).await), want, "{role:?} {admin:?}");
            let mut tx = w.app.store.begin().await.unwrap();
            assert_eq!(
                code(parties::set_roles(&mut tx, &officer.id, vec![admin], T0).await),
                want,
                "{role:?} {admin:?}"
            );
        }
    }
}

/// A case's evidence is for its parties and those who oversee: not for everybody to whom a step could fall.
#[tokio::test]
async fn evidence_of_a_case_is_for_its_parties_and_those_who_watch() {
    let w = world().await;
    let firm = w.org("运营", OrgRole::Operator).await;
    let case = w.case("authorisation", "reviewed", &firm.id, Vec::new()).await;
    let sees = async |org: &Organisation| {
        let who = actor("per_a", org, &[PersonRole::Approver]);
        code(views::check_evidence(&w.app, &who, About::Decision, case.id.as_str()).await)
    };
    assert_eq!(sees(&firm).await, "ok");
    assert_eq!(sees(&w.org("数据局", OrgRole::DataAuthority).await).await, "ok");
    for role in [OrgRole::Operator, OrgRole::ExpertPanel, OrgRole::DataProvider, OrgRole::DataConsumer] {
        assert_eq!(sees(&w.org("旁人", role).await).await, "not-found", "{role:?}");
    }
    let who = actor("per_a", &firm, &[PersonRole::Approver]);
    assert_eq!(code(views::check_evidence(&w.app, &who, About::Decision, "case_none").await), "not-found");
}

/// What a person did is for the person and for those who read the log; nobody else learns whether there is such a person.
#[tokio::test]
async fn evidence_of_a_person_is_for_them_and_those_who_read_the_log() {
    let w = world().await;
    let firm = w.org("运营", OrgRole::Operator).await;
    let (authority, police) =
        (w.org("数据局", OrgRole::DataAuthority).await, w.org("网信", OrgRole::SecurityRegulator).await);
    let person = model::party::Person {
        id: PersonId("per_x".into()),
        org: firm.id.clone(),
        account: "x".into(),
        roles: vec![PersonRole::Engineer],
        key: None,
        created_at: T0,
    };
    w.put(&person).await;
    let sees = async |id: &str, org: &Organisation, role: PersonRole, of: &str| {
        code(views::check_evidence(&w.app, &actor(id, org, &[role]), About::QueryHistory, of).await)
    };
    assert_eq!(sees("per_x", &firm, PersonRole::Engineer, "per_x").await, "ok");
    assert_eq!(sees("per_y", &firm, PersonRole::Approver, "per_x").await, "not-found", "a colleague");
    assert_eq!(sees("per_y", &authority, PersonRole::Officer, "per_x").await, "not-found", "the authority's officer");
    assert_eq!(sees("per_y", &authority, PersonRole::AuditAdmin, "per_x").await, "ok");
    assert_eq!(sees("per_y", &police, PersonRole::Officer, "per_x").await, "ok");
    assert_eq!(sees("per_y", &police, PersonRole::Officer, "per_none").await, "not-found");
}

/// There is none before something was destroyed, and then it is for those whom it concerns.
#[tokio::test]
async fn evidence_of_a_destruction_is_for_those_it_concerns() {
    let w = world().await;
    let (firm, provider) = (w.org("运营", OrgRole::Operator).await, w.org("数源", OrgRole::DataProvider).await);
    let grant = grant(&firm.id, &provider.id);
    let id = grant.authorisation.clone();
    w.put(&grant).await;
    let sees = async |org: &Organisation| {
        let who = actor("per_a", org, &[PersonRole::Approver]);
        code(views::check_evidence(&w.app, &who, About::Destruction, id.as_str()).await)
    };
    assert_eq!(sees(&firm).await, "not-found", "there is no such authorisation");
    w.put(&authorisation(&firm.id, &id)).await;
    assert_eq!(sees(&firm).await, "not-found", "nothing was destroyed");
    let certificate = DestructionCertificate {
        id: DestructionId("des_1".into()),
        authorisation: id.clone(),
        case: CaseId("case_end".into()),
        operator: firm.id.clone(),
        keys: vec!["k".into()],
        objects: 1,
        what: None,
        report: 1,
        at: T0,
    };
    w.put(&certificate).await;
    for org in [&firm, &provider, &w.org("数据局", OrgRole::DataAuthority).await] {
        assert_eq!(sees(org).await, "ok");
    }
    for role in [OrgRole::Operator, OrgRole::DataProvider, OrgRole::DataConsumer] {
        assert_eq!(sees(&w.org("旁人", role).await).await, "not-found", "{role:?}");
    }
}
