//! `sql check` and `sql run` over local folders: `DIR/<table>.yaml`, `DIR/purposes/NAME.yaml`, `INPUT/<table>.{parquet,csv}`.
//!
//! The records are read into memory with subject tokens under a key that lives as long as the run.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int64Type, Schema, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use crypto::Suite;
use datafusion::catalog::MemTable;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::{EngineEnv, Limits, RunError, Source, Spill, Tokens, Verdict, check, clear, run};
use crate::contract::{Contract, ContractError};
use crate::gate::Sealed;
use crate::purpose::Purpose;

/// Bad usage or unreadable input (exit code 2). Never carries a value of a record.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A contract or purpose is wrong.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// An input file is missing or unreadable.
    #[error("{file}: {problem}")]
    Input {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The accepted query gave no answer.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// `sql check`: the static verdict as JSON.
///
/// # Errors
/// When a contract or the purpose cannot be read.
pub fn check_command(contracts: &Path, purpose: &str, sql: &str) -> Result<Verdict, LocalError> {
    let (contracts, purpose) = policies(contracts, purpose)?;
    Ok(check(sql, &contracts, &purpose))
}

/// A governed answer over local files: the verdict, and what was released unless it was refused.
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

impl Answer {
    /// As `sql run --json` prints it.
    pub fn to_json(&self) -> Value {
        let mut json = serde_json::to_value(&self.verdict).unwrap_or_default();
        if let Value::Object(map) = &mut json {
            map.insert("columns".into(), json!(self.columns));
            map.insert("rows".into(), json!(self.rows));
        }
        json
    }
}

/// `sql run`: the query over the files of a folder. A local run rests on the caller's own files: it passes no exit gate.
///
/// # Errors
/// When a file cannot be read, or the accepted query gives no answer.
pub async fn run_command(folder: &Path, purpose: &str, input: &Path, sql: &str) -> Result<Answer, LocalError> {
    let (contracts, purpose) = policies(folder, purpose)?;
    let verdict = check(sql, &contracts, &purpose);
    if verdict.verdict == super::Decision::Refuse {
        return Ok(Answer { verdict, columns: Vec::new(), rows: Vec::new() });
    }
    let tables: Vec<&str> =
        contracts.iter().map(|contract| contract.table.name.as_str()).filter(|table| mentions(sql, table)).collect();
    let sources = sources(folder, input, &tables)?;
    let spill = Spill { folder: tempfile_dir(input)?, suite: Suite::Intl };
    let limits = Limits { memory: 2 << 30, spill: Some(spill), ..Limits::default() };
    let env = EngineEnv { sources, purpose, limits };
    let plan = match clear(&env, sql) {
        Ok(plan) => plan,
        Err(_) => {
            return Ok(Answer { verdict: check(sql, &contracts, &env.purpose), columns: Vec::new(), rows: Vec::new() });
        }
    };
    let sealed = run(plan).await?;
    Ok(Answer { verdict, columns: sealed.columns(), rows: rows(&sealed).ok_or(RunError::Failed)? })
}

fn tempfile_dir(input: &Path) -> Result<std::path::PathBuf, LocalError> {
    let folder = std::env::temp_dir();
    folder.is_dir().then_some(folder).ok_or_else(|| input_error(input, "no temporary folder"))
}

/// Tables that a query does not mention are not read.
fn mentions(sql: &str, table: &str) -> bool {
    sql.to_lowercase().contains(&table.to_lowercase())
}

fn policies(contracts: &Path, purpose: &str) -> Result<(Vec<Contract>, Purpose), LocalError> {
    if purpose.is_empty() || purpose.contains(['/', '\\']) || purpose.starts_with('.') {
        return Err(input_error(contracts, "the purpose must be the name of a file in purposes/"));
    }
    let purpose = Purpose::load(&contracts.join("purposes").join(format!("{purpose}.yaml")))?;
    let contracts = Contract::load_dir(contracts)?;
    Ok((contracts, purpose))
}

/// The named tables of a folder of contracts with the records of an input folder, under fresh tokens.
///
/// # Errors
/// When a contract or a file cannot be read.
pub fn sources(contracts: &Path, input: &Path, tables: &[&str]) -> Result<Vec<Source>, LocalError> {
    let key = crypto::random::<32>().map_err(|_| input_error(input, "no randomness"))?;
    let tokens = Tokens::new(Suite::Intl, key);
    let contracts = Contract::load_dir(contracts)?;
    let wanted = contracts.iter().filter(|contract| tables.contains(&contract.table.name.as_str()));
    wanted.map(|contract| source(contract, input, &tokens)).collect()
}

/// Reads a table's file with its subject tokens.
fn source(contract: &Contract, input: &Path, tokens: &Tokens) -> Result<Source, LocalError> {
    let table = &contract.table.name;
    let (parquet, csv) = (input.join(format!("{table}.parquet")), input.join(format!("{table}.csv")));
    let batches = match (parquet.is_file(), csv.is_file()) {
        (true, _) => read_parquet(&parquet)?,
        (false, true) => read_csv(&csv, contract)?,
        (false, false) => return Err(input_error(&csv, "there is neither this file nor a .parquet")),
    };
    let file = if parquet.is_file() { &parquet } else { &csv };
    let (mut sealed, mut first_row) = (Vec::new(), 0);
    for batch in batches {
        let batch = conform(&batch, contract).map_err(|problem| input_error(file, &problem))?;
        let mut columns = batch.columns().to_vec();
        columns.extend(
            tokens
                .columns(contract, &batch, first_row)
                .map_err(|_| input_error(file, "a subject key has an unsuitable type"))?,
        );
        first_row += batch.num_rows() as u64;
        sealed.push(
            RecordBatch::try_new(contract.sealed_schema(), columns)
                .map_err(|_| input_error(file, "a required field is empty somewhere"))?,
        );
    }
    let provider = MemTable::try_new(contract.sealed_schema(), vec![sealed])
        .map_err(|_| input_error(file, "the records do not fit the contract"))?;
    Ok(Source { contract: Arc::new(contract.clone()), provider: Arc::new(provider) })
}

fn read_parquet(path: &Path) -> Result<Vec<RecordBatch>, LocalError> {
    let unreadable = |_| input_error(path, "not a readable Parquet file");
    let file = File::open(path).map_err(|error| input_error(path, &error.kind().to_string()))?;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build()).map_err(unreadable)?;
    reader.collect::<Result<_, _>>().map_err(|_| input_error(path, "not a readable Parquet file"))
}

