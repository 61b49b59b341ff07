//! `yunyu story`: the main job, headless, through the public API only.
pub mod client;
pub mod desk;
pub mod journal;

use model::Refusal;

/// Why the story stopped.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// Nobody answers there (a process is being restarted).
    #[error("nobody answers: {0}")]
    Unreachable(reqwest::Error),
    /// Asked to come back later.
    #[error("busy")]
    Busy,
    /// The session ended.
    #[error("signed out")]
    SignedOut,
    /// A rule said no.
    #[error("{refusal}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        refusal: Box<Refusal>,
    },
    /// Unreadable input or folder.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Something answered in another shape than documented.
    #[error("{0}")]
    Shape(String),
}

impl From<reqwest::Error> for StoryError {
    fn from(e: reqwest::Error) -> Self {
        Self::Unreachable(e)
    }
}

impl From<serde_json::Error> for StoryError {
    fn from(e: serde_json::Error) -> Self {
        Self::Shape(e.to_string())
    }
}

impl From<crypto::CryptoError> for StoryError {
    fn from(e: crypto::CryptoError) -> Self {
        Self::Shape(e.to_string())
    }
}
