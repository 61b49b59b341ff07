//! Tests of the pure decisions over the real packs.

#[path = "../../../../packs/index.rs"]
mod index;

mod authorisation;
mod loader;
mod product;
mod quorum;
mod scripts;
mod stop;
mod supply;
mod world;
