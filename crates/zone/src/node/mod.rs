//! The operation-domain node: one process that holds the raw records. It takes signed orders from the platform, reports
//! what it did, serves data at its own endpoint, runs jobs in killable children, and writes its own log.
//!
//! It believes nothing that does not lead back to the enrolled root, and serves nothing that is not in force right now.
//! It knows no procedure, no city and no person's name, and has no database: `journal` is its memory.

mod authorised;
mod backup;
mod child;
mod config;
mod core;
mod destroyed;
mod draft;
mod effects;
mod endpoint;
mod error;
mod found;
mod graves;
mod jobs;
mod journal;
mod leases;
mod leaves;
mod link;
mod masking;
mod outcome;
mod policy;
mod receipts;
mod record;
mod refuse;
mod render;
mod resources;
mod rotate;
mod run;
mod sealed;
mod stages;
mod state;
mod time;
mod torn;
mod verify;
mod waits;
mod work;

#[cfg(test)]
mod tests;

pub use backup::{HeldResource, Holding, JournalFacts, held_resources, journal_facts};
pub use child::job_main;
pub use config::{KeyCustody, Limits, MachineClock, NodeConfig, Trust};
pub use endpoint::{PROOF_HEADER, TICKET_HEADER};
pub use error::NodeError;
pub use found::RESTORED;
pub use jobs::BULK_CIPHER_VAR;
pub use policy::Policy;
pub use resources::unseal;
pub use rotate::{Rotated, Still, hold_still, record_export, rotate_keys};

use self::core::Core;
use draft::Said;
use endpoint::App;
use model::Clock;
use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// Runs a node until `shutdown`.
///
/// # Errors
/// The folder, the log or the configuration cannot be used, or the journal broke while running.
pub async fn run(cfg: NodeConfig, shutdown: impl Future<Output = ()> + Send) -> Result<(), NodeError> {
    check_wires(&cfg)?;
    let client = client(cfg.platform_ca.as_deref())?;
    let (tls, patience) = (cfg.tls.clone(), cfg.limits.patience);
    let core = Arc::new(open(cfg).await?);
    let (receipts, writer) = receipts::open(core.clone())?;
    let listener = listen(&core)?;
    let app = Arc::new(App::new(core.clone(), receipts));
    let router = endpoint::router(app.clone());
    let result = tokio::select! {
        served = listen::serve(listener, router, tls.as_ref(), patience, std::future::pending()) => {
            served.map_err(NodeError::io("serving the endpoint"))
        }
        r = link::poll(core.clone(), client.clone()) => r,
        r = link::report(core.clone(), client) => r,
        r = work::work(app.clone()) => r,
        r = writer.run() => r,
        r = keep_log(core.clone()) => r,
        r = refusals(app) => r,
        () = shutdown => Ok(()),
    };
    // What is journaled but not yet in the log would be written at the next start; better now.
    let flushed = flush(&core).await;
    result.and(flushed)
}

/// Opens the folder off the runtime's threads: replaying a long journal blocks.
async fn open(cfg: NodeConfig) -> Result<Core, NodeError> {
    let opened = tokio::task::spawn_blocking(move || {
        let core = Core::open(cfg)?;
        found::reconcile(&core)?;
        Ok::<_, NodeError>(core)
    })
    .await;
    let core = opened.map_err(|_| NodeError::Config("opening ended abnormally"))??;
    flush(&core).await?;
    Ok(core)
}

/// No checkpoint before the deployment's time is known.
async fn flush(core: &Core) -> Result<(), NodeError> {
    if core.time.known() { core.leaves.flush(core.time.now()).await } else { Ok(()) }
}

