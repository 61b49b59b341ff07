//! What commands need besides rows: idempotency, the order queue, leases, usage, accounts, sessions, nonces.

use crate::things::{Thing, draft};
use crate::{Bench, both};
use model::Timestamp;
use store::{Account, Filter, Session, Store, StoreError, Usage, UsageTotal};

both!(
    equal_requests_at_once_have_one_effect,
    orders_are_numbered_without_gaps,
    changed_order_is_found,
    segment_counts_once,
    account_is_one_per_name_person_and_identity,
    password_change_needs_the_present_hash,
    session_and_nonce_end
);

async fn order_once(store: Store, key: String) -> Vec<u8> {
    let mut tx = store.begin().await.unwrap();
    if let Some(stored) = tx.idempotent("per_a", &key).await.unwrap() {
        assert_eq!(stored.fingerprint, "f");
        tx.commit().await.unwrap();
        return stored.body;
    }
    let n = tx.list::<Thing>(&Filter::default()).await.unwrap().len() as u64;
    let id = format!("t{n}");
    tx.put(&Thing::new(&id, n)).await.unwrap();
    tx.append_leaf(draft(None, "made", 1)).await.unwrap();
    tx.remember("per_a", &key, "f", 201, id.as_bytes()).await.unwrap();
    tx.commit().await.unwrap();
    id.into_bytes()
}

async fn equal_requests_at_once_have_one_effect(b: Bench) {
    let (one, two) = (b.open().await, b.open().await);
    for round in 0..5 {
        let key = format!("key-{round}");
        let tasks: Vec<_> = (0..8)
            .map(|i| tokio::spawn(order_once(if i % 2 == 0 { one.clone() } else { two.clone() }, key.clone())))
            .collect();
        let mut answers = Vec::new();
        for t in tasks {
            answers.push(t.await.unwrap());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "all got the first answer");
    }
    assert_eq!(one.count::<Thing>(&Filter::default()).await.unwrap(), 5);
    assert_eq!(one.leaf_counts().await.unwrap().0, 5);
    let mut tx = one.begin().await.unwrap();
    assert!(tx.idempotent("per_b", "key-0").await.unwrap().is_none(), "keys are each actor's own");
    assert_eq!(
        tx.remember("per_a", "key-0", "f", 200, b"").await,
        Err(StoreError::Conflict { kind: "idempotency key" })
    );
}

async fn orders_are_numbered_without_gaps(b: Bench) {
    let (one, two) = (b.open().await, b.open().await);
    let tasks: Vec<_> = (0..30)
        .map(|i| {
            let store = if i % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let seq = tx.next_order_seq().await.unwrap();
                tx.push_order(seq, &format!("wo_{i}"), &format!("{{\"seq\":{seq}}}")).await.unwrap();
                if i % 5 == 0 { drop(tx) } else { tx.commit().await.unwrap() }
            })
        })
        .collect();
    for t in tasks {
        t.await.unwrap();
    }
    let orders = one.orders_after(0, 100).await.unwrap();
    assert_eq!(orders.iter().map(|o| o.seq).collect::<Vec<_>>(), (1..=24).collect::<Vec<_>>());
    assert!(orders.iter().all(|o| o.body == format!("{{\"seq\":{}}}", o.seq)));
    assert_eq!(one.last_order_seq().await.unwrap(), 24);
    assert_eq!(one.orders_after(20, 2).await.unwrap().iter().map(|o| o.seq).collect::<Vec<_>>(), [21, 22]);
    for wrong in [0, 1, 24, 26] {
        let mut tx = one.begin().await.unwrap();
        let refused = tx.push_order(wrong, "wo_x", "{}").await;
        assert_eq!(refused, Err(StoreError::OutOfOrder { what: "work order", got: wrong, next: 25 }));
    }
}

async fn changed_order_is_found(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.push_order(1, "wo_a", "{\"effect\":\"suspend\"}").await.unwrap();
    tx.commit().await.unwrap();
    let off = if b.cluster.is_some() {
        "SET session_replication_role = replica;"
    } else {
        "DROP TRIGGER work_order_no_update;"
    };
    let (done, words) = b.past_the_program(&format!("{off} UPDATE work_order SET body = '{{}}';"));
    assert!(done, "{words}");
    assert_eq!(store.orders_after(0, 9).await, Err(StoreError::Tampered { table: "work_order", row: 1 }));
}

async fn segment_counts_once(b: Bench) {
    let store = b.open().await;
    let use_of = |segment: &str, order: &str, calls| Usage {
        segment: segment.into(),
        order: order.into(),
        calls,
        rows: 10,
        bytes: 100,
        at: Timestamp(5),
    };
    for (usage, want) in [
        (use_of("s1", "o1", 3), Ok(true)),
        (use_of("s1", "o1", 3), Ok(false)),
        (use_of("s1", "o1", 4), Err(StoreError::Conflict { kind: "usage" })),
        (use_of("s2", "o1", 4), Ok(true)),
        (use_of("s1", "o2", 1), Ok(true)),
        (use_of("s3", "o1", u64::MAX), Err(StoreError::Shape { what: "number" })),
    ] {
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.add_usage(&usage).await, want, "{usage:?}");
        tx.commit().await.unwrap();
    }
    let total = |from, to| store.usage_total("o1", Timestamp(from), Timestamp(to));
    assert_eq!(total(0, 9).await.unwrap(), UsageTotal { calls: 7, rows: 20, bytes: 200 });
    assert_eq!(total(5, 6).await.unwrap().calls, 7);
    assert_eq!(total(0, 5).await.unwrap(), UsageTotal::default());
}

