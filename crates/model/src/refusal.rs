//! A refusal: a rule said no. It carries a stable code, the rule and its article, in Chinese and English (invariant 5).

use serde::{Deserialize, Serialize};

/// Where in a text (SQL, YAML) the reason stands; lines and characters count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u64,
    /// Character in the line, from 1.
    pub column: u64,
}

/// A rule said no. Never carries a value of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} ({rule}): {en}")]
pub struct Refusal {
    /// Stable code in kebab case, for programs.
    pub code: String,
    /// The rule: a row of the requirements (`WX-11.2`), an engine rule (`N5`) or a product rule (`PRODUCT-…`).
    pub rule: String,
    /// The article, beginning with its number (`11`, `11.2`), empty where no article stands behind the rule.
    pub article: String,
    /// The reason in Chinese.
    pub zh: String,
    /// The reason in English.
    pub en: String,
    /// Position in the input, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
}

impl Refusal {
    /// A refusal by code, rule, article and both texts.
    pub fn new(code: &str, rule: &str, article: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code: code.into(), rule: rule.into(), article: article.into(), zh: zh.into(), en: en.into(), at: None }
    }

    /// The same refusal with a position in the input.
    #[must_use]
    pub fn at(mut self, line: u64, column: u64) -> Self {
        self.at = Some(Position { line, column });
        self
    }
}
