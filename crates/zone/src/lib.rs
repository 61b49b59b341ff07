//! The operation domain: raw records, governed queries, the exit gate, sealing and destruction.
//!
//! Only this crate knows DataFusion, Arrow and object_store. It has no database and never sees the platform's.

pub mod artefact;
pub mod classify;
pub mod contract;
pub mod engine;
pub mod gate;
pub mod identify;
pub mod intake;
pub mod leaf_table;
mod made_up;
pub mod node;
pub mod purpose;
pub mod seal;
