//! Tests of whole intakes: encodings, faults, refusals, full disks, repetition, secrecy.

use super::*;
use crate::contract::Contract;
use crate::seal::tests::Bench;
use arrow::array::{Array, FixedSizeBinaryArray, RecordBatch};
use crypto::{KeyId, KeyProvider, Suite};
use datafusion::prelude::SessionContext;
use object_store::path::Path as ObjectPath;
use proptest::prelude::*;
use std::io::{self, Read};
use std::sync::Arc;

const CONTRACT: &str = r#"apiVersion: v3.1.0
kind: DataContract
id: people
version: 1.0.0
status: active
schema:
  - name: people
    physicalType: table
    customProperties:
      - {property: yunyuSubjects, value: [{kind: person, key: pid, else: card}]}
    properties:
      - {name: pid, logicalType: integer, customProperties: [{property: yunyuClass, value: KEY}, {property: yunyuDomain, value: person}]}
      - {name: card, logicalType: string, customProperties: [{property: yunyuClass, value: KEY}, {property: yunyuDomain, value: card}]}
      - {name: id_no, logicalType: string, required: true, customProperties: [{property: yunyuClass, value: LOCK}, {property: yunyuIdentifier, value: cn_resident_id}]}
      - {name: born, logicalType: date, customProperties: [{property: yunyuClass, value: TIME}, {property: yunyuGrid, value: year}]}
      - {name: fee, logicalType: number, physicalType: "decimal(10,2)", customProperties: [{property: yunyuClass, value: MEA}, {property: yunyuGrid, value: 100}]}
      - {name: note, logicalType: string, customProperties: [{property: yunyuClass, value: LOCK}]}
      - {name: ok, logicalType: boolean, customProperties: [{property: yunyuClass, value: DIM}]}
"#;
const HEADER: &str = "pid,card,id_no,born,fee,note,ok\n";
const ID: &str = "11010519491231002X";

fn contract() -> Contract {
    Contract::parse(CONTRACT).unwrap()
}

fn options<'a>(bench: &'a Bench, root: &'a std::path::Path, prefix: &'a str) -> IntakeOptions<'a> {
    IntakeOptions {
        provider: bench.keys.as_ref(),
        key: &bench.key,
        token_key: &bench.token_key,
        deployment: "test",
        resource: "res-1",
        batch: prefix.rsplit('/').next().unwrap(),
        root,
        prefix,
        max_stored: None,
        expected: None,
    }
}

fn take_in(bench: &Bench, prefix: &str, bytes: &[u8]) -> Result<IntakeSummary, IntakeError> {
    run(bytes, &contract(), &options(bench, &bench.root(), prefix), &mut |_| {})
}

fn set_aside(bench: &Bench, prefix: &str) -> Vec<(u64, String, String)> {
    let mut text = String::new();
    let mut reader = open_set_aside(&bench.root(), prefix, "test", "res-1", bench.keys.as_ref()).unwrap();
    reader.read_to_string(&mut text).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    rows.records().map(|r| r.unwrap()).map(|r| (r[0].parse().unwrap(), r[1].to_owned(), r[2].to_owned())).collect()
}

async fn read_back(bench: &Bench, prefix: &str, sql: &str) -> Vec<RecordBatch> {
    let path = ObjectPath::from(format!("{prefix}/{ROWS_FILE}"));
    let table = crate::seal::table(Arc::new(bench.store()), &[path], contract().sealed_schema(), None).await.unwrap();
    let ctx = SessionContext::new();
    ctx.register_table("people", table).unwrap();
    ctx.sql(sql).await.unwrap().collect().await.unwrap()
}

fn shown(batches: &[RecordBatch]) -> String {
    arrow::util::pretty::pretty_format_batches(batches).unwrap().to_string()
}

