//! What every process needs to start: the deployment's facts, its pack, its keys, the machine's clock.

#[path = "../../../packs/index.rs"]
mod packs;

use crate::init::{MASTER, QUEUE_KEY, RING_MASTER};
use crate::layout::Layout;
use app::AppError;
use app::deployment::Deployment;
use crypto::{FileKeyProvider, Hash, KeyFile, KeyId, KeyProvider, KeyState, SigningKey, Suite};
use model::pack::{Pack, PackText};
use model::{Clock, Refusal, Timestamp};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How a command of the program fails. The exit code follows from the kind.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A rule said no, a gate blocked, or something is not valid or not proved: exit code 1.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Bad usage or unreadable input: exit code 2.
    #[error("{at}: {en}")]
    Usage {
        /// Where.
        at: String,
        /// What and how to mend, in Chinese.
        zh: String,
        /// What and how to mend, in English.
        en: String,
    },
    /// A bug or a failing machine: exit code 3.
    #[error("{0}")]
    Bug(String),
}

impl CliError {
    /// A usage error.
    pub fn usage(at: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Usage { at: at.to_owned(), zh: zh.into(), en: en.into() }
    }

    /// A failure that the caller cannot mend.
    pub fn bug(e: impl std::fmt::Display) -> Self {
        Self::Bug(e.to_string())
    }

    /// A part of the process that must not stop did.
    pub fn stopped(what: &str, why: &str) -> Self {
        Self::Bug(format!("{what} stopped: {why}"))
    }

    /// Exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage { .. } => 2,
            Self::Bug(_) => 3,
        }
    }

    /// `{"error": …}` as `--json` prints it.
    pub fn json(&self) -> serde_json::Value {
        let error = match self {
            Self::Refused(r) => serde_json::json!(r),
            Self::Usage { at, zh, en } => {
                serde_json::json!({"code": "usage", "rule": "", "article": "", "zh": zh, "en": en, "at": at})
            }
            Self::Bug(text) => {
                serde_json::json!({"code": "internal", "rule": "", "article": "", "zh": "内部错误。", "en": text})
            }
        };
        serde_json::json!({ "error": error })
    }
}

impl From<std::io::Error> for CliError {
    /// What the machine refuses is no bug, and whoever runs it can mend it.
    fn from(e: std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        match e.kind() {
            Kind::StorageFull
            | Kind::QuotaExceeded
            | Kind::FileTooLarge
            | Kind::ReadOnlyFilesystem
            | Kind::PermissionDenied
            | Kind::OutOfMemory
            | Kind::ResourceBusy => {
                let [zh, en] = model::storage_words(e.kind());
                Self::usage(
                    "storage",
                    format!("读写文件失败：{zh}。"),
                    format!("A file could not be read or written: {en}."),
                )
            }
            _ => Self::Bug(e.to_string()),
        }
    }
}

impl From<crypto::CryptoError> for CliError {
    fn from(e: crypto::CryptoError) -> Self {
        Self::Bug(e.to_string())
    }
}

impl From<serde_json::Error> for CliError {
    fn from(e: serde_json::Error) -> Self {
        Self::Bug(e.to_string())
    }
}

impl From<store::StoreError> for CliError {
    fn from(e: store::StoreError) -> Self {
        match e {
            store::StoreError::Full => Self::usage(
                "storage",
                "数据库没有剩余空间：磁盘已满或已达配额。",
                "The database has no space left: the disk is full, or its quota is used up.",
            ),
            e => Self::Bug(e.to_string()),
        }
    }
}

impl From<landlock::RulesetError> for CliError {
    fn from(e: landlock::RulesetError) -> Self {
        Self::Bug(e.to_string())
    }
}

impl From<AppError> for CliError {
    fn from(e: AppError) -> Self {
        match e {
            AppError::Refused(r) => Self::Refused(r),
            AppError::Usage { at, zh, en, .. } => Self::Usage { at, zh, en },
            AppError::NotFound(what) => {
                let [zh, en] = AppError::looked_for(what);
                Self::Usage {
                    at: what.to_owned(),
                    zh: format!("没有找到所指的{zh}：请核对编号和 --data 所给的目录。"),
                    en: format!("No such {en}: check its number, and the folder that --data names."),
                }
            }
            e if e.tampering().is_some() => e.tampering().map_or_else(|| Self::Bug(String::new()), Self::Refused),
            AppError::Bug(why) => Self::Bug(chain(why.as_ref())),
            other => Self::Bug(other.to_string()),
        }
    }
}

