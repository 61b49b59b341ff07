//! HTTP API of the platform and its public pages.
//!
//! Parses and renders; decides nothing. Never sees DataFusion, SQL or a record.

pub mod api;
pub mod console;
pub mod extract;
pub mod pages;
pub mod problem;
pub mod server;
pub mod session;
pub mod state;

pub use server::{TlsFiles, openapi, serve};
pub use state::WebState;
