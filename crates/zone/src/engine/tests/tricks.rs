//! Attacks by a fresh reader: every way found to read one person out of released results, each with its mend.

use serde_json::{Value, json};

use super::data::Folder;
use super::schema::verdict;
use crate::engine::{Decision, deep};

/// Accepted once; each of these told a single subject.
pub(super) const REFUSED: &[(&str, &str)] = &[
    // a record taken so often that its share of one sum can be read off
    (
        "G6",
        "WITH z AS (SELECT citizen_id FROM visits WHERE icd_chapter = 'Z'), z2 AS (SELECT * FROM z UNION ALL SELECT * FROM z), z4 AS (SELECT * FROM z2 UNION ALL SELECT * FROM z2) SELECT COUNT(*) FROM (SELECT citizen_id FROM citizens UNION ALL SELECT * FROM z4) u",
    ),
    (
        "G6",
        "WITH z AS (SELECT total_fee, citizen_id FROM visits WHERE icd_chapter = 'Z'), y AS (SELECT * FROM z UNION ALL SELECT * FROM z) SELECT AVG(total_fee) FROM (SELECT total_fee, citizen_id FROM visits UNION ALL SELECT * FROM y) u",
    ),
    // overlapping groups of one grouping
    (
        "G6",
        "SELECT tag, COUNT(*) FROM (SELECT 'all' AS tag, citizen_id FROM citizens UNION ALL SELECT 'rest', citizen_id FROM citizens WHERE education <> 'phd') u GROUP BY tag",
    ),
    (
        "G6",
        "SELECT tag, COUNT(*) FROM (SELECT 'all' AS tag, citizen_id FROM citizens UNION SELECT 'rest', citizen_id FROM citizens WHERE education <> 'phd') u GROUP BY tag",
    ),
    // public numbers as weights
    (
        "PUB",
        "SELECT SUM(e.reg_capital) FROM si_payments p JOIN enterprises e ON p.ent_id = e.ent_id WHERE p.in_arrears",
    ),
    ("PUB", "SELECT SUM(reg_capital) FROM enterprises WHERE tax_amount >= 1000000"),
    ("MEA", "SELECT SUM(reg_capital) FILTER (WHERE tax_amount >= 1000000) FROM enterprises"),
    ("MEA", "SELECT SUM(CASE WHEN tax_amount >= 1000000 THEN reg_capital ELSE 0 END) FROM enterprises"),
    (
        "DIM",
        "SELECT SUM(CASE WHEN c.gender = 'F' THEN d.published_population ELSE 0 END) FROM citizens c JOIN districts d ON c.district_code = d.district_code",
    ),
    (
        "PUB",
        "SELECT SUM(s) FROM (SELECT c.citizen_id, SUM(d.published_population) AS s FROM citizens c JOIN districts d ON c.district_code = d.district_code GROUP BY c.citizen_id) t",
    ),
    (
        "PUB",
        "SELECT SUM(s) FROM (SELECT c.citizen_id, SUM(d.published_population) OVER (PARTITION BY c.citizen_id) AS s FROM citizens c JOIN districts d ON c.district_code = d.district_code) t",
    ),
    (
        "DIM",
        "SELECT SUM(s) FROM (SELECT citizen_id, SUM(CASE WHEN icd_chapter = 'Z' THEN 1000000 WHEN hospital_code = 'H1' THEN 0 ELSE 1 END) AS s FROM visits GROUP BY citizen_id) t",
    ),
    // public rows chosen by whether one person exists
    (
        "N7",
        "SELECT COUNT(*) FROM districts WHERE district_code IN (SELECT district_code FROM citizens WHERE education = 'phd')",
    ),
    (
        "N7",
        "SELECT COUNT(*) FROM districts d WHERE EXISTS (SELECT 1 FROM citizens c WHERE c.district_code = d.district_code)",
    ),
    // firms and public numbers by inequality: cumulative groups
    (
        "N4",
        "SELECT d.district_code, SUM(e.tax_amount) FROM enterprises e JOIN districts d ON e.reg_capital <= d.published_population GROUP BY d.district_code",
    ),
    (
        "N4",
        "SELECT d.district_code, SUM(e.tax_amount) FROM enterprises e CROSS JOIN districts d WHERE e.reg_capital <= d.published_population GROUP BY d.district_code",
    ),
    (
        "N4",
        "SELECT floor(b.reg_capital / 1000), SUM(a.tax_amount) FROM enterprises a JOIN enterprises b ON a.reg_capital <= b.reg_capital GROUP BY 1",
    ),
    (
        "N4",
        "SELECT b.status, SUM(a.tax_amount) FROM enterprises a JOIN enterprises b ON a.industry_code = b.industry_code GROUP BY 1",
    ),
    // an error that only one firm's or person's row raises
    (
        "N3",
        "SELECT COUNT(x) FROM (SELECT 1 / (CASE WHEN ent_name = 'Firm 7' THEN 0 ELSE 1 END) AS x, tax_amount FROM enterprises) t WHERE tax_amount >= 1000000",
    ),
    (
        "N3",
        "SELECT COUNT(d.x) FROM (SELECT 1 / (published_population - 7) AS x, district_code FROM districts) d JOIN citizens c ON c.district_code = d.district_code",
    ),
    (
        "N3",
        "SELECT COUNT(*) FROM citizens c JOIN districts d ON c.district_code = d.district_code AND 1 / (d.published_population - 7) > 0",
    ),
    (
        "N3",
        "SELECT COUNT(*) FROM enterprises WHERE tax_amount >= 1000000 AND established_on + INTERVAL '5800000 years' > DATE '2024-01-01'",
    ),
    // equality by two bounds a hair's breadth apart
    ("MEA", "SELECT COUNT(*) FROM visits WHERE total_fee >= 1000 AND total_fee < 1000.0000005"),
    ("MEA", "SELECT COUNT(*) FROM visits WHERE total_fee > 999.9999999999 AND total_fee <= 1000"),
    ("MEA", "SELECT COUNT(*) FROM visits WHERE total_fee >= -0.0 AND total_fee <= 0"),
    ("MEA", "SELECT COUNT(*) FROM trips WHERE fare >= 2000000000.4"),
    // a day's bound on a month's grid, through another type
    ("TIME", "SELECT COUNT(*) FROM visits WHERE visit_date > TIMESTAMP '2024-01-01 00:00:00'"),
    ("TIME", "SELECT COUNT(*) FROM visits WHERE CAST(visit_date AS TIMESTAMP) > TIMESTAMP '2024-01-01 00:00:00'"),
    (
        "TIME",
        "SELECT COUNT(*) FROM (SELECT citizen_id, CAST(visit_date AS TIMESTAMP) AS t FROM visits) v WHERE t <= TIMESTAMP '2024-02-01 00:00:00'",
    ),
    ("N3", "SELECT COUNT(*) FROM trips WHERE CAST(board_ts AS TIMESTAMP(0)) <= TIMESTAMP '2024-03-01 08:00:00'"),
    // rows by chance and by rank
    (
        "N2",
        "SELECT AVG(total_fee) FROM (SELECT total_fee, ROW_NUMBER() OVER (PARTITION BY citizen_id) AS rn FROM visits) t WHERE rn = 1",
    ),
    (
        "N2",
        "SELECT AVG(total_fee) FROM (SELECT total_fee, COUNT(*) OVER (PARTITION BY citizen_id ORDER BY visit_date) AS rn FROM visits) t WHERE rn = 3",
    ),
    (
        "N2",
        "SELECT AVG(total_fee) FROM (SELECT total_fee, COUNT(*) OVER (PARTITION BY citizen_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS rn FROM visits) t WHERE rn = 3",
    ),
    (
        "N2",
        "SELECT AVG(total_fee) FROM (SELECT total_fee, ROW_NUMBER() OVER (PARTITION BY citizen_id ORDER BY visit_date) AS rn FROM visits) t WHERE NOT (rn = 1)",
    ),
    // more than any machine holds
    (
        "N1",
        "SELECT gender, COUNT(*) FROM citizens GROUP BY CUBE (gender, education, hukou_type, marital_status, district_code, street_code, date_part('year', birth_date))",
    ),
    (
        "N1",
        "WITH a AS (SELECT stop_name AS x FROM stops), b AS (SELECT concat(x, x, x, x, x, x, x, x, x, x) AS x FROM a), c AS (SELECT concat(x, x, x, x, x, x, x, x, x, x) AS x FROM b), d AS (SELECT x || x || x || x || x || x || x || x || x || x || x AS x FROM c) SELECT x FROM d",
    ),
    (
        "N1",
        "WITH a AS (SELECT replace(stop_name, 'a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb') AS x FROM stops) SELECT replace(replace(x, 'b', 'cccccccccccccccccccccccccc'), 'c', 'dddddddddddddddd') FROM a",
    ),
];

