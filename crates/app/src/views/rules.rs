//! The rule pack as people read it, and what this deployment is.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::setup;
use crypto::PublicKey;
use model::pack::{Article, Change, Identity, Pack, Term};
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
    let row = |a: &Article| {
        json!({ "article": a.article, "zh": a.zh, "en": a.en, "state": a.state(), "answers": a.answers,
            "tests": a.tests.len(), "reason": a.open.as_ref().or(a.not_software.as_ref()) })
    };
    let articles: BTreeMap<&str, Value> = app.pack.articles.iter().map(|(rule, a)| (rule.as_str(), row(a))).collect();
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

/// The packs that this one can be compared with: those of other cities, and the program's own of this city where the
/// deployment keeps another version.
pub fn packs(app: &App) -> Value {
    let other = |p: &&std::sync::Arc<Pack>| p.version() != app.pack.version();
    let of = |p: &std::sync::Arc<Pack>| {
        let layer = p.layers.last()?;
        Some(json!({ "id": p.id(), "version": p.version(), "zh": layer.zh, "en": layer.en, "status": layer.status,
            "city": p.term(CITY) }))
    };
    json!({ "pack": app.pack.version(), "packs": app.shipped.iter().filter(other).filter_map(of).collect::<Vec<Value>>() })
}

/// What is otherwise in another pack, by article. A row of requirements that only one of two cities can have is no
/// difference between them: each numbers its own text.
///
/// # Errors
/// The program carries no such pack.
pub fn compared(app: &App, with: &str) -> AppResult<Value> {
    let other = app.shipped.iter().find(|p| p.id() == with).ok_or(AppError::NotFound("pack"))?;
    let same_city = other.id() == app.pack.id();
    let tells = |c: &Change| same_city || c.kind != "row" || (c.before.is_some() && c.after.is_some());
    let changes: Vec<Value> = model::pack::diff(&app.pack, other)
        .into_iter()
        .filter(tells)
        .map(|c| {
            let words = words_of(&c, &app.pack).or_else(|| words_of(&c, other));
            let mut value = json!(c);
            value["words"] = json!(words);
            value
        })
        .collect();
    Ok(json!({ "a": app.pack.version(), "b": other.version(), "changes": changes }))
}

/// What people call the thing that differs, as a pack names it.
fn words_of(change: &Change, pack: &Pack) -> Option<Term> {
    let term = |zh: &str, en: &str| Term { zh: zh.to_owned(), en: en.to_owned() };
    let (procedure, part) = change.name.split_once('.').unwrap_or((&change.name, ""));
    let found = || pack.procedure(procedure);
    match change.kind {
        "parameter" => pack.parameters.get(&change.name).map(|p| term(&p.zh, &p.en)),
        "procedure" => found().map(|p| term(&p.zh, &p.en)),
        "state" => found()?.state(part).map(|s| term(&s.zh, &s.en)),
        "step" => found()?.step(part).map(|s| term(&s.zh, &s.en)),
        "document" => found()?.documents.get(part).map(|d| term(&d.zh, &d.en)),
        "term" => pack.term(&change.name).cloned(),
        "pack" => pack.layers.last().map(|l| term(&l.zh, &l.en)),
        _ => None,
    }
}
