//! What made the process end, panic or work for hours: refused, done, or stopped in time.

use std::time::Duration;

use super::data::Folder;
use super::schema::{purpose, verdict};
use crate::engine::{Decision, EngineEnv, Limits, RunError, clear, deep, local, run};

/// Refused before anything is planned at length, each with a place and a way out.
#[test]
fn what_no_operator_survives_is_refused() {
    let nested = |open: &str, inner: &str, close: &str, times: usize| {
        format!("SELECT {}{inner}{} FROM citizens", open.repeat(times), close.repeat(times))
    };
    let joins = |n: usize, with: &str| {
        let more: String = (1..n).map(|i| with.replace('#', &i.to_string())).collect();
        format!("SELECT COUNT(*) FROM districts d0{more}")
    };
    let texts = [
        "SELECT approx_percentile_cont(n, 0.5, 99999999999) FROM (SELECT gender, COUNT(*) AS n FROM citizens GROUP BY gender) t".to_owned(),
        "SELECT approx_percentile_cont(published_population, 0.5, 99999999999) FROM districts".to_owned(),
        "SELECT approx_percentile_cont(published_population, 0.5, 99999999999) OVER () FROM districts".to_owned(),
        "SELECT approx_percentile_cont(total_fee, 0.5, 99999999999) FROM visits".to_owned(),
        "SELECT SUM(COUNT(*)) OVER (ORDER BY gender ROWS BETWEEN 1 PRECEDING AND 18446744073709551615 FOLLOWING) FROM citizens GROUP BY gender".to_owned(),
        "SELECT SUM(COUNT(*)) OVER (ORDER BY gender ROWS BETWEEN 9223372036854775807 PRECEDING AND CURRENT ROW) FROM citizens GROUP BY gender".to_owned(),
        "SELECT SUM(COUNT(*)) OVER (ORDER BY gender ROWS BETWEEN 9223372036854775806 FOLLOWING AND 9223372036854775807 FOLLOWING) FROM citizens GROUP BY gender".to_owned(),
        "SELECT lag(published_population, 9223372036854775807) OVER (ORDER BY district_code) FROM districts".to_owned(),
        "SELECT lead(published_population, -9223372036854775807) OVER (ORDER BY district_code) FROM districts".to_owned(),
        "SELECT nth_value(published_population, 9223372036854775807) OVER (ORDER BY district_code) FROM districts".to_owned(),
        "SELECT ntile(9223372036854775807) OVER (ORDER BY district_code) FROM districts".to_owned(),
        "SELECT left(district_name, -9223372036854775808) FROM districts".to_owned(),
        "SELECT substr(district_name, 1, 9223372036854775807) FROM districts".to_owned(),
        nested("upper(", "'x'", ")", 24),
        nested("NOT (", "gender = 'F'", ")", 38),
        nested("NOT (", "gender = = 'F'", ")", 20),
        nested("ARRAY[", "1 1", "]", 24),
        nested("COALESCE(1, ", "1 1", ")", 24),
        format!("SELECT 1 FROM {}districts{}", "(".repeat(40), ") x)".repeat(40)),
        joins(300, " JOIN districts d# ON d#.district_code = d0.district_code"),
        joins(300, ", districts d#"),
        joins(70, " CROSS JOIN districts d#"),
        joins(120, " CROSS JOIN (SELECT 1) d#"),
    ];
    for text in texts {
        let verdict = verdict(&text);
        assert_eq!(verdict.verdict, Decision::Refuse, "{text}");
        assert!(verdict.reasons.iter().all(|reason| !reason.zh.is_empty() && reason.at.line > 0), "{text}");
    }
    // What people write is not that deep.
    for text in [
        nested("upper(", "gender", ")", 3).replace("FROM citizens", "FROM (SELECT district_name AS gender FROM districts) t"),
        joins(12, " JOIN stops s# ON s#.district_code = d0.district_code"),
        "SELECT SUM(COUNT(*)) OVER (ORDER BY gender ROWS BETWEEN 12 PRECEDING AND CURRENT ROW) FROM citizens GROUP BY gender".to_owned(),
    ] {
        assert_ne!(verdict(&text).verdict, Decision::Refuse, "{text}");
    }
}

