//! A download that ends when it may no longer go on. A caller who reads slowly would otherwise be served for as long as
//! they please after a suspension: each piece is asked for anew.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use std::io;

/// Bytes sent between two looks at whether the caller may have more.
const PIECE: usize = 64 << 10;

/// The bytes as a body that breaks off once `may` says no. The caller sees a download that is shorter than announced.
pub(crate) fn body(bytes: Bytes, may: impl Fn() -> bool + Send + 'static) -> Body {
    Body::from_stream(stream::unfold(Some(bytes), move |left| {
        let piece = next(left, &may);
        async move { piece }
    }))
}

type Piece = (Result<Bytes, io::Error>, Option<Bytes>);

fn next(left: Option<Bytes>, may: &impl Fn() -> bool) -> Option<Piece> {
    let mut left = left.filter(|bytes| !bytes.is_empty())?;
    if !may() {
        return Some((Err(io::Error::new(io::ErrorKind::PermissionDenied, "no longer permitted")), None));
    }
    let piece = left.split_to(left.len().min(PIECE));
    Some((Ok(piece), Some(left)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn a_download_breaks_off_when_it_may_not_go_on() {
        let bytes = Bytes::from(vec![7; 3 * PIECE + 1]);
        let may = Arc::new(AtomicBool::new(true));
        let whole = axum::body::to_bytes(body(bytes.clone(), || true), usize::MAX).await.unwrap();
        assert_eq!(whole, bytes);
        let asked = may.clone();
        let mut stream = body(bytes, move || asked.load(Ordering::SeqCst)).into_data_stream();
        assert_eq!(stream.next().await.unwrap().unwrap().len(), PIECE);
        may.store(false, Ordering::SeqCst);
        assert!(stream.next().await.unwrap().is_err());
        assert!(stream.next().await.is_none());
    }
}