#[test]
fn what_told_one_person_is_refused() {
    let mut wrong = Vec::new();
    for (rule, sql) in REFUSED {
        let verdict = verdict(sql);
        let got = verdict.reasons.first().map(|reason| format!("{} {} {:?}", reason.rule, reason.en, reason.at));
        let refused = verdict.verdict == Decision::Refuse && verdict.reasons[0].at.line > 0;
        if !refused || *rule != "PUB" && verdict.reasons[0].rule != *rule {
            wrong.push(format!("{sql}\n   {:?} {got:?}", verdict.verdict));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), REFUSED.len(), wrong.join("\n"));
}

/// Named queries that double each other, long texts from short ones, and deep or wide expressions end at once.
#[test]
fn nothing_takes_forever() {
    let doubling = |step: &str| {
        let step = |n: usize| format!(", t{n} AS ({})", step.replace("LAST", &format!("t{}", n - 1)));
        format!(
            "WITH t0 AS (SELECT gender FROM citizens){} SELECT COUNT(*) FROM t29",
            (1..30).map(step).collect::<String>()
        )
    };
    let nested = "WITH a AS (SELECT 1 AS x) ".to_owned();
    let inside = (0..22).fold("SELECT x FROM a".to_owned(), |inner, n| {
        format!("WITH n{n} AS ({inner}) SELECT p.x FROM n{n} p CROSS JOIN n{n} q")
    });
    let long = "a".repeat(40_000);
    let texts = [
        doubling("SELECT gender FROM LAST UNION ALL SELECT gender FROM LAST"),
        doubling("SELECT a.gender AS gender FROM LAST a CROSS JOIN LAST b"),
        doubling("SELECT gender FROM LAST WHERE gender IN (SELECT gender FROM LAST)"),
        nested + &inside,
        format!("SELECT length(replace('{long}', 'a', '{long}'))"),
        format!("SELECT COUNT(*) FROM citizens WHERE {}gender = 'F'", "gender = 'M' OR ".repeat(2000)),
        format!("SELECT {}1", "1 + ".repeat(9000)),
        format!("SELECT COUNT(*) FROM citizens WHERE {}gender = 'F'", "NOT ".repeat(9000)),
        format!("SELECT {}1{}", "CASE WHEN TRUE THEN ".repeat(59), " END".repeat(59)),
        format!("SELECT {}", vec!["COUNT(*) FILTER (WHERE gender = 'F')"; 900].join(", ")),
    ];
    for text in texts {
        let began = std::time::Instant::now();
        let verdict = verdict(&text);
        assert!(began.elapsed().as_secs() < 20, "{}… took {:?}", &text[..60], began.elapsed());
        assert!(verdict.reasons.iter().all(|reason| !reason.zh.is_empty() && reason.at.line > 0));
    }
}

