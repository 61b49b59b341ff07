//! What a verifier says.

use crate::LogError;
use crate::checkpoint::Checkpoint;
use crate::leaf::LogName;
use serde::Serialize;
use std::collections::BTreeMap;

/// The first thing found wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// File inside the folder, or place inside the evidence file.
    pub file: String,
    /// Stable code.
    pub what: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Failure {
    pub(crate) fn new(file: impl Into<String>, what: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { file: file.into(), what: what.to_owned(), zh: zh.into(), en: en.into() }
    }
}

impl From<LogError> for Failure {
    fn from(e: LogError) -> Self {
        let (file, what) = match &e {
            LogError::Io { file, .. } => (file.clone(), "unreadable"),
            LogError::Corrupt { file, .. } => (file.clone(), "corrupt"),
            LogError::Malformed { what, .. } => ((*what).to_owned(), "malformed"),
            _ => (String::new(), "corrupt"),
        };
        Self::new(file, what, e.zh(), e.to_string())
    }
}

/// One epoch of a log, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EpochView {
    /// Which log.
    pub log: LogName,
    /// Its name: the year in which it began.
    pub epoch: u32,
    /// Index of its first leaf.
    pub from: u64,
    /// Index after its last leaf.
    pub to: u64,
    /// When its closing checkpoint was signed; none for the running one.
    pub closed_at: Option<i64>,
    /// Digest of its archive's manifest, where one was given or is bound in the log.
    pub archive: Option<String>,
    /// When the log bound an archive of it last.
    pub renewed_at: Option<i64>,
    /// Digests of all archives of it that the log has bound, in order; one that was lost may have been made anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bound: Vec<String>,
}

impl EpochView {
    pub(crate) fn closed(log: LogName, epoch: u32, from: u64, note: &Checkpoint) -> Self {
        Self { closed_at: Some(note.time), ..Self::running(log, epoch, from, note.size) }
    }

    pub(crate) fn running(log: LogName, epoch: u32, from: u64, to: u64) -> Self {
        Self { log, epoch, from, to, closed_at: None, archive: None, renewed_at: None, bound: Vec::new() }
    }
}

/// Result of verifying a log folder or an evidence file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Everything in it agrees with itself, and with the trust file where one was given.
    pub valid: bool,
    /// Valid, and it stands on the root of the trust file.
    pub trusted: bool,
    /// What was checked, counted.
    pub checked: BTreeMap<String, u64>,
    /// Kind of clock, once it is known.
    pub clock: Option<String>,
    /// The first thing found wrong.
    pub failure: Option<Failure>,
    /// What a valid result does not prove.
    pub unproved: Option<String>,
    /// The epochs of the logs, in order; none where no epoch was ever closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub epochs: Vec<EpochView>,
}

/// Counts while verifying.
#[derive(Debug, Default)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub fn add(&mut self, what: &str, n: u64) {
        *self.0.entry(what.to_owned()).or_default() += n;
    }
}

impl VerifyReport {
    pub(crate) fn new(result: Result<(), Failure>, trust_given: bool, counts: Counts, clock: Option<String>) -> Self {
        let failure = result.err();
        let valid = failure.is_none();
        Self {
            valid,
            trusted: valid && trust_given,
            checked: counts.0,
            clock,
            failure,
            unproved: None,
            epochs: Vec::new(),
        }
    }
}
