//! What a verifier says.

use crate::LogError;
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
        Self::new(file, what, format!("无法读取或内容损坏：{e}"), e.to_string())
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
        Self { valid, trusted: valid && trust_given, checked: counts.0, clock, failure, unproved: None }
    }
}
