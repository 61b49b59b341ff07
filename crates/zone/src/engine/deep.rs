//! Threads whose stack no query exhausts. What is accepted may be long: planning and evaluating it walks its tree, and in a
//! build that was not optimised each step of a walk takes kilobytes. Memory of a stack is used only where it is reached.

use std::io;
use std::thread;
use tokio::runtime::{Builder, Runtime};

/// Bytes of the stack of a thread that analyses.
const ANALYSIS: usize = 256 << 20;
/// Bytes of the stack of a thread that plans, or works on, a query that was accepted.
const RUN: usize = 64 << 20;

/// A runtime whose `workers` can run any accepted query.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime(workers: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(workers).thread_stack_size(RUN).enable_all().build()
}

/// Does asynchronous work on a runtime of its own, and waits for it; `None` as in [`wait`]. What still works on a query whose time
/// ran out is left to end by itself.
pub fn block_on<T: Send, F: Future<Output = T>>(workers: usize, work: impl FnOnce() -> F + Send) -> Option<T> {
    let runtime = runtime(workers).ok()?;
    let done = wait(|| runtime.block_on(work()));
    runtime.shutdown_background();
    done
}

/// Does `work` on a thread that can plan any accepted query, and waits for it. `None` when there was no such thread or the
/// work panicked.
pub fn wait<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    on(RUN, work)
}

/// Does `work` on a stack that no text of a query exhausts.
pub(super) fn analysis<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    on(ANALYSIS, work)
}

fn on<T: Send>(stack: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("query".into()).stack_size(stack).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}
