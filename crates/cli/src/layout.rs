//! Where things lie in a data folder. The platform may open `platform/` and `log/`, the zone `zone/` and `log/`,
//! people `desks/`, and nobody who serves anything opens `root/`. The kernel keeps the platform to this, nobody else.

use crate::init::RING_MASTER;
use std::path::{Path, PathBuf};

/// The folders and files of one deployment.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Absolute path of the data folder.
    pub data: PathBuf,
}

impl Layout {
    /// The layout below a folder; the path is made absolute, since printed paths are absolute, and real: what lies beside a
    /// folder is found by its own name, not by that of a link to it.
    pub fn new(data: &Path) -> std::io::Result<Self> {
        let whole = std::path::absolute(data)?;
        Ok(Self { data: whole.canonicalize().unwrap_or(whole) })
    }
    /// Facts of the deployment that every process may read.
    pub fn deployment_file(&self) -> PathBuf {
        self.data.join("deployment.json")
    }
    /// The platform's folder.
    pub fn platform(&self) -> PathBuf {
        self.data.join("platform")
    }
    /// The platform's keys.
    pub fn platform_keys(&self) -> PathBuf {
        self.platform().join("keys")
    }
    /// The platform's key ring.
    pub fn platform_ring(&self) -> PathBuf {
        self.platform_keys().join("ring")
    }
    /// The SQLite database that is used without `--database`.
    pub fn database_url(&self) -> String {
        format!("sqlite://{}", self.platform().join("platform.db").display())
    }
    /// The zone's folder.
    pub fn zone(&self) -> PathBuf {
        self.data.join("zone")
    }
    /// The zone's keys.
    pub fn zone_keys(&self) -> PathBuf {
        self.zone().join("keys")
    }
    /// The ring of all objects' keys: sealed, or what finds them in a device.
    pub fn ring(&self) -> PathBuf {
        self.zone_keys().join("ring")
    }
    /// The key that software keys are sealed under.
    pub fn ring_master(&self) -> PathBuf {
        self.zone_keys().join(RING_MASTER)
    }
    /// The same, sealed under the passphrases of its two keepers.
    pub fn keepers(&self) -> PathBuf {
        self.zone_keys().join("keepers.json")
    }
    /// Where the custody of the zone's keys lies; the file holds its path.
    pub fn custody_file(&self) -> PathBuf {
        self.zone().join("custody")
    }
    /// What a restore leaves for the platform's first start.
    pub fn restored_file(&self) -> PathBuf {
        self.platform().join("restored.json")
    }
    /// The platform's copy of a rule pack that is not in the program.
    pub fn platform_pack(&self) -> PathBuf {
        self.platform().join("pack")
    }
    /// The zone's copy of the same.
    pub fn zone_pack(&self) -> PathBuf {
        self.zone().join("pack")
    }
    /// The trust file that the zone was enrolled with.
    pub fn zone_trust(&self) -> PathBuf {
        self.zone().join("trust.json")
    }
    /// Key lists that the root signed and the platform takes over at its next start.
    pub fn signed_lists(&self) -> PathBuf {
        self.platform().join("key-lists")
    }
    /// Both logs, and the key lists they are checked against.
    pub fn log(&self) -> PathBuf {
        self.data.join("log")
    }
    /// The offline root's folder; in production it is on another machine.
    pub fn root(&self) -> PathBuf {
        self.data.join("root")
    }
    /// People's desks: software keys sealed under a passphrase each.
    pub fn desks(&self) -> PathBuf {
        self.data.join("desks")
    }
    /// The trust file that offline verifiers are given.
    pub fn trust_file(&self) -> PathBuf {
        self.data.join("trust.json")
    }
    /// What the story needs to go on after an interruption.
    pub fn story(&self) -> PathBuf {
        self.data.join("story")
    }
    /// Whether the folder was initialised.
    pub fn is_initialised(&self) -> bool {
        self.deployment_file().is_file()
    }
}

/// Writes a file so that it is there whole or not at all, readable by its owner alone.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let temp = path.with_extension("partial");
    // Not over what somebody put there: it may be a link.
    match std::fs::remove_file(&temp) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temp, path)?;
    if let Some(parent) = path.parent() {
        std::fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}
