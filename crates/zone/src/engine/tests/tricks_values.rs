//! Attacks through values and shapes: rows of nobody, conversions that fail, spreads, quantiles, margins, distinct keys.

use serde_json::{Value, json};

use super::data::Folder;
use super::schema::verdict;
use crate::engine::Decision;

/// Refused, and by which rule.
pub(super) const REFUSED: &[(&str, &str)] = &[
    // whether a mean of long decimals overflows tells how many rows there are
    (
        "N3",
        "SELECT AVG(CASE WHEN icd_chapter = 'Z' THEN CAST('100000000000000000000000000000000000' AS DECIMAL(38,0)) END) FROM visits",
    ),
    (
        "N3",
        "SELECT AVG(CAST(n AS DECIMAL(38,34))) FROM (SELECT citizen_id, COUNT(*) n FROM visits WHERE icd_chapter = 'Z' GROUP BY 1) t",
    ),
    (
        "N3",
        "SELECT AVG(COALESCE(n, CAST(0 AS DECIMAL(38,34)))) FROM (SELECT citizen_id, COUNT(*) n FROM visits GROUP BY 1) t",
    ),
    (
        "N3",
        "SELECT SUM(x) FROM (SELECT citizen_id, AVG(CASE WHEN icd_chapter = 'Z' THEN CAST('1' AS DECIMAL(38,37)) END) x FROM visits GROUP BY 1) t",
    ),
    (
        "N3",
        "SELECT AVG(CASE WHEN c.education = 'phd' THEN d.x END) FROM citizens c JOIN (SELECT district_code, CAST('100000000000000000000000000000000000' AS DECIMAL(38,0)) AS x FROM districts) d ON c.district_code = d.district_code",
    ),
    (
        "N3",
        "SELECT AVG(CASE WHEN tax_amount >= 50000 THEN CAST('100000000000000000000000000000000000' AS DECIMAL(38,0)) END) FROM enterprises",
    ),
    // a division that only one firm's row makes fail, inside the aggregate itself
    (
        "N3",
        "SELECT COUNT(CASE WHEN tax_amount >= 50000 THEN 1 / (CASE WHEN ent_name = 'Firm 7' THEN 0 ELSE 1 END) END) FROM enterprises",
    ),
    (
        "N3",
        "SELECT SUM(tax_amount) FILTER (WHERE tax_amount >= 50000 AND 1 / (CASE WHEN ent_name = 'Firm 7' THEN 0 ELSE 1 END) > 0) FROM enterprises",
    ),
    // a column that the query's author chooses is a weight
    ("MEA", "SELECT CORR(tax_amount, reg_capital) FROM enterprises"),
    ("MEA", "SELECT CORR(reg_capital, tax_amount) FROM enterprises"),
    ("MEA", "SELECT CORR(total_fee, CASE WHEN icd_chapter = 'Z' THEN 1 ELSE 0 END) FROM visits"),
    ("MEA", "SELECT CORR(total_fee, CASE WHEN icd_chapter = 'Z' THEN self_pay END) FROM visits"),
    ("MEA", "SELECT CORR(f, n) FROM (SELECT citizen_id, SUM(total_fee) f, COUNT(*) n FROM visits GROUP BY 1) t"),
    ("MEA", "SELECT covar_pop(total_fee, self_pay) FROM visits"),
    // quantiles of one column that enclose a few
    (
        "MEA",
        "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY total_fee), percentile_cont(0.94) WITHIN GROUP (ORDER BY total_fee) FROM visits",
    ),
    (
        "MEA",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total_fee), percentile_cont(0.49) WITHIN GROUP (ORDER BY total_fee DESC) FROM visits",
    ),
    (
        "MEA",
        "SELECT approx_percentile_cont(total_fee, 0.5) FROM visits UNION ALL SELECT approx_percentile_cont(total_fee, 0.52) FROM visits",
    ),
    ("MEA", "SELECT approx_percentile_cont(-total_fee, 0.5) FROM visits"),
    // what one of a doctor's patients has decides for the whole group
    (
        "G2",
        "SELECT SUM(m) FROM (SELECT doctor_id, COUNT(*) FILTER (WHERE icd_chapter = 'Z') AS m FROM visits GROUP BY doctor_id) t",
    ),
    (
        "G2",
        "SELECT z, COUNT(*) FROM (SELECT doctor_id, MAX(CASE WHEN icd_chapter = 'Z' THEN 1 ELSE 0 END) AS z FROM visits GROUP BY doctor_id) t GROUP BY z",
    ),
    (
        "G2",
        "SELECT z, COUNT(*) FROM (SELECT household_id, MAX(education) AS z FROM citizens GROUP BY household_id) t GROUP BY z",
    ),
    (
        "G2",
        "SELECT n, COUNT(*) FROM (SELECT doctor_id, COUNT(DISTINCT icd_chapter) AS n FROM visits GROUP BY doctor_id) t GROUP BY n",
    ),
    ("MEA", "SELECT SUM(total_fee * 0.01) FROM visits"),
    ("MEA", "SELECT AVG(self_pay / 1000) FROM visits"),
    ("DIM", "SELECT dept_code || '-' || hospital_code, COUNT(*) FROM visits GROUP BY 1"),
    ("TIME", "SELECT 2.5 * date_part('year', birth_date), COUNT(*) FROM citizens GROUP BY 1"),
    ("KEY", "SELECT approx_distinct(household_id) FROM citizens"),
    ("N1", "SELECT hospital_code, COUNT(*) FROM visits GROUP BY 1 ORDER BY 2 DESC FETCH FIRST 5 ROWS ONLY"),
];

