//! The long-running processes: the supervisor and its two children.

pub mod confine;
pub mod platform;
pub mod supervisor;
pub mod zone;
