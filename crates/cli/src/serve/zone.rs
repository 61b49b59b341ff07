//! The zone process, on the platform's machine or on its own, and its enrolment.

use crate::backups::CustodyOfZone;
use crate::enrol;
use crate::init::{ZONE_KEY, ZONE_LOG_KEY};
use crate::keyplace;
use crate::layout::Layout;
use crate::serve::supervisor::{resolve, take_swept};
use crate::serve::{announce, confine};
use crate::wiring::{self, CliError};
use clap::{Args, Subcommand};
use model::storage_words;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use zone::node::NodeError;

/// `yunyu zone …`: runs a node, or enrols one.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ZoneArgs {
    #[command(subcommand)]
    tool: Option<ZoneTool>,
    #[command(flatten)]
    run: RunArgs,
}

/// What a node is started with.
#[derive(Args)]
pub struct RunArgs {
    /// Data folder of the zone, made by `zone enrol`.
    #[arg(long, default_value = "zone-data")]
    pub data: PathBuf,
    /// Base URL of the platform: https, or http on loopback.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8600")]
    pub platform: String,
    /// The trust file, had from the root and not from the platform; must be the one pinned at enrolment.
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Origin under which browsers open the platform's console, if not `--platform`; may be given several times.
    #[arg(long, value_name = "URL")]
    pub console: Vec<String>,
    /// Address of the zone's endpoint.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8601")]
    pub listen: SocketAddr,
    /// Authorities (PEM) for the platform's certificate; default: the machine's.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// TLS on loopback too; off loopback it is always on. Certificate: `zone/tls/cert.pem` and `key.pem` in the data folder.
    #[arg(long)]
    pub tls: bool,
}

#[derive(Subcommand)]
enum ZoneTool {
    /// 登记：生成运营域密钥，写出给根密钥签署的申请 · Enrol: make the zone's keys and the request that the root signs.
    Enrol {
        /// New data folder of the zone.
        #[arg(long)]
        data: PathBuf,
        /// The trust file, had from the root and not from the platform.
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// Folder of the rule pack, where it is not one of the program's.
        #[arg(long)]
        city: Option<String>,
        /// Where the zone keeps its keys: `file`, `pkcs11:MODULE?token=LABEL` or `sdf:LIBRARY?kek=INDEX`, with
        /// `&pin-file=FILE` if the PIN is not in `YUNYU_KEYS_PIN`. Fixed for good.
        #[arg(long, value_name = "PLACE", default_value = "file")]
        keys: String,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
}

impl ZoneArgs {
    /// Was one JSON document asked for?
    pub fn json(&self) -> bool {
        matches!(self.tool, Some(ZoneTool::Enrol { json: true, .. }))
    }
}

/// Enrols, or runs a node by itself until it is told to end.
pub fn command(args: ZoneArgs) -> Result<u8, CliError> {
    let Some(ZoneTool::Enrol { data, trust, city, keys, json }) = args.tool else {
        // A node by itself outlives the shell that started it, and says where it is.
        let layout = Layout::new(&args.run.data)?;
        // Before anything in it is read: a restore may be about to put another folder here.
        let _folder = layout.data.is_dir().then(|| take_swept(&layout)).transpose()?;
        return run(&args.run, true).map(|()| 0);
    };
    let layout = Layout::new(&data)?;
    let bytes = read("--trust", &trust)?;
    enrol::refuse_simulated(&bytes)?;
    let request = enrol::enrol(&layout, &bytes, city.as_deref(), &keys)?;
    let (file, digest) = (enrol::request_file(&layout), request.digest()?);
    if json {
        println!("{}", serde_json::json!({"data": layout.data, "request": file, "digest": digest}));
    } else {
        println!("登记申请 request: {}\n  {digest}", file.display());
        println!("请把申请交给根密钥保管人，并以别的途径核对摘要；由其运行 yunyu admin admit-zone。");
        println!("Bring it to the keeper of the root, compare the digest another way; `yunyu admin admit-zone` signs.");
    }
    Ok(0)
}

/// Runs the zone beside the platform, under one supervisor, until it is told to end.
pub fn supervised(args: &RunArgs) -> Result<(), CliError> {
    confine::harden(true)?;
    run(args, false)
}

fn run(args: &RunArgs, alone: bool) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args, alone))
}

