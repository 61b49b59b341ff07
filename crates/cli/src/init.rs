//! `yunyu admin init`: makes a data folder with its keys, its offline root and its first key list.
//!
//! `deployment.json` is written last: a folder without it was not initialised, and `init` may run again.

use crate::keyplace;
use crate::layout::{Layout, write_private};
use crate::serve::supervisor::take_folder;
use crate::wiring::{self, Chosen, CliError};
use app::deployment::Deployment;
use audit::{PackRef, Trust};
use crypto::{KeyFile, SigningKey, Suite};
use hsm::KeyPlace;
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::storage_words;
use model::{Clock, Signed, Timestamp};

/// What is fixed for good.
pub struct InitOptions {
    /// City pack.
    pub city: Chosen,
    /// Whether the zone lives in this folder too; otherwise it is enrolled from its own.
    pub with_zone: bool,
    /// Where that zone keeps its keys.
    pub keys: KeyPlace,
    /// Cipher suite.
    pub suite: Suite,
    /// First instant of a simulated clock; `None` for a real one.
    pub simulated_from: Option<Timestamp>,
    /// Now, on the machine's clock.
    pub wall: Timestamp,
}

/// What the caller must keep.
pub struct InitDone {
    /// One-time token for `POST /api/v1/setup`.
    pub setup_token: String,
    /// Passphrase of the root's key file.
    pub root_passphrase: String,
}

/// Files of the platform's keys, below `platform/keys`.
pub const PLATFORM_KEY: &str = "platform.key.json";
/// The key that signs the platform's checkpoints.
pub const PLATFORM_LOG_KEY: &str = "platform-log.key.json";
/// The people key.
pub const PEOPLE_KEY: &str = "people";
/// Key of the authentication codes on leaves that wait for the log, in folders from before the platform had a ring.
pub const QUEUE_KEY: &str = "queue";
/// Files of the zone's keys, below `zone/keys`.
pub const ZONE_KEY: &str = "zone.key.json";
/// The key that signs the zone's checkpoints.
pub const ZONE_LOG_KEY: &str = "zone-log.key.json";
/// Passphrase under which a service's software keys are sealed; readable by the service alone.
pub const MASTER: &str = "master";
/// Key under which a process's key ring lies.
pub const RING_MASTER: &str = "ring-master";
/// Digest of the set-up token.
pub const SETUP_TOKEN: &str = "setup-token";

/// Makes the folder. Refuses one that is initialised already.
pub fn init(layout: &Layout, options: &InitOptions) -> Result<InitDone, CliError> {
    init_with(layout, options, |_| Ok(()))
}

/// The same; `keep` stores what the caller must keep before the folder counts as initialised.
pub fn init_with(
    layout: &Layout,
    options: &InitOptions,
    keep_secrets: impl FnOnce(&InitDone) -> std::io::Result<()>,
) -> Result<InitDone, CliError> {
    // Held until the folder is whole: of two who make the same folder at once, the second would mix its keys into it.
    let _folder = make_folder(&layout.data)?;
    if layout.is_initialised() {
        return Err(CliError::usage(
            "--data",
            "该目录已初始化；请换一个目录，或直接用 serve 打开。",
            "The folder is initialised already; choose another, or open it with `serve`.",
        ));
    }
    for dir in [layout.platform_keys(), layout.log().join("keys"), layout.root(), layout.desks()] {
        std::fs::create_dir_all(dir)?;
    }
    private_dirs(&[layout.platform(), layout.root(), layout.desks()])?;
    let suite = options.suite;
    let root_passphrase = crypto::random_hex(16)?;
    let root = SigningKey::generate(suite)?;
    keep(&layout.root().join("root.key.json"), &root, &root_passphrase)?;
    let platform_pass = secret_file(&layout.platform_keys().join(MASTER))?;
    secret_file(&layout.platform_keys().join(PEOPLE_KEY))?;
    wiring::make_queue_key(layout, suite)?;
    let now = options.simulated_from.unwrap_or(options.wall);
    let mut entries = platform_keys(layout, suite, &platform_pass, now)?;
    if options.with_zone {
        entries.extend(zone_keys(layout, suite, &options.keys, now)?);
    }
    let city = options.city.pack.id().to_owned();
    let deployment = Deployment {
        v: 1,
        deployment: format!("{}-{}", plain(&city), crypto::random_hex(6)?),
        city,
        pack: options.city.pack.version(),
        suite,
        clock: if options.simulated_from.is_some() { Clock::Simulated } else { Clock::Real },
        clock_offset_ms: options.simulated_from.map_or(0, |from| from.0 - options.wall.0),
        created_at: now,
        root: root.public().to_string(),
    };
    first_key_list(layout, &deployment, &root, entries)?;
    let trust = trust_file(&deployment, options)?;
    write_private(&layout.trust_file(), &trust)?;
    let mut copies = vec![layout.platform_pack()];
    if options.with_zone {
        write_private(&layout.zone_trust(), &trust)?;
        copies.push(layout.zone_pack());
    }
    for (own, copy) in options.city.own.iter().flat_map(|own| copies.iter().map(move |c| (own, c))) {
        wiring::keep_pack(own, copy)?;
    }
    let setup_token = crypto::random_hex(16)?;
    write_private(&layout.platform().join(SETUP_TOKEN), suite.hash(setup_token.as_bytes()).to_string().as_bytes())?;
    let done = InitDone { setup_token, root_passphrase };
    keep_secrets(&done)?;
    write_private(&layout.deployment_file(), &crypto::canonical(&deployment)?)?;
    Ok(done)
}

