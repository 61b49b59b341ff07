//! A running node and the platform it talks to, in one process over loopback.

use super::world::{DEPLOYMENT, World};
use crate::node::config::NodeConfig;
use crate::node::endpoint::{PROOF_HEADER, TICKET_HEADER};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::PublicKey;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use model::keylist::KeyList;
use model::link::{
    AT_HEADER, ClockMark, KEY_HEADER, LinkReply, NONCE_HEADER, ReportBatch, ReportReceipt, SIGNATURE_HEADER,
    ZONE_REQUEST_TYPE, ZoneRequest,
};
use model::order::{ReportOutcome, WorkOrder, ZoneReport};
use model::ticket::{LEASE_TYPE, Lease, PROOF_TYPE, Proof, TICKET_TYPE, Ticket, TicketHolder, TicketPurpose};
use model::{Digest, Signed, Timestamp};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What the platform of a test says.
#[derive(Default)]
pub struct Said {
    pub lists: Vec<Signed<KeyList>>,
    pub orders: Vec<Signed<WorkOrder>>,
    pub authorisations: Vec<String>,
    pub ended: Vec<String>,
    pub clock: Option<Signed<ClockMark>>,
    pub lost: bool,
    pub reports: Vec<Signed<ZoneReport>>,
    /// Newest checkpoint of the zone's log.
    pub checkpoint: Option<String>,
    /// Checkpoint of its own log.
    pub note: Option<String>,
    /// Proof that it extends what the zone has anchored.
    pub growth: Vec<String>,
    /// Says a lower number than it stores, so that reports come twice.
    pub forgetful: bool,
}

pub struct Platform {
    pub world: Arc<World>,
    pub said: Mutex<Said>,
    pub url: String,
    /// Product answers that consumers got.
    pub delivered: AtomicU64,
}

impl Platform {
    pub async fn start(world: Arc<World>) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let said = Said {
            lists: vec![world.key_list(1)],
            authorisations: vec!["auth_1".into()],
            ended: Vec::new(),
            clock: Some(world.clock_mark(1, 0)),
            ..Said::default()
        };
        let platform = Arc::new(Self { world, said: Mutex::new(said), url, delivered: AtomicU64::default() });
        let router = Router::new()
            .route("/zone/v1/orders", get(orders))
            .route("/zone/v1/reports", post(reports))
            .with_state(platform.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        platform
    }

    pub fn say<T>(&self, change: impl FnOnce(&mut Said) -> T) -> T {
        change(&mut self.said.lock().unwrap())
    }

    pub fn give(&self, order: Signed<WorkOrder>) {
        self.say(|s| s.orders.push(order));
    }

    pub fn reports(&self) -> Vec<ZoneReport> {
        self.say(|s| s.reports.iter().map(|r| r.body.clone()).collect())
    }

