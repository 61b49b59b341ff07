//! The intake's part of an upload.

use super::core::Core;
use super::endpoint::batch::Progress;
use super::error::NodeError;
use super::record::StoredBatch;
use super::refuse;
use bytes::Bytes;
use model::Refusal;
use model::ids::BatchId;
use model::order::ResourceSpec;
use std::io::Read;

pub(crate) fn store_batch(
    _core: &Core,
    _spec: &ResourceSpec,
    _batch: &BatchId,
    _reader: impl Read,
    _progress: &Progress,
) -> Result<StoredBatch, Refusal> {
    Err(refuse::broken())
}

pub(crate) fn set_aside(_core: &Core, _stored: &StoredBatch) -> Result<Bytes, NodeError> {
    Err(NodeError::Config("not yet"))
}
