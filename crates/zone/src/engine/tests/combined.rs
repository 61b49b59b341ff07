//! Aggregates of one grouping that could be combined to show one person: refused, or blanked.

use serde_json::Value;

use super::data::Folder;
use super::schema::verdict;
use crate::engine::Decision;

/// 1,200 persons; only number 777 has the education `phd`, and the only visit of chapter `Z`. A ninth of the visits are free.
fn folder() -> Folder {
    let folder = Folder::new();
    let education = |id: usize| if id == 777 { "phd" } else { ["p", "h", "u"][id % 3] };
    folder.table(
        "citizens",
        "citizen_id,gender,district_code,education",
        (1..=1200).map(|id| format!("{id},{},D{},{}", if id % 2 == 0 { "F" } else { "M" }, id % 3, education(id))),
    );
    let visit = |n: usize| {
        let (fee, pay) = (100 + n % 700, if n.is_multiple_of(9) { 0 } else { n % 50 + 1 });
        format!("{n},{},H{},{}.5,{pay},2024-0{}-05", n % 1200 + 1, n % 2, fee, n % 9 + 1)
    };
    let rows = (1..=5000).map(|n| format!("{},A", visit(n))).chain(["5001,777,H1,9876.54,5000,2024-03-05,Z".into()]);
    folder.table("visits", "visit_id,citizen_id,hospital_code,total_fee,self_pay,visit_date,icd_chapter", rows);
    folder.table("icd_ref", "icd_code,icd_name,chapter", ["Z9,z,Z".into(), "A1,a,A".to_owned()]);
    folder
}

/// Each of these told 777's visit or fee when its cells were combined.
pub(super) const COMBINED: &[&str] = &[
    "SELECT SUM(n), SUM(m) FROM (SELECT citizen_id, COUNT(*) n, COUNT(*) FILTER (WHERE icd_chapter <> 'Z') m FROM visits GROUP BY citizen_id) g",
    "SELECT SUM(f), SUM(g) FROM (SELECT citizen_id, SUM(total_fee) f, SUM(CASE WHEN icd_chapter <> 'Z' THEN total_fee ELSE 0 END) g FROM visits GROUP BY citizen_id) t",
    "WITH a AS (SELECT citizen_id, COUNT(*) n FROM visits GROUP BY 1), b AS (SELECT citizen_id, COUNT(*) m FROM visits WHERE icd_chapter <> 'Z' GROUP BY 1) SELECT SUM(n) - SUM(m), COUNT(*) FROM a LEFT JOIN b ON a.citizen_id = b.citizen_id",
    "SELECT COUNT(*), COUNT(DISTINCT citizen_id) FROM (SELECT citizen_id FROM citizens UNION ALL SELECT citizen_id FROM citizens WHERE education = 'phd') x",
    "SELECT SUM(x), SUM(y) FROM (SELECT citizen_id, total_fee x, total_fee y FROM visits UNION ALL SELECT citizen_id, total_fee, total_fee - total_fee FROM visits WHERE icd_chapter = 'Z') u",
    "SELECT COUNT(*), COUNT(DISTINCT v.visit_id) FROM visits v LEFT JOIN (SELECT chapter FROM icd_ref WHERE chapter = 'Z' UNION ALL SELECT chapter FROM icd_ref WHERE chapter = 'Z') x ON x.chapter = v.icd_chapter",
    "SELECT COUNT(*), COUNT(DISTINCT v.visit_id) FROM visits v JOIN (SELECT a.chapter FROM icd_ref a JOIN icd_ref b ON a.chapter = b.chapter OR a.chapter = 'Z') x ON x.chapter = v.icd_chapter",
    "SELECT COUNT(*), COUNT(DISTINCT c.citizen_id) FROM citizens c LEFT JOIN (SELECT citizen_id FROM visits WHERE icd_chapter = 'Z') z ON c.citizen_id = z.citizen_id",
    "SELECT COUNT(*), COUNT(DISTINCT c.citizen_id) FROM citizens c LEFT JOIN visits v ON c.citizen_id = v.citizen_id AND v.icd_chapter = 'Z'",
    "SELECT SUM(self_pay), SUM(x) FROM (SELECT self_pay, CASE WHEN icd_chapter = 'Z' THEN 0 ELSE self_pay END AS x FROM visits) t",
    "SELECT r.t - r.h - r.p, s.n FROM (SELECT district_code d, COUNT(*) t, COUNT(*) FILTER (WHERE education = 'h') h, COUNT(*) FILTER (WHERE education = 'p') p FROM citizens GROUP BY 1) r JOIN (SELECT district_code d, education e, COUNT(*) n FROM citizens GROUP BY 1, 2) s ON r.d = s.d",
    "SELECT SUM(n), SUM(m) FROM (SELECT citizen_id, COUNT(*) OVER (PARTITION BY citizen_id) n, COUNT(CASE WHEN icd_chapter <> 'Z' THEN visit_id END) OVER (PARTITION BY citizen_id) m FROM visits) g",
];

