//! The zone's key ring in a folder that is being restored: which keys come, from where, and whether they open anything.

use super::live;
use crate::keepers;
use crate::keyplace;
use crate::layout::{Layout, write_private};
use crate::wiring::CliError;
use ::backup::{Custody, Manifest, bring_tombstones, bury, gather};
use crypto::{CryptoError, Suite};
use hsm::KeyPlace;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where keys may come from.
pub struct Sources<'a> {
    /// The custody, where there is one.
    pub custody: Option<&'a Custody>,
    /// The folder that is replaced, if it is there.
    pub old: &'a Layout,
    /// Ids of destroyed keys, from everywhere.
    pub gone: &'a BTreeSet<String>,
    /// The caller does without keys.
    pub without_keys: bool,
}

/// Lays the ring out: tombstones of every source, then what is alive.
///
/// # Errors
/// Usage: keepers' passphrases are missing or wrong, the device is not there or lacks keys. Otherwise storage failed.
pub fn lay(staging: &Layout, from: &Sources<'_>) -> Result<(), CliError> {
    if !staging.zone_keys().is_dir() {
        return Ok(());
    }
    let suite = live::trust(staging)?.suite;
    fs::create_dir_all(staging.ring())?;
    match keyplace::kept(staging)? {
        KeyPlace::File => software(staging, from, suite),
        _ => in_device(staging, from, suite),
    }
}

/// Software keys that are alive and would be in no copy any more: as words `purpose scope`.
fn dropped(from: &Sources<'_>) -> Result<BTreeSet<String>, CliError> {
    let in_device = from.old.zone_keys().is_dir() && keyplace::kept(from.old)? != KeyPlace::File;
    let mut out = BTreeSet::new();
    for folder in folders(from).into_iter().filter(|f| f.is_dir() && from.without_keys && !in_device) {
        let kept = |k: &crypto::KeyInfo| k.state != crypto::KeyState::Destroyed && !from.gone.contains(k.id.as_str());
        out.extend(inventory(&folder)?.iter().filter(|k| kept(k)).map(|k| format!("{} {}", k.purpose, k.scope)));
    }
    Ok(out)
}

/// Keys that are alive are not dropped before somebody was shown which, and said so.
///
/// # Errors
/// Usage: there are some, and nobody said so.
pub fn may_drop(from: &Sources<'_>, said: bool) -> Result<(), CliError> {
    let dropped = dropped(from)?;
    if said || dropped.is_empty() {
        return Ok(());
    }
    let (n, list) = (dropped.len(), dropped.into_iter().collect::<Vec<_>>().join(", "));
    Err(CliError::usage(
        "--without-keys",
        format!(
            "将放弃 {n} 个仍可用的密钥，其下的记录和产品永远打不开：{list}。核对无误后加 --yes；要保留它们，请去掉 --without-keys。"
        ),
        format!(
            "{n} keys that still work would be dropped, and what lies under them would never open again: {list}. Add --yes once this is right; to keep them, leave out --without-keys."
        ),
    ))
}

/// What a ring holds. Its files may come from a custody that somebody damaged.
///
/// # Errors
/// Usage: a file of it is damaged.
pub fn inventory(folder: &Path) -> Result<Vec<crypto::KeyInfo>, CliError> {
    crypto::inventory(folder).map_err(|e| spoilt(folder, &e))
}

fn spoilt(folder: &Path, e: &CryptoError) -> CliError {
    CliError::usage(
        &folder.display().to_string(),
        "其中有密钥文件损坏或被改动。",
        format!("A key file in it is damaged or was changed ({e})."),
    )
}

fn folders(from: &Sources<'_>) -> Vec<PathBuf> {
    from.custody.map(Custody::keys).into_iter().chain([from.old.ring()]).collect()
}

