//! The engine over the reference schema of the governed-query specification: verdicts, and what is released on data.

mod accepted;
mod combined;
mod data;
mod hangs;
mod interference;
mod refused;
mod released;
pub(super) mod schema;
mod spill;
mod tricks;
mod tricks_labels;
mod tricks_values;
mod worlds;
