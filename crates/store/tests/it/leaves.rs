//! Leaves: chains per case, indices without gap or duplicate, refusals that stay.

use crate::things::{Thing, draft};
use crate::{Bench, both, sequence};
use store::{Leaf, Outcome, StoreError};

both!(
    chain_per_case_holds_under_concurrency,
    refused_command_keeps_its_leaf_and_nothing_else,
    rolled_back_leaf_leaves_no_gap_in_its_case,
    changed_leaf_is_found_before_it_is_numbered,
    replay_gives_the_same_bytes
);

fn hash_of(leaf: &Leaf) -> String {
    let bytes = crypto::canonical(leaf).unwrap();
    crypto::HashAlg::Sm3.hash(&[&[0u8], &bytes[..]].concat()).to_string()
}

fn assert_chained(leaves: &[Leaf]) {
    let mut prev = None;
    for (i, leaf) in leaves.iter().enumerate() {
        assert_eq!(leaf.case_seq, Some(i as u64 + 1));
        assert_eq!(leaf.prev, prev);
        prev = Some(hash_of(leaf));
    }
}

async fn chain_per_case_holds_under_concurrency(b: Bench) {
    let (one, two) = (b.open().await, b.open().await);
    let tasks = (0..60i64).map(|i| {
        let store = if i % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move {
            let case = format!("case_{}", i % 3);
            let mut tx = store.begin().await.unwrap();
            tx.append_leaf(draft(Some(&case), "first", i)).await.unwrap();
            tx.append_leaf(draft(None, "no_case", i)).await.unwrap();
            tx.append_leaf(draft(Some(&case), "second", i)).await.unwrap();
            tx.commit().await.unwrap();
        })
    });
    for t in tasks.collect::<Vec<_>>() {
        t.await.unwrap();
    }
    for case in ["case_0", "case_1", "case_2"] {
        let leaves = one.case_leaves(case).await.unwrap();
        assert_eq!(leaves.len(), 40);
        assert_chained(&leaves);
        let mut tx = one.begin().await.unwrap();
        assert_eq!(tx.case_head(case).await.unwrap(), Some((40, hash_of(&leaves[39]))));
    }
    assert_eq!(one.leaf_counts().await.unwrap(), (180, 180));
}

async fn refused_command_keeps_its_leaf_and_nothing_else(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.put(&Thing::new("half-done", 1)).await.unwrap();
    tx.append_leaf(draft(Some("case_a"), "apply", 1)).await.unwrap();
    tx.undo().await.unwrap();
    let mut refusal = draft(Some("case_a"), "apply", 1);
    refusal.outcome = Outcome::Refused;
    refusal.rule = Some("WX-11.2".into());
    tx.append_leaf(refusal).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.get::<Thing>("half-done").await.unwrap().is_none());
    let leaves = store.case_leaves("case_a").await.unwrap();
    assert_eq!(leaves.len(), 1);
    assert_eq!((leaves[0].outcome, leaves[0].case_seq), (Outcome::Refused, Some(1)));
}

async fn rolled_back_leaf_leaves_no_gap_in_its_case(b: Bench) {
    let store = b.open().await;
    for i in 0..6 {
        let mut tx = store.begin().await.unwrap();
        tx.append_leaf(draft(Some("case_a"), "step", i)).await.unwrap();
        if i % 2 == 0 { drop(tx) } else { tx.commit().await.unwrap() }
    }
    let leaves = store.case_leaves("case_a").await.unwrap();
    assert_eq!(leaves.iter().map(|l| l.at).collect::<Vec<_>>(), [1, 3, 5]);
    assert_chained(&leaves);
}

async fn changed_leaf_is_found_before_it_is_numbered(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.append_leaf(draft(Some("case_a"), "step", 1)).await.unwrap();
    tx.append_leaf(draft(Some("case_a"), "step", 2)).await.unwrap();
    tx.commit().await.unwrap();
    // Somebody with the database but without the key: triggers off, one leaf's bytes exchanged, hash made to fit.
    let mut forged = store.case_leaves("case_a").await.unwrap().remove(1);
    forged.actor = Some("per_b".into());
    let bytes: String = crypto::canonical(&forged).unwrap().iter().map(|b| format!("{b:02x}")).collect();
    let hash = hash_of(&forged);
    let (off, value) = match b.cluster {
        Some(_) => ("SET session_replication_role = replica;", format!("decode('{bytes}', 'hex')")),
        None => ("DROP TRIGGER leaf_no_update;", format!("X'{bytes}'")),
    };
    let (done, words) =
        b.past_the_program(&format!("{off} UPDATE leaf SET bytes = {value}, hash = '{hash}' WHERE case_seq = 2;"));
    assert!(done, "{words}");
    let tampered =
        |r: Result<(), StoreError>| assert!(matches!(r, Err(StoreError::Tampered { table: "leaf", .. })), "{r:?}");
    tampered(sequence(&store, 10).await.map(drop));
    tampered(store.case_leaves("case_a").await.map(drop));
    let mut tx = store.begin().await.unwrap();
    tampered(tx.append_leaf(draft(Some("case_a"), "step", 3)).await.map(drop));
    assert_eq!(store.leaf_counts().await.unwrap(), (2, 2), "nothing was numbered");
}

async fn replay_gives_the_same_bytes(b: Bench) {
    let store = b.open().await;
    for i in 0..9 {
        let mut tx = store.begin().await.unwrap();
        tx.append_leaf(draft((i % 2 == 0).then_some("case_a"), "step", i)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut first = sequence(&store, 4).await.unwrap();
    first.extend(sequence(&store, 100).await.unwrap());
    assert_eq!(first.len(), 9);
    assert_eq!(sequence(&store, 100).await.unwrap(), []);
    drop(store);
    let store = b.open().await;
    assert_eq!(store.leaves_from(0, 100).await.unwrap(), first);
    assert_eq!(store.leaves_from(5, 2).await.unwrap(), first[5..7]);
    assert_eq!(first.iter().map(|(i, _)| *i).collect::<Vec<_>>(), (0..9).collect::<Vec<_>>());
}