/// Nothing leaves the machine in the open, and a simulated deployment does not leave it at all.
fn check_wires(cfg: &NodeConfig) -> Result<(), NodeError> {
    if !listen::may_be_called(&cfg.platform) {
        return Err(NodeError::Config("off loopback the platform is called over https only"));
    }
    let loopback = cfg.listen.ip().is_loopback();
    if cfg.trust.clock == Clock::Simulated && !loopback {
        return Err(NodeError::Config("with a simulated clock the endpoint listens on loopback only"));
    }
    if cfg.tls.is_none() && !loopback {
        return Err(NodeError::Config("off loopback the endpoint needs a TLS certificate"));
    }
    Ok(())
}

fn listen(core: &Core) -> Result<TcpListener, NodeError> {
    let listener = listen::bind(core.cfg.listen).map_err(NodeError::io("listening"))?;
    let address = listener.local_addr().map_err(NodeError::io("listening"))?;
    time::write_atomically(&core.cfg.data.join("endpoint"), address.to_string().as_bytes())?;
    Ok(listener)
}

fn client(ca: Option<&[u8]>) -> Result<reqwest::Client, NodeError> {
    // The HTTP client is built without a TLS provider of its own; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The address is the enrolled one: no proxy of the environment, no redirect elsewhere.
    let mut builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    if let Some(pem) = ca {
        let known = reqwest::Certificate::from_pem_bundle(pem).ok().filter(|c| !c.is_empty());
        builder =
            builder.tls_certs_only(known.ok_or(NodeError::Config("the file of authorities holds no certificate"))?);
    }
    builder.build().map_err(|_| NodeError::Config("no HTTP client"))
}

/// Writes leaves as they come, with a checkpoint, and keeps the time mark.
async fn keep_log(core: Arc<Core>) -> Result<(), NodeError> {
    let idle = Duration::from_secs(1);
    loop {
        let rung = tokio::time::timeout(idle, core.leaves.waiting.notified()).await.is_ok();
        if rung {
            // A burst becomes one batch.
            tokio::time::sleep(Duration::from_millis(100)).await;
            if let Err(e) = flush(&core).await {
                tracing::error!(error = %e, "the zone's log cannot be written");
                tokio::time::sleep(idle).await;
                core.leaves.waiting.notify_one();
            } else {
                core.reports.notify_one();
            }
        }
        if core.time.known() {
            if let Err(e) = core.time.keep() {
                tracing::error!(error = %e, "the time mark cannot be kept");
            }
            match close_epoch(&core).await {
                Err(e) if e.is_fatal() => return Err(e),
                Err(e) => tracing::error!(error = %e, "the epoch of the zone's log cannot be closed"),
                Ok(()) => {}
            }
        }
    }
}

/// With a new year on the deployment's clock the running epoch of the log is closed: a leaf that holds the checkpoint over
/// everything before it opens the next one. What the journal does not hold did not happen, so a crash leaves at most one
/// checkpoint more.
async fn close_epoch(core: &Core) -> Result<(), NodeError> {
    let Some(opening) = core.leaves.closing(core.time.now()).await? else { return Ok(()) };
    let refs = opening.refs().map_err(leaves::log_error)?;
    core.commit(|draft| {
        // In the journal already, and only not in the log yet.
        if draft.state.epoch.is_some_and(|year| year >= opening.epoch) {
            return Ok(());
        }
        draft.leaf(Said { refs, ..Said::new(audit::EPOCH_OPENED) }).map(|_| ())
    })
}

/// One leaf a minute about calls that were refused, with their number by code.
async fn refusals(app: Arc<App>) -> Result<(), NodeError> {
    loop {
        tokio::time::sleep(app.core.cfg.limits.refusals).await;
        let refused = app.refused();
        if refused.is_empty() {
            continue;
        }
        let said = refused.iter().fold(Said::new("refuse_calls"), |s, (code, n)| s.with(&code.replace('-', "_"), n));
        match app.core.commit(|draft| draft.leaf(said).map(|_| ())) {
            Err(e) if e.is_fatal() => return Err(e),
            Err(e) => tracing::error!(error = %e, "refused calls cannot be logged"),
            Ok(()) => {}
        }
    }
}
