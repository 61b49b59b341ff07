//! Pages for anyone, without signing in and without script: products and fees, certificates, notices, the catalogue.
//! They show what the public API gives and nothing else.

mod catalogue;
mod certificates;
mod notices;
mod page;
mod products;

use crate::problem::WebError;
use crate::state::WebState;
use app::AppError;
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use page::{Lang, Page};

const STYLE: &str = include_str!("style.css");

/// Routes of the public pages.
pub fn routes() -> Router<WebState> {
    Router::new()
        .route("/", get(products::list))
        .route("/products/{product}", get(products::one))
        .route("/certificates", get(certificates::form))
        .route("/certificates/{number}", get(certificates::one))
        .route("/notices", get(notices::list))
        .route("/notices/{case}", get(notices::one))
        .route("/notices/{case}/objections", post(notices::object))
        .route("/catalogue", get(catalogue::list))
        .route("/catalogue/{resource}", get(catalogue::one))
        .route("/style.css", get(style))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// How a page was asked for.
struct Asked {
    lang: Lang,
    path: String,
    /// `http` or `https` and host, as the visitor's browser named them.
    origin: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        let lang = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
        let host = parts.headers.get(header::HOST).and_then(|v| v.to_str().ok());
        let plain = |h: &&str| !h.is_empty() && h.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
        let local = |h: &str| h.starts_with("127.0.0.1") || h.starts_with("localhost") || h.starts_with("[::1]");
        let origin = host.filter(plain).map(|h| format!("{}://{h}", if local(h) { "http" } else { "https" }));
        Ok(Self { lang: Lang::of(lang, &parts.headers), path: parts.uri.path().to_owned(), origin })
    }
}

impl Asked {
    fn page<'a>(&'a self, state: &'a WebState, title: String) -> Page<'a> {
        Page { state, lang: self.lang, path: &self.path, title }
    }

    /// What cannot be shown, as a page: the reason in the visitor's language and a way on.
    fn refused(&self, state: &WebState, missing: &str, back: (&str, &str), error: WebError) -> Response {
        let (status, problem) = crate::problem::body(&error.0);
        let said = match (&error.0, self.lang) {
            (AppError::NotFound(_), l) => l.t(missing),
            (_, Lang::Zh) => page::escape(&problem.zh),
            (_, Lang::En) => page::escape(&problem.en),
        };
        let l = self.lang;
        let body = format!("<p role=\"alert\">{said}</p><p><a href=\"{}\">{}</a></p>", l.link(back.0), l.t(back.1));
        let status = if status == StatusCode::OK { StatusCode::BAD_REQUEST } else { status };
        (status, self.page(state, l.t("error.title")).html(&body)).into_response()
    }
}
