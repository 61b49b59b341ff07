//! People of a story's folder at the served platform: they sign in, open cases and sign steps with the keys of their desks.

use crate::program::Served;
use crypto::{KeyFile, SigningKey, Suite};
use model::Signed;
use model::act::{ACT_TYPE, Act};
use reqwest::StatusCode;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// A person with a session and a key.
pub struct Person<'a> {
    pub served: &'a Served,
    pub token: String,
    key: SigningKey,
    suite: Suite,
}

impl<'a> Person<'a> {
    pub async fn of(served: &'a Served, data: &Path, account: &str) -> Self {
        let desks: Vec<Value> =
            serde_json::from_slice(&std::fs::read(data.join("desks/accounts.json")).unwrap()).unwrap();
        let password = desks.iter().find(|d| d["account"] == account).unwrap()["password"].as_str().unwrap();
        let file = std::fs::read(data.join(format!("desks/{account}.key.json"))).unwrap();
        let file: KeyFile = serde_json::from_slice(&file).unwrap();
        let key = file.open(password).unwrap();
        let suite = key.public().suite();
        Self { served, token: served.sign_in(account).await, key, suite }
    }

    pub async fn get(&self, path: &str) -> Value {
        self.served.get(&self.token, path).await
    }

    /// Opens a case; its id.
    pub async fn open(&self, procedure: &str, object: &Value) -> String {
        let form = json!({"procedure": procedure, "object": object});
        let (status, body) = self.served.post(&self.token, "/api/v1/cases", &form).await;
        assert!(status.is_success(), "{procedure}: {body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// Signs a step, its documents plainly filled in, and hands it in.
    pub async fn act(&self, case: &str, step: &str) -> (StatusCode, Value) {
        let seen = self.get(&format!("/api/v1/cases/{case}")).await;
        let documents = self.documents(seen["procedure"].as_str().unwrap(), step).await;
        let ask = json!({"step": step, "decision": "approve", "documents": documents});
        let (status, draft) = self.served.post(&self.token, &format!("/api/v1/cases/{case}/act-draft"), &ask).await;
        if !status.is_success() {
            return (status, draft);
        }
        let act: Act = serde_json::from_value(draft).unwrap();
        let signature = self.key.sign(ACT_TYPE, &act).unwrap();
        let signed = Signed { key: self.key.key_id(), signature, body: act };
        let form = json!({"act": signed, "documents": documents});
        self.served.post(&self.token, &format!("/api/v1/cases/{case}/acts"), &form).await
    }

    /// The same, and it must be taken.
    pub async fn must(&self, case: &str, step: &str) {
        let (status, body) = self.act(case, step).await;
        assert!(status.is_success(), "{step}: {body}");
    }

    async fn documents(&self, procedure: &str, step: &str) -> Value {
        let all = self.get("/api/v1/procedures").await["procedures"].clone();
        let found = all.as_array().unwrap().iter().find(|p| p["name"] == procedure).unwrap();
        let step = found["steps"].as_array().unwrap().iter().find(|s| s["name"] == step).unwrap();
        let mut out = Map::new();
        for name in step["documents"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()) {
            let fields = found["documents"][name]["fields"].as_array().unwrap();
            let value = |f: &Value| (f["name"].as_str().unwrap().to_owned(), self.filled(f));
            out.insert(name.to_owned(), Value::Object(fields.iter().map(value).collect()));
        }
        Value::Object(out)
    }

    fn filled(&self, field: &Value) -> Value {
        let must = field["must"].as_str();
        match field["kind"].as_str().unwrap() {
            "integer" => json!(3),
            "money" => json!(0),
            "flag" => json!(must.unwrap_or("true") == "true"),
            "choice" => json!(must.or(field["choices"][0].as_str()).unwrap()),
            "date" => json!("2026-12-31"),
            "list" => json!(["test"]),
            "digest" => json!(self.suite.hash(b"test").to_string()),
            _ => json!("test"),
        }
    }

    /// Reads until something holds; at most two minutes.
    pub async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let seen = self.get(path).await;
            if holds(&seen) {
                return seen;
            }
            assert!(Instant::now() < end, "{path}: {seen}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
