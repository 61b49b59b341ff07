//! Attacks: every one of these must be refused, with a place and a text in both languages.

use super::schema::verdict;
use crate::engine::Decision;

pub(super) const ATTACKS: &[&str] = &[
    // N1: not one SELECT
    "EXPLAIN SELECT COUNT(*) FROM citizens",
    "EXPLAIN ANALYZE SELECT COUNT(*) FROM citizens",
    "DESCRIBE citizens",
    "SHOW TABLES",
    "SET datafusion.execution.batch_size = 1",
    "CREATE VIEW v AS SELECT * FROM citizens",
    "INSERT INTO citizens SELECT * FROM citizens",
    "DELETE FROM citizens",
    "COPY citizens TO 'x.csv'",
    "COPY (SELECT * FROM citizens) TO 'x.csv'",
    "PREPARE p AS SELECT 1",
    "SELECT * FROM information_schema.tables",
    "SELECT 1; SELECT * FROM citizens",
    "SELECT * FROM 'citizens.csv'",
    "SELECT * FROM citizens FOR UPDATE",
    // LOCK in any use
    "SELECT id_no FROM citizens",
    "SELECT full_name FROM citizens LIMIT 1",
    "SELECT COUNT(phone) FROM citizens",
    "SELECT COUNT(DISTINCT id_no) FROM citizens",
    "SELECT COUNT(*) FROM citizens WHERE full_name = 'Zhang San'",
    "SELECT COUNT(*) FROM citizens WHERE full_name LIKE 'Z%'",
    "SELECT COUNT(*) FROM citizens WHERE id_no IS NOT NULL",
    "SELECT COUNT(*) FROM citizens WHERE id_no IS NOT NULL OR TRUE",
    "SELECT gender, COUNT(*) FROM citizens GROUP BY gender, phone",
    "SELECT gender, COUNT(*) FROM citizens GROUP BY gender ORDER BY MAX(home_address)",
    "SELECT gender, COUNT(*) FILTER (WHERE phone LIKE '138%') FROM citizens GROUP BY gender",
    "SELECT SUM(CASE WHEN substr(id_no, 7, 4) = '1990' THEN 1 ELSE 0 END) FROM citizens",
    "SELECT COUNT(*) FROM citizens c JOIN visits v ON c.full_name = v.notes",
    "SELECT length(notes), COUNT(*) FROM visits GROUP BY 1",
    "SELECT COUNT(*) FROM (SELECT * FROM citizens) t WHERE t.id_no > '2'",
    "SELECT ent_name, contact_phone FROM enterprises",
    "SELECT COUNT(*) FROM (SELECT full_name AS gender FROM citizens) t WHERE gender = 'A'",
    "SELECT md5(id_no), COUNT(*) FROM citizens GROUP BY 1",
    // several release points that can be subtracted (G6)
    "SELECT (SELECT COUNT(*) FROM citizens) - (SELECT COUNT(*) FROM citizens WHERE gender = 'F')",
    "SELECT (SELECT SUM(total_fee) FROM visits) - (SELECT SUM(total_fee) FROM visits WHERE visit_date >= '2024-02-01')",
    "SELECT COUNT(*) FROM citizens UNION ALL SELECT COUNT(*) FROM citizens WHERE district_code <> 'D01'",
    "SELECT a.n - b.n FROM (SELECT COUNT(*) AS n FROM citizens) a CROSS JOIN (SELECT COUNT(*) AS n FROM citizens WHERE education = 'BA') b",
    "WITH a AS (SELECT district_code, COUNT(*) AS n FROM citizens GROUP BY 1), b AS (SELECT district_code, COUNT(*) AS n FROM citizens WHERE gender = 'F' OR education = 'BA' GROUP BY 1) SELECT a.district_code, a.n - b.n FROM a JOIN b ON a.district_code = b.district_code",
    "WITH a AS (SELECT gender AS k, COUNT(*) AS n FROM citizens GROUP BY 1), b AS (SELECT education AS k, COUNT(*) AS n FROM citizens GROUP BY 1) SELECT a.n - b.n FROM a CROSS JOIN b",
    "SELECT CASE WHEN icd_chapter IN ('A', 'B') THEN 1 ELSE 0 END, COUNT(*) FROM visits GROUP BY 1 UNION ALL SELECT CASE WHEN icd_chapter = 'A' THEN 1 ELSE 0 END, COUNT(*) FROM visits GROUP BY 1",
    "SELECT (SELECT COUNT(*) FILTER (WHERE icd_chapter IN ('A', 'B')) FROM visits) - (SELECT COUNT(*) FILTER (WHERE icd_chapter = 'A') FROM visits)",
    "SELECT (SELECT COUNT(*) FROM citizens) - (SELECT COUNT(DISTINCT citizen_id) FROM visits)",
    "SELECT (SELECT SUM(total_fee) FROM visits) - (SELECT SUM(v.total_fee) FROM visits v JOIN citizens c ON v.citizen_id = c.citizen_id WHERE c.gender = 'F')",
    "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT (SELECT SUM(total_fee) FROM visits) - (SELECT SUM(total_fee) FROM visits WHERE is_inpatient))",
    "SELECT COUNT(*), (SELECT COUNT(*) FROM visits) FROM visits WHERE total_fee > (SELECT AVG(total_fee) FROM visits)",
    "SELECT gender, COUNT(*) FROM citizens GROUP BY gender HAVING COUNT(*) > (SELECT COUNT(*) FROM citizens WHERE education = 'BA')",
    "SELECT COUNT(*) FROM citizens WHERE district_code IN ('D01', 'D02') UNION ALL SELECT COUNT(*) FROM citizens WHERE district_code = 'D02'",
    "SELECT COUNT(*) FROM visits WHERE total_fee <= 1000 UNION ALL SELECT COUNT(*) FROM visits WHERE total_fee >= 1000",
    "SELECT district_code, gender, COUNT(*) FROM citizens GROUP BY 1, 2 UNION ALL SELECT district_code, 'all', COUNT(*) FROM citizens GROUP BY 1 UNION ALL SELECT 'all', 'all', COUNT(*) FROM citizens",
    "SELECT COUNT(*) FROM (SELECT gender AS education FROM citizens) t WHERE education = 'F' UNION ALL SELECT COUNT(*) FROM citizens WHERE education = 'M'",
    "SELECT COUNT(*) FROM citizens INTERSECT SELECT COUNT(*) FROM citizens WHERE gender = 'F'",
    // row level output
    "SELECT * FROM citizens",
    "SELECT gender FROM citizens",
    "SELECT gender, district_code FROM citizens WHERE district_code = 'D01'",
    "SELECT 1 FROM citizens",
    "SELECT 'x' FROM citizens WHERE gender = 'F'",
    "SELECT total_fee FROM visits",
    "SELECT d.district_name FROM citizens c JOIN districts d ON c.district_code = d.district_code",
    "SELECT d.district_name FROM districts d WHERE EXISTS (SELECT 1 FROM citizens c WHERE c.district_code = d.district_code AND c.gender = 'F')",
    "SELECT district_name FROM districts WHERE district_code IN (SELECT district_code FROM citizens)",
    "SELECT ent_name FROM enterprises WHERE tax_amount >= 100000",
    "SELECT ent_name FROM enterprises WHERE employee_count > 50 ORDER BY ent_name",
    "SELECT ent_name FROM enterprises WHERE ent_id IN (SELECT ent_id FROM si_payments WHERE in_arrears)",
    "SELECT ent_name FROM enterprises ORDER BY tax_amount DESC LIMIT 1",
    "SELECT * FROM enterprises",
    "SELECT floor(tax_amount / 10000) * 10000 FROM enterprises",
    // keys
    "SELECT citizen_id, COUNT(*) FROM visits GROUP BY citizen_id",
    "SELECT citizen_id FROM visits GROUP BY citizen_id HAVING COUNT(*) > 5",
    "SELECT DISTINCT citizen_id FROM visits",
    "SELECT COUNT(*) FROM visits WHERE citizen_id = 42",
    "SELECT COUNT(*) FROM visits WHERE citizen_id IN (1, 2, 3)",
    "SELECT COUNT(*) FROM visits WHERE citizen_id > 1000",
    "SELECT COUNT(*) FROM visits WHERE citizen_id % 2 = 0",
    "SELECT AVG(citizen_id) FROM citizens",
    "SELECT MIN(citizen_id), MAX(citizen_id) FROM citizens",
    "SELECT COUNT(*) FROM visits v JOIN (VALUES (1), (2)) AS t(id) ON v.citizen_id = t.id",
    "SELECT gender, COUNT(*) FROM citizens GROUP BY gender ORDER BY MIN(citizen_id)",
    "SELECT COUNT(*) FROM citizens c JOIN si_payments p ON c.citizen_id = p.ent_id",
    "SELECT COUNT(*) FROM citizens c JOIN visits v ON c.citizen_id < v.citizen_id",
    "SELECT citizen_id FROM citizens INTERSECT SELECT citizen_id FROM visits",
    "SELECT COUNT(*) FROM citizens WHERE citizen_id = household_id",
    "SELECT array_agg(citizen_id) FROM citizens",
    "SELECT coalesce(citizen_id, 0), COUNT(*) FROM visits GROUP BY 1",
    "SELECT visit_id, COUNT(*) FROM visits GROUP BY visit_id",
    "SELECT MAX(visit_id) FROM visits",
    "SELECT COUNT(*) FROM visits WHERE visit_id < 100",
    // measures
    "SELECT MIN(total_fee) FROM visits",
    "SELECT MAX(total_fee) FROM visits",
    "SELECT hospital_code, MAX(total_fee) FROM visits GROUP BY hospital_code",
    "SELECT array_agg(total_fee) FROM visits",
    "SELECT first_value(total_fee ORDER BY visit_date) FROM visits",
    "SELECT total_fee, COUNT(*) FROM visits GROUP BY total_fee",
    "SELECT COUNT(*) FROM visits WHERE total_fee = 1234.5",
    "SELECT COUNT(*) FROM visits WHERE total_fee = 1200",
    "SELECT COUNT(*) FROM visits WHERE total_fee > 1234",
    "SELECT COUNT(*) FROM visits WHERE total_fee BETWEEN 1000 AND 1001",
    "SELECT COUNT(*) FROM visits WHERE total_fee BETWEEN 1000 AND 1000",
    "SELECT COUNT(*) FROM visits WHERE total_fee >= 1000 AND NOT total_fee > 1000",
    "SELECT COUNT(*) FROM visits WHERE total_fee - 34 > 1200",
    "SELECT COUNT(*) FROM visits WHERE total_fee + total_fee > 1300",
    "SELECT COUNT(*) FROM visits WHERE total_fee * 2 > 1300",
    "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT COUNT(*) * 0 + 1234 FROM visits)",
    "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT 1234)",
    "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT MAX(total_fee) FROM visits)",
    "SELECT COUNT(*) FROM visits WHERE total_fee > self_pay",
    "SELECT SUM(total_fee * self_pay) FROM visits",
    "SELECT SUM(total_fee * 1000000) FROM visits",
    "SELECT SUM(power(total_fee, 3)) FROM visits",
    "SELECT SUM(total_fee + 1) FROM visits",
    "SELECT approx_percentile_cont(total_fee, 1.0) FROM visits",
    "SELECT approx_percentile_cont(total_fee, 0.999) FROM visits",
    "SELECT floor(total_fee / 10) * 10, COUNT(*) FROM visits GROUP BY 1",
    "SELECT floor(total_fee / 150) * 150, COUNT(*) FROM visits GROUP BY 1",
    "SELECT floor(total_fee / 500) * 1000000, COUNT(*) FROM visits GROUP BY 1",
    "SELECT round(total_fee), COUNT(*) FROM visits GROUP BY 1",
    "SELECT COUNT(*) FROM visits WHERE total_fee IS NULL",
    "SELECT COUNT(DISTINCT total_fee) FROM visits",
    "SELECT SUM(published_population) FROM citizens c JOIN districts d ON c.district_code = d.district_code",
    "SELECT c.gender, SUM(s.lat) FROM citizens c JOIN stops s ON c.district_code = s.district_code GROUP BY 1",
    "SELECT SUM(power(10, published_population)) FROM citizens c JOIN districts d ON c.district_code = d.district_code",
    "SELECT c.gender, MAX(d.published_population) FROM citizens c JOIN districts d ON c.district_code = d.district_code GROUP BY 1",
    "SELECT x, COUNT(*) FROM (SELECT citizen_id, MAX(total_fee) AS x FROM visits GROUP BY citizen_id) t GROUP BY x",
    "SELECT COUNT(*) FROM (SELECT citizen_id, SUM(total_fee) AS x FROM visits GROUP BY citizen_id) t WHERE x > 1234",
    "SELECT x, COUNT(*) FROM (SELECT citizen_id, SUM(total_fee) AS x FROM visits GROUP BY citizen_id) t GROUP BY x",
    // times
    "SELECT birth_date, COUNT(*) FROM citizens GROUP BY birth_date",
    "SELECT date_part('month', birth_date), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT date_trunc('day', visit_date), COUNT(*) FROM visits GROUP BY 1",
    "SELECT date_part('day', visit_date), COUNT(*) FROM visits GROUP BY 1",
    "SELECT date_part('minute', board_ts), COUNT(*) FROM trips GROUP BY 1",
    "SELECT date_trunc('second', board_ts), COUNT(*) FROM trips GROUP BY 1",
    "SELECT COUNT(*) FROM citizens WHERE birth_date = '1990-05-17'",
    "SELECT COUNT(*) FROM citizens WHERE birth_date >= '1990-05-17'",
    "SELECT COUNT(*) FROM visits WHERE visit_date BETWEEN '2024-03-01' AND '2024-03-02'",
    "SELECT COUNT(*) FROM visits WHERE visit_date > '2024-03-01' AND visit_date <= '2024-03-31'",
    "SELECT COUNT(*) FROM trips WHERE board_ts > TIMESTAMP '2024-03-01 08:15:00'",
    "SELECT MAX(visit_date) FROM visits",
    "SELECT floor(date_part('year', birth_date) / 2) * 2, COUNT(*) FROM citizens GROUP BY 1",
    "SELECT alight_ts - board_ts, COUNT(*) FROM trips GROUP BY 1",
    "SELECT MAX(date_part('epoch', alight_ts - board_ts)) FROM trips",
    "SELECT COUNT(*) FROM trips WHERE date_part('epoch', alight_ts - board_ts) > 60",
    "SELECT to_char(visit_date, '%d'), COUNT(*) FROM visits GROUP BY 1",
    "SELECT CAST(visit_date AS VARCHAR), COUNT(*) FROM visits GROUP BY 1",
    // dimensions
    "SELECT COUNT(*) FROM citizens WHERE street_code LIKE '220102%'",
    "SELECT left(street_code, 8), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT substr(street_code, 1, 9), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT MIN(street_code) FROM citizens",
    "SELECT string_agg(gender, ',') FROM citizens",
    "SELECT concat(gender, street_code), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT COUNT(*) FROM citizens WHERE gender || education = 'FBA'",
    "SELECT COUNT(*) FROM citizens a JOIN visits b ON a.citizen_id = b.citizen_id WHERE a.street_code <> b.hospital_code",
    // SEN
    "SELECT icd_code, hospital_code, COUNT(*) FROM visits GROUP BY 1, 2",
    "SELECT hospital_code, COUNT(*) FROM visits WHERE icd_code = 'J45' GROUP BY 1",
    "SELECT v.icd_code, left(c.street_code, 6), COUNT(*) FROM visits v JOIN citizens c ON v.citizen_id = c.citizen_id GROUP BY 1, 2",
    "SELECT gender, COUNT(DISTINCT icd_code) FROM visits v JOIN citizens c ON v.citizen_id = c.citizen_id GROUP BY gender",
    // N2: position, rank, chance
    "SELECT gender, COUNT(*) FROM (SELECT * FROM citizens LIMIT 10) t GROUP BY gender",
    "SELECT gender, COUNT(*) FROM (SELECT * FROM citizens ORDER BY district_code LIMIT 100) t GROUP BY gender",
    "SELECT gender, COUNT(*) FROM (SELECT * FROM citizens OFFSET 5) t GROUP BY gender",
    "SELECT gender, COUNT(*) FROM (SELECT DISTINCT ON (district_code) * FROM citizens ORDER BY district_code, birth_date) t GROUP BY gender",
    "SELECT COUNT(*) FROM citizens TABLESAMPLE BERNOULLI (10)",
    "SELECT COUNT(*) FROM citizens WHERE random() < 0.5",
    "SELECT COUNT(*) FROM (SELECT ROW_NUMBER() OVER (ORDER BY total_fee) AS rn FROM visits) t WHERE rn <= 10",
    "SELECT COUNT(*) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY hospital_code ORDER BY visit_date) AS rn FROM visits) t WHERE rn = 1",
    "SELECT COUNT(*) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY citizen_id ORDER BY total_fee) AS rn FROM visits) t WHERE rn = 1",
    "SELECT COUNT(*) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY citizen_id ORDER BY visit_date) AS rn FROM visits) t WHERE rn = 7",
    "SELECT dept_code, COUNT(*) FROM (SELECT dept_code, RANK() OVER (PARTITION BY doctor_id ORDER BY visit_date) AS rn FROM visits) t WHERE rn = 1 GROUP BY 1",
    "SELECT gender, LAG(gender) OVER (ORDER BY citizen_id) FROM citizens",
    "SELECT SUM(tax_amount) FROM (SELECT * FROM enterprises ORDER BY ent_name LIMIT 5) t",
    // N3: oracles
    "SELECT COUNT(*) FROM citizens WHERE 1 / (CASE WHEN gender = 'F' THEN 0 ELSE 1 END) = 1",
    "SELECT COUNT(*) FROM citizens WHERE CAST(district_code AS INT) > 0",
    "SELECT COUNT(*) FROM visits WHERE 100 / total_fee > 1",
    "SELECT COUNT(*) FROM visits WHERE factorial(CASE WHEN is_inpatient THEN 25 ELSE 1 END) > 0",
    "SELECT COUNT(*) FROM visits WHERE repeat('x', 1000000) = dept_code",
    "SELECT COUNT(*) FROM citizens WHERE regexp_like(street_code, '^(a+)+$')",
    "SELECT COUNT(*) FROM citizens c JOIN districts d ON c.district_code = d.district_code WHERE 1 / (d.published_population - 5) > 0",
    "SELECT CASE WHEN gender = 'F' THEN CAST('x' AS INT) ELSE 1 END, COUNT(*) FROM citizens GROUP BY 1",
    "SELECT SUM(total_fee / self_pay) FROM visits",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT COUNT(*) FROM r",
    // N4: fan-out
    "SELECT COUNT(*) FROM citizens, visits",
    "SELECT COUNT(*) FROM citizens CROSS JOIN generate_series(1, 1000)",
    "SELECT COUNT(*) FROM citizens CROSS JOIN (VALUES (1), (2)) t(x)",
    "SELECT COUNT(*) FROM citizens c JOIN (VALUES ('F'), ('M')) t(g) ON c.gender = t.g",
    "SELECT COUNT(*) FROM citizens a JOIN citizens b ON a.district_code = b.district_code",
    "SELECT COUNT(*) FROM citizens CROSS JOIN districts",
    "SELECT COUNT(*) FROM citizens c JOIN districts d ON c.district_code > d.district_code",
    "SELECT COUNT(*) FROM citizens CROSS JOIN unnest(ARRAY[1, 2])",
    "SELECT COUNT(*) FROM visits v JOIN enterprises e ON v.hospital_code = e.district_code",
    // N5: purposes
    "SELECT COUNT(*) FROM visits v JOIN trips t ON v.citizen_id = t.citizen_id",
    "SELECT COUNT(*) FROM visits v JOIN citizens c ON v.citizen_id = c.citizen_id JOIN trips t ON t.citizen_id = c.citizen_id",
    "SELECT COUNT(*) FROM visits WHERE citizen_id IN (SELECT citizen_id FROM trips)",
    "SELECT COUNT(*) FROM citizens c WHERE EXISTS (SELECT 1 FROM visits v WHERE v.citizen_id = c.citizen_id) AND EXISTS (SELECT 1 FROM trips t WHERE t.citizen_id = c.citizen_id)",
    "SELECT COUNT(*) FROM (SELECT citizen_id FROM visits UNION ALL SELECT citizen_id FROM trips) t GROUP BY citizen_id",
    "SELECT COUNT(*) FROM trips t JOIN si_payments p ON t.citizen_id = p.citizen_id",
    "SELECT COUNT(*) FROM visits v LEFT JOIN trips t ON v.citizen_id = t.citizen_id AND t.mode = 'bus'",
    "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT AVG(fare) FROM trips)",
    // N6, N7
    "SELECT gender FROM citizens ORDER BY birth_date LIMIT 1",
    "SELECT d.district_name FROM districts d JOIN citizens c ON d.district_code = c.district_code ORDER BY c.birth_date LIMIT 1",
    "SELECT published_population FROM districts ORDER BY (SELECT gender FROM citizens LIMIT 1)",
    "SELECT gender, (SELECT total_fee FROM visits LIMIT 1) FROM citizens GROUP BY gender",
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM visits WHERE is_inpatient) THEN 1 ELSE 0 END",
    "SELECT district_name, (SELECT COUNT(*) FROM citizens c WHERE c.district_code = d.district_code) FROM districts d WHERE (SELECT gender FROM citizens LIMIT 1) = 'F'",
    "SELECT gender, COUNT(*) FROM citizens GROUP BY gender UNION ALL SELECT full_name, 1 FROM citizens",
    "SELECT gender FROM citizens UNION SELECT gender FROM citizens WHERE gender = 'F' UNION ALL SELECT mode FROM trips",
    // N8
    "SELECT my_secret_function(gender), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT version()",
    "SELECT uuid()",
    "SELECT now()",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT arrow_typeof(total_fee), COUNT(*) FROM visits GROUP BY 1",
    "SELECT encode(gender, 'hex'), COUNT(*) FROM citizens GROUP BY 1",
    // the engine's own columns
    "SELECT __subject_person FROM citizens",
    "SELECT COUNT(DISTINCT __subject_person_1) FROM citizens",
    "SELECT __subjects_10(gender) FROM citizens",
    "SELECT gender AS __subject_person_1, COUNT(*) FROM citizens GROUP BY 1",
    "SELECT __grouping_id FROM (SELECT gender, COUNT(*) FROM citizens GROUP BY ROLLUP(gender)) t",
    "SELECT citizen_id, COUNT(*) FROM visits GROUP BY ROLLUP(citizen_id)",
    "SELECT hospital_code, icd_chapter, COUNT(*) FROM visits GROUP BY CUBE(hospital_code, icd_chapter)",
];

