//! A multipart upload sealed on the way: plain parts in, parts of one envelope out.

use super::read::fault;
use async_trait::async_trait;
use crypto::SealWriter;
use futures::FutureExt;
use object_store::{Error, MultipartUpload, PutPayload, PutResult, Result, UploadPart};
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// Sealed bytes that are not yet handed to the store below.
#[derive(Clone, Default)]
pub(super) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::Error::other("upload"))?.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn take(&self) -> Vec<u8> {
        self.0.lock().map(|mut b| std::mem::take(&mut *b)).unwrap_or_default()
    }

    fn len(&self) -> usize {
        self.0.lock().map(|b| b.len()).unwrap_or_default()
    }
}

/// Two handles of one buffer: one to write into, one to take from.
pub(super) fn buffer() -> (Buffer, Buffer) {
    let buffer = Buffer::default();
    (buffer.clone(), buffer)
}

/// Least size of a part for the stores that have one.
const PART: usize = 5 << 20;

/// The upload. Parts are sealed in the order of the calls.
pub(super) struct SealedUpload {
    inner: Box<dyn MultipartUpload>,
    writer: Option<SealWriter<Buffer>>,
    sealed: Buffer,
}

impl SealedUpload {
    pub(super) fn new(inner: Box<dyn MultipartUpload>, writer: SealWriter<Buffer>, sealed: Buffer) -> Self {
        Self { inner, writer: Some(writer), sealed }
    }

    fn seal(&mut self, data: &PutPayload) -> io::Result<()> {
        let writer = self.writer.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        for piece in data {
            writer.write_all(piece)?;
        }
        Ok(())
    }
}

impl fmt::Debug for SealedUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedUpload")
    }
}

#[async_trait]
impl MultipartUpload for SealedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        if let Err(error) = self.seal(&data) {
            self.writer = None;
            return async move { Err(fault(error.into())) }.boxed();
        }
        if self.sealed.len() < PART {
            return async { Ok(()) }.boxed();
        }
        self.inner.put_part(self.sealed.take().into())
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let gone = || Error::Generic { store: "sealed", source: "an earlier part failed".into() };
        let writer = self.writer.take().ok_or_else(gone)?;
        writer.finish().map_err(fault)?;
        let rest = self.sealed.take();
        self.inner.put_part(rest.into()).await?;
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.writer = None;
        self.sealed.take();
        self.inner.abort().await
    }
}
