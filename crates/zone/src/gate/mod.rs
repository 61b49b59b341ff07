//! The exit gate: measures what a sealed artefact would give away, before people decide.

pub mod measures;
pub mod params;
pub mod report;
