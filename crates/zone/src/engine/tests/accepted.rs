//! Queries that must be accepted: a false refusal is a defect.

use super::schema::verdict;
use crate::engine::Decision;

const ALLOW: &[&str] = &[
    "SELECT 1",
    "SELECT * FROM districts",
    "SELECT district_name, published_population FROM districts WHERE city_code = '2201' ORDER BY published_population DESC LIMIT 5",
    "SELECT city_code, SUM(published_population) FROM districts GROUP BY city_code",
    "SELECT upper(district_name) FROM districts WHERE district_name LIKE 'A%'",
    "SELECT published_population / 1000 FROM districts",
    "SELECT d.district_name, s.stop_name FROM districts d JOIN stops s ON d.district_code = s.district_code",
    "SELECT d.district_name FROM districts d, stops s WHERE d.district_code = s.district_code AND s.lat > 40.5",
    "SELECT ent_name, reg_capital FROM enterprises WHERE status = 'active'",
    "SELECT ent_name FROM enterprises ORDER BY established_on LIMIT 10",
    "SELECT industry_code, COUNT(*), MAX(reg_capital) FROM enterprises GROUP BY industry_code",
    "SELECT DISTINCT section FROM industries",
    "SELECT e.ent_name, i.industry_name FROM enterprises e JOIN industries i ON e.industry_code = i.industry_code",
    "SELECT stop_name, ROW_NUMBER() OVER (PARTITION BY district_code ORDER BY lat) FROM stops",
    "SELECT substr(ent_name, 1, 4) FROM enterprises",
    "SELECT district_code FROM districts UNION SELECT district_code FROM stops",
    "SELECT CAST(published_population AS VARCHAR) FROM districts",
    "WITH big AS (SELECT * FROM districts WHERE published_population > 100000) SELECT COUNT(*) FROM big",
    "SELECT ent_name FROM enterprises WHERE reg_capital > (SELECT AVG(reg_capital) FROM enterprises)",
    "SELECT city_code, COUNT(*) FROM districts GROUP BY ROLLUP(city_code)",
    "SELECT district_name FROM districts WHERE district_code IN (SELECT district_code FROM stops)",
    "SELECT DISTINCT ON (city_code) city_code, district_name FROM districts ORDER BY city_code, district_name",
];

