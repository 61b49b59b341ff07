//! Evidence rebuilt by somebody who gains from another story.

use crate::story::{CASE, PRODUCT, Plan, Story, authorisation, check, quorum, what};
use crate::support::{World, key, signed};
use audit::LogName::Platform;
use audit::evidence::verify;
use crypto::Suite;
use serde_json::{Value, json};

fn position(b: &Value, kind: &str) -> usize {
    b["statements"].as_array().unwrap().iter().position(|s| s["type"] == kind).unwrap()
}

/// An approval is swapped for another one by the same person, validly signed.
#[test]
fn swapped_act() {
    let story = Story::write(Suite::Gm, Plan::default());
    for who in 0..story.acts.len() {
        let mut body = story.acts[who]["body"].clone();
        body["step"] = json!("something else");
        let person = body["person"].as_str().unwrap().trim_start_matches("person-").parse::<usize>().unwrap();
        let other = signed(&story.people[person], "act", body);
        let mut swapped = Story::write(Suite::Gm, Plan::default());
        swapped.acts[who] = other;
        let bytes = swapped.builder().build(3_000, &swapped.world.platform).unwrap();
        assert_eq!(what(&bytes, &story.trust()), "not_recorded");
    }
}

/// As before, but the platform also writes its log anew, all later leaves included, and signs it with its listed keys.
#[test]
fn swapped_act_in_a_rewritten_log() {
    let honest = Story::write(Suite::Gm, Plan::default());
    let mut acts = honest.acts.clone();
    let mut body = acts[1]["body"].clone();
    body["documents"] = json!(Suite::Gm.hash(b"other documents").to_string());
    acts[1] = signed(&honest.people[1], "act", body);
    let forged = Story::write(Suite::Gm, Plan { acts, ..Plan::default() });
    assert_eq!(what(&forged.evidence(), &honest.trust()), "head", "the people who acted later bind what they saw");
}

/// A leaf of the case is left out of the file.
#[test]
fn dropped_leaf() {
    let story = Story::write(Suite::Gm, Plan::default());
    for log in ["platform", "zone"] {
        let count = story.evidence_leaves(log);
        for n in 0..count {
            let bytes = story.reseal(|b| drop(b["logs"][log]["leaves"].as_array_mut().unwrap().remove(n)));
            assert!(!check(&bytes, &story.trust()).valid, "{log} {n}");
        }
        let bytes = story.reseal(|b| b["logs"][log]["leaves"] = json!([]));
        assert!(!check(&bytes, &story.trust()).valid, "{log}");
    }
    let bytes = story.reseal(|b| drop(b["logs"].as_object_mut().unwrap().remove("zone")));
    assert!(!check(&bytes, &story.trust()).valid);
}

impl Story {
    fn evidence_leaves(&self, log: &str) -> usize {
        let file: Value = serde_json::from_slice(&self.evidence()).unwrap();
        file["body"]["logs"][log]["leaves"].as_array().unwrap().len()
    }
}

/// A leaf is dropped, every later leaf chained anew, orders, log and evidence signed with the platform's own listed
/// keys, with the zone's reports kept, and also with a zone that helps. The people's acts bind the old heads.
#[test]
fn dropped_leaf_in_a_rewritten_log() {
    let honest = Story::write(Suite::Gm, Plan::default());
    for drop in ["case_opened", "act_0", "review_doubted"] {
        for reports in [honest.reports.clone(), Vec::new()] {
            let acts = honest.acts.clone();
            let forged = Story::write(Suite::Gm, Plan { drop: Some(drop), acts, reports, ..Plan::default() });
            assert_eq!(forged.trust(), honest.trust());
            let code = what(&forged.evidence(), &honest.trust());
            let expected: &[&str] = if drop == "act_0" { &["not_recorded", "head"] } else { &["head"] };
            assert!(expected.contains(&code.as_str()), "{drop}: {code}");
        }
    }
}

