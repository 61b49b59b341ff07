//! `yunyu serve`: starts platform and zone as siblings, restarts one that dies, ends both with itself. The platform
//! may also stand alone, with its zone on another machine.

use crate::layout::Layout;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
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

/// The running processes.
pub struct Pair {
    plan: Plan,
    exe: PathBuf,
    platform: Child,
    zone: Option<Child>,
}

impl Pair {
    /// Starts both, or the platform alone.
    pub fn start(mut plan: Plan) -> std::io::Result<Self> {
        plan.listen = resolve(plan.listen)?;
        if let Some(zone) = &mut plan.zone {
            zone.listen = resolve(zone.listen)?;
        }
        let exe = std::env::current_exe()?;
        let platform = platform(&exe, &plan)?;
        let zone = zone(&exe, &plan)?;
        Ok(Self { plan, exe, platform, zone })
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
    pub async fn supervise(&mut self) -> std::io::Result<&'static str> {
        let zone_ended = async {
            match &mut self.zone {
                Some(zone) => zone.wait().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            status = self.platform.wait() => {
                tracing::warn!(process = "platform", status = %status?, "process ended; starting it again");
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.platform = platform(&self.exe, &self.plan)?;
                Ok("platform")
            }
            status = zone_ended => {
                tracing::warn!(process = "zone", status = %status?, "process ended; starting it again");
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.zone = zone(&self.exe, &self.plan)?;
                Ok("zone")
            }
        }
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
    command.kill_on_drop(true);
    command
}
