//! What of the platform's log the zone anchors.

use super::live::{Node, Platform};
use super::world::World;
use std::sync::Arc;

/// A log of the platform in a folder, of leaves that a letter tells apart, and its checkpoint.
fn platform_log(w: &World, name: &str, leaves: &str) -> (std::path::PathBuf, String) {
    let (folder, state) = (w.dir.path().join(name), w.dir.path().join(format!("{name}-signer")));
    let config = audit::LogConfig::new(
        super::world::DEPLOYMENT,
        audit::LogName::Platform,
        w.suite,
        audit::ClockKind::Simulated,
        &state,
    );
    let mut log = audit::TileLog::open(&folder, config).unwrap();
    let from = usize::try_from(log.size()).unwrap();
    let leaf = |c: char| {
        let leaf = audit::Leaf {
            actor: None,
            article: None,
            at: w.now().0,
            case: None,
            case_seq: None,
            kind: format!("do_{c}"),
            log: audit::LogName::Platform,
            object: None,
            org: None,
            outcome: audit::Outcome::Done,
            prev: None,
            refs: std::collections::BTreeMap::new(),
            rule: None,
            v: 1,
        };
        leaf.encode().unwrap()
    };
    let new: Vec<Vec<u8>> = leaves.chars().skip(from).map(leaf).collect();
    log.append_at(from as u64, &new).unwrap();
    let note = log.checkpoint(w.now().0, &w.platform_log, &[]).unwrap();
    (folder, note)
}

/// Waits until the zone's newest checkpoint anchors so many leaves of the platform's log.
async fn anchored(platform: &Platform, size: u64) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let line = format!("anchor test/platform {size} ");
    while !platform.say(|s| s.checkpoint.as_ref().is_some_and(|c| c.contains(&line))) {
        assert!(std::time::Instant::now() < end, "not anchored at {size}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Some polls long.
async fn polled() {
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
}

/// The zone is a witness of the platform's log: an older one, or another history under the same key, is told by a leaf and
/// never takes the place of what was anchored, also after the zone started anew.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_log_that_grew_out_of_what_was_anchored_is_anchored() {
    let platform = Platform::start(Arc::new(World::new())).await;
    let w = platform.world.clone();
    let (folder, note) = platform_log(&w, "true", "abc");
    platform.say(|s| s.note = Some(note.clone()));
    let node = Node::start(&platform, |_| {}).await;
    anchored(&platform, 3).await;
    let show = |note: String, growth: Vec<String>| platform.say(|s| (s.note, s.growth) = (Some(note), growth));
    let (_, longer) = platform_log(&w, "true", "abcde");
    let proof = audit::growth(&folder, 3).unwrap().1;
    show(longer.clone(), proof.clone());
    anchored(&platform, 5).await;
    // Put back, and grown past the anchor into another history: with the old proof, its own, and none.
    show(note, Vec::new());
    polled().await;
    let (fork, other) = platform_log(&w, "fork", "abcdxyz");
    for growth in [proof, audit::growth(&fork, 5).unwrap().1, Vec::new()] {
        show(other.clone(), growth);
        polled().await;
    }
    node.stop().await;
    let node = Node::start(&platform, |_| {}).await;
    node.linked().await;
    polled().await;
    node.stop().await;
    let mut entries = Vec::new();
    super::folder::collect(&w.dir.path().join("log/zone/entries"), &mut entries);
    let told = String::from_utf8_lossy(&entries).matches("ZONE-LOG-3").count();
    assert!(told >= 3, "put back; another history; and that again after the start: {told}");
    let checkpoint = std::fs::read_to_string(w.dir.path().join("log/zone/checkpoint")).unwrap();
    assert!(checkpoint.contains("anchor test/platform 5 "), "{checkpoint}");
    // What truly grew is anchored again.
    let (folder, true_note) = platform_log(&w, "true", "abcdefg");
    show(true_note, audit::growth(&folder, 5).unwrap().1);
    let node = Node::start(&platform, |_| {}).await;
    anchored(&platform, 7).await;
    node.stop().await;
}
