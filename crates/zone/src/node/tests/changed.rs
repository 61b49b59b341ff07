//! A changed entry of the catalogue: taken where it names what it replaces and leaves the records readable.

use super::jobs::{run_job, with_records};
use super::live::{Node, Platform};
use super::orders::refused;
use super::slow::upload;
use super::world::World;
use crate::node::child::JobOutput;
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use model::order::{Effect, ReportOutcome, ResourceSpec, ZoneReport};
use std::sync::Arc;
use std::time::Duration;

fn held(w: &World) -> ResourceSpec {
    let Effect::Resource(spec) = w.resource() else { panic!() };
    spec
}

/// The entry with another text, which replaces what is held.
fn changed(w: &World, from: &str, to: &str) -> ResourceSpec {
    let old = held(w);
    assert!(old.contract.contains(from));
    let contract = old.contract.replace(from, to);
    ResourceSpec { contract_digest: w.digest(&contract), contract, replaces: Some(old.contract_digest.clone()), ..old }
}

fn seq(core: &Core) -> u64 {
    core.read(|s| s.order_seq) + 1
}

#[test]
fn a_change_names_what_it_replaces_and_keeps_records_readable() {
    let w = World::new();
    let core = with_records(&w, &[("A", 30)]);
    let locked = || changed(&w, "value: DIM", "value: LOCK");
    let take = |case: &str, spec: ResourceSpec| {
        let order = w.order(seq(&core), case, Effect::Resource(spec));
        (core.read(|s| s.resources.values().next().cloned()).map(|r| r.spec.contract_digest), order)
    };
    let unnamed = ResourceSpec { replaces: None, ..locked() };
    let other = ResourceSpec { replaces: Some(w.digest("another")), ..locked() };
    let stolen = ResourceSpec { provider: "org_other".into(), ..locked() };
    let renamed = ResourceSpec { table: "stays".into(), ..changed(&w, "name: visits", "name: stays") };
    let unknown = ResourceSpec { resource: "res_9".into(), ..locked() };
    let retyped = changed(&w, "{name: district, logicalType: string", "{name: district, logicalType: integer");
    let rekeyed = changed(&w, "value: person}]}", "value: enterprise}]}");
    for (n, (code, spec)) in [
        ("object-exists", unnamed),
        ("object-exists", other),
        ("object-exists", stolen),
        ("object-exists", renamed),
        ("object-unknown", unknown),
        ("contract-breaks-records", retyped),
        ("contract-breaks-records", rekeyed),
    ]
    .into_iter()
    .enumerate()
    {
        let (before, order) = take(&format!("case_x{n}"), spec);
        assert_eq!(refused(&core, &order), code, "case {n}");
        assert_eq!(before, Some(held(&w).contract_digest), "nothing changed");
    }
    // A field that goes does not come back as something else.
    let gone = |spec: ResourceSpec| {
        let kept: Vec<&str> = spec.contract.lines().filter(|l| !l.contains("name: secret")).collect();
        let contract = format!("{}\n", kept.join("\n"));
        ResourceSpec { contract_digest: w.digest(&contract), contract, ..spec }
    };
    let without = gone(changed(&w, "value: DIM", "value: DIM"));
    let (_, order) = take("case_7", without.clone());
    assert_eq!(take_order(&core, &order).unwrap(), Taken::Applied);
    let again = |ty: &str| {
        let spec = changed(&w, "{name: secret, logicalType: string", &format!("{{name: secret, logicalType: {ty}"));
        ResourceSpec { replaces: Some(without.contract_digest.clone()), ..spec }
    };
    let (_, order) = take("case_8", again("integer"));
    assert_eq!(refused(&core, &order), "contract-breaks-records");
    let (_, order) = take("case_8b", again("string"));
    assert_eq!(take_order(&core, &order).unwrap(), Taken::Applied);
    let (_, order) = take("case_9", locked());
    assert_eq!(take_order(&core, &order).unwrap(), Taken::Applied);
    assert_eq!(core.read(|s| s.resources[&"res_1".into()].spec.clone()), locked());
    // What is locked now is refused to the job that was ordered before.
    let JobOutput::Refused { refusal } = run_job(&core) else { panic!("a locked field was used") };
    assert_ne!(refusal.code, "zone-broken", "it is the contract that says no");
}

#[test]
fn before_records_are_held_an_entry_may_change_in_any_way_but_its_name() {
    let w = World::new();
    let core = w.enrolled();
    assert_eq!(take_order(&core, &w.order(1, "case_1", w.resource())).unwrap(), Taken::Applied);
    let retyped = changed(&w, "{name: district, logicalType: string", "{name: district, logicalType: integer");
    assert_eq!(take_order(&core, &w.order(2, "case_2", Effect::Resource(retyped))).unwrap(), Taken::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_under_the_contract_before_is_not_kept() {
    let platform = Platform::start(Arc::new(World::new())).await;
    let w = &platform.world;
    platform.give(w.order(1, "case_1", w.resource()));
    let node = Node::start(&platform, |_| ()).await;
    platform.wait(|o| *o == ReportOutcome::Applied).await;
    let rows = || vec!["citizen_id,district,secret\n", "1,A,x\n", "2,B,y\n", "3,C,z\n", "4,D,z\n"];
    let pause = Duration::from_millis(400);
    let retyped = changed(w, "{name: secret, logicalType: string", "{name: secret, logicalType: integer");
    let (answer, ()) = tokio::join!(upload(&node, "bat_1", rows(), pause, false), async {
        tokio::time::sleep(pause).await;
        platform.give(w.order(2, "case_2", Effect::Resource(retyped)));
    });
    assert_eq!(answer, Some(409), "the contract changed while the records came in");
    let stored = |r: &ZoneReport| matches!(r.outcome, ReportOutcome::BatchStored { .. });
    assert!(!platform.reports().iter().any(stored));
    // Nothing of it is in the way of the same batch, taken as the contract says now.
    let numbers = vec!["citizen_id,district,secret\n", "1,A,7\n"];
    assert_eq!(upload(&node, "bat_1", numbers, Duration::ZERO, false).await, Some(200));
    let report = platform.wait(|o| matches!(o, ReportOutcome::BatchStored { .. })).await;
    assert!(matches!(report.outcome, ReportOutcome::BatchStored { rows: 1, .. }));
    node.stop().await;
}
