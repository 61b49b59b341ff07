//! `yunyu classify`: what each column of a file is, by content, in one streaming pass; and, for files that come without contract,
//! the contract and the product that follow from it. Names of columns are hints only.
//!
//! Knows delimited text and recognisers; knows nothing of engines and gates. Evidence is counts; no value is kept in a report.

mod distinct;
mod judge;
mod product;
mod profile;
mod propose;

pub use judge::Judgement;
pub use product::{ProposedProduct, propose_product};
pub use profile::Profile;
pub use propose::propose_contract;

use crate::intake::records::{Next, RecordError, Records, Row};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file that cannot be classified.
#[derive(Debug, thiserror::Error)]
pub enum ClassifyError {
    /// It cannot be opened.
    #[error("{}: cannot be read: {error}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It cannot be read as delimited text.
    #[error("{}: {error}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Why.
        error: RecordError,
    },
    /// Not one byte.
    #[error("{}: the file is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It has bytes, but its first line is none of delimited text.
    #[error("{}: the first line is no header: this is no delimited text", path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
}

/// What a file is.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// Main encoding.
    pub encoding: String,
    /// Well-formed rows.
    pub rows: u64,
    /// Rows that are not.
    pub set_aside: u64,
    /// Columns in order.
    pub columns: Vec<ColumnReport>,
}

/// What a column is.
#[derive(Clone, Debug)]
pub struct ColumnReport {
    /// Name as in the header.
    pub name: String,
    /// What was counted.
    pub profile: Profile,
    /// What follows.
    pub judgement: Judgement,
}

impl FileReport {
    /// The JSON object of one file.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let columns: Vec<Value> = self.columns.iter().map(ColumnReport::to_json).collect();
        json!({"path": self.path, "encoding": self.encoding, "rows": self.rows, "set_aside": self.set_aside, "columns": columns})
    }
}

impl ColumnReport {
    fn to_json(&self) -> Value {
        let j = &self.judgement;
        json!({
            "name": self.name, "identifier": j.identifier, "role": j.role, "personal": j.personal, "level": j.level,
            "class": j.class, "masking": j.masking, "confidence": j.confidence, "evidence": self.profile.evidence(),
        })
    }
}

/// The JSON document of `classify --json`.
#[must_use]
pub fn to_json(files: &[FileReport]) -> Value {
    json!({"files": files.iter().map(FileReport::to_json).collect::<Vec<_>>()})
}

/// Classifies one file.
///
/// # Errors
/// [`ClassifyError`] when it cannot be read, is empty or does not begin with a header.
pub fn classify_file(path: &Path) -> Result<FileReport, ClassifyError> {
    let file = File::open(path).map_err(|error| ClassifyError::Open { path: path.to_owned(), error })?;
    classify(path, file)
}

/// Classifies a stream; `path` is for the report only.
///
/// # Errors
/// As [`classify_file`].
pub fn classify(path: &Path, reader: impl Read) -> Result<FileReport, ClassifyError> {
    let text = |error| ClassifyError::Text { path: path.to_owned(), error };
    let mut records = Records::open(reader, &[]).map_err(text)?;
    let mut row = Row::default();
    match records.next(&mut row).map_err(text)? {
        Next::Row => {}
        Next::End if records.is_empty() => return Err(ClassifyError::Empty { path: path.to_owned() }),
        Next::End | Next::Fault(_) => return Err(ClassifyError::NoHeader { path: path.to_owned() }),
    }
    let names: Vec<String> =
        (0..row.len()).map(|at| row.get(at).map_or_else(String::new, |c| c.0.trim().to_owned())).collect();
    let mut profiles: Vec<Profile> = names.iter().map(|_| Profile::default()).collect();
    let (mut rows, mut set_aside) = (0, 0);
    loop {
        match records.next(&mut row).map_err(text)? {
            Next::End => break,
            Next::Row if row.len() == names.len() => {
                rows += 1;
                for (at, profile) in profiles.iter_mut().enumerate() {
                    if let Some((cell, quoted)) = row.get(at) {
                        profile.observe(cell, quoted);
                    }
                }
            }
            _ => set_aside += 1,
        }
    }
    let encoding = records.encoding().name().to_owned();
    let columns = names
        .into_iter()
        .zip(profiles)
        .map(|(name, profile)| {
            let judgement = judge::judge(&name, &profile);
            ColumnReport { name, profile, judgement }
        })
        .collect();
    Ok(FileReport { path: path.to_owned(), encoding, rows, set_aside, columns })
}

#[cfg(test)]
mod tests;
