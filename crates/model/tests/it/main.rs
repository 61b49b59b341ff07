//! Tests of the pure decisions over the real packs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../../../packs/index.rs"]
mod index;

mod authorisation;
mod calendar;
mod cities;
mod leaf_kinds;
mod loader;
mod mutants;
mod product;
mod quorum;
mod resources;
mod retention;
mod schema;
mod scripts;
mod stop;
mod supply;
mod world;
