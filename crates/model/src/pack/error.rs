//! Faults of a pack: they name file, line and key, and say how to mend them.

use std::ops::Range;

/// A fault in a pack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{file}:{line}: {key}: {en} ({mend})")]
pub struct PackError {
    /// File: `layer/path`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Key concerned; empty where the whole file is.
    pub key: String,
    /// What is wrong, in Chinese.
    pub zh: String,
    /// What is wrong, in English.
    pub en: String,
    /// How to mend it.
    pub mend: String,
}

/// A text with its name, for faults that point into it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// A fault at the first line that has `needle`.
    pub(crate) fn fault(
        &self,
        needle: &str,
        key: &str,
        zh: impl Into<String>,
        en: impl Into<String>,
        mend: &str,
    ) -> PackError {
        let line =
            self.text.lines().position(|l| !l.trim_start().starts_with('#') && l.contains(needle)).map_or(1, |i| i + 1);
        PackError { file: self.file.into(), line, key: key.into(), zh: zh.into(), en: en.into(), mend: mend.into() }
    }

    /// Parses the text as TOML of one shape; unknown keys are refused.
    pub(crate) fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, PackError> {
        toml::from_str(self.text).map_err(|e| self.toml_fault(&e))
    }

    fn toml_fault(&self, error: &toml::de::Error) -> PackError {
        let line = error.span().map_or(1, |s| self.line_of(&s));
        let message = error.message();
        let key = message.split('`').nth(1).unwrap_or_default().to_owned();
        let unknown = message.starts_with("unknown field");
        let zh = if unknown { format!("未知的键 {key}") } else { format!("无法读取：{message}") };
        let mend = if unknown { "remove the key or correct its spelling" } else { "correct this line" };
        PackError { file: self.file.into(), line, key, zh, en: message.replace('\n', " "), mend: mend.into() }
    }

    fn line_of(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start.min(self.text.len())).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }
}
