//! A resource is withdrawn, sealed, unsealed: what is refused at once, what goes, what stays, and what a kill leaves.

use super::live::{Node, Platform, code};
use super::rotate::{OBJECTS, filled, read};
use super::world::World;
use crate::node::config::KeyCustody;
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use crate::node::error::NodeError;
use crate::node::outcome;
use crate::node::record::JobResult;
use crate::node::resources::{self, How, pending, settle, unseal, usable};
use crate::node::sealed::{self, RESOURCE_KEY};
use crate::node::state::Phase;
use crypto::{CryptoError, SealingKeys, keep_sealing_keys, new_sealing_keys};
use model::ids::ResourceId;
use model::order::{Effect, JobSpec, ReleaseSpec, ReportOutcome, ResourceStopSpec};
use model::ticket::TicketPurpose;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(super) fn stop(ground: &str) -> ResourceStopSpec {
    ResourceStopSpec {
        resource: "res_1".into(),
        provider: "org_provider".into(),
        ground: ground.into(),
        article: "19.1".into(),
    }
}

pub(super) fn withdraw() -> Effect {
    Effect::Withdraw(stop("provider_withdraws"))
}

/// A resource with records, a grant and a queued job that reads it: orders 1 to 3.
pub(super) fn with_job(w: &World) -> Core {
    let core = filled(w);
    assert_eq!(take_order(&core, &w.order(2, "case_2", w.grant())).unwrap(), Taken::Applied);
    assert_eq!(take_order(&core, &w.order(3, "case_3", w.job("job_1"))).unwrap(), Taken::Applied);
    core
}

/// Copies a folder as it is.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = entry.map(|e| (e.path(), to.join(e.file_name()))).unwrap();
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

fn another_grant(w: &World) -> Effect {
    let Effect::Grant(spec) = w.grant() else { panic!() };
    Effect::Grant(model::order::GrantSpec { grant: "gra_2".into(), ..spec })
}

pub(super) fn outcomes(core: &Core) -> Vec<ReportOutcome> {
    core.read(|s| s.outbox.iter().map(|r| r.body.outcome.clone()).collect())
}

fn refusal(core: &Core) -> String {
    match outcomes(core).pop() {
        Some(ReportOutcome::Refused { refusal } | ReportOutcome::JobFailed { refusal, .. }) => refusal.code,
        other => format!("{other:?}"),
    }
}

pub(super) fn how(core: &Core) -> Option<How> {
    core.read(|s| s.held.get(&ResourceId::from("res_1")).map(|h| h.how.clone()))
}

pub(super) fn pads(w: &World, n: usize) -> SealingKeys {
    let pads = new_sealing_keys(n).unwrap();
    keep_sealing_keys(&w.dir.path().join("ring"), &pads).unwrap();
    pads
}

