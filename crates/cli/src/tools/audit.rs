//! `yunyu audit`: verify a folder of logs or one proved leaf, prove a leaf, hand leaves over by ranges, and say what may be
//! deleted.

use super::archive::{self, ArchiveArgs, RenewArgs};
use super::input;
use super::said::Said;
use crate::layout::Layout;
use crate::wiring::{self, CliError};
use ::audit::handover::{self, HandOver};
use ::audit::{Asked, Leaf, LeafProofFile, LogError, LogName, VerifyReport, WitnessKey, WitnessPolicy};
use clap::{Args, Subcommand};
use model::Timestamp;
use model::retention::{LogClass, check_deletion, floor};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditTool {
    /// 核验日志目录或单条证明 · Verify a folder of logs (`DATA/log`), one log in it, or the proof of one leaf
    Verify(VerifyArgs),
    /// 证明一条日志 · Prove that one leaf stands in a signed log, in one file
    Prove(ProveArgs),
    /// 日志移交 · Hand leaves over to another keeper of logs, range by range
    Export(ExportArgs),
    /// 归档 · Put a closed epoch of a log into a folder of its own, for decades
    Archive(ArchiveArgs),
    /// 重新绑定归档 · Bind the archives of all closed epochs in the log anew, under the keys in force
    Renew(RenewArgs),
    /// 保存期限 · How long each class of leaves is kept, and whether it may be deleted
    Retention(RetentionArgs),
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// 日志目录，或 prove 给出的文件 · Folder, or a file made by `prove`
    #[arg(value_name = "DIR", required_unless_present = "archive")]
    pub dir: Option<PathBuf>,
    /// 归档目录，可多次；与日志目录同时给出则相互核对 · An archive of a closed epoch; may be repeated, and is held against DIR where that is given
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from", "receipts"])]
    pub archive: Vec<PathBuf>,
    /// 信任文件 · Trust file had from elsewhere
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// 早先的检查点 · An earlier checkpoint that the log must extend
    #[arg(long, value_name = "CHECKPOINT")]
    pub from: Option<PathBuf>,
    /// 见证方的公钥文件，可多次 · Public key of a witness that must have cosigned; may be given several times
    #[arg(long, value_name = "FILE")]
    pub witness: Vec<PathBuf>,
    /// 至少几个见证方，默认全部 · How many of them suffice; default: all
    #[arg(long, value_name = "K", requires = "witness")]
    pub witnesses: Option<u32>,
    /// 域的回执目录（`DATA/zone/receipts`），一并核对 · Folder of the zone's receipts, to be held against its log
    #[arg(long, value_name = "DIR")]
    pub receipts: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// 序号或哈希 · Index of the leaf, or its hash (`sm3:…`, `sha256:…`)
    #[arg(value_name = "LEAF")]
    pub leaf: String,
    /// 数据目录 · Data folder, or its `log` folder
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 哪一部日志 · Which log
    #[arg(long, value_parser = log_name, default_value = "platform")]
    pub log: LogName,
    /// 写入文件，默认标准输出 · Where the proof goes; default: standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// 数据目录 · Data folder, or its `log` folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// 哪一部日志 · Which log
    #[arg(long, value_parser = log_name, default_value = "platform")]
    pub log: LogName,
    /// 起始序号 · First index
    #[arg(long, value_name = "N", conflicts_with = "receipts")]
    pub from: Option<u64>,
    /// 接收方的回执目录：从最后一张回执处续传 · Folder of the receiver's receipts: go on where they end
    #[arg(long, value_name = "DIR", requires = "receiver")]
    pub receipts: Option<PathBuf>,
    /// 接收方的公钥文件 · Public key of the receiver
    #[arg(long, value_name = "FILE")]
    pub receiver: Option<PathBuf>,
    /// 最多几条 · At most so many leaves
    #[arg(long, value_name = "M", default_value_t = handover::MOST, value_parser = clap::value_parser!(u64).range(1..))]
    pub max: u64,
    /// 只移交这类日志的内容，可多次；其余以哈希代替 · Only leaves of this class, others as their hashes; may be repeated
    #[arg(long, value_name = "CLASS", value_parser = class)]
    pub class: Vec<LogClass>,
    /// 写入文件 · Where the range goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `retention`.
#[derive(Debug, Args)]
pub struct RetentionArgs {
    /// 数据目录 · Data folder, or its `log` folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// 城市规则包 · The city's pack
    #[arg(long, value_name = "CITY")]
    pub city: String,
    /// 拟删除此日之前的日志：不满期限则拒绝并注明条款 · May all leaves written before this day be deleted?
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub delete_before: Option<String>,
    /// 只看这类日志 · Only this class
    #[arg(long, value_name = "CLASS", value_parser = class)]
    pub class: Vec<LogClass>,
    /// 授权终止之日，晚于写入时从其起算 · The day the authorisation ended, where that is later than the leaves
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub ended: Option<String>,
    /// 今天，默认本机时钟 · Today; default: the machine's clock
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub at: Option<String>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// `platform` or `zone`.
pub fn log_name(word: &str) -> Result<LogName, String> {
    let found = LogName::ALL.into_iter().find(|l| l.as_str() == word);
    found.ok_or_else(|| "platform | zone".to_owned())
}

fn class(word: &str) -> Result<LogClass, String> {
    let all: Vec<&str> = LogClass::ALL.iter().map(|c| c.as_str()).collect();
    LogClass::parse(word).ok_or_else(|| all.join(" | "))
}

impl AuditTool {
    /// Was JSON asked for?
    pub fn json(&self) -> bool {
        match self {
            Self::Verify(args) => args.json,
            Self::Prove(args) => args.json,
            Self::Export(args) => args.json,
            Self::Archive(args) => args.json,
            Self::Renew(args) => args.json,
            Self::Retention(args) => args.json,
        }
    }
}

/// Runs the tool. Exit code 1: not valid, or a trust file was given and it is not trusted; a deletion is refused.
pub fn run(tool: AuditTool) -> Result<Said, CliError> {
    match tool {
        AuditTool::Verify(args) => verify(&args),
        AuditTool::Prove(args) => prove(&args),
        AuditTool::Export(args) => export(&args),
        AuditTool::Archive(args) => archive::archive(&args),
        AuditTool::Renew(args) => archive::renew(&args),
        AuditTool::Retention(args) => retention(&args),
    }
}

fn verify(args: &VerifyArgs) -> Result<Said, CliError> {
    let Some(dir) = args.dir.as_deref().filter(|_| args.archive.is_empty()) else { return archive::verify(args) };
    let trust = input::trust(args.trust.as_deref())?;
    if dir.is_file() {
        let report = LeafProofFile::verify(&input::bytes(dir)?, trust.as_ref());
        return said(&report, trust.is_some());
    }
    let dir = input::folder(dir)?;
    let from = args.from.as_deref().map(earlier).transpose()?;
    let policy = policy(&args.witness, args.witnesses)?;
    let asked = Asked { trust: trust.as_ref(), from: from.as_deref(), witnesses: policy.as_ref() };
    let mut report = ::audit::verify_asked(&dir, asked);
    if let Some(receipts) = &args.receipts {
        report = ::audit::verify_receipts(&dir, &input::folder(receipts)?, report);
    }
    said(&report, trust.is_some())
}

/// `k` of the witnesses whose keys stand in files; none where no file is given.
pub fn policy(files: &[PathBuf], k: Option<u32>) -> Result<Option<WitnessPolicy>, CliError> {
    if files.is_empty() {
        return Ok(None);
    }
    let keys = files.iter().map(|f| input::witness_key(f)).collect::<Result<Vec<_>, _>>()?;
    let all = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    let policy = WitnessPolicy { k: k.unwrap_or(all), keys };
    if policy.is_sound() {
        return Ok(Some(policy));
    }
    let (zh, en) = (
        "数目须在一与见证方总数之间，且每个见证方只列一次。",
        "The number must be from 1 to that of the witnesses, each of them named once.",
    );
    Err(CliError::usage("--witness", zh, en))
}

/// The folder of both logs: the given one, or `log` in it.
pub fn log_folder(dir: &Path) -> Result<PathBuf, CliError> {
    let layout = Layout::new(dir)?;
    input::folder(if layout.log().is_dir() { layout.log() } else { layout.data.clone() }.as_path())
}

/// A log that cannot be read, or has no such leaf.
pub fn unusable(at: &Path, e: &LogError) -> CliError {
    CliError::usage(
        &at.display().to_string(),
        format!("日志不可用：{}。", e.zh()),
        format!("The log cannot be used: {e}."),
    )
}

fn prove(args: &ProveArgs) -> Result<Said, CliError> {
    let dir = log_folder(&args.data)?;
    let no_leaf =
        || CliError::usage("LEAF", "检查点之下没有这条日志。", "There is no such leaf under the published checkpoint.");
    let index = match args.leaf.parse::<u64>() {
        Ok(index) => index,
        Err(_) => {
            let hash: crypto::Hash = args.leaf.parse().map_err(|_| {
                CliError::usage("LEAF", "须为序号或哈希。", "It must be an index or a hash such as sm3:….")
            })?;
            ::audit::find_leaf(&dir, args.log, &hash).map_err(|e| unusable(&dir, &e))?.ok_or_else(no_leaf)?
        }
    };
    let file = LeafProofFile::make(&dir, args.log, index).map_err(|e| match e {
        LogError::OutOfRange(_) => no_leaf(),
        other => unusable(&dir, &other),
    })?;
    let bytes = file.to_bytes().map_err(CliError::bug)?;
    let Some(out) = &args.out else {
        let text = String::from_utf8(bytes).map_err(CliError::bug)?;
        return Ok(Said::new(0, serde_json::to_value(&file)?, text));
    };
    let path = input::written(out, &bytes)?;
    let doc = json!({"file": path, "log": args.log, "index": index, "hash": file.proof.hash});
    let text = format!("{}\n  {} {index} {}\n", path.display(), args.log, file.proof.hash);
    Ok(Said::new(0, doc, text))
}

fn export(args: &ExportArgs) -> Result<Said, CliError> {
    let dir = log_folder(&args.dir)?;
    let from = match (&args.receipts, &args.receiver) {
        (Some(receipts), Some(receiver)) => {
            let key = input::witness_key(receiver)?;
            resumed(&dir, args.log, &key, receipts)?
        }
        _ => args.from.unwrap_or(0),
    };
    let wanted =
        |leaf: &Leaf| args.class.is_empty() || args.class.contains(&LogClass::of(&leaf.kind, leaf.case.is_some()));
    let made = HandOver::make(&dir, args.log, from, args.max, &wanted).map_err(|e| unusable(&dir, &e))?;
    let Some(range) = made else {
        let text = format!("没有新的日志可移交 · nothing to hand over from {from} on\n");
        return Ok(Said::new(0, json!({"file": null, "log": args.log, "from": from, "to": from}), text));
    };
    let bytes = range.to_bytes().map_err(CliError::bug)?;
    let path = input::written(&args.out, &bytes)?;
    let to = range.to();
    let text = format!("{}\n  {} {from}..{to}\n", path.display(), args.log);
    Ok(Said::new(0, json!({"file": path, "log": args.log, "from": from, "to": to}), text))
}

fn resumed(dir: &Path, log: LogName, key: &WitnessKey, receipts: &Path) -> Result<u64, CliError> {
    let folder = input::folder(receipts)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "json") {
            files.push(input::bytes(&path)?);
        }
    }
    handover::resume(dir, log, key, &files).map_err(|e| {
        CliError::usage("--receipts", format!("回执不可用：{}。", e.zh()), format!("The receipts cannot be used: {e}."))
    })
}

