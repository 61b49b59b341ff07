//! `yunyu admin`: initialise a data folder, examine one, hand out its trust file.

use super::said::Said;
use super::{doctor, input};
use crate::enrol::{self, ROOT_VAR};
use crate::init::{self, InitOptions};
use crate::layout::{Layout, write_private};
use crate::wiring::{self, CliError};
use clap::{Args, Subcommand, ValueEnum};
use crypto::Suite;
use model::Timestamp;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `admin …`
#[derive(Debug, Subcommand)]
pub enum AdminTool {
    /// 初始化数据目录（真实时钟）· Initialise a data folder on the machine's clock
    Init(InitArgs),
    /// 根密钥接纳运营域：签署含其公钥的密钥清单 · The root admits a zone: signs a key list that names its keys
    AdmitZone(AdmitArgs),
    /// 检查部署 · Examine a deployment
    Doctor(DoctorArgs),
    /// 信任文件 · The trust file
    #[command(subcommand)]
    Trust(TrustTool),
}

/// `admin trust …`
#[derive(Debug, Subcommand)]
pub enum TrustTool {
    /// 导出信任文件，交给核验者 · Export it for those who verify
    Export(TrustArgs),
}

/// Cipher suite by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SuiteName {
    /// SM2, SM3, SM4
    Gm,
    /// Ed25519, SHA-256, AES-256
    Intl,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// 数据目录 · Data folder, made if it is not there
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 城市：程序内的规则包，或含 pack.toml 的文件夹 · City: a pack in the program, or a folder with a pack.toml
    #[arg(long, value_name = "CITY")]
    pub city: String,
    /// 运营域在另一台机器：不在此生成其密钥 · The zone lives on another machine: make no keys for it here
    #[arg(long)]
    pub without_zone: bool,
    /// 密码套件 · Cipher suite
    #[arg(long, value_enum, default_value = "gm")]
    pub suite: SuiteName,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `admit-zone`. The root's passphrase comes in `YUNYU_ROOT_PASSPHRASE`, or as a line on standard input.
#[derive(Debug, Args)]
pub struct AdmitArgs {
    /// 平台的数据目录 · Data folder of the platform
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 运营域的登记申请 · The zone's enrolment request
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// 根密钥文件，默认在数据目录内 · The root's key file; default: the one in the data folder
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// 数据目录 · Data folder
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `trust export`.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// 数据目录 · Data folder
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 输出文件 · Output; standard output if not given
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// 输出一个 JSON 文档（信任文件本身即是）· The trust file is one JSON document as it is
    #[arg(long)]
    pub json: bool,
}