const AGGREGATE: &[&str] = &[
    "SELECT COUNT(*) FROM citizens",
    "SELECT gender, COUNT(*) FROM citizens GROUP BY gender",
    "SELECT district_code, gender, COUNT(*) AS n FROM citizens GROUP BY district_code, gender ORDER BY n DESC",
    "SELECT district_code, COUNT(*) FROM citizens WHERE gender = 'F' AND education IN ('BA', 'MA') GROUP BY district_code",
    "SELECT district_code, COUNT(*) FROM citizens GROUP BY district_code HAVING COUNT(*) > 100 ORDER BY 2 LIMIT 3",
    "SELECT d.district_name, COUNT(*) FROM citizens c JOIN districts d ON c.district_code = d.district_code GROUP BY d.district_name",
    "SELECT left(street_code, 6), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT date_part('year', birth_date), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT floor(date_part('year', birth_date) / 10) * 10 AS decade, COUNT(*) FROM citizens GROUP BY 1",
    "SELECT EXTRACT(year FROM birth_date), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT COUNT(*) FROM citizens WHERE birth_date >= '1990-01-01' AND birth_date < '2000-01-01'",
    "SELECT COUNT(*) FROM citizens WHERE birth_date BETWEEN DATE '1990-01-01' AND DATE '1999-12-31'",
    "SELECT date_trunc('month', visit_date), COUNT(*), AVG(total_fee) FROM visits GROUP BY 1",
    "SELECT hospital_code, SUM(total_fee), AVG(self_pay), STDDEV(total_fee) FROM visits GROUP BY hospital_code",
    "SELECT hospital_code, MEDIAN(total_fee) FROM visits GROUP BY hospital_code",
    "SELECT hospital_code, approx_percentile_cont(total_fee, 0.9) FROM visits GROUP BY hospital_code",
    "SELECT dept_code, COUNT(DISTINCT citizen_id) FROM visits GROUP BY dept_code",
    "SELECT dept_code, COUNT(visit_id) FROM visits WHERE is_inpatient GROUP BY dept_code",
    "SELECT dept_code, COUNT(*) FILTER (WHERE is_inpatient) FROM visits GROUP BY dept_code",
    "SELECT dept_code, SUM(CASE WHEN is_inpatient THEN 1 ELSE 0 END) FROM visits GROUP BY dept_code",
    "SELECT dept_code, SUM(CASE WHEN is_inpatient THEN total_fee ELSE 0 END) FROM visits GROUP BY dept_code",
    "SELECT dept_code, AVG(CASE WHEN is_inpatient THEN total_fee END) FROM visits GROUP BY dept_code",
    "SELECT dept_code, AVG(total_fee - self_pay) FROM visits GROUP BY dept_code",
    "SELECT dept_code, COUNT(*) FROM visits WHERE total_fee >= 1000 GROUP BY dept_code",
    "SELECT floor(total_fee / 500) * 500 AS band, COUNT(*) FROM visits GROUP BY 1",
    "SELECT CASE WHEN total_fee < 1000 THEN 'low' WHEN total_fee < 5000 THEN 'mid' ELSE 'high' END AS band, COUNT(*) FROM visits GROUP BY 1",
    "SELECT icd_code, COUNT(*) FROM visits GROUP BY icd_code",
    "SELECT icd_chapter, date_part('quarter', visit_date), COUNT(*) FROM visits GROUP BY 1, 2",
    "SELECT r.icd_name, COUNT(*) FROM visits v JOIN icd_ref r ON v.icd_code = r.icd_code GROUP BY r.icd_name",
    "SELECT c.gender, AVG(v.total_fee) FROM visits v JOIN citizens c ON v.citizen_id = c.citizen_id GROUP BY c.gender",
    "SELECT c.gender, COUNT(*) FROM visits v, citizens c WHERE v.citizen_id = c.citizen_id GROUP BY c.gender",
    "SELECT c.gender, COUNT(v.visit_id) FROM citizens c LEFT JOIN visits v ON v.citizen_id = c.citizen_id GROUP BY c.gender",
    "SELECT gender, COUNT(*) FROM citizens WHERE citizen_id IN (SELECT citizen_id FROM visits WHERE is_inpatient) GROUP BY gender",
    "SELECT gender, COUNT(*) FROM citizens c WHERE EXISTS (SELECT 1 FROM visits v WHERE v.citizen_id = c.citizen_id) GROUP BY gender",
    "SELECT gender, COUNT(*) FROM citizens c WHERE NOT EXISTS (SELECT 1 FROM visits v WHERE v.citizen_id = c.citizen_id) GROUP BY gender",
    "SELECT gender, COUNT(*) FROM citizens WHERE citizen_id IN (SELECT citizen_id FROM si_payments WHERE in_arrears) GROUP BY gender",
    "SELECT n, COUNT(*) FROM (SELECT citizen_id, COUNT(*) AS n FROM visits GROUP BY citizen_id) t GROUP BY n",
    "SELECT c.gender, AVG(t.fee) FROM citizens c JOIN (SELECT citizen_id, SUM(total_fee) AS fee FROM visits GROUP BY citizen_id) t ON c.citizen_id = t.citizen_id GROUP BY c.gender",
    "SELECT size, COUNT(*) FROM (SELECT household_id, COUNT(*) AS size FROM citizens GROUP BY household_id) h GROUP BY size",
    "SELECT COUNT(*) FROM (SELECT DISTINCT citizen_id FROM visits) t",
    "SELECT dept_code, COUNT(*) FROM (SELECT citizen_id, dept_code, ROW_NUMBER() OVER (PARTITION BY citizen_id ORDER BY visit_date DESC) AS rn FROM visits) t WHERE rn = 1 GROUP BY dept_code",
    "SELECT first_month, COUNT(*) FROM (SELECT citizen_id, date_trunc('month', MIN(visit_date)) AS first_month FROM visits GROUP BY citizen_id) t GROUP BY 1",
    "SELECT DISTINCT gender FROM citizens",
    "SELECT gender, n, n * 100.0 / SUM(n) OVER () AS share FROM (SELECT gender, COUNT(*) AS n FROM citizens GROUP BY gender) t",
    "SELECT gender, n, RANK() OVER (ORDER BY n DESC) FROM (SELECT gender, COUNT(*) AS n FROM citizens GROUP BY gender) t",
    "SELECT gender, COUNT(*) FROM citizens GROUP BY gender UNION ALL SELECT 'all', COUNT(*) FROM citizens",
    "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT AVG(total_fee) FROM visits)",
    "SELECT insurance_type, SUM(base_amount), SUM(personal_amount + employer_amount) FROM si_payments GROUP BY insurance_type",
    "SELECT e.industry_code, SUM(e.tax_amount), AVG(e.employee_count) FROM enterprises e GROUP BY e.industry_code",
    "SELECT industry_code, SUM(reg_capital), SUM(tax_amount) FROM enterprises GROUP BY industry_code",
    "SELECT e.industry_code, AVG(p.base_amount) FROM si_payments p JOIN enterprises e ON p.ent_id = e.ent_id GROUP BY e.industry_code",
    "SELECT e.industry_code, c.gender, COUNT(*) FROM enterprises e JOIN citizens c ON e.legal_rep_id = c.citizen_id GROUP BY 1, 2",
    "SELECT COUNT(*) FROM enterprises WHERE tax_amount >= 100000",
    "SELECT line_no, date_part('hour', board_ts), COUNT(*) FROM trips GROUP BY 1, 2",
    "SELECT date_part('dow', board_ts), COUNT(*) FROM trips GROUP BY 1",
    "SELECT line_no, AVG(date_part('epoch', alight_ts - board_ts)) FROM trips GROUP BY line_no",
    "SELECT s.district_code, COUNT(*), SUM(t.fare) FROM trips t JOIN stops s ON t.board_stop = s.stop_id GROUP BY s.district_code",
    "SELECT COUNT(*) FROM trips WHERE board_ts >= TIMESTAMP '2024-03-01 08:00:00' AND board_ts < TIMESTAMP '2024-03-01 09:00:00'",
    "SELECT c.district_code, AVG(t.fare) FROM trips t JOIN citizens c ON t.citizen_id = c.citizen_id GROUP BY c.district_code",
    "SELECT COALESCE(marital_status, 'unknown'), COUNT(*) FROM citizens GROUP BY 1",
    "SELECT COUNT(*) FROM citizens WHERE marital_status IS NULL",
    "SELECT gender, COUNT(*) FROM (SELECT * FROM citizens) t GROUP BY gender",
    "WITH g AS (SELECT gender, COUNT(*) AS n FROM citizens GROUP BY gender) SELECT a.gender, a.n - b.n FROM g a CROSS JOIN g b",
    "SELECT CORR(total_fee, self_pay) FROM visits",
    "SELECT d.district_name, t.n * 1000.0 / d.published_population FROM districts d JOIN (SELECT district_code, COUNT(*) AS n FROM citizens GROUP BY district_code) t ON d.district_code = t.district_code",
    "SELECT gender, COUNT(*) FROM citizens WHERE NOT (district_code = 'D01' OR education <> 'BA') GROUP BY gender",
    "SELECT is_inpatient, COUNT(DISTINCT hospital_code) FROM visits GROUP BY is_inpatient",
    "SELECT kind, COUNT(*) FROM (SELECT citizen_id, CASE WHEN COUNT(*) > 3 THEN 'often' ELSE 'seldom' END AS kind FROM visits GROUP BY citizen_id) t GROUP BY kind",
    "SELECT gender, COUNT(*) FROM citizens c WHERE (SELECT COUNT(*) FROM visits v WHERE v.citizen_id = c.citizen_id) > 2 GROUP BY gender",
    "SELECT gender, education, COUNT(*) FROM citizens GROUP BY ROLLUP(gender, education)",
    "SELECT gender, education, COUNT(*) FROM citizens GROUP BY CUBE(gender, education)",
    "SELECT gender, education, COUNT(*) FROM citizens GROUP BY GROUPING SETS ((gender), (education), ())",
    "SELECT gender, GROUPING(gender), COUNT(*) FROM citizens GROUP BY ROLLUP(gender)",
    "SELECT dept_code, percentile_cont(0.5) WITHIN GROUP (ORDER BY total_fee) FROM visits GROUP BY dept_code",
    "SELECT gender, COUNT(*) FROM citizens WHERE gender = 'F' OR citizen_id IN (SELECT citizen_id FROM visits) GROUP BY gender",
    "SELECT citizens.gender, COUNT(*) FROM citizens JOIN visits USING (citizen_id) GROUP BY citizens.gender",
    "SELECT COUNT(*) FROM visits WHERE visit_date >= DATE '2024-01-01' AND visit_date < DATE '2024-01-01' + INTERVAL '3 months'",
    "SELECT COUNT(*) FROM visits WHERE date_part('year', visit_date) = 2024 AND date_trunc('month', visit_date) <> '2024-03-01'",
    "SELECT gender, ROUND(COUNT(*) * 100.0 / (SELECT COUNT(*) FROM citizens), 1) FROM citizens GROUP BY gender",
    "SELECT pay_month, COUNT(*) FROM si_payments WHERE base_amount BETWEEN 5000 AND 10000 GROUP BY pay_month",
    // several release points that cannot be subtracted
    "WITH a AS (SELECT ent_id, base_amount FROM si_payments WHERE pay_month = '2024-01'), b AS (SELECT COUNT(*) AS n FROM si_payments WHERE pay_month = '2024-02') SELECT (SELECT COUNT(*) FROM a) - n FROM b",
    "WITH m AS (SELECT insurance_type AS t, SUM(base_amount) AS s FROM si_payments WHERE pay_month = '2024-01' GROUP BY 1), n AS (SELECT insurance_type AS t, SUM(base_amount) AS s FROM si_payments p WHERE p.pay_month = '2024-02' GROUP BY 1) SELECT m.t, n.s / m.s - 1 FROM m JOIN n ON m.t = n.t",
    "SELECT 'old', COUNT(*) FROM citizens WHERE birth_date < '1960-01-01' UNION ALL SELECT 'young', COUNT(*) FROM citizens WHERE birth_date >= '1960-01-01'",
    "SELECT 'in', AVG(total_fee) FROM visits WHERE is_inpatient UNION ALL SELECT 'out', AVG(total_fee) FROM visits WHERE NOT is_inpatient",
    "SELECT a.district_code, a.gender, a.n * 100.0 / b.n FROM (SELECT district_code, gender, COUNT(*) AS n FROM citizens GROUP BY 1, 2) a JOIN (SELECT district_code, COUNT(*) AS n FROM citizens GROUP BY 1) b ON a.district_code = b.district_code",
    "SELECT (SELECT COUNT(*) FROM citizens), (SELECT SUM(tax_amount) FROM enterprises)",
    "SELECT a.g, a.n, b.m FROM (SELECT gender AS g, COUNT(*) AS n FROM citizens GROUP BY 1) a JOIN (SELECT c.gender AS g, COUNT(DISTINCT household_id) AS m FROM citizens c GROUP BY 1) b ON a.g = b.g",
    "SELECT COUNT(*) FROM visits WHERE total_fee > (SELECT AVG(total_fee) FROM visits) AND self_pay > (SELECT AVG(self_pay) FROM visits)",
    // what a statistician asks on an ordinary day
    "SELECT c.district_code, date_trunc('month', v.visit_date) AS month, COUNT(*) AS visits, COUNT(DISTINCT v.citizen_id) AS persons FROM visits v JOIN citizens c ON c.citizen_id = v.citizen_id GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT d.district_name, to_char(date_trunc('month', v.visit_date), '%Y-%m') AS month, COUNT(*) FROM visits v JOIN citizens c USING (citizen_id) JOIN districts d ON d.district_code = c.district_code GROUP BY d.district_name, date_trunc('month', v.visit_date)",
    "SELECT dept_code, ROUND(AVG(total_fee), 2) AS mean, MEDIAN(total_fee) AS mid FROM visits WHERE visit_date BETWEEN '2024-01-01' AND '2024-12-31' GROUP BY dept_code HAVING COUNT(*) >= 50 ORDER BY mean DESC LIMIT 10",
    "SELECT district_code, COUNT(*) * 100.0 / SUM(COUNT(*)) OVER () AS share FROM citizens GROUP BY district_code ORDER BY share DESC",
    "SELECT district_code, gender, COUNT(*) AS n, ROUND(100.0 * COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY district_code), 1) AS share FROM citizens GROUP BY district_code, gender",
    "SELECT CASE WHEN n >= 5 THEN '5+' WHEN n >= 2 THEN '2-4' ELSE '1' END AS band, COUNT(*) AS persons FROM (SELECT citizen_id, COUNT(*) AS n FROM visits GROUP BY citizen_id) t GROUP BY 1 ORDER BY 1",
    "SELECT insurance_type, AVG(CASE WHEN in_arrears THEN 1.0 ELSE 0.0 END) AS rate FROM si_payments GROUP BY insurance_type",
    "SELECT insurance_type, COUNT(*) FILTER (WHERE in_arrears) * 100.0 / COUNT(*) AS rate FROM si_payments GROUP BY insurance_type",
    "SELECT pay_month, SUM(CASE WHEN in_arrears THEN 1 ELSE 0 END) * 1.0 / COUNT(*) AS rate FROM si_payments GROUP BY pay_month ORDER BY pay_month",
    "WITH m AS (SELECT pay_month, SUM(base_amount) AS s FROM si_payments GROUP BY pay_month) SELECT pay_month, s, s / LAG(s) OVER (ORDER BY pay_month) - 1 AS growth FROM m",
    "SELECT date_part('year', visit_date) AS y, date_part('month', visit_date) AS m, COUNT(*) AS n, COUNT(*) - LAG(COUNT(*)) OVER (ORDER BY date_part('year', visit_date), date_part('month', visit_date)) AS change FROM visits GROUP BY 1, 2",
    "SELECT floor(date_part('year', birth_date) / 10) * 10 AS decade, gender, COUNT(DISTINCT v.citizen_id) AS patients, AVG(v.total_fee) FROM visits v JOIN citizens c ON v.citizen_id = c.citizen_id GROUP BY 1, 2",
    "SELECT CASE WHEN birth_date >= '2006-01-01' THEN 'minor' WHEN birth_date >= '1964-01-01' THEN 'working age' ELSE 'older' END AS age, COUNT(*) FROM citizens GROUP BY 1",
    "SELECT i.industry_name, COUNT(DISTINCT p.ent_id) AS firms, COUNT(DISTINCT p.citizen_id) AS insured, AVG(p.base_amount) FROM si_payments p JOIN enterprises e ON p.ent_id = e.ent_id JOIN industries i ON e.industry_code = i.industry_code WHERE p.pay_month = '2024-06' GROUP BY i.industry_name",
    "SELECT e.district_code, i.section, SUM(e.tax_amount) AS tax, SUM(e.employee_count) AS staff FROM enterprises e JOIN industries i ON i.industry_code = e.industry_code GROUP BY 1, 2",
    "SELECT d.district_name, SUM(e.tax_amount) FROM districts d LEFT JOIN enterprises e ON e.district_code = d.district_code GROUP BY d.district_name",
    "SELECT floor(tax_amount / 100000) * 100000 AS band, COUNT(*) FROM enterprises GROUP BY 1 ORDER BY 1",
    "SELECT industry_code, COUNT(*) FILTER (WHERE tax_amount >= 1000000) FROM enterprises GROUP BY industry_code",
    "SELECT s.stop_name, COUNT(*) AS boardings FROM trips t JOIN stops s ON t.board_stop = s.stop_id GROUP BY s.stop_name ORDER BY boardings DESC LIMIT 20",
    "SELECT a.district_code AS von, b.district_code AS nach, COUNT(*) FROM trips t JOIN stops a ON t.board_stop = a.stop_id JOIN stops b ON t.alight_stop = b.stop_id GROUP BY 1, 2",
    "SELECT line_no, CASE WHEN date_part('hour', board_ts) IN (7, 8, 17, 18) THEN 'peak' ELSE 'off-peak' END AS period, COUNT(*), SUM(fare) FROM trips GROUP BY 1, 2",
    "SELECT mode, date_trunc('day', board_ts) AS day, COUNT(DISTINCT card_token) FROM trips GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT AVG(n), STDDEV(n), MEDIAN(n) FROM (SELECT citizen_id, COUNT(*) AS n FROM visits WHERE visit_date >= '2024-01-01' GROUP BY citizen_id) t",
    "SELECT c.gender, AVG(t.n) FROM citizens c LEFT JOIN (SELECT citizen_id, COUNT(*) AS n FROM visits GROUP BY citizen_id) t ON t.citizen_id = c.citizen_id GROUP BY c.gender",
    "SELECT is_inpatient, COUNT(DISTINCT citizen_id), SUM(total_fee), SUM(total_fee) / COUNT(DISTINCT citizen_id) AS per_person FROM visits GROUP BY is_inpatient",
    "SELECT gender, COUNT(*) FROM citizens WHERE citizen_id NOT IN (SELECT citizen_id FROM visits) GROUP BY gender",
    "SELECT COUNT(*) FROM citizens WHERE marital_status IN ('married', 'widowed') AND (education = 'BA' OR education = 'MA') AND gender <> 'M'",
    "SELECT COALESCE(district_code, 'all') AS d, COALESCE(gender, 'all') AS g, COUNT(*) FROM citizens GROUP BY ROLLUP(district_code, gender)",
    "SELECT district_code, COUNT(*) FROM citizens GROUP BY ROLLUP(district_code)",
    "SELECT kind, COUNT(*) FROM (SELECT citizen_id, MAX(CASE WHEN is_inpatient THEN 1 ELSE 0 END) AS kind FROM visits GROUP BY citizen_id) t GROUP BY kind",
    "SELECT COUNT(*) FROM (SELECT citizen_id FROM visits WHERE is_inpatient UNION SELECT citizen_id FROM si_payments WHERE in_arrears) u",
    "SELECT COUNT(*) FROM (SELECT citizen_id FROM visits WHERE is_inpatient UNION SELECT citizen_id FROM visits WHERE total_fee >= 5000) u",
    "SELECT part, COUNT(*) FROM (SELECT 'young' AS part, citizen_id FROM citizens WHERE birth_date >= '1990-01-01' UNION ALL SELECT 'old', citizen_id FROM citizens WHERE birth_date < '1960-01-01' UNION ALL SELECT 'middle', citizen_id FROM citizens WHERE birth_date >= '1960-01-01' AND birth_date < '1990-01-01') u GROUP BY part",
    "SELECT source, COUNT(DISTINCT citizen_id) FROM (SELECT 'visits' AS source, citizen_id FROM visits UNION ALL SELECT 'payments', citizen_id FROM si_payments) u GROUP BY source",
    "SELECT hospital_code, AVG(total_fee) FROM visits WHERE total_fee BETWEEN 100 AND 100000 AND self_pay >= 0 GROUP BY hospital_code",
    "SELECT AVG(total_fee) FROM (SELECT citizen_id, total_fee, ROW_NUMBER() OVER (PARTITION BY citizen_id ORDER BY visit_date) AS rn FROM visits) t WHERE rn = 1",
    "SELECT d.district_name, ROUND(COUNT(*) * 1000.0 / MAX(d.published_population), 1) AS per_thousand FROM (SELECT district_code, COUNT(*) AS n FROM citizens GROUP BY district_code) t JOIN districts d ON d.district_code = t.district_code GROUP BY d.district_name",
    "WITH by_month AS (SELECT date_trunc('month', visit_date) AS m, SUM(total_fee) AS fee FROM visits GROUP BY 1) SELECT m, fee, SUM(fee) OVER (ORDER BY m) AS so_far, AVG(fee) OVER (ORDER BY m ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM by_month",
    "SELECT r.chapter, COUNT(*) FROM visits v JOIN icd_ref r ON v.icd_code = r.icd_code GROUP BY r.chapter",
    "SELECT dept_code, SUM(self_pay) / SUM(total_fee) AS share FROM visits GROUP BY dept_code",
    "SELECT hukou_type, education, COUNT(*), RANK() OVER (PARTITION BY hukou_type ORDER BY COUNT(*) DESC) FROM citizens GROUP BY 1, 2",
    "SELECT COUNT(DISTINCT household_id), COUNT(*) * 1.0 / COUNT(DISTINCT household_id) AS size FROM citizens",
    "SELECT district_code, MIN(n), MAX(n) FROM (SELECT district_code, gender, COUNT(*) AS n FROM citizens GROUP BY 1, 2) t GROUP BY 1",
    "SELECT NULLIF(COUNT(*) FILTER (WHERE is_inpatient), 0), dept_code FROM visits GROUP BY dept_code",
    "SELECT gender, COUNT(*) FROM citizens WHERE district_code IN (SELECT district_code FROM districts WHERE city_code = '3202') GROUP BY gender",
];

