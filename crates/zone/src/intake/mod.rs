//! Intake: an uploaded file of delimited text becomes sealed Parquet and a sealed list of the rows set aside.
//!
//! It streams in bounded memory, drops nothing silently (rows in = rows stored + rows set aside) and never shows a
//! value: not in a log, an error or a summary. It knows contracts and keys; no order, no ticket, no query.

mod batch;
mod cell;
pub mod encoding;
mod error;
pub mod identifier;
mod meter;
mod plan;
pub mod reason;
pub mod records;
mod run;
mod set_aside;
mod sink;
mod token;
pub mod value;

pub use error::IntakeError;
pub use meter::Progress;
pub use run::{IntakeOptions, IntakeSummary, run, stored};
pub use set_aside::open_set_aside;
pub(crate) use sink::STAGING;
pub use sink::{ROWS_FILE, SET_ASIDE_FILE, SUMMARY_FILE, sweep};
pub use token::TOKEN_LEN;

#[cfg(test)]
mod tests;
