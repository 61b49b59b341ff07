//! One CSV file while it is written: cells, quotes, encodings and planted faults.

use super::dirt::Spoil;
use super::{CityError, FileSummary};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Encoding of a written file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// GB 18030.
    Gb18030,
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf8Bom => "utf-8-bom",
            Self::Gb18030 => "gb18030",
        }
    }
}

/// A CSV file being written.
pub(super) struct Table {
    path: PathBuf,
    out: BufWriter<File>,
    encoding: Encoding,
    delimiter: char,
    line: String,
    column: usize,
    spoil: Option<Spoil>,
    rows: u64,
    planted: BTreeMap<&'static str, u64>,
    other_encoding: u64,
}

impl Table {
    /// Creates the file and writes its header.
    pub(super) fn create(
        dir: &Path,
        file: &str,
        encoding: Encoding,
        delimiter: char,
        header: &[&str],
    ) -> Result<Self, CityError> {
        let path = dir.join(file);
        let out = File::create(&path).map_err(|source| CityError::Write { path: path.clone(), source })?;
        let out = BufWriter::with_capacity(1 << 18, out);
        let planted = BTreeMap::new();
        let line = String::with_capacity(512);
        let mut table =
            Self { path, out, encoding, delimiter, line, column: 0, spoil: None, rows: 0, planted, other_encoding: 0 };
        if encoding == Encoding::Utf8Bom {
            table.bytes(b"\xEF\xBB\xBF")?;
        }
        for name in header {
            table.text(name);
        }
        table.end_row()?;
        table.rows = 0;
        Ok(table)
    }

    /// The next row is to have this fault.
    pub(super) fn spoil(&mut self, spoil: Option<Spoil>) {
        self.spoil = spoil;
    }

    /// A text cell.
    pub(super) fn text(&mut self, value: &str) {
        if self.column > 0 {
            self.line.push(self.delimiter);
        }
        let column = self.column;
        self.column += 1;
        match self.spoil {
            Some(Spoil::CheckDigit(c)) if c == column => return self.with_wrong_digit(value),
            Some(Spoil::Date(c)) if c == column => return self.line.push_str("2023-02-30"),
            Some(Spoil::Missing(c)) if c == column => return,
            _ => {}
        }
        if value.contains('"') || value.contains('\n') || value.contains(self.delimiter) {
            self.line.push('"');
            self.line.push_str(&value.replace('"', "\"\""));
            self.line.push('"');
        } else {
            self.line.push_str(value);
        }
    }

    fn with_wrong_digit(&mut self, value: &str) {
        let kept = value.len().saturating_sub(1);
        self.line.push_str(value.get(..kept).unwrap_or_default());
        let wrong = match value.as_bytes().last() {
            Some(b'0'..=b'8') => value.as_bytes().last().map_or('0', |b| char::from(b + 1)),
            _ => '1',
        };
        self.line.push(wrong);
    }

    /// A whole number.
    pub(super) fn number(&mut self, value: u64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = value;
        loop {
            at -= 1;
            if let Some(slot) = digits.get_mut(at) {
                *slot = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            }
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let text = std::str::from_utf8(digits.get(at..).unwrap_or_default()).unwrap_or_default();
        self.text(text);
    }

    /// An amount of money in fen, written in yuan.
    pub(super) fn money(&mut self, fen: u64) {
        self.text(&format!("{}.{:02}", fen / 100, fen % 100));
    }

    /// A truth value.
    pub(super) fn truth(&mut self, value: bool) {
        self.text(if value { "true" } else { "false" });
    }

    /// Ends the row and writes it.
    pub(super) fn end_row(&mut self) -> Result<(), CityError> {
        let spoil = self.spoil.take();
        if spoil == Some(Spoil::Ragged) {
            self.line.push(self.delimiter);
            self.line.push_str("surplus");
        }
        let line = std::mem::take(&mut self.line);
        let gb = (self.encoding == Encoding::Gb18030) != (spoil == Some(Spoil::OtherEncoding));
        if gb {
            let bytes = encoding_rs::GB18030.encode(&line).0;
            self.bytes(&bytes)?;
        } else {
            self.bytes(line.as_bytes())?;
        }
        self.line = line;
        self.line.clear();
        if spoil == Some(Spoil::Encoding) {
            self.bytes(b"\xFF\xFE")?;
        }
        match spoil.map(|s| (s, s.code())) {
            Some((_, Some(code))) => *self.planted.entry(code).or_default() += 1,
            Some((_, None)) => self.other_encoding += 1,
            None => {}
        }
        self.column = 0;
        self.rows += 1;
        self.bytes(b"\n")
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), CityError> {
        self.out.write_all(bytes).map_err(|source| CityError::Write { path: self.path.clone(), source })
    }

    /// Closes the file.
    pub(super) fn finish(mut self) -> Result<FileSummary, CityError> {
        self.out.flush().map_err(|source| CityError::Write { path: self.path.clone(), source })?;
        let file = self.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let (rows, planted, other_encoding) = (self.rows, self.planted, self.other_encoding);
        Ok(FileSummary { file, encoding: self.encoding.name(), rows, planted, other_encoding })
    }
}
