//! What is released on data: groups of too few subjects never appear, however many rows they have.

use serde_json::{Value, json};

use super::data::Folder;

fn sorted(mut rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    rows.sort_by_key(|row| serde_json::to_string(row).unwrap());
    rows
}

/// District A: 9 persons; B: 10; C: 40 (half of them women).
fn citizens(folder: &Folder) {
    let mut rows = Vec::new();
    for (district, persons) in [("A", 9), ("B", 10), ("C", 40)] {
        for n in 0..persons {
            let id = rows.len() + 1;
            let gender = if n % 2 == 0 { "F" } else { "M" };
            rows.push(format!("{id},{gender},{district},{}", id / 2));
        }
    }
    folder.table("citizens", "citizen_id,gender,district_code,household_id", rows);
    folder.table(
        "districts",
        "district_code,district_name,published_population",
        ["A", "B", "C"].map(|d| format!("{d},District {d},1000")),
    );
}

#[tokio::test]
async fn groups_below_the_threshold_never_appear() {
    let folder = Folder::new();
    citizens(&folder);
    let rows = sorted(folder.rows("SELECT district_code, COUNT(*) FROM citizens GROUP BY district_code").await);
    assert_eq!(rows, [vec![json!("B"), json!(10)], vec![json!("C"), json!(40)]]);
    assert_eq!(folder.rows("SELECT COUNT(*) FROM citizens").await, [vec![json!(59)]]);
    assert!(folder.rows("SELECT COUNT(*) FROM citizens WHERE district_code = 'A'").await.is_empty());
    assert!(folder.rows("SELECT COUNT(*) FROM citizens WHERE district_code = 'Z'").await.is_empty());
}

/// HAVING, ORDER BY, LIMIT, windows and outer queries see what was released, no more.
#[tokio::test]
async fn suppression_lies_below_everything_else() {
    let folder = Folder::new();
    citizens(&folder);
    let by = "SELECT district_code AS d, COUNT(*) AS n FROM citizens GROUP BY district_code";
    for sql in [
        format!("{by} HAVING COUNT(*) < 10"),
        format!("SELECT * FROM ({by}) t WHERE n = 9"),
        format!("SELECT 1 FROM ({by}) t WHERE d = 'A'"),
        format!("SELECT * FROM ({by}) t ORDER BY n LIMIT 1 OFFSET 2"),
    ] {
        assert!(folder.rows(&sql).await.is_empty(), "{sql}");
    }
    assert_eq!(folder.rows(&format!("SELECT SUM(n), COUNT(*) FROM ({by}) t")).await, [vec![json!(50), json!(2)]]);
    assert_eq!(folder.rows(&format!("{by} ORDER BY n LIMIT 1")).await, [vec![json!("B"), json!(10)]]);
    let ranked = folder.rows(&format!("SELECT d, RANK() OVER (ORDER BY n DESC) FROM ({by}) t ORDER BY 2")).await;
    assert_eq!(ranked, [vec![json!("C"), json!(1)], vec![json!("B"), json!(2)]]);
    let joined =
        format!("SELECT p.district_name, t.n FROM districts p LEFT JOIN ({by}) t ON p.district_code = t.d ORDER BY 1");
    let joined = folder.rows(&joined).await;
    assert_eq!(
        joined,
        [
            vec![json!("District A"), Value::Null],
            vec![json!("District B"), json!(10)],
            vec![json!("District C"), json!(40)]
        ]
    );
    assert_eq!(
        sorted(folder.rows("SELECT DISTINCT district_code FROM citizens").await),
        [vec![json!("B")], vec![json!("C")]]
    );
}

/// A total beside the groups: the lone suppressed district takes another one with it.
#[tokio::test]
async fn totals_do_not_give_suppressed_groups_away() {
    let folder = Folder::new();
    citizens(&folder);
    let sql = "SELECT district_code, COUNT(*) FROM citizens GROUP BY district_code UNION ALL SELECT 'all', COUNT(*) FROM citizens";
    let rows = sorted(folder.rows(sql).await);
    assert_eq!(rows, [vec![json!("C"), json!(40)], vec![json!("all"), json!(59)]]);
}

