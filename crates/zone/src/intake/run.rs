//! One intake, from the first byte to the rename.

use super::batch::Batches;
use super::cell::{Fault, read_row};
use super::error::IntakeError;
use super::meter::{Meter, Progress};
use super::plan::Plan;
use super::reason::Reason;
use super::records::{Next, Records, Row};
use super::set_aside::SetAside;
use super::sink::{Folder, Place, ROWS_FILE, SET_ASIDE_FILE, SUMMARY_FILE, SealedFile, target_of};
use super::token::{TOKEN_LEN, Tokens};
use crate::contract::Contract;
use arrow::array::RecordBatch;
use crypto::{Hash, KeyId, KeyProvider};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

/// Rows of a Parquet row group: what a reader has to hold at once.
const ROW_GROUP_ROWS: usize = 1 << 17;
/// Encoded bytes at which a row group ends, however few its rows: what the writer holds at once.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// Where a batch goes and under which keys.
pub struct IntakeOptions<'a> {
    /// Keys.
    pub provider: &'a dyn KeyProvider,
    /// Key-encryption key of the resource.
    pub key: &'a KeyId,
    /// Key-encryption key from which the zone's subject tokens are derived; the same for all resources.
    pub token_key: &'a KeyId,
    /// Deployment.
    pub deployment: &'a str,
    /// Resource.
    pub resource: &'a str,
    /// Batch.
    pub batch: &'a str,
    /// Folder of the sealed store.
    pub root: &'a Path,
    /// Object path of the batch below `root`, for example `records/<resource>/<batch>`; its last folder appears whole.
    pub prefix: &'a str,
    /// Bytes that the batch may take; none for no bound.
    pub max_stored: Option<u64>,
    /// Digest that the uploader announced.
    pub expected: Option<Hash>,
}

impl IntakeOptions<'_> {
    fn place(&self) -> Place<'_> {
        Place { root: self.root, prefix: self.prefix, deployment: self.deployment, resource: self.resource }
    }
}

/// What became of an upload. Counts and digests only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeSummary {
    /// Format version, 1.
    pub v: u32,
    /// Resource.
    pub resource: String,
    /// Batch.
    pub batch: String,
    /// Table of the contract.
    pub table: String,
    /// Rows stored.
    pub rows: u64,
    /// Rows set aside, by the reason's code.
    pub set_aside: BTreeMap<String, u64>,
    /// Rows read in another encoding than the file's.
    pub other_encoding: u64,
    /// Blank lines, which are no rows.
    pub blank_lines: u64,
    /// Optional fields that the file lacks.
    pub absent: Vec<String>,
    /// Digest of the uploaded bytes.
    pub digest: Hash,
    /// Uploaded bytes.
    pub bytes: u64,
    /// Main encoding.
    pub encoding: String,
    /// Delimiter.
    pub delimiter: String,
}

impl IntakeSummary {
    /// Rows of the upload: stored and set aside.
    #[must_use]
    pub fn rows_in(&self) -> u64 {
        self.rows + self.set_aside.values().sum::<u64>()
    }
}

/// Summary of a stored batch; none if there is no such batch.
///
/// # Errors
/// The summary cannot be read.
pub fn stored(root: &Path, prefix: &str) -> Result<Option<IntakeSummary>, IntakeError> {
    let place = Place { root, prefix, deployment: "", resource: "" };
    match std::fs::read(target_of(place)?.join(SUMMARY_FILE)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| IntakeError::Internal("summary")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(IntakeError::Store(error)),
    }
}

/// Takes one upload in. Repeating it with the same bytes gives the stored summary; with other bytes it is refused.
/// Blocking: call it off the runtime's own threads. `progress` is called about every 8,192 rows.
///
/// # Errors
/// [`IntakeError`]; nothing is kept then, and what was stored before stays as it is.
pub fn run(
    reader: impl Read,
    contract: &Contract,
    options: &IntakeOptions<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<IntakeSummary, IntakeError> {
    let meter = Meter::new(options.provider.suite());
    let mut reader = meter.read(reader);
    if let Some(summary) = stored(options.root, options.prefix)? {
        io::copy(&mut reader, &mut io::sink()).map_err(IntakeError::Upload)?;
        return if meter.digest() == Some(summary.digest) { Ok(summary) } else { Err(IntakeError::BatchConflict) };
    }
    let names: Vec<&str> = contract.table.fields.iter().map(|f| f.name.as_str()).collect();
    let mut records = Records::open(reader, &names)?;
    if records.is_empty() {
        return Err(IntakeError::Empty);
    }
    let mut row = Row::default();
    if records.next(&mut row)? != Next::Row {
        return Err(IntakeError::NoHeader);
    }
    let plan = Plan::bind(contract, &row)?;
    let folder = Folder::create(options.place(), options.max_stored)?;
    let quota = folder.quota();
    let work = Work { contract, options, plan, meter, folder };
    // Whatever layer failed on storage, the first storage error is what the caller has to know.
    work.take_in(records, row, progress).map_err(|error| match error {
        IntakeError::Upload(_) | IntakeError::LineTooLong(_) => error,
        error => quota.failure().unwrap_or(error),
    })
}

struct Work<'a> {
    contract: &'a Contract,
    options: &'a IntakeOptions<'a>,
    plan: Plan,
    meter: Meter,
    folder: Folder,
}

/// Counts kept while reading.
#[derive(Default)]
struct Counts {
    rows: u64,
    other_encoding: u64,
}