/// 1,200 persons in three districts of two streets each; number 777 alone has the education `phd` and a visit of chapter `Z`,
/// number 778 alone lives in the street `SX`, number 779 alone in the district `DZ`.
fn world() -> Folder {
    let folder = Folder::new();
    let citizen = |id: usize| {
        let district = if id == 779 { "DZ".to_owned() } else { format!("D{}", id % 3) };
        let street = if id == 778 { "SX".to_owned() } else { format!("S{}", id % 6) };
        let education = if id == 777 { "phd" } else { ["p", "h", "u"][id / 3 % 3] };
        format!("{id},{},{district},{street},{education}", if id.is_multiple_of(2) { "F" } else { "M" })
    };
    folder.table("citizens", "citizen_id,gender,district_code,street_code,education", (1..=1200).map(citizen));
    let districts = ["D0", "D1", "D2", "DZ"];
    folder.table(
        "districts",
        "district_code,district_name,city_code,published_population",
        districts.iter().enumerate().map(|(n, d)| format!("{d},{d},C,{}", 1000 + n)),
    );
    let stops = districts.iter().flat_map(|d| (0..if *d == "DZ" { 9 } else { 3 }).map(move |n| format!("{d}-{n},{d}")));
    folder.table("stops", "stop_id,district_code", stops);
    folder.table("icd_ref", "icd_code,icd_name,chapter", ["Z9,z,Z", "A1,a,A", "A2,a,A"].map(str::to_owned));
    let visit = |n: usize| {
        format!("{n},{},H{},{}.37,A,2024-0{}-05,{}", n % 1200 + 1, n % 2, 100 + n % 700, n % 9 + 1, n.is_multiple_of(5))
    };
    let rare = "6001,777,H1,987654.32,Z,2024-03-05,false".to_owned();
    folder.table(
        "visits",
        "visit_id,citizen_id,hospital_code,total_fee,icd_chapter,visit_date,is_inpatient",
        (1..=6000).map(visit).chain([rare]),
    );
    folder
}

