//! What the zone knows, rebuilt from the journal. `apply` never fails and decides nothing: a record is a fact.

use super::authorised::Authorised;
use super::record::{Frame, JobResult, Record, StoredBatch};
use super::resources::{self, Held, How, Leaving};
use audit::EPOCH_OPENED;
use model::ids::{AuthorisationId, BatchId, CaseId, GrantId, JobId, OrderId, ProductId, ResourceId, WorkOrderId};
use model::keylist::KeyList;
use model::link::ClockMark;
use model::order::{
    DestroyedObjects, Effect, GrantSpec, JobSpec, RecipientSpec, ReleaseSpec, ResourceSpec, StopSpec, WorkOrder,
    ZoneReport,
};
use model::ticket::Lease;
use model::{Digest, Refusal, Signed, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The order that something rests on: later reports about it bind the same case and head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) order: WorkOrderId,
    pub(crate) case: CaseId,
    pub(crate) head: Digest,
}

impl Bound {
    pub(crate) fn of(order: &WorkOrder) -> Self {
        Self { order: order.id.clone(), case: order.case.clone(), head: order.case_head.clone() }
    }
}

/// When the last of the people decided whose approvals an order carries.
pub(crate) fn decided_at(order: &WorkOrder) -> Option<Timestamp> {
    order.approvals.iter().map(|a| a.body.at).max()
}

/// A specification and the order that brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ordered<T> {
    pub(crate) spec: T,
    pub(crate) bound: Bound,
}

/// How an authorisation stands in the zone. One that was never stopped is not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Suspended(StopSpec),
    /// Ordered to be destroyed; `plan` once it is known what goes.
    Ending {
        stop: StopSpec,
        bound: Bound,
        plan: Option<Going>,
    },
    Ended(StopSpec),
}

/// What a destruction removes, written down before it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Going {
    pub(crate) keys: Vec<String>,
    pub(crate) objects: u64,
    pub(crate) what: Option<DestroyedObjects>,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Queued,
    Started(Vec<BatchId>),
    Done(Box<JobResult>),
    Failed(Refusal),
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) spec: JobSpec,
    pub(crate) bound: Bound,
    pub(crate) phase: Phase,
}

/// A release: ordered, and once the file lies ready also delivered from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) spec: ReleaseSpec,
    pub(crate) order: Box<Signed<WorkOrder>>,
    pub(crate) bound: Bound,
    pub(crate) ready: Option<Ready>,
}

/// A released product's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) rows: u64,
    pub(crate) object: String,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Deployment time of the last frame.
    pub(crate) at: Option<Timestamp>,
    pub(crate) key_lists: Vec<Signed<KeyList>>,
    pub(crate) clock: Option<ClockMark>,
    pub(crate) lease: Option<Lease>,
    pub(crate) order_seq: u64,
    /// Cases and effects of orders that were applied: the approvals of a case carry each effect once.
    pub(crate) used: BTreeSet<(CaseId, &'static str)>,
    pub(crate) resources: BTreeMap<ResourceId, Ordered<ResourceSpec>>,
    /// Contracts that were replaced while records were held under them: those records are still there.
    pub(crate) earlier: BTreeMap<ResourceId, Vec<String>>,
    pub(crate) batches: BTreeMap<BatchId, StoredBatch>,
    /// When records of a resource were stored last.
    pub(crate) supplied: BTreeMap<ResourceId, Timestamp>,
    pub(crate) grants: BTreeMap<GrantId, Ordered<GrantSpec>>,
    /// What was authorised, by order.
    pub(crate) authorisations: BTreeMap<AuthorisationId, Authorised>,
    pub(crate) standing: BTreeMap<AuthorisationId, Standing>,
    /// When the last suspension of an authorisation was decided: what was decided before it cannot lift it.
    pub(crate) suspended: BTreeMap<AuthorisationId, Timestamp>,
    /// Ids of the orders taken so far: none is used twice, since reports and evidence name an order by its id.
    pub(crate) orders: BTreeSet<WorkOrderId>,
    /// Resources that were withdrawn or sealed.
    pub(crate) held: BTreeMap<ResourceId, Held>,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) releases: BTreeMap<ProductId, Release>,
    pub(crate) recipients: BTreeMap<OrderId, Ordered<RecipientSpec>>,
    /// Leaves so far.
    pub(crate) leaves: u64,
    /// The running epoch of the log by the last leaf that opened one.
    pub(crate) epoch: Option<u32>,
    /// Last leaf of each case in the zone's log: its number in the case and its hash.
    pub(crate) heads: BTreeMap<CaseId, (u64, Digest)>,
    pub(crate) report_seq: u64,
    pub(crate) acknowledged: u64,
    /// Reports that the platform has not acknowledged.
    pub(crate) outbox: VecDeque<Signed<ZoneReport>>,
    /// Segments closed.
    pub(crate) segments: u64,
    /// Keys that were rotated, and to which version.
    pub(crate) rotated: BTreeMap<String, u32>,
}

