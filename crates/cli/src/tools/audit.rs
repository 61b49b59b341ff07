//! `yunyu audit verify`: a folder of logs against its signatures, key lists and anchors.

use super::input;
use super::said::Said;
use crate::wiring::CliError;
use ::audit::VerifyReport;
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::PathBuf;

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditTool {
    /// 核验日志目录 · Verify a folder of logs (`DATA/log`), or one log in it
    Verify(VerifyArgs),
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// 信任文件 · Trust file had from elsewhere
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// 早先的检查点 · An earlier checkpoint that the log must extend
    #[arg(long, value_name = "CHECKPOINT")]
    pub from: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

impl AuditTool {
    /// Was JSON asked for?
    pub fn json(&self) -> bool {
        let Self::Verify(args) = self;
        args.json
    }
}

/// The report. Exit code 1: not valid, or a trust file was given and it is not trusted.
pub fn run(tool: AuditTool) -> Result<Said, CliError> {
    let AuditTool::Verify(args) = tool;
    let dir = input::folder(&args.dir)?;
    let trust = input::trust(args.trust.as_deref())?;
    let from = args.from.as_deref().map(earlier).transpose()?;
    said(&::audit::verify_dir(&dir, trust.as_ref(), from.as_deref()), trust.is_some())
}

/// A checkpoint that cannot be parsed is the caller's mistake, not the log's fault. Taken as it is: every byte is signed.
fn earlier(path: &std::path::Path) -> Result<String, CliError> {
    let bytes = input::bytes(path)?;
    let malformed = |e: &dyn std::fmt::Display| {
        CliError::usage(
            &path.display().to_string(),
            format!("不是检查点：{e}。"),
            format!("It is not a checkpoint: {e}."),
        )
    };
    ::audit::Checkpoint::parse(&bytes).map_err(|e| malformed(&e))?;
    String::from_utf8(bytes).map_err(|e| malformed(&e))
}

/// A verifier's report as an answer; `asked`: a trust file was given.
pub fn said(report: &VerifyReport, asked: bool) -> Result<Said, CliError> {
    let mut out = match (report.valid, report.trusted) {
        (true, true) => "有效，且立于信任文件的根 · valid and trusted\n".to_owned(),
        (true, false) if asked => {
            "单部日志自身一致，但不足以信任：它锚定的另一部日志未一并核验 · this log alone is consistent, which is not enough \
             to trust it: the other log, which it anchors, was not verified with it\n"
                .to_owned()
        }
        (true, false) => {
            "自身一致，但未对照信任文件 · consistent in itself; not held against a trust file\n".to_owned()
        }
        (false, _) => "无效 · not valid\n".to_owned(),
    };
    if let Some(f) = &report.failure {
        let _ = writeln!(out, "  {} [{}]\n    {}\n    {}", f.file, f.what, f.zh, f.en);
    }
    for (what, n) in &report.checked {
        let _ = writeln!(out, "  {what}: {n}");
    }
    if report.clock.as_deref() == Some("simulated") {
        out.push_str(
            "  模拟时钟：演示，不是真实记录 · simulated clock: a demonstration, not a record of real events\n",
        );
    }
    if let Some(unproved) = &report.unproved {
        let _ = writeln!(out, "  未证明 not proved: {unproved}");
    }
    let proved = report.valid && (report.trusted || !asked);
    Ok(Said::new(u8::from(!proved), serde_json::to_value(report)?, out))
}