#[test]
fn attacks_are_refused() {
    let mut passed = Vec::new();
    for sql in ATTACKS {
        let verdict = verdict(sql);
        let Some(reason) = verdict.reasons.first().filter(|_| verdict.verdict == Decision::Refuse) else {
            passed.push(*sql);
            continue;
        };
        assert!(reason.at.line > 0 && reason.at.column > 0, "{sql}: no place");
        assert!(!reason.zh.is_empty() && !reason.en.is_empty() && !reason.rule.is_empty(), "{sql}");
        assert!(verdict.lineage.is_empty(), "{sql}");
    }
    assert!(ATTACKS.len() >= 80);
    assert!(passed.is_empty(), "{} passed:\n{}", passed.len(), passed.join("\n"));
}

/// The rule and the columns that refusals name.
#[test]
fn refusals_name_rule_and_column() {
    let cases = [
        ("SELECT COUNT(*)\nFROM citizens\nWHERE full_name = 'x'", "LOCK", "citizens.full_name", 3),
        ("SELECT citizen_id FROM visits GROUP BY citizen_id", "KEY", "visits.citizen_id", 1),
        ("SELECT MAX(total_fee) FROM visits", "MEA", "visits.total_fee", 1),
        ("SELECT COUNT(*) FROM visits v JOIN trips t\nON v.citizen_id = t.citizen_id", "N5", "", 1),
        ("SELECT gender, COUNT(*) FROM (SELECT * FROM citizens\nLIMIT 5) t GROUP BY 1", "N2", "", 2),
        ("SELECT nope(1)", "N8", "", 1),
        ("DROP TABLE citizens", "N1", "", 1),
    ];
    for (sql, rule, column, line) in cases {
        let verdict = verdict(sql);
        let reason = &verdict.reasons[0];
        assert_eq!((reason.rule.as_str(), reason.at.line), (rule, line), "{sql}: {reason:?}");
        assert_eq!(reason.columns.first().map_or("", String::as_str), column, "{sql}");
    }
}

