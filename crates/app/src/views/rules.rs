//! The rule pack as people read it, and what this deployment is.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::setup;
use crypto::PublicKey;
use model::pack::{Identity, Term};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The pack's word for the city itself.
const CITY: &str = "city";

/// What anyone may know of a deployment beyond its fixed facts.
pub struct About {
    /// Whether the first set-up is done.
    pub set_up: bool,
    /// Short name of the city.
    pub city: Term,
    /// Name of the regulation.
    pub pack: Term,
    /// Id of the authority root's key.
    pub root_id: String,
}

/// Set-up state and the pack's names.
pub async fn about(app: &App) -> AppResult<About> {
    let layer = app.pack.layers.last().ok_or_else(|| AppError::bug("the pack has no layer"))?;
    let pack = Term { zh: layer.zh.clone(), en: layer.en.clone() };
    let root: PublicKey = app.deployment.root.parse().map_err(AppError::bug)?;
    Ok(About {
        set_up: setup::is_done(app).await?,
        city: app.pack.term(CITY).cloned().unwrap_or_else(|| pack.clone()),
        pack,
        root_id: root.key_id(),
    })
}

/// Procedures as graphs.
pub fn procedures(app: &App) -> AppResult<Value> {
    let all: Vec<_> = app.pack.procedures.values().collect();
    Ok(json!({ "pack": app.pack.version(), "procedures": all }))
}

/// The regulation with its layers, parameters, words, and the text behind each rule.
pub fn pack(app: &App) -> AppResult<Value> {
    let mut terms: BTreeMap<&str, &Term> = BTreeMap::new();
    for layer in &app.pack.layers {
        terms.extend(layer.terms.iter().map(|(word, term)| (word.as_str(), term)));
    }
    let articles: BTreeMap<&str, Value> = app
        .pack
        .articles
        .iter()
        .map(|(rule, a)| (rule.as_str(), json!({ "article": a.article, "zh": a.zh, "en": a.en, "state": a.state() })))
        .collect();
    let layer = |l: &Identity| {
        json!({
            "id": l.id, "kind": l.kind, "version": l.version, "zh": l.zh, "en": l.en, "status": l.status,
            "effective_from": l.effective_from, "effective_to": l.effective_to, "legal_basis": l.legal_basis,
        })
    };
    Ok(json!({
        "pack": app.pack.version(), "city": app.deployment.city, "parameters": app.pack.parameters,
        "layers": app.pack.layers.iter().map(layer).collect::<Vec<Value>>(), "terms": terms, "articles": articles,
    }))
}
