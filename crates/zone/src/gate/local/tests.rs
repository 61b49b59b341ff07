//! Planted files on both sides of each line.

use super::*;
use crate::gate::params::Scope;
use std::fmt::Write;
use tempfile::TempDir;

struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn assess(text: &str, options: &Options) -> Assessment {
    let files = Files::new();
    assess_file(&files.put("a.csv", text), options).unwrap()
}

fn verdict_of(assessment: &Assessment, id: &str) -> Option<Verdict> {
    assessment.checks.iter().find(|c| c.id == id).map(|c| c.verdict)
}

fn roles(quasi: &[&str], sensitive: &[&str]) -> Options {
    let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    Options { quasi: owned(quasi), sensitive: owned(sensitive), ..Options::default() }
}

/// `n` rows of each district, with diagnoses in turn.
fn rows(districts: &[(&str, usize)], diagnoses: usize) -> String {
    let mut text = String::from("district,band,diagnosis\n");
    for (district, n) in districts {
        for i in 0..*n {
            writeln!(text, "{district},30-39,D{}", i % diagnoses).unwrap();
        }
    }
    text
}

#[test]
fn counts_that_nothing_recounts_can_block_but_never_pass() {
    for (n, want) in [(9, Verdict::Block), (10, Verdict::Review), (0, Verdict::Review)] {
        let got = assess(&format!("district,n\n东区,40\n西区,{n}\n"), &Options::default());
        assert_eq!(verdict_of(&got, "cells"), Some(want), "{n}");
        assert_eq!(got.verdict, want);
    }
    for (n, want) in [(4, Verdict::Block), (5, Verdict::Review)] {
        assert_eq!(
            assess(&format!("district,企业数\n东区,40\n西区,{n}\n"), &Options::default()).verdict,
            want,
            "{n} firms"
        );
    }
}

#[test]
fn classes_of_microdata() {
    for (n, want) in [(4, Verdict::Block), (5, Verdict::Pass), (8, Verdict::Pass)] {
        let got = assess(&rows(&[("东区", 20), ("西区", n)], 4), &roles(&["district", "band"], &[]));
        assert_eq!(verdict_of(&got, "microdata"), Some(want), "{n}");
        assert_eq!(got.measures["k"], n);
    }
    let mut public = roles(&["district"], &[]);
    public.params.scope = Scope::Public;
    assert_eq!(assess(&rows(&[("东区", 19)], 4), &public).verdict, Verdict::Block);
    assert_eq!(assess(&rows(&[("东区", 20)], 4), &public).verdict, Verdict::Pass);
}

#[test]
fn a_homogeneous_class_passes_k_and_blocks() {
    let mut text = rows(&[("东区", 40)], 4);
    for _ in 0..20 {
        text.push_str("西区,30-39,D1\n");
    }
    let got = assess(&text, &roles(&["district"], &["diagnosis"]));
    assert_eq!(verdict_of(&got, "microdata"), Some(Verdict::Pass));
    assert_eq!(verdict_of(&got, "diversity"), Some(Verdict::Block));
    assert_eq!(got.measures["l_distinct"], 1);
    let got = assess(&rows(&[("东区", 40), ("西区", 20)], 4), &roles(&["district"], &["diagnosis"]));
    assert_eq!(got.verdict, Verdict::Pass);
    assert!((got.measures["l_entropy"].as_f64().unwrap() - 4.0).abs() < 1e-9);
}

#[test]
fn subjects_are_counted_once() {
    let mut text = String::from("pid,district\n");
    for visit in 0..30 {
        writeln!(text, "{},东区", visit % 4).unwrap();
    }
    let got = assess(&text, &Options { subject: Some("pid".into()), ..roles(&["district"], &[]) });
    assert_eq!((got.measures["k"].as_u64(), got.verdict), (Some(4), Verdict::Block));
}