/// Parts beside the total of each district: a lone suppressed part takes another of the same district with it.
#[tokio::test]
async fn parts_do_not_give_each_other_away_under_their_total() {
    let folder = Folder::new();
    let mut rows = Vec::new();
    for (district, women, men) in [("A", 30, 5), ("B", 20, 20), ("C", 6, 7)] {
        for n in 0..women + men {
            rows.push(format!("{},{},{district}", rows.len() + 1, if n < women { "F" } else { "M" }));
        }
    }
    folder.table("citizens", "citizen_id,gender,district_code", rows);
    let parts = "SELECT district_code AS d, gender AS g, COUNT(*) AS n FROM citizens GROUP BY 1, 2";
    let totals = "SELECT district_code AS d, COUNT(*) AS n FROM citizens GROUP BY 1";
    let sql = format!("SELECT b.d, b.n, a.g, a.n FROM ({totals}) b LEFT JOIN ({parts}) a ON a.d = b.d");
    let rows = sorted(folder.rows(&sql).await);
    let none = [Value::Null, Value::Null];
    let row = |d: &str, n: i64, part: [Value; 2]| [vec![json!(d), json!(n)], part.to_vec()].concat();
    let wanted = [
        row("B", 40, [json!("F"), json!(20)]),
        row("B", 40, [json!("M"), json!(20)]),
        row("A", 35, none.clone()),
        row("C", 13, none),
    ];
    assert_eq!(rows, sorted(wanted.to_vec()));
    // Alone the same parts lose only what is too small.
    assert_eq!(folder.rows(parts).await.len(), 3);
}

/// Hospital H1: 9 persons with 12 visits each; H2: 10 persons with one visit each.
fn visits(folder: &Folder) {
    let mut rows = Vec::new();
    for person in 1..=9 {
        rows.extend((0..12).map(|_| format!("{},{person},H1,D1,2024-03-05,J,150,true", person * 100)));
    }
    rows.extend((50..60).map(|person| format!("{},{person},H2,D1,2024-03-05,J,250,false", person * 100)));
    folder.table(
        "visits",
        "visit_id,citizen_id,hospital_code,dept_code,visit_date,icd_chapter,total_fee,is_inpatient",
        rows,
    );
}

#[tokio::test]
async fn subjects_are_counted_not_rows() {
    let folder = Folder::new();
    visits(&folder);
    let rows = folder.rows("SELECT hospital_code, COUNT(*), AVG(total_fee) FROM visits GROUP BY hospital_code").await;
    assert_eq!(rows, [vec![json!("H2"), json!(10), json!(250.0)]]);
}

/// Joins that multiply rows, and per-subject groupings, do not multiply subjects.
#[tokio::test]
async fn fan_out_does_not_inflate() {
    let folder = Folder::new();
    visits(&folder);
    folder.table(
        "citizens",
        "citizen_id,gender,district_code",
        (1..=60).map(|id| format!("{id},F,{}", if id < 10 { "A" } else { "B" })),
    );
    folder.table(
        "stops",
        "stop_id,district_code",
        (0..50).map(|n| format!("S{n},{}", if n % 2 == 0 { "A" } else { "B" })),
    );
    let fanned =
        "SELECT c.district_code, COUNT(*) FROM citizens c JOIN stops s ON c.district_code = s.district_code GROUP BY 1";
    assert_eq!(folder.rows(fanned).await, [vec![json!("B"), json!(51 * 25)]]);
    let itself =
        "SELECT a.hospital_code, COUNT(*) FROM visits a JOIN visits b ON a.citizen_id = b.citizen_id GROUP BY 1";
    assert_eq!(folder.rows(itself).await, [vec![json!("H2"), json!(10)]]);
    let per_person =
        "SELECT n, COUNT(*) FROM (SELECT citizen_id, COUNT(*) AS n FROM visits GROUP BY citizen_id) t GROUP BY n";
    assert_eq!(folder.rows(per_person).await, [vec![json!(1), json!(10)]]);
    let left = "SELECT c.district_code, COUNT(v.visit_id) FROM citizens c LEFT JOIN visits v ON c.citizen_id = v.citizen_id GROUP BY 1";
    assert_eq!(folder.rows(left).await, [vec![json!("B"), json!(10)]]);
    let semi =
        "SELECT district_code, COUNT(*) FROM citizens WHERE citizen_id IN (SELECT citizen_id FROM visits) GROUP BY 1";
    assert_eq!(folder.rows(semi).await, [vec![json!("B"), json!(10)]]);
    let first = "SELECT hospital_code, COUNT(*) FROM (SELECT hospital_code, ROW_NUMBER() OVER (PARTITION BY citizen_id ORDER BY visit_date) AS rn FROM visits) t WHERE rn = 1 GROUP BY 1";
    assert_eq!(folder.rows(first).await, [vec![json!("H2"), json!(10)]]);
}

