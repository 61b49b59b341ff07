//! Attacks on the log and on evidence, and properties of the tree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod agree;
mod anchors;
mod archives;
mod attacks;
mod certificates;
mod copy;
mod crash;
mod ending;
mod epochs;
mod evidence;
mod folder;
mod fuzz;
mod handover;
mod log;
mod merkle;
mod outside;
mod receipts;
mod registered;
mod story;
mod subjects;
mod support;
mod witness;
mod witnessed;
