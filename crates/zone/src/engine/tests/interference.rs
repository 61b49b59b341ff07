//! Non-interference: what is said and shown may depend on a subject only where enough others stand beside it.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::empty::EmptyTable;
use proptest::prelude::*;
use serde_json::Value;

use super::data::Folder;
use super::{combined, refused, schema, tricks, tricks_labels};
use crate::engine::{EngineEnv, Limits, Source, Tokens, clear, rehearse};

/// A visit: person, department, price in hundreds, inpatient.
type Visit = (u8, u8, u16, bool);

/// Queries whose rows are (key…, cells…); the number of keys.
const QUERIES: &[(&str, usize)] = &[
    ("SELECT dept_code, COUNT(*), SUM(total_fee) FROM visits GROUP BY dept_code", 1),
    ("SELECT dept_code, is_inpatient, COUNT(DISTINCT citizen_id) FROM visits GROUP BY 1, 2", 2),
    (
        "SELECT dept_code, COUNT(*) FILTER (WHERE is_inpatient), AVG(CASE WHEN total_fee >= 500 THEN total_fee END) FROM visits GROUP BY 1",
        1,
    ),
    ("SELECT n, COUNT(*) FROM (SELECT citizen_id, COUNT(*) AS n FROM visits GROUP BY citizen_id) t GROUP BY n", 1),
    (
        "SELECT a.dept_code, COUNT(*) FROM visits a JOIN visits b ON a.citizen_id = b.citizen_id WHERE b.is_inpatient GROUP BY 1",
        1,
    ),
    ("SELECT dept_code, is_inpatient, COUNT(*) FROM visits GROUP BY ROLLUP(dept_code, is_inpatient)", 2),
];

/// Few by default; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3)
}

fn answers(visits: &[Visit]) -> Vec<(String, BTreeMap<String, Vec<Value>>)> {
    let folder = Folder::new();
    let rows = visits.iter().enumerate().map(|(n, (person, dept, price, inpatient))| {
        format!("{n},{person},D{dept},{},{inpatient}", u32::from(*price) * 100)
    });
    folder.table("visits", "visit_id,citizen_id,dept_code,total_fee,is_inpatient", rows);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = |(sql, keys): &(&str, usize)| {
        let answer = runtime.block_on(folder.run(sql));
        let verdict = serde_json::to_string(&answer.verdict).unwrap();
        let rows = answer.rows.into_iter().map(|row| (serde_json::to_string(&row[..*keys]).unwrap(), row));
        (verdict, rows.collect())
    };
    QUERIES.iter().map(run).collect()
}

/// Persons of a department (all, or in- and outpatients).
fn persons(visits: &[Visit], wanted: impl Fn(&Visit) -> bool) -> usize {
    let ids: std::collections::BTreeSet<u8> =
        visits.iter().filter(|visit| wanted(visit)).map(|visit| visit.0).collect();
    ids.len()
}

/// A refusal has one text, place and code over no records, over made-up ones and over none at all, and is in both languages.
#[test]
fn refusals_are_the_same_whatever_the_data() {
    let tokens = Tokens::new(crypto::Suite::Intl, [7; 32]);
    let env = |full: bool| {
        let source = |contract: crate::contract::Contract| match full {
            true => rehearse::source(&contract, &tokens).unwrap(),
            false => {
                Source { provider: Arc::new(EmptyTable::new(contract.sealed_schema())), contract: Arc::new(contract) }
            }
        };
        let sources = schema::contracts().into_iter().map(source).collect();
        EngineEnv { sources, purpose: schema::purpose(), limits: Limits::default() }
    };
    let (full, empty) = (env(true), env(false));
    let tricks = tricks::REFUSED.iter().chain(tricks_labels::REFUSED).map(|(_, sql)| *sql);
    for sql in refused::ATTACKS.iter().chain(combined::COMBINED).copied().chain(tricks) {
        let verdict = schema::verdict(sql);
        let refusals = [&full, &empty].map(|env| clear(env, sql).unwrap_err());
        assert_eq!(refusals[0], refusals[1], "{sql}");
        let reason = &verdict.reasons[0];
        assert_eq!((&refusals[0].zh, &refusals[0].en), (&reason.zh, &reason.en), "{sql}");
        let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(chinese(&reason.zh) && !chinese(&reason.en), "{sql}: {reason:?}");
        assert_eq!(reason.would_help.is_empty(), reason.would_help_zh.is_empty(), "{sql}");
        assert!(reason.would_help_zh.is_empty() || chinese(&reason.would_help_zh), "{sql}: {reason:?}");
        assert!(!chinese(&reason.would_help), "{sql}: {reason:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// Taking one person away changes no verdict, no group without that person, and only groups with nine others at least.
    #[test]
    fn one_person_changes_little(visits in proptest::collection::vec((0u8..40, 0u8..3, 0u16..20, any::<bool>()), 20..200), person in 0u8..40) {
        let without: Vec<Visit> = visits.iter().filter(|visit| visit.0 != person).copied().collect();
        let (before, after) = (answers(&visits), answers(&without));
        for (number, ((verdict, rows), (other, fewer))) in before.iter().zip(&after).enumerate() {
            prop_assert_eq!(verdict, other);
            // Levels of subtotals are linked with each other; what follows is about single groups.
            if number != 0 { continue }
            for dept in 0u8..3 {
                let key = serde_json::to_string(&[format!("D{dept}")]).unwrap();
                let in_group = visits.iter().any(|visit| visit.0 == person && visit.1 == dept);
                if !in_group {
                    prop_assert_eq!(rows.get(&key), fewer.get(&key));
                }
                let enough = persons(&visits, |visit| visit.1 == dept) >= 10;
                prop_assert_eq!(rows.contains_key(&key), enough);
            }
        }
    }

    /// Every released cell rests on ten persons, counted here by hand.
    #[test]
    fn released_cells_rest_on_ten(visits in proptest::collection::vec((0u8..40, 0u8..3, 0u16..20, any::<bool>()), 20..200)) {
        let all = answers(&visits);
        for dept in 0u8..3 {
            let name = format!("D{dept}");
            for inpatient in [true, false] {
                let key = serde_json::to_string(&serde_json::json!([name, inpatient])).unwrap();
                let count = persons(&visits, |visit| visit.1 == dept && visit.3 == inpatient);
                prop_assert_eq!(all[1].1.get(&key).map(|row| row[2].clone()), (count >= 10).then(|| Value::from(count)));
                prop_assert!(count >= 10 || !all[5].1.contains_key(&key));
            }
            let key = serde_json::to_string(&[&name]).unwrap();
            if let Some(row) = all[2].1.get(&key) {
                let (inside, outside) = (persons(&visits, |v| v.1 == dept && v.3), persons(&visits, |v| v.1 == dept && !v.3));
                let fits = inside >= 10 && outside >= 10;
                prop_assert!(fits || row[1].is_null(), "{inside} {outside} {row:?}");
            }
            if let Some(row) = all[0].1.get(&key).filter(|row| !row[2].is_null()) {
                let payers = persons(&visits, |v| v.1 == dept && v.2 > 0);
                let sum: u64 = visits.iter().filter(|v| v.1 == dept).map(|v| u64::from(v.2) * 100).sum();
                prop_assert!(payers >= 10);
                prop_assert_eq!(row[2].as_f64(), Some(sum as f64));
            }
        }
    }
}
