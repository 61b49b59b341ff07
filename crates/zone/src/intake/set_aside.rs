//! The rows set aside: a sealed CSV with line, reason, field and the line itself, for the provider only.

use super::cell::Fault;
use super::error::IntakeError;
use super::plan::Plan;
use super::records::Row;
use super::sink::{SET_ASIDE_FILE, SealedFile};
use crypto::{CryptoError, KeyProvider};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Writes and counts rows set aside.
pub(super) struct SetAside {
    out: csv::Writer<SealedFile>,
    counts: BTreeMap<String, u64>,
}

impl SetAside {
    pub(super) fn new(file: SealedFile) -> Result<Self, IntakeError> {
        let mut out = csv::Writer::from_writer(file);
        out.write_record(["line", "reason", "field", "encoding", "record"]).map_err(storage)?;
        Ok(Self { out, counts: BTreeMap::new() })
    }

    /// Keeps one row. Bytes that are not UTF-8 are kept in hexadecimal digits.
    pub(super) fn push(&mut self, plan: Option<&Plan>, row: &Row, fault: Fault) -> Result<(), IntakeError> {
        let column = fault.column.and_then(|at| plan?.columns.get(at)).map_or("", |c| c.name.as_str());
        let code = fault.reason.code();
        let line = row.line.to_string();
        let raw = row.raw.strip_suffix(b"\n").unwrap_or(&row.raw);
        let (encoding, record) = match std::str::from_utf8(raw) {
            Ok(text) => ("utf-8", text.to_owned()),
            Err(_) => ("hex", hex::encode(raw)),
        };
        self.out.write_record([line.as_str(), code, column, encoding, &record]).map_err(storage)?;
        *self.counts.entry(code.to_owned()).or_default() += 1;
        Ok(())
    }

    /// Rows set aside so far.
    pub(super) fn rows(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(super) fn finish(self) -> Result<(SealedFile, BTreeMap<String, u64>), IntakeError> {
        let file = self.out.into_inner().map_err(|e| IntakeError::from_storage(e.into_error()))?;
        Ok((file, self.counts))
    }
}

fn storage(error: csv::Error) -> IntakeError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => IntakeError::from_storage(error),
        _ => IntakeError::Internal("set-aside row"),
    }
}

/// Opens the list of rows set aside of a stored batch: CSV text with the header `line,reason,field,encoding,record`.
/// Only for the provider of the resource.
///
/// # Errors
/// The file is missing, was moved, or the key does not open it.
pub fn open_set_aside(
    root: &Path,
    prefix: &str,
    deployment: &str,
    resource: &str,
    provider: &dyn KeyProvider,
) -> Result<impl Read + use<>, CryptoError> {
    let object = format!("{prefix}/{SET_ASIDE_FILE}");
    let file = std::fs::File::open(root.join(&object))?;
    let reader = crypto::open_file(file, provider, &crate::seal::context(deployment, resource, &object))?;
    Ok(reader.into_stream())
}
