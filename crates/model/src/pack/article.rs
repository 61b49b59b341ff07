//! Coverage of the regulations, row by row: what answers each requirement, or what it waits for.

use serde::{Deserialize, Serialize};

/// A row of the requirements, as `articles.toml` states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Article {
    /// Number of the article; empty where the text behind the rule has none.
    #[serde(default)]
    pub article: String,
    /// The requirement in Chinese, short.
    pub zh: String,
    /// The requirement in English, short.
    pub en: String,
    /// What answers it: `step:PROCEDURE.STEP`, `document:PROCEDURE.NAME`, `guard:NAME`, `param:NAME`,
    /// `effect:NAME`, `record:KIND`, `term:WORD`, `text:legal_basis` or `function:NAME`.
    #[serde(default)]
    pub answers: Vec<String>,
    /// The capability it still waits for.
    #[serde(default)]
    pub open: Option<String>,
    /// Why software has nothing to do with it.
    #[serde(default)]
    pub not_software: Option<String>,
    /// Tests that fail when the answer is taken away.
    #[serde(default)]
    pub tests: Vec<String>,
}

impl Article {
    /// `answered`, `open` or `not_software`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (&self.open, &self.not_software) {
            (Some(_), _) => "open",
            (None, Some(_)) => "not_software",
            (None, None) => "answered",
        }
    }
}

/// A row of the coverage table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// Row id, e.g. of the form `XX-11.2`.
    pub row: String,
    /// Article.
    pub article: String,
    /// `answered`, `open` or `not_software`.
    pub state: &'static str,
    /// What answers it.
    pub answers: Vec<String>,
    /// Tests.
    pub tests: Vec<String>,
    /// Why it is open or not software.
    pub reason: Option<String>,
}

impl super::Pack {
    /// The coverage table of the pack; product rules are left out.
    #[must_use]
    pub fn coverage(&self) -> Vec<CoverageRow> {
        let rows = self.articles.iter().filter(|(row, _)| !row.starts_with("PRODUCT-"));
        rows.map(|(row, a)| CoverageRow {
            row: row.clone(),
            article: a.article.clone(),
            state: a.state(),
            answers: a.answers.clone(),
            tests: a.tests.clone(),
            reason: a.open.clone().or_else(|| a.not_software.clone()),
        })
        .collect()
    }
}
