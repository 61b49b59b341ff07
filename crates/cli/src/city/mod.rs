//! A synthetic city: deterministic records with the shapes and the faults of real registers.
//!
//! Everything is invented: names say so, region and district codes are issued to nobody, and only the check digits
//! are real. Knows no platform and no zone; it writes a folder that `story --input` reads.

mod dirt;
mod entities;
mod events;
mod files;
mod ids;
mod random;
mod table;
mod words;

use entities::City;
use random::Random;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Fewest records that make a city worth publishing about.
pub const LEAST_ROWS: u64 = 2_000;

/// The city could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// A file could not be written.
    #[error("{path}: {source}")]
    Write {
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// Too few rows were asked for.
    #[error("a city needs at least {LEAST_ROWS} rows")]
    TooSmall,
}

/// One written CSV file.
#[derive(Clone, Debug, Serialize)]
pub struct FileSummary {
    /// File name in the folder.
    pub file: String,
    /// Encoding of the file as a whole.
    pub encoding: &'static str,
    /// Data rows, the planted ones included.
    pub rows: u64,
    /// Rows that an intake has to set aside, by the reason's code.
    pub planted: BTreeMap<&'static str, u64>,
    /// Rows in another encoding than the file's; they are sound.
    pub other_encoding: u64,
}

impl FileSummary {
    /// Rows without a planted fault.
    #[cfg(test)]
    pub fn sound(&self) -> u64 {
        self.rows - self.planted.values().sum::<u64>()
    }
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Seed.
    pub seed: u64,
    /// CSV files, public tables included.
    pub files: Vec<FileSummary>,
    /// Contracts, purpose, product and story.
    pub others: Vec<String>,
}

/// Writes a city of about `rows` restricted records (public tables and planted faults come on top) into `dir`.
/// The same seed and size give the same bytes.
///
/// # Errors
/// [`CityError`].
pub fn generate(dir: &Path, seed: u64, rows: u64) -> Result<Summary, CityError> {
    if rows < LEAST_ROWS {
        return Err(CityError::TooSmall);
    }
    let share = |percent: u64| rows * percent / 100;
    let (citizens, enterprises, payments, visits) = (share(15), share(2), share(45), share(20));
    let trips = rows - citizens - enterprises - payments - visits;
    let city = City::build(&mut Random::new(seed, 1), citizens, enterprises);
    let others = files::write(dir)?;
    let mut files = files::write_public(dir)?;
    files.push(entities::write_citizens(dir, &city, &mut Random::new(seed, 2))?);
    files.push(entities::write_enterprises(dir, &city, &mut Random::new(seed, 3))?);
    files.push(events::write_payments(dir, &city, payments, &mut Random::new(seed, 4))?);
    files.push(events::write_visits(dir, &city, visits, &mut Random::new(seed, 5))?);
    files.push(events::write_trips(dir, &city, trips, &mut Random::new(seed, 6))?);
    Ok(Summary { seed, files, others })
}

#[cfg(test)]
mod tests;
