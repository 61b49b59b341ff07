//! What can go wrong with a backup. No text carries a value, and a path only where a person named it.

use std::io;

/// An error of a backup or a restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Reading or writing failed.
    #[error("reading or writing failed while {what}: {}", .source.kind())]
    Io {
        /// What was being done.
        what: &'static str,
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
    #[error("the backup is damaged: {0}")]
    Damaged(&'static str),
    /// Another process works there.
    #[error("another process works in this folder")]
    Busy,
}

impl BackupError {
    /// Whether what was written is missing or was changed; else it could not be read at all.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Crypto(_))
    }

    /// An input or output error with what was being done.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}