#[test]
fn values_that_told_one_person_are_refused() {
    let mut wrong = Vec::new();
    for (rule, sql) in REFUSED {
        let verdict = verdict(sql);
        let got = verdict.reasons.first().map(|reason| format!("{} {} {:?}", reason.rule, reason.en, reason.at));
        let refused = verdict.verdict == Decision::Refuse && verdict.reasons[0].at.line > 0;
        if !refused || verdict.reasons[0].rule != *rule || verdict.reasons[0].would_help.is_empty() {
            wrong.push(format!("{sql}\n   {:?} {got:?}", verdict.verdict));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), REFUSED.len(), wrong.join("\n"));
}

#[test]
fn ages_are_years_by_another_name() {
    for sql in [
        "SELECT floor((2024 - date_part('year', birth_date)) / 10) * 10 AS age, COUNT(*) FROM citizens GROUP BY 1",
        "SELECT 2024 - date_part('year', birth_date) AS age, COUNT(*) FROM citizens GROUP BY 1",
        "SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY total_fee), MEDIAN(total_fee), percentile_cont(0.75) WITHIN GROUP (ORDER BY total_fee) FROM visits",
        "SELECT MEDIAN(total_fee), MEDIAN(self_pay) FROM visits",
    ] {
        assert_eq!(verdict(sql).verdict, Decision::Aggregate, "{sql}");
    }
    assert_eq!(verdict("SELECT AVG(2024 - date_part('year', birth_date)) FROM citizens").verdict, Decision::Refuse);
    let narrow = "SELECT floor((2024 - date_part('year', birth_date)) / 2) * 2, COUNT(*) FROM citizens GROUP BY 1";
    assert_eq!(verdict(narrow).verdict, Decision::Refuse);
}

/// The columns of the only row, or of all rows, are blank.
async fn blank(folder: &Folder, sql: &str, columns: &[usize]) {
    let rows = folder.rows(sql).await;
    let shown = rows.iter().any(|row| columns.iter().any(|column| !row[*column].is_null()));
    assert!(!shown, "{sql}: {rows:?}");
}

