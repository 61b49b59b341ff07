//! The gate against artefacts that the engine did not suppress, and against every way to open the seal without leave.

use super::*;
use arrow::array::{ArrayRef, FixedSizeBinaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionContext, col, lit};
use serde_json::Value;
use std::sync::Arc;

mod seal;

/// One raw row: district, payment type, person, firm, amount.
type Raw = (&'static str, &'static str, u32, u32, f64);

fn token(kind: u8, n: u32) -> [u8; 16] {
    let mut out = [kind; 16];
    out[4..8].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
    out
}

fn raw_batch(rows: &[Raw]) -> RecordBatch {
    let tokens = |kind, pick: fn(&Raw) -> u32| {
        let bytes = rows.iter().map(|r| token(kind, pick(r)));
        Arc::new(FixedSizeBinaryArray::try_from_iter(bytes).unwrap()) as ArrayRef
    };
    RecordBatch::try_from_iter(vec![
        ("district", Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))) as ArrayRef),
        ("type", Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.1)))),
        ("amount", Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.4)))),
        ("__subject_person", tokens(1, |r| r.2)),
        ("__subject_enterprise", tokens(2, |r| r.3)),
    ])
    .unwrap()
}

/// `n` persons of a district, `times` rows each, at `firms` firms, each row with an amount of 100.
fn persons(district: &'static str, from: u32, n: u32, times: u32, firms: u32) -> Vec<Raw> {
    (0..n)
        .flat_map(|p| {
            (0..times).map(move |t| (district, if t % 2 == 0 { "a" } else { "b" }, from + p, (from + p) % firms, 100.0))
        })
        .collect()
}

async fn point(rows: &[Raw], kinds: &[&str], measures: Vec<Measure>) -> (ReleasePoint, SessionContext) {
    let context = SessionContext::new();
    let batch = raw_batch(rows);
    let half = batch.num_rows() / 2;
    let parts = vec![vec![batch.slice(0, half)], vec![batch.slice(half, batch.num_rows() - half)]];
    context.register_table("raw", Arc::new(MemTable::try_new(batch.schema(), parts).unwrap())).unwrap();
    let input = context.table("raw").await.unwrap().into_unoptimized_plan();
    let subjects =
        kinds.iter().map(|k| SubjectCount { kind: (*k).into(), token: col(format!("__subject_{k}")), k: 1 }).collect();
    (ReleasePoint { input, group: vec![col("district")], subjects, measures, keys_in_output: vec![Some(0)] }, context)
}

fn answer(rows: &[(Option<&str>, Option<i64>)]) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(vec![
        ("district", Arc::new(StringArray::from_iter(rows.iter().map(|r| r.0))) as ArrayRef, true),
        ("n", Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.1))), true),
    ])
    .unwrap()
}

fn sealed(batch: &RecordBatch, points: Vec<ReleasePoint>, context: &SessionContext) -> Sealed {
    let origins = vec![
        ColumnOrigin { quasi: true, ..ColumnOrigin::default() },
        ColumnOrigin { aggregate: true, ..ColumnOrigin::default() },
    ];
    Sealed::new(SealedParts {
        schema: batch.schema(),
        batches: vec![batch.clone()],
        lineage: Value::Null,
        nature: Nature::Aggregate,
        origins,
        points,
        session: Some(context.state()),
    })
}

fn sum() -> Measure {
    Measure { output: Some(1), kind: MeasureKind::Sum, value: Some(col("amount")), filter: None }
}

async fn report(rows: &[Raw], kinds: &[&str], measures: Vec<Measure>, batch: &RecordBatch) -> GateReport {
    let (point, context) = point(rows, kinds, measures).await;
    assess(&sealed(batch, vec![point], &context), &GateParams::default(), Suite::Gm).await
}

#[tokio::test]
async fn counts_persons_not_rows() {
    for (n, want) in [(9, Verdict::Block), (10, Verdict::Pass)] {
        let mut rows = persons("东区", 0, 50, 1, 9);
        rows.extend(persons("西区", 100, n, 30, 9));
        let got =
            report(&rows, &["person"], vec![], &answer(&[(Some("东区"), Some(50)), (Some("西区"), Some(300))])).await;
        let cells = got.check("cells").unwrap();
        assert_eq!(cells.verdict, want, "{n} persons with 30 rows each");
        assert_eq!(cells.worst["smallest"]["person"], n);
        assert_eq!(got.verdict, want);
    }
}

#[tokio::test]
async fn every_kind_is_counted() {
    let rows = persons("东区", 0, 50, 1, 4);
    let answer = answer(&[(Some("东区"), Some(50))]);
    assert_eq!(report(&rows, &["person"], vec![], &answer).await.verdict, Verdict::Pass);
    assert_eq!(report(&rows, &["person", "enterprise"], vec![], &answer).await.verdict, Verdict::Block, "four firms");
}

