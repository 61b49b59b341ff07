//! `yunyu gate assess`: the exit gate's measures of a plain file.

use super::input;
use super::said::Said;
use crate::wiring::{self, CliError};
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use zone::contract::Contract;
use zone::gate::local::{Assessment, LocalError, Options, assess_file};
use zone::gate::{GateParams, Verdict};

/// `gate …`
#[derive(Debug, Subcommand)]
pub enum GateTool {
    /// 测量一个文件 · Measure a file
    Assess(AssessArgs),
}

/// Arguments of `assess`.
#[derive(Debug, Args)]
pub struct AssessArgs {
    /// CSV or Parquet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// 字段契约 · Contract of the file's fields
    #[arg(long, value_name = "FILE")]
    pub contract: Option<PathBuf>,
    /// 准标识符 · Quasi-identifiers
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub quasi: Vec<String>,
    /// 敏感属性 · Sensitive attributes
    #[arg(long, value_name = "C", value_delimiter = ',')]
    pub sensitive: Vec<String>,
    /// 主体列 · Column that names the protected subject
    #[arg(long, value_name = "D")]
    pub subject: Option<String>,
    /// 原始记录 · Raw records behind the file
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub raw: Vec<PathBuf>,
    /// 以往出域结果 · Earlier releases
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub previous: Vec<PathBuf>,
    /// 采用城市的阈值 · Thresholds of this city's pack (default: the product's)
    #[arg(long, value_name = "CITY")]
    pub city: Option<String>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

impl GateTool {
    /// Was JSON asked for?
    pub fn json(&self) -> bool {
        let Self::Assess(args) = self;
        args.json
    }
}

/// The assessment; blocked is exit code 1.
pub fn run(tool: GateTool) -> Result<Said, CliError> {
    let GateTool::Assess(args) = tool;
    let path = input::absolute(&args.file)?;
    let all = |paths: &[PathBuf]| paths.iter().map(|p| input::absolute(p)).collect::<Result<Vec<_>, _>>();
    let contract = args.contract.as_deref().map(Contract::load).transpose().map_err(|e| input::contract(&e))?;
    let options = Options {
        contract,
        quasi: args.quasi,
        sensitive: args.sensitive,
        subject: args.subject,
        raw: all(&args.raw)?,
        previous: all(&args.previous)?,
        params: params(args.city.as_deref())?,
    };
    let found = assess_file(&path, &options).map_err(|e| failure(&e))?;
    Ok(Said::new(u8::from(found.verdict == Verdict::Block), found.to_json(), describe(&found)))
}

fn params(city: Option<&str>) -> Result<GateParams, CliError> {
    let Some(city) = city else { return Ok(GateParams::default()) };
    let pack = wiring::pack(city)?;
    let numbers: BTreeMap<String, i64> =
        pack.parameters.keys().filter_map(|name| Some((name.clone(), pack.int(name)?))).collect();
    Ok(GateParams::from_thresholds(&numbers))
}

fn failure(error: &LocalError) -> CliError {
    match error {
        LocalError::Column { path, column } => CliError::usage(
            &path.display().to_string(),
            format!("没有列 {column:?}；请核对列名。"),
            format!("There is no column {column:?}; check its name."),
        ),
        LocalError::File(e) => CliError::usage(
            &e.path.display().to_string(),
            format!("无法读取：{}。", e.fault),
            format!("It {}.", e.fault),
        ),
    }
}

fn describe(found: &Assessment) -> String {
    let mut out = format!("{}\n", word(found.verdict));
    for check in &found.checks {
        let _ = writeln!(
            out,
            "  {} {}  {}\n    {}\n    {}",
            check.check,
            check.id,
            word(check.verdict),
            check.zh,
            check.en
        );
        let _ = writeln!(out, "    {}  参数 parameter {}  最坏 worst {}", check.formula, check.parameter, check.worst);
    }
    for (name, value) in &found.measures {
        let _ = writeln!(out, "  {name} = {value}");
    }
    out
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "通过 pass",
        Verdict::Review => "须人工复核 review",
        Verdict::Block => "阻断 block",
    }
}
