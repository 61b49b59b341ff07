//! The program as a person or a script calls it: names, flags, exit codes, JSON keys.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod admin;
mod gate;
mod keys;
mod pack;
mod sql;
mod story;
mod support;
mod verify;
mod witness;