#[tokio::test]
async fn every_encoding_gives_the_same_rows() {
    let bench = Bench::new(Suite::Gm);
    let text = format!(
        "{HEADER}1,c1,{ID},1949-12-31,\"1,200.50\",\"张三,\n\"\"中山路\"\"\",是\n２,,{ID},1949/12/31,7,王五,false\n,c3,{ID},,,,\n"
    );
    let utf16 = |little: bool| -> Vec<u8> {
        let bytes = |u: u16| if little { u.to_le_bytes() } else { u.to_be_bytes() };
        std::iter::once(0xFEFF_u16).chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    let variants: Vec<(&str, Vec<u8>)> = vec![
        ("utf-8", text.clone().into_bytes()),
        ("utf-8-bom", format!("\u{FEFF}{text}").into_bytes()),
        ("gb18030", encoding_rs::GB18030.encode(&text).0.into_owned()),
        ("utf-16le", utf16(true)),
        ("utf-16be", utf16(false)),
    ];
    let mut seen = Vec::new();
    for (name, bytes) in variants {
        let prefix = format!("records/res-1/{name}");
        let summary = take_in(&bench, &prefix, &bytes).unwrap();
        assert_eq!((summary.rows, summary.set_aside.len(), summary.encoding.as_str()), (3, 0, name));
        assert_eq!(summary.digest, Suite::Gm.hash(&bytes));
        assert_eq!(summary.bytes, bytes.len() as u64);
        seen.push(shown(&read_back(&bench, &prefix, "SELECT * FROM people ORDER BY pid").await));
    }
    assert!(seen[0].contains("\"中山路\"") && seen[0].contains("1200.50"), "{}", seen[0]);
    assert!(seen.iter().all(|s| *s == seen[0]));
}

#[test]
fn faults_are_set_aside_with_line_and_reason() {
    let bench = Bench::new(Suite::Gm);
    let rows: Vec<(Vec<u8>, Option<(&str, &str)>)> = vec![
        (format!("1,c,{ID},1949-12-31,1,张三,1").into_bytes(), None),
        (format!("1,c,{ID},1949-12-31,1,李四,1").into_bytes(), None),
        (b"1,c,110105194912310021,1949-12-31,1,n,1".to_vec(), Some(("bad_check_digit", "id_no"))),
        (b"1,c,1101051949,1949-12-31,1,n,1".to_vec(), Some(("wrong_length", "id_no"))),
        (b"1,c,1.10105E+17,1949-12-31,1,n,1".to_vec(), Some(("excel_float", "id_no"))),
        (b"1,c,,1949-12-31,1,n,1".to_vec(), Some(("missing_required", "id_no"))),
        (b"1,c,NULL,1949-12-31,1,n,1".to_vec(), Some(("missing_required", "id_no"))),
        (format!(",,{ID},1949-12-31,1,n,1").into_bytes(), Some(("missing_subject", "pid"))),
        (format!("x,c,{ID},1949-12-31,1,n,1").into_bytes(), Some(("bad_number", "pid"))),
        (format!("1,c,{ID},1949-02-30,1,n,1").into_bytes(), Some(("impossible_date", "born"))),
        (format!("1,c,{ID},31.12.49,1,n,1").into_bytes(), Some(("date_format", "born"))),
        (format!("1,c,{ID},1949-12-31,1.234,n,1").into_bytes(), Some(("bad_number", "fee"))),
        (format!("1,c,{ID},1949-12-31,1,n,maybe").into_bytes(), Some(("bad_boolean", "ok"))),
        (format!("1,c,{ID},1949-12-31,1,n\u{1},1").into_bytes(), Some(("stray_character", "note"))),
        (format!("1,c,{ID},1949-12-31,1,n,1,more").into_bytes(), Some(("ragged_row", ""))),
        (format!("1,c,{ID},1949-12-31,1").into_bytes(), Some(("ragged_row", ""))),
        (format!("1,c,{ID},1949-12-31,1,\"open,1").into_bytes(), Some(("ragged_row", ""))),
        ([format!("1,c,{ID},1949-12-31,1,n").as_bytes(), b"\xFF\xFE,1"].concat(), Some(("wrong_encoding", ""))),
        (encoding_rs::GB18030.encode(&format!("1,c,{ID},1949-12-31,1,中山路,1")).0.into_owned(), None),
        (format!("1,\"\",{ID},NA,N/A,,").into_bytes(), None),
    ];
    let mut file = HEADER.as_bytes().to_vec();
    let mut expected = Vec::new();
    for (n, (row, fault)) in rows.iter().enumerate() {
        file.extend_from_slice(row);
        file.push(b'\n');
        if let Some((code, field)) = fault {
            expected.push((n as u64 + 2, (*code).to_owned(), (*field).to_owned()));
        }
    }
    let summary = take_in(&bench, "r/b1", &file).unwrap();
    assert_eq!(set_aside(&bench, "r/b1"), expected);
    assert_eq!(summary.rows, 4);
    assert_eq!(summary.rows_in(), rows.len() as u64);
    assert_eq!(summary.other_encoding, 1);
    assert_eq!(summary.set_aside["ragged_row"], 3);
    assert_eq!(stored(&bench.root(), "r/b1").unwrap(), Some(summary));
}

#[test]
fn whole_files_are_refused_without_telling_values() {
    let bench = Bench::new(Suite::Gm);
    let row = format!("1,c,{ID},1949-12-31,1,n,1\n");
    let table: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "empty-file"),
        (b"\xEF\xBB\xBF".to_vec(), "empty-file"),
        (HEADER.as_bytes().to_vec(), "no-rows"),
        (format!("{HEADER}\n\n").into_bytes(), "no-rows"),
        (row.clone().into_bytes(), "no-header"),
        (format!("pid,id_no,13800138000\n1,{ID},3\n").into_bytes(), "unknown-columns"),
        (format!("pid,id_no,surplus\n1,{ID},3\n").into_bytes(), "unknown-columns"),
        (format!("pid,pid,id_no\n1,1,{ID}\n").into_bytes(), "duplicate-columns"),
        (b"pid,born\n1,1949-12-31\n".to_vec(), "missing-columns"),
        (format!("id_no,born\n{ID},1949-12-31\n").into_bytes(), "missing-columns"),
        (vec![b'x'; 3 << 20], "line-too-long"),
        ([HEADER.as_bytes(), &vec![b'1'; 3 << 20]].concat(), "line-too-long"),
        (vec![0; 100_000], "no-header"),
    ];
    for (n, (bytes, code)) in table.iter().enumerate() {
        let error = take_in(&bench, &format!("r/b{n}"), bytes).unwrap_err();
        assert_eq!(error.code(), *code, "case {n}: {error}");
        let refusal = error.refusal();
        for value in [ID, "13800138000"] {
            assert!(!format!("{error} {error:?} {refusal:?}").contains(value), "case {n}");
        }
    }
    let named = take_in(&bench, "r/x", format!("pid,id_no,surplus,13800138000\n1,{ID},3,4\n").as_bytes()).unwrap_err();
    assert_eq!(named.to_string(), "columns that the contract does not name: surplus, #4");
    assert_eq!(files_below(&bench.root()), Vec::<std::path::PathBuf>::new());
}