/// A household of a group of households hides as many people as it has.
#[tokio::test]
async fn groups_of_households_count_their_people() {
    let folder = Folder::new();
    // Nine households of one, four households of three.
    let singles = (1..=9).map(|id| format!("{id},{id}"));
    let triples = (12..24).map(|id| format!("{id},{}", 100 + id / 3));
    folder.table("citizens", "citizen_id,household_id", singles.chain(triples));
    let sql = "SELECT size, COUNT(*) FROM (SELECT household_id, COUNT(*) AS size FROM citizens GROUP BY household_id) h GROUP BY size";
    let rows = folder.rows(sql).await;
    assert!(rows.iter().all(|row| row[0] != json!(1)), "{rows:?}");
    assert!(rows.iter().any(|row| row[0] == json!(3)), "{rows:?}");
}

/// Conditional aggregates: condition and remainder both need ten persons, else the cell is blank.
#[tokio::test]
async fn conditions_are_counted_too() {
    let folder = Folder::new();
    let mut rows = Vec::new();
    for (dept, inpatients, others) in [("A", 9, 30), ("B", 10, 30), ("C", 30, 9), ("D", 20, 0)] {
        for n in 0..inpatients + others {
            let id = rows.len() + 1;
            rows.push(format!("{id},{id},{dept},{},100", n < inpatients));
        }
    }
    folder.table("visits", "visit_id,citizen_id,dept_code,is_inpatient,total_fee", rows);
    for aggregate in [
        "COUNT(*) FILTER (WHERE is_inpatient)",
        "SUM(CASE WHEN is_inpatient THEN 1 ELSE 0 END)",
        "COUNT(CASE WHEN is_inpatient THEN visit_id END)",
        "SUM(CAST(is_inpatient AS INT))",
    ] {
        let rows = sorted(
            folder.rows(&format!("SELECT dept_code, COUNT(*), {aggregate} FROM visits GROUP BY dept_code")).await,
        );
        let wanted = [
            vec![json!("A"), json!(39), Value::Null],
            vec![json!("B"), json!(40), json!(10)],
            vec![json!("C"), json!(39), Value::Null],
            vec![json!("D"), json!(20), Value::Null],
        ];
        assert_eq!(rows, wanted, "{aggregate}");
    }
    let hidden = "SELECT dept_code, SUM(x) FROM (SELECT dept_code, CASE WHEN is_inpatient THEN total_fee ELSE 0 END AS x FROM visits) t GROUP BY dept_code";
    let rows = sorted(folder.rows(hidden).await);
    assert_eq!(rows[0], [json!("A"), Value::Null]);
    assert_eq!(rows[1], [json!("B"), json!(1000.0)]);
}

/// Padding a group with people who contribute nothing does not show the one who does.
#[tokio::test]
async fn stuffing_does_not_help() {
    let folder = Folder::new();
    let rows = (1..=30).map(|id| format!("{id},{id},A,{}", if id == 1 { 98765.0 } else { 0.0 }));
    folder.table("visits", "visit_id,citizen_id,dept_code,total_fee", rows);
    let rows =
        folder.rows("SELECT dept_code, COUNT(*), SUM(total_fee), AVG(total_fee) FROM visits GROUP BY dept_code").await;
    assert_eq!(rows, [vec![json!("A"), json!(30), Value::Null, Value::Null]]);
}

/// Sensitive fields need twenty, and groups of one value are suppressed.
#[tokio::test]
async fn sensitive_fields_need_more() {
    let folder = Folder::new();
    let mut rows = Vec::new();
    for (code, chapter, persons) in [("J45", "J", 19), ("I10", "I", 20), ("E11", "E", 25)] {
        for _ in 0..persons {
            let id = rows.len() + 1;
            rows.push(format!("{id},{id},{code},{chapter},{},2024-01-05", if chapter == "E" { "H9" } else { "H1" }));
        }
    }
    folder.table("visits", "visit_id,citizen_id,icd_code,icd_chapter,hospital_code,visit_date", rows);
    let rows = sorted(folder.rows("SELECT icd_code, COUNT(*) FROM visits GROUP BY icd_code").await);
    assert_eq!(rows, [vec![json!("E11"), json!(25)], vec![json!("I10"), json!(20)]]);
    let rows = sorted(folder.rows("SELECT hospital_code, icd_chapter, COUNT(*) FROM visits GROUP BY 1, 2").await);
    assert_eq!(rows, [vec![json!("H1"), json!("I"), json!(20)], vec![json!("H1"), json!("J"), json!(19)]]);
}

