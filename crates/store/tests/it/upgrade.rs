//! A database that an earlier program made: its leaves are taken into the chain once, each under its old code.

use crate::things::draft;
use crate::{Bench, On, both, sequence, settings};
use std::fmt::Write as _;
use store::{Leaf, Outcome, StoreError};

both!(
    leaves_of_the_first_schema_are_chained,
    a_changed_old_leaf_is_not_chained,
    an_old_leaf_beside_chained_ones_is_not
);

const FIRST: [&str; 2] =
    [include_str!("../../migrations/sqlite/0001_base.sql"), include_str!("../../migrations/postgres/0001_base.sql")];

/// Makes what the first program made: its schema, its settings, and leaves of which the first two are numbered, not in
/// the order of writing.
fn make_old(b: &Bench, change: impl Fn(usize, &mut Vec<u8>)) {
    let on = if b.cluster.is_some() { On::Postgres } else { On::Sqlite };
    let schema = FIRST[usize::from(on == On::Postgres)];
    let (blob, boolean) = if on == On::Postgres { ("BYTEA", "BOOLEAN") } else { ("BLOB", "BOOLEAN") };
    let hex = |bytes: &[u8]| match on {
        On::Postgres => format!("decode('{}', 'hex')", hex_of(bytes)),
        On::Sqlite => format!("X'{}'", hex_of(bytes)),
    };
    let checksum = sha384(schema);
    let mut sql = format!(
        "{schema};\nCREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success {boolean} NOT NULL, checksum {blob} NOT NULL, \
         execution_time BIGINT NOT NULL);\nINSERT INTO _sqlx_migrations (version, description, success, checksum, \
         execution_time) VALUES (1, 'base', TRUE, {}, 1);\n",
        hex(&checksum)
    );
    let s = settings();
    let mac = |label: &str, bytes: &[u8]| s.suite.mac(&s.mac_key, &[label.as_bytes(), b"\n", bytes].concat());
    let key_check = hex_of(&mac("yunyu/store-key/v1", b"\"gm\""));
    let _ = writeln!(sql, "INSERT INTO meta VALUES ('store.suite', '\"gm\"'), ('store.key_check', '{key_check}');");
    let mut prev = None;
    for n in 0..4usize {
        let leaf = old_leaf(n, prev.clone());
        let bytes = crypto::canonical(&leaf).unwrap();
        let hash = crypto::HashAlg::Sm3.hash(&[&[0u8], &bytes[..]].concat()).to_string();
        let code = mac("yunyu/leaf-queue/v1", &bytes);
        let mut stored = bytes;
        change(n, &mut stored);
        let _ = writeln!(
            sql,
            "INSERT INTO leaf (case_id, case_seq, bytes, hash, mac) VALUES ('case_a', {}, {}, '{hash}', {});",
            n + 1,
            hex(&stored),
            hex(&code)
        );
        prev = Some(hash);
    }
    sql.push_str("UPDATE leaf SET idx = 0 WHERE case_seq = 1;\nUPDATE leaf SET idx = 1 WHERE case_seq = 2;\n");
    let (done, words) = b.past_the_program(&sql);
    assert!(done, "{words}");
}

fn old_leaf(n: usize, prev: Option<String>) -> Leaf {
    Leaf {
        v: 1,
        log: audit::LogName::Platform,
        at: 5,
        kind: "made".into(),
        case: Some("case_a".into()),
        case_seq: Some(n as u64 + 1),
        prev,
        actor: None,
        org: None,
        outcome: Outcome::Done,
        rule: None,
        article: None,
        object: None,
        refs: std::collections::BTreeMap::default(),
    }
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// By another program than ours: the migrator's own checksum must come out.
fn sha384(text: &str) -> Vec<u8> {
    let code = "import hashlib,sys;sys.stdout.buffer.write(hashlib.sha384(sys.argv[1].encode()).digest())";
    std::process::Command::new("python3").args(["-c", code, text]).output().unwrap().stdout
}

async fn leaves_of_the_first_schema_are_chained(b: Bench) {
    make_old(&b, |_, _| {});
    let store = b.open_with_tail().await.unwrap();
    assert_eq!(store.leaf_counts().await.unwrap(), (4, 2));
    assert_eq!(store.leaves_from(0, 10).await.unwrap().len(), 2, "the numbers they had");
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.append_leaf(draft(Some("case_a"), "step", 9)).await.unwrap().seq, 4);
    tx.commit().await.unwrap();
    let numbered: Vec<u64> = sequence(&store, 10).await.unwrap().iter().map(|(i, _)| *i).collect();
    assert_eq!(numbered, [2, 3, 4]);
    assert_eq!(store.case_leaves("case_a").await.unwrap().len(), 5);
    drop(store);
    assert_eq!(b.open().await.leaves_from(0, 10).await.unwrap().len(), 5);
}

async fn a_changed_old_leaf_is_not_chained(b: Bench) {
    make_old(&b, |n, bytes| {
        if n == 2 {
            let at = bytes.iter().position(|c| *c == b'5').unwrap();
            bytes[at] = b'6';
        }
    });
    let opened = b.open_with_tail().await;
    assert!(matches!(opened, Err(StoreError::Tampered { table: "leaf", row: 3 })), "{opened:?}");
}

async fn an_old_leaf_beside_chained_ones_is_not(b: Bench) {
    make_old(&b, |_, _| {});
    let before = b.open().await;
    drop(before);
    // The old code of a leaf is still right; its owner puts it in once more, as if it had never been chained.
    let s = settings();
    let bytes = crypto::canonical(&old_leaf(0, None)).unwrap();
    let code = s.suite.mac(&s.mac_key, &[&b"yunyu/leaf-queue/v1\n"[..], &bytes].concat());
    let (bytes, code) = (hex_of(&bytes), hex_of(&code));
    let values = match b.cluster {
        Some(_) => format!("decode('{bytes}', 'hex'), 'x', decode('{code}', 'hex')"),
        None => format!("X'{bytes}', 'x', X'{code}'"),
    };
    b.as_its_owner(&format!("INSERT INTO leaf (bytes, hash, mac) VALUES ({values})"));
    let opened = b.open_with_tail().await;
    assert!(matches!(opened, Err(StoreError::Tampered { table: "leaf", .. })), "{opened:?}");
}