/// Whatever the text, the analysis answers, and never panics.
#[test]
fn odd_texts_are_answered() {
    let chain = format!("SELECT COUNT(*) FROM citizens WHERE {}", vec!["gender = 'F'"; 1500].join(" AND "));
    assert_eq!(verdict(&chain).verdict, Decision::Aggregate);
    let unions = vec!["SELECT district_code FROM districts"; 200].join(" UNION ALL ");
    assert_eq!(verdict(&unions).verdict, Decision::Allow);
    for odd in [
        "",
        ";",
        "SELECT",
        "SELECT '",
        "\u{0}",
        "SELECT * FROM",
        "((((",
        "选择",
        "SELECT $1",
        "SELECT * FROM citizens c, c",
        "SELECT -",
        "WITH a AS (SELECT * FROM a) SELECT * FROM a",
    ] {
        assert_eq!(verdict(odd).verdict, Decision::Refuse, "{odd}");
    }
}

/// What the planner does not understand is said in both languages, with the author's own word and its place, and never in the
/// planner's words.
#[test]
fn faults_are_said_in_both_languages() {
    let cases = [
        ("SELECT nothing FROM citizens", "there is no such column (nothing)", "没有这一列（nothing）", (1, 8)),
        ("SELECT c.nothing\nFROM citizens c", "there is no such column (nothing)", "没有这一列（nothing）", (1, 8)),
        ("SELECT gender,\n  COUNT(*)\nFROM citizens", "a column must stand in GROUP BY", "此列须写入 GROUP BY", (1, 8)),
        ("SELECT COUNT(*) FROM nowhere", "there is no table nowhere", "没有表 nowhere", (1, 22)),
        ("SELECT citizen_id FROM citizens c JOIN visits v ON TRUE", "a column name is ambiguous", "列名不明确", (1, 8)),
        (
            "SELECT date_trunc(gender) FROM citizens",
            "a function has the wrong number or types",
            "函数的参数个数或类型不对",
            (1, 0),
        ),
        ("SELECT fly(gender) FROM citizens", "the function fly is not known", "未知的函数 fly", (1, 8)),
        ("SELECT 1 UNION ALL SELECT 1, 2", "the parts have different numbers of columns", "各部分的列数不同", (1, 1)),
        ("SELECT gender FROM citizens WHERE gender", "", "", (1, 0)),
        ("SELECT CAST('x' AS DATE)", "", "", (1, 0)),
        ("SELECT COUNT(*) FROM citizens WHERE birth_date > 'spring'", "", "", (1, 0)),
    ];
    for (sql, en, zh, (line, column)) in cases {
        let verdict = verdict(sql);
        let reason = verdict.reasons.first().unwrap_or_else(|| panic!("{sql} was accepted"));
        assert!(reason.en.starts_with(en) && reason.zh.starts_with(zh), "{sql}: {reason:?}");
        assert!(reason.at.line == line && (column == 0 || reason.at.column == column), "{sql}: {reason:?}");
        for word in ["error", "Error", "Utf8", "Date32", "DataFusion", "spring", "expr"] {
            assert!(!reason.en.contains(word) && !reason.zh.contains(word), "{sql}: {reason:?}");
        }
    }
}