/// A released value that is not blank, in these columns of any row.
fn shown(rows: &[Vec<Value>], columns: &[usize]) -> bool {
    rows.iter().any(|row| columns.iter().any(|column| !row[*column].is_null()))
}

/// How often a row counts is the author's choice: whoever counts differently must be many.
#[tokio::test]
async fn multiplied_rows_are_told_apart_by_class() {
    let folder = world();
    for sql in [
        // 779 counts nine times, everybody else three times.
        "SELECT COUNT(*), COUNT(DISTINCT c.citizen_id) FROM citizens c JOIN stops s ON c.district_code = s.district_code",
        // … once.
        "SELECT COUNT(*), COUNT(DISTINCT c.citizen_id) FROM citizens c JOIN stops s ON c.district_code = s.district_code WHERE s.stop_id LIKE '%-0' OR s.district_code = 'DZ'",
        "SELECT SUM(n), COUNT(*) FROM (SELECT c.citizen_id, COUNT(*) AS n FROM citizens c JOIN stops s ON c.district_code = s.district_code GROUP BY c.citizen_id) t",
        // every row of chapter A counts twice, the one of Z three times
        "SELECT COUNT(*) FROM visits v JOIN (SELECT chapter FROM icd_ref UNION ALL SELECT chapter FROM icd_ref WHERE chapter = 'Z' UNION ALL SELECT chapter FROM icd_ref WHERE chapter = 'Z') x ON x.chapter = v.icd_chapter",
        "SELECT AVG(v.total_fee) FROM visits v JOIN icd_ref a ON a.chapter = v.icd_chapter JOIN (SELECT p.chapter FROM icd_ref p CROSS JOIN icd_ref q CROSS JOIN icd_ref r WHERE p.chapter = 'Z' OR q.icd_code = r.icd_code AND q.icd_code = 'A1') b ON b.chapter = v.icd_chapter",
        "SELECT MEDIAN(v.total_fee) FROM visits v LEFT JOIN (SELECT p.chapter FROM icd_ref p CROSS JOIN stops q CROSS JOIN stops r CROSS JOIN stops s WHERE p.chapter = 'Z') b ON b.chapter = v.icd_chapter",
    ] {
        let rows = folder.rows(sql).await;
        assert!(!shown(&rows, &[0]), "{sql}: {rows:?}");
    }
    // Groups that overlap by the public side's tags: what would differ by one person is not shown with what has that person.
    for sql in [
        "SELECT x.tag, COUNT(*) FROM visits v JOIN (SELECT chapter, 'all' AS tag FROM icd_ref UNION ALL SELECT chapter, 'rest' FROM icd_ref WHERE chapter <> 'Z' UNION ALL SELECT chapter, 'dummy' FROM icd_ref WHERE chapter = 'Z') x ON x.chapter = v.icd_chapter GROUP BY x.tag",
        "SELECT x.tag, COUNT(DISTINCT v.visit_id) FROM visits v JOIN (SELECT a.chapter, b.chapter AS tag FROM icd_ref a JOIN icd_ref b ON a.chapter >= b.chapter) x ON x.chapter = v.icd_chapter GROUP BY x.tag",
        "SELECT CASE WHEN s.stop_id LIKE '%-0' OR c.education = 'phd' THEN 1 ELSE 0 END, COUNT(*) FROM citizens c JOIN stops s ON c.district_code = s.district_code WHERE c.district_code = 'D0' GROUP BY 1",
        "SELECT s.stop_id, COUNT(*) FROM citizens c JOIN stops s ON c.district_code = s.district_code WHERE c.district_code = 'D0' AND (s.stop_id = 'D0-0' OR c.education <> 'phd') GROUP BY 1",
    ] {
        let rows = folder.rows(sql).await;
        let whole = [json!("all"), json!("A"), json!("D0-0"), json!(1)];
        assert!(rows.iter().all(|row| !whole.contains(&row[0])), "{sql}: {rows:?}");
    }
    // Where all of a group count equally often, nothing is lost.
    let sql = "SELECT d.district_name, COUNT(*), COUNT(DISTINCT c.citizen_id) FROM citizens c JOIN districts d ON c.district_code = d.district_code JOIN stops s ON s.district_code = d.district_code GROUP BY 1";
    assert_eq!(folder.rows(sql).await.len(), 3);
    let sql =
        "SELECT d.city_code, COUNT(*) FROM citizens c JOIN districts d ON c.district_code = d.district_code GROUP BY 1";
    assert_eq!(folder.rows(sql).await, [vec![json!("C"), json!(1200)]]);
}

