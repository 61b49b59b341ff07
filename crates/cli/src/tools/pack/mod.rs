//! `yunyu pack`: what the rules of a city are, where each comes from, and what answers each article.

mod calendar;
mod diff;
mod prove;
mod schema;
mod simulate;

use super::input;
use super::said::{Said, table};
use crate::wiring::{self, CliError};
use clap::{Args, Subcommand};
use model::pack::{Identity, LayerKind, Pack, PackError, PackText};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// `pack …`
#[derive(Debug, Subcommand)]
pub enum PackTool {
    /// 列出规则包 · List the packs
    List(ListArgs),
    /// 显示规则包或其中一条 · Show a pack, or one row of it
    Show(ShowArgs),
    /// 检查规则包 · Check packs: those in the program, or a folder
    Check(CheckArgs),
    /// 条文覆盖 · What answers each article
    Coverage(CoverageArgs),
    /// 程序图 · A procedure as a diagram
    Graph(GraphArgs),
    /// 工作日历 · Days off, make-up working days, and how a period counts
    Calendar(calendar::CalendarArgs),
    /// 比较规则包 · What differs between two packs, by article
    Diff(diff::DiffArgs),
    /// 证明策略性质 · Prove what the policies may never permit (needs the solver cvc5)
    Prove(prove::ProveArgs),
    /// 文件格式 · JSON Schema of a pack's files
    Schema(schema::SchemaArgs),
    /// 推演程序 · A procedure with the latest day of each step
    Simulate(simulate::SimulateArgs),
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// City, or a folder with a pack
    #[arg(value_name = "CITY")]
    pub city: String,
    /// 条目 · A row, such as XX-11.2
    #[arg(value_name = "ROW")]
    pub row: Option<String>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// One pack's folder, or a folder of packs
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `coverage`.
#[derive(Debug, Args)]
pub struct CoverageArgs {
    /// City; all cities if left out
    #[arg(value_name = "CITY")]
    pub city: Option<String>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// City, or a folder with a pack
    #[arg(value_name = "CITY")]
    pub city: String,
    /// 程序 · Procedure
    #[arg(value_name = "PROCEDURE")]
    pub procedure: String,
    /// A Mermaid state diagram
    #[arg(long, conflicts_with = "json")]
    pub mermaid: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

impl PackTool {
    /// Was JSON asked for?
    pub fn json(&self) -> bool {
        match self {
            Self::List(args) => args.json,
            Self::Show(args) => args.json,
            Self::Check(args) => args.json,
            Self::Coverage(args) => args.json,
            Self::Graph(args) => args.json,
            Self::Calendar(args) => args.json,
            Self::Diff(args) => args.json,
            Self::Prove(args) => args.json,
            Self::Schema(args) => args.json,
            Self::Simulate(args) => args.json,
        }
    }
}

/// Answers.
pub fn run(tool: PackTool) -> Result<Said, CliError> {
    match tool {
        PackTool::List(_) => list(),
        PackTool::Show(args) => show(&args),
        PackTool::Check(args) => check(args.dir.as_deref()),
        PackTool::Coverage(args) => coverage(args.city.as_deref()),
        PackTool::Graph(args) => graph(&args),
        PackTool::Calendar(args) => calendar::run(&args),
        PackTool::Diff(args) => diff::run(&args),
        PackTool::Prove(args) => prove::run(&args),
        PackTool::Schema(_) => Ok(schema::run()),
        PackTool::Simulate(args) => simulate::run(&args),
    }
}

fn list() -> Result<Said, CliError> {
    let mut known: BTreeMap<String, Identity> = BTreeMap::new();
    for pack in shipped()? {
        known.extend(pack.layers.into_iter().map(|l| (l.id.clone(), l)));
    }
    let rows: Vec<Vec<String>> = known
        .values()
        .map(|l| {
            let above = l.inherits.clone().unwrap_or_default();
            vec![
                l.id.clone(),
                l.kind.to_string(),
                above,
                l.version.to_string(),
                l.status.to_string(),
                l.zh.clone(),
                l.en.clone(),
            ]
        })
        .collect();
    let header = ["规则包 pack", "种类 kind", "上层 inherits", "版本 version", "状态 status", "中文 zh", "英文 en"];
    let packs: Vec<Value> = known.values().map(brief).collect();
    Ok(Said::new(0, json!({"packs": packs}), table(&header, &rows)))
}

fn brief(layer: &Identity) -> Value {
    json!({
        "id": layer.id, "kind": layer.kind, "inherits": layer.inherits, "version": layer.version,
        "status": layer.status, "zh": layer.zh, "en": layer.en,
        "effective_from": layer.effective_from, "effective_to": layer.effective_to,
    })
}

/// The chains that end with a layer that no other inherits: what is loaded as a whole.
fn chains(layers: &[PackText]) -> Result<Vec<Vec<PackText>>, PackError> {
    let all: Vec<Vec<PackText>> =
        layers.iter().map(|l| model::pack::resolve(layers, &l.layer)).collect::<Result<_, _>>()?;
    let above: BTreeSet<String> = all.iter().flat_map(|c| c.iter().rev().skip(1)).map(|l| l.layer.clone()).collect();
    Ok(all.into_iter().filter(|c| c.last().is_some_and(|l| !above.contains(&l.layer))).collect())
}

/// Every pack in the program.
fn shipped() -> Result<Vec<Pack>, CliError> {
    let load =
        || -> Result<Vec<Pack>, PackError> { chains(&wiring::layers())?.iter().map(|c| Pack::load(c)).collect() };
    load().map_err(CliError::bug)
}

/// Every city's pack in the program.
pub fn cities() -> Result<Vec<Pack>, CliError> {
    let is_city = |p: &Pack| p.layers.last().is_some_and(|l| l.kind == LayerKind::City);
    Ok(shipped()?.into_iter().filter(is_city).collect())
}

fn show(args: &ShowArgs) -> Result<Said, CliError> {
    let pack = wiring::pack(&args.city)?;
    let Some(row) = &args.row else {
        let json = json!({
            "city": pack.id(), "version": pack.version(), "layers": pack.layers, "parameters": pack.parameters,
            "procedures": pack.procedures, "effects": pack.effects, "articles": pack.articles,
        });
        return Ok(Said::new(0, json, model::pack::show(&pack)));
    };
    let (Some(text), Some(article)) = (model::pack::show_row(&pack, row), pack.articles.get(row)) else {
        return Err(CliError::usage(
            "ROW",
            format!("规则包 {} 没有条目 {row}；用 pack coverage 列出全部条目。", pack.id()),
            format!("The pack {} has no row {row}; `pack coverage` lists them.", pack.id()),
        ));
    };
    let parameters: BTreeMap<_, _> = pack.parameters.iter().filter(|(_, p)| p.source == *row).collect();
    let json = json!({
        "city": pack.id(), "row": row, "article": article.article, "zh": article.zh, "en": article.en,
        "state": article.state(), "answers": article.answers, "tests": article.tests,
        "reason": article.open.as_ref().or(article.not_software.as_ref()), "parameters": parameters,
    });
    Ok(Said::new(0, json, text))
}

fn check(dir: Option<&Path>) -> Result<Said, CliError> {
    let (layers, own) = match dir {
        None => (wiring::layers(), None),
        Some(dir) => {
            let (layers, own) = with_folder(&input::folder(dir)?)?;
            (layers, Some(own))
        }
    };
    let mut good = Vec::new();
    let concerns = |chain: &[PackText]| own.as_ref().is_none_or(|o| chain.iter().any(|l| o.contains(&l.layer)));
    let chains = match chains(&layers) {
        Ok(chains) => chains,
        Err(fault) => return Ok(not_valid(&fault)),
    };
    // A layer that others inherit is checked with each of them.
    for chain in chains.iter().filter(|c| concerns(c)) {
        match Pack::load(chain) {
            Ok(pack) => {
                if let Some(fault) = policies(&pack) {
                    return Ok(not_valid(&fault));
                }
                good.push(json!({"pack": pack.id(), "version": pack.version()}));
            }
            Err(fault) => return Ok(not_valid(&fault)),
        }
    }
    let mut text = "有效 · valid\n".to_owned();
    for pack in &good {
        let _ = writeln!(text, "  {}", pack["version"].as_str().unwrap_or_default());
    }
    Ok(Said::new(0, json!({"valid": true, "packs": good, "failure": null}), text))
}

/// What is wrong with the pack's policies: they do not parse, do not fit the schema, or rest on no rule.
fn policies(pack: &Pack) -> Option<PackError> {
    let why = match app::policy::Policies::compile(pack) {
        Ok(_) => return None,
        Err(app::AppError::Bug(why)) => why.to_string(),
        Err(other) => other.to_string(),
    };
    let layer = pack.layers.iter().rev().find(|l| pack.policies.contains_key(&l.id)).map_or("product", |l| &l.id);
    Some(PackError {
        file: format!("{layer}/policy.cedar"),
        line: 1,
        key: "policy".to_owned(),
        zh: format!("策略不成立：{why}"),
        en: why,
        mend: "speak only of what the schema knows, and name a row of the pack with @rule".to_owned(),
    })
}

fn not_valid(fault: &PackError) -> Said {
    let text = format!(
        "无效 · not valid\n  {}:{} {}\n    {}\n    {}\n    → {}\n",
        fault.file, fault.line, fault.key, fault.zh, fault.en, fault.mend
    );
    Said::new(1, json!({"valid": false, "packs": [], "failure": fault}), text)
}

/// The program's layers with those of a folder in their place, and the names of the latter.
fn with_folder(dir: &Path) -> Result<(Vec<PackText>, Vec<String>), CliError> {
    let mut found = Vec::new();
    if dir.join("pack.toml").is_file() {
        found.push(dir.to_path_buf());
    } else {
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            if path.join("pack.toml").is_file() {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        return Err(CliError::usage(
            &dir.display().to_string(),
            "目录及其子目录里没有 pack.toml。",
            "Neither the folder nor a folder in it has a pack.toml.",
        ));
    }
    let mut layers = wiring::layers();
    let mut own = Vec::new();
    for path in found {
        let layer = wiring::folder(&path).map_err(|e| {
            let at = path.display().to_string();
            CliError::usage(
                &at,
                "规则包文件无法读取，或不是 UTF-8 文本。",
                format!("A file of the pack cannot be read: {e}."),
            )
        })?;
        layers.retain(|l| l.layer != layer.layer);
        own.push(layer.layer.clone());
        layers.push(layer);
    }
    layers.sort_by(|a, b| a.layer.cmp(&b.layer));
    Ok((layers, own))
}

fn coverage(city: Option<&str>) -> Result<Said, CliError> {
    let packs = match city {
        Some(city) => vec![wiring::pack(city)?],
        None => cities()?,
    };
    let mut text = String::new();
    let mut all = Vec::new();
    for pack in &packs {
        let rows = pack.coverage();
        let count = |state: &str| rows.iter().filter(|r| r.state == state).count();
        let _ = writeln!(
            text,
            "{}  已落实 answered {}  待完成 open {}  与软件无关 not software {}",
            pack.id(),
            count("answered"),
            count("open"),
            count("not_software")
        );
        for row in &rows {
            let what = row.reason.clone().unwrap_or_else(|| row.answers.join(", "));
            let _ = writeln!(text, "  {}  {}  {}  {what}", row.row, row.article, row.state);
        }
        all.push(json!({"city": pack.id(), "version": pack.version(), "rows": rows}));
    }
    Ok(Said::new(0, json!({"packs": all}), text))
}

/// A procedure by name.
fn procedure<'a>(pack: &'a Pack, name: &str) -> Result<&'a model::procedure::Procedure, CliError> {
    pack.procedure(name).ok_or_else(|| {
        let names: Vec<&str> = pack.procedures.keys().map(String::as_str).collect();
        CliError::usage(
            "PROCEDURE",
            format!("规则包 {} 没有程序 {name}；有：{}。", pack.id(), names.join("、")),
            format!("The pack {} has no procedure {name}; it has: {}.", pack.id(), names.join(", ")),
        )
    })
}

fn graph(args: &GraphArgs) -> Result<Said, CliError> {
    let pack = wiring::pack(&args.city)?;
    let procedure = procedure(&pack, &args.procedure)?;
    let mermaid = model::pack::mermaid(procedure);
    let json = json!({"city": pack.id(), "procedure": procedure, "mermaid": mermaid});
    let text = if args.mermaid { mermaid } else { model::pack::graph(&pack, &args.procedure).unwrap_or_default() };
    Ok(Said::new(0, json, text))
}
