//! What the analysis says about a query: verdict, reasons, lineage. Knows no data; its texts hold names and the author's own words only.

use model::refusal::{Position, Refusal};
use serde::Serialize;

/// What will be done with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// No restricted data reaches the answer.
    Allow,
    /// Accepted; the engine enforces the group rules inside the plan.
    Aggregate,
    /// An answer about one subject, under conditions S1–S5.
    Subject,
    /// Rejected before any data is read.
    Refuse,
}

/// Why a query was refused, or what an acceptance rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Rule of the governed-query specification: `G1`, `N5`, `LOCK`, ….
    pub rule: String,
    /// Columns concerned, as `table.column`.
    pub columns: Vec<String>,
    /// Place in the text.
    pub at: Position,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// The smallest change or grant that would help, in English.
    pub would_help: String,
    /// The same in Chinese.
    pub would_help_zh: String,
}

/// How an output value depends on a source value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// The value itself.
    Identity,
    /// A different value for each different value.
    Injective,
    /// A coarser value.
    ManyToOne,
    /// Folded over many rows.
    Aggregate,
    /// Chance has a part in it.
    Random,
}

/// A source column of an output column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineageSource {
    /// Table.
    pub table: String,
    /// Column.
    pub column: String,
    /// How the value depends on it.
    pub transform: Transform,
}

/// Where an output column comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnLineage {
    /// Output column.
    pub column: String,
    /// Columns its values are made of.
    pub sources: Vec<LineageSource>,
    /// Columns that decide which rows take part (filters, joins), as `table.column`.
    pub indirect: Vec<String>,
}

/// The static verdict on a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What will be done.
    pub verdict: Decision,
    /// Why. Never empty on refusal.
    pub reasons: Vec<Reason>,
    /// Output columns; empty on refusal.
    pub lineage: Vec<ColumnLineage>,
}

impl Verdict {
    /// A refusal for one reason.
    pub fn refuse(reason: Reason) -> Self {
        Self { verdict: Decision::Refuse, reasons: vec![reason], lineage: Vec::new() }
    }

    /// The first reason as a [`Refusal`], for the callers that need one.
    pub fn refusal(&self) -> Refusal {
        let reason = self.reasons.first();
        let (rule, zh, en) =
            reason.map_or(("G1", "查询被拒绝", "the query is refused"), |r| (&r.rule, &r.zh, &r.en));
        let refusal = Refusal::new("query-refused", rule, "", zh, en);
        match reason {
            Some(reason) => refusal.at(reason.at.line, reason.at.column),
            None => refusal,
        }
    }
}

impl Reason {
    /// A reason by rule and texts, placed at the start of the text until somebody knows better.
    pub fn new(rule: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            columns: Vec::new(),
            at: Position { line: 0, column: 0 },
            zh: zh.into(),
            en: en.into(),
            would_help: String::new(),
            would_help_zh: String::new(),
        }
    }

    /// The same reason with columns.
    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = String>) -> Self {
        self.columns = columns.into_iter().collect();
        self
    }

    /// The same reason with a way out.
    #[must_use]
    pub fn help(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        (self.would_help_zh, self.would_help) = (zh.into(), en.into());
        self
    }

    /// The same reason at a place, unless it has one.
    #[must_use]
    pub fn place(mut self, at: Option<Position>) -> Self {
        if let (0, Some(at)) = (self.at.line, at) {
            self.at = at;
        }
        self
    }
}

/// Outcome of a step of the analysis. The reason is boxed: refusals are rare and large.
pub(crate) type Checked<T> = Result<T, Box<Reason>>;

/// Refuses with a reason.
pub(crate) fn deny<T>(reason: Reason) -> Checked<T> {
    Err(Box::new(reason))
}
