//! `yunyu pack diff`: what differs between two packs, by article: two cities, or a version in a folder and the shipped one.

use super::{Pack, with_folder};
use crate::tools::input;
use crate::tools::said::Said;
use crate::wiring::{self, CliError};
use clap::Args;
use serde_json::json;
use std::path::Path;

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// City, or a folder with a pack
    #[arg(value_name = "A")]
    pub a: String,
    /// City, or a folder with a pack
    #[arg(value_name = "B")]
    pub b: String,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Answers; that something differs is no failure.
pub fn run(args: &DiffArgs) -> Result<Said, CliError> {
    let (a, b) = (either(&args.a)?, either(&args.b)?);
    let changes = model::pack::diff(&a, &b);
    let text = if changes.is_empty() {
        "没有差异 · no difference\n".to_owned()
    } else {
        format!("{} → {}\n{}", a.version(), b.version(), model::pack::diff_text(&changes))
    };
    Ok(Said::new(0, json!({ "a": a.version(), "b": b.version(), "changes": changes }), text))
}

/// A pack by name, or from a folder that may bear the name of one in the program: here the two are meant to be compared.
pub(super) fn either(name: &str) -> Result<Pack, CliError> {
    if !Path::new(name).join("pack.toml").is_file() {
        return wiring::pack(name);
    }
    let (layers, own) = with_folder(&input::folder(Path::new(name))?)?;
    let id = own.first().cloned().unwrap_or_default();
    let chain = model::pack::resolve(&layers, &id);
    chain.and_then(|c| Pack::load(&c)).map_err(|fault| {
        let at = format!("{}:{} {}", fault.file, fault.line, fault.key);
        CliError::usage(&at, fault.zh, format!("{} ({})", fault.en, fault.mend))
    })
}