/// An error with its causes, each in its own words.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Every layer shipped with the program.
pub fn layers() -> Vec<PackText> {
    let mut found: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for (layer, path, text) in packs::FILES {
        found.entry(layer).or_default().insert((*path).to_owned(), (*text).to_owned());
    }
    found.into_iter().map(|(layer, files)| PackText { layer: layer.to_owned(), files }).collect()
}

/// A city's pack, and its own layer where that is not one of the program's.
pub struct Chosen {
    /// All layers merged.
    pub pack: Pack,
    /// The layer from a folder; whoever initialises keeps a copy of it.
    pub own: Option<PackText>,
}

/// The pack of a city: the name of one in the program, or a folder that holds one more layer. A name never quietly
/// means a folder, nor a folder the pack in the program: where both could be meant and they differ, it is an error.
pub fn choose(city: &str) -> Result<Chosen, CliError> {
    let shipped = layers();
    let dir = Path::new(city);
    let named = shipped.iter().any(|l| l.layer == city);
    if !dir.join("pack.toml").is_file() {
        if named {
            return Ok(Chosen { pack: merged(&shipped, city)?, own: None });
        }
        return Err(CliError::usage(
            "--city",
            format!("程序内没有规则包 {city}，也没有这样一个含 pack.toml 的文件夹；用 pack list 列出。"),
            format!(
                "There is no pack {city} in the program, nor a folder of that name with a pack.toml; `pack list` names them."
            ),
        ));
    }
    let own = own_layer(dir)?;
    match shipped.iter().find(|l| l.layer == own.layer || (named && l.layer == city)) {
        Some(same) if *same == own => Ok(Chosen { pack: merged(&shipped, &own.layer)?, own: None }),
        Some(other) => Err(CliError::usage(
            "--city",
            format!("文件夹 {city} 与程序内置规则包 {} 同名而内容不同；请给它一个自己的 id 和文件夹名。", other.layer),
            format!(
                "The folder {city} bears the name of the program's pack {} and differs from it; give it an id and a folder name of its own.",
                other.layer
            ),
        )),
        None => {
            let pack = with_own(own.clone())?;
            Ok(Chosen { pack, own: Some(own) })
        }
    }
}

/// The merged pack of [`choose`].
pub fn pack(city: &str) -> Result<Pack, CliError> {
    Ok(choose(city)?.pack)
}

/// The pack of a process that was initialised: the copy in its own folder, or else the program's by name.
pub fn pack_kept(dir: &Path, city: &str) -> Result<Pack, CliError> {
    if dir.join("pack.toml").is_file() {
        return with_own(own_layer(dir)?);
    }
    merged(&layers(), city)
}

/// Keeps a copy of a layer from a folder, so that a deployment does not change with that folder.
pub fn keep_pack(own: &PackText, dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir.join("procedures"))?;
    own.files.iter().try_for_each(|(path, text)| crate::layout::write_private(&dir.join(path), text.as_bytes()))
}

fn with_own(own: PackText) -> Result<Pack, CliError> {
    let (mut all, name) = (layers(), own.layer.clone());
    all.push(own);
    merged(&all, &name)
}

fn own_layer(dir: &Path) -> Result<PackText, CliError> {
    let mut own = folder(dir)?;
    // The id is what counts: a folder may be called as its owner likes.
    own.layer = model::pack::layer_id(&own).map_err(|e| broken(&e))?;
    Ok(own)
}

fn merged(all: &[PackText], name: &str) -> Result<Pack, CliError> {
    let chain = model::pack::resolve(all, name).map_err(|e| broken(&e))?;
    Pack::load(&chain).map_err(|e| broken(&e))
}

fn broken(e: &model::pack::PackError) -> CliError {
    CliError::usage("--city", e.zh.clone(), e.to_string())
}

