//! `yunyu admin`: initialise a data folder, examine one, hand out its trust file.

use super::said::Said;
use super::{doctor, input};
use crate::backups;
use crate::enrol;
use crate::init::{self, InitOptions};
use crate::keepers;
use crate::keyplace;
use crate::layout::{Layout, write_private};
use crate::root;
use crate::serve::zone;
use crate::wiring::{self, CliError};
use clap::{Args, Subcommand, ValueEnum};
use crypto::Suite;
use model::Timestamp;
use model::storage_words;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `admin …`
#[derive(Debug, Subcommand)]
pub enum AdminTool {
    /// 初始化数据目录（真实时钟）· Initialise a data folder on the machine's clock
    Init(InitArgs),
    /// 根密钥接纳运营域：签署含其公钥的密钥清单 · The root admits a zone: signs a key list that names its keys
    AdmitZone(AdmitArgs),
    /// 根密钥接纳见证方：签署含其公钥的密钥清单 · The root admits a witness: signs a key list that names its key
    AdmitWitness(AdmitWitnessArgs),
    /// 根密钥签署下一份密钥清单（离线）· The root signs the next key list, offline
    SignKeys(SignArgs),
    /// 备份：在运行中制作加密的增量快照 · Back up: a sealed, incremental snapshot of a folder in use
    Backup(backups::BackupArgs),
    /// 恢复；回到已知状态之前须两人确认 · Restore; going behind what is known needs two people
    Restore(backups::RestoreArgs),
    /// 签署恢复确认书 · Sign the statement that a restore needs
    ConfirmRestore(backups::ConfirmArgs),
    /// 轮换运营域密钥：换新的加密密钥，数据不重写，旧密钥销毁；须先停止运营域 · Rotate the zone's keys: new material, no data rewritten, the old destroyed; stop the zone first
    RotateKeys(RotateArgs),
    /// 导出运营域主密钥：由两名保管人各以口令共同封存，单人打不开 · Export the zone's master key, sealed by two keepers: neither opens it alone
    ExportKeys(RotateArgs),
    /// 启封资源：启封指令到达后，由两名保管人在运营域机器上打开密钥 · Unseal a resource: after the order, the two keepers open its keys at the zone
    Unseal(UnsealArgs),
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
    #[arg(long, conflicts_with = "simulated")]
    pub without_zone: bool,
    /// 运营域密钥的位置，定后不变：file、pkcs11:模块?token=标签、sdf:库?kek=序号 · Where the zone keeps its keys, fixed for good; PIN in YUNYU_KEYS_PIN or &pin-file=FILE
    #[arg(long, value_name = "PLACE", default_value = "file", conflicts_with = "without_zone")]
    pub keys: String,
    /// 演练：模拟时钟，从该日 09:00 起，只能在本机使用 · For rehearsals: a simulated clock from this day on, loopback only
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub simulated: Option<String>,
    /// 密码套件 · Cipher suite
    #[arg(long, value_enum, default_value = "gm")]
    pub suite: SuiteName,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `unseal`. The keepers' passphrases come in `YUNYU_KEEPER_1_PASSPHRASE` and `YUNYU_KEEPER_2_PASSPHRASE`.
#[derive(Debug, Args)]
pub struct UnsealArgs {
    /// 数据目录 · Data folder of the zone
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 资源编号 · The resource
    #[arg(long, value_name = "ID")]
    pub resource: String,
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

/// Arguments of `admit-witness`. The root's passphrase comes in `YUNYU_ROOT_PASSPHRASE`, or as a line on standard input.
#[derive(Debug, Args)]
pub struct AdmitWitnessArgs {
    /// 平台的数据目录 · Data folder of the platform
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 见证方的公钥文件（witness.pub），以别的途径核对 · The witness's public key, compared another way
    #[arg(long, value_name = "FILE")]
    pub witness: PathBuf,
    /// 根密钥文件，默认在数据目录内 · The root's key file; default: the one in the data folder
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `sign-keys`. The root's passphrase comes in `YUNYU_ROOT_PASSPHRASE`, or as a line on standard input.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// 根密钥文件 · The root's key file
    #[arg(long, value_name = "FILE")]
    pub root: PathBuf,
    /// 平台给出的草案 · The platform's draft
    #[arg(long, value_name = "FILE")]
    pub draft: PathBuf,
    /// 根密钥上一次签署的清单 · The list that the root signed last (the first one: DATA/log/keys/1.json)
    #[arg(long, value_name = "FILE")]
    pub previous: PathBuf,
    /// 签署后的清单 · Where the signed list goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// 已核对，签署；不加此项只显示变化 · Sign; without it the changes are only shown
    #[arg(long)]
    pub yes: bool,
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

/// Arguments of `rotate-keys`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// 数据目录 · Data folder of the zone
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
            Self::AdmitWitness(args) => args.json,
            Self::SignKeys(args) => args.json,
            Self::Backup(args) => args.json,
            Self::Restore(args) => args.json,
            Self::ConfirmRestore(args) => args.json,
            Self::RotateKeys(args) | Self::ExportKeys(args) => args.json,
            Self::Unseal(args) => args.json,
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
        AdminTool::AdmitWitness(args) => admit_witness(&args),
        AdminTool::SignKeys(args) => sign_keys(&args),
        AdminTool::Backup(args) => backups::backup(&args),
        AdminTool::Restore(args) => backups::restore(&args),
        AdminTool::ConfirmRestore(args) => backups::confirm(&args),
        AdminTool::RotateKeys(args) => rotate_keys(&args),
        AdminTool::ExportKeys(args) => export_keys(&args),
        AdminTool::Unseal(args) => unseal(&args),
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
        keys: keyplace::place(&args.keys, suite)?,
        suite,
        simulated_from: args.simulated.as_deref().map(day).transpose()?,
        wall: Timestamp((wiring::wall_clock())()),
    };
    let done = init::init(&layout, &options)?;
    let (city, version) = (options.city.pack.id(), options.city.pack.version());
    let clock = if options.simulated_from.is_some() { "simulated" } else { "real" };
    let root_key = layout.root().join("root.key.json");
    let text = format!(
        "已初始化 initialised: {}\n  套件 suite {}  时钟 clock {clock}  规则包 pack {}\n\
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
        "data": layout.data, "city": city, "suite": suite, "clock": clock, "pack": version,
        "setup_token": done.setup_token, "root_key": root_key, "root_passphrase": done.root_passphrase,
        "trust": layout.trust_file(),
    });
    Ok(Said::new(0, json, text))
}