fn firms(largest: u32) -> String {
    let mut text = format!("ent_id,district,tax\n0,东区,{largest}\n");
    for firm in 1..12 {
        writeln!(text, "{firm},东区,10").unwrap();
    }
    text
}

#[test]
fn raw_records_show_dominated_and_small_cells() {
    let files = Files::new();
    let cells = files.put("cells.csv", "district,sum_tax\n东区,1000\n");
    for (largest, want) in [(20, Verdict::Pass), (300, Verdict::Block)] {
        let raw = files.put("raw.csv", &firms(largest));
        let got =
            assess_file(&cells, &Options { raw: vec![raw], subject: Some("ent_id".into()), ..Options::default() })
                .unwrap();
        assert_eq!(verdict_of(&got, "dominance"), Some(want), "{largest}");
        assert_eq!(verdict_of(&got, "cells"), Some(Verdict::Pass));
    }
    for (people, want) in [(9, Verdict::Block), (10, Verdict::Pass)] {
        let mut text = String::from("pid,district\n");
        (0..300).for_each(|visit| writeln!(text, "{},东区", visit % people).unwrap());
        let raw = files.put("raw.csv", &text);
        let cells = files.put("n.csv", "district,n\n东区,300\n");
        let options = Options { raw: vec![raw], subject: Some("pid".into()), ..Options::default() };
        assert_eq!(assess_file(&cells, &options).unwrap().verdict, want, "{people} people behind 300 visits");
        let foreign = files.put("foreign.csv", "district,n\n东区,300\n北区,50\n");
        assert_eq!(
            assess_file(&foreign, &options).unwrap().verdict,
            Verdict::Block,
            "a cell that raw records do not know"
        );
    }
}

#[test]
fn two_releases_that_differ_by_a_few() {
    let files = Files::new();
    let before = files.put("before.csv", "district,n\n东区,40\n西区,60\n");
    for (now, want) in
        [(40, Verdict::Pass), (43, Verdict::Block), (37, Verdict::Block), (49, Verdict::Block), (50, Verdict::Pass)]
    {
        let path = files.put("now.csv", &format!("district,n\n东区,{now}\n西区,60\n"));
        let got = assess_file(&path, &Options { previous: vec![before.clone()], ..Options::default() }).unwrap();
        assert_eq!(verdict_of(&got, "differencing"), Some(want), "{now}");
    }
    let finer = files.put("finer.csv", "district,sex,n\n东区,男,20\n东区,女,17\n西区,男,30\n西区,女,30\n");
    let got = assess_file(&finer, &Options { previous: vec![before], ..Options::default() }).unwrap();
    assert_eq!(verdict_of(&got, "differencing"), Some(Verdict::Block), "the margin gives the three away");
    let old = files.put("old.csv", &rows(&[("东区", 20)], 4));
    for (n, want) in [(20, Verdict::Pass), (23, Verdict::Block), (40, Verdict::Pass)] {
        let new = files.put("new.csv", &rows(&[("东区", n)], 4));
        let got = assess_file(&new, &Options { previous: vec![old.clone()], ..roles(&["district"], &[]) }).unwrap();
        assert_eq!(verdict_of(&got, "differencing"), Some(want), "{n} records");
    }
}

#[test]
fn identifiers_under_innocent_names() {
    let base = rows(&[("东区", 20)], 4);
    for planted in ["11010519491231002X", "13912345678", "苏B12345", "x@example.com"] {
        let text: String = base
            .lines()
            .enumerate()
            .map(|(n, l)| {
                format!(
                    "{l},{}\n",
                    if n == 0 {
                        "ext1"
                    } else if n == 7 {
                        planted
                    } else {
                        "无"
                    }
                )
            })
            .collect();
        let got = assess(&text, &roles(&["district"], &[]));
        assert_eq!(verdict_of(&got, "identifiers"), Some(Verdict::Block), "{planted}");
        assert!(!got.to_json().to_string().contains(planted));
    }
    let masked: String = base
        .lines()
        .enumerate()
        .map(|(n, l)| format!("{l},{}\n", if n == 0 { "id,birth" } else { "320211********1234,1985-07-04" }))
        .collect();
    assert_eq!(verdict_of(&assess(&masked, &roles(&["district"], &[])), "restoration"), Some(Verdict::Block));
}

