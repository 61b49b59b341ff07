//! Why a story stopped.

use crate::wiring::CliError;
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
    /// The input is not what it should be: where, Chinese, English.
    #[error("{0}: {2}")]
    Usage(String, String, String),
    /// A file or folder of the story itself.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Something answered in another shape than documented.
    #[error("{0}")]
    Shape(String),
}

impl StoryError {
    /// A refusal of the story's own, before anything is asked of the platform.
    pub fn refused(code: &str, rule: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let refusal = Refusal::new(code, rule, "", zh, en);
        Self::Refused { status: 422, refusal: Box::new(refusal) }
    }

    /// Whether the same request may go through a little later: the zone fetches orders and leases by itself.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Busy => true,
            Self::Refused { status, .. } => matches!(status, 403 | 404 | 503),
            _ => false,
        }
    }
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

impl From<CliError> for StoryError {
    fn from(e: CliError) -> Self {
        match e {
            CliError::Usage { at, zh, en } => Self::Usage(at, zh, en),
            CliError::Refused(refusal) => Self::Refused { status: 422, refusal: Box::new(refusal) },
            CliError::Bug(text) => Self::Shape(text),
        }
    }
}

impl From<StoryError> for CliError {
    fn from(e: StoryError) -> Self {
        match e {
            StoryError::Refused { refusal, .. } => Self::Refused(*refusal),
            StoryError::Usage(at, zh, en) => Self::Usage { at, zh, en },
            other => Self::Bug(other.to_string()),
        }
    }
}
