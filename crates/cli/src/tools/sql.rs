//! `yunyu sql check` and `yunyu sql run`: governed queries over local contracts and files.

use super::input;
use super::said::{Said, table};
use crate::wiring::CliError;
use clap::{Args, Subcommand};
use model::Refusal;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;
use zone::engine::local::{Answer, LocalError, check_command, run_command};
use zone::engine::{Decision, RunError, Verdict, deep};

/// `sql …`
#[derive(Debug, Subcommand)]
pub enum SqlTool {
    /// 静态判定，不读数据 · Static verdict; reads no data
    Check(CheckArgs),
    /// 对本地文件的受控回答 · A governed answer over local files
    Run(RunArgs),
}

/// What both need.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// 契约目录 · Folder of field contracts and `purposes/`
    #[arg(long, value_name = "DIR")]
    pub contracts: PathBuf,
    /// 用途 · Name of a purpose in `purposes/`
    #[arg(long, value_name = "NAME")]
    pub purpose: String,
    /// SQL 文件，- 为标准输入 · SQL file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Policy and query.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Policy and query.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// 数据目录 · Folder of `<table>.parquet` or `<table>.csv`
    #[arg(long, value_name = "DIR")]
    pub input: PathBuf,
    /// CSV on standard output
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

impl SqlTool {
    /// Was JSON asked for?
    pub fn json(&self) -> bool {
        match self {
            Self::Check(args) => args.policy.json,
            Self::Run(args) => args.policy.json,
        }
    }
}

/// The verdict, or the answer.
pub fn run(tool: SqlTool) -> Result<Said, CliError> {
    match tool {
        SqlTool::Check(args) => check(args.policy),
        SqlTool::Run(args) => query(args),
    }
}

fn check(args: PolicyArgs) -> Result<Said, CliError> {
    let sql = input::text(&args.file)?;
    let contracts = input::folder(&args.contracts)?;
    let verdict = check_command(&contracts, &args.purpose, &sql).map_err(failure)?;
    let text = describe(&verdict);
    Ok(Said::new(code(&verdict), serde_json::to_value(&verdict)?, text))
}

fn query(args: RunArgs) -> Result<Said, CliError> {
    let policy = args.policy;
    let sql = input::text(&policy.file)?;
    let contracts = input::folder(&policy.contracts)?;
    let folder = input::folder(&args.input)?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let answer = deep::block_on(threads, || run_command(&contracts, &policy.purpose, &folder, &sql));
    let answer = answer.ok_or_else(|| CliError::bug("the query ended unexpectedly"))?.map_err(failure)?;
    let code = code(&answer.verdict);
    let mut said = Said::new(code, answer.to_json(), String::new());
    said.aside = describe(&answer.verdict);
    if code == 0 {
        said.text = if args.csv { csv_text(&answer)? } else { plain(&answer) };
    }
    Ok(said)
}

fn code(verdict: &Verdict) -> u8 {
    u8::from(verdict.verdict == Decision::Refuse)
}

fn failure(error: LocalError) -> CliError {
    match error {
        LocalError::Contract(e) => input::contract(&e),
        LocalError::Input { file, problem } => {
            CliError::usage(&file, format!("输入有误：{problem}。"), format!("{problem}."))
        }
        LocalError::Run(e) => Refusal::new(run_code(&e), "LIMITS", "", run_zh(&e), format!("{e}.")).into(),
    }
}

fn run_code(error: &RunError) -> &'static str {
    match error {
        RunError::Failed => "query-failed",
        RunError::TooLarge => "query-too-large",
        RunError::TooLong => "query-too-long",
    }
}

fn run_zh(error: &RunError) -> &'static str {
    match error {
        RunError::Failed => "查询未能完成。",
        RunError::TooLarge => "查询超出内存、溢写空间或结果行数的上限。",
        RunError::TooLong => "查询超出时间上限。",
    }
}

fn describe(verdict: &Verdict) -> String {
    let word = match verdict.verdict {
        Decision::Allow => "允许 allow",
        Decision::Aggregate => "按组受控 aggregate",
        Decision::Subject => "单主体 subject",
        Decision::Refuse => "拒绝 refuse",
    };
    let mut out = format!("{word}\n");
    for r in &verdict.reasons {
        let _ = writeln!(out, "  {} {}:{}  {}", r.rule, r.at.line, r.at.column, r.columns.join(", "));
        let _ = writeln!(out, "    {}\n    {}", r.zh, r.en);
        if !r.would_help.is_empty() {
            let _ = writeln!(out, "    → {}\n    → {}", r.would_help_zh, r.would_help);
        }
    }
    for column in &verdict.lineage {
        let from: Vec<String> = column.sources.iter().map(|s| format!("{}.{}", s.table, s.column)).collect();
        let _ = writeln!(out, "  {} ← {}", column.column, from.join(", "));
    }
    out
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn csv_text(answer: &Answer) -> Result<String, CliError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&answer.columns).map_err(CliError::bug)?;
    for row in &answer.rows {
        writer.write_record(row.iter().map(cell)).map_err(CliError::bug)?;
    }
    let bytes = writer.into_inner().map_err(CliError::bug)?;
    String::from_utf8(bytes).map_err(CliError::bug)
}

fn plain(answer: &Answer) -> String {
    let header: Vec<&str> = answer.columns.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = answer.rows.iter().map(|r| r.iter().map(cell).collect()).collect();
    format!("{}\n{} 行 rows\n", table(&header, &rows), rows.len())
}