/// The table with a column more, whose values are made from the row's number.
fn with_columns(names: &str, value: impl Fn(usize) -> String) -> String {
    let base = rows(&[("东区", 20), ("西区", 20)], 4);
    base.lines().enumerate().map(|(n, l)| format!("{l},{}\n", if n == 0 { names.into() } else { value(n) })).collect()
}

const ID: &str = "11010519491231002X";

#[test]
fn disguised_identifiers_block() {
    use base64::prelude::{BASE64_STANDARD, Engine};
    for planted in [
        BASE64_STANDARD.encode(ID),
        hex::encode(ID),
        ID.chars().rev().collect(),
        BASE64_STANDARD.encode("13912345678"),
        hex::encode("91350100M000100Y43"),
    ] {
        let text = with_columns("ext1", |n| if n == 7 { planted.clone() } else { "无".into() });
        let got = assess(&text, &roles(&["district"], &[]));
        assert_eq!(verdict_of(&got, "identifiers"), Some(Verdict::Block), "{planted}");
        assert!(!got.to_json().to_string().contains(&planted));
    }
    let digests = with_columns("digest", |n| format!("{n:08x}84c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"));
    assert_eq!(verdict_of(&assess(&digests, &roles(&["district"], &[])), "identifiers"), Some(Verdict::Pass));
}

#[test]
fn identifiers_cut_in_two_are_found() {
    let (head, tail) = ID.split_at(8);
    for names in ["a,b", "x,编号"] {
        let text = with_columns(names, |n| if n == 7 { format!("{head},{tail}") } else { "-,-".into() });
        assert_eq!(verdict_of(&assess(&text, &roles(&["district"], &[])), "identifiers"), Some(Verdict::Block));
        let text = with_columns(names, |n| if n == 7 { format!("{tail},{head}") } else { "-,-".into() });
        assert_eq!(verdict_of(&assess(&text, &roles(&["district"], &[])), "identifiers"), Some(Verdict::Block));
    }
    let phones = with_columns("a,b", |n| format!("{},{}", 1390 + n % 7, 1_234_567 + n));
    assert_eq!(verdict_of(&assess(&phones, &roles(&["district"], &[])), "identifiers"), Some(Verdict::Review));
    let serials = with_columns("region,serial", |n| format!("3202{:02},20260115{n:04}", n % 9));
    assert_eq!(verdict_of(&assess(&serials, &roles(&["district"], &[])), "identifiers"), Some(Verdict::Pass));
}

/// A file without a header shows its first record in the place of one.
#[test]
fn identifiers_in_the_header_block_and_are_not_told() {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let (head, tail) = ID.split_at(8);
    for name in [
        ID.to_owned(),
        "13912345678".into(),
        "91350100M000100Y43".into(),
        format!("编号{ID}"),
        BASE64_STANDARD.encode(ID),
        hex::encode(ID),
        ID.chars().rev().collect(),
        format!("{head},{tail}"),
    ] {
        let cells = name.split(',').count();
        let text = with_columns(&name, |_| vec!["无"; cells].join(","));
        let got = assess(&text, &roles(&["district"], &[]));
        assert_eq!(verdict_of(&got, "identifiers"), Some(Verdict::Block), "{name}");
        let told = got.to_json().to_string();
        assert!(name.split(',').all(|part| !told.contains(part)), "{told}");
        let counts =
            assess(&format!("district,{name}_count{}\n东区,40{}\n", "", ",x".repeat(cells - 1)), &Options::default());
        assert!(!counts.to_json().to_string().contains(ID));
    }
}

