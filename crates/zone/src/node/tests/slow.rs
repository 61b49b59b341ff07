//! Slow callers at the endpoint: a stalled upload ends and leaves nothing behind, one that makes progress arrives.

use super::live::{Node, Platform};
use super::world::World;
use crate::node::{PROOF_HEADER, TICKET_HEADER};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures::StreamExt;
use listen::Patience;
use model::order::ReportOutcome;
use model::ticket::{PROOF_TYPE, TICKET_TYPE, TicketPurpose};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

const PATIENCE: Patience = Patience { head: Duration::from_millis(500), body: Duration::from_millis(500) };

/// Uploads a batch piece by piece with a pause before each, and after the last never ends if `stall`.
pub(super) async fn upload(
    node: &Node,
    batch: &str,
    pieces: Vec<&'static str>,
    pause: Duration,
    stall: bool,
) -> Option<u16> {
    let world = &node.platform.world;
    let path = format!("/data/v1/batches/{batch}");
    let ticket = node.ticket("provider", TicketPurpose::Upload { resource: "res_1".into(), batch: batch.into() });
    let proof = world.sign(&world.people["provider"].key, PROOF_TYPE, node.proof(&ticket, "PUT", &path));
    let ticket = world.sign(&world.platform, TICKET_TYPE, ticket);
    let body = futures::stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes()))
    });
    let silence = futures::stream::pending().take(usize::from(stall));
    let answer = node
        .client
        .put(format!("{}{path}", node.url))
        .header(TICKET_HEADER, BASE64.encode(crypto::canonical(&ticket).unwrap()))
        .header(PROOF_HEADER, BASE64.encode(crypto::canonical(&proof).unwrap()))
        .body(reqwest::Body::wrap_stream(body.chain(silence)))
        .send();
    let answer = tokio::time::timeout(Duration::from_secs(10), answer).await.expect("the upload is cut off");
    answer.ok().map(|a| a.status().as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_upload_is_cut_and_a_slow_one_is_not() {
    let platform = Platform::start(Arc::new(World::new())).await;
    platform.give(platform.world.order(1, "case_1", platform.world.resource()));
    let node = Node::start(&platform, |c| c.limits.patience = PATIENCE).await;
    platform.wait(|o| *o == ReportOutcome::Applied).await;

    let head = "citizen_id,district,secret\n";
    let began = Instant::now();
    let cut = upload(&node, "bat_1", vec![head, "1,A,x\n"], Duration::ZERO, true).await;
    assert!(cut.is_none_or(|status| status != 200) && began.elapsed() >= PATIENCE.body, "{cut:?}");
    assert!(!platform.reports().iter().any(|r| matches!(r.outcome, ReportOutcome::BatchStored { .. })));

    // The same batch, whole and slowly: nothing of the first try is in the way.
    let began = Instant::now();
    let rows = vec![head, "1,A,x\n", "2,B,y\n", "3,C,z\n", "4,D,z\n"];
    assert_eq!(upload(&node, "bat_1", rows, PATIENCE.body / 2, false).await, Some(200));
    assert!(began.elapsed() > PATIENCE.head + PATIENCE.body);
    let report = platform.wait(|o| matches!(o, ReportOutcome::BatchStored { .. })).await;
    assert!(matches!(report.outcome, ReportOutcome::BatchStored { rows: 4, .. }));

    let address = node.url.trim_start_matches("http://").to_owned();
    let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(10), silent.read_to_end(&mut Vec::new())).await;
    assert!(end.is_ok(), "a silent connection is still open");
    node.stop().await;
}