fn check(queries: &[&str], wanted: Decision) {
    let mut wrong = Vec::new();
    for sql in queries {
        let verdict = verdict(sql);
        if verdict.verdict != wanted {
            let reason = verdict.reasons.first().map(|r| format!("{} {}:{} {}", r.rule, r.at.line, r.at.column, r.en));
            wrong.push(format!("{sql}\n    → {:?} {reason:?}", verdict.verdict));
        } else {
            assert!(!verdict.lineage.is_empty(), "{sql}: no lineage");
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), queries.len(), wrong.join("\n"));
}

#[test]
fn public_data_are_allowed() {
    check(ALLOW, Decision::Allow);
}

#[test]
fn legitimate_statistics_are_aggregated() {
    check(AGGREGATE, Decision::Aggregate);
}

#[test]
fn lineage_names_sources_and_what_chose_the_rows() {
    let verdict = verdict(
        "SELECT gender AS g, COUNT(*) AS n, AVG(v.total_fee) AS fee FROM citizens c JOIN visits v ON c.citizen_id = v.citizen_id WHERE is_inpatient GROUP BY gender",
    );
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["verdict"], "aggregate");
    assert_eq!(json["lineage"][0]["column"], "g");
    assert_eq!(
        json["lineage"][0]["sources"][0],
        serde_json::json!({"table": "citizens", "column": "gender", "transform": "identity"})
    );
    assert_eq!(
        json["lineage"][2]["sources"][0],
        serde_json::json!({"table": "visits", "column": "total_fee", "transform": "aggregate"})
    );
    assert_eq!(
        json["lineage"][1]["indirect"],
        serde_json::json!(["citizens.citizen_id", "visits.citizen_id", "visits.is_inpatient"])
    );
}
