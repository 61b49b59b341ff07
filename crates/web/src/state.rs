//! What handlers share.

use app::App;
use app::sequencer::LogHandle;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;

/// State of the platform's HTTP.
#[derive(Clone)]
pub struct WebState {
    /// The use cases.
    pub app: App,
    /// The log's newest checkpoint.
    pub log: LogHandle,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// Reads the machine's clock in milliseconds (the zone's requests are stamped with it).
    pub wall: Arc<dyn Fn() -> i64 + Send + Sync>,
}
