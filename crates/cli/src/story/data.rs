//! Data at the zone's endpoint: uploads and deliveries, each under a ticket that only its holder can use.

use crate::story::cast::{Desk, text};
use crate::story::client::{Ask, read};
use crate::story::{Story, StoryError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::ids::TicketId;
use model::ticket::{PROOF_TYPE, Proof, Ticket};
use model::{Signed, Timestamp};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio_util::io::ReaderStream;
use zone::node::{PROOF_HEADER, TICKET_HEADER};

/// How long the zone may take to get to know what a ticket is about.
const PATIENCE: Duration = Duration::from_secs(120);

/// A ticket and where to show it.
struct Pass {
    ticket: Signed<Ticket>,
    endpoint: String,
}

impl Story {
    async fn pass(&mut self, desk: &Desk, purpose: &Value) -> Result<Pass, StoryError> {
        let answer = self.post(desk, "/api/v1/tickets", purpose).await?;
        pass(&answer)
    }

    async fn proof(&mut self, desk: &Desk, ticket: &TicketId, method: &str, path: &str) -> Result<String, StoryError> {
        let now = self.read(desk, "/api/v1/deployment").await?["now"].as_i64().unwrap_or_default();
        let body = Proof {
            v: 1,
            ticket: ticket.clone(),
            method: method.to_owned(),
            path: path.to_owned(),
            at: Timestamp(now),
            nonce: crypto::random_hex(16)?,
        };
        let signature = desk.key.sign(PROOF_TYPE, &body)?;
        let signed = Signed { key: desk.key.key_id(), signature, body };
        Ok(BASE64.encode(crypto::canonical(&signed)?))
    }

    /// Uploads one file as one batch and waits until the zone has stored it. Returns the stored batch.
    pub async fn supply(&mut self, desk: &Desk, resource: &str, file: &Path) -> Result<Value, StoryError> {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let path = format!("/api/v1/resources/{resource}/batches");
        let opened = self.command(desk, &format!("batch/{resource}"), &path, &json!({ "label": name })).await?;
        let batch = text(&opened, "id");
        let since = Instant::now();
        loop {
            match self.upload(desk, resource, &batch, file).await {
                Ok(()) => break,
                // The zone may not have fetched the order yet, or is being restarted.
                Err(e) if since.elapsed() < PATIENCE && e.may_pass() => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(e) => return Err(e),
            }
        }
        let seen = self
            .until(&path, desk, |v| v["stored"].as_array().is_some_and(|s| s.iter().any(|b| b["id"] == json!(batch))))
            .await?;
        let stored = seen["stored"].as_array().into_iter().flatten().find(|b| b["id"] == json!(batch)).cloned();
        stored.ok_or_else(|| StoryError::Shape("the stored batch is gone".into()))
    }

    async fn upload(&mut self, desk: &Desk, resource: &str, batch: &str, file: &Path) -> Result<(), StoryError> {
        let purpose = json!({ "purpose": "upload", "resource": resource, "batch": batch });
        let pass = self.pass(desk, &purpose).await?;
        let path = format!("/data/v1/batches/{batch}");
        let proof = self.proof(desk, &pass.ticket.body.id, "PUT", &path).await?;
        let source = tokio::fs::File::open(file).await?;
        let total = source.metadata().await?.len();
        let bar = self.progress(total, &file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
        let stream = ReaderStream::with_capacity(bar.wrap_async_read(source), 256 << 10);
        let response = self
            .client
            .http()
            .put(format!("{}{path}", pass.endpoint))
            .header(TICKET_HEADER, BASE64.encode(crypto::canonical(&pass.ticket)?))
            .header(PROOF_HEADER, proof)
            .body(reqwest::Body::wrap_stream(stream))
            .send()
            .await;
        bar.finish_and_clear();
        match read(response?).await {
            // Stored before an interruption: the same bytes are the same batch.
            Err(StoryError::Refused { status: 409, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// A gate report as its people read it: at the zone, under a ticket. It holds counts, no value.
    pub async fn gate_report(&mut self, desk: &Desk, job: &str) -> Result<Value, StoryError> {
        let pass = self.pass(desk, &json!({ "purpose": "gate_report", "job": job })).await?;
        let path = format!("/data/v1/jobs/{job}/report");
        let proof = self.proof(desk, &pass.ticket.body.id, "GET", &path).await?;
        let response = self
            .client
            .http()
            .get(format!("{}{path}", pass.endpoint))
            .header(TICKET_HEADER, BASE64.encode(crypto::canonical(&pass.ticket)?))
            .header(PROOF_HEADER, proof)
            .send()
            .await;
        read(response?).await
    }

    /// One call of a consumer's application: a ticket for the access key, then the answer itself.
    pub async fn call(&mut self, access_key: &str, product: &str, rest: &str) -> Result<Vec<u8>, StoryError> {
        let since = Instant::now();
        loop {
            match self.call_once(access_key, product, rest).await {
                Err(e) if since.elapsed() < PATIENCE && e.may_pass() => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                other => return other,
            }
        }
    }

    /// The same, once: for calls that are expected to be refused.
    pub async fn call_once(&mut self, access_key: &str, product: &str, rest: &str) -> Result<Vec<u8>, StoryError> {
        let ask = Ask {
            method: reqwest::Method::POST,
            path: "/api/v1/tickets",
            token: Some(access_key),
            key: None,
            body: None,
        };
        let pass = pass(&self.client.send(&ask).await?)?;
        let response = self
            .client
            .http()
            .get(format!("{}/data/v1/products/{product}/{rest}", pass.endpoint))
            .header(TICKET_HEADER, BASE64.encode(crypto::canonical(&pass.ticket)?))
            .bearer_auth(access_key)
            .send()
            .await?;
        if response.status().is_success() {
            return Ok(response.bytes().await?.to_vec());
        }
        match read(response).await {
            Err(e) => Err(e),
            Ok(_) => Err(StoryError::Shape("an answer that is neither".into())),
        }
    }
}

fn pass(answer: &Value) -> Result<Pass, StoryError> {
    let endpoint = text(answer, "endpoint");
    crate::wiring::check_url("endpoint", &endpoint)?;
    Ok(Pass { ticket: serde_json::from_value(answer["ticket"].clone())?, endpoint })
}
