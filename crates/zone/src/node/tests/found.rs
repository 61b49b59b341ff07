//! A zone that is put back to a state from before a resource was withdrawn, sealed or unsealed: what its keys still tell.

use super::resources::{copy, finished, how, outcomes, pads, stop, with_job, withdraw};
use super::rotate::{OBJECTS, read};
use super::world::World;
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use crate::node::error::NodeError;
use crate::node::found::{RESTORED, reconcile};
use crate::node::resources::{How, pending, settle, unseal, usable};
use crate::node::sealed;
use crate::node::state::Phase;
use crypto::CryptoError;
use model::order::{Effect, JobSpec, ReportOutcome};
use model::record::ResourceDeed;
use std::collections::BTreeSet;
use std::fs;

/// What a backup holds: folder and log, without the ring, which is not in it.
const KEPT: [&str; 2] = ["zone", "log"];

fn back_up(w: &World) {
    for folder in KEPT {
        copy(&w.dir.path().join(folder), &w.dir.path().join("backup").join(folder));
    }
}

fn restore(w: &World) -> Core {
    for folder in KEPT {
        fs::remove_dir_all(w.dir.path().join(folder)).unwrap();
        copy(&w.dir.path().join("backup").join(folder), &w.dir.path().join(folder));
    }
    let core = w.core();
    reconcile(&core).unwrap();
    core
}

fn refused(w: &World, core: &Core, seq: u64, effect: Effect) -> (String, String, String) {
    assert_eq!(take_order(core, &w.order(seq, &format!("case_{seq}"), effect)).unwrap(), Taken::Refused);
    let Some(ReportOutcome::Refused { refusal }) = outcomes(core).pop() else { panic!() };
    assert!(!refusal.zh.is_empty() && !refusal.en.is_empty());
    (refusal.code, refusal.rule, refusal.article)
}

/// Both kinds, from a state with an open job and a result that nobody released yet.
#[tokio::test]
async fn what_was_taken_away_after_a_backup_stays_away() {
    for (effect, deed, code, rule) in [
        (withdraw(), ResourceDeed::Destroyed, "resource-withdrawn", "ZONE-RESOURCE-4"),
        (Effect::Seal(stop("under_dispute")), ResourceDeed::Sealed, "resource-sealed", "ZONE-RESOURCE-5"),
    ] {
        let w = World::new();
        let core = with_job(&w);
        pads(&w, 1);
        let Effect::Job(spec) = w.job("job_2") else { panic!() };
        let second = Effect::Job(JobSpec { product: "prod_2".into(), ..spec.clone() });
        assert_eq!(take_order(&core, &w.order(4, "case_4", second)).unwrap(), Taken::Applied);
        let result = finished(&w, &core, "job_2");
        drop(core);
        back_up(&w);
        let core = w.core();
        reconcile(&core).unwrap();
        let before = core.read(|s| (s.report_seq, s.leaves));
        assert_eq!(how(&core), None, "nothing is found where nothing happened");
        assert_eq!(take_order(&core, &w.order(5, "case_5", effect)).unwrap(), Taken::Applied);
        settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
        core.log_ready().await.unwrap();
        drop(core);

        let core = restore(&w);
        let found = outcomes(&core).pop();
        assert!(
            matches!(&found, Some(ReportOutcome::ResourceFound { deed: d, keys, .. }) if *d == deed && keys.len() == 1),
            "{found:?}"
        );
        assert_eq!(core.read(|s| s.report_seq), before.0 + 2, "the open job failed, and the platform is told");
        let failed = core.read(|s| s.jobs[&"job_1".into()].phase.clone());
        assert!(matches!(failed, Phase::Failed(refusal) if refusal.code == code));
        let said = core.read(|s| usable(s, &"res_1".into())).unwrap_err();
        assert_eq!((said.code.as_str(), said.rule.as_str(), said.article.as_str()), (code, rule, "7.7"));
        let want = (code.to_owned(), rule.to_owned(), "7.7".to_owned());
        let job = Effect::Job(JobSpec { job: "job_3".into(), product: "prod_3".into(), ..spec });
        for (seq, effect) in [(5, job), (6, w.resource()), (7, Effect::Release(result))] {
            assert_eq!(refused(&w, &core, seq, effect), want, "order {seq}");
        }
        assert_eq!(sealed::objects(&core).join("res/res_1").exists(), deed == ResourceDeed::Sealed);
        let told = core.read(|s| s.report_seq);
        reconcile(&core).unwrap();
        settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
        assert_eq!(core.read(|s| s.report_seq), told, "once");
        core.log_ready().await.unwrap();
        drop(core);
        w.verify_log();
    }
}