fn files_below(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Many rows that do not compress.
fn big(rows: u64) -> Vec<u8> {
    let mut state = 7_u64;
    let mut text = HEADER.to_owned();
    for n in 0..rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!(
            "{n},c{state:016x},{ID},1949-12-31,{}.5,{:016x},1\n",
            state % 1000,
            state.rotate_left(17)
        ));
    }
    text.into_bytes()
}

#[test]
fn a_full_disk_is_told_and_leaves_earlier_batches_alone() {
    let bench = Bench::new(Suite::Gm);
    let bytes = big(6_000);
    take_in(&bench, "r/first", &bytes).unwrap();
    let before = files_below(&bench.root());
    assert_eq!(before.len(), 3);
    let size: u64 = before.iter().map(|p| p.metadata().unwrap().len()).sum();
    let root = bench.root();
    for room in [0, 10, 200, 1000, 65_536, size / 2, size - 5000, size - 1] {
        let limited = IntakeOptions { max_stored: Some(room), ..options(&bench, &root, "r/second") };
        let error = run(bytes.as_slice(), &contract(), &limited, &mut |_| {}).unwrap_err();
        assert_eq!(error.code(), "disk-full", "room {room}: {error:?}");
        assert_eq!(files_below(&root), before);
    }
    let enough = IntakeOptions { max_stored: Some(size + 100), ..options(&bench, &root, "r/second") };
    assert_eq!(run(bytes.as_slice(), &contract(), &enough, &mut |_| {}).unwrap().rows, 6_000);
}

