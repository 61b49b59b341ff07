//! Audit leaves: written in the transaction of the rows they tell of, chained per case, numbered by a sequencer
//! afterwards. The log itself, its trees and its files are `audit`'s; here leaves are bytes in an append-only table.

use crate::backend::{Row, int, limit, values};
use crate::{Result, Store, StoreError, Tx};
use audit::{Leaf, LogName, Outcome, leaf_hash};
use model::Timestamp;
use std::collections::BTreeMap;

const MAC_LABEL: &str = "yunyu/leaf-queue/v1";
const HEAD: &str = "SELECT ord, bytes, hash, mac, case_seq FROM leaf WHERE case_id = $1 ORDER BY case_seq DESC LIMIT 1";
const OF_CASE: &str = "SELECT ord, bytes, hash, mac FROM leaf WHERE case_id = $1 ORDER BY case_seq";
const PENDING: &str = "SELECT ord, bytes, hash, mac FROM leaf WHERE idx IS NULL ORDER BY ord LIMIT $1";
const NUMBERED: &str = "SELECT ord, bytes, hash, mac, idx FROM leaf WHERE idx >= $1 ORDER BY idx LIMIT $2";

/// What a command says about itself; ids and digests only (invariant 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafDraft {
    /// What happened: a verb phrase in snake case.
    pub kind: String,
    /// Case, where there is one.
    pub case: Option<String>,
    /// Pseudonymous person.
    pub actor: Option<String>,
    /// Organisation.
    pub org: Option<String>,
    /// Done or refused.
    pub outcome: Outcome,
    /// Rule.
    pub rule: Option<String>,
    /// Article.
    pub article: Option<String>,
    /// Digest of the object.
    pub object: Option<String>,
    /// Further ids and digests.
    pub refs: BTreeMap<String, String>,
    /// When.
    pub at: Timestamp,
}

/// A leaf as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The leaf.
    pub leaf: Leaf,
    /// Its hash in the deployment's suite, as text: the new head of the case.
    pub hash: String,
    /// Order of writing in this database; the index in the log comes later.
    pub ord: u64,
}

impl Tx {
    /// Writes a leaf: its place in the case's chain is taken in this transaction.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when the case's last leaf was changed outside the program.
    pub async fn append_leaf(&mut self, draft: LeafDraft) -> Result<Recorded> {
        let last = match &draft.case {
            Some(case) => self.case_head(case).await?,
            None => None,
        };
        let leaf = chained(draft, last);
        let bytes = leaf.encode()?;
        let hash = leaf_hash(self.store().suite().hash_alg(), &bytes).to_string();
        let mac = self.store().mac(MAC_LABEL, &bytes);
        let seq = leaf.case_seq.map(int).transpose()?;
        let row = self
            .row(
                "INSERT INTO leaf (case_id, case_seq, bytes, hash, mac) VALUES ($1, $2, $3, $4, $5) RETURNING ord",
                values![leaf.case.as_deref(), seq, &bytes[..], &hash, &mac[..]],
            )
            .await?;
        let ord = row.ok_or(StoreError::shape("leaf"))?.uint(0)?;
        Ok(Recorded { leaf, hash, ord })
    }

    /// Sequence and hash of a case's last leaf.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when that leaf was changed outside the program.
    pub async fn case_head(&mut self, case: &str) -> Result<Option<(u64, String)>> {
        let row = self.row(HEAD, values![case]).await?;
        let store = self.store().clone();
        row.map(|r| Ok((r.uint(4)?, store.genuine(&r)?.1))).transpose()
    }

    /// A case's leaves in their order, those of this transaction included.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when one was changed outside the program.
    pub async fn case_leaves(&mut self, case: &str) -> Result<Vec<Leaf>> {
        let rows = self.rows(OF_CASE, values![case]).await?;
        let store = self.store().clone();
        rows.iter().map(|r| Ok(Leaf::decode(&store.genuine(r)?.0)?)).collect()
    }

