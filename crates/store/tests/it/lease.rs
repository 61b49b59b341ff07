//! Leases and their tokens: of two processes on one database one works, and one that was paused for longer than its term
//! finds out in the transaction that would have done the work.

use crate::things::draft;
use crate::{Bench, both};
use std::collections::BTreeMap;
use std::time::Duration;
use store::{Leaf, Store, StoreError};

both!(
    a_lease_is_one_holders_until_its_term_ends,
    two_sequencers_never_both_give_indices,
    a_paused_sequencer_is_fenced_off,
    a_lease_lost_within_the_transaction_undoes_it
);

const TERM: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(20);

async fn a_lease_is_one_holders_until_its_term_ends(b: Bench) {
    let (one, two) = (b.open().await, b.open().await);
    let first = one.take_lease("sequencer", "a", TERM).await.unwrap().unwrap();
    assert_eq!(two.take_lease("sequencer", "b", TERM).await.unwrap(), None);
    one.renew_lease(&first).await.unwrap();
    // Started again: the same holder has it at once, and what it held before is lost.
    let again = two.take_lease("sequencer", "a", SHORT).await.unwrap().unwrap();
    assert!(again.token() > first.token());
    assert_eq!(one.renew_lease(&first).await, Err(StoreError::LeaseLost));
    assert_eq!(one.check_lease(&first).await, Err(StoreError::LeaseLost));
    tokio::time::sleep(3 * SHORT).await;
    // A term that ended counts for as long as nobody takes the lease.
    two.renew_lease(&again).await.unwrap();
    two.check_lease(&again).await.unwrap();
    tokio::time::sleep(3 * SHORT).await;
    let other = one.take_lease("sequencer", "b", TERM).await.unwrap().unwrap();
    assert!(other.token() > again.token());
    assert_eq!(two.renew_lease(&again).await, Err(StoreError::LeaseLost));
    assert_eq!(two.take_lease("sequencer", "a", TERM).await.unwrap(), None);
    assert!(two.take_lease("timers", "a", TERM).await.unwrap().is_some(), "another name is another lease");
    // Somebody clears the table: the token alone does not make a holder.
    let (done, words) = b.past_the_program("DELETE FROM lease");
    assert!(done, "{words}");
    let third = two.take_lease("sequencer", "c", TERM).await.unwrap().unwrap();
    assert_eq!(one.renew_lease(&other).await, Err(StoreError::LeaseLost));
    two.renew_lease(&third).await.unwrap();
}

/// Two that sequence as fast as they can, with a term that runs out again and again while one of them is paused. Each index
/// is given once, and whatever a lease gave lies before all that a later one gave.
async fn two_sequencers_never_both_give_indices(b: Bench) {
    let (one, two) = (b.open().await, b.open().await);
    let writers: Vec<_> =
        (0..4).map(|w| tokio::spawn(write(if w % 2 == 0 { one.clone() } else { two.clone() }, w))).collect();
    let sequencers = [(one.clone(), "a"), (two.clone(), "b")].map(|(store, who)| tokio::spawn(race(store, who)));
    for w in writers {
        w.await.unwrap();
    }
    let (mut all, mut by_token, mut lost): (_, BTreeMap<i64, Vec<u64>>, _) = (BTreeMap::new(), BTreeMap::new(), 0);
    for s in sequencers {
        let raced = s.await.unwrap();
        lost += raced.lost;
        for (token, index, bytes) in raced.given {
            assert!(all.insert(index, bytes).is_none(), "index {index} given twice");
            by_token.entry(token).or_default().push(index);
        }
    }
    assert!(lost > 0 && by_token.len() > 2, "nobody was ever fenced off: {lost}, {by_token:?}");
    assert_eq!(all.keys().copied().collect::<Vec<_>>(), (0..120).collect::<Vec<_>>());
    assert_eq!(
        by_token.into_values().flatten().collect::<Vec<_>>(),
        (0..120).collect::<Vec<_>>(),
        "in order of tokens"
    );
    // Each case's leaves got their indices in the case's order.
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    for bytes in all.values() {
        let leaf: Leaf = serde_json::from_slice(bytes).unwrap();
        let n = next.entry(leaf.case.unwrap()).or_insert(1);
        assert_eq!(leaf.case_seq, Some(*n));
        *n += 1;
    }
    assert_eq!(one.leaf_counts().await.unwrap(), (120, 0));
}

async fn write(store: Store, w: usize) {
    for i in 0..40 {
        let mut tx = store.begin().await.unwrap();
        tx.append_leaf(draft(Some(&format!("case_{w}")), "step", i)).await.unwrap();
        if i % 4 == 0 {
            drop(tx)
        } else {
            tx.commit().await.unwrap()
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

struct Raced {
    /// Token, index and leaf.
    given: Vec<(i64, u64, Vec<u8>)>,
    lost: usize,
}

async fn race(store: Store, who: &str) -> Raced {
    let (mut raced, mut idle, mut lease, mut turn) = (Raced { given: Vec::new(), lost: 0 }, 0, None, 0);
    while idle < 40 {
        let Some(held) = &lease else {
            lease = store.take_lease("sequencer", who, SHORT).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        turn += 1;
        // Now and then the process sleeps through its term and goes on as if nothing had been.
        let pause = if turn % 5 == 0 { 3 * SHORT } else { Duration::from_millis(1) };
        tokio::time::sleep(pause).await;
        match store.sequence_pending(held, 3).await {
            Ok(batch) => {
                idle = if batch.is_empty() { idle + 1 } else { 0 };
                raced.given.extend(batch.into_iter().map(|(index, bytes)| (held.token(), index, bytes)));
            }
            Err(StoreError::LeaseLost) => {
                raced.lost += 1;
                lease = None;
            }
            Err(e) => panic!("{e}"),
        }
    }
    raced
}

async fn a_paused_sequencer_is_fenced_off(b: Bench) {
    let (paused, quick) = (b.open().await, b.open().await);
    for i in 0..5 {
        let mut tx = paused.begin().await.unwrap();
        tx.append_leaf(draft(None, "step", i)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let old = paused.take_lease("sequencer", "a", SHORT).await.unwrap().unwrap();
    assert_eq!(paused.sequence_pending(&old, 2).await.unwrap().len(), 2);
    tokio::time::sleep(3 * SHORT).await;
    let new = quick.take_lease("sequencer", "b", TERM).await.unwrap().unwrap();
    assert_eq!(paused.sequence_pending(&old, 9).await, Err(StoreError::LeaseLost));
    assert_eq!(quick.leaf_counts().await.unwrap(), (5, 3), "it numbered nothing");
    let given: Vec<u64> = quick.sequence_pending(&new, 9).await.unwrap().iter().map(|(i, _)| *i).collect();
    assert_eq!(given, [2, 3, 4]);
}

async fn a_lease_lost_within_the_transaction_undoes_it(b: Bench) {
    let store = b.open().await;
    let old = store.take_lease("sequencer", "a", Duration::ZERO).await.unwrap().unwrap();
    let new = store.take_lease("sequencer", "b", TERM).await.unwrap().unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.append_leaf(draft(None, "step", 1)).await.unwrap();
    assert_eq!(tx.hold(&old).await, Err(StoreError::LeaseLost));
    drop(tx);
    assert_eq!(store.leaf_counts().await.unwrap(), (0, 0));
    let mut tx = store.begin().await.unwrap();
    tx.append_leaf(draft(None, "step", 1)).await.unwrap();
    tx.hold(&new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.leaf_counts().await.unwrap(), (1, 1));
}
