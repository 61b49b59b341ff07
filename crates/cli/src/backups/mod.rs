//! Backups of a data folder and restores: wiring. What belongs together is found here; how it is sealed, compared and
//! laid out is the crate `backup`'s business.

pub mod beside;
mod confirm;
mod copied;
mod database;
pub mod kept;
mod laying;
mod live;
mod lost;
mod restore;
mod ring;
mod statement;
mod stopped;
mod take;

pub use confirm::{ConfirmArgs, confirm};
pub use restore::{RestoreArgs, restore};
pub use take::{BackupArgs, backup, record};

use crate::layout::{Layout, write_private};
use crate::wiring::CliError;
use ::backup::BackupError;
use app::restored::{Restored, hold};
use std::env::VarError;
use std::path::Path;

/// Environment variable with the backup's passphrase.
pub const BACKUP_VAR: &str = "YUNYU_BACKUP_PASSPHRASE";

/// Every variable with a passphrase that backups and restores take, but for the keepers'.
pub const PASSPHRASE_VARS: [&str; 2] = [BACKUP_VAR, confirm::KEY_VAR];

/// Shortest passphrase of a new backup, in characters: it is tried on a copy, for as long as somebody likes.
const SHORTEST: usize = 12;

impl From<BackupError> for CliError {
    fn from(e: BackupError) -> Self {
        match &e {
            BackupError::NotOurs { zh, en } => Self::usage("backup", *zh, *en),
            BackupError::Busy => {
                Self::usage("backup", "另一进程正在使用该目录。", "Another process works in this folder.")
            }
            BackupError::Crypto(crypto::CryptoError::WrongPassphrase) => {
                Self::usage(BACKUP_VAR, "备份口令不对。", "The backup's passphrase is wrong.")
            }
            BackupError::Io { at, zh, en, source } => {
                let [why_zh, why_en] = model::storage_words(source.kind());
                Self::usage(
                    &at.display().to_string(),
                    format!("{zh}失败（{why_zh}）。"),
                    format!("It failed while {en} ({why_en})."),
                )
            }
            BackupError::Damaged { at, zh, en } => {
                let word = |en: &str| en.strip_prefix("it ").map_or_else(|| en.to_owned(), |rest| format!("It {rest}"));
                Self::usage(&at.display().to_string(), format!("{zh}。"), format!("{}.", word(en)))
            }
            _ => Self::Bug(e.to_string()),
        }
    }
}

/// A passphrase from an environment variable, or from standard input: never from an argument.
fn passphrase(variable: &str) -> Result<zeroize::Zeroizing<String>, CliError> {
    let no_text = || CliError::usage(variable, "口令不是 UTF-8 文本。", "The passphrase is not UTF-8 text.");
    let text = match std::env::var(variable) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(VarError::NotUnicode(_)) => return Err(no_text()),
        Err(VarError::NotPresent) => match std::io::read_to_string(std::io::stdin().lock()) {
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Err(no_text()),
            text => zeroize::Zeroizing::new(text?),
        },
    };
    let text = zeroize::Zeroizing::new(text.trim().to_owned());
    if text.is_empty() {
        return Err(CliError::usage(
            variable,
            "须在该环境变量或标准输入给出口令。",
            "Give the passphrase in this environment variable or on standard input.",
        ));
    }
    Ok(text)
}

/// Stands in the folder of a restored zone that was started while its custody was away.
const AWAITED: &str = "custody-awaited";

/// The custody of a zone's keys as its node reaches it: asked for anew each time, since a backup may set it up meanwhile.
pub struct CustodyOfZone {
    /// The zone's folder.
    pub layout: Layout,
    /// Deployment.
    pub deployment: String,
}

impl CustodyOfZone {
    /// Before a restored zone opens its keys for the first time: what the custody knows to be destroyed by now is destroyed here
    /// too. The folder that it was restored beside may have been told meanwhile. At any other start the custody has no say over
    /// the keys of a living zone. One that is away is no reason not to start: nothing is destroyed without it, and the first start
    /// at which it is there makes up for it.
    ///
    /// # Errors
    /// Keys that are destroyed may still be there.
    pub fn catch_up(&self) -> Result<(), CliError> {
        let awaited = self.layout.zone().join(AWAITED);
        if !self.layout.zone().join(zone::node::RESTORED).is_file() && !awaited.is_file() {
            return Ok(());
        }
        match kept::reached(&self.layout, &self.deployment) {
            Ok(None) => {}
            Ok(Some(custody)) => {
                let found = custody.catch_up(&self.layout.ring())?;
                if found > 0 {
                    tracing::warn!(found, "keys were here that the custody knows to be destroyed; they are gone now");
                }
            }
            Err(_) => {
                tracing::warn!("the custody of keys is not reached; destructions and sealings wait for it");
                return Ok(write_private(&awaited, b"")?);
            }
        }
        Ok(beside::gone(&awaited)?)
    }
}

impl zone::node::KeyCustody for CustodyOfZone {
    fn forget(&self) -> std::io::Result<()> {
        let mut in_use = Vec::new();
        // The custody first: a drill that begins after it finds the keys nowhere any more.
        if let Some(custody) = kept::reached(&self.layout, &self.deployment)? {
            custody.forget(&self.layout.ring()).map_err(std::io::Error::other)?;
            in_use.extend(beside::sweep_places(&custody)?);
        }
        // One that began before it laid out keys beside the folder: what a killed one left goes, one that runs is waited for.
        in_use.extend(beside::sweep(&self.layout)?);
        if !in_use.is_empty() {
            let places = in_use.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
            return Err(std::io::Error::other(format!(
                "copies of keys are or may be in {places}; the destruction waits"
            )));
        }
        Ok(())
    }

    fn kept(&self, purpose: &str, scope: &str) -> std::io::Result<Vec<crypto::KeyId>> {
        let Some(custody) = kept::reached(&self.layout, &self.deployment)? else { return Ok(Vec::new()) };
        custody.kept(purpose, scope).map_err(std::io::Error::other)
    }

    fn renew(&self) -> std::io::Result<()> {
        let Some(custody) = kept::reached(&self.layout, &self.deployment)? else { return Ok(()) };
        custody.sync(&self.layout.ring()).map(drop).map_err(std::io::Error::other)
    }
}

/// Refuses folders that lie in each other, or are one: who has the backup must not have the custody by that, and a folder
/// that is replaced takes with it what lies in it. The paths are real ones: a link would lead past this.
fn apart(option: &str, folders: &[&Path], custody: Option<&Path>) -> Result<(), CliError> {
    let all: Vec<&Path> = folders.iter().copied().chain(custody).collect();
    let meet = |(n, a): (usize, &&Path)| all.iter().skip(n + 1).any(|b| a.starts_with(b) || b.starts_with(a));
    if all.iter().enumerate().any(meet) {
        return Err(CliError::usage(
            option,
            "备份、托管与数据目录须彼此分开，互不包含。",
            "The backup, the custody and the data folder must lie apart from each other, none inside another.",
        ));
    }
    Ok(())
}

/// What a restore left for the platform's first start is done before anybody is served.
pub async fn hold_restored(app: &app::App, layout: &Layout) -> Result<(), CliError> {
    let file = layout.restored_file();
    if !file.is_file() {
        return Ok(());
    }
    let restored: Restored = crypto::from_canonical(&std::fs::read(&file)?)?;
    let held = hold(app, &restored).await?;
    tracing::warn!(
        suspended = held.len(),
        "the folder was restored: authorisations are suspended until each is restored"
    );
    std::fs::remove_file(&file)?;
    Ok(std::fs::File::open(layout.platform())?.sync_all()?)
}
