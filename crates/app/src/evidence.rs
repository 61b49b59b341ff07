//! Collects what an evidence file holds about a product, a decision, what a person did, or a destruction: every case it
//! rests on, every statement, every document.
//! The proofs come from the log's files; nothing here can make a proof up.

use crate::cases::{DOCUMENTS_TYPE, StoredAct};
use crate::deployment::Deployment;
use crate::error::{AppError, AppResult};
use crate::reports::{JobResult, StoredReport};
use crate::resources;
use audit::evidence::{EvidenceBuilder, Origin, Subject};
use model::act::ACT_TYPE;
use model::case::Case;
use model::ids::{CaseId, PersonId};
use model::order::{OBJECT_TYPE, ORDER_TYPE, REPORT_TYPE, WorkOrder};
use model::procedure::visible_history;
use model::record::{
    Authorisation, Certificate, DestructionCertificate, Grant, Job, Product, ProductReview, Resource,
    ResourceCertificate, Scenario,
};
use model::{Entity, Refusal, Signed, Timestamp};
use std::collections::BTreeSet;
use std::path::Path;
use store::{Filter, Store};

/// Type name under which a certificate is digested.
pub const CERTIFICATE_TYPE: &str = "certificate";

/// Type name under which a certificate of destruction is digested.
pub const DESTRUCTION_TYPE: &str = "destruction-certificate";

/// Type name under which a certificate about a resource is digested.
pub const RESOURCE_CERTIFICATE_TYPE: &str = "resource-certificate";

/// What evidence is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A product's way from the records to its release.
    Product,
    /// One case, from its opening on.
    Decision,
    /// What a person did and was refused.
    QueryHistory,
    /// The end of an authorisation's keys.
    Destruction,
    /// That a resource was withdrawn, sealed or unsealed.
    ResourceCertificate,
}

/// Everything that there is evidence about.
const ABOUT: [About; 5] =
    [About::Product, About::Decision, About::QueryHistory, About::Destruction, About::ResourceCertificate];

impl About {
    /// The kind of subject as the file names it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Decision => "decision",
            Self::QueryHistory => "query_history",
            Self::Destruction => "destruction",
            Self::ResourceCertificate => "resource_certificate",
        }
    }

    /// By the kind's name.
    #[must_use]
    pub fn parse(kind: &str) -> Option<Self> {
        ABOUT.into_iter().find(|a| a.kind() == kind)
    }
}

/// Where the evidence is made.
pub struct Source<'a> {
    /// The platform's store.
    pub store: &'a Store,
    /// Folder of both logs and the key lists.
    pub log_dir: &'a Path,
    /// The deployment.
    pub deployment: &'a Deployment,
    /// The rule pack: it says which votes are still blind.
    pub pack: &'a model::pack::Pack,
    /// Signs the file for the platform.
    pub signer: &'a crypto::SigningKey,
    /// When, on the deployment's clock.
    pub now: Timestamp,
    /// The cases that a person's history may show to whoever asks; all of them without it.
    pub shown: Option<BTreeSet<CaseId>>,
}

/// How often the export is tried while the logs catch up with what was just done.
const TRIES: u32 = 20;

/// An evidence file about something, as canonical bytes. It is checked before it is handed out: a statement whose leaf
/// is not yet under the newest checkpoint is waited for.
pub async fn export(from: &Source<'_>, about: About, id: &str) -> AppResult<Vec<u8>> {
    let mut tries = 0;
    loop {
        let bytes = gather(from, about, id).await?;
        let report = audit::evidence::verify(&bytes, None, &|_, _, _| Ok(()));
        tries += 1;
        match report.failure {
            None => return Ok(bytes),
            Some(failure) if tries >= TRIES => {
                return Err(AppError::bug(format!("evidence: {}: {} · {}", failure.file, failure.zh, failure.en)));
            }
            Some(_) => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
        }
    }
}

async fn gather(from: &Source<'_>, about: About, id: &str) -> AppResult<Vec<u8>> {
    let deployment = from.deployment;
    let origin = Origin {
        deployment: deployment.deployment.clone(),
        suite: deployment.suite,
        clock: deployment.clock_word().parse().map_err(AppError::bug)?,
        root: deployment.root.parse()?,
        trust_digest: None,
    };
    let subject = Subject { kind: about.kind().to_owned(), id: id.to_owned() };
    let mut builder = EvidenceBuilder::new(from.log_dir, origin, subject);
    let mut apart = BTreeSet::new();
    let cases = match about {
        About::Product => collect(from, &mut builder, id).await?,
        About::Decision => BTreeSet::from([need::<Case>(from.store, id, "case").await?.id]),
        About::QueryHistory => {
            let [own, others] = history(from, &mut builder, id).await?;
            apart = others;
            own
        }
        About::Destruction => destruction(from.store, &mut builder, id).await?,
        About::ResourceCertificate => resource_certificate(from.store, &mut builder, id).await?,
    };
    for case in &cases {
        builder.case(case.as_str());
        statements(from.store, &mut builder, case).await?;
        objects(from, &mut builder, case).await?;
    }
    let person = (about == About::QueryHistory).then_some(id);
    story(from.store, &mut builder, [&cases, &apart], person).await?;
    builder.build(from.now.0, from.signer).map_err(AppError::bug)
}

