//! What somebody who owns the database but not the key can do to leaves between their commit and the log: nothing that
//! is not found before a leaf gets its index.

use crate::things::draft;
use crate::{Bench, both, sequence};
use store::{Store, StoreError};

both!(
    every_change_of_the_queue_is_found_before_numbering,
    deleted_end_is_found_by_the_living_process,
    deleted_end_is_found_after_a_restart,
    changed_numbers_are_found,
    changed_past_is_found_on_replay
);

/// Three leaves in the log, then six that wait: two without a case, two of one, two of another.
async fn filled(b: &Bench) -> Store {
    let store = b.open_with_tail().await.unwrap();
    for i in 0..3 {
        append(&store, Some("case_0"), i).await.unwrap();
    }
    assert_eq!(sequence(&store, 10).await.unwrap().len(), 3);
    for (i, case) in
        [None, None, Some("case_a"), Some("case_b"), Some("case_a"), Some("case_b")].into_iter().enumerate()
    {
        append(&store, case, 10 + i as i64).await.unwrap();
    }
    store
}

async fn append(store: &Store, case: Option<&str>, at: i64) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let seq = tx.append_leaf(draft(case, "step", at)).await?.seq;
    tx.commit().await?;
    Ok(seq)
}

fn found<T: std::fmt::Debug>(what: &str, r: Result<T, StoreError>) {
    assert!(r.as_ref().is_err_and(StoreError::is_tampering), "{what}: {r:?}");
}

async fn every_change_of_the_queue_is_found_before_numbering(b: Bench) {
    let attacks = [
        (
            "two leaves change places",
            "UPDATE leaf SET seq = 99 WHERE seq = 3; UPDATE leaf SET seq = 3 WHERE seq = 4; UPDATE leaf SET seq = 4 WHERE seq = 99",
        ),
        ("a leaf is deleted", "DELETE FROM leaf WHERE seq = 4"),
        ("the first waiting leaf is deleted", "DELETE FROM leaf WHERE seq = 3"),
        (
            "a leaf is deleted and the rest moved up",
            "DELETE FROM leaf WHERE seq = 4; UPDATE leaf SET seq = 4 WHERE seq = 5; UPDATE leaf SET seq = 5 WHERE seq = 6; UPDATE leaf SET seq = 6 WHERE seq = 7; UPDATE leaf SET seq = 7 WHERE seq = 8",
        ),
        (
            "a leaf is written twice",
            "INSERT INTO leaf (seq, bytes, hash, mac) SELECT 9, bytes, hash, mac FROM leaf WHERE seq = 4",
        ),
        (
            "a leaf of another place is put in",
            "UPDATE leaf SET (bytes, hash, mac) = (SELECT bytes, hash, mac FROM leaf WHERE seq = 3) WHERE seq = 4",
        ),
        ("a code is changed", "UPDATE leaf SET mac = (SELECT mac FROM leaf WHERE seq = 3) WHERE seq = 5"),
        ("a leaf is taken out of its case", "UPDATE leaf SET case_id = NULL, case_seq = NULL WHERE seq = 5"),
        ("a leaf is given to another case", "UPDATE leaf SET case_id = 'case_c' WHERE seq = 5"),
        ("a leaf has another hash", "UPDATE leaf SET hash = (SELECT hash FROM leaf WHERE seq = 3) WHERE seq = 4"),
        (
            "a made-up leaf is put at the end",
            "INSERT INTO leaf (seq, bytes, hash, mac) SELECT 9, bytes, hash, (SELECT mac FROM leaf WHERE seq = 8) FROM leaf WHERE seq = 3",
        ),
        (
            "a made-up leaf is put in, and the rest moved down",
            "UPDATE leaf SET seq = 9 WHERE seq = 8; UPDATE leaf SET seq = 8 WHERE seq = 7; INSERT INTO leaf (seq, bytes, hash, mac) SELECT 7, bytes, hash, mac FROM leaf WHERE seq = 3",
        ),
        ("all waiting leaves are deleted", "DELETE FROM leaf WHERE idx IS NULL"),
        ("everything is deleted", "DELETE FROM leaf"),
        ("a leaf is marked as an old one", "UPDATE leaf SET seq = NULL WHERE seq = 8"),
    ];
    let store = filled(&b).await;
    assert_eq!(store.leaf_counts().await.unwrap(), (9, 6));
    b.as_its_owner("CREATE TABLE kept AS SELECT * FROM leaf");
    let by = if b.cluster.is_some() { "OVERRIDING SYSTEM VALUE " } else { "" };
    for (what, sql) in attacks {
        b.as_its_owner(sql);
        found(what, sequence(&store, 100).await);
        // A new process finds it too: at opening, or before it numbers anything.
        match b.open_with_tail().await {
            Err(e) => assert!(e.is_tampering(), "{what}: {e:?}"),
            Ok(again) => found(what, sequence(&again, 100).await),
        }
        b.as_its_owner(&format!("DELETE FROM leaf; INSERT INTO leaf {by}SELECT * FROM kept"));
        assert_eq!(store.leaf_counts().await.unwrap(), (9, 6), "nothing was numbered");
    }
    assert_eq!(sequence(&store, 100).await.unwrap().len(), 6, "untouched, all are numbered");
}

