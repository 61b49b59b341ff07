//! What a use case can answer besides success: a refusal, a usage error, "not there", "moved on", or a bug.

use model::Refusal;

/// Failure of a use case. Knows nothing of HTTP.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A rule said no; shown and recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The request itself is off: what, where, how to mend.
    #[error("{en}")]
    Usage {
        /// Stable code.
        code: &'static str,
        /// Where: a field or parameter.
        at: String,
        /// In Chinese, with the mend.
        zh: String,
        /// In English, with the mend.
        en: String,
    },
    /// Not there, or not for this caller: the two look the same on purpose.
    #[error("not found: {0}")]
    NotFound(&'static str),
    /// No session, or it ended.
    #[error("not signed in")]
    NotSignedIn,
    /// The object moved on since the caller looked.
    #[error("{0}")]
    Moved(&'static str),
    /// The store is busy or full; the same request may go through later.
    #[error("busy")]
    Busy,
    /// A bug or a failing machine; the text goes to the operational log under an id, never to the caller.
    #[error("internal error")]
    Bug(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Result of a use case.
pub type AppResult<T> = Result<T, AppError>;

impl AppError {
    /// Wraps a failure that no caller can mend.
    pub fn bug(e: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Bug(e.into())
    }

    /// What somebody other than the program did to database or log, where this failure comes of that: a refusal that says so
    /// and what to do. A start helps nothing then.
    #[must_use]
    pub fn tampering(&self) -> Option<Refusal> {
        let Self::Bug(why) = self else { return None };
        let said = |code, zh: String, en: String| Some(Refusal::new(code, "PRODUCT-LOG", "", zh, en));
        if let Some(found) = why.downcast_ref::<store::StoreError>().filter(|e| e.is_tampering()) {
            return said(
                "database-changed",
                "数据库被程序之外的人改动过，平台不再使用它。请停止服务并查明原因，再从备份恢复整个目录（admin restore）。".to_owned(),
                format!("The database was changed outside the program ({found}) and is not used any more. Stop, find out why, and restore the whole folder from a backup (admin restore)."),
            );
        }
        match why.downcast_ref::<audit::LogError>()? {
            e @ (audit::LogError::RolledBack { .. } | audit::LogError::SecondRoot { .. } | audit::LogError::EpochClosed(_)) => said(
                "log-put-back",
                "日志比签名记忆旧或与之不同：放回了旧副本。请停止服务，换回原来的日志，或从备份恢复整个目录（admin restore）。".to_owned(),
                format!("{}. Stop, put the right log back, or restore the whole folder from a backup (admin restore).", sentence(e)),
            ),
            e @ (audit::LogError::Malformed { .. } | audit::LogError::Corrupt { .. } | audit::LogError::Leaf(_)) => said(
                "log-damaged",
                format!("{}：日志或其签名记忆缺失、损坏或被改动。请停止服务并查明原因，再从备份恢复整个目录（admin restore）。", e.zh()),
                format!("{}: the log or its signer's memory is missing, damaged or changed. Stop, find out why, and restore the whole folder from a backup (admin restore).", sentence(e)),
            ),
            _ => None,
        }
    }

    /// What was looked for, in Chinese and English; the same for whoever may not see it.
    #[must_use]
    pub fn looked_for(what: &str) -> [&str; 2] {
        match what {
            "case" => ["案件", "case"],
            "product" => ["数据产品", "product"],
            "resource" => ["资源", "resource"],
            "person" => ["人员", "person"],
            "account" => ["账号", "account"],
            "job" => ["作业", "job"],
            "organisation" => ["机构", "organisation"],
            "order" => ["订单", "order"],
            "notice" => ["公示", "notice"],
            "grant" => ["数据使用许可", "grant"],
            "procedure" => ["程序", "procedure"],
            "destruction" => ["销毁记录", "destruction"],
            "certificate" => ["证书", "certificate"],
            "authorisation" => ["授权", "authorisation"],
            "pack" => ["规则包", "pack"],
            "batch" => ["数据批次", "batch"],
            "log file" => ["日志文件", "log file"],
            "deployment" => ["部署", "deployment"],
            "route" => ["接口地址", "address"],
            other => ["对象", other],
        }
    }

    /// A usage error by code and place.
    pub fn usage(code: &'static str, at: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Usage { code, at: at.into(), zh: zh.into(), en: en.into() }
    }
}

/// An error's words as the beginning of a sentence.
fn sentence(e: &audit::LogError) -> String {
    let text = e.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl From<store::StoreError> for AppError {
    fn from(e: store::StoreError) -> Self {
        match e {
            store::StoreError::Conflict { .. } => Self::Moved("object"),
            busy if busy.is_retryable() => Self::Busy,
            // Said aloud where it is met: whoever wrote to the database shall not count on a log line too few.
            found if found.is_tampering() => {
                tracing::error!(code = "database-changed", error = %found, "the database was changed outside the program");
                Self::bug(found)
            }
            other => Self::bug(other),
        }
    }
}

impl From<crypto::CryptoError> for AppError {
    fn from(e: crypto::CryptoError) -> Self {
        Self::bug(e)
    }
}

impl From<serde_json::Error> for AppError {
    fn from(e: serde_json::Error) -> Self {
        Self::bug(e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit::LogError;

    /// A full or failing disk is no tampering: nobody shall restore for it.
    #[test]
    fn broken_logs_are_told_from_failing_disks() {
        let code = |e: LogError| AppError::bug(e).tampering().map(|r| r.code);
        let file = || "checkpoint".to_owned();
        for (e, want) in [
            (LogError::Corrupt { file: file(), what: "torn" }, Some("log-damaged")),
            (LogError::Malformed { what: "checkpoint", why: "no text" }, Some("log-damaged")),
            (LogError::RolledBack { found: 1, signed: 2 }, Some("log-put-back")),
            (LogError::SecondRoot { size: 2 }, Some("log-put-back")),
            (LogError::EpochClosed(1), Some("log-put-back")),
            (LogError::Io { file: file(), source: std::io::ErrorKind::StorageFull.into() }, None),
            (LogError::Locked, None),
        ] {
            let told = e.to_string();
            assert_eq!(code(e).as_deref(), want, "{told}");
        }
        assert!(AppError::Busy.tampering().is_none());
    }
}
