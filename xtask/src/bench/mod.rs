//! `cargo xtask bench …`: figures that the README and the issues quote.

pub mod story;
pub mod trust;
