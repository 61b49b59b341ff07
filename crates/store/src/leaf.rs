//! Audit leaves: written in the transaction of the rows they tell of, chained per case, numbered by a sequencer
//! afterwards. The log itself, its trees and its files are `audit`'s; here leaves are bytes in an append-only table.

use crate::backend::{Row, int, limit, values};
use crate::lease::Lease;
use crate::tail::Place;
use crate::{Result, Store, StoreError, Tx};
use audit::{Leaf, LogName, Outcome, leaf_hash};
use model::Timestamp;
use std::collections::BTreeMap;

const MAC_LABEL: &str = "yunyu/leaf-queue/v2";
/// Columns of a leaf row and, as the last, the code of the leaf before it.
macro_rules! leaf_rows {
    ($rest:literal) => {
        concat!(
            "SELECT l.seq, l.bytes, l.hash, l.mac, l.case_id, l.case_seq, l.idx, p.mac FROM leaf l ",
            "LEFT JOIN leaf p ON p.seq = l.seq - 1 ",
            $rest
        )
    };
}
const HEAD: &str = leaf_rows!("WHERE l.case_id = $1 ORDER BY l.case_seq DESC LIMIT 1");
const OF_CASE: &str = leaf_rows!("WHERE l.case_id = $1 ORDER BY l.case_seq");
const FROM: &str = leaf_rows!("WHERE l.seq >= $1 ORDER BY l.seq LIMIT $2");
const NUMBERED: &str = leaf_rows!("WHERE l.seq >= $1 AND l.idx IS NOT NULL ORDER BY l.seq LIMIT $2");
const LAST: &str = "SELECT seq, mac FROM leaf WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1";
/// [`HEAD`] and [`LAST`] in one turn; the last column says which of them a row is.
const HEAD_AND_LAST: &str = concat!(
    "SELECT h.*, CAST(1 AS BIGINT) FROM (",
    leaf_rows!("WHERE l.case_id = $1 ORDER BY l.case_seq DESC LIMIT 1"),
    ") h UNION ALL SELECT t.seq, t.mac, '', t.mac, NULL, NULL, NULL, t.mac, CAST(2 AS BIGINT) FROM ",
    "(SELECT seq, mac FROM leaf WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1) t"
);
const CODE_AT: &str = "SELECT mac FROM leaf WHERE seq = $1";
/// The code before the first leaf's.
const NONE_BEFORE: [u8; 32] = [0; 32];

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

impl LeafDraft {
    /// Something done by nobody in particular outside of any case: what most leaves have in common.
    #[must_use]
    pub fn done(kind: &str, at: Timestamp) -> Self {
        Self {
            kind: kind.to_owned(),
            case: None,
            actor: None,
            org: None,
            outcome: Outcome::Done,
            rule: None,
            article: None,
            object: None,
            refs: BTreeMap::new(),
            at,
        }
    }
}

/// A leaf as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The leaf.
    pub leaf: Leaf,
    /// Its hash in the deployment's suite, as text: the new head of the case.
    pub hash: String,
    /// Number in the order of commits, from 0: the index that the log will give it.
    pub seq: u64,
}

impl Tx {
    /// Writes a leaf: its place in the case's chain is taken in this transaction.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when the case's last leaf was changed outside the program.
    pub async fn append_leaf(&mut self, draft: LeafDraft) -> Result<Recorded> {
        let last = self.look(draft.case.as_deref()).await?;
        let leaf = chained(draft, last);
        let bytes = leaf.encode()?;
        let hash = leaf_hash(self.store().suite().hash_alg(), &bytes).to_string();
        let place = self.next_place(&leaf, &bytes)?;
        self.exec(
            "INSERT INTO leaf (seq, case_id, case_seq, bytes, hash, mac) VALUES ($1, $2, $3, $4, $5, $6)",
            values![
                place.seq,
                leaf.case.as_deref(),
                leaf.case_seq.map(int).transpose()?,
                &bytes[..],
                &hash,
                &place.mac[..]
            ],
        )
        .await?;
        self.last_leaf = Some(place);
        let seq = u64::try_from(place.seq).map_err(|_| StoreError::shape("number"))?;
        Ok(Recorded { leaf, hash, seq })
    }