/// CSV by the names in its first line, in whatever order.
fn read_csv(path: &Path, contract: &Contract) -> Result<Vec<RecordBatch>, LocalError> {
    let open = || File::open(path).map_err(|error| input_error(path, &error.kind().to_string()));
    let mut header = String::new();
    BufReader::new(open()?)
        .read_line(&mut header)
        .map_err(|_| input_error(path, "the first line is not UTF-8 text"))?;
    let mark = if header.starts_with('\u{feff}') { 3 } else { 0 };
    let mut names = csv::ReaderBuilder::new().has_headers(false).from_reader(&header.as_bytes()[mark..]);
    let names =
        names.records().next().and_then(Result::ok).ok_or_else(|| input_error(path, "there is no header line"))?;
    let field = |name: &str| {
        let known = contract.field(name).map(|field| arrow::datatypes::Field::new(name, field.arrow_type(), true));
        known.unwrap_or_else(|| arrow::datatypes::Field::new(name, DataType::Utf8, true))
    };
    let schema = Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>()));
    let mut file = open()?;
    file.seek(SeekFrom::Start(mark as u64)).map_err(|error| input_error(path, &error.kind().to_string()))?;
    let builder = arrow::csv::ReaderBuilder::new(schema).with_header(true).with_batch_size(8192);
    let reader = builder.build(file).map_err(|_| input_error(path, "not a readable CSV file"))?;
    let mut batches = Vec::new();
    for (number, batch) in reader.enumerate() {
        // The reader's own words quote the value.
        batches.push(batch.map_err(|_| {
            input_error(
                path,
                &format!("a value does not fit its field, within rows {}–{}", number * 8192 + 1, (number + 1) * 8192),
            )
        })?);
    }
    Ok(batches)
}

/// The contract's fields in the contract's types.
fn conform(batch: &RecordBatch, contract: &Contract) -> Result<RecordBatch, String> {
    let mut columns: Vec<ArrayRef> = Vec::new();
    for field in &contract.table.fields {
        let column = batch.column_by_name(&field.name).ok_or_else(|| format!("there is no column {}", field.name))?;
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let column = cast_with_options(column, &field.arrow_type(), &options)
            .map_err(|_| format!("a value of {} does not fit its type", field.name))?;
        columns.push(column);
    }
    RecordBatch::try_new(contract.arrow_schema(), columns).map_err(|_| "a required field is empty somewhere".into())
}

pub(super) fn rows(sealed: &Sealed) -> Option<Vec<Vec<Value>>> {
    let mut rows = Vec::new();
    for batch in &sealed.parts().batches {
        let columns = batch.columns().iter().map(values).collect::<Option<Vec<Vec<Value>>>>()?;
        rows.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect::<Vec<Value>>()),
        );
    }
    Some(rows)
}

/// A column as JSON: numbers and booleans as such, everything else as text.
fn values(column: &ArrayRef) -> Option<Vec<Value>> {
    let kind = column.data_type();
    let rows = 0..column.len();
    let at = |value: &dyn Fn(usize) -> Value| {
        rows.clone().map(|row| if column.is_valid(row) { value(row) } else { Value::Null }).collect()
    };
    if let DataType::Boolean = kind {
        let booleans = column.as_boolean();
        return Some(at(&|row| json!(booleans.value(row))));
    }
    let convert = |target: DataType| arrow::compute::cast(column, &target).ok();
    if kind.is_unsigned_integer() {
        let array = convert(DataType::UInt64)?;
        return Some(at(&|row| json!(array.as_primitive::<UInt64Type>().value(row))));
    }
    if kind.is_integer() {
        let array = convert(DataType::Int64)?;
        return Some(at(&|row| json!(array.as_primitive::<Int64Type>().value(row))));
    }
    if kind.is_numeric() {
        let array = convert(DataType::Float64)?;
        return Some(at(&|row| json!(array.as_primitive::<Float64Type>().value(row))));
    }
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(column.as_ref(), &options).ok()?;
    Some(at(&|row| json!(text.value(row).to_string())))
}

fn input_error(file: &Path, problem: &str) -> LocalError {
    LocalError::Input { file: file.display().to_string(), problem: problem.into() }
}