/// 300 persons in three districts; nobody lives in `DN`. One visit of the department `X` has no person.
fn nobodys() -> Folder {
    let folder = Folder::new();
    let citizen = |id: usize| format!("{id},{},D{}", if id.is_multiple_of(2) { "F" } else { "M" }, id % 3);
    folder.table("citizens", "citizen_id,gender,district_code", (1..=300).map(citizen));
    folder.table(
        "districts",
        "district_code,district_name,city_code",
        ["D0", "D1", "D2", "DN"].map(|d| format!("{d},{d},C")),
    );
    let visits = (1..=300).map(|id| format!("{id},{id},{},{}.5", if id <= 150 { "A" } else { "B" }, 100 + id));
    folder.table("visits", "visit_id,citizen_id,dept_code,total_fee", visits.chain(["999,,X,54321.5".to_owned()]));
    folder
}

/// A row without a subject counts nobody, and is not nothing.
#[tokio::test]
async fn rows_of_nobody_are_not_none() {
    let folder = nobodys();
    // Districts where nobody lives add nothing, so that no number says whether somebody does.
    for join in [
        "districts d LEFT JOIN citizens c ON c.district_code = d.district_code",
        "citizens c RIGHT JOIN districts d ON c.district_code = d.district_code",
        "citizens c FULL JOIN districts d ON c.district_code = d.district_code",
        "districts d LEFT JOIN (SELECT citizen_id, district_code, gender FROM citizens) c ON c.district_code = d.district_code",
    ] {
        for part in ["COUNT(c.citizen_id)", "COUNT(c.gender)", "COUNT(DISTINCT c.citizen_id)"] {
            let sql = format!("SELECT COUNT(*) - {part}, COUNT(*) FROM {join} WHERE d.district_code IN ('DN', 'D0')");
            assert_eq!(folder.rows(&sql).await, [vec![json!(0), json!(100)]], "{sql}");
        }
        let sql = format!("SELECT SUM(CASE WHEN c.gender IN ('F', 'M') THEN 0 ELSE 1 END), COUNT(*) FROM {join}");
        assert_ne!(folder.rows(&sql).await[0][0], json!(1), "{sql}");
    }
    let sql = "SELECT COUNT(*) - SUM(n), COUNT(*) FROM (SELECT c.citizen_id, COUNT(*) AS n FROM districts d LEFT JOIN citizens c ON c.district_code = d.district_code GROUP BY c.citizen_id) t";
    assert_eq!(folder.rows(sql).await, [vec![json!(0), json!(300)]]);
    for measure in ["SUM(total_fee)", "COUNT(*)", "COUNT(visit_id)"] {
        let sql = format!(
            "SELECT {measure} FILTER (WHERE dept_code IN ('A', 'X')) - {measure} FILTER (WHERE dept_code = 'A') FROM visits"
        );
        blank(&folder, &sql, &[0]).await;
    }
    blank(&folder, "SELECT COUNT(*) - COUNT(citizen_id) FROM visits", &[0]).await;
    blank(
        &folder,
        "SELECT COUNT(*) - COUNT(citizen_id) FROM (SELECT citizen_id, COUNT(*) AS n FROM visits GROUP BY citizen_id) t",
        &[0],
    )
    .await;
    let rolled = folder.rows("SELECT dept_code, COUNT(*) FROM visits GROUP BY ROLLUP(dept_code)").await;
    let parts = rolled.iter().filter(|row| !row[0].is_null()).count();
    assert!(parts < 2, "the visit of X follows from total and parts: {rolled:?}");
    // Where somebody stands behind every row nothing is lost.
    let sql = "SELECT COUNT(*), COUNT(v.visit_id) FROM citizens c LEFT JOIN visits v ON c.citizen_id = v.citizen_id";
    assert_eq!(folder.rows(sql).await, [vec![json!(300), json!(300)]]);
    let sql = "SELECT d.district_name, COUNT(c.citizen_id) FROM districts d LEFT JOIN citizens c ON c.district_code = d.district_code GROUP BY 1";
    assert_eq!(folder.rows(sql).await.len(), 3);
}

