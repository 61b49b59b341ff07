//! The zone counts the retention of records by its own pack and its own clock, whatever the platform found.

use super::rotate::{OBJECTS, filled, read};
use super::world::{PACK, TwoOrgs, World};
use crate::node::core::Core;
use crate::node::effects::{Taken, take_order};
use crate::node::policy::Policy;
use crate::node::resources::{pending, settle};
use crate::node::sealed;
use model::keylist::KeyHolder;
use model::order::{Effect, ReportOutcome, ResourceStopSpec, WorkOrder};
use model::pack::{Pack, PackText};
use model::{Act, Digest, Refusal, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Months that the pack of the tests keeps records.
const MONTHS: i32 = 6;

/// A shipped pack with a floor of its own; approvals are not what is tested here.
struct Kept(Pack);

impl Policy for Kept {
    fn version(&self) -> String {
        PACK.into()
    }

    fn check_quorum(&self, order: &WorkOrder, acts: &[(Act, KeyHolder)], object: &Digest) -> Result<(), Refusal> {
        TwoOrgs.check_quorum(order, acts, object)
    }

    fn check_retention(&self, supplied: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        Policy::check_retention(&self.0, supplied, now)
    }

    fn number(&self, _: &str) -> Option<i64> {
        None
    }
}

fn texts(folder: &Path, below: &str, out: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            texts(&path, &format!("{name}/"), out);
        } else {
            out.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

fn kept() -> Pack {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let layer = |name: &str| {
        let mut files = BTreeMap::new();
        texts(&packs.join(name), "", &mut files);
        if name == "wuxi" {
            let floor = format!(
                "\n[\"retention.resource_months\"]\nvalue = {MONTHS}\nsource = \"WX-19.1\"\nstatus = \"explicit\"\n"
            );
            files.get_mut("parameters.toml").unwrap().push_str(&floor);
        }
        PackText { layer: name.to_owned(), files }
    };
    Pack::load(&["product", "national", "wuxi"].map(layer)).unwrap()
}

fn open(w: &World) -> Core {
    let mut cfg = w.config("http://127.0.0.1:1");
    cfg.pack = Arc::new(Kept(kept()));
    let core = Core::open(cfg).unwrap();
    core.time.set_offset(0);
    core
}

fn withdraw() -> Effect {
    Effect::Withdraw(ResourceStopSpec {
        resource: "res_1".into(),
        provider: "org_provider".into(),
        ground: "provider_withdraws".into(),
        article: "19.1".into(),
    })
}

/// A platform that lies about the time of the last supply, with approvals of people it deceived.
#[test]
fn an_order_that_comes_too_early_destroys_nothing() {
    let w = World::new();
    let supplied = w.now();
    drop(filled(&w));
    let core = open(&w);
    assert_eq!(take_order(&core, &w.order(2, "case_2", withdraw())).unwrap(), Taken::Refused);
    let said = core.read(|s| s.outbox.back().map(|r| r.body.outcome.clone()));
    let Some(ReportOutcome::Refused { refusal }) = said else { panic!("{said:?}") };
    assert_eq!(
        (refusal.code.as_str(), refusal.rule.as_str(), refusal.article.as_str()),
        ("retention-floor", "WX-19.1", "19")
    );
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert!(read(&core, OBJECTS[2]).is_ok(), "nothing is touched");
    // The day before, and after the folder was opened anew: the journal says when records were stored.
    let until = supplied.plus_months(MONTHS);
    w.shift.store(until.0 - w.now().0 - 86_400_000, Ordering::SeqCst);
    drop(core);
    let core = open(&w);
    assert_eq!(take_order(&core, &w.order(3, "case_3", withdraw())).unwrap(), Taken::Refused);
    // A minute after: six months from the last supply.
    w.shift.fetch_add(86_400_000 + 60_000, Ordering::SeqCst);
    assert_eq!(take_order(&core, &w.order(4, "case_4", withdraw())).unwrap(), Taken::Applied);
    settle(&core, core.read(pending), &BTreeSet::new()).unwrap();
    assert!(!sealed::objects(&core).join("res/res_1").exists());
}

/// Where nothing was ever supplied there is nothing to keep.
#[test]
fn a_resource_without_records_may_go() {
    let w = World::new();
    drop(w.enrolled());
    let core = open(&w);
    take_order(&core, &w.order(1, "case_1", w.resource())).unwrap();
    assert_eq!(take_order(&core, &w.order(2, "case_2", withdraw())).unwrap(), Taken::Applied);
}