/// Everything is signed anew under keys of the forger's own.
#[test]
fn new_root() {
    let honest = Story::write(Suite::Gm, Plan::default());
    let mut world = World::new(Suite::Gm);
    (world.root, world.platform, world.platform_log) = (key(Suite::Gm, 91), key(Suite::Gm, 92), key(Suite::Gm, 94));
    let forged = Story::write_in(world, Plan::default());
    let bytes = forged.evidence();
    assert!(verify(&bytes, None, &quorum).valid, "consistent in itself");
    assert_eq!(what(&bytes, &honest.trust()), "other_root");
    // The honest root's key is claimed, the lists are the forger's.
    let bytes = forged.reseal(|b| b["root"] = json!(honest.world.root.public().to_string()));
    assert!(!check(&bytes, &honest.trust()).valid);
    let bytes = forged.reseal(|b| {
        b["root"] = json!(honest.world.root.public().to_string());
        b["trust_digest"] = json!(null);
    });
    assert!(!check(&bytes, &honest.trust()).valid);
}

/// A key list that revokes a key is left out.
#[test]
fn older_key_list() {
    let mut story = Story::write(Suite::Gm, Plan::default());
    let entries = story.world.key_list(1, &[]);
    drop(entries);
    let mut entries: Vec<Value> = {
        let list = std::fs::read(story.world.logs().join("keys/1.json")).unwrap();
        let list: Value = serde_json::from_slice(&list).unwrap();
        list["body"]["entries"].as_array().unwrap().clone()
    };
    entries[4]["revoked_at"] = json!(5_000);
    story.world.publish(2, &entries);
    story.checkpoints();
    assert!(check(&story.evidence(), &story.trust()).valid, "revoked only after it signed");
    let bytes = story.reseal(|b| drop(b["key_lists"].as_array_mut().unwrap().pop()));
    assert_eq!(what(&bytes, &story.trust()), "key_list");
    // Revoked before it signed: no act of it counts any more.
    let mut story = Story::write(Suite::Gm, Plan::default());
    entries[4]["revoked_at"] = json!(900);
    story.world.publish(2, &entries);
    story.checkpoints();
    assert_eq!(what(&story.evidence(), &story.trust()), "key");
}

/// Somebody signs with a revoked key, with the true time or an earlier one.
#[test]
fn signed_after_revocation() {
    for at in [0, -500] {
        let mut story = Story::write(Suite::Gm, Plan { at, ..Plan::default() });
        let list = std::fs::read(story.world.logs().join("keys/1.json")).unwrap();
        let list: Value = serde_json::from_slice(&list).unwrap();
        let mut entries = list["body"]["entries"].as_array().unwrap().clone();
        entries[5]["revoked_at"] = json!(800);
        story.world.publish(2, &entries);
        story.checkpoints();
        assert_eq!(what(&story.evidence(), &story.trust()), "key", "{at}");
    }
    // Long before the head it binds, or after the leaf that records it.
    for at in [-700_000, 700_000] {
        let story = Story::write(Suite::Gm, Plan { at, ..Plan::default() });
        let code = what(&story.evidence(), &story.trust());
        assert!(["time", "key"].contains(&code.as_str()), "{code}");
    }
}

/// Statements by a key that is listed, but for something else.
#[test]
fn signed_by_the_wrong_kind_of_key() {
    let story = Story::write(Suite::Gm, Plan::default());
    let (world, acts) = (&story.world, &story.acts);
    let by = |k: &crypto::SigningKey| signed(k, "act", acts[0]["body"].clone());
    for key in [&world.platform, &world.zone, &story.people[1], &world.root, &world.platform_log] {
        let mut acts = acts.clone();
        acts[0] = by(key);
        let forged = Story::write(Suite::Gm, Plan { acts, ..Plan::default() });
        let code = what(&forged.evidence(), &story.trust());
        assert!(["holder", "key", "head"].contains(&code.as_str()), "{code}");
    }
}

