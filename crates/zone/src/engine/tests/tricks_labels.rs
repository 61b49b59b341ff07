//! Attacks on what labels carry: bounds, weights, literals, conditions that nobody wrote, and powers. Each query here told one
//! person or firm once, or is a near relation of one that did: it is refused, or answers the same with and without that one.

use serde_json::{Value, json};

use super::data::Folder;
use super::schema::verdict;
use super::worlds::{tell_nothing, world};
use crate::engine::Decision;

/// Those that must be refused whatever the data.
pub(super) const REFUSED: &[(&str, &str)] = &[
    // public rows chosen or ordered by a measure beside a released bound
    (
        "PUB",
        "SELECT ent_name FROM enterprises WHERE tax_amount >= 70000 AND tax_amount < 80000 AND tax_amount > (SELECT approx_percentile_cont(tax_amount, 0.05) FROM enterprises)",
    ),
    (
        "N6",
        "SELECT ent_name FROM enterprises ORDER BY tax_amount > (SELECT approx_percentile_cont(tax_amount, 0.95) FROM enterprises) DESC LIMIT 1",
    ),
    (
        "PUB",
        "SELECT ent_name FROM (SELECT ent_name, tax_amount > (SELECT approx_percentile_cont(tax_amount, 0.95) FROM enterprises) AS b FROM enterprises) t WHERE b",
    ),
    (
        "PUB",
        "SELECT d.district_name, e.ent_name FROM enterprises e JOIN districts d ON d.district_code = e.district_code AND e.tax_amount > (SELECT AVG(tax_amount) FROM enterprises)",
    ),
    (
        "PUB",
        "SELECT e.ent_name FROM enterprises e LEFT JOIN districts d ON d.district_code = e.district_code AND e.tax_amount > (SELECT AVG(tax_amount) FROM enterprises) WHERE d.district_code IS NULL",
    ),
    (
        "LOCK",
        "SELECT ent_name FROM enterprises WHERE EXISTS (SELECT 1 FROM (SELECT COUNT(*) AS n FROM citizens) t WHERE n > 5) AND tax_amount >= 70000",
    ),
    (
        "LOCK",
        "SELECT ent_name FROM enterprises WHERE NOT EXISTS (SELECT 1 FROM (SELECT COUNT(*) AS n FROM citizens) t WHERE n < 5) ORDER BY tax_amount >= 70000 DESC LIMIT 1",
    ),
    (
        "N2",
        "SELECT DISTINCT ON (district_code) ent_name, tax_amount FROM enterprises ORDER BY district_code, tax_amount > (SELECT AVG(tax_amount) FROM enterprises)",
    ),
    (
        "PUB",
        "SELECT ent_name, CASE WHEN tax_amount > (SELECT AVG(tax_amount) FROM enterprises) THEN 1 ELSE 0 END FROM enterprises",
    ),
    // something above the release of a bound
    (
        "G6",
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE total_fee > (SELECT a FROM (SELECT AVG(total_fee) a, COUNT(*) n FROM visits WHERE icd_chapter <> 'Z') t WHERE n = 1860)) FROM visits",
    ),
    (
        "G6",
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE total_fee > (SELECT AVG(total_fee) FROM visits WHERE icd_chapter <> 'Z' HAVING COUNT(*) = 1860)) FROM visits",
    ),
    (
        "G6",
        "WITH b AS (SELECT AVG(total_fee) AS a, COUNT(*) AS n FROM visits WHERE icd_chapter <> 'Z') SELECT COUNT(*), COUNT(CASE WHEN total_fee > (SELECT a FROM b ORDER BY n LIMIT 1) THEN 1 END) FROM visits",
    ),
    (
        "G6",
        "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT a FROM (SELECT AVG(total_fee) AS a, COUNT(*) AS n FROM visits) t JOIN (SELECT COUNT(*) AS m FROM visits WHERE icd_chapter <> 'Z') u ON t.n > u.m)",
    ),
    (
        "G6",
        "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT DISTINCT a FROM (SELECT AVG(total_fee) AS a FROM visits) t)",
    ),
    (
        "G6",
        "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT AVG(total_fee) AS a FROM visits GROUP BY hospital_code)",
    ),
    (
        "G6",
        "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT a FROM (SELECT AVG(total_fee) AS a, COUNT(*) AS n FROM visits) t WHERE n > (SELECT COUNT(*) FROM visits WHERE icd_chapter <> 'Z'))",
    ),
    (
        "G6",
        "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT AVG(total_fee) FROM visits WHERE icd_chapter = 'Z' UNION ALL SELECT AVG(total_fee) FROM visits WHERE icd_chapter = 'A')",
    ),
    // two releases over the same rows
    (
        "G6",
        "SELECT (SELECT COUNT(DISTINCT citizen_id) FROM visits) - (SELECT COUNT(DISTINCT citizen_id) FILTER (WHERE NOT is_inpatient) FROM visits)",
    ),
    (
        "G6",
        "WITH x AS (SELECT c.citizen_id FROM citizens c LEFT JOIN (SELECT citizen_id FROM visits WHERE icd_chapter = 'Z') z ON c.citizen_id = z.citizen_id) SELECT (SELECT COUNT(*) FROM x) - (SELECT COUNT(DISTINCT citizen_id) FROM x)",
    ),
    (
        "G6",
        "WITH x AS (SELECT c.citizen_id, c.gender FROM citizens c LEFT JOIN (SELECT citizen_id FROM visits WHERE icd_chapter = 'Z') z ON c.citizen_id = z.citizen_id), a AS (SELECT gender, COUNT(*) AS n FROM x GROUP BY 1), b AS (SELECT COUNT(DISTINCT citizen_id) AS m FROM x) SELECT a.n, b.m FROM a CROSS JOIN b",
    ),
    ("G6", "SELECT (SELECT COUNT(marital_status) FROM citizens) - (SELECT COUNT(education) FROM citizens)"),
    (
        "G6",
        "SELECT a.d, a.n - b.n FROM (SELECT district_code AS d, COUNT(marital_status) AS n FROM citizens GROUP BY 1) a JOIN (SELECT district_code AS d, COUNT(CASE WHEN education <> 'phd' THEN 1 END) AS n FROM citizens GROUP BY 1) b ON a.d = b.d",
    ),
    (
        "G6",
        "SELECT COUNT(DISTINCT citizen_id) FROM visits EXCEPT SELECT COUNT(DISTINCT citizen_id) FILTER (WHERE NOT is_inpatient) FROM visits",
    ),
    // weights per subject
    (
        "DIM",
        "SELECT SUM(x) FROM (SELECT citizen_id, MAX(CASE WHEN education = 'phd' THEN 1000000 WHEN gender = 'F' THEN 1 ELSE 0 END) AS x FROM citizens GROUP BY citizen_id) t",
    ),
    (
        "KEY",
        "SELECT SUM(x) FROM (SELECT MAX(CASE WHEN icd_chapter = 'Z' THEN 1000000 ELSE 1 END) OVER (PARTITION BY citizen_id) AS x FROM visits) t",
    ),
    (
        "KEY",
        "SELECT AVG(x) FROM (SELECT MIN(CASE WHEN icd_chapter = 'Z' THEN -1000000 ELSE 1 END) OVER (PARTITION BY citizen_id ORDER BY visit_date) AS x FROM visits) t",
    ),
    (
        "PUB",
        "WITH n AS (SELECT citizen_id, COUNT(*) AS n FROM visits WHERE icd_chapter <> 'Z' GROUP BY 1) SELECT SUM(COALESCE(n.n, 1000000)) FROM citizens c LEFT JOIN n ON n.citizen_id = c.citizen_id",
    ),
    (
        "PUB",
        "SELECT SUM(m) FROM (SELECT citizen_id, MAX(x) AS m FROM (SELECT citizen_id, dept_code, SUM(CASE WHEN icd_chapter = 'Z' THEN 1000000 ELSE 1 END) AS x FROM visits GROUP BY 1, 2) t GROUP BY 1) u",
    ),
    (
        "G2",
        "SELECT SUM(x), SUM(y) FROM (SELECT citizen_id, MAX(CASE WHEN icd_chapter = 'Z' THEN 0 ELSE 1 END) OVER (PARTITION BY citizen_id) AS x, MAX(CASE WHEN icd_chapter = 'Q' THEN 0 ELSE 1 END) OVER (PARTITION BY citizen_id) AS y FROM visits) t",
    ),
    // who straddles two values stands twice
    (
        "PUB",
        "SELECT SUM(n), COUNT(*) FROM (SELECT citizen_id, COUNT(DISTINCT icd_chapter) AS n FROM visits GROUP BY citizen_id) t",
    ),
    (
        "PUB",
        "SELECT SUM(n), COUNT(*) FROM (SELECT household_id, COUNT(DISTINCT education) AS n FROM citizens GROUP BY household_id) t",
    ),
    (
        "G2",
        "SELECT COUNT(*), COUNT(DISTINCT household_id) FROM (SELECT DISTINCT household_id, education FROM citizens) t",
    ),
    (
        "G6",
        "WITH p AS (SELECT DISTINCT citizen_id, icd_chapter FROM visits) SELECT (SELECT COUNT(*) FROM p) - (SELECT COUNT(DISTINCT citizen_id) FROM p)",
    ),
    // sums of which one leaves out who has no second value
    ("G6", "SELECT (SELECT SUM(total_fee) FROM visits) - (SELECT SUM(total_fee + self_pay - self_pay) FROM visits)"),
    (
        "G6",
        "SELECT (SELECT SUM(total_fee) FROM visits), COUNT(total_fee), SUM(total_fee + self_pay - self_pay) FROM visits",
    ),
    (
        "G2",
        "SELECT SUM(f), SUM(g) FROM (SELECT citizen_id, SUM(total_fee) AS f, SUM(total_fee + self_pay - self_pay) AS g FROM visits GROUP BY citizen_id) t",
    ),
    (
        "G2",
        "SELECT SUM(f), SUM(g) FROM (SELECT SUM(total_fee) OVER (PARTITION BY citizen_id) AS f, SUM(total_fee + self_pay - self_pay) OVER (PARTITION BY citizen_id) AS g FROM visits) t",
    ),
    (
        "G2",
        "SELECT SUM(n), SUM(m) FROM (SELECT citizen_id, COUNT(*) AS n, COUNT(visit_id) AS m FROM visits GROUP BY citizen_id) t",
    ),
    (
        "G2",
        "SELECT SUM(n), SUM(m) FROM (SELECT COUNT(*) OVER (PARTITION BY citizen_id) AS n, COUNT(visit_id) OVER (PARTITION BY citizen_id) AS m FROM visits) t",
    ),
    // windows over windows
    (
        "N2",
        "SELECT SUM(n2) FROM (SELECT SUM(n1) OVER (PARTITION BY citizen_id) AS n2 FROM (SELECT citizen_id, COUNT(*) OVER (PARTITION BY citizen_id) AS n1 FROM visits) a) b",
    ),
    (
        "N2",
        "SELECT AVG(f2) FROM (SELECT AVG(f1) OVER (PARTITION BY citizen_id) AS f2 FROM (SELECT citizen_id, SUM(total_fee) OVER (PARTITION BY citizen_id ORDER BY visit_date) AS f1 FROM visits) a) b",
    ),
    (
        "N2",
        "SELECT SUM(n2) FROM (SELECT SUM(CASE WHEN n1 > 3 THEN n1 ELSE 0 END) OVER (PARTITION BY citizen_id) AS n2 FROM (SELECT citizen_id, COUNT(*) OVER (PARTITION BY citizen_id) AS n1 FROM visits) a) b",
    ),
    (
        "KEY",
        "SELECT SUM(n2) FROM (SELECT citizen_id, SUM(n1) AS n2 FROM (SELECT citizen_id, COUNT(*) OVER (PARTITION BY citizen_id) AS n1 FROM visits) a GROUP BY citizen_id) b",
    ),
];

