//! Copies of keys outside the zone's folder, and how much of a journal goes with a copy of the platform's database.

use super::live::{Node, Platform};
use super::world::World;
use crate::node::config::KeyCustody;
use crate::node::effects::take_order;
use crate::node::journal_facts;
use model::order::{Effect, ReportOutcome};
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

#[derive(Default)]
struct Custody {
    reachable: AtomicBool,
    asked: AtomicU64,
}

impl KeyCustody for Custody {
    fn forget(&self) -> io::Result<()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.reachable.load(Ordering::SeqCst) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn kept(&self, _: &str, _: &str) -> io::Result<Vec<crypto::KeyId>> {
        self.forget().map(|()| Vec::new())
    }

    fn renew(&self) -> io::Result<()> {
        self.forget()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destruction_waits_for_the_custody() {
    let platform = Platform::start(Arc::new(World::new())).await;
    let (w, custody) = (platform.world.clone(), Arc::new(Custody::default()));
    let held = Arc::clone(&custody);
    let node = Node::start(&platform, move |cfg| cfg.custody = Some(held)).await;
    platform.give(w.order(1, "case_1", w.resource()));
    platform.give(w.order(2, "case_2", w.grant()));
    platform.give(w.order(3, "case_3", Effect::Destroy(w.stop())));
    while custody.asked.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = |o: &ReportOutcome| matches!(o, ReportOutcome::Destroyed { .. });
    let early = tokio::time::timeout(Duration::from_millis(600), platform.wait(told)).await;
    assert!(early.is_err(), "a destruction was reported while a copy of its keys was there");
    platform.wait(|o| matches!(o, ReportOutcome::Waits { refusal } if refusal.code == "custody-away")).await;
    custody.reachable.store(true, Ordering::SeqCst);
    platform.wait(told).await;
    node.stop().await;
}

#[test]
fn a_journal_is_cut_before_the_first_order_that_the_platform_does_not_know() {
    let w = World::new();
    let core = w.enrolled();
    for (seq, case, effect) in [
        (1, "case_1", w.resource()),
        (2, "case_2", w.grant()),
        (3, "case_3", w.job("job_1")),
        (4, "case_4", Effect::Suspend(w.stop())),
    ] {
        take_order(&core, &w.order(seq, case, effect)).unwrap();
    }
    let (frames, leaves, reports) = core.read(|s| (s.order_seq, s.leaves, s.report_seq));
    drop(core);
    let (path, trust) = (w.dir.path().join("zone/journal"), w.config("http://127.0.0.1:1").trust);
    let facts = |last| journal_facts(&path, trust.suite, &trust.deployment, last).unwrap();
    let whole = facts(None);
    assert_eq!((whole.order_seq, whole.leaves, whole.report_seq), (frames, leaves, reports));
    assert_eq!((whole.len, whole), (fs::metadata(&path).unwrap().len(), facts(Some(4))));
    let cut = facts(Some(2));
    assert_eq!(cut.order_seq, 2);
    assert!(cut.len < whole.len && cut.frames < whole.frames);
    // The beginning is a journal: a node opens it and stands where it says.
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..usize::try_from(cut.len).unwrap()]).unwrap();
    assert_eq!(facts(None), cut);
    // A torn frame at the end is left out; damage in the middle is none of a backup's to take.
    fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    assert!(facts(None).len < whole.len);
    let mut damaged = bytes;
    damaged[60] ^= 1;
    fs::write(&path, damaged).unwrap();
    assert!(journal_facts(&path, trust.suite, &trust.deployment, None).is_err());
}
