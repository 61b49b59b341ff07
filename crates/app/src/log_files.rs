//! Files of both logs that anybody may be given, so that a witness elsewhere can check a checkpoint: checkpoints, tiles of
//! hashes, and key lists. No leaf is among them.

use crate::App;
use crate::error::{AppError, AppResult};
use audit::LogName;

/// The file of a name below `log/`: `<log>/checkpoint`, `<log>/<hash>/tile/…`, `keys/<number>.json`.
///
/// # Errors
/// [`AppError::NotFound`] for any other name, and for what is not there.
pub async fn public(app: &App, name: &str) -> AppResult<Vec<u8>> {
    let (dir, name) = (app.log_dir.clone(), name.to_owned());
    let read = tokio::task::spawn_blocking(move || -> AppResult<Option<Vec<u8>>> {
        let Some((folder, file)) = name.split_once('/') else { return Ok(None) };
        if folder == "keys" {
            let number = file.strip_suffix(".json").and_then(|n| n.parse::<u64>().ok());
            let Some(number) = number.filter(|n| format!("{n}.json") == file) else { return Ok(None) };
            return match std::fs::read(dir.join(format!("keys/{number}.json"))) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(e) => Err(AppError::bug(e)),
            };
        }
        match LogName::ALL.into_iter().find(|l| l.as_str() == folder) {
            Some(log) => audit::public_file(&dir.join(log.as_str()), file).map_err(AppError::bug),
            None => Ok(None),
        }
    });
    read.await.map_err(AppError::bug)??.ok_or(AppError::NotFound("log file"))
}