#[tokio::test]
async fn a_row_without_its_group_blocks() {
    let rows = persons("东区", 0, 50, 1, 9);
    for (batch, blocked) in [
        (answer(&[(Some("北区"), Some(50))]), true),
        (answer(&[(None, Some(50))]), true),
        (answer(&[(Some("东区"), Some(50))]), false),
    ] {
        let got = report(&rows, &["person"], vec![], &batch).await;
        assert_eq!(got.verdict == Verdict::Block, blocked);
        assert_eq!(got.check("cells").unwrap().worst["rows_without_group"], u64::from(blocked));
    }
}

#[tokio::test]
async fn what_cannot_be_recounted_blocks() {
    let rows = persons("东区", 0, 50, 1, 9);
    let batch = answer(&[(Some("东区"), Some(50))]);
    let (point, context) = point(&rows, &["person"], vec![]).await;
    let without_subject = ReleasePoint { subjects: vec![], ..point.clone() };
    let wrong_token = ReleasePoint {
        subjects: vec![SubjectCount { kind: "person".into(), token: col("amount"), k: 1 }],
        ..point.clone()
    };
    let wrong_key = ReleasePoint { keys_in_output: vec![Some(7)], ..point.clone() };
    let no_plan = ReleasePoint { group: vec![col("nowhere")], ..point.clone() };
    for points in [vec![], vec![without_subject], vec![wrong_token], vec![wrong_key], vec![no_plan]] {
        let got = assess(&sealed(&batch, points, &context), &GateParams::default(), Suite::Gm).await;
        assert_eq!(got.verdict, Verdict::Block);
    }
    let reopened = Sealed::reopened(batch.schema(), vec![batch], Value::Null);
    assert_eq!(
        assess(&reopened, &GateParams::default(), Suite::Gm).await.verdict,
        Verdict::Block,
        "a file read back cannot be assessed"
    );
}

#[tokio::test]
async fn a_hidden_key_cannot_hide_a_small_group() {
    let mut rows = persons("东区", 0, 50, 1, 9);
    rows.push(("东区", "c", 999, 3, 100.0));
    let (mut point, context) = point(&rows, &["person"], vec![]).await;
    point.group = vec![col("district"), col("type")];
    point.keys_in_output = vec![Some(0), None];
    let got =
        assess(&sealed(&answer(&[(Some("东区"), Some(1))]), vec![point], &context), &GateParams::default(), Suite::Gm)
            .await;
    assert_eq!(got.verdict, Verdict::Block);
}

#[tokio::test]
async fn no_grouping_is_one_group() {
    for (n, want) in [(9, Verdict::Block), (10, Verdict::Pass)] {
        let (mut point, context) = point(&persons("东区", 0, n, 3, 9), &["person"], vec![]).await;
        (point.group, point.keys_in_output) = (vec![], vec![]);
        let batch = RecordBatch::try_from_iter(vec![("n", Arc::new(Int64Array::from(vec![27])) as ArrayRef)]).unwrap();
        assert_eq!(
            assess(&sealed(&batch, vec![point], &context), &GateParams::default(), Suite::Gm).await.verdict,
            want
        );
    }
}

#[tokio::test]
async fn dominated_sums_block() {
    let even: Vec<Raw> = persons("东区", 0, 50, 1, 9);
    let batch = answer(&[(Some("东区"), Some(5000))]);
    assert_eq!(report(&even, &["enterprise"], vec![sum()], &batch).await.verdict, Verdict::Pass);
    let mut one = even.clone();
    one.push(("东区", "a", 7, 3, 20_000.0));
    let got = report(&one, &["enterprise"], vec![sum()], &batch).await;
    assert_eq!(got.check("cells").unwrap().verdict, Verdict::Pass);
    assert_eq!(got.check("dominance").unwrap().verdict, Verdict::Block);
    let mut negative = even.clone();
    negative.push(("东区", "a", 7, 3, -1.0));
    assert_eq!(
        report(&negative, &["enterprise"], vec![sum()], &batch).await.check("dominance").unwrap().verdict,
        Verdict::Review
    );
}

#[tokio::test]
async fn zeros_do_not_hide_a_contributor() {
    let mut rows: Vec<Raw> = persons("东区", 0, 50, 1, 9).into_iter().map(|r| (r.0, r.1, r.2, r.3, 0.0)).collect();
    rows.extend(persons("东区", 200, 9, 1, 9));
    let got = report(&rows, &["person"], vec![sum()], &answer(&[(Some("东区"), Some(900))])).await;
    assert_eq!(got.check("cells").unwrap().verdict, Verdict::Block, "nine of 59 make the sum");
    let median = Measure { kind: MeasureKind::Other, ..sum() };
    let got = report(&rows, &["person"], vec![median], &answer(&[(Some("东区"), Some(0))])).await;
    assert_eq!(got.check("cells").unwrap().verdict, Verdict::Pass, "a zero is a value to a median");
}

