//! Leaves, orders and usage can be added to, not changed, also by a client of the database itself.

use crate::things::draft;
use crate::{Bench, both, sequence};
use model::Timestamp;
use store::Usage;

both!(changing_what_is_append_only_is_refused);

async fn changing_what_is_append_only_is_refused(b: Bench) {
    let store = b.open().await;
    let mut tx = store.begin().await.unwrap();
    tx.append_leaf(draft(Some("case_a"), "numbered", 1)).await.unwrap();
    tx.push_order(1, "wo_a", "{}").await.unwrap();
    tx.add_usage(&Usage { segment: "s".into(), order: "o".into(), calls: 1, rows: 2, bytes: 3, at: Timestamp(4) })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    sequence(&store, 10).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.append_leaf(draft(Some("case_a"), "waiting", 2)).await.unwrap();
    tx.commit().await.unwrap();

    let mut attacks = vec![
        "DELETE FROM leaf",
        "DELETE FROM leaf WHERE idx IS NULL",
        "UPDATE leaf SET hash = 'x' WHERE idx IS NULL",
        "UPDATE leaf SET hash = 'x', idx = 7 WHERE idx IS NULL",
        "UPDATE leaf SET idx = 5 WHERE idx = 0",
        "UPDATE leaf SET idx = NULL WHERE idx = 0",
        "UPDATE leaf SET case_id = 'other' WHERE idx IS NULL",
        "UPDATE leaf SET case_seq = 9 WHERE idx IS NULL",
        "UPDATE leaf SET seq = 9 WHERE idx IS NULL",
        "UPDATE leaf SET seq = NULL WHERE idx IS NULL",
        "UPDATE leaf SET mac = bytes WHERE idx IS NULL",
        "INSERT INTO leaf (bytes, hash, mac) SELECT bytes, hash, mac FROM leaf",
        "UPDATE work_order SET body = 'x'",
        "DELETE FROM work_order",
        "UPDATE usage SET calls = 0",
        "DELETE FROM usage",
    ];
    if b.cluster.is_some() {
        attacks.extend(["TRUNCATE leaf", "TRUNCATE work_order", "TRUNCATE usage"]);
    } else {
        attacks.extend([
            "INSERT OR REPLACE INTO work_order SELECT seq, id, 'x', mac FROM work_order",
            "INSERT OR REPLACE INTO usage SELECT segment, order_id, 0, 0, 0, 0 FROM usage",
            "INSERT OR REPLACE INTO leaf SELECT ord, case_id, case_seq, X'00', hash, mac, NULL, seq FROM leaf WHERE idx IS NULL",
        ]);
    }
    for sql in attacks {
        let (done, words) = b.past_the_program(sql);
        assert!(!done, "{sql} was let through");
        assert!(words.contains("append-only"), "{sql}: {words}");
    }
    assert_eq!(store.leaf_counts().await.unwrap(), (2, 1));
    assert_eq!(store.orders_after(0, 9).await.unwrap()[0].body, "{}");
}