/// The powers of one person's number of visits do not drown everybody else's.
#[tokio::test]
async fn nobody_drowns_the_others() {
    let folder = Folder::new();
    let fee = |person: usize| if person == 1 { 77_777.0 } else { 100.0 };
    let people = (1..=100).flat_map(|person| (0..if person == 1 { 30 } else { 2 }).map(move |n| (person, n)));
    folder.table(
        "visits",
        "visit_id,citizen_id,total_fee",
        people.enumerate().map(|(id, (p, _))| format!("{id},{p},{}", fee(p))),
    );
    for aggregate in ["AVG(a.total_fee)", "MEDIAN(a.total_fee)", "COUNT(*)"] {
        let sql = format!(
            "SELECT {aggregate} FROM visits a JOIN visits b ON a.citizen_id = b.citizen_id JOIN visits c ON a.citizen_id = c.citizen_id JOIN visits d ON a.citizen_id = d.citizen_id"
        );
        let rows = folder.rows(&sql).await;
        assert!(!shown(&rows, &[0]), "{sql}: {rows:?}");
    }
}

/// A quantile of chosen values is as much somebody's value as one of all.
#[tokio::test]
async fn quantiles_of_chosen_values_are_rounded() {
    let folder = world();
    for sql in [
        "SELECT MEDIAN(CASE WHEN is_inpatient THEN total_fee END) FROM visits",
        "SELECT MEDIAN(total_fee) FILTER (WHERE is_inpatient) FROM visits",
        "SELECT approx_percentile_cont(CASE WHEN is_inpatient THEN total_fee END, 0.9) FROM visits",
        "SELECT MEDIAN(x) FROM (SELECT citizen_id, SUM(CASE WHEN is_inpatient THEN total_fee END) AS x FROM visits GROUP BY citizen_id) t",
        "SELECT MEDIAN(COALESCE(total_fee, 0)) FROM visits",
        "SELECT MEDIAN(total_fee - self_pay) FROM visits",
    ] {
        let rows = folder.rows(sql).await;
        let off = rows.iter().filter_map(|row| row[0].as_f64()).any(|value| value % 100.0 != 0.0);
        assert!(!off, "{sql}: {rows:?}");
    }
    let trips = (1..=21).map(|id| format!("{id},{id},2024-03-01T08:00:00,2024-03-01T08:{:02}:{:02}", id + 10, id + 7));
    folder.table("trips", "trip_id,citizen_id,board_ts,alight_ts", trips);
    let sql = "SELECT MEDIAN(date_part('epoch', alight_ts - board_ts)) FROM trips";
    let rows = folder.rows(sql).await;
    assert!(rows[0][0].as_f64().unwrap() % 60.0 == 0.0, "{rows:?}");
}