#[tokio::test]
async fn conditions_and_their_remainders_are_counted() {
    let filtered = |value: &str| Measure {
        output: Some(1),
        kind: MeasureKind::Count,
        value: None,
        filter: Some(col("type").eq(lit(value))),
    };
    for (a, b, want) in [
        (30, 9, Verdict::Block),
        (9, 30, Verdict::Block),
        (30, 30, Verdict::Pass),
        (30, 0, Verdict::Review),
        (0, 30, Verdict::Review),
    ] {
        let mut rows = persons("东区", 0, a, 1, 9);
        rows.extend(persons("东区", 500, b, 1, 9).into_iter().map(|r| (r.0, "b", r.2, r.3, r.4)));
        let got = report(&rows, &["person"], vec![filtered("a")], &answer(&[(Some("东区"), Some(30))])).await;
        assert_eq!(got.check("cells").unwrap().verdict, want, "{a} with, {b} without");
    }
    let mut rows = persons("东区", 0, 30, 1, 9);
    rows.extend(persons("东区", 500, 3, 1, 9).into_iter().map(|r| (r.0, "b", r.2, r.3, r.4)));
    let got = report(&rows, &["person"], vec![filtered("a")], &answer(&[(Some("东区"), None)])).await;
    assert_eq!(got.check("cells").unwrap().verdict, Verdict::Pass, "the cell is suppressed");
}

#[tokio::test]
async fn identifiers_in_a_key_block() {
    let rows = persons("11010519491231002X", 0, 50, 1, 9);
    let got = report(&rows, &["person"], vec![], &answer(&[(Some("11010519491231002X"), Some(50))])).await;
    assert_eq!(got.check("identifiers").unwrap().verdict, Verdict::Block);
    assert!(!serde_json::to_string(&got).unwrap().contains("11010519491231002X"));
}

#[tokio::test]
async fn public_must_be_public_in_every_column() {
    let batch = answer(&[(Some("东区"), Some(5))]);
    let context = SessionContext::new();
    let make = |public: bool| {
        let mut parts = sealed(&batch, vec![], &context).open();
        parts.nature = Nature::Public;
        parts.origins = vec![
            ColumnOrigin { public: true, ..ColumnOrigin::default() },
            ColumnOrigin { public, ..ColumnOrigin::default() },
        ];
        Sealed::new(parts)
    };
    assert_eq!(assess(&make(true), &GateParams::default(), Suite::Gm).await.verdict, Verdict::Pass);
    assert_eq!(assess(&make(false), &GateParams::default(), Suite::Gm).await.verdict, Verdict::Block);
}

#[tokio::test]
async fn rows_need_classes() {
    for (n, want) in [(4, Verdict::Block), (5, Verdict::Pass)] {
        let mut values: Vec<(Option<&str>, Option<i64>)> = vec![(Some("东区"), Some(1)); 20];
        values.extend(vec![(Some("西区"), Some(1)); n]);
        let mut parts = sealed(&answer(&values), vec![], &SessionContext::new()).open();
        parts.nature = Nature::Rows;
        let got = assess(&Sealed::new(parts), &GateParams::default(), Suite::Gm).await;
        assert_eq!(got.check("microdata").unwrap().verdict, want);
        assert_eq!(got.check("microdata").unwrap().worst["k"], n);
    }
}

#[tokio::test]
async fn a_rerun_gives_the_same_digest() {
    let mut rows = persons("东区", 0, 50, 2, 9);
    rows.extend(persons("西区", 100, 12, 3, 7).into_iter().map(|r| (r.0, r.1, r.2, r.3, 0.1 + f64::from(r.2))));
    let batch = answer(&[(Some("东区"), Some(50)), (Some("西区"), Some(36))]);
    let first = report(&rows, &["person", "enterprise"], vec![sum()], &batch).await;
    rows.reverse();
    let turned = answer(&[(Some("西区"), Some(36)), (Some("东区"), Some(50))]);
    let second = report(&rows, &["person", "enterprise"], vec![sum()], &turned).await;
    assert_eq!(first.digest(Suite::Gm).unwrap(), second.digest(Suite::Gm).unwrap());
    let text = crypto::canonical(&first).unwrap();
    assert_eq!(crypto::from_canonical::<GateReport>(&text).unwrap(), first);
}

#[tokio::test]
async fn a_sensitive_field_asks_for_more() {
    for (n, want) in [(19, Verdict::Block), (20, Verdict::Pass)] {
        let (point, context) = point(&persons("东区", 0, n, 1, 9), &["person"], vec![]).await;
        let mut parts = sealed(&answer(&[(Some("东区"), Some(19))]), vec![point], &context).open();
        parts.origins[0].sensitive = true;
        let got = assess(&Sealed::new(parts), &GateParams::default(), Suite::Gm).await;
        assert_eq!(got.verdict, want, "{n} persons");
    }
}
