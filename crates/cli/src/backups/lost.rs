//! A custody that is lost for good: another takes its place when both keepers say so, for from then on no destruction reaches
//! what the old one holds.

use super::kept;
use crate::keepers;
use crate::layout::Layout;
use crate::wiring::CliError;
use ::backup::Custody;
use std::path::Path;

/// Makes a new custody in the place of one that is lost, with both keepers' passphrases. `told` is the id that the backup has of it,
/// where the folder has no record any more. Gives the new one, and the id of the lost one, which has none if it was made before
/// there were ids.
///
/// # Errors
/// Usage: there was none, it is reached, the folder is not free, or a keeper is missing.
pub fn replaced(
    dir: &Path,
    layout: &Layout,
    trust: &audit::Trust,
    told: Option<&str>,
) -> Result<(Custody, String), CliError> {
    let former = kept::of(layout)?;
    let id = former.as_ref().map_or(told, |kept| kept.id.as_deref()).map(str::to_owned);
    if former.is_none() && told.is_none() {
        return Err(CliError::usage(
            "--former-custody-lost",
            "该目录还没有密钥托管；请去掉此项。",
            "The folder has no custody yet; leave this out.",
        ));
    }
    if let Some(former) = former.filter(|_| kept::reached(layout, &trust.deployment).is_ok()) {
        return Err(CliError::usage(
            "--former-custody-lost",
            format!("密钥托管仍在 {}，没有丢失。", former.path.display()),
            format!("The custody is there, at {}, and not lost.", former.path.display()),
        ));
    }
    if dir.join("custody.json").is_file() {
        return Err(CliError::usage(
            "--custody",
            "该目录已是一处密钥托管；新的托管须建在空目录中。",
            "The folder is a custody already; a new one is made in an empty folder.",
        ));
    }
    keepers::master(layout, trust.suite)?;
    let custody = Custody::open_or_make(dir, &trust.deployment)?;
    kept::remember(layout, &custody)?;
    Ok((custody, id.unwrap_or_else(|| "unknown".to_owned())))
}
