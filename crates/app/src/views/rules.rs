//! The rule pack as people read it.

use crate::App;
use crate::error::AppResult;
use serde_json::{Value, json};

/// Procedures as graphs.
pub fn procedures(app: &App) -> AppResult<Value> {
    let all: Vec<_> = app.pack.procedures.values().collect();
    Ok(json!({ "pack": app.pack.version(), "procedures": all }))
}

/// Parameters with value, layer, article and status.
pub fn pack(app: &App) -> AppResult<Value> {
    Ok(json!({ "pack": app.pack.version(), "city": app.deployment.city, "parameters": app.pack.parameters }))
}