#[test]
fn what_labels_let_through_is_refused() {
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

/// A constant that differs between the inputs of a UNION, or is missing beyond an outer join, is a dimension of the rows.
#[tokio::test]
async fn literals_weigh_nothing() {
    let two = |a: &str, b: &str| {
        format!(
            "(SELECT citizen_id, is_inpatient, {a} AS w FROM visits WHERE icd_chapter = 'A' UNION ALL SELECT citizen_id, is_inpatient, {b} FROM visits WHERE icd_chapter = 'Z') u"
        )
    };
    let one = two("1", "1000000");
    let mut queries: Vec<String> = [
        "SUM(CASE WHEN is_inpatient THEN 0 ELSE w END) FROM U",
        "SUM(CASE WHEN is_inpatient THEN w END) FROM U",
        "SUM(w) FROM U",
        "AVG(w) FROM U",
        "MEDIAN(w) FROM U",
        "COUNT(DISTINCT w) FROM U",
        "COUNT(DISTINCT COALESCE(w, 0)) FROM U",
        "COUNT(NULLIF(w, 1)) FROM U",
        "SUM(s) FROM (SELECT citizen_id, SUM(w) AS s FROM U GROUP BY citizen_id) t",
        "SUM(s) FROM (SELECT citizen_id, MAX(w) AS s FROM U GROUP BY citizen_id) t",
        "SUM(s) FROM (SELECT citizen_id, AVG(CASE WHEN is_inpatient THEN 0 ELSE w END) AS s FROM U GROUP BY citizen_id) t",
        "SUM(s) FROM (SELECT SUM(w) OVER (PARTITION BY citizen_id) AS s FROM U) t",
        "SUM(s) FROM (SELECT MIN(w) OVER (PARTITION BY citizen_id) AS s FROM U) t",
        "SUM(CASE WHEN w = 1 THEN 1 ELSE 1000000 END) FROM U",
        "SUM(s) FROM (SELECT citizen_id, SUM(CASE WHEN w = 1 THEN 1 ELSE 1000000 END) AS s FROM U GROUP BY citizen_id) t",
        "w, COUNT(*) FROM U GROUP BY w HAVING w > 1",
        "CORR(w, CASE WHEN is_inpatient THEN 1 ELSE 0 END) FROM U",
    ]
    .map(|query| format!("SELECT {}", query.replace("FROM U", &format!("FROM {one}"))))
    .into();
    let public = "(SELECT chapter, 1 AS w FROM icd_ref WHERE chapter = 'A' UNION ALL SELECT chapter, 1000000 FROM icd_ref WHERE chapter = 'Z') x ON x.chapter = v.icd_chapter";
    let beyond =
        "(SELECT citizen_id, 1000000 AS w FROM visits WHERE icd_chapter = 'Z') z ON z.citizen_id = c.citizen_id";
    for select in ["SUM(CASE WHEN v.is_inpatient THEN 0 ELSE x.w END)", "COUNT(DISTINCT x.w)", "SUM(x.w)"] {
        queries.push(format!("SELECT {select} FROM visits v JOIN {public}"));
        queries.push(format!("SELECT {select} FROM visits v LEFT JOIN {public}"));
    }
    for select in [
        "SUM(CASE WHEN c.gender = 'M' THEN z.w ELSE 0 END)",
        "COUNT(DISTINCT z.w)",
        "COUNT(DISTINCT COALESCE(z.w, 0))",
        "SUM(COALESCE(z.w, 0))",
        "COUNT(z.w)",
        "COUNT(CASE WHEN z.w > 1 THEN NULL ELSE 1 END)",
    ] {
        queries.push(format!("SELECT {select} FROM citizens c LEFT JOIN {beyond}"));
    }
    queries.push(format!("SELECT SUM(s) FROM (SELECT c.citizen_id, SUM(z.w) AS s FROM citizens c LEFT JOIN {beyond} GROUP BY c.citizen_id) t"));
    queries.push(format!("SELECT SUM(s) FROM (SELECT c.citizen_id, SUM(COALESCE(z.w, 1)) AS s FROM citizens c LEFT JOIN {beyond} GROUP BY c.citizen_id) t"));
    let right = beyond.replace("z ON", "z RIGHT JOIN citizens c ON");
    for select in ["SUM(CASE WHEN c.gender = 'M' THEN z.w ELSE 0 END)", "COUNT(DISTINCT z.w)", "z.w, COUNT(*)"] {
        let group = if select.starts_with('z') { " GROUP BY 1" } else { "" };
        queries.push(format!("SELECT {select} FROM {right}{group}"));
        queries.push(format!("SELECT {select} FROM {}{group}", right.replace("RIGHT", "FULL")));
    }
    tell_nothing(&queries.iter().map(String::as_str).collect::<Vec<&str>>()).await;
}

/// Which rows have a value is a condition as well, whoever wrote it where.
#[tokio::test]
async fn what_is_missing_is_a_condition() {
    let firms = "'Firm 1', 'Firm 2', 'Firm 3', 'Firm 4', 'Firm 5', 'Firm 6', 'Firm 8'";
    let nested =
        |list: &str| format!("COUNT(CASE WHEN tax_amount >= 60000 THEN CASE WHEN ent_name IN ({list}) THEN 1 END END)");
    let all = format!("{firms}, 'Firm 7'");
    let queries = [
        "SELECT COUNT(CASE WHEN education = 'phd' THEN gender WHEN education = 'h' THEN district_code END) - COUNT(CASE WHEN education = 'h' THEN gender WHEN education = 'h' THEN district_code END) FROM citizens".to_owned(),
        "SELECT COUNT(x) - COUNT(y) FROM (SELECT CASE WHEN education = 'phd' THEN gender WHEN education = 'h' THEN district_code END AS x, CASE WHEN education = 'h' THEN gender WHEN education = 'h' THEN district_code END AS y FROM citizens) t".into(),
        "SELECT COUNT(CASE WHEN education IN ('phd', 'h') THEN 0 END), COUNT(CASE WHEN education = 'h' THEN 0 END) FROM citizens".into(),
        "SELECT SUM(x), SUM(y) FROM (SELECT citizen_id, COUNT(CASE WHEN education = 'phd' THEN gender WHEN education = 'h' THEN district_code END) AS x, COUNT(CASE WHEN education = 'h' THEN gender END) AS y FROM citizens GROUP BY citizen_id) t".into(),
        format!("SELECT {} - {} FROM enterprises", nested(&all), nested(firms)),
        format!("SELECT COUNT(x) - COUNT(y) FROM (SELECT tax_amount, CASE WHEN ent_name IN ({all}) THEN 1 END AS x, CASE WHEN ent_name IN ({firms}) THEN 1 END AS y FROM enterprises) t WHERE tax_amount >= 60000"),
        format!("SELECT COUNT(NULLIF(ent_name IN ({all}), FALSE)) - COUNT(NULLIF(ent_name IN ({firms}), FALSE)) FROM enterprises WHERE tax_amount >= 60000"),
        format!("SELECT COUNT(CASE WHEN ent_name IN ({all}) THEN tax_amount END), SUM(tax_amount) FILTER (WHERE ent_name IN ({firms})) FROM enterprises WHERE tax_amount >= 60000"),
    ];
    tell_nothing(&queries.iter().map(String::as_str).collect::<Vec<&str>>()).await;
    let folder = Folder::new();
    // Thirty have no education, thirty no marital status; one of each has the other.
    let row = |id: usize| {
        let education = if id <= 30 { "" } else { "p" };
        let married = if (2..=31).contains(&id) { "" } else { "m" };
        format!("{id},{education},{married}")
    };
    folder.table("citizens", "citizen_id,education,marital_status", (1..=100).map(row));
    for sql in [
        "SELECT COUNT(*), COUNT(education), COUNT(marital_status) FROM citizens",
        "SELECT COUNT(education), COUNT(*) FILTER (WHERE marital_status = 'm') FROM citizens",
        "SELECT COUNT(education), SUM(CASE WHEN marital_status = 'm' THEN 1 ELSE 0 END) FROM citizens",
    ] {
        let rows = folder.rows(sql).await;
        assert_eq!(rows[0][rows[0].len() - 1], Value::Null, "{sql}: {rows:?}");
    }
    // Thirty paid nothing that is known; one of them had a fee, which is the difference of the two sums.
    let row = |id: usize| {
        format!("{id},{id},{},{}", if (2..=30).contains(&id) { 0 } else { 1000 + id }, if id <= 30 { "" } else { "5" })
    };
    folder.table("visits", "visit_id,citizen_id,total_fee,self_pay", (1..=100).map(row));
    let rows = folder.rows("SELECT SUM(total_fee), SUM(total_fee + self_pay - self_pay) FROM visits").await;
    assert_eq!(rows, [vec![Value::Null, Value::Null]]);
    assert_eq!(folder.rows("SELECT COUNT(*), COUNT(education) FROM citizens").await, [vec![json!(100), json!(70)]]);
}

/// Whoever straddles two groups below the release is one of many, or nobody does.
#[tokio::test]
async fn straddling_is_counted() {
    tell_nothing(&[
        "SELECT COUNT(*), COUNT(DISTINCT citizen_id) FROM (SELECT DISTINCT citizen_id, icd_chapter FROM visits) t",
        "SELECT COUNT(*), COUNT(DISTINCT citizen_id) FROM (SELECT citizen_id, icd_chapter = 'Z' AS z, COUNT(*) AS n FROM visits GROUP BY 1, 2) t",
        "SELECT COUNT(*) - COUNT(DISTINCT c.citizen_id) FROM citizens c LEFT JOIN (SELECT citizen_id, icd_chapter FROM visits GROUP BY 1, 2) v ON v.citizen_id = c.citizen_id",
        "SELECT COUNT(*) - COUNT(DISTINCT c.citizen_id) FROM citizens c JOIN (SELECT citizen_id, icd_chapter, COUNT(*) AS n FROM visits GROUP BY 1, 2) v ON v.citizen_id = c.citizen_id",
    ])
    .await;
    // Everybody has one gender, and many have visits in both kinds of department.
    let folder = world(true);
    for sql in [
        "SELECT gender, COUNT(*), AVG(n) FROM (SELECT c.citizen_id, c.gender, COUNT(*) AS n FROM citizens c JOIN visits v ON v.citizen_id = c.citizen_id GROUP BY 1, 2) t GROUP BY 1",
        "SELECT COUNT(*), COUNT(DISTINCT citizen_id), AVG(n) FROM (SELECT citizen_id, visit_date >= '2024-05-01' AS late, COUNT(*) AS n FROM visits GROUP BY 1, 2) t",
    ] {
        let rows = folder.rows(sql).await;
        assert!(!rows.is_empty() && rows.iter().flatten().all(|value| !value.is_null()), "{sql}: {rows:?}");
    }
}

/// The powers of one person's number of visits, by windows or by joins below a grouping, drown nobody.
#[tokio::test]
async fn powers_drown_nobody() {
    let folder = Folder::new();
    let fee = |person: usize| if person == 1 { 77_777.0 } else { 100.0 };
    let people = (1..=100).flat_map(|person| (0..if person == 1 { 60 } else { 2 }).map(move |n| (person, n)));
    folder.table(
        "visits",
        "visit_id,citizen_id,total_fee",
        people.enumerate().map(|(id, (p, _))| format!("{id},{p},{}", fee(p))),
    );
    for sql in [
        "SELECT SUM(f) FROM (SELECT SUM(total_fee) OVER (PARTITION BY citizen_id) AS f FROM visits) t",
        "SELECT AVG(n) FROM (SELECT COUNT(*) OVER (PARTITION BY citizen_id) AS n FROM visits) t",
        "SELECT SUM(n) FROM (SELECT COUNT(*) OVER (PARTITION BY citizen_id) AS n FROM visits) t",
        "SELECT SUM(f) FROM (SELECT a.citizen_id, SUM(a.total_fee) AS f FROM visits a JOIN visits b ON a.citizen_id = b.citizen_id JOIN visits c ON a.citizen_id = c.citizen_id GROUP BY 1) t",
        "SELECT SUM(n) FROM (SELECT a.citizen_id, COUNT(*) AS n FROM visits a JOIN visits b ON a.citizen_id = b.citizen_id JOIN visits c ON a.citizen_id = c.citizen_id GROUP BY 1) t",
        "SELECT SUM(t.f) FROM visits v JOIN (SELECT citizen_id, SUM(total_fee) AS f FROM visits GROUP BY 1) t ON t.citizen_id = v.citizen_id",
        "SELECT SUM(CASE WHEN n > 1 THEN n ELSE 0 END) FROM (SELECT COUNT(*) OVER (PARTITION BY citizen_id) AS n FROM visits) t",
    ] {
        let rows = folder.rows(sql).await;
        assert!(rows.iter().all(|row| row[0].is_null()), "{sql}: {rows:?}");
    }
    // Where nobody has half of it, nothing is lost.
    let sql = "SELECT SUM(n) FROM (SELECT COUNT(*) OVER (PARTITION BY citizen_id) AS n FROM visits) t";
    let even = Folder::new();
    even.table("visits", "visit_id,citizen_id", (0..200).map(|id| format!("{id},{}", id % 50)));
    assert_eq!(even.rows(sql).await, [vec![json!(800)]]);
}

/// A public column that was equated with one under G5 says the same, and so does what stands beside it.
#[tokio::test]
async fn equated_columns_are_homogeneous_too() {
    let folder = world(false);
    assert!(folder.rows("SELECT hospital_code, icd_chapter, COUNT(*) FROM visits GROUP BY 1, 2").await.is_empty());
    for (keys, from) in [
        ("r.chapter", "JOIN icd_ref r ON r.chapter = v.icd_chapter"),
        ("r.icd_name", "JOIN icd_ref r ON r.chapter = v.icd_chapter"),
        ("upper(r.icd_name)", "LEFT JOIN icd_ref r ON r.chapter = v.icd_chapter"),
        ("q.icd_code", "JOIN icd_ref r ON r.chapter = v.icd_chapter JOIN icd_ref q ON q.chapter = r.chapter"),
        (
            "x.t",
            "JOIN (SELECT chapter, 'a' AS t FROM icd_ref WHERE chapter = 'A' UNION ALL SELECT chapter, 'z' FROM icd_ref WHERE chapter = 'Z') x ON x.chapter = v.icd_chapter",
        ),
        ("CASE WHEN r.chapter = 'A' THEN 1 ELSE 0 END", "JOIN icd_ref r ON r.chapter = v.icd_chapter"),
        ("r.chapter", "CROSS JOIN icd_ref r WHERE r.chapter = v.icd_chapter"),
        ("r.chapter", "CROSS JOIN icd_ref r WHERE v.icd_chapter IN (r.chapter)"),
    ] {
        let sql = format!("SELECT v.hospital_code, {keys}, COUNT(*) FROM visits v {from} GROUP BY 1, 2");
        if verdict(&sql).verdict != Decision::Refuse {
            assert!(folder.rows(&sql).await.is_empty(), "{sql}");
        }
    }
    for sql in [
        "SELECT hospital_code, COUNT(DISTINCT r.chapter) FROM visits v JOIN icd_ref r ON r.chapter = v.icd_chapter GROUP BY 1",
        "SELECT hospital_code, r.chapter, COUNT(*) FROM visits v JOIN icd_ref r ON r.chapter = v.icd_chapter GROUP BY CUBE (1, 2)",
    ] {
        assert_eq!(verdict(sql).verdict, Decision::Refuse, "{sql}");
    }
    // A chapter that the question itself names tells nothing.
    let sql = "SELECT v.hospital_code, r.chapter, COUNT(*) FROM visits v JOIN icd_ref r ON r.chapter = v.icd_chapter WHERE v.icd_chapter = 'A' GROUP BY 1, 2";
    assert_eq!(folder.rows(sql).await.len(), 2);
}

/// A conversion of somebody's values cannot fail beside public columns either.
#[tokio::test]
async fn conversions_beside_public_columns_do_not_fail() {
    let queries = [
        "SELECT COUNT(*) FROM enterprises WHERE CAST(CASE WHEN tax_amount >= 70000 THEN 300 ELSE 1 END AS TINYINT) = 1 AND tax_amount >= 0",
        "SELECT SUM(n) FROM (SELECT SUM(CAST(CASE WHEN icd_chapter = 'Z' THEN 300 ELSE 1 END AS TINYINT)) OVER (PARTITION BY citizen_id) AS n FROM visits) t",
    ];
    let (with, without) = (world(true), world(false));
    for sql in queries {
        if verdict(sql).verdict != Decision::Refuse {
            with.rows(sql).await;
            without.rows(sql).await;
        }
    }
}

/// What stays: the same questions asked in an honest way.
#[tokio::test]
async fn honest_neighbours_are_answered() {
    let folder = world(true);
    for sql in [
        "SELECT COUNT(*) FROM visits WHERE self_pay > (SELECT AVG(self_pay) FROM visits)",
        "WITH b AS (SELECT AVG(self_pay) AS a FROM visits) SELECT COUNT(*) FROM visits WHERE self_pay > (SELECT a FROM b)",
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE self_pay > (SELECT AVG(self_pay) FROM visits)) FROM visits",
        "SELECT COUNT(*) FROM enterprises WHERE tax_amount > (SELECT AVG(tax_amount) FROM enterprises)",
        "SELECT ent_name FROM enterprises WHERE reg_capital > (SELECT AVG(reg_capital) FROM enterprises)",
        "SELECT district_name FROM districts WHERE published_population > (SELECT COUNT(*) FROM citizens) ORDER BY published_population > (SELECT COUNT(*) FROM citizens)",
        "SELECT SUM(x) FROM (SELECT citizen_id, MAX(CASE WHEN is_inpatient THEN 1 ELSE 0 END) AS x FROM visits GROUP BY citizen_id) t",
        "SELECT AVG(n) FROM (SELECT citizen_id, SUM(1) AS n FROM visits GROUP BY citizen_id) t",
        "SELECT c.gender, SUM(COALESCE(t.n, 0)) FROM citizens c LEFT JOIN (SELECT citizen_id, COUNT(*) AS n FROM visits GROUP BY 1) t ON t.citizen_id = c.citizen_id GROUP BY 1",
        "SELECT AVG(m) FROM (SELECT citizen_id, AVG(n) AS m FROM (SELECT citizen_id, hospital_code, COUNT(*) AS n FROM visits GROUP BY 1, 2) a GROUP BY 1) t",
        "SELECT hospital_code, SUM(total_fee), AVG(self_pay), COUNT(visit_id), COUNT(DISTINCT citizen_id) FROM visits GROUP BY 1",
        "SELECT (SELECT COUNT(*) FROM citizens), (SELECT COUNT(DISTINCT household_id) FROM citizens)",
    ] {
        let rows = folder.rows(sql).await;
        assert!(!rows.is_empty() && rows.iter().flatten().all(|value| !value.is_null()), "{sql}: {rows:?}");
    }
}