/// A person's fee follows from a mean and a spread, where all others paid nothing or the same.
#[tokio::test]
async fn spreads_hide_the_outlier() {
    let folder = Folder::new();
    let visits = |fee: fn(usize) -> f64, pay: fn(usize) -> f64| {
        let row = move |id: usize| format!("{id},{id},H1,{},{}", fee(id), pay(id));
        folder.table("visits", "visit_id,citizen_id,hospital_code,total_fee,self_pay", (1..=60).map(row));
    };
    visits(|id| if id == 7 { 98765.25 } else { 0.0 }, |_| 0.0);
    for spread in ["STDDEV_POP(total_fee)", "VAR_POP(total_fee)", "STDDEV(total_fee - self_pay)"] {
        blank(&folder, &format!("SELECT COUNT(*), {spread} FROM visits"), &[1]).await;
    }
    visits(|id| if id == 7 { 98765.25 } else { 10.0 + (id % 3) as f64 }, |id| if id == 9 { 500.0 } else { 0.0 });
    for spread in ["STDDEV(total_fee)", "VAR(total_fee)", "CORR(total_fee, self_pay)", "CORR(self_pay, total_fee)"] {
        blank(&folder, &format!("SELECT {spread}, COUNT(*) FROM visits"), &[0]).await;
    }
    visits(|_| 10.0, |id| id as f64);
    blank(&folder, "SELECT STDDEV(total_fee), AVG(total_fee) FROM visits", &[0]).await;
    visits(|id| (id * id % 97) as f64 + 1.0, |id| id as f64);
    let rows = folder.rows("SELECT STDDEV(total_fee), CORR(total_fee, self_pay) FROM visits").await;
    assert!(rows[0].iter().all(Value::is_f64), "{rows:?}");
}

/// A quantile has enough persons on either side, and so has the gap between two.
#[tokio::test]
async fn quantiles_stand_among_many() {
    let folder = Folder::new();
    let row =
        |(id, hospital): (usize, &str)| format!("{id},{id},{hospital},{}", if id == 15 { 987_654 } else { 1000 * id });
    let few = (1..=15).map(|id| (id, "H1"));
    folder.table(
        "visits",
        "visit_id,citizen_id,hospital_code,total_fee",
        few.chain((16..=75).map(|id| (id, "H2"))).map(row),
    );
    for quantile in [
        "percentile_cont(0.95) WITHIN GROUP (ORDER BY total_fee)",
        "percentile_cont(0.05) WITHIN GROUP (ORDER BY total_fee DESC)",
        "approx_percentile_cont(total_fee, 0.94)",
        "MEDIAN(total_fee)",
        "MEDIAN(COALESCE(total_fee, 0))",
    ] {
        let rows = folder.rows(&format!("SELECT hospital_code, {quantile} FROM visits GROUP BY 1 ORDER BY 1")).await;
        assert_eq!(rows[0], [json!("H1"), Value::Null], "{quantile}: {rows:?}");
        assert_eq!(rows[1][1].is_null(), !quantile.contains("MEDIAN"), "{quantile}: {rows:?}");
    }
    let two = |a: f64, b: f64| {
        format!(
            "SELECT approx_percentile_cont(total_fee, {a}), approx_percentile_cont(total_fee, {b}) FROM visits WHERE hospital_code = 'H2'"
        )
    };
    // Six persons between them; fifteen.
    assert_eq!(folder.rows(&two(0.5, 0.6)).await, [vec![Value::Null, Value::Null]]);
    assert!(folder.rows(&two(0.4, 0.65)).await[0].iter().all(Value::is_f64));
    // Many rows are not many persons.
    let one = (0..50).map(|n| format!("{},{},H1,{}", n + 100, 1, 90_000 + n));
    folder.table(
        "visits",
        "visit_id,citizen_id,hospital_code,total_fee",
        (1..=30).map(|id| row((id + 100, "H1"))).chain(one),
    );
    blank(&folder, "SELECT approx_percentile_cont(total_fee, 0.3) FROM visits", &[0]).await;
}