/// Nine in the morning of a day in China.
fn day(text: &str) -> Result<Timestamp, CliError> {
    let bad = || CliError::usage("--simulated", "日期应写作 YYYY-MM-DD。", "Write the day as YYYY-MM-DD.");
    Timestamp::morning_of(text).ok_or_else(bad)
}

fn admit_zone(args: &AdmitArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let request = enrol::Request::parse(&input::bytes(&args.request)?)?;
    let file = args.root.clone().unwrap_or_else(|| layout.root().join("root.key.json"));
    let root = root::open(&file)?;
    let (number, list) = enrol::admit(&layout, &request, &root, Timestamp((wiring::wall_clock())()))?;
    let json = json!({"number": number, "key_list": list, "request": request.digest()?});
    Ok(Said::new(0, json, signed_list(number, &list)))
}

fn admit_witness(args: &AdmitWitnessArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let key = input::witness_key(&args.witness)?;
    let file = args.root.clone().unwrap_or_else(|| layout.root().join("root.key.json"));
    let root = root::open(&file)?;
    let (number, list) = enrol::admit_witness(&layout, &key, &root, Timestamp((wiring::wall_clock())()))?;
    Ok(Said::new(0, json!({"number": number, "key_list": list, "witness": key}), signed_list(number, &list)))
}

fn signed_list(number: u64, list: &Path) -> String {
    format!(
        "已签署第 {number} 号密钥清单；平台下次启动时接收。\nKey list {number} is signed; the platform takes it over at its next start.\n  {}\n",
        list.display()
    )
}

fn sign_keys(args: &SignArgs) -> Result<Said, CliError> {
    let root = root::open(&args.root)?;
    let change = root::change(&root, &args.draft, &args.previous)?;
    let json = json!({
        "number": change.next.number, "added": change.added, "revoked": change.revoked, "signed": args.yes,
        "out": args.yes.then_some(&args.out),
    });
    let mut text = change.text();
    if args.yes {
        change.sign(&root, &input::absolute(&args.out)?)?;
        text.push_str(&format!("已签署 signed: {}\n", args.out.display()));
    } else {
        text.push_str("未签署：核对无误后加 --yes。\nNothing was signed: add --yes once this is right.\n");
    }
    Ok(Said::new(0, json, text))
}

fn rotate_keys(args: &RotateArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let done = zone::rotate_keys(&layout)?;
    let text = format!(
        "已轮换 {} 个密钥，重新封装 {} 个数据密钥；数据未重写，旧密钥已销毁。请随后做一次备份。\n{} keys have new material, {} data keys were wrapped anew; no data were rewritten, the old material is destroyed. Take a backup now.\n",
        done.keys, done.objects, done.keys, done.objects
    );
    Ok(Said::new(0, json!({"keys": done.keys, "objects": done.objects}), text))
}

fn export_keys(args: &RotateArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let keepers::Exported { master, pads, digest } = keepers::export(&layout)?;
    let text = match &master {
        Some(file) => format!(
            "主密钥已由两名保管人封存 sealed by two keepers: {}\n  {digest}\n  此后的备份含此文件；恢复密钥须两人到场。\n  Backups from now on hold it; restoring keys needs both.\n",
            file.display()
        ),
        None => format!(
            "密钥在密码设备中，不可导出；封存密钥已由两名保管人封存。\nThe keys stay in their device; sealing keys are sealed by two keepers: {}\n  {digest}\n",
            pads.display()
        ),
    };
    Ok(Said::new(0, json!({"sealed": master, "sealing_keys": pads, "digest": digest}), text))
}

fn unseal(args: &UnsealArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let keys = keepers::unseal(&layout, &args.resource)?;
    let text = format!("已启封 unsealed: {}  密钥 keys {keys}\n", args.resource);
    Ok(Said::new(0, json!({"resource": args.resource, "keys": keys}), text))
}

/// A folder that can be made and written.
fn writable(dir: &Path) -> Result<(), CliError> {
    let tried = std::fs::create_dir_all(dir).and_then(|()| tempfile::tempfile_in(dir).map(drop));
    tried.map_err(|e| {
        CliError::usage(
            "--data",
            format!("{} 无法建立或写入（{}）。", dir.display(), storage_words(e.kind())[0]),
            format!("{} cannot be made or written ({}).", dir.display(), storage_words(e.kind())[1]),
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
            format!("无法写入（{}）。", storage_words(e.kind())[0]),
            format!("It cannot be written ({}).", storage_words(e.kind())[1]),
        )
    })?;
    let digest = trust.digest().map_err(CliError::bug)?.to_string();
    let text = format!("信任文件 trust file: {}\n{digest}\n", out.display());
    Ok(Said::new(0, json!({"trust": out, "digest": digest}), text))
}
