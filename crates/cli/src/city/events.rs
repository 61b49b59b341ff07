//! What happens in the city: social-insurance payments, medical visits, trips.

use super::dirt::{Plan, Spoil};
use super::entities::City;
use super::files::STOPS;
use super::ids::Day;
use super::random::Random;
use super::table::{Encoding, Table};
use super::words::{DIAGNOSES, INSURANCE, MODES, NOTES};
use super::{CityError, FileSummary};
use std::path::Path;

const PAYMENT_FAULTS: [Spoil; 3] = [Spoil::Missing(1), Spoil::Ragged, Spoil::Encoding];
const VISIT_FAULTS: [Spoil; 5] =
    [Spoil::Date(4), Spoil::Missing(1), Spoil::Ragged, Spoil::Encoding, Spoil::OtherEncoding];
const TRIP_FAULTS: [Spoil; 2] = [Spoil::Date(5), Spoil::Ragged];
/// Percent of the wage that the person and the employer pay, by kind of insurance.
const RATES: [(u64, u64); 5] = [(8, 16), (2, 8), (1, 1), (0, 1), (0, 1)];

/// Writes the social-insurance payments (UTF-8).
pub(super) fn write_payments(
    dir: &Path,
    city: &City,
    rows: u64,
    random: &mut Random,
) -> Result<FileSummary, CityError> {
    let header = [
        "payment_id",
        "citizen_id",
        "ent_id",
        "pay_month",
        "insurance_type",
        "base_amount",
        "personal_amount",
        "employer_amount",
        "in_arrears",
    ];
    let mut table = Table::create(dir, "si_payments.csv", Encoding::Utf8, ',', &header)?;
    let insured: Vec<usize> =
        (0..city.people.len()).filter(|i| city.people.get(*i).is_some_and(|p| p.employer > 0)).collect();
    let mut plan = Plan::new(&PAYMENT_FAULTS, rows);
    let mut surplus = rows;
    for index in 0..rows {
        let round = index / insured.len().max(1) as u64;
        let at = usize::try_from(index % insured.len().max(1) as u64).unwrap_or_default();
        let who = insured.get(at).copied().unwrap_or_default();
        payment(&mut table, city, index + 1, who, round, random)?;
        if let Some(fault) = plan.after(index) {
            surplus += 1;
            table.spoil(Some(fault));
            payment(&mut table, city, surplus, who, round, random)?;
        }
    }
    table.finish()
}

fn payment(
    table: &mut Table,
    city: &City,
    id: u64,
    who: usize,
    round: u64,
    random: &mut Random,
) -> Result<(), CityError> {
    let (employer, wage) = city.people.get(who).map_or((0, 0), |p| (u64::from(p.employer), p.wage));
    let kind = usize::try_from((round + who as u64) % INSURANCE.len() as u64).unwrap_or_default();
    let (own, firm) = RATES.get(kind).copied().unwrap_or_default();
    table.number(id);
    table.number(who as u64 + 1);
    table.number(employer);
    table.text(&format!("2025-{:02}", random.between(1, 12)));
    table.text(INSURANCE.get(kind).copied().unwrap_or_default());
    table.money(wage);
    table.money(wage * own / 100);
    table.money(wage * firm / 100);
    table.truth(random.chance(2));
    table.end_row()
}

/// Writes the medical visits (UTF-8 with a byte order mark; a few lines in GB 18030).
pub(super) fn write_visits(dir: &Path, city: &City, rows: u64, random: &mut Random) -> Result<FileSummary, CityError> {
    let header = [
        "visit_id",
        "citizen_id",
        "hospital_code",
        "dept_code",
        "visit_date",
        "icd_code",
        "icd_chapter",
        "total_fee",
        "self_pay",
        "is_inpatient",
        "doctor_id",
        "notes",
    ];
    let mut table = Table::create(dir, "visits.csv", Encoding::Utf8Bom, ',', &header)?;
    let mut plan = Plan::new(&VISIT_FAULTS, rows);
    let mut surplus = rows;
    for index in 0..rows {
        let fault = plan.after(index);
        if fault == Some(Spoil::OtherEncoding) {
            table.spoil(fault);
        }
        visit(&mut table, city, index + 1, fault.is_some(), random)?;
        if fault.is_some_and(|f| f.code().is_some()) {
            surplus += 1;
            table.spoil(fault);
            visit(&mut table, city, surplus, true, random)?;
        }
    }
    table.finish()
}

/// `chinese`: the note is Chinese text on one line, so that the line's encoding can be told.
fn visit(table: &mut Table, city: &City, id: u64, chinese: bool, random: &mut Random) -> Result<(), CityError> {
    let (icd, _, chapter) = random.pick(&DIAGNOSES).copied().unwrap_or_default();
    let fee = random.between(2_000, 90_000) * random.between(1, 6);
    table.number(id);
    table.number(random.between(1, city.people.len() as u64));
    table.text(&format!("H{:02}", random.between(1, 12)));
    table.text(&format!("D{:02}", random.between(1, 9)));
    table.text(&Day::random(random, 2024, 2025).dashed());
    table.text(icd);
    table.text(chapter);
    table.money(fee);
    table.money(fee * random.between(10, 60) / 100);
    table.truth(random.chance(9));
    table.number(random.between(1, 400));
    table.text(if chinese { "模拟病历" } else { random.word(&NOTES) });
    table.end_row()
}

/// Writes the trips (UTF-8, semicolons). One in ten has a card but no known person.
pub(super) fn write_trips(dir: &Path, city: &City, rows: u64, random: &mut Random) -> Result<FileSummary, CityError> {
    let header = [
        "trip_id",
        "card_token",
        "citizen_id",
        "board_stop",
        "alight_stop",
        "board_ts",
        "alight_ts",
        "line_no",
        "fare",
        "mode",
    ];
    let mut table = Table::create(dir, "trips.csv", Encoding::Utf8, ';', &header)?;
    let mut plan = Plan::new(&TRIP_FAULTS, rows);
    let mut surplus = rows;
    for index in 0..rows {
        trip(&mut table, city, index + 1, random)?;
        if let Some(fault) = plan.after(index) {
            surplus += 1;
            table.spoil(Some(fault));
            trip(&mut table, city, surplus, random)?;
        }
    }
    table.finish()
}

fn trip(table: &mut Table, city: &City, id: u64, random: &mut Random) -> Result<(), CityError> {
    let citizen = random.between(1, city.people.len() as u64);
    let (hour, minute, ride) = (random.between(6, 21), random.below(60), random.between(4, 70));
    let day = Day::random(random, 2025, 2025).dashed();
    let end = hour * 60 + minute + ride;
    table.number(id);
    table.text(&format!("card{citizen:08}"));
    table.text(&if random.chance(10) { String::new() } else { citizen.to_string() });
    table.text(&format!("S{:03}", random.between(1, STOPS)));
    table.text(&format!("S{:03}", random.between(1, STOPS)));
    table.text(&format!("{day} {hour:02}:{minute:02}:00"));
    table.text(&format!("{day} {:02}:{:02}:00", end / 60, end % 60));
    table.text(&format!("L{:02}", random.between(1, 15)));
    table.money(random.between(2, 9) * 100);
    table.text(random.word(&MODES));
    table.end_row()
}
