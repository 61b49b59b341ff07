//! Acceptance stories: the whole way, attacked from outside.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod crash;
mod memory;
mod planted;
mod program;
mod serve;
mod wuxi;