/// The trust file that the zone was enrolled with: it believes this one, not the deployment file beside the platform.
fn pinned(layout: &Layout, shown: Option<&PathBuf>) -> Result<audit::Trust, CliError> {
    let bytes = std::fs::read(layout.zone_trust()).map_err(|_| {
        CliError::usage(
            "--data",
            "该目录没有登记过运营域；请先运行 yunyu zone enrol。",
            "No zone was enrolled in this folder; run `yunyu zone enrol` first.",
        )
    })?;
    if let Some(shown) = shown
        && read("--trust", shown)? != bytes
    {
        return Err(CliError::usage(
            "--trust",
            "信任文件不是运营域登记时固定的那一份。",
            "It is not the trust file that the zone was enrolled with.",
        ));
    }
    audit::Trust::parse(&bytes).map_err(CliError::bug)
}

async fn serve(args: &RunArgs, alone: bool) -> Result<(), CliError> {
    let config = config(args)?;
    if alone {
        announce(config.listen, config.tls.is_some());
    }
    zone::node::run(config, wiring::told_to_end()).await.map_err(stopped)
}

/// What a zone stops for that no start mends: its memory is not to be trusted.
fn stopped(e: NodeError) -> CliError {
    let what = match &e {
        NodeError::JournalBroken(frame) => format!("记录在第 {frame} 帧损坏或缺失"),
        NodeError::RolledBack(_) => "放回了旧副本".to_owned(),
        NodeError::LogBroken(_) => "域内日志或其签名记忆缺失、损坏，或放回了旧副本".to_owned(),
        _ => return CliError::bug(e),
    };
    CliError::Refused(model::Refusal::new(
        "zone-folder-changed",
        "PRODUCT-LOG",
        "",
        format!(
            "运营域不再使用这个目录：{what}。请停止服务并查明原因，换回原来的目录，或从备份恢复（admin restore）。"
        ),
        format!(
            "The zone does not use this folder any more: {e}. Stop, find out why, put the right folder back, or restore it from a backup (admin restore)."
        ),
    ))
}

/// Everything a node needs, out of its folder.
fn config(args: &RunArgs) -> Result<zone::node::NodeConfig, CliError> {
    let layout = Layout::new(&args.data)?;
    let trust = pinned(&layout, args.trust.as_ref())?;
    let clock = match trust.clock {
        audit::ClockKind::Real => model::Clock::Real,
        audit::ClockKind::Simulated => model::Clock::Simulated,
    };
    wiring::check_listen(clock, args.listen)?;
    wiring::check_url("--platform", &args.platform)?;
    let tls = wiring::tls_files(&layout.zone(), args.listen, args.tls)?;
    let listen = resolve(args.listen)?;
    let platform_ca = args.ca.as_ref().map(|file| read("--ca", file)).transpose()?;
    let held = CustodyOfZone { layout: layout.clone(), deployment: trust.deployment.clone() };
    held.catch_up()?;
    let keys = keyplace::open(&layout, trust.suite)?;
    let pack = wiring::pack_kept(&layout.zone_pack(), &trust.city)?;
    if wiring::pack_digest(trust.suite, &pack)? != trust.pack.digest {
        return Err(CliError::usage(
            "trust.json",
            "规则包与运营域登记时固定的规则包不一致。",
            "The rule pack is not the one the zone was enrolled with.",
        ));
    }
    Ok(zone::node::NodeConfig {
        data: layout.zone(),
        log: layout.log().join("zone"),
        platform: args.platform.clone(),
        console: origins(args),
        platform_ca,
        listen,
        tls,
        trust: zone::node::Trust { deployment: trust.deployment, suite: trust.suite, clock, root: trust.root },
        pack: Arc::new(pack),
        signer: keyplace::zone_key(&layout, &*keys, ZONE_KEY)?,
        log_signer: keyplace::zone_key(&layout, &*keys, ZONE_LOG_KEY)?,
        keys,
        custody: Some(Arc::new(held)),
        job_command: vec![std::env::current_exe()?.into_os_string(), "job-process".into()],
        limits: zone::node::Limits::default(),
        machine_clock: wiring::machine_clock(),
    })
}

