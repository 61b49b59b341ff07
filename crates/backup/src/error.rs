//! What can go wrong with a backup. No text carries a value; paths are those of files that whoever runs the machine can look at.

use std::io;
use std::path::{Path, PathBuf};

/// An error of a backup or a restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Reading or writing failed.
    #[error("{}: {en} failed: {}", .at.display(), .source.kind())]
    Io {
        /// Where.
        at: PathBuf,
        /// What was being done, in Chinese.
        zh: &'static str,
        /// What was being done.
        en: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A key, a seal or an encoding.
    #[error(transparent)]
    Crypto(#[from] crypto::CryptoError),
    /// The log.
    #[error(transparent)]
    Log(#[from] audit::LogError),
    /// Not this deployment's, or not a repository at all.
    #[error("{en}")]
    NotOurs {
        /// What it is instead and what to do, in Chinese.
        zh: &'static str,
        /// What it is instead.
        en: &'static str,
    },
    /// Something that was written is missing or was changed.
    #[error("{}: {en}", .at.display())]
    Damaged {
        /// Which file.
        at: PathBuf,
        /// What is wrong with it, in Chinese.
        zh: &'static str,
        /// What is wrong with it.
        en: &'static str,
    },
    /// Another process works there.
    #[error("another process works in this folder")]
    Busy,
}

impl BackupError {
    /// Whether what was written is missing or was changed; else it could not be read at all.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// An input or output error with its place and what was being done.
    pub(crate) fn io(at: &Path, zh: &'static str, en: &'static str) -> impl FnOnce(io::Error) -> Self + use<> {
        let at = at.to_owned();
        move |source| Self::Io { at, zh, en, source }
    }

    /// A file that does not hold what was written into it.
    pub(crate) fn damaged(at: &Path) -> Self {
        Self::Damaged { at: at.to_owned(), zh: "已损坏或被改动", en: "it is damaged or was changed" }
    }

    /// The same, told apart from a passphrase that is wrong.
    pub(crate) fn opening(at: &Path) -> impl FnOnce(crypto::CryptoError) -> Self + use<> {
        let at = at.to_owned();
        move |e| match e {
            crypto::CryptoError::WrongPassphrase => e.into(),
            _ => Self::damaged(&at),
        }
    }
}