/// Software keys are in no backup: they come from the custody and from the folder that is replaced.
fn software(staging: &Layout, from: &Sources<'_>, suite: Suite) -> Result<(), CliError> {
    let ring = staging.ring();
    if from.without_keys {
        bring_tombstones(&ring, &folders(from))?;
    } else {
        gather(&ring, &folders(from), from.gone)?;
    }
    // Named where they lie: what was laid out goes again.
    let spoilt = |e| folders(from).iter().find_map(|folder| inventory(folder).err()).unwrap_or(e);
    let any = inventory(&ring).map_err(spoilt)?.iter().any(|k| k.state == crypto::KeyState::Live);
    let here = fs::read(from.old.ring_master()).map(zeroize::Zeroizing::new);
    let master = match here {
        // A zone without keys begins anew, under a master key that nobody has.
        _ if !any => {
            match fs::remove_file(staging.keepers()) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
                _ => {}
            }
            crypto::Zeroizing::new(crypto::random::<32>()?.to_vec())
        }
        // On the machine that holds the key already nobody takes it out.
        Ok(here) if !keepers::given() => here,
        _ => keepers::master(staging, suite)?,
    };
    Ok(write_private(&staging.ring_master(), &master)?)
}

/// A ring over a device is in the backup, for it says where keys are and holds none. The device has the last word.
fn in_device(staging: &Layout, from: &Sources<'_>, suite: Suite) -> Result<(), CliError> {
    let ring = staging.ring();
    bring_tombstones(&ring, &folders(from))?;
    bury(&ring, from.gone)?;
    let absent = keyplace::absent(staging, suite)?;
    if !absent.is_empty() && !from.without_keys {
        return Err(CliError::usage(
            "--data",
            format!(
                "设备中没有备份所指的 {} 个密钥：备份之后已销毁或轮换。要放弃其下的对象，请加 --without-keys。",
                absent.len()
            ),
            format!(
                "The device lacks {} keys that the backup names: destroyed or rotated since. To give up what lies under them, say --without-keys.",
                absent.len()
            ),
        ));
    }
    for name in absent {
        fs::remove_file(ring.join(format!("{name}.key")))?;
    }
    Ok(())
}

/// What became of a snapshot's objects.
#[derive(Clone, Copy, Default)]
pub struct Opened {
    /// They open with the ring.
    pub opened: u64,
    /// Their keys are sealed away: kept, and opened by the two keepers when a resource is unsealed.
    pub sealed: u64,
    /// There is no key for them.
    pub missing: u64,
}

/// How many objects of a snapshot open with the ring, and how many do not, for which reason.
///
/// # Errors
/// The ring or an object cannot be read.
pub fn opened(staging: &Layout, manifest: &Manifest, gone: &BTreeSet<String>) -> Result<Opened, CliError> {
    let wanted: Vec<_> = manifest.objects.iter().filter(|o| !gone.contains(&o.key)).collect();
    let mut out = Opened::default();
    if !staging.ring().is_dir() {
        out.missing = wanted.len() as u64;
        return Ok(out);
    }
    let keys = keyplace::open(staging, live::trust(staging)?.suite).map_err(|e| match e {
        CliError::Bug(why) => CliError::usage(
            "--custody",
            "密钥打不开：密钥文件损坏或被改动，或主密钥不是它们的主密钥。",
            format!("The keys do not open: a key file is damaged or was changed, or the master key is another one's ({why})."),
        ),
        told => told,
    })?;
    let away: BTreeSet<String> = inventory(&staging.ring())?
        .into_iter()
        .filter(|key| key.state == crypto::KeyState::Sealed)
        .map(|key| key.id.to_string())
        .collect();
    for object in wanted {
        let header = head(&staging.data.join(&object.path))?;
        match keys.unwrap(&header.key, &header.wrapped) {
            Ok(_) => out.opened += 1,
            Err(_) if away.contains(&object.key) => out.sealed += 1,
            Err(_) => out.missing += 1,
        }
    }
    Ok(out)
}

fn head(path: &std::path::Path) -> Result<crypto::Header, CliError> {
    use std::io::Read;
    let mut head = Vec::new();
    fs::File::open(path)?.take(crypto::MAX_HEADER as u64).read_to_end(&mut head)?;
    Ok(crypto::open_header(&head)?)
}
