//! Domain types and decisions of the platform.
//!
//! Pure: the clock comes in as a value; this crate reads no file, database, environment or clock,
//! and knows no city: cities differ only in `packs/`.

pub mod act;
pub mod case;
pub mod entity;
pub mod ids;
pub mod keylist;
pub mod leaf_kind;
pub mod link;
pub mod money;
pub mod object;
pub mod order;
pub mod pack;
pub mod party;
pub mod procedure;
pub mod quorum;
pub mod record;
pub mod refusal;
pub mod retention;
pub mod signed;
pub mod storage;
pub mod ticket;
pub mod time;
pub mod usable;

pub use act::{Act, Decision};
pub use case::{Actor, Case, Command, Outcome};
pub use entity::Entity;
pub use money::Fen;
pub use pack::Pack;
pub use procedure::{Facts, check_opening, decide, due_steps, open_case, visible_history};
pub use quorum::check_quorum;
pub use refusal::{Position, Refusal};
pub use signed::{Digest, Signed};
pub use storage::storage_words;
pub use time::{Clock, Timestamp};
pub use usable::check_usable;
