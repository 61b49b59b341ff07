//! HTTP API of the platform and its public pages.
//!
//! Parses and renders; decides nothing. Never sees DataFusion, SQL or a record.

pub mod api;
pub mod console;
pub mod extract;
mod log_files;
pub mod problem;
pub mod public;
pub mod server;
pub mod session;
pub mod state;

pub use listen::TlsFiles;
pub use server::{openapi, serve};
pub use state::WebState;
