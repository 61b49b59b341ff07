//! Tests of the crate from outside: standards' vectors, an outside verifier, attacks, round trips.
#![allow(clippy::unwrap_used, reason = "tests")]

mod canonical;
mod ending;
mod envelope;
mod keys;
mod outside;
mod passring;
mod password;
mod rotation;
mod scratch;
mod sealing;
mod sign;
mod suite;
mod two;
mod wycheproof;
