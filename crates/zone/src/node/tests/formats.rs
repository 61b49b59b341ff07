//! Stored formats (invariant 8): old bytes still read, and are still what is written. Never change these texts; a new
//! version gets new ones beside them.

use crate::node::journal::Journal;
use crate::node::receipts::Receipt;
use crate::node::record::{Frame, Record};
use crypto::Suite;
use proptest::prelude::*;

const FRAMES: &[&str] = &[
    r#"{"at":1800000000000,"records":[{"order":"wo_1","record":"order_refused","refusal":{"article":"","code":"c","en":"e","rule":"R","zh":"z"},"seq":1}],"seq":0,"v":1}"#,
    r#"{"at":1,"records":[{"batches":["bat_1"],"job":"job_1","record":"job_started"},{"job":"job_1","record":"job_failed","refusal":{"article":"10.1","code":"c","en":"e","rule":"R","zh":"z"}}],"seq":1,"v":1}"#,
    r#"{"at":2,"records":[{"batch":{"batch":"bat_1","digest":"sm3:00","encoding":"UTF-8","object":"res/res_1/bat_1/rows.parquet","resource":"res_1","rows":2,"set_aside":{"ragged_row":1},"set_aside_object":null},"record":"batch_stored"}],"seq":2,"v":1}"#,
    r#"{"at":3,"records":[{"done":{"artefact":"sm3:00","figures":{"run_ms":1},"gate_report":"sm3:01","job":"job_1","lineage":[],"object":"auth/a/jobs/job_1.artefact","rows":1,"verdict":"pass"},"record":"job_done"}],"seq":3,"v":1}"#,
    r#"{"at":4,"records":[{"artefact":"sm3:00","job":"job_1","object":"o","product":"prod_1","record":"released","rows":1},{"authorisation":"auth_1","keys":["k"],"objects":1,"record":"destroy_planned"},{"authorisation":"auth_1","record":"destroyed"}],"seq":4,"v":1}"#,
    r#"{"at":5,"records":[{"receipts":1,"record":"segment_closed","root":"sm3:00","segment":1},{"record":"acknowledged","report":1}],"seq":5,"v":1}"#,
    r#"{"at":6,"records":[{"hash":"sm3:02","index":0,"leaf":{"actor":null,"article":"10.1","at":6,"case":"case_1","case_seq":1,"kind":"apply_order","log":"zone","object":null,"org":null,"outcome":"done","prev":null,"refs":{"work_order":"wo_1"},"rule":null,"v":1},"record":"leaf"}],"seq":6,"v":1}"#,
    r#"{"at":7,"records":[{"record":"report","report":{"body":{"at":7,"case":"case_1","case_head":"sm3:00","deployment":"d","order":"wo_1","outcome":"applied","seq":1,"v":1,"zone_head":"sm3:02"},"key":"k","signature":"s"}}],"seq":7,"v":1}"#,
    r#"{"at":8,"records":[{"authorisation":"auth_1","keys":["k"],"objects":2,"record":"destroy_planned","what":{"kinds":{"products":1,"results":1},"list":"sm3:00"}}],"seq":8,"v":1}"#,
    r#"{"at":9,"records":[{"key":"kek-1","record":"key_rotated","version":2}],"seq":9,"v":1}"#,
    r#"{"at":10,"records":[{"keys":["k"],"objects":2,"record":"withdrawal_planned","resource":"res_1","what":{"kinds":{"records":1,"set_aside":1},"list":"sm3:00"}},{"record":"resource_settled","resource":"res_1"}],"seq":10,"v":1}"#,
    r#"{"at":11,"records":[{"deed":"destroyed","record":"resource_found","stop":{"article":"19.1","ground":"before_restore","provider":"org_p","resource":"res_1"}}],"seq":11,"v":1}"#,
];

const RECEIPT: &str = r#"{"at":1,"call":{"answer":"sm3:00","bytes":3,"kind":"product_file","order":"ord_1","org":"org_1","product":"prod_1","rows":1,"ticket":"tic_1"},"n":1,"segment":1,"v":1}"#;

/// With the code that ties it to the one before.
const CODED: &str = r#"{"at":1,"call":{"answer":"sm3:00","bytes":3,"kind":"product_file","order":"ord_1","org":"org_1","product":"prod_1","rows":1,"ticket":"tic_1"},"code":"00ff","n":1,"segment":1,"v":1}"#;

#[test]
fn frames_and_receipts_keep_their_form() {
    for text in FRAMES {
        let frame: Frame = crypto::from_canonical(text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(String::from_utf8(crypto::canonical(&frame).unwrap()).unwrap(), *text);
    }
    for text in [RECEIPT, CODED] {
        let receipt = crypto::from_canonical::<Receipt>(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(crypto::canonical(&receipt).unwrap()).unwrap(), text);
    }
}

/// The digest chain of a journal, as another implementation would compute it.
#[test]
fn the_journal_keeps_its_form() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut journal = Journal::open(&path, Suite::Gm, "d", |_| Ok(())).unwrap();
    for text in FRAMES {
        let frame: Frame = crypto::from_canonical(text.as_bytes()).unwrap();
        journal.append(frame.at, frame.records).unwrap();
    }
    let mut wanted = b"yunyu/journal/v1\n".to_vec();
    let mut head = Suite::Gm.hash(b"yunyu/journal/v1\nd");
    for text in FRAMES {
        head = Suite::Gm.hash(&[&head.bytes[..], text.as_bytes()].concat());
        wanted.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        wanted.extend(text.as_bytes());
        wanted.extend(head.bytes);
    }
    assert_eq!(std::fs::read(&path).unwrap(), wanted);
}

#[test]
fn another_deployments_journal_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut journal = Journal::open(&path, Suite::Intl, "one", |_| Ok(())).unwrap();
    for report in [1, 2] {
        journal.append(model::Timestamp(1), vec![Record::Acknowledged { report }]).unwrap();
    }
    drop(journal);
    assert!(Journal::open(&path, Suite::Intl, "two", |_| Ok(())).is_err());
}

proptest! {
    /// Whatever lies in the file: no panic, and nothing is invented.
    #[test]
    fn any_bytes_open_or_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300), magic in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let head: &[u8] = if magic { b"yunyu/journal/v1\n" } else { b"" };
        std::fs::write(&path, [head, &bytes].concat()).unwrap();
        let mut frames = 0;
        let _ = Journal::open(&path, Suite::Intl, "d", |_| { frames += 1; Ok(()) });
        prop_assert_eq!(frames, 0);
    }
}
