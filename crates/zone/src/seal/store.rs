//! An object store whose objects are sealed: callers see plain bytes and plain lengths, the store below sees envelopes.
//!
//! An object is bound to its path, so copying re-seals; a stored object moved by other means does not open.

use super::upload::SealedUpload;
use super::{context, read};
use async_trait::async_trait;
use bytes::Bytes;
use crypto::{Context, CryptoError, KeyId, KeyProvider, Opened, SealWriter, seal_writer};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, coalesce_ranges,
};
use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Plain bytes opened at once when an object is streamed.
const WINDOW: u64 = 16 * crypto::CHUNK as u64;
/// Opened objects remembered.
const REMEMBERED: usize = 256;

/// Objects of one scope (a resource or an authorisation) of one deployment, sealed.
#[derive(Clone)]
pub struct SealedStore {
    inner: Arc<dyn ObjectStore>,
    provider: Arc<dyn KeyProvider>,
    key: Option<KeyId>,
    deployment: String,
    scope: String,
    opened: Arc<Mutex<HashMap<Path, Remembered>>>,
}

/// An opened object, valid as long as the stored one looks the same.
#[derive(Clone)]
struct Remembered {
    stored: ObjectMeta,
    opened: Arc<Opened>,
}

impl fmt::Debug for SealedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedStore({})", self.scope)
    }
}

impl fmt::Display for SealedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedStore({})", self.scope)
    }
}

impl SealedStore {
    /// Wraps a store. Without `key` it only reads.
    #[must_use]
    pub fn new(
        inner: Arc<dyn ObjectStore>,
        provider: Arc<dyn KeyProvider>,
        key: Option<KeyId>,
        deployment: &str,
        scope: &str,
    ) -> Self {
        let opened = Arc::default();
        Self { inner, provider, key, deployment: deployment.to_owned(), scope: scope.to_owned(), opened }
    }

    /// Objects in a local folder.
    ///
    /// # Errors
    /// The folder does not exist.
    pub fn local(
        root: &std::path::Path,
        provider: Arc<dyn KeyProvider>,
        key: Option<KeyId>,
        deployment: &str,
        scope: &str,
    ) -> Result<Self> {
        let inner = Arc::new(LocalFileSystem::new_with_prefix(root)?);
        Ok(Self::new(inner, provider, key, deployment, scope))
    }

    fn context(&self, location: &Path) -> Context {
        context(&self.deployment, &self.scope, location.as_ref())
    }

    /// The opened object and its plain metadata.
    async fn open(&self, location: &Path) -> Result<(Arc<Opened>, ObjectMeta)> {
        let stored = self.inner.get_opts(location, GetOptions { head: true, ..GetOptions::default() }).await?.meta;
        let remembered = self.opened.lock().ok().and_then(|map| map.get(location).cloned());
        let opened = match remembered {
            Some(known) if known.stored == stored => known.opened,
            _ => {
                let context = self.context(location);
                let opened = Arc::new(read::open(&self.inner, &stored, self.provider.as_ref(), &context).await?);
                self.remember(location, &stored, &opened);
                opened
            }
        };
        let size = opened.plain_len();
        Ok((opened, ObjectMeta { size, ..stored }))
    }

    fn remember(&self, location: &Path, stored: &ObjectMeta, opened: &Arc<Opened>) {
        if let Ok(mut map) = self.opened.lock() {
            if map.len() >= REMEMBERED {
                map.clear();
            }
            map.insert(location.clone(), Remembered { stored: stored.clone(), opened: Arc::clone(opened) });
        }
    }

    fn writer<W: Write>(&self, out: W, location: &Path) -> Result<SealWriter<W>> {
        let key = self.key.as_ref().ok_or_else(|| read::fault(CryptoError::Unsupported("seal")))?;
        seal_writer(out, self.provider.as_ref(), key, &self.context(location)).map_err(read::fault)
    }

    /// The plain range as a stream of windows.
    fn stream(&self, location: Path, opened: Arc<Opened>, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
        let inner = Arc::clone(&self.inner);
        stream::try_unfold(range.start, move |at| {
            let (inner, location, opened) = (Arc::clone(&inner), location.clone(), Arc::clone(&opened));
            let end = (at + WINDOW - at % WINDOW).min(range.end);
            async move {
                if at >= end {
                    return Ok(None);
                }
                let bytes = read::plain(&inner, &location, &opened, at..end).await?;
                Ok(Some((bytes, end)))
            }
        })
        .boxed()
    }

    async fn plain_meta(&self, stored: ObjectMeta) -> Result<ObjectMeta> {
        Ok(self.open(&stored.location).await?.1)
    }
}

#[async_trait]
impl ObjectStore for SealedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let mut writer = self.writer(Vec::with_capacity(payload.content_length() + 1024), location)?;
        for piece in &payload {
            writer.write_all(piece).map_err(|e| read::fault(e.into()))?;
        }
        let sealed = writer.finish().map_err(read::fault)?;
        self.inner.put_opts(location, sealed.into(), opts).await
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let (out, sealed) = super::upload::buffer();
        let writer = self.writer(out, location)?;
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        Ok(Box::new(SealedUpload::new(inner, writer, sealed)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (opened, meta) = self.open(location).await?;
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => {
                range.as_range(meta.size).map_err(|e| Error::Generic { store: "sealed", source: Box::new(e) })?
            }
            None => 0..meta.size,
        };
        let wanted = if options.head { 0..0 } else { range.clone() };
        let payload = GetResultPayload::Stream(self.stream(location.clone(), opened, wanted));
        Ok(GetResult { payload, meta, range, attributes: Default::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (opened, _) = self.open(location).await?;
        let fetch = |range: Range<u64>| {
            let opened = Arc::clone(&opened);
            async move { read::plain(&self.inner, location, &opened, range).await }
        };
        coalesce_ranges(ranges, fetch, OBJECT_STORE_COALESCE_DEFAULT).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let store = self.clone();
        let plain = move |meta| {
            let store = store.clone();
            async move { store.plain_meta(meta).await }
        };
        self.inner.list(prefix).and_then(plain).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut found = self.inner.list_with_delimiter(prefix).await?;
        for meta in &mut found.objects {
            *meta = self.plain_meta(meta.clone()).await?;
        }
        Ok(found)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let bytes = self.get_opts(from, GetOptions::default()).await?.bytes().await?;
        let mode = match options.mode {
            CopyMode::Overwrite => PutMode::Overwrite,
            CopyMode::Create => PutMode::Create,
        };
        self.put_opts(to, bytes.into(), PutOptions { mode, ..PutOptions::default() }).await.map(|_| ())
    }
}
