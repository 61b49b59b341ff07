//! The platform process: confine, open, listen.

use crate::init::{PEOPLE_KEY, PLATFORM_KEY, PLATFORM_LOG_KEY, QUEUE_KEY};
use crate::layout::Layout;
use crate::serve::{confine, supervisor};
use crate::wiring::{self, CliError};
use app::clock::DeploymentClock;
use app::sequencer::Sequencer;
use app::{App, Inner};
use std::net::SocketAddr;
use std::sync::Arc;
use web::{TlsFiles, WebState};

/// What the process is started with.
pub struct PlatformArgs {
    /// Data folder.
    pub layout: Layout,
    /// Address.
    pub listen: SocketAddr,
    /// Base URL of the zone's endpoint.
    pub zone_endpoint: String,
}

/// Runs the platform until it is told to end.
pub fn run(args: &PlatformArgs) -> Result<(), CliError> {
    confine::harden()?;
    // Before the runtime starts its threads: Landlock holds for threads started afterwards.
    let confinement = confine::confine_platform(&args.layout, &[args.layout.deployment_file()])?;
    if confinement != confine::Confinement::Enforced {
        tracing::warn!(state = confinement.word(), "the kernel does not keep this process out of the zone's folder");
    }
    let zone_folder = confine::probe_zone(&args.layout, confinement)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args, [confinement.word(), zone_folder]))
}

async fn serve(args: &PlatformArgs, confinement: [&str; 2]) -> Result<(), CliError> {
    let layout = &args.layout;
    let deployment = wiring::deployment(layout)?;
    wiring::check_listen(&deployment, args.listen)?;
    let app = open(layout, deployment, &args.zone_endpoint, confinement).await?;
    let first = std::fs::read(layout.log().join("keys/1.json"))?;
    app::keys::adopt_first(&app, crypto::from_canonical(&first)?).await?;
    app::link::restore_clock(&app).await?;
    let (sequencer, log) = Sequencer::open(&app)?;
    let sequencing = tokio::spawn(sequencer.run());
    let timers = tokio::spawn(app::timers::run(app.clone()));
    let metrics = metrics_handle()?;
    let state = WebState { app, log, metrics, wall: wiring::wall_clock() };
    let tls = (!args.listen.ip().is_loopback()).then(|| TlsFiles {
        certificate: layout.platform().join("tls/cert.pem"),
        key: layout.platform().join("tls/key.pem"),
    });
    tracing::info!(listen = %args.listen, "platform listens");
    let serving = web::serve(state, args.listen, tls, wiring::told_to_end());
    // If the log or the timers stop, so does the process: without a log, no action.
    tokio::select! {
        served = serving => Ok(served?),
        ended = sequencing => Err(CliError::stopped("sequencer", &format!("{ended:?}"))),
        ended = timers => Err(CliError::stopped("timers", &format!("{ended:?}"))),
    }
}

/// Opens the platform's application over a data folder. `confinement`: the kernel's state, and what came of reaching for
/// the zone's folder.
pub async fn open(
    layout: &Layout,
    deployment: app::deployment::Deployment,
    zone_endpoint: &str,
    [confinement, zone_folder]: [&str; 2],
) -> Result<App, CliError> {
    let keys = layout.platform_keys();
    let url = std::env::var(supervisor::DATABASE_VAR).unwrap_or_else(|_| layout.database_url());
    let settings = store::Settings { suite: deployment.suite, mac_key: wiring::secret(&keys.join(QUEUE_KEY))? };
    let store = store::Store::open(&url, settings).await?;
    let pack = Arc::new(wiring::pack(&deployment.city)?);
    let policies = app::policy::Policies::compile(&pack)?;
    let clock = DeploymentClock::new(deployment.clock, wiring::wall_clock(), deployment.clock_offset_ms);
    Ok(App::new(Inner {
        store,
        policies,
        clock,
        signer: wiring::service_key(&keys, PLATFORM_KEY)?,
        log_signer: wiring::service_key(&keys, PLATFORM_LOG_KEY)?,
        people: app::parties::People::new(
            deployment.suite,
            &deployment.deployment,
            &wiring::secret(&keys.join(PEOPLE_KEY))?,
        )?,
        log_state: layout.platform().join("log-signer.json"),
        zone_endpoint: zone_endpoint.to_owned(),
        confinement: confinement.to_owned(),
        zone_folder: zone_folder.to_owned(),
        log_dir: layout.log(),
        setup_token: layout.platform().join(crate::init::SETUP_TOKEN),
        pack,
        deployment,
    }))
}

fn metrics_handle() -> Result<metrics_exporter_prometheus::PrometheusHandle, CliError> {
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().map_err(CliError::bug)
}