/// The data folder, made if it is not there, for this process alone.
fn make_folder(data: &std::path::Path) -> Result<std::fs::File, CliError> {
    std::fs::create_dir_all(data).map_err(|e| {
        let [zh, en] = storage_words(e.kind());
        CliError::usage(
            &data.display().to_string(),
            format!("无法建立该目录（{zh}）；请检查路径与权限。"),
            format!("The folder cannot be made ({en}); check the path and its permissions."),
        )
    })?;
    let held = take_folder(data)?;
    ours(data)?;
    Ok(held)
}

/// A folder that is empty, or holds what an interrupted initialisation left and what may be put there before (certificates, a
/// story's input): nothing of a deployment is mixed into a backup, a custody or somebody's papers.
fn ours(data: &std::path::Path) -> Result<(), CliError> {
    const NAMES: [&str; 9] =
        ["deployment.json", "trust.json", "platform", "zone", "log", "root", "desks", "story", "lost+found"];
    // One that is initialised is refused as such.
    let whole = data.join("deployment.json").is_file();
    if !whole {
        not_in_use(data)?;
    }
    let entries = std::fs::read_dir(data).map_err(|e| crate::tools::input::unreadable(data, &e))?;
    for entry in entries.filter(|_| !whole) {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !NAMES.contains(&&*name) && !name.starts_with('.') && !name.ends_with(".partial") {
            return Err(CliError::usage(
                "--data",
                format!("{} 中已有别的文件（{name}），不是数据目录；请给出空目录或尚不存在的目录。", data.display()),
                format!(
                    "{} holds something else ({name}) and is no data folder: name an empty folder, or one that is not there yet.",
                    data.display()
                ),
            ));
        }
    }
    Ok(())
}

/// A folder in use whose `deployment.json` is missing is not taken for a new one.
///
/// # Errors
/// Usage: it holds what only a deployment in use leaves.
pub fn not_in_use(data: &std::path::Path) -> Result<(), CliError> {
    const USED: [&str; 6] = [
        "platform/platform.db",
        "platform/log-signer.json",
        "log/platform/checkpoint",
        "log/zone/checkpoint",
        "zone/journal",
        "zone/log-signer",
    ];
    let Some(used) = USED.iter().find(|name| data.join(name).exists()) else { return Ok(()) };
    let at = data.display();
    Err(CliError::usage(
        "--data",
        format!(
            "{at} 是使用中的数据目录（有 {used}），只是缺少 deployment.json：请换回该文件，或从备份恢复整个目录（admin restore）。不会重新初始化，否则原有密钥会被覆盖。"
        ),
        format!(
            "{at} is a data folder in use (it has {used}) that lacks its deployment.json: put that file back, or restore the whole folder from a backup (admin restore). It is not initialised again; its keys would be overwritten."
        ),
    ))
}

/// A name that may stand in a log's origin: a pack's id may be written in any script.
fn plain(id: &str) -> String {
    let plain: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').collect();
    if plain.is_empty() { "city".to_owned() } else { plain }
}