#[test]
fn what_could_be_combined_unseen_is_refused() {
    let accepted: Vec<&&str> = COMBINED.iter().filter(|sql| verdict(sql).verdict != Decision::Refuse).collect();
    assert!(accepted.is_empty(), "{accepted:#?}");
}

/// Where the conditions are seen, the cells that would tell are blank.
#[tokio::test]
async fn what_would_tell_one_person_is_blank() {
    let folder = folder();
    for sql in [
        "SELECT COUNT(*) FILTER (WHERE education IN ('p', 'h', 'phd')) a, COUNT(*) FILTER (WHERE education = 'p') b, COUNT(*) FILTER (WHERE education = 'h') c FROM citizens",
        "SELECT COUNT(*) FILTER (WHERE education <> 'u') a, SUM(CASE WHEN education = 'p' THEN 1 ELSE 0 END) b, COUNT(CASE WHEN education = 'h' THEN citizen_id END) c FROM citizens",
        "SELECT SUM(CASE WHEN icd_chapter = 'Z' THEN 0 ELSE self_pay END), SUM(self_pay) FROM visits",
        "SELECT SUM(CASE WHEN icd_chapter <> 'Z' THEN self_pay END), SUM(self_pay) FROM visits",
        "SELECT SUM(self_pay) FILTER (WHERE icd_chapter <> 'Z'), SUM(self_pay) FROM visits",
        "SELECT COUNT(CASE WHEN icd_chapter <> 'Z' THEN visit_id END), COUNT(*) FROM visits",
    ] {
        let rows = folder.rows(sql).await;
        assert!(rows.iter().all(|row| row[0] == Value::Null), "{sql}: {rows:?}");
    }
    // Where every part rests on many, nothing is lost: a pivot over exclusive conditions.
    let pivot = "SELECT district_code, COUNT(*) FILTER (WHERE gender = 'F') f, COUNT(*) FILTER (WHERE gender = 'M') m FROM citizens GROUP BY 1";
    let rows = folder.rows(pivot).await;
    assert!(rows.len() == 3 && rows.iter().all(|row| row[1].is_i64() && row[2].is_i64()), "{rows:?}");
}

/// Free visits do not hide the one that was paid for.
#[tokio::test]
async fn those_who_add_nothing_hide_nobody() {
    let folder = Folder::new();
    let rows = (1..=60).map(|id| {
        format!(
            "{id},{id},H1,{},{}",
            if id == 7 {
                5000
            } else if id <= 30 {
                0
            } else {
                10
            },
            id <= 30
        )
    });
    folder.table("visits", "visit_id,citizen_id,hospital_code,self_pay,is_inpatient", rows);
    let sql = "SELECT SUM(self_pay), SUM(self_pay) FILTER (WHERE NOT is_inpatient) FROM visits";
    let rows = folder.rows(sql).await;
    assert_eq!(rows[0][1], Value::Null, "the difference is what one person paid: {rows:?}");
}

/// A spread tells a dominant firm as well as a sum does.
#[tokio::test]
async fn spreads_are_blank_where_one_firm_dominates() {
    let folder = Folder::new();
    let rows = (1..=50).map(|id| format!("{id},Firm {id},A,{}", if id == 1 { 5e8 } else { 1e4 }));
    folder.table("enterprises", "ent_id,ent_name,industry_code,tax_amount", rows);
    let sql = "SELECT COUNT(*), STDDEV_POP(tax_amount), VAR_POP(tax_amount) FROM enterprises";
    let rows = folder.rows(sql).await;
    assert_eq!(rows[0][1..], [Value::Null, Value::Null], "{rows:?}");
}