fn account(name: &str, person: &str, identity: &str) -> Account {
    Account {
        name: name.into(),
        person: person.into(),
        identity: identity.into(),
        sealed: vec![1, 2],
        phc: "phc-0".into(),
        password_set_at: Timestamp(1),
        must_change: true,
        failed: 0,
        failed_total: 0,
        locked_until: None,
        closed_at: None,
        created: Timestamp(1),
    }
}

async fn account_is_one_per_name_person_and_identity(b: Bench) {
    let store = b.open().await;
    let conflict = Err(StoreError::Conflict { kind: "account" });
    for (a, want) in [
        (account("a", "p1", "i1"), Ok(())),
        (account("a", "p2", "i2"), conflict.clone()),
        (account("b", "p1", "i2"), conflict.clone()),
        (account("b", "p2", "i1"), conflict),
        (account("b", "p2", "i2"), Ok(())),
    ] {
        let mut tx = store.begin().await.unwrap();
        let made = tx.create_account(&a).await;
        assert_eq!(made, want, "{a:?}");
        if made.is_ok() {
            tx.commit().await.unwrap();
        }
    }
    assert_eq!(store.account("a").await.unwrap(), Some(account("a", "p1", "i1")));
    assert_eq!(store.account_of("p2").await.unwrap(), Some(account("b", "p2", "i2")));
    let mut tx = store.begin().await.unwrap();
    tx.set_tries("a", 2, 7, Some(Timestamp(99))).await.unwrap();
    assert_eq!(tx.account_of_identity("i1").await.unwrap().unwrap().name, "a");
    tx.close_account("a", Timestamp(50)).await.unwrap();
    assert_eq!(tx.account_of_identity("i1").await.unwrap(), None);
    tx.create_account(&account("c", "p3", "i1")).await.unwrap();
    tx.commit().await.unwrap();
    let a = store.account("a").await.unwrap().unwrap();
    assert_eq!(
        (a.failed, a.failed_total, a.locked_until, a.closed_at),
        (2, 7, Some(Timestamp(99)), Some(Timestamp(50)))
    );
}

async fn password_change_needs_the_present_hash(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.create_account(&account("a", "p1", "i1")).await.unwrap();
    tx.set_password("a", "phc-0", "phc-1", false, Timestamp(2)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let stale = tx.set_password("a", "phc-0", "phc-2", false, Timestamp(3)).await;
    assert_eq!(stale, Err(StoreError::Conflict { kind: "account" }));
    drop(tx);
    assert_eq!(store.password_history("a", 5).await.unwrap(), ["phc-1", "phc-0"]);
    let a = store.account("a").await.unwrap().unwrap();
    assert_eq!((a.phc.as_str(), a.must_change, a.password_set_at), ("phc-1", false, Timestamp(2)));
}

async fn session_and_nonce_end(b: Bench) {
    let store = b.open().await;
    let session = |hash: &str| Session {
        token_hash: hash.into(),
        person: "p1".into(),
        account: "a".into(),
        issued: Timestamp(1),
        last_seen: Timestamp(1),
        expires: Timestamp(100),
        ended: None,
    };
    let mut tx = store.begin().await.unwrap();
    tx.create_account(&account("a", "p1", "i1")).await.unwrap();
    tx.open_session(&session("h1")).await.unwrap();
    tx.open_session(&session("h2")).await.unwrap();
    assert_eq!(tx.open_session(&session("h1")).await, Err(StoreError::Conflict { kind: "session" }));
    tx.touch_session("h1", Timestamp(9)).await.unwrap();
    tx.touch_session("h1", Timestamp(4)).await.unwrap();
    tx.end_session("h2", Timestamp(5)).await.unwrap();
    tx.touch_session("h2", Timestamp(6)).await.unwrap();
    assert!(tx.use_nonce("s", "n", Timestamp(10)).await.unwrap());
    assert!(!tx.use_nonce("s", "n", Timestamp(10)).await.unwrap());
    assert!(tx.use_nonce("other", "n", Timestamp(10)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(store.session("h1").await.unwrap().unwrap().last_seen, Timestamp(9));
    let h2 = store.session("h2").await.unwrap().unwrap();
    assert_eq!((h2.last_seen, h2.ended), (Timestamp(1), Some(Timestamp(5))));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.end_sessions_of("p1", Timestamp(20)).await.unwrap(), 1);
    tx.forget_expired(Timestamp(11)).await.unwrap();
    assert!(tx.use_nonce("s", "n", Timestamp(10)).await.unwrap(), "an expired nonce is forgotten");
    tx.commit().await.unwrap();
    assert_eq!(store.session("h1").await.unwrap().unwrap().ended, Some(Timestamp(20)));
}
