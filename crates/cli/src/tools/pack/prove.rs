//! `yunyu pack prove`: properties of a pack's policies, for every request, by a solver.

use super::diff::either;
use super::{cities, not_valid, policies};
use crate::tools::said::{Said, table};
use crate::wiring::CliError;
use app::prove::{Property, Verdict, prove};
use clap::Args;
use model::pack::Pack;
use serde_json::json;
use std::fmt::Write as _;

/// Arguments of `prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// City, or a folder with a pack; all cities if left out
    #[arg(long, value_name = "CITY|DIR")]
    pub city: Option<String>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Answers: 1 where a property does not hold or was not decided.
pub fn run(args: &ProveArgs) -> Result<Said, CliError> {
    let packs = match &args.city {
        Some(city) => vec![either(city)?],
        None => cities()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut text, mut all, mut holds) = (String::new(), Vec::new(), true);
    for pack in &packs {
        if let Some(fault) = policies(pack) {
            return Ok(not_valid(&fault));
        }
        let properties = runtime.block_on(prove(pack))?;
        holds &= properties.iter().all(|p| p.verdict == Verdict::Holds);
        text.push_str(&shown(pack, &properties));
        all.push(json!({ "city": pack.id(), "version": pack.version(), "properties": properties }));
    }
    Ok(Said::new(u8::from(!holds), json!({ "proved": holds, "packs": all }), text))
}

fn shown(pack: &Pack, properties: &[Property]) -> String {
    let row = |p: &Property| {
        let mark = match p.verdict {
            Verdict::Holds => "✓",
            Verdict::Counterexample { .. } => "✗",
            Verdict::NotDecided { .. } => "?",
        };
        let ground = if p.article.is_empty() { p.rule.to_owned() } else { format!("{} ({})", p.rule, p.article) };
        [mark.to_owned(), p.zh.to_owned(), p.en.to_owned(), ground].to_vec()
    };
    let rows: Vec<Vec<String>> = properties.iter().map(row).collect();
    let mut out = format!("{}\n", pack.version());
    out += &table(&["", "性质", "property", "依据 rule"], &rows);
    for property in properties {
        match &property.verdict {
            Verdict::Holds => {}
            Verdict::Counterexample { found } => {
                let _ = writeln!(out, "✗ {} · {}", property.zh, property.en);
                for one in found {
                    let _ = writeln!(out, "    {}\n    {}", one.zh, one.en);
                }
            }
            Verdict::NotDecided { why } => {
                let _ = writeln!(out, "? {} · {}\n    未判定 · not decided: {why}", property.zh, property.en);
            }
        }
    }
    out
}