    /// Waits until a report satisfies `wanted`.
    pub async fn wait(&self, wanted: impl Fn(&ReportOutcome) -> bool) -> ZoneReport {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(report) = self.reports().into_iter().find(|r| wanted(&r.outcome)) {
                return report;
            }
            assert!(Instant::now() < end, "no such report among {:?}", self.reports());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until an order was answered.
    pub async fn answered(&self, order: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.reports().iter().any(|r| r.order.as_ref().is_some_and(|o| o.0 == order)) {
            assert!(Instant::now() < end, "{order} is not answered");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn lease(&self, said: &Said) -> Signed<Lease> {
        let now = self.world.now();
        let body = Lease {
            v: 1,
            deployment: DEPLOYMENT.into(),
            issued_at: now,
            until: now.plus_ms(60_000),
            authorisations: said.authorisations.iter().map(|a| a.as_str().into()).collect(),
            ended: said.ended.iter().map(|o| o.as_str().into()).collect(),
            order_seq: said.orders.last().map_or(0, |o| o.body.seq),
        };
        self.world.sign(&self.world.platform, LEASE_TYPE, body)
    }

    /// Every request of the zone is signed over method, path, time, nonce and body.
    fn check(&self, method: &str, path: &str, headers: &HeaderMap, body: &[u8]) {
        let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        let request = ZoneRequest {
            v: 1,
            method: method.into(),
            path_and_query: path.into(),
            at: Timestamp(text(AT_HEADER).parse().unwrap()),
            nonce: text(NONCE_HEADER),
            body: Digest(self.world.hash(body).to_string()),
        };
        let key: PublicKey = self.world.zone.public();
        assert_eq!(text(KEY_HEADER), key.key_id());
        key.verify(ZONE_REQUEST_TYPE, &request, &text(SIGNATURE_HEADER)).unwrap();
    }
}

async fn orders(State(p): State<Arc<Platform>>, parts: Parts) -> Response {
    p.check("GET", parts.uri.path_and_query().unwrap().as_str(), &parts.headers, b"");
    let query: std::collections::HashMap<_, u64> = parts
        .uri
        .query()
        .unwrap()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect();
    tokio::time::sleep(Duration::from_millis(query["wait"].min(20))).await;
    let reply = p.say(|s| {
        (!s.lost).then(|| LinkReply {
            v: 1,
            key_lists: s.lists.iter().filter(|l| l.body.number > query["key_list"]).cloned().collect(),
            orders: s.orders.iter().filter(|o| o.body.seq > query["after"]).cloned().collect(),
            lease: p.lease(s),
            clock: s.clock.clone(),
            platform_checkpoint: s.note.clone(),
            platform_growth: s.growth.clone(),
            acknowledged_report: s.reports.len() as u64,
        })
    });
    reply.map_or_else(|| StatusCode::SERVICE_UNAVAILABLE.into_response(), |r| axum::Json(r).into_response())
}

async fn reports(State(p): State<Arc<Platform>>, parts: Parts, body: Bytes) -> Response {
    p.check("POST", "/zone/v1/reports", &parts.headers, &body);
    let batch: ReportBatch = crypto::from_canonical(&body).unwrap();
    let number = p.say(|s| {
        for report in batch.reports {
            p.world.zone.public().verify(model::order::REPORT_TYPE, &report.body, &report.signature).unwrap();
            let stored = s.reports.len() as u64;
            assert!(report.body.seq <= stored + 1, "a gap in the reports");
            if report.body.seq == stored + 1 {
                s.reports.push(report);
            } else {
                assert_eq!(s.reports[report.body.seq as usize - 1], report, "a report was changed");
            }
        }
        s.checkpoint = batch.checkpoint.or(s.checkpoint.take());
        (!s.lost).then(|| s.reports.len() as u64 - u64::from(s.forgetful && !s.reports.is_empty()))
    });
    match number {
        Some(acknowledged_report) => {
            axum::Json(ReportReceipt { v: 1, acknowledged_report, zone_log: None }).into_response()
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// A running node.
pub struct Node {
    pub platform: Arc<Platform>,
    pub url: String,
    pub client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), crate::node::NodeError>>,
}

impl Node {
    pub async fn start(platform: &Arc<Platform>, change: impl FnOnce(&mut NodeConfig)) -> Self {
        let mut cfg = platform.world.config(&platform.url);
        // A test that moves the clock from the beginning on grants nothing.
        if !cfg.data.join("journal").exists()
            && platform.say(|s| s.clock.as_ref().is_some_and(|c| c.body.offset_ms == 0))
        {
            drop(platform.world.enrolled());
        }
        change(&mut cfg);
        let address = cfg.data.join("endpoint");
        let _ = std::fs::remove_file(&address);
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(crate::node::run(cfg, async {
            let _ = stopped.await;
        }));
        let end = Instant::now() + Duration::from_secs(20);
        let url = loop {
            if let Ok(address) = std::fs::read_to_string(&address) {
                break format!("http://{address}");
            }
            assert!(!task.is_finished() && Instant::now() < end, "the node does not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        // The node installs one too, but perhaps later than here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let node = Self { platform: platform.clone(), url, client, stop: Some(stop), task };
        node.linked().await;
        node
    }

    /// Waits until a lease is held.
    pub async fn linked(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.client.get(format!("{}/healthz", self.url)).send().await.unwrap().status() != 200 {
            assert!(Instant::now() < end, "the link does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn stop(mut self) {
        drop(self.stop.take());
        self.task.await.unwrap().unwrap();
    }

    /// Ends the node as a crash would: nothing runs on, nothing is flushed.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    pub fn ticket(&self, who: &str, purpose: TicketPurpose) -> Ticket {
        let w = &self.platform.world;
        let p = &w.people[who];
        Ticket {
            v: 1,
            deployment: DEPLOYMENT.into(),
            id: format!("tic_{}", crypto::random_hex(8).unwrap()).as_str().into(),
            purpose,
            holder: TicketHolder::Person { person: p.person.clone(), key: p.key.key_id() },
            org: p.org.clone(),
            not_before: w.now(),
            expires: w.now().plus_ms(300_000),
        }
    }

    pub fn proof(&self, ticket: &Ticket, method: &str, path: &str) -> Proof {
        Proof {
            v: 1,
            ticket: ticket.id.clone(),
            method: method.into(),
            path: path.split('?').next().unwrap().into(),
            at: self.platform.world.now(),
            nonce: crypto::random_hex(16).unwrap(),
        }
    }

    /// A call with everything in order.
    pub async fn call(
        &self,
        who: &str,
        purpose: TicketPurpose,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let w = &self.platform.world;
        let ticket = self.ticket(who, purpose);
        let proof = w.sign(&w.people[who].key, PROOF_TYPE, self.proof(&ticket, method, path));
        self.send(&w.sign(&w.platform, TICKET_TYPE, ticket), Some(&proof), method, path, body).await
    }

    pub async fn send(
        &self,
        ticket: &Signed<Ticket>,
        proof: Option<&Signed<Proof>>,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url)).body(body);
        request = request.header(TICKET_HEADER, BASE64.encode(crypto::canonical(ticket).unwrap()));
        if let Some(proof) = proof {
            request = request.header(PROOF_HEADER, BASE64.encode(crypto::canonical(proof).unwrap()));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.bytes().await.unwrap().to_vec())
    }
}

/// The stable code of a refused call.
pub fn code(answer: &(u16, Vec<u8>)) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.1).unwrap();
    for key in ["type", "title", "status"] {
        assert!(body.get(key).is_some(), "{key} is missing");
    }
    for key in ["rule", "article", "zh", "en"] {
        assert!(body["error"].get(key).is_some(), "{key} is missing");
    }
    body["error"]["code"].as_str().unwrap().to_owned()
}
