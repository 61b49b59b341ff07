//! The platform's HTTP server: routes, limits, security headers, metrics, the API document, TLS when not on loopback.

use crate::problem::WebError;
use crate::state::WebState;
use crate::{api, console, log_files, public};
use app::AppError;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use listen::{Patience, TlsFiles};
use std::net::SocketAddr;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;

/// The API document's head.
#[derive(OpenApi)]
#[openapi(info(
    title = "Yunyu platform",
    description = "Authorised operation of public data: parties, catalogue, procedures, products, orders, audit. \
        Records never pass here; they pass at the zone's endpoint under a ticket."
))]
struct ApiDoc;

/// All routes over the shared state, and the OpenAPI document.
pub fn router(state: WebState) -> Router {
    let (routes, document) =
        utoipa_axum::router::OpenApiRouter::with_openapi(ApiDoc::openapi()).merge(api::routes()).split_for_parts();
    let document = document.to_json().unwrap_or_default();
    routes
        .route("/api/v1/openapi.json", get(move || async move { json(document) }))
        .route(model::link::ORDERS_PATH, get(api::zone_link::get_orders))
        .route(model::link::REPORTS_PATH, post(api::zone_link::post_reports))
        .route("/log/{*name}", get(log_files::get))
        .merge(public::routes())
        .route("/console", get(console::to_console))
        .route("/console/", get(console::page))
        .route("/console/{*path}", get(console::file))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .fallback(|| async { WebError(AppError::NotFound("route")) })
        .method_not_allowed_fallback(|| async { WebError(wrong_method()) })
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            WebError(AppError::bug("a handler panicked")).into_response()
        }))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .layer(fixed(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
             frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        ))
        .with_state(state)
}

fn wrong_method() -> AppError {
    let zh = "该路径不支持此方法；可用的方法见响应头 Allow。";
    let en = "This path does not take this method; the header Allow names those it takes.";
    AppError::usage("method-not-allowed", "method", zh, en)
}

/// The OpenAPI document, for checks and the committed copy.
pub fn openapi() -> String {
    let (_, document) =
        utoipa_axum::router::OpenApiRouter::with_openapi(ApiDoc::openapi()).merge(api::routes()).split_for_parts();
    document.to_pretty_json().unwrap_or_default()
}

fn fixed(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

fn json(document: String) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document)
}

async fn health(State(s): State<WebState>) -> impl IntoResponse {
    match s.app.store.last_order_seq().await {
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}

async fn metrics(State(s): State<WebState>) -> String {
    s.metrics.render()
}

/// Serves until `stop` resolves; slow callers are cut off, running requests may end.
pub async fn serve(
    state: WebState,
    listen: SocketAddr,
    tls: Option<TlsFiles>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = listen::bind(listen)?;
    listen::serve(listener, router(state), tls.as_ref(), Patience::default(), stop).await
}

#[cfg(test)]
mod tests {
    /// The committed API document is what the program serves. Run with `YUNYU_WRITE_OPENAPI=1` to write it anew.
    #[test]
    fn the_committed_document_is_true() -> std::io::Result<()> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let now = super::openapi() + "\n";
        if std::env::var_os("YUNYU_WRITE_OPENAPI").is_some() {
            std::fs::write(path, &now)?;
        }
        assert_eq!(std::fs::read_to_string(path)?, now, "docs/openapi.json is old");
        Ok(())
    }
}