/// One layer from a folder: its name is the folder's.
pub fn folder(dir: &Path) -> Result<PackText, CliError> {
    let dir = std::path::absolute(dir)?;
    let layer = dir.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files = BTreeMap::new();
    for (sub, prefix) in [(dir.clone(), ""), (dir.join("procedures"), "procedures/")] {
        let Ok(entries) = std::fs::read_dir(sub) else { continue };
        for entry in entries {
            let path = entry?.path();
            let known = path.extension().is_some_and(|e| e == "toml" || e == "cedar");
            if path.is_file() && known {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                files.insert(format!("{prefix}{name}"), std::fs::read_to_string(path)?);
            }
        }
    }
    Ok(PackText { layer, files })
}

/// Digest of a pack's texts, as the trust file pins it.
pub fn pack_digest(suite: Suite, pack: &Pack) -> Result<Hash, CliError> {
    Ok(crypto::digest_of(suite, "pack", &pack.texts)?)
}

/// The deployment of a data folder.
pub fn deployment(layout: &Layout) -> Result<Deployment, CliError> {
    let path = layout.deployment_file();
    let bytes = std::fs::read(&path).map_err(|_| {
        CliError::usage(
            "--data",
            format!("{} 不是已初始化的数据目录；请先运行 yunyu admin init。", layout.data.display()),
            format!("{} is not an initialised data folder; run `yunyu admin init` first.", layout.data.display()),
        )
    })?;
    Ok(crypto::from_canonical(&bytes)?)
}

/// Simulated folders serve loopback only (invariant 10).
pub fn check_listen(clock: Clock, listen: SocketAddr) -> Result<(), CliError> {
    if clock == Clock::Simulated && !listen.ip().is_loopback() {
        return Err(CliError::usage(
            "--listen",
            "模拟时钟的目录只能监听本机回环地址。",
            "A folder with a simulated clock serves loopback only.",
        ));
    }
    Ok(())
}

/// Where a process's certificate lies, if it is to speak TLS: always off loopback, on loopback where asked.
pub fn tls_files(dir: &Path, listen: SocketAddr, asked: bool) -> Result<Option<listen::TlsFiles>, CliError> {
    if listen.ip().is_loopback() && !asked {
        return Ok(None);
    }
    let files = listen::TlsFiles::in_folder(&dir.join("tls"));
    if files.are_there() {
        return Ok(Some(files));
    }
    let place = dir.join("tls");
    let place = place.display();
    Err(CliError::usage(
        "--listen",
        format!("监听非本机地址须使用 TLS：请把证书链与私钥放在 {place}/cert.pem 和 key.pem。"),
        format!("Off loopback TLS is required: put the certificate chain and key at {place}/cert.pem and key.pem."),
    ))
}

/// A URL that may be called: TLS, or plain HTTP that stays on this machine.
pub fn check_url(option: &str, url: &str) -> Result<(), CliError> {
    if listen::may_be_called(url) {
        return Ok(());
    }
    Err(CliError::usage(
        option,
        "须为 https 地址；明文 http 只用于本机回环地址。",
        "It must be an https URL; plain http is for loopback only.",
    ))
}

/// A service's software key.
pub fn service_key(keys: &Path, name: &str) -> Result<SigningKey, CliError> {
    let (pass, file) = (own_file(&keys.join(MASTER))?, own_file(&keys.join(name))?);
    let pass = zeroize::Zeroizing::new(String::from_utf8(pass).map_err(CliError::bug)?);
    let file: KeyFile = serde_json::from_slice(&file)?;
    Ok(file.open(pass.trim())?)
}

/// Makes the platform's key ring with the key that the codes on waiting leaves come from.
pub fn make_queue_key(layout: &Layout, suite: Suite) -> Result<(), CliError> {
    // What a first attempt left, perhaps of another suite, holds nothing: no folder was finished with it.
    let ring = layout.platform_ring();
    if ring.exists() {
        std::fs::remove_dir_all(ring)?;
    }
    let ring = FileKeyProvider::init(&layout.platform_ring(), &layout.platform_keys().join(RING_MASTER), suite)?;
    if queue_id(&ring).is_none() {
        ring.create(QUEUE_PURPOSE, QUEUE_SCOPE)?;
    }
    Ok(())
}

