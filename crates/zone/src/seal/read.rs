//! Reading ranges of sealed objects over any object store.

use bytes::Bytes;
use crypto::{Context, CryptoError, KeyProvider, MAX_HEADER, Opened, open_header};
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStore, Result};
use std::ops::Range;

/// An envelope fault as an error of the store.
pub(super) fn fault(error: CryptoError) -> Error {
    Error::Generic { store: "sealed", source: Box::new(error) }
}

/// Stored bytes of a range.
pub(super) async fn stored(inner: &dyn ObjectStore, location: &Path, range: Range<u64>) -> Result<Bytes> {
    if range.is_empty() {
        return Ok(Bytes::new());
    }
    let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
    inner.get_opts(location, options).await?.bytes().await
}

/// Opens the key of an object and checks its header, context and tail.
pub(super) async fn open(
    inner: &dyn ObjectStore,
    meta: &ObjectMeta,
    provider: &dyn KeyProvider,
    context: &Context,
) -> Result<Opened> {
    let head = stored(inner, &meta.location, 0..meta.size.min(MAX_HEADER as u64)).await?;
    let header = open_header(&head).map_err(fault)?;
    let opened = Opened::new(&header, meta.size, provider, context).map_err(fault)?;
    let tail = stored(inner, &meta.location, opened.tail_range()).await?;
    opened.check_tail(&tail).map_err(fault)?;
    Ok(opened)
}

/// Plain bytes of a range.
pub(super) async fn plain(
    inner: &dyn ObjectStore,
    location: &Path,
    opened: &Opened,
    range: Range<u64>,
) -> Result<Bytes> {
    let sealed = stored(inner, location, opened.sealed_range(&range).map_err(fault)?).await?;
    // The store's own buffer is opened in, if nobody else holds it.
    let sealed = sealed.try_into_mut().map_or_else(|shared| shared.to_vec(), Vec::from);
    opened.open_range(&range, sealed).map(Bytes::from).map_err(fault)
}