/// An order whose approvals are not the acts that were recorded, or too few.
#[test]
fn approvals_of_an_order() {
    let story = Story::write(Suite::Gm, Plan::default());
    let bytes = story.reseal(|b| {
        let n = position(b, "act");
        b["statements"].as_array_mut().unwrap().remove(n);
    });
    assert!(!check(&bytes, &story.trust()).valid);
    let only_one = verify(&story.evidence(), Some(&story.trust()), &|order, acts, list| {
        if order.body["effect"]["object"]["product"] == PRODUCT { quorum(order, &acts[..1], list) } else { Ok(()) }
    });
    assert_eq!(only_one.failure.unwrap().what, "quorum");
}

/// Valid votes on another artefact are put under a release.
#[test]
fn approvals_about_something_else() {
    let story = Story::write(Suite::Gm, Plan { other_vote: true, ..Plan::default() });
    assert_eq!(what(&story.evidence(), &story.trust()), "approval");
}

/// The file is sealed by a key that does not seal evidence.
#[test]
fn sealed_by_another() {
    let story = Story::write(Suite::Gm, Plan::default());
    for key in [&story.world.zone, &story.people[0], &key(Suite::Gm, 90)] {
        assert_eq!(what(&story.builder().build(3_000, key).unwrap(), &story.trust()), "seal");
    }
}

/// A log that another log has seen with another history.
#[test]
fn anchors_hold_both_logs() {
    let story = Story::write(Suite::Gm, Plan::default());
    let bytes = story.reseal(|b| b["anchors"][0]["proof"] = json!(["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]));
    assert_eq!(what(&bytes, &story.trust()), "anchor");
    let bytes = story.reseal(|b| b["anchors"] = json!([]));
    assert_eq!(what(&bytes, &story.trust()), "anchor");
    // The zone's checkpoint of an honest day beside a platform log written anew.
    let forged = Story::write(Suite::Gm, Plan { drop: Some("review_doubted"), ..Plan::default() });
    let honest: Value = serde_json::from_slice(&story.evidence()).unwrap();
    let bytes = forged.reseal(|b| b["logs"]["zone"] = honest["body"]["logs"]["zone"].clone());
    assert_eq!(what(&bytes, &story.trust()), "anchor");
    assert_eq!((CASE, Platform.as_str()), ("case-x", "platform"));
}

/// The zone's lease is the platform's word: without the order that brought the authorisation, with its approvals, nobody
/// knows that it was granted, to whom and over what.
#[test]
fn an_authorisation_that_nobody_granted() {
    let told = |authorised: Value| {
        let plan = Plan { authorised: Some(authorised), ..Plan::default() };
        let story = Story::write(Suite::Gm, plan);
        what(&story.evidence(), &story.trust())
    };
    let with = |member: &str, value: Value| {
        let mut object = authorisation();
        object[member] = value;
        told(object)
    };
    assert_eq!(told(Value::Null), "incomplete");
    assert_eq!(with("authorisation", json!("auth-2")), "incomplete");
    assert_eq!(with("operator", json!("org-2")), "incomplete");
    assert_eq!(with("operator", Value::Null), "incomplete");
    assert_eq!(with("resources", json!({})), "release");
    assert_eq!(with("resources", Value::Null), "release");
    assert_eq!(with("resources", json!({"resource-1": "org-3"})), "release");
    let story = Story::write(Suite::Gm, Plan { authorised: Some(authorisation()), ..Plan::default() });
    assert!(check(&story.evidence(), &story.trust()).trusted);
    // People signed each of them, but the zone took none: they prove nothing.
    for effect in ["resource", "authorise", "grant", "job", "release"] {
        let story = Story::write(Suite::Gm, Plan { refused: Some(effect), ..Plan::default() });
        assert_eq!(what(&story.evidence(), &story.trust()), "incomplete", "{effect}");
    }
    // Left out of the file only: the log's own leaf asks for it.
    let bytes = story.reseal(|b| {
        let all = b["statements"].as_array_mut().unwrap();
        all.retain(|s| s["body"]["effect"]["effect"] != "authorise");
    });
    assert_eq!(what(&bytes, &story.trust()), "statement_missing");
}