    /// Gives the next indices of the log to leaves that have none yet, oldest first.
    async fn number_leaves(&mut self, max: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        let next = self.row("SELECT COALESCE(MAX(idx) + 1, 0) FROM leaf", &[]).await?;
        let next = next.ok_or(StoreError::shape("leaf"))?.int(0)?;
        let pending = self.rows(PENDING, values![limit(max)]).await?;
        let store = self.store().clone();
        let mut numbered = Vec::with_capacity(pending.len());
        for (idx, row) in (next..).zip(&pending) {
            let (bytes, _) = store.genuine(row)?;
            self.exec("UPDATE leaf SET idx = $1 WHERE ord = $2", values![idx, row.int(0)?]).await?;
            numbered.push((u64::try_from(idx).map_err(|_| StoreError::shape("index"))?, bytes));
        }
        Ok(numbered)
    }
}

impl Store {
    /// Gives the next indices of the log to at most `max` leaves that have none yet, in the order of writing and so
    /// in each case's order, and returns them. Several callers may run at once: no index is skipped or given twice.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when a waiting leaf was changed outside the program: nothing is numbered then.
    pub async fn sequence_pending(&self, max: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        let waiting = self.reader().await?.row("SELECT 1 FROM leaf WHERE idx IS NULL LIMIT 1", &[]).await?;
        if waiting.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let numbered = tx.number_leaves(max).await?;
        tx.commit().await?;
        Ok(numbered)
    }

    /// At most `max` numbered leaves from an index on, for replay into the log.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when one was changed outside the program.
    pub async fn leaves_from(&self, index: u64, max: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        // An index beyond what a database counts is beyond the log's end.
        let from = i64::try_from(index).unwrap_or(i64::MAX);
        let rows = self.reader().await?.rows(NUMBERED, values![from, limit(max)]).await?;
        rows.iter().map(|r| Ok((r.uint(4)?, self.genuine(r)?.0))).collect()
    }

    /// A case's leaves in their order.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when one was changed outside the program.
    pub async fn case_leaves(&self, case: &str) -> Result<Vec<Leaf>> {
        let rows = self.reader().await?.rows(OF_CASE, values![case]).await?;
        rows.iter().map(|r| Ok(Leaf::decode(&self.genuine(r)?.0)?)).collect()
    }

    /// How many leaves are written and how many of them have no index yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leaf_counts(&self) -> Result<(u64, u64)> {
        let row = self.reader().await?.row("SELECT COUNT(*), COUNT(*) - COUNT(idx) FROM leaf", &[]).await?;
        row.map_or(Ok((0, 0)), |r| Ok((r.uint(0)?, r.uint(1)?)))
    }

    /// Bytes and hash of a leaf row, if its authentication code and hash are those of its bytes.
    fn genuine(&self, row: &Row) -> Result<(Vec<u8>, String)> {
        let (bytes, hash, mac) = (row.blob(1)?, row.text(2)?, row.blob(3)?);
        let rehashed = leaf_hash(self.suite().hash_alg(), &bytes).to_string();
        if mac != self.mac(MAC_LABEL, &bytes) || hash != rehashed {
            return Err(StoreError::Tampered { table: "leaf", row: row.int(0)? });
        }
        Ok((bytes, hash))
    }
}

fn chained(d: LeafDraft, last: Option<(u64, String)>) -> Leaf {
    let case_seq = d.case.as_ref().map(|_| last.as_ref().map_or(1, |(n, _)| n + 1));
    Leaf {
        v: 1,
        log: LogName::Platform,
        at: d.at.0,
        kind: d.kind,
        case: d.case,
        case_seq,
        prev: last.map(|(_, hash)| hash),
        actor: d.actor,
        org: d.org,
        outcome: d.outcome,
        rule: d.rule,
        article: d.article,
        object: d.object,
        refs: d.refs,
    }
}
