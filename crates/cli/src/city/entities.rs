//! Who lives and works in the city: citizens in households, enterprises and who works there.

use super::dirt::{Plan, Spoil};
use super::ids::{Day, resident_id, uscc};
use super::random::Random;
use super::table::{Encoding, Table};
use super::words::{DIGITS, DISTRICTS, EDUCATION, GIVEN, HUKOU, INDUSTRIES, MARITAL, STATUS, STREET_WORDS, SURNAMES};
use super::{CityError, FileSummary};
use std::path::Path;

/// Streets in each district.
const STREETS: u64 = 8;
const CITIZEN_FAULTS: [Spoil; 6] =
    [Spoil::CheckDigit(1), Spoil::Ragged, Spoil::Encoding, Spoil::OtherEncoding, Spoil::Date(4), Spoil::Missing(0)];
const ENTERPRISE_FAULTS: [Spoil; 3] = [Spoil::CheckDigit(1), Spoil::Ragged, Spoil::Date(6)];

/// What events need to know of a citizen.
pub(super) struct Person {
    pub(super) born: Day,
    pub(super) male: bool,
    pub(super) household: u64,
    pub(super) district: u8,
    pub(super) street: u8,
    /// Enterprise (from 1) where the person is insured; 0 for none.
    pub(super) employer: u32,
    /// Monthly wage in fen.
    pub(super) wage: u64,
}

/// Citizens and the number of enterprises. A citizen's id is the index plus 1.
pub(super) struct City {
    pub(super) people: Vec<Person>,
    pub(super) enterprises: u64,
}

impl City {
    /// Draws the people.
    pub(super) fn build(random: &mut Random, citizens: u64, enterprises: u64) -> Self {
        let mut people = Vec::new();
        let mut household = 0;
        let (mut left, mut district, mut street) = (0, 0, 0);
        for _ in 0..citizens {
            if left == 0 {
                left = random.between(1, 5);
                household += 1;
                district = random.below(DISTRICTS.len() as u64);
                street = random.between(1, STREETS);
            }
            left -= 1;
            let born = Day::random(random, 1938, 2022);
            let works = (1962..=2004).contains(&born.year) && random.chance(92);
            let employer = if works { random.between(1, enterprises) } else { 0 };
            people.push(Person {
                born,
                male: random.chance(51),
                household,
                district: u8::try_from(district).unwrap_or_default(),
                street: u8::try_from(street).unwrap_or_default(),
                employer: u32::try_from(employer).unwrap_or_default(),
                wage: 400_000 + random.below(600_000) + random.below(900_000),
            });
        }
        Self { people, enterprises }
    }
}

impl Person {
    /// District code.
    pub(super) fn district_code(&self) -> &'static str {
        DISTRICTS.get(usize::from(self.district)).map_or("", |d| d.0)
    }
}

fn invented_name(random: &mut Random, n: u64) -> String {
    let digit = |d: u64| DIGITS.get(usize::try_from(d % 10).unwrap_or_default()).copied().unwrap_or_default();
    [random.word(&SURNAMES), random.word(&GIVEN), digit(n / 10), digit(n)].concat()
}

/// Writes the register of citizens (GB 18030).
pub(super) fn write_citizens(dir: &Path, city: &City, random: &mut Random) -> Result<FileSummary, CityError> {
    let header = [
        "citizen_id",
        "id_no",
        "full_name",
        "gender",
        "birth_date",
        "district_code",
        "street_code",
        "household_id",
        "hukou_type",
        "marital_status",
        "education",
        "phone",
        "home_address",
    ];
    let mut table = Table::create(dir, "citizens.csv", Encoding::Gb18030, ',', &header)?;
    let mut plan = Plan::new(&CITIZEN_FAULTS, city.people.len() as u64);
    let mut surplus = city.people.len() as u64;
    for (index, person) in city.people.iter().enumerate() {
        let index = index as u64;
        let fault = plan.after(index);
        if fault == Some(Spoil::OtherEncoding) {
            table.spoil(fault);
        }
        citizen(&mut table, person, index + 1, random)?;
        if fault.is_some_and(|f| f.code().is_some()) {
            surplus += 1;
            table.spoil(fault);
            citizen(&mut table, person, surplus, random)?;
        }
    }
    table.finish()
}

fn citizen(table: &mut Table, person: &Person, id: u64, random: &mut Random) -> Result<(), CityError> {
    let adult = person.born.year < 2000;
    table.number(id);
    table.text(&resident_id(person.born, person.male, random));
    table.text(&invented_name(random, id));
    table.text(if person.male { "男" } else { "女" });
    table.text(&person.born.dashed());
    table.text(person.district_code());
    table.text(&format!("{}{:03}", person.district_code(), person.street));
    table.number(person.household);
    table.text(if random.chance(64) { "城镇" } else { random.word(&HUKOU) });
    table.text(if adult { random.word(&MARITAL) } else { "未婚" });
    table.text(if adult { random.word(&EDUCATION) } else { "初中及以下" });
    table.text(&phone(id, random));
    let road = STREET_WORDS.get(usize::from(person.street) % STREET_WORDS.len()).copied().unwrap_or_default();
    table.text(&format!("{road}{}号", person.household));
    table.end_row()
}

/// A mobile number of an unassigned range; some in full-width digits, some missing.
fn phone(id: u64, random: &mut Random) -> String {
    let plain = format!("1990{:07}", id % 10_000_000);
    match random.below(50) {
        0 => String::new(),
        1 => plain.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0)).collect(),
        _ => plain,
    }
}

/// Writes the register of enterprises (UTF-8).
pub(super) fn write_enterprises(dir: &Path, city: &City, random: &mut Random) -> Result<FileSummary, CityError> {
    let header = [
        "ent_id",
        "uscc",
        "ent_name",
        "district_code",
        "industry_code",
        "reg_capital",
        "established_on",
        "status",
        "legal_rep_id",
        "employee_count",
        "tax_amount",
        "contact_phone",
    ];
    let mut table = Table::create(dir, "enterprises.csv", Encoding::Utf8, ',', &header)?;
    let mut plan = Plan::new(&ENTERPRISE_FAULTS, city.enterprises);
    let mut surplus = city.enterprises;
    for index in 0..city.enterprises {
        enterprise(&mut table, city, index + 1, random)?;
        if let Some(fault) = plan.after(index) {
            surplus += 1;
            table.spoil(Some(fault));
            enterprise(&mut table, city, surplus, random)?;
        }
    }
    table.finish()
}

fn enterprise(table: &mut Table, city: &City, id: u64, random: &mut Random) -> Result<(), CityError> {
    let district = random.pick(&DISTRICTS).map_or("", |d| d.0);
    let industry = random.pick(&INDUSTRIES).map_or("", |i| i.0);
    let employees = random.between(3, 40) * random.between(1, 12);
    table.number(id);
    table.text(&uscc(id));
    table.text(&format!("{}{}{}有限公司", random.word(&GIVEN), random.word(&SURNAMES), id));
    table.text(district);
    table.text(industry);
    table.money(random.between(10, 5000) * 1_000_000);
    table.text(&Day::random(random, 1990, 2024).dashed());
    table.text(random.word(&STATUS));
    table.number(random.between(1, city.people.len() as u64));
    table.number(employees);
    table.money(employees * random.between(200_000, 900_000));
    table.text(&format!("0999-{:08}", 20_000_000 + id % 10_000_000));
    table.end_row()
}
