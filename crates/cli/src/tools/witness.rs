//! `yunyu witness`: the small program of a regulator. It keeps what it has seen of both logs in a folder of its own, cosigns
//! what extends that, refuses two histories and rollbacks, and receives handed-over leaves. Works from a log folder, over
//! HTTP, or with files only.

use super::audit::{log_folder, log_name, policy, unusable};
use super::home::{Home, KEY, PUBLIC, TRUST, in_use, passphrase};
use super::input;
use super::said::Said;
use crate::layout::write_private;
use crate::wiring::{self, CliError};
use ::audit::handover::Receiver;
use ::audit::{Checkpoint, Cosigned, LogError, LogName, Witness, WitnessKey, WitnessRefusal, WitnessRequest};
use clap::{Args, Subcommand};
use crypto::{HashAlg, SigningKey};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use super::home::WITNESS_VAR;

/// Shortest passphrase.
const SHORTEST: usize = 12;

/// `witness …`. The key's passphrase comes in `YUNYU_WITNESS_PASSPHRASE`, or as a line on standard input.
#[derive(Debug, Subcommand)]
pub enum WitnessTool {
    /// 建立见证方：密钥、信任文件、记忆 · Make a witness: key, trust file, memory
    Init(InitArgs),
    /// 公钥与已见证的进度 · Its public key, and how far it has seen each log
    Show(ShowArgs),
    /// 核对并联署检查点 · Look at checkpoints and cosign those that extend what was seen
    Cosign(CosignArgs),
    /// 生成联署申请文件（由平台方运行）· Make a request file; run where the log lies
    Request(RequestArgs),
    /// 把联署放到日志旁（由平台方运行）· Put a cosigned checkpoint beside its log; run where the log lies
    Attach(AttachArgs),
    /// 在信任文件中写入“n 个见证方中至少 k 个” · Write a k-of-n policy into a copy of a trust file
    Policy(PolicyArgs),
    /// 接收移交的日志并出具回执 · Receive handed-over leaves and sign the receipt
    Receive(ReceiveArgs),
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// 见证方目录 · Folder of the witness, made if it is not there
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 名称，小写字母、数字、点、横线 · Name on its cosignatures: a-z 0-9 . -
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// 以其他途径取得的信任文件 · Trust file had from elsewhere
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// 见证方目录 · Folder of the witness
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `cosign`: one source.
#[derive(Debug, Args)]
pub struct CosignArgs {
    /// 见证方目录 · Folder of the witness
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    #[command(flatten)]
    pub source: Source,
    /// 平台证书的签发机构（PEM）· Authorities (PEM) for the platform's certificate
    #[arg(long, value_name = "FILE", requires = "url")]
    pub ca: Option<PathBuf>,
    /// 联署放入此目录 · Folder that the cosigned checkpoints go to, `<log>.cosigned` each
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Where checkpoints come from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// 日志目录 · Data folder of the log, or its `log` folder
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// 平台地址 · Base URL of the platform
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// 申请文件 · A request file
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
}

/// Arguments of `request`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// 数据目录 · Data folder, or its `log` folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// 哪一部日志 · Which log
    #[arg(long, value_parser = log_name, default_value = "platform")]
    pub log: LogName,
    /// 见证方上次见到的条数 · How many leaves the witness has seen (`witness show`)
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub old: u64,
    /// 写入文件 · Where the request goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `attach`.
#[derive(Debug, Args)]
pub struct AttachArgs {
    /// 数据目录 · Data folder, or its `log` folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// 联署文件 · The cosigned checkpoint
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// 信任文件 · Trust file
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,
    /// 见证方的公钥文件，可多次 · Public key of a witness; once for each
    #[arg(long, value_name = "FILE", required = true)]
    pub witness: Vec<PathBuf>,
    /// 至少几个，默认全部 · How many suffice; default: all
    #[arg(long, value_name = "K")]
    pub witnesses: Option<u32>,
    /// 写入文件 · Where the new trust file goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `receive`.
#[derive(Debug, Args)]
pub struct ReceiveArgs {
    /// 接收方目录 · Folder of the receiver, made by `init`
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 移交文件 · The file that was handed over
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// 回执写入文件 · Where the receipt goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

impl WitnessTool {
    /// Was JSON asked for?
    pub fn json(&self) -> bool {
        match self {
            Self::Init(a) => a.json,
            Self::Show(a) => a.json,
            Self::Cosign(a) => a.json,
            Self::Request(a) => a.json,
            Self::Attach(a) => a.json,
            Self::Policy(a) => a.json,
            Self::Receive(a) => a.json,
        }
    }
}

/// Runs the tool. Exit code 1: the witness refuses.
pub fn run(tool: WitnessTool) -> Result<Said, CliError> {
    match tool {
        WitnessTool::Init(args) => init(&args),
        WitnessTool::Show(args) => show(&args.data),
        WitnessTool::Cosign(args) => cosign(&args),
        WitnessTool::Request(args) => request(&args),
        WitnessTool::Attach(args) => attach(&args),
        WitnessTool::Policy(args) => write_policy(&args),
        WitnessTool::Receive(args) => receive(&args),
    }
}

fn init(args: &InitArgs) -> Result<Said, CliError> {
    let trust = input::trust(Some(&args.trust))?.ok_or_else(|| CliError::bug("no trust file"))?;
    let dir = input::absolute(&args.data)?;
    if dir.join(KEY).exists() {
        let (zh, en) = ("该目录已有见证方。", "There is a witness in this folder already.");
        return Err(CliError::usage("--data", zh, en));
    }
    let pass = passphrase()?;
    if pass.trim().chars().count() < SHORTEST {
        let (zh, en) = ("口令至少十二个字符。", "The passphrase must have twelve characters at least.");
        return Err(CliError::usage(WITNESS_VAR, zh, en));
    }
    let signer = SigningKey::generate(trust.suite)?;
    let key = WitnessKey::new(&args.name, signer.public()).map_err(|_| {
        let (zh, en) = (
            "名称须以小写字母开头，只含小写字母、数字、点与横线，最多 64 个字符。",
            "The name must begin with a letter and hold a-z, 0-9, `.` and `-` only, 64 characters at most.",
        );
        CliError::usage("--name", zh, en)
    })?;
    std::fs::create_dir_all(&dir)?;
    write_private(&dir.join(TRUST), &input::bytes(&args.trust)?)?;
    write_private(&dir.join(PUBLIC), format!("{key}\n").as_bytes())?;
    Witness::begin(&dir.join("seen"), &trust.deployment, &signer).map_err(not_begun)?;
    // The key comes last: a folder without it was not made, and may be made again.
    let sealed = crypto::KeyFile::seal(&signer, pass.trim())?;
    write_private(&dir.join(KEY), &serde_json::to_vec_pretty(&sealed)?)?;
    let doc = json!({"data": dir, "name": args.name, "key": key, "deployment": trust.deployment});
    Ok(Said::new(0, doc, format!("{key}\n")))
}

/// What an earlier run left that was stopped before there was a key is begun anew; a memory that has seen something is not.
fn not_begun(e: LogError) -> CliError {
    if let LogError::Io { source, .. } = e {
        return source.into();
    }
    let (zh, en) = (
        "该目录下已有见证记忆（seen），请另择目录。",
        "There is a witness's memory (seen) in this folder: choose another.",
    );
    CliError::usage("--data", zh, en)
}

fn show(data: &Path) -> Result<Said, CliError> {
    let home = Home::open(data)?;
    let memory = home.memory()?;
    let mut text = format!("{}\n", home.key);
    let mut seen = serde_json::Map::new();
    for log in LogName::ALL {
        let known = memory.known(log).map_err(|e| in_use(&home.dir, &e))?;
        let _ = writeln!(text, "  {log}: {known}");
        seen.insert(log.to_string(), json!(known));
    }
    let doc = json!({"name": home.key.name(), "key": home.key, "deployment": home.trust.deployment, "seen": seen});
    Ok(Said::new(0, doc, text))
}

fn cosign(args: &CosignArgs) -> Result<Said, CliError> {
    let home = Home::open(&args.data)?;
    let signer = home.signer()?;
    let memory = home.memory()?;
    let requests = requests(args, &memory)?;
    std::fs::create_dir_all(&args.out)?;
    let (mut rows, mut text, mut code) = (Vec::new(), String::new(), 0);
    for request in &requests {
        match memory.cosign(request, &signer, seconds()) {
            Ok((log, note)) => {
                let file = input::written(&args.out.join(format!("{log}.cosigned")), note.render().as_bytes())?;
                let _ = writeln!(text, "{log}: {} → {}", note.checkpoint.size, file.display());
                rows.push(json!({"log": log, "size": note.checkpoint.size, "file": file}));
            }
            Err(WitnessRefusal::Log(e)) => return Err(in_use(&home.dir, &e)),
            Err(refusal) => {
                code = 1;
                let said = refused(&refusal);
                let _ = writeln!(text, "拒绝联署 refused [{}]\n  {}\n  {}", refusal.code(), zh(&refusal), refusal);
                rows.push(said);
            }
        }
    }
    Ok(Said::new(code, json!({"witness": home.key.name(), "logs": rows}), text))
}

fn refused(refusal: &WitnessRefusal) -> Value {
    let mut error = json!({"code": refusal.code(), "rule": "PRODUCT-WITNESS", "article": "", "zh": zh(refusal),
        "en": refusal.to_string(), "status": refusal.status()});
    if let WitnessRefusal::Stale { known, .. } | WitnessRefusal::RolledBack { known, .. } = refusal {
        error["known"] = json!(known);
    }
    json!({"error": error})
}

fn zh(refusal: &WitnessRefusal) -> String {
    match refusal {
        WitnessRefusal::NotTheLogs(_) => "不是信任文件所指部署的日志，或未由其日志密钥签署。".to_owned(),
        WitnessRefusal::Stale { known, old } => {
            format!("本见证方已见到 {known} 条，申请却从 {old} 条起证明；请以 {known} 重新申请。")
        }
        WitnessRefusal::RolledBack { known, size } => {
            format!("日志被回退：只有 {size} 条，本见证方已见到 {known} 条。")
        }
        WitnessRefusal::SplitView { size } => {
            format!("两套历史：日志对同样的 {size} 条签署了另一个根哈希；两份检查点均已留存。")
        }
        WitnessRefusal::NotAnExtension { known, size } => {
            format!("未能证明 {size} 条的日志是已见 {known} 条的延续：证明有误，或是另一套历史；两份检查点均已留存。")
        }
        WitnessRefusal::KeyLists => "申请所附密钥清单与此前所见不一致。".to_owned(),
        WitnessRefusal::Log(_) => "见证方的目录不可用。".to_owned(),
    }
}

fn requests(args: &CosignArgs, memory: &Witness) -> Result<Vec<WitnessRequest>, CliError> {
    let source = &args.source;
    if let Some(file) = &source.request {
        let request = WitnessRequest::parse(&input::bytes(file)?).map_err(|e| unusable(file, &e))?;
        return Ok(vec![request]);
    }
    let known = |log| memory.known(log).map_err(|e| in_use(&args.data, &e));
    if let Some(url) = &source.url {
        let remote = Remote::new(url, args.ca.as_deref())?;
        let mut found = Vec::new();
        for log in LogName::ALL {
            found.extend(remote.request(log, known(log)?)?);
        }
        return Ok(found);
    }
    let dir = log_folder(source.folder.as_deref().unwrap_or(Path::new(".")))?;
    let there = LogName::ALL.into_iter().filter(|l| dir.join(l.as_str()).join("checkpoint").is_file());
    there
        .map(|log| {
            memory.check_beside(&dir, log).map_err(|e| in_use(&args.data, &e))?;
            WitnessRequest::make(&dir, log, known(log)?).map_err(|e| unusable(&dir, &e))
        })
        .collect()
}

/// A platform's public log files over HTTP.
struct Remote {
    base: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Remote {
    fn new(url: &str, ca: Option<&Path>) -> Result<Self, CliError> {
        wiring::check_url("--url", url)?;
        let mut http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60));
        if let Some(file) = ca {
            let bad = || CliError::usage("--ca", "不是 PEM 证书文件。", "It is not a file of PEM certificates.");
            let known = reqwest::Certificate::from_pem_bundle(&input::bytes(file)?).map_err(|_| bad())?;
            http = http.tls_certs_only(known);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { base: url.trim_end_matches('/').to_owned(), http: http.build().map_err(CliError::bug)?, runtime })
    }

