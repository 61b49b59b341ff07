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

use dirt::Spoil;
use entities::City;
use random::Random;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use table::Encoding;

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
    #[must_use]
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
mod tests {
    use super::*;

    fn bytes_of(dir: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        for sub in [dir.to_path_buf(), dir.join("purposes")] {
            for entry in std::fs::read_dir(sub).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    all.insert(path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap());
                }
            }
        }
        all
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (a, b, c) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        generate(a.path(), 7, 3000).unwrap();
        generate(b.path(), 7, 3000).unwrap();
        generate(c.path(), 8, 3000).unwrap();
        assert_eq!(bytes_of(a.path()), bytes_of(b.path()));
        assert_ne!(bytes_of(a.path())["citizens.csv"], bytes_of(c.path())["citizens.csv"]);
    }

    #[test]
    fn it_says_what_it_planted() {
        let dir = tempfile::tempdir().unwrap();
        let summary = generate(dir.path(), 1, 20_000).unwrap();
        let mut kinds: Vec<&str> = summary.files.iter().flat_map(|f| f.planted.keys().copied()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in ["bad_check_digit", "ragged_row", "wrong_encoding", "impossible_date", "missing_required"] {
            assert!(kinds.contains(&kind), "{kind}");
        }
        let restricted: u64 = summary.files.iter().filter(|f| !f.planted.is_empty()).map(FileSummary::sound).sum();
        assert_eq!(restricted, 20_000);
        let encodings: Vec<&str> = summary.files.iter().map(|f| f.encoding).collect();
        assert!(encodings.contains(&"gb18030") && encodings.contains(&"utf-8-bom") && encodings.contains(&"utf-8"));
    }

    use crypto::{FileKeyProvider, KeyProvider, Suite};
    use zone::contract::Contract;
    use zone::intake::{IntakeOptions, IntakeSummary, run};

    /// Takes every file of the folder in, as a zone would.
    fn take_in(city: &Path, work: &Path) -> BTreeMap<String, IntakeSummary> {
        let keys = FileKeyProvider::init(&work.join("keys"), &work.join("master"), Suite::Gm).unwrap();
        let (key, token_key) = (keys.create("data", "city").unwrap(), keys.create("subjects", "zone").unwrap());
        let root = work.join("objects");
        let mut all = BTreeMap::new();
        for contract in Contract::load_dir(city).unwrap() {
            let name = contract.table.name.clone();
            let prefix = format!("records/{name}/b1");
            let options = IntakeOptions {
                provider: &keys,
                key: &key,
                token_key: &token_key,
                deployment: "test",
                resource: "city",
                batch: "b1",
                root: &root,
                prefix: &prefix,
                max_stored: None,
                expected: None,
            };
            let started = std::time::Instant::now();
            let file = std::fs::File::open(city.join(format!("{name}.csv"))).unwrap();
            let summary = run(file, &contract, &options, &mut |_| {}).unwrap();
            println!("{name}: {} rows, {} bytes in {:?}", summary.rows, summary.bytes, started.elapsed());
            all.insert(format!("{name}.csv"), summary);
        }
        all
    }

    fn goes_in(rows: u64) {
        let (city, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let started = std::time::Instant::now();
        let summary = generate(city.path(), 42, rows).unwrap();
        println!("generated {rows} rows in {:?}", started.elapsed());
        let taken = take_in(city.path(), work.path());
        assert_eq!(taken.len(), summary.files.len());
        for file in &summary.files {
            let found = &taken[&file.file];
            let planted: BTreeMap<String, u64> = file.planted.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect();
            assert_eq!((found.rows, &found.set_aside), (file.sound(), &planted), "{}", file.file);
            assert_eq!((found.encoding.as_str(), found.other_encoding), (file.encoding, file.other_encoding), "{}", file.file);
        }
    }

    #[test]
    fn an_intake_finds_every_planted_fault_and_no_other() {
        goes_in(20_000);
    }

    #[test]
    #[ignore = "takes a minute; shows figures with --no-capture"]
    fn a_million_rows_go_in() {
        goes_in(1_000_000);
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
        println!("{peak}");
        let kib: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(kib < 512 << 10, "{peak}");
    }
}