/// Enterprises: five of them, none with more than 70 % of a sum.
#[tokio::test]
async fn dominated_sums_are_blank() {
    let folder = Folder::new();
    let mut rows = Vec::new();
    for (industry, amounts) in
        [("A", vec![800.0, 50.0, 50.0, 50.0, 50.0]), ("B", vec![100.0; 5]), ("C", vec![100.0; 4])]
    {
        for amount in amounts {
            let id = rows.len() + 1;
            rows.push(format!("{id},Firm {id},{industry},{amount},1"));
        }
    }
    folder.table("enterprises", "ent_id,ent_name,industry_code,tax_amount,reg_capital", rows);
    let rows = sorted(
        folder.rows("SELECT industry_code, COUNT(*), SUM(tax_amount) FROM enterprises GROUP BY industry_code").await,
    );
    assert_eq!(rows, [vec![json!("A"), json!(5), Value::Null], vec![json!("B"), json!(5), json!(500.0)]]);
    // Public columns alone need no protection.
    let rows = sorted(folder.rows("SELECT industry_code, COUNT(*) FROM enterprises GROUP BY industry_code").await);
    assert_eq!(rows.len(), 3);
}

/// A trip without a citizen counts by its card.
#[tokio::test]
async fn the_other_key_stands_in() {
    let folder = Folder::new();
    let known = (0..6).map(|n| format!("{n},K{n},{n},L1,3"));
    let cards = (6..10).map(|n| format!("{n},K{n},,L1,3"));
    let nobody = (10..40).map(|n| format!("{n},,,L2,3"));
    folder.table("trips", "trip_id,card_token,citizen_id,line_no,fare", known.chain(cards).chain(nobody));
    let rows = folder.rows("SELECT line_no, COUNT(*) FROM trips GROUP BY line_no").await;
    assert_eq!(rows, [vec![json!("L1"), json!(10)]]);
}

/// Quantiles are rounded to the grid, sums of clamped measures stay within their bounds.
#[tokio::test]
async fn measures_are_rounded_and_clamped() {
    let folder = Folder::new();
    folder.table(
        "visits",
        "visit_id,citizen_id,dept_code,total_fee",
        (1..=21).map(|id| format!("{id},{id},A,{}", 1000 + id * 7)),
    );
    let rows = folder.rows("SELECT dept_code, MEDIAN(total_fee) FROM visits GROUP BY dept_code").await;
    assert_eq!(rows, [vec![json!("A"), json!(1100.0)]]);
    let amounts = (1..=10).map(|id| format!("{id},{id},{id},pension,{}", if id == 1 { 1_000_000 } else { 1000 }));
    folder.table("si_payments", "payment_id,citizen_id,ent_id,insurance_type,base_amount", amounts);
    let rows = folder.rows("SELECT insurance_type, COUNT(*), AVG(base_amount) FROM si_payments GROUP BY 1").await;
    assert_eq!(rows[0][1], json!(10));
    // 50000 of 59000 is more than 70 %: blank, though clamped.
    assert_eq!(rows[0][2], Value::Null);
}

/// Errors of accepted queries say nothing about values.
#[tokio::test]
async fn bad_files_are_reported_without_values() {
    let folder = Folder::new();
    folder.table("citizens", "citizen_id,gender", ["7SECRET7,F".to_owned()]);
    let error = crate::engine::local::run_command(
        folder.path(),
        "statistical-product",
        folder.path(),
        "SELECT COUNT(*) FROM citizens",
    )
    .await;
    let text = error.err().unwrap().to_string();
    assert!(text.contains("citizens.csv") && !text.contains("SECRET"), "{text}");
    let missing = crate::engine::local::run_command(folder.path(), "nothing", folder.path(), "SELECT 1").await;
    assert!(missing.is_err());
    let outside =
        crate::engine::local::run_command(folder.path(), "../statistical-product", folder.path(), "SELECT 1").await;
    assert!(outside.is_err());
}

