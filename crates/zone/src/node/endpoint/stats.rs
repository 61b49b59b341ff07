//! Liveness and figures, without names: counts by status and by code of refusal only.

use super::App;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Counters of one process.
#[derive(Default)]
pub(crate) struct Stats {
    ok: AtomicU64,
    refused_calls: AtomicU64,
    failed: AtomicU64,
    /// Since the last leaf about them, by code.
    pub(crate) refused: Mutex<BTreeMap<String, u64>>,
}

impl Stats {
    pub(crate) fn answered(&self, status: StatusCode) {
        let counter = match status.as_u16() {
            0..=399 => &self.ok,
            400..=499 => &self.refused_calls,
            _ => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether the node serves: 200 while the link lives, 503 while it does not.
pub(crate) async fn healthz(State(app): State<Arc<App>>) -> Response {
    let now = app.core.time.now();
    let link = app.core.read(|s| app.core.leases.check_link(s, now));
    let (status, word) = match &link {
        Ok(()) => (StatusCode::OK, "ok"),
        Err(refusal) => (StatusCode::SERVICE_UNAVAILABLE, refusal.code.as_str()),
    };
    let body = json!({"status": word, "clock": app.core.cfg.trust.clock});
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Prometheus text format.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut out = String::new();
    let s = &app.stats;
    let calls = [("answered", &s.ok), ("refused", &s.refused_calls), ("failed", &s.failed)];
    out.push_str(
        "# HELP yunyu_zone_calls_total Calls to the endpoint by result.\n# TYPE yunyu_zone_calls_total counter\n",
    );
    for (result, n) in calls {
        let _ = writeln!(out, "yunyu_zone_calls_total{{result=\"{result}\"}} {}", n.load(Ordering::Relaxed));
    }
    let figures = app.core.read(|s| {
        [
            ("order_sequence", s.order_seq),
            ("reports_waiting", s.outbox.len() as u64),
            ("log_leaves", s.leaves),
            ("batches", s.batches.len() as u64),
            ("segments", s.segments),
        ]
    });
    for (name, n) in figures {
        let _ = writeln!(out, "# TYPE yunyu_zone_{name} gauge\nyunyu_zone_{name} {n}");
    }
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], out).into_response()
}