/// The cases in which a person did something, and those that they only knocked at. A person of whom the log knows nothing has no
/// history. A case whose opening was refused never came to be: the refusal's leaf is all there is of it. What somebody was refused in
/// another's case shows nothing of that case: who knows its number shall not read it by that.
async fn history(from: &Source<'_>, builder: &mut EvidenceBuilder, person: &str) -> AppResult<[BTreeSet<CaseId>; 2]> {
    let (mut own, mut seen, mut apart) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for id in builder.cases_of(person).map_err(AppError::bug)? {
        match from.store.get::<Case>(&id).await? {
            Some(case) if from.shown.as_ref().is_some_and(|shown| !shown.contains(&case.id)) => drop(apart.insert(id)),
            Some(case)
                if case.author.as_str() == person || case.history.iter().any(|d| d.person.as_str() == person) =>
            {
                seen.insert(id.clone());
                own.insert(CaseId(id));
            }
            Some(_) => drop(apart.insert(id)),
            None => drop(seen.insert(id)),
        }
    }
    builder.person(person, seen, apart.clone());
    Ok([own, apart.into_iter().map(CaseId).collect()])
}

/// The case that ended an authorisation and the one that began it, with the certificate.
async fn destruction(store: &Store, builder: &mut EvidenceBuilder, id: &str) -> AppResult<BTreeSet<CaseId>> {
    let authorisation: Authorisation = need(store, id, "authorisation").await?;
    let certificates: Vec<DestructionCertificate> = store.list(&Filter::of(id)).await?;
    if certificates.is_empty() {
        return Err(AppError::NotFound("destruction"));
    }
    let mut cases = BTreeSet::from([authorisation.case]);
    for certificate in certificates {
        let name = format!("destruction-{}.json", certificate.id);
        builder.object(&name, DESTRUCTION_TYPE, &certificate).map_err(AppError::bug)?;
        cases.insert(certificate.case);
    }
    Ok(cases)
}

/// The case that a certificate of a resource came from, how the entry came about, and what was done to it besides: evidence
/// of a sealing that left the unsealing out would say what no longer holds.
async fn resource_certificate(store: &Store, builder: &mut EvidenceBuilder, id: &str) -> AppResult<BTreeSet<CaseId>> {
    let certificate: ResourceCertificate = need(store, id, "certificate").await?;
    let resource: Resource = need(store, certificate.resource.as_str(), "resource").await?;
    let mut cases: BTreeSet<CaseId> = resources::cases_of(store, &resource).await?.into_iter().map(|c| c.id).collect();
    for one in store.list::<ResourceCertificate>(&Filter::of(resource.id.as_str())).await? {
        let name = format!("{}-{}.json", one.deed, one.id);
        builder.object(&name, RESOURCE_CERTIFICATE_TYPE, &one).map_err(AppError::bug)?;
        cases.insert(one.case);
    }
    Ok(cases)
}

async fn need<T: Entity>(store: &Store, id: &str, what: &'static str) -> AppResult<T> {
    store.get(id).await?.ok_or(AppError::NotFound(what))
}

/// The cases that the product rests on, and the documents that stand in their statements.
async fn collect(from: &Source<'_>, builder: &mut EvidenceBuilder, product: &str) -> AppResult<BTreeSet<CaseId>> {
    let store = from.store;
    let product: Product = need(store, product, "product").await?;
    let job: Job = need(store, product.job.as_str(), "job").await?;
    let grant: Grant = need(store, job.grant.as_str(), "grant").await?;
    let authorisation: Authorisation = need(store, product.authorisation.as_str(), "authorisation").await?;
    let scenario: Scenario = need(store, grant.spec.scenario.as_str(), "scenario").await?;
    let mut cases = BTreeSet::from([job.case, grant.case, authorisation.case, scenario.case]);
    builder.document("pipeline.sql", "application/sql", job.spec.sql.as_bytes());
    builder.document("purpose.yaml", "application/yaml", grant.spec.purpose.as_bytes());
    if let Some(result) = store.get::<JobResult>(job.id.as_str()).await? {
        builder.document("lineage.json", "application/json", &crypto::canonical(&result.lineage)?);
    }
    if let Some(id) = &product.certificate {
        let certificate: Certificate = need(store, id.as_str(), "certificate").await?;
        builder.object("certificate.json", CERTIFICATE_TYPE, &certificate).map_err(AppError::bug)?;
    }
    for id in grant.spec.resources.keys() {
        let resource: Resource = need(store, id.as_str(), "resource").await?;
        let name = format!("contract-{}.yaml", resource.spec.table);
        builder.document(&name, "application/yaml", resource.spec.contract.as_bytes());
        // Also how it was changed: what a job read was catalogued under one of them.
        cases.extend(resources::cases_of(store, &resource).await?.into_iter().map(|c| c.id));
    }
    let reviews: Vec<ProductReview> = store.list(&Filter::of(product.id.as_str())).await?;
    cases.extend(reviews.into_iter().map(|r| r.id));
    cases.extend(cases_about(store, "product", "product", product.id.as_str()).await?);
    // What was stopped, restored or ended since: evidence that left it out would praise what no longer holds.
    let stops = ["suspend", "restore", "destroy"].iter().filter_map(|effect| from.pack.effects.get(*effect)).flatten();
    for procedure in stops.map(|way| way.procedure.as_str()).collect::<BTreeSet<&str>>() {
        cases.extend(cases_about(store, procedure, "authorisation", product.authorisation.as_str()).await?);
    }
    // The same of the records that it was made of.
    for id in grant.spec.resources.keys() {
        for one in store.list::<ResourceCertificate>(&Filter::of(id.as_str())).await? {
            let name = format!("{}-{}.json", one.deed, one.id);
            builder.object(&name, RESOURCE_CERTIFICATE_TYPE, &one).map_err(AppError::bug)?;
            cases.insert(one.case);
        }
    }
    Ok(cases)
}