/// Totals of rows less totals of columns: the one cell that joins two blocks of suppressed ones.
#[tokio::test]
async fn margins_of_a_block_do_not_tell_a_cell() {
    let folder = Folder::new();
    let small = |a: usize, b: usize| match (a, b) {
        (0 | 1, 0 | 1) | (2 | 3, 3) | (2 | 3, 2) => 6,
        (0, 2) => 1,
        _ => 30,
    };
    let cells = (0..16).flat_map(|n| std::iter::repeat_n((n / 4, n % 4), small(n / 4, n % 4)));
    let rows: Vec<String> = cells.enumerate().map(|(id, (a, b))| format!("{},D{a},e{b}", id + 1)).collect();
    folder.table("citizens", "citizen_id,district_code,education", rows);
    for sets in
        ["CUBE (district_code, education)", "GROUPING SETS ((district_code, education), (district_code), (education))"]
    {
        let sql = format!("SELECT district_code, education, COUNT(*) FROM citizens GROUP BY {sets}");
        let rows = folder.rows(&sql).await;
        let at = |d: Value, e: Value| rows.iter().find(|row| row[0] == d && row[1] == e);
        // Every block of districts and educations whose totals are all shown.
        for block in 0_usize..256 {
            let (ds, es): (Vec<usize>, Vec<usize>) = (
                (0..4).filter(|n| block >> n & 1 == 1).collect(),
                (4..8).filter(|n| block >> n & 1 == 1).map(|n| n - 4).collect(),
            );
            let totals = ds.iter().all(|d| at(json!(format!("D{d}")), Value::Null).is_some())
                && es.iter().all(|e| at(Value::Null, json!(format!("e{e}"))).is_some());
            let hidden = |inside: bool| -> usize {
                let cells = (0..16)
                    .map(|n| (n / 4, n % 4))
                    .filter(|(d, e)| ds.contains(d) == inside && es.contains(e) != inside);
                let unseen = cells.filter(|(d, e)| at(json!(format!("D{d}")), json!(format!("e{e}"))).is_none());
                unseen.map(|(d, e)| small(d, e)).sum()
            };
            let (out, back) = (hidden(true), hidden(false));
            assert!(!totals || back > 0 || out == 0 || out >= 10, "{sets} {ds:?} {es:?} tells {out}: {rows:?}");
            assert!(!totals || out > 0 || back == 0 || back >= 10, "{sets} {ds:?} {es:?} tells {back}: {rows:?}");
        }
        assert!(rows.len() > 8, "{rows:?}");
    }
}

/// A number of households differs from another by households, and those by their people.
#[tokio::test]
async fn keys_that_never_meet_a_condition_are_counted() {
    let folder = Folder::new();
    let education = |id: usize| if id.is_multiple_of(3) || (id - 1) / 3 == 100 { "phd" } else { "p" };
    folder.table(
        "citizens",
        "citizen_id,gender,education,household_id",
        (1..=600).map(|id| format!("{id},F,{},{}", education(id), (id - 1) / 3)),
    );
    for sql in [
        "SELECT COUNT(DISTINCT household_id) - COUNT(DISTINCT household_id) FILTER (WHERE education <> 'phd') FROM citizens",
        "SELECT COUNT(DISTINCT household_id) - COUNT(DISTINCT CASE WHEN education <> 'phd' THEN household_id END) FROM citizens",
        "SELECT COUNT(DISTINCT household_id), COUNT(*), COUNT(DISTINCT household_id) FILTER (WHERE education = 'p') FROM citizens",
    ] {
        blank(&folder, sql, &[0]).await;
    }
    let sql = "SELECT COUNT(DISTINCT household_id), COUNT(DISTINCT household_id) FILTER (WHERE education = 'phd') FROM citizens";
    let rows = folder.rows(sql).await;
    assert!(rows[0].iter().all(Value::is_i64), "all have somebody of either: {rows:?}");
    let trip =
        |n: usize| format!("{n},K{},{n},{}", n / 2, if n.is_multiple_of(2) || n == 101 { "bus" } else { "metro" });
    folder.table("trips", "trip_id,card_token,citizen_id,mode", (1..=400).map(trip));
    blank(
        &folder,
        "SELECT COUNT(DISTINCT card_token) - COUNT(DISTINCT card_token) FILTER (WHERE mode = 'metro') FROM trips",
        &[0],
    )
    .await;
}