fn platform_keys(layout: &Layout, suite: Suite, pass: &str, now: Timestamp) -> Result<Vec<KeyEntry>, CliError> {
    let keys = layout.platform_keys();
    Ok(vec![
        service_key(&keys.join(PLATFORM_KEY), suite, pass, KeyHolder::Platform, now)?.0,
        service_key(&keys.join(PLATFORM_LOG_KEY), suite, pass, KeyHolder::PlatformLog, now)?.0,
    ])
}

/// Makes the zone's folder with its key ring and its keys, and gives the keys as entries of a key list.
fn zone_keys(layout: &Layout, suite: Suite, place: &KeyPlace, now: Timestamp) -> Result<Vec<KeyEntry>, CliError> {
    Ok(make_zone(layout, suite, place, now)?.into_iter().map(|(entry, _)| entry).collect())
}

/// The same with the keys themselves, the zone's first, its log's second.
pub fn make_zone(
    layout: &Layout,
    suite: Suite,
    place: &KeyPlace,
    now: Timestamp,
) -> Result<Vec<(KeyEntry, SigningKey)>, CliError> {
    let keys = layout.zone_keys();
    std::fs::create_dir_all(&keys)?;
    std::fs::create_dir_all(layout.log())?;
    private_dirs(&[layout.zone()])?;
    let pass = keyplace::init(layout, place, suite, now.0)?;
    Ok(vec![
        service_key(&keys.join(ZONE_KEY), suite, &pass, KeyHolder::Zone, now)?,
        service_key(&keys.join(ZONE_LOG_KEY), suite, &pass, KeyHolder::ZoneLog, now)?,
    ])
}

/// A service's new key, sealed under its service's passphrase, and its entry of a key list.
fn service_key(
    path: &std::path::Path,
    suite: Suite,
    pass: &str,
    holder: KeyHolder,
    now: Timestamp,
) -> Result<(KeyEntry, SigningKey), CliError> {
    let key = SigningKey::generate(suite)?;
    keep(path, &key, pass)?;
    let (id, public) = (key.key_id(), key.public().to_string());
    Ok((KeyEntry { key: id, public, holder, valid_from: now, revoked_at: None }, key))
}

fn private_dirs(dirs: &[std::path::PathBuf]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    dirs.iter().try_for_each(|dir| std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)))
}

fn secret_file(path: &std::path::Path) -> Result<String, CliError> {
    let secret = crypto::random_hex(32)?;
    write_private(path, secret.as_bytes())?;
    Ok(secret)
}

fn keep(path: &std::path::Path, key: &SigningKey, pass: &str) -> Result<(), CliError> {
    let file = KeyFile::seal(key, pass)?;
    write_private(path, &serde_json::to_vec_pretty(&file)?)?;
    Ok(())
}

fn first_key_list(
    layout: &Layout,
    deployment: &Deployment,
    root: &SigningKey,
    entries: Vec<KeyEntry>,
) -> Result<(), CliError> {
    let body = KeyList {
        v: 1,
        deployment: deployment.deployment.clone(),
        number: 1,
        clock: deployment.clock,
        issued_at: deployment.created_at,
        entries,
    };
    let signature = root.sign(KEY_LIST_TYPE, &body)?;
    let signed = Signed { key: root.key_id(), signature, body };
    // A list that an interrupted initialisation left behind belongs to nothing.
    let left = layout.log().join("keys/1.json");
    if left.is_file() {
        std::fs::remove_file(left)?;
    }
    audit::publish_key_list(&layout.log(), &root.public(), &signed).map_err(CliError::bug)?;
    Ok(())
}

fn trust_file(deployment: &Deployment, options: &InitOptions) -> Result<Vec<u8>, CliError> {
    let pack = &options.city.pack;
    let trust = Trust {
        v: 1,
        deployment: deployment.deployment.clone(),
        city: deployment.city.clone(),
        suite: deployment.suite,
        clock: deployment.clock_word().parse().map_err(CliError::bug)?,
        root: deployment.root.parse()?,
        pack: PackRef {
            name: deployment.city.clone(),
            version: pack.version(),
            digest: wiring::pack_digest(deployment.suite, pack)?,
        },
        created_at: deployment.created_at.0,
        witnesses: None,
    };
    trust.to_bytes().map_err(CliError::bug)
}