/// Streets of three large parts and a small one: each of them loses a second part, whatever their number.
#[tokio::test]
async fn many_subtotals_are_judged() {
    let folder = Folder::new();
    let parts = [("h", 12), ("p", 11), ("phd", 3), ("u", 13)];
    let people = (0..600).flat_map(|street| parts.iter().flat_map(move |(e, n)| (0..*n).map(move |_| (street, *e))));
    folder.table(
        "citizens",
        "citizen_id,street_code,education",
        people.enumerate().map(|(id, (street, e))| format!("{id},S{street:04},{e}")),
    );
    for (sets, wanted) in [("ROLLUP (street_code, education)", 600 * 3 + 1), ("CUBE (street_code, education)", 600 * 2)]
    {
        let rows = folder.rows(&format!("SELECT street_code, education, COUNT(*) FROM citizens GROUP BY {sets}")).await;
        assert!(rows.len() >= wanted, "{sets}: {}", rows.len());
        assert!(rows.iter().all(|row| row[2].as_i64().is_some_and(|n| n >= 10)), "{sets}");
    }
}

/// A long list of conditions is run, not studied.
#[test]
fn long_lists_are_sets() {
    let folder = Folder::new();
    folder.table("citizens", "citizen_id,street_code,gender", (1..=60).map(|id| format!("{id},S{},F", id % 20)));
    let list =
        |op: &str, join: &str| (0..2000).map(|n| format!("street_code {op} 'S{n}'")).collect::<Vec<_>>().join(join);
    let rows = deep::block_on(2, || async {
        let mut rows = Vec::new();
        for condition in
            [list("=", " OR "), format!("NOT ({})", list("<>", " AND ")), list("=", " OR ") + " OR gender = 'F'"]
        {
            rows.extend(folder.rows(&format!("SELECT COUNT(*) FROM citizens WHERE {condition}")).await);
        }
        rows
    });
    assert_eq!(rows.unwrap(), vec![vec![serde_json::json!(60)]; 3]);
}

/// The time limit ends whatever a run is at, also where nobody gives it a turn.
#[test]
fn the_time_limit_ends_every_part_of_a_run() {
    let folder = Folder::new();
    folder.table(
        "districts",
        "district_code,district_name,published_population",
        (0..2000).map(|n| format!("D{n},{n},{n}")),
    );
    let ended = |sql: &str, time: Duration| {
        let sources = local::sources(folder.path(), folder.path(), &["districts"]).unwrap();
        let env = EngineEnv { sources, purpose: purpose(), limits: Limits { time, ..Limits::default() } };
        let plan = clear(&env, sql).unwrap();
        deep::block_on(1, || run(plan)).unwrap().err()
    };
    let time = Duration::from_millis(400);
    for sql in [
        "SELECT COUNT(*) FROM districts a CROSS JOIN districts b CROSS JOIN districts c CROSS JOIN districts d WHERE a.published_population + b.published_population > c.published_population + d.published_population",
        "SELECT array_agg(a.district_name || b.district_name) FROM districts a CROSS JOIN districts b CROSS JOIN districts c",
        "SELECT COUNT(DISTINCT a.district_name || b.district_name || c.district_name) FROM districts a CROSS JOIN districts b CROSS JOIN districts c",
    ] {
        assert_eq!(ended(sql, time), Some(RunError::TooLong), "{sql}");
    }
    // Planning these takes longer than they may.
    let list = (0..900).map(|n| format!("published_population + {n} > {n}")).collect::<Vec<_>>().join(" OR ");
    let sql = format!("SELECT COUNT(*) FROM districts WHERE {list}");
    assert_eq!(ended(&sql, Duration::from_millis(1)), Some(RunError::TooLong));
}
