//! Sealed storage: every object the zone keeps is an envelope, opened only in the chunks that are read.
//!
//! Knows envelopes, object stores and Parquet; no contract, no query, no order.

mod artefact;
mod meter;
mod read;
mod store;
mod table;
mod upload;

pub use artefact::{SealedFile, read_artefact, write_artefact, write_sealed};
pub use meter::Meter;
pub use store::SealedStore;
pub use table::{table, table_at};

use crypto::Context;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

/// Version of the objects at their paths. Objects are written once; a new version gets a new path.
const OBJECT_VERSION: &str = "1";

/// Where an object belongs: it opens only when found at this path of this scope (resource or authorisation).
#[must_use]
pub fn context(deployment: &str, scope: &str, object: &str) -> Context {
    Context {
        deployment: deployment.to_owned(),
        resource: scope.to_owned(),
        object: object.to_owned(),
        version: OBJECT_VERSION.to_owned(),
    }
}

/// How sealed Parquet is written.
#[must_use]
pub fn parquet_properties(row_group_rows: usize) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(row_group_rows))
        .set_created_by("yunyu".to_owned())
        .build()
}

/// What can go wrong with a sealed object. No text carries a value.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The object does not open or seal.
    #[error(transparent)]
    Crypto(#[from] crypto::CryptoError),
    /// Reading or writing failed.
    #[error("reading or writing failed: {}", .0.kind())]
    Io(#[from] std::io::Error),
    /// The store refused.
    #[error("the object store failed")]
    Store(#[source] object_store::Error),
    /// The opened bytes are no Parquet of the expected shape.
    #[error("the opened object is no table")]
    NoTable,
}

#[cfg(test)]
pub(crate) mod tests;