/// Where a folder's database is: PostgreSQL by `YUNYU_DATABASE`, or SQLite in the folder. A folder that has worked with the one is
/// never opened with the other: an empty database would pass for one that was put back, and what a restore left for the first
/// start would be done there.
///
/// # Errors
/// Usage: the variable is missing, or given for a folder that has its own.
pub fn database_url(layout: &Layout) -> Result<String, CliError> {
    let var = crate::serve::supervisor::DATABASE_VAR;
    let own = layout.platform().join("platform.db").exists();
    let told = std::env::var_os(var).filter(|url| !url.is_empty()).map(std::ffi::OsString::into_string).transpose();
    let told = told.map_err(|_| CliError::usage(var, "不是 UTF-8 文本。", "It is not UTF-8 text."))?;
    let worked = layout.platform().join("log-signer.json").exists();
    match told {
        Some(url) if !own || url.starts_with("sqlite:") => Ok(url),
        Some(_) => Err(CliError::usage(
            var,
            "该目录有自己的 SQLite 数据库（platform/platform.db），却给出了 PostgreSQL：请去掉该环境变量。若该文件是误建的空库，请将其移走。",
            "The folder has a SQLite database of its own (platform/platform.db), and PostgreSQL is named: unset the variable. Where that file was made by mistake, move it away.",
        )),
        None if worked && !own => Err(CliError::usage(
            var,
            "该目录的数据库不在其中：使用 PostgreSQL 的，请在此环境变量中给出；使用 SQLite 的，platform/platform.db 缺失，请换回，或从备份恢复整个目录（admin restore）。",
            "The folder's database is not in it: name PostgreSQL in this variable if it works there; if it works on SQLite, platform/platform.db is missing, so put it back or restore the whole folder from a backup (admin restore).",
        )),
        None => Ok(layout.database_url()),
    }
}

/// Key of the authentication codes on leaves that wait for the log, derived by the platform's key provider.
pub fn queue_key(layout: &Layout, suite: Suite) -> Result<[u8; 32], CliError> {
    // A folder from before keeps its key: the codes in its database are under that.
    let file = layout.platform_keys().join(QUEUE_KEY);
    if file.is_file() {
        return secret(&file);
    }
    let ring = FileKeyProvider::open(&layout.platform_ring(), &layout.platform_keys().join(RING_MASTER), suite)?;
    let id = queue_id(&ring).ok_or(crypto::CryptoError::UnknownKey)?;
    Ok(*ring.mac_key(&id, "leaf-queue")?)
}

const QUEUE_PURPOSE: &str = "log";
const QUEUE_SCOPE: &str = "queue";

fn queue_id(ring: &FileKeyProvider) -> Option<KeyId> {
    let ours = |k: &crypto::KeyInfo| k.purpose == QUEUE_PURPOSE && k.scope == QUEUE_SCOPE;
    ring.list().into_iter().find(|k| ours(k) && k.state == KeyState::Live).map(|k| k.id)
}

/// A 32-byte secret kept as hexadecimal text in a file of its own.
pub fn secret(path: &Path) -> Result<[u8; 32], CliError> {
    let text = zeroize::Zeroizing::new(String::from_utf8(own_file(path)?).map_err(CliError::bug)?);
    let bytes = hex::decode(text.trim()).map_err(CliError::bug)?;
    bytes.try_into().map_err(|_| CliError::bug("a secret file does not hold 32 bytes"))
}

/// A key file of a folder that a process of ours writes: no pipe at which one would wait, and no link. Told with its path.
fn own_file(path: &Path) -> Result<Vec<u8>, CliError> {
    ::backup::read_plain(path).map_err(|e| crate::tools::input::unreadable(path, &e))
}

/// The machine's clock in milliseconds. The only place that reads it, besides what it is handed to.
#[expect(clippy::disallowed_methods, reason = "the outermost wiring reads the clock")]
pub fn wall_clock() -> Arc<dyn Fn() -> i64 + Send + Sync> {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// The same, as the zone wants it.
pub fn machine_clock() -> zone::node::MachineClock {
    let wall = wall_clock();
    Arc::new(move || Timestamp(wall()))
}

/// Resolves when the process is asked to end.
pub async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
