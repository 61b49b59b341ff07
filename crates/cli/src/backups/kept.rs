//! Which custody holds a zone's keys: the zone remembers where it lies and by which id it knows it again. An unmounted disk
//! leaves an empty folder, and another custody may stand at the same path: neither passes for it, for a destruction would
//! never reach the keys in the one that is away.

use crate::layout::{Layout, write_private};
use crate::tools::input;
use crate::wiring::CliError;
use ::backup::Custody;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// `zone/custody`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    v: u32,
    /// None in a record from before custodies had ids.
    pub id: Option<String>,
    /// Where it lay when it was last used.
    pub path: PathBuf,
}

/// The custody that a folder's zone has, if it has one.
///
/// # Errors
/// The record cannot be read.
pub fn of(layout: &Layout) -> io::Result<Option<Kept>> {
    let text = match std::fs::read_to_string(layout.custody_file()) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    if !text.starts_with('{') {
        // Before custodies had ids it was the path alone.
        return Ok(Some(Kept { v: 1, id: None, path: PathBuf::from(text.trim()) }));
    }
    let kept: Kept = crypto::from_canonical(text.as_bytes()).map_err(io::Error::other)?;
    if kept.v == 1 { Ok(Some(kept)) } else { Err(io::Error::other("the record of the custody has an unknown version")) }
}

/// Remembers a custody in the folder of a zone.
///
/// # Errors
/// Writing failed.
pub fn remember(layout: &Layout, custody: &Custody) -> Result<(), CliError> {
    let kept = Kept { v: 1, id: custody.id().map(str::to_owned), path: custody.dir().to_owned() };
    Ok(write_private(&layout.custody_file(), &crypto::canonical(&kept)?)?)
}

/// Where a restored zone remembers which custody was said to be lost for good: backups that tell of that one are taken without it.
fn lost_file(layout: &Layout) -> PathBuf {
    layout.zone().join("custody-lost")
}

/// Remembers that a custody is lost for good.
///
/// # Errors
/// Writing failed.
pub fn remember_lost(layout: &Layout, id: &str) -> Result<(), CliError> {
    Ok(write_private(&lost_file(layout), id.as_bytes())?)
}

/// Was this custody said to be lost for good when the folder was restored?
pub fn is_lost(layout: &Layout, id: &str) -> bool {
    std::fs::read_to_string(lost_file(layout)).is_ok_and(|text| text.trim() == id)
}

/// The custody of a zone as it lies there now.
///
/// # Errors
/// It is not reached, or another one stands in its place.
pub fn reached(layout: &Layout, deployment: &str) -> io::Result<Option<Custody>> {
    let Some(kept) = of(layout)? else { return Ok(None) };
    let custody = match &kept.id {
        Some(id) => Custody::open_known(&kept.path, deployment, id),
        None => Custody::open(&kept.path, deployment),
    };
    custody.map(Some).map_err(io::Error::other)
}

/// The folder of the custody that was named, or else of the one that the zone has, by its real path.
///
/// # Errors
/// The record cannot be read.
pub fn dir(named: Option<&Path>, layout: &Layout) -> Result<Option<PathBuf>, CliError> {
    let recorded = of(layout)?.map(|kept| kept.path);
    named.map(Path::to_path_buf).or(recorded).map(|dir| input::real(&dir)).transpose()
}

/// Opens the custody of a folder that has one, by its id: named at another path it may have been moved there. `told` is the
/// id that a snapshot has of it, where there is no folder any more to say so. `None` where nothing tells of a custody.
///
/// # Errors
/// Usage: it is not there, it is another one, or a copy of it lies where it was.
pub fn open(dir: &Path, layout: &Layout, deployment: &str, told: Option<&str>) -> Result<Option<Custody>, CliError> {
    let kept = of(layout)?;
    let before = kept.as_ref().map(|kept| input::real(&kept.path)).transpose()?;
    let moved = before.as_deref().filter(|before| *before != dir);
    let Some(id) = kept.as_ref().map_or(told, |kept| kept.id.as_deref()) else {
        return match (before.is_some(), moved) {
            (true, None) => Ok(Some(Custody::open(dir, deployment)?)),
            (true, Some(before)) => Err(another(before)),
            (false, _) => Ok(None),
        };
    };
    if !dir.join("custody.json").is_file() {
        return Err(away(before.as_deref().unwrap_or(dir)));
    }
    let custody = Custody::open(dir, deployment)?;
    if custody.id() != Some(id) {
        return Err(another(before.as_deref().unwrap_or(dir)));
    }
    // Of two with the same id one is a copy: a destruction would reach one of them.
    if let Some(before) = moved.filter(|before| Custody::open_known(before, deployment, id).is_ok()) {
        return Err(another(before));
    }
    Ok(Some(custody))
}