#[test]
fn repeating_an_upload_changes_nothing() {
    let bench = Bench::new(Suite::Gm);
    let bytes = big(50);
    let first = take_in(&bench, "r/b", &bytes).unwrap();
    let before: Vec<Vec<u8>> = files_below(&bench.root()).iter().map(|p| std::fs::read(p).unwrap()).collect();
    assert_eq!(take_in(&bench, "r/b", &bytes).unwrap(), first);
    assert_eq!(take_in(&bench, "r/b", &big(51)).unwrap_err().code(), "batch-conflict");
    let after: Vec<Vec<u8>> = files_below(&bench.root()).iter().map(|p| std::fs::read(p).unwrap()).collect();
    assert_eq!(before, after);
    let root = bench.root();
    let wrong = IntakeOptions { expected: Some(Suite::Gm.hash(b"other")), ..options(&bench, &root, "r/c") };
    assert_eq!(run(bytes.as_slice(), &contract(), &wrong, &mut |_| {}).unwrap_err().code(), "digest-mismatch");
    for bad in ["../x", "/x", "a//b", "a/.hidden", "a b", ""] {
        assert_eq!(take_in(&bench, bad, &bytes).unwrap_err().code(), "bad-path", "{bad}");
    }
}

#[test]
fn what_a_killed_intake_left_is_swept() {
    let bench = Bench::new(Suite::Gm);
    take_in(&bench, "r/kept", &big(50)).unwrap();
    let kept = files_below(&bench.root());
    let left = bench.root().join("r/.staging-0011223344556677");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join(ROWS_FILE), b"half").unwrap();
    std::fs::write(bench.root().join("r/.staging-8899aabbccddeeff"), b"half").unwrap();
    assert_eq!(sweep(&bench.root()).unwrap(), 2);
    assert_eq!(files_below(&bench.root()), kept);
    assert_eq!(sweep(&bench.root().join("none")).unwrap(), 0);
}

/// A connection that breaks after some bytes.
struct Breaks(io::Cursor<Vec<u8>>);

impl Read for Breaks {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buf)? {
            0 => Err(io::ErrorKind::ConnectionReset.into()),
            n => Ok(n),
        }
    }
}