impl Work<'_> {
    fn take_in(
        self,
        mut records: Records<'_>,
        mut row: Row,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<IntakeSummary, IntakeError> {
        let (options, place) = (self.options, self.options.place());
        let mut set_aside = SetAside::new(self.folder.sealed(place, SET_ASIDE_FILE, options.provider, options.key)?)?;
        let file = self.folder.sealed(place, ROWS_FILE, options.provider, options.key)?;
        let mut batches = Batches::new(self.contract, &self.plan);
        let mut parquet = RowsWriter::new(file, &batches)?;
        let rows_of = format!("{}/{}", options.resource, options.batch);
        let mut tokens = Tokens::new(options.provider, options.token_key, &rows_of)?;
        let mut counts = Counts::default();
        let mut of_row = Vec::new();
        loop {
            let fault = match records.next(&mut row)? {
                Next::End => break,
                Next::Fault(reason) => Some(Fault { reason, column: None }),
                Next::Row => {
                    counts.other_encoding += u64::from(row.other_encoding);
                    let full = self.read(&row, &mut tokens, &mut of_row, &mut batches, counts.rows);
                    match full {
                        Ok(full) => {
                            counts.rows += 1;
                            if full? {
                                parquet.write(batches.take()?)?;
                                progress(Progress { bytes: self.meter.bytes(), rows: counts.rows + set_aside.rows() });
                            }
                            None
                        }
                        Err(fault) => Some(fault),
                    }
                }
            };
            if let Some(fault) = fault {
                set_aside.push(Some(&self.plan), &row, fault)?;
            }
        }
        parquet.write(batches.take()?)?;
        self.folder.close(parquet.finish()?)?;
        let (file, reasons) = set_aside.finish()?;
        self.folder.close(file)?;
        let summary = self.summary(&records, counts, reasons)?;
        progress(Progress { bytes: summary.bytes, rows: summary.rows_in() });
        self.commit(summary)
    }

    /// Types one row, finds its subjects and adds it to the batch. The inner result is a failure of the program.
    fn read(
        &self,
        row: &Row,
        tokens: &mut Tokens,
        of_row: &mut Vec<[u8; TOKEN_LEN]>,
        batches: &mut Batches,
        ordinal: u64,
    ) -> Result<Result<bool, IntakeError>, Fault> {
        let mut cells = Vec::with_capacity(self.plan.columns.len());
        read_row(&self.plan, row, &mut cells)?;
        of_row.clear();
        for (nth, subject) in self.plan.subjects.iter().enumerate() {
            let missing = Fault { reason: Reason::MissingSubject, column: subject.key.as_ref().map(|key| key.column) };
            of_row.push(tokens.token(nth, subject, &cells, ordinal).ok_or(missing)?);
        }
        Ok(batches.push(&cells, of_row, row.raw.len()))
    }

    fn summary(
        &self,
        records: &Records<'_>,
        counts: Counts,
        reasons: BTreeMap<String, u64>,
    ) -> Result<IntakeSummary, IntakeError> {
        if counts.rows == 0 && reasons.is_empty() {
            return Err(IntakeError::NoRows);
        }
        let digest = self.meter.digest().ok_or(IntakeError::Internal("digest"))?;
        if self.options.expected.is_some_and(|expected| expected != digest) {
            return Err(IntakeError::Digest);
        }
        Ok(IntakeSummary {
            v: 1,
            resource: self.options.resource.to_owned(),
            batch: self.options.batch.to_owned(),
            table: self.contract.table.name.clone(),
            rows: counts.rows,
            set_aside: reasons,
            other_encoding: counts.other_encoding,
            blank_lines: records.blank_lines(),
            absent: self.plan.absent(),
            digest,
            bytes: self.meter.bytes(),
            encoding: records.encoding().name().to_owned(),
            delimiter: records.delimiter().to_string(),
        })
    }

    fn commit(self, summary: IntakeSummary) -> Result<IntakeSummary, IntakeError> {
        let bytes = serde_json::to_vec_pretty(&summary).map_err(|_| IntakeError::Internal("summary"))?;
        self.folder.plain(SUMMARY_FILE, &bytes)?;
        self.folder.commit()?;
        Ok(summary)
    }
}

/// Parquet into a sealed file.
struct RowsWriter(ArrowWriter<SealedFile>);

impl RowsWriter {
    fn new(file: SealedFile, batches: &Batches) -> Result<Self, IntakeError> {
        ArrowWriter::try_new(file, batches.schema(), Some(crate::seal::parquet_properties(ROW_GROUP_ROWS)))
            .map(Self)
            .map_err(parquet_error)
    }

    fn write(&mut self, batch: Option<RecordBatch>) -> Result<(), IntakeError> {
        let Some(batch) = batch else { return Ok(()) };
        self.0.write(&batch).map_err(parquet_error)?;
        if self.0.in_progress_size() >= ROW_GROUP_BYTES {
            self.0.flush().map_err(parquet_error)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<SealedFile, IntakeError> {
        self.0.into_inner().map_err(parquet_error)
    }
}

/// The text of a Parquet error may carry a value, so only its place is kept.
fn parquet_error(error: ParquetError) -> IntakeError {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => IntakeError::from_storage(*error),
            Err(_) => IntakeError::Internal("parquet"),
        },
        _ => IntakeError::Internal("parquet"),
    }
}
