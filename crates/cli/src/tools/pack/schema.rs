//! `yunyu pack schema`: the JSON Schema of a pack's files.

use crate::tools::said::Said;
use clap::Args;

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// One JSON document on standard output, on one line
    #[arg(long)]
    pub json: bool,
}

/// Answers; `packs/schema.json` is this text.
pub fn run() -> Said {
    let schema = model::pack::schema();
    let text = format!("{schema:#}\n");
    Said::new(0, schema, text)
}