    /// A file below the platform's `/log/`; `None` where it has none of that name.
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, CliError> {
        let away = |e: &dyn std::fmt::Display| {
            CliError::usage("--url", format!("平台没有回答：{e}。"), format!("The platform does not answer: {e}."))
        };
        self.runtime.block_on(async {
            let answer = self.http.get(format!("{}/log/{path}", self.base)).send().await;
            let answer = answer.map_err(|e| away(&e.without_url()))?;
            match answer.status().as_u16() {
                404 => Ok(None),
                200 => Ok(Some(answer.bytes().await.map_err(|e| away(&e.without_url()))?.to_vec())),
                other => Err(away(&other)),
            }
        })
    }

    /// The request that the log's own keeper would make.
    fn request(&self, log: LogName, old: u64) -> Result<Option<WitnessRequest>, CliError> {
        let Some(note) = self.get(&format!("{log}/checkpoint"))? else { return Ok(None) };
        let bad = |e: LogError| unusable(Path::new(&self.base), &e);
        let checkpoint = Checkpoint::parse(&note).map_err(bad)?;
        let mut keys = Vec::new();
        while let Some(list) = self.get(&format!("keys/{}.json", keys.len() + 1))? {
            keys.push(crypto::from_canonical(&list)?);
        }
        let fetch = |name: &str| {
            let file = self.get(&format!("{log}/{name}"));
            let missing = || LogError::Corrupt { file: name.to_owned(), what: "missing" };
            file.map_err(|e| LogError::Io { file: name.to_owned(), source: std::io::Error::other(e.to_string()) })?
                .ok_or_else(missing)
        };
        let mut sm3 = ::audit::fetched_nodes(HashAlg::Sm3, checkpoint.size, fetch);
        let mut sha256 = ::audit::fetched_nodes(HashAlg::Sha256, checkpoint.size, fetch);
        WitnessRequest::of(&checkpoint, old, keys, [&mut sm3, &mut sha256]).map(Some).map_err(bad)
    }
}

fn seconds() -> u64 {
    u64::try_from((wiring::wall_clock())() / 1000).unwrap_or_default()
}

fn request(args: &RequestArgs) -> Result<Said, CliError> {
    let dir = log_folder(&args.dir)?;
    let request = WitnessRequest::make(&dir, args.log, args.old).map_err(|e| unusable(&dir, &e))?;
    let file = input::written(&args.out, &request.to_bytes().map_err(CliError::bug)?)?;
    let text = format!("{}\n", file.display());
    Ok(Said::new(0, json!({"file": file, "log": args.log, "old": args.old}), text))
}

fn attach(args: &AttachArgs) -> Result<Said, CliError> {
    let dir = log_folder(&args.dir)?;
    let bytes = input::bytes(&args.file)?;
    let (log, name) = ::audit::attach_cosignature(&dir, &bytes).map_err(|e| match e {
        LogError::Malformed { why: ::audit::ANOTHER_HISTORY, .. } => CliError::Refused(model::Refusal::new(
            "split-view",
            "PRODUCT-WITNESS",
            "",
            "见证方联署的是另一套历史：这部日志从未处于该状态，可能被回退或改写过。请保存这份检查点，并与见证方核对。",
            "The witness has cosigned another history: this log never was in that state, so it was put back or rewritten. Keep the checkpoint and ask the witness.",
        )),
        LogError::OutOfRange(size) => CliError::Refused(model::Refusal::new(
            "rolled-back",
            "PRODUCT-WITNESS",
            "",
            format!("见证方已联署到 {size} 条，这部日志却没有这么长：日志被回退过，或是较短的另一段历史。请保存这份检查点，并与见证方核对。"),
            format!("The witness has cosigned {size} leaves, and this log is shorter: it was put back, or is another history. Keep the checkpoint and ask the witness."),
        )),
        e => unusable(&args.file, &e),
    })?;
    let size = Cosigned::parse(&bytes).map_err(CliError::bug)?.checkpoint.size;
    Ok(Said::new(0, json!({"log": log, "witness": name, "size": size}), format!("{name}: {log} {size}\n")))
}

fn write_policy(args: &PolicyArgs) -> Result<Said, CliError> {
    let mut trust = input::trust(Some(&args.trust))?.ok_or_else(|| CliError::bug("no trust file"))?;
    let policy = policy(&args.witness, args.witnesses)?;
    if policy.iter().flat_map(|p| &p.keys).any(|k| k.public().suite() != trust.suite) {
        let (zh, en) = ("见证方的密钥不属于该部署的密码套件。", "A witness's key is not of the deployment's suite.");
        return Err(CliError::usage("--witness", zh, en));
    }
    trust.witnesses = policy;
    let file = input::written(&args.out, &trust.to_bytes().map_err(CliError::bug)?)?;
    let text = format!("{}\n", file.display());
    Ok(Said::new(0, json!({"file": file, "witnesses": trust.witnesses}), text))
}

fn receive(args: &ReceiveArgs) -> Result<Said, CliError> {
    let home = Home::open(&args.data)?;
    let signer = home.signer()?;
    let dir = home.dir.join("received");
    let receiver = Receiver::open(&dir, home.trust.clone(), home.key.clone()).map_err(|e| in_use(&dir, &e))?;
    let bytes = input::bytes(&args.file)?;
    let log = ::audit::handover::HandOver::parse(&bytes).map(|range| range.log);
    // The one home is witness and receiver: it signs for no history but the one that it has cosigned.
    let memory = home.memory()?;
    let seen = log.and_then(|log| memory.seen(log)).map_err(|e| in_use(&home.dir.join("seen"), &e));
    let taken = match seen {
        Ok(seen) => receiver.take(&bytes, &signer, (wiring::wall_clock())(), seen.as_ref()),
        // Whatever is no hand-over at all is refused in the receiver's words.
        Err(_) if ::audit::handover::HandOver::parse(&bytes).is_err() => receiver.take(&bytes, &signer, 0, None),
        Err(lost) => return Err(lost),
    };
    let receipt = match taken {
        Ok(receipt) => receipt,
        Err(e @ (LogError::Io { .. } | LogError::Locked)) => return Err(in_use(&dir, &e)),
        Err(e) => {
            return Err(CliError::Refused(model::Refusal::new(
                "hand-over-refused",
                "PRODUCT-HANDOVER",
                "",
                format!("移交文件不成立：{}。", e.zh()),
                format!("The hand-over does not hold: {e}."),
            )));
        }
    };
    let file = input::written(&args.out, &crypto::canonical(&receipt)?)?;
    let (from, to) = (receipt.body.from, receipt.body.to);
    let doc = json!({"file": file, "origin": receipt.body.origin, "from": from, "to": to});
    Ok(Said::new(0, doc, format!("{}\n  {} {from}..{to}\n", file.display(), receipt.body.origin)))
}