#[tokio::test]
async fn a_withdrawn_resource_is_gone_with_its_keys() {
    let w = World::new();
    let core = with_job(&w);
    let key = core.key(RESOURCE_KEY, "res_1").unwrap();
    let held = fs::read(sealed::objects(&core).join(OBJECTS[2])).unwrap();
    let entry = fs::read(w.dir.path().join(format!("ring/{key}.key"))).unwrap();
    let foreign = Effect::Withdraw(ResourceStopSpec { provider: "org_other".into(), ..stop("x") });
    assert_eq!(take_order(&core, &w.order(4, "case_4", foreign)).unwrap(), Taken::Refused);
    let Some(ReportOutcome::Refused { refusal: other }) = outcomes(&core).pop() else { panic!() };
    assert_eq!((other.code.as_str(), other.article.as_str()), ("resource-other-provider", "7.7"));
    assert_eq!(take_order(&core, &w.order(5, "case_5", withdraw())).unwrap(), Taken::Applied);
    // At once: the open job fails, and nothing new begins; the refusal cites the withdrawal's own article.
    assert_eq!(refusal(&core), "resource-withdrawn");
    assert!(core.read(|s| s.jobs.values().all(|j| matches!(j.phase, Phase::Failed(_)))));
    let refused = core.read(|s| usable(s, &"res_1".into())).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.article.as_str()), ("resource-withdrawn", "19.1"));
    for (seq, effect) in [(6, w.job("job_2")), (7, another_grant(&w)), (8, w.resource()), (9, withdraw())] {
        assert_eq!(take_order(&core, &w.order(seq, "case_9", effect)).unwrap(), Taken::Refused);
        assert_eq!(refusal(&core), "resource-withdrawn", "order {seq}");
    }
    // A process that still reads is waited for.
    settle(&core, core.read(pending), &BTreeSet::from(["res_1".into()])).unwrap();
    assert!(read(&core, OBJECTS[2]).is_ok());
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(how(&core), Some(How::Withdrawn));
    assert!(!sealed::objects(&core).join("res/res_1").exists());
    let Some(ReportOutcome::ResourceDestroyed { keys, objects, what, .. }) = outcomes(&core).pop() else { panic!() };
    assert_eq!((keys, objects), (vec![key.to_string()], 3), "records, rows set aside, counts");
    assert_eq!((what.kinds["records"], what.kinds["set_aside"]), (1, 1));
    assert!(w.dir.path().join("zone/destroyed/res_1.json").is_file());
    // What lies under the authorisation's key is its own affair.
    assert!(read(&core, OBJECTS[0]).is_ok());
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    drop(core);

    // A copy of the object and of the key file from before opens nothing.
    fs::write(w.dir.path().join(format!("ring/{key}.key")), entry).unwrap();
    let core = w.core();
    assert_eq!(how(&core), Some(How::Withdrawn));
    let path = sealed::objects(&core).join(OBJECTS[2]);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, held).unwrap();
    assert!(matches!(read(&core, OBJECTS[2]), Err(CryptoError::DestroyedKey)));
    core.log_ready().await.unwrap();
    drop(core);
    w.verify_log();
}