/// Levels that cut across each other, and levels whose parts make up a total in the data alone.
#[tokio::test]
async fn levels_that_cut_across_each_other_are_kept_apart() {
    let folder = world();
    let sql = "SELECT a, b, COUNT(*) FROM (SELECT CASE WHEN icd_chapter IN ('A', 'Z') THEN 1 ELSE 0 END AS a, CASE WHEN icd_chapter = 'A' THEN 1 ELSE 0 END AS b FROM visits) t GROUP BY GROUPING SETS ((a), (b))";
    assert_eq!(verdict(sql).verdict, Decision::Refuse, "icd_chapter takes no subtotals");
    for sets in ["GROUPING SETS ((a), (b))", "CUBE (a, b)", "GROUPING SETS ((a), (b), ())"] {
        let sql = format!(
            "SELECT a, b, COUNT(*) FROM (SELECT citizen_id, CASE WHEN education IN ('u', 'phd') THEN 1 ELSE 0 END AS a, CASE WHEN education = 'u' THEN 1 ELSE 0 END AS b FROM citizens) t GROUP BY {sets}"
        );
        let rows = folder.rows(&sql).await;
        let n =
            |a: Value, b: Value| rows.iter().find(|row| row[0] == a && row[1] == b).map(|row| row[2].as_i64().unwrap());
        let both = (n(json!(1), Value::Null), n(Value::Null, json!(1)));
        assert!(!matches!(both, (Some(_), Some(_))), "{sql}: {rows:?}");
    }
    // Streets make up districts, though the query does not say so.
    for sets in [
        "GROUPING SETS ((district_code), (street_code))",
        "CUBE (district_code, street_code)",
        "ROLLUP (district_code, street_code)",
    ] {
        let sql = format!(
            "SELECT district_code, street_code, COUNT(*) FROM citizens WHERE district_code = 'D1' GROUP BY {sets}"
        );
        let rows = folder.rows(&sql).await;
        let streets = rows
            .iter()
            .filter(|row| row[1].is_string() && row[0].is_null() || row[0].is_string() && row[1].is_string());
        let streets: std::collections::BTreeSet<String> = streets.map(|row| row[1].to_string()).collect();
        // S1 and S4 are the others of D1: both shown beside the total would give SX away.
        assert!(streets.len() < 2, "{sql}: {rows:?}");
    }
    // Margins of independent columns are all there.
    let sql = "SELECT gender, district_code, COUNT(*) FROM citizens WHERE district_code <> 'DZ' GROUP BY GROUPING SETS ((gender), (district_code), ())";
    assert_eq!(folder.rows(sql).await.len(), 6);
}

/// A number of values does not tell that somebody has one.
#[tokio::test]
async fn rare_values_do_not_count() {
    let folder = world();
    let count = |sql: &'static str| {
        let folder = &folder;
        async move { folder.rows(sql).await[0][0].clone() }
    };
    assert_eq!(count("SELECT COUNT(DISTINCT education) FROM citizens WHERE education IN ('u', 'phd')").await, json!(1));
    assert_eq!(count("SELECT COUNT(DISTINCT education) FILTER (WHERE education <> 'p') FROM citizens").await, json!(2));
    assert_eq!(count("SELECT COUNT(DISTINCT d.district_name) FROM citizens c JOIN districts d ON c.district_code = d.district_code").await, json!(3));
    assert_eq!(count("SELECT COUNT(DISTINCT hospital_code) FROM visits").await, json!(2));
}

/// An accepted query that is long runs like a short one, on the threads that the zone runs queries on.
#[test]
fn long_conditions_run() {
    let runtime = deep::runtime(2).unwrap();
    deep::wait(|| runtime.block_on(long_conditions())).unwrap();
}

