//! The embedded web console below `/console/`: files as Vite built them, and the page itself for every other path.
//! Nothing is loaded from elsewhere; the page may talk to this platform and to the zone's endpoint only.

use crate::extract::Path;
use crate::problem::WebError;
use crate::state::WebState;
use app::AppError;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `npm run build` left in `console/dist`; empty where it did not run.
#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Dist;

const PAGE: &str = "index.html";
/// The verify page as one file: it works without this platform, and brings its own policy.
const OFFLINE: &str = "verify.html";
/// Stands in the page where the nonce of this one answer belongs.
const NONCE_MARK: &str = "__CSP_NONCE__";
/// Files below it carry a digest in their name and never change.
const ASSETS: &str = "assets/";
/// The one script that runs WebAssembly: a worker, which lives under the policy that it is served with.
const WASM_WORKER: &str = "assets/argon.worker-";
const WASM_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

/// `/console` belongs to `/console/`.
pub async fn to_console() -> Redirect {
    Redirect::permanent("/console/")
}

/// `/console/`
pub async fn page(State(s): State<WebState>) -> Response {
    answer_page(&s)
}

/// A file of the console; any path that is no file is a page of the console.
pub async fn file(State(s): State<WebState>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    match (path != PAGE).then(|| encoded(&path, &headers)).flatten() {
        Some((file, encoding)) => answer_file(&path, file, encoding),
        None if path.starts_with(ASSETS) => WebError(AppError::NotFound("route")).into_response(),
        None => answer_page(&s),
    }
}

/// The file, in the best encoding that the client takes and the build left.
fn encoded(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let takes = |name: &str| accepted.split(',').any(|word| word.trim().split(';').next() == Some(name));
    let packed = [("br", "br"), ("gzip", "gz")].into_iter().filter(|(name, _)| takes(name));
    packed
        .filter_map(|(name, ending)| Some((Dist::get(&format!("{path}.{ending}"))?, Some(name))))
        .next()
        .or_else(|| Some((Dist::get(path)?, None)))
}

fn answer_file(path: &str, file: EmbeddedFile, encoding: Option<&'static str>) -> Response {
    let keep = if path.starts_with(ASSETS) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut out = file.data.into_owned().into_response();
    let headers = out.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if path.starts_with(WASM_WORKER) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(WASM_POLICY));
    }
    if path == OFFLINE {
        // To be kept, not to be opened from here: a page from the platform would be the platform's word.
        let keep = HeaderValue::from_static("attachment; filename=\"verify.html\"");
        headers.insert(header::CONTENT_DISPOSITION, keep);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    out
}

/// The offline verify page, where the console was built before the program.
#[must_use]
pub fn offline_page() -> Option<Vec<u8>> {
    Dist::get(OFFLINE).map(|file| file.data.into_owned())
}

fn media(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn answer_page(s: &WebState) -> Response {
    let Some(page) = Dist::get(PAGE) else { return not_built() };
    let mut random = [0; 16];
    if let Err(e) = getrandom::fill(&mut random) {
        return WebError(AppError::bug(e)).into_response();
    }
    let nonce = base64::engine::general_purpose::STANDARD.encode(random);
    let text = String::from_utf8_lossy(&page.data).replace(NONCE_MARK, &nonce);
    let policy = policy(&nonce, &s.app.zone_endpoint);
    let mut out = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response();
    match HeaderValue::from_str(&policy) {
        Ok(policy) => drop(out.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy)),
        Err(e) => return WebError(AppError::bug(e)).into_response(),
    }
    out
}

fn policy(nonce: &str, zone: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         font-src 'self'; worker-src 'self'; connect-src 'self' {zone}; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

/// The program was built without the console: everything else works, and this says how to get it.
fn not_built() -> Response {
    let text = "本程序构建时未包含管理控制台。请在源码目录运行：cargo xtask console，再重新构建。API 与公开页面不受影响。\n\n\
        This program was built without the console. In the source folder run: cargo xtask console, then build again. \
        The API and the public pages work without it.\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_talk_to_the_platform_and_the_zone_only() {
        let policy = policy("abc", "https://zone.example:8601");
        assert!(policy.contains("connect-src 'self' https://zone.example:8601;"));
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(policy.matches("nonce-abc").count(), 1);
    }

    /// Where the console was built before the program, the program holds it.
    #[test]
    fn what_was_built_is_embedded() {
        let built = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console/dist").join(PAGE);
        assert_eq!(Dist::get(PAGE).is_some(), built.is_file());
        let page = Dist::get(PAGE).map(|p| String::from_utf8_lossy(&p.data).into_owned());
        assert!(page.is_none_or(|p| p.contains(NONCE_MARK)), "the page has no place for the nonce");
    }

    /// Only the worker that stretches passphrases may run WebAssembly, and it may do nothing else.
    #[test]
    fn one_worker_runs_webassembly() {
        let policies = |path: &str| {
            let answer = answer_file(path, Dist::get(path).unwrap(), None);
            answer.headers().get(header::CONTENT_SECURITY_POLICY).cloned()
        };
        let scripts: Vec<_> = Dist::iter().filter(|p| p.ends_with(".js")).collect();
        let with_policy: Vec<_> = scripts.iter().filter_map(|p| policies(p)).collect();
        // Where the console was not built there is nothing to serve.
        assert_eq!(with_policy.len(), usize::from(!scripts.is_empty()));
        assert!(with_policy.iter().all(|p| p == WASM_POLICY));
    }

    /// The offline page asks for nothing: its policy names no source but its own script and style, by digest.
    #[test]
    fn the_offline_page_may_load_nothing() {
        let Some(page) = offline_page() else { return };
        let text = String::from_utf8(page).unwrap();
        let policy = text.split("Content-Security-Policy\" content=\"").nth(1).unwrap();
        let policy = policy.split('"').next().unwrap();
        let sources: Vec<_> = policy.split("; ").map(|d| d.split_once(' ').unwrap()).collect();
        for (directive, sources) in sources {
            let fine = match directive {
                "script-src" | "style-src" => sources.starts_with("'sha256-") && !sources.contains(' '),
                _ => sources == "'none'",
            };
            assert!(fine, "{directive} {sources}");
        }
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    }

    #[test]
    fn a_client_gets_what_it_can_read() {
        // Whatever the build left: an encoding is only named for a file that is there in it.
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip;q=0.5, identity"));
        for path in Dist::iter().filter(|p| !p.ends_with(".br") && !p.ends_with(".gz")) {
            let (_, encoding) = encoded(&path, &headers).unwrap();
            assert_ne!(encoding, Some("br"), "{path}");
        }
        assert!(encoded("assets/none.js", &headers).is_none());
    }
}
