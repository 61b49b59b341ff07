//! The tools of the command line: packs, classification, governed queries, the gate, logs, evidence, administration.
//!
//! Wiring only: each file turns arguments into a call of a library and its answer into [`Said`]. No rule is decided
//! here, and no text of a record is ever put into an error.

mod admin;
mod archive;
mod audit;
pub(crate) mod classify;
mod doctor;
mod evidence;
mod gate;
mod home;
pub(crate) mod input;
pub mod pack;
pub(crate) mod said;
mod sql;
#[cfg(test)]
mod tests;
pub mod witness;

use crate::wiring::CliError;
use clap::Subcommand;
pub(crate) use said::Said;

/// A tool of the program.
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// 规则包 · Rule packs: what a city's rules are, and what answers each article
    #[command(subcommand)]
    Pack(pack::PackTool),
    /// 识别字段 · What each column of a file is, by content
    Classify(classify::ClassifyArgs),
    /// 受控查询 · Governed queries over local files
    #[command(subcommand)]
    Sql(sql::SqlTool),
    /// 出域审核 · The exit gate's measures of a file
    #[command(subcommand)]
    Gate(gate::GateTool),
    /// 审计日志 · Verify a log, prove a leaf, hand leaves over
    #[command(subcommand)]
    Audit(audit::AuditTool),
    /// 证据文件 · Export and verify the story of a product
    #[command(subcommand)]
    Evidence(evidence::EvidenceTool),
    /// 见证 · A regulator's co-signer of both logs
    #[command(subcommand)]
    Witness(witness::WitnessTool),
    /// 管理 · Initialise, examine, and hand out trust
    #[command(subcommand)]
    Admin(admin::AdminTool),
}

impl Tool {
    /// Was one JSON document asked for?
    pub fn json(&self) -> bool {
        match self {
            Self::Pack(tool) => tool.json(),
            Self::Classify(args) => args.json,
            Self::Sql(tool) => tool.json(),
            Self::Gate(tool) => tool.json(),
            Self::Audit(tool) => tool.json(),
            Self::Evidence(tool) => tool.json(),
            Self::Witness(tool) => tool.json(),
            Self::Admin(tool) => tool.json(),
        }
    }
}

/// Runs a tool and prints its answer; the result is the exit code.
///
/// With `--json` a failure is printed here as the one document; without, it is the caller's to show.
///
/// # Errors
/// A failure that was not printed.
pub fn run(tool: Tool) -> Result<u8, CliError> {
    let json = tool.json();
    match answer(tool) {
        Ok(said) => said.print(json),
        Err(e) if json => Said::json_only(e.code(), e.json()).print(true),
        Err(e) => Err(e),
    }
}

/// What a tool has to say.
fn answer(tool: Tool) -> Result<Said, CliError> {
    match tool {
        Tool::Pack(tool) => pack::run(tool),
        Tool::Classify(args) => classify::run(&args),
        Tool::Sql(tool) => sql::run(tool),
        Tool::Gate(tool) => gate::run(tool),
        Tool::Audit(tool) => audit::run(tool),
        Tool::Evidence(tool) => evidence::run(tool),
        Tool::Witness(tool) => witness::run(tool),
        Tool::Admin(tool) => admin::run(tool),
    }
}
