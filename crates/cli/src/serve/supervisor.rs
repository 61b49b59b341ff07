//! `yunyu serve`: starts platform and zone as siblings, restarts one that dies, ends both with itself.

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
    /// The zone's address; port 0 asks for a free one.
    pub zone_listen: SocketAddr,
    /// PostgreSQL or SQLite URL, if not the folder's own SQLite. Handed over in the environment, since it may hold a password.
    pub database: Option<String>,
}

/// Environment variable that hands the database URL to the platform.
pub const DATABASE_VAR: &str = "YUNYU_DATABASE";

/// The two running processes.
pub struct Pair {
    plan: Plan,
    exe: PathBuf,
    platform: Child,
    zone: Child,
}

impl Pair {
    /// Starts both.
    pub fn start(mut plan: Plan) -> std::io::Result<Self> {
        plan.listen = resolve(plan.listen)?;
        plan.zone_listen = resolve(plan.zone_listen)?;
        let exe = std::env::current_exe()?;
        let platform = platform(&exe, &plan)?;
        let zone = zone(&exe, &plan)?;
        Ok(Self { plan, exe, platform, zone })
    }

    /// Base URL of the platform.
    pub fn platform_url(&self) -> String {
        url(self.plan.listen)
    }

    /// Base URL of the zone's endpoint.
    pub fn zone_url(&self) -> String {
        url(self.plan.zone_listen)
    }

    /// Restarts whichever died; returns the name of the process that did.
    pub async fn supervise(&mut self) -> std::io::Result<&'static str> {
        tokio::select! {
            status = self.platform.wait() => {
                tracing::warn!(process = "platform", status = %status?, "process ended; starting it again");
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.platform = platform(&self.exe, &self.plan)?;
                Ok("platform")
            }
            status = self.zone.wait() => {
                tracing::warn!(process = "zone", status = %status?, "process ended; starting it again");
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.zone = zone(&self.exe, &self.plan)?;
                Ok("zone")
            }
        }
    }

    /// Asks both to end and waits; what does not end in ten seconds is killed.
    pub async fn stop(mut self) {
        for child in [&self.platform, &self.zone] {
            if let Some(pid) = child.id().and_then(|p| i32::try_from(p).ok()).and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
        let both = async {
            let _ = self.platform.wait().await;
            let _ = self.zone.wait().await;
        };
        if tokio::time::timeout(Duration::from_secs(10), both).await.is_err() {
            let _ = self.platform.kill().await;
            let _ = self.zone.kill().await;
        }
    }
}

/// The URL of an address; TLS unless it is loopback.
pub fn url(addr: SocketAddr) -> String {
    let scheme = if addr.ip().is_loopback() { "http" } else { "https" };
    format!("{scheme}://{addr}")
}

/// Port 0 becomes a free port now, so that both processes can be told and a restart keeps it.
fn resolve(addr: SocketAddr) -> std::io::Result<SocketAddr> {
    if addr.port() != 0 {
        return Ok(addr);
    }
    TcpListener::bind(addr)?.local_addr()
}

fn platform(exe: &PathBuf, plan: &Plan) -> std::io::Result<Child> {
    let mut command = base(exe, "platform-process", plan);
    command.arg("--listen").arg(plan.listen.to_string()).arg("--zone-endpoint").arg(url(plan.zone_listen));
    if let Some(database) = &plan.database {
        command.env(DATABASE_VAR, database);
    }
    command.spawn()
}

fn zone(exe: &PathBuf, plan: &Plan) -> std::io::Result<Child> {
    let mut command = base(exe, "zone-process", plan);
    command.env_remove(DATABASE_VAR);
    command.arg("--listen").arg(plan.zone_listen.to_string()).arg("--platform").arg(url(plan.listen));
    command.spawn()
}

fn base(exe: &PathBuf, role: &str, plan: &Plan) -> Command {
    let mut command = Command::new(exe);
    command.arg(role).arg("--data").arg(&plan.layout.data).stdin(Stdio::null()).stdout(Stdio::null());
    command.kill_on_drop(true);
    command
}
