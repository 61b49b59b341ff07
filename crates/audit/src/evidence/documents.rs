//! The documents of an evidence file: each is what its digest says, and a leaf, a statement or another bound document
//! names that digest, or a statement holds the document itself.

use super::chain::Chains;
use super::{Document, Evidence};
use crate::report::{Counts, Failure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{Hash, Suite};
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks all documents of the file.
pub fn check_documents(body: &Evidence, chains: &Chains, counts: &mut Counts) -> Result<(), Failure> {
    let mut named = BTreeSet::new();
    for link in &chains.links {
        named.extend(link.leaf.refs.values().chain(&link.leaf.object).filter_map(|t| t.parse::<Hash>().ok()));
    }
    for s in &body.statements {
        collect(&s.body, &mut named);
        held(&s.body, body.suite, &mut named)?;
    }
    let mut open = Vec::new();
    let mut last: Option<&str> = None;
    for (i, d) in body.documents.iter().enumerate() {
        let place = format!("body.documents[{i}]");
        if last.replace(&d.name).is_some_and(|l| l >= d.name.as_str()) {
            return Err(Failure::new(place, "order", "文件未按名称排列", "documents are not in order of name"));
        }
        let content = content(d).map_err(|f| Failure { file: place.clone(), ..f })?;
        open.push((place, d, content));
        counts.add("documents", 1);
    }
    // A bound document binds those that it names in turn.
    loop {
        let before = open.len();
        open.retain(|(_, d, content)| {
            let bound = named.contains(&d.digest);
            if bound && let Ok(value) = serde_json::from_slice(content) {
                collect(&value, &mut named);
            }
            !bound
        });
        match open.first() {
            None => return Ok(()),
            Some((place, ..)) if open.len() == before => {
                let (zh, en) = ("没有条目或陈述引用此文件", "no leaf or statement names it");
                return Err(Failure::new(place, "not_named", zh, en));
            }
            Some(_) => {}
        }
    }
}

fn content(d: &Document) -> Result<Vec<u8>, Failure> {
    let fail = |what, zh, en| Failure::new("", what, zh, en);
    let bytes =
        BASE64.decode(&d.content).map_err(|_| fail("malformed", "内容不是 base64", "its content is not base64"))?;
    let digest = match &d.kind {
        None => d.digest.alg.hash(&bytes),
        Some(kind) => {
            let value: Value = crypto::from_canonical(&bytes)
                .map_err(|_| fail("malformed", "内容不是规范 JSON", "its content is not canonical JSON"))?;
            let signed = crypto::signing_bytes(kind, &value).map_err(crate::LogError::from)?;
            d.digest.alg.hash(&signed)
        }
    };
    if digest == d.digest {
        Ok(bytes)
    } else {
        Err(fail("digest", "内容与摘要不符", "its content is not what its digest says"))
    }
}

/// Digests of what a signed value holds: its texts, and its arrays and objects in canonical JSON.
fn held(value: &Value, suite: Suite, out: &mut BTreeSet<Hash>) -> Result<(), Failure> {
    match value {
        Value::String(s) => {
            out.insert(suite.hash(s.as_bytes()));
        }
        Value::Array(items) => items.iter().try_for_each(|v| held(v, suite, out))?,
        Value::Object(members) => members.values().try_for_each(|v| held(v, suite, out))?,
        _ => {}
    }
    if value.is_array() || value.is_object() {
        out.insert(suite.hash(&crypto::canonical(value).map_err(crate::LogError::from)?));
    }
    Ok(())
}

/// Every digest that stands in a value.
fn collect(value: &Value, out: &mut BTreeSet<Hash>) {
    match value {
        Value::String(s) => out.extend(s.parse::<Hash>()),
        Value::Array(items) => items.iter().for_each(|v| collect(v, out)),
        Value::Object(members) => members.values().for_each(|v| collect(v, out)),
        _ => {}
    }
}