async fn deleted_end_is_found_by_the_living_process(b: Bench) {
    let store = b.open().await;
    for i in 0..4 {
        append(&store, None, i).await.unwrap();
    }
    b.as_its_owner("DELETE FROM leaf WHERE seq = 3");
    found("numbering", sequence(&store, 10).await);
    found("the next leaf", append(&store, None, 9).await);
    assert_eq!(store.leaf_counts().await.unwrap(), (3, 3), "nothing was written over the gap");
}

async fn deleted_end_is_found_after_a_restart(b: Bench) {
    let store = b.open_with_tail().await.unwrap();
    for i in 0..5 {
        append(&store, None, i).await.unwrap();
    }
    drop(store);
    // A torn write of one of the file's two places leaves the other: the promise is weaker, nothing is refused.
    let whole = std::fs::read(b.tail()).unwrap();
    let mut torn = whole.clone();
    torn[20] ^= 1;
    std::fs::write(b.tail(), &torn).unwrap();
    assert_eq!(sequence(&b.open_with_tail().await.unwrap(), 2).await.unwrap().len(), 2);
    torn[4096 + 20] ^= 1;
    std::fs::write(b.tail(), &torn).unwrap();
    found("both places are damaged", b.open_with_tail().await);
    std::fs::write(b.tail(), &whole).unwrap();
    b.as_its_owner("DELETE FROM leaf WHERE seq = 4");
    let store = b.open_with_tail().await.unwrap();
    found("numbering", sequence(&store, 10).await);
    found("the next leaf", append(&store, None, 9).await);
}

async fn changed_numbers_are_found(b: Bench) {
    let store = filled(&b).await;
    // A leaf that is marked as numbered would be passed over; one that is not any more would be numbered again.
    b.as_its_owner("UPDATE leaf SET idx = 3 WHERE seq = 4");
    found("another number", store.leaves_from(3, 10).await);
    b.as_its_owner("UPDATE leaf SET idx = NULL WHERE seq = 4; UPDATE leaf SET idx = 5 WHERE seq = 5");
    found("a leaf was passed over", store.leaves_from(3, 10).await);
    b.as_its_owner("UPDATE leaf SET idx = NULL WHERE seq = 5");
    assert_eq!(sequence(&store, 100).await.unwrap().len(), 6);
}

async fn changed_past_is_found_on_replay(b: Bench) {
    let store = filled(&b).await;
    sequence(&store, 100).await.unwrap();
    b.as_its_owner("DELETE FROM leaf WHERE seq = 2");
    found("a numbered leaf is gone", store.leaves_from(0, 100).await);
    found("the one after it", store.leaves_from(3, 100).await);
    assert_eq!(store.leaves_from(4, 100).await.unwrap().len(), 5);
}
