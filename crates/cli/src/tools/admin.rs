//! `yunyu admin`: initialise a data folder, examine one, hand out its trust file.

use super::said::Said;
use super::{doctor, input};
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
    /// City
    #[arg(long, value_name = "CITY")]
    pub city: String,
    /// 密码套件 · Cipher suite
    #[arg(long, value_enum, default_value = "gm")]
    pub suite: SuiteName,
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
            Self::Doctor(args) => args.json,
            Self::Trust(TrustTool::Export(args)) => args.json,
        }
    }
}

/// Does it.
pub fn run(tool: AdminTool) -> Result<Said, CliError> {
    match tool {
        AdminTool::Init(args) => initialise(&args),
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
    // The name becomes part of the deployment's name and is read again at every start: it must be a pack in the program.
    if !wiring::layers().iter().any(|l| l.layer == args.city) {
        return Err(CliError::usage(
            "--city",
            format!("程序内没有规则包 {}；用 pack list 列出。", args.city),
            format!("There is no pack {} in the program; `pack list` names them.", args.city),
        ));
    }
    let pack = wiring::pack(&args.city)?;
    if pack.layers.last().is_none_or(|l| l.kind != model::pack::LayerKind::City) {
        return Err(CliError::usage("--city", "这一层不是城市规则包。", "This layer is not a city's pack."));
    }
    writable(&layout.data)?;
    let options = InitOptions {
        city: args.city.clone(),
        pack_version: pack.version(),
        pack_digest: wiring::pack_digest(suite, &pack)?,
        suite,
        simulated_from: None,
        wall: Timestamp((wiring::wall_clock())()),
    };
    let done = init::init(&layout, &options)?;
    let root_key = layout.root().join("root.key.json");
    let text = format!(
        "已初始化 initialised: {}\n  套件 suite {}  时钟 clock real  规则包 pack {}\n\
         \n  首次设置令牌（只用一次）set-up token, used once:\n    {}\n\
         \n  根密钥 root key: {}\n  根密钥口令（不写入任何文件，只显示这一次）its passphrase, in no file, shown this once:\n    {}\n\
         \n  请把根密钥移到离线介质；信任文件交给核验者。\n  Move the root key to an offline medium; hand the trust file to those who verify: {}\n",
        layout.data.display(),
        suite.name(),
        options.pack_version,
        done.setup_token,
        root_key.display(),
        done.root_passphrase,
        layout.trust_file().display()
    );
    let json = json!({
        "data": layout.data, "city": args.city, "suite": suite, "clock": "real", "pack": options.pack_version,
        "setup_token": done.setup_token, "root_key": root_key, "root_passphrase": done.root_passphrase,
        "trust": layout.trust_file(),
    });
    Ok(Said::new(0, json, text))
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
