//! The gate behind the engine: what the engine releases, the gate measures again by itself and finds in order.

use super::*;
use crate::contract::Contract;
use crate::engine::{EngineEnv, Limits, Source, Tokens, clear, run};
use crate::purpose::Purpose;
use arrow::array::Array;

const PAYMENTS: &str = r#"apiVersion: v3.1.0
kind: DataContract
id: payments
version: 1.0.0
status: active
schema:
  - name: payments
    physicalType: table
    customProperties:
      - {property: yunyuSubjects, value: [{kind: person, key: person_id}, {kind: enterprise, key: ent_id}]}
    properties:
      - {name: person_id, logicalType: integer, customProperties: [{property: yunyuClass, value: KEY}, {property: yunyuDomain, value: person}]}
      - {name: ent_id, logicalType: integer, customProperties: [{property: yunyuClass, value: KEY}, {property: yunyuDomain, value: enterprise}]}
      - {name: district, logicalType: string, customProperties: [{property: yunyuClass, value: DIM}]}
      - {name: kind, logicalType: string, customProperties: [{property: yunyuClass, value: DIM}]}
      - {name: amount, logicalType: number, customProperties: [{property: yunyuClass, value: MEA}, {property: yunyuGrid, value: 100}, {property: yunyuClamp, value: [0, 50000]}]}
"#;

const DISTRICTS: &str = r#"apiVersion: v3.1.0
kind: DataContract
id: districts
version: 1.0.0
status: active
schema:
  - name: districts
    physicalType: table
    properties:
      - {name: code, logicalType: string, customProperties: [{property: yunyuClass, value: PUB}]}
      - {name: title, logicalType: string, customProperties: [{property: yunyuClass, value: PUB}]}
"#;

const PURPOSE: &str = "name: p\nanswer: aggregate\ntables: [payments]\njoins: []\n";

/// District A: 60 persons at 12 firms; B: 40 at 8, five of kind b alone; C: 9 persons; D: 30, one firm pays nearly everything.
fn payments() -> RecordBatch {
    let mut rows: Vec<(i64, i64, &str, &str, f64)> = Vec::new();
    for (district, persons, firms) in [("A", 60, 12), ("B", 40, 8), ("C", 9, 6), ("D", 30, 10)] {
        for n in 0..persons {
            let who = rows.len() as i64;
            let kind = if district != "B" && n % 2 == 0 || n < 5 { "b" } else { "a" };
            let amount = if district == "D" && n % firms == 0 { 40_000.0 } else { 100.0 + n as f64 };
            rows.push((who, 1000 + n % firms, district, kind, amount));
        }
    }
    RecordBatch::try_from_iter(vec![
        ("person_id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.0))) as ArrayRef),
        ("ent_id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.1)))),
        ("district", Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.2)))),
        ("kind", Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.3)))),
        ("amount", Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.4)))),
    ])
    .unwrap()
}

fn districts() -> RecordBatch {
    let codes = ["A", "B", "C", "D"];
    RecordBatch::try_from_iter(vec![
        ("code", Arc::new(StringArray::from_iter_values(codes)) as ArrayRef),
        ("title", Arc::new(StringArray::from_iter_values(codes.map(|c| format!("District {c}"))))),
    ])
    .unwrap()
}

fn source(contract: &str, batch: &RecordBatch) -> Source {
    let contract = Contract::parse(contract).unwrap();
    let mut columns = batch.columns().to_vec();
    columns.extend(Tokens::new(Suite::Gm, [7; 32]).columns(&contract, batch, 0).unwrap());
    let sealed = RecordBatch::try_new(contract.sealed_schema(), columns).unwrap();
    let provider = Arc::new(MemTable::try_new(contract.sealed_schema(), vec![vec![sealed]]).unwrap());
    Source { contract: Arc::new(contract), provider }
}

