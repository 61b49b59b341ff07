//! `yunyu admin init`: makes a data folder with its keys, its offline root and its first key list.
//!
//! `deployment.json` is written last: a folder without it was not initialised, and `init` may run again.

use crate::layout::{Layout, write_private};
use crate::wiring::CliError;
use app::deployment::Deployment;
use audit::{PackRef, Trust};
use crypto::{KeyFile, SigningKey, Suite};
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::{Clock, Signed, Timestamp};

/// What is fixed for good.
pub struct InitOptions {
    /// City pack: its name.
    pub city: String,
    /// Version of the pack (`Pack::version`).
    pub pack_version: String,
    /// Digest of the pack.
    pub pack_digest: crypto::Hash,
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
/// Key of the authentication codes on leaves that wait for the log.
pub const QUEUE_KEY: &str = "queue";
/// Files of the zone's keys, below `zone/keys`.
pub const ZONE_KEY: &str = "zone.key.json";
/// The key that signs the zone's checkpoints.
pub const ZONE_LOG_KEY: &str = "zone-log.key.json";
/// Passphrase under which a service's software keys are sealed; readable by the service alone.
pub const MASTER: &str = "master";
/// Key under which the zone's key ring lies.
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
    if layout.is_initialised() {
        return Err(CliError::usage(
            "--data",
            "该目录已初始化；请换一个目录，或直接用 serve 打开。",
            "The folder is initialised already; choose another, or open it with `serve`.",
        ));
    }
    for dir in [layout.platform_keys(), layout.zone_keys(), layout.log().join("keys"), layout.root(), layout.desks()] {
        std::fs::create_dir_all(dir)?;
    }
    private_dirs(layout)?;
    crypto::FileKeyProvider::init(
        &layout.zone_keys().join("ring"),
        &layout.zone_keys().join(RING_MASTER),
        options.suite,
    )?;
    let suite = options.suite;
    let root_passphrase = crypto::random_hex(16)?;
    let root = SigningKey::generate(suite)?;
    keep(&layout.root().join("root.key.json"), &root, &root_passphrase)?;
    let platform_pass = secret_file(&layout.platform_keys().join(MASTER))?;
    let zone_pass = secret_file(&layout.zone_keys().join(MASTER))?;
    secret_file(&layout.platform_keys().join(PEOPLE_KEY))?;
    secret_file(&layout.platform_keys().join(QUEUE_KEY))?;
    let now = options.simulated_from.unwrap_or(options.wall);
    let entries = service_keys(layout, suite, (&platform_pass, &zone_pass), now)?;
    let deployment = Deployment {
        v: 1,
        deployment: format!("{}-{}", options.city, crypto::random_hex(6)?),
        city: options.city.clone(),
        pack: options.pack_version.clone(),
        suite,
        clock: if options.simulated_from.is_some() { Clock::Simulated } else { Clock::Real },
        clock_offset_ms: options.simulated_from.map_or(0, |from| from.0 - options.wall.0),
        created_at: now,
        root: root.public().to_string(),
    };
    first_key_list(layout, &deployment, &root, entries)?;
    trust_file(layout, &deployment, options)?;
    let setup_token = crypto::random_hex(16)?;
    write_private(&layout.platform().join(SETUP_TOKEN), suite.hash(setup_token.as_bytes()).to_string().as_bytes())?;
    let done = InitDone { setup_token, root_passphrase };
    keep_secrets(&done)?;
    write_private(&layout.deployment_file(), &crypto::canonical(&deployment)?)?;
    Ok(done)
}

/// The services' keys, each sealed under its service's passphrase, as entries of the first key list.
fn service_keys(
    layout: &Layout,
    suite: Suite,
    (platform_pass, zone_pass): (&str, &str),
    now: Timestamp,
) -> Result<Vec<KeyEntry>, CliError> {
    let made = [
        (layout.platform_keys().join(PLATFORM_KEY), platform_pass, KeyHolder::Platform),
        (layout.platform_keys().join(PLATFORM_LOG_KEY), platform_pass, KeyHolder::PlatformLog),
        (layout.zone_keys().join(ZONE_KEY), zone_pass, KeyHolder::Zone),
        (layout.zone_keys().join(ZONE_LOG_KEY), zone_pass, KeyHolder::ZoneLog),
    ];
    let mut entries = Vec::new();
    for (path, pass, holder) in made {
        let key = SigningKey::generate(suite)?;
        keep(&path, &key, pass)?;
        entries.push(KeyEntry {
            key: key.key_id(),
            public: key.public().to_string(),
            holder,
            valid_from: now,
            revoked_at: None,
        });
    }
    Ok(entries)
}

fn private_dirs(layout: &Layout) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for dir in [layout.platform(), layout.zone(), layout.root(), layout.desks()] {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
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

fn trust_file(layout: &Layout, deployment: &Deployment, options: &InitOptions) -> Result<(), CliError> {
    let trust = Trust {
        v: 1,
        deployment: deployment.deployment.clone(),
        city: deployment.city.clone(),
        suite: deployment.suite,
        clock: deployment.clock_word().parse().map_err(CliError::bug)?,
        root: deployment.root.parse()?,
        pack: PackRef {
            name: options.city.clone(),
            version: options.pack_version.clone(),
            digest: options.pack_digest,
        },
        created_at: deployment.created_at.0,
    };
    let bytes = trust.to_bytes().map_err(CliError::bug)?;
    write_private(&layout.trust_file(), &bytes)?;
    write_private(&layout.zone().join("trust.json"), &bytes)?;
    Ok(())
}
