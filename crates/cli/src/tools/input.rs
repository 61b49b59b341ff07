//! Reads the files that a person names. A failure says what, where and how, never what stands in the file.

use crate::wiring::CliError;
use model::storage_words;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The absolute form of a path, since printed paths are absolute.
pub fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|e| unreadable(path, &e))
}

/// Where a path that may not be there yet really leads: links and `..` of what is there are followed.
///
/// # Errors
/// What is not there yet goes up by `..`, or nothing of the path is there.
pub fn real(path: &Path) -> Result<PathBuf, CliError> {
    let whole = absolute(path)?;
    let mut rest = Vec::new();
    let mut at = whole.as_path();
    loop {
        if let Ok(real) = at.canonicalize() {
            return Ok(rest.iter().rev().fold(real, |path, part| path.join(part)));
        }
        let (Some(name), Some(above)) = (at.file_name(), at.parent()) else {
            return Err(CliError::usage(
                &path.display().to_string(),
                "路径中尚不存在的部分不能含有“..”；请写出实际路径。",
                "What of this path is not there yet may not go up by `..`: write the path that is meant.",
            ));
        };
        rest.push(name);
        at = above;
    }
}

/// The bytes of a file.
pub fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|e| unreadable(path, &e))
}

/// The text of a file, or of standard input where the name is `-`. A byte order mark is passed over.
pub fn text(path: &Path) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    } else {
        bytes = self::bytes(path)?;
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        CliError::usage(
            &path.display().to_string(),
            "不是 UTF-8 文本；请先转换编码。",
            "It is not UTF-8 text; convert it first.",
        )
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A folder that must be there.
pub fn folder(path: &Path) -> Result<PathBuf, CliError> {
    let path = absolute(path)?;
    match std::fs::read_dir(&path) {
        Ok(_) => Ok(path),
        Err(e) => Err(unreadable(&path, &e)),
    }
}

/// The trust file.
pub fn trust(path: Option<&Path>) -> Result<Option<audit::Trust>, CliError> {
    let Some(path) = path else { return Ok(None) };
    let bytes = bytes(path)?;
    let trust = audit::Trust::parse(&bytes).map_err(|e| {
        CliError::usage(
            &path.display().to_string(),
            format!("{}。", e.zh()),
            format!("It is not a trust file in its one encoding: {e}."),
        )
    })?;
    Ok(Some(trust))
}

/// A witness's public key: one line in a file.
pub fn witness_key(path: &Path) -> Result<audit::WitnessKey, CliError> {
    text(path)?.trim().parse::<audit::WitnessKey>().map_err(|e| {
        CliError::usage(
            &path.display().to_string(),
            format!("{}。", e.zh()),
            format!("It is not a witness's public key: {e}."),
        )
    })
}

/// Writes a file whole or not at all, readable by its owner; gives its absolute path.
pub fn written(path: &Path, bytes: &[u8]) -> Result<PathBuf, CliError> {
    let path = absolute(path)?;
    crate::layout::write_private(&path, bytes).map_err(|e| {
        CliError::usage(
            &path.display().to_string(),
            format!("无法写入（{}）；请检查路径与权限。", storage_words(e.kind())[0]),
            format!("It cannot be written ({}); check the path and its permissions.", storage_words(e.kind())[1]),
        )
    })?;
    Ok(path)
}

/// Writes a new file, readable by its owner; gives its absolute path. What is there already is not written over: the path may be
/// mistyped, and the file somebody's key.
pub fn written_new(path: &Path, bytes: &[u8]) -> Result<PathBuf, CliError> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = absolute(path)?;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = made.and_then(|mut file| {
        let done = file.write_all(bytes).and_then(|()| file.sync_all());
        // Half a file is none.
        done.inspect_err(|_| drop(std::fs::remove_file(&path)))
    });
    match written {
        Ok(()) => Ok(path),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Err(CliError::usage(
            &path.display().to_string(),
            "该文件已存在，不会覆盖；请另取文件名。",
            "This file is there already and is not written over; choose another name.",
        )),
        Err(e) => Err(CliError::usage(
            &path.display().to_string(),
            format!("无法写入（{}）；请检查路径与权限。", storage_words(e.kind())[0]),
            format!("It cannot be written ({}); check the path and its permissions.", storage_words(e.kind())[1]),
        )),
    }
}

/// A file or folder that cannot be read.
pub fn unreadable(path: &Path, error: &std::io::Error) -> CliError {
    let [zh, en] = storage_words(error.kind());
    CliError::usage(
        &path.display().to_string(),
        format!("无法读取（{zh}）；请检查路径与权限。"),
        format!("It cannot be read ({en}); check the path and its permissions."),
    )
}

/// A contract or purpose that is wrong, with its place.
pub fn contract(e: &zone::contract::ContractError) -> CliError {
    let file = e.path.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
    let at = if e.line == 0 { file } else { format!("{file}:{}:{}", e.line, e.column) };
    let key = if e.key.is_empty() { String::new() } else { format!("{}: ", e.key) };
    CliError::usage(&at, format!("{key}{}", e.zh), format!("{key}{}", e.en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_written_over_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.json");
        written_new(&path, b"key").unwrap();
        assert!(written_new(&path, b"statement").is_err());
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(written_new(&link, b"statement").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"key");
        assert!(written_new(&dir.path().join("none").join("x"), b"").is_err());
    }
}
