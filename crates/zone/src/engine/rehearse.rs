//! A query over made-up records: staff see the shape of an answer, and what suppression does to it, before anything raw is
//! touched. The whole engine runs, on records that come from the contracts alone.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use crypto::Suite;
use datafusion::catalog::MemTable;

use super::local::{Answer, rows};
use super::{Decision, EngineEnv, Limits, RunError, Source, Tokens, check, clear, deep, run};
use crate::contract::Contract;
use crate::made_up;
use crate::purpose::Purpose;

/// Made-up records of each table.
pub const ROWS: u64 = 2_000;

/// The verdict on a query and, unless it was refused, its answer over made-up records.
///
/// # Errors
/// When the accepted query fails or goes over its (small) limits.
pub async fn rehearse(contracts: &[Contract], purpose: &Purpose, sql: &str) -> Result<Answer, RunError> {
    // Planning is work for a thread of its own: a long query must not hold other calls up.
    let text = (sql.to_owned(), contracts.to_vec(), purpose.clone());
    let checked = tokio::task::spawn_blocking(move || check(&text.0, &text.1, &text.2)).await;
    let verdict = checked.map_err(|_| RunError::Failed)?;
    let refused = |verdict| Answer { verdict, columns: Vec::new(), rows: Vec::new() };
    if verdict.verdict == Decision::Refuse {
        return Ok(refused(verdict));
    }
    let key = crypto::random::<32>().map_err(|_| RunError::Failed)?;
    let tokens = Tokens::new(Suite::Intl, key);
    let sources = contracts.iter().map(|contract| source(contract, &tokens)).collect::<Result<Vec<Source>, _>>();
    let limits = Limits {
        memory: 64 << 20,
        spill: None,
        rows: 1_000,
        time: Duration::from_secs(5),
        partitions: 1,
        ..Limits::default()
    };
    let env = EngineEnv { sources: sources.map_err(|_| RunError::Failed)?, purpose: purpose.clone(), limits };
    let text = sql.to_owned();
    let cleared = tokio::task::spawn_blocking(move || clear(&env, &text)).await.map_err(|_| RunError::Failed)?;
    let Ok(plan) = cleared else { return Ok(refused(verdict)) };
    let done = tokio::task::spawn_blocking(move || deep::block_on(1, || run(plan)));
    let sealed = done.await.ok().flatten().unwrap_or(Err(RunError::Failed))?;
    Ok(Answer { verdict, columns: sealed.columns(), rows: rows(&sealed).ok_or(RunError::Failed)? })
}

pub(super) fn source(contract: &Contract, tokens: &Tokens) -> Result<Source, ArrowError> {
    let mut columns = made_up::columns(contract, ROWS)?;
    let fields = contract.sealed_schema();
    let plain: Vec<usize> = (0..columns.len()).collect();
    let batch = RecordBatch::try_new(Arc::new(fields.project(&plain)?), columns.clone())?;
    columns.extend(tokens.columns(contract, &batch, 0)?);
    let batch = RecordBatch::try_new(contract.sealed_schema(), columns)?;
    let provider = MemTable::try_new(contract.sealed_schema(), vec![vec![batch]])
        .map_err(|e| ArrowError::from_external_error(Box::new(e)))?;
    Ok(Source { contract: Arc::new(contract.clone()), provider: Arc::new(provider) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::schema;

    #[tokio::test]
    async fn a_query_shows_its_shape_on_made_up_records() {
        let (contracts, purpose) = (schema::contracts(), schema::purpose());
        let sql = "SELECT c.gender, COUNT(*) AS n, AVG(v.total_fee) FROM citizens c JOIN visits v ON c.citizen_id = v.citizen_id GROUP BY c.gender";
        let answer = rehearse(&contracts, &purpose, sql).await.unwrap();
        assert_eq!(answer.columns[..2], ["gender".to_owned(), "n".to_owned()]);
        assert!(!answer.rows.is_empty());
        let refused = rehearse(&contracts, &purpose, "SELECT full_name FROM citizens").await.unwrap();
        assert!(refused.verdict.verdict == Decision::Refuse && refused.rows.is_empty());
    }
}