/// The cases of a procedure whose object names something.
async fn cases_about(store: &Store, procedure: &str, member: &str, id: &str) -> AppResult<Vec<CaseId>> {
    let of = Filter { parent: Some(procedure.to_owned()), ..Filter::default() };
    let all: Vec<Case> = store.list(&of).await?;
    Ok(all.into_iter().filter(|c| c.text(member) == Some(id)).map(|c| c.id).collect())
}

async fn statements(store: &Store, builder: &mut EvidenceBuilder, case: &CaseId) -> AppResult<()> {
    let of = Filter::of(case.as_str());
    for act in store.list::<StoredAct>(&of).await? {
        builder.statement(ACT_TYPE, &act.act).map_err(AppError::bug)?;
    }
    for report in store.list::<StoredReport>(&of).await? {
        builder.statement(REPORT_TYPE, &report.report).map_err(AppError::bug)?;
    }
    let mut after = 0;
    loop {
        let page = store.orders_after(after, 256).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for queued in &page {
            let order: Signed<WorkOrder> = serde_json::from_str(&queued.body)?;
            if order.body.case == *case {
                builder.statement(ORDER_TYPE, &order).map_err(AppError::bug)?;
            }
        }
    }
}

/// The object that was signed along a case, and the documents handed in with each act.
async fn objects(from: &Source<'_>, builder: &mut EvidenceBuilder, case: &CaseId) -> AppResult<()> {
    let row: Case = need(from.store, case.as_str(), "case").await?;
    if visible_history(from.pack, &row, &PersonId(String::new())).len() != row.history.len() {
        return Err(still_blind(from.pack).into());
    }
    builder.object(&format!("object-{case}.json"), OBJECT_TYPE, &row.object).map_err(AppError::bug)?;
    for (i, done) in row.history.iter().enumerate().filter(|(_, d)| !d.documents.is_empty()) {
        let name = format!("documents-{case}-{i:03}-{}.json", done.step);
        builder.object(&name, DOCUMENTS_TYPE, &done.documents).map_err(AppError::bug)?;
    }
    Ok(())
}

/// Evidence shows every vote; one that is to stay hidden until all are in would be told.
fn still_blind(pack: &model::pack::Pack) -> Refusal {
    pack.refusal(
        "votes-still-blind",
        "PRODUCT-CASE",
        "有一步的表决尚未齐全，之前互不可见；表决完成后才能导出证据",
        "a vote is still open in which the votes stay hidden from each other; evidence can be had once all are in",
    )
}

/// The story in plain words: one line for each leaf of the cases and of the person, in log order.
async fn story(
    store: &Store,
    builder: &mut EvidenceBuilder,
    [cases, apart]: [&BTreeSet<CaseId>; 2],
    person: Option<&str>,
) -> AppResult<()> {
    let of = |all: &BTreeSet<CaseId>, case: Option<&str>| all.iter().any(|c| Some(c.as_str()) == case);
    let mut from = 0;
    loop {
        let page = store.leaves_from(from, 1000).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = last + 1;
        for (index, bytes) in &page {
            let leaf = audit::Leaf::decode(bytes).map_err(AppError::bug)?;
            let case = leaf.case.as_deref();
            let theirs = person.is_some() && leaf.actor.as_deref() == person && !of(apart, case);
            if !theirs && !of(cases, case) {
                continue;
            }
            let what = leaf.refs.get("step").unwrap_or(&leaf.kind);
            let who = leaf.org.as_deref().unwrap_or("platform");
            let (zh, en) = match leaf.outcome {
                audit::Outcome::Done => (format!("{who}：{what}"), format!("{who}: {what}")),
                audit::Outcome::Refused => (format!("{who}：{what}，被拒绝"), format!("{who}: {what}, refused")),
            };
            builder.step(&zh, &en, leaf.article.as_deref(), Some(*index));
        }
    }
}