#[test]
fn a_broken_upload_and_a_wrong_key_leave_nothing() {
    let bench = Bench::new(Suite::Gm);
    let root = bench.root();
    for rows in [0, 1, 20_000] {
        let broken = Breaks(io::Cursor::new(if rows == 0 { Vec::new() } else { big(rows) }));
        let error = run(broken, &contract(), &options(&bench, &root, "r/b"), &mut |_| {}).unwrap_err();
        assert_eq!(error.code(), "upload-broken");
        assert!(!error.is_refusal());
    }
    let unknown: KeyId = "no-such-key".parse().unwrap();
    let stranger = IntakeOptions { key: &unknown, ..options(&bench, &root, "r/b") };
    assert_eq!(run(big(5).as_slice(), &contract(), &stranger, &mut |_| {}).unwrap_err().code(), "key-refused");
    bench.keys.destroy(&bench.key).unwrap();
    assert_eq!(take_in(&bench, "r/b", &big(5)).unwrap_err().code(), "key-refused");
    assert_eq!(files_below(&root), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn tokens_count_people() {
    let bench = Bench::new(Suite::Gm);
    let a = format!("{HEADER}1,c1,{ID},,,,\n1,c2,{ID},,,,\n2,c1,{ID},,,,\n,c1,{ID},,,,\n,c1,{ID},,,,\n,1,{ID},,,,\n");
    take_in(&bench, "r/a", a.as_bytes()).unwrap();
    take_in(&bench, "r/b", format!("{HEADER}１,zz,{ID},,,,\n").as_bytes()).unwrap();
    let tokens = |batches: Vec<RecordBatch>| -> Vec<Vec<u8>> {
        let column = batches[0].column(0).clone();
        let column = column.as_any().downcast_ref::<FixedSizeBinaryArray>().unwrap();
        assert_eq!((column.null_count(), column.value_length()), (0, TOKEN_LEN as i32));
        (0..column.len()).map(|i| column.value(i).to_vec()).collect()
    };
    let of_a = tokens(read_back(&bench, "r/a", "SELECT __subject_person FROM people").await);
    let of_b = tokens(read_back(&bench, "r/b", "SELECT __subject_person FROM people").await);
    assert_eq!(of_a[0], of_a[1]);
    assert_ne!(of_a[0], of_a[2]);
    assert_eq!(of_a[3], of_a[4]);
    // a card "1" is not the person 1
    assert_ne!(of_a[5], of_a[0]);
    assert_eq!(of_a[0], of_b[0]);
}

#[tokio::test]
async fn rows_may_be_subjects_of_their_own() {
    let bench = Bench::new(Suite::Intl);
    let yaml = CONTRACT.replace("{kind: person, key: pid, else: card}", "{kind: row}");
    let contract = Contract::parse(&yaml).unwrap();
    let root = bench.root();
    let text = format!("{HEADER}1,c,{ID},,,,\n1,c,{ID},,,,\n");
    let mut all = std::collections::BTreeSet::new();
    for prefix in ["r/a", "r/b"] {
        run(text.as_bytes(), &contract, &options(&bench, &root, prefix), &mut |_| {}).unwrap();
        let path = ObjectPath::from(format!("{prefix}/{ROWS_FILE}"));
        let table = crate::seal::table(Arc::new(bench.store()), &[path], contract.sealed_schema(), None).await.unwrap();
        let batches = SessionContext::new().read_table(table).unwrap().collect().await.unwrap();
        let column = batches[0].column_by_name("__subject_row").unwrap().clone();
        let column = column.as_any().downcast_ref::<FixedSizeBinaryArray>().unwrap().clone();
        all.extend((0..column.len()).map(|i| column.value(i).to_vec()));
    }
    assert_eq!(all.len(), 4);
}

/// Forms in which a value could lie about.
fn forms(value: &str) -> Vec<Vec<u8>> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let mut forms = vec![value.as_bytes().to_vec(), encoding_rs::GB18030.encode(value).0.into_owned()];
    forms.push(value.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.push(value.encode_utf16().flat_map(u16::to_be_bytes).collect());
    forms.push(hex::encode(value).into_bytes());
    forms.push(hex::encode_upper(value).into_bytes());
    for shift in 0..3 {
        // the part of the encoding that does not depend on its neighbours
        let text = STANDARD.encode([vec![b' '; shift], value.as_bytes().to_vec()].concat());
        let from = if shift == 0 { 0 } else { 4 };
        forms.push(text.as_bytes()[from..text.len() - 4].to_vec());
    }
    forms
}

#[test]
fn planted_values_are_nowhere() {
    let bench = Bench::new(Suite::Gm);
    let planted = ["独一无二的植入值甲乙丙", "PLANTED-7f3a91c2-UNIQUE", ID];
    let text = format!(
        "{HEADER}1,PLANTED-7f3a91c2-UNIQUE,{ID},,,独一无二的植入值甲乙丙,1\n2,x,{ID},,,独一无二的植入值甲乙丙,PLANTED-7f3a91c2-UNIQUE\n"
    );
    for (prefix, bytes) in
        [("r/a", text.clone().into_bytes()), ("r/b", encoding_rs::GB18030.encode(&text).0.into_owned())]
    {
        let summary = take_in(&bench, prefix, &bytes).unwrap();
        assert_eq!((summary.rows, summary.set_aside["bad_boolean"]), (1, 1));
    }
    let files = files_below(bench.dir.path());
    assert!(files.len() >= 6);
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        for value in planted {
            for form in forms(value) {
                assert!(!bytes.windows(form.len()).any(|w| w == form), "{path:?}");
            }
        }
    }
    // the search finds what is there
    assert!(forms("独一无二").iter().any(|f| text.as_bytes().windows(f.len()).any(|w| w == f)));
}

#[test]
fn progress_is_told() {
    let bench = Bench::new(Suite::Gm);
    let bytes = big(20_000);
    let mut seen: Vec<Progress> = Vec::new();
    run(bytes.as_slice(), &contract(), &options(&bench, &bench.root(), "r/b"), &mut |p| seen.push(p)).unwrap();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen.last(), Some(&Progress { bytes: bytes.len() as u64, rows: 20_000 }));
}