/// Rotates the keys of the zone in a folder that nobody serves.
///
/// # Errors
/// Usage: there is no zone, a node runs in it, or a backup copies it. Otherwise storage or key device failed; a later call
/// goes on.
pub fn rotate_keys(layout: &Layout) -> Result<zone::node::Rotated, CliError> {
    let Still { config, runtime, _folder } = standing_still(layout)?;
    runtime.block_on(zone::node::rotate_keys(config)).map_err(busy)
}

/// Leaves the leaf about keys that were handed to their keepers, in a folder that nobody serves.
///
/// # Errors
/// As [`rotate_keys`].
pub fn record_export(layout: &Layout, sealed: &model::Digest) -> Result<(), CliError> {
    let Still { config, runtime, _folder } = standing_still(layout)?;
    runtime.block_on(zone::node::record_export(config, sealed)).map_err(busy)
}

/// The keepers open a sealed resource, in a folder that nobody serves.
///
/// # Errors
/// Usage: nobody ordered it, or the keepers are others. Refused: its keys were given up. Otherwise as [`rotate_keys`].
pub fn unseal(layout: &Layout, resource: &str, with: &crypto::SealingKeys) -> Result<u64, CliError> {
    let Still { config, runtime, _folder } = standing_still(layout)?;
    runtime.block_on(zone::node::unseal(config, &resource.into(), with)).map_err(busy)
}

/// Suite of the zone in a folder.
///
/// # Errors
/// Usage: there is no zone.
pub fn suite(layout: &Layout) -> Result<crypto::Suite, CliError> {
    Ok(pinned(layout, None)?.suite)
}

/// A zone in a folder that nobody serves.
struct Still {
    config: zone::node::NodeConfig,
    runtime: tokio::runtime::Runtime,
    /// Held as long as it is worked on.
    _folder: std::fs::File,
}

fn standing_still(layout: &Layout) -> Result<Still, CliError> {
    let folder = take_swept(layout)?;
    let loopback = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let args = RunArgs {
        data: layout.data.clone(),
        platform: "http://127.0.0.1:8600".to_owned(),
        trust: None,
        console: Vec::new(),
        listen: loopback,
        ca: None,
        tls: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(Still { config: config(&args)?, runtime, _folder: folder })
}

fn busy(e: zone::node::NodeError) -> CliError {
    match e {
        zone::node::NodeError::Locked => CliError::usage(
            "--data",
            "该目录的运营域正在运行；请先停止它。",
            "The zone in this folder is running; stop it first.",
        ),
        zone::node::NodeError::Copied => CliError::usage(
            "--data",
            "该目录正在备份；请等备份完成。",
            "A backup of this folder is being made; wait for it.",
        ),
        zone::node::NodeError::NotOrdered => CliError::usage(
            "--resource",
            "没有启封该资源的指令，或已启封。",
            "No order unseals this resource, or it is unsealed already.",
        ),
        zone::node::NodeError::Refused(refusal) => CliError::Refused(*refusal),
        zone::node::NodeError::Custody(_) => CliError::usage(
            "--data",
            "密钥已打开，但密钥托管暂不可达，仍记为已封存：托管恢复后请再运行一次。",
            "The keys are open, but the custody cannot be reached and still says that they are sealed: run this again once it is back.",
        ),
        zone::node::NodeError::Crypto(crypto::CryptoError::NoSealingKey) => CliError::usage(
            "--resource",
            "该资源由另外两名保管人封存。",
            "The resource was sealed for two other keepers.",
        ),
        other => CliError::bug(other),
    }
}

fn read(option: &str, file: &std::path::Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(file).map_err(|e| {
        let (file, [zh, en]) = (file.display(), storage_words(e.kind()));
        CliError::usage(option, format!("{file} 无法读取（{zh}）。"), format!("{file} cannot be read ({en})."))
    })
}

/// Under which names browsers open the console: as said, or the platform's address; on loopback people type either name.
fn origins(args: &RunArgs) -> Vec<String> {
    if !args.console.is_empty() {
        return args.console.clone();
    }
    let own = args.platform.trim_end_matches('/').to_owned();
    let other = own.replacen("//127.0.0.1:", "//localhost:", 1);
    if other == own { vec![own] } else { vec![own, other] }
}
