//! `yunyu serve`: starts platform and zone as siblings, restarts one that dies, ends both with itself. The platform
//! may also stand alone, with its zone on another machine. One supervisor serves a folder; a process that cannot live is
//! not started for ever.

use crate::layout::Layout;
use crate::wiring::CliError;
use std::fs::{File, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// What to start and where it listens.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Data folder.
    pub layout: Layout,
    /// The platform's address; port 0 asks for a free one.
    pub listen: SocketAddr,
    /// The zone to start beside it, if any.
    pub zone: Option<ZonePlan>,
    /// Under which URL callers reach the zone, if not at its own address.
    pub zone_url: Option<String>,
    /// Under which URL the zone reaches the platform, if not at its own address.
    pub platform_url: Option<String>,
    /// PostgreSQL or SQLite URL, if not the folder's own SQLite. Handed over in the environment, since it may hold a password.
    pub database: Option<String>,
    /// Whether the platform speaks TLS.
    pub tls: bool,
    /// Authorities that the zone believes for the platform's certificate.
    pub ca: Option<PathBuf>,
}

/// The zone's part of a plan.
#[derive(Clone, Debug)]
pub struct ZonePlan {
    /// Its data folder: the platform's, or one of its own.
    pub layout: Layout,
    /// Its address; port 0 asks for a free one.
    pub listen: SocketAddr,
    /// Whether its endpoint speaks TLS.
    pub tls: bool,
}

/// Environment variable that hands the database URL to the platform.
pub const DATABASE_VAR: &str = "YUNYU_DATABASE";

/// Environment variable that tells a process whose it is.
const SUPERVISOR_VAR: &str = "YUNYU_SUPERVISOR";

/// Whether the supervisor that started this process is its parent still. Asked once its end would be told.
pub fn is_there() -> bool {
    let Some(ours) = std::env::var(SUPERVISOR_VAR).ok().and_then(|pid| pid.parse::<i32>().ok()) else { return true };
    rustix::process::getppid().is_some_and(|parent| parent.as_raw_nonzero().get() == ours)
}

/// The running processes.
pub struct Pair {
    plan: Plan,
    exe: PathBuf,
    platform: Child,
    zone: Option<Child>,
    lives: [Lives; 2],
    /// Held as long as the processes run, so that nobody else serves the same folders.
    _folders: Vec<File>,
}

/// Exit code of a process that found its folder put back or changed, or whose PIN was refused, of which a device counts every try:
/// it has said why, and a start helps nothing.
const REFUSED: i32 = 1;

/// A process that ended sooner than this was not really running.
const SOON: Duration = Duration::from_secs(3);
/// How often in a row it may.
const TRIES: u32 = 5;

/// How a process has lived so far.
struct Lives {
    since: Instant,
    short: u32,
}

impl Lives {
    fn new() -> Self {
        Self { since: Instant::now(), short: 0 }
    }

    /// Counts an end after `lived`; whether it is worth another start.
    fn ended(&mut self, lived: Duration) -> bool {
        self.short = if lived < SOON { self.short + 1 } else { 0 };
        self.short < TRIES
    }
}

impl Pair {
    /// Starts both, or the platform alone.
    ///
    /// # Errors
    /// Usage: the folder is served already. Otherwise a process cannot be started.
    pub fn start(mut plan: Plan) -> Result<Self, CliError> {
        let folders = take(&plan)?;
        plan.listen = resolve(plan.listen)?;
        if let Some(zone) = &mut plan.zone {
            zone.listen = resolve(zone.listen)?;
        }
        let exe = std::env::current_exe()?;
        let platform = platform(&exe, &plan)?;
        let zone = zone(&exe, &plan)?;
        Ok(Self { plan, exe, platform, zone, lives: [Lives::new(), Lives::new()], _folders: folders })
    }

    /// Base URL of the platform.
    pub fn platform_url(&self) -> String {
        url(self.plan.listen, self.plan.tls)
    }

    /// Base URL of the zone's endpoint, as callers are told.
    pub fn zone_url(&self) -> String {
        zone_url(&self.plan)
    }

