//! Contracts and purpose of the reference schema.

use crate::contract::Contract;
use crate::engine::{Verdict, check};
use crate::purpose::Purpose;

/// Tables: name, subjects, fields as `name type class[ property=value]…`.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "districts",
        "",
        "district_code string PUB; district_name string PUB; city_code string PUB; published_population integer PUB",
    ),
    ("industries", "", "industry_code string PUB; industry_name string PUB; section string PUB"),
    ("icd_ref", "", "icd_code string PUB; icd_name string PUB; chapter string PUB"),
    ("stops", "", "stop_id string PUB; stop_name string PUB; district_code string PUB; lat number PUB; lon number PUB"),
    (
        "citizens",
        "{kind: person, key: citizen_id}",
        "citizen_id integer KEY yunyuDomain=person; id_no string LOCK; full_name string LOCK; gender string DIM; \
         birth_date date TIME yunyuGrid=year; district_code string DIM; street_code string DIM yunyuDerive=[\"left:6\"]; \
         household_id integer KEY yunyuDomain=household; hukou_type string DIM; marital_status string DIM; education string DIM; \
         phone string LOCK; home_address string LOCK",
    ),
    (
        "visits",
        "{kind: person, key: citizen_id}",
        "visit_id integer RID; citizen_id integer KEY yunyuDomain=person; hospital_code string DIM; dept_code string DIM; \
         visit_date date TIME yunyuGrid=month; icd_code string SEN yunyuK=20 yunyuNotWith=[street_code,hospital_code,dept_code]; \
         icd_chapter string DIM yunyuHomogeneity=suppress; total_fee number MEA yunyuGrid=100; self_pay number MEA yunyuGrid=100; \
         is_inpatient boolean DIM; doctor_id integer KEY yunyuDomain=person; notes string LOCK",
    ),
    (
        "enterprises",
        "{kind: enterprise, key: ent_id, when: measure}",
        "ent_id integer KEY yunyuDomain=enterprise; uscc string PUB; ent_name string PUB; district_code string PUB; \
         industry_code string PUB; reg_capital number PUB; established_on date PUB; status string PUB; \
         legal_rep_id integer KEY yunyuDomain=person; employee_count integer MEA yunyuGrid=10; tax_amount number MEA yunyuGrid=10000; \
         contact_phone string LOCK",
    ),
    (
        "si_payments",
        "{kind: person, key: citizen_id}, {kind: enterprise, key: ent_id}",
        "payment_id integer RID; citizen_id integer KEY yunyuDomain=person; ent_id integer KEY yunyuDomain=enterprise; \
         pay_month string DIM; insurance_type string DIM; base_amount number MEA yunyuGrid=500 yunyuClamp=[0,50000]; \
         personal_amount number MEA yunyuGrid=100; employer_amount number MEA yunyuGrid=100; in_arrears boolean DIM",
    ),
    (
        "trips",
        "{kind: person, key: citizen_id, else: card_token}",
        "trip_id integer RID; card_token string KEY yunyuDomain=card; citizen_id integer KEY yunyuDomain=person; board_stop string DIM; \
         alight_stop string DIM; board_ts timestamp TIME yunyuGrid=hour; alight_ts timestamp TIME yunyuGrid=hour; line_no string DIM; \
         fare number MEA yunyuGrid=1; mode string DIM",
    ),
];

const PURPOSE: &str = "
name: statistical-product
answer: aggregate
tables: [citizens, visits, enterprises, si_payments, trips]
joins: [[visits, citizens], [visits, si_payments], [si_payments, citizens], [si_payments, enterprises], [citizens, enterprises], [trips, citizens]]
thresholds: {person: 10, enterprise: 5}
dominance: {enterprise: {top1: 0.70}}
";

/// The contracts as YAML, by table.
pub fn yaml() -> Vec<(String, String)> {
    TABLES.iter().map(|(name, subjects, fields)| ((*name).to_owned(), contract(name, subjects, fields))).collect()
}

fn contract(name: &str, subjects: &str, fields: &str) -> String {
    let mut text = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: {name}\nversion: 1.0.0\nstatus: active\nschema:\n  - name: {name}\n    physicalType: table\n"
    );
    if !subjects.is_empty() {
        text.push_str(&format!("    customProperties:\n      - {{property: yunyuSubjects, value: [{subjects}]}}\n"));
    }
    text.push_str("    properties:\n");
    for field in fields.split(';') {
        let mut words = field.split_whitespace();
        let (name, kind, class) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let mut properties = vec![format!("{{property: yunyuClass, value: {class}}}")];
        properties.extend(words.map(|word| {
            let (property, value) = word.split_once('=').unwrap();
            format!("{{property: {property}, value: {value}}}")
        }));
        text.push_str(&format!(
            "      - {{name: {name}, logicalType: {kind}, customProperties: [{}]}}\n",
            properties.join(", ")
        ));
    }
    text
}

/// The contracts.
pub fn contracts() -> Vec<Contract> {
    yaml().iter().map(|(_, text)| Contract::parse(text).unwrap()).collect()
}

/// The purpose as YAML.
pub fn purpose_yaml() -> &'static str {
    PURPOSE
}

/// The purpose.
pub fn purpose() -> Purpose {
    Purpose::parse(PURPOSE).unwrap()
}

/// The verdict on a query.
pub fn verdict(sql: &str) -> Verdict {
    check(sql, &contracts(), &purpose())
}
