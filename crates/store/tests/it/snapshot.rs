//! A copy of the database while it is written.

use crate::things::draft;
use crate::{Bench, On, settings};
use store::{Store, StoreError, snapshot};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_is_of_one_moment_while_others_write() {
    let bench = Bench::new(On::Sqlite);
    let store = bench.open().await;
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for n in 1..=200u64 {
            let mut tx = writing.begin().await.unwrap();
            assert_eq!(tx.next_order_seq().await.unwrap(), n);
            tx.push_order(n, &format!("wo_{n}"), "{}").await.unwrap();
            tx.append_leaf(draft(None, "ordered", 1)).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    let mut last = 0;
    for n in 0..8 {
        let copy = bench.folder.path().join(format!("copy{n}.db"));
        let order = snapshot(&bench.url, &copy).await.unwrap();
        assert!(order >= last);
        last = order;
        // The copy is a database of its own, and holds a leaf for each order: both are of one transaction.
        let copied = Store::open(&format!("sqlite://{}", copy.display()), settings()).await.unwrap();
        assert_eq!(copied.last_order_seq().await.unwrap(), order);
        assert_eq!(copied.leaf_counts().await.unwrap().0, order);
    }
    writer.await.unwrap();
    assert!(snapshot(&bench.url, &bench.folder.path().join("copy0.db")).await.is_err(), "a file was overwritten");
    assert!(matches!(snapshot("postgres:///x", &bench.folder.path().join("p")).await, Err(StoreError::Url(_))));
}