impl State {
    /// The newest key list.
    pub(crate) fn key_list(&self) -> Option<&KeyList> {
        self.key_lists.last().map(|s| &s.body)
    }

    /// The authorisation that a job's grant rests on.
    pub(crate) fn job_authorisation(&self, job: &Job) -> Option<&AuthorisationId> {
        self.grants.get(&job.spec.grant).map(|g| &g.spec.authorisation)
    }

    /// The authorisation that a released product lies under.
    pub(crate) fn product_authorisation(&self, product: &ProductId) -> Option<&AuthorisationId> {
        let job = self.jobs.get(&self.releases.get(product)?.spec.job)?;
        self.job_authorisation(job)
    }

    /// Stored batches of a resource.
    pub(crate) fn batches_of<'a>(&'a self, resource: &'a ResourceId) -> impl Iterator<Item = &'a StoredBatch> {
        self.batches.values().filter(move |b| &b.resource == resource)
    }

    /// Takes a durable frame.
    pub(crate) fn take(&mut self, frame: Frame) {
        self.at = self.at.max(Some(frame.at));
        for record in frame.records {
            self.apply(record);
        }
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::KeyList { list } => self.key_lists.push(*list),
            Record::Clock { mark } => self.clock = Some(mark.body),
            Record::Lease { lease } => self.lease = Some(lease.body),
            Record::OrderApplied { order } => self.apply_order(order),
            Record::OrderRefused { seq, order, .. } => self.taken(seq, order),
            Record::BatchStored { batch } => {
                let at = self.at;
                self.supplied.extend(at.map(|at| (batch.resource.clone(), at)));
                self.batches.insert(batch.batch.clone(), batch);
            }
            Record::JobStarted { job, batches } => self.phase(&job, Phase::Started(batches)),
            Record::JobDone { done } => self.phase(&done.job.clone(), Phase::Done(done)),
            Record::JobFailed { job, refusal } => self.phase(&job, Phase::Failed(refusal)),
            Record::Released { product, rows, object, .. } => {
                if let Some(r) = self.releases.get_mut(&product) {
                    r.ready = Some(Ready { rows, object });
                }
            }
            Record::DestroyPlanned { authorisation, keys, objects, what } => {
                if let Some(Standing::Ending { plan, .. }) = self.standing.get_mut(&authorisation) {
                    *plan = Some(Going { keys, objects, what });
                }
            }
            Record::Destroyed { authorisation } => self.end(authorisation),
            Record::WithdrawalPlanned { resource, keys, objects, what } => {
                if let Some(held) = self.held.get_mut(&resource) {
                    held.how = How::Withdrawing(Some(Leaving { keys, objects, what }));
                }
            }
            Record::ResourceSettled { resource } => self.settle(&resource),
            Record::ResourceFound { stop, deed } => {
                self.held.insert(stop.resource.clone(), resources::found(stop, deed));
            }
            Record::SegmentClosed { segment, .. } => self.segments = segment,
            Record::KeyRotated { key, version } => {
                self.rotated.insert(key, version);
            }
            Record::Leaf { index, leaf, hash } => {
                self.leaves = index + 1;
                if leaf.kind == EPOCH_OPENED {
                    self.epoch = leaf.refs.get("epoch").and_then(|year| year.parse().ok());
                }
                if let (Some(case), Some(n)) = (leaf.case, leaf.case_seq) {
                    self.heads.insert(CaseId(case), (n, hash));
                }
            }
            Record::Report { report } => {
                self.report_seq = report.body.seq;
                self.outbox.push_back(*report);
            }
            Record::Acknowledged { report } => {
                self.acknowledged = report;
                while self.outbox.front().is_some_and(|r| r.body.seq <= report) {
                    self.outbox.pop_front();
                }
            }
        }
    }

    fn phase(&mut self, job: &JobId, phase: Phase) {
        if let Some(j) = self.jobs.get_mut(job) {
            j.phase = phase;
        }
    }

    fn end(&mut self, authorisation: AuthorisationId) {
        if let Some(Standing::Ending { stop, .. }) = self.standing.get(&authorisation).cloned() {
            self.standing.insert(authorisation, Standing::Ended(stop));
        }
    }

    fn settle(&mut self, resource: &ResourceId) {
        let Some(held) = self.held.get_mut(resource) else { return };
        match held.how {
            How::Withdrawing(_) => held.how = How::Withdrawn,
            How::Sealing => held.how = How::Sealed,
            How::Unsealing => {
                self.held.remove(resource);
            }
            How::Withdrawn | How::Sealed => {}
        }
    }

    fn taken(&mut self, seq: u64, order: WorkOrderId) {
        self.order_seq = seq;
        self.orders.insert(order);
    }

    fn apply_order(&mut self, order: Box<Signed<WorkOrder>>) {
        let bound = Bound::of(&order.body);
        self.taken(order.body.seq, order.body.id.clone());
        self.used.insert((order.body.case.clone(), order.body.effect.name()));
        if let Some(held) = resources::held(&order.body.effect, bound.clone()) {
            self.held.insert(held.stop.resource.clone(), held);
            return;
        }
        match order.body.effect.clone() {
            Effect::Withdraw(_) | Effect::Seal(_) | Effect::Unseal(_) => {}
            Effect::Authorise(spec) => {
                let authorised = Authorised::of(spec, &order.body);
                self.authorisations.insert(authorised.spec.authorisation.clone(), authorised);
            }
            Effect::Resource(spec) => {
                let held = self.batches_of(&spec.resource).next().is_some();
                if let Some(old) = self.resources.get(&spec.resource).filter(|old| held && old.spec != spec) {
                    let contract = old.spec.contract.clone();
                    self.earlier.entry(spec.resource.clone()).or_default().push(contract);
                }
                self.resources.insert(spec.resource.clone(), Ordered { spec, bound });
            }
            Effect::Grant(spec) => {
                self.grants.insert(spec.grant.clone(), Ordered { spec, bound });
            }
            Effect::Job(spec) => {
                self.jobs.insert(spec.job.clone(), Job { spec, bound, phase: Phase::Queued });
            }
            Effect::Release(spec) => {
                self.releases.insert(spec.product.clone(), Release { spec, order, bound, ready: None });
            }
            Effect::Recipient(spec) => {
                self.recipients.insert(spec.order.clone(), Ordered { spec, bound });
            }
            Effect::Suspend(stop) => {
                let decided = decided_at(&order.body).max(self.suspended.get(&stop.authorisation).copied());
                self.suspended.extend(decided.map(|at| (stop.authorisation.clone(), at)));
                self.standing.insert(stop.authorisation.clone(), Standing::Suspended(stop));
            }
            Effect::Restore(stop) => {
                self.standing.remove(&stop.authorisation);
            }
            Effect::Destroy(stop) => {
                self.standing.insert(stop.authorisation.clone(), Standing::Ending { stop, bound, plan: None });
            }
        }
    }
}
