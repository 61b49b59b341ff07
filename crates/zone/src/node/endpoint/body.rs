//! A request body as a blocking reader for the intake, which runs on its own thread. A body that breaks off is an
//! error there, never an early end: half a file must not be taken for a whole one.

use super::batch::Progress;
use axum::body::{Body, BodyDataStream};
use bytes::{Buf, Bytes};
use futures::StreamExt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// Bytes and time for which a refused body is still taken in.
const DRAINED: usize = 256 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(30);

enum Piece {
    Bytes(Bytes),
    End,
}

/// The intake's end.
pub(crate) struct BodyReader {
    from: mpsc::Receiver<Piece>,
    rest: Bytes,
    ended: bool,
}

/// Starts moving a body towards a reader; at most a few pieces wait in between.
pub(crate) fn reader(body: Body, limit: u64, progress: Arc<Progress>) -> BodyReader {
    let (to, from) = mpsc::channel(8);
    tokio::spawn(async move {
        let mut stream = body.into_data_stream();
        let mut total = 0u64;
        while let Some(piece) = stream.next().await {
            // Dropping the sender without an end makes the reader fail.
            let Ok(bytes) = piece else { return };
            total += bytes.len() as u64;
            progress.bytes.store(total, Ordering::Relaxed);
            if total > limit || to.send(Piece::Bytes(bytes)).await.is_err() {
                drop(to);
                drain(stream).await;
                return;
            }
        }
        let _ = to.send(Piece::End).await;
    });
    BodyReader { from, rest: Bytes::new(), ended: false }
}

/// Takes in the rest of a refused body for a while: a caller who is still sending would otherwise see a broken connection
/// instead of the refusal.
pub(crate) fn discard(body: Body) {
    tokio::spawn(drain(body.into_data_stream()));
}

async fn drain(mut stream: BodyDataStream) {
    let read = async {
        let mut left = DRAINED;
        while let Some(Ok(bytes)) = stream.next().await {
            match left.checked_sub(bytes.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIME, read).await;
}

impl Read for BodyReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() && !self.ended {
            match self.from.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.rest = bytes,
                Some(Piece::End) => self.ended = true,
                None => return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the upload broke off")),
            }
        }
        let n = self.rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), self.rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.rest.advance(n);
        Ok(n)
    }
}
