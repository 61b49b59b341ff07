//! Rows: versions, lists, transactions that share a COMMIT.

use crate::things::Thing;
use crate::{Bench, both, sequence};
use model::Timestamp;
use store::{Filter, StoreError};

both!(
    reads_what_was_committed,
    blind_overwrite_is_refused,
    increments_are_never_lost,
    many_transactions_share_a_commit,
    dropped_transaction_in_a_shared_group_loses_only_itself,
    cancelled_transaction_does_not_stop_the_writer,
    undo_keeps_what_follows,
    failed_statement_poisons_the_transaction,
    lists_filter_and_page_in_order_of_creation,
    reader_does_not_see_the_uncommitted,
    what_no_database_holds_is_not_there
);

/// Ids, words and numbers come from callers: none makes the database fail.
async fn what_no_database_holds_is_not_there(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.put(&Thing::new("a", 1)).await.unwrap();
    tx.append_leaf(crate::things::draft(None, "x", 1)).await.unwrap();
    tx.commit().await.unwrap();
    sequence(&store, 9).await.unwrap();
    for id in ["\0", "a\0", "\0a", "a\0b"] {
        assert_eq!(store.get::<Thing>(id).await.unwrap(), None, "{id:?}");
        let filter = Filter { state: Some(id.into()), ..Filter::of(id) };
        assert_eq!(store.list::<Thing>(&filter).await.unwrap(), []);
        assert!(store.account_of(id).await.unwrap().is_none());
        assert_eq!(store.case_leaves(id).await.unwrap(), []);
        let mut tx = store.begin().await.unwrap();
        assert!(tx.account(id).await.unwrap().is_none());
        assert_eq!(tx.idempotent("per_a", id).await.unwrap(), None);
        tx.commit().await.unwrap();
    }
    for index in [1, u64::from(u32::MAX), 1 << 63, u64::MAX] {
        assert_eq!(store.leaves_from(index, 9).await.unwrap(), [], "{index}");
    }
    assert_eq!(store.leaves_from(0, 9).await.unwrap().len(), 1);
}

async fn reads_what_was_committed(b: Bench) {
    let store = b.open().await;
    assert_eq!(store.get::<Thing>("a").await.unwrap(), None);
    let mut tx = store.begin().await.unwrap();
    tx.set_now(Timestamp(5));
    assert_eq!(tx.put(&Thing::new("a", 1)).await.unwrap(), 1);
    assert_eq!(tx.put(&Thing::new("a", 2)).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(store.get::<Thing>("a").await.unwrap().unwrap().n, 2);
    drop(store);
    let store = b.open().await;
    assert_eq!(store.get::<Thing>("a").await.unwrap().unwrap().n, 2);
}

async fn blind_overwrite_is_refused(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.put(&Thing::new("a", 1)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.put(&Thing::new("a", 9)).await, Err(StoreError::Conflict { kind: "thing" }));
    drop(tx);
    assert_eq!(store.get::<Thing>("a").await.unwrap().unwrap().n, 1);
}

async fn increments_are_never_lost(b: Bench) {
    let (one, two) = (b.open().await, b.open().await);
    let mut tx = one.begin().await.unwrap();
    tx.put(&Thing::new("counter", 0)).await.unwrap();
    tx.commit().await.unwrap();
    let tasks = (0..40).map(|i| {
        // Two stores on one database: two processes as far as the database can tell.
        let store = if i % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            let mut t = tx.get_for_update::<Thing>("counter").await.unwrap().unwrap();
            t.n += 1;
            tokio::task::yield_now().await;
            tx.put(&t).await.unwrap();
            tx.commit().await.unwrap();
        })
    });
    for t in tasks.collect::<Vec<_>>() {
        t.await.unwrap();
    }
    assert_eq!(one.get::<Thing>("counter").await.unwrap().unwrap().n, 40);
}

async fn many_transactions_share_a_commit(b: Bench) {
    let store = b.open().await;
    let before = store.notify().count();
    let tasks = (0..300u64).map(|i| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            tx.put(&Thing::new(&format!("t{i}"), i)).await.unwrap();
            tx.commit().await.unwrap();
        })
    });
    for t in tasks.collect::<Vec<_>>() {
        t.await.unwrap();
    }
    let groups = store.notify().count() - before;
    assert!((1..=150).contains(&groups), "{groups} commits for 300 transactions");
    assert_eq!(store.count::<Thing>(&Filter::default()).await.unwrap(), 300);
}

async fn dropped_transaction_in_a_shared_group_loses_only_itself(b: Bench) {
    let store = b.open().await;
    let tasks = (0..60u64).map(|i| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            tx.put(&Thing::new(&format!("t{i:02}"), i)).await.unwrap();
            match i % 3 {
                0 => drop(tx),
                _ => tx.commit().await.unwrap(),
            }
        })
    });
    for t in tasks.collect::<Vec<_>>() {
        t.await.unwrap();
    }
    let mut kept: Vec<u64> = store.list::<Thing>(&Filter::default()).await.unwrap().iter().map(|t| t.n).collect();
    kept.sort_unstable();
    assert_eq!(kept, (0..60).filter(|i| i % 3 != 0).collect::<Vec<_>>());
}

