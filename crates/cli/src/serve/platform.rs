//! The platform process: confine, open, listen.

use crate::init::{PEOPLE_KEY, PLATFORM_KEY, PLATFORM_LOG_KEY};
use crate::layout::Layout;
use crate::serve::confine;
use crate::wiring::{self, CliError};
use app::clock::DeploymentClock;
use app::sequencer::Sequencer;
use app::zone_log::ZoneLogCopy;
use app::{App, AppError, Inner};
use model::Signed;
use model::keylist::KeyList;
use std::net::SocketAddr;
use std::sync::Arc;
use web::WebState;

/// What the process is started with.
pub struct PlatformArgs {
    /// Data folder.
    pub layout: Layout,
    /// Address.
    pub listen: SocketAddr,
    /// Base URL of the zone's endpoint.
    pub zone_endpoint: String,
    /// TLS on loopback too.
    pub tls: bool,
    /// The zone has a folder of its own: keep a copy of its log.
    pub zone_apart: bool,
}

/// How long the log may take to sign what is committed when the process is told to end.
const LAST_STEPS: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs the platform until it is told to end.
pub fn run(args: &PlatformArgs) -> Result<(), CliError> {
    confine::harden(true)?;
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
    wiring::check_listen(deployment.clock, args.listen)?;
    let tls = wiring::tls_files(&layout.platform(), args.listen, args.tls)?;
    let app = open(layout, deployment, &args.zone_endpoint, confinement).await?;
    // Before anything is written: it is the database that goes with the log, and nobody else works on it.
    let (mut sequencer, mut log) = Sequencer::open(&app)?;
    sequencer.meet(args.zone_apart).await?;
    // A second one stands by, and takes over where the first stands still.
    while !sequencer.take_turn().await? {
        tracing::warn!(
            "另一个平台进程正在处理该数据库，本进程等待接替。Another platform process works on this database; this one waits to take over."
        );
    }
    // Once more: it may have waited for days.
    sequencer.meet(args.zone_apart).await?;
    let first = std::fs::read(layout.log().join("keys/1.json"))?;
    app::keys::adopt_first(&app, crypto::from_canonical(&first)?).await?;
    app::link::restore_clock(&app).await?;
    take_signed_lists(&app, layout).await?;
    sequencer.keep_turn().await?;
    crate::backups::hold_restored(&app, layout).await?;
    sequencer.keep_turn().await?;
    if args.zone_apart {
        log = log.with_zone_log(ZoneLogCopy::open(&app, &layout.platform().join(app::sequencer::ZONE_COPY))?);
    }
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let mut sequencing = tokio::spawn(sequencer.run(async { drop(ended.await) }));
    let timers = tokio::spawn(app::timers::run(app.clone()));
    let metrics = metrics_handle()?;
    let state = WebState { app, log, metrics, wall: wiring::wall_clock() };
    tracing::info!(listen = %args.listen, "platform listens");
    let serving = web::serve(state, args.listen, tls, wiring::told_to_end());
    // If the log or the timers stop, so does the process: without a log, no action.
    tokio::select! {
        served = serving => {
            served?;
            drop(end);
            // Cut short, it is as after a kill: the next start heals it.
            match tokio::time::timeout(LAST_STEPS, sequencing).await {
                Ok(Ok(Ok(()))) | Err(_) => Ok(()),
                Ok(ended) => Err(unasked(ended)),
            }
        }
        ended = &mut sequencing => Err(unasked(ended)),
        ended = timers => Err(CliError::stopped("timers", &format!("{ended:?}"))),
    }
}

/// Why the log is not written any more.
fn unasked(ended: Result<app::AppResult<()>, tokio::task::JoinError>) -> CliError {
    match ended {
        Ok(Ok(())) => CliError::stopped("sequencer", "it ended"),
        Ok(Err(failed)) => failed.into(),
        Err(fell) => CliError::stopped("sequencer", &fell.to_string()),
    }
}

/// Takes over the key lists that the root signed while nobody was there to hand them in, in their order.
async fn take_signed_lists(app: &App, layout: &Layout) -> Result<(), CliError> {
    let Ok(entries) = std::fs::read_dir(layout.signed_lists()) else { return Ok(()) };
    let mut lists = Vec::new();
    for entry in entries {
        let list: Signed<KeyList> = crypto::from_canonical(&std::fs::read(entry?.path())?)?;
        lists.push(list);
    }
    lists.sort_by_key(|l| l.body.number);
    for list in lists {
        let number = list.body.number;
        match app::keys::adopt_signed(app, list).await {
            // Another list took its number meanwhile: the root must sign again, and the platform goes on.
            Err(AppError::Refused(r)) => {
                tracing::error!(number, code = %r.code, "a signed key list was not taken over")
            }
            other => other?,
        }
    }
    Ok(())
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
    let url = wiring::database_url(layout)?;
    let settings = store::Settings {
        suite: deployment.suite,
        mac_key: wiring::queue_key(layout, deployment.suite)?,
        tail: Some(layout.platform().join("leaf-tail")),
    };
    let store = store::Store::open(&url, settings).await?;
    let pack = Arc::new(wiring::pack_kept(&layout.platform_pack(), &deployment.city)?);
    let shipped = crate::tools::pack::cities()?.into_iter().map(Arc::new).collect();
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
        shipped,
        deployment,
    }))
}

fn metrics_handle() -> Result<metrics_exporter_prometheus::PrometheusHandle, CliError> {
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().map_err(CliError::bug)
}
