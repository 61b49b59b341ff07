//! The governed query engine: SQL over records that nobody may see.
//!
//! A query is one SELECT. It is planned against contracts alone, analysed on the plan (labels, release points, purposes), refused
//! before anything is read or rewritten so that it enforces the group rules itself, and only then run. Order of steps in types:
//! text → [`Verdict`] (static) or [`ClearedPlan`] → [`crate::gate::Sealed`]. Nothing here shows a row: what runs ends sealed.
//! It must not know orders, tickets, keys or files beyond the table providers it is given.

mod analysis;
mod bounds;
mod classes;
mod clear;
pub mod deep;
mod depth;
mod disclose;
pub mod functions;
mod label;
pub mod local;
mod parse;
mod patterns;
mod planner;
mod quantile;
mod rehearse;
mod repeated;
mod run;
mod share;
mod spill;
mod spread;
mod subjects;
mod time;
mod token;
mod verdict;

pub use clear::{ClearedPlan, EngineEnv, Limits, Source, check, clear};
pub use rehearse::rehearse;
pub use run::{RunError, run, shown_duration};
pub use spill::Spill;
pub use token::Tokens;
pub use verdict::{ColumnLineage, Decision, LineageSource, Reason, Transform, Verdict};

#[cfg(test)]
mod tests;

/// Contracts of the reference schema, for tests elsewhere in the crate.
#[cfg(test)]
pub(crate) fn schema_for_tests() -> Vec<(String, String)> {
    tests::schema::yaml()
}
