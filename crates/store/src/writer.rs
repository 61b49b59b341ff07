//! The one writer. Write transactions run one after another on one connection; those that queue while a COMMIT
//! is under way share the next one (group commit), each in a savepoint of its own, so that a rollback of one
//! loses nothing of the others. A commit is answered only when the shared COMMIT is durable.
//!
//! On PostgreSQL an advisory lock held for the length of the shared transaction makes the writer exclusive among
//! all processes on that database; on SQLite `BEGIN IMMEDIATE` does.

use crate::backend::{Conn, Source};
use crate::error::StoreError;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// Most transactions in one COMMIT.
const GROUP: usize = 128;
/// A COMMIT is not put off longer than this while further transactions queue.
const PATIENCE: Duration = Duration::from_millis(10);
/// A transaction that does not get its turn within this time is refused as busy.
const TURN: Duration = Duration::from_secs(60);
/// "yunyu" as a number: key of PostgreSQL's advisory lock.
const LOCK_SQL: &str = "SELECT pg_advisory_xact_lock(521376395637)";

/// What a borrower wants done with its savepoint.
pub(crate) enum Outcome {
    /// Keep it; the answer comes when the group is durable.
    Keep(oneshot::Sender<Result<(), StoreError>>),
    /// Undo it.
    Drop,
}

type Returned = (Conn, Outcome);

/// The writer's connection, lent to one transaction at a time. Dropping it undoes the transaction.
pub(crate) struct Lent {
    conn: Option<Conn>,
    back: Option<oneshot::Sender<Returned>>,
}

impl Lent {
    /// The connection; an error if it was handed back already.
    pub(crate) fn conn(&mut self) -> Result<&mut Conn, StoreError> {
        self.conn.as_mut().ok_or(StoreError::Poisoned)
    }

    /// Hands the connection back with the wish to commit, and waits until that is durable.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.give_back(Outcome::Keep(done));
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    fn give_back(&mut self, outcome: Outcome) {
        if let (Some(conn), Some(back)) = (self.conn.take(), self.back.take()) {
            // The writer task only ends with the store; then the database undoes by itself.
            let _gone = back.send((conn, outcome));
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.give_back(Outcome::Drop);
    }
}

type Request = oneshot::Sender<Result<Lent, StoreError>>;

/// Handle of the writer task.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::UnboundedSender<Request>,
}

impl Writer {
    /// Starts the task. `commits` counts durable groups.
    pub(crate) fn start(source: Source, commits: watch::Sender<u64>) -> Self {
        let (queue, requests) = mpsc::unbounded_channel();
        tokio::spawn(run(source, requests, commits));
        Self { queue }
    }

    /// Waits for the turn of a new transaction.
    pub(crate) async fn borrow(&self) -> Result<Lent, StoreError> {
        let (send, receive) = oneshot::channel();
        self.queue.send(send).map_err(|_| StoreError::Closed)?;
        // Whoever holds the writer and waits for it again would wait for ever: say so instead.
        match tokio::time::timeout(TURN, receive).await {
            Ok(lent) => lent.unwrap_or(Err(StoreError::Closed)),
            Err(_) => Err(StoreError::Busy),
        }
    }
}

async fn run(source: Source, mut requests: mpsc::UnboundedReceiver<Request>, commits: watch::Sender<u64>) {
    while let Some(first) = requests.recv().await {
        if first.is_closed() {
            continue;
        }
        match open_group(&source).await {
            Ok(conn) => run_group(conn, first, &mut requests, &commits).await,
            Err(e) => {
                let _gone = first.send(Err(e));
            }
        }
    }
    source.close().await;
}

async fn open_group(source: &Source) -> Result<Conn, StoreError> {
    let mut conn = source.acquire().await?;
    let begun = match &conn {
        Conn::Lite(_) => conn.exec("BEGIN IMMEDIATE", &[]).await.map(drop),
        Conn::Pg(_) => begin_exclusive(&mut conn).await,
    };
    match begun {
        Ok(()) => Ok(conn),
        Err(e) => {
            conn.discard().await;
            Err(e)
        }
    }
}

async fn begin_exclusive(conn: &mut Conn) -> Result<(), StoreError> {
    conn.exec("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", &[]).await?;
    conn.rows(LOCK_SQL, &[]).await.map(drop)
}

/// One shared SQL transaction, from its first borrower to its COMMIT.
async fn run_group(
    mut conn: Conn,
    first: Request,
    requests: &mut mpsc::UnboundedReceiver<Request>,
    commits: &watch::Sender<u64>,
) {
    let started = Instant::now();
    let mut waiting = Vec::new();
    let mut next = Some(first);
    while let Some(request) = next.take() {
        match lend(conn, request).await {
            Ok((back, kept)) => {
                conn = back;
                waiting.extend(kept);
            }
            Err(e) => return answer(waiting, &Err(StoreError::NotCommitted(e.to_string()))),
        }
        if waiting.len() < GROUP && (waiting.is_empty() || started.elapsed() < PATIENCE) {
            next = requests.try_recv().ok();
        }
    }
    let result = close_group(conn, waiting.is_empty()).await;
    if result.is_ok() && !waiting.is_empty() {
        commits.send_modify(|n| *n += 1);
    }
    answer(waiting, &result);
}

type Kept = Option<oneshot::Sender<Result<(), StoreError>>>;

/// Lends the connection to one transaction within a savepoint. An error means that the shared transaction is lost.
async fn lend(mut conn: Conn, request: Request) -> Result<(Conn, Kept), StoreError> {
    if let Err(e) = conn.exec("SAVEPOINT tx", &[]).await {
        let _gone = request.send(Err(e.clone()));
        conn.discard().await;
        return Err(e);
    }
    let (back, returned) = oneshot::channel();
    // If the asker is gone, the unsent `Lent` is dropped here and comes straight back to be undone.
    drop(request.send(Ok(Lent { conn: Some(conn), back: Some(back) })));
    let (mut conn, outcome) = returned.await.map_err(|_| StoreError::Closed)?;
    let (ended, kept) = match outcome {
        Outcome::Keep(done) => (conn.exec("RELEASE SAVEPOINT tx", &[]).await, Some(done)),
        Outcome::Drop => (undo(&mut conn).await, None),
    };
    match ended {
        Ok(_) => Ok((conn, kept)),
        Err(e) => {
            answer(kept.into_iter().collect(), &Err(StoreError::NotCommitted(e.to_string())));
            conn.discard().await;
            Err(e)
        }
    }
}

async fn undo(conn: &mut Conn) -> Result<u64, StoreError> {
    conn.exec("ROLLBACK TO SAVEPOINT tx", &[]).await?;
    conn.exec("RELEASE SAVEPOINT tx", &[]).await
}

async fn close_group(mut conn: Conn, nothing: bool) -> Result<(), StoreError> {
    let sql = if nothing { "ROLLBACK" } else { "COMMIT" };
    match conn.exec(sql, &[]).await {
        Ok(_) => Ok(()),
        // Without an answer of the database the COMMIT may have happened.
        Err(StoreError::Connection(_) | StoreError::Closed) => {
            conn.discard().await;
            Err(StoreError::OutcomeUnknown)
        }
        Err(e) => {
            conn.discard().await;
            Err(StoreError::NotCommitted(e.to_string()))
        }
    }
}

fn answer(waiting: Vec<oneshot::Sender<Result<(), StoreError>>>, result: &Result<(), StoreError>) {
    for w in waiting {
        // Who stopped waiting learns the outcome by asking again.
        let _gone = w.send(result.clone());
    }
}