/// A rehearsal finds such threads by itself: it is called on those of the zone's endpoint.
#[tokio::test]
async fn long_conditions_are_rehearsed() {
    let (contracts, purpose) = (super::schema::contracts(), super::schema::purpose());
    let sql = format!("SELECT COUNT(*) FROM citizens WHERE {}gender = 'F'", "gender = 'M' OR ".repeat(2000));
    let answer = crate::engine::rehearse(&contracts, &purpose, &sql).await.unwrap();
    assert_eq!(answer.verdict.verdict, Decision::Aggregate);
}

async fn long_conditions() {
    let folder = world();
    let sql = format!("SELECT COUNT(*) FROM citizens WHERE {}gender = 'F'", "gender = 'M' OR ".repeat(2000));
    assert_eq!(folder.rows(&sql).await, [vec![json!(1200)]]);
    let chain =
        (1..100).map(|n| format!(", t{n} AS (SELECT * FROM t{} WHERE gender <> 'x{n}')", n - 1)).collect::<String>();
    let sql = format!("WITH t0 AS (SELECT * FROM citizens){chain} SELECT COUNT(*) FROM t99");
    assert_eq!(folder.rows(&sql).await, [vec![json!(1200)]]);
    let sum = format!("SELECT published_population{} FROM districts", " + published_population".repeat(2000));
    assert_eq!(verdict(&sum).reasons[0].en, "the query is nested too deeply");
}

/// A record without a key shows nothing by being on the list of NOT IN.
#[tokio::test]
async fn a_null_key_is_nobodys() {
    let folder = world();
    let trips = |rows: &[&str]| {
        folder.table("trips", "trip_id,card_token,citizen_id,line_no", rows.iter().map(|row| (*row).to_owned()))
    };
    let sql =
        "SELECT COUNT(*) FROM citizens WHERE citizen_id NOT IN (SELECT citizen_id FROM trips WHERE line_no = 'L9')";
    trips(&["1,K1,5,L9", "2,K2,,L1"]);
    let before = folder.rows(sql).await;
    trips(&["1,K1,5,L9", "2,K2,,L9"]);
    assert_eq!((before, folder.rows(sql).await), (vec![vec![json!(1199)]], vec![vec![json!(1199)]]));
}

/// Numbers of distinct persons differ by persons, not by rows.
#[tokio::test]
async fn persons_who_never_meet_a_condition_are_counted() {
    let folder = Folder::new();
    // All have outpatient visits but number 7; a hundred have inpatient visits too.
    let rows = (1..=300).flat_map(|id| {
        let out = (id != 7).then(|| format!("{id},{id},false"));
        let inside = (id <= 100).then(|| format!("{},{id},true", id + 1000));
        out.into_iter().chain(inside)
    });
    folder.table("visits", "visit_id,citizen_id,is_inpatient", rows);
    for sql in [
        "SELECT COUNT(DISTINCT citizen_id), COUNT(DISTINCT citizen_id) FILTER (WHERE NOT is_inpatient) FROM visits",
        "SELECT COUNT(DISTINCT citizen_id), COUNT(DISTINCT CASE WHEN is_inpatient THEN NULL ELSE citizen_id END) FROM visits",
    ] {
        let rows = folder.rows(sql).await;
        assert!(!shown(&rows, &[0, 1]), "{sql}: {rows:?}");
    }
    let sql = "SELECT COUNT(DISTINCT citizen_id), COUNT(DISTINCT citizen_id) FILTER (WHERE is_inpatient) FROM visits";
    assert_eq!(folder.rows(sql).await, [vec![json!(300), json!(100)]]);
}

/// Homogeneity (G5) is not switched off by a condition on another reading of the table.
#[tokio::test]
async fn a_condition_elsewhere_fixes_nothing_here() {
    let folder = Folder::new();
    let row = |id: usize| format!("{id},{id},{},Z", if id <= 40 { "H1" } else { "H2" });
    folder.table("visits", "visit_id,citizen_id,hospital_code,icd_chapter", (1..=80).map(row));
    let sql = "SELECT a.hospital_code, a.icd_chapter, COUNT(*) FROM visits a JOIN visits b ON a.citizen_id = b.citizen_id WHERE b.icd_chapter = 'Z' GROUP BY 1, 2";
    assert!(folder.rows(sql).await.is_empty());
}