    /// Sequence and hash of the case's last leaf; and the end of the chain, where this transaction has not seen it yet.
    async fn look(&mut self, case: Option<&str>) -> Result<Option<(u64, String)>> {
        let Some(case) = case else {
            if self.last_leaf.is_none() {
                self.found_end = self.row(LAST, &[]).await?.map(|r| place(&r, 0, 1)).transpose()?;
            }
            return Ok(None);
        };
        if self.last_leaf.is_some() {
            return self.case_head(case).await;
        }
        let store = self.store().clone();
        let mut head = None;
        for row in self.rows(HEAD_AND_LAST, values![case]).await? {
            match row.int(8)? {
                1 => head = Some((row.uint(5)?, store.genuine(&row)?.1)),
                _ => self.found_end = Some(place(&row, 0, 3)?),
            }
        }
        Ok(head)
    }

    /// The end of the chain, and the code that puts a leaf there. Only one transaction at a time writes, so the order of
    /// these numbers is that of the commits, and one that is undone leaves no gap.
    fn next_place(&self, leaf: &Leaf, bytes: &[u8]) -> Result<Place> {
        let last = self.last_leaf.or(self.found_end);
        // What the transaction itself wrote is newer than the tail; what it found must reach as far as the tail.
        if let Some(tail) = self.store().tail().last() {
            match last {
                None => return Err(gone(tail)),
                Some(l) if l.seq < tail.seq => return Err(gone(tail)),
                Some(l) if l.seq == tail.seq && l.mac != tail.mac => return Err(tampered(tail.seq)),
                Some(_) => {}
            }
        }
        let (seq, before) = last.map_or((0, NONE_BEFORE), |l| (l.seq + 1, l.mac));
        let mac = self.store().leaf_mac(seq, &before, leaf.case.as_deref(), leaf.case_seq, bytes);
        Ok(Place { seq, mac })
    }

    /// Sequence and hash of a case's last leaf.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when that leaf was changed outside the program.
    pub async fn case_head(&mut self, case: &str) -> Result<Option<(u64, String)>> {
        let row = self.row(HEAD, values![case]).await?;
        let store = self.store().clone();
        row.map(|r| Ok((r.uint(5)?, store.genuine(&r)?.1))).transpose()
    }

    /// Whether a leaf of a kind stands anywhere from a number on.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] or [`StoreError::Gone`] when one of the leaves was changed, moved or deleted outside the
    /// program.
    pub async fn waits(&mut self, from: u64, kind: &str) -> Result<bool> {
        const PAGE: usize = 4096;
        let mut at = int(from)?;
        loop {
            let rows = self.rows(FROM, values![at, limit(PAGE)]).await?;
            for (_, bytes) in self.store().in_a_row(at, &rows)? {
                if Leaf::decode(&bytes)?.kind == kind {
                    return Ok(true);
                }
            }
            if rows.len() < PAGE {
                return Ok(false);
            }
            at = at.saturating_add(limit(rows.len()));
        }
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
        let pending = self.rows(FROM, values![next, limit(max)]).await?;
        let numbered = self.store().in_a_row(next, &pending)?;
        let end = next.saturating_add(limit(numbered.len()));
        let sql = "UPDATE leaf SET idx = seq WHERE seq >= $1 AND seq < $2 AND idx IS NULL";
        let changed = self.exec(sql, values![next, end]).await?;
        if changed != numbered.len() as u64 {
            return Err(tampered(next));
        }
        Ok(numbered)
    }
}