async fn cancelled_transaction_does_not_stop_the_writer(b: Bench) {
    let store = b.open().await;
    for i in 0..30u64 {
        let s = store.clone();
        let task = tokio::spawn(async move {
            let mut tx = s.begin().await.unwrap();
            for k in 0..50 {
                tx.put(&Thing::new(&format!("x{i}-{k}"), k)).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        tokio::time::sleep(std::time::Duration::from_micros(i * 300)).await;
        task.abort();
    }
    let mut tx = store.begin().await.unwrap();
    tx.put(&Thing::new("after", 1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.count::<Thing>(&Filter::default()).await.unwrap(), 1);
}

async fn undo_keeps_what_follows(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.put(&Thing::new("gone", 1)).await.unwrap();
    tx.undo().await.unwrap();
    tx.put(&Thing::new("kept", 1)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.get::<Thing>("gone").await.unwrap().is_none());
    assert!(store.get::<Thing>("kept").await.unwrap().is_some());
}

async fn failed_statement_poisons_the_transaction(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.put(&Thing::new("before", 1)).await.unwrap();
    // A foreign key that does not exist fails the statement in both databases.
    let orphan = store::Session {
        token_hash: "h".into(),
        person: "p".into(),
        account: "nobody".into(),
        issued: Timestamp(0),
        last_seen: Timestamp(0),
        expires: Timestamp(9),
        ended: None,
    };
    assert!(matches!(tx.open_session(&orphan).await, Err(StoreError::Database { .. })));
    assert_eq!(tx.put(&Thing::new("more", 1)).await, Err(StoreError::Poisoned));
    assert_eq!(tx.commit().await, Err(StoreError::Poisoned));
    let mut tx = store.begin().await.unwrap();
    assert!(tx.open_session(&orphan).await.is_err());
    tx.undo().await.unwrap();
    tx.put(&Thing::new("after", 1)).await.unwrap();
    tx.commit().await.unwrap();
    let left: Vec<String> = store.list::<Thing>(&Filter::default()).await.unwrap().into_iter().map(|t| t.id).collect();
    assert_eq!(left, ["after"]);
}

async fn lists_filter_and_page_in_order_of_creation(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    for (id, parent, org, state) in [
        ("c", Some("p1"), Some("o1"), Some("open")),
        ("a", Some("p1"), Some("o2"), Some("open")),
        ("b", Some("p2"), Some("o1"), Some("shut")),
        ("d", None, None, None),
    ] {
        let text = |x: Option<&str>| x.map(str::to_owned);
        tx.put(&Thing { id: id.into(), parent: text(parent), org: text(org), state: text(state), n: 0 }).await.unwrap();
    }
    tx.commit().await.unwrap();
    let all = Filter::default();
    let state = Filter { state: Some("open".into()), ..all.clone() };
    let both = Filter { parent: Some("p1".into()), org: Some("o1".into()), ..all.clone() };
    let page = Filter { limit: Some(2), after: Some("c".into()), ..all.clone() };
    let unknown = Filter { after: Some("zzz".into()), ..all.clone() };
    let hostile = Filter::of("p1' OR '1'='1");
    for (filter, want) in [
        (all, vec!["c", "a", "b", "d"]),
        (Filter::of("p1"), vec!["c", "a"]),
        (state, vec!["c", "a"]),
        (both, vec!["c"]),
        (page, vec!["a", "b"]),
        (unknown, vec![]),
        (hostile, vec![]),
    ] {
        let got: Vec<String> = store.list::<Thing>(&filter).await.unwrap().into_iter().map(|t| t.id).collect();
        assert_eq!(got, want, "{filter:?}");
        let mut tx = store.begin().await.unwrap();
        let inside: Vec<String> = tx.list::<Thing>(&filter).await.unwrap().into_iter().map(|t| t.id).collect();
        assert_eq!(inside, want, "{filter:?}");
    }
    let none_with_limit = Filter { limit: Some(1), ..Filter::of("p1") };
    assert_eq!(store.count::<Thing>(&none_with_limit).await.unwrap(), 2);
}

async fn reader_does_not_see_the_uncommitted(b: Bench) {
    let store = b.open().await;
    let mut seen = store.notify();
    let mut tx = store.begin().await.unwrap();
    tx.put(&Thing::new("a", 1)).await.unwrap();
    assert!(store.get::<Thing>("a").await.unwrap().is_none());
    let wait = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(wait, seen.notified()).await.is_err(), "no commit yet");
    tx.commit().await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(5), seen.notified()).await.unwrap();
    assert!(store.get::<Thing>("a").await.unwrap().is_some());
}
