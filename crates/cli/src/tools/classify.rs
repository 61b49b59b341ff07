//! `yunyu classify`.

use super::input;
use super::said::{Said, table};
use crate::wiring::CliError;
use clap::Args;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use zone::classify::{ClassifyError, FileReport, classify_file, to_json};

/// Arguments.
#[derive(Debug, Args)]
pub struct ClassifyArgs {
    /// 文本表格文件（CSV 等）· Delimited text files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// What each column of each file is.
pub fn run(args: &ClassifyArgs) -> Result<Said, CliError> {
    let mut reports = Vec::new();
    for file in &args.files {
        let path = input::absolute(file)?;
        refuse_binary(&path)?;
        reports.push(classify_file(&path).map_err(|e| failure(&path, &e))?);
    }
    let mut text = String::new();
    for report in &reports {
        describe(&mut text, report);
    }
    Ok(Said::new(0, to_json(&reports), text))
}

/// Files that are no text at all would be read as one column of rubbish.
pub(crate) fn refuse_binary(path: &Path) -> Result<(), CliError> {
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| input::unreadable(path, &e))?;
    file.take(4).read_to_end(&mut head).map_err(|e| input::unreadable(path, &e))?;
    let known = [&b"PAR1"[..], b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF"];
    if known.iter().any(|magic| head.starts_with(magic)) {
        return Err(CliError::usage(
            &path.display().to_string(),
            "不是文本表格；请先另存为 CSV。",
            "It is not delimited text; save it as CSV first.",
        ));
    }
    Ok(())
}

/// A file that cannot be classified, as a person is told.
pub(crate) fn failure(path: &Path, error: &ClassifyError) -> CliError {
    let at = path.display().to_string();
    match error {
        ClassifyError::Open { error, .. } => input::unreadable(path, error),
        ClassifyError::Empty { .. } => {
            CliError::usage(&at, "文件是空的，没有表头。", "The file is empty: it has no header.")
        }
        ClassifyError::NoHeader { .. } => CliError::usage(
            &at,
            "首行不是表头，不是文本表格；请先另存为带表头的 CSV。",
            "The first line is no header, it is not delimited text; save it as CSV with a header first.",
        ),
        ClassifyError::Text { error, .. } => CliError::usage(
            &at,
            format!("不能作为文本表格读取：{error}。"),
            format!("It cannot be read as delimited text: {error}."),
        ),
    }
}

fn describe(out: &mut String, report: &FileReport) {
    let _ = writeln!(
        out,
        "{}  {}  行 rows {}  搁置 set aside {}",
        report.path.display(),
        report.encoding,
        report.rows,
        report.set_aside
    );
    let json = report.to_json();
    let columns = json["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    let cell = |c: &serde_json::Value, key: &str| c[key].as_str().map_or_else(|| c[key].to_string(), str::to_owned);
    let keys = ["name", "identifier", "role", "personal", "level", "class", "masking", "confidence"];
    let rows: Vec<Vec<String>> = columns.iter().map(|c| keys.iter().map(|k| cell(c, k)).collect()).collect();
    let header = [
        "列 column",
        "识别 identifier",
        "角色 role",
        "个人 personal",
        "级 level",
        "类 class",
        "脱敏 masking",
        "置信 confidence",
    ];
    out.push_str(&table(&header, &rows));
    out.push('\n');
}
