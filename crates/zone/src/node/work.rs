//! The work loop: does what the state says is pending (destruction, release files, jobs), and stops what may no longer
//! run. It keeps no list of its own: after a crash the journal alone says what is left to do.

use super::core::Core;
use super::destroyed;
use super::endpoint::App;
use super::error::NodeError;
use super::graves::{self, Grave};
use super::jobs;
use super::outcome;
use super::record::Record;
use super::refuse;
use super::resources::{self, Held};
use super::sealed;
use super::state::{Bound, Going, Phase, Release, Standing};
use super::waits;
use model::ids::{AuthorisationId, JobId, ResourceId};
use model::order::StopSpec;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const TICK: Duration = Duration::from_millis(200);
/// How long jobs rest when the device that holds the keys did not answer.
const DEVICE_REST: Duration = Duration::from_secs(5);

struct Running {
    authorisation: AuthorisationId,
    task: JoinHandle<Result<(), NodeError>>,
    stop: Option<oneshot::Sender<()>>,
}

/// Works until dropped.
pub(crate) async fn work(app: Arc<App>) -> Result<(), NodeError> {
    let core = app.core.clone();
    let mut running: BTreeMap<JobId, Running> = BTreeMap::new();
    let mut settling: Option<JoinHandle<Result<(), NodeError>>> = None;
    let mut rest: Option<Instant> = None;
    loop {
        stop_what_may_not_run(&core, &mut running);
        if reap(&core, &mut running).await? {
            rest = Some(Instant::now() + DEVICE_REST);
        }
        if let Some(task) = settling.take_if(|t| t.is_finished()) {
            let done = task.await.map_err(|_| NodeError::Config("the work loop ended abnormally"))?;
            carry_on(done, "pending work waits")?;
        }
        if settling.is_none() {
            let (shared, pending) = (app.clone(), Pending::of(&core, &running));
            settling = Some(tokio::task::spawn_blocking(move || settle(&shared, pending)));
        }
        if rest.is_none_or(|until| Instant::now() >= until) {
            start_jobs(&core, &mut running);
        }
        let _ = tokio::time::timeout(TICK, core.work.notified()).await;
    }
}

