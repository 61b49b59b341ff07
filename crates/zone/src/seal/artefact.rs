//! Sealed files that the zone makes itself: a job's result, a released product, a report. Written once, whole or not
//! at all.

use super::{SealError, context, parquet_properties};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use crypto::{KeyId, KeyProvider, SealWriter, open_file, seal_writer};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;

const ROW_GROUP_ROWS: usize = 1 << 17;

/// The place of a sealed file and the key it lies under.
#[derive(Clone, Copy)]
pub struct SealedFile<'a> {
    /// Folder of the store.
    pub root: &'a Path,
    /// Object path below it.
    pub object: &'a str,
    /// Deployment.
    pub deployment: &'a str,
    /// Resource or authorisation.
    pub scope: &'a str,
    /// Keys.
    pub provider: &'a dyn KeyProvider,
}

/// Writes a sealed file: durable, and visible only when complete. An older file of that path is replaced.
///
/// # Errors
/// [`SealError`]; nothing is left behind then.
pub fn write_sealed<T>(
    place: SealedFile<'_>,
    key: &KeyId,
    write: impl FnOnce(&mut dyn Write) -> Result<T, SealError>,
) -> Result<T, SealError> {
    let target = place.root.join(place.object);
    let parent = target.parent().unwrap_or(place.root);
    fs::create_dir_all(parent)?;
    let staging = parent.join(format!("{}{}", crate::intake::STAGING, crypto::random_hex(8)?));
    let done = seal_into(&staging, place, key, write).and_then(|value| {
        fs::rename(&staging, &target)?;
        File::open(parent)?.sync_all()?;
        Ok(value)
    });
    if done.is_err() {
        // The first error is the one to tell; a leftover is swept at the next start.
        let _ = fs::remove_file(&staging);
    }
    done
}

fn seal_into<T>(
    staging: &Path,
    place: SealedFile<'_>,
    key: &KeyId,
    write: impl FnOnce(&mut dyn Write) -> Result<T, SealError>,
) -> Result<T, SealError> {
    let out = BufWriter::with_capacity(1 << 17, File::create_new(staging)?);
    let mut sealed: SealWriter<_> =
        seal_writer(out, place.provider, key, &context(place.deployment, place.scope, place.object))?;
    let value = write(&mut sealed)?;
    let file = sealed.finish()?.into_inner().map_err(|e| SealError::Io(e.into_error()))?;
    file.sync_all()?;
    Ok(value)
}

/// Writes record batches as sealed Parquet.
///
/// # Errors
/// [`SealError`].
pub fn write_artefact(
    place: SealedFile<'_>,
    key: &KeyId,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<(), SealError> {
    write_sealed(place, key, |out| {
        // A result is small enough to be encoded in memory before it is sealed.
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, SchemaRef::clone(schema), Some(parquet_properties(ROW_GROUP_ROWS)))
                .map_err(|_| SealError::NoTable)?;
        for batch in batches {
            writer.write(batch).map_err(|_| SealError::NoTable)?;
        }
        writer.close().map_err(|_| SealError::NoTable)?;
        Ok(out.write_all(&bytes)?)
    })
}

/// Reads a sealed Parquet file whole.
///
/// # Errors
/// [`SealError`].
pub fn read_artefact(place: SealedFile<'_>) -> Result<(SchemaRef, Vec<RecordBatch>), SealError> {
    let file = File::open(place.root.join(place.object))?;
    let reader = open_file(file, place.provider, &context(place.deployment, place.scope, place.object))?;
    let mut bytes = Vec::with_capacity(usize::try_from(reader.plain_len()).unwrap_or_default());
    reader.into_stream().read_to_end(&mut bytes)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(|_| SealError::NoTable)?;
    let schema = SchemaRef::clone(builder.schema());
    let batches = builder.build().map_err(|_| SealError::NoTable)?.collect::<Result<Vec<_>, _>>();
    Ok((schema, batches.map_err(|_| SealError::NoTable)?))
}