async fn sealed_by_engine(sql: &str) -> Sealed {
    let env = EngineEnv {
        sources: vec![source(PAYMENTS, &payments()), source(DISTRICTS, &districts())],
        purpose: Purpose::parse(PURPOSE).unwrap(),
        limits: Limits::default(),
    };
    let plan = clear(&env, sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    run(plan).await.unwrap_or_else(|e| panic!("{sql}: {e}"))
}

#[tokio::test]
async fn what_the_engine_releases_passes() {
    for sql in [
        "SELECT district, COUNT(*) AS n FROM payments GROUP BY district",
        "SELECT district, COUNT(*) AS n, SUM(amount) AS s, AVG(amount) AS m FROM payments GROUP BY district",
        "SELECT district, kind, COUNT(*) AS n, SUM(amount) AS s FROM payments GROUP BY district, kind",
        "SELECT district, COUNT(*) FILTER (WHERE kind = 'a') AS n FROM payments GROUP BY district",
        "SELECT district, ROUND(AVG(amount)) AS m, COUNT(*) AS n FROM payments WHERE district <> 'D' GROUP BY district",
        "SELECT COUNT(*) AS n, SUM(amount) AS s FROM payments WHERE district <> 'D'",
        "SELECT district, COUNT(*) AS n FROM payments GROUP BY district HAVING COUNT(*) > 20 ORDER BY n DESC LIMIT 2",
        "SELECT district, COUNT(DISTINCT person_id) AS people, COUNT(DISTINCT ent_id) AS firms FROM payments GROUP BY district",
        "SELECT district, MEDIAN(amount) AS m FROM payments GROUP BY district",
        "SELECT title FROM districts",
    ] {
        let sealed = sealed_by_engine(sql).await;
        assert!(sealed.rows() > 0, "{sql}");
        let got = assess(&sealed, &GateParams::default(), Suite::Gm).await;
        assert_ne!(got.verdict, Verdict::Block, "{sql}\n{}", serde_json::to_string_pretty(&got).unwrap());
    }
}

/// A key that is shown only through another table's name cannot be recounted by key: the gate fails closed.
#[tokio::test]
async fn a_key_replaced_by_its_name_is_not_recounted() {
    let sql = "SELECT d.title, t.n FROM (SELECT district, COUNT(*) AS n FROM payments GROUP BY district) t \
               JOIN districts d ON d.code = t.district";
    let sealed = sealed_by_engine(sql).await;
    let got = assess(&sealed, &GateParams::default(), Suite::Gm).await;
    assert_eq!(got.verdict, Verdict::Block);
}

/// The engine drops C (nine persons) and blanks D's sum; put back by hand, the gate finds both.
#[tokio::test]
async fn what_the_engine_held_back_blocks() {
    let sql = "SELECT district, COUNT(*) AS n, SUM(amount) AS s FROM payments GROUP BY district ORDER BY district";
    let sealed = sealed_by_engine(sql).await;
    assert_eq!(sealed.rows(), 3, "A, B, D");
    let parts = sealed.open();
    let batch = arrow::compute::concat_batches(&parts.schema, &parts.batches).unwrap();
    assert_eq!(batch.column(2).null_count(), 1, "the dominated sum is blank");
    let forged = |district: [&str; 3], sums: [f64; 3]| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(district)),
            Arc::clone(batch.column(1)),
            Arc::new(Float64Array::from_iter_values(sums)),
        ];
        RecordBatch::try_new(Arc::clone(&parts.schema), columns).unwrap()
    };
    for (batch, check) in
        [(forged(["A", "B", "D"], [1.0; 3]), "dominance"), (forged(["A", "B", "C"], [1.0; 3]), "cells")]
    {
        let again = sealed_by_engine(sql).await.open();
        let got =
            assess(&Sealed::new(SealedParts { batches: vec![batch], ..again }), &GateParams::default(), Suite::Gm)
                .await;
        assert_eq!(got.check(check).unwrap().verdict, Verdict::Block, "{check}");
    }
}
