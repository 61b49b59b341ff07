//! Small sealed objects of the node: artefacts, gate reports, released products. One object is one envelope bound to its
//! deployment, scope and path; it is written under a temporary name, synced and renamed. Parquet inside, for tables.

use super::error::NodeError;
use super::journal::sync_parent;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use crypto::{Context, KeyId, KeyProvider, open_object, seal_writer};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Where objects lie and how they are bound.
pub(crate) struct Vault<'a> {
    /// Folder of all objects.
    pub(crate) root: &'a Path,
    pub(crate) deployment: &'a str,
    pub(crate) keys: &'a dyn KeyProvider,
}

impl Vault<'_> {
    fn context(&self, scope: &str, object: &str) -> Context {
        Context {
            deployment: self.deployment.to_owned(),
            resource: scope.to_owned(),
            object: object.to_owned(),
            version: "1".to_owned(),
        }
    }

    /// Writes bytes as the object `object` of `scope`; a second write of the same object replaces it.
    pub(crate) fn write(&self, scope: &str, key: &KeyId, object: &str, plain: &[u8]) -> Result<(), NodeError> {
        let path = self.root.join(object);
        let folder = path.parent().unwrap_or(self.root);
        let io = NodeError::io;
        fs::create_dir_all(folder).map_err(io("creating an object's folder"))?;
        let temp = path.with_extension("part");
        let file = File::create(&temp).map_err(io("writing an object"))?;
        let mut sealed = seal_writer(BufWriter::new(file), self.keys, key, &self.context(scope, object))?;
        sealed.write_all(plain).map_err(io("writing an object"))?;
        let file = sealed.finish()?.into_inner().map_err(|e| io("writing an object")(e.into_error()))?;
        file.sync_all().map_err(io("writing an object"))?;
        fs::rename(&temp, &path).map_err(io("publishing an object"))?;
        sync_parent(&path)?;
        sync_parent(folder)
    }

    /// Reads an object; one that was moved, swapped or changed does not open.
    pub(crate) fn read(&self, scope: &str, object: &str) -> Result<Vec<u8>, NodeError> {
        let sealed = fs::read(self.root.join(object)).map_err(NodeError::io("reading an object"))?;
        Ok(open_object(&sealed, self.keys, &self.context(scope, object))?)
    }

    /// Writes a table.
    pub(crate) fn write_table(
        &self,
        (scope, key, object): (&str, &KeyId, &str),
        schema: &SchemaRef,
        batches: &[RecordBatch],
    ) -> Result<(), NodeError> {
        let broken = |_| NodeError::Config("a table cannot be written");
        let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), None).map_err(broken)?;
        for batch in batches {
            writer.write(batch).map_err(broken)?;
        }
        let bytes = writer.into_inner().map_err(broken)?;
        self.write(scope, key, object, &bytes)
    }

    /// Reads a table.
    pub(crate) fn read_table(&self, scope: &str, object: &str) -> Result<(SchemaRef, Vec<RecordBatch>), NodeError> {
        let broken = || NodeError::Config("a table cannot be read");
        let bytes = Bytes::from(self.read(scope, object)?);
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|_| broken())?;
        let schema = builder.schema().clone();
        let batches = builder.build().map_err(|_| broken())?.collect::<Result<Vec<_>, _>>().map_err(|_| broken())?;
        Ok((schema, batches))
    }
}