impl Store {
    /// Gives the next indices of the log to at most `max` leaves that have none yet, in the order of their commits, and
    /// returns them. Only who holds the lease may: it is checked in the transaction that gives the indices.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another process has taken the lease, [`StoreError::Tampered`] when a waiting leaf was changed, added or moved outside the program, and
    /// [`StoreError::Gone`] when one was deleted: nothing is numbered then.
    pub async fn sequence_pending(&self, lease: &Lease, max: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut reader = self.reader().await?;
        if let Some(tail) = self.tail().last() {
            let there = reader.row(CODE_AT, values![tail.seq]).await?.ok_or_else(|| gone(tail))?;
            if there.blob(0)? != tail.mac {
                return Err(tampered(tail.seq));
            }
        }
        let waiting = reader.row("SELECT 1 FROM leaf WHERE idx IS NULL LIMIT 1", &[]).await?;
        drop(reader);
        if waiting.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        tx.hold(lease).await?;
        let numbered = tx.number_leaves(max).await?;
        tx.commit().await?;
        Ok(numbered)
    }

    /// At most `max` numbered leaves from an index on, for replay into the log.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] or [`StoreError::Gone`] when one was changed, moved or deleted outside the program.
    pub async fn leaves_from(&self, index: u64, max: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        // An index beyond what a database counts is beyond the log's end.
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        let rows = self.reader().await?.rows(NUMBERED, values![index, limit(max)]).await?;
        self.in_a_row(index, &rows)
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

    /// Leaves out of rows that must stand one after another in the chain from a number on.
    fn in_a_row(&self, from: i64, rows: &[Row]) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut out = Vec::with_capacity(rows.len());
        // Rows first: the number after the last one that fits is never asked for.
        for (row, seq) in rows.iter().zip(from..) {
            if row.int(0)? != seq {
                return Err(StoreError::Gone { table: "leaf", row: seq });
            }
            if row.opt_int(6)?.is_some_and(|idx| idx != seq) {
                return Err(tampered(seq));
            }
            out.push((u64::try_from(seq).map_err(|_| StoreError::shape("number"))?, self.genuine(row)?.0));
        }
        Ok(out)
    }

    /// Bytes and hash of a leaf row, if its authentication code is that of its bytes in its place in the chain and in its
    /// case, and its hash that of its bytes.
    fn genuine(&self, row: &Row) -> Result<(Vec<u8>, String)> {
        let (seq, bytes, hash) = (row.int(0)?, row.blob(1)?, row.text(2)?);
        let (case, case_seq) = (row.opt_text(4)?, row.opt_int(5)?);
        let before: [u8; 32] = match row.opt_blob(7)? {
            None if seq == 0 => NONE_BEFORE,
            None => return Err(StoreError::Gone { table: "leaf", row: seq - 1 }),
            Some(mac) => mac.try_into().map_err(|_| tampered(seq - 1))?,
        };
        let case_seq = case_seq.map(u64::try_from).transpose().map_err(|_| tampered(seq))?;
        let mac = self.leaf_mac(seq, &before, case.as_deref(), case_seq, &bytes);
        if row.blob(3)? != mac || hash != leaf_hash(self.suite().hash_alg(), &bytes).to_string() {
            return Err(tampered(seq));
        }
        Ok((bytes, hash))
    }

    /// Authentication code of a leaf in its place: over its number, the code before, and all it is found by.
    pub(crate) fn leaf_mac(
        &self,
        seq: i64,
        before: &[u8; 32],
        case: Option<&str>,
        case_seq: Option<u64>,
        bytes: &[u8],
    ) -> [u8; 32] {
        // A case's sequence counts from 1, and an id holds no line break: 0 and an empty line stand for "none".
        let head = format!("{seq}\n{}\n{}\n", case.unwrap_or_default(), case_seq.unwrap_or_default());
        self.mac(MAC_LABEL, &[head.as_bytes(), before, bytes].concat())
    }
}

/// Number and code of a leaf out of two columns.
fn place(row: &Row, seq: usize, mac: usize) -> Result<Place> {
    let seq = row.int(seq)?;
    Ok(Place { seq, mac: row.blob(mac)?.try_into().map_err(|_| tampered(seq))? })
}

fn tampered(row: i64) -> StoreError {
    StoreError::Tampered { table: "leaf", row }
}

fn gone(tail: Place) -> StoreError {
    StoreError::Gone { table: "leaf", row: tail.seq }
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
