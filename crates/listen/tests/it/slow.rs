//! Who keeps a connection open and sends nothing is cut off; who makes progress is not.

use crate::{PATIENCE, start};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends pieces with pauses, then waits for the server's end of the connection.
async fn say(to: SocketAddr, pieces: &[&str], pause: Duration) -> (String, Duration) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let began = Instant::now();
    for piece in pieces {
        if stream.write_all(piece.as_bytes()).await.is_err() {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    let mut heard = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut heard)).await;
    assert!(end.is_ok(), "the connection is still open after ten seconds");
    (String::from_utf8_lossy(&heard).into_owned(), began.elapsed())
}

#[tokio::test]
async fn a_silent_connection_is_cut() {
    let (heard, took) = say(start(None), &[], Duration::ZERO).await;
    assert!(!heard.contains("200"), "{heard}");
    assert!(took >= PATIENCE.head && took < PATIENCE.head * 5, "{took:?}");
}

#[tokio::test]
async fn headers_that_trickle_get_no_longer() {
    let pieces = ["GET / HT", "TP/1.1\r\n", "Host: x\r\n", "A: 1\r\n", "B: 2\r\n", "C: 3\r\n", "\r\n"];
    let (heard, _) = say(start(None), &pieces, PATIENCE.head / 3).await;
    assert!(!heard.contains("here"), "{heard}");
}

#[tokio::test]
async fn a_connection_kept_after_an_answer_is_cut() {
    let (heard, took) = say(start(None), &["GET / HTTP/1.1\r\nHost: x\r\n\r\n"], Duration::ZERO).await;
    assert!(heard.contains("here") && took >= PATIENCE.head, "{heard} {took:?}");
}

#[tokio::test]
async fn a_body_that_stops_is_cut() {
    let (heard, took) =
        say(start(None), &["PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", "abc"], Duration::ZERO).await;
    assert!(!heard.contains("200 OK"), "{heard}");
    assert!(took >= PATIENCE.body, "{took:?}");
}

#[tokio::test]
async fn an_upload_that_makes_progress_is_not_cut() {
    let head = "PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\n";
    let pieces = [head, "a", "b", "c", "d", "e", "f", "g", "h"];
    let (heard, took) = say(start(None), &pieces, PATIENCE.body / 2).await;
    assert!(heard.starts_with("HTTP/1.1 200 OK") && heard.ends_with("\r\n\r\n8"), "{heard}");
    assert!(took > PATIENCE.head * 3, "{took:?}");
}

#[tokio::test]
async fn an_answer_that_takes_long_is_not_cut() {
    let head = "PUT /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\na";
    let (heard, _) = say(start(None), &[head], Duration::ZERO).await;
    assert!(heard.ends_with("late"), "{heard}");
}
