//! What can go wrong while a log is written or read. No message carries a leaf's content.

use crypto::CryptoError;
use std::io;

/// An error of the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Reading or writing failed.
    #[error("log file {file}: {source}")]
    Io {
        /// Path inside the log's folder.
        file: String,
        /// Cause.
        source: io::Error,
    },
    /// A leaf is not in its one encoding, or a field breaks its form.
    #[error("leaf: {0}")]
    Leaf(&'static str),
    /// What lies on disk contradicts itself.
    #[error("log file {file}: {what}")]
    Corrupt {
        /// Path inside the log's folder.
        file: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The log on disk is older than what its signer has signed: an old copy was put back.
    #[error("the log holds {found} leaves, its signer has signed {signed}: an older copy was put back")]
    RolledBack {
        /// Leaves found.
        found: u64,
        /// Size last signed.
        signed: u64,
    },
    /// The signer has signed another root for this size.
    #[error("the signer has already signed another root for size {size}")]
    SecondRoot {
        /// The size.
        size: u64,
    },
    /// The signer remembers a later epoch than the log on disk is in: an older copy was put back.
    #[error(
        "the log is in an epoch that its signer has closed; the signer is in the epoch {0}: an older copy was put back"
    )]
    EpochClosed(u32),
    /// Leaves are to be written beyond the end of the log.
    #[error("leaves from index {index} on were given, the log ends at {size}")]
    Gap {
        /// First index given.
        index: u64,
        /// Size of the log.
        size: u64,
    },
    /// Another leaf stands at this index.
    #[error("another leaf stands at index {index}")]
    Different {
        /// The index.
        index: u64,
    },
    /// Another process writes this log.
    #[error("another process writes this log")]
    Locked,
    /// An earlier write failed half-way; open the log again.
    #[error("an earlier write to the log failed; it must be opened again")]
    Poisoned,
    /// No such leaf or size.
    #[error("the log has no leaf or size {0}")]
    OutOfRange(u64),
    /// A checkpoint, key list, trust file or line in them is malformed.
    #[error("{what}: {why}")]
    Malformed {
        /// Which document.
        what: &'static str,
        /// Why.
        why: &'static str,
    },
    /// Signing, hashing or canonical JSON failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl LogError {
    pub(crate) fn corrupt(file: impl Into<String>, what: &'static str) -> Self {
        Self::Corrupt { file: file.into(), what }
    }

    /// What is wrong, in Chinese; what exactly a file of the log contradicts is in English alone.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Io { file, .. } => format!("日志文件 {file} 无法读取或写入"),
            Self::Corrupt { file, .. } => format!("日志文件 {file} 内容损坏"),
            Self::Leaf(_) => "日志条目不是其规范编码".to_owned(),
            Self::RolledBack { found, signed } => format!("日志只有{found}条，而签名已到{signed}条：放回了旧副本"),
            Self::SecondRoot { size } => format!("{size}条处已签过另一根哈希"),
            Self::EpochClosed(epoch) => format!("日志所在年度已结篇，签名已到 {epoch} 年度：放回了旧副本"),
            Self::Gap { index, size } => format!("所给条目从第{index}条起，日志只到第{size}条"),
            Self::Different { index } => format!("第{index}条是另一条目"),
            Self::Locked => "另一进程正在写这部日志".to_owned(),
            Self::Poisoned => "此前一次写入未完成，须重新打开日志".to_owned(),
            Self::OutOfRange(n) => format!("日志没有第{n}条"),
            Self::Malformed { what, why } => crate::words::malformed(what, why),
            Self::Crypto(_) => "密码运算或编码失败".to_owned(),
        }
    }

    pub(crate) fn malformed(what: &'static str, why: &'static str) -> Self {
        Self::Malformed { what, why }
    }
}
