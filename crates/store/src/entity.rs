//! Domain objects as versioned rows: a few indexed words and a JSON body. Knows no object by name.

use crate::backend::{Conn, Row, Value, values};
use crate::{Result, Store, StoreError, Tx};
use model::Entity;
use sqlx::AssertSqlSafe;

/// Which objects of a kind to list, in the order of their creation.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those that belong to this object.
    pub parent: Option<String>,
    /// Only those of this organisation.
    pub org: Option<String>,
    /// Only those in this state.
    pub state: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
    /// Only those created after the object with this id (for paging); an unknown id gives an empty list.
    pub after: Option<String>,
}

impl Filter {
    /// Everything that belongs to one object.
    #[must_use]
    pub fn of(parent: &str) -> Self {
        Self { parent: Some(parent.to_owned()), ..Self::default() }
    }

    /// The filter as SQL. Only fixed words enter the text; what the caller gave is bound.
    fn sql(&self, columns: &str, kind: &str) -> (String, Vec<Value>) {
        let mut sql = format!("SELECT {columns} FROM entity WHERE kind = $1");
        let mut vals = vec![Value::from(kind)];
        let words = [(&self.parent, "parent = $"), (&self.org, "org = $"), (&self.state, "state = $")];
        for (word, test) in words {
            if let Some(w) = word {
                vals.push(Value::from(w));
                sql.push_str(&format!(" AND {test}{}", vals.len()));
            }
        }
        if let Some(id) = &self.after {
            vals.push(Value::from(id));
            sql.push_str(&format!(" AND ord > (SELECT ord FROM entity WHERE kind = $1 AND id = ${})", vals.len()));
        }
        (sql, vals)
    }

    fn list_sql(&self, kind: &str) -> (String, Vec<Value>) {
        let (mut sql, mut vals) = self.sql("body, rev, id", kind);
        sql.push_str(" ORDER BY ord");
        if let Some(n) = self.limit {
            vals.push(Value::from(i64::from(n)));
            sql.push_str(&format!(" LIMIT ${}", vals.len()));
        }
        (sql, vals)
    }
}

const GET: &str = "SELECT body, rev, id FROM entity WHERE kind = $1 AND id = $2";

fn decode<T: Entity>(row: &Row) -> Result<T> {
    serde_json::from_str(&row.text(0)?).map_err(|_| StoreError::shape(T::KIND))
}

impl Store {
    /// An object by id, as last committed.
    ///
    /// # Errors
    /// When the database fails or the row does not have the object's shape.
    pub async fn get<T: Entity>(&self, id: &str) -> Result<Option<T>> {
        let row = self.reader().await?.row(GET, values![T::KIND, id]).await?;
        row.as_ref().map(decode).transpose()
    }

    /// Objects as last committed, in the order of their creation.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn list<T: Entity>(&self, filter: &Filter) -> Result<Vec<T>> {
        let (sql, vals) = filter.list_sql(T::KIND);
        let mut conn: Conn = self.reader().await?;
        conn.rows(AssertSqlSafe(sql), &vals).await?.iter().map(decode).collect()
    }

    /// How many objects [`Store::list`] would give without `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count<T: Entity>(&self, filter: &Filter) -> Result<u64> {
        let (sql, vals) = filter.sql("COUNT(*)", T::KIND);
        let row = self.reader().await?.row(AssertSqlSafe(sql), &vals).await?;
        row.map_or(Ok(0), |r| r.uint(0))
    }
}

impl Tx {
    /// An object by id. Its revision is remembered for [`Tx::put`].
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn get<T: Entity>(&mut self, id: &str) -> Result<Option<T>> {
        let row = self.row(GET, values![T::KIND, id]).await?;
        row.as_ref().map(|r| self.remember_rev(r)).transpose()
    }

    /// An object by id that the command means to change. The same as [`Tx::get`] as long as writers exclude each
    /// other; the name says what the caller relies on.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn get_for_update<T: Entity>(&mut self, id: &str) -> Result<Option<T>> {
        self.get(id).await
    }

    /// Objects in the order of their creation; their revisions are remembered for [`Tx::put`].
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn list<T: Entity>(&mut self, filter: &Filter) -> Result<Vec<T>> {
        let (sql, vals) = filter.list_sql(T::KIND);
        let rows = self.rows(AssertSqlSafe(sql), &vals).await?;
        rows.iter().map(|r| self.remember_rev(r)).collect()
    }

    /// Writes an object and returns its new revision, 1 for a new one. An existing object must have been read in
    /// this transaction, so that nobody's change is overwritten unseen.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the object exists but was not read here.
    pub async fn put<T: Entity>(&mut self, value: &T) -> Result<u64> {
        let body = serde_json::to_string(value).map_err(|_| StoreError::shape(T::KIND))?;
        let key = (T::KIND, value.id().to_owned());
        let now = self.now();
        let (known, changed) = match self.revs.get(&key).copied() {
            Some(rev) => (rev, self.update(value, &body, rev, now).await?),
            None => (0, self.insert(value, &body, now).await?),
        };
        if changed != 1 {
            return Err(StoreError::Conflict { kind: T::KIND });
        }
        self.revs.insert(key, known + 1);
        u64::try_from(known + 1).map_err(|_| StoreError::shape("revision"))
    }

    async fn insert<T: Entity>(&mut self, v: &T, body: &str, now: Option<i64>) -> Result<u64> {
        self.exec(
            "INSERT INTO entity (kind, id, parent, org, state, rev, body, created, updated) \
             VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7) ON CONFLICT (kind, id) DO NOTHING",
            values![T::KIND, v.id(), v.parent(), v.org(), v.state(), body, now],
        )
        .await
    }

    async fn update<T: Entity>(&mut self, v: &T, body: &str, rev: i64, now: Option<i64>) -> Result<u64> {
        self.exec(
            "UPDATE entity SET parent = $3, org = $4, state = $5, rev = rev + 1, body = $6, updated = $7 \
             WHERE kind = $1 AND id = $2 AND rev = $8",
            values![T::KIND, v.id(), v.parent(), v.org(), v.state(), body, now, rev],
        )
        .await
    }

    fn remember_rev<T: Entity>(&mut self, row: &Row) -> Result<T> {
        self.revs.insert((T::KIND, row.text(2)?), row.int(1)?);
        decode(row)
    }
}
