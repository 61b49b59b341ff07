//! Tests of the crate from outside: standards' vectors, an outside verifier, attacks, round trips.

mod canonical;
mod envelope;
mod keys;
mod password;
mod sign;
mod suite;
