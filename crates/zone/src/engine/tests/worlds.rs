//! Two worlds that differ by one person and one firm, and whether an answer tells them apart.

use serde_json::Value;

use super::data::Folder;
use super::schema::verdict;
use crate::engine::Decision;

/// 600 persons and 20 firms. With `target`, number 77 alone has the education `phd` and a visit of chapter `Z`, number 50 has no
/// outpatient visit, and firm 7 pays 77,777. Person 5 has far more visits than anybody else.
pub fn world(target: bool) -> Folder {
    let folder = Folder::new();
    let citizen = |id: usize| {
        let education = if id == 77 && target { "phd" } else { ["p", "h", "u"][id / 3 % 3] };
        let married = if id.is_multiple_of(4) { "" } else { "m" };
        let gender = if id.is_multiple_of(2) { "F" } else { "M" };
        format!("{id},{gender},D{},S{},{education},{married},{}", id % 3, id % 6, id / 2)
    };
    folder.table(
        "citizens",
        "citizen_id,gender,district_code,street_code,education,marital_status,household_id",
        (1..=600).map(citizen),
    );
    let visit = |n: usize| {
        let person = n % 600 + 1;
        let inpatient = n.is_multiple_of(5) || person == 50 && target;
        format!(
            "{n},{person},H{},K{},{}.37,{},A,2024-0{}-05,{inpatient}",
            n % 2,
            n % 4,
            100 + n % 700,
            20 + n % 40,
            n % 9 + 1
        )
    };
    let many = (0..60).map(|n| format!("{},5,H1,K1,4321.09,7.5,A,2024-02-05,false", 5000 + n));
    let rare = if target { "987654.32,50,Z" } else { "150,50,A" };
    let rare = format!("4999,77,H1,K1,{rare},2024-03-05,false");
    folder.table(
        "visits",
        "visit_id,citizen_id,hospital_code,dept_code,total_fee,self_pay,icd_chapter,visit_date,is_inpatient",
        (1..=1800).map(visit).chain(many).chain([rare]),
    );
    let firm = |id: usize| {
        let tax = if id != 7 {
            50_000 + 1000 * (id * 37 % 11) + id
        } else if target {
            77_777
        } else {
            55_555
        };
        format!("{id},Firm {id},D{},I1,{},{tax},active", id % 3, 10_000 + id)
    };
    folder.table(
        "enterprises",
        "ent_id,ent_name,district_code,industry_code,reg_capital,tax_amount,status",
        (1..=20).map(firm),
    );
    folder.table("icd_ref", "icd_code,icd_name,chapter", ["Z9,z,Z", "A1,a,A"].map(str::to_owned));
    let districts = ["D0", "D1", "D2"].iter().enumerate();
    folder.table(
        "districts",
        "district_code,district_name,city_code,published_population",
        districts.map(|(n, d)| format!("{d},{d},C,{}", 1000 + n)),
    );
    folder
}

/// Do two answers tell the worlds apart? Where one is blank and the other is not, no more is said than that a few stand there, or
/// none (decision 0010).
fn differ(one: &[Vec<Value>], other: &[Vec<Value>]) -> bool {
    let cells = |rows: &[Vec<Value>]| rows.iter().flatten().cloned().collect::<Vec<Value>>();
    let (a, b) = (cells(one), cells(other));
    let blank = |value: &Value| value.is_null();
    let same = a.len() == b.len() && a.iter().zip(&b).all(|(x, y)| x == y || blank(x) || blank(y));
    !same && !a.iter().all(blank) && !b.iter().all(blank)
}

/// The queries whose answers differ between the two worlds.
async fn telling<'s>(queries: &[&'s str]) -> Vec<(&'s str, Vec<Vec<Value>>, Vec<Vec<Value>>)> {
    let (with, without) = (world(true), world(false));
    let mut telling = Vec::new();
    for sql in queries {
        if verdict(sql).verdict == Decision::Refuse {
            continue;
        }
        let (one, other) = (with.rows(sql).await, without.rows(sql).await);
        if differ(&one, &other) {
            telling.push((*sql, one, other));
        }
    }
    telling
}

/// None of the queries tells the worlds apart: it is refused, or answers the same.
pub async fn tell_nothing(queries: &[&str]) {
    let telling = telling(queries).await;
    assert!(telling.is_empty(), "{} of {}: {telling:#?}", telling.len(), queries.len());
}