#[test]
fn without_roles_people_must_judge() {
    assert_eq!(assess("a,b\nx,y\nz,w\n", &Options::default()).verdict, Verdict::Review);
    assert_eq!(assess("a,b\nx,y\nz\n", &Options::default()).verdict, Verdict::Block, "ragged");
}

#[test]
fn faults_of_the_call_are_errors() {
    let files = Files::new();
    let path = files.put("a.csv", "a,b\n1,2\n");
    assert!(matches!(assess_file(&path, &roles(&["c"], &[])), Err(LocalError::Column { .. })));
    assert!(matches!(
        assess_file(&path, &Options { subject: Some("z".into()), ..Options::default() }),
        Err(LocalError::Column { .. })
    ));
    assert!(matches!(assess_file(&files.dir.path().join("none.csv"), &Options::default()), Err(LocalError::File(_))));
    assert!(matches!(assess_file(&files.put("empty.csv", ""), &Options::default()), Err(LocalError::File(_))));
    assert!(matches!(
        assess_file(&files.put("broken.parquet", "PAR1xxxx"), &Options::default()),
        Err(LocalError::File(_))
    ));
}

#[test]
fn contracts_name_the_parts() {
    let contract = Contract::parse(
        r#"apiVersion: v3.1.0
kind: DataContract
id: visits
version: 1.0.0
status: active
schema:
  - name: visits
    physicalType: table
    properties:
      - {name: district, logicalType: string, customProperties: [{property: yunyuClass, value: DIM}]}
      - {name: band, logicalType: string, customProperties: [{property: yunyuClass, value: DIM}]}
      - {name: diagnosis, logicalType: string, customProperties: [{property: yunyuClass, value: SEN}]}
      - {name: phone, logicalType: string, customProperties: [{property: yunyuClass, value: LOCK}]}
"#,
    )
    .unwrap();
    let options = Options { contract: Some(contract), ..Options::default() };
    assert_eq!(assess(&rows(&[("东区", 20)], 4), &options).verdict, Verdict::Pass);
    assert_eq!(assess(&rows(&[("东区", 4)], 4), &options).verdict, Verdict::Block);
    let locked = rows(&[("东区", 20)], 4).replace("band", "phone");
    assert_eq!(verdict_of(&assess(&locked, &options), "scope"), Some(Verdict::Block));
}

/// The same table went through pycanon 1.3.5; its values stand here (entropy l before it rounds down).
#[test]
fn equals_pycanon() {
    let mut text = String::from("a,b,s,v\n");
    for i in 0_u64..900 {
        let s = if i % 5 == 0 { i % 2 } else { (i * i + 3 * i) % 7 };
        let a = i * 7 % 4;
        writeln!(text, "{a},b{},D{s},{}", i * i % 3, i * i * 31 % 11 * (1 + a)).unwrap();
    }
    let (ln2, worst_v) = (std::f64::consts::LN_2, 1.4350845252893227);
    for (sensitive, l, entropy, alpha, beta, delta, t) in [
        (&["s"][..], 4, 3.568134366349661, 0.44, 1.0, ln2, 0.12444444444444443),
        (&["v"], 6, 5.839030415666355, 0.18666666666666668, 3.2, worst_v, 0.22159722222222225),
        (&["s", "v"], 4, 3.568134366349661, 0.44, 3.2, worst_v, 0.22159722222222225),
    ] {
        let got = assess(&text, &roles(&["a", "b"], sensitive)).measures;
        assert_eq!((got["k"].as_u64(), got["l_distinct"].as_u64()), (Some(75), Some(l)));
        for (name, want) in [("l_entropy", entropy), ("alpha", alpha), ("beta", beta), ("delta", delta), ("t", t)] {
            assert!((got[name].as_f64().unwrap() - want).abs() < 1e-9, "{sensitive:?} {name} {}", got[name]);
        }
    }
}