    /// Restarts whichever died; returns the name of the process that did.
    ///
    /// # Errors
    /// Usage: it ended at once again and again, so that a start helps nothing. Otherwise it cannot be started.
    pub async fn supervise(&mut self) -> Result<&'static str, CliError> {
        let zone_ended = async {
            match &mut self.zone {
                Some(zone) => zone.wait().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            status = self.platform.wait() => {
                let status = status?;
                if status.code() == Some(REFUSED) {
                    return Err(refused("platform"));
                }
                tracing::warn!(process = "platform", %status, "process ended; starting it again");
                self.rest("platform").await?;
                self.platform = platform(&self.exe, &self.plan)?;
                Ok("platform")
            }
            status = zone_ended => {
                let status = status?;
                if status.code() == Some(REFUSED) {
                    return Err(refused("zone"));
                }
                tracing::warn!(process = "zone", %status, "process ended; starting it again");
                self.rest("zone").await?;
                self.zone = zone(&self.exe, &self.plan)?;
                Ok("zone")
            }
        }
    }

    /// A breath before the next start, if there is to be one.
    async fn rest(&mut self, name: &'static str) -> Result<(), CliError> {
        let [platform, zone] = &mut self.lives;
        let lives = if name == "platform" { platform } else { zone };
        if !lives.ended(lives.since.elapsed()) {
            return Err(hopeless(name));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        lives.since = Instant::now();
        Ok(())
    }

    /// Asks both to end and waits; what does not end in ten seconds is killed.
    pub async fn stop(mut self) {
        let mut children: Vec<&mut Child> = std::iter::once(&mut self.platform).chain(&mut self.zone).collect();
        for child in &children {
            if let Some(pid) = child.id().and_then(|p| i32::try_from(p).ok()).and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
        let all = async {
            for child in &mut children {
                let _ = child.wait().await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), all).await.is_err() {
            for child in children {
                let _ = child.kill().await;
            }
        }
    }
}

fn refused(name: &str) -> CliError {
    let zh = if name == "platform" { "平台" } else { "运营域" };
    CliError::Refused(model::Refusal::new(
        "not-started-again",
        "PRODUCT-LOG",
        "",
        format!("{zh}已停止，不再重启：原因和处理办法见上面的输出。"),
        format!("The {name} has stopped and is not started again: the output above says why, and what to do."),
    ))
}

fn hopeless(name: &str) -> CliError {
    let zh = if name == "platform" { "平台" } else { "运营域" };
    CliError::usage(
        name,
        format!(
            "{zh}进程连续 {TRIES} 次刚启动就退出，不再重启：原因见上面的输出（常见：端口被占用、文件缺失或损坏、数据库连不上）。"
        ),
        format!(
            "The {name} process ended within seconds of its start {TRIES} times in a row and is not started again: the output \
             above says why (often a port in use, a file that is missing or damaged, a database that is not reached)."
        ),
    )
}

/// Takes the folders of a plan for this supervisor alone. The lock is on the folder itself and ends with the process.
fn take(plan: &Plan) -> Result<Vec<File>, CliError> {
    let zone = plan.zone.as_ref().map(|z| &z.layout).filter(|z| z.data != plan.layout.data);
    std::iter::once(&plan.layout).chain(zone).map(take_swept).collect()
}

/// Takes a folder, and removes the keys that a killed restore or drill left beside it, before anything is done in it.
///
/// # Errors
/// As [`take_folder`], or keys may still lie there.
pub fn take_swept(layout: &Layout) -> Result<File, CliError> {
    let held = take_folder(&layout.data)?;
    crate::backups::beside::swept(layout)?;
    Ok(held)
}

/// Takes one folder for this process alone, until the file is dropped.
///
/// # Errors
/// Usage: somebody else has it, or it cannot be read.
pub fn take_folder(folder: &Path) -> Result<File, CliError> {
    let unreadable = |e| crate::tools::input::unreadable(folder, &e);
    loop {
        let file = File::open(folder).map_err(unreadable)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(CliError::usage(
                &folder.display().to_string(),
                "该目录正由另一个 yunyu 进程（serve、story、zone 或恢复）使用：请先结束它，或换一个 --data。",
                "This folder is in use by another yunyu (`serve`, `story`, `zone` or a restore): end that first, or give another --data.",
            ));
        }
        // Where the file system knows no locks, each process still has its own. A restore may have put another folder here since
        // it was opened: that one is meant.
        let (held, there) = (file.metadata().map_err(unreadable)?, std::fs::metadata(folder).map_err(unreadable)?);
        if held.ino() == there.ino() && held.dev() == there.dev() {
            return Ok(file);
        }
    }
}

/// The URL of an address.
pub fn url(addr: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    format!("{scheme}://{addr}")
}

fn zone_url(plan: &Plan) -> String {
    let own = plan.zone.as_ref().map(|z| url(z.listen, z.tls));
    plan.zone_url.clone().or(own).unwrap_or_default()
}

/// Port 0 becomes a free port now, so that both processes can be told and a restart keeps it.
pub fn resolve(addr: SocketAddr) -> std::io::Result<SocketAddr> {
    if addr.port() != 0 {
        return Ok(addr);
    }
    TcpListener::bind(addr)?.local_addr()
}

fn platform(exe: &PathBuf, plan: &Plan) -> std::io::Result<Child> {
    let mut command = base(exe, "platform-process", &plan.layout);
    command.arg("--listen").arg(plan.listen.to_string()).arg("--zone-endpoint").arg(zone_url(plan));
    if plan.tls {
        command.arg("--tls");
    }
    if plan.zone.as_ref().is_none_or(|z| z.layout.data != plan.layout.data) {
        command.arg("--zone-apart");
    }
    // The PIN is the zone's alone.
    command.env_remove(crate::keyplace::PIN_VAR);
    if let Some(database) = &plan.database {
        command.env(DATABASE_VAR, database);
    }
    command.spawn()
}

fn zone(exe: &PathBuf, plan: &Plan) -> std::io::Result<Option<Child>> {
    let Some(zone) = &plan.zone else { return Ok(None) };
    let mut command = base(exe, "zone-process", &zone.layout);
    command.env_remove(DATABASE_VAR);
    let platform = plan.platform_url.clone().unwrap_or_else(|| url(plan.listen, plan.tls));
    command.arg("--listen").arg(zone.listen.to_string()).arg("--platform").arg(platform);
    if zone.tls {
        command.arg("--tls");
    }
    if let Some(ca) = &plan.ca {
        command.arg("--ca").arg(ca);
    }
    command.spawn().map(Some)
}

fn base(exe: &PathBuf, role: &str, layout: &Layout) -> Command {
    let mut command = Command::new(exe);
    command.arg(role).arg("--data").arg(&layout.data).stdin(Stdio::null()).stdout(Stdio::null());
    command.kill_on_drop(true).env(SUPERVISOR_VAR, std::process::id().to_string());
    // Whoever starts it may have them for backups: they are nothing that platform or zone need.
    let passphrases = crate::keepers::VARS.into_iter().chain(crate::backups::PASSPHRASE_VARS);
    for variable in passphrases.chain([crate::root::ROOT_VAR, crate::tools::witness::WITNESS_VAR]) {
        command.env_remove(variable);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ends_at_once_is_given_up_and_one_that_lives_is_not() {
        let mut lives = Lives::new();
        assert!((1..TRIES).all(|_| lives.ended(Duration::from_millis(50))));
        assert!(lives.ended(SOON), "a life of its own begins the count anew");
        assert!((1..TRIES).all(|_| lives.ended(Duration::from_millis(2_999))));
        assert!(!lives.ended(Duration::ZERO));
    }

    #[test]
    fn a_folder_has_one_supervisor() {
        let dir = tempfile::tempdir().unwrap();
        let held = take_folder(dir.path()).unwrap();
        let refused = take_folder(dir.path()).unwrap_err();
        assert!(matches!(&refused, CliError::Usage { at, .. } if *at == dir.path().display().to_string()));
        drop(held);
        take_folder(dir.path()).unwrap();
    }
}