#[tokio::test]
async fn a_sealed_resource_is_kept_and_only_its_keepers_open_it() {
    let w = World::new();
    let core = with_job(&w);
    let before = read(&core, OBJECTS[2]).unwrap();
    let seal = |ground: &str| Effect::Seal(stop(ground));
    assert_eq!(take_order(&core, &w.order(4, "case_4", seal("under_dispute"))).unwrap(), Taken::Refused);
    assert_eq!(refusal(&core), "sealing-unavailable", "nobody could open it again");
    let unsealing = || Effect::Unseal(stop("dispute_settled"));
    assert_eq!(take_order(&core, &w.order(5, "case_5", unsealing())).unwrap(), Taken::Refused);
    assert_eq!(refusal(&core), "resource-not-sealed");
    let pads = pads(&w, 2);
    assert_eq!(take_order(&core, &w.order(6, "case_6", seal("under_dispute"))).unwrap(), Taken::Applied);
    assert_eq!(refusal(&core), "resource-sealed", "the open job fails at once");
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert!(matches!(outcomes(&core).pop(), Some(ReportOutcome::ResourceSealed { keys, .. }) if keys.len() == 1));
    assert!(sealed::objects(&core).join(OBJECTS[2]).is_file(), "the records are kept");
    assert!(matches!(read(&core, OBJECTS[2]), Err(CryptoError::SealedKey)));
    for (seq, effect) in [(7, w.job("job_2")), (8, another_grant(&w)), (9, w.resource())] {
        assert_eq!(take_order(&core, &w.order(seq, "case_9", effect)).unwrap(), Taken::Refused);
        assert_eq!(refusal(&core), "resource-sealed", "order {seq}");
    }
    drop(core);
    let open = |with: SealingKeys| {
        let cfg = w.config("http://127.0.0.1:1");
        async move { unseal(cfg, &"res_1".into(), &with).await }
    };
    // The keepers alone do not decide: first the order of its own procedure.
    assert!(matches!(open(pads.clone()).await, Err(NodeError::NotOrdered)));
    let core = w.core();
    assert!(matches!(read(&core, OBJECTS[2]), Err(CryptoError::SealedKey)));
    assert_eq!(take_order(&core, &w.order(10, "case_10", unsealing())).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(how(&core), Some(How::Unsealing), "it waits for the keepers");
    assert!(matches!(read(&core, OBJECTS[2]), Err(CryptoError::SealedKey)), "an order alone opens nothing");
    drop(core);
    let strangers = open(new_sealing_keys(2).unwrap()).await;
    assert!(matches!(strangers, Err(NodeError::Crypto(CryptoError::NoSealingKey))), "{strangers:?}");
    assert_eq!(open(pads.clone()).await.unwrap(), 1);
    assert!(matches!(open(pads).await, Err(NodeError::NotOrdered)), "once");
    let core = w.core();
    assert_eq!((read(&core, OBJECTS[2]).unwrap(), how(&core)), (before, None));
    assert!(matches!(outcomes(&core).pop(), Some(ReportOutcome::ResourceUnsealed { keys, .. }) if keys.len() == 1));
    assert_eq!(take_order(&core, &w.order(11, "case_11", w.job("job_3"))).unwrap(), Taken::Applied);
    // What was sealed can be destroyed, also while it is sealed.
    assert_eq!(take_order(&core, &w.order(12, "case_12", seal("under_dispute"))).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(take_order(&core, &w.order(13, "case_13", withdraw())).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(how(&core), Some(How::Withdrawn));
    assert!(matches!(outcomes(&core).pop(), Some(ReportOutcome::ResourceDestroyed { keys, .. }) if keys.len() == 1));
    drop(core);
    w.verify_log();
}

/// A result of a job of this name, as its process would have left it, and what a release of it says.
pub(super) fn finished(w: &World, core: &Core, job: &str) -> ReleaseSpec {
    let result = JobResult {
        job: job.into(),
        artefact: w.digest(job),
        rows: 3,
        verdict: "pass".into(),
        gate_report: w.digest("report"),
        lineage: serde_json::json!([]),
        figures: [].into(),
        object: format!("auth/auth_1/jobs/{job}.artefact"),
    };
    core.commit(|d| outcome::job_done(d, &d.state.jobs[&job.into()], result)).unwrap();
    let JobSpec { job, product, author, author_org, .. } = core.read(|s| s.jobs[&job.into()].spec.clone());
    let (artefact, gate_report) = (w.digest(&job.0), w.digest("report"));
    ReleaseSpec { job, product, artefact, gate_report, author, author_org, scenario: "scn_1".into() }
}

/// A platform that orders the release of a result whose source was sealed or withdrawn is not followed.
#[tokio::test]
async fn no_new_product_is_made_of_a_resource_that_was_taken_away() {
    let w = World::new();
    let core = with_job(&w);
    let Effect::Job(spec) = w.job("job_2") else { panic!() };
    let second = Effect::Job(JobSpec { product: "prod_2".into(), ..spec });
    assert_eq!(take_order(&core, &w.order(4, "case_4", second)).unwrap(), Taken::Applied);
    let results = ["job_1", "job_2"].map(|job| finished(&w, &core, job));
    let release = |n: usize| Effect::Release(results[n].clone());
    let refused = |core: &Core, seq: u64, effect: Effect| {
        assert_eq!(take_order(core, &w.order(seq, &format!("case_{seq}"), effect)).unwrap(), Taken::Refused);
        let Some(ReportOutcome::Refused { refusal }) = outcomes(core).pop() else { panic!() };
        (refusal.code, refusal.article)
    };
    let sealed = || ("resource-sealed".to_owned(), "19.1".to_owned());
    let pads = pads(&w, 1);
    let seal = || Effect::Seal(stop("under_dispute"));
    assert_eq!(take_order(&core, &w.order(5, "case_5", seal())).unwrap(), Taken::Applied);
    assert_eq!(refused(&core, 6, release(0)), sealed(), "from the order on");
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(refused(&core, 7, release(0)), sealed());
    assert_eq!(refused(&core, 8, seal()).0, "resource-sealed-already");
    assert_eq!(take_order(&core, &w.order(9, "case_9", Effect::Unseal(stop("settled")))).unwrap(), Taken::Applied);
    assert_eq!(refused(&core, 10, release(0)), sealed(), "an order alone opens nothing");
    assert!(core.read(|s| s.releases.is_empty()));
    drop(core);

    unseal(w.config("http://127.0.0.1:1"), &"res_1".into(), &pads).await.unwrap();
    let core = w.core();
    assert_eq!(take_order(&core, &w.order(11, "case_11", release(0))).unwrap(), Taken::Applied);
    assert_eq!(take_order(&core, &w.order(12, "case_12", withdraw())).unwrap(), Taken::Applied);
    let withdrawn = ("resource-withdrawn".to_owned(), "19.1".to_owned());
    assert_eq!(refused(&core, 13, release(1)), withdrawn);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(refused(&core, 14, release(1)), withdrawn);
    let released = core.read(|s| s.releases.keys().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(released, ["prod_1"], "what was released before stays");
    drop(core);
    w.verify_log();
}

struct Away(AtomicBool);

impl KeyCustody for Away {
    fn forget(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
    }

    fn kept(&self, _: &str, _: &str) -> io::Result<Vec<crypto::KeyId>> {
        self.forget().map(|()| Vec::new())
    }

    fn renew(&self) -> io::Result<()> {
        self.forget()
    }
}

/// Nobody is told before the copies are gone, and a kill in between changes none of the numbers.
#[test]
fn it_waits_for_the_custody_and_goes_on_after_a_kill() {
    for sealing in [true, false] {
        let w = World::new();
        drop(with_job(&w));
        pads(&w, 1);
        let away = Arc::new(Away(AtomicBool::new(true)));
        let open = || {
            let mut cfg = w.config("http://127.0.0.1:1");
            cfg.custody = Some(Arc::clone(&away) as Arc<dyn KeyCustody>);
            Core::open(cfg).unwrap()
        };
        let core = open();
        let effect = if sealing { Effect::Seal(stop("under_dispute")) } else { withdraw() };
        assert_eq!(take_order(&core, &w.order(4, "case_4", effect)).unwrap(), Taken::Applied);
        let told = |core: &Core| {
            let done = |o: &ReportOutcome| {
                matches!(o, ReportOutcome::ResourceSealed { .. } | ReportOutcome::ResourceDestroyed { .. })
            };
            outcomes(core).into_iter().filter(done).collect::<Vec<_>>()
        };
        let waits = |core: &Core| {
            let of =
                |o: &ReportOutcome| matches!(o, ReportOutcome::Waits { refusal } if refusal.code == "custody-away");
            outcomes(core).iter().filter(|o| of(o)).count()
        };
        let order = "wo_4".into();
        let mut delays = Vec::new();
        for _ in 0..12 {
            settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
            assert!(told(&core).is_empty(), "told while a copy of the keys was there");
            delays.extend(core.waits.delay(&order));
            assert!(!core.waits.due(&order), "it is not tried at every turn");
            core.waits.hurry();
        }
        assert_eq!(waits(&core), 1, "the desk is told once why it waits");
        assert!(delays.is_sorted() && delays[0] < delays[3], "{delays:?}");
        assert_eq!(delays.last(), Some(&Duration::from_secs(60)), "bounded");
        assert!(read(&core, OBJECTS[2]).is_err(), "unreadable all the same");
        drop(core);
        let core = open();
        away.0.store(false, Ordering::SeqCst);
        settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
        settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
        let told = told(&core);
        assert_eq!(told.len(), 1, "{told:?}");
        if let ReportOutcome::ResourceDestroyed { keys, objects, .. } = &told[0] {
            assert_eq!((keys.len(), *objects), (1, 3));
        }
    }
}

/// The custody must not go on saying "sealed" of what was opened: without it the unsealing is not done.
#[tokio::test]
async fn an_unsealing_reaches_the_custody() {
    let w = World::new();
    let core = with_job(&w);
    let pads = pads(&w, 1);
    assert_eq!(take_order(&core, &w.order(4, "case_4", Effect::Seal(stop("under_dispute")))).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(take_order(&core, &w.order(5, "case_5", Effect::Unseal(stop("settled")))).unwrap(), Taken::Applied);
    drop(core);
    let away = Arc::new(Away(AtomicBool::new(true)));
    let open = || {
        let mut cfg = w.config("http://127.0.0.1:1");
        cfg.custody = Some(Arc::clone(&away) as Arc<dyn KeyCustody>);
        let pads = pads.clone();
        async move { unseal(cfg, &"res_1".into(), &pads).await }
    };
    assert!(matches!(open().await, Err(NodeError::Custody(_))));
    assert_eq!(how(&w.core()), Some(How::Unsealing));
    away.0.store(false, Ordering::SeqCst);
    assert_eq!(open().await.unwrap(), 1);
    assert_eq!(how(&w.core()), None);
}

/// A zone that was restored to a state from before a withdrawal has the tombstone of the key: it makes no new one.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_after_a_backup_takes_no_records() {
    let platform = Platform::start(Arc::new(World::new())).await;
    platform.give(platform.world.order(1, "case_1", platform.world.resource()));
    let mut keys = None;
    let node = Node::start(&platform, |cfg| keys = Some(cfg.keys.clone())).await;
    let keys = keys.unwrap();
    platform.wait(|o| *o == ReportOutcome::Applied).await;
    let put = |batch: &'static str, path: &'static str| {
        let purpose = TicketPurpose::Upload { resource: "res_1".into(), batch: batch.into() };
        node.call("provider", purpose, "PUT", path, b"citizen_id,district,secret\n1,A,x\n".to_vec())
    };
    assert_eq!(put("bat_1", "/data/v1/batches/bat_1").await.0, 200);
    let id = keys.find("resource", "res_1").unwrap();
    keys.destroy(&id).unwrap();
    assert_eq!(code(&put("bat_2", "/data/v1/batches/bat_2").await), "resource-withdrawn");
    assert!(keys.find("resource", "res_1").is_none(), "a new key was made");
    node.stop().await;
}

/// An upload that comes, or ends, after its resource was taken away leaves neither records nor a key.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_supplied_to_a_resource_that_was_taken_away() {
    let platform = Platform::start(Arc::new(World::new())).await;
    platform.give(platform.world.order(1, "case_1", platform.world.resource()));
    let node = Node::start(&platform, |_| {}).await;
    platform.wait(|o| *o == ReportOutcome::Applied).await;
    let put = |batch: &'static str, path: &'static str| {
        let purpose = TicketPurpose::Upload { resource: "res_1".into(), batch: batch.into() };
        node.call("provider", purpose, "PUT", path, b"citizen_id,district,secret\n1,A,x\n".to_vec())
    };
    assert_eq!(put("bat_1", "/data/v1/batches/bat_1").await.0, 200);
    platform.give(platform.world.order(2, "case_2", withdraw()));
    platform.wait(|o| matches!(o, ReportOutcome::ResourceDestroyed { .. })).await;
    assert_eq!(code(&put("bat_2", "/data/v1/batches/bat_2").await), "resource-withdrawn");
    node.stop().await;
    let w = &platform.world;
    assert!(!w.dir.path().join("zone/objects/res/res_1").exists());
    // The same for one whose records were in before the order: what is left of it goes.
    let core = w.core();
    let batch = sealed::objects(&core).join("res/res_1/bat_3");
    fs::create_dir_all(&batch).unwrap();
    let key = core.key(RESOURCE_KEY, "res_1").unwrap();
    resources::drop_batch(&core, &"res_1".into(), "bat_3").unwrap();
    assert!(!batch.exists());
    assert!(matches!(core.cfg.keys.data_key(&key), Err(CryptoError::DestroyedKey)));
}

/// A withdrawal that comes while a sealing is looked at, or under way, has the last word: nothing is said of a sealing, and
/// the keys and records go.
#[test]
fn a_withdrawal_overtakes_a_sealing_that_is_under_way() {
    let w = World::new();
    let core = with_job(&w);
    let _pads = pads(&w, 1);
    let (of, late) = (stop("under_dispute"), w.order(4, "case_4", Effect::Seal(stop("under_dispute"))));
    assert_eq!(take_order(&core, &late).unwrap(), Taken::Applied);
    let seen = core.read(pending);
    assert_eq!(take_order(&core, &w.order(5, "case_5", withdraw())).unwrap(), Taken::Applied);
    settle(&core, seen.clone(), &BTreeSet::new()).unwrap();
    assert_eq!(how(&core), Some(How::Withdrawing(None)), "what was looked at before is left alone");
    // As if it had been under way.
    resources::seal(&core, &of, seen[0].bound.as_ref().unwrap()).unwrap();
    assert_eq!(how(&core), Some(How::Withdrawing(None)));
    assert!(outcomes(&core).iter().all(|o| !matches!(o, ReportOutcome::ResourceSealed { .. })));
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(how(&core), Some(How::Withdrawn));
    assert!(!sealed::objects(&core).join("res/res_1").exists());
    assert!(matches!(outcomes(&core).last(), Some(ReportOutcome::ResourceDestroyed { keys, .. }) if keys.len() == 1));
    let alive = |k: &crypto::KeyInfo| k.purpose == RESOURCE_KEY && k.state != crypto::KeyState::Destroyed;
    assert_eq!(core.cfg.keys.list().iter().filter(|k| alive(k)).count(), 0);
}
