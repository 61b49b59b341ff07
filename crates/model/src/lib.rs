//! Domain types and decisions of the platform.
//!
//! Pure: the clock comes in as a value; this crate reads no file, database, environment or clock,
//! and knows no city: cities differ only in `packs/`.

pub mod act;
pub mod entity;
pub mod ids;
pub mod keylist;
pub mod link;
pub mod order;
pub mod party;
pub mod refusal;
pub mod signed;
pub mod ticket;
pub mod time;

pub use act::{Act, Decision};
pub use entity::Entity;
pub use refusal::{Position, Refusal};
pub use signed::{Digest, Signed};
pub use time::{Clock, Timestamp};
