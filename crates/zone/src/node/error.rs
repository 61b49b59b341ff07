//! What can go wrong in a node. No message carries a value of a record, a key or a ticket.

use std::io;

/// An error of the node: not a rule saying no (that is a `Refusal`), but something broken.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The journal was changed, or frames in its middle are missing.
    #[error("the zone's journal does not verify at frame {0}")]
    JournalBroken(u64),
    /// The folder is older than the log or than what the platform acknowledged: an old copy was put back.
    #[error("the zone's folder was rolled back: {0}")]
    RolledBack(&'static str),
    /// Another node works in this folder.
    #[error("another node works in this folder")]
    Locked,
    /// Keys are being rotated, or a rotation was cut short.
    #[error("the zone's keys are being rotated, or a rotation was cut short")]
    Rotating,
    /// No order asks for this, or it is done already.
    #[error("no order asks for this, or it is done already")]
    NotOrdered,
    /// A rule says no to what people ask of the folder itself, with no order to answer.
    #[error("{}: {}", .0.code, .0.en)]
    Refused(Box<model::Refusal>),
    /// A backup copies the objects.
    #[error("a backup of this folder is being made")]
    Copied,
    /// The configuration cannot be used.
    #[error("the configuration cannot be used: {0}")]
    Config(&'static str),
    /// The log cannot be written.
    #[error("the zone's log cannot be written: {0}")]
    Log(String),
    /// The log or its signer's memory is missing, damaged, or an old copy: no later try mends it.
    #[error("the zone's log does not hold: {0}")]
    LogBroken(String),
    /// A signature, digest or canonical encoding failed.
    #[error(transparent)]
    Crypto(#[from] crypto::CryptoError),
    /// A sealed object cannot be used.
    #[error(transparent)]
    Seal(#[from] crate::seal::SealError),
    /// Reading or writing failed.
    #[error("reading or writing failed while {what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The custody of keys cannot be reached.
    #[error("the custody of keys cannot be reached: {0}")]
    Custody(io::Error),
    /// The platform could not be reached or answered nonsense.
    #[error("the platform's answer cannot be used: {0}")]
    Link(String),
}

impl NodeError {
    /// Whether the node must stop: its memory is not to be trusted. Anything else may pass (a full disk, a lost link).
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Self::JournalBroken(_) | Self::RolledBack(_))
    }

    /// Whether the device that holds the keys could not be used: it may come back.
    pub(crate) fn is_device(&self) -> bool {
        use crate::seal::SealError;
        use crypto::CryptoError::Device;
        matches!(self, Self::Crypto(Device(_)) | Self::Seal(SealError::Crypto(Device(_))))
    }

    /// An input or output error with what was being done.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}
