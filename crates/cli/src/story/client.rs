//! The public HTTP API as the story uses it: no private door. A process that is being restarted is waited for.

use crate::story::StoryError;
use crate::wiring::CliError;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a restarting process is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of one platform.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// One request.
pub struct Ask<'a> {
    /// Method.
    pub method: Method,
    /// Path with query.
    pub path: &'a str,
    /// Session token.
    pub token: Option<&'a str>,
    /// Idempotency key.
    pub key: Option<&'a str>,
    /// Body.
    pub body: Option<&'a Value>,
}

impl<'a> Ask<'a> {
    /// A read.
    pub fn get(path: &'a str, token: Option<&'a str>) -> Self {
        Self { method: Method::GET, path, token, key: None, body: None }
    }

    /// A command.
    pub fn post(path: &'a str, token: Option<&'a str>, key: Option<&'a str>, body: &'a Value) -> Self {
        Self { method: Method::POST, path, token, key, body: Some(body) }
    }
}

impl Client {
    /// A client of the platform at a base URL; `ca` holds the authorities (PEM) that it believes, if not the machine's.
    pub fn new(base: &str, ca: Option<&Path>) -> Result<Self, StoryError> {
        crate::wiring::check_url("--platform", base)?;
        let mut http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(600));
        if let Some(file) = ca {
            let bad = || CliError::usage("--ca", "不是 PEM 证书文件。", "It is not a file of PEM certificates.");
            let known = std::fs::read(file).ok().and_then(|pem| reqwest::Certificate::from_pem_bundle(&pem).ok());
            http = http.tls_certs_only(known.filter(|c| !c.is_empty()).ok_or_else(bad)?);
        }
        let http = http.build()?;
        Ok(Self { http, base: base.to_owned() })
    }

    /// The underlying client, for the zone's endpoint.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Sends a request until something answers; a refusal comes back as [`StoryError::Refused`].
    pub async fn send(&self, ask: &Ask<'_>) -> Result<Value, StoryError> {
        let since = Instant::now();
        loop {
            match self.once(ask).await {
                Err(StoryError::Unreachable(_) | StoryError::Busy) if since.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                other => return other,
            }
        }
    }

    async fn once(&self, ask: &Ask<'_>) -> Result<Value, StoryError> {
        let mut request = self.http.request(ask.method.clone(), format!("{}{}", self.base, ask.path));
        if let Some(token) = ask.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = ask.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = ask.body {
            request = request.json(body);
        }
        let response = request.send().await?;
        read(response).await
    }
}

/// Reads an answer: JSON, or the error it carries.
pub async fn read(response: reqwest::Response) -> Result<Value, StoryError> {
    let status = response.status();
    let bytes = response.bytes().await?;
    if status.is_success() {
        return Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null));
    }
    if status == StatusCode::UNAUTHORIZED {
        return Err(StoryError::SignedOut);
    }
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::TOO_MANY_REQUESTS) {
        return Err(StoryError::Busy);
    }
    let problem: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let inner = if problem["error"].is_object() { problem["error"].clone() } else { problem };
    let word = |name: &str| inner[name].as_str().unwrap_or_default().to_owned();
    let refusal = model::Refusal {
        code: word("code"),
        rule: word("rule"),
        article: word("article"),
        zh: word("zh"),
        en: word("en"),
        at: None,
    };
    Err(StoryError::Refused { status: status.as_u16(), refusal: Box::new(refusal) })
}
