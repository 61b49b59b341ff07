//! What stands beside the registers: public tables, field contracts, the purpose, the product's SQL, the story.

use super::random::Random;
use super::table::{Encoding, Table};
use super::words::{DIAGNOSES, DISTRICTS, INDUSTRIES};
use super::{CityError, FileSummary};
use std::fs;
use std::path::Path;

/// Number of stops.
pub(super) const STOPS: u64 = 60;

const FILES: [(&str, &str); 12] = [
    ("citizens.yaml", include_str!("files/citizens.yaml")),
    ("visits.yaml", include_str!("files/visits.yaml")),
    ("enterprises.yaml", include_str!("files/enterprises.yaml")),
    ("si_payments.yaml", include_str!("files/si_payments.yaml")),
    ("trips.yaml", include_str!("files/trips.yaml")),
    ("districts.yaml", include_str!("files/districts.yaml")),
    ("industries.yaml", include_str!("files/industries.yaml")),
    ("icd_ref.yaml", include_str!("files/icd_ref.yaml")),
    ("stops.yaml", include_str!("files/stops.yaml")),
    ("purposes/statistical-product.yaml", include_str!("files/statistical-product.yaml")),
    ("product.sql", include_str!("files/product.sql")),
    ("story.yaml", include_str!("files/story.yaml")),
];

/// Writes contracts, purpose, product and story.
pub(super) fn write(dir: &Path) -> Result<Vec<String>, CityError> {
    let purposes = dir.join("purposes");
    fs::create_dir_all(&purposes).map_err(|source| CityError::Write { path: purposes, source })?;
    for (name, text) in FILES {
        let path = dir.join(name);
        fs::write(&path, text).map_err(|source| CityError::Write { path, source })?;
    }
    Ok(FILES.iter().map(|(name, _)| (*name).to_owned()).collect())
}

/// Writes the public tables.
pub(super) fn write_public(dir: &Path) -> Result<Vec<FileSummary>, CityError> {
    let mut files = Vec::new();
    let header = ["district_code", "district_name", "city_code", "published_population"];
    let mut table = Table::create(dir, "districts.csv", Encoding::Utf8, ',', &header)?;
    for (code, name, population) in DISTRICTS {
        table.text(code);
        table.text(name);
        table.text("320290");
        table.number(population);
        table.end_row()?;
    }
    files.push(table.finish()?);
    files.push(write_triples(dir, "industries.csv", &["industry_code", "industry_name", "section"], &INDUSTRIES)?);
    files.push(write_triples(dir, "icd_ref.csv", &["icd_code", "icd_name", "chapter"], &DIAGNOSES)?);
    files.push(write_stops(dir)?);
    Ok(files)
}

fn write_triples(
    dir: &Path,
    file: &str,
    header: &[&str],
    rows: &[(&str, &str, &str)],
) -> Result<FileSummary, CityError> {
    let mut table = Table::create(dir, file, Encoding::Utf8, ',', header)?;
    for (code, name, group) in rows {
        table.text(code);
        table.text(name);
        table.text(group);
        table.end_row()?;
    }
    table.finish()
}

fn write_stops(dir: &Path) -> Result<FileSummary, CityError> {
    let mut random = Random::new(0, 9);
    let header = ["stop_id", "stop_name", "district_code", "lat", "lon"];
    let mut table = Table::create(dir, "stops.csv", Encoding::Utf8, ',', &header)?;
    for n in 1..=STOPS {
        let district = random.pick(&DISTRICTS).map_or("", |d| d.0);
        table.text(&format!("S{n:03}"));
        table.text(&format!("样本站{n}"));
        table.text(district);
        table.text(&format!("10.{:05}", random.below(100_000)));
        table.text(&format!("100.{:05}", random.below(100_000)));
        table.end_row()?;
    }
    table.finish()
}
