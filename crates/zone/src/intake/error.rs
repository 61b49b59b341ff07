//! Why a whole upload is refused. No text carries a value; column names appear only where they cannot be values.

use super::records::RecordError;
use crypto::CryptoError;
use model::Refusal;
use std::io;

/// A whole upload was refused or failed; nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Not one byte.
    #[error("the file is empty")]
    Empty,
    /// A header and no row.
    #[error("the file has a header and no row")]
    NoRows,
    /// No column of the contract stands in the first line.
    #[error("the first line names no field of the contract")]
    NoHeader,
    /// Fields of the contract that the header lacks.
    #[error("columns missing: {}", .0.join(", "))]
    MissingColumns(Vec<String>),
    /// Columns that the contract does not know, by name where the name is plainly one, else by position.
    #[error("columns that the contract does not name: {}", .0.join(", "))]
    UnknownColumns(Vec<String>),
    /// Columns that stand twice.
    #[error("columns named twice: {}", .0.join(", "))]
    DuplicateColumns(Vec<String>),
    /// A line longer than a record may be.
    #[error("line {0} is longer than 1 MiB: this is no delimited text")]
    LineTooLong(u64),
    /// The upload broke off.
    #[error("the upload broke off: {}", .0.kind())]
    Upload(io::Error),
    /// The bytes are not the announced ones.
    #[error("the digest of the upload is not the announced one")]
    Digest,
    /// The batch is stored already with other bytes.
    #[error("this batch is stored already, with other bytes")]
    BatchConflict,
    /// No room.
    #[error("no room left for the records")]
    DiskFull,
    /// Storing failed.
    #[error("the records could not be stored: {}", .0.kind())]
    Store(io::Error),
    /// The key does not seal.
    #[error("the records could not be sealed: {0}")]
    Key(CryptoError),
    /// The object path is not one.
    #[error("not a path below the store: {0}")]
    BadPath(String),
    /// A fault of this program.
    #[error("internal error at {0}")]
    Internal(&'static str),
}

impl IntakeError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty-file",
            Self::NoRows => "no-rows",
            Self::NoHeader => "no-header",
            Self::MissingColumns(_) => "missing-columns",
            Self::UnknownColumns(_) => "unknown-columns",
            Self::DuplicateColumns(_) => "duplicate-columns",
            Self::LineTooLong(_) => "line-too-long",
            Self::Upload(_) => "upload-broken",
            Self::Digest => "digest-mismatch",
            Self::BatchConflict => "batch-conflict",
            Self::DiskFull => "disk-full",
            Self::Store(_) => "store-failed",
            Self::Key(_) => "key-refused",
            Self::BadPath(_) => "bad-path",
            Self::Internal(_) => "internal",
        }
    }

    /// Whether the upload itself is at fault, so that sending it again changes nothing.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Upload(_) | Self::DiskFull | Self::Store(_) | Self::Key(_) | Self::Internal(_))
    }

    /// The error as a refusal with both texts.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let zh = match self {
            Self::Empty => "文件为空".to_owned(),
            Self::NoRows => "文件只有表头，没有数据行".to_owned(),
            Self::NoHeader => "首行没有合约中的任何字段".to_owned(),
            Self::MissingColumns(names) => format!("缺少字段：{}", names.join("、")),
            Self::UnknownColumns(names) => format!("合约中没有的字段：{}", names.join("、")),
            Self::DuplicateColumns(names) => format!("重复的字段：{}", names.join("、")),
            Self::LineTooLong(line) => format!("第 {line} 行超过 1 MiB，不是分隔文本"),
            Self::Upload(_) => "上传中断".to_owned(),
            Self::Digest => "上传内容的摘要与声明不符".to_owned(),
            Self::BatchConflict => "该批次已存在且内容不同".to_owned(),
            Self::DiskFull => "存储空间不足".to_owned(),
            Self::Store(_) => "数据存储失败".to_owned(),
            Self::Key(_) => "数据加密失败".to_owned(),
            Self::BadPath(_) => "存储路径无效".to_owned(),
            Self::Internal(_) => "内部错误".to_owned(),
        };
        Refusal::new(self.code(), "PRODUCT-INTAKE", "", zh, self.to_string())
    }

    /// A storage error by its kind.
    pub(crate) fn from_storage(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::DiskFull,
            _ => Self::Store(error),
        }
    }
}

impl From<RecordError> for IntakeError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Read(error) => Self::Upload(error),
            RecordError::LineTooLong { line } => Self::LineTooLong(line),
        }
    }
}

impl From<CryptoError> for IntakeError {
    fn from(error: CryptoError) -> Self {
        match error {
            CryptoError::Io(error) => Self::from_storage(error),
            error => Self::Key(error),
        }
    }
}