/// The backup tells of a custody, and the folder has no record of one any more.
pub fn unrecorded() -> CliError {
    CliError::usage(
        "--custody",
        "备份记有本部署的密钥托管，数据目录却没有它的记录：请用 --custody 指明它；若已永久丢失，请在空目录另建并加 --former-custody-lost。",
        "The backup tells of a custody of this deployment's keys, and the data folder has no record of it: name it by --custody, or, if it is lost for good, an empty folder with --former-custody-lost.",
    )
}

fn away(dir: &Path) -> CliError {
    let dir = dir.display();
    CliError::usage(
        "--custody",
        format!(
            "该部署的密钥托管在 {dir}，现在不在那里：请挂载它，或用 --custody 指明它现在的位置。不会另建一处，否则销毁无法到达原处。"
        ),
        format!(
            "The custody of this deployment's keys is at {dir} and is not there now: mount it, or name by --custody where it lies. No other is made in its place; a destruction would not reach the old one."
        ),
    )
}

fn another(dir: &Path) -> CliError {
    let dir = dir.display();
    CliError::usage(
        "--custody",
        format!("该部署已有另一处密钥托管（{dir}）；两处并存时销毁无法到达旧处。请挂载或指明原来的那一处。"),
        format!(
            "The deployment has another custody already ({dir}); a destruction would not reach it. Mount that one, or name where it lies now."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::{CustodyOfZone, beside};
    use zone::node::KeyCustody;

    /// What was destroyed after a snapshot goes from the restored folder, also where the custody came back only after the first
    /// start; at a later start the custody has no say.
    #[test]
    fn a_restored_zone_catches_up_once_its_custody_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(&dir.path().join("data")).unwrap();
        std::fs::create_dir_all(layout.ring()).unwrap();
        let zone = CustodyOfZone { layout: layout.clone(), deployment: "d".into() };
        let (place, away) = (dir.path().join("custody"), dir.path().join("away"));
        let custody = Custody::open_or_make(&place, "d").unwrap();
        remember(&layout, &custody).unwrap();
        let restored = layout.zone().join(zone::node::RESTORED);
        let key = |name: &str| layout.ring().join(format!("{name}.key"));
        for name in ["a", "b"] {
            std::fs::write(key(name), b"key").unwrap();
        }
        std::fs::write(custody.keys().join("a.destroyed"), b"{}").unwrap();
        zone.catch_up().unwrap();
        assert!(key("a").exists(), "it was not restored");
        std::fs::rename(&place, &away).unwrap();
        std::fs::write(&restored, b"").unwrap();
        zone.catch_up().unwrap();
        // The zone's first opening takes the mark away.
        std::fs::remove_file(&restored).unwrap();
        zone.catch_up().unwrap();
        assert!(key("a").exists(), "the custody is still away");
        std::fs::rename(&away, &place).unwrap();
        zone.catch_up().unwrap();
        assert!(!key("a").exists() && key("b").exists());
        std::fs::write(custody.keys().join("b.destroyed"), b"{}").unwrap();
        zone.catch_up().unwrap();
        assert!(key("b").exists(), "a living zone's key");
    }

    /// The zone destroys nothing that it cannot remove from its own custody.
    #[test]
    fn a_destruction_does_not_take_another_custody_for_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(&dir.path().join("data")).unwrap();
        std::fs::create_dir_all(layout.ring()).unwrap();
        let zone = CustodyOfZone { layout: layout.clone(), deployment: "d".into() };
        zone.forget().unwrap();
        let (place, away) = (dir.path().join("custody"), dir.path().join("away"));
        let custody = Custody::open_or_make(&place, "d").unwrap();
        remember(&layout, &custody).unwrap();
        zone.forget().unwrap();
        std::fs::rename(&place, &away).unwrap();
        assert!(zone.forget().is_err() && zone.kept("resource", "res_1").is_err() && zone.renew().is_err());
        Custody::open_or_make(&place, "d").unwrap();
        assert!(zone.forget().is_err() && zone.kept("resource", "res_1").is_err() && zone.renew().is_err());
        // Keys that a killed drill left beside the folder go with the destruction; one that runs is waited for.
        std::fs::remove_dir_all(&place).unwrap();
        std::fs::rename(&away, &place).unwrap();
        let (staging, running) = beside::make(&layout, beside::DRILL, None).unwrap();
        std::fs::create_dir_all(staging.ring()).unwrap();
        std::fs::write(staging.ring().join("a.key"), b"key").unwrap();
        assert!(zone.forget().is_err() && staging.ring().join("a.key").exists());
        drop(running);
        zone.forget().unwrap();
        assert!(!staging.data.exists());
        std::fs::rename(&place, &away).unwrap();
        Custody::open_or_make(&place, "d").unwrap();
        // Nor is an older record, which has a path alone, any less.
        std::fs::write(layout.custody_file(), away.display().to_string()).unwrap();
        zone.forget().unwrap();
        assert!(open(&place, &layout, "d", None).is_err());
    }
}