/// Subtotals: a suppressed cell cannot be had by subtracting the others from a subtotal.
#[tokio::test]
async fn subtotals_do_not_give_cells_away() {
    let folder = Folder::new();
    let mut rows = Vec::new();
    for (district, gender, persons) in
        [("A", "F", 4), ("A", "M", 30), ("B", "F", 25), ("B", "M", 40), ("C", "F", 50), ("C", "M", 60)]
    {
        for _ in 0..persons {
            rows.push(format!("{},{gender},{district}", rows.len() + 1));
        }
    }
    folder.table("citizens", "citizen_id,gender,district_code", rows);
    let sql = "SELECT district_code, gender, COUNT(*) FROM citizens GROUP BY CUBE(district_code, gender)";
    let rows = folder.rows(sql).await;
    let n = |district: Option<&str>, gender: Option<&str>| {
        let row = rows.iter().find(|row| row[0] == json!(district) && row[1] == json!(gender));
        row.map(|row| row[2].as_i64().unwrap())
    };
    assert_eq!(n(Some("A"), Some("F")), None);
    assert_eq!(n(None, None), Some(209));
    // Every line and column through a suppressed cell has another suppressed one, or no total.
    for district in ["A", "B", "C"] {
        let hidden = ["F", "M"].iter().filter(|gender| n(Some(district), Some(gender)).is_none()).count();
        assert!(hidden != 1 || n(Some(district), None).is_none(), "{rows:?}");
    }
    for gender in ["F", "M"] {
        let hidden = ["A", "B", "C"].iter().filter(|district| n(Some(district), Some(gender)).is_none()).count();
        assert!(hidden != 1 || n(None, Some(gender)).is_none(), "{rows:?}");
    }
    assert!(rows.len() >= 8, "{rows:?}");
}

/// Two cells of one row that differ by one person are both blank.
#[tokio::test]
async fn cells_of_a_row_do_not_differ_by_a_few() {
    let folder = Folder::new();
    // 20 cheap visits, one of middle price, 20 dear ones.
    let fee = |id: i32| {
        if id <= 20 {
            100
        } else if id == 21 {
            5000
        } else {
            9000
        }
    };
    folder.table(
        "visits",
        "visit_id,citizen_id,dept_code,total_fee",
        (1..=41).map(|id| format!("{id},{id},A,{}", fee(id))),
    );
    let sql = "SELECT COUNT(*) FILTER (WHERE total_fee < 1000), COUNT(*) FILTER (WHERE total_fee < 6000) FROM visits";
    assert_eq!(folder.rows(sql).await, [vec![Value::Null, Value::Null]]);
    let sql = "SELECT COUNT(*) FILTER (WHERE total_fee < 1000), COUNT(*) FILTER (WHERE total_fee >= 1000) FROM visits";
    assert_eq!(folder.rows(sql).await, [vec![json!(20), json!(21)]]);
    // The one in the middle follows from the total.
    let sql = "SELECT COUNT(*), COUNT(*) FILTER (WHERE total_fee < 1000), COUNT(*) FILTER (WHERE total_fee >= 6000) FROM visits";
    assert_eq!(folder.rows(sql).await, [vec![json!(41), Value::Null, Value::Null]]);
}

/// The exit gate counts again with its own code and finds what the engine released in order.
#[tokio::test]
async fn the_gate_agrees_with_the_engine() {
    use crate::engine::{EngineEnv, Limits, clear, local, run};
    let folder = Folder::new();
    citizens(&folder);
    visits(&folder);
    for sql in [
        "SELECT district_code, COUNT(*) AS n FROM citizens GROUP BY district_code",
        "SELECT c.district_code, COUNT(*) AS n, AVG(v.total_fee) AS fee FROM citizens c JOIN visits v ON c.citizen_id = v.citizen_id GROUP BY 1",
        "SELECT n, COUNT(*) AS persons FROM (SELECT citizen_id, COUNT(*) AS n FROM visits GROUP BY citizen_id) t GROUP BY n",
    ] {
        let sources = local::sources(folder.path(), folder.path(), &["citizens", "visits"]).unwrap();
        let env = EngineEnv { sources, purpose: super::schema::purpose(), limits: Limits::default() };
        let sealed = run(clear(&env, sql).unwrap()).await.unwrap();
        let report = crate::gate::assess(&sealed, &crate::gate::GateParams::default(), crypto::Suite::Gm).await;
        let blocked =
            report.checks.iter().filter(|check| check.verdict == crate::gate::Verdict::Block).collect::<Vec<_>>();
        assert!(blocked.is_empty(), "{sql}: {blocked:?}");
    }
}