/// A sealing that was found is opened again like any other: by an order and the two keepers.
#[tokio::test]
async fn what_was_found_sealed_is_unsealed_by_an_order_and_its_keepers() {
    let w = World::new();
    let core = with_job(&w);
    let (records, pads) = (read(&core, OBJECTS[2]).unwrap(), pads(&w, 1));
    drop(core);
    back_up(&w);
    let core = w.core();
    assert_eq!(take_order(&core, &w.order(4, "case_4", Effect::Seal(stop("under_dispute")))).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    drop(core);
    let core = restore(&w);
    assert_eq!(take_order(&core, &w.order(4, "case_9", Effect::Unseal(stop("settled")))).unwrap(), Taken::Applied);
    drop(core);
    assert_eq!(unseal(w.config("http://127.0.0.1:1"), &"res_1".into(), &pads).await.unwrap(), 1);
    let core = w.core();
    assert_eq!((how(&core), read(&core, OBJECTS[2]).unwrap()), (None, records));
}

/// Nobody here knows of the unsealing: the resource is sealed, and its key goes back under a sealing key once there is one.
#[tokio::test]
async fn what_was_unsealed_after_a_backup_is_sealed_again() {
    let w = World::new();
    let core = with_job(&w);
    let first = pads(&w, 1);
    assert_eq!(take_order(&core, &w.order(4, "case_4", Effect::Seal(stop("under_dispute")))).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    drop(core);
    back_up(&w);
    let core = w.core();
    assert_eq!(take_order(&core, &w.order(5, "case_5", Effect::Unseal(stop("settled")))).unwrap(), Taken::Applied);
    drop(core);
    unseal(w.config("http://127.0.0.1:1"), &"res_1".into(), &first).await.unwrap();

    let core = restore(&w);
    assert_eq!(how(&core), Some(How::Sealed));
    assert!(read(&core, OBJECTS[2]).is_ok(), "there is no sealing key yet");
    assert_eq!(refused(&w, &core, 5, w.job("job_2")).0, "resource-sealed", "refused all the same");
    drop(core);
    pads(&w, 1);
    let core = w.core();
    reconcile(&core).unwrap();
    assert!(matches!(read(&core, OBJECTS[2]), Err(CryptoError::SealedKey)));
    core.log_ready().await.unwrap();
    drop(core);
    w.verify_log();
}

/// Two people may have taken an unsealing back since the backup: after a restore it is decided anew, once.
#[tokio::test]
async fn an_unsealing_from_before_a_restore_is_decided_anew() {
    let w = World::new();
    let core = with_job(&w);
    let pads = pads(&w, 1);
    assert_eq!(take_order(&core, &w.order(4, "case_4", Effect::Seal(stop("under_dispute")))).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert_eq!(take_order(&core, &w.order(5, "case_5", Effect::Unseal(stop("settled")))).unwrap(), Taken::Applied);
    drop(core);
    back_up(&w);
    fs::write(w.dir.path().join("backup/zone").join(RESTORED), b"").unwrap();

    let core = restore(&w);
    assert_eq!(how(&core), Some(How::Sealed));
    let Some(ReportOutcome::Refused { refusal }) = outcomes(&core).pop() else { panic!() };
    assert_eq!((refusal.code.as_str(), refusal.article.as_str()), ("unsealing-before-restore", "19.1"));
    let reports = core.read(|s| s.report_seq);
    reconcile(&core).unwrap();
    assert_eq!(core.read(|s| s.report_seq), reports, "once");
    core.log_ready().await.unwrap();
    drop(core);
    let again = unseal(w.config("http://127.0.0.1:1"), &"res_1".into(), &pads).await;
    assert!(matches!(again, Err(NodeError::NotOrdered)), "{again:?}");

    let core = w.core();
    assert_eq!(take_order(&core, &w.order(6, "case_6", Effect::Unseal(stop("settled")))).unwrap(), Taken::Applied);
    reconcile(&core).unwrap();
    assert_eq!(how(&core), Some(How::Unsealing), "no restore since");
    drop(core);
    assert_eq!(unseal(w.config("http://127.0.0.1:1"), &"res_1".into(), &pads).await.unwrap(), 1);
    w.verify_log();
}