impl AdminTool {
    /// Was JSON asked for?
    pub fn json(&self) -> bool {
        match self {
            Self::Init(args) => args.json,
            Self::AdmitZone(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Trust(TrustTool::Export(args)) => args.json,
        }
    }
}

/// Does it.
pub fn run(tool: AdminTool) -> Result<Said, CliError> {
    match tool {
        AdminTool::Init(args) => initialise(&args),
        AdminTool::AdmitZone(args) => admit_zone(&args),
        AdminTool::Doctor(args) => doctor::run(&args.data),
        AdminTool::Trust(TrustTool::Export(args)) => export_trust(&args),
    }
}

fn initialise(args: &InitArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let suite = match args.suite {
        SuiteName::Gm => Suite::Gm,
        SuiteName::Intl => Suite::Intl,
    };
    let city = wiring::choose(&args.city)?;
    let pack = &city.pack;
    if pack.layers.last().is_none_or(|l| l.kind != model::pack::LayerKind::City) {
        return Err(CliError::usage("--city", "这一层不是城市规则包。", "This layer is not a city's pack."));
    }
    writable(&layout.data)?;
    let options = InitOptions {
        city,
        with_zone: !args.without_zone,
        suite,
        simulated_from: None,
        wall: Timestamp((wiring::wall_clock())()),
    };
    let done = init::init(&layout, &options)?;
    let (city, version) = (options.city.pack.id(), options.city.pack.version());
    let root_key = layout.root().join("root.key.json");
    let text = format!(
        "已初始化 initialised: {}\n  套件 suite {}  时钟 clock real  规则包 pack {}\n\
         \n  首次设置令牌（只用一次）set-up token, used once:\n    {}\n\
         \n  根密钥 root key: {}\n  根密钥口令（不写入任何文件，只显示这一次）its passphrase, in no file, shown this once:\n    {}\n\
         \n  请把根密钥移到离线介质；信任文件交给核验者。\n  Move the root key to an offline medium; hand the trust file to those who verify: {}\n",
        layout.data.display(),
        suite.name(),
        version,
        done.setup_token,
        root_key.display(),
        done.root_passphrase,
        layout.trust_file().display()
    );
    let json = json!({
        "data": layout.data, "city": city, "suite": suite, "clock": "real", "pack": version,
        "setup_token": done.setup_token, "root_key": root_key, "root_passphrase": done.root_passphrase,
        "trust": layout.trust_file(),
    });
    Ok(Said::new(0, json, text))
}

fn admit_zone(args: &AdmitArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let request = enrol::Request::parse(&input::bytes(&args.request)?)?;
    let file = args.root.clone().unwrap_or_else(|| layout.root().join("root.key.json"));
    let pass = match std::env::var(ROOT_VAR) {
        Ok(pass) => zeroize::Zeroizing::new(pass),
        Err(_) => zeroize::Zeroizing::new(std::io::read_to_string(std::io::stdin().lock())?),
    };
    let bad = || CliError::usage("--root", "根密钥文件或口令不对。", "The root's key file or its passphrase is wrong.");
    let sealed: crypto::KeyFile = serde_json::from_slice(&input::bytes(&file)?).map_err(|_| bad())?;
    let root = sealed.open(pass.trim()).map_err(|_| bad())?;
    let (number, list) = enrol::admit(&layout, &request, &root, Timestamp((wiring::wall_clock())()))?;
    let text = format!(
        "已签署第 {number} 号密钥清单；平台下次启动时接收。\nKey list {number} is signed; the platform takes it over at its next start.\n  {}\n",
        list.display()
    );
    Ok(Said::new(0, json!({"number": number, "key_list": list, "request": request.digest()?}), text))
}

/// A folder that can be made and written.
fn writable(dir: &Path) -> Result<(), CliError> {
    let tried = std::fs::create_dir_all(dir).and_then(|()| tempfile::tempfile_in(dir).map(drop));
    tried.map_err(|e| {
        CliError::usage(
            "--data",
            format!("{} 无法建立或写入（{}）。", dir.display(), e.kind()),
            format!("{} cannot be made or written ({}).", dir.display(), e.kind()),
        )
    })
}

fn export_trust(args: &TrustArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let deployment = wiring::deployment(&layout)?;
    let bytes = input::bytes(&layout.trust_file())?;
    let trust = audit::Trust::parse(&bytes).map_err(CliError::bug)?;
    if trust.deployment != deployment.deployment || trust.root.to_string() != deployment.root {
        return Err(CliError::usage(
            &layout.trust_file().display().to_string(),
            "信任文件不属于该部署。",
            "The trust file is not of this deployment.",
        ));
    }
    let Some(out) = &args.out else {
        // Exactly the file's bytes and no more: a verifier accepts one encoding only.
        let text = String::from_utf8(bytes).map_err(CliError::bug)?;
        return Ok(Said::new(0, serde_json::from_str(&text)?, text));
    };
    let out = input::absolute(out)?;
    write_private(&out, &bytes).map_err(|e| {
        CliError::usage(
            &out.display().to_string(),
            format!("无法写入（{}）。", e.kind()),
            format!("It cannot be written ({}).", e.kind()),
        )
    })?;
    let digest = trust.digest().map_err(CliError::bug)?.to_string();
    let text = format!("信任文件 trust file: {}\n{digest}\n", out.display());
    Ok(Said::new(0, json!({"trust": out, "digest": digest}), text))
}