/// What the leaves of one class are: how many, the first and the last.
#[derive(Default)]
struct Span {
    leaves: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

fn retention(args: &RetentionArgs) -> Result<Said, CliError> {
    let dir = log_folder(&args.dir)?;
    let pack = wiring::choose(&args.city)?.pack;
    let now = day("--at", args.at.as_deref())?.unwrap_or_else(|| Timestamp((wiring::wall_clock())()));
    let ended = day("--ended", args.ended.as_deref())?;
    let before = day("--delete-before", args.delete_before.as_deref())?;
    let spans = spans(&dir, before)?;
    let (mut rows, mut text) = (Vec::new(), String::new());
    for class in LogClass::ALL.iter().filter(|c| args.class.is_empty() || args.class.contains(c)) {
        let Some(floor) = floor(&pack, *class) else { continue };
        let span = spans.get(class);
        let counted = span.and_then(|s| s.last).map(|last| ended.map_or(last, |e| e.max(last)));
        if let (Some(counted), true) = (counted, before.is_some()) {
            check_deletion(&pack, *class, counted, now)?;
        }
        let (n, first) = (span.map_or(0, |s| s.leaves), span.and_then(|s| s.first));
        let until = counted.map(|c| c.plus_months(floor.months).date().to_string());
        rows.push(json!({"class": class, "leaves": n, "first": first.map(Timestamp::rfc3339), "months": floor.months,
            "parameter": floor.parameter, "rule": floor.rule, "article": pack.article(&floor.rule), "keep_until": until}));
        let until = until.unwrap_or_else(|| "-".to_owned());
        let _ = writeln!(text, "{class}: {n}, {} 个月 months ({}), → {until}", floor.months, floor.rule);
    }
    Ok(Said::new(0, json!({"classes": rows, "may_be_deleted": before.is_some()}), text))
}

/// The leaves of both logs by class; only those before an instant, where one is given.
fn spans(dir: &Path, before: Option<Timestamp>) -> Result<BTreeMap<LogClass, Span>, CliError> {
    let mut spans: BTreeMap<LogClass, Span> = BTreeMap::new();
    for log in LogName::ALL.into_iter().filter(|l| dir.join(l.as_str()).is_dir()) {
        let mut read = || -> Result<(), LogError> {
            let (reader, _) = ::audit::LogReader::open(&dir.join(log.as_str()))?;
            reader.each(0, |_, bytes| {
                let leaf = Leaf::decode(bytes)?;
                let at = Timestamp(leaf.at);
                if before.is_none_or(|b| at < b) {
                    let span = spans.entry(LogClass::of(&leaf.kind, leaf.case.is_some())).or_default();
                    span.leaves += 1;
                    span.first = Some(span.first.map_or(at, |f| f.min(at)));
                    span.last = Some(span.last.map_or(at, |l| l.max(at)));
                }
                Ok(())
            })
        };
        read().map_err(|e| unusable(dir, &e))?;
    }
    Ok(spans)
}

fn day(option: &str, word: Option<&str>) -> Result<Option<Timestamp>, CliError> {
    let Some(word) = word else { return Ok(None) };
    let at = Timestamp::morning_of(word).map(|t| Timestamp::start_of(t.date()));
    at.map(Some)
        .ok_or_else(|| CliError::usage(option, "须为 YYYY-MM-DD 形式的日期。", "It must be a day as YYYY-MM-DD."))
}

/// A checkpoint that cannot be parsed is the caller's mistake, not the log's fault. Taken as it is: every byte is signed.
fn earlier(path: &Path) -> Result<String, CliError> {
    let bytes = input::bytes(path)?;
    let malformed = |zh: String, en: String| {
        CliError::usage(&path.display().to_string(), format!("{zh}。"), format!("It is not a checkpoint: {en}."))
    };
    ::audit::Checkpoint::parse(&bytes).map_err(|e| malformed(e.zh(), e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| malformed("检查点：不是 UTF-8".to_owned(), e.to_string()))
}

/// A text that may hold somebody's file name, with nothing in it that a terminal acts on.
pub fn shown(text: &str) -> String {
    let acts = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().flat_map(|c| if acts(c) { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] }).collect()
}

/// A verifier's report as an answer; `asked`: a trust file was given.
pub fn said(report: &VerifyReport, asked: bool) -> Result<Said, CliError> {
    let mut out = match (report.valid, report.trusted) {
        (true, true) => "有效，且立于信任文件的根 · valid and trusted\n".to_owned(),
        (true, false) if asked => {
            "自身一致，但不足以信任，原因见“未证明” · consistent, which is not enough to trust it; see `not proved`\n"
                .to_owned()
        }
        (true, false) => {
            "自身一致，但未对照信任文件 · consistent in itself; not held against a trust file\n".to_owned()
        }
        (false, _) => "无效 · not valid\n".to_owned(),
    };
    if let Some(f) = &report.failure {
        let [file, zh, en] = [&f.file, &f.zh, &f.en].map(|text| shown(text));
        let _ = writeln!(out, "  {file} [{}]\n    {zh}\n    {en}", f.what);
    }
    for (what, n) in &report.checked {
        let _ = writeln!(out, "  {what}: {n}");
    }
    out.push_str(&archive::listed(&report.epochs));
    if report.clock.as_deref() == Some("simulated") {
        out.push_str(
            "  模拟时钟：演示，不是真实记录 · simulated clock: a demonstration, not a record of real events\n",
        );
    }
    if let Some(unproved) = &report.unproved {
        let _ = writeln!(out, "  未证明 not proved: {}", shown(unproved));
    }
    let proved = report.valid && (report.trusted || !asked);
    Ok(Said::new(u8::from(!proved), serde_json::to_value(report)?, out))
}