/// Rows of incompressible text, made while they are read.
struct Endless {
    left: u64,
    state: u64,
    row: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.row.len() {
            if self.left == 0 {
                return Ok(0);
            }
            self.row.clear();
            self.row.extend_from_slice(format!("{},c,{ID},,,", self.left).as_bytes());
            for _ in 0..1000 {
                self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                self.row.extend((0..4).map(|i| b'A' + ((self.state >> (40 + i * 6)) & 0x1F) as u8));
            }
            self.row.extend_from_slice(b",1\n");
            self.left = self.left.saturating_sub(self.row.len() as u64);
            self.at = 0;
        }
        let n = (self.row.len() - self.at).min(buf.len());
        buf[..n].copy_from_slice(&self.row[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

#[test]
#[ignore = "2 GB: takes minutes"]
fn two_gigabytes_stream_in_bounded_memory() {
    let bench = Bench::new(Suite::Gm);
    let header = io::Cursor::new(HEADER.as_bytes().to_vec());
    let file = header.chain(Endless { left: 2 << 30, state: 1, row: Vec::new(), at: 0 });
    let started = std::time::Instant::now();
    let summary = run(file, &contract(), &options(&bench, &bench.root(), "r/b"), &mut |_| {}).unwrap();
    assert!(summary.bytes >= 2 << 30 && summary.set_aside.is_empty());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
    println!("{} rows, {} bytes in {:?}, {peak}", summary.rows, summary.bytes, started.elapsed());
    let kib: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kib < 512 << 10, "{peak}");
}

/// A real full disk. Needs the right to mount.
#[test]
#[ignore = "needs the right to mount"]
fn a_small_disk_runs_full() {
    let bench = Bench::new(Suite::Gm);
    let root = bench.root();
    let mounted = |args: &[&str]| std::process::Command::new("mount").args(args).arg(&root).status().unwrap().success();
    assert!(mounted(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"]));
    let small = take_in(&bench, "r/a", &big(1000));
    let full = take_in(&bench, "r/b", &big(100_000));
    let left = files_below(&root);
    let again = take_in(&bench, "r/c", &big(1000));
    let unmounted = std::process::Command::new("umount").arg(&root).status().unwrap().success();
    assert!(unmounted && small.is_ok() && again.is_ok());
    assert_eq!(full.unwrap_err().code(), "disk-full");
    assert_eq!(left.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any bytes: no panic; either refused whole, or every row is stored or set aside.
    #[test]
    fn counts_add_up(noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..30), sound in 0_usize..5) {
        let bench = Bench::new(Suite::Intl);
        let mut file = HEADER.as_bytes().to_vec();
        for line in &noise {
            file.extend(line.iter().filter(|b| !b"\"\r\n".contains(b)));
            file.push(b'\n');
        }
        for _ in 0..sound {
            file.extend_from_slice(format!("1,c,{ID},1949-12-31,1,n,1\n").as_bytes());
        }
        let lines = file.split(|b| *b == b'\n').filter(|l| !l.is_empty()).count() as u64 - 1;
        match take_in(&bench, "r/b", &file) {
            Ok(summary) => {
                prop_assert_eq!(summary.rows_in(), lines);
                prop_assert_eq!(set_aside(&bench, "r/b").len() as u64, summary.set_aside.values().sum::<u64>());
                prop_assert!(summary.rows >= sound as u64);
            }
            Err(error) => {
                prop_assert!(lines == 0 || encoding::detect(&file).encoding.is_utf16(), "{error:?}");
                prop_assert!(files_below(&bench.root()).is_empty());
            }
        }
    }

    /// Bytes without any header.
    #[test]
    fn noise_is_refused(noise in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let bench = Bench::new(Suite::Intl);
        prop_assert!(take_in(&bench, "r/b", &noise).is_err());
    }
}