/// What may pass is logged and tried again at the next turn; what may not ends the node.
fn carry_on(done: Result<(), NodeError>, what: &'static str) -> Result<(), NodeError> {
    match done {
        Err(e) if e.is_fatal() => Err(e),
        Err(e) => {
            tracing::error!(error = %e, what);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn stop_what_may_not_run(core: &Core, running: &mut BTreeMap<JobId, Running>) {
    let now = core.time.now();
    for (id, run) in running.iter_mut() {
        let allowed = core.read(|s| {
            let job = s.jobs.get(id).filter(|j| jobs::is_open(j))?;
            core.leases.check_grant(s, &job.spec.grant, now).ok()
        });
        if allowed.is_none()
            && let Some(stop) = run.stop.take()
        {
            tracing::info!(job = %id, "a job is stopped");
            let _ = stop.send(());
        }
    }
}

/// Takes what has ended out. Says whether a job waits because the device that holds the keys is away: it begins again later, for
/// people have reviewed it and nothing of it is wrong.
async fn reap(core: &Core, running: &mut BTreeMap<JobId, Running>) -> Result<bool, NodeError> {
    let mut away = false;
    let over: Vec<JobId> = running.iter().filter(|(_, r)| r.task.is_finished()).map(|(id, _)| id.clone()).collect();
    for id in over {
        let Some(run) = running.remove(&id) else { continue };
        match run.task.await {
            Ok(Ok(())) => {}
            Ok(Err(e)) if e.is_fatal() => return Err(e),
            Ok(Err(e)) if e.is_device() => {
                tracing::warn!(error = %e, job = %id, "the device that holds the keys cannot be used; the job waits");
                away = true;
            }
            broken => {
                if let Ok(Err(e)) = broken {
                    tracing::error!(error = %e, job = %id, "a job could not be run");
                }
                carry_on(jobs::fail(core, &id, refuse::broken()), "a job's end cannot be written")?;
            }
        }
    }
    Ok(away)
}

fn start_jobs(core: &Arc<Core>, running: &mut BTreeMap<JobId, Running>) {
    let now = core.time.now();
    let ready: Vec<(JobId, AuthorisationId)> = core.read(|s| {
        let open = s.jobs.values().filter(|j| matches!(j.phase, Phase::Queued | Phase::Started(_)));
        let free = open.filter(|j| !running.contains_key(&j.spec.job));
        let allowed = free.filter(|j| core.leases.check_grant(s, &j.spec.grant, now).is_ok());
        allowed.filter_map(|j| Some((j.spec.job.clone(), s.job_authorisation(j)?.clone()))).collect()
    });
    for (id, authorisation) in ready {
        if running.len() >= core.cfg.limits.jobs {
            break;
        }
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(jobs::run(core.clone(), id.clone(), stopped));
        running.insert(id, Running { authorisation, task, stop: Some(stop) });
    }
}

/// What is to be done, and who was reading, in one look. A job that begins later reads nothing of it: what is to go was taken
/// away before the look, and no job of it begins.
struct Pending {
    busy: Vec<(JobId, AuthorisationId)>,
    ending: Vec<(StopSpec, Bound)>,
    held: Vec<Held>,
    read: BTreeSet<ResourceId>,
    releases: Vec<Release>,
}

impl Pending {
    fn of(core: &Core, running: &BTreeMap<JobId, Running>) -> Self {
        let busy: Vec<_> = running.iter().map(|(id, r)| (id.clone(), r.authorisation.clone())).collect();
        let jobs: Vec<JobId> = running.keys().cloned().collect();
        core.read(|s| Self {
            busy,
            ending: s.standing.values().filter_map(ending).collect(),
            held: resources::pending(s),
            read: resources::read_by(s, &jobs),
            releases: s.releases.values().filter(|r| r.ready.is_none()).cloned().collect(),
        })
    }
}

/// Destruction and release files, one after the other and beside the loop: a custody that answers late or many bytes to hash
/// keep no job from being stopped, and no other from beginning.
fn settle(app: &App, pending: Pending) -> Result<(), NodeError> {
    let core = &app.core;
    let Pending { busy, ending, held, read, releases } = pending;
    for (stop, bound) in ending {
        // Its jobs were told to stop; their processes must be gone before their folder goes.
        if !busy.iter().any(|(_, a)| *a == stop.authorisation) && core.waits.due(&bound.order) {
            app.products.clear();
            waits::settle(core, &bound, destroy(core, &stop, &bound))?;
        }
    }
    resources::settle(core, held, &read)?;
    for release in releases {
        let stands = core.read(|s| {
            let authorisation = s.product_authorisation(&release.spec.product)?;
            // As for jobs: a suspension that was decided and has not come yet is told by the lease.
            core.leases.check(s, authorisation, core.time.now()).ok()
        });
        if stands.is_none() {
            continue;
        }
        match sealed::release_product(core, &release) {
            Ok((rows, object)) => core.commit(|draft| outcome::released(draft, &release, rows, object))?,
            Err(refusal) => tracing::error!(code = %refusal.code, product = %release.spec.product, "a release waits"),
        }
    }
    Ok(())
}

pub(crate) fn ending(standing: &Standing) -> Option<(StopSpec, Bound)> {
    match standing {
        Standing::Ending { stop, bound, .. } => Some((stop.clone(), bound.clone())),
        _ => None,
    }
}

/// Keys first: from then on nothing under them can be read, whatever becomes of the files. What goes is written down
/// before it goes, so that the report is the same after a crash.
pub(crate) fn destroy(core: &Core, stop: &StopSpec, bound: &Bound) -> Result<(), NodeError> {
    let authorisation = &stop.authorisation;
    let folder = sealed::objects(core).join(sealed::authorisation_folder(authorisation));
    let planned = core.read(|s| match s.standing.get(authorisation) {
        Some(Standing::Ending { plan, .. }) => plan.clone(),
        _ => None,
    });
    let planned = match planned {
        Some(plan) => plan,
        None => plan(core, authorisation, &folder)?,
    };
    let grave = Grave::of_authorisation(authorisation);
    let mut keys = grave.fill(core, &planned.keys)?;
    // Copies of keys that this program made: before they are gone, nobody is told that the data are.
    keys.extend(grave.fill_in_custody(core)?);
    let going = Going { keys: graves::words(&keys), ..planned };
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(NodeError::io("removing objects")(e)),
        _ => {}
    }
    if folder.parent().is_some_and(Path::exists) {
        super::journal::sync_parent(&folder)?;
    }
    core.commit(|draft| outcome::destroyed(draft, bound, stop, going))
}

fn plan(core: &Core, authorisation: &AuthorisationId, folder: &Path) -> Result<Going, NodeError> {
    let keys = graves::words(&Grave::of_authorisation(authorisation).known(core)?);
    let list = destroyed::list(core.cfg.trust.suite, folder)?;
    let what = destroyed::keep(core, authorisation.as_str(), &list)?;
    let going = Going { keys, objects: list.len() as u64, what: Some(what) };
    let Going { keys, objects, what } = going.clone();
    let planned = Record::DestroyPlanned { authorisation: authorisation.clone(), keys, objects, what };
    core.commit(|draft| {
        draft.push(planned);
        Ok(())
    })?;
    Ok(going)
}
